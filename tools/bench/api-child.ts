/* The counters of the API benchmark: each sells one order after another, answers what it is asked at once, and looks whether it is its own. */
import { type Basket, CounterClient, type Given, type Order, type Question } from "../../device/api/client/index.ts";
import type { LoadPlan, LoadResult } from "./api-protocol.ts";

function answerTo(question: Question): Given {
  return question.ask === "tender" ? { answer: "tender", tender: "cash", amountFen: question.restFen } : { answer: "confirm" };
}

/** Whether a result is that of the basket which was sent under this number. */
function isOwn(order: Order, { number, basket }: { readonly number: string; readonly basket: Basket }): boolean {
  const { figures } = order;
  return order.orderNumber === number && order.amountFen === basket.amountFen && figures?.totalFen === basket.amountFen && order.settlementId !== undefined;
}

class Counters {
  readonly latenciesMs: number[] = [];
  readonly states: Record<string, number> = {};
  readonly strange: string[] = [];
  readonly settlementIds: string[] = [];
  readonly #plan: LoadPlan;
  #clients: readonly CounterClient[] = [];

  constructor(plan: LoadPlan) {
    this.#plan = plan;
  }

  async signIn(): Promise<void> {
    const { counters, url } = this.#plan;
    this.#clients = await Promise.all(
      counters.map(async ({ token, operator, password }) => {
        const client = new CounterClient({ baseUrl: url, token });
        await client.signIn(operator, password);
        return client;
      }),
    );
  }

  /** All counters at once, each one order after another. The same numbers at every counter: the client alone tells them apart. */
  async sell(range: { readonly from: number; readonly to?: number }, counts: boolean): Promise<void> {
    await Promise.all(
      this.#clients.map(async (client, counter) => {
        for (const [at, basket] of (this.#plan.counters[counter]?.baskets ?? []).slice(range.from, range.to).entries()) {
          const tookMs = await this.#sellOne(client, { counter, number: `n${range.from + at}`, basket });
          if (counts) this.latenciesMs.push(tookMs);
        }
      }),
    );
  }

  async #sellOne(client: CounterClient, sale: { readonly counter: number; readonly number: string; readonly basket: Basket }): Promise<number> {
    const { counter, number, basket } = sale;
    const look = (told: string, totalFen: number) => {
      if (totalFen !== basket.amountFen) this.strange.push(`counter ${counter}, ${number}: ${told} of ${totalFen} fen`);
    };
    const beganMs = performance.now();
    const order = await client.settle(number, basket, {
      onEvent: (event) => "figures" in event && look(event.is, event.figures.totalFen),
      onQuestion: (question) => {
        if ("figures" in question) look(question.ask, question.figures.totalFen);
        return answerTo(question);
      },
    });
    const tookMs = performance.now() - beganMs;
    if (order.state === "done" && !isOwn(order, sale)) this.strange.push(`counter ${counter}, ${number}: the result of ${order.orderNumber}`);
    const end = order.state === "done" ? "done" : `${order.state} ${order.reason ?? ""}`.trim();
    this.states[end] = (this.states[end] ?? 0) + 1;
    if (order.settlementId !== undefined) this.settlementIds.push(order.settlementId);
    return tookMs;
  }
}

async function sellAll(plan: LoadPlan): Promise<LoadResult> {
  const counters = new Counters(plan);
  await counters.signIn();
  await counters.sell({ from: 0, to: plan.warmUp }, false);
  const beganMs = performance.now();
  await counters.sell({ from: plan.warmUp }, true);
  const tookMs = performance.now() - beganMs;
  const { latenciesMs, states, strange, settlementIds } = counters;
  return { latenciesMs, states, strange, settlementIds, tookMs };
}

process.on("disconnect", () => process.exit(0));
process.on("message", (message) => {
  // The parent is the benchmark itself.
  void sellAll(message as LoadPlan).then((result) => process.send?.(result));
});
