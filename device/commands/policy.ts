/* `yikatong policy check`: whether a file with a region's rules can be worked with, and if not, where and why. */
import type { Command, OptionValues } from "../system/command-line.ts";
import { type PolicyProblem, parsePolicy } from "../txn/medical-split/policy.ts";
import type { RegionPolicy } from "../txn/medical-split/types.ts";
import { readJson } from "./json-file.ts";
import { complain, say } from "./output.ts";

function summary({ place, insuranceTypes, validFrom, validTo, pool, otherFunds }: RegionPolicy): string {
  const until = validTo === undefined ? "on" : `to ${validTo}`;
  const pays = pool === undefined ? "no pooled fund: the personal account alone" : `deductible by the ${pool.deductibleBasis}, rounded ${pool.rounding}`;
  const others = otherFunds.length === 0 ? "" : `, and ${otherFunds.map(({ fund }) => fund).join(", ")}`;
  return `${place}: the policy is valid (insurance ${insuranceTypes.join(", ")}, from ${validFrom} ${until}; ${pays}${others})`;
}

function problemText({ at, rule }: PolicyProblem): string {
  return `  ${at}: ${rule}`;
}

async function runCheck(values: OptionValues, [file]: readonly string[]): Promise<number> {
  if (file === undefined) {
    complain("which file? yikatong policy check <file>");
    return 2;
  }
  const read = await readJson(file);
  if (typeof read === "string") {
    complain(read);
    return 1;
  }
  const parsed = parsePolicy(read.value);
  if (values["json"] === true) say(JSON.stringify(parsed.ok ? { valid: true, place: parsed.policy.place } : { valid: false, problems: parsed.problems }));
  else if (parsed.ok) say(summary(parsed.policy));
  else complain([`${file} is no valid policy:`, ...parsed.problems.map(problemText)].join("\n"));
  return parsed.ok ? 0 : 1;
}

export const POLICY_COMMANDS: readonly Command[] = [
  {
    name: "policy check",
    summary: "says whether a file with a region's rules of the fee split is valid, and names what is not",
    operands: "<file>",
    options: { json: { type: "boolean", summary: "one JSON object instead of a summary" } },
    run: runCheck,
  },
];
