/* The medical purse by its tables: order of checks, states, totals, log, proof, start day. */
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex, u32be } from "../../../device/base/bytes.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { medicalMac } from "../../crypto/medical.ts";
import { socialSessionKey } from "../../crypto/social.ts";
import type { SimulatedCard } from "../card.ts";
import { makeTestCard, type TestCardOptions } from "../make.ts";
import { expectOk, send } from "../testing.ts";
import type { MedicalPurseOptions } from "./make.ts";
import { initializeHex, MEDICAL_SELECT, medicalProofHex, openMedicalSale, rulesOf, sellMedical } from "./testing.ts";
import { medicalTopUp } from "./top-up.ts";

const suite = openCipherSuite();
const INIT = initializeHex({ accountFen: 1 });
const INIT_LOAD = "B02800010B010000000199010000000110";
const DEBIT = "B02C01000F00000001202611211015000000000008";
const CREDIT = "B02A00000B202611211015000000000004";

function makeCard(purse: Partial<MedicalPurseOptions> = {}, options: Partial<TestCardOptions> = {}): SimulatedCard {
  return makeTestCard(suite, { balanceFen: 0, algorithm: "sm4", medicalPurse: { accountFen: 10_000, ...purse }, ...options });
}

function opened(purse: Partial<MedicalPurseOptions> = {}, options: Partial<TestCardOptions> = {}): SimulatedCard {
  const card = makeCard(purse, options);
  card.powerUp();
  expectOk(card, MEDICAL_SELECT);
  return card;
}

const memory = (card: SimulatedCard) => card.toSnapshot().memory.medicalPurse;

describe.each(["3des", "sm4"] as const)("a purchase with %s", (algorithm) => {
  it("moves the account, the totals and the sequence, and answers TAC before MAC2", () => {
    const card = opened({ selfPayTotalFen: 5, pooledTotalFen: 6, payYear: "2026", purchaseSeq: 0x29 }, { algorithm });
    const sale = openMedicalSale(suite, card, { accountFen: 450, selfPayFen: 100, pooledFen: 1000, terminalSeq: 77 });
    expect(toHex(sale.opening).slice(0, 36)).toBe(`00002710000000050000000620260029${algorithm === "sm4" ? "0103" : "0100"}`);
    expect(send(card, sale.debitHex)).toBe(`${toHex(sale.tac)}${toHex(sale.mac2)}9000`);
    expect(memory(card)).toMatchObject({ accountFen: 9_550, selfPayTotalFen: 105, pooledTotalFen: 1_006, payYear: "2026", purchaseSeq: 0x2a, loadSeq: 0 });
    expect(card.debits).toEqual([
      {
        purse: "medical-purse",
        amountFen: 450,
        selfPayFen: 100,
        pooledFen: 1000,
        terminalNumber: "990100000001",
        terminalSeq: 77,
        date: "20261121",
        time: "101500",
        cardSeqBefore: 0x29,
        tac: toHex(sale.tac),
      },
    ]);
  });

  it("is loaded by the insurer's counter", () => {
    const card = makeCard({}, { algorithm });
    const tac = medicalTopUp(suite, card, { amountFen: 500 });
    expect(memory(card)).toMatchObject({ accountFen: 10_500, loadSeq: 1, purchaseSeq: 0 });
    expect(card.loads).toMatchObject([{ purse: "medical-purse", amountFen: 500, onlineSeqBefore: 0, tac: toHex(tac) }]);
  });
});

