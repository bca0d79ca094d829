/* A scanner on a serial line, as its settings leave it: with or without the symbology's identifier, with any line end or none. */
import { type Bytes, concat, EMPTY, utf8 } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import { sendAnswer } from "../line/answer.ts";
import { type FarEnd, type LineFaults, NO_LINE_FAULTS } from "../line/far-end.ts";

export interface LineScannerSettings {
  /** What it sends behind each code. */
  readonly end: "\r" | "\n" | "\r\n" | "";
  /** Whether the symbology's three characters stand in front of each code. */
  readonly identifier: "sent" | "not-sent";
}

export class SimulatedLineScanner {
  readonly #clock: Clock;
  readonly #settings: LineScannerSettings;
  #end: FarEnd | undefined;
  #faults: LineFaults = NO_LINE_FAULTS;

  constructor(parts: { readonly clock: Clock; readonly settings: LineScannerSettings }) {
    this.#clock = parts.clock;
    this.#settings = parts.settings;
  }

  attach(end: FarEnd): void {
    this.#end = end;
    end.onBytes(() => undefined);
  }

  setFaults(faults: Partial<LineFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  /** Somebody holds a code before the window. */
  scan(code: Bytes, symbology = "]Q1"): void {
    const { end, identifier } = this.#settings;
    this.#send(concat(identifier === "sent" ? utf8(symbology) : EMPTY, code, utf8(end)));
  }

  /** A scan that is broken off: the beginning of a code, and nothing more. */
  scanHalf(code: Bytes): void {
    this.#send(code.slice(0, Math.ceil(code.length / 2)));
  }

  #send(wire: Bytes): void {
    void sendAnswer(this.#clock, { end: this.#end, faults: this.#faults }, wire);
  }
}
