/* Sale, withdrawal and balance: online, with the holder's PIN, with or without a chip. */

import { bookedAnswer, bookRequest, placeRefusal } from "./booking.ts";
import { issuerAnswer, readChip } from "./chip.ts";
import { pinRefusal, usableAccount } from "./holder.ts";
import { type BankAnswer, type BankContext, type BankRequest, type BankService, no, yes } from "./request.ts";
import type { BankBusiness } from "./words.ts";

/** Available balance of the account in yuan, on the credit side. */
function balanceField(balanceFen: number): string {
  return `1002156C${String(balanceFen).padStart(12, "0")}`;
}

/** What the issuer says to the chip of this request, as field 55 of the answer. */
function chipAnswer(context: BankContext, request: BankRequest, code: string): readonly (readonly [number, string])[] {
  const word = readChip(context, request);
  if (typeof word === "string") return [];
  const answer = issuerAnswer(word, request.pan, { is: { code }, issuer: request.issuer });
  return answer === undefined ? [] : [[55, answer]];
}

/** A cryptogram that asked the issuer, over the amount of the message; anything else is refused. */
function chipRefusal(context: BankContext, request: BankRequest): string | undefined {
  const word = readChip(context, request);
  if (word === "absent") return undefined;
  if (word === "wrong" || word.verdict !== "online") return "05";
  return word.amountFen === (request.amountFen ?? 0) ? undefined : "05";
}

function holderRefusal(context: BankContext, request: BankRequest, needsPin: boolean): string | undefined {
  const account = usableAccount(context, request);
  return typeof account === "string" ? account : (chipRefusal(context, request) ?? pinRefusal(context, request, needsPin));
}

function pay(context: BankContext, request: BankRequest, business: BankBusiness & ("sale" | "withdrawal")): BankAnswer {
  const { amountFen = 0, partly } = request;
  if (amountFen <= 0) return no("13");
  const needsPin = business === "withdrawal" || amountFen > context.variants.pinFreeFen;
  const refusal = placeRefusal(context, request) ?? holderRefusal(context, request, needsPin);
  if (refusal !== undefined) return { code: refusal, fields: new Map(chipAnswer(context, request, refusal)) };
  const approvedFen = partly && amountFen > 1 ? Math.floor(amountFen / 2) : amountFen;
  const booked = bookRequest(context, request, { business, amountFen: approvedFen });
  return bookedAnswer(booked, chipAnswer(context, request, booked === undefined ? "51" : "00"));
}

export const sale: BankService = (context, request) => pay(context, request, "sale");

export const withdrawal: BankService = (context, request) =>
  request.processing === context.variants.withdrawalCode ? pay(context, request, "withdrawal") : no("12");

export const balance: BankService = (context, request) => {
  const refusal = holderRefusal(context, request, true);
  if (refusal !== undefined) return no(refusal);
  const account = usableAccount(context, request);
  if (typeof account === "string") return no(account);
  return yes([[54, balanceField(account.balanceFen)], ...chipAnswer(context, request, "00")]);
};
