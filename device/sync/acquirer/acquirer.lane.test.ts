/*
 * Goal: over real connections nobody says "not sent" of a message that left, and nobody takes a part for the whole.
 * Method: the acquirer's simulated front with its faults over TCP on loopback, the same behind TLS, and lines that speak otherwise. Waits are virtual:
 * time stands still until the real lines are quiet.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createSecureServer } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { type AcquirerServer, openAcquirerServer } from "../../../simulators/host/acquirer/acquirer-server.ts";
import { LINE_FAULTS, type LineFaultName } from "../../../simulators/host/acquirer/line-faults.ts";
import type { ServerCertificate } from "../../../simulators/host/medical/test-certificate.ts";
import { systemClock } from "../../../simulators/host/system.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { type Bytes, concat, fromHex, toHex } from "../../base/bytes.ts";
import { hostContract } from "../../txn/contract/hosts.ts";
import type { HostReply } from "../../txn/hosts.ts";
import { certificate, listening, quiet, rest } from "../lines/testing.ts";
import { AcquirerLineHost } from "./acquirer.ts";
import { type AcquirerSite, openAcquirerHost } from "./open.ts";
import { openAcquirerWire } from "./wire.ts";

const LIMIT_MS = 5_000;
const BODY = fromHex("60000300006031003100010800");
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

/** TLS in front of a plain port, as a gateway in front of an acquirer has it. */
async function tunnel(port: number, tls: ServerCertificate): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createSecureServer({ cert: tls.certificate, key: tls.key }, (outer) => {
    const inner = connect(port, "127.0.0.1");
    for (const socket of [outer, inner]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
    }
    outer.pipe(inner).pipe(outer);
  });
  server.on("tlsClientError", () => undefined);
  return opened(server, () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
}

async function opened(server: Server, close: () => void): Promise<number> {
  const port = await listening(server);
  open.push({ close });
  return port;
}

interface World {
  readonly clock: VirtualClock;
  readonly server: AcquirerServer;
  readonly host: AcquirerLineHost;
  readonly seen: string[];
  silent: boolean;
}

function hostAt(clock: VirtualClock, port: number, ca?: string, secure = ca !== undefined): AcquirerLineHost {
  const tls = secure ? { tls: ca === undefined ? {} : { ca } } : {};
  const host = new AcquirerLineHost({ wire: openAcquirerWire({ host: "127.0.0.1", port, ...tls }), clock, connectTimeoutMs: 2_000, readTimeoutMs: 60_000 });
  open.push({ close: () => host.stop() });
  return host;
}

/** An acquirer that answers every body with ff in front of it. */
async function makeWorld(secure: boolean): Promise<World> {
  const clock = new VirtualClock(0);
  const seen: string[] = [];
  const world = { silent: false };
  const exchange = async (body: Bytes) => {
    seen.push(toHex(body));
    return world.silent ? undefined : concat(fromHex("ff"), body);
  };
  const server = await openAcquirerServer({ clock: systemClock, exchange });
  open.push(server);
  const tls = secure ? certificate() : undefined;
  const port = tls === undefined ? server.port : await tunnel(server.port, tls);
  return Object.assign(world, { clock, server, host: hostAt(clock, port, tls?.certificate), seen });
}

const ask = ({ clock, host }: Pick<World, "clock" | "host">, body = BODY): Promise<HostReply> =>
  rest(clock, host.exchange(body, { timeoutMs: LIMIT_MS, signal: new AbortController().signal }));

for (const secure of [false, true]) {
  hostContract(secure ? "acquirer over TLS" : "acquirer over TCP", async () => {
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
        host = state === "unreachable" ? hostAt(world.clock, 1) : world.host;
      },
    };
  });
}

describe("what the line does to one message", () => {
  const KINDS: Readonly<Record<LineFaultName, HostReply["kind"]>> = {
    hang: "unknown",
    "hang-before": "unknown",
    reset: "unknown",
    "reset-before": "unknown",
    half: "unknown",
    pieces: "answered",
    twice: "answered",
    "long-length": "unknown",
    empty: "unknown",
  };

  it.each(Object.entries(KINDS) as [LineFaultName, HostReply["kind"]][])("%s: %s", async (fault, kind) => {
    const world = await makeWorld(false);
    world.server.faults.planned.push(LINE_FAULTS[fault]);
    expect((await ask(world)).kind).toBe(kind);
    expect(world.seen).toHaveLength(LINE_FAULTS[fault].pass ? 1 : 0);
    // The next one is none the worse for it, and gets its own answer.
    const next = concat(BODY, fromHex("99"));
    expect(await ask(world, next)).toEqual({ kind: "answered", body: concat(fromHex("ff"), next) });
  });
});

