/*
 * Goal: wherever a transaction of the medical purse is torn, the card has all of it or nothing, says which, and a second attempt ends with one
 * transaction in all.
 * Method: tables of the commands of a purchase and of a load times the three points of a tear times both sequence modes. The card's proof is asked
 * for by its own command and through the terminal's search; the card's memory is the judge of both. Each case checks that the command it tears came.
 */
import { fromHex, toHex, u16be } from "../../../device/base/bytes.ts";
import { isFault } from "../../../device/base/fault.ts";
import { creditLoad, debitPurchase } from "../../../device/card/medical-purse/commands.ts";
import type { MedicalEvidence } from "../../../device/card/medical-purse/types.ts";
import type { TestCardOptions } from "../../card/make.ts";
import type { TearPoint } from "../../card/state.ts";
import { LIMITS } from "../card-bench.ts";
import type { ConformanceContext } from "../context.ts";
import { expectEqual, expectFault, expectMatch, fail } from "../expect.ts";
import { MedicalBench } from "../medical-bench.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const SPEC = "LD/T 32.7, 14";
const MODES = ["pre", "post"] as const;
const POINTS: readonly TearPoint[] = ["before", "during", "after"];
const PURCHASE_SEQ = 40;
const LOAD_SEQ = 9;
const EARLIER = { account: 450, selfPay: 100, pooled: 1000, time: "120000" } as const;
const SALE = { ...EARLIER, time: "120500" } as const;
const LOAD = { amount: 500, time: "120500" } as const;

/** A command of a transaction: its name, and which of the commands with its instruction it is. */
interface TornCommand {
  readonly name: string;
  readonly instruction: number;
  readonly occurrence: number;
  /** The answer to the deciding command is fetched with this one: whatever tears it, the transaction has taken place. */
  readonly decided?: true;
}

const SELECT: TornCommand = { name: "SELECT", instruction: 0xa4, occurrence: 1 };
const INITIALIZE: TornCommand = { name: "INITIALIZE", instruction: 0x28, occurrence: 1 };
const DEBIT: TornCommand = { name: "DEBIT", instruction: 0x2c, occurrence: 1 };
const CREDIT: TornCommand = { name: "CREDIT", instruction: 0x2a, occurrence: 1 };
const response = (name: string, occurrence: number, decided?: true): TornCommand => ({
  name: `${name}-RESPONSE`,
  instruction: 0xc0,
  occurrence,
  ...(decided === undefined ? {} : { decided }),
});

const PURCHASE: readonly TornCommand[] = [SELECT, INITIALIZE, DEBIT];
const PURCHASE_T0: readonly TornCommand[] = [SELECT, response("SELECT", 1), INITIALIZE, response("INITIALIZE", 2), DEBIT, response("DEBIT", 3, true)];
const LOADING: readonly TornCommand[] = [SELECT, INITIALIZE, CREDIT];
const LOADING_T0: readonly TornCommand[] = [response("INITIALIZE", 2), response("CREDIT", 3, true)];

/** Tears one command; gives the count of those that were torn. */
function planTear(bench: MedicalBench, command: TornCommand, at: TearPoint): { readonly torn: () => number } {
  let seen = 0;
  let torn = 0;
  bench.cards.reader.setFate(({ command: sent }) => {
    if (sent[1] !== command.instruction) return { kind: "ok" };
    seen += 1;
    if (seen !== command.occurrence) return { kind: "ok" };
    torn += 1;
    return { kind: "tear", at };
  });
  return { torn: () => torn };
}

function committed(command: TornCommand, at: TearPoint): boolean {
  return command.decided === true || ((command === DEBIT || command === CREDIT) && at === "after");
}

/** The torn attempt must end in a fault of the card's leaving; any other end is a finding. */
async function expectTorn(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (isFault(error, "card-removed")) return;
    throw error;
  }
  fail("the attempt was torn, but it came to its end");
}

