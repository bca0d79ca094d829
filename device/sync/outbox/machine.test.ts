/* The table: every state by every event, from one typical ledger; then the arithmetic of receipts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Action,
  EMPTY_LEDGER,
  type Event,
  type Events,
  type Ledger,
  NEED_PAUSE_MS,
  OUTBOX_RULES,
  type State,
  step,
  WINDOW_LIMITS,
  waitsOf,
} from "./machine.ts";

/** Batches 1 to 5 settled, 6 and 7 in flight, 8 and 9 waiting, entries 91 to 95 not yet in a batch. */
const LEDGER: Ledger = { ...EMPTY_LEDGER, lastBatch: 9, batchedThrough: 90, lastSeq: 95, settled: 5, acknowledged: 5, sentThrough: 7, window: 4 };

const EVENTS: { readonly [Name in keyof Events]: Events[Name] } = {
  started: { lastBatch: 3, batchedThrough: 30, lastSeq: 31, settled: 2, linkUp: true },
  stopped: {},
  "link-up": {},
  "link-down": {},
  "host-heard": { drain: undefined },
  "host-silent": {},
  "entries-appended": { lastSeq: 99 },
  "batches-planned": { lastBatch: 10, batchedThrough: 95 },
  "plan-failed": {},
  "batch-published": { batchSeq: 6 },
  "publish-failed": { batchSeq: 7 },
  receipt: { upTo: 6, need: undefined, slowMs: 0, nowMs: 0 },
  "receipt-missing": {},
  "pause-over": {},
  "probe-due": {},
  "batch-damaged": { batchSeq: 6 },
  "journal-failed": {},
};

function makeState(at: State["at"], ledger: Ledger = LEDGER): State {
  return at === "halted" ? { at, ledger, reason: "journal-failed" } : { at, ledger };
}

const writeAction = (action: Action): string =>
  action.do === "plan" ? `plan ${action.batchesMax}` : action.do === "send" ? `send ${action.batchSeq}` : `settle ${action.upTo}`;

/** "." nothing changed; else the new state, what changed in the ledger, and the actions. */
function cell(state: State, event: Event): string {
  const next = step(state, event);
  if (next.state === state) return ".";
  const changes = Object.entries(next.state.ledger)
    .filter(([name, value]) => name !== "pause" && value !== state.ledger[name as keyof Ledger])
    .map(([name, value]) => `${name}=${String(value)}`);
  const pause = next.state.ledger.pause === state.ledger.pause ? [] : [`pause=${next.state.ledger.pause?.kind ?? "none"}`];
  return [next.state.at, ...changes, ...pause, ...next.actions.map(writeAction)].join(" ");
}

const STATES = ["stopped", "offline", "unheard", "held", "draining", "halted"] as const satisfies readonly State["at"][];

const RESTART = "unheard lastBatch=3 batchedThrough=30 lastSeq=31 settled=2 acknowledged=2 sentThrough=2";
const FAILED = "sentThrough=6 misses=1 pause=retry";

