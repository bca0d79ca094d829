/*
 * Goal: wherever a load, a compound purchase, a passbook purchase or a grey lock is torn, card, books and terminal agree on what happened.
 * Method: each flow is a list of commands; each command is torn at each of three points, in both sequence modes. After the tear the card's
 * own evidence is compared with its truth, the terminal's reading of that evidence with both, and a flow that did not happen is done again.
 */
import { type Bytes, equalBytes, fromHex } from "../../../device/base/bytes.ts";
import { fen } from "../../../device/base/fen.ts";
import { proveGreyDebit, proveGreyLock, proveGreyUnlock } from "../../../device/card/purse/prove-grey.ts";
import { proveLoad } from "../../../device/card/purse/prove-load.ts";
import { proveSale } from "../../../device/card/purse/prove-sale.ts";
import type { PurseName } from "../../../device/card/purse/types.ts";
import type { CompoundUpdate } from "../../../device/card/transit/compound.ts";
import { proveCompound, type RecordWitness } from "../../../device/card/transit/prove-compound.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../../device/codec/card-profile.ts";
import type { PurseOptions } from "../../card/purse/make.ts";
import { type Dialogue, PurseTerminal, TEST_PLACE } from "../../card/purse/terminal.ts";
import type { TearPoint } from "../../card/state.ts";
import { LIMITS } from "../card-bench.ts";
import type { ConformanceContext } from "../context.ts";
import { expectAnswer, expectEqual, expectMatch } from "../expect.ts";
import { PurseBench } from "../purse-bench.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const POINTS: readonly TearPoint[] = ["before", "during", "after"];
const MODES = ["pre", "post"] as const;
type Mode = (typeof MODES)[number];

const AMOUNT = 300;
/** What both counters of both books stand at before the flow. */
const SEQUENCE = 40;
const WHEN = { terminalNumber: TEST_PLACE.terminalNumber, date: TEST_PLACE.date, time: TEST_PLACE.time };

/** Answers so far, by the names of the steps. */
type Answers = ReadonlyMap<string, Bytes>;

/** A command of a flow, and the answer that it must get. */
interface Step {
  readonly name: string;
  readonly say: (bench: PurseBench, answers: Answers) => Dialogue | string;
}

interface Flow {
  readonly prefix: string;
  readonly spec: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  readonly purse: PurseOptions;
  readonly profile?: Partial<CardProfile>;
  readonly modes?: readonly Mode[];
  readonly algorithm?: "3des" | "sm4";
  /** What has happened on the card before. */
  readonly before?: (bench: PurseBench) => Promise<void>;
  /** The last one is the one that changes the card. */
  readonly steps: readonly Step[];
  /** Compares the card with what must be so, and the terminal's judgement with that. */
  readonly verify: (bench: PurseBench, happened: boolean, mode: Mode) => Promise<void>;
}

const SELECT: Step = { name: "SELECT", say: ({ terminal }) => terminal.selectHex };

/** The answer of an earlier step, which every flow asks for only after it was given. */
function answerOf(answers: Answers, name: string): Bytes {
  return answers.get(name) ?? new Uint8Array(0);
}

async function walk(bench: PurseBench, steps: readonly Step[]): Promise<Answers> {
  const answers = new Map<string, Bytes>();
  for (const { name, say } of steps) {
    const said = say(bench, answers);
    const answer = await bench.bench.apdu(typeof said === "string" ? said : said.commandHex);
    if (typeof said !== "string") expectAnswer(answer, `${said.expectedHex}9000`, name);
    else if (name !== "TRIP") expectAnswer(answer, "*9000", name);
    answers.set(name, fromHex(answer.slice(0, -4)));
  }
  return answers;
}

/** A card as the flow wants it, with power and nothing selected. */
async function prepared(context: ConformanceContext, flow: Flow, mode: Mode): Promise<PurseBench> {
  const bench = new PurseBench(context, {
    profile: { logSeqMode: mode, ...flow.profile },
    card: { algorithm: flow.algorithm ?? "3des", purse: flow.purse, onlineSeq: SEQUENCE, offlineSeq: SEQUENCE },
  });
  await bench.select();
  await flow.before?.(bench);
  await bench.bench.reset();
  return bench;
}

