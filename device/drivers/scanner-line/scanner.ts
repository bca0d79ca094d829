/*
 * A scanner on a serial line (or USB that looks like one): codes end with CR, LF or both, or with a pause where the scanner sends neither.
 * It tells no symbology unless it is set to send the identifier, which begins with a bracket.
 */
import { type Bytes, concat, EMPTY } from "../../base/bytes.ts";
import type { Clock } from "../../base/ports.ts";
import type { ByteLine } from "../framing/lines.ts";
import { ScanQueue } from "../framing/scan-queue.ts";
import type { DeviceHealth, ScannedCode, Scanner, ScanSession } from "../peripherals.ts";

const CODE_BYTES_MAX = 4_096;
const ENDS: readonly number[] = [0x0d, 0x0a];
const AIM_LENGTH = 3;

export interface LineScannerOptions {
  readonly clock: Clock;
  /** A pause that ends a code without a line end; undefined: only a line end does. */
  readonly pauseMs?: number;
}

/** Data with its identifier taken off, where it has one. */
export function withoutIdentifier(data: Bytes): ScannedCode {
  const head = String.fromCharCode(...data.slice(0, AIM_LENGTH));
  return /^\][A-Za-z][0-9A-Za-z]$/.test(head) ? { data: data.slice(AIM_LENGTH), symbology: head } : { data };
}

export class LineScanner implements Scanner {
  readonly name: string;
  readonly #line: ByteLine;
  readonly #options: LineScannerOptions;
  readonly #queue: ScanQueue;
  readonly #stops: readonly (() => void)[];
  readonly #closing = new AbortController();
  #held: Bytes = EMPTY;
  /** More than a code holds has come: everything up to the next end is dropped. */
  #overlong = false;
  #pieces = 0;

  constructor(line: ByteLine, options: LineScannerOptions) {
    this.#line = line;
    this.#options = options;
    this.name = `scanner on ${line.name}`;
    this.#queue = new ScanQueue(options.clock);
    this.#stops = [line.onBytes((bytes) => this.#hear(bytes)), line.onState(() => this.#forget())];
  }

  openSession(): ScanSession {
    return this.#queue.open();
  }

  async health(): Promise<DeviceHealth> {
    return this.#line.state === "open" ? { kind: "well" } : { kind: "away" };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const stop of this.#stops) stop();
    this.#queue.close();
    await this.#line.close();
  }

  #hear(bytes: Bytes): void {
    this.#pieces += 1;
    let rest = bytes;
    for (;;) {
      const end = rest.findIndex((byte) => ENDS.includes(byte));
      this.#hold(end < 0 ? rest : rest.slice(0, end));
      if (end < 0) break;
      this.#finish();
      rest = rest.slice(end + 1);
    }
    if (this.#options.pauseMs !== undefined) this.#finishAfterPause(this.#options.pauseMs);
  }

  #hold(bytes: Bytes): void {
    if (this.#held.length + bytes.length > CODE_BYTES_MAX) {
      this.#overlong = true;
      this.#held = EMPTY;
    } else if (!this.#overlong) this.#held = concat(this.#held, bytes);
  }

  #finish(): void {
    const code = withoutIdentifier(this.#held);
    if (code.data.length > 0 && !this.#overlong) this.#queue.add(code);
    this.#forget();
  }

  #forget(): void {
    this.#held = EMPTY;
    this.#overlong = false;
  }

  #finishAfterPause(pauseMs: number): void {
    const heard = this.#pieces;
    const over = () => {
      if (this.#pieces === heard) this.#finish();
    };
    this.#options.clock.sleep(pauseMs, this.#closing.signal).then(over, () => undefined);
  }
}

/** A scanner on a line; it need not be there yet. */
export function openLineScanner(line: ByteLine, options: LineScannerOptions): LineScanner {
  return new LineScanner(line, options);
}
