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

/** Every number of the card that a list may hold. */
export function listKeysOf({ purse, name, cardNumber }: ReviewedCard): readonly ListKey[] {
  const key: ListKey = { number: NAMES[purse], value: name };
  return cardNumber === undefined ? [key] : [key, { number: "card-number", value: cardNumber }];
}

/** Only an exact entry with a signed order asks for a block; whether it is done is the flow's business. */
export function reviewByLists(lists: InvalidLists, card: ReviewedCard): Review {
  const hit = lists.find(listKeysOf(card));
  if (hit === undefined) return { kind: "clear" };
  const refused = { kind: "refused", reason: REASONS[hit.how] } as const;
  return hit.blockOrdered && hit.how === "exact" ? { ...refused, block: true } : refused;
}
