/* What the entries of a settlement say, written and read back. Spec: pos/v1, 3. */
import { type Fen, fen } from "../../base/fen.ts";
import { type BatchTotals, NO_TOTALS, parseTotals, type SettlementTotals } from "../../codec/iso8583/private-fields.ts";
import { isObject } from "../../codec/json.ts";
import { countMember, textMember } from "../journal/members.ts";
import type { EntryDraft, JournalEntry, JsonObject, JsonValue } from "../journal/types.ts";
import { mergedDetail } from "../recovery/recover.ts";
import type { SettlementReport } from "./acts.ts";
import { joinedTotals } from "./batch-rows.ts";
import type { SettlementProgress } from "./settle-machine.ts";

const KIND = "bank-settlement";
/** Rows named in a record; beyond them only their number is told. */
const REFUSED_MAX = 64;

export type Half = "domestic" | "foreign";

/** A row that the acquirer would not take. */
export interface RefusedRow {
  readonly stan: string;
  readonly amount: Fen;
  readonly responseCode: string;
}

export interface RecordedSettlement {
  readonly subject: string;
  readonly last: JournalEntry;
  readonly batch: string;
  readonly operator: string;
  /** Subjects of the batch when it was compared: later ones are not in these totals. */
  readonly rows: number;
  /** Sequence up to which the rows were read: what became of one of them later changes neither totals nor messages. */
  readonly asOf: number;
  readonly totals: SettlementTotals;
  readonly progress: SettlementProgress;
  readonly result: "equal" | "unequal" | undefined;
  readonly differing: readonly Half[];
  /** Where the acquirer told figures of its own. */
  readonly acquirer: SettlementTotals | undefined;
  readonly uploaded: number;
  readonly refused: readonly RefusedRow[];
  /** A person has said so: the acquirer is asked no more. */
  readonly dealtWith: boolean;
}

export function settlementMark(batch: string): string {
  return `bank/settlement/${batch}`;
}

/** The newest settlement, for reports. */
export const LAST_SETTLEMENT_MARK = "bank/settlement/last";

export interface SettlementBeginning {
  readonly batch: string;
  readonly operator: string;
  readonly rows: number;
  readonly asOf: number;
  readonly totals: SettlementTotals;
}

export function beginningDraft({ batch, operator, rows, asOf, totals }: SettlementBeginning): EntryDraft {
  return {
    kind: KIND,
    state: "prepared",
    amount: joinedTotals(totals).debitFen,
    detail: { batch, operator, rows, asOf, totals: totalsMember(totals), errors: 0 },
    subjectMark: settlementMark(batch),
  };
}

export function progressDraft({ subject, last }: RecordedSettlement, state: "acting" | "done", more: JsonObject): EntryDraft {
  return {
    subject,
    kind: KIND,
    state,
    amount: last.amount,
    detail: { ...last.detail, ...more },
    ...(state === "done" ? { marks: [{ name: LAST_SETTLEMENT_MARK, value: subject }] } : {}),
  };
}

/** What the comparison adds. `plan` is absent after an error: nothing follows from one. */
export function comparisonMembers(comparison: {
  readonly result: "equal" | "unequal" | "error";
  readonly errors: number;
  readonly plan: number | undefined;
  readonly differing: readonly Half[];
  readonly acquirer: SettlementTotals | undefined;
}): JsonObject {
  const { result, errors, plan, differing, acquirer } = comparison;
  if (plan === undefined) return { errors };
  return { errors, result, plan, answered: 0, uploaded: 0, differing, ...(acquirer === undefined ? {} : { acquirer: totalsMember(acquirer) }) };
}

export function uploadMembers(
  { uploaded, refused }: RecordedSettlement,
  told: { readonly answered: number; readonly rows: number; readonly refused: readonly RefusedRow[] },
): JsonObject {
  const all = [...refused, ...told.refused];
  const named = all.slice(0, REFUSED_MAX).map(({ stan, amount, responseCode }) => ({ stan, amountFen: amount, responseCode }));
  return { answered: told.answered, uploaded: uploaded + told.rows, ...(all.length === 0 ? {} : { refused: named }) };
}

