/*
 * Goal: the holder sees and hears how a sale goes, and no sale waits for it.
 * Method: lamp and display are told beside the sale, one thing at a time, within bounds; what could not be told is logged once and forgotten.
 * In a quick payment nothing is told while the card is spoken to: the lamp hangs on the same reader, and its command would lengthen the tap.
 */
import type { Fen } from "../base/fen.ts";
import type { Log } from "../base/log.ts";
import type { Limits } from "../base/ports.ts";
import type { CustomerDisplay, Signal, SignalLamp } from "../drivers/peripherals.ts";
import type { CardChannel, CardReader } from "../drivers/ports.ts";
import { Teller } from "./teller.ts";

export interface FeedbackParts {
  readonly lamp?: SignalLamp;
  readonly display?: CustomerDisplay;
  readonly log: Log;
}

/** How a sale ended, as far as the holder is concerned. */
export type SaleEnd = "paid" | "refused" | "no-card";

/** A reader that blinks for a second and a half answers only then. */
const SIGNAL_MS = 3_000;
const SHOW_MS = 2_000;
const SIGNAL_OF: Readonly<Record<SaleEnd, Signal>> = { paid: "accepted", refused: "refused", "no-card": "idle" };

export class HolderFeedback {
  readonly #parts: FeedbackParts;
  readonly #lamp: Teller;
  readonly #display: Teller;
  readonly #closing = new AbortController();

  constructor(parts: FeedbackParts) {
    this.#parts = parts;
    this.#lamp = new Teller("lamp", parts.log);
    this.#display = new Teller("display", parts.log);
  }

  /** A sale begins: the amount is shown. */
  begin(amount: Fen): void {
    const { display } = this.#parts;
    if (display !== undefined) this.#display.tell(() => display.show("total", amount, this.#limits(SHOW_MS)));
  }

  /** A sale has ended. */
  end(how: SaleEnd): void {
    this.signal(SIGNAL_OF[how]);
    const { display } = this.#parts;
    if (display !== undefined) this.#display.tell(() => display.clear(this.#limits(SHOW_MS)));
  }

  signal(signal: Signal): void {
    const { lamp } = this.#parts;
    if (lamp !== undefined) this.#lamp.tell(() => lamp.signal(signal, this.#limits(SIGNAL_MS)));
  }

  /** The reader of one sale: it tells the holder that a card is wanted, and that the same one is wanted again; with `long`, that something is going on. */
  over(reader: CardReader, { long = false }: { readonly long?: boolean } = {}): CardReader {
    if (this.#parts.lamp === undefined) return reader;
    const wanted: { signal: Signal; told: Signal | undefined } = { signal: "idle", told: undefined };
    const ask = () => {
      if (wanted.told !== wanted.signal) this.signal(wanted.signal);
      wanted.told = wanted.signal;
    };
    return {
      name: reader.name,
      interface: reader.interface,
      waitForCard: async (limits): Promise<CardChannel> => {
        ask();
        const channel = await reader.waitForCard(limits);
        // Whoever waits for a card after this one wants it again.
        wanted.signal = "present-again";
        wanted.told = undefined;
        // What was not told by now would come between the commands for the card.
        this.#lamp.drop();
        if (long) this.signal("working");
        return channel;
      },
      waitForRemoval: (limits) => reader.waitForRemoval(limits),
      close: () => reader.close(),
    };
  }

  /** Resolves when nothing is being told any more. */
  async rest(): Promise<void> {
    await Promise.all([this.#lamp.rest(), this.#display.rest()]);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.rest();
  }

  #limits(timeoutMs: number): Limits {
    return { timeoutMs, signal: this.#closing.signal };
  }
}
