/*
 * People at a gate: they hold a card to the reader, walk through when it opens, hold it there again when they are told to or when they are not
 * sure, and sometimes walk away. They know what the lane shows, and nothing else.
 */
import { isFault } from "../../../device/base/fault.ts";
import type { LaneEvent } from "../../../device/txn/gate/lane.ts";
import { promised } from "../checks/violation.ts";
import type { Life } from "../life.ts";
import type { WatchedCard } from "../observed.ts";
import type { SeededRandomness } from "../seeded-randomness.ts";
import type { Town } from "../town.ts";
import { type Flow, laneFlow, pursePaying } from "./flows.ts";
import type { LaneLife } from "./lane-life.ts";
import type { LaneSpot } from "./lane-spot.ts";
import { accountOf } from "./office.ts";

type Tap = Extract<LaneEvent, { readonly is: "tap" }>;

/** How a visit ended: by the lane's last word, by the visitor, or by the power. */
export type VisitEnd = Tap["outcome"] | "walked-away" | "dark";

/** How long a visitor stands in front of a lane that says nothing. */
const PATIENCE_MS = 25_000;
/** Of those whose tap was torn, how many come back when the lane does not wait for them any more. */
const TOO_LATE_CHANCE = 0.2;
/** Of those who paid and did not pass, how many want their money back. */
const STRANDED_CHANCE = 0.4;

export interface VisitorsParts {
  readonly town: Town;
  readonly draw: SeededRandomness;
  /** Of all visits, how many are followed by another tap of the same card at once. */
  readonly doublePercent: number;
  /** Cards that were scripted never to be seen again. */
  readonly gone: Set<WatchedCard>;
  /** A lane has named a sale by which its money can go back. */
  readonly onSold: (reference: string) => void;
  /** Somebody paid, did not pass, and wants the money back. */
  readonly takeBack: (life: Life, reference: string) => Promise<void>;
}

export class Visitors {
  readonly #parts: VisitorsParts;
  readonly #heard = new Map<string, ((event: LaneEvent) => void)[]>();
  /** The sale that each lane named last. */
  readonly #sold = new Map<string, string>();
  /** Taps that were made on purpose after one that was answered. */
  doubles = 0;
  /** Taps of cards that the list named. */
  listedTaps = 0;

  constructor(parts: VisitorsParts) {
    this.#parts = parts;
  }

  /** What a lane tells; whoever stands there hears it. */
  hear(lane: string, event: LaneEvent): void {
    const { trace } = this.#parts.town;
    if (event.is === "tap") {
      trace.note(`lane ${lane} ${event.outcome} ${event.reason ?? ""} ${event.fare ?? ""}`);
      if (event.reference !== undefined) {
        this.#sold.set(lane, event.reference);
        this.#parts.onSold(event.reference);
      }
    }
    if (event.is === "passage" || event.is === "alarm") trace.note(`lane ${lane} ${event.is} ${event.is === "alarm" ? event.why : event.passage}`);
    for (const listener of this.#heard.get(lane) ?? []) listener(event);
  }

  /** One visitor at one lane, from the first tap to the last word. */
  async visit(life: Life, lane: LaneLife, card: WatchedCard): Promise<VisitEnd> {
    const { draw, doublePercent } = this.#parts;
    this.#decideWalk(lane.lane);
    const end = await this.#tap(life, lane, card);
    if (end === "paid" && lane.lane.walker.walk !== "passes" && draw.chance(STRANDED_CHANCE)) return this.#again(life, lane, card);
    if (end === "dark" || end === "walked-away" || draw.between(0, 99) >= doublePercent) return end;
    this.doubles += 1;
    await this.#pause(draw.between(100, 4_000));
    return this.#tap(life, lane, card);
  }

  /** Paid and not let through, or turned back: the fare goes back at the till, sometimes while the gate still stands open, and the card is held there anew. */
  async #again(life: Life, lane: LaneLife, card: WatchedCard): Promise<VisitEnd> {
    const { draw, takeBack } = this.#parts;
    await this.#pause(draw.between(0, 15_000));
    await takeBack(life, this.#sold.get(lane.lane.settings.name) ?? "");
    await this.#pause(draw.between(0, 10_000));
    return this.#tap(life, lane, card);
  }

  #decideWalk({ walker }: LaneSpot): void {
    const { draw } = this.#parts;
    const chance = draw.between(0, 99);
    walker.walk = chance < 90 ? "passes" : chance < 96 ? "stays" : "turns-back";
  }

