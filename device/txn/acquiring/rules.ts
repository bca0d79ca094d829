/* The decisions behind the table of machine.ts, in the order in which a bank transaction meets them. */
import type { ReversalCause } from "../acquirer-host/request.ts";
import type { BankOutcome } from "./acts.ts";
import type { Approval, BankPlan, Command, EntryName, EventOf, Refusal, State, StateOf, Step } from "./types.ts";

/** How often a card that was lost before it signed is asked for again. */
export const CARD_TRIES_MAX = 3;
const RETRY_PAUSE_MS = 300;

function end(outcome: BankOutcome): Step {
  return { state: { at: "ended", outcome } };
}

function go(state: State, command: Command): Step {
  return { state, command };
}

function refuse(reason: string): Step {
  return end({ kind: "refused", reason });
}

export function lookedUp(_: StateOf<"looking-up">, { known }: EventOf<"looked-up">, plan: BankPlan): Step {
  if (known.kind === "known") return end(known.outcome);
  if (known.kind === "refused") return refuse(known.reason);
  return plan.card === "absent" ? takeLine() : go({ at: "readying" }, { do: "clear-line" });
}

/** Nothing was begun and nothing was sent. */
export function refusedByLine(_: unknown, { reason }: EventOf<"line-refused">): Step {
  return refuse(reason);
}

export function lookUpFailed(_: unknown, { code }: EventOf<"journal-failed">): Step {
  return refuse(code);
}

function awaitCard(tries: number): Step {
  return go({ at: "awaiting-card", tries }, { do: "await-card", pauseMs: tries === 0 ? 0 : RETRY_PAUSE_MS });
}

export function lineReady(): Step {
  return awaitCard(0);
}

export function noCard(): Step {
  return end({ kind: "no-card" });
}

export function readCard({ tries }: StateOf<"awaiting-card">): Step {
  return go({ at: "reading-card", tries }, { do: "read-card" });
}

export function unusable(_: unknown, { reason }: EventOf<"card-unusable">): Step {
  return refuse(reason);
}

/** Nothing was asked of the bank yet: the holder may simply present the card again. */
export function lostBeforeLine({ tries }: StateOf<"reading-card">, { code }: EventOf<"card-lost">): Step {
  return tries + 1 < CARD_TRIES_MAX ? awaitCard(tries + 1) : refuse(code);
}

/** The holder has entered a PIN or is about to: taking the card away means to give up. */
export function lostBeforeIntent(_: unknown, { code }: EventOf<"card-lost">): Step {
  return refuse(code);
}

export function takeLine(): Step {
  return go({ at: "taking-line" }, { do: "take-line" });
}

/** The PIN comes after the line: a sign-in before it would have changed the key that the PIN is under. */
export function lineTaken(_: StateOf<"taking-line">, __: EventOf<"line-clear">, plan: BankPlan): Step {
  return plan.asksPin ? go({ at: "entering-pin" }, { do: "ask-pin" }) : sign(plan);
}

function sign(plan: BankPlan): Step {
  return plan.card === "signs" ? go({ at: "signing" }, { do: "sign" }) : prepare();
}

function prepare(): Step {
  return go({ at: "preparing" }, { do: "append-intent" });
}

export function pinEntered(_: StateOf<"entering-pin">, __: EventOf<"pin-entered">, plan: BankPlan): Step {
  return sign(plan);
}

export function pinRefused(_: StateOf<"entering-pin">, { reason }: EventOf<"pin-refused">): Step {
  return refuse(reason);
}

export function cardSigned(): Step {
  return prepare();
}

export function notAdmitted(_: StateOf<"preparing">, { reason }: EventOf<"not-admitted">): Step {
  return refuse(reason);
}

/** What was certainly not written was not begun; of the rest nobody knows whether it is there, though nothing was sent. */
export function intentLost(_: StateOf<"preparing">, { code, effectUnknown }: EventOf<"journal-failed">): Step {
  return effectUnknown ? end({ kind: "unknown", reason: code }) : refuse(code);
}

export function intentDurable(_: StateOf<"preparing">, { entry }: EventOf<"entry-durable">): Step {
  return go({ at: "sending", intent: entry }, { do: "send" });
}

