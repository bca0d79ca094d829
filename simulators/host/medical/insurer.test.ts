import { expect, test } from "vitest";
import { utf8 } from "../../../device/base/bytes.ts";
import { type BrokenSum, INSURER_FAULTS, type InsurerFaultName, planInsurerFault } from "./insurer-faults.ts";
import { KUNMING_POLICY } from "./split.ts";
import { Counter, drugdetail, INSTITUTION, type Line, type Node, openCounter, PERSON, RICH_PERSON, VECTOR_A } from "./testing.ts";

const FIGURES_A: Node = {
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
  acct_mulaid_pay: "0.00",
  psn_cash_pay: "39.90",
  balc: "33.92",
};

test("the worked example is reproduced to the fen by trial and settlement, and only the settlement books", async () => {
  const counter = await openCounter();
  const trial = await counter.ask("2101", counter.basket());
  expect(trial.infcode).toBe(0);
  expect(trial.output["setlinfo"]).toMatchObject({ ...FIGURES_A, setl_id: "" });
  expect(counter.ledger.totals().count).toBe(0);
  const msgid = counter.msgid();
  const reply = await counter.settle(msgid);
  expect(reply.infcode).toBe(0);
  expect(reply.output["setlinfo"]).toMatchObject({ ...FIGURES_A, psn_no: PERSON, medins_setl_id: msgid, setl_id: "S000000000001", mdtrt_id: "V000000000001" });
  expect(reply.output["detlcutinfo"]).toMatchObject([
    { feedetl_sn: "D1", det_item_fee_sumamt: "57.00", inscp_scp_amt: "57.00", chrgitm_lv: "01" },
    { feedetl_sn: "D2", preselfpay_amt: "6.80", inscp_scp_amt: "61.20", chrgitm_lv: "02" },
    { feedetl_sn: "D3", fulamt_ownpay_amt: "39.90", inscp_scp_amt: "0.00", chrgitm_lv: "03" },
  ]);
  expect(counter.ledger.totals()).toEqual({ count: 1, totalFen: 16_490n, fundFen: 5_892n, accountFen: 6_608n });
  expect(counter.accountFen()).toBe(3_392);
});

test("a person's card, balance and insurances", async () => {
  const counter = await openCounter();
  const data = { mdtrt_cert_type: "03", mdtrt_cert_no: "T00000003", card_sn: "530100TEST0000000000000000000003" };
  const reply = await counter.ask("1101", { data });
  expect(reply.output["baseinfo"]).toMatchObject({ psn_no: "53010000000000000003", psn_name: "测试人员" });
  expect(reply.output["insuinfo"]).toMatchObject([
    { insutype: "310", psn_insu_stas: "2", balc: "0.00" },
    { insutype: "390", psn_insu_stas: "1", insuplc_admdvs: "530103" },
  ]);
});

const envelope =
  (members: Node): ((counter: Counter) => Promise<{ infcode: unknown; err_msg: string }>) =>
  (counter) =>
    counter.ask("2102", counter.basket(), members);
const druginfo = (members: Node) => (counter: Counter) => counter.ask("2102", counter.basket(VECTOR_A, members));
const lines =
  (made: readonly Line[], fee: Node = {}) =>
  (counter: Counter) =>
    counter.ask("2102", counter.basket(made, fee));
const data = (infno: string, members: Node) => (counter: Counter) => counter.ask(infno, { data: members });

