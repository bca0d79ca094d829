/*
 * What never changes on a transit account, kept so that a gate reads it once per card and not once per tap. An entry counts only as long as
 * EF15, which the answer to SELECT brings at every tap, is the same in every field: a card that was enabled, renewed or issued anew is read
 * again. Kept in memory only; the card that was not seen for longest drops out.
 */
import { assert } from "../../base/assert.ts";
import type { TransitPublicData, TransitRegion } from "./types.ts";

export interface StaticTransit {
  /** Hexadecimal. */
  readonly applicationId: string;
  readonly data: TransitPublicData;
  /** Absent where the account has no EF17 of that kind. */
  readonly region?: TransitRegion;
  /** Where the operator's own record was found in EF1A. */
  readonly riderRecord?: { readonly id: string; readonly number: number };
}

type Selected = Pick<StaticTransit, "applicationId" | "data">;

export class StaticTransitCache {
  readonly #capacity: number;
  /** In the order in which the cards were last seen, the newest last. */
  readonly #cards = new Map<string, StaticTransit>();

  constructor(capacity: number) {
    assert(Number.isInteger(capacity) && capacity >= 1, "a cache holds at least one card");
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#cards.size;
  }

  remember(card: StaticTransit): void {
    const name = nameOf(card);
    this.#cards.delete(name);
    this.#cards.set(name, card);
    const [oldest] = this.#cards.keys();
    if (this.#cards.size > this.#capacity && oldest !== undefined) this.#cards.delete(oldest);
  }

  /** What is known of the card that has just been selected, or undefined when it is new or has changed. */
  recall(selected: Selected): StaticTransit | undefined {
    const known = this.#cards.get(nameOf(selected));
    return known !== undefined && isSameData(known.data, selected.data) ? known : undefined;
  }
}

function nameOf({ applicationId, data }: Selected): string {
  return `${applicationId}/${data.issuer}/${data.serial}`;
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
