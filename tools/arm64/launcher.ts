/*
 * Goal: the arm64 Node starts like any program, by one path, and so does every process that it starts.
 * Method: a shell script that names the emulator. The kernel could do the same by itself (binfmt_misc), but a registration there holds for
 * the whole machine, needs root, and only new kernels keep a private one; the script needs no right and leaves nothing behind.
 *
 * `-L` gives the emulated process a folder that lies over the machine's files: a path that exists below it is taken from there. It holds
 * arm64 libraries, and the arm64 build of an addon at the very path where node_modules has the one of this machine.
 */
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const EMULATORS = ["/usr/bin/qemu-aarch64-static", "/usr/bin/qemu-aarch64"] as const;
const PRELOADED = new URL("./emulated.mjs", import.meta.url);

/** By how much waits are stretched: a process starts six to eight times slower here. More only makes the cases slow that wait for a deadline. */
const SLOWER = 6;

/** Where things lie below build/arm64. */
export interface Arm64Folders {
  /** The unpacked npm package of the arm64 Node: binary and headers. */
  readonly node: string;
  /** What lies over the machine's files under emulation. */
  readonly overlay: string;
  readonly work: string;
  readonly launcher: string;
}

export function arm64Folders(root: string): Arm64Folders {
  const base = join(root, "build", "arm64");
  return { node: join(base, "node"), overlay: join(base, "overlay"), work: join(base, "work"), launcher: join(base, "node-arm64") };
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}

/** Writes the launcher; says in one line why it cannot, or undefined. */
export function writeLauncher(folders: Arm64Folders): string | undefined {
  const emulator = EMULATORS.find((path) => existsSync(path));
  if (emulator === undefined) return "no qemu-aarch64-static on this machine";
  const lines = [
    "#!/bin/sh",
    `export YIKATONG_ARM64_LAUNCHER=${quoted(folders.launcher)} YIKATONG_ARM64_SLOWER=${SLOWER}`,
    // Compiled code is kept between starts: parsing and stripping types are what a start under emulation is slow at.
    `export NODE_COMPILE_CACHE=${quoted(join(folders.work, "compiled"))}`,
    `exec ${emulator} -L ${quoted(folders.overlay)} ${quoted(join(folders.node, "bin", "node"))} --import ${quoted(fileURLToPath(PRELOADED))} "$@"`,
  ];
  writeFileSync(folders.launcher, `${lines.join("\n")}\n`);
  chmodSync(folders.launcher, 0o755);
  return undefined;
}
