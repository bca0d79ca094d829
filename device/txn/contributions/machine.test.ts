/* Every state and every answer of the table, in words: where it leads, and what is done. */
import { describe, expect, it, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { CONFIRM_TRIES_MAX, CONTRIBUTION_RULES, decideContribution, FIRST_CONTRIBUTION_STEP, RETURN_TRIES_MAX } from "./machine.ts";
import type { BankProof, ContributionEvent, ContributionState, ContributionStep, Leg, NoteWish } from "./types.ts";

const PAYMENT: BankProof = { subject: "p", amount: fen(40_000), retrievalReference: "r", paidAtMs: 1 };
const OPEN = { kind: "open-case", subject: "s", reason: "x" } as const;
const DONE: ContributionStep = { state: { at: "ended", outcome: OPEN }, commands: [] };
const BILL = { billId: "B", insurance: "pension", period: "2026", amount: fen(40_000) };

const STATES: Readonly<Record<string, ContributionState>> = {
  "looking-up": { at: "looking-up" },
  "reading-card": { at: "reading-card" },
  "asking-bill": { at: "asking-bill" },
  intending: { at: "intending" },
  paying: { at: "paying", subject: "s" },
  confirming: { at: "confirming", subject: "s", payment: PAYMENT, tries: 1 },
  "confirming/last": { at: "confirming", subject: "s", payment: PAYMENT, tries: CONFIRM_TRIES_MAX },
  returning: { at: "returning", subject: "s", payment: PAYMENT, tries: 1, why: "bill-withdrawn" },
  "returning/2": { at: "returning", subject: "s", payment: PAYMENT, tries: 2, why: "bill-withdrawn" },
  "returning/last": { at: "returning", subject: "s", payment: PAYMENT, tries: RETURN_TRIES_MAX, why: "bill-withdrawn" },
  noting: { at: "noting", subject: "s", next: DONE },
  printing: { at: "printing", outcome: OPEN },
  ended: { at: "ended", outcome: OPEN },
};

const open = (at: Leg): ContributionEvent => ({ is: "looked-up", known: { kind: "open", subject: "s", at } });

const EVENTS: Readonly<Record<string, ContributionEvent>> = {
  new: { is: "looked-up", known: { kind: "new" } },
  told: { is: "looked-up", known: { kind: "told", outcome: OPEN } },
  "open payment": open({ leg: "payment" }),
  "open confirm": open({ leg: "confirm", payment: PAYMENT, tries: 2 }),
  "open return": open({ leg: "return", payment: PAYMENT, tries: 3, why: "w" }),
  "open parked": open({ leg: "parked", payment: PAYMENT, tries: 3, why: "w", reason: "y" }),
  "card known": { is: "card-answered", card: { kind: "known" } },
  "card refused": { is: "card-answered", card: { kind: "refused", reason: "expired" } },
  "card none": { is: "card-answered", card: { kind: "none", reason: "card-mute" } },
  "bill owed": { is: "bill-answered", bill: { kind: "owed", bill: BILL } },
  "bill refused": { is: "bill-answered", bill: { kind: "refused", reason: "bill-unknown", office: "agency" } },
  durable: { is: "entry-durable", subject: "s" },
  "bank paid": { is: "bank-answered", bank: { kind: "paid", payment: PAYMENT } },
  "bank short": { is: "bank-answered", bank: { kind: "short", payment: PAYMENT } },
  "bank refused": { is: "bank-answered", bank: { kind: "refused", reason: "declined" } },
  "bank no-card": { is: "bank-answered", bank: { kind: "no-card" } },
  "bank unknown": { is: "bank-answered", bank: { kind: "unknown", reason: "timeout" } },
  "bank never": { is: "bank-answered", bank: { kind: "never" } },
  "agency confirmed": { is: "agency-answered", agency: { kind: "confirmed", receiptNumber: "R1" } },
  "agency refused": { is: "agency-answered", agency: { kind: "refused", reason: "bill-withdrawn" } },
  "agency never": { is: "agency-answered", agency: { kind: "never", reason: "agency-unreachable" } },
  "agency unknown": { is: "agency-answered", agency: { kind: "unknown", reason: "timeout" } },
  returned: { is: "return-answered", answer: { kind: "returned" } },
  "return refused": { is: "return-answered", answer: { kind: "refused", reason: "declined" } },
  "return unknown": { is: "return-answered", answer: { kind: "unknown", reason: "timeout" } },
  "return never": { is: "return-answered", answer: { kind: "never" } },
  printed: { is: "printed" },
  "journal failed": { is: "journal-failed", code: "store-full" },
};

function wishWords(wish: NoteWish): string {
  switch (wish.kind) {
    case "leg":
      return `${wish.leg.leg}${"tries" in wish.leg ? wish.leg.tries : ""}`;
    case "unanswered":
      return `unanswered ${wish.leg.leg}`;
    case "not-paid":
      return `${wish.state} ${wish.reason}`;
    case "confirmed":
    case "returned":
      return wish.kind;
  }
}

function outcomeWords(outcome: Extract<ContributionState, { readonly at: "ended" }>["outcome"]): string {
  return "reason" in outcome ? `${outcome.kind} ${outcome.reason}` : outcome.kind;
}

function words({ state, commands }: ContributionStep): string {
  const [command] = commands;
  const does =
    command === undefined ? "" : command.do === "note" ? `note ${wishWords(command.wish)}` : "tries" in command ? `${command.do} ${command.tries}` : command.do;
  switch (state.at) {
    case "ended":
      return outcomeWords(state.outcome);
    case "printing":
      return `${does}: ${outcomeWords(state.outcome)}`;
    case "noting":
      return `${does} > ${words(state.next)}`;
    default:
      return `${state.at}: ${does}`;
  }
}

const CLOSED = Object.fromEntries(Object.keys(EVENTS).map((is) => [is, "open-case x"]));

const EXPECTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "looking-up": {
    new: "reading-card: read-card",
    told: "open-case x",
    "open payment": "paying: look-at-payment",
    "open confirm": "confirming: ask-outcome",
    "open return": "returning: look-at-return 3",
    "open parked": "open-case y",
    "journal failed": "refused store-full",
  },
  "reading-card": { "card known": "asking-bill: ask-bill", "card refused": "refused expired", "card none": "no-card card-mute" },
  "asking-bill": { "bill owed": "intending: append-intent", "bill refused": "refused bill-unknown", "journal failed": "refused store-full" },
  intending: { durable: "paying: pay", "journal failed": "refused store-full" },
  paying: {
    "bank paid": "note confirm1 > confirming: confirm",
    "bank short": "note return1 > returning: take-back 1",
    "bank refused": "note refused declined > refused declined",
    "bank no-card": "note void no-card > no-card",
    "bank unknown": "note unanswered payment > print: open-case timeout",
    "bank never": "note void not-begun > refused not-begun",
    "journal failed": "open-case store-full",
  },
  confirming: {
    "agency confirmed": "note confirmed > print: confirmed",
    "agency refused": "note return1 > returning: take-back 1",
    "agency never": "note confirm2 > confirming: confirm",
    "agency unknown": "note unanswered confirm > print: open-case timeout",
  },
  "confirming/last": {
    "agency confirmed": "note confirmed > print: confirmed",
    "agency refused": "note return1 > returning: take-back 1",
    "agency never": "note return1 > returning: take-back 1",
    "agency unknown": "note unanswered confirm > print: open-case timeout",
  },
  returning: {
    returned: "note returned > print: refunded bill-withdrawn",
    "return refused": "note return2 > returning: take-back 2",
    "return unknown": "note unanswered return > print: open-case timeout",
    "return never": "returning: take-back 1",
    "journal failed": "open-case store-full",
  },
  "returning/2": {
    returned: "note returned > print: refunded bill-withdrawn",
    "return refused": "note return3 > print: open-case declined",
    "return unknown": "note unanswered return > print: open-case timeout",
    "return never": "returning: take-back 2",
    "journal failed": "open-case store-full",
  },
  "returning/last": {
    returned: "note returned > print: refunded bill-withdrawn",
    "return refused": `note parked${RETURN_TRIES_MAX} > print: open-case declined`,
    "return unknown": "note unanswered return > print: open-case timeout",
    "return never": `returning: take-back ${RETURN_TRIES_MAX}`,
    "journal failed": "open-case store-full",
  },
  noting: { durable: "open-case x", "journal failed": "open-case store-full" },
  printing: { printed: "open-case x" },
  ended: CLOSED,
};

