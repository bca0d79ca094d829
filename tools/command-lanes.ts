/*
 * Goal: the commands that users run keep what they promise, on compiled code.
 * Method: run each with --json and hold its one line against docs/json.md. Each expectation is one case.
 */
import { join } from "node:path";
import * as z from "zod";
import type { Outcome } from "./lanes.ts";
import { type Ended, runProgram } from "./processes.ts";

interface Expectation {
  readonly name: string;
  readonly holds: boolean;
}

const WORLD_SEEDS = 200;
const WORLD_TAPS = 100;
const COUNTER_SEEDS = 16;
const COUNTER_ORDERS = 40;
const COUNTER_FAULTS = ["no-reply-booked", "no-reply-not-booked", "empty-infcode-booked", "half-reply-booked", "late-booking", "slow"];
const COUNTER_WEATHER = ["message-duplicated", "power-cut-during-commit", "power-cut-after-publish", "broker-lost", "card-torn-after"];
/** Few long seeds: the return of every card at the end of each costs as much as a hundred taps. */
const GATE_SEEDS = 40;
const GATE_TAPS = 500;
const GATE_TEAR_PERCENT = 5;
/** How far the share of torn taps may be from what was asked for, in hundredths: a tap that the power or the lane ends first is not torn any more. */
const GATE_TEAR_NEAR = 1;
/** Small seeds, run twice: journeys in both orders of purses, and a bus of bank cards. */
const GATE_AGAIN = ["--scenario", "gate", "--seeds", "3", "--taps", "50", "--name", "again"];
/** The insurer has no part in this scenario. */
const GATE_ABSENT_FAULTS: readonly string[] = ["insurer-silent", "insurer-late"];
/** Cards with nothing to pay with: they tap, and give nothing. */
const GATE_NO_FLOW = "no-purse";
const START_SALES_MIN = 20;

const startShape = z.object({
  equal: z.boolean(),
  byKind: z.record(z.string(), z.object({ count: z.number(), deviceFen: z.number(), journalFen: z.number(), hostFen: z.number() })),
  sales: z.number(),
  unknown: z.number(),
  pharmacy: z.object({ day: z.string(), orders: z.number(), state: z.string(), differences: z.number(), planted: z.array(z.string()) }),
});

const worldShape = z.object({
  seeds: z.number(),
  taps: z.number(),
  events: z.number(),
  violations: z.number(),
  faults: z.record(z.string(), z.number()),
  unknown: z.number(),
  virtualMs: z.number(),
  realMs: z.number(),
  stateHash: z.string(),
});

const counterWorldShape = z.object({
  seeds: z.number(),
  orders: z.number(),
  events: z.number(),
  violations: z.number(),
  ends: z.record(z.string(), z.number()),
  faults: z.record(z.string(), z.number()),
  insurerFaults: z.record(z.string(), z.number()),
  powerCuts: z.number(),
  stateHash: z.string(),
});

const gateWorldShape = z.object({
  seeds: z.number(),
  taps: z.number(),
  violations: z.number(),
  torn: z.number(),
  doubles: z.number(),
  openings: z.number(),
  offlineDays: z.number(),
  debts: z.number(),
  flows: z.record(z.string(), z.object({ taps: z.number(), torn: z.number(), done: z.number() })),
  ends: z.record(z.string(), z.number()),
  faults: z.record(z.string(), z.number()),
  virtualMs: z.number(),
  realMs: z.number(),
  stateHash: z.string(),
});

/** Size of the acquirer's world in CI; its soak is 200 seeds of 100 acts. */
const ACQUIRER_SEEDS = 40;
const ACQUIRER_ACTS = 50;
/** What an acquirer can do to any message of a counter; every one of them happens in the CI size. */
const ACQUIRER_FAULTS_SEEN = [
  "request-lost",
  "reply-lost",
  "late-reply",
  "late-approval",
  "delivered-twice",
  "previous-reply",
  "wrong-mac",
  "missing-mac",
  "forged-approval",
  "wrong-amount",
  "wrong-stan",
  "partial",
  "duplicate-claimed",
  "sign-in-again",
];

const acquirerWorldShape = z.object({
  seeds: z.number(),
  payments: z.number(),
  violations: z.number(),
  ends: z.record(z.string(), z.number()),
  acquirerFaults: z.record(z.string(), z.number()),
  batches: z.record(z.string(), z.number()),
  booked: z.record(z.string(), z.number()),
  undone: z.number(),
  powerCuts: z.number(),
});

const conformanceShape = z.object({
  cases: z.array(z.object({ id: z.string(), spec: z.string(), title: z.string(), tags: z.array(z.string()), outcome: z.string() })),
  passed: z.number(),
  failed: z.number(),
  skipped: z.number(),
});

