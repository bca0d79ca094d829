/*
 * What a purse holds. A purse with an overdraft (透支) shows balance and limit as one spendable sum, so that the holder's own money is
 * the balance less the overdraft, and may be less than nothing. Spec: PBOC purse, GET BALANCE.
 */
import { type Fen, fen, subtractFen, ZERO_FEN } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { readAmount } from "./commands.ts";
import type { CardRefusal, PurchaseOpening, PurseName } from "./types.ts";

/** The holder's own money. One of both figures is always zero. */
export interface OwnMoney {
  readonly balance: Fen;
  /** How far the purse is below zero. */
  readonly overdrawn: Fen;
}

export type OwnMoneyAnswer = ({ readonly kind: "ok" } & OwnMoney) | CardRefusal;

/** The highest bit of a balance is no part of the amount. Spec: JT/T 978, balance. */
const AMOUNT_SPAN = 0x8000_0000;

/** The holder's own money out of what may be spent and the overdraft in it. */
export function ownMoney(spendable: Fen, overdraft: Fen): OwnMoney {
  if (spendable >= overdraft) return { balance: subtractFen(spendable, overdraft), overdrawn: ZERO_FEN };
  return { balance: ZERO_FEN, overdrawn: subtractFen(overdraft, spendable) };
}

/** The same from the answer to INITIALIZE FOR PURCHASE. */
export function ownMoneyOf({ balance, overdraftLimit }: Pick<PurchaseOpening, "balance" | "overdraftLimit">): OwnMoney {
  return ownMoney(balance, overdraftLimit);
}

/** Reads the holder's own money as the profile's rule says. Faults: those of the channel, "card-answer-malformed". Spec: JT/T 978, balance. */
export async function readOwnMoney(
  channel: CardChannel,
  options: { readonly rule: CardProfile["transitBalance"]; readonly purse: PurseName },
  limits: Limits,
): Promise<OwnMoneyAnswer> {
  const { rule, purse } = options;
  const spendable = await readAmount(channel, { p1: rule === "5C0302" ? 0x03 : 0x00, purse }, limits);
  if (spendable.kind === "refused") return spendable;
  if (rule !== "5C0002-5C0102") return { kind: "ok", balance: amountOf(spendable.balance), overdrawn: ZERO_FEN };
  const overdraft = await readAmount(channel, { p1: 0x01, purse }, limits);
  if (overdraft.kind === "refused") return overdraft;
  return { kind: "ok", ...ownMoney(amountOf(spendable.balance), amountOf(overdraft.balance)) };
}

function amountOf(field: Fen): Fen {
  return fen(field % AMOUNT_SPAN);
}
