/*
 * Goal: the durable truth. Every step of every sale is an entry that was flushed before anybody relied on it; entries are numbered
 * without a gap and chained, so nothing can be lost, doubled, reordered or changed unseen.
 * Method: sequence and chain are fixed in memory in the order of the calls, the store makes them durable in that order; after a write
 * whose outcome is unknown nothing more is written in this life, and the next start reads what really is there.
 */
import { assert } from "../../base/assert.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Fen } from "../../base/fen.ts";
import type { Log } from "../../base/log.ts";
import type { Clock, JournalStore, Randomness, StoredBatch, StoredEntry, StoreUsage } from "../../base/ports.ts";
import type { CipherSuite, SecretKey } from "../../crypto/face.ts";
import type { Anchor } from "./anchor.ts";
import { AppendsUnderWay } from "./appends.ts";
import { type EntryFields, type EntryTools, holdOf, kindOf, makeStored, readMovement, readStored, stateOf, UNTRUSTED } from "./entry.ts";
import { ExposureBook } from "./exposure.ts";
import {
  checkedReceipts,
  checkedTail,
  MARK_BOOT,
  MARK_JOURNAL_ID,
  MARK_KEY_CHECK,
  MARK_RECEIPTED,
  MARK_TERMINAL,
  readHeld,
  readIdentity,
  type Tail,
} from "./opening.ts";
import { createRetention, type Retention } from "./retention.ts";
import { RoomGauge } from "./room.ts";
import { Sealing } from "./sealing.ts";
import { mayBeSpent, SpentNames } from "./spent.ts";
import { assertForeign, entryOf, type KnownSubject, marksOf, toOpenSubject, toSubject } from "./subjects.ts";
import { isExposed, isFinal, mayFollow } from "./transitions.ts";
import {
  type ClockReading,
  type EntryDraft,
  type Journal,
  type JournalEntry,
  type Movement,
  type MovementWatcher,
  OPEN_STATES,
  type OpenSubject,
  type RecordKind,
  type Timekeeper,
  type UploadJournal,
  type WatchedJournal,
} from "./types.ts";

/** Most appends that may wait for the disk. */
const APPENDS_MAX = 1024;
/** Most entries read for one subject: a sale that looked at the world ten thousand times. */
const ENTRIES_OF_SUBJECT_MAX = 10_000;
const PAGE = 256;

export interface JournalOptions {
  readonly store: JournalStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly suite: CipherSuite;
  /** Protects personal fields at rest. Another key than the journal was begun with is refused. */
  readonly storageKey: SecretKey;
  readonly terminalId: string;
  /** Space kept back so that sales under way can end; a twentieth of the limit when left out. */
  readonly reservedBytes?: number;
  readonly log: Log;
}

export type TerminalJournal = Journal &
  UploadJournal &
  WatchedJournal & {
    /** What goes when, and how. */
    readonly retention: Retention;
    /** What a record of this mark's name has moved that has left by rule; undefined where none has. Faults: those of the journal. */
    spentUnder(mark: string): Promise<Fen | undefined>;
    /** The time of the newest entry: no later one is older. */
    readonly floorMs: number | undefined;
    /** From now on entries take their time, and the word on it, from this keeper; before, from the clock, which nobody trusts. */
    keepTimeBy(keeper: Timekeeper): void;
    /** Waits for what is being written, then closes the store. */
    close(): Promise<void>;
  };

/**
 * Opens the journal for one life of the terminal: checks its tail, counts the boot, makes both durable.
 * Faults: "store-corrupt", "store-broken", "store-full", "config-invalid" (journal of another terminal), "key-missing" (another storage key).
 */
