/* The insurer's own books: accounts, settlements, voids, reversals. SQLite, synchronous; a settlement and its account move in one transaction. */
import { assert } from "../../../device/base/assert.ts";
import { type Row, SqlStore } from "../sql-store.ts";
import { ECodeBook } from "./e-code-book.ts";
import { FileBook } from "./file-book.ts";
import { migrate } from "./schema.ts";
import { StockBook } from "./stock-book.ts";
import { VisitBook } from "./visit-book.ts";

export type SettlementStatus = "booked" | "voided" | "reversed";

/** "2102" at a pharmacy, "2207" for an outpatient visit. */
export type SettlementCode = "2102" | "2207";

export interface Settlement {
  /** setl_id. */
  readonly settlementId: string;
  /** mdtrt_id. */
  readonly visitId: string;
  readonly msgid: string;
  readonly infno: SettlementCode;
  /** fixmedins_code. */
  readonly institution: string;
  readonly personNumber: string;
  readonly insuranceType: string;
  /** insuplc_admdvs. */
  readonly insuranceArea: string;
  /** med_type. */
  readonly medicalType: string;
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
  /** chrg_bchno of the fees of an outpatient visit, else "". */
  readonly batch: string;
  /** Fee lines as JSON text: rows of 5204. */
  readonly lines: string;
  /** The e-code that it was settled with, else "". */
  readonly credential: string;
  /** What the reply said, as it was sent. */
  readonly figures: string;
}

export type NewSettlement = Omit<Settlement, "status" | "closedAtMs" | "closedBy">;

export interface VoidEntry {
  readonly msgid: string;
  readonly infno: "2103" | "2208";
  readonly settlementId: string;
  readonly personNumber: string;
  readonly undone: boolean;
}

function toSettlement(row: Row): Settlement {
  const amount = (name: string) => BigInt(row[name] as number);
  const text = (name: string) => String(row[name]);
  return {
    settlementId: text("setl_id"),
    visitId: text("mdtrt_id"),
    msgid: text("msgid"),
    infno: row["infno"] as SettlementCode,
    institution: text("institution"),
    personNumber: text("psn_no"),
    insuranceType: text("insutype"),
    insuranceArea: text("area"),
    medicalType: text("med_type"),
    clearingType: text("clr_type"),
    clearingAgency: text("clr_optins"),
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
    batch: text("batch"),
    lines: text("lines"),
    credential: text("credential"),
    figures: text("figures"),
  };
}

/** Column of each member of a new settlement. */
function columnsOf(entry: NewSettlement): Readonly<Record<string, string | number | bigint>> {
  return {
    setl_id: entry.settlementId,
    mdtrt_id: entry.visitId,
    msgid: entry.msgid,
    infno: entry.infno,
    institution: entry.institution,
    psn_no: entry.personNumber,
    insutype: entry.insuranceType,
    area: entry.insuranceArea,
    med_type: entry.medicalType,
    clr_type: entry.clearingType,
    clr_optins: entry.clearingAgency,
    total_fen: entry.totalFen,
    fund_fen: entry.fundFen,
    account_fen: entry.accountFen,
    mutual_fen: entry.mutualAidFen,
    cash_fen: entry.cashFen,
    deductible_fen: entry.deductibleFen,
    booked_ms: entry.bookedAtMs,
    batch: entry.batch,
    lines: entry.lines,
    credential: entry.credential,
    figures: entry.figures,
    status: "booked",
  };
}

export class InsurerLedger {
  readonly #store: SqlStore;
  readonly eCodes: ECodeBook;
  readonly files: FileBook;
  readonly stock: StockBook;
  readonly visits: VisitBook;

  private constructor(store: SqlStore) {
    this.#store = store;
    this.eCodes = new ECodeBook(store);
    this.files = new FileBook(store);
    this.stock = new StockBook(store);
    this.visits = new VisitBook(store);
  }

  /** A file, durable at every commit, or ":memory:". */
  static open(path: string): InsurerLedger {
    return new InsurerLedger(SqlStore.open(path, migrate));
  }

