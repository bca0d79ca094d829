/*
 * Goal: a request with anything wrong in it is refused by a stable word and changes nothing.
 * Method: right requests of every route, with every member that they may have; a seed draws a member and what becomes of it. Each mutation is
 * wrong for the member it is made for; the terminal behind counts what it was asked.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { REFUSAL_WORDS } from "./errors.ts";
import { ROUTES } from "./openapi.ts";
import { createApi } from "./server.ts";
import { basketOf, type FakeService, fakeService, TEST_PASSWORD, testConfig, testParts, testToken } from "./testing.ts";

const REQUESTS = 10_000;
/** The bound of requests lets this many in while the clock stands. */
const REQUESTS_PER_CLIENT = 2_000;
const CLIENTS = Array.from({ length: 1 + REQUESTS / REQUESTS_PER_CLIENT }, (_, at) => `pos${at}`);

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
interface Right {
  readonly method: "PUT" | "POST";
  readonly url: string;
  readonly body: Json;
  /** Members that may be left out, by their names. */
  readonly optional: readonly string[];
}

const RESIDENT = { kind: "resident-id", number: "11010119900101001X", name: "Somebody" };
const FULL_ITEM = {
  nationalCode: "XA01",
  ownCode: "1",
  name: "Tablets",
  quantity: "1.5",
  unitPrice: "2.000001",
  amountFen: 300,
  traceCodes: [{ code: "81234567890123456789", splitPack: true }],
  traceExempt: "granules",
  prescriptionDrug: true,
  goods: { batchNumber: "B1", makerLot: "L1", madeOn: "2026-01-01", expiresOn: "2028-01-01", documentNumber: "D1" },
  extra: { memo: "text" },
};
const BASKET = {
  ...basketOf({}, 300),
  credential: RESIDENT,
  items: [FULL_ITEM],
  usesAccount: true,
  visit: "outpatient",
  medicalType: "41",
  disease: { code: "E11", name: "Diabetes" },
  clinic: { doctorCode: "D1", doctorName: "Doctor", departmentCode: "K1", departmentName: "Department", departmentCategory: "A01" },
  insuranceType: "310",
  prescription: { number: "R1", doctorCode: "D1", doctorName: "Doctor", pharmacistName: "Pharmacist", pharmacistLicence: "P1", circulated: false },
  tenders: ["e-purse", "cash"],
  confirms: true,
  prints: true,
} as unknown as Json;
const BASKET_OPTIONAL = [
  ...[
    "usesAccount",
    "visit",
    "medicalType",
    "disease",
    "clinic",
    "departmentCategory",
    "insuranceType",
    "prescription",
    "tenders",
    "confirms",
    "prints",
    "code",
  ],
  ...["traceCodes", "traceExempt", "prescriptionDrug", "goods", "extra", "splitPack", "batchNumber", "makerLot", "madeOn", "expiresOn", "documentNumber"],
  ...["memo", "0", "1"],
];
const SLIP: Json = [
  { kind: "text", text: "a", align: "left", bold: true, scale: 2 },
  { kind: "columns", left: "a", right: "b" },
  { kind: "feed", lines: 2 },
  { kind: "code", text: "a" },
];

const PATIENT = { timeoutMs: 2_000 };
const SUBJECT = `${"a".repeat(32)}-7`;
const PERSON = { name: "Somebody", identityNumber: "11010119900101001X", documentShown: "identity-card" };
const post = (url: string, body: Json, optional: readonly string[] = []): Right => ({ method: "POST", url, body, optional: ["timeoutMs", ...optional] });

