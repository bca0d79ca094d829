/*
 * Bugs that are put in on purpose, to see that the world finds them. Each replaces one rule of a machine's table, from here;
 * nothing under device/ knows of them.
 */
import { assert } from "../../device/base/assert.ts";
import type { TerminalRules } from "../../device/terminal-settings.ts";
import { QUICK_PAYMENT_RULES } from "../../device/txn/quick-payment/machine.ts";
import type { QuickPaymentRules } from "../../device/txn/quick-payment/types.ts";
import { RECOVERY_RULES } from "../../device/txn/recovery/recover.ts";

/** A debit without an answer is taken for no debit: the most common mistake of terminals. */
function timeoutMeansUnpaid(): QuickPaymentRules {
  const row = QUICK_PAYMENT_RULES.debiting;
  const real = row["card-lost"];
  assert(typeof real === "function", "the real machine decides about a lost card");
  return { ...QUICK_PAYMENT_RULES, debiting: { ...row, "card-lost": (state, event, sale) => real(state, { ...event, effectUnknown: false }, sale) } };
}

/** Of electronic cash only: a last record without an answer is taken for one that was not read. */
function tornLastRecordMeansUnpaid(): QuickPaymentRules {
  const row = QUICK_PAYMENT_RULES.debiting;
  const real = row["card-lost"];
  assert(typeof real === "function", "the real machine decides about a lost card");
  return {
    ...QUICK_PAYMENT_RULES,
    debiting: {
      ...row,
      "card-lost": (state, event, sale) => real(state, sale.confirmation === "signature" ? { ...event, effectUnknown: false } : event, sale),
    },
  };
}

export const PLANTED_BUGS = {
  "timeout-means-unpaid": { quickPayment: { machine: timeoutMeansUnpaid() } },
  "torn-last-record-means-unpaid": { quickPayment: { machine: tornLastRecordMeansUnpaid() } },
  /** What was only prepared before a power cut is taken for not debited, so the same sale debits again. */
  "debit-again-after-reboot": {
    recovery: { ...RECOVERY_RULES, "quick-payment": { ...RECOVERY_RULES["quick-payment"], prepared: { state: "void", reason: "restart" } } },
  },
} as const satisfies Readonly<Record<string, TerminalRules>>;

export type PlantedBug = keyof typeof PLANTED_BUGS;

export function isPlantedBug(name: string): name is PlantedBug {
  return Object.hasOwn(PLANTED_BUGS, name);
}
