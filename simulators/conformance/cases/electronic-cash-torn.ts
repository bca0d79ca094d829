/*
 * Goal: wherever a payment with electronic cash is torn, the card pays once or not at all, and its own evidence says which.
 * Method: tables of the commands of each dialogue times the three points of a tear, in raw bytes. Each case checks that the command it tears is the one that it names.
 */
import { toHex } from "../../../device/base/bytes.ts";
import {
  firstCryptogramHex,
  GET_BALANCE,
  objectOf,
  processContactHex,
  processQuickHex,
  READ_LAST,
  SELECT_CASH,
  SELECT_CONTACTLESS_DIRECTORY,
  secondCryptogramHex,
} from "../../card/electronic-cash/testing.ts";
import type { TearPoint } from "../../card/state.ts";
import { BALANCE_FEN, type CashBench, type CashRow, cashCases } from "../cash-bench.ts";
import { expectAnswer, expectEqual, fail } from "../expect.ts";
import type { ConformanceCase } from "../types.ts";
import { begin, CHANGED_RECORD } from "./electronic-cash-extension.ts";

const QUICK = "JR/T 0025, qPBOC";
const REPLAY = "JR/T 0025, torn qPBOC transaction";
const CASH = "JR/T 0025, electronic cash";
const LOAD = "JR/T 0025, load by script";
const POINTS: readonly TearPoint[] = ["before", "during", "after"];
const FARE = 400;
const PAID = [BALANCE_FEN - FARE, 1] as const;
const UNPAID = [BALANCE_FEN, 0] as const;
const SALE = { amountFen: FARE };
const contact = "contact" as const;

interface Named {
  readonly name: string;
  readonly command: string;
}

const TAP: readonly Named[] = [
  { name: "DIRECTORY", command: SELECT_CONTACTLESS_DIRECTORY },
  { name: "SELECT", command: SELECT_CASH },
  { name: "OPTIONS", command: processQuickHex(SALE) },
  { name: "TRACK", command: "00B2010C00" },
  { name: "SIGNED", command: "00B2011400" },
  { name: "ISSUER", command: "00B2011C00" },
  { name: "CARD", command: "00B2021C00" },
  { name: "LAST", command: READ_LAST },
];
const OPTIONS_AT = 2;

/** Everything before the torn command, the tear, and the card back in the field. */
async function tornAt(cash: CashBench, commands: readonly Named[], tear: { readonly index: number; readonly at: TearPoint }): Promise<void> {
  for (const { command } of commands.slice(0, tear.index)) await cash.say(command);
  await cash.tear(commands[tear.index]?.command ?? fail("the command is there"), tear.at);
}

function rowsOf(commands: readonly Named[], row: (place: Named & { readonly index: number; readonly at: TearPoint }) => CashRow): readonly CashRow[] {
  return commands.flatMap((named, index) => POINTS.map((at) => row({ ...named, index, at })));
}

interface RawTap {
  readonly algorithms: "sm" | "rsa";
  readonly name: string;
  readonly index: number;
  readonly at: TearPoint;
}

/** The tear, the card's own evidence after it, then the same payment once more. */
async function tearRawTap(cash: CashBench, { algorithms, name, index, at }: RawTap): Promise<void> {
  const process = processQuickHex({ ...SALE, chinese: algorithms === "sm" ? "01" : "00" });
  const file = algorithms === "sm" ? "1C00" : "2400";
  const commands = TAP.map((each) => ({ ...each, command: each.name === "OPTIONS" ? process : each.command.replace(/1C00$/, file) }));
  await tornAt(cash, commands, { index, at });
  const paid = name === "LAST" && at === "after";
  const counted = index > OPTIONS_AT || (index === OPTIONS_AT && at === "after");
  expectEqual([...cash.books, cash.memory.atc], [...(paid ? PAID : UNPAID), Number(counted)], "balance, debits and counter");
  await cash.say(SELECT_CASH);
  await cash.say(READ_LAST, paid ? "70*9f6908*9000" : "6985");
  await cash.say(GET_BALANCE, paid ? "9f7906 000000009600 9000" : "9f7906 000000010000 9000");
  await cash.say("00B2015C00", paid ? "261121*00019000" : "6a83");
  await cash.say(process);
  await cash.say(READ_LAST, "70*9000");
  expectEqual(cash.books, paid ? [BALANCE_FEN - 2 * FARE, 2] : PAID, "balance and debits after the next tap");
}

