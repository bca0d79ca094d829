/*
 * Goal: days of a gate with two lanes and a till beside them, thousands of taps, no promise broken, and all of it again from the same seed.
 * Method: two phases, as in the town: faults strike while people travel and pay; then every card that was not scripted away comes back once,
 * and within bounded virtual time everything is settled, receipted and equal.
 */
import type { CipherSuite } from "../../../device/crypto/face.ts";
import type { TerminalRules } from "../../../device/terminal-settings.ts";
import type { LaneSettings } from "../../../device/txn/gate/lane.ts";
import type { SimulatedCard } from "../../card/card.ts";
import { Day, type DayReport } from "../day.ts";
import { countScriptedGone, finalChecks, gateFinalChecks } from "../final-checks.ts";
import type { Holders } from "../holders.ts";
import type { Keeper } from "../keeper.ts";
import type { Life } from "../life.ts";
import type { WatchedCard } from "../observed.ts";
import { drawSale, type PurseCounts, WORLD_PURSES } from "../purses.ts";
import type { SeededRandomness } from "../seeded-randomness.ts";
import type { Town } from "../town.ts";
import { type FlowCounts, laneFlow } from "./flows.ts";
import { gateOf } from "./layout.ts";
import { Till, type TillAct } from "./till.ts";
import { type VisitEnd, Visitors } from "./visitors.ts";

export interface GateOptions {
  readonly seed: string;
  readonly taps: number;
  readonly suite: CipherSuite;
  readonly rules?: TerminalRules;
  /** Of all taps, how many are torn; 5 when absent. */
  readonly tearPercent?: number;
  /** Of all taps, how many are followed by another of the same card; 1 when absent. */
  readonly doublePercent?: number;
}

export interface GateReport extends DayReport {
  readonly taps: number;
  readonly unknown: number;
  readonly purses: PurseCounts;
  readonly flows: FlowCounts;
  /** Accounts that were listed because they owed a ride. */
  readonly debts: number;
  /** How visits at lanes ended, by the lane's word. */
  readonly ends: Readonly<Record<string, number>>;
  readonly openings: number;
  readonly doubles: number;
  readonly offlineDays: number;
  /** Versions of the city's list that were published, and taps of cards that the list named by then. */
  readonly listVersions: number;
  readonly listedTaps: number;
}

const LIMITS = { unreceiptedCount: 400, unreceiptedSumFen: 400_000 };
const LIVENESS_MS = 6 * 3_600_000;
const ROUND_MS = 900_000;
const DAY_MS = 86_400_000;
/** Chance of a round that begins a time without network. */
const OFFLINE_CHANCE = 0.01;
const DESK_CHANCE = 0.3;
/** Chance of a round after which the city's list changes. */
const OFFICE_CHANCE = 0.12;
/** Ends of a visit after which its visitor does not know whether anything was paid. */
const UNDECIDED: readonly VisitEnd[] = ["dark", "unknown", "walked-away"];
const RETURN_CHANCE = 0.5;
/** Chance of a round after which rides are charged to accounts. */
const COLLECT_CHANCE = 0.12;

export class GateRun {
  readonly #day: Day;
  readonly #town: Town;
  readonly #options: GateOptions;
  readonly #draw: SeededRandomness;
  readonly #keeper: Keeper;
  readonly #holders: Holders;
  readonly #visitors: Visitors;
  readonly #till: Till;
  readonly #ends: Record<string, number> = {};
  /** Who will hold a card to this lane once more. */
  readonly #unserved = new Map<string, WatchedCard>();
  #taps = 0;
  #offlineDays = 0;
  #life: Life | undefined;

