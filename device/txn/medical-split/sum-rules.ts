/*
 * The sums that every booked settlement keeps, whoever worked it out. A broken one is noted and reported; the host's figures stand all the
 * same. Spec: FSI, identities of a settlement.
 */
import type { Fen } from "../../base/fen.ts";

/** The amounts that the rules compare, by their members of setlinfo. */
export type SumAmount =
  | "medfee_sumamt"
  | "fulamt_ownpay_amt"
  | "overlmt_selfpay"
  | "preselfpay_amt"
  | "inscp_scp_amt"
  | "act_pay_dedc"
  | "hifp_pay"
  | "fund_pay_sumamt"
  | "psn_part_amt"
  | "acct_pay"
  | "acct_mulaid_pay"
  | "psn_cash_pay"
  | "hosp_part_amt";

/** Names of broken rules. Stable words: they stand in records. */
export type SumFlag = "fee-parts-differ" | "personal-part-differs" | "personal-split-differs" | "pooled-above-scope" | "institution-part";

/** An amount; undefined where it was left out or cannot be read. */
export type AmountSource = (name: SumAmount) => Fen | undefined;

/** Adds amounts of which each is known; undefined as soon as one is not. BigInt, because nobody bounds what a host sends. */
function total(amounts: AmountSource, ...names: readonly SumAmount[]): bigint | undefined {
  let sum = 0n;
  for (const name of names) {
    const amount = amounts(name);
    if (amount === undefined) return undefined;
    sum += BigInt(amount);
  }
  return sum;
}

/** Whether `left` and all of `right` are known and none of these equals it. */
function differs(left: bigint | undefined, right: readonly (bigint | undefined)[]): boolean {
  return left !== undefined && right.every((value) => value !== undefined && value !== left);
}

function minus(left: bigint | undefined, right: bigint | undefined): bigint | undefined {
  return left === undefined || right === undefined ? undefined : left - right;
}

/** The rules that these amounts break; a rule whose amounts are not all known is not judged. */
export function brokenSums(amounts: AmountSource): readonly SumFlag[] {
  const fee = total(amounts, "medfee_sumamt");
  const personal = total(amounts, "psn_part_amt");
  const funds = total(amounts, "fund_pay_sumamt");
  const pooled = total(amounts, "hifp_pay");
  const room = minus(total(amounts, "inscp_scp_amt"), total(amounts, "act_pay_dedc"));
  // Regions differ in whether the sum of funds holds the personal account, and whether the account holds the family's aid.
  const aid = amounts("acct_mulaid_pay") === undefined ? [] : [total(amounts, "acct_pay", "acct_mulaid_pay", "psn_cash_pay")];
  const fundsWithoutAccount = minus(funds, total(amounts, "acct_pay"));
  const checks: readonly (readonly [SumFlag, boolean])[] = [
    ["fee-parts-differ", differs(fee, [total(amounts, "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")])],
    ["personal-part-differs", differs(personal, [minus(fee, funds), minus(fee, fundsWithoutAccount)])],
    ["personal-split-differs", differs(personal, [total(amounts, "acct_pay", "psn_cash_pay"), ...aid])],
    ["pooled-above-scope", pooled !== undefined && room !== undefined && pooled > room],
    ["institution-part", (amounts("hosp_part_amt") ?? 0) !== 0],
  ];
  return checks.filter(([, broken]) => broken).map(([flag]) => flag);
}

/** Amounts that the host has worked out otherwise than the terminal; information only, because the host's rules are not published. */
export interface FigureDifference<Name extends string> {
  readonly name: Name;
  readonly host: Fen;
  readonly terminal: Fen;
}

export function differencesOf<Name extends string>(
  names: readonly Name[],
  { host, terminal }: { readonly host: Readonly<Record<Name, Fen>>; readonly terminal: Readonly<Record<Name, Fen>> },
): readonly FigureDifference<Name>[] {
  return names.filter((name) => host[name] !== terminal[name]).map((name) => ({ name, host: host[name], terminal: terminal[name] }));
}
