/*
 * Goal: know what hangs on a line by asking, and change nothing at any device, whatever it is.
 * Method: one port after the other, and only ports that nobody holds; on each the families' questions in their fixed order, until one is
 * answered: then nothing more is sent there. Every question, every opening and the whole of it has a bound.
 */
import { isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { HidProbe, Lines, SerialProbe } from "../adapter.ts";
import type { Found, FoundHid, FoundSerial } from "../found.ts";
import { countdown } from "../framing/line-talk.ts";
import type { ByteLine } from "../framing/lines.ts";
import { serialPort } from "../framing/settings.ts";
import type { Families } from "./families.ts";
import { type Asked, takeFor } from "./take.ts";

export interface AskParts {
  readonly clock: Clock;
  readonly lines: Lines;
  readonly families: Families;
}

const OPEN_MS = 2_000;
/** A line that was just opened may still be settling, and some devices say something at first. */
const SETTLE_MS = 100;
/** All questions to one port together take less. */
const PORT_MS = 15_000;

const NOTHING_OPENED = "it could not be opened: another program may hold it";

interface Asking<Probe> {
  readonly family: string;
  readonly probe: Probe;
}

/** Why a device is not asked anything; undefined: it may be. */
function reserve(found: Found, families: Families): string | undefined {
  if (found.kind === "gpio") return "a chip answers no questions";
  if (found.heldBy !== undefined) return `${found.heldBy} has it open`;
  if (found.kind === "serial") return found.isConsole ? "the system writes its own messages there" : undefined;
  // Reports to a device that is something else could do anything there.
  return takeFor(found, families).as === undefined ? "nothing speaks for one of our devices" : undefined;
}

function serialQuestions(families: Families): readonly Asking<SerialProbe>[] {
  const all = [...families].flatMap(([family, { probe }]) => (probe?.on === "serial" ? [{ family, probe }] : []));
  return all.sort((left, right) => left.probe.turn - right.probe.turn);
}

function hidQuestions(families: Families): readonly Asking<HidProbe>[] {
  return [...families].flatMap(([family, { probe }]) => (probe?.on === "hid" ? [{ family, probe }] : []));
}

async function isOpenInTime(line: Pick<ByteLine, "untilOpen">, limits: Limits): Promise<boolean> {
  try {
    await line.untilOpen({ timeoutMs: Math.min(OPEN_MS, limits.timeoutMs), signal: limits.signal });
    return true;
  } catch (fault) {
    if (isFault(fault, "timeout")) return false;
    throw fault;
  }
}

/** Questions of one speed, on a line that is opened for them. */
async function askAtSpeed(found: FoundSerial, questions: readonly Asking<SerialProbe>[], parts: AskParts, left: () => Limits): Promise<Asked> {
  const { clock, lines } = parts;
  const baudRate = questions[0]?.probe.baudRate ?? 0;
  const line = lines.serial(serialPort(baudRate).parse({ path: found.node }));
  try {
    if (!(await isOpenInTime(line, left()))) return { kind: "not-asked", why: NOTHING_OPENED };
    await clock.sleep(SETTLE_MS, left().signal);
    for (const { family, probe } of questions) {
      const recognized = await probe.ask(line, { clock }, left());
      if (recognized !== undefined) return { kind: "answered", answer: { family, ...recognized } };
    }
    return { kind: "silent", families: questions.map(({ family }) => family) };
  } finally {
    await line.close();
  }
}

async function askSerial(found: FoundSerial, parts: AskParts, left: () => Limits): Promise<Asked> {
  const questions = serialQuestions(parts.families);
  const silent: string[] = [];
  let rest = questions;
  while (rest.length > 0) {
    const baudRate = rest[0]?.probe.baudRate;
    const others = rest.findIndex(({ probe }) => probe.baudRate !== baudRate);
    const turn = others < 0 ? rest : rest.slice(0, others);
    const asked = await askAtSpeed(found, turn, parts, left);
    // What was silent at one speed is known, also where the line did not open for the next.
    if (asked.kind === "answered" || (asked.kind === "not-asked" && silent.length === 0)) return asked;
    if (asked.kind === "not-asked") break;
    silent.push(...asked.families);
    rest = rest.slice(turn.length);
  }
  return { kind: "silent", families: silent };
}

async function askHid(found: FoundHid, { clock, lines, families }: AskParts, left: () => Limits): Promise<Asked> {
  const line = lines.hid({ path: found.node });
  try {
    if (!(await isOpenInTime(line, left()))) return { kind: "not-asked", why: NOTHING_OPENED };
    const questions = hidQuestions(families);
    for (const { family, probe } of questions) {
      const recognized = await probe.ask(line, { clock }, left());
      if (recognized !== undefined) return { kind: "answered", answer: { family, ...recognized } };
    }
    return { kind: "silent", families: questions.map(({ family }) => family) };
  } finally {
    await line.close();
  }
}

/** Asks one device what it is, unless somebody has it or it is surely none of ours. Faults: "cancelled". */
export async function askDevice(found: Found, parts: AskParts, limits: Limits): Promise<Asked> {
  const why = reserve(found, parts.families);
  if (why !== undefined) return { kind: "not-asked", why };
  const left = countdown(parts.clock, { timeoutMs: Math.min(PORT_MS, limits.timeoutMs), signal: limits.signal });
  if (found.kind === "serial") return askSerial(found, parts, left);
  const taken = takeFor(found, parts.families).as;
  const asks = taken === undefined ? undefined : parts.families.get(taken.family)?.probe;
  // A scanner says by its description what it is, and has no question.
  if (found.kind !== "hid" || asks === undefined) return { kind: "not-asked", why: "it says what it is without being asked" };
  return askHid(found, parts, left);
}
