/* The composition root: the only file that joins the terminal to real adapters. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Api, openApi } from "./api/http/server.ts";
import type { ServedHolds } from "./api/http/service.ts";
import { saidFor } from "./api/messages.ts";
import { openTerminalLibrary } from "./api/reader-library/open.ts";
import type { LibraryServer } from "./api/reader-library/server.ts";
import { assert } from "./base/assert.ts";
import type { Bytes } from "./base/bytes.ts";
import { Fault } from "./base/fault.ts";
import { fen } from "./base/fen.ts";
import type { Log } from "./base/log.ts";
import type { Clock } from "./base/ports.ts";
import { DEFAULT_PURSE_APPLICATIONS } from "./card/purse/commands.ts";
import { checkPinPairing, type PinPairing } from "./card/social/pin-pairing.ts";
import { acquirerProfileOf } from "./config/acquirer.ts";
import { agencyProfileOf } from "./config/agency.ts";
import { electronicCashSettings } from "./config/electronic-cash.ts";
import { gateSettingsOf } from "./config/gate.ts";
import type { TerminalKeys } from "./config/keys.ts";
import { permissionSettings } from "./config/limits.ts";
import { medicalSettingsOf } from "./config/medical.ts";
import type { TerminalConfig } from "./config/schema.ts";
import { serviceSettingsOf } from "./config/services.ts";
import { holdPlaceOf, shopSettingsOf } from "./config/shop.ts";
import type { CipherSuite } from "./crypto/face.ts";
import { dooredTerminal } from "./doored-terminal.ts";
import type { Devices } from "./drivers/adapter.ts";
import type { SignalLamp } from "./drivers/peripherals.ts";
import type { CardReader, PinChanger, PinVerifier } from "./drivers/ports.ts";
import type { LaneDevices, TerminalGate } from "./gate/terminal-gates.ts";
import { REPORTS_FOLDER } from "./medical/reconciliation.ts";
import type { DocumentPlaces } from "./permission.ts";
import type { ServiceSettings } from "./services/terminal-services.ts";
import { openAcquirerHost } from "./sync/acquirer/open.ts";
import { DEFAULT_BATCH_LIMITS } from "./sync/batch/plan.ts";
import { openWorkerSealer, type SealWorkerData } from "./sync/batch/worker-sealer.ts";
import { openGatewayHost } from "./sync/gateway/open.ts";
import { type MqttLink, openMqttLink, type TlsFiles } from "./sync/mqtt/link.ts";
import { DEFAULT_SYNC_OPTIONS, type SyncOptions } from "./sync/sync.ts";
import { systemClock } from "./system/clock.ts";
import { machineUptime } from "./system/machine-uptime.ts";
import { systemRandomness } from "./system/randomness.ts";
import { openFolderStorage } from "./system/storage.ts";
import { openTerminal, type Terminal } from "./terminal.ts";
import type { ServicePlaces, TerminalParts } from "./terminal-parts.ts";
import type { TerminalRules, TerminalSettings } from "./terminal-settings.ts";
import type { ActDoor } from "./txn/act-door.ts";
import { openFareBook } from "./txn/fares/book.ts";
import { laneProblems } from "./txn/fares/lanes.ts";
import { RIDER_RECORD } from "./txn/fares/rider-record.ts";
import { parseFareTables } from "./txn/fares/table.ts";
import type { LaneEvent } from "./txn/gate/lane.ts";
import { dropKept } from "./txn/journal/sqlite/kept.ts";
import { openSqliteStore } from "./txn/journal/sqlite/store.ts";
import { openListThreads } from "./txn/lists/threads.ts";
import { parsePolicy } from "./txn/medical-split/policy.ts";
import type { RegionPolicy } from "./txn/medical-split/types.ts";
import { saleMark } from "./txn/quick-payment/record.ts";

export interface DeviceParts {
  readonly config: TerminalConfig;
  readonly keys: TerminalKeys;
  /** Raw keys for the sealing worker, which wipes them. */
  readonly sealKeys: Omit<SealWorkerData, "kid">;
  readonly suite: CipherSuite;
  readonly userReader: CardReader;
  readonly samReader: CardReader;
  readonly pinVerifier: PinVerifier;
  /** Changes the card's PIN at the reader; absent: nobody can here. */
  readonly pinChanger?: PinChanger;
  /** Light and sound of the user's reader. */
  readonly lamp?: SignalLamp;
  /** What stands around the readers; closed with the terminal. */
  readonly devices?: Devices;
  /** What hangs at each lane of the configuration, in its order; needed where the configuration has lanes. */
  readonly lanes?: readonly LaneHardware[];
  /** Told what happens at each lane. It never throws. */
  readonly onLaneEvent?: (lane: string, event: LaneEvent) => void;
  /** What is known of reader and PIN pad; a pairing by which the card's PIN would pass through this process ends the start. */
  readonly pinPairing?: PinPairing;
  readonly log: Log;
  /** Left out: the clocks of this machine. A demonstration lets its days pass faster. */
  readonly clock?: Clock;
  /** Where it differs from the protocol's own times, for a demonstration. */
  readonly sync?: Partial<SyncOptions>;
  readonly rules?: TerminalRules;
  /** Whoever looks after the machine holds the terminal by it; absent: nobody does. */
  readonly door?: ActDoor;
  /** Hears what the host says of keys, unasked, and answers to other lines of this terminal; absent: nobody does. It never throws. */
  readonly onKeyMessage?: (payload: Bytes) => void;
  /** Stands behind the opening of each security module; absent: any module will do. */
  readonly moduleOpening?: NonNullable<TerminalParts["moduleOpening"]>;
  /** Takers of further documents of the host; absent: there are none. */
  readonly takers?: NonNullable<TerminalParts["takers"]>;
  /** How the terminal is, told to the host with heartbeats; absent: nobody tells. */
  readonly state?: NonNullable<TerminalParts["state"]>;
  /** Called in each turn of the loop that speaks to the host, whatever the network does. It never throws. */
  readonly onUplinkTurn?: () => void;
}

