/* Held amounts and their completion as a till asks for them, with an independently written card. */
import { describe, expect, it } from "vitest";
import type { SimulatedCard } from "../../../simulators/card/card.ts";
import { type Fen, fen } from "../../base/fen.ts";
import { entryRecord } from "../../card/transit/trips.ts";
import type { QuickPaymentPorts } from "../quick-payment/ports.ts";
import { CashPlace, contentOf, extendedCard, gateTariff, industrySale, PLACE } from "../quick-payment/purses/testing.ts";
import { runQuickPayment } from "../quick-payment/run.ts";
import { TEST_LIMITS } from "../quick-payment/testing.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import { tariffOf } from "../sale-request.ts";
import { type HoldPlace, type HoldUse, holdChoice } from "./holds.ts";

const PARKING: HoldPlace = { record: PLACE, place: "00090001", industry: 9, city: "9901", acquirer: "0000000000000009" };

const NOTHING = { balance: fen(0), maximumFare: fen(0), maximumTime: "0000" };

class Till {
  readonly place = new CashPlace();
  card: SimulatedCard | undefined;
  /** Rules of the region; undefined: none. */
  rules: QuickPaymentPorts["localRules"];
  /** Limits of the place; undefined: those of every test. */
  guard: QuickPaymentPorts["guard"];
  limits = TEST_LIMITS;

  async open(): Promise<void> {
    const { log } = await this.place.switchOn();
    await this.place.place.clock.resolve(recoverAtStart({ journal: this.place.place.journal, log }));
    this.card ??= extendedCard(this.place.place);
    if (this.place.place.reader.card === undefined) this.place.place.reader.insert(this.card);
  }

  ask(reference: string, use: HoldUse, amount: Fen, at: Partial<HoldPlace> = {}) {
    const purse = holdChoice({ ...PARKING, ...at }, use, amount);
    const ports = {
      ...this.place.ports,
      ...(this.rules === undefined ? {} : { localRules: this.rules }),
      ...(this.guard === undefined ? {} : { guard: this.guard }),
    };
    return this.place.place.clock.resolve(runQuickPayment(ports, { reference, amount: fen(0), purse }, this.limits));
  }

  /** Balance and held amount of the card. */
  get purse(): readonly (number | undefined)[] {
    const memory = this.card?.toSnapshot().memory.electronicCash;
    return [memory?.balanceFen, memory?.industry[0]?.reservedFen];
  }
}

async function till(): Promise<Till> {
  const made = new Till();
  await made.open();
  return made;
}

describe("an amount that is held at a till", () => {
  it("moves nothing, and its completion takes what it came to", async () => {
    const at = await till();
    expect(await at.ask("h", "pre-authorization", fen(2_000))).toMatchObject({ kind: "paid", amount: 0, verified: true });
    expect(at.purse).toEqual([10_000, 2_000]);
    expect(await at.ask("c", "completion", fen(1_500))).toMatchObject({ kind: "paid", amount: 1_500, verified: true });
    expect(at.purse).toEqual([8_500, undefined]);
  });

  it("is let go for nothing", async () => {
    const at = await till();
    await at.ask("h", "pre-authorization", fen(2_000));
    expect(await at.ask("c", "completion", fen(0))).toMatchObject({ kind: "paid", amount: 0 });
    expect(at.purse).toEqual([10_000, undefined]);
  });

  it("is never more than what is held, nobody else's, and held once", async () => {
    const at = await till();
    expect(await at.ask("c0", "completion", fen(1))).toEqual({ kind: "refused", reason: "nothing-held" });
    await at.ask("h", "pre-authorization", fen(2_000));
    expect(await at.ask("c1", "completion", fen(2_001))).toEqual({ kind: "refused", reason: "above-hold" });
    expect(await at.ask("c2", "completion", fen(1), { acquirer: "0000000000000008" })).toEqual({ kind: "refused", reason: "nothing-held" });
    expect(await at.ask("c3", "completion", fen(1), { industry: 1 })).toEqual({ kind: "refused", reason: "nothing-held" });
    expect(await at.ask("h2", "pre-authorization", fen(1))).toEqual({ kind: "refused", reason: "held-already" });
    expect(at.purse).toEqual([10_000, 2_000]);
  });

  it("does not take the place of a journey that nobody has ended", async () => {
    const at = await till();
    await at.place.sell("in", industrySale("segment-fare", gateTariff(fen(300))));
    const trip = contentOf(at.card ?? extendedCard(at.place.place));
    expect(await at.ask("h", "pre-authorization", fen(2_000))).toEqual({ kind: "refused", reason: "held-already" });
    expect(contentOf(at.card ?? extendedCard(at.place.place))).toEqual(trip);
    expect(await at.ask("c", "completion", fen(1))).toEqual({ kind: "refused", reason: "nothing-held" });
  });

  it.each(["pre-authorization", "completion"] as const)("leaves a record that nobody here can read as it is: %s", (use) => {
    const trip = { ...entryRecord({ ...PARKING, terminalNumber: "1", date: "20260101", time: "120000" }, NOTHING), type: 0x63 };
    const view = { scheme: "electronic-cash", cardName: "c", issuer: "i", cardType: 0, trip, riderRecord: undefined } as const;
    expect(tariffOf(holdChoice(PARKING, use, fen(1)))?.quote(view)).toEqual({ kind: "refused", reason: "trip-unreadable" });
  });

  it("asked again by its name is the same one, also behind a restart; with another amount or end it is a conflict", async () => {
    const at = await till();
    for (let asked = 0; asked < 2; asked += 1) expect(await at.ask("h", "pre-authorization", fen(2_000))).toMatchObject({ kind: "paid", amount: 0 });
    at.place.place.cutPower();
    await at.open();
    expect(await at.ask("h", "pre-authorization", fen(2_000))).toMatchObject({ kind: "paid" });
    expect(await at.ask("h", "pre-authorization", fen(2_100))).toMatchObject({ kind: "refused", reason: "reference-conflict" });
    expect(await at.ask("h", "completion", fen(2_000))).toMatchObject({ kind: "refused", reason: "reference-conflict" });
    for (let asked = 0; asked < 2; asked += 1) expect(await at.ask("c", "completion", fen(700))).toMatchObject({ kind: "paid", amount: 700 });
    expect(await at.ask("c", "completion", fen(701))).toMatchObject({ kind: "refused", reason: "reference-conflict" });
    expect(at.purse).toEqual([9_300, undefined]);
  });
});

