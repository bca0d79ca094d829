/*
 * The terminal's own judgement on the contact path: how the holder is verified, floor limit, velocity, and what follows from all findings.
 * Spec: JR/T 0025, cardholder verification, terminal risk management, terminal action analysis.
 */
import { unreachable } from "../../base/assert.ts";
import { type Bytes, fromHex } from "../../base/bytes.ts";
import { bitsOf } from "../../codec/bit-names.ts";
import { parseVerificationList, type VerificationMethod, type VerificationRule } from "../../codec/holder-verification.ts";
import type { CardDecision } from "../../codec/issuer-application-data.ts";
import { TVR_BITS, TVR_LENGTH, type VerificationResult } from "../../codec/verification-results.ts";
import type { CardData, CashTerminal, CashTerms } from "./types.ts";

const HOLDER_VERIFICATION_SUPPORTED = 0x10;

export type HolderVerification =
  | { readonly kind: "none" }
  | { readonly kind: "signature" }
  | { readonly kind: "failed"; readonly results: readonly VerificationResult[] };

/** One sale of one terminal, as far as it decides how the holder is verified. */
type Sale = { readonly terminal: CashTerminal; readonly terms: CashTerms };

/** What a method that this terminal does not have leaves in the results. */
const MISSING: Readonly<Record<VerificationMethod, VerificationResult | undefined>> = {
  fail: undefined,
  none: undefined,
  signature: undefined,
  "online-pin": "pin-pad-missing",
  "offline-pin-clear": "pin-pad-missing",
  "offline-pin-and-signature": "pin-pad-missing",
  document: "verification-method-unknown",
  unknown: "verification-method-unknown",
};

/** How the holder is verified, by the card's list and what this terminal can do: nothing, or a signature. No PIN is entered for electronic cash. */
export function verifyHolder(interchangeProfile: Bytes, data: CardData, sale: Sale): HolderVerification {
  const value = ((interchangeProfile[0] ?? 0) & HOLDER_VERIFICATION_SUPPORTED) === 0 ? undefined : data.get(0x8e);
  const list = value === undefined ? undefined : parseVerificationList(value);
  if (list === undefined) return { kind: "none" };
  const results: VerificationResult[] = [];
  for (const rule of list.rules.filter((each) => applies(each, list, sale))) {
    if (rule.method === "none") return { kind: "none" };
    if (rule.method === "signature" && sale.terminal.signature) return { kind: "signature" };
    const missing = MISSING[rule.method];
    if (missing !== undefined) results.push(missing);
    if (!rule.continueIfFailed) break;
  }
  return { kind: "failed", results: ["holder-verification-failed", ...new Set(results)] };
}

interface VerificationAmounts {
  readonly x: number;
  readonly y: number;
}

/** A purchase at a counter or gate: no cash, no cashback. Conditions of amounts compare with the card's own figures. */
function applies({ method, condition }: VerificationRule, amounts: VerificationAmounts, { terminal, terms }: Sale): boolean {
  switch (condition) {
    case "always":
    case "not-cash":
      return true;
    case "terminal-supports":
      return method === "none" || (method === "signature" && terminal.signature);
    case "under-x":
      return terms.amount < amounts.x;
    case "over-x":
      return terms.amount > amounts.x;
    case "under-y":
      return terms.amount < amounts.y;
    case "over-y":
      return terms.amount > amounts.y;
    case "unattended-cash":
    case "manual-cash":
    case "with-cashback":
    case "unknown":
      return false;
    default:
      return unreachable(condition);
  }
}

/** Counters of the card as GET DATA gives them: of this transaction (9F36) and of the last one that went online (9F13). */
export interface CardCounters {
  readonly atc?: number;
  readonly lastOnline?: number;
}

/** Floor limit and velocity. Without the counters velocity counts as exceeded. Spec: JR/T 0025, velocity checking. */
export function assessRisk(
  data: CardData,
  sale: { readonly terminal: CashTerminal; readonly terms: CashTerms },
  counters: CardCounters,
): readonly VerificationResult[] {
  const found: VerificationResult[] = [];
  const { floorFen } = sale.terminal.limits;
  if (floorFen !== undefined && sale.terms.amount > floorFen) found.push("floor-limit-exceeded");
  const lower = data.get(0x9f14)?.[0];
  const upper = data.get(0x9f23)?.[0];
  // A card without both limits wants no such check.
  if (lower !== undefined && upper !== undefined) {
    const { atc, lastOnline } = counters;
    const since = atc === undefined || lastOnline === undefined || atc <= lastOnline ? Number.POSITIVE_INFINITY : atc - lastOnline;
    if (since > lower) found.push("lower-velocity-limit-exceeded");
    if (since > upper) found.push("upper-velocity-limit-exceeded");
    if (lastOnline === 0) found.push("new-card");
  }
  return found;
}

/** What the terminal asks the card for, by issuer's and terminal's action codes. Absent issuer codes mean: deny nothing, everything online. */
export function analyzeActions(results: Iterable<VerificationResult>, data: CardData, terminal: CashTerminal): CardDecision {
  const found = bitsOf(TVR_LENGTH, TVR_BITS, results);
  const meets = (code: Bytes) => found.some((byte, at) => (byte & (code[at] ?? 0)) !== 0);
  const { actionCodes } = terminal;
  if (meets(data.get(0x9f0e) ?? new Uint8Array(TVR_LENGTH)) || meets(fromHex(actionCodes.denial))) return "AAC";
  const all = new Uint8Array(TVR_LENGTH).fill(0xff);
  if (terminal.online) return meets(data.get(0x9f0f) ?? all) || meets(fromHex(actionCodes.online)) ? "ARQC" : "TC";
  return meets(data.get(0x9f0d) ?? all) || meets(fromHex(actionCodes.default)) ? "AAC" : "TC";
}
