/* The compound purchase: INITIALIZE, UPDATE CAPP DATA CACHE and the debit that writes records and money together; by bytes and by the terminal. */
import { fromHex } from "../../../device/base/bytes.ts";
import type { CardBenchOptions } from "../card-bench.ts";
import { expectEqual, expectMatch } from "../expect.ts";
import { type PurseBench, type PurseRow, purseCases } from "../purse-bench.ts";
import { SELECT_PURSE, scripted } from "../script.ts";
import type { ConformanceCase } from "../types.ts";

const COMPOUND = "PBOC purse, compound purchase";
const CACHE = "PBOC purse, UPDATE CAPP DATA CACHE";
const HOUSING = "CJ/T 166, compound purchase";

const UNION: CardBenchOptions = { card: { purse: { transit: "t-union" } } };
const INITIALIZE_COMPOUND = "805003020B01000000009901000000010F";
const TRIP = `03${"11".repeat(47)}`;
const BUS = `2702${"33".repeat(126)}`;
const TRIP_UPDATE = `80DC00F030${TRIP}`;
const READ_TRIP = "00B201F430";

const COMMANDS: readonly ConformanceCase[] = scripted([
  {
    id: "CAP-001",
    spec: COMPOUND,
    title: "the answer to INITIALIZE is a purchase's, and an amount of zero is allowed",
    tags: ["compound", "transit", "3des"],
    bench: { card: { offlineSeq: 0x0102, purse: { transit: "t-union", overdraftLimitFen: 500 } } },
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE_COMPOUND, "00002904 0102 0001f4 01 00 ........ 9000"],
    ],
  },
  {
    id: "CAP-002",
    spec: COMPOUND,
    title: "a purse that is no transit account has no compound purchase",
    tags: ["compound", "negative"],
    bench: { card: { purse: {} } },
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE_COMPOUND, "6a86"],
      [TRIP_UPDATE, "6d00"],
    ],
  },
  {
    id: "CAP-003",
    spec: COMPOUND,
    title: "funds, key index, counter and length are checked as for a purchase",
    tags: ["compound", "transit", "negative"],
    bench: UNION,
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805003020B01000027119901000000010F", "9401"],
      ["805003020B02000000009901000000010F", "9403"],
      ["805003020A010000000099010000000F", "6700"],
    ],
  },
  {
    id: "CAP-004",
    spec: COMPOUND,
    title: "a used-up counter is 9402",
    tags: ["compound", "transit", "negative"],
    bench: { card: { offlineSeq: 0xffff, purse: { transit: "t-union" } } },
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE_COMPOUND, "9402"],
    ],
  },
  {
    id: "CAP-005",
    spec: CACHE,
    title: "records are taken only while a compound purchase is open",
    tags: ["compound", "transit", "negative"],
    bench: UNION,
    steps: [
      [SELECT_PURSE, "*9000"],
      [TRIP_UPDATE, "6901"],
      ["805001020B01000000009901000000010F", "*9000"],
      [TRIP_UPDATE, "6901"],
      ["805000020B010000000099010000000110", "*9000"],
      [TRIP_UPDATE, "6901"],
      [INITIALIZE_COMPOUND, "*9000"],
      [TRIP_UPDATE, "9000"],
    ],
  },
  {
    id: "CAP-006",
    spec: CACHE,
    title: "nothing is written before the debit",
    tags: ["compound", "transit"],
    bench: UNION,
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE_COMPOUND, "*9000"],
      [TRIP_UPDATE, "9000"],
      [`80DC01D480${BUS}`, "9000"],
      [READ_TRIP, "6a83"],
      ["00B201D480", `2702${"00".repeat(126)}9000`],
    ],
  },
  {
    id: "CAP-007",
    spec: CACHE,
    title: "a loss of power drops what was buffered",
    tags: ["compound", "transit", "negative"],
    bench: UNION,
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE_COMPOUND, "*9000"],
      [TRIP_UPDATE, "9000"],
      "reset",
      [SELECT_PURSE, "*9000"],
      [TRIP_UPDATE, "6901"],
      ["805401000F0000000120261121101500 00000000 08", "6901"],
      [READ_TRIP, "6a83"],
    ],
  },
  ...(
    [
      ["no record", "80DC00F000", "6700"],
      ["a record too short", `80DC00F02F${"11".repeat(47)}`, "6700"],
      ["a record too long", `80DC00F031${"11".repeat(49)}`, "6700"],
      ["an unknown file", `80DC00E830${TRIP}`, "6a82"],
      ["a transparent file", `80DC01B830${TRIP}`, "6981"],
      ["the card's own log", `80DC01C417${"11".repeat(23)}`, "6982"],
      ["a record number that is not there", `80DC02D480${BUS}`, "6a83"],
      ["an identifier that is not there", `80DC28D080${BUS}`, "6a83"],
      ["an identifier in a cyclic file", `80DC05F030${TRIP}`, "6a83"],
      ["an odd form", `80DC00F530${TRIP}`, "6a86"],
    ] as const
  ).map(([what, command, word], at) => ({
    id: `CAP-01${at}`,
    spec: CACHE,
    title: `${what} is ${word.toUpperCase()}, and ends the purchase`,
    tags: ["compound", "transit", "negative"] as const,
    bench: UNION,
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE_COMPOUND, "*9000"],
      [command, word],
      [TRIP_UPDATE, "6901"],
    ] as const,
  })),
  {
    id: "CAP-020",
    spec: CACHE,
    title: "four records are buffered, a fifth is 6A84",
    tags: ["compound", "transit", "negative"],
    bench: UNION,
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE_COMPOUND, "*9000"],
      [TRIP_UPDATE, "9000"],
      [`80DC01D480${BUS}`, "9000"],
      [TRIP_UPDATE, "9000"],
      [`80DC27D080${BUS}`, "9000"],
      [TRIP_UPDATE, "6a84"],
      [TRIP_UPDATE, "6901"],
    ],
  },
  {
    id: "CAP-021",
    spec: HOUSING,
    title: "the authentication code has nine bytes, and only cards of that kind tell it",
    tags: ["compound", "transit"],
    bench: { card: { purse: { transit: "housing" } } },
    steps: [
      ["00A4040009A0000000038698070100", "*9000"],
      ["80CA000009", `${"..".repeat(9)}9000`],
      ["80CA000109", "6a86"],
      ["80CA000008", "6c09"],
    ],
  },
  {
    id: "CAP-022",
    spec: HOUSING,
    title: "a T-Union card has no authentication code",
    tags: ["compound", "transit", "negative"],
    bench: UNION,
    steps: [
      [SELECT_PURSE, "*9000"],
      ["80CA000009", "6d00"],
    ],
  },
]);

