import { describe, expect, it } from "vitest";
import { NO_PRINTER_FAULTS } from "../../simulators/printer/escpos-printer.ts";
import { fen } from "../base/fen.ts";
import { limits } from "../drivers/contract/bench.ts";
import { SimulatedShop } from "./testing.ts";

const PATIENT = limits(30_000);
const ORIGINAL = { as: "original" } as const;
const COPY = { as: "copy", by: "chief" } as const;

async function open(): Promise<SimulatedShop> {
  const shop = new SimulatedShop();
  await shop.switchOn();
  return shop;
}

const copiesOf = (shop: SimulatedShop) => shop.printed.match(/【副本】/g)?.length ?? 0;
const slipsOf = (shop: SimulatedShop, title: string) => shop.printed.match(new RegExp(title, "g"))?.length ?? 0;

describe("the slip of a sale", () => {
  it("is made from the journal alone: what was sold, with what, and what is left on the card", async () => {
    const shop = await open();
    await shop.sell("c1.S1.q1", 450);
    expect(await shop.run(shop.shop.printSale("c1.S1.q1", ORIGINAL, PATIENT))).toBe("printed");
    expect(shop.printed).toMatch(
      /测试商店[\s\S]*消费凭条[\s\S]*终端号 +T1[\s\S]*操作员 +li\n时间 +2026-01-05 12:00:\d\d\n交易号 +S1\n支付方式 +电子钱包\n卡号 +\*{4}\d{4}\n/,
    );
    expect(shop.printed).toMatch(/消费金额 +4\.50\n卡内余额 +95\.50\n/);
  });

  it("comes out once as the original, also after a restart, and as a copy as often as somebody asks", async () => {
    const shop = await open();
    await shop.sell("c1.S1.q1", 450);
    const [first, joined] = await shop.run(
      Promise.all([shop.shop.printSale("c1.S1.q1", ORIGINAL, PATIENT), shop.shop.printSale("c1.S1.q1", ORIGINAL, PATIENT)]),
    );
    const original = shop.printed;
    shop.place.cutPower();
    await shop.switchOn();
    expect([first, joined, await shop.run(shop.shop.printSale("c1.S1.q1", ORIGINAL, PATIENT))]).toEqual(["printed", "printed", "printed"]);
    expect([slipsOf(shop, "消费凭条"), copiesOf(shop)]).toEqual([1, 0]);
    expect(await shop.run(shop.shop.printSale("c1.S1.q1", COPY, PATIENT))).toBe("printed");
    expect(await shop.run(shop.shop.printSale("c1.S1.q1", COPY, PATIENT))).toBe("printed");
    expect([slipsOf(shop, "消费凭条"), copiesOf(shop), shop.printed.match(/补打人 +chief/g)?.length]).toEqual([3, 2, 2]);
    // A copy says what the original said.
    for (const line of original.split("\n").filter((each) => each.includes("时间") || each.includes("余额"))) expect(shop.printed.split(line)).toHaveLength(4);
  });

  it("that fails changes nothing, says so, and comes when it can", async () => {
    const shop = await open();
    await shop.sell("c1.S1.q1", 450);
    const before = (await shop.run(shop.place.entries())).length;
    shop.paper.setFaults({ paperLines: 0 });
    expect(await shop.run(shop.shop.printSale("c1.S1.q1", ORIGINAL, PATIENT))).toBe("printer-paper-end");
    shop.paper.setFaults(NO_PRINTER_FAULTS);
    expect((await shop.run(shop.place.entries())).length).toBe(before);
    expect(await shop.run(shop.shop.printSale("c1.S1.q1", ORIGINAL, PATIENT))).toBe("printed");
    expect(copiesOf(shop)).toBe(0);
  });

  it("is not made of what was never sold, not paid, or not decided", async () => {
    const shop = await open();
    expect(await shop.run(shop.shop.printSale("c1.S9.q1", COPY, PATIENT))).toBe("sale-unknown");
    shop.place.tearDebit("after");
    await shop.sell("c1.S2.q1", 300);
    expect(await shop.run(shop.shop.printSale("c1.S2.q1", COPY, PATIENT))).toBe("sale-open");
    expect(shop.printed).toBe("");
  });

  it("is not made of a debit that only the card vouches for, above the limit for it", async () => {
    const shop = new SimulatedShop();
    await shop.switchOn({ unverifiedAmountFen: 299 });
    shop.place.tearDebit("after");
    await shop.sell("c1.S2.q1", 300);
    const entries = await shop.run(shop.place.entries());
    const subject = entries[0]?.subject ?? "";
    await shop.run(
      shop.place.journal.append({
        subject,
        kind: "quick-payment",
        state: "done",
        amount: fen(300),
        detail: { unverified: true },
        resolves: entries.at(-1)?.seq ?? 0,
      }),
    );
    expect(await shop.run(shop.shop.printSale("c1.S2.q1", COPY, PATIENT))).toBe("sale-open");
    shop.place.cutPower();
    await shop.switchOn({ unverifiedAmountFen: 300 });
    expect(await shop.run(shop.shop.printSale("c1.S2.q1", COPY, PATIENT))).toBe("printed");
  });

  it("needs a printer", async () => {
    const shop = new SimulatedShop();
    await shop.switchOn({ printer: false });
    await shop.sell("c1.S1.q1", 450);
    expect(await shop.run(shop.shop.printSale("c1.S1.q1", ORIGINAL, PATIENT))).toBe("printer-absent");
  });
});

