/*
 * A relay board with eight coils on Modbus RTU, from the protocol's and the boards' papers: coils, inputs, exceptions, and the timed pulse where
 * the board has it. Strict: a wrong check gets no answer, an unknown operation exception 1, an unknown address exception 2.
 */
import { type Bytes, concat, u8 } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import { sendAnswer } from "../line/answer.ts";
import { type FarEnd, type LineFaults, NO_LINE_FAULTS } from "../line/far-end.ts";
import { FireLoop } from "./fire-loop.ts";

export interface RelaySettings {
  readonly unit: number;
  /** Whether the board times pulses at 0200 and the coil, or knows plain coils only. */
  readonly relayFlash: "waveshare0200" | "softwarePulse";
  /** The input that has current while the fire loop is closed; absent: none is wired. */
  readonly fireInput?: number;
}

/** Faults of the board itself, beside those of its line. */
export interface RelayFaults extends LineFaults {
  /** A timed pulse never ends. */
  readonly pulseSticks: boolean;
}

const COILS = 8;
const REQUEST_BYTES = 8;

/** Check value of a frame, by division of the whole bit string. */
function crc16(bytes: Bytes): number {
  let remainder = 0xffff;
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const next = ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1;
    const carry = (remainder & 1) ^ next;
    remainder >>= 1;
    if (carry === 1) remainder ^= 0xa001;
  }
  return remainder;
}

export class SimulatedRelayBoard {
  /** Coils in the order in which they were switched on. */
  readonly switchedOn: number[] = [];
  /** Through which the lock gets its current. */
  readonly fireLoop = new FireLoop();
  readonly #clock: Clock;
  readonly #settings: RelaySettings;
  readonly #coils: boolean[] = Array.from({ length: COILS }, () => false);
  #faults: RelayFaults = { ...NO_LINE_FAULTS, pulseSticks: false };
  #end: FarEnd | undefined;
  #received: Bytes = new Uint8Array(0);
  #refuseNext = false;

  constructor(parts: { readonly clock: Clock; readonly settings: RelaySettings }) {
    this.#clock = parts.clock;
    this.#settings = parts.settings;
  }

  get isOpen(): boolean {
    return this.fireLoop.isOpen || this.#coils.some((on) => on);
  }

  /** Hangs the board on a line; its coils stay as they are. */
  attach(end: FarEnd): void {
    this.#end = end;
    this.#received = new Uint8Array(0);
    end.onBytes((bytes) => this.#hear(bytes));
  }

  setFaults(faults: Partial<RelayFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  /** The next request to switch something on gets exception 4. */
  refuseNext(): void {
    this.#refuseNext = true;
  }

  /** Leaves a coil on, as a process that died would. */
  leaveOn(coil: number): void {
    this.#coils[coil] = true;
  }

  #hear(bytes: Bytes): void {
    this.#received = concat(this.#received, bytes).slice(-64);
    while (this.#received.length >= REQUEST_BYTES) {
      const frame = this.#received.slice(0, REQUEST_BYTES);
      const right = frame[0] === this.#settings.unit && crc16(frame.slice(0, 6)) === (frame[6] ?? 0) + 256 * (frame[7] ?? 0);
      this.#received = this.#received.slice(right ? REQUEST_BYTES : 1);
      if (right) this.#obey(frame.slice(1, 6));
    }
  }

  #obey(request: Bytes): void {
    const [operation = 0] = request;
    const address = (request[1] ?? 0) * 256 + (request[2] ?? 0);
    const value = (request[3] ?? 0) * 256 + (request[4] ?? 0);
    if (operation === 0x01 || operation === 0x02) this.#read(operation, address, value);
    else if (operation === 0x05) this.#write(request, address, value);
    else this.#answer(Uint8Array.of(operation | 0x80, 1));
  }

  #read(operation: number, address: number, count: number): void {
    if (address + count > COILS || count === 0) return this.#answer(Uint8Array.of(operation | 0x80, 2));
    const bits = (operation === 0x01 ? this.#coils : this.#inputs()).slice(address, address + count);
    this.#answer(
      Uint8Array.of(
        operation,
        1,
        bits.reduce((sum, on, at) => sum + (on ? 1 << at : 0), 0),
      ),
    );
  }

  #inputs(): readonly boolean[] {
    return this.#coils.map((_, input) => input === this.#settings.fireInput && !this.fireLoop.isOpen);
  }

  #write(request: Bytes, address: number, value: number): void {
    const isFlash = this.#settings.relayFlash === "waveshare0200" && address >= 0x0200 && address < 0x0200 + COILS;
    const coil = isFlash ? address - 0x0200 : address;
    if (coil >= COILS) return this.#answer(Uint8Array.of(0x85, 2));
    if (!isFlash && value !== 0xff00 && value !== 0) return this.#answer(Uint8Array.of(0x85, 3));
    const on = isFlash || value === 0xff00;
    if (on && this.#refuseNext) {
      this.#refuseNext = false;
      return this.#answer(Uint8Array.of(0x85, 4));
    }
    if (on) this.switchedOn.push(coil);
    this.#coils[coil] = on;
    if (isFlash) void this.#endPulse(coil, value * 100);
    this.#answer(request);
  }

  async #endPulse(coil: number, afterMs: number): Promise<void> {
    await this.#clock.sleep(afterMs);
    if (!this.#faults.pulseSticks) this.#coils[coil] = false;
  }

  #answer(words: Bytes): void {
    const body = concat(u8(this.#settings.unit), words);
    const crc = crc16(body);
    void sendAnswer(this.#clock, { end: this.#end, faults: this.#faults }, concat(body, Uint8Array.of(crc & 0xff, crc >> 8)));
  }
}
