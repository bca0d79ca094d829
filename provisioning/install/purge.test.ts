/* Records are destroyed only when nobody needs them any more; what the journal says of itself decides, whatever it says. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runProgram } from "../../tools/processes.ts";

// Kept in a variable, because the test runner rewrites a literal beside import.meta.url.
const NAME = "./install.sh";
const SCRIPT = new URL(NAME, import.meta.url).pathname;
const TERMINAL = "T900002";
const REFUSED = 7;
const LIMIT_MS = 20_000;

/** As `yikatong journal verify --json` says it of a journal that was pruned: few entries, high numbers. */
const SETTLED = {
  whole: true,
  integrity: [],
  terminalId: TERMINAL,
  journalId: "ab".repeat(16),
  entries: 40,
  lastSeq: 1_000,
  openSubjects: 0,
  batches: 12,
  openBatches: 0,
  receiptedThrough: 1_000,
  owedUploads: 0,
};

let root: string;

/** A machine whose journal says this. */
function machineOf(report: object | undefined): void {
  const bin = join(root, "opt/yikatong/current/bin");
  for (const folder of [bin, join(root, "etc"), join(root, "var/lib/yikatong/journal")]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(root, "var/lib/yikatong/journal/journal.sqlite"), "records");
  writeFileSync(join(bin, "yikatong"), report === undefined ? "#!/bin/sh\nexit 1\n" : `#!/bin/sh\nprintf '%s\\n' '${JSON.stringify(report)}'\n`);
  chmodSync(join(bin, "yikatong"), 0o755);
}

async function purge(destroyed = TERMINAL) {
  const args = ["--root", root, "--uninstall", "--purge-records", "--destroy-records-of", destroyed, "--dry-run"];
  const { code, stdout, stderr } = await runProgram("sh", [SCRIPT, ...args], { limitMs: LIMIT_MS });
  return { code, stdout, stderr };
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "yikatong-purge-"));
});
afterEach(() => rmSync(root, { recursive: true }));

describe("records are destroyed", () => {
  it("when the host holds all of them", async () => {
    machineOf(SETTLED);
    const ended = await purge();
    expect([ended.code, ended.stdout]).toEqual([0, expect.stringContaining("no records")]);
    expect(existsSync(join(root, "var/lib/yikatong/journal/journal.sqlite"))).toBe(true);
  });

  it.each([
    ["records that the host lacks, also where most were taken away by rule", { ...SETTLED, receiptedThrough: 990 }, "10 not receipted"],
    ["acts that are not decided", { ...SETTLED, openSubjects: 2 }, "2 not decided"],
    ["batches without a receipt", { ...SETTLED, openBatches: 1 }, "records wait"],
    ["sales that the bank was not told", { ...SETTLED, owedUploads: 3 }, "3 offline sales"],
    ["a number that is missing", { ...SETTLED, owedUploads: undefined }, "nobody can say"],
    ["a journal that cannot be read", undefined, "cannot be read"],
  ])("never with %s", async (_what, report, says) => {
    machineOf(report);
    const ended = await purge();
    expect([ended.code, ended.stderr]).toEqual([REFUSED, expect.stringContaining(says)]);
  });

  it("never under another name", async () => {
    machineOf(SETTLED);
    expect(await purge("T900003")).toMatchObject({ code: REFUSED, stderr: expect.stringContaining(TERMINAL) });
  });
});
