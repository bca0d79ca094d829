/* The insurer's own books: accounts, settlements, voids, reversals. SQLite, synchronous; a settlement and its account move in one transaction. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { assert } from "../../../device/base/assert.ts";

export type SettlementStatus = "booked" | "voided" | "reversed";

export interface Settlement {
  /** setl_id. */
  readonly settlementId: string;
  /** mdtrt_id. */
  readonly visitId: string;
  readonly msgid: string;
  readonly personNumber: string;
  readonly insuranceType: string;
  readonly clearingType: string;
  readonly clearingAgency: string;
  readonly totalFen: bigint;
  readonly fundFen: bigint;
  readonly accountFen: bigint;
  readonly mutualAidFen: bigint;
  readonly cashFen: bigint;
  readonly deductibleFen: bigint;
  readonly bookedAtMs: number;
  readonly status: SettlementStatus;
  /** When and by which message it was voided or reversed. */
  readonly closedAtMs: number | undefined;
  readonly closedBy: string | undefined;
  /** What the reply said, as it was sent. */
  readonly figures: string;
}

export type NewSettlement = Omit<Settlement, "status" | "closedAtMs" | "closedBy">;

export interface VoidEntry {
  readonly msgid: string;
  readonly settlementId: string;
  readonly personNumber: string;
  readonly undone: boolean;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS accounts (psn_no TEXT PRIMARY KEY, account_fen INTEGER NOT NULL CHECK (account_fen >= 0), mutual_fen INTEGER NOT NULL CHECK (mutual_fen >= 0));
CREATE TABLE IF NOT EXISTS settlements (setl_id TEXT PRIMARY KEY, mdtrt_id TEXT NOT NULL, msgid TEXT NOT NULL, psn_no TEXT NOT NULL, insutype TEXT NOT NULL, clr_type TEXT NOT NULL,
  clr_optins TEXT NOT NULL, total_fen INTEGER NOT NULL, fund_fen INTEGER NOT NULL, account_fen INTEGER NOT NULL, mutual_fen INTEGER NOT NULL, cash_fen INTEGER NOT NULL,
  deductible_fen INTEGER NOT NULL, booked_ms INTEGER NOT NULL, status TEXT NOT NULL, closed_ms INTEGER, closed_by TEXT, figures TEXT NOT NULL,
  CHECK (total_fen = fund_fen + account_fen + mutual_fen + cash_fen));
CREATE INDEX IF NOT EXISTS settlements_by_msgid ON settlements (msgid);
CREATE TABLE IF NOT EXISTS voids (msgid TEXT PRIMARY KEY, setl_id TEXT NOT NULL, psn_no TEXT NOT NULL, undone INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS reversals (omsgid TEXT PRIMARY KEY, at_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sign_ins (sign_no TEXT PRIMARY KEY, operator TEXT NOT NULL, at_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);`;

type Row = Record<string, unknown>;

function toSettlement(row: Row): Settlement {
  const amount = (name: string) => BigInt(row[name] as number);
  return {
    settlementId: String(row["setl_id"]),
    visitId: String(row["mdtrt_id"]),
    msgid: String(row["msgid"]),
    personNumber: String(row["psn_no"]),
    insuranceType: String(row["insutype"]),
    clearingType: String(row["clr_type"]),
    clearingAgency: String(row["clr_optins"]),
    totalFen: amount("total_fen"),
    fundFen: amount("fund_fen"),
    accountFen: amount("account_fen"),
    mutualAidFen: amount("mutual_fen"),
    cashFen: amount("cash_fen"),
    deductibleFen: amount("deductible_fen"),
    bookedAtMs: Number(row["booked_ms"]),
    status: row["status"] as SettlementStatus,
    closedAtMs: row["closed_ms"] === null ? undefined : Number(row["closed_ms"]),
    closedBy: row["closed_by"] === null ? undefined : (row["closed_by"] as string),
    figures: String(row["figures"]),
  };
}

export class InsurerLedger {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** A file, durable at every commit, or ":memory:". */
  static open(path: string): InsurerLedger {
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${SCHEMA}`);
    return new InsurerLedger(database);
  }

  close(): void {
    this.#database.close();
  }

