/* Faults of cards and modules as people write them: "mute,slow=250,torn=3:after". One table says what exists and what it takes. */
import { type CardFaults, NO_FAULTS, type TearPlace, type TearPoint } from "../card/state.ts";
import { SOCIAL_CERTIFICATE_FAULTS } from "../crypto/social-certificates.ts";
import { NO_PSAM_FAULTS, type PsamFaults } from "../psam/state.ts";

export type Parsed<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly reason: string };

export interface FaultWord<Faults> {
  /** How it is written, for help texts and refusals. */
  readonly usage: string;
  readonly meaning: string;
  /** The faults that it switches on; undefined when the argument does not fit. */
  readonly read: (argument: string | undefined) => Partial<Faults> | undefined;
}

export type FaultWords<Faults> = ReadonlyMap<string, FaultWord<Faults>>;

const SLOW_MS_MAX = 600_000;
const TORN_COMMANDS_MAX = 10_000;
/** Longer than any exchange of short commands. */
const TORN_BYTES_MAX = 1_000;
const BLOCKED = ["purse", "social", "electronic-cash", "card"] as const;
const TEAR_POINTS: readonly TearPoint[] = ["before", "during", "after"];

export function isTearPoint(text: string | undefined): text is TearPoint {
  return TEAR_POINTS.some((point) => point === text);
}

export function count(text: string | undefined, max: number): number | undefined {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined;
  return Number(text) <= max ? Number(text) : undefined;
}

export function plain<Faults>(faults: Partial<Faults>): FaultWord<Faults>["read"] {
  return (argument) => (argument === undefined ? faults : undefined);
}

function readSlow(argument: string | undefined): { readonly extraMsPerCommand: number } | undefined {
  const extraMsPerCommand = count(argument, SLOW_MS_MAX);
  return extraMsPerCommand === undefined ? undefined : { extraMsPerCommand };
}

interface Torn {
  readonly commandsUntilTear: number;
  readonly tearAt: TearPoint;
}

function readTorn(argument: string | undefined): Torn | undefined {
  const [commands, point, ...more] = (argument ?? "").split(":");
  const commandsUntilTear = count(commands, TORN_COMMANDS_MAX);
  return commandsUntilTear === undefined || !isTearPoint(point) || more.length > 0 ? undefined : { commandsUntilTear, tearAt: point };
}

/** A point of an exchange, or the bytes of it that still get across: command first, then answer. */
export function readTearPlace(text: string | undefined): TearPlace | undefined {
  return isTearPoint(text) ? text : count(text, TORN_BYTES_MAX);
}

function readTornCard(argument: string | undefined): Partial<CardFaults> | undefined {
  const [commands, place, ...more] = (argument ?? "").split(":");
  const commandsUntilTear = count(commands, TORN_COMMANDS_MAX);
  const where = readTearPlace(place);
  if (commandsUntilTear === undefined || where === undefined || more.length > 0) return undefined;
  return typeof where === "number" ? { commandsUntilTear, tearAtByte: where } : { commandsUntilTear, tearAt: where, tearAtByte: undefined };
}

function readSlowInstruction(argument: string | undefined): Partial<CardFaults> | undefined {
  const [instruction = "", ms, ...more] = (argument ?? "").split(":");
  const extraMs = count(ms, SLOW_MS_MAX);
  if (extraMs === undefined || more.length > 0 || !/^[0-9a-f]{2}$/i.test(instruction)) return undefined;
  return { slowInstruction: { ins: Number.parseInt(instruction, 16), extraMs } };
}

function readBlocked(argument: string | undefined): Partial<CardFaults> | undefined {
  const found = BLOCKED.find((each) => each === argument);
  return found === undefined ? undefined : { blocked: found };
}

function readMemoryTrouble(argument: string | undefined): Partial<CardFaults> | undefined {
  return argument === "written" || argument === "not-written" ? { memoryTrouble: argument } : undefined;
}

function readSocialCertificate(argument: string | undefined): Partial<CardFaults> | undefined {
  const found = SOCIAL_CERTIFICATE_FAULTS.find((each) => each === argument);
  return found === undefined ? undefined : { socialCertificate: found };
}

