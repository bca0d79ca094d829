import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseHex } from "../../base/bytes.ts";
import { explainBytes, explainText, formatNotes, NAMED_FORMS } from "./explain.ts";
import { explainStatusWord } from "./status-words.ts";

function said(text: string): string {
  return formatNotes(explainText(text));
}

describe("bytes by what they look like", () => {
  it.each([
    [
      "a contact social security card",
      "3b6d00000081544c538660990100000001",
      ["answer to reset", "复位应答", "protocols offered: T=0", "region, first four digits / 城市代码前四位  [9901]"],
    ],
    ["a contactless card with a right check byte", "3b8d80010081544c538660990100000001b9", ["protocols offered: T=0, T=1", "check byte, right"]],
    ["a wrong check byte", "3b8d80010081544c53866099010000000100", ["check byte, WRONG"]],
    ["a storage card", "3b8f8001804f0ca000000306030001000000006a", ["storage card: MIFARE Classic 1K", "非 CPU 卡"]],
    ["an unknown storage card", "3b8f8001804f0ca00000030603777700000000ff", ["storage card of an unknown kind"]],
    [
      "the FCI of a purse",
      "6f2d8408a000000632010105a5219f0c1e9901000000000001020100009900000000000001202001012040123155669000",
      ["success / ", "6F file control information", "public data of the purse", "valid until / 有效日期 = 2040-12-31"],
    ],
    [
      "the FCI of the social application",
      "6f1c840f7378312e73682ec9e7bbe1b1a3d5cfa50988011e9f0c03860103",
      ["86 issuer script command, or algorithm of the social application / ", "[03]"],
    ],
    ["a status word", "9406", ["the last transaction is another one", "交易验证码不可用"]],
    ["a command", "805001020B01000000019901000000010F", ["INITIALIZE FOR PURCHASE / 消费初始化", "[0100000001990100000001]"]],
    [
      "a log record",
      "0001000000000001c20699010000000120261121120000",
      ["transaction log (EF18)", "amount / 交易金额 = ¥4.50", "purchase from the purse / 钱包消费", "date / 日期 = 2026-11-21"],
    ],
    [
      "a medical log record",
      `0007${"32"}990100000001${"20261121120000"}000003e8000001f400000064`,
      ["medical transaction log", "settlement / 消费", "personal account / 个人账户 = ¥10.00", "pooled fund / 统筹基金支付 = ¥1.00"],
    ],
    [
      "an entry record",
      `03${"00".repeat(8)}01${"00000102"}000000${"00000000"}${"00001388"}${"20261121120000"}5300${"00".repeat(8)}${"000003e8"}${"00b4"}`,
      ["entry, purse / 进站（电子钱包）", "balance / 余额 = ¥50.00", "longest time / 最长时间 = 180"],
    ],
    ["a template that is cut off", "770e82027c009f360200059f260801020304", ["nothing that is known"]],
    ["an answer in a template", "771482027c009f360200059f26080102030405060708", ["application cryptogram / 应用密文  [0102030405060708]"]],
    ["a template with bits", "770e820260009f360200059f6c028000", ["byte 1 bit 7: static data authentication", "= 5", "online PIN required"]],
    ["a data object list", "9f38069f66049f0206", ["9F66 terminal transaction qualifiers, 4 bytes", "9F02 amount, 6 bytes"]],
    ["an amount", "9f7906000000012345", ["balance of electronic cash / 电子现金余额 = ¥123.45"]],
    ["issuer application data", "9f1008070101 03a0000001".replaceAll(" ", ""), ["ARQC: go online", "cryptogram version"]],
  ])("%s", (_name, hex, expected) => {
    const text = said(hex);
    for (const part of expected) expect(text).toContain(part);
  });
});

