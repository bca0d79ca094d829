/* PIN and maintenance commands of the purse application. */
import { describe, expect, it } from "vitest";
import { expectOk, send } from "../testing.ts";
import type { PurseOptions } from "./make.ts";
import { challenged, hexOf, purseBench, reselect, sold } from "./testing.ts";

const bench = (more: PurseOptions = {}, algorithm: "3des" | "sm4" = "3des") => purseBench({ algorithm, purse: { pin: "12345", ...more } });
const RIGHT = "002000000312345F";
const WRONG = "0020000003654321";

describe("the PIN", () => {
  it("is counted down, locked, and asked for without cost", () => {
    const { card } = bench();
    expect([send(card, "0020000000"), send(card, WRONG), send(card, "0020000000")]).toEqual(["63c3", "63c2", "63c2"]);
    expect([send(card, RIGHT), send(card, WRONG), send(card, WRONG), send(card, WRONG), send(card, RIGHT), send(card, "0020000000")]).toEqual([
      "9000",
      "63c2",
      "63c1",
      "63c0",
      "6983",
      "6983",
    ]);
  });

  it.each([
    ["VERIFY where none is set", {}, RIGHT, "6985"],
    ["the question where none is set", {}, "0020000000", "9000"],
    ["VERIFY too short", { pin: "1234" }, "002000000112", "6700"],
    ["VERIFY too long", { pin: "1234" }, "002000000712345678901234", "6700"],
    ["VERIFY of another reference", { pin: "1234" }, "0020000102 1234", "6a86"],
    ["CHANGE PIN where none is set", {}, "805E0100051234FF4321", "6985"],
    ["CHANGE PIN without a separator", { pin: "1234" }, "805E0100051234004321", "6a80"],
    ["CHANGE PIN to something that is no PIN", { pin: "1234" }, "805E0100051234FF4A21", "6a80"],
    ["CHANGE PIN too short", { pin: "1234" }, "805E0100041234FF43", "6700"],
    ["CHANGE PIN with a wrong old one", { pin: "1234" }, "805E0100051235FF4321", "63c2"],
    ["CHANGE PIN of another reference", { pin: "1234" }, "805E0101051234FF4321", "6a86"],
    ["RELOAD PIN with another key", { pin: "1234" }, "805E000906112233440000", "6a88"],
  ] as const)("%s", (_, options, command, word) => {
    expect(send(purseBench({ purse: options }).card, command.replace(" ", ""))).toBe(word);
  });

  it("is changed by the holder", () => {
    const given = bench();
    expect(send(given.card, "805E01000712345FFF654321")).toBe("9000");
    reselect(given);
    expect([send(given.card, RIGHT), send(given.card, WRONG)]).toEqual(["63c2", "9000"]);
  });

  it.each(["3des", "sm4"] as const)("is reloaded by the issuer, locked or not (%s)", (algorithm) => {
    const given = bench({}, algorithm);
    for (let tries = 0; tries < 3; tries += 1) send(given.card, WRONG);
    expect(send(given.card, given.terminal.reloadPinHex("654321"))).toBe("9000");
    expect(send(given.card, WRONG)).toBe("9000");
  });

  it("a reload with a wrong MAC counts against the reload key until it is locked", () => {
    const { card } = bench();
    const wrong = "805E000107654321000000 00".replace(" ", "");
    expect(Array.from({ length: 11 }, () => send(card, wrong)).slice(-2)).toEqual(["9302", "6983"]);
    expect(send(card, "805E0001051122334455")).toBe("6700");
  });

  it.each(["3des", "sm4"] as const)("is unlocked by the issuer (%s)", (algorithm) => {
    const given = bench({}, algorithm);
    for (let tries = 0; tries < 3; tries += 1) send(given.card, WRONG);
    expect(challenged(given, (challenge) => given.terminal.unblockPinHex("12345", challenge))).toBe("9000");
    expect(send(given.card, RIGHT)).toBe("9000");
  });

  it("an unlock needs its own challenge of four bytes, once, and the right MAC", () => {
    const given = bench();
    const command = given.terminal.unblockPinHex("12345", expectOk(given.card, "0084000004"));
    expect([send(given.card, command), send(given.card, command)]).toEqual(["9000", "6985"]);
    expectOk(given.card, "0084000008");
    expect(send(given.card, command)).toBe("6985");
    expect(
      challenged(given, (challenge) =>
        given.terminal.unblockPinHex(
          "12345",
          challenge.map((byte) => byte ^ 1),
        ),
      ),
    ).toBe("6988");
    expect(challenged(given, (challenge) => given.terminal.unblockPinHex("12345", challenge, 0x09))).toBe("6a88");
    expect(send(given.card, `8424010004${"00".repeat(4)}`)).toBe("6700");
  });

  it("too many wrong unlocks lock the unlock key", () => {
    const given = bench();
    const wrong = () => challenged(given, () => `842401000C${hexOf(0, 12)}`);
    expect(Array.from({ length: 11 }, wrong).slice(-2)).toEqual(["6988", "6983"]);
  });
});

