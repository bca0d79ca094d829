/* The setlinfo node: the split in the host's words. Spec: FSI, setlinfo. */
import { type ReplyNode, Yuan } from "./envelope.ts";
import type { BrokenSum } from "./insurer-faults.ts";
import type { InsurerVariants } from "./service.ts";
import type { Split } from "./split.ts";

export interface FigureContext {
  readonly variants: InsurerVariants;
  readonly brokenSum: BrokenSum;
  readonly balanceAfterFen: bigint;
  /** Share of the fund, for pool_prop_selfpay: what is left to the holder. */
  readonly ratioE4: bigint;
  /** Whether the fund is the basic pool; others stand in oth_pay. */
  readonly basicPool: boolean;
}

/** A ratio as N(5,4). */
function ratioText(ratioE4: bigint): string {
  const digits = ratioE4.toString().padStart(5, "0");
  return `${digits.slice(0, -4)}.${digits.slice(-4)}`;
}

/** Amounts of one settlement as the reply names them. A broken sum changes one figure of the reply and no money. */
export function settlementFigures(split: Split, context: FigureContext): ReplyNode {
  const { variants, brokenSum } = context;
  const off = (name: BrokenSum) => (brokenSum === name ? 1n : 0n);
  const zero = new Yuan(0n);
  const poolFen = context.basicPool ? split.poolFen : 0n;
  return {
    medfee_sumamt: new Yuan(split.totalFen),
    fulamt_ownpay_amt: new Yuan(split.ownFen),
    overlmt_selfpay: new Yuan(split.overLimitFen),
    preselfpay_amt: new Yuan(split.firstSelfPayFen),
    inscp_scp_amt: new Yuan(split.scopeFen + off("scope")),
    act_pay_dedc: new Yuan(split.deductibleFen),
    hifp_pay: new Yuan(brokenSum === "pool" ? split.scopeFen - split.deductibleFen + 1n : poolFen),
    pool_prop_selfpay: ratioText(10_000n - context.ratioE4),
    cvlserv_pay: zero,
    hifes_pay: zero,
    hifmi_pay: zero,
    hifob_pay: zero,
    maf_pay: zero,
    oth_pay: new Yuan(split.poolFen - poolFen),
    fund_pay_sumamt: new Yuan(split.fundFen + (variants.fundsIncludeAccount ? split.accountFen : 0n)),
    psn_part_amt: new Yuan(split.personFen + off("burden")),
    acct_pay: new Yuan(split.accountFen + (variants.mutualAidInsideAccount ? split.mutualAidFen : 0n)),
    acct_mulaid_pay: new Yuan(split.mutualAidFen),
    psn_cash_pay: new Yuan(split.cashFen + off("cash")),
    hosp_part_amt: zero,
    balc: new Yuan(context.balanceAfterFen),
  };
}

/** One row of detlcutinfo for each line of the basket. */
export function lineFigures(split: Split, lines: readonly { readonly detailNumber: string; readonly level: string }[]): readonly ReplyNode[] {
  return split.lines.map((line, at) => ({
    feedetl_sn: lines[at]?.detailNumber ?? "",
    det_item_fee_sumamt: new Yuan(line.amountFen),
    fulamt_ownpay_amt: new Yuan(line.ownFen),
    overlmt_amt: new Yuan(line.overLimitFen),
    preselfpay_amt: new Yuan(line.firstSelfPayFen),
    inscp_scp_amt: new Yuan(line.scopeFen),
    chrgitm_lv: lines[at]?.level ?? "",
  }));
}
