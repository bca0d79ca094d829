/*
 * Goal: one batch as this terminal knows it, from its own durable records: what the acquirer has approved, on which side, for which half.
 * Method: the book of the batch names the subjects; what each of them was is read from its entries. What was reversed is not in the book.
 * Spec: UnionPay terminal, settlement.
 */
import { type Bytes, parseHex } from "../../base/bytes.ts";
import { addFen, type Fen } from "../../base/fen.ts";
import { type BatchTotals, NO_TOTALS, type SettlementTotals } from "../../codec/iso8583/private-fields.ts";
import type { EntryMode } from "../acquirer-host/request.ts";
import { textMember } from "../journal/members.ts";
import { type Journal, type JournalEntry, type JsonObject, OPEN_STATES } from "../journal/types.ts";
import { mergedDetail, mergedPersonal } from "../recovery/recover.ts";

/** One transaction of the batch. */
export interface BatchedRow {
  readonly subject: string;
  /** Debits are what cards paid; a void or a refund is a credit. */
  readonly side: "debit" | "credit";
  /** Field 11 of its request. */
  readonly stan: string;
  /** MMDD. */
  readonly date: string;
  /** Digits of the account. */
  readonly account: string;
  readonly amount: Fen;
  /** Where a chip took part online: its certificate, to be uploaded with the settlement. An offline sale has told its own already. */
  readonly chip?: RowChip;
}

export interface RowChip {
  /** "failed": the acquirer approved, and the card did not believe its issuer or declined in the end. */
  readonly kind: "certificate" | "failed";
  /** Field 55. */
  readonly data: Bytes;
  readonly entry: EntryMode;
  /** Sequence of the card, where it has one. */
  readonly sequence?: string;
}

/**
 * Reads a row back. "none": it does not stand at the acquirer any more, or never did. Undefined where its record tells too little, as after its
 * personal part was erased by rule.
 */
export function batchedRow(entries: readonly JournalEntry[]): BatchedRow | "none" | undefined {
  const last = entries.at(-1);
  const detail = mergedDetail(entries);
  // A load that its card has not decided yet stands at the acquirer all the same.
  const stands = last?.state === "done" || (detail["approved"] === true && last !== undefined && OPEN_STATES.includes(last.state));
  if (last === undefined || !stands) return "none";
  const personal = mergedPersonal(entries);
  const [stan, account] = [textMember(detail, "stan"), textMember(personal, "pan")];
  if (!/^\d{6}$/.test(stan) || !/^[1-9]\d{0,18}$/.test(account)) return undefined;
  const chip = chipOf(detail, personal);
  return {
    subject: last.subject,
    side: last.kind === "bank-return" ? "credit" : "debit",
    stan,
    date: textMember(detail, "hostDate") || textMember(detail, "date").slice(4),
    account,
    amount: last.amount,
    ...(chip === undefined ? {} : { chip }),
  };
}

function chipOf(detail: JsonObject, personal: JsonObject): RowChip | undefined {
  const data = parseHex(textMember(personal, "chipCertificate"));
  if (data === undefined || data.length === 0) return undefined;
  const sequence = textMember(personal, "panSequence");
  return {
    kind: detail["chipFailed"] === true ? "failed" : "certificate",
    data,
    entry: textMember(detail, "interface") === "contactless" ? "chip-by-radio" : "chip",
    ...(sequence === "" ? {} : { sequence }),
  };
}

/** What a batch holds, and the subjects whose records could not be read: they are missing in the totals, and people are told. */
export interface ReadBatch {
  readonly rows: readonly BatchedRow[];
  readonly unreadable: readonly string[];
}

/**
 * Rows of these subjects, in their order; there are as many as a batch holds at most. `asOf`: what was written after this sequence does not count.
 * Faults: those of the journal.
 */
export async function readBatch(journal: Pick<Journal, "entriesOf">, subjects: readonly string[], asOf = Number.MAX_SAFE_INTEGER): Promise<ReadBatch> {
  const rows: BatchedRow[] = [];
  const unreadable: string[] = [];
  for (const subject of subjects) {
    const entries = await journal.entriesOf(subject);
    const row = batchedRow(entries.filter(({ seq }) => seq <= asOf));
    if (row === undefined) unreadable.push(subject);
    else if (row !== "none") rows.push(row);
  }
  return { rows, unreadable };
}

/** Sums of both sides. Only applications of the domestic scheme are selected here, so that the half of foreign cards is empty. */
export function batchTotals(rows: readonly BatchedRow[]): SettlementTotals {
  return { domestic: rows.reduce(added, NO_TOTALS), foreign: NO_TOTALS };
}

function added(totals: BatchTotals, { side, amount }: BatchedRow): BatchTotals {
  if (side === "debit") return { ...totals, debits: totals.debits + 1, debitFen: addFen(totals.debitFen, amount) };
  return { ...totals, credits: totals.credits + 1, creditFen: addFen(totals.creditFen, amount) };
}

/** Both halves together, for people. */
export function joinedTotals({ domestic, foreign }: SettlementTotals): BatchTotals {
  return {
    debits: domestic.debits + foreign.debits,
    debitFen: addFen(domestic.debitFen, foreign.debitFen),
    credits: domestic.credits + foreign.credits,
    creditFen: addFen(domestic.creditFen, foreign.creditFen),
  };
}