const REFUSALS: readonly (readonly [message: string, ask: (counter: Counter) => Promise<{ infcode: unknown; err_msg: string }>])[] = [
  ["9999: infno 9999 is not served here", (counter) => counter.ask("9999", {})],
  ["3260: infno 3260 is not served here", data("3260", { psn_no: PERSON })],
  ["3261: infno 3261 is not served here", data("3261", { psn_no: PERSON })],
  ["3262: infno 3262 is not served here", data("3262", { psn_no: PERSON })],
  ["2001: data.insutype is missing", data("2001", { psn_no: PERSON })],
  ["2102: msgid is missing or malformed", envelope({ msgid: "short" })],
  ["2102: msgid does not begin with fixmedins_code", envelope({ msgid: "Q53010200001202609221200000001" })],
  ["2102: mdtrtarea_admvs is missing or malformed", envelope({ mdtrtarea_admvs: "" })],
  ["2102: recer_sys_code is missing or malformed", envelope({ recer_sys_code: undefined })],
  ["2102: infver is missing or malformed", envelope({ infver: "" })],
  ["2102: opter_type is missing or malformed", envelope({ opter_type: "4" })],
  ["2102: opter is missing or malformed", envelope({ opter: "" })],
  ["2102: opter_name is missing or malformed", envelope({ opter_name: "" })],
  ["2102: inf_time is missing or malformed", envelope({ inf_time: "20260922120000" })],
  ["2102: fixmedins_code is missing or malformed", envelope({ fixmedins_code: "P1" })],
  ["2102: fixmedins_name is missing or malformed", envelope({ fixmedins_name: "" })],
  ["2102: insuplc_admdvs is required where a person is named", envelope({ insuplc_admdvs: "" })],
  ["2102: input is missing or malformed", envelope({ input: "x" })],
  ["2102: input is too long", envelope({ input: { druginfo: { dise_name: "x".repeat(40_001) } } })],
  ["2102: sign_no is missing or unknown", envelope({ sign_no: "" })],
  ["2102: sign_no is missing or unknown", envelope({ sign_no: "20260922120000999999" })],
  ["2102: druginfo is missing", (counter) => counter.ask("2102", {})],
  ...["psn_no", "mdtrt_cert_type", "mdtrt_cert_no", "begntime", "medfee_sumamt", "insutype", "acct_used_flag", "med_type"].map(
    (name) => [`2102: druginfo.${name} is missing`, druginfo({ [name]: "" })] as const,
  ),
  ["2102: psn_no is not insured here", druginfo({ psn_no: "1" })],
  ["2102: the credential is not this person's", druginfo({ mdtrt_cert_no: "T00000002" })],
  ["2102: no such insurance is in force", druginfo({ insutype: "390" })],
  ["2102: no such insurance is in force", envelope({ insuplc_admdvs: "530103" })],
  ["2102: med_type is not a pharmacy purchase", druginfo({ med_type: "11" })],
  ["2102: acct_used_flag is neither 0 nor 1", druginfo({ acct_used_flag: "2" })],
  ["2102: medfee_sumamt is not the sum of the lines", druginfo({ medfee_sumamt: "164.91" })],
  ["2102: druginfo.medfee_sumamt is malformed", druginfo({ medfee_sumamt: "x" })],
  ["2102: druginfo.begntime is malformed", druginfo({ begntime: "20260922" })],
  ["2102: drugdetail is missing", lines([])],
  ["2102: drugdetail.cnt is missing", lines([["XTEST0000000000000A1", "", "1.00", "1.00"]])],
  ["2102: med_list_codg is not in the catalogue", lines([["XTEST9", "1", "1.00", "1.00"]])],
  ["2102: drugdetail.cnt is malformed", lines([["XTEST0000000000000A1", "-1", "1.00", "1.00"]])],
  ["2102: drugdetail.cnt is malformed", lines([["XTEST0000000000000A1", "1.00001", "1.00", "1.00"]])],
  ["2102: det_item_fee_sumamt is not cnt times pric", lines([["XTEST0000000000000A1", "2", "1.00", "2.01"]])],
  [
    "2102: feedetl_sn is there twice",
    (counter) => counter.ask("2102", { ...counter.basket(), drugdetail: [...drugdetail(VECTOR_A), ...drugdetail(VECTOR_A)] }),
  ],
  ["1101: data is missing", (counter) => counter.ask("1101", {})],
  ["1101: data.mdtrt_cert_type is missing", data("1101", {})],
  ["1101: data.mdtrt_cert_no is missing", data("1101", { mdtrt_cert_type: "03" })],
  ["1101: data.card_sn is missing", data("1101", { mdtrt_cert_type: "03", mdtrt_cert_no: "T00000001" })],
  ["1101: mdtrt_cert_type is not served here", data("1101", { mdtrt_cert_type: "04", mdtrt_cert_no: "token" })],
  [
    "1101: nobody is insured with this credential",
    data("1101", { mdtrt_cert_type: "03", mdtrt_cert_no: "T00000001", card_sn: "530100TEST0000000000000000000002" }),
  ],
  ["9001: signIn is missing", (counter) => counter.ask("9001", { data: {} })],
  ["2103: data.setl_id is missing", data("2103", { psn_no: PERSON })],
  ["2103: there is no such settlement", data("2103", { psn_no: PERSON, setl_id: "S1", mdtrt_id: "V1" })],
  ["5203: there is no such settlement", data("5203", { psn_no: PERSON, setl_id: "S1", mdtrt_id: "V1" })],
  ["2601: data.omsgid is missing", data("2601", { psn_no: PERSON })],
  ["2601: oinfno cannot be reversed", data("2601", { psn_no: PERSON, omsgid: "x", oinfno: "2101" })],
  ["2601: the original was not found", data("2601", { psn_no: PERSON, omsgid: "x", oinfno: "2102" })],
  ["3202: data.setl_optins is missing", data("3202", { stmt_begndate: "2026-09-22", stmt_enddate: "2026-09-22" })],
  ["3202: data.setl_optins is missing", data("3202", { stmt_begndate: "2026-09-22", stmt_enddate: "2026-09-22", msgid: "x" })],
  ["3201: data.insutype is missing", data("3201", { clr_type: "41" })],
];

