import { describe, expect, it } from "vitest";
import { API_ROLES } from "../../config/api.ts";
import { type Act, actFor, may } from "./roles.ts";

/** One letter for each that may: Cashier, Pharmacist, Supervisor, Engineer. */
const TABLE: Readonly<Record<Act, string>> = {
  place: "CPS-",
  "take-cash": "C-S-",
  void: "C-S-",
  "void-over-limit": "--S-",
  refund: "C-S-",
  "refund-over-limit": "--S-",
  "quick-payment": "C-S-",
  "settle-later": "CPS-",
  reprint: "CPS-",
  print: "CPSE",
  scan: "CPSE",
  "see-orders": "CPS-",
  "see-status": "CPSE",
  "handle-uploads": "-PS-",
  reconcile: "--S-",
  "see-reports": "--S-",
  "reset-pin": "--S-",
  "see-shift": "C-S-",
  "end-shift": "C-S-",
  "see-gates": "CPSE",
  "open-gate": "C-S-",
  "release-gates": "CPSE",
  "serve-gates": "C-SE",
  "bank-session": "C-SE",
  "bank-pay": "C-S-",
  "bank-settle": "C-S-",
  "bank-download": "--SE",
  "see-parked": "C-SE",
  contributions: "C-S-",
  "card-service": "CPS-",
  "report-loss": "C-S-",
  "block-card": "--S-",
  "settle-cases": "--S-",
};

describe("every role and every act", () => {
  const cases = Object.entries(TABLE).flatMap(([act, row]) => API_ROLES.map((role, at) => [role, act as Act, row[at] !== "-"] as const));
  it.each(cases)("%s, %s: %s", (role, act, allowed) => expect(may(role, act)).toBe(allowed));
  it("are as many as there are", () => expect(cases).toHaveLength(33 * 4));
});

describe("an amount over the limit", () => {
  it.each([
    ["void", 100, 100, "void"],
    ["void", 101, 100, "void-over-limit"],
    ["refund", 0, 0, "refund"],
    ["refund", 1, 0, "refund-over-limit"],
  ] as const)("%s of %i at %i is %s", (act, amount, limit, named) => expect(actFor(act, amount, limit)).toBe(named));
});
