/*
 * A PIN pad of the 02h family behind its ports. The digits never leave the pad: what arrives here is a star for each key, and an encrypted
 * block in the end. A pad that sends digits all the same is refused as soon as the first one comes. Spec: pad 02h, commands.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, EMPTY, equalBytes, toHex, u8, utf8, xorBytes } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { bcdToDigits } from "../../codec/bcd.ts";
import { CHECK_VALUE_BYTES_MIN, compareCheckValues, DEFAULT_CHECK_VALUE_PROFILE } from "../framing/check-value.ts";
import { bounded, countdown, type Ear } from "../framing/line-talk.ts";
import type { ByteLine } from "../framing/lines.ts";
import type {
  CheckValue,
  Device,
  DeviceHealth,
  MacAbility,
  NewPinPad,
  PadAlgorithm,
  PadKeyPlace,
  PadKeys,
  PadMac,
  PadMacMethod,
  PadTestKeys,
} from "../peripherals.ts";
import type { PinBlockOutcome, PinPad } from "../ports.ts";
import { type PadAnswer, PadExchange, type PadKey } from "./exchange.ts";
import { DEFAULT_PAD_CODING, type PadCoding } from "./frame.ts";

/** Open questions of this family, each a named switch. */
export interface PadProfile extends PadCoding {
  /** Whether a bare 00 ends a PIN entry as "time over", or says nothing. */
  readonly endKey: "timeout" | "ignore";
  /** Further bits of parameter 05, as some makers want them. */
  readonly parameter05: number;
  /** Whether the pad has the SM4 commands; their codes are not public, so that only makers' profiles and our simulator know them. */
  readonly sm4: "none" | "sim";
}

export const DEFAULT_PAD_PROFILE: PadProfile = { ...DEFAULT_PAD_CODING, endKey: "timeout", parameter05: 0, sm4: "none" };

export interface Pad02hOptions {
  readonly clock: Clock;
  readonly profile: PadProfile;
  /** Key under which PIN blocks are made. */
  readonly pinKey: PadKeyPlace;
  readonly algorithm: PadAlgorithm;
  /** How long the pad itself waits for the holder, 1 to 255 seconds. */
  readonly entrySeconds: number;
}

interface PinRequest {
  readonly accountTail: Bytes;
  readonly minDigits: number;
  readonly maxDigits: number;
}

/** What is left of the caller's time. */
type Left = () => Limits;

const KEY_CONFIRM = 0x0d;
const KEY_CANCEL = 0x1b;
const KEY_END = 0x00;
/** What a key does to the number of digits: a star is one more, a correction one less. */
const STARS_OF: ReadonlyMap<unknown, number> = new Map([
  [0x2a, 1],
  [0x08, -1],
]);
const COMMAND_MS = 1_000;
/** The pad's own time, and then its answer. */
const ENTRY_MARGIN_MS = 2_000;
const RESET_MS = 4_000;
const VERIFY_FORM = 0x40;
const KEYS_PER_MASTER = 4;
/** What one command takes: whole blocks. */
const MAC_CHUNK_MAX = 240;
const MAC_DATA_MAX = 1_024;
const MAC_BLOCK = 8;
const SM4_BLOCK = 16;
/** The slowest pads need 75 ms for each block. */
const MAC_BLOCK_MS = 100;
/** Keys that one entry may take: digits, corrections, and the end. */
const ENTRY_KEYS_MAX = 200;

const SHOWS_DIGITS = "sends digits in the clear";

const DONE_CODES = { des: 0x20, tdes: 0x30, sm4: 0x40 } as const;

export class Pad02h implements Device, PinPad, PadKeys, PadTestKeys, PadMac, MacAbility, NewPinPad {
  readonly name: string;
  readonly #line: ByteLine;
  readonly #exchange: PadExchange;
  readonly #options: Pad02hOptions;
  /** Check values of the working keys that were loaded, by place: a pad that was replaced has none of them. */
  readonly #checkValues = new Map<string, Bytes>();
  /** What the loaded keys are as ciphers, by place: a key of two equal halves is a short one. */
  readonly #keySizes = new Map<string, "des" | "des-twice" | "tdes">();
  #warning: string | undefined;
  /** A digit came in the clear, and no PIN has been taken since. */
  #showsDigits = false;

