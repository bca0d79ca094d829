/*
 * What the entries of a load and of its bank leg say, written and read back. Until the card has had its say, all that a reversal of the leg needs
 * stands under a name of its own, so that nobody reverses what the card may hold. Spec: pos/v1, 3.
 */
import type { Fen } from "../../base/fen.ts";
import type { ReversalCause } from "../acquirer-host/request.ts";
import { textMember } from "../journal/members.ts";
import type { EntryDraft, Journal, JournalEntry, JsonObject, JsonValue, RecordState } from "../journal/types.ts";
import { OPEN_STATES } from "../journal/types.ts";
import { saleMark } from "../quick-payment/record.ts";
import { mergedDetail, mergedPersonal } from "../recovery/recover.ts";
import type { PurseLoadOutcome, PurseLoadRequest } from "./acts.ts";
import type { ReversalData } from "./record.ts";

export interface RecordedLoad {
  readonly subject: string;
  readonly last: JournalEntry;
  readonly reference: string;
  readonly purse: PurseLoadRequest["purse"];
  readonly amount: Fen;
  /** From here on the card may hold the money. */
  readonly crediting: boolean;
  readonly reason: string;
  readonly detail: JsonObject;
  readonly personal: JsonObject;
}

export function loadMark(reference: string): string {
  return saleMark(reference);
}

/** The mark under which the bank leg of a load stands. */
function legMark(load: string): string {
  return `bank/load-leg/${load}`;
}

export interface LoadIntentFacts {
  readonly request: PurseLoadRequest;
  /** The card's own name: what the journal finds the load by when it returns. */
  readonly card: string;
  readonly detail: JsonObject;
  readonly personal: JsonObject;
  readonly marks: NonNullable<EntryDraft["marks"]>;
}

export function loadIntent({ request, card, detail, personal, marks }: LoadIntentFacts): EntryDraft {
  const { reference, purse, amount, operator } = request;
  return {
    kind: "purse-load",
    state: "prepared",
    amount,
    card,
    detail: { reference, purse, operator, ...detail },
    personal,
    marks,
    subjectMark: loadMark(reference),
  };
}

export function loadDraft({ subject, last, detail, personal }: RecordedLoad, state: RecordState, more: JsonObject): EntryDraft {
  return { subject, kind: "purse-load", state, amount: last.amount, detail: { ...detail, ...more }, personal };
}

/** Undefined for whatever is no load. */
export function readLoad(entries: readonly JournalEntry[]): RecordedLoad | undefined {
  const last = entries.at(-1);
  if (last === undefined || last.kind !== "purse-load") return undefined;
  const detail = mergedDetail(entries);
  return {
    subject: last.subject,
    last,
    reference: textMember(detail, "reference"),
    purse: detail["purse"] === "electronic-cash" ? "electronic-cash" : "e-purse",
    amount: last.amount,
    crediting: detail["crediting"] === true,
    reason: textMember(detail, "reason") || "restart",
    detail,
    personal: mergedPersonal(entries),
  };
}

/** How a load stands: the same to whoever asks. */
export function loadOutcome({ subject, last, amount, reason, detail }: RecordedLoad): PurseLoadOutcome {
  if (OPEN_STATES.includes(last.state)) return { kind: "unknown", subject, reason };
  if (last.state === "done") {
    const after = detail["balanceAfterFen"];
    // Written by ourselves as an amount.
    return { kind: "loaded", subject, amount, ...(typeof after === "number" ? { balanceAfter: after as Fen } : {}) };
  }
  const responseCode = textMember(detail, "responseCode");
  return { kind: "refused", reason, ...(responseCode === "" ? {} : { responseCode }) };
}

// ---- the bank leg

export interface LegFacts {
  readonly load: RecordedLoad;
  readonly business: string;
  readonly stan: { readonly stan: string; readonly mark: { readonly name: string; readonly value: string } };
  readonly batch: string;
  readonly undo: ReversalData;
}

/** The intent of the leg, with all that its reversal needs. */
export function legIntent({ load, business, stan, batch, undo }: LegFacts): EntryDraft {
  const { reference, subject, amount, detail } = load;
  return {
    kind: "bank-payment",
    state: "prepared",
    amount,
    detail: {
      reference: `${reference}.bank`,
      business,
      load: subject,
      askedFen: amount,
      stan: stan.stan,
      batch,
      date: textMember(detail, "date"),
      time: textMember(detail, "time"),
      undo: undo.detail,
    },
    personal: { ...accountOf(load.personal), undo: undo.personal },
    marks: [stan.mark],
    subjectMark: legMark(subject),
  };
}

function accountOf(personal: JsonObject): JsonObject {
  const kept = ["pan", "panSequence", "panExpiry"].filter((name) => personal[name] !== undefined);
  return Object.fromEntries(kept.map((name) => [name, personal[name] as JsonValue]));
}

export interface RecordedLeg {
  readonly subject: string;
  readonly last: JournalEntry;
  readonly load: string;
  /** The acquirer's own word. */
  readonly approved: boolean;
  /** On its way back: the reversals see to it. */
  readonly reversing: boolean;
  readonly detail: JsonObject;
  readonly personal: JsonObject;
}

/** Undefined for whatever is no leg of a load. */
export function readLeg(entries: readonly JournalEntry[]): RecordedLeg | undefined {
  const last = entries.at(-1);
  const detail = mergedDetail(entries);
  const load = textMember(detail, "load");
  if (last === undefined || last.kind !== "bank-payment" || load === "") return undefined;
  const personal = mergedPersonal(entries);
  return { subject: last.subject, last, load, approved: detail["approved"] === true, reversing: detail["reversal"] !== undefined, detail, personal };
}

export function isOpenLeg({ last }: RecordedLeg): boolean {
  return OPEN_STATES.includes(last.state);
}

export async function legOf(journal: Pick<Journal, "mark" | "entriesOf">, load: string): Promise<RecordedLeg | undefined> {
  const subject = await journal.mark(legMark(load));
  return subject === undefined ? undefined : readLeg(await journal.entriesOf(subject));
}

export interface LegStep {
  readonly state: RecordState;
  readonly more?: JsonObject;
  readonly sealed?: JsonObject;
  readonly marks?: EntryDraft["marks"];
}

export function legDraft({ subject, last, detail, personal }: RecordedLeg, { state, more = {}, sealed = {}, marks }: LegStep): EntryDraft {
  return {
    subject,
    kind: "bank-payment",
    state,
    amount: last.amount,
    detail: { ...detail, ...more },
    personal: { ...personal, ...sealed },
    ...(marks === undefined ? {} : { marks }),
  };
}

/** From now on the reversals take the leg back. `cause` is left out where an earlier life has sent it and nobody knows more: it may still arrive. */
export function undoneLeg(leg: RecordedLeg, { cause, reason }: { readonly cause?: ReversalCause; readonly reason: string }): EntryDraft {
  const { undo = {} } = leg.detail;
  const { undo: sealed = {} } = leg.personal;
  return legDraft(leg, { state: "unknown", more: { ...(cause === undefined ? {} : { cause }), reason, reversal: undo }, sealed: { reversal: sealed } });
}
