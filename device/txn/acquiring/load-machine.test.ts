/* The load as a table: what follows from each event in each state, and where the payload decides. */
import { describe, expect, test } from "vitest";
import { decideLoad, FIRST_LOAD_STEP, LOAD_CARD_TRIES, LOAD_RULES } from "./load-machine.ts";
import type { LoadEvent, LoadState, LoadStep } from "./load-types.ts";

const INTENT = { subject: "s", seq: 1 };

const STATES: { readonly [At in LoadState["at"]]: Extract<LoadState, { readonly at: At }> } = {
  "looking-up": { at: "looking-up" },
  readying: { at: "readying" },
  "awaiting-card": { at: "awaiting-card", tries: 0 },
  identifying: { at: "identifying", tries: 0 },
  "entering-pin": { at: "entering-pin" },
  opening: { at: "opening" },
  preparing: { at: "preparing" },
  "asking-bank": { at: "asking-bank", intent: INTENT },
  "noting-approval": { at: "noting-approval", intent: INTENT },
  crediting: { at: "crediting", intent: INTENT },
  "noting-doubt": { at: "noting-doubt", intent: INTENT, reason: "card-removed", leaves: false },
  "awaiting-return": { at: "awaiting-return", intent: INTENT, reason: "card-removed" },
  proving: { at: "proving", intent: INTENT, reason: "card-removed" },
  closing: { at: "closing", intent: INTENT, outcome: { kind: "loaded" } },
  ended: { at: "ended", outcome: { kind: "no-card" } },
};

const EVENTS: { readonly [Is in LoadEvent["is"]]: Extract<LoadEvent, { readonly is: Is }> } = {
  "looked-up": { is: "looked-up", known: { kind: "new" } },
  "line-clear": { is: "line-clear" },
  "line-refused": { is: "line-refused", reason: "reversal-pending" },
  "card-present": { is: "card-present" },
  "time-over": { is: "time-over" },
  "card-known": { is: "card-known" },
  "card-unusable": { is: "card-unusable", reason: "no-purse" },
  "card-lost": { is: "card-lost", code: "card-removed", effectUnknown: true },
  "pin-entered": { is: "pin-entered" },
  "pin-refused": { is: "pin-refused", reason: "pin-cancelled" },
  "card-opened": { is: "card-opened" },
  "entry-durable": { is: "entry-durable", entry: { subject: "s", seq: 2 } },
  "journal-failed": { is: "journal-failed", code: "store-broken", effectUnknown: true },
  "bank-approved": { is: "bank-approved" },
  "bank-refused": { is: "bank-refused", reason: "funds-short", responseCode: "51" },
  "bank-unknown": { is: "bank-unknown", reason: "timeout" },
  "card-says": { is: "card-says", word: { kind: "loaded" } },
};

function told({ state, command }: LoadStep): string {
  const reason = "outcome" in state && "reason" in state.outcome ? `(${state.outcome.reason})` : "";
  const outcome = "outcome" in state ? `:${state.outcome.kind}${reason}` : "";
  const entry = command !== undefined && "state" in command ? `:${command.state}` : "";
  return `${state.at}${outcome}${command === undefined ? "" : ` +${command.do}${entry}`}`;
}

const decide = (state: LoadState, event: LoadEvent) => decideLoad(LOAD_RULES, state, event);

