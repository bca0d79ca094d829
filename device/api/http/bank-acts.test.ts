/* What the routes of bank cards, contributions and card services do for whom, through the same doors as over a network, without one. */
import type { InjectOptions, LightMyRequestResponse } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { fen } from "../../base/fen.ts";
import { createApi } from "./server.ts";
import type { ApiService } from "./service.ts";
import { type FakeService, fakeService, TEST_PASSWORD, testConfig, testParts, testToken } from "./testing.ts";

type Operator = "cashier" | "pharmacist" | "chief" | "engineer";
interface Asked {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly body?: object;
}

const LIMIT_FEN = 500;
const EQUAL = { kind: "equal", batch: "000001", terminal: { debits: 0, debitFen: fen(0), credits: 0, creditFen: fen(0) }, uploaded: 0 } as const;

let service: FakeService;
let served: ReturnType<typeof createApi>;
let sessions: Map<string, string>;

async function serve(around: ApiService): Promise<void> {
  const config = await testConfig(["pos1"], { port: 7420, voidLimitFen: LIMIT_FEN, refundLimitFen: LIMIT_FEN });
  served = createApi(testParts(config, { service: around, clock: new VirtualClock(1_000), randomness: new SeededRandomness("bank") }));
  sessions = new Map();
}

beforeEach(async () => {
  service = fakeService();
  await serve(service);
});
afterEach(() => served.close());

const HEADERS = { host: "127.0.0.1:7420", authorization: `Bearer ${testToken("pos1")}` };

async function sessionOf(operator: Operator): Promise<string> {
  const known = sessions.get(operator);
  if (known !== undefined) return known;
  const payload = { operator, password: TEST_PASSWORD };
  const { session } = (await served.app.inject({ method: "POST", url: "/v1/operators/sign-in", headers: HEADERS, payload })).json<{ session: string }>();
  sessions.set(operator, session);
  return session;
}

async function ask({ body, ...asked }: Asked, operator: Operator): Promise<LightMyRequestResponse> {
  const sent: InjectOptions = { ...asked, headers: { ...HEADERS, "operator-session": await sessionOf(operator) } };
  return served.app.inject({ ...sent, ...(body === undefined ? {} : { payload: body }) });
}

const post = (url: string, body: object = {}): Asked => ({ method: "POST", url, body });
const get = (url: string): Asked => ({ method: "GET", url });

async function told(asked: Asked, operator: Operator = "cashier"): Promise<unknown> {
  const answer = await ask(asked, operator);
  expect([answer.statusCode, answer.body]).toEqual([200, expect.any(String)]);
  return answer.json<unknown>();
}

async function refused(asked: Asked, operator: Operator = "cashier"): Promise<string> {
  const answer = await ask(asked, operator);
  return `${answer.statusCode} ${answer.json<{ error: string }>().error}`;
}

const sale = (paymentNumber: string, amountFen = 1_000): Asked => post("/v1/bank/payments", { paymentNumber, amountFen });
const taken = (returnNumber: string, more: object = {}): Asked => post("/v1/bank/returns", { returnNumber, business: "void", paymentNumber: "p-1", ...more });

describe("a payment on a bank account", () => {
  it("is done once by its number, and told again", async () => {
    const approved = { number: "p-1", kind: "approved", amountFen: 1_000, retrievalReference: "123456789012" };
    expect(await told(sale("p-1"))).toMatchObject(approved);
    expect(await told(sale("p-1"))).toMatchObject(approved);
    expect(await told(get("/v1/bank/payments/p-1"))).toMatchObject(approved);
    expect(await refused(get("/v1/bank/payments/p-9"))).toBe("404 act-unknown");
    expect(service.bank.calls).toEqual(["sale 1000 as pos1.p-1.b1 by cashier"]);
  });

  it("tells a refusal with the acquirer's code and words, and what is not known as it is", async () => {
    service.bank.next = { kind: "refused", reason: "insufficient-funds", responseCode: "51" };
    expect(await told(sale("p-1"))).toMatchObject({ kind: "refused", reason: "insufficient-funds", responseCode: "51", says: { zh: "余额不足。" } });
    service.bank.next = { kind: "unknown", reason: "timeout" };
    expect(await told(sale("p-2"))).toMatchObject({ kind: "unknown", reason: "timeout" });
    expect(await told(post("/v1/bank/payments", { paymentNumber: "w-1", business: "withdrawal", amountFen: 5_000 }))).toMatchObject({ kind: "approved" });
    expect(service.bank.calls.at(-1)).toBe("withdrawal 5000 as pos1.w-1.b1 by cashier");
  });

  it("is the cashier's and not the pharmacist's", async () => {
    expect(await refused(sale("p-1"), "pharmacist")).toBe("403 not-allowed");
    expect(await refused(post("/v1/bank/balance"), "engineer")).toBe("403 not-allowed");
    expect(await told(post("/v1/bank/balance"))).toEqual({ kind: "balance", availableFen: 123_456 });
  });
});

