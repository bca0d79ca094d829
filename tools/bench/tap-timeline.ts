/* What keeping a timeline costs: the same calls of ports that answer at once, with a watch and without, in turns. */
import { fromHex } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { CardChannel, CardReader, Psam } from "../../device/drivers/ports.ts";
import type { Journal } from "../../device/txn/journal/types.ts";
import { createTapTimelines } from "../../device/txn/tap-timeline/timelines.ts";
import type { WatchedPorts } from "../../device/txn/tap-timeline/watch.ts";
import { median } from "./bench.ts";

const ROUNDS = 15;
const TAPS_PER_ROUND = 400;
/** As many as an electronic cash tap has. */
const COMMANDS = 12;
const QUESTIONS = 4;
const LIMITS = { timeoutMs: 1_000, signal: new AbortController().signal };
const COMMAND = fromHex("00b2010c00");
const ANSWER = fromHex("9000");

function idlePorts(): WatchedPorts {
  const channel: CardChannel = { atr: ANSWER, insertion: 1, transmit: () => Promise.resolve(ANSWER), close: () => Promise.resolve() };
  const reader: CardReader = {
    name: "idle",
    interface: "contactless",
    waitForCard: () => Promise.resolve(channel),
    waitForRemoval: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  // Only these are called here.
  const psam = { blockMac: () => Promise.resolve(ANSWER) } as unknown as Psam;
  const journal = { mark: () => Promise.resolve(undefined) } as unknown as Journal;
  return { reader, psam, journal };
}

/** Microseconds of the processor: on a machine that others use too, the wall clock would count their work. */
async function tapsUs({ reader, journal }: WatchedPorts): Promise<number> {
  const began = process.cpuUsage();
  for (let tap = 0; tap < TAPS_PER_ROUND; tap += 1) {
    const channel = await reader.waitForCard(LIMITS);
    for (let command = 0; command < COMMANDS; command += 1) await channel.transmit(COMMAND, LIMITS);
    for (let question = 0; question < QUESTIONS; question += 1) await journal.mark("x");
    await channel.close();
  }
  const { user, system } = process.cpuUsage(began);
  return user + system;
}

/** Microseconds that a watch adds to one tap; the median of rounds that take turns. */
export async function timelineCostUs(clock: Clock, scale: number): Promise<number> {
  const bare = idlePorts();
  const watched = createTapTimelines({ clock }).watch(bare);
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS * scale; round += 1) {
    const without = await tapsUs(bare);
    rounds.push(((await tapsUs(watched)) - without) / TAPS_PER_ROUND);
  }
  return median(rounds);
}