/** Reads a settlement back; undefined for whatever is none. */
export function readSettlement(entries: readonly JournalEntry[]): RecordedSettlement | undefined {
  const last = entries.at(-1);
  if (last === undefined || last.kind !== KIND) return undefined;
  const detail = mergedDetail(entries);
  const result = (["equal", "unequal"] as const).find((each) => each === detail["result"]);
  const plan = countMember(detail, "plan");
  const errors = countMember(detail, "errors") ?? 0;
  return {
    subject: last.subject,
    last,
    batch: textMember(detail, "batch"),
    operator: textMember(detail, "operator"),
    rows: countMember(detail, "rows") ?? 0,
    asOf: countMember(detail, "asOf") ?? Number.MAX_SAFE_INTEGER,
    totals: readTotals(detail["totals"]) ?? { domestic: NO_TOTALS, foreign: NO_TOTALS },
    progress:
      result === undefined || plan === undefined ? { step: "begun", errors } : { step: "compared", answered: countMember(detail, "answered") ?? 0, plan },
    result,
    differing: (["domestic", "foreign"] as const).filter((half) => isArray(detail["differing"]) && detail["differing"].includes(half)),
    acquirer: readTotals(detail["acquirer"]),
    uploaded: countMember(detail, "uploaded") ?? 0,
    refused: isArray(detail["refused"]) ? detail["refused"].flatMap(refusedRow) : [],
    dealtWith: isObject(detail["dealtWith"]),
  };
}

function reportKind({ last, result, dealtWith }: RecordedSettlement): SettlementReport["kind"] {
  if (last.state !== "done") return "half-done";
  return dealtWith ? "dealt-with" : (result ?? "half-done");
}

/** What people are told of it. */
export function settlementReport(settlement: RecordedSettlement, more: { readonly reason?: string } = {}): SettlementReport {
  const { batch, totals, uploaded, differing, acquirer, refused } = settlement;
  return {
    kind: reportKind(settlement),
    batch,
    terminal: joinedTotals(totals),
    uploaded,
    ...more,
    ...(differing.length === 0 ? {} : { differing }),
    ...(acquirer === undefined ? {} : { acquirer: joinedTotals(acquirer) }),
    ...(refused.length === 0 ? {} : { refusedRows: refused }),
  };
}

/** The acquirer's word on both halves; undefined for a field that is none. Spec: UnionPay terminal, field 48. */
export function readComparison(digits: string, sent: SettlementTotals) {
  const parsed = parseTotals(digits);
  if (parsed === undefined) return undefined;
  const halves = [parsed.domestic, parsed.foreign];
  const result = halves.includes("error") ? "error" : halves.includes("unequal") ? "unequal" : "equal";
  const differing = (["domestic", "foreign"] as const).filter((half) => parsed[half] !== "equal");
  // Some acquirers send back what they were told: that is no figure of their own.
  const own = JSON.stringify(parsed.totals) === JSON.stringify(sent) ? undefined : parsed.totals;
  return { result, differing, acquirer: own } as const;
}

function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function refusedRow(value: JsonValue): readonly RefusedRow[] {
  if (!isObject(value)) return [];
  return [{ stan: textMember(value, "stan"), amount: amountMember(value, "amountFen"), responseCode: textMember(value, "responseCode") }];
}

function totalsMember({ domestic, foreign }: SettlementTotals): JsonObject {
  return { domestic: { ...domestic }, foreign: { ...foreign } };
}

function readTotals(value: JsonValue | undefined): SettlementTotals | undefined {
  if (!isObject(value) || !isObject(value["domestic"]) || !isObject(value["foreign"])) return undefined;
  return { domestic: readHalf(value["domestic"]), foreign: readHalf(value["foreign"]) };
}

function readHalf(half: JsonObject): BatchTotals {
  return {
    debitFen: amountMember(half, "debitFen"),
    debits: countMember(half, "debits") ?? 0,
    creditFen: amountMember(half, "creditFen"),
    credits: countMember(half, "credits") ?? 0,
  };
}

function amountMember(object: JsonObject, name: string): Fen {
  return fen(countMember(object, name) ?? 0);
}
