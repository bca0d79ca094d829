/* Who may do what at a counter: one table, total by type, so that a new act or role is decided for everybody. */
import type { API_ROLES } from "../../config/api.ts";

export type Role = (typeof API_ROLES)[number];

/** What a person may be allowed to do. "over-limit": above the amount that the configuration sets for it. */
export type Act =
  | "place"
  | "take-cash"
  | "void"
  | "void-over-limit"
  | "refund"
  | "refund-over-limit"
  | "quick-payment"
  | "settle-later"
  | "reprint"
  | "print"
  | "scan"
  | "see-orders"
  | "see-status"
  | "handle-uploads"
  | "reconcile"
  | "see-reports"
  | "reset-pin"
  | "see-shift"
  | "end-shift"
  | "see-gates"
  | "open-gate"
  | "release-gates"
  | "serve-gates"
  | "bank-session"
  | "bank-pay"
  | "bank-settle"
  | "bank-download"
  | "see-parked"
  | "contributions"
  | "card-service"
  | "report-loss"
  | "block-card"
  | "settle-cases";

/** In the order: cashier, pharmacist, supervisor, engineer. */
type Row = readonly [cashier: boolean, pharmacist: boolean, supervisor: boolean, engineer: boolean];

const MAY: Readonly<Record<Act, Row>> = {
  place: [true, true, true, false],
  // Whoever hands out medicine does not hold the drawer.
  "take-cash": [true, false, true, false],
  void: [true, false, true, false],
  "void-over-limit": [false, false, true, false],
  refund: [true, false, true, false],
  "refund-over-limit": [false, false, true, false],
  "quick-payment": [true, false, true, false],
  "settle-later": [true, true, true, false],
  reprint: [true, true, true, false],
  print: [true, true, true, true],
  scan: [true, true, true, true],
  "see-orders": [true, true, true, false],
  "see-status": [true, true, true, true],
  // What the insurer refused of goods is put right by whoever answers for them.
  "handle-uploads": [false, true, true, false],
  reconcile: [false, false, true, false],
  "see-reports": [false, false, true, false],
  // The holder's PIN is set anew under a second pair of eyes, never by whoever mends the machine.
  "reset-pin": [false, false, true, false],
  "see-shift": [true, false, true, false],
  "end-shift": [true, false, true, false],
  "see-gates": [true, true, true, true],
  // A passage without payment.
  "open-gate": [true, false, true, false],
  // People first: whoever is there may open every lane.
  "release-gates": [true, true, true, true],
  "serve-gates": [true, false, true, true],
  "bank-session": [true, false, true, true],
  "bank-pay": [true, false, true, false],
  "bank-settle": [true, false, true, false],
  "bank-download": [false, false, true, true],
  "see-parked": [true, false, true, true],
  contributions: [true, false, true, false],
  "card-service": [true, true, true, false],
  "report-loss": [true, false, true, false],
  // It cannot be taken back at this counter.
  "block-card": [false, false, true, false],
  // Says where somebody's money went.
  "settle-cases": [false, false, true, false],
};

const COLUMN: Readonly<Record<Role, 0 | 1 | 2 | 3>> = { cashier: 0, pharmacist: 1, supervisor: 2, engineer: 3 };

export function may(role: Role, act: Act): boolean {
  return MAY[act][COLUMN[role]];
}

/** The act that an amount makes of a void or of money handed out. */
export function actFor(act: "void" | "refund", amountFen: number, limitFen: number): Act {
  return amountFen > limitFen ? `${act}-over-limit` : act;
}