test.each(REFUSALS)("refused as a matter of business, nothing booked: %s", async (message, ask) => {
  const counter = await openCounter();
  expect(await ask(counter)).toMatchObject({ infcode: -2, err_msg: message });
  expect(counter.ledger.settlements()).toEqual([]);
  expect(counter.accountFen()).toBe(10_000);
});

test.each([["not JSON"], ["[]"], ["null"], ["{}"], [""]])("a body that is no request is refused: %s", async (text) => {
  const counter = new Counter();
  expect(JSON.parse((await counter.raw(utf8(text))) ?? "null")).toMatchObject({ infcode: -2 });
});

test("regional forms of one reply: amounts as numbers, output as text, code as text, funds with the account", async () => {
  const counter = await openCounter({ variants: { amounts: "number" } });
  expect((await counter.settle()).output["setlinfo"]).toMatchObject({ medfee_sumamt: 164.9, acct_pay: 66.08, overlmt_selfpay: 0 });

  const textual = new Counter({ variants: { output: "json-text", infcode: "text", signNumberRequired: false } });
  const reply = await textual.settle();
  expect(reply.infcode).toBe("0");
  expect(typeof reply.output).toBe("string");
  expect((JSON.parse(String(reply.output)) as Node)["setlinfo"]).toMatchObject(FIGURES_A);

  const guangdong = await openCounter({ variants: { fundsIncludeAccount: true } });
  expect((await guangdong.settle()).output["setlinfo"]).toMatchObject({
    fund_pay_sumamt: "125.00",
    psn_part_amt: "105.98",
    acct_pay: "66.08",
    hifp_pay: "58.92",
  });
});

test("mutual aid stands beside the account payment, or inside it", async () => {
  const big: readonly Line[] = [["XTEST0000000000000A1", "1", "9000.00", "9000.00"]];
  for (const inside of [false, true]) {
    const counter = await openCounter({ variants: { mutualAidInsideAccount: inside } });
    const reply = await counter.ask("2102", counter.basket(big, { psn_no: RICH_PERSON }));
    // 9000 - 20 = 8980, 60 % = 5388; the account has 5000 and pays the holder's 3612.
    expect(reply.output["setlinfo"]).toMatchObject({
      hifp_pay: "5388.00",
      psn_part_amt: "3612.00",
      acct_mulaid_pay: "0.00",
      acct_pay: "3612.00",
      psn_cash_pay: "0.00",
    });
    const again = await counter.ask("2102", counter.basket(big, { psn_no: RICH_PERSON }));
    // The cap leaves 612 of the pool, the account 1388, relatives 50.
    expect(again.output["setlinfo"]).toMatchObject({
      hifp_pay: "612.00",
      acct_mulaid_pay: "50.00",
      acct_pay: inside ? "1438.00" : "1388.00",
      psn_cash_pay: "6950.00",
    });
  }
});

const BROKEN: readonly (readonly [name: BrokenSum, figures: Node])[] = [
  ["scope", { inscp_scp_amt: "118.21" }],
  ["burden", { psn_part_amt: "105.99" }],
  ["cash", { psn_cash_pay: "39.91" }],
  ["pool", { hifp_pay: "98.21" }],
];

test.each(BROKEN)("a reply that breaks the sum rule %s is booked like any other", async (brokenSum, figures) => {
  const counter = await openCounter();
  counter.insurer.faults.brokenSum = brokenSum;
  expect((await counter.settle()).output["setlinfo"]).toMatchObject({ ...FIGURES_A, ...figures });
  expect(counter.ledger.totals()).toMatchObject({ count: 1, totalFen: 16_490n });
});

const OUTCOMES: readonly (readonly [fault: InsurerFaultName, booked: boolean, reply: RegExp | undefined])[] = [
  ["no-reply-booked", true, undefined],
  ["no-reply-not-booked", false, undefined],
  ["system-error-booked", true, /"infcode":-1/],
  ["system-error-not-booked", false, /"infcode":-1/],
  ["empty-infcode-booked", true, /"infcode":"","inf_refmsgid":""/],
  ["empty-infcode-not-booked", false, /"infcode":""/],
  ["unparsable-booked", true, /^<html>/],
  ["unparsable-not-booked", false, /^<html>/],
  ["refusal", false, /"infcode":-2/],
  ["slow", true, /"infcode":0/],
];

