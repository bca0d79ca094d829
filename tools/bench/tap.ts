/*
 * What a tap costs, flow by flow. Our own share is measured over the real PC/SC service. How long the card must stay is computed under virtual
 * time from what travels, with a typical card, a good reader and a slow disk, and compared with the physical floor of the very same commands.
 */
import { loadavg } from "node:os";
import { pcscdLaneObstacle } from "../../hw-tests/benches/pcscd.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { type Bench, type BenchContext, type BenchRow, median, percentile, rounded } from "./bench.ts";
import { type CodeTap, codeTaps } from "./tap-code.ts";
import { type FieldTap, FLUSH_MS, fieldTaps } from "./tap-field.ts";
import { TAP_FLOWS, TAP_SERIES, type TapFlow } from "./tap-flows.ts";
import { type HostTap, hostTaps, softwareTaps } from "./tap-host.ts";
import { timelineCostUs } from "./tap-timeline.ts";

const HOST_TAPS = 200;
const FIELD_TAPS = 60;
const HOST_SHARE_BUDGET_MS = 2;
const FLOOR_BUDGET = 3;
const FLOOR_GOAL = 2;
const WAIT_P99_BUDGET_MS = 10;
/** How long a card may have to stay. */
const FIELD_BUDGET_MS: Readonly<Record<TapFlow, number>> = { "e-purse": 150, "compound-entry": 200, "compound-exit": 200, cash: 300, "segment-fare": 300 };
/** The first rows were those of the e-purse, before there were others. */
const HOST_ROW: Readonly<Record<TapFlow, string>> = { ...rowNames("tap-host-share"), "e-purse": "tap-host-share" };
const FLOOR_ROW: Readonly<Record<TapFlow, string>> = { ...rowNames("tap-in-field-vs-floor"), "e-purse": "tap-in-field-vs-floor" };
const FIELD_ROW = rowNames("tap-in-field");
const CODE_ROW = rowNames("tap-own-code");
const SOFTWARE_ROW = rowNames("tap-host-share-vs-software");
const WAIT_ROW = rowNames("tap-journal-wait");

function rowNames(stem: string): Readonly<Record<TapFlow, string>> {
  const name = (flow: TapFlow) => `${stem}-${flow}`;
  return {
    "e-purse": name("e-purse"),
    "compound-entry": name("compound-entry"),
    "compound-exit": name("compound-exit"),
    cash: name("cash"),
    "segment-fare": name("segment-fare"),
  };
}

/** p50 and p99 as people write them. */
function both(samples: readonly number[]): string {
  return `p50 ${rounded(median(samples))} ms, p99 ${rounded(percentile(samples, 0.99))} ms`;
}

function codeRow(flow: TapFlow, taps: readonly CodeTap[]): BenchRow {
  const ownMs = taps.map((tap) => tap.ownMs);
  const value = percentile(ownMs, 0.99);
  return {
    name: CODE_ROW[flow],
    value: rounded(value),
    unit: "ms",
    baseline: HOST_SHARE_BUDGET_MS,
    ratio: rounded(value / HOST_SHARE_BUDGET_MS),
    budget: `p99 <= ${HOST_SHARE_BUDGET_MS} ms`,
    met: value <= HOST_SHARE_BUDGET_MS,
    note: `${taps.length} taps with card and module in this process, their time taken away, journal in memory; ${both(ownMs)}`,
  };
}

function hostRow(flow: TapFlow, taps: readonly HostTap[], obstacle: string | undefined): BenchRow {
  const row = { name: HOST_ROW[flow], unit: "ms", baseline: HOST_SHARE_BUDGET_MS, budget: `p99 <= ${HOST_SHARE_BUDGET_MS} ms` };
  if (obstacle !== undefined) return { ...row, value: null, ratio: null, met: null, note: obstacle };
  const of = (value: (tap: HostTap) => number) => taps.map(value);
  const value = percentile(
    of(({ shareMs }) => shareMs),
    0.99,
  );
  const messages = of(({ messagesMs }) => messagesMs);
  return {
    ...row,
    value: rounded(value),
    ratio: rounded(value / HOST_SHARE_BUDGET_MS),
    met: value <= HOST_SHARE_BUDGET_MS,
    note:
      `${taps.length} taps of the whole flow, journal in memory, the simulator's own time taken away; ${both(of(({ shareMs }) => shareMs))}; ` +
      `as many bare messages to another process at the same moments: ${both(messages)}; between commands: ${both(of(({ times }) => times.host))}; ` +
      `arrival to powered dialogue, not in it: ${both(of(({ arrivalMs }) => arrivalMs))}; load of the machine ${rounded(loadavg()[0] ?? 0)}`,
  };
}

/** Our share beside what the PC/SC software alone takes, for a program in C with as many commands. */
function softwareRow(flow: TapFlow, taps: readonly HostTap[], floors: ReadonlyMap<number, readonly number[]>): BenchRow {
  const commands = commandsOf(taps);
  const floor = floors.get(commands);
  const row = { name: SOFTWARE_ROW[flow], unit: "ms", budget: null, met: null };
  if (floor === undefined) return { ...row, value: null, baseline: null, ratio: null, note: "no PC/SC service, C compiler or header here" };
  const shares = taps.map(({ shareMs }) => shareMs);
  const [value, baseline] = [median(shares), median(floor)];
  return {
    ...row,
    value: rounded(value),
    baseline: rounded(baseline),
    ratio: rounded(value / baseline),
    note: `p50; a C program that sends ${commands} commands through the same service, and does nothing else: ${both(floor)}`,
  };
}

