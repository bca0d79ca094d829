/* Wrong cards, refused by name: what the answer to reset says by itself, what directories say, and any bytes without a throw. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, EMPTY, fromHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { buildTlv } from "../../codec/tlv.ts";
import { wrongByAnswerToReset } from "./answer-to-reset.ts";
import { DIRECTORY_NAMES_MAX, isDomestic, parseDirectory, schemeOfName } from "./directory.ts";
import { wrongCardOfFault } from "./survey.ts";

const storage = (standard: string, name: string) => fromHex(`3b8f8001804f0ca000000306${standard}${name}0000000068`);

describe("answer to reset", () => {
  it.each([
    ["0001", "mifare-classic-1k"],
    ["0002", "mifare-classic-4k"],
    ["0003", "mifare-ultralight"],
    ["0026", "mifare-mini"],
    ["0036", "mifare-plus"],
    ["0037", "mifare-plus"],
    ["0038", "mifare-plus"],
    ["0039", "mifare-plus"],
    ["003a", "mifare-ultralight-c"],
    ["003b", "felica"],
    ["f004", "topaz"],
    ["f011", "felica"],
    ["f012", "felica"],
    ["0004", "other"],
    ["ffff", "other"],
  ])("storage card %s is a %s", (name, model) => {
    expect(wrongByAnswerToReset(storage("03", name))).toEqual({ reason: "storage-card", model });
  });

  it.each(["05", "06", "07"])("a type B card of part %s without a processor is taken for an identity card", (standard) => {
    expect(wrongByAnswerToReset(storage(standard, "0000"))).toEqual({ reason: "identity-card" });
  });

  it("the identity card's application data tell it", () => {
    expect(wrongByAnswerToReset(fromHex("3b888001 d103860c 008080 00 2b"))).toEqual({ reason: "identity-card" });
  });

  it.each([
    ["a social security card's contacts", "3b6d0000 0081544c5386609901 00000001"],
    ["a social security card by radio", "3b8d8001 0081544c5386609901 00000001 5f"],
    ["another type B card", "3b888001 00000000 778181 00 77"],
    ["a shorter answer of that beginning", "3b8f8001804f0ca00000030603000100000000"],
    ["a longer answer of that beginning", "3b8f8001804f0ca0000003060300010000000068 00"],
    ["another provider", "3b8f8001804f0ca0000003070300010000000068"],
    ["nothing", ""],
  ])("%s may be a card of ours", (_name, atr) => {
    expect(wrongByAnswerToReset(fromHex(atr))).toBeUndefined();
  });

  it("any bytes are judged without a throw", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 33 }),
      fc.uint8Array({ maxLength: 12 }).map((tail) => concat(fromHex("3b8f8001804f0ca000000306"), tail)),
    );
    fc.assert(
      fc.property(bytes, (atr) => {
        const wrong = wrongByAnswerToReset(atr);
        if (wrong?.reason === "storage-card") expect(atr.length).toBe(20);
      }),
    );
  });
});

const entry = (name: string) => buildTlv(0x61, [buildTlv(0x4f, fromHex(name)), buildTlv(0x87, Uint8Array.of(1))]);
const directory = (...names: readonly string[]) =>
  buildTlv(0x6f, [buildTlv(0x84, fromHex("325041592e5359532e4444463031")), buildTlv(0xa5, [buildTlv(0xbf0c, names.map(entry))])]);

describe("directory", () => {
  it("names in their order", () => {
    expect(parseDirectory(directory("a000000333010106", "a0000000031010"))).toEqual(["a000000333010106", "a0000000031010"]);
  });

  it("names that are none are left out, and so is what is no entry", () => {
    const odd = buildTlv(0x6f, [
      buildTlv(0xa5, [buildTlv(0xbf0c, [entry("a0000003"), buildTlv(0x61, [buildTlv(0x50, EMPTY)]), buildTlv(0x4f, fromHex("a000000333"))])]),
    ]);
    expect(parseDirectory(odd)).toEqual([]);
    const foreign = buildTlv(0x6f, [buildTlv(0xa5, [buildTlv(0xbf0c, [buildTlv(0x73, [buildTlv(0x4f, fromHex("a000000333"))])])])]);
    expect(parseDirectory(foreign)).toEqual([]);
    expect(parseDirectory(buildTlv(0x6f, [buildTlv(0xa5, [])]))).toEqual([]);
    expect(parseDirectory(directory("00".repeat(16), "11".repeat(17), "22".repeat(5)))).toEqual(["00".repeat(16), "22".repeat(5)]);
  });

  it("has a bound", () => {
    const many = Array.from({ length: DIRECTORY_NAMES_MAX + 1 }, (_, at) => `a0000003330101${at.toString(16).padStart(2, "0")}`);
    expect(parseDirectory(directory(...many))).toEqual(many.slice(0, DIRECTORY_NAMES_MAX));
  });

  it("any bytes give names or none, never a throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        for (const name of parseDirectory(bytes)) expect(name).toMatch(/^(?:[\da-f]{2}){5,16}$/);
      }),
    );
  });

  it.each([
    ["a0000000031010", "visa"],
    ["a0000000041010", "mastercard"],
    ["a0000000651010", "jcb"],
    ["a00000002501", "american-express"],
    ["a0000001523010", "discover"],
    ["a0000006581010", "other"],
  ])("%s is %s", (name, scheme) => {
    expect(schemeOfName(name)).toBe(scheme);
    expect(isDomestic(name)).toBe(false);
  });

  it("the domestic provider's names are domestic", () => {
    expect(isDomestic("a000000333010101")).toBe(true);
  });
});

describe("faults of the reader", () => {
  it("more than one card has its own reason", () => {
    expect(wrongCardOfFault(new Fault("card-collision", "two", { effectUnknown: false }))).toEqual({ reason: "more-than-one-card" });
  });

  it("other faults say nothing about the card", () => {
    expect(wrongCardOfFault(new Fault("card-mute", "none", { effectUnknown: false }))).toBeUndefined();
  });
});
