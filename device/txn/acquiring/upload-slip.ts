/* What the shop keeps of an offline sale that the acquirer has not taken: the paper with which people claim it. */
import type { PrintLine } from "../../drivers/peripherals.ts";
import { textMember } from "../journal/members.ts";
import { amount, end, fact, head, headline, RULE } from "../receipts/layout.ts";
import { maskedNumber } from "../receipts/masking.ts";
import type { ReceiptHead } from "../receipts/types.ts";
import type { RecordedUpload } from "./upload-types.ts";

/** One slip for each parked upload. Everything personal is masked. */
export function uploadFailureSlip(upload: RecordedUpload, place: ReceiptHead): readonly PrintLine[] {
  const { sent, tries, reason } = upload;
  const account = textMember(upload.personal, "pan");
  return [
    ...head(place, "脱机上送失败凭单", { copy: false }),
    headline("未入账"),
    ...fact("批次号", sent?.batch),
    ...fact("流水号", sent?.stan),
    ...fact("卡号", account === "" ? undefined : maskedNumber(account)),
    ...amount("交易金额", upload.amount),
    ...fact("已上送次数", String(tries)),
    ...fact("原因", reason),
    RULE,
    ...end("请妥善保管本单并联系收单机构。"),
  ];
}
