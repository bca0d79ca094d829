/*
 * Who has a device open. A port that another process holds is never asked anything: a question in the middle of somebody's dialogue would be
 * an answer to something else. The system tells it of all processes to root, and of one's own to others.
 */
import { readlink } from "node:fs/promises";
import { join } from "node:path";
import { namesIn, type Places, textIn } from "./places.ts";

const PROCESS = /^\d+$/;

async function isHeldBy(proc: string, pid: string, nodes: ReadonlySet<string>): Promise<readonly string[]> {
  const folder = join(proc, pid, "fd");
  // Read as a text: what the link leads to is not touched, because that could hang.
  const held = await Promise.all((await namesIn(folder)).map((name) => readlink(join(folder, name)).catch(() => "")));
  return held.filter((node) => nodes.has(node));
}

/** Other processes by the node that they hold, for people. Never rejects. */
export async function holdersOf(
  nodes: ReadonlySet<string>,
  { proc, self }: Pick<Places, "proc"> & { readonly self: number },
): Promise<ReadonlyMap<string, string>> {
  const holders = new Map<string, string>();
  const processes = (await namesIn(proc)).filter((name) => PROCESS.test(name) && name !== String(self));
  for (const pid of processes) {
    for (const node of await isHeldBy(proc, pid, nodes)) {
      const name = (await textIn(proc, pid, "comm")) ?? "?";
      if (!holders.has(node)) holders.set(node, `process ${pid} (${name})`);
    }
  }
  return holders;
}