describe("what goes back of it", () => {
  beforeEach(() => told(sale("p-1")));

  it("needs a supervisor above the limit, by the whole where no amount is named", async () => {
    expect(await refused(taken("r-1"))).toBe("403 supervisor-needed");
    expect(await refused(taken("r-1", { business: "refund" }))).toBe("403 supervisor-needed");
    expect(await told(taken("r-1", { business: "refund", amountFen: LIMIT_FEN }))).toMatchObject({ number: "r-1", kind: "approved", amountFen: 500 });
    expect(await told(taken("r-2"), "chief")).toMatchObject({ kind: "approved" });
    expect(await told(get("/v1/bank/returns/r-2"))).toMatchObject({ number: "r-2", kind: "approved" });
    expect(service.bank.calls.slice(1)).toEqual(["refund 500 of pos1.p-1.b1 as pos1.r-1.r1 by cashier", "void all of pos1.p-1.b1 as pos1.r-2.r1 by chief"]);
  });

  it("is no void of a part", async () => {
    expect(await refused(taken("r-1", { amountFen: 5 }), "chief")).toMatch(/^400 /);
    expect(service.bank.calls).toHaveLength(1);
  });

  it("is refused for a payment that is not there", async () => {
    expect(await refused(taken("r-1", { paymentNumber: "p-9" }), "chief")).toBe("404 act-unknown");
    expect(service.bank.calls).toHaveLength(1);
  });
});