describe("status words", () => {
  it.each([
    ["another key index", initializeHex({ accountFen: 1, keyIndex: 4 }), "9403"],
    ["another key index before too little money", initializeHex({ accountFen: 10_001, keyIndex: 9 }), "9403"],
    ["too little in the account", initializeHex({ accountFen: 10_001 }), "9401"],
    ["the account amount alone counts", initializeHex({ accountFen: 10_000, selfPayFen: 99_999, pooledFen: 99_999 }), "9000"],
    ["another P2", INIT.replace("b0280101", "b0280102"), "6a86"],
    ["another P1", INIT.replace("b0280101", "b0280201"), "6a86"],
    ["another length", "B0280101020100", "6700"],
    ["a load with another key index", "B02800010B020000000199010000000110", "9403"],
    ["a load with another length", "B02800010A0100000001990100000010", "6700"],
    ["a load of more than four bytes hold", "B02800010B01FFFFFFFF99010000000110", "6985"],
    ["an unknown balance", "B026000404", "6a86"],
    ["an unknown instruction", "B0300000", "6d00"],
    ["a proof of another type", medicalProofHex("33", 0), "6a86"],
    ["a proof of another length", "B02E00320300000008", "6700"],
    ["a proof that is not there", medicalProofHex("32", 0), "9406"],
    ["a debit out of order", DEBIT, "6901"],
    ["a credit out of order", CREDIT, "6901"],
    ["a start day without a challenge", "B0560100060401AABBCCDD", "6985"],
  ])("%s", (_, command, word) => {
    expect(send(opened(), command).slice(-4)).toBe(word);
  });

  it.each([
    ["a purchase", INIT, { purchaseSeq: 0xffff }],
    ["a load", INIT_LOAD, { loadSeq: 0xffff }],
  ])("%s with its counter used up is 9402", (_, command, purse) => {
    expect(send(opened(purse), command)).toBe("9402");
  });

  it("the fault of a counter that is used up concerns purchases", () => {
    const card = opened({}, { faults: { counterExhausted: true } });
    expect(send(card, INIT)).toBe("9402");
    expect(send(card, INIT_LOAD).slice(-4)).toBe("9000");
  });

  it("needs the PIN where one is set, for everything but the proof and the start day", () => {
    const card = opened({}, { pin: "246813" });
    expect([INIT, INIT_LOAD, "B026000104"].map((command) => send(card, command))).toEqual(["6982", "6982", "6982"]);
    expect(send(card, medicalProofHex("32", 0))).toBe("9406");
    expect(send(card, "B056000002")).toBe("01019000");
    expectOk(card, "0020000003246813");
    expect([INIT, INIT_LOAD, "B026000104"].map((command) => send(card, command).slice(-4))).toEqual(["9000", "9000", "9000"]);
  });

  it("a wrong MAC1 or MAC2 moves nothing", () => {
    const card = opened();
    const before = card.toSnapshot().memory;
    expectOk(card, INIT);
    expect(send(card, DEBIT)).toBe("9302");
    expectOk(card, INIT_LOAD);
    expect(send(card, CREDIT)).toBe("9302");
    expect(card.toSnapshot().memory).toEqual(before);
  });
});

describe("states", () => {
  const STATES = { idle: undefined, load: INIT_LOAD, purchase: INIT } as const;
  it.each([
    ["idle", "credit", "6901"],
    ["idle", "debit", "6901"],
    ["load", "credit", "9302"],
    ["load", "debit", "6901"],
    ["purchase", "credit", "6901"],
    ["purchase", "debit", "9302"],
  ] as const)("%s, %s: %s, and idle afterwards", (state, command, word) => {
    const card = opened();
    const way = STATES[state];
    if (way !== undefined) expectOk(card, way);
    expect(send(card, command === "debit" ? DEBIT : CREDIT)).toBe(word);
    expect([send(card, DEBIT), send(card, CREDIT)]).toEqual(["6901", "6901"]);
  });

  it.each([
    ["GET BALANCE", "B026000104", "9302"],
    ["GET TRANSACTION PROOF that fails", medicalProofHex("32", 0), "6901"],
    ["GET BALANCE that fails", "B026000404", "6901"],
    ["GET START DAY", "B056000002", "6901"],
    ["READ RECORD", "00B201441C", "6901"],
    ["GET CHALLENGE", "0084000008", "6901"],
    ["SELECT", MEDICAL_SELECT, "6901"],
  ])("%s between INITIALIZE and DEBIT leaves the debit at %s", (_, between, word) => {
    const card = opened();
    expectOk(card, INIT);
    send(card, between);
    expect(send(card, DEBIT)).toBe(word);
  });

  it("GET TRANSACTION PROOF that answers keeps an opened purchase", () => {
    const card = opened();
    expect(sellMedical(suite, card, { accountFen: 1 })).toBe("9000");
    const sale = openMedicalSale(suite, card, { accountFen: 2 });
    expectOk(card, medicalProofHex("32", 1));
    expect(send(card, sale.debitHex).slice(-4)).toBe("9000");
  });
});

