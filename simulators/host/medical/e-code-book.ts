/* Medical e-codes that the insurer has given out: only who issued one can read it, and only while it lives. */
import type { SqlStore } from "../sql-store.ts";

export interface ECode {
  readonly token: string;
  readonly personNumber: string;
  readonly issuedAtMs: number;
  readonly validMs: number;
  /** How often 1101 has decoded it. */
  readonly queries: number;
  /** Whether a settlement was booked with it. */
  readonly settled: boolean;
}

export class ECodeBook {
  readonly #store: SqlStore;

  constructor(store: SqlStore) {
    this.#store = store;
  }

  issue(code: Pick<ECode, "token" | "personNumber" | "issuedAtMs" | "validMs">): void {
    this.#store.run(
      "INSERT INTO e_codes (token, psn_no, issued_ms, valid_ms, queries, settled) VALUES (?, ?, ?, ?, 0, 0)",
      code.token,
      code.personNumber,
      code.issuedAtMs,
      code.validMs,
    );
  }

  find(token: string): ECode | undefined {
    const row = this.#store.one("SELECT * FROM e_codes WHERE token = ?", token);
    if (row === undefined) return undefined;
    return {
      token,
      personNumber: String(row["psn_no"]),
      issuedAtMs: Number(row["issued_ms"]),
      validMs: Number(row["valid_ms"]),
      queries: Number(row["queries"]),
      settled: row["settled"] === 1,
    };
  }

  queried(token: string): void {
    this.#store.run("UPDATE e_codes SET queries = queries + 1 WHERE token = ?", token);
  }

  settled(token: string): void {
    this.#store.run("UPDATE e_codes SET settled = 1 WHERE token = ?", token);
  }
}
