/* Whole transactions of the medical purse between card, terminal, module and the insurer's host: figures, years, modes and proofs. */
import { concat, fromHex, toHex } from "../../../device/base/bytes.ts";
import { getBalances, getMedicalProof, getStartDay, medicalTypeByte, readMedicalLog } from "../../../device/card/medical-purse/commands.ts";
import type { CardProfile } from "../../../device/codec/card-profile.ts";
import type { KeyAlgorithm } from "../../crypto/blocks.ts";
import { medicalMac } from "../../crypto/medical.ts";
import { socialSessionKey } from "../../crypto/social.ts";
import type { KeyLevel } from "../../psam/make.ts";
import { LIMITS } from "../card-bench.ts";
import { expectEqual, expectFault, expectMatch, expectTrue, fail } from "../expect.ts";
import { MedicalBench, type MedicalBenchOptions, type MedicalTerms } from "../medical-bench.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const DEBIT = "LD/T 32.5, DEBIT FOR PURCHASE";
const CREDIT = "LD/T 32.5, CREDIT FOR LOAD";
const YEAR = "LD/T 32.7, 12";
const PROOF = "LD/T 32.7, 14";
const LOG = "LD/T 32.5, DF04/08";
const ALGORITHMS: readonly KeyAlgorithm[] = ["3des", "sm4"];
const LEVELS: readonly KeyLevel[] = [1, 2, 3];
const SALE: MedicalTerms = { account: 450, selfPay: 100, pooled: 1000, time: "120500" };
const LOAD = { amount: 500, time: "120600" } as const;

interface FlowRow {
  readonly id: string;
  readonly spec: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  readonly bench?: MedicalBenchOptions;
  readonly run: (bench: MedicalBench) => Promise<void>;
}

function caseOf({ bench, run, tags, ...row }: FlowRow): ConformanceCase {
  return { ...row, tags: ["medical-purse", ...tags], run: (context) => run(new MedicalBench(context, bench)) };
}

/** A purchase that must be debited and accepted by the module. */
async function sold(bench: MedicalBench, terms: MedicalTerms) {
  const sale = await bench.sell(terms);
  expectEqual([sale.debit.kind, sale.credit], ["ok", "accepted"], "the card's answer and the module's word");
  return sale;
}

const BY_KEY: readonly FlowRow[] = ALGORITHMS.flatMap((algorithm) =>
  LEVELS.flatMap((level) =>
    [1, 2, 3].map(
      (keyIndex): FlowRow => ({
        id: `MED-SALE-${algorithm}-L${level}-K${keyIndex}`.toUpperCase(),
        spec: DEBIT,
        title: `a purchase with key ${keyIndex} of a ${algorithm} card and a module whose keys are of level ${level}`,
        tags: [algorithm, "psam"],
        bench: { card: { algorithm }, psam: { socialLevel: level }, purse: { payYear: "2026", purchaseSeq: 8 } },
        run: async (bench) => {
          await sold(bench, { ...SALE, keyIndex });
          expectMatch(bench.memory, { accountFen: 9_550, selfPayTotalFen: 100, pooledTotalFen: 1_000, purchaseSeq: 9, loadSeq: 0 }, "the card's memory");
          expectMatch(bench.cards.card.debits[0], { purse: "medical-purse", amountFen: 450, selfPayFen: 100, pooledFen: 1_000, cardSeqBefore: 8 }, "the debit");
        },
      }),
    ),
  ),
);

