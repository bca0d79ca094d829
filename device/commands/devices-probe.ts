/*
 * `yikatong devices probe`: asks what cannot be told by looking, and makes a configuration of the answers. What a person wrote before stays;
 * where an answer speaks against it that is listed, and only `--replace` follows the answer.
 */

import { saveConfig } from "../config/load.ts";
import { parseTerminalConfig, type TerminalConfig } from "../config/schema.ts";
import { withoutSecrets } from "../config/secrets.ts";
import type { Found } from "../drivers/found.ts";
import { askDevice } from "../drivers/inventory/ask.ts";
import { FAMILIES } from "../drivers/inventory/families.ts";
import { type Judged, mergeDevices, propose } from "../drivers/inventory/propose.ts";
import { type Asked, takeFor } from "../drivers/inventory/take.ts";
import { openLines } from "../drivers/lines.ts";
import type { OptionValues } from "../system/command-line.ts";
import { type Look, look, type Machine } from "./devices-look.ts";
import { configIn, configParts, onMachine } from "./devices-machine.ts";
import { mergeReaders, proposeReaders, type ReaderProposal } from "./devices-readers.ts";
import { lossText, placeOf } from "./devices-text.ts";
import { complain, say } from "./output.ts";

/** The whole of it, however many ports there are. */
const PROBE_MS = 180_000;

interface Result {
  readonly devices: unknown;
  readonly readers: unknown;
  /** What was found and cannot be told. */
  readonly untold: readonly string[];
  readonly open: readonly string[];
  readonly added: readonly string[];
  readonly kept: readonly string[];
  readonly conflicts: readonly string[];
  /** What a person wrote for a family that gives way to another. */
  readonly losses: readonly string[];
  readonly saved: boolean;
}

interface AskedDevice extends Judged {
  readonly asked: Asked;
}

/** One device after the other, so that no two questions are under way on one machine. */
async function askAll(found: readonly Found[], machine: Machine): Promise<readonly AskedDevice[]> {
  const parts = { clock: machine.clock, lines: openLines(machine), families: FAMILIES };
  const endsMs = machine.clock.monotonicMs() + PROBE_MS;
  const judged: AskedDevice[] = [];
  for (const each of found) {
    const leftMs = endsMs - machine.clock.monotonicMs();
    const asked =
      leftMs <= 0
        ? ({ kind: "not-asked", why: "the time for all questions is over" } as const)
        : await askDevice(each, parts, { timeoutMs: leftMs, signal: machine.signal });
    const taken = takeFor(each, FAMILIES, asked);
    const said = asked.kind === "answered" ? asked.answer.why : asked.kind === "silent" ? "no question was answered" : `not asked: ${asked.why}`;
    complain(`${placeOf(each)}: ${said}`);
    judged.push({ found: each, taken, asked });
  }
  return judged;
}

function userWish(values: OptionValues): "contact" | "contactless" | undefined {
  const wish = values["user"];
  return wish === "contact" || wish === "contactless" ? wish : undefined;
}

interface Probed {
  readonly seen: Look;
  readonly judged: readonly AskedDevice[];
  readonly readers: ReaderProposal;
}

/** Families whose devices answer no harmless question. */
function silentFamilies(kind: Found["kind"]): string {
  return [...FAMILIES].flatMap(([family, { hangsOn, probe }]) => (hangsOn === kind && probe === undefined ? [family] : [])).join(", ");
}

function untoldOf({ judged }: Probed): readonly string[] {
  return judged.flatMap(({ found, taken, asked }) => {
    if (taken.as !== undefined) return [];
    const silent =
      asked.kind === "silent" ? `; it answered no question: devices of these families never do, or nothing is there: ${silentFamilies(found.kind)}` : "";
    return [`${placeOf(found)}: ${taken.why}${silent}`];
  });
}

/** Sections for a configuration that is not there yet. */
function freshResult(probed: Probed): Result {
  const proposal = propose(probed.judged, FAMILIES);
  return {
    devices: proposal.devices,
    readers: probed.readers.readers,
    untold: untoldOf(probed),
    open: [...proposal.open, ...probed.readers.open],
    added: [],
    kept: [],
    conflicts: [],
    losses: [],
    saved: false,
  };
}