const servicesShape = z.object({
  rows: z.array(z.object({ row: z.number(), en: z.string(), outcome: z.string() })),
  cases: z.array(z.object({ row: z.number(), title: z.string(), outcome: z.string() })),
});

/** Rows of the table of services of the card. */
const SERVICE_ROWS = 65;

const benchShape = z.object({
  rows: z.array(
    z.object({
      name: z.string(),
      value: z.number().nullable(),
      unit: z.string(),
      baseline: z.number().nullable(),
      ratio: z.number().nullable(),
      budget: z.string().nullable(),
      met: z.boolean().nullable(),
    }),
  ),
});

/** The only line of standard output as JSON; undefined when there is another number of lines or no JSON. */
export function onlyJsonLine(stdout: string): unknown {
  const lines = stdout.split("\n").filter((line) => line !== "");
  if (lines.length !== 1) return undefined;
  try {
    return JSON.parse(lines[0] ?? "");
  } catch {
    return undefined;
  }
}

function outcomeOf(ended: Ended, expectations: readonly Expectation[]): Outcome {
  const broken = expectations.filter((one) => !one.holds);
  const tail = `${ended.stdout.slice(-4000)}\n${ended.stderr.slice(-4000)}`;
  const failures = broken.map((one, at) => (at === 0 ? `${one.name}\nexit code ${ended.code ?? "none"}\n${tail}` : one.name));
  return { counts: { passed: expectations.length - broken.length, failed: broken.length, skipped: 0 }, failures, skips: [] };
}

function compiled(root: string, script: string, args: readonly string[], limitMs: number): Promise<Ended> {
  return runProgram(process.execPath, [join(root, "dist", script), ...args], { limitMs });
}

/** Runs the demonstration: equal totals to the fen, for both kinds of payment. */
export async function runStart(root: string, limitMs: number): Promise<Outcome> {
  const ended = await compiled(root, "simulators/cli.js", ["demo", "--json"], limitMs);
  const result = startShape.safeParse(onlyJsonLine(ended.stdout));
  const data = result.success ? result.data : undefined;
  const kinds = Object.values(data?.byKind ?? {});
  return outcomeOf(ended, [
    { name: "the demonstration exits with 0", holds: ended.code === 0 },
    { name: "it prints one JSON line of the documented shape", holds: data !== undefined },
    {
      name: "card or insurer, journal and host totals are equal",
      holds: data?.equal === true && kinds.every((kind) => kind.deviceFen === kind.journalFen && kind.journalFen === kind.hostFen),
    },
    {
      name: "the pharmacy's day agrees with the insurer's books, without a one-sided entry",
      holds: data !== undefined && data.pharmacy.orders > 5 && data.pharmacy.state === "equal" && data.pharmacy.differences === 0,
    },
    {
      name: "an entry planted on each side is found and named",
      holds: ["voided-at-insurer", "foreign"].every((kind) => data?.pharmacy.planted.some((each) => each.startsWith(kind)) === true),
    },
    {
      name: `at least ${START_SALES_MIN} sales of two kinds`,
      holds: (data?.sales ?? 0) >= START_SALES_MIN && kinds.filter((kind) => kind.count > 0 && kind.hostFen > 0).length >= 2,
    },
  ]);
}

/** Runs the simulated world in its CI size: no violation, and every kind of fault really happened. */
export async function runWorld(root: string, limitMs: number): Promise<Outcome> {
  const size = ["--seeds", String(WORLD_SEEDS), "--taps", String(WORLD_TAPS)];
  const ended = await compiled(root, "simulators/cli.js", ["world", ...size, "--json"], limitMs);
  const result = worldShape.safeParse(onlyJsonLine(ended.stdout));
  const data = result.success ? result.data : undefined;
  const faults = Object.entries(data?.faults ?? {});
  return outcomeOf(ended, [
    { name: "the world exits with 0", holds: ended.code === 0 },
    { name: "it prints one JSON line of the documented shape", holds: data !== undefined },
    { name: "it ran the seeds and taps that were asked for", holds: data?.seeds === WORLD_SEEDS && data.taps === WORLD_TAPS },
    { name: "no promise was broken", holds: data?.violations === 0 },
    { name: "faults were drawn", holds: faults.length > 0 },
    ...faults.map(([kind, count]) => ({ name: `fault "${kind}" happened`, holds: count > 0 })),
  ]);
}

