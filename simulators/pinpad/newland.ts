/*
 * A Newland NL-PP60 or PP66, from its manual: one command, one answer, and a PIN is a command that is answered when the holder has ended.
 * Strict: each refusal of the manual has its own condition. While it asks somebody it hears nothing but a reset. TEST keys only.
 */
import { type Bytes, concat, EMPTY, equalBytes, fromHex, u8, xorBytes } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { encryptBlocks } from "../crypto/blocks.ts";
import { sendAnswer } from "../line/answer.ts";
import { type FarEnd, type LineFaults, NO_LINE_FAULTS } from "../line/far-end.ts";
import type { ScriptedHolder } from "./holder.ts";

export interface NewlandPadSettings {
  /** The commands whose codes the manual does not tell. */
  readonly nlpp60Extra: "off" | { readonly random: number; readonly cancel: number };
  /** Where the keys lie. */
  readonly directory: number;
  /** How long the pad itself waits for the holder. */
  readonly entryMs: number;
  /** Whether an entry that a reset ends is answered all the same, before the reset is. */
  readonly answersEndedEntry: boolean;
}

export const NEWLAND_PAD_SETTINGS: NewlandPadSettings = { nlpp60Extra: "off", directory: 1, entryMs: 3_000, answersEndedEntry: false };

/** Faults of the pad itself, beside those of its line. */
export interface NewlandPadFaults extends LineFaults {
  readonly desBroken: boolean;
  readonly locked: boolean;
  readonly masterKeyLost: boolean;
}

export const NO_NEWLAND_PAD_FAULTS: NewlandPadFaults = { ...NO_LINE_FAULTS, desBroken: false, locked: false, masterKeyLost: false };

export interface SimulatedNewlandPadParts {
  readonly clock: Clock;
  readonly suite: CipherSuite;
  readonly holder: ScriptedHolder;
  readonly settings?: Partial<NewlandPadSettings>;
  /** Master key 0, 16 bytes, as injected before delivery. */
  readonly masterKeyHex?: string;
  readonly keyMs?: number;
}

/** What a key must be authorized with as long as no random number is asked for. TEST ONLY. */
export const NEWLAND_TEST_AUTHORIZATION = "5445535441555448";

const KEY_MS = 120;
const NUMBERS = 16;
const ERROR = {
  length: 0x01,
  authorization: 0x08,
  locked: 0x0b,
  checkByte: 0x0d,
  directory: 0x31,
  keyAbsent: 0x61,
  mode: 0x62,
  masterNumber: 0x63,
  workNumber: 0x64,
  workMode: 0x65,
  noPinKey: 0x71,
  bounds: 0x74,
  timeOut: 0x76,
  cancelled: 0x77,
  entriesDiffer: 0x78,
  desHardware: 0x92,
  exception: 0xff,
} as const;

type Reply = { readonly data: Bytes } | { readonly error: number };

const checkOf = (bytes: Bytes): number => bytes.reduce((total, byte) => total ^ byte, 0);

export class SimulatedNewlandPad {
  readonly #parts: SimulatedNewlandPadParts;
  readonly #settings: NewlandPadSettings;
  readonly #masters = new Map<number, Bytes>();
  readonly #works = new Map<string, Bytes>();
  #end: FarEnd | undefined;
  #faults: NewlandPadFaults = NO_NEWLAND_PAD_FAULTS;
  #directory = 0;
  #pinKey: Bytes | undefined;
  #random: Bytes | undefined;
  #drawn = 0;
  #entry: { ended: boolean; readonly command: number } | undefined;
  #received: Bytes = EMPTY;
  readonly #commands: number[] = [];

  constructor(parts: SimulatedNewlandPadParts) {
    this.#parts = parts;
    this.#settings = { ...NEWLAND_PAD_SETTINGS, ...parts.settings };
    this.#masters.set(0, fromHex(parts.masterKeyHex ?? "0123456789ABCDEFFEDCBA9876543210"));
  }

  /** Codes of the commands obeyed or refused so far: for tests that ask what was sent. */
  get commands(): readonly number[] {
    return this.#commands;
  }

