import { describe, expect, it } from "vitest";
import { NO_PRINTER_FAULTS } from "../../simulators/printer/escpos-printer.ts";
import { fen } from "../base/fen.ts";
import type { QuickPaymentOutcome } from "../txn/quick-payment/types.ts";
import type { SaleRequest } from "../txn/sale-request.ts";
import { SimulatedShop } from "./testing.ts";

const PAID_MS = 5_000;

async function open(options: Parameters<SimulatedShop["openTill"]>[0] = {}): Promise<SimulatedShop> {
  const shop = new SimulatedShop();
  await shop.switchOn();
  shop.openTill(options);
  await shop.rest(1);
  return shop;
}

async function sales(shop: SimulatedShop) {
  const entries = await shop.run(shop.place.entries());
  return entries.filter(({ kind }) => kind === "quick-payment").map(({ state, amount, detail }) => [detail["reference"], state, amount]);
}

describe("a sale at the keypad", () => {
  it("goes from the keys over the card to the slip, with the amount before the customer's eyes", async () => {
    const shop = await open();
    shop.keys.press(["1", "2", ".", "5", "enter"]);
    await shop.rest(100);
    expect(shop.shown).toContain("price 1250");
    shop.place.reader.insert(shop.card);
    await shop.rest(PAID_MS);
    shop.place.reader.remove();
    const { boot } = shop.place.journal;
    expect((await sales(shop)).at(-1)).toEqual([`till.${boot}.1`, "done", 1_250]);
    expect(shop.printed).toMatch(new RegExp(`消费凭条[\\s\\S]*交易号 +till\\.${boot}\\.1\\n[\\s\\S]*消费金额 +12\\.50\\n`));
    await shop.closeTill();
  });

  it("is followed by the next, each under a reference of its own, also after a restart", async () => {
    const shop = await open();
    const sell = async () => {
      shop.keys.press(["1", "enter"]);
      shop.place.reader.insert(shop.card);
      await shop.rest(PAID_MS);
      shop.place.reader.remove();
    };
    await sell();
    await sell();
    await shop.closeTill();
    const first = shop.place.journal.boot;
    shop.place.cutPower();
    await shop.switchOn();
    shop.openTill();
    await shop.rest(1);
    await sell();
    const references = new Set((await sales(shop)).map(([reference]) => reference));
    expect([...references]).toEqual([`till.${first}.1`, `till.${first}.2`, `till.${shop.place.journal.boot}.1`]);
    expect(shop.place.journal.boot).not.toBe(first);
    await shop.closeTill();
  });

  it("is cancelled by Esc and forgotten after a while, and then shows nothing", async () => {
    const shop = await open({ settings: { keyTimeoutMs: 5_000 } });
    shop.keys.press(["9", "esc"]);
    await shop.rest(100);
    expect(shop.shown.at(-1)).toBe("");
    shop.keys.press(["8"]);
    await shop.rest(100);
    expect(shop.shown.at(-1)).toBe("price 800");
    await shop.rest(6_000);
    expect(shop.shown.at(-1)).toBe("");
    shop.keys.press(["enter"]);
    await shop.rest(100);
    expect(await sales(shop)).toEqual([]);
    await shop.closeTill();
  });

  it("leaves the display alone while nobody types", async () => {
    const shop = await open({ settings: { keyTimeoutMs: 5_000 } });
    await shop.rest(60_000);
    expect(shop.shown).toEqual([]);
    await shop.closeTill();
  });

  it("without a card ends, and the next one begins", async () => {
    const shop = await open({ settings: { cardTimeoutMs: 2_000 } });
    shop.keys.press(["1", "enter"]);
    await shop.rest(3_000);
    expect(await sales(shop)).toEqual([]);
    shop.keys.press(["2", "enter"]);
    shop.place.reader.insert(shop.card);
    await shop.rest(PAID_MS);
    expect((await sales(shop)).at(-1)?.slice(1)).toEqual(["done", 200]);
    await shop.closeTill();
  });

  it("is given up by Esc while its card is waited for, and whatever else is typed then is nobody's", async () => {
    const shop = await open({ settings: { cardTimeoutMs: 20_000 } });
    shop.keys.press(["1", "enter"]);
    await shop.rest(1_000);
    shop.keys.press(["7", "enter", "8", "esc"]);
    await shop.rest(1_000);
    shop.place.reader.insert(shop.card);
    await shop.rest(PAID_MS);
    expect(await sales(shop)).toEqual([]);
    shop.keys.press(["2", "enter"]);
    await shop.rest(PAID_MS);
    expect((await sales(shop)).at(-1)?.slice(1)).toEqual(["done", 200]);
    await shop.closeTill();
  });

  it("that was torn waits for its card; where it stays away, the card's next payment settles it first", async () => {
    const shop = await open();
    shop.place.tearDebit("after");
    shop.keys.press(["3", "enter"]);
    shop.place.reader.insert(shop.card);
    await shop.rest(60_000);
    expect((await sales(shop)).at(-1)?.slice(1)).toEqual(["unknown", 300]);
    expect(shop.printed).toMatch(/交易待确认[\s\S]*card-never-returned/);
    expect(shop.printed).not.toMatch(/消费凭条/);
    shop.keys.press(["4", "enter"]);
    await shop.rest(100);
    shop.place.reader.remove();
    shop.place.reader.insert(shop.card);
    await shop.rest(PAID_MS);
    const ends = (await sales(shop)).filter(([, state]) => state === "done").map(([reference, , amount]) => [reference, amount]);
    const { boot } = shop.place.journal;
    expect(ends).toEqual([
      [`till.${boot}.1`, 300],
      [`till.${boot}.2`, 400],
    ]);
    await shop.closeTill();
  });

  it("is paid whatever becomes of its slip", async () => {
    const shop = await open();
    shop.paper.setFaults({ paperLines: 0 });
    shop.keys.press(["1", "enter"]);
    shop.place.reader.insert(shop.card);
    await shop.rest(40_000);
    shop.paper.setFaults(NO_PRINTER_FAULTS);
    expect((await sales(shop)).at(-1)?.slice(1)).toEqual(["done", 100]);
    await shop.closeTill();
  });
});

