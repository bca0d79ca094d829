/*
 * Who has a device open. A port that another process holds is never asked anything: a question in the middle of somebody's dialogue would be
 * an answer to something else. The system tells it of all processes to root, and of one's own to others.
 */
import { readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { namesIn, type Places, textIn } from "./places.ts";

const PROCESS = /^\d+$/;

const PSEUDO = /\/pts\/(\d+)$/;
const PSEUDO_MAKER = /\/ptmx$/;
const INFO_MAX = 4_096;

/** Pseudo terminals that a process has made: it is the device at their other end. */
async function madeBy(proc: string, pid: string, links: ReadonlyMap<string, string>): Promise<ReadonlySet<string>> {
  const makers = [...links].filter(([, node]) => PSEUDO_MAKER.test(node));
  const infos = await Promise.all(makers.map(([name]) => readFile(join(proc, pid, "fdinfo", name), "utf8").catch(() => "")));
  return new Set(infos.flatMap((info) => /^tty-index:\s*(\d+)$/m.exec(info.slice(0, INFO_MAX))?.[1] ?? []));
}

async function heldBy(proc: string, pid: string, nodes: ReadonlySet<string>): Promise<readonly string[]> {
  const folder = join(proc, pid, "fd");
  // Read as a text: what the link leads to is not touched, because that could hang.
  const links = new Map(await Promise.all((await namesIn(folder)).map(async (name) => [name, await readlink(join(folder, name)).catch(() => "")] as const)));
  const held = [...links.values()].filter((node) => nodes.has(node));
  if (!held.some((node) => PSEUDO.test(node))) return held;
  const made = await madeBy(proc, pid, links);
  return held.filter((node) => !made.has(PSEUDO.exec(node)?.[1] ?? ""));
}

/** Other processes by the node that they hold, for people. Never rejects. */
export async function holdersOf(
  nodes: ReadonlySet<string>,
  { proc, self }: Pick<Places, "proc"> & { readonly self: number },
): Promise<ReadonlyMap<string, string>> {
  const holders = new Map<string, string>();
  const processes = (await namesIn(proc)).filter((name) => PROCESS.test(name) && name !== String(self));
  for (const pid of processes) {
    for (const node of await heldBy(proc, pid, nodes)) {
      const name = (await textIn(proc, pid, "comm")) ?? "?";
      if (!holders.has(node)) holders.set(node, `process ${pid} (${name})`);
    }
  }
  return holders;
}
