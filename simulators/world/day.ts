/*
 * What a day of every scenario has: a town with its people and its weather, a terminal that is kept on, and two phases. Faults strike while people
 * come; then they end, and within bounded virtual time everything is settled.
 */
import type { Limits } from "../../device/base/ports.ts";
import type { Terminal } from "../../device/terminal.ts";
import type { TerminalRules } from "../../device/terminal-settings.ts";
import { promised, violationOf } from "./checks/violation.ts";
import type { FaultCounts } from "./fault-plan.ts";
import { Holders } from "./holders.ts";
import { Keeper } from "./keeper.ts";
import type { Life } from "./life.ts";
import type { SeededRandomness } from "./seeded-randomness.ts";
import { Town, type TownOptions } from "./town.ts";
import { Weather } from "./weather.ts";

export interface DayOptions {
  readonly town: TownOptions;
  /** Name of the stream from which the scenario draws. */
  readonly stream: string;
  readonly rules?: TerminalRules;
  /** Virtual time in which everything must have settled after the faults ended. */
  readonly livenessMs: number;
}

/** What every scenario tells of one seed. Names are fixed; see docs/json.md. */
export interface DayReport {
  readonly seed: string;
  readonly events: number;
  readonly violation: string | undefined;
  readonly faults: FaultCounts;
  readonly virtualMs: number;
  readonly stateHash: string;
  readonly trace: readonly string[];
}

export interface DayPhases {
  /** People come while faults strike. */
  readonly safety: () => Promise<void>;
  /** Right after the last fault. */
  readonly calm?: () => void;
  /** Everything is brought to its end and compared. */
  readonly liveness: () => Promise<void>;
}

export class Day {
  readonly town: Town;
  readonly holders: Holders;
  readonly draw: SeededRandomness;
  readonly keeper: Keeper;
  readonly #options: DayOptions;
  readonly #weather: Weather;

  constructor(options: DayOptions) {
    const { town, stream, rules } = options;
    this.#options = options;
    this.town = new Town(town);
    this.holders = new Holders(this.town);
    this.#weather = new Weather(this.town);
    this.draw = this.town.random.stream(stream);
    this.keeper = new Keeper(this.town, { draw: this.draw, limits: town.limits, ...(rules === undefined ? {} : { rules }) });
  }

  /** Both phases, and what came of them. Whatever still waits afterwards is over. */
  async live<Report>(phases: DayPhases, report: (told: DayReport) => Report): Promise<Report> {
    const violation = await violationOf(async () => {
      await this.#underFaults(phases);
      await this.bounded(this.keeper.powered(), "the last start");
      await phases.liveness();
    });
    const told = report(this.#report(violation));
    this.keeper.end();
    return told;
  }

  async #underFaults({ safety, calm }: DayPhases): Promise<void> {
    const weather = this.#weather.blow();
    await safety();
    this.town.plan.calm();
    calm?.();
    this.#weather.calm();
    await this.town.clock.resolve(weather);
  }

  /** A pause between people. */
  async pause(fromMs: number, toMs: number): Promise<void> {
    const { clock } = this.town;
    await clock.resolve(clock.sleep(this.draw.between(fromMs, toMs)));
  }

  /** Work that must end within the time of the liveness phase. */
  bounded<Value>(work: Promise<Value>, what: string): Promise<Value> {
    return this.keeper.bounded(work, this.#options.livenessMs, what);
  }

  /** The terminal of this life; it is on. */
  terminal(life: Life | undefined = this.keeper.life): Terminal {
    const terminal = life?.terminal;
    promised(0, terminal !== undefined, () => "a powered terminal has started");
    return terminal;
  }

  /** Everything durable is receipted, and seen by the checkers. */
  async drained(): Promise<void> {
    await this.bounded(this.terminal().idle(within(this.#options.livenessMs)), "the drain");
    this.town.observe();
  }

  async stopped(): Promise<void> {
    await this.town.clock.resolve(this.terminal().stop());
  }

  #report(violation: string | undefined): DayReport {
    const { plan, trace, clock } = this.town;
    return {
      seed: this.#options.town.seed,
      events: trace.events,
      violation,
      faults: plan.counts,
      virtualMs: clock.monotonicMs(),
      stateHash: trace.stateHash(),
      trace: trace.lines,
    };
  }
}

/** Limits of one act that nobody cancels. */
export function within(timeoutMs: number): Limits {
  return { timeoutMs, signal: new AbortController().signal };
}
