/*
 * Goal: a settlement whose answer is missing is taken back for certain, also when the host books it late, with the visit that it was made
 * for; a void whose answer is missing is known for certain.
 * Method: one round of one subject as a total table. The host's word about a reversal is never the end, its records are; and they are
 * final only when the original can no longer arrive. What was sent before a settlement is undone after it, in reverse order, each step
 * noted before it is sent. Spec: FSI, 2601; FSI, 3202; FSI, 5203; FSI, 2205; FSI, 2202.
 */
import { assert } from "../../base/assert.ts";
import type { FaultCode } from "../../base/fault.ts";

/** Reversals sent in one round before it rests: a host that goes on showing a booking is asked again later. */
export const REVERSALS_OF_ROUND_MAX = 3;

/** Messages that undo what was sent before a settlement, in their order. */
export type UndoCode = "2205" | "2202";

/** What a visit still needs after its settlement is gone. `left`: what the host has refused to undo, without money in it. */
export interface VisitRest {
  readonly undo: readonly UndoCode[];
  readonly left: readonly UndoCode[];
}

export type ResolvedReason = "reversed" | "never-booked" | "voided" | "not-voided";

export type ResolverState =
  | { readonly at: "reversing"; readonly reversals: number; readonly visit: VisitRest }
  | { readonly at: "reconciling"; readonly reversals: number; readonly visit: VisitRest }
  /** Nothing stands any more: the next step of the visit is made durable, sent, and where it is refused looked after. */
  | { readonly at: "noting"; readonly reason: ResolvedReason; readonly visit: VisitRest }
  | { readonly at: "undoing"; readonly reason: ResolvedReason; readonly visit: VisitRest }
  | { readonly at: "checking-fees"; readonly reason: ResolvedReason; readonly visit: VisitRest }
  /** A void: how its settlement stands. */
  | { readonly at: "querying" }
  | { readonly at: "reading-void" }
  | { readonly at: "closing"; readonly end: "done" | "void" }
  /** The round is over; "open" means that a later round goes on. */
  | { readonly at: "rested"; readonly outcome: "open" | "done" | "void" };

/** What the host's statement shows of the original message, or of a settlement that a void names. */
export type RecordsSay = "nothing" | "booked" | "booked-and-reversed";

export type ResolverEvent =
  | { readonly is: "reversal-done" }
  /** The host answered the reversal with a refusal: "no such original", or anything else. */
  | { readonly is: "reversal-refused" }
  /** `final`: the original's time has passed with margin, nothing can be booked any more. */
  | { readonly is: "records-read"; readonly say: RecordsSay; readonly final: boolean }
  | { readonly is: "records-refused" }
  | { readonly is: "settlement-read"; readonly say: "standing" | "voided"; readonly final: boolean }
  /** "No such settlement", or anything else. */
  | { readonly is: "settlement-refused" }
  | { readonly is: "undone" }
  | { readonly is: "undo-refused" }
  /** Whether fees of the visit are left; "unknown" where the host does not say. */
  | { readonly is: "fees-read"; readonly left: "none" | "some" | "unknown" }
  | { readonly is: "host-silent" }
  | { readonly is: "entry-durable" }
  | { readonly is: "journal-failed"; readonly code: FaultCode };

export type ResolverCommand =
  | { readonly do: "reverse" }
  | { readonly do: "read-records" }
  | { readonly do: "note"; readonly undo: UndoCode; readonly reason: ResolvedReason }
  | { readonly do: "undo"; readonly undo: UndoCode }
  | { readonly do: "read-fees" }
  | { readonly do: "read-settlement" }
  | { readonly do: "read-void" }
  | { readonly do: "append-end"; readonly end: "done" | "void"; readonly reason: ResolvedReason; readonly left: readonly UndoCode[] };

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

/** What a round is about. */
export type ResolverTask = { readonly about: "settlement"; readonly visit: VisitRest } | { readonly about: "void" };

export function firstStep(task: ResolverTask): ResolverStep {
  if (task.about === "void") return { state: { at: "querying" }, commands: [{ do: "read-settlement" }] };
  return { state: { at: "reversing", reversals: 1, visit: task.visit }, commands: [{ do: "reverse" }] };
}

const REST: ResolverStep = { state: { at: "rested", outcome: "open" }, commands: [] };

function rest(): ResolverStep {
  return REST;
}

function readRecords({ reversals, visit }: StateOf<"reversing">): ResolverStep {
  return { state: { at: "reconciling", reversals, visit }, commands: [{ do: "read-records" }] };
}

