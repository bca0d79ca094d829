/* Wrong cards and changed cards: refused early and by name, and never debited in the place of another. */
import { fromHex } from "../../../device/base/bytes.ts";
import { isFault } from "../../../device/base/fault.ts";
import { chooseApplication } from "../../../device/card/applications/choose.ts";
import { type CardSight, lookAgain, sameCard } from "../../../device/card/applications/same-card.ts";
import { type SurveyOptions, surveyCard, wrongCardOfFault } from "../../../device/card/applications/survey.ts";
import type { ApplicationKind } from "../../../device/card/applications/types.ts";
import { DEFAULT_PURSE_APPLICATIONS, debitPurchase, selectPurse } from "../../../device/card/purse/commands.ts";
import type { CardChannel } from "../../../device/drivers/ports.ts";
import { OtherCard, type OtherCardOptions } from "../../card/other-card.ts";
import { CardBench, type CardBenchOptions, LIMITS } from "../card-bench.ts";
import type { ConformanceContext } from "../context.ts";
import { expectEqual, expectFault, expectMatch, expectTrue } from "../expect.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const SELECT = "ISO/IEC 7816-4, SELECT";
const STORAGE = "PC/SC 3, storage cards";
const EVERYTHING: readonly ApplicationKind[] = ["social", "transit", "purse", "electronic-cash"];
const PROCESSOR_CARD = "3b8580018073c821100e";
const SALE = { amountFen: 450, time: "120000" };

function options(bench: CardBench, change: Partial<SurveyOptions> = {}): SurveyOptions {
  return {
    wanted: EVERYTHING,
    depth: "all",
    interface: bench.reader.interface,
    profile: bench.profile,
    purseApplications: DEFAULT_PURSE_APPLICATIONS,
    ...change,
  };
}

interface Refusal {
  readonly id: string;
  readonly spec: string;
  readonly title: string;
  readonly card: OtherCardOptions;
  readonly wanted?: readonly ApplicationKind[];
  readonly expected: Readonly<Record<string, string>>;
  /** Commands that the card sees at most. */
  readonly commandsMax: number;
}

function storage(standard: string, name: string): OtherCardOptions {
  return { atrHex: `3b8f8001804f0ca000000306${standard}${name}0000000068` };
}

const REFUSALS: readonly Refusal[] = [
  {
    id: "WRC-001",
    spec: STORAGE,
    title: "a MIFARE Classic card is refused without a command",
    card: storage("03", "0001"),
    expected: { reason: "storage-card", model: "mifare-classic-1k" },
    commandsMax: 0,
  },
  {
    id: "WRC-002",
    spec: STORAGE,
    title: "a MIFARE Classic card of 4 KB too",
    card: storage("03", "0002"),
    expected: { reason: "storage-card", model: "mifare-classic-4k" },
    commandsMax: 0,
  },
  {
    id: "WRC-003",
    spec: STORAGE,
    title: "an Ultralight ticket is refused without a command",
    card: storage("03", "0003"),
    expected: { reason: "storage-card", model: "mifare-ultralight" },
    commandsMax: 0,
  },
  {
    id: "WRC-004",
    spec: STORAGE,
    title: "a FeliCa card is refused without a command",
    card: storage("11", "003b"),
    expected: { reason: "storage-card", model: "felica" },
    commandsMax: 0,
  },
  {
    id: "WRC-005",
    spec: STORAGE,
    title: "a storage card of an unknown name is one all the same",
    card: storage("03", "ffee"),
    expected: { reason: "storage-card", model: "other" },
    commandsMax: 0,
  },
  {
    id: "WRC-006",
    spec: STORAGE,
    title: "an identity card is told by its radio type",
    card: storage("07", "0000"),
    expected: { reason: "identity-card" },
    commandsMax: 0,
  },
  {
    id: "WRC-007",
    spec: "PC/SC 3, ATR of contactless cards",
    title: "an identity card is told by its application data",
    card: { atrHex: "3b888001d103860c008080002b" },
    expected: { reason: "identity-card" },
    commandsMax: 0,
  },
  {
    id: "WRC-008",
    spec: "JR/T 0025, application selection",
    title: "a foreign card is told by its directory",
    card: { atrHex: PROCESSOR_CARD, names: ["a0000000031010"], listsNames: true },
    expected: { reason: "foreign-card", scheme: "visa" },
    commandsMax: 10,
  },
  {
    id: "WRC-009",
    spec: SELECT,
    title: "a foreign card without a directory is told by its name",
    card: { atrHex: PROCESSOR_CARD, names: ["a0000000041010"] },
    expected: { reason: "foreign-card", scheme: "mastercard" },
    commandsMax: 12,
  },
  {
    id: "WRC-010",
    spec: "JR/T 0025, application selection",
    title: "a foreign scheme without a name here is foreign all the same",
    card: { atrHex: PROCESSOR_CARD, names: ["a0000006581010"], listsNames: true },
    expected: { reason: "foreign-card", scheme: "other" },
    commandsMax: 10,
  },
  {
    id: "WRC-011",
    spec: SELECT,
    title: "a card on which nothing is known is unknown",
    card: { atrHex: PROCESSOR_CARD },
    expected: { reason: "unknown-card" },
    commandsMax: 15,
  },
  {
    id: "WRC-012",
    spec: "JR/T 0025, application selection",
    title: "a domestic bank card has no identity",
    card: { atrHex: PROCESSOR_CARD, names: ["a000000333010101"], listsNames: true },
    wanted: ["social"],
    expected: { reason: "application-missing" },
    commandsMax: 2,
  },
  {
    id: "WRC-013",
    spec: SELECT,
    title: "a transit card has no identity, and is no foreign card",
    card: { atrHex: PROCESSOR_CARD, names: ["7378312e73682ec9e7bbe1b1a3d5cf"] },
    wanted: ["transit"],
    expected: { reason: "application-missing" },
    commandsMax: 4,
  },
];

