import * as z from "zod";
import type { Outcome } from "./lanes.ts";

const FAILURE_LINES_MAX = 30;
/** Frames of the runner and of Node tell nothing about a failed case. */
const FOREIGN_FRAME = /^\s+at .*(?:node_modules\/vitest|node:internal)/;

const reportShape = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() })),
    }),
  ),
});

type FileResult = z.infer<typeof reportShape>["testResults"][number];

function firstLines(text: string): string {
  const lines = text.split("\n").filter((line) => !FOREIGN_FRAME.test(line));
  return lines.slice(0, FAILURE_LINES_MAX).join("\n");
}

function failuresOf(file: FileResult, root: string): string[] {
  const where = file.name.replace(`${root}/`, "");
  const failed = file.assertionResults.filter((one) => one.status === "failed");
  const lines = failed.map((one) => firstLines(`${where}: ${one.fullName}\n${(one.failureMessages ?? []).join("\n")}`));
  // A file that could not be loaded has no case of its own; it counts as one failure, never as nothing.
  if (failed.length === 0 && file.status === "failed") lines.push(firstLines(`${where}: the file failed\n${file.message ?? ""}`));
  return lines;
}

/** Counts and failures of vitest's JSON report; undefined when the text is no such report. */
export function readReport(text: string, root: string): Outcome | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const report = reportShape.safeParse(json);
  if (!report.success) return undefined;
  const cases = report.data.testResults.flatMap((file) => file.assertionResults.map((one) => ({ where: file.name.replace(`${root}/`, ""), ...one })));
  const failures = report.data.testResults.flatMap((file) => failuresOf(file, root));
  const skips = cases.filter((one) => one.status !== "passed" && one.status !== "failed").map((one) => `${one.where}: ${one.fullName}`);
  const passed = cases.filter((one) => one.status === "passed").length;
  return { counts: { passed, failed: failures.length, skipped: skips.length }, failures, skips };
}