/** A command between the records and the debit. */
const BETWEEN: readonly (readonly [name: string, command: string, keeps: boolean])[] = [
  ["GET BALANCE", "805C000204", true],
  ["a refused GET BALANCE", "805C000304", true],
  ["GET TRANSACTION PROVE", "805A00060200019000".slice(0, 14), true],
  ["READ BINARY", "00B095001E", false],
  ["READ RECORD", READ_TRIP, false],
  ["GET CHALLENGE", "0084000004", false],
  ["SELECT of the same application", SELECT_PURSE, false],
  ["another INITIALIZE", "805001020B01000000009901000000010F", false],
  ["an unknown instruction", "80FF000000", false],
  ["bytes that are no command", "8050030200".slice(0, 6), false],
];

async function heldOver(bench: PurseBench, command: string, keeps: boolean): Promise<void> {
  const sale = { form: "compound", p2: 2, amountFen: 5 } as const;
  const debit = await bench.open(sale);
  await bench.expect(TRIP_UPDATE, "9000");
  await bench.bench.apdu(command);
  await bench.expect(debit.commandHex, keeps ? `${debit.expectedHex}9000` : "(?:6901|9302)");
  await bench.expect(READ_TRIP, keeps ? `${TRIP}9000` : "6a83");
  expectEqual([bench.card.balanceFen, bench.card.debits.length], keeps ? [9_995, 1] : [10_000, 0], "the card's balance and debits");
}

