import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { LANES, laneOf } from "./lanes.ts";
import {
  bannedInDocuments,
  bannedWords,
  changelogShape,
  citations,
  documents,
  fileLengths,
  fileNames,
  inheritance,
  moduleState,
  packageShape,
  parseSpecs,
  readmeStart,
  type TextFile,
  unexplainedFaults,
} from "./tidy.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCES = "{device,simulators,tools,provisioning,hw-tests}/**/*.{ts,mts,mjs,cjs,c,h}";
const DOCUMENTS = "{*.md,{docs,provisioning,hw-tests,device,simulators,tools}/**/*.md}";
/** Raised as the project grows: a pattern that suddenly finds little must not look like a tidy house. */
const SOURCES_FLOOR = 450;

const read = (path: string): TextFile => ({ path, text: readFileSync(join(ROOT, path), "utf8") });
const find = (pattern: string): readonly string[] =>
  globSync(pattern, { cwd: ROOT })
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
const planted = (text: string, path = "device/card/planted.ts"): readonly TextFile[] => [{ path, text }];

const sourcePaths = find(SOURCES);
// The checks and their planted violations hold the very words that they look for.
const sources = sourcePaths.filter((path) => !/^tools\/tidy(?:\.test)?\.ts$/.test(path)).map(read);
const product = sources.filter(({ path }) => path.endsWith(".ts") && !path.endsWith(".test.ts"));
const texts = find(DOCUMENTS).map(read);
const specs = parseSpecs(read("docs/specs.tsv").text);
const specIds = specs.specs.map((spec) => spec.id);

describe("the tree is tidy", () => {
  it("has at least the known number of sources", () => expect(sourcePaths.length).toBeGreaterThanOrEqual(SOURCES_FLOOR));
  it("uses no banned word", () => expect(bannedWords(sources)).toEqual([]));
  it("inherits from errors only", () => expect(inheritance(product)).toEqual([]));
  it("keeps no mutable state in modules", () => expect(moduleState(product)).toEqual([]));
  it("keeps files short", () => expect(fileLengths(sources)).toEqual([]));
  it("names files in kebab-case", () => expect(fileNames(sourcePaths)).toEqual([]));
  it("lists its specifications soundly", () => expect(specs.problems).toEqual([]));
  it("cites listed specifications only", () => expect(citations(sources, specIds)).toEqual([]));
  it("shows the two commands first in README.md", () => expect(readmeStart(read("README.md"))).toEqual([]));
  it("shows the two commands first in README.zh-CN.md", () => expect(readmeStart(read("README.zh-CN.md"))).toEqual([]));
  it("keeps the change log in shape", () => expect(changelogShape(read("CHANGELOG.md"))).toEqual([]));
  it("has documents with one title and living links", () => expect(documents(texts, (path) => existsSync(join(ROOT, path)))).toEqual([]));
  it("names no place of one machine in its documents", () => expect(bannedInDocuments(texts)).toEqual([]));
  it("runs every script through the one entry and pins every package", () => expect(packageShape(read("package.json").text)).toEqual([]));
  it("explains every fault code", () => expect(unexplainedFaults(read("device/base/fault.ts").text, read("docs/faults.md").text)).toEqual([]));
  it("gives every lane test a lane", () => expect(sourcePaths.filter((path) => path.endsWith(".lane.test.ts") && laneOf(path) === undefined)).toEqual([]));
  it("names every lane once", () => expect(new Set(LANES.map((lane) => lane.name)).size).toBe(LANES.length));
});

