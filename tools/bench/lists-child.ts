/*
 * One terminal with invalid lists, started by the benchmark in two lives. The first takes whole lists. The second loads them, and is measured while it
 * answers: its memory, its questions, changes, and taps while changes and a whole list are switched in.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { SILENT } from "../../device/base/log.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { openFolderStorage } from "../../device/system/storage.ts";
import type { InvalidLists } from "../../device/txn/lists/lists.ts";
import { type OpenedLists, openInvalidLists } from "../../device/txn/lists/open.ts";
import { openListThreads } from "../../device/txn/lists/threads.ts";
import { changesOf, LEVELS, questionOf, serialOf } from "./lists-content.ts";

export interface BuildReport {
  readonly buildMs: number;
}

export interface TapFigures {
  readonly tapMs: readonly number[];
  /** Taps that were not answered, or wrongly. */
  readonly missed: number;
  readonly stallMs: number;
}

export interface ServeReport {
  readonly entries: number;
  readonly loadMs: number;
  readonly rssBytes: number;
  readonly findUs: readonly number[];
  readonly listed: number;
  readonly deltaMs: readonly number[];
  readonly quiet: TapFigures;
  readonly whileChanges: TapFigures;
  readonly whileWhole: TapFigures;
  readonly wholeMs: number;
  /** Most that the process ever held. */
  readonly peakBytes: number;
}

const FINDS = 200_000;
const WARM_UP_FINDS = 20_000;
const DELTAS = 15;
const QUIET_TAPS = 250;
const EXCHANGES = 6;
const EXCHANGE_MS = 2;
const SM4_BYTES = 256;
const SETTLING_TURNS = 12;
const SETTLING_MS = 250;

async function open(folder: string, suite: CipherSuite): Promise<OpenedLists> {
  return openInvalidLists({
    storage: await openFolderStorage(join(folder, "lists")),
    suite,
    storageKey: suite.secretKey(new Uint8Array(16).fill(7)),
    log: SILENT,
    openWorkshop: openListThreads,
    rules: { tempLossLapseDays: 7, lapseWhileOffline: false },
    trustedTodayOrUndefined: () => "20261122",
    hostPresent: () => true,
  });
}

async function take(
  opened: OpenedLists,
  level: string,
  document: { readonly sequence: number; readonly base: number; readonly body: Uint8Array },
): Promise<number> {
  const stream = `list/${level}`;
  const taker = opened.takers.find((one) => one.stream === stream);
  const began = performance.now();
  const answer = await taker?.take({ ...document, stream, issuedMs: 1_790_000_000_000 });
  if (answer?.kind !== "taken") throw new Error(`a document was not taken: ${JSON.stringify(answer)}`);
  return performance.now() - began;
}

function bodyOf(folder: string, level: string): Uint8Array {
  return new Uint8Array(readFileSync(join(folder, `${level}.document`)));
}

async function build(folder: string): Promise<BuildReport> {
  const opened = await open(folder, openCipherSuite());
  let buildMs = 0;
  for (const level of LEVELS) buildMs += await take(opened, level, { sequence: 1, base: 0, body: bodyOf(folder, level) });
  await opened.close();
  return { buildMs };
}

function questions(lists: InvalidLists, entries: number): { readonly findUs: readonly number[]; readonly listed: number } {
  const findUs: number[] = [];
  let listed = 0;
  for (let nth = 0; nth < WARM_UP_FINDS + FINDS; nth += 1) {
    const keys = questionOf(nth, entries);
    const began = performance.now();
    const hit = lists.find(keys);
    const tookUs = (performance.now() - began) * 1000;
    if (nth < WARM_UP_FINDS) continue;
    findUs.push(tookUs);
    if (hit !== undefined) listed += 1;
  }
  return { findUs, listed };
}

/** Taps until the work has ended: a question, and exchanges with a card that answers after a while, each with some computing. */
async function taps(
  { lists, suite }: { readonly lists: InvalidLists; readonly suite: CipherSuite },
  underWay: (tapped: number) => boolean,
): Promise<TapFigures> {
  const key = suite.secretKey(new Uint8Array(16).fill(9));
  const block = new Uint8Array(SM4_BYTES);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const tapMs: number[] = [];
  let missed = 0;
  while (underWay(tapMs.length)) {
    const began = performance.now();
    const listed = lists.find([{ number: "purse-serial", value: serialOf(500_000_000 + (tapMs.length % 1_000)) }]);
    const clear = lists.find([{ number: "purse-serial", value: serialOf(900_000_000 + tapMs.length) }]);
    if (listed?.blockOrdered !== true || clear !== undefined) missed += 1;
    for (let exchange = 0; exchange < EXCHANGES; exchange += 1) {
      await sleep(EXCHANGE_MS);
      for (let at = 0; at < 20; at += 1) suite.sm4Encrypt(key, block);
    }
    tapMs.push(performance.now() - began);
  }
  delay.disable();
  return { tapMs, missed, stallMs: delay.max / 1e6 };
}

async function tapsDuring(terminal: { readonly lists: InvalidLists; readonly suite: CipherSuite }, work: Promise<unknown>): Promise<TapFigures> {
  let done = false;
  const ended = work.finally(() => {
    done = true;
  });
  const figures = await taps(terminal, () => !done);
  await ended;
  return figures;
}

/** The thread that loaded ends by itself, and with it its memory, which takes a while to come back. */
async function settledBytes(): Promise<number> {
  for (let turn = 0; turn < SETTLING_TURNS; turn += 1) {
    global.gc?.();
    await sleep(SETTLING_MS);
  }
  return process.memoryUsage.rss();
}

async function serve(folder: string): Promise<ServeReport> {
  const suite = openCipherSuite();
  global.gc?.();
  const before = process.memoryUsage.rss();
  const began = performance.now();
  const opened = await open(folder, suite);
  const loadMs = performance.now() - began;
  const rssBytes = (await settledBytes()) - before;
  const { lists } = opened;
  const terminal = { lists, suite };
  const entries = lists.states().reduce((sum, state) => sum + state.entries, 0);
  const found = questions(lists, entries);
  await taps(terminal, (tapped) => tapped < QUIET_TAPS / 5);
  const quiet = await taps(terminal, (tapped) => tapped < QUIET_TAPS);
  // Made before the taps begin, so that only the terminal's own work stands beside them.
  const bodies = Array.from({ length: DELTAS }, (_, nth) => changesOf("national", nth));
  const deltaMs: number[] = [];
  const whileChanges = await tapsDuring(
    terminal,
    (async () => {
      for (const [nth, body] of bodies.entries()) {
        deltaMs.push(await take(opened, "national", { sequence: nth + 2, base: nth + 1, body }));
        await sleep(50);
      }
    })(),
  );
  const whole = bodyOf(folder, "national");
  let wholeMs = 0;
  const whileWhole = await tapsDuring(
    terminal,
    take(opened, "national", { sequence: DELTAS + 2, base: 0, body: whole }).then((ms) => {
      wholeMs = ms;
    }),
  );
  await opened.close();
  return { entries, loadMs, rssBytes, ...found, deltaMs, quiet, whileChanges, whileWhole, wholeMs, peakBytes: process.resourceUsage().maxRSS * 1024 };
}

const [, , life, folder = ""] = process.argv;
const report = life === "build" ? await build(folder) : await serve(folder);
process.stdout.write(`${JSON.stringify(report)}\n`);