describe("rules of the region", () => {
  const LIMIT = fen(1_500);

  it("judge what is held, because its completion cannot be refused any more", async () => {
    const at = await till();
    at.rules = async ({ amount }) => (amount > LIMIT ? { kind: "refused", reason: "daily-amount-reached" } : { kind: "sale" });
    expect(await at.ask("h", "pre-authorization", fen(2_000))).toEqual({ kind: "refused", reason: "daily-amount-reached" });
    expect(await at.ask("h2", "pre-authorization", LIMIT)).toMatchObject({ kind: "paid", amount: 0 });
    expect(at.purse).toEqual([10_000, 1_500]);
  });

  it("do not stand between a service that was had and its money", async () => {
    const at = await till();
    await at.ask("h", "pre-authorization", fen(2_000));
    at.rules = async () => ({ kind: "refused", reason: "daily-count-reached" });
    expect(await at.ask("c", "completion", fen(1_500))).toMatchObject({ kind: "paid", amount: 1_500 });
    expect(await at.ask("h2", "pre-authorization", fen(1))).toEqual({ kind: "refused", reason: "daily-count-reached" });
    expect(at.purse).toEqual([8_500, undefined]);
  });
});

describe("limits of the place", () => {
  const upTo = (amount: number) => ({ ...TEST_LIMITS, risk: { ...TEST_LIMITS.risk, amountPerSaleFen: fen(amount) } });
  const clear = { kind: "clear" } as const;

  it("judge what is held as if it were taken, and its completion never: it takes what was held, whatever they say by then", async () => {
    const at = await till();
    at.limits = upTo(1_999);
    expect(await at.ask("h", "pre-authorization", fen(2_000))).toEqual({ kind: "refused", reason: "amount-limit" });
    at.limits = upTo(2_000);
    const asked: number[] = [];
    at.guard = {
      review: () => clear,
      take: (_card, amount) => {
        asked.push(amount);
        return { kind: "taken", became: () => undefined };
      },
    };
    expect(await at.ask("h", "pre-authorization", fen(2_000))).toMatchObject({ kind: "paid", amount: 0 });
    expect(asked).toEqual([2_000]);
    at.limits = { ...TEST_LIMITS, risk: { ...upTo(1).risk, unreceiptedCount: 1, unreceiptedSumFen: fen(1) } };
    for (const reason of ["lease-expired", "clock-not-trusted", "list-too-old"] as const) {
      at.guard = { review: () => ({ kind: "refused", reason }), take: () => ({ kind: "refused", reason: "card-sum-limit" }) };
      expect(await at.ask(`other-${reason}`, "pre-authorization", fen(1))).toEqual({ kind: "refused", reason });
    }
    expect(await at.ask("c", "completion", fen(2_000))).toMatchObject({ kind: "paid", amount: 2_000 });
    expect(at.purse).toEqual([8_000, undefined]);
  });

  it("are no lists: a listed card pays nothing", async () => {
    const at = await till();
    await at.ask("h", "pre-authorization", fen(2_000));
    at.guard = { review: () => ({ kind: "refused", reason: "card-listed" }), take: () => ({ kind: "taken", became: () => undefined }) };
    expect(await at.ask("c", "completion", fen(2_000))).toEqual({ kind: "refused", reason: "card-listed" });
    expect(at.purse).toEqual([10_000, 2_000]);
  });
});

describe("a torn card", () => {
  it.each(["before", "during", "after"] as const)("at the commit, %s it, is held and completed once", async (point) => {
    for (const torn of ["h", "c"]) {
      const at = await till();
      const tear = () => {
        at.place.place.tearDebit(point, "electronic-cash");
        // It comes back by itself.
        void at.place.place.clock.sleep(1_000).then(() => {
          if (at.card !== undefined && at.place.place.reader.card === undefined) at.place.place.reader.insert(at.card);
        });
      };
      if (torn === "h") tear();
      expect(await at.ask("h", "pre-authorization", fen(2_000))).toMatchObject({ kind: "paid", amount: 0 });
      expect(at.purse).toEqual([10_000, 2_000]);
      if (torn === "c") tear();
      expect(await at.ask("c", "completion", fen(1_500))).toMatchObject({ kind: "paid", amount: 1_500 });
      expect(at.purse).toEqual([8_500, undefined]);
    }
  });
});