describe("blocks", () => {
  const block = (given: ReturnType<typeof bench>, p2: string) =>
    challenged(given, (challenge) => given.terminal.securedHex("purse-application", challenge, { head: `841E00${p2}` }));
  const lift = (given: ReturnType<typeof bench>) =>
    challenged(given, (challenge) => given.terminal.securedHex("purse-application", challenge, { head: "84180000" }));

  it.each(["3des", "sm4"] as const)("a temporary block stops everything but its own end (%s)", (algorithm) => {
    const given = bench({}, algorithm);
    expect(block(given, "00")).toBe("9000");
    expect([send(given.card, "805C000204"), send(given.card, given.terminal.selectHex), send(given.card, "00B095001E")]).toEqual(["9303", "9303", "9303"]);
    given.card.powerUp();
    expect(send(given.card, given.terminal.selectHex)).toBe("9303");
    expect(lift(given)).toBe("9000");
    reselect(given);
    const { answer, expected } = sold(given, { form: "purchase", p2: 2, amountFen: 1 });
    expect(answer).toBe(expected);
  });

  it("a permanent block stays, also after a temporary one", () => {
    const given = bench();
    expect([block(given, "00"), block(given, "01")]).toEqual(["9000", "9000"]);
    expect(send(given.card, "0084000004")).toBe("9303");
    given.card.powerUp();
    expect([send(given.card, given.terminal.selectHex), send(given.card, "8418000004 00000000".replace(" ", ""))]).toEqual(["9303", "9303"]);
  });

  it("leaves the other applications alone", () => {
    const given = bench();
    block(given, "01");
    expect(send(given.card, "00A404000F7378312E73682EC9E7BBE1B1A3D5CF00").slice(-4)).toBe("9000");
  });

  it("a wrong MAC blocks nothing and locks no key", () => {
    const given = bench();
    for (let tries = 0; tries < 12; tries += 1) expect(challenged(given, () => "841E000004DEADBEEF")).toBe("6988");
    expect(block(given, "00")).toBe("9000");
  });

  it("three wrong MACs of an unblock make the block permanent", () => {
    const given = bench();
    block(given, "00");
    const wrong = () => challenged(given, () => "8418000004DEADBEEF");
    expect([wrong(), wrong(), wrong()]).toEqual(["6988", "6988", "6988"]);
    expect(send(given.card, "0084000004")).toBe("9303");
  });

  it.each([
    ["an unblock where nothing is blocked", "8418000004DEADBEEF", "6985"],
    ["a block of another kind", "841E000204DEADBEEF", "6a86"],
    ["a block without a challenge", "841E000004DEADBEEF", "6985"],
    ["a block too short", "841E000003DEADBE", "6700"],
    ["an unblock with parameters", "8418010004DEADBEEF", "6a86"],
  ])("%s", (_, command, word) => {
    expect(send(bench().card, command)).toBe(word);
  });

  it("are unknown to a purse without maintenance", () => {
    expect(send(purseBench().card, "841E000004DEADBEEF")).toBe("6d00");
  });
});

describe("updates of files", () => {
  const account = () => bench({ transit: "t-union" });
  const secured = (given: ReturnType<typeof bench>, head: string, data: string) =>
    challenged(given, (challenge) => given.terminal.securedHex("purse-application", challenge, { head, data }));

  it("change a transparent file in place", () => {
    const given = account();
    expect(secured(given, "04D69602", "4142")).toBe("9000");
    reselect(given);
    expect(send(given.card, "00B0960005")).toBe("00004142009000");
    expectOk(given.card, "00A40200020016");
    expect(secured(given, "04D60035", "4344")).toBe("9000");
    expect(send(given.card, "00B0963502")).toBe("43449000");
  });

  it("change a record by its identifier or number", () => {
    const given = account();
    const record = `2702${"55".repeat(126)}`;
    expect(secured(given, "04DC27D0", record)).toBe("9000");
    expect(send(given.card, "00B201D480")).toBe(`${record}9000`);
  });

  it.each([
    ["without a MAC", "00D6960002 4142", "6982"],
    ["a record without a MAC", "00DC01D401 41", "6982"],
    ["too short for a MAC", "04D6960004 41424344", "6700"],
    ["without a challenge", "04D6960006 414200000000", "6985"],
  ])("%s", (_, command, word) => {
    expect(send(account().card, command.replace(" ", ""))).toBe(word);
  });

  it.each([
    ["a wrong MAC", (given: ReturnType<typeof bench>) => challenged(given, () => "04D69600064142DEADBEEF"), "6988"],
    ["beyond the end", (given: ReturnType<typeof bench>) => secured(given, "04D69636", "4142"), "6b00"],
    ["the public data", (given: ReturnType<typeof bench>) => secured(given, "04D69500", "41"), "6982"],
    ["an unknown file", (given: ReturnType<typeof bench>) => secured(given, "04D69900", "41"), "6a82"],
    ["a file of records", (given: ReturnType<typeof bench>) => secured(given, "04D69A00", "41"), "6981"],
    ["no file", (given: ReturnType<typeof bench>) => secured(given, "04D60000", "41"), "6986"],
    ["an odd form", (given: ReturnType<typeof bench>) => secured(given, "04D6F600", "41"), "6a86"],
    ["a record of another length", (given: ReturnType<typeof bench>) => secured(given, "04DC01D4", "41"), "6700"],
  ] as const)("are refused: %s", (_, run, word) => {
    expect(run(account())).toBe(word);
  });
});
