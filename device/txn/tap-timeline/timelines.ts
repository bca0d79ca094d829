/*
 * Goal: where the time of taps goes, for whoever asks why the gate is slow.
 * Method: each lane's ports are watched; of every tap only its sums are counted, and the steps are kept of the slowest. Both are bounded.
 */
import type { Clock } from "../../base/ports.ts";
import type { TapTimeline, TapTimes, TapTimesView, TimeHistogram } from "./types.ts";
import { TapWatch, type WatchedPorts } from "./watch.ts";

/** Bounds of the buckets: the budgets of a gate stand among them. */
const BOUNDS_MS: readonly number[] = [0.5, 1, 2, 5, 10, 20, 50, 100, 150, 200, 300, 400, 500, 1_000, 2_000, 5_000];
const SLOWEST_MAX = 32;
const NAMES: readonly (keyof TapTimes)[] = ["field", "card", "module", "disk", "host", "diskWait", "diskCover"];

export interface TapTimelines {
  /** The ports of one lane, behind a watch of its own. The flow behaves as with the ports themselves. */
  watch<Ports extends WatchedPorts>(ports: Ports): Ports;
  view(): TapTimesView;
}

export interface TapTimelinesOptions {
  readonly clock: Clock;
  /** Told of each tap that has ended. */
  readonly onTap?: (tap: TapTimeline) => void;
}

export function createTapTimelines({ clock, onTap }: TapTimelinesOptions): TapTimelines {
  const histograms = NAMES.map((name) => ({ name, histogram: new Histogram() }));
  let taps = 0;
  let slowest: readonly TapTimeline[] = [];
  const ended = (tap: TapTimeline): void => {
    taps += 1;
    for (const { name, histogram } of histograms) histogram.note(tap.times[name]);
    slowest = withTap(slowest, tap);
    onTap?.(tap);
  };
  return {
    watch: (ports) => new TapWatch(clock, ended).ports(ports),
    view: () => {
      const of = (name: keyof TapTimes) => (histograms.find((each) => each.name === name)?.histogram ?? new Histogram()).view();
      const [field, card, module, disk, host] = [of("field"), of("card"), of("module"), of("disk"), of("host")];
      return { taps, times: { field, card, module, disk, host, diskWait: of("diskWait"), diskCover: of("diskCover") }, slowest };
    },
  };
}

/** The longest first; of equally long ones those that came first. */
function withTap(slowest: readonly TapTimeline[], tap: TapTimeline): readonly TapTimeline[] {
  const { field } = tap.times;
  const last = slowest.at(-1);
  if (slowest.length >= SLOWEST_MAX && last !== undefined && last.times.field >= field) return slowest;
  const at = slowest.findIndex(({ times }) => times.field < field);
  const place = at === -1 ? slowest.length : at;
  return [...slowest.slice(0, place), tap, ...slowest.slice(place)].slice(0, SLOWEST_MAX);
}

class Histogram {
  readonly #counts = Array.from({ length: BOUNDS_MS.length + 1 }, () => 0);
  #sumMs = 0;

  note(ms: number): void {
    const at = BOUNDS_MS.findIndex((bound) => ms <= bound);
    const bucket = at === -1 ? BOUNDS_MS.length : at;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sumMs += ms;
  }

  view(): TimeHistogram {
    let count = 0;
    const buckets = this.#counts.map((each, at) => {
      count += each;
      return { leMs: BOUNDS_MS[at] ?? null, count };
    });
    return { buckets, count, sumMs: this.#sumMs };
  }
}
