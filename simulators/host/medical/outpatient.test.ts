import { expect, test } from "vitest";
import { INSURER_FAULTS, planInsurerFault } from "./insurer-faults.ts";
import { type Counter, type Line, type Node, openCounter, PERSON, type Reply, VECTOR_A } from "./testing.ts";

const AT = "2026-09-22 12:00:00";
const VISIT = "M000000000001";
const SETTLEMENT = "S000000000001";

const REGISTRATION: Node = {
  psn_no: PERSON,
  insutype: "310",
  begntime: AT,
  mdtrt_cert_type: "03",
  mdtrt_cert_no: "T00000001",
  ipt_otp_no: "OP1",
  atddr_no: "D1",
  dr_name: "医师",
  dept_code: "01",
  dept_name: "内科",
  caty: "A03",
};
const INFORMATION: Node = { mdtrt_id: VISIT, psn_no: PERSON, med_type: "11", begntime: AT, dise_codg: "J00", dise_name: "感冒" };
const DISEASE: Node = {
  diag_type: "1",
  diag_srt_no: "1",
  diag_code: "J00",
  diag_name: "感冒",
  diag_dept: "内科",
  dise_dor_no: "D1",
  dise_dor_name: "医师",
  diag_time: AT,
  vali_flag: "1",
};

function fees(batch = "B1", lines: readonly Line[] = VECTOR_A): Node[] {
  return lines.map(([code, cnt, pric, amount], at) => ({
    feedetl_sn: `${batch}-${at + 1}`,
    mdtrt_id: VISIT,
    psn_no: PERSON,
    chrg_bchno: batch,
    fee_ocur_time: AT,
    med_list_codg: code,
    medins_list_codg: `OWN${at + 1}`,
    det_item_fee_sumamt: amount,
    cnt,
    pric,
    bilg_dept_codg: "01",
    bilg_dr_codg: "D1",
  }));
}

const SETTLE: Node = {
  psn_no: PERSON,
  mdtrt_cert_type: "03",
  mdtrt_cert_no: "T00000001",
  med_type: "11",
  medfee_sumamt: "164.90",
  psn_setlway: "01",
  mdtrt_id: VISIT,
  chrg_bchno: "B1",
  insutype: "310",
  acct_used_flag: "1",
};

const STEPS = {
  "2201": (counter: Counter, members: Node = {}) => counter.ask("2201", { data: { ...REGISTRATION, ...members } }),
  "2203": (counter: Counter, members: Node = {}) => counter.ask("2203", { mdtrtinfo: { ...INFORMATION, ...members }, diseinfo: [DISEASE] }),
  "2204": (counter: Counter, members: Node = {}) => counter.ask("2204", { feedetail: fees().map((fee) => ({ ...fee, ...members })) }),
  "2206": (counter: Counter, members: Node = {}) => counter.ask("2206", { data: { ...SETTLE, ...members } }),
  "2207": (counter: Counter, members: Node = {}) => counter.ask("2207", { data: { ...SETTLE, invono: "1", ...members } }),
  "2208": (counter: Counter, members: Node = {}) => counter.ask("2208", { data: { psn_no: PERSON, mdtrt_id: VISIT, setl_id: SETTLEMENT, ...members } }),
  "2205": (counter: Counter, members: Node = {}) => counter.ask("2205", { data: { psn_no: PERSON, mdtrt_id: VISIT, chrg_bchno: "0000", ...members } }),
  "2202": (counter: Counter, members: Node = {}) => counter.ask("2202", { data: { psn_no: PERSON, mdtrt_id: VISIT, ipt_otp_no: "OP1", ...members } }),
} as const;

type Step = keyof typeof STEPS;

async function after(steps: readonly Step[], options: ConstructorParameters<typeof Counter>[0] = {}): Promise<Counter> {
  const counter = await openCounter(options);
  for (const step of steps) expect(await STEPS[step](counter), step).toMatchObject({ infcode: 0 });
  return counter;
}

