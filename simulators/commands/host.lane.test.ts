/* `host` as a command: a terminal that holds the key file of its folder sends a batch and gets its receipt; the end tells the totals. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { toHex } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { openEmbeddedBroker } from "../host/embedded-broker.ts";
import { openHostMqttLink } from "../host/mqtt-link.ts";
import { systemClock, systemRandomness } from "../host/system.ts";
import { HandTerminal, KID, type Members, provedDebit } from "../host/testing.ts";
import { runHost } from "./host.ts";
import { type Line, Pipe } from "./testing.ts";

const suite = openCipherSuite();
const parts = { suite, clock: systemClock, randomness: systemRandomness };
const AMOUNT_FEN = 450;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ykt-host-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function madeTerminal(): { readonly terminal: HandTerminal; readonly configFile: string } {
  const terminal = new HandTerminal(suite, { tid: "T001", journalId: "a1".repeat(16), scalarHex: "22".repeat(32) });
  const configFile = join(folder, "config.json");
  const config = {
    brokerUrl: "mqtt://127.0.0.1:9",
    ledgerFile: join(folder, "ledger.db"),
    terminals: [{ tid: "T001", publicKeyHex: toHex(terminal.key.publicKey.point), kids: [KID] }],
    keys: { signingScalarHex: "11".repeat(32), dataKeysHex: { [KID]: "0123456789abcdeffedcba9876543210" } },
    faults: { duplicateReceiptProbability: 1 },
  };
  writeFileSync(configFile, JSON.stringify(config));
  return { terminal, configFile };
}

function sale(terminal: HandTerminal): Members[] {
  const intent = terminal.record({ amountFen: AMOUNT_FEN });
  const proved = provedDebit(suite, { amountFen: AMOUNT_FEN, terminalSeq: terminal.seq });
  return [intent, terminal.record({ subject: intent["subject"], state: "done", amountFen: AMOUNT_FEN, ...proved })];
}

async function json(pipe: Pipe, wanted: (line: Line) => boolean): Promise<Line> {
  for (;;) {
    const line = JSON.parse(await pipe.take()) as Line;
    if (wanted(line)) return line;
  }
}

it("books a terminal's batch, obeys faults by options and by lines, and ends with its totals", async () => {
  const { terminal, configFile } = madeTerminal();
  const pipe = new Pipe();
  const ended = runHost({ embedded: true, config: configFile, json: true, fault: "duplicateReceiptProbability=0,dropNextReceipts=1" }, pipe, parts);
  const ready = await json(pipe, (line) => line["event"] === "ready");
  const link = openHostMqttLink({ clock: systemClock, url: String(ready["brokerUrl"]), clientId: "T001", reconnectMs: 50 });
  const receipts: Members[] = [];
  link.subscribe("pos/v1/T001/dn/rcpt", ({ payload }) => void receipts.push(JSON.parse(new TextDecoder().decode(payload)) as Members));
  while (link.state !== "up") await systemClock.sleep(5);
  const batch = terminal.batch(sale(terminal));
  for (let times = 0; times < 100 && receipts.length === 0; times += 1) {
    await link.publish(terminal.topic("txn"), batch.payload, { qos: 1, timeoutMs: 5_000, signal: new AbortController().signal });
    await systemClock.sleep(100);
  }
  expect(receipts[0]).toMatchObject({ upTo: 1, hash: batch.hash });
  pipe.write('{"command":"counters","id":1}', '{"command":"faults","set":{"asleep":true},"id":2}', "no line", '{"command":"drop-connections","id":3}');
  const counters = await json(pipe, (line) => line["id"] === 1);
  expect(counters).toMatchObject({ host: { "receipt-dropped": 1, "batch-committed": 1 } });
  expect(await json(pipe, (line) => line["id"] === 2)).toMatchObject({ ok: false, reason: "unknown switch asleep" });
  expect(pipe.printed.map((line) => JSON.parse(line) as Line)).toContainEqual({ ok: false, reason: "not a JSON object" });
  expect(pipe.printed.map((line) => JSON.parse(line) as Line)).toContainEqual({ reply: "drop-connections", id: 3, ok: true });
  await link.close();
  pipe.end();
  expect(await ended).toBe(0);
  expect(JSON.parse(pipe.printed.at(-1) ?? "")).toMatchObject({ event: "end", byKind: { "quick-payment": { count: 1, fen: AMOUNT_FEN } }, records: 2 });
}, 60_000);

it("fills a folder, prints where the key files are and never what is in them, and keeps its ledger for the next run", async () => {
  const broker = await openEmbeddedBroker();
  const state = join(folder, "state");
  const outputs: string[] = [];
  for (let run = 0; run < 2; run += 1) {
    const pipe = new Pipe();
    const ended = runHost({ broker: broker.url, folder: state, terminal: "T001,T002", "insurer-fault": "2102:late-booking" }, pipe, parts);
    while (!pipe.printed.some((line) => line.startsWith("Ctrl-C"))) await systemClock.sleep(20);
    pipe.write('{"command":"stop"}');
    expect(await ended).toBe(0);
    outputs.push(...pipe.printed, ...pipe.complained);
  }
  await broker.close();
  const all = outputs.join("\n");
  expect(all).toContain(`terminal T002: key file ${join(state, "T002.keys")}`);
  expect(all).toContain("nothing is booked");
  const secrets = ["T001.keys", "T002.keys", "host-keys.json"].flatMap((name) => readFileSync(join(state, name), "utf8").match(/[0-9a-f]{32,}/g) ?? []);
  expect(secrets.length).toBeGreaterThanOrEqual(10);
  expect(secrets.filter((secret) => all.includes(secret))).toEqual([]);
}, 60_000);

it("says what is wrong and ends: a taken port, a configuration that is none, a host that cannot start", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => {
    taken.listen(0, "127.0.0.1", resolve);
  });
  const address = taken.address();
  const port = typeof address === "object" && address !== null ? String(address.port) : "";
  const nothing = join(folder, "nothing.json");
  const empty = join(folder, "empty.json");
  writeFileSync(empty, "{}");
  for (const [values, reason, exitCode] of [
    [{ embedded: true, port }, /the embedded broker cannot listen on 127\.0\.0\.1/, 2],
    [{ embedded: true, config: nothing }, /nothing\.json cannot be read/, 2],
    [{ embedded: true, config: empty }, /configuration refused: terminals are missing[\s\S]*the host ended by itself with 2/, 1],
  ] as const) {
    const pipe = new Pipe();
    expect(await runHost(values, pipe, parts)).toBe(exitCode);
    expect(pipe.complained.join("\n")).toMatch(reason);
  }
  await new Promise<void>((resolve) => {
    taken.close(() => resolve());
  });
}, 60_000);

it("the end of the input also ends the wait for a broker that is not there", async () => {
  const pipe = new Pipe();
  const ended = runHost({ broker: "mqtt://127.0.0.1:9", json: true }, pipe, parts);
  await systemClock.sleep(300);
  pipe.end();
  expect(await ended).toBe(0);
  expect(JSON.parse(pipe.printed.at(-1) ?? "")).toMatchObject({ event: "end", records: 0 });
}, 60_000);