/** Purchases whose MACs the two sides make under a setting; where their settings differ, the card refuses MAC1. */
const BY_SETTING: readonly FlowRow[] = [
  ...(["ascii", "binary"] as const).map(
    (medicalTypeByte): FlowRow => ({
      id: `MED-TYPE-${medicalTypeByte.toUpperCase()}`,
      spec: DEBIT,
      title: `purchase, load and proof with the type byte as ${medicalTypeByte}`,
      tags: ["sm4", "proof", `profile:medicalTypeByte=${medicalTypeByte}`],
      bench: { profile: { medicalTypeByte } },
      run: async (bench) => {
        const load = await bench.load(LOAD);
        expectEqual(load.credit, { kind: "ok", tac: await bench.expectedLoadTac(load, LOAD) }, "the load's TAC");
        const { debit, opening } = await sold(bench, SALE);
        const which = { typeByte: medicalTypeByte === "ascii" ? 0x32 : 0x02, sequence: opening.cardSequence + 1 };
        expectMatch(await getMedicalProof(await bench.cards.channel(), which, LIMITS), { ...debit }, "the proof");
      },
    }),
  ),
  ...(["ascii", "binary"] as const).map(
    (medicalTypeByte): FlowRow => ({
      id: `MED-TYPE-${medicalTypeByte.toUpperCase()}-OTHER`,
      spec: DEBIT,
      title: `a card with the other coding than the terminal's ${medicalTypeByte} refuses MAC1`,
      tags: ["negative", `profile:medicalTypeByte=${medicalTypeByte}`],
      bench: { profile: { medicalTypeByte }, card: { profile: { medicalTypeByte: medicalTypeByte === "ascii" ? "binary" : "ascii" } } },
      run: async (bench) => {
        const { debit } = await bench.sell(SALE);
        expectMatch(debit, { kind: "refused", statusWord: 0x9302, reason: "mac-wrong" }, "the card's answer");
        expectEqual(bench.memory.accountFen, 10_000, "the account");
      },
    }),
  ),
  ...ALGORITHMS.flatMap((algorithm) =>
    (["after", "before"] as const).map(
      (medicalLoadTacBalance): FlowRow => ({
        id: `MED-LOAD-TAC-${algorithm}-${medicalLoadTacBalance}`.toUpperCase(),
        spec: CREDIT,
        title: `a load with ${algorithm}, the balance ${medicalLoadTacBalance} it in the TAC`,
        tags: [algorithm, `profile:medicalLoadTacBalance=${medicalLoadTacBalance}`],
        bench: { card: { algorithm }, profile: { medicalLoadTacBalance }, purse: { loadSeq: 3 } },
        run: async (bench) => {
          const load = await bench.load(LOAD);
          expectEqual(load.credit, { kind: "ok", tac: await bench.expectedLoadTac(load, LOAD) }, "the TAC");
          expectMatch(bench.memory, { accountFen: 10_500, loadSeq: 4, purchaseSeq: 0 }, "the card's memory");
          expectMatch(bench.cards.card.loads[0], { purse: "medical-purse", amountFen: 500, onlineSeqBefore: 3 }, "the load");
        },
      }),
    ),
  ),
  ...(["region6+7378", "region4"] as const).map(
    (cityFactorTemplate): FlowRow => ({
      id: `MED-CITY-${cityFactorTemplate === "region4" ? "FOUR" : "SIX"}`,
      spec: "LD/T 32.9, annex B",
      title: `card, terminal and module agree on the city factor ${cityFactorTemplate}, and a module of the other does not`,
      tags: ["psam", `profile:cityFactorTemplate=${cityFactorTemplate}`],
      bench: { profile: { cityFactorTemplate }, regionCode: "990123", psam: { socialLevel: 3 } },
      run: async (bench) => {
        await sold(bench, SALE);
        const other = cityFactorTemplate === "region4" ? "region6+7378" : "region4";
        const foreign = { profile: { cityFactorTemplate }, regionCode: "990123", psam: { socialLevel: 1, profile: { cityFactorTemplate: other } } } as const;
        const { debit } = await new MedicalBench(bench.cards.context, foreign).sell(SALE);
        expectMatch(debit, { kind: "refused", reason: "mac-wrong" }, "the card's answer to the other module");
      },
    }),
  ),
];

interface YearRow {
  readonly name: string;
  readonly startDay: string;
  readonly payYear: string;
  readonly date: string;
  /** The pay year afterwards. */
  readonly year: string;
  /** Whether the totals began anew. */
  readonly anew: boolean;
}

