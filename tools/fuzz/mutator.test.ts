import { describe, expect, it } from "vitest";
import { type Bytes, fromHex, toHex, utf8 } from "../../device/base/bytes.ts";
import { FuzzRandom, mutations } from "./mutator.ts";

const CORPUS = [utf8('{"amountFen":450}'), fromHex("6f078401aaa5028600"), new Uint8Array(0)];

function take(seed: number, count: number, corpus: readonly Bytes[] = CORPUS): readonly string[] {
  const source = mutations(seed, corpus);
  return Array.from({ length: count }, () => toHex(source.next().value));
}

describe("mutations", () => {
  it("are the same for the same seed", () => {
    expect(take(7, 500)).toEqual(take(7, 500));
    expect(take(7, 500)).not.toEqual(take(8, 500));
  });

  it("do not write into the corpus", () => {
    const before = CORPUS.map(toHex);
    take(3, 2000);
    expect(CORPUS.map(toHex)).toEqual(before);
  });

  it("differ from one another, change length both ways, and stay near the samples", () => {
    const results = take(11, 2000);
    expect(new Set(results).size).toBeGreaterThan(1000);
    expect(results.some((hex) => hex.length > 2 * 17)).toBe(true);
    expect(results.some((hex) => hex.length === 0)).toBe(true);
    expect(results.filter((hex) => hex.startsWith("7b22") || hex.startsWith("6f")).length).toBeGreaterThan(500);
  });

  it("asserts that there is something to damage", () => {
    expect(() => mutations(1, []).next()).toThrowError();
  });
});

it("numbers stay below their bound and reach it", () => {
  const random = new FuzzRandom(5);
  const seen = new Set(Array.from({ length: 200 }, () => random.below(4)));
  expect(seen).toEqual(new Set([0, 1, 2, 3]));
  expect(random.below(0)).toBe(0);
});
