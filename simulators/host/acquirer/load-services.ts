/* Money of the account onto the card: electronic cash by the issuer's script. The money leaves the account with the answer; a card that does not take it has its load reversed. */

import { bookedAnswer, bookRequest, placeRefusal } from "./booking.ts";
import { issuerAnswer, readChip } from "./chip.ts";
import { pinRefusal, usableAccount } from "./holder.ts";
import { type BankService, no } from "./request.ts";

/** Needs the chip's own word, over this amount, with the balance that it has now. */
export const cashLoad: BankService = (context, request) => {
  const { amountFen = 0, pan, issuer } = request;
  if (amountFen <= 0) return no("13");
  const misplaced = placeRefusal(context, request);
  if (misplaced !== undefined) return no(misplaced);
  const account = usableAccount(context, request);
  if (typeof account === "string") return no(account);
  const word = readChip(context, request);
  if (typeof word === "string" || word.verdict !== "online" || word.balanceFen === undefined) return no("05");
  if (word.amountFen !== amountFen) return no("05");
  const wrongPin = pinRefusal(context, request, true);
  if (wrongPin !== undefined) return no(wrongPin);
  const booked = bookRequest(context, request, { business: "cash-load", amountFen });
  if (booked === undefined) return no("51");
  const answer = issuerAnswer(word, pan, { is: { code: "00", newBalanceFen: word.balanceFen + amountFen }, issuer });
  return bookedAnswer(booked, answer === undefined ? [] : [[55, answer]]);
};
