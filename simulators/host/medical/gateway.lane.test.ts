/* The gateway over real sockets on loopback: who is let through, what goes wrong on the way, what the insurer has done by then. */
import { createHash, randomUUID } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { afterEach, expect, test } from "vitest";
import { utf8 } from "../../../device/base/bytes.ts";
import { systemClock } from "../system.ts";
import { type Gateway, type GatewayOptions, openGateway } from "./gateway.ts";
import { applyGatewayFault, GATEWAY_FAULTS, type GatewayFaultName, noGatewayFaults } from "./gateway-faults.ts";
import { makeTestCertificate } from "./test-certificate.ts";

const CALLER = { paasid: "pharmacy", token: "test-token" };
const ANSWER = JSON.stringify({ infcode: 0, output: { words: "x".repeat(400) } });

interface Bench {
  readonly gateway: Gateway;
  readonly asked: string[];
}

const open: Gateway[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((gateway) => gateway.close()));
});

async function bench(options: Partial<GatewayOptions> = {}): Promise<Bench> {
  const asked: string[] = [];
  const gateway = await openGateway({
    clock: systemClock,
    callers: [CALLER],
    exchange: (body) => {
      asked.push(new TextDecoder().decode(body));
      return Promise.resolve(utf8(ANSWER));
    },
    ...options,
  });
  open.push(gateway);
  return { gateway, asked };
}

function signed(over: { readonly token?: string; readonly atMs?: number; readonly nonce?: string } = {}): Record<string, string> {
  const timestamp = String(Math.floor((over.atMs ?? systemClock.wallMs()) / 1000));
  const nonce = over.nonce ?? randomUUID();
  const signature = createHash("sha256")
    .update(`${timestamp}${over.token ?? CALLER.token}${nonce}${timestamp}`)
    .digest("hex");
  return { "x-tif-paasid": CALLER.paasid, "x-tif-timestamp": timestamp, "x-tif-nonce": nonce, "x-tif-signature": signature };
}

interface Call {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly method?: string;
  readonly ca?: string;
}

type Answer = { readonly status: number; readonly text: string; readonly whole: boolean } | { readonly failed: string };

function call({ url, headers, method = "POST", ca }: Call, waitMs = 5_000): Promise<Answer> {
  return new Promise((resolve) => {
    const send = url.startsWith("https:") ? httpsRequest : httpRequest;
    const outgoing = send(url, { method, headers: { "content-type": "application/json", ...headers }, agent: false, timeout: waitMs, ca }, (response) => {
      const parts: Buffer[] = [];
      const end = (whole: boolean) => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString(), whole });
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", () => end(false));
      response.on("end", () => end(true));
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("timeout")));
    outgoing.on("error", (error: NodeJS.ErrnoException) => resolve({ failed: error.code ?? error.message }));
    outgoing.end('{"infno":"1101"}');
  });
}

test("a signed call passes, over HTTP and over HTTPS with a certificate of its own", async () => {
  const plain = await bench();
  expect(plain.gateway.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/mbs\/fmi\/fsi\/api\/callFsiService\/callService$/);
  expect(await call({ url: plain.gateway.url, headers: signed() })).toEqual({ status: 200, text: ANSWER, whole: true });
  expect(plain.asked).toEqual(['{"infno":"1101"}']);
  const tls = makeTestCertificate();
  if (tls === undefined) throw new Error("openssl is missing");
  const secure = await bench({ tls, path: "/fsi/api/fsi/callService" });
  expect(secure.gateway.url).toMatch(/^https:.*\/fsi\/api\/fsi\/callService$/);
  expect(await call({ url: secure.gateway.url, headers: signed(), ca: tls.certificate })).toEqual({ status: 200, text: ANSWER, whole: true });
  expect(await call({ url: secure.gateway.url, headers: signed() })).toEqual({ failed: "DEPTH_ZERO_SELF_SIGNED_CERT" });
});

const REFUSED: readonly (readonly [why: string, status: number, change: (headers: Record<string, string>) => Record<string, string>])[] = [
  ["x-tif-paasid is missing or unknown", 401, (headers) => ({ ...headers, "x-tif-paasid": "other" })],
  ["x-tif-timestamp is missing or malformed", 401, (headers) => ({ ...headers, "x-tif-timestamp": "today" })],
  ["x-tif-nonce is missing or malformed", 401, (headers) => ({ ...headers, "x-tif-nonce": "" })],
  ["x-tif-signature does not hold", 401, () => signed({ token: "another" })],
  ["x-tif-signature does not hold", 401, (headers) => ({ ...headers, "x-tif-nonce": "another" })],
  ["x-tif-timestamp is too old or too new", 401, () => signed({ atMs: systemClock.wallMs() - 301_000 })],
  ["x-tif-timestamp is too old or too new", 401, () => signed({ atMs: systemClock.wallMs() + 310_000 })],
  ["the body is JSON", 415, (headers) => ({ ...headers, "content-type": "text/plain" })],
];

