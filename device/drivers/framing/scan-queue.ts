/* Codes between a scanner and whoever waits for them: one session at a time, from its opening on, at most 64 codes. */
import { withDeadline } from "../../base/deadline.ts";
import { Fault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { ScannedCode, ScanSession } from "../peripherals.ts";

const KEPT_MAX = 64;

class Session implements ScanSession {
  readonly #clock: Clock;
  #codes: ScannedCode[] = [];
  #wake: (() => void) | undefined;
  #open = true;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(code: ScannedCode): void {
    if (this.#open && this.#codes.length < KEPT_MAX) this.#codes.push(code);
    this.#wake?.();
  }

  async next(limits: Limits): Promise<ScannedCode> {
    for (;;) {
      // Who has left takes no code: it waits for whoever asks next.
      if (limits.signal.aborted) throw new Fault("cancelled", "a code: cancelled", { effectUnknown: false });
      const code = this.#codes.shift();
      if (code !== undefined) return code;
      if (!this.#open) throw new Fault("closed", "the scan session was closed", { effectUnknown: false });
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      // Each round ends with a code, the end of the session, or the caller's own deadline.
      await withDeadline(woken, { ...limits, clock: this.#clock, what: "a code", effectUnknown: false });
    }
  }

  close(): void {
    this.#open = false;
    this.#codes = [];
    this.#wake?.();
  }
}

export class ScanQueue {
  readonly #clock: Clock;
  #session: Session | undefined;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A code without a session is nobody's. */
  add(code: ScannedCode): void {
    this.#session?.add(code);
  }

  open(): ScanSession {
    this.#session?.close();
    const session = new Session(this.#clock);
    this.#session = session;
    // Of a scanner that was closed nobody gets anything.
    if (this.#closed) session.close();
    return session;
  }

  close(): void {
    this.#closed = true;
    this.#session?.close();
    this.#session = undefined;
  }
}
