/* The bit tables of results and qualifiers, and the issuer's data: each bit at the place where the specification counts it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../base/bytes.ts";
import { type BitNames, bitsOf, hasBit, namesOfBits } from "./bit-names.ts";
import { CVR_BITS, parseIssuerApplicationData } from "./issuer-application-data.ts";
import { parseCardQualifiers, TERMINAL_QUALIFIER_BITS, type TerminalQualifier, terminalQualifiers } from "./transaction-qualifiers.ts";
import { TSI_BITS, TSI_LENGTH, TVR_BITS, TVR_LENGTH } from "./verification-results.ts";

const TVR_PLACES = {
  "authentication-not-performed": "8000000000",
  "static-authentication-failed": "4000000000",
  "card-data-missing": "2000000000",
  "card-on-exception-list": "1000000000",
  "dynamic-authentication-failed": "0800000000",
  "combined-authentication-failed": "0400000000",
  "static-authentication-selected": "0200000000",
  "versions-differ": "0080000000",
  "application-expired": "0040000000",
  "application-not-yet-effective": "0020000000",
  "service-not-allowed": "0010000000",
  "new-card": "0008000000",
  "holder-verification-failed": "0000800000",
  "verification-method-unknown": "0000400000",
  "pin-tries-exceeded": "0000200000",
  "pin-pad-missing": "0000100000",
  "pin-not-entered": "0000080000",
  "online-pin-entered": "0000040000",
  "floor-limit-exceeded": "0000008000",
  "lower-velocity-limit-exceeded": "0000004000",
  "upper-velocity-limit-exceeded": "0000002000",
  "selected-at-random": "0000001000",
  "merchant-forced-online": "0000000800",
  "default-certificate-list-used": "0000000080",
  "issuer-authentication-failed": "0000000040",
  "script-failed-before-final": "0000000020",
  "script-failed-after-final": "0000000010",
} as const satisfies Record<keyof typeof TVR_BITS, string>;

const TSI_PLACES = {
  "authentication-performed": "8000",
  "holder-verification-performed": "4000",
  "card-risk-management-performed": "2000",
  "issuer-authentication-performed": "1000",
  "terminal-risk-management-performed": "0800",
  "script-processing-performed": "0400",
} as const satisfies Record<keyof typeof TSI_BITS, string>;

const CVR_PLACES = {
  "issuer-authentication-failed": "080000",
  "offline-pin-performed": "040000",
  "offline-pin-failed": "020000",
  "online-impossible": "010000",
  "last-online-incomplete": "008000",
  "pin-tries-exceeded": "004000",
  "velocity-exceeded": "002000",
  "new-card": "001000",
  "last-issuer-authentication-failed": "000800",
  "issuer-authentication-missing": "000400",
  "blocked-for-pin": "000200",
  "last-static-authentication-failed": "000100",
  "script-failed": "000008",
  "last-dynamic-authentication-failed": "000004",
  "dynamic-authentication-performed": "000002",
} as const satisfies Record<keyof typeof CVR_BITS, string>;

const QUALIFIER_PLACES = {
  "contactless-full": "40000000",
  "contactless-quick": "20000000",
  contact: "10000000",
  "offline-only": "08000000",
  "online-pin": "04000000",
  signature: "02000000",
  "online-authentication": "01000000",
  "online-required": "00800000",
  "verification-required": "00400000",
  "signature-version-1": "00000080",
} as const satisfies Record<TerminalQualifier, string>;

function isTable<Name extends string>(length: number, names: BitNames<Name>, places: Readonly<Record<Name, string>>): void {
  // The keys of a record by names are those names.
  it.each(Object.entries(places) as [Name, string][])("%s is %s", (name, hex) => {
    expect(toHex(bitsOf(length, names, [name]))).toBe(hex);
    expect(namesOfBits(fromHex(hex), names)).toEqual([name]);
    expect(hasBit(fromHex(hex), names, name)).toBe(true);
  });
  it("answers any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
        const found = namesOfBits(bytes, names);
        expect(namesOfBits(bitsOf(length, names, found), names)).toEqual(found);
      }),
    );
  });
}

describe("terminal verification results", () => isTable(TVR_LENGTH, TVR_BITS, TVR_PLACES));
describe("transaction status information", () => isTable(TSI_LENGTH, TSI_BITS, TSI_PLACES));
describe("card verification results", () => isTable(3, CVR_BITS, CVR_PLACES));
describe("terminal transaction qualifiers", () => {
  isTable(4, TERMINAL_QUALIFIER_BITS, QUALIFIER_PLACES);
  it("of a gate are 29000080", () => {
    expect(toHex(terminalQualifiers(["contactless-quick", "offline-only", "online-authentication", "signature-version-1"]))).toBe("29000080");
  });
});

describe("bitsOf", () => {
  it("joins several names", () => expect(toHex(bitsOf(2, TSI_BITS, ["authentication-performed", "script-processing-performed"]))).toBe("8400"));
  it("asserts against a place beyond the bytes", () => expect(() => bitsOf(1, TVR_BITS, ["new-card"])).toThrowError("inside the bytes"));
});

describe("parseCardQualifiers", () => {
  it.each([
    ["8000", { onlinePin: true, signature: false, onlineIfAuthenticationFails: false, switchInterface: false }],
    ["4000", { onlinePin: false, signature: true, onlineIfAuthenticationFails: false, switchInterface: false }],
    ["2000", { onlinePin: false, signature: false, onlineIfAuthenticationFails: true, switchInterface: false }],
    ["1000", { onlinePin: false, signature: false, onlineIfAuthenticationFails: false, switchInterface: true }],
    ["0fff", { onlinePin: false, signature: false, onlineIfAuthenticationFails: false, switchInterface: false }],
  ])("reads %s", (hex, expected) => expect(parseCardQualifiers(fromHex(hex))).toEqual(expected));
  it.each(["", "80", "800000"])("has no meaning for %j", (hex) => expect(parseCardQualifiers(fromHex(hex))).toBeUndefined());
});

describe("parseIssuerApplicationData", () => {
  it("reads data as cards in the field give them", () => {
    expect(parseIssuerApplicationData(fromHex("07010103a0a802010a010000020000fda9b157"))).toMatchObject({
      keyIndex: 1,
      cryptogramVersion: 1,
      cardResults: fromHex("a0a802"),
      decision: "ARQC",
      algorithm: 1,
      amounts: { kind: 1, amounts: [20_000], mac: fromHex("fda9b157") },
    });
  });

  it.each([
    ["0701010380000001", "AAC", undefined],
    ["0701010390000001", "TC", undefined],
    ["07010103a0000001", "ARQC", undefined],
    ["0701010360000001", "ARQC", "TC"],
    ["0701010320000001", "ARQC", "AAC"],
    ["07010103e0000001", "ARQC", undefined],
  ])("of %s decides %s, then %s", (hex, decision, second) => {
    const parsed = parseIssuerApplicationData(fromHex(hex));
    expect(parsed?.decision).toBe(decision);
    expect(parsed?.secondDecision).toBe(second);
    expect(parsed?.amounts).toBeUndefined();
    expect(toHex(parsed?.raw ?? new Uint8Array(0))).toBe(hex);
  });

  it.each([
    ["", "without anything"],
    ["07010103900000", "one byte short"],
    ["0801010390000001", "with another length"],
    ["0701010490000001", "with other results"],
    ["07010103b0000001", "with a decision that does not exist"],
  ])("has no meaning for %j, %s", (hex) => expect(parseIssuerApplicationData(fromHex(hex))).toBeUndefined());

  it.each([
    ["010000000100aabbccdd", 1, [100]],
    ["0a010000000100aabbccdd", 1, [100]],
    ["020000000100aabbccdd", 2, [100]],
    ["0300000001000000000200aabbccdd", 3, [100, 200]],
    ["0f0400000001000000000200aabbccdd", 4, [100, 200]],
    ["050000000100aabbccdd", 5, [100]],
  ])("reads the amounts %s", (hex, kind, amounts) => {
    expect(parseIssuerApplicationData(fromHex(`0701010390000001${hex}`))?.amounts).toMatchObject({ kind, amounts, mac: fromHex("aabbccdd") });
  });

  it.each([
    "000000000100aabbccdd",
    "060000000100aabbccdd",
    "0100000001aabbccdd",
    "01000000010aaabbccdd",
    "0b010000000100aabbccdd",
    "0300000001000000000200aabbcc",
    "01",
  ])("leaves out the amounts %s", (hex) => {
    const parsed = parseIssuerApplicationData(fromHex(`0701010390000001${hex}`));
    expect(parsed?.decision).toBe("TC");
    expect(parsed?.amounts).toBeUndefined();
  });

  it("answers any bytes", () => {
    const near = fc.uint8Array({ maxLength: 20 }).map((tail) => Uint8Array.from([7, 1, 1, 3, ...tail]));
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 32 })), (bytes) => {
        const parsed = parseIssuerApplicationData(bytes);
        if (parsed !== undefined) expect(toHex(parsed.raw)).toBe(toHex(bytes));
      }),
      { numRuns: 1000 },
    );
  });
});
