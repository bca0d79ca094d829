/*
 * Goal: no power cut loses an acknowledged record of the real journal on the real engine, and a store without flushes does lose some
 * under the same test. Method: tools/replay.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashesIn, journalJudge } from "../../../tools/replay/journal-judge.ts";
import { record } from "../../../tools/replay/record.ts";
import { describeReplay, type ReplayReport, replay } from "../../../tools/replay/replay.ts";
import type { DiskEvent } from "../../../tools/replay/trace.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import { moduleBeside } from "../../system/modules.ts";
import { openEngine } from "./sqlite/engine.ts";

const suite = openCipherSuite();
const WORKLOAD = moduleBeside(import.meta.url, "../../../tools/replay/workloads/journal");
const UNSAFE = moduleBeside(import.meta.url, "../../../tools/replay/workloads/journal-unsafe");
const MEMORY = "/dev/shm";
const RULES = ["strict", "ext4"] as const;
const RANDOM_DISKS = 300;

let place: string;
let scratch: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "yikatong-cut-"));
  scratch = await mkdtemp(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "yikatong-cut-"));
});
afterAll(async () => {
  await rm(place, { recursive: true });
  await rm(scratch, { recursive: true });
});

const print = (what: string, report: ReplayReport) => process.stdout.write(`${describeReplay(what, report)}\n`);

describe("the journal", () => {
  let events: readonly DiskEvent[];
  let reference: readonly string[];
  beforeAll(async () => {
    const own = await mkdtemp(join(place, "journal-"));
    events = await record({ workload: WORKLOAD, place: own });
    reference = hashesIn(join(own, "data"));
  });

  it("was recorded with a copy back of the log in the middle of the run", () => {
    const databaseWrites = events.flatMap((event, at) => (event.is === "write" && event.name === "journal.sqlite" ? [at] : []));
    const said = events.flatMap((event, at) => (event.is === "said" ? [at] : []));
    expect(reference.length).toBeGreaterThan(150);
    // Neither the start's copy (before the 45th word) nor that of the close (among the last 25).
    const midway = databaseWrites.filter((at) => at > (said[45] ?? Infinity) && at < (said.at(-25) ?? 0));
    expect(midway.length).toBeGreaterThan(100);
  });

  it.each(RULES)("loses nothing under %s rules", async (rules) => {
    const report = await replay({ events, rules, judge: journalJudge(suite, reference), scratch, seed: `journal-${rules}-1`, randomDisks: RANDOM_DISKS + 30 });
    print("journal", report);
    expect(report.violations.slice(0, 3)).toEqual([]);
    expect(report.boundaryDisks).toBeGreaterThan(report.flushes);
    expect(report.randomDisks).toBeGreaterThanOrEqual(RANDOM_DISKS);
  });
});

describe("a journal that goes to an older schema and back", () => {
  const MIGRATE = moduleBeside(import.meta.url, "../../../tools/replay/workloads/journal-migrate");

  it.each([0, 1].flatMap((schema) => RULES.map((rules) => [schema, rules] as const)))("is whole after any cut (schema %i, %s rules)", async (schema, rules) => {
    const own = await mkdtemp(join(place, "migrated-"));
    const events = await record({ workload: MIGRATE, place: own, args: [String(schema)] });
    const reference = hashesIn(join(own, "data"));
    expect(events.filter((event) => event.is === "link")).toHaveLength(4);
    const report = await replay({ events, rules, judge: journalJudge(suite, reference), scratch, seed: `migrated-${schema}-${rules}`, randomDisks: 120 });
    print(`to schema ${schema} and back`, report);
    expect(reference).toHaveLength(72);
    expect(report.violations.slice(0, 3)).toEqual([]);
  });
});

describe("a process killed before its flush, then a start, then a power cut", () => {
  const KILLS = [25, 40, 57];
  const twoLives = async (first: { readonly workload: URL; readonly args: readonly string[] }, second: { readonly workload: URL }, killAtFlush: number) => {
    const own = await mkdtemp(join(place, "killed-"));
    const died = await record({ ...first, place: own, killAtFlush });
    const looked = await record({ ...second, place: own, args: ["look"] });
    return { events: [...died.filter((event) => event.is !== "said"), ...looked], reference: hashesIn(join(own, "data")) };
  };

  it.each(KILLS)("keeps everything that the second start had shown (killed at flush %i)", async (kill) => {
    const { events, reference } = await twoLives({ workload: WORKLOAD, args: [] }, { workload: WORKLOAD }, kill);
    const report = await replay({ events, rules: "strict", judge: journalJudge(suite, reference), scratch, seed: `killed-${kill}`, randomDisks: 40 });
    print(`killed at flush ${kill}`, report);
    expect(reference.length).toBeGreaterThan(5);
    expect(report.violations.slice(0, 3)).toEqual([]);
  });

  it("negative control: a start that relies on what it reads without flushing it loses records", async () => {
    const { events, reference } = await twoLives({ workload: UNSAFE, args: ["FULL"] }, { workload: UNSAFE }, 30);
    const report = await replay({ events, rules: "ext4", judge: tolerantJudge(reference), scratch, seed: "unsafe-look", randomDisks: 20 });
    print("start without settling", report);
    expect(report.violations.length).toBeGreaterThan(0);
  });
});

describe("negative control: the same tables without flushes", () => {
  it.each(["NORMAL", "OFF"])("synchronous = %s loses acknowledged records", async (mode) => {
    const own = await mkdtemp(join(place, "unsafe-"));
    const events = await record({ workload: UNSAFE, place: own, args: [mode] });
    const report = await replay({ events, rules: "ext4", judge: tolerantJudge(hashesIn(join(own, "data"))), scratch, seed: `unsafe-${mode}`, randomDisks: 50 });
    print(`synchronous ${mode}`, report);
    expect(report.violations.some(({ problem }) => problem.includes("were acknowledged"))).toBe(true);
  });
});

/** Counts entries only: the unsafe workload writes no chain. */
function tolerantJudge(reference: readonly string[]): Parameters<typeof replay<number>>[0]["judge"] {
  return {
    read: async (folder) => {
      const engine = openEngine({ folder, limitBytes: 64 * 1024 * 1024 });
      const { length } = engine.entries(1, 1000);
      engine.close();
      return length;
    },
    problem: (count, said) => {
      const { entries } = JSON.parse(said.at(-1) ?? '{"entries":0}') as { readonly entries: number };
      return count < entries || entries > reference.length ? `${entries} entries were acknowledged, ${count} are there` : undefined;
    },
  };
}
