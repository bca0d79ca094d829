/* Journals of earlier schemas go up, down and up again, and are the same journals: entry by entry, link by link, batch by batch. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { chmod, chown, cp, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { writeEarlierJournal } from "../../../../simulators/disk/earlier-journal.ts";
import { SimulatedJournalDisk } from "../../../../simulators/disk/journal-store.ts";
import type { JournalTables } from "../../../../simulators/disk/journal-tables.ts";
import { SeededRandomness } from "../../../../simulators/world/seeded-randomness.ts";
import { storeOf } from "../../../../tools/replay/journal-judge.ts";
import { toHex, utf8 } from "../../../base/bytes.ts";
import { fen } from "../../../base/fen.ts";
import type { JournalStore } from "../../../base/ports.ts";
import { recordsText, ZERO_HASH } from "../../../codec/upload.ts";
import { openCipherSuite } from "../../../crypto/suite.ts";
import { planBatch, planRecord } from "../../../sync/batch/plan.ts";
import { openTestJournal, step, TEST_TERMINAL } from "../testing.ts";
import { verifyJournal } from "../verify.ts";
import { openEngine } from "./engine.ts";
import { DATABASE_FILE } from "./files.ts";
import { keptFiles } from "./kept.ts";
import { JOURNAL_SCHEMAS } from "./layouts.ts";
import { type MigrationStep, migrateJournal } from "./migrate.ts";
import { SCHEMA_VERSION } from "./schema.ts";
import { openSqliteStore } from "./store.ts";

const suite = openCipherSuite();
const LIMIT_BYTES = 256 * 1024 * 1024;
const WALL_MS = 1_795_000_000_000;
const SALES = 5_000;
/** For kills, of which there are many. */
const FEW = 500;
const CLOCK = { monotonicMs: () => 0, wallMs: () => WALL_MS, sleep: () => Promise.resolve() };
const STEPS: readonly MigrationStep[] = ["copy", "compare", "flush", "keep", "switch", "done"];

let uploads: readonly string[];
let folder: string;
/** Made once, copied for each test. */
const made = new Map<string, string>();

/** A terminal that was offline for a long time: 10,000 entries wait, a few sales are open, the first batches are receipted. */
async function makeTables(sales: number): Promise<JournalTables> {
  const disk = new SimulatedJournalDisk();
  const journal = await openTestJournal({ store: disk.open(), clock: CLOCK, randomness: new SeededRandomness("migrate"), suite });
  for (let sale = 1; sale <= sales; sale += 1) {
    const [intent, end] = [step("prepared", { card: `card ${sale % 97}`, subjectMark: `sale/o-${sale}`, personal: { cardSerial: `${sale}` } }), step("done")];
    const { subject } = await journal.append({ ...intent, amount: fen(sale), marks: [{ name: "serial", value: `${sale}` }] });
    await journal.append(sale % 500 === 0 ? step("unknown", { subject }) : { ...end, subject, amount: fen(sale) });
  }
  const batch = (batchSeq: number) => ({
    batchSeq,
    firstSeq: batchSeq * 10 - 9,
    lastSeq: batchSeq * 10,
    hash: "ab".repeat(32),
    receipted: false,
    detail: "{}",
  });
  await journal.commitBatches([batch(1), batch(2), batch(3)]);
  await journal.commitReceipted([batch(1), batch(2)]);
  await journal.close();
  return disk.flushed;
}

/** What sync would send of this journal, batch by batch: hash of the plaintext, and the chain of batches. */
async function uploadsOf(store: JournalStore): Promise<readonly string[]> {
  const journal = await openTestJournal({ store, clock: CLOCK, randomness: new SeededRandomness("reads"), suite });
  const hashes: string[] = [];
  let anchor = { batchSeq: 0, lastSeq: 0, hash: ZERO_HASH };
  for (;;) {
    const records = (await journal.entries(anchor.lastSeq + 1, 400)).map(planRecord);
    if (records.length === 0) break;
    const { header, texts } = planBatch({ tid: TEST_TERMINAL, journalId: journal.journalId }, anchor, records);
    const hash = toHex(suite.sm3(utf8(`${JSON.stringify(header)}\n${recordsText(texts)}`)));
    hashes.push(hash);
    anchor = { batchSeq: header.batchSeq, lastSeq: header.lastSeq, hash };
  }
  await journal.close();
  return hashes;
}

function schemaIn(path: string): unknown {
  const database = new DatabaseSync(path, { readOnly: true });
  const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
  database.close();
  return version;
}

const migrate = (to: number, more: Partial<Parameters<typeof migrateJournal>[0]> = {}) => migrateJournal({ folder, to, suite, wallMs: WALL_MS, ...more });

