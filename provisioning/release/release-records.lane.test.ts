/*
 * Goal: ten thousand records that nobody has received yet go with an update, with the way back, and with the next update: none is lost, and none
 * comes out under another key.
 * Method: a real journal and the real `yikatong journal migrate`; releases differ in the schema that they want. After every switch the tables are
 * read as the file has them and compared with what was written: keys, chain values, bodies, sealed fields, batches, marks.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "../../device/base/bytes.ts";
import { fen } from "../../device/base/fen.ts";
import { SILENT } from "../../device/base/log.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemRandomness } from "../../device/system/randomness.ts";
import { openJournal } from "../../device/txn/journal/journal.ts";
import { type Row, toEntry } from "../../device/txn/journal/sqlite/layouts.ts";
import { migrateJournal } from "../../device/txn/journal/sqlite/migrate.ts";
import { openSqliteStore } from "../../device/txn/journal/sqlite/store.ts";
import { verifyJournal } from "../../device/txn/journal/verify.ts";
import { BUILT_MS, TestMachine } from "./testing.ts";
import { applyBundle } from "./update.ts";

const RECORDS = 10_000;
const AT_ONCE = 1_000;
const BATCH_RECORDS = 500;
const LIMIT_BYTES = 1024 * 1024 * 1024;
const CLI = fileURLToPath(new URL("../../device/cli.ts", import.meta.url));
const suite = openCipherSuite();
const machine = new TestMachine(suite);

/** A release that wants one schema of a real journal and writes some. */
function program(schema: number, written: readonly number[], life: "lives" | "dies"): string {
  const version = `const { DatabaseSync } = require("node:sqlite"); const d = new DatabaseSync(process.argv[1] + "/journal.sqlite", { readOnly: true }); process.exit(d.prepare("PRAGMA user_version").get().user_version === ${schema} ? ${life === "lives" ? 0 : 1} : 3)`;
  return `#!/bin/sh
case "$1" in
self-test) exit 0 ;;
journal) case " ${written.join(" ")} " in *" $4 "*) exec '${process.execPath}' '${CLI}' "$@" ;; *) echo "schema $4 is not mine" >&2; exit 1 ;; esac ;;
run) exec '${process.execPath}' -e '${version}' "$2" ;;
esac
`;
}

const release = (schema: number, written: readonly number[], life: "lives" | "dies" = "lives") => ({
  schema,
  written,
  program: program(schema, written, life),
});

async function writeRecords(): Promise<void> {
  const store = await openSqliteStore({ folder: machine.place.journal, limitBytes: LIMIT_BYTES });
  const parts = { store, clock: systemClock(), randomness: systemRandomness(), suite, storageKey: suite.secretKey(new Uint8Array(16).fill(7)) };
  const journal = await openJournal({ ...parts, terminalId: "T-0001", log: SILENT });
  for (let first = 0; first < RECORDS; first += AT_ONCE) {
    const drafts = Array.from(
      { length: AT_ONCE },
      (_, at) => ({ kind: "quick-payment", state: "prepared", amount: fen(450), detail: { terminalSeq: first + at } }) as const,
    );
    await Promise.all(drafts.map((draft) => journal.append(draft)));
  }
  const batches = Array.from({ length: 4 }, (_, at) => ({
    ...{ batchSeq: at + 1, firstSeq: at * BATCH_RECORDS + 1, lastSeq: (at + 1) * BATCH_RECORDS },
    ...{ hash: toHex(suite.sm3(Uint8Array.of(at))), receipted: false, detail: "{}" },
  }));
  await store.commit({ batches, marks: [{ name: "counter", value: "17" }] });
  await store.close();
}

interface Content {
  readonly schema: number;
  readonly entries: readonly string[];
  readonly rest: string;
}

/** What the file holds, in words that no schema changes. */
function content(): Content {
  const database = new DatabaseSync(join(machine.place.journal, "journal.sqlite"), { readOnly: true });
  try {
    const all = (table: string, order: string) => database.prepare(`SELECT * FROM ${table} ORDER BY ${order}`).all() as Row[];
    const entries = all("entries", "seq").map((row) => {
      const { seq, subject, kind, state, body, sealed, hash } = toEntry(row);
      return JSON.stringify([seq, subject, kind, state, hash, sealed === undefined ? "" : toHex(sealed), body]);
    });
    const subjects = all("subjects", "first_seq").map((row) => Object.entries(row).sort(([left], [right]) => (left < right ? -1 : 1)));
    const rest = JSON.stringify([subjects, all("batches", "batch_seq"), all("marks", "name")]);
    return { schema: Number(database.prepare("PRAGMA user_version").get()?.["user_version"]), entries, rest };
  } finally {
    database.close();
  }
}

async function update(version: string, made: ReturnType<typeof release>): Promise<void> {
  const { path } = await machine.bundle(version, made);
  expect(await applyBundle({ bundle: path }, machine.parts())).toMatchObject({ kind: "switched", version });
}

let before: Content = { schema: 0, entries: [], rest: "" };
beforeAll(async () => {
  await writeRecords();
  migrateJournal({ folder: machine.place.journal, to: 1, suite, wallMs: BUILT_MS });
  await machine.install("0.1.0", release(1, [1]));
  before = content();
}, 120_000);
afterAll(() => machine.remove());

describe("ten thousand pending records", () => {
  it("are there under their keys after forward, back and forward again", async () => {
    expect([before.schema, before.entries.length >= RECORDS, machine.running]).toEqual([1, true, true]);
    await update("0.2.0", release(2, [0, 1, 2], "dies"));
    expect(content()).toEqual({ ...before, schema: 2 });
    machine.crashLoop(3);
    expect([machine.currentVersion(), machine.running]).toEqual(["0.1.0", true]);
    expect(content()).toEqual(before);
    await update("0.2.1", release(2, [0, 1, 2]));
    expect([content(), machine.running]).toEqual([{ ...before, schema: 2 }, true]);
  });

  it("and the journal that they lie in is whole, with every file of the way kept", async () => {
    const store = await openSqliteStore({ folder: machine.place.journal, limitBytes: LIMIT_BYTES });
    const [integrity, report] = [await store.integrity(), await verifyJournal(store, { suite })];
    await store.close();
    expect([integrity, report.firstBreak, report.entries]).toEqual([[], undefined, before.entries.length]);
    expect(readdirSync(machine.place.journal).filter((name) => name.endsWith(".sqlite") && name !== "journal.sqlite").length).toBeGreaterThan(0);
  });

  it("go the same way from the schema before the first release", async () => {
    machine.running = false;
    migrateJournal({ folder: machine.place.journal, to: 0, suite, wallMs: BUILT_MS });
    rmSync(machine.place.trial, { force: true });
    await machine.install("0.0.9", release(0, [0]));
    const oldest = content();
    expect([oldest.schema, oldest.entries]).toEqual([0, before.entries]);
    await update("0.3.0", release(2, [0, 1, 2], "dies"));
    machine.crashLoop(3);
    expect([machine.currentVersion(), content()]).toEqual(["0.0.9", oldest]);
    await update("0.3.1", release(2, [0, 1, 2]));
    expect(content()).toEqual({ ...before, schema: 2 });
  });
});