/** The devices of one lane; where it stands is the configuration's. */
export type LaneHardware = Omit<LaneDevices, "settings">;

/** Time for one command to card or module. */
const COMMAND_TIMEOUT_MS = 2_000;
const JOURNAL_TIMEOUT_MS = 10_000;
/** How long a holder may take to bring a torn card back. Spec: PBOC purse, tear recovery. */
const RETURN_TIMEOUT_MS = 120_000;
const PIN_TIMEOUT_MS = 60_000;

/** What the configuration decides, in the terminal's own words. */
export function settingsOf(
  config: TerminalConfig,
  more: { readonly sync?: Partial<SyncOptions> | undefined; readonly policies?: readonly RegionPolicy[] } = {},
): TerminalSettings {
  const { institution, limits, cardProfile } = config;
  const { queryTimeoutMs, settleTimeoutMs, lateMarginMs } = config.medical;
  const { profile, offline, reconciliation } = medicalSettingsOf(config);
  return {
    terminalId: config.terminalId,
    retention: {
      keepDays: config.journal.keepDays,
      erasePersonalDays: config.journal.erasePersonalDays,
      dropCopies: (beforeMs) => dropKept(config.journal.folder, beforeMs),
    },
    purse: { applications: DEFAULT_PURSE_APPLICATIONS, keyIndex: 1, proveSeqOrder: cardProfile.proveSeqOrder },
    cardProfile,
    initialPinPolicy: config.initialPinPolicy,
    risk: {
      amountPerSaleFen: fen(limits.amountPerSaleFen),
      unreceiptedCount: limits.unreceiptedCountMax,
      unreceiptedSumFen: fen(limits.unreceiptedSumMaxFen),
      unverifiedAmountFen: fen(limits.unverifiedAmountMaxFen),
    },
    permission: permissionSettings(limits),
    medical: {
      profile,
      serialLane: institution.serialLane,
      pinTimeoutMs: PIN_TIMEOUT_MS,
      queryTimeoutMs,
      settleTimeoutMs,
      resolver: { lateMarginMs, pauseMinMs: 2_000, pauseMaxMs: 300_000 },
      offline: { ...offline, policies: more.policies ?? [], level: institution.level },
      reconciliation: { ...reconciliation, graceMs: Math.max(reconciliation.graceMs, timeOfDayMs(reconciliation.at)) },
    },
    ...(config.electronicCash === undefined ? {} : { electronicCash: electronicCashSettings(config.electronicCash) }),
    shop: { ...shopSettingsOf(config.shop), words: saidFor },
    ...bankSettings(config),
    services: serviceSettings(config),
    returnTimeoutMs: RETURN_TIMEOUT_MS,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    journalTimeoutMs: JOURNAL_TIMEOUT_MS,
    sync: {
      ...DEFAULT_SYNC_OPTIONS,
      messagesPerSecondMax: config.sync.messagesPerSecondMax,
      batch: { ...DEFAULT_BATCH_LIMITS, recordsMax: config.sync.batchRecordsMax },
      ...more.sync,
    },
  };
}

