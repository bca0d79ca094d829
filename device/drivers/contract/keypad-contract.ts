import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fen } from "../../base/fen.ts";
import type { AmountWish } from "../peripherals.ts";
import { limits } from "./bench.ts";
import { skipUnless } from "./card-reader-contract.ts";
import type { KeypadDesk } from "./desk.ts";

const YUAN: AmountWish = { typed: "yuan", amountMax: fen(999_999) };
const FEN: AmountWish = { typed: "fen", amountMax: fen(999_999) };
const TYPED_MS = 5_000;
const SHORT_MS = 200;

/** What every keypad must do: give an amount as it was typed, and nothing where a key may be missing. */
export function keypadContract(name: string, makeBench: () => Promise<KeypadDesk>): void {
  describe(`keypad contract: ${name}`, () => {
    let bench: KeypadDesk;
    beforeEach(async () => {
      bench = await makeBench();
    });
    afterEach(() => bench.close());

    const rest = (durationMs = SHORT_MS) => bench.run(bench.clock.sleep(durationMs));
    const read = (wish: AmountWish, timeoutMs = TYPED_MS + (bench.handMs ?? 0)) => bench.keypad.readAmount(wish, limits(timeoutMs));
    const typed = async (wish: AmountWish, keys: string) => {
      const reading = read(wish);
      await bench.press(keys);
      return bench.run(reading);
    };

    it.each([
      ["1 2 . 5 enter", 1_250],
      ["8 enter", 800],
      [". 0 5 enter", 5],
      ["1 back 2 enter", 200],
    ])("reads yuan: %s", async (keys, amount) => expect(await typed(YUAN, keys)).toEqual({ kind: "entered", amount }));

    it("reads fen", async () => {
      expect(await typed(FEN, "1 2 5 0 enter")).toEqual({ kind: "entered", amount: 1_250 });
      expect(await bench.run(bench.keypad.health(limits(1_000)))).toEqual({ kind: "well" });
    });

    it("gives nothing for a cancelled entry, and begins the next one with nothing", async () => {
      expect(await typed(YUAN, "9 9 esc")).toEqual({ kind: "cancelled" });
      expect(await typed(YUAN, "1 enter")).toEqual({ kind: "entered", amount: 100 });
    });

    it("takes no key of before", async () => {
      await bench.press("7 7");
      await rest();
      expect(await typed(YUAN, "1 enter")).toEqual({ kind: "entered", amount: 100 });
    });

    it("says that nobody typed, also in the middle, and forgets what was typed then", async () => {
      await expect(bench.run(read(YUAN, 50))).rejects.toMatchObject({ code: "timeout", effectUnknown: false });
      const broken = read(YUAN, SHORT_MS + (bench.handMs ?? 0));
      broken.catch(() => undefined);
      await bench.press("5");
      await expect(bench.run(broken)).rejects.toMatchObject({ code: "timeout" });
      expect(await typed(YUAN, "1 enter")).toEqual({ kind: "entered", amount: 100 });
    });

    it("is read by one at a time, and by nobody who has left", async () => {
      const first = read(YUAN);
      await expect(bench.run(read(YUAN))).rejects.toMatchObject({ code: "device-refused" });
      await bench.press("3 enter");
      expect(await bench.run(first)).toEqual({ kind: "entered", amount: 300 });
      const left = { timeoutMs: SHORT_MS, signal: AbortSignal.abort() };
      await expect(bench.run(bench.keypad.readAmount(YUAN, left))).rejects.toMatchObject({ code: "cancelled" });
    });

    it("is waited for while it is away, and what was typed before counts no more", async (test) => {
      const unplug = skipUnless(test, bench.unplug?.bind(bench));
      const reading = read(YUAN, TYPED_MS + 3 * (bench.handMs ?? 0));
      await bench.press("9 9");
      await rest();
      await unplug();
      expect(await bench.run(bench.keypad.health(limits(1_000)))).toEqual({ kind: "away" });
      await skipUnless(test, bench.plugIn?.bind(bench))();
      await bench.press("1 enter");
      expect(await bench.run(reading)).toEqual({ kind: "entered", amount: 100 });
    });

    it("ends what is read when it is closed, and reads nothing afterwards", async () => {
      const reading = read(YUAN);
      reading.catch(() => undefined);
      await bench.keypad.close();
      await expect(bench.run(reading)).rejects.toMatchObject({ code: "closed" });
      await expect(bench.run(read(YUAN))).rejects.toMatchObject({ code: "closed" });
    });
  });
}
