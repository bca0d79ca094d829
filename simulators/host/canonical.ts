/*
 * Goal: the host reads and writes the texts that hashes and signatures cover by the page of the protocol alone.
 * Method: its own canonical JSON, written apart from the terminal's, so that one mistake cannot hide on both sides.
 */
import { assert } from "../../device/base/assert.ts";
import type { Bytes } from "../../device/base/bytes.ts";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };
export type JsonFields = { readonly [key: string]: unknown };

/** Deeper than any message of the protocol; keeps a hostile text from exhausting the stack. */
const DEPTH_MAX = 32;

/** Canonical JSON of a value from outside, or undefined when it has no canonical form. Spec: pos/v1, 2. */
export function canonicalize(value: unknown, depth = 0): string | undefined {
  if (depth > DEPTH_MAX) return undefined;
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return Number.isSafeInteger(value) ? JSON.stringify(value) : undefined;
  if (Array.isArray(value)) return canonicalList(value, depth);
  return isFields(value) ? canonicalFields(value, depth) : undefined;
}

function canonicalList(list: readonly unknown[], depth: number): string | undefined {
  const parts: string[] = [];
  for (const item of list) {
    const text = canonicalize(item, depth + 1);
    if (text === undefined) return undefined;
    parts.push(text);
  }
  return `[${parts.join(",")}]`;
}

function canonicalFields(fields: JsonFields, depth: number): string | undefined {
  const parts: string[] = [];
  // The default order of sort() is by UTF-16 code unit, which is what the protocol asks for.
  for (const key of Object.keys(fields).sort()) {
    const value = fields[key];
    if (value === undefined) continue;
    const text = canonicalize(value, depth + 1);
    if (text === undefined) return undefined;
    parts.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${parts.join(",")}}`;
}

/** Canonical JSON of a value that we made ourselves. */
export function canonicalText(value: Json): string {
  const text = canonicalize(value);
  assert(text !== undefined, "what we build ourselves has a canonical form");
  return text;
}

export function isFields(value: unknown): value is JsonFields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Any JSON value of UTF-8 bytes from outside; never throws. */
export function parseJsonBytes(payload: Bytes): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  try {
    return { ok: true, value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload)) as unknown };
  } catch {
    // Whatever is not UTF-8 or not JSON is one and the same answer to the caller.
    return { ok: false };
  }
}

/** A JSON object of UTF-8 bytes from outside, or undefined. */
export function parseFields(payload: Bytes): JsonFields | undefined {
  const parsed = parseJsonBytes(payload);
  return parsed.ok && isFields(parsed.value) ? parsed.value : undefined;
}

export function textField(fields: JsonFields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" ? value : undefined;
}

/** A safe integer of at least zero, or undefined. */
export function countField(fields: JsonFields, name: string): number | undefined {
  const value = fields[name];
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
