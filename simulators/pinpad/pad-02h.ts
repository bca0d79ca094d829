/*
 * A PIN pad of the 02h family, from its makers' papers: frames in both codings, status bytes, sixteen master keys with four working keys
 * each, key events between frames. Strict: what it does not know gets E0, what does not fit gets 15. TEST keys only.
 */
import { type Bytes, concat, fromHex, toHex, u8, utf8, xorBytes } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { cbcLastBlock, encryptBlocks, type KeyAlgorithm } from "../crypto/blocks.ts";
import { sendAnswer } from "../line/answer.ts";
import { type FarEnd, type LineFaults, NO_LINE_FAULTS } from "../line/far-end.ts";
import type { ScriptedHolder } from "./holder.ts";

export interface Pad02hSettings {
  readonly coding: "split" | "binary";
  readonly hexCase: "upper" | "lower";
  readonly closes: boolean;
  readonly check: "xor" | "sum";
  /** What the pad sends when the holder's time is over. */
  readonly endKey: "timeout" | "ignore";
  /** Whether the SM4 codes of the simulated profile are known (parameters 00 and 01 with 40). */
  readonly sm4: "none" | "sim";
}

export const PAD_SETTINGS: Pad02hSettings = { coding: "split", hexCase: "upper", closes: true, check: "xor", endKey: "timeout", sm4: "none" };

/** Faults of the pad itself, beside those of its line. */
export interface PadFaults extends LineFaults {
  readonly batteryBad: boolean;
  readonly masterKeyLost: boolean;
  /** It is in its plain-text mode: digits go over the line as they are. */
  readonly clearDigits: boolean;
}

export const NO_PAD_FAULTS: PadFaults = { ...NO_LINE_FAULTS, batteryBad: false, masterKeyLost: false, clearDigits: false };

export interface SimulatedPad02hParts {
  readonly clock: Clock;
  readonly suite: CipherSuite;
  readonly holder: ScriptedHolder;
  readonly settings?: Partial<Pad02hSettings>;
  /** Master key 0, 16 bytes, as injected before delivery. */
  readonly masterKeyHex?: string;
  /** What it wraps with; 3DES where nothing is said. */
  readonly masterAlgorithm?: KeyAlgorithm;
  readonly keyMs?: number;
  /** How many components a master key has that is typed; 2 where nothing is said. */
  readonly masterComponents?: number;
}

const START = 0x02;
const END = 0x03;
const MASTERS = 16;
const WORK_KEYS = 64;
const KEY_MS = 120;
const MASTER_COMPONENTS = 2;
/** How long it waits for somebody who types a master key. */
const MASTER_ENTRY_MS = 30_000;

/** What somebody types, until it is ended by a command. */
interface Typing {
  ended: boolean;
}

interface Entry extends Typing {
  digits: string;
  readonly length: number;
}

interface Reply {
  readonly status: number;
  readonly data?: Bytes;
}

