/*
 * A receipt printer with Chinese fonts, from its makers' papers: it takes bytes into a buffer, prints line by line, and answers real-time
 * questions as they arrive. Strict: what it does not know, a line wider than its paper, and a character it has no picture of are noted.
 */
import { type Bytes, concat, u8 } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import { sendAnswer } from "../line/answer.ts";
import { type FarEnd, type LineFaults, NO_LINE_FAULTS } from "../line/far-end.ts";
import { type Command, type TakenCommand, takeCommand } from "./commands.ts";
import { Paper, type PrintedText } from "./paper.ts";

/** Masks of the status byte to each real-time question, by what the printer has to tell. */
export type ToldStatus = Readonly<
  Record<"paper-end" | "paper-low" | "cover-open" | "offline" | "error", readonly { readonly question: number; readonly mask: number }[]>
>;

export interface PrinterSettings {
  readonly columns: number;
  /** Whether it must be told to read Chinese. */
  readonly chineseMode: "send" | "assume";
  /** Whether it has a knife. */
  readonly cut: "full" | "feed-and-part" | "none";
  /** Whether it draws square codes. */
  readonly squareCodes: "native" | "text";
  readonly statusBits: ToldStatus;
}

export const PRINTER_SETTINGS: PrinterSettings = {
  columns: 32,
  chineseMode: "send",
  cut: "feed-and-part",
  squareCodes: "native",
  statusBits: {
    "paper-end": [
      { question: 1, mask: 0x08 },
      { question: 2, mask: 0x20 },
      { question: 4, mask: 0x60 },
    ],
    "paper-low": [{ question: 4, mask: 0x0c }],
    "cover-open": [
      { question: 1, mask: 0x08 },
      { question: 2, mask: 0x04 },
    ],
    offline: [{ question: 1, mask: 0x08 }],
    error: [
      { question: 1, mask: 0x08 },
      { question: 2, mask: 0x40 },
      { question: 3, mask: 0x08 },
    ],
  },
};

/** Faults of the printer itself, beside those of its line. */
export interface PrinterFaults extends LineFaults {
  readonly paperLow: boolean;
  readonly coverOpen: boolean;
  readonly offline: boolean;
  readonly error: boolean;
  /** Lines of paper that are left; it stops in the middle of a slip when they are used up. */
  readonly paperLines: number;
  /** It takes nothing more from the line until it is released. */
  readonly holdsLine: boolean;
  /** How long it prints at one line; real-time questions wait meanwhile, because nothing is taken from the line. */
  readonly lineMs: number;
  /** How long it prints at one line, with room for everything in its buffer: real-time questions are answered at once. */
  readonly bufferedLineMs: number;
}

export const NO_PRINTER_FAULTS: PrinterFaults = {
  ...NO_LINE_FAULTS,
  paperLow: false,
  coverOpen: false,
  offline: false,
  error: false,
  paperLines: Number.POSITIVE_INFINITY,
  holdsLine: false,
  lineMs: 0,
  bufferedLineMs: 0,
};

const STATUS_BASE = 0x12;
const REAL_TIME = 0x10;
const ASKS = 0x04;
const QUESTIONS = 4;
const SECOND_OF_FOUR = /^[0-9]$/;

type Formatting = Omit<PrintedText, "kind" | "text">;

const PLAIN: Formatting = { align: "left", bold: false, scale: 1 };

export class SimulatedPrinter {
  readonly paper = new Paper();
  /** What it did not understand, in its own words. */
  readonly mistakes: string[] = [];
  readonly #clock: Clock;
  readonly #settings: PrinterSettings;
  #faults: PrinterFaults = NO_PRINTER_FAULTS;
  #end: FarEnd | undefined;
  /** Sent by the terminal and not yet taken from the line. */
  #onLine: Bytes = new Uint8Array(0);
  #buffer: Bytes = new Uint8Array(0);
  #busy = false;
  #power = 0;
  #chinese = false;
  #formatting = PLAIN;
  #text = "";
  #stored: Bytes | undefined;

