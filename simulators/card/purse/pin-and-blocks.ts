/*
 * The holder's PIN inside the purse application, and what an issuer may do from afar: unlock it, replace it, block the application,
 * lift a temporary block, and update files. Issuer commands carry a MAC that begins with the card's own challenge.
 */
import { type Bytes, equalBytes, fromHex, toHex } from "../../../device/base/bytes.ts";
import { commandMac, decipherValue, reloadPinMac } from "../../crypto/purse-messages.ts";
import { KEY_TRIES, PIN_TRIES } from "../core.ts";
import { type Answer, type Command, ok, refuse, SW } from "../iso.ts";
import { FRESH_PURSE_MEMORY, type PurseBooks } from "./books.ts";
import type { MaintenanceData, PurseMemory } from "./state.ts";

const PIN_MIN = 2;
const PIN_MAX = 6;
const MAC_LENGTH = 4;
const CHANGE_SEPARATOR = 0xff;

/** Two digits a byte, an odd last nibble F: what a PIN block of VERIFY looks like. */
function isPin(bytes: Bytes): boolean {
  return bytes.length >= PIN_MIN && bytes.length <= PIN_MAX && /^\d+f?$/.test(toHex(bytes));
}

export class PinAndBlocks {
  readonly #books: PurseBooks;
  #verified = false;

  constructor(books: PurseBooks) {
    this.#books = books;
  }

  /** The PIN was given since the application was selected, or there is none. */
  get open(): boolean {
    return this.#verified || this.#books.memory.pinHex === undefined;
  }

  leave(): void {
    this.#verified = false;
  }

  /** VERIFY (00 20 00 00); without data it asks for the tries left and moves nothing. Spec: PBOC purse, VERIFY. */
  verify(command: Command): Answer {
    if (command.p1 !== 0 || command.p2 !== 0) return refuse(SW.wrongP1P2);
    const { pinHex, pinTriesLeft } = this.#books.memory;
    const query = command.data.length === 0;
    if (pinHex === undefined) return query ? ok() : refuse(SW.conditionsNotSatisfied);
    if (query) return refuse(pinTriesLeft === 0 ? SW.locked : 0x63c0 + pinTriesLeft);
    if (command.data.length < PIN_MIN || command.data.length > PIN_MAX) return refuse(SW.wrongLength);
    return this.#compare(command.data);
  }

