/*
 * Goal: wherever a journey, a hold or its completion is torn or loses power, it is taken once and its record is written once.
 * Method: one sale is run once to count its commands; then it is run again for each of them and torn there, and the same card comes back.
 * The same for each command and each commit at which power fails.
 */
import { describe, expect, test } from "vitest";
import type { SimulatedCard } from "../../../../simulators/card/card.ts";
import type { ElectronicCashOptions } from "../../../../simulators/card/electronic-cash/make.ts";
import { fen, ZERO_FEN } from "../../../base/fen.ts";
import { recoverAtStart } from "../../recovery/recover.ts";
import type { PurseChoice } from "../../sale-request.ts";
import { runQuickPayment } from "../run.ts";
import { TEST_LIMITS } from "../testing.ts";
import type { QuickPaymentOutcome } from "../types.ts";
import { CashPlace, contentOf, extendedCard, fareTariff, gateTariff, industrySale } from "./testing.ts";

const POINTS = ["before", "during", "after"] as const;
const BALANCE = 10_000;

interface Sale {
  readonly purse: PurseChoice;
  /** What was sold to the card before, so that it still proves that sale. */
  readonly earlier: readonly PurseChoice[];
  /** Balance, held amount and debits of the card once this sale has taken place. */
  readonly after: { readonly balance: number; readonly held: number; readonly debits: number };
}

const RIDE = industrySale("segment-fare", gateTariff(fen(300)));
const HOLD = industrySale("pre-authorization", fareTariff(fen(2_000)));
const COMPLETE = industrySale("completion", fareTariff(fen(1_500)));

const SALES: Readonly<Record<string, Sale>> = {
  entry: { purse: RIDE, earlier: [], after: { balance: BALANCE, held: 0, debits: 1 } },
  exit: { purse: RIDE, earlier: [RIDE], after: { balance: 9_700, held: 0, debits: 2 } },
  hold: { purse: HOLD, earlier: [], after: { balance: BALANCE, held: 2_000, debits: 0 } },
  completion: { purse: COMPLETE, earlier: [HOLD], after: { balance: 8_500, held: 0, debits: 1 } },
};

/** Cards that tell what they committed in different ways: by repeating their last answer, or by their proof alone. */
const CARDS: Readonly<Record<string, Partial<ElectronicCashOptions> & { readonly forgetful?: true }>> = {
  "that repeats its last answer": {},
  "with the older signature": { signatureVersion: "00" },
  "that keeps only its proof": { forgetful: true },
};

interface Scene {
  readonly place: CashPlace;
  readonly card: SimulatedCard;
  readonly sale: Sale;
}

async function scene(sale: Sale, { forgetful, ...options }: (typeof CARDS)[string]): Promise<Scene> {
  const place = new CashPlace();
  await place.switchOn();
  const card = extendedCard(place.place, options);
  if (forgetful === true) card.setFaults({ lastAnswerLost: true });
  place.place.reader.insert(card);
  for (const [at, purse] of sale.earlier.entries()) expect(await place.sell(`earlier-${at}`, purse)).toMatchObject({ kind: "paid" });
  return { place, card, sale };
}

/** Sells, and puts the card back whenever it was torn away; undefined once the power has failed. */
async function sell({ place, card, sale }: Scene, reference: string): Promise<QuickPaymentOutcome | undefined> {
  const { clock, reader } = place.place;
  let outcome: QuickPaymentOutcome | undefined;
  void runQuickPayment(place.ports, { reference, amount: ZERO_FEN, purse: sale.purse }, TEST_LIMITS).then((value) => {
    outcome = value;
  });
  for (let waits = 0; waits < 200 && outcome === undefined && place.place.on; waits += 1) {
    await clock.runUntil(clock.monotonicMs() + 300, () => outcome !== undefined || !place.place.on);
    if (place.place.on && reader.card === undefined) reader.insert(card);
  }
  if (!place.place.on) await clock.runUntil(clock.monotonicMs() + 500);
  return outcome;
}