const REFUSED: readonly ConformanceCase[] = REFUSALS.map(({ id, spec, title, card, wanted, expected, commandsMax }) => ({
  id,
  spec,
  title,
  tags: ["selection", "negative"],
  precondition: `answer to reset ${card.atrHex}, applications ${card.names?.join(" ") ?? "none"}`,
  run: async (context) => {
    const other = new OtherCard(card);
    const bench = new CardBench(context, { instead: other });
    const result = await surveyCard(await bench.channel(), options(bench, wanted === undefined ? {} : { wanted }), LIMITS);
    expectEqual(result, { kind: "refused", ...expected }, "the survey");
    expectTrue(other.commands <= commandsMax, `at most ${commandsMax} commands, but ${other.commands} were sent`);
    bench.reader.swap(context.inserted(bench.card, "card"));
    await expectTaken(bench, await bench.reader.waitForCard(LIMITS));
  },
}));

/** A card of ours is taken as if no wrong one had been there. */
async function expectTaken(bench: CardBench, channel: CardChannel): Promise<void> {
  const survey = await surveyCard(channel, options(bench, { wanted: ["purse"], depth: "first" }), LIMITS);
  expectMatch(survey, { kind: "ok", selected: "a000000632010105" }, "the survey of a card of ours");
}

interface Survey {
  readonly id: string;
  readonly spec: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  readonly bench: CardBenchOptions;
  readonly change?: Partial<SurveyOptions>;
  readonly expected: Readonly<Record<string, unknown>>;
  readonly need: readonly ApplicationKind[];
  readonly chosen: Readonly<Record<string, unknown>>;
}