async function runTorn(context: ConformanceContext, flow: Flow, torn: { readonly mode: Mode; readonly index: number; readonly at: TearPoint }): Promise<void> {
  const { mode, index, at } = torn;
  const bench = await prepared(context, flow, mode);
  const answers = await walk(bench, flow.steps.slice(0, index));
  const said = flow.steps[index]?.say(bench, answers) ?? "";
  await bench.torn(typeof said === "string" ? said : said.commandHex, at);
  await bench.reset();
  const happened = index === flow.steps.length - 1 && at === "after";
  await flow.verify(bench, happened, mode);
  if (happened) return;
  await bench.bench.reset();
  await walk(bench, flow.steps);
  await bench.reset();
  await flow.verify(bench, true, mode);
}

/** The card answers the last command of a flow by 6581: it has written, or it has not, and does not say which. */
async function runTroubled(context: ConformanceContext, flow: Flow, memoryTrouble: "written" | "not-written"): Promise<void> {
  const bench = await prepared(context, flow, "post");
  const answers = await walk(bench, flow.steps.slice(0, -1));
  bench.card.setFaults({ memoryTrouble });
  const said = flow.steps.at(-1)?.say(bench, answers) ?? "";
  await bench.expect(typeof said === "string" ? said : said.commandHex, "6581");
  await bench.reset();
  await flow.verify(bench, memoryTrouble === "written", "post");
}

function logged(mode: Mode, before: number): number {
  return mode === "pre" ? before : before + 1;
}

const proveSeqOrder = DEFAULT_CARD_PROFILE.proveSeqOrder;
const BOOKS: Readonly<Record<PurseName, number>> = { "e-passbook": 0x01, "e-purse": 0x02 };
const FULL = 10_000;
const PASSBOOK = { passbook: { balanceFen: FULL, onlineSeq: SEQUENCE, offlineSeq: SEQUENCE } };

function balanceOf(bench: PurseBench, purse: PurseName): number | undefined {
  return purse === "e-purse" ? bench.card.balanceFen : bench.passbookFen;
}

function loadFlow(purse: PurseName): Flow {
  const load = { p2: BOOKS[purse], amountFen: AMOUNT };
  return {
    prefix: purse === "e-purse" ? "LOD" : "LOD-ED",
    spec: "PBOC purse, load",
    title: `a load of the ${purse}`,
    tags: ["load", "proof", ...(purse === "e-purse" ? [] : (["passbook"] as const))],
    purse: PASSBOOK,
    steps: [
      SELECT,
      { name: "BALANCE", say: () => `805C000${load.p2}04` },
      { name: "INITIALIZE", say: ({ terminal }) => terminal.initializeHex("load", load) },
      { name: "CREDIT", say: ({ terminal }, answers) => terminal.credit(answerOf(answers, "INITIALIZE"), load) },
    ],
    verify: async (bench, happened, mode) => {
      expectEqual([balanceOf(bench, purse), bench.card.loads.length], happened ? [FULL + AMOUNT, 1] : [FULL, 0], "the card's balance and loads");
      const seq = logged(mode, SEQUENCE);
      await bench.expect(bench.terminal.proveHex(load.p2, seq), happened ? `........${bench.card.loads[0]?.tac}9000` : "9406");
      await bench.expect("00B201C417", happened ? "*9000" : "6a83");
      const intent = { ...WHEN, purse, amount: fen(AMOUNT), onlineSequence: SEQUENCE };
      const evidence = await proveLoad(await bench.channel(), { intent, keyIndex: 1, proveSeqOrder }, LIMITS);
      expectMatch(evidence, happened ? { kind: "loaded", proof: "log", logSequence: seq } : { kind: "not-loaded" }, "the terminal's judgement");
    },
  };
}

const PASSBOOK_SALE = { form: "purchase", p2: 0x01, amountFen: AMOUNT } as const;

const PASSBOOK_FLOW: Flow = {
  prefix: "EPD",
  spec: "PBOC purse, DEBIT FOR PURCHASE",
  title: "a purchase from the passbook",
  tags: ["purse", "passbook", "purchase", "proof", "pin"],
  purse: { ...PASSBOOK, pin: "123456" },
  steps: [
    SELECT,
    { name: "VERIFY", say: () => "0020000003123456" },
    { name: "INITIALIZE", say: ({ terminal }) => terminal.initializeHex("purchase", PASSBOOK_SALE) },
    { name: "DEBIT", say: ({ terminal }, answers) => terminal.debit(answerOf(answers, "INITIALIZE"), PASSBOOK_SALE) },
  ],
  verify: async (bench, happened, mode) => {
    expectEqual(
      [bench.passbookFen, bench.card.debits.length, bench.card.balanceFen],
      happened ? [FULL - AMOUNT, 1, FULL] : [FULL, 0, FULL],
      "the card's books",
    );
    await bench.expect("805C000104", "6982");
    const seq = logged(mode, SEQUENCE);
    await bench.expect(bench.terminal.proveHex(0x05, seq), happened ? `........${bench.card.debits[0]?.tac}9000` : "9406");
    const intent = { ...WHEN, type: 0x05, amount: fen(AMOUNT), cardSequence: SEQUENCE };
    const evidence = await proveSale(await bench.channel(), { intent, proveSeqOrder }, LIMITS);
    expectMatch(evidence, happened ? { kind: "debited", proof: "log" } : { kind: "not-debited" }, "the terminal's judgement");
  },
};

