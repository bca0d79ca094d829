/*
 * The limits as holders meet them: real sales of a card, over a simulated reader, module and disk. For each limit, the sale that reaches it is
 * made and the one beyond it is refused with its reason before anything is written or debited; through a restart, clocks that jump, and lists
 * that grow old.
 */
import { describe, expect, test } from "vitest";
import type { SimulatedCard } from "../../../simulators/card/card.ts";
import { fen } from "../../base/fen.ts";
import { SILENT } from "../../base/log.ts";
import { type ClockTrust, openClockTrust } from "../clock-trust/clock-trust.ts";
import type { InvalidLists } from "../lists/lists.ts";
import type { QuickPaymentPorts } from "../quick-payment/ports.ts";
import { runQuickPayment } from "../quick-payment/run.ts";
import { NOON_MS, SimulatedPlace, TEST_LIMITS } from "../quick-payment/testing.ts";
import type { QuickPaymentOutcome } from "../quick-payment/types.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import type { RiskReason } from "./guard.ts";
import { NO_LIMITS, type OfflineLimits } from "./offline-limits.ts";
import { openRiskGuard, type RiskPolicy, type TerminalRiskGuard } from "./open-guard.ts";
import { DAY, FREE, HOUR } from "./testing.ts";

/** A selling place with a guard, through its lives. */
class Till {
  readonly place = new SimulatedPlace();
  readonly policy: RiskPolicy;
  lists: InvalidLists | undefined;
  #ports: QuickPaymentPorts | undefined;
  #trust: ClockTrust | undefined;
  #guard: TerminalRiskGuard | undefined;
  #sales = 0;

  constructor(policy: Partial<RiskPolicy>) {
    this.policy = { ...FREE, ...policy };
  }

