/*
 * Goal: what the bank takes from the account is on the card, or goes back, or is listed as unknown with the card that will tell.
 * Method: a total table. The bank leg is asked for only behind a durable intent, the card is credited only behind a durable approval, and after a
 * lost answer nothing but the card's own word decides. Spec: PBOC purse, INITIALIZE FOR LOAD and CREDIT FOR LOAD; UnionPay terminal, load.
 */
import { assert } from "../../base/assert.ts";
import type { LoadCommand, LoadEnd, LoadEntry, LoadEvent, LoadRules, LoadState, LoadStep, LoadWord } from "./load-types.ts";

/** How often a card that was lost before anything was asked of the bank is asked for again. */
export const LOAD_CARD_TRIES = 3;
const RETRY_PAUSE_MS = 300;

type At<Name extends LoadState["at"]> = Extract<LoadState, { readonly at: Name }>;
type Is<Name extends LoadEvent["is"]> = Extract<LoadEvent, { readonly is: Name }>;

export const FIRST_LOAD_STEP: LoadStep = { state: { at: "looking-up" }, command: { do: "look-up" } };

function go(state: LoadState, command: LoadCommand): LoadStep {
  return { state, command };
}

function end(outcome: LoadEnd): LoadStep {
  return { state: { at: "ended", outcome } };
}

function awaitCard(tries: number): LoadStep {
  return go({ at: "awaiting-card", tries }, { do: "await-card", pauseMs: tries === 0 ? 0 : RETRY_PAUSE_MS, returning: false });
}

function awaitReturn(intent: LoadEntry, reason: string): LoadStep {
  return go({ at: "awaiting-return", intent, reason }, { do: "await-card", pauseMs: RETRY_PAUSE_MS, returning: true });
}

function lookedUp(_: unknown, { known }: Is<"looked-up">): LoadStep {
  switch (known.kind) {
    case "new":
      return go({ at: "readying" }, { do: "clear-line" });
    case "known":
      return end(known.outcome);
    case "open":
      return go({ at: "awaiting-return", intent: known.entry, reason: known.reason }, { do: "await-card", pauseMs: 0, returning: true });
    case "refused":
      return end({ kind: "refused", reason: known.reason });
  }
}

function refusedByJournal(_: unknown, { code }: Is<"journal-failed">): LoadStep {
  return end({ kind: "refused", reason: code });
}

function unusable(_: unknown, { reason }: { readonly reason: string }): LoadStep {
  return end({ kind: "refused", reason });
}

function lostEarly({ tries }: At<"identifying">, { code }: Is<"card-lost">): LoadStep {
  return tries + 1 < LOAD_CARD_TRIES ? awaitCard(tries + 1) : end({ kind: "refused", reason: code });
}

function intentFailed(_: unknown, { code, effectUnknown }: Is<"journal-failed">): LoadStep {
  // Nothing was asked of the bank yet: an intent that may be there is closed by the next start.
  return end(effectUnknown ? { kind: "unknown", reason: code } : { kind: "refused", reason: code });
}

function bankRefused({ intent }: At<"asking-bank">, { reason, responseCode }: Is<"bank-refused">): LoadStep {
  const outcome: LoadEnd = { kind: "refused", reason, ...(responseCode === undefined ? {} : { responseCode }) };
  return go({ at: "closing", intent, outcome }, { do: "close", state: "refused", after: intent, reason });
}

/** The card was never asked to take anything: the load is over, and its bank leg is reversed by itself. */
function bankUnknown({ intent }: At<"asking-bank">, { reason }: Is<"bank-unknown">): LoadStep {
  const outcome: LoadEnd = { kind: "unknown", subject: intent.subject, reason };
  return go({ at: "closing", intent, outcome }, { do: "close", state: "void", after: intent, reason });
}

/** What is durable decides at the next start. */
function leftToRestart(state: { readonly intent: LoadEntry }, { code }: Is<"journal-failed">): LoadStep {
  return end({ kind: "unknown", subject: state.intent.subject, reason: code });
}

