/* The pure parts of the way down: the tree over parts, and the decision about a head. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex, u32be } from "../../base/bytes.ts";
import type { DocumentHead } from "../../codec/downlink.ts";
import { suite } from "../testing.ts";
import { judgeHead, type Known, type Mark } from "./judge.ts";
import { leafOf, rootAbove, rootOf } from "./tree.ts";

/** Root and paths the slow and obvious way: by halves, the left one the greatest power of two below the whole. */
function slowTree(leaves: readonly Uint8Array[]): { readonly root: Uint8Array; readonly paths: readonly (readonly string[])[] } {
  const [only] = leaves;
  if (only === undefined) throw new Error("at least one");
  if (leaves.length === 1) return { root: only, paths: [[]] };
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  const [left, right] = [slowTree(leaves.slice(0, half)), slowTree(leaves.slice(half))];
  const root = suite.sm3(Uint8Array.of(1), left.root, right.root);
  return { root, paths: [...left.paths.map((path) => [...path, toHex(right.root)]), ...right.paths.map((path) => [...path, toHex(left.root)])] };
}

const leavesOf = (count: number) => Array.from({ length: count }, (_, index) => leafOf(suite, u32be(index)));

describe("the tree over parts", () => {
  it("every part of every document leads to the root, and no other place, count or neighbour does", () => {
    for (let count = 1; count <= 40; count += 1) {
      const leaves = leavesOf(count);
      const { root, paths } = slowTree(leaves);
      expect(rootOf(suite, leaves)).toBe(toHex(root));
      for (const [index, leaf] of leaves.entries()) {
        const path = paths[index] ?? [];
        expect(rootAbove(suite, leaf, { index, count, path })).toBe(toHex(root));
        expect(rootAbove(suite, leaf, { index, count, path: [...path, "00".repeat(32)] })).toBeUndefined();
        if (path.length > 0) expect(rootAbove(suite, leaf, { index, count, path: path.slice(1) })).toBeUndefined();
        const other = (index + 1) % count;
        if (other !== index) expect(rootAbove(suite, leaf, { index: other, count, path })).not.toBe(toHex(root));
      }
    }
  });

  it("a leaf is never taken for a knot", () => {
    const [one, two] = leavesOf(2);
    expect(toHex(leafOf(suite, new Uint8Array([...(one ?? []), ...(two ?? [])])))).not.toBe(rootOf(suite, leavesOf(2)));
  });
});

const HEAD: DocumentHead = {
  tid: "T1",
  stream: "lease",
  sequence: 5,
  base: 0,
  issuedMs: 0,
  notAfterMs: 100,
  size: 10,
  partBytes: 1_024,
  root: "",
  sealed: false,
};
const KNOWN: Known = { have: 0, mark: undefined, handing: false, wholeWanted: false, hostNowMs: 50, sizeMax: 100, roomBytes: 1_000 };
const mark = (sequence: number, outcome: Mark["outcome"], digest = "d"): Mark => ({ sequence, digest, outcome });

describe("what becomes of a head", () => {
  it.each<[string, Partial<Known>, Partial<DocumentHead>, string]>([
    ["the first of a stream", {}, {}, "fetch"],
    ["the next one", { have: 4, mark: mark(4, { is: "taken" }) }, {}, "fetch"],
    ["a continuation of what is here", { have: 4 }, { base: 4 }, "fetch"],
    ["a continuation of something else", { have: 3 }, { base: 4 }, "ignore gap"],
    ["a continuation where the whole is wanted", { have: 4, wholeWanted: true }, { base: 4 }, "ignore gap"],
    ["what is here", { have: 5, mark: mark(5, { is: "taken" }) }, {}, "ignore old"],
    ["older than what is here", { have: 6, mark: mark(6, { is: "taken" }) }, {}, "ignore old"],
    ["what was taken and is gone", { have: 0, mark: mark(5, { is: "taken" }) }, {}, "fetch"],
    ["older than what was taken and is gone", { have: 0, mark: mark(9, { is: "taken" }) }, {}, "fetch"],
    ["what is being fetched", { mark: mark(5, { is: "fetching" }) }, {}, "same"],
    ["what is being handed over", { mark: mark(5, { is: "fetching" }), handing: true }, {}, "ignore busy"],
    ["newer than what is being fetched", { mark: mark(4, { is: "fetching" }) }, {}, "fetch"],
    ["newer than what is being handed over", { mark: mark(4, { is: "fetching" }), handing: true }, {}, "ignore busy"],
    ["older than what is being fetched", { mark: mark(6, { is: "fetching" }) }, {}, "ignore old"],
    ["what was refused", { mark: mark(5, { is: "refused", reason: "r" }) }, {}, "ignore settled"],
    ["older than what was refused", { mark: mark(6, { is: "refused", reason: "r" }) }, {}, "ignore old"],
    ["newer than what was refused", { mark: mark(4, { is: "refused", reason: "r" }) }, {}, "fetch"],
    ["the whole below a gap", { have: 2, mark: mark(6, { is: "gap" }), wholeWanted: true }, {}, "fetch"],
    ["another of the number that is here", { have: 5, mark: mark(5, { is: "taken" }, "other") }, {}, "refuse equivocation"],
    ["another of the number that is being fetched", { mark: mark(5, { is: "fetching" }, "other") }, {}, "refuse equivocation"],
    ["another of the number that was refused", { mark: mark(5, { is: "refused", reason: "r" }, "other") }, {}, "refuse equivocation"],
    ["too large", {}, { size: 101 }, "refuse too-large"],
    ["just large enough", {}, { size: 100 }, "fetch"],
    ["past its time", { hostNowMs: 101 }, {}, "refuse expired"],
    ["in the last moment of its time", { hostNowMs: 100 }, {}, "fetch"],
    ["the host's time is not known", { hostNowMs: undefined }, {}, "ignore clock-unknown"],
    ["no room beside others", { roomBytes: 19 }, {}, "ignore no-room"],
    ["just room enough", { roomBytes: 20 }, {}, "fetch"],
  ])("%s", (_name, known, head, expected) => {
    const verdict = judgeHead({ ...KNOWN, ...known }, { head: { ...HEAD, ...head }, digest: "d", diskBytes: 20 });
    expect(Object.values(verdict).join(" ")).toBe(expected);
  });

  it("whatever is known, nothing is fetched that is not newer than what is here", () => {
    const outcomes = fc.constantFrom<Mark["outcome"]>({ is: "fetching" }, { is: "taken" }, { is: "gap" }, { is: "refused", reason: "r" });
    const marks = fc.option(fc.record({ sequence: fc.integer({ min: 1, max: 9 }), digest: fc.constantFrom("d", "other"), outcome: outcomes }), {
      nil: undefined,
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9 }), marks, fc.boolean(), fc.integer({ min: 1, max: 9 }), (have, known, handing, sequence) => {
        const verdict = judgeHead({ ...KNOWN, have, mark: known, handing }, { head: { ...HEAD, sequence }, digest: "d", diskBytes: 1 });
        if (verdict.do === "fetch") expect(sequence > have && !handing).toBe(true);
      }),
    );
  });
});
