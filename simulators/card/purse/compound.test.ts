/* The compound purchase: records and money together, or neither; and the files, names and balances of transit accounts. */
import { describe, expect, it } from "vitest";
import { fromHex } from "../../../device/base/bytes.ts";
import { expectOk, send } from "../testing.ts";
import { HOUSING_AID, type PurseOptions } from "./make.ts";
import { opened, purseBench, reselect, sold } from "./testing.ts";

const transit = (scheme: "t-union" | "housing" = "t-union", more: PurseOptions = {}, profile = {}) =>
  purseBench({ purse: { transit: scheme, ...more }, profile });

const TRIP = `03${"11".repeat(47)}`;
const TRIP_TWO = `04${"22".repeat(47)}`;
const BUS = `2702${"33".repeat(126)}`;
const tripUpdate = (record: string) => `80DC00F030${record}`;
const READ_TRIP = "00B201F430";

describe("records of a compound purchase", () => {
  it("are written by the debit and not before", () => {
    const bench = transit();
    const debit = opened(bench, { form: "compound", p2: 2, amountFen: 200 });
    expect(send(bench.card, tripUpdate(TRIP))).toBe("9000");
    expect(send(bench.card, `80DC01D480${BUS}`)).toBe("9000");
    expect(send(bench.card, debit.commandHex)).toBe(`${debit.expectedHex}9000`);
    expect(send(bench.card, READ_TRIP)).toBe(`${TRIP}9000`);
    expect(send(bench.card, "00B227D080")).toBe(`${BUS}9000`);
    expect(bench.card.debits.map(({ purse, amountFen }) => [purse, amountFen])).toEqual([["compound", 200]]);
    expect(bench.card.balanceFen).toBe(9_800);
    expect(send(bench.card, "00B201C417").slice(18, 20)).toBe("09");
    expect(send(bench.card, bench.terminal.proveHex(9, 1)).slice(-4)).toBe("9000");
  });

  it("may be an entry without money, and count as a transaction", () => {
    const bench = transit();
    const debit = opened(bench, { form: "compound", p2: 2, amountFen: 0 });
    expect(send(bench.card, tripUpdate(TRIP))).toBe("9000");
    expect(send(bench.card, debit.commandHex)).toBe(`${debit.expectedHex}9000`);
    expect([bench.card.balanceFen, bench.card.offlineSeq, bench.card.debits.length]).toEqual([10_000, 1, 1]);
  });

  it("stand newest first in a cyclic file, and fill it up to its size", () => {
    const bench = transit();
    for (let number = 1; number <= 32; number += 1) {
      const debit = opened(bench, { form: "compound", p2: 2, amountFen: 0 });
      expectOk(bench.card, tripUpdate(`03${number.toString(16).padStart(2, "0")}${"00".repeat(46)}`));
      expectOk(bench.card, debit.commandHex);
    }
    expect(send(bench.card, READ_TRIP).slice(2, 4)).toBe("20");
    expect(send(bench.card, "00B21EF430").slice(2, 4)).toBe("03");
    expect(send(bench.card, "00B21FF430")).toBe("6a83");
  });

  it("keep the last of two updates of one record", () => {
    const bench = transit();
    const debit = opened(bench, { form: "compound", p2: 2, amountFen: 0 });
    for (const record of [BUS.replace("3333", "4444"), BUS]) expectOk(bench.card, `80DC27D080${record}`);
    expectOk(bench.card, debit.commandHex);
    expect(send(bench.card, "00B201D480")).toBe(`${BUS}9000`);
  });

  it.each([
    ["READ BINARY", "00B095001E"],
    ["a failed update", `80DC00F02F${"11".repeat(47)}`],
    ["another INITIALIZE", "805001020B01000000009901000000010F"],
    ["bytes that are no command", "80"],
    ["SELECT of a file", "00A40200020015"],
  ])("are dropped by %s", (_, command) => {
    const bench = transit();
    const debit = opened(bench, { form: "compound", p2: 2, amountFen: 5 });
    expectOk(bench.card, tripUpdate(TRIP));
    send(bench.card, command);
    expect(send(bench.card, debit.commandHex)).toMatch(/^(6901|9302)$/);
    expect(send(bench.card, READ_TRIP)).toBe("6a83");
    expect(bench.card.balanceFen).toBe(10_000);
  });

  it.each([
    ["GET BALANCE", "805C000204"],
    ["GET TRANSACTION PROVE", "805A0006020001"],
  ])("outlast %s", (_, command) => {
    const bench = transit();
    const debit = opened(bench, { form: "compound", p2: 2, amountFen: 5 });
    expectOk(bench.card, tripUpdate(TRIP));
    send(bench.card, command);
    expect(send(bench.card, debit.commandHex)).toBe(`${debit.expectedHex}9000`);
    expect(send(bench.card, READ_TRIP)).toBe(`${TRIP}9000`);
  });

  it.each([
    ["no record", "80DC00F000", "6700"],
    ["a record too short", `80DC00F02F${"11".repeat(47)}`, "6700"],
    ["a record too long", `80DC00F031${"11".repeat(49)}`, "6700"],
    ["an unknown file", `80DC00E830${TRIP}`, "6a82"],
    ["a transparent file", `80DC01B830${TRIP}`, "6981"],
    ["the card's own log", `80DC01C417${"11".repeat(23)}`, "6982"],
    ["a record that is not there", `80DC02D480${BUS}`, "6a83"],
    ["an unknown identifier", `80DC28D080${BUS}`, "6a83"],
    ["an odd form", `80DC00F530${TRIP}`, "6a86"],
  ])("are refused: %s", (_, command, word) => {
    const bench = transit();
    opened(bench, { form: "compound", p2: 2, amountFen: 0 });
    expect(send(bench.card, command)).toBe(word);
  });

  it("are refused outside a compound purchase, and beyond what the cache holds", () => {
    const bench = transit();
    expect(send(bench.card, tripUpdate(TRIP))).toBe("6901");
    opened(bench, { form: "purchase", p2: 2, amountFen: 0 });
    expect(send(bench.card, tripUpdate(TRIP))).toBe("6901");
    opened(bench, { form: "compound", p2: 2, amountFen: 0 });
    for (let number = 0; number < 4; number += 1) expectOk(bench.card, tripUpdate(TRIP));
    expect(send(bench.card, tripUpdate(TRIP_TWO))).toBe("6a84");
  });

  it("are unknown to a purse that is no transit account", () => {
    expect(send(purseBench({ purse: {} }).card, tripUpdate(TRIP))).toBe("6d00");
  });
});

