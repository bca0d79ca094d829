/* Keys that the module makes ready for one use, and ciphering under them: social session keys, and the maintenance key of the e-purse. */
import { type Bytes, EMPTY, fromHex } from "../../device/base/bytes.ts";
import type { CardProfile } from "../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { type Answer, type Command, ok, refuse, SW } from "../card/iso.ts";
import { blockBytes, cbcLastBlock, cbcLastBlockTriple, encryptBlocks, foldFourWords, type KeyAlgorithm } from "../crypto/blocks.ts";
import { diversifyPurseByFactors } from "../crypto/purse.ts";
import { socialSessionKey } from "../crypto/social.ts";
import { deriveSocialKey } from "../crypto/test-keys.ts";
import { KEY_TYPE } from "./key-table.ts";
import type { PsamKey } from "./state.ts";

const USE_ENCRYPT_LAST = 0x00;
const USE_MAC_LAST = 0x01;
const USE_ENCRYPT_MORE = 0x02;
const USE_MAC_NEXT = 0x03;
const USE_MAC_SINGLE = 0x05;
const USE_MAC_FIRST = 0x07;
const USES: readonly number[] = [USE_ENCRYPT_LAST, USE_MAC_LAST, USE_ENCRYPT_MORE, USE_MAC_NEXT, USE_MAC_SINGLE, USE_MAC_FIRST];
const BLOCKS_MAX = 8;
const TYPE_MASK = 0x1f;
const LEVEL_SHIFT = 5;

const CIPHERING_TYPES: readonly number[] = [KEY_TYPE.mac, KEY_TYPE.encrypt, KEY_TYPE.both];

interface Session {
  readonly algorithm: KeyAlgorithm;
  readonly key: Bytes;
  readonly type: number;
  /** How a 16-byte block becomes a MAC. */
  readonly reduce: CardProfile["macReduce"];
  /** Chaining value between the parts of a MAC. */
  readonly chain: Bytes | undefined;
}

/** Factors of 8 bytes from the beginning of a command's data. */
export function factorsOf(data: Bytes, count: number): readonly Bytes[] {
  return Array.from({ length: count }, (_, at) => data.slice(at * 8, at * 8 + 8));
}

export class ModuleSessions {
  readonly #suite: CipherSuite;
  readonly #profile: CardProfile;
  readonly #keys: readonly PsamKey[];
  #environment: number | undefined;
  #session: Session | undefined;

  constructor(suite: CipherSuite, parts: { readonly profile: CardProfile; readonly keys: readonly PsamKey[] }) {
    this.#suite = suite;
    this.#profile = parts.profile;
    this.#keys = parts.keys;
  }

  reset(): void {
    this.#environment = undefined;
    this.#session = undefined;
  }

  /** A province has been named since the selection. */
  get hasEnvironment(): boolean {
    return this.#environment !== undefined;
  }

  /** INITIALIZE ENVIRONMENT takes the first byte of the card identifier. Spec: LD/T 32.9, INITIALIZE ENVIRONMENT. */
  initializeEnvironment(command: Command): Answer {
    this.#session = undefined;
    if (command.p1 !== 0 || command.p2 !== 0) return refuse(SW.wrongP1P2);
    const [province] = command.data;
    if (province === undefined || command.data.length !== 1) return refuse(SW.wrongLength);
    if (province >>> 4 > 9 || (province & 0x0f) > 9) return refuse(SW.wrongData);
    this.#environment = province;
    return ok();
  }