  constructor(parts: { readonly clock: Clock; readonly settings?: Partial<PrinterSettings> }) {
    this.#clock = parts.clock;
    this.#settings = { ...PRINTER_SETTINGS, ...parts.settings };
    this.#initialize();
  }

  /** Hangs the printer on a line. Its power comes with the line: what it held is lost, paper and faults stay. */
  attach(end: FarEnd): void {
    this.#end = end;
    this.#power += 1;
    this.#busy = false;
    this.#onLine = new Uint8Array(0);
    this.#buffer = new Uint8Array(0);
    this.#initialize();
    end.onBytes((bytes) => {
      this.#onLine = concat(this.#onLine, bytes);
      this.#work();
    });
  }

  /** A printer whose fault is over goes on with what it holds. */
  setFaults(faults: Partial<PrinterFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
    this.#work();
  }

  // ---- the line and the buffer

  #work(): void {
    const power = this.#power;
    for (;;) {
      const before = this.#onLine.length;
      if (!this.#holdsLine()) this.#takeIn();
      if (this.#busy || !this.#canPrint() || power !== this.#power) return;
      const taken = this.#nextCommand();
      if (taken === undefined && this.#onLine.length < before && this.#onLine.length > 0) continue;
      if (taken === undefined) return;
      this.#buffer = this.#buffer.slice(taken.used);
      this.#obey(taken.command);
    }
  }

  #nextCommand(): TakenCommand | undefined {
    return this.#buffer.length === 0 ? undefined : takeCommand(this.#buffer, this.#chinese);
  }

  /** A slow printer has room for one line; one that cannot print has room, and answers. */
  #holdsLine(): boolean {
    const { holdsLine, lineMs } = this.#faults;
    return holdsLine || (lineMs > 0 && this.#canPrint() && (this.#busy || this.#nextCommand() !== undefined));
  }

  /** Real-time questions are answered as they arrive; everything else goes into the buffer. */
  #takeIn(): void {
    const bytes = this.#onLine;
    let at = 0;
    const kept: number[] = [];
    while (at < bytes.length) {
      const question = this.#questionAt(bytes, at);
      if (question === "not whole") break;
      if (question === undefined) kept.push(bytes[at] ?? 0);
      else this.#answerNow(question);
      at += question === undefined ? 1 : 3;
      // A slow printer takes no more than a line from its line at once.
      if (question === undefined && bytes[at - 1] === 0x0a && this.#faults.lineMs > 0) break;
    }
    this.#onLine = bytes.slice(at);
    this.#buffer = concat(this.#buffer, Uint8Array.from(kept));
  }

  #questionAt(bytes: Bytes, at: number): number | "not whole" | undefined {
    if (bytes[at] !== REAL_TIME) return undefined;
    const [second, question] = bytes.slice(at + 1, at + 3);
    if (second === undefined || (second === ASKS && question === undefined)) return "not whole";
    return second === ASKS && question !== undefined && question >= 1 && question <= QUESTIONS ? question : undefined;
  }

