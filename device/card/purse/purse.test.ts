/* The purse dialogue against an independently written card and module: whole purchases, and what the card proves after a tear. */
import { describe, expect, it } from "vitest";
import { toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { dateToBcd, timeToBcd } from "../../codec/bcd.ts";
import type { CardChannel, Psam } from "../../drivers/ports.ts";
import { type CardBenchOptions, cardBench, LIMITS } from "../testing.ts";
import {
  DEFAULT_PURSE_APPLICATIONS,
  debitPurchase,
  initializePurchase,
  purseFactors,
  readBalance,
  readLogRecord,
  readPublicData,
  selectPurse,
} from "./commands.ts";
import { proveSale } from "./prove-sale.ts";
import { type DebitAnswer, PURCHASE_TYPE_PURSE, type PurchaseIntent, type PurchaseOpening, type PursePublicData } from "./types.ts";

type Bench = ReturnType<typeof cardBench>;

interface Sale {
  readonly amount: number;
  readonly time: string;
}

async function open(channel: CardChannel): Promise<PursePublicData> {
  expect(await selectPurse(channel, DEFAULT_PURSE_APPLICATIONS, LIMITS)).toMatchObject({ kind: "ok" });
  const purse = await readPublicData(channel, LIMITS);
  if (purse.kind !== "ok") throw new Error("no public data");
  return purse;
}

async function begin(channel: CardChannel, psam: Psam, sale: Sale) {
  const purse = await open(channel);
  const amount = fen(sale.amount);
  const opening = await initializePurchase(channel, { keyIndex: 1, amount, terminalNumber: psam.terminalNumber }, LIMITS);
  if (opening.kind !== "ok") throw new Error("not opened");
  const date = dateToBcd("20261121");
  const time = timeToBcd(sale.time);
  const purchase = await psam.beginPurchase({ ...opening, amount, type: PURCHASE_TYPE_PURSE, date, time, factors: purseFactors(purse) }, LIMITS);
  return { opening, purchase, completion: { terminalSequence: purchase.terminalSequence, date, time, mac1: purchase.mac1 } };
}

async function sell(
  bench: Bench,
  psam: Psam,
  sale: Sale,
): Promise<{ readonly opening: PurchaseOpening; readonly answer: DebitAnswer; readonly credit: string }> {
  const channel = await bench.channel();
  return bench.run(
    (async () => {
      const { opening, purchase, completion } = await begin(channel, psam, sale);
      const answer = await debitPurchase(channel, completion, LIMITS);
      const credit = answer.kind === "ok" ? await purchase.credit(answer.mac2, LIMITS) : "refused";
      return { opening, answer, credit };
    })(),
  );
}

function intentOf(psam: Psam, sale: Sale, more: Partial<PurchaseIntent> = {}): PurchaseIntent {
  return { terminalNumber: toHex(psam.terminalNumber), date: "20261121", time: sale.time, type: PURCHASE_TYPE_PURSE, amount: fen(sale.amount), ...more };
}

describe("a purchase", () => {
  const cases: readonly (readonly [string, CardBenchOptions])[] = [
    ["SM4", {}],
    ["triple DES", { card: { algorithm: "3des" } }],
    ["SM4 with folded codes", { profile: { macReduce: "fold4" } }],
    ["SM4 with padded session input", { profile: { sessionPad: "pad80" } }],
    ["SM4 with zeros in the factor", { profile: { sm4Diversify: "fZeros" } }],
    ["a module with keys of the root", { psam: { purseLevel: 3 } }],
    ["a module with keys of the issuer", { psam: { purseLevel: 1 } }],
  ];
  it.each(cases)("moves the money once and satisfies the module: %s", async (_name, options) => {
    const bench = cardBench(options);
    const psam = await bench.openPsam();
    const expected = psam.expectedSequence();
    const { answer, credit, opening } = await sell(bench, psam, { amount: 450, time: "120000" });
    expect(answer.kind).toBe("ok");
    expect(credit).toBe("accepted");
    expect(opening.balance).toBe(10_000);
    expect(bench.card.balanceFen).toBe(9_550);
    expect(bench.card.debits.map((debit) => debit.terminalSeq)).toEqual([expected]);
    expect(psam.expectedSequence()).toBe(expected + 1);
  });

  it("is refused by a card without enough money, and nothing moves", async () => {
    const bench = cardBench({ card: { balanceFen: 100 } });
    const psam = await bench.openPsam();
    const channel = await bench.channel();
    await bench.run(open(channel));
    expect(await bench.run(initializePurchase(channel, { keyIndex: 1, amount: fen(101), terminalNumber: psam.terminalNumber }, LIMITS))).toEqual({
      kind: "refused",
      statusWord: 0x9401,
    });
    expect(bench.card.balanceFen).toBe(100);
  });

  it("leaves balance and log as the card's own books have them", async () => {
    const bench = cardBench();
    const psam = await bench.openPsam();
    const sale = { amount: 450, time: "120000" };
    await sell(bench, psam, sale);
    const channel = await bench.channel();
    await bench.run(open(channel));
    expect(await bench.run(readBalance(channel, LIMITS))).toEqual({ kind: "ok", balance: 9_550 });
    const record = await bench.run(readLogRecord(channel, 1, LIMITS));
    const { terminalNumber, date, time, type, amount } = intentOf(psam, sale);
    expect(record).toMatchObject({ kind: "ok", entry: { terminalNumber, date, time, type, amount } });
    expect(await bench.run(readLogRecord(channel, 2, LIMITS))).toEqual({ kind: "no-record" });
  });
});

/** Plays a debit that is torn, and gives back what is known of the sale then. */
async function torn(bench: Bench, psam: Psam, how: { readonly sale: Sale; readonly at: "before" | "during" | "after" }) {
  const channel = await bench.channel();
  const { purchase, opening, completion } = await bench.run(begin(channel, psam, how.sale));
  bench.cardReader.setFate(({ command }) => (command[1] === 0x54 ? { kind: "tear", at: how.at } : { kind: "ok" }));
  await expect(bench.run(debitPurchase(channel, completion, LIMITS))).rejects.toMatchObject({ code: "card-removed", effectUnknown: true });
  bench.cardReader.setFate(() => ({ kind: "ok" }));
  bench.cardReader.insert(bench.card);
  return { purchase, opening };
}

async function prove(bench: Bench, intent: PurchaseIntent) {
  const channel = await bench.channel();
  return bench.run(
    (async () => {
      await open(channel);
      return proveSale(channel, { intent, proveSeqOrder: bench.profile.proveSeqOrder }, LIMITS);
    })(),
  );
}

describe.each(["pre", "post"] as const)("after a torn debit, the card logging in mode %s", (logSeqMode) => {
  const sale = { amount: 450, time: "120500" };
  const previous = { amount: 450, time: "120000" };

  it.each(["before", "during"] as const)("a tear %s the commit is not debited, although the card still proves the sale before", async (at) => {
    const bench = cardBench({ profile: { logSeqMode } });
    const psam = await bench.openPsam();
    await sell(bench, psam, previous);
    const { opening } = await torn(bench, psam, { sale, at });
    for (const more of [{}, { cardSequence: opening.cardSequence }]) expect(await prove(bench, intentOf(psam, sale, more))).toEqual({ kind: "not-debited" });
    expect(bench.card.balanceFen).toBe(9_550);
  });

  it("a tear after the commit is debited, and the module accepts the proof", async () => {
    const bench = cardBench({ profile: { logSeqMode } });
    const psam = await bench.openPsam();
    await sell(bench, psam, previous);
    const { purchase, opening } = await torn(bench, psam, { sale, at: "after" });
    const evidence = await prove(bench, intentOf(psam, sale, { cardSequence: opening.cardSequence }));
    expect(evidence).toMatchObject({ kind: "debited", proof: "log" });
    if (evidence.kind !== "debited" || evidence.proof !== "log") return;
    expect(toHex(evidence.tac)).toBe(bench.card.debits.at(-1)?.tac);
    expect(await bench.run(purchase.credit(evidence.mac2, LIMITS))).toBe("accepted");
    expect(bench.card.balanceFen).toBe(9_100);
  });

  it("the proof is found without knowing the card's sequence", async () => {
    const bench = cardBench({ profile: { logSeqMode } });
    const psam = await bench.openPsam();
    await torn(bench, psam, { sale, at: "after" });
    expect(await prove(bench, intentOf(psam, sale))).toMatchObject({ kind: "debited", proof: "log" });
  });

  it("another sale after it leaves the log alone to prove it", async () => {
    const bench = cardBench({ profile: { logSeqMode } });
    const psam = await bench.openPsam();
    const { purchase, opening } = await torn(bench, psam, { sale, at: "after" });
    purchase.release();
    await sell(bench, psam, { amount: 300, time: "121000" });
    expect(await prove(bench, intentOf(psam, sale, { cardSequence: opening.cardSequence }))).toMatchObject({ kind: "debited", proof: "log-only" });
  });

  it("ten later sales leave the matter open, whether the sale happened or not", async () => {
    for (const at of ["before", "after"] as const) {
      const bench = cardBench({ profile: { logSeqMode } });
      const psam = await bench.openPsam();
      const { purchase } = await torn(bench, psam, { sale, at });
      purchase.release();
      for (let count = 10; count < 20; count += 1) await sell(bench, psam, { amount: 100, time: `13${count}00` });
      expect(await prove(bench, intentOf(psam, sale))).toEqual({ kind: "undecidable", why: "log-overrun" });
    }
  });

  it("a full log of older sales says that a sale of known sequence did not happen", async () => {
    const bench = cardBench({ profile: { logSeqMode } });
    const psam = await bench.openPsam();
    for (let count = 10; count < 22; count += 1) await sell(bench, psam, { amount: 100, time: `11${count}00` });
    const { opening } = await torn(bench, psam, { sale, at: "before" });
    expect(await prove(bench, intentOf(psam, sale, { cardSequence: opening.cardSequence }))).toEqual({ kind: "not-debited" });
    expect(await prove(bench, intentOf(psam, sale))).toEqual({ kind: "undecidable", why: "log-overrun" });
  });

  it("the newest log entry before the sale decides like a known sequence", async () => {
    const bench = cardBench({ profile: { logSeqMode } });
    const psam = await bench.openPsam();
    for (let count = 10; count < 22; count += 1) await sell(bench, psam, { amount: 100, time: `11${count}00` });
    const channel = await bench.channel();
    await bench.run(open(channel));
    const newest = await bench.run(readLogRecord(channel, 1, LIMITS));
    const logSequenceBefore = newest.kind === "ok" ? newest.entry.sequence : -1;
    await torn(bench, psam, { sale, at: "before" });
    expect(await prove(bench, intentOf(psam, sale, { logSequenceBefore }))).toEqual({ kind: "not-debited" });
  });
});