describe("named forms", () => {
  it.each([
    ["tvr:0000008000", ["byte 4 bit 8: over the floor limit", "字节 4 位 8"]],
    ["TSI: E800", ["offline data authentication was performed", "terminal risk management was performed"]],
    ["cvr:03900000", ["TC: approved", "TC 批准"]],
    ["cvr:03a00000", ["ARQC: go online"]],
    ["cvr:03800000", ["AAC: declined"]],
    ["ttq:36000080", ["qPBOC", "signature", "fDDA version 01"]],
    ["sw:63c2", ["2 tries left", "剩余 2 次"]],
    ["debited:0102030405060708", ["TAC", "MAC2"]],
    ["tvr:00", ["not 5 bytes long"]],
    ["atr:00", ["these bytes are no atr"]],
  ])("%s", (text, expected) => {
    for (const part of expected) expect(said(text)).toContain(part);
  });

  it("every name is taken", () => {
    for (const name of NAMED_FORMS) expect(said(`${name}:0102030405`)).not.toContain("nothing that is known");
  });
});

describe("status words", () => {
  it.each([
    [0x6110, "16 bytes wait"],
    [0x6100, "256 bytes wait"],
    [0x6c0f, "15 is right"],
    [0x63c0, "0 tries left"],
    [0x6599, "open"],
    [0x9f99, "of this card's own"],
    [0x6971, "too many offline pre-authorisations"],
  ])("%s", (sw, expected) => {
    expect(explainStatusWord(sw).en).toContain(expected);
  });
});

describe("a dialogue", () => {
  const dialogue = said(
    [
      "ATR: 3b6d00000081544c538660990100000001",
      "> 00A404000F7378312E73682EC9E7BBE1B1A3D5CF",
      "< 6f1c840f7378312e73682ec9e7bbe1b1a3d5cfa50988011e9f0c038601039000",
      "> 0020000003123456",
      "< 63C2",
      "> 00B2072800",
      "< 0709543939303030303031 9000",
      "> 00B2083000",
      "< 0812393930313031313939303031303130303135 9000",
      "> 805C000204",
      "< 000013889000",
      "> 805401000F0000000120261121120000AABBCCDD",
    ].join("\n"),
  );

  it.each([
    "answer to reset",
    "SELECT by name / 选择应用（按名称）",
    "wrong, 2 tries left",
    "07 card number / 卡号 = *****",
    "balance / 余额 = ¥50.00",
    "DEBIT FOR PURCHASE / 消费",
    "no answer / 无应答",
  ])("says: %s", (part) => {
    expect(dialogue).toContain(part);
  });

  it("shows neither PIN digits nor numbers of cards and persons, in whatever way they are written", () => {
    for (const secret of ["123456", "543939303030303031", "T99000001", "393930313031313939303031303130303135", "990101199001010015"]) {
      expect(dialogue).not.toContain(secret);
    }
  });

  it.each([
    ["an account number", "5a086299990000000001", "6299990000000001"],
    ["track 2", "57116299990000000001d30122010000000000", "6299990000000001"],
    ["a name", "5f20085445535420434152", "5445535420434152"],
    ["a purse's serial number", "6f2d8408a000000632010105a5219f0c1e990100000000000102010000990000000000000120200101204012315566", "00009900000000000001"],
    ["a card identifier in an item", "> 00B2012800\n< 0110990100d1560000050000000154455354 9000", "990100d15600000500000001"],
  ])("masks %s", (_name, text, secret) => {
    expect(said(text)).not.toContain(secret);
  });

  it("a log of ten thousand steps and more is cut and says so", () => {
    expect(said("> 00A40000\n< 9000\n".repeat(10_001))).toContain("only the first 10000 steps");
  });
});

describe("anything", () => {
  it("is explained without throwing, and never with nothing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(explainBytes(bytes).length).toBeGreaterThan(0);
      }),
      { numRuns: 3_000 },
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 200, unit: "binary" }), (text) => {
        expect(explainText(text).length).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it("shows no control character", () => {
    const label = parseHex("500431 1b5b41".replaceAll(" ", ""));
    expect(formatNotes(explainBytes(label ?? new Uint8Array()))).not.toContain("\u001b");
  });
});
