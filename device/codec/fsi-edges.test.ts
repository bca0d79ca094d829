/* Edges of the medical-insurance envelope: what our side asserts, what a reply carries, and decimals in every spelling. */
import { describe, expect, test } from "vitest";
import { utf8 } from "../base/bytes.ts";
import { amountOf, buildFsiRequest, FSI_INPUT_MAX, type FsiRequest, type FsiSender, isNode, parseFsiReply } from "./fsi.ts";

const SENDER: FsiSender = {
  institution: "P00000000001",
  institutionName: "Test Pharmacy",
  treatmentArea: "430100",
  receiverSystem: "FSI",
  interfaceVersion: "V1.0",
  operatorType: "2",
  operator: "op1",
  operatorName: "Operator One",
  deviceNumber: "T1",
};
const REQUEST: FsiRequest = { infno: "1101", msgid: "P00000000001202601011200001001", sentAt: "2026-01-01 12:00:00", input: {} };

describe("our own request", () => {
  test.each([
    ["29 characters", { msgid: "1".repeat(29) }, "a msgid has 30 characters"],
    ["31 characters", { msgid: "1".repeat(31) }, "a msgid has 30 characters"],
    ["too long an input", { input: { data: "x".repeat(FSI_INPUT_MAX) } }, "the caller checked the length of the input"],
  ])("with %s is our own mistake", (_, change, because) => expect(() => buildFsiRequest(SENDER, { ...REQUEST, ...change })).toThrow(because));

  test.each([
    ["neither sign-in nor area of insurance", {}, {}, "", ""],
    ["both", { signInNumber: "S1" }, { insuranceArea: "430199" }, "S1", "430199"],
  ])("with %s", (_, sender, request, signNumber, area) => {
    const body: unknown = JSON.parse(new TextDecoder().decode(buildFsiRequest({ ...SENDER, ...sender }, { ...REQUEST, ...request })));
    expect(body).toMatchObject({ sign_no: signNumber, insuplc_admdvs: area, opter_type: "2", dev_safe_info: "", cainfo: "", signtype: "" });
  });

  test("a member that a region adds never replaces one of the interface", () => {
    const body = buildFsiRequest({ ...SENDER, extra: { infno: "other" } }, REQUEST);
    expect(JSON.parse(new TextDecoder().decode(body))).toMatchObject({ infno: "1101" });
  });
});

const reply = (text: string) => parseFsiReply(utf8(text));

