/*
 * What a tap has come to, by the outcome of its sale and what the card was seen to be. Pure. The gate opens for a sale that is paid and durable,
 * and for a paid one whose passage was not used; for one that may have happened never.
 */
import type { DelayedChargeOutcome } from "../delayed-charge/types.ts";
import type { QuickPaymentOutcome } from "../quick-payment/types.ts";
import type { GatePolicy } from "./lane.ts";
import type { Note, TapUse } from "./recent.ts";
import type { Verdict } from "./types.ts";

/** The card that the tariff was last asked about in this tap. */
export interface SeenCard {
  readonly card: string;
  readonly use: TapUse;
  /** What it did here a moment ago, before this tap. */
  readonly recent: Note | undefined;
}

export interface TapSeen {
  /** Of the sale. */
  readonly reference: string;
  readonly seen: SeenCard | undefined;
  /** Whether another purse of the card may still be asked. */
  readonly morePurses: boolean;
  /** Whether the sale was one that is taken up again. */
  readonly resumed: boolean;
  readonly policy: GatePolicy;
}

/** What a tap was sold with ends as a quick payment or as a ride to be charged later: "accepted" is as good as paid. */
export type TapOutcome = QuickPaymentOutcome | DelayedChargeOutcome;

/** The card has no such purse, or nothing in it that this lane could sell by: nothing was begun. */
const NOT_THIS_PURSE: ReadonlySet<string> = new Set(["no-purse", "industry-record-missing", "journey-not-offered", "purse-not-offered"]);

export function judgeTap(outcome: TapOutcome, tap: TapSeen): Verdict {
  switch (outcome.kind) {
    case "paid":
    case "accepted":
      return opening(outcome, tap);
    case "unverified":
      if (tap.policy.unverifiedSale === "open") return opening(outcome, tap);
      return { is: "keep-shut", tap: "unknown", reason: outcome.reason, alarm: false };
    case "unknown":
      // The other card lies there and is served as itself.
      return outcome.reason === "another-card" ? { is: "next-card" } : { is: "keep-shut", tap: "unknown", reason: outcome.reason, alarm: false };
    case "no-card":
      return { is: "nobody", crowd: outcome.reason === "more-than-one-card" };
    case "refused":
      return refusal(outcome, tap);
  }
}

function opening(outcome: Extract<TapOutcome, { readonly kind: "paid" | "accepted" | "unverified" }>, { seen, reference }: TapSeen): Verdict {
  const { subject, amount: fare } = outcome;
  const balance = outcome.kind === "paid" && outcome.balanceAfter !== undefined ? { balanceAfter: outcome.balanceAfter } : {};
  const sale = { subject, reference, fare, ...balance };
  const letIn = fare === 0 && seen?.use === "entry";
  return { is: "open", claim: { is: "sale", sale, card: seen?.card ?? "" }, tap: letIn ? "let-in" : "paid" };
}

function refusal({ reason }: Extract<TapOutcome, { readonly kind: "refused" }>, { seen, morePurses, resumed, policy }: TapSeen): Verdict {
  if (NOT_THIS_PURSE.has(reason) && morePurses) return { is: "next-purse" };
  // As where it comes back while its debit is undecided: it is served as itself.
  if (reason === "another-card") return { is: "next-card" };
  const recent = seen?.recent;
  if (reason === "paid-already" && seen !== undefined && recent !== undefined) {
    if (recent.is === "paid") return { is: "open", claim: { is: "again", sale: recent.sale, card: seen.card }, tap: "again" };
    // One time is enough: what is taken up again and still does not decide is left to people.
    if ((recent.is === "torn" || recent.is === "taking") && !resumed) return { is: "resume", resumed: { reference: recent.reference, purse: recent.purse } };
  }
  return { is: "keep-shut", tap: "refused", reason, alarm: reason === "pass-back" && policy.passBack === "refuse-and-alarm" };
}
