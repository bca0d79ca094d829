/* What terminals send, read strictly from the page of the protocol. A parser never throws; it answers undefined. Spec: pos/v1, 3, 5, 6. */

import type { Bytes } from "../../device/base/bytes.ts";
import { countField, isFields, type JsonFields, parseFields, textField } from "./canonical.ts";
import type { Sealed } from "./sealing.ts";
import { readToldState, type ToldState } from "./terminal-state.ts";

export interface SumRow {
  readonly kind: string;
  readonly state: string;
  readonly count: number;
  readonly fen: number;
}

export interface BatchEnvelope {
  readonly tid: string;
  readonly journalId: string;
  readonly batchSeq: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly count: number;
  readonly sums: readonly SumRow[];
  readonly prevHash: string;
  readonly hash: string;
  readonly sealed: Sealed;
  readonly sig: string;
}

export interface RequestEnvelope {
  readonly tid: string;
  readonly reqId: string;
  readonly service: string;
  readonly notAfterMs: number;
  readonly hash: string;
  readonly sealed: Sealed;
  readonly sig: string;
  /** All members that the signature covers. */
  readonly signed: JsonFields;
}

/** The first batch that a terminal can still send. Spec: pos/v1, 6. */
export interface HeldFrom {
  readonly batch: number;
  /** Its first record. */
  readonly seq: number;
  readonly prevHash: string;
}

export interface TerminalHeartbeat {
  readonly tid: string;
  readonly journalId: string;
  readonly lastSeq: number;
  readonly receiptedThrough: number;
  /** How often this journal was opened; undefined where the terminal does not say. */
  readonly boot: number | undefined;
  /** "malformed": it says how it is, and not as the page has it. */
  readonly state: ToldState | "malformed" | undefined;
  /** Records before it were taken away; undefined: everything can be sent. */
  readonly held: HeldFrom | undefined;
}

/** More rows than kinds times states can make; keeps a hostile list small. */
const SUM_ROWS_MAX = 64;
const HASH = /^[0-9a-f]{64}$/;
const ID = /^[0-9a-f]{32}$/;
const SIGNATURE = /^[0-9a-f]{128}$/;
const TERMINAL = /^[A-Za-z0-9_-]{1,32}$/;

function shaped(fields: JsonFields, name: string, shape: RegExp): string | undefined {
  const value = textField(fields, name);
  return value !== undefined && shape.test(value) ? value : undefined;
}

function parseSealed(fields: JsonFields): Sealed | undefined {
  const alg = textField(fields, "alg");
  const kid = textField(fields, "kid");
  const iv = shaped(fields, "iv", ID);
  const body = textField(fields, "body");
  return alg === undefined || kid === undefined || iv === undefined || body === undefined ? undefined : { alg, kid, iv, body };
}

function parseSums(value: unknown): readonly SumRow[] | undefined {
  if (!Array.isArray(value) || value.length > SUM_ROWS_MAX) return undefined;
  const rows: SumRow[] = [];
  for (const item of value as readonly unknown[]) {
    if (!isFields(item) || Object.keys(item).length !== 4) return undefined;
    const kind = textField(item, "kind");
    const state = textField(item, "state");
    const count = countField(item, "count");
    const sum = countField(item, "fen");
    if (kind === undefined || state === undefined || count === undefined || sum === undefined) return undefined;
    rows.push({ kind, state, count, fen: sum });
  }
  return rows;
}

/** Terminal number of a topic `pos/v1/{tid}/up/…`, with the last level; undefined for any other topic. */
export function parseUpTopic(topic: string): { readonly tid: string; readonly what: string } | undefined {
  const levels = topic.split("/");
  const [root, version, tid, direction, what] = levels;
  if (levels.length !== 5 || root !== "pos" || version !== "v1" || direction !== "up" || tid === undefined || what === undefined) return undefined;
  return TERMINAL.test(tid) ? { tid, what } : undefined;
}

/** A batch envelope of the right shape; whether it is true is for the settlement core. */
export function parseBatchEnvelope(payload: Bytes): BatchEnvelope | undefined {
  const fields = parseFields(payload);
  if (fields?.["v"] !== 1) return undefined;
  const tid = shaped(fields, "tid", TERMINAL);
  const journalId = shaped(fields, "journalId", ID);
  const [batchSeq, firstSeq, lastSeq, count] = ["batchSeq", "firstSeq", "lastSeq", "count"].map((name) => countField(fields, name));
  const prevHash = shaped(fields, "prevHash", HASH);
  const hash = shaped(fields, "hash", HASH);
  const sig = shaped(fields, "sig", SIGNATURE);
  const sums = parseSums(fields["sums"]);
  const sealed = parseSealed(fields);
  if (tid === undefined || journalId === undefined || prevHash === undefined || hash === undefined || sig === undefined) return undefined;
  if (batchSeq === undefined || firstSeq === undefined || lastSeq === undefined || count === undefined || sums === undefined || sealed === undefined)
    return undefined;
  if (batchSeq < 1 || firstSeq < 1 || lastSeq < firstSeq || count !== lastSeq - firstSeq + 1) return undefined;
  return { tid, journalId, batchSeq, firstSeq, lastSeq, count, sums, prevHash, hash, sealed, sig };
}

function withoutSealedParts(fields: JsonFields): JsonFields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== "iv" && name !== "body" && name !== "sig"));
}

export function parseRequestEnvelope(payload: Bytes): RequestEnvelope | undefined {
  const fields = parseFields(payload);
  if (fields?.["v"] !== 1) return undefined;
  const tid = shaped(fields, "tid", TERMINAL);
  const reqId = shaped(fields, "reqId", ID);
  const service = textField(fields, "service");
  const notAfterMs = countField(fields, "notAfterMs");
  const hash = shaped(fields, "hash", HASH);
  const sig = shaped(fields, "sig", SIGNATURE);
  const sealed = parseSealed(fields);
  if (tid === undefined || reqId === undefined || service === undefined || notAfterMs === undefined) return undefined;
  if (hash === undefined || sig === undefined || sealed === undefined) return undefined;
  return { tid, reqId, service, notAfterMs, hash, sealed, sig, signed: withoutSealedParts(fields) };
}

export function parseTerminalHeartbeat(payload: Bytes): TerminalHeartbeat | undefined {
  const fields = parseFields(payload);
  if (fields?.["v"] !== 1) return undefined;
  const tid = shaped(fields, "tid", TERMINAL);
  const journalId = shaped(fields, "journalId", ID);
  const lastSeq = countField(fields, "lastSeq");
  const receiptedThrough = countField(fields, "receiptedThrough");
  if (tid === undefined || journalId === undefined || lastSeq === undefined || receiptedThrough === undefined) return undefined;
  const state = fields["state"] === undefined ? undefined : (readToldState(fields["state"]) ?? "malformed");
  return { tid, journalId, lastSeq, receiptedThrough, boot: countField(fields, "boot"), state, held: heldOf(fields["held"]) };
}

function heldOf(value: unknown): HeldFrom | undefined {
  if (!isFields(value)) return undefined;
  const [batch, seq, prevHash] = [countField(value, "batch"), countField(value, "seq"), shaped(value, "prevHash", HASH)];
  return batch === undefined || seq === undefined || prevHash === undefined || batch < 2 || seq < 2 ? undefined : { batch, seq, prevHash };
}
