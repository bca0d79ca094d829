/* The day's comparison with the insurer on one slip: each group, then what differs. */
import type { PrintLine } from "../../drivers/peripherals.ts";
import { amount, end, fact, head, RULE, strong } from "./layout.ts";
import type { ReceiptData, SlipStyle } from "./types.ts";
import { insuranceWords } from "./words.ts";

type Reconciliation = Extract<ReceiptData, { readonly slip: "reconciliation" }>;

/** Seven lines each; together with the rest they stay below what a slip may have. */
const GROUPS_MAX = 60;

function groupLines(group: Reconciliation["groups"][number]): readonly PrintLine[] {
  return [
    strong(insuranceWords(group.insuranceType)),
    ...fact("清算类别", group.clearingType),
    ...fact("笔数", String(group.count)),
    ...amount("费用总额", group.total),
    ...amount("基金支付", group.fund),
    ...amount("个人账户", group.account),
    ...fact("结果", group.agrees ? "一致" : "不一致"),
  ];
}

export function reconciliationSlip(data: Reconciliation, style: SlipStyle): readonly PrintLine[] {
  const { groups, onlyHere, onlyThere, differing } = data;
  const left = groups.length - GROUPS_MAX;
  const agrees = onlyHere + onlyThere + differing === 0 && groups.every((group) => group.agrees);
  return [
    ...head(data, "医保对账汇总", style),
    ...fact("起始日期", data.from),
    ...fact("截止日期", data.to),
    RULE,
    ...groups.slice(0, GROUPS_MAX).flatMap(groupLines),
    ...fact("其余分组", left > 0 ? String(left) : undefined),
    RULE,
    ...fact("仅本店有", `${onlyHere}笔`),
    ...fact("仅医保有", `${onlyThere}笔`),
    ...fact("金额不符", `${differing}笔`),
    strong(agrees ? "全部一致。" : "存在差异，请查看明细。"),
    ...end(),
  ];
}
