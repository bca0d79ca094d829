/*
 * Goal: no power cut, at any command and at any write, changes what a sale with a discount has taken, or what its record says of it.
 * Method: as for plain sales, with a rule that says something else in each life, and a purse whose social card is asked for in the same tap.
 */
import { describe, expect, test } from "vitest";
import type { SimulatedCard } from "../../../simulators/card/card.ts";
import { fen } from "../../base/fen.ts";
import { SILENT } from "../../base/log.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import { openCardLinks } from "../risk/card-links.ts";
import type { PurseChoice } from "../sale-request.ts";
import type { QuickPaymentPorts } from "./ports.ts";
import { discountOf } from "./record.ts";
import { runQuickPayment } from "./run.ts";
import { balanceOf, debitName, SimulatedPlace, TEST_LIMITS } from "./testing.ts";
import type { QuickPaymentOutcome } from "./types.ts";

const PRICE = 450;
const BALANCE = 10_000;
const SUITE = opensslSuite();
const KEY = SUITE.secretKey(new Uint8Array(16).fill(7));

/** One card at one place through several lives; each life has another discount, 10 fen more. */
class Lives {
  readonly place = new SimulatedPlace();
  readonly card: SimulatedCard;
  readonly #purse: PurseChoice;
  #life = 0;
  #ports: QuickPaymentPorts | undefined;

  constructor(purse: PurseChoice) {
    this.#purse = purse;
    this.card = this.place.card({ balanceFen: BALANCE });
    this.place.reader.insert(this.card);
  }

  async next(): Promise<this> {
    const { place } = this;
    if (this.#life > 0) place.cutPower();
    place.plan(() => ({ kind: "ok" }));
    this.#life += 1;
    const discount = fen(10 * this.#life);
    const ports = await place.clock.resolve(place.switchOn());
    await place.clock.resolve(recoverAtStart(ports));
    const links = await place.clock.resolve(openCardLinks({ journal: place.journal, suite: SUITE, storageKey: KEY, log: SILENT }));
    this.#ports = {
      ...ports,
      socialCard: { links, asks: true, profile: DEFAULT_CARD_PROFILE },
      localRules: async ({ amount }) => ({ kind: "sale", discount: { fullAmount: amount, discount, rule: "life" } }),
    };
    return this;
  }

  /** Until the answer or the cut, whichever comes first. */
  async sell(reference: string): Promise<QuickPaymentOutcome | undefined> {
    const { place } = this;
    if (this.#ports === undefined) throw new Error("a life was begun");
    let outcome: QuickPaymentOutcome | undefined;
    void runQuickPayment(this.#ports, { reference, amount: fen(PRICE), purse: this.#purse, pays: "goods" }, TEST_LIMITS).then((value) => {
      outcome = value;
    });
    await place.clock.runUntil(place.clock.monotonicMs() + 120_000, () => outcome !== undefined || !place.on);
    if (!place.on) await place.clock.runUntil(place.clock.monotonicMs() + 500);
    return place.on ? outcome : undefined;
  }

  /** The same sale again: paid once, at the price that its own intent has said, whichever life that was. */
  async expectHealed(): Promise<void> {
    const { place, card } = this;
    const outcome = await this.sell("r1");
    if (outcome?.kind !== "paid") throw new Error(`the sale is ${outcome?.kind}`);
    expect(card.debits).toHaveLength(1);
    const [debit] = card.debits;
    const done = (await place.clock.resolve(place.entries())).filter(({ kind, state }) => kind === "quick-payment" && state === "done");
    expect(done.map(({ detail }) => debitName(detail))).toEqual(debit === undefined ? [] : [debitName(debit)]);
    const [record] = done;
    const said = record === undefined ? undefined : discountOf(record.detail);
    expect(outcome.discount).toEqual(said);
    expect([record?.amount, outcome.amount, (said?.fullAmount ?? 0) - (said?.discount ?? 0)]).toEqual([debit?.amountFen, debit?.amountFen, debit?.amountFen]);
    expect(balanceOf(card, this.#purse.kind)).toBe(BALANCE - outcome.amount);
    expect(await place.clock.resolve(place.journal.openSubjects({ limit: 10 }))).toEqual([]);
  }
}

const begin = (purse: PurseChoice) => new Lives(purse).next();

describe.each([{ kind: "e-purse" }, { kind: "electronic-cash" }] as const)("power cut in a sale with a discount: $kind", (purse) => {
  test.each(["before", "after"] as const)("%s every command to card and module", async (when) => {
    const counted = await begin(purse);
    const first = counted.place.commands;
    await counted.sell("r1");
    const last = counted.place.commands;
    expect(last - first).toBeGreaterThan(10);
    for (let index = first; index < last; index += 1) {
      const cut = await begin(purse);
      cut.place.plan((info) => (info.index === index ? { kind: "power-cut", when } : { kind: "ok" }));
      expect(await cut.sell("r1")).toBeUndefined();
      await cut.next();
      await cut.expectHealed();
    }
  });

  test.each(["before", "during", "after"] as const)("%s every commit", async (when) => {
    const counted = await begin(purse);
    let commits = 0;
    counted.place.disk.onCommit(() => {
      commits += 1;
      return { kind: "go" };
    });
    await counted.sell("r1");
    expect(commits).toBeGreaterThanOrEqual(2);
    for (let at = 1; at <= commits; at += 1) {
      const cut = await begin(purse);
      let seen = 0;
      cut.place.disk.onCommit(() => {
        seen += 1;
        return seen === at ? { kind: "cut", when } : { kind: "go" };
      });
      await cut.sell("r1");
      await cut.next();
      await cut.expectHealed();
    }
  });
});
