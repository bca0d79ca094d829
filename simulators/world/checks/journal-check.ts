/*
 * Promise 5: order, counters and chain never fork or run back. Promise 6: exposure stays within its limits.
 * Looks at entries in the moment they are durable, once each.
 */
import { concat, EMPTY, fromHex, toHex, utf8 } from "../../../device/base/bytes.ts";
import type { StoredEntry } from "../../../device/base/ports.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import { type DurableEntry, readDurable } from "./durable-entry.ts";
import { promised } from "./violation.ts";

export interface ExposureLimits {
  readonly unreceiptedCount: number;
  readonly unreceiptedSumFen: number;
}

interface Subject {
  readonly kind: string;
  readonly state: string;
  readonly amountFen: number;
  readonly lastSeq: number;
}

const OVER = new Set(["done", "refused", "void"]);
const WITHOUT_MONEY = new Set(["refused", "void"]);

export class JournalCheck {
  readonly #suite: CipherSuite;
  readonly #limits: ExposureLimits;
  readonly #subjects = new Map<string, Subject>();
  readonly #exposed = new Map<string, Subject>();
  #seq = 0;
  #hash: string | undefined;
  /** The newest time of sale of each module. */
  readonly #saleTimes = new Map<string, string>();
  #wallMs = Number.NEGATIVE_INFINITY;
  /** Chain values by sequence, as they were when the entries became durable. */
  readonly #hashes: string[] = [];
  #takenThrough = 0;
  #receiptedThrough = 0;

  constructor(suite: CipherSuite, limits: ExposureLimits) {
    this.#suite = suite;
    this.#limits = limits;
  }

  get lastSeq(): number {
    return this.#seq;
  }

  get receiptedThrough(): number {
    return this.#receiptedThrough;
  }

  get subjects(): ReadonlyMap<string, Subject> {
    return this.#subjects;
  }

  durable(stored: StoredEntry): DurableEntry {
    promised(5, stored.seq === this.#seq + 1, () => `entry ${stored.seq} follows entry ${this.#seq}`);
    this.#chain(stored);
    this.#seq = stored.seq;
    this.#hashes.push(stored.hash);
    const entry = readDurable(stored);
    this.#times(entry);
    const subject = { kind: entry.kind, state: entry.state, amountFen: entry.amountFen, lastSeq: entry.seq };
    this.#subjects.set(entry.subject, subject);
    this.#expose(entry, subject);
    return entry;
  }

  /** The disk counts everything up to this entry as receipted. */
  receipted(throughSeq: number): void {
    promised(
      5,
      throughSeq >= this.#receiptedThrough && throughSeq <= this.#seq,
      () => `receipts ran from ${this.#receiptedThrough} to ${throughSeq} of ${this.#seq}`,
    );
    this.#receiptedThrough = throughSeq;
    for (const [name, subject] of this.#exposed) if (subject.lastSeq <= throughSeq) this.#exposed.delete(name);
  }

  /** Entries up to this one were taken away by rule. */
  get takenThrough(): number {
    return this.#takenThrough;
  }

  /** The disk begins behind this place: it was receipted, it is the place that was written, and whatever is open is still there. */
  taken(anchor: { readonly seq: number; readonly hash: string }, isThere: (subject: string) => boolean): void {
    const { seq, hash } = anchor;
    promised(5, seq >= this.#takenThrough && hash === this.#hashes[seq - 1], () => `the journal begins behind entry ${seq}, which was another one`);
    promised(1, seq <= this.#receiptedThrough, () => `entry ${seq} was taken away, receipts reach to ${this.#receiptedThrough}`);
    this.#takenThrough = seq;
    for (const [subject, { state, lastSeq }] of this.#subjects) {
      if (lastSeq > seq || !OVER.has(state)) promised(1, isThere(subject), () => `${subject} is ${state} since entry ${lastSeq} and was taken away`);
    }
  }

  /** Spec: pos/v1, 3, and the journal's own rule: SM3(previous ‖ SM3(body) ‖ SM3(sealed part or nothing)). */
  #chain(stored: StoredEntry): void {
    const suite = this.#suite;
    const link = concat(suite.sm3(utf8(stored.body)), suite.sm3(stored.sealed ?? EMPTY));
    const expected = this.#hash === undefined ? stored.hash : toHex(suite.sm3(fromHex(this.#hash), link));
    promised(5, stored.hash === expected, () => `entry ${stored.seq} breaks the chain`);
    this.#hash = stored.hash;
  }

  #times(entry: DurableEntry): void {
    const { wallMs } = entry;
    promised(5, wallMs === undefined || wallMs >= this.#wallMs, () => `entry ${entry.seq} is older than the one before it`);
    this.#wallMs = wallMs ?? this.#wallMs;
    if (entry.state !== "prepared" || entry.date === undefined || entry.time === undefined) return;
    const saleTime = `${entry.date}${entry.time}`;
    const module = entry.terminalNumber ?? "";
    // A load of electronic cash gives its time to its bank leg, which no module names.
    if (entry.kind === "purse-load" && module === "") return;
    const before = this.#saleTimes.get(module) ?? "";
    promised(5, saleTime > before, () => `sale time ${saleTime} follows ${before}`);
    this.#saleTimes.set(module, saleTime);
  }

  #expose(entry: DurableEntry, subject: Subject): void {
    if (entry.kind !== "quick-payment" && entry.kind !== "delayed-charge") return;
    if (WITHOUT_MONEY.has(entry.state)) this.#exposed.delete(entry.subject);
    else this.#exposed.set(entry.subject, subject);
    // A ride that is charged later has one record, which is its beginning and its end.
    if (entry.state !== "prepared" && entry.kind === "quick-payment") return;
    // What was had before is taken also beyond the limits, which have judged its beginning.
    if (entry.owed === true) return;
    let sumFen = 0;
    for (const { amountFen } of this.#exposed.values()) sumFen += amountFen;
    const { unreceiptedCount, unreceiptedSumFen } = this.#limits;
    promised(
      6,
      this.#exposed.size <= unreceiptedCount && sumFen <= unreceiptedSumFen,
      () => `${this.#exposed.size} sales of ${sumFen} fen are out without a receipt`,
    );
  }
}
