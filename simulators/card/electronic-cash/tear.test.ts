/* A bank application that loses power at every command and every point of it: all or nothing, and it remembers. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../device/base/bytes.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { SimulatedCard } from "../card.ts";
import { makeTestCard } from "../make.ts";
import type { CardFaults, CardSnapshot, TearPoint } from "../state.ts";
import { expectOk, send } from "../testing.ts";
import {
  firstCryptogramHex,
  GET_BALANCE,
  objectOf,
  processContactHex,
  processQuickHex,
  READ_LAST,
  SELECT_CASH,
  SELECT_CONTACTLESS_DIRECTORY,
  TestIssuer,
} from "./testing.ts";

const suite = openCipherSuite();
const points: readonly TearPoint[] = ["before", "during", "after"];
const ASKED = { amountFen: 400 };
const TAP = [SELECT_CONTACTLESS_DIRECTORY, SELECT_CASH, processQuickHex(ASKED), "00B2010C00", "00B2011400", "00B2011C00", "00B2021C00", READ_LAST];
const CONTACT = [SELECT_CASH, processContactHex(ASKED), "00B2010C00", "00B2020C00", "00B2030C00", firstCryptogramHex("40", ASKED)];
const COUNTED = { quick: 2, contact: 1 };

function card(through: "contact" | "contactless", faults: Partial<CardFaults> = {}): SimulatedCard {
  const made = makeTestCard(suite, { balanceFen: 0, algorithm: "sm4", interface: through, faults, electronicCash: { balanceFen: 10_000 } });
  made.powerUp();
  return made;
}

function bank(of: SimulatedCard) {
  const memory = of.toSnapshot().memory.electronicCash;
  if (memory === undefined) throw new Error("the card has a bank application");
  return memory;
}

/** Sends all commands before the torn one, tears that one, powers up again. */
function torn(of: SimulatedCard, commands: readonly string[], tear: { readonly index: number; readonly at: TearPoint }): void {
  for (const command of commands.slice(0, tear.index)) expectOk(of, command);
  of.tear(fromHex(commands[tear.index] ?? ""), tear.at);
  expect(of.powered).toBe(false);
  of.powerUp();
}

const everywhere = (commands: readonly string[]) => commands.flatMap((_, index) => points.map((at) => ({ index, at })));

describe("a torn tap over radio", () => {
  it.each(everywhere(TAP))("at command $index, $at: money, counter, log and proof agree", ({ index, at }) => {
    const tried = card("contactless");
    torn(tried, TAP, { index, at });
    const paid = index === TAP.length - 1 && at === "after";
    const counted = index > COUNTED.quick || (index === COUNTED.quick && at === "after");
    expect(bank(tried)).toMatchObject({ balanceFen: paid ? 9_600 : 10_000, atc: counted ? 1 : 0 });
    expect([tried.debits.length, bank(tried).log.length]).toEqual(paid ? [1, 1] : [0, 0]);
    expectOk(tried, SELECT_CASH);
    expect(send(tried, READ_LAST).slice(-4)).toBe(paid ? "9000" : "6985");
    expect(toHex(objectOf(send(tried, GET_BALANCE), 0x9f79))).toBe(paid ? "000000009600" : "000000010000");
    expect(send(tried, processQuickHex(ASKED)).slice(-4)).toBe("9000");
    expect(send(tried, READ_LAST).slice(-4)).toBe("9000");
    expect(tried.debits.length).toBe(paid ? 2 : 1);
  });

  it("keeps no answer with the fault lastAnswerLost; balance and log still tell", () => {
    const tried = card("contactless", { lastAnswerLost: true });
    torn(tried, TAP, { index: TAP.length - 1, at: "after" });
    expectOk(tried, SELECT_CASH);
    expect(send(tried, READ_LAST)).toBe("6985");
    expect(toHex(objectOf(send(tried, GET_BALANCE), 0x9f79))).toBe("000000009600");
  });

  it("keeps its last answer when the first command after SELECT is torn before it takes effect", () => {
    const tried = card("contactless");
    torn(tried, TAP, { index: TAP.length - 1, at: "after" });
    expectOk(tried, SELECT_CASH);
    tried.tear(fromHex(GET_BALANCE), "during");
    tried.powerUp();
    expectOk(tried, SELECT_CASH);
    expectOk(tried, READ_LAST);
    tried.powerUp();
    expectOk(tried, SELECT_CASH);
    tried.tear(fromHex(GET_BALANCE), "after");
    tried.powerUp();
    expectOk(tried, SELECT_CASH);
    expect(send(tried, READ_LAST)).toBe("6985");
  });
});

