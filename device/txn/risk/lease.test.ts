import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { Fault } from "../../base/fault.ts";
import { SILENT } from "../../base/log.ts";
import type { Clock } from "../../base/ports.ts";
import { type OfflineLease, openOfflineLease } from "./lease.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const OPTIONS = { leaseMs: 3 * DAY, reserveMs: HOUR };
const START = Date.UTC(2026, 0, 5, 4);

/** One terminal through its lives: real time passes, its own clocks may lie about it. */
class Desk {
  readonly time = new VirtualClock(START);
  readonly marks = new Map<string, string>();
  writes = 0;
  broken = false;
  /** What our wall clock is ahead of the truth. */
  wallErrorMs = 0;
  /** Our wall clock stands still. */
  frozen = false;
  #bootedAtMs = 0;
  #over = new AbortController();
  lease: OfflineLease | undefined;

  get clock(): Clock {
    const bootedAtMs = this.#bootedAtMs;
    return {
      monotonicMs: () => this.time.monotonicMs() - bootedAtMs,
      wallMs: () => (this.frozen ? START : this.time.wallMs() + this.wallErrorMs),
      sleep: (ms, signal) => this.time.sleep(ms, signal),
    };
  }

  async boot(): Promise<void> {
    this.#over.abort();
    this.#over = new AbortController();
    this.#bootedAtMs = this.time.monotonicMs();
    const journal = {
      mark: async (name: string) => this.marks.get(name),
      setMarks: async (marks: readonly { readonly name: string; readonly value: string }[]) => {
        if (this.broken) throw new Fault("store-broken", "no disk", { effectUnknown: true });
        this.writes += 1;
        for (const { name, value } of marks) this.marks.set(name, value);
      },
    };
    this.lease = await openOfflineLease({ clock: this.clock, journal, log: SILENT }, OPTIONS);
    void this.lease.keep(this.#over.signal);
    await this.pass(0);
  }

  /** Runs for a while. */
  async pass(ms: number): Promise<void> {
    await this.time.resolve(this.time.sleep(ms), ms + 1);
  }

  /** Power is away for a while. */
  async off(ms: number): Promise<void> {
    this.#over.abort();
    await this.pass(ms);
  }

  /** The host's true time, of a message that was sent so long ago. */
  hear(agoMs = 0): Promise<void> {
    return this.time.resolve(this.lease?.heard(Math.floor(this.time.wallMs()) - agoMs) ?? Promise.resolve());
  }

  get holds(): boolean {
    return this.lease?.refusal() === undefined;
  }
}

async function desk(): Promise<Desk> {
  const made = new Desk();
  await made.boot();
  return made;
}

async function heard(): Promise<Desk> {
  const made = await desk();
  await made.hear();
  return made;
}

describe("how long the host's word lasts", () => {
  test("never heard: it does not hold", async () => {
    expect((await desk()).holds).toBe(false);
    expect((await desk()).lease?.remainingMs()).toBe(0);
  });

  test("as long as configured, to the millisecond, and again when the host is heard again", async () => {
    const one = await heard();
    expect(one.lease?.remainingMs()).toBe(3 * DAY);
    await one.pass(3 * DAY - 1);
    expect([one.holds, one.lease?.remainingMs(), one.lease?.refusal()]).toEqual([true, 1, undefined]);
    await one.pass(1);
    expect([one.holds, one.lease?.refusal()]).toEqual([false, "lease-expired"]);
    await one.hear();
    expect(one.lease?.remainingMs()).toBe(3 * DAY);
  });

  test("a lease of nothing never holds", async () => {
    const one = await desk();
    const journal = { mark: async () => undefined, setMarks: async () => undefined };
    const lease = await openOfflineLease({ clock: one.clock, journal, log: SILENT }, { leaseMs: 0, reserveMs: HOUR });
    await lease.heard(START);
    expect(lease.refusal()).toBe("lease-expired");
  });

  test("a mark that nobody has written counts for nothing", async () => {
    for (const text of ["", "1 2 3", "1 2 3 x", "1 2 3 4 5"]) {
      const one = await desk();
      one.marks.set("lease/offline", text);
      await one.boot();
      expect(one.holds).toBe(false);
    }
  });
});

describe("power cuts", () => {
  test("the lease goes on, less what was reserved", async () => {
    const one = await heard();
    await one.pass(DAY);
    await one.boot();
    expect(one.holds).toBe(true);
    const left = one.lease?.remainingMs() ?? 0;
    expect(left).toBeLessThanOrEqual(2 * DAY);
    expect(left).toBeGreaterThanOrEqual(2 * DAY - HOUR);
  });

  test("time that the terminal was off counts by the wall clock", async () => {
    const one = await heard();
    await one.off(2 * DAY);
    await one.boot();
    expect(one.holds).toBe(true);
    expect(one.lease?.remainingMs()).toBeLessThanOrEqual(DAY);
    await one.off(DAY);
    await one.boot();
    expect(one.holds).toBe(false);
  });

  test.each([1, 5, 20, 50])("whatever the clocks say, %i starts give no more running time than the lease", async (starts) => {
    const one = await heard();
    // A clock without a battery stands still while power is away.
    let ranMs = 0;
    while (one.holds && ranMs < 10 * DAY) {
      await one.pass((3 * DAY) / starts / 2);
      ranMs += (3 * DAY) / starts / 2;
      await one.off(DAY);
      one.wallErrorMs -= DAY;
      await one.boot();
    }
    expect(ranMs).toBeLessThanOrEqual(3 * DAY);
    expect(ranMs).toBeGreaterThan(0);
  });

  test("a wall clock that stands still is no help: running time adds up through all starts", async () => {
    const one = await desk();
    one.frozen = true;
    await one.hear();
    let ranMs = 0;
    for (; one.holds && ranMs < 10 * DAY; ranMs += DAY / 2) {
      await one.pass(DAY / 2);
      await one.boot();
    }
    expect(ranMs).toBeLessThanOrEqual(3 * DAY);
    expect(ranMs).toBeGreaterThan(2 * DAY);
  });

  test("nothing is reserved of a lease that is over, or that a clock has ended", async () => {
    const one = await heard();
    await one.pass(4 * DAY);
    const over = one.writes;
    await one.pass(DAY);
    expect(one.writes).toBe(over);
    one.wallErrorMs = -10 * DAY;
    await one.boot();
    await one.pass(DAY);
    expect(one.writes).toBe(over);
  });

  test("a disk that keeps nothing lets the lease lapse with what is reserved", async () => {
    const one = await heard();
    one.broken = true;
    await one.pass(HOUR);
    expect(one.holds).toBe(true);
    await one.pass(1);
    expect(one.holds).toBe(false);
    await one.hear();
    expect(one.holds).toBe(false);
    one.broken = false;
    await one.hear();
    expect(one.holds).toBe(true);
  });

  test("nobody keeps the time: it lapses with what is reserved", async () => {
    const one = await heard();
    await one.off(HOUR + 1);
    expect(one.holds).toBe(false);
  });
});

describe("clocks that are set", () => {
  test.each([-10 * DAY, -HOUR, -1, 1, HOUR])("by %i ms while it runs: never longer", async (ms) => {
    const one = await heard();
    await one.pass(DAY);
    const before = one.lease?.remainingMs() ?? 0;
    one.wallErrorMs = ms;
    expect(one.lease?.remainingMs()).toBeLessThanOrEqual(before);
    await one.pass(2 * DAY);
    expect(one.holds).toBe(false);
  });

  test("forward past the end: it does not hold while the clock says so", async () => {
    const one = await heard();
    one.wallErrorMs = 3 * DAY;
    expect(one.holds).toBe(false);
  });

  test("back before the host's word, then a start: it ends until the host is heard", async () => {
    const one = await heard();
    await one.pass(DAY);
    one.wallErrorMs = -2 * DAY;
    await one.boot();
    expect(one.holds).toBe(false);
    await one.pass(HOUR);
    expect(one.holds).toBe(false);
    await one.hear();
    expect(one.holds).toBe(true);
  });

  test("back to just behind the host's word: what was seen since says otherwise", async () => {
    const one = await heard();
    await one.pass(2 * DAY);
    one.wallErrorMs = -2 * DAY;
    await one.boot();
    expect(one.holds).toBe(false);
  });

  test("two seconds are no running back", async () => {
    const one = await heard();
    one.wallErrorMs = -2000;
    await one.boot();
    expect(one.holds).toBe(true);
    one.wallErrorMs = -2001;
    await one.boot();
    expect(one.holds).toBe(false);
  });

  test("wrong when the host was heard, right afterwards: the greatest age counts", async () => {
    const behind = await desk();
    behind.wallErrorMs = -2 * DAY;
    await behind.hear();
    behind.wallErrorMs = 0;
    expect(behind.lease?.remainingMs()).toBe(DAY);
    const ahead = await desk();
    ahead.wallErrorMs = 2 * DAY;
    await ahead.hear();
    expect(ahead.lease?.remainingMs()).toBe(DAY);
    ahead.wallErrorMs = 0;
    expect(ahead.lease?.remainingMs()).toBe(3 * DAY);
  });
});

describe("messages", () => {
  test("one that comes again renews nothing", async () => {
    const one = await heard();
    await one.pass(DAY);
    await one.hear(DAY);
    expect(one.lease?.remainingMs()).toBe(2 * DAY);
    await one.hear(DAY + 1);
    expect(one.lease?.remainingMs()).toBe(2 * DAY);
  });

  test("nor does it after a clock ran back", async () => {
    const one = await heard();
    one.wallErrorMs = -DAY;
    await one.boot();
    await one.time.resolve(one.lease?.heard(START) ?? Promise.resolve());
    expect(one.holds).toBe(false);
    await one.time.resolve(one.lease?.heard(START + 1) ?? Promise.resolve());
    expect(one.holds).toBe(true);
  });

  test("one that is older than what is reserved holds for the rest", async () => {
    const one = await heard();
    await one.pass(DAY);
    await one.hear(2 * HOUR);
    expect(one.lease?.remainingMs()).toBe(3 * DAY - 2 * HOUR);
  });

  test("one that was kept back brings its age along, also after a start with a clock that stood still", async () => {
    const one = await heard();
    await one.pass(DAY);
    await one.hear(HOUR);
    expect(one.lease?.remainingMs()).toBe(3 * DAY - HOUR);
    const other = await heard();
    await other.pass(2 * DAY);
    await other.off(0);
    await other.boot();
    await other.hear(DAY);
    expect(other.lease?.remainingMs()).toBeLessThanOrEqual(2 * DAY);
  });

  test("a minute on its way makes no age", async () => {
    const one = await heard();
    await one.pass(DAY);
    one.wallErrorMs = -HOUR;
    await one.hear(60_000);
    expect(one.lease?.remainingMs()).toBe(3 * DAY);
    const other = await heard();
    await other.pass(DAY);
    other.wallErrorMs = -HOUR;
    await other.hear(60_001);
    expect(other.lease?.remainingMs()).toBe(3 * DAY - 60_001);
  });

  test("many of them cost few writes", async () => {
    const one = await heard();
    const before = one.writes;
    for (let more = 0; more < 1000; more += 1) {
      await one.pass(1000);
      await one.hear();
    }
    expect(one.writes - before).toBeLessThan(5);
  });

  test("no time at all is no time", async () => {
    const one = await desk();
    await one.time.resolve(one.lease?.heard(Number.NaN) ?? Promise.resolve());
    await one.time.resolve(one.lease?.heard(1.5) ?? Promise.resolve());
    expect(one.holds).toBe(false);
  });
});
