/* Planning by itself: what a record carries up, where a batch ends to the byte, how far it shrinks. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { PAYLOAD_BYTES_MAX, ZERO_HASH } from "../../codec/upload.ts";
import type { JournalEntry } from "../../txn/journal/types.ts";
import { DEFAULT_BATCH_LIMITS, planBatch, planRecord, recordsThatFit, shrunkCount, toUploadRecord } from "./plan.ts";

const ENTRY: JournalEntry = {
  seq: 1,
  subject: "j-1",
  kind: "quick-payment",
  state: "done",
  amount: fen(450),
  boot: 2,
  wallMs: 5,
  monotonicMs: 6,
  detail: { step: "done" },
  hash: "ab",
};
const UPLOAD = {
  seq: 1,
  subject: "j-1",
  kind: "quick-payment",
  state: "done",
  amountFen: 450,
  boot: 2,
  wallMs: 5,
  monotonicMs: 6,
  detail: { step: "done" },
};
const IDENTITY = { tid: "T1", journalId: "00".repeat(16) };

it.each<[string, Partial<JournalEntry>, object]>([
  ["neither resolves nor personal fields", {}, {}],
  ["the entry that it resolves", { resolves: 7 }, { resolves: 7 }],
  ["the word on its clock", { clock: { quality: "held", errorMs: 5 } }, { clock: { quality: "held", errorMs: 5 } }],
  ["personal fields", { personal: { cardSerial: "00" } }, { personal: { cardSerial: "00" } }],
])("a record carries %s, and nothing that the entry does not have", (_, more, expected) => {
  expect(toUploadRecord({ ...ENTRY, ...more })).toStrictEqual({ ...UPLOAD, ...expected });
});

it("a batch of ordinary size ends at 400 records or one mebibyte of JSON", () => {
  expect(DEFAULT_BATCH_LIMITS).toEqual({ recordsMax: 400, plainBytesMax: 1_048_576 });
});

describe("the byte bound", () => {
  const records = [1, 2, 3].map((seq) => planRecord({ ...ENTRY, seq }));
  const bytes = records.map(({ text }) => utf8(text).length);
  // Two brackets, and a comma after each record.
  const boundOf = (count: number) => bytes.slice(0, count).reduce((total, size) => total + size + 1, 2);

  it.each([
    [3, 0, 3],
    [3, -1, 2],
    [2, 0, 2],
    [2, -1, 1],
    [1, -1, 1],
  ])("of %i records and their separators %i more: %i", (count, more, expected) => {
    expect(recordsThatFit(records, { recordsMax: 9, plainBytesMax: boundOf(count) + more })).toBe(expected);
  });
});

it("a batch of nothing is our own mistake", () => {
  expect(() => planBatch(IDENTITY, { batchSeq: 0, lastSeq: 0, hash: ZERO_HASH }, [])).toThrow("a batch continues the one before it");
});

it.each([
  [0, 0],
  [1, 1],
  [2, 1],
])("%i records that are too large shrink to %i", (count, expected) => {
  expect(shrunkCount(count, PAYLOAD_BYTES_MAX + 1)).toBe(expected);
});
