/*
 * JSON that is hashed, signed and taken from outside. Writing is canonical: one value, one text. Reading is bounded and accepts only what
 * every other reader understands the same way: no key twice, no key that JavaScript objects treat as special, no number that loses digits.
 * Spec: pos/v1, 2. Form: RFC 8259.
 */
import { assert } from "../base/assert.ts";
import type { Bytes } from "../base/bytes.ts";

/** Any value that JSON can hold, read-only, as {@link parseJson} gives it. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

const CANONICAL_DEPTH_MAX = 64;
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Canonical JSON of plain values: no blanks, keys in order of their code units, safe integers as the only numbers, members that are
 * undefined left out. Anything else (a fraction, a Date, bytes, undefined inside an array) is our own mistake and asserted.
 */
export function canonicalJson(value: unknown): string {
  return writeValue(value, 0);
}

function writeValue(value: unknown, depth: number): string {
  assert(depth <= CANONICAL_DEPTH_MAX, "canonical JSON is not nested deeper than 64");
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    assert(Number.isSafeInteger(value), "canonical JSON holds only safe integers");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => writeValue(item, depth + 1)).join(",")}]`;
  assert(isPlainObject(value), "canonical JSON holds only plain values");
  const members: string[] = [];
  for (const key of Object.keys(value).sort(byCodeUnit)) {
    const member = value[key];
    if (member === undefined) continue;
    assert(!FORBIDDEN_KEYS.has(key), "no reader of ours would take this key");
    members.push(`${JSON.stringify(key)}:${writeValue(member, depth + 1)}`);
  }
  return `{${members.join(",")}}`;
}

/** For different keys; one object has no key twice. */
function byCodeUnit(left: string, right: string): number {
  return left < right ? -1 : 1;
}

/** An object literal, or what a JSON reader makes: its prototype is Object.prototype (of any realm) or null. */
function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether a value out of JSON is an object; lists and null are none. */
export function isObject(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue };
export function isObject(value: unknown): value is Readonly<Record<string, unknown>>;
export function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a reader of outside JSON is ready to take; everything beyond is refused before it costs memory or stack. */
export interface JsonLimits {
  /** Length of the text in UTF-8. */
  readonly maxBytes: number;
  /** Arrays and objects inside each other; 0 allows neither. */
  readonly maxDepth: number;
  /**
   * "safe-integers" (default): the numbers of canonical JSON and no others. "finite": fractions and exponents too, as the nearest double;
   * integers that a double cannot hold are refused all the same.
   */
  readonly numbers?: "safe-integers" | "finite";
}

/**
 * Why outside JSON was not taken. "duplicate-key" and "forbidden-key" stand for texts that two readers could understand in two ways,
 * "number" for digits that the chosen kind of number would lose.
 */
export type JsonRefusal = "too-large" | "not-utf8" | "syntax" | "too-deep" | "duplicate-key" | "forbidden-key" | "number";

/** The value that was read, or the first reason why there is none. */
export type JsonParse = { readonly ok: true; readonly value: JsonValue } | { readonly ok: false; readonly reason: JsonRefusal };

/** Bounds where the caller has none of its own: more than any message of ours, and nothing that hurts. */
export const DEFAULT_JSON_LIMITS: JsonLimits = { maxBytes: 4_194_304, maxDepth: 32 };

/** Reads JSON from outside, as bytes in UTF-8 (without byte order mark) or as text. Never throws. */
export function parseJson(source: Bytes | string, limits: JsonLimits = DEFAULT_JSON_LIMITS): JsonParse {
  const size = typeof source === "string" ? Buffer.byteLength(source) : source.length;
  if (size > limits.maxBytes) return { ok: false, reason: "too-large" };
  const text = typeof source === "string" ? source : decodeUtf8(source);
  if (text === undefined) return { ok: false, reason: "not-utf8" };
  const value = readSyntax(text);
  if (value === undefined) return { ok: false, reason: "syntax" };
  const reason = inspectTokens(text, limits);
  return reason === undefined ? { ok: true, value } : { ok: false, reason };
}

function decodeUtf8(bytes: Bytes): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // The decoder has one way to fail; it becomes "not-utf8".
    return undefined;
  }
}

function readSyntax(text: string): JsonValue | undefined {
  try {
    // JSON.parse gives nothing but JSON values; its own type says less.
    return JSON.parse(text) as JsonValue;
  } catch {
    // JSON.parse has one way to fail; it becomes "syntax".
    return undefined;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BLANKS = " \t\n\r";
const NUMBER_STARTS = "-0123456789";
const NUMBER_CHARACTERS = "-0123456789.eE+";
const INTEGER = /^-?\d+$/;

/**
 * Looks at the tokens of valid JSON for what JSON.parse hides: repeated keys, depth, and digits that were lost. Strings are skipped by
 * hand: one regular expression over the whole text runs out of stack on a long string.
 */
function inspectTokens(text: string, limits: JsonLimits): JsonRefusal | undefined {
  const open: Set<string>[] = [];
  let at = 0;
  while (at < text.length) {
    const token = tokenAt(text, at);
    const refusal = inspectToken(token, open, limits);
    if (refusal !== undefined) return refusal;
    at += token.text.length;
  }
  return undefined;
}

interface Token {
  readonly kind: "open" | "close" | "key" | "number" | "other";
  readonly text: string;
}

function tokenAt(text: string, at: number): Token {
  const code = text.charCodeAt(at);
  if (code === QUOTE) {
    const end = stringEnd(text, at);
    return { kind: text.charAt(skip(text, end, BLANKS)) === ":" ? "key" : "other", text: text.slice(at, end) };
  }
  const first = text.charAt(at);
  if (first === "{" || first === "[") return { kind: "open", text: first };
  if (first === "}" || first === "]") return { kind: "close", text: first };
  if (!NUMBER_STARTS.includes(first)) return { kind: "other", text: first };
  return { kind: "number", text: text.slice(at, skip(text, at, NUMBER_CHARACTERS)) };
}

/** Index behind the closing quote of the string that starts at `start`. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    at += code === BACKSLASH ? 2 : 1;
  }
  return text.length;
}

/** Index of the first character from `from` on that is none of `characters`. */
function skip(text: string, from: number, characters: string): number {
  let at = from;
  while (at < text.length && characters.includes(text.charAt(at))) at += 1;
  return at;
}

function inspectToken(token: Token, open: Set<string>[], limits: JsonLimits): JsonRefusal | undefined {
  switch (token.kind) {
    case "open":
      if (open.length >= limits.maxDepth) return "too-deep";
      open.push(new Set());
      return undefined;
    case "close":
      open.pop();
      return undefined;
    case "key":
      return noteKey(open.at(-1), token.text);
    case "number":
      return isAllowedNumber(token.text, limits.numbers ?? "safe-integers") ? undefined : "number";
    case "other":
      return undefined;
  }
}

function noteKey(keys: Set<string> | undefined, token: string): JsonRefusal | undefined {
  assert(keys !== undefined, "a key stands inside an object");
  // Spelled with escapes it may still be the same key.
  const key = token.includes("\\") ? String(JSON.parse(token)) : token.slice(1, -1);
  if (FORBIDDEN_KEYS.has(key)) return "forbidden-key";
  if (keys.has(key)) return "duplicate-key";
  keys.add(key);
  return undefined;
}

function isAllowedNumber(token: string, numbers: "safe-integers" | "finite"): boolean {
  const value = Number(token);
  if (INTEGER.test(token)) return Number.isSafeInteger(value) && token !== "-0";
  return numbers === "finite" && Number.isFinite(value);
}