/** What may happen in each state; everything else cannot, by our own reasoning. */
const TABLE: { readonly [At in LoadState["at"]]: { readonly [Is in LoadEvent["is"]]?: string } } = {
  "looking-up": { "looked-up": "readying +clear-line", "journal-failed": "ended:refused(store-broken)" },
  readying: { "line-clear": "awaiting-card +await-card", "line-refused": "ended:refused(reversal-pending)" },
  "awaiting-card": { "card-present": "identifying +identify", "time-over": "ended:no-card" },
  identifying: {
    "card-known": "entering-pin +ask-pin",
    "card-unusable": "ended:refused(no-purse)",
    "card-lost": "awaiting-card +await-card",
    "journal-failed": "ended:refused(store-broken)",
  },
  "entering-pin": { "pin-entered": "opening +open-on-card", "pin-refused": "ended:refused(pin-cancelled)" },
  opening: { "card-opened": "preparing +append-intent", "card-unusable": "ended:refused(no-purse)", "card-lost": "ended:refused(card-removed)" },
  preparing: { "entry-durable": "asking-bank +ask-bank", "journal-failed": "ended:unknown(store-broken)" },
  "asking-bank": {
    "bank-approved": "noting-approval +append:acting",
    "bank-refused": "closing:refused(funds-short) +close:refused",
    "bank-unknown": "closing:unknown(timeout) +close:void",
    "journal-failed": "ended:unknown(store-broken)",
  },
  "noting-approval": { "entry-durable": "crediting +credit", "journal-failed": "ended:unknown(store-broken)" },
  crediting: { "card-says": "closing:loaded +close:done", "card-lost": "noting-doubt +append:unknown" },
  "noting-doubt": { "entry-durable": "awaiting-return +await-card", "journal-failed": "ended:unknown(store-broken)" },
  "awaiting-return": { "card-present": "proving +prove", "time-over": "ended:unknown(card-removed)" },
  proving: {
    "card-says": "closing:loaded +close:done",
    "card-lost": "awaiting-return +await-card",
    "card-unusable": "awaiting-return +await-card",
    "journal-failed": "ended:unknown(store-broken)",
  },
  closing: { "entry-durable": "ended:loaded", "journal-failed": "ended:unknown(store-broken)" },
  ended: Object.fromEntries(Object.keys(EVENTS).map((is) => [is, "ended:no-card"])),
};

describe("each event in each state", () => {
  test.each(Object.values(STATES))("$at", (state) => {
    for (const event of Object.values(EVENTS)) {
      const expected = TABLE[state.at][event.is];
      if (expected === undefined) expect(() => decide(state, event)).toThrow(`${event.is} cannot happen while ${state.at}`);
      else expect([event.is, told(decide(state, event))]).toEqual([event.is, expected]);
    }
  });
});

describe("where the payload decides", () => {
  test("begins with looking up", () => {
    expect(told(FIRST_LOAD_STEP)).toBe("looking-up +look-up");
  });

  test.each([
    [{ kind: "known", outcome: { kind: "no-card" } }, "ended:no-card"],
    [{ kind: "open", entry: INTENT, reason: "restart" }, "awaiting-return +await-card"],
    [{ kind: "refused", reason: "load-not-offered" }, "ended:refused(load-not-offered)"],
  ] as const)("a reference that is %j", (known, expected) => {
    expect(told(decide(STATES["looking-up"], { is: "looked-up", known }))).toBe(expected);
  });

  test("a card that is lost before anything was asked is asked for a few times", () => {
    expect(told(decide({ at: "identifying", tries: LOAD_CARD_TRIES - 1 }, EVENTS["card-lost"]))).toBe("ended:refused(card-removed)");
    expect(decide({ at: "identifying", tries: 0 }, EVENTS["card-lost"])).toEqual({
      state: { at: "awaiting-card", tries: 1 },
      command: { do: "await-card", pauseMs: 300, returning: false },
    });
  });

  test("an intent that was certainly not written is refused", () => {
    expect(told(decide(STATES.preparing, { ...EVENTS["journal-failed"], code: "store-full", effectUnknown: false }))).toBe("ended:refused(store-full)");
  });

  test.each([
    ["crediting", { kind: "not-loaded" }, "closing:refused(not-loaded) +close:void"],
    ["crediting", { kind: "undecidable", why: "balance-unreadable" }, "noting-doubt +append:unknown"],
    ["proving", { kind: "not-loaded" }, "closing:refused(not-loaded) +close:void"],
    ["proving", { kind: "another-card" }, "awaiting-return +await-card"],
    ["proving", { kind: "undecidable", why: "another-load" }, "noting-doubt +append:unknown"],
  ] as const)("while %s the card says %j", (at, word, expected) => {
    expect(told(decide(STATES[at], { is: "card-says", word }))).toBe(expected);
  });

  test("a card that certainly got nothing has taken nothing", () => {
    expect(told(decide(STATES.crediting, { ...EVENTS["card-lost"], effectUnknown: false }))).toBe("closing:refused(not-loaded) +close:void");
  });

  test("a card that cannot say is left with the reason", () => {
    const noted = decide({ ...STATES["noting-doubt"], leaves: true, reason: "another-load" }, EVENTS["entry-durable"]);
    expect(told(noted)).toBe("ended:unknown(another-load)");
  });

  test("a card that was another one keeps the first reason", () => {
    const step = decide(STATES.proving, { is: "card-says", word: { kind: "another-card" } });
    expect(step.state).toMatchObject({ reason: "card-removed", intent: INTENT });
  });
});