describe("the year", () => {
  const TOTALS = { selfPayTotalFen: 1_000, pooledTotalFen: 2_000, payYear: "2026" } as const;
  it.each([
    ["the last day of the year", "0401", "20270331", "2026", 1_010],
    ["the first day of the next", "0401", "20270401", "2027", 10],
    ["a year and a day later", "0401", "20280331", "2027", 10],
    ["the start day itself", "0401", "20260401", "2026", 1_010],
    ["a date before the year", "0401", "20260331", "2026", 1_010],
    ["New Year", "0101", "20270101", "2027", 10],
    ["New Year's Eve", "0101", "20261231", "2026", 1_010],
  ])("%s (start %s, date %s) counts in %s", (_, startDay, date, payYear, selfPayTotalFen) => {
    const card = opened({ ...TOTALS, startDay });
    expect(sellMedical(suite, card, { accountFen: 1, selfPayFen: 10, pooledFen: 20, date })).toBe("9000");
    expect(memory(card)).toMatchObject({ payYear, selfPayTotalFen, pooledTotalFen: selfPayTotalFen === 10 ? 20 : 2_020 });
  });

  it("begins with the first purchase of a card that was never used", () => {
    const card = opened({ startDay: "0701" });
    sellMedical(suite, card, { accountFen: 1, selfPayFen: 10, date: "20260630" });
    expect(memory(card)).toMatchObject({ payYear: "2025", selfPayTotalFen: 10 });
  });

  it.each([
    ["a total that no longer fits", { selfPayTotalFen: 0xffff_ffff, payYear: "2026" }, { accountFen: 1, selfPayFen: 1 }],
    ["a date that is none", {}, { accountFen: 1, date: "2026AB01" }],
  ])("refuses %s and moves nothing", (_, purse, sale) => {
    const card = opened(purse);
    expect(sellMedical(suite, card, sale)).toBe("6985");
    expect(memory(card)).toMatchObject({ accountFen: 10_000, purchaseSeq: 0, log: [] });
  });

  it("has its start day changed under DSK with the last challenge, and only so", () => {
    const card = opened();
    const { dskHex = "" } = card.personalization.medicalPurse ?? {};
    const update = (day: string) => {
      const factor = expectOk(card, "0084000008");
      const mac = medicalMac(rulesOf(suite, card), socialSessionKey(suite, "sm4", { key: fromHex(dskHex), factor }), fromHex(day));
      return toHex(concat(fromHex("B056010006"), fromHex(day), mac));
    };
    const command = update("0401");
    expect(send(card, command)).toBe("9000");
    expect(send(card, command)).toBe("6985");
    expect(send(card, update("0230"))).toBe("6985");
    expectOk(card, "0084000008");
    expect(send(card, "B0560100060701AABBCCDD")).toBe("9302");
    expect(send(card, "B056000002")).toBe("04019000");
  });
});

describe("log and modes", () => {
  it.each([
    ["pre", "0029"],
    ["post", "002a"],
  ] as const)("writes 28 bytes a record, the newest first, with the sequence %s", (logSeqMode, seq) => {
    const card = opened({ purchaseSeq: 0x29 }, { profile: { logSeqMode } });
    sellMedical(suite, card, { accountFen: 450, selfPayFen: 100, pooledFen: 1000 });
    expect(send(card, "00B201441C")).toBe(`${seq}3299010000000120261121101500000001c200000064000003e89000`);
    medicalTopUp(suite, card, { amountFen: 500 });
    card.powerUp();
    expectOk(card, MEDICAL_SELECT);
    const loadSeq = logSeqMode === "pre" ? "0000" : "0001";
    expect(send(card, "00B201441C")).toBe(`${loadSeq}3199010099999920260101080000000001f400000000000000009000`);
  });

  it("keeps thirty records", () => {
    const card = opened();
    for (let number = 1; number <= 32; number += 1) sellMedical(suite, card, { accountFen: number });
    expect(send(card, "00B201441C").slice(36, 40)).toBe("0020");
    expect(send(card, "00B21E441C").slice(-4)).toBe("9000");
    expect(send(card, "00B21F441C")).toBe("6a83");
  });

  it.each([
    ["by the profile", {}, { profile: { medicalLogMode: "accountOnly20" } }],
    ["by the card", { logMode: "accountOnly20" }, {}],
  ] as const)("account-only %s: records of 20 bytes, zeros for the rest", (_, purse, options) => {
    const card = opened(purse, options);
    expect(send(card, initializeHex({ accountFen: 1, selfPayFen: 1 }))).toBe("6985");
    expect(send(card, initializeHex({ accountFen: 1, pooledFen: 1 }))).toBe("6985");
    expect(sellMedical(suite, card, { accountFen: 450 })).toBe("9000");
    expect(send(card, "00B2014414")).toBe("00013299010000000120261121101500000001c29000");
    expect([send(card, "B026000206"), send(card, "B026000306")]).toEqual(["0000000000009000", "0000000000009000"]);
  });
});

