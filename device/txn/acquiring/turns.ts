/* Who may speak to the acquirer next: one at a time, first come first served, and no more waiting than a counter would. */
import { withDeadline } from "../../base/deadline.ts";
import { isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";

/** Most that wait behind the one who has the turn. */
export const WAITING_MAX = 8;

interface Waiter {
  granted: boolean;
  wake: () => void;
}

export class Turns {
  readonly #clock: Clock;
  #taken = false;
  #waiting: Waiter[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The result gives the turn back; undefined when too many wait already, or when it did not come in time. */
  async take(limits: Limits): Promise<(() => void) | undefined> {
    if (!this.#taken) {
      this.#taken = true;
      return this.#once();
    }
    if (this.#waiting.length >= WAITING_MAX) return undefined;
    const waiter: Waiter = { granted: false, wake: () => undefined };
    const turn = new Promise<void>((resolve) => {
      waiter.wake = resolve;
    });
    this.#waiting.push(waiter);
    try {
      await withDeadline(turn, { ...limits, clock: this.#clock, what: "the line to the acquirer", effectUnknown: false });
      return this.#once();
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      // Both may happen in the same moment: then the turn goes on to the next.
      if (waiter.granted) this.#pass();
      else this.#waiting = this.#waiting.filter((each) => each !== waiter);
      return undefined;
    }
  }

  #once(): () => void {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#pass();
    };
  }

  #pass(): void {
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#taken = false;
      return;
    }
    next.granted = true;
    next.wake();
  }
}
