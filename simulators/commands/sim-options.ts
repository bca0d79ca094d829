/* What `sim` was asked for: mode, card, module, faults. Everything that does not fit is said at once, each in one line. */
import { parseHex } from "../../device/base/bytes.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { type CommandOption, countOption, type OptionValues } from "../../device/system/command-line.ts";
import type { TestCardOptions } from "../card/make.ts";
import type { ReplayMode } from "../card/replay/replayed-card.ts";
import type { CardFaults } from "../card/state.ts";
import type { KeyLevel, TestPsamOptions } from "../psam/make.ts";
import type { PsamFaults } from "../psam/state.ts";
import { TIMING_PROFILE_NAMES, TIMING_PROFILES, type TimingProfile } from "../reader/timing-profiles.ts";
import { CHIP_SPEEDS } from "../reader/timing-work.ts";
import { DEVICE_KINDS } from "./sim-device-kinds.ts";
import { CARD_FAULT_USAGE, MODULE_FAULT_USAGE, type Parsed, parseCardFaults, parseModuleFaults } from "./sim-faults.ts";
import { PURSE_USAGE, parseAmountOrNone, parsePurse } from "./sim-purses.ts";

/** What the person at a reader's own keypad does. */
export const KEYPAD_ACTS = ["enters", "wrong", "cancels", "walks-away"] as const;
export type KeypadAct = (typeof KEYPAD_ACTS)[number];

export interface SimOptions {
  readonly mode: "pcscd" | "apdu";
  /** What the lines of the APDU mode speak to. */
  readonly speaksTo: "card" | "module";
  readonly card: TestCardOptions;
  readonly module: TestPsamOptions;
  readonly cardFaults: Partial<CardFaults>;
  readonly moduleFaults: Partial<PsamFaults>;
  readonly snapshotFile: string | undefined;
  /** Steps that act on cards and readers by themselves. */
  readonly scenarioFile: string | undefined;
  /** A log of a real reader that is played in the place of a simulated card. */
  readonly replay: { readonly file: string; readonly mode: ReplayMode } | undefined;
  /** Options that personalise the card or the module; with a snapshot that exists they would be ignored, so they are refused. */
  readonly personalizing: readonly string[];
  /** The card lies beside the reader at first. */
  readonly out: boolean;
  readonly keypad: KeypadAct | undefined;
  /** Undefined: everything is answered at once. */
  readonly timing: TimingProfile | undefined;
  readonly json: boolean;
}

const BALANCE_MAX_FEN = 999_999_999;
const SERIAL_MAX = 99_999_999;
const DEFAULT_BALANCE_FEN = 10_000;
const DEFAULT_MEDICAL_FEN = 5_000;
const DEFAULT_CASH_FEN = 10_000;
/** Written on the card for good: no fault of its behaviour, but listed with them because users look for it there. */
const EXPIRED = "expired";

/** Switches of the profile that the simulators read. Others are the terminal's own: setting them here would do nothing. */
const PROFILE_CHOICES = {
  contactlessType: ["auto", "A", "B"],
  contactlessHistorical: ["atsLast13", "contactOnly"],
  contactlessActivation: ["none", "fileFlag"],
  acse: ["off", "on", "assumed"],
  cityFactorTemplate: ["region6+7378", "region4"],
  medicalTypeByte: ["ascii", "binary"],
  medicalLoadTacBalance: ["after", "before"],
  medicalLogMode: ["fromRecord", "full28", "accountOnly20"],
  cappAuthSuffix: ["byApplication", "none", "mohurd9"],
  greyLockLc: ["sum", "manual"],
  transitBalance: ["5C0002-5C0102", "5C0302", "5C0002"],
  transitAlg: ["3des", "sm4"],
  transitTacKey: ["byAlgorithm", "xorHalves", "direct"],
  transitPurse: ["EP", "ED"],
  putDataCla: ["04", "84"],
  acPadding: ["pad80", "zeros"],
  acAlgByte: ["fromCard", "01", "04"],
  df60Segment: ["01", "04"],
  psamCreditError: ["9302", "63CF"],
  macReduce: ["left4", "fold4"],
  sessionPad: ["zeros", "pad80"],
  sm4Diversify: ["fNotF", "fZeros"],
  logSeqMode: ["pre", "post"],
} as const satisfies Partial<{ readonly [Name in keyof CardProfile]: readonly CardProfile[Name][] }>;

const PROFILE_USAGE = [...Object.entries(PROFILE_CHOICES).map(([name, values]) => `${name}=${values.join("|")}`), "psamAlgByteSm4=<0 to 255>"];

