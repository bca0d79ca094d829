import { describe, expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { decide, FIRST_STEP, QUICK_PAYMENT_RULES } from "./machine.ts";
import { ATTEMPTS_MAX, TRIES_MAX } from "./rules.ts";
import type { Command, Event, OpenSale, QuickPaymentOutcome, Sale, State, Step } from "./types.ts";

const SALE: Sale = { amount: fen(500), unverifiedLimit: fen(1000), confirmation: "psam" };
const STRICT: Sale = { ...SALE, unverifiedLimit: fen(499) };
const INTENT = { subject: "j-1", seq: 1 };
const CARD = { name: "a" };
const OPEN: OpenSale = { entry: { subject: "j-1", seq: 2 }, cardName: "a", attempt: 1, reason: "timeout", moduleMayCheck: true, tries: 0 };
const IN_SALE = { card: CARD, attempt: 1, intent: INTENT };

/** One or more examples of every state. */
const STATES: Readonly<Record<string, State>> = {
  "looking-up": { at: "looking-up" },
  "awaiting-card": { at: "awaiting-card", attempt: 1, tries: 0 },
  identifying: { at: "identifying", attempt: 1, tries: 0 },
  "identifying/last": { at: "identifying", attempt: 1, tries: TRIES_MAX - 1 },
  "settling-earlier": { at: "settling-earlier", card: CARD, attempt: 1 },
  "settling-earlier/last": { at: "settling-earlier", card: CARD, attempt: ATTEMPTS_MAX },
  preparing: { at: "preparing", card: CARD, attempt: 1 },
  "preparing/intent": { at: "preparing", card: CARD, attempt: 1, intent: INTENT },
  "preparing/opened": { at: "preparing", card: CARD, attempt: 1, opened: { asReserved: true } },
  "preparing/other-sequence": { at: "preparing", card: CARD, attempt: 1, opened: { asReserved: false } },
  "preparing/failed": { at: "preparing", card: CARD, attempt: 1, failure: { state: "void", reason: "card-removed", again: true } },
  "preparing/failed-last": { at: "preparing", card: CARD, attempt: ATTEMPTS_MAX, failure: { state: "void", reason: "card-removed", again: true } },
  "preparing/due": { at: "preparing", card: CARD, attempt: 1, correction: "due" },
  "preparing/due-failed": { at: "preparing", card: CARD, attempt: 1, correction: "due", failure: { state: "void", reason: "card-removed", again: true } },
  "preparing/acting": { at: "preparing", ...IN_SALE, correction: "under-way" },
  "preparing/acting-opened": { at: "preparing", ...IN_SALE, correction: "under-way", opened: { asReserved: true } },
  "preparing/acting-other": { at: "preparing", ...IN_SALE, correction: "under-way", opened: { asReserved: false } },
  "preparing/acting-failed": { at: "preparing", ...IN_SALE, correction: "under-way", failure: { state: "refused", reason: "card-refused", again: false } },
  correcting: { at: "correcting", ...IN_SALE },
  debiting: { at: "debiting", ...IN_SALE },
  checking: { at: "checking", ...IN_SALE },
  "noting-unknown": { at: "noting-unknown", open: OPEN },
  "awaiting-return": { at: "awaiting-return", open: OPEN },
  "identifying-return": { at: "identifying-return", open: OPEN },
  "identifying-return/last": { at: "identifying-return", open: { ...OPEN, tries: TRIES_MAX - 1 } },
  proving: { at: "proving", open: OPEN },
  "proving/asked": { at: "proving", open: { ...OPEN, moduleMayCheck: false } },
  "proving/last": { at: "proving", open: { ...OPEN, attempt: ATTEMPTS_MAX, tries: TRIES_MAX - 1 } },
  "proving/forged": { at: "proving", open: { ...OPEN, reason: "mac2-refused", moduleMayCheck: false } },
  "checking-proof": { at: "checking-proof", open: { ...OPEN, moduleMayCheck: false } },
  "closing/end": { at: "closing", subject: "j-1", next: { kind: "end", outcome: { kind: "refused", reason: "card-refused", subject: "j-1" } } },
  "closing/again": { at: "closing", subject: "j-1", next: { kind: "again", card: undefined, attempt: 2 } },
  "closing/again-card": { at: "closing", subject: "j-1", next: { kind: "again", card: CARD, attempt: 2 } },
  ended: { at: "ended", outcome: { kind: "no-card" } },
};

/** One or more examples of every event. */
const EVENTS: Readonly<Record<string, Event>> = {
  "looked-up/new": { is: "looked-up", known: { kind: "new" } },
  "looked-up/in-progress": { is: "looked-up", known: { kind: "in-progress" } },
  "looked-up/conflict": { is: "looked-up", known: { kind: "conflict" } },
  "looked-up/paid": { is: "looked-up", known: { kind: "paid", subject: "j-1", proof: "psam", refused: false } },
  "looked-up/paid-log": { is: "looked-up", known: { kind: "paid", subject: "j-1", proof: "log", refused: false } },
  "looked-up/paid-forged": { is: "looked-up", known: { kind: "paid", subject: "j-1", proof: "log", refused: true } },
  "looked-up/open": { is: "looked-up", known: { kind: "open", open: OPEN } },
  "card-present": { is: "card-present" },
  "time-over": { is: "time-over" },
  "card-identified/a": { is: "card-identified", card: CARD },
  "card-identified/b": { is: "card-identified", card: { name: "b" } },
  "card-unusable": { is: "card-unusable", reason: "no-purse" },
  "earlier-settled": { is: "earlier-settled" },
  "earlier-unsettled": { is: "earlier-unsettled" },
  "limit-reached": { is: "limit-reached", limit: "amount-limit" },
  "entry-durable": { is: "entry-durable", entry: { subject: "j-1", seq: 9 } },
  "journal-failed": { is: "journal-failed", code: "store-broken", effectUnknown: true },
  "card-decided": { is: "card-decided" },
  "card-initialized": { is: "card-initialized" },
  "card-refused/9401": { is: "card-refused", statusWord: 0x9401 },
  "card-refused/6581": { is: "card-refused", statusWord: 0x6581 },
  "card-declined": { is: "card-declined", reason: "online-required" },
  "module-opened/same": { is: "module-opened", asReserved: true },
  "module-opened/other": { is: "module-opened", asReserved: false },
  "module-failed": { is: "module-failed", code: "timeout" },
  debited: { is: "debited" },
  "card-lost/sent": { is: "card-lost", code: "card-removed", effectUnknown: true },
  "card-lost/not-sent": { is: "card-lost", code: "card-removed", effectUnknown: false },
  "confirmed/accepted": { is: "confirmed", answer: "accepted" },
  "confirmed/refused": { is: "confirmed", answer: "refused" },
  "confirmed/no-session": { is: "confirmed", answer: "no-session" },
  "evidence-read/debited": { is: "evidence-read", evidence: { kind: "debited", proof: "log" } },
  "evidence-read/log-only": { is: "evidence-read", evidence: { kind: "debited", proof: "log-only" } },
  "evidence-read/signature": { is: "evidence-read", evidence: { kind: "debited", proof: "signature" } },
  "evidence-read/forged": { is: "evidence-read", evidence: { kind: "debited", proof: "log", refused: true } },
  "evidence-read/not-debited": { is: "evidence-read", evidence: { kind: "not-debited" } },
  "evidence-read/overrun": { is: "evidence-read", evidence: { kind: "undecidable", why: "log-overrun" } },
  "evidence-read/closed-done": { is: "evidence-read", evidence: { kind: "closed-as", state: "done", proof: "log" } },
  "evidence-read/closed-void": { is: "evidence-read", evidence: { kind: "closed-as", state: "void", proof: "log-only" } },
};

function outcomeText(outcome: QuickPaymentOutcome): string {
  switch (outcome.kind) {
    case "paid":
      return `paid(${outcome.proof}${outcome.verified ? "" : ",unverified"})`;
    case "no-card":
      return "no-card";
    default:
      return `${outcome.kind}(${outcome.reason})`;
  }
}

function stateText(state: State): string {
  switch (state.at) {
    case "ended":
      return outcomeText(state.outcome);
    case "preparing":
      return `preparing${state.intent === undefined ? "" : "/intent"}${state.opened === undefined ? "" : "/opened"}${state.failure === undefined ? "" : `/${state.failure.state}`}${state.correction === undefined ? "" : `/${state.correction}`}`;
    case "closing":
      return `closing:${state.next.kind === "end" ? outcomeText(state.next.outcome) : `again#${state.next.attempt}`}`;
    case "awaiting-card":
    case "settling-earlier":
      return `${state.at}#${state.attempt}`;
    case "noting-unknown":
      return `noting-unknown(${state.open.reason}${state.open.moduleMayCheck ? ",module" : ""})`;
    default:
      return state.at;
  }
}

function commandText(command: Command): string {
  if (command.do !== "append") return command.do;
  const { state, proof, unverified, resolution } = command.entry;
  return `${state}${proof === undefined ? "" : `:${proof}`}${unverified === true ? ":unverified" : ""}${resolution === true ? "*" : ""}`;
}

function stepText({ state, commands }: Step): string {
  return [stateText(state), ...commands.map(commandText)].join(" +");
}

function cell(state: State, event: Event, sale: Sale = SALE): string {
  const rule = QUICK_PAYMENT_RULES[state.at][event.is];
  if (rule === "impossible") return "X";
  return rule === "ignore" ? "." : stepText(decide(QUICK_PAYMENT_RULES, sale, state, event));
}

/** The whole table; cells that cannot be reached are left out of the picture, counted below it. */
function table(): string {
  const lines: string[] = [];
  let impossible = 0;
  for (const [stateName, state] of Object.entries(STATES)) {
    for (const [eventName, event] of Object.entries(EVENTS)) {
      const text = cell(state, event);
      if (text === "X") impossible += 1;
      else if (state.at !== "ended") lines.push(`${stateName.padEnd(25)}| ${eventName.padEnd(25)}| ${text}`);
    }
  }
  return `${lines.join("\n")}\nimpossible: ${impossible}`;
}

test("the table of every state and event", () => {
  expect(`\n${table()}\n`).toBe(TABLE);
});

test("the examples cover every state and every event", () => {
  expect(new Set(Object.values(STATES).map(({ at }) => at))).toEqual(new Set(Object.keys(QUICK_PAYMENT_RULES)));
  expect(new Set(Object.values(EVENTS).map(({ is }) => is))).toEqual(new Set(Object.keys(QUICK_PAYMENT_RULES.ended)));
});

test("what has ended stays ended", () => {
  for (const event of Object.values(EVENTS))
    expect(decide(QUICK_PAYMENT_RULES, SALE, { at: "ended", outcome: { kind: "no-card" } }, event)).toEqual({
      state: { at: "ended", outcome: { kind: "no-card" } },
      commands: [],
    });
});

test("an impossible event is our own mistake", () => {
  expect(() => decide(QUICK_PAYMENT_RULES, SALE, { at: "awaiting-card", attempt: 1, tries: 0 }, { is: "debited" })).toThrow(
    "debited cannot happen while awaiting-card",
  );
});

test("a sale begins with the question whether it was seen before", () => {
  expect(stepText(FIRST_STEP)).toBe("looking-up +look-up");
});

describe("above the limit for unverified debits nothing is paid by the card's word alone", () => {
  const get = (name: string): State => STATES[name] ?? { at: "looking-up" };
  const event = (name: string): Event => EVENTS[name] ?? { is: "time-over" };
  test.each([
    ["looking-up", "looked-up/paid-log", "unverified(module-session-lost) +release-module"],
    ["looking-up", "looked-up/paid", "paid(psam) +release-module"],
    ["proving/asked", "evidence-read/debited", "closing:unverified(module-session-lost) +done:log:unverified*"],
    ["proving", "evidence-read/log-only", "closing:unverified(module-session-lost) +done:log-only:unverified*"],
    ["checking-proof", "confirmed/accepted", "closing:paid(psam) +done:psam*"],
    ["checking-proof", "confirmed/no-session", "closing:unverified(module-session-lost) +done:log:unverified*"],
    ["checking-proof", "module-failed", "closing:unverified(module-session-lost) +done:log:unverified*"],
  ])("%s, %s: %s", (state, name, expected) => expect(cell(get(state), event(name), STRICT)).toBe(expected));
});

describe("where the card's signature confirms a debit", () => {
  const SIGNED: Sale = { ...SALE, confirmation: "signature" };
  const get = (name: string): State => STATES[name] ?? { at: "looking-up" };
  const event = (name: string): Event => EVENTS[name] ?? { is: "time-over" };
  const SIGNED_PAID: Event = { is: "looked-up", known: { kind: "paid", subject: "j-1", proof: "signature", refused: false } };
  test.each([
    ["checking", event("confirmed/accepted"), "closing:paid(signature) +done:signature"],
    ["checking", event("confirmed/refused"), "noting-unknown(signature-refused) +unknown"],
    ["proving", event("evidence-read/signature"), "closing:paid(signature) +done:signature*"],
    ["proving/asked", event("evidence-read/signature"), "closing:paid(signature) +done:signature*"],
    ["proving", event("evidence-read/forged"), "closing:unverified(signature-refused) +done:log:unverified*"],
    ["proving", event("evidence-read/debited"), "checking-proof +confirm"],
    ["checking-proof", event("confirmed/refused"), "closing:unverified(signature-refused) +done:log:unverified*"],
    ["looking-up", SIGNED_PAID, "paid(signature) +release-module"],
    ["looking-up", event("looked-up/paid-forged"), "unverified(signature-refused) +release-module"],
  ])("%s, %o: %s", (name, happened, expected) => expect(cell(get(name), happened, SIGNED)).toBe(expected));

  test("a card whose signature was refused and that proves not to be debited gets no second try", () => {
    const open: OpenSale = { ...OPEN, reason: "signature-refused", moduleMayCheck: false };
    expect(cell({ at: "proving", open }, event("evidence-read/not-debited"), SIGNED)).toBe("closing:refused(signature-refused) +void* +release-module");
  });

  test("a balance alone is the card's word", () => {
    const balance: Event = { is: "evidence-read", evidence: { kind: "debited", proof: "balance" } };
    expect(cell(get("proving"), balance, SIGNED)).toBe("closing:paid(balance,unverified) +done:balance:unverified*");
  });
});

test("details that the picture leaves out", () => {
  const noted = decide(QUICK_PAYMENT_RULES, SALE, { at: "noting-unknown", open: OPEN }, { is: "entry-durable", entry: { subject: "j-1", seq: 9 } });
  expect(noted.state).toEqual({ at: "awaiting-return", open: { ...OPEN, entry: { subject: "j-1", seq: 9 } } });
  expect(noted.commands).toEqual([{ do: "await-card", pauseMs: 0 }]);
  const again = decide(QUICK_PAYMENT_RULES, SALE, { at: "proving", open: OPEN }, { is: "card-lost", code: "card-removed", effectUnknown: true });
  expect(again).toEqual({ state: { at: "awaiting-return", open: { ...OPEN, tries: 1 } }, commands: [{ do: "await-card", pauseMs: 50 }] });
  const first = decide(QUICK_PAYMENT_RULES, SALE, { at: "identifying", attempt: 2, tries: 3 }, { is: "card-lost", code: "card-mute", effectUnknown: false });
  expect(first).toEqual({ state: { at: "awaiting-card", attempt: 2, tries: 4 }, commands: [{ do: "await-card", pauseMs: 50 }] });
  const refused = decide(QUICK_PAYMENT_RULES, SALE, { at: "debiting", ...IN_SALE }, { is: "card-refused", statusWord: 0x9401 });
  expect(refused.commands).toEqual([{ do: "append", entry: { state: "refused", after: INTENT, reason: "insufficient-funds", statusWord: 0x9401 } }]);
  const corrected = decide(QUICK_PAYMENT_RULES, SALE, { at: "correcting", ...IN_SALE }, { is: "entry-durable", entry: { subject: "j-1", seq: 9 } });
  expect(corrected.state).toEqual({ at: "debiting", ...IN_SALE, intent: { subject: "j-1", seq: 9 } });
});

const TABLE = `
looking-up               | looked-up/new            | awaiting-card#1 +await-card
looking-up               | looked-up/in-progress    | refused(in-progress) +release-module
looking-up               | looked-up/conflict       | refused(reference-conflict) +release-module
looking-up               | looked-up/paid           | paid(psam) +release-module
looking-up               | looked-up/paid-log       | paid(log,unverified) +release-module
looking-up               | looked-up/paid-forged    | unverified(mac2-refused) +release-module
looking-up               | looked-up/open           | awaiting-return +await-card
looking-up               | journal-failed           | refused(store-broken) +release-module
awaiting-card            | card-present             | identifying +identify
awaiting-card            | time-over                | no-card +release-module
identifying              | card-identified/a        | settling-earlier#1 +settle-earlier
identifying              | card-identified/b        | settling-earlier#1 +settle-earlier
identifying              | card-unusable            | refused(no-purse) +release-module
identifying              | journal-failed           | refused(store-broken) +release-module
identifying              | card-lost/sent           | awaiting-card#1 +await-card
identifying              | card-lost/not-sent       | awaiting-card#1 +await-card
identifying/last         | card-identified/a        | settling-earlier#1 +settle-earlier
identifying/last         | card-identified/b        | settling-earlier#1 +settle-earlier
identifying/last         | card-unusable            | refused(no-purse) +release-module
identifying/last         | journal-failed           | refused(store-broken) +release-module
identifying/last         | card-lost/sent           | refused(card-removed) +release-module
identifying/last         | card-lost/not-sent       | refused(card-removed) +release-module
settling-earlier         | card-unusable            | refused(no-purse) +release-module
settling-earlier         | earlier-settled          | preparing +append-intent +open-on-card
settling-earlier         | earlier-unsettled        | refused(earlier-sale-open) +release-module
settling-earlier         | journal-failed           | refused(store-broken) +release-module
settling-earlier         | card-lost/sent           | awaiting-card#2 +await-card
settling-earlier         | card-lost/not-sent       | awaiting-card#2 +await-card
settling-earlier/last    | card-unusable            | refused(no-purse) +release-module
settling-earlier/last    | earlier-settled          | preparing +append-intent +open-on-card
settling-earlier/last    | earlier-unsettled        | refused(earlier-sale-open) +release-module
settling-earlier/last    | journal-failed           | refused(store-broken) +release-module
settling-earlier/last    | card-lost/sent           | refused(card-removed) +release-module
settling-earlier/last    | card-lost/not-sent       | refused(card-removed) +release-module
preparing                | limit-reached            | refused(amount-limit) +release-module
preparing                | entry-durable            | preparing/intent
preparing                | journal-failed           | refused(store-broken) +release-module
preparing                | card-decided             | preparing/due
preparing                | card-initialized         | preparing +open-in-module
preparing                | card-refused/9401        | preparing/refused
preparing                | card-refused/6581        | preparing/refused
preparing                | card-declined            | preparing/refused
preparing                | module-opened/same       | preparing/opened
preparing                | module-opened/other      | preparing/opened
preparing                | module-failed            | preparing/void
preparing                | card-lost/sent           | preparing/void
preparing                | card-lost/not-sent       | preparing/void
preparing/intent         | limit-reached            | refused(amount-limit) +release-module
preparing/intent         | entry-durable            | preparing/intent
preparing/intent         | journal-failed           | unknown(store-broken) +release-module
preparing/intent         | card-decided             | preparing/intent/under-way +acting
preparing/intent         | card-initialized         | preparing/intent +open-in-module
preparing/intent         | card-refused/9401        | closing:refused(insufficient-funds) +refused
preparing/intent         | card-refused/6581        | closing:refused(card-refused) +refused
preparing/intent         | card-declined            | closing:refused(online-required) +refused
preparing/intent         | module-opened/same       | debiting +debit
preparing/intent         | module-opened/other      | correcting +acting
preparing/intent         | module-failed            | closing:refused(timeout) +void
preparing/intent         | card-lost/sent           | closing:again#2 +void
preparing/intent         | card-lost/not-sent       | closing:again#2 +void
preparing/opened         | limit-reached            | refused(amount-limit) +release-module
preparing/opened         | entry-durable            | debiting +debit
preparing/opened         | journal-failed           | refused(store-broken) +release-module
preparing/opened         | card-decided             | preparing/opened/due
preparing/opened         | card-initialized         | preparing/opened +open-in-module
preparing/opened         | card-refused/9401        | preparing/opened/refused
preparing/opened         | card-refused/6581        | preparing/opened/refused
preparing/opened         | card-declined            | preparing/opened/refused
preparing/opened         | module-opened/same       | preparing/opened
preparing/opened         | module-opened/other      | preparing/opened
preparing/opened         | module-failed            | preparing/opened/void
preparing/opened         | card-lost/sent           | preparing/opened/void
preparing/opened         | card-lost/not-sent       | preparing/opened/void
preparing/other-sequence | limit-reached            | refused(amount-limit) +release-module
preparing/other-sequence | entry-durable            | correcting +acting
preparing/other-sequence | journal-failed           | refused(store-broken) +release-module
preparing/other-sequence | card-decided             | preparing/opened/due
preparing/other-sequence | card-initialized         | preparing/opened +open-in-module
preparing/other-sequence | card-refused/9401        | preparing/opened/refused
preparing/other-sequence | card-refused/6581        | preparing/opened/refused
preparing/other-sequence | card-declined            | preparing/opened/refused
preparing/other-sequence | module-opened/same       | preparing/opened
preparing/other-sequence | module-opened/other      | preparing/opened
preparing/other-sequence | module-failed            | preparing/opened/void
preparing/other-sequence | card-lost/sent           | preparing/opened/void
preparing/other-sequence | card-lost/not-sent       | preparing/opened/void
preparing/failed         | limit-reached            | refused(amount-limit) +release-module
preparing/failed         | entry-durable            | closing:again#2 +void
preparing/failed         | journal-failed           | refused(store-broken) +release-module
preparing/failed         | card-decided             | preparing/void/due
preparing/failed         | card-initialized         | preparing/void
preparing/failed         | card-refused/9401        | preparing/refused
preparing/failed         | card-refused/6581        | preparing/refused
preparing/failed         | card-declined            | preparing/refused
preparing/failed         | module-opened/same       | preparing/opened/void
preparing/failed         | module-opened/other      | preparing/opened/void
preparing/failed         | module-failed            | preparing/void
preparing/failed         | card-lost/sent           | preparing/void
preparing/failed         | card-lost/not-sent       | preparing/void
preparing/failed-last    | limit-reached            | refused(amount-limit) +release-module
preparing/failed-last    | entry-durable            | closing:refused(card-removed) +void
preparing/failed-last    | journal-failed           | refused(store-broken) +release-module
preparing/failed-last    | card-decided             | preparing/void/due
preparing/failed-last    | card-initialized         | preparing/void
preparing/failed-last    | card-refused/9401        | preparing/refused
preparing/failed-last    | card-refused/6581        | preparing/refused
preparing/failed-last    | card-declined            | preparing/refused
preparing/failed-last    | module-opened/same       | preparing/opened/void
preparing/failed-last    | module-opened/other      | preparing/opened/void
preparing/failed-last    | module-failed            | preparing/void
preparing/failed-last    | card-lost/sent           | preparing/void
preparing/failed-last    | card-lost/not-sent       | preparing/void
preparing/due            | limit-reached            | refused(amount-limit) +release-module
preparing/due            | entry-durable            | preparing/intent/under-way +acting
preparing/due            | journal-failed           | refused(store-broken) +release-module
preparing/due            | card-decided             | preparing/due
preparing/due            | card-initialized         | preparing/due +open-in-module
preparing/due            | card-refused/9401        | preparing/refused/due
preparing/due            | card-refused/6581        | preparing/refused/due
preparing/due            | card-declined            | preparing/refused/due
preparing/due            | module-opened/same       | preparing/opened/due
preparing/due            | module-opened/other      | preparing/opened/due
preparing/due            | module-failed            | preparing/void/due
preparing/due            | card-lost/sent           | preparing/void/due
preparing/due            | card-lost/not-sent       | preparing/void/due
preparing/due-failed     | limit-reached            | refused(amount-limit) +release-module
preparing/due-failed     | entry-durable            | closing:again#2 +void
preparing/due-failed     | journal-failed           | refused(store-broken) +release-module
preparing/due-failed     | card-decided             | preparing/void/due
preparing/due-failed     | card-initialized         | preparing/void/due
preparing/due-failed     | card-refused/9401        | preparing/refused/due
preparing/due-failed     | card-refused/6581        | preparing/refused/due
preparing/due-failed     | card-declined            | preparing/refused/due
preparing/due-failed     | module-opened/same       | preparing/opened/void/due
preparing/due-failed     | module-opened/other      | preparing/opened/void/due
preparing/due-failed     | module-failed            | preparing/void/due
preparing/due-failed     | card-lost/sent           | preparing/void/due
preparing/due-failed     | card-lost/not-sent       | preparing/void/due
preparing/acting         | limit-reached            | refused(amount-limit) +release-module
preparing/acting         | entry-durable            | preparing/intent
preparing/acting         | journal-failed           | unknown(store-broken) +release-module
preparing/acting         | card-decided             | preparing/intent/under-way
preparing/acting         | card-initialized         | preparing/intent/under-way +open-in-module
preparing/acting         | card-refused/9401        | preparing/intent/refused/under-way
preparing/acting         | card-refused/6581        | preparing/intent/refused/under-way
preparing/acting         | card-declined            | preparing/intent/refused/under-way
preparing/acting         | module-opened/same       | preparing/intent/opened/under-way
preparing/acting         | module-opened/other      | preparing/intent/opened/under-way
preparing/acting         | module-failed            | preparing/intent/void/under-way
preparing/acting         | card-lost/sent           | preparing/intent/void/under-way
preparing/acting         | card-lost/not-sent       | preparing/intent/void/under-way
preparing/acting-opened  | limit-reached            | refused(amount-limit) +release-module
preparing/acting-opened  | entry-durable            | debiting +debit
preparing/acting-opened  | journal-failed           | unknown(store-broken) +release-module
preparing/acting-opened  | card-decided             | preparing/intent/opened/under-way
preparing/acting-opened  | card-initialized         | preparing/intent/opened/under-way +open-in-module
preparing/acting-opened  | card-refused/9401        | preparing/intent/opened/refused/under-way
preparing/acting-opened  | card-refused/6581        | preparing/intent/opened/refused/under-way
preparing/acting-opened  | card-declined            | preparing/intent/opened/refused/under-way
preparing/acting-opened  | module-opened/same       | preparing/intent/opened/under-way
preparing/acting-opened  | module-opened/other      | preparing/intent/opened/under-way
preparing/acting-opened  | module-failed            | preparing/intent/opened/void/under-way
preparing/acting-opened  | card-lost/sent           | preparing/intent/opened/void/under-way
preparing/acting-opened  | card-lost/not-sent       | preparing/intent/opened/void/under-way
preparing/acting-other   | limit-reached            | refused(amount-limit) +release-module
preparing/acting-other   | entry-durable            | correcting +acting
preparing/acting-other   | journal-failed           | unknown(store-broken) +release-module
preparing/acting-other   | card-decided             | preparing/intent/opened/under-way
preparing/acting-other   | card-initialized         | preparing/intent/opened/under-way +open-in-module
preparing/acting-other   | card-refused/9401        | preparing/intent/opened/refused/under-way
preparing/acting-other   | card-refused/6581        | preparing/intent/opened/refused/under-way
preparing/acting-other   | card-declined            | preparing/intent/opened/refused/under-way
preparing/acting-other   | module-opened/same       | preparing/intent/opened/under-way
preparing/acting-other   | module-opened/other      | preparing/intent/opened/under-way
preparing/acting-other   | module-failed            | preparing/intent/opened/void/under-way
preparing/acting-other   | card-lost/sent           | preparing/intent/opened/void/under-way
preparing/acting-other   | card-lost/not-sent       | preparing/intent/opened/void/under-way
preparing/acting-failed  | limit-reached            | refused(amount-limit) +release-module
preparing/acting-failed  | entry-durable            | closing:refused(card-refused) +refused
preparing/acting-failed  | journal-failed           | unknown(store-broken) +release-module
preparing/acting-failed  | card-decided             | preparing/intent/refused/under-way
preparing/acting-failed  | card-initialized         | preparing/intent/refused/under-way
preparing/acting-failed  | card-refused/9401        | preparing/intent/refused/under-way
preparing/acting-failed  | card-refused/6581        | preparing/intent/refused/under-way
preparing/acting-failed  | card-declined            | preparing/intent/refused/under-way
preparing/acting-failed  | module-opened/same       | preparing/intent/opened/refused/under-way
preparing/acting-failed  | module-opened/other      | preparing/intent/opened/refused/under-way
preparing/acting-failed  | module-failed            | preparing/intent/void/under-way
preparing/acting-failed  | card-lost/sent           | preparing/intent/void/under-way
preparing/acting-failed  | card-lost/not-sent       | preparing/intent/void/under-way
correcting               | entry-durable            | debiting +debit
correcting               | journal-failed           | unknown(store-broken) +release-module
debiting                 | card-refused/9401        | closing:refused(insufficient-funds) +refused
debiting                 | card-refused/6581        | noting-unknown(card-refused,module) +unknown
debiting                 | debited                  | checking +confirm
debiting                 | card-lost/sent           | noting-unknown(card-removed,module) +unknown
debiting                 | card-lost/not-sent       | closing:again#2 +void
checking                 | module-failed            | noting-unknown(module-failed) +unknown
checking                 | confirmed/accepted       | closing:paid(psam) +done:psam
checking                 | confirmed/refused        | noting-unknown(mac2-refused) +unknown
checking                 | confirmed/no-session     | noting-unknown(module-session-lost) +unknown
noting-unknown           | entry-durable            | awaiting-return +await-card
noting-unknown           | journal-failed           | unknown(store-broken) +release-module
awaiting-return          | card-present             | identifying-return +identify
awaiting-return          | time-over                | unknown(card-never-returned) +release-module
identifying-return       | card-identified/a        | proving +prove
identifying-return       | card-identified/b        | unknown(another-card) +release-module
identifying-return       | card-unusable            | unknown(another-card) +release-module
identifying-return       | journal-failed           | unknown(store-broken) +release-module
identifying-return       | card-lost/sent           | awaiting-return +await-card
identifying-return       | card-lost/not-sent       | awaiting-return +await-card
identifying-return/last  | card-identified/a        | proving +prove
identifying-return/last  | card-identified/b        | unknown(another-card) +release-module
identifying-return/last  | card-unusable            | unknown(another-card) +release-module
identifying-return/last  | journal-failed           | unknown(store-broken) +release-module
identifying-return/last  | card-lost/sent           | unknown(card-never-returned) +release-module
identifying-return/last  | card-lost/not-sent       | unknown(card-never-returned) +release-module
proving                  | journal-failed           | unknown(store-broken) +release-module
proving                  | card-lost/sent           | awaiting-return +await-card
proving                  | card-lost/not-sent       | awaiting-return +await-card
proving                  | evidence-read/debited    | checking-proof +confirm
proving                  | evidence-read/log-only   | closing:paid(log-only,unverified) +done:log-only:unverified*
proving                  | evidence-read/signature  | closing:paid(signature,unverified) +done:signature:unverified*
proving                  | evidence-read/forged     | closing:unverified(mac2-refused) +done:log:unverified*
proving                  | evidence-read/not-debited| closing:again#2 +void* +release-module
proving                  | evidence-read/overrun    | unknown(log-overrun) +release-module
proving                  | evidence-read/closed-done| paid(log,unverified) +release-module
proving                  | evidence-read/closed-void| refused(closed-without-payment) +release-module
proving/asked            | journal-failed           | unknown(store-broken) +release-module
proving/asked            | card-lost/sent           | awaiting-return +await-card
proving/asked            | card-lost/not-sent       | awaiting-return +await-card
proving/asked            | evidence-read/debited    | closing:paid(log,unverified) +done:log:unverified*
proving/asked            | evidence-read/log-only   | closing:paid(log-only,unverified) +done:log-only:unverified*
proving/asked            | evidence-read/signature  | closing:paid(signature,unverified) +done:signature:unverified*
proving/asked            | evidence-read/forged     | closing:unverified(mac2-refused) +done:log:unverified*
proving/asked            | evidence-read/not-debited| closing:again#2 +void* +release-module
proving/asked            | evidence-read/overrun    | unknown(log-overrun) +release-module
proving/asked            | evidence-read/closed-done| paid(log,unverified) +release-module
proving/asked            | evidence-read/closed-void| refused(closed-without-payment) +release-module
proving/last             | journal-failed           | unknown(store-broken) +release-module
proving/last             | card-lost/sent           | unknown(card-never-returned) +release-module
proving/last             | card-lost/not-sent       | unknown(card-never-returned) +release-module
proving/last             | evidence-read/debited    | checking-proof +confirm
proving/last             | evidence-read/log-only   | closing:paid(log-only,unverified) +done:log-only:unverified*
proving/last             | evidence-read/signature  | closing:paid(signature,unverified) +done:signature:unverified*
proving/last             | evidence-read/forged     | closing:unverified(mac2-refused) +done:log:unverified*
proving/last             | evidence-read/not-debited| closing:refused(torn-too-often) +void* +release-module
proving/last             | evidence-read/overrun    | unknown(log-overrun) +release-module
proving/last             | evidence-read/closed-done| paid(log,unverified) +release-module
proving/last             | evidence-read/closed-void| refused(closed-without-payment) +release-module
proving/forged           | journal-failed           | unknown(store-broken) +release-module
proving/forged           | card-lost/sent           | awaiting-return +await-card
proving/forged           | card-lost/not-sent       | awaiting-return +await-card
proving/forged           | evidence-read/debited    | closing:unverified(mac2-refused) +done:log:unverified*
proving/forged           | evidence-read/log-only   | closing:unverified(mac2-refused) +done:log-only:unverified*
proving/forged           | evidence-read/signature  | closing:unverified(mac2-refused) +done:signature:unverified*
proving/forged           | evidence-read/forged     | closing:unverified(mac2-refused) +done:log:unverified*
proving/forged           | evidence-read/not-debited| closing:refused(mac2-refused) +void* +release-module
proving/forged           | evidence-read/overrun    | unknown(log-overrun) +release-module
proving/forged           | evidence-read/closed-done| unverified(mac2-refused) +release-module
proving/forged           | evidence-read/closed-void| refused(closed-without-payment) +release-module
checking-proof           | module-failed            | closing:paid(log,unverified) +done:log:unverified*
checking-proof           | confirmed/accepted       | closing:paid(psam) +done:psam*
checking-proof           | confirmed/refused        | closing:unverified(mac2-refused) +done:log:unverified*
checking-proof           | confirmed/no-session     | closing:paid(log,unverified) +done:log:unverified*
closing/end              | entry-durable            | refused(card-refused) +release-module
closing/end              | journal-failed           | unknown(store-broken) +release-module
closing/again            | entry-durable            | awaiting-card#2 +release-module +await-card
closing/again            | journal-failed           | unknown(store-broken) +release-module
closing/again-card       | entry-durable            | settling-earlier#2 +settle-earlier
closing/again-card       | journal-failed           | unknown(store-broken) +release-module
impossible: 1016
`;
