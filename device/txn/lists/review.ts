/* What the risk guard asks of the lists for a card, and what their answer means for it. */
import type { Review, ReviewedCard, RiskReason } from "../risk/guard.ts";
import type { PurseKind } from "../sale-request.ts";
import type { InvalidLists, ListedNumber, ListHit, ListKey } from "./lists.ts";

/** What the name of a card is, purse by purse. */
const NAMES: Readonly<Record<PurseKind, ListedNumber>> = {
  "e-purse": "purse-serial",
  compound: "purse-serial",
  "medical-purse": "card-identifier",
  "electronic-cash": "account-number",
};

const REASONS: Readonly<Record<ListHit["how"], RiskReason>> = {
  exact: "card-listed",
  range: "card-range-listed",
  "temporary-loss": "card-reported-lost",
  debt: "debt-open",
};

/** Every number of the card that a list may hold; its own name comes first. */
export function listKeysOf({ purse, name, cardNumber, cardIdentifier }: ReviewedCard): readonly [ListKey, ...ListKey[]] {
  return [
    { number: NAMES[purse], value: name },
    ...(cardNumber === undefined ? [] : [{ number: "card-number", value: cardNumber } as const]),
    ...(cardIdentifier === undefined || purse === "medical-purse" ? [] : [{ number: "card-identifier", value: cardIdentifier } as const]),
  ];
}

/**
 * Only an exact entry with a signed order asks for a block; whether it is done is the flow's business. An order against a social card says nothing
 * of the applications of others that stand beside it: they are refused for it, and not blocked.
 */
export function reviewByLists(lists: InvalidLists, card: ReviewedCard): Review {
  const keys = listKeysOf(card);
  const hit = lists.find(keys);
  if (hit === undefined) return { kind: "clear" };
  const refused = { kind: "refused", reason: REASONS[hit.how] } as const;
  const own = hit.blockOrdered ? lists.find(card.purse === "medical-purse" ? keys : [keys[0]]) : undefined;
  return own?.blockOrdered === true && own.how === "exact" ? { ...refused, block: true } : refused;
}