test.each(OUTCOMES)("fault %s, then a reversal: whatever was booked is taken back, once", async (name, booked, expected) => {
  const counter = await openCounter();
  planInsurerFault(counter.insurer.faults, "2102", INSURER_FAULTS[name]);
  const msgid = counter.msgid();
  const before = counter.clock.monotonicMs();
  const text = await counter.raw(counter.message("2102", counter.basket(), { msgid }));
  if (expected === undefined) expect(text).toBeUndefined();
  else expect(text).toMatch(expected);
  expect(counter.clock.monotonicMs() - before).toBe(name === "slow" ? 5_000 : 0);
  expect(counter.ledger.totals().count).toBe(booked ? 1 : 0);
  expect(await counter.rows(msgid)).toHaveLength(booked ? 1 : 0);
  expect((await counter.reverse(msgid)).infcode).toBe(booked ? 0 : -2);
  expect((await counter.reverse(msgid)).infcode).toBe(booked ? 0 : -2);
  expect(counter.ledger.totals().count).toBe(0);
  expect(counter.accountFen()).toBe(10_000);
  expect(await counter.rows(msgid)).toEqual([]);
});

test("a region may show what was reversed, with its refund", async () => {
  const counter = await openCounter({ variants: { statementShowsReversed: true } });
  const msgid = counter.msgid();
  await counter.settle(msgid);
  await counter.reverse(msgid);
  expect(await counter.rows(msgid)).toEqual([
    ["0", "164.90", "58.92", "66.08"],
    ["1", "-164.90", "-58.92", "-66.08"],
  ]);
});

test("an original that arrives after its reversal books, unless the region's host remembers", async () => {
  for (const reversalRemembersUnknown of [false, true]) {
    for (const [unknownOriginal, infcode] of [
      ["error", -2],
      ["success", 0],
    ] as const) {
      const counter = await openCounter({ variants: { reversalRemembersUnknown, unknownOriginal } });
      planInsurerFault(counter.insurer.faults, "2102", INSURER_FAULTS["late-booking"]);
      const msgid = counter.msgid();
      expect(await counter.raw(counter.message("2102", counter.basket(), { msgid }))).toBeUndefined();
      expect((await counter.reverse(msgid)).infcode).toBe(infcode);
      expect(await counter.rows(msgid)).toEqual([]);
      expect(counter.insurer.lateBookings()).toBe(1);
      await counter.clock.runUntil(counter.clock.monotonicMs() + 30_000);
      expect(counter.insurer.lateBookings()).toBe(0);
      expect(await counter.rows(msgid)).toHaveLength(reversalRemembersUnknown ? 0 : 1);
      expect((await counter.reverse(msgid)).infcode).toBe(reversalRemembersUnknown ? infcode : 0);
      expect(counter.ledger.totals().count).toBe(0);
    }
  }
});

test("a reversal that names another person finds nothing", async () => {
  const counter = await openCounter();
  const msgid = counter.msgid();
  await counter.settle(msgid);
  expect((await counter.reverse(msgid, { psn_no: RICH_PERSON })).infcode).toBe(-2);
  expect(counter.ledger.totals().count).toBe(1);
});

test("the host does not know a msgid again by itself, and a reversal takes back all that it did", async () => {
  const counter = await openCounter();
  const msgid = counter.msgid();
  await counter.settle(msgid);
  expect((await counter.settle(msgid)).infcode).toBe(0);
  expect(counter.ledger.totals().count).toBe(2);
  expect((await counter.reverse(msgid)).infcode).toBe(0);
  expect(counter.ledger.totals().count).toBe(0);

  const strict = await openCounter({ variants: { refuseDuplicateMsgid: true } });
  await strict.settle(msgid);
  expect(await strict.settle(msgid)).toMatchObject({ infcode: -2, err_msg: "2102: msgid has been used" });
});

