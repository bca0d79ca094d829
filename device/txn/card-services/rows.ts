/*
 * Goal: what a holder may ask for, row by row, and what becomes of it at this terminal: served, or refused with the reason and the office.
 * Method: the rows are data; what a row needs of the place and its switches decides, and the refusal stands beside it. A gate serves the rows
 * that say so and sends everybody else to a counter. Spec: card-services/v1, 1.
 */
import type { ServiceProfile } from "./profile.ts";
import type { Need, RowPlace, RowRefusal, ServiceRow, Standing } from "./row-types.ts";
import { CARD_LIFE_ROWS } from "./rows-card-life.ts";
import { INFORMATION_ROWS } from "./rows-information.ts";
import { MEDICAL_ROWS } from "./rows-medical.ts";
import { MONEY_ROWS } from "./rows-money.ts";

/** All rows, in order. */
export const SERVICE_ROWS: readonly ServiceRow[] = [...INFORMATION_ROWS, ...MEDICAL_ROWS, ...MONEY_ROWS, ...CARD_LIFE_ROWS];

export function serviceRow(row: number): ServiceRow | undefined {
  return SERVICE_ROWS.find((each) => each.row === row);
}

const USE_A_COUNTER: RowRefusal = {
  reason: "use-a-counter-terminal",
  office: "counter-terminal",
  text: { zh: "闸机不办理此业务，请到柜台终端办理", en: "a gate does not do this: use a counter terminal" },
};

/** What becomes of a row at this place. Pure and total. */
export function standingOf(row: ServiceRow, place: RowPlace, profile: ServiceProfile): Standing {
  if (place.kind === "gate" && !row.gate) return { answer: "refused", refusal: USE_A_COUNTER };
  if (row.by === undefined || !row.needs.every((need) => isMet(need, place, profile))) return { answer: "refused", refusal: row.refusal };
  return { answer: "works", by: row.by };
}

function isMet(need: Need, place: RowPlace, profile: ServiceProfile): boolean {
  switch (need) {
    case "medical":
      return place.medical;
    case "bank":
      return place.bank;
    case "agency":
      return place.agency;
    case "agency-or-insurer":
      return place.agency || place.medical;
    case "quick-payment":
      return place.quickPayment;
    case "merchant-agreement":
      return place.merchantAgreement === true;
    default:
      return need.among.includes(profile[need.switch]);
  }
}

/** In a few words, for the table that people read. */
export function howOf(standing: Standing): string {
  if (standing.answer === "refused") return `${standing.refusal.reason} → ${standing.refusal.office}`;
  const { by } = standing;
  if (by.kind === "flow") return by.flow;
  return [by.service, by.what ?? by.loss].filter((word) => word !== undefined).join(" ");
}