describe("each check finds what is planted", () => {
  it.each([
    ["a note to oneself", "// TODO later"],
    ["a module mock", 'vi.mock("./clock.ts");'],
    ["a default export", "export default 1;"],
    ["an enumeration", "export const enum State { On }"],
    ["a silenced linter", "// biome-ignore lint: because"],
    ["a silenced coverage", "/* v8 ignore next */"],
    ["a silenced compiler", "// @ts-expect-error wrong"],
    ["chance by the back door", "const x = Math.random();"],
    ["time by the back door", "AbortSignal.timeout(5)"],
    ["a test that hides the others", 'it.only("x", () => {});'],
    ["a cast that ends checking", "const x = y as any;"],
    ["pinyin", "const qianbao = 1;"],
    ["a path of one machine", 'const x = "/home/me/x";'],
    ["a source nobody else has", "// see facts/card.md"],
  ])("bannedWords: %s", (_, line) => expect(bannedWords(planted(line))).toHaveLength(1));

  it("bannedWords gives line and replacement", () => expect(bannedWords(planted("ok\n// FIXME"))[0]).toMatch(/^device\/card\/planted\.ts:2: "FIXME": do it/));
  it("bannedWords lets a configuration export by default", () => expect(bannedWords(planted("export default {};", "vitest.config.ts"))).toEqual([]));
  it("bannedInDocuments", () => expect(bannedInDocuments(planted("see /home/me/notes, and Math.random", "docs/a.md"))).toHaveLength(1));
  it("inheritance", () => expect(inheritance(planted("class Pad extends Device {}"))).toHaveLength(1));
  it("inheritance lets errors be", () => expect(inheritance(planted("class Fault extends Error {}"))).toEqual([]));
  it("moduleState", () => expect(moduleState(planted("let count = 0;"))).toHaveLength(1));
  it("moduleState lets functions have variables", () => expect(moduleState(planted("  let count = 0;"))).toEqual([]));
  it.each([
    ["device/a.ts", 500, 0],
    ["device/a.ts", 501, 1],
    ["device/a.test.ts", 599, 0],
    ["device/a.test.ts", 600, 1],
  ])("fileLengths: %s with %i lines", (path, lines, problems) => expect(fileLengths(planted("x\n".repeat(lines), path))).toHaveLength(problems));
  it.each([
    ["device/card/purse-log.ts", 0],
    ["device/card/purse.lane.test.ts", 0],
    ["device/card/purseLog.ts", 1],
    ["device/card/Purse.ts", 1],
    ["device/card/purse_log.ts", 1],
  ])("fileNames: %s", (path, problems) => expect(fileNames([path])).toHaveLength(problems));
  it.each([
    ["no head", "GM/T 0002\tSM4\tno"],
    ["a missing column", "id\ttitle\theld\nGM/T 0002\tSM4"],
    ["neither yes nor no", "id\ttitle\theld\nGM/T 0002\tSM4\tperhaps"],
    ["a double", "id\ttitle\theld\nGM/T 0002\tSM4\tno\nGM/T 0002\tSM4\tno"],
  ])("parseSpecs: %s", (_, text) => expect(parseSpecs(text).problems).toHaveLength(1));
  it.each([
    ["an unlisted id", "// Spec: LD/T 99.1, 5.", 2],
    ["a listed id with more digits", "// Spec: RFC 19511, 2.", 2],
    ["a standard named in passing", "// as GB/T 11111 says", 1],
    ["a listed id", "// Spec: RFC 1951, 3.2.", 0],
    ["a part of a listed standard", "// Spec: GB/T 32918.2, 6.", 0],
  ])("citations: %s", (_, line, problems) => expect(citations(planted(line), ["RFC 1951", "GB/T 32918"])).toHaveLength(problems));
  it("readmeStart", () => expect(readmeStart({ path: "README.md", text: "# x\n\n```sh\nnpm install\n```\n" })).toHaveLength(1));
  it("changelogShape", () => expect(changelogShape({ path: "CHANGELOG.md", text: "# Changes\n\n## 1.0\n\n### Stuff\n" })).toHaveLength(4));
  it("changelogShape takes a release", () =>
    expect(changelogShape({ path: "CHANGELOG.md", text: "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-11-21\n\n### Added\n" })).toEqual([]));
  it("documents: two titles", () => expect(documents([{ path: "docs/a.md", text: "# a\n# b\n" }], () => true)).toHaveLength(1));
  it("documents: a dead link", () => expect(documents([{ path: "docs/a.md", text: "# a\n[b](b.md)\n" }], (path) => path !== "docs/b.md")).toHaveLength(1));
  it("packageShape: a script of its own", () => expect(packageShape('{"scripts":{"test":"vitest"}}')).toHaveLength(1));
  it("packageShape: a loose version", () => expect(packageShape('{"dependencies":{"mqtt":"^5.0.0"}}')).toHaveLength(1));
  it("unexplainedFaults", () =>
    expect(unexplainedFaults('export type FaultCode =\n  | "timeout"\n  | "gone";', "| `timeout` |")).toEqual(["docs/faults.md: gone is not explained"]));
  it("unexplainedFaults: nothing read", () => expect(unexplainedFaults("", "")).toHaveLength(1));
});
