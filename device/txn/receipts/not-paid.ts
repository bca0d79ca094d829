/* What a shop without a program reads when a sale did not end in payment: why, and whether the sale is still open. */
import { type Fen, formatYuan } from "../../base/fen.ts";
import type { PrintLine } from "../../drivers/peripherals.ts";

/** The same in both languages. */
export interface SaidInBoth {
  readonly en: string;
  readonly zh: string;
}

export interface NotPaid {
  readonly saleNumber: string;
  readonly amount: Fen;
  /** "open": nobody knows yet whether the card was debited, or only the card says so. */
  readonly stands: "refused" | "open";
  readonly reason: string;
  /** Undefined for a reason without words of its own. */
  readonly says: SaidInBoth | undefined;
}

const HEADS = { refused: "交易未成功", open: "交易待确认" } as const;
const ADVICE = {
  refused: { zh: "未扣款，请勿交付商品。", en: "Nothing was paid: hand out no goods." },
  open: {
    zh: "可能已扣款，请勿交付商品，请持卡人再次刷卡。",
    en: "The card may have been debited: hand out no goods, and have the same card presented again.",
  },
} as const;

export function notPaidSlip({ saleNumber, amount, stands, reason, says }: NotPaid): readonly PrintLine[] {
  const advice = ADVICE[stands];
  return [
    { kind: "text", text: HEADS[stands], align: "center", bold: true, scale: 2 },
    { kind: "columns", left: "交易号", right: saleNumber },
    { kind: "columns", left: "金额", right: formatYuan(amount) },
    { kind: "rule" },
    ...(says === undefined ? [] : ([says.zh, says.en] as const).map((text): PrintLine => ({ kind: "text", text }))),
    { kind: "text", text: `(${reason})` },
    { kind: "text", text: advice.zh },
    { kind: "text", text: advice.en },
    { kind: "feed", lines: 3 },
    { kind: "cut" },
  ];
}
