/*
 * Goal: what local rules make of a sale is the same wherever it is sold, to the fen.
 * Method: a pure function. First whether the card may trade at all (statement), then whether a deposit is the one that is taken here, then the best
 * discount, then the day's caps over what is left to pay. A ratio is taken of whole fen, and what it leaves of a fraction is the holder's to pay.
 */
import { type Fen, fen, subtractFen } from "../../base/fen.ts";
import type { LocalRuleReason } from "../risk/guard.ts";
import type { CardTally, LocalRule, LocalRuleOf, RuledSale } from "./types.ts";

export interface RuleText {
  readonly zh: string;
  readonly en: string;
}

export type RuledOutcome =
  | {
      readonly kind: "sale";
      /** What is to pay. */
      readonly amount: Fen;
      readonly discount: Fen;
      /** Names of the rules that counted. */
      readonly rules: readonly string[];
      /** The statement will be due soon. */
      readonly warning?: { readonly rule: string; readonly salesLeft: number; readonly text: RuleText };
    }
  | {
      readonly kind: "refused";
      readonly reason: LocalRuleReason;
      readonly rule: string;
      readonly office: "bank" | "agency" | "counter-terminal";
      readonly text: RuleText;
    };

/** The rules must have passed the validator. */
export function applyLocalRules(sale: RuledSale, rules: readonly LocalRule[]): RuledOutcome {
  const today = rules.filter((rule) => holdsOn(rule, sale.today));
  const statement = today.find((rule) => rule.kind === "statement");
  const cap = today.find((rule) => rule.kind === "daily-cap");
  const due = statement === undefined || sale.card === undefined ? undefined : refusedByStatement(statement, sale.card);
  if (due !== undefined) return due;
  const notTaken = sale.pays === "library-deposit" ? refusedDeposit(sale.amount, ruleOn(rules, "library-deposit", sale.today)) : undefined;
  if (notTaken !== undefined) return notTaken;
  const best = sale.pays === "goods" ? bestDiscount(sale, today) : undefined;
  const discount = best?.discount ?? fen(0);
  const amount = subtractFen(sale.amount, discount);
  const capped = cap === undefined || sale.card === undefined ? undefined : refusedByCap(cap, sale.card, amount);
  if (capped !== undefined) return capped;
  const warned = statement === undefined || sale.card === undefined ? undefined : warningOf(statement, sale.card);
  const named = [best?.rule.name, warned?.rule].filter((name) => name !== undefined);
  return { kind: "sale", amount, discount, rules: named, ...(warned === undefined ? {} : { warning: warned }) };
}

/** Whether a rule holds on a day, YYYYMMDD. */
export function holdsOn({ validFrom, validTo }: LocalRule, day: string): boolean {
  return validFrom <= day && (validTo === undefined || day <= validTo);
}

/** The rule of one kind that holds on a day; the validator has seen to it that there is at most one. */
export function ruleOn<Kind extends "library-deposit">(rules: readonly LocalRule[], kind: Kind, day: string): LocalRuleOf<Kind> | undefined {
  // Its kind was just compared.
  return rules.find((rule) => rule.kind === kind && holdsOn(rule, day)) as LocalRuleOf<Kind> | undefined;
}

/** A deposit is the whole of what the library's rule says, or none. */
function refusedDeposit(amount: Fen, rule: LocalRuleOf<"library-deposit"> | undefined): RuledOutcome | undefined {
  if (rule?.depositFen === amount) return undefined;
  const [reason, text] =
    rule === undefined
      ? (["deposit-not-taken", { zh: "本点不收取押金", en: "no deposit is taken here" }] as const)
      : (["deposit-amount-differs", { zh: "押金金额与规定不符", en: "the deposit is another amount" }] as const);
  return { kind: "refused", reason, rule: rule?.name ?? "", office: "counter-terminal", text };
}

/**
 * The card type as which a card rides on a day, YYYYMMDD: the one that the rule of the day gives to its issuer; undefined: its own. Fare tables give concessions by
 * card type, and a card that is no transit card has none of these.
 */
export function ridesAs(rules: readonly LocalRule[], { issuer, day }: { readonly issuer: string; readonly day: string }): number | undefined {
  const found = rules.find((rule) => rule.kind === "fare-concession" && holdsOn(rule, day) && rule.issuers.includes(issuer.toLowerCase()));
  return found?.kind === "fare-concession" ? found.asCardType : undefined;
}

function refusedByStatement({ name, limit }: LocalRuleOf<"statement">, { sinceStatement }: CardTally): RuledOutcome | undefined {
  if (sinceStatement === undefined || sinceStatement < limit) return undefined;
  const text = { zh: `已交易${sinceStatement}次，请先打印交易记录单`, en: `after ${sinceStatement} transactions the statement must be printed first` };
  return { kind: "refused", reason: "statement-due", rule: name, office: "bank", text };
}

function warningOf({ name, limit, warnFrom }: LocalRuleOf<"statement">, { sinceStatement }: CardTally) {
  if (sinceStatement === undefined || sinceStatement < warnFrom) return undefined;
  const salesLeft = limit - sinceStatement - 1;
  const text = { zh: `还可交易${salesLeft}次，请尽快打印交易记录单`, en: `${salesLeft} more transactions before the statement must be printed` };
  return { rule: name, salesLeft, text };
}

function bestDiscount(
  { amount, merchant }: RuledSale,
  rules: readonly LocalRule[],
): { readonly rule: LocalRuleOf<"merchant-discount">; readonly discount: Fen } | undefined {
  let best: { readonly rule: LocalRuleOf<"merchant-discount">; readonly discount: Fen } | undefined;
  for (const rule of rules) {
    if (rule.kind !== "merchant-discount" || !rule.merchants.includes(merchant)) continue;
    const discount = discountOf(rule, amount);
    if (discount > (best?.discount ?? 0)) best = { rule, discount };
  }
  return best;
}

/** Whole fen of the part that is not paid, downwards. */
function discountOf({ numerator, denominator, discountMaxFen }: LocalRuleOf<"merchant-discount">, amount: Fen): Fen {
  const part = Number((BigInt(amount) * BigInt(denominator - numerator)) / BigInt(denominator));
  return fen(Math.min(part, discountMaxFen ?? part));
}

function refusedByCap({ name, amountFen, count }: LocalRuleOf<"daily-cap">, { todayCount, todayFen }: CardTally, amount: Fen): RuledOutcome | undefined {
  if (count !== undefined && todayCount >= count) {
    const text = { zh: `今日已交易${todayCount}次，已达上限`, en: `${todayCount} transactions today: no more` };
    return { kind: "refused", reason: "daily-count-reached", rule: name, office: "agency", text };
  }
  if (amountFen === undefined || todayFen + amount <= amountFen) return undefined;
  return {
    kind: "refused",
    reason: "daily-amount-reached",
    rule: name,
    office: "agency",
    text: { zh: "超过今日交易限额", en: "more than a card may pay in a day" },
  };
}
