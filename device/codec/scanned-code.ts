/*
 * What a scanned code is for. Only its form is looked at: an e-code is never decoded here, because it is a bearer credential that its host
 * alone may open. Never throws. Spec: FSI, electronic credential; GS1, application identifiers.
 */
import type { Bytes } from "../base/bytes.ts";

export type ScannedKind =
  /** The medical insurance's electronic credential: 28 characters, to be decoded by the host. */
  | { readonly kind: "medical-e-code"; readonly code: string }
  /** A drug trace code of 20 digits. */
  | { readonly kind: "trace-code"; readonly code: string }
  /** A code with application identifiers: product, batch, expiry, serial where it has them. */
  | { readonly kind: "gs1"; readonly items: Readonly<Record<string, string>> }
  | { readonly kind: "unknown"; readonly why: "empty" | "not-text" | "veterinary-drug" | "not-known" };

const E_CODE = /^(?:424\d{25}|opc[0-9A-Za-z]{25})$/;
const TRACE_CODE = /^\d{20}$/;
const VETERINARY = /^\d{24}$/;
const SEPARATOR = "\u001d";
const GS1_ITEMS_MAX = 16;

/** Fixed lengths of values by the first two digits of the identifier; all others end at a separator. Spec: GS1, application identifiers. */
const FIXED: ReadonlyMap<string, number> = new Map([
  ["00", 18],
  ["01", 14],
  ["02", 14],
  ["11", 6],
  ["12", 6],
  ["13", 6],
  ["15", 6],
  ["16", 6],
  ["17", 6],
  ["20", 2],
]);
const VARIABLE = ["10", "21", "22", "30", "37", "240", "241", "250"] as const;

/** Symbologies in which a function character announces application identifiers. */
const GS1_SYMBOLOGIES: ReadonlySet<string> = new Set(["]C1", "]d2", "]Q3", "]e0", "]J1"]);

function textOf(data: Bytes): string | undefined {
  return data.every((byte) => byte === 0x1d || (byte >= 0x20 && byte < 0x7f)) ? String.fromCharCode(...data) : undefined;
}

/** Classifies a code by its form and, where the scanner tells it, its symbology. */
export function classifyCode(data: Bytes, symbology?: string): ScannedKind {
  if (data.length === 0) return { kind: "unknown", why: "empty" };
  const text = textOf(data);
  if (text === undefined) return { kind: "unknown", why: "not-text" };
  if (E_CODE.test(text)) return { kind: "medical-e-code", code: text };
  if (TRACE_CODE.test(text) && (symbology === undefined || symbology.startsWith("]C"))) return { kind: "trace-code", code: text };
  const announced = (symbology !== undefined && GS1_SYMBOLOGIES.has(symbology)) || text.startsWith(SEPARATOR);
  const items = announced ? parseGs1(text) : undefined;
  if (items !== undefined) return { kind: "gs1", items };
  // A number that looks like one of ours but stands in another symbology is somebody else's.
  return { kind: "unknown", why: VETERINARY.test(text) ? "veterinary-drug" : "not-known" };
}

/** Application identifiers with their values; undefined when the text is none. */
export function parseGs1(text: string): Readonly<Record<string, string>> | undefined {
  const items: Record<string, string> = {};
  let rest = text.startsWith(SEPARATOR) ? text.slice(1) : text;
  for (let count = 0; rest !== "" && count < GS1_ITEMS_MAX; count += 1) {
    const item = firstItem(rest);
    if (item === undefined || Object.hasOwn(items, item.identifier)) return undefined;
    items[item.identifier] = item.value;
    rest = item.rest;
  }
  return rest === "" && Object.keys(items).length > 0 ? items : undefined;
}

function firstItem(text: string): { readonly identifier: string; readonly value: string; readonly rest: string } | undefined {
  const length = FIXED.get(text.slice(0, 2));
  if (length !== undefined) {
    const value = text.slice(2, 2 + length);
    if (value.length !== length || !/^\d+$/.test(value)) return undefined;
    const after = text.slice(2 + length);
    return { identifier: text.slice(0, 2), value, rest: after.startsWith(SEPARATOR) ? after.slice(1) : after };
  }
  const identifier = VARIABLE.find((each) => text.startsWith(each));
  if (identifier === undefined) return undefined;
  const end = text.indexOf(SEPARATOR);
  const value = text.slice(identifier.length, end < 0 ? undefined : end);
  if (value === "" || value.length > 30) return undefined;
  return { identifier, value, rest: end < 0 ? "" : text.slice(end + 1) };
}
