/*
 * The API on a real loopback port, through real connections: fifty counters at once, callers that crash and come back, lines that break, peers
 * that dawdle, TLS beyond loopback.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import type { ApiConfig } from "../../config/api.ts";
import { systemClock } from "../../system/clock.ts";
import { systemRandomness } from "../../system/randomness.ts";
import { runPharmacy } from "../client/example/pharmacy.ts";
import { type Basket, CounterClient, CounterError, type Order, type OrderEvent, type StreamItem } from "../client/index.ts";
import * as schemas from "./schemas.ts";
import { type Api, openApi } from "./server.ts";
import { basketOf, type FakeService, fakeService, TEST_PASSWORD, testConfig, testParts, testToken } from "./testing.ts";

const COUNTERS = 50;
const clients = Array.from({ length: COUNTERS }, (_, at) => `pos${at}`);
const clock = systemClock();
const randomness = systemRandomness();
const defects: unknown[] = [];

/** A basket whose amount tells whose it is. */
const basket = (amountFen = 1_000, more: Partial<Basket> = {}): Basket => ({ ...(basketOf({}, amountFen) as Basket), ...more });

let config: ApiConfig;
let service: FakeService;
let api: Api;

const open = (more: Partial<ApiConfig>, behind: FakeService = service) =>
  openApi({ ...testParts({ ...config, ...more }, { service: behind, clock, randomness }), onDefect: (error) => defects.push(error) });
const clientOf = (client: string, baseUrl = api.url, more: object = {}) => new CounterClient({ baseUrl, token: testToken(client), ...more });

async function signedIn(client: string, baseUrl = api.url, more: object = {}): Promise<CounterClient> {
  const counter = clientOf(client, baseUrl, more);
  await counter.signIn("chief", TEST_PASSWORD);
  return counter;
}

beforeAll(async () => {
  config = await testConfig(clients, { bounds: { questionTimeoutMs: 2_000, heartbeatMs: 100, headersTimeoutMs: 500, requestTimeoutMs: 1_000, waitMs: 1_000 } });
  service = fakeService();
  api = await open({});
});
afterAll(async () => {
  await api.close();
  expect(defects).toEqual([]);
});

describe("the example", () => {
  it("runs its day, and a second run of the same number is the same day", async () => {
    const said: string[] = [];
    const shop = {
      baseUrl: api.url,
      token: testToken("pos1"),
      operator: "chief",
      password: TEST_PASSWORD,
      run: "day",
      day: "2026-11-20",
      say: (line: string) => void said.push(line),
    };
    const ends = { "day-1": "void", "day-2": "void", "day-3": "done", "2026-11-20": "equal" };
    expect(await runPharmacy(shop)).toEqual(ends);
    expect(said).toContain("insurer 20.00, account 0.00, to pay 5.00");
    expect(said).toContain("  day-1: settled");
    const settled = service.orders.settlements.length;
    expect(await runPharmacy(shop)).toEqual(ends);
    expect(service.orders.settlements).toHaveLength(settled);
  });
});

describe("fifty counters at once", () => {
  it("each gets its own order's events, questions and result, and nothing else", async () => {
    const took = service.orders.cashTaken.length;
    const sold = await Promise.all(
      clients.map(async (client, at) => {
        const counter = await signedIn(client);
        // The same number at every client: the client alone tells the orders apart.
        const [amounts, events]: [number[], OrderEvent[]] = [[], []];
        const order = await counter.settle("same", basket(1_000 + at * 5), {
          onEvent: (event) => events.push(event),
          onQuestion: (question) => {
            if (question.ask === "confirm") amounts.push(question.figures.totalFen);
            return question.ask === "tender" ? { answer: "tender", tender: "cash", amountFen: question.restFen } : { answer: "confirm" };
          },
        });
        return { order, amounts, events };
      }),
    );
    sold.forEach(({ order, amounts, events }, at) => {
      const amountFen = 1_000 + at * 5;
      expect(order).toMatchObject({ orderNumber: "same", state: "done", amountFen, figures: { totalFen: amountFen } });
      expect(amounts).toEqual([amountFen]);
      const shown = events.flatMap((event) => ("figures" in event ? [event.figures.totalFen] : []));
      expect([...new Set(shown)]).toEqual([amountFen]);
    });
    expect(new Set(sold.map(({ order }) => order.settlementId)).size).toBe(COUNTERS);
    expect(service.orders.settlements.filter((name) => name.endsWith(".same"))).toHaveLength(COUNTERS);
    expect(service.orders.cashTaken.length - took).toBe(COUNTERS);
  });
});

