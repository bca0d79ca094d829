/* Mistakes in the terminal's own tables of bank, loads, settlement and contributions: one rule each, as somebody might have written it. */
import type { TerminalRules } from "../../../device/terminal-settings.ts";
import { LOAD_RULES } from "../../../device/txn/acquiring/load-machine.ts";
import { BANK_RULES } from "../../../device/txn/acquiring/machine.ts";
import { notSent } from "../../../device/txn/acquiring/rules.ts";
import { SETTLEMENT_RULES } from "../../../device/txn/acquiring/settle-machine.ts";
import { CONTRIBUTION_RULES } from "../../../device/txn/contributions/machine.ts";

/** Silence is taken for "it never arrived": nothing is reversed. */
const silenceIsNotSent: TerminalRules = {
  bank: {
    bank: {
      ...BANK_RULES,
      sending: { ...BANK_RULES.sending, "reply-unknown": (state, { reason }) => notSent(state, { is: "not-sent", reason }) },
    },
  },
};

/** A card that left in the middle of its credit is taken for one that took nothing. */
const tornLoadTookNothing: TerminalRules = {
  bank: {
    load: {
      ...LOAD_RULES,
      crediting: {
        ...LOAD_RULES.crediting,
        "card-lost": ({ intent }) => ({
          state: { at: "closing", intent, outcome: { kind: "refused", reason: "not-loaded" } },
          command: { do: "close", state: "void", after: intent, reason: "not-loaded" },
        }),
      },
    },
  },
};

/** The comparison is the whole settlement: no row and no end is told. */
const clearsAfterComparison: TerminalRules = {
  bank: {
    settlement: {
      ...SETTLEMENT_RULES,
      "noting-comparison": {
        ...SETTLEMENT_RULES["noting-comparison"],
        planned: () => ({ state: { at: "opening-next-batch" }, commands: [{ do: "open-next-batch" }] }),
      },
    },
  },
};

/** An agency that does not answer has refused: the money goes back at once. */
const silentAgencyRefuses: TerminalRules = {
  contribution: {
    ...CONTRIBUTION_RULES,
    confirming: {
      ...CONTRIBUTION_RULES.confirming,
      "agency-answered": (state, event) => {
        const answered = CONTRIBUTION_RULES.confirming["agency-answered"];
        const { agency } = event;
        const heard = agency.kind === "unknown" ? { ...event, agency: { kind: "refused", reason: agency.reason } as const } : event;
        return typeof answered === "string" ? { state, commands: [] } : answered(state, heard);
      },
    },
  },
};

export const RULE_BUGS = {
  "silence-is-not-sent": { rules: silenceIsNotSent },
  "torn-load-took-nothing": { rules: tornLoadTookNothing },
  "clears-after-comparison": { rules: clearsAfterComparison },
  "silent-agency-refuses": { rules: silentAgencyRefuses },
} as const satisfies Readonly<Record<string, { readonly rules: TerminalRules }>>;
