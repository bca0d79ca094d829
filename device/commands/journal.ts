/* `yikatong journal`: what an engineer, or the choice of a release, asks of a journal that nobody has open. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SILENT } from "../base/log.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { systemClock } from "../system/clock.ts";
import type { Command, OptionValues } from "../system/command-line.ts";
import { DATABASE_FILE } from "../txn/journal/sqlite/engine.ts";
import { JOURNAL_SCHEMAS } from "../txn/journal/sqlite/layouts.ts";
import { migrateJournal } from "../txn/journal/sqlite/migrate.ts";
import { openSqliteStore } from "../txn/journal/sqlite/store.ts";
import { verifyJournal } from "../txn/journal/verify.ts";
import { complain, configIn, say } from "./devices-machine.ts";

const JSON_OPTION = { json: { type: "boolean", summary: "one JSON object instead of a summary" } } as const;

/** Opening would make a new journal, and a mistyped folder would be called whole. */
function holdsJournal(folder: string): boolean {
  return existsSync(join(folder, DATABASE_FILE));
}

function usage(text: string): number {
  complain(text);
  return 2;
}

async function verify(values: OptionValues, [folder]: readonly string[]): Promise<number> {
  if (folder === undefined) return usage("which journal? yikatong journal verify <folder>");
  if (!holdsJournal(folder)) {
    complain(`there is no journal in ${folder}`);
    return 1;
  }
  const store = await openSqliteStore({ folder, limitBytes: Number.MAX_SAFE_INTEGER });
  const integrity = await store.integrity();
  const report = await verifyJournal(store, { suite: openCipherSuite() });
  await store.close();
  const whole = report.firstBreak === undefined && integrity.length === 0;
  if (values["json"] === true) say(JSON.stringify({ whole, integrity, ...report }));
  else {
    say(`journal ${report.journalId ?? "(empty)"} of terminal ${report.terminalId ?? "-"}`);
    say(
      `${report.entries} entries, ${report.openSubjects} sales open, ${report.batches} batches (${report.openBatches} not receipted), receipted through ${report.receiptedThrough}`,
    );
    if (report.takenThrough > 0)
      say(`entries up to ${report.takenThrough} were taken away by rule; ${report.left} of them stay, because what they are about is open`);
    say(whole ? "the chain is whole" : `BROKEN at entry ${report.firstBreak?.seq ?? "-"}: ${report.firstBreak?.why ?? integrity.join("; ")}`);
  }
  return whole ? 0 : 1;
}

async function migrate(values: OptionValues, [named]: readonly string[]): Promise<number> {
  const to = Number(values["to"]);
  if (values["to"] === undefined || !Number.isSafeInteger(to))
    return usage(`which schema? yikatong journal migrate --to <number>; there are ${JOURNAL_SCHEMAS.join(", ")}`);
  const folder = named ?? (await configIn(String(values["config"]), { log: SILENT }))?.journal.folder;
  if (folder === undefined) return 1;
  const isThere = holdsJournal(folder);
  // A terminal that was never started has nothing to migrate; a folder that somebody typed and that holds nothing is a mistake.
  if (!isThere && named !== undefined) {
    complain(`there is no journal in ${folder}`);
    return 1;
  }
  const report = isThere ? migrateJournal({ folder, to, suite: openCipherSuite(), wallMs: systemClock().wallMs() }) : undefined;
  if (values["json"] === true) say(JSON.stringify({ folder, to, migrated: report !== undefined, ...report }));
  else if (report === undefined) say(isThere ? `the journal has schema ${to} already` : `there is no journal in ${folder} yet`);
  else
    say(
      `the journal went from schema ${report.from} to ${to}: ${report.entries} entries, the last is ${report.lastSeq}; the file as it was is kept as ${report.kept}`,
    );
  return 0;
}

export const JOURNAL_COMMANDS: readonly Command[] = [
  { name: "journal verify", summary: "walks a journal's chain and says what it found", operands: "<folder>", options: JSON_OPTION, run: verify },
  {
    name: "journal migrate",
    summary: "writes a journal in another schema, up or down; the terminal must not run",
    operands: "[folder]",
    options: {
      config: { type: "string", summary: "folder of the terminal's configuration, which names the journal's", default: "/etc/yikatong" },
      to: { type: "string", summary: `schema to write: ${JOURNAL_SCHEMAS.join(", ")}` },
      ...JSON_OPTION,
    },
    run: migrate,
  },
];
