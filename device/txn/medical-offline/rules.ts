/* The decisions of a sale without the insurer, one small function each. The table in machine.ts says when each of them applies. */
import { assert } from "../../base/assert.ts";
import { subtractFen } from "../../base/fen.ts";
import type { OfflineOutcome, OfflineReason, OfflineView } from "./ports.ts";
import type { EventOf, OfflineRefusal, StateOf, Step, Tally } from "./types.ts";

/** How often a card that cannot be read may be presented again. */
export const TRIES_MAX = 5;
/** More tenders than any sale is paid with. */
export const TENDERS_OF_SALE_MAX = 50;

function end(outcome: OfflineOutcome): Step {
  return { state: { at: "ended", outcome }, commands: [] };
}

function refuse(refusal: OfflineRefusal): Step {
  return end({ kind: "refused", ...refusal });
}

export function lookedUp(_: StateOf<"looking-up">, { known }: EventOf<"looked-up">): Step {
  if (known.kind === "conflict") return refuse({ reason: "reference-conflict" });
  if (known.kind === "known") return takeUp(known.sale);
  return known.refusal === undefined ? awaitCard(0) : refuse({ reason: known.refusal });
}

/** What rests goes on where it rested; what has ended is told again. */
function takeUp(sale: OfflineView): Step {
  switch (sale.stage) {
    case "paying":
      return count(sale);
    case "give-back-due":
      return refund(sale);
    case "void":
      // Given back already, and its record does not say so yet.
      return sale.open ? noteVoid(sale) : end({ kind: "cancelled", sale });
    case "settlement-due":
    case "refund-due":
    case "ended":
      return end({ kind: "paid", sale });
  }
}

function awaitCard(tries: number): Step {
  return { state: { at: "awaiting-card", tries }, commands: [{ do: "await-card" }] };
}

function count(sale: OfflineView): Step {
  return { state: { at: "counting", sale }, commands: [{ do: "count-tenders", sale }] };
}

function refund(sale: OfflineView): Step {
  return { state: { at: "refunding", sale }, commands: [{ do: "refund", sale }] };
}

export function refuseForJournal(_: unknown, { code }: EventOf<"journal-failed">): Step {
  return refuse({ reason: code });
}

export function refuseLane(): Step {
  return refuse({ reason: "lane-busy" });
}

export function identify({ tries }: StateOf<"awaiting-card">): Step {
  return { state: { at: "identifying", tries }, commands: [{ do: "identify" }] };
}

export function endNoCard(): Step {
  return end({ kind: "no-card" });
}

/** A holder whose last settlement is not decided yet buys nothing more: it could be the same goods twice. */
export function identified(_: StateOf<"identifying">, { earlierOpen, asksPin }: EventOf<"card-identified">): Step {
  if (earlierOpen) return refuse({ reason: "earlier-sale-open" });
  return asksPin ? { state: { at: "verifying-pin" }, commands: [{ do: "verify-pin" }] } : askChoice();
}

export function refuseCard(): Step {
  return refuse({ reason: "card-unusable" });
}

export function presentAgain({ tries }: StateOf<"identifying">, { code }: EventOf<"card-lost">): Step {
  return tries + 1 < TRIES_MAX ? awaitCard(tries + 1) : refuse({ reason: code });
}

export function refuseLost(_: unknown, { code }: EventOf<"card-lost">): Step {
  return refuse({ reason: code });
}

export function refusePin(_: unknown, { refusal }: EventOf<"pin-failed">): Step {
  return refuse(refusal);
}

export function askChoice(): Step {
  return { state: { at: "asking-choice" }, commands: [{ do: "ask-choice" }] };
}

export function intend(_: unknown, { choice }: EventOf<"choice-made">): Step {
  return { state: { at: "intending" }, commands: [{ do: "append-intent", choice }] };
}

export function refuseCancelled(): Step {
  return refuse({ reason: "cancelled" });
}

export function refuseUnanswered(): Step {
  return refuse({ reason: "no-answer" });
}

export function intended(_: unknown, { sale }: EventOf<"entry-durable">): Step {
  return count(sale);
}

