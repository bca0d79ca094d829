import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { limits, type PsamBench } from "./bench.ts";
import { skipUnless } from "./card-reader-contract.ts";

const WRONG_MAC2 = Uint8Array.of(0, 0, 0, 0);

/** What every security module must do behind its port. */
export function psamContract(name: string, makeBench: () => Promise<PsamBench>): void {
  describe(`security module contract: ${name}`, () => {
    let bench: PsamBench;
    beforeEach(async () => {
      bench = await makeBench();
    });
    afterEach(() => bench.close());
    const begin = (timeoutMs = 3_000) => bench.psam.beginPurchase(bench.purchase, limits(timeoutMs));

    it("knows its terminal number", () => {
      expect(bench.psam.terminalNumber).toHaveLength(6);
    });

    it("draws each sequence once, and says the next one beforehand", async () => {
      const expected = bench.psam.expectedSequence();
      const first = await bench.run(begin());
      first.release();
      const second = await bench.run(begin());
      second.release();
      expect(first.terminalSequence).toBe(expected);
      expect(second.terminalSequence).toBeGreaterThan(first.terminalSequence);
      expect(first.mac1).toHaveLength(4);
    });

    it("lets the next purchase in only when the first is over", async () => {
      const first = await bench.run(begin());
      await expect(bench.run(begin(100))).rejects.toMatchObject({ code: "timeout", effectUnknown: false });
      first.release();
      first.release();
      const second = await bench.run(begin());
      second.release();
    });

    it("refuses a wrong MAC2, once and for all", async () => {
      const held = await bench.run(begin());
      expect(await bench.run(held.credit(WRONG_MAC2, limits(2_000)))).toBe("refused");
      expect(await bench.run(held.credit(WRONG_MAC2, limits(2_000)))).toBe("no-session");
    });

    it("accepts the card's own MAC2", async (test) => {
      const cardMac2 = skipUnless(test, bench.cardMac2?.bind(bench));
      const held = await bench.run(begin());
      const mac2 = await bench.run(cardMac2(held));
      expect(await bench.run(held.credit(mac2, limits(2_000)))).toBe("accepted");
    });

    it("has no session after a reset, and serves again", async (test) => {
      const reset = skipUnless(test, bench.resetModule?.bind(bench));
      const held = await bench.run(begin());
      await reset();
      const outcome = await bench.run(held.credit(WRONG_MAC2, limits(2_000)).catch(() => "fault" as const));
      expect(["no-session", "fault"]).toContain(outcome);
      expect(await bench.run(held.credit(WRONG_MAC2, limits(2_000)))).toBe("no-session");
      (await bench.run(begin(5_000))).release();
    });

    it("names a key that it does not have", async () => {
      const purchase = { ...bench.purchase, keyVersion: 0xee };
      await expect(bench.run(bench.psam.beginPurchase(purchase, limits(3_000)))).rejects.toMatchObject({ code: "key-missing", effectUnknown: false });
    });
  });
}
