/*
 * What the terminal has proved to the social application, and what proves a command: external authentication, internal authentication,
 * and the MAC of a secure message. Spec: LD/T 32.7, security states; LD/T 32.4, 8 and 9.
 */
import { type Bytes, concat, equalBytes } from "../../../device/base/bytes.ts";
import { authenticationData, socialMac, socialSessionKey } from "../../crypto/social.ts";
import type { TestKeyName } from "../../crypto/test-keys.ts";
import { type CardCore, KEY_TRIES } from "../core.ts";
import { type Answer, type Command, ok, refuse, SW } from "../iso.ts";
import { CardCertificates } from "./certificates.ts";
import { authenticationKey, failuresCount, SocialKeyRing } from "./keys.ts";
import type { DirectoryName } from "./state.ts";

const KEY_ID_IRK = 0x00;
/** Of the certificate application; unconfirmed. */
const KEY_ID_SM2 = 0x20;
const KEY_VERSION = 0x01;
const MAC_BYTES = 4;

/** A secure message that is right: its data without the MAC, and the session key that it was made with. */
export type SecureMessage = { readonly ok: true; readonly data: Bytes; readonly sessionKey: Bytes } | { readonly ok: false; readonly answer: Answer };

export class SocialSecurity {
  readonly #core: CardCore;
  readonly #keys: SocialKeyRing;
  readonly #certificates: CardCertificates;
  readonly #proved = new Set<string>();

  constructor(core: CardCore) {
    this.#core = core;
    this.#keys = new SocialKeyRing(core.suite, core.personalization.social);
    this.#certificates = new CardCertificates(core);
  }

  /** Whether the terminal has proved this key since the directory was selected. */
  proved(name: string): boolean {
    return this.#proved.has(name);
  }

  /** Another directory or application was selected, or power has gone. */
  forget(): void {
    this.#proved.clear();
  }

  triesLeft(name: string): number {
    const { rkssseTriesLeft, social } = this.#core.memory;
    return name === "rkssse" ? rkssseTriesLeft : (social?.keyTriesLeft?.[name] ?? KEY_TRIES);
  }

  /** Counts one failure before the comparison, so that power that fails in between does not give a try away. */
  spendTry(name: string): number {
    const left = this.triesLeft(name) - 1;
    this.#core.commitAhead(this.#withTries(name, left));
    return left;
  }

  restoreTries(name: string): void {
    this.#core.commit(this.#withTries(name, KEY_TRIES));
  }

  /** The card proves that it holds IRK. Spec: LD/T 32.7, INTERNAL AUTHENTICATE. */
  internalAuthenticate(command: Command): Answer {
    if (command.p1 !== 0) return refuse(SW.wrongP1P2);
    if (command.p2 === KEY_ID_SM2) return this.#certificates.sign(command);
    const parts = authenticationParts(command.data);
    if (parts === undefined) return refuse(SW.wrongLength);
    const key = this.#keys.key("irk");
    if (command.p2 !== KEY_ID_IRK || parts.version !== KEY_VERSION || key === undefined) return refuse(SW.keyNotFound);
    return ok(this.#authenticationData(key, parts.first, parts.raw));
  }

  /** The terminal proves that it holds a key of the card; the session factor is the last challenge. Spec: LD/T 32.7, EXTERNAL AUTHENTICATE. */
  externalAuthenticate(command: Command, directory: DirectoryName): Answer {
    if (command.p1 !== 0) return refuse(SW.wrongP1P2);
    const parts = authenticationParts(command.data);
    const challenge = this.#core.takeChallenge();
    if (parts === undefined) return refuse(SW.wrongLength);
    const slot = authenticationKey(directory, command.p2);
    const key = slot === undefined ? undefined : this.#keys.key(slot.root);
    if (slot === undefined || key === undefined || parts.version !== KEY_VERSION) return refuse(SW.keyNotFound);
    if (this.triesLeft(slot.name) === 0) return refuse(SW.locked);
    if (challenge?.length !== 8) return refuse(SW.conditionsNotSatisfied);
    return this.#compare(slot.name, equalBytes(this.#authenticationData(key, challenge, parts.raw), parts.first));
  }

  #compare(name: string, right: boolean): Answer {
    const left = failuresCount(name) ? this.spendTry(name) : KEY_TRIES;
    if (!right) {
      this.#proved.delete(name);
      return refuse(0x63c0 + Math.min(left, 0x0f));
    }
    if (failuresCount(name)) this.restoreTries(name);
    this.#proved.add(name);
    return ok();
  }

  /**
   * Takes the MAC off a command: four bytes over header, length and data under a session key made from the last challenge (8 bytes with
   * triple DES; 4, 8 or 16 with SM4). Spec: LD/T 32.4, 9; LD/T 32.7, 15.
   */
  openMessage(command: Command, name: TestKeyName): SecureMessage {
    const challenge = this.#core.takeChallenge();
    const { algorithm } = this.#core.personalization.social;
    const key = this.#keys.key(name);
    if (command.data.length < MAC_BYTES) return { ok: false, answer: refuse(SW.wrongLength) };
    if (key === undefined) return { ok: false, answer: refuse(SW.keyNotFound) };
    if (challenge === undefined || (algorithm === "3des" && challenge.length !== 8)) return { ok: false, answer: refuse(SW.conditionsNotSatisfied) };
    const sessionKey = socialSessionKey(this.#core.suite, algorithm, { key, factor: challenge });
    const data = command.data.slice(0, -MAC_BYTES);
    const { cla, ins, p1, p2 } = command;
    const covered = concat(Uint8Array.of(cla, ins, p1, p2, command.data.length), data);
    const right = equalBytes(socialMac(this.#core.suite, algorithm, { key: sessionKey, data: covered }), command.data.slice(-MAC_BYTES));
    return right ? { ok: true, data, sessionKey } : { ok: false, answer: refuse(SW.wrongSecureMessaging) };
  }

  #authenticationData(key: Bytes, sessionFactor: Bytes, raw: Bytes): Bytes {
    return authenticationData(this.#core.suite, this.#core.personalization.social.algorithm, { key, sessionFactor, raw });
  }

  #withTries(name: string, left: number): Parameters<CardCore["commit"]>[0] {
    if (name === "rkssse") return { rkssseTriesLeft: left };
    const { social = {} } = this.#core.memory;
    return { social: { ...social, keyTriesLeft: { ...social.keyTriesLeft, [name]: left } } };
  }
}

function authenticationParts(data: Bytes): { readonly first: Bytes; readonly raw: Bytes; readonly version: number } | undefined {
  if (data.length !== 0x10 && data.length !== 0x11) return undefined;
  return { first: data.slice(0, 8), raw: data.slice(8, 16), version: data[16] ?? KEY_VERSION };
}
