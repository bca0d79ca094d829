/*
 * Goal: whatever line, acquirer, card and power do, the bank's books and the terminal's say the same once everything has settled down, nothing is
 * booked twice, and no reversal stays unsent that can be sent.
 * Method: random acts under random misfortunes, each of a whole terminal over a simulated bank; then all misfortunes end, and both books are compared.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ACQUIRER_FAULTS, type AcquirerFaultName, clearAcquirerFaults } from "../../../simulators/host/acquirer/acquirer-faults.ts";
import type { BankOutcome } from "./acts.ts";
import { BANK_RULES } from "./machine.ts";
import * as step from "./rules.ts";
import { BANK_LIMITS, BankPlace, type BankPlaceOptions, fenOf, type LineFate } from "./testing.ts";
import type { Approval, BankPlan, BankRules } from "./types.ts";

type Act =
  | { readonly do: "pay"; readonly amount: number }
  | { readonly do: "void"; readonly of: number }
  | { readonly do: "refund"; readonly of: number; readonly amount: number }
  /** The same as the act of this number once more. */
  | { readonly do: "again"; readonly of: number };

interface Misfortune {
  readonly faults: readonly { readonly type: string; readonly name: AcquirerFaultName }[];
  readonly fates: readonly LineFate[];
  /** Power goes at this commit of the act. */
  readonly cutAt: number | undefined;
  readonly cutWhen: "before" | "during" | "after";
}

interface Step {
  readonly act: Act;
  readonly misfortune: Misfortune;
}

/** What ends by itself: keys that are wrong and sessions that end are signed in again. */
const NAMES = (Object.keys(ACQUIRER_FAULTS) as AcquirerFaultName[]).filter((name) => name !== "script-false" && name !== "script-missing");
const TYPES = ["0800", "0200", "0220", "0400"];

const index = fc.nat({ max: 5 });
const amount = fc.integer({ min: 1, max: 60_000 });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("pay" as const), amount }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("void" as const), of: index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("refund" as const), of: index, amount }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("again" as const), of: index }) },
);
const fate = fc.constantFrom<LineFate>("deliver", "deliver", "deliver", "lost", "unheard", "not-sent", "cut-before", "cut-after");
const misfortune: fc.Arbitrary<Misfortune> = fc.record({
  faults: fc.array(fc.record({ type: fc.constantFrom(...TYPES), name: fc.constantFrom(...NAMES) }), { maxLength: 3 }),
  fates: fc.array(fate, { maxLength: 6 }),
  cutAt: fc.option(fc.nat({ max: 8 }), { nil: undefined, freq: 2 }),
  cutWhen: fc.constantFrom("before", "during", "after"),
});

const MADE_UP: Approval = { responseCode: "00", amount: fenOf(1), partial: false, retrievalReference: "000000000001" };
const KEEPS: BankPlan = { card: "signs", asksPin: false, keepsPartial: true, cardRefusal: "keep" };

class Story {
  readonly place: BankPlace;
  readonly #begun: { readonly reference: string; readonly act: Exclude<Act, { readonly do: "again" }> }[] = [];
  #commits: { left: number; readonly when: Misfortune["cutWhen"] } | undefined;

  constructor(options: BankPlaceOptions) {
    this.place = new BankPlace({ profile: { reversalTries: 1000, replyTimeoutMs: 5000 }, ...options });
    this.place.place.disk.onCommit(() => {
      const commits = this.#commits;
      if (commits === undefined) return { kind: "go" };
      commits.left -= 1;
      return commits.left >= 0 ? { kind: "go" } : { kind: "cut", when: commits.when };
    });
  }

  async begin(): Promise<void> {
    await this.place.start();
    this.place.card();
  }

  async step({ act: wanted, misfortune: bad }: Step): Promise<void> {
    const { place } = this;
    for (const { type, name } of bad.faults) place.host.planFault(type, name);
    const fates = [...bad.fates];
    place.host.fate = () => fates.shift() ?? "deliver";
    this.#commits = bad.cutAt === undefined ? undefined : { left: bad.cutAt, when: bad.cutWhen };
    const work = this.#act(wanted);
    if (work !== undefined) await place.untilCut(work);
    this.#commits = undefined;
    if (!place.place.on) await place.nextLife();
  }

