import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex } from "../base/bytes.ts";
import { buildCardItem, buildTlv, encodeTlv, findTlv, parseCardItems, parseTlv, type Tlv } from "./tlv.ts";

function tlv(tag: number, valueHex: string, children?: readonly Tlv[]): Tlv {
  return children === undefined ? { tag, value: fromHex(valueHex) } : { tag, value: fromHex(valueHex), children };
}

const READ: readonly (readonly [name: string, hex: string, items: readonly Tlv[]])[] = [
  ["nothing", "", []],
  ["an empty object", "8400", [tlv(0x84, "")]],
  ["two objects", "8401aa5002bbcc", [tlv(0x84, "aa"), tlv(0x50, "bbcc")]],
  ["a tag of two bytes", "9f4601aa", [tlv(0x9f46, "aa")]],
  ["a tag of three bytes", "df810101aa", [tlv(0xdf8101, "aa")]],
  ["a tag of four bytes", "df81820301aa", [tlv(0xdf818203, "aa")]],
  ["a tag with 80 further on", "df81800101aa", [tlv(0xdf818001, "aa")]],
  ["the EMV tag 9F1E", "9f1e01aa", [tlv(0x9f1e, "aa")]],
  ["an FCI", "6f078401aaa5028600", [tlv(0x6f, "8401aaa5028600", [tlv(0x84, "aa"), tlv(0xa5, "8600", [tlv(0x86, "")])])]],
  ["a constructed tag of two bytes", "bf0c028400", [tlv(0xbf0c, "8400", [tlv(0x84, "")])]],
  ["127 bytes", `047f${"11".repeat(127)}`, [tlv(0x04, "11".repeat(127))]],
  ["128 bytes", `048180${"11".repeat(128)}`, [tlv(0x04, "11".repeat(128))]],
  ["255 bytes", `0481ff${"11".repeat(255)}`, [tlv(0x04, "11".repeat(255))]],
  ["256 bytes", `04820100${"11".repeat(256)}`, [tlv(0x04, "11".repeat(256))]],
  ["65535 bytes", `0482ffff${"11".repeat(65_535)}`, [tlv(0x04, "11".repeat(65_535))]],
  ["65536 bytes", `0483010000${"11".repeat(65_536)}`, [tlv(0x04, "11".repeat(65_536))]],
];

/** A name for a test: the whole of it where it is short. */
function brief(hex: string): string {
  return hex.length <= 60 ? hex : `${hex.slice(0, 12)}… of ${hex.length / 2} bytes`;
}

function nested(depth: number): Uint8Array {
  let bytes = fromHex("0400");
  for (let level = 1; level < depth; level += 1) bytes = concat(Uint8Array.of(0x30, bytes.length), bytes);
  return bytes;
}

describe("BER-TLV", () => {
  it.each(READ)("reads and writes %s", (_name, hex, items) => {
    expect(parseTlv(fromHex(hex))).toEqual({ ok: true, items });
    expect(toHex(encodeTlv(items))).toBe(hex);
  });

  it.each(
    [
      ["00", "tag-malformed"],
      ["840000", "tag-malformed"],
      ["9f80010100", "tag-malformed"],
      ["9f", "tag-truncated"],
      ["9f81", "tag-truncated"],
      ["df8182", "tag-truncated"],
      ["df8182830100", "tag-too-long"],
      ["84", "length-truncated"],
      ["9f46", "length-truncated"],
      ["8481", "length-truncated"],
      ["848201", "length-truncated"],
      ["84830100", "length-truncated"],
      ["8480", "length-indefinite"],
      ["84840000000101", "length-too-long"],
      ["84ff", "length-too-long"],
      ["84810100", "length-not-minimal"],
      [`84817f${"00".repeat(127)}`, "length-not-minimal"],
      [`848200ff${"00".repeat(255)}`, "length-not-minimal"],
      [`848300ffff${"00".repeat(65_535)}`, "length-not-minimal"],
      ["8401", "value-truncated"],
      ["8402aa", "value-truncated"],
      ["6f018401aa", "length-truncated"],
      ["6f038402aa", "value-truncated"],
      ["8401aa8402aa", "value-truncated"],
    ].map(([hex = "", reason = ""]) => [brief(hex), reason, hex] as const),
  )("refuses %s: %s", (_name, reason, hex) => {
    expect(parseTlv(fromHex(hex))).toEqual({ ok: false, reason });
  });

  it("reads eight levels and not nine", () => {
    expect(parseTlv(nested(8)).ok).toBe(true);
    expect(parseTlv(nested(9))).toEqual({ ok: false, reason: "too-deep" });
  });

  it("finds objects by path, the first of several, and says when there is none", () => {
    const parsed = parseTlv(fromHex("8401016f0d8401aaa503500102a503500103"));
    const items = parsed.ok ? parsed.items : [];
    expect(findTlv(items, 0x84)?.value).toEqual(fromHex("01"));
    expect(findTlv(items, 0x6f, 0x84)?.value).toEqual(fromHex("aa"));
    expect(findTlv(items, 0x6f, 0xa5, 0x50)?.value).toEqual(fromHex("02"));
    expect(findTlv(items, 0x50)).toBeUndefined();
    expect(findTlv(items, 0x6f, 0x50)).toBeUndefined();
    expect(findTlv(items, 0x84, 0x50)).toBeUndefined();
    expect(findTlv(items, 0x99, 0x50)).toBeUndefined();
  });

  it.each([
    ["a tag of zero", () => buildTlv(0, fromHex("")), "a tag is a positive integer"],
    ["a negative tag", () => buildTlv(-1, fromHex("")), "a tag is a positive integer"],
    ["a fraction", () => buildTlv(1.5, fromHex("")), "a tag is a positive integer"],
    ["a tag without its second byte", () => buildTlv(0x9f, fromHex("")), "a tag of our own is well formed"],
    ["a tag with a byte too many", () => buildTlv(0x8401, fromHex("")), "a tag of our own is well formed"],
    ["a tag of five bytes", () => buildTlv(0xdf81828301, fromHex("")), "a tag of our own is well formed"],
    ["bytes in a constructed tag", () => buildTlv(0x6f, fromHex("8400")), "objects stand in constructed tags"],
    ["objects in a primitive tag", () => buildTlv(0x84, [fromHex("8400")]), "objects stand in constructed tags"],
    ["a value above three length bytes", () => buildTlv(0x84, new Uint8Array(0x100_0000)), "a value fits three length bytes"],
  ])("asserts against %s", (_name, act, because) => {
    expect(act).toThrowError(because);
  });

  it("builds the longest value", () => {
    expect(toHex(buildTlv(0x84, new Uint8Array(0xff_ffff)).subarray(0, 5))).toBe("8483ffffff");
  });

  it("builds constructed objects from built ones", () => {
    expect(toHex(buildTlv(0x6f, [buildTlv(0x84, fromHex("aa")), buildTlv(0xa5, [])]))).toBe("6f058401aaa500");
  });

  it("answers any bytes, and gives back what it understood", () => {
    const tags = fc.constantFrom("84", "9f46", "bf0c", "6f", "df8101", "30", "00");
    const lengths = fc.constantFrom("00", "01", "02", "05", "8101", "8180", "820100", "80");
    const likely = fc
      .array(fc.tuple(tags, lengths, fc.uint8Array({ maxLength: 5 })), { maxLength: 6 })
      .map((parts) => concat(...parts.map(([tag, length, value]) => concat(fromHex(tag + length), value))));
    fc.assert(
      fc.property(fc.oneof(likely, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        const parsed = parseTlv(bytes);
        if (parsed.ok) expect(encodeTlv(parsed.items)).toEqual(bytes);
        else expect(parsed.reason).toMatch(/^(tag|length|value)-|^too-deep$/);
      }),
      { numRuns: 3000 },
    );
  });

  it("gives back what it wrote", () => {
    const { tree } = fc.letrec<{ readonly tree: Uint8Array }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.tuple(fc.constantFrom(0x84, 0x9f46, 0xdf8101), fc.uint8Array({ maxLength: 300 })).map(([tag, value]) => buildTlv(tag, value)),
        fc.tuple(fc.constantFrom(0x6f, 0xbf0c), fc.array(tie("tree"), { maxLength: 3 })).map(([tag, inside]) => buildTlv(tag, inside)),
      ),
    }));
    fc.assert(
      fc.property(tree, (bytes) => {
        const parsed = parseTlv(bytes);
        expect(parsed.ok && encodeTlv(parsed.items)).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });
});