/** GET TRANSACTION PROOF for the sequence under which this card proves a transaction, and for the one under which it does not. */
async function askProof(bench: MedicalBench, type: "31" | "32", before: number): Promise<readonly [right: string, wrong: string]> {
  const mode = bench.cards.profile.logSeqMode;
  const ask = (sequence: number) => bench.cards.apdu(`B02E00${type}02${toHex(u16be(sequence))}08`);
  const [right, wrong] = mode === "pre" ? [before, before + 1] : [before + 1, before];
  const answers = [await follow(bench, await ask(right)), await follow(bench, await ask(wrong))] as const;
  return answers;
}

/** Fetches an answer that comes in parts. */
async function follow(bench: MedicalBench, answer: string): Promise<string> {
  return answer.startsWith("61") ? bench.cards.apdu(`00C00000${answer.slice(2)}`) : answer;
}

function expectEvidence(evidence: MedicalEvidence, happened: boolean, tac: string | undefined): void {
  expectMatch(evidence, { kind: happened ? "debited" : "not-debited" }, "what the terminal finds");
  if (happened) expectEqual(evidence.kind === "debited" && evidence.proof === "log" ? toHex(evidence.tac) : "none", tac, "the TAC of the proof");
}

interface Torn {
  readonly mode: "pre" | "post";
  readonly command: TornCommand;
  readonly at: TearPoint;
  readonly card?: Partial<TestCardOptions>;
  /** A transaction with the same amounts was made before, and is still proved. */
  readonly earlier: boolean;
  /** The terminal's intent knows the card's sequence. */
  readonly knowsSequence: boolean;
}

function benchOf(context: ConformanceContext, torn: Torn): MedicalBench {
  return new MedicalBench(context, {
    profile: { logSeqMode: torn.mode },
    purse: { payYear: "2026", purchaseSeq: PURCHASE_SEQ, loadSeq: LOAD_SEQ },
    ...(torn.card === undefined ? {} : { card: torn.card }),
  });
}

async function expectPurchaseOnce(context: ConformanceContext, torn: Torn): Promise<void> {
  const bench = benchOf(context, torn);
  if (torn.earlier) expectEqual((await bench.sell(EARLIER)).credit, "accepted", "the earlier purchase");
  const earlier = torn.earlier ? 1 : 0;
  const before = PURCHASE_SEQ + earlier;
  const plan = planTear(bench, torn.command, torn.at);
  let held: Awaited<ReturnType<MedicalBench["begin"]>> | undefined;
  await expectTorn(
    (async () => {
      held = await bench.begin(SALE);
      await debitPurchase(await bench.cards.channel(), held.completion, LIMITS);
    })(),
  );
  expectEqual(plan.torn(), 1, "commands torn");
  const happened = committed(torn.command, torn.at);
  const sales = earlier + (happened ? 1 : 0);
  const { card } = bench.cards;
  expectEqual(card.debits.length, sales, "the card's debits");
  expectMatch(bench.memory, { accountFen: 10_000 - sales * 450, selfPayTotalFen: sales * 100, purchaseSeq: PURCHASE_SEQ + sales }, "the card's memory");
  const known = torn.knowsSequence && held !== undefined ? { cardSequence: held.opening.cardSequence } : {};
  const loggedBefore = before - (torn.mode === "pre" ? 1 : 0);
  const intent = await bench.intent(SALE, { ...known, ...(torn.earlier ? { logSequenceBefore: loggedBefore } : {}) });
  expectEvidence(await bench.evidence(intent), happened, card.debits[earlier]?.tac);
  const [right, wrong] = await askProof(bench, "32", before);
  expectEqual(right.slice(-4), happened ? "9000" : "9406", "the proof of this purchase");
  // In one of the modes the other number is that of the purchase before, which the card proves until the next one.
  const provesEarlier = torn.earlier && !happened && torn.mode === "post";
  expectEqual(wrong.slice(-4), provesEarlier ? "9000" : "9406", "the proof under the other number");
  if (held !== undefined && happened) expectEqual(await held.purchase.credit(fromHex(right.slice(0, 8)), LIMITS), "accepted", "the module's word on the proof");
  else held?.purchase.release();
  if (!happened) expectEqual((await bench.sell(SALE)).credit, "accepted", "the second attempt");
  expectEqual([card.debits.length, bench.memory.accountFen], [earlier + 1, 10_000 - (earlier + 1) * 450], "debits and account at the end");
}

