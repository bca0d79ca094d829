/* `yikatong fares check`: whether files with fare tables can be worked with, alone and together, and if not, which row breaks which rule. */
import type { Command, OptionValues } from "../system/command-line.ts";
import { parseFareTables } from "../txn/fares/table.ts";
import type { FareProblem, FareTable } from "../txn/fares/types.ts";
import { dayText } from "../txn/fares/week.ts";
import { readJson } from "./json-file.ts";
import { complain, say } from "./output.ts";

function summary({ id, city, validFrom, validThrough, base, places, lines, rounding }: FareTable): string {
  const priced = base.kind === "distance" ? `distance (${base.bands.length} rows)` : base.kind;
  return (
    `${id}: the fare table is valid (city ${city}, ${dayText(validFrom)} to ${dayText(validThrough)}; ${priced}, ${places.length} places, ` +
    `${lines.length} lines; rounded ${rounding.mode} to ${rounding.toFen} fen)`
  );
}

function problemText({ at, rule }: FareProblem): string {
  return `  ${at}: ${rule}`;
}

/** Both forms of the answer; the exit code. */
function tell(files: readonly string[], values: readonly unknown[], json: boolean): number {
  const parsed = parseFareTables(values);
  if (json) say(JSON.stringify(parsed.ok ? { valid: true, tables: parsed.tables.map(({ id }) => id) } : { valid: false, problems: parsed.problems }));
  else if (parsed.ok) say(parsed.tables.map(summary).join("\n"));
  else complain([`${files.join(", ")}: no valid fare ${files.length === 1 ? "table" : "tables"}:`, ...parsed.problems.map(problemText)].join("\n"));
  return parsed.ok ? 0 : 1;
}

async function runCheck(values: OptionValues, files: readonly string[]): Promise<number> {
  if (files.length === 0) {
    complain("which file? yikatong fares check <file>...");
    return 2;
  }
  const contents: unknown[] = [];
  for (const file of files) {
    const read = await readJson(file);
    if (typeof read === "string") {
      complain(read);
      return 1;
    }
    contents.push(read.value);
  }
  return tell(files, contents, values["json"] === true);
}

export const FARES_COMMANDS: readonly Command[] = [
  {
    name: "fares check",
    summary: "says whether files with fare tables are valid, alone and together, and names the rows that are not",
    operands: "<file>...",
    options: { json: { type: "boolean", summary: "one JSON object instead of a summary" } },
    run: runCheck,
  },
];
