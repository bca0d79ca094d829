import { expect, test } from "vitest";
import { FakeCard } from "./testing/fake-sales.ts";
import { Station } from "./testing/station.ts";

test("a sale that is taken up again is its own card's: another one that has slipped in pays for itself, and nobody passes for it", async () => {
  const at = new Station({ lanes: [{ mode: "single" }] });
  await at.switchOn();
  const [torn, other] = [new FakeCard("A"), new FakeCard("B")];
  const { reader, gate } = at.lane();
  at.sales.planDebit("torn-before");
  await at.tap(torn, { thenMs: 12_000 });
  expect([torn.charges.length, gate.passages.length]).toEqual([0, 0]);
  // It is back: its own sale is void, and is begun anew with the card that lies there, which is another one by then.
  reader.insert(torn);
  await at.pass(80);
  reader.remove();
  reader.insert(other);
  await at.pass(2_000);
  reader.remove();
  await at.pass(3_000);
  await at.tap(torn, { thenMs: 3_000 });
  const charges = torn.charges.length + other.charges.length;
  expect([torn.charges.length, other.charges.length, gate.passages.length]).toEqual([1, 1, charges]);
  expect(new Set([...torn.charges, ...other.charges].map(({ reference }) => reference)).size).toBe(2);
});
