/*
 * Goal: pieces of work one after another, so that what one has read still holds when it writes; and a bound on how many wait.
 * Method: each begins when the one before it has ended, well or badly. Where a caller's own time bounds the wait, see `Turns`.
 */
import { Fault } from "./fault.ts";

/** More than anything of ours lets wait while all is well. */
const WAITING_MAX = 256;

export class WorkRow {
  readonly #what: string;
  readonly #waitingMax: number;
  #last: Promise<unknown> = Promise.resolve();
  /** Under way and waiting. */
  #size = 0;

  /** `what`: named in the fault of a row that is full. */
  constructor(what: string, waitingMax = WAITING_MAX) {
    this.#what = what;
    this.#waitingMax = waitingMax;
  }

  /** Settles as `work` does. Faults besides: "queue-full", and then the work is not begun. */
  run<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#size > this.#waitingMax) return Promise.reject(new Fault("queue-full", `${this.#what}: too many wait already`, { effectUnknown: false }));
    this.#size += 1;
    const turn = this.#last.then(() => this.#counted(work));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when everything that was asked for until now has ended; never rejects. */
  async idle(): Promise<void> {
    await this.#last;
  }

  async #counted<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } finally {
      this.#size -= 1;
    }
  }
}