describe("the housing ministry's card", () => {
  it.each([
    ["housing", "byApplication", true],
    ["housing", "none", false],
    ["housing", "mohurd9", true],
    ["t-union", "byApplication", false],
    ["t-union", "mohurd9", true],
  ] as const)("%s with %s takes the code into MAC1: %s", (scheme, cappAuthSuffix, wanted) => {
    const bench = transit(scheme, {}, { cappAuthSuffix });
    const authenticationCode = fromHex(bench.card.personalization.purse.transit?.authenticationCodeHex ?? "");
    for (const given of [authenticationCode, undefined]) {
      const sale = { form: "compound", p2: 2, amountFen: 1 } as const;
      const initialized = expectOk(bench.card, bench.terminal.initializeHex("compound", sale));
      const debit = bench.terminal.debit(initialized, { ...sale, authenticationCode: given });
      expect(send(bench.card, debit.commandHex)).toBe((given !== undefined) === wanted ? `${debit.expectedHex}9000` : "9302");
    }
  });

  it("tells the code, nine bytes, on request", () => {
    const bench = transit("housing");
    expect(send(bench.card, "80CA000009")).toBe(`${bench.card.personalization.purse.transit?.authenticationCodeHex}9000`);
    expect(send(bench.card, "80CA000109")).toBe("6a86");
    expect(send(transit().card, "80CA000009")).toBe("6d00");
  });

  it("is called by its own name, has rail records in EF17, and keeps loads in EF1A", () => {
    const bench = transit("housing");
    expect(bench.card.personalization.purse.aidHex).toBe(HOUSING_AID);
    const rail = `02${"77".repeat(47)}`;
    const sale = { form: "compound", p2: 2, amountFen: 1 } as const;
    const authenticationCode = expectOk(bench.card, "80CA000009");
    const debit = bench.terminal.debit(expectOk(bench.card, bench.terminal.initializeHex("compound", sale)), { ...sale, authenticationCode });
    expectOk(bench.card, `80DC02B830${rail}`);
    expectOk(bench.card, debit.commandHex);
    expect(send(bench.card, "00B202B830")).toBe(`${rail}9000`);
    const load = { p2: 2, amountFen: 5_000 };
    expectOk(bench.card, bench.terminal.credit(expectOk(bench.card, bench.terminal.initializeHex("load", load)), load).commandHex);
    expect(send(bench.card, "00B201D417").slice(10, 20)).toBe("0000138802");
    expect(send(bench.card, "00B202C417")).toBe("6a83");
  });
});

