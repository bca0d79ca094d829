/*
 * Goal: whole terminals live through virtual days in real seconds, and the same seed gives the same day.
 * Method: sleepers wait in a heap ordered by due time, then by order of arrival. One sleeper is woken at a time; between two
 * wake-ups everything that can run without time passing runs to its end. Nothing in the world waits for the real event loop;
 * the pump alone yields to it once, so that all microtasks are finished.
 */
import { assert } from "../../device/base/assert.ts";
import { Fault } from "../../device/base/fault.ts";
import type { Clock } from "../../device/base/ports.ts";

interface Sleeper {
  readonly dueMs: number;
  readonly order: number;
  wake: (() => void) | undefined;
}

/** One for all: making a fault costs more than the wait that it ends, and few look at it. */
const CANCELLED = new Fault("cancelled", "sleep cancelled", { effectUnknown: false });

/** More wake-ups than this without time passing are a loop that would never end. */
const WAKES_IN_AN_INSTANT_MAX = 100_000;

function before(left: Sleeper, right: Sleeper): boolean {
  return left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.order < right.order);
}

/** Lets everything run that is ready to run. The only place where a simulated world touches the real event loop. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class VirtualClock implements Clock {
  #nowMs = 0;
  #wallOffsetMs: number;
  #order = 0;
  #pending = 0;
  #heap: Sleeper[] = [];

  /** `wallStartMs` is the wall-clock reading at virtual time zero. */
  constructor(wallStartMs: number) {
    this.#wallOffsetMs = wallStartMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return Math.floor(this.#nowMs) + this.#wallOffsetMs;
  }

  /** Moves the wall clock without time passing: a clock that is set, or loses its battery. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** Sleepers that are still waiting. */
  get pending(): number {
    return this.#pending;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    assert(Number.isFinite(durationMs) && durationMs >= 0, "a sleep has a finite length");
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(CANCELLED);
        return;
      }
      const sleeper: Sleeper = { dueMs: this.#nowMs + durationMs, order: this.#order, wake: undefined };
      this.#order += 1;
      this.#pending += 1;
      const abort = () => {
        if (sleeper.wake === undefined) return;
        sleeper.wake = undefined;
        this.#pending -= 1;
        reject(CANCELLED);
      };
      sleeper.wake = () => {
        signal?.removeEventListener("abort", abort);
        this.#pending -= 1;
        resolve();
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#push(sleeper);
    });
  }

  /** Runs until nothing is left to do before `untilMs` (virtual), or until `done` says so. Resolves with the reason. */
  async runUntil(untilMs: number, done: () => boolean = () => false): Promise<"done" | "time" | "idle"> {
    let wakes = 0;
    let instantMs = this.#nowMs;
    for (;;) {
      await settle();
      if (done()) return "done";
      const next = this.#peek();
      if (next === undefined) return "idle";
      if (next.dueMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return "time";
      }
      this.#pop();
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      wakes = this.#nowMs > instantMs ? 0 : wakes + 1;
      instantMs = this.#nowMs;
      assert(wakes < WAKES_IN_AN_INSTANT_MAX, "time passes: nobody wakes for ever in one instant");
      const wake = next.wake;
      next.wake = undefined;
      wake?.();
    }
  }

  /** Runs until `work` settles and gives its result; fails when virtual time passes `forMs` or everything falls asleep for good. */
  async resolve<Value>(work: Promise<Value>, forMs = 3_600_000): Promise<Value> {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    work.then(mark, mark);
    const how = await this.runUntil(this.#nowMs + forMs, () => settled);
    assert(how === "done", how === "idle" ? "work is pending but nothing will ever happen" : "work did not settle in virtual time");
    return work;
  }

  #peek(): Sleeper | undefined {
    while (this.#heap[0] !== undefined && this.#heap[0].wake === undefined) this.#pop();
    return this.#heap[0];
  }

  #push(sleeper: Sleeper): void {
    const heap = this.#heap;
    heap.push(sleeper);
    let at = heap.length - 1;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || !before(sleeper, parent)) break;
      heap[at] = parent;
      heap[parentAt] = sleeper;
      at = parentAt;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const leftAt = 2 * at + 1;
      const left = heap[leftAt];
      if (left === undefined) break;
      const right = heap[leftAt + 1];
      const childAt = right !== undefined && before(right, left) ? leftAt + 1 : leftAt;
      const child = heap[childAt];
      if (child === undefined || !before(child, last)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = last;
  }
}
