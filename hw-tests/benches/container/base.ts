/*
 * A clean Debian root for a container, made from the distribution's own packages once and kept; each test gets it as the lower layer of a mount, so
 * that a machine of its own costs no copy.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "../../../tools/processes.ts";

export const PROJECT = fileURLToPath(new URL("../../..", import.meta.url));
const CACHE = join(PROJECT, ".cache", "container");
/** Debian 12 and 13. */
type Suite = "bookworm" | "trixie";
/** What every installed Debian has, and nothing that the terminal needs beside it. */
const BLANK = ["systemd", "systemd-sysv", "udev", "dbus", "iproute2"];
const BUILD_LIMIT_MS = 300_000;
const UNPACK_LIMIT_MS = 60_000;
const MOUNT_LIMIT_MS = 10_000;

/** Why no container can be started here, in one line, or undefined. */
export function containerObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "containers need root";
  const missing = ["mmdebstrap", "systemd-nspawn", "nsenter"].find((program) => spawnSync("which", [program], { stdio: "ignore" }).status !== 0);
  return missing === undefined ? undefined : `${missing} is not installed`;
}

/** Runs a program that has to succeed. */
export async function must(program: string, args: readonly string[], limitMs: number): Promise<string> {
  const ended = await runProgram(program, args, { limitMs });
  if (ended.code !== 0) throw new Error(`${program} ${args.join(" ")}: ${ended.code ?? "ended"}\n${ended.stdout.slice(-1_000)}${ended.stderr.slice(-2_000)}`);
  return ended.stdout;
}

/** The archive of a blank Debian; made where it is missing. */
async function blankArchive(suite: Suite): Promise<string> {
  const key = createHash("sha256")
    .update([suite, ...BLANK].join(" "))
    .digest("hex")
    .slice(0, 12);
  const archive = join(CACHE, `${suite}-${key}.tar`);
  if (existsSync(archive)) return archive;
  mkdirSync(CACHE, { recursive: true });
  const unfinished = `${archive}.${process.pid}.tar`;
  await must("mmdebstrap", ["--quiet", "--variant=minbase", `--include=${BLANK.join(",")}`, suite, unfinished], BUILD_LIMIT_MS);
  renameSync(unfinished, archive);
  return archive;
}

/** A folder with what several machines stand on, and all that is mounted or made for them. */
export class Roots {
  readonly folder: string;
  readonly #mounts: string[] = [];
  #made = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Unpacks a blank root. */
  static async open(suite: Suite = "bookworm"): Promise<Roots> {
    const archive = await blankArchive(suite);
    const roots = new Roots(mkdtempSync(join(tmpdir(), "ykt-machine-")));
    // In memory: what is tested is no disk, and thousands of files are gone at once.
    await must("mount", ["-t", "tmpfs", "-o", "size=4g,mode=755", "tmpfs", roots.folder], MOUNT_LIMIT_MS);
    mkdirSync(roots.blank);
    await must("tar", ["-C", roots.blank, "-xf", archive, "--exclude=./dev/*"], UNPACK_LIMIT_MS);
    return roots;
  }

  get blank(): string {
    return join(this.folder, "blank");
  }

  /** A root of its own over others, the newest layer first; whatever changes in it leaves them as they are. */
  async over(...layers: readonly [string, ...string[]]): Promise<string> {
    this.#made += 1;
    const place = join(this.folder, `m${this.#made}`);
    const [root, changes, work] = [join(place, "root"), join(place, "changes"), join(place, "work")];
    for (const folder of [root, changes, work]) mkdirSync(folder, { recursive: true });
    await must("mount", ["-t", "overlay", "overlay", "-o", `lowerdir=${layers.join(":")},upperdir=${changes},workdir=${work}`, root], MOUNT_LIMIT_MS);
    this.#mounts.push(root);
    return root;
  }

  /** Ends the changes of a root: from now on they are a layer for others. */
  async layer(root: string): Promise<string> {
    await this.#unmount(root);
    return join(root, "..", "changes");
  }

  /** Takes one root away. */
  async drop(root: string): Promise<void> {
    await this.#unmount(root);
    rmSync(join(root, ".."), { recursive: true, force: true });
  }

  async #unmount(root: string): Promise<void> {
    await must("umount", [root], MOUNT_LIMIT_MS);
    this.#mounts.splice(this.#mounts.indexOf(root), 1);
  }

  async close(): Promise<void> {
    for (const root of this.#mounts.splice(0).reverse()) await runProgram("umount", ["--lazy", root], { limitMs: MOUNT_LIMIT_MS });
    await runProgram("umount", ["--lazy", this.folder], { limitMs: MOUNT_LIMIT_MS });
    rmSync(this.folder, { recursive: true, force: true });
  }
}