const YEARS: readonly YearRow[] = [
  { name: "FIRST-DAY", startDay: "0401", payYear: "2026", date: "20260401", year: "2026", anew: false },
  { name: "INSIDE", startDay: "0401", payYear: "2026", date: "20261231", year: "2026", anew: false },
  { name: "AFTER-NEW-YEAR", startDay: "0401", payYear: "2026", date: "20270101", year: "2026", anew: false },
  { name: "LAST-DAY", startDay: "0401", payYear: "2026", date: "20270331", year: "2026", anew: false },
  { name: "NEXT-FIRST-DAY", startDay: "0401", payYear: "2026", date: "20270401", year: "2027", anew: true },
  { name: "YEAR-LEFT-OUT", startDay: "0401", payYear: "2026", date: "20280401", year: "2028", anew: true },
  { name: "YEAR-LEFT-OUT-EARLY", startDay: "0401", payYear: "2026", date: "20280331", year: "2027", anew: true },
  { name: "BEFORE-THE-YEAR", startDay: "0401", payYear: "2026", date: "20260331", year: "2026", anew: false },
  { name: "CALENDAR-LAST-DAY", startDay: "0101", payYear: "2026", date: "20261231", year: "2026", anew: false },
  { name: "CALENDAR-FIRST-DAY", startDay: "0101", payYear: "2026", date: "20270101", year: "2027", anew: true },
  { name: "LEAP-DAY", startDay: "0229", payYear: "2027", date: "20280229", year: "2028", anew: true },
  { name: "DAY-BEFORE-LEAP-DAY", startDay: "0229", payYear: "2027", date: "20280228", year: "2027", anew: false },
  { name: "NEVER-USED", startDay: "0701", payYear: "0000", date: "20260630", year: "2025", anew: true },
];

const BY_YEAR: readonly FlowRow[] = YEARS.map(({ name, startDay, payYear, date, year, anew }) => ({
  id: `MED-YEAR-${name}`,
  spec: YEAR,
  title: `a purchase on ${date} in the year ${payYear} from ${startDay} ${anew ? `begins the year ${year}` : "counts in it"}`,
  tags: [],
  bench: { purse: { startDay, payYear, selfPayTotalFen: 7_000, pooledTotalFen: 8_000 } },
  run: async (bench) => {
    await sold(bench, { ...SALE, date });
    const totals = anew ? { selfPayTotal: 100, pooledTotal: 1_000 } : { selfPayTotal: 7_100, pooledTotal: 9_000 };
    const balances = await getBalances(await bench.cards.channel(), LIMITS);
    expectEqual(balances, { kind: "ok", balances: { account: 9_550, ...totals, payYear: year } }, "the balances");
  },
}));

/** The terminal's setting, and the form of the card's records. */
const LOG_FORMS = [
  ["full28", "full28"],
  ["accountOnly20", "accountOnly20"],
  ["fromRecord", "full28"],
  ["fromRecord", "accountOnly20"],
] as const;

const LOGS: readonly FlowRow[] = (["pre", "post"] as const).flatMap((mode) =>
  LOG_FORMS.map(
    ([medicalLogMode, form]): FlowRow => ({
      id: `MED-LOG-${mode}-${medicalLogMode}-OF-${form}`.toUpperCase(),
      spec: LOG,
      title: `records of a ${form} log under the setting ${medicalLogMode}, newest first, with the sequence ${mode}`,
      tags: ["files", mode, `profile:medicalLogMode=${medicalLogMode}`, `profile:logSeqMode=${mode}`],
      bench: { profile: { medicalLogMode, logSeqMode: mode }, purse: { purchaseSeq: 40, loadSeq: 9, logMode: form } },
      run: (bench) => expectLog(bench, form === "full28", mode === "pre" ? 0 : 1),
    }),
  ),
);