describe("an order and its callers", () => {
  const answerAll = {
    onQuestion: (question: { ask: string; restFen?: number }) =>
      question.ask === "tender" ? ({ answer: "tender", tender: "cash", amountFen: question.restFen ?? 0 } as const) : ({ answer: "confirm" } as const),
  };

  it("sent twice while it is under way, it gives both the same result", async () => {
    const counter = await signedIn("pos2");
    const [left, right] = await Promise.all([counter.settle("twice", basket(), answerAll), counter.place("twice", basket())]);
    expect(left).toEqual(right);
    expect(service.orders.settlements.filter((name) => name === "pos2.twice")).toHaveLength(1);
  });

  it("its caller crashes: the question waits for the next one, and then the order", async () => {
    const crash = new AbortController();
    const first = await signedIn("pos3");
    const placing = first.place("crash", basket(), crash.signal).catch(() => "gone");
    const seen: StreamItem[] = [];
    const watcher = await signedIn("pos3");
    while ((await watcher.order("crash").catch(() => undefined))?.question === undefined) await clock.sleep(5);
    crash.abort();
    expect(await placing).toBe("gone");
    const order = await watcher.settle("crash", basket(), answerAll);
    for await (const item of watcher.events("crash")) seen.push(item);
    expect(order.state).toBe("done");
    expect(seen.filter((item) => item.type === "question")).toHaveLength(2);
    expect(seen.filter((item) => item.type === "answered").map((item) => item.by)).toEqual(["counter", "counter"]);
  });

  it("nobody answers: it rests, and is taken up where it was", async () => {
    const counter = await signedIn("pos4");
    const rested = await counter.place("rests", basket());
    expect(rested).toMatchObject({ state: "open", underWay: false, reason: "no-answer", says: { zh: expect.any(String) } });
    expect(await counter.settle("rests", basket(), answerAll)).toMatchObject({ state: "done" });
    expect(service.orders.settlements.filter((name) => name === "pos4.rests")).toHaveLength(1);
  });

  it("the API starts anew: the order is still the order", async () => {
    const own = fakeService();
    const before = await open({}, own);
    const sold = await (await signedIn("pos5", before.url)).settle("anew", basket(), answerAll);
    await before.close();
    const after = await open({}, own);
    const counter = await signedIn("pos5", after.url);
    expect(await counter.place("anew", basket())).toEqual(sold);
    await expect(counter.place("anew", basket(2_000))).rejects.toMatchObject({ error: "order-conflict", status: 409 });
    await after.close();
    expect(own.orders.settlements).toEqual(["pos5.anew"]);
  });

  it("is given up while its question is open", async () => {
    const counter = await signedIn("pos6");
    const placing = counter.place("off", basket());
    while ((await counter.order("off").catch(() => undefined))?.question === undefined) await clock.sleep(5);
    expect(await counter.cancel("off")).toMatchObject({ state: "refused", reason: "cancelled" });
    expect(await placing).toMatchObject({ state: "refused" });
    expect(await counter.cancel("off")).toMatchObject({ state: "refused" });
    await expect(counter.cancel("never")).rejects.toMatchObject({ error: "order-unknown" });
  });
});

/** Raw lines of one stream, up to `count` events or its end. */
async function rawEvents(path: string, asked: { readonly headers: Record<string, string>; readonly count: number }): Promise<readonly string[]> {
  const response = await fetch(`${api.url}${path}`, { headers: asked.headers });
  const ids: string[] = [];
  let text = "";
  for await (const piece of response.body ?? []) {
    text += new TextDecoder().decode(piece as Uint8Array);
    ids.splice(0, ids.length, ...[...text.matchAll(/^id: (\S+)$/gm)].map((match) => match[1] ?? ""));
    if (ids.length >= asked.count) break;
  }
  for (const match of text.matchAll(/^data: (.*)$/gm)) schemas.streamItem.parse(JSON.parse(match[1] ?? ""));
  return ids;
}