/** Runs the days of a pharmacy counter in their CI size: no violation, and every way of going wrong really happened. */
export async function runCounterWorld(root: string, limitMs: number): Promise<Outcome> {
  const size = ["--scenario", "counter", "--seeds", String(COUNTER_SEEDS), "--orders", String(COUNTER_ORDERS)];
  const ended = await compiled(root, "simulators/cli.js", ["world", ...size, "--json"], limitMs);
  const result = counterWorldShape.safeParse(onlyJsonLine(ended.stdout));
  const data = result.success ? result.data : undefined;
  return outcomeOf(ended, [
    { name: "the counter's world exits with 0", holds: ended.code === 0 },
    { name: "it prints one JSON line of the documented shape", holds: data !== undefined },
    { name: "it ran the seeds and orders that were asked for", holds: data?.seeds === COUNTER_SEEDS && data.orders === COUNTER_SEEDS * COUNTER_ORDERS },
    { name: "no promise was broken", holds: data?.violations === 0 },
    { name: "the power failed during acts", holds: (data?.powerCuts ?? 0) > 0 },
    ...["done", "void", "offline"].map((state) => ({ name: `orders ended as ${state}`, holds: (data?.ends[state] ?? 0) > 0 })),
    ...COUNTER_WEATHER.map((fault) => ({ name: `fault "${fault}" happened`, holds: (data?.faults[fault] ?? 0) > 0 })),
    ...COUNTER_FAULTS.map((fault) => ({ name: `the insurer went wrong by ${fault}`, holds: (data?.insurerFaults[fault] ?? 0) > 0 })),
  ]);
}

/** Runs the days of a counter with a bank in their CI size: no violation, every way of going wrong, equal and unequal batches, reversals that undid something. */
export async function runAcquirerWorld(root: string, limitMs: number): Promise<Outcome> {
  const size = ["--scenario", "acquirer", "--seeds", String(ACQUIRER_SEEDS), "--payments", String(ACQUIRER_ACTS)];
  const ended = await compiled(root, "simulators/cli.js", ["world", ...size, "--json"], limitMs);
  const data = acquirerWorldShape.safeParse(onlyJsonLine(ended.stdout)).data;
  return outcomeOf(ended, [
    { name: "the acquirer's world exits with 0", holds: ended.code === 0 },
    { name: "it prints one JSON line of the documented shape", holds: data !== undefined },
    { name: "it ran the seeds and acts that were asked for", holds: data?.seeds === ACQUIRER_SEEDS && data.payments === ACQUIRER_SEEDS * ACQUIRER_ACTS },
    { name: "no promise was broken", holds: data?.violations === 0 },
    { name: "the power failed during acts", holds: (data?.powerCuts ?? 0) > 0 },
    { name: "reversals undid something", holds: (data?.undone ?? 0) > 0 },
    ...["approved", "refused", "unknown"].map((end) => ({ name: `the counter was told ${end}`, holds: (data?.ends[end] ?? 0) > 0 })),
    ...["equal", "unequal"].map((result) => ({ name: `batches were ${result}`, holds: (data?.batches[result] ?? 0) > 0 })),
    ...["sale", "withdrawal", "void", "refund", "offline-sale"].map((kind) => ({ name: `the bank booked a ${kind}`, holds: (data?.booked[kind] ?? 0) > 0 })),
    ...ACQUIRER_FAULTS_SEEN.map((fault) => ({ name: `the acquirer went wrong by ${fault}`, holds: (data?.acquirerFaults[fault] ?? 0) > 0 })),
  ]);
}

async function gateHash(root: string, limitMs: number): Promise<string | undefined> {
  const ended = await compiled(root, "simulators/cli.js", ["world", ...GATE_AGAIN, "--json"], limitMs);
  return gateWorldShape.safeParse(onlyJsonLine(ended.stdout)).data?.stateHash;
}

