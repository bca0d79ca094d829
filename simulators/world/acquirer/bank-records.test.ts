/* What may stay open at the end of a day: only what the terminal lists for people, and only after it was tried. */
import { expect, test } from "vitest";
import { SimulatedJournalDisk } from "../../disk/journal-store.ts";
import { AcquirerLedger } from "../../host/acquirer/ledger.ts";
import { BankCheck } from "./bank-check.ts";
import { bankRecords } from "./bank-records.ts";

const NONE: ReadonlySet<string> = new Set();
const LISTED: ReadonlySet<string> = new Set(["told"]);

/** The result of an issuer's script, as the journal holds it after this state. */
function checkOf({ state, tries }: { readonly state: string; readonly tries: number }) {
  const disk = new SimulatedJournalDisk();
  const entry = (seq: number, at: string, detail: object) => {
    const body = JSON.stringify({ seq, amountFen: 0, detail });
    return { seq, subject: "told", kind: "operation", state: at, body, hash: "00".repeat(32) };
  };
  const begun = { operation: "script-result", of: "load", tries: 0 };
  disk.write({ entries: [entry(1, "prepared", begun), entry(2, state, { tries })] });
  disk.flush();
  return { disk, check: new BankCheck(AcquirerLedger.open(":memory:"), disk) };
}

test("the result of a script whose tries are used up is left to the people for whom the terminal lists it", () => {
  const { check } = checkOf({ state: "unknown", tries: 2 });
  expect(check.leftToPeople(LISTED)).toEqual(LISTED);
});

test.each([
  ["not listed", { state: "unknown", tries: 2 }, NONE],
  ["never tried", { state: "unknown", tries: 0 }, LISTED],
  ["taken", { state: "done", tries: 1 }, LISTED],
] as const)("one that is %s is left to nobody", (_, result, listed) => {
  expect(checkOf(result).check.leftToPeople(listed)).toEqual(NONE);
});

test("it is no row of any book", () => {
  const { disk, check } = checkOf({ state: "done", tries: 1 });
  expect(bankRecords(disk)).toEqual([]);
  expect(check.offlineSales(LISTED)).toEqual(new Map());
});