const RAW_TAPS: readonly CashRow[] = (["sm", "rsa"] as const).flatMap((algorithms) =>
  rowsOf(TAP, ({ name, index, at }) => ({
    id: `ECT-${algorithms}-${name}-${at}`.toUpperCase(),
    spec: QUICK,
    title: `a tap (${algorithms}) torn ${at} ${name}: evidence and books agree, and the next tap is paid`,
    tags: ["torn", "purchase", algorithms === "sm" ? "sm4" : "3des"],
    cash: { algorithms: algorithms === "sm" ? "sm" : "both" },
    run: (cash) => tearRawTap(cash, { algorithms, name, index, at }),
  })),
);

const REPLAYS: readonly CashRow[] = [
  {
    id: "ECT-REPLAY-TWICE",
    spec: REPLAY,
    title: "the last answer is repeated after each SELECT, byte by byte, and debits nothing",
    tags: ["torn", "proof"],
    run: async (cash) => {
      await tornAt(cash, TAP, { index: TAP.length - 1, at: "after" });
      await cash.say(SELECT_CASH);
      const repeated = await cash.say(READ_LAST, "70*9f6908*9000");
      await cash.reset();
      await cash.say(SELECT_CASH);
      expectEqual(await cash.say(READ_LAST), repeated, "the repeated answer");
      expectEqual(cash.books, PAID, "balance and debits");
    },
  },
  ...(["80CA9F7900", "80CA9F3600", "00B2010C00", "00B2015C00", processQuickHex(SALE)] as const).map(
    (command, at): CashRow => ({
      id: `ECT-REPLAY-ERASED-${at + 1}`,
      spec: REPLAY,
      title: `any other first command erases the last answer: ${command.slice(0, 8)}`,
      tags: ["torn", "proof", "negative"],
      run: async (cash) => {
        await tornAt(cash, TAP, { index: TAP.length - 1, at: "after" });
        await cash.all(SELECT_CASH, command);
        await cash.reset();
        await cash.say(SELECT_CASH);
        await cash.say(READ_LAST, "6985");
        expectEqual(cash.books, PAID, "balance and debits");
      },
    }),
  ),
  ...POINTS.map(
    (at): CashRow => ({
      id: `ECT-REPLAY-TORN-${at}`.toUpperCase(),
      spec: REPLAY,
      title: `the repetition itself torn ${at}: the answer is still there`,
      tags: ["torn", "proof"],
      run: async (cash) => {
        await tornAt(cash, TAP, { index: TAP.length - 1, at: "after" });
        await cash.say(SELECT_CASH);
        await cash.tear(READ_LAST, at);
        await cash.say(SELECT_CASH);
        await cash.say(READ_LAST, "70*9f6908*9000");
        expectEqual(cash.books, PAID, "balance and debits");
      },
    }),
  ),
  ...POINTS.map(
    (at): CashRow => ({
      id: `ECT-ERASURE-TORN-${at}`.toUpperCase(),
      spec: REPLAY,
      title: `an erasing command torn ${at}: the answer goes only if the command took effect`,
      tags: ["torn", "proof"],
      run: async (cash) => {
        await tornAt(cash, TAP, { index: TAP.length - 1, at: "after" });
        await cash.say(SELECT_CASH);
        await cash.tear(GET_BALANCE, at);
        await cash.say(SELECT_CASH);
        await cash.say(READ_LAST, at === "after" ? "6985" : "70*9f6908*9000");
        await cash.say(GET_BALANCE, "9f7906 000000009600 9000");
      },
    }),
  ),
];

const CONTACT: readonly Named[] = [
  { name: "SELECT", command: SELECT_CASH },
  { name: "OPTIONS", command: processContactHex(SALE) },
  { name: "TRACK", command: "00B2010C00" },
  { name: "LISTS", command: "00B2020C00" },
  { name: "CODE", command: "00B2030C00" },
  { name: "SIGN", command: "0088000004A1B2C3D400" },
  { name: "GENERATE", command: firstCryptogramHex("40", SALE) },
];

const RAW_CONTACT: readonly CashRow[] = rowsOf(CONTACT, ({ name, index, at }) => ({
  id: `ECT-CONTACT-${name}-${at}`.toUpperCase(),
  spec: CASH,
  title: `a sale over contacts torn ${at} ${name}: balance, log and counter tell`,
  tags: ["torn", "purchase"],
  through: contact,
  run: async (cash) => {
    await tornAt(cash, CONTACT, { index, at });
    const paid = name === "GENERATE" && at === "after";
    const counted = index > 1 || (index === 1 && at === "after");
    expectEqual([...cash.books, cash.memory.atc], [...(paid ? PAID : UNPAID), counted ? 1 : 0], "balance, debits and counter");
    await cash.say(SELECT_CASH);
    await cash.say(GET_BALANCE, paid ? "9f7906 000000009600 9000" : "9f7906 000000010000 9000");
    await cash.say("00B2015C00", paid ? "261121102030 000000000400 *00019000" : "6a83");
  },
}));

