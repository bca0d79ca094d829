/*
 * Goal: the habits of the house that no ready tool knows are checked like code.
 * Method: each check is a pure function from files to problems, so that a planted violation can prove that it finds something.
 */

/** A text file of the project; the path is relative to the project and written with slashes. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** What is wrong, for people: `path:line: what to do`. */
export type Problem = string;

interface BannedWord {
  readonly pattern: RegExp;
  readonly instead: string;
  /** Paths where the word is allowed. */
  readonly except?: RegExp;
  /** Out of place in documents too. */
  readonly documents?: boolean;
}

export const FILE_LINES_MAX = 500;
export const TEST_LINES_MAX = 599;

const TESTS = /\.test\.ts$/;

const BANNED: readonly BannedWord[] = [
  { pattern: /\b(?:TODO|FIXME|XXX|HACK)\b/, instead: "do it, or write an issue", documents: true },
  { pattern: /\bvi\.(?:mock|doMock|hoisted)\b/, instead: "pass the part through a port" },
  { pattern: /^\s*export default\b/, instead: "export by name", except: /\.config\.(?:ts|mjs)$|\.d\.ts$/ },
  { pattern: /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s+\w/, instead: "use a union of literals" },
  { pattern: /\b(?:biome-ignore|eslint-disable|oxlint-disable|@ts-ignore|@ts-nocheck)\b/, instead: "mend what the tool found" },
  { pattern: /\b(?:v8|c8|istanbul) ignore\b|\bStryker disable\b/, instead: "test it, or list the mutant in docs/equivalent-mutants.md" },
  { pattern: /@ts-expect-error/, instead: "mend the type", except: TESTS },
  { pattern: /\bMath\.random\b/, instead: "take a Randomness" },
  { pattern: /\bAbortSignal\.timeout\b/, instead: "take a Clock and withDeadline", except: /^(?:device\/(?:system|drivers)|tools)\/|\.test\.ts$/ },
  { pattern: /\bprocess\.nextTick\b/, instead: "await something of the Clock" },
  { pattern: /\b(?:it|test|describe)\.(?:only|skip|todo)\(/, instead: "run it, or declare a lane's need", except: /\/contract\// },
  { pattern: /\bas any\b/, instead: "narrow from unknown" },
  { pattern: /\b(?:qianbao|zhanghu|jiaoyi|yibao|shebao|xiaofei|chongzheng|jine|kahao|yu'?e)\b/i, instead: "the English word of docs/glossary.md" },
  { pattern: /(?:^|[\s"'(`])\/(?:home|root|work|Users)\//, instead: "a path relative to the project", documents: true },
  { pattern: /\bfacts\/[a-z-]+\.md\b/, instead: "a citation in the form Spec: id, clause", documents: true },
];

/** What is out of place in documents too, which may well talk about the rest. */
export function bannedInDocuments(files: readonly TextFile[]): readonly Problem[] {
  return bannedWords(
    files,
    BANNED.filter(({ documents }) => documents === true),
  );
}

/** Lines with a word that the house does not use, and what to use instead. */
export function bannedWords(files: readonly TextFile[], words: readonly BannedWord[] = BANNED): readonly Problem[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, at) => {
      const broken = words.filter(({ pattern, except }) => pattern.test(line) && except?.test(path) !== true);
      return broken.map(({ pattern, instead }) => `${path}:${at + 1}: "${pattern.exec(line)?.[0].trim()}": ${instead}`);
    }),
  );
}

/** Classes that inherit from anything but errors. */
export function inheritance(files: readonly TextFile[]): readonly Problem[] {
  const parent = /\bclass\s+\w+(?:<[^>]*>)?\s+extends\s+([\w.]+)/;
  return linesMatching(files, parent, (match) => !/^(?:\w*Error|Fault)$/.test(match[1] ?? "")).map(
    (at) => `${at}: no inheritance; compose, or implement an interface`,
  );
}

/** Variables of a module that can change: state that no test can see or reset. */
export function moduleState(files: readonly TextFile[]): readonly Problem[] {
  return linesMatching(files, /^(?:export\s+)?(?:let|var)\s+\w/, () => true).map(
    (at) => `${at}: no mutable state of a module; hold it in an object that somebody makes`,
  );
}

function linesMatching(files: readonly TextFile[], pattern: RegExp, counts: (match: RegExpExecArray) => boolean): readonly string[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, at) => {
      const match = pattern.exec(line);
      return match !== null && counts(match) ? [`${path}:${at + 1}`] : [];
    }),
  );
}

/** Files longer than the house allows. */
export function fileLengths(files: readonly TextFile[]): readonly Problem[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    const max = TESTS.test(path) ? TEST_LINES_MAX : FILE_LINES_MAX;
    return lines > max ? [`${path}: ${lines} lines, at most ${max}; split it by what it is about`] : [];
  });
}

const NAME_SHAPE = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:lane|model|test|hw|config|contract|d))*\.(?:ts|mts|mjs|cjs|c|h)$/;

/** Source files whose name is not kebab-case with a known ending. */
export function fileNames(paths: readonly string[]): readonly Problem[] {
  return paths.filter((path) => !NAME_SHAPE.test(path.slice(path.lastIndexOf("/") + 1))).map((path) => `${path}: file names are kebab-case`);
}

export interface Spec {
  readonly id: string;
  readonly title: string;
  readonly held: boolean;
}

