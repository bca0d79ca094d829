/* What a gateway between a counter and the insurer can do wrong with one call; whether the insurer has acted is another matter. */
import { isFields } from "../canonical.ts";

/**
 * `pass`: whether the insurer gets to see the call. `reply`: what becomes of the answer on its way back. "hang": nothing comes, ever;
 * "reset": the line breaks before a byte came; "half-body": it breaks in the middle; "bad-gateway": 502 and a page; "slow-chunks": piece by piece,
 * `slowMs` apart; "short-length", "long-length": Content-Length says less, or more, than what follows; "not-found", "redirect": another server's words.
 */
export interface GatewayFault {
  readonly pass: boolean;
  readonly reply: "normal" | "hang" | "reset" | "half-body" | "bad-gateway" | "slow-chunks" | "short-length" | "long-length" | "not-found" | "redirect";
  readonly slowMs: number;
}

const PASSED: GatewayFault = { pass: true, reply: "normal", slowMs: 0 };

/** Named misbehaviours; "-before" means that the insurer never saw the call. */
export const GATEWAY_FAULTS = {
  hang: { ...PASSED, reply: "hang" },
  "hang-before": { ...PASSED, pass: false, reply: "hang" },
  reset: { ...PASSED, reply: "reset" },
  "reset-before": { ...PASSED, pass: false, reply: "reset" },
  "half-body": { ...PASSED, reply: "half-body" },
  "bad-gateway": { ...PASSED, reply: "bad-gateway" },
  "bad-gateway-before": { ...PASSED, pass: false, reply: "bad-gateway" },
  "slow-chunks": { ...PASSED, reply: "slow-chunks", slowMs: 100 },
  "short-length": { ...PASSED, reply: "short-length" },
  "long-length": { ...PASSED, reply: "long-length" },
  "not-found": { ...PASSED, pass: false, reply: "not-found" },
  redirect: { ...PASSED, pass: false, reply: "redirect" },
} as const satisfies Readonly<Record<string, GatewayFault>>;

export type GatewayFaultName = keyof typeof GATEWAY_FAULTS;

/** Faults of the next calls, first in first out; what is beyond them passes. */
export interface GatewayFaults {
  readonly planned: GatewayFault[];
}

export function noGatewayFaults(): GatewayFaults {
  return { planned: [] };
}

/** Takes the fault for one call. */
export function takeGatewayFault(faults: GatewayFaults): GatewayFault {
  return faults.planned.shift() ?? PASSED;
}

const COUNT_MAX = 1_000;

function isFaultName(value: unknown): value is GatewayFaultName {
  return typeof value === "string" && Object.hasOwn(GATEWAY_FAULTS, value);
}

/** One instruction from outside: `{fault, count?, slowMs?}`. Answers what is wrong with it. */
export function applyGatewayFault(faults: GatewayFaults, value: unknown): string | undefined {
  if (!isFields(value)) return "not-an-object";
  const { fault, count = 1, slowMs } = value;
  if (!isFaultName(fault)) return `a fault is one of ${Object.keys(GATEWAY_FAULTS).join(", ")}`;
  if (typeof count !== "number" || !Number.isInteger(count) || count < 1 || count > COUNT_MAX) return `count is a whole number from 1 to ${COUNT_MAX}`;
  const model: GatewayFault = GATEWAY_FAULTS[fault];
  for (let planned = 0; planned < count; planned += 1) faults.planned.push({ ...model, slowMs: typeof slowMs === "number" ? slowMs : model.slowMs });
  return undefined;
}
