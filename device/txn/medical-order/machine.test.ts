/*
 * Goal: whatever happens in whatever order, an order never settles twice, never takes more than the rest, is never done unpaid and never
 * void while anything of it stands.
 * Method: each example of the table is one situation; then random worlds answer the machine's steps as they like, die as they like, and are
 * told at every moment what must hold.
 */
import { describe, expect, test } from "vitest";
import { type Fen, fen, ZERO_FEN } from "../../base/fen.ts";
import { dueBack, givenBack, nextStep, type OrderFacts, type OrderStep, restOf, standingOf, type TenderFact, takenSum } from "./machine.ts";

const FRESH: OrderFacts = {
  stage: "open",
  attempt: 0,
  settlement: { at: "none" },
  tenders: [],
  givingBack: false,
  voids: 0,
  void: "none",
  refunded: ZERO_FEN,
  visit: "none",
  offline: "none",
};
const SETTLED: OrderFacts = { ...FRESH, attempt: 1, settlement: { at: "settled", cash: fen(100) } };

function tender(at: TenderFact["at"], amount = 100, number = 1): TenderFact {
  return { number, tender: "cash", amount: fen(amount), at };
}

function bankTender(returned: number, open = false, amount = 100): TenderFact {
  return { ...tender("paid", amount), tender: "bank-card", returned: { amount: fen(returned), open } };
}

const PAID: OrderFacts = { ...SETTLED, tenders: [tender("paid")] };
const BACK: OrderFacts = { ...PAID, givingBack: true };
const OFFLINE: OrderFacts = { ...FRESH, attempt: 1, settlement: { at: "over" }, offline: "paying" };

const SITUATIONS: Readonly<Record<string, OrderFacts>> = {
  "just begun": FRESH,
  "attempt begun, nothing sent": { ...FRESH, attempt: 1, settlement: { at: "absent" } },
  "settlement undecided": { ...FRESH, attempt: 1, settlement: { at: "undecided" } },
  "settlement refused or reversed": { ...FRESH, attempt: 1, settlement: { at: "over" } },
  "settled, nothing paid": SETTLED,
  "settled, nothing to pay": { ...SETTLED, settlement: { at: "settled", cash: ZERO_FEN } },
  "settled, a part paid": { ...SETTLED, tenders: [tender("paid", 40)] },
  "settled, paid in full": PAID,
  "a tender begun": { ...SETTLED, tenders: [tender("absent")] },
  "a tender failed": { ...SETTLED, tenders: [tender("failed")] },
  "a tender unknown": { ...SETTLED, tenders: [tender("paid", 40), tender("unknown", 60, 2)] },
  "a tender on the card's word": { ...SETTLED, tenders: [tender("held")] },
  "taken back by the insurer alone": { ...PAID, void: "done" },
  "giving back": BACK,
  "giving back, void begun": { ...BACK, voids: 1, void: "absent" },
  "giving back, void undecided": { ...BACK, voids: 1, void: "undecided" },
  "giving back, void never sent": { ...BACK, voids: 1, void: "unsent" },
  "giving back, void refused": { ...BACK, voids: 1, void: "refused" },
  "giving back, taken back": { ...BACK, voids: 1, void: "done" },
  "giving back, refunded": { ...BACK, voids: 1, void: "done", refunded: fen(100) },
  "giving back, refunded, a visit stands": { ...BACK, voids: 1, void: "done", refunded: fen(100), visit: "standing" },
  "giving back, the visit is gone": { ...BACK, voids: 1, void: "done", refunded: fen(100), visit: "undone" },
  "giving back what the card alone vouches for": { ...BACK, voids: 1, void: "done", tenders: [tender("held")] },
  "giving back, a tender unknown": { ...BACK, voids: 1, void: "done", tenders: [tender("unknown")] },
  "giving back what a bank paid": { ...BACK, voids: 1, void: "done", tenders: [bankTender(0)] },
  "giving back what a bank and cash paid": { ...BACK, voids: 1, void: "done", tenders: [bankTender(0, false, 40), tender("paid", 60, 2)] },
  "giving back, a bank undecided": { ...BACK, voids: 1, void: "done", tenders: [bankTender(0, true)] },
  "giving back, a bank has taken it back": { ...BACK, voids: 1, void: "done", tenders: [bankTender(40, false, 40), tender("paid", 60, 2)] },
  "giving back, all of it gone back": { ...BACK, voids: 1, void: "done", tenders: [bankTender(100)] },
  "giving back, nothing settled": { ...FRESH, givingBack: true, attempt: 1, settlement: { at: "over" } },
  "offline, not begun": { ...OFFLINE, offline: "absent" },
  "offline, being paid": OFFLINE,
  "offline, a tender unknown": { ...OFFLINE, tenders: [tender("unknown")] },
  "offline, paid": { ...OFFLINE, offline: "sold", tenders: [tender("paid")] },
  "offline, given back there": { ...OFFLINE, offline: "void", tenders: [tender("paid")], refunded: fen(100) },
  "offline, giving back": { ...OFFLINE, offline: "sold", givingBack: true, tenders: [tender("paid")] },
  "offline, settled later, giving back": { ...BACK, offline: "sold", refunded: fen(60) },
  done: { ...PAID, stage: "done" },
  "done, and taken back by the insurer": { ...PAID, stage: "done", void: "done" },
  refused: { ...FRESH, stage: "refused" },
  void: { ...PAID, stage: "void" },
};