async function expectLoadOnce(context: ConformanceContext, torn: Torn): Promise<void> {
  const bench = benchOf(context, torn);
  if (torn.earlier) expectEqual((await bench.load({ ...LOAD, time: "120000" })).credit.kind, "ok", "the earlier load");
  const earlier = torn.earlier ? 1 : 0;
  const before = LOAD_SEQ + earlier;
  await bench.module();
  const plan = planTear(bench, torn.command, torn.at);
  await expectTorn(bench.load(LOAD));
  expectEqual(plan.torn(), 1, "commands torn");
  const happened = committed(torn.command, torn.at);
  const loads = earlier + (happened ? 1 : 0);
  const { card } = bench.cards;
  expectEqual(card.loads.length, loads, "the card's loads");
  expectMatch(bench.memory, { accountFen: 10_000 + loads * 500, loadSeq: LOAD_SEQ + loads, purchaseSeq: PURCHASE_SEQ }, "the card's memory");
  const evidence = await bench.evidence(await bench.loadIntent(LOAD, torn.knowsSequence ? { cardSequence: before } : {}));
  expectEvidence(evidence, happened, card.loads[earlier]?.tac);
  const [right] = await askProof(bench, "31", before);
  expectEqual(right.slice(-4), happened ? "9000" : "9406", "the proof of this load");
  if (!happened) expectEqual((await bench.load(LOAD)).credit.kind, "ok", "the second attempt");
  expectEqual([card.loads.length, bench.memory.accountFen], [earlier + 1, 10_000 + (earlier + 1) * 500], "loads and account at the end");
}

interface Family {
  readonly prefix: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  readonly commands: readonly TornCommand[];
  readonly setting: Omit<Torn, "mode" | "command" | "at">;
  readonly run: (context: ConformanceContext, torn: Torn) => Promise<void>;
}

const FAMILIES: readonly Family[] = [
  {
    prefix: "MED-TORN-PURCHASE",
    title: "the first purchase",
    tags: ["3des"],
    commands: PURCHASE,
    setting: { card: { algorithm: "3des" }, earlier: false, knowsSequence: true },
    run: expectPurchaseOnce,
  },
  {
    prefix: "MED-TORN-SAME",
    title: "a purchase after one of the same amounts, which the card still proves,",
    tags: ["sm4", "proof"],
    commands: PURCHASE,
    setting: { earlier: true, knowsSequence: true },
    run: expectPurchaseOnce,
  },
  {
    prefix: "MED-TORN-UNKNOWN",
    title: "a purchase whose sequence the terminal does not know any more",
    tags: ["sm4", "proof"],
    commands: [DEBIT],
    setting: { earlier: true, knowsSequence: false },
    run: expectPurchaseOnce,
  },
  {
    prefix: "MED-TORN-T0",
    title: "a purchase with answers in parts",
    tags: ["sm4", "t0"],
    commands: PURCHASE_T0,
    setting: { card: { lengthRule: "t0" }, earlier: false, knowsSequence: true },
    run: expectPurchaseOnce,
  },
  {
    prefix: "MED-TORN-LOAD",
    title: "the first load",
    tags: ["3des"],
    commands: LOADING,
    setting: { card: { algorithm: "3des" }, earlier: false, knowsSequence: true },
    run: expectLoadOnce,
  },
  {
    prefix: "MED-TORN-LOAD-SAME",
    title: "a load after one of the same amount",
    tags: ["sm4", "proof"],
    commands: LOADING,
    setting: { earlier: true, knowsSequence: true },
    run: expectLoadOnce,
  },
  {
    prefix: "MED-TORN-LOAD-T0",
    title: "a load with answers in parts",
    tags: ["sm4", "t0"],
    commands: LOADING_T0,
    setting: { card: { lengthRule: "t0" }, earlier: false, knowsSequence: true },
    run: expectLoadOnce,
  },
];

