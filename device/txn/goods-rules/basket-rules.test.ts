import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Fen, fen, formatYuan, sumFen } from "../../base/fen.ts";
import type { OrderItem, Prescription } from "../medical-desk/basket.ts";
import { checkGoods } from "./basket-rules.ts";
import { lineAmount } from "./line-amount.ts";
import { codeText, item, opened, whole } from "./testing.ts";
import type { GoodsReason, GoodsRules } from "./types.ts";

const RULES: GoodsRules = { trace: { requiredFrom: "2025-07-01", lengthMax: 100, inSettlement: true }, today: "2026-01-05" };
const PRESCRIPTION: Prescription = {
  number: "RX1",
  doctorCode: "D1",
  doctorName: "张医生",
  pharmacistName: "李药师",
  pharmacistLicence: "L1",
  circulated: false,
};

function check(items: readonly OrderItem[], more: { prescription?: Prescription; rules?: Partial<GoodsRules>; amount?: Fen } = {}) {
  const amount = more.amount ?? sumFen(items.map((line) => line.amount));
  return checkGoods({ items, amount, ...(more.prescription === undefined ? {} : { prescription: more.prescription }) }, { ...RULES, ...more.rules });
}

describe("sums of a basket", () => {
  it.each([
    ["1", "12.50", 1250],
    ["2.5", "3.33", 833],
    ["3", "0.005", 2],
    ["1", "0.0049", 0],
    ["0.0001", "50", 1],
    ["0.0001", "49.999999", 0],
    ["1.005", "100", 10050],
    ["9999999999", "1", 999_999_999_900],
  ])("%s times %s is %i fen", (quantity, unitPrice, amount) => expect(lineAmount({ quantity, unitPrice })).toBe(amount));

  it.each(["", "0", "0.0000", "-1", "1.00001", "1e3", " 1", "１", "1.", ".5", "12345678901"])("a quantity of %j is none", (quantity) => {
    expect(lineAmount({ quantity, unitPrice: "1" })).toBeUndefined();
  });

  it.each(["", "-1", "1.0000001", "1,5", "NaN"])("a price of %j is none", (unitPrice) => {
    expect(lineAmount({ quantity: "1", unitPrice })).toBeUndefined();
  });

  it("an amount beyond the safe integers is none", () => {
    expect(lineAmount({ quantity: "9999999999", unitPrice: "9999999999" })).toBeUndefined();
  });

  it("is within half a fen of the exact product, and never below half", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 99_999_999n }), fc.bigInt({ min: 0n, max: 9_999_999_999n }), (quantityE4, priceE6) => {
        const amount = lineAmount({ quantity: decimal(quantityE4, 4), unitPrice: decimal(priceE6, 6) });
        // Both sides in 1e-10 yuan: 1 fen is 10^8 of them.
        const rest = BigInt(amount ?? -1) * 100_000_000n - quantityE4 * priceE6;
        expect(rest > -50_000_000n && rest <= 50_000_000n).toBe(true);
      }),
    );
  });

  it.each<[string, readonly OrderItem[], Fen | undefined, GoodsReason, number | undefined]>([
    ["nothing in it", [], fen(0), "line-malformed", undefined],
    ["a quantity that is none", [item(), { ...item(), quantity: "x" }], undefined, "line-malformed", 2],
    ["a line that is a fen off", [{ ...item(), amount: fen(1251) }], undefined, "line-amount-wrong", 1],
    ["a total that is a fen off", [item()], fen(1249), "total-wrong", undefined],
  ])("refuses a basket with %s", (_name, items, amount, reason, line) => {
    const verdict = check(items, amount === undefined ? {} : { amount });
    expect(verdict).toEqual({ kind: "refused", reason, ...(line === undefined ? {} : { line }) });
  });
});

describe("drugs on prescription", () => {
  const drug = item({ prescriptionDrug: true });
  it.each<[string, Prescription | undefined, GoodsReason]>([
    ["no prescription", undefined, "prescription-missing"],
    ["no number", { ...PRESCRIPTION, number: "" }, "prescription-missing"],
    ["no doctor's code", { ...PRESCRIPTION, doctorCode: " " }, "prescription-missing"],
    ["no doctor's name", { ...PRESCRIPTION, doctorName: "" }, "prescription-missing"],
    ["no pharmacist", { ...PRESCRIPTION, pharmacistName: "" }, "pharmacist-missing"],
    ["no licence", { ...PRESCRIPTION, pharmacistLicence: "　" }, "pharmacist-missing"],
  ])("%s: refused", (_name, prescription, reason) => {
    const verdict = check([item({ traceCodes: [whole(2)] }), drug], prescription === undefined ? {} : { prescription });
    expect(verdict).toEqual({ kind: "refused", reason, line: 2 });
  });

  it("a whole prescription is enough, and other goods need none", () => {
    expect(check([drug], { prescription: PRESCRIPTION }).kind).toBe("accepted");
    expect(check([item({ prescriptionDrug: false })]).kind).toBe("accepted");
  });
});

