import { describe, expect, it } from "vitest";
import { SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import { ExportCheck, exportLines } from "./export.ts";
import { openTestJournal, step } from "./testing.ts";

const suite = openCipherSuite();

async function exported(): Promise<string[]> {
  const disk = new SimulatedJournalDisk();
  const clock = { monotonicMs: () => 0, wallMs: () => 1_790_000_000_000, sleep: () => Promise.resolve() };
  const journal = await openTestJournal({ store: disk.open(), clock, randomness: new SeededRandomness("export"), suite });
  for (let sale = 1; sale <= 300; sale += 1) {
    const { subject } = await journal.append(step("prepared", { personal: { cardSerial: `${sale}` } }));
    await journal.append(step("done", { subject }));
  }
  await journal.commitBatches([{ batchSeq: 1, firstSeq: 1, lastSeq: 400, hash: "ab".repeat(32), receipted: false, detail: "{}" }]);
  await journal.close();
  const lines: string[] = [];
  for await (const line of exportLines(disk.open(), suite)) lines.push(line);
  return lines;
}

function reportOf(lines: readonly string[]) {
  const check = new ExportCheck(suite);
  for (const line of lines) check.take(line);
  return check.report();
}

describe("an export", () => {
  it("holds everything, in order, and proves itself", async () => {
    const lines = await exported();
    expect(reportOf(lines)).toMatchObject({ terminalId: "T-0001", entries: 600, batches: 1, lastSeq: 600, takenThrough: 0, receiptedThrough: 0 });
    expect(reportOf(lines).firstBreak).toBeUndefined();
    expect(lines.join()).not.toContain("cardSerial");
  });

  it.each([
    ["a figure was changed", (lines: string[]) => (lines[200] = (lines[200] ?? "").replace("450", "451")), 201],
    ["a line is missing", (lines: string[]) => lines.splice(200, 1), 201],
    ["two lines are exchanged", (lines: string[]) => lines.splice(200, 2, lines[201] ?? "", lines[200] ?? ""), 201],
    ["the end is missing", (lines: string[]) => lines.pop(), 603],
    ["something stands behind the end", (lines: string[]) => lines.push(lines[5] ?? ""), 604],
    ["a blank was put in", (lines: string[]) => (lines[9] = (lines[9] ?? "").replace(":", ": ")), 10],
    ["the beginning is another one", (lines: string[]) => lines.shift(), 1],
  ] as const)("in which %s is found out", async (_, change, line) => {
    const lines = await exported();
    change(lines);
    expect(reportOf(lines).firstBreak?.line).toBe(line);
  });

  it("of nothing is whole, and no file is none", async () => {
    const lines: string[] = [];
    for await (const line of exportLines(new SimulatedJournalDisk().open(), suite)) lines.push(line);
    expect(reportOf(lines).firstBreak).toBeUndefined();
    expect(reportOf([]).firstBreak?.why).toContain("end");
  });
});
