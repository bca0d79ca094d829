/* What is told of an order that goes on while it is asked for: the same in every answer, and nothing that was so before. */
import type { LightMyRequestResponse } from "fastify";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { fen } from "../../base/fen.ts";
import { systemClock } from "../../system/clock.ts";
import type { Basket, Credential } from "../client/index.ts";
import { createApi } from "./server.ts";
import { basketOf, type FakeService, fakeService, TEST_PASSWORD, testConfig, testParts, testToken } from "./testing.ts";
import type { OrderWire } from "./wire.ts";

const RESIDENT = { kind: "resident-id", number: "11010119900101001X", name: "Somebody" } as const;
const SOLD = { operator: "cashier", amount: fen(1_000) } as const;
const PARTLY = { answer: "tender", tender: "cash", amountFen: 50 } as const;
const WHOLLY = { answer: "tender", tender: "cash", amountFen: 200 } as const;

let service: FakeService;
let served: ReturnType<typeof createApi>;
let session: string;
/** Lets the insurer go on, for good. */
let goOn: () => void;

async function ask(method: "GET" | "POST" | "PUT", path: string, body?: object): Promise<LightMyRequestResponse> {
  const headers = { host: "127.0.0.1:7420", authorization: `Bearer ${testToken("pos1")}`, ...(session === "" ? {} : { "operator-session": session }) };
  return served.app.inject({ method, url: `/v1/${path}`, headers, ...(body === undefined ? {} : { payload: body }) });
}

beforeEach(async () => {
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  service = fakeService(() => gate);
  const config = await testConfig(["pos1"], { port: 7420 });
  served = createApi(testParts(config, { service, clock: systemClock(), randomness: new SeededRandomness("standing") }));
  session = "";
  session = (await ask("POST", "operators/sign-in", { operator: "chief", password: TEST_PASSWORD })).json<{ session: string }>().session;
});
afterEach(async () => {
  goOn();
  await served.close();
});

const put = (number: string, more: Partial<Basket> = {}) => ask("PUT", `orders/${number}?waitMs=0`, basketOf({ confirms: false, ...more }));
const get = (number: string) => ask("GET", `orders/${number}`);
const errorOf = (answer: LightMyRequestResponse) => `${answer.statusCode} ${answer.json<{ error: string }>().error}`;

/** PUT and GET of one moment, which are one answer. */
async function bothOf(number: string): Promise<OrderWire> {
  const [placed, looked] = [await put(number), await get(number)];
  expect([placed.statusCode, looked.statusCode]).toEqual([202, 202]);
  expect(placed.json<unknown>()).toEqual(looked.json<unknown>());
  return placed.json<OrderWire>();
}

describe("an order under way is told as it is known now", () => {
  it("before anything is settled: nothing is to be paid yet", async () => {
    expect(await bothOf("s-1")).toMatchObject({ state: "open", underWay: true, restFen: 0, tenders: [] });
  });

  it("settled and half paid: with its figures and its tenders", async () => {
    goOn();
    const { question, ...settled } = await bothOf("s-2");
    expect(settled).toMatchObject({ settlementId: "S1", figures: { totalFen: 1_000, cashFen: 200 }, tenders: [], restFen: 200 });
    await ask("POST", "orders/s-2/answers", { question: question?.id, ...PARTLY });
    expect(await bothOf("s-2")).toMatchObject({ tenders: [{ tender: "cash", amountFen: 50, state: "paid" }], restFen: 150, question: { restFen: 150 } });
  });

  it.each(["PUT", "GET"] as const)("ended while the journal was asked, %s tells its end", async (method) => {
    goOn();
    const { question } = await bothOf("s-3");
    const earlier = await service.orders.query({ client: "pos1", orderNumber: "s-3" });
    const query = vi.spyOn(service.orders, "query").mockImplementationOnce(async () => {
      await ask("POST", "orders/s-3/answers", { question: question?.id, ...WHOLLY });
      return earlier;
    });
    const told = await (method === "PUT" ? put("s-3") : get("s-3"));
    query.mockRestore();
    expect([told.statusCode, told.json<unknown>()]).toMatchObject([200, { state: "done", underWay: false, restFen: 0 }]);
  });
});

describe("an order of which nobody knows how it ended", () => {
  it("is not given up, and nobody is sent to give it back", async () => {
    const name = { client: "pos1", orderNumber: "u-1" };
    service.orders.putUndecided(name, SOLD);
    const answer = await ask("POST", "orders/u-1/cancel");
    expect(errorOf(answer)).toBe("409 order-undecided");
    expect(answer.json<unknown>()).toMatchObject({ message: { en: expect.stringMatching(/not decided/), zh: expect.stringMatching(/尚未确定/) } });
    expect(answer.json<unknown>()).toMatchObject({ problems: ["reason: settlement-unknown"] });
    expect(service.orders.calls).toEqual([]);
    expect(await service.orders.query(name)).toMatchObject({ state: "unknown" });
  });
});

describe("a later settlement under way", () => {
  const settleLater = (credential?: Credential) => ask("POST", "orders/o-1/settle-later?waitMs=0", credential === undefined ? {} : { credential });
  beforeEach(() => service.orders.putOffline({ client: "pos1", orderNumber: "o-1" }, SOLD));

  it("is joined by the same credential, whatever the order of its members", async () => {
    const { kind, number, name } = RESIDENT;
    const answers = [await settleLater(RESIDENT), await settleLater({ name, number, kind })];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([202, 202]);
    expect(service.orders.calls).toEqual(["settle-later pos1.o-1 by chief"]);
  });

  it.each([{ kind: "card" }, { ...RESIDENT, number: "110101199001010028" }, undefined] as const)("is not joined by another credential: %o", async (other) => {
    expect((await settleLater(RESIDENT)).statusCode).toBe(202);
    expect(errorOf(await settleLater(other))).toBe("409 order-open");
    expect(service.orders.calls).toHaveLength(1);
    goOn();
    expect((await ask("GET", "orders/o-1?waitMs=60000")).json<unknown>()).toMatchObject({ state: "done", offline: { settledLater: true } });
  });
});

describe("the last comparison", () => {
  it("before anything was compared says so", async () => {
    service.reconciliation.latest = undefined;
    const answer = await ask("GET", "reconciliation/last");
    expect([errorOf(answer), answer.json<unknown>()]).toEqual(["404 nothing-compared", expect.objectContaining({ problems: [] })]);
  });
});
