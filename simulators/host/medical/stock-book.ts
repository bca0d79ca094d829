/* Packs that were sold, by their trace codes, and what was told of goods. A pack is sold once; a part of a pack may be sold again and again. */
import type { Row, SqlStore } from "../sql-store.ts";

export interface SoldPack {
  readonly code: string;
  /** Names the sale that the pack belongs to: what is told twice of one sale is one sale. */
  readonly sale: string;
  /** setl_id, "" where nothing was insured. */
  readonly settlementId: string;
  /** trdn_flag 1. */
  readonly part: boolean;
  readonly toldBy: "settlement" | "upload";
}

export interface StockMove {
  readonly move: string;
  readonly infno: "3505" | "3506";
  readonly institution: string;
  readonly settlementId: string;
  /** med_list_codg. */
  readonly code: string;
  readonly countE4: bigint;
  readonly atMs: number;
  /** The row as JSON text. */
  readonly fields: string;
}

function toPack(row: Row): SoldPack {
  return {
    code: String(row["code"]),
    sale: String(row["sale"]),
    settlementId: String(row["setl_id"]),
    part: row["part"] === 1,
    toldBy: row["told_by"] === "settlement" ? "settlement" : "upload",
  };
}

export class StockBook {
  readonly #store: SqlStore;

  constructor(store: SqlStore) {
    this.#store = store;
  }

  /** Sales of this code that were not taken back. */
  standing(code: string): SoldPack[] {
    return this.#store.all("SELECT * FROM packs WHERE code = ? AND returned = 0", code).map(toPack);
  }

  sell(pack: SoldPack): void {
    this.#store.run(
      "INSERT INTO packs (code, sale, setl_id, part, told_by, returned) VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT (code, sale) DO UPDATE SET returned = 0, told_by = excluded.told_by, setl_id = excluded.setl_id",
      pack.code,
      pack.sale,
      pack.settlementId,
      pack.part ? 1 : 0,
      pack.toldBy,
    );
  }

  /** A settlement told of the pack first, its upload now: the upload is what counts from here on. */
  takeOver(code: string, settlementId: string): void {
    this.#store.run("DELETE FROM packs WHERE code = ? AND setl_id = ? AND told_by = 'settlement'", code, settlementId);
  }

  /** Takes one sale of the code back. */
  giveBack(pack: Pick<SoldPack, "code" | "sale">): void {
    this.#store.run("UPDATE packs SET returned = 1 WHERE code = ? AND sale = ?", pack.code, pack.sale);
  }

  /** A settlement that is taken back frees what only it has told of. */
  freeSettled(settlementId: string): void {
    this.#store.run("UPDATE packs SET returned = 1 WHERE setl_id = ? AND told_by = 'settlement'", settlementId);
  }

  restoreSettled(settlementId: string): void {
    this.#store.run("UPDATE packs SET returned = 0 WHERE setl_id = ? AND told_by = 'settlement'", settlementId);
  }

  move(name: string): StockMove | undefined {
    return this.#moves("SELECT * FROM stock_moves WHERE move = ?", name)[0];
  }

  /** What was told of the goods of one settlement. */
  movesOf(settlementId: string): StockMove[] {
    return this.#moves("SELECT * FROM stock_moves WHERE setl_id = ? ORDER BY at_ms, move", settlementId);
  }

  moves(): StockMove[] {
    return this.#moves("SELECT * FROM stock_moves ORDER BY at_ms, move");
  }

  #moves(sql: string, ...values: readonly string[]): StockMove[] {
    return this.#store.all(sql, ...values).map((row) => ({
      move: String(row["move"]),
      infno: row["infno"] === "3506" ? "3506" : "3505",
      institution: String(row["institution"]),
      settlementId: String(row["setl_id"]),
      code: String(row["med_list_codg"]),
      countE4: BigInt(row["cnt_e4"] as number),
      atMs: Number(row["at_ms"]),
      fields: String(row["fields"]),
    }));
  }

  record(move: StockMove): void {
    this.#store.run(
      "INSERT INTO stock_moves (move, infno, institution, setl_id, med_list_codg, cnt_e4, at_ms, fields) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      move.move,
      move.infno,
      move.institution,
      move.settlementId,
      move.code,
      move.countE4,
      move.atMs,
      move.fields,
    );
  }
}
