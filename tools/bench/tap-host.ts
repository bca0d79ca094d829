/*
 * Our own share of a tap: the real flow over the real PC/SC service and binding, with simulated cards that answer at once. The time that the
 * simulator spends on its answers is taken away; what is left is our code, the messages between processes and the PC/SC software.
 */
import { openPsam } from "../../device/card/psam/open.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { systemClock } from "../../device/system/clock.ts";
import { createTapTimelines } from "../../device/txn/tap-timeline/timelines.ts";
import type { TapTimeline, TapTimes } from "../../device/txn/tap-timeline/types.ts";
import { SimulatedJournalDisk } from "../../simulators/disk/journal-store.ts";
import { withDesk } from "./tap-desk.ts";
import type { TapFlow, TapSeries } from "./tap-flows.ts";
import { openPlace } from "./tap-place.ts";
import { nowMs } from "./tap-protocol.ts";

const WARM_UP_TAPS = 40;
const OPENING_MS = 10_000;
/** The service tells of a card only when it has looked. */
const SETTLING_MS = 500;

const settled = () => systemClock().sleep(SETTLING_MS);

export interface HostTap {
  readonly flow: TapFlow;
  /** From the powered card to the durable, proved sale, without the simulator's own time. */
  readonly shareMs: number;
  /** From the card's arrival to its powered dialogue. */
  readonly arrivalMs: number;
  readonly times: TapTimes;
  /** Commands to card and module. */
  readonly commands: number;
  /** As many bare messages to another process and back as the tap had commands, taken directly after it: what this machine cannot do without. */
  readonly messagesMs: number;
}

/** `count` taps of each flow of every series. */
export function hostTaps(allSeries: readonly TapSeries[], count: number): Promise<readonly HostTap[]> {
  return withDesk(async ({ pcsc, cards, insert, remove, messagesMs }) => {
    const clock = systemClock();
    const psam = await openPsam(
      pcsc.reader({ interface: "sam", nameIncludes: ["module"] }),
      { clock, profile: DEFAULT_CARD_PROFILE },
      { timeoutMs: OPENING_MS, signal: new AbortController().signal },
    );
    const place = await openPlace({ clock, psam, disk: new SimulatedJournalDisk(), reader: cards, macMs: 0 });
    let last: TapTimeline | undefined;
    const timelines = createTapTimelines({
      clock,
      onTap: (tap) => {
        last = tap;
      },
    });
    let poweredMs = 0;
    const watched = timelines.watch(place.ports);
    const reader: typeof cards = {
      name: cards.name,
      interface: cards.interface,
      waitForCard: async (limits) => {
        const channel = await watched.reader.waitForCard(limits);
        poweredMs = nowMs();
        return channel;
      },
      waitForRemoval: (limits) => cards.waitForRemoval(limits),
      close: () => cards.close(),
    };
    const ports = { ...watched, reader };
    const taps: HostTap[] = [];
    for (const series of allSeries) {
      for (let tap = 0; tap < WARM_UP_TAPS + count * series.flows.length; tap += 1) {
        const { atMs } = await insert(series.card);
        await place.sell(ports, series);
        const endedMs = nowMs();
        const { busyMs } = await remove();
        const flow = series.flows[tap % series.flows.length];
        if (last === undefined) throw new Error("a tap has a timeline");
        const { steps, times } = last;
        const commands = steps.filter(({ part }) => part === "card" || part === "module").length;
        const measured = { shareMs: endedMs - poweredMs - busyMs, arrivalMs: poweredMs - atMs, times, commands, messagesMs: await messagesMs(commands) };
        if (tap >= WARM_UP_TAPS && flow !== undefined) taps.push({ flow, ...measured });
      }
    }
    return taps;
  });
}

/** What a C program needs for as many commands through the same service, by their number; empty where none can be built. */
export function softwareTaps(commandCounts: readonly number[], taps: number): Promise<ReadonlyMap<number, readonly number[]>> {
  return withDesk(async ({ insert, remove, softwareFloor }) => {
    const floor = await softwareFloor();
    const measured = new Map<number, readonly number[]>();
    if (floor === undefined) return measured;
    for (const commands of new Set(commandCounts)) {
      await insert("purse");
      await settled();
      const tookMs = await floor.measure(commands, taps + WARM_UP_TAPS);
      const { busyMs } = await remove();
      const answersMs = busyMs / tookMs.length;
      measured.set(
        commands,
        tookMs.slice(WARM_UP_TAPS).map((ms) => ms - answersMs),
      );
    }
    return measured;
  });
}