/** Runs the days of a gate in their CI size: no violation, every fault that a gate can meet, and the same days from the same seed. */
export async function runGateWorld(root: string, limitMs: number): Promise<Outcome> {
  const size = ["--scenario", "gate", "--seeds", String(GATE_SEEDS), "--taps", String(GATE_TAPS), "--tear-percent", String(GATE_TEAR_PERCENT)];
  const ended = await compiled(root, "simulators/cli.js", ["world", ...size, "--json"], limitMs);
  const data = gateWorldShape.safeParse(onlyJsonLine(ended.stdout)).data;
  if (data !== undefined) process.stdout.write(`  ${Math.round(data.virtualMs / data.realMs)} times as fast as the days themselves\n`);
  const [first, second] = [await gateHash(root, limitMs), await gateHash(root, limitMs)];
  const tornPercent = data === undefined ? 0 : (100 * data.torn) / data.taps;
  const faults = Object.entries(data?.faults ?? {}).filter(([kind]) => !GATE_ABSENT_FAULTS.includes(kind));
  const flows = Object.entries(data?.flows ?? {});
  return outcomeOf(ended, [
    { name: "the gate's world exits with 0", holds: ended.code === 0 },
    { name: "it prints one JSON line of the documented shape", holds: data !== undefined },
    { name: "it ran the seeds, and at least the taps, that were asked for", holds: data?.seeds === GATE_SEEDS && data.taps >= GATE_SEEDS * GATE_TAPS },
    { name: "no promise was broken", holds: data?.violations === 0 },
    { name: "about as many taps were torn as was asked for", holds: Math.abs(tornPercent - GATE_TEAR_PERCENT) <= GATE_TEAR_NEAR },
    { name: "taps were made twice", holds: (data?.doubles ?? 0) > 0 },
    { name: "days passed without network", holds: (data?.offlineDays ?? 0) > 0 },
    { name: "gates opened", holds: (data?.openings ?? 0) > 0 },
    ...["paid", "let-in", "again", "refused", "dark"].map((end) => ({ name: `taps ended as ${end}`, holds: (data?.ends[end] ?? 0) > 0 })),
    { name: "accounts that owe a ride were listed", holds: (data?.debts ?? 0) > 0 },
    { name: "flows were counted", holds: flows.length > 0 },
    ...flows.map(([flow, { taps, done }]) => ({ name: `flow "${flow}" was lived`, holds: taps > 0 && done > 0 === (flow !== GATE_NO_FLOW) })),
    { name: "faults were drawn", holds: faults.length > 0 },
    ...faults.map(([kind, count]) => ({ name: `fault "${kind}" happened`, holds: count > 0 })),
    { name: "the same seed gives the same days", holds: first !== undefined && first === second },
  ]);
}

/** Runs the conformance cases; each case is a case of the lane. */
export async function runConformance(root: string, limitMs: number): Promise<Outcome> {
  const ended = await compiled(root, "simulators/cli.js", ["conformance", "--json"], limitMs);
  const result = conformanceShape.safeParse(onlyJsonLine(ended.stdout));
  if (!result.success) return outcomeOf(ended, [{ name: "it prints one JSON line of the documented shape", holds: false }]);
  const cases = result.data.cases;
  const ran = cases.filter((one) => one.outcome !== "skipped");
  const outcome = outcomeOf(ended, [
    { name: "the command exits with 0", holds: ended.code === 0 },
    ...ran.map((one) => ({ name: `${one.id} ${one.title}`, holds: one.outcome === "passed" })),
  ]);
  const skips = cases.filter((one) => one.outcome === "skipped").map((one) => `${one.id} ${one.title}`);
  return { ...outcome, counts: { ...outcome.counts, skipped: skips.length }, skips };
}

/** Runs the table of card services; each of its cases is a case of the lane, and no row may be missing. */
export async function runServices(root: string, limitMs: number): Promise<Outcome> {
  const ended = await compiled(root, "simulators/cli.js", ["conformance", "--services", "--json"], limitMs);
  const result = servicesShape.safeParse(onlyJsonLine(ended.stdout));
  if (!result.success) return outcomeOf(ended, [{ name: "it prints one JSON line of the documented shape", holds: false }]);
  const { rows, cases } = result.data;
  return outcomeOf(ended, [
    { name: "the command exits with 0", holds: ended.code === 0 },
    { name: `all ${SERVICE_ROWS} rows are there`, holds: new Set(rows.map(({ row }) => row)).size === SERVICE_ROWS },
    ...rows.map(({ row, en, outcome }) => ({ name: `row ${row} (${en}) is shown`, holds: outcome === "shown" })),
    ...cases.map(({ row, title, outcome }) => ({ name: `row ${row}: ${title}`, holds: outcome === "passed" })),
  ]);
}

/** Runs the benchmarks and asks only that every row is present: a figure is a measurement, not a test. */
export async function runBench(root: string, limitMs: number, rowNames: readonly string[]): Promise<Outcome> {
  const ended = await compiled(root, "tools/bench/main.js", ["--json"], limitMs);
  const result = benchShape.safeParse(onlyJsonLine(ended.stdout));
  const present = new Set(result.success ? result.data.rows.map((row) => row.name) : []);
  return outcomeOf(ended, [
    { name: "the benchmarks exit with 0", holds: ended.code === 0 },
    { name: "they print one JSON line of the documented shape", holds: result.success },
    ...rowNames.map((name) => ({ name: `row "${name}" is present`, holds: present.has(name) })),
  ]);
}
