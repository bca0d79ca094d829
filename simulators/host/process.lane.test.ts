/* The host as its own process behind a real broker: killed at random moments, started again, and asked what it has. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { concat, toHex, u16be } from "../../device/base/bytes.ts";
import type { MessageLink } from "../../device/base/ports.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { type Mosquitto, startMosquitto } from "../broker/mosquitto.ts";
import { HandBank, PAN } from "./acquirer/testing.ts";
import { type EmbeddedBroker, openEmbeddedBroker } from "./embedded-broker.ts";
import { openHostMqttLink } from "./mqtt-link.ts";
import { systemClock } from "./system.ts";
import { HandTerminal, KID, type MadeBatch, type Members, provedDebit } from "./testing.ts";

const suite = openCipherSuite();
const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

class HostProcess {
  readonly #child: ChildProcess;
  readonly #lines: Members[] = [];
  #wake: () => void = () => undefined;

  constructor(configFile: string) {
    this.#child = spawn(process.execPath, [fileURLToPath(new URL("./process.ts", import.meta.url)), configFile], { stdio: ["pipe", "pipe", "ignore"] });
    if (this.#child.stdout === null) throw new Error("standard output is a pipe");
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.#lines.push(JSON.parse(line) as Members);
      this.#wake();
    });
  }

  /** The next line that `wanted` accepts; others are dropped. */
  async line(wanted: (line: Members) => boolean): Promise<Members> {
    for (;;) {
      const line = this.#lines.shift();
      if (line === undefined)
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      else if (wanted(line)) return line;
    }
  }

  ready(): Promise<Members> {
    return this.line((line) => line["event"] === "ready");
  }

  async ask(command: Members): Promise<Members> {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
    return this.line((line) => line["reply"] === command["command"]);
  }

  ended(): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return Promise.resolve(this.#child.exitCode);
    return new Promise((resolve) => {
      this.#child.once("exit", (code) => resolve(code));
    });
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended();
  }
}

/** How one client reaches a broker. */
interface Access {
  readonly url: string;
  readonly tls?: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };
}

interface Broker {
  readonly host: Access;
  readonly terminal: Access;
  close(): Promise<void>;
}

interface Stand {
  readonly terminal: HandTerminal;
  readonly link: MessageLink;
  readonly configFile: string;
  /** Receipts in the order of arrival. */
  readonly receipts: Members[];
  start(): HostProcess;
}

function embedded(broker: EmbeddedBroker): Broker {
  return { host: { url: broker.url }, terminal: { url: broker.url }, close: () => broker.close() };
}

function mutualTls(broker: Mosquitto): Broker {
  const access = (name: string): Access => {
    const { caFile, certificateFile, keyFile } = broker.certificateOf(name);
    return { url: `mqtts://${broker.host}:${broker.port}`, tls: { caFile, certFile: certificateFile, keyFile } };
  };
  return { host: access(broker.hostName), terminal: access("T001"), close: () => broker.stop() };
}

function linkTo({ url, tls }: Access): MessageLink {
  const files =
    tls === undefined
      ? {}
      : { tls: { ca: readFileSync(tls.caFile, "utf8"), cert: readFileSync(tls.certFile, "utf8"), key: readFileSync(tls.keyFile, "utf8") } };
  return openHostMqttLink({ clock: systemClock, url, clientId: "T001", reconnectMs: 50, ...files });
}

