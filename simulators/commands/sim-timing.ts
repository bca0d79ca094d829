/* How long card and module take to answer when they were asked to take their time: `--timing` and `--card-speed`. */
import type { ReaderSlot } from "../reader/slot.ts";
import { timingsOf } from "../reader/timing-profiles.ts";
import type { SimOptions } from "./sim-options.ts";
import type { Place } from "./sim-stand.ts";

/** A module is powered once and for all: what that takes is not asked for. */
const MODULE_POWER_UP_MS = 0;
/** On the average a card comes in the middle between two looks. */
const POLL_PHASE = 0.5;

/** Has a slot take modelled times, where the options ask for them. */
export function setTiming(slot: ReaderSlot, name: Place["name"], { timing, card }: Pick<SimOptions, "timing" | "card">): void {
  if (timing === undefined) return;
  const timings = timingsOf(timing);
  if (name === "module") slot.setTiming({ exchange: timings.module, powerUpMs: () => MODULE_POWER_UP_MS });
  else if (card.interface === "contactless") slot.setTiming({ exchange: timings.contactless, powerUpMs: () => timings.arrivalMs(POLL_PHASE) });
  else slot.setTiming({ exchange: timings.contact, powerUpMs: () => MODULE_POWER_UP_MS });
}
