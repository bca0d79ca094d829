/*
 * Goal: what the host has receipted is in its database, whole batches at a time, and no subject is ever booked twice.
 * Method: SQLite, synchronous, one transaction for each batch; the uniqueness of subjects and of debits is the database's own.
 * Records are kept without their personal fields; those stay inside the sealed body of their batch.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { type Fen, fen } from "../../device/base/fen.ts";
import { copyTables, GENESIS_HASH, LEDGER_SCHEMA } from "./ledger-schema.ts";

/** "counter": cash, for which nobody else vouches. */
export type BookingProof = "tac" | "insurer" | "counter" | "unproved";

export interface Booking {
  readonly subject: string;
  readonly tid: string;
  readonly journalId: string;
  readonly kind: string;
  readonly amountFen: Fen;
  readonly bookedSeq: number;
  readonly proof: BookingProof;
  /** What is odd about the record although it was booked, for example a sum rule that the insurer's reply breaks. */
  readonly flags: readonly string[];
}

/** A subject that still owes an answer. */
export interface OpenSubject {
  readonly subject: string;
  readonly tid: string;
  readonly journalId: string;
  readonly kind: string;
  readonly state: string;
  readonly amountFen: Fen;
  readonly lastSeq: number;
}

export interface Reject {
  readonly tid: string;
  readonly journalId: string;
  readonly batchSeq: number;
  readonly seq: number;
  readonly reason: string;
  /** Canonical JSON of the parked record without its personal fields. */
  readonly record: string;
}

export interface KindTotal {
  readonly count: number;
  readonly fen: Fen;
}

/** How far one journal has been committed. */
export interface JournalHead {
  readonly upTo: number;
  readonly hash: string;
  readonly lastSeq: number;
}

export interface SubjectState {
  readonly kind: string;
  readonly state: string;
  readonly intentFen: number;
  readonly firstSeq: number;
}

export interface BatchRow {
  readonly tid: string;
  readonly journalId: string;
  readonly batchSeq: number;
  readonly hash: string;
  readonly prevHash: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly receivedMs: number;
  /** The sealed body exactly as it came, with its key name, initialisation vector and signature. */
  readonly sealed: string;
}

export interface RecordRow {
  readonly tid: string;
  readonly journalId: string;
  readonly batchSeq: number;
  readonly seq: number;
  readonly subject: string;
  readonly kind: string;
  readonly state: string;
  readonly amountFen: number;
  readonly record: string;
}

export interface QuarantineRow {
  readonly tid: string;
  readonly journalId: string;
  readonly batchSeq: number;
  readonly reason: string;
  readonly expectedHash: string;
  readonly receivedHash: string;
}

/** A live request that the head-end has seen. `reply` is empty while (or when never) nothing was answered. */
export interface RequestRow {
  readonly hash: string;
  readonly outcome: "forwarded" | "answered" | "expired";
  readonly reply: string;
}

type Row = Record<string, unknown>;
const text = (row: Row, name: string): string => String(row[name]);
const count = (row: Row, name: string): number => Number(row[name]);

function toOpenSubject(row: Row): OpenSubject {
  return {
    subject: text(row, "subject"),
    tid: text(row, "tid"),
    journalId: text(row, "journal_id"),
    kind: text(row, "kind"),
    state: text(row, "state"),
    amountFen: fen(count(row, "amount_fen")),
    lastSeq: count(row, "last_seq"),
  };
}

function toBooking(row: Row): Booking {
  return {
    subject: text(row, "subject"),
    tid: text(row, "tid"),
    journalId: text(row, "journal_id"),
    kind: text(row, "kind"),
    amountFen: fen(count(row, "amount_fen")),
    bookedSeq: count(row, "booked_seq"),
    proof: text(row, "proof") as BookingProof,
    flags: JSON.parse(text(row, "flags")) as readonly string[],
  };
}

function toReject(row: Row): Reject {
  return {
    tid: text(row, "tid"),
    journalId: text(row, "journal_id"),
    batchSeq: count(row, "batch_seq"),
    seq: count(row, "seq"),
    reason: text(row, "reason"),
    record: text(row, "record"),
  };
}

