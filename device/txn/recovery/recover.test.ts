import { describe, expect, test } from "vitest";
import { SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { fen } from "../../base/fen.ts";
import { SILENT } from "../../base/log.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import { openJournal, type TerminalJournal } from "../journal/journal.ts";
import type { EntryDraft, RecordKind, RecordState } from "../journal/types.ts";
import { RECOVERY_RULES, type RecoveryRules, recoverAtStart } from "./recover.ts";

const SUITE = opensslSuite();

class Life {
  readonly disk = new SimulatedJournalDisk();
  #boot = 0;

  async start(): Promise<TerminalJournal> {
    this.#boot += 1;
    if (this.#boot > 1) this.disk.crash();
    const clock = { monotonicMs: () => 0, wallMs: () => 0, sleep: () => Promise.resolve() };
    return openJournal({
      store: this.disk.open(),
      clock,
      randomness: { bytes: (length) => new Uint8Array(length) },
      suite: SUITE,
      storageKey: SUITE.secretKey(new Uint8Array(16)),
      terminalId: "T1",
      log: SILENT,
    });
  }
}

function draft(kind: RecordKind, state: RecordState, subject?: string): EntryDraft {
  return {
    kind,
    state,
    amount: fen(5),
    detail: { step: state, [state]: true },
    card: "c1",
    ...(subject === undefined ? { personal: { cardSerial: "00" } } : { subject }),
  };
}

/** Appends the given states to one subject. */
async function write(journal: TerminalJournal, kind: RecordKind, states: readonly RecordState[]): Promise<string> {
  let subject: string | undefined;
  for (const state of states) subject = (await journal.append(draft(kind, state, subject))).subject;
  return subject ?? "";
}

const KINDS: readonly RecordKind[] = ["quick-payment", "medical-purchase", "operation"];

describe.each(KINDS)("a %s of an earlier life", (kind) => {
  test.each<[readonly RecordState[], string]>([
    [["prepared"], "prepared unknown"],
    [["prepared", "acting"], "prepared acting unknown"],
    [["prepared", "unknown"], "prepared unknown"],
    [["prepared", "unknown", "resolving"], "prepared unknown resolving"],
    [["prepared", "done"], "prepared done"],
    [["prepared", "refused"], "prepared refused"],
    [["prepared", "void"], "prepared void"],
  ])("%o becomes %s", async (states, expected) => {
    const life = new Life();
    const subject = await write(await life.start(), kind, states);
    const journal = await life.start();
    await recoverAtStart({ journal, log: SILENT });
    expect((await journal.entriesOf(subject)).map(({ state }) => state).join(" ")).toBe(expected);
  });
});

test.each<readonly [readonly RecordState[]]>([[["prepared"]], [["prepared", "unknown"]]])(
  "a passage of an earlier life that was left %o ends, because nobody will say who went through",
  async (states) => {
    const life = new Life();
    const subject = await write(await life.start(), "passage", states);
    const journal = await life.start();
    expect(await recoverAtStart({ journal, log: SILENT })).toEqual({ changed: 1, open: 0 });
    expect((await journal.entriesOf(subject)).at(-1)).toMatchObject({ state: "void", detail: { passage: "unknown", reason: "restart" } });
  },
);

test("a new entry repeats what is known, says why, and keeps amount, card and personal fields", async () => {
  const life = new Life();
  const subject = await write(await life.start(), "quick-payment", ["prepared", "acting"]);
  const journal = await life.start();
  expect(await recoverAtStart({ journal, log: SILENT })).toEqual({ changed: 1, open: 1 });
  expect((await journal.entriesOf(subject)).at(-1)).toMatchObject({
    state: "unknown",
    amount: 5,
    detail: { prepared: true, acting: true, step: "acting", reason: "restart" },
    personal: { cardSerial: "00" },
  });
  expect((await journal.openSubjects({ card: "c1", limit: 9 })).map((open) => open.subject)).toEqual([subject]);
});

test("what began in this life is left alone", async () => {
  const journal = await new Life().start();
  const subject = await write(journal, "quick-payment", ["prepared"]);
  expect(await recoverAtStart({ journal, log: SILENT })).toEqual({ changed: 0, open: 1 });
  expect((await journal.entriesOf(subject)).length).toBe(1);
});

test("more than one page, and a second start changes nothing", async () => {
  const life = new Life();
  const first = await life.start();
  for (let index = 0; index < 205; index += 1) await write(first, "quick-payment", ["prepared"]);
  expect(await recoverAtStart({ journal: await life.start(), log: SILENT })).toEqual({ changed: 205, open: 205 });
  expect(await recoverAtStart({ journal: await life.start(), log: SILENT })).toEqual({ changed: 0, open: 205 });
});

test("the table decides, so that a planted rule is obeyed", async () => {
  const life = new Life();
  const subject = await write(await life.start(), "quick-payment", ["prepared"]);
  const journal = await life.start();
  const planted: RecoveryRules = {
    ...RECOVERY_RULES,
    "quick-payment": { ...RECOVERY_RULES["quick-payment"], prepared: { state: "void", reason: "not-debited" } },
  };
  expect(await recoverAtStart({ journal, log: SILENT }, planted)).toEqual({ changed: 1, open: 0 });
  expect((await journal.entriesOf(subject)).at(-1)?.state).toBe("void");
});
