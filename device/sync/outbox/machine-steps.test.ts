/* Whole steps and whole waits of the outbox, field by field: what the table of states and events leaves out. */
import { describe, expect, it } from "vitest";
import { EMPTY_LEDGER, type Event, type Ledger, type State, type Step, step, type Wait, waitsOf } from "./machine.ts";

/** Batches 1 to 5 settled, 6 and 7 in flight, 8 and 9 waiting, entries 91 to 95 not yet in a batch. */
const LEDGER: Ledger = { ...EMPTY_LEDGER, lastBatch: 9, batchedThrough: 90, lastSeq: 95, settled: 5, acknowledged: 5, sentThrough: 7, window: 4 };
const RETRY = { kind: "retry" } as const;

const draining = (change: Partial<Ledger> = {}): State => ({ at: "draining", ledger: { ...LEDGER, ...change } });

describe("outbox machine: whole steps", () => {
  it.each<readonly [string, State, Event, Step]>([
    [
      "every entry is in a batch: nothing is planned, though the window is open",
      draining({ sentThrough: 9, acknowledged: 7, lastSeq: 90 }),
      { is: "entries-appended", lastSeq: 90 },
      { state: draining({ sentThrough: 9, acknowledged: 7, lastSeq: 90 }), actions: [] },
    ],
    [
      "entries that came while a batch was made stay known",
      { at: "held", ledger: { ...LEDGER, planning: true } },
      { is: "batches-planned", lastBatch: 10, batchedThrough: 93 },
      { state: { at: "held", ledger: { ...LEDGER, lastBatch: 10, batchedThrough: 93, lastSeq: 95 } }, actions: [] },
    ],
    [
      "a batch may hold entries that were not announced yet",
      { at: "held", ledger: { ...LEDGER, planning: true } },
      { is: "batches-planned", lastBatch: 10, batchedThrough: 97 },
      { state: { at: "held", ledger: { ...LEDGER, lastBatch: 10, batchedThrough: 97, lastSeq: 97 } }, actions: [] },
    ],
    [
      "a receipt is handed to the journal",
      { at: "held", ledger: LEDGER },
      { is: "receipt", upTo: 6, need: undefined, slowMs: 0, nowMs: 0 },
      { state: { at: "held", ledger: { ...LEDGER, settled: 6, acknowledged: 6, sentThrough: 7 } }, actions: [{ do: "settle", upTo: 6 }] },
    ],
    [
      "the last settled batch may have lost its personal fields by rule: no reason to halt",
      draining({ acknowledged: 3, sentThrough: 5 }),
      { is: "batch-damaged", batchSeq: 5 },
      { state: draining({ acknowledged: 5, sentThrough: 5, misses: 1, pause: RETRY }), actions: [] },
    ],
    [
      "a batch that was never receipted and differs halts, by name",
      draining(),
      { is: "batch-damaged", batchSeq: 6 },
      { state: { at: "halted", ledger: LEDGER, reason: "batch-differs" }, actions: [] },
    ],
    [
      "a journal that fails halts, by name",
      draining(),
      { is: "journal-failed" },
      { state: { at: "halted", ledger: LEDGER, reason: "journal-failed" }, actions: [] },
    ],
    ["what changes nothing asks for nothing", draining(), { is: "batch-published", batchSeq: 6 }, { state: draining(), actions: [] }],
  ])("%s", (_, state, event, expected) => {
    expect(step(state, event)).toEqual(expected);
  });

  it("a receipt for a batch that we do not have is our own mistake", () => {
    expect(() => step(draining(), { is: "receipt", upTo: 10, need: undefined, slowMs: 0, nowMs: 0 })).toThrow("checked against our own batch");
    expect(step(draining(), { is: "receipt", upTo: 9, need: undefined, slowMs: 0, nowMs: 0 }).state.ledger.acknowledged).toBe(9);
  });
});

describe("outbox machine: whole waits", () => {
  it.each<readonly [string, State, readonly Wait[]]>([
    ["stopped in a pause", { at: "stopped", ledger: { ...LEDGER, pause: RETRY } }, []],
    ["halted in a pause", { at: "halted", ledger: { ...LEDGER, pause: RETRY }, reason: "batch-differs" }, []],
    [
      "offline in a pause after a failure: its length grows with the misses",
      { at: "offline", ledger: { ...LEDGER, misses: 3, pause: RETRY } },
      [{ for: "pause", key: "pause-retry-5", forMs: undefined, misses: 3 }],
    ],
    [
      "in a pause that the host asked for: as long as it said",
      { at: "held", ledger: { ...LEDGER, pause: { kind: "host", forMs: 500 } } },
      [{ for: "pause", key: "pause-host-5", forMs: 500, misses: 0 }],
    ],
    ["draining with batches in flight", draining({ misses: 2, needAtMs: 7 }), [{ for: "receipt", key: "receipt-5-2-7", misses: 2 }]],
    ["unheard with a batch that the host does not hold", { at: "unheard", ledger: { ...LEDGER, lastSeq: 90 } }, [{ for: "probe", key: "probe" }]],
    ["unheard with entries in no batch yet", { at: "unheard", ledger: { ...LEDGER, acknowledged: 9, sentThrough: 9 } }, [{ for: "probe", key: "probe" }]],
  ])("%s", (_, state, expected) => {
    expect(waitsOf(state)).toEqual(expected);
  });
});
