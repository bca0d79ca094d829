/* A card that is changed between its identification and its debit is caught, whoever hides the change. */
import { describe, expect, it } from "vitest";
import { makeTestCard } from "../../../simulators/card/make.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { DEFAULT_PURSE_APPLICATIONS, debitPurchase, initializePurchase, purseFactors, readPublicData, selectPurse } from "../purse/commands.ts";
import { PURCHASE_TYPE_PURSE } from "../purse/types.ts";
import { cardBench, LIMITS, SUITE } from "../testing.ts";
import { type CardSight, lookAgain, sameCard } from "./same-card.ts";

const SIGHT: CardSight = { insertion: 3, applicationId: "a000000632010105", serial: "00009900000000000001" };

describe("two sights", () => {
  it.each([
    ["the same insertion", {}, "same"],
    ["a later insertion", { insertion: 4 }, "inserted-again"],
    ["another serial", { serial: "00009900000000000002" }, "another-card"],
    ["another serial in a later insertion", { insertion: 4, serial: "00009900000000000002" }, "another-card"],
    ["another application", { applicationId: "a00000000386980701" }, "another-card"],
  ] as const)("%s", (_name, change, expected) => {
    expect(sameCard(SIGHT, { ...SIGHT, ...change })).toBe(expected);
  });
});

/** A channel whose card somebody changes without the reader noticing. */
function exchangeable(first: CardChannel, second: CardChannel) {
  let current = first;
  const channel: CardChannel = {
    atr: first.atr,
    insertion: first.insertion,
    transmit: (command, limits) => current.transmit(command, limits),
    close: () => current.close(),
  };
  return {
    channel,
    exchange: () => {
      current = second;
    },
  };
}

async function twoCards() {
  const bench = cardBench();
  const other = cardBench({ card: { serial: 2 } });
  const pair = exchangeable(await bench.channel(), await other.channel());
  return { bench, other, ...pair };
}

async function identify(channel: CardChannel): Promise<CardSight & { readonly issuer: string }> {
  const selected = await selectPurse(channel, DEFAULT_PURSE_APPLICATIONS, LIMITS);
  const data = await readPublicData(channel, LIMITS);
  if (selected.kind !== "ok" || data.kind !== "ok") throw new Error("not identified");
  return { insertion: channel.insertion, applicationId: selected.applicationId, serial: data.serial, issuer: data.issuer };
}

const TERMINAL = fromHex("990100000042");
const START = { keyIndex: 1, amount: fen(450), terminalNumber: TERMINAL };

describe("between SELECT and INITIALIZE", () => {
  it("the same card is the same", async () => {
    const bench = cardBench();
    const channel = await bench.channel();
    const sight = await bench.run(identify(channel));
    expect(await bench.run(lookAgain(channel, sight, LIMITS))).toBe("same");
  });

  it("the reader's own word: nothing is sent to the other card", async () => {
    const bench = cardBench();
    const channel = await bench.channel();
    await bench.run(identify(channel));
    const other = makeTestCard(SUITE, { serial: 2, balanceFen: 10_000, algorithm: "sm4" });
    bench.cardReader.remove();
    bench.cardReader.insert(other);
    await expect(bench.run(initializePurchase(channel, START, LIMITS))).rejects.toMatchObject({ code: "card-changed", effectUnknown: false });
    expect(other.debits).toEqual([]);
  });

  it("a channel of another insertion is told without a command", async () => {
    const bench = cardBench();
    const sight = await bench.run(identify(await bench.channel()));
    bench.cardReader.remove();
    bench.cardReader.insert(bench.card);
    const again = await bench.channel();
    expect(await bench.run(lookAgain(again, sight, LIMITS))).toBe("away-between");
    expect(sameCard(sight, await bench.run(identify(again)))).toBe("inserted-again");
  });

  it("a hidden change: nothing is selected on the other card", async () => {
    const { channel, exchange, bench, other } = await twoCards();
    const sight = await bench.run(identify(channel));
    exchange();
    expect(await other.run(lookAgain(channel, sight, LIMITS))).toBe("another-card");
  });

  it("a hidden change to a card with the same application selected: its serial tells", async () => {
    const { channel, exchange, bench, other } = await twoCards();
    const sight = await bench.run(identify(channel));
    exchange();
    await other.run(identify(channel));
    expect(await other.run(lookAgain(channel, sight, LIMITS))).toBe("another-card");
  });
});

describe("between INITIALIZE and DEBIT", () => {
  async function opened(bench: ReturnType<typeof cardBench>, channel: CardChannel) {
    const psam = await bench.openPsam();
    const work = async () => {
      const sight = await identify(channel);
      const opening = await initializePurchase(channel, START, LIMITS);
      if (opening.kind !== "ok") throw new Error("not opened");
      const [date, time] = [fromHex("20261121"), fromHex("120000")];
      const purchase = await psam.beginPurchase(
        { ...opening, amount: START.amount, type: PURCHASE_TYPE_PURSE, date, time, factors: purseFactors(sight) },
        LIMITS,
      );
      return { terminalSequence: purchase.terminalSequence, date, time, mac1: purchase.mac1 };
    };
    return bench.run(work());
  }

  it.each([
    ["that has not been opened", false, [0x6901, 0x6985]],
    ["that has been opened for the same sale", true, [0x9302]],
  ] as const)("a hidden change to a card %s: it refuses, and neither card pays", async (_name, opens, expected) => {
    const { channel, exchange, bench, other } = await twoCards();
    const completion = await opened(bench, channel);
    exchange();
    if (opens) {
      await other.run(identify(channel));
      expect(await other.run(initializePurchase(channel, START, LIMITS))).toMatchObject({ kind: "ok" });
    }
    const answer = await other.run(debitPurchase(channel, completion, LIMITS));
    expect(answer.kind === "refused" && expected.some((word) => word === answer.statusWord)).toBe(true);
    expect([bench.card.balanceFen, other.card.balanceFen]).toEqual([10_000, 10_000]);
  });

  it("the reader's own word: the debit is not sent", async () => {
    const bench = cardBench();
    const channel = await bench.channel();
    const completion = await opened(bench, channel);
    bench.cardReader.remove();
    bench.cardReader.insert(makeTestCard(SUITE, { serial: 2, balanceFen: 10_000, algorithm: "sm4" }));
    await expect(bench.run(debitPurchase(channel, completion, LIMITS))).rejects.toMatchObject({ code: "card-changed", effectUnknown: false });
    expect(toHex(completion.mac1)).toHaveLength(8);
    expect(bench.card.balanceFen).toBe(10_000);
  });
});
