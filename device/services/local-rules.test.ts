/*
 * Rules of a city at a terminal: what is said of a card counts for it, whichever of its purses pays; who has been stopped can be let go again; and a
 * discount is decided once, before the intent, whatever happens behind it.
 */
import { describe, expect, it } from "vitest";
import type { TestCardOptions } from "../../simulators/card/make.ts";
import { SimulatedStorageDisk } from "../../simulators/disk/storage.ts";
import { fen } from "../base/fen.ts";
import { SILENT } from "../base/log.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../codec/card-profile.ts";
import { opensslSuite } from "../crypto/openssl.ts";
import { cardNumbers } from "../txn/card-services/testing.ts";
import { type LocalInvalidList, openLocalList, withLocalList } from "../txn/lists/local.ts";
import { reviewByLists } from "../txn/lists/review.ts";
import type { LocalRule } from "../txn/local-rules/types.ts";
import type { QuickPaymentPorts } from "../txn/quick-payment/ports.ts";
import { runQuickPayment } from "../txn/quick-payment/run.ts";
import { balanceOf, EVERY_PURSE, SimulatedPlace, TEST_LIMITS } from "../txn/quick-payment/testing.ts";
import { openCardLinks } from "../txn/risk/card-links.ts";
import type { PurseChoice, SalePurpose } from "../txn/sale-request.ts";
import { concessionsOf, hasAgreement, openRuledSales, type RuledSales } from "./local-rules.ts";

const FROM = { validFrom: "20200101" } as const;
const STATEMENT: LocalRule = { kind: "statement", name: "print", ...FROM, limit: 2, warnFrom: 1 };
const CAP: LocalRule = { kind: "daily-cap", name: "day", ...FROM, amountFen: 500 };
const TENTH: LocalRule = { kind: "merchant-discount", name: "tenth", ...FROM, merchants: ["M1"], numerator: 9, denominator: 10 };
const SUITE = opensslSuite();
const KEY = SUITE.secretKey(new Uint8Array(16).fill(7));
const [E_PURSE, COMPOUND, MEDICAL, CASH] = EVERY_PURSE as readonly [PurseChoice, PurseChoice, PurseChoice, PurseChoice];

/** A till with rules and a local list over simulated cards. */
class Till {
  readonly place: SimulatedPlace;
  readonly #rules: readonly LocalRule[];
  readonly #asks: boolean;
  readonly #profile: CardProfile;
  readonly #disk = new SimulatedStorageDisk();
  ports: QuickPaymentPorts | undefined;
  rules: RuledSales | undefined;
  list: LocalInvalidList | undefined;

  constructor(rules: readonly LocalRule[], { asks = true, profile = {} }: { readonly asks?: boolean; readonly profile?: Partial<CardProfile> } = {}) {
    this.#rules = rules;
    this.#asks = asks;
    this.#profile = { ...DEFAULT_CARD_PROFILE, ...profile };
    this.place = new SimulatedPlace({ profile });
  }

