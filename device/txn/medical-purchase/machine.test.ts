import { describe, expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import type { SettledFigures } from "../medical-desk/figures.ts";
import { decide, FIRST_STEP, MEDICAL_PURCHASE_RULES } from "./machine.ts";
import { TRIES_MAX } from "./rules.ts";
import type { Settlement } from "./settlement.ts";
import type { Command, Course, Event, MedicalOutcome, Plan, State } from "./types.ts";

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

const PLAN: Plan = { visit: "pharmacy", checks: [], confirms: false, asksPin: true };
const VISIT: Plan = { ...PLAN, visit: "outpatient", asksPin: false };
const AT_PHARMACY: Course = { plan: PLAN, visit: undefined };
const AT_CLINIC: Course = { plan: VISIT, visit: INTENT };

const STATES: Readonly<Record<string, State>> = {
  "looking-up": { at: "looking-up" },
  "awaiting-card": { at: "awaiting-card", tries: 0 },
  identifying: { at: "identifying", tries: 0 },
  "identifying/last": { at: "identifying", tries: TRIES_MAX - 1 },
  "reading-code": { at: "reading-code" },
  "asking-person": { at: "asking-person" },
  "choosing-insurance": { at: "choosing-insurance" },
  "checking/more": { at: "checking", plan: PLAN, left: ["filing"] },
  "checking/last": { at: "checking", plan: PLAN, left: [] },
  "checking/visit": { at: "checking", plan: VISIT, left: [] },
  intending: { at: "intending", course: AT_PHARMACY },
  "intending/visit": { at: "intending", course: { plan: VISIT, visit: undefined } },
  "visiting/register": { at: "visiting", plan: VISIT, visit: INTENT, stage: "register" },
  "visiting/inform": { at: "visiting", plan: VISIT, visit: INTENT, stage: "inform" },
  "visiting/upload": { at: "visiting", plan: VISIT, visit: INTENT, stage: "upload" },
  "noting/inform": { at: "noting", plan: VISIT, visit: INTENT, next: "inform" },
  "noting/settle": { at: "noting", plan: VISIT, visit: INTENT, next: "settle" },
  "pre-settling": { at: "pre-settling", course: AT_PHARMACY },
  "pre-settling/confirms": { at: "pre-settling", course: { ...AT_PHARMACY, plan: { ...PLAN, confirms: true } } },
  "pre-settling/visit": { at: "pre-settling", course: AT_CLINIC },
  confirming: { at: "confirming", course: AT_PHARMACY },
  "confirming/visit": { at: "confirming", course: AT_CLINIC },
  "verifying-pin": { at: "verifying-pin", course: AT_PHARMACY, tries: 0 },
  "verifying-pin/last": { at: "verifying-pin", course: AT_PHARMACY, tries: TRIES_MAX - 1 },
  "verifying-pin/visit": { at: "verifying-pin", course: AT_CLINIC, tries: 0 },
  "awaiting-return": { at: "awaiting-return", course: AT_PHARMACY, tries: 1 },
  "awaiting-return/visit": { at: "awaiting-return", course: AT_CLINIC, tries: 1 },
  comparing: { at: "comparing", course: AT_PHARMACY, tries: 1 },
  "comparing/visit": { at: "comparing", course: AT_CLINIC, tries: 1 },
  settling: { at: "settling", plan: PLAN, intent: INTENT },
  "settling/visit": { at: "settling", plan: VISIT, intent: INTENT },
  undoing: {
    at: "undoing",
    visit: INTENT,
    closing: { state: "refused", reason: "host-refused", outcome: { kind: "refused", reason: "host-refused", subject: "j-1" } },
  },
  closing: { at: "closing", subject: "j-1", outcome: { kind: "unknown", subject: "j-1", reason: "timeout" } },
  ended: { at: "ended", outcome: { kind: "no-card" } },
};

const EVENTS: Readonly<Record<string, Event>> = {
  "looked-up/new": { is: "looked-up", known: { kind: "new", credential: "card" } },
  "looked-up/e-code": { is: "looked-up", known: { kind: "new", credential: "e-code" } },
  "looked-up/resident": { is: "looked-up", known: { kind: "new", credential: "resident-id" } },
  "looked-up/as-read": { is: "looked-up", known: { kind: "new", credential: "as-read" } },
  "looked-up/in-progress": { is: "looked-up", known: { kind: "in-progress" } },
  "looked-up/conflict": { is: "looked-up", known: { kind: "conflict" } },
  "looked-up/paid": { is: "looked-up", known: { kind: "paid", subject: "j-1", visitId: "V1", figures: FIGURES } },
  "looked-up/open": { is: "looked-up", known: { kind: "open", subject: "j-1" } },
  "card-present": { is: "card-present" },
  "time-over": { is: "time-over" },
  "card-identified": { is: "card-identified", earlierOpen: false },
  "card-identified/open": { is: "card-identified", earlierOpen: true },
  "card-lost": { is: "card-lost", code: "card-removed" },
  "card-lost/trouble": { is: "card-lost", code: "reader-hung" },
  "card-compared/same": { is: "card-compared", same: true },
  "card-compared/other": { is: "card-compared", same: false },
  "code-read": { is: "code-read" },
  "person-found": { is: "person-found", plan: PLAN, earlierOpen: false },
  "person-found/checks": { is: "person-found", plan: { ...PLAN, checks: ["eligibility", "filing"] }, earlierOpen: false },
  "person-found/visit": { is: "person-found", plan: VISIT, earlierOpen: false },
  "person-found/open": { is: "person-found", plan: PLAN, earlierOpen: true },
  "insurance-open": { is: "insurance-open" },
  stopped: { is: "stopped", refusal: { reason: "pin-wrong", triesLeft: 2 } },
  "check-passed": { is: "check-passed" },
  "stage-done": { is: "stage-done" },
  "pre-settled": { is: "pre-settled" },
  confirmed: { is: "confirmed" },
  "pin-verified": { is: "pin-verified" },
  "host-refused": { is: "host-refused", message: "no" },
  "not-sent": { is: "not-sent" },
  "host-undecided": { is: "host-undecided", reason: "timeout" },
  settled: { is: "settled", settlement: SETTLEMENT },
  "visit-undone": { is: "visit-undone" },
  "visit-standing": { is: "visit-standing", reason: "timeout" },
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

function stateText(state: State): string {
  switch (state.at) {
    case "ended":
      return outcomeText(state.outcome);
    case "closing":
      return `closing:${outcomeText(state.outcome)}`;
    case "undoing":
      return `undoing:${outcomeText(state.closing.outcome)}`;
    default:
      return state.at;
  }
}

function commandText(command: Command): string {
  switch (command.do) {
    case "append":
      return command.entry.state;
    case "check":
      return `check:${command.check}`;
    case "visit":
      return `visit:${command.stage}`;
    case "note":
      return `note:${command.next}`;
    default:
      return command.do;
  }
}

function cell(state: State, event: Event): string {
  const rule = MEDICAL_PURCHASE_RULES[state.at][event.is];
  if (rule === "impossible") return "X";
  if (rule === "ignore") return ".";
  const { state: next, commands } = decide(MEDICAL_PURCHASE_RULES, state, event);
  return [stateText(next), ...commands.map(commandText)].join(" +");
}

function table(): string {
  const lines: string[] = [];
  let impossible = 0;
  for (const [stateName, state] of Object.entries(STATES)) {
    for (const [eventName, event] of Object.entries(EVENTS)) {
      const text = cell(state, event);
      if (text === "X") impossible += 1;
      else if (state.at !== "ended") lines.push(`${stateName.padEnd(21)}| ${eventName.padEnd(21)}| ${text}`);
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
    expect(() => decide(MEDICAL_PURCHASE_RULES, { at: "intending", course: AT_PHARMACY }, { is: "card-present" })).toThrow(
      "card-present cannot happen while intending",
    );
    expect(FIRST_STEP).toEqual({ state: { at: "looking-up" }, commands: [{ do: "look-up" }] });
  });

  test("the host's figures are recorded and told as they are", () => {
    const step = decide(MEDICAL_PURCHASE_RULES, { at: "settling", plan: PLAN, intent: INTENT }, { is: "settled", settlement: SETTLEMENT });
    expect(step).toEqual({
      state: { at: "closing", subject: "j-1", outcome: { kind: "paid", subject: "j-1", visitId: "V1", ...FIGURES } },
      commands: [{ do: "append", entry: { state: "done", after: INTENT, settlement: SETTLEMENT } }],
    });
  });

  test("refusals keep what the counter needs", () => {
    const refusal = { reason: "pin-wrong", triesLeft: 2 } as const;
    expect(decide(MEDICAL_PURCHASE_RULES, { at: "verifying-pin", course: AT_PHARMACY, tries: 0 }, { is: "stopped", refusal }).state).toEqual({
      at: "ended",
      outcome: { kind: "refused", reason: "pin-wrong", triesLeft: 2 },
    });
    expect(decide(MEDICAL_PURCHASE_RULES, { at: "settling", plan: PLAN, intent: INTENT }, { is: "host-refused", message: "no" })).toEqual({
      state: { at: "closing", subject: "j-1", outcome: { kind: "refused", reason: "host-refused", message: "no", subject: "j-1" } },
      commands: [{ do: "append", entry: { state: "refused", after: INTENT, reason: "host-refused" } }],
    });
    expect(decide(MEDICAL_PURCHASE_RULES, { at: "settling", plan: PLAN, intent: INTENT }, { is: "not-sent" })).toEqual({
      state: { at: "closing", subject: "j-1", outcome: { kind: "refused", reason: "request-expired", subject: "j-1" } },
      commands: [{ do: "append", entry: { state: "void", after: INTENT, reason: "request-expired" } }],
    });
    expect(decide(MEDICAL_PURCHASE_RULES, { at: "identifying", tries: 1 }, { is: "card-lost", code: "card-mute" }).state).toEqual({
      at: "awaiting-card",
      tries: 2,
    });
  });
});

const PURCHASE_TABLE = `
looking-up           | looked-up/new        | awaiting-card +await-card
looking-up           | looked-up/e-code     | reading-code +read-code
looking-up           | looked-up/resident   | asking-person +ask-person
looking-up           | looked-up/as-read    | asking-person +ask-person
looking-up           | looked-up/in-progress| refused(in-progress)
looking-up           | looked-up/conflict   | refused(reference-conflict)
looking-up           | looked-up/paid       | paid(S1,flagged)
looking-up           | looked-up/open       | unknown(earlier-sale-open)
looking-up           | journal-failed       | refused(store-broken)
awaiting-card        | card-present         | identifying +identify
awaiting-card        | time-over            | no-card
identifying          | card-identified      | asking-person +ask-person
identifying          | card-identified/open | refused(earlier-sale-open)
identifying          | card-lost            | awaiting-card +await-card
identifying          | card-lost/trouble    | awaiting-card +await-card
identifying          | stopped              | refused(pin-wrong)
identifying          | journal-failed       | refused(store-broken)
identifying/last     | card-identified      | asking-person +ask-person
identifying/last     | card-identified/open | refused(earlier-sale-open)
identifying/last     | card-lost            | refused(card-removed)
identifying/last     | card-lost/trouble    | refused(reader-hung)
identifying/last     | stopped              | refused(pin-wrong)
identifying/last     | journal-failed       | refused(store-broken)
reading-code         | code-read            | asking-person +ask-person
reading-code         | stopped              | refused(pin-wrong)
asking-person        | person-found         | pre-settling +pre-settle
asking-person        | person-found/checks  | checking +check:eligibility
asking-person        | person-found/visit   | intending +append-intent
asking-person        | person-found/open    | refused(earlier-sale-open)
asking-person        | insurance-open       | choosing-insurance +ask-insurance
asking-person        | stopped              | refused(pin-wrong)
asking-person        | host-refused         | refused(host-refused)
asking-person        | not-sent             | refused(host-unreachable)
asking-person        | host-undecided       | refused(host-unreachable)
asking-person        | journal-failed       | refused(store-broken)
choosing-insurance   | person-found         | pre-settling +pre-settle
choosing-insurance   | person-found/checks  | checking +check:eligibility
choosing-insurance   | person-found/visit   | intending +append-intent
choosing-insurance   | person-found/open    | refused(earlier-sale-open)
choosing-insurance   | stopped              | refused(pin-wrong)
choosing-insurance   | journal-failed       | refused(store-broken)
checking/more        | stopped              | refused(pin-wrong)
checking/more        | check-passed         | checking +check:filing
checking/more        | host-refused         | refused(host-refused)
checking/more        | not-sent             | refused(host-unreachable)
checking/more        | host-undecided       | refused(host-unreachable)
checking/more        | journal-failed       | refused(store-broken)
checking/last        | stopped              | refused(pin-wrong)
checking/last        | check-passed         | pre-settling +pre-settle
checking/last        | host-refused         | refused(host-refused)
checking/last        | not-sent             | refused(host-unreachable)
checking/last        | host-undecided       | refused(host-unreachable)
checking/last        | journal-failed       | refused(store-broken)
checking/visit       | stopped              | refused(pin-wrong)
checking/visit       | check-passed         | intending +append-intent
checking/visit       | host-refused         | refused(host-refused)
checking/visit       | not-sent             | refused(host-unreachable)
checking/visit       | host-undecided       | refused(host-unreachable)
checking/visit       | journal-failed       | refused(store-broken)
intending            | entry-durable        | settling +settle
intending            | journal-failed       | refused(store-broken)
intending/visit      | entry-durable        | visiting +visit:register
intending/visit      | journal-failed       | refused(store-broken)
visiting/register    | stage-done           | noting +note:inform
visiting/register    | host-refused         | closing:refused(host-refused) +refused
visiting/register    | not-sent             | closing:refused(host-unreachable) +refused
visiting/register    | host-undecided       | closing:unknown(timeout) +unknown
visiting/register    | journal-failed       | unknown(store-broken)
visiting/inform      | stage-done           | visiting +visit:upload
visiting/inform      | host-refused         | undoing:refused(host-refused) +undo-visit
visiting/inform      | not-sent             | undoing:refused(host-unreachable) +undo-visit
visiting/inform      | host-undecided       | undoing:refused(host-unreachable) +undo-visit
visiting/inform      | journal-failed       | unknown(store-broken)
visiting/upload      | stage-done           | pre-settling +pre-settle
visiting/upload      | host-refused         | undoing:refused(host-refused) +undo-visit
visiting/upload      | not-sent             | undoing:refused(host-unreachable) +undo-visit
visiting/upload      | host-undecided       | undoing:refused(host-unreachable) +undo-visit
visiting/upload      | journal-failed       | unknown(store-broken)
noting/inform        | entry-durable        | visiting +visit:inform
noting/inform        | journal-failed       | unknown(store-broken)
noting/settle        | entry-durable        | settling +settle
noting/settle        | journal-failed       | unknown(store-broken)
pre-settling         | pre-settled          | verifying-pin +verify-pin
pre-settling         | host-refused         | refused(host-refused)
pre-settling         | not-sent             | refused(host-unreachable)
pre-settling         | host-undecided       | refused(host-unreachable)
pre-settling         | journal-failed       | refused(store-broken)
pre-settling/confirms| pre-settled          | confirming +confirm
pre-settling/confirms| host-refused         | refused(host-refused)
pre-settling/confirms| not-sent             | refused(host-unreachable)
pre-settling/confirms| host-undecided       | refused(host-unreachable)
pre-settling/confirms| journal-failed       | refused(store-broken)
pre-settling/visit   | pre-settled          | noting +note:settle
pre-settling/visit   | host-refused         | undoing:refused(host-refused) +undo-visit
pre-settling/visit   | not-sent             | undoing:refused(host-unreachable) +undo-visit
pre-settling/visit   | host-undecided       | undoing:refused(host-unreachable) +undo-visit
pre-settling/visit   | journal-failed       | unknown(store-broken)
confirming           | stopped              | refused(pin-wrong)
confirming           | confirmed            | verifying-pin +verify-pin
confirming/visit     | stopped              | undoing:refused(pin-wrong) +undo-visit
confirming/visit     | confirmed            | noting +note:settle
verifying-pin        | card-lost            | awaiting-return +await-card
verifying-pin        | card-lost/trouble    | refused(reader-hung)
verifying-pin        | stopped              | refused(pin-wrong)
verifying-pin        | pin-verified         | intending +append-intent
verifying-pin/last   | card-lost            | refused(card-removed)
verifying-pin/last   | card-lost/trouble    | refused(reader-hung)
verifying-pin/last   | stopped              | refused(pin-wrong)
verifying-pin/last   | pin-verified         | intending +append-intent
verifying-pin/visit  | card-lost            | awaiting-return +await-card
verifying-pin/visit  | card-lost/trouble    | undoing:refused(reader-hung) +undo-visit
verifying-pin/visit  | stopped              | undoing:refused(pin-wrong) +undo-visit
verifying-pin/visit  | pin-verified         | noting +note:settle
awaiting-return      | card-present         | comparing +compare-card
awaiting-return      | time-over            | refused(card-removed)
awaiting-return/visit| card-present         | comparing +compare-card
awaiting-return/visit| time-over            | undoing:refused(card-removed) +undo-visit
comparing            | card-lost            | awaiting-return +await-card
comparing            | card-lost/trouble    | refused(reader-hung)
comparing            | card-compared/same   | verifying-pin +verify-pin
comparing            | card-compared/other  | refused(card-swapped)
comparing/visit      | card-lost            | awaiting-return +await-card
comparing/visit      | card-lost/trouble    | undoing:refused(reader-hung) +undo-visit
comparing/visit      | card-compared/same   | verifying-pin +verify-pin
comparing/visit      | card-compared/other  | undoing:refused(card-swapped) +undo-visit
settling             | host-refused         | closing:refused(host-refused) +refused
settling             | not-sent             | closing:refused(request-expired) +void
settling             | host-undecided       | closing:unknown(timeout) +unknown
settling             | settled              | closing:paid(S1,flagged) +done
settling/visit       | host-refused         | undoing:refused(host-refused) +undo-visit
settling/visit       | not-sent             | undoing:refused(request-expired) +undo-visit
settling/visit       | host-undecided       | closing:unknown(timeout) +unknown
settling/visit       | settled              | closing:paid(S1,flagged) +done
undoing              | visit-undone         | closing:refused(host-refused) +refused
undoing              | visit-standing       | closing:unknown(timeout) +unknown
undoing              | journal-failed       | unknown(store-broken)
closing              | entry-durable        | unknown(timeout)
closing              | journal-failed       | unknown(store-broken)
impossible: 1050
`;
