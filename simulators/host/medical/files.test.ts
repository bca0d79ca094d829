import { strFromU8, strToU8, unzipSync, zipSync } from "fflate";
import { expect, test } from "vitest";
import type { InsurerVariants } from "./service.ts";
import { type Counter, INSTITUTION, type Node, openCounter, PERSON, type Reply } from "./testing.ts";

const DAY = { stmt_begndate: "2026-09-22", stmt_enddate: "2026-09-22" };
const GROUP = { ...DAY, setl_optins: "530102", clr_type: "41" };

type Cell = string | undefined;

function zipOf(lines: readonly (readonly Cell[])[]): string {
  const text = lines.map((cells) => `${cells.map((cell) => cell ?? "null").join("\t")}\n`).join("");
  return Buffer.from(zipSync({ "detail.txt": strToU8(text) })).toString("base64");
}

async function upload(counter: Counter, content: string, members: Node = {}): Promise<Reply> {
  return counter.ask("9101", { fsUploadIn: { in: content, filename: "detail.zip", fixmedins_code: INSTITUTION, ...members } });
}

interface Sums {
  readonly total: string;
  readonly fund: string;
  readonly account: string;
  readonly count: string;
}

const BOOKED: Sums = { total: "164.90", fund: "58.92", account: "66.08", count: "1" };
const NOTHING: Sums = { total: "0.00", fund: "0.00", account: "0.00", count: "0" };

async function compare(counter: Counter, lines: readonly (readonly Cell[])[], sums: Sums, members: Node = {}): Promise<Reply> {
  const file = await upload(counter, zipOf(lines));
  const data = {
    ...GROUP,
    file_qury_no: (file.output as Node)["file_qury_no"],
    refd_setl_flag: "1",
    medfee_sumamt: sums.total,
    fund_pay_sumamt: sums.fund,
    acct_pay: sums.account,
    fixmedins_setl_cnt: sums.count,
    ...members,
  };
  return counter.ask("3202", { data });
}

/** Rows of the result file. */
async function result(counter: Counter, reply: Reply): Promise<readonly (readonly string[])[]> {
  const file = reply.output["fileinfo"] ?? {};
  expect(file).toMatchObject({ file_qury_no: expect.stringMatching(/^F\d{15}$/), dld_endtime: "2026-09-23 12:00:00" });
  const download = { file_qury_no: file["file_qury_no"], filename: file["filename"], fixmedins_code: INSTITUTION };
  const fetched = (await counter.ask("9102", { fsDownloadIn: download })).output["fsDownloadOut"] ?? {};
  expect(fetched["filename"]).toBe(file["filename"]);
  const [text = new Uint8Array()] = Object.values(unzipSync(Buffer.from(String(fetched["out"]), "base64")));
  return strFromU8(text)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
}

const S1 = "S000000000001";
const V1 = "V000000000001";
const OWN = [S1, V1, PERSON, "164.90", "58.92", "66.08", "0", undefined] as const;
const REFUND = [S1, V1, PERSON, "-164.90", "-58.92", "-66.08", "1", undefined] as const;

test("a statement that agrees to the fen has no rows; with all rows shown each says that it is equal", async () => {
  for (const statementRows of ["different", "all"] as const) {
    const counter = await openCounter({ variants: { statementRows } });
    const msgid = counter.msgid();
    await counter.settle(msgid);
    const rows = await result(counter, await compare(counter, [OWN], BOOKED));
    const equal = [PERSON, V1, S1, msgid, "0", "0", "一致", "164.90", "58.92", "66.08", "null"];
    expect(rows).toEqual(statementRows === "all" ? [equal] : []);
  }
});

const ENCODINGS: readonly (readonly [encoding: InsurerVariants["statementResult"], centre: string, institution: string, differs: string])[] = [
  ["a", "1", "2", "3"],
  ["b", "000101", "000102", "000103"],
  ["c", "101", "102", "103"],
];

test.each(ENCODINGS)("one-sided entries in both directions and a difference, in encoding %s", async (statementResult, centre, institution, differs) => {
  const counter = await openCounter({ variants: { statementResult } });
  const msgid = counter.msgid();
  await counter.settle(msgid);
  const ours = ["S999999999999", "V999999999999", PERSON, "1.00", "0.00", "0.00", "0", undefined];
  const oneSided = await result(counter, await compare(counter, [ours], { total: "1.00", fund: "0.00", account: "0.00", count: "1" }));
  expect(oneSided).toEqual([
    [PERSON, V1, S1, msgid, centre, "0", "中心多", "164.90", "58.92", "66.08", "null"],
    [PERSON, "V999999999999", "S999999999999", "null", institution, "0", "机构多", "1.00", "0.00", "0.00", "null"],
  ]);
  const other = [S1, V1, PERSON, "164.91", "58.92", "66.08", "0", undefined];
  const changed = await result(counter, await compare(counter, [other], { ...BOOKED, total: "164.91" }));
  expect(changed.map((row) => row[4])).toEqual([differs]);
});

