/* Bugs of a counter that are put in on purpose, to see that its world finds them. Each replaces one rule of a table, from here. */
import { assert } from "../../../device/base/assert.ts";
import type { TerminalRules } from "../../../device/terminal-settings.ts";
import { MEDICAL_PURCHASE_RULES } from "../../../device/txn/medical-purchase/machine.ts";
import type { MedicalPurchaseRules } from "../../../device/txn/medical-purchase/types.ts";
import { RECOVERY_RULES } from "../../../device/txn/recovery/recover.ts";

/** An insurer that does not answer is taken for one that did not book: the double settlement of every complaint. */
function silenceMeansNotBooked(): MedicalPurchaseRules {
  const row = MEDICAL_PURCHASE_RULES.settling;
  const real = row["not-sent"];
  assert(typeof real === "function", "the real machine decides about what was not sent");
  return { ...MEDICAL_PURCHASE_RULES, settling: { ...row, "host-undecided": (state) => real(state, { is: "not-sent" }) } };
}

export const COUNTER_BUGS = {
  "silence-means-not-booked": { medicalPurchase: silenceMeansNotBooked() },
  /** What was only prepared before a power cut is taken for not sent, so the same order settles again. */
  "settle-again-after-reboot": {
    recovery: { ...RECOVERY_RULES, "medical-purchase": { ...RECOVERY_RULES["medical-purchase"], prepared: { state: "void", reason: "restart" } } },
  },
} as const satisfies Readonly<Record<string, TerminalRules>>;

export type CounterBug = keyof typeof COUNTER_BUGS;

export function isCounterBug(name: string): name is CounterBug {
  return Object.hasOwn(COUNTER_BUGS, name);
}
