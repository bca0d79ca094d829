/*
 * Goal: one request straight to a host, each over a connection of its own: it is answered, or surely never left, or is unknown; nothing in between.
 * Method: "not sent" is said only while no byte has left this machine; from the first one on, whatever is no whole reply is unknown. A connection is
 * never kept, because on one that was nobody could say whether a request still went out. A bounded number is under way, a bounded number waits
 * within its own time.
 */
import { type FaultCode, isFault } from "../base/fault.ts";
import type { Clock, Limits } from "../base/ports.ts";
import { Turns } from "../base/turns.ts";
import type { HostReply } from "../txn/hosts.ts";

export interface AttemptBounds {
  readonly connectTimeoutMs: number;
  /** From the first byte that left to the last byte that came. */
  readonly readTimeoutMs: number;
  readonly atOnce: number;
  /** Requests that wait for one under way to end. */
  readonly waiting: number;
  /** Longest body that is sent; the longest reply is the wire's bound. */
  readonly requestBytesMax: number;
}

/** What a wire is given beside its request. */
export interface Way {
  /** Aborts when the attempt is over, whatever ended it. */
  readonly signal: AbortSignal;
  /**
   * Asked once, when the connection stands (under TLS: when the other side is known to be who it should be) and before the first byte of the request
   * is written; "no" means that nothing is written.
   */
  leaves(): boolean;
}

/** Carries one request. Rejects with a fault: what had left by then decides what it means. */
export type Carry = (way: Way) => Promise<HostReply>;

const notSent = (reason: FaultCode): HostReply => ({ kind: "not-sent", reason });
const unknown = (reason: FaultCode): HostReply => ({ kind: "unknown", reason });

export class Attempts {
  readonly #clock: Clock;
  readonly #bounds: AttemptBounds;
  readonly #turns: Turns;
  readonly #stop = new AbortController();

  constructor(clock: Clock, bounds: AttemptBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.#turns = new Turns(clock, bounds);
  }

  /** Never rejects. */
  async run(requestBytes: number, limits: Limits, carry: Carry): Promise<HostReply> {
    const untilMs = this.#clock.monotonicMs() + limits.timeoutMs;
    if (requestBytes > this.#bounds.requestBytesMax) return notSent("payload-too-large");
    const turn = await this.#turns.take(limits);
    if (turn.kind === "none") return notSent(turn.reason);
    try {
      const left = untilMs - this.#clock.monotonicMs();
      if (limits.signal.aborted) return notSent("cancelled");
      if (left <= 0) return notSent("timeout");
      return await new Attempt(this.#clock, this.#bounds, { untilMs, signals: [limits.signal, this.#stop.signal] }).run(carry);
    } finally {
      turn.giveBack();
    }
  }

  /** Ends every request that is under way or waits. */
  stop(): void {
    this.#turns.close();
    this.#stop.abort();
  }
}

interface AttemptEnds {
  readonly untilMs: number;
  /** The caller's, and the terminal's end. */
  readonly signals: readonly [AbortSignal, AbortSignal];
}

/** One request on its way. Whatever ends it first decides it. */
class Attempt {
  readonly #clock: Clock;
  readonly #bounds: AttemptBounds;
  readonly #ends: AttemptEnds;
  readonly #over = new AbortController();
  /** A byte may have left. */
  #left = false;
  #settle: (reply: HostReply) => void = () => undefined;

  constructor(clock: Clock, bounds: AttemptBounds, ends: AttemptEnds) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.#ends = ends;
  }

  async run(carry: Carry): Promise<HostReply> {
    const [given, stopped] = this.#ends.signals;
    const cancel = () => this.#end("cancelled");
    const close = () => this.#end("closed");
    given.addEventListener("abort", cancel, { once: true });
    stopped.addEventListener("abort", close, { once: true });
    try {
      return await new Promise<HostReply>((resolve) => {
        this.#settle = resolve;
        this.#endAfter(this.#leftMs(), () => this.#end("timeout"));
        this.#endAfter(this.#bounds.connectTimeoutMs, () => {
          if (!this.#left) this.#end("timeout");
        });
        void this.#carry(carry);
      });
    } finally {
      given.removeEventListener("abort", cancel);
      stopped.removeEventListener("abort", close);
      this.#over.abort();
    }
  }

  #leftMs(): number {
    return Math.max(0, this.#ends.untilMs - this.#clock.monotonicMs());
  }

  #end(reason: FaultCode): void {
    this.#settle(this.#left ? unknown(reason) : notSent(reason));
  }

  #endAfter(durationMs: number, end: () => void): void {
    this.#clock.sleep(durationMs, this.#over.signal).then(end, (error: unknown) => {
      // The attempt is over.
      if (!isFault(error, "cancelled")) throw error;
    });
  }

  /** Asked when the connection stands: what would arrive after its time does not leave. */
  #leaves(): boolean {
    if (this.#over.signal.aborted || this.#leftMs() <= 0) return false;
    this.#left = true;
    this.#endAfter(this.#bounds.readTimeoutMs, () => this.#end("timeout"));
    return true;
  }

  async #carry(carry: Carry): Promise<void> {
    try {
      this.#settle(await carry({ signal: this.#over.signal, leaves: () => this.#leaves() }));
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#end(error.code);
    }
  }
}
