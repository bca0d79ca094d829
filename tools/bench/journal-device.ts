/* A file system of its own on a loop device, whose statistics count what really reaches a disk. Needs root. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";

const IMAGE_MIB = 256;
const LIMIT_MS = 30_000;
const SECTOR_BYTES = 512;
/** Fields of /sys/block/<device>/stat. */
const FIELD_SECTORS_WRITTEN = 6;
const FIELD_FLUSHES = 15;

export interface CountingDisk {
  /** Where its ext4 is mounted. */
  readonly folder: string;
  /** Counted since the device was made. */
  written(): { readonly bytes: number; readonly flushes: number };
  remove(): void;
}

function call(program: string, ...args: readonly string[]): string {
  return execFileSync(program, [...args], { encoding: "utf8", timeout: LIMIT_MS, stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** Makes the disk below `folder`, or says why it cannot. */
export function openCountingDisk(folder: string): CountingDisk | { readonly reason: string } {
  if (process.getuid?.() !== 0) return { reason: "counting needs a loop device, and that needs root" };
  const image = join(folder, "image");
  const mounted = join(folder, "mounted");
  const undo: (() => void)[] = [];
  try {
    mkdirSync(mounted);
    call("truncate", "-s", `${IMAGE_MIB}M`, image);
    call("mkfs.ext4", "-q", "-F", image);
    const device = call("losetup", "--find", "--show", image);
    undo.push(() => call("losetup", "--detach", device));
    call("mount", "-o", "noatime", device, mounted);
    undo.push(() => call("umount", mounted));
    undo.push(() => rmSync(join(mounted, "journal"), { recursive: true, force: true }));
    return { folder: mounted, written: () => counters(device), remove: () => undoAll(undo) };
  } catch (error) {
    undoAll(undo);
    return { reason: `no loop device here: ${error instanceof Error ? error.message.split("\n")[0] : "unknown"}` };
  }
}

function counters(device: string): { readonly bytes: number; readonly flushes: number } {
  const fields = readFileSync(`/sys/block/${basename(device)}/stat`, "utf8")
    .trim()
    .split(/\s+/)
    .map(Number);
  return { bytes: (fields[FIELD_SECTORS_WRITTEN] ?? Number.NaN) * SECTOR_BYTES, flushes: fields[FIELD_FLUSHES] ?? Number.NaN };
}

function undoAll(undo: readonly (() => void)[]): void {
  for (const step of [...undo].reverse()) step();
}
