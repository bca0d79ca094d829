/*
 * Goal: whatever is lost, doubled or cut off, one machine becomes one terminal, and its way back in is closed only when the new one was used.
 * Method: a total table of every state and every event. It acts on nothing; run.ts acts, makes each state durable first, and decides nothing.
 * Spec: claim/v1, 3.
 */
import { assert } from "../../device/base/assert.ts";
import type { Action, ClaimRules, ClaimStep, Event, State, Step } from "./types.ts";

/** The host may never confirm the end; the terminal works without that, and asks again at the next start. */
const CONFIRM_TRIES_MAX = 5;
/** The host has lost what it knew of this claim (a restored backup), and everything is asked anew with the same keys. */
const FORGOTTEN = "session-unknown";

const ask = (step: ClaimStep): Action => ({ do: "ask", step });

function pauseSilent<S extends State>(state: S, { count }: { readonly count: number }): Step {
  return { state, next: { do: "pause", because: "silent", count } };
}

function pauseWaiting<S extends State>(state: S, { retryMs }: { readonly retryMs: number }): Step {
  return { state, next: { do: "pause", because: "waiting", retryMs } };
}

function pauseRefused<S extends State>(state: S, { reason }: { readonly reason: string }): Step {
  return { state, next: { do: "pause", because: "refused", reason } };
}

export const CLAIM_RULES: ClaimRules = {
  unkeyed: {
    "keys-made": ({ moved }) => ({ state: { at: "requesting", moved }, next: ask("certificate") }),
    "certificate-granted": "impossible",
    registered: "impossible",
    accepted: "impossible",
    waiting: "impossible",
    refused: "impossible",
    silent: "impossible",
    paused: "impossible",
    installed: "impossible",
    "not-installable": "impossible",
    erased: "impossible",
  },
  requesting: {
    "keys-made": "impossible",
    "certificate-granted": ({ moved }, { tid, certificate, authority }) => ({
      state: { at: "registering", moved, tid, certificate, authority },
      next: ask("register"),
    }),
    registered: "impossible",
    accepted: "impossible",
    waiting: pauseWaiting,
    refused: pauseRefused,
    silent: pauseSilent,
    paused: (state) => ({ state, next: ask("certificate") }),
    installed: "impossible",
    "not-installable": "impossible",
    erased: "impossible",
  },
  registering: {
    "keys-made": "impossible",
    "certificate-granted": "impossible",
    registered: ({ tid, certificate, authority }, { answer }) => ({
      state: { at: "installing", tid, certificate, authority, answer },
      next: { do: "install" },
    }),
    accepted: "impossible",
    waiting: pauseWaiting,
    refused: (state, event) =>
      event.reason === FORGOTTEN ? { state: { at: "requesting", moved: state.moved }, next: ask("certificate") } : pauseRefused(state, event),
    silent: pauseSilent,
    paused: (state) => ({ state, next: ask("register") }),
    installed: "impossible",
    "not-installable": "impossible",
    erased: "impossible",
  },
  installing: {
    "keys-made": "impossible",
    "certificate-granted": "impossible",
    registered: "impossible",
    accepted: "impossible",
    waiting: "impossible",
    refused: "impossible",
    silent: "impossible",
    paused: "impossible",
    installed: ({ tid }) => ({ state: { at: "proving", tid }, next: ask("proof") }),
    // The host may mend its profile: it is asked again, with the same keys and the same certificate.
    "not-installable": ({ tid, certificate, authority }, { why }) => ({
      state: { at: "registering", moved: false, tid, certificate, authority },
      next: { do: "pause", because: "not-installable", reason: why },
    }),
    erased: "impossible",
  },
  proving: {
    "keys-made": "impossible",
    "certificate-granted": "impossible",
    registered: "impossible",
    accepted: ({ tid }) => ({ state: { at: "erasing", tid }, next: { do: "erase" } }),
    waiting: pauseWaiting,
    refused: pauseRefused,
    silent: pauseSilent,
    paused: (state) => ({ state, next: ask("proof") }),
    installed: "impossible",
    "not-installable": "impossible",
    erased: "impossible",
  },
  erasing: {
    "keys-made": "impossible",
    "certificate-granted": "impossible",
    registered: "impossible",
    accepted: "impossible",
    waiting: "impossible",
    refused: "impossible",
    silent: "impossible",
    paused: "impossible",
    installed: "impossible",
    "not-installable": "impossible",
    erased: ({ tid }) => ({ state: { at: "confirming", tid }, next: ask("done") }),
  },
  confirming: {
    "keys-made": "impossible",
    "certificate-granted": "impossible",
    registered: "impossible",
    accepted: ({ tid }) => ({ state: { at: "claimed", tid }, next: { do: "end" } }),
    waiting: (state) => ({ state, next: { do: "end" } }),
    refused: (state) => ({ state, next: { do: "end" } }),
    silent: (state, event) => (event.count < CONFIRM_TRIES_MAX ? pauseSilent(state, event) : { state, next: { do: "end" } }),
    paused: (state) => ({ state, next: ask("done") }),
    installed: "impossible",
    "not-installable": "impossible",
    erased: "impossible",
  },
  claimed: {
    "keys-made": "impossible",
    "certificate-granted": "impossible",
    registered: "impossible",
    accepted: "impossible",
    waiting: "impossible",
    refused: "impossible",
    silent: "impossible",
    paused: "impossible",
    installed: "impossible",
    "not-installable": "impossible",
    erased: "impossible",
  },
};

/** What a claim goes on with after a start, whatever it was cut off in. */
export function resume(state: State): Action {
  const actions: { readonly [At in State["at"]]: Action } = {
    unkeyed: { do: "make-keys" },
    requesting: ask("certificate"),
    registering: ask("register"),
    installing: { do: "install" },
    proving: ask("proof"),
    erasing: { do: "erase" },
    confirming: ask("done"),
    claimed: { do: "end" },
  };
  return actions[state.at];
}

type AnyRule = "impossible" | ((state: State, event: Event) => Step);

/** What follows from `event` while the claim is in `state`. Pure and total. */
export function decide(rules: ClaimRules, state: State, event: Event): Step {
  // The table's type has paired each rule with its own state and event; the compiler cannot follow two indexes at once.
  const rule = rules[state.at][event.is] as AnyRule;
  assert(rule !== "impossible", `${event.is} cannot happen while ${state.at}`);
  return rule(state, event);
}