  /** Whether somebody is being asked for a PIN just now. */
  get asks(): boolean {
    return this.#entry !== undefined;
  }

  /** Hangs the pad on a line; it loses the entry and its directory, and keeps its keys. */
  attach(end: FarEnd): void {
    this.#end = end;
    this.#endEntry();
    this.#directory = 0;
    this.#received = EMPTY;
    end.onBytes((bytes) => this.#hear(bytes));
  }

  setFaults(faults: Partial<NewlandPadFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  // ---- the wire

  #hear(bytes: Bytes): void {
    this.#received = concat(this.#received, bytes);
    for (;;) {
      const [, length] = this.#received;
      if (length === undefined || this.#received.length < length + 3) return;
      const frame = this.#received.slice(0, length + 3);
      this.#received = this.#received.slice(length + 3);
      this.#take(frame);
    }
  }

  #take(frame: Bytes): void {
    const [command = 0] = frame;
    const { nlpp60Extra } = this.#settings;
    const ends = command === 0xd5 || (nlpp60Extra !== "off" && command === nlpp60Extra.cancel);
    if (this.#entry !== undefined && !ends) return;
    this.#commands.push(command);
    if (checkOf(frame) !== 0) {
      void this.#reply(command, { error: ERROR.checkByte });
      return;
    }
    const reply = this.#obey(command, frame.slice(2, -1));
    if (reply !== undefined) void this.#reply(command, reply);
  }

  async #reply(command: number, reply: Reply): Promise<void> {
    const body = "data" in reply ? concat(u8(command), u8(reply.data.length), reply.data) : Uint8Array.of(command & 0x7f, 0x01, reply.error);
    await this.#send(concat(body, u8(checkOf(body))));
  }

  async #send(wire: Bytes): Promise<void> {
    // The check byte: a wrong length would be taken for a frame that is not whole.
    await sendAnswer(this.#parts.clock, { end: this.#end, faults: this.#faults, garbledFromEnd: 1 }, wire);
  }

  // ---- commands

  /** Undefined: the answer comes later. */
  #obey(command: number, data: Bytes): Reply | undefined {
    const { nlpp60Extra } = this.#settings;
    if (command === 0xd5) return this.#reset(data);
    if (this.#faults.locked) return { error: ERROR.locked };
    if (command === 0xd6) return this.#chooseDirectory(data);
    if (command === 0x81) return this.#loadWorkKey(data);
    if (command === 0x83 || command === 0x84) return this.#startEntry(command, data);
    if (nlpp60Extra !== "off" && command === nlpp60Extra.random) return this.#draw(data);
    if (nlpp60Extra !== "off" && command === nlpp60Extra.cancel) return this.#reset(data);
    return { error: ERROR.exception };
  }

  #reset(data: Bytes): Reply {
    if (data.length !== 0) return { error: ERROR.length };
    const ended = this.#entry;
    this.#endEntry();
    if (ended !== undefined && this.#settings.answersEndedEntry) void this.#reply(ended.command, { error: ERROR.cancelled });
    return { data: EMPTY };
  }

  #chooseDirectory(data: Bytes): Reply {
    const [directory = 0xff] = data;
    if (data.length !== 1) return { error: ERROR.length };
    if (directory > 4) return { error: ERROR.directory };
    this.#directory = directory;
    return { data: EMPTY };
  }

  #draw(data: Bytes): Reply {
    if (data.length !== 0) return { error: ERROR.length };
    this.#drawn += 1;
    this.#random = encryptBlocks(this.#parts.suite, "3des", new Uint8Array(16), Uint8Array.of(0, 0, 0, 0, 0, 0, this.#drawn >>> 8, this.#drawn & 0xff));
    return { data: this.#random };
  }

