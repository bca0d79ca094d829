/*
 * A journal's disk that can lose its power. What a commit wrote is "pending" until its flush, "flushed" afterwards; a cut forgets
 * pending commits from the end on, because a log is read up to its first damaged frame. The disk outlives the terminal: each power-on
 * opens it anew, and calls of an earlier power-on never come back.
 */
import { assert } from "../../device/base/assert.ts";
import { Fault } from "../../device/base/fault.ts";
import type { Clock, JournalStore, Randomness, StoreUsage, StoreWrite } from "../../device/base/ports.ts";
import { JournalTables } from "./journal-tables.ts";

/** What becomes of one commit. */
export type CommitFate =
  | { readonly kind: "go" }
  /** Flushed, but late. */
  | { readonly kind: "delay"; readonly durationMs: number }
  /** Power goes before anything was written, while it is written (whole, not acknowledged), or just after the acknowledgement. */
  | { readonly kind: "cut"; readonly when: "before" | "during" | "after" }
  /** Refused for want of space, nothing written. */
  | { readonly kind: "full" }
  /** The write failed; whether it is on the disk is drawn from `written`. */
  | { readonly kind: "broken"; readonly written: boolean };

export type CommitHook = (write: StoreWrite) => CommitFate;

export interface SimulatedDiskOptions {
  readonly limitBytes?: number;
  /** With a clock each flush takes `flushMs` of its time; without one a commit is durable within microtasks. */
  readonly clock?: Clock;
  readonly flushMs?: number;
}

const GO: CommitFate = { kind: "go" };
const FULL: CommitFate = { kind: "full" };
/** Turns of the microtask queue after which an acknowledgement has reached everybody who waits for it. */
const ACKNOWLEDGEMENT_TURNS = 64;
const LIMIT_BYTES = 256 * 1024 * 1024;

export class SimulatedJournalDisk {
  readonly limitBytes: number;
  readonly clock: Clock | undefined;
  readonly flushMs: number;
  #flushed = new JournalTables();
  #pending: StoreWrite[] = [];
  #incarnation = 0;
  #inUse = false;
  #hooks: CommitHook[] = [];
  #cutListeners: (() => void)[] = [];
  #full = false;

  constructor(options: SimulatedDiskOptions = {}) {
    this.limitBytes = options.limitBytes ?? LIMIT_BYTES;
    this.clock = options.clock;
    this.flushMs = options.flushMs ?? 0;
  }

  /** What a reader after a power cut finds at least. */
  get flushed(): JournalTables {
    return this.#flushed;
  }

