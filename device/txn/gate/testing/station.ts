/*
 * A station for tests: lanes over simulated readers and gates, a journal on a simulated disk, power that can be cut, and sales that keep the
 * rules of a quick payment in a few lines, so that thousands of taps are cheap. Tests with real cards stand beside.
 */
import { SimulatedJournalDisk } from "../../../../simulators/disk/journal-store.ts";
import { SimulatedGate } from "../../../../simulators/gate/in-process.ts";
import type { Walk } from "../../../../simulators/gate/walker.ts";
import { SimulatedReader } from "../../../../simulators/reader/in-process.ts";
import { Power, poweredClock } from "../../../../simulators/world/power.ts";
import { SeededRandomness } from "../../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../../simulators/world/virtual-clock.ts";
import { fen, ZERO_FEN } from "../../../base/fen.ts";
import { SILENT } from "../../../base/log.ts";
import type { Clock } from "../../../base/ports.ts";
import type { CustomerDisplay, SignalLamp } from "../../../drivers/peripherals.ts";
import { openGates } from "../../../gate/lanes.ts";
import type { FareBook } from "../../fares/fares.ts";
import type { TerminalJournal } from "../../journal/journal.ts";
import { textMember } from "../../journal/members.ts";
import { openTestJournal } from "../../journal/testing.ts";
import type { JournalEntry } from "../../journal/types.ts";
import { recoverAtStart } from "../../recovery/recover.ts";
import { DEFAULT_GATE_POLICY, type GatePolicy, type GateService, type LaneEvent, type LaneSettings } from "../lane.ts";
import { openLaneReader } from "../reader.ts";
import { type FakeCard, FakeSales } from "./fake-sales.ts";

/** 2026-01-05 12:00:00 in China. */
export const NOON_MS = 1_767_585_600_000;
export const FARE = fen(300);
export const LONGEST_FARE = fen(900);
export const CITY = "9901";

export function laneSettings(changes: Partial<LaneSettings> = {}): LaneSettings {
  return { name: "a", direction: "entry", mode: "journey", place: "00010001", industry: 1, city: CITY, acquirer: "9901000000000001", ...changes };
}

/** One price for every ride, over time after two hours. */
export const FLAT_FARES: FareBook = {
  ride: ({ entry, exit, rider }) => ({
    kind: "fare",
    fare: FARE,
    fullFare: FARE,
    overTime: entry !== undefined && entry.date === exit.date && Number(exit.time) - Number(entry.time) > 20_000,
    rows: ["flat"],
    rider: rider ?? { day: "00000000", daySpent: ZERO_FEN, dayRides: 0, month: "000000", monthSpent: ZERO_FEN, monthRides: 0 },
  }),
  entryTerms: () => ({ minimumBalance: fen(200), maximumFare: LONGEST_FARE, maximumRideMinutes: 120 }),
  fareWithoutEntry: () => LONGEST_FARE,
};

export interface StationOptions {
  readonly lanes?: readonly Partial<LaneSettings>[];
  readonly policy?: Partial<GatePolicy>;
  readonly fares?: FareBook;
  readonly reportsPassage?: boolean;
  readonly lamp?: SignalLamp;
  readonly display?: CustomerDisplay;
  /** Whether the journal's times are proved, by a host that is heard all the time. */
  readonly proved?: true;
}

/** One lane's hardware, which outlives the power of the terminal. */
export interface StationLane {
  readonly settings: LaneSettings;
  readonly reader: SimulatedReader;
  readonly gate: SimulatedGate;
  readonly walker: { walk: Walk; afterMs: number };
}

export class Station {
  readonly clock = new VirtualClock(NOON_MS);
  readonly disk = new SimulatedJournalDisk({ clock: this.clock, flushMs: 3 });
  readonly lanes: readonly StationLane[];
  readonly events: { readonly lane: string; readonly event: LaneEvent }[] = [];
  readonly policy: GatePolicy;
  sales: FakeSales = new FakeSales();
  readonly #options: StationOptions;
  #power = new Power();
  #life: { readonly gates: GateService; readonly journal: TerminalJournal; readonly clock: Clock } | undefined;

