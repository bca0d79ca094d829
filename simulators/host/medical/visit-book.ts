/* Outpatient visits and the fees that were told of them. */
import type { Row, SqlStore } from "../sql-store.ts";

export interface Visit {
  /** mdtrt_id. */
  readonly visitId: string;
  readonly outpatientNumber: string;
  readonly institution: string;
  readonly personNumber: string;
  readonly insuranceType: string;
  readonly insuranceArea: string;
  readonly msgid: string;
  readonly openedAtMs: number;
  readonly status: "open" | "cancelled";
  /** Members of 2201 as JSON text. */
  readonly registration: string;
  /** Members of 2203 as JSON text; undefined until it came. */
  readonly information: string | undefined;
}

export interface Fee {
  readonly visitId: string;
  /** feedetl_sn. */
  readonly detailNumber: string;
  /** chrg_bchno. */
  readonly batch: string;
  /** The line as JSON text. */
  readonly line: string;
}

function toVisit(row: Row): Visit {
  return {
    visitId: String(row["mdtrt_id"]),
    outpatientNumber: String(row["ipt_otp_no"]),
    institution: String(row["institution"]),
    personNumber: String(row["psn_no"]),
    insuranceType: String(row["insutype"]),
    insuranceArea: String(row["area"]),
    msgid: String(row["msgid"]),
    openedAtMs: Number(row["opened_ms"]),
    status: row["status"] as Visit["status"],
    registration: String(row["registration"]),
    information: row["information"] === null ? undefined : (row["information"] as string),
  };
}

export class VisitBook {
  readonly #store: SqlStore;

  constructor(store: SqlStore) {
    this.#store = store;
  }

  open(visit: Omit<Visit, "status" | "information">): void {
    this.#store.run(
      "INSERT INTO visits (mdtrt_id, ipt_otp_no, institution, psn_no, insutype, area, msgid, opened_ms, status, registration) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'open', ?)",
      visit.visitId,
      visit.outpatientNumber,
      visit.institution,
      visit.personNumber,
      visit.insuranceType,
      visit.insuranceArea,
      visit.msgid,
      visit.openedAtMs,
      visit.registration,
    );
  }

  cancel(visitId: string): void {
    this.#store.run("UPDATE visits SET status = 'cancelled' WHERE mdtrt_id = ?", visitId);
  }

  inform(visitId: string, information: string): void {
    this.#store.run("UPDATE visits SET information = ? WHERE mdtrt_id = ?", information, visitId);
  }

  find(visitId: string): Visit | undefined {
    const row = this.#store.one("SELECT * FROM visits WHERE mdtrt_id = ?", visitId);
    return row === undefined ? undefined : toVisit(row);
  }

  /** The visit that an institution has registered under a number of its own and not cancelled. */
  byNumber(institution: string, outpatientNumber: string): Visit | undefined {
    const row = this.#store.one("SELECT * FROM visits WHERE institution = ? AND ipt_otp_no = ? AND status = 'open'", institution, outpatientNumber);
    return row === undefined ? undefined : toVisit(row);
  }

  visits(): Visit[] {
    return this.#store.all("SELECT * FROM visits ORDER BY opened_ms, mdtrt_id").map(toVisit);
  }

  addFee(fee: Fee): void {
    this.#store.run("INSERT INTO fees (mdtrt_id, feedetl_sn, batch, line) VALUES (?, ?, ?, ?)", fee.visitId, fee.detailNumber, fee.batch, fee.line);
  }

  fees(visitId: string): Fee[] {
    return this.#store.all("SELECT * FROM fees WHERE mdtrt_id = ? ORDER BY rowid", visitId).map((row) => ({
      visitId,
      detailNumber: String(row["feedetl_sn"]),
      batch: String(row["batch"]),
      line: String(row["line"]),
    }));
  }

  /** Removes one fee; answers whether it was there. */
  removeFee(visitId: string, detailNumber: string): boolean {
    return this.#store.run("DELETE FROM fees WHERE mdtrt_id = ? AND feedetl_sn = ?", visitId, detailNumber) === 1;
  }
}
