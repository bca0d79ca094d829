import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkInput, checkOutput, FSI_TABLES } from "./check.ts";
import type { Field, FieldKind, NodeTable } from "./fields.ts";

const PERSON = "530100P0001";
const LINE = {
  feedetl_sn: "20261122090000000001",
  rx_circ_flag: "0",
  fee_ocur_time: "2026-11-22 09:00:00",
  med_list_codg: "XA01ABD075A002010100483",
  medins_list_codg: "OWN-1",
  det_item_fee_sumamt: "57.00",
  cnt: "2",
  pric: "28.500000",
};
const BASKET = {
  druginfo: {
    psn_no: PERSON,
    mdtrt_cert_type: "03",
    mdtrt_cert_no: "A12345678",
    begntime: "2026-11-22 09:00:00",
    medfee_sumamt: "57.00",
    invono: "",
    insutype: "310",
    dise_codg: "",
    acct_used_flag: "1",
    med_type: "41",
  },
  drugdetail: [LINE],
};
const SETTLED = {
  setlinfo: { setl_id: "S1", mdtrt_id: "V1", psn_no: PERSON, medfee_sumamt: "57.00", fund_pay_sumamt: "20.00", acct_pay: "30.00", psn_cash_pay: "7.00" },
};

const withLine = (change: object) => ({ ...BASKET, drugdetail: [LINE, { ...LINE, ...change }] });
const withInfo = (change: object) => ({ ...BASKET, druginfo: { ...BASKET.druginfo, ...change } });

describe("an input of our own", () => {
  it("is sound when it keeps its table", () => expect(checkInput("2102", BASKET)).toEqual([]));

  it.each<[string, unknown, string]>([
    ["a needed member left out", withInfo({ psn_no: undefined }), "druginfo.psn_no: missing"],
    ["a needed member empty", withInfo({ psn_no: "" }), "druginfo.psn_no: missing"],
    ["a needed member of blanks", withInfo({ psn_no: "  " }), "druginfo.psn_no: missing"],
    ["text that is too long", withInfo({ psn_no: "9".repeat(31) }), "druginfo.psn_no: longer than 30"],
    ["a line end inside text", withInfo({ psn_no: "1\n2" }), "druginfo.psn_no: holds control characters"],
    ["an object where text belongs", withInfo({ psn_no: {} }), "druginfo.psn_no: not text"],
    ["a count with five places", withLine({ cnt: "0.00001" }), "drugdetail[1].cnt: not N(16,4)"],
    ["a count below zero", withLine({ cnt: "-1" }), "drugdetail[1].cnt: not N(16,4)"],
    ["a price with seven places", withLine({ pric: "0.0000001" }), "drugdetail[1].pric: not N(16,6)"],
    ["an amount with parts of a fen", withLine({ det_item_fee_sumamt: "0.001" }), "drugdetail[1].det_item_fee_sumamt: not N(16,2)"],
    ["an amount of fifteen digits", withLine({ det_item_fee_sumamt: "123456789012345" }), "drugdetail[1].det_item_fee_sumamt: not N(16,2)"],
    ["an amount with an exponent", withLine({ det_item_fee_sumamt: "1e2" }), "drugdetail[1].det_item_fee_sumamt: not N(16,2)"],
    ["a day without its time", withLine({ fee_ocur_time: "2026-11-22" }), "drugdetail[1].fee_ocur_time: not a time"],
    ["a thirteenth month", withLine({ fee_ocur_time: "2026-13-22 09:00:00" }), "drugdetail[1].fee_ocur_time: not a time"],
    ["a flag that is none", withInfo({ acct_used_flag: "yes" }), "druginfo.acct_used_flag: not one of its codes"],
    ["a member that nobody knows", withInfo({ acct_used_flg: "1" }), "druginfo.acct_used_flg: unknown"],
    ["a member whose name is no name", withInfo({ "530102199001011234 ": "1" }), "druginfo.?: unknown"],
    ["a node that nobody knows", { ...BASKET, durgdetail: [] }, "durgdetail: unknown"],
    ["a node left out", { druginfo: BASKET.druginfo }, "drugdetail: missing"],
    ["an empty list", { ...BASKET, drugdetail: [] }, "drugdetail: missing"],
    ["a list that is none", { ...BASKET, drugdetail: LINE }, "drugdetail: not a list"],
    [
      "an optional node that lacks what it needs",
      { ...BASKET, drug_trac_info: [{ feedetl_sn: "1", drug_trac_codg: "1", trdn_flag: "0" }] },
      "drug_trac_info[0].min_prcunt_type: missing",
    ],
    ["a further member of a line that is no text", withLine({ own_mark: 1 }), "drugdetail[1].own_mark: not text of 500"],
  ])("%s is named", (_, input, problem) => expect(checkInput("2102", input)).toEqual([problem]));

  it("takes further text in the lines of a basket, and the extension member anywhere", () =>
    expect(checkInput("2102", { ...withLine({ manu_lotnum: "L1" }), druginfo: { ...BASKET.druginfo, exp_content: "x" } })).toEqual([]));

  it("takes what the region's data adds, and its lengths", () => {
    const region = { lengths: { psn_no: 5 }, extras: { druginfo: ["card_sn"] } };
    expect(checkInput("2102", withInfo({ card_sn: "1".repeat(32) }), region)).toEqual(["druginfo.psn_no: longer than 5"]);
  });

  it("of a message without a table is never sent", () => expect(checkInput("9999", {})).toEqual(["infno: no table"]));

  it("names at most twenty problems", () => expect(checkInput("2102", { ...BASKET, drugdetail: Array.from({ length: 400 }, () => ({})) })).toHaveLength(20));

  it("counts characters and not code units", () => expect(checkInput("2102", withInfo({ invono: "𠮷".repeat(20) }))).toEqual([]));
});

