/*
 * Goal: what was ridden on a card's signature is charged once, and who could not pay is known until it is paid.
 * Method: each ride is a row under its subject, so that the same record may come any number of times; each try is one transaction over the
 * row and its account. A declined ride is a debt: its account is listed, a later try or a payment clears it, and it leaves the list. Accounts
 * are made up; a real host would ask their issuers.
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { type Fen, fen } from "../../device/base/fen.ts";

/** What becomes of a ride: "waiting" for its first try, "charged", a "debt", or a debt that was "recovered". */
export type ChargeState = "waiting" | "charged" | "debt" | "recovered";

export interface OwedRide {
  readonly subject: string;
  /** Digits of the account number. */
  readonly account: string;
  readonly amountFen: Fen;
}

export interface ChargeRow extends OwedRide {
  readonly state: ChargeState;
  readonly tries: number;
}

/** "conflict": the subject is there with another account or amount, which no honest terminal sends. */
export type TakeAnswer = "taken" | "duplicate" | "conflict";

/** An account as an invalid list names it. */
export interface DebtEntry {
  readonly number: "account-number";
  readonly value: string;
  readonly how: "debt";
}

/** May be changed at any time. */
export interface ChargeFaults {
  /** The next n charges are declined, whatever the account holds. */
  declineNextCharges: number;
  /** Accounts whose issuer declines everything. */
  readonly declinedAccounts: Set<string>;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS accounts (number TEXT PRIMARY KEY, funds_fen INTEGER NOT NULL CHECK (funds_fen >= 0)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS charges (
    subject TEXT PRIMARY KEY, account TEXT NOT NULL, amount_fen INTEGER NOT NULL CHECK (amount_fen >= 0),
    state TEXT NOT NULL, tries INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS charges_of_account ON charges (account, state);
  CREATE INDEX IF NOT EXISTS charges_by_state ON charges (state, subject);
`;

/** Rows that are worked through at a time. */
const PAGE = 500;

type Row = Record<string, unknown>;

function toCharge(row: Row): ChargeRow {
  return {
    subject: String(row["subject"]),
    account: String(row["account"]),
    amountFen: fen(Number(row["amount_fen"])),
    // Only this module writes states.
    state: String(row["state"]) as ChargeState,
    tries: Number(row["tries"]),
  };
}

export class ChargeDesk {
  readonly faults: ChargeFaults = { declineNextCharges: 0, declinedAccounts: new Set() };
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Opens or makes the desk: a file, durable at every change, or ":memory:". */
  static open(path: string): ChargeDesk {
    const database = new DatabaseSync(path);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    database.exec(SCHEMA);
    return new ChargeDesk(database);
  }

  close(): void {
    this.#database.close();
  }

  /** Puts money on an account; the first time opens it. Accounts that nobody opened hold nothing. */
  fund(account: string, amountFen: Fen): void {
    this.#run(
      "INSERT INTO accounts (number, funds_fen) VALUES (?, ?) ON CONFLICT (number) DO UPDATE SET funds_fen = funds_fen + excluded.funds_fen",
      account,
      amountFen,
    );
  }

  fundsOf(account: string): Fen {
    return fen(Number(this.#all("SELECT funds_fen FROM accounts WHERE number = ?", account)[0]?.["funds_fen"] ?? 0));
  }

  /** Takes a ride to be charged. The same one may come again at any time, and is charged once. */
  take({ subject, account, amountFen }: OwedRide): TakeAnswer {
    const known = this.charge(subject);
    if (known !== undefined) return known.account === account && known.amountFen === amountFen ? "duplicate" : "conflict";
    // Nothing is owed for an entry.
    this.#run("INSERT INTO charges VALUES (?, ?, ?, ?, 0)", subject, account, amountFen, amountFen === 0 ? "charged" : "waiting");
    return "taken";
  }

  charge(subject: string): ChargeRow | undefined {
    const [row] = this.#all("SELECT * FROM charges WHERE subject = ?", subject);
    return row === undefined ? undefined : toCharge(row);
  }

  /** Charges what waits, each ride once. */
  chargeWaiting(): { readonly charged: number; readonly declined: number } {
    return this.#tryAll("waiting", "charged");
  }

  /** Tries every debt once more, as hosts do in the days after a decline. */
  resubmit(): { readonly charged: number; readonly declined: number } {
    return this.#tryAll("debt", "recovered");
  }

  /** The holder pays what is owed, at a counter or by telephone; the result is what was taken of it. Whole rides only, oldest subject first. */
  pay(account: string, amountFen: Fen): Fen {
    return this.#inTransaction(() => {
      let left: number = amountFen;
      for (const debt of this.debts(account)) {
        if (debt.amountFen > left) break;
        left -= debt.amountFen;
        this.#move(debt, "recovered");
      }
      return fen(amountFen - left);
    });
  }

  /** Rides of an account that were declined and not paid since. */
  debts(account: string): readonly ChargeRow[] {
    return this.#all("SELECT * FROM charges WHERE account = ? AND state = 'debt' ORDER BY subject", account).map(toCharge);
  }

  /** Accounts that owe a ride, as they would stand in an invalid list; ordered by number. */
  listEntries(): readonly DebtEntry[] {
    const rows = this.#all("SELECT DISTINCT account FROM charges WHERE state = 'debt' ORDER BY account");
    return rows.map((row) => ({ number: "account-number", value: String(row["account"]), how: "debt" }));
  }

  /** Money and rides by state, for books that must balance. */
  totals(): Readonly<Record<ChargeState, { readonly count: number; readonly fen: number }>> {
    const none = { count: 0, fen: 0 };
    const rows = this.#all("SELECT state, COUNT(*) AS count, SUM(amount_fen) AS fen FROM charges GROUP BY state");
    const found = Object.fromEntries(rows.map((row) => [String(row["state"]), { count: Number(row["count"]), fen: Number(row["fen"]) }]));
    return { waiting: none, charged: none, debt: none, recovered: none, ...found };
  }

  #tryAll(from: "waiting" | "debt", to: "charged" | "recovered"): { readonly charged: number; readonly declined: number } {
    const counts = { charged: 0, declined: 0 };
    let after = "";
    // Each page starts behind the one before it, so that a ride is tried once in a go, declined or not.
    for (;;) {
      const page = this.#all("SELECT * FROM charges WHERE state = ? AND subject > ? ORDER BY subject LIMIT ?", from, after, PAGE).map(toCharge);
      for (const ride of page) counts[this.#try(ride, to) ? "charged" : "declined"] += 1;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return counts;
      after = last.subject;
    }
  }

  #try(ride: ChargeRow, to: "charged" | "recovered"): boolean {
    return this.#inTransaction(() => {
      const paid = !this.#declines(ride);
      if (paid) this.#run("UPDATE accounts SET funds_fen = funds_fen - ? WHERE number = ?", ride.amountFen, ride.account);
      this.#move(ride, paid ? to : "debt");
      return paid;
    });
  }

  #declines({ account, amountFen }: OwedRide): boolean {
    const { faults } = this;
    if (faults.declineNextCharges > 0) {
      faults.declineNextCharges -= 1;
      return true;
    }
    return faults.declinedAccounts.has(account) || this.fundsOf(account) < amountFen;
  }

  #move({ subject }: ChargeRow, state: ChargeState): void {
    this.#run("UPDATE charges SET state = ?, tries = tries + 1 WHERE subject = ?", state, subject);
  }

  #run(sql: string, ...values: readonly SQLInputValue[]): void {
    this.#database.prepare(sql).run(...values);
  }

  #all(sql: string, ...values: readonly SQLInputValue[]): Row[] {
    return this.#database.prepare(sql).all(...values) as Row[];
  }

  #inTransaction<Value>(work: () => Value): Value {
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
}
