/* `world`: many seeds of a simulated town; the exit code says whether a promise was broken. */
import { availableParallelism } from "node:os";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { systemClock } from "../../device/system/clock.ts";
import { type Command, countOption, type OptionValues } from "../../device/system/command-line.ts";
import { moduleBeside } from "../../device/system/modules.ts";
import { systemProcesses } from "../../device/system/processes.ts";
import { type AcquirerWorldOptions, type AcquirerWorldReport, runAcquirerSeed, runAcquirerWorld } from "../world/acquirer/acquirer-world.ts";
import { BANK_BUGS, isBankBug } from "../world/acquirer/bank-bugs.ts";
import { COUNTER_BUGS, isCounterBug } from "../world/counter/counter-bugs.ts";
import { type CounterWorldOptions, type CounterWorldReport, runCounterSeed, runCounterWorld } from "../world/counter/counter-world.ts";
import { FAULT_KINDS } from "../world/fault-plan.ts";
import { FLOWS } from "../world/gate/flows.ts";
import { ALL_GATE_BUGS, isGateBug } from "../world/gate/gate-bugs.ts";
import { type GateWorldOptions, type GateWorldReport, runGateSeed, runGateWorld } from "../world/gate/gate-world.ts";
import { isPlantedBug, PLANTED_BUGS } from "../world/planted-bugs.ts";
import { WORLD_PURSES } from "../world/purses.ts";
import { type SeedReport, TEAR_PERCENT } from "../world/seed-run.ts";
import { runSeed, runWorld, type WorldOptions, type WorldReport } from "../world/world-run.ts";

const SEEDS_MAX = 1_000_000;
/** Lines of a failing seed that help to see why. */
const TRACE_TAIL = 60;

function readOptions(values: OptionValues): WorldOptions | string {
  const seeds = countOption(values, "seeds", { min: 1, max: SEEDS_MAX });
  const taps = countOption(values, "taps", { min: 1, max: 100_000 });
  const first = countOption(values, "first", { min: 0, max: SEEDS_MAX });
  if (seeds === undefined || taps === undefined || first === undefined) return "--seeds, --taps and --first are whole numbers";
  const tearPercent = values["tear-percent"] === undefined ? TEAR_PERCENT : countOption(values, "tear-percent", { min: 0, max: 100 });
  if (tearPercent === undefined) return "--tear-percent is a whole number from 0 to 100";
  const bug = values["plant"];
  if (typeof bug === "string" && !isPlantedBug(bug)) return `--plant takes one of: ${Object.keys(PLANTED_BUGS).join(", ")}`;
  return { name: String(values["name"]), first, seeds, taps, tearPercent, ...(typeof bug === "string" ? { bug } : {}) };
}

function summary(report: WorldReport): string {
  const faults = FAULT_KINDS.map((kind) => `  ${kind.padEnd(26)} ${report.faults[kind]}`);
  const failures = report.failures.map(({ seed, violation }) => `  ${seed}: ${violation}`);
  const purses = WORLD_PURSES.map((purse) => {
    const { taps, tears, debits, unknown, scriptedGone } = report.purses[purse];
    const share = taps === 0 ? "0.0" : ((100 * tears) / taps).toFixed(1);
    return `  ${purse.padEnd(16)} ${taps} taps, ${tears} torn (${share} %), ${debits} debits, ${unknown} left unknown, ${scriptedGone} scripted never to return`;
  });
  const hours = (report.virtualMs / 3_600_000).toFixed(1);
  return [
    `${report.seeds} seeds of ${report.taps} taps: ${report.events} events, ${report.violations} violations, ${report.unknown} sales left unknown as scripted`,
    `${hours} virtual hours in ${(report.realMs / 1000).toFixed(1)} s (${Math.round(report.virtualMs / report.realMs)} times as fast), state ${report.stateHash.slice(0, 16)}`,
    `tears on ${report.tearPercent} % of the taps; ${report.unknown} sales left unknown, ${report.scriptedGone} scripted so:`,
    ...purses,
    "faults that struck:",
    ...faults,
    ...(failures.length === 0 ? [] : ["broken promises (replay one with --name NAME --first NUMBER --seeds 1 --trace):", ...failures]),
  ].join("\n");
}

function readCounterOptions(values: OptionValues): CounterWorldOptions | string {
  const seeds = countOption(values, "seeds", { min: 1, max: SEEDS_MAX });
  const orders = countOption(values, "orders", { min: 1, max: 100_000 });
  const first = countOption(values, "first", { min: 0, max: SEEDS_MAX });
  if (seeds === undefined || orders === undefined || first === undefined) return "--seeds, --orders and --first are whole numbers";
  const bug = values["plant"];
  if (typeof bug === "string" && !isCounterBug(bug)) return `--plant takes one of: ${Object.keys(COUNTER_BUGS).join(", ")}`;
  return { name: String(values["name"]), first, seeds, orders, ...(typeof bug === "string" ? { bug } : {}) };
}

