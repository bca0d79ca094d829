/* Parts of which every slip is made. Lines are for paper of any width: who prints them wraps and aligns. */
import { type Fen, fen, formatYuan, sumFen, ZERO_FEN } from "../../base/fen.ts";
import { civilTime } from "../../codec/civil-time.ts";
import type { PrintLine } from "../../drivers/peripherals.ts";
import { maskedName, maskedNumber } from "./masking.ts";
import type { OrderSlip, ReceiptHead, ReceiptItem, ReceiptTender, SlipStyle } from "./types.ts";
import { tenderWords } from "./words.ts";

export const RULE: PrintLine = { kind: "rule" };

/** Lines that goods may take of the 500 that a slip may have. */
const GOODS_LINES_MAX = 400;

export function words(text: string): PrintLine {
  return { kind: "text", text };
}

export function strong(text: string): PrintLine {
  return { kind: "text", text, bold: true };
}

/** Large, in the middle. */
export function headline(text: string): PrintLine {
  return { kind: "text", text, align: "center", bold: true, scale: 2 };
}

function centred(text: string): PrintLine {
  return { kind: "text", text, align: "center" };
}

/** A named fact; nothing where it is not known. */
export function fact(name: string, value: string | undefined): readonly PrintLine[] {
  return value === undefined || value === "" ? [] : [{ kind: "columns", left: name, right: value }];
}

/** A named amount; nothing where it is not known. */
export function amount(name: string, value: Fen | undefined): readonly PrintLine[] {
  return value === undefined ? [] : [{ kind: "columns", left: name, right: formatYuan(value) }];
}

/** A named amount that matters only where there is any. */
export function amountIfAny(name: string, value: Fen | undefined): readonly PrintLine[] {
  return value === undefined || value === ZERO_FEN ? [] : amount(name, value);
}

export function head(data: ReceiptHead, title: string, { copy, by }: SlipStyle): readonly PrintLine[] {
  return [
    centred(data.institution),
    headline(title),
    ...(copy ? [centred("【副本】")] : []),
    RULE,
    ...fact("终端号", data.terminal),
    ...fact("操作员", data.operator),
    ...fact("补打人", by),
    ...fact("时间", civilTime(data.atMs).iso),
  ];
}

/** Which order, and whose; personal data is masked here and nowhere else. */
export function orderFacts({ orderNumber, invoiceNumber, holder = {} }: OrderSlip): readonly PrintLine[] {
  const { name, cardNumber, personNumber } = holder;
  return [
    ...fact("订单号", orderNumber),
    ...fact("发票号", invoiceNumber),
    ...fact("持卡人", name === undefined ? undefined : maskedName(name)),
    ...fact("社保卡号", cardNumber === undefined ? undefined : maskedNumber(cardNumber)),
    ...fact("人员编号", personNumber === undefined ? undefined : maskedNumber(personNumber)),
  ];
}

/** The basket, as far as one slip can hold it; what is left out is counted. */
export function goods(items: readonly ReceiptItem[], withCodes: boolean): readonly PrintLine[] {
  const lines: PrintLine[] = [RULE];
  for (const [index, item] of items.entries()) {
    const own = goodsLines(item, withCodes);
    if (lines.length + own.length > GOODS_LINES_MAX) {
      const rest = items.slice(index);
      lines.push({ kind: "columns", left: `其余${rest.length}项`, right: formatYuan(sumFen(rest.map((other) => other.amount))) });
      break;
    }
    lines.push(...own);
  }
  return [...lines, RULE];
}

function goodsLines(item: ReceiptItem, withCodes: boolean): readonly PrintLine[] {
  const code = withCodes ? fact("  国家编码", item.nationalCode) : [];
  return [words(item.name), ...code, { kind: "columns", left: `  ${item.unitPrice}×${item.quantity}`, right: formatYuan(item.amount) }];
}

/** What was paid with; cash with what was handed over and what was given back. */
export function tenderLines(tenders: readonly ReceiptTender[]): readonly PrintLine[] {
  return tenders.flatMap(({ tender, amount: paid, received }) => {
    const change = received !== undefined && received >= paid ? fen(received - paid) : undefined;
    return [...amount(`${tenderWords(tender)}支付`, paid), ...amount("  实收", received), ...amount("  找零", change)];
  });
}

export function end(...sentences: readonly string[]): readonly PrintLine[] {
  return [RULE, ...sentences.map(words), words("金额单位：元"), { kind: "feed", lines: 2 }, { kind: "cut" }];
}