  async switchOn(): Promise<this> {
    const { clock } = this.place;
    const ports = await clock.resolve(this.place.switchOn());
    const links = await clock.resolve(openCardLinks({ journal: this.place.journal, suite: SUITE, storageKey: KEY, log: SILENT }));
    const parts = { trustedMsOrUndefined: () => clock.wallMs(), hostPresent: () => true, lapseWhileOffline: false };
    const list = await clock.resolve(openLocalList({ ...parts, storage: this.#disk.open(), suite: SUITE, storageKey: KEY, log: SILENT }));
    const lists = withLocalList({ find: () => undefined, states: () => [] }, list);
    this.list = list;
    this.rules = await clock.resolve(openRuledSales({ journal: this.place.journal, clock, rules: this.#rules, merchant: "M1", links }));
    const { rules } = this;
    this.ports = {
      ...ports,
      guard: { review: (card) => reviewByLists(lists, card), take: () => ({ kind: "taken", became: () => undefined }) },
      socialCard: { links, asks: this.#asks, profile: this.#profile },
      ...(rules === undefined ? {} : { localRules: (sale) => rules.rule(sale) }),
    };
    return this;
  }

  sell(reference: string, amount: number, { purse = E_PURSE, pays = "goods" }: { readonly purse?: PurseChoice; readonly pays?: SalePurpose } = {}) {
    if (this.ports === undefined) throw new Error("the till is switched on first");
    return this.place.clock.resolve(runQuickPayment(this.ports, { reference, amount: fen(amount), purse, pays }, TEST_LIMITS));
  }

  async end(reference: string, amount: number, purse: PurseChoice = E_PURSE): Promise<string> {
    const outcome = await this.sell(reference, amount, { purse });
    return "reason" in outcome ? String(outcome.reason) : outcome.kind;
  }

  insert(options: Partial<TestCardOptions> = {}) {
    const card = this.place.card(options);
    this.place.reader.insert(card);
    return card;
  }
}

const till = (...given: ConstructorParameters<typeof Till>) => new Till(...given).switchOn();
const keysOf = (serial: number) => [{ number: "card-number", value: cardNumbers(serial).cardNumber } as const];

describe("a card with several purses", () => {
  it("is capped as one card in a day", async () => {
    const at = await till([CAP]);
    at.insert();
    expect([await at.end("r1", 300), await at.end("r2", 300, CASH), await at.end("r3", 200, CASH), await at.end("r4", 1, MEDICAL)]).toEqual([
      "paid",
      "daily-amount-reached",
      "paid",
      "daily-amount-reached",
    ]);
  });

  it("is capped by what may have been debited too, also after a restart, and no more once it is known that nothing was", async () => {
    for (const point of ["before", "after"] as const) {
      const at = await till([CAP]);
      const card = at.insert();
      at.place.tearDebit(point);
      expect(await at.sell("r1", 300)).toMatchObject({ kind: "unknown" });
      at.place.plan(() => ({ kind: "ok" }));
      at.place.reader.insert(card);
      expect(await at.end("r2", 300, CASH)).toBe("daily-amount-reached");
      at.place.cutPower();
      await at.switchOn();
      expect(await at.end("r3", 300, CASH)).toBe("daily-amount-reached");
      expect([await at.end("r4", 100), await at.end("r5", 200, CASH)]).toEqual(["paid", point === "before" ? "paid" : "daily-amount-reached"]);
    }
  });

  it("is stopped with all its purses until its statement is printed, also after a restart", async () => {
    const at = await till([STATEMENT]);
    at.insert();
    expect(await at.sell("r1", 100)).not.toHaveProperty("salesLeft");
    expect(await at.sell("r2", 100, { purse: CASH })).toMatchObject({ kind: "paid", salesLeft: 0 });
    for (const purse of EVERY_PURSE) expect(await at.end(`stop-${purse.kind}`, 100, purse)).toBe("statement-due");
    at.place.cutPower();
    await at.switchOn();
    expect(await at.end("r3", 100)).toBe("statement-due");
    await at.place.clock.resolve(at.rules?.statementPrinted(cardNumbers(1).cardNumber) ?? Promise.resolve());
    at.place.cutPower();
    await at.switchOn();
    expect([await at.end("r4", 100), await at.end("r5", 100, COMPOUND), await at.end("r6", 100)]).toEqual(["paid", "paid", "statement-due"]);
  });

  it("is stopped with all its purses by a loss of its number at once, whether its purses are known or not, and let go by the withdrawal", async () => {
    const at = await till([]);
    at.insert();
    expect(await at.end("r1", 100)).toBe("paid");
    await at.list?.put({ keys: keysOf(1), loss: "temporary", reportedMs: 1 });
    for (const purse of EVERY_PURSE) expect([purse.kind, await at.end(`lost-${purse.kind}`, 100, purse)]).toEqual([purse.kind, "card-reported-lost"]);
    await at.list?.remove(keysOf(1));
    for (const purse of EVERY_PURSE) expect([purse.kind, await at.end(`found-${purse.kind}`, 100, purse)]).toEqual([purse.kind, "paid"]);
  });

  it("stops no other card", async () => {
    const at = await till([]);
    await at.list?.put({ keys: keysOf(2), loss: "formal", reportedMs: 1 });
    at.insert();
    expect(await at.end("r1", 100)).toBe("paid");
  });
});

describe("whose card a purse is on", () => {
  it.each(EVERY_PURSE)("costs commands once: $kind", async (purse) => {
    const plain = await till([], { profile: { purseSocialCard: "unknown" } });
    const asking = await till([]);
    const counted: number[][] = [];
    for (const at of [plain, asking]) {
      at.insert();
      const costs: number[] = [];
      for (const reference of ["r1", "r2", "r3"]) {
        const before = at.place.commands;
        expect(await at.end(reference, 100, purse)).toBe("paid");
        costs.push(at.place.commands - before);
      }
      counted.push(costs);
    }
    const [[plainFirst = 0, second = 0] = [], [first = 0, ...later] = []] = counted;
    expect(later).toEqual([second, second]);
    // The medical purse has named its card already.
    expect(first > plainFirst).toBe(purse.kind !== "medical-purse");
  });

  it("is asked of no purse where the place does not ask, and a purse that the till has asked is known there", async () => {
    const at = await till([], { asks: false });
    at.insert();
    await at.list?.put({ keys: keysOf(1), loss: "formal", reportedMs: 1 });
    expect(await at.end("r1", 100)).toBe("paid");
    const { ports } = at;
    if (ports?.socialCard === undefined) throw new Error("there are links");
    at.ports = { ...ports, socialCard: { ...ports.socialCard, asks: true } };
    expect(await at.end("r2", 100)).toBe("card-listed");
    at.ports = ports;
    expect(await at.end("r3", 100)).toBe("card-listed");
  });

  it("is asked again where the card is torn from the reader, and nothing is debited", async () => {
    const at = await till([CAP]);
    const card = at.insert();
    let selects = 0;
    at.place.plan(({ to, instruction }) => {
      if (to === "card" && instruction === 0xa4) selects += 1;
      return to === "card" && selects === 2 && instruction === 0xb2 ? { kind: "tear", at: "before" } : { kind: "ok" };
    });
    const outcome = await at.sell("r1", 100);
    expect([outcome.kind, card.debits.length]).toEqual(["no-card", 0]);
    at.place.plan(() => ({ kind: "ok" }));
    at.place.reader.insert(card);
    expect(await at.end("r1", 100)).toBe("paid");
    expect(card.debits).toHaveLength(1);
  });
});

describe("a discount of the merchant", () => {
  it.each([E_PURSE, CASH])("is taken off before the debit, told, and told again: $kind", async (purse) => {
    const at = await till([TENTH]);
    const card = at.insert();
    const discount = { fullAmount: 1_005, discount: 100, rule: "tenth" };
    expect(await at.sell("r1", 1_005, { purse })).toMatchObject({ kind: "paid", amount: 905, balanceAfter: 9_095, discount });
    expect(balanceOf(card, purse.kind)).toBe(9_095);
    expect(await at.sell("r1", 1_005, { purse })).toMatchObject({ kind: "paid", amount: 905, discount });
    expect(await at.sell("r1", 905, { purse })).toMatchObject({ kind: "refused", reason: "reference-conflict" });
    const entries = await at.place.clock.resolve(at.place.entries());
    for (const { amount, detail } of entries.filter(({ kind }) => kind === "quick-payment")) {
      expect([amount, detail["fullAmountFen"], detail["discountFen"], detail["discountRule"]]).toEqual([905, 1_005, 100, "tenth"]);
    }
  });

  it.each([
    [COMPOUND, "goods"],
    [MEDICAL, "goods"],
  ] as const)("is none where fares and the insurer say the price: $0.kind", async (purse, pays) => {
    const at = await till([TENTH]);
    at.insert();
    const outcome = await at.sell("r1", 1_000, { purse, pays });
    expect(outcome).toMatchObject({ kind: "paid", amount: 1_000 });
    expect(outcome).not.toHaveProperty("discount");
  });

  it("is the intent's, whatever the rules say when the torn card comes back", async () => {
    const at = await till([TENTH]);
    const card = at.insert();
    at.place.tearDebit("after");
    expect(await at.sell("r1", 1_000)).toMatchObject({ kind: "unknown" });
    at.place.cutPower();
    const other = await new Till([{ ...TENTH, name: "half", numerator: 5 }]).switchOn();
    const { ports } = await at.switchOn();
    at.place.plan(() => ({ kind: "ok" }));
    if (ports === undefined || other.ports?.localRules === undefined) throw new Error("there are rules");
    at.ports = { ...ports, localRules: other.ports.localRules };
    at.place.reader.insert(card);
    expect(await at.sell("r1", 1_000)).toMatchObject({ kind: "paid", amount: 900, discount: { fullAmount: 1_000, discount: 100, rule: "tenth" } });
    expect(card.debits.map(({ amountFen }) => amountFen)).toEqual([900]);
  });

  it("of a debit that never was is decided anew", async () => {
    const at = await till([TENTH]);
    const card = at.insert();
    at.place.tearDebit("before");
    expect(await at.sell("r1", 1_000)).toMatchObject({ kind: "unknown" });
    at.place.plan(() => ({ kind: "ok" }));
    const { ports } = at;
    if (ports === undefined) throw new Error("the till is on");
    const { localRules: _, ...without } = ports;
    at.ports = without;
    at.place.reader.insert(card);
    expect(await at.sell("r1", 1_000)).toMatchObject({ kind: "paid", amount: 1_000 });
    expect(card.debits.map(({ amountFen }) => amountFen)).toEqual([1_000]);
  });
});

describe("what a terminal is told of its rules", () => {
  const settings = (...localRules: readonly LocalRule[]) => ({ services: { localRules }, medical: { profile: { sender: { institution: "M1" } } } });

  it("says whether its merchant has an agreement", () => {
    expect([hasAgreement(settings(TENTH)), hasAgreement(settings({ ...TENTH, merchants: ["M2"] })), hasAgreement(settings(CAP))]).toEqual([true, false, false]);
  });

  it("says whose cards ride as others", () => {
    const rule: LocalRule = { kind: "fare-concession", name: "as transit card", ...FROM, issuers: ["629999"], asCardType: 7 };
    const { ridesAs } = concessionsOf(settings(rule, CAP));
    expect([ridesAs?.({ issuer: "629999", day: "20260105" }), ridesAs?.({ issuer: "629998", day: "20260105" })]).toEqual([7, undefined]);
    expect(concessionsOf(settings(CAP))).toEqual({});
  });
});

describe("a deposit", () => {
  const DEPOSIT: LocalRule = { kind: "library-deposit", name: "library", ...FROM, depositFen: 5_000 };

  it("is the rule's amount in full, and stands in the record as one", async () => {
    const at = await till([DEPOSIT, TENTH]);
    at.insert();
    expect(await at.sell("d1", 5_000, { pays: "library-deposit" })).toMatchObject({ kind: "paid", amount: 5_000 });
    expect(await at.sell("d1", 5_000)).toMatchObject({ kind: "refused", reason: "reference-conflict" });
    expect((await at.place.clock.resolve(at.place.entries())).at(-1)?.detail).toMatchObject({ deposit: true });
  });

  it.each([
    [[DEPOSIT], 4_999, E_PURSE, "deposit-amount-differs"],
    [[TENTH], 5_000, E_PURSE, "deposit-not-taken"],
    [[], 5_000, E_PURSE, "deposit-not-taken"],
    [[DEPOSIT], 5_000, MEDICAL, "deposit-not-taken"],
  ] as const)("under %o, %i fen", async (rules, amount, purse, reason) => {
    const at = await till(rules);
    const card = at.insert();
    expect(await at.sell("d1", amount, { purse, pays: "library-deposit" })).toEqual({ kind: "refused", reason });
    expect(card.debits).toEqual([]);
  });
});
