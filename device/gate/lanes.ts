/*
 * Goal: the lanes of one terminal, each with its own reader, module and gate, over one journal; what the world does to one never stops another.
 * Method: each lane runs by itself. Shared are only the journal, what cards did here a moment ago, and the fire: it opens every lane, is told
 * to everybody, and stands in the journal. The lock opens by its own loop before anybody here knows of it.
 */
import { isFault } from "../base/fault.ts";
import { ZERO_FEN } from "../base/fen.ts";
import type { Log } from "../base/log.ts";
import type { Clock } from "../base/ports.ts";
import type { CustomerDisplay, FireInput, Gate, SignalLamp } from "../drivers/peripherals.ts";
import { boundedJournal } from "../txn/bounded-journal.ts";
import type { FareBook } from "../txn/fares/fares.ts";
import type { GatePolicy, GateService, LaneEvent, LaneSettings, LaneStatus } from "../txn/gate/lane.ts";
import type { LaneReader } from "../txn/gate/reader.ts";
import { RecentTaps } from "../txn/gate/recent.ts";
import { type GateJournal, readBack } from "../txn/gate/records.ts";
import { GateLane } from "../txn/gate/run.ts";
import { DEFAULT_GATE_PURSES, type GatePurse, type LaneRide, type LaneSale } from "../txn/gate/tap.ts";
import type { RiderRecord, RidesAs } from "../txn/gate/tariff.ts";
import type { ReleaseWhy } from "../txn/gate/types.ts";
import type { JsonObject } from "../txn/journal/types.ts";

export interface GateLaneSetup {
  readonly settings: LaneSettings;
  /** The reader that {@link sale} takes its cards from too. */
  readonly reader: LaneReader;
  readonly sale: LaneSale;
  /** Absent where no bank card is charged later. */
  readonly ride?: LaneRide;
  readonly gate: Gate;
  readonly lamp?: SignalLamp;
  readonly display?: CustomerDisplay;
}

export interface GateParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Time that the settlement host has proved to be over; left out: a restart is as long ago as the terminal has run. */
  readonly provedMs?: () => number | undefined;
  /** Recovered already: what was under way at a power cut is known as unknown. */
  readonly journal: GateJournal;
  readonly fares: FareBook;
  /** Absent: cards keep no transfers and caps here. */
  readonly rider?: RiderRecord;
  /** Left out: every card rides as its own type. */
  readonly ridesAs?: RidesAs;
  readonly policy: GatePolicy;
  /** Which purses pay here, in the order of asking; left out: the transit account's alone. */
  readonly purses?: readonly [GatePurse, ...GatePurse[]];
  readonly lanes: readonly GateLaneSetup[];
  /** Told what happens at each lane, beside it. It never throws. */
  readonly onEvent?: (lane: string, event: LaneEvent) => void;
}

const FIRE_LOOK_MS = 500;
const FIRE_ANSWER_MS = 1_000;
const JOURNAL_MS = 5_000;

/** Opens the lanes of a terminal, with what cards did here before its start. Nothing moves before `start`. Faults: those of the journal. */
export async function openGates(parts: GateParts): Promise<GateService> {
  const { clock, journal, policy } = parts;
  // A torn tap is remembered as long as its card may come back, whatever the window is.
  const windowMs = Math.max(policy.sameCardWindowMs, policy.returnTimeoutMs);
  const taps = new RecentTaps(windowMs);
  await readBack(journal, taps, { policy, windowMs, nowMs: clock.monotonicMs(), provedMs: parts.provedMs?.() });
  return new Gates(parts, taps);
}

class Gates implements GateService {
  readonly #parts: GateParts;
  readonly #lanes: readonly GateLane[];
  readonly #stopping = new AbortController();
  #watching: Promise<void> | undefined;
  #released: ReleaseWhy | undefined;
  /** Inputs that saw the fire loop open when they were looked at last. */
  readonly #burning = new Set<FireInput>();
  readonly #taps: RecentTaps;

