/*
 * A Newland NL-PP60 or PP66 behind its ports. A PIN is one command, which the pad answers when the holder has ended: nothing of the digits
 * is told meanwhile. A caller who gives up leaves a pad that still asks; it is reset, and nothing else is begun before that reset was
 * answered: otherwise the block of one holder could come as the answer to the question for another. Spec: Newland NL-PP60, commands.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, EMPTY, u8, u16be, utf8 } from "../../base/bytes.ts";
import { withDeadline } from "../../base/deadline.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { bcdToDigits } from "../../codec/bcd.ts";
import { CHECK_VALUE_BYTES_MIN } from "../framing/check-value.ts";
import { bounded, countdown } from "../framing/line-talk.ts";
import type { ByteLine } from "../framing/lines.ts";
import type { CheckValue, Device, DeviceHealth, NewPinPad, PadAlgorithm, PadKeyPlace, PadKeys } from "../peripherals.ts";
import type { PinBlockOutcome, PinPad } from "../ports.ts";
import { newlandRefusal } from "./errors.ts";
import { type NewlandCommand, NewlandExchange } from "./exchange.ts";
import type { NewlandAnswer } from "./frame.ts";

/** Open questions of this pad, each a named switch. */
export interface NewlandProfile {
  /** Commands that the manual names without their codes: a random number before authorized commands, and the end of a PIN entry. */
  readonly nlpp60Extra: "off" | { readonly random: number; readonly cancel: number };
  /** What stands in the field UseNo of a key, 2 bytes. */
  readonly nlpp60UseNo: number;
}

export const DEFAULT_NEWLAND_PROFILE: NewlandProfile = { nlpp60Extra: "off", nlpp60UseNo: 0 };

export interface NewlandOptions {
  readonly clock: Clock;
  readonly profile: NewlandProfile;
  /** 0 (root) to 4: where the keys lie. */
  readonly directory: number;
  /** Key under which PIN blocks are made. The pad chooses it when it is loaded; a key for any other place is an ordinary working key. */
  readonly pinKey: PadKeyPlace;
  /** Makes the 8-byte authorization of a key, from the pad's random number (8 bytes) where the profile knows how to ask for one. */
  readonly authorize: (random: Bytes | undefined) => Bytes;
}

interface PinRequest {
  readonly accountTail: Bytes;
  readonly minDigits: number;
  readonly maxDigits: number;
}

type NewPinOutcome = PinBlockOutcome | { readonly kind: "entries-differ" };

const CODES = { reset: 0xd5, chooseDirectory: 0xd6, loadWorkKey: 0x81, enterPin: 0x83, enterNewPin: 0x84 } as const;
const COMMAND_MS = 1_000;
const RESET_MS = 3_000;
const DIRECTORY_MAX = 4;
const KEY_BYTES = 16;
const AUTHORIZATION_BYTES = 8;
const RANDOM_BYTES = 8;
const BLOCK_BYTES = 8;
const PIN_MIN = 4;
const PIN_MAX = 12;
/** The card number field has 16 digits, of which the pad takes the right 12. */
const CARD_NUMBER_DIGITS = 16;
const MODE_WORK_KEY = 0x91;
const MODE_PIN_KEY = 0x92;

export class NewlandPad implements Device, PinPad, PadKeys, NewPinPad {
  readonly name: string;
  readonly #line: ByteLine;
  readonly #exchange: NewlandExchange;
  readonly #options: NewlandOptions;
  /** The pad gives no check values, so that what came with the PIN key is kept. */
  #pinKeyCheckValue: CheckValue | undefined;
  /** What a refusal told of the pad's hardware, until a PIN has been taken again. */
  #warning: string | undefined;
  /** The pad may be asking somebody: for us, when the end of an entry was not heard, or for whoever had it before this process began. */
  #astray = true;
  #ending: Promise<void> = Promise.resolve();

  constructor(line: ByteLine, options: NewlandOptions) {
    assert(options.directory >= 0 && options.directory <= DIRECTORY_MAX, "the pad has a root and four directories");
    this.#line = line;
    this.#options = options;
    this.#exchange = new NewlandExchange(line, options.clock);
    this.name = `Newland pad on ${line.name}`;
  }

