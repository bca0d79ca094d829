/* Recovery against a journal that a test writes by hand: what is asked of it, what is handed to it, and what it may never hold. */
import { expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { type Log, SILENT } from "../../base/log.ts";
import type { EntryDraft, Journal, JournalEntry, JsonObject, OpenSubject, RecordState } from "../journal/types.ts";
import { RECOVERY_RULES, recoverAtStart } from "./recover.ts";

interface Contents {
  readonly subjects: number;
  readonly state?: RecordState;
  readonly entries?: readonly JournalEntry[];
}

const ENTRY: JournalEntry = {
  seq: 1,
  subject: "j-1",
  kind: "quick-payment",
  state: "prepared",
  amount: fen(5),
  boot: 1,
  wallMs: 0,
  monotonicMs: 0,
  detail: { step: "prepared" },
  hash: "",
};

/** A journal of boot 2 with open subjects of boot 1; keeps what is asked for and what is appended. */
function makeJournal({ subjects, state = "prepared", entries = [ENTRY] }: Contents) {
  const asked: number[] = [];
  const appended: EntryDraft[] = [];
  const open = Array.from({ length: subjects }, (_, index): OpenSubject => {
    const seq = index + 1;
    return { subject: `j-${seq}`, kind: "quick-payment", state, amount: fen(5), firstSeq: seq, lastSeq: seq };
  });
  const journal: Journal = {
    terminalId: "T1",
    journalId: "00".repeat(16),
    boot: 2,
    append: (draft) => {
      appended.push(draft);
      return Promise.resolve({ ...ENTRY, state: draft.state, boot: 2 });
    },
    entriesOf: () => Promise.resolve(entries),
    openSubjects: ({ afterFirstSeq = 0, limit }) => {
      asked.push(afterFirstSeq);
      return Promise.resolve(open.filter(({ firstSeq }) => firstSeq > afterFirstSeq).slice(0, limit));
    },
    mark: () => Promise.resolve(undefined),
    setMarks: () => Promise.resolve(),
    unreceipted: () => ({ count: 0, sumFen: 0 }),
    usage: () => Promise.reject(new Error("recovery does not ask for the usage")),
  };
  return { journal, asked, appended };
}

test.each([
  [0, [0]],
  [3, [0]],
  [99, [0]],
  [100, [0, 100]],
  [150, [0, 100]],
])("%i open subjects: a page that is not full is the last one", async (subjects, expected) => {
  const { journal, asked } = makeJournal({ subjects });
  expect(await recoverAtStart({ journal, log: SILENT })).toEqual({ changed: subjects, open: subjects });
  expect(asked).toEqual(expected);
});

test.each<[RecordState, number]>([
  ["unknown", 1],
  ["resolving", 1],
  ["refused", 0],
  ["done", 0],
])("a subject that becomes %s counts as open: %i", async (state, open) => {
  const { journal } = makeJournal({ subjects: 1 });
  const rules = { ...RECOVERY_RULES, "quick-payment": { ...RECOVERY_RULES["quick-payment"], prepared: { state, reason: "restart" } } };
  expect(await recoverAtStart({ journal, log: SILENT }, rules)).toEqual({ changed: 1, open });
});

test.each<[string, JsonObject | undefined]>([
  ["without personal fields", undefined],
  ["with personal fields", { cardSerial: "00" }],
])("the new entry of a sale %s holds these and no others", async (_, personal) => {
  const later: JournalEntry = { ...ENTRY, seq: 2, state: "acting", detail: { step: "acting", more: 1 } };
  const entries = [personal === undefined ? ENTRY : { ...ENTRY, personal }, later];
  const { journal, appended } = makeJournal({ subjects: 1, entries });
  await recoverAtStart({ journal, log: SILENT });
  expect(appended).toStrictEqual([
    {
      subject: "j-1",
      kind: "quick-payment",
      state: "unknown",
      amount: 5,
      detail: { step: "acting", more: 1, reason: "restart" },
      ...(personal === undefined ? {} : { personal }),
    },
  ]);
});

test("what was found is told to the log", async () => {
  const told: unknown[] = [];
  const log: Log = { ...SILENT, info: (event, fields) => told.push([event, fields]) };
  await recoverAtStart({ journal: makeJournal({ subjects: 2 }).journal, log });
  expect(told).toEqual([["recovered-at-start", { changed: 2, open: 2 }]]);
});

test.each<[string, Contents, string]>([
  ["a subject listed as open though it has ended", { subjects: 1, state: "done" }, "an open subject is in an open state"],
  ["an open subject without entries", { subjects: 1, entries: [] }, "an open subject has entries"],
])("%s is our own mistake", async (_, contents, because) => {
  await expect(recoverAtStart({ journal: makeJournal(contents).journal, log: SILENT })).rejects.toThrow(because);
});
