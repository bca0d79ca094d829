/* Grey lock: lock, debit for unlock, online unlock; the lock outlives power and keeps everything else out. */
import { describe, expect, it } from "vitest";
import type { Bytes } from "../../../device/base/bytes.ts";
import { expectOk, send } from "../testing.ts";
import { opened, type PurseBench, purseBench, reselect } from "./testing.ts";

const bench = (profile = {}, purse = {}) => purseBench({ purse: { greyLock: true, passbook: { balanceFen: 5_000 }, ...purse }, profile, offlineSeq: 7 });

/** Locks the book; gives the code that takes an amount. */
function lock(given: PurseBench, p2 = 2): { readonly answer: string; readonly expected: string; readonly gmac: (amountFen: number) => Bytes } {
  const { commandHex, expectedHex, gmac } = given.terminal.greyLock(expectOk(given.card, given.terminal.initializeGreyHex("lock", p2)), p2);
  return { answer: send(given.card, commandHex), expected: `${expectedHex}9000`, gmac };
}

describe.each(["sum", "manual"] as const)("with lengths as %s", (greyLockLc) => {
  it.each([
    ["e-purse", 2, 7],
    ["e-passbook", 1, 0],
  ] as const)("an %s is locked without being debited, and the debit takes what was delivered", (name, p2, before) => {
    const given = bench({ greyLockLc });
    const { answer, expected, gmac } = lock(given, p2);
    expect(answer).toBe(expected);
    expect(given.card.debits).toEqual([]);
    reselect(given);
    const debit = given.terminal.greyDebit(gmac(450), { p2, amountFen: 450, cardSeq: before + 1, terminalSeq: 901 });
    expect(send(given.card, debit.commandHex)).toBe(`${debit.expectedHex}9000`);
    expect(given.card.debits).toMatchObject([{ purse: "grey-lock", amountFen: 450, cardSeqBefore: before + 1, terminalSeq: 901, tac: debit.expectedHex }]);
    const balances = [given.card.balanceFen, given.card.toSnapshot().memory.purse?.passbook?.balanceFen];
    expect(balances).toEqual(name === "e-purse" ? [9_550, 5_000] : [10_000, 4_550]);
    expect(send(given.card, "00B201C417").slice(0, 20)).toBe(`000${before + 2}000000000001c29${p2 === 1 ? 3 : 4}`);
    expect(send(given.card, debit.commandHex)).toBe("6985");
  });

  it("a host unlocks, takes what it finds owed, and the answer has the length of the setting", () => {
    const given = bench({ greyLockLc });
    lock(given);
    reselect(given);
    const unlock = given.terminal.greyUnlock(expectOk(given.card, given.terminal.initializeGreyHex("unlock", 2)), { p2: 2, amountFen: 200 });
    expect(send(given.card, unlock.commandHex)).toBe(`${unlock.expectedHex}9000`);
    expect(unlock.expectedHex.length).toBe(greyLockLc === "sum" ? 16 : 8);
    expect(given.card.balanceFen).toBe(9_800);
    expect(given.card.debits).toMatchObject([{ purse: "grey-lock", amountFen: 200, cardSeqBefore: 0 }]);
    expect(send(given.card, given.terminal.initializeHex("purchase", { p2: 2, amountFen: 1 })).slice(-4)).toBe("9000");
    expect(send(given.card, given.terminal.proveHex(0x96, 1)).slice(8, 16)).toBe(unlock.expectedHex.slice(0, 8));
  });

  it("refuses a lock in the other length", () => {
    const given = bench({ greyLockLc });
    const other = bench({ greyLockLc: greyLockLc === "sum" ? "manual" : "sum" });
    expectOk(given.card, given.terminal.initializeGreyHex("lock", 2));
    const { commandHex } = other.terminal.greyLock(expectOk(other.card, other.terminal.initializeGreyHex("lock", 2)), 2);
    expect(send(given.card, commandHex)).toBe("6700");
  });
});

