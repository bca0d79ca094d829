/* The composition root: the only file that joins the terminal to real adapters. */
import { join } from "node:path";
import { Fault } from "./base/fault.ts";
import { fen } from "./base/fen.ts";
import type { Log } from "./base/log.ts";
import { DEFAULT_PURSE_APPLICATIONS } from "./card/purse/commands.ts";
import { checkPinPairing, type PinPairing } from "./card/social/pin-pairing.ts";
import { electronicCashSettings } from "./config/electronic-cash.ts";
import type { TerminalKeys } from "./config/keys.ts";
import type { TerminalConfig } from "./config/schema.ts";
import type { CipherSuite } from "./crypto/face.ts";
import type { Devices } from "./drivers/adapter.ts";
import type { SignalLamp } from "./drivers/peripherals.ts";
import type { CardReader, PinVerifier } from "./drivers/ports.ts";
import { DEFAULT_BATCH_LIMITS } from "./sync/batch/plan.ts";
import { openWorkerSealer, type SealWorkerData } from "./sync/batch/worker-sealer.ts";
import { type MqttLink, openMqttLink, type TlsFiles } from "./sync/mqtt/link.ts";
import { DEFAULT_SYNC_OPTIONS, type SyncOptions } from "./sync/sync.ts";
import { systemClock } from "./system/clock.ts";
import { systemRandomness } from "./system/randomness.ts";
import { openTerminal, type Terminal, type TerminalRules, type TerminalSettings } from "./terminal.ts";
import { openSqliteStore } from "./txn/journal/sqlite/store.ts";
import { DEFAULT_REGION } from "./txn/medical-host/profile.ts";

export interface DeviceParts {
  readonly config: TerminalConfig;
  readonly keys: TerminalKeys;
  /** Raw keys for the sealing worker, which wipes them. */
  readonly sealKeys: Omit<SealWorkerData, "kid">;
  readonly suite: CipherSuite;
  readonly userReader: CardReader;
  readonly samReader: CardReader;
  readonly pinVerifier: PinVerifier;
  /** Light and sound of the user's reader. */
  readonly lamp?: SignalLamp;
  /** What stands around the readers; closed with the terminal. */
  readonly devices?: Devices;
  /** What is known of reader and PIN pad; a pairing by which the card's PIN would pass through this process ends the start. */
  readonly pinPairing?: PinPairing;
  readonly log: Log;
  /** Where it differs from the protocol's own times, for a demonstration. */
  readonly sync?: Partial<SyncOptions>;
  readonly rules?: TerminalRules;
}

/** Time for one command to card or module. */
const COMMAND_TIMEOUT_MS = 2_000;
const JOURNAL_TIMEOUT_MS = 10_000;
/** How long a holder may take to bring a torn card back. Spec: PBOC purse, tear recovery. */
const RETURN_TIMEOUT_MS = 120_000;
const PIN_TIMEOUT_MS = 60_000;

/** What the configuration decides, in the terminal's own words. */
export function settingsOf(config: TerminalConfig, sync: Partial<SyncOptions> = {}): TerminalSettings {
  const { institution, limits, medical, cardProfile } = config;
  const { receiverSystem, interfaceVersion, operatorType, operator, operatorName, signsIn, queryTimeoutMs, settleTimeoutMs, lateMarginMs } = medical;
  const sender = {
    institution: institution.code,
    institutionName: institution.name,
    treatmentArea: institution.areaCode,
    receiverSystem,
    interfaceVersion,
    operatorType,
    operator,
    operatorName,
    deviceNumber: config.terminalId,
  };
  return {
    terminalId: config.terminalId,
    purse: { applications: DEFAULT_PURSE_APPLICATIONS, keyIndex: 1, proveSeqOrder: cardProfile.proveSeqOrder },
    cardProfile,
    initialPinPolicy: config.initialPinPolicy,
    risk: {
      amountPerSaleFen: fen(limits.amountPerSaleFen),
      unreceiptedCount: limits.unreceiptedCountMax,
      unreceiptedSumFen: fen(limits.unreceiptedSumMaxFen),
      unverifiedAmountFen: fen(limits.unverifiedAmountMaxFen),
    },
    medical: {
      profile: { sender, signsIn, region: DEFAULT_REGION },
      serialLane: institution.serialLane,
      pinTimeoutMs: PIN_TIMEOUT_MS,
      queryTimeoutMs,
      settleTimeoutMs,
      resolver: { lateMarginMs, pauseMinMs: 2_000, pauseMaxMs: 300_000 },
    },
    ...(config.electronicCash === undefined ? {} : { electronicCash: electronicCashSettings(config.electronicCash) }),
    returnTimeoutMs: RETURN_TIMEOUT_MS,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    journalTimeoutMs: JOURNAL_TIMEOUT_MS,
    sync: {
      ...DEFAULT_SYNC_OPTIONS,
      messagesPerSecondMax: config.sync.messagesPerSecondMax,
      batch: { ...DEFAULT_BATCH_LIMITS, recordsMax: config.sync.batchRecordsMax },
      ...sync,
    },
  };
}

/** Joins a terminal to this machine: SQLite journal, MQTT link, sealing worker, and the devices that are handed in. Faults: those of the journal, "config-invalid". */
export async function openDevice(parts: DeviceParts): Promise<Terminal> {
  const { config, keys, suite, log, pinPairing } = parts;
  const pairing = pinPairing === undefined ? undefined : checkPinPairing(pinPairing);
  if (pairing?.kind === "refused") throw new Fault("config-invalid", pairing.message, { effectUnknown: false });
  const clock = systemClock();
  const randomness = systemRandomness();
  const store = await openSqliteStore({ folder: config.journal.folder, limitBytes: config.journal.limitBytes });
  const link = openLink(config, log);
  const sealer = openWorkerSealer({ ...parts.sealKeys, kid: config.sync.kid });
  const opening = openTerminal({
    settings: settingsOf(config, parts.sync),
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
    ...(parts.lamp === undefined ? {} : { lamp: parts.lamp }),
    ...(parts.devices === undefined ? {} : { devices: parts.devices }),
    onReconnectWindow: (windowMs) => link.setReconnectWindow(windowMs),
    ...(parts.rules === undefined ? {} : { rules: parts.rules }),
  });
  return opening.catch(async (error: unknown) => {
    await Promise.allSettled([link.close(), sealer.close(), store.close()]);
    throw error;
  });
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
