import { describe, expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { decide, FIRST_STEP, OFFLINE_RULES } from "./machine.ts";
import type { OfflineOutcome, OfflineStage, OfflineView } from "./ports.ts";
import { TENDERS_OF_SALE_MAX, TRIES_MAX } from "./rules.ts";
import type { Command, Event, State, Tally } from "./types.ts";

function sale(stage: OfflineStage, open = true): OfflineView {
  return {
    subject: "j-1",
    reference: "c.1.o1",
    order: "c.1",
    amount: fen(100),
    stage,
    choice: "settle-later",
    figures: { final: false, total: fen(100), fund: fen(40), account: fen(0), mutualAid: fen(0), cash: fen(60) },
    settlementReference: "c.1.s2",
    firstTender: 3,
    refundDue: fen(stage === "give-back-due" ? 60 : 0),
    refunded: fen(0),
    open,
  };
}

const SALE = sale("paying");
const tally = (paid: number, next: number): Tally => ({ paid: fen(paid), next });

const STATES: Readonly<Record<string, State>> = {
  "looking-up": { at: "looking-up" },
  "awaiting-card": { at: "awaiting-card", tries: 0 },
  identifying: { at: "identifying", tries: 0 },
  "identifying/last": { at: "identifying", tries: TRIES_MAX - 1 },
  "verifying-pin": { at: "verifying-pin" },
  "asking-choice": { at: "asking-choice" },
  intending: { at: "intending" },
  counting: { at: "counting", sale: SALE },
  "asking-tender": { at: "asking-tender", sale: SALE, tally: tally(0, 3) },
  "asking-tender/60": { at: "asking-tender", sale: SALE, tally: tally(60, 4) },
  taking: { at: "taking", sale: SALE },
  "noting-paid": { at: "noting-paid", sale: SALE },
  "noting-give-back": { at: "noting-give-back", sale: SALE, tally: tally(60, 4) },
  refunding: { at: "refunding", sale: sale("give-back-due") },
  "noting-void": { at: "noting-void", sale: SALE },
  ended: { at: "ended", outcome: { kind: "no-card" } },
};

const known = (stage: OfflineStage, open = true): Event => ({ is: "looked-up", known: { kind: "known", sale: sale(stage, open) } });

const EVENTS: Readonly<Record<string, Event>> = {
  "looked-up/new": { is: "looked-up", known: { kind: "new" } },
  "looked-up/refused": { is: "looked-up", known: { kind: "new", refusal: "offline-limit" } },
  "looked-up/conflict": { is: "looked-up", known: { kind: "conflict" } },
  "looked-up/paying": known("paying"),
  "looked-up/settlement-due": known("settlement-due"),
  "looked-up/refund-due": known("refund-due"),
  "looked-up/give-back-due": known("give-back-due"),
  "looked-up/ended": known("ended", false),
  "looked-up/void": known("void", false),
  "looked-up/void-unsaid": known("void"),
  "lane-busy": { is: "lane-busy" },
  "card-present": { is: "card-present" },
  "time-over": { is: "time-over" },
  "card-identified": { is: "card-identified", earlierOpen: false, asksPin: true },
  "card-identified/no-pin": { is: "card-identified", earlierOpen: false, asksPin: false },
  "card-identified/open": { is: "card-identified", earlierOpen: true, asksPin: true },
  "card-unusable": { is: "card-unusable" },
  "card-lost": { is: "card-lost", code: "card-removed" },
  "pin-verified": { is: "pin-verified" },
  "pin-failed": { is: "pin-failed", refusal: { reason: "pin-wrong", triesLeft: 2 } },
  "choice-made": { is: "choice-made", choice: "settle-later" },
  "counter-cancelled": { is: "counter-cancelled" },
  "no-answer": { is: "no-answer" },
  "tenders-counted/0": { is: "tenders-counted", tally: tally(0, 3) },
  "tenders-counted/60": { is: "tenders-counted", tally: tally(60, 4) },
  "tenders-counted/100": { is: "tenders-counted", tally: tally(100, 5) },
  "tenders-counted/many": { is: "tenders-counted", tally: tally(99, 3 + TENDERS_OF_SALE_MAX) },
  "tenders-counted/unknown": { is: "tenders-counted", tally: { ...tally(60, 5), undecided: "restart" } },
  "tenders-counted/open": {
    is: "tenders-counted",
    tally: { ...tally(60, 5), undecided: "restart", open: { number: 4, chosen: { tender: "e-purse", amount: fen(40) } } },
  },
  "tender-chosen": { is: "tender-chosen", chosen: { tender: "cash", amount: fen(40) } },
  "tender-paid": { is: "tender-paid" },
  "tender-failed": { is: "tender-failed" },
  "tender-undecided": { is: "tender-undecided", reason: "timeout" },
  refunded: { is: "refunded" },
  "entry-durable": { is: "entry-durable", sale: SALE },
  "journal-failed": { is: "journal-failed", code: "store-broken" },
};

function outcomeText(outcome: OfflineOutcome): string {
  switch (outcome.kind) {
    case "no-card":
      return "no-card";
    case "paid":
    case "cancelled":
      return `${outcome.kind}(${outcome.sale.stage})`;
    case "resting":
      return `resting(${outcome.reason},${outcome.paid}+${outcome.rest})`;
    default:
      return `${outcome.kind}(${outcome.reason})`;
  }
}

function commandText(command: Command): string {
  switch (command.do) {
    case "append-intent":
      return `intent:${command.choice}`;
    case "choose-tender":
      return `choose:${command.tally.paid}#${command.tally.next}`;
    case "take":
      return `take#${command.number}:${command.chosen.amount}`;
    case "append-give-back":
      return `give-back:${command.due}`;
    default:
      return command.do;
  }
}

function cell(state: State, event: Event): string {
  const rule = OFFLINE_RULES[state.at][event.is];
  if (rule === "impossible") return "X";
  if (rule === "ignore") return ".";
  const { state: next, commands } = decide(OFFLINE_RULES, state, event);
  return [next.at === "ended" ? outcomeText(next.outcome) : next.at, ...commands.map(commandText)].join(" +");
}

function table(): string {
  const lines: string[] = [];
  let impossible = 0;
  for (const [stateName, state] of Object.entries(STATES)) {
    for (const [eventName, event] of Object.entries(EVENTS)) {
      const text = cell(state, event);
      if (text === "X") impossible += 1;
      else if (state.at !== "ended") lines.push(`${stateName.padEnd(17)}| ${eventName.padEnd(25)}| ${text}`);
    }
  }
  return `${lines.join("\n")}\nimpossible: ${impossible}`;
}

describe("a sale without the insurer", () => {
  test("the table of every state and event", () => {
    expect(`\n${table()}\n`).toBe(TABLE);
  });

  test("the examples cover every state and every event", () => {
    expect(new Set(Object.values(STATES).map(({ at }) => at))).toEqual(new Set(Object.keys(OFFLINE_RULES)));
    expect(new Set(Object.values(EVENTS).map(({ is }) => is))).toEqual(new Set(Object.keys(OFFLINE_RULES.ended)));
  });

  test("what has ended stays ended, and an impossible event is our own mistake", () => {
    for (const event of Object.values(EVENTS)) expect(decide(OFFLINE_RULES, { at: "ended", outcome: { kind: "no-card" } }, event).commands).toEqual([]);
    expect(() => decide(OFFLINE_RULES, { at: "intending" }, { is: "card-present" })).toThrow("card-present cannot happen while intending");
    expect(FIRST_STEP).toEqual({ state: { at: "looking-up" }, commands: [{ do: "look-up" }] });
  });

  test("more than the amount is never taken", () => {
    const counting: State = { at: "counting", sale: SALE };
    expect(() => decide(OFFLINE_RULES, counting, { is: "tenders-counted", tally: tally(101, 5) })).toThrow("a tender takes at most the rest");
  });

  test("what the states carry goes on with them", () => {
    const present: State = { at: "identifying", tries: 1 };
    expect(decide(OFFLINE_RULES, present, { is: "card-lost", code: "card-mute" }).state).toEqual({ at: "awaiting-card", tries: 2 });
    expect(decide(OFFLINE_RULES, { at: "awaiting-card", tries: 2 }, { is: "card-present" }).state).toEqual({ at: "identifying", tries: 2 });
    expect(decide(OFFLINE_RULES, { at: "verifying-pin" }, { is: "pin-failed", refusal: { reason: "pin-wrong", triesLeft: 2 } }).state).toEqual({
      at: "ended",
      outcome: { kind: "refused", reason: "pin-wrong", triesLeft: 2 },
    });
  });
});

const TABLE = `
looking-up       | looked-up/new            | awaiting-card +await-card
looking-up       | looked-up/refused        | refused(offline-limit)
looking-up       | looked-up/conflict       | refused(reference-conflict)
looking-up       | looked-up/paying         | counting +count-tenders
looking-up       | looked-up/settlement-due | paid(settlement-due)
looking-up       | looked-up/refund-due     | paid(refund-due)
looking-up       | looked-up/give-back-due  | refunding +refund
looking-up       | looked-up/ended          | paid(ended)
looking-up       | looked-up/void           | cancelled(void)
looking-up       | looked-up/void-unsaid    | noting-void +append-void
looking-up       | journal-failed           | refused(store-broken)
awaiting-card    | lane-busy                | refused(lane-busy)
awaiting-card    | card-present             | identifying +identify
awaiting-card    | time-over                | no-card
identifying      | card-identified          | verifying-pin +verify-pin
identifying      | card-identified/no-pin   | asking-choice +ask-choice
identifying      | card-identified/open     | refused(earlier-sale-open)
identifying      | card-unusable            | refused(card-unusable)
identifying      | card-lost                | awaiting-card +await-card
identifying      | journal-failed           | refused(store-broken)
identifying/last | card-identified          | verifying-pin +verify-pin
identifying/last | card-identified/no-pin   | asking-choice +ask-choice
identifying/last | card-identified/open     | refused(earlier-sale-open)
identifying/last | card-unusable            | refused(card-unusable)
identifying/last | card-lost                | refused(card-removed)
identifying/last | journal-failed           | refused(store-broken)
verifying-pin    | card-lost                | refused(card-removed)
verifying-pin    | pin-verified             | asking-choice +ask-choice
verifying-pin    | pin-failed               | refused(pin-wrong)
asking-choice    | choice-made              | intending +intent:settle-later
asking-choice    | counter-cancelled        | refused(cancelled)
asking-choice    | no-answer                | refused(no-answer)
intending        | entry-durable            | counting +count-tenders
intending        | journal-failed           | refused(store-broken)
counting         | tenders-counted/0        | asking-tender +choose:0#3
counting         | tenders-counted/60       | asking-tender +choose:60#4
counting         | tenders-counted/100      | noting-paid +append-paid
counting         | tenders-counted/many     | resting(tender-failed,99+1)
counting         | tenders-counted/unknown  | unknown(restart)
counting         | tenders-counted/open     | taking +take#4:40
counting         | journal-failed           | unknown(store-broken)
asking-tender    | counter-cancelled        | noting-void +append-void
asking-tender    | no-answer                | resting(no-answer,0+100)
asking-tender    | tender-chosen            | taking +take#3:40
asking-tender/60 | counter-cancelled        | noting-give-back +give-back:60
asking-tender/60 | no-answer                | resting(no-answer,60+40)
asking-tender/60 | tender-chosen            | taking +take#4:40
taking           | tender-paid              | counting +count-tenders
taking           | tender-failed            | counting +count-tenders
taking           | tender-undecided         | unknown(timeout)
noting-paid      | entry-durable            | paid(paying)
noting-paid      | journal-failed           | unknown(store-broken)
noting-give-back | entry-durable            | refunding +refund
noting-give-back | journal-failed           | resting(store-broken,60+40)
refunding        | refunded                 | noting-void +append-void
refunding        | journal-failed           | cancelled(give-back-due)
noting-void      | entry-durable            | cancelled(paying)
noting-void      | journal-failed           | unknown(store-broken)
impossible: 482
`;