describe("data items of the social application", () => {
  it.each([
    ["", []],
    ["0100", [[0x01, ""]]],
    ["0802aabb", [[0x08, "aabb"]]],
    [
      "0901aa4e01bb",
      [
        [0x09, "aa"],
        [0x4e, "bb"],
      ],
    ],
    ["fe0100", [[0xfe, "00"]]],
    [`07ff${"22".repeat(255)}`, [[0x07, "22".repeat(255)]]],
    // BER would read a longer tag and a longer length here.
    [
      "1f0101" + "810100",
      [
        [0x1f, "01"],
        [0x81, "00"],
      ],
    ],
  ] as const)("reads and writes %s", (hex, items) => {
    expect(parseCardItems(fromHex(hex))).toEqual({ ok: true, items: items.map(([tag, value]) => ({ tag, value: fromHex(value) })) });
    expect(toHex(concat(...items.map(([tag, value]) => buildCardItem(tag, fromHex(value)))))).toBe(hex);
  });

  it.each([
    ["00", "tag-invalid"],
    ["0000", "tag-invalid"],
    ["ffff", "tag-invalid"],
    ["0801aa00", "tag-invalid"],
    ["0801aaff", "tag-invalid"],
    ["08", "length-truncated"],
    ["0801", "value-truncated"],
    ["0802aa", "value-truncated"],
    ["0801aa0902bb", "value-truncated"],
  ])("refuses %s: %s", (hex, reason) => {
    expect(parseCardItems(fromHex(hex))).toEqual({ ok: false, reason });
  });

  it.each([
    ["tag 00", () => buildCardItem(0x00), "an item tag is one byte"],
    ["tag FF", () => buildCardItem(0xff), "an item tag is one byte"],
    ["a tag of two bytes", () => buildCardItem(0x9f46), "an item tag is one byte"],
    ["a fraction", () => buildCardItem(1.5), "an item tag is one byte"],
    ["256 bytes", () => buildCardItem(0x01, new Uint8Array(256)), "an item has at most 255 bytes"],
  ])("asserts against %s", (_name, act, because) => {
    expect(act).toThrowError(because);
  });

  it("answers any bytes, and gives back what it understood", () => {
    const items = fc
      .array(fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 6 }), fc.constantFrom(0, 0, 0, 1)), { maxLength: 5 })
      .map((parts) => concat(...parts.map(([tag, value, more]) => Uint8Array.from([tag, value.length + more, ...value]))));
    fc.assert(
      fc.property(fc.oneof(items, fc.uint8Array({ maxLength: 40 })), (bytes) => {
        const parsed = parseCardItems(bytes);
        if (parsed.ok) expect(concat(...parsed.items.map(({ tag, value }) => buildCardItem(tag, value)))).toEqual(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});