  constructor(line: ByteLine, options: Pad02hOptions) {
    assert(options.entrySeconds >= 1 && options.entrySeconds <= 255, "the pad counts seconds in one byte");
    this.#line = line;
    this.#options = options;
    this.#exchange = new PadExchange(line, { clock: options.clock, coding: options.profile });
    this.name = `pad 02h on ${line.name}`;
  }

  async health(limits: Limits): Promise<DeviceHealth> {
    if (this.#line.state !== "open") return { kind: "away" };
    try {
      const answer = await this.#alone(limits, (left) => this.#exchange.send(0x30, EMPTY, bounded(left(), COMMAND_MS)));
      this.#noteWarning(answer);
      if (answer.status.kind === "refused") return { kind: "broken", why: answer.status.why };
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return { kind: "broken", why: fault.code };
    }
    const warning = this.#showsDigits ? SHOWS_DIGITS : this.#warning;
    return warning === undefined ? { kind: "well" } : { kind: "degraded", why: warning };
  }

  async close(): Promise<void> {
    this.#exchange.close();
    await this.#line.close();
  }

  requestPinBlock(request: PinRequest, limits: Limits): Promise<PinBlockOutcome> {
    return this.#alone(limits, async (left) => {
      await this.#prepareEntry(request.accountTail, left);
      return this.#entry(request, left);
    });
  }

  async requestNewPinBlock(request: PinRequest, limits: Limits): ReturnType<NewPinPad["requestNewPinBlock"]> {
    return this.#alone(limits, async (left) => {
      await this.#prepareEntry(request.accountTail, left);
      const first = await this.#entry(request, left);
      if (first.kind !== "entered") return first;
      const second = await this.#entry(request, left);
      if (second.kind !== "entered") return second;
      // The same digits under the same key and account give the same block, so that the digits need not be known to be compared.
      return equalBytes(first.block, second.block) ? second : { kind: "entries-differ" };
    });
  }

  /** The check value that came with the key is compared with the pad's: under another master key the pad makes another key of it. */
  loadWorkKey(
    key: { readonly place: PadKeyPlace; readonly algorithm: PadAlgorithm; readonly wrapped: Bytes; readonly checkValue?: CheckValue },
    limits: Limits,
  ): Promise<CheckValue | undefined> {
    const { place, algorithm, wrapped, checkValue: expected } = key;
    return this.#alone(limits, async (left) => {
      await this.#command(0x46, Uint8Array.of(0x00, this.#algorithmCode(algorithm, wrapped.length)), left);
      const number = VERIFY_FORM + place.master * KEYS_PER_MASTER + place.work;
      // Whatever comes of it, the key that was there may have been replaced.
      this.#checkValues.delete(placeName(place));
      this.#keySizes.set(placeName(place), keySize(wrapped));
      const { data } = await this.#command(0x33, concat(Uint8Array.of(place.master, number), wrapped), left);
      const told = data.length < CHECK_VALUE_BYTES_MIN ? undefined : data;
      if (compareCheckValues({ told, expected, algorithm }, DEFAULT_CHECK_VALUE_PROFILE) === "different")
        throw new Fault("pad-refused", "the pad made another key of it: it has another master key", { effectUnknown: false });
      if (told !== undefined) this.#checkValues.set(placeName(place), told);
      return told;
    });
  }

  /** The keypad is on for those who type, and off afterwards, also when the caller gave up. */
  async enterMasterKey({ master }: { readonly master: number }, limits: Limits): Promise<void> {
    await this.#alone(limits, async (left) => {
      const digits = this.#exchange.listenForDigits();
      const over = new AbortController();
      try {
        const seen = digits.next({ ...left(), signal: over.signal }).then(() => {
          throw this.#seeDigits({ effectUnknown: true });
        });
        this.#demandDone(await Promise.race([this.#exchange.send(0x23, u8(master), left()), seen]));
      } finally {
        over.abort();
        digits.stop();
        await this.#keypadOff();
      }
    });
  }

  loadMasterKey(key: { readonly master: number; readonly algorithm: PadAlgorithm; readonly clear: Bytes }, limits: Limits): Promise<CheckValue | undefined> {
    return this.#alone(limits, async (left) => {
      await this.#command(0x46, Uint8Array.of(0x00, this.#algorithmCode(key.algorithm, key.clear.length)), left);
      const { data } = await this.#command(0x32, concat(u8(key.master), key.clear), left);
      return data.length < CHECK_VALUE_BYTES_MIN ? undefined : data;
    });
  }

  async wipeKeys(limits: Limits): Promise<void> {
    await this.#alone(limits, async (left) => {
      this.#checkValues.clear();
      this.#keySizes.clear();
      const answer = await this.#exchange.send(0x31, u8(0x38), bounded(left(), RESET_MS));
      this.#demandDone(answer);
    });
  }

  get macs(): PadMac {
    return this;
  }

  /** PIN blocks are made with one cipher, so that all of its keys are of that one. Nothing of SM4 is known of most pads. */
  get keyCiphers(): readonly PadAlgorithm[] {
    const { algorithm, profile } = this.#options;
    return algorithm === "sm4" && profile.sm4 === "none" ? [] : [algorithm];
  }

  /**
   * This family has one code for X9.9 and X9.19. With a short key both are the same; which of them it means with a long one nobody has recorded, and
   * that one is not asked for.
   */
  mac(request: { readonly place: PadKeyPlace; readonly method: PadMacMethod; readonly data: Bytes }, limits: Limits): Promise<Bytes> {
    const { place, method, data } = request;
    if (method === "sm4-unionpay") return this.#sm4DialectMac(place, data, limits);
    const size = this.#keySizes.get(placeName(place));
    assert(data.length >= 1 && data.length <= (method === "sm4-cbc" ? MAC_CHUNK_MAX : MAC_DATA_MAX), "the pad makes a MAC over so many bytes");
    return this.#alone(limits, async (left) => {
      if (method === "x9.19" && size === "tdes")
        throw new Fault("pad-refused", "what this pad makes of X9.19 with a key of two halves is not known", { effectUnknown: false });
      await this.#command(0x46, Uint8Array.of(0x01, this.#algorithmCode(method === "sm4-cbc" ? "sm4" : "3des", size === "des" ? 8 : 16)), left);
      await this.#command(0x46, Uint8Array.of(0x06, method === "unionpay" ? 0x03 : 0x01), left);
      await this.#activate(place, left);
      if (method === "sm4-cbc") return this.#macOf(data, left);
      const blocks = zeroFilled(data);
      // Joining the blocks needs no key: the pad is given what it would have made of them itself.
      return method === "unionpay" ? this.#macOf(joined(blocks), left) : this.#chained(blocks, left);
    });
  }

  /** No code for it is known, so that the pad is asked for its two encipherments alone: what stands between them needs no key. */
  #sm4DialectMac(place: PadKeyPlace, data: Bytes, limits: Limits): Promise<Bytes> {
    assert(data.length >= 1 && data.length <= MAC_DATA_MAX, "the pad makes a MAC over so many bytes");
    return this.#alone(limits, async (left) => {
      await this.#command(0x46, Uint8Array.of(0x01, this.#algorithmCode("sm4", SM4_BLOCK)), left);
      await this.#activate(place, left);
      const text = upperHex(joined(zeroFilled(data, SM4_BLOCK), SM4_BLOCK));
      const half = await this.#enciphered(text.subarray(0, SM4_BLOCK), left);
      const whole = await this.#enciphered(xorBytes(half, text.subarray(SM4_BLOCK)), left);
      return upperHex(whole).subarray(0, MAC_BLOCK);
    });
  }

  async #enciphered(block: Bytes, left: Left): Promise<Bytes> {
    const { data } = await this.#command(0x36, block, left);
    if (data.length !== block.length) throw new Fault("device-answer-malformed", "the pad's cipher text has another length", { effectUnknown: false });
    return data;
  }

  /** The MAC of one part goes on into the next one, as within a part: more than one command holds is one chain all the same. */
  async #chained(blocks: Bytes, left: Left): Promise<Bytes> {
    let link: Bytes = new Uint8Array(MAC_BLOCK);
    for (let at = 0; at < blocks.length; at += MAC_CHUNK_MAX) {
      const part = blocks.subarray(at, at + MAC_CHUNK_MAX);
      link = await this.#macOf(concat(xorBytes(link, part.subarray(0, MAC_BLOCK)), part.subarray(MAC_BLOCK)), left);
    }
    return link;
  }

  async #macOf(data: Bytes, left: Left): Promise<Bytes> {
    const answer = await this.#exchange.send(0x41, data, bounded(left(), COMMAND_MS + Math.ceil(data.length / MAC_BLOCK) * MAC_BLOCK_MS));
    this.#demandDone(answer);
    if (answer.data.length !== MAC_BLOCK) throw new Fault("device-answer-malformed", "the pad's MAC has not eight bytes", { effectUnknown: false });
    return answer.data;
  }

  /** Runs work that needs the pad for itself; `left` tells what is left of `limits`. */
  #alone<Value>(limits: Limits, work: (left: Left) => Promise<Value>): Promise<Value> {
    const left = countdown(this.#options.clock, limits);
    return this.#exchange.alone(limits, () => work(left));
  }

  /** Everything that comes before the holder is asked. */
  async #prepareEntry(accountTail: Bytes, left: Left): Promise<void> {
    const { pinKey, algorithm, profile } = this.#options;
    const digits = bcdToDigits(accountTail);
    assert(digits.ok && digits.digits.length === 12, "12 account digits in 6 bytes");
    await this.#command(0x46, Uint8Array.of(0x01, this.#algorithmCode(algorithm, 16)), left);
    await this.#command(0x46, Uint8Array.of(0x04, 0x10), left);
    await this.#command(0x46, Uint8Array.of(0x05, profile.parameter05 & 0xfe), left);
    await this.#command(0x34, utf8(digits.digits), left);
    await this.#activate(pinKey, left);
  }

  async #activate(place: PadKeyPlace, left: Left): Promise<void> {
    await this.#command(0x43, Uint8Array.of(place.master, VERIFY_FORM + place.master * KEYS_PER_MASTER + place.work), left);
  }

  async #entry(request: PinRequest, left: Left): Promise<PinBlockOutcome> {
    const checkValue = this.#checkValues.get(placeName(this.#options.pinKey));
    if (checkValue === undefined) throw new Fault("key-missing", "no working key was loaded for PIN blocks", { effectUnknown: false });
    const keys = this.#exchange.listenForKeys();
    try {
      return await this.#typed({ ...request, checkValue, keys }, left);
    } finally {
      keys.stop();
    }
  }

  /** What the holder types on a keypad that is switched on for it; it is off afterwards. */
  async #typed(entry: PinRequest & { readonly checkValue: Bytes; readonly keys: Ear<PadKey> }, left: Left): Promise<PinBlockOutcome> {
    try {
      await this.#command(0x45, u8(0x02), left);
      await this.#command(0x35, Uint8Array.of(entry.maxDigits, 0x01, 0x01, 0x00, this.#options.entrySeconds), left);
      const end = await this.#awaitEnd(entry.keys, entry.minDigits, left);
      if (end !== "entered") return { kind: end };
      const { data } = await this.#command(0x42, EMPTY, left);
      if (data.length !== 8 && data.length !== 16)
        throw new Fault("device-answer-malformed", "the pad's PIN block has neither 8 nor 16 bytes", { effectUnknown: false });
      this.#showsDigits = false;
      return { kind: "entered", block: data, keyCheckValue: entry.checkValue };
    } finally {
      await this.#keypadOff();
    }
  }

  /** A pad that is gone has no keypad to switch off; whatever ended the entry is told, not this. */
  async #keypadOff(): Promise<void> {
    const limits = { timeoutMs: COMMAND_MS, signal: new AbortController().signal };
    await this.#exchange.send(0x45, u8(0x00), limits).catch((fault: unknown) => {
      if (!isFault(fault)) throw fault;
    });
  }

  /** Waits for the holder; a star for each digit, nothing more, may arrive here. Keys give nobody more time. */
  async #awaitEnd(heard: Ear<PadKey>, minDigits: number, left: Left): Promise<"entered" | "cancelled" | "timed-out"> {
    const { clock, entrySeconds } = this.#options;
    const padLeft = countdown(clock, { ...left(), timeoutMs: entrySeconds * 1_000 + ENTRY_MARGIN_MS });
    let stars = 0;
    for (let keys = 0; keys < ENTRY_KEYS_MAX; keys += 1) {
      const key = await nextKey(heard, padLeft(), left());
      if (key === "clear-digit") throw this.#seeDigits({ effectUnknown: false });
      const ended = this.#endedBy(key, stars >= minDigits);
      if (ended !== undefined) return ended;
      stars = Math.max(0, stars + (STARS_OF.get(key) ?? 0));
    }
    return "cancelled";
  }

  /** A pad in its plain-text mode, or one whose keypad was on before it asked: nothing secret may be typed there. */
  #seeDigits({ effectUnknown }: { readonly effectUnknown: boolean }): Fault {
    this.#showsDigits = true;
    return new Fault("pad-refused", "the pad sends digits in the clear", { effectUnknown });
  }

  /** How a key ends the entry, if it does. Too few digits: the pad has ended it, and nobody can be asked to go on. */
  #endedBy(key: number | "timed-out", enough: boolean): "entered" | "cancelled" | "timed-out" | undefined {
    if (key === "timed-out") return key;
    if (key === KEY_END) return this.#options.profile.endKey === "timeout" ? "timed-out" : undefined;
    if (key === KEY_CONFIRM) return enough ? "entered" : "cancelled";
    return key === KEY_CANCEL ? "cancelled" : undefined;
  }

  async #command(code: number, data: Bytes, left: Left): Promise<PadAnswer> {
    const answer = await this.#exchange.send(code, data, bounded(left(), COMMAND_MS));
    this.#demandDone(answer);
    return answer;
  }

  #demandDone(answer: PadAnswer): void {
    this.#noteWarning(answer);
    const { status } = answer;
    if (status.kind === "done") return;
    if (status.kind === "key-missing") throw new Fault("key-missing", "the pad has no such key", { effectUnknown: false });
    if (status.kind === "timed-out") throw new Fault("timeout", "the pad gave up waiting", { effectUnknown: false });
    throw new Fault("pad-refused", `the pad refused: ${status.why}`, { effectUnknown: false });
  }

  #noteWarning({ status }: PadAnswer): void {
    if (status.kind === "done") this.#warning = status.warning;
  }

  #algorithmCode(algorithm: PadAlgorithm, keyLength: number): number {
    if (algorithm === "3des") return keyLength === 8 ? DONE_CODES.des : DONE_CODES.tdes;
    if (this.#options.profile.sm4 === "none") throw new Fault("pad-refused", "the SM4 commands of this pad are not known", { effectUnknown: false });
    return DONE_CODES.sm4;
  }
}

