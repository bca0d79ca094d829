/*
 * Goal: each step of an update is there after a power cut or is not, and none follows a link that somebody else has laid.
 * Method: one small door to the disk. Whatever is written is written beside, flushed and renamed; what lies in the service's own folder is
 * opened as a new file, because that folder belongs to a user with fewer rights than the one who writes.
 */
import { constants } from "node:fs";
import { chmod, type FileHandle, lstat, mkdir, open, readdir, readlink, rename, rm, statfs, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Bytes, toHex, utf8 } from "../../device/base/bytes.ts";
import { beginSm3 } from "../../device/crypto/digest.ts";

const PART_BYTES = 1024 * 1024;
const UNFINISHED = ".unfinished";

/** What lies in a folder tree; the path is relative to its top. */
export interface TreeEntry {
  readonly path: string;
  readonly kind: "file" | "folder" | "other";
  readonly size: number;
}

/** The disk as an update needs it. Every write is durable when its promise resolves. */
export interface ReleaseFiles {
  /** At most `max` bytes of a plain file; undefined when there is none, or when it is longer. */
  read(path: string, max: number): Promise<Bytes | undefined>;
  /** `size` bytes from `at` on; fewer when the file ends before. */
  readPart(path: string, part: { readonly at: number; readonly size: number }): Promise<Bytes>;
  write(path: string, text: string, mode?: number): Promise<void>;
  /** Removes a file, or a folder with all that is in it; nothing there is no fault. */
  remove(path: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  /** Where a symbolic link points; undefined when there is none. */
  linkOf(path: string): Promise<string | undefined>;
  /** Makes a link point to `target`, at once. */
  pointTo(link: string, target: string): Promise<void>;
  /** Names in a folder, sorted; none when there is no folder. */
  list(folder: string): Promise<readonly string[]>;
  tree(folder: string): Promise<readonly TreeEntry[]>;
  /** SM3 of a plain file, hexadecimal. */
  digest(path: string): Promise<string>;
  /** Copies a part of a file and gives the SM3 of what was written. The copy is not durable yet. */
  copyPart(from: string, part: { readonly at: number; readonly size: number }, to: string): Promise<string>;
  /** Free bytes where `path` lies, or where its nearest folder above lies. */
  freeBytes(path: string): Promise<number>;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

async function unlessMissing<Value>(work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function withFile<Value>(path: string, work: (file: FileHandle) => Promise<Value>): Promise<Value> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

/** Calls `each` with every part, in order; the bytes are valid during the call only. */
async function eachPart(path: string, part: { readonly at: number; readonly size: number }, each: (bytes: Bytes) => Promise<void> | void): Promise<void> {
  const buffer = new Uint8Array(PART_BYTES);
  await withFile(path, async (file) => {
    for (let done = 0; done < part.size; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, part.size - done), part.at + done);
      if (bytesRead === 0) return;
      await each(buffer.subarray(0, bytesRead));
      done += bytesRead;
    }
  });
}

async function write(path: string, text: string, mode = 0o644): Promise<void> {
  const beside = `${path}${UNFINISHED}`;
  await rm(beside, { force: true, recursive: true });
  // "x": a new file and nothing that is there, be it a link.
  const file = await open(beside, "wx", mode);
  try {
    // Whatever mask the caller has: the service reads what is written here.
    await file.chmod(mode);
    await file.writeFile(utf8(text));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  await flush(dirname(path));
}

async function tree(folder: string, below = ""): Promise<readonly TreeEntry[]> {
  const found: TreeEntry[] = [];
  for (const name of (await readdir(join(folder, below))).sort()) {
    const path = below === "" ? name : `${below}/${name}`;
    const about = await lstat(join(folder, path));
    const kind = about.isFile() ? "file" : about.isDirectory() ? "folder" : "other";
    found.push({ path, kind, size: about.size });
    if (kind === "folder") found.push(...(await tree(folder, path)));
  }
  return found;
}

async function copyPart(from: string, part: { readonly at: number; readonly size: number }, to: string): Promise<string> {
  await rm(to, { force: true, recursive: true });
  const sm3 = beginSm3();
  const copy = await open(to, "wx", 0o600);
  try {
    await eachPart(from, part, async (bytes) => {
      sm3.add(bytes);
      await copy.write(bytes);
    });
  } finally {
    await copy.close();
  }
  return toHex(sm3.end());
}

async function freeBytes(path: string): Promise<number> {
  const space = await unlessMissing(statfs(path));
  if (space === undefined) return freeBytes(dirname(path));
  return Number(space.bavail) * Number(space.bsize);
}

/** The disk of this machine. */
export function machineFiles(): ReleaseFiles {
  return {
    read: (path, max) =>
      unlessMissing(
        withFile(path, async (file) => {
          const about = await file.stat();
          return about.isFile() && about.size <= max ? new Uint8Array(await file.readFile()) : undefined;
        }),
      ),
    readPart: async (path, part) => {
      const parts: Uint8Array[] = [];
      await eachPart(path, part, (bytes) => {
        parts.push(bytes.slice());
      });
      return new Uint8Array(Buffer.concat(parts));
    },
    write,
    remove: async (path) => {
      if ((await unlessMissing(lstat(path))) === undefined) return;
      await rm(path, { recursive: true, force: true });
      await flush(dirname(path));
    },
    makeFolder: async (path) => {
      await mkdir(path, { recursive: true, mode: 0o755 });
    },
    rename: async (from, to) => {
      await rename(from, to);
      await flush(dirname(to));
    },
    setMode: (path, mode) => chmod(path, mode),
    linkOf: async (path) => {
      const about = await unlessMissing(lstat(path));
      return about?.isSymbolicLink() === true ? readlink(path) : undefined;
    },
    pointTo: async (link, target) => {
      const beside = `${link}${UNFINISHED}`;
      await rm(beside, { force: true });
      await symlink(target, beside);
      await rename(beside, link);
      await flush(dirname(link));
    },
    list: async (folder) => (await unlessMissing(readdir(folder)))?.sort() ?? [],
    tree,
    digest: async (path) => {
      const sm3 = beginSm3();
      await eachPart(path, { at: 0, size: Number.MAX_SAFE_INTEGER }, (bytes) => sm3.add(bytes));
      return toHex(sm3.end());
    },
    copyPart,
    freeBytes,
  };
}
