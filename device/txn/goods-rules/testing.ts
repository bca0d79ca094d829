/* For tests of what is sold: lines of a basket whose sums are right. */
import { assert } from "../../base/assert.ts";
import type { OrderItem, TraceCode } from "../medical-desk/basket.ts";
import { lineAmount } from "./line-amount.ts";

export function item(more: Partial<OrderItem> = {}): OrderItem {
  const line = {
    nationalCode: "XTEST0000000000000A1",
    ownCode: "O1",
    name: "阿莫西林胶囊",
    quantity: "1",
    unitPrice: "12.50",
    traceCodes: [whole(1)],
    ...more,
  };
  const amount = more.amount ?? lineAmount(line);
  assert(amount !== undefined, "the line has an amount");
  return { ...line, amount };
}

/** A usual code: 20 digits. */
export function codeText(number: number): string {
  return `8${String(number).padStart(19, "0")}`;
}

export function whole(number: number): TraceCode {
  return { code: codeText(number), splitPack: false };
}

export function opened(number: number): TraceCode {
  return { code: codeText(number), splitPack: true };
}
