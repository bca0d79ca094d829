/*
 * Goal: over real connections the gateway's caller never says "not sent" of what left, and never takes a part for the whole.
 * Method: the insurer's simulated gateway with its faults, over HTTP and HTTPS on loopback, and lines that speak no HTTP at all. Waits are
 * virtual: time stands still until the real lines are quiet.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { GATEWAY_PATH, type Gateway, openGateway } from "../../../simulators/host/medical/gateway.ts";
import { GATEWAY_FAULTS, type GatewayFaultName } from "../../../simulators/host/medical/gateway-faults.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { utf8 } from "../../base/bytes.ts";
import { SILENT } from "../../base/log.ts";
import { sha256 } from "../../crypto/digest.ts";
import { hostContract } from "../../txn/contract/hosts.ts";
import type { HostReply } from "../../txn/hosts.ts";
import { certificate, listening, rest } from "../lines/testing.ts";
import { GatewayHost } from "./gateway.ts";
import { openGatewayHost } from "./open.ts";
import { openGatewayWire } from "./wire.ts";

const CALLER = { paasid: "P1", token: "secret" };
const LIMIT_MS = 5_000;
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

function hostAt(clock: VirtualClock, at: { readonly port: number; readonly tls?: string | undefined; readonly secure: boolean }) {
  const url = `${at.secure ? "https" : "http"}://127.0.0.1:${at.port}`;
  const wire = openGatewayWire({ url, servicePath: GATEWAY_PATH, ...(at.tls === undefined ? {} : { ca: at.tls }) });
  const host = new GatewayHost({
    ...CALLER,
    wire,
    clock,
    randomness: new SeededRandomness("lane"),
    log: SILENT,
    sha256,
    connectTimeoutMs: 2_000,
    readTimeoutMs: 60_000,
    connectionsMax: 8,
  });
  open.push({ close: () => host.stop() });
  return host;
}

interface World {
  readonly clock: VirtualClock;
  readonly gateway: Gateway;
  readonly host: GatewayHost;
  /** What the insurer has seen. */
  readonly seen: string[];
  silent: boolean;
}

async function makeWorld(secure: boolean, trusted = true): Promise<World> {
  const clock = new VirtualClock(Date.now());
  const tls = secure ? certificate() : undefined;
  const seen: string[] = [];
  const world = { silent: false };
  const exchange = async (body: Uint8Array) => {
    seen.push(new TextDecoder().decode(body));
    return world.silent ? undefined : utf8('{"infcode":0,"output":{}}');
  };
  const gateway = await openGateway({ clock, exchange, callers: [CALLER], ...(tls === undefined ? {} : { tls }) });
  open.push(gateway);
  const host = hostAt(clock, { port: gateway.port, secure, tls: trusted ? tls?.certificate : undefined });
  return Object.assign(world, { clock, gateway, host, seen });
}

const ask = ({ clock, host }: Pick<World, "clock" | "host">, signal = new AbortController().signal): Promise<HostReply> =>
  rest(clock, host.exchange(utf8('{"infno":"9001"}'), { timeoutMs: LIMIT_MS, signal }));

for (const secure of [false, true]) {
  hostContract(secure ? "gateway over HTTPS" : "gateway over HTTP", async () => {
    const world = await makeWorld(secure);
    let { host } = world;
    return {
      clock: world.clock,
      run: (work) => rest(world.clock, work),
      host: { exchange: (body, limits) => host.exchange(body, limits) },
      forwarded: () => world.seen.length,
      become: async (state) => {
        world.silent = state === "silent";
        // Nobody listens on the first port of all.
        host = state === "unreachable" ? hostAt(world.clock, { port: 1, secure }) : world.host;
      },
    };
  });
}

