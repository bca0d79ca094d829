/*
 * Goal: the money that the bank has paid is a bill that the agency has confirmed, or it goes back, or people see that neither is sure.
 * Method: a total table of every state and every event; run.ts acts. Whatever is irreversible is durable before it begins, so that the same table
 * takes up after a power cut what its record names. Spec: agency/v1, contribution-confirm.
 */
import { assert } from "../../base/assert.ts";
import type { ContributionOutcome } from "./acts.ts";
import type {
  BankProof,
  ContributionCommand,
  ContributionEvent,
  ContributionRules,
  ContributionState,
  ContributionStep,
  EventOf,
  Leg,
  NoteWish,
  StateOf,
} from "./types.ts";

/** How often the agency is told, each time under a new id, when it has certainly not heard of the one before. */
export const CONFIRM_TRIES_MAX = 3;
/** How often the bank is asked to give the money back: first as a void, then as refunds, one in each round. */
export const RETURN_TRIES_MAX = 12;

export const FIRST_CONTRIBUTION_STEP: ContributionStep = { state: { at: "looking-up" }, commands: [{ do: "look-up" }] };

function step(state: ContributionState, ...commands: readonly ContributionCommand[]): ContributionStep {
  return { state, commands };
}

function end(outcome: ContributionOutcome): ContributionStep {
  return step({ at: "ended", outcome });
}

function note(subject: string, wish: NoteWish, next: ContributionStep): ContributionStep {
  return step({ at: "noting", subject, next }, { do: "note", wish });
}

/** Told on paper first: somebody stands there and has to know what became of the money. */
function tell(outcome: ContributionOutcome): ContributionStep {
  return step({ at: "printing", outcome }, { do: "print", outcome });
}

/** What an open contribution goes on with, by its record alone. */
function takeUp(subject: string, at: Leg): ContributionStep {
  switch (at.leg) {
    case "payment":
      return step({ at: "paying", subject }, { do: "look-at-payment" });
    case "confirm":
      return step({ at: "confirming", subject, payment: at.payment, tries: at.tries }, { do: "ask-outcome" });
    case "return":
      return step({ at: "returning", subject, payment: at.payment, tries: at.tries, why: at.why }, { do: "look-at-return", tries: at.tries });
    case "parked":
      return end({ kind: "open-case", subject, reason: at.reason });
  }
}

function lookedUp(_: unknown, { known }: EventOf<"looked-up">): ContributionStep {
  switch (known.kind) {
    case "new":
      return step({ at: "reading-card" }, { do: "read-card" });
    case "told":
      return end(known.outcome);
    case "open":
      return takeUp(known.subject, known.at);
  }
}

function cardRead(_: unknown, { card }: EventOf<"card-answered">): ContributionStep {
  switch (card.kind) {
    case "known":
      return step({ at: "asking-bill" }, { do: "ask-bill" });
    case "refused":
      return end({ kind: "refused", reason: card.reason });
    case "none":
      return end({ kind: "no-card", ...(card.reason === undefined ? {} : { reason: card.reason }) });
  }
}

function billTold(_: unknown, { bill: answer }: EventOf<"bill-answered">): ContributionStep {
  if (answer.kind === "owed") return step({ at: "intending" }, { do: "append-intent", bill: answer.bill });
  const { reason, office } = answer;
  return end({ kind: "refused", reason, ...(office === undefined ? {} : { office }) });
}

function pay(_: unknown, { subject }: EventOf<"entry-durable">): ContributionStep {
  return step({ at: "paying", subject }, { do: "pay" });
}

/** Nothing was begun. */
function refuseForJournal(_: unknown, { code }: EventOf<"journal-failed">): ContributionStep {
  return end({ kind: "refused", reason: code });
}

/** What is so cannot be written, so that nothing is said of it: the record is taken up from where it stands. */
function leaveOpen({ subject }: { readonly subject: string }, { code }: EventOf<"journal-failed">): ContributionStep {
  return end({ kind: "open-case", subject, reason: code });
}

