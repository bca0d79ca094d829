import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { Fault } from "../../base/fault.ts";
import { SILENT } from "../../base/log.ts";
import type { Clock } from "../../base/ports.ts";
import { type ClockTrust, type ClockTrustOptions, DEFAULT_CLOCK_TRUST, openClockTrust } from "./clock-trust.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** 2026-01-05 12:00 in China. */
const START = Date.UTC(2026, 0, 5, 4);

/** One terminal through its lives: true time passes, what its clocks make of it is their own business. */
class Place {
  readonly truth = new VirtualClock(START);
  readonly marks = new Map<string, string>();
  readonly options: ClockTrustOptions;
  broken = false;
  writes = 0;
  /** Newest record, as the journal would know it. */
  floorMs: number | undefined;
  wallErrorMs = 0;
  /** How much faster than true time this terminal's running time is, in millionths. */
  ppm = 0;
  machine: "none" | "same" | "new" = "none";
  #over = new AbortController();
  #trust: ClockTrust | undefined;

  constructor(options: Partial<ClockTrustOptions> = {}) {
    this.options = { ...DEFAULT_CLOCK_TRUST, ...options };
  }

  get trust(): ClockTrust {
    if (this.#trust === undefined) throw new Error("the terminal is switched on first");
    return this.#trust;
  }

  #running(sinceMs: number): number {
    return (this.truth.monotonicMs() - sinceMs) * (1 + this.ppm / 1e6);
  }

  /** Switched on; `wall` is what the wall clock shows then. */
  async boot(wall: "true" | "1970" | "kept" = "true"): Promise<this> {
    this.#over.abort();
    this.#over = new AbortController();
    const bootedAtMs = this.truth.monotonicMs();
    if (wall === "1970") this.wallErrorMs = -this.truth.wallMs();
    const floorMs = () => this.floorMs;
    const clock: Clock = {
      monotonicMs: () => this.#running(bootedAtMs),
      wallMs: () => this.truth.wallMs() + this.wallErrorMs,
      sleep: (ms, signal) => this.truth.sleep(ms, signal),
    };
    const journal = {
      get floorMs() {
        return floorMs();
      },
      mark: async (name: string) => this.marks.get(name),
      setMarks: async (marks: readonly { readonly name: string; readonly value: string }[]) => {
        if (this.broken) throw new Fault("store-broken", "no disk", { effectUnknown: true });
        this.writes += 1;
        for (const { name, value } of marks) this.marks.set(name, value);
      },
    };
    const machine = { bootId: this.machine === "new" ? "b2" : "b1", uptimeMs: () => Math.floor(this.truth.monotonicMs()) };
    this.#trust = await openClockTrust({ clock, journal, log: SILENT, ...(this.machine === "none" ? {} : { machine }) }, this.options);
    void this.#trust.keep(this.#over.signal);
    return this;
  }

  async pass(ms: number): Promise<void> {
    await this.truth.resolve(this.truth.sleep(ms), ms + 1);
  }

  async off(ms: number): Promise<void> {
    this.#over.abort();
    await this.pass(ms);
  }

  hear(delayMs = 0): Promise<void> {
    return this.trust.heard(this.truth.wallMs() - delayMs);
  }

  /** A record: its time becomes the floor. */
  record(): { readonly wallMs: number; readonly errorMs: number | undefined; readonly quality: string } {
    const { wallMs, clock } = this.trust.reading(this.floorMs ?? Number.MIN_SAFE_INTEGER);
    expect(wallMs).toBeGreaterThanOrEqual(this.floorMs ?? wallMs);
    this.floorMs = wallMs;
    return { wallMs, errorMs: clock.errorMs, quality: clock.quality };
  }

  expectHonest(): void {
    const bounds = this.trust.bounds();
    if (bounds !== undefined) {
      expect(bounds.earliestMs).toBeLessThanOrEqual(this.truth.wallMs());
      expect(bounds.latestMs).toBeGreaterThanOrEqual(this.truth.wallMs());
    }
    const { wallMs, errorMs } = this.record();
    if (errorMs !== undefined) expect(Math.abs(wallMs - this.truth.wallMs())).toBeLessThanOrEqual(errorMs);
  }
}

