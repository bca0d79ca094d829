/*
 * Batches as the acquirer counts them: a row for each transaction that stands, what a terminal claimed, and what it uploaded when both differed.
 * Rows lie beside the money: a planted difference changes what is counted here and never what was booked.
 */
import type { SqlStore } from "../sql-store.ts";
import type { PlantedDifference } from "./acquirer-faults.ts";
import type { BankBusiness, BankTransaction } from "./words.ts";

export type BatchSide = "debit" | "credit";

export interface BatchTotals {
  readonly debitFen: number;
  readonly debits: number;
  readonly creditFen: number;
  readonly credits: number;
}

export interface BatchRow {
  readonly stan: string;
  readonly side: BatchSide;
  readonly pan: string;
  readonly fen: number;
}

export interface UploadedRow {
  readonly stan: string;
  /** 60.3 of the message that brought it. */
  readonly how: string;
  readonly pan: string;
  readonly fen: number;
}

export interface Settlement {
  readonly result: "equal" | "unequal";
  /** Field 48 of the request. */
  readonly claimed: string;
  readonly held: BatchTotals;
  readonly ended: boolean;
  readonly rows: number;
}

/** What one side has and the other has not. */
export interface BatchDifference {
  readonly stan: string;
  readonly is: "missing-at-host" | "missing-at-terminal" | "amount" | "account";
}

export function sideOf(business: BankBusiness): BatchSide {
  return business === "void" || business === "refund" ? "credit" : "debit";
}

export class BatchBooks {
  readonly #store: SqlStore;

  constructor(store: SqlStore) {
    this.#store = store;
  }

  count(transaction: BankTransaction): void {
    const { terminal, batch, stan, business, pan, amountFen } = transaction;
    this.putRow({ terminal, batch }, { stan, side: sideOf(business), pan, fen: amountFen });
  }

  uncount({ terminal, batch, stan }: BankTransaction): void {
    this.dropRow({ terminal, batch }, stan);
  }

