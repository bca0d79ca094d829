/* The holder's PIN: verified, changed by the holder, unlocked and set anew by who holds the unblocking key. Spec: LD/T 32.7, PIN commands. */
import { type Bytes, concat, equalBytes, fromHex, toHex } from "../../../device/base/bytes.ts";
import { type CardCore, PIN_TRIES } from "../core.ts";
import { type Answer, type Command, ok, refuse, SW } from "../iso.ts";
import { messageKey } from "./keys.ts";
import type { SocialSecurity } from "./security.ts";

/** Stands between the old and the new PIN; no byte of digits can be it. */
const SEPARATOR = 0xff;
const PIN_BYTES_MIN = 2;
const PIN_BYTES_MAX = 8;

/** Digits as the commands carry them: two a byte, an odd last nibble filled with F. */
function codedPin(digits: string): Bytes {
  return fromHex(digits.length % 2 === 0 ? digits : `${digits}f`);
}

/** The digits of a coded PIN; undefined for anything that is none. */
function digitsOf(coded: Bytes): string | undefined {
  const found = /^(\d{3,16})f?$/.exec(toHex(coded));
  return coded.length >= PIN_BYTES_MIN && coded.length <= PIN_BYTES_MAX ? found?.[1] : undefined;
}

export class SocialPin {
  readonly #core: CardCore;
  readonly #security: SocialSecurity;
  #verified = false;

  constructor(core: CardCore, security: SocialSecurity) {
    this.#core = core;
    this.#security = security;
  }

  /** The PIN that the card wants now; undefined when none is set. */
  get digits(): string | undefined {
    return this.#core.memory.social?.pin ?? this.#core.personalization.social.pin;
  }

  /** Presented since power-up, or none set. */
  get satisfied(): boolean {
    return this.#verified || this.digits === undefined;
  }

  powerOff(): void {
    this.#verified = false;
  }

  /** VERIFY; without data it asks for the tries left and moves nothing. */
  verify(command: Command): Answer {
    if (command.p1 !== 0 || command.p2 !== 0) return refuse(SW.wrongP1P2);
    const { digits } = this;
    const { pinTriesLeft } = this.#core.memory;
    const query = command.data.length === 0;
    if (digits === undefined) return query ? ok() : refuse(SW.conditionsNotSatisfied);
    if (query) return pinTriesLeft === 0 ? refuse(SW.locked) : refuse(0x63c0 + pinTriesLeft);
    if (command.data.length < PIN_BYTES_MIN || command.data.length > PIN_BYTES_MAX) return refuse(SW.wrongLength);
    const wrong = this.#compare(command.data, digits);
    if (wrong !== undefined) return wrong;
    this.#core.commit({ pinTriesLeft: PIN_TRIES });
    this.#verified = true;
    return ok();
  }

  /** CHANGE PIN: old ‖ FF ‖ new, in clear. A new PIN is not checked by itself: the holder has to present it. */
  change(command: Command): Answer {
    if (command.p1 !== 0x01 || command.p2 !== 0x00) return refuse(SW.wrongP1P2);
    const { data } = command;
    if (data.length < 3 || data.length > 0x11) return refuse(SW.wrongLength);
    const { digits } = this;
    if (digits === undefined) return refuse(SW.conditionsNotSatisfied);
    if (this.#core.memory.pinTriesLeft === 0) return refuse(SW.locked);
    const at = data.indexOf(SEPARATOR);
    const pin = at < 1 ? undefined : digitsOf(data.slice(at + 1));
    if (pin === undefined) return refuse(SW.wrongData);
    const wrong = this.#compare(data.slice(0, at), digits);
    if (wrong !== undefined) return wrong;
    this.#set(pin);
    return ok();
  }

  /** PIN UNBLOCK: a MAC under the unblocking key gives the tries back and leaves the PIN as it is. Failures lock that key. */
  unblock(command: Command): Answer {
    if (command.data.length !== 4) return refuse(SW.wrongLength);
    if (this.digits === undefined) return refuse(SW.conditionsNotSatisfied);
    if (this.#security.triesLeft("puk") === 0) return refuse(SW.locked);
    const message = this.#security.openMessage(command, "puk");
    if (!message.ok && message.answer.sw !== SW.wrongSecureMessaging) return message.answer;
    this.#security.spendTry("puk");
    if (!message.ok) return message.answer;
    this.#security.restoreTries("puk");
    this.#core.commit({ pinTriesLeft: PIN_TRIES });
    return ok();
  }

  /** PIN RELOAD: a new PIN, enciphered, for a terminal that has proved the unblocking key. */
  reload(command: Command): Answer {
    const { algorithm } = this.#core.personalization.social;
    if (command.data.length !== (algorithm === "sm4" ? 0x14 : 0x0c)) return refuse(SW.wrongLength);
    if (!this.#security.proved("puk")) return refuse(SW.securityNotSatisfied);
    const message = this.#security.openMessage(command, messageKey("environment"));
    if (!message.ok) return message.answer;
    const pin = this.#deciphered(message.data, message.sessionKey);
    if (pin === undefined) return refuse(SW.wrongData);
    this.#set(pin);
    return ok();
  }

  /** One try is spent before the comparison. Undefined: the digits are right, and the try is still to be given back. */
  #compare(given: Bytes, digits: string): Answer | undefined {
    const { pinTriesLeft } = this.#core.memory;
    if (pinTriesLeft === 0) return refuse(SW.locked);
    this.#core.commitAhead({ pinTriesLeft: pinTriesLeft - 1 });
    if (equalBytes(given, codedPin(digits))) return undefined;
    this.#verified = false;
    return refuse(0x63c0 + pinTriesLeft - 1);
  }

  #set(pin: string): void {
    const { social = {} } = this.#core.memory;
    this.#core.commit({ pinTriesLeft: PIN_TRIES, social: { ...social, pin } });
  }

  /** Length, digits, and a filling that starts with 80. Spec: LD/T 32.4, confidentiality. */
  #deciphered(block: Bytes, sessionKey: Bytes): string | undefined {
    const { suite, personalization } = this.#core;
    const key = suite.secretKey(sessionKey.length === 8 ? concat(sessionKey, sessionKey) : sessionKey);
    const plain = personalization.social.algorithm === "sm4" ? suite.sm4Decrypt(key, block) : suite.tdesDecrypt(key, block);
    const end = 1 + (plain[0] ?? 0);
    if (end > plain.length) return undefined;
    const filling = toHex(plain.slice(end));
    return /^(?:80(?:00)*)?$/.test(filling) ? digitsOf(plain.slice(1, end)) : undefined;
  }
}
