/* What the simulated agency can do wrong, chosen for the next request of a service, or by chance. */
import type { Randomness } from "../../../device/base/ports.ts";
import { isFields } from "../canonical.ts";
import { happens } from "../faults.ts";

/**
 * One misbehaviour. `effect`: whether the request is acted on now, never arrives, arrives twice, arrives only after `lateMs`, or is taken and decided
 * after `lateMs`. `reply`: what the asker sees. `slowMs` delays the reply.
 */
export interface AgencyFault {
  readonly effect: "done" | "none" | "twice" | "late" | "pending";
  readonly reply: "normal" | "none" | "refusal" | "other-id" | "unparsable" | "half" | "output-missing";
  readonly lateMs: number;
  readonly slowMs: number;
  /** With "refusal". */
  readonly reason: string;
}

export const NO_AGENCY_FAULT: AgencyFault = { effect: "done", reply: "normal", lateMs: 0, slowMs: 0, reason: "" };

/** Named misbehaviours for command lines and worlds. */
export const AGENCY_FAULTS = {
  "request-lost": { ...NO_AGENCY_FAULT, effect: "none", reply: "none" },
  "reply-lost": { ...NO_AGENCY_FAULT, reply: "none" },
  refuse: { ...NO_AGENCY_FAULT, effect: "none", reply: "refusal", reason: "maintenance" },
  slow: { ...NO_AGENCY_FAULT, slowMs: 5_000 },
  late: { ...NO_AGENCY_FAULT, effect: "late", reply: "none", lateMs: 30_000 },
  pending: { ...NO_AGENCY_FAULT, effect: "pending", reply: "none", lateMs: 10_000 },
  "delivered-twice": { ...NO_AGENCY_FAULT, effect: "twice" },
  "wrong-id": { ...NO_AGENCY_FAULT, reply: "other-id" },
  malformed: { ...NO_AGENCY_FAULT, reply: "unparsable" },
  "half-reply": { ...NO_AGENCY_FAULT, reply: "half" },
  "output-missing": { ...NO_AGENCY_FAULT, reply: "output-missing" },
} as const satisfies Readonly<Record<string, AgencyFault>>;

export type AgencyFaultName = keyof typeof AGENCY_FAULTS;

export interface AgencyFaults {
  /** Nobody answers and nothing acts. */
  absent: boolean;
  /** Faults for the next requests of a service, first in first out; "*" is any. */
  planned: { readonly service: string; readonly fault: AgencyFault }[];
  /** Faults by chance, looked at when nothing is planned; the first that happens counts. */
  chances: readonly { readonly service: string; readonly probability: number; readonly fault: AgencyFault }[];
}

export function noAgencyFaults(initial: Partial<AgencyFaults> = {}): AgencyFaults {
  return { absent: false, planned: [], chances: [], ...initial };
}

export function planAgencyFault(faults: AgencyFaults, service: string, fault: AgencyFault): void {
  faults.planned.push({ service, fault });
}

function fits(entry: { readonly service: string }, service: string): boolean {
  return entry.service === service || entry.service === "*";
}

/** Takes the fault for one request. */
export function takeAgencyFault(faults: AgencyFaults, service: string, randomness: Randomness): AgencyFault {
  const at = faults.planned.findIndex((entry) => fits(entry, service));
  if (at >= 0) return faults.planned.splice(at, 1)[0]?.fault ?? NO_AGENCY_FAULT;
  return faults.chances.find((entry) => fits(entry, service) && happens(randomness, entry.probability))?.fault ?? NO_AGENCY_FAULT;
}

/** Puts every switch back to "no fault". */
export function clearAgencyFaults(faults: AgencyFaults): void {
  Object.assign(faults, noAgencyFaults());
}

function isFaultName(value: unknown): value is AgencyFaultName {
  return typeof value === "string" && Object.hasOwn(AGENCY_FAULTS, value);
}

/** One instruction from outside: `{absent}`, or `{service, fault, lateMs?, slowMs?, reason?, probability?}`. Answers what is wrong with it. */
export function applyAgencyFault(faults: AgencyFaults, value: unknown): string | undefined {
  if (!isFields(value)) return "not-an-object";
  const { absent, service, fault, lateMs, slowMs, reason, probability } = value;
  if (typeof absent === "boolean") faults.absent = absent;
  if (fault === undefined) return typeof absent === "boolean" ? undefined : "nothing to set";
  if (typeof service !== "string" || !isFaultName(fault)) return `service and a fault are needed; faults are ${Object.keys(AGENCY_FAULTS).join(", ")}`;
  const made: AgencyFault = {
    ...AGENCY_FAULTS[fault],
    ...(typeof lateMs === "number" ? { lateMs } : {}),
    ...(typeof slowMs === "number" ? { slowMs } : {}),
    ...(typeof reason === "string" ? { reason } : {}),
  };
  if (typeof probability === "number") faults.chances = [...faults.chances, { service, probability, fault: made }];
  else planAgencyFault(faults, service, made);
  return undefined;
}