function stepText(step: OrderStep): string {
  const { do: does, ...more } = step;
  const words = Object.values(more).map((value) => (typeof value === "object" ? `#${value.number}` : String(value)));
  return [does, ...words].join(" ");
}

function table(): string {
  return Object.entries(SITUATIONS)
    .map(
      ([name, facts]) =>
        `${name} | ${stepText(nextStep(facts, true))} | ${stepText(nextStep(facts, false))} | ${standingOf(facts, false)} | ${standingOf(facts, true)}`,
    )
    .join("\n");
}

test("each situation: with a counter, without one, and as it is told at rest and under way", () => {
  expect(`\n${table()}\n`).toBe(TABLE);
});

test("sums: what is left, what is due back", () => {
  expect(restOf(SITUATIONS["settled, a part paid"] as OrderFacts)).toBe(60);
  expect(restOf({ ...SETTLED, tenders: [tender("held")] })).toBe(100);
  expect(takenSum({ tenders: [tender("held"), tender("paid", 40), tender("unknown"), tender("failed"), tender("absent")] })).toBe(140);
  expect([dueBack({ ...PAID, tenders: [bankTender(0)] }), dueBack({ ...PAID, tenders: [bankTender(100)] })]).toEqual([100, 0]);
  expect(givenBack({ tenders: [bankTender(40, false, 40), tender("paid", 60, 2)], refunded: fen(60) })).toBe(100);
  expect([dueBack(PAID), dueBack({ ...PAID, refunded: fen(60) }), dueBack({ ...PAID, refunded: fen(100) })]).toEqual([100, 40, 0]);
});

/** A small generator of our own, so that a seed means the same world everywhere. */
function draws(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return (state >>> 8) % below;
  };
}

/** What is really so, apart from what the terminal knows. */
class World {
  facts: OrderFacts = FRESH;
  /** Settlements that stand at the insurer. */
  standing = 0;
  /** Money that left its holder, and came back. */
  taken = 0;
  returned = 0;
  wantsBack = false;
  readonly cash: number;
  readonly #draw: (below: number) => number;
  /** What a settlement, void or tender that is not decided will turn out to be. */
  #settles = false;
  #voids = false;
  #pays = false;
  #returns = false;

