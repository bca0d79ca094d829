/* What the entries of bank transactions say, written and read back. Spec: pos/v1, 3. */
import { assert } from "../../base/assert.ts";
import { type Fen, fen } from "../../base/fen.ts";
import type { IsoMessage, IsoValue } from "../../codec/iso8583/types.ts";
import { isObject } from "../../codec/json.ts";
import type { ReversalCause } from "../acquirer-host/request.ts";
import { countMember, textMember } from "../journal/members.ts";
import type { JournalEntry, JsonObject, JsonValue, RecordKind } from "../journal/types.ts";
import { OPEN_STATES } from "../journal/types.ts";
import { mergedDetail, mergedPersonal } from "../recovery/recover.ts";
import type { BankOutcome } from "./acts.ts";

export type BankRecordKind = Extract<RecordKind, "bank-payment" | "bank-return">;

export const BANK_RECORD_KINDS: readonly BankRecordKind[] = ["bank-payment", "bank-return"];

/** What a reversal names; never a track, a PIN, a retrieval reference or what the chip said. Spec: UnionPay terminal, reversal. */
const REVERSED_FIELDS: ReadonlySet<number> = new Set([3, 4, 11, 22, 25, 41, 42, 49, 60]);
/** The same of the account: sealed. */
const PERSONAL_FIELDS: ReadonlySet<number> = new Set([2, 14, 23]);

/** Everything that a reversal of this message needs, in two parts. */
export interface ReversalData {
  /** By field number, and its type. */
  readonly detail: JsonObject;
  readonly personal: JsonObject;
}

/** Taken from the request as it is about to be sent, so that both cannot differ. */
export function reversalData({ type, fields }: IsoMessage): ReversalData {
  const of = (names: ReadonlySet<number>): JsonObject =>
    Object.fromEntries([...fields].flatMap(([field, value]) => (names.has(field) && typeof value === "string" ? [[String(field), value]] : [])));
  return { detail: { type, ...of(REVERSED_FIELDS) }, personal: of(PERSONAL_FIELDS) };
}

/** The message as far as its reversal needs it. */
function readMessage(parts: readonly (JsonValue | undefined)[]): IsoMessage {
  const fields = new Map<number, IsoValue>();
  let type = "";
  for (const [name, value] of parts.flatMap((part) => (isObject(part) ? Object.entries(part) : []))) {
    if (typeof value !== "string") continue;
    if (name === "type") type = value;
    else fields.set(Number(name), value);
  }
  return { type, fields };
}

/** A transaction that the bank may have booked and that must not stand. */
export interface PendingReversal {
  readonly subject: string;
  readonly kind: BankRecordKind;
  readonly last: JournalEntry;
  /** An earlier life of the terminal has sent the request, and none has seen what became of it. */
  readonly cutOff: boolean;
  readonly amount: Fen;
  readonly detail: JsonObject;
  readonly personal: JsonObject;
  /** The request, as far as its reversal needs it. */
  readonly original: IsoMessage;
  /** MMDD on which it was sent. */
  readonly date: string;
  readonly cause: ReversalCause;
  readonly reason: string;
  /** How often it was sent without a final answer. */
  readonly tries: number;
  readonly parked: boolean;
}

const CAUSES: readonly ReversalCause[] = ["98", "A0", "06"];

/** Undefined for what is decided, for what is under way, and for what its own flow decides in another way. */
export function readPending(entries: readonly JournalEntry[]): PendingReversal | undefined {
  const last = entries.at(-1);
  if (last === undefined || (last.state !== "unknown" && last.state !== "resolving")) return undefined;
  const kind = BANK_RECORD_KINDS.find((each) => each === last.kind);
  const detail = mergedDetail(entries);
  const personal = mergedPersonal(entries);
  if (kind === undefined || detail["reversal"] === undefined) return undefined;
  return {
    subject: last.subject,
    kind,
    last,
    cutOff: detail["cause"] === undefined,
    amount: last.amount,
    detail,
    personal,
    original: readMessage([detail["reversal"], personal["reversal"]]),
    date: textMember(detail, "date").slice(4),
    // After a restart nobody knows more than that there was no reply.
    cause: CAUSES.find((each) => each === detail["cause"]) ?? "98",
    reason: textMember(detail, "reason") || "restart",
    tries: countMember(detail, "reversalTries") ?? 0,
    parked: detail["parked"] === true,
  };
}

/** What a payment or a return is, as its entries tell it. */
export interface RecordedBankAct {
  readonly subject: string;
  readonly kind: BankRecordKind;
  readonly state: JournalEntry["state"];
  /** What was approved, or what was asked for while nothing was. */
  readonly amount: Fen;
  readonly asked: Fen;
  readonly business: string;
  readonly reference: string;
  readonly original: string;
  readonly batch: string;
  readonly stan: string;
  /** MMDD at the acquirer, or here where it has not said it. */
  readonly date: string;
  readonly retrievalReference: string;
  readonly authorization: string;
  readonly detail: JsonObject;
  readonly personal: JsonObject;
}

/** Undefined where the entries are of another kind. */
export function readBankAct(entries: readonly JournalEntry[]): RecordedBankAct | undefined {
  const last = entries.at(-1);
  assert(last !== undefined, "a mark names a subject of this journal");
  const kind = BANK_RECORD_KINDS.find((each) => each === last.kind);
  if (kind === undefined) return undefined;
  const detail = mergedDetail(entries);
  const text = (name: string) => textMember(detail, name);
  return {
    subject: last.subject,
    kind,
    state: last.state,
    amount: last.amount,
    asked: fen(countMember(detail, "askedFen") ?? last.amount),
    business: text("business"),
    reference: text("reference"),
    original: text("original"),
    batch: text("batch"),
    stan: text("stan"),
    date: text("hostDate") || text("date").slice(4),
    retrievalReference: text("retrievalReference"),
    authorization: text("authorization"),
    detail,
    personal: mergedPersonal(entries),
  };
}

/** How an act stands: the same to whoever asks, however often. */
export function outcomeOf({ subject, state, amount, detail, retrievalReference, authorization }: RecordedBankAct): BankOutcome {
  // After a start nothing is only prepared any more: it is under way.
  const reason = textMember(detail, "reason") || "in-progress";
  if (OPEN_STATES.includes(state)) return { kind: "unknown", subject, reason };
  if (state === "done") return { kind: "approved", subject, amount, retrievalReference, ...(authorization === "" ? {} : { authorization }) };
  const responseCode = textMember(detail, "responseCode");
  return { kind: "refused", reason, subject, ...(responseCode === "" ? {} : { responseCode }) };
}