/** What cards and modules share. */
const SHARED = {
  mute: { usage: "mute", meaning: "no answer to reset, none to commands", read: plain<{ mute: boolean }>({ mute: true }) },
  slow: { usage: "slow=<ms>", meaning: `every command takes that much longer (0 to ${SLOW_MS_MAX})`, read: readSlow },
  torn: {
    usage: "torn=<n commands>:<before|during|after>",
    meaning: "after n answered commands the next one is torn, once: it never arrives, power fails before the commit, or the answer is lost",
    read: readTorn,
  },
};

const CARD_FAULTS: FaultWords<CardFaults> = new Map<string, FaultWord<CardFaults>>([
  ["mute", SHARED.mute],
  ["slow", SHARED.slow],
  ["wrong-mac2", { usage: "wrong-mac2", meaning: "the card debits and answers a wrong MAC2", read: plain<CardFaults>({ wrongMac2: true }) }],
  ["wrong-tac", { usage: "wrong-tac", meaning: "the card debits and answers a wrong TAC", read: plain<CardFaults>({ wrongTac: true }) }],
  ["blocked", { usage: `blocked=<${BLOCKED.join("|")}>`, meaning: "that part is blocked for good", read: readBlocked }],
  [
    "counter-exhausted",
    { usage: "counter-exhausted", meaning: "the offline sequence counts as used up (9402)", read: plain<CardFaults>({ counterExhausted: true }) },
  ],
  [
    "slow-instruction",
    {
      usage: "slow-instruction=<INS>:<ms>",
      meaning: "commands with this instruction (two hexadecimal digits) take that much longer: the card asks for more waiting time",
      read: readSlowInstruction,
    },
  ],
  [
    "torn",
    {
      usage: "torn=<n commands>:<before|during|after|bytes>",
      meaning: "as for modules; or so many bytes of command and answer get across: part of the command, the whole of it, or a part of the answer",
      read: readTornCard,
    },
  ],
  [
    "proof-dropped",
    { usage: "proof-dropped", meaning: "the proof of the last sale is lost at the next INITIALIZE", read: plain<CardFaults>({ proofDroppedByNextInit: true }) },
  ],
  [
    "memory-trouble",
    {
      usage: "memory-trouble=<written|not-written>",
      meaning: "the next debit or credit of a purse answers 6581, with everything written or nothing",
      read: readMemoryTrouble,
    },
  ],
  [
    "wrong-signature",
    { usage: "wrong-signature", meaning: "electronic cash: the dynamic signature is wrong", read: plain<CardFaults>({ wrongDynamicSignature: true }) },
  ],
  [
    "wrong-issuer-certificate",
    {
      usage: "wrong-issuer-certificate",
      meaning: "electronic cash: the issuer's certificate is wrong",
      read: plain<CardFaults>({ wrongIssuerCertificate: true }),
    },
  ],
  [
    "wrong-card-certificate",
    { usage: "wrong-card-certificate", meaning: "electronic cash: the card's certificate is wrong", read: plain<CardFaults>({ wrongCardCertificate: true }) },
  ],
  [
    "expired-certificate",
    { usage: "expired-certificate", meaning: "electronic cash: the card's certificate has ended", read: plain<CardFaults>({ expiredCertificate: true }) },
  ],
  [
    "social-certificate",
    {
      usage: `social-certificate=<${SOCIAL_CERTIFICATE_FAULTS.join("|")}>`,
      meaning: "certificates of the social application (profile acse=assumed): what is wrong with them, or with the card's signature",
      read: readSocialCertificate,
    },
  ],
  [
    "last-answer-lost",
    {
      usage: "last-answer-lost",
      meaning: "electronic cash: the answer that committed a payment is not kept",
      read: plain<CardFaults>({ lastAnswerLost: true }),
    },
  ],
]);

