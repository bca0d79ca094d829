/*
 * Goal: every closed day is compared without anybody's asking, missed days too. Method: a look every now and then; the days that are not
 * done are compared one after the other, oldest first, and a day that cannot be compared now is tried again with a growing pause.
 */
import { isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Clock } from "../../base/ports.ts";
import type { Reconciliation } from "./reconcile.ts";

export interface ReconciliationSchedule {
  /** Between two looks at the calendar, and before the first one. */
  readonly lookEveryMs: number;
  /** Longest pause after days that could not be compared. */
  readonly pauseMaxMs: number;
  /** One day. */
  readonly dayTimeoutMs: number;
  /** How far missed days reach back. */
  readonly daysBackMax: number;
  /** Who did it, in records and reports. */
  readonly operator: string;
}

export class ReconciliationBackground {
  readonly #ports: { readonly clock: Clock; readonly log: Log };
  readonly #reconciliation: Pick<Reconciliation, "run" | "pending">;
  readonly #schedule: ReconciliationSchedule;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(ports: { readonly clock: Clock; readonly log: Log }, reconciliation: Pick<Reconciliation, "run" | "pending">, schedule: ReconciliationSchedule) {
    this.#ports = ports;
    this.#reconciliation = reconciliation;
    this.#schedule = schedule;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when the day under way has ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { lookEveryMs, pauseMaxMs } = this.#schedule;
    let pauseMs = lookEveryMs;
    while (await this.#pause(pauseMs)) {
      const isWell = await this.#round();
      pauseMs = isWell ? lookEveryMs : Math.min(pauseMaxMs, pauseMs * 2);
    }
  }

  /** Each day once; true when none is left to be tried again. */
  async #round(): Promise<boolean> {
    const { daysBackMax, dayTimeoutMs, operator } = this.#schedule;
    const { signal } = this.#stop;
    let isWell = true;
    try {
      for (const day of await this.#reconciliation.pending(daysBackMax)) {
        if (signal.aborted) return true;
        const result = await this.#reconciliation.run(day, { operator }, { timeoutMs: dayTimeoutMs, signal });
        isWell &&= result.kind === "reconciled" && result.state !== "incomplete";
      }
    } catch (error) {
      // A journal or a folder that fails stops other things as well; here it only means that a day is compared later.
      if (!isFault(error)) throw error;
      this.#ports.log.warn("day-not-reconciled", { code: error.code });
      return false;
    }
    return isWell;
  }

  async #pause(durationMs: number): Promise<boolean> {
    try {
      await this.#ports.clock.sleep(durationMs, this.#stop.signal);
      return true;
    } catch (error) {
      if (!isFault(error, "cancelled")) throw error;
      return false;
    }
  }
}