  constructor(parts: GateParts, taps: RecentTaps) {
    const { clock, log, journal, fares, rider, ridesAs, policy, purses = DEFAULT_GATE_PURSES, onEvent } = parts;
    const asTold = { ...(rider === undefined ? {} : { rider }), ...(ridesAs === undefined ? {} : { ridesAs }) };
    const shared = { clock, log, journal, fares, policy, purses, taps, boot: journal.boot, ...asTold };
    this.#parts = parts;
    this.#taps = taps;
    this.#lanes = parts.lanes.map((lane) => {
      const { name } = lane.settings;
      return new GateLane({ ...shared, ...lane, onEvent: (event) => onEvent?.(name, event) });
    });
  }

  get lanes(): readonly LaneStatus[] {
    return this.#lanes.map(({ status }) => status);
  }

  start(): void {
    for (const lane of this.#lanes) lane.start();
    this.#watching ??= this.#watchFire();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#watching, ...this.#lanes.map((lane) => lane.stop())]);
  }

  async staffRelease(lane: string, operator: string): Promise<{ readonly kind: "opened" | "refused" }> {
    return (await this.#lanes.find(({ name }) => name === lane)?.staffRelease(operator)) ?? { kind: "refused" };
  }

  /** The gates open first; the record is written behind them. */
  async release(why: ReleaseWhy, operator?: string): Promise<void> {
    if (this.#released === why || this.#released === "fire") return;
    this.#released = why;
    for (const lane of this.#lanes) lane.release(why);
    this.#parts.log.warn("gates-released", { why });
    await this.#record({ operation: "gate-release", why, lanes: this.#lanes.map(({ name }) => name), ...(operator === undefined ? {} : { operator }) });
  }

  /** While the fire loop is open, nobody can take the release back. */
  async serve(operator?: string): Promise<void> {
    if (this.#released === undefined || this.#burning.size > 0) return;
    this.#released = undefined;
    for (const lane of this.#lanes) lane.serve();
    this.#parts.log.info("gates-serve", {});
    await this.#record({ operation: "gate-serve", lanes: this.#lanes.map(({ name }) => name), ...(operator === undefined ? {} : { operator }) });
  }

  giveBack(sale: string): () => void {
    return this.#taps.giveBack(sale, this.#parts.clock.monotonicMs());
  }

  async #record(detail: JsonObject): Promise<void> {
    try {
      await boundedJournal(this.#parts, { timeoutMs: JOURNAL_MS }).append({ kind: "operation", state: "done", amount: ZERO_FEN, detail });
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      this.#parts.log.error("release-not-recorded", { code: fault.code });
    }
  }

  /** Looks at the fire loop wherever a lane sees it. */
  async #watchFire(): Promise<void> {
    const inputs = this.#parts.lanes.flatMap(({ gate }) => gate.fire ?? []);
    const { signal } = this.#stopping;
    const failing = new Set<FireInput>();
    while (inputs.length > 0 && !signal.aborted) {
      await Promise.all(inputs.map((input) => this.#look(input, failing)));
      if (this.#burning.size > 0) await this.release("fire");
      await this.#parts.clock.sleep(FIRE_LOOK_MS, signal).catch((fault: unknown) => {
        if (!isFault(fault, "cancelled")) throw fault;
      });
    }
  }

  /** Of an input that does not answer, what it said last still counts; that it does not is told once. */
  async #look(input: FireInput, failing: Set<FireInput>): Promise<void> {
    try {
      const fire = await input.fire({ timeoutMs: FIRE_ANSWER_MS, signal: this.#stopping.signal });
      failing.delete(input);
      if (fire) this.#burning.add(input);
      else this.#burning.delete(input);
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      if (!failing.has(input) && !this.#stopping.signal.aborted) this.#parts.log.warn("fire-input-silent", { code: fault.code });
      failing.add(input);
    }
  }
}
