import { expect, test } from "vitest";
import type { InsurerVariants } from "./service.ts";
import { type Counter, type Node, openCounter, PERSON, type Reply, VECTOR_A } from "./testing.ts";

const CODE = "81234567890123456789";

function sale(members: Node = {}): Node {
  return {
    med_list_codg: "XTEST0000000000000A1",
    fixmedins_hilist_id: "SHOP1",
    fixmedins_hilist_name: "测试药品",
    fixmedins_bchno: "B1",
    prsc_dr_name: "无",
    phar_name: "药师",
    phar_prac_cert_no: "YS1",
    hi_feesetl_type: "1",
    setl_id: "S000000000001",
    mdtrt_sn: "V000000000001",
    psn_cert_type: "01",
    manu_lotnum: "L1",
    manu_date: "2026-01-01",
    rx_flag: "0",
    trdn_flag: "0",
    rtal_docno: "R1",
    sel_retn_cnt: "1",
    sel_retn_time: "2026-09-22 12:00:00",
    sel_retn_opter_name: "收银员",
    mdtrt_setl_type: "1",
    drugtracinfo: [{ drug_trac_codg: CODE }],
    ...members,
  };
}

async function soldCounter(variants: Partial<InsurerVariants> = {}): Promise<Counter> {
  const counter = await openCounter({ variants });
  await counter.settle();
  return counter;
}

const sell = (counter: Counter, members: Node = {}) => counter.ask("3505", { selinfo: sale(members) });
const giveBack = (counter: Counter, members: Node = {}) => counter.ask("3506", { selinfo: sale(members) });
const word = (reply: Reply) => [reply.infcode, reply.output["result"]?.["retRslt"], reply.output["result"]?.["msgRslt"]];
const TAKEN = [0, "1", ""];
const declined = (message: string) => [0, "0", message];

test("a pack is sold once; its return frees it", async () => {
  const counter = await soldCounter();
  expect(word(await sell(counter))).toEqual(TAKEN);
  expect(word(await sell(counter, { rtal_docno: "R2" }))).toEqual(declined(`drug_trac_codg ${CODE} has been sold already`));
  expect(word(await giveBack(counter))).toEqual(TAKEN);
  expect(word(await giveBack(counter, { sel_retn_time: "2026-09-22 13:00:00" }))).toEqual(declined("more is given back than was sold"));
  expect(word(await sell(counter, { rtal_docno: "R2" }))).toEqual(TAKEN);
});

test("the same line told again is the same sale, or refused where the region says so", async () => {
  for (const [repeatedUpload, answer] of [
    ["same", TAKEN],
    ["refused", declined("this line has been uploaded already")],
  ] as const) {
    const counter = await soldCounter({ repeatedUpload });
    await sell(counter);
    expect(word(await sell(counter))).toEqual(answer);
    expect(counter.ledger.stock.moves()).toHaveLength(1);
  }
});

test("parts of a pack may be sold again; a whole pack after a part, or a part after the whole, may not", async () => {
  const counter = await soldCounter();
  expect(word(await sell(counter, { trdn_flag: "1" }))).toEqual(TAKEN);
  expect(word(await sell(counter, { trdn_flag: "1", rtal_docno: "R2" }))).toEqual(TAKEN);
  expect(word(await sell(counter, { rtal_docno: "R3" }))[1]).toBe("0");
  const other = await soldCounter();
  await sell(other);
  expect(word(await sell(other, { trdn_flag: "1", rtal_docno: "R2" }))[1]).toBe("0");
});

const MISSING = Object.keys(sale()).filter((name) => !["drugtracinfo", "mdtrt_setl_type"].includes(name));

test.each(MISSING)("a sale without %s is refused by that name and changes nothing", async (name) => {
  const counter = await soldCounter();
  expect(await sell(counter, { [name]: "" })).toMatchObject({ infcode: -2, err_msg: `3505: selinfo.${name} is missing` });
  expect(counter.ledger.stock.moves()).toEqual([]);
});

