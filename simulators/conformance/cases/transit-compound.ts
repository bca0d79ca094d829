/* The compound purchase: INITIALIZE, UPDATE CAPP DATA CACHE and the debit that writes records and money together; by bytes and by the terminal. */
import { type Bytes, fromHex, toHex } from "../../../device/base/bytes.ts";
import { fen } from "../../../device/base/fen.ts";
import { debitPurchase, purseFactors } from "../../../device/card/purse/commands.ts";
import { PURCHASE_TYPE_COMPOSITE } from "../../../device/card/purse/types.ts";
import {
  housingUpdate,
  industryUpdate,
  needsAuthenticationCode,
  openTransit,
  readAuthenticationCode,
  readHousingRecord,
  readIndustryRecord,
  readTransitBalance,
  readTrip,
  type TransitCard,
  tripUpdate,
} from "../../../device/card/transit/card.ts";
import { type CompoundUpdate, initializeCompound, transitPurseOf, updateCompoundCache } from "../../../device/card/transit/compound.ts";
import { tripFileOf } from "../../../device/card/transit/trip-file.ts";
import { entryRecord, fareRecord, openEntry } from "../../../device/card/transit/trips.ts";
import type { CardProfile } from "../../../device/codec/card-profile.ts";
import type { LengthRule } from "../../card/iso.ts";
import { accountTac, purchaseTacInput } from "../../crypto/purse.ts";
import { type CardBenchOptions, LIMITS } from "../card-bench.ts";
import { expectEqual, expectMatch, fail } from "../expect.ts";
import { type PurseBench, type PurseRow, purseCases } from "../purse-bench.ts";
import { SELECT_PURSE, scripted } from "../script.ts";
import type { ConformanceCase, Tag } from "../types.ts";

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

const PLACE = { industry: 0x01, place: "00120034", date: "20261121", time: "101500", city: "9901", acquirer: "9901000000000001" };

/** A whole compound purchase by the terminal and its module. */
async function ride(
  bench: PurseBench,
  amountFen: number,
  makeUpdate: (card: TransitCard, terminalNumber: string) => CompoundUpdate,
): Promise<{ readonly tac: Bytes; readonly terminalSeq: number }> {
  const { profile } = bench.bench;
  const channel = await bench.channel();
  const psam = await bench.bench.openPsam();
  const card = await openTransit(channel, profile, LIMITS);
  if (card.kind !== "ok") return fail(`the account is found, but: ${card.kind}`);
  const code = needsAuthenticationCode(profile, card.scheme) ? await readAuthenticationCode(channel, LIMITS) : undefined;
  const amount = fen(amountFen);
  const opening = await initializeCompound(channel, { keyIndex: 1, amount, terminalNumber: psam.terminalNumber, purse: transitPurseOf(profile) }, LIMITS);
  if (opening.kind !== "ok") return fail(`the purchase is opened, but: ${opening.statusWord.toString(16)}`);
  const [date, time] = [fromHex(PLACE.date), fromHex(PLACE.time)];
  const withCode = code?.kind === "ok" ? { authenticationCode: code.code } : {};
  const purchase = await psam.beginPurchase(
    { ...opening, amount, type: PURCHASE_TYPE_COMPOSITE, date, time, factors: purseFactors(card.data), ...withCode },
    LIMITS,
  );
  expectEqual(await updateCompoundCache(channel, makeUpdate(card, toHex(psam.terminalNumber)), LIMITS), { kind: "ok" }, "the record is taken");
  const debit = await debitPurchase(channel, { terminalSequence: purchase.terminalSequence, date, time, mac1: purchase.mac1 }, LIMITS);
  if (debit.kind !== "ok") return fail(`the debit is accepted, but: ${debit.statusWord.toString(16)}`);
  expectEqual(await purchase.credit(debit.mac2, LIMITS), "accepted", "the module's word on MAC2");
  return { tac: debit.tac, terminalSeq: purchase.terminalSequence };
}

/** What the host checks: the TAC, made of everything that the terminal knows. */
function hostTac(bench: PurseBench, sale: { readonly amountFen: number; readonly terminalSeq: number; readonly terminalNumber: string }): string {
  const { purse, profile } = bench.card.personalization;
  const rules = { suite: bench.bench.context.suite, algorithm: purse.algorithm, profile };
  const terms = { amountFen: sale.amountFen, type: 0x09, terminalNumber: fromHex(sale.terminalNumber), date: fromHex(PLACE.date), time: fromHex(PLACE.time) };
  return toHex(accountTac(rules, "transit", { dtk: bench.terminal.key("purse-dtk"), data: purchaseTacInput(terms, sale.terminalSeq) }));
}

