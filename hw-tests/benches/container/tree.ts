/* What a file tree is made of, line by line, so that two trees are the same or differ in lines that people can read. Times are no part of it. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** Not part of a system at rest: they are made anew by each start, or by whoever looks. */
const PASSING = ["/proc", "/sys", "/dev", "/run", "/tmp"];

/** Lines that only one of two trees has. */
export function treeDifference(left: readonly string[], right: readonly string[]): readonly string[] {
  const [inLeft, inRight] = [new Set(left), new Set(right)];
  return [...left.filter((line) => !inRight.has(line)).map((line) => `- ${line}`), ...right.filter((line) => !inLeft.has(line)).map((line) => `+ ${line}`)];
}

/** Reads trees. Files that several trees share, because they stand on the same layer, are read once. */
export class TreeReader {
  readonly #known = new Map<string, string>();

  /** Path, kind, owner, mode and contents of everything below `root`, sorted. */
  read(root: string): readonly string[] {
    const lines: string[] = [];
    this.#walk(root, "", lines);
    return lines.sort();
  }

  #walk(root: string, path: string, lines: string[]): void {
    for (const name of readdirSync(join(root, path))) {
      const at = `${path}/${name}`;
      if (PASSING.includes(at)) continue;
      const file = join(root, at);
      lines.push(`${at} ${this.#lineOf(file)}`);
      if (lstatSync(file).isDirectory()) this.#walk(root, at, lines);
    }
  }

  #lineOf(file: string): string {
    const stat = lstatSync(file);
    const common = `${stat.uid}:${stat.gid} ${(stat.mode & 0o7777).toString(8)}`;
    if (stat.isSymbolicLink()) return `-> ${readlinkSync(file)}`;
    if (stat.isDirectory()) return `folder ${common}`;
    if (!stat.isFile()) return `special ${common}`;
    const identity = [stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(":");
    const digest = this.#known.get(identity) ?? createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 16);
    this.#known.set(identity, digest);
    return `file ${common} ${stat.size} ${digest}`;
  }
}