function casesOf(family: Family, mode: "pre" | "post"): readonly ConformanceCase[] {
  return family.commands.flatMap((command) =>
    POINTS.map(
      (at): ConformanceCase => ({
        id: `${family.prefix}-${mode}-${command.name}-${at}`.toUpperCase(),
        spec: SPEC,
        title: `${family.title} torn ${at} ${command.name}, log sequence ${mode}: once in all, and the proof says which attempt it was`,
        tags: ["medical-purse", "torn", mode, `profile:logSeqMode=${mode}`, ...family.tags],
        run: (context) => family.run(context, { ...family.setting, mode, command, at }),
      }),
    ),
  );
}

/** The proof itself is torn: it changes nothing, so it is asked for again. */
const PROOFS: readonly ConformanceCase[] = MODES.flatMap((mode) =>
  POINTS.map(
    (at): ConformanceCase => ({
      id: `MED-TORN-PROOF-${mode}-${at}`.toUpperCase(),
      spec: SPEC,
      title: `a proof torn ${at} is given again, log sequence ${mode}`,
      tags: ["medical-purse", "torn", "proof", mode, `profile:logSeqMode=${mode}`],
      run: async (context) => {
        const bench = new MedicalBench(context, { profile: { logSeqMode: mode }, purse: { purchaseSeq: PURCHASE_SEQ } });
        expectEqual((await bench.sell(SALE)).credit, "accepted", "the purchase");
        const intent = await bench.intent(SALE, { cardSequence: PURCHASE_SEQ });
        const plan = planTear(bench, { name: "PROOF", instruction: 0x2e, occurrence: 1 }, at);
        await expectTorn(bench.evidence(intent));
        expectEqual(plan.torn(), 1, "commands torn");
        expectEvidence(await bench.evidence(intent), true, bench.cards.card.debits[0]?.tac);
        expectEqual([bench.cards.card.debits.length, bench.memory.accountFen], [1, 9_550], "debits and account");
      },
    }),
  ),
);

/** Bytes of the exchange: the command with its answer, and the moment after it. */
const DEBIT_BYTES = 21 + 10;
const CREDIT_BYTES = 17 + 6;

/** Every byte of the deciding command and of its answer, one after the other on the same card. */
const BY_BYTE: readonly ConformanceCase[] = MODES.flatMap((mode): readonly ConformanceCase[] => [
  {
    id: `MED-TORN-BYTE-DEBIT-${mode}`.toUpperCase(),
    spec: SPEC,
    title: `a debit torn at any of its ${DEBIT_BYTES} bytes is whole or not there, log sequence ${mode}`,
    tags: ["medical-purse", "torn", "sm4", mode, `profile:logSeqMode=${mode}`],
    run: async (context) => {
      const bench = new MedicalBench(context, { profile: { logSeqMode: mode }, purse: { accountFen: 100_000 } });
      for (let byte = 0; byte < DEBIT_BYTES; byte += 1) await expectDebitWhole(bench, byte);
    },
  },
  {
    id: `MED-TORN-BYTE-CREDIT-${mode}`.toUpperCase(),
    spec: SPEC,
    title: `a credit torn at any of its ${CREDIT_BYTES} bytes is whole or not there, log sequence ${mode}`,
    tags: ["medical-purse", "torn", "sm4", mode, `profile:logSeqMode=${mode}`],
    run: async (context) => {
      const bench = new MedicalBench(context, { profile: { logSeqMode: mode } });
      for (let byte = 0; byte < CREDIT_BYTES; byte += 1) await expectCreditWhole(bench, byte);
    },
  },
]);

function tearAtByte(bench: MedicalBench, instruction: number, byte: number): void {
  bench.cards.reader.setFate(({ command }) => (command[1] === instruction ? { kind: "tear", at: byte } : { kind: "ok" }));
}

