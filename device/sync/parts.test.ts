/* The small parts of sync, each by itself: host time, pacer, presence, jitter. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SeededRandomness } from "../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { isFault } from "../base/fault.ts";
import { fullJitterMs, steadyJitterMs } from "./chance.ts";
import { HOST_TIME_TOLERANCE_MS, HostTime } from "./host-time.ts";
import { type Lane, Pacer } from "./pacer.ts";
import { HostPresence, PRESENCE_MS } from "./presence.ts";

describe("HostTime", () => {
  it("knows nothing before the host was heard", () => {
    expect(new HostTime(new VirtualClock(0)).nowMs()).toBeUndefined();
  });

  it("is never ahead of the host's clock, however long messages travel", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ pauseMs: fc.nat(60_000), travelMs: fc.nat(20_000) }), { minLength: 1, maxLength: 20 }), async (messages) => {
        const clock = new VirtualClock(0);
        const time = new HostTime(clock);
        const hostNowMs = () => 5_000_000 + clock.monotonicMs();
        for (const { pauseMs, travelMs } of messages) {
          const sentMs = hostNowMs();
          await clock.resolve(clock.sleep(travelMs));
          time.heard(sentMs);
          expect(time.nowMs()).toBeLessThanOrEqual(hostNowMs());
          await clock.resolve(clock.sleep(pauseMs));
          expect(time.nowMs()).toBeLessThanOrEqual(hostNowMs());
        }
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ["a quicker message moves it forward", 1_000, 1_200, 1_200],
    ["a slower one within the tolerance does not move it back", 1_000, 1_000 - HOST_TIME_TOLERANCE_MS, 1_000],
    ["a clock that was set back is believed", 1_000, 999 - HOST_TIME_TOLERANCE_MS, 999 - HOST_TIME_TOLERANCE_MS],
  ])("%s", (_, firstMs, secondMs, expected) => {
    const time = new HostTime(new VirtualClock(0));
    time.heard(firstMs);
    time.heard(secondMs);
    expect(time.nowMs()).toBe(expected);
  });
});

const limits = (timeoutMs: number, signal = new AbortController().signal) => ({ timeoutMs, signal });

describe("Pacer", () => {
  async function timesOf(lanes: readonly Lane[]): Promise<{ readonly lane: Lane; readonly atMs: number }[]> {
    const clock = new VirtualClock(0);
    const pacer = new Pacer(clock, 20, 4);
    const times: { lane: Lane; atMs: number }[] = [];
    const take = async (lane: Lane) => {
      await pacer.take(lane, limits(60_000));
      times.push({ lane, atMs: clock.monotonicMs() });
    };
    await clock.resolve(Promise.all(lanes.map(take)));
    return times;
  }

  it("in no second more than 20, of these at most 16 of the drain", async () => {
    const times = await timesOf(Array.from({ length: 120 }, (_, index) => (index % 4 === 0 ? "live" : "drain")));
    expect(times).toHaveLength(120);
    for (const { atMs } of times) {
      const inSecond = times.filter((other) => other.atMs >= atMs && other.atMs < atMs + 1_000);
      expect(inSecond.length).toBeLessThanOrEqual(20);
    }
  });

  it("a live message does not wait behind the drain", async () => {
    const times = await timesOf([...Array.from({ length: 100 }, (): Lane => "drain"), "live", "live", "live", "live"]);
    expect(times.filter(({ lane }) => lane === "live").map(({ atMs }) => atMs)).toEqual([0, 0, 0, 0]);
  });

  it("a place that does not come in time is a certain no", async () => {
    const clock = new VirtualClock(0);
    const pacer = new Pacer(clock, 2, 1);
    await clock.resolve(pacer.take("drain", limits(10)));
    const outcome = await clock.resolve(
      pacer.take("drain", limits(10)).then(
        () => "taken",
        (error: unknown) => (isFault(error) ? [error.code, error.effectUnknown] : error),
      ),
    );
    expect(outcome).toEqual(["timeout", false]);
  });

  it("who cancels frees the lane for the next", async () => {
    const clock = new VirtualClock(0);
    const pacer = new Pacer(clock, 2, 1);
    await clock.resolve(pacer.take("drain", limits(10)));
    const cancel = new AbortController();
    const first = pacer.take("drain", limits(5_000, cancel.signal)).then(
      () => "taken",
      (error: unknown) => (isFault(error) ? error.code : error),
    );
    const second = pacer.take("drain", limits(5_000)).then(() => clock.monotonicMs());
    await clock.resolve(clock.sleep(100));
    cancel.abort();
    expect(await clock.resolve(first)).toBe("cancelled");
    expect(await clock.resolve(second)).toBe(1_000);
  });
});

describe("HostPresence", () => {
  it("lasts 30 s after the last word, then tells once", async () => {
    const clock = new VirtualClock(0);
    const silentMs: number[] = [];
    const presence = new HostPresence(clock, () => silentMs.push(clock.monotonicMs()));
    expect(presence.present).toBe(false);
    presence.heard();
    await clock.resolve(clock.sleep(20_000));
    presence.heard();
    await clock.resolve(clock.sleep(PRESENCE_MS - 1));
    expect([presence.present, silentMs]).toEqual([true, []]);
    await clock.resolve(clock.sleep(10_000));
    expect([presence.present, silentMs]).toEqual([false, [50_000]]);
    presence.heard();
    await clock.resolve(clock.sleep(PRESENCE_MS));
    expect(silentMs).toEqual([50_000, 59_999 + PRESENCE_MS]);
  });

  it("stopped it tells nothing", async () => {
    const clock = new VirtualClock(0);
    const silentMs: number[] = [];
    const presence = new HostPresence(clock, () => silentMs.push(clock.monotonicMs()));
    presence.heard();
    presence.stop();
    await clock.resolve(clock.sleep(60_000));
    expect(silentMs).toEqual([]);
  });

  it("fractions of a millisecond do not keep it awake for ever", async () => {
    const clock = new VirtualClock(0);
    let silent = 0;
    const presence = new HostPresence(clock, () => {
      silent += 1;
    });
    await clock.resolve(clock.sleep(0.1 + 0.2));
    presence.heard();
    await clock.resolve(clock.sleep(1 / 3));
    presence.heard();
    await clock.resolve(clock.sleep(PRESENCE_MS + 5));
    expect(silent).toBe(1);
  });
});

describe("jitter", () => {
  const backoff = { baseMs: 1_000, capMs: 8_000 };
  it("full jitter stays between nothing and the doubled bound; the steady one in its upper quarter", () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.string(), (failures, seed) => {
        const randomness = new SeededRandomness(seed);
        const boundMs = Math.min(8_000, 1_000 * 2 ** failures);
        const full = fullJitterMs(backoff, failures, randomness);
        const steady = steadyJitterMs(backoff, failures, randomness);
        expect(full >= 0 && full <= boundMs).toBe(true);
        expect(steady >= boundMs * 0.75 && steady <= boundMs).toBe(true);
      }),
    );
  });
});