function close(intent: LoadEntry, word: Extract<LoadWord, { readonly kind: "loaded" | "not-loaded" }>): LoadStep {
  if (word.kind === "loaded") return go({ at: "closing", intent, outcome: { kind: "loaded" } }, { do: "close", state: "done", after: intent });
  const reason = "not-loaded";
  return go({ at: "closing", intent, outcome: { kind: "refused", reason } }, { do: "close", state: "void", after: intent, reason });
}

function doubt(intent: LoadEntry, doubted: { readonly reason: string; readonly leaves: boolean }): LoadStep {
  return go({ at: "noting-doubt", intent, ...doubted }, { do: "append", state: "unknown", after: intent, reason: doubted.reason });
}

function cardSays(state: At<"crediting"> | At<"proving">, { word }: Is<"card-says">): LoadStep {
  const { intent } = state;
  switch (word.kind) {
    case "loaded":
    case "not-loaded":
      return close(intent, word);
    case "undecidable":
      return doubt(intent, { reason: word.why, leaves: true });
    case "another-card":
      return awaitReturn(intent, state.at === "proving" ? state.reason : word.kind);
  }
}

/** A card that certainly got nothing has taken nothing. */
function lostCrediting({ intent }: At<"crediting">, { code, effectUnknown }: Is<"card-lost">): LoadStep {
  return effectUnknown ? doubt(intent, { reason: code, leaves: false }) : close(intent, { kind: "not-loaded" });
}

function leave({ intent, reason }: At<"awaiting-return">): LoadStep {
  return end({ kind: "unknown", subject: intent.subject, reason });
}

function doubtNoted({ reason, leaves }: At<"noting-doubt">, { entry }: Is<"entry-durable">): LoadStep {
  return leaves ? end({ kind: "unknown", subject: entry.subject, reason }) : awaitReturn(entry, reason);
}

