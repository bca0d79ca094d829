/*
 * People who go in at one lane and out at the other, both at once. A card makes some journeys and is followed by a new one, so that what cards keep
 * of their own past does not grow.
 */
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { LaneEvent } from "../../device/txn/gate/lane.ts";
import type { SimulatedCard } from "../../simulators/card/card.ts";
import { makeTestCard } from "../../simulators/card/make.ts";
import type { MemoryLane, MemoryPlace } from "./place.ts";

const CARDS = 128;
/** Cards that are inside at a time. */
const INSIDE = 64;
const JOURNEYS_OF_A_CARD = 10;
const BALANCE_FEN = 100_000;
const TAP_MS = 30_000;
/** From one pair of travellers to the next, by the calendar. */
const ROUND_MS = 4_000;

export class Riders {
  readonly #suite: CipherSuite;
  readonly #waiting = new Map<string, (event: LaneEvent) => void>();
  readonly #cards: SimulatedCard[] = [];
  readonly #serials: number[] = [];
  /** Taps by what the lane said of them. */
  readonly ends: Record<string, number> = {};
  #round = 0;
  taps = 0;

  constructor(suite: CipherSuite) {
    this.#suite = suite;
  }

  hear(lane: string, event: LaneEvent): void {
    this.#waiting.get(lane)?.(event);
  }

  /** Until there have been so many taps in all. */
  async travel({ entry, exit, letPass }: MemoryPlace, taps: number): Promise<void> {
    while (this.taps < taps) {
      const round = this.#round;
      this.#round += 1;
      letPass(ROUND_MS);
      await Promise.all([this.#tap(entry, this.#cardOf(round)), round < INSIDE ? undefined : this.#tap(exit, this.#cardOf(round - INSIDE))]);
    }
  }

  #cardOf(journey: number): SimulatedCard {
    const at = journey % CARDS;
    const lap = Math.floor(journey / CARDS);
    const serial = Math.floor(lap / JOURNEYS_OF_A_CARD) * CARDS + at + 1;
    const card = this.#cards[at];
    if (card !== undefined && this.#serials[at] === serial) return card;
    const made = makeTestCard(this.#suite, {
      serial,
      balanceFen: BALANCE_FEN,
      algorithm: serial % 2 === 0 ? "3des" : "sm4",
      interface: "contactless",
      purse: { transit: "t-union" },
    });
    this.#cards[at] = made;
    this.#serials[at] = serial;
    return made;
  }

  /** Ends when somebody has gone through. */
  async #tap(lane: MemoryLane, card: SimulatedCard): Promise<void> {
    const said = await this.#served(lane, card);
    this.ends[said] = (this.ends[said] ?? 0) + 1;
    this.taps += 1;
    // What the simulated gate remembers of itself is not the terminal's.
    lane.gate.passages.length = 0;
  }

  #served({ name, reader }: MemoryLane, card: SimulatedCard): Promise<string> {
    return new Promise((resolve, reject) => {
      let said: string | undefined;
      const limit = setTimeout(() => reject(new Error(`lane ${name} did not serve a card in ${TAP_MS} ms; it said ${said ?? "nothing"}`)), TAP_MS);
      this.#waiting.set(name, (event) => {
        if (event.is === "tap") {
          said = event.outcome;
          if (event.reason !== undefined) said = `${said} ${event.reason}`;
          reader.remove();
        }
        // Whoever is refused goes; the others go through. The next one need not wait until the lane's words are gone.
        if (said === undefined || !(event.is === "passage" || /^(?:refused|unknown)/.test(said))) return;
        clearTimeout(limit);
        this.#waiting.delete(name);
        resolve(said);
      });
      reader.insert(card);
    });
  }
}
