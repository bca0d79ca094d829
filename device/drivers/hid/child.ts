/*
 * The process of one HID device: the only importer of the HID binding. Its asynchronous form is used throughout; the other one holds a
 * thread of the pool for as long as the device is open, and hangs at the end of the process.
 */
import { Buffer } from "node:buffer";
import { readFile, realpath } from "node:fs/promises";
import { basename } from "node:path";
import { type Device, devicesAsync, HIDAsync } from "node-hid";
import type { Bytes } from "../../base/bytes.ts";
import { type DeviceEvents, type OpenDevice, runLineProcess } from "../framing/line-process.ts";
import type { HidOptions } from "./options.ts";

const LOOK_FOR_LOSS_MS = 500;

function fits(device: Device, options: HidOptions): boolean {
  const pairs: readonly (readonly [wanted: unknown, found: unknown])[] = [
    [options.usagePage, device.usagePage],
    [options.usage, device.usage],
    [options.vendorId, device.vendorId],
    [options.productId, device.productId],
    [options.serialNumber, device.serialNumber],
  ];
  return pairs.every(([wanted, found]) => wanted === undefined || wanted === found);
}

async function findPath(options: HidOptions): Promise<string> {
  if (options.path !== undefined) return options.path;
  const found = (await devicesAsync()).find((device) => fits(device, options));
  if (found?.path === undefined) throw new Error("no such device is plugged in");
  return found.path;
}

/** The kernel keeps the description beside the node; the binding has no call for it. */
async function descriptorOf(path: string): Promise<Bytes | undefined> {
  const node = basename(await realpath(path).catch(() => path));
  const bytes = await readFile(`/sys/class/hidraw/${node}/device/report_descriptor`).catch(() => undefined);
  return bytes === undefined ? undefined : new Uint8Array(bytes);
}

async function open(options: unknown, events: DeviceEvents): Promise<OpenDevice> {
  // The parent is our own opener, which has checked them.
  const path = await findPath(options as HidOptions);
  const descriptor = await descriptorOf(path);
  const device = await HIDAsync.open(path);
  let closed = false;
  const lost = (why: string) => {
    if (!closed) events.onLost(why);
  };
  device.on("error", (error: unknown) => lost(error instanceof Error ? error.message : String(error)));
  device.on("close", () => lost("the device was closed"));
  device.on("data", (report: Buffer) => events.onBytes(new Uint8Array(report)));
  // An idle device that vanishes is told by an error as a rule; the node itself is looked at too.
  const watch = setInterval(() => {
    realpath(path).catch(() => lost("its node is gone"));
  }, LOOK_FOR_LOSS_MS);
  return {
    ...(descriptor === undefined ? {} : { descriptor }),
    write: async (report) => {
      await device.write(Buffer.from(report));
    },
    sendFeature: async (report) => {
      await device.sendFeatureReport(Buffer.from(report));
    },
    close: async () => {
      closed = true;
      clearInterval(watch);
      await device.close().catch(() => undefined);
    },
  };
}

runLineProcess(open);