function judge({ reversals, visit }: StateOf<"reconciling">, { say, final }: EventOf<"records-read">): ResolverStep {
  if (say === "booked") {
    if (reversals >= REVERSALS_OF_ROUND_MAX) return REST;
    return { state: { at: "reversing", reversals: reversals + 1, visit }, commands: [{ do: "reverse" }] };
  }
  // A settlement that may still come needs its visit: nothing is undone before it cannot.
  return final ? undoNext(say === "nothing" ? "never-booked" : "reversed", visit) : REST;
}

function undoNext(reason: ResolvedReason, visit: VisitRest): ResolverStep {
  const [undo] = visit.undo;
  if (undo === undefined) return close("void", reason, visit.left);
  return { state: { at: "noting", reason, visit }, commands: [{ do: "note", undo, reason }] };
}

function close(end: "done" | "void", reason: ResolvedReason, left: readonly UndoCode[] = []): ResolverStep {
  return { state: { at: "closing", end }, commands: [{ do: "append-end", end, reason, left }] };
}

function sendUndo({ reason, visit }: StateOf<"noting">): ResolverStep {
  const [undo] = visit.undo;
  assert(undo !== undefined, "what was noted is still to be undone");
  return { state: { at: "undoing", reason, visit }, commands: [{ do: "undo", undo }] };
}

function undone({ reason, visit }: StateOf<"undoing"> | StateOf<"checking-fees">): ResolverStep {
  return undoNext(reason, { ...visit, undo: visit.undo.slice(1) });
}

/** The refusal's words are no evidence. Fees can be asked for; a registration without settlement and fees holds no money and is told of. */
function undoRefused({ reason, visit }: StateOf<"undoing">): ResolverStep {
  if (visit.undo[0] === "2205") return { state: { at: "checking-fees", reason, visit }, commands: [{ do: "read-fees" }] };
  return leave(reason, visit);
}

function leave(reason: ResolvedReason, { undo, left }: VisitRest): ResolverStep {
  return undoNext(reason, { undo: undo.slice(1), left: [...left, ...undo.slice(0, 1)] });
}

function judgeFees(state: StateOf<"checking-fees">, { left }: EventOf<"fees-read">): ResolverStep {
  if (left === "some") return REST;
  return left === "none" ? undone(state) : leave(state.reason, state.visit);
}

function judgeSettlement(_: StateOf<"querying">, { say, final }: EventOf<"settlement-read">): ResolverStep {
  if (say === "voided") return close("done", "voided");
  return final ? close("void", "not-voided") : REST;
}

function readVoid(): ResolverStep {
  return { state: { at: "reading-void" }, commands: [{ do: "read-void" }] };
}

/** A settlement that the statement does not show at all says nothing about its void. */
function judgeVoid(_: StateOf<"reading-void">, { say, final }: EventOf<"records-read">): ResolverStep {
  if (say === "booked-and-reversed") return close("done", "voided");
  return say === "booked" && final ? close("void", "not-voided") : REST;
}

function resolved({ end }: StateOf<"closing">): ResolverStep {
  return { state: { at: "rested", outcome: end }, commands: [] };
}

/** No answer that was not asked for can come; each state names what can. */
const UNASKED = {
  "reversal-done": "impossible",
  "reversal-refused": "impossible",
  "records-read": "impossible",
  "records-refused": "impossible",
  "settlement-read": "impossible",
  "settlement-refused": "impossible",
  undone: "impossible",
  "undo-refused": "impossible",
  "fees-read": "impossible",
  "host-silent": "impossible",
  "entry-durable": "impossible",
  // Every message needs a durable number first.
  "journal-failed": rest,
} as const;

export const RESOLVER_RULES: ResolverRules = {
  reversing: {
    ...UNASKED,
    "reversal-done": readRecords,
    // "No such original" may only mean "not yet".
    "reversal-refused": readRecords,
    "host-silent": rest,
  },
  reconciling: { ...UNASKED, "records-read": judge, "records-refused": rest, "host-silent": rest },
  noting: { ...UNASKED, "entry-durable": sendUndo },
  undoing: { ...UNASKED, undone, "undo-refused": undoRefused, "host-silent": rest },
  "checking-fees": { ...UNASKED, "fees-read": judgeFees, "host-silent": rest },
  querying: { ...UNASKED, "settlement-read": judgeSettlement, "settlement-refused": readVoid, "host-silent": rest },
  "reading-void": { ...UNASKED, "records-read": judgeVoid, "records-refused": rest, "host-silent": rest },
  closing: { ...UNASKED, "entry-durable": resolved },
  rested: {
    "reversal-done": "ignore",
    "reversal-refused": "ignore",
    "records-read": "ignore",
    "records-refused": "ignore",
    "settlement-read": "ignore",
    "settlement-refused": "ignore",
    undone: "ignore",
    "undo-refused": "ignore",
    "fees-read": "ignore",
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
