/* The limits of the offline permission, and what a sale would make of them. Pure. */
import type { RiskReason } from "./guard.ts";
import type { Age, CardFigures, Figures } from "./sale-book.ts";

/** Each counts the sale that is asked for; Infinity: no limit. The names are those of the host's grant. Spec: pos/v1, 8. */
export interface OfflineLimits {
  readonly amountPerSaleFen: number;
  readonly unreceiptedCountMax: number;
  readonly unreceiptedSumMaxFen: number;
  /** How long the oldest sale may wait for its receipt before no other is made. */
  readonly unreceiptedAgeMaxMs: number;
  readonly cardCountMax: number;
  readonly cardSumMaxFen: number;
  readonly cardAgeMaxMs: number;
}

export type LimitName = keyof OfflineLimits;

export const NO_LIMITS: OfflineLimits = {
  amountPerSaleFen: Number.POSITIVE_INFINITY,
  unreceiptedCountMax: Number.POSITIVE_INFINITY,
  unreceiptedSumMaxFen: Number.POSITIVE_INFINITY,
  unreceiptedAgeMaxMs: Number.POSITIVE_INFINITY,
  cardCountMax: Number.POSITIVE_INFINITY,
  cardSumMaxFen: Number.POSITIVE_INFINITY,
  cardAgeMaxMs: Number.POSITIVE_INFINITY,
};

export const LIMIT_NAMES = Object.keys(NO_LIMITS) as readonly LimitName[];

/** The tighter of both, limit by limit: what one side has not allowed, the other cannot. */
export function narrowed(configured: OfflineLimits, granted: Partial<OfflineLimits>): OfflineLimits {
  const both = { ...configured };
  for (const name of LIMIT_NAMES) both[name as keyof typeof both] = Math.min(configured[name], granted[name] ?? Number.POSITIVE_INFINITY);
  return both;
}

/** At most so many sales of one card within this time. */
export interface Velocity {
  readonly salesMax: number;
  readonly windowMs: number;
}

export interface AskedSale {
  readonly amountFen: number;
  readonly terminal: Figures;
  readonly card: CardFigures;
}

/** The limit that this sale would pass, or undefined where it may be made. */
export function offlineLimitReached(limits: OfflineLimits, velocity: Velocity | undefined, sale: AskedSale): RiskReason | undefined {
  const { amountFen, terminal, card } = sale;
  if (amountFen > limits.amountPerSaleFen) return "amount-limit";
  if (card.count + 1 > limits.cardCountMax) return "card-count-limit";
  if (card.sumFen + amountFen > limits.cardSumMaxFen) return "card-sum-limit";
  if (velocity !== undefined && amountFen > 0 && card.inWindow + 1 > velocity.salesMax) return "card-velocity-limit";
  if (terminal.count + 1 > limits.unreceiptedCountMax) return "unreceipted-count-limit";
  if (terminal.sumFen + amountFen > limits.unreceiptedSumMaxFen) return "unreceipted-sum-limit";
  return (
    ageReached(card.oldestAge, limits.cardAgeMaxMs, "card-age-limit") ?? ageReached(terminal.oldestAge, limits.unreceiptedAgeMaxMs, "unreceipted-age-limit")
  );
}

/** An age that nobody knows passes no limit. */
function ageReached(age: Age | undefined, ageMaxMs: number, reason: RiskReason): RiskReason | undefined {
  if (age === undefined || ageMaxMs === Number.POSITIVE_INFINITY) return undefined;
  if (age === "unknown") return "clock-not-trusted";
  return age > ageMaxMs ? reason : undefined;
}