function truth(card: SimulatedCard) {
  const memory = card.toSnapshot().memory.electronicCash;
  return { balance: memory?.balanceFen, held: memory?.industry[0]?.reservedFen ?? 0, debits: card.debits.length };
}

/** The journal knows the sale once, and what it says was written stands on the card. */
async function expectBooked({ place, card, sale }: Scene): Promise<void> {
  expect(truth(card)).toEqual(sale.after);
  const entries = await place.place.clock.resolve(place.place.entries());
  const done = entries.filter(({ state, detail }) => state === "done" && detail["reference"] === "r1");
  expect(done.length).toBe(1);
  expect(done[0]?.detail["industryData"]).toBe(`2701${Buffer.from(contentOf(card)).toString("hex")}`);
  expect(await place.place.clock.resolve(place.place.journal.openSubjects({ limit: 10 }))).toEqual([]);
}

async function commandsOf(sale: Sale, card: (typeof CARDS)[string]): Promise<number> {
  const counted = await scene(sale, card);
  const first = counted.place.place.commands;
  expect(await sell(counted, "r1")).toMatchObject({ kind: "paid", verified: true });
  return counted.place.place.commands - first;
}

const CASES = Object.keys(SALES).flatMap((name) => Object.keys(CARDS).map((card) => [name, card] as const));

describe.each(CASES)("%s, of a card %s", (name, cardName) => {
  const sale = SALES[name] as Sale;
  const options = CARDS[cardName] as (typeof CARDS)[string];

  test.each(POINTS)("torn %s any of its commands ends paid, once", async (at) => {
    const commands = await commandsOf(sale, options);
    expect(commands).toBeGreaterThan(9);
    for (let index = 0; index < commands; index += 1) {
      const torn = await scene(sale, options);
      const first = torn.place.place.commands;
      torn.place.place.plan((info) => (info.index === first + index ? { kind: "tear", at } : { kind: "ok" }));
      expect(await sell(torn, "r1")).toMatchObject({ kind: "paid", amount: sale.purse === COMPLETE ? 1_500 : expect.any(Number) });
      await expectBooked(torn);
    }
  });
});

describe.each(CASES.filter(([name, cardName]) => cardName === "that repeats its last answer" || name === "hold"))("%s, of a card %s", (name, cardName) => {
  const sale = SALES[name] as Sale;
  const options = CARDS[cardName] as (typeof CARDS)[string];

  test.each(["before", "after"] as const)("with power that fails %s any of its commands is taken once in the next life", async (when) => {
    const commands = await commandsOf(sale, options);
    for (let index = 0; index < commands; index += 1) {
      const cut = await scene(sale, options);
      const first = cut.place.place.commands;
      cut.place.place.plan((info) => (info.index === first + index ? { kind: "power-cut", when } : { kind: "ok" }));
      expect(await sell(cut, "r1")).toBeUndefined();
      await nextLife(cut);
      expect(await sell(cut, "r1")).toMatchObject({ kind: "paid" });
      await expectBooked(cut);
    }
  });

  test.each(POINTS)("with power that fails %s any of its commits is taken once in the next life", async (when) => {
    for (let commit = 0; commit < 3; commit += 1) {
      const cut = await scene(sale, options);
      let commits = 0;
      cut.place.place.disk.onCommit(() => {
        commits += 1;
        return commits === commit + 1 ? { kind: "cut", when } : { kind: "go" };
      });
      // Only when everything was durable may the answer have come out before the power went.
      if ((await sell(cut, "r1")) !== undefined) expect([when, commit]).toEqual(["after", 2]);
      await nextLife(cut);
      expect(await sell(cut, "r1")).toMatchObject({ kind: "paid" });
      await expectBooked(cut);
    }
  });
});

async function nextLife({ place }: Scene): Promise<void> {
  place.place.cutPower();
  place.place.plan(() => ({ kind: "ok" }));
  const ports = await place.switchOn();
  await place.place.clock.resolve(recoverAtStart(ports));
}