describe("the slip of a refund", () => {
  it("tells what goes back and what was left then, also when it is printed again after another refund", async () => {
    const shop = await open();
    await shop.sell("c1.S1.q1", 1_000);
    for (const [request, amount] of [
      ["c1.R1", 400],
      ["c1.R2", 100],
    ] as const)
      await shop.run(shop.shop.refund({ sale: "c1.S1.q1", request, amount: fen(amount), operator: "chief" }));
    expect(await shop.run(shop.shop.printRefund("c1.R1", COPY, PATIENT))).toBe("printed");
    expect(shop.printed).toMatch(/退款凭条[\s\S]*操作员 +chief[\s\S]*交易号 +S1[\s\S]*退款单号 +R1\n[\s\S]*退还现金 +4\.00\n剩余可退 +6\.00\n/);
    expect(await shop.run(shop.shop.printRefund("c1.R9", COPY, PATIENT))).toBe("receipt-unknown");
  });
});

describe("the slip of a shift", () => {
  it("is the same for any shift that has ended, whatever has been sold since", async () => {
    const shop = await open();
    await shop.sell("c1.S1.q1", 1_000);
    await shop.run(shop.shop.refund({ sale: "c1.S1.q1", request: "c1.R1", amount: fen(400), operator: "li" }));
    expect(await shop.run(shop.shop.printShift(1, ORIGINAL, PATIENT))).toBe("receipt-unknown");
    await shop.run(shop.shop.endShift(1, { operator: "chief" }));
    await shop.sell("c1.S2.q1", 300);
    await shop.run(shop.shop.endShift(2, { operator: "li" }));
    shop.place.cutPower();
    await shop.switchOn();
    expect(await shop.run(shop.shop.endShift(1, { operator: "somebody" }))).toMatchObject({
      kind: "ended",
      again: true,
      operator: "chief",
      totals: { shift: 1 },
    });
    expect(await shop.run(shop.shop.printShift(1, ORIGINAL, PATIENT))).toBe("printed");
    expect(shop.printed).toMatch(
      /班结单[\s\S]*操作员 +chief[\s\S]*班次 +1\n[\s\S]*收款\n电子钱包 1笔 +10\.00\n[\s\S]*退还现金 1笔 +4\.00\n[\s\S]*现金应增减 +-4\.00\n/,
    );
    expect(await shop.run(shop.shop.currentShift())).toMatchObject({ shift: 3, taken: [] });
  });
});
