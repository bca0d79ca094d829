import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { beginning } from "../../../base/contract/journal-store.ts";
import { DATABASE_FILE, openEngine } from "./engine.ts";

const LIMIT_BYTES = 64 * 1024 * 1024;

describe("the engine", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "yikatong-engine-"));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const open = (limitBytes = LIMIT_BYTES) => openEngine({ folder, limitBytes });

  it("refuses a file that is no database", async () => {
    await writeFile(join(folder, DATABASE_FILE), "x".repeat(4096));
    expect(() => open()).toThrow(expect.objectContaining({ code: "store-corrupt" }));
  });

  it("refuses a database that was cut short", async () => {
    const engine = open();
    for (let seq = 1; seq <= 200; seq += 1) engine.commit([beginning(seq)]);
    engine.close();
    await truncate(join(folder, DATABASE_FILE), 8 * 1024);
    expect(() => {
      const again = open();
      try {
        if (again.integrity().length > 0) throw Object.assign(new Error("found by the check"), { code: "store-corrupt" });
      } finally {
        again.close();
      }
    }).toThrow(expect.objectContaining({ code: "store-corrupt" }));
  });

  it("refuses the schema of another release", () => {
    open().close();
    const database = new DatabaseSync(join(folder, DATABASE_FILE));
    database.exec("PRAGMA user_version = 99");
    database.close();
    expect(() => open()).toThrow(expect.objectContaining({ code: "store-schema", message: expect.stringMatching(/99.*2/) }));
  });

  it("keeps everybody else out while it is open", () => {
    const engine = open();
    const other = new DatabaseSync(join(folder, DATABASE_FILE), { timeout: 0 });
    expect(() => other.exec("SELECT * FROM entries")).toThrow(/locked/);
    other.close();
    engine.close();
  });

  it("refuses entries that do not continue, and is broken from then on", () => {
    const engine = open();
    expect(engine.commit([beginning(1)])).toBeUndefined();
    expect(engine.commit([beginning(3)])).toMatchObject({ code: "store-broken" });
    expect(engine.commit([beginning(2)])).toMatchObject({ code: "store-broken", effectUnknown: true });
    engine.close();
    const again = open();
    expect(again.lastSeq).toBe(1);
    expect(again.commit([beginning(2)])).toBeUndefined();
    again.close();
  });

  it("writes all of a group or nothing", () => {
    const engine = open();
    expect(engine.commit([beginning(1), beginning(2), beginning(4)])).toMatchObject({ code: "store-broken" });
    engine.close();
    const again = open();
    expect(again.lastSeq).toBe(0);
    again.close();
  });

  it("takes small commits again after a large one was refused for want of space", () => {
    const engine = open(256 * 1024);
    expect(engine.commit([beginning(1)])).toBeUndefined();
    const { entries, ...rest } = beginning(2);
    expect(engine.commit([{ ...rest, entries: (entries ?? []).map((entry) => ({ ...entry, body: "x".repeat(300_000) })) }])).toMatchObject({
      code: "store-full",
      effectUnknown: false,
    });
    expect(engine.commit([beginning(3)])).toMatchObject({ code: "store-full" });
    expect(engine.commit([beginning(2)])).toBeUndefined();
    expect(engine.commit([beginning(3)])).toBeUndefined();
    engine.close();
  });

  it("finds open subjects by its partial index, without reading those that have ended", () => {
    const engine = open();
    engine.commit([beginning(1)]);
    engine.close();
    const database = new DatabaseSync(join(folder, DATABASE_FILE));
    const plan = database
      .prepare(
        "EXPLAIN QUERY PLAN SELECT * FROM subjects WHERE state IN ('prepared', 'acting', 'unknown', 'resolving') AND first_seq > 0 AND card_key = 'k' ORDER BY first_seq LIMIT 5",
      )
      .all();
    database.close();
    expect(JSON.stringify(plan)).toContain("subjects_open");
  });
});
