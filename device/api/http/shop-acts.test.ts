/* What the routes of the shop and of the lanes do for whom, through the same doors as over a network, without one. */
import type { InjectOptions, LightMyRequestResponse } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { fen } from "../../base/fen.ts";
import { createApi } from "./server.ts";
import type { ApiService } from "./service.ts";
import { putSale } from "./shop-testing.ts";
import { type FakeService, fakeService, TEST_PASSWORD, testConfig, testParts, testToken } from "./testing.ts";

type Operator = "cashier" | "pharmacist" | "chief" | "engineer";
type Asked = Pick<InjectOptions, "method" | "url"> & { readonly body?: object; readonly client?: string; readonly headers?: Record<string, string> };

const REFUND_LIMIT_FEN = 500;

let service: FakeService;
let served: ReturnType<typeof createApi>;
let sessions: Map<string, string>;

async function serve(around: ApiService): Promise<void> {
  const config = await testConfig(["pos1", "pos2"], { port: 7420, refundLimitFen: REFUND_LIMIT_FEN, bounds: { eventsPerOrder: 16, streamsPerClient: 1 } });
  served = createApi(testParts(config, { service: around, clock: new VirtualClock(1_000), randomness: new SeededRandomness("shop") }));
  sessions = new Map();
}

beforeEach(async () => {
  service = fakeService();
  await serve(service);
});
afterEach(() => served.close());

async function sessionOf(client: string, operator: Operator): Promise<string> {
  const key = `${client}/${operator}`;
  const known = sessions.get(key);
  if (known !== undefined) return known;
  const payload = { operator, password: TEST_PASSWORD };
  const headers = { host: "127.0.0.1:7420", authorization: `Bearer ${testToken(client)}` };
  const { session } = (await served.app.inject({ method: "POST", url: "/v1/operators/sign-in", headers, payload })).json<{ session: string }>();
  sessions.set(key, session);
  return session;
}

async function ask({ body, client = "pos1", headers, ...asked }: Asked, operator: Operator = "cashier"): Promise<LightMyRequestResponse> {
  const own = { host: "127.0.0.1:7420", authorization: `Bearer ${testToken(client)}`, "operator-session": await sessionOf(client, operator), ...headers };
  return served.app.inject({ ...asked, headers: own, ...(body === undefined ? {} : { payload: body }) });
}

const post = (url: string, body: object = {}, client = "pos1"): Asked => ({ method: "POST", url, body, client });

async function told(asked: Asked, operator?: Operator): Promise<unknown> {
  const answer = await ask(asked, operator);
  expect([answer.statusCode, answer.body]).toEqual([200, expect.any(String)]);
  return answer.json<unknown>();
}

async function refused(asked: Asked, operator?: Operator): Promise<string> {
  const answer = await ask(asked, operator);
  return `${answer.statusCode} ${answer.json<{ error: string }>().error}`;
}

describe("a sale", () => {
  const sale = post("/v1/quick-payments", { saleNumber: "q-1", purse: "e-purse", amountFen: 450, prints: true });

  it("that is paid prints its slip, where one is asked for", async () => {
    putSale(service.shop, "pos1.q-1.q1", 450);
    expect(await told(sale)).toMatchObject({ kind: "paid", balanceAfterFen: 9_000, slip: { printed: true } });
    expect(await told(post("/v1/quick-payments", { saleNumber: "q-1", purse: "e-purse", amountFen: 450 }))).not.toHaveProperty("slip");
    expect(service.shop.calls).toEqual(["original of sale pos1.q-1.q1"]);
  });

  it("that is not paid prints none", async () => {
    expect(await told(sale)).not.toHaveProperty("slip");
    expect(service.shop.calls).toEqual([]);
  });

  it("whose slip fails is paid all the same, and the slip comes later as a copy", async () => {
    putSale(service.shop, "pos1.q-1.q1", 450);
    service.shop.slip = "printer-paper-end";
    expect(await told(sale)).toMatchObject({ kind: "paid", slip: { printed: false, reason: "printer-paper-end", says: { zh: "打印机缺纸。" } } });
    service.shop.slip = "printed";
    expect(await told(post("/v1/quick-payments/q-1/slip"), "pharmacist")).toEqual({ printed: true });
    expect(service.shop.calls).toEqual(["copy of sale pos1.q-1.q1 by pharmacist"]);
  });

  it("of another client or of nobody has no slip; one at the keypad has its own number", async () => {
    putSale(service.shop, "pos1.q-1.q1", 450);
    putSale(service.shop, "till.3.7", 450);
    expect(await refused(post("/v1/quick-payments/q-1/slip", {}, "pos2"))).toBe("404 sale-unknown");
    expect(await told(post("/v1/quick-payments/till.3.7/slip"))).toEqual({ printed: true });
    expect(await refused(post("/v1/quick-payments/till.3/slip"))).toBe("400 request-invalid");
  });
});