describe("who is on the other side", () => {
  it("must be somebody whom the site believes", async () => {
    const world = await makeWorld(false);
    const port = await tunnel(world.server.port, certificate());
    const { clock } = world;
    expect(await ask({ clock, host: hostAt(clock, port, undefined, true) })).toEqual({ kind: "not-sent", reason: "link-refused" });
    expect(await ask({ clock, host: hostAt(clock, port, certificate().certificate) })).toEqual({ kind: "not-sent", reason: "link-refused" });
    expect(world.seen).toEqual([]);
  });

  it.each<[string, (socket: Socket) => void]>([
    ["says nothing", () => undefined],
    ["closes at once", (socket) => socket.destroy()],
    ["speaks no TLS", (socket) => socket.write("220 ready\r\n")],
  ])("never gets the message where TLS is asked for and it %s", async (_, serve) => {
    const clock = new VirtualClock(0);
    const port = await rawServer(serve);
    expect((await ask({ clock, host: hostAt(clock, port, certificate().certificate) })).kind).toBe("not-sent");
  });
});

describe("what is given up", () => {
  it.each([false, true])("is not delivered later: the line is reset (over TLS: %s)", async (secure) => {
    const clock = new VirtualClock(0);
    const tls = secure ? certificate() : undefined;
    const ends: string[] = [];
    const listen = (socket: Socket) => {
      socket.resume();
      socket.on("error", (error) => ends.push("code" in error ? String(error.code) : error.message));
    };
    const server = tls === undefined ? createServer(listen) : createSecureServer({ cert: tls.certificate, key: tls.key }, listen);
    const port = await opened(server, () => server.close());
    expect(await ask({ clock, host: hostAt(clock, port, tls?.certificate) })).toEqual({ kind: "unknown", reason: "timeout" });
    await quiet();
    expect(ends).toEqual(["ECONNRESET"]);
  });
});

/** A line that does what it is told with every connection. */
async function rawServer(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    serve(socket);
  });
  return opened(server, () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
}

describe("lines that speak otherwise", () => {
  const malformed: HostReply = { kind: "unknown", reason: "host-answer-malformed" };

  it.each<[string, (socket: Socket) => void, HostReply]>([
    ["closing after the first byte", (socket) => socket.once("data", () => socket.destroy()), { kind: "unknown", reason: "link-down" }],
    ["no length of a message", (socket) => socket.once("data", () => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")), malformed],
    ["a length longer than any", (socket) => socket.once("data", () => socket.write(fromHex("ffff00"))), malformed],
    ["half a length", (socket) => socket.once("data", () => socket.end(fromHex("00"))), { kind: "unknown", reason: "link-down" }],
    ["one byte at a time", (socket) => socket.once("data", () => dribble(socket, fromHex("0003a1b2c3"))), { kind: "answered", body: fromHex("a1b2c3") }],
    ["an answer and its end", (socket) => socket.once("data", () => socket.end(fromHex("0003a1b2c3"))), { kind: "answered", body: fromHex("a1b2c3") }],
  ])("%s", async (_, serve, reply) => {
    const clock = new VirtualClock(0);
    expect(await ask({ clock, host: hostAt(clock, await rawServer(serve)) })).toEqual(reply);
  });
});

function dribble(socket: Socket, bytes: Bytes): void {
  let at = 0;
  const timer = setInterval(() => {
    socket.write(bytes.subarray(at, at + 1));
    at += 1;
    if (at === bytes.length) clearInterval(timer);
  }, 2);
}

describe("a site's configuration", () => {
  it("reaches the front with the authorities of its file, and not without", async () => {
    const world = await makeWorld(false);
    const { clock } = world;
    const tls = certificate();
    const port = await tunnel(world.server.port, tls);
    const folder = mkdtempSync(join(tmpdir(), "acquirer-site-"));
    open.push({ close: () => rmSync(folder, { recursive: true, force: true }) });
    const [caFile, certFile, keyFile, empty] = ["ca.pem", "cert.pem", "key.pem", "empty"].map((name) => join(folder, name)) as [string, string, string, string];
    writeFileSync(caFile, tls.certificate);
    writeFileSync(certFile, tls.certificate);
    writeFileSync(keyFile, tls.key);
    writeFileSync(empty, "\n");
    const site: AcquirerSite = { host: "127.0.0.1", port, connectTimeoutMs: 2_000, replyTimeoutMs: 60_000 };
    const kindOf = async (changes: Partial<AcquirerSite>) => {
      const host = await openAcquirerHost({ ...site, ...changes }, { clock });
      open.push({ close: () => host.stop() });
      return (await ask({ clock, host })).kind;
    };
    expect(await kindOf({ tls: { caFile } })).toBe("answered");
    expect(await kindOf({ tls: { caFile, certFile, keyFile } })).toBe("answered");
    expect(await kindOf({ tls: {} })).toBe("not-sent");
    expect(await kindOf({ port: world.server.port })).toBe("answered");
    for (const wrong of [{ caFile: empty }, { caFile: join(folder, "none") }, { caFile, certFile, keyFile: empty }])
      await expect(openAcquirerHost({ ...site, tls: wrong }, { clock })).rejects.toMatchObject({ code: "config-invalid" });
  });
});
