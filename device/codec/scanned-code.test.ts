import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8 } from "../base/bytes.ts";
import { classifyCode, parseGs1 } from "./scanned-code.ts";

describe("codes by their form", () => {
  it.each([
    ["an electronic credential", "4240000000000000000199330000", "]Q1", { kind: "medical-e-code" }],
    ["one of the platform's other prefix", `opc${"0".repeat(25)}`, "]Q1", { kind: "medical-e-code" }],
    ["a trace code", "12345678901234567890", "]C0", { kind: "trace-code", code: "12345678901234567890" }],
    ["a trace code from a scanner that tells no symbology", "12345678901234567890", undefined, { kind: "trace-code" }],
    ["twenty digits in a square code", "12345678901234567890", "]Q1", { kind: "unknown", why: "not-known" }],
    ["a veterinary code", "123456789012345678901234", "]Q1", { kind: "unknown", why: "veterinary-drug" }],
    [
      "application identifiers",
      "010695123400001617271231102026A01\u001d21SERIAL1",
      "]d2",
      { kind: "gs1", items: { "01": "06951234000016", "17": "271231", "10": "2026A01", "21": "SERIAL1" } },
    ],
    ["application identifiers behind a separator", "\u001d0106951234000016", undefined, { kind: "gs1", items: { "01": "06951234000016" } }],
    ["broken application identifiers", "01069512340000", "]d2", { kind: "unknown", why: "not-known" }],
    ["a web address", "https://example.invalid/x", "]Q1", { kind: "unknown", why: "not-known" }],
    ["nothing", "", undefined, { kind: "unknown", why: "empty" }],
  ])("%s", (_name, text, symbology, expected) => {
    expect(classifyCode(utf8(text), symbology)).toMatchObject(expected);
  });

  it("bytes that are no text", () => {
    expect(classifyCode(Uint8Array.of(0xc4, 0xe3))).toEqual({ kind: "unknown", why: "not-text" });
  });

  it.each(["", "0", "99", "0112", "10", "01069512340000161", `10${"x".repeat(31)}`, "01069512340000160106951234000016"])("no identifiers: %s", (text) => {
    expect(parseGs1(text)).toBeUndefined();
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(undefined, "]d2", "]C1", "]C0", "]Q1"), (bytes, symbology) => {
        expect(classifyCode(bytes, symbology).kind).toBeTypeOf("string");
      }),
      { numRuns: 3_000 },
    );
  });
});
