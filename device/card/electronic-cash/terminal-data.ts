/* What the terminal tells the card: values of one sale and of this terminal by tag. Spec: JR/T 0025, terminal data. */
import { assert } from "../../base/assert.ts";
import { type Bytes, fromHex, utf8 } from "../../base/bytes.ts";
import { ZERO_FEN } from "../../base/fen.ts";
import { dateToBcd, digitsToBcd, numberToBcd, timeToBcd } from "../../codec/bcd.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import { type TerminalQualifier, terminalQualifiers } from "../../codec/transaction-qualifiers.ts";
import type { CashTerminal, CashTerms } from "./types.ts";

/** Everything that decides what the card is told. */
export interface CashTermsContext {
  readonly terminal: CashTerminal;
  readonly terms: CashTerms;
  readonly profile: Pick<CardProfile, "df60Segment">;
  /** TVR as it stands when the card is told; zeros before anything was found. */
  readonly verificationResults?: Bytes;
}

/** The largest amount of 12 digits. */
const AMOUNT_MAX = 999_999_999_999;

/** 9F66 for this sale. Spec: JR/T 0025, quick debit and credit, pre-processing. */
export function qualifiersOf(terminal: CashTerminal, terms: CashTerms): Bytes {
  const set: TerminalQualifier[] = ["contactless-quick", "online-authentication"];
  const { limits } = terminal;
  const aboveFloor = limits.contactlessFloorFen !== undefined && terms.amount > limits.contactlessFloorFen;
  const verification = limits.contactlessVerificationFen !== undefined && terms.amount >= limits.contactlessVerificationFen;
  if (!terminal.online) set.push("offline-only");
  if (terminal.online && (aboveFloor || terms.asksIssuer === true)) set.push("online-required");
  if (terminal.signature) set.push("signature");
  if (verification) set.push("verification-required");
  if (terminal.signatureVersion === 1) set.push("signature-version-1");
  return terminalQualifiers(set);
}

/** Whether the contact path may use electronic cash for this amount: 9F7A. */
export function cashIndicator(terminal: CashTerminal, terms: CashTerms): boolean {
  return terminal.limits.cashFen === undefined || terms.amount <= terminal.limits.cashFen;
}

const INDUSTRY_CODES = { "pre-authorization": "02", completion: "03" } as const;

function industryCode({ terms, profile }: CashTermsContext): string {
  if (terms.industry === undefined) return "00";
  return terms.industry === "segment-fare" ? profile.df60Segment : INDUSTRY_CODES[terms.industry];
}

/** Values by tag, each in its own full length; the card's list cuts and fills them. */
export function terminalData(context: CashTermsContext): ReadonlyMap<number, Bytes> {
  const { terminal, terms } = context;
  assert(terms.amount <= AMOUNT_MAX, "the amount has twelve digits at most");
  assert(terms.unpredictableNumber.length === 4, "the unpredictable number has four bytes");
  const { limits } = terminal;
  const amountTag = (tag: number, value: number | undefined): readonly [number, Bytes][] => (value === undefined ? [] : [[tag, numberToBcd(value, 6)]]);
  return new Map<number, Bytes>([
    [0x9f66, qualifiersOf(terminal, terms)],
    [0x9f02, numberToBcd(terms.amount, 6)],
    [0x9f03, numberToBcd(ZERO_FEN, 6)],
    [0x9f1a, countryOrCurrency(terminal.countryCode)],
    [0x95, context.verificationResults ?? new Uint8Array(5)],
    [0x5f2a, countryOrCurrency(terminal.currencyCode)],
    [0x9a, dateToBcd(terms.date).slice(1)],
    [0x9f21, timeToBcd(terms.time)],
    [0x9c, digitsToBcd(terms.transactionType)],
    [0x9f37, terms.unpredictableNumber],
    [0x9f41, numberToBcd(terms.sequence, 4)],
    [0x9f33, fromHex(terminal.capabilities)],
    [0x9f35, digitsToBcd(terminal.terminalType)],
    [0x9f1c, utf8(terminal.terminalId)],
    [0x9f16, utf8(terminal.merchantId)],
    [0x9f15, digitsToBcd(terminal.merchantCategory)],
    [0x9f4e, utf8(terminal.merchantName)],
    [0x9f09, fromHex(terminal.applicationVersion)],
    [0x9f7a, Uint8Array.of(cashIndicator(terminal, terms) ? 0x01 : 0x00)],
    ...amountTag(0x9f7b, limits.cashFen),
    [0xdf69, Uint8Array.of(terminal.chineseAlgorithms ? 0x01 : 0x00)],
    [0xdf60, fromHex(industryCode(context))],
  ]);
}

/** Country and currency are three digits in two bytes. */
function countryOrCurrency(code: string): Bytes {
  assert(/^\d{3,4}$/.test(code), "countries and currencies are numbers of three digits");
  return digitsToBcd(code.padStart(4, "0"));
}
