/* First come, first served, one at a time: a purchase holds the module from its beginning to its end. */
import { withDeadline } from "../../base/deadline.ts";
import { Fault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";

/** More waiters than this on one module mean that lanes share it which should have their own. */
const WAITERS_MAX = 16;

interface Waiter {
  enter(): void;
}

export class ModuleLock {
  readonly #clock: Clock;
  #held = false;
  #waiters: Waiter[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves when the module is free, with the function that frees it again (any number of calls count once).
   * Faults: "timeout", "cancelled", "queue-full".
   */
  async acquire(limits: Limits): Promise<() => void> {
    if (!this.#held) return this.#hold();
    if (this.#waiters.length >= WAITERS_MAX) throw new Fault("queue-full", "too many wait for the security module", { effectUnknown: false });
    let waiter: Waiter = { enter: () => undefined };
    const turn = new Promise<void>((resolve) => {
      waiter = { enter: resolve };
      this.#waiters.push(waiter);
    });
    try {
      await withDeadline(turn, { ...limits, clock: this.#clock, what: "turn at the security module", effectUnknown: false });
    } catch (error) {
      if (this.#waiters.includes(waiter)) this.#waiters = this.#waiters.filter((other) => other !== waiter);
      // The turn came in the moment of giving up: it goes on to the next in line.
      else this.#passOn();
      throw error;
    }
    return this.#hold();
  }

  #hold(): () => void {
    this.#held = true;
    let freed = false;
    return () => {
      if (freed) return;
      freed = true;
      this.#passOn();
    };
  }

  /** Stays held while it goes from one to the next, so that nobody slips in between. */
  #passOn(): void {
    const next = this.#waiters.shift();
    if (next === undefined) this.#held = false;
    else next.enter();
  }
}
