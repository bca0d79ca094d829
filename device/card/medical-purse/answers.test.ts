/* Answers of the medical purse: every field at its place, and nothing but its own form understood. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EMPTY, fromHex, toHex } from "../../base/bytes.ts";
import {
  medicalRefusalReason,
  parseAccountBalance,
  parseLoadOpening,
  parseMedicalCredit,
  parseMedicalDebit,
  parseMedicalLogEntry,
  parseMedicalProof,
  parsePurchaseOpening,
  parseStartDay,
  parseYearlyBalance,
} from "./answers.ts";

const FULL = "0102 32 990100000042 20261121 235959 0000000a 0000000b 0000000c";
const SHORT = "0102 31 990100000042 20261121 235959 0000000a";
const ENTRY = { sequence: 0x0102, terminalNumber: "990100000042", date: "20261121", time: "235959", account: 10 };

describe("log records", () => {
  it("of 28 bytes hold three amounts", () => {
    expect(parseMedicalLogEntry(fromHex(FULL), "fromRecord")).toEqual({
      ...ENTRY,
      transaction: "purchase",
      typeByte: 0x32,
      selfPay: 11,
      pooled: 12,
      mode: "full",
    });
  });

  it("of 20 bytes hold the account amount alone", () => {
    expect(parseMedicalLogEntry(fromHex(SHORT), "fromRecord")).toEqual({
      ...ENTRY,
      transaction: "load",
      typeByte: 0x31,
      selfPay: 0,
      pooled: 0,
      mode: "account-only",
    });
  });

  it.each([
    ["full28", FULL, true],
    ["full28", SHORT, false],
    ["accountOnly20", FULL, false],
    ["accountOnly20", SHORT, true],
    ["fromRecord", FULL, true],
    ["fromRecord", SHORT, true],
    ["fromRecord", FULL.slice(0, -2), false],
    ["fromRecord", `${FULL}00`, false],
    ["fromRecord", "", false],
  ] as const)("under %s: %s", (mode, hex, understood) => {
    const parsed = parseMedicalLogEntry(fromHex(hex), mode);
    expect(parsed !== undefined).toBe(understood);
    if (parsed !== undefined && parsed !== "unwritten") expect(parsed.mode).toBe(hex === FULL ? "full" : "account-only");
  });

  it.each([
    ["00", "unwritten"],
    ["ff", "unwritten"],
  ])("only %s is %s", (byte, expected) => {
    expect(parseMedicalLogEntry(fromHex(byte.repeat(28)), "fromRecord")).toBe(expected);
    expect(parseMedicalLogEntry(fromHex(byte.repeat(20)), "fromRecord")).toBe(expected);
    expect(parseMedicalLogEntry(fromHex(`${byte.repeat(27)}01`), "fromRecord")).toMatchObject({ sequence: Number.parseInt(byte.repeat(2), 16) });
  });

  it.each([
    [0x31, "load"],
    [0x01, "load"],
    [0x32, "purchase"],
    [0x02, "purchase"],
    [0x33, "other"],
    [0x00, "other"],
    [0x03, "other"],
  ])("type %i is %s", (type, transaction) => {
    const bytes = fromHex(FULL);
    bytes[2] = type;
    expect(parseMedicalLogEntry(bytes, "fromRecord")).toMatchObject({ transaction, typeByte: type });
  });
});

describe("other answers", () => {
  it("INITIALIZE FOR PURCHASE", () => {
    const parsed = parsePurchaseOpening(fromHex("00000064 000000c8 0000012c 2026 0007 01 03 a1a2a3a4"));
    expect(parsed).toMatchObject({
      kind: "ok",
      balances: { account: 100, selfPayTotal: 200, pooledTotal: 300, payYear: "2026" },
      cardSequence: 7,
      keyVersion: 1,
      algorithm: 3,
    });
    expect(toHex(parsed?.cardRandom ?? EMPTY)).toBe("a1a2a3a4");
  });

  it("INITIALIZE FOR LOAD", () => {
    const parsed = parseLoadOpening(fromHex("00000064 0007 01 03 a1a2a3a4 b1b2b3b4"));
    expect(parsed).toMatchObject({ kind: "ok", account: 100, cardSequence: 7, keyVersion: 1, algorithm: 3 });
    expect([toHex(parsed?.cardRandom ?? EMPTY), toHex(parsed?.mac1 ?? EMPTY)]).toEqual(["a1a2a3a4", "b1b2b3b4"]);
  });

  it("DEBIT names the TAC first, GET TRANSACTION PROOF the MAC", () => {
    const bytes = fromHex("a1a2a3a4 b1b2b3b4");
    expect(parseMedicalDebit(bytes)).toEqual({ kind: "ok", tac: fromHex("a1a2a3a4"), mac2: fromHex("b1b2b3b4") });
    expect(parseMedicalProof(bytes)).toEqual({ kind: "ok", mac2: fromHex("a1a2a3a4"), tac: fromHex("b1b2b3b4") });
    expect(parseMedicalCredit(fromHex("a1a2a3a4"))).toEqual({ kind: "ok", tac: fromHex("a1a2a3a4") });
  });

  it("balances and the first day of the year", () => {
    expect(parseAccountBalance(fromHex("ffffffff"))).toBe(0xffff_ffff);
    expect(parseYearlyBalance(fromHex("00000102 2026"))).toEqual({ total: 0x102, payYear: "2026" });
    expect(parseStartDay(fromHex("0401"))).toBe("0401");
  });

  it.each([
    [0x6901, "out-of-order"],
    [0x6982, "pin-needed"],
    [0x9302, "mac-wrong"],
    [0x9303, "blocked"],
    [0x9401, "funds"],
    [0x9402, "counter-full"],
    [0x9403, "key-index"],
    [0x6700, "other"],
    [0x9406, "other"],
  ])("%i means %s", (statusWord, reason) => {
    expect(medicalRefusalReason(statusWord)).toBe(reason);
  });

  const parsers = [
    [parsePurchaseOpening, 22],
    [parseLoadOpening, 16],
    [parseMedicalDebit, 8],
    [parseMedicalProof, 8],
    [parseMedicalCredit, 4],
    [parseAccountBalance, 4],
    [parseYearlyBalance, 6],
    [parseStartDay, 2],
  ] as const;

  it("are understood at their own length alone, and nothing throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 32 }), (bytes) => {
        for (const [parse, length] of parsers) expect(parse(bytes) !== undefined).toBe(bytes.length === length);
        for (const mode of ["fromRecord", "full28", "accountOnly20"] as const) parseMedicalLogEntry(bytes, mode);
      }),
      { numRuns: 1_000 },
    );
  });

  it("copies what it keeps", () => {
    const bytes = fromHex("a1a2a3a4 b1b2b3b4");
    const proof = parseMedicalDebit(bytes);
    const word = fromHex("c1c2c3c4");
    const credit = parseMedicalCredit(word);
    bytes.fill(0);
    word.fill(0);
    expect([toHex(proof?.tac ?? EMPTY), toHex(credit?.tac ?? EMPTY)]).toEqual(["a1a2a3a4", "c1c2c3c4"]);
  });
});
