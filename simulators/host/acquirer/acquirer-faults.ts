/* What the simulated acquirer can do wrong, chosen for the next message of a kind, or by chance. */
import type { Randomness } from "../../../device/base/ports.ts";
import { isFields, type JsonFields } from "../canonical.ts";
import { happens } from "../faults.ts";

/** Which field of a reply names something else than the request did. */
export type WrongEcho = "none" | "amount" | "stan" | "terminal" | "merchant" | "processing";

/**
 * One misbehaviour. `effect`: whether the message is acted on now, never, twice (it was delivered twice), or only after `lateMs` (an approval whose
 * terminal has given up). `reply`: what the asker sees: "previous" is the reply to an earlier message of the same terminal. `code`: field 39 instead of
 * an answer. `slowMs` delays the reply.
 */
export interface AcquirerFault {
  readonly effect: "done" | "none" | "late" | "twice";
  readonly reply: "normal" | "none" | "previous" | "half" | "unreadable" | "wrong-type";
  readonly code: string;
  readonly mac: "right" | "wrong" | "missing";
  readonly echo: WrongEcho;
  /** Only half of the amount is approved. */
  readonly partly: boolean;
  /** What the issuer says to a chip: nothing of it, a false word, a script that the card refuses, or no script where one is due. */
  readonly issuer: "right" | "silent" | "false" | "script-false" | "script-missing";
  /** Working keys whose check values are wrong. */
  readonly keysWrong: boolean;
  /** The terminal's keys are known no more after this message. */
  readonly endsSession: boolean;
  readonly lateMs: number;
  readonly slowMs: number;
}

export const NO_FAULT: AcquirerFault = {
  effect: "done",
  reply: "normal",
  code: "",
  mac: "right",
  echo: "none",
  partly: false,
  issuer: "right",
  keysWrong: false,
  endsSession: false,
  lateMs: 0,
  slowMs: 0,
};

/** Named misbehaviours for command lines and worlds. */
export const ACQUIRER_FAULTS = {
  "request-lost": { ...NO_FAULT, effect: "none", reply: "none" },
  "reply-lost": { ...NO_FAULT, reply: "none" },
  slow: { ...NO_FAULT, slowMs: 5_000 },
  "late-reply": { ...NO_FAULT, slowMs: 120_000 },
  "late-approval": { ...NO_FAULT, effect: "late", reply: "none", lateMs: 90_000 },
  "delivered-twice": { ...NO_FAULT, effect: "twice" },
  "previous-reply": { ...NO_FAULT, reply: "previous" },
  "half-reply": { ...NO_FAULT, reply: "half" },
  "unreadable-reply": { ...NO_FAULT, reply: "unreadable" },
  "wrong-type": { ...NO_FAULT, reply: "wrong-type" },
  "wrong-mac": { ...NO_FAULT, mac: "wrong" },
  "missing-mac": { ...NO_FAULT, mac: "missing" },
  "wrong-amount": { ...NO_FAULT, echo: "amount" },
  "wrong-stan": { ...NO_FAULT, echo: "stan" },
  "wrong-terminal": { ...NO_FAULT, echo: "terminal" },
  "wrong-merchant": { ...NO_FAULT, echo: "merchant" },
  "wrong-processing": { ...NO_FAULT, echo: "processing" },
  partial: { ...NO_FAULT, partly: true },
  decline: { ...NO_FAULT, effect: "none", code: "05" },
  /** Somebody between both says yes; the acquirer knows nothing of it. */
  "forged-approval": { ...NO_FAULT, effect: "none", code: "00", mac: "wrong" },
  "mac-refused": { ...NO_FAULT, effect: "none", code: "A0" },
  "sign-in-again": { ...NO_FAULT, effect: "none", code: "A0", endsSession: true },
  "duplicate-claimed": { ...NO_FAULT, effect: "none", code: "94" },
  "wrong-keys": { ...NO_FAULT, keysWrong: true },
  "issuer-silent": { ...NO_FAULT, issuer: "silent" },
  "issuer-false": { ...NO_FAULT, issuer: "false" },
  "script-false": { ...NO_FAULT, issuer: "script-false" },
  "script-missing": { ...NO_FAULT, issuer: "script-missing" },
} as const satisfies Readonly<Record<string, AcquirerFault>>;

