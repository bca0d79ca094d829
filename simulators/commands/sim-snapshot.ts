/*
 * Goal: a simulated card keeps its money and its module keeps its sequence when the simulator is ended at any moment, also by force.
 * Method: one file holds both. It is replaced as a whole, flushed, before the answer to the command that changed them goes out.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import * as z from "zod";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { type CardModule, SimulatedCard } from "../card/card.ts";
import { type CardMemory, type CardPersonalization, type CardSnapshot, NO_FAULTS } from "../card/state.ts";
import { SimulatedPsam } from "../psam/psam.ts";
import { NO_PSAM_FAULTS, type PsamSnapshot } from "../psam/state.ts";
import type { Parsed } from "./sim-faults.ts";

/** A card and a module that were taken up from a file or made anew. */
export interface SimModules {
  readonly card: SimulatedCard;
  readonly module: SimulatedPsam;
}

const FILE_BYTES_MAX = 64 * 1024 * 1024;
/** A card's two-byte sequences allow no more. */
const ENTRIES_MAX = 0x1_0000;
const PART_NAME_MAX = 100;

const whole = z.int().min(0).max(0xffff_ffff);
const hex = (bytesMin: number, bytesMax: number) => z.string().regex(new RegExp(`^(?:[0-9a-f]{2}){${bytesMin},${bytesMax}}$`, "i"));
const digits = (length: number) => z.string().regex(new RegExp(`^\\d{${length}}$`));
const algorithm = z.enum(["3des", "sm4"]);
const lengthRule = z.enum(["direct", "t0"]);

/** Switches are written by this program itself; one that is missing keeps its default, one that is unknown is refused. */
const profile = z
  .record(z.string().max(40), z.unknown())
  .refine((given) => Object.keys(given).every((name) => Object.hasOwn(DEFAULT_CARD_PROFILE, name)))
  .transform((given): CardProfile => ({ ...DEFAULT_CARD_PROFILE, ...(given as Partial<CardProfile>) }));

/** What an application of the card keeps for itself: plain data that this program wrote, whose meaning only that application knows. */
const part = <Part>() => z.record(z.string().max(PART_NAME_MAX), z.json()).transform((given) => given as unknown as Part);
const keyName = z.string().max(PART_NAME_MAX);
const readRule = z.union([z.enum(["free", "rkssse", "pin"]), z.strictObject({ needs: z.enum(["key", "pin-or-key", "pin-and-key"]), key: keyName })]);
const file = z.strictObject({
  id: z.int().min(0).max(0xffff),
  read: readRule,
  records: z.array(z.strictObject({ tag: z.int().min(0).max(0xffff), valueHex: hex(0, 255) })).max(100),
});

const social = z.strictObject({
  algorithm,
  showsAlgorithm: z.boolean(),
  environment: z.array(file).max(20),
  medical: z.array(file).max(20),
  irkHex: hex(16, 16),
  rkssseHex: hex(16, 16),
  generation: z.enum(["1", "2", "3"]).optional(),
  factorsHex: z.array(hex(8, 8)).max(3).optional(),
  keysHex: z.record(keyName, hex(16, 16)).optional(),
  directories: z.record(keyName, z.array(file).max(20)).optional(),
  pin: z
    .string()
    .regex(/^\d{4,16}$/)
    .optional(),
});

/** Members that only some purses have are the purse's own business. */
const purse = z.looseObject({
  aidHex: hex(5, 16),
  algorithm,
  issuerHex: hex(8, 8),
  applicationType: z.int().min(0).max(0xff),
  applicationVersion: z.int().min(0).max(0xff),
  serialHex: hex(10, 10),
  startDate: digits(8),
  endDate: digits(8),
  keyIndex: z.int().min(0).max(0xff),
  keyVersion: z.int().min(0).max(0xff),
  dpkHex: hex(16, 16),
  dtkHex: hex(16, 16),
  dlkHex: hex(16, 16),
});

const debit = z.strictObject({
  purse: z.enum(["e-purse", "e-passbook", "compound", "grey-lock", "medical-purse", "electronic-cash"]).optional(),
  unpredictableNumber: hex(4, 4).optional(),
  selfPayFen: whole.optional(),
  pooledFen: whole.optional(),
  amountFen: whole,
  terminalNumber: digits(12),
  terminalSeq: whole,
  date: digits(8),
  time: digits(6),
  cardSeqBefore: whole,
  tac: hex(4, 4),
});

const load = z.strictObject({ amountFen: whole, terminalNumber: digits(12), date: digits(8), time: digits(6), onlineSeqBefore: whole, tac: hex(4, 4) });

const memory = z.strictObject({
  balanceFen: whole,
  onlineSeq: whole,
  offlineSeq: whole,
  log: z.array(hex(23, 23)).max(10),
  proof: z.strictObject({ type: z.int().min(0).max(0xff), seq: whole, mac: hex(4, 4), tac: hex(4, 4) }).optional(),
  pinTriesLeft: z.int().min(0).max(15),
  rkssseTriesLeft: z.int().min(0).max(15),
  debits: z.array(debit).max(ENTRIES_MAX),
  loads: z.array(load).max(ENTRIES_MAX),
  cardBlocked: z.boolean().optional(),
  purse: part<NonNullable<CardMemory["purse"]>>().optional(),
  social: part<NonNullable<CardMemory["social"]>>().optional(),
  medicalPurse: part<NonNullable<CardMemory["medicalPurse"]>>().optional(),
  electronicCash: part<NonNullable<CardMemory["electronicCash"]>>().optional(),
});

