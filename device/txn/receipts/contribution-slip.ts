/* The slip of a bill of the agency: paid, given back, or not decided, which must be told from each other at a glance. */
import { formatYuan } from "../../base/fen.ts";
import type { PrintLine } from "../../drivers/peripherals.ts";
import { amount, end, fact, head, headline, RULE, strong } from "./layout.ts";
import { maskedName, maskedNumber } from "./masking.ts";
import type { ReceiptData, SlipStyle } from "./types.ts";

type Contribution = Extract<ReceiptData, { readonly slip: "contribution" }>;

/** Words of agencies for what is insured, as far as they are common; any other is printed as it stands. */
const INSURANCES: ReadonlyMap<string, string> = new Map([
  ["pension", "养老保险"],
  ["resident-pension", "城乡居民养老保险"],
  ["resident-medical", "城乡居民医疗保险"],
  ["medical", "职工医疗保险"],
  ["unemployment", "失业保险"],
  ["work-injury", "工伤保险"],
  ["maternity", "生育保险"],
  ["examination", "考试费"],
]);

const TITLES: Readonly<Record<Contribution["stands"], string>> = { paid: "社保缴费凭证", returned: "社保缴费退款单", open: "缴费结果待确认" };
const STATES: Readonly<Record<Contribution["stands"], string>> = {
  paid: "缴费成功。",
  returned: "社保经办机构未入账，款项已退回原账户。",
  open: "缴费结果未确认，请勿再次缴费。",
};
const ADVICE: Readonly<Record<Contribution["stands"], string>> = {
  paid: "请核对后妥善保管本单。",
  returned: "到账时间以银行为准。",
  open: "系统将自动核实，凭本单查询结果。",
};

export function contributionSlip(data: Contribution, style: SlipStyle): readonly PrintLine[] {
  const { stands, holder } = data;
  const { name, cardNumber } = holder;
  return [
    ...head(data, TITLES[stands], style),
    ...fact("缴费单号", data.saleNumber),
    ...fact("账单号", data.billId),
    ...fact("险种", INSURANCES.get(data.insurance) ?? data.insurance),
    ...fact("费款所属期", data.period),
    ...fact("缴费人", name === undefined ? undefined : maskedName(name)),
    ...fact("社保卡号", cardNumber === undefined ? undefined : maskedNumber(cardNumber)),
    RULE,
    headline(formatYuan(data.amount)),
    ...amount(stands === "returned" ? "退回金额" : "缴费金额", data.amount),
    ...fact("收据号", data.receiptNumber),
    ...fact("银行参考号", data.retrievalReference),
    strong(STATES[stands]),
    ...end(ADVICE[stands]),
  ];
}
