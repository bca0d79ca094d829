/* What the entries of a settlement or a void of unknown outcome say, and the entries that end it. Spec: pos/v1, 3. */
import { textMember } from "../journal/members.ts";
import type { EntryDraft, JournalEntry, JsonObject } from "../journal/types.ts";
import { mergedDetail } from "../recovery/recover.ts";
import type { ResolvedReason, ResolverTask, UndoCode } from "./resolver-machine.ts";

/** A settlement, or the void of one, whose outcome is unknown, as its durable entries tell it. */
export interface UnknownRecord {
  readonly subject: string;
  readonly kind: "medical-purchase" | "medical-void";
  readonly task: ResolverTask;
  /** The latest entry. */
  readonly last: JournalEntry;
  /** The latest entry that was written while the message could still be sent. */
  readonly sent: JournalEntry;
  readonly msgid: string;
  readonly infno: string;
  readonly personNumber: string;
  readonly insuranceArea: string;
  /** recer_sys_code, where the message went to a receiver of its own. */
  readonly receiver: string | undefined;
  readonly settleTimeoutMs: number;
  /** Where they are known; a settlement without an answer has none. */
  readonly settlementId: string;
  readonly visitId: string;
  /** ipt_otp_no of an outpatient visit. */
  readonly outpatientNumber: string;
  /** Subject of the settlement that a void takes back. */
  readonly original: string;
  /** clr_optins and clr_type, where a pre-settlement or a booking has told them. */
  readonly clearing: { readonly agency: string; readonly clearingType: string };
  readonly insuranceType: string;
  readonly medicalType: string;
  /** Which step of the visit was noted last; "" for none. */
  readonly noted: string;
  readonly detail: JsonObject;
  readonly personal: JsonObject;
}

function countIn(object: JsonObject, name: string): number {
  const value = object[name];
  return typeof value === "number" ? value : 0;
}

/** What is to be undone after a settlement: nothing at a pharmacy, and of a visit what is known to have been sent. */
function visitOf(detail: JsonObject, noted: string): ResolverTask {
  const registered = textMember(detail, "infno") === "2207" && textMember(detail, "mdtrtId") !== "";
  if (!registered) return { about: "settlement", visit: { undo: [], left: [] } };
  const hasFees = textMember(detail, "stage") !== "register" && noted !== "2202";
  const undo: readonly UndoCode[] = hasFees ? ["2205", "2202"] : ["2202"];
  return { about: "settlement", visit: { undo, left: [] } };
}

/** Reads a record back from its entries, oldest first; undefined when it can no longer be named to the host. */
export function readUnknown(entries: readonly JournalEntry[]): UnknownRecord | undefined {
  const last = entries.at(-1);
  const sent = entries.findLast(({ state }) => state !== "resolving");
  const personal = entries.findLast((entry) => entry.personal !== undefined)?.personal;
  if (last === undefined || sent === undefined || personal === undefined) return undefined;
  if (last.kind !== "medical-purchase" && last.kind !== "medical-void") return undefined;
  const detail = mergedDetail(entries);
  const [msgid, personNumber] = [textMember(detail, "msgid"), textMember(personal, "psnNo")];
  // A void that was taken over from the insurer has no message; its settlement names it.
  if ((msgid === "" && last.kind === "medical-purchase") || personNumber === "") return undefined;
  const noted = textMember(detail, "undo");
  return {
    subject: last.subject,
    kind: last.kind,
    task: last.kind === "medical-void" ? { about: "void" } : visitOf(detail, noted),
    last,
    sent,
    msgid,
    infno: textMember(detail, "infno"),
    personNumber,
    insuranceArea: textMember(detail, "insuranceArea"),
    receiver: textMember(detail, "receiver") || undefined,
    settleTimeoutMs: countIn(detail, "settleTimeoutMs"),
    settlementId: textMember(detail, "setlId"),
    visitId: textMember(detail, "mdtrtId"),
    outpatientNumber: textMember(detail, "iptOtpNo"),
    original: textMember(detail, "original"),
    clearing: { agency: textMember(detail, "clrOptins"), clearingType: textMember(detail, "clrType") },
    insuranceType: textMember(detail, "insuranceType"),
    medicalType: textMember(detail, "medType"),
    noted,
    detail,
    personal,
  };
}

/** Durable before a message that undoes a part of the visit is sent. */
export function notedDraft(record: UnknownRecord, undo: UndoCode, reason: ResolvedReason): EntryDraft {
  const { subject, kind, last, detail, personal } = record;
  return { subject, kind, state: "resolving", amount: last.amount, personal, detail: { ...detail, undo, reason } };
}

/** The end of a settlement whose booking was taken back or never came, or of a void. `left`: parts of the visit that the host would not undo. */
export function endDraft(
  record: UnknownRecord,
  end: { readonly end: "done" | "void"; readonly reason: ResolvedReason; readonly left: readonly UndoCode[] },
): EntryDraft {
  const { subject, kind, last, detail, personal, msgid } = record;
  const { undo: _, ...rest } = detail;
  const reversal = kind === "medical-purchase" ? { infno: "2601", omsgid: msgid } : {};
  const left = end.left.length === 0 ? {} : { visitLeft: end.left };
  return { subject, kind, state: end.end, amount: last.amount, resolves: last.seq, personal, detail: { ...rest, ...reversal, ...left, reason: end.reason } };
}
