/* What the configuration says of a device against what is plugged in: whether that very device is there. */
import type { Found, FoundHid } from "../found.ts";
import type { HidDevice } from "../framing/settings.ts";
import { target } from "./places.ts";

/** Settings of any family, as far as they say where the device is. */
export interface ConfiguredDevice {
  readonly adapter: string;
  readonly port?: { readonly path: string };
  readonly device?: HidDevice;
  readonly chipLabels?: readonly string[];
}

/** Where the configuration looks for it, for people. */
export function whereOf({ port, device, chipLabels }: ConfiguredDevice): string {
  if (port !== undefined) return port.path;
  if (chipLabels !== undefined) return `chip ${chipLabels.join(" or ")}`;
  const hex = (value: number | undefined) => value?.toString(16).padStart(4, "0");
  const parts = [
    device?.path,
    device?.vendorId === undefined ? undefined : `${hex(device.vendorId)}:${hex(device.productId) ?? "*"}`,
    device?.usagePage === undefined ? undefined : `usage ${device.usagePage.toString(16)}/${device.usage?.toString(16) ?? "*"}`,
    device?.serialNumber,
  ];
  return parts.filter((part) => part !== undefined).join(" ");
}

function isThatHid(found: FoundHid, wanted: HidDevice, node: string | undefined): boolean {
  const pairs: readonly (readonly [wanted: unknown, found: unknown])[] = [
    [wanted.vendorId, found.usb?.vendorId],
    [wanted.productId, found.usb?.productId],
    [wanted.serialNumber, found.usb?.serialNumber],
    [wanted.usagePage, found.usagePage],
    [wanted.usage, found.usage],
    [wanted.path === undefined ? undefined : node, found.node],
  ];
  return pairs.every(([wish, is]) => wish === undefined || wish === is);
}

/** The device that the settings mean, among what was found; undefined: it is not there. */
export async function findConfigured({ port, device, chipLabels }: ConfiguredDevice, all: readonly Found[]): Promise<Found | undefined> {
  if (chipLabels !== undefined) return all.find((found) => found.kind === "gpio" && chipLabels.includes(found.label));
  const path = port?.path ?? device?.path;
  const node = path === undefined ? undefined : ((await target(path)) ?? path);
  if (port !== undefined) return all.find((found) => found.kind === "serial" && found.node === node);
  return device === undefined ? undefined : all.find((found) => found.kind === "hid" && isThatHid(found, device, node));
}
