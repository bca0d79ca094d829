import { describe, expect, it } from "vitest";
import { fromHex } from "../../base/bytes.ts";
import { compareCheckValues, DEFAULT_CHECK_VALUE_PROFILE } from "./check-value.ts";

const THREE_DES = "08d7b4fb629d0885";
const SM4 = "2677f46b09c122cc975533105bd4a22a";
const lengths = (threeDes: number, sm4: number) => ({ kcvLength: { "3des": threeDes, sm4 } });

describe("check values", () => {
  it.each([
    ["as many bytes as usual", "3des", "08d7b4fb", THREE_DES, undefined, "same"],
    ["three are enough", "3des", "08d7b4", "08d7b4fb", undefined, "same"],
    ["two are not", "3des", "08d7", "08d7b4fb", undefined, "untold"],
    ["none", "3des", "", "08d7b4fb", undefined, "untold"],
    ["another key", "3des", "08d7b5fb", "08d7b4fb", undefined, "different"],
    ["a difference behind what is compared", "3des", "08d7b4fb00", "08d7b4fb62", undefined, "same"],
    ["the same difference, when more is compared", "3des", "08d7b4fb00", "08d7b4fb62", lengths(8, 8), "different"],
    ["eight bytes of SM4", "sm4", "2677f46b09c122cc", SM4, undefined, "same"],
    ["a difference in the eighth", "sm4", "2677f46b09c122cd", SM4, undefined, "different"],
    ["the same difference, when four are compared", "sm4", "2677f46b09c122cd", SM4, lengths(4, 4), "same"],
    ["all of it", "sm4", SM4, SM4, lengths(4, 16), "same"],
  ] as const)("%s", (_name, algorithm, told, expected, profile, outcome) => {
    const values = { told: fromHex(told), expected: fromHex(expected), algorithm };
    expect(compareCheckValues(values, profile ?? DEFAULT_CHECK_VALUE_PROFILE)).toBe(outcome);
  });

  it("one that is not there tells nothing", () => {
    const there = fromHex(THREE_DES);
    expect(compareCheckValues({ told: undefined, expected: there, algorithm: "3des" }, DEFAULT_CHECK_VALUE_PROFILE)).toBe("untold");
    expect(compareCheckValues({ told: there, expected: undefined, algorithm: "3des" }, DEFAULT_CHECK_VALUE_PROFILE)).toBe("untold");
  });

  it.each([2, 17, 3.5])("%d bytes cannot be asked for", (length) => {
    const values = { told: fromHex(SM4), expected: fromHex(SM4), algorithm: "sm4" } as const;
    expect(() => compareCheckValues(values, lengths(length, length))).toThrow("3 to 16");
  });
});
