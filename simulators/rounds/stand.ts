/*
 * Everything that one round needs, each a process of its own: mosquitto with mutual TLS, the settlement host with its ledger on disk, the desk
 * that holds cards and module, the terminal. Private folder, loopback only; all of it is ended by its own id.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromHex, toHex } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { keyFileOf } from "../../device/main.ts";
import { OUTBOX_TIMES } from "../../device/sync/outbox/run.ts";
import { moduleBeside } from "../../device/system/modules.ts";
import { type Mosquitto, startMosquitto } from "../broker/mosquitto.ts";
import { SimulatorProcess } from "../reader/process-client.ts";
import { SAM_SLOT, SETTINGS_FILE, type TerminalSettings, USER_SLOT } from "../terminal/settings.ts";
import type { PlantedBug } from "../world/planted-bugs.ts";
import type { SeededRandomness } from "../world/seeded-randomness.ts";
import { answered, LineProcess } from "./line-process.ts";

export const TERMINAL_ID = "T-9901";
const KID = "data-1";
/** Test keys. */
const HOST_SCALAR_HEX = "11".repeat(32);
const TERMINAL_SCALAR_HEX = "22".repeat(32);
const DATA_KEY_HEX = "0123456789abcdeffedcba9876543210";
const STORAGE_KEY_HEX = "07".repeat(16);
const READER = "desk";
const MODULE = "module";
/** Shorter than the terminal's patience with a command, longer than any kill waits. */
const DELAY_MS = 1_500;
const CARDS = 16;
const CARD_BALANCE_FEN = 5_000_000;
/** A round must not wait for a fleet: the host spreads no reconnects, and sync looks again sooner. */
const SYNC = {
  heartbeatMs: 500,
  times: { ...OUTBOX_TIMES, lingerMs: 20, receipt: { baseMs: 500, capMs: 4_000 }, retry: { baseMs: 100, capMs: 2_000 } },
};

export interface StandParts {
  readonly suite: CipherSuite;
  readonly clock: Clock;
  readonly random: SeededRandomness;
  /** See LineProcessOptions. */
  readonly compiledFolder: string;
  readonly plant: PlantedBug | undefined;
}

export class Stand {
  readonly broker: Mosquitto;
  readonly host: LineProcess;
  readonly desk: SimulatorProcess;
  readonly cards: readonly string[];
  readonly folder: string;
  readonly #clock: Clock;
  readonly #compiledFolder: string;
  #terminal: LineProcess | undefined;

  private constructor(parts: {
    readonly broker: Mosquitto;
    readonly host: LineProcess;
    readonly desk: SimulatorProcess;
    readonly folder: string;
    readonly clock: Clock;
    readonly compiledFolder: string;
  }) {
    this.broker = parts.broker;
    this.host = parts.host;
    this.desk = parts.desk;
    this.folder = parts.folder;
    this.#clock = parts.clock;
    this.#compiledFolder = parts.compiledFolder;
    this.cards = Array.from({ length: CARDS }, (_, at) => `card-${at}`);
  }

  get ledgerFile(): string {
    return join(this.folder, "ledger.db");
  }

  get journalFolder(): string {
    return journalFolderIn(this.folder);
  }

  /** Starts all but the terminal. Whatever has begun is ended when one of them does not come up. */
  static async open({ suite, clock, random, compiledFolder, plant }: StandParts): Promise<Stand> {
    const folder = await mkdtemp(join(tmpdir(), "yikatong-rounds-"));
    const begun: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
    try {
      const broker = await startMosquitto([TERMINAL_ID]);
      begun.unshift(() => broker.stop());
      await writeTerminalFolder({ suite, broker, folder, plant, recordsMax: random.between(5, 30) });
      await writeFile(join(folder, "host.json"), hostConfig(suite, broker, folder), { mode: 0o600 });
      const host = new LineProcess({
        module: moduleBeside(import.meta.url, "../host/process"),
        argument: join(folder, "host.json"),
        logFile: join(folder, "host.log"),
        compiledFolder,
        clock,
      });
      begun.unshift(() => host.kill());
      const desk = await SimulatorProcess.start();
      begun.unshift(() => desk.stop());
      const stand = new Stand({ broker, host, desk, folder, clock, compiledFolder });
      await stand.#furnish(random);
      answered(await host.ready(), "the settlement host");
      return stand;
    } catch (error) {
      for (const end of begun) await end();
      throw error;
    }
  }