  #run(sql: string, ...values: readonly SQLInputValue[]): void {
    this.#database.prepare(sql).run(...values);
  }

  #all(sql: string, ...values: readonly SQLInputValue[]): Row[] {
    return this.#database.prepare(sql).all(...values) as Row[];
  }

  #one(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#database.prepare(sql).get(...values) as Row | undefined;
  }

  #atomically(work: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Opens an account with its opening balances; one that exists keeps what it has. */
  openAccount(personNumber: string, balances: { readonly accountFen: bigint; readonly mutualAidFen: bigint }): void {
    this.#run("INSERT OR IGNORE INTO accounts (psn_no, account_fen, mutual_fen) VALUES (?, ?, ?)", personNumber, balances.accountFen, balances.mutualAidFen);
  }

  balances(personNumber: string): { readonly accountFen: bigint; readonly mutualAidFen: bigint } {
    const row = this.#one("SELECT account_fen, mutual_fen FROM accounts WHERE psn_no = ?", personNumber);
    assert(row !== undefined, "every insured person has an account");
    return { accountFen: BigInt(row["account_fen"] as number), mutualAidFen: BigInt(row["mutual_fen"] as number) };
  }

  /** The next number of a named series, starting with 1. */
  next(name: string): number {
    this.#run("INSERT INTO counters (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1", name);
    return Number(this.#one("SELECT value FROM counters WHERE name = ?", name)?.["value"]);
  }

  signIn(signNumber: string, operator: string, atMs: number): void {
    this.#run("INSERT INTO sign_ins (sign_no, operator, at_ms) VALUES (?, ?, ?)", signNumber, operator, atMs);
  }

  signedIn(signNumber: string): boolean {
    return this.#one("SELECT 1 AS yes FROM sign_ins WHERE sign_no = ?", signNumber) !== undefined;
  }

  book(entry: NewSettlement): void {
    this.#atomically(() => {
      this.#run(
        `INSERT INTO settlements (setl_id, mdtrt_id, msgid, psn_no, insutype, clr_type, clr_optins, total_fen, fund_fen, account_fen, mutual_fen, cash_fen, deductible_fen, booked_ms, status, figures)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'booked', ?)`,
        entry.settlementId,
        entry.visitId,
        entry.msgid,
        entry.personNumber,
        entry.insuranceType,
        entry.clearingType,
        entry.clearingAgency,
        entry.totalFen,
        entry.fundFen,
        entry.accountFen,
        entry.mutualAidFen,
        entry.cashFen,
        entry.deductibleFen,
        entry.bookedAtMs,
        entry.figures,
      );
      this.#moveAccount(entry.personNumber, -entry.accountFen, -entry.mutualAidFen);
    });
  }

  #moveAccount(personNumber: string, accountFen: bigint, mutualAidFen: bigint): void {
    this.#run("UPDATE accounts SET account_fen = account_fen + ?, mutual_fen = mutual_fen + ? WHERE psn_no = ?", accountFen, mutualAidFen, personNumber);
  }

  /** Takes a booked settlement back and gives the account its money again. */
  takeBack(entry: Settlement, how: { readonly status: "voided" | "reversed"; readonly msgid: string; readonly atMs: number }): void {
    assert(entry.status === "booked", "only a booked settlement can be taken back");
    this.#atomically(() => {
      this.#run("UPDATE settlements SET status = ?, closed_ms = ?, closed_by = ? WHERE setl_id = ?", how.status, how.atMs, how.msgid, entry.settlementId);
      if (how.status === "voided")
        this.#run("INSERT INTO voids (msgid, setl_id, psn_no, undone) VALUES (?, ?, ?, 0)", how.msgid, entry.settlementId, entry.personNumber);
      this.#moveAccount(entry.personNumber, entry.accountFen, entry.mutualAidFen);
    });
  }

  /** Reverses a void: the settlement stands again. */
  undoVoid(entry: VoidEntry): void {
    const settlement = this.settlement(entry.settlementId);
    assert(settlement?.status === "voided" && !entry.undone, "a void is undone once, while it stands");
    this.#atomically(() => {
      this.#run("UPDATE settlements SET status = 'booked', closed_ms = NULL, closed_by = NULL WHERE setl_id = ?", entry.settlementId);
      this.#run("UPDATE voids SET undone = 1 WHERE msgid = ?", entry.msgid);
      this.#moveAccount(settlement.personNumber, -settlement.accountFen, -settlement.mutualAidFen);
    });
  }

  voidOf(msgid: string): VoidEntry | undefined {
    const row = this.#one("SELECT * FROM voids WHERE msgid = ?", msgid);
    return row === undefined ? undefined : { msgid, settlementId: String(row["setl_id"]), personNumber: String(row["psn_no"]), undone: row["undone"] === 1 };
  }

  rememberReversal(omsgid: string, atMs: number): void {
    this.#run("INSERT OR IGNORE INTO reversals (omsgid, at_ms) VALUES (?, ?)", omsgid, atMs);
  }

  reversalSeen(omsgid: string): boolean {
    return this.#one("SELECT 1 AS yes FROM reversals WHERE omsgid = ?", omsgid) !== undefined;
  }

  settlement(settlementId: string): Settlement | undefined {
    const row = this.#one("SELECT * FROM settlements WHERE setl_id = ?", settlementId);
    return row === undefined ? undefined : toSettlement(row);
  }

  byMsgid(msgid: string): Settlement[] {
    return this.#all("SELECT * FROM settlements WHERE msgid = ? ORDER BY setl_id", msgid).map(toSettlement);
  }

  settlements(): Settlement[] {
    return this.#all("SELECT * FROM settlements ORDER BY booked_ms, setl_id").map(toSettlement);
  }

  bookedOf(personNumber: string): Settlement[] {
    return this.#all("SELECT * FROM settlements WHERE psn_no = ? AND status = 'booked'", personNumber).map(toSettlement);
  }

  /** Count and sums of what stands booked: the insurer's side of every comparison. */
  totals(): { readonly count: number; readonly totalFen: bigint; readonly fundFen: bigint; readonly accountFen: bigint } {
    const booked = this.settlements().filter((entry) => entry.status === "booked");
    const sum = (amount: (entry: Settlement) => bigint) => booked.reduce((total, entry) => total + amount(entry), 0n);
    return {
      count: booked.length,
      totalFen: sum((entry) => entry.totalFen),
      fundFen: sum((entry) => entry.fundFen),
      accountFen: sum((entry) => entry.accountFen),
    };
  }
}
