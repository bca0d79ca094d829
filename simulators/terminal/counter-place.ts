/*
 * A counter's whole surroundings on one machine: broker, settlement host, insurer; and in the middle a real terminal that serves the local API.
 * The surroundings stay when the terminal is stopped, so that it can be opened again over the same journal.
 */
import { join } from "node:path";
import type { Api } from "../../device/api/http/server.ts";
import { assert } from "../../device/base/assert.ts";
import { toHex, utf8 } from "../../device/base/bytes.ts";
import { SILENT } from "../../device/base/log.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import type { ApiConfig } from "../../device/config/api.ts";
import { loadDeviceKeys } from "../../device/config/keys.ts";
import { parseTerminalConfig, type TerminalConfig } from "../../device/config/schema.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { Devices } from "../../device/drivers/adapter.ts";
import { openDevice, openTerminalApi } from "../../device/main.ts";
import type { SyncOptions } from "../../device/sync/sync.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemRandomness } from "../../device/system/randomness.ts";
import type { Terminal } from "../../device/terminal.ts";
import { testSocialAuthority } from "../crypto/social-certificates.ts";
import { openEmbeddedBroker } from "../host/embedded-broker.ts";
import { Ledger } from "../host/ledger.ts";
import { type Insurer, openInsurer } from "../host/medical/insurer.ts";
import { InsurerLedger } from "../host/medical/insurer-ledger.ts";
import type { CatalogueItem, InsuredPerson } from "../host/medical/persons.ts";
import { openHostMqttLink } from "../host/mqtt-link.ts";
import { hostKeys, openSettlementHost } from "../host/settlement.ts";
import { testDebitOracle } from "../host/tac-oracle.ts";
import { ScriptedHolder } from "../pinpad/holder.ts";
import { SimulatedPinVerifier } from "../pinpad/pin-verifier.ts";
import { makeTestPsam } from "../psam/make.ts";
import { makeSamReader, SimulatedReader } from "../reader/in-process.ts";
import { openServiceSide, SERVICE_SIDE_CONFIG, type ServiceSide, type ServiceSideParts, testElectronicCash } from "./service-side.ts";

const TERMINAL_ID = "counter-1";
const KID = "data-1";
/** Published test keys: worth nothing anywhere else. */
const DATA_KEY_HEX = "0123456789abcdeffedcba9876543210";
const STORAGE_KEY_HEX = "00112233445566778899aabbccddeeff";
const HOST_SCALAR_HEX = "11".repeat(32);
const TERMINAL_SCALAR_HEX = "22".repeat(32);
const JOURNAL_BYTES = 64 * 1024 * 1024;
const PIN_ENTRY_MS = 10;
const PRESENCE_MS = 20_000;
const LOOK_MS = 10;

export interface CounterPlaceOptions {
  readonly suite: CipherSuite;
  /** Keeps the journal and the books; it is the caller's. */
  readonly folder: string;
  readonly persons: readonly InsuredPerson[];
  /** Left out: the insurer's test catalogue. */
  readonly catalogue?: readonly CatalogueItem[];
  /** Cards whose holders a bank and an agency know; left out: neither stands behind the counter. */
  readonly served?: ServiceSideParts["cards"];
  /** How long a settlement waits for its answer; left out: as everywhere. */
  readonly settleTimeoutMs?: number;
}

export interface CounterTerminalOptions {
  readonly api: ApiConfig;
  readonly sync?: Partial<SyncOptions>;
  readonly devices?: Devices;
  /** The PIN that every holder types. */
  readonly pin?: string;
}

/** A terminal that is open, and its API. */
export interface CounterTerminal {
  readonly terminal: Terminal;
  readonly api: Api;
  readonly reader: SimulatedReader;
  stop(): Promise<void>;
}

export class CounterPlace {
  readonly insurer: Insurer;
  /** Bank, agency and pad; undefined where the place has no cards for them. */
  readonly services: ServiceSide | undefined;
  readonly #options: CounterPlaceOptions;
  readonly #brokerUrl: string;
  readonly #closing: readonly (() => void | Promise<void>)[];

  private constructor(
    options: CounterPlaceOptions,
    parts: Pick<CounterPlace, "insurer" | "services"> & { readonly brokerUrl: string; readonly closing: readonly (() => void | Promise<void>)[] },
  ) {
    this.#options = options;
    this.services = parts.services;
    this.insurer = parts.insurer;
    this.#brokerUrl = parts.brokerUrl;
    this.#closing = parts.closing;
  }

  static async open(options: CounterPlaceOptions): Promise<CounterPlace> {
    const { suite, folder, persons, catalogue, served } = options;
    const ports = { clock: systemClock(), randomness: systemRandomness() };
    const broker = await openEmbeddedBroker({});
    const ledger = Ledger.open(join(folder, "settlement-host.sqlite"));
    const books = InsurerLedger.open(join(folder, "insurer.sqlite"));
    const insurer = openInsurer({ ...ports, ledger: books, persons, ...(catalogue === undefined ? {} : { catalogue }) });
    const services = served === undefined ? undefined : openServiceSide({ suite, clock: ports.clock, folder, cards: served });
    const link = openHostMqttLink({ clock: ports.clock, url: broker.url, clientId: "settlement-host" });
    const host = openSettlementHost({
      ...ports,
      suite,
      ledger,
      link,
      keys: hostKeys(suite, { signingScalarHex: HOST_SCALAR_HEX, dataKeysHex: { [KID]: DATA_KEY_HEX } }),
      terminals: [{ tid: TERMINAL_ID, publicKey: suite.sm2PrivateKey(Buffer.from(TERMINAL_SCALAR_HEX, "hex")).publicKey, kids: [KID] }],
      debitOracle: testDebitOracle(suite, DEFAULT_CARD_PROFILE),
      services: new Map([["fsi", insurer.exchange], ...behind(services)]),
      reconnectWindowMs: 1_000,
    });
    const closing = [
      () => host.stop(),
      () => insurer.stop(),
      () => link.close(),
      () => ledger.close(),
      () => books.close(),
      () => services?.close(),
      () => broker.close(),
    ];
    return new CounterPlace(options, { insurer, services, brokerUrl: broker.url, closing });
  }

