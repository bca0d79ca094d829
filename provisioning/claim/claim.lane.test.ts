/*
 * A blank machine, a real broker with mutual TLS and bounded topics, the simulated host as a process, and the commands of the terminal as processes:
 * claimed, connected with the new certificate, revoked while connected, decommissioned.
 */
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromHex } from "../../device/base/bytes.ts";
import { SILENT } from "../../device/base/log.ts";
import { loadConfig } from "../../device/config/load.ts";
import type { TerminalConfig } from "../../device/config/schema.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { openMqttLink } from "../../device/sync/mqtt/link.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemRandomness } from "../../device/system/randomness.ts";
import { openFolderStorage } from "../../device/system/storage.ts";
import { type ClaimBroker, HOST_NAME, startClaimBroker } from "../../simulators/broker/claim-mosquitto.ts";
import { makeAuthority, makeCertified, revocationList } from "../../simulators/host/claim/authority.ts";
import { openBook } from "../../simulators/host/claim/book.ts";
import { SimulatorProcess } from "../../simulators/reader/process-client.ts";
import { answered, type Line, LineProcess } from "../../simulators/rounds/line-process.ts";
import { SAM_SLOT, SETTINGS_FILE, type TerminalSettings, USER_SLOT } from "../../simulators/terminal/settings.ts";

const clock = systemClock();
const suite = openCipherSuite();
const folder = mkdtempSync(join(tmpdir(), "yikatong-claim-lane-"));
const configFolder = join(folder, "config");
const claimFile = join(folder, "claim.json");
const ANSWER_MS = 20_000;
const CUT_MS_MAX = 60_000;
const HOST_SCALAR = "11".repeat(32);
let broker: ClaimBroker;
let host: LineProcess;
let desk: SimulatorProcess;
let terminal: LineProcess | undefined;

/** `yikatong` with these words; its exit code and what it said. */
function yikatong(...words: readonly string[]): Promise<{ readonly code: number; readonly said: string; readonly complained: string }> {
  const cli = new URL("../../device/cli.ts", import.meta.url).pathname;
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...words], { timeout: 60_000 }, (error, said, complained) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, said, complained });
    });
  });
}

async function atDesk(set: Line): Promise<Line> {
  const { reply: _reply, ...answer } = answered(await host.ask({ command: "claim", set }, ANSWER_MS), "the host");
  return answer;
}

/** Waits for the world; the test's own time limit bounds it. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await clock.sleep(200);
}

beforeAll(async () => {
  const authority = makeAuthority(systemRandomness(), clock.wallMs());
  const bookFile = join(folder, "claims.json");
  openBook(bookFile, () => ({ authority, signingScalarHex: "44".repeat(32), enrolments: [], tickets: [], sessions: [], revoked: [] }));
  const term = { notBeforeMs: clock.wallMs() - 3_600_000, notAfterMs: clock.wallMs() + 86_400_000 };
  const server = makeCertified(authority, systemRandomness(), { ...term, commonName: "broker", hosts: ["localhost", "127.0.0.1"] });
  const own = makeCertified(authority, systemRandomness(), { ...term, commonName: HOST_NAME });
  const list = revocationList(authority, [], clock.wallMs());
  broker = await startClaimBroker({ authority: authority.certificatePem, certificate: server.pem, key: server.keyPem, revocationList: list }, clock);
  const tls = { caFile: join(folder, "ca.pem"), certFile: join(folder, "host.crt"), keyFile: join(folder, "host.key") };
  writeFileSync(tls.caFile, authority.certificatePem);
  writeFileSync(tls.certFile, own.pem);
  writeFileSync(tls.keyFile, own.keyPem, { mode: 0o600 });
  const hostFile = join(folder, "host.json");
  const claim = {
    file: bookFile,
    revocationFile: broker.revocationFile,
    brokerPidFile: broker.pidFile,
    journalFolder: join(folder, "journal"),
    profile: { limits: { amountPerSaleFen: 100_000, unreceiptedCountMax: 3, unreceiptedSumMaxFen: 5_000_000, unverifiedAmountMaxFen: 100_000 } },
  };
  writeFileSync(
    hostFile,
    JSON.stringify({
      brokerUrl: broker.url,
      clientId: HOST_NAME,
      tls,
      terminals: [],
      keys: { signingScalarHex: HOST_SCALAR, dataKeysHex: {} },
      claim,
      reconnectWindowMs: 0,
    }),
    { mode: 0o600 },
  );
  const module = new URL("../../simulators/host/process.ts", import.meta.url);
  host = new LineProcess({ module, argument: hostFile, logFile: join(folder, "host.log"), compiledFolder: join(folder, "compiled"), clock });
  answered(await host.ready(), "the host");
  desk = await SimulatorProcess.start();
  await desk.request({ do: "open-reader", reader: "desk", socketPath: join(folder, "desk.sock"), slots: 2 });
  await desk.request({ do: "make-psam", name: "module", options: { purseLevel: 2 } });
  await desk.request({ do: "insert", reader: "desk", slot: SAM_SLOT, name: "module" });
  await desk.request({ do: "make-card", name: "card", options: { serial: 4_711, balanceFen: 100_000, algorithm: "3des", interface: "contactless" } });
  await desk.request({ do: "insert", reader: "desk", slot: USER_SLOT, name: "card" });
}, 60_000);

afterAll(async () => {
  await terminal?.kill();
  await host?.kill();
  await desk?.stop();
  await broker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function configuration(): Promise<TerminalConfig> {
  const loaded = await loadConfig({ storage: await openFolderStorage(configFolder), suite, log: SILENT });
  if (loaded.kind !== "ready") throw new Error("the claim has left no configuration");
  return loaded.config;
}

/** The claimed terminal as a process: its own journal, line and keys, with the simulated desk as readers. */
async function startTerminal(): Promise<LineProcess> {
  const settings: TerminalSettings = { config: await configuration(), deskSocket: join(folder, "desk.sock"), sync: { heartbeatMs: 500 } };
  writeFileSync(join(configFolder, SETTINGS_FILE), JSON.stringify(settings), { mode: 0o600 });
  const module = new URL("../../simulators/terminal/process.ts", import.meta.url);
  terminal = new LineProcess({ module, argument: configFolder, logFile: join(folder, "terminal.log"), compiledFolder: join(folder, "compiled"), clock });
  answered(await terminal.ready(), "the terminal");
  return terminal;
}

