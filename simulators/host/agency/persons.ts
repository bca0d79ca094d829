/* People of the simulated agency. All made up: region 99 does not exist, so that no number here can belong to anybody. */
import { fromHex, toHex, utf8 } from "../../../device/base/bytes.ts";
import { decodeGbText } from "../../../device/codec/text.ts";
import { cardNumberWithCheck, TEST_REGION, testSocialSecurityNumber } from "../../card/make.ts";
import type { AgencyPerson, CardStatus, Enrolment } from "./words.ts";

/** Names of test cards in their turn, as their holders' files have them. */
const NAMES_GBK: readonly string[] = ["b2e2cad4bcd7", "b2e2cad4d2d2", "b2e2cad4b1fb", "b2e2cad4b6a1"];
const BIRTH_DATE = "19900101";
/** How many test cards have holders at the agency from the beginning. */
const HOLDERS = 24;

export interface HolderOfCard {
  /** Serial number of the test card. */
  readonly serial: number;
  /** Six digits; left out: that of test cards. */
  readonly regionCode?: string;
  /** Left out: active. */
  readonly status?: CardStatus;
  readonly person?: Partial<AgencyPerson>;
  readonly bills?: Enrolment["bills"];
}

function nameOf(serial: number): string {
  const decoded = decodeGbText(fromHex(NAMES_GBK[serial % NAMES_GBK.length] ?? ""));
  return decoded.ok ? decoded.text : "";
}

/** What a holder had once. */
const OTHER_BENEFITS = ["work-injury", "maternity", "medical-reimbursement", "medical-relief", "employment-subsidy", "wages", "housing-subsidy"];

function factsOf(regionCode: string): AgencyPerson["facts"] {
  return {
    insuredPlaces: ["pension", "medical", "unemployment", "work-injury", "maternity"].map((insurance) => ({ area: regionCode, insurance, from: "20200101" })),
    entitlements: [
      { benefit: "pension", state: "granted", from: "20500101", monthlyFen: 312_000 },
      { benefit: "unemployment", state: "paying", from: "20260901", to: "20270228", monthlyFen: 171_000 },
      ...OTHER_BENEFITS.map((benefit) => ({ benefit, state: "ended", from: "20250301", to: "20250331" })),
    ],
    payments: [{ benefit: "unemployment", period: "202610", amountFen: 171_000, paidAt: "2026-10-15T09:00:00.000+08:00", account: "0001" }],
    contributions: [
      { insurance: "pension", period: "202610", amountFen: 96_000, paidAt: "2026-10-20T10:00:00.000+08:00", receiptNumber: "R-2026-10-1" },
      { insurance: "medical", period: "202610", amountFen: 24_000, paidAt: "2026-10-20T10:00:00.000+08:00" },
    ],
    employment: [{ employer: "测试单位", from: "20200101" }],
    yearlyBills: [{ year: "2025", insurance: "pension", ownFen: 1_152_000, employerFen: 2_304_000 }],
    transactions: [{ at: "2026-11-01T11:30:00.000+08:00", place: "测试药店", what: "medical", amountFen: 5_700 }],
  };
}

/** The holder of the test card with this number, as the agency knows him; what is left out has a value of its own. */
export function holderOfCard({ serial, regionCode = TEST_REGION, status = "active", person = {}, bills }: HolderOfCard): Enrolment {
  const digits = String(serial).padStart(8, "0");
  return {
    person: {
      identityNumber: testSocialSecurityNumber(regionCode, BIRTH_DATE, serial),
      name: nameOf(serial),
      telephone: "13000000000",
      address: "测试市测试路1号",
      account: "active",
      facts: factsOf(regionCode),
      ...person,
    },
    cards: [{ cardNumber: cardNumberWithCheck(`T${digits.slice(1)}`), cardIdentifier: `${regionCode}d156000005${digits}${toHex(utf8("TEST"))}`, status }],
    bills: bills ?? [
      { billId: `B${serial}-2026-M`, kind: "contribution", insurance: "resident-medical", period: "2026", amountFen: 40_000, due: "20261231", mandate: false },
      { billId: `B${serial}-2026-P`, kind: "contribution", insurance: "resident-pension", period: "2026", amountFen: 100_000, due: "20261231", mandate: false },
      { billId: `B${serial}-2026-E`, kind: "examination", insurance: "examination", period: "202612", amountFen: 6_500, due: "", mandate: false },
      { billId: `B${serial}-2026-D`, kind: "contribution", insurance: "resident-pension", period: "2025", amountFen: 100_000, due: "", mandate: true },
    ],
  };
}

/** Holders of the first test cards; the second half of a dozen has cards that were never activated. */
export const TEST_ENROLMENTS: readonly Enrolment[] = Array.from({ length: HOLDERS }, (_, at) =>
  holderOfCard({ serial: at + 1, status: at % 12 === 11 ? "inactive" : "active" }),
);