  #conditions(): readonly (keyof ToldStatus)[] {
    const { paperLow, coverOpen, offline, error, paperLines } = this.#faults;
    const all = { "paper-low": paperLow, "cover-open": coverOpen, offline, error, "paper-end": paperLines <= 0 };
    return (Object.keys(all) as (keyof ToldStatus)[]).filter((condition) => all[condition]);
  }

  #canPrint(): boolean {
    return this.#conditions().every((condition) => condition === "paper-low");
  }

  #answerNow(question: number): void {
    const masks = this.#conditions().flatMap((condition) => this.#settings.statusBits[condition]);
    this.#send(masks.filter((each) => each.question === question).reduce((byte, { mask }) => byte | mask, STATUS_BASE));
  }

  #send(byte: number): void {
    void sendAnswer(this.#clock, { end: this.#end, faults: this.#faults }, u8(byte));
  }

  // ---- printing

  #initialize(): void {
    this.#chinese = this.#settings.chineseMode === "assume";
    this.#formatting = PLAIN;
    this.#text = "";
    this.#stored = undefined;
  }

  #obey(command: Command): void {
    switch (command.is) {
      case "initialize":
        return this.#initialize();
      case "chinese-on":
      case "chinese-off":
        this.#chinese = command.is === "chinese-on" || this.#settings.chineseMode === "assume";
        return;
      case "text":
        return this.#put(command.bytes);
      case "print-line":
        return this.#printLine();
      case "align":
      case "bold":
      case "size":
        return this.#format(command.is, command.value);
      case "feed":
        return this.paper.add({ kind: "feed", lines: command.value });
      case "cut":
        return this.#cut(command.value);
      case "ask-in-turn":
        return command.value === 0x01 ? this.#send(this.#faults.paperLow ? 0x03 : 0x00) : this.#note(`1d 72 ${command.value}`);
      case "store-code":
      case "print-code":
      case "code-setting":
        return this.#code(command);
      case "mistake":
        return this.#note(command.what);
    }
  }

  #note(what: string): void {
    this.mistakes.push(what);
  }

  #put(bytes: Bytes): void {
    if (bytes.length === 1 && (bytes[0] ?? 0) >= 0x80) {
      this.#note("a byte of another alphabet");
      this.#text += "?";
      return;
    }
    const second = String.fromCharCode(bytes[1] ?? 0);
    const text = new TextDecoder("gbk").decode(bytes);
    if (SECOND_OF_FOUR.test(second) || /[\ufffd\p{Co}]/u.test(text)) this.#note(`no picture of ${Buffer.from(bytes).toString("hex")}`);
    this.#text += text;
  }

  #printLine(): void {
    const { scale } = this.#formatting;
    const width = Array.from(this.#text, (character) => (character < "\u0080" ? scale : scale * 2)).reduce((total, each) => total + each, 0);
    if (width > this.#settings.columns) this.#note(`a line of ${width} columns`);
    this.paper.add({ kind: "text", text: this.#text, ...this.#formatting });
    this.#text = "";
    this.#faults = { ...this.#faults, paperLines: this.#faults.paperLines - 1 };
    this.#rest(Math.max(this.#faults.lineMs, this.#faults.bufferedLineMs));
  }

  #rest(durationMs: number): void {
    if (durationMs <= 0) return;
    this.#busy = true;
    const power = this.#power;
    void this.#clock.sleep(durationMs).then(() => {
      if (power !== this.#power) return;
      this.#busy = false;
      this.#work();
    });
  }

  #format(what: "align" | "bold" | "size", value: number): void {
    if (this.#text !== "") this.#note(`${what} in the middle of a line`);
    const align = (["left", "center", "right"] as const)[value];
    if (what === "align" && align !== undefined) this.#formatting = { ...this.#formatting, align };
    else if (what === "bold" && value <= 1) this.#formatting = { ...this.#formatting, bold: value === 1 };
    else if (what === "size" && (value === 0x00 || value === 0x11)) this.#formatting = { ...this.#formatting, scale: value === 0x11 ? 2 : 1 };
    else this.#note(`${what} ${value}`);
  }

  #cut(value: number): void {
    if (this.#settings.cut === "none") this.#note("it has no knife");
    else this.paper.add({ kind: "cut", how: value === 0x00 || value === 0x41 ? "full" : "part" });
  }

  #code(command: Extract<Command, { readonly is: "store-code" } | { readonly is: "code-setting" | "print-code" }>): void {
    if (this.#settings.squareCodes === "text") return this.#note("it draws no square codes");
    if (command.is === "store-code") this.#stored = command.data;
    if (command.is !== "print-code") return;
    if (this.#stored === undefined) return this.#note("no code is stored");
    this.paper.add({ kind: "code", text: new TextDecoder().decode(this.#stored) });
    this.#stored = undefined;
  }
}
