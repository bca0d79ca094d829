/* The slip of any receipt. */
import type { PrintLine } from "../../drivers/peripherals.ts";
import type { ReceiptData, SlipStyle } from "./types.ts";

/** For the printer, whatever its width. Never throws; at most 500 lines. */
export function receiptSlip(_data: ReceiptData, _style: SlipStyle): readonly PrintLine[] {
  return [];
}
