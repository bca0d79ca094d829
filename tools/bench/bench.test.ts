import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type BenchRow, median, percentile, rounded } from "./bench.ts";
import { BENCHES } from "./registry.ts";
import { BENCH_ROWS } from "./rows.ts";
import { tableOf } from "./table.ts";

describe("percentile", () => {
  const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);
  it.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
    [0, 1],
  ])("of 1..100 at %f is %i", (share, value) => expect(percentile(hundred, share)).toBe(value));
  it("of one sample is that sample", () => expect(median([7])).toBe(7));
  it("of nothing is no number", () => expect(percentile([], 0.5)).toBeNaN());
  it("leaves the samples as they were", () => {
    const samples = [3, 1, 2];
    median(samples);
    expect(samples).toEqual([3, 1, 2]);
  });
});

describe("rounded", () => {
  it.each([
    [123456, 123500],
    [0.00123456, 0.001235],
    [41, 41],
  ])("%f becomes %f", (value, expected) => expect(rounded(value)).toBe(expected));
});

describe("tableOf", () => {
  const row: BenchRow = { name: "tap", value: 1.23456, unit: "ms", baseline: null, ratio: null, budget: "p99 <= 2 ms", met: true };
  it("has one line for each row below its head", () => expect(tableOf([row]).trimEnd().split("\n")).toHaveLength(2));
  it.each([
    [{ ...row }, /tap +1\.235 +ms +- +- +p99 <= 2 ms +yes/],
    [{ ...row, met: false }, /NO/],
    [{ ...row, met: null, value: null, note: "no loop device" }, /tap +- .* no loop device/],
  ])("shows figures, verdict and note: %#", (shown, expected) => expect(tableOf([shown])).toMatch(expected));
});

describe("the registry", () => {
  it("names each benchmark and each row once", () => {
    expect(new Set(BENCHES.map((bench) => bench.name)).size).toBe(BENCHES.length);
    expect(new Set(BENCH_ROWS).size).toBe(BENCH_ROWS.length);
  });
  it("explains each row in docs/json.md", () => {
    const document = readFileSync(fileURLToPath(new URL("../../docs/json.md", import.meta.url)), "utf8");
    expect(BENCH_ROWS.filter((name) => !document.includes(`| \`${name}\` |`))).toEqual([]);
  });
});
