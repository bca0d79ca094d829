/*
 * An answer of a simulated device on its way to the terminal, with what befalls it there. Answers do not mix: one that is given slowly is
 * over before the next one begins, as on a wire.
 */
import { type Bytes, concat, fromHex } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { FarEnd, LineFaults } from "./far-end.ts";

export interface AnswerWay {
  readonly end: Pick<FarEnd, "write"> | undefined;
  readonly faults: LineFaults;
  /** Which byte a garbled answer is wrong in, counted from its end. */
  readonly garbledFromEnd?: number;
}

/** Answers that wait for a slow one; more of them are lost, as in a device whose room is used up. */
const WAITING_MAX = 64;

interface Wire {
  last: Promise<void>;
  waiting: number;
}

/** Wires that are in use just now. */
const inUse = new WeakMap<Pick<FarEnd, "write">, Wire>();

async function give(clock: Clock, end: Pick<FarEnd, "write">, pieces: readonly Bytes[], pauseMs: number): Promise<void> {
  for (const [at, piece] of pieces.entries()) {
    if (at > 0) await clock.sleep(pauseMs);
    end.write(piece);
  }
}

/** Gives all pieces when the answers before have been given. */
async function inTurn(end: Pick<FarEnd, "write">, work: () => Promise<void>): Promise<void> {
  const wire = inUse.get(end) ?? { last: Promise.resolve(), waiting: 0 };
  if (wire.waiting >= WAITING_MAX) return;
  wire.waiting += 1;
  wire.last = wire.last.then(work);
  inUse.set(end, wire);
  await wire.last;
  wire.waiting -= 1;
  if (wire.waiting === 0) inUse.delete(end);
}

function piecesOf(whole: Bytes, size: number): readonly Bytes[] {
  return Array.from({ length: Math.ceil(whole.length / size) }, (_, at) => whole.slice(at * size, (at + 1) * size));
}

export async function sendAnswer(clock: Clock, { end, faults, garbledFromEnd = 2 }: AnswerWay, wire: Bytes): Promise<void> {
  const { deaf, garbled, lateMs, pieceBytes, noiseHex, slowMs } = faults;
  if (lateMs > 0) await clock.sleep(lateMs);
  if (deaf || end === undefined) return;
  const wrong = Math.max(0, wire.length - garbledFromEnd);
  const spoiled = garbled ? wire.map((byte, at) => (at === wrong ? byte ^ 0x01 : byte)) : wire;
  const whole = concat(fromHex(noiseHex), spoiled);
  const size = pieceBytes > 0 ? pieceBytes : slowMs > 0 ? 1 : Math.max(1, whole.length);
  const pieces = piecesOf(whole, size);
  if (slowMs > 0 || inUse.has(end)) await inTurn(end, () => give(clock, end, pieces, slowMs));
  else for (const piece of pieces) end.write(piece);
}
