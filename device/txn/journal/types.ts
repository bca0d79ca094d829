/* The journal as flows and sync see it. The logic is in journal.ts, the disk below base/ports.ts JournalStore. */
import type { Fen } from "../../base/fen.ts";
import type { StoredBatch, StoreUsage } from "../../base/ports.ts";

/**
 * "medical-order": one order of a counter, from basket to receipt; the settlement, its void and each tender are subjects of their own.
 * "offline-medical": a sale made without the insurer, until it is settled later or left to its holder. "stock-upload": what was sold or
 * taken back, told to the insurer. "passage": a gate's opening for a paid journey, and how it ended: "prepared" it opens, "done" somebody passed,
 * "void" nobody did, or nobody will ever know, "unknown" the gate could not tell. "delayed-charge": a ride of a bank card
 * that its acquirer is asked for later. "bank-payment": money that the bank is asked for, by an online message; what the acquirer approved is cleared
 * there, and this record is information for everybody else. "bank-return": a void or a refund of one. "purse-load": money of the bank put onto a
 * purse of the card; its bank leg is a "bank-payment" of its own. "bank-settlement": totals compared with the acquirer's, batch by batch.
 * "contribution": a bill of the agency, from query to receipt; its money is a "bank-payment". "operation": an act that moves no money.
 */
export type RecordKind =
  | "quick-payment"
  | "medical-purchase"
  | "medical-order"
  | "medical-void"
  | "cash-tender"
  | "cash-refund"
  | "offline-medical"
  | "stock-upload"
  | "passage"
  | "delayed-charge"
  | "bank-payment"
  | "bank-return"
  | "purse-load"
  | "bank-settlement"
  | "contribution"
  | "operation";

/**
 * States of a transaction. "prepared": intent durable, nothing irreversible sent. "acting": optional, a correction of the intent
 * just before the irreversible step. "unknown": the other side may have acted. "resolving": proof is being gathered (not required between
 * unknown and its end). "done", "refused" and "void" are final.
 */
export type RecordState = "prepared" | "acting" | "done" | "refused" | "unknown" | "resolving" | "void";

/** States that still owe an answer. */
export const OPEN_STATES: readonly RecordState[] = ["prepared", "acting", "unknown", "resolving"];

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/**
 * How far a time of this terminal may be relied on. "trusted": the settlement host has said it lately. "held": said once, and kept by running
 * time since; the bound of its error grows. "untrusted": nobody has said it in this life, or so long ago that it says little.
 */
export type ClockQuality = "trusted" | "held" | "untrusted";

/** What a record says of its own `wallMs`. */
export interface ClockWord {
  readonly quality: ClockQuality;
  /** The true time lies within this of `wallMs`, before or after; absent where nobody can tell. */
  readonly errorMs?: number;
}

/** A time with how far it may be relied on. */
export interface ClockReading {
  readonly wallMs: number;
  readonly clock: ClockWord;
}

/** Who says what time it is. */
export interface Timekeeper {
  /** Never earlier than `notBeforeMs`, whatever the clocks show; the word tells what that costs. */
  reading(notBeforeMs: number): ClockReading;
}

/** What a flow hands over. Identity, order, time and chain are the journal's. */
export interface EntryDraft {
  /** The subject that this entry continues; left out for the first entry of a new one. */
  readonly subject?: string;
  readonly kind: RecordKind;
  readonly state: RecordState;
  readonly amount: Fen;
  /** Card number by which the subject is found again when the card returns. Stored only as a keyed hash. */
  readonly card?: string;
  /** Sequence of the entry that this one resolves. */
  readonly resolves?: number;
  /** Facts of the sale without personal data. */
  readonly detail: JsonObject;
  /** Personal fields (card number, person number, name, …): encrypted at rest, opened only for upload and recovery. */
  readonly personal?: JsonObject;
  /** Durable counters to set in the same commit, for example the last FSI serial. */
  readonly marks?: readonly { readonly name: string; readonly value: string }[];
  /** Name of a mark that the same commit sets to this entry's subject: `sale/<reference>`, by which a sale is found again. */
  readonly subjectMark?: string;
  /** Further names of the same kind. They leave the journal with the subject, as `subjectMark` does; other marks stay for ever. */
  readonly furtherMarks?: readonly string[];
}

/** An entry that is durable. Immutable; its hash chains it to all entries before it. */
export interface JournalEntry {
  readonly seq: number;
  readonly subject: string;
  readonly kind: RecordKind;
  readonly state: RecordState;
  readonly amount: Fen;
  /** Number of this start of the terminal, and the clock readings at the append. */
  readonly boot: number;
  readonly wallMs: number;
  readonly monotonicMs: number;
  /** Absent in entries of releases that did not judge their clock. */
  readonly clock?: ClockWord;
  readonly resolves?: number;
  readonly detail: JsonObject;
  readonly personal?: JsonObject;
  readonly hash: string;
}