/** One row for each event; columns as STATES. */
const TABLE: { readonly [Name in keyof Events]: readonly [string, string, string, string, string, string] } = {
  started: [RESTART, ".", ".", ".", ".", RESTART],
  stopped: [".", "stopped", "stopped", "stopped", "stopped", "stopped"],
  "link-up": [".", "unheard sentThrough=5", ".", ".", ".", "."],
  "link-down": [".", ".", "offline sentThrough=5", "offline sentThrough=5", "offline sentThrough=5", "."],
  "host-heard": [".", ".", "draining sentThrough=9 send 8 send 9", "held", "draining", "."],
  "host-silent": [".", ".", ".", "unheard", "unheard", "."],
  "entries-appended": [".", "offline lastSeq=99", "unheard lastSeq=99", "held lastSeq=99", "draining lastSeq=99 sentThrough=9 send 8 send 9", "."],
  "batches-planned": [
    ".",
    "offline lastBatch=10 batchedThrough=95",
    "unheard lastBatch=10 batchedThrough=95",
    "held lastBatch=10 batchedThrough=95",
    "draining lastBatch=10 batchedThrough=95 sentThrough=9 send 8 send 9",
    ".",
  ],
  "plan-failed": [".", "offline misses=1 pause=retry", "unheard misses=1 pause=retry", "held misses=1 pause=retry", "draining misses=1 pause=retry", "."],
  "batch-published": [".", ".", ".", ".", ".", "."],
  "publish-failed": [".", `offline ${FAILED}`, `unheard ${FAILED}`, `held ${FAILED}`, `draining ${FAILED}`, "."],
  receipt: [
    ".",
    "offline settled=6 acknowledged=6 settle 6",
    "unheard settled=6 acknowledged=6 settle 6",
    "held settled=6 acknowledged=6 settle 6",
    "draining settled=6 acknowledged=6 sentThrough=9 planning=true settle 6 send 8 send 9 plan 1",
    ".",
  ],
  "receipt-missing": [".", ".", ".", ".", "draining window=2 misses=1 send 6 send 7", "."],
  "pause-over": [".", "offline", "unheard", "held", "draining sentThrough=9 send 8 send 9", "."],
  "probe-due": [".", ".", "unheard sentThrough=6 send 6", ".", ".", "."],
  "batch-damaged": [".", "halted", "halted", "halted", "halted", "."],
  "journal-failed": [".", "halted", "halted", "halted", "halted", "."],
};

describe("outbox machine: every state by every event", () => {
  for (const [name, row] of Object.entries(TABLE) as [keyof Events, readonly string[]][]) {
    it.each(STATES.map((at, index) => [at, row[index] ?? ""]))(`${name} in %s`, (at, expected) => {
      // The pair of a name and its own facts is an event; the compiler cannot follow that over a loop of names.
      expect(cell(makeState(at), { is: name, ...EVENTS[name] } as Event)).toBe(expected);
    });
  }

  it("the table has a row for every event and a column for every state", () => {
    for (const at of STATES) expect(Object.keys(OUTBOX_RULES[at]).sort()).toEqual(Object.keys(TABLE).sort());
  });
});

const draining = (change: Partial<Ledger> = {}): State => makeState("draining", { ...LEDGER, ...change });
const receipt = (change: Partial<Events["receipt"]>): Event => ({ is: "receipt", ...EVENTS.receipt, ...change });

