/* Slips of what the insurer has settled or taken back: the figures on them are the insurer's own. */
import type { PrintLine } from "../../drivers/peripherals.ts";
import { amount, amountIfAny, end, fact, goods, head, headline, orderFacts, RULE, strong, tenderLines, words } from "./layout.ts";
import type { ReceiptData, ReceiptSplit, SlipStyle } from "./types.ts";
import { insuranceWords, medicalTypeWords, tenderWords } from "./words.ts";

type Of<Slip extends ReceiptData["slip"]> = Extract<ReceiptData, { readonly slip: Slip }>;

/** Who pays what, then what the total is made of. */
function splitLines(split: ReceiptSplit): readonly PrintLine[] {
  return [
    { kind: "text", text: "费用构成", bold: true },
    ...amount("费用总额", split.total),
    ...fundLines(split),
    ...amount("个人账户支付", split.account),
    ...amountIfAny("家庭共济支付", split.mutualAid),
    ...amount("个人自付（现金等）", split.cash),
    ...partLines(split),
    ...amount("个人账户余额", split.balance),
  ];
}

/** The pooled fund by itself where it is known, else all funds together. */
function fundLines({ fund, pooledFund, otherFunds }: ReceiptSplit): readonly PrintLine[] {
  if (pooledFund === undefined) return amount("医保基金支付合计", fund);
  return [...amount("统筹基金支付", pooledFund), ...amountIfAny("其他基金支付", otherFunds)];
}

function partLines(split: ReceiptSplit): readonly PrintLine[] {
  const parts = [
    ...amountIfAny("  全自费", split.outsideCatalogue),
    ...amountIfAny("  超限价自费", split.overLimit),
    ...amountIfAny("  先行自付", split.firstSelfPay),
    ...amountIfAny("  符合政策范围", split.withinScope),
    ...amountIfAny("  起付线", split.deductible),
  ];
  return parts.length === 0 ? [] : [words("其中："), ...parts];
}

export function saleSlip(data: Of<"sale">, style: SlipStyle): readonly PrintLine[] {
  return [
    ...head(data, data.visit === "pharmacy" ? "医保购药结算单" : "医保门诊结算单", style),
    ...orderFacts(data),
    ...fact("结算号", data.settlementId),
    ...fact("就诊号", data.visitId),
    ...fact("医疗类别", medicalTypeWords(data.medicalType)),
    ...fact("险种", data.insuranceType === undefined ? undefined : insuranceWords(data.insuranceType)),
    ...goods(data.items, false),
    ...splitLines(data.split),
    ...(data.tenders.length === 0 ? [] : [RULE, ...tenderLines(data.tenders)]),
    ...end("请核对后妥善保管本单。"),
  ];
}

export function settledLaterSlip(data: Of<"settled-later">, style: SlipStyle): readonly PrintLine[] {
  const due = data.refundDue > 0;
  return [
    ...head(data, "医保补结算单", style),
    ...orderFacts(data),
    ...fact("结算号", data.settlementId),
    RULE,
    ...splitLines(data.split),
    RULE,
    ...amount("购药时已付", data.paid),
    ...amountIfAny("应退金额", data.refundDue),
    ...(data.refundPaid ? amountIfAny("已退金额", data.refundDue) : []),
    ...(due ? [strong(data.refundPaid ? "差额已退还持卡人。" : "差额待退，请凭本单到本店领取。")] : [words("无应退差额。")]),
    ...end("原暂估金额以本单为准。", "本笔费用不得再申请零星报销。"),
  ];
}

export function takenBackSlip(data: Of<"void" | "return">, style: SlipStyle): readonly PrintLine[] {
  const { split, settlementId } = data;
  const funds = split === undefined ? [] : amountIfAny("退回医保基金", split.fund);
  const own = split === undefined ? [] : [...amountIfAny("退回个人账户", split.account), ...amountIfAny("退回家庭共济", split.mutualAid)];
  return [
    ...head(data, data.slip === "void" ? "医保结算撤销单" : "退货退款单", style),
    ...orderFacts(data),
    ...fact("原结算号", settlementId),
    RULE,
    ...amount(data.slip === "void" ? "撤销总额" : "退货总额", data.total),
    ...funds,
    ...own,
    ...data.refunds.flatMap(({ tender, amount: paid }) => amount(`退回${tenderWords(tender)}`, paid)),
    ...end(settlementId === undefined ? "本单无医保结算。" : "原医保结算已撤销。", "请核对后妥善保管本单。"),
  ];
}

/** Nobody knows yet: what the counter may and may not do, in words that fit the moment. */
export function unknownSlip(data: Of<"unknown">, style: SlipStyle): readonly PrintLine[] {
  const advice = UNKNOWN_ADVICE[data.what];
  const tender = data.tender === undefined ? "" : `（${tenderWords(data.tender)}）`;
  return [
    ...head(data, "结果待确认", style),
    ...orderFacts(data),
    ...amount("订单总额", data.total),
    RULE,
    strong(`${advice.state}${data.what === "tender" ? tender : ""}`),
    headline("请勿"),
    ...advice.mayNot.map(words),
    headline("可以"),
    ...advice.may.map(words),
    ...end("系统将自动核实，结果以查询为准。"),
  ];
}

const UNKNOWN_ADVICE: Readonly<Record<Of<"unknown">["what"], { readonly state: string; readonly mayNot: readonly string[]; readonly may: readonly string[] }>> =
  {
    settlement: {
      state: "医保结算结果未知。",
      mayNot: ["1. 交付药品；", "2. 重新结算或另开订单；", "3. 收取费用。"],
      may: ["1. 凭订单号查询结果；", "2. 结果明确后继续或重新办理。"],
    },
    void: {
      state: "医保撤销结果未知。",
      mayNot: ["1. 退还现金或其他款项；", "2. 再次撤销或重新结算。"],
      may: ["1. 凭订单号查询结果；", "2. 撤销确认后再退款。"],
    },
    tender: {
      state: "支付结果未知",
      mayNot: ["1. 改用其他方式再次收款；", "2. 撤销医保结算；", "3. 交付药品。"],
      may: ["1. 请持卡人再次刷卡确认；", "2. 凭订单号查询结果。"],
    },
  };
