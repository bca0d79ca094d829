/*
 * One real terminal with two lanes, as a machine at a gate runs it: SQLite journal on disk, sealing worker, broker over TCP, a settlement host that
 * receipts. Its devices are in-process and answer at once, so that the taps come as fast as the terminal takes them.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert } from "../../device/base/assert.ts";
import { fromHex, toHex, utf8 } from "../../device/base/bytes.ts";
import { SILENT } from "../../device/base/log.ts";
import type { Clock } from "../../device/base/ports.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { loadDeviceKeys } from "../../device/config/keys.ts";
import { parseTerminalConfig, type TerminalConfig } from "../../device/config/schema.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { type LaneHardware, openDevice } from "../../device/main.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemRandomness } from "../../device/system/randomness.ts";
import type { Terminal } from "../../device/terminal.ts";
import type { LaneEvent } from "../../device/txn/gate/lane.ts";
import { SimulatedGate } from "../../simulators/gate/in-process.ts";
import { openEmbeddedBroker } from "../../simulators/host/embedded-broker.ts";
import { Ledger } from "../../simulators/host/ledger.ts";
import { openHostMqttLink } from "../../simulators/host/mqtt-link.ts";
import { hostKeys, openSettlementHost } from "../../simulators/host/settlement.ts";
import { testDebitOracle } from "../../simulators/host/tac-oracle.ts";
import { ScriptedHolder } from "../../simulators/pinpad/holder.ts";
import { SimulatedPinVerifier } from "../../simulators/pinpad/pin-verifier.ts";
import { makeTestPsam } from "../../simulators/psam/make.ts";
import { makeSamReader, SimulatedReader } from "../../simulators/reader/in-process.ts";
import { CalendarClock } from "../../simulators/terminal/calendar-clock.ts";
import { simulatedLaneConfig } from "../../simulators/terminal/lane-config.ts";

const TERMINAL_ID = "memory-1";
const KID = "data-1";
/** Published test keys: worth nothing anywhere else. */
const DATA_KEY_HEX = "0123456789abcdeffedcba9876543210";
const STORAGE_KEY_HEX = "00112233445566778899aabbccddeeff";
const HOST_SCALAR_HEX = "11".repeat(32);
const TERMINAL_SCALAR_HEX = "22".repeat(32);
const JOURNAL_BYTES = 64 * 1024 ** 3;
/** Shorter than the time after which one of the cards comes back. */
const SAME_CARD_WINDOW_MS = 300;
/** Compiled files lie one folder deeper than their sources; data lies with the sources. */
const FARES = new URL(`${import.meta.url.includes("/dist/") ? "../../../" : "../../"}device/txn/fares/tables/example-metro.json`, import.meta.url);
/** City of the example's fare table. */
const CITY = "3610";

export interface MemoryLane {
  readonly name: string;
  readonly reader: SimulatedReader;
  readonly gate: SimulatedGate;
}

export interface MemoryPlace {
  readonly terminal: Terminal;
  readonly entry: MemoryLane;
  readonly exit: MemoryLane;
  readonly journalFolder: string;
  /** The calendar moves on; nobody waits. */
  readonly letPass: (durationMs: number) => void;
  close(): Promise<void>;
}

function openLane(name: string): MemoryLane {
  const clock = systemClock();
  const reader = new SimulatedReader({ name, interface: "contactless", clock, timing: () => 0, powerUpMs: 0 });
  return { name, reader, gate: new SimulatedGate({ name, clock, walker: { walk: "passes", afterMs: 0 } }) };
}

/** Each lane has a module of its own, with a number of its own. */
function hardware(suite: CipherSuite, { reader, gate }: MemoryLane, number: number): LaneHardware {
  const psam = makeTestPsam(suite, { terminalNumber: `99010000000${number}` });
  return { reader, gate, samReader: makeSamReader(psam, { name: `module ${number}`, clock: systemClock(), timing: () => 0, powerUpMs: 0 }) };
}

