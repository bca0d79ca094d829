/*
 * Whether the card that lies there may pay, asked once nothing of before is open: the card itself first, then lists and limits of the place,
 * then the tariff, because a listed card is told no price.
 */
import { assert } from "../../base/assert.ts";
import type { Fen } from "../../base/fen.ts";
import type { Log } from "../../base/log.ts";
import type { DayRange } from "../../codec/civil-time.ts";
import { textMember } from "../journal/members.ts";
import type { Journal } from "../journal/types.ts";
import type { ReviewedCard, RiskGuard } from "../risk/guard.ts";
import { type PurseChoice, type PurseKind, tariffOf } from "../sale-request.ts";
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
  readonly days: DayRange;
  readonly amount: Fen;
}

/** `charge`: what the tariff has said, where the sale has one. */
export type Admission = { readonly kind: "admitted"; readonly charge?: Charge } | Unusable;

/** Faults: those of the channel. */
export async function admitCard(parts: AdmissionParts, candidate: Candidate): Promise<Admission> {
  const admission = await candidate.card.admit(candidate.days);
  if (admission.kind === "unusable") return admission;
  return (await reviewed(parts, candidate)) ?? (await ruled(parts, candidate)) ?? (await priced(candidate));
}

/** The card as lists and limits know it. */
export function reviewedCard({ name, issuer, personal }: IdentifiedCard, purse: PurseKind): ReviewedCard {
  const cardNumber = textMember(personal, "cardNumber");
  return { purse, name, ...(issuer === undefined ? {} : { issuer }), ...(cardNumber === "" ? {} : { cardNumber }) };
}

/** What lists and limits of the place say against the card; one that a signed order names is blocked, where the place may do it. */
async function reviewed(parts: AdmissionParts, { card, purse }: Candidate): Promise<Unusable | undefined> {
  const review = parts.guard?.review(reviewedCard(card, purse.kind));
  if (review?.kind !== "refused") return undefined;
  const { reason, block } = review;
  const { blocksListedCards: blocking } = parts;
  if (block === true && blocking !== undefined && card.block !== undefined) await blockCard({ ...parts, card, blocking, reason });
  return { kind: "unusable", reason };
}

/** What local rules say against the card. */
async function ruled({ localRules }: AdmissionParts, { card, purse, amount }: Candidate): Promise<Unusable | undefined> {
  const reason = await localRules?.(reviewedCard(card, purse.kind), amount);
  return reason === undefined ? undefined : { kind: "unusable", reason };
}

/** Has the tariff say what the card owes, where there is one. */
async function priced({ card, purse }: Candidate): Promise<Admission> {
  const tariff = tariffOf(purse);
  if (tariff === undefined) return { kind: "admitted" };
  const view = await card.journey?.(tariff, purse);
  assert(view !== undefined, "a purse with tariffs knows its holder's journey");
  if ("kind" in view) return view;
  const quote = tariff.quote(view);
  return quote.kind === "refused" ? { kind: "unusable", reason: quote.reason } : { kind: "admitted", charge: quote };
}