const RIGHT: readonly Right[] = [
  { method: "POST", url: "/v1/operators/sign-in", body: { operator: "cashier", password: TEST_PASSWORD }, optional: [] },
  { method: "PUT", url: "/v1/orders/n-1?waitMs=100", body: BASKET, optional: BASKET_OPTIONAL },
  {
    method: "PUT",
    url: "/v1/orders/n-2",
    body: { ...(BASKET as object), credential: { kind: "e-code", code: "e-code-0123456789" } } as Json,
    optional: BASKET_OPTIONAL,
  },
  { method: "POST", url: "/v1/orders/n-1/answers", body: { question: "a-q1", answer: "tender", tender: "cash", amountFen: 5 }, optional: [] },
  { method: "POST", url: "/v1/orders/n-1/answers", body: { question: "a-q1", answer: "insurance", insuranceType: "310" }, optional: [] },
  { method: "POST", url: "/v1/orders/n-1/answers", body: { question: "a-q1", answer: "offline", choice: "settle-later" }, optional: [] },
  { method: "POST", url: "/v1/orders/n-1/reprint", body: { receipt: "sale" }, optional: [] },
  { method: "POST", url: "/v1/orders/n-1/settle-later", body: { credential: RESIDENT }, optional: ["credential"] },
  { method: "POST", url: "/v1/orders/n-1/return", body: { newOrderNumber: "n-3", basket: BASKET }, optional: BASKET_OPTIONAL },
  { method: "POST", url: "/v1/scan", body: { timeoutMs: 1_000 }, optional: ["timeoutMs"] },
  { method: "POST", url: "/v1/print", body: { slip: SLIP, timeoutMs: 1_000 }, optional: ["timeoutMs", "align", "bold", "scale", "0", "1", "2", "3"] },
  {
    method: "POST",
    url: "/v1/quick-payments",
    body: { saleNumber: "q", purse: "e-purse", amountFen: 1, timeoutMs: 1_000, prints: true },
    optional: ["timeoutMs", "prints"],
  },
  post("/v1/pre-authorizations", { saleNumber: "q", amountFen: 1, timeoutMs: 1_000 }, ["timeoutMs"]),
  post("/v1/completions", { saleNumber: "q", amountFen: 1, timeoutMs: 1_000, prints: true }, ["timeoutMs", "prints"]),
  { method: "POST", url: "/v1/quick-payments/s-1/refunds", body: { refundNumber: "r", amountFen: 1, prints: true }, optional: ["amountFen", "prints"] },
  { method: "POST", url: "/v1/shifts/1/end", body: { prints: true }, optional: ["prints"] },
  { method: "POST", url: "/v1/gates/release", body: { why: "fire" }, optional: ["why"] },
  {
    method: "POST",
    url: "/v1/quick-payments",
    body: { saleNumber: "q", purse: "compound", amountFen: 0, timeoutMs: 1_000, record: { file: 1, by: "number", record: 2, data: "00ff" } },
    optional: ["timeoutMs", "by"],
  },
  {
    method: "POST",
    url: "/v1/quick-payments",
    body: { saleNumber: "q", purse: "medical-purse", amountFen: 1, timeoutMs: 1_000, selfPayFen: 1, pooledFen: 2 },
    optional: ["timeoutMs"],
  },
  ...["sign-in", "sign-off", "balance", "settlement"].map((act) => post(`/v1/bank/${act}`, PATIENT)),
  post("/v1/bank/payments", { paymentNumber: "p", business: "sale", amountFen: 1, ...PATIENT }, ["business"]),
  post("/v1/bank/returns", { returnNumber: "r", business: "refund", paymentNumber: "p", amountFen: 1, ...PATIENT }, ["amountFen"]),
  post("/v1/bank/loads", { loadNumber: "l", purse: "e-purse", amountFen: 1, ...PATIENT }),
  post("/v1/bank/downloads", { what: "ca-keys", ...PATIENT }),
  post("/v1/bank/settlement/dealt-with", { batch: "000001", note: "n", ...PATIENT }, ["note"]),
  post(`/v1/bank/parked/${SUBJECT}`, { act: "dealt-with", stands: true, note: "n" }, ["note"]),
  post(`/v1/contribution-cases/${SUBJECT}/confirmed`, { receiptNumber: "R-1" }),
  post("/v1/contributions/bills", PATIENT),
  post("/v1/contributions", { contributionNumber: "c", billId: "B-1", amountFen: 1, ...PATIENT }),
  post("/v1/benefits", PATIENT),
  post("/v1/services", { service: "identify", withPin: true, challenge: "c-1", ...PATIENT }, ["withPin", "challenge"]),
  post("/v1/services", { service: "read-record", file: "DF02/EF06", withPin: true, ...PATIENT }, ["withPin"]),
  post("/v1/services", { service: "query", what: "status", withPin: true, ...PATIENT }, ["withPin"]),
  post("/v1/services", { service: "change-details", serviceNumber: "s", changes: { telephone: "0870-1", address: "a" }, ...PATIENT }, ["telephone", "address"]),
  post("/v1/services", { service: "report-loss", serviceNumber: "s", loss: "formal", cardNumber: "A00000001", person: PERSON, ...PATIENT }),
  post("/v1/services", { service: "other", row: 1, ...PATIENT }),
  post("/v1/reader-library", { function: "iReadCard", iType: 2, iAuthType: 1, cardInfo: "a", fileAddress: "b", data: "c", payInfo: "d", key: "e" }, [
    "iType",
    "iAuthType",
    "cardInfo",
    "fileAddress",
    "data",
    "payInfo",
    "key",
  ]),
];