  /** Commits that are written but not flushed. */
  get pending(): readonly StoreWrite[] {
    return this.#pending;
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  get hasNoRoom(): boolean {
    return this.#full || this.#flushed.usedBytes > this.limitBytes;
  }

  /** Sequence that the next entry must have. */
  get nextSeq(): number {
    return this.#pending.reduce((seq, write) => seq + (write.entries?.length ?? 0), this.#flushed.lastSeq) + 1;
  }

  /** Asked for the fate of every commit; the first hook that does not say "go" decides. */
  onCommit(hook: CommitHook): void {
    this.#hooks.push(hook);
  }

  /** Told when a commit's fate cut the power, so that the world can stop the rest of the terminal. */
  onCut(listener: () => void): void {
    this.#cutListeners.push(listener);
  }

  /** Another program filled the disk, or made room again. */
  setFull(full: boolean): void {
    this.#full = full;
  }

  /** Power goes. Of the pending commits none survives, or the first few, drawn from `randomness`. */
  crash(keep: "none" | { readonly some: Randomness } = "none"): void {
    const kept = keep === "none" ? 0 : (keep.some.bytes(1)[0] ?? 0) % (this.#pending.length + 1);
    for (const write of this.#pending.slice(0, kept)) this.#flushed.apply(write);
    this.#pending = [];
    this.release();
  }

  /** Begins one life of the terminal. Faults: "store-in-use". */
  open(): JournalStore {
    if (this.#inUse) throw new Fault("store-in-use", "another process has the journal open", { effectUnknown: false });
    this.#inUse = true;
    this.#incarnation += 1;
    return new SimulatedJournalStore(this, this.#incarnation);
  }

  release(): void {
    this.#inUse = false;
    this.#incarnation += 1;
  }

  fateOf(write: StoreWrite): CommitFate {
    for (const hook of this.#hooks) {
      const fate = hook(write);
      if (fate.kind !== "go") return fate;
    }
    return GO;
  }

  write(write: StoreWrite): void {
    this.#pending.push(write);
  }

  flush(): void {
    for (const write of this.#pending) this.#flushed.apply(write);
    this.#pending = [];
  }

  /** A failed write that left nothing behind. */
  forgetPending(): void {
    this.#pending = [];
  }

  cut(): void {
    this.crash();
    for (const listener of this.#cutListeners) listener();
  }
}

type Job =
  | { readonly is: "commit"; readonly write: StoreWrite; readonly resolve: () => void; readonly reject: (fault: Fault) => void }
  | { readonly is: "read"; readonly answer: () => void };

type CommitJob = Extract<Job, { is: "commit" }>;

class SimulatedJournalStore implements JournalStore {
  readonly #disk: SimulatedJournalDisk;
  readonly #incarnation: number;
  /** Calls are served in their order, as the real store's thread does: a read sees exactly the commits called before it. */
  #jobs: Job[] = [];
  #serving: Promise<void> | undefined;
  #broken = false;
  #refused = false;
  #closed = false;

  constructor(disk: SimulatedJournalDisk, incarnation: number) {
    this.#disk = disk;
    this.#incarnation = incarnation;
  }

  commit(write: StoreWrite): Promise<void> {
    const copy = structuredClone(write);
    return new Promise((resolve, reject) => this.#add({ is: "commit", write: copy, resolve, reject }, reject));
  }

  entries(fromSeq: number, limit: number): ReturnType<JournalStore["entries"]> {
    return this.#read((tables) => tables.entriesFrom(fromSeq, limit));
  }

  entriesOf(subject: string, limit: number): ReturnType<JournalStore["entriesOf"]> {
    return this.#read((tables) => tables.entriesOf(subject, limit));
  }

  lastEntry(): ReturnType<JournalStore["lastEntry"]> {
    return this.#read((tables) => tables.lastEntry());
  }

  subject(subject: string): ReturnType<JournalStore["subject"]> {
    return this.#read((tables) => tables.subject(subject));
  }

  subjects(query: Parameters<JournalStore["subjects"]>[0]): ReturnType<JournalStore["subjects"]> {
    return this.#read((tables) => tables.subjectsWhere(query));
  }

  subjectTotals(query: Parameters<JournalStore["subjectTotals"]>[0]): ReturnType<JournalStore["subjectTotals"]> {
    return this.#read((tables) => tables.subjectTotals(query));
  }

  openBatches(limit: number): ReturnType<JournalStore["openBatches"]> {
    return this.#read((tables) => tables.openBatches(limit));
  }

  batch(batchSeq: number): ReturnType<JournalStore["batch"]> {
    return this.#read((tables) => tables.batch(batchSeq));
  }

  firstBatch(): ReturnType<JournalStore["firstBatch"]> {
    return this.#read((tables) => tables.firstBatch());
  }

  lastBatch(): ReturnType<JournalStore["lastBatch"]> {
    return this.#read((tables) => tables.lastBatch());
  }

  mark(name: string): ReturnType<JournalStore["mark"]> {
    return this.#read((tables) => tables.mark(name));
  }

  usage(): Promise<StoreUsage> {
    return this.#read((tables) => ({ usedBytes: tables.usedBytes, limitBytes: this.#disk.limitBytes, spareBytes: 0 }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#serving;
    if (this.#alive) this.#disk.release();
  }

  get #alive(): boolean {
    return this.#disk.incarnation === this.#incarnation;
  }

  #read<Value>(look: (tables: JournalTables) => Value): Promise<Value> {
    return new Promise((resolve, reject) => this.#add({ is: "read", answer: () => resolve(look(this.#disk.flushed)) }, reject));
  }

  #add(job: Job, reject: (fault: Fault) => void): void {
    if (this.#closed) {
      reject(new Fault("closed", "the journal's store is closed", { effectUnknown: false }));
      return;
    }
    this.#jobs.push(job);
    this.#serving ??= this.#serve();
  }

  /** Serves until nothing waits. After a cut it goes silent: what waited stays waiting for ever. */
  async #serve(): Promise<void> {
    // Whatever is called in the same instant goes into one commit, as with the real store.
    await Promise.resolve();
    while (this.#alive && this.#jobs.length > 0) {
      const group = this.#takeGroup();
      if (group.length > 0) await this.#commitGroup(group);
      else this.#answerReads();
    }
    this.#serving = undefined;
  }

  /** The commits at the head of the queue, up to the first read. */
  #takeGroup(): CommitJob[] {
    const group: CommitJob[] = [];
    for (const job of this.#jobs) {
      if (job.is === "read") break;
      group.push(job);
    }
    this.#jobs = this.#jobs.slice(group.length);
    return group;
  }

  #answerReads(): void {
    const jobs = this.#jobs;
    const firstCommit = jobs.findIndex((job) => job.is === "commit");
    const reads = firstCommit < 0 ? jobs : jobs.slice(0, firstCommit);
    this.#jobs = jobs.slice(reads.length);
    for (const job of reads) if (job.is === "read") job.answer();
  }

  async #commitGroup(group: readonly CommitJob[]): Promise<void> {
    const written: CommitJob[] = [];
    let waitMs = this.#disk.flushMs;
    let cutAfter = false;
    for (const job of group) {
      const fate = this.#fateOf(job);
      if (fate === "refused") continue;
      if (!(fate.kind === "cut" && fate.when === "before")) this.#disk.write(job.write);
      if (this.#endsHere(fate, group)) return;
      written.push(job);
      if (fate.kind === "delay") waitMs += fate.durationMs;
      cutAfter ||= fate.kind === "cut";
    }
    if (this.#disk.clock !== undefined && waitMs > 0) await this.#disk.clock.sleep(waitMs);
    if (!this.#alive) return;
    this.#disk.flush();
    for (const job of written) job.resolve();
    if (cutAfter) await this.#cutAfterwards();
  }

  /** Carries out a fate that ends the commit before its acknowledgement. */
  #endsHere(fate: CommitFate, group: readonly CommitJob[]): boolean {
    if (fate.kind === "broken") {
      // One transaction holds the whole group, so all of it shares the doubt.
      this.#breakDown(group, fate.written);
      return true;
    }
    if (fate.kind !== "cut" || fate.when === "after") return false;
    if (fate.when === "during") this.#disk.flush();
    this.#disk.cut();
    return true;
  }

  /** Refuses a commit at once where it must be, else asks the hooks for its fate. */
  #fateOf(job: CommitJob): CommitFate | "refused" {
    if (this.#broken) {
      job.reject(broken());
      return "refused";
    }
    const first = job.write.entries?.[0];
    const follows = first === undefined || first.seq === this.#disk.nextSeq;
    const fate = this.#refused && !follows ? FULL : this.#disk.fateOf(job.write);
    if (fate.kind === "full" || this.#disk.hasNoRoom) {
      this.#refused = true;
      job.reject(new Fault("store-full", "no space left for the journal", { effectUnknown: false }));
      return "refused";
    }
    assert(follows, "entries continue the entry before them");
    this.#refused = this.#refused && first === undefined;
    return fate;
  }

  #breakDown(jobs: readonly CommitJob[], written: boolean): void {
    if (written) this.#disk.flush();
    else this.#disk.forgetPending();
    this.#broken = true;
    for (const job of jobs) job.reject(broken());
  }

  /** Lets the acknowledgement arrive, then cuts: whoever waited for it has seen it, and nothing more. */
  async #cutAfterwards(): Promise<void> {
    if (this.#disk.clock !== undefined) await this.#disk.clock.sleep(0);
    else for (let turn = 0; turn < ACKNOWLEDGEMENT_TURNS; turn += 1) await Promise.resolve();
    if (this.#alive) this.#disk.cut();
  }
}

function broken(): Fault {
  return new Fault("store-broken", "a write failed, its effect is not known", { effectUnknown: true });
}