describe("a stream", () => {
  it("is read again from the last number, without a gap and without a double", async () => {
    const counter = clientOf("pos7");
    const { session } = await counter.signIn("chief", TEST_PASSWORD);
    await counter.place("replay", basket(1_000, { confirms: false, tenders: ["cash"] }));
    const headers = { authorization: `Bearer ${testToken("pos7")}`, "operator-session": session };
    const path = "/v1/orders/replay/events";
    const all = await rawEvents(path, { headers, count: 1_000 });
    expect(all.length).toBeGreaterThan(8);
    const first = await rawEvents(path, { headers, count: 3 });
    const rest = await rawEvents(path, { headers: { ...headers, "last-event-id": first[2] ?? "" }, count: 1_000 });
    expect([...first.slice(0, 3), ...rest]).toEqual(all);
  });

  it("of an order that only the journal knows tells its result", async () => {
    const counter = await signedIn("pos8");
    await counter.place("stored", basket(1_000, { confirms: false, tenders: ["cash"] }));
    const other = await open({});
    const seen: StreamItem[] = [];
    for await (const item of (await signedIn("pos8", other.url)).events("stored")) seen.push(item);
    await other.close();
    expect(seen).toMatchObject([{ type: "gap" }, { type: "result", order: { state: "done" } }]);
  });

  it("shows a sign of life, and ends when the API closes", async () => {
    const own = await open(
      {},
      fakeService(() => new Promise(() => undefined)),
    );
    const counter = clientOf("pos9", own.url);
    const { session } = await counter.signIn("chief", TEST_PASSWORD);
    void counter.place("waits", basket()).catch(() => undefined);
    while ((await counter.order("waits").catch(() => undefined)) === undefined) await clock.sleep(5);
    const response = await fetch(`${own.url}/v1/orders/waits/events`, {
      headers: { authorization: `Bearer ${testToken("pos9")}`, "operator-session": session },
    });
    let text = "";
    for await (const piece of response.body ?? []) {
      text += new TextDecoder().decode(piece as Uint8Array);
      if (text.includes(": beat") && text.includes("present-card")) break;
    }
    await own.close();
    expect(text).toContain('"is":"present-card"');
  });

  it("is given to so many and no more", async () => {
    const own = await open(
      { bounds: { ...config.bounds, streamsPerClient: 2 } },
      fakeService(() => new Promise(() => undefined)),
    );
    const counter = clientOf("pos10", own.url);
    const { session } = await counter.signIn("chief", TEST_PASSWORD);
    void counter.place("waits", basket()).catch(() => undefined);
    while ((await counter.order("waits").catch(() => undefined)) === undefined) await clock.sleep(5);
    const gone = new AbortController();
    const headers = { authorization: `Bearer ${testToken("pos10")}`, "operator-session": session };
    const stream = () => fetch(`${own.url}/v1/orders/waits/events`, { headers, signal: gone.signal });
    const statuses = [(await stream()).status, (await stream()).status, (await stream()).status];
    gone.abort();
    let again = 429;
    for (let tried = 0; again === 429 && tried < 100; tried += 1) {
      await clock.sleep(10);
      const response = await fetch(`${own.url}/v1/orders/waits/events`, { headers });
      again = response.status;
      await response.body?.cancel();
    }
    await own.close();
    expect([statuses, again]).toEqual([[200, 200, 429], 200]);
  });
});

