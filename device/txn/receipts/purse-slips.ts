/* Slips of a shop: sales from a purse of the card, what goes back of them, and what a shift comes to. */
import { fen, formatYuan } from "../../base/fen.ts";
import type { PrintLine } from "../../drivers/peripherals.ts";
import { amount, end, fact, head, headline, RULE, strong } from "./layout.ts";
import { maskedNumber } from "./masking.ts";
import type { PurseSlip, ReceiptData, ReceiptLine, SlipStyle } from "./types.ts";
import { purseWords, shiftLineWords } from "./words.ts";

type Of<Slip extends ReceiptData["slip"]> = Extract<ReceiptData, { readonly slip: Slip }>;

function saleFacts({ saleNumber, purse, holder }: PurseSlip): readonly PrintLine[] {
  const { cardNumber } = holder ?? {};
  return [
    ...fact("交易号", saleNumber),
    ...fact("支付方式", purseWords(purse)),
    ...fact("卡号", cardNumber === undefined ? undefined : maskedNumber(cardNumber)),
  ];
}

export function purseSaleSlip(data: Of<"purse-sale">, style: SlipStyle): readonly PrintLine[] {
  const { discount, deposit = false } = data;
  return [
    ...head(data, deposit ? "押金凭条" : "消费凭条", style),
    ...saleFacts(data),
    RULE,
    headline(formatYuan(data.amount)),
    ...amount("原价", discount?.fullAmount),
    ...amount("优惠金额", discount?.discount),
    ...fact("优惠规则", discount?.rule),
    ...amount(deposit ? "押金" : "消费金额", data.amount),
    ...amount("卡内余额", data.balanceAfter),
    ...end(deposit ? "凭本单一次退还全部押金。" : "请核对后妥善保管本单。"),
  ];
}

export function purseRefundSlip(data: Of<"purse-refund">, style: SlipStyle): readonly PrintLine[] {
  return [
    ...head(data, "退款凭条", style),
    ...saleFacts(data),
    ...fact("退款单号", data.refundNumber),
    RULE,
    headline(formatYuan(data.amount)),
    ...amount("退还现金", data.amount),
    ...amount("剩余可退", data.left),
    { kind: "feed", lines: 1 },
    { kind: "text", text: "持卡人签字：" },
    ...end("卡内余额不变。"),
  ];
}

function shiftLines(title: string, lines: readonly ReceiptLine[]): readonly PrintLine[] {
  if (lines.length === 0) return [{ kind: "columns", left: title, right: "无" }];
  return [
    strong(title),
    ...lines.map(({ what, count, sum }): PrintLine => ({ kind: "columns", left: `${shiftLineWords(what)} ${count}笔`, right: formatYuan(sum) })),
  ];
}

export function shiftSlip(data: Of<"shift">, style: SlipStyle): readonly PrintLine[] {
  const { shift, taken, given, drawerFen, open } = data;
  const sign = drawerFen < 0 ? "-" : "";
  return [
    ...head(data, "班结单", style),
    ...fact("班次", String(shift)),
    RULE,
    ...shiftLines("收款", taken),
    RULE,
    ...shiftLines("退款", given),
    RULE,
    ...fact("现金应增减", `${sign}${formatYuan(fen(Math.abs(drawerFen)))}`),
    ...fact("待确认交易", `${open.count}笔`),
    ...(open.count === 0 ? [] : amount("  金额", open.sum)),
    ...end(...(open.count === 0 ? [] : ["待确认交易计入其确认的班次。"])),
  ];
}
