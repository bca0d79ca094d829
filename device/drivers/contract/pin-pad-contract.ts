import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { limits, type PinPadBench } from "./bench.ts";
import { skipUnless } from "./card-reader-contract.ts";

const REQUEST = { accountTail: Uint8Array.of(0x12, 0x34, 0x56, 0x78, 0x90, 0x12), minDigits: 6, maxDigits: 6 };

/** What every PIN pad must do: only an encrypted block ever comes out. */
export function pinPadContract(name: string, makeBench: () => Promise<PinPadBench>): void {
  describe(`PIN pad contract: ${name}`, () => {
    let bench: PinPadBench;
    beforeEach(async () => {
      bench = await makeBench();
    });
    afterEach(() => bench.close());
    const ask = (bounds = bench.entryLimits) => bench.pad.requestPinBlock(REQUEST, bounds);

    it("gives an encrypted block and the check value of its key", async () => {
      bench.plan(["right"]);
      const outcome = await bench.run(ask());
      expect(outcome.kind).toBe("entered");
      if (outcome.kind !== "entered") return;
      expect([8, 16]).toContain(outcome.block.length);
      expect(outcome.keyCheckValue.length).toBeGreaterThanOrEqual(3);
      expect(bench.isRightBlock(outcome.block)).toBe(true);
    });

    it("another PIN gives another block", async () => {
      bench.plan(["wrong"]);
      const outcome = await bench.run(ask());
      expect(outcome.kind === "entered" && bench.isRightBlock(outcome.block)).toBe(false);
    });

    it.each([
      ["cancel", "cancelled"],
      ["nothing", "timed-out"],
    ] as const)("a holder who does: %s", async (act, kind) => {
      bench.plan([act]);
      expect(await bench.run(ask())).toEqual({ kind });
    });

    it("ends at the caller's deadline when that is earlier than the pad's own", async () => {
      bench.plan(["nothing"]);
      await expect(bench.run(ask(limits(50)))).rejects.toMatchObject({ code: "timeout" });
    });

    it("tells that it is gone, and serves again when it is back", async (test) => {
      await skipUnless(test, bench.unplug?.bind(bench))();
      bench.plan(["right"]);
      await expect(bench.run(ask())).rejects.toMatchObject({ code: "pad-gone" });
      await skipUnless(test, bench.plugIn?.bind(bench))();
      expect((await bench.run(ask())).kind).toBe("entered");
    });
  });
}