describe("a torn payment over contacts", () => {
  it.each(everywhere(CONTACT))("at command $index, $at: only the first cryptogram moves money", ({ index, at }) => {
    const tried = card("contact");
    torn(tried, CONTACT, { index, at });
    const paid = index === CONTACT.length - 1 && at === "after";
    const counted = index > COUNTED.contact || (index === COUNTED.contact && at === "after");
    expect(bank(tried)).toMatchObject({ balanceFen: paid ? 9_600 : 10_000, atc: counted ? 1 : 0 });
    expect([tried.debits.length, bank(tried).log.length]).toEqual(paid ? [1, 1] : [0, 0]);
  });
});

describe("a torn load", () => {
  it.each(points)("%s PUT DATA: balance, log and ground truth agree", (at) => {
    const tried = card("contact");
    const issuer = new TestIssuer(suite);
    expectOk(tried, SELECT_CASH);
    expectOk(tried, processContactHex({ amountFen: 0, cash: "00" }));
    const transaction = { counter: 1, cryptogram: objectOf(send(tried, firstCryptogramHex("80", ASKED)), 0x77, 0x9f26) };
    expectOk(tried, issuer.authenticateHex(transaction));
    tried.tear(fromHex(issuer.scriptHex(transaction, "04DA9F79", fromHex("000000030000"))), at);
    const loaded = at === "after";
    expect(bank(tried).balanceFen).toBe(loaded ? 30_000 : 10_000);
    expect([bank(tried).loadLog.length, tried.loads.length]).toEqual(loaded ? [1, 1] : [0, 0]);
    expect(tried.loads.reduce((sum, { amountFen }) => sum + amountFen, 10_000)).toBe(bank(tried).balanceFen);
  });
});

describe("any row of taps and tears", () => {
  it("keeps balance, ground truth and counter together, also as JSON", () => {
    const step = fc.record({ amountFen: fc.integer({ min: 0, max: 3_000 }), index: fc.integer({ min: 0, max: 8 }), at: fc.constantFrom(...points) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
        let tried = card("contactless");
        for (const { amountFen, index, at } of steps) {
          const commands = TAP.map((command, place) => (place === COUNTED.quick ? processQuickHex({ amountFen }) : command));
          for (const command of commands.slice(0, index)) send(tried, command);
          if (index < commands.length) tried.tear(fromHex(commands[index] ?? ""), at);
          const before = tried;
          tried = SimulatedCard.fromSnapshot(suite, JSON.parse(JSON.stringify(tried.toSnapshot())) as CardSnapshot);
          expect(tried.toSnapshot()).toEqual(before.toSnapshot());
          tried.powerUp();
          expect(bank(tried).balanceFen).toBe(10_000 - tried.debits.reduce((sum, debit) => sum + debit.amountFen, 0));
          expect(new Set(tried.debits.map((debit) => debit.cardSeqBefore)).size).toBe(tried.debits.length);
          expect(Math.max(0, ...tried.debits.map((debit) => debit.cardSeqBefore))).toBeLessThanOrEqual(bank(tried).atc);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("any bytes", () => {
  const classes = fc.constantFrom(0x00, 0x04, 0x80, 0x84);
  const instructions = fc.constantFrom(0xa4, 0xb2, 0x20, 0x82, 0x84, 0x88, 0xa8, 0xae, 0xca, 0xda, 0xdc, 0xde, 0xe2, 0xb4, 0x5a, 0x1e, 0x18, 0x16, 0x24);
  const command = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(classes, instructions, fc.uint8Array({ minLength: 2, maxLength: 60 })).map(([cla, ins, rest]) => Uint8Array.of(cla, ins, ...rest)),
    fc.constantFrom(SELECT_CASH, processQuickHex({ amountFen: 0, industry: "01" }), processContactHex({ amountFen: 0 }), "80B400A802270100").map(fromHex),
  );

  it.each(["contact", "contactless"] as const)("get an answer of at least two bytes and move no money (%s)", (through) => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 30 }), (commands) => {
        const tried = makeTestCard(suite, {
          balanceFen: 0,
          algorithm: "sm4",
          interface: through,
          electronicCash: { balanceFen: 10_000, algorithms: "sm", pin: "1234", extension: { answerMac: true } },
        });
        tried.powerUp();
        for (const each of commands) expect(tried.transmit(each).length).toBeGreaterThanOrEqual(2);
        expect(bank(tried).balanceFen).toBe(10_000);
      }),
      { numRuns: 60 },
    );
  });
});
