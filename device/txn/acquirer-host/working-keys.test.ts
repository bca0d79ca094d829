/* Field 62 of a sign-in's reply by layout, with bytes that can be told apart. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex } from "../../base/bytes.ts";
import type { KeyScheme, WorkingKeyName } from "../acquiring/profile.ts";
import { KEY_LAYOUTS, parseWorkingKeys } from "./working-keys.ts";

const PIN = "a1".repeat(16);
const MAC = "b2".repeat(16);
const TRACK = "c3".repeat(16);
const [SHORT_PIN, SHORT_MAC] = ["a1".repeat(8), "b2".repeat(8)];
const ZEROS = "00".repeat(8);

const profile = (keyScheme: KeyScheme, keyOffset = 0, checkValueBytes?: 3 | 4) =>
  ({ keyScheme, keyOffset, checkValueBytes: checkValueBytes ?? (keyScheme === "triple-19-57" ? 3 : 4) }) as const;
const key = (wrapped: string, checkValue: string) => ({ wrapped: fromHex(wrapped), checkValue: fromHex(checkValue) });

describe("working keys", () => {
  it.each([
    ["des-24", `${SHORT_PIN}0a0b0c0d${SHORT_MAC}1a1b1c1d`, { pin: key(SHORT_PIN, "0a0b0c0d"), mac: key(SHORT_MAC, "1a1b1c1d") }],
    ["tdes-40", `${PIN}0a0b0c0d${SHORT_MAC}${ZEROS}1a1b1c1d`, { pin: key(PIN, "0a0b0c0d"), mac: key(SHORT_MAC, "1a1b1c1d") }],
    [
      "tdes-track-60",
      `${PIN}0a0b0c0d${SHORT_MAC}${ZEROS}1a1b1c1d${TRACK}2a2b2c2d`,
      { pin: key(PIN, "0a0b0c0d"), mac: key(SHORT_MAC, "1a1b1c1d"), track: key(TRACK, "2a2b2c2d") },
    ],
    ["triple-19-57", `${PIN}0a0b0c${MAC}1a1b1c${TRACK}2a2b2c`, { pin: key(PIN, "0a0b0c"), mac: key(MAC, "1a1b1c"), track: key(TRACK, "2a2b2c") }],
  ] as const)("%s", (scheme, hex, keys) => {
    expect(hex).toHaveLength(2 * Number(/\d+$/.exec(scheme)?.[0]));
    expect(parseWorkingKeys(profile(scheme), fromHex(hex))).toEqual({ ok: true, keys });
    expect(parseWorkingKeys(profile(scheme, 3), fromHex(`ffffff${hex}`))).toEqual({ ok: true, keys });
    expect(parseWorkingKeys(profile(scheme), fromHex(`${hex}ffff`))).toEqual({ ok: true, keys });
    expect(parseWorkingKeys(profile(scheme), fromHex(hex.slice(0, -2)))).toEqual({ ok: false, reason: "too-short" });
    expect(parseWorkingKeys(profile(scheme, 1), fromHex(hex))).toMatchObject({ ok: false });
  });

  it("with SM4 lie where the acquirer has told, and nowhere without a word of it", () => {
    const sm4 = (order: readonly WorkingKeyName[], zeros: number, checkBytes: number) => ({
      ...({ keyScheme: "sm4", keyOffset: 0, checkValueBytes: 4 } as const),
      sm4Keys: { network: "005", keys: order.map((which) => ({ which, zeros, checkBytes })) },
    });
    const check = "0a0b0c0d0e0f1011";
    const two = fromHex(`${MAC}${check}${PIN}${check}`);
    const read = { pin: key(PIN, check.slice(0, 8)), mac: key(MAC, check.slice(0, 8)) };
    expect(parseWorkingKeys(sm4(["mac", "pin"], 0, 8), two)).toEqual({ ok: true, keys: read });
    expect(parseWorkingKeys({ ...sm4(["mac", "pin"], 0, 8), keyOffset: 3 }, fromHex(`ffffff${toHex(two)}`))).toEqual({ ok: true, keys: read });
    const three = fromHex(`${PIN}0000${check}${TRACK}0000${check}${MAC}0000${check}`);
    expect(parseWorkingKeys(sm4(["pin", "track", "mac"], 2, 8), three)).toEqual({ ok: true, keys: { ...read, track: key(TRACK, check.slice(0, 8)) } });
    expect(parseWorkingKeys(sm4(["pin", "track", "mac"], 2, 8), three.with(17, 1))).toEqual({ ok: false, reason: "padding-wrong" });
    expect(parseWorkingKeys(sm4(["pin", "mac"], 0, 3), two)).toEqual({ ok: false, reason: "check-value-short" });
    expect(parseWorkingKeys(sm4(["pin"], 0, 8), two)).toEqual({ ok: false, reason: "too-short" });
    expect(parseWorkingKeys({ keyScheme: "sm4", keyOffset: 0, checkValueBytes: 4 }, two)).toEqual({ ok: false, reason: "too-short" });
    for (let length = 0; length < two.length; length += 1) expect(parseWorkingKeys(sm4(["mac", "pin"], 0, 8), two.slice(0, length)).ok).toBe(false);
  });

  it("compares three bytes of four where the acquirer says so", () => {
    const parsed = parseWorkingKeys(profile("tdes-40", 0, 3), fromHex(`${PIN}0a0b0c0d${SHORT_MAC}${ZEROS}1a1b1c1d`));
    expect(parsed).toEqual({ ok: true, keys: { pin: key(PIN, "0a0b0c"), mac: key(SHORT_MAC, "1a1b1c") } });
  });

  it("does not compare four bytes of three", () =>
    expect(parseWorkingKeys(profile("triple-19-57", 0, 4), new Uint8Array(57))).toEqual({ ok: false, reason: "check-value-short" }));

  it.each([0, 7])("refuses a long key where a short one and zeros belong: byte %i", (at) => {
    const bytes = fromHex(`${PIN}0a0b0c0d${SHORT_MAC}${ZEROS}1a1b1c1d`);
    bytes[28 + at] = 1;
    expect(parseWorkingKeys(profile("tdes-40"), bytes)).toEqual({ ok: false, reason: "padding-wrong" });
  });

  it("never throws, and takes its keys from where they stand", () =>
    fc.assert(
      fc.property(fc.constantFrom(...(Object.keys(KEY_LAYOUTS) as KeyScheme[])), fc.uint8Array({ maxLength: 80 }), fc.nat(90), (scheme, bytes, offset) => {
        const parsed = parseWorkingKeys(profile(scheme, offset), bytes);
        if (parsed.ok) expect(toHex(bytes.slice(offset)).startsWith(toHex(concat(parsed.keys.pin.wrapped, parsed.keys.pin.checkValue)))).toBe(true);
      }),
    ));
});