describe("trace codes of a basket", () => {
  it.each<[string, OrderItem, GoodsReason | "accepted"]>([
    ["a pack with its code", item(), "accepted"],
    ["a pack without a code", item({ traceCodes: [] }), "trace-code-missing"],
    ["a line that says nothing of codes", withoutCodes(item()), "trace-code-missing"],
    ["two packs, one code", item({ quantity: "2" }), "trace-code-missing"],
    ["two packs, two codes", item({ quantity: "2.0", traceCodes: [whole(1), whole(2)] }), "accepted"],
    ["one pack, two codes", item({ traceCodes: [whole(1), whole(2)] }), "trace-code-surplus"],
    ["one pack, its code and an opened one", item({ traceCodes: [whole(1), opened(2)] }), "trace-code-surplus"],
    ["half a pack with the code of a whole one", item({ quantity: "0.5" }), "trace-code-surplus"],
    ["half a pack, opened", item({ quantity: "0.5", traceCodes: [opened(1)] }), "accepted"],
    ["half a pack without a code", item({ quantity: "0.5", traceCodes: [] }), "trace-code-missing"],
    ["two packs and a half, the half without a code", item({ quantity: "2.5", traceCodes: [whole(1), whole(2)] }), "trace-code-missing"],
    ["two packs and a half", item({ quantity: "2.5", traceCodes: [whole(1), whole(2), opened(3)] }), "accepted"],
    ["six tablets of one opened pack", item({ quantity: "6", traceCodes: [opened(1)] }), "accepted"],
    ["a product's bar code", item({ traceCodes: [{ code: "6901234567892", splitPack: false }] }), "trace-code-malformed"],
    ["a blank inside", item({ traceCodes: [{ code: "8100 0000", splitPack: false }] }), "trace-code-malformed"],
    ["nothing as a code", item({ traceCodes: [{ code: "", splitPack: false }] }), "trace-code-malformed"],
    ["a line end", item({ traceCodes: [{ code: `${codeText(1)}\n`, splitPack: false }] }), "trace-code-malformed"],
    ["100 characters", item({ traceCodes: [{ code: "a".repeat(100), splitPack: false }] }), "accepted"],
    ["101 characters", item({ traceCodes: [{ code: "a".repeat(101), splitPack: false }] }), "trace-code-malformed"],
    ["slices without a code", item({ traceExempt: "herbal-slices", traceCodes: [] }), "accepted"],
    ["granules without a code", item({ traceExempt: "granules", traceCodes: [] }), "accepted"],
    ["a hospital's split dose without a code", item({ traceExempt: "hospital-split-dose", traceCodes: [] }), "accepted"],
    ["no drug, without a code", item({ traceExempt: "not-a-drug", traceCodes: [] }), "accepted"],
    ["slices with a code that is none", item({ traceExempt: "herbal-slices", traceCodes: [{ code: "一", splitPack: false }] }), "trace-code-malformed"],
  ])("%s: %3$s", (_name, line, expected) => {
    const verdict = check([line]);
    expect(verdict.kind === "refused" ? verdict.reason : verdict.kind).toBe(expected);
  });

  it.each([
    ["the day before", { ...RULES, today: "2025-06-30" }, "accepted"],
    ["the day itself", { ...RULES, today: "2025-07-01" }, "refused"],
    ["a region that never asks", { ...RULES, trace: { lengthMax: 100, inSettlement: false } }, "accepted"],
  ])("are asked for from a day on: %s", (_name, rules, kind) => expect(check([item({ traceCodes: [] })], { rules }).kind).toBe(kind));

  it.each([
    ["the same pack in two lines", [item(), item()], "trace-code-twice"],
    ["the same pack twice in a line", [item({ quantity: "2", traceCodes: [whole(1), whole(1)] })], "trace-code-twice"],
    ["a pack whole and opened", [item(), item({ quantity: "3", traceCodes: [opened(1)] })], "trace-code-twice"],
    ["a pack opened and whole", [item({ quantity: "3", traceCodes: [opened(1)] }), item()], "trace-code-twice"],
    ["an opened pack in two lines", [item({ quantity: "3", traceCodes: [opened(1)] }), item({ quantity: "4", traceCodes: [opened(1)] })], "accepted"],
  ])("%s", (_name, items, expected) => {
    const verdict = check(items);
    expect(verdict.kind === "refused" ? verdict.reason : verdict.kind).toBe(expected);
  });

  it("an unusual code is sold, and somebody is told to look", () => {
    const strange = item({ traceCodes: [{ code: "0106901234567892211A", splitPack: false }] });
    expect(check([item(), strange])).toEqual({ kind: "accepted", warnings: [{ warning: "trace-code-unusual", line: 2 }] });
  });
});

it("a basket whose lines are right is accepted whatever its sums are", () => {
  const lines = fc.array(fc.record({ quantity: fc.integer({ min: 1, max: 5 }), price: fc.integer({ min: 0, max: 99_999 }) }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(lines, (drawn) => {
      let next = 0;
      const items = drawn.map(({ quantity, price }) => {
        const traceCodes = Array.from({ length: quantity }, () => {
          next += 1;
          return whole(next);
        });
        return item({ quantity: String(quantity), unitPrice: formatYuan(fen(price)), traceCodes });
      });
      expect(check(items)).toEqual({ kind: "accepted", warnings: [] });
    }),
  );
});

function withoutCodes({ traceCodes: _, ...line }: OrderItem): OrderItem {
  return line;
}

function decimal(value: bigint, places: number): string {
  const text = String(value).padStart(places + 1, "0");
  return `${text.slice(0, -places)}.${text.slice(-places)}`;
}
