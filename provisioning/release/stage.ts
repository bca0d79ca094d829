/*
 * Goal: a folder `releases/<version>` is a whole, proved release, or it is not there.
 * Method: the payload is copied to a place of our own while it is hashed, so that nobody can exchange it between proof and unpacking;
 * unpacked beside, every file held against the signed list, flushed, and only then given its name.
 */
import { join } from "node:path";
import { equalBytes } from "../../device/base/bytes.ts";
import type { Processes } from "../../device/base/ports.ts";
import type { OpenedBundle } from "./bundle-file.ts";
import type { ReleaseFiles } from "./files.ts";
import { MANIFEST_FILE, manifestBytes, type ReleaseManifest, SIGNATURE_FILE } from "./manifest.ts";

const UNPACK_LIMIT_MS = 600_000;
const FLUSH_LIMIT_MS = 600_000;
/** Ends of names that only unfinished work has. */
const PART = ".part";
const PAYLOAD = ".payload";
const MANIFEST_BYTES_MAX = 4 * 1024 * 1024;

export type Staging = { readonly ok: true } | { readonly ok: false; readonly code: "payload-differs" | "unpacking-failed"; readonly text: string };

export interface StagingParts {
  readonly files: ReleaseFiles;
  readonly processes: Processes;
  readonly releases: string;
  readonly signal: AbortSignal;
}

/** Puts a proved bundle's release in its place. Done already, it only proves what is there; cut short, it begins anew. */
export async function stage({ manifest, signature, path, payload }: OpenedBundle, parts: StagingParts): Promise<Staging> {
  const { files, releases } = parts;
  const folder = join(releases, manifest.version);
  if ((await isStaged(manifest, folder, files)) === undefined) return { ok: true };
  await clearAway(manifest.version, parts);
  await files.makeFolder(`${folder}${PART}`);
  await files.setMode(`${folder}${PART}`, 0o755);
  const sm3 = await files.copyPart(path, payload, `${folder}${PAYLOAD}`);
  if (sm3 !== manifest.payload.sm3) {
    await clearAway(manifest.version, parts);
    return { ok: false, code: "payload-differs", text: "its payload is not what the manifest names" };
  }
  const failed = (await unpack(folder, parts)) ?? (await wrongFile(manifest, `${folder}${PART}`, files));
  if (failed !== undefined) {
    await clearAway(manifest.version, parts);
    return { ok: false, code: "unpacking-failed", text: failed };
  }
  await files.remove(`${folder}${PAYLOAD}`);
  await files.write(join(`${folder}${PART}`, SIGNATURE_FILE), signature);
  await files.write(join(`${folder}${PART}`, MANIFEST_FILE), new TextDecoder().decode(manifestBytes(manifest)));
  // All files at once: one flush for each of some thousands takes minutes on a memory card.
  const flushed = await parts.processes.run("sync", ["--file-system", `${folder}${PART}`], { timeoutMs: FLUSH_LIMIT_MS, signal: parts.signal });
  if (flushed.code !== 0) return { ok: false, code: "unpacking-failed", text: "the disk does not take it" };
  await files.rename(`${folder}${PART}`, folder);
  return { ok: true };
}

async function clearAway(version: string, parts: StagingParts): Promise<void> {
  for (const end of ["", PART, PAYLOAD]) await discard(`${version}${end}`, parts);
}

/** Half of a release must never stand under the name of a whole one, not even while it is removed. */
async function discard(name: string, { files, releases }: Pick<StagingParts, "files" | "releases">): Promise<void> {
  const path = join(releases, name);
  if ((await files.read(join(path, MANIFEST_FILE), MANIFEST_BYTES_MAX)) === undefined || name.endsWith(PART)) return files.remove(path);
  await files.remove(`${path}${PART}`);
  await files.rename(path, `${path}${PART}`);
  return files.remove(`${path}${PART}`);
}

async function unpack(folder: string, { processes, signal }: StagingParts): Promise<string | undefined> {
  const args = ["--extract", "--gzip", "--file", `${folder}${PAYLOAD}`, "--directory", `${folder}${PART}`, "--no-same-owner", "--no-same-permissions"];
  const ended = await processes.run("tar", args, { timeoutMs: UNPACK_LIMIT_MS, signal });
  if (ended.code === 0) return undefined;
  return `tar: ${new TextDecoder().decode(ended.stderr).split("\n")[0] ?? ""}`;
}

/** What is wrong with a folder that should hold exactly the files of a manifest; modes are set, because the list is what counts. */
async function wrongFile(manifest: ReleaseManifest, folder: string, files: ReleaseFiles): Promise<string | undefined> {
  const listed = new Map(manifest.files.map((file) => [file.path, file]));
  let seen = 0;
  for (const { path, kind, size } of await files.tree(folder)) {
    if (kind === "folder") {
      await files.setMode(join(folder, path), 0o755);
      continue;
    }
    if (path === MANIFEST_FILE || path === SIGNATURE_FILE) continue;
    const want = listed.get(path);
    if (want === undefined || kind !== "file" || size !== want.size) return `${path} is not what the manifest lists`;
    if ((await files.digest(join(folder, path))) !== want.sm3) return `${path} is not what the manifest lists`;
    await files.setMode(join(folder, path), Number.parseInt(want.mode, 8));
    seen += 1;
  }
  return seen === listed.size ? undefined : `${listed.size - seen} files are missing`;
}

/** Undefined when the release stands there, whole; else what is wrong with it. */
async function isStaged(manifest: ReleaseManifest, folder: string, files: ReleaseFiles): Promise<string | undefined> {
  const there = await files.read(join(folder, MANIFEST_FILE), MANIFEST_BYTES_MAX);
  if (there === undefined) return "it is not there";
  if (!equalBytes(there, manifestBytes(manifest))) return "another one of this version is there";
  return wrongFile(manifest, folder, files);
}

/** Takes away what no start can need any more: unfinished work, and releases that are not among `keep`. */
export async function cleanUp({ files, releases }: Pick<StagingParts, "files" | "releases">, keep: ReadonlySet<string>): Promise<readonly string[]> {
  const gone: string[] = [];
  for (const name of await files.list(releases)) {
    if (keep.has(name)) continue;
    await discard(name, { files, releases });
    gone.push(name);
  }
  return gone;
}
