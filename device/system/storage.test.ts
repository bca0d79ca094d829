/* A file that root writes into the service's folder is the service's: a person who works as root must not lock it out. */
import { chown, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { utf8 } from "../base/bytes.ts";
import { openFolderStorage } from "./storage.ts";

const SERVICE = { uid: 64_123, gid: 64_124 };
const isRoot = process.getuid?.() === 0;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "yikatong-storage-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("files of a folder", () => {
  it.skipIf(!isRoot)("belong to the folder's owner when root writes them, the first time and again", async () => {
    await chown(folder, SERVICE.uid, SERVICE.gid);
    const storage = await openFolderStorage(folder);
    for (const contents of ["one", "two"]) {
      await storage.write("file", utf8(contents));
      expect(await stat(join(folder, "file"))).toMatchObject(SERVICE);
    }
  });

  it("belong to who writes them where that is the folder's owner, and to nobody else's eyes", async () => {
    const storage = await openFolderStorage(folder);
    await storage.write("file", utf8("one"));
    const { uid, mode } = await stat(join(folder, "file"));
    expect([uid, mode & 0o777]).toEqual([process.getuid?.(), 0o600]);
  });

  it.each([
    ["an hour ago", -3_600_000, []],
    ["before the clock was set back", 3_600_000, []],
    ["just now, perhaps by another program", 0, [".unfinished-1-file"]],
  ])("that were half written %s", async (_, awayMs, left) => {
    const path = join(folder, ".unfinished-1-file");
    await writeFile(path, "half");
    const at = new Date(Date.now() + awayMs);
    await utimes(path, at, at);
    const storage = await openFolderStorage(folder);
    expect(await readdir(folder)).toEqual(left);
    expect(await storage.list()).toEqual([]);
  });
});