describe("session, batch, loads and downloads", () => {
  it("are told as they end", async () => {
    expect(await told(post("/v1/bank/sign-in"), "engineer")).toEqual({ kind: "signed-in", batch: "000001" });
    expect(await told(post("/v1/bank/sign-off"))).toMatchObject({ kind: "refused", reason: "host-absent", says: { zh: "主机无响应。" } });
    const load = { loadNumber: "l-1", purse: "e-purse", amountFen: 700 };
    expect(await told(post("/v1/bank/loads", load))).toMatchObject({ loadNumber: "l-1", kind: "loaded", amountFen: 700, balanceAfterFen: 9_000 });
    expect(await told(post("/v1/bank/settlement"))).toEqual({
      kind: "equal",
      batch: "000001",
      terminal: { debits: 2, debitFen: 3_000, credits: 0, creditFen: 0 },
      uploaded: 0,
    });
    expect(await told(post("/v1/bank/downloads", { what: "ca-keys" }), "engineer")).toEqual({ kind: "taken", what: "ca-keys", entries: 4 });
    expect(await refused(post("/v1/bank/downloads", { what: "ca-keys" }))).toBe("403 not-allowed");
    expect(await told(get("/v1/bank/parked"))).toMatchObject({ items: [{ what: "reversal", amountFen: 1_200, tries: 3 }] });
  });

  it("leave a settlement that never ends to whoever may say what became of it", async () => {
    service.bank.settlement = { ...EQUAL, kind: "dealt-with" };
    const word = (batch: string): Asked => post("/v1/bank/settlement/dealt-with", { batch, note: "by telephone" });
    expect(await refused(word("000001"))).toBe("403 not-allowed");
    expect(await told(word("000001"), "chief")).toMatchObject({ kind: "dealt-with", batch: "000001" });
    service.bank.settlement = { kind: "refused", reason: "settlement-not-half-done" };
    expect(await told(word("000002"), "chief")).toMatchObject({ kind: "refused", reason: "settlement-not-half-done" });
    expect(await refused(word("1"), "chief")).toMatch(/^400 /);
    expect(service.bank.calls).toEqual(["1", "2"].map((end) => `batch 00000${end} dealt with, by telephone, by chief`));
  });

  it("leave what is parked to whoever may say what became of it", async () => {
    const at = (end: string) => `/v1/bank/parked/${"0".repeat(32)}-${end}`;
    const dealtWith = { act: "dealt-with", stands: false, note: "asked by telephone" };
    expect(await refused(post(at("8"), dealtWith))).toBe("403 not-allowed");
    expect(await refused(post(at("8"), dealtWith), "engineer")).toBe("403 not-allowed");
    expect(await told(post(at("8"), dealtWith), "chief")).toEqual({ subject: at("8").split("/").at(-1), state: "settled" });
    expect(await told(post(at("8"), { act: "try-again" }), "chief")).toMatchObject({ state: "settled" });
    expect(await refused(post(at("9"), { act: "try-again" }), "chief")).toBe("409 case-not-parked");
    expect(await refused(post(at("8"), { act: "dismiss" }), "chief")).toBe("422 act-unfitting");
    const standing = { act: "dealt-with", stands: true, retrievalReference: "12345678901a" };
    expect(await told(post(at("8"), standing), "chief")).toMatchObject({ state: "settled" });
    const references = ["", "12345678901", "12345678901-", "1234567890123"].map((retrievalReference) => ({ ...standing, retrievalReference }));
    const misplaced = [
      { ...standing, stands: false },
      { act: "try-again", retrievalReference: "12345678901a" },
    ];
    for (const wrong of [{}, { act: "dealt-with" }, { act: "dismiss", stands: true }, { act: "try-again", note: "" }, ...references, ...misplaced])
      expect(await refused(post(at("8"), wrong), "chief")).toMatch(/^400 /);
    expect(service.bank.calls).toEqual([
      "dealt-with, stands: false, asked by telephone, by chief",
      "try-again, no note, by chief",
      "dealt-with, stands: true as 12345678901a, no note, by chief",
    ]);
  });

  it("name what was refused", async () => {
    const sums = { debits: 2, debitFen: fen(3_000), credits: 0, creditFen: fen(0) };
    const refusedRows = [{ stan: "000017", amount: fen(1_200), responseCode: "30" }];
    const differs = { uploaded: 2, differing: ["domestic"], acquirer: { ...sums, debits: 1 } } as const;
    service.bank.settlement = { kind: "unequal", batch: "000001", terminal: sums, ...differs, refusedRows };
    expect(await told(post("/v1/bank/settlement"))).toEqual({
      ...{ kind: "unequal", batch: "000001", terminal: sums, ...differs },
      refusedRows: [{ stan: "000017", amountFen: 1_200, responseCode: "30" }],
    });
    service.bank.settlement = { kind: "refused", reason: "host-absent" };
    expect(await told(post("/v1/bank/settlement"))).toMatchObject({ kind: "refused", reason: "host-absent" });
    service.bank.nextLoad = { kind: "unknown", reason: "card-removed" };
    expect(await told(post("/v1/bank/loads", { loadNumber: "l-2", purse: "electronic-cash", amountFen: 1 }))).toMatchObject({ kind: "unknown" });
  });
});

