/*
 * Goal: one virtual machine, which leaves nothing behind however its owner ends.
 * Method: QEMU in its own process group, told by the kernel to die with its parent; its sockets lie in a folder that carries the number of
 * the owner, so that what a killed one left is swept by the next. KVM is never asked for: a device file of it proves nothing.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GuestKernel } from "./kernel.ts";
import { PORT_NAME } from "./messages.ts";
import { connectTo, Monitor } from "./monitor.ts";

export interface MachineParts {
  readonly kernel: GuestKernel;
  readonly initrd: string;
  /** What the guest says on its console, for people. */
  readonly console: string;
}

const PREFIX = "ykt-vm-";
const EMULATOR = "qemu-system-x86_64";
const CONNECT_LIMIT_MS = 20_000;
const MEMORY_MB = 1_024;

/** A program that has to be there; why the machine cannot run here, in one line, or undefined. */
export function machineObstacle(): string | undefined {
  if (process.arch !== "x64") return "the guest runs this machine's programs, and is an x86-64";
  const missing = [EMULATOR, "setpriv", "modprobe", "depmod", "cpio", "pcscd", "udevadm"].filter(
    (program) => spawnSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" }).status !== 0,
  );
  return missing.length === 0 ? undefined : `missing: ${missing.join(", ")}`;
}

function sweepOthers(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (owner === undefined) continue;
    try {
      process.kill(Number(owner), 0);
    } catch {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    }
  }
}

function machineOptions(parts: MachineParts, socket: (name: string) => string): readonly string[] {
  const chardev = (name: string) => ["-chardev", `socket,id=${name},path=${socket(name)},server=on,wait=off`];
  return [
    ...["-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", `${MEMORY_MB}`],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", `file:${parts.console}`],
    ...["-kernel", parts.kernel.image, "-initrd", parts.initrd],
    ...["-append", "console=ttyS0 quiet mitigations=off panic=-1 random.trust_cpu=on"],
    ...["-qmp", `unix:${socket("monitor")},server=on,wait=off`],
    ...["-virtfs", "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap"],
    ...["-device", "virtio-serial-pci", ...chardev("talk"), "-device", `virtserialport,chardev=talk,name=${PORT_NAME}`],
    ...["-device", "qemu-xhci,id=usb", ...chardev("printer"), ...chardev("card")],
  ];
}

export class Machine {
  readonly monitor: Monitor;
  readonly folder: string;
  /** Resolves when the machine has stopped. */
  readonly stopped: Promise<void>;
  readonly #emulator: ChildProcess;

  private constructor(emulator: ChildProcess, folder: string, monitor: Monitor) {
    this.#emulator = emulator;
    this.folder = folder;
    this.monitor = monitor;
    this.stopped = ended(emulator);
  }

  /** Starts the machine; its USB devices are plugged in by whoever plays them. */
  static async start(parts: MachineParts): Promise<Machine> {
    sweepOthers();
    const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
    const socket = (name: string) => join(folder, name);
    const options = machineOptions(parts, socket);
    const emulator = spawn("setpriv", ["--pdeathsig", "KILL", EMULATOR, ...options], { detached: true, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    emulator.stderr.on("data", (chunk: Buffer) => {
      said = `${said}${chunk.toString("utf8")}`.slice(-2_000);
    });
    try {
      return new Machine(emulator, folder, await Monitor.open(socket("monitor"), CONNECT_LIMIT_MS));
    } catch (error) {
      await endGroup(emulator);
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`the machine did not start: ${said}`, { cause: error });
    }
  }

  connect(name: "talk" | "printer" | "card"): ReturnType<typeof connectTo> {
    return connectTo(join(this.folder, name), CONNECT_LIMIT_MS);
  }

  /** Switches it off; safe to call at any time. */
  async stop(): Promise<void> {
    this.monitor.close();
    await endGroup(this.#emulator);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

async function endGroup(child: ChildProcess): Promise<void> {
  const gone = ended(child);
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGKILL");
  if (child.pid !== undefined) await gone;
}

/** The end of what the guest said, for the message of a failure. */
export function lastWords(console: string): string {
  try {
    return readFileSync(console, "utf8").split("\n").slice(-25).join("\n");
  } catch {
    return "(it said nothing)";
  }
}