test("a void is a negative row of its own; a reversed settlement was never there", async () => {
  const counter = await openCounter();
  const settlement = (await counter.settle()).output["setlinfo"] ?? {};
  const named = { psn_no: PERSON, setl_id: settlement["setl_id"], mdtrt_id: settlement["mdtrt_id"] };
  await counter.ask("2103", { data: named });
  const msgid = counter.msgid();
  await counter.settle(msgid);
  await counter.reverse(msgid);
  expect(await result(counter, await compare(counter, [OWN, REFUND], { ...NOTHING, count: "2" }))).toEqual([]);
  const missing = await result(counter, await compare(counter, [OWN], BOOKED));
  expect(missing.map((row) => [row[2], row[4], row[5], row[7]])).toEqual([[S1, "1", "1", "-164.90"]]);
  expect(await result(counter, await compare(counter, [OWN], BOOKED, { refd_setl_flag: "0" }))).toEqual([]);
});

test("a host-side void, a foreign booking and missing rows of the insurer's are found by the file", async () => {
  const counter = await openCounter();
  await counter.settle();
  expect(counter.insurer.voidAtHost(S1)).toBe(true);
  expect(counter.insurer.voidAtHost(S1)).toBe(false);
  expect(counter.insurer.bookForeign("S9", 100n)).toBeUndefined();
  const foreign = counter.insurer.bookForeign(S1, 1_234n);
  expect(foreign?.msgid).toMatch(new RegExp(`^${INSTITUTION}20260922120000Z00\\d$`));
  const rows = await result(counter, await compare(counter, [OWN], BOOKED));
  expect(rows.map((row) => [row[2], row[4], row[5], row[7]])).toEqual([
    [S1, "1", "1", "-164.90"],
    ["S000000000002", "1", "0", "12.34"],
  ]);
  counter.insurer.faults.statementRowsMissing = 1;
  const missing = await result(counter, await compare(counter, [OWN], BOOKED));
  expect(missing.map((row) => [row[2], row[4], row[5]])).toEqual([
    [S1, "1", "1"],
    ["S000000000002", "1", "0"],
    [S1, "2", "0"],
  ]);
  expect(counter.insurer.faults.statementRowsMissing).toBe(0);
});

test("what belongs to another institution, agency, type or day is in no statement", async () => {
  const counter = await openCounter();
  await counter.settle();
  for (const members of [{ setl_optins: "530103" }, { clr_type: "11" }, { stmt_begndate: "2026-09-21", stmt_enddate: "2026-09-21" }])
    expect(await result(counter, await compare(counter, [], NOTHING, members))).toEqual([]);
});

const REFUSED: readonly (readonly [message: string, lines: readonly (readonly Cell[])[], members: Node])[] = [
  ["file_qury_no names no file of this institution", [], { file_qury_no: "F9" }],
  ["data.file_qury_no is missing", [], { file_qury_no: "" }],
  ["data.setl_optins is missing", [], { setl_optins: "" }],
  ["data.clr_type is missing", [], { clr_type: "" }],
  ["data.stmt_begndate is malformed", [], { stmt_begndate: "20260922" }],
  ["the statement dates are malformed", [], { stmt_begndate: "2026-09-23" }],
  ["data.refd_setl_flag is malformed", [], { refd_setl_flag: "2" }],
  ["medfee_sumamt is not the sum of the file", [], { medfee_sumamt: "1.00" }],
  ["fund_pay_sumamt is not the sum of the file", [], { fund_pay_sumamt: "-1.00" }],
  ["acct_pay is not the sum of the file", [], { acct_pay: "0.01" }],
  ["fixmedins_setl_cnt is not the count of the file", [], { fixmedins_setl_cnt: "1" }],
  ["a line has 7 columns", [OWN.slice(0, 7)], {}],
  ["a line is malformed", [[S1, undefined, ...OWN.slice(2)]], {}],
  ["a line is malformed", [[S1, V1, PERSON, "1,5", "0.00", "0.00", "0", undefined]], {}],
  ["refd_setl_flag of a line is neither 0 nor 1", [[...OWN.slice(0, 6), undefined, undefined]], {}],
  ["medfee_sumamt of a line has the wrong sign", [[...OWN.slice(0, 6), "1", undefined]], {}],
  ["a line is there twice", [OWN, OWN], {}],
];

