/*
 * Goal: the smallest first system that can reach the host's tree.
 * Method: busybox, the modules that the guest needs (with what they need, in their order) and one script, packed once for each change of
 * any of them. The modules of the devices are loaded here too, because the host's tree has none for this kernel.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { GuestKernel } from "./kernel.ts";

const STEP_LIMIT_MS = 60_000;
const BUSYBOX = "/bin/busybox";
const MODULES = [
  ...["virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_console"],
  ...["xhci_pci", "usbhid", "hid_generic", "uhid", "ftdi_sio"],
  ...["dummy_hcd", "libcomposite", "usb_f_hid"],
];

/** What the guest is told by its first system; paths may hold anything. */
export interface GuestStart {
  /** The shell script that the host's tree starts with. */
  readonly script: string;
  readonly environment: Readonly<Record<string, string>>;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function initScript(modules: readonly string[], start: GuestStart): string {
  const variables = Object.entries(start.environment).map(([name, value]) => `export ${name}=${quoted(value)}`);
  return `#!/bin/busybox sh
B=/bin/busybox
$B mount -t proc proc /proc && $B mount -t sysfs sys /sys && $B mount -t devtmpfs dev /dev
for name in ${modules.join(" ")}; do $B insmod /mods/$name; done
$B mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=512000 root /low || $B poweroff -f
$B mount -t tmpfs tmp /up && $B mkdir /up/changes /up/work
$B mount -t overlay -o lowerdir=/low,upperdir=/up/changes,workdir=/up/work tree /tree || $B poweroff -f
for folder in proc sys dev; do $B mount --move /$folder /tree/$folder; done
${variables.join("\n")}
exec $B switch_root /tree /bin/sh ${quoted(start.script)}
`;
}

function run(program: string, args: readonly string[]): string {
  const ended = spawnSync(program, [...args], { encoding: "utf8", timeout: STEP_LIMIT_MS });
  if (ended.status !== 0) throw new Error(`${program}: ${ended.error?.message ?? ended.stderr}`);
  return ended.stdout;
}

/** Paths of the modules and of all that they need, each behind what it needs. */
function moduleFiles(kernel: GuestKernel): readonly string[] {
  const lines = run("modprobe", ["-d", kernel.root, "-S", kernel.version, "--show-depends", "-a", ...MODULES]).split("\n");
  return [...new Set(lines.map((line) => /^insmod (\S.*\.ko) *$/.exec(line)?.[1]).filter((path) => path !== undefined))];
}

/** The packed first system below `cache`. */
export function guestInitrd(cache: string, kernel: GuestKernel, start: GuestStart): string {
  const files = moduleFiles(kernel);
  const script = initScript(
    files.map((path) => basename(path)),
    start,
  );
  // What it was packed from lies beside it; the same again is not packed again.
  const [packed, recipe, from] = [join(cache, "initrd.cpio.gz"), `${kernel.version}\n${script}`, join(cache, "initrd.txt")];
  if (existsSync(packed) && existsSync(from) && readFileSync(from, "utf8") === recipe) return packed;
  rmSync(from, { force: true });
  const work = mkdtempSync(join(cache, "initrd-"));
  try {
    for (const folder of ["bin", "mods", "proc", "sys", "dev", "low", "up", "tree"]) mkdirSync(join(work, folder));
    copyFileSync(BUSYBOX, join(work, "bin", "busybox"));
    for (const path of files) copyFileSync(path, join(work, "mods", basename(path)));
    writeFileSync(join(work, "init"), script, { mode: 0o755 });
    run("sh", ["-c", 'cd "$1" && find . | cpio -o -H newc --quiet | gzip -1 > "$2"', "sh", work, `${packed}.new`]);
    renameSync(`${packed}.new`, packed);
    writeFileSync(from, recipe);
    return packed;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