async function openStand(broker: Broker, members: Members = {}): Promise<Stand> {
  const folder = mkdtempSync(join(tmpdir(), "yikatong-host-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  cleanups.push(() => broker.close());
  const terminal = new HandTerminal(suite, { tid: "T001", journalId: "a1".repeat(16), scalarHex: "22".repeat(32) });
  const configFile = join(folder, "host.json");
  writeFileSync(
    join(folder, "terminals.json"),
    JSON.stringify({ terminals: [{ tid: "T001", publicKeyHex: toHex(terminal.key.publicKey.point), kids: [KID] }] }),
  );
  writeFileSync(
    configFile,
    JSON.stringify({
      brokerUrl: broker.host.url,
      tls: broker.host.tls,
      ledgerFile: join(folder, "ledger.db"),
      insurerFile: join(folder, "insurer.db"),
      terminalsFile: join(folder, "terminals.json"),
      keys: { signingScalarHex: "11".repeat(32), dataKeysHex: { [KID]: "0123456789abcdeffedcba9876543210" } },
      ...members,
    }),
  );
  const link = linkTo(broker.terminal);
  cleanups.push(() => link.close());
  const receipts: Members[] = [];
  link.subscribe("pos/v1/T001/dn/rcpt", ({ payload }) => {
    receipts.push(JSON.parse(new TextDecoder().decode(payload)) as Members);
  });
  await waitFor(() => link.state === "up");
  const start = () => {
    const host = new HostProcess(configFile);
    cleanups.push(() => host.kill());
    return host;
  };
  return { terminal, link, configFile, receipts, start };
}

/** Waits for the world; the test's own time limit bounds it. */
async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await systemClock.sleep(5);
}

function sale(terminal: HandTerminal): Members[] {
  const intent = terminal.record({});
  return [intent, terminal.record({ subject: intent["subject"], state: "done", ...provedDebit(suite, { amountFen: 450, terminalSeq: terminal.seq }) })];
}

async function upload(stand: Stand, batch: MadeBatch): Promise<void> {
  if (stand.link.state === "down") return;
  await stand.link
    .publish(stand.terminal.topic("txn"), batch.payload, { qos: 1, timeoutMs: 5_000, signal: new AbortController().signal })
    .catch(() => undefined);
}

function upTo(stand: Stand): number {
  return Math.max(0, ...stand.receipts.map((receipt) => Number(receipt["upTo"])));
}

/** Sends from what was receipted until everything is. */
async function drain(stand: Stand, batches: readonly MadeBatch[]): Promise<void> {
  while (upTo(stand) < batches.length) {
    const seen = stand.receipts.length;
    for (const batch of batches.slice(upTo(stand), upTo(stand) + 4)) await upload(stand, batch);
    const deadlineMs = systemClock.monotonicMs() + 300;
    await waitFor(() => stand.receipts.length > seen || systemClock.monotonicMs() > deadlineMs);
  }
}

test("a process that is killed at random moments has booked everything once in the end, and what it receipted it still has", async () => {
  const stand = await openStand(embedded(await openEmbeddedBroker()));
  const batches = Array.from({ length: 400 }, () => stand.terminal.batch(sale(stand.terminal)));
  let host = stand.start();
  await host.ready();
  const draining = drain(stand, batches);
  for (const pauseMs of [20, 60, 35, 90]) {
    await systemClock.sleep(pauseMs);
    expect(upTo(stand)).toBeLessThan(batches.length);
    await host.kill();
    host = stand.start();
    await host.ready();
  }
  await draining;
  expect(await host.ask({ command: "totals" })).toMatchObject({
    ok: true,
    byKind: { "quick-payment": { count: 400, fen: 180_000 } },
    unknown: 0,
    rejects: 0,
    quarantined: 0,
    records: 800,
  });
  expect(stand.receipts.every((receipt) => receipt["hash"] === batches[Number(receipt["upTo"]) - 1]?.hash)).toBe(true);
  expect(await host.ask({ command: "stop" })).toMatchObject({ ok: true });
  expect(await host.ended()).toBe(0);
}, 60_000);

test("a running process takes fault switches, answers questions and stops", async () => {
  const stand = await openStand(embedded(await openEmbeddedBroker()));
  const host = stand.start();
  await host.ready();
  expect(await host.ask({ command: "faults", set: { dropNextReceipts: 1 }, id: 7 })).toMatchObject({ ok: true, id: 7, faults: { dropNextReceipts: 1 } });
  expect(await host.ask({ command: "faults", set: { dropAll: true } })).toMatchObject({ ok: false, reason: "unknown switch dropAll" });
  expect(await host.ask({ command: "insurer-fault", set: { infno: "2102", fault: "late-booking", lateMs: 10 } })).toMatchObject({ ok: true });
  expect(await host.ask({ command: "dance" })).toMatchObject({ ok: false });
  const batch = stand.terminal.batch(sale(stand.terminal));
  await upload(stand, batch);
  await systemClock.sleep(100);
  expect(stand.receipts).toEqual([]);
  await upload(stand, batch);
  await waitFor(() => stand.receipts.length === 1);
  expect(await host.ask({ command: "counters" })).toMatchObject({ host: { "batch-committed": 1, "batch-repeated": 1, "receipt-dropped": 1 } });
  expect(await host.ask({ command: "stop" })).toMatchObject({ ok: true });
  expect(await host.ended()).toBe(0);
}, 30_000);

/** One call to a gateway; rejects where the line breaks. */
function post(url: string, infno: string): Promise<string> {
  const timestamp = String(systemClock.wallMs());
  const nonce = timestamp;
  const signature = createHash("sha256").update(`${timestamp}token${nonce}${timestamp}`).digest("hex");
  const signed = { "x-tif-paasid": "shop", "x-tif-timestamp": timestamp, "x-tif-nonce": nonce, "x-tif-signature": signature };
  return new Promise((resolve, reject) => {
    const options = { method: "POST", headers: { "content-type": "application/json", ...signed }, agent: false, rejectUnauthorized: false };
    const call = httpsRequest(url, options, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => resolve(Buffer.concat(parts).toString()));
    });
    call.on("error", reject);
    call.end(JSON.stringify({ infno }));
  });
}

