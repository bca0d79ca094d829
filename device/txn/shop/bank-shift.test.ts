/* A shift with bank cards: sales are taken, what goes back is given, and cash that is handed out leaves the drawer. */
import { expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { BankPlace } from "../acquiring/testing.ts";
import { openShifts } from "./shift.ts";

test("a shift counts bank sales, withdrawals and what went back, and no sale that was reversed", async () => {
  const place = new BankPlace({});
  await place.start();
  place.card();
  await place.pay("c1.B1", 5_000);
  await place.pay("c1.B2", 300);
  place.host.planFault("0200", "reply-lost");
  await place.pay("c1.B3", 700);
  await place.pay("c1.B4", 10_000, { business: "withdrawal" });
  await place.takeBack("c1.V1", "c1.B2");
  const shifts = openShifts(place.place.journal, { unverifiedAmountFen: fen(0) });
  expect(await place.run(shifts.current())).toMatchObject({
    taken: [{ what: "bank-sale", count: 2, sumFen: 5_300 }],
    given: [
      { what: "bank-return", count: 1, sumFen: 300 },
      { what: "bank-withdrawal", count: 1, sumFen: 10_000 },
    ],
    drawerFen: -10_000,
    open: { count: 0, sumFen: 0 },
  });
});