describe("how far the clock may be relied on", () => {
  test("nobody has said the time: untrusted, whatever the wall clock shows", async () => {
    const place = await new Place().boot();
    expect([place.trust.quality(), place.trust.bounds(), place.trust.trustedDay(), place.trust.lastHeardMs()]).toEqual([
      "untrusted",
      undefined,
      undefined,
      undefined,
    ]);
    expect(place.record()).toEqual({ wallMs: START, errorMs: undefined, quality: "untrusted" });
  });

  test("the host has said it: trusted, and the error grows with running time", async () => {
    const place = await new Place().boot();
    await place.hear();
    expect(place.record()).toEqual({ wallMs: START, errorMs: 2000, quality: "trusted" });
    await place.pass(HOUR);
    expect(place.record()).toEqual({ wallMs: START + HOUR, errorMs: 2360, quality: "trusted" });
  });

  test.each([
    [30_000_000, "trusted"],
    [30_010_000, "held"],
  ])("after %i ms without a word it is %s", async (ms, quality) => {
    const place = await new Place().boot();
    await place.hear();
    await place.pass(ms);
    expect(place.trust.quality()).toBe(quality);
  });

  test("30 days without network: held all the time, by an error that a month explains", async () => {
    const place = await new Place().boot();
    place.ppm = 99;
    await place.hear();
    for (let day = 1; day <= 30; day += 1) {
      await place.pass(DAY);
      place.expectHonest();
      expect(place.trust.quality()).toBe("held");
    }
    expect(place.record().errorMs).toBeLessThan(600_000);
    await place.pass(60 * DAY);
    expect([place.trust.quality(), place.trust.bounds()]).toEqual(["untrusted", undefined]);
    place.expectHonest();
    await place.hear();
    expect(place.trust.quality()).toBe("trusted");
  });
});

describe("the wall clock", () => {
  test.each([-40 * DAY, -1000, 1000, 40 * DAY, 4000 * DAY])("that jumps by %i ms moves nothing once the host was heard", async (jumpMs) => {
    const place = await new Place().boot();
    await place.hear();
    place.wallErrorMs = jumpMs;
    await place.pass(HOUR);
    expect(place.trust.quality()).toBe("trusted");
    expect(place.trust.clock.wallMs()).toBe(START + HOUR);
    place.expectHonest();
  });

  test("that starts in 1970 makes no record older than the last one; running time goes on from there", async () => {
    const place = await new Place().boot();
    await place.hear();
    place.record();
    await place.off(DAY);
    await place.boot("1970");
    expect(place.record()).toEqual({ wallMs: START, errorMs: undefined, quality: "untrusted" });
    await place.pass(HOUR);
    expect(place.record()).toEqual({ wallMs: START + HOUR, errorMs: undefined, quality: "untrusted" });
    await place.hear();
    expect(place.record()).toEqual({ wallMs: START + DAY + HOUR, errorMs: 2000, quality: "trusted" });
  });

  test("is followed forward while nobody has said the time, up to a year: more is broken", async () => {
    const place = await new Place().boot();
    place.record();
    await place.boot();
    place.wallErrorMs = 300 * DAY;
    expect(place.record().wallMs).toBe(START + 300 * DAY);
    place.wallErrorMs = 900 * DAY;
    expect(place.record().wallMs).toBe(START + 300 * DAY);
  });

  test("that had run ahead before the host was heard: records wait for the time, and say by how much they are wrong", async () => {
    const place = await new Place().boot();
    place.wallErrorMs = HOUR;
    place.record();
    await place.hear();
    expect(place.record()).toEqual({ wallMs: START + HOUR, errorMs: HOUR, quality: "untrusted" });
    expect(place.trust.quality()).toBe("trusted");
    await place.pass(HOUR + 1000);
    expect(place.record()).toMatchObject({ wallMs: START + HOUR + 1000, quality: "trusted" });
  });
});

describe("a restart", () => {
  test("without a battery clock nobody knows how long it was: untrusted until the host is heard, and never earlier than before", async () => {
    const place = await new Place().boot();
    await place.hear();
    await place.pass(HOUR);
    await place.off(DAY);
    await place.boot("kept");
    expect([place.trust.quality(), place.trust.lastHeardMs()]).toEqual(["untrusted", START]);
    expect(place.record().wallMs).toBeGreaterThanOrEqual(START + HOUR - 300_000);
  });

  test("of the service alone loses nothing where the machine says how long it has been up", async () => {
    const place = await new Place().boot();
    place.machine = "same";
    await place.boot();
    await place.hear();
    await place.pass(HOUR);
    place.wallErrorMs = -9 * DAY;
    await place.off(60_000);
    await place.boot();
    expect(place.trust.quality()).toBe("trusted");
    place.expectHonest();
    place.machine = "new";
    await place.boot();
    expect(place.trust.quality()).toBe("untrusted");
  });

  test("with a battery clock the time without power is measured, unless it has run back", async () => {
    const place = await new Place({ batteryClock: true }).boot();
    await place.hear();
    await place.off(3 * DAY);
    await place.boot();
    expect(place.trust.quality()).toBe("held");
    place.expectHonest();
    await place.boot("1970");
    expect(place.trust.quality()).toBe("untrusted");
  });

  test("does not make a held clock better", async () => {
    const place = await new Place({ batteryClock: true }).boot();
    await place.hear();
    await place.off(3 * DAY);
    for (let boots = 0; boots < 5; boots += 1) await place.boot();
    expect(place.trust.bounds()?.earliestMs).toBeLessThanOrEqual(START + 3 * DAY);
    place.expectHonest();
  });
});