interface Joined {
  readonly result: Result;
  /** The whole configuration, to be saved; undefined: nothing changed. */
  readonly value: unknown;
}

/** Joins with the configuration that is there. */
async function joinedResult(config: TerminalConfig, probed: Probed, replace: boolean): Promise<Joined> {
  const proposal = propose(probed.judged, FAMILIES);
  const devices = await mergeDevices(config.devices, proposal, { all: probed.judged, replace, families: FAMILIES });
  const readers = mergeReaders(config.readers, probed.readers, { all: probed.seen.readers, replace });
  const changed = JSON.stringify([config.devices, config.readers]) !== JSON.stringify([devices.devices, readers.readers]);
  const value = { ...config, devices: devices.devices, readers: readers.readers };
  const parsed = parseTerminalConfig(value);
  const result = {
    devices: parsed.ok ? parsed.config.devices : devices.devices,
    readers: parsed.ok ? parsed.config.readers : readers.readers,
    untold: untoldOf(probed),
    open: [...proposal.open, ...probed.readers.open],
    added: devices.added,
    kept: [...devices.kept, ...readers.kept],
    conflicts: [...devices.conflicts, ...readers.conflicts],
    losses: devices.losses.map(lossText),
    saved: changed,
  };
  return { result, value: changed ? value : undefined };
}

function explain({ untold, open, added, kept, conflicts }: Result): string {
  const lines = (title: string, rows: readonly string[]) => (rows.length === 0 ? [] : [title, ...rows.map((row) => `  ${row}`)]);
  return [
    ...lines("added:", added),
    ...lines("kept as it was:", kept),
    ...lines("against the configuration:", conflicts),
    ...lines("left to a person:", open),
    ...lines("cannot be told:", untold),
  ].join("\n");
}

function print(values: OptionValues, result: Result, end: string): void {
  // Sections for a file are made of answers and places; what a person wrote beside them may hold secrets.
  const shown = { devices: withoutSecrets(result.devices), readers: withoutSecrets(result.readers) };
  if (values["json"] === true) return say(JSON.stringify({ ...result, ...shown }));
  const text = explain(result);
  if (text !== "") complain(text);
  complain(end);
  say(JSON.stringify(shown, undefined, 2));
}

/** Without a configuration there is nothing to join with: the sections are for a file that a person writes. */
function probeFresh(values: OptionValues, probed: Probed): number {
  print(values, freshResult(probed), "these sections go into a configuration file; yikatong config set makes it the terminal's");
  return 0;
}

async function probeInto(values: OptionValues, folder: string, into: { readonly config: TerminalConfig; readonly probed: Probed; readonly machine: Machine }) {
  const [dry, replace] = [values["dry-run"] === true, values["replace"] === true];
  const { result, value } = await joinedResult(into.config, into.probed, replace);
  // Before anything is written, so that a person has it where the writing fails.
  if (result.losses.length > 0) complain([`lost where another family is followed${replace ? "" : " (with --replace)"}:`, ...result.losses].join("\n  "));
  if (value !== undefined && !dry) await saveConfig(await configParts(folder, into.machine), value);
  const change = result.saved ? "the configuration was saved" : "nothing had to be changed";
  print(values, { ...result, saved: result.saved && !dry }, result.saved && dry ? "nothing was saved: this is what would be" : change);
  return result.conflicts.length > 0 && !replace ? 1 : 0;
}

export function runProbe(values: OptionValues): Promise<number> {
  return onMachine(values, async (machine) => {
    if (values["user"] !== undefined && userWish(values) === undefined) {
      complain("--user is contact or contactless");
      return 2;
    }
    const folder = values["config"];
    const config = typeof folder === "string" ? await configIn(folder, machine) : undefined;
    if (typeof folder === "string" && config === undefined) return 1;
    const seen = await look(machine);
    for (const problem of seen.problems) complain(`not looked at: ${problem}`);
    const probed = { seen, judged: await askAll(seen.found, machine), readers: proposeReaders(seen.readers, userWish(values)) };
    return config === undefined || typeof folder !== "string" ? probeFresh(values, probed) : probeInto(values, folder, { config, probed, machine });
  });
}
