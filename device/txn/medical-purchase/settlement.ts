/*
 * The host's figures of one settlement. They are the insurer's ledger: a rule that they break is noted, never a reason to refuse or
 * reverse what the host has booked. Spec: FSI, setlinfo. Spec: FSI, identities of a settlement.
 */
import { type Fen, ZERO_FEN } from "../../base/fen.ts";
import { amountOf, type FsiNode, nodeOf, textOf } from "../../codec/fsi.ts";

/** Names of broken or unreadable things in a booked reply. Stable words: they stand in records. */
export type SettlementFlag =
  | "fee-parts-differ"
  | "personal-part-differs"
  | "personal-split-differs"
  | "pooled-above-scope"
  | "institution-part"
  | "total-differs"
  | "message-id-differs"
  | "amounts-missing";

export interface Settlement {
  readonly settlementId: string;
  readonly visitId: string;
  readonly total: Fen;
  readonly fund: Fen;
  readonly account: Fen;
  readonly mutualAid: Fen;
  readonly cash: Fen;
  readonly flags: readonly SettlementFlag[];
  /** clr_optins, clr_way, clr_type: the daily reconciliation is grouped by them. Spec: FSI, 3201. */
  readonly clearing: { readonly agency: string; readonly way: string; readonly type: string };
}

export type SettlementParse =
  | { readonly ok: true; readonly settlement: Settlement }
  | { readonly ok: false; readonly reason: "no-setlinfo" | "no-settlement-id" | "figures-missing" };

/** Figures without which nobody could say what was settled. */
const NEEDED = ["medfee_sumamt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay"] as const;
/** Figures that the rules compare. */
const COMPARED = [
  "fulamt_ownpay_amt",
  "overlmt_selfpay",
  "preselfpay_amt",
  "inscp_scp_amt",
  "psn_part_amt",
  "hifp_pay",
  "act_pay_dedc",
  "acct_mulaid_pay",
] as const;

type Figure = (typeof NEEDED)[number] | (typeof COMPARED)[number] | "hosp_part_amt";

/** A figure in fen; undefined when the host left it out or it cannot be read. */
function figure(node: FsiNode, name: Figure): Fen | undefined {
  const parsed = amountOf(node, name);
  return parsed.ok ? parsed.amount : undefined;
}

/** Adds figures of which each is known; undefined as soon as one is not. BigInt, because nobody bounds what a host sends. */
function total(node: FsiNode, ...names: readonly Figure[]): bigint | undefined {
  let sum = 0n;
  for (const name of names) {
    const amount = figure(node, name);
    if (amount === undefined) return undefined;
    sum += BigInt(amount);
  }
  return sum;
}

/** Whether both sides are known and `right` holds no value equal to `left`. */
function differs(left: bigint | undefined, right: readonly (bigint | undefined)[]): boolean {
  return left !== undefined && right.every((value) => value !== undefined && value !== left);
}

function less(left: bigint | undefined, right: bigint | undefined): bigint | undefined {
  return left === undefined || right === undefined ? undefined : left - right;
}

function flagsOf(node: FsiNode, expected: { readonly total: Fen; readonly msgid: string }): SettlementFlag[] {
  const fee = total(node, "medfee_sumamt");
  const personal = total(node, "psn_part_amt");
  const fund = total(node, "fund_pay_sumamt");
  const fundWithoutAccount = less(fund, total(node, "acct_pay"));
  const pooled = total(node, "hifp_pay");
  const room = less(total(node, "inscp_scp_amt"), total(node, "act_pay_dedc"));
  const aid = figure(node, "acct_mulaid_pay") === undefined ? [] : [total(node, "acct_pay", "acct_mulaid_pay", "psn_cash_pay")];
  const sender = textOf(node, "medins_setl_id");
  const checks: readonly (readonly [SettlementFlag, boolean])[] = [
    ["fee-parts-differ", differs(fee, [total(node, "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")])],
    // Regions differ in whether the sum of funds holds the personal account, and whether the account holds the family's aid.
    ["personal-part-differs", differs(personal, [less(fee, fund), less(fee, fundWithoutAccount)])],
    ["personal-split-differs", differs(personal, [total(node, "acct_pay", "psn_cash_pay"), ...aid])],
    ["pooled-above-scope", pooled !== undefined && room !== undefined && pooled > room],
    ["institution-part", (figure(node, "hosp_part_amt") ?? 0) !== 0],
    ["total-differs", fee !== BigInt(expected.total)],
    ["message-id-differs", sender !== "" && sender !== expected.msgid],
    ["amounts-missing", COMPARED.some((name) => figure(node, name) === undefined)],
  ];
  return checks.filter(([, broken]) => broken).map(([flag]) => flag);
}

/** Reads the settlement of a booked reply. Not ok only where it does not say what was settled, so that the outcome is unknown. Never throws. */
export function readSettlement(output: FsiNode, expected: { readonly total: Fen; readonly msgid: string }): SettlementParse {
  const node = nodeOf(output, "setlinfo");
  if (node === undefined) return { ok: false, reason: "no-setlinfo" };
  const settlementId = textOf(node, "setl_id");
  if (settlementId === "") return { ok: false, reason: "no-settlement-id" };
  const [sum, fund, account, cash] = NEEDED.map((name) => figure(node, name));
  if (sum === undefined || fund === undefined || account === undefined || cash === undefined) return { ok: false, reason: "figures-missing" };
  const mutualAid = figure(node, "acct_mulaid_pay") ?? ZERO_FEN;
  const clearing = { agency: textOf(node, "clr_optins"), way: textOf(node, "clr_way"), type: textOf(node, "clr_type") };
  return {
    ok: true,
    settlement: { settlementId, visitId: textOf(node, "mdtrt_id"), total: sum, fund, account, mutualAid, cash, flags: flagsOf(node, expected), clearing },
  };
}