export interface OpenSubject {
  readonly subject: string;
  readonly kind: RecordKind;
  readonly state: RecordState;
  readonly amount: Fen;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/** What flows may do with the journal. */
export interface Journal {
  readonly terminalId: string;
  /** 32 hexadecimal digits, born with the journal. */
  readonly journalId: string;
  readonly boot: number;
  /**
   * Appends an entry. Its sequence is fixed by the order of the calls; it is durable when the promise resolves.
   * Faults: "store-full" (only for a "prepared" entry, when the reserved margin is reached: nothing written),
   * "store-broken" (effect unknown; every later append fails too).
   */
  append(draft: EntryDraft): Promise<JournalEntry>;
  entriesOf(subject: string): Promise<readonly JournalEntry[]>;
  /**
   * Open subjects, oldest first (or newest first), at most `limit` after `afterFirstSeq`; only those of `card` where one is given, and with an entry
   * after `lastSeqAfter`.
   */
  openSubjects(query: {
    readonly card?: string;
    readonly kind?: RecordKind;
    readonly afterFirstSeq?: number;
    readonly lastSeqAfter?: number;
    readonly newestFirst?: boolean;
    readonly limit: number;
  }): Promise<readonly OpenSubject[]>;
  mark(name: string): Promise<string | undefined>;
  /** Makes durable counters durable without an entry. */
  setMarks(marks: readonly { readonly name: string; readonly value: string }[]): Promise<void>;
  /** Sales of `kind` in one of `states` that the settlement host has not receipted yet: count and sum. Kept in memory, exact at any moment. */
  unreceipted(kind: RecordKind): { readonly count: number; readonly sumFen: number };
  usage(): Promise<StoreUsage>;
}

/** One step of one subject as books of limits need it: nothing personal, the card as a keyed hash. */
export interface Movement {
  readonly seq: number;
  /** Sequence of the subject's first entry. */
  readonly firstSeq: number;
  readonly kind: RecordKind;
  readonly state: RecordState;
  readonly amountFen: number;
  /** "" where there is no card. */
  readonly cardKey: string;
  readonly boot: number;
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly clock: ClockWord;
  /** What a sale of electronic cash sets aside on its card, or that it ends what was set aside. */
  readonly hold?: { readonly use: "pre-authorization" | "completion"; readonly heldFen: number };
}

/** Whoever keeps a book that is a function of the journal. None of these may throw. */
export interface MovementWatcher {
  /** In the turn in which the entry is numbered, before it is durable. */
  moved(movement: Movement): void;
  /** The settlement host has receipted every entry up to this one. */
  receipted(through: number): void;
  /** The newest entries were refused for want of space: what is durable is all there is. No entry is numbered until this resolves. */
  rewound(): Promise<void>;
}

/** The journal as books of limits see it. */
export interface WatchedJournal {
  readonly boot: number;
  /** Everything from this entry on is held; of those in front of it only what is open, and what that names. */
  readonly firstSeq: number;
  /** Sequence of the last durable entry. */
  readonly lastSeq: number;
  readonly receiptedThrough: number;
  /** Durable movements from `fromSeq` on, nothing personal opened. Where some were taken away, those that are there: the first may stand far behind. */
  movements(fromSeq: number, limit: number): Promise<readonly Movement[]>;
  /** Keyed hash by which movements name this card. */
  cardKey(card: string): string;
  watch(watcher: MovementWatcher): void;
}

/** What sync may do with the journal. */
export interface UploadJournal {
  readonly terminalId: string;
  readonly journalId: string;
  readonly boot: number;
  /** Everything from this entry on is held; what stands in front of it was receipted and taken away by rule. */
  readonly firstSeq: number;
  /** Sequence of the last durable entry; 0 when there is none. */
  readonly lastSeq: number;
  /** Sequence of the last entry that the settlement host has receipted; 0 when there is none. */
  readonly receiptedThrough: number;
  /** Durable entries from `fromSeq` on, with their personal fields opened. */
  entries(fromSeq: number, limit: number): Promise<readonly JournalEntry[]>;
  openBatches(limit: number): Promise<readonly StoredBatch[]>;
  batch(batchSeq: number): Promise<StoredBatch | undefined>;
  /** The oldest batch whose boundary is held. */
  firstBatch(): Promise<StoredBatch | undefined>;
  lastBatch(): Promise<StoredBatch | undefined>;
  /** Makes batch boundaries durable; must resolve before the first of them is published. */
  commitBatches(batches: readonly StoredBatch[]): Promise<void>;
  /** Makes the settlement host's receipt durable for these batches, which must continue what was receipted before. */
  commitReceipted(batches: readonly StoredBatch[]): Promise<void>;
  /** Notes what the host parked, as an entry of kind "operation". */
  append(draft: EntryDraft): Promise<JournalEntry>;
  /** Called after entries have become durable. */
  onAppended(listener: () => void): void;
}
