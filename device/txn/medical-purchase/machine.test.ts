import { describe, expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import type { SettledFigures } from "../medical-desk/figures.ts";
import { decide, FIRST_STEP, MEDICAL_PURCHASE_RULES } from "./machine.ts";
import { decideResolution, FIRST_RESOLVER_STEP, RESOLVER_RULES, REVERSALS_OF_ROUND_MAX, type ResolverEvent, type ResolverState } from "./resolver-machine.ts";
import { TRIES_MAX } from "./rules.ts";
import type { Settlement } from "./settlement.ts";
import type { Event, MedicalOutcome, State } from "./types.ts";

const FIGURES: SettledFigures = {
  settlementId: "S1",
  total: fen(100),
  fund: fen(50),
  account: fen(30),
  mutualAid: fen(0),
  cash: fen(20),
  flags: ["fee-parts-differ"],
};
const SETTLEMENT: Settlement = { ...FIGURES, flags: ["fee-parts-differ"], visitId: "V1", clearing: { agency: "a", way: "1", type: "41" } };
const INTENT = { subject: "j-1", seq: 1 };

const STATES: Readonly<Record<string, State>> = {
  "looking-up": { at: "looking-up" },
  "awaiting-card": { at: "awaiting-card", tries: 0 },
  identifying: { at: "identifying", tries: 0 },
  "identifying/last": { at: "identifying", tries: TRIES_MAX - 1 },
  "verifying-pin": { at: "verifying-pin" },
  "asking-person": { at: "asking-person" },
  "pre-settling": { at: "pre-settling" },
  intending: { at: "intending" },
  settling: { at: "settling", intent: INTENT },
  closing: { at: "closing", subject: "j-1", outcome: { kind: "unknown", subject: "j-1", reason: "timeout" } },
  ended: { at: "ended", outcome: { kind: "no-card" } },
};

const EVENTS: Readonly<Record<string, Event>> = {
  "looked-up/new": { is: "looked-up", known: { kind: "new" } },
  "looked-up/in-progress": { is: "looked-up", known: { kind: "in-progress" } },
  "looked-up/conflict": { is: "looked-up", known: { kind: "conflict" } },
  "looked-up/paid": { is: "looked-up", known: { kind: "paid", subject: "j-1", visitId: "V1", figures: FIGURES } },
  "looked-up/open": { is: "looked-up", known: { kind: "open", subject: "j-1" } },
  "card-present": { is: "card-present" },
  "time-over": { is: "time-over" },
  "card-identified": { is: "card-identified", earlierOpen: false },
  "card-identified/open": { is: "card-identified", earlierOpen: true },
  "card-unusable": { is: "card-unusable" },
  "card-lost": { is: "card-lost", code: "card-removed" },
  "pin-verified": { is: "pin-verified" },
  "pin-failed": { is: "pin-failed", refusal: { reason: "pin-wrong", triesLeft: 2 } },
  "person-found": { is: "person-found" },
  "person-unusable": { is: "person-unusable", refusal: { reason: "insurance-inactive" } },
  "pre-settled": { is: "pre-settled" },
  "host-refused": { is: "host-refused", message: "no" },
  "not-sent": { is: "not-sent" },
  "host-undecided": { is: "host-undecided", reason: "timeout" },
  settled: { is: "settled", settlement: SETTLEMENT },
  "entry-durable": { is: "entry-durable", entry: { subject: "j-1", seq: 9 } },
  "journal-failed": { is: "journal-failed", code: "store-broken" },
};

function outcomeText(outcome: MedicalOutcome): string {
  switch (outcome.kind) {
    case "paid":
      return `paid(${outcome.settlementId}${outcome.flags.length > 0 ? ",flagged" : ""})`;
    case "no-card":
      return "no-card";
    default:
      return `${outcome.kind}(${outcome.reason})`;
  }
}

function cell(state: State, event: Event): string {
  const rule = MEDICAL_PURCHASE_RULES[state.at][event.is];
  if (rule === "impossible") return "X";
  if (rule === "ignore") return ".";
  const { state: next, commands } = decide(MEDICAL_PURCHASE_RULES, state, event);
  const name = next.at === "ended" ? outcomeText(next.outcome) : next.at === "closing" ? `closing:${outcomeText(next.outcome)}` : next.at;
  return [name, ...commands.map((command) => (command.do === "append" ? command.entry.state : command.do))].join(" +");
}

function table(): string {
  const lines: string[] = [];
  let impossible = 0;
  for (const [stateName, state] of Object.entries(STATES)) {
    for (const [eventName, event] of Object.entries(EVENTS)) {
      const text = cell(state, event);
      if (text === "X") impossible += 1;
      else if (state.at !== "ended") lines.push(`${stateName.padEnd(17)}| ${eventName.padEnd(21)}| ${text}`);
    }
  }
  return `${lines.join("\n")}\nimpossible: ${impossible}`;
}

describe("a medical purchase", () => {
  test("the table of every state and event", () => {
    expect(`\n${table()}\n`).toBe(PURCHASE_TABLE);
  });

  test("the examples cover every state and every event", () => {
    expect(new Set(Object.values(STATES).map(({ at }) => at))).toEqual(new Set(Object.keys(MEDICAL_PURCHASE_RULES)));
    expect(new Set(Object.values(EVENTS).map(({ is }) => is))).toEqual(new Set(Object.keys(MEDICAL_PURCHASE_RULES.ended)));
  });

  test("what has ended stays ended, and an impossible event is our own mistake", () => {
    for (const event of Object.values(EVENTS))
      expect(decide(MEDICAL_PURCHASE_RULES, { at: "ended", outcome: { kind: "no-card" } }, event).commands).toEqual([]);
    expect(() => decide(MEDICAL_PURCHASE_RULES, { at: "intending" }, { is: "card-present" })).toThrow("card-present cannot happen while intending");
    expect(FIRST_STEP).toEqual({ state: { at: "looking-up" }, commands: [{ do: "look-up" }] });
  });

  test("the host's figures are recorded and told as they are", () => {
    const step = decide(MEDICAL_PURCHASE_RULES, { at: "settling", intent: INTENT }, { is: "settled", settlement: SETTLEMENT });
    expect(step).toEqual({
      state: { at: "closing", subject: "j-1", outcome: { kind: "paid", subject: "j-1", visitId: "V1", ...FIGURES } },
      commands: [{ do: "append", entry: { state: "done", after: INTENT, settlement: SETTLEMENT } }],
    });
  });

  test("refusals keep what the counter needs", () => {
    expect(decide(MEDICAL_PURCHASE_RULES, { at: "verifying-pin" }, { is: "pin-failed", refusal: { reason: "pin-wrong", triesLeft: 2 } }).state).toEqual({
      at: "ended",
      outcome: { kind: "refused", reason: "pin-wrong", triesLeft: 2 },
    });
    expect(decide(MEDICAL_PURCHASE_RULES, { at: "settling", intent: INTENT }, { is: "host-refused", message: "no" })).toEqual({
      state: { at: "closing", subject: "j-1", outcome: { kind: "refused", reason: "host-refused", message: "no", subject: "j-1" } },
      commands: [{ do: "append", entry: { state: "refused", after: INTENT, reason: "host-refused" } }],
    });
    expect(decide(MEDICAL_PURCHASE_RULES, { at: "settling", intent: INTENT }, { is: "not-sent" })).toEqual({
      state: { at: "closing", subject: "j-1", outcome: { kind: "refused", reason: "request-expired", subject: "j-1" } },
      commands: [{ do: "append", entry: { state: "void", after: INTENT, reason: "request-expired" } }],
    });
    expect(decide(MEDICAL_PURCHASE_RULES, { at: "identifying", tries: 1 }, { is: "card-lost", code: "card-mute" }).state).toEqual({
      at: "awaiting-card",
      tries: 2,
    });
  });
});

const RESOLVER_STATES: Readonly<Record<string, ResolverState>> = {
  reversing: { at: "reversing", reversals: 1 },
  reconciling: { at: "reconciling", reversals: 1 },
  "reconciling/last": { at: "reconciling", reversals: REVERSALS_OF_ROUND_MAX },
  closing: { at: "closing" },
  rested: { at: "rested", outcome: "open" },
};

const RESOLVER_EVENTS: Readonly<Record<string, ResolverEvent>> = {
  "reversal-done": { is: "reversal-done" },
  "reversal-refused": { is: "reversal-refused" },
  "records/nothing": { is: "records-read", say: "nothing", final: false },
  "records/nothing-final": { is: "records-read", say: "nothing", final: true },
  "records/booked": { is: "records-read", say: "booked", final: false },
  "records/booked-final": { is: "records-read", say: "booked", final: true },
  "records/reversed": { is: "records-read", say: "booked-and-reversed", final: false },
  "records/reversed-final": { is: "records-read", say: "booked-and-reversed", final: true },
  "records-refused": { is: "records-refused" },
  "host-silent": { is: "host-silent" },
  "entry-durable": { is: "entry-durable" },
  "journal-failed": { is: "journal-failed", code: "store-broken" },
};

function resolverCell(state: ResolverState, event: ResolverEvent): string {
  const rule = RESOLVER_RULES[state.at][event.is];
  if (rule === "impossible") return "X";
  if (rule === "ignore") return ".";
  const { state: next, commands } = decideResolution(RESOLVER_RULES, state, event);
  const name = next.at === "rested" ? next.outcome : next.at === "closing" ? "closing" : `${next.at}#${next.reversals}`;
  return [name, ...commands.map((command) => (command.do === "append-void" ? `void:${command.reason}` : command.do))].join(" +");
}

describe("a settlement of unknown outcome", () => {
  test("the table of every state and event", () => {
    const lines = Object.entries(RESOLVER_STATES).flatMap(([stateName, state]) =>
      Object.entries(RESOLVER_EVENTS).map(([eventName, event]) => `${stateName.padEnd(17)}| ${eventName.padEnd(23)}| ${resolverCell(state, event)}`),
    );
    const printed = lines.join("\n");
    expect(`\n${printed}\n`).toBe(RESOLVER_TABLE);
  });

  test("a round begins with a reversal; an impossible event is our own mistake", () => {
    expect(FIRST_RESOLVER_STEP).toEqual({ state: { at: "reversing", reversals: 1 }, commands: [{ do: "reverse" }] });
    expect(new Set(Object.values(RESOLVER_EVENTS).map(({ is }) => is))).toEqual(new Set(Object.keys(RESOLVER_RULES.rested)));
    expect(() => decideResolution(RESOLVER_RULES, { at: "closing" }, { is: "host-silent" })).toThrow("host-silent cannot happen while closing");
    expect(decideResolution(RESOLVER_RULES, { at: "rested", outcome: "open" }, { is: "host-silent" })).toEqual({
      state: { at: "rested", outcome: "open" },
      commands: [],
    });
  });
});

const PURCHASE_TABLE = `
looking-up       | looked-up/new        | awaiting-card +await-card
looking-up       | looked-up/in-progress| refused(in-progress)
looking-up       | looked-up/conflict   | refused(reference-conflict)
looking-up       | looked-up/paid       | paid(S1,flagged)
looking-up       | looked-up/open       | unknown(earlier-sale-open)
looking-up       | journal-failed       | refused(store-broken)
awaiting-card    | card-present         | identifying +identify
awaiting-card    | time-over            | no-card
identifying      | card-identified      | verifying-pin +verify-pin
identifying      | card-identified/open | refused(earlier-sale-open)
identifying      | card-unusable        | refused(card-unusable)
identifying      | card-lost            | awaiting-card +await-card
identifying      | journal-failed       | refused(store-broken)
identifying/last | card-identified      | verifying-pin +verify-pin
identifying/last | card-identified/open | refused(earlier-sale-open)
identifying/last | card-unusable        | refused(card-unusable)
identifying/last | card-lost            | refused(card-removed)
identifying/last | journal-failed       | refused(store-broken)
verifying-pin    | card-lost            | refused(card-removed)
verifying-pin    | pin-verified         | asking-person +ask-person
verifying-pin    | pin-failed           | refused(pin-wrong)
asking-person    | person-found         | pre-settling +pre-settle
asking-person    | person-unusable      | refused(insurance-inactive)
asking-person    | host-refused         | refused(host-refused)
asking-person    | not-sent             | refused(host-unreachable)
asking-person    | host-undecided       | refused(host-unreachable)
asking-person    | journal-failed       | refused(store-broken)
pre-settling     | pre-settled          | intending +append-intent
pre-settling     | host-refused         | refused(host-refused)
pre-settling     | not-sent             | refused(host-unreachable)
pre-settling     | host-undecided       | refused(host-unreachable)
pre-settling     | journal-failed       | refused(store-broken)
intending        | entry-durable        | settling +settle
intending        | journal-failed       | refused(store-broken)
settling         | host-refused         | closing:refused(host-refused) +refused
settling         | not-sent             | closing:refused(request-expired) +void
settling         | host-undecided       | closing:unknown(timeout) +unknown
settling         | settled              | closing:paid(S1,flagged) +done
closing          | entry-durable        | unknown(timeout)
closing          | journal-failed       | unknown(store-broken)
impossible: 180
`;

const RESOLVER_TABLE = `
reversing        | reversal-done          | reconciling#1 +read-records
reversing        | reversal-refused       | reconciling#1 +read-records
reversing        | records/nothing        | X
reversing        | records/nothing-final  | X
reversing        | records/booked         | X
reversing        | records/booked-final   | X
reversing        | records/reversed       | X
reversing        | records/reversed-final | X
reversing        | records-refused        | X
reversing        | host-silent            | open
reversing        | entry-durable          | X
reversing        | journal-failed         | open
reconciling      | reversal-done          | X
reconciling      | reversal-refused       | X
reconciling      | records/nothing        | open
reconciling      | records/nothing-final  | closing +void:never-booked
reconciling      | records/booked         | reversing#2 +reverse
reconciling      | records/booked-final   | reversing#2 +reverse
reconciling      | records/reversed       | open
reconciling      | records/reversed-final | closing +void:reversed
reconciling      | records-refused        | open
reconciling      | host-silent            | open
reconciling      | entry-durable          | X
reconciling      | journal-failed         | open
reconciling/last | reversal-done          | X
reconciling/last | reversal-refused       | X
reconciling/last | records/nothing        | open
reconciling/last | records/nothing-final  | closing +void:never-booked
reconciling/last | records/booked         | open
reconciling/last | records/booked-final   | open
reconciling/last | records/reversed       | open
reconciling/last | records/reversed-final | closing +void:reversed
reconciling/last | records-refused        | open
reconciling/last | host-silent            | open
reconciling/last | entry-durable          | X
reconciling/last | journal-failed         | open
closing          | reversal-done          | X
closing          | reversal-refused       | X
closing          | records/nothing        | X
closing          | records/nothing-final  | X
closing          | records/booked         | X
closing          | records/booked-final   | X
closing          | records/reversed       | X
closing          | records/reversed-final | X
closing          | records-refused        | X
closing          | host-silent            | X
closing          | entry-durable          | resolved
closing          | journal-failed         | open
rested           | reversal-done          | .
rested           | reversal-refused       | .
rested           | records/nothing        | .
rested           | records/nothing-final  | .
rested           | records/booked         | .
rested           | records/booked-final   | .
rested           | records/reversed       | .
rested           | records/reversed-final | .
rested           | records-refused        | .
rested           | host-silent            | .
rested           | entry-durable          | .
rested           | journal-failed         | .
`;
