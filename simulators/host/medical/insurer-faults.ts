/* What the simulated insurer can do wrong, chosen for the next request of a code, or by chance. */
import type { Randomness } from "../../../device/base/ports.ts";
import { isFields, type JsonFields } from "../canonical.ts";
import { happens } from "../faults.ts";
import type { ReplyForm } from "./envelope.ts";

/**
 * One misbehaviour. `effect`: whether the service acts now, never, twice (the request was delivered twice), or only after `lateMs` (a settlement
 * that books after its reversal came). `reply`: what the asker sees, in `form` where it differs from the region's. `slowMs` delays the reply.
 * `afterwards`: what somebody does in the insurer's own client once the service has acted.
 */
export interface InsurerFault {
  readonly effect: "done" | "none" | "late" | "twice";
  readonly reply:
    | "normal"
    | "none"
    | "system-error"
    | "empty-infcode"
    | "unparsable"
    | "refusal"
    | "negative"
    | "code-1"
    | "other-person"
    | "other-msgid"
    | "half"
    | "output-missing";
  readonly lateMs: number;
  readonly slowMs: number;
  readonly form: Partial<ReplyForm>;
  readonly afterwards: "nothing" | "void" | "foreign-booking";
}

export const NO_FAULT: InsurerFault = { effect: "done", reply: "normal", lateMs: 0, slowMs: 0, form: {}, afterwards: "nothing" };

/** Named misbehaviours for command lines and worlds. */
export const INSURER_FAULTS = {
  "no-reply-booked": { ...NO_FAULT, reply: "none" },
  "no-reply-not-booked": { ...NO_FAULT, effect: "none", reply: "none" },
  "system-error-booked": { ...NO_FAULT, reply: "system-error" },
  "system-error-not-booked": { ...NO_FAULT, effect: "none", reply: "system-error" },
  "empty-infcode-booked": { ...NO_FAULT, reply: "empty-infcode" },
  "empty-infcode-not-booked": { ...NO_FAULT, effect: "none", reply: "empty-infcode" },
  "unparsable-booked": { ...NO_FAULT, reply: "unparsable" },
  "unparsable-not-booked": { ...NO_FAULT, effect: "none", reply: "unparsable" },
  "half-reply-booked": { ...NO_FAULT, reply: "half" },
  "output-missing-booked": { ...NO_FAULT, reply: "output-missing" },
  refusal: { ...NO_FAULT, effect: "none", reply: "refusal" },
  "negative-code": { ...NO_FAULT, effect: "none", reply: "negative" },
  "code-1": { ...NO_FAULT, effect: "none", reply: "code-1" },
  "late-booking": { ...NO_FAULT, effect: "late", reply: "none", lateMs: 30_000 },
  slow: { ...NO_FAULT, slowMs: 5_000 },
  "delivered-twice": { ...NO_FAULT, effect: "twice" },
  "delivered-twice-no-reply": { ...NO_FAULT, effect: "twice", reply: "none" },
  "reply-of-another-person": { ...NO_FAULT, reply: "other-person" },
  "reply-to-another-msgid": { ...NO_FAULT, reply: "other-msgid" },
  "amounts-as-numbers": { ...NO_FAULT, form: { amounts: "number" } },
  "output-as-text": { ...NO_FAULT, form: { output: "json-text" } },
  "code-as-text": { ...NO_FAULT, form: { infcode: "text" } },
  "voided-at-host": { ...NO_FAULT, afterwards: "void" },
  "foreign-booking": { ...NO_FAULT, afterwards: "foreign-booking" },
} as const satisfies Readonly<Record<string, InsurerFault>>;

export type InsurerFaultName = keyof typeof INSURER_FAULTS;

/** Which identity of the reply's figures is broken. The money that is booked is not touched. */
export type BrokenSum = "none" | "scope" | "burden" | "cash" | "pool";

export interface InsurerFaults {
  /** Nobody answers and nothing acts. */
  absent: boolean;
  brokenSum: BrokenSum;
  /** That many rows of the insurer's own are left out of the next statements of 3202. */
  statementRowsMissing: number;
  /** Sign-in numbers drawn before this moment are known no more; undefined: none is forgotten. */
  signInsEndedAtMs: number | undefined;
  /** Faults for the next requests of a code, first in first out. */
  planned: { readonly infno: string; readonly fault: InsurerFault }[];
  /** Faults by chance, looked at when nothing is planned; the first that happens counts. */
  chances: readonly { readonly infno: string; readonly probability: number; readonly fault: InsurerFault }[];
}

export function noInsurerFaults(initial: Partial<InsurerFaults> = {}): InsurerFaults {
  return { absent: false, brokenSum: "none", statementRowsMissing: 0, signInsEndedAtMs: undefined, planned: [], chances: [], ...initial };
}

/** Plans a fault for the next request of `infno` that has none planned yet. */
export function planInsurerFault(faults: InsurerFaults, infno: string, fault: InsurerFault): void {
  faults.planned.push({ infno, fault });
}

/** Takes the fault for one request of `infno`. */
export function takeInsurerFault(faults: InsurerFaults, infno: string, randomness: Randomness): InsurerFault {
  const at = faults.planned.findIndex((entry) => entry.infno === infno);
  if (at >= 0) return faults.planned.splice(at, 1)[0]?.fault ?? NO_FAULT;
  const chance = faults.chances.find((entry) => entry.infno === infno && happens(randomness, entry.probability));
  return chance?.fault ?? NO_FAULT;
}

/** Puts every switch back to "no fault". */
export function clearInsurerFaults(faults: InsurerFaults): void {
  Object.assign(faults, noInsurerFaults());
}

const BROKEN_SUMS: readonly string[] = ["none", "scope", "burden", "cash", "pool"];

function isBrokenSum(value: unknown): value is BrokenSum {
  return typeof value === "string" && BROKEN_SUMS.includes(value);
}

function isFaultName(value: unknown): value is InsurerFaultName {
  return typeof value === "string" && Object.hasOwn(INSURER_FAULTS, value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Switches that are set and stay; answers whether there was one. */
function setSwitches(faults: InsurerFaults, { absent, brokenSum, statementRowsMissing }: JsonFields): boolean {
  if (typeof absent === "boolean") faults.absent = absent;
  if (isBrokenSum(brokenSum)) faults.brokenSum = brokenSum;
  if (isCount(statementRowsMissing)) faults.statementRowsMissing = statementRowsMissing;
  return typeof absent === "boolean" || isBrokenSum(brokenSum) || isCount(statementRowsMissing);
}

/**
 * One instruction from outside: `{absent}`, `{brokenSum}`, `{statementRowsMissing}`, or `{infno, fault, lateMs?, slowMs?, probability?}`.
 * Answers what is wrong with it.
 */
export function applyInsurerFault(faults: InsurerFaults, value: unknown): string | undefined {
  if (!isFields(value)) return "not-an-object";
  const { infno, fault, lateMs, slowMs, probability } = value;
  const set = setSwitches(faults, value);
  if (fault === undefined) return set ? undefined : "nothing to set";
  if (typeof infno !== "string" || !isFaultName(fault)) return "infno and the name of a fault are needed";
  const model: InsurerFault = INSURER_FAULTS[fault];
  const made = { ...model, lateMs: typeof lateMs === "number" ? lateMs : model.lateMs, slowMs: typeof slowMs === "number" ? slowMs : model.slowMs };
  if (typeof probability === "number") faults.chances = [...faults.chances, { infno, probability, fault: made }];
  else planInsurerFault(faults, infno, made);
  return undefined;
}
