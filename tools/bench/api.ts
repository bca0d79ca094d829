/*
 * Fifty counters at once over the local API on a real loopback port. The counters live in a process of their own; what stands behind the API is
 * a parameter: here a service that answers at once, so that the figures are the API's own. {@link measureCounters} takes any other.
 */
import { fork } from "node:child_process";
import { type Api, openApi } from "../../device/api/http/server.ts";
import type { ApiService } from "../../device/api/http/service.ts";
import { fakeService, TEST_PASSWORD, testConfig, testToken } from "../../device/api/http/testing.ts";
import { SILENT } from "../../device/base/log.ts";
import { systemClock } from "../../device/system/clock.ts";
import { moduleBeside } from "../../device/system/modules.ts";
import { systemRandomness } from "../../device/system/randomness.ts";
import type { LoadPlan, LoadResult } from "./api-protocol.ts";
import { type Bench, type BenchContext, type BenchRow, median, percentile, rounded } from "./bench.ts";

const COUNTERS = 50;
const ORDERS_PER_COUNTER = 20;
const WARM_UP = 4;
const E_CODE = "e-code-of-the-bench";

const ITEM = { nationalCode: "XA01", ownCode: "1", name: "Tablets", quantity: "1", unitPrice: "10.00", amountFen: 1_000, traceExempt: "not-a-drug" } as const;

export interface CounterLoad {
  readonly service: ApiService;
  readonly counters: number;
  readonly ordersPerCounter: number;
  readonly warmUp: number;
  /** E-codes need no reader: any number of counters may sell at once. */
  readonly credentialOf: (counter: number) => LoadPlan["counters"][number]["credential"];
  readonly basket?: LoadPlan["basket"];
}

export interface CounterFigures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly ordersPerSecond: number;
  readonly states: LoadResult["states"];
}

/** Serves `service` to so many counters and measures what they see. Fails when an order does not end as "done". */
export async function measureCounters(load: CounterLoad): Promise<CounterFigures> {
  const clients = Array.from({ length: load.counters }, (_, at) => `bench-${at}`);
  const config = await testConfig(clients, { bounds: { requestsPerSecond: 10_000, requestBurst: 10_000 } });
  const onDefect = (error: unknown) => {
    throw error;
  };
  const api = await openApi({ config, service: load.service, clock: systemClock(), randomness: systemRandomness(), log: SILENT, onDefect });
  try {
    const { latenciesMs, tookMs, states } = await sold(planOf(load, api, clients));
    if (states["done"] !== latenciesMs.length) throw new Error(`not every order was done, so the figures would mean nothing: ${JSON.stringify(states)}`);
    return { p50Ms: median(latenciesMs), p99Ms: percentile(latenciesMs, 0.99), ordersPerSecond: (latenciesMs.length * 1_000) / tookMs, states };
  } finally {
    await api.close();
  }
}

function planOf(load: CounterLoad, api: Api, clients: readonly string[]): LoadPlan {
  const { ordersPerCounter, warmUp, credentialOf } = load;
  const counters = clients.map((client, at) => ({ token: testToken(client), operator: "cashier", password: TEST_PASSWORD, credential: credentialOf(at) }));
  const basket = load.basket ?? { amountFen: ITEM.amountFen, items: [ITEM], tenders: ["cash"], prints: false };
  return { url: api.url, counters, ordersPerCounter, warmUp, basket };
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

async function run({ scale, say }: BenchContext): Promise<readonly BenchRow[]> {
  const ordersPerCounter = ORDERS_PER_COUNTER * scale;
  const credentialOf = () => ({ kind: "e-code", code: E_CODE }) as const;
  const figures = await measureCounters({ service: fakeService(), counters: COUNTERS, ordersPerCounter, warmUp: WARM_UP, credentialOf });
  say(`api: ${COUNTERS * ordersPerCounter} orders`);
  const note = `${COUNTERS} counters in another process, ${ordersPerCounter} orders each: basket, stream of events, question, answer, result; the service behind answers at once`;
  return counterRows("api-50-counters", figures, note);
}

export const bench: Bench = { name: "api", run };
