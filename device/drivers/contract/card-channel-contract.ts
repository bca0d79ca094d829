import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CardChannel } from "../ports.ts";
import { type CardBench, limits } from "./bench.ts";
import { skipUnless } from "./card-reader-contract.ts";

/** What every dialogue with a card must do, whatever carries it. */
export function cardChannelContract(name: string, makeBench: () => Promise<CardBench>): void {
  describe(`card channel contract: ${name}`, () => {
    let bench: CardBench;
    let channel: CardChannel;
    beforeEach(async () => {
      bench = await makeBench();
      await bench.insert();
      channel = await bench.run(bench.reader.waitForCard(limits(3_000)));
    });
    afterEach(() => bench.close());
    const send = (timeoutMs = 2_000) => channel.transmit(bench.harmlessCommand, limits(timeoutMs));

    it("gives the card's answer with its status word, as often as it is asked", async () => {
      const first = await bench.run(send());
      expect(first.length).toBeGreaterThanOrEqual(2);
      expect(await bench.run(send())).toEqual(first);
    });

    it("takes one command at a time; two at once are our own mistake", async () => {
      const first = send();
      await expect(bench.run(send())).rejects.toMatchObject({ name: "AssertionFailure" });
      await expect(bench.run(first)).resolves.toBeDefined();
    });

    it("sends nothing after it was closed, and closing twice is no harm", async () => {
      await bench.run(channel.close());
      await bench.run(channel.close());
      await expect(bench.run(send())).rejects.toMatchObject({ code: "closed", effectUnknown: false });
    });

    it("sends nothing to a card that has left", async () => {
      await bench.remove();
      await bench.run(bench.reader.waitForRemoval(limits(3_000)));
      await expect(bench.run(send())).rejects.toMatchObject({ code: "card-removed", effectUnknown: false });
    });

    it("sends nothing to the card that came after its own", async () => {
      await bench.remove();
      await bench.run(bench.reader.waitForRemoval(limits(3_000)));
      await bench.insert();
      const next = await bench.run(bench.reader.waitForCard(limits(3_000)));
      await expect(bench.run(send())).rejects.toMatchObject({ code: "card-changed", effectUnknown: false });
      await expect(bench.run(next.transmit(bench.harmlessCommand, limits(2_000)))).resolves.toBeDefined();
    });

    it("does not know what became of a command when the card left under it", async (test) => {
      await skipUnless(test, bench.tearNextCommand?.bind(bench))();
      await expect(bench.run(send())).rejects.toMatchObject({ code: "card-removed", effectUnknown: true });
    });

    it("does not know what became of a command that its caller gave up", async (test) => {
      await skipUnless(test, bench.hangNextCommand?.bind(bench))();
      const caller = new AbortController();
      const sent = channel.transmit(bench.harmlessCommand, { timeoutMs: 500, signal: caller.signal });
      sent.catch(() => undefined);
      caller.abort();
      await expect(bench.run(sent)).rejects.toMatchObject({ code: "cancelled", effectUnknown: true });
    });

    it("ends at the deadline when the card hangs, and the reader serves again when the card has come back", async (test) => {
      await skipUnless(test, bench.hangNextCommand?.bind(bench))();
      const { insertion } = channel;
      await expect(bench.run(send(300))).rejects.toMatchObject({ code: "reader-hung", effectUnknown: true });
      await bench.remove();
      await bench.insert();
      channel = await bench.run(bench.reader.waitForCard(limits(5_000)));
      expect(channel.insertion).not.toBe(insertion);
      await expect(bench.run(send())).resolves.toBeDefined();
    });

    it("is over after a fault", async (test) => {
      await skipUnless(test, bench.tearNextCommand?.bind(bench))();
      await expect(bench.run(send())).rejects.toBeDefined();
      await expect(bench.run(send())).rejects.toMatchObject({ effectUnknown: false });
    });
  });
}
