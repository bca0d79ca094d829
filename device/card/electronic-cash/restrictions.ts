/*
 * Whether this card may be used here and now: versions, days, kind of use, currency. Each finding is a bit of the verification results and,
 * where it ends a sale, a reason. Spec: JR/T 0025, processing restrictions.
 */
import { type Bytes, equalBytes, fromHex, toHex } from "../../base/bytes.ts";
import { type DayRange, dayRange } from "../../codec/civil-time.ts";
import type { VerificationResult } from "../../codec/verification-results.ts";
import { dayOf } from "./data.ts";
import type { CardData, CashReason, CashTerminal } from "./types.ts";

export interface Restriction {
  readonly result: VerificationResult;
  /** Undefined: it is noted and does not end the sale by itself. */
  readonly reason?: CashReason;
}

/** Bits of the first byte of the usage control. Spec: JR/T 0025, application usage control. */
const USAGE = { domesticGoods: 0x20, foreignGoods: 0x10, domesticServices: 0x08, foreignServices: 0x04, terminals: 0x01 } as const;

/** All restrictions that apply, in the order of the specification. An absent data object does not restrict. */
export function restrictionsOf(data: CardData, terminal: CashTerminal, today: string | DayRange): readonly Restriction[] {
  const { earliest, latest } = dayRange(today);
  const found: Restriction[] = [];
  const version = data.get(0x9f08);
  if (version !== undefined && !equalBytes(version, fromHex(terminal.applicationVersion))) found.push({ result: "versions-differ" });
  if (!isUsable(data, terminal)) found.push({ result: "service-not-allowed", reason: "usage-not-allowed" });
  const from = dayOf(data.get(0x5f25));
  if (from !== undefined && earliest < from) found.push({ result: "application-not-yet-effective", reason: "not-yet-valid" });
  const until = dayOf(data.get(0x5f24));
  if (until !== undefined && latest > until) found.push({ result: "application-expired", reason: "expired" });
  return found;
}

function isUsable(data: CardData, terminal: CashTerminal): boolean {
  const control = data.get(0x9f07);
  if (control === undefined) return true;
  const first = control[0] ?? 0;
  if ((first & USAGE.terminals) === 0) return false;
  const country = data.get(0x5f28);
  // Without the issuer's country nobody can tell domestic from foreign use.
  if (country === undefined) return true;
  const domestic = isCode(country, terminal.countryCode);
  return (first & (domestic ? USAGE.domesticGoods | USAGE.domesticServices : USAGE.foreignGoods | USAGE.foreignServices)) !== 0;
}

/** Whether the card's own currency, where it names one, is the terminal's: electronic cash has one currency. */
export function sharesCurrency(data: CardData, terminal: CashTerminal): boolean {
  const currency = data.get(0x9f51);
  return currency === undefined || isCode(currency, terminal.currencyCode);
}

function isCode(value: Bytes, code: string): boolean {
  return toHex(value) === code.padStart(4, "0");
}
