/* What each route does for whom, through the same doors as over a network, without one. */
import type { InjectOptions, LightMyRequestResponse } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { fen } from "../../base/fen.ts";
import { API_ROLES } from "../../config/api.ts";
import { ROUTES } from "./openapi.ts";
import { may } from "./roles.ts";
import { createApi } from "./server.ts";
import { basketOf, type FakeService, fakeService, PARKED, TEST_PASSWORD, testConfig, testParts, testToken } from "./testing.ts";

const HOST = "127.0.0.1:7420";
const NAMES = { cashier: "cashier", pharmacist: "pharmacist", supervisor: "chief", engineer: "engineer" } as const;
type Operator = (typeof NAMES)[keyof typeof NAMES];

let service: FakeService;
let served: ReturnType<typeof createApi>;
const sessions = new Map<string, string>();

type Asked = Pick<InjectOptions, "method" | "url"> & { readonly body?: unknown; readonly headers?: Record<string, string>; readonly client?: string };

async function ask({ body, headers, client = "pos1", ...asked }: Asked, operator?: Operator): Promise<LightMyRequestResponse> {
  const session = operator === undefined ? undefined : sessions.get(`${client}/${operator}`);
  const own = { host: HOST, authorization: `Bearer ${testToken(client)}`, ...(session === undefined ? {} : { "operator-session": session }), ...headers };
  return served.app.inject({ ...asked, headers: own, ...(body === undefined ? {} : { payload: body as object }) });
}

async function errorOf(asked: Asked, operator?: Operator): Promise<string> {
  const answer = await ask(asked, operator);
  const body = answer.json<{ error: string; message: object; problems: string[] }>();
  expect(Object.keys(body).sort()).toEqual(["error", "message", "problems"]);
  return `${answer.statusCode} ${body.error}`;
}

beforeAll(async () => {
  service = fakeService();
  const config = await testConfig(["pos1", "pos2"], { port: 7420, bounds: { requestsPerSecond: 10_000, requestBurst: 10_000 } });
  served = createApi(testParts(config, { service, clock: new VirtualClock(0), randomness: new SeededRandomness("api") }));
  for (const client of ["pos1", "pos2"]) {
    for (const operator of Object.values(NAMES)) {
      const answer = await ask({ method: "POST", url: "/v1/operators/sign-in", client, body: { operator, password: TEST_PASSWORD } });
      sessions.set(`${client}/${operator}`, answer.json<{ session: string }>().session);
    }
  }
});
afterAll(() => served.close());

const order = (number: string, more: object = {}): Asked => ({
  method: "PUT",
  url: `/v1/orders/${number}`,
  body: basketOf({ confirms: false, tenders: ["e-purse"], ...more }),
});

