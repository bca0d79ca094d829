import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson } from "../../codec/json.ts";
import type { JsonObject } from "../journal/types.ts";
import { parseBenefits, parseBills, refusalOf } from "./questions.ts";

const BILL = { billId: "B-1", insurance: "pension", period: "2026", amountFen: 100 };

describe("bills", () => {
  it("are read whole, without those that the bank debits by itself", () => {
    const bills = [BILL, { ...BILL, billId: "B-2", mandate: true }, { ...BILL, billId: "B-3", dueDate: "20261231", mandate: false }];
    expect(parseBills({ bills })?.map(({ billId, amount }) => [billId, amount])).toEqual([
      ["B-1", 100],
      ["B-3", 100],
    ]);
    expect(parseBills({ bills: [] })).toEqual([]);
  });

  it.each([
    ["no list", {}],
    ["a list of something else", { bills: ["B-1"] }],
    ["no amount", { bills: [{ ...BILL, amountFen: 0 }] }],
    ["half a fen", { bills: [{ ...BILL, amountFen: 0.5 }] }],
    ["a debt of ours", { bills: [{ ...BILL, amountFen: -1 }] }],
    ["more than anybody owes", { bills: [{ ...BILL, amountFen: 100_000_000_000 }] }],
    ["an amount in words", { bills: [{ ...BILL, amountFen: "100" }] }],
    ["an id that is none", { bills: [{ ...BILL, billId: "B 1" }] }],
    ["an id too long", { bills: [{ ...BILL, billId: "B".repeat(41) }] }],
    ["no insurance", { bills: [{ ...BILL, insurance: "" }] }],
    ["no period", { bills: [{ ...BILL, period: 2026 }] }],
    ["one bad among good ones", { bills: [BILL, { ...BILL, billId: "" }] }],
    ["too many", { bills: Array.from({ length: 101 }, (_, at) => ({ ...BILL, billId: `B-${at}` })) }],
  ])("with %s are none", (_, output) => {
    expect(parseBills(output)).toBeUndefined();
  });
});

describe("benefits", () => {
  const GOOD = { entitlements: [{ benefit: "pension", monthlyFen: 1 }], payments: [], asOf: "2026-11-22T20:15:00.000+08:00", financialAccount: "inactive" };

  it("are told with their time and account", () => {
    expect(parseBenefits(GOOD)).toEqual({
      kind: "benefits",
      entitlements: GOOD.entitlements,
      payments: [],
      asOfMs: Date.UTC(2026, 10, 22, 12, 15),
      financialAccount: "inactive",
    });
    expect(parseBenefits({ ...GOOD, asOf: "today", financialAccount: "full" })).toEqual({ kind: "benefits", entitlements: GOOD.entitlements, payments: [] });
  });

  it.each([
    ["no entitlements", { payments: [] }],
    ["no payments", { entitlements: [] }],
    ["an amount in words", { entitlements: [], payments: [{ amountFen: "1" }] }],
    ["less than nothing", { entitlements: [{ monthlyFen: -1 }], payments: [] }],
  ])("with %s are none", (_, output) => {
    expect(parseBenefits(output)).toBeUndefined();
  });
});

it("any output gives an answer", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom("bills", "entitlements", "payments"), (text, name) => {
      const parsed = parseJson(`{"${name}":${text},"payments2":1}`);
      if (!parsed.ok) return;
      const output = parsed.value as JsonObject;
      const bills = parseBills(output);
      if (bills !== undefined) expect(bills.every(({ amount }) => Number.isSafeInteger(amount) && amount > 0)).toBe(true);
      expect([undefined, "benefits"]).toContain(parseBenefits(output)?.kind);
    }),
  );
});

it.each([
  [
    { kind: "refused", reason: "card-unknown", office: "agency" },
    { kind: "refused", reason: "card-unknown", office: "agency" },
  ],
  [
    { kind: "refused", reason: "maintenance" },
    { kind: "refused", reason: "maintenance" },
  ],
  [
    { kind: "not-sent", reason: "host-absent" },
    { kind: "refused", reason: "agency-unreachable" },
  ],
  [
    { kind: "unknown", reason: "timeout" },
    { kind: "refused", reason: "agency-unreachable" },
  ],
] as const)("%j is told as %j", (reply, told) => {
  expect(refusalOf(reply)).toEqual(told);
});
