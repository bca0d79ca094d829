/*
 * Fifty counters at once over the local API on a real loopback port. The counters live in a process of their own; what stands behind the API is
 * a parameter: here a service that answers at once, so that the figures are the API's own. {@link measureCounters} takes any other.
 */
import { fork } from "node:child_process";
import type { Basket } from "../../device/api/client/index.ts";
import { type Api, openApi } from "../../device/api/http/server.ts";
import { fakeService, TEST_PASSWORD, testConfig, testToken } from "../../device/api/http/testing.ts";
import { SILENT } from "../../device/base/log.ts";
import type { ApiConfig } from "../../device/config/api.ts";
import { systemClock } from "../../device/system/clock.ts";
import { moduleBeside } from "../../device/system/modules.ts";
import { systemRandomness } from "../../device/system/randomness.ts";
import type { LoadPlan, LoadResult } from "./api-protocol.ts";
import { type Bench, type BenchContext, type BenchRow, median, percentile, rounded } from "./bench.ts";

export const COUNTERS = 50;
const ORDERS_PER_COUNTER = 20;
const WARM_UP = 4;
const E_CODE = "e-code-of-the-bench";

const ITEM = { nationalCode: "XA01", ownCode: "1", name: "Tablets", quantity: "1", traceExempt: "not-a-drug" } as const;

export interface CounterLoad {
  /** Serves whatever is measured, by this configuration; closed afterwards. */
  readonly open: (config: ApiConfig) => Promise<Api>;
  readonly counters: number;
  readonly ordersPerCounter: number;
  /** Orders of each counter before the time counts. */
  readonly warmUp: number;
  /** E-codes need no reader: any number of counters may sell at once. Orders count from the first of the warm-up. */
  readonly basketOf: (counter: number, order: number) => Basket;
}

export interface CounterFigures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly ordersPerSecond: number;
  readonly settlementIds: readonly string[];
}

/** Serves so many counters and measures what they see. Fails when an order does not end as "done", or a counter is told of what is not its own. */
export async function measureCounters(load: CounterLoad): Promise<CounterFigures> {
  const clients = Array.from({ length: load.counters }, (_, at) => `bench-${at}`);
  const config = await testConfig(clients, { bounds: { requestsPerSecond: 10_000, requestBurst: 10_000 } });
  const api = await load.open(config);
  try {
    const { latenciesMs, tookMs, states, strange, settlementIds } = await sold(planOf(load, api, clients));
    const orders = load.counters * (load.warmUp + load.ordersPerCounter);
    if (states["done"] !== orders) throw new Error(`not every order was done, so the figures would mean nothing: ${JSON.stringify(states)}`);
    if (strange.length > 0) throw new Error(`counters were told of others: ${strange.slice(0, 3).join("; ")}`);
    if (new Set(settlementIds).size !== orders) throw new Error("two orders have the same settlement");
    return { p50Ms: median(latenciesMs), p99Ms: percentile(latenciesMs, 0.99), ordersPerSecond: (latenciesMs.length * 1_000) / tookMs, settlementIds };
  } finally {
    await api.close();
  }
}

/** A basket of one line whose amount tells whose it is. */
export function benchBasket(sale: { readonly counter: number; readonly order: number; readonly eCode: string; readonly nationalCode?: string }): Basket {
  const { counter, order, eCode, nationalCode = ITEM.nationalCode } = sale;
  const amountFen = amountOf(counter);
  const item = { ...ITEM, nationalCode, unitPrice: (amountFen / 100).toFixed(2), amountFen };
  return { credential: { kind: "e-code", code: eCode }, amountFen, items: [item], invoiceNumber: `INV-${counter}-${order}`, prints: false };
}

/** No two counters sell for the same amount. */
export function amountOf(counter: number): number {
  return 1_000 + counter * 5;
}

function planOf({ counters, warmUp, ordersPerCounter, basketOf }: CounterLoad, api: Api, clients: readonly string[]): LoadPlan {
  const baskets = (counter: number) => Array.from({ length: warmUp + ordersPerCounter }, (_, order) => basketOf(counter, order));
  const planned = clients.map((client, at) => ({ token: testToken(client), operator: "cashier", password: TEST_PASSWORD, baskets: baskets(at) }));
  if (planned.length !== counters) throw new Error("each counter has a client of its own");
  return { url: api.url, counters: planned, warmUp };
}

function sold(plan: LoadPlan): Promise<LoadResult> {
  const child = fork(moduleBeside(import.meta.url, "./api-child"), { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
  return new Promise<LoadResult>((resolve, reject) => {
    // The child is ours and says one thing.
    child.once("message", (result) => resolve(result as LoadResult));
    child.once("exit", (code) => reject(new Error(`the counters ended with ${code}`)));
    child.send(plan);
  }).finally(() => child.disconnect());
}

/** Two rows of the table for one measurement: `name` stands in front of both. */
export function counterRows(name: string, figures: CounterFigures, note: string): readonly BenchRow[] {
  const { p50Ms, p99Ms, ordersPerSecond } = figures;
  const common = { baseline: null, ratio: null, budget: null, met: null };
  return [
    { ...common, name: `${name}-p99`, value: rounded(p99Ms), unit: "ms", note: `p50 ${rounded(p50Ms)} ms; ${note}` },
    { ...common, name: `${name}-orders`, value: rounded(ordersPerSecond), unit: "1/s", note },
  ];
}

function openFake(config: ApiConfig): Promise<Api> {
  const onDefect = (error: unknown) => {
    throw error;
  };
  return openApi({ config, service: fakeService(), clock: systemClock(), randomness: systemRandomness(), log: SILENT, onDefect });
}

async function run({ scale, say }: BenchContext): Promise<readonly BenchRow[]> {
  const ordersPerCounter = ORDERS_PER_COUNTER * scale;
  const basketOf = (counter: number, order: number) => benchBasket({ counter, order, eCode: E_CODE });
  const figures = await measureCounters({ open: openFake, counters: COUNTERS, ordersPerCounter, warmUp: WARM_UP, basketOf });
  say(`api: ${COUNTERS * ordersPerCounter} orders`);
  const note = `${COUNTERS} counters in another process, ${ordersPerCounter} orders each: basket, stream of events, question, answer, result; the service behind answers at once`;
  return counterRows("api-50-counters", figures, note);
}

export const bench: Bench = { name: "api", run };
