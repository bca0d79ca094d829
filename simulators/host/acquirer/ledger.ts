/*
 * Goal: the acquirer's own books, durable at every commit: accounts, transactions, reversals, and for each movement of money an entry of two sides.
 * Method: SQLite; whatever belongs together moves in one transaction of the database, and no caller can post one side alone.
 */
import { assert } from "../../../device/base/assert.ts";
import { type Row, SqlStore } from "../sql-store.ts";
import { BatchBooks } from "./batch-books.ts";
import { prepareAcquirerBooks } from "./schema.ts";
import { SessionBook } from "./session-book.ts";
import type { Account, AccountOpening, BankBusiness, BankTransaction, CardStatus, MessagePlace, NewTransaction, TransactionStatus } from "./words.ts";

/** Sides of an entry that are no account of a card. */
export const OUTSIDE = { electronicCash: "float:electronic-cash", purse: "float:e-purse" } as const;

export const PIN_TRIES = 3;

function toAccount(row: Row): Account {
  return {
    pan: String(row["pan"]),
    balanceFen: Number(row["balance_fen"]),
    pin: String(row["pin"]),
    triesLeft: Number(row["tries_left"]),
    status: row["status"] as CardStatus,
  };
}

function toTransaction(row: Row): BankTransaction {
  return {
    id: Number(row["id"]),
    terminal: String(row["terminal"]),
    batch: String(row["batch"]),
    stan: String(row["stan"]),
    business: row["business"] as BankBusiness,
    pan: String(row["pan"]),
    code: String(row["code"]),
    amountFen: Number(row["amount_fen"]),
    askedFen: Number(row["asked_fen"]),
    retrievalReference: String(row["rrn"]),
    authorization: String(row["authorization"]),
    original: row["original"] === null ? undefined : Number(row["original"]),
    refundedFen: Number(row["refunded_fen"]),
    status: row["status"] as TransactionStatus,
    digest: String(row["digest"]),
    atMs: Number(row["at_ms"]),
  };
}

/** From which side to which the money of a business goes. */
function sidesOf({ business, pan, terminal }: Pick<BankTransaction, "business" | "pan" | "terminal">): readonly [from: string, to: string] {
  const [card, shop] = [`card:${pan}`, `terminal:${terminal}`];
  switch (business) {
    case "sale":
    case "withdrawal":
      return [card, shop];
    case "void":
    case "refund":
      return [shop, card];
    case "offline-sale":
      return [OUTSIDE.electronicCash, shop];
    case "cash-load":
      return [card, OUTSIDE.electronicCash];
    case "purse-load":
      return [card, OUTSIDE.purse];
  }
}

export class AcquirerLedger {
  readonly #store: SqlStore;
  readonly sessions: SessionBook;
  readonly batches: BatchBooks;

  private constructor(store: SqlStore) {
    this.#store = store;
    this.sessions = new SessionBook(store);
    this.batches = new BatchBooks(store);
  }

  /** A file, durable at every commit, or ":memory:". */
  static open(path: string): AcquirerLedger {
    return new AcquirerLedger(SqlStore.open(path, prepareAcquirerBooks));
  }

  close(): void {
    this.#store.close();
  }

  next(name: string): number {
    return this.#store.next(name);
  }

  atomically<Result>(work: () => Result): Result {
    return this.#store.atomically(work);
  }

