/*
 * Goal: a journal does not grow for ever. What the host has receipted, what has ended and what is old enough for certain is taken away, oldest
 * first, and the rest still proves itself; personal parts may go earlier.
 * Method: the chain's anchor moves on in small slices, each one commit with the anchor it leaves behind and with what books must carry over, so
 * that a power cut finds one slice done or not begun. What is open stays, and what it names stays with it; it goes when it has ended.
 * Age is a proof: an entry is old when even its latest possible time is, and only by a clock that somebody vouches for.
 */
import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { JournalStore, StoredEntry, StoredSubject, StoreWrite } from "../../base/ports.ts";
import { type Anchor, anchorText, MARK_ANCHOR, MARK_ERASED } from "./anchor.ts";
import type { AppendsUnderWay } from "./appends.ts";
import { readMovement } from "./entry.ts";
import { addRefunds, namedSubjects } from "./named.ts";
import { marksBehind, type SpentName, type SpentNames, spentBy } from "./spent.ts";
import { isFinal } from "./transitions.ts";
import type { Movement, RecordState } from "./types.ts";

/** Entries of one slice: few enough that a sale which waits behind it does not notice. */
const SLICE = 32;
/** Entries that are looked at together for their age. */
const LOOK = 64;
/** Newest entries that stay whatever their age: the chain's end, and what a start looks back at. */
const TAIL = 64;
/** Slices of one pass; the rest waits for the next, which looks anew at what is open. */
const SLICES_MAX = 512;
/** A file gives space back until no more than this is left over: what is appended next needs some. */
const SPARE_BYTES = 256 * 1024;
const GIVE_BACK_MAX = 512;
const LEFT_SUBJECTS = 64;
/** Looks at what stays before a slice is left to a later pass, because each time something was written meanwhile. */
const QUIET_TRIES = 32;
const FINAL_STATES: readonly RecordState[] = ["done", "refused", "void"];

export interface RetentionRules {
  readonly keepMs: number;
  /** Personal parts go after this time; not before the entries do where it is not shorter. */
  readonly erasePersonalMs: number;
}

type Mark = { readonly name: string; readonly value: string };

/** A book that is counted from the whole journal: what it must know of entries that go, it keeps as marks. */
export interface Carrier {
  /** Marks that are set in the commit in which these movements leave; `left` is called when they have. Faults: those of the journal. */
  carry(movements: readonly Movement[]): Promise<{ readonly marks: readonly Mark[]; readonly left: () => void }>;
}

export interface Retention {
  /** Everything from this entry on is held; those in front of it as far as their subject is open. */
  readonly firstSeq: number;
  /** `from` gives the first entry that somebody still reads from, undefined for none. Asked before each pass. */
  needs(who: string, from: () => Promise<number | undefined>): void;
  /** `subjects` gives the names of subjects that stay whatever they are. Asked before each pass. */
  keeps(subjects: () => Promise<readonly string[]>): void;
  carries(carrier: Carrier): void;
  /** Takes away what the rules allow. `earliestMs`: it is surely not earlier than this. Faults: those of the journal. */
  pass(rules: RetentionRules, at: { readonly earliestMs: number; readonly signal: AbortSignal }): Promise<PassReport>;
}

export interface PassReport {
  /** Entries that were passed by the anchor, and entries whose personal parts were looked at. */
  readonly taken: number;
  readonly erased: number;
  /** Who held back entries that are old enough; undefined where nobody did. */
  readonly heldBy: string | undefined;
  readonly isDone: boolean;
}

export interface RetentionParts {
  readonly store: JournalStore;
  readonly journalId: string;
  readonly anchor: Anchor;
  readonly erasedThrough: number;
  readonly log: Log;
  readonly commit: (write: StoreWrite) => Promise<void>;
  /** End of what is receipted, and whose receipt everybody has counted; end of what is durable. */
  readonly ends: () => { readonly settledThrough: number; readonly durableSeq: number };
  /** Called when space has come free. */
  readonly onFreed: () => Promise<void>;
  /** What names have moved, once their records are gone. */
  readonly spent: SpentNames;
  /** What is being written beside a pass: it may name what the pass is about to take, and nobody can read it yet. */
  readonly appends: Pick<AppendsUnderWay, "count" | "settled">;
}

interface Bound {
  readonly through: number;
  readonly by: string | undefined;
}

export function createRetention(parts: RetentionParts): Retention {
  return new SlicedRetention(parts);
}

class SlicedRetention implements Retention {
  readonly #parts: RetentionParts;
  readonly #needs = new Map<string, () => Promise<number | undefined>>();
  readonly #keeps: (() => Promise<readonly string[]>)[] = [];
  readonly #carriers: Carrier[] = [];
  #anchor: Anchor;
  #erasedThrough: number;
  #passing = false;
  /** Subjects that stay, and the end of the journal as they were looked for. */
  #named: { readonly durableSeq: number; readonly subjects: ReadonlySet<string> } | undefined;
  #kept: readonly string[] = [];

