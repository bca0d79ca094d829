/*
 * How long chips work on a command before they answer, by its kind. No maker publishes these times: they are assumptions within the ranges
 * that public logs of cards suggest, and each of them can be chosen: a fast, a typical or a slow chip.
 */
import type { Bytes } from "../../device/base/bytes.ts";

/** How good the chip is. */
export const CHIP_SPEEDS = ["fast", "typical", "slow"] as const;
export type ChipSpeed = (typeof CHIP_SPEEDS)[number];

type Work = Readonly<Record<ChipSpeed, number>>;

/** Milliseconds of a card by kind of command. */
const CARD_WORK = {
  select: { fast: 4, typical: 8, slow: 12 },
  read: { fast: 1, typical: 2, slow: 4 },
  write: { fast: 4, typical: 10, slow: 16 },
  /** INITIALIZE of a purchase or load: a session key. */
  initialize: { fast: 3, typical: 6, slow: 8 },
  cache: { fast: 4, typical: 12, slow: 16 },
  /** Checks a code, writes balance and log, makes two codes. */
  debit: { fast: 8, typical: 25, slow: 40 },
  proof: { fast: 1, typical: 3, slow: 5 },
  authenticate: { fast: 4, typical: 10, slow: 20 },
  /** GET PROCESSING OPTIONS without a signature, or an application cryptogram. */
  cryptogram: { fast: 8, typical: 20, slow: 30 },
  /** GET PROCESSING OPTIONS that also signs. */
  signature: { fast: 30, typical: 90, slow: 130 },
  other: { fast: 2, typical: 5, slow: 8 },
} as const satisfies Readonly<Record<string, Work>>;

export type CardWork = keyof typeof CARD_WORK;

const WORK_OF_COMMAND: ReadonlyMap<number, CardWork> = new Map<number, CardWork>([
  [0x00a4, "select"],
  [0x00b0, "read"],
  [0x00b2, "read"],
  [0x0084, "read"],
  [0x80ca, "read"],
  [0x805c, "read"],
  [0x00d6, "write"],
  [0x00dc, "write"],
  [0x04d6, "write"],
  [0x04dc, "write"],
  [0x8050, "initialize"],
  [0xb028, "initialize"],
  [0x80dc, "cache"],
  [0x8052, "debit"],
  [0x8054, "debit"],
  [0xb026, "read"],
  [0xb02a, "debit"],
  [0xb02c, "debit"],
  [0x805a, "proof"],
  [0xb02e, "proof"],
  [0x0020, "authenticate"],
  [0x805e, "authenticate"],
  [0x0082, "authenticate"],
  [0x0088, "authenticate"],
  [0x80ae, "cryptogram"],
]);
const OPTIONS = 0x80a8;
/** Header, length, tag and length of an empty list: a card that asks for no data of the terminal signs none. */
const EMPTY_OPTIONS_BYTES = 8;

/** Class and instruction as one number. */
export function instructionOf(command: Bytes): number {
  return (command[0] ?? 0) * 0x100 + (command[1] ?? 0);
}

export function cardWorkOf(command: Bytes): CardWork {
  const instruction = instructionOf(command);
  if (instruction === OPTIONS) return command.length > EMPTY_OPTIONS_BYTES ? "signature" : "cryptogram";
  return WORK_OF_COMMAND.get(instruction) ?? "other";
}

/** Milliseconds that a card works on this command. */
export function cardWorkMs(speed: ChipSpeed, command: Bytes): number {
  return CARD_WORK[cardWorkOf(command)][speed];
}

const OPEN_PURCHASE = 0x8070;
const CREDIT = 0x8072;
const MODULE_OPENS: Work = { fast: 0.8, typical: 5, slow: 15 };
const MODULE_CREDITS: Work = { fast: 0.3, typical: 2.5, slow: 8 };
const MODULE_OTHER: Work = { fast: 0.3, typical: 3, slow: 8 };

/** Milliseconds that a security module works on this command, its slot included. */
export function moduleWorkMs(speed: ChipSpeed, command: Bytes): number {
  const instruction = instructionOf(command);
  if (instruction === OPEN_PURCHASE) return MODULE_OPENS[speed];
  return (instruction === CREDIT ? MODULE_CREDITS : MODULE_OTHER)[speed];
}
