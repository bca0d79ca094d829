/*
 * The far end of a line: where a simulated device hangs. In process it is a pair of queues under a clock; on the real path it is the other
 * end of a pseudo terminal. The device's logic is the same for both, and so are the faults that a user can switch on.
 */
import type { Bytes } from "../../device/base/bytes.ts";

/** What befalls the bytes of one answer on their way to the terminal. */
export interface LineFaults {
  /** Answers get lost. */
  readonly deaf: boolean;
  /** One bit of each answer is flipped. */
  readonly garbled: boolean;
  /** Waits so long before each answer. */
  readonly lateMs: number;
  /** Answers come in pieces of so many bytes; 0: whole. */
  readonly pieceBytes: number;
  /** Noise before each answer. */
  readonly noiseHex: string;
  /** Pause between the pieces of an answer; where the pieces have no size, they are single bytes. */
  readonly slowMs: number;
}

export const NO_LINE_FAULTS: LineFaults = { deaf: false, garbled: false, lateMs: 0, pieceBytes: 0, noiseHex: "", slowMs: 0 };

export interface FarEnd {
  /** What the terminal sends, in pieces of any size. */
  onBytes(listener: (bytes: Bytes) => void): void;
  /** To the terminal. Bytes for a line that is unplugged are lost. */
  write(bytes: Bytes): void;
}
