/* What the entries of a quick payment say, written and read back. Spec: pos/v1, 3. */
import { assert } from "../../base/assert.ts";
import { type Bytes, toHex } from "../../base/bytes.ts";
import type { Fen } from "../../base/fen.ts";
import { PURCHASE_TYPE_PURSE, type PurchaseIntent, type PurchaseOpening } from "../../card/purse/types.ts";
import type { EntryDraft, JournalEntry, JsonObject, JsonValue } from "../journal/types.ts";
import { mergedDetail } from "../recovery/recover.ts";
import type { SaleTime } from "../sale-time.ts";
import type { EntryWish, Proof, Reason } from "./types.ts";

export interface CardFacts {
  /** 20 hexadecimal digits. */
  readonly serial: string;
  /** 16 hexadecimal digits. */
  readonly issuer: string;
  /** Sequence of the card's newest purchase before this sale. */
  readonly logSequenceBefore?: number;
}

/** Everything that is known of one debit so far. */
export interface DebitFacts {
  readonly reference: string;
  readonly amount: Fen;
  readonly card: CardFacts;
  /** 12 hexadecimal digits. */
  readonly terminalNumber: string;
  readonly saleTime: Pick<SaleTime, "date" | "time">;
  /** Sequence of the module: reserved at first, then the one it drew. */
  readonly terminalSequence: number;
  readonly opening?: PurchaseOpening;
  readonly mac1?: Bytes;
  readonly mac2?: Bytes;
  readonly tac?: Bytes;
}

const TYPE_HEX = PURCHASE_TYPE_PURSE.toString(16).padStart(2, "0");

function hexMember(name: "mac1" | "mac2" | "tac", bytes: Bytes | undefined): JsonObject {
  return bytes === undefined ? {} : { [name]: toHex(bytes) };
}

/** The members that describe the debit itself: the whole input of the TAC, and what the card answered. */
export function debitDetail(facts: DebitFacts): JsonObject {
  const { opening, card, saleTime } = facts;
  return {
    reference: facts.reference,
    terminalNumber: facts.terminalNumber,
    terminalSeq: facts.terminalSequence,
    date: saleTime.date,
    time: saleTime.time,
    type: TYPE_HEX,
    ...(card.logSequenceBefore === undefined ? {} : { logSeqBefore: card.logSequenceBefore }),
    ...(opening === undefined
      ? {}
      : {
          cardSeq: opening.cardSequence,
          cardRandom: toHex(opening.cardRandom),
          keyVersion: opening.keyVersion,
          algorithm: opening.algorithm,
          balanceBeforeFen: opening.balance,
        }),
    ...hexMember("mac1", facts.mac1),
    ...hexMember("mac2", facts.mac2),
    ...hexMember("tac", facts.tac),
  };
}

function personal({ serial, issuer }: CardFacts): JsonObject {
  return { cardSerial: serial, issuer };
}

export function saleMark(reference: string): string {
  return `sale/${reference}`;
}

/** The intent: the first entry of a sale, with its time and its reference made durable in the same commit. */
export function intentDraft(facts: DebitFacts, saleTime: SaleTime): EntryDraft {
  return {
    kind: "quick-payment",
    state: "prepared",
    amount: facts.amount,
    card: facts.card.serial,
    detail: debitDetail(facts),
    personal: personal(facts.card),
    marks: [saleTime.mark],
    subjectMark: saleMark(facts.reference),
  };
}

/** A later entry of the same sale. One that ends an unknown sale names the entry that it resolves. */
export function laterDraft(wish: EntryWish, facts: Pick<DebitFacts, "amount" | "card">, detail: JsonObject): EntryDraft {
  const extra: { [key: string]: JsonValue } = {};
  if (wish.reason !== undefined) extra["reason"] = wish.reason;
  if (wish.statusWord !== undefined) extra["statusWord"] = wish.statusWord.toString(16).padStart(4, "0");
  if (wish.proof !== undefined) extra["proof"] = wish.proof;
  if (wish.unverified === true) extra["unverified"] = true;
  return {
    subject: wish.after.subject,
    kind: "quick-payment",
    state: wish.state,
    amount: facts.amount,
    card: facts.card.serial,
    detail: { ...detail, ...extra },
    personal: personal(facts.card),
    ...(wish.resolution === true ? { resolves: wish.after.seq } : {}),
  };
}

/** A sale as its durable entries tell it. */
export interface RecordedSale {
  readonly subject: string;
  readonly last: JournalEntry;
  readonly card: CardFacts;
  readonly intent: PurchaseIntent;
  readonly proof: Proof;
  readonly reason: Reason;
  /** Detail of the newest entry that describes the debit. */
  readonly detail: JsonObject;
}

function text(object: JsonObject | undefined, name: string): string {
  const value = object?.[name];
  return typeof value === "string" ? value : "";
}

function count(object: JsonObject, name: string): number | undefined {
  const value = object[name];
  return typeof value === "number" ? value : undefined;
}

const PROOFS: readonly Proof[] = ["psam", "log", "log-only"];

/** Reads a sale back from its entries, oldest first; undefined when the card can no longer be named (personal fields erased by rule). */
export function readSale(entries: readonly JournalEntry[]): RecordedSale | undefined {
  const last = entries.at(-1);
  assert(last !== undefined && last.kind === "quick-payment", "the subject is a quick payment with entries");
  const named = entries.findLast((entry) => entry.personal !== undefined);
  const serial = text(named?.personal, "cardSerial");
  if (serial === "") return undefined;
  const detail = mergedDetail(entries);
  const cardSequence = count(detail, "cardSeq");
  const logSequenceBefore = count(detail, "logSeqBefore");
  return {
    subject: last.subject,
    last,
    card: { serial, issuer: text(named?.personal, "issuer") },
    intent: {
      terminalNumber: text(detail, "terminalNumber"),
      date: text(detail, "date"),
      time: text(detail, "time"),
      type: PURCHASE_TYPE_PURSE,
      amount: last.amount,
      ...(cardSequence === undefined ? {} : { cardSequence }),
      ...(logSequenceBefore === undefined ? {} : { logSequenceBefore }),
    },
    proof: PROOFS.find((proof) => proof === detail["proof"]) ?? "log-only",
    // Only this module writes reasons of quick payments.
    reason: (text(detail, "reason") || "restart") as Reason,
    detail,
  };
}