  /** Cards and module are made and lie at the desk. */
  async #furnish(random: SeededRandomness): Promise<void> {
    const { desk } = this;
    await desk.request({ do: "open-reader", reader: READER, socketPath: deskSocketIn(this.folder), slots: 2 });
    await desk.request({ do: "make-psam", name: MODULE, options: { purseLevel: random.pick([1, 2, 3] as const) } });
    await desk.request({ do: "insert", reader: READER, slot: SAM_SLOT, name: MODULE });
    for (const [at, name] of this.cards.entries()) {
      const options = {
        serial: random.between(1_000_000, 5_999_999) * CARDS + at,
        balanceFen: CARD_BALANCE_FEN,
        algorithm: random.pick(["3des", "sm4"] as const),
        profile: { logSeqMode: random.pick(["pre", "post"] as const) },
        interface: "contactless" as const,
      };
      await desk.request({ do: "make-card", name, options });
    }
  }

  async insert(name: string): Promise<void> {
    await this.desk.request({ do: "insert", reader: READER, slot: USER_SLOT, name });
  }

  async removeCard(): Promise<void> {
    await this.desk.request({ do: "remove", reader: READER, slot: USER_SLOT });
  }

  /** The command after the next `skip` ones of this slot takes long, so that a kill falls right there. */
  async delayCommand(slot: number, skip: number): Promise<void> {
    await this.desk.request({ do: "plan", reader: READER, slot, plan: { fate: "slow", extraMs: DELAY_MS, skip } });
  }

  /** The terminal has died: card and module have lost their power, and a command that they were still to begin is lost with it. */
  async losePower(card: string): Promise<void> {
    for (const [slot, name] of [
      [USER_SLOT, card],
      [SAM_SLOT, MODULE],
    ] as const) {
      await this.desk.request({ do: "clear-plans", reader: READER, slot });
      await this.desk.request({ do: "remove", reader: READER, slot });
      await this.desk.request({ do: "insert", reader: READER, slot, name });
    }
  }

  /** Starts the terminal on its journal; it may be killed at once. */
  startTerminal(): LineProcess {
    this.#terminal = new LineProcess({
      module: moduleBeside(import.meta.url, "../terminal/process"),
      argument: this.folder,
      logFile: join(this.folder, "terminal.log"),
      compiledFolder: this.#compiledFolder,
      clock: this.#clock,
    });
    return this.#terminal;
  }

  /** Last lines of what the terminal and the host complained about: for people who look for a cause. */
  async complaints(): Promise<string> {
    const tails = ["terminal.log", "host.log"].map(async (name) => {
      const text = await readFile(join(this.folder, name), "utf8").catch(() => "");
      return `${name}:\n${text.split("\n").slice(-LOG_TAIL_LINES).join("\n")}`;
    });
    return (await Promise.all(tails)).join("\n");
  }

  /** Ends everything and removes the folder. */
  async close(): Promise<void> {
    await this.#terminal?.kill();
    await this.host.kill();
    await this.desk.stop();
    await this.broker.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

const LOG_TAIL_LINES = 30;

function journalFolderIn(folder: string): string {
  return join(folder, "journal");
}

function deskSocketIn(folder: string): string {
  return join(folder, "desk.sock");
}

function publicKeyHex(suite: CipherSuite, scalarHex: string): string {
  return toHex(suite.sm2PrivateKey(fromHex(scalarHex)).publicKey.point);
}

function brokerUrl(broker: Mosquitto): string {
  return `mqtts://${broker.host}:${broker.port}`;
}

function hostConfig(suite: CipherSuite, broker: Mosquitto, folder: string): string {
  const { caFile, certificateFile, keyFile } = broker.certificateOf(broker.hostName);
  return JSON.stringify({
    brokerUrl: brokerUrl(broker),
    clientId: broker.hostName,
    tls: { caFile, certFile: certificateFile, keyFile },
    ledgerFile: join(folder, "ledger.db"),
    insurerFile: join(folder, "insurer.db"),
    terminals: [{ tid: TERMINAL_ID, publicKeyHex: publicKeyHex(suite, TERMINAL_SCALAR_HEX), kids: [KID] }],
    keys: { signingScalarHex: HOST_SCALAR_HEX, dataKeysHex: { [KID]: DATA_KEY_HEX } },
    reconnectWindowMs: 0,
  });
}

interface TerminalFolder {
  readonly suite: CipherSuite;
  readonly broker: Mosquitto;
  readonly folder: string;
  readonly plant: PlantedBug | undefined;
  /** Records of one batch: few, so that kills fall between batches and inside them. */
  readonly recordsMax: number;
}

async function writeTerminalFolder({ suite, broker, folder, plant, recordsMax }: TerminalFolder): Promise<void> {
  const { caFile, certificateFile, keyFile } = broker.certificateOf(TERMINAL_ID);
  await mkdir(journalFolderIn(folder), { recursive: true });
  const config = {
    terminalId: TERMINAL_ID,
    institution: { code: "H99010000001", name: "示例药店", areaCode: "990100", serialLane: "1" },
    regionCode: "990100",
    profile: "test",
    limits: { amountPerSaleFen: 100_000, unreceiptedCountMax: 100_000, unreceiptedSumMaxFen: 1_000_000_000, unverifiedAmountMaxFen: 100_000 },
    readers: { user: { interface: "contactless", nameIncludes: ["desk"] }, sam: { interface: "sam", nameIncludes: ["desk"], slot: SAM_SLOT } },
    link: { url: brokerUrl(broker), tls: { caFile, certFile: certificateFile, keyFile } },
    sync: { kid: KID, batchRecordsMax: recordsMax },
    journal: { folder: journalFolderIn(folder), limitBytes: 256 * 1024 * 1024 },
  };
  const settings: TerminalSettings = { config, deskSocket: deskSocketIn(folder), sync: SYNC, ...(plant === undefined ? {} : { plant }) };
  await writeFile(join(folder, SETTINGS_FILE), JSON.stringify(settings), { mode: 0o600 });
  const keys = {
    "signing-scalar": TERMINAL_SCALAR_HEX,
    "host-public-key": publicKeyHex(suite, HOST_SCALAR_HEX),
    "data-key": DATA_KEY_HEX,
    "storage-key": STORAGE_KEY_HEX,
  };
  const lines = Object.entries(keys).map(([name, hex]) => `${name} = ${hex}\n`);
  await writeFile(keyFileOf(folder), lines.join(""), { mode: 0o600 });
}