  async #tap(life: Life, lane: LaneLife, card: WatchedCard): Promise<VisitEnd> {
    const { place } = lane;
    const over = new AbortController();
    place.onTorn = () => {
      void this.#afterTear(lane, card, over.signal);
    };
    place.onReaderLost = () => {
      void this.#later(this.#parts.draw.between(500, 6_000), undefined, () => place.reader.restoreReader());
    };
    const listed = this.#isListed(life, card);
    const charges = this.#chargesOf(card);
    const told = this.#nextTap(lane.lane.settings.name, over.signal);
    this.#present(lane, card);
    const end = await Promise.race([told, life.dark, this.#patience(over.signal)]);
    over.abort();
    place.onTorn = () => undefined;
    await this.#pause(this.#parts.draw.between(50, 600));
    place.clear();
    promised(6, !listed || this.#chargesOf(card) === charges, () => `card ${card.card.serial.slice(-4)} paid although the list that is here names it`);
    return end;
  }

  /** Whether the list that the terminal has taken names this card. */
  #isListed(life: Life, card: WatchedCard): boolean {
    const listed = this.#parts.town.office?.isKnown(card, life) === true;
    if (listed) this.listedTaps += 1;
    return listed;
  }

  /** What the card has given so far: debits of its own, and rides that it has signed for. */
  #chargesOf({ card }: WatchedCard): number {
    const { town } = this.#parts;
    town.observe();
    return card.debits.length + town.rideCheck.ridesOf(accountOf(card));
  }

  #flowOf({ settings }: LaneSpot, { card }: WatchedCard): Flow {
    return laneFlow(card, settings, this.#parts.town.gate?.purses ?? []);
  }

  #present({ lane, place }: LaneLife, card: WatchedCard): void {
    const { plan, purseCounts, flows } = this.#parts.town;
    const flow = this.#flowOf(lane, card);
    if (!place.present(card, flow) || plan.isCalm) return;
    flows[flow].taps += 1;
    const purse = pursePaying(flow);
    if (purse !== undefined) purseCounts[purse].taps += 1;
  }

  async #afterTear(lane: LaneLife, card: WatchedCard, signal: AbortSignal): Promise<void> {
    const { town, draw, gone } = this.#parts;
    const { plan, trace, cards } = town;
    const flow = this.#flowOf(lane.lane, card);
    town.flows[flow].torn += 1;
    const purse = pursePaying(flow);
    if (purse !== undefined) town.purseCounts[purse].tears += 1;
    if (cards.length - gone.size > 4 && plan.strikes("card-never-returns")) {
      trace.note(`card ${card.card.serial.slice(-4)} is gone for good`);
      gone.add(card);
      return;
    }
    if (plan.strikes("card-absent")) return;
    const afterMs = draw.chance(TOO_LATE_CHANCE) ? draw.between(10_500, 20_000) : draw.between(300, 4_000);
    await this.#later(afterMs, signal, () => this.#present(lane, card));
  }

  #nextTap(lane: string, signal: AbortSignal): Promise<VisitEnd> {
    return new Promise((resolve) => {
      const listeners = this.#heard.get(lane) ?? [];
      const listener = (event: LaneEvent) => {
        if (event.is === "tap") resolve(event.outcome);
      };
      this.#heard.set(lane, [...listeners, listener]);
      signal.addEventListener("abort", () => {
        this.#heard.set(
          lane,
          (this.#heard.get(lane) ?? []).filter((each) => each !== listener),
        );
      });
    });
  }

  async #patience(signal: AbortSignal): Promise<"walked-away"> {
    try {
      await this.#parts.town.clock.sleep(PATIENCE_MS, signal);
    } catch (fault) {
      if (!isFault(fault, "cancelled")) throw fault;
    }
    return "walked-away";
  }

  #pause(durationMs: number): Promise<void> {
    return this.#parts.town.clock.sleep(durationMs);
  }

  async #later(durationMs: number, signal: AbortSignal | undefined, act: () => void): Promise<void> {
    try {
      await this.#parts.town.clock.sleep(durationMs, signal);
      act();
    } catch (fault) {
      if (!isFault(fault, "cancelled")) throw fault;
    }
  }
}