describe("contributions and benefits", () => {
  const pay = (contributionNumber: string): Asked => post("/v1/contributions", { contributionNumber, billId: "B-1", amountFen: 38_000 });

  it("are asked for, paid once and told again", async () => {
    expect(await told(post("/v1/contributions/bills"))).toMatchObject({ kind: "bills", bills: [{ billId: "B-1", amountFen: 38_000 }] });
    expect(await told(pay("c-1"))).toMatchObject({ contributionNumber: "c-1", kind: "confirmed", receiptNumber: "R-1" });
    expect(await told(pay("c-1"))).toMatchObject({ kind: "confirmed" });
    expect(await told(get("/v1/contributions/c-1"))).toMatchObject({ kind: "confirmed", amountFen: 38_000 });
    expect(await refused(get("/v1/contributions/c-9"))).toBe("404 act-unknown");
    expect(await told(post("/v1/benefits"))).toMatchObject({ kind: "benefits", entitlements: [{ kind: "pension" }] });
    expect(service.contributions.calls).toEqual(["bills by cashier", "pay 38000 of B-1 as pos1.c-1.c1 by cashier", "benefits by cashier"]);
  });

  it("are printed again as a copy, and a parked case is settled by whoever may", async () => {
    await told(pay("c-1"));
    expect(await told(post("/v1/contributions/c-1/slip"))).toEqual({ printed: true });
    expect(await refused(post("/v1/contributions/c-9/slip"))).toBe("404 act-unknown");
    const at = `/v1/contribution-cases/${"0".repeat(32)}-8`;
    expect(await refused(post(`${at}/returned`))).toBe("403 not-allowed");
    expect(await told(post(`${at}/try-again`), "chief")).toMatchObject({ state: "settled" });
    expect(await refused(post(`/v1/contribution-cases/${"0".repeat(32)}-9/returned`), "chief")).toBe("409 case-not-parked");
    expect(service.contributions.calls.at(-1)).toBe("try-again by chief");
    expect(await refused(post(`${at}/give-back`), "chief")).toBe("422 act-unfitting");
    expect(await refused(post(`${at}/confirmed`, { receiptNumber: "R-7" }))).toBe("403 not-allowed");
    expect(await refused(post(`${at}/confirmed`), "chief")).toMatch(/^400 /);
    expect(await told(post(`${at}/confirmed`, { receiptNumber: "R-7" }), "chief")).toMatchObject({ state: "settled" });
    expect(service.contributions.calls.at(-1)).toBe("confirmed with R-7 by chief");
  });

  it("tell what the agency refused, what went back and what is open", async () => {
    service.contributions.asked = { kind: "refused", reason: "not-insured", office: "agency" };
    expect(await told(post("/v1/contributions/bills"))).toEqual({ kind: "refused", reason: "not-insured", office: "agency" });
    service.contributions.next = { kind: "refunded", subject: "s", amount: fen(38_000), reason: "bill-paid-elsewhere" };
    expect(await told(pay("c-2"))).toMatchObject({ kind: "refunded", amountFen: 38_000 });
    service.contributions.next = { kind: "open-case", subject: "s", reason: "agency-unknown" };
    expect(await told(pay("c-3"))).toMatchObject({ kind: "open-case", reason: "agency-unknown" });
    expect(await told(get("/v1/contribution-cases"))).toMatchObject({ cases: [{ amountFen: 38_000, reason: "agency-unknown" }] });
  });
});

describe("a service of the card", () => {
  const PERSON = { name: "Somebody", identityNumber: "11010119900101001X", documentShown: "identity-card" };

  it("is done for whoever serves there, with its number where it has one", async () => {
    expect(await told(post("/v1/services", { service: "identify", withPin: true }), "pharmacist")).toEqual({ kind: "done", output: { verified: true } });
    expect(await told(post("/v1/services", { service: "activate", serviceNumber: "s-1" }))).toMatchObject({ kind: "done" });
    expect(service.services.calls).toEqual(["identify by pharmacist", "activate as pos1.s-1.v1 by cashier"]);
  });

  it.each(["activate", "reset-pin", "unlock-pin"])("%s brings the document that the operator was shown", async (name) => {
    expect(await told(post("/v1/services", { service: name, serviceNumber: "s-1", person: PERSON }), "chief")).toMatchObject({ kind: "done" });
    expect(service.services.calls).toEqual([`${name} as pos1.s-1.v1 with identity-card by chief`]);
  });

  it("says which document was shown, or that none was, and is not taken without a word of it", async () => {
    const loss = (person: object): Asked =>
      post("/v1/services", { service: "report-loss", serviceNumber: "s-2", loss: "temporary", cardNumber: "A00000001", person });
    expect(await told(loss({ ...PERSON, documentShown: "none" }))).toMatchObject({ kind: "done" });
    expect(service.services.calls).toEqual(["report-loss as pos1.s-2.v1 with none by cashier"]);
    const { documentShown: _shown, ...silent } = PERSON;
    for (const person of [silent, { ...PERSON, documentShown: true }, { ...PERSON, documentShown: "a letter" }])
      expect(await refused(loss(person))).toBe("400 request-invalid");
  });

  it("that changes more than a counter may needs the supervisor", async () => {
    const act = (name: string): Asked => post("/v1/services", { service: name, serviceNumber: "s-1" });
    for (const name of ["reset-pin", "unlock-pin", "block-application"]) {
      expect(await refused(act(name))).toBe("403 not-allowed");
      expect(await told(act(name), "chief")).toMatchObject({ kind: "done" });
    }
    const loss = post("/v1/services", { service: "report-loss", serviceNumber: "s-9", loss: "temporary", cardNumber: "A00000001", person: PERSON });
    expect(await refused(loss, "pharmacist")).toBe("403 not-allowed");
    expect(await told(loss)).toMatchObject({ kind: "done" });
  });

  it("that is refused says why and where to go, in the table's own words", async () => {
    const text = { zh: "请到银行办理。", en: "Please go to the bank." };
    service.services.next = { kind: "refused", reason: "not-here", office: "bank", text };
    expect(await told(post("/v1/services", { service: "other", row: 12 }))).toEqual({ kind: "refused", reason: "not-here", office: "bank", says: text });
    service.services.next = { kind: "unknown", reason: "card-removed" };
    expect(await told(post("/v1/services", { service: "change-pin" }))).toMatchObject({ kind: "unknown", says: { zh: expect.any(String) } });
    expect(await told(get("/v1/services"), "engineer")).toEqual({
      rows: [{ row: 1, name: { zh: "身份凭证", en: "Identity" }, answer: "works", how: "identify" }],
    });
  });
});

