/* What a terminal says about documents, read strictly from the page. Spec: pos/v1, 7. */
import type { Bytes } from "../../device/base/bytes.ts";
import { countField, isFields, type JsonFields, parseFields, textField } from "./canonical.ts";

export interface WantRow {
  readonly stream: string;
  readonly have: number;
  readonly taking: number | undefined;
  /** Undefined beside `taking`: the head is asked for once more. */
  readonly parts: readonly number[] | undefined;
  readonly whole: boolean;
  readonly refused: number | undefined;
  readonly reason: string | undefined;
}

export interface TerminalWant {
  readonly tid: string;
  readonly region: string;
  readonly streams: readonly WantRow[];
  readonly problems: Readonly<Record<string, number>>;
}

const STREAMS_MAX = 16;
const PARTS_MAX = 32;
const STREAM = /^[a-z0-9-]{1,24}(?:\/[a-z0-9-]{1,24})?$/;
const REGION = /^\d{6}$/;
const WORD = /^[a-z0-9-]{1,64}$/;

/** Whether a stream may bear this name. */
export function isStreamName(name: string): boolean {
  return STREAM.test(name);
}

/** Whether a region may bear this name. */
export function isRegion(name: string): boolean {
  return REGION.test(name);
}

function readParts(value: unknown): readonly number[] | undefined {
  if (!Array.isArray(value) || value.length > PARTS_MAX) return undefined;
  const parts = (value as readonly unknown[]).filter((item): item is number => typeof item === "number" && Number.isSafeInteger(item) && item >= 0);
  return parts.length === value.length ? parts : undefined;
}

function readRow(value: unknown): WantRow | undefined {
  if (!isFields(value)) return undefined;
  const stream = textField(value, "stream");
  const have = countField(value, "have");
  const reason = textField(value, "reason");
  if (stream === undefined || !STREAM.test(stream) || have === undefined) return undefined;
  if (reason !== undefined && !WORD.test(reason)) return undefined;
  const [taking, refused] = ["taking", "refused"].map((name) => countField(value, name));
  return { stream, have, taking, refused, reason, parts: readParts(value["parts"]), whole: value["whole"] === true };
}

function readProblems(value: unknown): Readonly<Record<string, number>> {
  const rows = Array.isArray(value) ? (value as readonly unknown[]).slice(0, STREAMS_MAX) : [];
  const pairs = rows.flatMap((row): [string, number][] => {
    const fields: JsonFields = isFields(row) ? row : {};
    const reason = textField(fields, "reason");
    return reason !== undefined && WORD.test(reason) ? [[reason, countField(fields, "count") ?? 0]] : [];
  });
  return Object.fromEntries(pairs);
}

export function parseWant(payload: Bytes): TerminalWant | undefined {
  const fields = parseFields(payload);
  if (fields?.["v"] !== 1) return undefined;
  const tid = textField(fields, "tid");
  const region = textField(fields, "region");
  const rows = fields["streams"];
  if (tid === undefined || region === undefined || !REGION.test(region) || !Array.isArray(rows) || rows.length > STREAMS_MAX) return undefined;
  const streams = (rows as readonly unknown[]).map(readRow).filter((row) => row !== undefined);
  return streams.length === rows.length ? { tid, region, streams, problems: readProblems(fields["problems"]) } : undefined;
}