function bankSettings({ acquirer, devices }: TerminalConfig): Pick<TerminalSettings, "bank"> {
  const { pinPad } = devices;
  if (acquirer === undefined || pinPad === undefined) return {};
  return { bank: { profile: acquirerProfileOf(acquirer), pinKey: pinPad.pinKey } };
}

function serviceSettings({ agency, services }: TerminalConfig): ServiceSettings {
  return { ...serviceSettingsOf(services), ...(agency === undefined ? {} : { agency: agencyProfileOf(agency) }) };
}

/** Milliseconds after midnight of "HH:MM". */
function timeOfDayMs(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return (hours * 60 + minutes) * 60_000;
}

/** The region's fee policy. Faults: "config-invalid" where its file cannot be read or cannot be worked with. */
async function readPolicies({ medical }: TerminalConfig): Promise<readonly RegionPolicy[]> {
  const { policyFile } = medical;
  if (policyFile === undefined) return [];
  const parsed = parsePolicy(await readJson(policyFile, "the fee policy"));
  if (parsed.ok) return [parsed.policy];
  const [problem] = parsed.problems;
  throw new Fault("config-invalid", `the fee policy: ${problem?.at ?? ""}: ${problem?.rule ?? ""}`, { effectUnknown: false });
}

async function readJson(file: string, what: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as unknown;
  } catch (cause) {
    // A file that is missing or is no JSON: both are for the person who configured it.
    throw new Fault("config-invalid", `${what}: its file cannot be read`, { effectUnknown: false, cause });
  }
}

/** The lanes with their fare tables. Faults: "config-invalid" where a table cannot be worked with; the row is named. */
async function readGate({ gate, electronicCash }: TerminalConfig, lanes: readonly LaneHardware[]): Promise<TerminalGate | undefined> {
  if (gate === undefined) return undefined;
  assert(lanes.length === gate.lanes.length, "each lane of the configuration has its devices");
  const parsed = parseFareTables(await Promise.all(gate.fareTables.map((file) => readJson(file, "the fare tables"))));
  if (!parsed.ok) {
    const [problem] = parsed.problems;
    throw new Fault("config-invalid", `the fare tables: ${problem?.at ?? ""}: ${problem?.rule ?? ""}`, { effectUnknown: false });
  }
  const { lanes: settings, ...decided } = gateSettingsOf(gate);
  const [misfit] = laneProblems(parsed.tables, settings);
  if (misfit !== undefined) throw new Fault("config-invalid", `the fare tables: ${misfit.at}: ${misfit.rule}`, { effectUnknown: false });
  if (decided.delayedCharge !== undefined && electronicCash === undefined)
    throw new Fault("config-invalid", "gate.delayedCharge: it needs the authorities of electronicCash", { effectUnknown: false });
  return {
    ...decided,
    fares: openFareBook(parsed.tables),
    ...(gate.riderRecord === undefined ? {} : { rider: { id: gate.riderRecord, codec: RIDER_RECORD } }),
    lanes: settings.flatMap((lane, at) => {
      const devices = lanes[at];
      return devices === undefined ? [] : [{ settings: lane, ...devices }];
    }),
  };
}