const LOAD_STEPS = ["AUTHENTICATE", "PUT-DATA", "SECOND"] as const;

const LOADS: readonly CashRow[] = LOAD_STEPS.flatMap((name, index) =>
  POINTS.map(
    (at): CashRow => ({
      id: `ECT-LOAD-${name}-${at}`.toUpperCase(),
      spec: LOAD,
      title: `a load torn ${at} ${name}: balance, log and ground truth agree`,
      tags: ["torn", "load", "script"],
      through: contact,
      run: async (cash) => {
        const transaction = await cash.askIssuer();
        const commands: readonly Named[] = [
          { name: "AUTHENTICATE", command: cash.issuer.authenticateHex(transaction) },
          { name: "PUT-DATA", command: cash.issuer.scriptHex(transaction, "04DA9F79", Uint8Array.of(0, 0, 0, 2, 0, 0)) },
          { name: "SECOND", command: secondCryptogramHex("40", { amountFen: 0, cash: "00", responseCode: "3030" }) },
        ];
        await tornAt(cash, commands, { index, at });
        const loaded = index > 1 || (index === 1 && at === "after");
        const { memory } = cash.bench.card.toSnapshot();
        expectEqual(
          [cash.memory.balanceFen, memory.loads.length, cash.memory.loadLog.length],
          loaded ? [20_000, 1, 1] : [BALANCE_FEN, 0, 0],
          "balance and logs",
        );
        expectEqual(cash.memory.onlineNotCompleted, !(name === "SECOND" && at === "after"), "the open question to the issuer");
        await cash.say(SELECT_CASH);
        await cash.say(GET_BALANCE, loaded ? "9f7906 000000020000 9000" : "9f7906 000000010000 9000");
      },
    }),
  ),
);

const FARES: readonly CashRow[] = (["READ", "OPTIONS", "CACHE", "LAST"] as const).flatMap((name, index) =>
  POINTS.map(
    (at): CashRow => ({
      id: `ECT-FARE-${name}-${at}`.toUpperCase(),
      spec: "JR/T 0025, segment fare",
      title: `a segment fare torn ${at} ${name}: record and money go together`,
      tags: ["torn", "industry", "purchase"],
      cash: { extension: {} },
      run: async (cash) => {
        await cash.say(SELECT_CASH);
        const commands: readonly Named[] = [
          { name: "READ", command: "80B400A802270100" },
          { name: "OPTIONS", command: processQuickHex({ ...SALE, industry: "01" }) },
          { name: "CACHE", command: cash.issuer.cacheHex({ sfi: 21, counter: 1 }, CHANGED_RECORD) },
          { name: "LAST", command: READ_LAST },
        ];
        await tornAt(cash, commands, { index, at });
        const paid = name === "LAST" && at === "after";
        expectEqual(cash.books, paid ? PAID : UNPAID, "balance and debits");
        expectEqual(cash.memory.industry[0]?.contentHex === toHex(CHANGED_RECORD), paid, "the record changed");
        await cash.say(SELECT_CASH);
        await cash.say("805A000002000108", paid ? `${cash.memory.lastCertificate?.hex ?? ""}9000` : "9406");
      },
    }),
  ),
);

const RESERVATION: CashRow = {
  id: "ECT-RESERVE-AFTER",
  spec: "JR/T 0025, offline pre-authorisation",
  title: "a pre-authorisation torn after its last record is proved by zeros and by the repeated answer",
  tags: ["torn", "industry", "proof"],
  cash: { extension: {} },
  run: async (cash) => {
    await begin(cash, { amountFen: FARE, industry: "02" });
    await cash.say(cash.issuer.cacheHex({ sfi: 21, counter: 1 }, CHANGED_RECORD), "9000");
    await cash.tear(READ_LAST, "after");
    await cash.say(SELECT_CASH);
    const repeated = await cash.say(READ_LAST);
    expectAnswer(toHex(objectOf(repeated, 0x70, 0x9f69)), "01 ........ 2000 02", "9F69");
    await cash.say("805A000002000108", "0000000000000000 9000");
    expectEqual([...cash.books, cash.memory.industry[0]?.reservedFen], [...UNPAID, FARE], "balance, debits and reserve");
  },
};

export const ELECTRONIC_CASH_TORN_CASES: readonly ConformanceCase[] = cashCases([...RAW_TAPS, ...REPLAYS, ...RAW_CONTACT, ...LOADS, ...FARES, RESERVATION]);