async function status(running: LineProcess): Promise<Line> {
  return answered(await running.ask({ do: "status" }, ANSWER_MS), "the terminal");
}

describe("a machine from its first start to its end", () => {
  test("is refused without a place on the list, then claimed over the claim's credentials, which are gone afterwards", async () => {
    expect((await yikatong("claim", "--once", "--config", configFolder, "--claim", claimFile)).complained).toContain("not-claimed");
    expect(await atDesk({ act: "file", serial: "YKT-1" })).toMatchObject({ ok: false });
    await atDesk({ act: "enrol", serial: "YKT-1", tid: "T-1", merchant: "M-7", site: "S-3" });
    await atDesk({ act: "enrol", serial: "YKT-1", tid: "T-1", approved: false });
    const { file } = await atDesk({ act: "file", serial: "YKT-1", facts: ["machine-id"] });
    writeFileSync(claimFile, JSON.stringify(file), { mode: 0o600 });
    const waiting = await yikatong("claim", "--once", "--json", "--config", configFolder, "--claim", claimFile);
    expect(waiting).toMatchObject({ code: 3, said: `${JSON.stringify({ kind: "unfinished", at: "requesting", reason: "waiting-for-approval" })}\n` });
    await atDesk({ act: "enrol", serial: "YKT-1", tid: "T-1", approved: true });
    const claimed = await yikatong("claim", "--once", "--json", "--config", configFolder, "--claim", claimFile);
    expect(claimed, claimed.complained).toMatchObject({ code: 0, said: `${JSON.stringify({ kind: "claimed", tid: "T-1", confirmed: true })}\n` });
    expect(existsSync(claimFile)).toBe(false);
    expect(statSync(join(configFolder, "terminal.keys")).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "identity", "link.pem")).mode & 0o777).toBe(0o600);
    expect((await yikatong("config", "check", "--config", configFolder)).said).toContain("terminal T-1 is valid");
    // The host's process may be killed and started anew: what it knows stands in its book.
    expect(await atDesk({ act: "list" })).toMatchObject({ claims: [{ tid: "T-1", at: "closed" }], enrolments: [{ merchant: "M-7", site: "S-3" }] });
  }, 90_000);

  test("its certificate reaches its own topics and nobody else's", async () => {
    const { link } = await configuration();
    const tls = { caFile: link.tls?.caFile ?? "", certificateFile: link.tls?.certFile ?? "", keyFile: link.tls?.keyFile ?? "" };
    const own = openMqttLink({
      host: "localhost",
      port: Number(new URL(link.url).port),
      clientId: "T-1-look",
      protocol: "5",
      tls,
      clock,
      randomness: systemRandomness(),
      log: SILENT,
    });
    await until(() => Promise.resolve(own.state === "up"));
    const limits = { qos: 1 as const, timeoutMs: 5_000, signal: new AbortController().signal };
    await expect(own.publish("pos/v1/T-2/up/hb", fromHex("00"), limits)).rejects.toMatchObject({ code: "link-not-allowed" });
    await expect(own.publish("pos/v1/boot/claim-1/up", fromHex("00"), limits)).rejects.toMatchObject({ code: "link-not-allowed" });
    await own.publish("pos/v1/T-1/up/hb", fromHex("00"), limits);
    await own.close();
  }, 30_000);

  test("its certificate and its data key change at the host's order: the new ones are tried on a line of their own before the old ones go", async () => {
    const linkFile = join(folder, "identity", "link.pem");
    const before = readFileSync(linkFile, "utf8");
    expect(JSON.parse((await yikatong("keys", "care", "--json", "--config", configFolder)).said)).toEqual({ certificate: "kept", keysChanged: false });
    await atDesk({ act: "order", tid: "T-1", what: "certificate" });
    await atDesk({ act: "order", tid: "T-1", what: "data-key" });
    const changed = await yikatong("keys", "care", "--json", "--config", configFolder);
    expect(changed.said, changed.complained).toBe(`${JSON.stringify({ certificate: "renewed", keysChanged: true })}\n`);
    expect(readFileSync(linkFile, "utf8")).not.toBe(before);
    expect((await configuration()).sync.kid).toMatch(/-2$/);
    expect(JSON.parse((await yikatong("keys", "care", "--json", "--config", configFolder)).said)).toEqual({ certificate: "kept", keysChanged: false });
  }, 90_000);

  test("sells, is receipted; revoked, its open connection ends within a minute, it keeps away from the broker and sells within its limits", async () => {
    const running = await startTerminal();
    await until(async () => (await status(running))["hostPresent"] === true);
    const sale = (reference: string) => running.ask({ do: "quick-payment", reference, amountFen: 100, timeoutMs: 10_000 }, ANSWER_MS);
    expect(await sale("first")).toMatchObject({ kind: "paid" });
    await until(async () => {
      const { lastSeq, receiptedThrough } = await status(running);
      return Number(lastSeq) > 0 && lastSeq === receiptedThrough;
    });
    const revokedAtMs = clock.monotonicMs();
    expect(await atDesk({ act: "revoke", tid: "T-1" })).toMatchObject({ ok: true });
    await until(async () => (await status(running))["linkUp"] === false);
    const cutMs = Math.round(clock.monotonicMs() - revokedAtMs);
    process.stdout.write(`revoked: the open connection ended after ${cutMs} ms\n`);
    expect(cutMs).toBeLessThan(CUT_MS_MAX);
    // It comes back at most after the pause of those who are refused: nothing for the next seconds.
    for (let look = 0; look < 15; look += 1) {
      expect(await status(running)).toMatchObject({ linkUp: false });
      await clock.sleep(200);
    }
    expect(readFileSync(join(folder, "terminal.log"), "utf8")).toMatch(/"failure":"refused"/);
    const outcomes = [await sale("offline-1"), await sale("offline-2"), await sale("offline-3"), await sale("offline-4")];
    const kinds = outcomes.map((outcome) => outcome?.["kind"]);
    expect(kinds[0]).toBe("paid");
    expect(kinds.at(-1)).toBe("refused");
    await running.kill();
    terminal = undefined;
  }, 150_000);

  test("a copy of its folders that says other facts does not start", async () => {
    const identityFile = join(folder, "identity", "identity.json");
    const before = readFileSync(identityFile, "utf8");
    writeFileSync(identityFile, before.replace(/"machine-id":"[0-9a-f]{64}"/, `"machine-id":"${"0".repeat(64)}"`));
    const child = spawn(process.execPath, [new URL("../../device/cli.ts", import.meta.url).pathname, "run", "--config", configFolder], {
      stdio: ["pipe", "ignore", "pipe"],
    });
    let complained = "";
    child.stderr.on("data", (chunk: Buffer) => {
      complained += chunk.toString();
    });
    const code = await new Promise((resolve) => child.once("exit", resolve));
    expect(code).not.toBe(0);
    expect(complained).toContain("cloned-disk");
    writeFileSync(identityFile, before);
  }, 30_000);

  test("ends only with its records safe; then nothing starts and no key is left", async () => {
    const refused = await yikatong("decommission", "--json", "--config", configFolder);
    expect(refused).toMatchObject({ code: 3 });
    expect(JSON.parse(refused.said)).toMatchObject({ kind: "refused", reason: "records-here-alone" });
    const through = String((JSON.parse(refused.said) as { rest: { lastSeq: number } }).rest.lastSeq);
    const ended = await yikatong("decommission", "--json", "--without-host", "--exported-through", through, "--config", configFolder);
    expect(ended, ended.complained).toMatchObject({ code: 0, said: `${JSON.stringify({ kind: "over", tid: "T-1", hostTold: false })}\n` });
    expect(existsSync(join(configFolder, "terminal.keys"))).toBe(false);
    expect(existsSync(join(folder, "identity", "link.pem"))).toBe(false);
    expect((await yikatong("run", "--config", configFolder)).complained).toContain("decommissioned");
  }, 150_000);
});
