/*
 * Goal: one command says whether terminal, card and module keep to the specifications, case by case.
 * Method: every case gets a context of its own and runs to its end in virtual time; whatever it throws is its failure, never the run's.
 */
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { CATALOGUE } from "./catalogue.ts";
import { ConformanceContext, type Deviation } from "./context.ts";
import type { CaseReport, ConformanceCase, ConformanceReport } from "./types.ts";

export interface ConformanceOptions {
  /** Beginning of an id, or a whole tag: other cases are skipped. */
  readonly only?: string;
}

interface RunOptions extends ConformanceOptions {
  /** A breach of the specifications that is planted in every card or module. */
  readonly deviation?: Deviation;
}

/** Virtual time that no case comes near. */
const CASE_LIMIT_MS = 3_600_000;
/** Failed cases that the text names; all of them stand in the report. */
const FAILURES_SHOWN = 50;

function asked(each: ConformanceCase, only: string | undefined): boolean {
  return only === undefined || each.id.startsWith(only) || each.tags.some((tag) => tag === only);
}

/** Runs all cases, or those asked for. Never rejects for what a case finds. */
export function runConformance(options: ConformanceOptions = {}): Promise<ConformanceReport> {
  return runCases(CATALOGUE, options);
}

/** Runs the given cases, one after the other. */
export async function runCases(cases: readonly ConformanceCase[], options: RunOptions = {}): Promise<ConformanceReport> {
  const suite = openCipherSuite();
  const reports: CaseReport[] = [];
  for (const each of cases) {
    const { id, spec, title, tags } = each;
    const described = { id, spec, title, tags };
    if (asked(each, options.only)) reports.push({ ...described, ...(await runCase(each, new ConformanceContext(suite, options.deviation))) });
    else reports.push({ ...described, outcome: "skipped", precondition: each.precondition ?? "", apdus: each.expects ?? [] });
  }
  const count = (outcome: CaseReport["outcome"]): number => reports.filter((report) => report.outcome === outcome).length;
  return { cases: reports, passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}

type Ran = Omit<CaseReport, "id" | "spec" | "title" | "tags">;

async function runCase(each: ConformanceCase, context: ConformanceContext): Promise<Ran> {
  const told = (): Pick<Ran, "precondition" | "apdus"> => ({ precondition: each.precondition ?? context.precondition, apdus: each.expects ?? context.told });
  try {
    await context.clock.resolve(each.run(context), CASE_LIMIT_MS);
    return { outcome: "passed", ...told() };
  } catch (error) {
    // A fault or an assertion of the terminal that a case did not expect is a finding like any other.
    const found = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { outcome: "failed", message: `${found} [${context.dialogue}]`, ...told() };
  }
}

/** The report for people: counts by group of ids, then what failed. */
export function formatReport(report: ConformanceReport): string {
  const groups = new Map<string, { passed: number; failed: number; skipped: number }>();
  for (const { id, outcome } of report.cases) {
    const group = id.slice(0, 3);
    const counts = groups.get(group) ?? { passed: 0, failed: 0, skipped: 0 };
    groups.set(group, { ...counts, [outcome]: counts[outcome] + 1 });
  }
  const lines = [...groups].map(
    ([group, { passed, failed, skipped }]) =>
      `${group}  ${String(passed).padStart(4)} passed ${String(failed).padStart(4)} failed ${String(skipped).padStart(4)} skipped`,
  );
  const failures = report.cases.filter(({ outcome }) => outcome === "failed");
  for (const { id, spec, title, message = "" } of failures.slice(0, FAILURES_SHOWN)) lines.push(`FAILED ${id} (${spec}): ${title}`, `       ${message}`);
  if (failures.length > FAILURES_SHOWN) lines.push(`… and ${failures.length - FAILURES_SHOWN} more`);
  lines.push(`${report.cases.length} cases: ${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`);
  return `${lines.join("\n")}\n`;
}
