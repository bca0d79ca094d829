import { describe, expect, test } from "vitest";
import {
  decideResolution,
  firstStep,
  RESOLVER_RULES,
  REVERSALS_OF_ROUND_MAX,
  type ResolverCommand,
  type ResolverEvent,
  type ResolverState,
} from "./resolver-machine.ts";

const SHOP = { undo: [], left: [] } as const;
const VISIT = { undo: ["2205", "2202"], left: [] } as const;
const REGISTERED = { undo: ["2202"], left: [] } as const;

const STATES: Readonly<Record<string, ResolverState>> = {
  reversing: { at: "reversing", reversals: 1, visit: SHOP },
  reconciling: { at: "reconciling", reversals: 1, visit: SHOP },
  "reconciling/last": { at: "reconciling", reversals: REVERSALS_OF_ROUND_MAX, visit: SHOP },
  "reconciling/visit": { at: "reconciling", reversals: 1, visit: VISIT },
  "noting/fees": { at: "noting", reason: "reversed", visit: VISIT },
  "undoing/fees": { at: "undoing", reason: "reversed", visit: VISIT },
  "undoing/visit": { at: "undoing", reason: "reversed", visit: REGISTERED },
  "checking-fees": { at: "checking-fees", reason: "reversed", visit: VISIT },
  querying: { at: "querying" },
  "reading-void": { at: "reading-void" },
  closing: { at: "closing", end: "void" },
  rested: { at: "rested", outcome: "open" },
};

const EVENTS: Readonly<Record<string, ResolverEvent>> = {
  "reversal-done": { is: "reversal-done" },
  "reversal-refused": { is: "reversal-refused" },
  "records/nothing": { is: "records-read", say: "nothing", final: false },
  "records/nothing-final": { is: "records-read", say: "nothing", final: true },
  "records/booked": { is: "records-read", say: "booked", final: false },
  "records/booked-final": { is: "records-read", say: "booked", final: true },
  "records/reversed": { is: "records-read", say: "booked-and-reversed", final: false },
  "records/reversed-final": { is: "records-read", say: "booked-and-reversed", final: true },
  "records-refused": { is: "records-refused" },
  "settlement/standing": { is: "settlement-read", say: "standing", final: false },
  "settlement/standing-final": { is: "settlement-read", say: "standing", final: true },
  "settlement/voided": { is: "settlement-read", say: "voided", final: false },
  "settlement-refused": { is: "settlement-refused" },
  undone: { is: "undone" },
  "undo-refused": { is: "undo-refused" },
  "fees/none": { is: "fees-read", left: "none" },
  "fees/some": { is: "fees-read", left: "some" },
  "fees/unknown": { is: "fees-read", left: "unknown" },
  "host-silent": { is: "host-silent" },
  "entry-durable": { is: "entry-durable" },
  "journal-failed": { is: "journal-failed", code: "store-broken" },
};

function said(command: ResolverCommand): string {
  if (command.do === "append-end") return [`${command.end}:${command.reason}`, ...command.left.map((code) => `left ${code}`)].join(" ");
  return "undo" in command ? `${command.do} ${command.undo}` : command.do;
}

function cell(state: ResolverState, event: ResolverEvent): string | undefined {
  const rule = RESOLVER_RULES[state.at][event.is];
  if (rule === "impossible") return undefined;
  if (rule === "ignore") return ".";
  const { state: next, commands } = decideResolution(RESOLVER_RULES, state, event);
  const name = next.at === "rested" ? next.outcome : "reversals" in next ? `${next.at}#${next.reversals}` : next.at;
  return [name, ...commands.map(said)].join(" + ");
}

describe("a settlement or a void of unknown outcome", () => {
  test("the table of every state and event that is possible in it", () => {
    const lines = Object.entries(STATES).flatMap(([stateName, state]) =>
      Object.entries(EVENTS).flatMap(([eventName, event]) => {
        const text = cell(state, event);
        return text === undefined ? [] : [`${stateName.padEnd(18)}| ${eventName.padEnd(26)}| ${text}`];
      }),
    );
    const all = Object.keys(STATES).length * Object.keys(EVENTS).length;
    expect(`\n${lines.join("\n")}\nimpossible: ${all - lines.length}\n`).toBe(TABLE);
  });

  test("every state and event is in the table; an impossible event is our own mistake", () => {
    expect(new Set(Object.values(STATES).map(({ at }) => at))).toEqual(new Set(Object.keys(RESOLVER_RULES)));
    expect(new Set(Object.values(EVENTS).map(({ is }) => is))).toEqual(new Set(Object.keys(RESOLVER_RULES.rested)));
    expect(() => decideResolution(RESOLVER_RULES, { at: "closing", end: "void" }, { is: "host-silent" })).toThrow("host-silent cannot happen while closing");
    expect(decideResolution(RESOLVER_RULES, { at: "rested", outcome: "open" }, { is: "host-silent" }).commands).toEqual([]);
  });

  test("a round begins with a reversal, or with the settlement that a void names", () => {
    expect(firstStep({ about: "settlement", visit: VISIT })).toEqual({ state: { at: "reversing", reversals: 1, visit: VISIT }, commands: [{ do: "reverse" }] });
    expect(firstStep({ about: "void" })).toEqual({ state: { at: "querying" }, commands: [{ do: "read-settlement" }] });
  });
});

