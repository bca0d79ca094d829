/* The directory of contactless payment applications, and whose names are in it. Never throws. Spec: JR/T 0025, application selection. */
import { type Bytes, toHex, utf8 } from "../../base/bytes.ts";
import { findTlv, parseTlv } from "../../codec/tlv.ts";
import type { ForeignScheme } from "./types.ts";

export const CONTACTLESS_DIRECTORY: Bytes = utf8("2PAY.SYS.DDF01");
/** Registered provider of the domestic bank applications. */
export const DOMESTIC_PROVIDER = "a000000333";
/** Most names that are taken from one directory. */
export const DIRECTORY_NAMES_MAX = 16;

/** Registered providers of foreign schemes, in the order in which their cards are met. */
export const FOREIGN_PROVIDERS: readonly (readonly [provider: string, scheme: ForeignScheme])[] = [
  ["a000000003", "visa"],
  ["a000000004", "mastercard"],
  ["a000000065", "jcb"],
  ["a000000025", "american-express"],
  ["a000000152", "discover"],
];

/** Application names of a directory (6F/A5/BF0C/61/4F), lower-case hexadecimal; empty for any other bytes. */
export function parseDirectory(fci: Bytes): readonly string[] {
  const parsed = parseTlv(fci);
  if (!parsed.ok) return [];
  const entries = findTlv(parsed.items, 0x6f, 0xa5, 0xbf0c)?.children ?? [];
  const names = entries.flatMap((entry) => (entry.tag === 0x61 ? [findTlv(entry.children ?? [], 0x4f)?.value] : []));
  return names.flatMap((name) => (name !== undefined && name.length >= 5 && name.length <= 16 ? [toHex(name)] : [])).slice(0, DIRECTORY_NAMES_MAX);
}

/** Whether a name belongs to a domestic bank application. */
export function isDomestic(name: string): boolean {
  return name.startsWith(DOMESTIC_PROVIDER);
}

/** The scheme of a name that is not domestic. */
export function schemeOfName(name: string): ForeignScheme {
  return FOREIGN_PROVIDERS.find(([provider]) => name.startsWith(provider))?.[1] ?? "other";
}
