/*
 * Goal: a subject is booked at most once, on proof, and whatever cannot be booked is kept with its reason.
 * Method: each record meets the state of its subject in the ledger; the answer is "posted" or one stable word for why it is parked.
 * Runs inside the ledger's transaction of its batch.
 */
import { fen } from "../../device/base/fen.ts";
import { textField } from "./canonical.ts";
import { type DebitFacts, type DebitOracle, debitFacts, delayedChargeFacts, judgeDebit } from "./debits.ts";
import type { ChargeDesk } from "./debts.ts";
import type { BookingProof, Ledger, SubjectState } from "./ledger.ts";
import type { TerminalRecord } from "./records.ts";

/** No sale at a counter or gate comes near this; keeps sums inside safe integers. */
const AMOUNT_FEN_MAX = 1_000_000_000_000;

export interface PostingContext {
  readonly ledger: Ledger;
  readonly tid: string;
  readonly journalId: string;
  readonly debitOracle: DebitOracle;
  /** SM3 in hexadecimal. */
  readonly hash: (facts: DebitFacts) => string;
  /** Who charges rides that were taken on a signature; left out: they are booked as owed, and nobody does. */
  readonly charges?: Pick<ChargeDesk, "take">;
}

/** What a booking stands on, or why there is none. */
type Judgement =
  | { readonly ok: true; readonly proof: BookingProof; readonly evidence: string | undefined; readonly flags: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/** Records that tell how settlements, tenders, goods and passages belong together; the money itself stands in records of its own. */
const TELLS_ONLY: readonly string[] = [
  "medical-order",
  "offline-medical",
  "stock-upload",
  "passage",
  "bank-payment",
  "bank-return",
  "purse-load",
  "bank-settlement",
  "contribution",
];

const OPEN: readonly string[] = ["prepared", "acting", "unknown", "resolving"];

export function isOpen(state: string): boolean {
  return OPEN.includes(state);
}

/** Posts one record; the result is undefined, or the reason why it is parked. */
export function postRecord(context: PostingContext, record: TerminalRecord): string | undefined {
  if (record.amountFen > AMOUNT_FEN_MAX) return "amount-too-large";
  // An operation moves no money: the record itself is all that is kept.
  if (record.kind === "operation") return undefined;
  const known = context.ledger.subjectState(record.subject);
  const obstacle = known === undefined ? obstacleForFirst(record) : obstacleForNext(context, record, known);
  if (obstacle !== undefined) return obstacle;
  if (record.state === "done" && !tellsOnly(record) && !isHold(record)) {
    const reason = book(context, record, known);
    if (reason !== undefined) return reason;
  }
  moveSubject(context, record, known);
  return undefined;
}

/** Whether the record's money is booked elsewhere, if it has any: each kind clears by one route, and every other copy of it is information. */
function tellsOnly({ kind, detail }: TerminalRecord): boolean {
  if (TELLS_ONLY.includes(kind)) return true;
  return kind === "quick-payment" && textField(detail, "purse") === "electronic-cash" && textField(detail, "clearing") === "acquirer";
}

/** An amount that was only set aside on the card: its completion is the debit. */
function isHold({ kind, amountFen, detail }: TerminalRecord): boolean {
  return kind === "quick-payment" && amountFen === 0 && textField(detail, "industryUse") === "pre-authorization";
}

function obstacleForFirst(record: TerminalRecord): string | undefined {
  if (record.seq !== record.firstSeq) return "intent-missing";
  return record.resolves === undefined ? undefined : "resolves-wrong";
}

function obstacleForNext(context: PostingContext, record: TerminalRecord, known: SubjectState): string | undefined {
  if (known.kind !== record.kind) return "kind-changed";
  if (known.state === "done") return record.state === "done" ? "already-booked" : "after-done";
  if (!isOpen(known.state)) return "already-closed";
  if (record.state === "prepared") return "intent-twice";
  if (record.resolves === undefined) return undefined;
  return context.ledger.subjectOfRecord(context.tid, context.journalId, record.resolves) === record.subject ? undefined : "resolves-wrong";
}

function book(context: PostingContext, record: TerminalRecord, known: SubjectState | undefined): string | undefined {
  const differs = known !== undefined && known.intentFen !== record.amountFen;
  const judgement = judge(context, record, differs);
  if (!judgement.ok) return judgement.reason;
  const { evidence } = judgement;
  if (evidence !== undefined && context.ledger.subjectBookedOn(evidence) !== undefined) return "evidence-already-booked";
  context.ledger.book(
    {
      subject: record.subject,
      tid: context.tid,
      journalId: context.journalId,
      kind: record.kind,
      amountFen: fen(record.amountFen),
      bookedSeq: record.seq,
      proof: judgement.proof,
      flags: judgement.flags,
    },
    evidence,
  );
  const account = record.kind === "delayed-charge" ? textField(record.personal, "pan") : undefined;
  if (account !== undefined) context.charges?.take({ subject: record.subject, account, amountFen: fen(record.amountFen) });
  return undefined;
}

function judge(context: PostingContext, record: TerminalRecord, differs: boolean): Judgement {
  switch (record.kind) {
    case "quick-payment":
      return judgeQuickPayment(context, record, differs);
    case "delayed-charge":
      return judgeDelayedCharge(context, record);
    case "medical-purchase":
      return judgeMedicalPurchase(record, differs);
    case "medical-void":
      return judgeMedicalVoid(record);
    default:
      // Cash has no other witness than the counter.
      return { ok: true, proof: "counter", evidence: undefined, flags: [] };
  }
}

/** One settlement can be taken back once, whoever says so. */
function judgeMedicalVoid(record: TerminalRecord): Judgement {
  const settlement = textField(record.detail, "setlId") ?? "";
  if (settlement === "") return { ok: false, reason: "settlement-unnamed" };
  return { ok: true, proof: "insurer", evidence: `void:${settlement}`, flags: record.detail["imported"] === true ? ["imported"] : [] };
}

function judgeQuickPayment(context: PostingContext, record: TerminalRecord, differs: boolean): Judgement {
  // The card debits what it was asked for; another amount than the intent's needs a person's eyes.
  if (differs) return { ok: false, reason: "amount-differs" };
  const facts = debitFacts(record);
  const verdict = judgeDebit(record, facts, context.debitOracle);
  if (facts === undefined || (verdict !== "proved" && verdict !== "unproved")) return { ok: false, reason: verdict };
  const evidence = `debit:${context.hash(facts)}`;
  return verdict === "proved" ? { ok: true, proof: "tac", evidence, flags: [] } : { ok: true, proof: "unproved", evidence, flags: ["unproved"] };
}

/** What is booked is owed; whether it was paid is the charge's own story. */
function judgeDelayedCharge(context: PostingContext, record: TerminalRecord): Judgement {
  const facts = delayedChargeFacts(record);
  const verdict = judgeDebit(record, facts, context.debitOracle);
  if (facts?.purse !== "delayed-charge" || verdict !== "proved") return { ok: false, reason: verdict };
  return { ok: true, proof: "tac", evidence: `debit:${context.hash(facts)}`, flags: record.detail["firstUse"] === true ? ["first-use"] : [] };
}

function judgeMedicalPurchase(record: TerminalRecord, differs: boolean): Judgement {
  const settlement = textField(record.detail, "setlId") ?? "";
  const named = Array.isArray(record.detail["flags"]) ? (record.detail["flags"] as readonly unknown[]).filter((flag) => typeof flag === "string") : [];
  // The insurer's figures stand even where they differ from what was asked: booked, and flagged for reconciliation.
  const flags = [...named, ...(differs ? ["amount-differs"] : []), ...(settlement === "" ? ["unproved"] : [])];
  return { ok: true, proof: settlement === "" ? "unproved" : "insurer", evidence: settlement === "" ? undefined : `settlement:${settlement}`, flags };
}

function moveSubject(context: PostingContext, record: TerminalRecord, known: SubjectState | undefined): void {
  const { ledger, tid, journalId } = context;
  const subject = {
    subject: record.subject,
    tid,
    journalId,
    kind: record.kind,
    state: record.state,
    amountFen: fen(known?.intentFen ?? record.amountFen),
    lastSeq: record.seq,
  };
  ledger.setSubject({ ...subject, firstSeq: record.firstSeq });
  if (isOpen(record.state) && !TELLS_ONLY.includes(record.kind)) ledger.listUnknown(subject);
  else ledger.closeUnknown(record.subject);
}
