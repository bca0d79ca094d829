/*
 * Goal: whatever is done to the medical purse, and wherever it is torn, its money is the sum of what it says it did.
 * Method: random dialogues against a model of three lines; random bytes, which must be answered and never thrown at.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, readUint } from "../../../device/base/bytes.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import type { SimulatedCard } from "../card.ts";
import { makeTestCard } from "../make.ts";
import { expectOk, send } from "../testing.ts";
import { initializeHex, MEDICAL_SELECT, medicalProofHex, openMedicalSale } from "./testing.ts";
import { medicalTopUp } from "./top-up.ts";

const suite = openCipherSuite();
const START_FEN = 5_000;

function makeCard(logSeqMode: "pre" | "post"): SimulatedCard {
  return makeTestCard(suite, { balanceFen: 0, algorithm: "sm4", profile: { logSeqMode }, medicalPurse: { accountFen: START_FEN, payYear: "2026" } });
}

function power(card: SimulatedCard): void {
  card.powerUp();
  expectOk(card, MEDICAL_SELECT);
}

type Act =
  | { readonly kind: "sale"; readonly accountFen: number; readonly selfPayFen: number; readonly tear: "before" | "during" | "after" | "none" }
  | { readonly kind: "load"; readonly amountFen: number }
  | { readonly kind: "abandon" }
  | { readonly kind: "noise"; readonly commandHex: string };

const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constant("sale" as const),
    accountFen: fc.integer({ min: 0, max: 900 }),
    selfPayFen: fc.integer({ min: 0, max: 900 }),
    tear: fc.constantFrom("before" as const, "during" as const, "after" as const, "none" as const),
  }),
  fc.record({ kind: fc.constant("load" as const), amountFen: fc.integer({ min: 0, max: 900 }) }),
  fc.constant({ kind: "abandon" as const }),
  fc.record({
    kind: fc.constant("noise" as const),
    commandHex: fc.constantFrom("B026000104", medicalProofHex("32", 1), "B02C01000F00000001202611211015000000000008", "B02A00000B202611211015000000000004"),
  }),
);

/** What must be true of the card after the acts so far. */
interface Model {
  readonly accountFen: number;
  readonly selfPayTotalFen: number;
  readonly sales: number;
  readonly loads: number;
}

function sell(card: SimulatedCard, act: Extract<Act, { kind: "sale" }>, model: Model): Model {
  if (act.accountFen > model.accountFen) {
    expect(send(card, initializeHex(act))).toBe("9401");
    return model;
  }
  const { debitHex } = openMedicalSale(suite, card, act);
  if (act.tear === "none") expect(send(card, debitHex).slice(-4)).toBe("9000");
  else card.tear(fromHex(debitHex), act.tear);
  if (act.tear !== "none") power(card);
  if (act.tear === "before" || act.tear === "during") return model;
  return {
    ...model,
    accountFen: model.accountFen - act.accountFen,
    selfPayTotalFen: model.selfPayTotalFen + act.selfPayFen,
    sales: model.sales + 1,
  };
}

function perform(card: SimulatedCard, act: Act, model: Model): Model {
  switch (act.kind) {
    case "sale":
      return sell(card, act, model);
    case "load":
      medicalTopUp(suite, card, { amountFen: act.amountFen });
      power(card);
      return { ...model, accountFen: model.accountFen + act.amountFen, loads: model.loads + 1 };
    case "abandon":
      send(card, initializeHex({ accountFen: 0 }));
      return model;
    case "noise":
      send(card, act.commandHex);
      return model;
  }
}

describe("random dialogues", () => {
  it.each(["pre", "post"] as const)("money, totals, counters, log and truth agree (%s)", (logSeqMode) => {
    fc.assert(
      fc.property(fc.array(acts, { maxLength: 20 }), (steps) => {
        const card = makeCard(logSeqMode);
        power(card);
        let model: Model = { accountFen: START_FEN, selfPayTotalFen: 0, sales: 0, loads: 0 };
        for (const step of steps) model = perform(card, step, model);
        const { medicalPurse } = card.toSnapshot().memory;
        expect(medicalPurse).toMatchObject({
          accountFen: model.accountFen,
          selfPayTotalFen: model.selfPayTotalFen,
          purchaseSeq: model.sales,
          loadSeq: model.loads,
        });
        expect(medicalPurse?.log.length).toBe(Math.min(30, model.sales + model.loads));
        const moved = card.loads.reduce((sum, load) => sum + load.amountFen, 0) - card.debits.reduce((sum, debit) => sum + debit.amountFen, 0);
        expect(START_FEN + moved).toBe(model.accountFen);
      }),
      { numRuns: 60 },
    );
  });

  it("answers any bytes of its class by a status word, and moves nothing", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 20 }), (messages) => {
        const card = makeCard("post");
        power(card);
        for (const message of messages) {
          const answer = card.transmit(Uint8Array.of(0xb0, ...message));
          expect(answer.length).toBeGreaterThanOrEqual(2);
          expect([0x61, 0x65, 0x67, 0x69, 0x6a, 0x6c, 0x6d, 0x90, 0x93, 0x94]).toContain(readUint(answer, answer.length - 2, 1));
        }
        expect(card.toSnapshot().memory.medicalPurse?.accountFen).toBe(START_FEN);
      }),
      { numRuns: 200 },
    );
  });
});