const MEDICAL_ALONE = ["allowed", "used-on-line", "forbidden"] as const;
const ALONE_FLAGS: Readonly<Record<(typeof MEDICAL_ALONE)[number], { readonly cardUse?: "1"; readonly offlineAllowed?: false }>> = {
  allowed: {},
  "used-on-line": { cardUse: "1" },
  forbidden: { offlineAllowed: false },
};

export const SIM_OPTIONS: Readonly<Record<string, CommandOption>> = {
  apdu: { type: "boolean", summary: "reads APDUs as hexadecimal lines, answers in hexadecimal; needs no rights" },
  pcscd: { type: "boolean", summary: "starts a private pcscd with a user reader and a SAM reader" },
  devices: { type: "string", summary: `puts devices on lines that a terminal opens: all, or a comma list of ${DEVICE_KINDS.join(", ")}` },
  folder: { type: "string", summary: "with --devices: where they appear (default a folder that is removed at the end)" },
  module: { type: "boolean", summary: "with --apdu: the lines speak to the security module instead of the card" },
  algorithm: { type: "string", summary: "3des or sm4 (default sm4, of the first generation 3des)" },
  balance: { type: "string", summary: `fen in the purse (default ${DEFAULT_BALANCE_FEN})` },
  serial: { type: "string", summary: "number of the card: another number is another card, holder and keys (default 1)" },
  pin: { type: "string", summary: "4 to 16 digits; without it the card has no PIN. With --devices: what the holder enters at a PIN pad, 4 to 12 digits" },
  generation: { type: "string", summary: "1, 2 or 3 (default 3)" },
  interface: { type: "string", summary: "contact or contactless (default contact)" },
  inactive: { type: "boolean", summary: "with --profile contactlessActivation=fileFlag: the card's flag for radio is not set" },
  purse: { type: "string", summary: `what the purse has beside the e-purse, comma list of ${PURSE_USAGE.join(", ")}` },
  medical: { type: "string", summary: `fen in the medical purse, or none (default ${DEFAULT_MEDICAL_FEN})` },
  "medical-alone": { type: "string", summary: `whether the card lets its account pay without the insurer: ${MEDICAL_ALONE.join(", ")} (default allowed)` },
  cash: { type: "string", summary: `fen of electronic cash in the bank application, or none (default ${DEFAULT_CASH_FEN})` },
  "length-rule": { type: "string", summary: "direct, or t0 for 61xx and 6Cxx, of card and module (default direct)" },
  "log-seq": { type: "string", summary: "pre or post: the sequence in log and proof (default post)" },
  profile: { type: "string", summary: `comma list of ${PROFILE_USAGE.join(", ")}` },
  region: { type: "string", summary: "six digits (default 990100, which does not exist)" },
  "purse-aid": { type: "string", summary: "hexadecimal AID of the e-purse" },
  "offline-seq": { type: "string", summary: "offline sequence of the card, 0 to 65535 (default 0)" },
  "no-algorithm-tag": { type: "boolean", summary: "the card does not say its algorithm (no tag 86)" },
  "terminal-number": { type: "string", summary: "12 digits of the module (default 990100000001)" },
  "key-level": { type: "string", summary: "factors that the module's purse key takes: 3, 2 or 1 (default 2)" },
  fault: { type: "string", summary: `faults of the card, comma list of ${[...CARD_FAULT_USAGE, EXPIRED].join(", ")}` },
  "module-fault": { type: "string", summary: `faults of the module, comma list of ${MODULE_FAULT_USAGE.join(", ")}` },
  keypad: { type: "string", summary: `with --pcscd: the user reader takes PINs itself; its holder ${KEYPAD_ACTS.join(", ")}` },
  timing: {
    type: "string",
    summary: `modelled times of radio, chips and lines: ${TIMING_PROFILE_NAMES.join(", ")} (without it everything is answered at once)`,
  },
  "card-speed": { type: "string", summary: `with --timing: how fast the card's chip is: ${CHIP_SPEEDS.join(", ")} (default that of the profile)` },
  out: { type: "boolean", summary: "the card is not in the reader at first" },
  snapshot: { type: "string", summary: "file that keeps card and module: read when it exists, written at every change" },
  scenario: { type: "string", summary: "JSON file with steps: when something happens, a control line is carried out" },
  replay: { type: "string", summary: "log of a real reader (APDU text) that is played in the place of the card" },
  "replay-mode": { type: "string", summary: "strict: in the log's order; loose: wherever the log has the command (default strict)" },
  json: { type: "boolean", summary: "every line of output is one JSON object; the last one is the summary" },
};

const PERSONALIZING = [
  "algorithm",
  "balance",
  "serial",
  "pin",
  "generation",
  "interface",
  "inactive",
  "purse",
  "medical",
  "medical-alone",
  "cash",
  "length-rule",
  "log-seq",
  "profile",
  "region",
  "purse-aid",
  "offline-seq",
  "no-algorithm-tag",
  "terminal-number",
  "key-level",
];