const BOOKED: readonly Step[] = ["2201", "2203", "2204", "2206", "2207"];

test("a visit from its registration to its settlement has the figures of the worked example, and is taken back step by step", async () => {
  const counter = await openCounter();
  expect((await STEPS["2201"](counter)).output["data"]).toMatchObject({ mdtrt_id: VISIT, psn_no: PERSON, ipt_otp_no: "OP1" });
  await STEPS["2203"](counter);
  expect((await STEPS["2204"](counter)).output["result"]).toMatchObject([{ feedetl_sn: "B1-1", det_item_fee_sumamt: "57.00", chrgitm_lv: "01" }, {}, {}]);
  const figures = { hifp_pay: "58.92", psn_part_amt: "105.98", acct_pay: "66.08", psn_cash_pay: "39.90", mdtrt_id: VISIT, med_type: "11", clr_type: "11" };
  expect((await STEPS["2206"](counter)).output["setlinfo"]).toMatchObject({ ...figures, setl_id: "" });
  expect(counter.ledger.totals().count).toBe(0);
  expect((await STEPS["2207"](counter)).output["setlinfo"]).toMatchObject({ ...figures, setl_id: SETTLEMENT });
  expect(counter.accountFen()).toBe(3_392);
  const lines = await counter.ask("5204", { data: { psn_no: PERSON, mdtrt_id: VISIT, setl_id: SETTLEMENT } });
  expect(lines.output["feedetail"]).toMatchObject([
    { feedetl_sn: "B1-1", setl_id: SETTLEMENT, cnt: "2", inscp_scp_amt: "57.00" },
    { preselfpay_amt: "6.80", inscp_scp_amt: "61.20" },
    { fulamt_ownpay_amt: "39.90" },
  ]);
  expect((await STEPS["2208"](counter)).output["setlinfo"]).toMatchObject({ psn_pay: "105.98", cash_payamt: "39.90" });
  for (const step of ["2205", "2202"] as const) expect((await STEPS[step](counter)).infcode).toBe(0);
  expect([counter.ledger.totals().count, counter.accountFen(), counter.ledger.visits.visits()[0]?.status]).toEqual([0, 10_000, "cancelled"]);
  expect((await STEPS["2201"](counter)).output["data"]).toMatchObject({ mdtrt_id: "M000000000002" });
});

const ORDER: readonly (readonly [step: Step, done: readonly Step[], message: string])[] = [
  ["2201", ["2201"], "ipt_otp_no is registered already"],
  ["2203", [], "there is no such visit"],
  ["2203", ["2201", "2202"], "the visit has been cancelled"],
  ["2203", BOOKED, "a settlement of this visit stands"],
  ["2204", [], "there is no such visit"],
  ["2204", ["2201"], "the visit has not been described"],
  ["2204", ["2201", "2203", "2204"], "feedetl_sn has been told already"],
  ["2204", BOOKED, "chrg_bchno is settled already"],
  ["2206", ["2201"], "the visit has not been described"],
  ["2206", ["2201", "2203"], "no fees of this batch were told"],
  ["2207", ["2201", "2203"], "no fees of this batch were told"],
  ["2207", BOOKED, "chrg_bchno is settled already"],
  ["2208", ["2201", "2203", "2204"], "there is no such settlement"],
  ["2208", [...BOOKED, "2208"], "the settlement has been taken back already"],
  ["2205", ["2201", "2203"], "there are no such fees"],
  ["2205", BOOKED, "a settlement of these fees stands"],
  ["2202", ["2201", "2203", "2204"], "fees of this visit stand"],
  ["2202", BOOKED, "a settlement of this visit stands"],
  ["2202", ["2201", "2202"], "the visit has been cancelled"],
];

test.each(ORDER)("%s after %j is refused: %s", async (step, done, message) => {
  const counter = await after(done);
  const before = [counter.ledger.settlements(), counter.ledger.visits.visits(), counter.ledger.visits.fees(VISIT)];
  expect(await STEPS[step](counter)).toMatchObject({ infcode: -2, err_msg: `${step}: ${message}` });
  expect([counter.ledger.settlements(), counter.ledger.visits.visits(), counter.ledger.visits.fees(VISIT)]).toEqual(before);
});

