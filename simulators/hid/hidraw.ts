/*
 * A HID device without hardware: a file that the real binding opens as a hidraw node, and a private /sys in which it is enumerated. The
 * node's process (fuse/hidraw.c) ends with this one; connecting to its socket is plugging in.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bytes, concat, fromHex, toHex, u16be } from "../../device/base/bytes.ts";
import { Fault } from "../../device/base/fault.ts";

export interface HidIdentity {
  readonly vendorId: number;
  readonly productId: number;
  readonly serialNumber: string;
  readonly product: string;
  readonly descriptor: Bytes;
}

const START_LIMIT_MS = 5_000;
const NODE_NAME = "hidraw0";
/** Any number that no other device of the machine has. */
const NODE_MAJOR = 245;

/** Where the set-up puts the built node: the project's folder `build`. */
export function defaultNodeProgram(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json")) && folder !== dirname(folder)) folder = dirname(folder);
  return join(folder, "build", "yikatong-hidraw");
}

/** Builds the node where it is missing; why it cannot run here, in one line, or undefined. */
export function hidrawObstacle(): string | undefined {
  const program = defaultNodeProgram();
  if (!existsSync("/dev/fuse")) return "there is no /dev/fuse";
  if (process.getuid?.() !== 0) return "mounting needs root";
  if (!existsSync(program)) {
    mkdirSync(dirname(program), { recursive: true });
    const source = join(dirname(program), "..", "simulators", "hid", "fuse", "hidraw.c");
    const script = 'gcc -O2 -o "$1" "$2" $(pkg-config --cflags --libs fuse3) -lpthread';
    spawnSync("sh", ["-c", script, "sh", program, source], { stdio: "ignore", timeout: 60_000 });
  }
  return existsSync(program) ? undefined : "the HID node is not built: gcc and libfuse3-dev are needed";
}

/** One simulated node; the device can be plugged in and unplugged any number of times. */
export class HidrawNode {
  readonly identity: HidIdentity;
  readonly #folder: string;
  #program: ChildProcess | undefined;
  #socket: Socket | undefined;
  #received: Bytes = new Uint8Array(0);
  #onReport: (kind: "output" | "feature", report: Bytes) => void = () => undefined;

  private constructor(identity: HidIdentity, folder: string) {
    this.identity = identity;
    this.#folder = folder;
  }

