/*
 * The people: they present a card, try again when it fell out of the field, hold out another one, walk away, or come back much later.
 * They know nothing of the terminal but what it shows: "present the card again", "paid", "not paid".
 */
import { isFault } from "../../device/base/fault.ts";
import type { Life } from "./life.ts";
import type { WatchedCard } from "./observed.ts";
import type { WorldPurse } from "./purses.ts";
import type { SeededRandomness } from "./seeded-randomness.ts";
import type { Town } from "./town.ts";

function isPurse(kind: Holders["kind"]): kind is WorldPurse {
  return kind !== "insurer" && kind !== "bank";
}

export class Holders {
  readonly #town: Town;
  readonly #draw: SeededRandomness;
  /** Scripted never to be seen again. */
  readonly gone = new Set<WatchedCard>();

  constructor(town: Town) {
    this.#town = town;
    this.#draw = town.random.stream("holders");
  }

  /** A card whose holder is about; undefined when all are gone for good. */
  pickCard(): WatchedCard {
    const about = this.#town.cards.filter((card) => !this.gone.has(card));
    return this.#draw.pick(about);
  }

  /** Told of each tap and each tear, where somebody counts them by flow. */
  onTap: (what: "taps" | "torn") => void = () => undefined;

  /** What the presented card pays from: "insurer" for a settlement with the medical host, "bank" for the account behind it. */
  kind: WorldPurse | "insurer" | "bank" = "e-purse";

  /** Presents `card` to the reader after a moment, and acts on tears until the life or the sale ends. Returns what ends the acting. */
  attend(life: Life, card: WatchedCard): () => void {
    const over = new AbortController();
    life.desk.onTorn = () => {
      void this.#afterTear(life, card, over.signal);
    };
    life.desk.onReaderLost = () => {
      void this.#later(this.#draw.between(500, 6_000), over.signal, () => life.desk.reader.restoreReader(), true);
    };
    void this.#present(life, card, { afterMs: this.#draw.between(200, 1_500), signal: over.signal });
    return () => {
      over.abort();
      life.desk.onTorn = () => undefined;
    };
  }

  /** Takes whatever lies in the reader away. */
  clear(life: Life): void {
    life.desk.clear();
  }

  async #present(life: Life, card: WatchedCard, when: { readonly afterMs: number; readonly signal: AbortSignal }): Promise<void> {
    await this.#later(when.afterMs, when.signal, () => {
      const { kind } = this;
      if (!life.desk.present(card, kind) || this.#town.plan.isCalm) return;
      this.onTap("taps");
      if (isPurse(kind)) this.#town.purseCounts[kind].taps += 1;
    });
  }

  async #afterTear(life: Life, card: WatchedCard, signal: AbortSignal): Promise<void> {
    const { plan, trace } = this.#town;
    const { kind } = this;
    this.onTap("torn");
    if (isPurse(kind)) this.#town.purseCounts[kind].tears += 1;
    const afterMs = this.#draw.between(300, 4_000);
    // Two cards stay about, so that the town never runs out of customers.
    if (this.#town.cards.length - this.gone.size > 2 && plan.strikes("card-never-returns")) {
      trace.note(`card ${card.card.serial.slice(-4)} is gone for good`);
      this.gone.add(card);
      return;
    }
    if (plan.strikes("card-absent")) return;
    if (plan.strikes("card-swapped")) {
      const others = this.#town.cards.filter((other) => other !== card && !this.gone.has(other));
      await this.#present(life, this.#draw.pick(others), { afterMs, signal });
      return;
    }
    await this.#present(life, card, { afterMs, signal });
  }

  async #later(durationMs: number, signal: AbortSignal, act: () => void, always = false): Promise<void> {
    try {
      await this.#town.clock.sleep(durationMs, always ? undefined : signal);
      act();
    } catch (error) {
      if (!isFault(error, "cancelled")) throw error;
    }
  }
}
