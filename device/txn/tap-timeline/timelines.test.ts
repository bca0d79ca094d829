/* Timelines of taps: what a watched flow leaves behind, and that it does not change what the flow does. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { fromHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import type { CardChannel, CardReader, Psam } from "../../drivers/ports.ts";
import type { Journal } from "../journal/types.ts";
import { runQuickPayment } from "../quick-payment/run.ts";
import { EVERY_PURSE, SimulatedPlace, type SimulatedPlaceOptions, TEST_LIMITS } from "../quick-payment/testing.ts";
import type { PurseChoice } from "../sale-request.ts";
import { createTapTimelines, type TapTimelines } from "./timelines.ts";
import { timesOf } from "./times.ts";
import type { TapStep, TapTimeline } from "./types.ts";

async function watchedPlace(options: SimulatedPlaceOptions = {}) {
  const place = new SimulatedPlace(options);
  const taps: TapTimeline[] = [];
  const timelines = createTapTimelines({ clock: place.clock, onTap: (tap) => taps.push(tap) });
  const ports = timelines.watch(await place.clock.resolve(place.switchOn()));
  const sell = (reference: string, purse: PurseChoice) =>
    place.clock.resolve(runQuickPayment(ports, { reference, amount: fen(100), purse }, { ...TEST_LIMITS, returnTimeoutMs: 500 }));
  return { place, taps, timelines, sell };
}

describe("a watched sale", () => {
  it.each(EVERY_PURSE)("of the purse $kind ends as it would, and tells where its time went", async (purse) => {
    const { place, taps, sell } = await watchedPlace();
    const card = place.card();
    place.reader.insert(card);
    expect(await sell("one", purse)).toMatchObject({ kind: "paid", verified: true });
    const [tap] = taps;
    expect(taps).toHaveLength(1);
    expect(tap?.times.host).toBe(0);
    expect(tap?.times.field).toBeGreaterThan(0);
    expect(tap?.steps.filter(({ part }) => part === "card").length).toBeGreaterThan(3);
    expect(tap?.steps.some(({ part, what }) => part === "disk" && what === "append")).toBe(true);
    expect(tap?.steps.some(({ part }) => part === "module")).toBe(purse.kind !== "electronic-cash");
    expect(tap?.steps.filter(({ failed }) => failed)).toEqual([]);
  });

  it("shows headers of commands and no data", async () => {
    const { place, timelines, sell } = await watchedPlace();
    place.reader.insert(place.card());
    await sell("one", { kind: "medical-purse", selfPay: fen(1), pooled: fen(2) });
    const [tap] = timelines.view().slowest;
    const commands = tap?.steps.filter(({ part }) => part === "card").map(({ what }) => what) ?? [];
    expect(commands.length).toBeGreaterThan(0);
    for (const what of commands) expect(what).toMatch(/^[0-9a-f]{8}$/);
    for (const { what } of tap?.steps.filter(({ part }) => part !== "card") ?? []) expect(what).toMatch(/^[A-Za-z]+$/);
  });

  it.each([
    [3, true],
    [400, false],
  ])("with a flush of %i ms: the card sees none of it: %s", async (flushMs, unseen) => {
    const { place, taps, sell } = await watchedPlace({ flushMs });
    place.reader.insert(place.card());
    await sell("one", { kind: "e-purse" });
    const times = taps[0]?.times ?? { diskWait: -1, diskCover: -1, disk: -1 };
    expect(times.diskCover).toBeGreaterThan(20);
    expect(times.diskWait).toBeCloseTo(unseen ? 0 : flushMs - times.diskCover, 6);
    expect(times.disk).toBeGreaterThan(flushMs - 1);
  });

  it("of electronic cash records what the card has decided while its records are read", async () => {
    const { place, taps, sell } = await watchedPlace({ flushMs: 20 });
    place.reader.insert(place.card());
    expect(await sell("one", { kind: "electronic-cash" })).toMatchObject({ kind: "paid" });
    const [tap] = taps;
    expect(tap?.steps.filter(({ what }) => what === "append")).toHaveLength(3);
    expect([tap?.times.diskWait, Number(tap?.times.diskCover) > 20]).toEqual([0, true]);
  });

  it("that is torn leaves the failed step, and the return is a tap of its own", async () => {
    const { place, taps, sell } = await watchedPlace();
    const card = place.card();
    place.reader.insert(card);
    place.tearDebit("after");
    const sale = sell("one", { kind: "e-purse" });
    void place.clock.sleep(300).then(() => place.reader.insert(card));
    expect(await sale).toMatchObject({ kind: "paid" });
    expect(taps).toHaveLength(2);
    expect(taps[0]?.steps.filter(({ failed }) => failed).map(({ part, what }) => [part, what])).toEqual([["card", "80540100"]]);
    const [wait] = taps[1]?.steps ?? [];
    expect([wait?.part, wait?.what, wait?.endedMs]).toEqual(["wait", "card", 0]);
    expect(wait?.beganMs).toBeLessThan(0);
  });
});

/** Ports that do nothing but take their time. */
function slowPorts(clock: VirtualClock) {
  let takesMs = 10;
  const channel: CardChannel & { control(): Promise<string> } = {
    atr: new Uint8Array(1),
    insertion: 1,
    transmit: async () => {
      await clock.sleep(takesMs);
      return fromHex("9000");
    },
    control: async () => {
      await clock.sleep(9_000);
      return "keys";
    },
    close: () => Promise.resolve(),
  };
  const reader: CardReader = {
    name: "r",
    interface: "contactless",
    waitForCard: () => Promise.resolve(channel),
    waitForRemoval: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const psam = { expectedSequence: () => 7 } as Psam;
  const journal = { mark: () => Promise.reject(new Error("no disk")) } as unknown as Journal;
  return {
    ports: { reader, psam, journal },
    take: (ms: number) => {
      takesMs = ms;
    },
  };
}

const LIMITS = { timeoutMs: 10, signal: new AbortController().signal };

async function tapOf(clock: VirtualClock, ports: ReturnType<TapTimelines["watch"]>, commands = 1): Promise<void> {
  const channel = await clock.resolve(ports.reader.waitForCard(LIMITS));
  for (let command = 0; command < commands; command += 1) await clock.resolve(channel.transmit(fromHex("00a40400"), LIMITS));
  await channel.close();
}

describe("what is kept", () => {
  it("is bounded, and holds the slowest", async () => {
    const clock = new VirtualClock(0);
    const timelines = createTapTimelines({ clock });
    const slow = slowPorts(clock);
    const ports = timelines.watch(slow.ports);
    for (let tap = 0; tap < 80; tap += 1) {
      slow.take(1 + ((tap * 37) % 80));
      await tapOf(clock, ports);
    }
    const { taps, slowest, times } = timelines.view();
    expect(taps).toBe(80);
    expect(slowest.map((tap) => Math.round(tap.times.field))).toEqual(Array.from({ length: 32 }, (_, at) => 80 - at));
    expect(times.field.count).toBe(80);
    expect(times.field.sumMs).toBeCloseTo((80 * 81) / 2, 3);
    expect(times.field.buckets.find(({ leMs }) => leMs === 50)?.count).toBe(50);
    expect(times.field.buckets.at(-1)).toEqual({ leMs: null, count: 80 });
  });

  it("of one tap is bounded too", async () => {
    const clock = new VirtualClock(0);
    const timelines = createTapTimelines({ clock });
    await tapOf(clock, timelines.watch(slowPorts(clock).ports), 300);
    expect(timelines.view().slowest[0]?.steps).toHaveLength(96);
  });

  it("is nothing of a card that was never asked anything", async () => {
    const clock = new VirtualClock(0);
    const timelines = createTapTimelines({ clock });
    const ports = timelines.watch(slowPorts(clock).ports);
    await tapOf(clock, ports, 0);
    await tapOf(clock, ports, 1);
    expect(timelines.view().taps).toBe(1);
  });

  it("a person at the keypad is no time of the card", async () => {
    const clock = new VirtualClock(0);
    const timelines = createTapTimelines({ clock });
    const ports = timelines.watch(slowPorts(clock).ports);
    const channel = await clock.resolve(ports.reader.waitForCard(LIMITS));
    // An ability of this reader alone passes through the watch.
    const keys = channel as CardChannel & { control(): Promise<string> };
    expect(await clock.resolve(keys.control())).toBe("keys");
    await clock.resolve(channel.transmit(fromHex("0020000003ffffff"), LIMITS));
    await channel.close();
    const [tap] = timelines.view().slowest;
    expect(tap?.times).toMatchObject({ field: 10, card: 10, host: 0 });
    expect(tap?.steps.map(({ what }) => what)).toEqual(["card", "keypad", "00200000"]);
  });

  it("what takes no time, and what fails, passes as it is", async () => {
    const clock = new VirtualClock(0);
    const ports = createTapTimelines({ clock }).watch(slowPorts(clock).ports);
    expect(ports.psam.expectedSequence()).toBe(7);
    await expect(ports.journal.mark("x")).rejects.toThrow("no disk");
    expect(ports.reader.name).toBe("r");
  });
});

/** The same sums, millisecond by millisecond. */
function slowly(steps: readonly TapStep[]) {
  const cards = steps.filter(({ part }) => part === "card");
  const last = cards.at(-1);
  if (last === undefined) throw new Error("a tap has a card");
  const at = (ms: number, part: TapStep["part"], also: (step: TapStep) => boolean = () => true) =>
    steps.some((step) => step.part === part && also(step) && step.beganMs <= ms && ms < step.endedMs);
  const appends = steps.filter(({ part, what, beganMs }) => part === "disk" && what === "append" && beganMs < last.beganMs);
  const sums = { field: 0, card: 0, module: 0, disk: 0, host: 0, diskWait: 0, diskCover: 0 };
  for (let ms = 0; ms < last.endedMs; ms += 1) {
    const [card, module, disk, wait] = [at(ms, "card"), at(ms, "module"), at(ms, "disk"), at(ms, "wait")];
    const intent = appends.at(-1);
    sums.field += wait && !card && !module && !disk ? 0 : 1;
    sums.card += card ? 1 : 0;
    sums.module += module ? 1 : 0;
    sums.disk += disk ? 1 : 0;
    sums.host += card || module || disk || wait ? 0 : 1;
    sums.diskWait += !card && !module && !wait && at(ms, "disk", (step) => appends.includes(step)) ? 1 : 0;
    sums.diskCover += intent !== undefined && ms >= intent.beganMs && ms < last.beganMs && (card || module) ? 1 : 0;
  }
  return sums;
}

describe("sums of a tap", () => {
  const step = fc
    .record({
      part: fc.constantFrom("wait", "card", "module", "disk" as const),
      what: fc.constantFrom("append", "entriesOf"),
      beganMs: fc.integer({ min: -5, max: 40 }),
      lengthMs: fc.integer({ min: 0, max: 20 }),
    })
    .map(({ part, what, beganMs, lengthMs }): TapStep => ({ part: part as TapStep["part"], what, beganMs, endedMs: beganMs + lengthMs }));
  it("are those that counting by the millisecond gives", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.integer({ min: 0, max: 60 }), (steps, lastMs) => {
        const all = [...steps, { part: "card", what: "80540100", beganMs: lastMs, endedMs: lastMs + 4 } as const];
        expect(timesOf(all)).toEqual(slowly(all));
      }),
    );
  });
});
