/*
 * Goal: days of a gate with two lanes and a till beside them, thousands of taps, no promise broken, and all of it again from the same seed.
 * Method: two phases, as in the town: faults strike while people travel and pay; then every card that was not scripted away comes back once,
 * and within bounded virtual time everything is settled, receipted and equal.
 */
import { fen } from "../../../device/base/fen.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import type { TerminalRules } from "../../../device/terminal-settings.ts";
import { DEFAULT_GATE_POLICY, type LaneSettings } from "../../../device/txn/gate/lane.ts";
import type { QuickPaymentOutcome } from "../../../device/txn/quick-payment/types.ts";
import type { PurseChoice } from "../../../device/txn/sale-request.ts";
import { Day, type DayReport, within } from "../day.ts";
import { countScriptedGone, finalChecks } from "../final-checks.ts";
import type { Holders } from "../holders.ts";
import type { Keeper } from "../keeper.ts";
import type { Life } from "../life.ts";
import type { WatchedCard } from "../observed.ts";
import { drawSale, type PurseCounts, WORLD_PURSES } from "../purses.ts";
import type { SeededRandomness } from "../seeded-randomness.ts";
import { shortSubject, type Town } from "../town.ts";
import { CITY, networkFares, placeOf, possibleFares, STOPS } from "./network.ts";
import { Visitors } from "./visitors.ts";

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

export class GateRun {
  readonly #day: Day;
  readonly #town: Town;
  readonly #options: GateOptions;
  readonly #draw: SeededRandomness;
  readonly #keeper: Keeper;
  readonly #holders: Holders;
  readonly #visitors: Visitors;
  readonly #ends: Record<string, number> = {};
  #taps = 0;
  #sales = 0;
  #offlineDays = 0;
  #life: Life | undefined;

  constructor(options: GateOptions) {
    const { seed, suite, tearPercent = 5, doublePercent = 1, rules } = options;
    this.#options = options;
    const gate = { policy: DEFAULT_GATE_POLICY, fares: networkFares(), lanes: lanesOf(seed), possibleFares };
    const town = { seed, suite, limits: LIMITS, tearPercent, gate };
    this.#day = new Day({ town, stream: "gate", livenessMs: LIVENESS_MS, ...(rules === undefined ? {} : { rules }) });
    this.#town = this.#day.town;
    this.#draw = this.#day.draw;
    this.#holders = this.#day.holders;
    this.#keeper = this.#day.keeper;
    this.#visitors = new Visitors({ town: this.#town, draw: this.#draw, doublePercent, gone: this.#holders.gone });
  }

  run(): Promise<GateReport> {
    return this.#day.live({ safety: () => this.#safety(), liveness: () => this.#liveness() }, (told) => this.#report(told));
  }

  async #safety(): Promise<void> {
    for (let round = 0; this.#taps < this.#options.taps; round += 1) {
      await this.#keeper.bounded(this.#round(), ROUND_MS, `round ${round}`);
      if (this.#draw.chance(OFFICE_CHANCE)) this.#town.office?.work();
      if (this.#draw.chance(OFFLINE_CHANCE)) await this.#withoutNetwork();
      await this.#day.pause(500, 12_000);
    }
  }

  /** Somebody goes in, somebody comes out, somebody pays at the till: all at once. */
  async #round(): Promise<void> {
    const life = await this.#powered();
    const busy = new Set<WatchedCard>();
    const work = life.lanes.map((lane) => {
      const card = this.#pick(busy, lane.lane.settings.direction);
      return card === undefined ? undefined : this.#visit(life, lane, card);
    });
    const buyer = this.#draw.chance(DESK_CHANCE) ? this.#pick(busy, undefined) : undefined;
    await Promise.all([...work, buyer === undefined ? undefined : this.#buy(life, buyer)]);
  }

  async #visit(life: Life, lane: Life["lanes"][number], card: WatchedCard): Promise<void> {
    this.#taps += 1;
    await this.#town.clock.sleep(this.#draw.between(0, 3_000));
    const end = await this.#visitors.visit(life, lane, card);
    this.#ends[end] = (this.#ends[end] ?? 0) + 1;
  }

  /** A card whose holder is about and free: inside for an exit, outside for an entry, but for the few who mix that up. */
  #pick(busy: Set<WatchedCard>, direction: LaneSettings["direction"] | undefined): WatchedCard | undefined {
    const { cards, gateCheck } = this.#town;
    const about = cards.filter((card) => !this.#holders.gone.has(card) && !busy.has(card));
    const mixed = direction === undefined || this.#draw.chance(0.03);
    const fitting = mixed ? about : about.filter(({ card }) => gateCheck.isInside(card.serial) === (direction === "exit"));
    if (fitting.length === 0) return undefined;
    const card = this.#draw.pick(fitting);
    busy.add(card);
    return card;
  }

  async #buy(life: Life, card: WatchedCard): Promise<void> {
    this.#taps += 1;
    this.#sales += 1;
    const purse = this.#draw.pick(WORLD_PURSES.filter((each) => each !== "compound"));
    await this.#purchase(life, card, { reference: `sale-${this.#sales}`, ...drawSale(this.#draw, purse, this.#draw.between(1, 300) * 10) });
  }

