/* A card that has paid here as much as the city lets it in a day is refused before anything is debited; nobody is stopped for good. */
import { describe, expect, it } from "vitest";
import { fen } from "../base/fen.ts";
import { runQuickPayment } from "../txn/quick-payment/run.ts";
import { SimulatedPlace, TEST_LIMITS } from "../txn/quick-payment/testing.ts";
import { openRuledCards } from "./local-rules.ts";

const STATEMENT = { kind: "statement", name: "print", validFrom: "20200101", limit: 2, warnFrom: 1 } as const;
const CAP = { kind: "daily-cap", name: "day", validFrom: "20200101", amountFen: 500 } as const;

async function sales(rules: Parameters<typeof openRuledCards>[0]["rules"], amounts: readonly number[]): Promise<readonly string[]> {
  const place = new SimulatedPlace();
  const { clock } = place;
  const ports = await clock.resolve(place.switchOn());
  const localRules = await clock.resolve(openRuledCards({ journal: place.journal, clock, rules, merchant: "M1" }));
  place.reader.insert(place.card());
  const ends: string[] = [];
  for (const [at, amount] of amounts.entries()) {
    const request = { reference: `r-${at}`, amount: fen(amount) };
    const outcome = await clock.resolve(runQuickPayment({ ...ports, ...(localRules === undefined ? {} : { localRules }) }, request, TEST_LIMITS));
    ends.push("reason" in outcome ? String(outcome.reason) : outcome.kind);
  }
  return ends;
}

describe("rules of a city at a terminal", () => {
  it("stop no card that nobody could let go again", async () => expect(await sales([STATEMENT], [100, 100, 100])).toEqual(["paid", "paid", "paid"]));
  it("cap what a card pays in a day", async () => expect(await sales([CAP], [300, 300, 200])).toEqual(["paid", "daily-amount-reached", "paid"]));
  it("are not asked where there are none that look at cards", async () => expect(await sales([], [300])).toEqual(["paid"]));
});
