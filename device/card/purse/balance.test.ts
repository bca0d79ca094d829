/* Balances and overdrafts, the forms of GET BALANCE, and the meaning of type bytes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fen } from "../../base/fen.ts";
import { LIMITS, ScriptedChannel } from "../testing.ts";
import { ownMoney, ownMoneyOf, readOwnMoney } from "./balance.ts";
import { readBalance } from "./commands.ts";
import { TYPE_OF, transactionType } from "./kinds.ts";
import { provableSequences } from "./log.ts";
import { purseOfSale } from "./prove-sale.ts";

describe("the holder's own money", () => {
  it.each([
    [1_000, 0, 1_000, 0],
    [1_000, 400, 600, 0],
    [400, 400, 0, 0],
    [399, 400, 0, 1],
    [0, 400, 0, 400],
  ])("spendable %i with overdraft %i: %i, overdrawn %i", (spendable, overdraft, balance, overdrawn) => {
    expect(ownMoney(fen(spendable), fen(overdraft))).toEqual({ balance, overdrawn });
    expect(ownMoneyOf({ balance: fen(spendable), overdraftLimit: fen(overdraft) })).toEqual({ balance, overdrawn });
  });

  it("both figures together are always the difference", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (spendable, overdraft) => {
        const own = ownMoney(fen(spendable), fen(overdraft));
        expect(own.balance - own.overdrawn).toBe(spendable - overdraft);
        expect(own.balance * own.overdrawn).toBe(0);
      }),
    );
  });
});

describe("GET BALANCE", () => {
  it.each([
    [
      "5C0002-5C0102",
      "e-purse",
      [
        ["805c000204", "000003e89000"],
        ["805c010204", "000001909000"],
      ],
      600,
    ],
    [
      "5C0002-5C0102",
      "e-passbook",
      [
        ["805c000104", "000003e89000"],
        ["805c010104", "000001909000"],
      ],
      600,
    ],
    ["5C0302", "e-purse", [["805c030204", "000003e89000"]], 1_000],
    ["5C0302", "e-passbook", [["805c030104", "000003e89000"]], 1_000],
    ["5C0002", "e-purse", [["805c000204", "000003e89000"]], 1_000],
  ] as const)("by the rule %s of the %s", async (rule, purse, script, balance) => {
    const channel = new ScriptedChannel(script);
    expect(await readOwnMoney(channel, { rule, purse }, LIMITS)).toEqual({ kind: "ok", balance, overdrawn: 0 });
    expect(channel.done).toBe(true);
  });

  it.each([
    [
      [
        ["805c000204", "800003e89000"],
        ["805c010204", "800001909000"],
      ],
      { kind: "ok", balance: 600, overdrawn: 0 },
    ],
    [
      [
        ["805c000204", "ffffffff9000"],
        ["805c010204", "000000009000"],
      ],
      { kind: "ok", balance: 0x7fff_ffff, overdrawn: 0 },
    ],
    [
      [
        ["805c000204", "000000649000"],
        ["805c010204", "000001909000"],
      ],
      { kind: "ok", balance: 0, overdrawn: 300 },
    ],
    [[["805c000204", "6982"]], { kind: "refused", statusWord: 0x6982 }],
    [
      [
        ["805c000204", "000003e89000"],
        ["805c010204", "6a86"],
      ],
      { kind: "refused", statusWord: 0x6a86 },
    ],
  ] as const)("%j", async (script, expected) => {
    expect(await readOwnMoney(new ScriptedChannel(script), { rule: "5C0002-5C0102", purse: "e-purse" }, LIMITS)).toEqual(expected);
  });

  it("names the purse, and takes four bytes alone", async () => {
    expect(await readBalance(new ScriptedChannel([["805c000204", "000003e89000"]]), LIMITS)).toEqual({ kind: "ok", balance: 1_000 });
    expect(await readBalance(new ScriptedChannel([["805c000104", "000003e89000"]]), LIMITS, "e-passbook")).toEqual({ kind: "ok", balance: 1_000 });
    await expect(readBalance(new ScriptedChannel([["805c000204", "03e89000"]]), LIMITS)).rejects.toMatchObject({ code: "card-answer-malformed" });
  });
});

describe("type bytes", () => {
  it.each([
    [0x01, "load", "e-passbook", "online"],
    [0x02, "load", "e-purse", "online"],
    [0x03, "unload", "e-passbook", "online"],
    [0x04, "cash-withdrawal", "e-passbook", "offline"],
    [0x05, "purchase", "e-passbook", "offline"],
    [0x06, "purchase", "e-purse", "offline"],
    [0x07, "overdraft-change", "e-passbook", "online"],
    [0x09, "compound-purchase", undefined, "offline"],
    [0x91, "grey-lock", "e-passbook", "offline"],
    [0x92, "grey-lock", "e-purse", "offline"],
    [0x93, "grey-debit", "e-passbook", "offline"],
    [0x94, "grey-debit", "e-purse", "offline"],
    [0x95, "grey-unlock", "e-passbook", "online"],
    [0x96, "grey-unlock", "e-purse", "online"],
  ] as const)("%i is a %s of the %s, numbered %s", (type, kind, purse, counter) => {
    expect(transactionType(type)).toEqual({ kind, purse, counter });
  });

  it.each([0x00, 0x08, 0x0a, 0x90, 0x97, 0xff])("%i has no meaning", (type) => {
    expect(transactionType(type)).toBeUndefined();
  });

  it("what a terminal does with each purse has the type that says so", () => {
    for (const purse of ["e-purse", "e-passbook"] as const) {
      const { load, purchase, greyLock, greyDebit, greyUnlock } = TYPE_OF[purse];
      const kinds = [load, purchase, greyLock, greyDebit, greyUnlock].map((type) => transactionType(type));
      expect(kinds.map((each) => each?.kind)).toEqual(["load", "purchase", "grey-lock", "grey-debit", "grey-unlock"]);
      expect(new Set(kinds.map((each) => each?.purse))).toEqual(new Set([purse]));
    }
  });

  it.each([
    [{ type: 0x05 }, "e-passbook"],
    [{ type: 0x05, purse: "e-purse" }, "e-passbook"],
    [{ type: 0x06 }, "e-purse"],
    [{ type: 0x06, purse: "e-passbook" }, "e-purse"],
    [{ type: 0x09 }, "e-purse"],
    [{ type: 0x09, purse: "e-passbook" }, "e-passbook"],
  ] as const)("the purse of %j is the %s", (sale, expected) => {
    expect(purseOfSale(sale)).toBe(expected);
  });
});

describe("sequences worth proving", () => {
  it.each([
    [["log1", "seq", "seq+1"], { logged: 8, before: 7 }, [8, 7]],
    [["log1", "seq", "seq+1"], { logged: 7, before: 7 }, [7, 8]],
    [["seq+1", "seq", "log1"], { logged: 7, before: 7 }, [8, 7]],
    [["log1", "seq", "seq+1"], { logged: 8, before: undefined }, [8, 7]],
    [["log1", "seq", "seq+1"], { logged: undefined, before: 7 }, [7, 8]],
    [["log1", "seq", "seq+1"], { logged: undefined, before: undefined }, []],
    [["log1", "seq"], { logged: 0, before: undefined }, [0]],
    [["seq", "seq+1"], { logged: undefined, before: 0xffff }, [0xffff]],
  ] as const)("%j with %j: %j", (order, known, expected) => {
    expect(provableSequences(order, known)).toEqual(expected);
  });
});