  constructor(options: StationOptions = {}) {
    this.#options = options;
    this.policy = { ...DEFAULT_GATE_POLICY, ...options.policy };
    this.lanes = (options.lanes ?? [{}]).map((changes) => {
      const settings = laneSettings(changes);
      const walker: StationLane["walker"] = { walk: "passes", afterMs: 800 };
      const reader = new SimulatedReader({ name: settings.name, interface: "contactless", clock: this.clock });
      const gate = new SimulatedGate({
        clock: this.clock,
        walker,
        ...(options.reportsPassage === undefined ? {} : { reportsPassage: options.reportsPassage }),
      });
      return { settings, reader, gate, walker };
    });
  }

  get gates(): GateService {
    return this.#current.gates;
  }

  get journal(): TerminalJournal {
    return this.#current.journal;
  }

  get #current() {
    if (this.#life === undefined) throw new Error("the station is switched on first");
    return this.#life;
  }

  lane(name = "a"): StationLane {
    const lane = this.lanes.find(({ settings }) => settings.name === name);
    if (lane === undefined) throw new Error(`no lane ${name}`);
    return lane;
  }

  /** Switches the terminal on: what was durable is there, nothing else. */
  async switchOn(): Promise<GateService> {
    const power = new Power();
    this.#power = power;
    const clock = poweredClock(this.clock, power);
    const journal = await this.clock.resolve(
      openTestJournal({ store: this.disk.open(), clock, randomness: new SeededRandomness(String(this.disk.incarnation)) }),
    );
    const { policy } = this;
    const { fares = FLAT_FARES, lamp, display, proved } = this.#options;
    if (proved) journal.keepTimeBy({ reading: () => ({ wallMs: this.clock.wallMs(), clock: { quality: "trusted", errorMs: 2_000 } }) });
    await this.clock.resolve(recoverAtStart({ journal, log: SILENT }));
    const time = proved ? { provedMs: () => this.clock.wallMs() } : {};
    const devices = { ...(lamp === undefined ? {} : { lamp }), ...(display === undefined ? {} : { display }) };
    const lanes = this.lanes.map(({ settings, reader: real, gate }) => {
      const reader = openLaneReader(powered(real, power));
      return { settings, reader, gate: powered(gate, power), sale: this.sales.over({ reader, real, clock, journal, policy }), ...devices };
    });
    const onEvent = (lane: string, event: LaneEvent) => void this.events.push({ lane, event });
    const gates = await this.clock.resolve(openGates({ clock, log: SILENT, journal, fares, policy, lanes, onEvent, ...time }));
    this.#life = { gates, journal, clock };
    gates.start();
    await this.pass(10);
    return gates;
  }

  /** The terminal dies; cards, gates and whoever walks through them do not. */
  cutPower(): void {
    this.#power.cut();
    this.disk.crash();
    for (const { reader } of this.lanes) reader.cutPower();
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    await this.clock.runUntil(this.clock.monotonicMs() + ms);
  }

  /** Holds the card to a lane's reader for a moment, and lets what follows happen. */
  async tap(card: FakeCard, { lane = "a", forMs = 400, thenMs = 1_500 } = {}): Promise<void> {
    const { reader } = this.lane(lane);
    reader.insert(card);
    await this.pass(forMs);
    if (reader.card === card) reader.remove();
    await this.pass(thenMs);
  }

  /** What the lane has said to holders so far, without its being ready. */
  prompts(lane = "a"): readonly string[] {
    return this.events.flatMap((each) =>
      each.lane === lane && each.event.is === "prompt" && each.event.prompt.what !== "ready" ? each.event.prompt.what : [],
    );
  }

  alarms(): readonly string[] {
    return this.events.flatMap(({ event }) => (event.is === "alarm" ? event.why : []));
  }

  async entries(kind?: string): Promise<readonly JournalEntry[]> {
    const all = await this.clock.resolve(this.journal.entries(1, 10_000));
    return kind === undefined ? all : all.filter((entry) => entry.kind === kind);
  }

  /** State and word of every passage record. */
  async passages(): Promise<readonly string[]> {
    return (await this.entries("passage")).map(({ state, detail }) => `${state} ${textMember(detail, "why")} ${textMember(detail, "passage")}`.trim());
  }
}

/** Whatever a dead terminal asked a device never answers; the device itself goes on. */
function powered<Device extends object>(device: Device, power: Power): Device {
  return new Proxy(device, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...words: readonly unknown[]) => {
        const answer: unknown = Reflect.apply(value, target, words);
        return answer instanceof Promise ? power.guard(answer) : answer;
      };
    },
  });
}