export type AcquirerFaultName = keyof typeof ACQUIRER_FAULTS;

/** How the batch as the acquirer counts it differs from what was booked, from the next settlement on. */
export const PLANTED_DIFFERENCES = ["missing-row", "extra-row", "amount", "credit-side", "error"] as const;

export type PlantedDifference = (typeof PLANTED_DIFFERENCES)[number];

export interface AcquirerFaults {
  /** Nobody answers and nothing acts. */
  absent: boolean;
  /** For the next settlement alone. "error": field 48 says 3, once. */
  difference: PlantedDifference | "none";
  /** Faults for the next messages of a type ("0200") or of a business within it ("0200/000000"), first in first out. */
  planned: { readonly of: string; readonly fault: AcquirerFault }[];
  /** Faults by chance, looked at when nothing is planned; the first that happens counts. */
  chances: readonly { readonly of: string; readonly probability: number; readonly fault: AcquirerFault }[];
}

export function noAcquirerFaults(initial: Partial<AcquirerFaults> = {}): AcquirerFaults {
  return { absent: false, difference: "none", planned: [], chances: [], ...initial };
}

/** Plans a fault for the next message `of` a type, or of a type and a processing code, that has none planned yet. */
export function planAcquirerFault(faults: AcquirerFaults, of: string, fault: AcquirerFault): void {
  faults.planned.push({ of, fault });
}

/** Takes the fault for one message. */
export function takeAcquirerFault(
  faults: AcquirerFaults,
  message: { readonly type: string; readonly processing: string },
  randomness: Randomness,
): AcquirerFault {
  const fits = ({ of }: { readonly of: string }) => of === message.type || of === `${message.type}/${message.processing}`;
  const at = faults.planned.findIndex(fits);
  if (at >= 0) return faults.planned.splice(at, 1)[0]?.fault ?? NO_FAULT;
  const chance = faults.chances.find((entry) => fits(entry) && happens(randomness, entry.probability));
  return chance?.fault ?? NO_FAULT;
}

/** Puts every switch back to "no fault". */
export function clearAcquirerFaults(faults: AcquirerFaults): void {
  Object.assign(faults, noAcquirerFaults());
}

function isFaultName(value: unknown): value is AcquirerFaultName {
  return typeof value === "string" && Object.hasOwn(ACQUIRER_FAULTS, value);
}

function isDifference(value: unknown): value is AcquirerFaults["difference"] {
  return value === "none" || PLANTED_DIFFERENCES.some((each) => each === value);
}

/** Switches that are set and stay; answers whether there was one. */
function setSwitches(faults: AcquirerFaults, { absent, difference }: JsonFields): boolean {
  if (typeof absent === "boolean") faults.absent = absent;
  if (isDifference(difference)) faults.difference = difference;
  return typeof absent === "boolean" || isDifference(difference);
}

/**
 * One instruction from outside: `{absent}`, `{difference}`, or `{of, fault, code?, lateMs?, slowMs?, probability?}`. Answers what is wrong with it.
 */
export function applyAcquirerFault(faults: AcquirerFaults, value: unknown): string | undefined {
  if (!isFields(value)) return "not-an-object";
  const { of, fault, code, lateMs, slowMs, probability } = value;
  const set = setSwitches(faults, value);
  if (fault === undefined) return set ? undefined : "nothing to set";
  if (typeof of !== "string" || !/^\d{4}(?:\/\d{6})?$/.test(of) || !isFaultName(fault))
    return "of, such as 0200 or 0200/000000, and the name of a fault are needed";
  const model: AcquirerFault = ACQUIRER_FAULTS[fault];
  const made = {
    ...model,
    ...(typeof code === "string" && /^[0-9A-Z]{2}$/.test(code) ? { code } : {}),
    ...(typeof lateMs === "number" ? { lateMs } : {}),
    ...(typeof slowMs === "number" ? { slowMs } : {}),
  };
  if (typeof probability === "number") faults.chances = [...faults.chances, { of, probability, fault: made }];
  else planAcquirerFault(faults, of, made);
  return undefined;
}