const DECLINED: readonly (readonly [why: string, members: Node])[] = [
  ["setl_id is unknown", { setl_id: "S9" }],
  ["med_list_codg is not in the catalogue", { med_list_codg: "X" }],
  ["drugtracinfo is missing", { drugtracinfo: [] }],
  ["drugtracinfo is missing", { drugtracinfo: undefined }],
];

test.each(DECLINED)("goods that may not be sold: %s", async (why, members) => {
  const counter = await soldCounter();
  expect(word(await sell(counter, members))).toEqual(declined(why));
  expect(counter.ledger.stock.standing(CODE)).toEqual([]);
});

const REFUSED: readonly (readonly [why: string, members: Node])[] = [
  ["selinfo.sel_retn_cnt is malformed", { sel_retn_cnt: "0" }],
  ["selinfo.manu_date is malformed", { manu_date: "20260101" }],
  ["selinfo.trdn_flag is malformed", { trdn_flag: "2" }],
  ["drugtracinfo.drug_trac_codg is missing", { drugtracinfo: [{}] }],
  ["drugtracinfo.drug_trac_codg is malformed", { drugtracinfo: [{ drug_trac_codg: "x".repeat(101) }] }],
  ["drugtracinfo.drug_trac_codg is there twice", { drugtracinfo: [{ drug_trac_codg: "1" }, { drug_trac_codg: "1" }] }],
  ["drugtracinfo is missing", { drugtracinfo: "x" }],
];

test.each(REFUSED)("a message that cannot be read: %s", async (why, members) => {
  const counter = await soldCounter();
  expect(await sell(counter, members)).toMatchObject({ infcode: -2, err_msg: `3505: ${why}` });
});

test("slices need no code; an uninsured sale needs no settlement; a voided settlement carries no sale", async () => {
  const counter = await soldCounter();
  expect(word(await sell(counter, { med_list_codg: "TTEST0000000000000S1", drugtracinfo: [] }))).toEqual(TAKEN);
  expect(word(await sell(counter, { setl_id: "", mdtrt_setl_type: "2", hi_feesetl_type: "0", rtal_docno: "R2" }))).toEqual(TAKEN);
  counter.insurer.voidAtHost("S000000000001");
  expect(word(await sell(counter, { rtal_docno: "R3", drugtracinfo: [{ drug_trac_codg: "2" }] }))).toEqual(declined("the settlement has been taken back"));
});

test("a return of what was never sold here is declined", async () => {
  const counter = await soldCounter();
  expect(word(await giveBack(counter))).toEqual(declined("more is given back than was sold"));
  await sell(counter);
  const other = { drugtracinfo: [{ drug_trac_codg: "2" }] };
  expect(word(await giveBack(counter, other))).toEqual(declined("drug_trac_codg 2 was not sold here"));
  expect(await giveBack(counter, { sel_retn_opter_name: "" })).toMatchObject({ infcode: -2, err_msg: "3506: selinfo.sel_retn_opter_name is missing" });
});

test("many lines at once are taken together or not at all; the word may stand in the output itself", async () => {
  const counter = await soldCounter({ uploadResult: "output" });
  const second = sale({ fixmedins_bchno: "B2", drugtracinfo: [{ drug_trac_codg: "2" }] });
  const ask = (lines: readonly Node[]) => counter.ask("3505A", { selinfoDetail: lines });
  expect((await ask([sale(), sale({ fixmedins_bchno: "B2" })])).output).toEqual({ retRslt: "0", msgRslt: `drug_trac_codg ${CODE} has been sold already` });
  expect(counter.ledger.stock.moves()).toEqual([]);
  expect((await ask([sale(), second])).output).toEqual({ retRslt: "1", msgRslt: "" });
  expect(counter.ledger.stock.moves()).toHaveLength(2);
  expect(await ask([])).toMatchObject({ err_msg: "3505A: selinfoDetail is missing" });
  expect(await ask([sale({ rx_flag: "" })])).toMatchObject({ err_msg: "3505A: selinfoDetail.rx_flag is missing" });
  expect(await ask(Array.from({ length: 101 }, () => ({})))).toMatchObject({ err_msg: "3505A: selinfoDetail is too long" });
});

