/*
 * Goal: a settlement whose answer is missing is taken back for certain, also when the host books it late.
 * Method: one round of one subject as a total table. The host's word about a reversal is never the end, its records are; and they are
 * final only when the original can no longer arrive. Spec: FSI, 2601; FSI, 3202.
 */
import { assert } from "../../base/assert.ts";
import type { FaultCode } from "../../base/fault.ts";
import type { MedicalReason } from "./types.ts";

/** Reversals sent in one round before it rests: a host that goes on showing a booking is asked again later. */
export const REVERSALS_OF_ROUND_MAX = 3;

export type ResolverState =
  | { readonly at: "reversing"; readonly reversals: number }
  | { readonly at: "reconciling"; readonly reversals: number }
  | { readonly at: "closing" }
  /** The round is over; "open" means that a later round goes on. */
  | { readonly at: "rested"; readonly outcome: "resolved" | "open" };

/** What the host's statement shows of the original message. */
export type RecordsSay = "nothing" | "booked" | "booked-and-reversed";

export type ResolverEvent =
  | { readonly is: "reversal-done" }
  /** The host answered the reversal with a refusal: "no such original", or anything else. */
  | { readonly is: "reversal-refused" }
  /** `final`: the original's time has passed with margin, nothing can be booked any more. */
  | { readonly is: "records-read"; readonly say: RecordsSay; readonly final: boolean }
  | { readonly is: "records-refused" }
  | { readonly is: "host-silent" }
  | { readonly is: "entry-durable" }
  | { readonly is: "journal-failed"; readonly code: FaultCode };

export type ResolverCommand = { readonly do: "reverse" } | { readonly do: "read-records" } | { readonly do: "append-void"; readonly reason: MedicalReason };

export interface ResolverStep {
  readonly state: ResolverState;
  readonly commands: readonly ResolverCommand[];
}

type StateOf<At extends ResolverState["at"]> = Extract<ResolverState, { readonly at: At }>;
type EventOf<Is extends ResolverEvent["is"]> = Extract<ResolverEvent, { readonly is: Is }>;
export type ResolverRule<At extends ResolverState["at"], Is extends ResolverEvent["is"]> =
  | "ignore"
  | "impossible"
  | ((state: StateOf<At>, event: EventOf<Is>) => ResolverStep);
export type ResolverRules = { readonly [At in ResolverState["at"]]: { readonly [Is in ResolverEvent["is"]]: ResolverRule<At, Is> } };

export const FIRST_RESOLVER_STEP: ResolverStep = { state: { at: "reversing", reversals: 1 }, commands: [{ do: "reverse" }] };

const REST: ResolverStep = { state: { at: "rested", outcome: "open" }, commands: [] };

function rest(): ResolverStep {
  return REST;
}

function readRecords({ reversals }: StateOf<"reversing">): ResolverStep {
  return { state: { at: "reconciling", reversals }, commands: [{ do: "read-records" }] };
}

function judge({ reversals }: StateOf<"reconciling">, { say, final }: EventOf<"records-read">): ResolverStep {
  if (say === "booked") {
    if (reversals >= REVERSALS_OF_ROUND_MAX) return REST;
    return { state: { at: "reversing", reversals: reversals + 1 }, commands: [{ do: "reverse" }] };
  }
  if (!final) return REST;
  return { state: { at: "closing" }, commands: [{ do: "append-void", reason: say === "nothing" ? "never-booked" : "reversed" }] };
}

function resolved(): ResolverStep {
  return { state: { at: "rested", outcome: "resolved" }, commands: [] };
}

export const RESOLVER_RULES: ResolverRules = {
  reversing: {
    "reversal-done": readRecords,
    // "No such original" may only mean "not yet".
    "reversal-refused": readRecords,
    "records-read": "impossible",
    "records-refused": "impossible",
    "host-silent": rest,
    "entry-durable": "impossible",
    "journal-failed": rest,
  },
  reconciling: {
    "reversal-done": "impossible",
    "reversal-refused": "impossible",
    "records-read": judge,
    "records-refused": rest,
    "host-silent": rest,
    "entry-durable": "impossible",
    "journal-failed": rest,
  },
  closing: {
    "reversal-done": "impossible",
    "reversal-refused": "impossible",
    "records-read": "impossible",
    "records-refused": "impossible",
    "host-silent": "impossible",
    "entry-durable": resolved,
    "journal-failed": rest,
  },
  rested: {
    "reversal-done": "ignore",
    "reversal-refused": "ignore",
    "records-read": "ignore",
    "records-refused": "ignore",
    "host-silent": "ignore",
    "entry-durable": "ignore",
    "journal-failed": "ignore",
  },
};

type AnyRule = "ignore" | "impossible" | ((state: ResolverState, event: ResolverEvent) => ResolverStep);

/** What follows from `event` in this round. Pure and total. */
export function decideResolution(rules: ResolverRules, state: ResolverState, event: ResolverEvent): ResolverStep {
  // The table's type has paired each rule with its own state and event; the compiler cannot follow two indexes at once.
  const rule = rules[state.at][event.is] as AnyRule;
  if (rule === "ignore") return { state, commands: [] };
  assert(rule !== "impossible", `${event.is} cannot happen while ${state.at}`);
  return rule(state, event);
}
