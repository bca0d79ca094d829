/*
 * One command to the pad and its answer, one at a time. Input that came before is thrown away first, as the pad's own libraries do: an
 * answer that nobody waited for must not be taken for this one's.
 */
import type { Bytes } from "../../base/bytes.ts";
import { withDeadline } from "../../base/deadline.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { ByteLine } from "../framing/lines.ts";
import { encodeFrame, type PadCoding, PadFrameReader } from "./frame.ts";
import { type PadStatus, padStatus } from "./status.ts";

export interface PadAnswer {
  readonly status: PadStatus;
  readonly data: Bytes;
}

/** Key events kept for whoever takes a PIN; a stuck key must not fill the memory. */
const KEYS_MAX = 64;

interface Waiting {
  resolve(answer: PadAnswer): void;
  reject(fault: Fault): void;
}

export class PadExchange {
  readonly #line: ByteLine;
  readonly #clock: Clock;
  readonly #coding: PadCoding;
  readonly #reader: PadFrameReader;
  readonly #stops: readonly (() => void)[];
  #waiting: Waiting | undefined;
  #keys: number[] = [];
  #keyWaiting: ((key: number) => void) | undefined;
  #lossWaiting: ((fault: Fault) => void) | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(line: ByteLine, options: { readonly clock: Clock; readonly coding: PadCoding }) {
    this.#line = line;
    this.#clock = options.clock;
    this.#coding = options.coding;
    this.#reader = new PadFrameReader(options.coding);
    this.#stops = [
      line.onBytes((bytes) => this.#hear(bytes)),
      line.onState((state) => {
        if (state !== "open") this.#lose();
      }),
    ];
  }

  /** Runs work that needs the pad for itself, after whatever was begun before; the wait counts against `limits`. */
  async alone<Value>(limits: Limits, work: () => Promise<Value>): Promise<Value> {
    const before = this.#tail;
    let free: () => void = () => undefined;
    this.#tail = new Promise<void>((resolve) => {
      free = resolve;
    });
    try {
      await withDeadline(before, { ...limits, clock: this.#clock, what: "the pad is busy", effectUnknown: false });
      return await work();
    } finally {
      // Behind a wait that was given up, the one before it still holds the pad.
      void before.then(free, free);
    }
  }

  /** Sends a command and resolves with its answer. Faults: "pad-gone", "timeout", "cancelled". */
  async send(code: number, data: Bytes, limits: Limits): Promise<PadAnswer> {
    this.#reader.reset();
    const answered = new Promise<PadAnswer>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    // A loss during the write rejects it too; it is looked at below.
    answered.catch(() => undefined);
    try {
      await this.#line.write(encodeFrame(this.#coding, code, data), limits);
      return await withDeadline(answered, { ...limits, clock: this.#clock, what: "the pad's answer", effectUnknown: true });
    } catch (fault) {
      throw asPadFault(fault);
    } finally {
      this.#waiting = undefined;
    }
  }

  /** Forgets the keys that were pressed before. */
  dropKeys(): void {
    this.#keys = [];
  }

  /** The next key event. Faults: "pad-gone", "timeout", "cancelled". */
  async nextKey(limits: Limits): Promise<number> {
    const kept = this.#keys.shift();
    if (kept !== undefined) return kept;
    const pressed = new Promise<number>((resolve, reject) => {
      this.#keyWaiting = resolve;
      this.#lossWaiting = reject;
    });
    try {
      return await withDeadline(pressed, { ...limits, clock: this.#clock, what: "a key", effectUnknown: false });
    } finally {
      this.#keyWaiting = undefined;
      this.#lossWaiting = undefined;
    }
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#lose();
  }

  #hear(bytes: Bytes): void {
    for (const event of this.#reader.feed(bytes)) {
      if (event.is === "frame") this.#waiting?.resolve({ status: padStatus(event.code), data: event.data });
      else if (event.is === "key") this.#press(event.key);
    }
  }

  #press(key: number): void {
    if (this.#keyWaiting !== undefined) this.#keyWaiting(key);
    else if (this.#keys.length < KEYS_MAX) this.#keys.push(key);
    this.#keyWaiting = undefined;
  }

  #lose(): void {
    const fault = new Fault("pad-gone", "the pad went away", { effectUnknown: true });
    this.#keys = [];
    this.#waiting?.reject(fault);
    this.#lossWaiting?.(fault);
  }
}

/** What happens to a pad's line happens to the pad. */
export function asPadFault(fault: unknown): unknown {
  if (!isFault(fault, "device-gone", "device-hung")) return fault;
  return new Fault("pad-gone", fault.message, { effectUnknown: fault.effectUnknown, cause: fault });
}
