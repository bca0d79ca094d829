/*
 * Goal: MedicalHost straight to the insurer's gateway: a request is answered, or surely never left, or is unknown; nothing in between.
 * Method: "not sent" is said only while no byte has left this machine; from the first one on, whatever is no whole reply is unknown. Each
 * request has a connection of its own, because on one that was kept nobody could say whether a request still went out. A bounded number is
 * under way, a bounded number waits within its own time. Spec: FSI, transport.
 */
import { type Bytes, toHex, utf8 } from "../../base/bytes.ts";
import { type FaultCode, isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Clock, Limits, Randomness } from "../../base/ports.ts";
import type { HostReply, MedicalHost } from "../../txn/hosts.ts";
import { Turns } from "../turns.ts";

/** Requests that wait for one under way to end. */
export const GATEWAY_WAITING_MAX = 128;
/** Longest body that is sent; the longest reply is the wire's bound. */
export const GATEWAY_REQUEST_MAX = 1_048_576;
const NONCE_BYTES = 16;
const OK = 200;

export interface WireAnswer {
  readonly status: number;
  readonly body: Bytes;
}

/** One POST on a connection of its own. */
export interface GatewayWire {
  /**
   * `leaves` is asked once, when the connection stands (under TLS: when the other side is known to be the gateway) and before the first byte of
   * the request is written; "no" means that nothing is written. Rejects with a fault, at once when `signal` aborts: "link-down", "link-refused"
   * (the other side is not who it should be), "host-answer-malformed" (no HTTP, or longer than any reply), "cancelled".
   */
  post(
    request: { readonly headers: Readonly<Record<string, string>>; readonly body: Bytes },
    way: { readonly signal: AbortSignal; leaves(): boolean },
  ): Promise<WireAnswer>;
}

export interface GatewayParts {
  readonly wire: GatewayWire;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly sha256: (bytes: Bytes) => Bytes;
  /** x-tif-paasid: who calls. */
  readonly paasid: string;
  /** Known to both sides; it never travels. */
  readonly token: string;
  readonly connectTimeoutMs: number;
  /** From the first byte that left to the last byte that came. */
  readonly readTimeoutMs: number;
  readonly connectionsMax: number;
}

const notSent = (reason: FaultCode): HostReply => ({ kind: "not-sent", reason });
const unknown = (reason: FaultCode): HostReply => ({ kind: "unknown", reason });

export class GatewayHost implements MedicalHost {
  readonly #parts: GatewayParts;
  readonly #turns: Turns;
  readonly #stop = new AbortController();

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.#turns = new Turns(parts.clock, { atOnce: parts.connectionsMax, waiting: GATEWAY_WAITING_MAX });
  }

  async exchange(body: Bytes, limits: Limits): Promise<HostReply> {
    const { clock } = this.#parts;
    const untilMs = clock.monotonicMs() + limits.timeoutMs;
    if (body.length > GATEWAY_REQUEST_MAX) return notSent("payload-too-large");
    const turn = await this.#turns.take(limits);
    if (turn.kind === "none") return notSent(turn.reason);
    try {
      const left = untilMs - clock.monotonicMs();
      if (limits.signal.aborted) return notSent("cancelled");
      return left > 0 ? await new Attempt(this.#parts, { untilMs, signals: [limits.signal, this.#stop.signal] }).run(body) : notSent("timeout");
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

interface AttemptBounds {
  readonly untilMs: number;
  /** The caller's, and the terminal's end. */
  readonly signals: readonly [AbortSignal, AbortSignal];
}

/** One request on its way. Whatever ends it first decides it. */
class Attempt {
  readonly #parts: GatewayParts;
  readonly #bounds: AttemptBounds;
  readonly #over = new AbortController();
  /** A byte may have left. */
  #left = false;
  #settle: (reply: HostReply) => void = () => undefined;

  constructor(parts: GatewayParts, bounds: AttemptBounds) {
    this.#parts = parts;
    this.#bounds = bounds;
  }

  async run(body: Bytes): Promise<HostReply> {
    const { connectTimeoutMs } = this.#parts;
    const [given, stopped] = this.#bounds.signals;
    const cancel = () => this.#end("cancelled");
    const close = () => this.#end("closed");
    given.addEventListener("abort", cancel, { once: true });
    stopped.addEventListener("abort", close, { once: true });
    try {
      return await new Promise<HostReply>((resolve) => {
        this.#settle = resolve;
        this.#endAfter(this.#leftMs(), () => this.#end("timeout"));
        this.#endAfter(connectTimeoutMs, () => {
          if (!this.#left) this.#end("timeout");
        });
        void this.#post(body);
      });
    } finally {
      given.removeEventListener("abort", cancel);
      stopped.removeEventListener("abort", close);
      this.#over.abort();
    }
  }

  #leftMs(): number {
    return Math.max(0, this.#bounds.untilMs - this.#parts.clock.monotonicMs());
  }

  #end(reason: FaultCode): void {
    this.#settle(this.#left ? unknown(reason) : notSent(reason));
  }

  #endAfter(durationMs: number, end: () => void): void {
    this.#parts.clock.sleep(durationMs, this.#over.signal).then(end, (error: unknown) => {
      // The attempt is over.
      if (!isFault(error, "cancelled")) throw error;
    });
  }

  /** Asked when the connection stands: what would arrive after its time does not leave. */
  #leaves(): boolean {
    if (this.#over.signal.aborted || this.#leftMs() <= 0) return false;
    this.#left = true;
    this.#endAfter(this.#parts.readTimeoutMs, () => this.#end("timeout"));
    return true;
  }

  async #post(body: Bytes): Promise<void> {
    const { wire, log } = this.#parts;
    try {
      const answer = await wire.post({ headers: this.#headers(), body }, { signal: this.#over.signal, leaves: () => this.#leaves() });
      if (answer.status === OK) return this.#settle({ kind: "answered", body: answer.body });
      // A page of somebody between us and the insurer; redirects are among them and are never followed.
      log.warn("gateway-answer-refused", { status: answer.status });
      this.#end("host-answer-malformed");
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#end(error.code);
    }
  }

  /** In seconds; public clients send either these or milliseconds. Spec: FSI, transport. */
  #headers(): Readonly<Record<string, string>> {
    const { clock, randomness, sha256, paasid, token } = this.#parts;
    const timestamp = String(Math.floor(clock.wallMs() / 1000));
    const nonce = toHex(randomness.bytes(NONCE_BYTES));
    return {
      "content-type": "application/json; charset=utf-8",
      "x-tif-paasid": paasid,
      "x-tif-timestamp": timestamp,
      "x-tif-nonce": nonce,
      "x-tif-signature": toHex(sha256(utf8(`${timestamp}${token}${nonce}${timestamp}`))),
    };
  }
}
