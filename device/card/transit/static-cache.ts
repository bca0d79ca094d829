/*
 * What never changes on a transit account, kept so that a gate reads it once per card and not once per tap. A value without clock or
 * storage: whoever holds it decides how long. An entry counts only as long as EF15, which the answer to SELECT brings at every tap, is the
 * same in every field: a card that was enabled, renewed or issued anew is read again.
 */
import { assert } from "../../base/assert.ts";
import type { TransitPublicData, TransitRegion, TransitScheme } from "./types.ts";

export interface StaticTransit {
  /** Hexadecimal. */
  readonly applicationId: string;
  readonly scheme: TransitScheme;
  readonly data: TransitPublicData;
  /** Absent where the account has no EF17 of that kind. */
  readonly region?: TransitRegion;
}

/** Newest first, one entry for each card. */
export type StaticTransitCache = readonly StaticTransit[];

export const EMPTY_TRANSIT_CACHE: StaticTransitCache = [];

/** The cache with this card in front; the one that was not seen for longest drops out. */
export function rememberTransit(cache: StaticTransitCache, card: StaticTransit, capacity: number): StaticTransitCache {
  assert(Number.isInteger(capacity) && capacity >= 1, "a cache holds at least one card");
  return [card, ...cache.filter((each) => !isSameCard(each, card))].slice(0, capacity);
}

/** What is known of the card that has just been selected, or undefined when it is new or has changed. */
export function recallTransit(cache: StaticTransitCache, selected: Pick<StaticTransit, "applicationId" | "data">): StaticTransit | undefined {
  const known = cache.find((each) => isSameCard(each, selected));
  return known !== undefined && isSameData(known.data, selected.data) ? known : undefined;
}

function isSameCard(left: Pick<StaticTransit, "applicationId" | "data">, right: Pick<StaticTransit, "applicationId" | "data">): boolean {
  return left.applicationId === right.applicationId && left.data.issuer === right.data.issuer && left.data.serial === right.data.serial;
}

function isSameData(left: TransitPublicData, right: TransitPublicData): boolean {
  return (
    left.applicationType === right.applicationType &&
    left.enabled === right.enabled &&
    left.startDate === right.startDate &&
    left.endDate === right.endDate &&
    left.issuerControl === right.issuerControl
  );
}