/** The file holds the whole journal, at its schema, and proves itself. */
async function demandWhole(sales: number): Promise<void> {
  expect(migrate(SCHEMA_VERSION)?.lastSeq ?? sales * 2).toBe(sales * 2);
  const engine = openEngine({ folder, limitBytes: LIMIT_BYTES });
  expect(engine.integrity()).toEqual([]);
  const report = await verifyJournal(storeOf(engine), { suite });
  expect(report).toMatchObject({ entries: sales * 2, openSubjects: sales / 500, batches: 3, openBatches: 1, receiptedThrough: 20 });
  expect(report.firstBreak).toBeUndefined();
  expect(engine.entriesOf(engine.mark("sale/o-500") ?? "", 10).map(({ state }) => state)).toEqual(["prepared", "unknown"]);
  expect(engine.mark("serial")).toBe(String(sales));
  engine.close();
}

/** Compared by what would be uploaded; opening counts a boot, which is no part of it. */
async function demandSameUploads(): Promise<void> {
  const store = await openSqliteStore({ folder, limitBytes: LIMIT_BYTES });
  expect(await uploadsOf(store)).toEqual(uploads);
}

beforeAll(async () => {
  const tables = await makeTables(SALES);
  const few = await makeTables(FEW);
  const disk = new SimulatedJournalDisk();
  disk.flushed.apply({
    entries: tables.entriesFrom(1, SALES * 2),
    subjects: tables.subjectsWhere({ states: ["prepared", "done", "unknown"], limit: SALES }),
    marks: tables.markNames.map((name) => ({ name, value: tables.mark(name) ?? "" })),
  });
  uploads = await uploadsOf(disk.open());
  for (const schema of [0, 1] as const) {
    for (const [sales, held] of [[SALES, tables] as const, [FEW, few] as const]) {
      const place = await mkdtemp(join(tmpdir(), `yikatong-schema-${schema}-`));
      made.set(`${schema}/${sales}`, place);
      writeEarlierJournal({ folder: place, schema, tables: held });
    }
  }
  return async () => {
    for (const place of made.values()) await rm(place, { recursive: true });
  };
}, 60_000);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "yikatong-migrate-"));
});
afterEach(() => rm(folder, { recursive: true }));

const place = (schema: number, sales = FEW) => cp(made.get(`${schema}/${sales}`) ?? "", folder, { recursive: true });

describe("a journal of 10,000 pending records", () => {
  it.each([
    [0, [2]],
    [1, [2]],
    [1, [2, 1, 2]],
    [0, [2, 0, 1, 2]],
  ] as const)("of schema %i goes %j and uploads byte for byte the same", async (from, ways) => {
    await place(from, SALES);
    let schema: number = from;
    for (const to of ways) {
      expect(migrate(to)).toMatchObject({ from: schema, to, entries: SALES * 2, lastSeq: SALES * 2 });
      expect(schemaIn(join(folder, DATABASE_FILE))).toBe(to);
      schema = to;
    }
    expect(keptFiles(folder)).toHaveLength(ways.length);
    expect(schemaIn(join(folder, keptFiles(folder)[0] ?? ""))).toBe(from);
    await demandWhole(SALES);
    await demandSameUploads();
  });

  it.each([0, 1])("of schema %i is brought up by the service itself as it starts", async (schema) => {
    await place(schema, SALES);
    await demandSameUploads();
    expect(schemaIn(join(folder, DATABASE_FILE))).toBe(SCHEMA_VERSION);
    const store = await openSqliteStore({ folder, limitBytes: LIMIT_BYTES });
    expect(store.migrated).toBeUndefined();
    await store.close();
    expect(keptFiles(folder)).toHaveLength(1);
  });

  it("keeps what was appended by either release, in one chain", async () => {
    await place(1);
    const appended: string[] = [];
    for (const to of [2, 1, 2]) {
      migrate(to);
      if (to !== SCHEMA_VERSION) continue;
      const store = await openSqliteStore({ folder, limitBytes: LIMIT_BYTES });
      const journal = await openTestJournal({ store, clock: CLOCK, randomness: new SeededRandomness(`life-${to}`), suite });
      appended.push((await journal.append(step("prepared", { subjectMark: `sale/late-${appended.length}` }))).hash);
      await journal.close();
    }
    const engine = openEngine({ folder, limitBytes: LIMIT_BYTES });
    expect(engine.entries(FEW * 2 + 1, 10).map(({ hash }) => hash)).toEqual(appended);
    expect((await verifyJournal(storeOf(engine), { suite })).firstBreak).toBeUndefined();
    engine.close();
  });
});

