/*
 * Goal: a release, or a leave to go back, counts only when a key of this terminal's list has signed it; in production never a published key.
 * Method: SM2 over the canonical text. Lines `name = hexadecimal digits`, for keys as for signatures. Spec: GM/T 0009, 10.
 */

import * as z from "zod";
import { type Bytes, parseHex, toHex, utf8 } from "../../device/base/bytes.ts";
import { isFault } from "../../device/base/fault.ts";
import { canonicalJson, type JsonValue, parseJson } from "../../device/codec/json.ts";
import { keyCheckValue } from "../../device/config/keys.ts";
import { TEST_KEY_CHECK_VALUES } from "../../device/config/test-key-check-values.ts";
import type { CipherSuite, Sm2PrivateKey, Sm2PublicKey } from "../../device/crypto/face.ts";
import { parseVersion } from "./version.ts";

const TEXT_BYTES_MAX = 64 * 1024;
const KEYS_MAX = 64;
const LINE = /^([A-Za-z0-9._-]{1,64})\s*=\s*([0-9A-Fa-f]{128})$/;
const SIGNATURE_LINE = /^([A-Za-z0-9._-]{1,64}) = ([0-9a-f]{128})\n$/;

/** The published key that signs bundles of tests (tools/bundle/test-key.ts has its private half): first bytes of the SM3 of its point. */
export const TEST_RELEASE_KEY_CHECK_VALUE = "9ca8a3";

export interface ReleaseKey {
  readonly name: string;
  readonly key: Sm2PublicKey;
}

export type KeysParse = { readonly ok: true; readonly keys: readonly ReleaseKey[] } | { readonly ok: false; readonly problem: string };

function significantLines(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Reads `release-keys`. Never throws. A production terminal takes no published key, and then none at all: somebody has to look. */
export function parseReleaseKeys(text: string, { suite, profile }: { readonly suite: CipherSuite; readonly profile: "test" | "production" }): KeysParse {
  if (text.length > TEXT_BYTES_MAX) return { ok: false, problem: "the list of release keys is too long" };
  const keys: ReleaseKey[] = [];
  for (const line of significantLines(text)) {
    const match = LINE.exec(line);
    if (match === null) return { ok: false, problem: "a line of the list is not: name = 128 hexadecimal digits" };
    const [, name = "", digits = ""] = match;
    if (keys.some((other) => other.name === name)) return { ok: false, problem: `${name} stands twice in the list` };
    const key = publicKeyOf(digits, suite);
    if (key === undefined) return { ok: false, problem: `${name} is no point of the curve` };
    if (profile === "production" && isPublished(key, suite)) return { ok: false, problem: `${name} is a published test key: a production terminal refuses it` };
    keys.push({ name, key });
  }
  if (keys.length === 0) return { ok: false, problem: "the list of release keys is empty" };
  if (keys.length > KEYS_MAX) return { ok: false, problem: `more than ${KEYS_MAX} release keys` };
  return { ok: true, keys };
}

function publicKeyOf(digits: string, suite: CipherSuite): Sm2PublicKey | undefined {
  const point = parseHex(digits);
  if (point === undefined) return undefined;
  try {
    return suite.sm2PublicKey(point);
  } catch (error) {
    if (isFault(error, "crypto-input")) return undefined;
    throw error;
  }
}

function isPublished({ point }: Sm2PublicKey, suite: CipherSuite): boolean {
  const value = keyCheckValue(suite, point);
  return value === TEST_RELEASE_KEY_CHECK_VALUE || TEST_KEY_CHECK_VALUES.has(value);
}

/** Makes the one line of a signature file. */
export function signatureLine(content: Bytes, signer: { readonly name: string; readonly key: Sm2PrivateKey }, suite: CipherSuite): string {
  return `${signer.name} = ${toHex(suite.sm2Sign(signer.key, content))}\n`;
}

export type SignatureWord = { readonly kind: "signed"; readonly by: string } | { readonly kind: "malformed" | "unknown-signer" | "wrong" };

/** Whose signature stands over `content`. Never throws. A signature is written in one way only, so that no byte of it can change unseen. */
export function signatureWord(
  content: Bytes,
  signatureText: string,
  { keys, suite }: { readonly keys: readonly ReleaseKey[]; readonly suite: CipherSuite },
): SignatureWord {
  const match = SIGNATURE_LINE.exec(signatureText);
  if (match === null) return { kind: "malformed" };
  const [, name = "", digits = ""] = match;
  const key = keys.find((one) => one.name === name);
  if (key === undefined) return { kind: "unknown-signer" };
  return suite.sm2Verify(key.key, content, parseHex(digits) ?? new Uint8Array(0)) ? { kind: "signed", by: name } : { kind: "wrong" };
}

/** Leave for one terminal, or for all ("*"), to go back to an older version. */
export interface DowngradePermit {
  readonly v: 1;
  readonly kind: "downgrade";
  readonly terminalId: string;
  readonly to: string;
  readonly notAfterMs: number;
}

const permitShape = z.strictObject({
  v: z.literal(1),
  kind: z.literal("downgrade"),
  terminalId: z.string().min(1).max(64),
  to: z.string().refine((text) => parseVersion(text) !== undefined),
  notAfterMs: z.int().min(0),
});

/** Reads a permit's file and its signature. Never throws; undefined when it is no permit or nobody known has signed it. */
export function readPermit(
  file: { readonly bytes: Bytes; readonly signature: string },
  by: { readonly keys: readonly ReleaseKey[]; readonly suite: CipherSuite },
): DowngradePermit | undefined {
  const json = parseJson(file.bytes, { maxBytes: 4096, maxDepth: 2 });
  if (!json.ok) return undefined;
  const permit = permitShape.safeParse(json.value);
  if (!permit.success || signatureWord(canonicalBytes(json.value), file.signature, by).kind !== "signed") return undefined;
  return permit.data;
}

/** What is signed of a JSON value. */
export function canonicalBytes(value: JsonValue): Bytes {
  return utf8(canonicalJson(value));
}
