/*
 * Goal: the mutation score of each part, repeatable by name, and no survivor forgiven without a written reason.
 * Method: one stryker run for each part that is asked for (all of them without `--part`), at low priority: it takes minutes and is never
 * urgent. Survivors are looked up in docs/equivalent-mutants.md by file, function and the changed line, so that a reason ends with its line.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { PARTS } from "./mutation-parts.mjs";

const STRYKER = "node_modules/@stryker-mutator/core/bin/stryker.js";
const EQUIVALENT = "docs/equivalent-mutants.md";

function usage() {
  const lines = Object.entries(PARTS).map(([name, part]) => `  ${name.padEnd(14)} at least ${part.least} %: ${part.mutate.join(" ")}`);
  return `usage: npm run mutation -- [--part NAME]... [--report-only] [stryker options]\n\n${lines.join("\n")}\n`;
}

function parse(args) {
  const names = [];
  const rest = [];
  for (let at = 0; at < args.length; at += 1) {
    if (args[at] === "--part") {
      at += 1;
      names.push(args[at] ?? "");
    } else if (args[at] !== "--report-only") rest.push(args[at]);
  }
  return { names: names.length === 0 ? Object.keys(PARTS) : names, rest, reportOnly: args.includes("--report-only") };
}

/** The line as the mutant has it, in one piece; of a statement that is gone, what it was. */
function changedLine(lines, { location: { start, end }, replacement }) {
  const before = lines[start.line - 1].slice(0, start.column - 1);
  const after = lines[end.line - 1].slice(end.column - 1);
  const changed = oneLine(`${before}${replacement ?? ""}${after}`);
  return changed === ";" ? `(gone) ${oneLine(lines.slice(start.line - 1, end.line).join(" "))}` : changed;
}

function oneLine(text) {
  return text.replaceAll(/\s+/g, " ").replaceAll("`", "'").trim();
}

/** The top-level function or constant around the mutant. */
function functionOf(lines, { location: { start } }) {
  for (let at = start.line - 1; at >= 0; at -= 1) {
    const name = /^(?:export )?(?:async )?(?:function\*?|const|class) (\w+)/.exec(lines[at])?.[1];
    if (name !== undefined) return name;
  }
  return "";
}

/** The first three cells of a row of the table: what names the mutant. */
function rowOf(file, lines, mutant) {
  return `| ${file} | ${functionOf(lines, mutant)} | \`${changedLine(lines, mutant).replaceAll("|", "\\|")}\` |`;
}

/** Rows with a reason: everything up to the third cell, once for each time it is listed. */
function listedRows() {
  const rows = readFileSync(EQUIVALENT, "utf8").matchAll(/^(\| [^|]+ \| \w+ \| `[^`]+` \|) *\S/gm);
  return Array.from(rows, ([, row]) => row);
}

function takeFrom(rows, row) {
  const at = rows.indexOf(row);
  if (at >= 0) rows.splice(at, 1);
  return at >= 0;
}

const isKilled = ({ status }) => status === "Killed" || status === "Timeout";
const isAlive = ({ status }) => status === "Survived" || status === "NoCoverage";

function judge(name, rows) {
  const { files } = JSON.parse(readFileSync(`reports/mutation/${name}.json`, "utf8"));
  const all = Object.entries(files).flatMap(([file, { source, mutants }]) => mutants.map((mutant) => ({ ...mutant, file, lines: source.split("\n") })));
  const survivors = all.filter(isAlive).map((mutant) => ({ ...mutant, row: rowOf(mutant.file, mutant.lines, mutant) }));
  const open = survivors.filter(({ row }) => !takeFrom(rows, row));
  const words = all.filter(({ status }) => status === "Ignored").length;
  const count = { mutants: all.length - words, killed: all.filter(isKilled).length, listed: survivors.length - open.length, words };
  const texts = open.map(({ file, row, mutatorName, location }) => `${file}:${location.start.line} ${mutatorName}\n${row}`);
  return { count, survivors: texts, score: (100 * count.killed) / Math.max(1, count.mutants - count.listed) };
}

/** Prints the row of docs/reports/mutation.md and what survived without a reason. */
function report(name, rows) {
  const { count, survivors, score } = judge(name, rows);
  const enough = score >= PARTS[name].least;
  for (const survivor of survivors) process.stdout.write(`${survivor}\n`);
  process.stdout.write("| part | mutants | killed | survived | listed as equivalent | words not mutated | score % | asked |\n");
  const cells = [name, count.mutants, count.killed, survivors.length, count.listed, count.words, score.toFixed(1), PARTS[name].least];
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
  return enough;
}

const { names, rest, reportOnly } = parse(process.argv.slice(2));
if (rest.includes("--help") || names.some((name) => !Object.hasOwn(PARTS, name))) {
  process.stderr.write(usage());
  process.exit(rest.includes("--help") ? 0 : 2);
}
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
const rows = listedRows();
let enough = true;
for (const name of names) {
  process.stdout.write(`mutation part ${name}\n`);
  const env = { ...process.env, MUTATION_PART: name };
  const { status } = reportOnly ? { status: 0 } : spawnSync(process.execPath, [STRYKER, "run", ...rest], { stdio: "inherit", env });
  if (status !== 0) process.exit(status ?? 1);
  enough = report(name, rows) && enough;
}
process.exit(enough ? 0 : 1);
