/*
 * A whole shop on one machine: embedded broker, settlement host, insurer, terminal, cards. Nothing is installed, nothing needs rights:
 * the devices are in-process, everything else is what a terminal in the field runs.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Api } from "../../device/api/http/server.ts";
import { assert } from "../../device/base/assert.ts";
import { toHex, utf8 } from "../../device/base/bytes.ts";
import { fen } from "../../device/base/fen.ts";
import { type Log, SILENT } from "../../device/base/log.ts";
import type { Clock } from "../../device/base/ports.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { loadDeviceKeys } from "../../device/config/keys.ts";
import { parseTerminalConfig, type TerminalConfig } from "../../device/config/schema.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { storedPassword, tokenHash } from "../../device/crypto/passwords.ts";
import { type LaneHardware, openDevice, openTerminalApi } from "../../device/main.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemRandomness } from "../../device/system/randomness.ts";
import type { Terminal } from "../../device/terminal.ts";
import type { LaneEvent } from "../../device/txn/gate/lane.ts";
import type { SimulatedCard } from "../card/card.ts";
import { makeTestCard } from "../card/make.ts";
import { socialNumbers } from "../card/numbers.ts";
import { SimulatedGate } from "../gate/in-process.ts";
import type { Walker } from "../gate/walker.ts";
import { type EmbeddedBroker, openEmbeddedBroker } from "../host/embedded-broker.ts";
import { Ledger } from "../host/ledger.ts";
import { type Insurer, openInsurer } from "../host/medical/insurer.ts";
import { InsurerLedger } from "../host/medical/insurer-ledger.ts";
import { type InsuredPerson, insuredPerson } from "../host/medical/persons.ts";
import { openHostMqttLink } from "../host/mqtt-link.ts";
import { hostKeys, openSettlementHost, type SettlementHost } from "../host/settlement.ts";
import { testDebitOracle } from "../host/tac-oracle.ts";
import { ScriptedHolder } from "../pinpad/holder.ts";
import { SimulatedPinVerifier } from "../pinpad/pin-verifier.ts";
import { makeTestPsam } from "../psam/make.ts";
import { makeSamReader, SimulatedReader } from "../reader/in-process.ts";
import { CalendarClock } from "../terminal/calendar-clock.ts";
import { simulatedLaneConfig } from "../terminal/lane-config.ts";
import { testAuthorities } from "../terminal/purses.ts";
import { openServiceSide, SERVICE_SIDE_CONFIG, type ServiceSide } from "../terminal/service-side.ts";

const TERMINAL_ID = "demo-1";
const KID = "data-1";
/** Published test keys: worth nothing anywhere else. */
const DATA_KEY_HEX = "0123456789abcdeffedcba9876543210";
const STORAGE_KEY_HEX = "00112233445566778899aabbccddeeff";
const HOST_SCALAR_HEX = "11".repeat(32);
const TERMINAL_SCALAR_HEX = "22".repeat(32);
const JOURNAL_BYTES = 64 * 1024 * 1024;
/** The pharmacy's own program and the person at it. */
export const SHOP_COUNTER = { client: "pos-1", token: "demonstration-token", operator: "li", password: "demonstration" } as const;
/** Compiled files lie one folder deeper than their sources; data lies with the sources. */
const POLICY = new URL(`${import.meta.url.includes("/dist/") ? "../../../" : "../../"}device/txn/medical-split/policies/kunming.json`, import.meta.url);
const CARDS = 4;
const OPENING_BALANCE = fen(20_000);
const PIN_ENTRY_MS = 150;
/** Time from a gate's opening to the walk through it. */
const WALK_MS = 250;
const FARES = new URL(`${import.meta.url.includes("/dist/") ? "../../../" : "../../"}device/txn/fares/tables/example-metro.json`, import.meta.url);
/** City of the example's fare table; test cards come from elsewhere and are open to other cities. */
const GATE_CITY = "3610";

function rethrow(error: unknown): void {
  throw error;
}