/** A folder for each kind of document, beside the journal. */
async function openDocumentPlaces({ journal, regionCode: region }: TerminalConfig): Promise<DocumentPlaces> {
  const open = (name: string) => openFolderStorage(join(journal.folder, name));
  const [fetching, lists, fares] = await Promise.all([open("documents"), open("lists"), open("fares")]);
  return { fetching, lists, fares, region, openWorkshop: openListThreads };
}

async function openServicePlaces({ journal }: TerminalConfig): Promise<ServicePlaces> {
  const open = (name: string) => openFolderStorage(join(journal.folder, name));
  const [known, losses, bank] = await Promise.all([open("services"), open("losses"), open("bank")]);
  return { known, losses, bank };
}

/** Joins a terminal to this machine: SQLite journal, MQTT link, sealing worker, and the devices that are handed in. Faults: those of the journal, "config-invalid". */
export async function openDevice(parts: DeviceParts): Promise<Terminal> {
  const { config, keys, suite, log, pinPairing } = parts;
  const pairing = pinPairing === undefined ? undefined : checkPinPairing(pinPairing);
  if (pairing?.kind === "refused") throw new Fault("config-invalid", pairing.message, { effectUnknown: false });
  const { clock = systemClock() } = parts;
  const randomness = systemRandomness();
  const policies = await readPolicies(config);
  const gate = await readGate(config, parts.lanes ?? []);
  const { gateway } = medicalSettingsOf(config);
  const medicalHost = gateway === undefined ? undefined : await openGatewayHost(gateway, { clock, randomness, log });
  const reports = await openFolderStorage(join(config.journal.folder, REPORTS_FOLDER));
  const machine = machineUptime();
  const store = await openSqliteStore({ folder: config.journal.folder, limitBytes: config.journal.limitBytes });
  const link = openLink(config, log);
  const { onKeyMessage } = parts;
  if (onKeyMessage !== undefined) link.subscribe(`pos/v1/${config.terminalId}/dn/key`, ({ payload }) => onKeyMessage(payload));
  const sealer = openWorkerSealer({ ...parts.sealKeys, kid: config.sync.kid });
  const opening = openTerminal({
    settings: settingsOf(config, { sync: parts.sync, policies }),
    reports,
    documents: await openDocumentPlaces(config),
    services: await openServicePlaces(config),
    ...(await openAcquirerLine(config, clock)),
    ...handedOn(parts),
    ...given({ machine, medicalHost, gate }),
    clock,
    randomness,
    suite,
    storageKey: keys.storageKey,
    store,
    link,
    log,
    syncKeys: { signing: keys.signing, hostKey: keys.hostKey, dataKey: keys.dataKey, kid: config.sync.kid },
    sealer,
    userReader: parts.userReader,
    samReader: parts.samReader,
    pinVerifier: parts.pinVerifier,
    onReconnectWindow: (windowMs) => link.setReconnectWindow(windowMs),
  });
  const { door } = parts;
  return (door === undefined ? opening : opening.then((terminal) => dooredTerminal(terminal, door))).catch(async (error: unknown) => {
    await Promise.allSettled([link.close(), sealer.close(), store.close()]);
    throw error;
  });
}

/** What passes through as it was handed in. */
function handedOn({ pinChanger, lamp, devices, onLaneEvent, door, onUplinkTurn, takers, state, rules, moduleOpening }: DeviceParts) {
  return given({ pinChanger, lamp, devices, onLaneEvent, door, onUplinkTurn, takers, state, rules, moduleOpening });
}

/** The members that have a value. */
function given<Members extends object>(members: Members): { readonly [Name in keyof Members]?: Exclude<Members[Name], undefined> } {
  // Nothing but what was undefined is left out, which is what the type says.
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as ReturnType<typeof given<Members>>;
}

/** The acquirer's own line, where messages do not go through the head-end. Faults: "config-invalid" where one of its files cannot be read. */
async function openAcquirerLine({ acquirer }: TerminalConfig, clock: Clock): Promise<Pick<TerminalParts, "acquirerHost">> {
  if (acquirer?.connection.kind !== "tcp") return {};
  const { kind: _kind, ...site } = acquirer.connection;
  return { acquirerHost: await openAcquirerHost({ ...site, replyTimeoutMs: acquirer.replyTimeoutMs }, { clock }) };
}