describe("proof and tear", () => {
  it.each([
    ["pre", "ascii", "32", 5],
    ["post", "ascii", "32", 6],
    ["pre", "binary", "02", 5],
    ["post", "binary", "02", 6],
  ] as const)("%s, %s: MAC2 before TAC under the one right number and type", (logSeqMode, medicalTypeByte, type, seq) => {
    const card = opened({ purchaseSeq: 5 }, { profile: { logSeqMode, medicalTypeByte } });
    const sale = openMedicalSale(suite, card, { accountFen: 450 });
    expectOk(card, sale.debitHex);
    expect(send(card, medicalProofHex(type, seq))).toBe(`${toHex(sale.mac2)}${toHex(sale.tac)}9000`);
    expect(send(card, medicalProofHex(type, 11 - seq))).toBe("9406");
    expect(send(card, medicalProofHex(type === "32" ? "31" : "01", seq))).toBe("9406");
    expect(send(card, medicalProofHex(type === "32" ? "02" : "32", seq))).toBe("6a86");
  });

  it.each([
    ["before", false],
    ["during", false],
    ["after", true],
  ] as const)("a debit torn %s: all or nothing, and the proof says which", (at, done) => {
    const card = opened({ payYear: "2026" });
    const sale = openMedicalSale(suite, card, { accountFen: 450, selfPayFen: 7 });
    card.tear(fromHex(sale.debitHex), at);
    card.powerUp();
    expectOk(card, MEDICAL_SELECT);
    expect(send(card, medicalProofHex("32", 1))).toBe(done ? `${toHex(sale.mac2)}${toHex(sale.tac)}9000` : "9406");
    expect(memory(card)).toMatchObject(
      done ? { accountFen: 9_550, selfPayTotalFen: 7, purchaseSeq: 1 } : { accountFen: 10_000, selfPayTotalFen: 0, purchaseSeq: 0 },
    );
    expect([card.debits.length, memory(card)?.log.length]).toEqual(done ? [1, 1] : [0, 0]);
  });

  it("proves a load by its MAC2 and TAC until the next transaction", () => {
    const card = makeCard();
    const tac = medicalTopUp(suite, card, { amountFen: 500 });
    card.powerUp();
    expectOk(card, MEDICAL_SELECT);
    expect(send(card, medicalProofHex("31", 1)).slice(8)).toBe(`${toHex(tac)}9000`);
    sellMedical(suite, card, { accountFen: 1 });
    expect(send(card, medicalProofHex("31", 1))).toBe("9406");
  });

  it("drops the proof at the next INITIALIZE where the fault says so", () => {
    const card = opened({}, { faults: { proofDroppedByNextInit: true } });
    sellMedical(suite, card, { accountFen: 1 });
    expectOk(card, medicalProofHex("32", 1));
    expectOk(card, INIT);
    expect(send(card, medicalProofHex("32", 1))).toBe("9406");
  });

  it("debits all the same when its MAC2 or TAC is wrong", () => {
    const card = opened({}, { faults: { wrongMac2: true, wrongTac: true } });
    const sale = openMedicalSale(suite, card, { accountFen: 450 });
    const answer = expectOk(card, sale.debitHex);
    expect(answer.map((byte) => byte ^ 0xff)).toEqual(concat(sale.tac, sale.mac2));
    expect(memory(card)?.accountFen).toBe(9_550);
  });

  it("holds the amounts of the command to the fen", () => {
    const card = opened({ accountFen: 0xffff_fffe });
    expect(sellMedical(suite, card, { accountFen: 0xffff_fffe })).toBe("9000");
    expect(send(card, "B026000104")).toBe(`${toHex(u32be(0))}9000`);
  });
});
