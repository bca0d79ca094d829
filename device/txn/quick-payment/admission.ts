/*
 * Whether the card that lies there may pay, and what: asked once nothing of before is open. The card itself first, then lists and limits of the place,
 * then the tariff, because a listed card is told no price; and local rules last, because they look at the price.
 */
import { assert } from "../../base/assert.ts";
import { type Fen, subtractFen, ZERO_FEN } from "../../base/fen.ts";
import type { Log } from "../../base/log.ts";
import type { DayRange } from "../../codec/civil-time.ts";
import { textMember } from "../journal/members.ts";
import type { Journal } from "../journal/types.ts";
import type { SocialCardName } from "../risk/card-links.ts";
import type { MerchantDiscount, ReviewedCard, RiskGuard, RiskReason } from "../risk/guard.ts";
import { holdsOnly, type PurseChoice, type PurseKind, type SalePurpose, tariffOf } from "../sale-request.ts";
import { blockCard } from "./card-block.ts";
import type { CardBlocking, QuickPaymentPorts } from "./ports.ts";
import type { IdentifiedCard, Unusable } from "./purses/dialogue.ts";
import type { Charge } from "./tariff.ts";

export interface AdmissionParts {
  readonly journal: Journal;
  readonly log: Log;
  readonly guard?: RiskGuard;
  readonly localRules?: QuickPaymentPorts["localRules"];
  readonly blocksListedCards?: CardBlocking;
}

export interface Candidate {
  readonly card: IdentifiedCard;
  readonly purse: PurseChoice;
  /** The social card that it is on, where that is known. */
  readonly social?: SocialCardName | undefined;
  readonly days: DayRange;
  /** As it was asked for. */
  readonly amount: Fen;
  readonly pays?: SalePurpose | undefined;
}

/** What the card pays, and why: once the intent is durable, nothing of it is asked again. */
export interface Admitted {
  readonly kind: "admitted";
  readonly amount: Fen;
  /** What the tariff has said, where the sale has one. */
  readonly charge?: Charge;
  readonly discount?: MerchantDiscount;
  /** So many more sales before the card's statement must be printed, where that will be soon. */
  readonly salesLeft?: number;
}

export type Admission = Admitted | Unusable;

/** Faults: those of the channel. */
export async function admitCard(parts: AdmissionParts, candidate: Candidate): Promise<Admission> {
  const admission = await candidate.card.admit(candidate.days);
  if (admission.kind === "unusable") return admission;
  const refused = await reviewed(parts, candidate);
  if (refused !== undefined && (isOfLists(refused) || tariffOf(candidate.purse) === undefined)) return refused;
  const price = await priced(candidate);
  if (refused !== undefined && (price.kind === "unusable" || price.charge?.isOwed !== true)) return refused;
  return price.kind === "unusable" ? price : ruled(parts, candidate, price);
}

/** The card as lists and limits know it. */
export function reviewedCard({ name, issuer, personal }: IdentifiedCard, purse: PurseKind, social?: SocialCardName): ReviewedCard {
  const cardNumber = social?.cardNumber ?? textMember(personal, "cardNumber");
  return {
    purse,
    name,
    ...(issuer === undefined ? {} : { issuer }),
    ...(cardNumber === "" ? {} : { cardNumber }),
    ...(social === undefined ? {} : { cardIdentifier: social.cardIdentifier }),
  };
}

/** What lists and limits of the place say against the card; one that a signed order names is blocked, where the place may do it. */
async function reviewed(parts: AdmissionParts, { card, purse, social }: Candidate): Promise<Unusable | undefined> {
  const review = parts.guard?.review(reviewedCard(card, purse.kind, social));
  if (review?.kind !== "refused") return undefined;
  const { reason, block } = review;
  const { blocksListedCards: blocking } = parts;
  if (block === true && blocking !== undefined && card.block !== undefined) await blockCard({ ...parts, card, blocking, reason });
  return { kind: "unusable", reason };
}

/** A card that is on a list pays nothing, whatever it owes; what else the place says is about beginnings. */
const OF_LISTS: ReadonlySet<string> = new Set<RiskReason>(["card-listed", "card-range-listed", "card-reported-lost", "debt-open"]);

function isOfLists({ reason }: Unusable): boolean {
  return OF_LISTS.has(reason);
}

/** Purses from which a merchant's price is paid; the insurer's account and fares have prices of their own. */
function paysGoods(purse: PurseChoice): boolean {
  return tariffOf(purse) === undefined && (purse.kind === "e-purse" || purse.kind === "electronic-cash");
}

/** What local rules make of the price. */
async function ruled({ localRules }: AdmissionParts, { card, purse, social, pays }: Candidate, price: Admitted): Promise<Admission> {
  if (localRules === undefined) return pays === "library-deposit" ? { kind: "unusable", reason: "deposit-not-taken" } : price;
  if (pays === "library-deposit" && !paysGoods(purse)) return { kind: "unusable", reason: "deposit-not-taken" };
  // Its beginning was judged: the service was had since.
  if (price.charge?.isOwed === true) return price;
  const amount = holdsOnly(purse) ? (price.charge?.amount ?? price.amount) : price.amount;
  const ruling = await localRules({ card: reviewedCard(card, purse.kind, social), amount, pays: paysGoods(purse) ? pays : undefined });
  if (ruling.kind === "refused") return { kind: "unusable", reason: ruling.reason };
  const { kind: _kind, ...said } = ruling;
  return { ...price, ...said, amount: said.discount === undefined ? price.amount : subtractFen(price.amount, said.discount.discount) };
}

/** Has the tariff say what the card owes, where there is one. */
async function priced({ card, purse, amount }: Candidate): Promise<Admission> {
  const tariff = tariffOf(purse);
  if (tariff === undefined) return { kind: "admitted", amount };
  const view = await card.journey?.(tariff, purse);
  assert(view !== undefined, "a purse with tariffs knows its holder's journey");
  if ("kind" in view) return view;
  const quote = tariff.quote(view);
  if (quote.kind === "refused") return { kind: "unusable", reason: quote.reason };
  return { kind: "admitted", amount: holdsOnly(purse) ? ZERO_FEN : quote.amount, charge: quote };
}
