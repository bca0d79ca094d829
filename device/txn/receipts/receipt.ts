/*
 * The slip of any receipt: Chinese, personal data masked, copies marked. Pure: the same data is the same slip, so that a slip can be printed
 * again at any time.
 */
import type { PrintLine } from "../../drivers/peripherals.ts";
import { contributionSlip } from "./contribution-slip.ts";
import { offlineSlip, reimbursementSlip } from "./offline-slips.ts";
import { purseRefundSlip, purseSaleSlip, shiftSlip } from "./purse-slips.ts";
import { reconciliationSlip } from "./reconciliation-slip.ts";
import { saleSlip, settledLaterSlip, takenBackSlip, unknownSlip } from "./settled-slips.ts";
import type { ReceiptData, SlipStyle } from "./types.ts";

/** For the printer, whatever its width. Never throws; at most 500 lines. */
export function receiptSlip(data: ReceiptData, style: SlipStyle): readonly PrintLine[] {
  switch (data.slip) {
    case "sale":
      return saleSlip(data, style);
    case "offline":
      return offlineSlip(data, style);
    case "reimbursement":
      return reimbursementSlip(data, style);
    case "settled-later":
      return settledLaterSlip(data, style);
    case "void":
    case "return":
      return takenBackSlip(data, style);
    case "unknown":
      return unknownSlip(data, style);
    case "reconciliation":
      return reconciliationSlip(data, style);
    case "purse-sale":
      return purseSaleSlip(data, style);
    case "purse-refund":
      return purseRefundSlip(data, style);
    case "contribution":
      return contributionSlip(data, style);
    case "shift":
      return shiftSlip(data, style);
  }
}
