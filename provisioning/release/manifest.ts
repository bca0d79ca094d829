/*
 * Goal: what a release says of itself is understood by every terminal in one way, or refused.
 * Method: bounded JSON of one shape, files sorted and each named once; what is signed is the canonical text, never the bytes that came.
 */
import * as z from "zod";
import { type Bytes, utf8 } from "../../device/base/bytes.ts";
import { canonicalJson, parseJson } from "../../device/codec/json.ts";
import { parseVersion } from "./version.ts";

/** Enough for ten thousand files. */
const MANIFEST_BYTES_MAX = 4 * 1024 * 1024;
const FILES_MAX = 20_000;
const FILE_BYTES_MAX = 512 * 1024 * 1024;
const SCHEMA_MAX = 1000;
/** Starts every release. */
export const RELEASE_PROGRAM = "bin/yikatong";
/** Written beside the files of a release when it is staged, so no release may bring files of these names. */
export const MANIFEST_FILE = "manifest.json";
export const SIGNATURE_FILE = "manifest.sig";

export type Arch = "x64" | "arm64";

export interface ReleaseFile {
  /** Relative, with slashes. */
  readonly path: string;
  readonly mode: "644" | "755";
  readonly size: number;
  /** 64 hexadecimal digits. */
  readonly sm3: string;
}

export interface ReleaseManifest {
  readonly v: 1;
  readonly name: "yikatong";
  readonly version: string;
  readonly arch: Arch;
  /** The runtime that comes with it. */
  readonly node: string;
  /** When its sources were committed. A terminal whose clock is before that has a wrong clock. */
  readonly builtMs: number;
  readonly journalSchema: number;
  /** Schemas that its `journal migrate` can write. */
  readonly journalSchemasWritten: readonly number[];
  /** May pass the refusal for money at risk, and no other. */
  readonly emergency: boolean;
  readonly files: readonly ReleaseFile[];
  readonly payload: { readonly size: number; readonly sm3: string };
}

export type ManifestParse = { readonly ok: true; readonly manifest: ReleaseManifest } | { readonly ok: false; readonly problem: string };

const SEGMENT = "(?!\\.{1,2}(?:/|$))[A-Za-z0-9@_.+~,=()-]{1,128}";
const PATH_SHAPE = new RegExp(`^(?!-)${SEGMENT}(?:/${SEGMENT}){0,31}$`);

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const schema = z.int().min(0).max(SCHEMA_MAX);
const version = z.string().refine((text) => parseVersion(text) !== undefined, "is no version");

const shape = z.strictObject({
  v: z.literal(1),
  name: z.literal("yikatong"),
  version,
  arch: z.enum(["x64", "arm64"]),
  node: version,
  builtMs: z.int().min(0),
  journalSchema: schema,
  journalSchemasWritten: z.array(schema).min(1).max(SCHEMA_MAX),
  emergency: z.boolean(),
  files: z
    .array(
      z.strictObject({
        path: z.string().max(1024).regex(PATH_SHAPE),
        mode: z.enum(["644", "755"]),
        size: z.int().min(0).max(FILE_BYTES_MAX),
        sm3: digest,
      }),
    )
    .min(1)
    .max(FILES_MAX),
  payload: z.strictObject({ size: z.int().min(1).max(FILE_BYTES_MAX), sm3: digest }),
});

/** Reads a manifest. Never throws. */
export function parseManifest(bytes: Bytes): ManifestParse {
  const json = parseJson(bytes, { maxBytes: MANIFEST_BYTES_MAX, maxDepth: 4 });
  if (!json.ok) return { ok: false, problem: `no JSON of ours (${json.reason})` };
  const parsed = shape.safeParse(json.value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { ok: false, problem: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is malformed"}` };
  }
  const problem = contradiction(parsed.data);
  return problem === undefined ? { ok: true, manifest: parsed.data } : { ok: false, problem };
}

/** What no single member shows. */
function contradiction({ files, journalSchema, journalSchemasWritten }: ReleaseManifest): string | undefined {
  for (const [at, { path }] of files.entries()) {
    const before = files[at - 1];
    if (before !== undefined && !(before.path < path)) return `files: ${path} is named twice or out of order`;
  }
  if (files.some(({ path }) => path === MANIFEST_FILE || path === SIGNATURE_FILE)) return "files: the manifest lists itself";
  if (!files.some(({ path, mode }) => path === RELEASE_PROGRAM && mode === "755")) return `files: nothing starts it (${RELEASE_PROGRAM})`;
  if (!journalSchemasWritten.includes(journalSchema)) return "journalSchemasWritten: its own schema is not among them";
  return undefined;
}

/** The bytes that are signed, and that stand in the bundle. */
export function manifestBytes(manifest: ReleaseManifest): Bytes {
  return utf8(canonicalJson(manifest));
}

/** Bytes that its files take on a disk, roughly: small files fill whole blocks. */
export function unpackedBytes({ files }: ReleaseManifest): number {
  const BLOCK = 4096;
  return files.reduce((sum, { size }) => sum + Math.ceil(size / BLOCK) * BLOCK + BLOCK, 0);
}
