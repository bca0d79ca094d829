/* Every row where it is refused: at a terminal that has nothing switched on, or, for rows that no terminal serves, at one that has everything. */

import { openCardServices } from "../../../device/txn/card-services/open.ts";
import type { ServicePlace } from "../../../device/txn/card-services/ports.ts";
import { DEFAULT_SERVICE_PROFILE } from "../../../device/txn/card-services/profile.ts";
import type { RowPlace, ServiceRow } from "../../../device/txn/card-services/row-types.ts";
import { SERVICE_ROWS, standingOf } from "../../../device/txn/card-services/rows.ts";
import { counter, EVERYTHING, LIMITS, OPERATOR } from "../../../device/txn/card-services/testing.ts";
import { expectMatch, expectTrue } from "../expect.ts";
import type { ServiceCase } from "./types.ts";

const NAME = "测试服务点";
const BARE: ServicePlace = { kind: "counter", institutionName: NAME, medical: false, bank: false, quickPayment: false };
const GATE: ServicePlace = { kind: "gate", institutionName: NAME, medical: true, bank: true, quickPayment: true };

/** Asked for by its number, as a counter's program asks: the row's own reason, its office, and a sentence in both languages. */
async function expectRefused(
  row: ServiceRow,
  at: { readonly place: ServicePlace; readonly everything: boolean; readonly reason: string; readonly office: string },
) {
  const bench = await counter({ agency: at.everything });
  const { agency, ...rest } = bench.ports;
  const profile = at.everything ? EVERYTHING : DEFAULT_SERVICE_PROFILE;
  const services = openCardServices({ ...rest, place: at.place, profile, ...(at.everything && agency !== undefined ? { agency } : {}) });
  const outcome = await bench.run(services.perform({ service: "other", row: row.row, operator: OPERATOR }, LIMITS));
  expectMatch(outcome, { kind: "refused", reason: at.reason, office: at.office }, `row ${row.row}`);
  expectTrue(outcome.kind === "refused" && outcome.text.zh !== "" && outcome.text.en !== "", `row ${row.row} is told in both languages`);
  expectTrue(
    services.table().some((told) => told.row === row.row && told.answer === "refused"),
    `row ${row.row} stands as refused in the table`,
  );
}

function refusedAnywhere(row: ServiceRow): ServiceCase {
  const { reason, office } = row.refusal;
  const place: ServicePlace = { ...GATE, kind: "counter" };
  return {
    row: row.row,
    shows: "refused",
    title: `refused, whatever is switched on: ${reason} → ${office}`,
    run: () => expectRefused(row, { place, everything: true, reason, office }),
  };
}

function refusedWithoutHosts(row: ServiceRow): ServiceCase {
  const { reason, office } = row.refusal;
  return {
    row: row.row,
    shows: "refused",
    title: `refused where hosts or switches are missing: ${reason} → ${office}`,
    run: () => expectRefused(row, { place: BARE, everything: false, reason, office }),
  };
}

function refusedByGate(row: ServiceRow): ServiceCase {
  return {
    row: row.row,
    shows: "refused",
    title: "a gate sends to a counter",
    run: () => expectRefused(row, { place: GATE, everything: true, reason: "use-a-counter-terminal", office: "counter-terminal" }),
  };
}

const NOTHING: RowPlace = { ...BARE, agency: false };

export const REFUSAL_CASES: readonly ServiceCase[] = SERVICE_ROWS.flatMap((row) => [
  ...(row.by === undefined ? [refusedAnywhere(row)] : []),
  ...(row.by !== undefined && standingOf(row, NOTHING, DEFAULT_SERVICE_PROFILE).answer === "refused" ? [refusedWithoutHosts(row)] : []),
  ...(row.gate ? [] : [refusedByGate(row)]),
]);