async function expectLog(bench: MedicalBench, full: boolean, more: 0 | 1): Promise<void> {
  await bench.load(LOAD);
  await sold(bench, full ? SALE : { account: 450, time: SALE.time });
  const common = { mode: full ? "full" : "account-only", terminalNumber: "990100000001", date: "20261121" };
  const figures = full ? { selfPay: 100, pooled: 1_000 } : { selfPay: 0, pooled: 0 };
  const channel = await bench.cards.channel();
  const read = (number: number) => readMedicalLog(channel, { number, logMode: bench.cards.profile.medicalLogMode }, LIMITS);
  expectMatch(await read(1), { entry: { ...common, ...figures, transaction: "purchase", sequence: 40 + more, account: 450, time: "120500" } }, "record 1");
  expectMatch(await read(2), { entry: { ...common, transaction: "load", sequence: 9 + more, account: 500, selfPay: 0, pooled: 0 } }, "record 2");
  expectEqual(await read(3), { kind: "no-record" }, "record 3");
}

const OTHER_FORM: readonly FlowRow[] = (
  [
    ["full28", "accountOnly20"],
    ["accountOnly20", "full28"],
  ] as const
).map(([medicalLogMode, form]) => ({
  id: `MED-LOG-${medicalLogMode}-NOT-${form}`.toUpperCase(),
  spec: LOG,
  title: `a terminal set to ${medicalLogMode} takes no record of a ${form} log for its own`,
  tags: ["files", "negative", `profile:medicalLogMode=${medicalLogMode}`],
  bench: { profile: { medicalLogMode }, purse: { logMode: form } },
  run: async (bench) => {
    await sold(bench, { account: 450, time: SALE.time });
    const reading = readMedicalLog(await bench.cards.channel(), { number: 1, logMode: medicalLogMode }, LIMITS);
    await expectFault(reading, { code: "card-answer-malformed", effectUnknown: true }, "reading the log");
  },
}));

async function changeStartDay(bench: MedicalBench, day: string): Promise<string> {
  const { dskHex } = bench.cards.card.personalization.medicalPurse ?? fail("the card has a medical purse");
  const { suite, algorithm } = bench.rules;
  const factor = fromHex((await bench.cards.apdu("0084000008")).slice(0, -4));
  const key = socialSessionKey(suite, algorithm, { key: fromHex(dskHex), factor });
  return bench.cards.apdu(toHex(concat(fromHex("B056010006"), fromHex(day), medicalMac(bench.rules, key, fromHex(day)))));
}

