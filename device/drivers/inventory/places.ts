/* Where the machine keeps what it knows of its devices; other folders in tests. */
import { readdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";

export interface Places {
  /** Usually /sys. */
  readonly sys: string;
  /** Usually /dev. */
  readonly dev: string;
  /** Usually /proc. */
  readonly proc: string;
  /** Folders of links by role, the first one first. */
  readonly links: readonly string[];
}

/** Entries of one folder that are looked at: more than processes fit on such a machine. */
const ENTRIES_MAX = 65_536;
/** Of a file that says something in words, so much is read. */
const TEXT_MAX = 512;

/** Names in a folder, sorted; none where it cannot be read. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.sort((left, right) => (left < right ? -1 : 1)).slice(0, ENTRIES_MAX);
}

/** What a link leads to, or undefined where it leads nowhere. */
export function target(path: string): Promise<string | undefined> {
  return realpath(path).catch(() => undefined);
}

/** The first line of a file of the system, or undefined where there is none. */
export async function textIn(...path: readonly string[]): Promise<string | undefined> {
  const text = await readFile(join(...path), "utf8").catch(() => undefined);
  const line = text?.slice(0, TEXT_MAX).split("\n")[0]?.trim();
  return line === "" ? undefined : line;
}

/** Links in these folders by the node that they lead to, in the order of the folders. */
export async function linksByNode(folders: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for (const folder of folders) {
    for (const name of await namesIn(folder)) {
      const path = join(folder, name);
      const node = await target(path);
      if (node !== undefined) found.set(node, [...(found.get(node) ?? []), path]);
    }
  }
  return found;
}
