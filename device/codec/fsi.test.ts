import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8 } from "../base/bytes.ts";
import { fen, formatYuan } from "../base/fen.ts";
import { amountOf, buildFsiRequest, FSI_INPUT_MAX, type FsiSender, fsiInputFits, nodeOf, parseFsiReply, rowsOf, textOf } from "./fsi.ts";

const SENDER: FsiSender = {
  institution: "P00000000001",
  institutionName: "Test Pharmacy",
  treatmentArea: "430100",
  receiverSystem: "FSI",
  interfaceVersion: "V1.0",
  operatorType: "1",
  operator: "op1",
  operatorName: "Operator One",
  deviceNumber: "T1",
  signInNumber: "S1",
  extra: { serv_code: "x" },
};

describe("the request envelope", () => {
  test("holds the fields of the interface under their own names", () => {
    const body = buildFsiRequest(SENDER, {
      infno: "1101",
      msgid: "P0000000000120260101120000" + "1001",
      sentAt: "2026-01-01 12:00:00",
      input: { data: { a: "1" } },
    });
    expect(JSON.parse(Buffer.from(body).toString())).toEqual({
      serv_code: "x",
      infno: "1101",
      msgid: "P00000000001202601011200001001",
      mdtrtarea_admvs: "430100",
      insuplc_admdvs: "",
      recer_sys_code: "FSI",
      dev_no: "T1",
      dev_safe_info: "",
      cainfo: "",
      signtype: "",
      infver: "V1.0",
      opter_type: "1",
      opter: "op1",
      opter_name: "Operator One",
      inf_time: "2026-01-01 12:00:00",
      fixmedins_code: "P00000000001",
      fixmedins_name: "Test Pharmacy",
      sign_no: "S1",
      input: { data: { a: "1" } },
    });
  });
  test.each([
    [FSI_INPUT_MAX, true],
    [FSI_INPUT_MAX + 1, false],
  ])("an input of %i characters fits: %s", (length, fits) => {
    const shell = JSON.stringify({ data: "" }).length;
    expect(fsiInputFits({ data: "x".repeat(length - shell) })).toBe(fits);
  });
});

describe("the class of a reply", () => {
  test.each([
    ['{"infcode":0,"output":{}}', "done"],
    ['{"infcode":"0","output":{}}', "done"],
    ['{"infcode":" 0000 "}', "done"],
    ['{"infcode":"0","output":null}', "done"],
    ['{"infcode":0,"output":"{\\"a\\":1}"}', "done"],
    ['{"infcode":0,"output":"nonsense"}', "output-malformed"],
    ['{"infcode":0,"output":[1]}', "output-malformed"],
    ['{"infcode":0,"output":7}', "output-malformed"],
    ['{"infcode":-1}', "system-error"],
    ['{"infcode":"-1","err_msg":"x"}', "system-error"],
    ['{"infcode":"-01"}', "system-error"],
    ['{"infcode":-2,"err_msg":"no"}', "refused"],
    ['{"infcode":"1"}', "refused"],
    ['{"infcode":-3}', "refused"],
    ['{"infcode":""}', "no-code"],
    ['{"infcode":null}', "no-code"],
    ['{"infcode":"-0"}', "no-code"],
    ['{"infcode":0.0}', "no-code"],
    ['{"infcode":"ok"}', "no-code"],
    ['{"err_msg":"x"}', "no-code"],
    ["{}", "no-code"],
    ["", "not-json"],
    ["[]", "not-json"],
    ["null", "not-json"],
    ['{"infcode":0', "not-json"],
    ["<html>gateway</html>", "not-json"],
    ['{"infcode":-1,"infcode":0}', "not-json"],
  ])("%s -> %s", (text, expected) => {
    const reply = parseFsiReply(utf8(text));
    expect(reply.kind === "undecided" ? reply.why : reply.kind).toBe(expected);
  });

  test("the host's stack is cut off its message", () => {
    expect(parseFsiReply(utf8(JSON.stringify({ infcode: -2, err_msg: "no money\u0007 left\njava.lang.X\n at y" })))).toEqual({
      kind: "refused",
      code: "-2",
      message: "no money left",
    });
    expect(parseFsiReply(utf8(JSON.stringify({ infcode: -2, err_msg: "broken at a.b.C(D.java:1)" })))).toMatchObject({ message: "broken" });
    expect(parseFsiReply(utf8(JSON.stringify({ infcode: -2, err_msg: "x".repeat(500) })))).toMatchObject({ message: "x".repeat(200) });
  });
});