  #act(wanted: Act): Promise<BankOutcome> | undefined {
    if (wanted.do === "again") {
      const before = this.#begun[wanted.of];
      return before === undefined ? undefined : this.#run(before.reference, before.act);
    }
    const reference = `r${this.#begun.length}`;
    this.#begun.push({ reference, act: wanted });
    return this.#run(reference, wanted);
  }

  #run(reference: string, wanted: Exclude<Act, { readonly do: "again" }>): Promise<BankOutcome> {
    const { acts } = this.place.bank;
    if (wanted.do === "pay") return acts.pay({ reference, business: "sale", amount: fenOf(wanted.amount), operator: "op1" }, BANK_LIMITS);
    const original = `r${wanted.of}`;
    const back = { reference, original, operator: "op1", withoutCard: true };
    if (wanted.do === "void") return acts.takeBack({ ...back, business: "void" }, BANK_LIMITS);
    return acts.takeBack({ ...back, business: "refund", amount: fenOf(wanted.amount) }, BANK_LIMITS);
  }

  /** All misfortunes end; whatever is pending goes out by itself. */
  async settle(): Promise<void> {
    const { place } = this;
    clearAcquirerFaults(place.host.acquirer.faults);
    await place.nextLife();
    place.bank.background.start();
    await place.pass(400_000);
    await place.run(place.bank.background.stop());
  }

  async expectOneTruth(): Promise<void> {
    const { place } = this;
    expect(place.bank.acts.view()).toMatchObject({ pendingReversals: 0, parkedReversals: 0 });
    expect(place.host.sum()).toBe(await place.terminalSum());
    const done = (await place.entries()).filter(({ kind, state }) => state === "done" && kind.startsWith("bank-"));
    const standing = place.host.standing().map(({ stan, amountFen }) => `${stan} ${amountFen}`);
    expect(done.map(({ detail, amount: fen }) => `${String(detail["stan"])} ${fen}`).toSorted()).toEqual(standing.toSorted());
    for (const { reference } of this.#begun) {
      const known = await place.known(reference);
      expect(known?.kind).not.toBe("unknown");
    }
  }
}

async function tell(options: BankPlaceOptions, steps: readonly Step[]): Promise<void> {
  const story = new Story(options);
  await story.begin();
  for (const step of steps) await story.step(step);
  await story.settle();
  await story.expectOneTruth();
}

const steps = fc.array(fc.record({ act, misfortune }), { minLength: 1, maxLength: 6 });

describe("random acts under random misfortunes", () => {
  test.each(["contactless", "contact"] as const)(
    "leave one truth: %s",
    async (kind) => {
      const told = (story: readonly Step[]) => tell({ interface: kind }, story);
      await fc.assert(fc.asyncProperty(steps, told), { numRuns: 120 });
    },
    120_000,
  );

  test.each<readonly [string, Partial<BankRules["sending"]>]>([
    [
      "that takes silence for a no",
      {
        "reply-unknown": ({ intent }, { reason }) => ({
          state: { at: "closing", subject: intent.subject, outcome: { kind: "refused", reason, subject: intent.subject } },
          command: { do: "append", entry: { state: "void", after: intent, reason } },
        }),
      },
    ],
    ["that believes a no to be a yes", { declined: (state) => step.approved(state, { is: "approved", approval: MADE_UP }, KEEPS) }],
  ])(
    "and a terminal %s is found out",
    async (_name, rules) => {
      const bad: BankRules = { ...BANK_RULES, sending: { ...BANK_RULES.sending, ...rules } };
      const found = await fc.check(
        fc.asyncProperty(steps, (story) => tell({ rules: bad }, story)),
        // It ends with the first story that tells; some of these mistakes show in one of forty.
        { numRuns: 2_000 },
      );
      expect(found.failed).toBe(true);
    },
    120_000,
  );
});
