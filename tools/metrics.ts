/*
 * Goal: the house measures as figures, so that a trend can be seen.
 * Method: read the sources with the compiler's own parser; tests, contracts and declarations are left out of product figures.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { percentile } from "./bench/bench.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const FUNCTION_LINES_MAX = 70;
const FILE_LINES_MAX = 500;
const DOCUMENTED_LAYERS = /^device\/(?:base|codec|drivers\/ports)/;

interface Tally {
  functionLines: number[];
  longFunctions: string[];
  longFiles: string[];
  lines: number;
  commentLines: number;
  anyTypes: number;
  nonNull: number;
  casts: number;
  exported: number;
  documented: number;
  undocumented: string[];
  ownErrors: number;
  plainErrors: number;
  citations: number;
}

function emptyTally(): Tally {
  return {
    functionLines: [],
    longFunctions: [],
    longFiles: [],
    lines: 0,
    commentLines: 0,
    anyTypes: 0,
    nonNull: 0,
    casts: 0,
    exported: 0,
    documented: 0,
    undocumented: [],
    ownErrors: 0,
    plainErrors: 0,
    citations: 0,
  };
}

function lineCount(file: ts.SourceFile, node: ts.Node): number {
  return file.getLineAndCharacterOfPosition(node.end).line - file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
}

function countFunction(tally: Tally, file: ts.SourceFile, node: ts.Node): void {
  const isFunction = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isFunctionExpression(node) || ts.isArrowFunction(node);
  if (!isFunction && !ts.isConstructorDeclaration(node) && !ts.isAccessor(node)) return;
  if (node.body === undefined) return;
  const lines = lineCount(file, node);
  tally.functionLines.push(lines);
  if (lines > FUNCTION_LINES_MAX) tally.longFunctions.push(`${file.fileName}:${file.getLineAndCharacterOfPosition(node.pos).line + 1} (${lines})`);
}

function countTypes(tally: Tally, node: ts.Node): void {
  if (node.kind === ts.SyntaxKind.AnyKeyword) tally.anyTypes += 1;
  if (ts.isNonNullExpression(node)) tally.nonNull += 1;
  if (ts.isAsExpression(node) && !ts.isConstTypeReference(node.type)) tally.casts += 1;
}

function countErrors(tally: Tally, node: ts.Node): void {
  if (!ts.isNewExpression(node) || !ts.isIdentifier(node.expression)) return;
  const name = node.expression.text;
  if (name === "Error" || name === "TypeError" || name === "RangeError") tally.plainErrors += 1;
  else if (/(?:Fault|Failure|Error)$/.test(name)) tally.ownErrors += 1;
}

function isExported(node: ts.Node): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword);
}

function countExports(tally: Tally, file: ts.SourceFile): void {
  if (!DOCUMENTED_LAYERS.test(file.fileName)) return;
  for (const node of file.statements.filter(isExported)) {
    tally.exported += 1;
    if (ts.getJSDocCommentsAndTags(node).length > 0) tally.documented += 1;
    else tally.undocumented.push(`${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1}`);
  }
}

function visit(tally: Tally, file: ts.SourceFile, node: ts.Node): void {
  countFunction(tally, file, node);
  countTypes(tally, node);
  countErrors(tally, node);
  ts.forEachChild(node, (child) => visit(tally, file, child));
}

function measure(paths: readonly string[]): Tally {
  const tally = emptyTally();
  for (const path of paths) {
    const text = readFileSync(join(ROOT, path), "utf8");
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2024, true);
    const lines = text.trimEnd().split("\n");
    tally.lines += lines.length;
    tally.commentLines += lines.filter((line) => /^\s*(?:\/\/|\/\*|\*)/.test(line)).length;
    tally.citations += [...text.matchAll(/\bSpec: /g)].length;
    if (lines.length > FILE_LINES_MAX) tally.longFiles.push(`${path} (${lines.length})`);
    countExports(tally, file);
    visit(tally, file, file);
  }
  return tally;
}

function perThousand(count: number, lines: number): string {
  return ((count * 1000) / Math.max(1, lines)).toFixed(2);
}

function share(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((part * 100) / whole).toFixed(1)} %`;
}

function report(name: string, paths: readonly string[]): void {
  const tally = measure(paths);
  const lengths = [0.5, 0.9, 0.99].map((at) => percentile(tally.functionLines, at)).join(" / ");
  const rows: readonly (readonly [string, string])[] = [
    ["files / lines", `${paths.length} / ${tally.lines}`],
    ["function lines median / p90 / p99 (of)", `${lengths} (${tally.functionLines.length})`],
    [`functions over ${FUNCTION_LINES_MAX} lines`, `${tally.longFunctions.length} ${tally.longFunctions.join(", ")}`],
    [`files over ${FILE_LINES_MAX} lines`, `${tally.longFiles.length} ${tally.longFiles.join(", ")}`],
    ["comment share", share(tally.commentLines, tally.lines)],
    ["any / ! / casts per 1,000 lines", [tally.anyTypes, tally.nonNull, tally.casts].map((count) => perThousand(count, tally.lines)).join(" / ")],
    ["doc comments on exported things (ports, base, codec)", share(tally.documented, tally.exported)],
    ["own error class : plain Error", `${tally.ownErrors} : ${tally.plainErrors}`],
    ["Spec citations per 1,000 lines", perThousand(tally.citations, tally.lines)],
  ];
  const bare = process.argv.includes("--undocumented") ? tally.undocumented.map((where) => `    ${where}\n`).join("") : "";
  process.stdout.write(`${name}\n${rows.map(([label, value]) => `  ${label}: ${value.trimEnd()}\n`).join("")}${bare}`);
}

// A reader that has seen enough, such as head, closes the pipe; there is nobody left to tell.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

const all = globSync("{device,simulators,tools,hw-tests,provisioning}/**/*.ts", { cwd: ROOT }).sort();
const isTest = (path: string): boolean => /\.test\.ts$|\/contract\/|\/testing\.ts$|\.d\.ts$/.test(path);
report(
  "product (device)",
  all.filter((path) => path.startsWith("device/") && !isTest(path)),
);
report(
  "simulators",
  all.filter((path) => path.startsWith("simulators/") && !isTest(path)),
);
report(
  "card, codec, txn",
  all.filter((path) => /^device\/(?:card|codec|txn)\//.test(path) && !isTest(path)),
);
report(
  "tools",
  all.filter((path) => path.startsWith("tools/") && !isTest(path)),
);
report(
  "tests",
  all.filter((path) => path.endsWith(".test.ts")),
);