  /** Opens the terminal over the journal that is there, and waits until the settlement host has been heard. One is open at a time. */
  async openTerminal({ api: config, sync, devices, pin }: CounterTerminalOptions): Promise<CounterTerminal> {
    const { suite } = this.#options;
    const { services } = this;
    const clock = systemClock();
    const reader = new SimulatedReader({ name: "counter", interface: "contactless", clock });
    const holder = new ScriptedHolder([pin === undefined ? { kind: "cancels" } : { kind: "enters", digits: pin }]);
    const terminal = await openDevice({
      config: terminalConfigOf(this.#options, this.#brokerUrl),
      ...terminalKeys(suite),
      suite,
      log: SILENT,
      userReader: reader,
      samReader: makeSamReader(makeTestPsam(suite), { name: "module", clock }),
      pinVerifier: new SimulatedPinVerifier({ clock, holder, keyingMs: PIN_ENTRY_MS }),
      ...(sync === undefined ? {} : { sync }),
      ...(services === undefined ? {} : { pinChanger: services.pinChanger }),
      devices: { ...services?.openDevices(), ...devices },
    });
    const onDefect = (error: unknown) => {
      throw error;
    };
    const api = await openTerminalApi(terminal, { api: config }, { log: SILENT, onDefect });
    assert(api !== undefined, "a terminal with an API was asked for");
    await heard(terminal);
    return { terminal, api, reader, stop: () => api.close().then(() => terminal.stop()) };
  }

  /** Ends what stands around the terminal; the folder stays. */
  async close(): Promise<void> {
    for (const close of this.#closing) await close();
  }
}

/** What the head-end passes on to bank and agency. */
function behind(services: ServiceSide | undefined): readonly (readonly [string, Insurer["exchange"]])[] {
  if (services === undefined) return [];
  return [
    ["acquirer", services.acquirer.exchange],
    ["agency", services.agency.exchange],
  ];
}

async function heard(terminal: Terminal): Promise<void> {
  const clock = systemClock();
  const untilMs = clock.monotonicMs() + PRESENCE_MS;
  while (!terminal.status().hostPresent) {
    assert(clock.monotonicMs() < untilMs, "the settlement host is heard soon");
    await clock.sleep(LOOK_MS);
  }
}

function terminalKeys(suite: CipherSuite) {
  const hostPoint = toHex(suite.sm2PrivateKey(Buffer.from(HOST_SCALAR_HEX, "hex")).publicKey.point);
  const file = `signing-scalar=${TERMINAL_SCALAR_HEX}\nhost-public-key=${hostPoint}\ndata-key=${DATA_KEY_HEX}\nstorage-key=${STORAGE_KEY_HEX}\n`;
  return loadDeviceKeys(utf8(file), { suite, profile: "test" });
}

/** Cards whose makers gave them certificates are asked to sign. */
function serviceSideConfig(suite: CipherSuite) {
  const services = { ...SERVICE_SIDE_CONFIG.services, cardAuthorities: [testSocialAuthority(suite)] };
  return { ...SERVICE_SIDE_CONFIG, services, cardProfile: { acse: "assumed" }, electronicCash: testElectronicCash(suite) };
}

function terminalConfigOf({ suite, folder, served, settleTimeoutMs }: CounterPlaceOptions, brokerUrl: string): TerminalConfig {
  const parsed = parseTerminalConfig({
    ...(served === undefined ? {} : serviceSideConfig(suite)),
    terminalId: TERMINAL_ID,
    regionCode: "990100",
    profile: "test",
    institution: { code: "P99010000001", name: "测试药店", areaCode: "530102", serialLane: "1" },
    limits: { amountPerSaleFen: 100_000, unreceiptedCountMax: 100, unreceiptedSumMaxFen: 1_000_000 },
    medical: {
      receiverSystem: "TEST",
      lateMarginMs: 1_000,
      ...(settleTimeoutMs === undefined ? {} : { settleTimeoutMs }),
      // On request alone: what an order costs is not mixed with the comparison of a day.
      reconciliation: { daily: false, at: "00:00", graceMs: 0 },
    },
    readers: { user: { interface: "contactless", nameIncludes: ["counter"] }, sam: { interface: "sam", nameIncludes: ["counter"] } },
    link: { url: brokerUrl },
    sync: { kid: KID },
    journal: { folder: join(folder, "journal"), limitBytes: JOURNAL_BYTES },
  });
  assert(parsed.ok, parsed.ok ? "" : `the counter's configuration is valid: ${parsed.problems.join("; ")}`);
  return parsed.config;
}