test("a void takes back by settlement number, once, and its own reversal restores the settlement", async () => {
  const counter = await openCounter();
  const settlement = (await counter.settle()).output["setlinfo"] ?? {};
  const named = { psn_no: PERSON, setl_id: settlement["setl_id"], mdtrt_id: settlement["mdtrt_id"] };
  const query = async () => (await counter.ask("5203", { data: named })).output["setlinfo"];
  expect(await query()).toMatchObject({ medfee_sumamt: "164.90", psn_pay: "105.98", acct_pay: "66.08", cash_payamt: "39.90", refd_setl_flag: "0" });
  const msgid = counter.msgid();
  expect((await counter.ask("2103", { data: named }, { msgid })).output["setlinfo"]).toMatchObject({ psn_pay: "105.98", cash_payamt: "39.90" });
  expect([counter.ledger.totals().count, counter.accountFen()]).toEqual([0, 10_000]);
  expect(await query()).toMatchObject({ refd_setl_flag: "1" });
  expect(await counter.ask("2103", { data: named })).toMatchObject({ infcode: -2 });
  for (const _ of [1, 2]) expect((await counter.reverse(msgid, { oinfno: "2103" })).infcode).toBe(0);
  expect([counter.ledger.totals().count, counter.accountFen()]).toEqual([1, 3_392]);
});

test("a statement covers its days only", async () => {
  const counter = await openCounter();
  const msgid = counter.msgid();
  await counter.settle(msgid);
  expect(await counter.rows(msgid, { stmt_begndate: "2026-09-01", stmt_enddate: "2026-09-21" })).toEqual([]);
  expect(await counter.rows(msgid, { stmt_begndate: "2026-09-21", stmt_enddate: "2026-09-23" })).toEqual([["0", "164.90", "58.92", "66.08"]]);
});

const TOTALS: readonly (readonly [result: string, members: Node])[] = [
  ["0", {}],
  ["1", { medfee_sumamt: "0.00", fund_pay_sumamt: "0.00", acct_pay: "0.00", fixmedins_setl_cnt: "0" }],
  ["2", { fixmedins_setl_cnt: "2" }],
  ["3", { fixmedins_setl_cnt: "2", acct_pay: "1.00" }],
  ["2", { insutype: "390" }],
];

test.each(TOTALS)("totals of a group against the institution's: %s %j", async (result, members) => {
  const counter = await openCounter();
  await counter.settle();
  const own = { medfee_sumamt: "164.90", fund_pay_sumamt: "58.92", acct_pay: "66.08", fixmedins_setl_cnt: "1" };
  const group = { insutype: "310", clr_type: "41", setl_optins: "530102", stmt_begndate: "2026-09-22", stmt_enddate: "2026-09-22" };
  const reply = await counter.ask("3201", { data: { ...group, ...own, ...members } });
  expect(reply.output["stmtinfo"]).toMatchObject({ setl_optins: "530102", stmt_rslt: result });
});

test("an absent insurer answers nobody and does nothing", async () => {
  const counter = await openCounter();
  counter.insurer.faults.absent = true;
  expect(await counter.raw(counter.message("2102", counter.basket()))).toBeUndefined();
  expect(counter.ledger.totals().count).toBe(0);
});

test("a deductible of the year is borne once, and again after the settlement that bore it is gone", async () => {
  const dedc = (reply: { output: Record<string, Node> }) => reply.output["setlinfo"]?.["act_pay_dedc"];
  for (const [deductibleBasis, second] of [
    ["visit", "20.00"],
    ["year", "0.00"],
  ] as const) {
    const counter = await openCounter({ policy: { ...KUNMING_POLICY, deductibleBasis } });
    const msgid = counter.msgid();
    expect([dedc(await counter.settle(msgid)), dedc(await counter.settle())]).toEqual(["20.00", second]);
    await counter.reverse(msgid);
    expect(dedc(await counter.settle())).toBe("20.00");
  }
});

test("planned faults hit the named code, in order; others pass", async () => {
  const counter = await openCounter();
  planInsurerFault(counter.insurer.faults, "2102", INSURER_FAULTS["refusal"]);
  planInsurerFault(counter.insurer.faults, "2102", INSURER_FAULTS["system-error-booked"]);
  expect((await counter.ask("2101", counter.basket())).infcode).toBe(0);
  expect([(await counter.settle()).infcode, (await counter.settle()).infcode, (await counter.settle()).infcode]).toEqual([-2, -1, 0]);
});

test("the receiver's message number has its own form", async () => {
  const counter = await openCounter();
  const reply = JSON.parse((await counter.raw(counter.message("2101", counter.basket()))) ?? "null") as Node;
  expect(reply["inf_refmsgid"]).toMatch(/^530100\d{14}\d{10}$/);
  expect(reply["refmsg_time"]).toMatch(/^\d{17}$/);
  expect(INSTITUTION).toHaveLength(12);
});
