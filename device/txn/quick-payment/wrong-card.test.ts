/* Cards that are of no use here are refused by name, and a good card is asked nothing more for it. */
import { expect, test } from "vitest";
import { OtherCard } from "../../../simulators/card/other-card.ts";
import { toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { runQuickPayment } from "./run.ts";
import { EVERY_PURSE, SimulatedPlace, TEST_LIMITS } from "./testing.ts";

const STORAGE_ATR = "3b8f8001804f0ca0000003060300010000000068";
const PROCESSOR_ATR = "3b8d80010081544c5386609901000000015f";

async function opened(): Promise<SimulatedPlace> {
  const place = new SimulatedPlace();
  await place.clock.resolve(place.switchOn());
  return place;
}

for (const purse of EVERY_PURSE) {
  const sell = (place: SimulatedPlace, timeoutMs = 10_000) =>
    place.clock.resolve(runQuickPayment(place.ports, { reference: "r1", amount: fen(450), purse }, { ...TEST_LIMITS, timeoutMs }));

  test.each([
    [STORAGE_ATR, "storage-card"],
    ["3b888001d103860c008080002b", "identity-card"],
  ])(`${purse.kind}: %s is refused without a command`, async (atrHex, reason) => {
    const place = await opened();
    const card = new OtherCard({ atrHex });
    place.reader.insert(card);
    expect(await sell(place)).toEqual({ kind: "refused", reason });
    expect([card.commands, await place.clock.resolve(place.entries())]).toEqual([0, []]);
  });

  test.each([
    [{ names: ["a0000000031010"], listsNames: true }, "foreign-card"],
    [{ names: ["a0000000041010"] }, "foreign-card"],
    [{}, "no-purse"],
  ])(`${purse.kind}: a card with %o is called %s`, async (names, reason) => {
    const place = await opened();
    place.reader.insert(new OtherCard({ atrHex: PROCESSOR_ATR, ...names }));
    expect(await sell(place)).toMatchObject({ kind: "refused", reason });
  });

  test(`${purse.kind}: a foreign card that leaves before it is named is refused all the same`, async () => {
    const place = await opened();
    place.plan(({ command }) => (toHex(command).includes("a000000004") ? { kind: "tear", at: "before" } : { kind: "ok" }));
    place.reader.insert(new OtherCard({ atrHex: PROCESSOR_ATR, names: ["a0000000041010"] }));
    expect(await sell(place)).toMatchObject({ kind: "refused", reason: "no-purse" });
    expect(place.reader.card).toBeUndefined();
  });

  test(`${purse.kind}: several cards at once are waited out, and said at the end of the time`, async () => {
    const place = await opened();
    const card = place.card();
    place.reader.insert(card);
    place.reader.crowd([place.card()]);
    expect(await sell(place, 1_000)).toEqual({ kind: "no-card", reason: "more-than-one-card" });
    place.reader.crowd([]);
    place.reader.remove();
    expect(await sell(place, 1_000)).toEqual({ kind: "no-card" });
    place.reader.insert(card);
    expect(await sell(place)).toMatchObject({ kind: "paid", verified: true });
  });
}
