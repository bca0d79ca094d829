/*
 * Goal: whatever the order of appends, receipts, crashes and failing commits, nothing acknowledged is lost, sequences have no gap, the
 * chain verifies, and exposure is what a plain count says.
 * Method: random programs against the real journal logic on the simulated disk, beside a model that is a list.
 */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type CommitFate, SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { fen } from "../../base/fen.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import type { TerminalJournal } from "./journal.ts";
import { openTestJournal, step } from "./testing.ts";
import { EXPOSED_STATES, mayFollow } from "./transitions.ts";
import type { JournalEntry, RecordState } from "./types.ts";
import { verifyJournal } from "./verify.ts";

type Act =
  | { readonly is: "append"; readonly steps: readonly { readonly state: RecordState; readonly pick: number; readonly amount: number }[] }
  | { readonly is: "receipt"; readonly share: number }
  | { readonly is: "crash"; readonly keep: "none" | "some"; readonly midway: boolean }
  | { readonly is: "fate"; readonly fate: CommitFate };

const STATES: readonly RecordState[] = ["prepared", "acting", "done", "refused", "unknown", "resolving", "void"];
const state = fc.constantFrom(...STATES, "prepared", "prepared", "done" as const);
const append: fc.Arbitrary<Act> = fc.record({
  is: fc.constant("append"),
  steps: fc.array(fc.record({ state, pick: fc.nat(9), amount: fc.nat(100_000) }), { minLength: 1, maxLength: 6 }),
});
const receipt: fc.Arbitrary<Act> = fc.record({ is: fc.constant("receipt"), share: fc.double({ min: 0, max: 1, noNaN: true }) });
const crash: fc.Arbitrary<Act> = fc.record({ is: fc.constant("crash"), keep: fc.constantFrom("none", "some"), midway: fc.boolean() });
const fate: fc.Arbitrary<Act> = fc.record({
  is: fc.constant("fate"),
  fate: fc.oneof(
    fc.constantFrom<CommitFate>({ kind: "full" }, { kind: "broken", written: true }, { kind: "broken", written: false }, { kind: "delay", durationMs: 40 }),
    fc.constantFrom<CommitFate>({ kind: "cut", when: "before" }, { kind: "cut", when: "during" }, { kind: "cut", when: "after" }),
  ),
});
const program = fc.array(
  fc.oneof({ arbitrary: append, weight: 6 }, { arbitrary: receipt, weight: 2 }, { arbitrary: crash, weight: 1 }, { arbitrary: fate, weight: 1 }),
  { minLength: 1, maxLength: 25 },
);

const suite = openCipherSuite();

class Rig {
  readonly clock = new VirtualClock(1_790_000_000_000);
  readonly disk = new SimulatedJournalDisk({ clock: this.clock, flushMs: 3 });
  readonly randomness = new SeededRandomness("model");
  readonly acknowledged: JournalEntry[] = [];
  journal: TerminalJournal | undefined;
  /** Fates of the next commits that hold entries. */
  fates: CommitFate[] = [];
  #cut = false;

  constructor() {
    this.disk.onCommit((write) => (write.entries === undefined ? undefined : this.fates.shift()) ?? { kind: "go" });
    this.disk.onCut(() => {
      this.#cut = true;
    });
  }

  async open(): Promise<TerminalJournal> {
    const opening = openTestJournal({ store: this.disk.open(), clock: this.clock, randomness: this.randomness, suite });
    this.journal = await this.clock.resolve(opening);
    return this.journal;
  }

  async perform(act: Act): Promise<void> {
    if (act.is === "fate") this.fates.push(act.fate);
    else if (act.is === "append") await this.#append(act.steps);
    else if (act.is === "receipt") await this.#receipt(act.share);
    else await this.#crash(act.keep, act.midway);
    if (this.#cut || (await this.#isUnusable())) await this.#reboot();
  }

  /** Starts several appends in one instant, lets time pass, and notes what was acknowledged. */
  async #append(steps: readonly { readonly state: RecordState; readonly pick: number; readonly amount: number }[]): Promise<void> {
    const journal = this.#now();
    const open = await this.clock.resolve(journal.openSubjects({ limit: 100 }));
    const taken = new Set<string>();
    for (const { state: next, pick, amount } of steps) {
      const subject = open[pick];
      if (subject !== undefined && !taken.has(subject.subject) && mayFollow("quick-payment", subject.state, next)) {
        taken.add(subject.subject);
        this.#started(journal.append(step(next, { subject: subject.subject, amount: fen(amount) })));
      } else if (mayFollow("quick-payment", "new", next)) {
        this.#started(journal.append(step(next, { amount: fen(amount), card: `card ${pick}`, personal: { pick } })));
      }
    }
    await this.clock.runUntil(this.clock.monotonicMs() + 500);
  }

