/* Batches that were compared while an offline sale was given up: the acquirer had booked it, no reply said so, and people have it on their list. */
import { describe, expect, test } from "vitest";
import { SimulatedJournalDisk } from "../../disk/journal-store.ts";
import type { PlantedDifference } from "../../host/acquirer/acquirer-faults.ts";
import { AcquirerLedger } from "../../host/acquirer/ledger.ts";
import { BankCheck } from "./bank-check.ts";

const PLACE = { terminal: "53010001", batch: "000001" } as const;
const [STAN, FEN] = ["000122", 1_650];
const UPLOAD = "upload-1";

interface Town {
  /** What the record of the upload says beside its message. */
  readonly said: Readonly<Record<string, unknown>>;
  /** Message number of what the acquirer booked. */
  readonly booked?: string;
  readonly result?: "equal" | "unequal";
  readonly planted?: PlantedDifference;
  /** It was booked only when the totals had been compared. */
  readonly late?: boolean;
  /** A row of somebody else's, as a difference that was planted makes one. */
  readonly strange?: boolean;
}

/** One offline sale was uploaded until its tries were used up, and its batch is settled without it. */
function check({ said, booked, result = "unequal", planted, late = false, strange = false }: Town): BankCheck {
  const ledger = AcquirerLedger.open(":memory:");
  if (booked !== undefined) {
    const words = { retrievalReference: "000000000001", authorization: "000001", original: undefined, digest: "", atMs: 0 };
    ledger.book({ ...PLACE, stan: booked, business: "offline-sale", pan: "62", code: "000000", amountFen: FEN, askedFen: FEN, ...words });
  }
  if (strange) ledger.batches.putRow(PLACE, { stan: "999999", side: "debit", pan: "", fen: 100 });
  if (planted !== undefined) ledger.batches.notePlanted(PLACE, planted);
  const none = { debitFen: 0, debits: 0, creditFen: 0, credits: 0 };
  const held = late ? none : ledger.batches.totals(PLACE.terminal, PLACE.batch);
  ledger.batches.compared(PLACE, { result, claimed: "0".repeat(60), held });
  ledger.batches.end(PLACE, { rows: 0, atMs: 0 });
  const detail = { operation: "offline-upload", of: "sale-1", stan: STAN, batch: PLACE.batch, parked: true, ...said };
  const body = JSON.stringify({ amountFen: FEN, detail });
  const disk = new SimulatedJournalDisk();
  disk.flushed.apply({ entries: [{ seq: 1, subject: UPLOAD, kind: "operation", state: "unknown", body, hash: "" }] });
  return new BankCheck(ledger, disk);
}

const LISTED = new Set([UPLOAD]);

describe("an offline sale that was booked and given up", () => {
  const said = { mayHaveArrived: true };

  test.each([undefined, "error"] as const)("makes its batch unequal with %s planted, and is the one row that the terminal did not upload", (planted) => {
    expect(() => check({ said, booked: STAN, ...(planted === undefined ? {} : { planted }) }).settled(LISTED)).not.toThrow();
  });

  test("shows beside a row that was made up", () => {
    expect(() => check({ said, booked: STAN, planted: "extra-row", strange: true }).settled(LISTED)).not.toThrow();
  });

  test("excuses no other row", () => {
    expect(() => check({ said, booked: STAN, strange: true }).settled(LISTED)).toThrow("999999");
    expect(() => check({ said, booked: STAN, planted: "error", strange: true }).settled(LISTED)).toThrow("999999");
  });

  test("cannot stand in books that agree, except where it was booked behind their comparison", () => {
    expect(() => check({ said, booked: STAN, result: "equal" }).settled(LISTED)).toThrow("batch 000001 is equal");
    expect(() => check({ said, booked: STAN, result: "equal", late: true }).settled(LISTED)).not.toThrow();
  });

  test("is not excused where its record says that it cannot have arrived", () => {
    const never = { mayHaveArrived: false };
    expect(() => check({ said: never, booked: STAN }).settled(LISTED)).toThrow("batch 000001 is unequal");
    expect(() => check({ said: never, booked: STAN, planted: "error" }).settled(LISTED)).toThrow(STAN);
  });
});

test("a sale that was given up and never booked leaves both books equal", () => {
  const said = { mayHaveArrived: true };
  expect(() => check({ said, result: "equal" }).settled(LISTED)).not.toThrow();
  expect(() => check({ said }).settled(LISTED)).toThrow("batch 000001 is unequal");
});