describe("while the card is locked", () => {
  it.each([
    ["a purchase", "805001020B01000000009901000000010F"],
    ["a purchase of the other book", "805001010B01000000009901000000010F"],
    ["a load", "805000020B010000000199010000000110"],
    ["another lock", "E07A080207019901000000010F"],
    ["a lock of the other book", "E07A080107019901000000010F"],
    ["an unlock of the other book", "E07A0901070199010000000112"],
  ])("%s is refused, over a loss of power too", (_, command) => {
    const given = bench();
    lock(given);
    expect(send(given.card, command)).toBe("6985");
    reselect(given);
    expect(send(given.card, command)).toBe("6985");
  });

  it.each([
    ["the lock's own number", 7, "9000"],
    ["the counter after the lock", 8, "9000"],
    ["another number", 9, "6a80"],
  ])("a debit names it by %s", (_, cardSeq, word) => {
    const given = bench();
    const { gmac } = lock(given);
    const debit = given.terminal.greyDebit(gmac(1), { p2: 2, amountFen: 1, cardSeq, terminalSeq: 901 });
    expect(send(given.card, debit.commandHex).slice(-4)).toBe(word);
  });

  it("a debit with a wrong code, of another book or of more than there is changes nothing, and the right one still works", () => {
    const given = bench();
    const { gmac } = lock(given);
    const debit = (amountFen: number, p2: number, code = gmac(amountFen)) =>
      given.terminal.greyDebit(code, { p2, amountFen, cardSeq: 8, terminalSeq: 901 }).commandHex;
    expect([send(given.card, debit(450, 2, gmac(451))), send(given.card, debit(450, 1)), send(given.card, debit(10_001, 2))]).toEqual(["9302", "6985", "9401"]);
    expect(send(given.card, `E07E080210${"00".repeat(16)}`)).toBe("6700");
    expect(send(given.card, `E07E09021B${"00".repeat(27)}`)).toBe("6a86");
    expect(send(given.card, debit(450, 2)).slice(-4)).toBe("9000");
  });

  it("the lock itself can be proved, and GET LOCK PROOF tells of it until it has been read", () => {
    const given = bench();
    expect(send(given.card, "E0CA00001E")).toBe(`${"00".repeat(30)}9000`);
    const { answer, gmac } = lock(given);
    expect(send(given.card, given.terminal.proveHex(0x92, 8))).toBe(`${answer.slice(8, 16)}${answer.slice(0, 8)}9000`);
    expect(send(given.card, "E0CA00001E")).toBe(`01920200002710000799010000000120261121101500${answer.slice(8, 16)}${answer.slice(0, 8)}9000`);
    const debit = given.terminal.greyDebit(gmac(450), { p2: 2, amountFen: 450, cardSeq: 8, terminalSeq: 901 });
    send(given.card, debit.commandHex);
    expect(send(given.card, "E0CA00001E")).toMatch(new RegExp(`^109402.*${debit.expectedHex}9000$`));
    expect(send(given.card, "E0CA01001E")).toBe(`${"00".repeat(30)}9000`);
    expect(send(given.card, "E0CA00001E")).toBe(`${"00".repeat(30)}9000`);
  });
});

describe("order and words of the grey lock", () => {
  it.each([
    ["a lock without INITIALIZE", `E07C080013${"00".repeat(19)}`, "6901"],
    ["an unlock without INITIALIZE", `E07C09000F${"00".repeat(15)}`, "6901"],
    ["a debit without a lock", `E07E08021B${"00".repeat(27)}`, "6985"],
    ["INITIALIZE FOR GREY UNLOCK without a lock", "E07A0902070199010000000112", "6985"],
    ["another P1", "E07A070207019901000000010F", "6a86"],
    ["a third book", "E07A080307019901000000010F", "6a86"],
    ["an unknown key", "E07A080207029901000000010F", "9403"],
    ["another length", "E07A0802060199010000000F", "6700"],
    ["an unknown instruction", "E0FF000000", "6d00"],
  ])("%s", (_, command, word) => {
    expect(send(bench().card, command)).toBe(word);
  });

  it("a wrong MAC1 locks nothing and ends the dialogue", () => {
    const given = bench();
    expectOk(given.card, given.terminal.initializeGreyHex("lock", 2));
    expect(send(given.card, `E07C080013${"00".repeat(19)}`)).toBe("9302");
    expect(send(given.card, `E07C080013${"00".repeat(19)}`)).toBe("6901");
    expect(send(given.card, "E0CA00001E").slice(0, 2)).toBe("00");
    expect(given.card.offlineSeq).toBe(7);
  });

  it("a wrong MAC2 of the host leaves the lock", () => {
    const given = bench();
    lock(given);
    expectOk(given.card, given.terminal.initializeGreyHex("unlock", 2));
    expect(send(given.card, `E07C09000F${"00".repeat(15)}`)).toBe("9302");
    expect(send(given.card, "E0CA00001E").slice(0, 2)).toBe("01");
  });

  it("a purchase is not ended by GREY LOCK, nor a lock by DEBIT", () => {
    const given = bench();
    opened(given, { form: "purchase", p2: 2, amountFen: 1 });
    expect(send(given.card, `E07C080013${"00".repeat(19)}`)).toBe("6901");
    expectOk(given.card, given.terminal.initializeGreyHex("lock", 2));
    expect(send(given.card, `805401000F${"00".repeat(15)}`)).toBe("6901");
  });

  it("is unknown to a card without it", () => {
    expect(send(purseBench({ purse: {} }).card, "E07A080207019901000000010F")).toBe("6e00");
  });

  it("needs the PIN of a passbook", () => {
    const given = bench({}, { pin: "123456" });
    expect(send(given.card, "E07A080107019901000000010F")).toBe("6982");
    send(given.card, "0020000003123456");
    expect(send(given.card, "E07A080107019901000000010F").slice(-4)).toBe("9000");
  });
});
