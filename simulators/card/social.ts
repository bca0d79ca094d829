/* The social application of a card: identity files, PIN, internal and external authentication. */
import { type Bytes, concat, equalBytes, fromHex } from "../../device/base/bytes.ts";
import { authenticationData } from "../crypto/social.ts";
import { type CardCore, KEY_TRIES, PIN_TRIES } from "./core.ts";
import type { ElementaryFile, ReadRule } from "./files.ts";
import { type Answer, type Command, ok, refuse, SW } from "./iso.ts";
import type { FileData } from "./state.ts";

/** Name of the social security environment, "sx1.sh." and four characters in GBK. Spec: LD/T 32.7, SELECT. */
export const ENVIRONMENT_NAME = "7378312e73682ec9e7bbe1b1a3d5cf";
/** The medical insurance directory DF04. */
export const MEDICAL_NAME = "d15600000503";

const KEY_ID_RKSSSE = 0x0a;
const KEY_ID_IRK = 0x00;
const KEY_VERSION = 0x01;

function asFile(data: FileData): ElementaryFile {
  return { kind: "records", id: data.id, read: data.read, records: data.records.map(({ tag, valueHex }) => ({ tag, value: fromHex(valueHex) })) };
}

/** Digits as VERIFY carries them: two a byte, an odd last nibble filled with F. */
function codedPin(digits: string): string {
  return digits.length % 2 === 0 ? digits : `${digits}f`;
}

export class SocialApplication {
  readonly #core: CardCore;
  readonly #environment: readonly ElementaryFile[];
  readonly #medical: readonly ElementaryFile[];
  #pinVerified = false;
  #externallyAuthenticated = false;
  #challenge: Bytes | undefined;

  constructor(core: CardCore) {
    this.#core = core;
    this.#environment = core.personalization.social.environment.map(asFile);
    this.#medical = core.personalization.social.medical.map(asFile);
  }

  powerOff(): void {
    this.#pinVerified = false;
    this.#challenge = undefined;
    this.#externallyAuthenticated = false;
  }

  /** External authentication lasts until another application is selected; the PIN lasts until power-off. Spec: LD/T 32.7, security states. */
  leave(): void {
    this.#externallyAuthenticated = false;
    this.#challenge = undefined;
  }

  files(directory: "environment" | "medical"): readonly ElementaryFile[] {
    return directory === "environment" ? this.#environment : this.#medical;
  }

  allowed(rule: ReadRule): boolean {
    if (rule === "pin") return this.#pinVerified || this.#core.personalization.social.pin === undefined;
    return rule === "free" || this.#externallyAuthenticated;
  }

  /** Answer to SELECT; tag 86 names the algorithm. Spec: LD/T 32.7, SELECT. */
  controlInformation(directory: "environment" | "medical"): Bytes {
    const { social } = this.#core.personalization;
    const name = fromHex(directory === "environment" ? ENVIRONMENT_NAME : MEDICAL_NAME);
    const algorithm = Uint8Array.of(0x9f, 0x0c, 0x03, 0x86, 0x01, social.algorithm === "sm4" ? 0x03 : 0x01);
    const directoryFile = Uint8Array.of(0x88, 0x01, 0x1e);
    const own = social.showsAlgorithm ? concat(directoryFile, algorithm) : directoryFile;
    const body = concat(Uint8Array.of(0x84, name.length), name, Uint8Array.of(0xa5, own.length), own);
    return concat(Uint8Array.of(0x6f, body.length), body);
  }

  /** VERIFY; without data it asks for the tries left and moves nothing. Spec: LD/T 32.7, VERIFY. */
  verify(command: Command): Answer {
    if (command.p1 !== 0 || command.p2 !== 0) return refuse(SW.wrongP1P2);
    const { pin } = this.#core.personalization.social;
    const { pinTriesLeft } = this.#core.memory;
    const query = command.data.length === 0;
    if (pin === undefined) return query ? ok() : refuse(SW.conditionsNotSatisfied);
    if (query) return pinTriesLeft === 0 ? refuse(SW.locked) : refuse(0x63c0 + pinTriesLeft);
    if (command.data.length < 2 || command.data.length > 8) return refuse(SW.wrongLength);
    if (pinTriesLeft === 0) return refuse(SW.locked);
    if (equalBytes(command.data, fromHex(codedPin(pin)))) {
      this.#core.commit({ pinTriesLeft: PIN_TRIES });
      this.#pinVerified = true;
      return ok();
    }
    this.#pinVerified = false;
    this.#core.commit({ pinTriesLeft: pinTriesLeft - 1 });
    return refuse(0x63c0 + pinTriesLeft - 1);
  }

  getChallenge(command: Command): Answer {
    if (command.p1 !== 0 || command.p2 !== 0) return refuse(SW.wrongP1P2);
    const { le } = command;
    if (command.data.length > 0 || (le !== 4 && le !== 8 && le !== 16)) return refuse(SW.wrongLength);
    this.#challenge = this.#core.random(le);
    return ok(this.#challenge);
  }

  /** The card proves that it holds IRK. Spec: LD/T 32.7, INTERNAL AUTHENTICATE. */
  internalAuthenticate(command: Command): Answer {
    if (command.p1 !== 0) return refuse(SW.wrongP1P2);
    const parts = this.#authenticationParts(command.data);
    if (parts === undefined) return refuse(SW.wrongLength);
    if (command.p2 !== KEY_ID_IRK || parts.version !== KEY_VERSION) return refuse(SW.keyNotFound);
    const { social } = this.#core.personalization;
    return ok(authenticationData(this.#core.suite, social.algorithm, { key: fromHex(social.irkHex), sessionFactor: parts.first, raw: parts.raw }));
  }

  /** The terminal proves that it holds RKSSSE; the session factor is the last challenge. Spec: LD/T 32.7, EXTERNAL AUTHENTICATE. */
  externalAuthenticate(command: Command): Answer {
    if (command.p1 !== 0) return refuse(SW.wrongP1P2);
    const parts = this.#authenticationParts(command.data);
    const challenge = this.#challenge;
    this.#challenge = undefined;
    if (parts === undefined) return refuse(SW.wrongLength);
    if (command.p2 !== KEY_ID_RKSSSE || parts.version !== KEY_VERSION) return refuse(SW.keyNotFound);
    const { rkssseTriesLeft } = this.#core.memory;
    if (rkssseTriesLeft === 0) return refuse(SW.locked);
    if (challenge === undefined || challenge.length !== 8) return refuse(SW.conditionsNotSatisfied);
    const { social } = this.#core.personalization;
    const expected = authenticationData(this.#core.suite, social.algorithm, { key: fromHex(social.rkssseHex), sessionFactor: challenge, raw: parts.raw });
    this.#externallyAuthenticated = equalBytes(expected, parts.first);
    const left = this.#externallyAuthenticated ? KEY_TRIES : rkssseTriesLeft - 1;
    this.#core.commit({ rkssseTriesLeft: left });
    return this.#externallyAuthenticated ? ok() : refuse(0x63c0 + left);
  }

  #authenticationParts(data: Bytes): { readonly first: Bytes; readonly raw: Bytes; readonly version: number } | undefined {
    if (data.length !== 0x10 && data.length !== 0x11) return undefined;
    return { first: data.slice(0, 8), raw: data.slice(8, 16), version: data[16] ?? KEY_VERSION };
  }
}