export class SimulatedPad02h {
  readonly #parts: SimulatedPad02hParts;
  readonly #settings: Pad02hSettings;
  readonly #masters = new Map<number, { readonly key: Bytes; readonly algorithm: KeyAlgorithm }>();
  readonly #works = new Map<number, { readonly key: Bytes; readonly algorithm: KeyAlgorithm }>();
  readonly #parameters = new Map<number, number>([
    [0x00, 0x30],
    [0x01, 0x30],
    [0x02, 0x0f],
    [0x04, 0x10],
    [0x05, 0x00],
    [0x06, 0x01],
  ]);
  #end: FarEnd | undefined;
  #faults: PadFaults = NO_PAD_FAULTS;
  #active: { readonly key: Bytes; readonly algorithm: KeyAlgorithm } | undefined;
  #account: Bytes | undefined;
  #keypadOn = false;
  #entry: Entry | undefined;
  /** A master key is being typed. */
  #typing: Typing | undefined;
  #received: Bytes = new Uint8Array(0);
  #commands = 0;

  constructor(parts: SimulatedPad02hParts) {
    this.#parts = parts;
    this.#settings = { ...PAD_SETTINGS, ...parts.settings };
    this.#masters.set(0, { key: fromHex(parts.masterKeyHex ?? "0123456789ABCDEFFEDCBA9876543210"), algorithm: parts.masterAlgorithm ?? "3des" });
  }

  /** Commands understood so far: for tests that ask what was sent. */
  get commands(): number {
    return this.#commands;
  }

  /** Whether keys are heard: for tests that ask what an entry left behind. */
  get keypad(): "on" | "off" {
    return this.#keypadOn ? "on" : "off";
  }

  /** Hangs the pad on a line; it loses what it held of an entry, and keeps its keys. */
  attach(end: FarEnd): void {
    this.#end = end;
    this.#endTyping();
    this.#entry = undefined;
    this.#received = new Uint8Array(0);
    end.onBytes((bytes) => this.#hear(bytes));
  }

  setFaults(faults: Partial<PadFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  // ---- the wire

  #check(bytes: Bytes): number {
    return this.#settings.check === "xor" ? bytes.reduce((sum, byte) => sum ^ byte, 0) : bytes.reduce((sum, byte) => (sum + byte) % 256, 0);
  }

  #hear(bytes: Bytes): void {
    this.#received = concat(this.#received, bytes).slice(-1_024);
    for (;;) {
      const start = this.#received.indexOf(START);
      if (start < 0) {
        this.#received = new Uint8Array(0);
        return;
      }
      const taken = this.#frameAt(this.#received.slice(start + 1));
      if (taken === undefined) return;
      this.#received = this.#received.slice(start + 1 + taken.used);
      if (taken.body !== undefined) void this.#answer(taken.body);
    }
  }

  /** One frame behind its start: how many bytes it took, and its code and data where the check byte is right; undefined while it is not whole. */
  #frameAt(bytes: Bytes): { readonly used: number; readonly body: Bytes | undefined } | undefined {
    const plain = this.#settings.coding === "binary" ? bytes : fromDigits(bytes);
    const length = plain[0];
    if (length === undefined || plain.length < length + 2) return undefined;
    const whole = plain.slice(0, length + 2);
    const right = length > 0 && this.#check(whole.slice(0, -1)) === whole.at(-1);
    const used = whole.length * (this.#settings.coding === "binary" ? 1 : 2);
    return { used, body: right ? whole.slice(1, -1) : undefined };
  }

  async #answer(body: Bytes): Promise<void> {
    const reply = this.#obey(body[0] ?? 0, body.slice(1));
    if (reply !== undefined) await this.#reply(reply);
  }

  async #reply(reply: Reply): Promise<void> {
    const inner = concat(u8((reply.data?.length ?? 0) + 1), u8(reply.status), reply.data ?? new Uint8Array(0));
    const wire = this.#encode(concat(inner, u8(this.#check(inner))));
    await sendAnswer(this.#parts.clock, { end: this.#end, faults: this.#faults }, wire);
  }

  #encode(plain: Bytes): Bytes {
    const { coding, hexCase, closes } = this.#settings;
    if (coding === "binary") return concat(u8(START), plain);
    const digits = hexCase === "upper" ? toHex(plain).toUpperCase() : toHex(plain);
    return concat(u8(START), utf8(digits), closes ? u8(END) : new Uint8Array(0));
  }

  // ---- commands

  /** Undefined: the answer comes later. */
  #obey(command: number, data: Bytes): Reply | undefined {
    this.#commands += 1;
    // Whoever types a master key is stopped by a reset or by a keypad that goes off; nothing else fits meanwhile.
    if (this.#typing !== undefined && command !== 0x31 && command !== 0x45) return { status: 0x15 };
    switch (command) {
      case 0x23:
        return this.#askForMaster(data);
      case 0x30:
        return this.#done(concat(utf8("SIMPAD02H  V1.00"), fromHex("00000001"), new Uint8Array(6)));
      case 0x31:
        return this.#reset(data);
      case 0x32:
        return this.#loadMaster(data);
      case 0x33:
        return this.#loadWork(data);
      case 0x34:
        return this.#setAccount(data);
      case 0x35:
        return this.#startEntry(data);
      case 0x36:
      case 0x37:
        return this.#cipher(command, data);
      case 0x38:
        return data.length === 0 ? this.#done(utf8("SIM00001")) : { status: 0x15 };
      case 0x41:
        return this.#mac(data);
      case 0x42:
        return this.#pinBlock(data);
      case 0x43:
        return this.#activate(data);
      case 0x45:
        return this.#keypad(data);
      case 0x46:
        return this.#parameter(data);
      default:
        return { status: 0xe0 };
    }
  }

  #done(data?: Bytes): Reply {
    const status = this.#faults.batteryBad ? 0xc4 : this.#masters.size === 0 || this.#faults.masterKeyLost ? 0xa4 : 0x04;
    return data === undefined ? { status } : { status, data };
  }

  #reset(data: Bytes): Reply {
    if (data.length > 1 || (data.length === 1 && data[0] !== 0x38)) return { status: 0x15 };
    this.#keypadOn = false;
    this.#endTyping();
    this.#entry = undefined;
    this.#active = undefined;
    if (data.length === 1) {
      this.#masters.clear();
      this.#works.clear();
    }
    if (this.#faults.masterKeyLost) return { status: 0xf6 };
    return this.#faults.batteryBad ? { status: 0xf5 } : this.#done();
  }

  /** Algorithm that a parameter asks for; undefined where the pad does not know it. */
  #algorithm(parameter: number): KeyAlgorithm | undefined {
    const value = this.#parameters.get(parameter);
    if (value === 0x40) return this.#settings.sm4 === "sim" ? "sm4" : undefined;
    return "3des";
  }

  #loadMaster(data: Bytes): Reply {
    const [number = MASTERS] = data;
    const algorithm = this.#algorithm(0x00);
    if (number >= MASTERS || algorithm === undefined || (data.length !== 9 && data.length !== 17)) return { status: 0x15 };
    this.#masters.set(number, { key: doubled(data.slice(1)), algorithm });
    return this.#done();
  }

  #askForMaster(data: Bytes): Reply | undefined {
    const [number = MASTERS] = data;
    const algorithm = this.#algorithm(0x00);
    if (data.length !== 1 || number >= MASTERS || algorithm === undefined) return { status: 0x15 };
    const typing: Typing = { ended: false };
    this.#typing = typing;
    this.#keypadOn = true;
    void this.#typeMaster(typing, number, algorithm);
    return undefined;
  }

  /** One person after the other types a component; joined by XOR they are the key. Nothing is kept of a key that does not become whole. */
  async #typeMaster(typing: Typing, number: number, algorithm: KeyAlgorithm): Promise<void> {
    const width = this.#parameters.get(0x00) === 0x20 ? 8 : 16;
    let key: Bytes = new Uint8Array(width);
    let reply: Reply | undefined;
    for (let left = this.#parts.masterComponents ?? MASTER_COMPONENTS; left > 0 && reply === undefined; left -= 1) {
      const typed = await this.#typeComponent(typing, width);
      if (typing.ended) return;
      if ("status" in typed) reply = typed;
      else key = xorBytes(key, typed.component);
    }
    this.#endTyping();
    this.#keypadOn = false;
    if (reply === undefined) this.#masters.set(number, { key: doubled(key), algorithm });
    await this.#reply(reply ?? this.#done());
  }

  /** Hexadecimal digits and the key that confirms; what is missing at their end is 00. */
  async #typeComponent(typing: Typing, width: number): Promise<Reply | { readonly component: Bytes }> {
    const { holder, clock } = this.#parts;
    const act = holder.next();
    if (act.kind === "walks-away") {
      await clock.sleep(MASTER_ENTRY_MS);
      return { status: 0x80 };
    }
    const digits = act.kind === "enters" ? act.digits.toUpperCase() : "";
    await this.#press(digits, typing, () => undefined);
    if (typing.ended) return { status: 0x15 };
    this.#tellKey(act.kind === "enters" ? 0x0d : 0x1b);
    const fits = /^[0-9A-F]+$/.test(digits) && digits.length <= 2 * width;
    return fits ? { component: fromHex(digits.padEnd(2 * width, "0")) } : { status: 0x15 };
  }

  #endTyping(): void {
    if (this.#typing !== undefined) this.#typing.ended = true;
    this.#typing = undefined;
  }

  #loadWork(data: Bytes): Reply {
    const [masterNumber = MASTERS, number = 0] = data;
    const algorithm = this.#algorithm(0x00);
    const slot = number >= 0x40 && number < 0x40 + WORK_KEYS ? number - 0x40 : number < 4 ? masterNumber * 4 + number : undefined;
    const wrapped = data.slice(2);
    if (slot === undefined || algorithm === undefined || (wrapped.length !== 8 && wrapped.length !== 16)) return { status: 0x15 };
    const master = this.#masters.get(masterNumber);
    if (master === undefined || this.#faults.masterKeyLost) return { status: 0xb5 };
    const key = doubled(this.#decrypt(master, wrapped));
    this.#works.set(slot, { key, algorithm });
    const checkValue = encryptBlocks(this.#parts.suite, algorithm, key, new Uint8Array(algorithm === "sm4" ? 16 : 8)).slice(0, 4);
    return number >= 0x40 ? this.#done(checkValue) : this.#done();
  }

  #decrypt({ key, algorithm }: { readonly key: Bytes; readonly algorithm: KeyAlgorithm }, data: Bytes): Bytes {
    const handle = this.#parts.suite.secretKey(key);
    return algorithm === "sm4" ? this.#parts.suite.sm4Decrypt(handle, data) : this.#parts.suite.tdesDecrypt(handle, data);
  }

  #activate(data: Bytes): Reply {
    const [masterNumber = 0, number = 0] = data;
    if (data.length !== 2 || masterNumber >= MASTERS) return { status: 0x15 };
    const usesMaster = [0x60, 0x70].includes(this.#parameters.get(0x01) ?? 0);
    const key = usesMaster ? this.#masters.get(masterNumber) : this.#works.get(number >= 0x40 ? number - 0x40 : masterNumber * 4 + number);
    if (key === undefined) return { status: 0xb5 };
    this.#active = { key: key.key, algorithm: this.#algorithm(0x01) ?? key.algorithm };
    return this.#done();
  }

  #parameter(data: Bytes): Reply {
    const [parameter = 0xff, value = 0] = data;
    const allowed: ReadonlyMap<number, readonly number[]> = new Map([
      [0x00, this.#settings.sm4 === "sim" ? [0x20, 0x30, 0x40] : [0x20, 0x30]],
      [0x01, this.#settings.sm4 === "sim" ? [0x20, 0x30, 0x40, 0x60, 0x70] : [0x20, 0x30, 0x60, 0x70]],
      [0x02, [0x0f, 0xff, 0x00]],
      [0x04, [0x00, 0x10]],
      [0x05, [0x00, 0x01, 0x04, 0x05]],
      [0x06, [0x01, 0x02, 0x03]],
    ]);
    if (data.length !== 2 || allowed.get(parameter)?.includes(value) !== true) return { status: 0x15 };
    this.#parameters.set(parameter, value);
    return this.#done();
  }

  #setAccount(data: Bytes): Reply {
    if (data.length !== 12 || data.some((byte) => byte < 0x30 || byte > 0x39)) return { status: 0x15 };
    this.#account = data;
    return this.#done();
  }

  #keypad(data: Bytes): Reply {
    const [control = 0xff] = data;
    if (data.length !== 1 || ![0x00, 0x02, 0x03].includes(control)) return { status: 0x15 };
    this.#keypadOn = control !== 0x00;
    if (!this.#keypadOn && this.#entry !== undefined) this.#entry.ended = true;
    if (!this.#keypadOn) this.#endTyping();
    return this.#done();
  }

  #cipher(command: number, data: Bytes): Reply {
    const active = this.#active;
    if (active === undefined) return { status: 0xb5 };
    const block = active.algorithm === "sm4" ? 16 : 8;
    if (data.length === 0 || data.length % block !== 0 || data.length > 248) return { status: 0x15 };
    return this.#done(command === 0x36 ? encryptBlocks(this.#parts.suite, active.algorithm, active.key, data) : this.#decrypt(active, data));
  }

  #mac(data: Bytes): Reply {
    const active = this.#active;
    if (active === undefined) return { status: 0xb5 };
    if (data.length < 1 || data.length > 247) return { status: 0x15 };
    const block = active.algorithm === "sm4" ? 16 : 8;
    const padded = concat(data, new Uint8Array((block - (data.length % block)) % block));
    const { suite } = this.#parts;
    if (this.#parameters.get(0x06) === 0x03) return this.#done(unionPayMac(padded, (input) => encryptBlocks(suite, "3des", active.key, input)));
    return this.#done(cbcLastBlock(suite, active.algorithm, { key: active.key, iv: new Uint8Array(block), data: padded }).slice(0, 8));
  }

  // ---- the PIN

  #startEntry(data: Bytes): Reply {
    const [length = 0, , add = 0, , seconds = 0] = data;
    if (data.length !== 5 || length < 4 || length > 12 || ![0, 1, 2].includes(add)) return { status: 0x15 };
    if (this.#active === undefined || !this.#keypadOn || this.#account === undefined) return { status: 0xb5 };
    const entry: Entry = { digits: "", length, ended: false };
    this.#entry = entry;
    void this.#type(entry, seconds);
    return this.#done();
  }

  /** The holder at the keypad: each digit is a star on the wire, nothing more, unless the pad is in its plain-text mode. */
  async #type(entry: Entry, seconds: number): Promise<void> {
    const { holder, clock } = this.#parts;
    const act = holder.next();
    if (act.kind === "walks-away") {
      await clock.sleep(seconds * 1_000);
      if (!entry.ended && this.#settings.endKey === "timeout") this.#tellKey(0x00);
      return;
    }
    await this.#press(act.kind === "enters" ? act.digits : "", entry, (digit) => {
      entry.digits += digit;
    });
    if (!entry.ended) this.#tellKey(act.kind === "enters" ? 0x0d : 0x1b);
  }

  /** The keys one after the other, as long as somebody wants them, and the time before the last one. */
  async #press(digits: string, typing: Typing, take: (digit: string) => void): Promise<void> {
    const { clock, keyMs = KEY_MS } = this.#parts;
    for (const digit of digits) {
      await clock.sleep(keyMs);
      if (typing.ended) return;
      take(digit);
      this.#tellKey(this.#faults.clearDigits ? digit.charCodeAt(0) : 0x2a);
    }
    await clock.sleep(keyMs);
  }

  /** A key between frames, never inside one that is given slowly. */
  #tellKey(key: number): void {
    void sendAnswer(this.#parts.clock, { end: this.#end, faults: NO_LINE_FAULTS }, u8(key));
  }

  #pinBlock(data: Bytes): Reply {
    const { digits = "", length = 0 } = this.#entry ?? {};
    const active = this.#active;
    this.#entry = undefined;
    if (data.length > 0) return { status: 0x15 };
    if (digits.length < 4 || digits.length > length || active === undefined || this.#account === undefined) return { status: 0x15 };
    const block = active.algorithm === "sm4" ? 16 : 8;
    const field = fromHex(`0${digits.length.toString(16)}${digits}`.padEnd(block * 2, "f"));
    const account = concat(new Uint8Array(block - 6), fromHex(Buffer.from(this.#account).toString("latin1")));
    return this.#done(encryptBlocks(this.#parts.suite, active.algorithm, active.key, xorBytes(field, account)));
  }
}

function doubled(key: Bytes): Bytes {
  return key.length === 8 ? concat(key, key) : key;
}

function fromDigits(bytes: Bytes): Bytes {
  const text = Buffer.from(bytes).toString("latin1");
  const digits = /^[0-9a-fA-F]*/.exec(text)?.[0] ?? "";
  return new Uint8Array(Buffer.from(digits.slice(0, digits.length - (digits.length % 2)), "hex"));
}

/** All blocks joined by XOR, as sixteen digits; the first eight enciphered, joined with the last eight, enciphered again, as digits. */
function unionPayMac(padded: Bytes, encipher: (block: Bytes) => Bytes): Bytes {
  let joined: Bytes = new Uint8Array(8);
  for (let at = 0; at < padded.length; at += 8) joined = xorBytes(joined, padded.slice(at, at + 8));
  const digits = utf8(toHex(joined).toUpperCase());
  const second = encipher(xorBytes(encipher(digits.slice(0, 8)), digits.slice(8)));
  return utf8(toHex(second).toUpperCase()).slice(0, 8);
}
