/*
 * Goal: a lane opens for those who have paid and for nobody else, once for each payment, and stands open for everybody in a fire.
 * Method: a total table of every state and every event, whose decisions stand in rules.ts. It acts on nothing; run.ts acts and decides
 * nothing. Words that come from people or from a fire are wishes: they are heard in every state, and what is under way ends first.
 */
import { assert } from "../../base/assert.ts";
import * as step from "./rules.ts";
import type { Event, LaneRules, State, Step } from "./types.ts";

/** Where every lane begins: with a look at its gate. */
export const FIRST_STEP: Step = {
  state: { at: "starting", wish: { to: "serve" }, faults: 0 },
  commands: [{ do: "check-gate", pauseMs: 0 }],
};

export const LANE_RULES: LaneRules = {
  starting: {
    "gate-well": step.gateWell,
    "gate-ill": step.gateIll,
    "field-free": "ignore",
    "card-arrived": "impossible",
    "card-absent": "impossible",
    "wanted-again": "impossible",
    decided: "impossible",
    recorded: "impossible",
    "passage-over": "impossible",
    noted: "impossible",
    release: step.release,
    serve: step.serveSoon,
    stop: step.stopSoon,
    staff: step.refuseStaff,
  },
  ready: {
    "gate-well": "impossible",
    "gate-ill": "impossible",
    "field-free": step.fieldFree,
    "card-arrived": step.cardArrived,
    "card-absent": step.cardAbsent,
    "wanted-again": "impossible",
    decided: "impossible",
    recorded: "impossible",
    "passage-over": "impossible",
    noted: "impossible",
    release: step.release,
    serve: step.serveSoon,
    stop: step.stopSoon,
    staff: step.letSomebodyPass,
  },
  // The field was seen free before the card came: what was told late changes nothing any more.
  selling: {
    "gate-well": "impossible",
    "gate-ill": "impossible",
    "field-free": "ignore",
    "card-arrived": "impossible",
    "card-absent": "impossible",
    "wanted-again": step.wantedAgain,
    decided: step.decided,
    recorded: "impossible",
    "passage-over": "impossible",
    noted: "impossible",
    release: step.release,
    serve: step.serveSoon,
    stop: step.stopSoon,
    staff: step.refuseStaff,
  },
  recording: {
    "gate-well": "impossible",
    "gate-ill": "impossible",
    "field-free": "ignore",
    "card-arrived": "impossible",
    "card-absent": "impossible",
    "wanted-again": "impossible",
    decided: "impossible",
    recorded: step.openGate,
    "passage-over": "impossible",
    noted: "impossible",
    release: step.release,
    serve: step.serveSoon,
    stop: step.stopSoon,
    staff: step.refuseStaff,
  },
  passing: {
    "gate-well": "impossible",
    "gate-ill": "impossible",
    "field-free": "ignore",
    "card-arrived": "impossible",
    "card-absent": "impossible",
    "wanted-again": "impossible",
    decided: "impossible",
    recorded: "impossible",
    "passage-over": step.passageOver,
    noted: "impossible",
    release: step.release,
    serve: step.serveSoon,
    stop: step.stopSoon,
    staff: step.refuseStaff,
  },
  noting: {
    "gate-well": "impossible",
    "gate-ill": "impossible",
    "field-free": "ignore",
    "card-arrived": "impossible",
    "card-absent": "impossible",
    "wanted-again": "impossible",
    decided: "impossible",
    recorded: "impossible",
    "passage-over": "impossible",
    noted: step.noted,
    release: step.release,
    serve: step.serveSoon,
    stop: step.stopSoon,
    staff: step.refuseStaff,
  },
  resting: {
    "gate-well": step.gateWell,
    "gate-ill": step.gateIll,
    "field-free": "ignore",
    "card-arrived": "impossible",
    "card-absent": "impossible",
    "wanted-again": "impossible",
    decided: "impossible",
    recorded: "impossible",
    "passage-over": "impossible",
    noted: "impossible",
    release: step.release,
    serve: step.serveSoon,
    stop: step.stopSoon,
    staff: step.refuseStaff,
  },
  released: {
    "gate-well": "impossible",
    "gate-ill": "impossible",
    "field-free": "ignore",
    "card-arrived": "impossible",
    "card-absent": "impossible",
    "wanted-again": "impossible",
    decided: "impossible",
    recorded: "impossible",
    "passage-over": "impossible",
    noted: "impossible",
    release: step.releaseAgain,
    serve: step.serveAgain,
    stop: step.stopNow,
    staff: step.refuseStaff,
  },
  stopped: {
    "gate-well": "ignore",
    "gate-ill": "ignore",
    "field-free": "ignore",
    "card-arrived": "ignore",
    "card-absent": "ignore",
    "wanted-again": "ignore",
    decided: "ignore",
    recorded: "ignore",
    "passage-over": "ignore",
    noted: "ignore",
    release: "ignore",
    serve: "ignore",
    stop: "ignore",
    staff: step.refuseStaff,
  },
};

type AnyRule = "ignore" | "impossible" | ((state: State, event: Event) => Step);

/** What follows from `event` while the lane is in `state`. Pure and total. */
export function decide(state: State, event: Event, rules: LaneRules = LANE_RULES): Step {
  // The table's type has paired each rule with its own state and event; the compiler cannot follow two indexes at once.
  const rule = rules[state.at][event.is] as AnyRule;
  if (rule === "ignore") return { state, commands: [] };
  assert(rule !== "impossible", `${event.is} cannot happen while ${state.at}`);
  return rule(state, event);
}