const SURVEYS: readonly Survey[] = [
  {
    id: "WRC-020",
    spec: SELECT,
    title: "identity and purse of one card are both found, and the need chooses",
    tags: ["selection", "social", "purse"],
    bench: {},
    change: { wanted: ["social", "purse"] },
    expected: { kind: "ok" },
    need: ["purse", "social"],
    chosen: { kind: "chosen", as: "purse" },
  },
  {
    id: "WRC-021",
    spec: SELECT,
    title: "the first usable application is the selected one",
    tags: ["selection", "social"],
    bench: {},
    change: { depth: "first" },
    expected: { kind: "ok", selected: "7378312e73682ec9e7bbe1b1a3d5cf" },
    need: ["social"],
    chosen: { kind: "chosen", as: "social", isSelected: true },
  },
  {
    id: "WRC-022",
    spec: "JT/T 978, selection",
    title: "a transit account is a purse as well",
    tags: ["selection", "transit"],
    bench: { card: { purse: { transit: "t-union" } } },
    change: { wanted: ["transit"] },
    expected: { kind: "ok" },
    need: ["purse"],
    chosen: { kind: "chosen", as: "purse" },
  },
  {
    id: "WRC-023",
    spec: "CJ/T 166, selection",
    title: "the housing ministry's account is found by the profile's last name",
    tags: ["selection", "transit"],
    bench: { card: { purse: { transit: "housing" } } },
    change: { wanted: ["transit"], depth: "first" },
    expected: { kind: "ok", selected: "a00000000386980701" },
    need: ["transit"],
    chosen: { kind: "chosen", as: "transit", isSelected: true },
  },
  {
    id: "WRC-024",
    spec: "LD/T 32.7, SELECT",
    title: "a blocked purse is named as blocked",
    tags: ["selection", "purse", "negative"],
    bench: { card: { faults: { blocked: "purse" } } },
    change: { wanted: ["purse"] },
    expected: { kind: "ok" },
    need: ["purse"],
    chosen: { kind: "refused", reason: "application-blocked" },
  },
  {
    id: "WRC-025",
    spec: "LD/T 32.7, SELECT",
    title: "what a card does not have is missing, not blocked",
    tags: ["selection", "negative"],
    bench: { card: { faults: { blocked: "social" } } },
    change: { wanted: ["social"] },
    expected: { kind: "ok" },
    need: ["transit"],
    chosen: { kind: "refused", reason: "application-missing" },
  },
];

const SURVEYED: readonly ConformanceCase[] = SURVEYS.map(({ id, spec, title, tags, bench: made, change, expected, need, chosen }) => ({
  id,
  spec,
  title,
  tags,
  run: async (context) => {
    const bench = new CardBench(context, made);
    const survey = await surveyCard(await bench.channel(), options(bench, change), LIMITS);
    expectMatch(survey, expected, "the survey");
    if (survey.kind === "ok") expectMatch(chooseApplication(survey, need), chosen, "the choice");
  },
}));

async function sightOf(bench: CardBench): Promise<CardSight> {
  const channel = await bench.channel();
  const selected = await selectPurse(channel, DEFAULT_PURSE_APPLICATIONS, LIMITS);
  const purse = await bench.openPurse();
  return { insertion: channel.insertion, applicationId: selected.kind === "ok" ? selected.applicationId : "", serial: purse.serial };
}

function another(context: ConformanceContext) {
  return context.card({ serial: 7_000_001 });
}

