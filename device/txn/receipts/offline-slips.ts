/*
 * Slips of a sale without the insurer. Nothing on them may look like a settlement: every figure of the insurer's is called provisional, and
 * what the holder has paid is called paid in advance.
 */
import type { PrintLine } from "../../drivers/peripherals.ts";
import { amount, amountIfAny, end, goods, head, headline, orderFacts, RULE, strong, tenderLines, words } from "./layout.ts";
import type { ReceiptData, ReceiptSplit, SlipStyle } from "./types.ts";

type Of<Slip extends ReceiptData["slip"]> = Extract<ReceiptData, { readonly slip: Slip }>;

const PROVISIONAL = "暂估，非最终结算";

function estimateLines(estimate: ReceiptSplit | undefined): readonly PrintLine[] {
  if (estimate === undefined) return [words("本次未能暂估医保待遇。")];
  return [
    strong(PROVISIONAL),
    ...amount("统筹等基金（暂估）", estimate.fund),
    ...amount("个人账户（暂估）", estimate.account),
    ...amountIfAny("家庭共济（暂估）", estimate.mutualAid),
    ...amount("个人负担（暂估）", estimate.cash),
  ];
}

const CHOICES: Readonly<Record<Of<"offline">["choice"], readonly string[]>> = {
  "settle-later": ["联网后由本店补办医保结算；", "应退差额凭本单领取；", "不得再申请零星报销。"],
  "reimbursement-slip": ["请持零星报销单到医保机构办理；", "本店不再补办结算。"],
};

export function offlineSlip(data: Of<"offline">, style: SlipStyle): readonly PrintLine[] {
  return [
    ...head(data, "脱网购药凭证", style),
    headline(PROVISIONAL),
    ...orderFacts(data),
    ...goods(data.items, false),
    ...amount("费用总额", data.total),
    strong("持卡人已全额垫付："),
    ...tenderLines(data.tenders),
    RULE,
    ...estimateLines(data.estimate),
    RULE,
    strong("医保尚未结算。"),
    ...end(...CHOICES[data.choice]),
  ];
}

export function reimbursementSlip(data: Of<"reimbursement">, style: SlipStyle): readonly PrintLine[] {
  return [
    ...head(data, "零星报销单", style),
    ...orderFacts(data),
    ...goods(data.items, true),
    ...amount("费用总额", data.total),
    strong("持卡人已全额垫付："),
    ...tenderLines(data.tenders),
    RULE,
    strong("本笔费用未经医保结算。"),
    words("请持本单、有效身份证件和社会保障卡到参保地医保经办机构申请报销。"),
    words("本店不再补办结算。"),
    { kind: "feed", lines: 1 },
    words("经办人签字："),
    { kind: "feed", lines: 1 },
    words("持卡人签字："),
    ...end(),
  ];
}