async function rideInAndOut(bench: PurseBench): Promise<void> {
  const { terminalNumber } = bench.bench.psam;
  const entry = entryRecord({ ...PLACE, terminalNumber }, { balance: fen(10_000), maximumFare: fen(900), maximumTime: "0240" });
  await ride(bench, 0, () => tripUpdate(entry));
  const channel = await bench.channel();
  const newest = await readTrip(channel, 1, LIMITS);
  expectMatch(newest, { kind: "ok", record: entry }, "the entry on the card");
  expectMatch({ open: openEntry(newest.kind === "ok" ? newest.record : undefined) }, { open: entry }, "the open entry");
  const exit = fareRecord({ ...PLACE, terminalNumber }, { kind: "exit", amount: fen(400), balance: fen(9_600) });
  const { tac, terminalSeq } = await ride(bench, 400, () => tripUpdate(exit));
  expectEqual(toHex(tac), hostTac(bench, { amountFen: 400, terminalSeq, terminalNumber }), "the TAC");
  expectMatch(await readTrip(channel, 1, LIMITS), { record: exit }, "the exit on the card");
  expectMatch(await readTrip(channel, 2, LIMITS), { record: entry }, "the entry behind it");
  expectMatch(await readTransitBalance(channel, bench.bench.profile, LIMITS), { kind: "ok", balance: 9_600, overdrawn: 0 }, "the balance");
  expectEqual(
    bench.card.debits.map(({ purse, amountFen }) => [purse, amountFen]),
    [
      ["compound", 0],
      ["compound", 400],
    ],
    "the card's debits",
  );
}

interface RideSetting {
  readonly profile: Partial<CardProfile>;
  readonly tags: readonly Tag[];
  /** Factors that the module's key takes. */
  readonly level?: 1 | 3;
  readonly lengthRule?: LengthRule;
}

const RIDES: readonly RideSetting[] = [
  { profile: { transitAlg: "3des" }, tags: ["3des", "profile:transitAlg=3des"] },
  {
    profile: { transitAlg: "sm4" },
    tags: ["sm4", "profile:transitAlg=sm4", "profile:macReduce=left4", "profile:sessionPad=zeros", "profile:sm4Diversify=fNotF"],
  },
  { profile: { transitAlg: "sm4", macReduce: "fold4" }, tags: ["sm4", "profile:macReduce=fold4"] },
  { profile: { transitAlg: "sm4", sessionPad: "pad80" }, tags: ["sm4", "profile:sessionPad=pad80"] },
  { profile: { transitAlg: "sm4", sm4Diversify: "fZeros" }, tags: ["sm4", "profile:sm4Diversify=fZeros"] },
  { profile: { transitTacKey: "byAlgorithm" }, tags: ["3des", "profile:transitTacKey=byAlgorithm"] },
  { profile: { transitTacKey: "xorHalves" }, tags: ["3des", "profile:transitTacKey=xorHalves"] },
  { profile: { transitTacKey: "direct" }, tags: ["3des", "profile:transitTacKey=direct"] },
  { profile: { transitAlg: "sm4", transitTacKey: "xorHalves" }, tags: ["sm4", "profile:transitTacKey=xorHalves"] },
  { profile: { transitAlg: "sm4", transitTacKey: "direct" }, tags: ["sm4", "profile:transitTacKey=direct"] },
  { profile: { transitPurse: "EP" }, tags: ["3des", "profile:transitPurse=EP"] },
  { profile: { transitPurse: "ED" }, tags: ["3des", "passbook", "profile:transitPurse=ED"] },
  { profile: { transitBalance: "5C0002-5C0102" }, tags: ["3des", "profile:transitBalance=5C0002-5C0102"] },
  { profile: { transitBalance: "5C0302" }, tags: ["3des", "profile:transitBalance=5C0302"] },
  { profile: { transitBalance: "5C0002" }, tags: ["3des", "profile:transitBalance=5C0002"] },
  { profile: {}, tags: ["3des", "t0"], lengthRule: "t0" },
  { profile: { psamLevels: "1" }, tags: ["3des", "profile:psamLevels=1"], level: 1 },
  { profile: { psamLevels: "3" }, tags: ["3des", "profile:psamLevels=3"], level: 3 },
];

