import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SILENT } from "../base/log.ts";
import { saveConfig } from "../config/load.ts";
import { exampleConfig } from "../config/testing.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { runCommandLine } from "../system/command-line.ts";
import { openFolderStorage } from "../system/storage.ts";
import type { DayView } from "../txn/medical-reconciliation/acts.ts";
import { writeView } from "../txn/medical-reconciliation/views.ts";
import { RECONCILE_COMMANDS } from "./reconcile.ts";
import { watchOutput } from "./testing/printed.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "reconcile-"));
const REPORTS = join(FOLDER, "journal", "reconciliation");
const printed = watchOutput();

function dayOf(day: string, state: DayView["state"]): DayView {
  const own = { totalFen: 16_490, fundFen: 5_892, accountFen: 0 };
  const group = { insuranceType: "310", clearingType: "41", locality: "local", agency: "530102", own, ownCount: 2, verdict: "equal" } as const;
  return { day, state, groups: [group], differences: [], open: [], unreadable: [], operator: "terminal", at: `${day} 23:00:00` };
}

beforeAll(async () => {
  const config = exampleConfig({ journal: { folder: join(FOLDER, "journal"), limitBytes: 256 * 1024 * 1024 } });
  await saveConfig({ storage: await openFolderStorage(join(FOLDER, "config")), suite: openCipherSuite(), log: SILENT }, config);
  mkdirSync(REPORTS, { recursive: true });
  for (const view of [dayOf("2026-11-01", "equal"), dayOf("2026-11-02", "settled"), dayOf("2026-11-03", "differs")]) {
    writeFileSync(join(REPORTS, `reconciliation-${view.day}.json`), writeView(view));
  }
  writeFileSync(join(REPORTS, "reconciliation-2026-11-05.json"), "{");
  writeFileSync(join(REPORTS, ".unfinished-reconciliation-2026-11-06.json"), "{");
});
afterAll(() => rmSync(FOLDER, { recursive: true }));

function run(...argv: readonly string[]): Promise<number> {
  const program = { name: "yikatong", summary: "test", commands: RECONCILE_COMMANDS };
  return runCommandLine(program, ["reconcile", "--config", join(FOLDER, "config"), ...argv], { print: () => undefined, complain: () => undefined });
}

describe("yikatong reconcile", () => {
  test("one day", async () => {
    expect(await run("2026-11-01")).toBe(0);
    expect(printed.out).toBe("2026-11-01  equal       2 settlements, 164.90 yuan, 0 differences, 0 open\n");
  });

  test.each([
    ["2026-11-01", "2026-11-02", 0, "settled"],
    ["2026-11-02", "2026-11-03", 1, "differs"],
    ["2026-11-02", "2026-11-04", 1, "not compared yet: 2026-11-04"],
  ])("%s to %s ends with %i", async (from, to, code, told) => {
    expect(await run(from, to)).toBe(code);
    expect(printed.out).toContain(told);
  });

  test("a file that is none of ours is named, and its day was not compared", async () => {
    expect(await run("2026-11-05")).toBe(1);
    expect([printed.out, printed.err]).toEqual(["not compared yet: 2026-11-05\n", `2026-11-05: its file in ${REPORTS} cannot be read\n`]);
  });

  test("leaves the folder as it is, whatever the terminal is writing there", async () => {
    await run("2026-11-06");
    expect(readFileSync(join(REPORTS, ".unfinished-reconciliation-2026-11-06.json"), "utf8")).toBe("{");
  });

  test("page, table and JSON", async () => {
    const [html, csv] = [join(FOLDER, "report.html"), join(FOLDER, "report.csv")];
    expect(await run("2026-11-01", "2026-11-03", "--html", html, "--csv", csv, "--json")).toBe(1);
    expect(readFileSync(html, "utf8")).toContain("示例药店");
    expect(readFileSync(csv, "utf8")).toContain("2026-11-03,day,differs");
    expect(JSON.parse(printed.out)).toMatchObject({ from: "2026-11-01", to: "2026-11-03", days: [{ state: "equal" }, {}, {}], missing: [] });
  });

  test.each([
    [[], 2, "which day?"],
    [["2026-13-01"], 2, "a range is one to 366 days"],
    [["2026-11-02", "2026-11-01"], 2, "a range is one to 366 days"],
    [["2026-11-01", "--config", join(FOLDER, "none")], 1, "there is no configuration"],
  ] as const)("%j ends with %i", async (argv, code, told) => {
    expect(await run(...argv)).toBe(code);
    expect(printed.err).toContain(told);
  });

  test("a file that cannot be written is a fault in one line", async () => {
    await expect(run("2026-11-01", "--csv", join(FOLDER, "absent", "x.csv"))).rejects.toMatchObject({ code: "store-broken" });
  });
});