export class Ledger {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Opens or makes the ledger: a file, durable at every commit, or ":memory:" for a simulated world. */
  static open(path: string): Ledger {
    const database = new DatabaseSync(path);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
    database.prepare("ATTACH DATABASE ? AS backup").run(path === ":memory:" ? ":memory:" : `${path}.backup`);
    database.exec(LEDGER_SCHEMA);
    return new Ledger(database);
  }

  close(): void {
    this.#database.close();
  }

  #run(sql: string, ...values: readonly SQLInputValue[]): void {
    this.#statement(sql).run(...values);
  }

  #all(sql: string, ...values: readonly SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  #one(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** All of `work` or nothing of it is in the database; durable on return. */
  inTransaction<Value>(work: () => Value): Value {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const value = work();
      this.#database.exec("COMMIT");
      return value;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  // What the settlement core reads and writes.

  head(tid: string, journalId: string): JournalHead {
    const row = this.#one("SELECT up_to, hash, last_seq FROM terminals WHERE tid = ? AND journal_id = ?", tid, journalId);
    if (row === undefined) return { upTo: 0, hash: GENESIS_HASH, lastSeq: 0 };
    return { upTo: count(row, "up_to"), hash: text(row, "hash"), lastSeq: count(row, "last_seq") };
  }

  /** The terminal that first sent batches of this journal. */
  ownerOf(journalId: string): string | undefined {
    const row = this.#one("SELECT tid FROM terminals WHERE journal_id = ? LIMIT 1", journalId);
    return row === undefined ? undefined : text(row, "tid");
  }

  batchHash(tid: string, journalId: string, batchSeq: number): string | undefined {
    const row = this.#one("SELECT hash FROM batches WHERE tid = ? AND journal_id = ? AND batch_seq = ?", tid, journalId, batchSeq);
    return row === undefined ? undefined : text(row, "hash");
  }

  /** Batches that people gave up, as rows that stand for all of them. */
  givenUp(): readonly Omit<BatchRow, "hash" | "prevHash" | "sealed">[] {
    return this.#all(
      "SELECT tid, journal_id, batch_seq, first_seq, last_seq, received_ms FROM batches WHERE sealed LIKE '{\"givenUp\":%' ORDER BY tid, batch_seq",
    ).map((row) => ({
      ...{ tid: text(row, "tid"), journalId: text(row, "journal_id"), batchSeq: count(row, "batch_seq") },
      ...{ firstSeq: count(row, "first_seq"), lastSeq: count(row, "last_seq"), receivedMs: count(row, "received_ms") },
    }));
  }

  addBatch(batch: BatchRow): void {
    this.#run(
      "INSERT INTO batches (tid, journal_id, batch_seq, hash, prev_hash, first_seq, last_seq, received_ms, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      batch.tid,
      batch.journalId,
      batch.batchSeq,
      batch.hash,
      batch.prevHash,
      batch.firstSeq,
      batch.lastSeq,
      batch.receivedMs,
      batch.sealed,
    );
    this.#run(
      "INSERT INTO terminals (tid, journal_id, up_to, hash, last_seq) VALUES (?, ?, ?, ?, ?) ON CONFLICT (tid, journal_id) DO UPDATE SET up_to = excluded.up_to, hash = excluded.hash, last_seq = excluded.last_seq",
      batch.tid,
      batch.journalId,
      batch.batchSeq,
      batch.hash,
      batch.lastSeq,
    );
  }

  addRecord(row: RecordRow): void {
    this.#run(
      "INSERT INTO records (tid, journal_id, batch_seq, seq, subject, kind, state, amount_fen, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      row.tid,
      row.journalId,
      row.batchSeq,
      row.seq,
      row.subject,
      row.kind,
      row.state,
      row.amountFen,
      row.record,
    );
  }

  /** Subject of a record that was received and not parked, or undefined. */
  subjectOfRecord(tid: string, journalId: string, seq: number): string | undefined {
    const row = this.#one("SELECT subject FROM records WHERE tid = ? AND journal_id = ? AND seq = ?", tid, journalId, seq);
    return row === undefined ? undefined : text(row, "subject");
  }

  /** Canonical JSON of a record as it was received; undefined when there is none. */
  recordText(tid: string, journalId: string, seq: number): string | undefined {
    const row = this.#one("SELECT record FROM records WHERE tid = ? AND journal_id = ? AND seq = ?", tid, journalId, seq);
    return row === undefined ? undefined : text(row, "record");
  }

  addReject(reject: Reject): void {
    this.#run(
      "INSERT INTO rejects (tid, journal_id, batch_seq, seq, reason, record) VALUES (?, ?, ?, ?, ?, ?)",
      reject.tid,
      reject.journalId,
      reject.batchSeq,
      reject.seq,
      reject.reason,
      reject.record,
    );
  }

  subjectState(subject: string): SubjectState | undefined {
    const row = this.#one("SELECT kind, state, intent_fen, first_seq FROM subjects WHERE subject = ?", subject);
    if (row === undefined) return undefined;
    return { kind: text(row, "kind"), state: text(row, "state"), intentFen: count(row, "intent_fen"), firstSeq: count(row, "first_seq") };
  }

  setSubject(subject: OpenSubject & { readonly firstSeq: number }): void {
    this.#run(
      "INSERT INTO subjects (subject, tid, journal_id, kind, state, intent_fen, first_seq, last_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (subject) DO UPDATE SET state = excluded.state, last_seq = excluded.last_seq",
      subject.subject,
      subject.tid,
      subject.journalId,
      subject.kind,
      subject.state,
      subject.amountFen,
      subject.firstSeq,
      subject.lastSeq,
    );
  }

  listUnknown(open: OpenSubject): void {
    this.#run(
      "INSERT INTO unknowns (subject, tid, journal_id, kind, state, amount_fen, last_seq) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (subject) DO UPDATE SET state = excluded.state, last_seq = excluded.last_seq",
      open.subject,
      open.tid,
      open.journalId,
      open.kind,
      open.state,
      open.amountFen,
      open.lastSeq,
    );
  }

  closeUnknown(subject: string): void {
    this.#run("DELETE FROM unknowns WHERE subject = ?", subject);
  }

  /** Subject that was booked on this evidence (one debit of one card, one settlement of the insurer). */
  subjectBookedOn(evidence: string): string | undefined {
    const row = this.#one("SELECT subject FROM bookings WHERE evidence = ?", evidence);
    return row === undefined ? undefined : text(row, "subject");
  }

  book(booking: Booking, evidence: string | undefined): void {
    this.#run(
      "INSERT INTO bookings (subject, tid, journal_id, kind, amount_fen, booked_seq, proof, evidence, flags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      booking.subject,
      booking.tid,
      booking.journalId,
      booking.kind,
      booking.amountFen,
      booking.bookedSeq,
      booking.proof,
      evidence ?? null,
      JSON.stringify(booking.flags),
    );
  }

  quarantine(row: QuarantineRow, nowMs: number): void {
    this.#run(
      "INSERT OR IGNORE INTO quarantine (tid, journal_id, batch_seq, reason, expected_hash, received_hash, since_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
      row.tid,
      row.journalId,
      row.batchSeq,
      row.reason,
      row.expectedHash,
      row.receivedHash,
      nowMs,
    );
  }

  rejectsOfBatches(tid: string, journalId: string, range: { readonly from: number; readonly to: number; readonly limit: number }): Reject[] {
    return this.#all(
      "SELECT * FROM rejects WHERE tid = ? AND journal_id = ? AND batch_seq BETWEEN ? AND ? ORDER BY batch_seq DESC, seq DESC LIMIT ?",
      tid,
      journalId,
      range.from,
      range.to,
      range.limit,
    )
      .map(toReject)
      .reverse();
  }

  // What the head-end remembers. It must outlive everything else: a forgotten request could reach a service twice.

  request(tid: string, reqId: string): RequestRow | undefined {
    const row = this.#one("SELECT hash, outcome, reply FROM requests WHERE tid = ? AND req_id = ?", tid, reqId);
    if (row === undefined) return undefined;
    return { hash: text(row, "hash"), outcome: text(row, "outcome") as RequestRow["outcome"], reply: text(row, "reply") };
  }

  setRequest(tid: string, reqId: string, row: RequestRow): void {
    this.#run(
      "INSERT INTO requests (tid, req_id, hash, outcome, reply) VALUES (?, ?, ?, ?, ?) ON CONFLICT (tid, req_id) DO UPDATE SET outcome = excluded.outcome, reply = excluded.reply",
      tid,
      reqId,
      row.hash,
      row.outcome,
      row.reply,
    );
  }

  // Questions of checkers, totals and people.

  /** Count and sum of what was booked, by kind. */
  totalsByKind(): Record<string, KindTotal> {
    const totals: Record<string, KindTotal> = {};
    for (const row of this.#all("SELECT kind, COUNT(*) AS n, SUM(amount_fen) AS total FROM bookings GROUP BY kind ORDER BY kind")) {
      totals[text(row, "kind")] = { count: count(row, "n"), fen: fen(count(row, "total")) };
    }
    return totals;
  }

  /** Count and sum of what terminals have told as done, by kind, whoever clears it. */
  toldByKind(): Record<string, KindTotal> {
    const totals: Record<string, KindTotal> = {};
    const sql = `SELECT s.kind AS kind, COUNT(*) AS n, SUM(r.amount_fen) AS total FROM subjects s
       JOIN records r ON r.tid = s.tid AND r.journal_id = s.journal_id AND r.seq = s.last_seq
       WHERE s.state = 'done' GROUP BY s.kind ORDER BY s.kind`;
    for (const row of this.#all(sql)) totals[text(row, "kind")] = { count: count(row, "n"), fen: fen(count(row, "total")) };
    return totals;
  }

  bookings(): Booking[] {
    return this.#all("SELECT * FROM bookings ORDER BY tid, journal_id, booked_seq").map(toBooking);
  }

  booking(subject: string): Booking | undefined {
    const row = this.#one("SELECT * FROM bookings WHERE subject = ?", subject);
    return row === undefined ? undefined : toBooking(row);
  }

  isBooked(subject: string): boolean {
    return this.booking(subject) !== undefined;
  }

  /** Subjects that are unknown or only prepared, with their last state. */
  unknownSubjects(): OpenSubject[] {
    return this.#all("SELECT * FROM unknowns ORDER BY tid, journal_id, subject").map(toOpenSubject);
  }

  rejects(): Reject[] {
    return this.#all("SELECT * FROM rejects ORDER BY tid, journal_id, seq").map(toReject);
  }

  quarantined(tid: string): boolean {
    return this.#one("SELECT 1 AS yes FROM quarantine WHERE tid = ? LIMIT 1", tid) !== undefined;
  }

  quarantines(): QuarantineRow[] {
    return this.#all("SELECT * FROM quarantine ORDER BY tid, journal_id, batch_seq").map((row) => ({
      tid: text(row, "tid"),
      journalId: text(row, "journal_id"),
      batchSeq: count(row, "batch_seq"),
      reason: text(row, "reason"),
      expectedHash: text(row, "expected_hash"),
      receivedHash: text(row, "received_hash"),
    }));
  }

  /** Lifts the quarantine of a terminal: the signed act of a person at the host, after having looked. */
  releaseQuarantine(tid: string): void {
    this.#run("DELETE FROM quarantine WHERE tid = ?", tid);
  }

  /** Sequence of the last record that stands in a committed batch; 0 when there is none. */
  receiptedThrough(tid: string, journalId: string): number {
    return this.head(tid, journalId).lastSeq;
  }

  recordCount(): number {
    return count(this.#one("SELECT COUNT(*) AS n FROM records") ?? { n: 0 }, "n");
  }

  /** Final or open state of a subject as the host knows it. */
  stateOf(subject: string): string | undefined {
    return this.subjectState(subject)?.state;
  }

  // Backup and restore, so that a host that lost its last days can be tried.

  takeBackup(): void {
    this.inTransaction(() => copyTables((sql) => this.#database.exec(sql), { from: "main", to: "backup" }));
  }

  /** Puts the ledger back to the last backup. What the head-end remembers about live requests stays. */
  restoreBackup(): void {
    this.inTransaction(() => copyTables((sql) => this.#database.exec(sql), { from: "backup", to: "main" }));
  }
}
