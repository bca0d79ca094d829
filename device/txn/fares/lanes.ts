/* Whether fare tables and lanes belong together: a lane that no table knows would refuse every card. */
import type { FareProblem, FareTable } from "./types.ts";

/** Where a lane stands. */
export interface StandingLane {
  readonly name: string;
  /** 4 hexadecimal digits. */
  readonly city: string;
  /** 8 hexadecimal digits. */
  readonly place: string;
}

export function laneProblems(tables: readonly FareTable[], lanes: readonly StandingLane[]): readonly FareProblem[] {
  const city = tables[0]?.city;
  return lanes.flatMap(({ name, city: own, place }) => {
    if (own !== city) return [{ at: `lane ${name}/city`, rule: `${own}, and ${city ?? "none"} in the tables` }];
    const known = tables.some(({ places }) => places.some((each) => each.place === place));
    return known ? [] : [{ at: `lane ${name}/place`, rule: `no table knows ${place}` }];
  });
}
