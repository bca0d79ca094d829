/* A keypad that is a keyboard to the machine. Keys that nobody waits for are nobody's. */
import { withDeadline } from "../../base/deadline.ts";
import { Fault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { ReportLine } from "../framing/lines.ts";
import { amountOf, type KeypadKey, NOTHING_TYPED, press, type Typing } from "../framing/typed-amount.ts";
import type { AmountKeypad, AmountWish, DeviceHealth, TypedAmount } from "../peripherals.ts";
import { PressedKeys } from "./report.ts";

export interface HidKeypadOptions {
  readonly clock: Clock;
  /** 0 where the device numbers its reports not at all. */
  readonly reportId: number;
}

/** Keys that wait for a reader who is slow: more are dropped. */
const WAITING_MAX = 64;

type Heard = KeypadKey | "lost" | "closed";

interface Reading {
  readonly heard: Heard[];
  wake: () => void;
}

export class HidKeypad implements AmountKeypad {
  readonly name: string;
  readonly #line: ReportLine;
  readonly #clock: Clock;
  readonly #keys: PressedKeys;
  readonly #stops: readonly (() => void)[];
  #reading: Reading | undefined;
  #closed = false;

  constructor(line: ReportLine, { clock, reportId }: HidKeypadOptions) {
    this.name = `keypad on ${line.name}`;
    this.#line = line;
    this.#clock = clock;
    this.#keys = new PressedKeys(reportId);
    this.#stops = [
      line.onReport((report) => this.#hear(this.#keys.feed(report))),
      line.onState(() => {
        this.#keys.restart();
        this.#hear(["lost"]);
      }),
    ];
  }

  async readAmount(wish: AmountWish, limits: Limits): Promise<TypedAmount> {
    if (this.#closed) throw new Fault("closed", "the keypad was closed", { effectUnknown: false });
    if (this.#reading !== undefined) throw new Fault("device-refused", "an amount is being read already", { effectUnknown: false });
    const reading: Reading = { heard: [], wake: () => undefined };
    this.#reading = reading;
    try {
      return await this.#read(reading, wish, limits);
    } finally {
      this.#reading = undefined;
    }
  }

  async health(): Promise<DeviceHealth> {
    return this.#line.state === "open" ? { kind: "well" } : { kind: "away" };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const stop of this.#stops) stop();
    this.#hear(["closed"]);
    await this.#line.close();
  }

  async #read(reading: Reading, wish: AmountWish, limits: Limits): Promise<TypedAmount> {
    let typing: Typing = NOTHING_TYPED;
    // Each round ends with a key, a loss, the end of the keypad, or the caller's own deadline.
    for (;;) {
      const heard = await this.#next(reading, limits);
      if (heard === "closed") throw new Fault("closed", "the keypad was closed", { effectUnknown: false });
      const next = heard === "lost" ? NOTHING_TYPED : press(typing, heard, wish);
      if ("kind" in next) return next;
      if (next.text !== typing.text) wish.onTyped?.(amountOf(next, wish.typed));
      typing = next;
    }
  }

  async #next(reading: Reading, limits: Limits): Promise<Heard> {
    for (;;) {
      if (limits.signal.aborted) throw new Fault("cancelled", "an amount: cancelled", { effectUnknown: false });
      const heard = reading.heard.shift();
      if (heard !== undefined) return heard;
      const woken = new Promise<void>((resolve) => {
        reading.wake = resolve;
      });
      await withDeadline(woken, { ...limits, clock: this.#clock, what: "a key", effectUnknown: false });
    }
  }

  #hear(heard: readonly Heard[]): void {
    const reading = this.#reading;
    if (reading === undefined || heard.length === 0) return;
    // What is too much is a loss: an amount with a key missing in it is another amount.
    if (reading.heard.length + heard.length > WAITING_MAX) reading.heard.splice(0, reading.heard.length, "lost");
    else reading.heard.push(...heard);
    reading.wake();
  }
}

/** A keypad on a line; it need not be there yet. */
export function openHidKeypad(line: ReportLine, options: HidKeypadOptions): HidKeypad {
  return new HidKeypad(line, options);
}