const card = z.strictObject({
  personalization: z.strictObject({
    historicalHex: hex(1, 15),
    interface: z.enum(["contact", "contactless"]),
    lengthRule,
    initialBalanceFen: whole,
    profile,
    social,
    purse,
    medicalPurse: part<NonNullable<CardPersonalization["medicalPurse"]>>().optional(),
    electronicCash: part<NonNullable<CardPersonalization["electronicCash"]>>().optional(),
  }),
  memory,
  drawn: whole,
});

const psamKey = z.strictObject({
  application: z.enum(["social", "purse"]),
  algorithm,
  type: z.int().min(0).max(31),
  id: z.int().min(0).max(0xff),
  level: z.literal([0, 1, 2, 3]),
  keyHex: hex(16, 16),
});

const module = z.strictObject({
  personalization: z.strictObject({
    historicalHex: hex(1, 15),
    terminalNumber: digits(12),
    publicDataHex: hex(15, 15),
    lengthRule,
    profile,
    keys: z.array(psamKey).max(64),
  }),
  terminalSeq: whole,
});

const snapshotFile = z.strictObject({ version: z.literal(1), card, module });

type SnapshotFile = z.infer<typeof snapshotFile>;

function cardSnapshot({ card: { personalization, memory: kept, drawn } }: SnapshotFile): CardSnapshot {
  const whole = { version: 1, personalization, memory: kept, faults: NO_FAULTS, drawn };
  // The schema has checked the shape; what a JSON text leaves out is absent and never undefined, which only the compiler cannot see.
  return whole as unknown as CardSnapshot;
}

function psamSnapshot({ module: { personalization, terminalSeq } }: SnapshotFile): PsamSnapshot {
  return { version: 1, personalization, terminalSeq, faults: NO_PSAM_FAULTS };
}

/** Reads the text of a snapshot file. Never throws; what does not fit is named by its place, never by its value. */
export function parseSnapshot(suite: CipherSuite, text: string): Parsed<SimModules> {
  const parsed = snapshotFile.safeParse(jsonOf(text));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { ok: false, reason: `it is no snapshot of a card and a module (${issue?.path.map(String).join(".") || "the whole of it"} does not fit)` };
  }
  return {
    ok: true,
    value: { card: SimulatedCard.fromSnapshot(suite, cardSnapshot(parsed.data)), module: SimulatedPsam.fromSnapshot(suite, psamSnapshot(parsed.data)) },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The text of a snapshot file. Faults are no part of it: they are chosen anew at each start. */
export function snapshotText({ card: simulated, module: psam }: SimModules): string {
  const { personalization, memory: kept, drawn } = simulated.toSnapshot();
  const { personalization: psamPersonalization, terminalSeq } = psam.toSnapshot();
  return `${JSON.stringify({ version: 1, card: { personalization, memory: kept, drawn }, module: { personalization: psamPersonalization, terminalSeq } })}\n`;
}

/** Reads the file when there is one. */
export function readSnapshotFile(suite: CipherSuite, path: string): Parsed<SimModules> | undefined {
  if (!existsSync(path)) return undefined;
  const { size } = statSync(path);
  return size > FILE_BYTES_MAX ? { ok: false, reason: "it is too large for a snapshot" } : parseSnapshot(suite, readFileSync(path, "utf8"));
}

/** Replaces the file at once: after a power cut the old or the new one is there. Only its owner may read it, because it holds keys and PIN. */
export function writeSnapshotFile(path: string, text: string): void {
  const beside = `${path}.unfinished`;
  const descriptor = openSync(beside, "w", 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(beside, path);
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Keeps the file equal to card and module. */
export class SnapshotKeeper {
  readonly #modules: SimModules;
  readonly #write: (text: string) => void;
  #written = "";

  constructor(modules: SimModules, write: (text: string) => void) {
    this.#modules = modules;
    this.#write = write;
  }

  /** Writes when something has changed since the last time. */
  keep(): void {
    const { card: simulated, module: psam } = this.#modules;
    const { memory: kept, drawn } = simulated.toSnapshot();
    // Balance, sequences and tries change with the memory; random draws and the module's sequence must never repeat either.
    const mark = JSON.stringify([kept, drawn, psam.terminalSeq]);
    if (mark === this.#written) return;
    this.#write(snapshotText(this.#modules));
    this.#written = mark;
  }

  /** The same module, with the file brought up to date before any answer leaves. */
  around(inner: CardModule): CardModule {
    const keep = () => this.keep();
    return {
      get powered() {
        return inner.powered;
      },
      get extraMsPerCommand() {
        return inner.extraMsPerCommand;
      },
      extraMsFor: (command) => inner.extraMsFor?.(command) ?? inner.extraMsPerCommand,
      powerUp: () => inner.powerUp(),
      powerDown: () => inner.powerDown(),
      transmit: (command) => {
        const answer = inner.transmit(command);
        keep();
        return answer;
      },
      tear: (command, at) => {
        inner.tear(command, at);
        keep();
      },
    };
  }
}
