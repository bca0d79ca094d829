/* The machine as a table: what follows from each event in each state, and where plan or payload decide. */
import { describe, expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { BANK_RULES, decide, FIRST_STEP } from "./machine.ts";
import { CARD_TRIES_MAX } from "./rules.ts";
import type { Approval, BankPlan, Event, EventOf, State, StateOf, Step } from "./types.ts";

const PLAN: BankPlan = { card: "signs", asksPin: true, keepsPartial: false, cardRefusal: "reverse" };
const INTENT = { subject: "s", seq: 1 };
const APPROVAL: Approval = { responseCode: "00", amount: fen(100), partial: false, retrievalReference: "000000000001" };
const DECLINED = { declined: "51", reason: "funds-short" };

const STATES: { readonly [At in State["at"]]: StateOf<At> } = {
  "looking-up": { at: "looking-up" },
  readying: { at: "readying" },
  "awaiting-card": { at: "awaiting-card", tries: 0 },
  "reading-card": { at: "reading-card", tries: 0 },
  "taking-line": { at: "taking-line" },
  "entering-pin": { at: "entering-pin" },
  signing: { at: "signing" },
  preparing: { at: "preparing" },
  sending: { at: "sending", intent: INTENT },
  "telling-card": { at: "telling-card", intent: INTENT, reply: APPROVAL },
  "noting-unknown": { at: "noting-unknown", intent: INTENT, reason: "timeout" },
  reversing: { at: "reversing", subject: "s", reason: "timeout" },
  closing: { at: "closing", subject: "s", outcome: { kind: "approved", subject: "s", amount: fen(100), retrievalReference: "1" } },
  ended: { at: "ended", outcome: { kind: "no-card" } },
};

const EVENTS: { readonly [Is in Event["is"]]: EventOf<Is> } = {
  "looked-up": { is: "looked-up", known: { kind: "new" } },
  "line-clear": { is: "line-clear" },
  "line-refused": { is: "line-refused", reason: "reversal-pending" },
  "card-present": { is: "card-present" },
  "time-over": { is: "time-over" },
  "card-read": { is: "card-read" },
  "card-unusable": { is: "card-unusable", reason: "chip-only" },
  "card-lost": { is: "card-lost", code: "card-removed" },
  "pin-entered": { is: "pin-entered" },
  "pin-refused": { is: "pin-refused", reason: "pin-cancelled" },
  "card-signed": { is: "card-signed" },
  "not-admitted": { is: "not-admitted", reason: "batch-full" },
  "entry-durable": { is: "entry-durable", entry: { subject: "s", seq: 2 } },
  "journal-failed": { is: "journal-failed", code: "store-broken", effectUnknown: true },
  approved: { is: "approved", approval: APPROVAL },
  declined: { is: "declined", responseCode: "51", reason: "funds-short" },
  "not-sent": { is: "not-sent", reason: "link-down" },
  "reply-unknown": { is: "reply-unknown", cause: "98", reason: "timeout" },
  "card-told": { is: "card-told", accepted: true },
  reversed: { is: "reversed" },
  "not-reversed": { is: "not-reversed" },
};

function told({ state, command }: Step): string {
  const reason = "outcome" in state && "reason" in state.outcome ? `(${state.outcome.reason})` : "";
  const outcome = "outcome" in state ? `:${state.outcome.kind}${reason}` : "";
  const entry = command?.do === "append" ? `:${command.entry.state}` : "";
  return `${state.at}${outcome}${command === undefined ? "" : ` +${command.do}${entry}`}`;
}

function cell(at: State["at"], is: Event["is"]): string {
  const rule = BANK_RULES[at][is];
  if (rule === "impossible") return "X";
  return rule === "ignore" ? "." : told(decide(BANK_RULES, PLAN, STATES[at], EVENTS[is]));
}

function following<At extends State["at"], Is extends Event["is"]>(
  at: At,
  is: Is,
  more: { readonly plan?: Partial<BankPlan>; readonly state?: Partial<StateOf<At>>; readonly event?: Partial<EventOf<Is>> } = {},
): string {
  // Members are replaced by others of the same kind.
  return told(decide(BANK_RULES, { ...PLAN, ...more.plan }, { ...STATES[at], ...more.state } as State, { ...EVENTS[is], ...more.event } as Event));
}

describe("the table", () => {
  test("begins with the reference", () => {
    expect(told(FIRST_STEP)).toBe("looking-up +look-up");
  });

  test("says this, and nothing else", () => {
    const rows = Object.keys(STATES).flatMap((at) =>
      Object.keys(EVENTS).flatMap((is) => {
        const found = cell(at as State["at"], is as Event["is"]);
        return found === "X" ? [] : [`${at} | ${is} | ${found}`];
      }),
    );
    expect(rows).toEqual([
      "looking-up | looked-up | readying +clear-line",
      "looking-up | journal-failed | ended:refused(store-broken)",
      "readying | line-clear | awaiting-card +await-card",
      "readying | line-refused | ended:refused(reversal-pending)",
      "awaiting-card | card-present | reading-card +read-card",
      "awaiting-card | time-over | ended:no-card",
      "reading-card | card-read | taking-line +take-line",
      "reading-card | card-unusable | ended:refused(chip-only)",
      "reading-card | card-lost | awaiting-card +await-card",
      "taking-line | line-clear | entering-pin +ask-pin",
      "taking-line | line-refused | ended:refused(reversal-pending)",
      "entering-pin | pin-entered | signing +sign",
      "entering-pin | pin-refused | ended:refused(pin-cancelled)",
      "signing | card-unusable | ended:refused(chip-only)",
      "signing | card-lost | ended:refused(card-removed)",
      "signing | card-signed | preparing +append-intent",
      "preparing | not-admitted | ended:refused(batch-full)",
      "preparing | entry-durable | sending +send",
      "preparing | journal-failed | ended:unknown(store-broken)",
      "sending | approved | telling-card +tell-card",
      "sending | declined | telling-card +tell-card",
      "sending | not-sent | closing:refused(link-down) +append:void",
      "sending | reply-unknown | noting-unknown +append:unknown",
      "telling-card | card-lost | noting-unknown +append:unknown",
      "telling-card | card-told | closing:approved +append:done",
      "noting-unknown | entry-durable | reversing +reverse",
      "noting-unknown | journal-failed | ended:unknown(store-broken)",
      "reversing | journal-failed | ended:unknown(store-broken)",
      "reversing | reversed | ended:refused(timeout)",
      "reversing | not-reversed | ended:unknown(timeout)",
      "closing | entry-durable | ended:approved",
      "closing | journal-failed | ended:unknown(store-broken)",
    ]);
  });

  test("takes nothing that cannot come", () => {
    expect(() => following("ended", "approved")).toThrow("approved cannot happen while ended");
  });
});

describe("what plan and payload decide", () => {
  test.each<readonly [string, string, string]>([
    ["an act without a card asks for none", following("looking-up", "looked-up", { plan: { card: "absent" } }), "taking-line +take-line"],
    [
      "an act that is known is told",
      following("looking-up", "looked-up", { event: { known: { kind: "known", outcome: { kind: "unknown", reason: "timeout" } } } }),
      "ended:unknown(timeout)",
    ],
    [
      "an act that cannot be begins nothing",
      following("looking-up", "looked-up", { event: { known: { kind: "refused", reason: "reference-conflict" } } }),
      "ended:refused(reference-conflict)",
    ],
    ["below the limit nobody asks for a PIN", following("taking-line", "line-clear", { plan: { asksPin: false } }), "signing +sign"],
    [
      "a card that only shows itself signs nothing",
      following("taking-line", "line-clear", { plan: { asksPin: false, card: "shows" } }),
      "preparing +append-intent",
    ],
    ["a card is asked for a few times", following("reading-card", "card-lost", { state: { tries: CARD_TRIES_MAX - 2 } }), "awaiting-card +await-card"],
    ["and then no more", following("reading-card", "card-lost", { state: { tries: CARD_TRIES_MAX - 1 } }), "ended:refused(card-removed)"],
    [
      "what was certainly not written was not begun",
      following("preparing", "journal-failed", { event: { effectUnknown: false } }),
      "ended:refused(store-broken)",
    ],
    [
      "less than was asked for is taken back",
      following("sending", "approved", { event: { approval: { ...APPROVAL, partial: true } } }),
      "noting-unknown +append:unknown",
    ],
    [
      "or kept",
      following("sending", "approved", { plan: { keepsPartial: true }, event: { approval: { ...APPROVAL, partial: true } } }),
      "telling-card +tell-card",
    ],
    ["a card that declines takes the approval back", following("telling-card", "card-told", { event: { accepted: false } }), "noting-unknown +append:unknown"],
    ["or not", following("telling-card", "card-told", { plan: { cardRefusal: "keep" }, event: { accepted: false } }), "closing:approved +append:done"],
    ["a card that left neither", following("telling-card", "card-lost", { plan: { cardRefusal: "keep" } }), "closing:approved +append:done"],
    [
      "declined stays declined, told or not",
      following("telling-card", "card-lost", { state: { reply: DECLINED } }),
      "closing:refused(funds-short) +append:refused",
    ],
    ["whatever the card thinks", following("telling-card", "card-told", { state: { reply: DECLINED } }), "closing:refused(funds-short) +append:refused"],
  ])("%s", (_name, found, expected) => {
    expect(found).toBe(expected);
  });

  test("a reversal says why: a partial approval and a card's no are no lost replies", () => {
    const causeOf = ({ command }: Step) => (command?.do === "append" ? command.entry.cause : undefined);
    const partial = { is: "approved", approval: { ...APPROVAL, partial: true } } as const;
    expect(causeOf(decide(BANK_RULES, PLAN, STATES.sending, partial))).toBe("06");
    expect(causeOf(decide(BANK_RULES, PLAN, STATES.sending, EVENTS["reply-unknown"]))).toBe("98");
    expect(causeOf(decide(BANK_RULES, PLAN, STATES["telling-card"], { is: "card-told", accepted: false }))).toBe("06");
  });

  test.each<readonly [string, Step, object]>([
    ["an approval goes to the card", decide(BANK_RULES, PLAN, STATES.sending, EVENTS.approved), { do: "tell-card", approved: true, responseCode: "00" }],
    ["so does a no", decide(BANK_RULES, PLAN, STATES.sending, EVENTS.declined), { do: "tell-card", approved: false, responseCode: "51" }],
    [
      "what was not sent is closed",
      decide(BANK_RULES, PLAN, STATES.sending, EVENTS["not-sent"]),
      { do: "append", entry: { state: "void", after: INTENT, reason: "link-down" } },
    ],
    [
      "silence is noted with its cause",
      decide(BANK_RULES, PLAN, STATES.sending, EVENTS["reply-unknown"]),
      { do: "append", entry: { state: "unknown", after: INTENT, cause: "98", reason: "timeout" } },
    ],
    [
      "a card's no is noted",
      decide(BANK_RULES, PLAN, STATES["telling-card"], { is: "card-told", accepted: false }),
      { do: "append", entry: { state: "unknown", after: INTENT, cause: "06", reason: "card-declined" } },
    ],
    [
      "a card that left is noted by its fault",
      decide(BANK_RULES, PLAN, STATES["telling-card"], EVENTS["card-lost"]),
      { do: "append", entry: { state: "unknown", after: INTENT, cause: "06", reason: "card-removed" } },
    ],
    [
      "an approval is written as it was said",
      decide(BANK_RULES, PLAN, STATES["telling-card"], EVENTS["card-told"]),
      { do: "append", entry: { state: "done", after: INTENT, approval: APPROVAL } },
    ],
    [
      "and so is a no",
      decide(BANK_RULES, PLAN, { ...STATES["telling-card"], reply: DECLINED }, EVENTS["card-told"]),
      { do: "append", entry: { state: "refused", after: INTENT, reason: "funds-short", responseCode: "51" } },
    ],
    ["what is noted is reversed", decide(BANK_RULES, PLAN, STATES["noting-unknown"], EVENTS["entry-durable"]), { do: "reverse", subject: "s" }],
  ])("%s", (_name, { command }, expected) => {
    expect(command).toEqual(expected);
  });

  test.each([
    ["what was reversed", EVENTS.reversed, { kind: "refused", reason: "timeout", subject: "s" }],
    ["what was not", EVENTS["not-reversed"], { kind: "unknown", reason: "timeout", subject: "s" }],
    ["what nobody could write", EVENTS["journal-failed"], { kind: "unknown", reason: "store-broken", subject: "s" }],
  ] as const)("%s is told with its record", (_name, event, outcome) => {
    expect(decide(BANK_RULES, PLAN, STATES.reversing, event).state).toEqual({ at: "ended", outcome });
  });

  test("a lost card counts as a try", () => {
    expect(decide(BANK_RULES, PLAN, { at: "reading-card", tries: 1 }, EVENTS["card-lost"]).state).toEqual({ at: "awaiting-card", tries: 2 });
  });

  test("what is with the card and what is noted keep why", () => {
    expect(decide(BANK_RULES, PLAN, STATES.sending, EVENTS.declined).state).toEqual({ at: "telling-card", intent: INTENT, reply: DECLINED });
    const partial = { is: "approved", approval: { ...APPROVAL, partial: true } } as const;
    expect(decide(BANK_RULES, { ...PLAN, keepsPartial: false }, STATES.sending, partial)).toEqual({
      state: { at: "noting-unknown", intent: INTENT, reason: "partial-approval" },
      command: { do: "append", entry: { state: "unknown", after: INTENT, cause: "06", reason: "partial-approval" } },
    });
  });

  test("an approval without an authorization names none", () => {
    const { state } = decide(BANK_RULES, PLAN, STATES["telling-card"], EVENTS["card-told"]);
    expect(state.at === "closing" && Object.keys(state.outcome)).toEqual(["kind", "subject", "amount", "retrievalReference"]);
  });

  test("the first look waits for nothing, the next ones a moment", () => {
    const pauseOf = ({ command }: Step) => (command?.do === "await-card" ? command.pauseMs : undefined);
    expect(pauseOf(decide(BANK_RULES, PLAN, STATES.readying, EVENTS["line-clear"]))).toBe(0);
    expect(pauseOf(decide(BANK_RULES, PLAN, STATES["reading-card"], EVENTS["card-lost"]))).toBe(300);
  });

  test("approvals and refusals name their record and all that was said", () => {
    const approved = { ...APPROVAL, authorization: "123456" };
    const closing = decide(BANK_RULES, PLAN, { ...STATES["telling-card"], reply: approved }, EVENTS["card-told"]).state;
    expect(closing).toEqual({
      at: "closing",
      subject: "s",
      outcome: { kind: "approved", subject: "s", amount: 100, retrievalReference: "000000000001", authorization: "123456" },
    });
    const declined = decide(BANK_RULES, PLAN, { ...STATES["telling-card"], reply: DECLINED }, EVENTS["card-told"]).state;
    expect(declined).toMatchObject({ outcome: { kind: "refused", reason: "funds-short", subject: "s", responseCode: "51" } });
  });
});
