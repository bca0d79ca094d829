/* Strings in and out: whole ones, damaged ones, and any text. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FileRequest, formatCardInfo, formatFileAddress, parseFileAnswer } from "../../codec/read-card-bas.ts";
import { encodeGbText } from "../../codec/text.ts";
import {
  amountDigits,
  formatFileValues,
  groupsOf,
  joinFields,
  parseCardInfo,
  parseCommandText,
  parseFileAddress,
  parsePayInfo,
  parseProofs,
  splitFields,
} from "./strings.ts";

const IDENTIFIER = "990100D1560000050000000154455354";
const word = fc.string({ unit: fc.constantFrom("A", "7", "社", " x", "."), maxLength: 12 });
const item = fc.oneof(
  fc.record({ tag: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ tag: fc.integer({ min: 0, max: 255 }), records: fc.integer({ min: 1, max: 9 }) }),
);
const request: fc.Arbitrary<FileRequest> = fc.record({
  directory: fc.constantFrom("SSSE", "DF01", "DF04", "3F00"),
  file: fc.integer({ min: 0, max: 255 }),
  items: fc.array(item, { minLength: 1, maxLength: 5 }),
});

describe("fields", () => {
  it("come back as they were", () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (fields) => {
        expect(splitFields(joinFields(fields) ?? "?")).toEqual(fields);
      }),
    );
  });

  it.each(["a|b", "a$", "^", "line\n"])("%j would be read as something else", (field) => {
    expect(joinFields([field])).toBeUndefined();
  });
});

describe("addresses of files", () => {
  it("are read as they are written", () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 4 }), (requests) => {
        expect(parseFileAddress(formatFileAddress(requests))).toEqual(requests);
      }),
    );
  });

  it("values come back in the shape of the address", () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 3 }), fc.array(word, { minLength: 1, maxLength: 3 }), (requests, record) => {
        const values = requests.map(({ directory, file, items }) => ({
          directory,
          file,
          values: items.flatMap(({ records = 1 }) => Array.from({ length: records }, () => record)),
        }));
        const text = encodeGbText(formatFileValues(values) ?? "?");
        expect(text.ok && parseFileAnswer(text.bytes, requests)).toEqual({ ok: true, files: values });
      }),
    );
  });

  it.each(["", "SSSEEF05|$", "SSSEEF05|05$", "EF05|05|$", "SSSEEF05|5|$", "SSSEEF05|05|06", "SSSEEF05|05:0|$", "SSSEEF05|05|$".repeat(17)])(
    "%j is none",
    (text) => {
      expect(parseFileAddress(text)).toBeUndefined();
    },
  );

  it("a value with a sign in it is not written", () => {
    expect(formatFileValues([{ directory: "SSSE", file: 5, values: [["a^b"]] }])).toBeUndefined();
  });

  it("values to write have the shape of an answer", () => {
    expect(groupsOf("DF01EF07|x|y|$SSSEEF05||$")).toEqual([
      { directory: "DF01", file: 7, values: ["x", "y"] },
      { directory: "SSSE", file: 5, values: [""] },
    ]);
  });
});

describe("which card, which sale, which proof", () => {
  it("a card is named as the codec names it", () => {
    const text = formatCardInfo({ cardIdentifier: IDENTIFIER, cardNumber: "T00000018" });
    expect(parseCardInfo(text)).toEqual({ cardIdentifier: IDENTIFIER.toLowerCase(), cardNumber: "T00000018" });
  });

  it.each(["", IDENTIFIER, `${IDENTIFIER}|T0000001|`, `${IDENTIFIER}|T00000018|more|`, "990100|T00000018|"])("%j names none", (text) => {
    expect(parseCardInfo(text)).toBeUndefined();
  });

  it.each([
    ["17.00|12.00+4.00|20260105121500|", [1_200, 100, 400]],
    ["17|12.5|20260105121500", [1_250, 450, 0]],
    ["42949672.95|42949672.95+0|20260105121500|", [4_294_967_295, 0, 0]],
  ] as const)("%s", (text, [account, selfPay, pooled]) => {
    expect(parsePayInfo(text)).toEqual({ account, selfPay, pooled, time: "20260105121500" });
  });

  it.each([
    "",
    "17.00|12.00+4.00|2026|",
    "x|1|20260105121500|",
    "17.001|1|20260105121500|",
    "1|1+1|20260105121500|",
    "9|1+1+1|20260105121500|",
    "-1|0|20260105121500|",
  ])("%j is no sale", (text) => {
    expect(parsePayInfo(text)).toBeUndefined();
  });

  it("proofs have 16 and 16 digits each", () => {
    const one = `${"11".repeat(8)}${"22".repeat(8)}|`;
    expect(parseProofs(one, 1)).toEqual([{ proof: new Uint8Array(8).fill(0x11), raw: new Uint8Array(8).fill(0x22) }]);
    expect(parseProofs(one + one, 2)).toHaveLength(2);
    for (const wrong of ["", one.slice(1), `${one}|`, one + one, `${"zz".repeat(16)}|`]) expect(parseProofs(wrong, 1)).toBeUndefined();
  });

  it("any text gets an answer", () => {
    const any = fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: fc.constantFrom("|", "$", ":", "+", ".", "0", "A", "SSSEEF05"), maxLength: 30 }));
    fc.assert(
      fc.property(any, (text) => {
        for (const parse of [parseCardInfo, parseFileAddress, parsePayInfo, parseCommandText, groupsOf, (each: string) => parseProofs(each, 2)])
          expect(typeof parse(text)).not.toBe("string");
      }),
      { numRuns: 2_000 },
    );
  });

  it("amounts have eight digits each", () => {
    expect(amountDigits([1_200, 0xffff_ffff])).toBe("000004b0ffffffff");
  });
});
