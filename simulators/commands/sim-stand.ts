/* What stands on the simulators' table: a card and a module, each in its place, and what its person can do with them. */
import { readFileSync, statSync } from "node:fs";
import type { Clock } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { CardModule, SimulatedCard } from "../card/card.ts";
import { makeTestCard } from "../card/make.ts";
import { ReplayedCard } from "../card/replay/replayed-card.ts";
import { parseApduLog } from "../card/replay/trace.ts";
import { makeTestPsam } from "../psam/make.ts";
import type { SimulatedPsam } from "../psam/psam.ts";
import type { ReaderSlot } from "../reader/slot.ts";
import type { Parsed } from "./sim-faults.ts";
import type { SimOptions } from "./sim-options.ts";
import { readSnapshotFile, type SimModules, SnapshotKeeper, writeSnapshotFile } from "./sim-snapshot.ts";

/** Where lines come from and results go. */
export interface SimIo {
  readonly lines: AsyncIterable<string>;
  /** Standard output: what programs read. */
  print(text: string): void;
  /** Standard error: what only people read. */
  complain(text: string): void;
}

/** A slot of a reader, and the reader around it. */
export interface Place {
  readonly slot: ReaderSlot;
  readonly name: "card" | "module";
  readonly device: SimulatedCard | SimulatedPsam | ReplayedCard;
  /** What goes into the slot: the device, or the device with its snapshot. */
  readonly inserted: CardModule;
  /** Waits, at most a second, until whoever watches the reader has seen that the slot is empty. */
  emptinessSeen(): Promise<void>;
  plugged(): boolean;
  plug(): Promise<void>;
  unplug(): Promise<void>;
}

export interface OpenedModules extends SimModules {
  readonly keeper: SnapshotKeeper | undefined;
  /** A card out of a log, in the place of the simulated one. */
  readonly replayed: ReplayedCard | undefined;
  /** A second card of the same make, another holder's; always the same one. */
  otherCard(): SimulatedCard;
}

const LOG_BYTES_MAX = 16 * 1024 * 1024;
const SERIALS = 100_000_000;

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Takes up card and module from the snapshot, or makes them; says in one line why it cannot. */
export function openModules(suite: CipherSuite, options: SimOptions): Parsed<OpenedModules> {
  const { snapshotFile } = options;
  const modules = snapshotFile === undefined ? made(suite, options) : fromFile(suite, options, snapshotFile);
  if (!modules.ok) return modules;
  const { card, module } = modules.value;
  card.setFaults(options.cardFaults);
  module.setFaults(options.moduleFaults);
  const replayed = openReplay(options);
  if (replayed?.ok === false) return replayed;
  const others = { replayed: replayed?.value, otherCard: otherCardOf(suite, options) };
  if (snapshotFile === undefined) return { ok: true, value: { card, module, keeper: undefined, ...others } };
  const keeper = new SnapshotKeeper(modules.value, (text) => writeSnapshotFile(snapshotFile, text));
  try {
    keeper.keep();
  } catch (error) {
    return { ok: false, reason: `the snapshot cannot be written: ${reasonOf(error)}` };
  }
  return { ok: true, value: { card, module, keeper, ...others } };
}

function made(suite: CipherSuite, options: SimOptions): Parsed<SimModules> {
  return { ok: true, value: { card: makeTestCard(suite, options.card), module: makeTestPsam(suite, options.module) } };
}

function fromFile(suite: CipherSuite, options: SimOptions, path: string): Parsed<SimModules> {
  try {
    const read = readSnapshotFile(suite, path);
    if (read === undefined) return made(suite, options);
    if (!read.ok) return { ok: false, reason: `${path}: ${read.reason}` };
    const [first] = options.personalizing;
    if (first === undefined) return read;
    return { ok: false, reason: `${first} cannot be changed: card and module come from ${path}; remove that file for new ones` };
  } catch (error) {
    return { ok: false, reason: `the snapshot cannot be read: ${reasonOf(error)}` };
  }
}

function openReplay({ replay }: SimOptions): Parsed<ReplayedCard> | undefined {
  if (replay === undefined) return undefined;
  try {
    if (statSync(replay.file).size > LOG_BYTES_MAX) return { ok: false, reason: `${replay.file} is too large for a log` };
    const log = parseApduLog(readFileSync(replay.file, "utf8"));
    const exchanges = log.entries.filter(({ kind }) => kind === "exchange").length;
    if (exchanges === 0) return { ok: false, reason: `${replay.file} holds no command with its answer` };
    return { ok: true, value: new ReplayedCard(log, { mode: replay.mode }) };
  } catch (error) {
    return { ok: false, reason: `the log cannot be read: ${reasonOf(error)}` };
  }
}

function otherCardOf(suite: CipherSuite, { card }: SimOptions): () => SimulatedCard {
  let other: SimulatedCard | undefined;
  return () => {
    other ??= makeTestCard(suite, { ...card, serial: ((card.serial ?? 1) + 1) % SERIALS });
    return other;
  };
}

/** What lies at a place of the table. */
export function deviceAt({ card, module, replayed }: OpenedModules, name: Place["name"]): Place["device"] {
  return name === "module" ? module : (replayed ?? card);
}

/** What goes into a slot: with a snapshot, every change is on the disk before its answer leaves. */
export function insertable({ keeper }: OpenedModules, device: Place["device"]): CardModule {
  return keeper === undefined ? device : keeper.around(device);
}

/** What control lines work on. */
export interface Stand {
  readonly suite: CipherSuite;
  readonly clock: Clock;
  readonly modules: OpenedModules;
  /** The place that is meant when a line names none comes first. */
  readonly places: readonly [Place, ...(readonly Place[])];
  readonly keypad: boolean;
  /** The private daemon, where there is one. */
  readonly daemon: { start(): Promise<void>; kill(): Promise<void> } | undefined;
}