const TRIP = `04${"31".repeat(16)}${"00".repeat(31)}`;
const BUS = `2702${"32".repeat(126)}`;
const RAIL = `02${"33".repeat(47)}`;
const EARLIER_PLACE = { ...TEST_PLACE, terminalSeq: 800, time: "101000" };
const COMPOUND_SALE = { form: "compound", p2: 0x02, amountFen: AMOUNT } as const;

/** A compound purchase of the same amount a little earlier, which the card still proves. */
async function earlierPurchase(bench: PurseBench, code: boolean): Promise<void> {
  const earlier = new PurseTerminal(bench.bench.context.suite, bench.card.personalization, EARLIER_PLACE);
  const sale = { ...COMPOUND_SALE, ...(code ? { authenticationCode: await bench.ok("80CA000009") } : {}) };
  await bench.play(earlier.debit(await bench.ok(earlier.initializeHex("compound", sale)), sale));
}

interface CompoundScheme {
  readonly update: CompoundUpdate;
  /** READ RECORD of what the purchase writes, and what it answers before and after. */
  readonly records: readonly (readonly [command: string, before: string, after: string])[];
}

/** A record that is known to the byte. */
function exactly({ file, by, record, data }: CompoundUpdate): RecordWitness {
  return { file, by, record, length: data.length, isThis: (seen) => equalBytes(seen, data) };
}

function compoundFlow(flow: Pick<Flow, "prefix" | "spec" | "title" | "tags" | "purse" | "steps" | "before">, scheme: CompoundScheme): Flow {
  return {
    ...flow,
    verify: async (bench, happened, mode) => {
      const times = happened ? 2 : 1;
      expectEqual([bench.card.balanceFen, bench.card.debits.length], [FULL - times * AMOUNT, times], "the card's balance and debits");
      expectMatch(
        bench.card.debits.at(-1),
        { purse: "compound", terminalSeq: happened ? TEST_PLACE.terminalSeq : EARLIER_PLACE.terminalSeq },
        "the last debit",
      );
      for (const [command, before, after] of scheme.records) await bench.expect(command, happened ? after : before);
      const seq = logged(mode, SEQUENCE + times - 1);
      await bench.expect(bench.terminal.proveHex(0x09, seq), `........${bench.card.debits.at(-1)?.tac}9000`);
      const intent = { ...WHEN, type: 0x09, amount: fen(AMOUNT), cardSequence: SEQUENCE + 1 };
      const evidence = await proveCompound(await bench.channel(), { intent, proveSeqOrder, witness: exactly(scheme.update) }, LIMITS);
      expectMatch(evidence, happened ? { kind: "debited", proof: "log" } : { kind: "not-debited" }, "the terminal's judgement");
    },
  };
}

const UNION_FLOW = compoundFlow(
  {
    prefix: "CAP",
    spec: "PBOC purse, compound purchase",
    title: "a compound purchase",
    tags: ["compound", "transit", "proof", "3des"],
    purse: { transit: "t-union" },
    before: (bench) => earlierPurchase(bench, false),
    steps: [
      SELECT,
      { name: "EF15", say: () => "00B095001E" },
      { name: "TRIP", say: () => "00B201F430" },
      { name: "INITIALIZE", say: ({ terminal }) => terminal.initializeHex("compound", COMPOUND_SALE) },
      { name: "UPDATE-TRIP", say: () => ({ commandHex: `80DC00F030${TRIP}`, expectedHex: "" }) },
      { name: "UPDATE-BUS", say: () => ({ commandHex: `80DC27D080${BUS}`, expectedHex: "" }) },
      { name: "DEBIT", say: ({ terminal }, answers) => terminal.debit(answerOf(answers, "INITIALIZE"), COMPOUND_SALE) },
    ],
  },
  {
    update: { file: 0x1e, by: "identifier", record: 0x00, data: fromHex(TRIP) },
    records: [
      ["00B201F430", "6a83", `${TRIP}9000`],
      ["00B201D480", `2702${"00".repeat(126)}9000`, `${BUS}9000`],
    ],
  },
);

