/*
 * Goal: a settlement is taken back once; nothing is called taken back before the host has said so and it is durable, and no second
 * message is sent while one is not decided. Method: a total table of every state and every event; run.ts acts. A void whose answer is
 * missing ends as unknown here and is resolved in the background. Spec: FSI, unknown outcome.
 */
import { assert } from "../../base/assert.ts";
import type { EventOf, StateOf, VoidEvent, VoidOutcome, VoidRules, VoidState, VoidStep } from "./types.ts";

export const FIRST_VOID_STEP: VoidStep = { state: { at: "looking-up" }, commands: [{ do: "look-up" }] };

function end(outcome: VoidOutcome): VoidStep {
  return { state: { at: "ended", outcome }, commands: [] };
}

function lookedUp(_: unknown, { known }: EventOf<"looked-up">): VoidStep {
  switch (known.kind) {
    case "new":
      return { state: { at: "signing-in" }, commands: [{ do: "sign-in" }] };
    case "in-progress":
    case "settlement-unknown":
    case "nothing-to-void":
      return end({ kind: "refused", reason: known.kind });
    case "done":
      return end({ kind: "done", subject: known.subject });
    case "open":
      return end({ kind: "unknown", subject: known.subject, reason: "earlier-sale-open" });
    case "over":
      return end({ kind: "refused", reason: known.reason, subject: known.subject });
  }
}

function intend(): VoidStep {
  return { state: { at: "intending" }, commands: [{ do: "append-intent" }] };
}

/** Nothing was begun: the settlement stands, and asking again costs nothing. */
function unreachable(): VoidStep {
  return end({ kind: "refused", reason: "host-unreachable" });
}

function refuseForJournal(_: unknown, { code }: EventOf<"journal-failed">): VoidStep {
  return end({ kind: "refused", reason: code });
}

function send(_: unknown, { entry }: EventOf<"entry-durable">): VoidStep {
  return { state: { at: "sending", intent: entry }, commands: [{ do: "send" }] };
}

function takenBack({ intent }: StateOf<"sending">): VoidStep {
  const { subject } = intent;
  return { state: { at: "closing", subject, outcome: { kind: "done", subject } }, commands: [{ do: "append", entry: { state: "done", after: intent } }] };
}

function refused({ intent }: StateOf<"sending">, { message }: EventOf<"host-refused">): VoidStep {
  const outcome: VoidOutcome = { kind: "refused", reason: "void-refused", message, subject: intent.subject };
  const entry = { state: "refused", after: intent, reason: "void-refused" } as const;
  return { state: { at: "closing", subject: intent.subject, outcome }, commands: [{ do: "append", entry }] };
}

function notSent({ intent }: StateOf<"sending">): VoidStep {
  const outcome: VoidOutcome = { kind: "refused", reason: "request-expired", subject: intent.subject };
  const entry = { state: "void", after: intent, reason: "request-expired" } as const;
  return { state: { at: "closing", subject: intent.subject, outcome }, commands: [{ do: "append", entry }] };
}

/** Sent and not answered: the settlement may be gone, now or later. Never "failed", never simply sent again. */
function undecided({ intent }: StateOf<"sending">, { reason }: EventOf<"host-undecided">): VoidStep {
  const { subject } = intent;
  const entry = { state: "unknown", after: intent, reason } as const;
  return { state: { at: "closing", subject, outcome: { kind: "unknown", subject, reason } }, commands: [{ do: "append", entry }] };
}

function closed({ outcome }: StateOf<"closing">): VoidStep {
  return end(outcome);
}

/** What was decided could not be written: it is not said either, and the next start takes it up as unknown. */
function closeJournalLost({ subject }: StateOf<"closing">, { code }: EventOf<"journal-failed">): VoidStep {
  return end({ kind: "unknown", subject, reason: code });
}

export const VOID_RULES: VoidRules = {
  "looking-up": {
    "looked-up": lookedUp,
    "signed-in": "impossible",
    "entry-durable": "impossible",
    "host-done": "impossible",
    "host-refused": "impossible",
    "not-sent": "impossible",
    "host-undecided": "impossible",
    "journal-failed": refuseForJournal,
  },
  "signing-in": {
    "looked-up": "impossible",
    "signed-in": intend,
    "entry-durable": "impossible",
    "host-done": "impossible",
    "host-refused": unreachable,
    "not-sent": unreachable,
    "host-undecided": unreachable,
    "journal-failed": refuseForJournal,
  },
  intending: {
    "looked-up": lookedUp,
    "signed-in": "impossible",
    "entry-durable": send,
    "host-done": "impossible",
    "host-refused": "impossible",
    "not-sent": "impossible",
    "host-undecided": "impossible",
    "journal-failed": refuseForJournal,
  },
  sending: {
    "looked-up": "impossible",
    "signed-in": "impossible",
    "entry-durable": "impossible",
    "host-done": takenBack,
    "host-refused": refused,
    "not-sent": notSent,
    "host-undecided": undecided,
    "journal-failed": "impossible",
  },
  closing: {
    "looked-up": "impossible",
    "signed-in": "impossible",
    "entry-durable": closed,
    "host-done": "impossible",
    "host-refused": "impossible",
    "not-sent": "impossible",
    "host-undecided": "impossible",
    "journal-failed": closeJournalLost,
  },
  ended: {
    "looked-up": "ignore",
    "signed-in": "ignore",
    "entry-durable": "ignore",
    "host-done": "ignore",
    "host-refused": "ignore",
    "not-sent": "ignore",
    "host-undecided": "ignore",
    "journal-failed": "ignore",
  },
};

type AnyRule = "ignore" | "impossible" | ((state: VoidState, event: VoidEvent) => VoidStep);

/** What follows from `event` while the void is in `state`. Pure and total. */
export function decideVoid(rules: VoidRules, state: VoidState, event: VoidEvent): VoidStep {
  // The table's type has paired each rule with its own state and event; the compiler cannot follow two indexes at once.
  const rule = rules[state.at][event.is] as AnyRule;
  if (rule === "ignore") return { state, commands: [] };
  assert(rule !== "impossible", `${event.is} cannot happen while ${state.at}`);
  return rule(state, event);
}