/** Reads options and collects what does not fit. A reader of an absent option gives undefined. */
class OptionReader {
  readonly #values: OptionValues;
  readonly problems: string[] = [];

  constructor(values: OptionValues) {
    this.#values = values;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  given(name: string): boolean {
    return this.#values[name] !== undefined && this.#values[name] !== false;
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(name);
    const found = choices.find((choice) => choice === text);
    if (text !== undefined && found === undefined) this.problems.push(`--${name} is one of ${choices.join(", ")}`);
    return found;
  }

  count(name: string, max: number): number | undefined {
    if (this.text(name) === undefined) return undefined;
    const found = countOption(this.#values, name, { min: 0, max });
    if (found === undefined) this.problems.push(`--${name} is a whole number from 0 to ${max}`);
    return found;
  }

  /** The value is not repeated in the problem: it may be a PIN. */
  shaped(name: string, shape: RegExp, meaning: string): string | undefined {
    const text = this.text(name);
    if (text === undefined || shape.test(text)) return text;
    this.problems.push(`--${name} is ${meaning}`);
    return undefined;
  }

  parsed<Value>(name: string, parse: (text: string) => Parsed<Value>): Value | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const parsed = parse(text);
    if (parsed.ok) return parsed.value;
    this.problems.push(`--${name}: ${parsed.reason}`);
    return undefined;
  }
}

/** Leaves out what is undefined, so that the maker's own defaults hold. */
function given<Fields extends object>(fields: Fields): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  // The entries are those of the parameter, without the absent ones.
  return Object.fromEntries(entries) as { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };
}

function readSwitch(name: string, value: string): Partial<CardProfile> | undefined {
  if (name === "psamAlgByteSm4") return /^\d{1,3}$/.test(value) && Number(value) <= 0xff ? { psamAlgByteSm4: Number(value) } : undefined;
  const choices: Readonly<Record<string, readonly string[]>> = PROFILE_CHOICES;
  return Object.hasOwn(choices, name) && choices[name]?.includes(value) === true ? { [name]: value } : undefined;
}

/** A comma list of profile switches. */
export function parseProfile(text: string): Parsed<Partial<CardProfile>> {
  let profile: Partial<CardProfile> = {};
  for (const part of text.split(",")) {
    const [name = "", value = "", ...more] = part.trim().split("=");
    const read = more.length > 0 ? undefined : readSwitch(name, value);
    if (read !== undefined) profile = { ...profile, ...read };
    else if (Object.hasOwn(DEFAULT_CARD_PROFILE, name) && name !== "psamAlgByteSm4" && !Object.hasOwn(PROFILE_CHOICES, name))
      return { ok: false, reason: `${name} is the terminal's own switch; no simulated card or module reads it` };
    else return { ok: false, reason: `"${part.trim()}" does not fit; known are ${PROFILE_USAGE.join(", ")}` };
  }
  return { ok: true, value: profile };
}

/** Faults of `--fault`, where "expired" is written among them although it belongs to the personalisation. */
function parseFaultOption(text: string): Parsed<{ readonly expired: boolean; readonly faults: Partial<CardFaults> }> {
  const parts = text.split(",").map((part) => part.trim());
  const others = parts.filter((part) => part !== EXPIRED);
  const expired = others.length < parts.length;
  if (others.length === 0) return { ok: true, value: { expired, faults: {} } };
  const parsed = parseCardFaults(others.join(","));
  return parsed.ok ? { ok: true, value: { expired, faults: parsed.value } } : parsed;
}

function readCard(reader: OptionReader, expired: boolean): TestCardOptions {
  const logSeqMode = reader.choice("log-seq", ["pre", "post"]);
  const profile = { ...reader.parsed("profile", parseProfile), ...given({ logSeqMode }) };
  const medical = reader.parsed("medical", parseAmountOrNone) ?? DEFAULT_MEDICAL_FEN;
  const cash = reader.parsed("cash", parseAmountOrNone) ?? DEFAULT_CASH_FEN;
  const generation = reader.choice("generation", ["1", "2", "3"]);
  return {
    balanceFen: reader.count("balance", BALANCE_MAX_FEN) ?? DEFAULT_BALANCE_FEN,
    // Cards of the first generation are older than SM4.
    algorithm: reader.choice("algorithm", ["3des", "sm4"]) ?? (generation === "1" ? "3des" : "sm4"),
    profile,
    ...given({
      serial: reader.count("serial", SERIAL_MAX),
      pin: reader.shaped("pin", /^\d{4,16}$/, "4 to 16 digits"),
      generation,
      interface: reader.choice("interface", ["contact", "contactless"]),
      lengthRule: reader.choice("length-rule", ["direct", "t0"]),
      regionCode: reader.shaped("region", /^\d{6}$/, "six digits"),
      purseAidHex: reader.shaped("purse-aid", /^(?:[0-9a-f]{2}){5,16}$/i, "5 to 16 bytes in hexadecimal"),
      offlineSeq: reader.count("offline-seq", 0xffff),
      purse: reader.parsed("purse", parsePurse),
    }),
    ...(medical === "none" ? {} : { medicalPurse: { accountFen: medical, ...ALONE_FLAGS[reader.choice("medical-alone", MEDICAL_ALONE) ?? "allowed"] } }),
    ...(cash === "none" ? {} : { electronicCash: { balanceFen: cash } }),
    ...(reader.flag("inactive") ? { contactlessActive: false } : {}),
    ...(reader.flag("no-algorithm-tag") ? { showsAlgorithm: false } : {}),
    ...(expired ? { expired } : {}),
  };
}