test.each(REFUSED)("a statement is refused: %s %j %j", async (message, lines, members) => {
  const counter = await openCounter();
  expect(await compare(counter, lines, NOTHING, members)).toMatchObject({ infcode: -2, err_msg: `3202: ${message}` });
});

test("files are refused unless they are whole, the sender's own, and in time", async () => {
  const counter = await openCounter({ variants: { fileValidMs: 1_000 } });
  expect(await upload(counter, "@@@")).toMatchObject({ infcode: -2, err_msg: "9101: fsUploadIn.in is malformed" });
  expect(await upload(counter, "", { fixmedins_code: "P99999999999" })).toMatchObject({ err_msg: "9101: fsUploadIn.fixmedins_code is another's" });
  expect(await upload(counter, "", { filename: "" })).toMatchObject({ err_msg: "9101: fsUploadIn.filename is missing" });
  const noZip = (await upload(counter, "YWJj")).output as Node;
  expect(await compare(counter, [], NOTHING, { file_qury_no: noZip["file_qury_no"] })).toMatchObject({ err_msg: "3202: the file is no zip" });
  const two = Buffer.from(zipSync({ "a.txt": new Uint8Array(), "b.txt": new Uint8Array() })).toString("base64");
  const twoTexts = (await upload(counter, two)).output as Node;
  expect(await compare(counter, [], NOTHING, { file_qury_no: twoTexts["file_qury_no"] })).toMatchObject({ err_msg: "3202: the zip does not hold one text" });
  const kept = { file_qury_no: noZip["file_qury_no"], filename: "detail.zip", fixmedins_code: INSTITUTION };
  const fetch = async (members: Node = {}) => counter.ask("9102", { fsDownloadIn: { ...kept, ...members } });
  expect((await fetch()).output["fsDownloadOut"]).toEqual({ filename: "detail.zip", out: "YWJj" });
  expect(await fetch({ filename: "other.zip" })).toMatchObject({ err_msg: "9102: there is no such file, or no longer" });
  expect(await fetch({ fixmedins_code: "P99999999999" })).toMatchObject({ err_msg: "9102: fsDownloadIn.fixmedins_code is another's" });
  await counter.clock.resolve(counter.clock.sleep(1_001));
  expect(await fetch()).toMatchObject({ infcode: -2, err_msg: "9102: there is no such file, or no longer" });
});

test("a region may write the bytes of a file as a list", async () => {
  const counter = await openCounter({ variants: { fileBytes: "list" } });
  const ask = (bytes: unknown) => counter.ask("9101", { fsUploadIn: { in: bytes, filename: "a.zip", fixmedins_code: INSTITUTION } });
  expect(await ask("YWJj")).toMatchObject({ infcode: -2 });
  expect(await ask([256])).toMatchObject({ infcode: -2 });
  const file = (await ask([97, 98])).output as Node;
  const reply = await counter.ask("9102", { fsDownloadIn: { file_qury_no: file["file_qury_no"], filename: "a.zip", fixmedins_code: INSTITUTION } });
  expect(reply.output["fsDownloadOut"]).toEqual({ filename: "a.zip", out: [97, 98] });
});

test("totals of a day with a refund: bookings and refunds together, or bookings alone", async () => {
  const counter = await openCounter();
  await counter.settle();
  counter.insurer.voidAtHost(S1);
  const ask = async (sums: Sums, members: Node) => {
    const own = { medfee_sumamt: sums.total, fund_pay_sumamt: sums.fund, acct_pay: sums.account, fixmedins_setl_cnt: sums.count };
    return (await counter.ask("3201", { data: { ...GROUP, insutype: "310", ...own, ...members } })).output["stmtinfo"]?.["stmt_rslt"];
  };
  expect(await ask(NOTHING, { refd_setl_flag: "1" })).toBe("0");
  expect(await ask({ ...NOTHING, count: "2" }, { refd_setl_flag: "1" })).toBe("0");
  expect(await ask(BOOKED, { refd_setl_flag: "1" })).toBe("2");
  expect(await ask(BOOKED, { refd_setl_flag: "0" })).toBe("0");
});