describe("an amount that is held", () => {
  const place = { record: { sfi: 21, recordId: "2701" }, place: "00090001", industry: 9, city: "9901", acquirer: "0000000000000009" };
  const hold = (amountFen: number) => post("/v1/pre-authorizations", { saleNumber: "q-1", amountFen });
  const complete = (body: object) => post("/v1/completions", { saleNumber: "q-1", ...body });

  beforeEach(async () => {
    await served.close();
    await serve({ ...service, holds: { place, amountMax: fen(2_000) } });
    putSale(service.shop, "pos1.q-1.h1", 0);
    putSale(service.shop, "pos1.q-1.q1", 700);
  });

  it("is told beside nothing that was taken, and completed under the number of its sale, whose slip it is", async () => {
    expect(await told(hold(1_000))).toMatchObject({ saleNumber: "q-1", kind: "paid", amountFen: 0, heldFen: 1_000 });
    const done = await told(complete({ amountFen: 700, prints: true }));
    expect(done).toMatchObject({ saleNumber: "q-1", kind: "paid", amountFen: 700, slip: { printed: true } });
    expect(done).not.toHaveProperty("heldFen");
    expect(service.shop.calls).toEqual(["original of sale pos1.q-1.q1"]);
  });

  it("is let go without a slip", async () => {
    expect(await told(complete({ amountFen: 0, prints: true }))).not.toHaveProperty("slip");
  });

  it("is not begun above what a sale may come to, and never of nothing", async () => {
    expect(await told(hold(2_001))).toMatchObject({ kind: "refused", reason: "amount-limit", says: { zh: expect.any(String) } });
    expect(await refused(hold(0))).toBe("400 request-invalid");
  });

  it("is for whoever sells, and for nobody else", async () => {
    for (const asked of [hold(1), complete({ amountFen: 1 })]) {
      expect(await refused(asked, "pharmacist")).toBe("403 not-allowed");
      expect(await refused(asked, "engineer")).toBe("403 not-allowed");
      expect(await told(asked, "chief")).toMatchObject({ kind: "paid" });
    }
  });

  it("is offered where the terminal is told where it stands", async () => {
    await served.close();
    await serve(service);
    expect([await refused(hold(1)), await refused(complete({ amountFen: 1 }))]).toEqual(["501 not-offered", "501 not-offered"]);
  });
});