/** Money that may have moved blocks everything; else the rest is taken until there is none. */
export function counted({ sale }: StateOf<"counting">, { tally }: EventOf<"tenders-counted">): Step {
  // Its card alone can say what became of it: the same tender is asked for again, which is never a second one.
  if (tally.open !== undefined) return takeTender(sale, tally.open);
  if (tally.undecided !== undefined) return end({ kind: "unknown", subject: sale.subject, reason: tally.undecided });
  assert(tally.paid <= sale.amount, "a tender takes at most the rest");
  if (tally.paid === sale.amount) return { state: { at: "noting-paid", sale }, commands: [{ do: "append-paid", sale }] };
  if (tally.next - sale.firstTender >= TENDERS_OF_SALE_MAX) return rest({ sale, tally }, "tender-failed");
  return { state: { at: "asking-tender", sale, tally }, commands: [{ do: "choose-tender", sale, tally }] };
}

function takeTender(sale: OfflineView, { number, chosen }: NonNullable<Tally["open"]>): Step {
  return { state: { at: "taking", sale }, commands: [{ do: "take", number, chosen }] };
}

function rest({ sale, tally }: { readonly sale: OfflineView; readonly tally: Tally }, reason: OfflineReason): Step {
  return end({ kind: "resting", subject: sale.subject, paid: tally.paid, rest: subtractFen(sale.amount, tally.paid), reason });
}

export function restUnanswered(state: StateOf<"asking-tender">): Step {
  return rest(state, "no-answer");
}

export function restUncounted({ sale }: StateOf<"counting">, { code }: EventOf<"journal-failed">): Step {
  return end({ kind: "unknown", subject: sale.subject, reason: code });
}

export function take({ sale, tally }: StateOf<"asking-tender">, { chosen }: EventOf<"tender-chosen">): Step {
  return takeTender(sale, { number: tally.next, chosen });
}

/** Counted anew whatever came of it: a tender that failed may have left a record or none, and numbers have no gap. */
export function took({ sale }: StateOf<"taking">): Step {
  return count(sale);
}

export function tookPerhaps({ sale }: StateOf<"taking">, { reason }: EventOf<"tender-undecided">): Step {
  return end({ kind: "unknown", subject: sale.subject, reason });
}

/** The counter gives the sale up: what was taken is due to the holder before anything else is said. */
export function giveUp({ sale, tally }: StateOf<"asking-tender">): Step {
  if (tally.paid === 0) return noteVoid(sale);
  return { state: { at: "noting-give-back", sale, tally }, commands: [{ do: "append-give-back", sale, due: tally.paid }] };
}

function noteVoid(sale: OfflineView): Step {
  return { state: { at: "noting-void", sale }, commands: [{ do: "append-void", sale }] };
}

export function restKept(state: StateOf<"noting-give-back">, { code }: EventOf<"journal-failed">): Step {
  return rest(state, code);
}

export function payBack(_: unknown, { sale }: EventOf<"entry-durable">): Step {
  return refund(sale);
}

export function paidBack({ sale }: StateOf<"refunding">): Step {
  return noteVoid(sale);
}

/** What could not be handed out is still due, and its record says so. */
export function stillDue({ sale }: StateOf<"refunding">): Step {
  return end({ kind: "cancelled", sale });
}

export function paidInFull(_: unknown, { sale }: EventOf<"entry-durable">): Step {
  return end({ kind: "paid", sale });
}

/** Paid, and not written: the next look finds the tenders and says it then. */
export function paidUnsaid({ sale }: StateOf<"noting-paid">, { code }: EventOf<"journal-failed">): Step {
  return end({ kind: "unknown", subject: sale.subject, reason: code });
}

export function cancelled(_: unknown, { sale }: EventOf<"entry-durable">): Step {
  return end({ kind: "cancelled", sale });
}

/** Nothing is held of this sale any more, but its record does not say so yet: asking again says it. */
export function cancelledUnsaid({ sale }: StateOf<"noting-void">, { code }: EventOf<"journal-failed">): Step {
  return end({ kind: "unknown", subject: sale.subject, reason: code });
}
