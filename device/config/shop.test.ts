import { describe, expect, test } from "vitest";
import { fen } from "../base/fen.ts";
import { DEFAULT_REFUND_RULES } from "../txn/shop/refunds.ts";
import { parseTerminalConfig } from "./schema.ts";
import { shopSettingsOf } from "./shop.ts";
import { exampleConfig } from "./testing.ts";

const KEYPAD = { devices: { keypad: { adapter: "keypadHid", device: { vendorId: 0x04d9 } } } };

function settings(changes: Readonly<Record<string, unknown>>) {
  const parsed = parseTerminalConfig(exampleConfig(changes));
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return shopSettingsOf(parsed.config.shop);
}

describe("the shop's part of a configuration", () => {
  test("left out is refunds by the usual rules, and no keypad", () => {
    expect(settings({})).toEqual({ refunds: DEFAULT_REFUND_RULES });
    expect(settings({ shop: {} })).toEqual({ refunds: DEFAULT_REFUND_RULES });
  });

  test("says purse by purse how money goes back, and how amounts are typed", () => {
    expect(settings({ ...KEYPAD, shop: { refunds: { "electronic-cash": "cash" }, keypad: { purses: ["electronic-cash", "e-purse"], typed: "fen" } } })).toEqual(
      {
        refunds: { ...DEFAULT_REFUND_RULES, "electronic-cash": "cash" },
        keypad: { purses: ["electronic-cash", "e-purse"], typed: "fen", amountMax: fen(99_999_99), keyTimeoutMs: 60_000, cardTimeoutMs: 30_000, prints: true },
      },
    );
  });

  test.each([
    ["a keypad that is not there", { shop: { keypad: {} } }, "shop.keypad"],
    ["a purse twice", { ...KEYPAD, shop: { keypad: { purses: ["e-purse", "e-purse"] } } }, "shop.keypad.purses"],
    ["no purse", { ...KEYPAD, shop: { keypad: { purses: [] } } }, "shop.keypad.purses"],
    ["a way back that nobody knows", { shop: { refunds: { "e-purse": "cheque" } } }, "shop.refunds.e-purse"],
    ["a key that nobody knows", { shop: { tips: true } }, "shop"],
  ])("is refused with its place: %s", (_name, changes, place) => {
    const parsed = parseTerminalConfig(exampleConfig(changes));
    expect(parsed.ok ? [] : parsed.problems.map((problem) => problem.split(": ")[0])).toContain(place);
  });
});