function configOf(journalFolder: string, brokerUrl: string): TerminalConfig {
  const parsed = parseTerminalConfig({
    terminalId: TERMINAL_ID,
    regionCode: "990100",
    profile: "test",
    institution: { code: "P99010000001", name: "测试", areaCode: "530102", serialLane: "1" },
    limits: { amountPerSaleFen: 100_000, unreceiptedCountMax: 10_000, unreceiptedSumMaxFen: 100_000_000, unverifiedAmountMaxFen: 100_000 },
    medical: {
      receiverSystem: "TEST",
      queryTimeoutMs: 3_000,
      settleTimeoutMs: 2_000,
      lateMarginMs: 500,
      reconciliation: { daily: false, at: "00:00", graceMs: 0 },
    },
    gate: {
      city: CITY,
      acquirer: CITY.padStart(16, "0"),
      fareTables: [fileURLToPath(FARES)],
      // A gate remembers a card for the longer of the two.
      policy: { sameCardWindowMs: SAME_CARD_WINDOW_MS, returnTimeoutMs: SAME_CARD_WINDOW_MS },
      lanes: [simulatedLaneConfig("in", "entry", "00010001"), simulatedLaneConfig("out", "exit", "00010007")],
    },
    readers: { user: { interface: "contactless", nameIncludes: ["counter"] }, sam: { interface: "sam", nameIncludes: ["counter"] } },
    link: { url: brokerUrl },
    sync: { kid: KID },
    journal: { folder: journalFolder, limitBytes: JOURNAL_BYTES },
  });
  assert(parsed.ok, parsed.ok ? "" : `the configuration is valid: ${parsed.problems.join("; ")}`);
  return parsed.config;
}

function terminalKeys(suite: CipherSuite) {
  const hostPoint = toHex(suite.sm2PrivateKey(fromHex(HOST_SCALAR_HEX)).publicKey.point);
  const file = `signing-scalar=${TERMINAL_SCALAR_HEX}\nhost-public-key=${hostPoint}\ndata-key=${DATA_KEY_HEX}\nstorage-key=${STORAGE_KEY_HEX}\n`;
  return loadDeviceKeys(utf8(file), { suite, profile: "test" });
}

async function openHost(suite: CipherSuite, folder: string, clock: Clock) {
  const broker = await openEmbeddedBroker();
  const ledger = Ledger.open(join(folder, "settlement-host.sqlite"));
  const link = openHostMqttLink({ clock, url: broker.url, clientId: "settlement-host" });
  const host = openSettlementHost({
    clock,
    randomness: systemRandomness(),
    suite,
    ledger,
    link,
    log: SILENT,
    keys: hostKeys(suite, { signingScalarHex: HOST_SCALAR_HEX, dataKeysHex: { [KID]: DATA_KEY_HEX } }),
    terminals: [{ tid: TERMINAL_ID, publicKey: suite.sm2PrivateKey(fromHex(TERMINAL_SCALAR_HEX)).publicKey, kids: [KID] }],
    debitOracle: testDebitOracle(suite, DEFAULT_CARD_PROFILE),
  });
  const close = async () => {
    host.stop();
    await link.close();
    ledger.close();
    await broker.close();
  };
  return { url: broker.url, close };
}

/** `hear` is told what happens at each lane. */
export async function openMemoryPlace(suite: CipherSuite, folder: string, hear: (lane: string, event: LaneEvent) => void): Promise<MemoryPlace> {
  const clock = new CalendarClock();
  const host = await openHost(suite, folder, clock);
  const [entry, exit] = [openLane("in"), openLane("out")];
  const journalFolder = join(folder, "journal");
  const terminal = await openDevice({
    config: configOf(journalFolder, host.url),
    clock,
    ...terminalKeys(suite),
    suite,
    log: SILENT,
    userReader: new SimulatedReader({ name: "counter", interface: "contactless", clock }),
    samReader: makeSamReader(makeTestPsam(suite), { name: "module", clock }),
    lanes: [hardware(suite, entry, 2), hardware(suite, exit, 3)],
    onLaneEvent: hear,
    pinVerifier: new SimulatedPinVerifier({ clock, holder: new ScriptedHolder([{ kind: "cancels" }]) }),
  });
  const close = async () => {
    await terminal.stop();
    await host.close();
  };
  return { terminal, entry, exit, journalFolder, letPass: (durationMs) => clock.letPass(durationMs), close };
}
