/* What happened, line by line. Signature bytes never enter: they are the only thing in a world that a seed does not repeat. */
import { toHex, utf8 } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";

/** Lines kept for people; all of them count for the hash. */
const KEPT_MAX = 20_000;

export class Trace {
  readonly #clock: Clock;
  readonly #suite: CipherSuite;
  readonly #lines: string[] = [];
  #hash: string;
  #pending: string[] = [];
  #events = 0;

  constructor(clock: Clock, suite: CipherSuite, seed: string) {
    this.#clock = clock;
    this.#suite = suite;
    this.#hash = toHex(suite.sm3(utf8(seed)));
  }

  get events(): number {
    return this.#events;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  note(event: string): void {
    const line = `${this.#clock.monotonicMs().toFixed(3)} ${event}`;
    this.#events += 1;
    this.#lines.push(line);
    if (this.#lines.length > KEPT_MAX) this.#lines.splice(0, KEPT_MAX / 2);
    this.#pending.push(line);
    if (this.#pending.length >= 256) this.#fold();
  }

  /** Hash of everything noted so far: equal seeds give equal hashes. */
  stateHash(): string {
    this.#fold();
    return this.#hash;
  }

  #fold(): void {
    if (this.#pending.length === 0) return;
    this.#hash = toHex(this.#suite.sm3(utf8(`${this.#hash}\n${this.#pending.join("\n")}`)));
    this.#pending = [];
  }
}
