/*
 * What the journal keeps of a gate: references that name lane and use, one record for each opening, and out of both, after a restart, what
 * each card did here a moment ago.
 */
import { sumFen, ZERO_FEN } from "../../base/fen.ts";
import type { PassageDirection } from "../../drivers/peripherals.ts";
import { textMember } from "../journal/members.ts";
import type { EntryDraft, Journal, JournalEntry, JsonObject, UploadJournal } from "../journal/types.ts";
import { readSale } from "../quick-payment/record.ts";
import { refundsOf } from "../shop/refunds.ts";
import type { GatePolicy, LaneSettings } from "./lane.ts";
import type { Note, PaidSale, RecentTaps, TapUse } from "./recent.ts";
import type { Claim, PassageEnd } from "./types.ts";

/** The journal as a gate uses it: it writes, and reads its newest entries once at its start. */
export type GateJournal = Journal & Pick<UploadJournal, "lastSeq" | "entries">;

/** The passage of an opening that ends without anybody knowing who went through. */
const NOBODY_KNOWS = "unknown";

const REFERENCE = /^gate\.[A-Za-z0-9-]{1,16}\.(entry|exit|ride)\.\d{1,15}\.\d{1,15}$/;

/** One reference for each passage: no two starts of a terminal have the same number. */
export function gateReference(lane: string, use: TapUse, count: { readonly boot: number; readonly serial: number }): string {
  return `gate.${lane}.${use}.${count.boot}.${count.serial}`;
}

function useOfReference(reference: string): TapUse | undefined {
  return REFERENCE.exec(reference)?.[1] as TapUse | undefined;
}

/** The gate is about to open. */
export function openingDraft({ name, place }: LaneSettings, direction: PassageDirection, claim: Claim): EntryDraft {
  const why = claim.is === "staff" ? { why: "staff", operator: claim.operator } : { why: claim.is, sale: claim.sale.subject };
  return { kind: "passage", state: "prepared", amount: ZERO_FEN, detail: { ...why, lane: name, direction, place } };
}

/** How an opening ended. */
export function endDraft(subject: string, detail: JsonObject, end: PassageEnd): EntryDraft {
  return { subject, kind: "passage", state: end.state, amount: ZERO_FEN, detail: { ...detail, passage: end.said } };
}

/** Nobody has said who went through, and nobody will: the opening is over all the same. */
export function forgottenDraft(subject: string, detail: JsonObject): EntryDraft {
  return endDraft(subject, detail, { state: "void", said: NOBODY_KNOWS });
}

/** What becomes of the right to pass once an opening is over. */
export function noteAfter(end: PassageEnd, sale: PaidSale, policy: GatePolicy): Note {
  const kept = (rule: "keep" | "staff"): Note => (rule === "keep" ? { is: "paid", sale } : { is: "staff" });
  if (end.state === "done") return { is: "used" };
  return kept(end.said === "reversed" ? policy.reversedPassage : policy.unusedPassage);
}

/** Entries that are read back at a start: those of the longest window, at more taps than any lanes take. */
const READ_BACK_MAX = 50_000;
const PAGE = 500;

export interface ReadBack {
  readonly policy: GatePolicy;
  readonly windowMs: number;
  readonly nowMs: number;
  /** The settlement host has proved that it is not earlier than this; undefined: nobody has. */
  readonly provedMs: number | undefined;
}

interface KnownSale {
  readonly card: string;
  readonly use: TapUse;
  readonly sale: PaidSale;
}

/** Puts back what was known before the restart. Faults: those of the journal. */
export async function readBack(journal: GateJournal, taps: RecentTaps, at: ReadBack): Promise<void> {
  const sales = new Map<string, KnownSale>();
  for (const { entry, ageMs } of await newestEntries(journal, at)) {
    const whole = entry.kind === "cash-refund" ? await wholeReturn(journal, entry) : undefined;
    if (whole !== undefined) taps.giveBack(whole, at.nowMs - ageMs);
    const known = isSale(entry) ? gateSale(entry) : await saleOfPassage(journal, entry, sales);
    if (known === undefined) continue;
    sales.set(known.sale.subject, known);
    const note = isSale(entry) ? noteOfSale(entry) : noteOfPassage(entry, known.sale, at.policy);
    if (note === undefined) taps.forget(known);
    else taps.note(known, note, at.nowMs - ageMs);
  }
}