const KEY_LEVELS: ReadonlyMap<string, KeyLevel> = new Map<string, KeyLevel>([
  ["1", 1],
  ["2", 2],
  ["3", 3],
]);

function readModule(reader: OptionReader, card: TestCardOptions): TestPsamOptions {
  const { profile, regionCode, lengthRule } = card;
  const level = reader.choice("key-level", ["1", "2", "3"]);
  const terminalNumber = reader.shaped("terminal-number", /^\d{12}$/, "12 digits");
  return given({ profile, regionCode, lengthRule, terminalNumber, purseLevel: level === undefined ? undefined : KEY_LEVELS.get(level) });
}

function checkCombination(reader: OptionReader): void {
  const { problems } = reader;
  if (reader.flag("pcscd") === reader.flag("apdu")) problems.push("choose one of --apdu, --pcscd and --devices");
  if (reader.given("folder")) problems.push("--folder belongs to --devices");
  if (reader.flag("pcscd") && reader.flag("module")) problems.push("--module belongs to --apdu; --pcscd has the module in its SAM reader");
  if (reader.flag("apdu") && reader.given("keypad")) problems.push("--keypad belongs to --pcscd: without a reader there is no keypad");
  for (const name of ["snapshot", "scenario", "replay"]) if (reader.text(name) === "") problems.push(`--${name} is a file name`);
  if (reader.given("replay") && reader.given("snapshot")) problems.push("--replay has no card that --snapshot could keep");
  if (reader.given("card-speed") && !reader.given("timing")) problems.push("--card-speed belongs to --timing");
  if (reader.given("replay-mode") && !reader.given("replay")) problems.push("--replay-mode belongs to --replay");
}

/** A place by its name, with another card in it where one is named. */
function readTiming(reader: OptionReader): TimingProfile | undefined {
  const name = reader.choice("timing", TIMING_PROFILE_NAMES);
  const card = reader.choice("card-speed", CHIP_SPEEDS);
  return name === undefined ? undefined : { ...TIMING_PROFILES[name], ...given({ card }) };
}

/** The options, or what is wrong with them, one line each. */
export function readSimOptions(values: OptionValues): SimOptions | string {
  const reader = new OptionReader(values);
  checkCombination(reader);
  const { expired, faults } = reader.parsed("fault", parseFaultOption) ?? { expired: false, faults: {} };
  const card = readCard(reader, expired);
  const replayFile = reader.text("replay");
  const options: SimOptions = {
    mode: reader.flag("pcscd") ? "pcscd" : "apdu",
    speaksTo: reader.flag("module") ? "module" : "card",
    card,
    module: readModule(reader, card),
    cardFaults: faults,
    moduleFaults: reader.parsed("module-fault", parseModuleFaults) ?? {},
    snapshotFile: reader.text("snapshot"),
    scenarioFile: reader.text("scenario"),
    replay: replayFile === undefined ? undefined : { file: replayFile, mode: reader.choice("replay-mode", ["strict", "loose"]) ?? "strict" },
    personalizing: [...PERSONALIZING.filter((name) => reader.given(name)).map((name) => `--${name}`), ...(expired ? [`--fault ${EXPIRED}`] : [])],
    out: reader.flag("out"),
    keypad: reader.choice("keypad", KEYPAD_ACTS),
    timing: readTiming(reader),
    json: reader.flag("json"),
  };
  return reader.problems.length === 0 ? options : reader.problems.join("\n");
}

/** Hexadecimal bytes of a line, blanks allowed; undefined when it is something else. */
export function hexLine(line: string): Uint8Array | undefined {
  return /^[0-9a-f\s]+$/i.test(line) ? parseHex(line.replaceAll(/\s/g, "")) : undefined;
}