const READY: readonly Step[] = ["2201", "2203", "2204"];
const REFUSED: readonly (readonly [step: Step, done: readonly Step[], members: Node, message: string])[] = [
  ...Object.keys(REGISTRATION).map((name) => ["2201", [], { [name]: "" }, `data.${name} is missing`] as const),
  ["2201", [], { begntime: "today" }, "data.begntime is malformed"],
  ["2201", [], { mdtrt_cert_no: "T00000002" }, "the credential is not this person's"],
  ["2201", [], { psn_no: "1" }, "psn_no is not insured here"],
  ["2201", [], { insutype: "390" }, "no such insurance is in force"],
  ["2202", ["2201"], { ipt_otp_no: "OP2" }, "there is no such visit"],
  ...["mdtrt_id", "psn_no", "med_type"].map((name) => ["2203", ["2201"], { [name]: "" }, `mdtrtinfo.${name} is missing`] as const),
  ...Object.keys(fees()[0] ?? {}).map((name) => ["2204", ["2201", "2203"], { [name]: "" }, `feedetail.${name} is missing`] as const),
  ["2204", ["2201", "2203"], { feedetl_sn: "1" }, "feedetl_sn is there twice"],
  ["2204", ["2201", "2203"], { chrg_bchno: "0000" }, "chrg_bchno 0000 is no batch"],
  ["2204", ["2201", "2203"], { cnt: "x" }, "feedetail.cnt is malformed"],
  ["2204", ["2201", "2203"], { psn_no: "2" }, "there is no such visit"],
  ...Object.keys(SETTLE).map((name) => ["2207", READY, { [name]: "" }, `data.${name} is missing`] as const),
  ["2207", READY, { medfee_sumamt: "164.91" }, "medfee_sumamt is not the sum of the fees"],
  ["2207", READY, { med_type: "13" }, "med_type is not that of the visit"],
  ["2207", READY, { insutype: "390" }, "insutype is not that of the visit"],
  ["2207", READY, { chrg_bchno: "B2" }, "no fees of this batch were told"],
  ["2207", READY, { mdtrt_cert_no: "T00000002" }, "the credential is not this person's"],
  ["2206", READY, { acct_used_flag: "2" }, "acct_used_flag is neither 0 nor 1"],
  ["2208", BOOKED, { mdtrt_id: "M9" }, "there is no such settlement"],
];

test.each(REFUSED)("%s is refused by name after %j with %j: %s", async (step, done, members, message) => {
  const counter = await after(done);
  expect(await STEPS[step](counter, members)).toMatchObject({ infcode: -2, err_msg: `${step}: ${message}` });
});

test("a pharmacy's purchase is no visit's: 2103 and 2208 keep apart, and so do their reversals", async () => {
  const counter = await after(BOOKED);
  const named = { psn_no: PERSON, mdtrt_id: VISIT, setl_id: SETTLEMENT };
  expect(await counter.ask("2103", { data: named })).toMatchObject({ infcode: -2 });
  const [entry] = counter.ledger.settlements();
  expect((await counter.reverse(entry?.msgid ?? "")).infcode).toBe(-2);
  expect((await counter.reverse(entry?.msgid ?? "", { oinfno: "2207" })).infcode).toBe(0);
  expect((await STEPS["2207"](counter)).infcode).toBe(0);
});

test("a reversed void restores the visit's settlement, unless the account cannot bear it any more", async () => {
  const counter = await after(BOOKED);
  const voided = async () => {
    const msgid = counter.msgid();
    await counter.ask("2208", { data: { psn_no: PERSON, mdtrt_id: VISIT, setl_id: SETTLEMENT } }, { msgid });
    return msgid;
  };
  const first = await voided();
  expect((await counter.reverse(first, { oinfno: "2103" })).infcode).toBe(-2);
  expect((await counter.reverse(first, { oinfno: "2208" })).infcode).toBe(0);
  expect([counter.ledger.totals().count, counter.accountFen()]).toEqual([1, 3_392]);
  const second = await voided();
  await counter.settle();
  expect(await counter.reverse(second, { oinfno: "2208" })).toMatchObject({ err_msg: "2601: the account no longer holds what the settlement took" });
});

