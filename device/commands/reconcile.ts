/* `yikatong reconcile`: the report over days that the terminal has compared with the insurer's books. It reads files and asks nobody. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bytes } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { fen, formatYuan } from "../base/fen.ts";
import { SILENT } from "../base/log.ts";
import { medicalSettingsOf } from "../config/medical.ts";
import { REPORTS_FOLDER } from "../medical/reconciliation.ts";
import type { Command, OptionValues } from "../system/command-line.ts";
import type { DayView, ReconciliationReport } from "../txn/medical-reconciliation/acts.ts";
import { storedReport } from "../txn/medical-reconciliation/stored.ts";
import { CONFIG_FOLDER } from "./config.ts";
import { configIn } from "./devices-machine.ts";
import { complain, say } from "./output.ts";

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** Only looks: the terminal may be at work in the same folder. */
async function readIn(folder: string, name: string): Promise<Bytes | undefined> {
  try {
    return new Uint8Array(await readFile(join(folder, name)));
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new Fault("store-broken", `${join(folder, name)} cannot be read`, { effectUnknown: false, cause });
  }
}

async function write(file: string, contents: string): Promise<void> {
  try {
    await writeFile(file, contents);
  } catch (cause) {
    throw new Fault("store-broken", `${file} cannot be written`, { effectUnknown: false, cause });
  }
}

function signedYuan(amountFen: number): string {
  return `${amountFen < 0 ? "-" : ""}${formatYuan(fen(Math.abs(amountFen)))}`;
}

function dayLine({ day, state, groups, differences, open }: DayView): string {
  const count = groups.reduce((sum, { ownCount }) => sum + ownCount, 0);
  const totalFen = groups.reduce((sum, { own }) => sum + own.totalFen, 0);
  return `${day}  ${state.padEnd(10)}  ${count} settlements, ${signedYuan(totalFen)} yuan, ${differences.length} differences, ${open.length} open`;
}

/** 0: every day agrees, as it was or after what was done. */
function codeOf({ days, missing }: ReconciliationReport): number {
  return missing.length === 0 && days.every(({ state }) => state === "equal" || state === "settled") ? 0 : 1;
}

function tell({ days, missing }: ReconciliationReport): void {
  for (const day of days) say(dayLine(day));
  if (missing.length > 0) say(`not compared yet: ${missing.join(", ")}`);
}

async function runReconcile(values: OptionValues, [from, to = from]: readonly string[]): Promise<number> {
  if (from === undefined || to === undefined) {
    complain("which day? yikatong reconcile <from> [to], each as yyyy-MM-dd");
    return 2;
  }
  const config = await configIn(String(values["config"]), { log: SILENT });
  if (config === undefined) return 1;
  const folder = join(config.journal.folder, REPORTS_FOLDER);
  const { institution, institutionName } = medicalSettingsOf(config).profile.sender;
  const stored = { read: (name: string) => readIn(folder, name), onUnreadable: (day: string) => complain(`${day}: its file in ${folder} cannot be read`) };
  const report = await storedReport(stored, { institution, institutionName, from, to });
  if (report === undefined) {
    complain("a range is one to 366 days, the earlier first, each as yyyy-MM-dd");
    return 2;
  }
  const { html, csv } = values;
  if (typeof html === "string") await write(html, report.html);
  if (typeof csv === "string") await write(csv, report.csv);
  if (values["json"] === true) say(JSON.stringify({ from: report.from, to: report.to, days: report.days, missing: report.missing }));
  else tell(report);
  return codeOf(report);
}

export const RECONCILE_COMMANDS: readonly Command[] = [
  {
    name: "reconcile",
    summary: "tells what the comparison of these days with the insurer's books has found; the terminal may stand still",
    operands: "<from> [to]",
    options: {
      config: { type: "string", summary: "folder of the terminal's configuration", default: CONFIG_FOLDER },
      html: { type: "string", summary: "writes the report as a page" },
      csv: { type: "string", summary: "writes the report as a table" },
      json: { type: "boolean", summary: "one JSON object instead of a summary" },
    },
    run: runReconcile,
  },
];
