/*
 * The hash chain. Each value covers the one before it, the entry's canonical body and, through its hash in the body, the sealed
 * personal part. So personal fields can be erased by rule, and the chain still proves that nothing else was changed or left out.
 */

import { type Bytes, EMPTY, fromHex, parseHex, toHex, utf8 } from "../../base/bytes.ts";
import type { StoredEntry } from "../../base/ports.ts";
import { isObject } from "../../codec/json.ts";
import type { CipherSuite } from "../../crypto/face.ts";

export interface ChainStart {
  readonly terminalId: string;
  readonly journalId: string;
}

/** The value before the first entry, so that one journal's entries cannot be passed off as another's. */
export function firstLink(suite: CipherSuite, start: ChainStart): string {
  return toHex(suite.sm3(utf8(`yikatong journal 1\n${start.terminalId}\n${start.journalId}`)));
}

/** SM3(previous ‖ SM3(body) ‖ SM3(sealed, or nothing)), 64 hexadecimal digits. */
export function nextLink(suite: CipherSuite, previous: string, entry: { readonly body: string; readonly sealedHash: string | undefined }): string {
  const sealedHash = entry.sealedHash === undefined ? suite.sm3(EMPTY) : fromHex(entry.sealedHash);
  return toHex(suite.sm3(fromHex(previous), suite.sm3(utf8(entry.body)), sealedHash));
}

export function sealedHashOf(suite: CipherSuite, sealed: Bytes): string {
  return toHex(suite.sm3(sealed));
}

/** Why a stored entry does not continue the chain after `previous`, or undefined when it does. Never throws. */
export function linkProblem(suite: CipherSuite, previous: { readonly seq: number; readonly hash: string }, entry: StoredEntry): string | undefined {
  if (entry.seq !== previous.seq + 1) return `entry ${previous.seq + 1} is missing`;
  const body = readBody(entry.body);
  if (body === undefined) return "its body is not readable";
  if (body["seq"] !== entry.seq || body["subject"] !== entry.subject || body["kind"] !== entry.kind || body["state"] !== entry.state)
    return "its columns differ from its body";
  const sealedHash = body["sealedHash"];
  if (sealedHash !== undefined && (typeof sealedHash !== "string" || sealedHash.length !== 64 || parseHex(sealedHash) === undefined))
    return "the hash of its personal part is malformed";
  // The personal part may be gone (erased by rule) but never exchanged, and never appear where none was.
  if (entry.sealed !== undefined && sealedHashOf(suite, entry.sealed) !== sealedHash) return "its personal part was changed";
  const expected = nextLink(suite, previous.hash, { body: entry.body, sealedHash });
  return expected === entry.hash ? undefined : "its hash does not follow from the entry before it";
}

/** A stored body as an object, or undefined. */
export function readBody(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : undefined;
  } catch {
    // JSON.parse has one way to fail; the caller says that the body is not readable.
    return undefined;
  }
}
