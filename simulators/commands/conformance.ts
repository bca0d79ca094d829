/* `conformance`: the table of cases, each with its clause, over the real card kernel and flows. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../../device/system/command-line.ts";
import { reportPage } from "../conformance/page.ts";
import { formatReport, runConformance } from "../conformance/run.ts";
import type { ConformanceReport } from "../conformance/types.ts";

const PAGE_FILE = "conformance.html";
const DATA_FILE = "conformance.json";

function writeReports(folder: string, report: ConformanceReport): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, PAGE_FILE), reportPage(report));
  writeFileSync(join(folder, DATA_FILE), `${JSON.stringify(report)}\n`);
}

export const conformanceCommand: Command = {
  name: "conformance",
  summary: "runs the conformance cases of card, module and flows, each with the clause it follows, and writes an HTML and a JSON report",
  options: {
    only: { type: "string", summary: "beginning of a case's id, or a whole tag" },
    json: { type: "boolean", summary: "one JSON object instead of a summary" },
    out: { type: "string", summary: "folder of the two reports", default: "build/conformance" },
  },
  run: async (values) => {
    const report = await runConformance(typeof values["only"] === "string" ? { only: values["only"] } : {});
    const folder = String(values["out"]);
    writeReports(folder, report);
    if (values["json"] === true) process.stdout.write(`${JSON.stringify(report)}\n`);
    else process.stdout.write(`${formatReport(report)}reports: ${join(folder, PAGE_FILE)}, ${join(folder, DATA_FILE)}\n`);
    return report.failed === 0 ? 0 : 1;
  },
};