function counted(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}

function counterSummary(report: CounterWorldReport): string {
  const hours = (report.virtualMs / 3_600_000).toFixed(1);
  return [
    `${report.seeds} seeds, ${report.orders} orders: ${report.events} events, ${report.violations} violations`,
    `${hours} virtual hours in ${(report.realMs / 1000).toFixed(1)} s, state ${report.stateHash.slice(0, 16)}`,
    `orders ended: ${counted(report.ends)}`,
    `the power failed ${report.powerCuts} times during an act; the insurer went wrong: ${counted(report.insurerFaults)}`,
    `faults that struck: ${counted(report.faults)}`,
    ...report.failures.map(({ seed, violation }) => `  ${seed}: ${violation}`),
  ].join("\n");
}

async function counterWorld(options: CounterWorldOptions, values: OptionValues): Promise<number> {
  if (values["trace"] === true) return tell(await runCounterSeed(openCipherSuite(), options, options.first));
  const report = await runCounterWorld(spreadPorts(options.seeds), options);
  process.stdout.write(values["json"] === true ? `${JSON.stringify(report)}\n` : `${counterSummary(report)}\n`);
  return report.violations === 0 ? 0 : 1;
}

const GATE_TEAR_PERCENT = 5;

function readGateOptions(values: OptionValues): GateWorldOptions | string {
  const seeds = countOption(values, "seeds", { min: 1, max: SEEDS_MAX });
  const taps = countOption(values, "taps", { min: 1, max: 1_000_000 });
  const first = countOption(values, "first", { min: 0, max: SEEDS_MAX });
  if (seeds === undefined || taps === undefined || first === undefined) return "--seeds, --taps and --first are whole numbers";
  const tearPercent = values["tear-percent"] === undefined ? GATE_TEAR_PERCENT : countOption(values, "tear-percent", { min: 0, max: 100 });
  const doublePercent = countOption(values, "double-percent", { min: 0, max: 100 });
  if (tearPercent === undefined || doublePercent === undefined) return "--tear-percent and --double-percent are whole numbers from 0 to 100";
  const bug = values["plant"];
  if (typeof bug === "string" && !isGateBug(bug)) return `--plant takes one of: ${Object.keys(ALL_GATE_BUGS).join(", ")}`;
  return { name: String(values["name"]), first, seeds, taps, tearPercent, doublePercent, ...(typeof bug === "string" ? { bug } : {}) };
}

function gateSummary(report: GateWorldReport): string {
  const days = (report.virtualMs / 86_400_000).toFixed(1);
  return [
    `${report.seeds} seeds, ${report.taps} taps: ${report.events} events, ${report.violations} violations`,
    `${days} virtual days (${report.offlineDays} without network) in ${(report.realMs / 1000).toFixed(1)} s (${Math.round(report.virtualMs / report.realMs)} times as fast), state ${report.stateHash.slice(0, 16)}`,
    `${report.torn} taps torn, ${report.doubles} made twice, ${report.openings} openings, ${report.unknown} sales left unknown as scripted`,
    `${report.listVersions} versions of the city's list, ${report.listedTaps} taps of listed cards, ${report.debts} debts listed`,
    `taps ended: ${counted(report.ends)}`,
    "flows:",
    ...FLOWS.map((flow) => `  ${flow.padEnd(20)} ${report.flows[flow].taps} taps, ${report.flows[flow].torn} torn, ${report.flows[flow].done} done`),
    `faults that struck: ${counted(report.faults)}`,
    ...report.failures.map(({ seed, violation }) => `  ${seed}: ${violation}`),
  ].join("\n");
}

async function gateWorld(options: GateWorldOptions, values: OptionValues): Promise<number> {
  if (values["trace"] === true) return tell(await runGateSeed(openCipherSuite(), options, options.first));
  const report = await runGateWorld(spreadPorts(options.seeds), options);
  process.stdout.write(values["json"] === true ? `${JSON.stringify(report)}\n` : `${gateSummary(report)}\n`);
  return report.violations === 0 ? 0 : 1;
}

function readAcquirerOptions(values: OptionValues): AcquirerWorldOptions | string {
  const seeds = countOption(values, "seeds", { min: 1, max: SEEDS_MAX });
  const payments = countOption(values, "payments", { min: 1, max: 100_000 });
  const first = countOption(values, "first", { min: 0, max: SEEDS_MAX });
  if (seeds === undefined || payments === undefined || first === undefined) return "--seeds, --payments and --first are whole numbers";
  const bug = values["plant"];
  if (typeof bug === "string" && !isBankBug(bug)) return `--plant takes one of: ${Object.keys(BANK_BUGS).join(", ")}`;
  return { name: String(values["name"]), first, seeds, payments, ...(typeof bug === "string" ? { bug } : {}) };
}

