/* A card that loses power at every command and every point of it, in both sequence modes: all or nothing, and it remembers. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { makeTestPsam } from "../psam/make.ts";
import { SimulatedCard } from "./card.ts";
import { makeTestCard } from "./make.ts";
import type { CardSnapshot, TearPoint } from "./state.ts";
import { expectOk, finishPurchase, openPurchase, PURSE_SELECT, proveHex, send } from "./testing.ts";

const suite = openCipherSuite();
const points: readonly TearPoint[] = ["before", "during", "after"];
const modes = ["pre", "post"] as const;
const cases = modes.flatMap((logSeqMode) => points.map((at) => ({ logSeqMode, at })));

function bench(logSeqMode: "pre" | "post", faults = {}) {
  const card = makeTestCard(suite, { balanceFen: 1_000, algorithm: "sm4", profile: { logSeqMode }, faults });
  const psam = makeTestPsam(suite);
  return { card, psam };
}

function reselect(card: SimulatedCard): void {
  card.powerUp();
  expectOk(card, PURSE_SELECT);
}

describe("a torn DEBIT", () => {
  it.each(cases)("$at the commit, log $logSeqMode: money, sequence, log and proof agree", ({ logSeqMode, at }) => {
    const { card, psam } = bench(logSeqMode);
    const purchase = openPurchase(card, psam, { amountFen: 10, level: 2 });
    card.tear(fromHex(purchase.debitHex), at);
    expect(card.powered).toBe(false);
    reselect(card);
    const happened = at === "after";
    const seq = logSeqMode === "pre" ? 0 : 1;
    expect(card.balanceFen).toBe(happened ? 990 : 1_000);
    expect(card.offlineSeq).toBe(happened ? 1 : 0);
    expect(card.debits).toHaveLength(happened ? 1 : 0);
    expect(send(card, "00B201C417").slice(-4)).toBe(happened ? "9000" : "6a83");
    expect(send(card, proveHex(seq)).slice(-4)).toBe(happened ? "9000" : "9406");
    expect(send(card, proveHex(1 - seq))).toBe("9406");
  });

  it.each(cases)("$at the commit, log $logSeqMode: the card still proves its previous sale when this one did not happen", ({ logSeqMode, at }) => {
    const { card, psam } = bench(logSeqMode);
    const first = finishPurchase(card, psam, openPurchase(card, psam, { amountFen: 10, level: 2 }));
    card.tear(fromHex(openPurchase(card, psam, { amountFen: 10, level: 2 }).debitHex), at);
    reselect(card);
    const firstSeq = logSeqMode === "pre" ? 0 : 1;
    expect(send(card, proveHex(firstSeq)).slice(-4)).toBe(at === "after" ? "9406" : "9000");
    expect(send(card, proveHex(firstSeq + 1)).slice(-4)).toBe(at === "after" ? "9000" : "9406");
    expect(card.debits[0]?.tac).toBe(Buffer.from(first.tac).toString("hex"));
  });

  it("with the fault proofDroppedByNextInit the proof goes at the next INITIALIZE", () => {
    const { card, psam } = bench("post", { proofDroppedByNextInit: true });
    finishPurchase(card, psam, openPurchase(card, psam, { amountFen: 10, level: 2 }));
    expect(send(card, proveHex(1)).slice(-4)).toBe("9000");
    openPurchase(card, psam, { amountFen: 10, level: 2 });
    expect(send(card, proveHex(1))).toBe("9406");
  });
});

describe("a tear at a byte", () => {
  it.each(["pre", "post"] as const)("of DEBIT, log %s: nothing has happened until the command was whole and the card had done its work", (logSeqMode) => {
    const happened: boolean[] = [];
    const { card: shape, psam: other } = bench(logSeqMode);
    const commandBytes = fromHex(openPurchase(shape, other, { amountFen: 10, level: 2 }).debitHex).length;
    for (let tearAtByte = 0; tearAtByte <= commandBytes + 10; tearAtByte += 1) {
      const { card, psam } = bench(logSeqMode, { commandsUntilTear: 3, tearAtByte });
      const purchase = openPurchase(card, psam, { amountFen: 10, level: 2 });
      expect(card.transmit(fromHex(purchase.debitHex))).toHaveLength(0);
      expect(card.powered).toBe(false);
      expect(card.debits).toHaveLength(card.balanceFen === 990 ? 1 : 0);
      happened.push(card.balanceFen === 990);
    }
    expect(happened.indexOf(true)).toBe(commandBytes + 1);
    expect(happened.lastIndexOf(false)).toBe(commandBytes);
  });
});

describe("a tear anywhere", () => {
  it.each(cases)("$at every command of a purchase, log $logSeqMode: only DEBIT can move money, and only once", ({ logSeqMode, at }) => {
    for (let commandsUntilTear = 0; commandsUntilTear < 5; commandsUntilTear += 1) {
      const { card, psam } = bench(logSeqMode, { commandsUntilTear, tearAt: at });
      let debitAnswered = false;
      try {
        finishPurchase(card, psam, openPurchase(card, psam, { amountFen: 10, level: 2 }));
        debitAnswered = true;
      } catch {
        expect(card.powered).toBe(false);
      }
      const isDebit = commandsUntilTear === 3;
      const debited = debitAnswered || (isDebit && at === "after");
      expect(debitAnswered).toBe(commandsUntilTear > 3);
      expect(card.balanceFen).toBe(debited ? 990 : 1_000);
      expect(card.balanceFen).toBe(card.initialBalanceFen - card.debits.reduce((sum, debit) => sum + debit.amountFen, 0));
    }
  });

  it("a module keeps its sequence: an INIT whose answer was lost is never repeated", () => {
    const { card, psam } = bench("post");
    const first = openPurchase(card, psam, { amountFen: 10, level: 2 });
    psam.setFaults({ commandsUntilTear: 2, tearAt: "after" });
    expect(() => openPurchase(card, psam, { amountFen: 10, level: 2 })).toThrow();
    expect(openPurchase(card, psam, { amountFen: 10, level: 2 }).terminalSeq).toBe(first.terminalSeq + 2);
  });
});

describe("a card written down and taken up again", () => {
  it("survives as JSON at any point, money and proof included", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ amountFen: fc.integer({ min: 0, max: 300 }), at: fc.constantFrom("whole", ...points) }), { maxLength: 8 }),
        fc.constantFrom(...modes),
        (sales, mode) => {
          let { card } = bench(mode);
          const psam = makeTestPsam(suite);
          for (const { amountFen, at } of sales) {
            if (amountFen > card.balanceFen) continue;
            const purchase = openPurchase(card, psam, { amountFen, level: 2 });
            if (at === "whole") finishPurchase(card, psam, purchase);
            else card.tear(fromHex(purchase.debitHex), at);
            const before = card;
            card = SimulatedCard.fromSnapshot(suite, JSON.parse(JSON.stringify(card.toSnapshot())) as CardSnapshot);
            expect(card.toSnapshot()).toEqual(before.toSnapshot());
            expect(card.balanceFen).toBe(1_000 - card.debits.reduce((sum, debit) => sum + debit.amountFen, 0));
            expect(card.offlineSeq).toBe(card.debits.length);
            expect(card.debits.map((debit) => debit.cardSeqBefore)).toEqual(card.debits.map((_, seq) => seq));
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("any bytes", () => {
  const command = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .tuple(
        fc.constantFrom(0x00, 0x80, 0x84, 0xbf),
        fc.constantFrom(0xa4, 0xb0, 0xb2, 0x20, 0x82, 0x84, 0x88, 0xc0, 0x50, 0x52, 0x54, 0x5a, 0x5c, 0x70, 0x72, 0xfa, 0xec, 0xde),
        fc.uint8Array({ minLength: 2, maxLength: 40 }),
      )
      .map(([cla, ins, rest]) => Uint8Array.of(cla, ins, ...rest)),
    fc
      .constantFrom(PURSE_SELECT, "00A404000F7378312E73682EC9E7BBE1B1A3D5CF00", "00A4000002801100", "805001020B010000000A990100000001", "0084000008")
      .map(fromHex),
  );

  it.each(["direct", "t0"] as const)("get an answer of at least two bytes from card and module and move no money (%s)", (lengthRule) => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 30 }), (commands) => {
        const card = makeTestCard(suite, { balanceFen: 1_000, algorithm: "3des", pin: "1234", lengthRule });
        const psam = makeTestPsam(suite, { algorithms: ["3des"], lengthRule });
        card.powerUp();
        psam.powerUp();
        for (const each of commands) {
          expect(card.transmit(each).length).toBeGreaterThanOrEqual(2);
          expect(psam.transmit(each).length).toBeGreaterThanOrEqual(2);
        }
        expect(card.balanceFen).toBe(1_000);
      }),
      { numRuns: 150 },
    );
  });
});
