import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../base/bytes.ts";
import { buildChipData, parseChipData } from "./chip-data.ts";

const parsed = (hex: string) => parseChipData(fromHex(hex));
const COMMAND = "860704da8e00020102";
const commands = [fromHex("04da8e00020102")];

describe("chip data", () => {
  it("is a row of objects in the order given", () => {
    const objects = [
      [0x9f26, fromHex("0102030405060708")],
      [0x95, fromHex("0000000000")],
    ] as const;
    const bytes = buildChipData(objects);
    expect(toHex(bytes)).toBe("9f2608010203040506070895050000000000");
    expect(parseChipData(bytes)).toEqual({ ok: true, data: { objects: new Map(objects), scripts: [] } });
  });

  it("of an issuer holds its word and its scripts", () =>
    expect(parsed("910a010203040506070830307205860304da8e")).toEqual({
      ok: true,
      data: { objects: new Map([[0x91, fromHex("01020304050607083030")]]), scripts: [{ when: "after", commands: [fromHex("04da8e")] }] },
    }));

  it("keeps scripts apart, those before from those after, each with its identifier", () =>
    expect(parsed(`7110 9f180400000001 ${COMMAND} 7209 ${COMMAND} 7212 ${COMMAND} ${COMMAND}`.replaceAll(" ", ""))).toEqual({
      ok: true,
      data: {
        objects: new Map(),
        scripts: [
          { when: "before", identifier: fromHex("00000001"), commands },
          { when: "after", commands },
          { when: "after", commands: [...commands, ...commands] },
        ],
      },
    }));

  it.each([
    ["the same object twice", "9501009501 00", "object-twice"],
    ["a script of nothing", "7200", "script-malformed"],
    ["a script of an identifier alone", "7207 9f180400000001", "script-malformed"],
    ["an identifier behind a command", `7210 ${COMMAND} 9f180400000001`, "script-malformed"],
    ["something else in a script", "7203 910100", "script-malformed"],
    ["an object that breaks off", "9505 0000", "value-truncated"],
  ])("is not taken with %s", (_, hex, reason) => expect(parsed(hex.replaceAll(" ", ""))).toEqual({ ok: false, reason }));

  it("of nothing is nothing", () => expect(parsed("")).toEqual({ ok: true, data: { objects: new Map(), scripts: [] } }));

  it("never throws", () => fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void parseChipData(bytes))));
});
