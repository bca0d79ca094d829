/*
 * Goal: the service counts as alive only while it could really serve: a process that merely runs is no proof.
 * Method: four signs, each with the longest silence that a healthy terminal can have. The network is none of them, nor are the devices: no restart
 * brings back a cable. What a sign says is judged in a pure function.
 */

/** How each part was last seen; silences in milliseconds. */
export interface VitalSigns {
  /** Longest that the event loop was late since the last look. */
  readonly loopLateMs: number;
  readonly journalSilentMs: number;
  /** The processes that speak to the readers' service, the longest silence of any; undefined where there is none. */
  readonly readersSilentMs: number | undefined;
  /** The loop that speaks to the host, whatever the network does. */
  readonly uplinkSilentMs: number;
}

/** Longest silences of a terminal that is well. */
export interface VitalBounds {
  readonly loopLateMs: number;
  readonly journalSilentMs: number;
  readonly readersSilentMs: number;
  readonly uplinkSilentMs: number;
}

export type Ailment = "loop-late" | "journal-silent" | "readers-silent" | "uplink-silent";

/** What keeps the service from counting as alive; empty: it is well. */
export function ailmentsOf(signs: VitalSigns, bounds: VitalBounds): readonly Ailment[] {
  const ailments: readonly (readonly [boolean, Ailment])[] = [
    [signs.loopLateMs > bounds.loopLateMs, "loop-late"],
    [signs.journalSilentMs > bounds.journalSilentMs, "journal-silent"],
    [signs.readersSilentMs !== undefined && signs.readersSilentMs > bounds.readersSilentMs, "readers-silent"],
    [signs.uplinkSilentMs > bounds.uplinkSilentMs, "uplink-silent"],
  ];
  return ailments.flatMap(([isIll, ailment]) => (isIll ? [ailment] : []));
}