const FLOWS: readonly FlowRow[] = [
  ...ALGORITHMS.map(
    (algorithm): FlowRow => ({
      id: `MED-START-DAY-${algorithm.toUpperCase()}`,
      spec: "LD/T 32.5, GET and UPDATE START DAY",
      title: `the host changes the start day under DSK with ${algorithm}, and a day that is none is refused`,
      tags: [algorithm],
      bench: { card: { algorithm } },
      run: async (bench) => {
        await bench.select();
        expectEqual([await changeStartDay(bench, "0701"), await changeStartDay(bench, "0732")], ["9000", "6985"], "the answers");
        expectEqual(await getStartDay(await bench.cards.channel(), LIMITS), { kind: "ok", startDay: "0701" }, "the start day");
      },
    }),
  ),
  {
    id: "MED-WRONG-MAC2",
    spec: "LD/T 32.9, CREDIT SAM FOR PURCHASE",
    title: "a card whose MAC2 is wrong has debited all the same, and the module refuses it",
    tags: ["psam", "negative"],
    bench: { card: { faults: { wrongMac2: true } } },
    run: async (bench) => {
      // The fault is set again, because a planted breach sets all faults of its card.
      bench.cards.card.setFaults({ wrongMac2: true });
      const { debit, credit } = await bench.sell(SALE);
      expectEqual([debit.kind, credit], ["ok", "refused"], "the card's answer and the module's word");
      expectEqual(bench.memory.accountFen, 9_550, "the account");
    },
  },
  {
    id: "MED-ZERO-AMOUNT",
    spec: DEBIT,
    title: "a purchase of nothing from the account still counts in the totals",
    tags: [],
    bench: { purse: { accountFen: 0, payYear: "2026" } },
    run: async (bench) => {
      await sold(bench, { account: 0, selfPay: 30, pooled: 70, time: "120500" });
      expectMatch(bench.memory, { accountFen: 0, selfPayTotalFen: 30, pooledTotalFen: 70, purchaseSeq: 1 }, "the card's memory");
    },
  },
  {
    id: "MED-TOTAL-FULL",
    spec: YEAR,
    title: "a total that would no longer fit four bytes stops the purchase, and nothing moves",
    tags: ["negative"],
    bench: { purse: { payYear: "2026", pooledTotalFen: 0xffff_ffff } },
    run: async (bench) => {
      const { debit } = await bench.sell(SALE);
      expectMatch(debit, { kind: "refused", statusWord: 0x6985 }, "the card's answer");
      expectMatch(bench.memory, { accountFen: 10_000, purchaseSeq: 0, pooledTotalFen: 0xffff_ffff }, "the card's memory");
    },
  },
  {
    id: "MED-LAST-SEQUENCE",
    spec: DEBIT,
    title: "the last number of the counter is used, and the next purchase is 9402",
    tags: ["negative"],
    bench: { purse: { purchaseSeq: 0xfffe } },
    run: async (bench) => {
      await sold(bench, SALE);
      expectEqual(await bench.cards.apdu("B02801011301000000010000000000000000990100000001 16".replace(" ", "")), "9402", "the next purchase");
    },
  },
  {
    id: "MED-LOG-THIRTY",
    spec: LOG,
    title: "the log keeps thirty records, the newest first",
    tags: ["files"],
    run: async (bench) => {
      for (let number = 1; number <= 31; number += 1) await sold(bench, { account: number, time: "120500" });
      const channel = await bench.cards.channel();
      const read = (number: number) => readMedicalLog(channel, { number, logMode: "fromRecord" }, LIMITS);
      expectMatch(await read(1), { entry: { account: 31 } }, "record 1");
      expectMatch(await read(30), { entry: { account: 2 } }, "record 30");
      expectEqual(await read(31), { kind: "no-record" }, "record 31");
    },
  },
  {
    id: "MED-PROOF-KEEPS",
    spec: "LD/T 32.5, table 49",
    title: "balance and proof between INITIALIZE and DEBIT leave the purchase open",
    tags: ["proof"],
    run: async (bench) => {
      const first = await sold(bench, SALE);
      const begun = await bench.begin({ ...SALE, time: "121000" });
      const channel = await bench.cards.channel();
      const proof = await getMedicalProof(
        channel,
        { typeByte: medicalTypeByte("purchase", bench.cards.profile), sequence: first.opening.cardSequence + 1 },
        LIMITS,
      );
      expectEqual(proof.kind, "ok", "the proof of the sale before");
      expectEqual((await getBalances(channel, LIMITS)).kind, "ok", "the balances");
      const { completion } = begun;
      const debit = await bench.cards.apdu(toHex(concat(fromHex("B02C01000F"), debitData(completion), fromHex("08"))));
      expectTrue(debit.endsWith("9000"), `the debit is answered by 9000, but: ${debit.slice(-4)}`);
    },
  },
  {
    id: "MED-PROOF-REPLACED",
    spec: PROOF,
    title: "the proof is that of the last transaction, purchase or load, and survives power",
    tags: ["proof", "negative"],
    run: async (bench) => {
      const { opening, debit } = await sold(bench, SALE);
      const channel = await bench.cards.reset();
      await bench.select();
      const purchase = { typeByte: 0x32, sequence: opening.cardSequence + 1 };
      expectMatch(await getMedicalProof(channel, purchase, LIMITS), { ...debit }, "the proof after power");
      const load = await bench.load(LOAD);
      expectEqual(await getMedicalProof(channel, purchase, LIMITS), { kind: "no-proof" }, "the purchase's proof after the load");
      expectMatch(await getMedicalProof(channel, { typeByte: 0x31, sequence: load.opening.cardSequence + 1 }, LIMITS), { ...load.credit }, "the load's proof");
    },
  },
  {
    id: "MED-PROOF-DROPPED",
    spec: PROOF,
    title: "a card may drop its proof at the next INITIALIZE",
    tags: ["proof", "negative"],
    run: async (bench) => {
      bench.cards.card.setFaults({ proofDroppedByNextInit: true });
      const { opening, debit } = await sold(bench, SALE);
      const which = { typeByte: 0x32, sequence: opening.cardSequence + 1 };
      expectMatch(await getMedicalProof(await bench.cards.channel(), which, LIMITS), { ...debit }, "the proof before");
      (await bench.begin(SALE)).purchase.release();
      expectEqual(await getMedicalProof(await bench.cards.channel(), which, LIMITS), { kind: "no-proof" }, "the proof afterwards");
    },
  },
  {
    id: "MED-KEY-MISSING",
    spec: "LD/T 32.9, INIT SAM FOR PURCHASE",
    title: "a module without the card's key version opens nothing, and nothing is debited",
    tags: ["psam", "negative"],
    bench: { psam: { withoutKeys: ["medical-dpk-3"] } },
    run: async (bench) => {
      await expectFault(bench.begin({ ...SALE, keyIndex: 3 }), { code: "key-missing", effectUnknown: false }, "opening the purchase");
      expectEqual(bench.memory.accountFen, 10_000, "the account");
      await sold(bench, { ...SALE, keyIndex: 2 });
    },
  },
  {
    id: "MED-AMOUNTS-SWAPPED",
    spec: DEBIT,
    title: "a MAC1 over the same amounts in another order is refused",
    tags: ["negative"],
    run: async (bench) => {
      await bench.select();
      const swapped = await bench.beginSelected({ account: 100, selfPay: 450, pooled: 1000, time: "120500" });
      swapped.purchase.release();
      // The card is asked again with account and self-pay exchanged, and given the MAC1 of the first order.
      const word = await bench.cards.apdu("B028010113010000 01C2 00000064 000003E8 990100000001 16".replaceAll(" ", ""));
      expectEqual(word.slice(-4), "9000", "INITIALIZE");
      const debit = await bench.cards.apdu(toHex(concat(fromHex("B02C01000F"), debitData(swapped.completion), fromHex("08"))));
      expectEqual(debit, "9302", "DEBIT");
    },
  },
];

