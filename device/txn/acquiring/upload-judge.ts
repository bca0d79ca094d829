/*
 * What a reply to an upload is worth. The acquirer's word that it has a message already (94) is believed only of bytes that were sent before;
 * of others it says that somebody else's message stands in its books, and people must look. Spec: UnionPay terminal, offline upload.
 */
import type { UploadTry, UploadVerdict } from "./upload-types.ts";

const HAS_IT_ALREADY = "sent-twice";

/** Pure and total. */
export function judgeUpload({ tries, triesMax, sentBefore, reply }: UploadTry): UploadVerdict {
  const used = tries + 1 >= triesMax;
  switch (reply.kind) {
    case "approved":
      // The card has paid the whole, offline: less of it is no clearing.
      if (reply.partial === true) return judgeUnknown("partial-approval", { used, sentBefore });
      return reply.responseCode === "00" ? { kind: "taken" } : { kind: "taken", reason: "sent-before" };
    case "not-sent":
      // A line that is down uses up no tries: it may be down for days.
      return { kind: "again", counts: false, mayHaveArrived: sentBefore, reason: reply.reason };
    case "declined": {
      const reason = `acquirer-refused-${reply.responseCode}`;
      return used ? { kind: "parked", mayHaveArrived: sentBefore, reason } : { kind: "again", counts: true, mayHaveArrived: sentBefore, reason };
    }
    case "unknown":
      return judgeUnknown(reply.reason, { used, sentBefore });
  }
}

function judgeUnknown(reason: string, { used, sentBefore }: { used: boolean; sentBefore: boolean }): UploadVerdict {
  if (reason === HAS_IT_ALREADY) return { kind: "parked", mayHaveArrived: sentBefore, reason: "duplicate-never-sent" };
  return used ? { kind: "parked", mayHaveArrived: true, reason } : { kind: "again", counts: true, mayHaveArrived: true, reason };
}
