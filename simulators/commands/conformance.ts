/* `conformance`: the table of cases, each with its clause, over the real card kernel and flows. */
import type { Command } from "../../device/system/command-line.ts";
import { formatReport, runConformance } from "../conformance/run.ts";

export const conformanceCommand: Command = {
  name: "conformance",
  summary: "runs the conformance cases of card, module and flows, each with the clause it follows",
  options: {
    only: { type: "string", summary: "beginning of a case's id, or a whole tag" },
    json: { type: "boolean", summary: "one JSON object instead of a summary" },
  },
  run: async (values) => {
    const report = await runConformance(typeof values["only"] === "string" ? { only: values["only"] } : {});
    process.stdout.write(values["json"] === true ? `${JSON.stringify(report)}\n` : formatReport(report));
    return report.failed === 0 ? 0 : 1;
  },
};