export async function openJournal(options: JournalOptions): Promise<TerminalJournal> {
  const { store, suite, terminalId } = options;
  const sealing = new Sealing(suite, options.storageKey, options.randomness);
  const identity = await readIdentity(options, sealing);
  const start = { terminalId, journalId: identity.journalId };
  const held = await readHeld(store, suite, start);
  const tail = await checkedTail(store, suite, start);
  const receiptedThrough = await checkedReceipts(store, tail.seq);
  const boot = identity.boot + 1;
  const first = [
    { name: MARK_JOURNAL_ID, value: identity.journalId },
    { name: MARK_TERMINAL, value: terminalId },
    { name: MARK_KEY_CHECK, value: sealing.keyCheck },
  ];
  await store.commit({ marks: [...(identity.boot === 0 ? first : []), { name: MARK_BOOT, value: String(boot) }] });
  const journal = new DurableJournal(options, {
    tools: { suite, sealing, journalId: identity.journalId },
    boot,
    tail,
    receiptedThrough,
    lastBatch: await store.lastBatch(),
    ...held,
  });
  await journal.start();
  options.log.info("journal-opened", { boot, lastSeq: tail.seq, receiptedThrough });
  return journal;
}

interface StartingPoint {
  readonly tools: EntryTools;
  readonly boot: number;
  readonly tail: Tail;
  readonly receiptedThrough: number;
  readonly lastBatch: StoredBatch | undefined;
  readonly anchor: Anchor;
  readonly erasedThrough: number;
}

class DurableJournal implements TerminalJournal {
  readonly terminalId: string;
  readonly journalId: string;
  readonly boot: number;
  readonly retention: Retention;
  readonly #store: JournalStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #tools: EntryTools;
  readonly #exposure: ExposureBook;
  readonly #room: RoomGauge;
  readonly #spent: SpentNames;
  readonly #appends = new AppendsUnderWay();
  readonly #listeners: (() => void)[] = [];
  readonly #watchers: MovementWatcher[] = [];
  #keeper: Timekeeper | undefined;
  /** No entry is older than the one before it, whatever the clocks do. */
  #floorMs: number | undefined;
  /** Open subjects that this life has written to, as of the last append, durable or not. */
  readonly #known = new Map<string, KnownSubject>();
  /** End of the chain as the next append continues it. */
  #tail: Tail;
  /** End of what is durable. */
  #durable: Tail;
  #outstanding = 0;
  #broken = false;
  #closed = false;
  /** A commit was refused for want of space: nothing is appended until all behind it have come back and the chain was rewound. */
  #rewinding = false;
  #receiptedThrough: number;
  /** The same, once everybody has taken it off. */
  #settledThrough: number;
  #lastBatch: StoredBatch | undefined;
  /** Appends that wait for a subject to be looked up, and all those called after them. */
  #queued = 0;
  /** New subjects among them: they count from the call on, or two lanes would be told of the same room. */
  readonly #waiting = new Set<EntryDraft>();
  #queue: Promise<unknown> = Promise.resolve();
  #receipting: Promise<unknown> = Promise.resolve();

