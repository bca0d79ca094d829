/* `yikatong journal`: what an engineer, or the choice of a release, asks of a journal that nobody has open. */
import { createReadStream, existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Fault, isFault } from "../base/fault.ts";
import { SILENT } from "../base/log.ts";
import { loadConfig } from "../config/load.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { systemClock } from "../system/clock.ts";
import type { Command, OptionValues } from "../system/command-line.ts";
import { owedIn } from "../txn/acquiring/upload-gather.ts";
import { ExportCheck, type ExportReport, exportLines } from "../txn/journal/export.ts";
import { DATABASE_FILE } from "../txn/journal/sqlite/engine.ts";
import { JOURNAL_SCHEMAS } from "../txn/journal/sqlite/layouts.ts";
import { migrateJournal } from "../txn/journal/sqlite/migrate.ts";
import { openSqliteStore } from "../txn/journal/sqlite/store.ts";
import { type VerifyReport, verifyJournal } from "../txn/journal/verify.ts";
import { CONFIG_FOLDER } from "./config.ts";
import { configIn, configParts } from "./devices-machine.ts";
import { complain, say } from "./output.ts";

const CONFIG_OPTION = {
  config: { type: "string", summary: "folder of the terminal's configuration, which says whether a bank takes part", default: CONFIG_FOLDER },
} as const;
const JSON_OPTION = { json: { type: "boolean", summary: "one JSON object instead of a summary" } } as const;

/** Opening would make a new journal, and a mistyped folder would be called whole. */
function holdsJournal(folder: string): boolean {
  return existsSync(join(folder, DATABASE_FILE));
}

function usage(text: string): number {
  complain(text);
  return 2;
}

/** Whether a configuration says that no bank takes part. Where none can be read, nobody can say so. */
async function hasNoBank(folder: string): Promise<boolean> {
  if (!existsSync(folder)) return false;
  try {
    const loaded = await loadConfig(await configParts(folder, { log: SILENT }));
    return loaded.kind === "ready" && loaded.config.acquirer === undefined;
  } catch (fault) {
    if (isFault(fault)) return false;
    throw fault;
  }
}

async function verify(values: OptionValues, [folder]: readonly string[]): Promise<number> {
  if (folder === undefined) return usage("which journal? yikatong journal verify <folder>");
  if (!holdsJournal(folder)) {
    complain(`there is no journal in ${folder}`);
    return 1;
  }
  const store = await openSqliteStore({ folder, limitBytes: Number.MAX_SAFE_INTEGER, onlyLooks: true });
  const integrity = await store.integrity();
  const report = await verifyJournal(store, { suite: openCipherSuite() });
  const owedUploads = (await hasNoBank(String(values["config"]))) ? 0 : await owedIn(store);
  await store.close();
  const verified = { whole: report.firstBreak === undefined && integrity.length === 0, integrity, ...report, owedUploads };
  say(values["json"] === true ? JSON.stringify(verified) : verifiedText(verified));
  return verified.whole ? 0 : 1;
}

type Verified = VerifyReport & { readonly whole: boolean; readonly integrity: readonly string[]; readonly owedUploads: number };

function verifiedText(report: Verified): string {
  const { entries, openSubjects, batches, openBatches, receiptedThrough, takenThrough, left, owedUploads, firstBreak } = report;
  const lines = [
    `journal ${report.journalId ?? "(empty)"} of terminal ${report.terminalId ?? "-"}`,
    `${entries} entries, ${openSubjects} sales open, ${batches} batches (${openBatches} not receipted), receipted through ${receiptedThrough}`,
  ];
  if (takenThrough > 0) lines.push(`entries up to ${takenThrough} were taken away by rule; ${left} of them stay, because what they are about is open`);
  if (owedUploads > 0) lines.push(`the bank was not told of ${owedUploads} offline sales yet`);
  lines.push(report.whole ? "the chain is whole" : `BROKEN at entry ${firstBreak?.seq ?? "-"}: ${firstBreak?.why ?? report.integrity.join("; ")}`);
  return lines.join("\n");
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

async function exportJournal(values: OptionValues, [folder]: readonly string[]): Promise<number> {
  const out = values["out"];
  if (folder === undefined || typeof out !== "string") return usage("which journal, and where to? yikatong journal export <folder> --out <file>");
  if (!holdsJournal(folder)) {
    complain(`there is no journal in ${folder}`);
    return 1;
  }
  const store = await openSqliteStore({ folder, limitBytes: Number.MAX_SAFE_INTEGER, onlyLooks: true });
  const suite = openCipherSuite();
  const check = new ExportCheck(suite);
  try {
    const file = await open(out, "wx", 0o600);
    try {
      for await (const line of exportLines(store, suite)) {
        check.take(line);
        await file.write(`${line}\n`);
      }
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (isFault(cause)) throw cause;
    throw new Fault("store-broken", `${out} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`, { effectUnknown: false, cause });
  } finally {
    await store.close();
  }
  return tellExport(check.report(), values["json"] === true);
}

async function checkExport(values: OptionValues, [file]: readonly string[]): Promise<number> {
  if (file === undefined) return usage("which file? yikatong journal check <file>");
  if (!existsSync(file)) {
    complain(`there is no file ${file}`);
    return 1;
  }
  const check = new ExportCheck(openCipherSuite());
  for await (const line of createInterface({ input: createReadStream(file) })) check.take(line);
  return tellExport(check.report(), values["json"] === true);
}

function tellExport(report: ExportReport, asJson: boolean): number {
  const { firstBreak, entries, batches, terminalId, journalId, lastSeq, receiptedThrough } = report;
  const whole = firstBreak === undefined;
  if (asJson) say(JSON.stringify({ whole, ...report }));
  else {
    say(
      `journal ${journalId || "(empty)"} of terminal ${terminalId || "-"}: ${entries} entries up to ${lastSeq}, ${batches} batches, receipted through ${receiptedThrough}`,
    );
    say(whole ? "the export is whole" : `BROKEN at line ${firstBreak.line}: ${firstBreak.why}`);
  }
  return whole ? 0 : 1;
}

export const JOURNAL_COMMANDS: readonly Command[] = [
  {
    name: "journal verify",
    summary: "walks a journal's chain and says what it found",
    operands: "<folder>",
    options: { ...CONFIG_OPTION, ...JSON_OPTION },
    run: verify,
  },
  {
    name: "journal migrate",
    summary: "writes a journal in another schema, up or down; the terminal must not run",
    operands: "[folder]",
    options: {
      config: { type: "string", summary: "folder of the terminal's configuration, which names the journal's", default: CONFIG_FOLDER },
      to: { type: "string", summary: `schema to write: ${JOURNAL_SCHEMAS.join(", ")}` },
      ...JSON_OPTION,
    },
    run: migrate,
  },
  {
    name: "journal export",
    summary: "writes everything that a journal holds into a file that proves itself; personal parts stay sealed",
    operands: "<folder>",
    options: { out: { type: "string", summary: "file to write, which must not be there yet" }, ...JSON_OPTION },
    run: exportJournal,
  },
  { name: "journal check", summary: "says whether an exported journal is whole", operands: "<file>", options: JSON_OPTION, run: checkExport },
];
