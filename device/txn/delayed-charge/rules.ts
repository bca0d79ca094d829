/* The decisions of the delayed-charge machine, one small function each. The table in machine.ts says when each of them applies. */
import type { DelayedChargeOutcome, EventOf, Ride, StateOf, Step } from "./types.ts";

/** How often a holder may present a card that cannot be read or leaves too soon. */
export const TRIES_MAX = 8;
/** A card that fails at once must not turn the wait for it into a busy loop. */
const TRY_PAUSE_MS = 50;

function end(outcome: DelayedChargeOutcome): Step {
  return { state: { at: "ended", outcome } };
}

function awaitCard(tries: number): Step {
  return { state: { at: "awaiting-card", tries }, command: { do: "await-card", pauseMs: tries === 0 ? 0 : TRY_PAUSE_MS } };
}

export function lookedUp(_: StateOf<"looking-up">, { known }: EventOf<"looked-up">): Step {
  switch (known.kind) {
    case "new":
      return awaitCard(0);
    case "conflict":
      return end({ kind: "refused", reason: "reference-conflict" });
    case "accepted":
      return end({ kind: "accepted", subject: known.subject, amount: known.amount, firstUse: known.firstUse });
  }
}

export function endNoCard(): Step {
  return end({ kind: "no-card" });
}

export function identify({ tries }: StateOf<"awaiting-card">): Step {
  return { state: { at: "identifying", tries }, command: { do: "identify" } };
}

export function review({ tries }: StateOf<"identifying">): Step {
  return { state: { at: "admitting", tries }, command: { do: "review" } };
}

/** The first ride of a card is the one that nobody vouches for: its price has a limit of its own, where it is taken at all. */
export function reviewed({ tries }: StateOf<"admitting">, { seen, amount }: EventOf<"reviewed">, ride: Ride): Step {
  const tooMuch = ride.firstUse === "refuse" || amount > ride.firstRideLimitFen;
  if (!seen && tooMuch) return end({ kind: "refused", reason: "first-use-online" });
  return { state: { at: "authenticating", tries, amount, firstUse: !seen }, command: { do: "authenticate" } };
}

/** Only now may anything become owed: the signature over this very ride was verified. */
export function record({ amount, firstUse }: StateOf<"authenticating">): Step {
  return { state: { at: "recording", amount, firstUse }, command: { do: "append", firstUse } };
}

export function accepted({ amount, firstUse }: StateOf<"recording">, { subject }: EventOf<"entry-durable">): Step {
  return end({ kind: "accepted", subject, amount, firstUse });
}

/** Nothing moves on the card, whatever became of the command: it may simply be presented again. */
export function presentAgain({ tries }: { readonly tries: number }, { code }: EventOf<"card-lost">): Step {
  return tries + 1 < TRIES_MAX ? awaitCard(tries + 1) : end({ kind: "refused", reason: code });
}

export function refuseCard(_: unknown, { reason, statusWord }: EventOf<"card-unusable">): Step {
  return end({ kind: "refused", reason, ...(statusWord === undefined ? {} : { statusWord }) });
}

export function refuse(_: unknown, { reason }: EventOf<"not-admitted">): Step {
  return end({ kind: "refused", reason });
}

export function refuseForJournal(_: unknown, { code }: EventOf<"journal-failed">): Step {
  return end({ kind: "refused", reason: code });
}

/** What may be durable is not called refused: the holder would ride for nothing, or pay twice at the next gate. */
export function recordLost(_: unknown, { code, effectUnknown }: EventOf<"journal-failed">): Step {
  return end(effectUnknown ? { kind: "unknown", reason: code } : { kind: "refused", reason: code });
}
