/*
 * The little of Modbus RTU that a relay board needs: write one coil, read coils and inputs, and the exceptions to them. Spec: Modbus RTU, frames.
 */
import { type Bytes, concat, u8, u16be } from "../../base/bytes.ts";
import type { WordReader } from "../framing/line-talk.ts";

export const READ_COILS = 0x01;
export const READ_INPUTS = 0x02;
export const WRITE_COIL = 0x05;
const EXCEPTION = 0x80;
const EXCEPTIONS: readonly number[] = [READ_COILS, READ_INPUTS, WRITE_COIL].map((operation) => operation | EXCEPTION);
const CRC_BYTES = 2;
const WRITE_ANSWER_BYTES = 8;
const EXCEPTION_BYTES = 5;
const READ_HEAD_BYTES = 3;
/** 32 coils: no board at a gate has more, and so near a bound keeps a false start short. */
const READ_DATA_MAX = 4;

/** The check of a frame, least significant byte first. */
export function modbusCrc(bytes: Bytes): Bytes {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return Uint8Array.of(crc & 0xff, crc >>> 8);
}

/** A request of two 16-bit words, which all requests to a relay board are. */
export function encodeModbusRequest(unit: number, operation: number, words: readonly [number, number]): Bytes {
  const body = concat(u8(unit), u8(operation), u16be(words[0]), u16be(words[1]));
  return concat(body, modbusCrc(body));
}

export interface ModbusAnswer {
  /** The operation that is answered, without the mark of an exception. */
  readonly operation: number;
  /** The code of an exception; undefined where the board obeyed. */
  readonly exception: number | undefined;
  /** Behind the operation, without the check. */
  readonly data: Bytes;
}

/** Reads answers of one unit, in pieces of any size. Holds one answer at most; behind a false start the search goes on. */
export class ModbusAnswerReader implements WordReader<ModbusAnswer> {
  readonly #unit: number;
  #held: number[] = [];

  constructor(unit: number) {
    this.#unit = unit;
  }

  /** Bytes that wait for the rest of a frame, eight at most. */
  get held(): number {
    return this.#held.length;
  }

  reset(): void {
    this.#held = [];
  }

  feed(bytes: Bytes): readonly ModbusAnswer[] {
    const answers: ModbusAnswer[] = [];
    for (const byte of bytes) {
      this.#held.push(byte);
      this.#take(answers);
    }
    return answers;
  }

  #take(answers: ModbusAnswer[]): void {
    // Each round drops a byte or ends.
    while (this.#held.length > 0) {
      const length = this.#lengthOfAnswer();
      if (length === "broken") this.#held.shift();
      else if (length === "more" || this.#held.length < length) return;
      else if (!this.#takeWhole(length, answers)) this.#held.shift();
    }
  }

  #lengthOfAnswer(): number | "more" | "broken" {
    const [unit, operation, count] = this.#held;
    if (unit !== this.#unit) return "broken";
    if (operation === undefined) return "more";
    if (operation === WRITE_COIL) return WRITE_ANSWER_BYTES;
    if (EXCEPTIONS.includes(operation)) return EXCEPTION_BYTES;
    if (operation !== READ_COILS && operation !== READ_INPUTS) return "broken";
    if (count === undefined) return "more";
    return count >= 1 && count <= READ_DATA_MAX ? READ_HEAD_BYTES + count + CRC_BYTES : "broken";
  }

  #takeWhole(length: number, answers: ModbusAnswer[]): boolean {
    const whole = Uint8Array.from(this.#held.slice(0, length));
    const crc = modbusCrc(whole.slice(0, -CRC_BYTES));
    if (whole.at(-2) !== crc[0] || whole.at(-1) !== crc[1]) return false;
    const operation = whole[1] ?? 0;
    const data = whole.slice(2, -CRC_BYTES);
    answers.push({ operation: operation & ~EXCEPTION, exception: operation >= EXCEPTION ? data[0] : undefined, data });
    this.#held = this.#held.slice(length);
    return true;
  }
}
