/*
 * Goal: the holder sees and hears what the lane says, and no tap waits for it.
 * Method: lamp and display are told beside the lane, one thing at a time; what waits is dropped when a card comes, because the lamp hangs on
 * the same reader. The fare is shown first, and the balance after it.
 */
import { isFault } from "../../base/fault.ts";
import type { Fen } from "../../base/fen.ts";
import type { Log } from "../../base/log.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { CustomerDisplay, DisplayedAmount, Signal, SignalLamp } from "../../drivers/peripherals.ts";
import { Teller } from "../teller.ts";
import type { LanePrompt } from "./lane.ts";

export interface PrompterParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly lamp?: SignalLamp;
  readonly display?: CustomerDisplay;
}

const SIGNAL_MS = 3_000;
const SHOW_MS = 2_000;
/** How long the fare stands before the balance takes its place. */
const FARE_MS = 1_500;

const SIGNAL_OF: Readonly<Record<LanePrompt["what"], Signal>> = {
  ready: "idle",
  go: "accepted",
  "go-again": "accepted",
  refused: "refused",
  "present-again": "present-again",
  "one-card": "present-again",
  closed: "refused",
  fire: "accepted",
};

export class LanePrompter {
  readonly #parts: PrompterParts;
  readonly #lamp: Teller;
  readonly #display: Teller;
  readonly #closing = new AbortController();
  #turning = new AbortController();

  constructor(parts: PrompterParts) {
    this.#parts = parts;
    this.#lamp = new Teller("lamp", parts.log);
    this.#display = new Teller("display", parts.log);
  }

  tell(prompt: LanePrompt): void {
    const { lamp, display } = this.#parts;
    this.#turning.abort();
    if (lamp !== undefined) this.#lamp.tell(() => lamp.signal(SIGNAL_OF[prompt.what], this.#limits(SIGNAL_MS)));
    if (display !== undefined) this.#show(display, prompt);
  }

  /** A card has come: what was not told by now would be in its way. */
  hush(): void {
    this.#lamp.drop();
  }

  async close(): Promise<void> {
    this.#turning.abort();
    this.#closing.abort();
    await Promise.all([this.#lamp.rest(), this.#display.rest()]);
  }

  #show(display: CustomerDisplay, { fare, balanceAfter }: LanePrompt): void {
    const amount = (what: DisplayedAmount, value: Fen) => this.#display.tell(() => display.show(what, value, this.#limits(SHOW_MS)));
    if (fare !== undefined) {
      amount("total", fare);
      if (balanceAfter !== undefined) void this.#afterwards(() => amount("balance", balanceAfter));
    } else if (balanceAfter !== undefined) amount("balance", balanceAfter);
    else this.#display.tell(() => display.clear(this.#limits(SHOW_MS)));
  }

  async #afterwards(show: () => void): Promise<void> {
    const turning = new AbortController();
    this.#turning = turning;
    try {
      await this.#parts.clock.sleep(FARE_MS, turning.signal);
      show();
    } catch (fault) {
      if (!isFault(fault, "cancelled")) throw fault;
    }
  }

  #limits(timeoutMs: number): Limits {
    return { timeoutMs, signal: this.#closing.signal };
  }
}