test("the insurer behind a gateway of the process, in its region's form, with acts and faults by command", async () => {
  const gateway = { paasid: "shop", token: "token", tls: true };
  const stand = await openStand(embedded(await openEmbeddedBroker()), { gateway, insurerVariants: { infcode: "text" } });
  const host = stand.start();
  const { url } = await host.line((line) => line["event"] === "gateway");
  await host.ready();
  expect(JSON.parse(await post(String(url), "2102"))).toMatchObject({ infcode: "-2", err_msg: "2102: msgid is missing or malformed" });
  expect(await host.ask({ command: "gateway-fault", set: { fault: "reset-before" } })).toMatchObject({ ok: true });
  await expect(post(String(url), "2102")).rejects.toThrow();
  expect(await host.ask({ command: "gateway-fault", set: { fault: "dance" } })).toMatchObject({ ok: false });
  expect(await host.ask({ command: "insurer-act", set: { act: "issue-e-code", person: "53010000000000000001" } })).toMatchObject({ ok: true });
  expect(await host.ask({ command: "insurer-act", set: { act: "void", settlement: "S1" } })).toMatchObject({ ok: false });
  expect(await host.ask({ command: "stop" })).toMatchObject({ ok: true });
  expect(await host.ended()).toBe(0);
}, 30_000);

/** One frame to the acquirer's port, and the frame that comes back; rejects where the line breaks. */
function frameTo(port: number, body: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(concat(u16be(body.length), body)));
    socket.once("data", (frame: Buffer) => {
      socket.destroy();
      resolve(Uint8Array.from(frame.subarray(2)));
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the line broke")));
  });
}

test("the acquirer on a port of the process, with acts, faults of its own and of its line by command", async () => {
  const stand = await openStand(embedded(await openEmbeddedBroker()), { acquirer: { port: 0 } });
  const host = stand.start();
  const { port } = await host.line((line) => line["event"] === "acquirer");
  await host.ready();
  const bank = new HandBank();
  const signIn = bank.bytes("0800", { 11: "000001", 60: "00000001003" });
  expect(toHex(await frameTo(Number(port), signIn))).toMatch(/^6000000003[0-9]{12}0810/);
  expect(await host.ask({ command: "acquirer-line-fault", set: { fault: "reset-before" } })).toMatchObject({ ok: true });
  await expect(frameTo(Number(port), signIn)).rejects.toThrow();
  expect(await host.ask({ command: "acquirer-fault", set: { of: "0800", fault: "decline", code: "96" } })).toMatchObject({ ok: true });
  await frameTo(Number(port), signIn);
  expect(await host.ask({ command: "acquirer-fault", set: { of: "0800", fault: "dance" } })).toMatchObject({ ok: false });
  expect(await host.ask({ command: "acquirer-act", set: { act: "set-status", account: PAN, status: "lost" } })).toMatchObject({ ok: true });
  expect(await host.ask({ command: "counters" })).toMatchObject({ acquirer: { "0800/ 00": 1 } });
  expect(await host.ask({ command: "clear-faults" })).toMatchObject({ ok: true });
});