function confirm(subject: string, payment: BankProof, tries: number): ContributionStep {
  return note(subject, { kind: "leg", leg: { leg: "confirm", payment, tries } }, step({ at: "confirming", subject, payment, tries }, { do: "confirm" }));
}

function giveBack(subject: string, payment: BankProof, why: string): ContributionStep {
  const state = { at: "returning", subject, payment, tries: 1, why } as const;
  return note(subject, { kind: "leg", leg: { leg: "return", payment, tries: 1, why } }, step(state, { do: "take-back", tries: 1 }));
}

function unanswered(subject: string, leg: Leg, reason: string): ContributionStep {
  return note(subject, { kind: "unanswered", leg, reason }, tell({ kind: "open-case", subject, reason }));
}

function notPaid(subject: string, state: "refused" | "void", told: Extract<ContributionOutcome, { readonly kind: "refused" | "no-card" }>): ContributionStep {
  const reason = told.kind === "refused" ? told.reason : "no-card";
  return note(subject, { kind: "not-paid", state, reason }, end(told));
}

function bankAnswered({ subject }: StateOf<"paying">, { bank }: EventOf<"bank-answered">): ContributionStep {
  switch (bank.kind) {
    case "paid":
      return confirm(subject, bank.payment, 1);
    case "short":
      return giveBack(subject, bank.payment, "partial-approval");
    case "refused":
      return notPaid(subject, "refused", { kind: "refused", reason: bank.reason, subject });
    case "no-card":
      return notPaid(subject, "void", { kind: "no-card", ...(bank.reason === undefined ? {} : { reason: bank.reason }) });
    case "unknown":
      return unanswered(subject, { leg: "payment" }, bank.reason);
    case "never":
      return notPaid(subject, "void", { kind: "refused", reason: "not-begun", subject });
  }
}

/** The agency's "no" is final for this money; a word that never reached it may be said again, a few times. */
function agencyAnswered({ subject, payment, tries }: StateOf<"confirming">, { agency }: EventOf<"agency-answered">): ContributionStep {
  switch (agency.kind) {
    case "confirmed": {
      const { receiptNumber } = agency;
      const outcome = { kind: "confirmed", subject, amount: payment.amount, receiptNumber } as const;
      return note(subject, { kind: "confirmed", payment, receiptNumber }, tell(outcome));
    }
    case "refused":
      return giveBack(subject, payment, agency.reason);
    case "never":
      return tries < CONFIRM_TRIES_MAX ? confirm(subject, payment, tries + 1) : giveBack(subject, payment, agency.reason);
    case "unknown":
      return unanswered(subject, { leg: "confirm", payment, tries }, agency.reason);
  }
}

function returnAnswered({ subject, payment, tries, why }: StateOf<"returning">, { answer }: EventOf<"return-answered">): ContributionStep {
  switch (answer.kind) {
    case "returned": {
      const outcome = { kind: "refunded", subject, amount: payment.amount, reason: why } as const;
      return note(subject, { kind: "returned", payment, reason: why }, tell(outcome));
    }
    case "refused":
      return returnRefused({ subject, payment, tries, why }, answer.reason);
    case "unknown":
      return unanswered(subject, { leg: "return", payment, tries, why }, answer.reason);
    case "never":
      return step({ at: "returning", subject, payment, tries, why }, { do: "take-back", tries });
  }
}

/** A void may be refused because its batch is over: the refund follows at once. Further refunds wait for the next round. */
function returnRefused({ subject, payment, tries, why }: Omit<StateOf<"returning">, "at">, reason: string): ContributionStep {
  if (tries >= RETURN_TRIES_MAX)
    return note(subject, { kind: "leg", leg: { leg: "parked", payment, tries, why, reason } }, tell({ kind: "open-case", subject, reason }));
  const leg = { leg: "return", payment, tries: tries + 1, why } as const;
  const again = step({ at: "returning", subject, payment, tries: tries + 1, why }, { do: "take-back", tries: tries + 1 });
  return note(subject, { kind: "leg", leg }, tries === 1 ? again : tell({ kind: "open-case", subject, reason }));
}

