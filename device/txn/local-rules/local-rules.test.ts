/* Local rules: each row looked at before it counts, each discount exact to the fen, each refusal with its words, each count from the journal alone. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { fen } from "../../base/fen.ts";
import { openTestJournal } from "../journal/testing.ts";
import type { JsonObject, RecordState } from "../journal/types.ts";
import { applyLocalRules, holdsOn, ridesAs, ruleOn } from "./apply.ts";
import { openLocalRules } from "./open.ts";
import { openCardTallies, type TalliedCard } from "./tallies.ts";
import type { CardTally, LocalRule } from "./types.ts";
import { validateLocalRules } from "./validate.ts";

const FROM = { validFrom: "20260101" };
const STATEMENT: LocalRule = { kind: "statement", name: "print after 60", ...FROM, limit: 60, warnFrom: 55 };
const CAP: LocalRule = { kind: "daily-cap", name: "day", ...FROM, amountFen: 100_000, count: 20 };
const TENTH: LocalRule = { kind: "merchant-discount", name: "nine tenths", ...FROM, merchants: ["M1"], numerator: 9, denominator: 10 };
const THIRD: LocalRule = { kind: "merchant-discount", name: "two thirds", ...FROM, merchants: ["M1"], numerator: 2, denominator: 3, discountMaxFen: 500 };
const FARE: LocalRule = { kind: "fare-concession", name: "as transit card", ...FROM, issuers: ["629999"], asCardType: 3 };
const DEPOSIT: LocalRule = { kind: "library-deposit", name: "deposit", ...FROM, depositFen: 10_000 };
const ALL = [STATEMENT, CAP, TENTH, FARE, DEPOSIT];
const tally = (more: Partial<CardTally> = {}): CardTally => ({ sinceStatement: 0, todayCount: 0, todayFen: 0, ...more });
const sale = (amount: number, more = {}) => ({ amount: fen(amount), pays: "goods" as const, merchant: "M1", today: "20260601", ...more });

describe("the validator", () => {
  it("takes rules that are right", () => {
    expect(validateLocalRules(ALL)).toEqual({ ok: true, rules: ALL });
  });

  it.each([
    [{ ...STATEMENT, limit: 0 }, "limit is a number of sales"],
    [{ ...STATEMENT, warnFrom: 61 }, "the warning comes before the limit"],
    [{ ...STATEMENT, validFrom: "20260230" }, "validFrom is no day"],
    [{ ...STATEMENT, validTo: "20251231" }, "ends before it begins"],
    [{ ...STATEMENT, name: " " }, "a rule has a name"],
    [{ kind: "daily-cap", name: "c", ...FROM }, "caps neither amount nor count"],
    [{ ...CAP, amountFen: 0.5 }, "amountFen is an amount"],
    [{ ...TENTH, merchants: [] }, "names no merchant"],
    [{ ...TENTH, numerator: 10 }, "the ratio lies between 0 and 1"],
    [{ ...TENTH, denominator: 0 }, "the ratio lies between 0 and 1"],
    [{ ...FARE, issuers: [] }, "issuers are hexadecimal"],
    [{ ...FARE, issuers: ["6299x9"] }, "issuers are hexadecimal"],
    [{ ...FARE, asCardType: 256 }, "asCardType is a card type"],
    [{ ...DEPOSIT, depositFen: 0 }, "depositFen is an amount"],
  ] as readonly (readonly [LocalRule, string])[])("names the row of %o", (rule, problem) => {
    const check = validateLocalRules([TENTH, rule]);
    expect(check.ok ? [] : check.problems.filter((each) => each.startsWith("row 2"))).toContainEqual(expect.stringContaining(problem));
  });

  it("two rules that say two things on one day are refused; one after the other they are not", () => {
    const later: LocalRule = { ...STATEMENT, name: "later", validFrom: "20270101" };
    expect(validateLocalRules([STATEMENT, later])).toMatchObject({ ok: false, problems: ["row 2 (later): print after 60 holds on the same days"] });
    expect(validateLocalRules([{ ...STATEMENT, validTo: "20261231" }, later]).ok).toBe(true);
    expect(validateLocalRules([TENTH, TENTH])).toMatchObject({ ok: false, problems: ["row 2 (nine tenths): another rule has this name"] });
    expect(validateLocalRules([TENTH, THIRD]).ok).toBe(true);
  });
});

describe("a sale under local rules", () => {
  it.each([
    [0, undefined],
    [54, undefined],
    [55, 4],
    [59, 0],
  ])("after %i sales: warned with %s left", (sinceStatement, salesLeft) => {
    const outcome = applyLocalRules(sale(100, { card: tally({ sinceStatement }), merchant: "M9" }), [STATEMENT]);
    expect(outcome.kind === "sale" ? outcome.warning?.salesLeft : outcome).toBe(salesLeft);
  });

  it("the sixty-first waits for the statement, at the bank", () => {
    expect(applyLocalRules(sale(100, { card: tally({ sinceStatement: 60 }) }), ALL)).toMatchObject({
      kind: "refused",
      reason: "statement-due",
      rule: "print after 60",
      office: "bank",
    });
  });

  it.each([
    [1_000, [TENTH], 900],
    [999, [TENTH], 900],
    [1, [TENTH], 1],
    [1_000, [THIRD], 667],
    [3_000, [THIRD], 2_500],
    [1_000, [TENTH, THIRD], 667],
    [100_000, [TENTH, THIRD], 90_000],
  ] as const)("%i fen under %o: %i are paid", (amount, rules, paid) => {
    expect(applyLocalRules(sale(amount), rules)).toMatchObject({ kind: "sale", amount: paid, discount: amount - paid });
  });

  it("a merchant without an agreement gives none", () => {
    expect(applyLocalRules(sale(1_000, { merchant: "M2" }), ALL)).toEqual({ kind: "sale", amount: 1_000, discount: 0, rules: [] });
  });

  it("a part of a larger bill is paid as it is", () => {
    expect(applyLocalRules(sale(1_000, { pays: undefined }), [TENTH])).toMatchObject({ amount: 1_000, discount: 0, rules: [] });
  });

  it.each([
    [10_000, [TENTH, DEPOSIT], { kind: "sale", amount: 10_000, discount: 0 }],
    [9_999, [DEPOSIT], { kind: "refused", reason: "deposit-amount-differs" }],
    [10_000, [TENTH], { kind: "refused", reason: "deposit-not-taken" }],
    [10_000, [{ ...DEPOSIT, validTo: "20260531" }], { kind: "refused", reason: "deposit-not-taken" }],
  ] as readonly (readonly [number, readonly LocalRule[], object])[])("a deposit of %i under %o", (amount, rules, expected) => {
    expect(applyLocalRules(sale(amount, { pays: "library-deposit" }), rules)).toMatchObject(expected);
  });

  it("nobody's card is stopped for a statement that nobody could print", () => {
    expect(applyLocalRules(sale(100, { card: { todayCount: 0, todayFen: 0 } }), [STATEMENT])).toMatchObject({ kind: "sale" });
  });

  it("a card of an issuer rides as the card type of the day's rule", () => {
    const later: LocalRule = { ...FARE, name: "later", validFrom: "20270101", asCardType: 5 } as LocalRule;
    const rules = [{ ...FARE, validTo: "20261231" }, later];
    const days = ["20251231", "20261231", "20270101"];
    expect(days.map((day) => ridesAs(rules, { issuer: "629999", day }))).toEqual([undefined, 3, 5]);
    expect(ridesAs(rules, { issuer: "629998", day: "20270101" })).toBeUndefined();
  });

  it("any discount is exact: what is paid is the ratio, rounded up by less than one fen", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 99_999_999 }),
        fc.integer({ min: 2, max: 10_000 }),
        fc.integer({ min: 1, max: 9_999 }),
        fc.option(fc.integer({ min: 1, max: 99_999_999 }), { nil: undefined }),
        (amount, denominator, part, discountMaxFen) => {
          const numerator = 1 + (part % (denominator - 1));
          const rule = { ...(TENTH as Extract<LocalRule, { kind: "merchant-discount" }>), numerator, denominator };
          const outcome = applyLocalRules(sale(amount), [{ ...rule, ...(discountMaxFen === undefined ? {} : { discountMaxFen }) }]);
          if (outcome.kind !== "sale") throw new Error("a discount refuses nothing");
          expect(outcome.amount + outcome.discount).toBe(amount);
          expect(outcome.discount).toBeGreaterThanOrEqual(0);
          expect(amount === 0 ? outcome.amount === 0 : outcome.amount > 0).toBe(true);
          expect(outcome.discount).toBeLessThanOrEqual(discountMaxFen ?? amount);
          if (outcome.discount === discountMaxFen) return;
          const over = BigInt(outcome.amount) * BigInt(denominator) - BigInt(amount) * BigInt(numerator);
          expect(over >= 0n && over < BigInt(denominator)).toBe(true);
        },
      ),
    );
  });

  it.each([
    [{ todayCount: 20 }, 1, "daily-count-reached"],
    [{ todayFen: 99_900 }, 112, "daily-amount-reached"],
    [{ todayFen: 99_900 }, 111, undefined],
  ])("with %o, %i fen more: %s", (card, amount, reason) => {
    const outcome = applyLocalRules(sale(amount, { card: tally(card) }), [CAP, TENTH]);
    expect(outcome.kind === "refused" ? outcome.reason : undefined).toBe(reason);
  });

  it("a rule holds from its first to its last day", () => {
    const rule = { ...TENTH, validTo: "20260630" };
    expect(["20251231", "20260101", "20260630", "20260701"].map((day) => holdsOn(rule, day))).toEqual([false, true, true, false]);
    expect(applyLocalRules(sale(1_000, { today: "20260701" }), [rule])).toMatchObject({ amount: 1_000 });
    expect(["20251231", "20260101"].map((day) => ruleOn(ALL, "library-deposit", day)?.depositFen)).toEqual([undefined, 10_000]);
  });
});

describe("the rules of one terminal", () => {
  const clock = { wallMs: () => Date.UTC(2026, 5, 1, 4) };

  it("know merchant, day and what the card has done today", async () => {
    const asked: string[] = [];
    const tallies = {
      of: async ({ keys }: TalliedCard, today: string) => {
        asked.push(`${keys.join()} ${today}`);
        return tally({ todayCount: 20 });
      },
    };
    const { rule } = openLocalRules({ rules: ALL, tallies, clock, merchant: "M1" });
    expect(await rule({ amount: fen(1_000), pays: "goods" })).toMatchObject({ kind: "sale", amount: 900 });
    expect(await rule({ amount: fen(1_000), card: { keys: ["C1"] } })).toMatchObject({ kind: "refused", reason: "daily-count-reached" });
    expect(asked).toEqual(["C1 20260601"]);
  });
});

describe("the count of a card", () => {
  it("is a function of the journal over all its purses, begins anew by the issuer's word alone, and outlives a restart", async () => {
    const clock = new VirtualClock(Date.UTC(2026, 5, 1, 4));
    const disk = new SimulatedJournalDisk();
    const open = () => clock.resolve(openTestJournal({ store: disk.open(), clock, randomness: new SeededRandomness(`tally ${disk.incarnation}`) }));
    const journal = await open();
    const before = await clock.resolve(openCardTallies(journal, 4));
    const trade = async (card: string, state: "done" | "void" = "done") => {
      const draft = { kind: "quick-payment", amount: fen(250), card, detail: {} } as const;
      const { subject } = await clock.resolve(journal.append({ ...draft, state: "prepared" }));
      await clock.resolve(journal.append({ ...draft, subject, state }));
    };
    const holder = journal.cardKey("N1");
    const keys = (...purses: readonly string[]) => ["N1", ...purses].map((name) => journal.cardKey(name));
    await trade("P1");
    await trade("P1", "void");
    await trade("P2");
    const known = { keys: keys("P1"), holder };
    const both = { keys: keys("P1", "P2", "P1"), holder };
    expect(await before.of(known, "20260601")).toEqual({ sinceStatement: 1, todayCount: 1, todayFen: 250 });
    expect(await before.of(both, "20260601")).toEqual({ sinceStatement: 2, todayCount: 2, todayFen: 500 });
    expect(await before.of({ keys: keys("P1") }, "20260601")).toEqual({ todayCount: 1, todayFen: 250 });
    await before.liftedByIssuer(holder);
    // A purse that becomes known to be on the card only now begins anew with it.
    expect(await before.of(both, "20260601")).toMatchObject({ sinceStatement: 0 });
    await trade("P2");
    expect([await before.of(both, "20260602"), await before.of({ keys: keys("P9"), holder: journal.cardKey("N9") }, "20260601")]).toEqual([
      { sinceStatement: 1, todayCount: 0, todayFen: 0 },
      { sinceStatement: 0, todayCount: 0, todayFen: 0 },
    ]);
    await clock.resolve(journal.close());
    const again = await open();
    const reopened = await clock.resolve(openCardTallies(again, 4));
    expect(await reopened.of(both, "20260601")).toEqual({ sinceStatement: 1, todayCount: 3, todayFen: 750 });
  });

  it("has what nobody can decide yet in it, until it is decided, and begins anew behind the issuer's word with it too", async () => {
    const clock = new VirtualClock(Date.UTC(2026, 5, 1, 4));
    const journal = await clock.resolve(openTestJournal({ store: new SimulatedJournalDisk().open(), clock, randomness: new SeededRandomness("undecided") }));
    const tallies = await clock.resolve(openCardTallies(journal, 4));
    const holder = journal.cardKey("N1");
    const since = async () => (await tallies.of({ keys: [journal.cardKey("P")], holder }, "20260601")).sinceStatement;
    const draft = { kind: "quick-payment", amount: fen(250), card: "P", detail: {} } as const;
    const { subject } = await journal.append({ ...draft, state: "prepared" });
    await journal.append({ ...draft, subject, state: "unknown" });
    expect(await since()).toBe(1);
    await journal.append({ ...draft, subject, state: "void" });
    expect(await since()).toBe(0);
    const other = await journal.append({ ...draft, state: "prepared" });
    await tallies.liftedByIssuer(holder);
    expect(await since()).toBe(0);
    await journal.append({ ...draft, subject: other.subject, state: "done" });
    expect(await since()).toBe(1);
  });

  it("goes no further than a rule wants", async () => {
    const clock = new VirtualClock(Date.UTC(2026, 5, 1, 4));
    const disk = new SimulatedJournalDisk();
    const journal = await clock.resolve(openTestJournal({ store: disk.open(), clock, randomness: new SeededRandomness("few") }));
    const tallies = await clock.resolve(openCardTallies(journal, 2));
    const draft = { kind: "quick-payment", amount: fen(1), card: "P", detail: {} } as const;
    for (let at = 0; at < 3; at += 1) {
      const { subject } = await clock.resolve(journal.append({ ...draft, state: "prepared" }));
      await clock.resolve(journal.append({ ...draft, subject, state: "done" }));
    }
    expect(await tallies.of({ keys: [journal.cardKey("P")], holder: "h" }, "20260601")).toEqual({ sinceStatement: 2, todayCount: 3, todayFen: 3 });
  });

  it("counts what is held on a card as taken, from its intent until it is completed or let go, also behind a restart", async () => {
    const clock = new VirtualClock(Date.UTC(2026, 5, 1, 4));
    const disk = new SimulatedJournalDisk();
    const journal = await clock.resolve(openTestJournal({ store: disk.open(), clock, randomness: new SeededRandomness("holds") }));
    const tallies = await clock.resolve(openCardTallies(journal, 0));
    const card = { keys: [journal.cardKey("P")] };
    const today = async () => (await tallies.of(card, "20260601")).todayFen;
    const use = (industryUse: string, heldFen?: number) => ({ industryUse, ...(heldFen === undefined ? {} : { heldFen }) });
    const begin = async (detail: JsonObject) => (await journal.append({ kind: "quick-payment", state: "prepared", amount: fen(0), card: "P", detail })).subject;
    const end = (subject: string, state: RecordState, amount = 0) => journal.append({ kind: "quick-payment", state, subject, amount: fen(amount), detail: {} });
    const refused = await begin(use("pre-authorization", 900));
    expect(await today()).toBe(900);
    await end(refused, "void");
    expect(await today()).toBe(0);
    await end(await begin(use("pre-authorization", 2_000)), "done");
    expect(await today()).toBe(2_000);
    const torn = await begin(use("completion"));
    await end(torn, "void");
    expect(await today()).toBe(2_000);
    const read = await clock.resolve(openCardTallies(journal, 0));
    expect((await read.of(card, "20260601")).todayFen).toBe(2_000);
    expect((await read.of(card, "20260602")).todayFen).toBe(0);
    await end(await begin(use("completion")), "done", 700);
    expect(await today()).toBe(700);
  });
});
