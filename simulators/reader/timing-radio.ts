/*
 * Goal: the time that frames spend in the air, so that a tap can be compared with what physics allows.
 * Method: count the elementary time units of each frame and the shortest delays between frames that the standard permits. Errors, repeats and
 * waiting-time extensions are left out: what is computed is the least. Spec: ISO/IEC 14443-3, frames; ISO/IEC 14443-4, blocks.
 */

/** How reader and card speak to each other. */
export interface RadioLine {
  readonly type: "A" | "B";
  readonly kbps: 106 | 212 | 424 | 848;
  /** Longest frame, in both directions; longer messages are chained. */
  readonly frameBytes: 64 | 256;
  /** Type A only; seven bytes cost another round of anticollision. Four when absent. */
  readonly uidBytes?: 4 | 7;
}

type Sender = "reader" | "card";

const CARRIER_CYCLES_PER_MS = 13_560;
/** Cycles of the carrier in one elementary time unit at 106 kbit/s. */
const UNIT_CYCLES = 128;
const SUBCARRIER_CYCLES = 16;
/** Protocol byte and checksum around each block. */
const BLOCK_BYTES = 3;
const CHECKSUM_BYTES = 2;
/** Type A: a start and an end around each frame, nine units a byte; type B: SOF and EOF, ten units a byte. */
const FRAME_UNITS = { A: { byte: 9, ends: 2 }, B: { byte: 10, ends: 22 } } as const;
/** Above 106 kbit/s a type A card begins with this much bare subcarrier. */
const TYPE_A_START_CYCLES = 32 * SUBCARRIER_CYCLES;
/** One exchange waits once for the card and once before the next command. Type B: TR0 and TR1, then TR2, each the shortest. */
const TURN_CYCLES = { A: 1_236 + 1_172, B: (64 + 80) * SUBCARRIER_CYCLES + 14 * UNIT_CYCLES } as const;
/** WUPA has seven bits. */
const SHORT_FRAME_UNITS = 9;
/** An answer to select with the historical bytes that cards of this kind carry. */
const ATS_BYTES = 14;
const ATQB_BYTES = 12;

function unitCycles({ kbps }: RadioLine): number {
  return UNIT_CYCLES / (kbps / 106);
}

function frameCycles(line: RadioLine, bytes: number, from: Sender): number {
  const { byte, ends } = FRAME_UNITS[line.type];
  const start = line.type === "A" && line.kbps > 106 && from === "card" ? TYPE_A_START_CYCLES : 0;
  return (bytes * byte + ends) * unitCycles(line) + start;
}

/** One frame each way, with the delays behind both. */
function turnCycles(line: RadioLine, down: number, up: number): number {
  return frameCycles(line, down, "reader") + frameCycles(line, up, "card") + TURN_CYCLES[line.type];
}

/** Lengths of the parts into which a message is cut. */
function partsOf(bytes: number, room: number): readonly number[] {
  const count = Math.max(1, Math.ceil(bytes / room));
  return Array.from({ length: count }, (_, at) => Math.min(room, bytes - at * room));
}

/** Milliseconds in the air of one command and its answer, status word included, chained where they are longer than a frame. */
export function airMs(line: RadioLine, commandBytes: number, answerBytes: number): number {
  const room = line.frameBytes - BLOCK_BYTES;
  const commands = partsOf(commandBytes, room);
  const answers = partsOf(answerBytes, room);
  // Each part but the last of the command is acknowledged by the card, each but the first of the answer is asked for by the reader.
  const down = [...commands, ...answers.slice(1).map(() => 0)];
  const up = [...commands.slice(1).map(() => 0), ...answers];
  const cycles = down.map((bytes, at) => turnCycles(line, bytes + BLOCK_BYTES, (up[at] ?? 0) + BLOCK_BYTES));
  return cycles.reduce((sum, each) => sum + each, 0) / CARRIER_CYCLES_PER_MS;
}

/** Milliseconds in the air from the first call to the protocol being agreed; calls that found no card are not in it. */
export function activationMs(line: RadioLine): number {
  const slow: RadioLine = { ...line, kbps: 106 };
  const cycles = line.type === "A" ? typeA(slow, line.kbps > 106) : typeB(slow);
  return cycles / CARRIER_CYCLES_PER_MS;
}

/** WUPA and ATQA, anticollision and SELECT of each level, RATS and ATS, and PPS where the speed is to rise. */
function typeA(slow: RadioLine, faster: boolean): number {
  const wake = SHORT_FRAME_UNITS * UNIT_CYCLES + frameCycles(slow, 2, "card") + TURN_CYCLES.A;
  const level = turnCycles(slow, 2, 5) + turnCycles(slow, 7 + CHECKSUM_BYTES, 1 + CHECKSUM_BYTES);
  const levels = (slow.uidBytes ?? 4) === 7 ? 2 : 1;
  const select = turnCycles(slow, 2 + CHECKSUM_BYTES, ATS_BYTES + CHECKSUM_BYTES);
  const speed = faster ? turnCycles(slow, 3 + CHECKSUM_BYTES, 1 + CHECKSUM_BYTES) : 0;
  return wake + levels * level + select + speed;
}

/** REQB and ATQB, then ATTRIB, which also agrees on the speed. */
function typeB(slow: RadioLine): number {
  return turnCycles(slow, 3 + CHECKSUM_BYTES, ATQB_BYTES + CHECKSUM_BYTES) + turnCycles(slow, 9 + CHECKSUM_BYTES, 1 + CHECKSUM_BYTES);
}