function keySize(wrapped: Bytes): "des" | "des-twice" | "tdes" {
  if (wrapped.length <= MAC_BLOCK) return "des";
  // Wrapped block by block: equal halves stay equal.
  return equalBytes(wrapped.subarray(0, MAC_BLOCK), wrapped.subarray(MAC_BLOCK)) ? "des-twice" : "tdes";
}

function zeroFilled(data: Bytes, block: number = MAC_BLOCK): Bytes {
  const blocks = new Uint8Array(Math.ceil(data.length / block) * block);
  blocks.set(data);
  return blocks;
}

function joined(blocks: Bytes, block: number = MAC_BLOCK): Bytes {
  let sum: Bytes = new Uint8Array(block);
  for (let at = 0; at < blocks.length; at += block) sum = xorBytes(sum, blocks.subarray(at, at + block));
  return sum;
}

function upperHex(bytes: Bytes): Bytes {
  return utf8(toHex(bytes).toUpperCase());
}

/** The caller's deadline is a fault, the pad's own is an outcome. */
async function nextKey(heard: Ear<PadKey>, pad: Limits, caller: Limits): Promise<number | "clear-digit" | "timed-out"> {
  try {
    const key = await heard.next(bounded(caller, pad.timeoutMs));
    return key.is === "key" ? key.key : key.is;
  } catch (fault) {
    if (isFault(fault, "timeout") && pad.timeoutMs < caller.timeoutMs) return "timed-out";
    throw fault;
  }
}

function placeName({ master, work }: PadKeyPlace): string {
  return `${master}/${work}`;
}
