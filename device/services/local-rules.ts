/* Local rules over sales at one terminal: what they say against a card, by what it has bought here. */
import type { Fen } from "../base/fen.ts";
import type { Clock } from "../base/ports.ts";
import { openLocalRules } from "../txn/local-rules/open.ts";
import { openCardTallies, type TalliedJournal } from "../txn/local-rules/tallies.ts";
import type { LocalRule } from "../txn/local-rules/types.ts";
import type { LocalRuleReason, ReviewedCard } from "../txn/risk/guard.ts";

export type RuledCard = (card: ReviewedCard, amount: Fen) => Promise<LocalRuleReason | undefined>;

export interface RuledCardParts {
  readonly journal: TalliedJournal;
  readonly clock: Pick<Clock, "wallMs">;
  readonly rules: readonly LocalRule[];
  /** Code of the institution that sells. */
  readonly merchant: string;
}

/** Undefined where there are none that look at a card. Reads the journal once. Faults: those of the journal. */
export async function openRuledCards({ journal, clock, rules, merchant }: RuledCardParts): Promise<RuledCard | undefined> {
  // A stop that only a printed statement ends is none of them: nobody could lift it here for all purses of the card. Spec: card-services/v1, 6.
  const looking = rules.filter(({ kind }) => kind === "daily-cap");
  if (looking.length === 0) return undefined;
  const local = openLocalRules({ rules: looking, tallies: await openCardTallies(journal), clock, merchant });
  return async ({ name }, amount) => {
    const outcome = await local.rule({ amount, card: name });
    return outcome.kind === "refused" ? outcome.reason : undefined;
  };
}