  constructor(seed: number) {
    this.#draw = draws(seed);
    this.cash = this.#draw(3) === 0 ? 0 : 1 + this.#draw(500);
    if (this.#draw(4) === 0) this.facts = { ...FRESH, visit: "standing" };
  }

  /** One step of the machine, or something that happens to it. */
  act(): void {
    if (this.#draw(3) === 0) this.#decideSomething();
    if (this.#draw(60) === 0) this.#wantBack();
    const counter = this.#draw(3) > 0;
    const step = nextStep(this.facts, counter);
    this.#check(step);
    // The power may fail before anything of the step took hold.
    if (this.#draw(6) > 0) this.#do(step);
  }

  #wantBack(): void {
    const { stage, settlement, tenders, givingBack } = this.facts;
    if (givingBack || stage === "refused" || stage === "void" || settlement.at === "undecided" || this.facts.void === "undecided") return;
    if (tenders.some(({ at }) => at === "unknown")) return;
    this.#set({ stage: "open", givingBack: true, ...(this.facts.void === "done" ? {} : { void: "none" as const }) });
  }

  #set(more: Partial<OrderFacts>): void {
    this.facts = { ...this.facts, ...more };
  }

  #do(step: OrderStep): void {
    switch (step.do) {
      case "settle":
        return this.#settle(step.attempt);
      case "ask-tender":
        return this.#ask(step.rest, step.number);
      case "take-tender":
        return this.#take(step.tender);
      case "void":
        return this.#void(step.number);
      case "refund":
        this.returned += step.amount;
        return this.#set({ refunded: fen(this.facts.refunded + step.amount) });
      case "return-tender":
        return this.#return(step.tender);
      case "undo-visit":
        return this.#set({ visit: "undone" });
      case "keep":
        return this.#set({ givingBack: false, void: "none", stage: this.facts.stage });
      case "finish":
        return this.#set({ stage: step.as, givingBack: false });
      case "wait":
      case "rest":
        return;
      case "sell-offline":
      case "give-back-offline":
        throw new Error("this world sells nothing offline");
    }
  }

  #settle(attempt: number): void {
    this.#set({ attempt, settlement: { at: "absent" } });
    const fate = this.#draw(5);
    if (fate === 0) return;
    if (fate === 1) return this.#set({ settlement: { at: "over" } });
    if (fate === 2) {
      this.#settles = this.#draw(2) === 0;
      if (this.#settles) this.standing += 1;
      return this.#set({ settlement: { at: "undecided" } });
    }
    this.standing += 1;
    this.#set({ settlement: { at: "settled", cash: fen(this.cash) } });
  }

  #ask(rest: Fen, number: number): void {
    const amount = fen(1 + this.#draw(rest));
    const bank = this.#draw(2) === 0;
    const returned = bank ? { returned: { amount: ZERO_FEN, open: false } } : {};
    this.#set({ tenders: [...this.facts.tenders, { number, tender: bank ? "bank-card" : "e-purse", amount, at: "absent", ...returned }] });
  }

  #return({ number, amount }: TenderFact): void {
    const fate = (["done", "refused", "undecided"] as const)[this.#draw(3)];
    if (fate === "refused") return;
    this.#returns = fate === "done" || this.#draw(2) === 0;
    if (this.#returns) this.returned += amount;
    this.#returnIs(number, { amount: fate === "done" ? amount : ZERO_FEN, open: fate === "undecided" });
  }

  #returnIs(number: number, returned: NonNullable<TenderFact["returned"]>): void {
    this.#set({ tenders: this.facts.tenders.map((each) => (each.number === number ? { ...each, returned } : each)) });
  }

  #take(tender: TenderFact): void {
    const at = (["paid", "paid", "failed", "unknown", "held"] as const)[this.#draw(5)] ?? "paid";
    this.#pays = this.#draw(2) === 0;
    if (at === "paid" || at === "held" || (at === "unknown" && this.#pays)) this.taken += tender.amount;
    this.#tenderIs(tender, at);
  }

  #tenderIs({ number }: TenderFact, at: TenderFact["at"]): void {
    this.#set({ tenders: this.facts.tenders.map((each) => (each.number === number ? { ...each, at } : each)) });
  }

  #void(number: number): void {
    const is = (["done", "refused", "unsent", "undecided", "absent"] as const)[this.#draw(5)] ?? "done";
    this.#voids = is === "done" || (is === "undecided" && this.#draw(2) === 0);
    if (this.#voids) this.standing -= 1;
    this.#set({ voids: number, void: is });
  }

  /** The background, or a card that comes back. */
  #decideSomething(): void {
    const { settlement, tenders } = this.facts;
    // What was booked without an answer is taken back again before it counts as over.
    if (settlement.at === "undecided") {
      if (this.#settles) this.standing -= 1;
      this.#settles = false;
      this.#set({ settlement: { at: "over" } });
    }
    if (this.facts.void === "undecided") this.#set({ void: this.#voids ? "done" : "unsent" });
    const unknown = tenders.find(({ at }) => at === "unknown");
    if (unknown !== undefined) this.#tenderIs(unknown, this.#pays ? "paid" : "failed");
    const returning = tenders.find(({ returned }) => returned?.open === true);
    if (returning !== undefined) this.#returnIs(returning.number, { amount: this.#returns ? returning.amount : ZERO_FEN, open: false });
  }

  /** What must hold before a step is taken. */
  #check(step: OrderStep): void {
    const { stage, settlement, tenders } = this.facts;
    if (step.do === "settle") expect(this.standing).toBe(0);
    if (step.do === "void") expect(this.standing).toBe(1);
    if (step.do === "refund") expect([this.standing, step.amount]).toEqual([0, this.taken - this.returned]);
    if (step.do === "return-tender") expect([this.standing, step.tender.tender]).toEqual([0, "bank-card"]);
    if (tenders.some(({ returned }) => returned?.open === true)) expect(step.do).toBe("wait");
    if (step.do === "ask-tender" || step.do === "take-tender") expect(settlement.at).toBe("settled");
    if (step.do === "take-tender") expect(this.taken + step.tender.amount).toBeLessThanOrEqual(this.cash);
    expect(this.standing).toBeLessThanOrEqual(1);
    expect(this.taken).toBeLessThanOrEqual(this.cash);
    expect(this.returned).toBeLessThanOrEqual(this.taken);
    if (stage === "done") expect([this.standing, this.taken, this.returned]).toEqual([1, this.cash, 0]);
    if (stage === "refused") expect([this.standing, this.taken]).toEqual([0, 0]);
    if (stage === "void") expect([this.standing, this.taken - this.returned]).toEqual([0, 0]);
    if (tenders.some(({ at }) => at === "unknown") || settlement.at === "undecided" || this.facts.void === "undecided")
      expect(["wait", "rest"]).toContain(step.do);
  }
}

describe("random worlds", () => {
  test("1,000 of them keep every promise, and most come to each of the ends", () => {
    const ends = new Map<string, number>();
    for (let seed = 1; seed <= 1000; seed += 1) {
      const world = new World(seed);
      for (let acts = 0; acts < 60; acts += 1) world.act();
      const { stage } = world.facts;
      ends.set(stage, (ends.get(stage) ?? 0) + 1);
    }
    for (const end of ["done", "refused", "void"]) expect(ends.get(end) ?? 0).toBeGreaterThan(50);
  });
});

const TABLE = `
just begun | settle 1 | finish refused | refused | open
attempt begun, nothing sent | settle 1 | finish refused | refused | open
settlement undecided | wait settlement | wait settlement | unknown | open
settlement refused or reversed | settle 2 | finish refused | refused | open
settled, nothing paid | ask-tender 100 1 | rest | open | open
settled, nothing to pay | finish done | finish done | done | open
settled, a part paid | ask-tender 60 2 | rest | open | open
settled, paid in full | finish done | finish done | done | open
a tender begun | take-tender #1 | rest | open | open
a tender failed | ask-tender 100 2 | rest | open | open
a tender unknown | wait tender | wait tender | unknown | unknown
a tender on the card's word | wait tender | wait tender | unknown | unknown
taken back by the insurer alone | wait void | wait void | unknown | unknown
giving back | void 1 | void 1 | open | open
giving back, void begun | void 1 | void 1 | open | open
giving back, void undecided | wait void | wait void | unknown | unknown
giving back, void never sent | void 2 | void 2 | open | open
giving back, void refused | keep | keep | open | open
giving back, taken back | refund 100 | refund 100 | open | open
giving back, refunded | finish void | finish void | void | open
giving back, refunded, a visit stands | undo-visit | undo-visit | open | open
giving back, the visit is gone | finish void | finish void | void | open
giving back what the card alone vouches for | refund 100 | refund 100 | open | open
giving back, a tender unknown | wait tender | wait tender | unknown | unknown
giving back what a bank paid | return-tender #1 | return-tender #1 | open | open
giving back what a bank and cash paid | return-tender #1 | return-tender #1 | open | open
giving back, a bank undecided | wait tender | wait tender | unknown | unknown
giving back, a bank has taken it back | refund 60 | refund 60 | open | open
giving back, all of it gone back | finish void | finish void | void | open
giving back, nothing settled | finish refused | finish refused | refused | open
offline, not begun | sell-offline | finish refused | refused | open
offline, being paid | sell-offline | rest | open | open
offline, a tender unknown | sell-offline | wait tender | unknown | unknown
offline, paid | finish offline | finish offline | offline | open
offline, given back there | finish void | finish void | void | open
offline, giving back | give-back-offline | give-back-offline | open | open
offline, settled later, giving back | void 1 | void 1 | open | open
done | rest | rest | done | done
done, and taken back by the insurer | rest | rest | open | open
refused | rest | rest | refused | refused
void | rest | rest | void | void
`;
