import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8 } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { type FsiNode, parseFsiReply } from "../../codec/fsi.ts";
import { readSettlement } from "./settlement.ts";

/** A settlement that keeps every rule: Hunan form, no mutual aid. Figures of vector A of the medical facts. */
const GOOD = {
  setl_id: "S1",
  mdtrt_id: "V1",
  medins_setl_id: "M1",
  medfee_sumamt: "164.90",
  fulamt_ownpay_amt: "39.90",
  overlmt_selfpay: "0.00",
  preselfpay_amt: "6.80",
  inscp_scp_amt: "118.20",
  act_pay_dedc: "20.00",
  hifp_pay: "58.92",
  fund_pay_sumamt: "58.92",
  psn_part_amt: "105.98",
  acct_pay: "66.08",
  acct_mulaid_pay: "0",
  psn_cash_pay: "39.90",
  hosp_part_amt: 0,
  clr_optins: "430100",
  clr_way: "1",
  clr_type: "41",
};
const EXPECTED = { total: fen(16490), msgid: "M1" };

function output(changes: Readonly<Record<string, unknown>>): FsiNode {
  const reply = parseFsiReply(utf8(JSON.stringify({ infcode: 0, output: { setlinfo: { ...GOOD, ...changes } } })));
  if (reply.kind !== "done") throw new Error("the test's own reply is well formed");
  return reply.output;
}

function flags(changes: Readonly<Record<string, unknown>>): readonly string[] | string {
  const parsed = readSettlement(output(changes), EXPECTED);
  return parsed.ok ? parsed.settlement.flags : parsed.reason;
}

test("the host's figures are taken as they are", () => {
  expect(readSettlement(output({}), EXPECTED)).toEqual({
    ok: true,
    settlement: {
      settlementId: "S1",
      visitId: "V1",
      total: 16490,
      fund: 5892,
      account: 6608,
      mutualAid: 0,
      cash: 3990,
      flags: [],
      clearing: { agency: "430100", way: "1", type: "41" },
    },
  });
});

describe("rules that a booked reply may break", () => {
  test.each<[string, Record<string, unknown>, readonly string[]]>([
    ["Guangdong: the sum of funds holds the account", { fund_pay_sumamt: "125.00" }, []],
    ["the family's aid beside the account", { acct_pay: "60.00", acct_mulaid_pay: "6.08" }, []],
    ["the family's aid inside the account", { acct_mulaid_pay: "6.08" }, []],
    ["no mutual aid in this region", { acct_mulaid_pay: undefined }, ["amounts-missing"]],
    ["parts of the fee, one fen off", { preselfpay_amt: "6.81" }, ["fee-parts-differ"]],
    ["personal part, one fen off", { psn_part_amt: "105.97" }, ["personal-part-differs", "personal-split-differs"]],
    ["cash, one fen off", { psn_cash_pay: "39.91" }, ["personal-split-differs"]],
    ["pool at its edge", { inscp_scp_amt: "78.92", fulamt_ownpay_amt: "79.18" }, []],
    ["pool above its edge", { inscp_scp_amt: "78.91", fulamt_ownpay_amt: "79.19" }, ["pooled-above-scope"]],
    ["a part borne by the institution", { hosp_part_amt: "1.00" }, ["institution-part"]],
    ["another settlement's msgid", { medins_setl_id: "M2" }, ["message-id-differs"]],
    ["no msgid told back", { medins_setl_id: undefined }, []],
    ["another total than asked for", { medfee_sumamt: "164.91", fulamt_ownpay_amt: "39.91", psn_part_amt: "105.99", psn_cash_pay: "39.91" }, ["total-differs"]],
    ["a figure that cannot be read", { preselfpay_amt: "six" }, ["amounts-missing"]],
  ])("%s", (_, changes, expected) => expect(flags(changes)).toEqual(expected));
});

describe("replies that do not say what was settled", () => {
  test.each<[Record<string, unknown>, string]>([
    [{ setl_id: "" }, "no-settlement-id"],
    [{ medfee_sumamt: undefined }, "figures-missing"],
    [{ psn_cash_pay: "-1" }, "figures-missing"],
    [{ acct_pay: "x" }, "figures-missing"],
    [{ fund_pay_sumamt: null }, "figures-missing"],
  ])("%o -> %s", (changes, reason) => expect(flags(changes)).toBe(reason));
  test("no setlinfo", () => expect(readSettlement({}, EXPECTED)).toEqual({ ok: false, reason: "no-setlinfo" }));
});

test("any figures give an answer", () => {
  const value = fc.oneof(fc.integer({ min: 0, max: 2 ** 52 }), fc.double(), fc.string(), fc.constant(null), fc.constant("90071992547409.91"));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...Object.keys(GOOD)), value), (changes) => {
      expect(typeof readSettlement(output(changes), EXPECTED).ok).toBe("boolean");
    }),
  );
});