  /** Asks for the directory that is used anyway. */
  async health(limits: Limits): Promise<DeviceHealth> {
    if (this.#line.state !== "open") return { kind: "away" };
    try {
      const answer = await this.#alone(limits, (left) => this.#exchange.send(this.#directoryCommand(), bounded(left(), COMMAND_MS)));
      const refusal = answer.is === "refused" ? newlandRefusal(answer.error) : undefined;
      if (refusal?.kind === "locked") return { kind: "degraded", why: refusal.why };
      if (refusal !== undefined) return { kind: "broken", why: "why" in refusal ? refusal.why : refusal.kind };
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return fault.code === "pad-gone" ? { kind: "away" } : { kind: "broken", why: fault.code };
    }
    return this.#warning === undefined ? { kind: "well" } : { kind: "degraded", why: this.#warning };
  }

  async close(): Promise<void> {
    this.#exchange.close();
    await this.#line.close();
  }

  async requestPinBlock(request: PinRequest, limits: Limits): Promise<PinBlockOutcome> {
    const outcome = await this.#enter(CODES.enterPin, request, limits);
    if (outcome.kind !== "entries-differ") return outcome;
    throw new Fault("device-answer-malformed", "the pad compared entries although it asked once", { effectUnknown: false });
  }

  requestNewPinBlock(request: PinRequest, limits: Limits): Promise<NewPinOutcome> {
    return this.#enter(CODES.enterNewPin, request, limits);
  }

  /** Resolves with undefined: the pad gives no check values. Without the one that came with the PIN key no PIN block is given out. */
  loadWorkKey(
    key: { readonly place: PadKeyPlace; readonly algorithm: PadAlgorithm; readonly wrapped: Bytes; readonly checkValue?: CheckValue },
    limits: Limits,
  ): Promise<undefined> {
    const { place, wrapped, checkValue } = key;
    return this.#alone(limits, async (left) => {
      if (key.algorithm !== "3des") throw new Fault("pad-refused", "the SM4 commands of this pad are not known", { effectUnknown: false });
      if (wrapped.length !== KEY_BYTES) throw new Fault("pad-refused", "this pad takes keys of 16 bytes", { effectUnknown: false });
      const { pinKey, profile } = this.#options;
      const isPinKey = place.master === pinKey.master && place.work === pinKey.work;
      await this.#command(this.#directoryCommand(), left());
      const authorization = this.#options.authorize(await this.#random(left()));
      assert(authorization.length === AUTHORIZATION_BYTES, "the authorization has 8 bytes");
      const head = Uint8Array.of(place.master, place.work, isPinKey ? MODE_PIN_KEY : MODE_WORK_KEY);
      const data = concat(head, wrapped, u16be(profile.nlpp60UseNo), authorization);
      // Whatever comes of it, the key that was there may have been replaced.
      if (isPinKey) this.#pinKeyCheckValue = undefined;
      await this.#command({ code: CODES.loadWorkKey, data, answerBytes: AUTHORIZATION_BYTES }, left());
      if (isPinKey) this.#pinKeyCheckValue = checkValue?.slice();
      return undefined;
    });
  }

  /** Master keys come into this pad by its maker's own way. */
  enterMasterKey(): Promise<void> {
    return Promise.reject(new Fault("pad-refused", "this pad has no command to type a master key", { effectUnknown: false }));
  }

  /** What the command to initialise wants besides its authorization is not known. */
  wipeKeys(): Promise<void> {
    return Promise.reject(new Fault("pad-refused", "the command of this pad to forget its keys is not known", { effectUnknown: false }));
  }

  #enter(code: number, request: PinRequest, limits: Limits): Promise<NewPinOutcome> {
    const { minDigits, maxDigits } = request;
    assert(minDigits >= PIN_MIN && minDigits <= maxDigits && maxDigits <= PIN_MAX, "the pad takes 4 to 12 digits");
    const account = bcdToDigits(request.accountTail);
    assert(account.ok && account.digits.length === 12, "12 account digits in 6 bytes");
    const data = concat(Uint8Array.of(minDigits, maxDigits), utf8(account.digits.padStart(CARD_NUMBER_DIGITS, "0")));
    return this.#alone(limits, async (left) => {
      const keyCheckValue = this.#pinKeyCheckValue;
      if (keyCheckValue === undefined || keyCheckValue.length < CHECK_VALUE_BYTES_MIN) {
        throw new Fault("key-missing", "no working key with its check value was loaded for PIN blocks", { effectUnknown: false });
      }
      await this.#command(this.#directoryCommand(), left());
      const answer = await this.#ask({ code, data, answerBytes: BLOCK_BYTES }, left());
      if (answer.is === "done") {
        this.#warning = undefined;
        return { kind: "entered", block: answer.data, keyCheckValue };
      }
      const refusal = newlandRefusal(answer.error);
      if (refusal.kind === "cancelled" || refusal.kind === "timed-out" || refusal.kind === "entries-differ") return { kind: refusal.kind };
      throw this.#asFault(answer.error);
    });
  }

  /** The command that lasts as long as the holder does. Whoever gives up has the pad brought back, without waiting for it. */
  async #ask(command: NewlandCommand, limits: Limits): Promise<NewlandAnswer> {
    this.#astray = true;
    try {
      const answer = await this.#exchange.send(command, limits);
      this.#astray = false;
      return answer;
    } catch (fault) {
      if (isFault(fault, "timeout", "cancelled")) this.#ending = this.#endEntry();
      throw fault;
    }
  }

  async #endEntry(): Promise<void> {
    const { nlpp60Extra } = this.#options.profile;
    const code = nlpp60Extra === "off" ? CODES.reset : nlpp60Extra.cancel;
    await this.#bringBack(code, { timeoutMs: RESET_MS, signal: new AbortController().signal }).catch((fault: unknown) => {
      // The next call resets the pad before it does anything else.
      if (!isFault(fault)) throw fault;
    });
  }

  async #bringBack(code: number, limits: Limits): Promise<void> {
    const answer = await this.#exchange.send({ code, data: EMPTY, answerBytes: 0 }, bounded(limits, RESET_MS));
    if (answer.is === "refused") throw this.#asFault(answer.error);
    this.#astray = false;
  }

  /** Runs work on a pad that is known to ask nobody; `left` tells what is left of `limits`. */
  #alone<Value>(limits: Limits, work: (left: () => Limits) => Promise<Value>): Promise<Value> {
    const { clock } = this.#options;
    const left = countdown(clock, limits);
    return this.#exchange.alone(limits, async () => {
      await withDeadline(this.#ending, { ...left(), clock, what: "the pad ends an entry", effectUnknown: false });
      if (this.#astray) await this.#bringBack(CODES.reset, left());
      return work(left);
    });
  }

  #directoryCommand(): NewlandCommand {
    return { code: CODES.chooseDirectory, data: u8(this.#options.directory), answerBytes: 0 };
  }

  async #random(limits: Limits): Promise<Bytes | undefined> {
    const { nlpp60Extra } = this.#options.profile;
    return nlpp60Extra === "off" ? undefined : this.#command({ code: nlpp60Extra.random, data: EMPTY, answerBytes: RANDOM_BYTES }, limits);
  }

  async #command(command: NewlandCommand, limits: Limits): Promise<Bytes> {
    const answer = await this.#exchange.send(command, bounded(limits, COMMAND_MS));
    if (answer.is === "refused") throw this.#asFault(answer.error);
    return answer.data;
  }

  #asFault(error: number): Fault {
    const refusal = newlandRefusal(error);
    if (refusal.kind === "locked" || refusal.kind === "broken") this.#warning = refusal.why;
    const why = "why" in refusal ? refusal.why : refusal.kind;
    return new Fault(refusal.kind === "key-missing" ? "key-missing" : "pad-refused", `the pad refused: ${why}`, { effectUnknown: false });
  }
}

/** A pad of this family on a line; it need not be there yet. */
export function openNewlandPad(line: ByteLine, options: NewlandOptions): NewlandPad {
  return new NewlandPad(line, options);
}