  /** DELIVERY SESSION KEY: factors (card first), then the session factor of a whole block. Spec: LD/T 32.9, DELIVERY SESSION KEY. */
  deliver(command: Command, algorithm: KeyAlgorithm): Answer {
    this.#session = undefined;
    if (this.#environment === undefined) return refuse(SW.conditionsNotSatisfied);
    const diversification = command.data.length - blockBytes(algorithm);
    if (diversification < 0 || diversification % 8 !== 0) return refuse(SW.wrongLength);
    const type = command.p1 & TYPE_MASK;
    const found = this.#keys.find((key) => key.application === "social" && key.algorithm === algorithm && key.type === type && key.id === command.p2);
    if (found === undefined || !CIPHERING_TYPES.includes(type)) return refuse(SW.keyNotFound);
    const wrong = wrongUse(found, { stated: command.p1 >>> LEVEL_SHIFT, given: diversification / 8 });
    if (wrong !== undefined) return wrong;
    const cardKey = deriveSocialKey(this.#suite, algorithm, { key: fromHex(found.keyHex), factors: factorsOf(command.data, found.level) });
    const key = socialSessionKey(this.#suite, algorithm, { key: cardKey, factor: command.data.slice(diversification) });
    this.#session = { algorithm, key, type, reduce: "fold4", chain: undefined };
    return ok();
  }

  /** INIT FOR DESCRYPT: makes the maintenance key of one e-purse ready, or that of an industry record. Spec: PBOC purse, PSAM. */
  prepareMaintenance(command: Command): Answer {
    this.#session = undefined;
    const { p1, p2, data } = command;
    const type = p1 & TYPE_MASK;
    if (type !== KEY_TYPE.maintenance && type !== KEY_TYPE.mac) return refuse(SW.wrongP1P2);
    if ((data.length === 0 && type === KEY_TYPE.maintenance) || data.length % 8 !== 0) return refuse(SW.wrongLength);
    const found = this.#keys.find((key) => key.application === "purse" && key.type === type && key.id === p2);
    if (found === undefined) return refuse(SW.keyNotFound);
    const wrong = wrongUse(found, { stated: p1 >>> LEVEL_SHIFT, given: data.length / 8 });
    if (wrong !== undefined) return wrong;
    const rules = { suite: this.#suite, algorithm: found.algorithm, profile: this.#profile };
    const key = diversifyPurseByFactors(rules, fromHex(found.keyHex), factorsOf(data, found.level));
    // Records of electronic cash follow the bank's rules, whatever the purse does.
    const reduce = type === KEY_TYPE.mac ? "left4" : this.#profile.macReduce;
    this.#session = { algorithm: found.algorithm, key, type: KEY_TYPE.mac, reduce, chain: undefined };
    return ok();
  }

  /** CIPHER DATA under the key that was made ready, which ends with the last part. Spec: LD/T 32.9, CIPHER DATA. */
  cipher(command: Command): Answer {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return refuse(SW.notAcceptable);
    if (command.p2 !== 0 || !USES.includes(command.p1)) return refuse(SW.wrongP1P2);
    const block = blockBytes(session.algorithm);
    const least = command.p1 === USE_MAC_SINGLE ? 2 * block : block;
    if (command.data.length < least || command.data.length > BLOCKS_MAX * block || command.data.length % block !== 0) return refuse(SW.wrongLength);
    const encrypts = command.p1 === USE_ENCRYPT_LAST || command.p1 === USE_ENCRYPT_MORE;
    if (session.type === (encrypts ? KEY_TYPE.mac : KEY_TYPE.encrypt)) return refuse(SW.conditionsNotSatisfied);
    return encrypts ? this.#encrypt(session, command) : this.#mac(session, command);
  }

  #encrypt(session: Session, command: Command): Answer {
    if (command.p1 === USE_ENCRYPT_MORE) this.#session = session;
    return ok(encryptBlocks(this.#suite, session.algorithm, session.key, command.data));
  }

  #mac(session: Session, command: Command): Answer {
    const block = blockBytes(session.algorithm);
    const starts = command.p1 === USE_MAC_SINGLE || command.p1 === USE_MAC_FIRST;
    const iv = starts ? command.data.slice(0, block) : session.chain;
    if (iv === undefined) return refuse(SW.notAcceptable);
    const data = starts ? command.data.slice(block) : command.data;
    if (command.p1 === USE_MAC_FIRST || command.p1 === USE_MAC_NEXT) {
      this.#session = { ...session, chain: data.length === 0 ? iv : this.#chained(session, iv, data) };
      return ok(EMPTY);
    }
    const last = this.#lastBlock(session, iv, data);
    return ok(session.algorithm === "sm4" && session.reduce === "fold4" ? foldFourWords(last) : last.slice(0, 4));
  }

  /** A part that is not the last: with a double-length DES key, its left half alone. */
  #chained({ algorithm, key }: Session, iv: Bytes, data: Bytes): Bytes {
    return cbcLastBlock(this.#suite, algorithm, { key: algorithm === "3des" ? key.slice(0, 8) : key, iv, data });
  }

  #lastBlock({ algorithm, key }: Session, iv: Bytes, data: Bytes): Bytes {
    if (algorithm === "3des" && key.length === 16) return cbcLastBlockTriple(this.#suite, { key, iv, data });
    return cbcLastBlock(this.#suite, algorithm, { key, iv, data });
  }
}

/** A locked key, or another number of factors than the key takes or the usage byte states. */
function wrongUse(key: PsamKey, levels: { readonly stated: number; readonly given: number }): Answer | undefined {
  if (key.locked === true) return refuse(SW.locked);
  return levels.stated === key.level && levels.given === key.level ? undefined : refuse(SW.wrongData);
}
