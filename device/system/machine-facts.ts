/* What this machine says of itself: numbers by which it is known again, and in plain words what it is. Unreadable ones are left out. */
import { readdir, readFile } from "node:fs/promises";
import { arch, cpus, totalmem } from "node:os";
import { join } from "node:path";

export interface MachineNumbers {
  readonly "pi-serial"?: string;
  readonly "dmi-uuid"?: string;
  readonly "dmi-serial"?: string;
  readonly "machine-id"?: string;
  readonly "disk-id"?: string;
  readonly mac?: string;
}

const TEXT_MAX = 200;
/** What boards say that have no number. */
const EMPTY_NUMBERS = /^(?:0+|none|not specified|default string|to be filled by o\.?e\.?m\.?|system serial number)$/i;

async function textOf(...path: readonly string[]): Promise<string | undefined> {
  try {
    const text = (await readFile(join(...path), "latin1")).replaceAll("\0", "").trim();
    return text === "" || text.length > TEXT_MAX || EMPTY_NUMBERS.test(text) ? undefined : text;
  } catch {
    // A number that is not there, or that only root may read, is one that the machine does not say.
    return undefined;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch {
    return [];
  }
}

/** Number of the disk that the system lies on, as far as one disk can be told from others: the first that is no loop, memory or network device. */
async function diskNumber(root: string): Promise<string | undefined> {
  const blocks = join(root, "sys/block");
  for (const name of await namesIn(blocks)) {
    if (!/^(?:mmcblk|nvme|sd|vd|xvd)/.test(name) || name.includes("boot")) continue;
    const found = (await textOf(blocks, name, "device/cid")) ?? (await textOf(blocks, name, "device/serial")) ?? (await textOf(blocks, name, "serial"));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Address of the first network card that is a piece of hardware. */
async function cardAddress(root: string): Promise<string | undefined> {
  const folder = join(root, "sys/class/net");
  for (const name of await namesIn(folder)) {
    if ((await namesIn(join(folder, name, "device"))).length > 0) return textOf(folder, name, "address");
  }
  return undefined;
}

/** Numbers of the machine under `root`; read by the user who runs the service, so that the same ones are found again. */
export async function machineNumbers(root = "/"): Promise<MachineNumbers> {
  const found = {
    "pi-serial": await textOf(root, "proc/device-tree/serial-number"),
    "dmi-uuid": await textOf(root, "sys/class/dmi/id/product_uuid"),
    "dmi-serial": await textOf(root, "sys/class/dmi/id/product_serial"),
    "machine-id": await textOf(root, "etc/machine-id"),
    "disk-id": await diskNumber(root),
    mac: await cardAddress(root),
  };
  return Object.fromEntries(Object.entries(found).filter(([, text]) => text !== undefined));
}

/** What kind of machine this is. */
export async function machineWords(root = "/"): Promise<Readonly<Record<string, string>>> {
  const model = (await textOf(root, "proc/device-tree/model")) ?? (await textOf(root, "sys/class/dmi/id/product_name"));
  return { arch: arch(), cores: String(cpus().length), memoryMiB: String(Math.round(totalmem() / 1_048_576)), ...(model === undefined ? {} : { model }) };
}
