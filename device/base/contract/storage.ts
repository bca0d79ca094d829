import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { utf8 } from "../bytes.ts";
import type { Storage } from "../ports.ts";

export interface StorageBench {
  open(): Promise<Storage>;
  dispose(): Promise<void>;
}

/** What every folder of small files must do. */
export function storageContract(name: string, makeBench: () => Promise<StorageBench>): void {
  describe(`Storage: ${name}`, () => {
    let bench: StorageBench;
    let storage: Storage;
    beforeEach(async () => {
      bench = await makeBench();
      storage = await bench.open();
    });
    afterEach(() => bench.dispose());

    it("has nothing at first", async () => {
      expect(await storage.read("a")).toBeUndefined();
      expect(await storage.list()).toEqual([]);
    });

    it("gives back what was written, also after opening again", async () => {
      await storage.write("a.json", utf8("one"));
      storage = await bench.open();
      expect(await storage.read("a.json")).toEqual(utf8("one"));
    });

    it("replaces the whole contents", async () => {
      await storage.write("a", utf8("a long text"));
      await storage.write("a", utf8("short"));
      expect(await storage.read("a")).toEqual(utf8("short"));
    });

    it("keeps an empty file apart from none", async () => {
      await storage.write("a", new Uint8Array(0));
      expect(await storage.read("a")).toEqual(new Uint8Array(0));
    });

    it("keeps the last of several writes that nobody waited for", async () => {
      await Promise.all(Array.from({ length: 10 }, (_, at) => storage.write("a", utf8(`${at}`))));
      expect(await storage.read("a")).toEqual(utf8("9"));
    });

    it("does not mind what becomes of the bytes after the call", async () => {
      const bytes = utf8("one");
      const written = storage.write("a", bytes);
      bytes.fill(0);
      await written;
      expect(await storage.read("a")).toEqual(utf8("one"));
    });

    it("lists names in order and forgets removed ones", async () => {
      for (const name of ["b", "a", "c"]) await storage.write(name, utf8(name));
      await storage.remove("b");
      await storage.remove("never-there");
      expect(await storage.list()).toEqual(["a", "c"]);
      expect(await storage.read("b")).toBeUndefined();
    });
  });
}