  /** An account that is there already stays as it is. */
  openAccount({ pan, balanceFen, pin, status = "good" }: AccountOpening): void {
    this.#store.run(
      "INSERT OR IGNORE INTO accounts (pan, opening_fen, balance_fen, pin, tries_left, status) VALUES (?, ?, ?, ?, ?, ?)",
      pan,
      balanceFen,
      balanceFen,
      pin,
      PIN_TRIES,
      status,
    );
  }

  account(pan: string): Account | undefined {
    const row = this.#store.one("SELECT * FROM accounts WHERE pan = ?", pan);
    return row === undefined ? undefined : toAccount(row);
  }

  accounts(): readonly Account[] {
    return this.#store.all("SELECT * FROM accounts ORDER BY pan").map(toAccount);
  }

  /** Answers whether there is such an account. */
  setStatus(pan: string, status: CardStatus): boolean {
    return (
      this.#store.run(
        "UPDATE accounts SET status = ?, tries_left = CASE ? WHEN 'good' THEN ? ELSE tries_left END WHERE pan = ?",
        status,
        status,
        PIN_TRIES,
        pan,
      ) === 1
    );
  }

  setTriesLeft(pan: string, triesLeft: number): void {
    this.#store.run("UPDATE accounts SET tries_left = ? WHERE pan = ?", triesLeft, pan);
  }

  transaction(place: MessagePlace): BankTransaction | undefined {
    const row = this.#store.one("SELECT * FROM transactions WHERE terminal = ? AND batch = ? AND stan = ?", place.terminal, place.batch, place.stan);
    return row === undefined ? undefined : toTransaction(row);
  }

  byId(id: number): BankTransaction | undefined {
    const row = this.#store.one("SELECT * FROM transactions WHERE id = ?", id);
    return row === undefined ? undefined : toTransaction(row);
  }

  byReference(terminal: string, retrievalReference: string): BankTransaction | undefined {
    const row = this.#store.one("SELECT * FROM transactions WHERE terminal = ? AND rrn = ?", terminal, retrievalReference);
    return row === undefined ? undefined : toTransaction(row);
  }

  /** Whether a payment of a chip was booked, whichever message brought it. */
  offlineBooked(digest: string): boolean {
    return this.#store.one("SELECT 1 AS yes FROM transactions WHERE business = 'offline-sale' AND digest = ?", digest) !== undefined;
  }

  /** Oldest first. */
  transactions(): readonly BankTransaction[] {
    return this.#store.all("SELECT * FROM transactions ORDER BY id").map(toTransaction);
  }

  ofBatch(terminal: string, batch: string): readonly BankTransaction[] {
    return this.#store.all("SELECT * FROM transactions WHERE terminal = ? AND batch = ? ORDER BY id", terminal, batch).map(toTransaction);
  }

  /** Books it: the transaction, its entry, and its row in the batch. Answers undefined where the account has not so much. */
  book(transaction: NewTransaction): BankTransaction | undefined {
    const [from] = sidesOf(transaction);
    const account = from.startsWith("card:") ? this.account(transaction.pan) : undefined;
    if (account !== undefined && account.balanceFen < transaction.amountFen) return undefined;
    return this.atomically(() => {
      const { terminal, batch, stan, business, pan, code, amountFen, askedFen, original, digest, atMs } = transaction;
      this.#store.run(
        `INSERT INTO transactions (terminal, batch, stan, business, pan, code, amount_fen, asked_fen, rrn, authorization, original, status, digest, at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'booked', ?, ?)`,
        ...[terminal, batch, stan, business, pan, code, amountFen, askedFen, transaction.retrievalReference, transaction.authorization],
        ...[original ?? null, digest, atMs],
      );
      const booked = this.transaction(transaction);
      assert(booked !== undefined, "what was written is there");
      this.#move(booked, "forth");
      this.#mark(booked, "booked");
      this.batches.count(booked);
      return booked;
    });
  }

  /** Undoes one that stands: its entry the other way round, its row gone where its batch was not compared yet, and what it had taken back stands again. */
  reverse(transaction: BankTransaction, atMs: number): void {
    assert(transaction.status === "booked", "only what stands is reversed");
    this.atomically(() => {
      this.#store.run("UPDATE transactions SET status = 'reversed', closed_ms = ? WHERE id = ?", atMs, transaction.id);
      this.#move(transaction, "back");
      this.#mark(transaction, "undone");
      // What was compared stays as it was compared: the rows that the terminal still uploads are those of that moment.
      if (this.batches.settlement(transaction.terminal, transaction.batch) === undefined) this.batches.uncount(transaction);
    });
  }

  /** What a void or a refund does to its original, and what its reversal undoes. */
  #mark({ business, original, amountFen }: BankTransaction, how: "booked" | "undone"): void {
    if (original === undefined) return;
    if (business === "void") this.#store.run("UPDATE transactions SET status = ? WHERE id = ?", how === "booked" ? "voided" : "booked", original);
    const changeFen = how === "booked" ? amountFen : -amountFen;
    if (business === "refund") this.#store.run("UPDATE transactions SET refunded_fen = refunded_fen + ? WHERE id = ?", changeFen, original);
  }

  #move(transaction: BankTransaction, way: "forth" | "back"): void {
    const sides = sidesOf(transaction);
    const [from, to] = way === "forth" ? sides : [sides[1], sides[0]];
    const entry = this.next("entry");
    this.#post(entry, from, -transaction.amountFen);
    this.#post(entry, to, transaction.amountFen);
  }

  #post(entry: number, side: string, amountFen: number): void {
    this.#store.run("INSERT INTO postings (entry, side, fen) VALUES (?, ?, ?)", entry, side, amountFen);
    if (side.startsWith("card:")) this.#store.run("UPDATE accounts SET balance_fen = balance_fen + ? WHERE pan = ?", amountFen, side.slice(5));
  }

  /** A reversal has come: remembered before anything else, so that an original which comes later finds it. Answers how often it has come. */
  rememberReversal(place: MessagePlace, told: { readonly undone: boolean; readonly atMs: number }): number {
    const { terminal, batch, stan } = place;
    this.#store.run(
      `INSERT INTO reversals (terminal, batch, stan, at_ms, times, undone) VALUES (?, ?, ?, ?, 1, ?)
       ON CONFLICT (terminal, batch, stan) DO UPDATE SET times = times + 1`,
      ...[terminal, batch, stan, told.atMs, told.undone ? 1 : 0],
    );
    return Number(this.#reversal(place)?.["times"]);
  }

  #reversal({ terminal, batch, stan }: MessagePlace): Row | undefined {
    return this.#store.one("SELECT * FROM reversals WHERE terminal = ? AND batch = ? AND stan = ?", terminal, batch, stan);
  }

  reversalSeen(place: MessagePlace): boolean {
    return this.#reversal(place) !== undefined;
  }

  /** Every reversal that has come, with how often it came and whether it undid something the first time. */
  reversals(): readonly (MessagePlace & { readonly times: number; readonly undone: boolean })[] {
    return this.#store.all("SELECT * FROM reversals ORDER BY at_ms, terminal, batch, stan").map((row) => ({
      terminal: String(row["terminal"]),
      batch: String(row["batch"]),
      stan: String(row["stan"]),
      times: Number(row["times"]),
      undone: row["undone"] === 1,
    }));
  }

  noteScriptResult(place: MessagePlace, told: { readonly original: string; readonly chip: string; readonly atMs: number }): void {
    const { terminal, batch, stan } = place;
    this.#store.run(
      "INSERT OR IGNORE INTO script_results (terminal, batch, stan, original, chip, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
      ...[terminal, batch, stan, told.original, told.chip, told.atMs],
    );
  }

  /** Originals by batch and trace number, and the chip data that came with each result. */
  scriptResults(): readonly { readonly terminal: string; readonly original: string; readonly chip: string }[] {
    return this.#store
      .all("SELECT * FROM script_results ORDER BY at_ms, stan")
      .map((row) => ({ terminal: String(row["terminal"]), original: String(row["original"]), chip: String(row["chip"]) }));
  }

  /** What stands, for every comparison: sums by business. */
  totals(): Readonly<Record<string, { readonly count: number; readonly fen: number }>> {
    const rows = this.#store.all(
      "SELECT business, COUNT(*) AS n, SUM(amount_fen) AS fen FROM transactions WHERE status <> 'reversed' GROUP BY business ORDER BY business",
    );
    return Object.fromEntries(rows.map((row) => [String(row["business"]), { count: Number(row["n"]), fen: Number(row["fen"]) }]));
  }

  /** What is wrong with the books themselves; empty while each entry adds up to nothing and each balance to its postings. */
  unsound(): readonly string[] {
    const entries = this.#store
      .all("SELECT entry FROM postings GROUP BY entry HAVING SUM(fen) <> 0 OR COUNT(*) <> 2")
      .map((row) => `entry ${String(row["entry"])}`);
    const accounts = this.#store.all(
      "SELECT pan FROM accounts WHERE balance_fen <> opening_fen + (SELECT COALESCE(SUM(fen), 0) FROM postings WHERE side = 'card:' || pan)",
    );
    return [...entries, ...accounts.map((row) => `account ${String(row["pan"]).slice(-4)}`)];
  }
}