describe("an order", () => {
  it("is settled once, however often it is sent", async () => {
    const answers = [await ask(order("a-1"), "cashier"), await ask(order("a-1"), "cashier"), await ask(order("a-1"), "pharmacist")];
    expect(answers.map((answer) => answer.statusCode)).toEqual([200, 200, 200]);
    expect(new Set(answers.map((answer) => answer.body)).size).toBe(1);
    expect(answers[0]?.json()).toMatchObject({ orderNumber: "a-1", state: "done", underWay: false, operator: "cashier", restFen: 0 });
    expect(service.orders.settlements.filter((name) => name === "pos1.a-1")).toHaveLength(1);
  });

  it("of the same number and another basket is a conflict", async () => {
    await ask(order("a-2"), "cashier");
    expect(await errorOf(order("a-2", { medicalType: "14" }), "cashier")).toBe("409 order-conflict");
  });

  it("of another client is another order", async () => {
    await ask(order("a-3"), "cashier");
    expect(await errorOf({ method: "GET", url: "/v1/orders/a-3", client: "pos2" }, "cashier")).toBe("404 order-unknown");
    expect((await ask({ ...order("a-3", { medicalType: "14" }), client: "pos2" }, "cashier")).statusCode).toBe(200);
  });

  it("is given back once, by whom the amount allows", async () => {
    await ask(order("v-1"), "cashier");
    await ask({ ...order("v-2"), body: basketOf({ confirms: false, tenders: ["e-purse"] }, 100_001) }, "cashier");
    const give = (number: string): Asked => ({ method: "POST", url: `/v1/orders/${number}/void` });
    expect(await errorOf(give("v-1"), "pharmacist")).toBe("403 not-allowed");
    expect((await ask(give("v-1"), "cashier")).json()).toMatchObject({ state: "void" });
    expect((await ask(give("v-1"), "cashier")).json()).toMatchObject({ state: "void", reason: "already-void", says: { zh: "该订单已撤销。" } });
    expect(await errorOf(give("v-2"), "cashier")).toBe("403 supervisor-needed");
    expect((await ask(give("v-2"), "chief")).json()).toMatchObject({ state: "void" });
    expect(await errorOf(give("none"), "chief")).toBe("404 order-unknown");
  });

  it("comes back in part: the whole is voided, the rest is a new order that names it", async () => {
    await ask(order("r-1"), "cashier");
    const asked: Asked = {
      method: "POST",
      url: "/v1/orders/r-1/return",
      body: { newOrderNumber: "r-1b", basket: basketOf({ confirms: false, tenders: ["cash"] }, 500) },
    };
    const first = await ask(asked, "cashier");
    expect(first.json()).toMatchObject({ given: { state: "void" }, kept: { state: "done", orderNumber: "r-1b", replaces: "r-1", amountFen: 500 } });
    expect((await ask(asked, "cashier")).json()).toMatchObject({
      kept: { state: "done", settlementId: first.json<{ kept: { settlementId: string } }>().kept.settlementId },
    });
  });

  it("that is returned under another order's number stays as it is", async () => {
    await ask(order("r-2"), "cashier");
    await ask(order("r-3"), "cashier");
    const into = (newOrderNumber: string): Asked => ({
      method: "POST",
      url: "/v1/orders/r-2/return",
      body: { newOrderNumber, basket: basketOf({ confirms: false, tenders: ["cash"] }, 500) },
    });
    expect(await errorOf(into("r-3"), "cashier")).toBe("409 order-conflict");
    expect(await errorOf(into("r-2"), "cashier")).toBe("422 return-same-number");
    expect((await ask({ method: "GET", url: "/v1/orders/r-2" }, "cashier")).json()).toMatchObject({ state: "done" });
  });

  it("sold without the insurer is settled later, and its refund paid, by whom the amount allows", async () => {
    service.orders.putOffline({ client: "pos1", orderNumber: "o-1" }, { operator: "cashier", amount: fen(1_000) });
    const later = await ask({ method: "POST", url: "/v1/orders/o-1/settle-later", body: { credential: { kind: "card" } } }, "pharmacist");
    expect(later.json()).toMatchObject({ state: "done", offline: { settledLater: true, refundDueFen: 800 } });
    expect(await errorOf({ method: "POST", url: "/v1/orders/o-1/pay-refund" }, "cashier")).toBe("403 supervisor-needed");
    expect((await ask({ method: "POST", url: "/v1/orders/o-1/pay-refund" }, "chief")).json()).toMatchObject({ offline: { refundDueFen: 0 } });
  });

  it("that the insurer has taken back is given up by whom a void of its amount allows", async () => {
    service.orders.putTakenBack({ client: "pos1", orderNumber: "b-1" }, { operator: "cashier", amount: fen(1_000_000) });
    expect(await errorOf({ method: "POST", url: "/v1/orders/b-1/cancel" }, "cashier")).toBe("403 supervisor-needed");
    expect((await ask({ method: "POST", url: "/v1/orders/b-1/cancel" }, "chief")).statusCode).toBe(200);
  });

  it("takes an e-code of 50 characters, and none that the insurer's interface has no room for", async () => {
    const shown = (digits: number): Asked => ({
      method: "PUT",
      url: "/v1/orders/e-1",
      body: basketOf({ credential: { kind: "e-code", code: "4".repeat(digits) }, confirms: false, tenders: ["cash"] }, 500),
    });
    expect(await errorOf(shown(51), "cashier")).toBe("400 request-invalid");
    expect((await ask(shown(50), "cashier")).json()).toMatchObject({ state: "done" });
  });

  it("prints again what it has", async () => {
    await ask(order("p-1"), "cashier");
    expect((await ask({ method: "POST", url: "/v1/orders/p-1/reprint", body: { receipt: "sale" } }, "cashier")).json()).toEqual({ printed: true });
    expect(await errorOf({ method: "POST", url: "/v1/orders/p-1/reprint", body: { receipt: "void" } }, "cashier")).toBe("400 request-invalid");
  });

  it("names its operator in every act", () => {
    expect(service.calls().filter((call) => call.includes("v-2"))).toEqual(["place pos1.v-2 by cashier", "void pos1.v-2 by chief"]);
  });
});

