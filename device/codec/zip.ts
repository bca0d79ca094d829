/*
 * Files inside a zip, for interfaces that exchange lists that way. The reader is ours and bounded: it believes the directory at the end,
 * checks every length and every check sum, and never gives a part of a file for the whole of it. Encryption, volumes and the 64-bit form
 * are not taken. Spec: PKWARE APPNOTE, 4.3.
 */
import { crc32, inflateRawSync } from "node:zlib";
import { zipSync } from "fflate";
import type { Bytes } from "../base/bytes.ts";

export interface ZipFile {
  readonly name: string;
  readonly contents: Bytes;
}

export type ZipParse =
  | { readonly ok: true; readonly files: readonly ZipFile[] }
  | { readonly ok: false; readonly reason: "not-a-zip" | "too-large" | "unsupported" | "damaged" };

export interface ZipLimits {
  readonly maxFiles: number;
  /** Sum of all contents. */
  readonly maxBytes: number;
}

/** The same files give the same bytes: a zip that is sent again is recognized. Milliseconds of 2000-01-01. */
const WRITTEN_MS = 946_684_800_000;

const END_SIGNATURE = 0x06054b50;
const DIRECTORY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_LENGTH = 22;
const DIRECTORY_LENGTH = 46;
const LOCAL_LENGTH = 30;
/** The end may be followed by a comment of two length bytes. */
const COMMENT_MAX = 65_535;
const ENCRYPTED = 0x0001;
const STORED = 0;
const DEFLATED = 8;

/** A zip of these files. */
export function writeZip(files: readonly ZipFile[]): Bytes {
  return zipSync(Object.fromEntries(files.map(({ name, contents }) => [name, contents])), { level: 9, mtime: WRITTEN_MS });
}

/** Reads all files of a zip. Never throws. */
export function readZip(bytes: Bytes, limits: ZipLimits): ZipParse {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  if (end === undefined) return { ok: false, reason: "not-a-zip" };
  const count = view.getUint16(end + 10, true);
  if (count > limits.maxFiles) return { ok: false, reason: "too-large" };
  const files: ZipFile[] = [];
  let at = view.getUint32(end + 16, true);
  let roomLeft = limits.maxBytes;
  for (let index = 0; index < count; index += 1) {
    const head = readHead(view, at);
    if (head === undefined) return { ok: false, reason: "damaged" };
    const contents = readContents(bytes, head, roomLeft);
    if (typeof contents === "string") return { ok: false, reason: contents };
    roomLeft -= contents.length;
    files.push({ name: new TextDecoder().decode(bytes.subarray(at + DIRECTORY_LENGTH, at + DIRECTORY_LENGTH + head.nameLength)), contents });
    at = head.nextAt;
  }
  return { ok: true, files };
}

function findEnd(view: DataView): number | undefined {
  const last = view.byteLength - END_LENGTH;
  for (let at = last; at >= Math.max(0, last - COMMENT_MAX); at -= 1) {
    if (view.getUint32(at, true) === END_SIGNATURE) return at;
  }
  return undefined;
}

interface Head {
  readonly flags: number;
  readonly method: number;
  readonly checkSum: number;
  readonly packedLength: number;
  readonly length: number;
  readonly nameLength: number;
  readonly localAt: number;
  readonly nextAt: number;
}

function readHead(view: DataView, at: number): Head | undefined {
  if (at + DIRECTORY_LENGTH > view.byteLength || view.getUint32(at, true) !== DIRECTORY_SIGNATURE) return undefined;
  const nameLength = view.getUint16(at + 28, true);
  return {
    flags: view.getUint16(at + 8, true),
    method: view.getUint16(at + 10, true),
    checkSum: view.getUint32(at + 16, true),
    packedLength: view.getUint32(at + 20, true),
    length: view.getUint32(at + 24, true),
    nameLength,
    localAt: view.getUint32(at + 42, true),
    nextAt: at + DIRECTORY_LENGTH + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true),
  };
}

function readContents(bytes: Bytes, head: Head, roomLeft: number): Bytes | "too-large" | "unsupported" | "damaged" {
  if ((head.flags & ENCRYPTED) !== 0 || (head.method !== STORED && head.method !== DEFLATED)) return "unsupported";
  if (head.length > roomLeft) return "too-large";
  const packed = packedBytes(bytes, head);
  if (packed === undefined) return "damaged";
  const contents = head.method === STORED ? packed : inflate(packed, head.length);
  if (contents === undefined || contents.length !== head.length || crc32(contents) !== head.checkSum) return "damaged";
  return contents;
}

function packedBytes(bytes: Bytes, { localAt, packedLength }: Head): Bytes | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (localAt + LOCAL_LENGTH > bytes.length || view.getUint32(localAt, true) !== LOCAL_SIGNATURE) return undefined;
  const from = localAt + LOCAL_LENGTH + view.getUint16(localAt + 26, true) + view.getUint16(localAt + 28, true);
  return from + packedLength > bytes.length ? undefined : bytes.subarray(from, from + packedLength);
}

function inflate(packed: Bytes, length: number): Bytes | undefined {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, length) });
  } catch {
    // Not deflated, or longer than its directory says.
    return undefined;
  }
}