const TABLE = `
reversing         | reversal-done             | reconciling#1 + read-records
reversing         | reversal-refused          | reconciling#1 + read-records
reversing         | host-silent               | open
reversing         | journal-failed            | open
reconciling       | records/nothing           | open
reconciling       | records/nothing-final     | closing + void:never-booked
reconciling       | records/booked            | reversing#2 + reverse
reconciling       | records/booked-final      | reversing#2 + reverse
reconciling       | records/reversed          | open
reconciling       | records/reversed-final    | closing + void:reversed
reconciling       | records-refused           | open
reconciling       | host-silent               | open
reconciling       | journal-failed            | open
reconciling/last  | records/nothing           | open
reconciling/last  | records/nothing-final     | closing + void:never-booked
reconciling/last  | records/booked            | open
reconciling/last  | records/booked-final      | open
reconciling/last  | records/reversed          | open
reconciling/last  | records/reversed-final    | closing + void:reversed
reconciling/last  | records-refused           | open
reconciling/last  | host-silent               | open
reconciling/last  | journal-failed            | open
reconciling/visit | records/nothing           | open
reconciling/visit | records/nothing-final     | noting + note 2205
reconciling/visit | records/booked            | reversing#2 + reverse
reconciling/visit | records/booked-final      | reversing#2 + reverse
reconciling/visit | records/reversed          | open
reconciling/visit | records/reversed-final    | noting + note 2205
reconciling/visit | records-refused           | open
reconciling/visit | host-silent               | open
reconciling/visit | journal-failed            | open
noting/fees       | entry-durable             | undoing + undo 2205
noting/fees       | journal-failed            | open
undoing/fees      | undone                    | noting + note 2202
undoing/fees      | undo-refused              | checking-fees + read-fees
undoing/fees      | host-silent               | open
undoing/fees      | journal-failed            | open
undoing/visit     | undone                    | closing + void:reversed
undoing/visit     | undo-refused              | closing + void:reversed left 2202
undoing/visit     | host-silent               | open
undoing/visit     | journal-failed            | open
checking-fees     | fees/none                 | noting + note 2202
checking-fees     | fees/some                 | open
checking-fees     | fees/unknown              | noting + note 2202
checking-fees     | host-silent               | open
checking-fees     | journal-failed            | open
querying          | settlement/standing       | open
querying          | settlement/standing-final | closing + void:not-voided
querying          | settlement/voided         | closing + done:voided
querying          | settlement-refused        | reading-void + read-void
querying          | host-silent               | open
querying          | journal-failed            | open
reading-void      | records/nothing           | open
reading-void      | records/nothing-final     | open
reading-void      | records/booked            | open
reading-void      | records/booked-final      | closing + void:not-voided
reading-void      | records/reversed          | closing + done:voided
reading-void      | records/reversed-final    | closing + done:voided
reading-void      | records-refused           | open
reading-void      | host-silent               | open
reading-void      | journal-failed            | open
closing           | entry-durable             | void
closing           | journal-failed            | open
rested            | reversal-done             | .
rested            | reversal-refused          | .
rested            | records/nothing           | .
rested            | records/nothing-final     | .
rested            | records/booked            | .
rested            | records/booked-final      | .
rested            | records/reversed          | .
rested            | records/reversed-final    | .
rested            | records-refused           | .
rested            | settlement/standing       | .
rested            | settlement/standing-final | .
rested            | settlement/voided         | .
rested            | settlement-refused        | .
rested            | undone                    | .
rested            | undo-refused              | .
rested            | fees/none                 | .
rested            | fees/some                 | .
rested            | fees/unknown              | .
rested            | host-silent               | .
rested            | entry-durable             | .
rested            | journal-failed            | .
impossible: 168
`;
