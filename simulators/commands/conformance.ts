/* `conformance`: the table of cases, each with its clause, over the real card kernel and flows. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../../device/system/command-line.ts";
import { reportPage } from "../conformance/page.ts";
import { formatReport, runConformance } from "../conformance/run.ts";
import { formatServices, runServices, servicesTable } from "../conformance/services/run.ts";
import type { ConformanceReport } from "../conformance/types.ts";

const SERVICES_FILE = "services.json";
const SERVICES_TABLE = "services.md";
const PAGE_FILE = "conformance.html";
const DATA_FILE = "conformance.json";

function writeReports(folder: string, report: ConformanceReport): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, PAGE_FILE), reportPage(report));
  writeFileSync(join(folder, DATA_FILE), `${JSON.stringify(report)}\n`);
}

/** The table of services, row by row, each with the cases that show it. */
async function services(folder: string, asJson: boolean): Promise<number> {
  const report = await runServices();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, SERVICES_FILE), `${JSON.stringify(report)}\n`);
  writeFileSync(join(folder, SERVICES_TABLE), servicesTable(report));
  process.stdout.write(
    asJson ? `${JSON.stringify(report)}\n` : `${formatServices(report)}reports: ${join(folder, SERVICES_FILE)}, ${join(folder, SERVICES_TABLE)}\n`,
  );
  return report.failed === 0 && report.missing === 0 ? 0 : 1;
}

export const conformanceCommand: Command = {
  name: "conformance",
  summary: "runs the conformance cases of card, module and flows, each with the clause it follows, and writes an HTML and a JSON report",
  options: {
    services: { type: "boolean", summary: "the table of card services instead, each row with the cases that show it" },
    only: { type: "string", summary: "beginning of a case's id, or a whole tag" },
    json: { type: "boolean", summary: "one JSON object instead of a summary" },
    out: { type: "string", summary: "folder of the two reports", default: "build/conformance" },
  },
  run: async (values) => {
    if (values["services"] === true) return services(String(values["out"]), values["json"] === true);
    const report = await runConformance(typeof values["only"] === "string" ? { only: values["only"] } : {});
    const folder = String(values["out"]);
    writeReports(folder, report);
    if (values["json"] === true) process.stdout.write(`${JSON.stringify(report)}\n`);
    else process.stdout.write(`${formatReport(report)}reports: ${join(folder, PAGE_FILE)}, ${join(folder, DATA_FILE)}\n`);
    return report.failed === 0 ? 0 : 1;
  },
};
