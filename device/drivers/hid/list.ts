/* The HID devices that are plugged in, by one look in a process of its own, because the native call may hang. Nothing is opened. */
import * as z from "zod";
import { withDeadline } from "../../base/deadline.ts";
import { Fault } from "../../base/fault.ts";
import type { Clock, Limits, Processes } from "../../base/ports.ts";

const text = z.string().max(1_000).optional();
const word = z.int().min(0).max(0xffff);
const device = z.object({
  path: z.string().max(1_000),
  vendorId: word,
  productId: word,
  usagePage: word.optional(),
  usage: word.optional(),
  serialNumber: text,
  manufacturer: text,
  product: text,
});
const DEVICES_MAX = 256;
const message = z.object({ is: z.literal("devices"), devices: z.array(z.unknown()).max(DEVICES_MAX) });

/** Left out: what a device does not tell. */
type Told = { readonly [Member in keyof z.infer<typeof device>]: Exclude<z.infer<typeof device>[Member], undefined> };
export type ListedHid = Pick<Told, "path" | "vendorId" | "productId"> & Partial<Told>;

/** The same folder holds the process as source and as compiled file. */
const MODULE = new URL(import.meta.url.endsWith(".ts") ? "./list-child.ts" : "./list-child.js", import.meta.url);

function listed(value: unknown): readonly ListedHid[] {
  const parsed = message.safeParse(value);
  if (!parsed.success) throw new Fault("process-failed", "the HID devices could not be enumerated", { effectUnknown: false });
  return parsed.data.devices.flatMap((each) => {
    const known = device.safeParse(each);
    // Members without a value are members that are not there; the cast says what the filter does.
    return known.success ? [Object.fromEntries(Object.entries(known.data).filter(([, member]) => member !== undefined)) as ListedHid] : [];
  });
}

/** Faults: "process-failed", "timeout", "cancelled". */
export async function listHidDevices(parts: { readonly processes: Processes; readonly clock: Clock }, limits: Limits): Promise<readonly ListedHid[]> {
  const child = parts.processes.fork(MODULE, {});
  const said = new Promise<unknown>((resolve) => {
    child.onMessage(resolve);
    child.onExit(() => resolve(undefined));
  });
  try {
    return listed(await withDeadline(said, { ...limits, clock: parts.clock, what: "the list of HID devices", effectUnknown: false }));
  } finally {
    child.kill();
  }
}
