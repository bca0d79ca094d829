import { describe, expect, it } from "vitest";
import { fromHex } from "../base/bytes.ts";
import { checkBlocks, joined } from "./checks.ts";

const zeros = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length);

describe("checkBlocks", () => {
  it.each([
    [16, 0, undefined],
    [16, 16, undefined],
    [16, 48, 16],
    [8, 24, 8],
  ])("takes blocks of %i: %i bytes, vector of %s", (block, length, vector) => {
    expect(() => checkBlocks(block, zeros(length), vector === undefined ? undefined : zeros(vector))).not.toThrow();
  });

  it.each([
    [16, 15, undefined],
    [16, 17, undefined],
    [16, 8, 16],
    [8, 16, 16],
    [16, 16, 15],
    [16, 16, 0],
  ])("refuses blocks of %i: %i bytes, vector of %s, and nothing has happened", (block, length, vector) => {
    try {
      checkBlocks(block, zeros(length), vector === undefined ? undefined : zeros(vector));
      expect.fail("it was taken");
    } catch (error) {
      expect(error).toMatchObject({ code: "crypto-input", effectUnknown: false });
    }
  });
});

describe("joined", () => {
  it("one part is handed on as it is", () => {
    const only = zeros(3);
    expect(joined([only])).toBe(only);
  });

  it.each([
    [[], ""],
    [["01", "02"], "0102"],
    [["", "0102", "03"], "010203"],
  ])("%j", (parts, expected) => {
    expect(joined(parts.map((part) => fromHex(part)))).toEqual(fromHex(expected));
  });
});