interface AgedEntry {
  readonly entry: JournalEntry;
  /** How long ago it was at least. */
  readonly ageMs: number;
}

/**
 * The entries within the window, oldest first, by the time that this terminal has run since, or more where the host has proved both ends: any
 * clock may have jumped while it was off, and a window that ends too early charges somebody twice.
 */
async function newestEntries(journal: GateJournal, { nowMs, windowMs, provedMs }: ReadBack): Promise<readonly AgedEntry[]> {
  const found: AgedEntry[] = [];
  let place = { boot: journal.boot, monotonicMs: nowMs, ageMs: 0 };
  for (let end = journal.lastSeq; end >= 1 && place.ageMs < windowMs && found.length < READ_BACK_MAX; end -= PAGE) {
    const from = Math.max(1, end - PAGE + 1);
    // Where entries were taken away by rule, the store goes on behind them.
    const page = (await journal.entries(from, end - from + 1)).filter(({ seq }) => seq <= end);
    if (page.length === 0) break;
    for (const entry of page.toReversed()) {
      const { boot, monotonicMs } = entry;
      const sinceMs = boot === place.boot ? Math.max(0, place.monotonicMs - monotonicMs) : 0;
      place = { boot, monotonicMs, ageMs: Math.max(place.ageMs + sinceMs, provedAge(entry, provedMs)) };
      if (place.ageMs < windowMs) found.push({ entry, ageMs: place.ageMs });
    }
  }
  return found.toReversed();
}

function provedAge({ wallMs, clock }: JournalEntry, provedMs: number | undefined): number {
  return provedMs === undefined || clock?.errorMs === undefined ? 0 : provedMs - wallMs - clock.errorMs;
}

/** The sale that a gate opened for, which may be older than the window when its passage is not. */
async function saleOfPassage(journal: GateJournal, { kind, detail }: JournalEntry, sales: ReadonlyMap<string, KnownSale>): Promise<KnownSale | undefined> {
  const subject = textMember(detail, "sale");
  // Only the end of an opening's record: what it meant for the right to pass was said before it.
  if (kind !== "passage" || subject === "" || textMember(detail, "passage") === NOBODY_KNOWS) return undefined;
  const known = sales.get(subject);
  if (known !== undefined) return known;
  const last = (await journal.entriesOf(subject)).at(-1);
  return last !== undefined && isSale(last) ? gateSale(last) : undefined;
}

/** The gate's sale of which nothing is left behind this refund; undefined for any other refund. */
async function wholeReturn(journal: GateJournal, { detail }: JournalEntry): Promise<string | undefined> {
  if (useOfReference(textMember(detail, "sale")) === undefined) return undefined;
  const subject = textMember(detail, "original");
  const returned = sumFen((await refundsOf(journal, subject)).map(({ amount }) => amount));
  return returned === (await journal.entriesOf(subject)).at(-1)?.amount ? subject : undefined;
}

/** By which kinds of record a card may have paid at a gate. */
function isSale({ kind }: JournalEntry): boolean {
  return kind === "quick-payment" || kind === "delayed-charge";
}

function gateSale(entry: JournalEntry): KnownSale | undefined {
  const reference = textMember(entry.detail, "reference");
  const use = useOfReference(reference);
  const card = entry.kind === "delayed-charge" ? textMember(entry.personal ?? {}, "pan") : readSale([entry])?.card.name;
  return use === undefined || card === undefined ? undefined : { card, use, sale: { subject: entry.subject, reference, fare: entry.amount } };
}

/** Whether it was paid, its own name tells when the card is back; only one that was not is forgotten. */
function noteOfSale(entry: JournalEntry): Note | undefined {
  if (entry.state === "refused" || entry.state === "void") return undefined;
  const purse = entry.kind === "delayed-charge" ? entry.kind : (readSale([entry])?.purse ?? "e-purse");
  return { is: "torn", reference: textMember(entry.detail, "reference"), purse };
}

function noteOfPassage(entry: JournalEntry, sale: PaidSale, policy: GatePolicy): Note {
  if (entry.state === "done") return { is: "used" };
  const said = entry.state === "void" ? textMember(entry.detail, "passage") : "fault";
  return noteAfter({ state: entry.state === "void" ? "void" : "unknown", said }, sale, policy);
}