  get trust(): ClockTrust {
    if (this.#trust === undefined) throw new Error("the till is switched on first");
    return this.#trust;
  }

  get guard(): TerminalRiskGuard {
    if (this.#guard === undefined) throw new Error("the till is switched on first");
    return this.#guard;
  }

  async switchOn(): Promise<void> {
    if (this.#ports !== undefined) this.place.cutPower();
    const { policy, lists } = this;
    const ports = await this.place.clock.resolve(this.place.switchOn());
    const { journal } = this.place;
    const opening = async (): Promise<void> => {
      const trust = await openClockTrust({ clock: ports.clock, journal, log: SILENT });
      journal.keepTimeBy(trust);
      await recoverAtStart({ journal, log: SILENT });
      const guard = await openRiskGuard({ clock: ports.clock, journal, trust, policy, log: SILENT, ...(lists === undefined ? {} : { lists }) });
      this.#trust = trust;
      this.#guard = guard;
      this.#ports = { ...ports, clock: trust.clock, guard, saleDays: () => trust.saleDays() };
    };
    await this.place.clock.resolve(opening());
  }

  /** The host is heard; `trueMs` is its time. */
  hear(trueMs = NOON_MS + Math.floor(this.place.clock.monotonicMs())): Promise<void> {
    return this.place.clock.resolve(this.trust.heard(trueMs));
  }

  pass(ms: number): Promise<unknown> {
    return this.place.clock.resolve(this.place.clock.sleep(ms), ms + 1);
  }

  async sell(card: SimulatedCard, amountFen: number): Promise<QuickPaymentOutcome> {
    if (this.#ports === undefined) throw new Error("the till is switched on first");
    this.#sales += 1;
    this.place.reader.insert(card);
    const outcome = await this.place.clock.resolve(runQuickPayment(this.#ports, { reference: `r${this.#sales}`, amount: fen(amountFen) }, TEST_LIMITS));
    this.place.reader.remove();
    return outcome;
  }

  async expectPaid(card: SimulatedCard, amountFen: number): Promise<void> {
    const before = card.debits.length;
    expect(await this.sell(card, amountFen)).toMatchObject({ kind: "paid", amount: amountFen });
    expect(card.debits.length).toBe(before + 1);
  }

  /** Nothing is debited and nothing is written. */
  async expectRefused(card: SimulatedCard, amountFen: number, reason: RiskReason): Promise<void> {
    const before = [card.debits.length, card.balanceFen, this.place.journal.lastSeq];
    expect(await this.sell(card, amountFen)).toEqual({ kind: "refused", reason });
    expect([card.debits.length, card.balanceFen, this.place.journal.lastSeq]).toEqual(before);
  }
}

async function till(policy: Partial<RiskPolicy>, lists?: InvalidLists): Promise<Till> {
  const made = new Till(policy);
  made.lists = lists;
  await made.switchOn();
  await made.hear();
  return made;
}

function limits(changed: Partial<OfflineLimits>): Partial<RiskPolicy> {
  return { limits: { ...NO_LIMITS, ...changed } };
}

const MEANWHILE: readonly (readonly [what: string, happen: (at: Till) => Promise<unknown>])[] = [
  ["nothing", async () => undefined],
  ["a restart", (at) => at.switchOn()],
  ["a jump back", async (at) => at.place.clock.jumpWall(-40 * DAY)],
  ["a jump forward", async (at) => at.place.clock.jumpWall(40 * DAY)],
  [
    "a restart in 1970",
    async (at) => {
      at.place.clock.jumpWall(-at.place.clock.wallMs());
      await at.switchOn();
    },
  ],
  [
    "a restart in a far year, and the host's word",
    async (at) => {
      at.place.clock.jumpWall(300 * DAY);
      await at.switchOn();
      await at.hear();
    },
  ],
  ["a month offline", (at) => at.pass(30 * DAY)],
];

const SUMS: readonly (readonly [reason: RiskReason, policy: Partial<RiskPolicy>, before: readonly number[], at: number])[] = [
  ["amount-limit", limits({ amountPerSaleFen: 450 }), [], 450],
  ["card-sum-limit", limits({ cardSumMaxFen: 1000 }), [550], 450],
  ["unreceipted-sum-limit", limits({ unreceiptedSumMaxFen: 1000 }), [250, 300], 450],
  ["first-use-online", { firstUseMaxFen: 1000 }, [550], 450],
];
const COUNTS: readonly (readonly [reason: RiskReason, policy: Partial<RiskPolicy>])[] = [
  ["card-count-limit", limits({ cardCountMax: 2 })],
  ["unreceipted-count-limit", limits({ unreceiptedCountMax: 2 })],
];

describe.each(MEANWHILE)("after %s", (_, happen) => {
  test.each(SUMS)("%s: at it yes, a fen beyond no", async (reason, policy, before, at) => {
    const counter = await till(policy);
    const card = counter.place.card();
    for (const amount of before) await counter.expectPaid(card, amount);
    await happen(counter);
    await counter.expectRefused(card, at + 1, reason);
    await counter.expectPaid(card, at);
    await counter.expectRefused(card, reason === "amount-limit" ? at + 1 : 1, reason);
  });

  test.each(COUNTS)("%s: at it yes, one beyond no", async (reason, policy) => {
    const counter = await till(policy);
    const card = counter.place.card();
    await counter.expectPaid(card, 1);
    await happen(counter);
    await counter.expectPaid(card, 1);
    await counter.expectRefused(card, 1, reason);
  });
});

describe.each(MEANWHILE.filter(([what]) => what !== "a month offline"))("within ten minutes, after %s", (_, happen) => {
  test("card-velocity-limit: two sales, not three", async () => {
    const counter = await till({ velocity: { salesMax: 2, windowMs: 600_000 } });
    const card = counter.place.card();
    await counter.expectPaid(card, 1);
    await counter.expectPaid(card, 1);
    await happen(counter);
    await counter.expectRefused(card, 1, "card-velocity-limit");
    await counter.pass(600_000);
    await counter.expectPaid(card, 1);
  });
});

describe("a torn debit", () => {
  test("counts while nobody knows, and by what its card says in the end", async () => {
    const counter = await till(limits({ cardSumMaxFen: 1000 }));
    const [card, other] = [counter.place.card(), counter.place.card()];
    counter.place.tearDebit("before");
    expect(await counter.sell(card, 600)).toMatchObject({ kind: "unknown" });
    expect(counter.guard.exposure()).toMatchObject({ count: 1, sumFen: 600 });
    await counter.switchOn();
    expect(counter.guard.exposure()).toMatchObject({ count: 1, sumFen: 600 });
    await counter.expectPaid(other, 1000);
    // The card's own proof says that it was not debited: all of its limit is there again.
    await counter.expectPaid(card, 1000);
    await counter.expectRefused(card, 1, "card-sum-limit");
    expect(counter.guard.exposure()).toMatchObject({ count: 2, sumFen: 2000 });
  });

  test("that the card had committed goes on counting after its card came back", async () => {
    const counter = await till(limits({ cardSumMaxFen: 1000 }));
    const card = counter.place.card();
    counter.place.tearDebit("after");
    expect(await counter.sell(card, 600)).toMatchObject({ kind: "unknown" });
    await counter.switchOn();
    expect(await counter.sell(card, 401)).toEqual({ kind: "refused", reason: "card-sum-limit" });
    expect(card.debits.length).toBe(1);
    await counter.expectPaid(card, 400);
  });
});

describe("time", () => {
  test("ages: on the ninth day yes, after it no; after a restart not before the host has said the time", async () => {
    const counter = await till(limits({ unreceiptedAgeMaxMs: 9 * DAY }));
    const card = counter.place.card();
    await counter.expectPaid(card, 1);
    await counter.pass(9 * DAY - HOUR);
    await counter.expectPaid(card, 1);
    counter.place.clock.jumpWall(-100 * DAY);
    await counter.pass(HOUR);
    await counter.expectRefused(card, 1, "unreceipted-age-limit");
    await counter.switchOn();
    await counter.expectRefused(card, 1, "clock-not-trusted");
    await counter.hear();
    await counter.expectRefused(card, 1, "unreceipted-age-limit");
  });

  test("a lease ends, and no clock that is set brings it back", async () => {
    const counter = await till({ leaseMs: DAY });
    const card = counter.place.card();
    await counter.pass(DAY - HOUR);
    await counter.expectPaid(card, 1);
    counter.place.clock.jumpWall(-2 * DAY);
    await counter.pass(HOUR);
    await counter.expectRefused(card, 1, "lease-expired");
    await counter.switchOn();
    await counter.expectRefused(card, 1, "lease-expired");
    await counter.hear();
    await counter.expectPaid(card, 1);
  });

  test("a list grows old, and no clock that is set makes it young", async () => {
    const issuedMs = NOON_MS;
    const lists: InvalidLists = { find: () => undefined, states: () => [{ level: "national", sequence: 1, entries: 5, issuedMs }] };
    const counter = await till({ lists: [{ level: "national", ageMaxMs: DAY }] }, lists);
    const card = counter.place.card();
    await counter.expectPaid(card, 1);
    await counter.pass(DAY);
    await counter.expectRefused(card, 1, "list-too-old");
    counter.place.clock.jumpWall(-2 * DAY);
    await counter.expectRefused(card, 1, "list-too-old");
    await counter.switchOn();
    await counter.expectRefused(card, 1, "list-too-old");
  });

  test("an untrusted clock that was set forward makes no card valid too early, one set back none valid too long", async () => {
    const counter = new Till({});
    await counter.switchOn();
    const card = counter.place.card();
    // The host has proved a day before the card's first one.
    await counter.hear(Date.UTC(2019, 11, 31));
    await counter.switchOn();
    expect(await counter.sell(card, 1)).toEqual({ kind: "refused", reason: "not-yet-valid" });
    await counter.hear(Date.UTC(2099, 11, 31));
    counter.place.clock.jumpWall(-20_000 * DAY);
    expect(await counter.sell(card, 1)).toEqual({ kind: "refused", reason: "expired" });
  });

  test("thirty days without a network, a clock that jumps both ways, a start in 1970: no record is older than the one before it, and each says what its time is worth", async () => {
    const counter = await till({});
    const { clock } = counter.place;
    const truths: number[] = [];
    for (let day = 1; day <= 30; day += 1) {
      await counter.pass(DAY);
      clock.jumpWall((day % 2 === 0 ? -1 : 1) * day * DAY);
      if (day === 20) {
        clock.jumpWall(-clock.wallMs());
        await counter.switchOn();
      }
      await counter.expectPaid(counter.place.card(), 1);
      const entries = await clock.resolve(counter.place.entries());
      while (truths.length < entries.length) truths.push(NOON_MS + clock.monotonicMs());
    }
    const entries = await clock.resolve(counter.place.entries());
    for (const [at, { seq, wallMs, clock: word }] of entries.entries()) {
      expect(wallMs, `entry ${seq}`).toBeGreaterThanOrEqual(entries[at - 1]?.wallMs ?? 0);
      expect(word?.quality, `entry ${seq}`).toBe(at < 38 ? "held" : "untrusted");
      // The sale itself takes a second at most.
      if (word?.errorMs !== undefined) expect(Math.abs(wallMs - (truths[at] ?? 0)), `entry ${seq}`).toBeLessThanOrEqual(word.errorMs + 1000);
    }
    expect(entries.length).toBe(60);
  });
});
