import { afterEach, beforeEach, describe, expect, it, type TestContext } from "vitest";
import type { Limits } from "../../base/ports.ts";
import type { PassageDirection } from "../peripherals.ts";
import { skipUnless } from "./card-reader-contract.ts";
import type { GateDesk } from "./desk.ts";

const LOOK_MS = 5;
const LOOKING_MS = 10_000;
/** Where a word shuts the gate, it is shut when that word was given; a process that is ended takes a moment. */
const SHUT_MS = 1_000;

/** What a board by its nature never does: it has no word for a refusal, or tells no passages. Such cases do not exist for it. */
export type GateLack = "refusal" | "passages";

/** What every gate must do: open for one, say how it ended, never say "passed" of what it did not see, and never stay open. */
export function gateContract(name: string, makeBench: () => Promise<GateDesk>, lacks: readonly GateLack[] = []): void {
  describe(`gate contract: ${name}`, () => {
    let bench: GateDesk;
    beforeEach(async () => {
      bench = await makeBench();
    });
    afterEach(() => bench.close());

    const open = (direction: PassageDirection = "entry", bounds: Limits = bench.answerLimits) =>
      bench.gate.open(direction, { passageTimeoutMs: bench.passageTimeoutMs }, bounds);
    const seen = (passage: "passed" | "reversed") => {
      if (passage === "passed") return bench.gate.reportsPassage ? "passed" : "timeout";
      return bench.tellsReversal ? "reversed" : "timeout";
    };
    const expectOpened = (directions: readonly PassageDirection[]) => {
      if (bench.opened !== undefined) expect(bench.opened()).toEqual(directions);
    };
    /** Where nobody can see the gate, the case is skipped. */
    const isOpenNow = (test: TestContext) => (bench.isOpen === undefined ? skipUnless(test, bench.seesOpen?.bind(bench))() : bench.isOpen());
    /** Looks at the gate until it is as wanted. */
    async function until(test: TestContext, isOpen: boolean, lookingMs = LOOKING_MS): Promise<void> {
      const beganMs = bench.clock.monotonicMs();
      while ((await isOpenNow(test)) !== isOpen) {
        expect(bench.clock.monotonicMs() - beganMs, `the gate is ${isOpen ? "open" : "shut"} in time`).toBeLessThan(lookingMs);
        await bench.run(bench.clock.sleep(LOOK_MS));
      }
    }
    /** As {@link until}, where the gate can be seen at all: behind a passage its own word counts too. */
    const shut = async (test: TestContext) => {
      if (bench.isOpen !== undefined || bench.seesOpen !== undefined) await until(test, false);
    };
    const canBeSeen = (test: TestContext) => skipUnless(test, bench.isOpen ?? bench.seesOpen);

    it.for(["entry", "exit"] as const)("lets one pass: %s", async (direction, test) => {
      bench.plan("passes", direction);
      expect(await bench.run(open(direction))).toBe(seen("passed"));
      expectOpened([direction]);
      await shut(test);
    });

    it("shuts when nobody comes", async (test) => {
      bench.plan("stays");
      expect(await bench.run(open())).toBe("timeout");
      if (bench.isOpen !== undefined) expect(bench.isOpen()).toBe(false);
      else await shut(test);
    });

    it("does not take somebody who came back for somebody who passed", async (test) => {
      bench.plan("turns-back");
      expect(await bench.run(open())).toBe(seen("reversed"));
      await shut(test);
    });

    it("serves one after the other", async () => {
      const ends: string[] = [];
      for (const walk of ["passes", "stays", "passes"] as const) {
        bench.plan(walk);
        ends.push(await bench.run(open()));
      }
      expect(ends).toEqual([seen("passed"), "timeout", seen("passed")]);
      expectOpened(["entry", "entry", "entry"]);
    });

    it("refuses a second passage while one is under way, and opens once", async () => {
      bench.plan("stays");
      const first = open();
      await expect(bench.run(open("exit"))).rejects.toMatchObject({ code: "device-refused", effectUnknown: false });
      expect(await bench.run(first)).toBe("timeout");
      expectOpened(["entry"]);
    });

    if (!lacks.includes("refusal")) {
      it("says that it cannot", async (test) => {
        skipUnless(test, bench.refuseNext?.bind(bench))();
        expect(await bench.run(open())).toBe("fault");
        await until(test, false);
        bench.plan("passes");
        expect(await bench.run(open())).toBe(seen("passed"));
      });
    }

    if (!lacks.includes("passages")) {
      it("does not take a passage that nobody paid for as this one's", async (test) => {
        const passFreely = skipUnless(test, bench.passFreely?.bind(bench));
        passFreely("entry");
        await bench.run(bench.clock.sleep(50));
        bench.plan("stays");
        const passage = open("entry");
        await until(test, true);
        passFreely("exit");
        expect(await bench.run(passage)).toBe("timeout");
      });
    }

    it("stops when its caller leaves, and shuts", async (test) => {
      canBeSeen(test);
      bench.plan("stays");
      const leaving = new AbortController();
      const passage = open("entry", { ...bench.answerLimits, signal: leaving.signal });
      passage.catch(() => undefined);
      await until(test, true);
      leaving.abort();
      await expect(bench.run(passage)).rejects.toMatchObject({ code: "cancelled", effectUnknown: true });
      await until(test, false);
      bench.plan("passes");
      expect(await bench.run(open())).toBe(seen("passed"));
    });

    it("closed in the middle of a passage, the gate is shut", async (test) => {
      canBeSeen(test);
      bench.plan("stays");
      const passage = open();
      passage.catch(() => undefined);
      await until(test, true);
      await bench.run(bench.gate.close());
      await expect(bench.run(passage)).rejects.toMatchObject({ effectUnknown: true });
      // Hands and eyes take their time, and some boards theirs.
      await until(test, false, bench.isOpen === undefined || bench.locksByItself === true ? LOOKING_MS : SHUT_MS);
    });

    it("opens nothing for a caller who has left", async () => {
      const left = AbortSignal.abort();
      await expect(bench.run(open("entry", { ...bench.answerLimits, signal: left }))).rejects.toMatchObject({ code: "cancelled", effectUnknown: false });
      expectOpened([]);
    });

    it("is well", async () => {
      expect(await bench.run(bench.gate.health(bench.answerLimits))).toEqual({ kind: "well" });
      expectOpened([]);
    });

    it("tells that it is away, opens nothing, and serves again when it is back", async (test) => {
      await skipUnless(test, bench.unplug?.bind(bench))();
      expect(await bench.run(bench.gate.health(bench.answerLimits))).toEqual({ kind: "away" });
      await expect(bench.run(open())).rejects.toMatchObject({ code: "device-gone", effectUnknown: false });
      expectOpened([]);
      await skipUnless(test, bench.plugIn?.bind(bench))();
      bench.plan("passes");
      expect(await bench.run(open())).toBe(seen("passed"));
    });

    it("lost in the middle it says that nobody knows, and is shut when it is back without being asked", async (test) => {
      const unplug = skipUnless(test, bench.unplug?.bind(bench));
      canBeSeen(test);
      bench.plan("stays");
      const passage = open();
      passage.catch(() => undefined);
      await until(test, true);
      await unplug();
      await expect(bench.run(passage)).rejects.toMatchObject({ code: "device-gone", effectUnknown: true });
      await skipUnless(test, bench.plugIn?.bind(bench))();
      await until(test, false);
      bench.plan("passes");
      expect(await bench.run(open())).toBe(seen("passed"));
      expectOpened(["entry", "entry"]);
    });
  });
}
