/* Gate and bus against independently written cards of both schemes and a module: whole rides, torn debits, every open switch both ways. */
import { describe, expect, it } from "vitest";
import { fromHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { debitPurchase, purseFactors } from "../purse/commands.ts";
import { blockApplication, moduleSigner } from "../purse/maintenance.ts";
import { TERMINAL_NUMBER, TestCodes } from "../purse/testing.ts";
import { PURCHASE_TYPE_COMPOSITE, type PurchaseIntent } from "../purse/types.ts";
import { type CardBenchOptions, cardBench, LIMITS } from "../testing.ts";
import {
  admitTransit,
  housingUpdate,
  industryUpdate,
  needsAuthenticationCode,
  openTransit,
  readAuthenticationCode,
  readHousingRecord,
  readIndustryRecord,
  readRegion,
  readTransitBalance,
  readTrip,
  type TransitCard,
  tripUpdate,
} from "./card.ts";
import { type CompoundUpdate, initializeCompound, transitPurseOf, updateCompoundCache } from "./compound.ts";
import { proveCompound } from "./prove-compound.ts";
import { HOUSING_RAIL_RECORD_ID } from "./records.ts";
import { tripFileOf } from "./trip-file.ts";
import { entryRecord, fareRecord, openEntry, type TripPlace } from "./trips.ts";

type Bench = ReturnType<typeof cardBench>;
const TERMINAL = fromHex(TERMINAL_NUMBER);
const DATE = "20261121";

function transitBench(scheme: "t-union" | "housing", profile: Partial<CardProfile> = {}, card: CardBenchOptions["card"] = {}): Bench {
  const purse = { transit: scheme, ...(profile.transitPurse === "ED" ? { passbook: { balanceFen: 10_000 } } : {}), ...card?.purse };
  return cardBench({ profile, card: { ...card, purse } });
}

async function opened(table: Bench): Promise<{ readonly channel: CardChannel; readonly card: TransitCard }> {
  const channel = await table.channel();
  const card = await table.run(openTransit(channel, table.profile, LIMITS));
  if (card.kind !== "ok") throw new Error(card.kind);
  return { channel, card };
}

function place(time: string): TripPlace {
  return { terminalNumber: TERMINAL_NUMBER, industry: 1, place: "00001102", date: DATE, time, city: "9901", acquirer: "9901215840ffffff" };
}

interface Ride {
  readonly amount: number;
  readonly time: string;
  readonly updates: readonly CompoundUpdate[];
}

/** Everything up to the debit, with MAC1 of the test's own codes. */
async function prepare(table: Bench, channel: CardChannel, ride: Ride & { readonly card: TransitCard }) {
  const amount = fen(ride.amount);
  const answer = needsAuthenticationCode(table.profile, ride.card.scheme) ? await readAuthenticationCode(channel, LIMITS) : undefined;
  const opening = await initializeCompound(channel, { keyIndex: 1, amount, terminalNumber: TERMINAL, purse: transitPurseOf(table.profile) }, LIMITS);
  if (opening.kind !== "ok") throw new Error(`INITIALIZE ${opening.statusWord.toString(16)}`);
  for (const update of ride.updates) expect(await updateCompoundCache(channel, update, LIMITS)).toEqual({ kind: "ok" });
  const code = answer?.kind === "ok" ? { authenticationCode: answer.code } : {};
  const terms = {
    amount,
    type: PURCHASE_TYPE_COMPOSITE,
    terminalNumber: TERMINAL,
    date: fromHex(DATE),
    time: fromHex(ride.time),
    terminalSequence: 9,
    ...code,
  };
  const codes = new TestCodes(table.card, table.profile).purchase(opening, terms);
  return { opening, codes, completion: { ...terms, mac1: codes.mac1 } };
}

const VARIANTS: readonly (readonly [string, Partial<CardProfile>])[] = [
  ["triple DES", {}],
  ["SM4", { transitAlg: "sm4" }],
  ["SM4 the other way", { transitAlg: "sm4", macReduce: "fold4", sessionPad: "pad80", sm4Diversify: "fZeros", logSeqMode: "pre", transitTacKey: "xorHalves" }],
  ["whole TAC key", { transitTacKey: "direct", logSeqMode: "pre" }],
  ["the passbook", { transitPurse: "ED", transitBalance: "5C0302" }],
  ["a code for every scheme", { cappAuthSuffix: "mohurd9" }],
  ["no code", { cappAuthSuffix: "none", transitBalance: "5C0002" }],
];

describe.each(VARIANTS)("a T-Union account, %s", (_name, profile) => {
  it("rides from gate to gate: an entry of nothing, an exit with the fare", async () => {
    const table = transitBench("t-union", profile);
    const { channel, card } = await opened(table);
    const entry = tripUpdate(entryRecord(place("120000"), { balance: fen(10_000), maximumFare: fen(1_000), maximumTime: "0180" }));
    const inside = await table.run(prepare(table, channel, { card, amount: 0, time: "120000", updates: [entry] }));
    expect(await table.run(debitPurchase(channel, inside.completion, LIMITS))).toMatchObject({ kind: "ok", mac2: inside.codes.mac2 });
    const newest = await table.run(readTrip(channel, 1, LIMITS));
    if (newest.kind !== "ok") throw new Error("no trip");
    expect(openEntry(newest.record)).toMatchObject({ place: "00001102", maximumFare: 1_000 });
    const exit = tripUpdate(fareRecord(place("123000"), { kind: "exit", amount: fen(450), balance: fen(9_550) }));
    const outside = await table.run(prepare(table, channel, { card, amount: 450, time: "123000", updates: [exit] }));
    expect(await table.run(debitPurchase(channel, outside.completion, LIMITS))).toMatchObject({ kind: "ok", mac2: outside.codes.mac2 });
    expect(await table.run(readTrip(channel, 1, LIMITS))).toMatchObject({ kind: "ok", record: { type: 4, amount: 450 } });
    expect(await table.run(readTransitBalance(channel, table.profile, LIMITS))).toEqual({ kind: "ok", balance: 9_550, overdrawn: 0 });
    expect(table.card.debits.map(({ purse, amountFen }) => [purse, amountFen])).toEqual([
      ["compound", 0],
      ["compound", 450],
    ]);
  });

  it.each(["before", "during", "after"] as const)("a debit torn %s the commit is told by log and record", async (when) => {
    for (const amount of [0, 450]) {
      const table = transitBench("t-union", profile);
      const { channel, card } = await opened(table);
      const earlier = await table.run(prepare(table, channel, { card, amount, time: "110000", updates: [] }));
      await table.run(debitPurchase(channel, earlier.completion, LIMITS));
      const update = tripUpdate(fareRecord(place("120000"), { kind: "exit", amount: fen(amount), balance: fen(10_000 - 2 * amount) }));
      const { opening, codes, completion } = await table.run(prepare(table, channel, { card, amount, time: "120000", updates: [update] }));
      table.cardReader.setFate(({ command }) => (command[1] === 0x54 ? { kind: "tear", at: when } : { kind: "ok" }));
      await expect(table.run(debitPurchase(channel, completion, LIMITS))).rejects.toMatchObject({ effectUnknown: true });
      table.cardReader.setFate(() => ({ kind: "ok" }));
      table.cardReader.insert(table.card);
      const { channel: again } = await opened(table);
      const intent: PurchaseIntent = {
        terminalNumber: TERMINAL_NUMBER,
        date: DATE,
        time: "120000",
        type: PURCHASE_TYPE_COMPOSITE,
        amount: fen(amount),
        cardSequence: opening.cardSequence,
        purse: transitPurseOf(table.profile),
      };
      const witness = tripFileOf("t-union", table.profile).witness({ ...intent });
      const evidence = await table.run(proveCompound(again, { intent, witness, proveSeqOrder: table.profile.proveSeqOrder }, LIMITS));
      expect(evidence).toMatchObject(when === "after" ? { kind: "debited", proof: "log", mac2: codes.mac2 } : { kind: "not-debited" });
      expect((await table.run(readTrip(again, 1, LIMITS))).kind).toBe(when === "after" ? "ok" : "no-record");
    }
  });
});

describe("a T-Union account", () => {
  it("tells its region, whether it is in use, and its balance without the flag bit", async () => {
    const table = transitBench("t-union", {}, { purse: { balanceFlag: true, overdraftLimitFen: 300, enabled: false } });
    const { channel, card } = await opened(table);
    const region = await table.run(readRegion(channel, LIMITS));
    if (region.kind !== "ok") throw new Error("no region");
    expect(region.value).toMatchObject({ city: "9901", interoperability: 1 });
    expect(admitTransit({ data: card.data, region: region.value }, { today: DATE, city: "9901" })).toEqual({ kind: "refused", reason: "not-enabled" });
    expect(await table.run(readTransitBalance(channel, table.profile, LIMITS))).toEqual({ kind: "ok", balance: 10_000, overdrawn: 0 });
  });

  it("the bus's record is found, and written with the debit", async () => {
    const table = transitBench("t-union");
    const { channel, card } = await opened(table);
    const found = await table.run(readIndustryRecord(channel, "2702", LIMITS));
    if (found.kind !== "ok") throw new Error("no record");
    const record = { id: "2702", content: `ab${found.record.content.slice(2)}` };
    const { completion } = await table.run(prepare(table, channel, { card, amount: 200, time: "120000", updates: [industryUpdate(record, found.number)] }));
    expect(await table.run(readIndustryRecord(channel, "2702", LIMITS))).toMatchObject({ record: found.record });
    // Reading has ended the purchase on the card, so that nothing of it is written.
    expect(await table.run(debitPurchase(channel, completion, LIMITS))).toMatchObject({ kind: "refused" });
    const once = await table.run(prepare(table, channel, { card, amount: 200, time: "120000", updates: [industryUpdate(record, found.number)] }));
    await table.run(debitPurchase(channel, once.completion, LIMITS));
    expect(await table.run(readIndustryRecord(channel, "2702", LIMITS))).toEqual({ kind: "ok", number: found.number, record });
  });

  it.each(["3des", "sm4"] as const)("a listed card is blocked with a code of the module, %s", async (algorithm) => {
    const table = transitBench("t-union", { transitAlg: algorithm });
    const psam = await table.openPsam();
    const { channel, card } = await opened(table);
    const signer = moduleSigner(psam, { factors: purseFactors(card.data), algorithm });
    expect(await table.run(blockApplication(channel, { duration: "permanent", signer }, LIMITS))).toEqual({ kind: "ok" });
    expect(await table.run(openTransit(channel, table.profile, LIMITS))).toEqual({ kind: "blocked" });
  });
});

describe.each(["byApplication", "none", "mohurd9"] as const)("the housing ministry's card, authentication code %s", (cappAuthSuffix) => {
  it("pays with its industry record, and the module agrees", async () => {
    const table = transitBench("housing", { cappAuthSuffix });
    const psam = await table.openPsam();
    const { channel, card } = await opened(table);
    expect(card.scheme).toBe("housing");
    expect(await table.run(readHousingRecord(channel, HOUSING_RAIL_RECORD_ID, LIMITS))).toEqual({ kind: "no-record" });
    const work = async () => {
      const wanted = needsAuthenticationCode(table.profile, card.scheme);
      const code = wanted ? await readAuthenticationCode(channel, LIMITS) : undefined;
      const amount = fen(300);
      const opening = await initializeCompound(channel, { keyIndex: 1, amount, terminalNumber: psam.terminalNumber }, LIMITS);
      if (opening.kind !== "ok") throw new Error("not opened");
      const update = housingUpdate({ id: HOUSING_RAIL_RECORD_ID, content: "11".repeat(46) });
      expect(await updateCompoundCache(channel, update, LIMITS)).toEqual({ kind: "ok" });
      const [date, time] = [fromHex(DATE), fromHex("120000")];
      const purchase = await psam.beginPurchase(
        {
          ...opening,
          amount,
          type: PURCHASE_TYPE_COMPOSITE,
          date,
          time,
          factors: purseFactors(card.data),
          ...(code?.kind === "ok" ? { authenticationCode: code.code } : {}),
        },
        LIMITS,
      );
      const answer = await debitPurchase(channel, { terminalSequence: purchase.terminalSequence, date, time, mac1: purchase.mac1 }, LIMITS);
      if (answer.kind !== "ok") throw new Error(`DEBIT ${answer.statusWord.toString(16)}`);
      return purchase.credit(answer.mac2, LIMITS);
    };
    expect(await table.run(work())).toBe("accepted");
    expect(await table.run(readHousingRecord(channel, HOUSING_RAIL_RECORD_ID, LIMITS))).toMatchObject({ kind: "ok", record: { content: "11".repeat(46) } });
    expect(table.card.balanceFen).toBe(9_700);
  });
});
