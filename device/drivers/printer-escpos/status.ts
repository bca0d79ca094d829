/*
 * What a printer says of itself: one byte for each real-time question, and one in its turn behind a slip. Fixed bits tell the two apart, and
 * both from noise and flow control. Which bit means what is a named table, because printers differ. Spec: ESC/POS, real-time status.
 */
import type { Bytes } from "../../base/bytes.ts";
import type { WordReader } from "../framing/line-talk.ts";
import type { PrinterState } from "../peripherals.ts";

/** Questions in the order of asking: printer, cause of being offline, error, paper. */
export const STATUS_QUESTIONS = [1, 2, 3, 4] as const;
export type StatusQuestion = (typeof STATUS_QUESTIONS)[number];

interface StatusBit {
  readonly question: StatusQuestion;
  /** Any of these bits. */
  readonly mask: number;
}

/** What a printer can tell; "ready" is the absence of everything else. */
export type StatusCondition = Exclude<PrinterState, "ready" | "unknown">;

export type StatusBits = Readonly<Record<StatusCondition, readonly StatusBit[]>>;

/** The tables of the printers that others imitate. */
export const COMMON_STATUS_BITS: StatusBits = {
  "paper-end": [
    { question: 4, mask: 0x60 },
    { question: 2, mask: 0x20 },
  ],
  "cover-open": [{ question: 2, mask: 0x04 }],
  error: [
    { question: 3, mask: 0x6c },
    { question: 2, mask: 0x40 },
  ],
  offline: [{ question: 1, mask: 0x08 }],
  "paper-low": [{ question: 4, mask: 0x0c }],
};

/** The first that applies is told: a cause before its consequence. */
const CONDITIONS: readonly StatusCondition[] = ["paper-end", "cover-open", "error", "offline", "paper-low"];

/** "now": the answer to a real-time question. "in-turn": to a question that was printed up to. */
export interface StatusWord {
  readonly is: "now" | "in-turn";
  readonly byte: number;
}

/** Picks answers out of whatever comes. Each byte stands for itself, so that nothing is held. Never throws. */
export class StatusReader implements WordReader<StatusWord> {
  feed(bytes: Bytes): readonly StatusWord[] {
    const words: StatusWord[] = [];
    for (const byte of bytes) {
      if ((byte & 0x93) === 0x12) words.push({ is: "now", byte });
      else if ((byte & 0xf0) === 0x00) words.push({ is: "in-turn", byte });
    }
    return words;
  }

  reset(): void {
    // Nothing is ever begun.
  }
}

/** State by the answers to all questions; "unknown" where one is missing. */
export function printerState(answers: ReadonlyMap<StatusQuestion, number>, bits: StatusBits): PrinterState {
  if (STATUS_QUESTIONS.some((question) => !answers.has(question))) return "unknown";
  const applies = ({ question, mask }: StatusBit) => ((answers.get(question) ?? 0) & mask) !== 0;
  return CONDITIONS.find((condition) => bits[condition].some(applies)) ?? "ready";
}
