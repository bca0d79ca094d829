/* Void, refund and reversal: what takes money back, each by its own rules. */

import { bookedAnswer, bookRequest, placeRefusal } from "./booking.ts";
import { pinRefusal, usableAccount } from "./holder.ts";
import type { AcquirerLedger } from "./ledger.ts";
import { type BankRequest, type BankService, fieldOf, no, yes } from "./request.ts";
import type { BankTransaction } from "./words.ts";

/** What field 61 names at this terminal, where field 37, if there is one, names the same. */
function originalOf(ledger: AcquirerLedger, { message, place }: BankRequest): BankTransaction | undefined {
  const [, batch = "", stan = ""] = /^(\d{6})(\d{6})(?:\d{4})?$/.exec(fieldOf(message, 61)) ?? [];
  const reference = fieldOf(message, 37);
  const named = batch === "" ? undefined : ledger.transaction({ terminal: place.terminal, batch, stan });
  const original = named ?? (batch === "" && reference !== "" ? ledger.byReference(place.terminal, reference) : undefined);
  return reference === "" || original?.retrievalReference === reference ? original : undefined;
}

const VOIDABLE: readonly string[] = ["sale", "withdrawal"];

/** Within the batch, the whole amount, once. */
export const voidPayment: BankService = (context, request) => {
  const refusal = placeRefusal(context, request);
  if (refusal !== undefined) return no(refusal);
  const original = originalOf(context.ledger, request);
  if (original === undefined || original.batch !== request.place.batch || !VOIDABLE.includes(original.business)) return no("25");
  if (original.status !== "booked" || original.refundedFen > 0 || original.pan !== request.pan) return no("12");
  if (original.amountFen !== request.amountFen) return no("64");
  const wrongPin = pinRefusal(context, request, false);
  return wrongPin === undefined
    ? bookedAnswer(bookRequest(context, request, { business: "void", amountFen: original.amountFen, original: original.id }))
    : no(wrongPin);
};

/** Any day, up to what is left of the original; the same message again books nothing more. */
export const refund: BankService = (context, request) => {
  const refusal = placeRefusal(context, request);
  if (refusal !== undefined) return no(refusal);
  const account = usableAccount(context, request);
  const original = originalOf(context.ledger, request);
  const { amountFen = 0 } = request;
  if (amountFen <= 0) return no("13");
  if (original === undefined || !VOIDABLE.includes(original.business)) return no("25");
  if (original.status !== "booked" || original.pan !== request.pan) return no("12");
  if (original.refundedFen + amountFen > original.amountFen) return no("61");
  // Whoever gives back may give back to a card that is lost; only an account that is gone cannot take it.
  if (typeof account === "string" && account === "14") return no(account);
  return bookedAnswer(bookRequest(context, request, { business: "refund", amountFen, original: original.id }));
};

/**
 * Idempotent. Where its original was never booked it is remembered, so that one which comes later is never booked.
 */
export const reversal: BankService = (context, request) => {
  const { ledger, clock, variants } = context;
  const place = reversedPlace(ledger, request);
  const original = ledger.transaction(place);
  if (original !== undefined && !sameBusiness(original, request)) return no("12");
  if (original?.status === "voided" || (original?.refundedFen ?? 0) > 0) return no("12");
  if (original?.status === "booked" && original.batch !== request.session.batch && !variants.reversesSettled) return no(variants.settledRefusal);
  ledger.atomically(() => {
    ledger.rememberReversal(place, { undone: original?.status === "booked", atMs: clock.wallMs() });
    if (original?.status === "booked") ledger.reverse(original, clock.wallMs());
  });
  return original === undefined ? { code: variants.unknownReversal } : yes();
};

/**
 * The message that is taken back: the one that field 61 names, else the one with this number. The reversal of a void may name the sale in field 61,
 * as the void did: then its number tells.
 */
function reversedPlace(ledger: AcquirerLedger, request: BankRequest): BankRequest["place"] {
  const { message, place } = request;
  const [, batch = "", stan = ""] = /^(\d{6})(\d{6})(?:\d{4})?$/.exec(fieldOf(message, 61)) ?? [];
  if (batch === "") return place;
  const named = { terminal: place.terminal, batch, stan };
  const booked = ledger.transaction(named);
  return booked === undefined || sameBusiness(booked, request) ? named : place;
}

function sameBusiness({ code, askedFen, amountFen: bookedFen }: BankTransaction, { processing, amountFen }: BankRequest): boolean {
  return code === processing && (amountFen === undefined || amountFen === askedFen || amountFen === bookedFen);
}
