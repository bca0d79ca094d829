/* One command to the pad and its answer, one at a time; keys come between the answers, to whoever listens for them. */
import type { Bytes } from "../../base/bytes.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { type Ear, LineTalk } from "../framing/line-talk.ts";
import type { ByteLine } from "../framing/lines.ts";
import { encodeFrame, type PadCoding, type PadEvent, PadFrameReader } from "./frame.ts";
import { type PadStatus, padStatus } from "./status.ts";

export interface PadAnswer {
  readonly status: PadStatus;
  readonly data: Bytes;
}

/** A key, or a digit whose value nobody here learns. */
export type PadKey = Extract<PadEvent, { readonly is: "key" | "clear-digit" }>;
type ClearDigit = Extract<PadEvent, { readonly is: "clear-digit" }>;
type PadFrame = Extract<PadEvent, { readonly is: "frame" }>;

export class PadExchange {
  readonly #coding: PadCoding;
  readonly #talk: LineTalk<PadEvent>;

  constructor(line: ByteLine, options: { readonly clock: Clock; readonly coding: PadCoding }) {
    this.#coding = options.coding;
    this.#talk = new LineTalk(line, { clock: options.clock, reader: new PadFrameReader(options.coding), goneCode: "pad-gone" });
  }

  /** Runs work that needs the pad for itself, after whatever was begun before; the wait counts against `limits`. */
  alone<Value>(limits: Limits, work: () => Promise<Value>): Promise<Value> {
    return this.#talk.alone(limits, work);
  }

  /** Sends a command and resolves with its answer, both within `limits`. Faults: "pad-gone", "timeout", "cancelled", "closed". */
  async send(code: number, data: Bytes, limits: Limits): Promise<PadAnswer> {
    const frame = await this.#talk.ask(encodeFrame(this.#coding, code, data), isFrame, limits);
    return { status: padStatus(frame.code), data: frame.data };
  }

  /** Hears the keys that are pressed from now on. */
  listenForKeys(): Ear<PadKey> {
    return this.#talk.listenFor(isKey, { effectUnknown: false });
  }

  /** Hears digits that are sent in the clear from now on, while a command is under way that lets somebody type. */
  listenForDigits(): Ear<ClearDigit> {
    return this.#talk.listenFor(isClearDigit, { effectUnknown: true });
  }

  close(): void {
    this.#talk.close();
  }
}

function isFrame(event: PadEvent): event is PadFrame {
  return event.is === "frame";
}

function isKey(event: PadEvent): event is PadKey {
  return event.is === "key" || isClearDigit(event);
}

function isClearDigit(event: PadEvent): event is ClearDigit {
  return event.is === "clear-digit";
}