  #started(appended: Promise<JournalEntry>): void {
    appended.then(
      (entry) => this.acknowledged.push(entry),
      (error: unknown) => {
        expect(error).toHaveProperty("code");
      },
    );
  }

  async #receipt(share: number): Promise<void> {
    const journal = this.#now();
    const last = await this.clock.resolve(journal.lastBatch());
    const firstSeq = (last?.lastSeq ?? 0) + 1;
    const lastSeq = firstSeq + Math.floor(share * (journal.lastSeq - firstSeq + 1)) - 1;
    if (lastSeq < firstSeq) return;
    const batch = { batchSeq: (last?.batchSeq ?? 0) + 1, firstSeq, lastSeq, hash: "00".repeat(32), receipted: false, detail: "{}" };
    await this.clock.resolve(journal.commitBatches([batch]));
    await this.clock.resolve(journal.commitReceipted([batch]));
  }

  async #crash(keep: "none" | "some", midway: boolean): Promise<void> {
    if (midway) {
      for (let count = 0; count < 3; count += 1) this.#started(this.#now().append(step("prepared")));
      await this.clock.runUntil(this.clock.monotonicMs() + 1);
    }
    this.disk.crash(keep === "none" ? "none" : { some: this.randomness });
    this.#cut = true;
  }

  async #isUnusable(): Promise<boolean> {
    const marked = this.#now()
      .setMarks([{ name: "probe", value: "1" }])
      .then(
        () => "fine",
        (error: unknown) => (error instanceof Error && "code" in error ? error.code : "odd"),
      );
    return (await this.clock.resolve(marked)) === "store-broken";
  }

  async #reboot(): Promise<void> {
    if (!this.#cut) this.disk.crash();
    this.#cut = false;
    this.fates = [];
    await this.check(await this.open());
  }

  /** What must hold at any moment. */
  async check(journal: TerminalJournal): Promise<void> {
    const stored = await this.clock.resolve(journal.entries(1, 100_000));
    expect(stored.map((entry) => entry.seq)).toEqual(stored.map((_, at) => at + 1));
    for (const entry of this.acknowledged) expect(stored[entry.seq - 1]).toEqual(entry);
    const last = new Map(stored.map((entry) => [entry.subject, entry]));
    const exposed = [...last.values()].filter((entry) => EXPOSED_STATES.includes(entry.state) && entry.seq > journal.receiptedThrough);
    expect(journal.unreceipted("quick-payment")).toEqual({ count: exposed.length, sumFen: exposed.reduce((sum, entry) => sum + entry.amount, 0) });
  }

  /** The last look, from outside. */
  async verify(): Promise<void> {
    await this.check(this.#now());
    await this.clock.resolve(this.#now().close());
    const report = await this.clock.resolve(verifyJournal(this.disk.open(), { suite }));
    expect(report.firstBreak).toBeUndefined();
    expect(report.entries).toBeGreaterThanOrEqual(this.acknowledged.length);
  }

  #now(): TerminalJournal {
    if (this.journal === undefined) throw new Error("the rig was opened");
    return this.journal;
  }
}

it("loses nothing that was acknowledged, whatever happens", async () => {
  let acknowledged = 0;
  await fc.assert(
    fc.asyncProperty(program, async (acts) => {
      const rig = new Rig();
      await rig.open();
      for (const act of acts) await rig.perform(act);
      await rig.verify();
      acknowledged += rig.acknowledged.length;
    }),
    { numRuns: 150 },
  );
  expect(acknowledged).toBeGreaterThan(300);
});
