/*
 * Goal: nobody passes before the card's signature over this very ride was verified and what is owed is durable, and nothing is owed by
 * whoever did not pass that far.
 * Method: a total table of every state and every event, whose decisions stand in rules.ts. It acts on nothing; run.ts acts and decides nothing.
 */
import { assert } from "../../base/assert.ts";
import * as step from "./rules.ts";
import type { DelayedChargeRules, Event, Ride, State, Step } from "./types.ts";

/** Where every tap begins: with the question whether this reference was seen before. */
export const FIRST_STEP: Step = { state: { at: "looking-up" }, command: { do: "look-up" } };

export const DELAYED_CHARGE_RULES: DelayedChargeRules = {
  "looking-up": {
    "looked-up": step.lookedUp,
    "card-present": "impossible",
    "time-over": "impossible",
    "card-identified": "impossible",
    "card-unusable": "impossible",
    reviewed: "impossible",
    "not-admitted": "impossible",
    authenticated: "impossible",
    "entry-durable": "impossible",
    "journal-failed": step.refuseForJournal,
    "card-lost": "impossible",
  },
  "awaiting-card": {
    "looked-up": "impossible",
    "card-present": step.identify,
    "time-over": step.endNoCard,
    "card-identified": "impossible",
    "card-unusable": "impossible",
    reviewed: "impossible",
    "not-admitted": "impossible",
    authenticated: "impossible",
    "entry-durable": "impossible",
    "journal-failed": "impossible",
    "card-lost": "impossible",
  },
  identifying: {
    "looked-up": "impossible",
    "card-present": "impossible",
    "time-over": "impossible",
    "card-identified": step.review,
    "card-unusable": step.refuseCard,
    reviewed: "impossible",
    "not-admitted": "impossible",
    authenticated: "impossible",
    "entry-durable": "impossible",
    "journal-failed": step.refuseForJournal,
    "card-lost": step.presentAgain,
  },
  admitting: {
    "looked-up": "impossible",
    "card-present": "impossible",
    "time-over": "impossible",
    "card-identified": "impossible",
    "card-unusable": "impossible",
    reviewed: step.reviewed,
    "not-admitted": step.refuse,
    authenticated: "impossible",
    "entry-durable": "impossible",
    "journal-failed": step.refuseForJournal,
    "card-lost": "impossible",
  },
  authenticating: {
    "looked-up": "impossible",
    "card-present": "impossible",
    "time-over": "impossible",
    "card-identified": "impossible",
    "card-unusable": step.refuseCard,
    reviewed: "impossible",
    "not-admitted": "impossible",
    authenticated: step.record,
    "entry-durable": "impossible",
    "journal-failed": "impossible",
    "card-lost": step.presentAgain,
  },
  recording: {
    "looked-up": "impossible",
    "card-present": "impossible",
    "time-over": "impossible",
    "card-identified": "impossible",
    "card-unusable": "impossible",
    reviewed: "impossible",
    "not-admitted": step.refuse,
    authenticated: "impossible",
    "entry-durable": step.accepted,
    "journal-failed": step.recordLost,
    "card-lost": "impossible",
  },
  ended: {
    "looked-up": "ignore",
    "card-present": "ignore",
    "time-over": "ignore",
    "card-identified": "ignore",
    "card-unusable": "ignore",
    reviewed: "ignore",
    "not-admitted": "ignore",
    authenticated: "ignore",
    "entry-durable": "ignore",
    "journal-failed": "ignore",
    "card-lost": "ignore",
  },
};

type AnyRule = "ignore" | "impossible" | ((state: State, event: Event, ride: Ride) => Step);

/** What follows from `event` while the tap is in `state`. Pure and total. */
export function decide(rules: DelayedChargeRules, ride: Ride, state: State, event: Event): Step {
  // The table's type has paired each rule with its own state and event; the compiler cannot follow two indexes at once.
  const rule = rules[state.at][event.is] as AnyRule;
  if (rule === "ignore") return { state };
  assert(rule !== "impossible", `${event.is} cannot happen while ${state.at}`);
  return rule(state, event, ride);
}
