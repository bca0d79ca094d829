import { describe, expect, it } from "vitest";
import { fitsPassword, sameTokenHash, storedPassword, tokenHash } from "./passwords.ts";

const SALT = new Uint8Array(16).fill(7);

describe("a password at rest", () => {
  it("fits itself and no other", async () => {
    const stored = await storedPassword("correct horse", SALT, 10);
    expect(stored).toMatch(/^scrypt\$10\$8\$1\$(?:07){16}\$[0-9a-f]{64}$/);
    expect(await fitsPassword("correct horse", stored)).toBe(true);
    expect(await fitsPassword("correct horsf", stored)).toBe(false);
    expect(await fitsPassword("", stored)).toBe(false);
  });

  it("is another with another salt", async () => {
    expect(await storedPassword("a", SALT, 10)).not.toBe(await storedPassword("a", new Uint8Array(16).fill(8), 10));
  });

  it("is the same however its characters are composed", async () => {
    const stored = await storedPassword("\u00e9", SALT, 10);
    expect(await fitsPassword("e\u0301", stored)).toBe(true);
  });

  it.each(["", "plain", "scrypt$30$8$1$00$00", `scrypt$10$8$9$${"0".repeat(32)}$${"0".repeat(64)}`])("%j is none and fits nothing", async (stored) => {
    expect(await fitsPassword("plain", stored)).toBe(false);
  });

  it.each([[new Uint8Array(15), 10] as const, [SALT, 9] as const, [SALT, 18] as const])("a salt or cost that is none is asserted: %#", async (salt, cost) => {
    await expect(storedPassword("a", salt, cost)).rejects.toThrowError();
  });
});

describe("a token", () => {
  it("is known by its SHA-256", () => expect(tokenHash("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  it.each([
    ["a", "a", true],
    ["a", "b", false],
    ["a", "ab", false],
  ])("%s and %s", (left, right, same) => expect(sameTokenHash(tokenHash(left), right.length > 1 ? right : tokenHash(right))).toBe(same));
});