  constructor(options: GateOptions) {
    const { seed, suite, tearPercent = 5, doublePercent = 1, rules } = options;
    this.#options = options;
    const town = { seed, suite, limits: LIMITS, tearPercent, gate: gateOf(seed) };
    this.#day = new Day({ town, stream: "gate", livenessMs: LIVENESS_MS, ...(rules === undefined ? {} : { rules }) });
    this.#town = this.#day.town;
    this.#draw = this.#day.draw;
    this.#holders = this.#day.holders;
    this.#keeper = this.#day.keeper;
    this.#till = new Till({ town: this.#town, draw: this.#draw, holders: this.#holders });
    const onSold = (reference: string) => this.#till.sold(reference);
    this.#visitors = new Visitors({
      town: this.#town,
      draw: this.#draw,
      doublePercent,
      gone: this.#holders.gone,
      onSold,
      takeBack: (life, sale) => this.#till.takeBack(life, sale),
    });
  }

  run(): Promise<GateReport> {
    return this.#day.live({ safety: () => this.#safety(), liveness: () => this.#liveness() }, (told) => this.#report(told));
  }

  async #safety(): Promise<void> {
    for (let round = 0; this.#taps < this.#options.taps; round += 1) {
      await this.#keeper.bounded(this.#round(), ROUND_MS, `round ${round}`);
      if (this.#draw.chance(OFFICE_CHANCE)) this.#town.office?.work();
      if (this.#draw.chance(COLLECT_CHANCE)) this.#town.office?.collect();
      if (this.#draw.chance(OFFLINE_CHANCE)) await this.#withoutNetwork();
      await this.#day.pause(500, 12_000);
    }
  }

  /** Somebody goes in, somebody comes out, somebody pays at the till: all at once. */
  async #round(): Promise<void> {
    const life = await this.#powered();
    const busy = new Set<WatchedCard>();
    const work = life.lanes.map((lane) => {
      const card = this.#returning(busy, lane.lane.settings) ?? this.#pick(busy, lane.lane.settings);
      return card === undefined ? undefined : this.#visit(life, lane, card);
    });
    const isFree = (card: WatchedCard) => !this.#holders.gone.has(card) && !busy.has(card);
    const act = this.#draw.chance(DESK_CHANCE) ? this.#till.choose((wanted) => this.#take(busy, wanted), isFree) : undefined;
    await Promise.all([...work, act === undefined ? undefined : this.#atTill(life, act)]);
  }

  async #atTill(life: Life, act: TillAct): Promise<void> {
    this.#taps += 1;
    await this.#till.serve(life, act);
  }

  async #visit(life: Life, lane: Life["lanes"][number], card: WatchedCard): Promise<void> {
    this.#taps += 1;
    await this.#town.clock.sleep(this.#draw.between(0, 3_000));
    const end = await this.#visitors.visit(life, lane, card);
    this.#ends[end] = (this.#ends[end] ?? 0) + 1;
    if (UNDECIDED.includes(end) && this.#draw.chance(RETURN_CHANCE)) this.#unserved.set(lane.lane.settings.name, card);
  }

  /** Whoever was not told what became of a tap comes back first. */
  #returning(busy: Set<WatchedCard>, { name }: LaneSettings): WatchedCard | undefined {
    const card = this.#unserved.get(name);
    this.#unserved.delete(name);
    if (card === undefined || busy.has(card) || this.#holders.gone.has(card)) return undefined;
    busy.add(card);
    return card;
  }

  /** A card whose holder is about and free: inside for an exit, outside for an entry, and with something to pay with, but for the few who mix that up. */
  #pick(busy: Set<WatchedCard>, lane?: LaneSettings): WatchedCard | undefined {
    const about = this.#town.cards.filter((card) => !this.#holders.gone.has(card) && !busy.has(card));
    const mixed = lane === undefined || this.#draw.chance(0.03);
    const fitting = mixed ? about : about.filter(({ card }) => this.#fits(card, lane));
    if (fitting.length === 0) return undefined;
    const card = this.#draw.pick(fitting);
    busy.add(card);
    return card;
  }

  #take(busy: Set<WatchedCard>, wanted?: WatchedCard): WatchedCard | undefined {
    if (wanted === undefined) return this.#pick(busy);
    busy.add(wanted);
    return wanted;
  }

  #fits(card: SimulatedCard, lane: LaneSettings): boolean {
    const { gateCheck, gate } = this.#town;
    if (laneFlow(card, lane, gate?.purses ?? []) === "no-purse") return false;
    return lane.mode === "single" || gateCheck.isInside(card.serial) === (lane.direction === "exit");
  }

  /** Hours or days in which nothing reaches the host; people travel on. */
  async #withoutNetwork(): Promise<void> {
    const { broker, clock, trace } = this.#town;
    trace.note("no network for days");
    broker.down();
    const rounds = this.#draw.between(3, 12);
    for (let round = 0; round < rounds; round += 1) {
      await this.#keeper.bounded(this.#round(), ROUND_MS, "a round without network");
      const pauseMs = this.#draw.between(600_000, DAY_MS / 3);
      this.#offlineDays += pauseMs / DAY_MS;
      await clock.resolve(clock.sleep(pauseMs), 2 * DAY_MS);
    }
    broker.up();
    trace.note("network back");
  }

  async #powered(): Promise<Life> {
    const life = await this.#keeper.powered();
    if (life !== this.#life) {
      this.#life = life;
      life.onLaneEvent = (lane, event) => this.#visitors.hear(lane, event);
    }
    return life;
  }

  async #liveness(): Promise<void> {
    const { cards } = this.#town;
    await this.#day.bounded(this.#powered(), "the last start");
    this.#town.office?.clear();
    await this.#day.bounded(this.#listsTaken(), "the last lists");
    countScriptedGone(this.#town, this.#holders.gone);
    for (const [at, card] of cards.entries()) {
      if (this.#holders.gone.has(card)) continue;
      for (const purse of WORLD_PURSES) {
        const life = await this.#day.bounded(this.#powered(), "the terminal's power");
        // By its place: serials of two cards may end alike, and are personal.
        const reference = `return-${at}-${purse}`;
        const act = { is: "sale", flow: `till-${purse === "compound" ? "e-purse" : purse}`, card, reference, ...drawSale(this.#draw, purse, 1) } as const;
        await this.#day.bounded(this.#till.serve(life, act), "a card's return");
      }
      const life = await this.#day.bounded(this.#powered(), "the terminal's power");
      await this.#day.bounded(this.#till.complete(life, card), "the end of what a card holds");
    }
    await this.#day.drained();
    // The lanes' own waits end with them.
    await this.#day.bounded(this.#day.terminal().gates?.stop() ?? Promise.resolve(), "the end of the lanes");
    await this.#day.drained();
    this.#town.office?.settle();
    finalChecks(this.#town, this.#holders.gone);
    gateFinalChecks(this.#town, this.#holders.gone);
    await this.#day.stopped();
  }

  /** Nobody is listed any more, and the terminal knows it. */
  async #listsTaken(): Promise<void> {
    const { office, clock } = this.#town;
    while (office !== undefined && !office.isTaken(await this.#powered())) await clock.sleep(1_000);
  }

  #report(told: DayReport): GateReport {
    const { journalCheck, purseCounts, gateCheck, flows, office } = this.#town;
    const open = [...journalCheck.subjects.values()].filter(({ kind, state }) => kind === "quick-payment" && ["prepared", "acting", "unknown"].includes(state));
    return {
      ...told,
      taps: this.#taps,
      unknown: open.length,
      purses: purseCounts,
      flows,
      debts: office?.debts ?? 0,
      ends: this.#ends,
      openings: gateCheck.opened,
      doubles: this.#visitors.doubles,
      offlineDays: this.#offlineDays,
      listVersions: office?.sequence ?? 0,
      listedTaps: this.#visitors.listedTaps,
    };
  }
}