describe("purses at the keypad", () => {
  const refused = (reason: "no-purse" | "purse-not-offered" | "insufficient-funds"): QuickPaymentOutcome => ({ kind: "refused", reason });
  it.each([
    ["no-purse", ["electronic-cash", "e-purse"]],
    ["purse-not-offered", ["electronic-cash", "e-purse"]],
    ["insufficient-funds", ["electronic-cash"]],
  ] as const)("are tried in their order while nothing was begun: %s", async (reason, tried) => {
    const asked: SaleRequest[] = [];
    const pay = (request: SaleRequest) => {
      asked.push(request);
      return Promise.resolve(refused(reason));
    };
    const shop = await open({ settings: { purses: ["electronic-cash", "e-purse"] }, pay });
    shop.keys.press(["5", "enter"]);
    await shop.rest(1_000);
    expect(asked.map(({ purse }) => purse?.kind)).toEqual(tried);
    expect(new Set(asked.map(({ reference, amount }) => `${reference} ${amount}`)).size).toBe(1);
    await shop.closeTill();
  });
});

describe("a sale that is not paid", () => {
  const outcomes: readonly (readonly [string, QuickPaymentOutcome, RegExp])[] = [
    [
      "refused, with words",
      { kind: "refused", reason: "insufficient-funds" },
      /交易未成功[\s\S]*till\.\d+\.1[\s\S]*12\.50[\s\S]*余额不足[\s\S]*Too little[\s\S]*insufficient-funds[\s\S]*未扣款/,
    ],
    ["refused without words", { kind: "refused", reason: "card-unreadable" }, /交易未成功[\s\S]*\(card-unreadable\)/],
    ["left open", { kind: "unknown", subject: "s", reason: "card-never-returned" }, /交易待确认[\s\S]*card-never-returned[\s\S]*再次刷卡/],
    [
      "vouched for by the card alone",
      { kind: "unverified", subject: "s", amount: fen(1_250), proof: "balance", reason: "mac2-refused" },
      /交易待确认[\s\S]*勿交付/,
    ],
  ];

  it.each(outcomes)("says so on paper: %s", async (_, outcome, said) => {
    const shop = await open({ pay: () => Promise.resolve(outcome) });
    shop.keys.press(["1", "2", ".", "5", "enter"]);
    await shop.rest(PAID_MS);
    expect(shop.printed).toMatch(said);
    expect(shop.printed).not.toMatch(/消费凭条/);
    await shop.closeTill();
  });

  it.each([
    ["nobody presented a card", { kind: "no-card" }, {}],
    ["the shop prints nothing", { kind: "refused", reason: "insufficient-funds" }, { settings: { prints: false } }],
  ] as const)("prints nothing where %s", async (_, outcome, options) => {
    const shop = await open({ ...options, pay: () => Promise.resolve(outcome) });
    shop.keys.press(["1", "enter"]);
    await shop.rest(PAID_MS);
    expect(shop.printed).toBe("");
    await shop.closeTill();
  });
});
