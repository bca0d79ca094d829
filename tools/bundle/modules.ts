/*
 * Goal: a bundle holds the packages that the device needs, built for its machine, and nothing that only builds, tests or explains them.
 * Method: what the lock file says of each package, followed from the packages that the device names; files chosen by what they are.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { Arch } from "../../provisioning/release/manifest.ts";

const names = z.record(z.string(), z.string()).default({});
const entry = z.object({ version: z.string().optional(), license: z.string().optional(), dependencies: names, optionalDependencies: names });
const lockShape = z.object({ packages: z.record(z.string(), entry) });

export interface LockedPackage {
  /** Path below the project, such as "node_modules/a/node_modules/b". */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly licence: string;
}

/** Only simulators need it; they do not ship. */
const NOT_SHIPPED: ReadonlySet<string> = new Set(["aedes"]);
/** Listed as optional because a desk works without; a terminal does not. */
const SHIPPED_OPTIONAL = ["pcsclite"] as const;

/** Every package that the device needs, sorted by path. Throws when the lock file lacks one: a checkout without it is broken. */
export function shippedPackages(lockText: string): readonly LockedPackage[] {
  const { packages } = lockShape.parse(JSON.parse(lockText));
  const found = new Map<string, LockedPackage>();
  const follow = (name: string, from: string, optional: boolean): void => {
    const path = resolve(packages, name, from);
    if (path === undefined && optional) return;
    const about = path === undefined ? undefined : packages[path];
    if (path === undefined || about?.version === undefined) throw new Error(`package-lock.json does not say where ${name} is for ${from}`);
    if (found.has(path)) return;
    found.set(path, { path, name, version: about.version, licence: about.license ?? "see its folder" });
    for (const each of Object.keys(about.dependencies)) follow(each, path, false);
    for (const each of Object.keys(about.optionalDependencies)) follow(each, path, true);
  };
  const root = packages[""];
  for (const name of Object.keys(root?.dependencies ?? {})) if (!NOT_SHIPPED.has(name)) follow(name, "", false);
  for (const name of SHIPPED_OPTIONAL) follow(name, "", false);
  return [...found.values()].sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** As Node looks for it: beside, then above. */
function resolve(packages: Readonly<Record<string, unknown>>, name: string, from: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    const path = at === "" ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (at === "") return undefined;
  }
}

const LICENCE_FILE = /^(?:licen[cs]e|notice|copying)/i;
/** Files of a build name the folder in which it was made: two builds of one commit would differ. */
const LEFT_OUT_FILES =
  /\.(?:d\.[cm]?ts|ts|map|md|markdown|c|cc|cpp|h|hpp|m|gyp|gypi|mk|Makefile|sln|vcxproj|yml|yaml|o|d|tgz|tsbuildinfo)$|^(?:\..*|Makefile.*|config\.gypi|tsconfig.*\.json)$/;
/** At the top of a package only: deeper, such names may be code. */
const LEFT_OUT_FOLDERS: ReadonlySet<string> = new Set([
  "test",
  "tests",
  "example",
  "examples",
  "docs",
  "doc",
  "benchmark",
  "benchmarks",
  "bench",
  ".github",
  "node_modules",
  "hidapi",
  "fixture",
  "fixtures",
]);

/** Files of one package that ship, relative to it. */
export function shippedFiles(folder: string, arch: Arch): readonly string[] {
  return filesBelow(folder, "").filter((path) => ships(path, arch));
}

function filesBelow(folder: string, below: string): readonly string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((found) => {
    const path = below === "" ? found.name : `${below}/${found.name}`;
    if (found.isDirectory()) return (below === "" && LEFT_OUT_FOLDERS.has(found.name)) || found.name === "obj.target" ? [] : filesBelow(folder, path);
    return found.isFile() ? [path] : [];
  });
}

function ships(path: string, arch: Arch): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name.endsWith(".node")) return isFor(path, arch);
  return LICENCE_FILE.test(name) || !LEFT_OUT_FILES.test(name);
}

/** Whether a native part is for this machine: prebuilt ones name theirs, what was built here lies in `build/Release`. */
function isFor(path: string, arch: Arch): boolean {
  if (!path.includes("prebuilds/")) return path.startsWith("build/Release/");
  return new RegExp(`linux-${arch}/[^/]*$`).test(path) && !path.includes("musl");
}

/** What stands in `licences.txt`: a line for each package. */
export function licenceList(packages: readonly LockedPackage[], node: string): string {
  return [`node ${node} MIT and others, see node/LICENSE`, ...packages.map(({ name, version, licence }) => `${name} ${version} ${licence}`)]
    .map((line) => `${line}\n`)
    .join("");
}

export function readLock(root: string): string {
  return readFileSync(join(root, "package-lock.json"), "utf8");
}