/** Reads docs/specs.tsv: id, title, held (yes or no), one head line. */
export function parseSpecs(text: string): { readonly specs: readonly Spec[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const specs: Spec[] = [];
  const [head, ...rows] = text.trimEnd().split("\n");
  if (head !== "id\ttitle\theld") problems.push("docs/specs.tsv:1: the head line is id, title, held");
  rows.forEach((row, at) => {
    const [id = "", title = "", held = "", ...more] = row.split("\t");
    const sound = id !== "" && title !== "" && (held === "yes" || held === "no") && more.length === 0;
    if (!sound) problems.push(`docs/specs.tsv:${at + 2}: id, title and yes or no, separated by tabs`);
    if (specs.some((spec) => spec.id === id)) problems.push(`docs/specs.tsv:${at + 2}: ${id} is listed twice`);
    specs.push({ id, title, held: held === "yes" });
  });
  return { specs, problems };
}

const CITATION = /\bSpec: ((?:(?!\bSpec: )[^\n])*)/g;
const STANDARD = /\b(?:LD\/T|GM\/T|GB\/T|JR\/T|ISO\/IEC|RFC) \d+(?:[.-]\d+)*/g;

function startsWithId(cited: string, ids: readonly string[]): boolean {
  return ids.some((id) => cited.startsWith(id) && !/[A-Za-z0-9]/.test(cited[id.length] ?? " "));
}

/** Citations of something that docs/specs.tsv does not list. A part of a listed standard (".2", "-4") counts as listed. */
export function citations(files: readonly TextFile[], ids: readonly string[]): readonly Problem[] {
  return files.flatMap(({ path, text }) => {
    const cited = [...text.matchAll(CITATION)].map((match) => ({ at: match.index, words: (match[1] ?? "").trim() }));
    const named = [...text.matchAll(STANDARD)].map((match) => ({ at: match.index, words: match[0] }));
    return [...cited, ...named]
      .filter(({ words }) => !startsWithId(words, ids))
      .map(({ at, words }) => `${path}:${text.slice(0, at).split("\n").length}: "${words.slice(0, 40)}" is not an id of docs/specs.tsv`);
  });
}

const COMMANDS_SEEN_BY_LINE = 25;

/** A README shows the two commands before anything else that can be run. */
export function readmeStart({ path, text }: TextFile): readonly Problem[] {
  const start = text.split("\n").slice(0, COMMANDS_SEEN_BY_LINE).join("\n");
  const first = /```[a-z]*\n([\s\S]*?)```/.exec(start)?.[1] ?? "";
  const commands = first
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
  return commands[0] === "npm start" && commands[1] === "npm test" ? [] : [`${path}: the first code block, near the top, shows npm start and npm test`];
}

const CHANGE_KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];

/** The change log after Keep a Changelog: releases with a date, newest first, and known kinds of change. */
export function changelogShape({ path, text }: TextFile): readonly Problem[] {
  const problems: Problem[] = [];
  if (!text.startsWith("# Changelog\n")) problems.push(`${path}:1: the title is "# Changelog"`);
  if (!/^## \[Unreleased\]$/m.test(text)) problems.push(`${path}: a section "## [Unreleased]" is missing`);
  text.split("\n").forEach((line, at) => {
    if (line.startsWith("## ") && !/^## \[(?:Unreleased|\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2})\]?$/.test(line))
      problems.push(`${path}:${at + 1}: "## [x.y.z] - YYYY-MM-DD"`);
    if (line.startsWith("### ") && !CHANGE_KINDS.includes(line.slice(4))) problems.push(`${path}:${at + 1}: one of ${CHANGE_KINDS.join(", ")}`);
  });
  return problems;
}

/** Documents with none or several titles, and relative links to what is not there. */
export function documents(files: readonly TextFile[], exists: (path: string) => boolean): readonly Problem[] {
  return files.flatMap(({ path, text }) => {
    const prose = text.replaceAll(/```[\s\S]*?```/g, "");
    const titles = prose.split("\n").filter((line) => line.startsWith("# ")).length;
    const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
    const links = [...prose.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? "").filter((link) => !/^[a-z]+:/.test(link));
    const dead = links.filter((link) => !exists(`${folder}${link}`)).map((link) => `${path}: the link ${link} leads nowhere`);
    return titles === 1 ? dead : [`${path}: ${titles} titles, a document has one`, ...dead];
  });
}

/** Scripts that do not go through tools/run.mjs by their own name, and dependencies that are not pinned. */
export function packageShape(text: string): readonly Problem[] {
  const manifest: unknown = JSON.parse(text);
  const entries = (key: string): readonly (readonly [string, string])[] => {
    const part = typeof manifest === "object" && manifest !== null && key in manifest ? (manifest as Readonly<Record<string, unknown>>)[key] : {};
    return typeof part === "object" && part !== null ? Object.entries(part).map(([name, value]) => [name, String(value)] as const) : [];
  };
  const scripts = entries("scripts").filter(([name, line]) => line !== `node tools/run.mjs ${name}`);
  const loose = ["dependencies", "devDependencies", "optionalDependencies"].flatMap(entries).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
  return [
    ...scripts.map(([name]) => `package.json: the script ${name} is "node tools/run.mjs ${name}"`),
    ...loose.map(([name, version]) => `package.json: ${name} ${version} is not one exact version`),
  ];
}

/** Fault codes of device/base/fault.ts that docs/faults.md does not explain. */
export function unexplainedFaults(faultSource: string, document: string): readonly Problem[] {
  const union = /export type FaultCode =([\s\S]*?);/.exec(faultSource)?.[1] ?? "";
  const codes = [...union.matchAll(/\| "([a-z-]+)"/g)].map((match) => match[1] ?? "");
  const missing = codes.filter((code) => !document.includes(`| \`${code}\` |`)).map((code) => `docs/faults.md: ${code} is not explained`);
  return codes.length === 0 ? ["device/base/fault.ts: no fault codes found"] : missing;
}