describe("everything else", () => {
  it.each([
    ["GET", "/v1/status", undefined, { terminalId: "T1", linkUp: true, ordersUnderWay: 0 }],
    ["GET", "/v1/status", undefined, { exposure: { quickPayment: { count: 2, sumFen: 900 }, offlineMedical: { count: 1 }, offlineLeaseMs: 3_600_000 } }],
    [
      "GET",
      "/v1/uploads",
      undefined,
      { uploads: [{ subject: PARKED, client: "pos1", orderNumber: "u-1", act: "sale", rowsTaken: 0, rows: 2, message: "refused", parkedAtMs: 5 }] },
    ],
    [
      "GET",
      "/v1/offline",
      undefined,
      {
        sales: [
          {
            client: "pos1",
            orderNumber: "o-1",
            amountFen: 1_000,
            stage: "settlement-due",
            choice: "settle-later",
            figures: { final: false, totalFen: 1_000, fundFen: 800, cashFen: 200 },
            refundDueFen: 0,
          },
        ],
      },
    ],
    ["GET", "/v1/devices", undefined, { devices: { printer: { name: "printer", kind: "well" } } }],
    ["POST", "/v1/scan", {}, { is: "trace-code", code: "81234567890123456789" }],
    ["POST", "/v1/print", { slip: [{ kind: "text", text: "合计" }, { kind: "cut" }] }, { printed: true }],
    [
      "POST",
      "/v1/quick-payments",
      { saleNumber: "q-1", purse: "e-purse", amountFen: 450 },
      { saleNumber: "q-1", kind: "refused", reason: "insufficient-funds", says: { zh: "余额不足。" } },
    ],
    ["POST", "/v1/reconciliation/2026-11-20", {}, { day: "2026-11-20", state: "equal" }],
    ["GET", "/v1/reconciliation/last", undefined, { day: "2026-11-20" }],
    ["GET", "/v1/reconciliation/report.json?from=2026-11-01&to=2026-11-30", undefined, { from: "2026-11-01", days: [{ state: "equal" }] }],
  ] as const)("%s %s", async (method, url, body, told) => {
    const answer = await ask({ method, url, body }, "chief");
    expect([answer.statusCode, answer.json<unknown>()]).toMatchObject([200, told]);
  });

  it.each([
    ["html", "text/html", "对账"],
    ["csv", "text/csv", "\ufeffday,state"],
  ])("the report as %s", async (form, type, holds) => {
    const answer = await ask({ method: "GET", url: `/v1/reconciliation/report.${form}?from=2026-11-01&to=2026-11-30` }, "chief");
    expect(answer.headers["content-type"]).toContain(type);
    expect(answer.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(answer.body).toContain(holds);
  });

  it.each([
    ["POST", "/v1/reconciliation/2026-11-22", "409 day-not-closed"],
    ["GET", "/v1/reconciliation/report.json?from=2026-11-02&to=2026-11-01", "400 day-malformed"],
    ["GET", "/v1/nothing", "404 route-unknown"],
    ["GET", `/v1/orders/${"9".repeat(80)}`, "404 route-unknown"],
  ] as const)("%s %s: %s", async (method, url, told) => expect(await errorOf({ method, url }, "chief")).toBe(told));

  it("the document is served to clients", async () => expect((await ask({ method: "GET", url: "/openapi.json" })).json()).toMatchObject({ openapi: "3.1.0" }));
});

describe("a parked upload", () => {
  it.each([
    ["retry", "pharmacist", "waiting"],
    ["dismiss", "chief", "dismissed"],
  ] as const)("%s by the %s", async (act, operator, state) => {
    const answer = await ask({ method: "POST", url: `/v1/uploads/${PARKED}/${act}`, body: {} }, operator);
    expect([answer.statusCode, answer.json<unknown>()]).toEqual([200, { subject: PARKED, state }]);
    expect(service.calls().at(-1)).toBe(`${act} ${PARKED} by ${operator}`);
  });

  it.each([
    ["another subject", `${"0".repeat(32)}-8`, "409 upload-not-parked"],
    ["no subject", "anything", "400 request-invalid"],
  ])("%s", async (_, subject, told) => {
    for (const act of ["retry", "dismiss"]) expect(await errorOf({ method: "POST", url: `/v1/uploads/${subject}/${act}`, body: {} }, "chief")).toBe(told);
  });
});

describe("every route asks for its act", () => {
  const cases = ROUTES.flatMap(({ definition: { id, method, path, needs } }) => {
    const url = path
      .replaceAll("{subject}", `${"0".repeat(32)}-9`)
      .replaceAll("{orderNumber}", "none")
      .replaceAll("{day}", "2026-11-20")
      .replaceAll("{saleNumber}", "none")
      .replaceAll("{refundNumber}", "none")
      .replaceAll("{shift}", "9")
      .replaceAll("{lane}", "none");
    return needs === "client" || needs === "signed-in" ? [] : [[id, { method, url } as const, needs] as const];
  });
  it("of all but signing in and out", () => expect(cases).toHaveLength(ROUTES.length - 2));

  // The stream of the lanes has no end: shop-acts.test.ts asks for it.
  it.each(cases.filter(([id]) => id !== "gateEvents"))("%s", async (_, asked, act) => {
    expect(await errorOf(asked)).toBe("401 session-missing");
    for (const role of API_ROLES) {
      const { statusCode, body } = await ask(asked, NAMES[role]);
      expect([role, statusCode === 403 && body.includes("not-allowed")]).toEqual([role, !may(role, act)]);
    }
  });
});

describe("doors", () => {
  const status: Asked = { method: "GET", url: "/v1/status" };
  it.each([
    [{ origin: "http://127.0.0.1:7420" }, "403 origin-refused"],
    [{ origin: "null" }, "403 origin-refused"],
    [{ "sec-fetch-site": "cross-site" }, "403 origin-refused"],
    [{ "sec-fetch-site": "same-origin" }, "403 origin-refused"],
    [{ host: "pharmacy.example" }, "421 host-refused"],
    [{ host: "127.0.0.1:9999" }, "421 host-refused"],
    [{ host: "127.0.0.1.example:7420" }, "421 host-refused"],
    [{ host: "localhost@evil:7420" }, "421 host-refused"],
    [{ authorization: "" }, "401 client-unknown"],
    [{ authorization: "Bearer short" }, "401 client-unknown"],
    [{ authorization: `Basic ${testToken("pos1")}` }, "401 client-unknown"],
    [{ authorization: `Bearer ${testToken("pos3")}` }, "401 client-unknown"],
    [{ "operator-session": "0".repeat(64) }, "401 session-ended"],
  ])("%o: %s", async (headers, told) => expect(await errorOf({ ...status, headers }, "chief")).toBe(told));

  it.each([{ host: "localhost:7420" }, { host: "[::1]:7420" }, { "sec-fetch-site": "none" }, { "sec-fetch-mode": "cors" }])("%o is let in", async (headers) => {
    expect((await ask({ ...status, headers }, "chief")).statusCode).toBe(200);
  });

  it("a session is of no use to another client", async () => {
    const headers = { "operator-session": sessions.get("pos1/chief") ?? "" };
    expect(await errorOf({ ...status, client: "pos2", headers })).toBe("401 session-ended");
  });

  it("a session that was signed out has ended", async () => {
    const answer = await ask({ method: "POST", url: "/v1/operators/sign-in", body: { operator: "engineer", password: TEST_PASSWORD } });
    const headers = { "operator-session": answer.json<{ session: string }>().session };
    expect((await ask({ ...status, headers })).statusCode).toBe(200);
    expect((await ask({ method: "POST", url: "/v1/operators/sign-out", headers })).json()).toEqual({ done: true });
    expect(await errorOf({ ...status, headers })).toBe("401 session-ended");
  });

  it.each([
    ["text/plain", "{}", "415 content-type-refused"],
    ["application/x-www-form-urlencoded", "a=1", "415 content-type-refused"],
    ["application/json", "{", "400 not-json"],
    ["application/json", '{"__proto__":{"a":1}}', "400 not-json"],
    ["application/json", JSON.stringify({ slip: [{ kind: "text", text: "x".repeat(300_000) }] }), "413 body-too-large"],
  ])("%s %#: %s", async (type, payload, told) => {
    expect(await errorOf({ method: "POST", url: "/v1/print", body: payload, headers: { "content-type": type } }, "chief")).toBe(told);
  });
});
