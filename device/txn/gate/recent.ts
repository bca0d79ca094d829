/*
 * Goal: a card that taps twice is charged once, at whatever lane of this terminal, and a passage that was paid and not used is not lost.
 * Method: what each card did here a moment ago, one note for each card and use, oldest first. Notes leave when the window is over, so that
 * there are never more than taps in a window. Names of cards stay in memory. The notes come back from the journal after a restart.
 */
import type { Fen } from "../../base/fen.ts";
import type { PurseKind } from "../sale-request.ts";

/** By which way of paying a tap was sold: from a purse of the card, or on its signature, to be charged later. */
export type GatePurseKind = PurseKind | "delayed-charge";

/** What a tap is for. A ride that begins and ends with one tap has no direction: it counts at every lane. */
export type TapUse = "entry" | "exit" | "ride";

/** A paid sale, as its holder's right to pass. */
export interface PaidSale {
  readonly subject: string;
  /** By which a supervisor gives its money back. */
  readonly reference: string;
  readonly fare: Fen;
  readonly balanceAfter?: Fen;
}

/** What a card did here a moment ago. */
export type Note =
  /** A sale of the card is under way. Where it waits for the card at another lane, it is given up there and taken up here. */
  | { readonly is: "taking"; readonly reference: string; readonly purse: GatePurseKind; giveUp(): Promise<void> }
  /** A sale of the card was under way, and its end is not known: the sale of that name decides it, and none of another name may. */
  | { readonly is: "torn"; readonly reference: string; readonly purse: GatePurseKind }
  /** Paid; nobody passed for it yet. */
  | { readonly is: "paid"; readonly sale: PaidSale }
  | { readonly is: "passing"; readonly sale: PaidSale }
  | { readonly is: "used" }
  /** Paid, and left to people. */
  | { readonly is: "staff" };

interface Dated {
  readonly note: Note;
  readonly atMs: number;
}

/** Far more taps than the lanes of one terminal see in the longest window. */
const NOTES_MAX = 50_000;

export class RecentTaps {
  readonly #windowMs: number;
  /** Oldest first: each new word about a card puts it last. */
  readonly #notes = new Map<string, Dated>();
  /** Sales whose money went back, when, and which notes of them were lost by it; oldest first. */
  readonly #returned = new Map<string, { readonly sinceMs: number; readonly lost: Map<string, Dated> }>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** How many notes are kept. */
  get size(): number {
    return this.#notes.size;
  }

  find(card: string, use: TapUse, nowMs: number): Note | undefined {
    const dated = this.#notes.get(key(card, use));
    if (dated === undefined || (hasEnd(dated.note) && nowMs - dated.atMs >= this.#windowMs)) return undefined;
    return dated.note;
  }

  note(tap: { readonly card: string; readonly use: TapUse }, note: Note, atMs: number): void {
    const name = key(tap.card, tap.use);
    this.#notes.delete(name);
    // Given back while somebody was at the gate, who then did not pass.
    const returned = note.is === "paid" ? this.#returned.get(note.sale.subject) : undefined;
    if (returned !== undefined) {
      returned.lost.set(name, { note, atMs });
      return;
    }
    this.#notes.set(name, { note, atMs });
    this.#drop(atMs);
  }

  forget(tap: { readonly card: string; readonly use: TapUse }): void {
    this.#notes.delete(key(tap.card, tap.use));
  }

  /** Whether the money of this sale went back a moment ago: its name may still stand in a note of a tap whose end nobody knew here. */
  isReturned(subject: string): boolean {
    return this.#returned.has(subject);
  }

  /** The money of this sale goes back: nobody passes for it any more, and its card may pay anew. Gives what takes that back where the money stayed. */
  giveBack(subject: string, atMs: number): () => void {
    this.#returned.delete(subject);
    const lost = new Map([...this.#notes].filter(([, { note }]) => note.is === "paid" && note.sale.subject === subject));
    this.#returned.set(subject, { sinceMs: atMs, lost });
    for (const name of lost.keys()) this.#notes.delete(name);
    this.#dropReturned(atMs);
    return () => {
      this.#returned.delete(subject);
      // What the card did since stands.
      for (const [name, dated] of lost) if (!this.#notes.has(name)) this.#notes.set(name, dated);
    };
  }

  #dropReturned(atMs: number): void {
    for (const [oldest, { sinceMs }] of this.#returned) {
      if (atMs - sinceMs < this.#windowMs && this.#returned.size <= NOTES_MAX) return;
      this.#returned.delete(oldest);
    }
  }

  /** Only the oldest are looked at: each call takes away at least as many as it added. */
  #drop(nowMs: number): void {
    for (const [name, { note, atMs }] of this.#notes) {
      const isOver = hasEnd(note) && nowMs - atMs >= this.#windowMs;
      if (!isOver && this.#notes.size <= NOTES_MAX) return;
      this.#notes.delete(name);
    }
  }
}

function key(card: string, use: TapUse): string {
  return `${use}/${card}`;
}

/** What is under way ends by itself and is noted again then; it must not be forgotten before. */
function hasEnd(note: Note): boolean {
  return note.is !== "taking" && note.is !== "passing";
}