describe("a reply", () => {
  test.each([
    ['{"infcode":0,"output":{"a":1},"inf_refmsgid":"R1","respond_time":20260101120000123}', { a: "1" }, "R1", "20260101120000123"],
    ['{"infcode":0}', {}, "", ""],
    ['{"infcode":0,"output":""}', {}, "", ""],
    ['{"infcode":0,"output":"null"}', {}, "", ""],
    ['{"infcode":0,"output":null}', {}, "", ""],
    ['{"infcode":0,"output":"{\\"a\\":0.10}"}', { a: "0.10" }, "", ""],
  ])("%s is done", (text, output, hostReference, hostTime) => {
    expect(reply(text)).toEqual({ kind: "done", output, hostReference, hostTime });
  });

  test.each([
    ["1234567", "no-code"],
    ["-1234567", "no-code"],
    ["--1", "no-code"],
    ["+1", "no-code"],
    ["x1", "no-code"],
    ["1x", "no-code"],
    ["1 2", "no-code"],
    ["-", "no-code"],
    ["-001", "system-error"],
    ["999999", "refused"],
    ["-999999", "refused"],
    [" 12\\t", "refused"],
    ["-00", "done"],
  ])("code %j: %s", (code, expected) => {
    const read = reply(`{"infcode":"${code}"}`);
    expect(read.kind === "undecided" ? read.why : read.kind).toBe(expected);
  });

  test.each([
    ["  no money  ", "no money"],
    ["one\rtwo", "one"],
    ["\n\none\ntwo", "one"],
    ["one at two", "one at two"],
    ["one at java.util.X(Y.java:1)", "one"],
    ["one   at $a_1.b(", "one"],
    ["tab\there", "tabhere"],
    ["x".repeat(201), "x".repeat(200)],
    ["", ""],
  ])("message %j is told as %j", (message, expected) => {
    expect(reply(JSON.stringify({ infcode: 7, err_msg: message }))).toEqual({ kind: "refused", code: "7", message: expected });
  });

  test("without a message is told without one", () => expect(reply('{"infcode":7,"err_msg":{"a":1}}')).toEqual({ kind: "refused", code: "7", message: "" }));

  const sized = (bytes: number): string => `{"infcode":0,"x":"${"y".repeat(bytes - 20)}"}`;
  test.each([
    [1_048_576, "done"],
    [1_048_577, "undecided"],
  ])("of %i bytes is %s", (bytes, kind) => {
    expect(utf8(sized(bytes)).length).toBe(bytes);
    expect(reply(sized(bytes)).kind).toBe(kind);
  });

  test.each([
    [23, "done"],
    [24, "undecided"],
  ])("with %i levels inside its own is %s", (depth, kind) => {
    expect(reply(`{"infcode":0,"x":${"[".repeat(depth)}${"]".repeat(depth)}}`).kind).toBe(kind);
  });

  test.each([
    ["fractions and exponents", '{"infcode":0,"output":{"a":1.5e3,"b":-0.0}}', { a: "1.5e3", b: "-0.0" }],
    ["digits beyond a double", '{"infcode":0,"output":{"a":12345678901234567890.12}}', { a: "12345678901234567890.12" }],
    ["an integer beyond a double", '{"infcode":0,"output":{"a":12345678901234567890}}', { a: "12345678901234567890" }],
    ["other values as they are", '{"infcode":0,"output":{"a":[true,false,null,"x"]}}', { a: [true, false, null, "x"] }],
  ])("keeps %s", (_, text, output) => expect(reply(text)).toMatchObject({ kind: "done", output }));

  test("that is no UTF-8 is no reply", () => {
    expect(parseFsiReply(Uint8Array.of(0x7b, 0xff, 0x7d))).toEqual({ kind: "undecided", why: "not-json" });
  });
});

test.each([
  [{}, true],
  [[], false],
  [null, false],
  ["x", false],
  [true, false],
  [undefined, false],
])("%j is a node: %s", (value, expected) => expect(isNode(value)).toBe(expected));

describe("decimals with an exponent", () => {
  test.each([
    ["1e0", 100],
    ["1E2", 10_000],
    ["1e+2", 10_000],
    ["1e02", 10_000],
    ["1.25e1", 1250],
    ["1.25e2", 12_500],
    ["1.25e3", 125_000],
    ["12.5e-1", 125],
    ["125e-2", 125],
    ["125e-1", 1250],
    ["5e-2", 5],
    ["50e-3", 5],
    ["0.5e1", 500],
    ["00.5e1", 500],
    ["007e0", 700],
    ["1.500e0", 150],
    ["0e5", 0],
    ["0.000e-3", 0],
    ["-0e1", 0],
    [" 1e1 ", 1000],
    ["1".padEnd(12, "0").concat("e2"), 10_000_000_000_000_00],
    ["0.00000000000000000001e20", 100],
  ])("%j is %i fen", (text, amount) => expect(amountOf({ a: text }, "a")).toEqual({ ok: true, amount }));

  test.each([
    ["1e", "not-a-decimal"],
    ["e1", "not-a-decimal"],
    ["1.e1", "not-a-decimal"],
    [".5e1", "not-a-decimal"],
    ["1e100", "not-a-decimal"],
    ["1e1e1", "not-a-decimal"],
    ["x1e1", "not-a-decimal"],
    ["1e1x", "not-a-decimal"],
    ["--1e1", "not-a-decimal"],
    ["+1e1", "not-a-decimal"],
    [`${"1".repeat(21)}e-19`, "not-a-decimal"],
    [`0.${"0".repeat(20)}1e21`, "not-a-decimal"],
    ["-1e1", "negative"],
    ["1e-3", "too-many-decimals"],
    ["1.234e0", "too-many-decimals"],
  ])("%j is refused: %s", (text, reason) => expect(amountOf({ a: text }, "a")).toEqual({ ok: false, reason }));

  test("a missing amount is no decimal", () => expect(amountOf({}, "a")).toEqual({ ok: false, reason: "not-a-decimal" }));
});
