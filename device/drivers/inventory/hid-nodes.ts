/* HID devices: what the binding enumerates, with links by role, and nodes behind such links that the enumeration does not know. Never throws. */
import { basename } from "node:path";
import type { FoundHid } from "../found.ts";
import { linksByNode } from "./places.ts";

/** One device of the enumeration; comes from outside and is checked here. */
export interface EnumeratedHid {
  readonly path: string;
  readonly vendorId: number;
  readonly productId: number;
  readonly usagePage?: number;
  readonly usage?: number;
  readonly serialNumber?: string;
  readonly manufacturer?: string;
  readonly product?: string;
}

const HID_NODE = /^hidraw\d+$/;

function asFound({ path, vendorId, productId, usagePage, usage, serialNumber, manufacturer, product }: EnumeratedHid, links: readonly string[]): FoundHid {
  const words = Object.fromEntries(Object.entries({ serialNumber, manufacturer, product }).filter(([, word]) => word !== undefined && word !== ""));
  return {
    kind: "hid",
    path: links[0] ?? path,
    node: path,
    links,
    usb: { vendorId, productId, ...words },
    ...(usagePage === undefined ? {} : { usagePage }),
    ...(usage === undefined ? {} : { usage }),
  };
}

/** A device with several collections is enumerated once for each; all of them are told. */
export async function listHidNodes(enumerated: readonly EnumeratedHid[], linkFolders: readonly string[]): Promise<readonly FoundHid[]> {
  const links = await linksByNode(linkFolders);
  const known = enumerated.map((device) => asFound(device, links.get(device.path) ?? []));
  const nodes = new Set(known.map(({ node }) => node));
  const others = [...links].filter(([node]) => HID_NODE.test(basename(node)) && !nodes.has(node));
  return [...known, ...others.map(([node, names]): FoundHid => ({ kind: "hid", path: names[0] ?? node, node, links: names }))];
}