export const LOAD_RULES: LoadRules = {
  "looking-up": {
    "looked-up": lookedUp,
    "line-clear": "impossible",
    "line-refused": "impossible",
    "card-present": "impossible",
    "time-over": "impossible",
    "card-known": "impossible",
    "card-unusable": "impossible",
    "card-lost": "impossible",
    "pin-entered": "impossible",
    "pin-refused": "impossible",
    "card-opened": "impossible",
    "entry-durable": "impossible",
    "journal-failed": refusedByJournal,
    "bank-approved": "impossible",
    "bank-refused": "impossible",
    "bank-unknown": "impossible",
    "card-says": "impossible",
  },
  readying: {
    "looked-up": "impossible",
    "line-clear": () => awaitCard(0),
    "line-refused": unusable,
    "card-present": "impossible",
    "time-over": "impossible",
    "card-known": "impossible",
    "card-unusable": "impossible",
    "card-lost": "impossible",
    "pin-entered": "impossible",
    "pin-refused": "impossible",
    "card-opened": "impossible",
    "entry-durable": "impossible",
    "journal-failed": "impossible",
    "bank-approved": "impossible",
    "bank-refused": "impossible",
    "bank-unknown": "impossible",
    "card-says": "impossible",
  },
  "awaiting-card": {
    "looked-up": "impossible",
    "line-clear": "impossible",
    "line-refused": "impossible",
    "card-present": ({ tries }) => go({ at: "identifying", tries }, { do: "identify" }),
    "time-over": () => end({ kind: "no-card" }),
    "card-known": "impossible",
    "card-unusable": "impossible",
    "card-lost": "impossible",
    "pin-entered": "impossible",
    "pin-refused": "impossible",
    "card-opened": "impossible",
    "entry-durable": "impossible",
    "journal-failed": "impossible",
    "bank-approved": "impossible",
    "bank-refused": "impossible",
    "bank-unknown": "impossible",
    "card-says": "impossible",
  },
  identifying: {
    "looked-up": "impossible",
    "line-clear": "impossible",
    "line-refused": "impossible",
    "card-present": "impossible",
    "time-over": "impossible",
    "card-known": () => go({ at: "entering-pin" }, { do: "ask-pin" }),
    "card-unusable": unusable,
    "card-lost": lostEarly,
    "pin-entered": "impossible",
    "pin-refused": "impossible",
    "card-opened": "impossible",
    "entry-durable": "impossible",
    "journal-failed": refusedByJournal,
    "bank-approved": "impossible",
    "bank-refused": "impossible",
    "bank-unknown": "impossible",
    "card-says": "impossible",
  },
  "entering-pin": {
    "looked-up": "impossible",
    "line-clear": "impossible",
    "line-refused": "impossible",
    "card-present": "impossible",
    "time-over": "impossible",
    "card-known": "impossible",
    "card-unusable": "impossible",
    "card-lost": "impossible",
    "pin-entered": () => go({ at: "opening" }, { do: "open-on-card" }),
    "pin-refused": unusable,
    "card-opened": "impossible",
    "entry-durable": "impossible",
    "journal-failed": "impossible",
    "bank-approved": "impossible",
    "bank-refused": "impossible",
    "bank-unknown": "impossible",
    "card-says": "impossible",
  },
  opening: {
    "looked-up": "impossible",
    "line-clear": "impossible",
    "line-refused": "impossible",
    "card-present": "impossible",
    "time-over": "impossible",
    "card-known": "impossible",
    "card-unusable": unusable,
    "card-lost": (_, { code }) => end({ kind: "refused", reason: code }),
    "pin-entered": "impossible",
    "pin-refused": "impossible",
    "card-opened": () => go({ at: "preparing" }, { do: "append-intent" }),
    "entry-durable": "impossible",
    "journal-failed": "impossible",
    "bank-approved": "impossible",
    "bank-refused": "impossible",
    "bank-unknown": "impossible",
    "card-says": "impossible",
  },
  preparing: {
    "looked-up": "impossible",
    "line-clear": "impossible",
    "line-refused": "impossible",
    "card-present": "impossible",
    "time-over": "impossible",
    "card-known": "impossible",
    "card-unusable": "impossible",
    "card-lost": "impossible",
    "pin-entered": "impossible",
    "pin-refused": "impossible",
    "card-opened": "impossible",
    "entry-durable": (_, { entry }) => go({ at: "asking-bank", intent: entry }, { do: "ask-bank", subject: entry.subject }),
    "journal-failed": intentFailed,
    "bank-approved": "impossible",
    "bank-refused": "impossible",
    "bank-unknown": "impossible",
    "card-says": "impossible",
  },
  "asking-bank": {
    "looked-up": "impossible",
    "line-clear": "impossible",
    "line-refused": "impossible",
    "card-present": "impossible",
    "time-over": "impossible",
    "card-known": "impossible",
    "card-unusable": "impossible",
    "card-lost": "impossible",
    "pin-entered": "impossible",
    "pin-refused": "impossible",
    "card-opened": "impossible",
    "entry-durable": "impossible",
    "journal-failed": leftToRestart,
    "bank-approved": ({ intent }) => go({ at: "noting-approval", intent }, { do: "append", state: "acting", after: intent }),
    "bank-refused": bankRefused,
    "bank-unknown": bankUnknown,
    "card-says": "impossible",
  },
  "noting-approval": {
    "looked-up": "impossible",
    "line-clear": "impossible",
    "line-refused": "impossible",
    "card-present": "impossible",
    "time-over": "impossible",
    "card-known": "impossible",
    "card-unusable": "impossible",
    "card-lost": "impossible",
    "pin-entered": "impossible",
    "pin-refused": "impossible",
    "card-opened": "impossible",
    "entry-durable": (_, { entry }) => go({ at: "crediting", intent: entry }, { do: "credit" }),
    "journal-failed": leftToRestart,
    "bank-approved": "impossible",
    "bank-refused": "impossible",
    "bank-unknown": "impossible",
    "card-says": "impossible",
  },
  crediting: {
    "looked-up": "impossible",
    "line-clear": "impossible",
    "line-refused": "impossible",
    "card-present": "impossible",
    "time-over": "impossible",
    "card-known": "impossible",
    "card-unusable": "impossible",
    "card-lost": lostCrediting,
    "pin-entered": "impossible",
    "pin-refused": "impossible",
    "card-opened": "impossible",
    "entry-durable": "impossible",
    "journal-failed": "impossible",
    "bank-approved": "impossible",
    "bank-refused": "impossible",
    "bank-unknown": "impossible",
    "card-says": cardSays,
  },
  "noting-doubt": {
    "looked-up": "impossible",
    "line-clear": "impossible",
    "line-refused": "impossible",
    "card-present": "impossible",
    "time-over": "impossible",
    "card-known": "impossible",
    "card-unusable": "impossible",
    "card-lost": "impossible",
    "pin-entered": "impossible",
    "pin-refused": "impossible",
    "card-opened": "impossible",
    "entry-durable": doubtNoted,
    "journal-failed": leftToRestart,
    "bank-approved": "impossible",
    "bank-refused": "impossible",
    "bank-unknown": "impossible",
    "card-says": "impossible",
  },
  "awaiting-return": {
    "looked-up": "impossible",
    "line-clear": "impossible",
    "line-refused": "impossible",
    "card-present": ({ intent, reason }) => go({ at: "proving", intent, reason }, { do: "prove", subject: intent.subject }),
    "time-over": leave,
    "card-known": "impossible",
    "card-unusable": "impossible",
    "card-lost": "impossible",
    "pin-entered": "impossible",
    "pin-refused": "impossible",
    "card-opened": "impossible",
    "entry-durable": "impossible",
    "journal-failed": "impossible",
    "bank-approved": "impossible",
    "bank-refused": "impossible",
    "bank-unknown": "impossible",
    "card-says": "impossible",
  },
  proving: {
    "looked-up": "impossible",
    "line-clear": "impossible",
    "line-refused": "impossible",
    "card-present": "impossible",
    "time-over": "impossible",
    "card-known": "impossible",
    "card-unusable": ({ intent, reason }) => awaitReturn(intent, reason),
    "card-lost": ({ intent, reason }) => awaitReturn(intent, reason),
    "pin-entered": "impossible",
    "pin-refused": "impossible",
    "card-opened": "impossible",
    "entry-durable": "impossible",
    "journal-failed": leftToRestart,
    "bank-approved": "impossible",
    "bank-refused": "impossible",
    "bank-unknown": "impossible",
    "card-says": cardSays,
  },
  closing: {
    "looked-up": "impossible",
    "line-clear": "impossible",
    "line-refused": "impossible",
    "card-present": "impossible",
    "time-over": "impossible",
    "card-known": "impossible",
    "card-unusable": "impossible",
    "card-lost": "impossible",
    "pin-entered": "impossible",
    "pin-refused": "impossible",
    "card-opened": "impossible",
    "entry-durable": ({ outcome }) => end(outcome),
    "journal-failed": leftToRestart,
    "bank-approved": "impossible",
    "bank-refused": "impossible",
    "bank-unknown": "impossible",
    "card-says": "impossible",
  },
  ended: {
    "looked-up": "ignore",
    "line-clear": "ignore",
    "line-refused": "ignore",
    "card-present": "ignore",
    "time-over": "ignore",
    "card-known": "ignore",
    "card-unusable": "ignore",
    "card-lost": "ignore",
    "pin-entered": "ignore",
    "pin-refused": "ignore",
    "card-opened": "ignore",
    "entry-durable": "ignore",
    "journal-failed": "ignore",
    "bank-approved": "ignore",
    "bank-refused": "ignore",
    "bank-unknown": "ignore",
    "card-says": "ignore",
  },
};

type AnyRule = "ignore" | "impossible" | ((state: LoadState, event: LoadEvent) => LoadStep);

/** What follows from `event`. Pure and total. */
export function decideLoad(rules: LoadRules, state: LoadState, event: LoadEvent): LoadStep {
  // The table's type has paired each rule with its own state and event; the compiler cannot follow two indexes at once.
  const rule = rules[state.at][event.is] as AnyRule;
  if (rule === "ignore") return { state };
  assert(rule !== "impossible", `${event.is} cannot happen while ${state.at}`);
  return rule(state, event);
}
