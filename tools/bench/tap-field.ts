/*
 * How long a card has to stay in the field: the real flow under virtual time, with a typical card, a good reader and a store whose flush takes
 * 20 ms. The floor of each tap is computed from the very commands that it had. Cards come at any moment between two looks of the reader.
 */
import { openPsam } from "../../device/card/psam/open.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { createTapTimelines } from "../../device/txn/tap-timeline/timelines.ts";
import type { TapTimeline } from "../../device/txn/tap-timeline/types.ts";
import { SimulatedJournalDisk } from "../../simulators/disk/journal-store.ts";
import { makeTestPsam } from "../../simulators/psam/make.ts";
import { makeSamReader, SimulatedReader } from "../../simulators/reader/in-process.ts";
import type { ExchangeTiming } from "../../simulators/reader/timing.ts";
import { floorMs, type RecordedExchange } from "../../simulators/reader/timing-floor.ts";
import { TIMING_PROFILES, type TimingProfile, timingsOf } from "../../simulators/reader/timing-profiles.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { benchCard, type TapFlow, type TapSeries } from "./tap-flows.ts";
import { openPlace } from "./tap-place.ts";

/** A flush of a slow SD card. */
export const FLUSH_MS = 20;
const PLACE: TimingProfile = { ...TIMING_PROFILES.good, card: "typical" };
/** A command of a module that makes a MAC over one record, and its answer. */
const MAC_COMMAND = Uint8Array.from([0x80, 0xfa, 0x05, 0x00, 0x40, ...new Uint8Array(0x40)]);
const MAC_ANSWER = new Uint8Array(6);
const OPENING_MS = 10_000;

export interface FieldTap {
  readonly flow: TapFlow;
  /** From the card's arrival to its last answer, without our own time. */
  readonly fieldMs: number;
  readonly floorMs: number;
  readonly waitMs: number;
  readonly coverMs: number;
}

/** Taps of one series, `count` of each flow. */
export async function fieldTaps(series: TapSeries, count: number): Promise<readonly FieldTap[]> {
  const clock = new VirtualClock(Date.UTC(2026, 10, 21, 4));
  const suite = openCipherSuite();
  const timings = timingsOf(PLACE);
  let exchanges: RecordedExchange[] = [];
  const recorded =
    (to: RecordedExchange["to"], timing: ExchangeTiming): ExchangeTiming =>
    (command, answer) => {
      // The reader asks twice, first without the answer.
      if (answer.length > 0) exchanges.push({ to, command, answer });
      return timing(command, answer);
    };
  let arrivalMs = 0;
  const cards = new SimulatedReader({
    name: "card",
    interface: "contactless",
    clock,
    timing: recorded("card", timings.contactless),
    powerUpMs: () => arrivalMs,
  });
  const modules = makeSamReader(makeTestPsam(suite), { name: "module", clock, timing: recorded("module", timings.module) });
  const disk = new SimulatedJournalDisk({ clock, flushMs: FLUSH_MS });
  const limits = { timeoutMs: OPENING_MS, signal: new AbortController().signal };
  const psam = await clock.resolve(openPsam(modules, { clock, profile: DEFAULT_CARD_PROFILE }, limits));
  const place = await clock.resolve(openPlace({ clock, reader: cards, psam, disk, macMs: timings.module(MAC_COMMAND, MAC_ANSWER) }));
  let last: TapTimeline | undefined;
  const timelines = createTapTimelines({
    clock,
    onTap: (tap) => {
      last = tap;
    },
  });
  const ports = timelines.watch(place.ports);
  const card = benchCard(suite, series.card);
  const tap = async (flow: TapFlow | undefined, phase: number): Promise<readonly FieldTap[]> => {
    exchanges = [];
    arrivalMs = timings.arrivalMs(phase);
    cards.insert(card);
    await clock.resolve(place.sell(ports, series));
    cards.remove();
    if (last === undefined) throw new Error("a tap has a timeline");
    const { field, diskWait, diskCover } = last.times;
    return flow === undefined ? [] : [{ flow, fieldMs: arrivalMs + field, floorMs: floorMs(exchanges), waitMs: diskWait, coverMs: diskCover }];
  };
  const taps: FieldTap[] = [];
  // The first taps also learn which keys the module has, and what never changes on the card.
  for (const flow of series.flows) await tap(flow, 0);
  for (let round = 0; round < count; round += 1) for (const flow of series.flows) taps.push(...(await tap(flow, (round + 0.5) / count)));
  return taps;
}
