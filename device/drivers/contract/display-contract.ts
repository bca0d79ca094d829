import { isDeepStrictEqual } from "node:util";
import { afterEach, beforeEach, describe, expect, it, type TestContext } from "vitest";
import { fen } from "../../base/fen.ts";
import { type DisplayBench, limits } from "./bench.ts";
import { skipUnless } from "./card-reader-contract.ts";
import type { DisplayDesk } from "./desk.ts";

const BOUNDS = limits(2_000);
const LOOK_MS = 5;
const LOOKING_MS = 2_000;

/** What every customer's display must do: show an amount with its meaning, whole or not at all, also after it was away. */
export function displayContract(name: string, makeBench: () => Promise<DisplayDesk>): void {
  describe(`display contract: ${name}`, () => {
    let bench: DisplayDesk;
    beforeEach(async () => {
      bench = await makeBench();
    });
    afterEach(() => bench.close());

    /** A display does not answer, so that it is looked at until it shows what it should. */
    async function untilShown(test: TestContext, wanted: ReturnType<DisplayBench["shown"]>): Promise<void> {
      const asWanted = async () => {
        if (bench.shown !== undefined) return isDeepStrictEqual(bench.shown(), wanted);
        return skipUnless(test, bench.seesShown?.bind(bench))(wanted);
      };
      const beganMs = bench.clock.monotonicMs();
      while (!(await asWanted())) {
        if (bench.clock.monotonicMs() - beganMs > LOOKING_MS) expect(bench.shown?.() ?? "another thing").toEqual(wanted);
        await bench.run(bench.clock.sleep(LOOK_MS));
      }
      expect(bench.mistakes?.() ?? []).toEqual([]);
    }

    it.for([
      ["price", 5, "0.05"],
      ["total", 1_250, "12.50"],
      ["received", 10_000, "100.00"],
      ["change", 0, "0.00"],
      ["balance", 12_345, "123.45"],
      ["total", 99_999_999, "999999.99"],
    ] as const)("shows the %s of %i fen", async ([what, amount, text], test) => {
      await bench.run(bench.display.show(what, fen(amount), BOUNDS));
      // No lamp means a balance.
      await untilShown(test, { text, lamp: what === "balance" ? "off" : what });
    });

    it("shows no part of an amount that has no room", async (test) => {
      await bench.run(bench.display.show("total", fen(100_000_000), BOUNDS));
      await untilShown(test, { text: "--------", lamp: "total" });
    });

    it("shows one after the other, and nothing when it is cleared", async (test) => {
      await bench.run(bench.display.show("price", fen(100), BOUNDS));
      await bench.run(bench.display.show("total", fen(250), BOUNDS));
      await untilShown(test, { text: "2.50", lamp: "total" });
      await bench.run(bench.display.clear(BOUNDS));
      await untilShown(test, { text: "", lamp: "off" });
      expect(await bench.run(bench.display.health(BOUNDS))).toEqual({ kind: "well" });
    });

    it("shows nothing for a caller who has left", async () => {
      const left = { timeoutMs: 1_000, signal: AbortSignal.abort() };
      await expect(bench.run(bench.display.show("total", fen(250), left))).rejects.toMatchObject({ code: "cancelled" });
    });

    it("tells that it is away, and shows again when it is back", async (test) => {
      await bench.run(bench.display.show("price", fen(100), BOUNDS));
      await skipUnless(test, bench.unplug?.bind(bench))();
      expect(await bench.run(bench.display.health(BOUNDS))).toEqual({ kind: "away" });
      await expect(bench.run(bench.display.show("total", fen(250), BOUNDS))).rejects.toMatchObject({ code: "device-gone", effectUnknown: false });
      await skipUnless(test, bench.plugIn?.bind(bench))();
      await bench.run(bench.display.show("total", fen(250), BOUNDS));
      await untilShown(test, { text: "2.50", lamp: "total" });
    });
  });
}