test("batches are settled and taken back one by one; 0000 names all", async () => {
  const counter = await after(READY);
  await counter.ask("2204", { feedetail: fees("B2") });
  expect(await STEPS["2207"](counter, { chrg_bchno: "0000" })).toMatchObject({ err_msg: "2207: medfee_sumamt is not the sum of the fees" });
  expect((await STEPS["2207"](counter)).infcode).toBe(0);
  // The deductible of a visit is borne once, whatever number of settlements it has.
  expect((await STEPS["2207"](counter, { chrg_bchno: "B2" })).output["setlinfo"]).toMatchObject({ act_pay_dedc: "0.00", setl_id: "S000000000002" });
  expect((await STEPS["2208"](counter)).infcode).toBe(0);
  expect(await STEPS["2205"](counter)).toMatchObject({ err_msg: "2205: a settlement of these fees stands" });
  expect((await STEPS["2205"](counter, { chrg_bchno: "B1" })).infcode).toBe(0);
  expect(await STEPS["2202"](counter)).toMatchObject({ err_msg: "2202: a settlement of this visit stands" });
  const told = await counter.ask("5204", { data: { psn_no: PERSON, mdtrt_id: VISIT, setl_id: "" } });
  expect((told.output["feedetail"] as unknown as readonly Node[]).map((line) => line["chrg_bchno"])).toEqual(["B2", "B2", "B2"]);
});

test("a visit without a disease needs no diagnosis; one with a disease does", async () => {
  const counter = await after(["2201"]);
  const tell = (members: Node, diseinfo?: unknown) =>
    counter.ask("2203", { mdtrtinfo: { ...INFORMATION, ...members }, ...(diseinfo === undefined ? {} : { diseinfo }) });
  expect((await tell({ dise_codg: "", dise_name: "" })).infcode).toBe(0);
  expect(await tell({})).toMatchObject({ err_msg: "2203: diseinfo is missing" });
  expect(await tell({}, [{ ...DISEASE, diag_code: "" }])).toMatchObject({ err_msg: "2203: diseinfo.diag_code is missing" });
});

test("an unknown 2207 is found by its msgid and taken back", async () => {
  for (const [fault, infcode] of [
    ["no-reply-booked", 0],
    ["no-reply-not-booked", -2],
  ] as const) {
    const counter = await after(READY);
    planInsurerFault(counter.insurer.faults, "2207", INSURER_FAULTS[fault]);
    const msgid = counter.msgid();
    expect(await counter.raw(counter.message("2207", { data: SETTLE }, { msgid }))).toBeUndefined();
    expect((await counter.reverse(msgid, { oinfno: "2207" })).infcode).toBe(infcode);
    expect(counter.ledger.totals().count).toBe(0);
    expect((await STEPS["2207"](counter)).infcode).toBe(0);
  }
});

test("a chronic visit needs the filing of the disease that was told", async () => {
  const retired = { psn_no: "53010000000000000004", mdtrt_cert_no: "T00000004" };
  const run = async (disease: string): Promise<Reply> => {
    const counter = await openCounter();
    await STEPS["2201"](counter, retired);
    await STEPS["2203"](counter, { psn_no: retired.psn_no, med_type: "14", dise_codg: disease });
    await STEPS["2204"](counter, { psn_no: retired.psn_no });
    return STEPS["2207"](counter, { ...retired, med_type: "14" });
  };
  expect((await run("M03900")).infcode).toBe(0);
  expect(await run("J00")).toMatchObject({ err_msg: "2207: dise_codg is not filed for this person" });
});
