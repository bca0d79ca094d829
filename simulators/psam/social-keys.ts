/* Session keys and ciphering of the social application's side of the module. */
import { type Bytes, EMPTY, fromHex } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { type Answer, type Command, ok, refuse, SW } from "../card/iso.ts";
import { blockBytes, cbcLastBlock, encryptBlocks, foldFourWords, type KeyAlgorithm } from "../crypto/blocks.ts";
import { socialSessionKey } from "../crypto/social.ts";
import { deriveSocialKey } from "../crypto/test-keys.ts";
import type { PsamKey } from "./state.ts";

const USE_ENCRYPT_LAST = 0x00;
const USE_MAC_LAST = 0x01;
const USE_ENCRYPT_MORE = 0x02;
const USE_MAC_NEXT = 0x03;
const USE_MAC_SINGLE = 0x05;
const USE_MAC_FIRST = 0x07;

interface Session {
  readonly algorithm: KeyAlgorithm;
  readonly key: Bytes;
  /** Chaining value between the parts of a MAC. */
  readonly chain: Bytes | undefined;
}

export class SocialKeys {
  readonly #suite: CipherSuite;
  readonly #keys: readonly PsamKey[];
  #environment: number | undefined;
  #session: Session | undefined;

  constructor(suite: CipherSuite, keys: readonly PsamKey[]) {
    this.#suite = suite;
    this.#keys = keys.filter((key) => key.application === "social");
  }

  reset(): void {
    this.#environment = undefined;
    this.#session = undefined;
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

  /** DELIVERY SESSION KEY: factors (card first), then the session factor. Spec: LD/T 32.9, DELIVERY SESSION KEY. */
  deliver(command: Command, algorithm: KeyAlgorithm): Answer {
    this.#session = undefined;
    if (this.#environment === undefined) return refuse(SW.conditionsNotSatisfied);
    const factorLength = blockBytes(algorithm);
    const diversification = command.data.length - factorLength;
    if (diversification < 0 || diversification % 8 !== 0) return refuse(SW.wrongLength);
    const key = this.#keys.find((each) => each.algorithm === algorithm && each.type === (command.p1 & 0x1f) && each.id === command.p2);
    if (key === undefined) return refuse(SW.keyNotFound);
    if (diversification / 8 !== key.level) return refuse(SW.wrongData);
    const factors = Array.from({ length: key.level }, (_, at) => command.data.slice(at * 8, at * 8 + 8));
    const cardKey = deriveSocialKey(this.#suite, algorithm, { key: fromHex(key.keyHex), factors });
    const session = socialSessionKey(this.#suite, algorithm, { key: cardKey, factor: command.data.slice(diversification) });
    this.#session = { algorithm, key: session, chain: undefined };
    return ok();
  }

  /** CIPHER DATA under the session key, which ends with the last part. Spec: LD/T 32.9, CIPHER DATA. */
  cipher(command: Command): Answer {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return refuse(SW.notAcceptable);
    if (command.p2 !== 0 || ![USE_ENCRYPT_LAST, USE_MAC_LAST, USE_ENCRYPT_MORE, USE_MAC_NEXT, USE_MAC_SINGLE, USE_MAC_FIRST].includes(command.p1))
      return refuse(SW.wrongP1P2);
    const block = blockBytes(session.algorithm);
    const least = command.p1 === USE_MAC_SINGLE ? 2 * block : block;
    if (command.data.length < least || command.data.length > 8 * block || command.data.length % block !== 0) return refuse(SW.wrongLength);
    if (command.p1 === USE_ENCRYPT_LAST || command.p1 === USE_ENCRYPT_MORE) return this.#encrypt(session, command);
    return this.#mac(session, command);
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
    const last = data.length === 0 ? iv : cbcLastBlock(this.#suite, session.algorithm, { key: session.key, iv, data });
    if (command.p1 === USE_MAC_FIRST || command.p1 === USE_MAC_NEXT) {
      this.#session = { ...session, chain: last };
      return ok(EMPTY);
    }
    return ok(session.algorithm === "sm4" ? foldFourWords(last) : last.slice(0, 4));
  }
}