export interface ShopCard {
  readonly card: SimulatedCard;
  readonly pin: string;
  readonly serial: number;
}

/** A lane of the gate beside the shop, and whoever stands in front of it. */
export interface ShopLane {
  readonly name: string;
  readonly reader: SimulatedReader;
  readonly gate: SimulatedGate;
  readonly walker: Walker;
}

export interface ShopLanes {
  readonly in: ShopLane;
  readonly out: ShopLane;
}

export class Shop {
  readonly suite: CipherSuite;
  readonly reader: SimulatedReader;
  readonly cards: readonly ShopCard[];
  readonly terminal: Terminal;
  readonly api: Api;
  readonly clock: CalendarClock;
  readonly ledger: Ledger;
  readonly insurer: Insurer;
  /** Who is insured, in the order of the cards. */
  readonly persons: readonly InsuredPerson[];
  readonly host: SettlementHost;
  readonly lanes: ShopLanes;
  /** Bank and agency behind the counter, and its pad. */
  readonly services: ServiceSide;
  readonly #ears: LaneEars;
  readonly #folder: string;
  readonly #closing: (() => Promise<void>)[];
  #broker: EmbeddedBroker;

  private constructor(
    parts: Pick<Shop, "suite" | "reader" | "cards" | "terminal" | "api" | "clock" | "ledger" | "insurer" | "persons" | "host" | "lanes" | "services"> & {
      readonly ears: LaneEars;
      readonly folder: string;
      readonly broker: EmbeddedBroker;
      readonly closing: (() => Promise<void>)[];
    },
  ) {
    this.suite = parts.suite;
    this.reader = parts.reader;
    this.cards = parts.cards;
    this.terminal = parts.terminal;
    this.api = parts.api;
    this.clock = parts.clock;
    this.ledger = parts.ledger;
    this.insurer = parts.insurer;
    this.persons = parts.persons;
    this.host = parts.host;
    this.lanes = parts.lanes;
    this.services = parts.services;
    this.#ears = parts.ears;
    this.#folder = parts.folder;
    this.#broker = parts.broker;
    this.#closing = parts.closing;
  }

  static async open(suite: CipherSuite, log: Log): Promise<Shop> {
    const folder = await mkdtemp(join(tmpdir(), "yikatong-demo-"));
    const clock = new CalendarClock();
    const broker = await openEmbeddedBroker({});
    const cards = makeCards(suite);
    const ledger = Ledger.open(join(folder, "settlement-host.sqlite"));
    const persons = personsOf(cards);
    const insurer = openInsurer({ clock, randomness: systemRandomness(), ledger: InsurerLedger.open(join(folder, "insurer.sqlite")), persons });
    const hostLink = openHostMqttLink({ clock, url: broker.url, clientId: "settlement-host" });
    const services = openServiceSide({ suite, clock, folder, cards });
    const host = openHost({ suite, ledger, insurer, services, clock, link: hostLink });
    const reader = new SimulatedReader({ name: "counter", interface: "contactless", clock });
    const samReader = makeSamReader(makeTestPsam(suite), { name: "module", clock });
    const lanes: ShopLanes = { in: openLane("in", clock), out: openLane("out", clock) };
    const ears: LaneEars = { hear: () => undefined };
    const { keys, sealKeys } = terminalKeys(suite);
    const config = configOf(folder, {
      suite,
      brokerUrl: broker.url,
      passwordHash: await storedPassword(SHOP_COUNTER.password, systemRandomness().bytes(16), 10),
    });
    const terminal = await openDevice({
      config,
      clock,
      keys,
      sealKeys,
      suite,
      log,
      userReader: reader,
      samReader,
      devices: services.openDevices(),
      pinChanger: services.pinChanger,
      lanes: [laneHardware(suite, lanes.in, 2), laneHardware(suite, lanes.out, 3)],
      onLaneEvent: (lane, event) => ears.hear(lane, event),
      pinVerifier: { verifyOnCard: (channel, template, limits) => pinEntry(cards, reader).verifyOnCard(channel, template, limits) },
      sync: { heartbeatMs: 1_000 },
    });
    const api = await openTerminalApi(terminal, config, { log, clock, onDefect: rethrow });
    assert(api !== undefined, "the demonstration's configuration has an API");
    const closing = [
      () => api.close(),
      () => terminal.stop(),
      async () => host.stop(),
      async () => insurer.stop(),
      () => hostLink.close(),
      async () => ledger.close(),
      async () => insurer.ledger.close(),
      async () => services.close(),
    ];
    return new Shop({ suite, reader, cards, terminal, api, clock, ledger, insurer, persons, host, lanes, services, ears, folder, broker, closing });
  }