describe("outbox machine: cases of the ledger", () => {
  it.each<[string, State, Event, string]>([
    ["an old receipt changes nothing of ours", draining(), receipt({ upTo: 3 }), "draining sentThrough=9 send 8 send 9"],
    ["a gap: sending starts again there", draining({ sentThrough: 9 }), receipt({ upTo: 5, need: 6 }), "draining needAtMs=0 send 6 send 7 send 8 send 9"],
    [
      "a gap told again within a second is not obeyed again",
      draining({ sentThrough: 9, needAtMs: 0 }),
      receipt({ upTo: 5, need: 6, nowMs: NEED_PAUSE_MS - 1 }),
      "draining",
    ],
    [
      "a gap told again later is",
      draining({ sentThrough: 9, needAtMs: 0 }),
      receipt({ upTo: 5, need: 6, nowMs: NEED_PAUSE_MS }),
      "draining needAtMs=1000 send 6 send 7 send 8 send 9",
    ],
    [
      "progress with need = upTo + 1 is only progress",
      draining({ sentThrough: 9 }),
      receipt({ upTo: 7, need: 8 }),
      "draining settled=7 acknowledged=7 planning=true settle 7 plan 2",
    ],
    [
      "a restored host: back to what it has, settled stays",
      draining({ sentThrough: 9 }),
      receipt({ upTo: 2, need: 3 }),
      "draining acknowledged=2 sentThrough=6 needAtMs=0 send 3 send 4 send 5 send 6",
    ],
    [
      "need below upTo names the place to go back to",
      draining({ sentThrough: 9 }),
      receipt({ upTo: 7, need: 3 }),
      "draining settled=7 acknowledged=2 sentThrough=6 needAtMs=0 settle 7 send 3 send 4 send 5 send 6",
    ],
    [
      "need beyond upTo + 1 contradicts it",
      draining({ sentThrough: 9 }),
      receipt({ upTo: 6, need: 9 }),
      "draining settled=6 acknowledged=6 planning=true settle 6 plan 1",
    ],
    [
      "a receipt beyond what we sent since the start is progress",
      draining(),
      receipt({ upTo: 9 }),
      "draining settled=9 acknowledged=9 sentThrough=9 planning=true settle 9 plan 4",
    ],
    [
      "slow: a pause, then one batch at a time",
      draining(),
      receipt({ upTo: 7, slowMs: 500 }),
      "draining settled=7 acknowledged=7 slow=true pause=host settle 7",
    ],
    [
      "after that pause",
      draining({ acknowledged: 7, settled: 7, slow: true, pause: { kind: "host", forMs: 500 } }),
      { is: "pause-over" },
      "draining sentThrough=8 pause=none send 8",
    ],
    ["paused: nothing is sent or planned", draining({ pause: { kind: "retry" } }), { is: "entries-appended", lastSeq: 99 }, "draining lastSeq=99"],
    ["the window never falls below two", draining({ window: 2, sentThrough: 7 }), { is: "receipt-missing" }, "draining misses=1 send 6 send 7"],
    [
      "the window grows again with receipts",
      draining({ window: 2, sentThrough: 7 }),
      receipt({ upTo: 6 }),
      "draining settled=6 acknowledged=6 sentThrough=9 window=3 settle 6 send 8 send 9",
    ],
    ["the host asks to wait", draining(), { is: "host-heard", drain: false }, "held"],
    ["the host lets go on", makeState("held", { ...LEDGER, sentThrough: 9 }), { is: "host-heard", drain: true }, "draining"],
    ["unheard, and the host asks to wait", makeState("unheard"), { is: "host-heard", drain: false }, "held"],
    [
      "a link that comes back forgets old failures",
      makeState("offline", { ...LEDGER, misses: 4, pause: { kind: "retry" } }),
      { is: "link-up" },
      "unheard sentThrough=5 misses=0 pause=none",
    ],
    [
      "a probe with everything batched and receipted makes a batch first",
      makeState("unheard", { ...LEDGER, acknowledged: 9, sentThrough: 9 }),
      { is: "probe-due" },
      "unheard planning=true probing=true plan 1",
    ],
    [
      "and sends it when it is durable",
      makeState("unheard", { ...LEDGER, acknowledged: 9, sentThrough: 9, planning: true, probing: true }),
      { is: "batches-planned", lastBatch: 10, batchedThrough: 95 },
      "unheard lastBatch=10 batchedThrough=95 sentThrough=10 planning=false probing=false send 10",
    ],
    [
      "a probe with nothing to say stays silent",
      makeState("unheard", { ...LEDGER, acknowledged: 9, sentThrough: 9, lastSeq: 90 }),
      { is: "probe-due" },
      "unheard",
    ],
    [
      "a kept batch that cannot be made again does not stop the others",
      draining({ acknowledged: 2, sentThrough: 4 }),
      { is: "batch-damaged", batchSeq: 3 },
      "draining acknowledged=5 sentThrough=5 misses=1 pause=retry",
    ],
    ["a publish that failed after its receipt came is no news", draining({ acknowledged: 7 }), { is: "publish-failed", batchSeq: 7 }, "draining"],
    ["started without a link", makeState("stopped"), { is: "started", ...EVENTS.started, linkUp: false }, RESTART.replace("unheard", "offline")],
  ])("%s", (_, state, event, expected) => {
    expect(cell(state, event)).toBe(expected);
  });
});

