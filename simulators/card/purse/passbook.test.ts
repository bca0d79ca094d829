/* E-passbook beside e-purse: balances, counters, PIN, overdraft, loads and proofs of each. */
import { describe, expect, it } from "vitest";
import { expectOk, send } from "../testing.ts";
import { opened, purseBench, reselect, sold } from "./testing.ts";

const both = (passbook = {}, more = {}) => purseBench({ balanceFen: 1_000, purse: { passbook: { balanceFen: 5_000, ...passbook }, ...more } });

describe("two books", () => {
  it("have balances, counters and types of their own", () => {
    const bench = both();
    const passbook = sold(bench, { form: "purchase", p2: 1, amountFen: 450 });
    const purse = sold(bench, { form: "purchase", p2: 2, amountFen: 30 });
    expect([passbook.answer, purse.answer]).toEqual([passbook.expected, purse.expected]);
    expect([send(bench.card, "805C000104"), send(bench.card, "805C000204")]).toEqual(["000011c69000", "000003ca9000"]);
    expect(bench.card.debits.map(({ purse: kind, amountFen, cardSeqBefore }) => [kind, amountFen, cardSeqBefore])).toEqual([
      ["e-passbook", 450, 0],
      [undefined, 30, 0],
    ]);
    expect(send(bench.card, "00B201C417").slice(18, 20)).toBe("06");
    expect(send(bench.card, "00B202C417").slice(18, 20)).toBe("05");
  });

  it.each([
    ["more than the passbook holds", "805001010B01000013899901000000010F", "9401"],
    ["exactly what it holds", "805001010B01000013889901000000010F", "00001388*"],
    ["an unknown key", "805001010B02000000019901000000010F", "9403"],
    ["unload", "805005010B01000000019901000000010F", "6a86"],
    ["cash withdrawal", "805002010B01000000019901000000010F", "6a86"],
    ["change of the overdraft", "805004010B01000000019901000000010F", "6a86"],
    ["a third book", "805001030B01000000019901000000010F", "6a86"],
    ["compound purchase without a transit account", "805003010B01000000019901000000010F", "6a86"],
  ])("%s", (_, command, pattern) => {
    const answer = send(both().card, command);
    expect(pattern.endsWith("*") ? answer.startsWith(pattern.slice(0, -1)) : answer === pattern).toBe(true);
  });

  it("are not both on every card", () => {
    const { card } = purseBench();
    expect(send(card, "805C000104")).toBe("6a86");
    expect(send(card, "805000010B010000000199010000000110")).toBe("6a86");
  });

  it("are loaded apart, and each load is proved", () => {
    const bench = both();
    for (const p2 of [1, 2]) {
      const load = { p2, amountFen: 5_000 };
      const credit = bench.terminal.credit(expectOk(bench.card, bench.terminal.initializeHex("load", load)), load);
      expect(send(bench.card, credit.commandHex)).toBe(`${credit.expectedHex}9000`);
      reselect(bench);
      expect(send(bench.card, bench.terminal.proveHex(p2, 1)).slice(8)).toBe(`${credit.expectedHex}9000`);
    }
    expect(bench.card.loads.map(({ purse, onlineSeqBefore }) => [purse, onlineSeqBefore])).toEqual([
      ["e-passbook", 0],
      [undefined, 0],
    ]);
    expect(bench.card.toSnapshot().memory.purse?.passbook).toEqual({ balanceFen: 10_000, onlineSeq: 1, offlineSeq: 0 });
  });

  it("prove the last debit of each by its own type", () => {
    const bench = both();
    const passbook = sold(bench, { form: "purchase", p2: 1, amountFen: 1 });
    sold(bench, { form: "purchase", p2: 2, amountFen: 1 });
    expect(send(bench.card, bench.terminal.proveHex(5, 1))).toBe(`${passbook.answer.slice(8, 16)}${passbook.answer.slice(0, 8)}9000`);
    expect(send(bench.card, bench.terminal.proveHex(6, 1)).slice(-4)).toBe("9000");
    expect(send(bench.card, bench.terminal.proveHex(1, 1))).toBe("9406");
  });
});

describe("the overdraft", () => {
  it("is part of what may be spent, of the balance shown, and of the log", () => {
    const bench = both({ overdraftLimitFen: 2_000 });
    expect(send(bench.card, "805C000104")).toBe("00001b589000");
    expect(send(bench.card, "805C010104")).toBe("000007d09000");
    expect(send(bench.card, "805001010B0100001B599901000000010F")).toBe("9401");
    const { answer, expected } = sold(bench, { form: "purchase", p2: 1, amountFen: 6_500 });
    expect(answer).toBe(expected);
    expect(send(bench.card, "805C000104")).toBe("000001f49000");
    expect(bench.card.toSnapshot().memory.purse?.passbook?.balanceFen).toBe(-1_500);
    expect(send(bench.card, "00B201C417").slice(0, 20)).toBe("00010007d00000196405");
  });

  it("is told by INITIALIZE", () => {
    expect(send(both({ overdraftLimitFen: 2_000 }).card, "805001010B01000000019901000000010F").slice(0, 18)).toBe("00001b5800000007d0");
  });
});

describe("the PIN of a passbook", () => {
  const guarded = () => both({}, { pin: "123456" });
  const needing = ["805C000104", "805001010B01000000019901000000010F", "805000010B010000000199010000000110"];

  it.each(needing)("is needed for %s", (command) => {
    const { card } = guarded();
    expect(send(card, command)).toBe("6982");
    expect(send(card, "0020000003123456")).toBe("9000");
    expect(send(card, command).slice(-4)).toBe("9000");
  });

  it("is not needed for the purse", () => {
    expect(send(guarded().card, "805C000204")).toBe("000003e89000");
  });

  it("is forgotten with the power and with the application", () => {
    const bench = guarded();
    send(bench.card, "0020000003123456");
    reselect(bench);
    expect(send(bench.card, "805C000104")).toBe("6982");
    send(bench.card, "0020000003123456");
    expectOk(bench.card, "00A404000F7378312E73682EC9E7BBE1B1A3D5CF00");
    expectOk(bench.card, bench.terminal.selectHex);
    expect(send(bench.card, "805C000104")).toBe("6982");
  });
});

describe("an opened transaction of one book", () => {
  it("is ended by a transaction of the other", () => {
    const bench = both();
    const debit = opened(bench, { form: "purchase", p2: 1, amountFen: 1 });
    expectOk(bench.card, bench.terminal.initializeHex("purchase", { p2: 2, amountFen: 1 }));
    expect(send(bench.card, debit.commandHex)).toBe("9302");
  });

  it("loses its proof at the next INITIALIZE of that book with the fault, and only there", () => {
    const bench = both();
    bench.card.setFaults({ proofDroppedByNextInit: true });
    sold(bench, { form: "purchase", p2: 1, amountFen: 1 });
    sold(bench, { form: "purchase", p2: 2, amountFen: 1 });
    opened(bench, { form: "purchase", p2: 1, amountFen: 1 });
    expect([send(bench.card, bench.terminal.proveHex(5, 1)), send(bench.card, bench.terminal.proveHex(6, 1)).slice(-4)]).toEqual(["9406", "9000"]);
  });
});