  /** Whoever wants to know what happens at the lanes. */
  set onLaneEvent(hear: LaneEars["hear"]) {
    this.#ears.hear = hear;
  }

  get brokerUrl(): string {
    return this.#broker.url;
  }

  /** The network is gone. */
  async goOffline(): Promise<void> {
    await this.#broker.close();
  }

  async goOnline(): Promise<void> {
    this.#broker = await openEmbeddedBroker({ port: this.#broker.port });
  }

  /** Ends everything in order and removes the shop's files. */
  async close(): Promise<void> {
    for (const close of this.#closing) await close();
    await this.#broker.close();
    await rm(this.#folder, { recursive: true });
  }
}

interface LaneEars {
  hear: (lane: string, event: LaneEvent) => void;
}

function openLane(name: string, clock: Clock): ShopLane {
  const walker: Walker = { walk: "passes", afterMs: WALK_MS };
  return { name, reader: new SimulatedReader({ name, interface: "contactless", clock }), gate: new SimulatedGate({ name, clock, walker }), walker };
}

/** Each lane has a module of its own, with a number of its own. */
function laneHardware(suite: CipherSuite, { reader, gate }: ShopLane, number: number): LaneHardware {
  const psam = makeTestPsam(suite, { terminalNumber: `99010000000${number}` });
  return { reader, gate, samReader: makeSamReader(psam, { name: `module ${number}`, clock: systemClock() }) };
}

function makeCards(suite: CipherSuite): readonly ShopCard[] {
  return Array.from({ length: CARDS }, (_, at) => {
    const pin = `13579${at}`;
    const serial = 70_001 + at;
    const card = makeTestCard(suite, {
      serial,
      balanceFen: OPENING_BALANCE,
      algorithm: at % 2 === 0 ? "3des" : "sm4",
      pin,
      interface: "contactless",
      purse: { transit: "t-union" },
      medicalPurse: { accountFen: OPENING_BALANCE },
      electronicCash: { balanceFen: OPENING_BALANCE, algorithms: "sm" },
    });
    return { card, pin, serial };
  });
}

/** The holder of the card in the reader knows its PIN and types it on the reader's own keypad. */
function pinEntry(cards: readonly ShopCard[], reader: SimulatedReader): SimulatedPinVerifier {
  const holder = cards.find(({ card }) => card === reader.card);
  const act = holder === undefined ? { kind: "cancels" as const } : { kind: "enters" as const, digits: holder.pin };
  return new SimulatedPinVerifier({ clock: systemClock(), holder: new ScriptedHolder([act]), keyingMs: PIN_ENTRY_MS });
}

/** What whoever checks the terminal's statements has of it. */
export function shopTerminalKey(suite: CipherSuite) {
  return suite.sm2PrivateKey(Buffer.from(TERMINAL_SCALAR_HEX, "hex")).publicKey;
}

/** psn_no of the holder of the card at this place. */
export function personNumberOf(at: number): string {
  return `9901000000000000000${at}`;
}

function personsOf(cards: readonly ShopCard[]): readonly InsuredPerson[] {
  return cards.map(({ card }, at) => insuredPerson({ personNumber: personNumberOf(at), cards: [socialNumbers(card)], accountFen: 500_000n }));
}

function openHost(parts: {
  readonly suite: CipherSuite;
  readonly ledger: Ledger;
  readonly insurer: Insurer;
  readonly services: ServiceSide;
  readonly clock: Clock;
  readonly link: ReturnType<typeof openHostMqttLink>;
}): SettlementHost {
  const { suite, ledger, insurer, services, clock, link } = parts;
  const publicKey = shopTerminalKey(suite);
  return openSettlementHost({
    clock,
    randomness: systemRandomness(),
    suite,
    ledger,
    link,
    log: SILENT,
    keys: hostKeys(suite, { signingScalarHex: HOST_SCALAR_HEX, dataKeysHex: { [KID]: DATA_KEY_HEX } }),
    terminals: [{ tid: TERMINAL_ID, publicKey, kids: [KID] }],
    debitOracle: testDebitOracle(suite, DEFAULT_CARD_PROFILE),
    services: new Map([
      ["fsi", insurer.exchange],
      ["acquirer", services.acquirer.exchange],
      ["agency", services.agency.exchange],
    ]),
    reconnectWindowMs: 1_000,
  });
}

function terminalKeys(suite: CipherSuite) {
  const hostPoint = toHex(suite.sm2PrivateKey(Buffer.from(HOST_SCALAR_HEX, "hex")).publicKey.point);
  const file = `signing-scalar=${TERMINAL_SCALAR_HEX}\nhost-public-key=${hostPoint}\ndata-key=${DATA_KEY_HEX}\nstorage-key=${STORAGE_KEY_HEX}\n`;
  return loadDeviceKeys(utf8(file), { suite, profile: "test" });
}

function configOf(
  folder: string,
  { suite, brokerUrl, passwordHash }: { readonly suite: CipherSuite; readonly brokerUrl: string; readonly passwordHash: string },
): TerminalConfig {
  const parsed = parseTerminalConfig({
    terminalId: TERMINAL_ID,
    regionCode: "990100",
    profile: "test",
    institution: { code: "P99010000001", name: "测试药店", areaCode: "530102", serialLane: "1" },
    limits: { amountPerSaleFen: 100_000, unreceiptedCountMax: 100, unreceiptedSumMaxFen: 1_000_000, unverifiedAmountMaxFen: 100_000 },
    medical: {
      receiverSystem: "TEST",
      queryTimeoutMs: 3_000,
      settleTimeoutMs: 2_000,
      lateMarginMs: 500,
      region: { offline: { allowed: true } },
      policyFile: fileURLToPath(POLICY),
      // On request alone, so that the story has its order.
      reconciliation: { daily: false, at: "00:00", graceMs: 0 },
    },
    api: {
      port: 0,
      clients: [{ client: SHOP_COUNTER.client, tokenSha256: tokenHash(SHOP_COUNTER.token) }],
      operators: [{ operator: SHOP_COUNTER.operator, role: "supervisor", passwordHash }],
    },
    electronicCash: {
      merchantId: "990100000000001",
      merchantCategory: "5912",
      merchantName: "TEST",
      terminalCode: "T0000001",
      authorities: testAuthorities(suite),
    },
    ...SERVICE_SIDE_CONFIG,
    gate: {
      city: GATE_CITY,
      acquirer: GATE_CITY.padStart(16, "0"),
      fareTables: [fileURLToPath(FARES)],
      lanes: [simulatedLaneConfig("in", "entry", "00010001"), simulatedLaneConfig("out", "exit", "00010007")],
    },
    readers: { user: { interface: "contactless", nameIncludes: ["counter"] }, sam: { interface: "sam", nameIncludes: ["counter"] } },
    link: { url: brokerUrl },
    sync: { kid: KID },
    journal: { folder: join(folder, "journal"), limitBytes: JOURNAL_BYTES },
  });
  assert(parsed.ok, parsed.ok ? "" : `the demonstration's configuration is valid: ${parsed.problems.join("; ")}`);
  return parsed.config;
}