  /** CHANGE PIN (80 5E 01 00): old, FF, new, in clear. Spec: PBOC purse, CHANGE PIN. */
  change(command: Command): Answer {
    const { data } = command;
    if (this.#books.memory.pinHex === undefined) return refuse(SW.conditionsNotSatisfied);
    if (data.length < 2 * PIN_MIN + 1 || data.length > 2 * PIN_MAX + 1) return refuse(SW.wrongLength);
    const at = data.indexOf(CHANGE_SEPARATOR, PIN_MIN);
    const next = data.slice(at + 1);
    if (at < 0 || at > PIN_MAX || !isPin(next)) return refuse(SW.wrongData);
    const compared = this.#compare(data.slice(0, at));
    if (compared.sw !== SW.success) return compared;
    this.#books.remember({ pinHex: toHex(next) });
    return ok();
  }

  /** RELOAD PIN (80 5E 00 keyid): the new PIN and its MAC; no challenge is in it. Spec: PBOC purse, RELOAD PIN. */
  reload(command: Command): Answer {
    const keys = this.#keys(command.p2);
    if (keys === undefined) return refuse(SW.keyNotFound);
    const { data } = command;
    const { reloadTriesLeft } = this.#books.memory;
    if (data.length < PIN_MIN + MAC_LENGTH || data.length > PIN_MAX + MAC_LENGTH) return refuse(SW.wrongLength);
    if (reloadTriesLeft === 0) return refuse(SW.locked);
    const pin = data.slice(0, -MAC_LENGTH);
    if (!equalBytes(reloadPinMac(this.#books.rules, fromHex(keys.reloadHex), pin), data.slice(-MAC_LENGTH))) {
      this.#books.remember({ reloadTriesLeft: reloadTriesLeft - 1 });
      return refuse(SW.wrongMac);
    }
    if (!isPin(pin)) return refuse(SW.wrongData);
    this.#verified = false;
    this.#books.remember({ pinHex: toHex(pin), pinTriesLeft: PIN_TRIES, reloadTriesLeft: KEY_TRIES });
    return ok();
  }

  /** PIN UNBLOCK (84 24 keyid 00): the PIN from now on, under the unlock key, and a MAC. Spec: PBOC purse, PIN UNBLOCK. */
  unblock(command: Command): Answer {
    const challenge = this.#books.core.takeChallenge();
    const keys = this.#keys(command.p1);
    const { memory, rules } = this.#books;
    if (command.p2 !== 0x00) return refuse(SW.wrongP1P2);
    if (keys === undefined) return refuse(SW.keyNotFound);
    if (command.data.length !== (rules.algorithm === "sm4" ? 0x14 : 0x0c)) return refuse(SW.wrongLength);
    if (memory.unlockTriesLeft === 0) return refuse(SW.locked);
    if (memory.pinHex === undefined) return refuse(SW.conditionsNotSatisfied);
    const key = fromHex(keys.unlockHex);
    const refusal = this.#macRefusal(command, key, challenge);
    if (refusal !== undefined) return this.#spend(refusal, { unlockTriesLeft: memory.unlockTriesLeft - 1 });
    const pin = decipherValue(rules, key, command.data.slice(0, -MAC_LENGTH));
    if (pin === undefined || !isPin(pin)) return refuse(SW.wrongData);
    this.#verified = false;
    this.#books.remember({ pinHex: toHex(pin), pinTriesLeft: PIN_TRIES, unlockTriesLeft: KEY_TRIES });
    return ok();
  }

  /** APPLICATION BLOCK (84 1E 00 00 temporary, 01 permanent). A wrong MAC locks no key. Spec: PBOC purse, APPLICATION BLOCK. */
  block(command: Command): Answer {
    const challenge = this.#books.core.takeChallenge();
    if (command.p1 !== 0x00 || command.p2 > 0x01) return refuse(SW.wrongP1P2);
    if (command.data.length !== MAC_LENGTH) return refuse(SW.wrongLength);
    const refusal = this.#macRefusal(command, this.#applicationKey(), challenge);
    if (refusal !== undefined) return refuse(refusal);
    this.#books.remember({ block: command.p2 === 0x01 ? "permanent" : "temporary" });
    return ok();
  }

  /** APPLICATION UNBLOCK (84 18 00 00): lifts a temporary block; too many wrong MACs make the block permanent. Spec: PBOC purse, APPLICATION UNBLOCK. */
  lift(command: Command): Answer {
    const challenge = this.#books.core.takeChallenge();
    const { block, unblockTriesLeft } = this.#books.memory;
    if (command.p1 !== 0x00 || command.p2 !== 0x00) return refuse(SW.wrongP1P2);
    if (command.data.length !== MAC_LENGTH) return refuse(SW.wrongLength);
    if (block !== "temporary") return refuse(SW.conditionsNotSatisfied);
    const refusal = this.#macRefusal(command, this.#applicationKey(), challenge);
    if (refusal === undefined) {
      this.#books.remember({ block: undefined, unblockTriesLeft: FRESH_PURSE_MEMORY.unblockTriesLeft });
      return ok();
    }
    const left = unblockTriesLeft - (refusal === SW.wrongSecureMessaging ? 1 : 0);
    return this.#spend(refusal, { unblockTriesLeft: left, ...(left === 0 ? { block: "permanent" } : {}) });
  }

  /** The content of a file update (04 D6, 04 DC) whose MAC is right, or the word against it. Spec: PBOC purse, secure messaging. */
  securedContent(command: Command): { readonly content: Bytes } | { readonly sw: number } {
    const challenge = this.#books.core.takeChallenge();
    if (command.data.length <= MAC_LENGTH) return { sw: SW.wrongLength };
    const refusal = this.#macRefusal(command, this.#applicationKey(), challenge);
    return refusal === undefined ? { content: command.data.slice(0, -MAC_LENGTH) } : { sw: refusal };
  }

  #compare(given: Bytes): Answer {
    const { pinHex, pinTriesLeft } = this.#books.memory;
    if (pinTriesLeft === 0) return refuse(SW.locked);
    this.#verified = toHex(given) === pinHex;
    const left = this.#verified ? PIN_TRIES : pinTriesLeft - 1;
    this.#books.remember({ pinTriesLeft: left });
    return this.#verified ? ok() : refuse(0x63c0 + left);
  }

  #keys(keyId: number): MaintenanceData | undefined {
    const { maintenance } = this.#books.data;
    return maintenance?.keyId === keyId ? maintenance : undefined;
  }

  #applicationKey(): Bytes {
    return fromHex(this.#books.data.maintenance?.applicationHex ?? "");
  }

  /** The word against a command whose MAC is not the one that belongs to the challenge; undefined when it is. */
  #macRefusal(command: Command, key: Bytes, challenge: Bytes | undefined): number | undefined {
    if (challenge?.length !== 4) return SW.conditionsNotSatisfied;
    const header = Uint8Array.of(command.cla, command.ins, command.p1, command.p2, command.data.length);
    const expected = commandMac(this.#books.rules, key, { challenge, header, data: command.data.slice(0, -MAC_LENGTH) });
    return equalBytes(expected, command.data.slice(-MAC_LENGTH)) ? undefined : SW.wrongSecureMessaging;
  }

  #spend(sw: number, change: Partial<PurseMemory>): Answer {
    this.#books.remember(change);
    return refuse(sw);
  }
}