/** What the API says to bytes on a bare connection until it closes it, and how long that took. */
function raw(bytes: string): Promise<{ readonly said: string; readonly tookMs: number }> {
  const beganMs = clock.monotonicMs();
  return new Promise((resolve) => {
    const socket = connect(api.port, "127.0.0.1", () => socket.write(bytes));
    let said = "";
    socket.on("data", (data: Buffer) => (said += data.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve({ said, tookMs: clock.monotonicMs() - beganMs }));
  });
}

describe("peers that are no counters", () => {
  const head = () => `PUT /v1/orders/1 HTTP/1.1\r\nHost: 127.0.0.1:${api.port}\r\nAuthorization: Bearer ${testToken("pos1")}\r\n`;
  it.each([
    ["headers that never end", () => `${head()}X-Slow: `],
    ["a body that never comes", () => `${head()}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`],
    ["no HTTP at all", () => "\u0016\u0003\u0001\r\n\r\n"],
    ["headers without bound", () => `${head()}X-Long: ${"x".repeat(40_000)}\r\n\r\n`],
    ["two lengths", () => `${head()}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}`],
  ])("%s: the connection is closed in bounded time", async (_, bytes) => {
    const { said, tookMs } = await raw(bytes());
    expect(said).toMatch(/^(?:HTTP\/1\.1 4\d\d |$)/);
    expect(tookMs).toBeLessThan(10_000);
  });

  it("a body beyond the bound is refused before it is read", async () => {
    const { said } = await raw(`${head()}Content-Type: application/json\r\nConnection: close\r\nContent-Length: 999999999\r\n\r\n{`);
    expect(said).toMatch(/^HTTP\/1\.1 4(?:13|01) /);
  });

  it("the counter is served all the while", async () => {
    const dawdlers = Array.from({ length: 20 }, () => raw(`${head()}X-Slow: `));
    expect(await (await signedIn("pos11")).status()).toMatchObject({ terminalId: "T1" });
    await Promise.all(dawdlers);
  });
});

describe("beyond loopback", () => {
  const folder = mkdtempSync(join(tmpdir(), "api-tls-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("TLS serves, plain HTTP does not, and the client's certificate store decides", async () => {
    const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=terminal.test", "-addext", "subjectAltName=DNS:terminal.test"];
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout", keyFile, "-out", certFile, ...subject],
      { stdio: "ignore" },
    );
    const own = await open({ address: "0.0.0.0", hosts: ["terminal.test"], tls: { keyFile, certFile } });
    const get = (more: object) =>
      new Promise<number | string>((resolve) => {
        const headers = { host: `terminal.test:${own.port}`, authorization: `Bearer ${testToken("pos1")}` };
        const asked = request({ host: "127.0.0.1", port: own.port, path: "/openapi.json", servername: "terminal.test", headers, ...more }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        asked.on("error", (error: Error & { code?: string }) => resolve(error.code ?? "failed"));
        asked.end();
      });
    const ca = readFileSync(certFile);
    expect(own.url).toBe(`https://0.0.0.0:${own.port}`);
    expect(await get({ ca })).toBe(200);
    expect(await get({})).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
    expect(await get({ ca, maxVersion: "TLSv1.1", minVersion: "TLSv1" })).not.toBe(200);
    expect(await get({ ca, headers: { host: `127.0.0.1:${own.port}`, authorization: `Bearer ${testToken("pos1")}` } })).toBe(421);
    await expect(fetch(`http://127.0.0.1:${own.port}/openapi.json`)).rejects.toThrowError();
    await own.close();
  });

  it("an address that is taken is told", async () => {
    await expect(open({ port: api.port })).rejects.toMatchObject({ code: "config-invalid" });
  });
});

describe("the client", () => {
  it("repeats what may be repeated through lines that break, and nothing is doubled", async () => {
    const weather = new SeededRandomness("lines");
    let broken = 0;
    const failing: typeof fetch = async (...asked) => {
      const how = weather.fraction();
      if (how < 0.4) broken += 1;
      if (how < 0.2) throw new TypeError("the line is down before");
      const response = await fetch(...asked);
      if (how < 0.4) throw new TypeError("the answer is lost");
      return response;
    };
    const hurried = (ms: number, signal?: AbortSignal) => clock.sleep(Math.min(ms, 10), signal).catch(() => undefined);
    const counter = clientOf("pos12", api.url, { fetch: failing, sleep: hurried, tries: 30 });
    // Signing in is not repeated by itself: each try counts as one.
    while (!(await counter.signIn("chief", TEST_PASSWORD).then(Boolean, () => false)));
    const order: Order = await counter.settle("lossy", basket(), {
      onQuestion: (question) => (question.ask === "tender" ? { answer: "tender", tender: "cash", amountFen: question.restFen } : { answer: "confirm" }),
    });
    expect(order.state).toBe("done");
    expect(service.orders.settlements.filter((name) => name === "pos12.lossy")).toHaveLength(1);
    expect(broken).toBeGreaterThan(0);
  });

  it("does not try a refused order anew because its answer was lost", async () => {
    let [sent, lost] = [0, true];
    const losing: typeof fetch = async (...asked) => {
      const response = await fetch(...asked);
      if (asked[1]?.method !== "PUT") return response;
      sent += 1;
      if (!lost) return response;
      lost = false;
      const rival = await signedIn("pos15");
      await rival.cancel("refused");
      throw new TypeError("the answer is lost");
    };
    const counter = await signedIn("pos15", api.url, { fetch: losing });
    expect(await counter.place("refused", basket())).toMatchObject({ state: "refused", reason: "cancelled" });
    expect(sent).toBe(1);
    const placed = service.orders.calls.filter((call) => call.startsWith("place pos15.refused"));
    expect(placed).toHaveLength(1);
  });

  it("tells a refusal by its word, in two languages, with its problems", async () => {
    const counter = await signedIn("pos13");
    const refused = await counter.place("bad", { ...basket(), amountFen: 7 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CounterError);
    expect(refused).toMatchObject({
      error: "request-invalid",
      status: 400,
      says: { zh: expect.any(String) },
      problems: ["amountFen: is not the sum of the items"],
    });
  });

  it("ends its waiting when a handler fails, and the order rests", async () => {
    const counter = await signedIn("pos14");
    const failing = counter.settle("fails", basket(), { onQuestion: () => Promise.reject(new Error("the screen is broken")) });
    await expect(failing).rejects.toThrowError("the screen is broken");
    expect(await counter.order("fails")).toMatchObject({ state: "open", underWay: true });
  });
});
