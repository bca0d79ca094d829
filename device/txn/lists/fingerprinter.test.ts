import { describe, expect, it } from "vitest";
import { Fingerprinter } from "./fingerprinter.ts";

const KEY = Uint8Array.from({ length: 16 }, (_, at) => at);
const text = (fingerprinter: Fingerprinter) => fingerprinter.high.toString(16).padStart(8, "0") + fingerprinter.low.toString(16).padStart(8, "0");

describe("Fingerprinter", () => {
  it("gives the value of the paper for its fifteen bytes", () => {
    const fingerprinter = new Fingerprinter(KEY);
    fingerprinter.ofCharacters(
      0,
      Uint8Array.from({ length: 14 }, (_, at) => at + 1),
      14,
    );
    expect(text(fingerprinter)).toBe("a129ca6149be45e5");
  });

  // As `openssl mac -macopt hexkey:00…0f -macopt size:8 SIPHASH` gives them for the byte 03 and the digits, read as a little-endian number.
  it.each([
    ["1", "f1f8329c8b57004c"],
    ["123456", "b7c9caecec262f8b"],
    ["1234567", "1b677c708556473c"],
    ["12345678901234567890", "0f3c09a3537bf6d7"],
    ["ABCDEF0123456789ABCDEF0123456789", "9b7353aac29fa9a5"],
    ["abcdef0123456789ABCDEF0123456789", "9b7353aac29fa9a5"],
  ])("of %s", (value, expected) => {
    const fingerprinter = new Fingerprinter(KEY);
    // A longer one before it leaves nothing behind.
    fingerprinter.ofText(4, "9".repeat(32));
    expect(fingerprinter.ofText(3, value)).toBe(true);
    expect(text(fingerprinter)).toBe(expected);
  });

  it.each(["", " ", "12 4", "é", "1".repeat(33), "[", "`", "{", "@", "/", ":"])("takes no %j", (value) =>
    expect(new Fingerprinter(KEY).ofText(1, value)).toBe(false),
  );

  it("differs by key and by kind", () => {
    const [one, other] = [new Fingerprinter(KEY), new Fingerprinter(KEY.toReversed())];
    one.ofText(1, "12345678");
    const first = text(one);
    other.ofText(1, "12345678");
    expect(text(other)).not.toBe(first);
    one.ofText(2, "12345678");
    expect(text(one)).not.toBe(first);
  });
});
