/*
 * Goal: a kernel for the guest, without a trace of it on the host.
 * Method: Debian's own package is downloaded and taken apart below build/; nothing is installed. Its name changes with each update, so it
 * is asked for; a kernel that is there is kept.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

export interface GuestKernel {
  readonly version: string;
  readonly image: string;
  /** Below it lies lib/modules. */
  readonly root: string;
}

const STEP_LIMIT_MS = 240_000;
const PACKAGE = /^linux-image-(\d\S*-amd64)$/;

function output(program: string, args: readonly string[], folder: string): string | undefined {
  const ended = spawnSync(program, [...args], { cwd: folder, encoding: "utf8", timeout: STEP_LIMIT_MS, stdio: ["ignore", "pipe", "pipe"] });
  return ended.status === 0 ? ended.stdout : undefined;
}

function packageName(folder: string): string | undefined {
  const names = (output("apt-cache", ["depends", "linux-image-amd64"], folder) ?? "").split(/\s+/);
  return names.find((name) => PACKAGE.test(name));
}

function downloaded(folder: string): string | undefined {
  const name = packageName(folder);
  if (name === undefined || output("apt-get", ["-qq", "download", name], folder) === undefined) return undefined;
  return readdirSync(folder).find((file) => file.endsWith(".deb"));
}

function kept(folder: string): GuestKernel | undefined {
  const modules = join(folder, "lib", "modules");
  const [version] = existsSync(modules) ? readdirSync(modules) : [];
  return version === undefined ? undefined : { version, image: join(folder, "boot", `vmlinuz-${version}`), root: folder };
}

/** The kernel below `cache`, brought there if need be; undefined where no package is to be had. */
export function guestKernel(cache: string): GuestKernel | undefined {
  const folder = join(cache, "kernel");
  const before = kept(folder);
  if (before !== undefined) return before;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, "unpack-"));
  try {
    // Lists that are missing, or older than the archive, are the usual reason why a download fails.
    let file = downloaded(work);
    if (file === undefined && output("apt-get", ["-oDPkg::Lock::Timeout=300", "update"], work) !== undefined) file = downloaded(work);
    const root = join(work, "kernel");
    const version = file === undefined || output("dpkg-deb", ["-x", file, root], work) === undefined ? undefined : kept(root)?.version;
    if (version === undefined || output("depmod", ["-b", root, version], work) === undefined) return undefined;
    rmSync(folder, { recursive: true, force: true });
    renameSync(root, folder);
    return kept(folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
