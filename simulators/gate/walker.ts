/* Whoever stands in front of the gate when it opens. */

export type Walk = "passes" | "stays" | "turns-back";

export interface Walker {
  walk: Walk;
  /** Time from the opening to the walk. */
  readonly afterMs: number;
}