const MODULE_FAULTS: FaultWords<PsamFaults> = new Map<string, FaultWord<PsamFaults>>([
  ["mute", SHARED.mute],
  ["slow", SHARED.slow],
  ["wrong-mac1", { usage: "wrong-mac1", meaning: "MAC1 is wrong: the card will refuse it", read: plain<PsamFaults>({ wrongMac1: true }) }],
  ["locked", { usage: "locked", meaning: "all purchase keys are locked (6983)", read: plain<PsamFaults>({ locked: true }) }],
  ["torn", SHARED.torn],
]);

/** `none` clears all; it stands alone. */
const CLEAR = "none";

export function parseFaults<Faults extends object>(text: string, words: FaultWords<Faults>): Parsed<Partial<Faults>> {
  let faults: Partial<Faults> = {};
  for (const part of text.split(",")) {
    const at = part.indexOf("=");
    const name = at < 0 ? part.trim() : part.slice(0, at).trim();
    const word = words.get(name);
    if (word === undefined) return { ok: false, reason: `there is no fault "${name}"; known are ${usages(words).join(", ")}` };
    const read = word.read(at < 0 ? undefined : part.slice(at + 1).trim());
    if (read === undefined) return { ok: false, reason: `the fault "${name}" is written ${word.usage}` };
    faults = { ...faults, ...read };
  }
  return { ok: true, value: faults };
}

function usages<Faults>(words: FaultWords<Faults>): readonly string[] {
  return [...words.values()].map((word) => word.usage);
}

/** A comma list of card faults; `none` gives "no fault at all". */
export function parseCardFaults(text: string): Parsed<Partial<CardFaults>> {
  return text.trim() === CLEAR ? { ok: true, value: NO_FAULTS } : parseFaults(text, CARD_FAULTS);
}

/** The same for the security module. */
export function parseModuleFaults(text: string): Parsed<Partial<PsamFaults>> {
  return text.trim() === CLEAR ? { ok: true, value: NO_PSAM_FAULTS } : parseFaults(text, MODULE_FAULTS);
}

export const CARD_FAULT_USAGE: readonly string[] = usages(CARD_FAULTS);
export const MODULE_FAULT_USAGE: readonly string[] = usages(MODULE_FAULTS);

/** Switches that are on or off, and how they are written. */
const FLAGS: Readonly<Record<string, string>> = {
  mute: "mute",
  wrongMac1: "wrong-mac1",
  wrongMac2: "wrong-mac2",
  wrongTac: "wrong-tac",
  locked: "locked",
  counterExhausted: "counter-exhausted",
  proofDroppedByNextInit: "proof-dropped",
  wrongDynamicSignature: "wrong-signature",
  wrongIssuerCertificate: "wrong-issuer-certificate",
  wrongCardCertificate: "wrong-card-certificate",
  expiredCertificate: "expired-certificate",
  lastAnswerLost: "last-answer-lost",
};

/** What is switched on, as it would be written, or "none". */
export function faultsShown(faults: CardFaults | PsamFaults): string {
  const { extraMsPerCommand, commandsUntilTear, tearAt } = faults;
  const on = Object.entries(faults).flatMap(([name, value]) => (value === true ? [FLAGS[name] ?? name] : []));
  if (extraMsPerCommand > 0) on.push(`slow=${extraMsPerCommand}`);
  if ("blocked" in faults && faults.blocked !== "nothing") on.push(`blocked=${faults.blocked}`);
  if ("slowInstruction" in faults && faults.slowInstruction !== undefined) {
    const { ins, extraMs } = faults.slowInstruction;
    on.push(`slow-instruction=${ins.toString(16).padStart(2, "0")}:${extraMs}`);
  }
  if ("memoryTrouble" in faults && faults.memoryTrouble !== undefined) on.push(`memory-trouble=${faults.memoryTrouble}`);
  if ("socialCertificate" in faults && faults.socialCertificate !== undefined) on.push(`social-certificate=${faults.socialCertificate}`);
  const place = "tearAtByte" in faults && faults.tearAtByte !== undefined ? faults.tearAtByte : tearAt;
  if (commandsUntilTear !== undefined) on.push(`torn=${commandsUntilTear}:${place}`);
  return on.length === 0 ? "none" : on.join(",");
}