  constructor(options: JournalOptions, start: StartingPoint) {
    this.terminalId = options.terminalId;
    this.journalId = start.tools.journalId;
    this.boot = start.boot;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#tools = start.tools;
    this.#tail = start.tail;
    this.#floorMs = start.tail.wallMs;
    this.#durable = start.tail;
    this.#receiptedThrough = start.receiptedThrough;
    this.#settledThrough = start.receiptedThrough;
    this.#lastBatch = start.lastBatch;
    this.#exposure = new ExposureBook(options.store);
    this.#room = new RoomGauge(options.store, options.reservedBytes);
    this.#spent = new SpentNames(options.store, start.tools);
    this.retention = createRetention({
      ...{ store: options.store, journalId: this.journalId, anchor: start.anchor, erasedThrough: start.erasedThrough, log: options.log },
      commit: (write) => {
        this.#demandUsable();
        return this.#commit(write);
      },
      ends: () => ({ settledThrough: this.#settledThrough, durableSeq: this.#durable.seq }),
      onFreed: () => this.#room.refresh(),
      spent: this.#spent,
      appends: this.#appends,
    });
  }

  async start(): Promise<void> {
    await Promise.all([this.#exposure.recount(this.#receiptedThrough), this.#room.refresh()]);
  }

  get firstSeq(): number {
    return this.retention.firstSeq;
  }

  get lastSeq(): number {
    return this.#durable.seq;
  }

  get receiptedThrough(): number {
    return this.#receiptedThrough;
  }

  get floorMs(): number | undefined {
    return this.#floorMs;
  }

  keepTimeBy(keeper: Timekeeper): void {
    this.#keeper = keeper;
  }

  watch(watcher: MovementWatcher): void {
    this.#watchers.push(watcher);
  }

  cardKey(card: string): string {
    return this.#tools.sealing.cardKey(card);
  }

  async movements(fromSeq: number, limit: number): Promise<readonly Movement[]> {
    return (await this.#store.entries(fromSeq, limit)).map(readMovement);
  }

  append(draft: EntryDraft): Promise<JournalEntry> {
    const looksUp = draft.subject === undefined ? this.#needsUnspent(draft) : !this.#known.has(draft.subject);
    return this.#appends.note(this.#queued > 0 || looksUp ? this.#appendInTurn(draft) : this.#appendNow(draft));
  }

  spentUnder(mark: string): Promise<Fen | undefined> {
    return mayBeSpent(mark) ? this.#spent.amountOf(mark) : Promise.resolve(undefined);
  }

  async entriesOf(subject: string): Promise<readonly JournalEntry[]> {
    const entries = await this.#store.entriesOf(subject, ENTRIES_OF_SUBJECT_MAX);
    return entries.map((entry) => readStored(this.#tools, entry));
  }

  async openSubjects(query: Parameters<Journal["openSubjects"]>[0]): Promise<readonly OpenSubject[]> {
    const card = query.card === undefined ? {} : { cardKey: this.#tools.sealing.cardKey(query.card) };
    const { kind, lastSeqAfter = 0, afterFirstSeq = 0, newestFirst = false } = query;
    const limit = Math.min(PAGE, query.limit);
    const found: OpenSubject[] = [];
    let range: { readonly afterFirstSeq: number; readonly beforeFirstSeq?: number } = { afterFirstSeq };
    while (found.length < query.limit) {
      const rows = await this.#store.subjects({ ...card, ...range, newestFirst, states: OPEN_STATES, limit });
      found.push(...rows.filter((row) => (kind === undefined || row.kind === kind) && row.lastSeq > lastSeqAfter).map(toOpenSubject));
      const last = rows.at(-1);
      if (last === undefined || rows.length < limit) break;
      range = newestFirst ? { afterFirstSeq, beforeFirstSeq: last.firstSeq } : { afterFirstSeq: last.firstSeq };
    }
    return found.slice(0, query.limit);
  }

  mark(name: string): Promise<string | undefined> {
    return this.#store.mark(name);
  }

  async setMarks(marks: readonly { readonly name: string; readonly value: string }[]): Promise<void> {
    this.#demandUsable();
    assertForeign(marks);
    await this.#commit({ marks });
  }

  unreceipted(kind: RecordKind): { readonly count: number; readonly sumFen: number } {
    const { count, sumFen } = this.#exposure.of(kind);
    const waiting = [...this.#waiting].filter((draft) => draft.kind === kind);
    return { count: count + waiting.length, sumFen: waiting.reduce((sum, { amount }) => sum + amount, sumFen) };
  }

  usage(): Promise<StoreUsage> {
    return this.#store.usage();
  }

  async entries(fromSeq: number, limit: number): Promise<readonly JournalEntry[]> {
    const entries = await this.#store.entries(fromSeq, limit);
    return entries.map((entry) => readStored(this.#tools, entry));
  }

  openBatches(limit: number): Promise<readonly StoredBatch[]> {
    return this.#store.openBatches(limit);
  }

  batch(batchSeq: number): Promise<StoredBatch | undefined> {
    return this.#store.batch(batchSeq);
  }

  firstBatch(): Promise<StoredBatch | undefined> {
    return this.#store.firstBatch();
  }

  lastBatch(): Promise<StoredBatch | undefined> {
    return this.#store.lastBatch();
  }

  async commitBatches(batches: readonly StoredBatch[]): Promise<void> {
    this.#demandUsable();
    let before = this.#lastBatch;
    for (const batch of batches) {
      assert(batch.batchSeq === (before?.batchSeq ?? 0) + 1 && batch.firstSeq === (before?.lastSeq ?? 0) + 1, "a batch continues the batch before it");
      assert(batch.lastSeq >= batch.firstSeq && batch.lastSeq <= this.#durable.seq, "a batch holds durable entries");
      assert(!batch.receipted, "a new batch is not receipted");
      before = batch;
    }
    const previous = this.#lastBatch;
    this.#lastBatch = before;
    try {
      await this.#commit({ batches });
    } catch (error) {
      this.#lastBatch = previous;
      throw error;
    }
  }

  commitReceipted(batches: readonly StoredBatch[]): Promise<void> {
    const turn = this.#receipting.then(() => this.#receipt(batches));
    this.#receipting = turn.catch(() => undefined);
    return turn;
  }

  onAppended(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    await this.#queue;
    this.#closed = true;
    await this.#store.close();
  }

  async #receipt(batches: readonly StoredBatch[]): Promise<void> {
    this.#demandUsable();
    let through = this.#receiptedThrough;
    for (const batch of batches) {
      assert(batch.firstSeq === through + 1 && batch.lastSeq >= batch.firstSeq, "a receipt continues what was receipted before");
      through = batch.lastSeq;
    }
    await this.#commit({ batches: batches.map((batch) => ({ ...batch, receipted: true })), marks: [{ name: MARK_RECEIPTED, value: String(through) }] });
    this.#receiptedThrough = through;
    for (const watcher of this.#watchers) watcher.receipted(through);
    await this.#exposure.receipted(through);
    this.#settledThrough = through;
  }

  /** For an append whose subject must be looked up first, or that was called after such a one: the order of the calls is kept. */
  async #appendInTurn(draft: EntryDraft): Promise<JournalEntry> {
    if (this.#queued >= APPENDS_MAX) throw new Fault("queue-full", "too many entries wait for the disk", { effectUnknown: false });
    this.#queued += 1;
    if (draft.subject === undefined && isExposed(draft.state)) this.#waiting.add(draft);
    const turn = this.#queue.then(async () => {
      try {
        await this.#lookUp(draft);
        // Wrapped, because the next in the queue waits for this one's place, not for its flush.
        return { appended: this.#appendNow(draft) };
      } finally {
        this.#queued -= 1;
        this.#waiting.delete(draft);
      }
    });
    this.#queue = turn.catch(() => undefined);
    return (await turn).appended;
  }

  /** Nothing ever left a journal that is whole. */
  #needsUnspent({ subjectMark }: EntryDraft): boolean {
    return this.firstSeq > 1 && mayBeSpent(subjectMark);
  }

  async #lookUp(draft: EntryDraft): Promise<void> {
    const { subject } = draft;
    if (subject === undefined) return this.#needsUnspent(draft) ? this.#spent.demandUnspent(draft) : undefined;
    if (this.#known.has(subject)) return;
    const row = await this.#store.subject(subject);
    assert(row !== undefined, "a draft continues a subject of this journal");
    this.#known.set(subject, { ...row, kind: kindOf(row.kind, row.lastSeq), state: stateOf(row.state, row.lastSeq) });
  }

  async #appendNow(draft: EntryDraft): Promise<JournalEntry> {
    this.#demandUsable();
    const before = draft.subject === undefined ? undefined : this.#known.get(draft.subject);
    assert(draft.subject === undefined || before !== undefined, "the subject was looked up");
    this.#checkDraft(draft, before);
    if (draft.state === "prepared" && !this.#room.hasRoom())
      throw new Fault("store-full", "the journal is nearly full: no new sale may begin", { effectUnknown: false });
    const fields = this.#fieldsOf(draft, before);
    const stored = makeStored(this.#tools, this.#tail.hash, fields);
    const subject = toSubject(fields, before);
    this.#note(stored, subject, before);
    this.#tell(fields, subject);
    await this.#durably(stored, { entries: [stored], subjects: [subject], marks: marksOf(draft, stored.subject) });
    return entryOf(fields, stored.hash);
  }

  #checkDraft(draft: EntryDraft, before: KnownSubject | undefined): void {
    if (this.#outstanding >= APPENDS_MAX) throw new Fault("queue-full", "too many entries wait for the disk", { effectUnknown: false });
    assert(before === undefined || before.kind === draft.kind, "a subject keeps its kind");
    const from = before?.state ?? "new";
    assert(mayFollow(draft.kind, from, draft.state), `${draft.kind}: ${draft.state} does not follow ${from}`);
    assert(draft.resolves === undefined || (draft.resolves > 0 && draft.resolves <= this.#tail.seq), "an entry resolves an earlier one");
    assertForeign(marksOf(draft, ""));
  }

  #fieldsOf(draft: EntryDraft, before: KnownSubject | undefined): EntryFields {
    const seq = this.#tail.seq + 1;
    const { wallMs, clock } = this.#reading();
    return {
      seq,
      subject: draft.subject ?? `${this.journalId}-${seq}`,
      kind: draft.kind,
      state: draft.state,
      amount: draft.amount,
      boot: this.boot,
      wallMs,
      monotonicMs: Math.floor(this.#clock.monotonicMs()),
      clock,
      ...(draft.resolves === undefined ? {} : { resolves: draft.resolves }),
      detail: draft.detail,
      ...(draft.personal === undefined ? {} : { personal: draft.personal }),
      cardKey: draft.card === undefined ? (before?.cardKey ?? "") : this.#tools.sealing.cardKey(draft.card),
    };
  }

  #reading(): ClockReading {
    const floorMs = this.#floorMs ?? Number.MIN_SAFE_INTEGER;
    return this.#keeper?.reading(floorMs) ?? { wallMs: Math.max(floorMs, Math.floor(this.#clock.wallMs())), clock: UNTRUSTED };
  }

  /** Whoever counts along counts this entry from now on. */
  #tell(fields: EntryFields, { firstSeq, amountFen }: KnownSubject): void {
    const { seq, kind, state, cardKey, boot, wallMs, monotonicMs, clock = UNTRUSTED } = fields;
    this.#floorMs = wallMs;
    const movement: Movement = { seq, firstSeq, kind, state, amountFen, cardKey, boot, wallMs, monotonicMs, clock, ...holdOf(fields.detail) };
    for (const watcher of this.#watchers) watcher.moved(movement);
  }

  /** Moves everything in memory to after this entry. Nothing in here may fail. */
  #note(stored: StoredEntry, subject: KnownSubject, before: KnownSubject | undefined): void {
    this.#tail = { seq: stored.seq, hash: stored.hash };
    if (isFinal(subject.state)) this.#known.delete(subject.subject);
    else this.#known.set(subject.subject, subject);
    this.#exposure.moved(before, subject);
    this.#room.added(stored.body.length + (stored.sealed?.length ?? 0));
  }

  async #durably(stored: StoredEntry, write: Parameters<JournalStore["commit"]>[0]): Promise<void> {
    this.#outstanding += 1;
    try {
      await this.#commit(write);
      this.#durable = { seq: stored.seq, hash: stored.hash };
    } catch (error) {
      if (isFault(error, "store-full", "queue-full")) this.#rewinding = true;
      throw error;
    } finally {
      this.#outstanding -= 1;
      if (this.#rewinding && this.#outstanding === 0) await this.#rewind();
    }
    for (const listener of this.#listeners) listener();
  }

  /** Nothing of the refused entries was written: memory goes back to what is durable, and appends may go on. */
  async #rewind(): Promise<void> {
    if (this.#broken) return;
    this.#tail = this.#durable;
    this.#known.clear();
    try {
      const watchers = this.#watchers.map((watcher) => watcher.rewound());
      await Promise.all([this.#exposure.recount(this.#receiptedThrough), this.#room.refresh(), ...watchers]);
    } catch {
      // The store failed while memory was put right: nothing here can be trusted in this life.
      this.#broken = true;
    }
    this.#rewinding = false;
    this.#log.warn("journal-rewound", { lastSeq: this.#durable.seq });
  }

  async #commit(write: Parameters<JournalStore["commit"]>[0]): Promise<void> {
    try {
      await this.#store.commit(write);
    } catch (error) {
      if (!isFault(error, "store-full", "queue-full") && !this.#broken) {
        this.#broken = true;
        this.#log.error("journal-broken", { lastDurableSeq: this.#durable.seq });
      }
      throw error;
    }
  }

  #demandUsable(): void {
    if (this.#closed) throw new Fault("closed", "the journal is closed", { effectUnknown: false });
    if (this.#broken) throw new Fault("store-broken", "an earlier write failed: nothing is written until the next start", { effectUnknown: false });
    if (this.#rewinding) throw new Fault("store-full", "the journal is full", { effectUnknown: false });
  }
}