const DIALOGUES: readonly ConformanceCase[] = purseCases([
  ...BETWEEN.map(
    ([name, command, keeps], at): PurseRow => ({
      id: `CAP-03${at}`,
      spec: "PBOC purse, states",
      title: `${name} between record and debit ${keeps ? "keeps" : "drops"} both`,
      tags: ["compound", "transit", ...(keeps ? [] : (["negative"] as const))],
      bench: UNION,
      run: (bench) => heldOver(bench, command, keeps),
    }),
  ),
  {
    id: "CAP-040",
    spec: COMPOUND,
    title: "records, money, counter, log and proof are written together",
    tags: ["compound", "transit", "proof", "3des"],
    bench: UNION,
    run: async (bench) => {
      const debit = await bench.open({ form: "compound", p2: 2, amountFen: 200 });
      await bench.expect(TRIP_UPDATE, "9000");
      await bench.expect(`80DC27D080${BUS}`, "9000");
      await bench.play(debit);
      await bench.reset();
      await bench.expect(READ_TRIP, `${TRIP}9000`);
      await bench.expect("00B227D080", `${BUS}9000`);
      await bench.expect("00B201C417", "0001 000000 000000c8 09 990100000001 20261121 101500 9000");
      await bench.expect(bench.terminal.proveHex(0x09, 1), `${debit.expectedHex.slice(8)}${debit.expectedHex.slice(0, 8)}9000`);
      await bench.expect(bench.terminal.proveHex(0x06, 1), "9406");
      expectMatch(bench.card.debits[0], { purse: "compound", amountFen: 200 }, "the debit");
    },
  },
  {
    id: "CAP-041",
    spec: "JT/T 978, gate flow",
    title: "an entry takes no money and counts all the same",
    tags: ["compound", "transit"],
    bench: UNION,
    run: async (bench) => {
      const debit = await bench.open({ form: "compound", p2: 2, amountFen: 0 });
      await bench.expect(TRIP_UPDATE, "9000");
      await bench.play(debit);
      expectEqual([bench.card.balanceFen, bench.card.offlineSeq, bench.card.debits.length], [10_000, 1, 1], "balance, counter, debits");
      await bench.expect("00B201C417", "0001 000000 00000000 09 *9000");
    },
  },
  {
    id: "CAP-042",
    spec: CACHE,
    title: "the last of two updates of one record counts, and a debit without records writes none",
    tags: ["compound", "transit"],
    bench: UNION,
    run: async (bench) => {
      const debit = await bench.open({ form: "compound", p2: 2, amountFen: 1 });
      for (const record of [`2702${"44".repeat(126)}`, BUS]) await bench.expect(`80DC01D480${record}`, "9000");
      await bench.play(debit);
      await bench.sell({ form: "compound", p2: 2, amountFen: 1 });
      await bench.expect("00B201D480", `${BUS}9000`);
      await bench.expect(READ_TRIP, "6a83");
    },
  },
  {
    id: "CAP-043",
    spec: "JT/T 978, EF1E",
    title: "trips stand newest first, thirty of them",
    tags: ["compound", "transit", "files"],
    bench: UNION,
    run: async (bench) => {
      for (let number = 1; number <= 31; number += 1) {
        const debit = await bench.open({ form: "compound", p2: 2, amountFen: 0 });
        await bench.expect(`80DC00F03003${number.toString(16).padStart(2, "0")}${"00".repeat(46)}`, "9000");
        await bench.play(debit);
      }
      await bench.expect(READ_TRIP, "031f*9000");
      await bench.expect("00B21EF430", "0302*9000");
      await bench.expect("00B21FF430", "6a83");
    },
  },
  {
    id: "CAP-044",
    spec: COMPOUND,
    title: "a wrong MAC1 is 9302, writes nothing and ends the purchase",
    tags: ["compound", "transit", "negative"],
    bench: UNION,
    run: async (bench) => {
      await bench.open({ form: "compound", p2: 2, amountFen: 1 });
      await bench.expect(TRIP_UPDATE, "9000");
      await bench.expect("805401000F000000012026112110150000000000 08", "9302");
      await bench.expect(TRIP_UPDATE, "6901");
      await bench.expect(READ_TRIP, "6a83");
      expectEqual(bench.card.balanceFen, 10_000, "the balance");
    },
  },
  ...(
    [
      ["housing", "byApplication", true],
      ["housing", "none", false],
      ["housing", "mohurd9", true],
      ["t-union", "byApplication", false],
      ["t-union", "none", false],
      ["t-union", "mohurd9", true],
    ] as const
  ).map(
    ([transit, cappAuthSuffix, wanted], at): PurseRow => ({
      id: `CAP-05${at}`,
      spec: "CJ/T 166, MAC1",
      title: `${transit}, ${cappAuthSuffix}: MAC1 ${wanted ? "ends" : "does not end"} with the authentication code`,
      tags: ["compound", "transit", `profile:cappAuthSuffix=${cappAuthSuffix}`],
      bench: { profile: { cappAuthSuffix }, card: { purse: { transit } } },
      run: async (bench) => {
        const authenticationCode = fromHex(bench.card.personalization.purse.transit?.authenticationCodeHex ?? "");
        const sale = { form: "compound", p2: 2, amountFen: 7 } as const;
        const wrong = await bench.open(wanted ? sale : { ...sale, authenticationCode });
        await bench.expect(wrong.commandHex, "9302");
        await bench.sell(wanted ? { ...sale, authenticationCode } : sale);
      },
    }),
  ),
]);

export const TRANSIT_COMPOUND_CASES: readonly ConformanceCase[] = [...COMMANDS, ...DIALOGUES];