const HOUSING_FLOW = compoundFlow(
  {
    prefix: "CAP-HOUSING",
    spec: "CJ/T 166, compound purchase",
    title: "a compound purchase of the housing ministry's card",
    tags: ["compound", "transit", "proof", "profile:cappAuthSuffix=byApplication"],
    purse: { transit: "housing" },
    before: (bench) => earlierPurchase(bench, true),
    steps: [
      SELECT,
      { name: "CODE", say: () => "80CA000009" },
      { name: "INITIALIZE", say: ({ terminal }) => terminal.initializeHex("compound", COMPOUND_SALE) },
      { name: "UPDATE-RAIL", say: () => ({ commandHex: `80DC02B830${RAIL}`, expectedHex: "" }) },
      {
        name: "DEBIT",
        say: ({ terminal }, answers) => terminal.debit(answerOf(answers, "INITIALIZE"), { ...COMPOUND_SALE, authenticationCode: answerOf(answers, "CODE") }),
      },
    ],
  },
  {
    update: { file: 0x17, by: "identifier", record: 0x02, data: fromHex(RAIL) },
    records: [["00B202B830", `02${"00".repeat(47)}9000`, `${RAIL}9000`]],
  },
);

const GREY = { greyLock: true } as const;
const LOCK_FREE = `00${"..".repeat(29)}9000`;
const LOCK_HELD = `0192${"..".repeat(28)}9000`;
const GREY_INTENT = { ...WHEN, purse: "e-purse", sequence: SEQUENCE } as const;

type GreyTags = Pick<Flow, "profile" | "modes" | "tags">;

function lockFlow(prefix: string, more: GreyTags): Flow {
  return {
    prefix,
    spec: "PBOC purse, grey lock",
    title: "a grey lock",
    purse: GREY,
    ...more,
    steps: [
      SELECT,
      { name: "INITIALIZE", say: ({ terminal }) => terminal.initializeGreyHex("lock", 2) },
      { name: "LOCK", say: ({ terminal }, answers) => terminal.greyLock(answerOf(answers, "INITIALIZE"), 2) },
    ],
    verify: async (bench, happened, mode) => {
      expectEqual([bench.card.offlineSeq, bench.card.balanceFen, bench.card.debits.length], [happened ? SEQUENCE + 1 : SEQUENCE, FULL, 0], "the card's books");
      await bench.expect("E0CA00001E", happened ? LOCK_HELD : LOCK_FREE);
      await bench.expect(bench.terminal.proveHex(0x92, logged(mode, SEQUENCE)), happened ? "*9000" : "9406");
      await bench.expect("805001020B01000000009901000000010F", happened ? "6985" : "*9000");
      const evidence = await proveGreyLock(await bench.channel(), { intent: GREY_INTENT, keyIndex: 1, proveSeqOrder }, LIMITS);
      expectMatch(evidence, { kind: happened ? "locked" : "not-locked" }, "the terminal's judgement");
    },
  };
}

/** The code that takes an amount is made when the card is locked, and outlives every tear. */
function debitFlow(): Flow {
  const codes = new WeakMap<PurseBench, (amountFen: number) => Bytes>();
  const gmac = (bench: PurseBench): Bytes => codes.get(bench)?.(AMOUNT) ?? new Uint8Array(4);
  return {
    prefix: "GRY-DEBIT",
    spec: "PBOC purse, DEBIT FOR UNLOCK",
    title: "the debit that ends a grey lock",
    tags: ["grey-lock", "proof", "profile:greyLockLc=sum"],
    purse: GREY,
    before: async (bench) => {
      codes.set(bench, await bench.lock(2));
    },
    steps: [
      SELECT,
      { name: "LOCK-PROOF", say: () => "E0CA00001E" },
      {
        name: "DEBIT",
        say: (bench) => bench.terminal.greyDebit(gmac(bench), { p2: 2, amountFen: AMOUNT, cardSeq: SEQUENCE + 1, terminalSeq: TEST_PLACE.terminalSeq + 1 }),
      },
    ],
    verify: async (bench, happened, mode) => {
      expectEqual([bench.card.balanceFen, bench.card.debits.length], happened ? [FULL - AMOUNT, 1] : [FULL, 0], "the card's balance and debits");
      await bench.expect("E0CA00001E", happened ? `10${"..".repeat(29)}9000` : LOCK_HELD);
      await bench.expect(bench.terminal.proveHex(0x94, logged(mode, SEQUENCE + 1)), happened ? `........${bench.card.debits[0]?.tac}9000` : "9406");
      const intent = { ...GREY_INTENT, amount: fen(AMOUNT) };
      const evidence = await proveGreyDebit(await bench.channel(), { intent, keyIndex: 1, proveSeqOrder }, LIMITS);
      expectMatch(evidence, { kind: happened ? "done" : "still-locked" }, "the terminal's judgement");
    },
  };
}

