/*
 * Goal: a release that cannot work on this machine is known before it takes the place of one that does.
 * Method: what every start needs and no device gives is tried in a folder of its own: primitives against known answers, a journal written, read
 * again and walked, the native parts loaded, a configuration judged. Each part is one line, and one that fails does not hide the others.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fen } from "../base/fen.ts";
import { SILENT } from "../base/log.ts";
import { parseTerminalConfig } from "../config/schema.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { systemClock } from "../system/clock.ts";
import type { Command, OptionValues } from "../system/command-line.ts";
import { systemProcesses } from "../system/processes.ts";
import { systemRandomness } from "../system/randomness.ts";
import { openJournal } from "../txn/journal/journal.ts";
import { openSqliteStore } from "../txn/journal/sqlite/store.ts";
import { verifyJournal } from "../txn/journal/verify.ts";
import { complain, say } from "./output.ts";

const JOURNAL_LIMIT_BYTES = 16 * 1024 * 1024;
const ENTRIES = 20;
/** A start of a process takes seconds on a slow machine. */
const LOAD_LIMIT_MS = 60_000;
const NATIVES = ["pcsclite", "serialport", "node-hid"] as const;
const LOAD = "await import(process.argv[1])";

/** What a part came to, in words; a part that fails throws. */
type Part = readonly [name: string, run: () => Promise<string>];

function failed(why: string): never {
  throw new Error(why);
}

async function crypto(): Promise<string> {
  // It opens only a provider that computes what the standards say.
  return Promise.resolve(`provider ${openCipherSuite().provider}`);
}

async function writeEntries(folder: string): Promise<void> {
  const suite = openCipherSuite();
  const store = await openSqliteStore({ folder, limitBytes: JOURNAL_LIMIT_BYTES });
  const parts = { store, clock: systemClock(), randomness: systemRandomness(), suite, storageKey: suite.secretKey(new Uint8Array(16)) };
  const journal = await openJournal({ ...parts, terminalId: "SELF-TEST", log: SILENT });
  for (let at = 0; at < ENTRIES; at += 1) await journal.append({ kind: "quick-payment", state: "prepared", amount: fen(1), detail: { at } });
  await store.close();
}

async function journal(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "yikatong-self-test-"));
  try {
    await writeEntries(join(folder, "journal"));
    const store = await openSqliteStore({ folder: join(folder, "journal"), limitBytes: JOURNAL_LIMIT_BYTES });
    const [integrity, report] = [await store.integrity(), await verifyJournal(store, { suite: openCipherSuite() })];
    await store.close();
    if (integrity.length > 0 || report.firstBreak !== undefined || report.entries < ENTRIES) failed(`the journal reads otherwise than it was written`);
    return `${report.entries} entries written, read and walked`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** In a process of its own: a part built for another machine ends the process that loads it. */
async function native(name: string): Promise<string> {
  const limits = { timeoutMs: LOAD_LIMIT_MS, signal: new AbortController().signal };
  const { code, stderr } = await systemProcesses().run(process.execPath, ["--input-type=module", "-e", LOAD, import.meta.resolve(name)], limits);
  if (code === 0) return "loads";
  const lines = new TextDecoder().decode(stderr).split("\n");
  return failed(lines.find((line) => line.includes("Error")) ?? `its process ended with ${code}`);
}

async function configuration(): Promise<string> {
  const refused = parseTerminalConfig({});
  if (refused.ok) failed("a configuration without anything in it is taken");
  return Promise.resolve(refused.ok ? "" : `an empty one is refused for ${refused.problems.length} reasons`);
}

const PARTS: readonly Part[] = [
  ["crypto", crypto],
  ["journal", journal],
  ...NATIVES.map((name): Part => [name, () => native(name)]),
  ["configuration", configuration],
];

interface Result {
  readonly part: string;
  readonly passed: boolean;
  readonly note: string;
}

async function resultOf([part, work]: Part): Promise<Result> {
  try {
    return { part, passed: true, note: await work() };
  } catch (error) {
    // Whatever it was, here it means one thing: this part does not work on this machine.
    return { part, passed: false, note: error instanceof Error ? error.message : String(error) };
  }
}

async function run(values: OptionValues): Promise<number> {
  const results: Result[] = [];
  for (const part of PARTS) results.push(await resultOf(part));
  const passed = results.every((result) => result.passed);
  if (values["json"] === true) say(JSON.stringify({ passed, arch: process.arch, node: process.versions.node, results }));
  else for (const { part, passed: good, note } of results) (good ? say : complain)(`${good ? "ok    " : "FAILED"} ${part}: ${note}`);
  return passed ? 0 : 1;
}

export const SELF_TEST_COMMANDS: readonly Command[] = [
  {
    name: "self-test",
    summary: "tries what every start needs: cryptography, a journal, the native parts, the configuration's form",
    options: { json: { type: "boolean", summary: "one JSON object instead of lines" } },
    run,
  },
];