const CHANGED: readonly ConformanceCase[] = [
  {
    id: "WRC-030",
    spec: "LD/T 32.7, SELECT",
    title: "a blocked card is refused at the first SELECT",
    tags: ["selection", "negative"],
    run: async (context) => {
      const bench = new CardBench(context, { card: { faults: { blocked: "card" } } });
      expectEqual(await surveyCard(await bench.channel(), options(bench), LIMITS), { kind: "refused", reason: "card-blocked" }, "the survey");
    },
  },
  {
    id: "WRC-031",
    spec: "ISO/IEC 14443-4, anticollision",
    title: "two cards in the field are named where the reader can tell",
    tags: ["transport", "negative"],
    run: async (context) => {
      const bench = new CardBench(context);
      bench.reader.crowd([another(context)]);
      const fault = await bench.channel().then(
        () => undefined,
        (error: unknown) => error,
      );
      expectTrue(isFault(fault), "the reader gives no card");
      expectEqual(wrongCardOfFault(fault), { reason: "more-than-one-card" }, "the reason");
      bench.reader.crowd([]);
      await expectTaken(bench, await bench.channel());
    },
  },
  {
    id: "WRC-032",
    spec: "PBOC purse, EF15",
    title: "the same card is the same when it is looked at again",
    tags: ["purse"],
    run: async (context) => {
      const bench = new CardBench(context);
      const sight = await sightOf(bench);
      expectEqual(await lookAgain(await bench.channel(), sight, LIMITS), "same", "the second look");
    },
  },
  {
    id: "WRC-033",
    spec: "PBOC purse, EF15",
    title: "a card that was away counts as inserted again",
    tags: ["purse"],
    run: async (context) => {
      const bench = new CardBench(context);
      const sight = await sightOf(bench);
      const channel = await bench.reset();
      expectEqual(await lookAgain(channel, sight, LIMITS), "away-between", "the look on the new channel");
      expectEqual(sameCard(sight, await sightOf(bench)), "inserted-again", "both sights");
    },
  },
  {
    id: "WRC-034",
    spec: "PBOC purse, DEBIT FOR PURCHASE",
    title: "a card changed after SELECT gets no command of the old dialogue",
    tags: ["purse", "negative"],
    run: async (context) => {
      const bench = new CardBench(context);
      const sight = await sightOf(bench);
      const other = another(context);
      const channel = await bench.channel();
      bench.reader.swap(context.inserted(other, "card"));
      await expectFault(lookAgain(channel, sight, LIMITS), { code: "card-changed", effectUnknown: false }, "the old channel");
      expectEqual(other.debits.length, 0, "debits of the other card");
    },
  },
  {
    id: "WRC-035",
    spec: "PBOC purse, DEBIT FOR PURCHASE",
    title: "a card changed after INITIALIZE is not debited with the old card's MAC1",
    tags: ["purse", "purchase", "negative"],
    run: async (context) => {
      const bench = new CardBench(context);
      const { completion } = await bench.begin(SALE);
      const other = another(context);
      const channel = await bench.channel();
      bench.reader.swap(context.inserted(other, "card"));
      await expectFault(debitPurchase(channel, completion, LIMITS), { code: "card-changed", effectUnknown: false }, "the old channel");
      expectEqual([bench.card.debits.length, other.debits.length], [0, 0], "debits of both cards");
    },
  },
  {
    id: "WRC-036",
    spec: "PBOC purse, MAC1",
    title: "another card that was opened for the same sale refuses the first card's MAC1",
    tags: ["purse", "purchase", "negative"],
    run: async (context) => {
      const first = new CardBench(context);
      const second = new CardBench(context, { ready: another(context) });
      const { completion } = await first.begin(SALE);
      await second.begin(SALE);
      const answer = await debitPurchase(await second.channel(), { ...completion, terminalSequence: completion.terminalSequence }, LIMITS);
      expectEqual(answer, { kind: "refused", statusWord: 0x9302 }, "the debit");
      expectEqual([first.card.debits.length, second.card.debits.length], [0, 0], "debits of both cards");
    },
  },
  {
    id: "WRC-037",
    spec: "PBOC purse, EF15",
    title: "a card changed behind the reader's back has nothing selected",
    tags: ["purse", "negative"],
    run: async (context) => {
      const first = new CardBench(context);
      const second = new CardBench(context, { ready: another(context) });
      const sight = await sightOf(first);
      const hidden = await second.channel();
      // The reader calls it the same insertion, as one would that does not notice.
      const channel = { atr: hidden.atr, insertion: sight.insertion, transmit: hidden.transmit.bind(hidden), close: hidden.close.bind(hidden) };
      expectEqual(await lookAgain(channel, sight, LIMITS), "another-card", "the second look");
    },
  },
  {
    id: "WRC-038",
    spec: "PBOC purse, EF15",
    title: "a card changed behind the reader's back is told by its serial number",
    tags: ["purse", "negative"],
    run: async (context) => {
      const first = new CardBench(context);
      const second = new CardBench(context, { ready: another(context) });
      const sight = await sightOf(first);
      await sightOf(second);
      const hidden = await second.channel();
      const channel = { atr: fromHex(""), insertion: sight.insertion, transmit: hidden.transmit.bind(hidden), close: hidden.close.bind(hidden) };
      expectEqual(await lookAgain(channel, sight, LIMITS), "another-card", "the second look");
    },
  },
];

export const WRONG_CARD_CASES: readonly ConformanceCase[] = [...REFUSED, ...SURVEYED, ...CHANGED];