  constructor(parts: RetentionParts) {
    this.#parts = parts;
    this.#anchor = parts.anchor;
    this.#erasedThrough = Math.max(parts.erasedThrough, parts.anchor.seq);
  }

  get firstSeq(): number {
    return this.#anchor.seq + 1;
  }

  needs(who: string, from: () => Promise<number | undefined>): void {
    this.#needs.set(who, from);
  }

  keeps(subjects: () => Promise<readonly string[]>): void {
    this.#keeps.push(subjects);
  }

  carries(carrier: Carrier): void {
    this.#carriers.push(carrier);
  }

  async pass(rules: RetentionRules, { earliestMs, signal }: Parameters<Retention["pass"]>[1]): Promise<PassReport> {
    assert(!this.#passing, "one pass at a time");
    this.#passing = true;
    try {
      return await this.#pass(rules, earliestMs, signal);
    } finally {
      this.#passing = false;
    }
  }

  async #pass(rules: RetentionRules, earliestMs: number, signal: AbortSignal): Promise<PassReport> {
    const before = this.#anchor.seq;
    const bound = await this.#bound();
    const old = await this.#oldThrough(this.#anchor.seq, earliestMs - rules.keepMs);
    const stale = rules.erasePersonalMs < rules.keepMs ? await this.#oldThrough(this.#erasedThrough, earliestMs - rules.erasePersonalMs) : 0;
    const through = Math.min(old, bound.through);
    await this.#lookAnew();
    for (let slice = 0; slice < SLICES_MAX && this.#anchor.seq < through && !signal.aborted; slice += 1) if (!(await this.#take(through))) break;
    if (!signal.aborted) await this.#takeLeft();
    const eraseThrough = Math.min(stale, bound.through);
    const erasedBefore = this.#erasedThrough;
    for (let slice = 0; slice < SLICES_MAX && this.#erasedThrough < eraseThrough && !signal.aborted; slice += 1) await this.#erase(eraseThrough);
    if (!signal.aborted) await this.#giveBack(signal);
    const taken = this.#anchor.seq - before;
    const erased = this.#erasedThrough - erasedBefore;
    if (taken + erased > 0) this.#parts.log.info("journal-retention", { taken, erased, firstSeq: this.firstSeq });
    return { taken, erased, heldBy: old > bound.through ? bound.by : undefined, isDone: this.#anchor.seq >= through && this.#erasedThrough >= eraseThrough };
  }

  /** Entries up to here are receipted, and nobody reads from there any more. */
  async #bound(): Promise<Bound> {
    const { settledThrough, durableSeq } = this.#parts.ends();
    let bound: Bound = { through: Math.min(settledThrough, durableSeq - TAIL), by: settledThrough < durableSeq - TAIL ? "receipts" : undefined };
    for (const [by, from] of this.#needs) {
      const first = await from();
      if (first !== undefined && first - 1 < bound.through) bound = { through: first - 1, by };
    }
    return bound;
  }

  /** The last entry behind `from` that is surely not younger than `cutoffMs`, with all in front of it: entries stand in the order of time. */
  async #oldThrough(from: number, cutoffMs: number): Promise<number> {
    const { durableSeq } = this.#parts.ends();
    let through = from;
    for (let next = from + 1; next <= durableSeq; ) {
      const page = await this.#parts.store.entries(next, LOOK);
      const last = page.at(-1);
      if (last === undefined) break;
      for (const entry of page) {
        const { seq, wallMs, clock } = readMovement(entry);
        if (clock.errorMs === undefined) continue;
        if (wallMs + clock.errorMs <= cutoffMs) through = seq;
        else if (wallMs - clock.errorMs > cutoffMs) return through;
      }
      next = last.seq + 1;
    }
    return through;
  }

  async #lookAnew(): Promise<void> {
    this.#named = undefined;
    this.#kept = (await Promise.all(this.#keeps.map((subjects) => subjects()))).flat();
  }

  /** Looked for again when something was written meanwhile: what began during a pass may name what the pass is about to take. */
  async #stays(): Promise<ReadonlySet<string>> {
    const { durableSeq } = this.#parts.ends();
    if (this.#named?.durableSeq !== durableSeq) {
      const { store, journalId } = this.#parts;
      const named = await namedSubjects(store, journalId);
      for (const subject of this.#kept) named.add(subject);
      await addRefunds(store, named);
      this.#named = { durableSeq, subjects: named };
    }
    return this.#named.subjects;
  }