function debitData({ terminalSequence, date, time, mac1 }: Awaited<ReturnType<MedicalBench["begin"]>>["completion"]) {
  return concat(fromHex(terminalSequence.toString(16).padStart(8, "0")), date, time, mac1);
}

const PSAM_ALGORITHM_BYTES: readonly CardProfile["psamAlgByteSm4"][] = [3, 4];

const BY_ALGORITHM_BYTE: readonly FlowRow[] = PSAM_ALGORITHM_BYTES.map((psamAlgByteSm4) => ({
  id: `MED-ALGORITHM-${psamAlgByteSm4}`,
  spec: "LD/T 32.9, INIT SAM FOR PURCHASE",
  title: `a purchase where the module writes SM4 as 0${psamAlgByteSm4}`,
  tags: ["sm4", "psam", `profile:psamAlgByteSm4=${psamAlgByteSm4}`],
  bench: { profile: { psamAlgByteSm4 } },
  run: async (bench) => {
    const { opening } = await sold(bench, SALE);
    expectEqual(opening.algorithm, psamAlgByteSm4, "the card's algorithm byte");
  },
}));

export const MEDICAL_FLOW_CASES: readonly ConformanceCase[] = [
  ...BY_KEY,
  ...BY_SETTING,
  ...BY_YEAR,
  ...LOGS,
  ...OTHER_FORM,
  ...FLOWS,
  ...BY_ALGORITHM_BYTE,
].map(caseOf);