describe("a migration that is killed", () => {
  it.each(STEPS.flatMap((at) => [[0, at] as const, [1, at] as const]))(
    "from schema %i at the step '%s' leaves one truth, and the next one ends it",
    async (from, at) => {
      await place(from);
      const killed = () =>
        migrate(2, {
          onStep: (step) => {
            if (step === at) throw new Error("killed");
          },
        });
      expect(killed).toThrow("killed");
      expect(schemaIn(join(folder, DATABASE_FILE))).toBe(at === "done" ? 2 : from);
      await demandWhole(FEW);
      expect(readdirSync(folder).filter((name) => name.includes("migrating"))).toEqual([]);
      // A second name of the file in its place is no copy and does not stay.
      expect(keptFiles(folder)).toHaveLength(1);
      expect(schemaIn(join(folder, keptFiles(folder)[0] ?? ""))).toBe(from);
    },
  );

  it("throws away what another left half written", async () => {
    await place(1);
    writeFileSync(join(folder, "journal.migrating.sqlite"), "half");
    writeFileSync(join(folder, "journal.migrating.sqlite-journal"), "half");
    await demandWhole(FEW);
  });
});

describe("a migration refuses", () => {
  it("to begin without room, and changes nothing", async () => {
    await place(1);
    expect(() => migrate(2, { freeBytes: 1_000_000 })).toThrow(expect.objectContaining({ code: "store-full" }));
    expect(readdirSync(folder)).toEqual([DATABASE_FILE]);
    expect(schemaIn(join(folder, DATABASE_FILE))).toBe(1);
  });

  it("a journal that another process holds", async () => {
    await place(1);
    migrate(2);
    const engine = openEngine({ folder, limitBytes: LIMIT_BYTES });
    expect(() => migrate(1)).toThrow(expect.objectContaining({ code: "store-in-use" }));
    engine.close();
    expect(migrate(1)?.to).toBe(1);
  });

  it("schemas that it does not know, by their numbers", async () => {
    await place(1);
    expect(() => migrate(9)).toThrow(expect.objectContaining({ code: "store-schema", message: expect.stringContaining("9") }));
    const database = new DatabaseSync(join(folder, DATABASE_FILE));
    database.exec("PRAGMA user_version = 7");
    database.close();
    expect(() => migrate(2)).toThrow(expect.objectContaining({ code: "store-schema", message: expect.stringContaining("7") }));
    await expect(openSqliteStore({ folder, limitBytes: LIMIT_BYTES })).rejects.toMatchObject({ code: "store-schema" });
  });

  it.each([
    ["an entry was changed", "UPDATE entries SET body = replace(body, '\"v\":1', '\"v\":2') WHERE seq = 777"],
    ["an entry is missing", "DELETE FROM entries WHERE seq = 777"],
    ["a personal part was changed", "UPDATE entries SET sealed = x'00' WHERE seq = 777"],
  ])("a journal in which %s", async (_, sql) => {
    await place(1);
    const database = new DatabaseSync(join(folder, DATABASE_FILE));
    database.exec(sql);
    database.close();
    expect(() => migrate(2)).toThrow(expect.objectContaining({ code: "store-corrupt", message: expect.stringMatching(/77[78]/) }));
    expect(schemaIn(join(folder, DATABASE_FILE))).toBe(1);
    expect(keptFiles(folder)).toEqual([]);
  });
});

it("is not begun by somebody who only looks", async () => {
  await place(1);
  await expect(openSqliteStore({ folder, limitBytes: LIMIT_BYTES, onlyLooks: true })).rejects.toMatchObject({ code: "store-schema" });
  expect(schemaIn(join(folder, DATABASE_FILE))).toBe(1);
  expect(keptFiles(folder)).toEqual([]);
});

it.skipIf(process.getuid?.() !== 0)("begun by root it leaves the journal to its owner, and to nobody else", async () => {
  await place(1);
  const path = join(folder, DATABASE_FILE);
  await chown(path, 64_123, 64_124);
  await chmod(path, 0o600);
  migrate(2);
  const { uid, gid, mode } = await stat(path);
  expect([uid, gid, mode & 0o777]).toEqual([64_123, 64_124, 0o600]);
});

it("does nothing where the schema is the wanted one already", async () => {
  await place(1);
  expect(migrate(1)).toBeUndefined();
  expect(keptFiles(folder)).toEqual([]);
});

it("writes schemas that can give space back, and those that cannot", async () => {
  await place(1);
  migrate(2);
  const vacuum = () => {
    const database = new DatabaseSync(join(folder, DATABASE_FILE), { readOnly: true });
    const mode = database.prepare("PRAGMA auto_vacuum").get()?.["auto_vacuum"];
    database.close();
    return mode;
  };
  expect(vacuum()).toBe(2);
  migrate(1);
  expect(vacuum()).toBe(0);
  expect(JOURNAL_SCHEMAS).toEqual([0, 1, 2]);
  expect(existsSync(join(folder, `${DATABASE_FILE}-wal`))).toBe(false);
});
