/* No power cut loses an acknowledged configuration or leaves a mixture; plain lowdb does under the same test. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { record } from "../../tools/replay/record.ts";
import { describeReplay, type Judge, type ReplayReport, replay } from "../../tools/replay/replay.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { moduleBeside } from "../system/modules.ts";
import { openFolderStorage } from "../system/storage.ts";
import { openConfigStore } from "./store.ts";

const suite = openCipherSuite();
const WORKLOAD = moduleBeside(import.meta.url, "../../tools/replay/workloads/config");
const UNSAFE = moduleBeside(import.meta.url, "../../tools/replay/workloads/config-unsafe");
const MEMORY = "/dev/shm";
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

/** The number that a whole configuration holds; 0 when the machine is unprovisioned. */
function numberIn(data: unknown): number {
  const { number, filler } = data as { readonly number: number; readonly filler: string };
  if (number > 0 && filler !== String(number % 10).repeat(6000 + 2700 * (number % 9))) throw new Error("a mixture of two configurations");
  return number;
}

const problem: Judge<number>["problem"] = (found, said) => {
  const acknowledged = Number(said.at(-1) ?? "0");
  return found < acknowledged ? `write ${acknowledged} was acknowledged, ${found} is there` : undefined;
};

const storeJudge: Judge<number> = {
  read: async (folder) => {
    const read = await openConfigStore(await openFolderStorage(folder), suite).read();
    return read.kind === "unprovisioned" ? 0 : numberIn(read.data);
  },
  problem,
};

const lowdbJudge: Judge<number> = {
  read: async (folder) => {
    const path = join(folder, "terminal.json");
    return existsSync(path) ? numberIn(JSON.parse(await readFile(path, "utf8"))) : 0;
  },
  problem,
};

it.each(["strict", "ext4"] as const)("the configuration store loses nothing under %s rules", async (rules) => {
  const events = await record({ workload: WORKLOAD, place: await mkdtemp(join(place, "config-")) });
  const report = await replay({ events, rules, judge: storeJudge, scratch, seed: `config-${rules}-1`, randomDisks: RANDOM_DISKS + 30 });
  print("configuration", report);
  expect(report.violations.slice(0, 3)).toEqual([]);
  expect(report.flushes).toBe(120);
  expect(report.boundaryDisks).toBeGreaterThan(100);
  expect(report.randomDisks).toBeGreaterThanOrEqual(RANDOM_DISKS);
});

it.each(["strict", "ext4"] as const)("negative control: plain lowdb loses some under %s rules", async (rules) => {
  const events = await record({ workload: UNSAFE, place: await mkdtemp(join(place, "lowdb-")) });
  const report = await replay({ events, rules, judge: lowdbJudge, scratch, seed: `lowdb-${rules}-1`, randomDisks: RANDOM_DISKS + 30 });
  print("plain lowdb", report);
  expect(report.violations.some((violation) => violation.problem.includes("was acknowledged"))).toBe(true);
  expect(report.violations.some((violation) => violation.problem.includes("cannot be opened"))).toBe(true);
});