  close(): void {
    this.#store.close();
  }

  /** All of the work or none of it. */
  atomically<Result>(work: () => Result): Result {
    return this.#store.atomically(work);
  }

  /** Opens an account with its opening balances; one that exists keeps what it has. */
  openAccount(personNumber: string, balances: { readonly accountFen: bigint; readonly mutualAidFen: bigint }): void {
    this.#store.run(
      "INSERT OR IGNORE INTO accounts (psn_no, account_fen, mutual_fen) VALUES (?, ?, ?)",
      personNumber,
      balances.accountFen,
      balances.mutualAidFen,
    );
  }

  balances(personNumber: string): { readonly accountFen: bigint; readonly mutualAidFen: bigint } {
    const row = this.#store.one("SELECT account_fen, mutual_fen FROM accounts WHERE psn_no = ?", personNumber);
    assert(row !== undefined, "every insured person has an account");
    return { accountFen: BigInt(row["account_fen"] as number), mutualAidFen: BigInt(row["mutual_fen"] as number) };
  }

  /** The next number of a named series, starting with 1. */
  next(name: string): number {
    return this.#store.next(name);
  }

  signIn(signNumber: string, operator: string, atMs: number): void {
    this.#store.run("INSERT INTO sign_ins (sign_no, operator, at_ms) VALUES (?, ?, ?)", signNumber, operator, atMs);
  }

  /** When a number was given out and ended, or undefined where it never was. */
  signInOf(signNumber: string): { readonly operator: string; readonly atMs: number; readonly endedAtMs: number | undefined } | undefined {
    const row = this.#store.one("SELECT operator, at_ms, ended_ms FROM sign_ins WHERE sign_no = ?", signNumber);
    if (row === undefined) return undefined;
    return { operator: String(row["operator"]), atMs: Number(row["at_ms"]), endedAtMs: row["ended_ms"] === null ? undefined : Number(row["ended_ms"]) };
  }

  signOut(signNumber: string, atMs: number): void {
    this.#store.run("UPDATE sign_ins SET ended_ms = ? WHERE sign_no = ?", atMs, signNumber);
  }

  book(entry: NewSettlement): void {
    const columns = columnsOf(entry);
    this.atomically(() => {
      const names = Object.keys(columns);
      this.#store.run(`INSERT INTO settlements (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`, ...Object.values(columns));
      this.#moveAccount(entry.personNumber, -entry.accountFen, -entry.mutualAidFen);
    });
  }

  #moveAccount(personNumber: string, accountFen: bigint, mutualAidFen: bigint): void {
    this.#store.run("UPDATE accounts SET account_fen = account_fen + ?, mutual_fen = mutual_fen + ? WHERE psn_no = ?", accountFen, mutualAidFen, personNumber);
  }

  /** Takes a booked settlement back and gives the account its money again. */
  takeBack(entry: Settlement, how: { readonly status: "voided" | "reversed"; readonly msgid: string; readonly atMs: number }): void {
    assert(entry.status === "booked", "only a booked settlement can be taken back");
    this.atomically(() => {
      this.#store.run("UPDATE settlements SET status = ?, closed_ms = ?, closed_by = ? WHERE setl_id = ?", how.status, how.atMs, how.msgid, entry.settlementId);
      if (how.status === "voided") {
        const infno = entry.infno === "2102" ? "2103" : "2208";
        this.#store.run(
          "INSERT INTO voids (msgid, infno, setl_id, psn_no, undone) VALUES (?, ?, ?, ?, 0)",
          how.msgid,
          infno,
          entry.settlementId,
          entry.personNumber,
        );
      }
      this.#moveAccount(entry.personNumber, entry.accountFen, entry.mutualAidFen);
      this.stock.freeSettled(entry.settlementId);
    });
  }

  /** Whether the account still holds what a restored settlement takes from it again. */
  canUndo(entry: VoidEntry): boolean {
    const settlement = this.settlement(entry.settlementId);
    if (settlement === undefined) return false;
    const { accountFen, mutualAidFen } = this.balances(settlement.personNumber);
    return accountFen >= settlement.accountFen && mutualAidFen >= settlement.mutualAidFen;
  }

  /** Reverses a void: the settlement stands again. */
  undoVoid(entry: VoidEntry): void {
    const settlement = this.settlement(entry.settlementId);
    assert(settlement?.status === "voided" && !entry.undone, "a void is undone once, while it stands");
    this.atomically(() => {
      this.#store.run("UPDATE settlements SET status = 'booked', closed_ms = NULL, closed_by = NULL WHERE setl_id = ?", entry.settlementId);
      this.#store.run("UPDATE voids SET undone = 1 WHERE msgid = ?", entry.msgid);
      this.#moveAccount(settlement.personNumber, -settlement.accountFen, -settlement.mutualAidFen);
      this.stock.restoreSettled(entry.settlementId);
    });
  }

  voidOf(msgid: string): VoidEntry | undefined {
    const row = this.#store.one("SELECT * FROM voids WHERE msgid = ?", msgid);
    if (row === undefined) return undefined;
    const infno = row["infno"] === "2208" ? "2208" : "2103";
    return { msgid, infno, settlementId: String(row["setl_id"]), personNumber: String(row["psn_no"]), undone: row["undone"] === 1 };
  }

  rememberReversal(omsgid: string, atMs: number): void {
    this.#store.run("INSERT OR IGNORE INTO reversals (omsgid, at_ms) VALUES (?, ?)", omsgid, atMs);
  }

  reversalSeen(omsgid: string): boolean {
    return this.#store.one("SELECT 1 AS yes FROM reversals WHERE omsgid = ?", omsgid) !== undefined;
  }

  settlement(settlementId: string): Settlement | undefined {
    const row = this.#store.one("SELECT * FROM settlements WHERE setl_id = ?", settlementId);
    return row === undefined ? undefined : toSettlement(row);
  }

  byMsgid(msgid: string): Settlement[] {
    return this.#store.all("SELECT * FROM settlements WHERE msgid = ? ORDER BY setl_id", msgid).map(toSettlement);
  }

  ofVisit(visitId: string): Settlement[] {
    return this.#store.all("SELECT * FROM settlements WHERE mdtrt_id = ? ORDER BY booked_ms, setl_id", visitId).map(toSettlement);
  }

  settlements(): Settlement[] {
    return this.#store.all("SELECT * FROM settlements ORDER BY booked_ms, setl_id").map(toSettlement);
  }

  /** What one clearing agency pays an institution for one clearing type: all of it, whatever became of it. */
  ofClearing(group: { readonly institution: string; readonly clearingType: string; readonly agency: string }): Settlement[] {
    return this.#store
      .all(
        "SELECT * FROM settlements WHERE institution = ? AND clr_type = ? AND clr_optins = ? ORDER BY booked_ms, setl_id",
        group.institution,
        group.clearingType,
        group.agency,
      )
      .map(toSettlement);
  }

  bookedOf(personNumber: string): Settlement[] {
    return this.#store.all("SELECT * FROM settlements WHERE psn_no = ? AND status = 'booked'", personNumber).map(toSettlement);
  }

  /** A clearing application of an institution. */
  applyForClearing(application: { readonly id: string; readonly institution: string; readonly atMs: number; readonly fields: string }): void {
    const { id, institution, atMs, fields } = application;
    this.#store.run(
      "INSERT INTO clearings (clr_appy_evt_id, institution, status, at_ms, fields) VALUES (?, ?, 'applied', ?, ?)",
      id,
      institution,
      atMs,
      fields,
    );
  }

  /** Ends an application that stands; answers whether there was one. */
  cancelClearing(id: string, institution: string): boolean {
    return (
      this.#store.run("UPDATE clearings SET status = 'cancelled' WHERE clr_appy_evt_id = ? AND institution = ? AND status = 'applied'", id, institution) === 1
    );
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
