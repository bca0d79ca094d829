/* Strings of vendor libraries: whole outputs, outputs in another order, damaged ones, and every number of the error table. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bytes, concat, fromHex, utf8 } from "../base/bytes.ts";
import { CARD_BAS_ORDERS, type FileRequest, formatCardInfo, formatFileAddress, parseFileAnswer, parseReadCardBas, readVendorResult } from "./read-card-bas.ts";
import { encodeGbText } from "./text.ts";

const IDENTIFIER = "990100D156000005000000014254455A";
const HISTORICAL = "0081544C538660990100000001";
const FIELDS = ["990100", "990101198001310019", "T00000018", IDENTIFIER, "测试甲", HISTORICAL, "3.0", "20200101", "20400101", "990100000001", "DEV1"];

function gbk(text: string): Bytes {
  const built = encodeGbText(text);
  if (!built.ok) throw new Error(built.reason);
  return built.bytes;
}

function output(fields: readonly string[]): Bytes {
  return gbk(fields.map((field) => `${field}|`).join(""));
}

const CARD = {
  regionCode: "990100",
  socialSecurityNumber: "990101198001310019",
  cardNumber: "T00000018",
  cardIdentifier: IDENTIFIER,
  name: "测试甲",
  historicalBytes: HISTORICAL,
  version: "3.0",
  issueDate: "20200101",
  expiryDate: "20400101",
  terminalNumber: "990100000001",
  deviceNumber: "DEV1",
};

describe("iReadCardBas", () => {
  it("in the standard's order", () => {
    expect(parseReadCardBas(output(FIELDS), CARD_BAS_ORDERS.standard)).toEqual({ ok: true, card: CARD });
  });

  it("with the card number first", () => {
    const [region = "", person = "", number = "", ...rest] = FIELDS;
    expect(parseReadCardBas(output([number, region, person, ...rest]), CARD_BAS_ORDERS.numberFirst)).toEqual({ ok: true, card: CARD });
  });

  it("an output in another order than the table's is refused and not mixed up", () => {
    expect(parseReadCardBas(output(FIELDS), CARD_BAS_ORDERS.numberFirst)).toEqual({ ok: false, reason: "field-malformed", field: "cardNumber" });
  });

  it("ends at the first zero, whatever the buffer held before", () => {
    expect(parseReadCardBas(concat(output(FIELDS), fromHex("00ff7c41")), CARD_BAS_ORDERS.standard)).toEqual({ ok: true, card: CARD });
  });

  it("a character whose second byte is the bar does not end the field", () => {
    const name = fromHex("817c");
    const bytes = concat(output(FIELDS.slice(0, 4)), name, utf8("|"), output(FIELDS.slice(5)));
    const parsed = parseReadCardBas(bytes, CARD_BAS_ORDERS.standard);
    expect(parsed).toMatchObject({ ok: true });
    if (parsed.ok) expect(gbk(parsed.card.name)).toEqual(name);
  });

  it.each([
    ["without the device number", 10, { ...CARD, deviceNumber: "" }],
    ["without terminal and device number", 9, { ...CARD, terminalNumber: "", deviceNumber: "" }],
  ])("%s", (_name, count, card) => {
    expect(parseReadCardBas(output(FIELDS.slice(0, count)), CARD_BAS_ORDERS.standard)).toEqual({ ok: true, card });
  });

  const refused: readonly (readonly [string, Bytes, object])[] = [
    ["no end of the last field", gbk(FIELDS.join("|")), { reason: "not-terminated" }],
    ["nothing at all", new Uint8Array(0), { reason: "not-terminated" }],
    ["too few fields", output(FIELDS.slice(0, 8)), { reason: "too-few-fields" }],
    ["too many fields", output([...FIELDS, "x"]), { reason: "too-many-fields" }],
    ["no text", concat(fromHex("81ff"), utf8("|")), { reason: "not-text" }],
    ["longer than any", utf8("|".repeat(4_097)), { reason: "too-long" }],
    ["a date of seven digits", output(FIELDS.with(7, "2020010")), { reason: "field-malformed", field: "issueDate" }],
    ["a name that is missing", output(FIELDS.with(4, "")), { reason: "field-malformed", field: "name" }],
    ["a number in the place of the name", output(FIELDS.with(4, "990101198001310019")), { reason: "field-malformed", field: "name" }],
    ["a region of five digits", output(FIELDS.with(0, "99010")), { reason: "field-malformed", field: "regionCode" }],
    ["a person's number of 16 digits", output(FIELDS.with(1, "9901011980013100")), { reason: "field-malformed", field: "socialSecurityNumber" }],
    ["an identifier of 31 digits", output(FIELDS.with(3, IDENTIFIER.slice(1))), { reason: "field-malformed", field: "cardIdentifier" }],
    ["historical bytes of 25 digits", output(FIELDS.with(5, HISTORICAL.slice(1))), { reason: "field-malformed", field: "historicalBytes" }],
    ["a version in words", output(FIELDS.with(6, "three")), { reason: "field-malformed", field: "version" }],
    ["an expiry with letters", output(FIELDS.with(8, "2040010X")), { reason: "field-malformed", field: "expiryDate" }],
    ["a terminal number of 11 digits", output(FIELDS.with(9, "99010000001")), { reason: "field-malformed", field: "terminalNumber" }],
  ];
  it.each(refused)("refused: %s", (_name, bytes, expected) => {
    expect(parseReadCardBas(bytes, CARD_BAS_ORDERS.standard)).toEqual({ ok: false, ...expected });
  });

  it.each([
    ["a person's number of 15 digits", 1, "990101800131001", "socialSecurityNumber"],
    ["a person's number that ends in X", 1, "99010119800131001X", "socialSecurityNumber"],
    ["an empty version", 6, "", "version"],
    ["a version with its revision", 6, "2.01", "version"],
    ["unwritten dates", 7, "", "issueDate"],
  ] as const)("taken: %s", (_name, at, value, field) => {
    expect(parseReadCardBas(output(FIELDS.with(at, value)), CARD_BAS_ORDERS.standard)).toEqual({ ok: true, card: { ...CARD, [field]: value } });
  });

  const around: readonly (readonly [number, string])[] = [
    [0, "regionCode"],
    [1, "socialSecurityNumber"],
    [2, "cardNumber"],
    [3, "cardIdentifier"],
    [4, "name"],
    [5, "historicalBytes"],
    [7, "issueDate"],
    [9, "terminalNumber"],
  ];
  it.each(around)("field %i is refused with one character too many, in front or behind", (at, field) => {
    const value = FIELDS[at] ?? "";
    for (const wrong of [`1${value}`, `${value}1`]) {
      expect(parseReadCardBas(output(FIELDS.with(at, wrong)), CARD_BAS_ORDERS.standard)).toEqual({ ok: false, reason: "field-malformed", field });
    }
  });

  it("a provider with fewer fields leaves the others empty", () => {
    const card = Object.fromEntries(Object.keys(CARD).map((field) => [field, ""]));
    expect(parseReadCardBas(output(["T00000018"]), ["cardNumber"])).toEqual({ ok: true, card: { ...card, cardNumber: "T00000018" } });
    expect(parseReadCardBas(output(["DEV1"]), ["deviceNumber"])).toEqual({ ok: true, card: { ...card, deviceNumber: "DEV1" } });
  });

  it("a zero at the very beginning is an empty output", () => {
    expect(parseReadCardBas(concat(fromHex("00"), output(FIELDS)), CARD_BAS_ORDERS.standard)).toEqual({ ok: false, reason: "not-terminated" });
  });

  it("4,096 bytes are looked at, and not one more", () => {
    const full = utf8("|".repeat(4_096));
    expect(parseReadCardBas(full, CARD_BAS_ORDERS.standard)).toEqual({ ok: false, reason: "too-many-fields" });
    expect(parseReadCardBas(concat(full, utf8("|")), CARD_BAS_ORDERS.standard)).toEqual({ ok: false, reason: "too-long" });
  });

  it("blanks around a value belong to nobody", () => {
    expect(parseReadCardBas(output(FIELDS.with(2, " T00000018 ")), CARD_BAS_ORDERS.standard)).toEqual({ ok: true, card: CARD });
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        parseReadCardBas(bytes, CARD_BAS_ORDERS.standard);
        parseFileAnswer(bytes, []);
        parseFileAnswer(concat(utf8("SSSEEF05|"), bytes), REQUESTS);
      }),
      { numRuns: 2_000 },
    );
  });
});

const REQUESTS: readonly FileRequest[] = [
  { directory: "SSSE", file: 0x05, items: [{ tag: 0x05 }, { tag: 0x06 }] },
  { directory: "DF04", file: 0x08, items: [{ tag: 0x40, records: 2 }] },
];

describe("file addresses", () => {
  it("have one group for each file, and every tag its bar", () => {
    expect(formatFileAddress(REQUESTS)).toBe("SSSEEF05|05|06|$DF04EF08|40:2|$");
    expect(formatFileAddress([{ directory: "3F00", file: 0x06, items: [{ tag: 0x4e }] }])).toBe("3F00EF06|4E|$");
    expect(formatFileAddress([])).toBe("");
    const edges = [
      { tag: 0x00, records: 1 },
      { tag: 0xff, records: 255 },
    ];
    expect(formatFileAddress([{ directory: "DF01", file: 0xff, items: edges }])).toBe("DF01EFFF|00:1|FF:255|$");
  });

  it.each([
    { directory: "EF05", file: 5, items: [] },
    { directory: "SSSE|", file: 5, items: [] },
    { directory: "xSSSE", file: 5, items: [] },
    { directory: "SSSE", file: 0x100, items: [] },
    { directory: "SSSE", file: 5, items: [{ tag: -1 }] },
    { directory: "SSSE", file: 5, items: [{ tag: 1, records: 0 }] },
    { directory: "SSSE", file: 5, items: [{ tag: 1, records: 256 }] },
    { directory: "SSSE", file: 5, items: [{ tag: 1, records: 1.5 }] },
  ])("our own mistake: %o", (request) => {
    expect(() => formatFileAddress([request])).toThrow("");
  });

  it("the card is named by both its numbers", () => {
    expect(formatCardInfo({ cardIdentifier: IDENTIFIER.toLowerCase(), cardNumber: "T00000018" })).toBe(`${IDENTIFIER}|T00000018|`);
    expect(() => formatCardInfo({ cardIdentifier: "00", cardNumber: "T00000018" })).toThrow("named by");
    for (const cardIdentifier of [`0${IDENTIFIER}`, `${IDENTIFIER}0`]) {
      expect(() => formatCardInfo({ cardIdentifier, cardNumber: "T00000018" })).toThrow("named by");
    }
    expect(() => formatCardInfo({ cardIdentifier: IDENTIFIER, cardNumber: "T0000001" })).toThrow("named by");
  });

  it("answers have values where the address has tags, and parts inside cyclic records", () => {
    const bytes = utf8("SSSEEF05|20200101|20400101|$DF04EF08|1^2^990100000001|3^2^990100000001|$");
    expect(parseFileAnswer(bytes, REQUESTS)).toEqual({
      ok: true,
      files: [
        { directory: "SSSE", file: 5, values: [["20200101"], ["20400101"]] },
        {
          directory: "DF04",
          file: 8,
          values: [
            ["1", "2", "990100000001"],
            ["3", "2", "990100000001"],
          ],
        },
      ],
    });
  });

  it.each([
    ["SSSEEF05|1|2|$DF04EF08|1|2|", "not-terminated"],
    ["SSSEEF05|1|2$DF04EF08|1|2|$", "not-terminated"],
    ["SSSEEF05|1|2|$", "other-file"],
    ["SSSEEF05|1|2|$DF04EF08|1|2|$DF04EF15|1|$", "other-file"],
    ["SSSEEF06|1|2|$DF04EF08|1|2|$", "other-file"],
    ["DF01EF05|1|2|$DF04EF08|1|2|$", "other-file"],
    ["xSSSEEF05|1|2|$DF04EF08|1|2|$", "other-file"],
    ["SSSEEF05x|1|2|$DF04EF08|1|2|$", "other-file"],
    ["SSSEEF05|1|$DF04EF08|1|2|$", "other-number-of-values"],
    ["SSSEEF05|1|2|$DF04EF08|1|2|3|$", "other-number-of-values"],
  ])("refused: %s", (text, reason) => {
    expect(parseFileAnswer(utf8(text), REQUESTS)).toEqual({ ok: false, reason });
  });

  it("refused: no text, and too long a text", () => {
    expect(parseFileAnswer(fromHex("81ff"), [])).toEqual({ ok: false, reason: "not-text" });
    expect(parseFileAnswer(utf8("$".repeat(5_000)), [])).toEqual({ ok: false, reason: "too-long" });
  });
});

describe("results", () => {
  const named: readonly (readonly [number, string, boolean])[] = [
    [-1, "card-type-wrong", false],
    [-2, "no-card", false],
    [-3, "card-not-powered", false],
    [-4, "card-no-answer", false],
    [-5, "library-not-loaded", false],
    [-11, "reader-connection", false],
    [-12, "reader-not-connected", false],
    [-13, "command-not-supported", false],
    [-14, "parameter-wrong", false],
    [-15, "check-failed", false],
    [-20, "identifier-malformed", false],
    [-21, "internal-authentication-failed", false],
    [-22, "another-card", false],
    [-23, "data-not-legal", false],
    [-24, "module-key-level", true],
    [-31, "pin-cancelled", false],
    [-32, "pin-timed-out", false],
    [-33, "pin-length", false],
    [-34, "pin-entries-differ", false],
    [-35, "initial-pin-may-not-trade", false],
    [-36, "initial-pin-may-not-be-set", false],
    [-41, "character-not-legal", false],
    [-42, "computation-data-length", false],
    [-51, "pin-wrong", false],
    [-52, "pin-locked", false],
    [-2201, "no-module", true],
    [-2202, "module-without-algorithm", true],
    [-2203, "module-without-read-key", true],
    [-2204, "host-not-needed", false],
  ];
  it.each(named)("%i is %s", (result, name, asksForHost) => {
    expect(readVendorResult(result)).toEqual({ kind: "error", name, asksForHost });
  });

  it.each([
    [-25536, 0x63c0],
    [-26368, 0x6700],
    [-26881, 0x6901],
    [-27010, 0x6982],
    [-27011, 0x6983],
    [-27013, 0x6985],
    [-27016, 0x6988],
    [-27264, 0x6a80],
    [-27265, 0x6a81],
    [-27266, 0x6a82],
    [-27267, 0x6a83],
    [-37634, 0x9302],
    [-37635, 0x9303],
    [-37891, 0x9403],
    [-37894, 0x9406],
    [-0x6fff, 0x6fff],
    [-0x9fff, 0x9fff],
    [-0x6101, 0x6101],
  ])("%i is a status word", (result, statusWord) => {
    expect(readVendorResult(result)).toEqual({ kind: "status-word", statusWord, asksForHost: false });
  });

  it("a key that the module has not leads to the host", () => {
    expect(readVendorResult(-27272)).toEqual({ kind: "status-word", statusWord: 0x6a88, asksForHost: true });
  });

  it.each([1, -6, -99, -0x6100, -0x7000, -0x9000, -0xa000, 0.5, -25536.5, Number.NaN, Number.NEGATIVE_INFINITY])("%d is unknown", (result) => {
    expect(readVendorResult(result)).toEqual({ kind: "unknown", result });
  });

  it("0 is success", () => {
    expect(readVendorResult(0)).toEqual({ kind: "ok" });
  });
});
