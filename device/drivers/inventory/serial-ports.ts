/*
 * Serial ports as the system knows them. Nothing is opened: the system's own table says which there are and what USB said of them, links say
 * how people call them. Ports of old boards that exist on paper alone are left out.
 */
import { basename, dirname, join } from "node:path";
import type { FoundSerial, UsbIdentity } from "../found.ts";
import { linksByNode, namesIn, type Places, target, textIn } from "./places.ts";

/** Parents that are looked at on the way from a port to its USB device. */
const PARENTS_MAX = 12;
const HID_NODE = /^hidraw\d+$/;

/** What stands in the folder of a USB device. */
async function identityIn(folder: string): Promise<UsbIdentity | undefined> {
  const number = async (name: string) => Number.parseInt((await textIn(folder, name)) ?? "", 16);
  const [vendorId, productId] = [await number("idVendor"), await number("idProduct")];
  if (!Number.isInteger(vendorId) || !Number.isInteger(productId)) return undefined;
  const words = { serialNumber: await textIn(folder, "serial"), manufacturer: await textIn(folder, "manufacturer"), product: await textIn(folder, "product") };
  const said = Object.fromEntries(Object.entries(words).filter(([, word]) => word !== undefined));
  return { vendorId, productId, ...said };
}

async function usbOf(device: string, sys: string): Promise<UsbIdentity | undefined> {
  let folder = device;
  for (let parents = 0; parents < PARENTS_MAX && folder.startsWith(sys) && folder !== sys; parents += 1) {
    const identity = await identityIn(folder);
    if (identity !== undefined) return identity;
    folder = dirname(folder);
  }
  return undefined;
}

/** Names of the ports behind which there is a device. */
async function realPorts(sys: string): Promise<readonly { readonly name: string; readonly device: string }[]> {
  const ports: { name: string; device: string }[] = [];
  for (const name of await namesIn(join(sys, "class/tty"))) {
    const device = await target(join(sys, "class/tty", name, "device"));
    // Type 0: the driver has a place for a port, but found none there.
    if (device !== undefined && (await textIn(sys, "class/tty", name, "type")) !== "0") ports.push({ name, device });
  }
  return ports;
}

/** Serial ports of the machine, and those behind links by role that the system's table does not know, such as pseudo terminals. Never rejects. */
export async function listSerialPorts(places: Places): Promise<readonly FoundSerial[]> {
  const sys = (await target(places.sys)) ?? places.sys;
  const byRole = await linksByNode(places.links);
  const byIdentity = await linksByNode([join(places.dev, "serial/by-id")]);
  const consoles = new Set((await textIn(sys, "class/tty/console/active"))?.split(" ") ?? []);
  const found = new Map<string, FoundSerial>();
  const add = (node: string, usb: UsbIdentity | undefined, isConsole: boolean) => {
    const links = [...(byRole.get(node) ?? []), ...(byIdentity.get(node) ?? [])];
    found.set(node, { kind: "serial", path: links[0] ?? node, node, links, isConsole, ...(usb === undefined ? {} : { usb }) });
  };
  for (const { name, device } of await realPorts(sys)) add(join(places.dev, name), await usbOf(device, sys), consoles.has(name));
  for (const node of byRole.keys()) if (!found.has(node) && !HID_NODE.test(basename(node))) add(node, undefined, false);
  return [...found.values()];
}