describe("a refund", () => {
  const give = (refundNumber: string, more: object = {}): Asked => post("/v1/quick-payments/q-1/refunds", { refundNumber, ...more });
  beforeEach(() => putSale(service.shop, "pos1.q-1.q1", 1_000));

  it("gives parts back, then what is left, and is told again without being given again", async () => {
    expect(await told(give("r-1", { amountFen: 300 }))).toMatchObject({
      saleNumber: "q-1",
      refundNumber: "r-1",
      kind: "refunded",
      amountFen: 300,
      leftFen: 700,
    });
    expect(await told(give("r-1", { amountFen: 300 }))).toMatchObject({ kind: "refunded", amountFen: 300 });
    expect(await told(give("r-2"), "chief")).toMatchObject({ kind: "refunded", amountFen: 700, leftFen: 0 });
    expect(await told(give("r-3"), "chief")).toMatchObject({ kind: "refused", reason: "nothing-left", says: { zh: "该交易已全部退款。" } });
    expect(service.shop.calls).toEqual(["refund 300 of pos1.q-1.q1 by cashier", "refund 700 of pos1.q-1.q1 by chief"]);
  });

  it("needs a supervisor by what is really given back, also where no amount is named", async () => {
    expect(await refused(give("r-1"))).toBe("403 supervisor-needed");
    expect(await refused(give("r-1", { amountFen: REFUND_LIMIT_FEN + 1 }))).toBe("403 supervisor-needed");
    expect(await refused(give("r-1", { amountFen: 1 }), "pharmacist")).toBe("403 not-allowed");
    expect(await told(give("r-1", { amountFen: REFUND_LIMIT_FEN }))).toMatchObject({ kind: "refunded", leftFen: 500 });
    // What is left is within the limit now.
    expect(await told(give("r-2"))).toMatchObject({ kind: "refunded", amountFen: 500, leftFen: 0 });
  });

  it("is refused for a sale that is not there, and under a number that is another's", async () => {
    putSale(service.shop, "pos1.q-2.q1", 100);
    await ask(give("r-1", { amountFen: 300 }));
    expect(await refused(post("/v1/quick-payments/q-2/refunds", { refundNumber: "r-1" }))).toBe("409 refund-conflict");
    expect(await refused(post("/v1/quick-payments/q-9/refunds", { refundNumber: "r-9" }))).toBe("404 sale-unknown");
    expect(await refused({ ...give("r-9"), client: "pos2" })).toBe("404 sale-unknown");
  });

  it("of a lane's fare is a supervisor's, whatever the amount, and never more than it was", async () => {
    const fare = (body: object) => post("/v1/quick-payments/gate.north-1.exit.3.7/refunds", body);
    putSale(service.shop, "gate.north-1.exit.3.7", 300);
    expect(await refused(fare({ refundNumber: "r-1", amountFen: 1 }))).toBe("403 supervisor-needed");
    expect(await told(fare({ refundNumber: "r-1", amountFen: 301 }), "chief")).toMatchObject({ kind: "refused", reason: "refund-too-large", leftFen: 300 });
    expect(await told(fare({ refundNumber: "r-2" }), "chief")).toMatchObject({ kind: "refunded", amountFen: 300, leftFen: 0 });
    expect(await refused(post("/v1/quick-payments/gate.north-1.both.3.7/refunds", { refundNumber: "r-1" }), "chief")).toBe("400 request-invalid");
    expect(service.shop.calls).toEqual(["refund 300 of gate.north-1.exit.3.7 by chief"]);
  });

  it("prints its slip once, and again as a copy", async () => {
    expect(await told(give("r-1", { amountFen: 300, prints: true }))).toMatchObject({ slip: { printed: true } });
    expect(await told(post("/v1/refunds/r-1/slip"))).toEqual({ printed: true });
    expect(await told(post("/v1/refunds/r-9/slip"))).toMatchObject({ printed: false, reason: "receipt-unknown" });
    expect(service.shop.calls.slice(1)).toEqual(["original of refund pos1.r-1", "copy of refund pos1.r-1 by cashier"]);
  });
});

describe("a shift", () => {
  it("is told, ended once, printed, and told again", async () => {
    const money = { taken: [{ what: "e-purse", count: 2, sumFen: 900 }], given: [], drawerFen: -100, open: { count: 0, sumFen: 0 } };
    expect(await told({ method: "GET", url: "/v1/shifts/current" })).toEqual({ shift: 1, fromSeq: 1, throughSeq: 9, ...money });
    expect(await told(post("/v1/shifts/1/end", { prints: true }))).toMatchObject({ shift: 1, ...money, operator: "cashier", slip: { printed: true } });
    expect(await told(post("/v1/shifts/1/end"))).toMatchObject({ shift: 1 });
    expect(await told(post("/v1/shifts/1/slip"))).toEqual({ printed: true });
    expect(await told(post("/v1/shifts/2/slip"))).toMatchObject({ printed: false, reason: "receipt-unknown" });
    const wrong = await ask(post("/v1/shifts/7/end"));
    expect([wrong.statusCode, wrong.json<unknown>()]).toMatchObject([409, { error: "shift-not-current", problems: ["shift: the current one is 2"] }]);
    expect(service.shop.calls).toEqual(["end shift 1 by cashier", "original of shift 1", "copy of shift 1 by cashier"]);
  });

  it.each(["0", "01", "x", "1234567890"])("%s is none", async (shift) => expect(await refused(post(`/v1/shifts/${shift}/end`))).toBe("400 request-invalid"));
});

describe("the lanes", () => {
  it("are told, opened, released and taken back, each with who did it", async () => {
    expect(await told({ method: "GET", url: "/v1/gates" }, "engineer")).toMatchObject({ lanes: [{ name: "in", state: "serving", taps: 3 }, { name: "out" }] });
    expect(await told(post("/v1/gates/in/open"))).toEqual({ lane: "in", opened: true });
    expect(await refused(post("/v1/gates/attic/open"))).toBe("404 lane-unknown");
    expect(await refused(post("/v1/gates/in/open"), "engineer")).toBe("403 not-allowed");
    expect(await told(post("/v1/gates/release", { why: "fire" }), "pharmacist")).toMatchObject({ lanes: [{ state: "released" }, { state: "released" }] });
    expect(await told(post("/v1/gates/in/open"))).toEqual({ lane: "in", opened: false });
    expect(await refused(post("/v1/gates/serve"), "pharmacist")).toBe("403 not-allowed");
    expect(await told(post("/v1/gates/serve"), "chief")).toMatchObject({ lanes: [{ state: "serving" }, { state: "serving" }] });
    expect(service.gates.calls).toEqual(["open in by cashier", "release for fire by pharmacist", "open in by cashier", "serve"]);
  });

  it("that are not there are not offered", async () => {
    await served.close();
    const { gates: _gates, ...without } = service;
    await serve(without);
    const asked: readonly Asked[] = [
      { method: "GET", url: "/v1/gates" },
      { method: "GET", url: "/v1/gates/events" },
      post("/v1/gates/in/open"),
      post("/v1/gates/release"),
      post("/v1/gates/serve"),
    ];
    for (const each of asked) expect(await refused(each, "chief")).toBe("501 not-offered");
  });
});