async function expectDebitWhole(bench: MedicalBench, byte: number): Promise<void> {
  const { debits } = bench.cards.card;
  const begun = await bench.begin(SALE);
  tearAtByte(bench, DEBIT.instruction, byte);
  await expectTorn(debitPurchase(await bench.cards.channel(), begun.completion, LIMITS));
  const happened = byte > DEBIT_BYTES - 10;
  expectEqual(bench.cards.card.debits.length - debits.length, happened ? 1 : 0, `debits after ${byte} bytes`);
  expectEqual(bench.memory.accountFen, 100_000 - bench.cards.card.debits.length * SALE.account, `the account after ${byte} bytes`);
  begun.purchase.release();
  const evidence = await bench.evidence(await bench.intent(SALE, { cardSequence: begun.opening.cardSequence }));
  expectMatch(evidence, { kind: happened ? "debited" : "not-debited" }, `what the terminal finds after ${byte} bytes`);
}

async function expectCreditWhole(bench: MedicalBench, byte: number): Promise<void> {
  const { loads } = bench.cards.card;
  const begun = await bench.beginLoad(LOAD);
  tearAtByte(bench, CREDIT.instruction, byte);
  await expectTorn(creditLoad(await bench.cards.channel(), begun.completion, LIMITS));
  const happened = byte > CREDIT_BYTES - 6;
  expectEqual(bench.cards.card.loads.length - loads.length, happened ? 1 : 0, `loads after ${byte} bytes`);
  expectEqual(bench.memory.accountFen, 10_000 + bench.cards.card.loads.length * LOAD.amount, `the account after ${byte} bytes`);
  const evidence = await bench.evidence(await bench.loadIntent(LOAD, { cardSequence: begun.opening.cardSequence }));
  expectMatch(evidence, { kind: happened ? "debited" : "not-debited" }, `what the terminal finds after ${byte} bytes`);
}

/** The card's own word that its memory failed says nothing about the money. */
const TROUBLES: readonly ConformanceCase[] = (["written", "not-written"] as const).flatMap((memoryTrouble): readonly ConformanceCase[] => {
  const happened = memoryTrouble === "written";
  const common = { spec: "LD/T 32.5, 7", tags: ["medical-purse", "proof", "negative"] as const };
  return [
    {
      ...common,
      id: `MED-MEMORY-DEBIT-${memoryTrouble}`.toUpperCase(),
      title: `a debit answered by 6581 leaves the matter open, and the proof says: ${memoryTrouble}`,
      run: async (context) => {
        const bench = new MedicalBench(context);
        const begun = await bench.begin(SALE);
        bench.cards.card.setFaults({ memoryTrouble });
        const open = { code: "card-answer-malformed", effectUnknown: true } as const;
        await expectFault(debitPurchase(await bench.cards.channel(), begun.completion, LIMITS), open, "the debit");
        begun.purchase.release();
        const evidence = await bench.evidence(await bench.intent(SALE, { cardSequence: begun.opening.cardSequence }));
        expectEvidence(evidence, happened, bench.cards.card.debits[0]?.tac);
        expectEqual(bench.memory.accountFen, happened ? 9_550 : 10_000, "the account");
      },
    },
    {
      ...common,
      id: `MED-MEMORY-CREDIT-${memoryTrouble}`.toUpperCase(),
      title: `a credit answered by 6581 leaves the matter open, and the proof says: ${memoryTrouble}`,
      run: async (context) => {
        const bench = new MedicalBench(context);
        const begun = await bench.beginLoad(LOAD);
        bench.cards.card.setFaults({ memoryTrouble });
        const open = { code: "card-answer-malformed", effectUnknown: true } as const;
        await expectFault(creditLoad(await bench.cards.channel(), begun.completion, LIMITS), open, "the credit");
        const evidence = await bench.evidence(await bench.loadIntent(LOAD, { cardSequence: begun.opening.cardSequence }));
        expectEvidence(evidence, happened, bench.cards.card.loads[0]?.tac);
        expectEqual(bench.memory.accountFen, happened ? 10_500 : 10_000, "the account");
      },
    },
  ];
});

export const MEDICAL_TORN_CASES: readonly ConformanceCase[] = [
  ...FAMILIES.flatMap((family) => MODES.flatMap((mode) => casesOf(family, mode))),
  ...PROOFS,
  ...BY_BYTE,
  ...TROUBLES,
];
