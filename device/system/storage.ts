/*
 * Goal: a named file that was written is there after a power cut, whole; a file that was being written is the old one or the new one.
 * Method: write beside it, flush the file, rename over it, flush the folder. The order of these four is the whole point: a rename
 * that reaches the disk before the contents leaves an empty file, and a name that was not flushed is not there at all.
 */

import { type FileHandle, mkdir, open, readdir, readFile, rename, stat, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { assert } from "../base/assert.ts";
import type { Bytes } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import type { Storage } from "../base/ports.ts";
import { WorkRow } from "../base/work-row.ts";

const NAME_SHAPE = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/;
const UNFINISHED_PREFIX = ".unfinished-";
/** Another program may be at one of them just now: a command beside the service. Nobody takes this long. */
const UNFINISHED_MS = 10_000;

/** Opens a folder of small files, making it when it is missing. Faults: "store-broken". */
export async function openFolderStorage(folder: string): Promise<Storage> {
  return guarded("open", async () => {
    await makeDurableFolder(folder);
    for (const name of await readdir(folder)) if (name.startsWith(UNFINISHED_PREFIX)) await removeLeftBehind(join(folder, name));
    return new FolderStorage(folder);
  });
}

/** What a cut has left half written. By its age, either way: the clock may have jumped since. */
async function removeLeftBehind(path: string): Promise<void> {
  try {
    if (Math.abs(Date.now() - (await stat(path)).mtimeMs) > UNFINISHED_MS) await unlink(path);
  } catch (error) {
    // Finished, or removed by another program, in this moment.
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

/** Makes a folder whose own name survives a power cut, with every missing folder above it. */
export async function makeDurableFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const above = dirname(resolve(first));
  for (let at = dirname(resolve(folder)); ; at = dirname(at)) {
    await flushFolder(at);
    if (at === above || at === dirname(at)) return;
  }
}

class FolderStorage implements Storage {
  readonly #folder: string;
  /** Changes run one after the other, so that two writers of one name never share the file beside it; another program's has another name. */
  readonly #row = new WorkRow("files");

  constructor(folder: string) {
    this.#folder = folder;
  }

  read(name: string): Promise<Bytes | undefined> {
    const path = this.#path(name);
    return guarded("read", async () => {
      try {
        return new Uint8Array(await readFile(path));
      } catch (error) {
        if (errorCode(error) === "ENOENT") return undefined;
        throw error;
      }
    });
  }

  write(name: string, contents: Bytes): Promise<void> {
    const path = this.#path(name);
    const copy = contents.slice();
    return this.#row.run(() => guarded("write", () => this.#replace(path, name, copy)));
  }

  remove(name: string): Promise<void> {
    const path = this.#path(name);
    return this.#row.run(() =>
      guarded("remove", async () => {
        try {
          await unlink(path);
        } catch (error) {
          if (errorCode(error) === "ENOENT") return;
          throw error;
        }
        await flushFolder(this.#folder);
      }),
    );
  }

  list(): Promise<readonly string[]> {
    return guarded("list", async () => {
      const names = await readdir(this.#folder);
      return names.filter((name) => NAME_SHAPE.test(name)).sort();
    });
  }

  async #replace(path: string, name: string, contents: Bytes): Promise<void> {
    const beside = join(this.#folder, `${UNFINISHED_PREFIX}${process.pid}-${name}`);
    const file = await open(beside, "w", 0o600);
    try {
      await file.writeFile(contents);
      await giveToOwnerOf(this.#folder, file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    await flushFolder(this.#folder);
  }

  #path(name: string): string {
    assert(NAME_SHAPE.test(name), "a file name of ours is short and plain");
    return join(this.#folder, name);
  }
}

/** What root writes for a person belongs to the service, as the folder does; else the service could not start with it. */
async function giveToOwnerOf(folder: string, file: FileHandle): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = await stat(folder);
  await file.chown(uid, gid);
}

async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

async function guarded<Value>(what: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    const full = code === "ENOSPC" || code === "EDQUOT";
    throw new Fault(full ? "store-full" : "store-broken", `storage ${what}: ${code}`, {
      effectUnknown: !full && what !== "read" && what !== "list",
      cause: error,
    });
  }
}
