/* What keeps two sales from running into each other: one settlement at a time per lane, one sale per reference per terminal. */

/** One place where a holder is served. */
export interface Lane {
  /** Takes the lane; undefined when a settlement is in flight there. The result gives it back. */
  take(): (() => void) | undefined;
}

export function createLane(): Lane {
  let taken = false;
  return {
    take: () => {
      if (taken) return undefined;
      taken = true;
      return () => {
        taken = false;
      };
    },
  };
}

/** References of the sales in flight, shared by all lanes of a terminal. */
export interface SalesInFlight {
  /** Takes the reference; undefined while the same sale is in flight elsewhere. The result gives it back. */
  take(reference: string): (() => void) | undefined;
}

export function createSalesInFlight(): SalesInFlight {
  const references = new Set<string>();
  return {
    take: (reference) => {
      if (references.has(reference)) return undefined;
      references.add(reference);
      return () => {
        references.delete(reference);
      };
    },
  };
}
