import { expect, test } from "vitest";
import { fen } from "../base/fen.ts";
import { runQuickPayment } from "./quick-payment/run.ts";
import { SimulatedPlace, TEST_LIMITS } from "./quick-payment/testing.ts";
import { untilCard } from "./until-card.ts";

const SALE = { reference: "c1.S1.q1", amount: fen(300) };

async function place() {
  const at = new SimulatedPlace();
  const ports = await at.clock.resolve(at.switchOn());
  const givenUp = new AbortController();
  return { at, givenUp, ports: { ...ports, reader: untilCard(ports.reader, givenUp.signal) } };
}

test("a sale is given up while nobody has presented a card, and binds nobody", async () => {
  const { at, givenUp, ports } = await place();
  const sale = runQuickPayment(ports, SALE, TEST_LIMITS);
  await at.clock.resolve(at.clock.sleep(100));
  givenUp.abort();
  const sinceMs = at.clock.monotonicMs();
  expect(await at.clock.resolve(sale)).toEqual({ kind: "no-card" });
  expect(at.clock.monotonicMs() - sinceMs).toBeLessThan(TEST_LIMITS.timeoutMs / 2);
  expect(await at.clock.resolve(at.entries())).toEqual([]);
  expect(await at.clock.resolve(runQuickPayment(ports, SALE, TEST_LIMITS))).toEqual({ kind: "no-card" });
});

test("a sale that has a card goes on, also where the card is torn away and wanted again", async () => {
  const { at, givenUp, ports } = await place();
  const card = at.card();
  at.reader.insert(card);
  let torn = false;
  at.plan(({ to }) => {
    if (to !== "card" || torn) return { kind: "ok" };
    torn = true;
    givenUp.abort();
    return { kind: "tear", at: "after" };
  });
  const sale = runQuickPayment(ports, SALE, TEST_LIMITS);
  await at.clock.resolve(at.clock.sleep(1_000));
  at.reader.insert(card);
  expect(await at.clock.resolve(sale)).toMatchObject({ kind: "paid", amount: 300 });
});
