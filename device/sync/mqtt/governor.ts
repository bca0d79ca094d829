/*
 * Goal: a fleet that lost its broker does not come back all at once, and a refused terminal does not hammer the door.
 * Method: full jitter in a window that the host sets and that doubles with each failure; refusals count in a slower class of their own. Pure.
 */
import type { Randomness } from "../../base/ports.ts";
import { type Backoff, fullJitterMs, steadyJitterMs } from "../chance.ts";

export type FailureClass = "network" | "refused";

const NETWORK_CAP_MS = 60_000;
/** A certificate or a password does not become right within seconds. */
const REFUSED: Backoff = { baseMs: 60_000, capMs: 900_000 };
export const RECONNECT_WINDOW_MS = { least: 100, otherwise: 2_000, most: 600_000 } as const;

/** CONNACK codes that mean "you may not": 3.1.1 bad credentials, not authorised; 5 bad credentials, not authorised, banned, bad method. */
const REFUSING_CODES: ReadonlySet<unknown> = new Set([4, 5, 134, 135, 138, 140]);
const REFUSING_NAMES = /^(?:ERR_SSL_|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;
/** CONNACK codes that mean "not this protocol version". */
const VERSION_CODES: ReadonlySet<unknown> = new Set([1, 132]);

/** The code that an error of the client carries: a number of the protocol, or a name of the system or of TLS. */
export function errorCodeOf(error: unknown): number | string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "number" || typeof error.code === "string" ? error.code : undefined;
}

export function classifyFailure(code: number | string | undefined): FailureClass {
  return REFUSING_CODES.has(code) || (typeof code === "string" && REFUSING_NAMES.test(code)) ? "refused" : "network";
}

export function refusesVersion(code: number | string | undefined): boolean {
  return VERSION_CODES.has(code);
}

export interface Reconnect {
  readonly failure: FailureClass;
  /** Failures of this class in a row before this one. */
  readonly failures: number;
  /** Over how long the host wants its fleet spread. */
  readonly windowMs: number;
}

/** Wait before the next attempt. */
export function reconnectDelayMs({ failure, failures, windowMs }: Reconnect, randomness: Randomness): number {
  if (failure === "refused") return steadyJitterMs(REFUSED, failures, randomness);
  const baseMs = Math.min(RECONNECT_WINDOW_MS.most, Math.max(RECONNECT_WINDOW_MS.least, windowMs));
  return fullJitterMs({ baseMs, capMs: Math.max(baseMs, NETWORK_CAP_MS) }, failures, randomness);
}