describe("the host's word", () => {
  test("that was kept back or is played again moves nothing", async () => {
    const place = await new Place().boot();
    await place.hear();
    await place.pass(DAY);
    await place.hear(DAY);
    await place.hear(20_000);
    expect(place.trust.quality()).toBe("held");
    expect(place.trust.lastHeardMs()).toBe(START);
    place.expectHonest();
  });

  test("that is slower than another one narrows nothing", async () => {
    const place = await new Place().boot();
    await place.hear();
    await place.pass(1000);
    await place.hear(1900);
    expect(place.record()).toMatchObject({ wallMs: START + 1000, errorMs: 2001 });
  });

  test("that is quicker than all before tells the time better", async () => {
    const place = await new Place().boot();
    await place.hear(1500);
    expect(place.record()).toMatchObject({ wallMs: START - 1500, errorMs: 2000 });
    await place.hear();
    expect(place.record()).toMatchObject({ wallMs: START, errorMs: 500 });
  });

  test.each([Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, 1e16])("%d is no time", async (hostMs) => {
    const place = await new Place().boot();
    await place.trust.heard(hostMs);
    expect(place.trust.quality()).toBe("untrusted");
  });

  test("counts at once, and a disk that fails costs only what a restart would have kept", async () => {
    const place = await new Place().boot();
    place.broken = true;
    await place.hear();
    expect(place.trust.quality()).toBe("trusted");
    place.broken = false;
    await place.boot();
    expect(place.trust.lastHeardMs()).toBeUndefined();
  });

  test("is written once in five minutes, however often it comes", async () => {
    const place = await new Place().boot();
    for (let message = 0; message < 600; message += 1) {
      await place.pass(1000);
      await place.hear();
    }
    expect(place.writes).toBeLessThanOrEqual(4);
  });
});

describe("which day it may be", () => {
  test.each([
    ["far from midnight", Date.UTC(2026, 0, 5, 4), { earliest: "20260105", latest: "20260105" }],
    ["a second before", Date.UTC(2026, 0, 5, 15, 59, 59), { earliest: "20260105", latest: "20260106" }],
    ["at midnight", Date.UTC(2026, 0, 5, 16), { earliest: "20260106", latest: "20260106" }],
  ])("%s", async (_, hostMs, expected) => {
    const place = await new Place().boot();
    await place.trust.heard(hostMs);
    expect(place.trust.trustedDay()).toEqual(expected);
  });

  test("an untrusted clock makes no card valid too early: a beginning is judged by what the host has proved", async () => {
    const place = await new Place().boot();
    expect(place.trust.saleDays()).toEqual({ earliest: "20260105", latest: "20260105" });
    await place.hear();
    expect(place.trust.saleDays()).toEqual(place.trust.trustedDay());
    await place.off(DAY);
    await place.boot();
    place.wallErrorMs = 30 * DAY;
    expect(place.trust.saleDays()).toEqual({ earliest: "20260105", latest: "20260205" });
  });

  test("a month without a word makes midnight wider", async () => {
    const place = await new Place().boot();
    await place.hear();
    await place.pass(30 * DAY + 12 * HOUR - 200_000);
    expect(place.trust.trustedDay()).toEqual({ earliest: "20260204", latest: "20260205" });
  });
});

test("whatever happens to clocks, power and network, records never run back and no bound lies", async () => {
  const act = fc.oneof(
    fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 5 * DAY }) }),
    fc.record({ do: fc.constant("off" as const), ms: fc.integer({ min: 0, max: 5 * DAY }) }),
    fc.record({ do: fc.constant("jump" as const), ms: fc.integer({ min: -400 * DAY, max: 400 * DAY }) }),
    fc.record({ do: fc.constant("hear" as const), ms: fc.integer({ min: 0, max: 2000 }) }),
    fc.record({ do: fc.constant("replay" as const), ms: fc.integer({ min: HOUR, max: 90 * DAY }) }),
  );
  const life = fc.array(act, { maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(life, fc.integer({ min: -90, max: 90 }), async (acts, ppm) => {
      const place = await new Place().boot();
      place.ppm = ppm;
      for (const { do: what, ms } of acts) {
        if (what === "pass") await place.pass(ms);
        else if (what === "jump") place.wallErrorMs += ms;
        else if (what === "hear") await place.hear(ms);
        else if (what === "replay") {
          // Before the first word of a life a message of before cannot be told from a new one.
          if (place.trust.bounds() !== undefined) await place.hear(ms);
        } else {
          await place.off(ms);
          await place.boot();
        }
        place.expectHonest();
      }
    }),
    { numRuns: 100 },
  );
});