/** What the terminal's doors need of the machine. */
interface DoorParts {
  readonly log: Log;
  readonly onDefect: (error: unknown) => void;
  readonly clock?: Clock;
}

/** Serves the local API of a terminal, where its configuration has one. Faults: "config-invalid". */
export async function openTerminalApi(
  terminal: Terminal,
  config: Pick<TerminalConfig, "api"> & Partial<Pick<TerminalConfig, "shop" | "limits">>,
  { log, onDefect, clock = systemClock(), library }: DoorParts & { readonly library?: LibraryServer | undefined },
): Promise<Api | undefined> {
  if (config.api === undefined) return undefined;
  const { orders, reconciliation, devices, uploads, shop, gates, bank, contributions, services } = terminal;
  return openApi({
    config: config.api,
    clock,
    randomness: systemRandomness(),
    log,
    onDefect,
    service: {
      orders,
      devices,
      uploads,
      shop,
      ...(gates === undefined ? {} : { gates: { service: gates, listen: (listener) => terminal.onLaneEvent(listener) } }),
      ...(bank === undefined ? {} : { bank }),
      ...(contributions === undefined ? {} : { contributions }),
      ...(services === undefined ? {} : { services }),
      ...(library === undefined ? {} : { readerLibrary: library.library }),
      ...servedHolds(config),
      openOffline: (limit) => terminal.openOffline(limit),
      ...(reconciliation === undefined ? {} : { reconciliation }),
      status: () => terminal.status(),
      tapTimes: () => terminal.tapTimes(),
      spentUnder: (reference) => terminal.journal.spentUnder(saleMark(reference)),
      quickPayment: (request, { operator }, limits) => terminal.quickPayment({ ...request, operator }, limits),
    },
  });
}

function servedHolds({ shop, limits }: Partial<Pick<TerminalConfig, "shop" | "limits">>): { readonly holds?: ServedHolds } {
  const place = holdPlaceOf(shop);
  return place === undefined || limits === undefined ? {} : { holds: { place, amountMax: fen(limits.amountPerSaleFen) } };
}

/** Serves the reader library of a terminal, where its configuration has one. Faults: "config-invalid". */
export async function openTerminalReaderLibrary(
  { readerPlace }: Pick<Terminal, "readerPlace">,
  { readerLibrary }: Pick<TerminalConfig, "readerLibrary">,
  { log, onDefect, clock = systemClock() }: DoorParts,
): Promise<LibraryServer | undefined> {
  if (readerLibrary === undefined || readerPlace === undefined) return undefined;
  return openTerminalLibrary(readerPlace, readerLibrary, { log, onDefect, clock, randomness: systemRandomness() });
}

function openLink(config: TerminalConfig, log: Log): MqttLink {
  const url = new URL(config.link.url);
  const secure = url.protocol === "mqtts:" || url.protocol === "tls:";
  if (!secure && url.protocol !== "mqtt:" && url.protocol !== "tcp:")
    throw new Fault("config-invalid", `${url.protocol} is not spoken; use mqtt: or mqtts:`, { effectUnknown: false });
  const tls = tlsFiles(config);
  if (secure !== (tls !== undefined)) throw new Fault("config-invalid", "link.tls and an mqtts: address belong together", { effectUnknown: false });
  return openMqttLink({
    host: url.hostname,
    port: Number(url.port === "" ? (secure ? 8883 : 1883) : url.port),
    clientId: config.terminalId,
    protocol: "auto",
    clock: systemClock(),
    randomness: systemRandomness(),
    log,
    ...(tls === undefined ? {} : { tls }),
  });
}

function tlsFiles(config: TerminalConfig): TlsFiles | undefined {
  const { tls } = config.link;
  return tls === undefined ? undefined : { caFile: tls.caFile, certificateFile: tls.certFile, keyFile: tls.keyFile };
}

/** Name of the key file beside the configuration. */
export function keyFileOf(configFolder: string): string {
  return join(configFolder, "terminal.keys");
}
