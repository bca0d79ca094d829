import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8 } from "../base/bytes.ts";
import { readZip, writeZip } from "./zip.ts";

const LIMITS = { maxFiles: 3, maxBytes: 10_000 };
const ONE = writeZip([{ name: "a.txt", contents: utf8("一二三\t1\n".repeat(100)) }]);

test("what is written is read, and the same files give the same bytes", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.uint8Array({ maxLength: 400 }), { maxKeys: 3, noNullPrototype: true }), (files) => {
      const list = Object.entries(files).map(([name, contents]) => ({ name, contents }));
      const zip = writeZip(list);
      expect(writeZip(list)).toEqual(zip);
      const read = readZip(zip, LIMITS);
      expect(read.ok && read.files.map(({ name, contents }) => ({ name, contents: new Uint8Array(contents) }))).toEqual(list);
    }),
  );
});

test("any bytes give an answer, and a zip with one wrong byte never gives other contents", () => {
  const [original] = (() => {
    const read = readZip(ONE, LIMITS);
    return read.ok ? read.files : [];
  })();
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => readZip(bytes, LIMITS).ok === false || bytes.length >= 22));
  fc.assert(
    fc.property(fc.nat({ max: ONE.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const damaged = ONE.slice();
      damaged[at] = (damaged[at] ?? 0) ^ change;
      const read = readZip(damaged, LIMITS);
      for (const file of read.ok ? read.files : []) expect(new Uint8Array(file.contents)).toEqual(new Uint8Array(original?.contents ?? []));
    }),
    { numRuns: 500 },
  );
});

describe("bounds", () => {
  test.each([
    ["contents beyond the bound", { maxFiles: 1, maxBytes: 100 }, "too-large"],
    ["too many files", { maxFiles: 0, maxBytes: 10_000 }, "too-large"],
  ] as const)("%s", (_, limits, reason) => expect(readZip(ONE, limits)).toEqual({ ok: false, reason }));

  test("a length in the directory that is too small gives no part of the file", () => {
    const lying = ONE.slice();
    const view = new DataView(lying.buffer);
    const directory = lying.length - 22 - 46 - "a.txt".length;
    view.setUint32(directory + 24, 10, true);
    expect(readZip(lying, LIMITS)).toEqual({ ok: false, reason: "damaged" });
  });

  test.each([
    [8, 1, "unsupported"],
    [10, 99, "unsupported"],
  ])("directory byte %i set to %i", (offset, value, reason) => {
    const changed = ONE.slice();
    changed[changed.length - 22 - 46 - "a.txt".length + offset] = value;
    expect(readZip(changed, LIMITS)).toEqual({ ok: false, reason });
  });
});