const RIDE_CASES: readonly ConformanceCase[] = purseCases(
  RIDES.map(
    ({ profile, tags, level, lengthRule = "direct" }, at): PurseRow => ({
      id: `CAP-1${String(at + 1).padStart(2, "0")}`,
      spec: "JT/T 978, gate flow",
      title: `in and out through a gate (${tags.join(", ")})`,
      tags: ["compound", "transit", "psam", ...tags],
      bench: {
        profile,
        card: { lengthRule, purse: { transit: "t-union", passbook: { balanceFen: 10_000 }, pin: "123456" } },
        ...(level === undefined ? {} : { psam: { purseLevel: level } }),
      },
      run: rideInAndOut,
    }),
  ),
);

const INDUSTRY_CASES: readonly ConformanceCase[] = purseCases([
  {
    id: "CAP-120",
    spec: "JT/T 978, EF1A",
    title: "a bus finds its record by its identifier and writes it back by its number",
    tags: ["compound", "transit", "psam", "files"],
    bench: UNION,
    run: async (bench) => {
      const channel = await bench.channel();
      const found = await readIndustryRecord(channel, "2702", LIMITS);
      if (found.kind !== "ok") fail(`the record is there, but: ${found.kind}`);
      const record = { ...found.record, content: "5a".repeat(126) };
      await ride(bench, 200, () => industryUpdate(record, found.number));
      expectEqual(await readIndustryRecord(channel, "2702", LIMITS), { kind: "ok", record, number: found.number }, "the record afterwards");
      expectEqual(await readIndustryRecord(channel, "2801", LIMITS), { kind: "no-record" }, "another industry's");
    },
  },
  ...(["byApplication", "mohurd9"] as const).map(
    (cappAuthSuffix, at): PurseRow => ({
      id: `CAP-12${at + 1}`,
      spec: HOUSING,
      title: `a gate of the housing ministry takes the code into MAC1 and writes the rail record (${cappAuthSuffix})`,
      tags: ["compound", "transit", "psam", `profile:cappAuthSuffix=${cappAuthSuffix}`],
      bench: { profile: { cappAuthSuffix }, card: { purse: { transit: "housing" } } },
      run: async (bench) => {
        const record = { id: "02", content: "6b".repeat(46) };
        const { tac, terminalSeq } = await ride(bench, 300, () => housingUpdate(record));
        const { terminalNumber } = bench.bench.psam;
        expectEqual(toHex(tac), hostTac(bench, { amountFen: 300, terminalSeq, terminalNumber }), "the TAC has no such end");
        expectMatch(await readHousingRecord(await bench.channel(), "02", LIMITS), { kind: "ok", record }, "the rail record");
        expectEqual(bench.card.balanceFen, 9_700, "the balance");
      },
    }),
  ),
  ...(["withoutMaximumTime", "shortAcquirer"] as const).map(
    (housingTripLayout, at): PurseRow => ({
      id: `CAP-13${at + 1}`,
      spec: "CJ/T 166, EF17",
      title: `a journey written into the rail record is read back (${housingTripLayout})`,
      tags: ["compound", "transit", `profile:housingTripLayout=${housingTripLayout}`],
      bench: { profile: { housingTripLayout }, card: { purse: { transit: "housing" } } },
      run: async (bench) => {
        const { terminalNumber } = bench.bench.psam;
        const trips = tripFileOf("housing", bench.bench.profile);
        expectEqual(await trips.newest(await bench.channel(), LIMITS), { kind: "no-record" }, "a new card's journey");
        const trip = entryRecord({ ...PLACE, terminalNumber }, { balance: fen(10_000), maximumFare: fen(900), maximumTime: "0240" });
        await ride(bench, 0, () => trips.update(trip));
        const kept = housingTripLayout === "shortAcquirer" ? { ...trip, acquirer: `0000${trip.acquirer.slice(4)}` } : { ...trip, maximumTime: "0000" };
        expectMatch(await trips.newest(await bench.channel(), LIMITS), { kind: "ok", trip: kept }, "the journey on the card");
      },
    }),
  ),
]);

export const TRANSIT_COMPOUND_CASES: readonly ConformanceCase[] = [...COMMANDS, ...DIALOGUES, ...RIDE_CASES, ...INDUSTRY_CASES];