describe("the gateway's faults", () => {
  const BROKEN: Readonly<Record<GatewayFaultName, HostReply["kind"]>> = {
    hang: "unknown",
    "hang-before": "unknown",
    reset: "unknown",
    "reset-before": "unknown",
    "half-body": "unknown",
    "bad-gateway": "unknown",
    "bad-gateway-before": "unknown",
    "slow-chunks": "answered",
    "short-length": "unknown",
    "long-length": "unknown",
    "not-found": "unknown",
    redirect: "unknown",
  };

  /** Only a plain line can be reset; a secure one is closed, as in the cases below. */
  const faultsOf = (secure: boolean) =>
    (Object.entries(BROKEN) as [GatewayFaultName, HostReply["kind"]][]).filter(([name]) => !secure || !name.startsWith("reset"));

  describe.each([false, true])("over TLS: %s", (secure) => {
    it.each(faultsOf(secure))("%s: %s", async (fault, kind) => {
      const world = await makeWorld(secure);
      world.gateway.faults.planned.push(GATEWAY_FAULTS[fault]);
      const reply = await ask(world);
      expect(reply.kind).toBe(kind);
      expect(world.seen.length).toBe(GATEWAY_FAULTS[fault].pass ? 1 : 0);
      // The next one is none the worse for it.
      expect((await ask(world)).kind).toBe("answered");
    });
  });
});

describe("who is on the other side", () => {
  it("must be who its certificate says and somebody whom the site believes", async () => {
    const world = await makeWorld(true, false);
    expect(await ask(world)).toEqual({ kind: "not-sent", reason: "link-refused" });
    expect(world.seen).toEqual([]);
  });

  it("must know the caller", async () => {
    const world = await makeWorld(false);
    const clock = world.clock;
    const wire = openGatewayWire({ url: `http://127.0.0.1:${world.gateway.port}`, servicePath: GATEWAY_PATH });
    const stranger = new GatewayHost({
      wire,
      clock,
      randomness: new SeededRandomness("x"),
      log: SILENT,
      sha256,
      paasid: "P1",
      token: "wrong",
      connectTimeoutMs: 2_000,
      readTimeoutMs: 60_000,
      connectionsMax: 1,
    });
    expect(await ask({ clock, host: stranger })).toEqual({ kind: "unknown", reason: "host-answer-malformed" });
    expect(world.seen).toEqual([]);
  });

  it("is asked fifty times at once and answers each", async () => {
    const world = await makeWorld(true);
    const asked = Array.from({ length: 50 }, (_, at) => world.host.exchange(utf8(`{"at":${at}}`), { timeoutMs: 60_000, signal: new AbortController().signal }));
    const replies = await rest(world.clock, Promise.all(asked));
    expect(new Set(replies.map(({ kind }) => kind))).toEqual(new Set(["answered"]));
    expect(new Set(world.seen).size).toBe(50);
  });
});

describe("a site's configuration", () => {
  const site = (port: number, files: { readonly tokenFile: string; readonly caFile?: string }) => ({
    url: `https://127.0.0.1:${port}`,
    servicePath: GATEWAY_PATH,
    paasid: CALLER.paasid,
    connectTimeoutMs: 2_000,
    readTimeoutMs: 60_000,
    connectionsMax: 2,
    ...files,
  });

  it("reaches the gateway with the token and the authorities of its files, and not without", async () => {
    const clock = new VirtualClock(Date.now());
    const tls = certificate();
    const gateway = await openGateway({ clock, exchange: async () => utf8("{}"), callers: [CALLER], tls });
    open.push(gateway);
    const folder = mkdtempSync(join(tmpdir(), "gateway-site-"));
    open.push({ close: () => rmSync(folder, { recursive: true, force: true }) });
    const [tokenFile, caFile, empty] = ["token", "ca.pem", "empty"].map((name) => join(folder, name)) as [string, string, string];
    writeFileSync(tokenFile, `${CALLER.token}\n`);
    writeFileSync(caFile, tls.certificate);
    writeFileSync(empty, "\n");
    const parts = { clock, randomness: new SeededRandomness("site"), log: SILENT };
    const host = await openGatewayHost(site(gateway.port, { tokenFile, caFile }), parts);
    expect((await ask({ clock, host })).kind).toBe("answered");
    const stranger = await openGatewayHost(site(gateway.port, { tokenFile }), parts);
    expect(await ask({ clock, host: stranger })).toEqual({ kind: "not-sent", reason: "link-refused" });
    for (const wrong of [{ tokenFile: empty }, { tokenFile: join(folder, "none") }, { tokenFile, caFile: empty }])
      await expect(openGatewayHost(site(gateway.port, wrong), parts)).rejects.toMatchObject({ code: "config-invalid" });
  });
});

