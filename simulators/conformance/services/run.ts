/*
 * Goal: no row of the table of services without a case that runs and shows it. Method: all cases run, one after the other; a row that works wants
 * a case that ran its act or flow to the end, a row that is refused wants its reason and its office from the terminal's own mouth.
 */

import type { RowPlace, ServiceRow } from "../../../device/txn/card-services/row-types.ts";
import { howOf, SERVICE_ROWS, standingOf } from "../../../device/txn/card-services/rows.ts";
import { EVERYTHING } from "../../../device/txn/card-services/testing.ts";
import { COUNTER_CASES } from "./cases-counter.ts";
import { MEDICAL_CASES } from "./cases-medical.ts";
import { MONEY_CASES } from "./cases-money.ts";
import { REFUSAL_CASES } from "./cases-refused.ts";
import type { ServiceCase, ServiceCaseReport, ServiceRowReport, ServicesReport } from "./types.ts";

const ALL_HOSTS: RowPlace = { kind: "counter", medical: true, bank: true, quickPayment: true, merchantAgreement: true, agency: true };
const CASES: readonly ServiceCase[] = [...COUNTER_CASES, ...MEDICAL_CASES, ...MONEY_CASES, ...REFUSAL_CASES];

/** Runs every case. Never rejects for what a case finds. */
export async function runServices(cases: readonly ServiceCase[] = CASES): Promise<ServicesReport> {
  const reports: ServiceCaseReport[] = [];
  for (const each of cases) reports.push(await runCase(each));
  const rows = SERVICE_ROWS.map((row) => rowReport(row, reports));
  const count = (outcome: ServiceRowReport["outcome"]): number => rows.filter((row) => row.outcome === outcome).length;
  const works = rows.filter(({ answer }) => answer === "works").length;
  return { rows, cases: reports, works, refused: rows.length - works, failed: count("failed"), missing: count("missing") };
}

async function runCase({ row, shows, title, run }: ServiceCase): Promise<ServiceCaseReport> {
  try {
    await run();
    return { row, shows, title, outcome: "passed" };
  } catch (error) {
    // Whatever a case throws is its finding, never the run's.
    return { row, shows, title, outcome: "failed", message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

function rowReport(row: ServiceRow, cases: readonly ServiceCaseReport[]): ServiceRowReport {
  const standing = standingOf(row, ALL_HOSTS, EVERYTHING);
  const own = cases.filter((each) => each.row === row.row);
  const wanted = standing.answer === "works" ? "served" : "refused";
  const shown = own.some(({ shows, outcome }) => shows === wanted && outcome === "passed");
  const failed = own.some(({ outcome }) => outcome === "failed");
  const { name, refusal, gate, offline } = row;
  return {
    row: row.row,
    ...name,
    answer: standing.answer,
    how: howOf(standing),
    reason: refusal.reason,
    office: refusal.office,
    gate,
    offline,
    shownBy: own.filter(({ outcome }) => outcome === "passed").map(({ title }) => title),
    outcome: failed ? "failed" : shown ? "shown" : "missing",
  };
}

/** The table for people, and what failed. */
export function formatServices(report: ServicesReport): string {
  const lines = report.rows.map(
    ({ row, answer, how, outcome, shownBy, zh }) =>
      `${String(row).padStart(2)}  ${answer.padEnd(7)}  ${outcome.padEnd(7)}  ${how.padEnd(46)}  ${shownBy.length} cases  ${zh}`,
  );
  for (const { row, title, message = "" } of report.cases.filter(({ outcome }) => outcome === "failed"))
    lines.push(`FAILED row ${row}: ${title}`, `       ${message}`);
  lines.push(
    `${report.rows.length} rows: ${report.works} work, ${report.refused} are refused with reason and office; ${report.cases.length} cases; ${report.failed} failed, ${report.missing} not shown`,
  );
  return `${lines.join("\n")}\n`;
}

/** The same table in Markdown, as docs/services.md has it. */
export function servicesTable(report: ServicesReport): string {
  const lines = ["| # | service | answer | shown by | without host or switch | office | gate |", "|---|---|---|---|---|---|---|"];
  for (const { row, zh, en, answer, how, reason, office, gate } of report.rows) {
    lines.push(`| ${row} | ${en} ${zh} | ${answer} | ${answer === "works" ? how : "–"} | ${reason} | ${office} | ${gate ? "yes" : ""} |`);
  }
  return `${lines.join("\n")}\n`;
}
