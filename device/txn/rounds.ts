/*
 * Work that goes on by itself: a round, a rest, the next round. Woken, it does not rest, also when the call came while a round was under way;
 * stopped, it ends with that round.
 */
import { isFault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Clock } from "../base/ports.ts";

export interface RoundsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** One round; gives the rest until the next one, in milliseconds. Its faults (of a journal, of a folder) are logged and cost a rest. */
  readonly round: (signal: AbortSignal) => Promise<number>;
  /** What the log calls a round that failed. */
  readonly failedAs: string;
  readonly restAfterFaultMs: number;
  /** Rest before the first round; left out: none. */
  readonly firstRestMs?: number;
}

export class Rounds {
  readonly #options: RoundsOptions;
  readonly #stop = new AbortController();
  #rest = new AbortController();
  #woken = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Something is there to be looked at: now. */
  wake(): void {
    this.#woken = true;
    this.#rest.abort();
  }

  /** Resolves when the round under way has ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#rest.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    if (this.#options.firstRestMs !== undefined) await this.#sleep(this.#options.firstRestMs);
    while (!signal.aborted) {
      this.#woken = false;
      const restMs = await this.#round();
      if (!signal.aborted && !this.#woken) await this.#sleep(restMs);
    }
  }

  async #round(): Promise<number> {
    const { round, log, failedAs, restAfterFaultMs } = this.#options;
    try {
      return await round(this.#stop.signal);
    } catch (error) {
      if (!isFault(error)) throw error;
      log.warn(failedAs, { code: error.code });
      return restAfterFaultMs;
    }
  }

  async #sleep(durationMs: number): Promise<void> {
    this.#rest = new AbortController();
    try {
      await this.#options.clock.sleep(durationMs, this.#rest.signal);
    } catch (error) {
      if (!isFault(error, "cancelled")) throw error;
    }
  }
}