describe("the stream of the lanes", () => {
  /** What a reader has got when the API closes. */
  async function streamed(tell: () => Promise<void> | void, headers: Record<string, string> = {}): Promise<readonly { id?: string; data: unknown }[]> {
    await sessionOf("pos1", "engineer");
    const reading = ask({ method: "GET", url: "/v1/gates/events", headers }, "engineer");
    await new Promise((resolve) => setImmediate(resolve));
    await tell();
    await served.close();
    return framesOf((await reading).body);
  }

  function framesOf(body: string): readonly { id?: string; data: unknown }[] {
    return body
      .split("\n\n")
      .filter((frame) => frame.includes("data: "))
      .map((frame) => {
        const line = (name: string) =>
          frame
            .split("\n")
            .find((each) => each.startsWith(`${name}: `))
            ?.slice(name.length + 2);
        const id = line("id");
        return { ...(id === undefined ? {} : { id }), data: JSON.parse(line("data") ?? "") as unknown };
      });
  }

  it("tells prompts, taps, passages and alarms with their words, and no balance", async () => {
    const { gates } = service;
    const told = await streamed(() => {
      gates.tell("in", { is: "prompt", prompt: { what: "go", fare: fen(200), balanceAfter: fen(9_800) } });
      gates.tell("in", { is: "tap", outcome: "refused", reason: "pass-back" });
      gates.tell("out", { is: "passage", passage: "passed" });
      gates.tell("out", { is: "alarm", why: "fire" });
    });
    expect(told.map(({ data }) => data)).toMatchObject([
      { type: "event", lane: "in", atMs: 1_000, event: { is: "prompt", what: "go", fareFen: 200 } },
      { lane: "in", event: { is: "tap", outcome: "refused", reason: "pass-back", says: { zh: "该卡刚刚使用过，请勿重复刷卡。" } } },
      { lane: "out", event: { is: "passage", passage: "passed" } },
      { lane: "out", event: { is: "alarm", why: "fire" } },
    ]);
    expect(JSON.stringify(told)).not.toMatch(/9800|balance/);
  });

  it("keeps so many and no more, and says when some are gone", async () => {
    for (let passed = 0; passed < 40; passed += 1) service.gates.tell("in", { is: "passage", passage: "passed" });
    const told = await streamed(() => undefined);
    expect(told[0]).toEqual({ data: { type: "gap" } });
    expect(told).toHaveLength(17);
    expect(told.at(-1)?.id).toMatch(/-40$/);
  });

  it("goes on behind the last that was seen", async () => {
    const tell = () => {
      for (let passed = 0; passed < 3; passed += 1) service.gates.tell("in", { is: "passage", passage: "passed" });
    };
    const [first, second, third] = await streamed(tell);
    // The same seed: the same names of events.
    await serve(service);
    tell();
    const again = await streamed(() => undefined, { "last-event-id": first?.id ?? "" });
    expect(again).toEqual([second, third]);
  });

  it("has a bounded number of readers, and stops listening when the API closes", async () => {
    await sessionOf("pos1", "chief");
    expect(service.gates.listeners.size).toBe(1);
    const first = ask({ method: "GET", url: "/v1/gates/events" }, "chief");
    await new Promise((resolve) => setImmediate(resolve));
    expect(await refused({ method: "GET", url: "/v1/gates/events" }, "chief")).toBe("429 too-many-streams");
    await served.close();
    await first;
    expect(service.gates.listeners.size).toBe(0);
  });

  it("is for whoever is signed in", async () => {
    const headers = { host: "127.0.0.1:7420", authorization: `Bearer ${testToken("pos1")}` };
    expect((await served.app.inject({ method: "GET", url: "/v1/gates/events", headers })).statusCode).toBe(401);
  });
});
