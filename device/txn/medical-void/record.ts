/* What the entries of a void say, written and read back. Spec: pos/v1, 3. */
import { assert } from "../../base/assert.ts";
import type { Fen } from "../../base/fen.ts";
import { textMember } from "../journal/members.ts";
import { type EntryDraft, type Journal, type JournalEntry, type JsonObject, OPEN_STATES } from "../journal/types.ts";
import type { MessageId } from "../medical-host/message-id.ts";
import { saleMark } from "../quick-payment/record.ts";
import { mergedDetail } from "../recovery/recover.ts";
import type { VoidEntryWish, VoidReason } from "./types.ts";

/** What takes back which settlement. Spec: FSI, 2103. Spec: FSI, 2208. */
const VOID_CODES: Readonly<Record<string, string>> = { "2102": "2103", "2207": "2208" };

/** A settlement that stands, as its entries name it to the insurer. */
export interface StandingSettlement {
  readonly subject: string;
  readonly amount: Fen;
  readonly settlementId: string;
  readonly visitId: string;
  readonly personNumber: string;
  readonly insuranceArea: string;
  /** recer_sys_code, where the settlement went to a receiver of its own. */
  readonly receiver?: string;
  readonly voidCode: string;
}

export type SettlementStands =
  | { readonly kind: "stands"; readonly settlement: StandingSettlement }
  | { readonly kind: "undecided" }
  | { readonly kind: "gone" };

/** Whether the settlement of these entries can be taken back at all. */
export function readStanding(entries: readonly JournalEntry[]): SettlementStands {
  const last = entries.at(-1);
  if (last === undefined || last.kind !== "medical-purchase") return { kind: "gone" };
  if (OPEN_STATES.includes(last.state)) return { kind: "undecided" };
  if (last.state !== "done") return { kind: "gone" };
  const detail = mergedDetail(entries);
  const personal = entries.findLast((entry) => entry.personal !== undefined)?.personal;
  const receiver = textMember(detail, "receiver");
  const settlement = {
    subject: last.subject,
    amount: last.amount,
    settlementId: textMember(detail, "setlId"),
    visitId: textMember(detail, "mdtrtId"),
    personNumber: textMember(personal, "psnNo"),
    insuranceArea: textMember(detail, "insuranceArea"),
    ...(receiver === "" ? {} : { receiver }),
    voidCode: VOID_CODES[textMember(detail, "infno")] ?? "2103",
  };
  return { kind: "stands", settlement };
}

/** Names the last void that was begun for a settlement, so that there are never two of them under way. */
export function voidMark(original: string): string {
  return `void/${original}`;
}

/** A void that was begun, by whatever name. */
export interface RecordedVoid {
  readonly subject: string;
  readonly state: "done" | "open" | "refused" | "unsent";
  readonly reason: VoidReason;
}

/** The void of this reference; undefined where it was never begun. Faults: those of the journal. */
export async function findVoid(journal: Journal, reference: string): Promise<RecordedVoid | undefined> {
  const subject = await journal.mark(saleMark(reference));
  if (subject === undefined) return undefined;
  const entries = await journal.entriesOf(subject);
  const last = entries.at(-1);
  assert(last !== undefined, "a mark names a subject of this journal");
  // Only this module, and the resolver of unknown voids, write reasons of voids.
  const reason = (textMember(last.detail, "reason") || "restart") as VoidReason;
  return { subject, state: stateOf(last), reason };
}

function stateOf({ state }: JournalEntry): RecordedVoid["state"] {
  if (state === "done" || state === "refused") return state;
  return state === "void" ? "unsent" : "open";
}

export interface VoidFacts {
  readonly reference: string;
  /** Reference of the order. */
  readonly order: string;
  readonly operator: string;
  readonly id: MessageId;
  readonly settleTimeoutMs: number;
  readonly settlement: StandingSettlement;
}

function detailOf({ reference, order, operator, id, settleTimeoutMs, settlement }: VoidFacts): JsonObject {
  return {
    reference,
    order,
    operator,
    msgid: id.text,
    infno: settlement.voidCode,
    setlId: settlement.settlementId,
    mdtrtId: settlement.visitId,
    insuranceArea: settlement.insuranceArea,
    ...(settlement.receiver === undefined ? {} : { receiver: settlement.receiver }),
    settleTimeoutMs,
    original: settlement.subject,
  };
}

/** Durable before the void is sent: what may have happened must be nameable. */
export function voidIntentDraft(facts: VoidFacts): EntryDraft {
  return {
    kind: "medical-void",
    state: "prepared",
    amount: facts.settlement.amount,
    detail: detailOf(facts),
    personal: { psnNo: facts.settlement.personNumber },
    marks: [facts.id.mark, { name: voidMark(facts.settlement.subject), value: facts.reference }],
    subjectMark: saleMark(facts.reference),
  };
}

export function laterVoidDraft(wish: VoidEntryWish, facts: VoidFacts): EntryDraft {
  return {
    subject: wish.after.subject,
    kind: "medical-void",
    state: wish.state,
    amount: facts.settlement.amount,
    detail: { ...detailOf(facts), ...(wish.reason === undefined ? {} : { reason: wish.reason }) },
    personal: { psnNo: facts.settlement.personNumber },
  };
}