  async #purchase(life: Life, card: WatchedCard, sale: { readonly reference: string; readonly purse: PurseChoice; readonly amountFen: number }): Promise<void> {
    const { terminal } = life;
    // The power may have failed since the round began.
    if (terminal === undefined || !life.power.on) return;
    const { reference, purse, amountFen } = sale;
    this.#holders.kind = purse.kind;
    const leave = this.#holders.attend(life, card);
    const paying = terminal.quickPayment({ reference, amount: fen(amountFen), purse }, within(15_000));
    const outcome = await Promise.race([paying, life.dark]);
    leave();
    if (outcome !== "dark") this.#judge(reference, outcome);
    this.#holders.clear(life);
  }

  #judge(reference: string, outcome: QuickPaymentOutcome): void {
    const { moneyCheck, trace } = this.#town;
    this.#town.observe();
    const subject = "subject" in outcome && outcome.subject !== undefined ? shortSubject(outcome.subject) : "-";
    trace.note(`${reference} ${outcome.kind} ${subject} ${"reason" in outcome ? outcome.reason : ""}`);
    if (outcome.kind === "paid") moneyCheck.paid(outcome.subject, outcome.amount);
    if (outcome.kind === "refused" && outcome.subject !== undefined) moneyCheck.notPaid(outcome.subject);
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
    countScriptedGone(this.#town, this.#holders.gone);
    for (const card of cards.filter((each) => !this.#holders.gone.has(each))) {
      for (const purse of WORLD_PURSES) {
        const life = await this.#day.bounded(this.#powered(), "the terminal's power");
        const reference = `return-${card.card.serial.slice(-4)}-${purse}`;
        await this.#day.bounded(this.#purchase(life, card, { reference, ...drawSale(this.#draw, purse, 1) }), "a card's return");
      }
    }
    await this.#day.drained();
    // The lanes' own waits end with them.
    await this.#day.bounded(this.#day.terminal().gates?.stop() ?? Promise.resolve(), "the end of the lanes");
    await this.#day.drained();
    finalChecks(this.#town, this.#holders.gone);
    await this.#day.stopped();
  }

  #report(told: DayReport): GateReport {
    const { journalCheck, purseCounts, gateCheck } = this.#town;
    const open = [...journalCheck.subjects.values()].filter(({ kind, state }) => kind === "quick-payment" && ["prepared", "acting", "unknown"].includes(state));
    return {
      ...told,
      taps: this.#taps,
      unknown: open.length,
      purses: purseCounts,
      ends: this.#ends,
      openings: gateCheck.opened,
      doubles: this.#visitors.doubles,
      offlineDays: this.#offlineDays,
      listVersions: this.#town.office?.sequence ?? 0,
      listedTaps: this.#visitors.listedTaps,
    };
  }
}

/** A lane in and a lane out, at stops that the seed's name decides. */
function lanesOf(seed: string): readonly LaneSettings[] {
  const number = Number(/\d+$/.exec(seed)?.[0] ?? "0");
  const common = { mode: "journey", industry: 1, city: CITY, acquirer: `${"0".repeat(12)}${CITY}` } as const;
  return [
    { ...common, name: "in", direction: "entry", place: placeOf(1 + (number % STOPS)) },
    { ...common, name: "out", direction: "exit", place: placeOf(1 + (Math.floor(number / STOPS) % STOPS)) },
  ];
}