function acquirerSummary(report: AcquirerWorldReport): string {
  const hours = (report.virtualMs / 3_600_000).toFixed(1);
  return [
    `${report.seeds} seeds, ${report.payments} acts: ${report.events} events, ${report.violations} violations`,
    `${hours} virtual hours in ${(report.realMs / 1000).toFixed(1)} s, state ${report.stateHash.slice(0, 16)}`,
    `told at the counter: ${counted(report.ends)}`,
    `booked by the bank and standing: ${counted(report.booked)}; ${report.reversals} reversals, ${report.undone} of them undid something`,
    `batches: ${counted(report.batches)}`,
    `the power failed ${report.powerCuts} times during an act; the acquirer went wrong: ${counted(report.acquirerFaults)}`,
    `faults that struck: ${counted(report.faults)}`,
    ...report.failures.map(({ seed, violation }) => `  ${seed}: ${violation}`),
  ].join("\n");
}

async function acquirerWorld(options: AcquirerWorldOptions, values: OptionValues): Promise<number> {
  if (values["trace"] === true) return tell(await runAcquirerSeed(openCipherSuite(), options, options.first));
  const report = await runAcquirerWorld(spreadPorts(options.seeds), options);
  process.stdout.write(values["json"] === true ? `${JSON.stringify(report)}\n` : `${acquirerSummary(report)}\n`);
  return report.violations === 0 ? 0 : 1;
}

async function trace(options: WorldOptions): Promise<number> {
  return tell(await runSeed(openCipherSuite(), options, options.first));
}

function tell(report: Pick<SeedReport, "trace" | "violation" | "stateHash">): number {
  process.stdout.write(`${report.trace.slice(-TRACE_TAIL * 100).join("\n")}\n${report.violation ?? "no promise broken"}\nstate ${report.stateHash}\n`);
  return report.violation === undefined ? 0 : 1;
}

function spreadPorts(seeds: number) {
  return {
    processes: systemProcesses(),
    clock: systemClock(),
    suite: openCipherSuite(),
    child: moduleBeside(import.meta.url, "../world/world-child"),
    jobs: availableParallelism(),
    onSeed: ({ seed, violation }: { readonly seed: string; readonly violation: string | undefined }, done: number) => {
      if (violation !== undefined) process.stderr.write(`${seed}: ${violation}\n`);
      if (done % 20 === 0) process.stderr.write(`${done} of ${seeds} seeds\n`);
    },
  };
}

async function world(options: WorldOptions, values: OptionValues): Promise<number> {
  const quiet = values["json"] === true;
  const report = await runWorld(spreadPorts(options.seeds), options);
  process.stdout.write(quiet ? `${JSON.stringify(report)}\n` : `${summary(report)}\n`);
  return report.violations === 0 ? 0 : 1;
}

function misused(message: string): number {
  process.stderr.write(`${message}\n`);
  return 2;
}

export const worldCommand: Command = {
  name: "world",
  summary: "lives through seeds of a simulated town and checks the seven promises after every event",
  options: {
    seeds: { type: "string", summary: "how many seeds", default: "20" },
    scenario: {
      type: "string",
      summary: "town: sales at a till; counter: orders of a pharmacy; gate: two lanes and a till; acquirer: a counter with a bank",
      default: "town",
    },
    taps: { type: "string", summary: "town and gate: taps per seed", default: "100" },
    payments: { type: "string", summary: "acquirer: acts at the counter per seed", default: "100" },
    orders: { type: "string", summary: "counter: orders per seed", default: "100" },
    "tear-percent": { type: "string", summary: `taps that are torn, of a hundred; left out: ${TEAR_PERCENT}, at gates ${GATE_TEAR_PERCENT}` },
    "double-percent": { type: "string", summary: "gate: taps that are followed by another of the same card, of a hundred", default: "1" },
    name: { type: "string", summary: "what the seeds are called", default: "seed" },
    first: { type: "string", summary: "number of the first seed", default: "0" },
    plant: { type: "string", summary: `plants a bug: ${[...Object.keys(ALL_GATE_BUGS), ...Object.keys(COUNTER_BUGS), ...Object.keys(BANK_BUGS)].join(", ")}` },
    trace: { type: "boolean", summary: "replays the first seed alone and prints what happened" },
    json: { type: "boolean", summary: "one JSON object instead of a summary" },
  },
  run: async (values) => {
    if (values["scenario"] === "counter") {
      const options = readCounterOptions(values);
      return typeof options === "string" ? misused(options) : counterWorld(options, values);
    }
    if (values["scenario"] === "gate") {
      const options = readGateOptions(values);
      return typeof options === "string" ? misused(options) : gateWorld(options, values);
    }
    if (values["scenario"] === "acquirer") {
      const options = readAcquirerOptions(values);
      return typeof options === "string" ? misused(options) : acquirerWorld(options, values);
    }
    if (values["scenario"] !== "town") return misused("--scenario is town, counter, gate or acquirer");
    const options = readOptions(values);
    if (typeof options === "string") return misused(options);
    return values["trace"] === true ? trace(options) : world(options, values);
  },
};
