import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inProcessStand } from "../../../simulators/line/testing.ts";
import { fen } from "../../base/fen.ts";
import { limits } from "../contract/bench.ts";
import { displayContract } from "../contract/display-contract.ts";
import { DEFAULT_LAMPS, displayedAmount } from "./display.ts";
import { displayBench } from "./testing.ts";

const OTHER_LAMPS = { price: 0x34, total: 0x32, received: 0x31, change: 0x33, balance: 0x30 };
const textOf = (amount: number) => new TextDecoder().decode(displayedAmount(fen(amount)));

displayContract("LED8 in process", async () => displayBench(inProcessStand()));
displayContract("LED8 in process with other lamps", async () => displayBench(inProcessStand(), OTHER_LAMPS));

describe("a displayed amount", () => {
  it.each([
    [0, "0.00"],
    [9, "0.09"],
    [100, "1.00"],
    [99_999_999, "999999.99"],
    [100_000_000, "--------"],
    [Number.MAX_SAFE_INTEGER, "--------"],
  ])("%i fen", (amount, text) => expect(textOf(amount)).toBe(text));

  it("has eight digits at most, and is the amount", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999_999 }), (amount) => {
        expect(textOf(amount).replace(".", "").length).toBeLessThanOrEqual(8);
        expect(Math.round(Number(textOf(amount)) * 100)).toBe(amount);
      }),
    );
  });
});

describe("a display that lost its power", () => {
  it("is initialized once, and again when it is back", async () => {
    const under = displayBench(inProcessStand(), DEFAULT_LAMPS);
    const show = () => under.run(under.display.show("total", fen(100), limits(1_000)));
    await show();
    await show();
    expect(under.simulated.initialized).toBe(1);
    await under.unplug?.();
    await under.plugIn?.();
    await show();
    expect(under.simulated.initialized).toBe(2);
    expect(under.shown()).toEqual({ text: "1.00", lamp: "total" });
  });
});

describe("a strict display", () => {
  it.each([
    ["07", "byte 7"],
    ["1b5a", "escape 5a"],
    ["1b7339", "lamp 39"],
    ["1b5142", "show 42"],
    ["1b5141310a0d", "amount 1\n"],
    ["1b51413132333435363738390d", "amount 123456789"],
    [`1b5141${"31".repeat(20)}`, "an amount without end"],
  ])("%s is a mistake", async (hex, mistake) => {
    const stand = inProcessStand();
    const under = displayBench(stand);
    await stand.run(stand.line.write(new Uint8Array(Buffer.from(hex, "hex")), limits(100)));
    expect(under.mistakes()[0]).toBe(mistake);
    expect(under.shown()).toEqual({ text: "", lamp: "off" });
  });
});
