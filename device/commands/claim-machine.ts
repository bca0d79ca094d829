/*
 * The machine that a claim happens on: files of root and files of the service's user, told apart by who the process is at that moment.
 * A claim is started as root, because its file is root's; everything that it writes belongs to the user who runs the service.
 */
import { closeSync, constants, existsSync, fsyncSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Fault } from "../base/fault.ts";
import type { Clock } from "../base/ports.ts";
import { makeDurableFolder } from "../system/storage.ts";
import { DATABASE_FILE } from "../txn/journal/sqlite/engine.ts";

const CLAIM_FILE_BYTES_MAX = 65_536;

function broken(what: string, cause: unknown): Fault {
  return new Fault("store-broken", what, { effectUnknown: true, cause });
}

/** Does `work` as root where the process was root at its start. */
function asStarted<Value>(work: () => Value): Value {
  const now = process.geteuid?.();
  const started = process.getuid?.();
  if (started === undefined || started === now) return work();
  process.seteuid?.(started);
  try {
    return work();
  } finally {
    if (now !== undefined) process.seteuid?.(now);
  }
}

/** From here on files are made and read as `user`, who owns the state folder; a process that is not root stays who it is. Faults: "config-invalid". */
export function actAs(folder: string): void {
  if (process.getuid?.() !== 0) return;
  let at = folder;
  while (!existsSync(at) && at !== dirname(at)) at = dirname(at);
  const { uid, gid } = statSync(at);
  if (uid === 0) return;
  process.setegid?.(gid);
  process.seteuid?.(uid);
}

/** Overwrites a file where it lies, flushes it and removes it. A flash disk may keep old blocks all the same. */
export function shredFile(path: string): void {
  asStarted(() => {
    if (!existsSync(path)) return;
    try {
      const file = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
      try {
        writeSync(file, new Uint8Array(statSync(path).size));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      unlinkSync(path);
      const folder = openSync(dirname(path), "r");
      fsyncSync(folder);
      closeSync(folder);
    } catch (cause) {
      throw broken(`${path} cannot be erased`, cause);
    }
  });
}

/** The claim's file: read as root, erased as root. */
export function claimFileAt(path: string) {
  return {
    read: async () =>
      asStarted(() => {
        if (!existsSync(path)) return undefined;
        if (statSync(path).size > CLAIM_FILE_BYTES_MAX) throw new Fault("config-invalid", "the claim file is too large", { effectUnknown: false });
        return new Uint8Array(readFileSync(path));
      }),
    erase: async () => shredFile(path),
  };
}

/** Puts a journal's folder aside under a name that says when, so that the next terminal begins with none. */
export async function putAside(folder: string, clock: Clock): Promise<void> {
  if (!existsSync(join(folder, DATABASE_FILE))) return;
  await rename(folder, `${folder}.before-${Math.floor(clock.wallMs())}`);
  const above = await open(dirname(folder), "r");
  try {
    await above.sync();
  } finally {
    await above.close();
  }
  await makeDurableFolder(folder);
}