export const CONTRIBUTION_RULES: ContributionRules = {
  "looking-up": {
    "looked-up": lookedUp,
    "card-answered": "impossible",
    "bill-answered": "impossible",
    "entry-durable": "impossible",
    "bank-answered": "impossible",
    "agency-answered": "impossible",
    "return-answered": "impossible",
    printed: "impossible",
    "journal-failed": refuseForJournal,
  },
  "reading-card": {
    "looked-up": "impossible",
    "card-answered": cardRead,
    "bill-answered": "impossible",
    "entry-durable": "impossible",
    "bank-answered": "impossible",
    "agency-answered": "impossible",
    "return-answered": "impossible",
    printed: "impossible",
    "journal-failed": "impossible",
  },
  "asking-bill": {
    "looked-up": "impossible",
    "card-answered": "impossible",
    "bill-answered": billTold,
    "entry-durable": "impossible",
    "bank-answered": "impossible",
    "agency-answered": "impossible",
    "return-answered": "impossible",
    printed: "impossible",
    "journal-failed": refuseForJournal,
  },
  intending: {
    "looked-up": "impossible",
    "card-answered": "impossible",
    "bill-answered": "impossible",
    "entry-durable": pay,
    "bank-answered": "impossible",
    "agency-answered": "impossible",
    "return-answered": "impossible",
    printed: "impossible",
    "journal-failed": refuseForJournal,
  },
  paying: {
    "looked-up": "impossible",
    "card-answered": "impossible",
    "bill-answered": "impossible",
    "entry-durable": "impossible",
    "bank-answered": bankAnswered,
    "agency-answered": "impossible",
    "return-answered": "impossible",
    printed: "impossible",
    "journal-failed": leaveOpen,
  },
  confirming: {
    "looked-up": "impossible",
    "card-answered": "impossible",
    "bill-answered": "impossible",
    "entry-durable": "impossible",
    "bank-answered": "impossible",
    "agency-answered": agencyAnswered,
    "return-answered": "impossible",
    printed: "impossible",
    "journal-failed": "impossible",
  },
  returning: {
    "looked-up": "impossible",
    "card-answered": "impossible",
    "bill-answered": "impossible",
    "entry-durable": "impossible",
    "bank-answered": "impossible",
    "agency-answered": "impossible",
    "return-answered": returnAnswered,
    printed: "impossible",
    "journal-failed": leaveOpen,
  },
  noting: {
    "looked-up": "impossible",
    "card-answered": "impossible",
    "bill-answered": "impossible",
    "entry-durable": ({ next }) => next,
    "bank-answered": "impossible",
    "agency-answered": "impossible",
    "return-answered": "impossible",
    printed: "impossible",
    "journal-failed": leaveOpen,
  },
  printing: {
    "looked-up": "impossible",
    "card-answered": "impossible",
    "bill-answered": "impossible",
    "entry-durable": "impossible",
    "bank-answered": "impossible",
    "agency-answered": "impossible",
    "return-answered": "impossible",
    printed: ({ outcome }) => end(outcome),
    "journal-failed": "impossible",
  },
  ended: {
    "looked-up": "ignore",
    "card-answered": "ignore",
    "bill-answered": "ignore",
    "entry-durable": "ignore",
    "bank-answered": "ignore",
    "agency-answered": "ignore",
    "return-answered": "ignore",
    printed: "ignore",
    "journal-failed": "ignore",
  },
};

type AnyRule = "ignore" | "impossible" | ((state: ContributionState, event: ContributionEvent) => ContributionStep);

/** What follows from `event` while the contribution is in `state`. Pure and total. */
export function decideContribution(rules: ContributionRules, state: ContributionState, event: ContributionEvent): ContributionStep {
  // The table's type has paired each rule with its own state and event; the compiler cannot follow two indexes at once.
  const rule = rules[state.at][event.is] as AnyRule;
  if (rule === "ignore") return { state, commands: [] };
  assert(rule !== "impossible", `${event.is} cannot happen while ${state.at}`);
  return rule(state, event);
}
