/* Whole compound purchases by the terminal and its module: in and out, records of both schemes, and the TAC as the host checks it. */
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
import type { ConformanceCase, Tag } from "../types.ts";

const HOUSING = "CJ/T 166, compound purchase";
const UNION: CardBenchOptions = { card: { purse: { transit: "t-union" } } };

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

export const TRANSIT_RIDE_CASES: readonly ConformanceCase[] = [...RIDE_CASES, ...INDUSTRY_CASES];