test("the agency of the process, with acts, faults and its variants by command, and books that outlive a kill", async () => {
  const folder = mkdtempSync(join(tmpdir(), "agency-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const agency = { file: join(folder, "agency.db"), variants: { lapseRule: "2-working-days" } };
  const stand = await openStand(embedded(await openEmbeddedBroker()), { agency });
  const first = stand.start();
  await first.ready();
  const act = (set: Members) => ({ command: "agency-act", set });
  const { card } = await first.ask(act({ act: "enrol", serial: 77 }));
  expect(await first.ask(act({ act: "bill", card, bill: "X-77", amountFen: 5_000 }))).toMatchObject({ ok: true });
  expect(await first.ask(act({ act: "pay-elsewhere", bill: "X-77" }))).toMatchObject({ ok: true, receiptNumber: "W000000000001" });
  expect(await first.ask(act({ act: "order-block", card }))).toMatchObject({ ok: true });
  expect(await first.ask(act({ act: "publish-losses", region: "990100" }))).toMatchObject({ ok: true, published: true });
  expect(await first.ask({ command: "documents" })).toMatchObject({ documents: [{ region: "990100", stream: "list/city", sequence: 1 }] });
  expect(await first.ask({ command: "agency-fault", set: { service: "activate", fault: "late" } })).toMatchObject({ ok: true });
  expect(await first.ask({ command: "agency-fault", set: { service: "activate", fault: "dance" } })).toMatchObject({ ok: false });
  expect(await first.ask({ command: "clear-faults" })).toMatchObject({ ok: true });
  await first.kill();
  const second = stand.start();
  await second.ready();
  expect(await second.ask({ command: "totals" })).toMatchObject({ agency: { paid: 1, paidFen: 5_000 } });
  expect(await second.ask({ command: "stop" })).toMatchObject({ ok: true });
  expect(await second.ended()).toBe(0);
}, 30_000);

test("the host finds its way back after the broker dropped every connection", async () => {
  const broker = await openEmbeddedBroker();
  const stand = await openStand(embedded(broker));
  const host = stand.start();
  await host.ready();
  broker.dropConnections();
  await host.line((line) => line["event"] === "down");
  await host.line((line) => line["event"] === "up");
  await waitFor(() => stand.link.state === "up");
  const batch = stand.terminal.batch(sale(stand.terminal));
  while (stand.receipts.length === 0) {
    await upload(stand, batch);
    await systemClock.sleep(50);
  }
  expect(stand.receipts[0]).toMatchObject({ upTo: 1, hash: batch.hash });
}, 30_000);

test("over mosquitto with mutual TLS, with the broker killed in between", async () => {
  const broker = await startMosquitto(["T001"]);
  const stand = await openStand(mutualTls(broker));
  const host = stand.start();
  await host.ready();
  const batches = Array.from({ length: 200 }, () => stand.terminal.batch(sale(stand.terminal)));
  const draining = drain(stand, batches);
  for (const pauseMs of [40, 80]) {
    await systemClock.sleep(pauseMs);
    await broker.kill();
    await broker.restart();
  }
  await draining;
  expect(await host.ask({ command: "totals" })).toMatchObject({ byKind: { "quick-payment": { count: 200, fen: 90_000 } }, rejects: 0, quarantined: 0 });
}, 60_000);
