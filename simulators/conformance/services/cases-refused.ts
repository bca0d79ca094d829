/*
 * Goal: every row is refused as the page promises: at a terminal that has nothing switched on, at a gate, and, for rows that no terminal serves, at
 * one that has everything. Method: reasons and offices stand here by hand, apart from the table that the terminal answers from.
 */

import type { Office } from "../../../device/txn/card-services/acts.ts";
import { openCardServices } from "../../../device/txn/card-services/open.ts";
import type { ServicePlace } from "../../../device/txn/card-services/ports.ts";
import { DEFAULT_SERVICE_PROFILE } from "../../../device/txn/card-services/profile.ts";
import { counter, EVERYTHING, LIMITS, OPERATOR } from "../../../device/txn/card-services/testing.ts";
import { expectMatch, expectTrue } from "../expect.ts";
import type { ServiceCase } from "./types.ts";

const NAME = "测试服务点";
const BARE: ServicePlace = { kind: "counter", institutionName: NAME, medical: false, bank: false, quickPayment: false };
const GATE: ServicePlace = { kind: "gate", institutionName: NAME, medical: true, bank: true, quickPayment: true };

/** Asked for by its number, as a counter's program asks: the row's own reason, its office, and a sentence in both languages. */
async function expectRefused(
  row: number,
  at: { readonly place: ServicePlace; readonly everything: boolean; readonly reason: string; readonly office: string },
) {
  const bench = await counter({ agency: at.everything });
  const { agency, ...rest } = bench.ports;
  const profile = at.everything ? EVERYTHING : DEFAULT_SERVICE_PROFILE;
  const services = openCardServices({ ...rest, place: at.place, profile, ...(at.everything && agency !== undefined ? { agency } : {}) });
  const outcome = await bench.run(services.perform({ service: "other", row, operator: OPERATOR }, LIMITS));
  expectMatch(outcome, { kind: "refused", reason: at.reason, office: at.office }, `row ${row}`);
  expectTrue(outcome.kind === "refused" && outcome.text.zh !== "" && outcome.text.en !== "", `row ${row} is told in both languages`);
  expectTrue(
    services.table().some((told) => told.row === row && told.answer === "refused"),
    `row ${row} stands as refused in the table`,
  );
}

/** Reason and office of each row, as the page of card services promises them to whoever writes a counter's program. Spec: card-services/v1, 1. */
const PROMISED: readonly (readonly [row: number, reason: string, office: Office])[] = [
  [1, "no-security-module", "counter-terminal"],
  [2, "no-security-module", "counter-terminal"],
  [3, "no-security-module", "counter-terminal"],
  [4, "agency-not-connected", "agency"],
  [5, "agency-not-connected", "agency"],
  [6, "insurer-not-connected", "insurer"],
  [7, "insurer-not-connected", "insurer"],
  [8, "bank-not-connected", "bank"],
  [9, "agency-not-connected", "agency"],
  [10, "no-write-authorisation", "agency"],
  [11, "agency-not-connected", "agency"],
  [12, "not-a-terminal-service", "official-app"],
  [13, "not-a-designated-institution", "insurer"],
  [14, "not-a-designated-institution", "insurer"],
  [15, "not-a-designated-institution", "insurer"],
  [16, "not-at-a-counter-terminal", "hospital"],
  [17, "not-a-designated-institution", "insurer"],
  [18, "not-a-designated-institution", "insurer"],
  [19, "not-a-designated-institution", "insurer"],
  [20, "work-injury-receiver-not-connected", "insurer"],
  [21, "not-a-designated-institution", "insurer"],
  [22, "not-a-designated-institution", "insurer"],
  [23, "not-a-designated-institution", "insurer"],
  [24, "decided-by-the-insurer", "insurer"],
  [25, "not-a-designated-institution", "insurer"],
  [26, "medical-use-only", "insurer"],
  [27, "medical-use-only", "insurer"],
  [28, "offline-medical-not-allowed", "insurer"],
  [29, "not-a-terminal-service", "official-app"],
  [30, "contribution-host-not-connected", "agency"],
  [31, "mandate-is-set-up-elsewhere", "bank"],
  [32, "exam-fee-host-not-connected", "agency"],
  [33, "agency-not-connected", "agency"],
  [34, "agency-not-connected", "agency"],
  [35, "agency-not-connected", "agency"],
  [36, "agency-not-connected", "agency"],
  [37, "withdrawal-not-enabled", "bank"],
  [38, "bank-not-connected", "bank"],
  [39, "bank-not-connected", "bank"],
  [40, "no-purse-key", "bank"],
  [41, "load-not-offered", "bank"],
  [42, "not-at-this-terminal", "bank"],
  [43, "merchant-has-no-agreement", "telephone-12333"],
  [44, "issuing-banks-rules", "bank"],
  [45, "apply-in-person", "agency"],
  [46, "activated-by-the-agency", "agency"],
  [47, "in-person-at-the-bank", "bank"],
  [48, "no-security-module", "counter-terminal"],
  [49, "no-security-module", "counter-terminal"],
  [50, "not-an-authorised-post", "agency"],
  [51, "reported-by-telephone", "telephone-12333"],
  [52, "formal-loss-in-person", "agency"],
  [53, "withdrawal-at-the-agency", "agency"],
  [54, "after-formal-loss-in-person", "agency"],
  [55, "replaced-by-the-agency", "agency"],
  [56, "changed-by-the-agency", "agency"],
  [57, "agency-of-the-new-place", "agency"],
  [58, "agency-then-bank", "agency"],
  [59, "papers-are-checked-by-the-agency", "agency"],
  [60, "forbidden-by-criminal-law", "agency"],
  [61, "no-purse-key", "counter-terminal"],
  [62, "library-not-connected", "counter-terminal"],
  [63, "biller-not-connected", "bank"],
  [64, "not-approved", "agency"],
  [65, "not-a-personal-card", "agency"],
];

/** What no terminal does. */
const NEVER: ReadonlySet<number> = new Set([12, 16, 24, 26, 27, 29, 31, 42, 44, 45, 47, 54, 55, 57, 58, 59, 60, 63, 64, 65]);
/** What card and holder can do alone. */
const ALONE: ReadonlySet<number> = new Set([1, 2, 3, 48, 49]);
const AT_A_GATE: ReadonlySet<number> = new Set([40, 61]);

function refused(row: number, title: string, at: Parameters<typeof expectRefused>[1]): ServiceCase {
  return { row, shows: "refused", title, run: () => expectRefused(row, at) };
}

function casesOf([row, reason, office]: (typeof PROMISED)[number]): readonly ServiceCase[] {
  const everywhere = { place: { ...GATE, kind: "counter" }, everything: true, reason, office } as const;
  const bare = { place: BARE, everything: false, reason, office };
  const gate = { place: GATE, everything: true, reason: "use-a-counter-terminal", office: "counter-terminal" };
  return [
    ...(NEVER.has(row) ? [refused(row, `refused, whatever is switched on: ${reason} → ${office}`, everywhere)] : []),
    ...(ALONE.has(row) ? [] : [refused(row, `refused where hosts or switches are missing: ${reason} → ${office}`, bare)]),
    ...(AT_A_GATE.has(row) ? [] : [refused(row, "a gate sends to a counter", gate)]),
  ];
}

export const REFUSAL_CASES: readonly ServiceCase[] = PROMISED.flatMap(casesOf);