  putRow({ terminal, batch }: { readonly terminal: string; readonly batch: string }, { stan, side, pan, fen }: BatchRow): void {
    this.#store.run(
      "INSERT OR REPLACE INTO batch_rows (terminal, batch, stan, side, pan, fen) VALUES (?, ?, ?, ?, ?, ?)",
      terminal,
      batch,
      stan,
      side,
      pan,
      fen,
    );
  }

  dropRow({ terminal, batch }: { readonly terminal: string; readonly batch: string }, stan: string): void {
    this.#store.run("DELETE FROM batch_rows WHERE terminal = ? AND batch = ? AND stan = ?", terminal, batch, stan);
  }

  rows(terminal: string, batch: string): readonly BatchRow[] {
    return this.#store.all("SELECT * FROM batch_rows WHERE terminal = ? AND batch = ? ORDER BY stan", terminal, batch).map((row) => ({
      stan: String(row["stan"]),
      side: row["side"] as BatchSide,
      pan: String(row["pan"]),
      fen: Number(row["fen"]),
    }));
  }

  totals(terminal: string, batch: string): BatchTotals {
    const of = (side: BatchSide) => this.rows(terminal, batch).filter((row) => row.side === side);
    const sum = (rows: readonly BatchRow[]) => rows.reduce((total, { fen }) => total + fen, 0);
    const [debits, credits] = [of("debit"), of("credit")];
    return { debitFen: sum(debits), debits: debits.length, creditFen: sum(credits), credits: credits.length };
  }

  /** Keeps what was claimed the first time and what was held then: asked again, the same is answered. */
  compared(place: { readonly terminal: string; readonly batch: string }, settlement: Pick<Settlement, "result" | "claimed" | "held">): void {
    const { result, claimed, held } = settlement;
    this.#store.run(
      `INSERT INTO settlements (terminal, batch, result, claimed, held, rows) VALUES (?, ?, ?, ?, ?, 0)
       ON CONFLICT (terminal, batch) DO UPDATE SET result = excluded.result, claimed = excluded.claimed, held = excluded.held WHERE ended_ms IS NULL`,
      ...[place.terminal, place.batch, result, claimed, JSON.stringify(held)],
    );
  }

  settlement(terminal: string, batch: string): Settlement | undefined {
    const row = this.#store.one("SELECT * FROM settlements WHERE terminal = ? AND batch = ?", terminal, batch);
    if (row === undefined) return undefined;
    return {
      result: row["result"] as Settlement["result"],
      claimed: String(row["claimed"]),
      held: JSON.parse(String(row["held"])) as BatchTotals,
      ended: row["ended_ms"] !== null,
      rows: Number(row["rows"]),
    };
  }

  /** Every settlement, oldest batch first. */
  settlements(): readonly (Settlement & { readonly terminal: string; readonly batch: string })[] {
    return this.#store.all("SELECT terminal, batch FROM settlements ORDER BY terminal, batch").flatMap((row) => {
      const place = { terminal: String(row["terminal"]), batch: String(row["batch"]) };
      const settlement = this.settlement(place.terminal, place.batch);
      return settlement === undefined ? [] : [{ ...place, ...settlement }];
    });
  }

  /** A row that comes again is the same row. */
  upload({ terminal, batch }: { readonly terminal: string; readonly batch: string }, { stan, how, pan, fen }: UploadedRow): void {
    this.#store.run(
      "INSERT OR REPLACE INTO uploaded_rows (terminal, batch, stan, how, pan, fen) VALUES (?, ?, ?, ?, ?, ?)",
      terminal,
      batch,
      stan,
      how,
      pan,
      fen,
    );
  }

  uploaded(terminal: string, batch: string): readonly UploadedRow[] {
    return this.#store.all("SELECT * FROM uploaded_rows WHERE terminal = ? AND batch = ? ORDER BY stan", terminal, batch).map((row) => ({
      stan: String(row["stan"]),
      how: String(row["how"]),
      pan: String(row["pan"]),
      fen: Number(row["fen"]),
    }));
  }

  end({ terminal, batch }: { readonly terminal: string; readonly batch: string }, told: { readonly rows: number; readonly atMs: number }): void {
    this.#store.run("UPDATE settlements SET ended_ms = ?, rows = ? WHERE terminal = ? AND batch = ?", told.atMs, told.rows, terminal, batch);
  }

  /** Somebody has made the rows of this batch differ from what was booked. */
  notePlanted({ terminal, batch }: { readonly terminal: string; readonly batch: string }, difference: PlantedDifference): void {
    this.#store.run("INSERT OR REPLACE INTO planted (terminal, batch, difference) VALUES (?, ?, ?)", terminal, batch, difference);
  }

  /** What was made to differ; undefined where nobody has meddled. */
  planted(terminal: string, batch: string): PlantedDifference | undefined {
    const row = this.#store.one("SELECT difference FROM planted WHERE terminal = ? AND batch = ?", terminal, batch);
    return row === undefined ? undefined : (row["difference"] as PlantedDifference);
  }

  /** The acquirer's rows against those that the terminal uploaded. */
  differences(terminal: string, batch: string): readonly BatchDifference[] {
    const uploaded = new Map(this.uploaded(terminal, batch).map((row) => [row.stan, row] as const));
    const held = new Map(this.rows(terminal, batch).map((row) => [row.stan, row] as const));
    const stans = [...new Set([...uploaded.keys(), ...held.keys()])].toSorted();
    return stans.flatMap((stan): readonly BatchDifference[] => {
      const [theirs, ours] = [uploaded.get(stan), held.get(stan)];
      if (theirs === undefined) return [{ stan, is: "missing-at-terminal" }];
      if (ours === undefined) return [{ stan, is: "missing-at-host" }];
      if (theirs.fen !== ours.fen) return [{ stan, is: "amount" }];
      return theirs.pan !== "" && theirs.pan !== ours.pan ? [{ stan, is: "account" }] : [];
    });
  }
}