describe("outbox machine: waits", () => {
  it.each<[string, State, readonly string[]]>([
    ["stopped", makeState("stopped"), []],
    ["halted", makeState("halted"), []],
    ["offline", makeState("offline"), []],
    ["unheard with something to send", makeState("unheard"), ["probe"]],
    ["unheard with nothing to send", makeState("unheard", { ...LEDGER, acknowledged: 9, sentThrough: 9, lastSeq: 90 }), []],
    ["draining with batches in flight", makeState("draining"), ["receipt"]],
    ["draining with nothing in flight", makeState("draining", { ...LEDGER, sentThrough: 5 }), []],
    ["paused", makeState("draining", { ...LEDGER, pause: { kind: "retry" } }), ["pause", "receipt"]],
    ["held", makeState("held"), []],
  ])("%s", (_, state, expected) => {
    expect(waitsOf(state).map((wait) => wait.for)).toEqual(expected);
  });

  it("every missed receipt and every progress begins a new wait", () => {
    const key = (ledger: Partial<Ledger>) => waitsOf(draining(ledger)).find((wait) => wait.for === "receipt")?.key;
    expect(new Set([key({}), key({ misses: 1 }), key({ acknowledged: 6 }), key({ needAtMs: 5 })]).size).toBe(4);
  });
});

describe("outbox machine: any history", () => {
  const small = fc.integer({ min: 0, max: 12 });
  const events: fc.Arbitrary<Event> = fc.oneof(
    fc.constantFrom<Event>(
      { is: "link-up" },
      { is: "link-down" },
      { is: "host-silent" },
      { is: "plan-failed" },
      { is: "receipt-missing" },
      { is: "pause-over" },
      { is: "probe-due" },
    ),
    fc.constantFrom(true, false, undefined).map((drain): Event => ({ is: "host-heard", drain })),
    small.map((lastSeq): Event => ({ is: "entries-appended", lastSeq: lastSeq * 10 })),
    small.map((batchSeq): Event => ({ is: "publish-failed", batchSeq })),
    fc
      .record({
        upTo: small,
        need: fc.option(fc.integer({ min: 1, max: 14 }), { nil: undefined }),
        slowMs: fc.constantFrom(0, 0, 100),
        nowMs: small.map((n) => n * 400),
      })
      .map((facts): Event => ({ is: "receipt", ...facts })),
    fc.constant<Event>({ is: "batches-planned", lastBatch: 0, batchedThrough: 0 }),
  );

  it("sends only durable batches, within the window, and settles each receipt once and upwards", () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 120 }), (history) => {
        let state = step(
          { at: "stopped", ledger: EMPTY_LEDGER },
          { is: "started", lastBatch: 4, batchedThrough: 40, lastSeq: 40, settled: 2, linkUp: true },
        ).state;
        for (const drawn of history) {
          const { ledger } = state;
          // A receipt was checked against our own batches; a plan ends only when one was begun, and makes one batch.
          if (drawn.is === "receipt" && drawn.upTo > ledger.lastBatch) continue;
          if ((drawn.is === "batches-planned" || drawn.is === "plan-failed") && !ledger.planning) continue;
          const event: Event = drawn.is === "batches-planned" ? { ...drawn, lastBatch: ledger.lastBatch + 1, batchedThrough: ledger.lastSeq } : drawn;
          const next = step(state, event);
          const after = next.state.ledger;
          expect(after.sentThrough).toBeGreaterThanOrEqual(after.acknowledged);
          expect(after.sentThrough).toBeLessThanOrEqual(after.lastBatch);
          expect(after.settled).toBeGreaterThanOrEqual(ledger.settled);
          expect(after.window).toBeGreaterThanOrEqual(WINDOW_LIMITS.least);
          expect(after.window).toBeLessThanOrEqual(WINDOW_LIMITS.most);
          for (const action of next.actions) {
            if (action.do === "settle") expect(action.upTo).toBeGreaterThan(ledger.settled);
            if (action.do === "send") {
              expect(["draining", "unheard"]).toContain(next.state.at);
              expect(action.batchSeq).toBeLessThanOrEqual(after.lastBatch);
              expect(action.batchSeq - after.acknowledged).toBeLessThanOrEqual(WINDOW_LIMITS.most);
            }
          }
          state = next.state;
        }
      }),
      { numRuns: 500 },
    );
  });
});
