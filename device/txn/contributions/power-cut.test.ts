/*
 * Goal: power may fail at any append, and around any message, and the money at the bank is what the agency has confirmed, or it is back, or
 * listed. Method: the same payment with a cut at each commit in turn; then days of chance, drawn from seeds, with everything at once.
 */
import { describe, expect, it } from "vitest";
import { AGENCY_FAULTS, planAgencyFault } from "../../../simulators/host/agency/faults.ts";
import { fen } from "../../base/fen.ts";
import { type BankFate, ContributionDesk, contribution, type MessageFate, WAIT } from "./testing.ts";

const REFUSED_RETURNS = ["approve", "refuse", "unknown-approved", "unknown-reversed", "cut-after"] as const;
const BANK_FATES: readonly BankFate[] = [
  "approve",
  "approve",
  "approve",
  "short",
  "refuse",
  "no-card",
  "unknown-reversed",
  "unknown-approved",
  "cut-before",
  "cut-after",
];
const AGENCY_FATES = ["reply-lost", "request-lost", "refuse", "late", "pending", "wrong-id", "malformed", "output-missing", "delivered-twice"] as const;
const MESSAGE_FATES: readonly MessageFate[] = ["not-sent", "cut-before", "cut-after"];
const MOMENTS = ["before", "during", "after"] as const;
const BILLS = [
  { billId: "B9-2026-M", amount: fen(40_000) },
  { billId: "B9-2026-P", amount: fen(100_000) },
  { billId: "B9-2026-E", amount: fen(6_500) },
] as const;

/** Switches on again where the power has gone, as often as it takes, and lets the background end what it can. */
async function calm(desk: ContributionDesk): Promise<void> {
  for (let hours = 0; hours < 6; hours += 1) {
    if (!desk.on) await desk.clock.resolve(desk.switchOn());
    await desk.later(3_600_000);
  }
}

/** What is wrong in the end: nothing, in every world. */
async function problems(desk: ContributionDesk): Promise<readonly string[]> {
  const found: string[] = [];
  const cases = await desk.clock.resolve(desk.opened.acts.openCases(100));
  for (const [at, { billId, amount }] of BILLS.entries()) {
    const reference = `A${at}`;
    const held = desk.bank.held(`${reference}.`);
    const bill = desk.agency.ledger.bill(billId);
    const confirmed = bill?.payment?.startsWith(`bank-${reference}.`) === true;
    const outcome = await desk.clock.resolve(desk.opened.acts.known(reference));
    const listed = outcome?.kind === "open-case" && cases.some(({ subject }) => subject === outcome.subject);
    if (held !== (confirmed ? amount : 0) && !listed) found.push(`${reference}: ${held} at the bank, ${bill?.state} at the agency, told ${outcome?.kind}`);
    if (outcome?.kind === "confirmed" && !(confirmed && held === amount)) found.push(`${reference}: told confirmed, which it is not`);
    if ((outcome?.kind === "refunded" || outcome?.kind === "refused") && (held !== 0 || confirmed))
      found.push(`${reference}: told ${outcome.kind} with ${held}`);
    if (outcome?.kind === "open-case" && !listed) found.push(`${reference}: open and not listed`);
  }
  return found;
}

describe("a cut at each commit of a payment", () => {
  const worlds = [
    ["that is confirmed", undefined],
    ["that the agency refuses", "refuse"],
    ["whose confirmation is lost", "reply-lost"],
    ["of which the agency never heard", "request-lost"],
  ] as const;
  for (const [name, fault] of worlds)
    for (const when of MOMENTS)
      it(`${name}: ${when} the commit`, async () => {
        for (let at = 1; at <= 8; at += 1) {
          const desk = new ContributionDesk();
          await desk.clock.resolve(desk.switchOn());
          let commits = 0;
          desk.disk.onCommit(() => {
            commits += 1;
            return commits === at ? { kind: "cut", when } : { kind: "go" };
          });
          if (fault !== undefined) planAgencyFault(desk.agency.faults, "contribution-confirm", AGENCY_FAULTS[fault]);
          await desk.untilCut(desk.opened.acts.pay(contribution({ reference: "A0" }), WAIT));
          await calm(desk);
          expect(await problems(desk), `cut ${at}`).toEqual([]);
          expect(await desk.clock.resolve(desk.opened.acts.openCases(10)), `cut ${at}`).toEqual([]);
        }
      });
});

describe("days of chance", () => {
  class Day {
    readonly desk: ContributionDesk;
    readonly #draw: (below: number) => number;
    #calm = false;

    constructor(seed: number) {
      let state = (seed * 2_654_435_761) >>> 0;
      this.#draw = (below) => {
        state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
        return (state >>> 8) % below;
      };
      this.desk = new ContributionDesk({ seed: `day-${seed}` });
      this.desk.disk.onCommit(() => {
        if (this.#calm || this.#draw(12) > 0) return { kind: "go" };
        return { kind: "cut", when: this.#pick(MOMENTS) };
      });
    }

    #pick<Value>(values: readonly Value[]): Value {
      return values[this.#draw(values.length)] as Value;
    }

    #disturb(): void {
      const { desk } = this;
      desk.bank.plan(this.#pick(BANK_FATES));
      if (this.#draw(2) === 0) desk.bank.planReturns(this.#pick(REFUSED_RETURNS));
      if (this.#draw(2) === 0) planAgencyFault(desk.agency.faults, "contribution-confirm", AGENCY_FAULTS[this.#pick(AGENCY_FATES)]);
      if (this.#draw(3) === 0) planAgencyFault(desk.agency.faults, "outcome", AGENCY_FAULTS[this.#pick(AGENCY_FATES)]);
      if (this.#draw(4) === 0) desk.planMessage(this.#pick(["contribution-confirm", "outcome"]), this.#pick(MESSAGE_FATES));
    }

    async live(): Promise<void> {
      const { desk } = this;
      this.#calm = true;
      await desk.clock.resolve(desk.switchOn());
      for (let acts = 0; acts < 6; acts += 1) {
        this.#calm = false;
        this.#disturb();
        const at = this.#draw(BILLS.length);
        await desk.untilCut(desk.opened.acts.pay(contribution({ reference: `A${at}`, ...(BILLS[at] ?? BILLS[0]) }), WAIT).catch(() => "journal"));
        await desk.later(this.#draw(40_000));
        this.#calm = true;
        if (!desk.on) await desk.clock.resolve(desk.switchOn());
      }
      await calm(desk);
    }
  }

  it("leave one truth at bank, agency and counter", async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const day = new Day(seed);
      await day.live();
      expect(await problems(day.desk), `seed ${seed}`).toEqual([]);
      expect(day.desk.agency.late(), `seed ${seed}`).toBe(0);
    }
  });
});
