/* Documents over a real broker with mutual TLS, into a real folder; the broker is killed while a long one is on its way. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { startMosquitto } from "../../../simulators/broker/mosquitto.ts";
import { Ledger } from "../../../simulators/host/ledger.ts";
import { openHostMqttLink } from "../../../simulators/host/mqtt-link.ts";
import { hostKeys, openSettlementHost } from "../../../simulators/host/settlement.ts";
import { systemClock, systemRandomness } from "../../../simulators/host/system.ts";
import { testDebitOracle } from "../../../simulators/host/tac-oracle.ts";
import { toHex, utf8 } from "../../base/bytes.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { openFolderStorage } from "../../system/storage.ts";
import { openInlineSealer } from "../batch/seal-inline.ts";
import { openMqttLink } from "../mqtt/link.ts";
import { openSync } from "../sync.ts";
import { DATA_KEY, HOST_SCALAR, KEYS, KID, listeningLog, MemoryJournal, suite, TID, terminalKey } from "../testing.ts";
import { MemoryTaker, REGION } from "./testing.ts";

const WAIT_MS = 60_000;
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function until(what: () => boolean): Promise<void> {
  const endMs = systemClock.monotonicMs() + WAIT_MS;
  while (!what() && systemClock.monotonicMs() < endMs) await systemClock.sleep(20);
  expect(what()).toBe(true);
}

it("a long list and a short permission arrive whole, past a broker that dies", { timeout: 4 * WAIT_MS }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "documents-"));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const mosquitto = await startMosquitto([TID]);
  cleanups.push(() => mosquitto.stop());
  const pem = async (name: string) => {
    const { caFile, certificateFile, keyFile } = mosquitto.certificateOf(name);
    const [ca, cert, key] = await Promise.all([caFile, certificateFile, keyFile].map((file) => readFile(file, "utf8")));
    return { ca: ca ?? "", cert: cert ?? "", key: key ?? "" };
  };
  const hostLink = openHostMqttLink({
    clock: systemClock,
    url: `mqtts://localhost:${mosquitto.port}`,
    clientId: mosquitto.hostName,
    tls: await pem(mosquitto.hostName),
    reconnectMs: 100,
  });
  cleanups.push(() => hostLink.close());
  const ledger = Ledger.open(":memory:");
  const host = openSettlementHost({
    clock: systemClock,
    randomness: systemRandomness,
    suite,
    keys: hostKeys(suite, { signingScalarHex: toHex(HOST_SCALAR), dataKeysHex: { [KID]: toHex(DATA_KEY) } }),
    ledger,
    terminals: [{ tid: TID, publicKey: terminalKey.publicKey, kids: [KID] }],
    link: hostLink,
    debitOracle: testDebitOracle(suite, DEFAULT_CARD_PROFILE),
    reconnectWindowMs: 100,
    documentsPerSecond: 40,
  });
  cleanups.push(() => {
    host.stop();
    ledger.close();
  });
  const { log } = listeningLog();
  const clock = systemClock;
  const randomness = systemRandomness;
  const link = openMqttLink({
    host: "localhost",
    port: mosquitto.port,
    clientId: TID,
    protocol: "5",
    clock,
    randomness,
    log,
    tls: mosquitto.certificateOf(TID),
  });
  link.setReconnectWindow(100);
  cleanups.push(() => link.close());
  const takers = [new MemoryTaker("list/city"), new MemoryTaker("lease")];
  const sync = openSync({
    journal: new MemoryJournal(),
    link,
    clock,
    randomness,
    suite,
    keys: KEYS,
    sealer: openInlineSealer(suite, KEYS),
    log,
    options: { heartbeatMs: 1_000 },
    downlink: { storage: await openFolderStorage(folder), region: REGION, options: { againMs: 500 } },
  });
  for (const taker of takers) sync.downlink?.register(taker);
  await sync.start();
  cleanups.push(() => sync.stop());
  const body = new Uint8Array(randomBytes(40 * 32_768));
  host.documents.publish({ to: { region: REGION }, stream: "list/city", body });
  await until(() => (sync.status().documents?.streams[0]?.missing ?? 40) < 35 && takers[0]?.newest === 0);
  await mosquitto.kill();
  await mosquitto.restart();
  host.documents.publish({ to: { tid: TID }, stream: "lease", body: utf8("{}") });
  await until(() => takers.every(({ newest }) => newest === 1));
  expect(toHex(takers[0]?.taken[0]?.body ?? new Uint8Array(0))).toBe(toHex(body));
  await until(() => sync.status().documents?.streams.every(({ taking }) => taking === undefined) === true);
  // Parts are removed beside everything else.
  const parts = async () => (await readdir(folder)).filter((name) => name.startsWith("part."));
  for (let look = 0; look < 200 && (await parts()).length > 0; look += 1) await systemClock.sleep(50);
  expect((await readdir(folder)).sort()).toEqual(["head.lease", "head.list.city"]);
});