  /** Mounts the node, unplugged. Its folder lies below /dev, because enumeration names nodes relative to it. Faults: "process-failed". */
  static async open(identity: HidIdentity): Promise<HidrawNode> {
    const folder = mkdtempSync("/dev/shm/ykt-hid-");
    const node = new HidrawNode(identity, folder);
    mkdirSync(node.#mount);
    const hex = (value: number) => value.toString(16).padStart(4, "0");
    const program = spawn(defaultNodeProgram(), [node.#mount, node.#socketPath, toHex(identity.descriptor), hex(identity.vendorId), hex(identity.productId)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    node.#program = program;
    await new Promise<void>((resolve, reject) => {
      const fail = () => reject(new Fault("process-failed", "the HID node did not start", { effectUnknown: false }));
      const timer = setTimeout(fail, START_LIMIT_MS);
      program.once("error", fail);
      program.once("exit", fail);
      program.stdout.once("data", () => {
        clearTimeout(timer);
        program.removeListener("exit", fail);
        resolve();
      });
    });
    return node;
  }

  /** The path by which the binding opens it. */
  get path(): string {
    return join(this.#mount, NODE_NAME);
  }

  get #mount(): string {
    return join(this.#folder, "m");
  }

  get #socketPath(): string {
    return join(this.#folder, "s");
  }

  onReport(listener: (kind: "output" | "feature", report: Bytes) => void): void {
    this.#onReport = listener;
  }

  /** A report to the host. */
  input(report: Bytes): void {
    this.#socket?.write(concat(u16be(report.length + 1), Uint8Array.of(0x69), report));
  }

  async plugIn(): Promise<void> {
    if (this.#socket !== undefined) return;
    const socket = connect(this.#socketPath);
    this.#socket = socket;
    this.#received = new Uint8Array(0);
    socket.on("data", (chunk) => this.#receive(new Uint8Array(chunk)));
    socket.on("error", () => undefined);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", () => resolve());
      socket.once("error", reject);
    });
    for (let waitedMs = 0; waitedMs < START_LIMIT_MS && !existsSync(this.path); waitedMs += 5) {
      await new Promise<void>((resolve) => {
        setTimeout(resolve, 5);
      });
    }
  }

  async unplug(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    const ended = new Promise<void>((resolve) => {
      socket.once("close", () => resolve());
    });
    socket.destroy();
    await ended;
  }

  async close(): Promise<void> {
    await this.unplug();
    const program = this.#program;
    this.#program = undefined;
    if (program !== undefined && program.exitCode === null && program.signalCode === null) {
      const ended = new Promise<void>((resolve) => {
        program.once("exit", () => resolve());
      });
      program.kill("SIGTERM");
      const timer = setTimeout(() => program.kill("SIGKILL"), 3_000);
      await ended;
      clearTimeout(timer);
    }
    spawnSync("umount", ["-l", this.#mount], { stdio: "ignore" });
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /**
   * A shell script that makes a private /sys with this device in it; to be run in a mount namespace of its own, before the program that
   * enumerates, with SYSTEMD_DEVICE_VERIFY_SYSFS=0 in its environment. A device with a number above 0 is put beside those that are there.
   */
  sysScript(number = 0): string {
    const { vendorId, productId, serialNumber, product, descriptor } = this.identity;
    const vendor = vendorId.toString(16).padStart(4, "0");
    const productHex = productId.toString(16).padStart(4, "0");
    const upper = `${vendor}:${productHex}`.toUpperCase();
    const description = join(this.#folder, "descriptor");
    writeFileSync(description, descriptor);
    const name = `hidraw${number}`;
    const count = String(number + 1).padStart(4, "0");
    const port = `1-${number + 1}`;
    return [
      ...(number === 0 ? ["mount -t tmpfs none /sys && cd /sys && mkdir -p class/hidraw class/hid bus/hid/devices bus/usb/devices"] : ["cd /sys"]),
      `U=devices/platform/sim/usb1/${port}; I=$U/${port}:1.0; H=$I/0003:${upper}.${count}; R=$H/hidraw/${name}; mkdir -p $R`,
      `ln -s ../../../../../bus/usb $U/subsystem; printf 'DEVTYPE=usb_device\\nPRODUCT=${vendor}/${productHex}/100\\n' > $U/uevent`,
      `echo ${vendor} > $U/idVendor; echo ${productHex} > $U/idProduct; echo 0100 > $U/bcdDevice`,
      `echo 'Simulated' > $U/manufacturer; echo '${product}' > $U/product; echo ${serialNumber} > $U/serial`,
      "ln -s ../../../../../../bus/usb $I/subsystem; printf 'DEVTYPE=usb_interface\\n' > $I/uevent; echo 00 > $I/bInterfaceNumber",
      "ln -s ../../../../../../../bus/hid $H/subsystem",
      `printf 'HID_ID=0003:0000${vendor.toUpperCase()}:0000${productHex.toUpperCase()}\\nHID_NAME=Simulated ${product}\\nHID_PHYS=usb-sim-${number + 1}/input0\\nHID_UNIQ=${serialNumber}\\n' > $H/uevent`,
      `cp ${description} $H/report_descriptor`,
      "ln -s ../../../../../../../../../class/hidraw $R/subsystem",
      `printf 'MAJOR=${NODE_MAJOR}\\nMINOR=${number}\\nDEVNAME=${this.path.replace("/dev/", "")}\\n' > $R/uevent; echo ${NODE_MAJOR}:${number} > $R/dev`,
      `ln -s ../../../0003:${upper}.${count} $R/device`,
      `ln -s ../../$R class/hidraw/${name}`,
    ].join("\n");
  }

  #receive(chunk: Bytes): void {
    this.#received = concat(this.#received, chunk);
    for (;;) {
      const length = (this.#received[0] ?? 0) * 256 + (this.#received[1] ?? 0);
      if (this.#received.length < 2 || this.#received.length < 2 + length) return;
      const kind = this.#received[2] === 0x66 ? "feature" : "output";
      const report = this.#received.slice(3, 2 + length);
      this.#received = this.#received.slice(2 + length);
      this.#onReport(kind, report);
    }
  }
}

/** Vendor page, 64-byte input, output and feature reports without numbers: what a pad behind USB commonly has. */
export const VENDOR_DESCRIPTOR = fromHex("0600FF0901A101150026FF00750895400901810295400901910295400901B102C0");
