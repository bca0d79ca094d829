/*
 * One power-on of a terminal. When power is cut, nothing that belongs to it ever settles again: its promises stay pending,
 * its timers are forgotten, its listeners are deaf. What it had made durable stays with the disk, the cards, the broker and the host.
 */
import type { Clock } from "../../device/base/ports.ts";

/** Wakes the one who waits for `work`, unless the power has gone meanwhile. */
function relay<Value>(power: Power, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    work.then(
      (value) => {
        if (power.on) resolve(value);
      },
      (error: unknown) => {
        if (power.on) reject(error);
      },
    );
  });
}

export class Power {
  #on = true;
  #whenCut: (() => void)[] = [];

  get on(): boolean {
    return this.#on;
  }

  /** Runs `action` at the moment of the cut. */
  whenCut(action: () => void): void {
    this.#whenCut.push(action);
  }

  cut(): void {
    if (!this.#on) return;
    this.#on = false;
    for (const action of this.#whenCut) action();
    this.#whenCut = [];
  }

  /** A promise that follows `work` while there is power and never settles afterwards. */
  guard<Value>(work: Promise<Value>): Promise<Value> {
    return relay(this, work);
  }

  /** What waiting feels like without power. */
  static never<Value>(): Promise<Value> {
    return new Promise(() => undefined);
  }
}

/** The clock as a powered terminal sees it: monotonic time starts at power-on, sleepers vanish at the cut. */
export function poweredClock(clock: Clock, power: Power): Clock {
  const startMs = clock.monotonicMs();
  const dark = new AbortController();
  power.whenCut(() => dark.abort());
  return {
    monotonicMs: () => clock.monotonicMs() - startMs,
    wallMs: () => clock.wallMs(),
    sleep: (durationMs, signal) => power.guard(clock.sleep(durationMs, signal === undefined ? dark.signal : AbortSignal.any([dark.signal, signal]))),
  };
}