function commandsOf(taps: readonly HostTap[]): number {
  return taps.length === 0 ? 0 : median(taps.map(({ commands }) => commands));
}

/** Field times of one flow with measured shares of ours, taken in turns. */
function fieldMs(taps: readonly FieldTap[], hosts: readonly HostTap[]): readonly number[] {
  return taps.map((tap, at) => tap.fieldMs + (hosts[at % Math.max(1, hosts.length)]?.shareMs ?? 0));
}

function fieldRows(flow: TapFlow, taps: readonly FieldTap[], hosts: readonly HostTap[]): readonly BenchRow[] {
  const inField = fieldMs(taps, hosts);
  const [p50, p99] = [median(inField), percentile(inField, 0.99)];
  const floor = median(taps.map((tap) => tap.floorMs));
  const waits = taps.map(({ waitMs }) => waitMs);
  const [wait50, wait99, cover] = [median(waits), percentile(waits, 0.99), median(taps.map(({ coverMs }) => coverMs))];
  const ours = hosts.length === 0 ? "without our own share, which could not be measured here" : "with measured shares of ours";
  const budgetMs = FIELD_BUDGET_MS[flow];
  const met = (is: boolean) => (hosts.length === 0 ? null : is);
  return [
    {
      name: FIELD_ROW[flow],
      value: rounded(p99),
      unit: "ms",
      baseline: budgetMs,
      ratio: rounded(p99 / budgetMs),
      budget: `p99 <= ${budgetMs} ms`,
      met: met(p99 <= budgetMs),
      note: `p50 ${rounded(p50)} ms; modelled: typical card, good reader, flush ${FLUSH_MS} ms, arrival at any moment between two looks of the reader; ${ours}; alone ${both(taps.map((tap) => tap.fieldMs))}`,
    },
    {
      name: FLOOR_ROW[flow],
      value: rounded(p50),
      unit: "ms",
      baseline: rounded(floor),
      ratio: rounded(p50 / floor),
      budget: `ratio <= ${FLOOR_BUDGET}`,
      met: met(p50 / floor <= FLOOR_BUDGET),
      note: `p50 of the same taps; p99 ${rounded(p99 / floor)} times the floor; goal ${FLOOR_GOAL}; floor: 848 kbit/s, fast chips, the module beside the card where its commands allow`,
    },
    {
      name: WAIT_ROW[flow],
      value: rounded(wait99),
      unit: "ms",
      baseline: rounded(cover),
      ratio: null,
      budget: `p50 0 ms, p99 <= ${WAIT_P99_BUDGET_MS} ms`,
      met: wait50 === 0 && wait99 <= WAIT_P99_BUDGET_MS,
      note: `p50 ${rounded(wait50)} ms that the card waits for the disk alone, flush ${FLUSH_MS} ms; baseline: what card and module do while the last entry before the debit becomes durable`,
    },
  ];
}

async function costRow(scale: number): Promise<BenchRow> {
  const value = await timelineCostUs(new VirtualClock(0), scale);
  return {
    name: "tap-timeline-cost",
    value: rounded(value),
    unit: "us",
    baseline: null,
    ratio: null,
    budget: null,
    met: null,
    note: "what keeping the timeline adds to one tap",
  };
}

async function run({ scale, say }: BenchContext): Promise<readonly BenchRow[]> {
  const obstacle = pcscdLaneObstacle();
  const hosts = obstacle === undefined ? await hostTaps(TAP_SERIES, HOST_TAPS * scale) : [];
  say(`tap: ${hosts.length} taps through the PC/SC service`);
  const codes = await codeTaps(TAP_SERIES, HOST_TAPS * scale);
  say(`tap: ${codes.length} taps in this process`);
  const ofFlow = (flow: TapFlow) => hosts.filter((tap) => tap.flow === flow);
  const floors =
    hosts.length === 0
      ? new Map()
      : await softwareTaps(
          TAP_FLOWS.map((flow) => commandsOf(ofFlow(flow))),
          HOST_TAPS,
        );
  const fields: FieldTap[] = [];
  for (const series of TAP_SERIES) fields.push(...(await fieldTaps(series, FIELD_TAPS * scale)));
  say(`tap: ${fields.length} taps under virtual time`);
  const rows = TAP_FLOWS.flatMap((flow) => {
    const [own, modelled] = [ofFlow(flow), fields.filter((tap) => tap.flow === flow)];
    const code = codes.filter((tap) => tap.flow === flow);
    return [codeRow(flow, code), hostRow(flow, own, obstacle), softwareRow(flow, own, floors), ...fieldRows(flow, modelled, own)];
  });
  return [...rows, await costRow(scale)];
}

export const bench: Bench = { name: "tap", run };
