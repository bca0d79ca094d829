/*
 * Goal: MedicalHost straight to the insurer's gateway, without a broker.
 * Method: one POST for each request over a connection of its own; attempts.ts knows what had left when it ended. Spec: FSI, transport.
 */
import { type Bytes, toHex, utf8 } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Clock, Limits, Randomness } from "../../base/ports.ts";
import type { HostReply, MedicalHost } from "../../txn/hosts.ts";
import { Attempts, type Way } from "../attempts.ts";

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
   * Rejects with a fault, at once when the way's signal aborts: "link-down", "link-refused" (the other side is not who it should be),
   * "host-answer-malformed" (no HTTP, or longer than any reply), "cancelled".
   */
  post(request: { readonly headers: Readonly<Record<string, string>>; readonly body: Bytes }, way: Way): Promise<WireAnswer>;
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

export class GatewayHost implements MedicalHost {
  readonly #parts: GatewayParts;
  readonly #attempts: Attempts;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    const { clock, connectTimeoutMs, readTimeoutMs, connectionsMax } = parts;
    const bounds = { connectTimeoutMs, readTimeoutMs, atOnce: connectionsMax, waiting: GATEWAY_WAITING_MAX, requestBytesMax: GATEWAY_REQUEST_MAX };
    this.#attempts = new Attempts(clock, bounds);
  }

  exchange(body: Bytes, limits: Limits): Promise<HostReply> {
    return this.#attempts.run(body.length, limits, (way) => this.#post(body, way));
  }

  /** Ends every request that is under way or waits. */
  stop(): void {
    this.#attempts.stop();
  }

  async #post(body: Bytes, way: Way): Promise<HostReply> {
    const { wire, log } = this.#parts;
    const answer = await wire.post({ headers: this.#headers(), body }, way);
    if (answer.status === OK) return { kind: "answered", body: answer.body };
    // A page of somebody between us and the insurer; redirects are among them and are never followed.
    log.warn("gateway-answer-refused", { status: answer.status });
    throw new Fault("host-answer-malformed", "the gateway answered with a page", { effectUnknown: true });
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