function unlockFlow(prefix: string, more: GreyTags): Flow {
  const unlock = { p2: 2, amountFen: AMOUNT };
  return {
    prefix,
    spec: "PBOC purse, GREY UNLOCK",
    title: "a host's unlock of a grey lock",
    purse: GREY,
    ...more,
    before: async (bench) => {
      await bench.lock(2);
    },
    steps: [
      SELECT,
      { name: "INITIALIZE", say: ({ terminal }) => terminal.initializeGreyHex("unlock", 2) },
      { name: "UNLOCK", say: ({ terminal }, answers) => terminal.greyUnlock(answerOf(answers, "INITIALIZE"), unlock) },
    ],
    verify: async (bench, happened, mode) => {
      expectEqual([bench.card.balanceFen, bench.card.debits.length], happened ? [FULL - AMOUNT, 1] : [FULL, 0], "the card's balance and debits");
      await bench.expect("E0CA00001E", happened ? `10${"..".repeat(29)}9000` : LOCK_HELD);
      await bench.expect(bench.terminal.proveHex(0x96, logged(mode, SEQUENCE)), happened ? `........${bench.card.debits[0]?.tac}9000` : "9406");
      const intent = { ...GREY_INTENT, amount: fen(AMOUNT) };
      const evidence = await proveGreyUnlock(await bench.channel(), { intent, keyIndex: 1, proveSeqOrder }, LIMITS);
      expectMatch(evidence, { kind: happened ? "done" : "still-locked" }, "the terminal's judgement");
    },
  };
}

const SUM: GreyTags = { tags: ["grey-lock", "proof", "profile:greyLockLc=sum"], profile: { greyLockLc: "sum" } };
const MANUAL: GreyTags = { tags: ["grey-lock", "proof", "profile:greyLockLc=manual"], profile: { greyLockLc: "manual" }, modes: ["post"] };

const FLOWS: readonly Flow[] = [
  loadFlow("e-purse"),
  loadFlow("e-passbook"),
  PASSBOOK_FLOW,
  UNION_FLOW,
  HOUSING_FLOW,
  lockFlow("GRY-LOCK", SUM),
  lockFlow("GRY-LOCK-MANUAL", MANUAL),
  debitFlow(),
  unlockFlow("GRY-UNLOCK", SUM),
  unlockFlow("GRY-UNLOCK-MANUAL", MANUAL),
];

const TORN: readonly ConformanceCase[] = FLOWS.flatMap((flow) =>
  (flow.modes ?? MODES).flatMap((mode) =>
    flow.steps.flatMap(({ name }, index) =>
      POINTS.map(
        (at): ConformanceCase => ({
          id: `${flow.prefix}-TORN-${mode}-${name}-${at}`.toUpperCase(),
          spec: flow.spec,
          title: `${flow.title} torn ${at} ${name}, log sequence ${mode}: done once, and the terminal knows`,
          tags: ["torn", mode, `profile:logSeqMode=${mode}`, ...flow.tags],
          run: (context) => runTorn(context, flow, { mode, index, at }),
        }),
      ),
    ),
  ),
);

const TROUBLED: readonly ConformanceCase[] = FLOWS.flatMap((flow) =>
  (["written", "not-written"] as const).map(
    (trouble): ConformanceCase => ({
      id: `${flow.prefix}-MEMORY-${trouble}`.toUpperCase(),
      spec: flow.spec,
      title: `${flow.title} answered by 6581 leaves the matter open, and the card's evidence says: ${trouble}`,
      tags: ["negative", "post", "profile:logSeqMode=post", ...flow.tags],
      run: (context) => runTroubled(context, flow, trouble),
    }),
  ),
);

export const PURSE_TORN_CASES: readonly ConformanceCase[] = [...TORN, ...TROUBLED];
