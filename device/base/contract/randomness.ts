import { describe, expect, it } from "vitest";
import { toHex } from "../bytes.ts";
import type { Randomness } from "../ports.ts";

/** What every source of chance must do. */
export function randomnessContract(name: string, make: () => Randomness): void {
  describe(`Randomness: ${name}`, () => {
    it.each([0, 1, 16, 1000])("gives %i bytes when asked for them", (length) => {
      expect(make().bytes(length)).toHaveLength(length);
    });

    it("does not repeat itself", () => {
      const source = make();
      const seen = new Set(Array.from({ length: 200 }, () => toHex(source.bytes(16))));
      expect(seen.size).toBe(200);
    });

    it("gives bytes of its own each time", () => {
      const source = make();
      const first = source.bytes(16);
      const copy = first.slice();
      source.bytes(16).fill(0);
      expect(first).toEqual(copy);
    });

    it("sets each bit about half of the time", () => {
      const bytes = make().bytes(8192);
      for (let bit = 0; bit < 8; bit += 1) {
        const ones = bytes.reduce((sum, byte) => sum + ((byte >> bit) & 1), 0);
        // Nine standard deviations of 8,192 fair coins.
        expect(Math.abs(ones - 4096)).toBeLessThan(410);
      }
    });
  });
}
