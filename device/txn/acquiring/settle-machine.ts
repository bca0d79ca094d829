/*
 * Goal: a batch is cleared only when the acquirer has answered everything that belongs to its settlement, whatever power and line do.
 * Method: one settlement as a total table. Each answer is durable before the next message is sent, so that a restart goes on behind the last
 * answer; a message whose answer was lost is sent again as it was. Spec: UnionPay terminal, settlement.
 */
import { assert } from "../../base/assert.ts";
import type { Comparison, SettlementAt, SettlementEvent, SettlementRules, SettlementState, SettlementStep } from "./settle-types.ts";

/** Tries of one message within one act; another act goes on where this one rested. */
export const SETTLEMENT_TRIES = 3;
/** An acquirer that answers "error" says nothing about the totals: it is asked again, and after so many answers every row is uploaded. */
export const SETTLEMENT_ERRORS_MAX = 3;

/** What the durable entries of a settlement say about how far it is. */
export type SettlementProgress =
  | { readonly step: "begun"; readonly errors: number }
  | { readonly step: "compared"; readonly answered: number; readonly plan: number };

export const FIRST_SETTLEMENT_STEP: SettlementStep = { state: { at: "beginning" }, commands: [{ do: "note-beginning" }] };

/** Where a settlement goes on that another act, or another life, has begun. */
export function resumedSettlement(progress: SettlementProgress): SettlementStep {
  return progress.step === "begun" ? compare({ errors: progress.errors, silences: 0 }) : upload(progress);
}

function compare(at: SettlementAt): SettlementStep {
  return { state: { at: "comparing", ...at }, commands: [{ do: "compare" }] };
}

function upload({ answered, plan }: { readonly answered: number; readonly plan: number }): SettlementStep {
  if (answered === plan) return { state: { at: "opening-next-batch" }, commands: [{ do: "open-next-batch" }] };
  return { state: { at: "uploading", answered, plan, silences: 0 }, commands: [{ do: "upload", index: answered }] };
}

function halfDone(reason: string): SettlementStep {
  return { state: { at: "rested", outcome: "half-done", reason }, commands: [] };
}

const journalFailed = (_: SettlementState, { code }: { readonly code: string }): SettlementStep => halfDone(code);

/** Errors are counted durably; the last of them counts as unequal, so that every row is told and the batch can end. */
function compared({ errors, silences }: SettlementAt, { result }: { readonly result: Comparison }): SettlementStep {
  const failed = result === "error";
  const lastly = failed && errors + 1 >= SETTLEMENT_ERRORS_MAX ? "unequal" : result;
  const at = { errors: failed ? errors + 1 : errors, silences };
  return { state: { at: "noting-comparison", result: lastly, ...at }, commands: [{ do: "note-comparison", result: lastly, errors: at.errors }] };
}

export const SETTLEMENT_RULES: SettlementRules = {
  beginning: {
    "entry-durable": () => compare({ errors: 0, silences: 0 }),
    planned: "impossible",
    compared: "impossible",
    uploaded: "impossible",
    silent: "impossible",
    "batch-opened": "impossible",
    "journal-failed": journalFailed,
  },
  comparing: {
    "entry-durable": "impossible",
    planned: "impossible",
    compared,
    uploaded: "impossible",
    silent: ({ errors, silences }, { reason }) => (silences + 1 < SETTLEMENT_TRIES ? compare({ errors, silences: silences + 1 }) : halfDone(reason)),
    "batch-opened": "impossible",
    "journal-failed": journalFailed,
  },
  "noting-comparison": {
    // Only an error is noted without a plan: it is asked again by the next act, not at once.
    "entry-durable": () => halfDone("acquirer-error"),
    planned: (_, { plan }) => upload({ answered: 0, plan }),
    compared: "impossible",
    uploaded: "impossible",
    silent: "impossible",
    "batch-opened": "impossible",
    "journal-failed": journalFailed,
  },
  uploading: {
    "entry-durable": "impossible",
    planned: "impossible",
    compared: "impossible",
    uploaded: ({ answered, plan }) => ({
      state: { at: "noting-upload", answered: answered + 1, plan },
      commands: [{ do: "note-upload", answered: answered + 1 }],
    }),
    silent: ({ answered, plan, silences }, { reason }) => {
      if (silences + 1 >= SETTLEMENT_TRIES) return halfDone(reason);
      return { state: { at: "uploading", answered, plan, silences: silences + 1 }, commands: [{ do: "upload", index: answered }] };
    },
    "batch-opened": "impossible",
    "journal-failed": journalFailed,
  },
  "noting-upload": {
    "entry-durable": upload,
    planned: "impossible",
    compared: "impossible",
    uploaded: "impossible",
    silent: "impossible",
    "batch-opened": "impossible",
    "journal-failed": journalFailed,
  },
  "opening-next-batch": {
    "entry-durable": "impossible",
    planned: "impossible",
    compared: "impossible",
    uploaded: "impossible",
    silent: "impossible",
    "batch-opened": () => ({ state: { at: "closing" }, commands: [{ do: "close" }] }),
    "journal-failed": journalFailed,
  },
  closing: {
    "entry-durable": () => ({ state: { at: "rested", outcome: "settled" }, commands: [] }),
    planned: "impossible",
    compared: "impossible",
    uploaded: "impossible",
    silent: "impossible",
    "batch-opened": "impossible",
    "journal-failed": journalFailed,
  },
  rested: {
    "entry-durable": "ignore",
    planned: "ignore",
    compared: "ignore",
    uploaded: "ignore",
    silent: "ignore",
    "batch-opened": "ignore",
    "journal-failed": "ignore",
  },
};

type AnyRule = "ignore" | "impossible" | ((state: SettlementState, event: SettlementEvent) => SettlementStep);

/** What follows from `event`. Pure and total. */
export function decideSettlement(rules: SettlementRules, state: SettlementState, event: SettlementEvent): SettlementStep {
  // The table's type has paired each rule with its own state and event; the compiler cannot follow two indexes at once.
  const rule = rules[state.at][event.is] as AnyRule;
  if (rule === "ignore") return { state, commands: [] };
  assert(rule !== "impossible", `${event.is} cannot happen while ${state.at}`);
  return rule(state, event);
}
