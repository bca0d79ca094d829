/* What every service that moves money does: the request's place in the batch, one booking for it, and the numbers of the answer. */
import { toHex, utf8 } from "../../../device/base/bytes.ts";
import { type BankAnswer, type BankContext, type BankRequest, no } from "./request.ts";
import type { BankBusiness, BankTransaction } from "./words.ts";

/** What is booked for a request. */
export interface Booking {
  readonly business: BankBusiness;
  readonly amountFen: number;
  readonly original?: number;
  /** What makes a repetition the same; left out: the request's own business fields. */
  readonly digest?: string;
}

/** Field 2 to 4, 55 and 60 to 62: what a message is about, whoever carries it. */
const BUSINESS_FIELDS: readonly number[] = [2, 3, 4, 35, 55, 60, 61, 62];

/** Hash of what a message is about. */
export function requestDigest({ suite }: BankContext, { message }: BankRequest): string {
  const text = BUSINESS_FIELDS.map((number) => `${number}=${message.fields.get(number) ?? ""}`).join("|");
  return toHex(suite.sm3(utf8(`${message.type}|${text}`)));
}

/**
 * What is said before anything is booked: 77 for another batch than the open one, 94 for a message number that was booked, 12 for one whose
 * reversal has come before it.
 */
export function placeRefusal({ ledger }: BankContext, { place, session }: BankRequest): string | undefined {
  if (place.batch !== session.batch) return "77";
  if (ledger.reversalSeen(place)) return "12";
  return ledger.transaction(place) === undefined ? undefined : "94";
}

function number(context: BankContext, series: string, digits: number): string {
  return String(context.ledger.next(series)).padStart(digits, "0").slice(-digits);
}

/** Books it; undefined where the account has not so much. */
export function bookRequest(context: BankContext, request: BankRequest, booking: Booking): BankTransaction | undefined {
  const { place, pan, processing, amountFen = 0 } = request;
  return context.ledger.book({
    ...place,
    business: booking.business,
    pan,
    code: processing,
    amountFen: booking.amountFen,
    askedFen: amountFen,
    retrievalReference: number(context, "retrieval", 12),
    authorization: number(context, "authorization", 6),
    original: booking.original,
    digest: booking.digest ?? requestDigest(context, request),
    atMs: context.clock.wallMs(),
  });
}

/** The answer for what was booked: "00", or "10" where less than was asked for is approved. */
export function bookedAnswer(booked: BankTransaction | undefined, further: readonly (readonly [number, string])[] = []): BankAnswer {
  if (booked === undefined) return no("51");
  const { amountFen, askedFen, retrievalReference, authorization } = booked;
  const fields = new Map<number, string>([[37, retrievalReference], [38, authorization], [4, String(amountFen).padStart(12, "0")], ...further]);
  return { code: amountFen < askedFen ? "10" : "00", fields };
}