describe("every state and every event", () => {
  for (const [at, state] of Object.entries(STATES)) {
    for (const [is, event] of Object.entries(EVENTS)) {
      const expected = EXPECTED[at]?.[is];
      const decide = () => words(decideContribution(CONTRIBUTION_RULES, state, event));
      it(`${at}, ${is}: ${expected ?? "cannot happen"}`, () => {
        if (expected === undefined) expect(decide).toThrow("cannot happen while");
        else expect(decide()).toBe(expected);
      });
    }
  }
});

test("it begins by looking at what is known", () => {
  expect(words(FIRST_CONTRIBUTION_STEP)).toBe("looking-up: look-up");
});

test("whatever is refused before the intent moves nothing, and says where to go", () => {
  const bill = decideContribution(CONTRIBUTION_RULES, { at: "asking-bill" }, EVENTS["bill refused"] ?? { is: "printed" });
  expect(bill.state).toEqual({ at: "ended", outcome: { kind: "refused", reason: "bill-unknown", office: "agency" } });
});

test("what is told of money names its subject", () => {
  const paid = decideContribution(CONTRIBUTION_RULES, STATES["confirming"] ?? { at: "intending" }, EVENTS["agency confirmed"] ?? { is: "printed" });
  expect(paid.state).toMatchObject({ subject: "s", next: { state: { outcome: { kind: "confirmed", subject: "s", amount: 40_000, receiptNumber: "R1" } } } });
  const back = decideContribution(CONTRIBUTION_RULES, STATES["returning"] ?? { at: "intending" }, EVENTS["returned"] ?? { is: "printed" });
  expect(back.state).toMatchObject({ next: { state: { outcome: { kind: "refunded", subject: "s", amount: 40_000, reason: "bill-withdrawn" } } } });
});