describe("a host's output", () => {
  it("is sound when it holds what is needed, whatever else it holds", () =>
    expect(checkOutput("2102", { ...SETTLED, regional: { deep: [1] }, setldetail: [] })).toEqual({ needed: [], odd: [] }));

  it.each<[string, unknown, string]>([
    ["no settlement", {}, "setlinfo: missing"],
    ["no number of the settlement", { setlinfo: { ...SETTLED.setlinfo, setl_id: "" } }, "setlinfo.setl_id: missing"],
    ["no visit", { setlinfo: { ...SETTLED.setlinfo, mdtrt_id: null } }, "setlinfo.mdtrt_id: missing"],
    ["an amount that is none", { setlinfo: { ...SETTLED.setlinfo, acct_pay: "thirty" } }, "setlinfo.acct_pay: not N(16,2)"],
    ["an amount below zero", { setlinfo: { ...SETTLED.setlinfo, acct_pay: "-0.01" } }, "setlinfo.acct_pay: not N(16,2)"],
    ["no object", "text", "message: not an object"],
  ])("with %s answers nothing", (_, output, problem) => expect(checkOutput("2102", output).needed).toContain(problem));

  it("names what is malformed although nobody needs it", () =>
    expect(checkOutput("2102", { setlinfo: { ...SETTLED.setlinfo, balc: "much" }, setldetail: "none" })).toEqual({
      needed: [],
      odd: ["setlinfo.balc: not N(16,2)", "setldetail: not a list"],
    }));

  it("takes a day with its time, an amount with an exponent or idle zeros, one row for a list", () =>
    expect(
      checkOutput("2102", {
        setlinfo: { ...SETTLED.setlinfo, setl_time: "2026-11-22T09:00:00.123+08:00", acct_pay: "3e1", medfee_sumamt: "57.0000", psn_cash_pay: "-0.00" },
        setldetail: { fund_pay_type: "310100" },
      }),
    ).toEqual({ needed: [], odd: [] }));

  it("takes bytes as Base64 and as a list", () => {
    const file = (out: unknown) => checkOutput("9102", { fsDownloadOut: { out } }).needed;
    expect([file("UEsD"), file(["80", "75"]), file([80, 256]), file({})]).toEqual([[], [], ["fsDownloadOut.out: not bytes"], ["fsDownloadOut.out: not bytes"]]);
  });
});

/** A value that fits a kind, drawn by fast-check. */
function fitting(kind: FieldKind): fc.Arbitrary<unknown> {
  switch (kind.is) {
    case "text":
      return fc.string({ maxLength: kind.max - 1, unit: "grapheme-ascii" }).map((rest) => `x${rest}`);
    case "decimal":
      return fc.tuple(fc.bigInt({ min: 0n, max: 10n ** BigInt(kind.precision) - 1n }), fc.boolean()).map(([units, minus]) => {
        const digits = units.toString().padStart(kind.scale + 1, "0");
        const value = kind.scale === 0 ? digits : `${digits.slice(0, -kind.scale)}.${digits.slice(-kind.scale)}`;
        return minus && kind.signed ? `-${value}` : value;
      });
    case "date":
      return fc.integer({ min: 1, max: 28 }).map((day) => `2026-02-${String(day).padStart(2, "0")}`);
    case "datetime":
      return fc.integer({ min: 0, max: 59 }).map((minute) => `2026-02-28 23:${String(minute).padStart(2, "0")}:00`);
    case "codes":
      return fc.constantFrom(...kind.values);
    case "bytes":
      return fc.base64String({ minLength: 4 });
  }
}

function whole(table: NodeTable): fc.Arbitrary<unknown> {
  const fields = Object.entries(table.fields).map(([name, { kind }]: [string, Field]) => [name, fitting(kind)] as const);
  const nodes = Object.entries(table.nodes).map(([name, node]) => [name, whole(node)] as const);
  const members = fc.record(Object.fromEntries([...fields, ...nodes]));
  return table.shape === "rows" ? fc.array(members, { minLength: 1, maxLength: 2 }) : members;
}

describe("every table", () => {
  const every = Object.keys(FSI_TABLES);
  const tableOf = (infno: string) => FSI_TABLES[infno] ?? { input: undefined, output: undefined };

  it.each(every)("%s takes every message that keeps it", (infno) => {
    const { input, output } = tableOf(infno);
    if (input === undefined || output === undefined) throw new Error("no table");
    fc.assert(
      fc.property(whole(input), whole(output), (sent, said) => {
        expect(checkInput(infno, sent)).toEqual([]);
        expect(checkOutput(infno, said)).toEqual({ needed: [], odd: [] });
      }),
      { numRuns: 40 },
    );
  });

  it("never throws and never tells a value, whatever it is given", () => {
    const secret = "secret530102199001011234";
    fc.assert(
      fc.property(fc.constantFrom(...every, "9999", "__proto__"), fc.anything({ withNullPrototype: true }), (infno, value) => {
        const told = [
          ...checkInput(infno, { data: value, druginfo: { psn_no: secret, [secret.repeat(3)]: value } }),
          ...checkOutput(infno, { setlinfo: value, data: { psn_no: [secret] } }).needed,
          ...checkOutput(infno, value).odd,
        ];
        expect(told.filter((line) => line.includes(secret))).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});
