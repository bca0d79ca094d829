/* The local rules of one terminal, asked before a sale: its merchant, its day and its tallies stand behind one question. */
import type { Fen } from "../../base/fen.ts";
import type { Clock } from "../../base/ports.ts";
import { civilTime } from "../../codec/civil-time.ts";
import { applyLocalRules, type RuledOutcome } from "./apply.ts";
import type { CardTallies } from "./tallies.ts";
import type { LocalRule } from "./types.ts";

export interface LocalRulesParts {
  /** They have passed the validator. */
  readonly rules: readonly LocalRule[];
  readonly tallies: Pick<CardTallies, "of">;
  readonly clock: Pick<Clock, "wallMs">;
  /** Code of the institution that sells. */
  readonly merchant: string;
}

export interface LocalRulesOfTerminal {
  /** What becomes of a sale; `card` is the name by which its sales are recorded, where it is known before. Faults: those of the journal. */
  rule(sale: { readonly amount: Fen; readonly card?: string }): Promise<RuledOutcome>;
}

export function openLocalRules({ rules, tallies, clock, merchant }: LocalRulesParts): LocalRulesOfTerminal {
  return {
    rule: async ({ amount, card }) => {
      const { date: today } = civilTime(clock.wallMs());
      const tally = card === undefined ? {} : { card: await tallies.of(card, today) };
      return applyLocalRules({ amount, merchant, today, ...tally }, rules);
    },
  };
}
