/* The counters of the API benchmark: each sells one order after another and answers what it is asked at once. */
import { CounterClient } from "../../device/api/client/index.ts";
import type { LoadPlan, LoadResult } from "./api-protocol.ts";

async function sellAll(plan: LoadPlan): Promise<LoadResult> {
  const clients = await Promise.all(
    plan.counters.map(async ({ token, operator, password }) => {
      const client = new CounterClient({ baseUrl: plan.url, token });
      await client.signIn(operator, password);
      return client;
    }),
  );
  const latenciesMs: number[] = [];
  const states: Record<string, number> = {};
  const sell = async (client: CounterClient, counter: number, number: string) => {
    const credential = plan.counters[counter]?.credential ?? { kind: "card" };
    const beganMs = performance.now();
    const order = await client.settle(
      number,
      { ...plan.basket, credential, invoiceNumber: `INV-${counter}-${number}` },
      { onQuestion: (question) => (question.ask === "tender" ? { answer: "tender", tender: "cash", amountFen: question.restFen } : { answer: "confirm" }) },
    );
    return { state: order.state, tookMs: performance.now() - beganMs };
  };
  const round = (orders: number, name: string, count: boolean) =>
    Promise.all(
      clients.map(async (client, counter) => {
        for (let order = 0; order < orders; order += 1) {
          const { state, tookMs } = await sell(client, counter, `${name}-${order}`);
          if (!count) continue;
          latenciesMs.push(tookMs);
          states[state] = (states[state] ?? 0) + 1;
        }
      }),
    );
  await round(plan.warmUp, "warm", false);
  const beganMs = performance.now();
  await round(plan.ordersPerCounter, "sold", true);
  return { latenciesMs, states, tookMs: performance.now() - beganMs };
}

process.on("disconnect", () => process.exit(0));
process.on("message", (message) => {
  // The parent is the benchmark itself.
  void sellAll(message as LoadPlan).then((result) => process.send?.(result));
});
