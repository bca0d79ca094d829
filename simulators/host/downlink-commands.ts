/* Publishing documents by commands of a running host process. */
import { readFileSync } from "node:fs";
import { type Bytes, utf8 } from "../../device/base/bytes.ts";
import { canonicalize, countField, isFields, type JsonFields, textField } from "./canonical.ts";
import type { Publication } from "./downlink.ts";
import type { Addressee } from "./downlink-document.ts";
import { isRegion, isStreamName } from "./downlink-want.ts";
import { parseBase64 } from "./sealing.ts";
import type { SettlementHost } from "./settlement.ts";

type Reply = { readonly [name: string]: unknown };

const MEMBERS: readonly string[] = [
  "stream",
  "json",
  "text",
  "base64",
  "file",
  "tid",
  "region",
  "base",
  "sequence",
  "issuedMs",
  "validMs",
  "sealed",
  "partBytes",
];
const PART_BYTES = { least: 1_024, most: 262_144 } as const;

function readFile(path: string): Bytes | undefined {
  try {
    return new Uint8Array(readFileSync(path));
  } catch {
    // Not there, or not to be read: whoever gave the name is told.
    return undefined;
  }
}

/** The contents, or what is wrong with them. */
function bodyOf(set: JsonFields): Bytes | string {
  const given = ["json", "text", "base64", "file"].filter((name) => set[name] !== undefined);
  if (given.length !== 1) return "one of json, text, base64, file is needed";
  if (set["json"] !== undefined) {
    const text = canonicalize(set["json"]);
    return text === undefined ? "json holds what canonical JSON cannot" : utf8(text);
  }
  const [text, base64, path] = ["text", "base64", "file"].map((name) => textField(set, name));
  const body = text !== undefined ? utf8(text) : base64 !== undefined ? parseBase64(base64) : path !== undefined ? readFile(path) : undefined;
  return body === undefined || body.length === 0 ? `${given.join()} cannot be read or is empty` : body;
}

function addresseeOf(host: SettlementHost, set: JsonFields): Addressee | string {
  const [tid, region] = ["tid", "region"].map((name) => textField(set, name));
  if ((tid === undefined) === (region === undefined)) return "one of tid, region is needed";
  if (region !== undefined) return isRegion(region) ? { region } : "region has six digits";
  return tid !== undefined && host.terminals.find(tid) !== undefined ? { tid } : "tid is not registered";
}

function publicationOf(host: SettlementHost, set: JsonFields): Publication | string {
  const unknown = Object.keys(set).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) return `unknown member ${unknown}`;
  const stream = textField(set, "stream");
  if (stream === undefined || !isStreamName(stream)) return "stream is one or two words, for example list/city";
  const to = addresseeOf(host, set);
  if (typeof to === "string") return to;
  const body = bodyOf(set);
  if (typeof body === "string") return body;
  const numbers: Record<string, number> = {};
  for (const name of ["base", "sequence", "issuedMs", "validMs", "partBytes"]) {
    if (set[name] === undefined) continue;
    const value = countField(set, name);
    if (value === undefined) return `${name} is a whole number`;
    numbers[name] = value;
  }
  const { partBytes = PART_BYTES.least, base = 0, sequence = base + 1 } = numbers;
  if (partBytes < PART_BYTES.least || partBytes > PART_BYTES.most || sequence <= base) return "partBytes lies between 1024 and 262144, sequence above base";
  return { ...numbers, to, stream, body, sealed: set["sealed"] !== false };
}

/** Publishes what `set` describes. */
export function publishDocument(host: SettlementHost, set: unknown): Reply {
  const publication = isFields(set) ? publicationOf(host, set) : "set is missing";
  if (typeof publication === "string") return { ok: false, reason: publication };
  const { stream, sequence, root, size, parts } = host.documents.publish(publication);
  return { ok: true, stream, sequence, root, size, parts: parts.length };
}

/** What is published, and what each terminal said last. */
export function listDocuments(host: SettlementHost): Reply {
  const documents = host.documents.documents.map(({ to, stream, sequence, base, size, parts, notAfterMs }) => ({
    ...to,
    stream,
    sequence,
    base,
    size,
    parts: parts.length,
    notAfterMs,
  }));
  return { ok: true, documents, terminals: [...host.documents.wants.values()] };
}