/** A line that does what it is told with every connection, and counts the bytes that reach it. */
async function rawServer(serve: (socket: Socket) => void): Promise<{ readonly port: number; readonly received: () => number }> {
  let received = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      received += bytes.length;
    });
    serve(socket);
  });
  const port = await listening(server);
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return { port, received: () => received };
}

const REPLY_HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

describe("lines that speak otherwise", () => {
  it.each<[string, (socket: Socket) => void, HostReply]>([
    ["no HTTP", (socket) => socket.once("data", () => socket.write("220 mail ready\r\n")), { kind: "unknown", reason: "host-answer-malformed" }],
    ["closing after the first byte", (socket) => socket.once("data", () => socket.destroy()), { kind: "unknown", reason: "link-down" }],
    [
      "an endless body",
      (socket) =>
        socket.once("data", () => {
          socket.write(`${REPLY_HEAD}content-length: 99999999\r\n\r\n`);
          for (let block = 0; block < 40; block += 1) socket.write(new Uint8Array(65_536).fill(0x20));
        }),
      { kind: "unknown", reason: "host-answer-malformed" },
    ],
    [
      "headers without end",
      (socket) => socket.once("data", () => socket.write(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(40_000)}`)),
      { kind: "unknown", reason: "host-answer-malformed" },
    ],
    [
      "a change of protocol",
      (socket) => socket.once("data", () => socket.write("HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")),
      { kind: "unknown", reason: "host-answer-malformed" },
    ],
    [
      "chunks that break off",
      (socket) =>
        socket.once("data", () => {
          socket.write(`${REPLY_HEAD}transfer-encoding: chunked\r\n\r\n4\r\n{"in\r\n`);
          setTimeout(() => socket.destroy(), 5);
        }),
      { kind: "unknown", reason: "link-down" },
    ],
    [
      "two lengths",
      (socket) => socket.once("data", () => socket.end(`${REPLY_HEAD}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`)),
      { kind: "unknown", reason: "host-answer-malformed" },
    ],
  ])("%s", async (_, serve, reply) => {
    const clock = new VirtualClock(0);
    const { port } = await rawServer(serve);
    expect(await ask({ clock, host: hostAt(clock, { port, secure: false }) })).toEqual(reply);
  });

  it.each<[string, (socket: Socket) => void]>([
    ["that says nothing", () => undefined],
    ["that closes at once", (socket) => socket.destroy()],
    ["that speaks no TLS", (socket) => socket.write("HTTP/1.1 200 OK\r\n\r\n")],
  ])("a TLS partner %s never gets the request", async (_, serve) => {
    const clock = new VirtualClock(0);
    const { port } = await rawServer(serve);
    const reply = await ask({ clock, host: hostAt(clock, { port, secure: true, tls: certificate().certificate }) });
    expect(reply.kind).toBe("not-sent");
  });

  it("a reader that takes nothing in: unknown at the deadline, and the line is closed", async () => {
    const clock = new VirtualClock(0);
    let closed = false;
    const { port } = await rawServer((socket) => {
      socket.pause();
      socket.on("close", () => {
        closed = true;
      });
      setTimeout(() => socket.resume(), 500);
    });
    const host = hostAt(clock, { port, secure: false });
    const reply = await rest(clock, host.exchange(new Uint8Array(1_000_000).fill(0x20), { timeoutMs: LIMIT_MS, signal: new AbortController().signal }));
    expect(reply).toEqual({ kind: "unknown", reason: "timeout" });
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(closed).toBe(true);
  });
});