type Place = readonly (string | number)[];

function placesOf(value: Json, at: Place = []): readonly Place[] {
  if (typeof value !== "object" || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([name, held]) => placesOf(held, [...at, Array.isArray(value) ? Number(name) : name]))];
}

const read = (value: Json, place: Place): Json => place.reduce<Json>((held, step) => (held as Record<string, Json>)[step] as Json, value);

/** What can become of a member so that it is wrong whatever it is. {@link GONE}: left out. */
const GONE = "\u0000gone";
const WRONGS: readonly ((held: Json, optional: boolean, name: string) => Json | undefined)[] = [
  (_held, optional) => (optional ? undefined : GONE),
  () => null,
  (held) => (Array.isArray(held) ? { 0: 1 } : [held]),
  (held) => (typeof held === "object" && held !== null && !Array.isArray(held) ? { ...held, surprise: {} } : { surprise: held }),
  (held) => (typeof held === "string" ? 7 : String(held)),
  (held) => (typeof held === "boolean" ? 0 : true),
  () => "x".repeat(5_000),
  (_held, _optional, name) => (name === "password" || name === "text" || name === "left" || name === "right" || name === "memo" ? undefined : "\u0001"),
  (_held, _optional, name) => (name === "memo" || name === "left" || name === "right" || name === "text" ? undefined : ""),
  () => -1,
  () => 1.5,
  () => 1e21,
  (held) => (Array.isArray(held) ? Array.from({ length: 600 }, () => held[0] ?? null) : undefined),
];

function mutated(right: Right, chance: SeededRandomness): { readonly url: string; readonly body: Json } | undefined {
  const places = placesOf(right.body);
  const place = chance.pick(places);
  const name = String(place.at(-1) ?? "");
  const wrong = chance.pick(WRONGS)(read(right.body, place), right.optional.includes(name) || place.length === 0, name);
  if (wrong === undefined) return undefined;
  if (place.length === 0) return { url: right.url, body: wrong };
  const body = structuredClone(right.body);
  const holder = read(body, place.slice(0, -1)) as Record<string, Json>;
  if (wrong === GONE) delete holder[name];
  else holder[name] = wrong;
  return { url: right.url, body };
}

const pathOf = (url: string): string =>
  url
    .replace(/\?.*/, "")
    .replace(/\/n-\d+/, "/{orderNumber}")
    .replace(/\/s-\d+/, "/{saleNumber}")
    .replace(SUBJECT, "{subject}")
    .replace("/shifts/1/", "/shifts/{shift}/");

let service: FakeService;
let served: ReturnType<typeof createApi>;
const sessions = new Map<string, string>();

async function send(
  client: string,
  asked: { readonly method: "PUT" | "POST" | "GET"; readonly url: string; readonly body?: Json },
  more: Record<string, string> = {},
) {
  const headers = { host: "localhost:7420", authorization: `Bearer ${testToken(client)}`, "operator-session": sessions.get(client) ?? "", ...more };
  const payload = asked.body === undefined ? {} : { payload: JSON.stringify(asked.body), headers: { ...headers, "content-type": "application/json" } };
  return served.app.inject({ method: asked.method, url: asked.url, headers, ...payload });
}

beforeAll(async () => {
  service = fakeService();
  const config = await testConfig(CLIENTS, { port: 7420, bounds: { requestsPerSecond: 10_000, requestBurst: 10_000 } });
  served = createApi(testParts(config, { service, clock: new VirtualClock(0), randomness: new SeededRandomness("bad requests") }));
  for (const client of CLIENTS) {
    const answer = await send(client, { method: "POST", url: "/v1/operators/sign-in", body: { operator: "chief", password: TEST_PASSWORD } });
    sessions.set(client, answer.json<{ session: string }>().session);
  }
});
afterAll(() => served.close());

