/*
 * Goal: how long a card has to stay for the commands that it was given: at the least, and under a profile.
 * Method: the recorded commands are laid on two lines again, that of the card and that of the security module, each as early as what it needs
 * is there. INIT SAM needs the answer to INITIALIZE, the debit needs MAC1 of INIT SAM, and nothing else of a purchase waits for the other line.
 * Host and disk take no time here.
 */
import type { Bytes } from "../../device/base/bytes.ts";
import { TIMING_PROFILES, type TimingProfile, timingsOf } from "./timing-profiles.ts";
import { cardWorkOf, instructionOf } from "./timing-work.ts";

/** One command and its answer, in the order in which they were begun. */
export interface RecordedExchange {
  readonly to: "card" | "module";
  readonly command: Bytes;
  readonly answer: Bytes;
}

const OPEN_PURCHASE = 0x8070;
const CREDIT = 0x8072;

/** When each line is free again, and when what the other line waits for is there. */
interface Lines {
  readonly cardMs: number;
  readonly moduleMs: number;
  readonly initializedMs: number;
  readonly openedMs: number;
}

function afterCard(lines: Lines, command: Bytes, durationMs: number): Lines {
  const work = cardWorkOf(command);
  const cardMs = Math.max(lines.cardMs, work === "debit" ? lines.openedMs : 0) + durationMs;
  return { ...lines, cardMs, initializedMs: work === "initialize" ? cardMs : lines.initializedMs };
}

function afterModule(lines: Lines, command: Bytes, durationMs: number): Lines {
  const instruction = instructionOf(command);
  if (instruction === OPEN_PURCHASE) {
    const moduleMs = Math.max(lines.moduleMs, lines.initializedMs) + durationMs;
    return { ...lines, moduleMs, openedMs: moduleMs };
  }
  const moduleMs = Math.max(lines.moduleMs, lines.cardMs) + durationMs;
  // A key or code for the next command to the card: everything but the check of the last answer, for which no card has to stay.
  return instruction === CREDIT ? { ...lines, moduleMs } : { ...lines, moduleMs, cardMs: moduleMs };
}

/** Milliseconds from the card's arrival to its last answer under `profile`, both lines overlapped as well as can be. */
export function fieldMs(profile: TimingProfile, exchanges: readonly RecordedExchange[]): number {
  const timings = timingsOf(profile);
  const beganMs = timings.arrivalMs(1);
  let lines: Lines = { cardMs: beganMs, moduleMs: 0, initializedMs: 0, openedMs: 0 };
  for (const { to, command, answer } of exchanges) {
    lines = to === "card" ? afterCard(lines, command, timings.contactless(command, answer)) : afterModule(lines, command, timings.module(command, answer));
  }
  return lines.cardMs;
}

/** The physical floor of a tap. */
export function floorMs(exchanges: readonly RecordedExchange[]): number {
  return fieldMs(TIMING_PROFILES.floor, exchanges);
}
