/* The decisions of the medical-purchase machine, one small function each. The table in machine.ts says when each of them applies. */
import type { EntryName, EventOf, MedicalOutcome, MedicalReason, Refusal, StateOf, Step } from "./types.ts";

/** How often a card that cannot be read may be presented again. */
export const TRIES_MAX = 5;

export function end(outcome: MedicalOutcome): Step {
  return { state: { at: "ended", outcome }, commands: [] };
}

function refuse(refusal: Refusal): Step {
  return end({ kind: "refused", ...refusal });
}

export function lookedUp(_: StateOf<"looking-up">, { known }: EventOf<"looked-up">): Step {
  switch (known.kind) {
    case "new":
      return awaitCard(0);
    case "in-progress":
      return refuse({ reason: "in-progress" });
    case "conflict":
      return refuse({ reason: "reference-conflict" });
    case "paid":
      return end({ kind: "paid", subject: known.subject, visitId: known.visitId, ...known.figures });
    // It is reversed in the background; until the host's records agree nothing new is tried for this sale.
    case "open":
      return end({ kind: "unknown", subject: known.subject, reason: "earlier-sale-open" });
  }
}

function awaitCard(tries: number): Step {
  return { state: { at: "awaiting-card", tries }, commands: [{ do: "await-card" }] };
}

export function refuseForJournal(_: unknown, { code }: EventOf<"journal-failed">): Step {
  return refuse({ reason: code });
}

export function identify({ tries }: StateOf<"awaiting-card">): Step {
  return { state: { at: "identifying", tries }, commands: [{ do: "identify" }] };
}

export function endNoCard(): Step {
  return end({ kind: "no-card" });
}

/** A holder whose last settlement is not decided yet makes no new one: it could be the same goods twice. */
export function identified(_: StateOf<"identifying">, { earlierOpen }: EventOf<"card-identified">): Step {
  if (earlierOpen) return refuse({ reason: "earlier-sale-open" });
  return { state: { at: "verifying-pin" }, commands: [{ do: "verify-pin" }] };
}

export function refuseCard(): Step {
  return refuse({ reason: "card-unusable" });
}

export function presentAgain({ tries }: StateOf<"identifying">, { code }: EventOf<"card-lost">): Step {
  return tries + 1 < TRIES_MAX ? awaitCard(tries + 1) : refuse({ reason: code });
}

export function pinVerified(): Step {
  return { state: { at: "asking-person" }, commands: [{ do: "ask-person" }] };
}

export function refuseAs(_: unknown, { refusal }: EventOf<"pin-failed"> | EventOf<"person-unusable">): Step {
  return refuse(refusal);
}

export function refuseLost(_: unknown, { code }: EventOf<"card-lost">): Step {
  return refuse({ reason: code });
}

export function personFound(): Step {
  return { state: { at: "pre-settling" }, commands: [{ do: "pre-settle" }] };
}

export function preSettled(): Step {
  return { state: { at: "intending" }, commands: [{ do: "append-intent" }] };
}

export function hostRefused(_: unknown, { message }: EventOf<"host-refused">): Step {
  return refuse({ reason: "host-refused", message });
}

/** Questions book nothing, so that an answer that never came costs nothing. */
export function hostUnreachable(): Step {
  return refuse({ reason: "host-unreachable" });
}

export function settle(_: StateOf<"intending">, { entry }: EventOf<"entry-durable">): Step {
  return { state: { at: "settling", intent: entry }, commands: [{ do: "settle" }] };
}

interface Closing {
  readonly intent: EntryName;
  readonly outcome: MedicalOutcome;
  readonly reason: MedicalReason;
}

function close(wish: "refused" | "void" | "unknown", { intent, outcome, reason }: Closing): Step {
  return { state: { at: "closing", subject: intent.subject, outcome }, commands: [{ do: "append", entry: { state: wish, after: intent, reason } }] };
}

/** The host's figures stand, whatever rule they break: what is booked is booked. */
export function settled({ intent }: StateOf<"settling">, { settlement }: EventOf<"settled">): Step {
  const { settlementId, visitId, total, fund, account, mutualAid, cash, flags } = settlement;
  const outcome: MedicalOutcome = { kind: "paid", subject: intent.subject, visitId, settlementId, total, fund, account, mutualAid, cash, flags };
  return { state: { at: "closing", subject: intent.subject, outcome }, commands: [{ do: "append", entry: { state: "done", after: intent, settlement } }] };
}

export function settleRefused({ intent }: StateOf<"settling">, { message }: EventOf<"host-refused">): Step {
  return close("refused", { intent, reason: "host-refused", outcome: { kind: "refused", reason: "host-refused", message, subject: intent.subject } });
}

export function settleNotSent({ intent }: StateOf<"settling">): Step {
  return close("void", { intent, reason: "request-expired", outcome: { kind: "refused", reason: "request-expired", subject: intent.subject } });
}

/** Sent and not answered: it may be booked, now or later. Never "failed", never simply sent again. */
export function settleUndecided({ intent }: StateOf<"settling">, { reason }: EventOf<"host-undecided">): Step {
  return close("unknown", { intent, reason, outcome: { kind: "unknown", subject: intent.subject, reason } });
}

export function closed({ outcome }: StateOf<"closing">): Step {
  return end(outcome);
}

/** What was decided could not be written: it is not said either, and the next start takes it up as unknown. */
export function closeJournalLost({ subject }: StateOf<"closing">, { code }: EventOf<"journal-failed">): Step {
  return end({ kind: "unknown", subject, reason: code });
}
