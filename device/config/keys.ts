/*
 * The terminal's secrets, from their own file straight into handles. The text is read as bytes and never becomes a string, because
 * strings cannot be wiped; everything is filled with zeros before this module returns, whatever happens.
 */
import { type Bytes, EMPTY, toHex } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import type { CipherSuite, SecretKey, Sm2PrivateKey, Sm2PublicKey } from "../crypto/face.ts";
import { TEST_KEY_CHECK_VALUES } from "./test-key-check-values.ts";

/** Lines `name = hexadecimal digits`; blank lines and lines that begin with # are left out. All four stand in the file once. */
const KEY_BYTES = { "signing-scalar": 32, "host-public-key": 64, "data-key": 16, "storage-key": 16 } as const;

type KeyName = keyof typeof KEY_BYTES;

export interface TerminalKeys {
  readonly signing: Sm2PrivateKey;
  readonly hostKey: Sm2PublicKey;
  readonly dataKey: SecretKey;
  readonly storageKey: SecretKey;
}

export interface KeyOptions {
  readonly suite: CipherSuite;
  /** A production terminal refuses keys that are published for tests. */
  readonly profile: "test" | "production";
  /** Shown the two keys that a sealing worker needs, before they are wiped; whoever keeps them copies and wipes them himself. */
  readonly lendSealKeys?: (keys: { readonly signingScalar: Bytes; readonly dataKey: Bytes }) => void;
}

const FILE_BYTES_MAX = 4096;
const NEWLINE = 0x0a;
const EQUALS = 0x3d;
const HASH = 0x23;

/**
 * Makes handles of a key file's contents and fills `contents` with zeros. Faults: "config-invalid" (its form), "key-missing",
 * "crypto-input" (a point that is not on the curve). Messages never hold a part of the file.
 */
export function loadKeys(contents: Bytes, options: KeyOptions): TerminalKeys {
  const keys = new Map<KeyName, Bytes>();
  try {
    if (contents.length > FILE_BYTES_MAX) throw invalid("the key file is too large");
    for (const line of lines(contents)) takeLine(line, keys);
    if (options.profile === "production") refuseTestKeys(keys, options.suite);
    options.lendSealKeys?.({ signingScalar: bytesOf(keys, "signing-scalar"), dataKey: bytesOf(keys, "data-key") });
    return {
      signing: options.suite.sm2PrivateKey(bytesOf(keys, "signing-scalar")),
      hostKey: options.suite.sm2PublicKey(bytesOf(keys, "host-public-key")),
      dataKey: options.suite.secretKey(bytesOf(keys, "data-key")),
      storageKey: options.suite.secretKey(bytesOf(keys, "storage-key")),
    };
  } finally {
    contents.fill(0);
    for (const bytes of keys.values()) bytes.fill(0);
  }
}

/** The same, with copies of the two keys that a sealing worker needs; the worker wipes them. Faults: those of {@link loadKeys}. */
export function loadDeviceKeys(
  contents: Bytes,
  options: Omit<KeyOptions, "lendSealKeys">,
): { readonly keys: TerminalKeys; readonly sealKeys: { readonly signingScalar: Bytes; readonly dataKey: Bytes } } {
  let sealKeys = { signingScalar: EMPTY, dataKey: EMPTY };
  const lendSealKeys: KeyOptions["lendSealKeys"] = ({ signingScalar, dataKey }) => {
    sealKeys = { signingScalar: signingScalar.slice(), dataKey: dataKey.slice() };
  };
  const keys = loadKeys(contents, { ...options, lendSealKeys });
  return { keys, sealKeys };
}

/** Check value of a key: the first 3 bytes of its SM3, 6 hexadecimal digits. Safe to print. */
export function keyCheckValue(suite: CipherSuite, key: Bytes): string {
  return toHex(suite.sm3(key).slice(0, 3));
}

function lines(contents: Bytes): readonly Bytes[] {
  const found: Bytes[] = [];
  let start = 0;
  for (let at = 0; at <= contents.length; at += 1) {
    if (at < contents.length && contents[at] !== NEWLINE) continue;
    const line = trimmed(contents.subarray(start, at));
    if (line.length > 0 && line[0] !== HASH) found.push(line);
    start = at + 1;
  }
  return found;
}

function takeLine(line: Bytes, keys: Map<KeyName, Bytes>): void {
  const at = line.indexOf(EQUALS);
  const name = keyName(trimmed(line.subarray(0, Math.max(0, at))));
  if (name === undefined) throw invalid("the key file has a line that names no key of ours");
  if (keys.has(name)) throw invalid(`${name} stands twice in the key file`);
  const digits = trimmed(line.subarray(at + 1));
  if (digits.length !== KEY_BYTES[name] * 2) throw invalid(`${name} has not ${KEY_BYTES[name]} bytes`);
  keys.set(name, new Uint8Array(KEY_BYTES[name]));
  const bytes = bytesOf(keys, name);
  for (let index = 0; index < bytes.length; index += 1) {
    const high = nibble(digits[2 * index]);
    const low = nibble(digits[2 * index + 1]);
    if (high === undefined || low === undefined) throw invalid(`${name} is not hexadecimal`);
    bytes[index] = high * 16 + low;
  }
}

/** The part of a line before "=" is public, so it may become text. */
function keyName(bytes: Bytes): KeyName | undefined {
  const text = new TextDecoder().decode(bytes);
  return (Object.keys(KEY_BYTES) as KeyName[]).find((name) => name === text);
}

function nibble(code: number | undefined): number | undefined {
  if (code === undefined) return undefined;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : undefined;
}

function trimmed(bytes: Bytes): Bytes {
  const isBlank = (code: number | undefined) => code === 0x20 || code === 0x09 || code === 0x0d;
  let start = 0;
  let end = bytes.length;
  while (start < end && isBlank(bytes[start])) start += 1;
  while (end > start && isBlank(bytes[end - 1])) end -= 1;
  return bytes.subarray(start, end);
}

function bytesOf(keys: ReadonlyMap<KeyName, Bytes>, name: KeyName): Bytes {
  const bytes = keys.get(name);
  if (bytes === undefined) throw new Fault("key-missing", `${name} is not in the key file`, { effectUnknown: false });
  return bytes;
}

function refuseTestKeys(keys: ReadonlyMap<KeyName, Bytes>, suite: CipherSuite): void {
  for (const [name, bytes] of keys) {
    if (TEST_KEY_CHECK_VALUES.has(keyCheckValue(suite, bytes))) throw invalid(`${name} is a published test key: a production terminal refuses it`);
  }
}

function invalid(message: string): Fault {
  return new Fault("config-invalid", message, { effectUnknown: false });
}