  #loadWorkKey(data: Bytes): Reply {
    if (data.length !== 0x1d) return { error: ERROR.length };
    const [masterNumber = NUMBERS, workNumber = NUMBERS, mode = 0] = data;
    if (masterNumber >= NUMBERS) return { error: ERROR.masterNumber };
    if (workNumber >= NUMBERS) return { error: ERROR.workNumber };
    if ((mode & 0x80) === 0 || ![1, 2].includes(mode & 0x03)) return { error: ERROR.mode };
    if ((mode & 0x10) === 0) return { error: ERROR.workMode };
    const authorization = data.slice(21);
    if (!equalBytes(authorization, this.#wantedAuthorization())) return { error: ERROR.authorization };
    this.#random = undefined;
    const master = this.#masters.get(masterNumber);
    if (master === undefined || this.#faults.masterKeyLost || this.#directory !== this.#settings.directory) return { error: ERROR.keyAbsent };
    if (this.#faults.desBroken) return { error: ERROR.desHardware };
    const key = this.#parts.suite.tdesDecrypt(this.#parts.suite.secretKey(master), data.slice(3, 19));
    this.#works.set(`${masterNumber}/${workNumber}`, key);
    if ((mode & 0x03) === 2) this.#pinKey = key;
    return { data: authorization };
  }

  /** The simulated maker's way, where there are random numbers: the last one under master key 0, once. */
  #wantedAuthorization(): Bytes {
    if (this.#settings.nlpp60Extra === "off") return fromHex(NEWLAND_TEST_AUTHORIZATION);
    const master = this.#masters.get(0) ?? new Uint8Array(16);
    return this.#random === undefined ? EMPTY : encryptBlocks(this.#parts.suite, "3des", master, this.#random);
  }

  // ---- the PIN

  #startEntry(command: number, data: Bytes): Reply | undefined {
    if (data.length !== 0x12) return { error: ERROR.length };
    const [min = 0, max = 0] = data;
    const account = data.slice(2 + 4);
    if (min < 4 || max > 12 || min > max) return { error: ERROR.bounds };
    if (account.some((byte) => byte < 0x30 || byte > 0x39)) return { error: ERROR.exception };
    if (this.#pinKey === undefined || this.#directory !== this.#settings.directory) return { error: ERROR.noPinKey };
    if (this.#faults.desBroken) return { error: ERROR.desHardware };
    const entry = { ended: false, command };
    this.#entry = entry;
    void this.#ask(entry, { min, max, account: fromHex(Buffer.from(account).toString("latin1")), key: this.#pinKey });
    return undefined;
  }

  async #ask(
    entry: { ended: boolean; readonly command: number },
    to: { readonly min: number; readonly max: number; readonly account: Bytes; readonly key: Bytes },
  ): Promise<void> {
    const entries: string[] = [];
    let reply: Reply | undefined;
    for (let round = entry.command === 0x84 ? 2 : 1; round > 0 && reply === undefined; round -= 1) {
      const typed = await this.#type(to.min, to.max);
      if (typeof typed === "string") entries.push(typed);
      else reply = typed;
      if (entry.ended) return;
    }
    this.#entry = undefined;
    const [first = "", second = first] = entries;
    reply ??= first === second ? { data: this.#block(first, to) } : { error: ERROR.entriesDiffer };
    await this.#reply(entry.command, reply);
  }

  async #type(min: number, max: number): Promise<string | Reply> {
    const { holder, clock, keyMs = KEY_MS } = this.#parts;
    const act = holder.next();
    if (act.kind === "walks-away") {
      await clock.sleep(this.#settings.entryMs);
      return { error: ERROR.timeOut };
    }
    const digits = act.kind === "enters" ? act.digits : "";
    await clock.sleep(keyMs * (digits.length + 1));
    // A length outside the bounds cannot be confirmed on the keypad, so the holder gives up.
    return digits.length < min || digits.length > max ? { error: ERROR.cancelled } : digits;
  }

  #block(digits: string, to: { readonly account: Bytes; readonly key: Bytes }): Bytes {
    const field = fromHex(`0${digits.length.toString(16)}${digits}`.padEnd(16, "f"));
    return encryptBlocks(this.#parts.suite, "3des", to.key, xorBytes(field, concat(new Uint8Array(2), to.account)));
  }

  #endEntry(): void {
    if (this.#entry !== undefined) this.#entry.ended = true;
    this.#entry = undefined;
  }
}
