/* The local rules of one terminal, asked before a sale: its merchant, its day and its tallies stand behind one question. */
import type { Fen } from "../../base/fen.ts";
import type { Clock } from "../../base/ports.ts";
import { civilTime } from "../../codec/civil-time.ts";
import type { SalePurpose } from "../sale-request.ts";
import { applyLocalRules, type RuledOutcome } from "./apply.ts";
import type { CardTallies, TalliedCard } from "./tallies.ts";
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
  /** What becomes of a sale. Faults: those of the journal. */
  rule(sale: { readonly amount: Fen; readonly pays?: SalePurpose | undefined; readonly card?: TalliedCard }): Promise<RuledOutcome>;
}

export function openLocalRules({ rules, tallies, clock, merchant }: LocalRulesParts): LocalRulesOfTerminal {
  return {
    rule: async ({ amount, pays, card }) => {
      const { date: today } = civilTime(clock.wallMs());
      const tally = card === undefined ? {} : { card: await tallies.of(card, today) };
      return applyLocalRules({ amount, pays, merchant, today, ...tally }, rules);
    },
  };
}
