import { describe, expect, it } from "vitest";
import { fen } from "../base/fen.ts";
import type { Log } from "../base/log.ts";
import { limits } from "../drivers/contract/bench.ts";
import { openTerminalShop } from "./terminal-shop.ts";
import { SimulatedShop, TILL } from "./testing.ts";

function logTo(words: string[]): Log {
  const note = (word: string) => void words.push(word);
  return { info: note, warn: note, error: note };
}

describe("the shop of a terminal", () => {
  it("sells at its keypad where it is told to, between its start and its stop", async () => {
    const sim = new SimulatedShop();
    await sim.switchOn();
    const parts = { clock: sim.place.clock, journal: sim.place.journal, unverifiedAmountFen: fen(100_000), institution: "测试商店" };
    const words: string[] = [];
    const shop = openTerminalShop({
      ...parts,
      log: logTo(words),
      devices: { printer: sim.printer, keypad: sim.keypad },
      settings: { refunds: sim.rules, keypad: TILL },
      quickPayment: (request, bounds) => sim.pay(request, bounds),
    });
    sim.keys.press(["9", "enter"]);
    await sim.rest(100);
    shop.start();
    await sim.rest(1);
    sim.keys.press(["5", "enter"]);
    sim.place.reader.insert(sim.card);
    await sim.rest(5_000);
    await sim.run(shop.stop());
    expect(words).toEqual(["keypad-sale"]);
    expect(await sim.run(shop.acts.currentShift())).toMatchObject({ taken: [{ what: "e-purse", count: 1, sumFen: 500 }] });
    expect(sim.printed).toContain("测试商店");
  });

  it("without a keypad says so and does everything else", async () => {
    const sim = new SimulatedShop();
    await sim.switchOn();
    const words: string[] = [];
    const shop = openTerminalShop({
      ...{ clock: sim.place.clock, journal: sim.place.journal, unverifiedAmountFen: fen(100_000), institution: "测试商店" },
      log: logTo(words),
      devices: {},
      settings: { refunds: sim.rules, keypad: TILL },
      quickPayment: (request, bounds) => sim.pay(request, bounds),
    });
    shop.start();
    await sim.run(shop.stop());
    expect(words).toEqual(["keypad-not-configured"]);
    expect(await sim.run(shop.acts.printSale("c1.S1.q1", { as: "original" }, limits(1_000)))).toBe("printer-absent");
  });
});
