/* Keeps a terminal on through a day of faults, and no piece of work waiting for ever: shared by all scenarios of the world. */
import type { TerminalRules } from "../../device/terminal-settings.ts";
import type { ExposureLimits } from "./checks/journal-check.ts";
import { promised } from "./checks/violation.ts";
import { Life } from "./life.ts";
import type { SeededRandomness } from "./seeded-randomness.ts";
import type { Town } from "./town.ts";

export interface KeeperOptions {
  /** Decides how long a terminal without power stays dark. */
  readonly draw: SeededRandomness;
  readonly limits: ExposureLimits;
  readonly rules?: TerminalRules;
}

export class Keeper {
  readonly #town: Town;
  readonly #options: KeeperOptions;
  #life: Life | undefined;

  constructor(town: Town, options: KeeperOptions) {
    this.#town = town;
    this.#options = options;
  }

  /** The life that was begun last; its power may be gone. */
  get life(): Life | undefined {
    return this.#life;
  }

  /** After the last check: everything that still waits, of the terminal and around it, is over. */
  end(): void {
    this.#life?.power.cut();
    this.#town.close();
  }

  /** Lets virtual time pass until `work` has ended, at most for `forMs`: idle with work pending is a broken promise. */
  async bounded<Value>(work: Promise<Value>, forMs: number, what: string): Promise<Value> {
    const { clock } = this.#town;
    let settled = false;
    const mark = () => {
      settled = true;
    };
    work.then(mark, mark);
    const how = await clock.runUntil(clock.monotonicMs() + forMs, () => settled || this.#town.broken !== undefined);
    if (this.#town.broken !== undefined) throw this.#town.broken;
    promised(0, how === "done", () => (how === "idle" ? `nothing is left to do, but ${what} is pending` : `${what} did not end in bounded time`));
    return work;
  }

  /** The terminal, switched on again as often as it takes. */
  async powered(): Promise<Life> {
    const { draw, limits, rules = {} } = this.#options;
    for (;;) {
      if (this.#life?.power.on === true && this.#life.terminal !== undefined) return this.#life;
      await this.#town.clock.sleep(draw.between(500, 15_000));
      const life = new Life(this.#town);
      this.#life = life;
      this.#town.trace.note("power on");
      const started = await Promise.race([life.start(limits, rules).then(() => "on" as const), life.dark]);
      if (started === "on") return life;
    }
  }
}
