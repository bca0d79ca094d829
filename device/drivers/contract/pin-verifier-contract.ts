import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PinOutcome } from "../ports.ts";
import type { HolderPlan } from "./bench.ts";
import { skipUnless } from "./card-reader-contract.ts";
import type { PinVerifierDesk } from "./desk.ts";

/** What every way to verify the card's own PIN must do. */
export function pinVerifierContract(name: string, makeBench: () => Promise<PinVerifierDesk>): void {
  describe(`PIN verifier contract: ${name}`, () => {
    let bench: PinVerifierDesk;
    beforeEach(async () => {
      bench = await makeBench();
    });
    afterEach(() => bench.close());

    const rows = [
      ["the right PIN is verified", ["right"], [{ kind: "verified" }]],
      ["a wrong PIN uses up a try", ["wrong"], [{ kind: "wrong", triesLeft: 2 }]],
      [
        "the right PIN gives the tries back",
        ["wrong", "right", "wrong"],
        [{ kind: "wrong", triesLeft: 2 }, { kind: "verified" }, { kind: "wrong", triesLeft: 2 }],
      ],
      ["a holder who cancels uses up no try", ["cancel", "wrong"], [{ kind: "cancelled" }, { kind: "wrong", triesLeft: 2 }]],
      ["a holder who walks away uses up no try", ["nothing", "wrong"], [{ kind: "timed-out" }, { kind: "wrong", triesLeft: 2 }]],
    ] as const;
    async function ask(acts: readonly HolderPlan[], outcomes: readonly PinOutcome[]): Promise<void> {
      bench.plan(acts);
      const channel = await bench.run(bench.channel());
      for (const outcome of outcomes) {
        expect(await bench.run(bench.verifier.verifyOnCard(channel, bench.template, bench.entryLimits))).toEqual(outcome);
      }
    }
    it.each(rows)("%s", (_name, acts, outcomes) => ask(acts, outcomes));

    it("three wrong PINs lock the card, also for the right one", async (test) => {
      skipUnless(test, bench.keepsCard === true ? undefined : "a card to lose");
      await ask(
        ["wrong", "wrong", "wrong", "right"],
        [{ kind: "wrong", triesLeft: 2 }, { kind: "wrong", triesLeft: 1 }, { kind: "locked" }, { kind: "locked" }],
      );
    });

    it("a card that has left is a fault, not a wrong PIN", async () => {
      bench.plan(["right"]);
      const channel = await bench.run(bench.channel());
      await bench.removeCard();
      await expect(bench.run(bench.verifier.verifyOnCard(channel, bench.template, bench.entryLimits))).rejects.toMatchObject({ name: "Fault" });
    });
  });
}
