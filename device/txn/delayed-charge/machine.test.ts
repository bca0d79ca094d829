/* The machine as a table: what follows from each event in each state. */
import { describe, expect, it } from "vitest";
import { fen } from "../../base/fen.ts";
import { DELAYED_CHARGE_RULES, decide, FIRST_STEP } from "./machine.ts";
import { TRIES_MAX } from "./rules.ts";
import type { Event, Ride, State, Step } from "./types.ts";

const RIDE: Ride = { firstUse: "accept", firstRideLimitFen: fen(400) };

const STATES: Readonly<Record<State["at"], State>> = {
  "looking-up": { at: "looking-up" },
  "awaiting-card": { at: "awaiting-card", tries: 1 },
  identifying: { at: "identifying", tries: 1 },
  admitting: { at: "admitting", tries: 1 },
  authenticating: { at: "authenticating", tries: 1, amount: fen(400), firstUse: true },
  recording: { at: "recording", amount: fen(400), firstUse: true },
  ended: { at: "ended", outcome: { kind: "no-card" } },
};

const EVENTS: Readonly<Record<Event["is"], Event>> = {
  "looked-up": { is: "looked-up", known: { kind: "new" } },
  "card-present": { is: "card-present" },
  "time-over": { is: "time-over" },
  "card-identified": { is: "card-identified" },
  "card-unusable": { is: "card-unusable", reason: "card-refused", statusWord: 0x6985 },
  reviewed: { is: "reviewed", seen: false, amount: fen(400) },
  "not-admitted": { is: "not-admitted", reason: "debt-open" },
  authenticated: { is: "authenticated" },
  "entry-durable": { is: "entry-durable", subject: "s" },
  "journal-failed": { is: "journal-failed", code: "store-broken", effectUnknown: true },
  "card-lost": { is: "card-lost", code: "card-removed" },
};

function told({ state, command }: Step): string {
  const outcome = state.at === "ended" ? `:${state.outcome.kind}${"reason" in state.outcome ? `(${state.outcome.reason})` : ""}` : "";
  return `${state.at}${outcome}${command === undefined ? "" : ` +${command.do}`}`;
}

function cell(at: State["at"], is: Event["is"]): string {
  const rule = DELAYED_CHARGE_RULES[at][is];
  if (rule === "impossible") return "X";
  if (rule === "ignore") return ".";
  return told(decide(DELAYED_CHARGE_RULES, RIDE, STATES[at], EVENTS[is]));
}

describe("the table", () => {
  it("says this, and nothing else", () => {
    const rows = Object.keys(STATES).flatMap((at) =>
      Object.keys(EVENTS).flatMap((is) => {
        const found = cell(at as State["at"], is as Event["is"]);
        return found === "X" || found === "." ? [] : [`${at} | ${is} | ${found}`];
      }),
    );
    expect(rows).toEqual([
      "looking-up | looked-up | awaiting-card +await-card",
      "looking-up | journal-failed | ended:refused(store-broken)",
      "awaiting-card | card-present | identifying +identify",
      "awaiting-card | time-over | ended:no-card",
      "identifying | card-identified | admitting +review",
      "identifying | card-unusable | ended:refused(card-refused)",
      "identifying | journal-failed | ended:refused(store-broken)",
      "identifying | card-lost | awaiting-card +await-card",
      "admitting | reviewed | authenticating +authenticate",
      "admitting | not-admitted | ended:refused(debt-open)",
      "admitting | journal-failed | ended:refused(store-broken)",
      "authenticating | card-unusable | ended:refused(card-refused)",
      "authenticating | authenticated | recording +append",
      "authenticating | card-lost | awaiting-card +await-card",
      "recording | not-admitted | ended:refused(debt-open)",
      "recording | entry-durable | ended:accepted",
      "recording | journal-failed | ended:unknown(store-broken)",
    ]);
  });

  it("ignores everything once it has ended, and asserts what cannot be", () => {
    for (const event of Object.values(EVENTS)) expect(decide(DELAYED_CHARGE_RULES, RIDE, STATES.ended, event)).toEqual({ state: STATES.ended });
    expect(() => decide(DELAYED_CHARGE_RULES, RIDE, STATES["awaiting-card"], EVENTS.authenticated)).toThrow("cannot happen");
  });
});

function following(at: State["at"], event: Event, ride: Partial<Ride> = {}): Step {
  return decide(DELAYED_CHARGE_RULES, { ...RIDE, ...ride }, STATES[at], event);
}

describe("the decisions", () => {
  it("begin with the reference", () => {
    expect(FIRST_STEP).toEqual({ state: { at: "looking-up" }, command: { do: "look-up" } });
    expect(told(following("looking-up", { is: "looked-up", known: { kind: "conflict" } }))).toBe("ended:refused(reference-conflict)");
    expect(following("looking-up", { is: "looked-up", known: { kind: "accepted", subject: "s", amount: fen(400), firstUse: true } }).state).toEqual({
      at: "ended",
      outcome: { kind: "accepted", subject: "s", amount: 400, firstUse: true },
    });
  });

  it.each<readonly [boolean, number, Ride["firstUse"], string]>([
    [false, 400, "accept", "authenticating +authenticate"],
    [false, 401, "accept", "ended:refused(first-use-online)"],
    [false, 400, "refuse", "ended:refused(first-use-online)"],
    [true, 401, "refuse", "authenticating +authenticate"],
  ])("about a card that was seen: %s, for %i fen where first use is %s: %s", (seen, amount, firstUse, expected) => {
    expect(told(following("admitting", { is: "reviewed", seen, amount: fen(amount) }, { firstUse }))).toBe(expected);
  });

  it("carry first use through to the record and the answer", () => {
    const { state, command } = following("authenticating", EVENTS.authenticated);
    expect([state, command]).toEqual([
      { at: "recording", amount: 400, firstUse: true },
      { do: "append", firstUse: true },
    ]);
    expect(following("recording", EVENTS["entry-durable"]).state).toEqual({
      at: "ended",
      outcome: { kind: "accepted", subject: "s", amount: 400, firstUse: true },
    });
    expect(following("admitting", { is: "reviewed", seen: true, amount: fen(900) }).state).toEqual({
      at: "authenticating",
      tries: 1,
      amount: 900,
      firstUse: false,
    });
  });

  it("ask for a card again a bounded number of times, with a pause", () => {
    const lost = (tries: number) => decide(DELAYED_CHARGE_RULES, RIDE, { at: "identifying", tries }, EVENTS["card-lost"]);
    expect(lost(0)).toEqual({ state: { at: "awaiting-card", tries: 1 }, command: { do: "await-card", pauseMs: 50 } });
    expect(told(lost(TRIES_MAX - 2))).toBe("awaiting-card +await-card");
    expect(told(lost(TRIES_MAX - 1))).toBe("ended:refused(card-removed)");
    expect(following("looking-up", EVENTS["looked-up"]).command).toEqual({ do: "await-card", pauseMs: 0 });
  });

  it("name the status word where the card gave one, and call refused what is certainly not durable", () => {
    expect(following("identifying", EVENTS["card-unusable"]).state).toEqual({
      at: "ended",
      outcome: { kind: "refused", reason: "card-refused", statusWord: 0x6985 },
    });
    expect(following("identifying", { is: "card-unusable", reason: "no-purse" }).state).toEqual({
      at: "ended",
      outcome: { kind: "refused", reason: "no-purse" },
    });
    expect(told(following("recording", { is: "journal-failed", code: "store-full", effectUnknown: false }))).toBe("ended:refused(store-full)");
  });
});
