/* `npm run seed`: writes the first-start files of one machine from an order, or checks such files. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkSeed, type SeedFileName, seedOf } from "./seed.ts";

const USAGE = `usage: npm run seed -- --order FILE --out FOLDER    writes user-data, meta-data and network-config
       npm run seed -- --check FOLDER               checks them
An order is JSON: {"v":1,"hostname":"till-1","bundle":"yikatong-0.1.0-linux-arm64.bundle",...}; docs/field-guide.md has every member.`;
const NAMES: readonly SeedFileName[] = ["user-data", "meta-data", "network-config"];
const EXIT_WRONG = 1;
const EXIT_USAGE = 2;

function complain(lines: readonly string[], code: number): number {
  process.stderr.write(`${lines.join("\n")}\n`);
  return code;
}

function check(folder: string): number {
  const read = (name: SeedFileName) => (existsSync(join(folder, name)) ? { [name]: readFileSync(join(folder, name), "utf8") } : {});
  const problems = checkSeed({ ...read("user-data"), ...read("meta-data"), ...read("network-config") });
  if (problems.length > 0) return complain(problems, EXIT_WRONG);
  process.stdout.write(`the seed in ${folder} is sound\n`);
  return 0;
}

function write(orderFile: string, folder: string): number {
  let asked: unknown;
  try {
    asked = JSON.parse(readFileSync(orderFile, "utf8"));
  } catch (error) {
    return complain([`${orderFile}: ${error instanceof Error ? error.message : String(error)}`], EXIT_WRONG);
  }
  const seed = seedOf(asked);
  if (!seed.ok) return complain(seed.problems, EXIT_WRONG);
  mkdirSync(folder, { recursive: true });
  // A claim's ticket and a network's password stand in them.
  for (const name of NAMES) writeFileSync(join(folder, name), seed.files[name], { mode: 0o600 });
  process.stdout.write(`${NAMES.join(", ")} are in ${folder}: copy them to the first partition of the card\n`);
  return 0;
}

function main(): number {
  try {
    const { values } = parseArgs({ options: { order: { type: "string" }, out: { type: "string" }, check: { type: "string" }, help: { type: "boolean" } } });
    if (values.check !== undefined && values.order === undefined) return check(values.check);
    if (values.order !== undefined && values.out !== undefined) return write(values.order, values.out);
    if (values.help !== true) return complain([USAGE], EXIT_USAGE);
    process.stdout.write(`${USAGE}\n`);
    return 0;
  } catch (error) {
    // parseArgs throws for what was typed, and its sentence is meant for people.
    return complain([error instanceof Error ? error.message : String(error), USAGE], EXIT_USAGE);
  }
}

process.exitCode = main();