describe("amounts", () => {
  const amount = (literal: string) => {
    const reply = parseFsiReply(utf8(`{"infcode":0,"output":{"a":${literal}}}`));
    return reply.kind === "done" ? amountOf(reply.output, "a") : undefined;
  };
  test.each([
    ['"12.34"', 1234],
    ["12.34", 1234],
    ["0.29", 29],
    ["2.90", 290],
    ["164.9", 16490],
    ["1e2", 10000],
    ["1.5E+1", 1500],
    ["15e-1", 150],
    ["125e-2", 125],
    ["9007199254740.91", 900719925474091],
    ["-0.00", 0],
    ['" 3.5 "', 350],
    ["0.1000000", 10],
  ])("%s is %i fen", (literal, expected) => expect(amount(literal)).toEqual({ ok: true, amount: expected }));
  test.each([
    ['"abc"', "not-a-decimal"],
    ["null", "not-a-decimal"],
    ["true", "not-a-decimal"],
    ["1.005", "too-many-decimals"],
    ["-1", "negative"],
    ["1e20", "not-a-decimal"],
    ["99999999999999999999", "not-a-decimal"],
    ['"9999999999999999"', "too-large"],
  ])("%s is refused: %s", (literal, reason) => expect(amount(literal)).toEqual({ ok: false, reason }));
  test("every amount survives as text and as number", () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 40 }), (value) => {
        expect(amount(formatYuan(fen(value)))).toEqual({ ok: true, amount: value });
        expect(amount(`"${formatYuan(fen(value))}"`)).toEqual({ ok: true, amount: value });
      }),
    );
  });
  test("the same inside an output that is text", () => {
    const reply = parseFsiReply(utf8(JSON.stringify({ infcode: "0", output: '{"setlinfo":{"a":0.29}}' })));
    expect(reply.kind === "done" && amountOf(nodeOf(reply.output, "setlinfo") ?? {}, "a")).toEqual({ ok: true, amount: 29 });
  });
});

describe("members", () => {
  const node = { text: "x", rows: [{ a: "1" }], mixed: [{ a: "1" }, "2"], node: { b: "c" } };
  test("are taken by kind", () => {
    expect([textOf(node, "text"), textOf(node, "rows"), textOf(node, "toString")]).toEqual(["x", "", ""]);
    expect([nodeOf(node, "node"), nodeOf(node, "rows"), nodeOf(node, "constructor")]).toEqual([{ b: "c" }, undefined, undefined]);
    expect([rowsOf(node, "rows", 1), rowsOf(node, "rows", 0), rowsOf(node, "mixed", 9), rowsOf(node, "text", 9)]).toEqual([
      [{ a: "1" }],
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe("bytes from outside", () => {
  const KINDS = ["done", "refused", "undecided"];
  test("any bytes give an answer", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(KINDS).toContain(parseFsiReply(bytes).kind);
      }),
      { numRuns: 500 },
    );
  });
  test("any JSON gives an answer", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(KINDS).toContain(parseFsiReply(utf8(text)).kind);
        expect(KINDS).toContain(parseFsiReply(utf8(`{"infcode":0,"output":${text}}`)).kind);
        expect(KINDS).toContain(parseFsiReply(utf8(JSON.stringify({ infcode: 0, output: text }))).kind);
      }),
      { numRuns: 500 },
    );
  });
  test("nesting without end is no reply", () => {
    expect(parseFsiReply(utf8(`{"infcode":0,"output":${"[".repeat(100_000)}`)).kind).toBe("undecided");
    expect(parseFsiReply(utf8(`{"infcode":0,"n":1e400,"output":${"[".repeat(300_000)}${"]".repeat(300_000)}}`)).kind).toBe("undecided");
  });
  test("a message beyond a megabyte is no reply", () => {
    expect(parseFsiReply(utf8(`{"infcode":0,"x":"${"y".repeat(1_048_576)}"}`))).toEqual({ kind: "undecided", why: "not-json" });
  });
});
