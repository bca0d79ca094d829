/* Who may call: signed headers in the style of the platform's gateway. Spec: FSI, transport. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

export interface GatewayCaller {
  /** x-tif-paasid. */
  readonly paasid: string;
  /** Secret that both sides know; it never travels. */
  readonly token: string;
}

export interface GuardOptions {
  readonly callers: readonly GatewayCaller[];
  /** How far a caller's clock may be off. */
  readonly skewMs: number;
}

const NONCES_MAX = 100_000;

/** SHA-256 of timestamp, token, nonce and timestamp again, in hexadecimal. */
function signatureOf(timestamp: string, token: string, nonce: string): string {
  return createHash("sha256").update(`${timestamp}${token}${nonce}${timestamp}`, "utf8").digest("hex");
}

function sameText(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));
}

/** Lets each signed call through once. */
export class GatewayGuard {
  readonly #options: GuardOptions;
  /** Nonces of calls whose time has not passed, with that time. */
  readonly #seen = new Map<string, number>();

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** Why a call is refused, or undefined. */
  refusal(headers: IncomingHttpHeaders, nowMs: number): string | undefined {
    const text = (name: string) => (typeof headers[name] === "string" ? headers[name] : "");
    const [paasid, timestamp, nonce, signature] = [text("x-tif-paasid"), text("x-tif-timestamp"), text("x-tif-nonce"), text("x-tif-signature")];
    const caller = this.#options.callers.find((candidate) => candidate.paasid === paasid);
    if (caller === undefined) return "x-tif-paasid is missing or unknown";
    const atMs = timeOf(timestamp);
    if (atMs === undefined) return "x-tif-timestamp is missing or malformed";
    if (!/^[0-9A-Za-z_-]{1,64}$/.test(nonce)) return "x-tif-nonce is missing or malformed";
    if (!sameText(signature.toLowerCase(), signatureOf(timestamp, caller.token, nonce))) return "x-tif-signature does not hold";
    if (Math.abs(nowMs - atMs) > this.#options.skewMs) return "x-tif-timestamp is too old or too new";
    return this.#once(`${paasid} ${nonce}`, nowMs) ? undefined : "x-tif-nonce has been used";
  }

  #once(call: string, nowMs: number): boolean {
    for (const [known, untilMs] of this.#seen) {
      if (untilMs >= nowMs && this.#seen.size < NONCES_MAX) break;
      this.#seen.delete(known);
    }
    if (this.#seen.has(call)) return false;
    this.#seen.set(call, nowMs + 2 * this.#options.skewMs);
    return true;
  }
}

/** Seconds or milliseconds since 1970: public clients send either. */
function timeOf(timestamp: string): number | undefined {
  if (/^\d{10}$/.test(timestamp)) return Number(timestamp) * 1_000;
  return /^\d{13}$/.test(timestamp) ? Number(timestamp) : undefined;
}