export function approved({ intent }: StateOf<"sending">, { approval }: EventOf<"approved">, plan: BankPlan): Step {
  if (approval.partial && !plan.keepsPartial) return noteUnknown(intent, "06", "partial-approval");
  return go({ at: "telling-card", intent, reply: approval }, { do: "tell-card", approved: true, responseCode: approval.responseCode });
}

export function declined({ intent }: StateOf<"sending">, { responseCode, reason }: EventOf<"declined">): Step {
  return go({ at: "telling-card", intent, reply: { declined: responseCode, reason } }, { do: "tell-card", approved: false, responseCode });
}

export function notSent({ intent }: StateOf<"sending">, { reason }: EventOf<"not-sent">): Step {
  const { subject } = intent;
  return go({ at: "closing", subject, outcome: { kind: "refused", reason, subject } }, { do: "append", entry: { state: "void", after: intent, reason } });
}

export function replyUnknown({ intent }: StateOf<"sending">, { cause, reason }: EventOf<"reply-unknown">): Step {
  return noteUnknown(intent, cause, reason);
}

function noteUnknown(intent: EntryName, cause: ReversalCause, reason: string): Step {
  return go({ at: "noting-unknown", intent, reason }, { do: "append", entry: { state: "unknown", after: intent, cause, reason } });
}

/** What the acquirer declined stays declined, whatever the card thinks of it. */
export function cardTold({ intent, reply }: StateOf<"telling-card">, { accepted }: EventOf<"card-told">, plan: BankPlan): Step {
  if ("declined" in reply) return closeDeclined(intent, reply);
  return accepted || plan.cardRefusal === "keep" ? closeApproved(intent, reply) : noteUnknown(intent, "06", "card-declined");
}

/** Whether the card has heard of the approval nobody knows: without its own word it does not stand. */
export function cardLeft({ intent, reply }: StateOf<"telling-card">, { code }: EventOf<"card-lost">, plan: BankPlan): Step {
  if ("declined" in reply) return closeDeclined(intent, reply);
  return plan.cardRefusal === "keep" ? closeApproved(intent, reply) : noteUnknown(intent, "06", code);
}

function closeDeclined(intent: EntryName, { declined: responseCode, reason }: Refusal): Step {
  const { subject } = intent;
  return go(
    { at: "closing", subject, outcome: { kind: "refused", reason, subject, responseCode } },
    { do: "append", entry: { state: "refused", after: intent, reason, responseCode } },
  );
}

function closeApproved(intent: EntryName, approval: Approval): Step {
  const { subject } = intent;
  const { amount, retrievalReference, authorization } = approval;
  return go(
    {
      at: "closing",
      subject,
      outcome: { kind: "approved", subject, amount, retrievalReference, ...(authorization === undefined ? {} : { authorization }) },
    },
    { do: "append", entry: { state: "done", after: intent, approval } },
  );
}

export function unknownNoted({ intent, reason }: StateOf<"noting-unknown">): Step {
  const { subject } = intent;
  return go({ at: "reversing", subject, reason }, { do: "reverse", subject });
}

/** The intent stays open in the journal, and the next start reverses it. */
export function unknownNotNoted({ intent }: StateOf<"noting-unknown">, { code }: EventOf<"journal-failed">): Step {
  return end({ kind: "unknown", subject: intent.subject, reason: code });
}

export function reversed({ subject, reason }: StateOf<"reversing">): Step {
  return end({ kind: "refused", reason, subject });
}

export function notReversed({ subject, reason }: StateOf<"reversing">): Step {
  return end({ kind: "unknown", subject, reason });
}

/** Whether it was taken back could not be written: it is not said either. */
export function reversalNotWritten({ subject }: StateOf<"reversing">, { code }: EventOf<"journal-failed">): Step {
  return end({ kind: "unknown", subject, reason: code });
}

export function closed({ outcome }: StateOf<"closing">): Step {
  return end(outcome);
}

/** What was decided could not be written: it is not said either. */
export function notClosed({ subject }: StateOf<"closing">, { code }: EventOf<"journal-failed">): Step {
  return end({ kind: "unknown", subject, reason: code });
}
