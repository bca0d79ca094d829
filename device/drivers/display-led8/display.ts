/* A customer's display of eight digits with four lamps. It never answers, so that only the line says whether it is there. Spec: LED8, commands. */
import { type Bytes, concat, EMPTY, fromHex, u8, utf8 } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import { type Fen, formatYuan } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import type { ByteLine } from "../framing/lines.ts";
import type { CustomerDisplay, DeviceHealth, DisplayedAmount } from "../peripherals.ts";

/** Lamp of each meaning. Only the total's is printed in the papers; the others differ by maker. */
export type DisplayLamps = Readonly<Record<DisplayedAmount, number>>;

/** No lamp means a balance: it is shown with all of them off. */
export const DEFAULT_LAMPS: DisplayLamps = { price: 0x31, total: 0x32, received: 0x33, change: 0x34, balance: 0x30 };

const INITIALIZE = fromHex("1b40");
const CLEAR = fromHex("0c");
const LAMPS_OFF = fromHex("1b7330");
/** 999,999.99 yuan: eight digits and a point. */
const SHOWN_MAX = 99_999_999;

export interface DisplayOptions {
  readonly lamps?: DisplayLamps;
}

/** An amount as the display wants it; one that has no room is shown as bars, never cut. */
export function displayedAmount(amount: Fen): Bytes {
  if (amount > SHOWN_MAX) return utf8("--------");
  return utf8(formatYuan(amount));
}

export class Led8Display implements CustomerDisplay {
  readonly name: string;
  readonly #line: ByteLine;
  readonly #lamps: DisplayLamps;
  readonly #stop: () => void;
  #initialized = false;

  constructor(line: ByteLine, options: DisplayOptions = {}) {
    this.#line = line;
    this.#lamps = options.lamps ?? DEFAULT_LAMPS;
    this.name = `display on ${line.name}`;
    // One that was away has lost its state.
    this.#stop = line.onState(() => {
      this.#initialized = false;
    });
  }

  async show(what: DisplayedAmount, amount: Fen, limits: Limits): Promise<void> {
    await this.#write(concat(fromHex("1b73"), u8(this.#lamps[what]), fromHex("1b5141"), displayedAmount(amount), u8(0x0d)), limits);
  }

  async clear(limits: Limits): Promise<void> {
    await this.#write(concat(CLEAR, LAMPS_OFF), limits);
  }

  async health(): Promise<DeviceHealth> {
    return this.#line.state === "open" ? { kind: "well" } : { kind: "away" };
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#line.close();
  }

  async #write(bytes: Bytes, limits: Limits): Promise<void> {
    const first = this.#initialized ? EMPTY : INITIALIZE;
    // Also when only a part was taken: what comes next begins anew.
    this.#initialized = false;
    try {
      await this.#line.write(concat(first, bytes), limits);
    } catch (fault) {
      // What hangs is being replaced: for whoever shows something the display is gone for a while.
      if (isFault(fault, "device-hung")) throw new Fault("device-gone", fault.message, { effectUnknown: fault.effectUnknown, cause: fault });
      throw fault;
    }
    this.#initialized = true;
  }
}

/** A display on a line; it need not be there yet. */
export function openLed8Display(line: ByteLine, options: DisplayOptions = {}): Led8Display {
  return new Led8Display(line, options);
}
