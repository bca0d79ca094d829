/* Whoever wants to know what happens at the lanes: any number of listeners, none of which can disturb a lane. */
import type { LaneEvent } from "../txn/gate/lane.ts";

export type LaneListener = (lane: string, event: LaneEvent) => void;

export class LaneListeners {
  readonly #listeners = new Set<LaneListener>();

  /** Calls `listener`, which never throws, for each event until the returned function is called. */
  add(listener: LaneListener): () => void {
    // Of its own, so that the same function may listen twice.
    const own: LaneListener = (lane, event) => listener(lane, event);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  tell(lane: string, event: LaneEvent): void {
    for (const listener of this.#listeners) listener(lane, event);
  }
}