  /** One slice; false where too much is being written meanwhile. Faults: those of the journal; then nothing has changed. */
  async #take(through: number): Promise<boolean> {
    const page = await this.#sliceAfter(this.#anchor.seq, through);
    const movements = page.map(readMovement);
    const carried = await Promise.all(this.#carriers.map((carrier) => carrier.carry(movements)));
    const last = page.at(-1);
    assert(last !== undefined, "what is durable is there");
    const anchor = { seq: last.seq, hash: last.hash };
    const isTaken = await this.#quietly(async (stays) => {
      // Nothing follows an end, so an end in this slice means that the whole subject lies in front of the new anchor.
      const ends = page.filter(({ state, subject }) => isFinal(state as RecordState) && !stays.has(subject));
      const ended = new Set(ends.map(({ subject }) => subject));
      const left = page.flatMap(({ seq, subject }, at) => (ended.has(subject) ? [] : [{ seq, before: page[at - 1]?.hash ?? this.#anchor.hash }]));
      const { kept, gone } = await this.#marksBehind(ends);
      return {
        prune: { throughSeq: anchor.seq, subjects: [...ended], left, marks: gone },
        marks: [{ name: MARK_ANCHOR, value: anchorText(anchor) }, ...kept, ...carried.flatMap(({ marks }) => marks)],
      };
    });
    if (!isTaken) return false;
    this.#anchor = anchor;
    this.#erasedThrough = Math.max(this.#erasedThrough, anchor.seq);
    for (const { left: done } of carried) done();
    return true;
  }

  /** Commits what is made of the subjects that stay, in a moment in which nothing was written since they were looked for. */
  async #quietly(make: (stays: ReadonlySet<string>) => Promise<StoreWrite>): Promise<boolean> {
    const { appends, commit } = this.#parts;
    for (let attempt = 0; attempt < QUIET_TRIES; attempt += 1) {
      const count = appends.count();
      await appends.settled();
      const write = await make(await this.#stays());
      if (appends.count() !== count) continue;
      await commit(write);
      return true;
    }
    return false;
  }

  /** What becomes of marks once these subjects are gone, by their last entries. */
  async #marksBehind(ends: readonly StoredEntry[]): Promise<{ readonly kept: readonly Mark[]; readonly gone: readonly string[] }> {
    const { store, spent } = this.#parts;
    const names: SpentName[] = [];
    const gone: string[] = [];
    for (const last of ends) {
      const [first] = await store.entriesOf(last.subject, 1);
      if (first === undefined) continue;
      const name = spentBy(first, last);
      if (name !== undefined) names.push(name);
      gone.push(...marksBehind(first, last));
    }
    return { kept: await spent.keep(names), gone };
  }

  async #sliceAfter(seq: number, through: number): Promise<readonly StoredEntry[]> {
    const page = await this.#parts.store.entries(seq + 1, Math.min(SLICE, through - seq));
    const gap = page.findIndex((entry, at) => entry.seq !== seq + 1 + at);
    if (page.length === 0 || gap >= 0)
      throw new Fault("store-corrupt", `the journal has a gap at entry ${seq + 1 + Math.max(0, gap)}`, { effectUnknown: false });
    return page;
  }

  /** Subjects that have ended meanwhile, or that nothing open names any more. */
  async #takeLeft(): Promise<void> {
    const { store } = this.#parts;
    let after = 0;
    for (;;) {
      const rows = await store.subjects({ states: FINAL_STATES, afterFirstSeq: after, limit: LEFT_SUBJECTS });
      const inFront = rows.filter(({ firstSeq }) => firstSeq <= this.#anchor.seq);
      await this.#takeEnded(inFront.filter(({ lastSeq }) => lastSeq <= this.#anchor.seq));
      after = inFront.at(-1)?.firstSeq ?? after;
      if (inFront.length < LEFT_SUBJECTS) return;
    }
  }

  async #takeEnded(rows: readonly StoredSubject[]): Promise<void> {
    if (rows.length === 0) return;
    const stays = await this.#stays();
    if (rows.every(({ subject }) => stays.has(subject))) return;
    await this.#quietly(async (staying) => {
      const going = rows.filter(({ subject }) => !staying.has(subject));
      const ends = await Promise.all(going.map(async ({ lastSeq }) => (await this.#parts.store.entries(lastSeq, 1))[0]));
      const { kept: marks, gone } = await this.#marksBehind(ends.filter((end) => end !== undefined));
      return { prune: { throughSeq: this.#anchor.seq, subjects: going.map(({ subject }) => subject), left: [], marks: gone }, marks };
    });
  }

  async #erase(through: number): Promise<void> {
    const page = await this.#sliceAfter(this.#erasedThrough, through);
    const stays = await this.#stays();
    const last = page.at(-1);
    assert(last !== undefined, "what is durable is there");
    const ended = page.filter(({ state, subject }) => isFinal(state as RecordState) && !stays.has(subject)).map(({ subject }) => subject);
    await this.#parts.commit({ erase: ended, marks: [{ name: MARK_ERASED, value: String(last.seq) }] });
    this.#erasedThrough = last.seq;
  }

  /** Each commit gives some pages back; more of them where a pass has freed more. */
  async #giveBack(signal: AbortSignal): Promise<void> {
    const { store, commit, onFreed } = this.#parts;
    let spareBytes = Number.MAX_SAFE_INTEGER;
    for (let turn = 0; turn < GIVE_BACK_MAX && !signal.aborted; turn += 1) {
      const usage = await store.usage();
      // What cannot be given back stays for what comes.
      if (usage.spareBytes <= SPARE_BYTES || usage.spareBytes >= spareBytes) break;
      spareBytes = usage.spareBytes;
      await commit({ prune: { throughSeq: this.#anchor.seq, subjects: [], left: [] } });
    }
    await onFreed();
  }
}