function traced(counter: Counter, codes: readonly (readonly [line: string, code: string, part?: string])[]): Node {
  const drug_trac_info = codes.map(([feedetl_sn, drug_trac_codg, trdn_flag = "0"]) => ({ feedetl_sn, drug_trac_codg, trdn_flag, min_prcunt_type: trdn_flag }));
  return { ...counter.basket(VECTOR_A), drug_trac_info };
}

const ALL = [
  ["D1", "1"],
  ["D2", "2"],
  ["D3", "3"],
] as const;

const TRACED: readonly (readonly [
  mode: InsurerVariants["traceInSettlement"],
  codes: readonly (readonly [string, string, string?])[],
  refusal: string | undefined,
])[] = [
  ["ignored", [["D9", "1"]], undefined],
  ["checked", [], undefined],
  ["checked", [["D9", "1"]], "drug_trac_info.feedetl_sn names no line"],
  [
    "checked",
    [
      ["D1", "1"],
      ["D2", "1"],
    ],
    "drug_trac_info.drug_trac_codg is there twice",
  ],
  ["checked", [["D1", "sold"]], "drug_trac_codg sold has been sold already"],
  ["checked", [["D1", "x".repeat(101)]], "drug_trac_info.drug_trac_codg is malformed"],
  ["required", ALL.slice(0, 2), "drug_trac_info is missing for feedetl_sn D3"],
  ["required", ALL, undefined],
];

test.each(TRACED)("a settlement where trace codes are %s, with %j", async (traceInSettlement, codes, refusal) => {
  const counter = await soldCounter({ traceInSettlement: "ignored" });
  await sell(counter, { drugtracinfo: [{ drug_trac_codg: "sold" }] });
  const strict = await openCounter({ ledger: counter.ledger, variants: { traceInSettlement } });
  const reply = await strict.ask("2102", traced(strict, codes));
  expect([reply.infcode, reply.err_msg]).toEqual(refusal === undefined ? [0, ""] : [-2, `2102: ${refusal}`]);
});

test("packs that a settlement told of are its own: its upload is taken, another sale is not, and a void or a reversal frees them", async () => {
  for (const way of ["2103", "2601"]) {
    const counter = await openCounter({ variants: { traceInSettlement: "required" } });
    const msgid = counter.msgid();
    expect((await counter.ask("2102", traced(counter, ALL), { msgid })).infcode).toBe(0);
    expect(await counter.ask("2102", traced(counter, ALL))).toMatchObject({ err_msg: "2102: drug_trac_codg 1 has been sold already" });
    if (way === "2601") await counter.reverse(msgid);
    else await counter.ask("2103", { data: { psn_no: PERSON, setl_id: "S000000000001", mdtrt_id: "V000000000001" } });
    expect((await counter.ask("2102", traced(counter, ALL))).infcode).toBe(0);
    const upload = { setl_id: "S000000000002", drugtracinfo: [{ drug_trac_codg: "1" }] };
    expect(word(await sell(counter, upload))).toEqual(TAKEN);
    expect(word(await sell(counter, { ...upload, rtal_docno: "R2" }))[1]).toBe("0");
    counter.insurer.voidAtHost("S000000000002");
    expect(counter.ledger.stock.standing("1")).toHaveLength(1);
    expect(counter.ledger.stock.standing("2")).toEqual([]);
    expect(word(await giveBack(counter, upload))).toEqual(TAKEN);
    expect(counter.ledger.stock.standing("1")).toEqual([]);
  }
});