describe("a terminal without bank, agency or services", () => {
  it("offers none of them", async () => {
    await served.close();
    const { bank: _bank, contributions: _contributions, services: _services, ...without } = service;
    await serve(without);
    const asked = [
      ...["sign-in", "sign-off", "balance", "settlement"].map((act) => post(`/v1/bank/${act}`)),
      ...[sale("p-1"), taken("r-1"), get("/v1/bank/payments/p-1"), get("/v1/bank/parked"), post("/v1/bank/downloads", { what: "ca-keys" })],
      ...[post("/v1/contributions/bills"), get("/v1/contributions/c-1"), get("/v1/contribution-cases"), post("/v1/benefits"), get("/v1/services")],
      ...[post("/v1/contributions/c-1/slip"), post(`/v1/contribution-cases/${"0".repeat(32)}-8/try-again`)],
      post("/v1/bank/settlement/dealt-with", { batch: "000001" }),
      ...[post("/v1/services", { service: "read-basic" }), post(`/v1/bank/parked/${"0".repeat(32)}-8`, { act: "try-again" })],
    ];
    for (const each of asked) expect([each.url, await refused(each, "chief")]).toEqual([each.url, "501 not-offered"]);
  });
});

describe("a number under which money moved, and whose record has left the journal", () => {
  const spent = ["pos1.p-1.b1", "pos1.r-1.r1", "pos1.l-1.l1", "pos1.c-1.c1", "pos1.q-1.q1", "pos1.h-1.h1", "pos1.2026-1"];
  const basket = { credential: { kind: "card" }, amountFen: 1_000, invoiceNumber: "INV-1" };
  const item = { nationalCode: "XA01", ownCode: "1", name: "Tablets", quantity: "1", unitPrice: "10.00", amountFen: 1_000 };

  it("is said to be spent, with what it moved, and begins nothing; others begin", async () => {
    const asked: string[] = [];
    await serve({
      ...service,
      spentUnder: (reference) => {
        asked.push(reference);
        return Promise.resolve(spent.includes(reference) ? fen(1_234) : undefined);
      },
    });
    const quick = (saleNumber: string) => post("/v1/quick-payments", { saleNumber, purse: "e-purse", amountFen: 450 });
    const acts: readonly Asked[] = [
      sale("p-1"),
      get("/v1/bank/payments/p-1"),
      post("/v1/bank/loads", { loadNumber: "l-1", purse: "e-purse", amountFen: 5_000 }),
      quick("q-1"),
      { method: "PUT" as "POST", url: "/v1/orders/2026-1", body: { ...basket, items: [item] } },
      get("/v1/orders/2026-1"),
    ];
    const before = service.calls();
    for (const act of acts) expect([act.url, await refused(act)]).toEqual([act.url, "410 number-spent"]);
    expect((await ask(quick("q-1"), "cashier")).json()).toMatchObject({ problems: ["moved: 1234 fen"], message: { zh: expect.any(String) } });
    expect(service.calls()).toEqual(before);
    expect(asked).toContain("pos1.l-1.l1");
    expect(await told(sale("p-2"))).toMatchObject({ kind: "approved" });
    expect(service.calls().length).toBe(before.length + 1);
  });
});