test.each(REFUSED)("refused before the insurer sees it: %s", async (why, status, change) => {
  const { gateway, asked } = await bench();
  expect(await call({ url: gateway.url, headers: change(signed()) })).toEqual({ status, text: JSON.stringify({ code: status, message: why }), whole: true });
  expect(asked).toEqual([]);
  expect(gateway.counters.get(`refused: ${why}`)).toBe(1);
});

test("a nonce counts once, another path and another method are not served", async () => {
  const { gateway, asked } = await bench();
  const headers = signed({ nonce: "n1" });
  expect(await call({ url: gateway.url, headers })).toMatchObject({ status: 200 });
  expect(await call({ url: gateway.url, headers })).toMatchObject({ status: 401, text: expect.stringContaining("x-tif-nonce has been used") });
  expect(await call({ url: `${gateway.url}2`, headers: signed() })).toMatchObject({ status: 404 });
  expect(await call({ url: gateway.url, headers: signed(), method: "PUT" })).toMatchObject({ status: 405 });
  expect(asked).toHaveLength(1);
});

const FAULTS: readonly (readonly [fault: GatewayFaultName, seen: boolean, answer: object])[] = [
  ["hang", true, { failed: "timeout" }],
  ["hang-before", false, { failed: "timeout" }],
  ["reset", true, { failed: "ECONNRESET" }],
  ["reset-before", false, { failed: "ECONNRESET" }],
  ["half-body", true, { status: 200, whole: false, text: ANSWER.slice(0, Math.floor(ANSWER.length / 2)) }],
  ["bad-gateway", true, { status: 502, text: expect.stringMatching(/^<html>/) }],
  ["bad-gateway-before", false, { status: 502 }],
  ["slow-chunks", true, { status: 200, text: ANSWER, whole: true }],
  ["short-length", true, { failed: "HPE_CLOSED_CONNECTION" }],
  ["long-length", true, { status: 200, whole: false, text: ANSWER }],
  ["not-found", false, { status: 404 }],
  ["redirect", false, { status: 302 }],
];

test.each(FAULTS)("fault %s; the insurer saw the call: %s", async (fault, seen, answer) => {
  const { gateway, asked } = await bench();
  expect(applyGatewayFault(gateway.faults, { fault, slowMs: 1 })).toBeUndefined();
  expect(await call({ url: gateway.url, headers: signed() }, 300)).toMatchObject(answer);
  expect(asked).toHaveLength(seen ? 1 : 0);
  expect(await call({ url: gateway.url, headers: signed() })).toMatchObject({ status: 200, text: ANSWER, whole: true });
});

test("faults are the same under TLS", async () => {
  const tls = makeTestCertificate();
  if (tls === undefined) throw new Error("openssl is missing");
  const { gateway, asked } = await bench({ tls });
  const ask = (fault: GatewayFaultName) => {
    gateway.faults.planned.push(GATEWAY_FAULTS[fault]);
    return call({ url: gateway.url, headers: signed(), ca: tls.certificate }, 500);
  };
  expect(await ask("reset")).toEqual({ failed: "ECONNRESET" });
  expect(await ask("half-body")).toMatchObject({ status: 200, whole: false });
  expect(await ask("long-length")).toMatchObject({ status: 200, whole: false, text: ANSWER });
  expect(await ask("bad-gateway")).toMatchObject({ status: 502 });
  expect(await ask("hang")).toEqual({ failed: "timeout" });
  expect(asked).toHaveLength(5);
});

test("an insurer that never answers leaves its caller waiting, and closing ends every line", async () => {
  const { gateway } = await bench({ exchange: () => Promise.resolve(undefined) });
  const waiting = call({ url: gateway.url, headers: signed() }, 60_000);
  const passed = async () => {
    for (let tries = 0; tries < 500 && !gateway.counters.has("passed"); tries += 1) await systemClock.sleep(10);
  };
  await passed();
  await gateway.close();
  expect(await waiting).toEqual({ failed: "ECONNRESET" });
});

test("instructions from outside are refused by name", () => {
  const faults = noGatewayFaults();
  expect(applyGatewayFault(faults, "hang")).toBe("not-an-object");
  expect(applyGatewayFault(faults, { fault: "explode" })).toMatch(/^a fault is one of hang, /);
  expect(applyGatewayFault(faults, { fault: "hang", count: 0 })).toMatch(/^count is a whole number/);
  expect(applyGatewayFault(faults, { fault: "hang", count: 2 })).toBeUndefined();
  expect(faults.planned).toEqual([GATEWAY_FAULTS.hang, GATEWAY_FAULTS.hang]);
});
