/* `yikatong journal verify` also says what a journal owes beside its batches. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SeededRandomness } from "../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { SILENT } from "../base/log.ts";
import { saveConfig } from "../config/load.ts";
import { exampleConfig } from "../config/testing.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { runCommandLine } from "../system/command-line.ts";
import { openFolderStorage } from "../system/storage.ts";
import { openSqliteStore } from "../txn/journal/sqlite/store.ts";
import { openTestJournal, step } from "../txn/journal/testing.ts";
import { JOURNAL_COMMANDS } from "./journal.ts";
import { watchOutput } from "./testing/printed.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "journal-verify-"));
const JOURNAL = join(FOLDER, "journal");
const LIMIT_BYTES = 64 * 1024 * 1024;
const suite = openCipherSuite();
const printed = watchOutput();

beforeAll(async () => {
  const store = await openSqliteStore({ folder: JOURNAL, limitBytes: LIMIT_BYTES });
  const journal = await openTestJournal({ store, clock: new VirtualClock(1_790_000_000_000), randomness: new SeededRandomness("verify"), suite });
  const detail = { purse: "electronic-cash", clearing: "acquirer" };
  const { subject } = await journal.append(step("prepared", { detail }));
  await journal.append(step("done", { subject, detail }));
  await journal.close();
  // It names no acquirer.
  await saveConfig({ storage: await openFolderStorage(join(FOLDER, "config")), suite, log: SILENT }, exampleConfig());
});
afterAll(() => rmSync(FOLDER, { recursive: true }));

function verify(...argv: readonly string[]): Promise<number> {
  const program = { name: "yikatong", summary: "test", commands: JOURNAL_COMMANDS };
  return runCommandLine(program, ["journal", "verify", ...argv, JOURNAL], { print: () => undefined, complain: () => undefined });
}

it("counts sales that the bank was not told, where no configuration says that there is none", async () => {
  expect(await verify("--config", join(FOLDER, "absent"), "--json")).toBe(0);
  expect(JSON.parse(printed.out)).toMatchObject({ whole: true, entries: 2, lastSeq: 2, owedUploads: 1 });
});

it("says so in words too", async () => {
  expect(await verify("--config", join(FOLDER, "absent"))).toBe(0);
  expect(printed.out).toContain("the bank was not told of 1 offline sales yet");
  expect(printed.out).toContain("the chain is whole");
});

it("counts none where no bank takes part", async () => {
  expect(await verify("--config", join(FOLDER, "config"), "--json")).toBe(0);
  expect(JSON.parse(printed.out)).toMatchObject({ whole: true, owedUploads: 0 });
});