describe("a transit account", () => {
  it("is found by either name of the transport ministry", () => {
    const bench = purseBench({ purse: { transit: "t-union", aliasAidsHex: ["a000000632010106"] } });
    expect(send(bench.card, "00A4040008A00000063201010600").slice(4, 24)).toBe("8408a000000632010106");
    expect(send(bench.card, "00A4040005A00000063200").slice(4, 24)).toBe("8408a000000632010105");
    expect(send(bench.card, "00A4040205A00000063200").slice(4, 24)).toBe("8408a000000632010106");
    expect(send(bench.card, "00A4040205A00000063200")).toBe("6a82");
    expect(send(bench.card, "00A4040004A000000600")).toBe("6a82");
  });

  it("pays nothing before it is enabled, but can be loaded", () => {
    const bench = transit("t-union", { enabled: false, greyLock: true });
    expect(send(bench.card, "00B0950901")).toBe("009000");
    for (const command of [
      bench.terminal.initializeHex("purchase", { p2: 2, amountFen: 0 }),
      bench.terminal.initializeHex("compound", { p2: 2, amountFen: 0 }),
      bench.terminal.initializeGreyHex("lock", 2),
    ]) {
      expect(send(bench.card, command)).toBe("6985");
    }
    expect(send(bench.card, bench.terminal.initializeHex("load", { p2: 2, amountFen: 1 })).slice(-4)).toBe("9000");
  });

  it("has its files in the lengths of the scheme", () => {
    const { card } = transit();
    expect(["00B0960037", "00B097003C", "00B201D480"].map((command) => expectOk(card, command).length)).toEqual([55, 60, 128]);
    expect(send(card, "00B097000B")).toBe("0000015699009901000101" + "9000");
  });

  it.each([
    ["5C0002-5C0102", ["000028a09000", "000001f49000", "6a86"]],
    ["5C0302", ["000028a09000", "6a86", "000026ac9000"]],
    ["5C0002", ["000026ac9000", "6a86", "6a86"]],
  ] as const)("tells its balance by the rule %s", (transitBalance, answers) => {
    const bench = transit("t-union", { overdraftLimitFen: 500 }, { transitBalance });
    sold(bench, { form: "purchase", p2: 2, amountFen: 100 });
    expect(["805C000204", "805C010204", "805C030204"].map((command) => send(bench.card, command))).toEqual(answers);
  });

  it("tells its balance with the highest bit set where it is made so", () => {
    expect(send(transit("t-union", { balanceFlag: true }).card, "805C000204")).toBe("800027109000");
  });

  it("shows nothing as its own money while it is overdrawn", () => {
    const bench = transit("t-union", { overdraftLimitFen: 500 }, { transitBalance: "5C0302" });
    sold(bench, { form: "purchase", p2: 2, amountFen: 10_400 });
    expect([send(bench.card, "805C030204"), send(bench.card, "805C000204")]).toEqual(["000000009000", "000000649000"]);
    expect(bench.card.balanceFen).toBe(-400);
  });

  it.each([
    ["EP", 2, 1],
    ["ED", 1, 2],
  ] as const)("pays compound purchases from the %s", (transitPurse, right, wrong) => {
    const bench = transit("t-union", { passbook: { balanceFen: 700 }, pin: "123456" }, { transitPurse });
    expect(send(bench.card, bench.terminal.initializeHex("compound", { p2: wrong, amountFen: 0 }))).toBe("6a86");
    const { answer, expected } = sold(bench, { form: "compound", p2: right, amountFen: 300 });
    expect(answer).toBe(expected);
    reselect(bench);
    expect(bench.card.balanceFen).toBe(transitPurse === "EP" ? 9_700 : 10_000);
    expect(bench.card.toSnapshot().memory.purse?.passbook?.balanceFen).toBe(transitPurse === "EP" ? 700 : 400);
  });

  it.each(["3des", "sm4"] as const)("has the algorithm of the profile, %s, whatever the card's other keys are", (transitAlg) => {
    const bench = transit("t-union", {}, { transitAlg });
    const { answer, expected } = sold(bench, { form: "compound", p2: 2, amountFen: 1 });
    expect(answer).toBe(expected);
    expect(send(bench.card, bench.terminal.initializeHex("compound", { p2: 2, amountFen: 1 })).slice(20, 22)).toBe(transitAlg === "sm4" ? "03" : "00");
  });

  it.each(["byAlgorithm", "xorHalves", "direct"] as const)("has TACs in the form %s", (transitTacKey) => {
    for (const transitAlg of ["3des", "sm4"] as const) {
      const { answer, expected } = sold(transit("t-union", {}, { transitAlg, transitTacKey }), { form: "compound", p2: 2, amountFen: 1 });
      expect(answer).toBe(expected);
    }
  });
});
