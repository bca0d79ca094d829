import { strFromU8, unzipSync } from "fflate";
import { expect, test } from "vitest";
import { actAtInsurer } from "./insurer-commands.ts";
import { INSURER_FAULTS, type InsurerFaultName, planInsurerFault } from "./insurer-faults.ts";
import { type Counter, INSTITUTION, type Node, openCounter, PERSON } from "./testing.ts";

async function settled(fault: InsurerFaultName): Promise<{ readonly counter: Counter; readonly msgid: string; readonly text: string | undefined }> {
  const counter = await openCounter();
  planInsurerFault(counter.insurer.faults, "2102", INSURER_FAULTS[fault]);
  const msgid = counter.msgid();
  return { counter, msgid, text: await counter.raw(counter.message("2102", counter.basket(), { msgid })) };
}

const REPLIES: readonly (readonly [fault: InsurerFaultName, bookings: number, reply: RegExp | undefined])[] = [
  ["negative-code", 0, /"infcode":-5,.*being maintained/],
  ["code-1", 0, /"infcode":1,.*being maintained/],
  ["half-reply-booked", 1, /^\{"infcode":0,[^}]*/],
  ["output-missing-booked", 1, /"infcode":0,.*"output":\{\}/],
  ["delivered-twice", 2, /"setl_id":"S000000000001"/],
  ["delivered-twice-no-reply", 2, undefined],
  ["reply-of-another-person", 1, /"psn_no":"99999999999999999999"/],
  ["reply-to-another-msgid", 1, /"medins_setl_id":"P00000000000202001010000000001"/],
  ["amounts-as-numbers", 1, /"medfee_sumamt":164\.9,/],
  ["output-as-text", 1, /"output":"\{/],
  ["code-as-text", 1, /"infcode":"0"/],
  ["voided-at-host", 0, /"setl_id":"S000000000001"/],
  ["foreign-booking", 2, /"setl_id":"S000000000001"/],
];

test.each(REPLIES)("fault %s leaves %i bookings, and one reversal of the message leaves none of its own", async (fault, bookings, reply) => {
  const { counter, msgid, text } = await settled(fault);
  if (reply === undefined) expect(text).toBeUndefined();
  else expect(text).toMatch(reply);
  expect(counter.ledger.totals().count).toBe(bookings);
  await counter.reverse(msgid);
  expect(counter.ledger.byMsgid(msgid).filter(({ status }) => status === "booked")).toEqual([]);
});

test("half a reply is no JSON; a reply that is somebody else's changes nothing in the books", async () => {
  const half = await settled("half-reply-booked");
  expect(() => JSON.parse(half.text ?? "{}") as unknown).toThrow(SyntaxError);
  const { counter, msgid } = await settled("reply-of-another-person");
  expect(counter.ledger.byMsgid(msgid)[0]?.personNumber).toBe(PERSON);
});

test("a refused duplicate delivery books once where the region knows a msgid again", async () => {
  const counter = await openCounter({ variants: { refuseDuplicateMsgid: true } });
  planInsurerFault(counter.insurer.faults, "2102", INSURER_FAULTS["delivered-twice"]);
  expect((await counter.settle()).infcode).toBe(0);
  expect(counter.ledger.totals().count).toBe(1);
});

test("a void at the host and a foreign booking stand in the statement under the institution", async () => {
  const { counter } = await settled("foreign-booking");
  const foreign = counter.ledger.settlement("S000000000002");
  expect(foreign).toMatchObject({ institution: INSTITUTION, personNumber: PERSON, totalFen: 1_234n, cashFen: 1_234n, status: "booked" });
  const voided = await settled("voided-at-host");
  const [entry] = voided.counter.ledger.byMsgid(voided.msgid);
  expect([entry?.status, voided.counter.accountFen()]).toEqual(["voided", 10_000]);
  expect(entry?.closedBy).not.toBe(voided.msgid);
});

const ACTS: readonly (readonly [instruction: unknown, reply: object])[] = [
  ["void", { ok: false, reason: "not-an-object" }],
  [{ act: "explode" }, { ok: false, reason: "an act is one of issue-e-code, void, book-foreign, end-sign-ins" }],
  [
    { act: "issue-e-code", person: "1" },
    { ok: false, reason: "person is not insured here" },
  ],
  [
    { act: "issue-e-code", person: PERSON },
    { ok: true, code: expect.stringMatching(/^[0-9A-F]{28}$/) },
  ],
  [
    { act: "void", settlement: "S9" },
    { ok: false, reason: "no such settlement stands" },
  ],
  [{ act: "void", settlement: "S000000000001" }, { ok: true }],
  [
    { act: "book-foreign", like: "S000000000001", amountFen: 0 },
    { ok: false, reason: "amountFen is malformed" },
  ],
  [
    { act: "book-foreign", like: "S9", amountFen: 1 },
    { ok: false, reason: "there is no settlement like that" },
  ],
  [
    { act: "book-foreign", like: "S000000000001", amountFen: 1 },
    { ok: true, settlement: "S000000000002", msgid: expect.stringContaining("Z00") },
  ],
  [{ act: "end-sign-ins" }, { ok: true }],
];

test.each(ACTS)("what somebody does at the insurer: %j", async (instruction, reply) => {
  const counter = await openCounter();
  await counter.settle();
  expect(actAtInsurer(counter.insurer, instruction)).toEqual(reply);
});

async function list(counter: Counter, infno: string, data: Node): Promise<{ readonly name: unknown; readonly lines: readonly string[] }> {
  const file = (await counter.ask(infno, { data })).output as Node;
  const wanted = { file_qury_no: file["file_qury_no"], filename: file["filename"], fixmedins_code: INSTITUTION };
  const { out } = (await counter.ask("9102", { fsDownloadIn: wanted })).output["fsDownloadOut"] ?? {};
  const [text = new Uint8Array()] = Object.values(unzipSync(Buffer.from(String(out), "base64")));
  const lines = strFromU8(text)
    .split("\n")
    .filter((line) => line !== "");
  expect(file["data_cnt"]).toBe(lines.length);
  return { name: file["filename"], lines };
}

test("the catalogue comes as files of lines and as pages of prices and shares", async () => {
  const counter = await openCounter();
  const medicine = await list(counter, "1301", { ver: "0" });
  expect(medicine.name).toBe("1301_20260101.zip");
  expect(medicine.lines[1]?.split("\t")).toEqual(["XTEST0000000000000B1", "测试乙类药品", "530100", "2020-01-01", "2099-12-31", "09", "02", "101", "0"]);
  expect((await list(counter, "1302", { ver: "0" })).lines).toHaveLength(1);
  expect((await list(counter, "1305", { ver: "0" })).lines).toHaveLength(1);
  expect((await list(counter, "1306", { ver: "0" })).lines).toHaveLength(1);
  expect((await list(counter, "1312", { page_num: "1", page_size: "500" })).lines).toHaveLength(8);
  const page = async (infno: string, page_num: string, page_size = "3") => (await counter.ask(infno, { data: { page_num, page_size } })).output;
  expect((await page("1318", "1"))["data"]).toMatchObject([{ hilist_code: "XTEST0000000000000A2", hilist_pric_uplmt_amt: "25.000000", vali_flag: "1" }]);
  expect((await page("1318", "2"))["data"]).toEqual([]);
  expect((await page("1319", "1"))["data"]).toMatchObject([{ selfpay_prop: "0.0000" }, { selfpay_prop: "0.1000" }, { selfpay_prop: "1.0000" }]);
  expect(await page("1319", "3")).toMatchObject({ data: [{}, {}], pages: 3, recordCounts: 8 });
  expect(await counter.ask("1319", { data: { page_num: "0", page_size: "3" } })).toMatchObject({ infcode: -2, err_msg: "1319: data.page_num is malformed" });
  expect(await counter.ask("1318", { data: { page_num: "1", page_size: "501" } })).toMatchObject({ err_msg: "1318: data.page_size is malformed" });
  expect(await counter.ask("1301", { data: {} })).toMatchObject({ err_msg: "1301: data.ver is missing" });
});

test("a clearing application is made, and cancelled once", async () => {
  const counter = await openCounter();
  const data = {
    clr_type: "41",
    clr_way: "1",
    setlym: "202609",
    psntime: "1",
    medfee_sumamt: "164.90",
    med_sumfee: "164.90",
    fund_appy_sum: "58.92",
    cash_payamt: "39.90",
    acct_pay: "66.08",
    begndate: "2026-09-01",
    enddate: "2026-09-30",
  };
  const id = (await counter.ask("3203", { data })).output["result"]?.["clr_appy_evt_id"];
  expect(id).toBe("C000000000001");
  expect(await counter.ask("3203", { data: { ...data, setlym: "2026-09" } })).toMatchObject({ err_msg: "3203: data.setlym is malformed" });
  expect(await counter.ask("3203", { data: { ...data, begndate: "2026-10-01" } })).toMatchObject({ err_msg: "3203: the dates are malformed" });
  const cancel = (event: unknown) => counter.ask("3204", { data: { clr_appy_evt_id: event } });
  expect((await cancel(id)).infcode).toBe(0);
  expect(await cancel(id)).toMatchObject({ infcode: -2, err_msg: "3204: there is no such application" });
});