describe("mutated requests", () => {
  it.each(RIGHT.map((right) => [right.method, right.url, right.body] as const))("%s %s is right before", (method, url, body) => {
    const path = pathOf(url);
    const route = ROUTES.find(({ definition }) => definition.method === method && definition.path === path);
    expect(route?.definition.body?.safeParse(body)).toMatchObject({ success: true });
  });

  it("are made for every route that takes a body", () => {
    const taking = ROUTES.filter(
      ({ definition: { body } }) => body !== undefined && (!body.safeParse({}).success || body.safeParse({ timeoutMs: 2_000 }).success),
    );
    const covered = RIGHT.map(({ url }) => pathOf(url));
    expect(taking.map(({ definition }) => definition.path).filter((path) => !covered.includes(path))).toEqual([]);
  });

  it(`${REQUESTS} are refused by a word, and nothing is changed`, async () => {
    const chance = new SeededRandomness("mutations");
    const before = service.calls().length;
    const untold: string[] = [];
    const words = new Map<string, number>();
    let [sent, draws] = [0, 0];
    while (sent < REQUESTS) {
      draws += 1;
      expect(draws).toBeLessThan(REQUESTS * 3);
      const right = chance.pick(RIGHT);
      const asked = mutated(right, chance);
      if (asked === undefined) continue;
      const client = CLIENTS[1 + Math.floor(sent / REQUESTS_PER_CLIENT)] ?? "";
      sent += 1;
      const answer = await send(client, { method: right.method, ...asked });
      const { error, message, problems } = answer.json<{ error: string; message: { en: string; zh: string }; problems: string[] }>();
      words.set(error, (words.get(error) ?? 0) + 1);
      const named =
        answer.statusCode === 400 && error === "request-invalid" && problems.length > 0 && message.zh !== "" && problems.every((each) => each.length <= 160);
      if (!named) untold.push(`${right.url} ${answer.statusCode} ${error} ${JSON.stringify(asked.body).slice(0, 200)}`);
    }
    expect(untold.slice(0, 5)).toEqual([]);
    expect([...words.keys()].filter((word) => !REFUSAL_WORDS.includes(word))).toEqual([]);
    expect(service.calls()).toHaveLength(before);
  }, 120_000);

  it.each([
    ["GET", "/v1/orders/a%20b", "path.orderNumber"],
    ["GET", "/v1/orders/n-1?verbose=1", "query"],
    ["POST", "/v1/reconciliation/2026-13-01", "path.day"],
    ["POST", "/v1/uploads/1/retry", "path.subject"],
    ["GET", "/v1/uploads?limit=1", "query"],
    ["GET", "/v1/reconciliation/report.csv?from=2026-11-01", "query.to"],
    ["GET", "/v1/reconciliation/report.csv?from=2026-11-01&from=2026-11-02&to=2026-11-03", "query.from"],
    ["POST", "/v1/orders/n-1/void?waitMs=-1", "query.waitMs"],
  ] as const)("%s %s names %s", async (method, url, place) => {
    const before = service.calls().length;
    const answer = await send("pos0", { method, url });
    expect(answer.statusCode).toBe(400);
    expect(answer.json<{ problems: string[] }>().problems[0]).toContain(`${place}: `);
    expect(service.calls()).toHaveLength(before);
  });

  it("name the place and never the value", async () => {
    const item = { ...FULL_ITEM, quantity: "secret-quantity" };
    const answer = await send("pos0", {
      method: "PUT",
      url: "/v1/orders/n-9",
      body: { ...(BASKET as object), amountFen: 600, items: [FULL_ITEM, item] } as Json,
    });
    expect(answer.json<{ problems: string[] }>().problems).toEqual([expect.stringMatching(/^items\[1\]\.quantity: /)]);
    expect(answer.body).not.toContain("secret-quantity");
  });

  it("a total that is not the sum is named", async () => {
    const answer = await send("pos0", { method: "PUT", url: "/v1/orders/n-9", body: { ...(BASKET as object), amountFen: 301 } as Json });
    expect(answer.json<{ problems: string[] }>().problems).toEqual(["amountFen: is not the sum of the items"]);
  });
});
