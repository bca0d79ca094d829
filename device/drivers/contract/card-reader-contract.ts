import { afterEach, beforeEach, describe, expect, it, type TestContext } from "vitest";
import { limits } from "./bench.ts";
import type { CardDesk } from "./desk.ts";

/** What every card reader must do, whatever it is made of. */
export function cardReaderContract(name: string, makeBench: () => Promise<CardDesk>): void {
  describe(`card reader contract: ${name}`, () => {
    let bench: CardDesk;
    beforeEach(async () => {
      bench = await makeBench();
    });
    afterEach(() => bench.close());

    it("finds a card that already lies there", async () => {
      await bench.insert();
      const channel = await bench.run(bench.reader.waitForCard(limits(3_000)));
      expect(channel.atr.length).toBeGreaterThan(1);
    });

    it("finds a card that comes while it waits", async () => {
      const waiting = bench.reader.waitForCard(limits(3_000 + (bench.handMs ?? 0)));
      await bench.insert();
      const channel = await bench.run(waiting);
      expect((await bench.run(channel.transmit(bench.harmlessCommand, limits(2_000)))).length).toBeGreaterThanOrEqual(2);
    });

    it("gives up at the deadline when no card comes, and finds one later", async () => {
      await expect(bench.run(bench.reader.waitForCard(limits(150)))).rejects.toMatchObject({ code: "timeout", effectUnknown: false });
      await bench.insert();
      await expect(bench.run(bench.reader.waitForCard(limits(3_000)))).resolves.toBeDefined();
    });

    it("stops waiting when its caller cancels", async () => {
      const caller = new AbortController();
      const waiting = bench.reader.waitForCard({ timeoutMs: 3_000, signal: caller.signal });
      waiting.catch(() => undefined);
      caller.abort();
      await expect(bench.run(waiting)).rejects.toMatchObject({ code: "cancelled", effectUnknown: false });
    });

    it("gives the same insertion number as long as the card stays, and another one when it has left", async () => {
      await bench.insert();
      const first = await bench.run(bench.reader.waitForCard(limits(3_000)));
      await bench.run(first.close());
      const again = await bench.run(bench.reader.waitForCard(limits(3_000)));
      expect(again.insertion).toBe(first.insertion);
      await bench.remove();
      await bench.run(bench.reader.waitForRemoval(limits(3_000)));
      await bench.insert();
      const later = await bench.run(bench.reader.waitForCard(limits(3_000)));
      expect(later.insertion).not.toBe(first.insertion);
    });

    it("an empty reader needs no removal", async () => {
      await expect(bench.run(bench.reader.waitForRemoval(limits(3_000)))).resolves.toBeUndefined();
    });

    it("says when a card stays longer than the caller waits", async () => {
      await bench.insert();
      await bench.run(bench.reader.waitForCard(limits(3_000)));
      await expect(bench.run(bench.reader.waitForRemoval(limits(100)))).rejects.toMatchObject({ code: "timeout" });
    });

    it("tells a mute card", async (test) => {
      await skipUnless(test, bench.insertMute?.bind(bench))();
      await expect(bench.run(bench.reader.waitForCard(limits(3_000)))).rejects.toMatchObject({ code: "card-mute", effectUnknown: false });
    });

    it("heals by itself after the reader was away", async (test) => {
      const lose = skipUnless(test, bench.loseReader?.bind(bench));
      const restore = skipUnless(test, bench.restoreReader?.bind(bench));
      await bench.insert();
      const before = await bench.run(bench.reader.waitForCard(limits(3_000)));
      await lose();
      await expect(bench.run(before.transmit(bench.harmlessCommand, limits(2_000)))).rejects.toMatchObject({ name: "Fault" });
      await expect(bench.run(bench.reader.waitForCard(limits(100)))).rejects.toMatchObject({ effectUnknown: false });
      await restore();
      const after = await bench.run(bench.reader.waitForCard(limits(5_000)));
      expect(after.insertion).not.toBe(before.insertion);
    });

    it("is over when it was closed", async () => {
      await bench.insert();
      await bench.run(bench.reader.close());
      await expect(bench.run(bench.reader.waitForCard(limits(500)))).rejects.toMatchObject({ code: "closed" });
    });
  });
}

/** Skips the running test where the bench cannot do what it needs. */
export function skipUnless<Ability>(running: TestContext, ability: Ability | undefined): Ability {
  return ability ?? running.skip("this bench cannot do it");
}
