import { describe, expect, it } from "vitest";
import { SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { fen } from "../../base/fen.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import type { TerminalJournal } from "./journal.ts";
import type { RetentionRules } from "./retention.ts";
import { SpentNames } from "./spent.ts";
import { openTestJournal, step } from "./testing.ts";
import type { ClockWord, EntryDraft, Movement } from "./types.ts";
import { verifyJournal } from "./verify.ts";

const DAY_MS = 86_400_000;
const START_MS = 1_790_000_000_000;
const RULES: RetentionRules = { keepMs: 10 * DAY_MS, erasePersonalMs: 10 * DAY_MS };
/** Entries that stay whatever their age. */
const TAIL = 64;
const suite = openCipherSuite();

/** A journal whose days pass as the test says, on a disk that can lose its power. */
class Bench {
  readonly disk = new SimulatedJournalDisk();
  nowMs = START_MS;
  word: ClockWord = { quality: "trusted", errorMs: 1_000 };
  /** Called when open subjects were asked for and not yet told. */
  onLook: () => void = () => undefined;
  #journal: TerminalJournal | undefined;
  #lives = 0;

  get journal(): TerminalJournal {
    if (this.#journal === undefined) throw new Error("not open");
    return this.#journal;
  }

  async open(): Promise<this> {
    const clock = { monotonicMs: () => this.nowMs - START_MS, wallMs: () => this.nowMs, sleep: () => Promise.resolve() };
    this.#lives += 1;
    const { disk } = this;
    const store = new Proxy(disk.open(), {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...parts: readonly unknown[]) => {
          const answer: unknown = Reflect.apply(value, target, parts);
          if (name === "subjects") this.onLook();
          return answer;
        };
      },
    });
    this.#journal = await openTestJournal({ store, clock, randomness: new SeededRandomness(`life-${this.#lives}`), suite });
    this.journal.keepTimeBy({ reading: (notBeforeMs) => ({ wallMs: Math.max(notBeforeMs, this.nowMs), clock: this.word }) });
    return this;
  }

  days(count: number): void {
    this.nowMs += count * DAY_MS;
  }

  async sale(reference: string, end: EntryDraft["state"] = "done", more: Partial<EntryDraft> = {}): Promise<string> {
    const intent = step("prepared", { subjectMark: `sale/${reference}`, personal: { cardSerial: reference }, card: reference, ...more });
    const { subject } = await this.journal.append(intent);
    await this.journal.append(step(end, { subject, amount: fen(450) }));
    return subject;
  }

  async sales(count: number, name: string): Promise<void> {
    for (let at = 1; at <= count; at += 1) await this.sale(`${name}-${at}`);
  }

  /** Everything that is there is batched and receipted. */
  async receipts(): Promise<void> {
    const last = await this.journal.lastBatch();
    const batch = {
      batchSeq: (last?.batchSeq ?? 0) + 1,
      firstSeq: (last?.lastSeq ?? 0) + 1,
      lastSeq: this.journal.lastSeq,
      hash: "ab".repeat(32),
      receipted: false,
    };
    await this.journal.commitBatches([{ ...batch, detail: "{}" }]);
    await this.journal.commitReceipted([{ ...batch, detail: "{}" }]);
  }

  pass(rules: Partial<RetentionRules> = {}, earliestMs = this.nowMs) {
    return this.journal.retention.pass({ ...RULES, ...rules }, { earliestMs, signal: new AbortController().signal });
  }

  async verify() {
    await this.journal.close();
    const report = await verifyJournal(this.disk.open(), { suite });
    this.disk.release();
    await this.open();
    return { ...report, firstBreak: report.firstBreak };
  }
}

/** 100 old sales and 40 new ones, everything receipted. */
async function aged(): Promise<Bench> {
  const bench = await new Bench().open();
  await bench.sales(100, "old");
  bench.days(11);
  await bench.sales(40, "new");
  await bench.receipts();
  return bench;
}

describe("what goes", () => {
  it("is receipted, ended and old, with its marks; the rest proves itself from the anchor on", async () => {
    const bench = await aged();
    expect(await bench.pass()).toEqual({ taken: 200, erased: 0, heldBy: undefined, isDone: true });
    expect(bench.journal.firstSeq).toBe(201);
    expect(bench.disk.flushed.count).toBe(80);
    expect(await bench.journal.mark("sale/old-7")).toBeUndefined();
    const kept = await bench.journal.mark("sale/new-7");
    expect((await bench.journal.entriesOf(kept ?? "")).map(({ state }) => state)).toEqual(["prepared", "done"]);
    expect(await bench.verify()).toMatchObject({ entries: 80, lastSeq: 280, takenThrough: 200, left: 0, openSubjects: 0 });
    expect(bench.journal.firstSeq).toBe(201);
    const next = await bench.journal.append(step("prepared"));
    expect(next.seq).toBe(281);
    expect((await bench.verify()).firstBreak).toBeUndefined();
  });

  it("makes room", async () => {
    const bench = await aged();
    const before = (await bench.journal.usage()).usedBytes;
    await bench.pass();
    expect((await bench.journal.usage()).usedBytes).toBeLessThan(before / 2);
  });

  it("leaves the figures of what is not receipted as they are", async () => {
    const bench = await aged();
    await bench.sales(3, "late");
    await bench.pass();
    expect(bench.journal.unreceipted("quick-payment")).toEqual({ count: 3, sumFen: 1350 });
  });

  it("is found out again when an entry behind the anchor is changed", async () => {
    const bench = await aged();
    await bench.pass();
    await bench.journal.close();
    const store = bench.disk.open();
    const altered = {
      ...store,
      entries: async (from: number, limit: number) => (await store.entries(from, limit)).map((entry) => ({ ...entry, body: entry.body.replace("450", "451") })),
    };
    const bound = new Proxy(store, {
      get: (target, name) => {
        if (name === "entries") return altered.entries;
        const value: unknown = Reflect.get(target, name);
        // A method of the store stays one of the store.
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
    expect((await verifyJournal(bound, { suite })).firstBreak).toEqual({ seq: 201, why: expect.stringContaining("hash") });
  });
});

describe("nothing goes", () => {
  it("that is not receipted", async () => {
    const bench = await new Bench().open();
    await bench.sales(100, "old");
    bench.days(50);
    expect(await bench.pass()).toMatchObject({ taken: 0, heldBy: "receipts" });
    expect(bench.journal.firstSeq).toBe(1);
  });

  it("that may be younger", async () => {
    const bench = await aged();
    expect((await bench.pass({}, bench.nowMs - 2 * DAY_MS)).taken).toBe(0);
    bench.word = { quality: "trusted", errorMs: 3 * DAY_MS };
    const unsure = await aged();
    unsure.days(0);
    expect((await unsure.pass({ keepMs: 11 * DAY_MS })).taken).toBe(0);
    expect((await unsure.pass({ keepMs: 11 * DAY_MS - 2_000 })).taken).toBe(200);
  });

  it("whose time nobody vouches for, until a later entry proves it", async () => {
    const bench = await new Bench().open();
    bench.word = { quality: "untrusted" };
    await bench.sales(100, "old");
    bench.days(50);
    await bench.receipts();
    await bench.sales(40, "more");
    await bench.receipts();
    expect((await bench.pass()).taken).toBe(0);
    bench.word = { quality: "trusted", errorMs: 1_000 };
    await bench.sales(40, "proof");
    bench.days(11);
    await bench.sales(40, "new");
    await bench.receipts();
    expect((await bench.pass()).taken).toBe(360);
  });

  it("of the newest entries, whatever their age", async () => {
    const bench = await new Bench().open();
    await bench.sales(100, "old");
    await bench.receipts();
    bench.days(50);
    expect((await bench.pass()).taken).toBe(200 - TAIL);
    expect((await bench.verify()).firstBreak).toBeUndefined();
  });

  it("that somebody still reads", async () => {
    const bench = await aged();
    bench.journal.retention.needs("shift", async () => 51);
    bench.journal.retention.needs("nobody", async () => undefined);
    expect(await bench.pass()).toMatchObject({ taken: 50, heldBy: "shift" });
    expect(bench.journal.firstSeq).toBe(51);
  });
});

describe("what is open stays", () => {
  it("with all its entries, until it has ended and that is old too", async () => {
    const bench = await new Bench().open();
    await bench.sales(10, "old");
    const lost = await bench.sale("lost", "unknown", { detail: { terminalSeq: 3 } });
    await bench.sales(90, "more");
    bench.days(11);
    await bench.sales(40, "new");
    await bench.receipts();
    expect((await bench.pass()).taken).toBe(202);
    expect((await bench.journal.entriesOf(lost)).map(({ seq }) => seq)).toEqual([21, 22]);
    expect(await bench.verify()).toMatchObject({ entries: 82, takenThrough: 202, left: 2, openSubjects: 1, firstBreak: undefined });
    expect((await bench.journal.openSubjects({ limit: 10 })).map(({ subject }) => subject)).toEqual([lost]);
    expect((await bench.journal.openSubjects({ card: "lost", limit: 10 })).length).toBe(1);
    await bench.journal.append(step("done", { subject: lost, amount: fen(450) }));
    await bench.receipts();
    bench.days(11);
    await bench.sales(40, "last");
    await bench.receipts();
    await bench.pass();
    expect(await bench.journal.entriesOf(lost)).toEqual([]);
    expect(await bench.verify()).toMatchObject({ left: 0, openSubjects: 0, firstBreak: undefined });
  });

  it("and what it names stays with it, directly, through another, and by its reference", async () => {
    const bench = await new Bench().open();
    const first = await bench.sale("first");
    const second = await bench.sale("second", "done", { detail: { original: first } });
    const named = await bench.sale("named");
    const { subject } = await bench.journal.append(step("prepared", { detail: { of: second, saleReference: "named" } }));
    const other = await bench.sale("other");
    await bench.sales(60, "old");
    bench.days(11);
    await bench.sales(40, "new");
    await bench.receipts();
    await bench.pass();
    for (const stays of [first, second, named]) expect((await bench.journal.entriesOf(stays)).length).toBe(2);
    expect(await bench.journal.entriesOf(other)).toEqual([]);
    expect(await bench.verify()).toMatchObject({ left: 7, openSubjects: 1, firstBreak: undefined });
    await bench.journal.append(step("void", { subject }));
    await bench.receipts();
    await bench.pass();
    for (const gone of [first, second, named]) expect(await bench.journal.entriesOf(gone)).toEqual([]);
    expect((await bench.journal.entriesOf(subject)).length).toBe(2);
    expect((await bench.verify()).firstBreak).toBeUndefined();
  });

  it("and what somebody names stays, until nobody does", async () => {
    const bench = await aged();
    const row = (await bench.journal.mark("sale/old-3")) ?? "";
    let kept: readonly string[] = [row];
    bench.journal.retention.keeps(async () => kept);
    await bench.pass();
    expect((await bench.journal.entriesOf(row)).length).toBe(2);
    expect(await bench.journal.mark("sale/old-3")).toBe(row);
    kept = [];
    await bench.pass();
    expect(await bench.journal.entriesOf(row)).toEqual([]);
    expect(await bench.journal.mark("sale/old-3")).toBeUndefined();
  });
});

describe("money that went back", () => {
  it("stays known as long as its sale does, so that it goes back once", async () => {
    const bench = await new Bench().open();
    const paid = await bench.sale("paid");
    const mark = `refund/${paid}/1`;
    const { subject } = await bench.journal.append({
      kind: "cash-refund",
      state: "done",
      amount: fen(450),
      detail: { original: paid },
      subjectMark: mark,
      furtherMarks: ["refund-request/r"],
    });
    await bench.sales(60, "old");
    bench.days(11);
    await bench.sales(40, "new");
    await bench.receipts();
    let kept: readonly string[] = [paid];
    bench.journal.retention.keeps(async () => kept);
    await bench.pass();
    expect((await bench.journal.entriesOf(paid)).length).toBe(2);
    expect([await bench.journal.mark(mark), (await bench.journal.entriesOf(subject)).length]).toEqual([subject, 1]);
    expect((await bench.verify()).firstBreak).toBeUndefined();
    kept = [];
    bench.journal.retention.keeps(async () => kept);
    await bench.pass();
    expect([await bench.journal.mark(mark), (await bench.journal.entriesOf(subject)).length]).toEqual([undefined, 0]);
    expect(await bench.journal.mark("refund-request/r")).toBeUndefined();
  });
});

describe("what begins while a pass is under way", () => {
  it("keeps what it names", async () => {
    const bench = await aged();
    const named = (await bench.journal.mark("sale/old-90")) ?? "";
    let slices = 0;
    bench.journal.retention.carries({
      carry: async () => {
        slices += 1;
        if (slices === 2) await bench.journal.append(step("prepared", { detail: { original: named } }));
        return { marks: [], left: () => undefined };
      },
    });
    await bench.pass();
    expect(slices).toBeGreaterThan(3);
    expect((await bench.journal.entriesOf(named)).length).toBe(2);
    expect((await bench.verify()).firstBreak).toBeUndefined();
  });
});

describe("personal parts", () => {
  it("go earlier, of what has ended, and the chain proves the rest", async () => {
    const bench = await aged();
    const open = await bench.sale("open", "unknown");
    bench.days(4);
    await bench.sales(40, "last");
    await bench.receipts();
    expect(await bench.pass({ keepMs: 30 * DAY_MS, erasePersonalMs: 3 * DAY_MS })).toMatchObject({ taken: 0, erased: 282 });
    const closed = (await bench.journal.mark("sale/new-3")) ?? "";
    expect((await bench.journal.entriesOf(closed)).some(({ personal }) => personal !== undefined)).toBe(false);
    expect((await bench.journal.entriesOf(open))[0]?.personal).toEqual({ cardSerial: "open" });
    const young = (await bench.journal.mark("sale/last-3")) ?? "";
    expect((await bench.journal.entriesOf(young))[0]?.personal).toEqual({ cardSerial: "last-3" });
    expect(await bench.verify()).toMatchObject({ erased: 140, firstBreak: undefined });
    expect((await bench.pass({ keepMs: 30 * DAY_MS, erasePersonalMs: 3 * DAY_MS })).erased).toBe(0);
  });
});

describe("a book that is counted from the whole journal", () => {
  it("carries over what leaves, in the same commit", async () => {
    const bench = await aged();
    let counted = 0;
    const seen: Movement[] = [];
    bench.journal.retention.carries({
      carry: async (movements) => {
        seen.push(...movements);
        const after = Number((await bench.journal.mark("counted")) ?? 0) + movements.filter(({ state }) => state === "done").length;
        const left = () => {
          counted = after;
        };
        return { marks: [{ name: "counted", value: String(after) }], left };
      },
    });
    bench.disk.onCommit((write) => (write.prune !== undefined && counted === 64 ? { kind: "cut", when: "during" } : { kind: "go" }));
    const never = bench.pass();
    await Promise.race([never, new Promise((resolve) => setImmediate(resolve))]);
    await bench.open();
    // The cut came after the commit was whole: the next life finds it, counted once.
    expect([bench.journal.firstSeq, await bench.journal.mark("counted")]).toEqual([161, "80"]);
    expect(seen.map(({ seq }) => seq)).toEqual(Array.from({ length: 160 }, (_, at) => at + 1));
  });
});

describe("a power cut", () => {
  it.each(["before", "during", "after"] as const)("%s any commit of a pass leaves a journal that proves itself, and the next pass ends it", async (when) => {
    for (let cutAt = 1; ; cutAt += 1) {
      const bench = await aged();
      const lost = await bench.sale("lost", "unknown");
      bench.days(20);
      await bench.sales(40, "last");
      await bench.receipts();
      let commits = 0;
      let passes = true;
      bench.disk.onCommit(() => {
        if (!passes) return { kind: "go" };
        commits += 1;
        return commits === cutAt ? { kind: "cut", when } : { kind: "go" };
      });
      const rules = { keepMs: 15 * DAY_MS, erasePersonalMs: 5 * DAY_MS };
      await Promise.race([bench.pass(rules), new Promise((resolve) => setTimeout(resolve, 20))]);
      passes = false;
      const wasCut = commits >= cutAt;
      if (wasCut) await bench.open();
      expect((await bench.verify()).firstBreak).toBeUndefined();
      await bench.pass(rules);
      expect(bench.journal.firstSeq).toBe(283);
      expect((await bench.journal.entriesOf(lost)).length).toBe(2);
      expect(await bench.verify()).toMatchObject({ entries: 82, left: 2, openSubjects: 1, firstBreak: undefined });
      if (!wasCut) break;
    }
  });

  it("no space for a slice changes nothing, and a later pass goes on", async () => {
    const bench = await aged();
    let full = true;
    bench.disk.onCommit((write) => (full && write.prune !== undefined ? { kind: "full" } : { kind: "go" }));
    await expect(bench.pass()).rejects.toMatchObject({ code: "store-full" });
    expect(bench.journal.firstSeq).toBe(1);
    full = false;
    await bench.journal.append(step("prepared"));
    expect((await bench.pass()).taken).toBe(200);
    expect((await bench.verify()).firstBreak).toBeUndefined();
  });
});

describe("a number under which money moved", () => {
  const once = (reference: string, more: Partial<EntryDraft> = {}): EntryDraft =>
    step("prepared", { subjectMark: `sale/${reference}`, ...more, detail: { reference } });
  const named = async (bench: Bench, reference: string, end: EntryDraft["state"]): Promise<void> => {
    const { subject } = await bench.journal.append(once(reference));
    await bench.journal.append(step(end, { subject, amount: fen(end === "done" ? 1_234 : 0) }));
  };
  const pruned = async (bench: Bench): Promise<void> => {
    await bench.sales(60, "old");
    bench.days(11);
    await bench.sales(40, "new");
    await bench.receipts();
    await bench.pass();
  };

  it("begins nothing again when its record has left, and tells what it moved; one under which nothing moved begins anew", async () => {
    const bench = await new Bench().open();
    await named(bench, "pos.1.q1", "done");
    await named(bench, "pos.2.q1", "void");
    await named(bench, "pos.3.q1", "refused");
    await named(bench, "gate.north.exit.1.7", "done");
    await named(bench, "till.1.7", "done");
    await pruned(bench);
    expect(await bench.journal.mark("sale/pos.1.q1")).toBeUndefined();
    const before = bench.journal.lastSeq;
    await expect(bench.journal.append(once("pos.1.q1"))).rejects.toMatchObject({ code: "number-spent", effectUnknown: false });
    expect([bench.journal.lastSeq, await bench.journal.spentUnder("sale/pos.1.q1")]).toEqual([before, 1_234]);
    for (const free of ["pos.2.q1", "pos.3.q1", "pos.4.q1", "gate.north.exit.1.7", "till.1.7"]) {
      expect(await bench.journal.spentUnder(`sale/${free}`)).toBeUndefined();
      await bench.journal.append(once(free));
    }
    expect((await bench.verify()).firstBreak).toBeUndefined();
    await expect(bench.journal.append(once("pos.1.q1"))).rejects.toMatchObject({ code: "number-spent" });
    expect((await bench.journal.append(once("pos.5.q1"))).seq).toBe(bench.journal.lastSeq);
  });

  it("is remembered of what stayed longer because something named it, and of an order that went back", async () => {
    const bench = await new Bench().open();
    await named(bench, "pos.1.q1", "done");
    const kept = (await bench.journal.mark("sale/pos.1.q1")) ?? "";
    const order = await bench.journal.append(once("pos.2026-1", { kind: "medical-order" }));
    await bench.journal.append(step("void", { subject: order.subject, kind: "medical-order" }));
    for (const [reference, returned] of [
      ["pos.c-1", true],
      ["pos.c-2", false],
    ] as const) {
      const bill = await bench.journal.append(once(reference, { kind: "contribution" }));
      await bench.journal.append(step("void", { subject: bill.subject, kind: "contribution", detail: { returned } }));
    }
    const { subject } = await bench.journal.append(step("prepared", { detail: { original: kept } }));
    await pruned(bench);
    expect([await bench.journal.mark("sale/pos.1.q1"), await bench.journal.spentUnder("sale/pos.1.q1")]).toEqual([kept, undefined]);
    expect(await bench.journal.spentUnder("sale/pos.2026-1")).toBe(450);
    expect([await bench.journal.spentUnder("sale/pos.c-1"), await bench.journal.spentUnder("sale/pos.c-2")]).toEqual([450, undefined]);
    await bench.journal.append(step("void", { subject }));
    await bench.receipts();
    await bench.pass();
    expect([await bench.journal.mark("sale/pos.1.q1"), await bench.journal.spentUnder("sale/pos.1.q1")]).toEqual([undefined, 1_234]);
  });

  it.each(["before", "during", "after"] as const)("is known in each life, whichever commit of a pass a power cut strikes %s", async (when) => {
    for (let cutAt = 1; ; cutAt += 1) {
      const bench = await new Bench().open();
      for (let at = 1; at <= 40; at += 1) await named(bench, `pos.${at}.q1`, "done");
      await bench.sales(20, "old");
      bench.days(11);
      await bench.sales(40, "new");
      await bench.receipts();
      let commits = 0;
      bench.disk.onCommit(() => {
        commits += 1;
        return commits === cutAt ? { kind: "cut", when } : { kind: "go" };
      });
      await Promise.race([bench.pass(), new Promise((resolve) => setTimeout(resolve, 20))]);
      const wasCut = commits >= cutAt;
      if (wasCut) await bench.open();
      for (let at = 1; at <= 40; at += 1) {
        const mark = `sale/pos.${at}.q1`;
        const subject = await bench.journal.mark(mark);
        const isThere = subject !== undefined && (await bench.journal.entriesOf(subject)).length === 2;
        // The record, or the memory of it; never neither.
        expect([mark, isThere || (await bench.journal.spentUnder(mark)) === 1_234]).toEqual([mark, true]);
      }
      if (!wasCut) break;
    }
  });

  it("takes no more than its share of the disk, however many there were: the oldest go first", async () => {
    const store = new SimulatedJournalDisk({ limitBytes: 1024 * 1024 }).open();
    const spent = new SpentNames(store, { suite, journalId: "j" });
    const name = (at: number) => `sale/pos.${at}.q1`;
    const COUNT = 12_000;
    for (let at = 0; at < COUNT; at += 16)
      await store.commit({ marks: await spent.keep(Array.from({ length: 16 }, (_, more) => ({ name: name(at + more), amountFen: 5 }))) });
    const pages = Number(await store.mark("journal/spent-pages"));
    const sizes = await Promise.all(Array.from({ length: pages }, async (_, page) => ((await store.mark(`journal/spent/${page}`)) ?? "").length));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan((1024 * 1024) / 8);
    expect(await spent.amountOf(name(0))).toBeUndefined();
    for (let at = COUNT - 2_000; at < COUNT; at += 1) expect([at, await spent.amountOf(name(at))]).toEqual([at, 5]);
  });
});

describe("marks that speak of a record", () => {
  it("leave with it, and not before: ten years of slips and returns take no room", async () => {
    const bench = await new Bench().open();
    const ended = async (kind: "quick-payment" | "bank-payment" | "medical-purchase", reference: string, end: EntryDraft["state"] = "done") => {
      const { subject } = await bench.journal.append(step("prepared", { kind, detail: { reference }, subjectMark: `sale/${reference}` }));
      await bench.journal.append(step(end, { kind, subject }));
      return subject;
    };
    await ended("quick-payment", "pos.1.q1", "void");
    const again = await ended("quick-payment", "pos.1.q1");
    const payment = await ended("bank-payment", "pos.2.b1");
    const settled = await ended("medical-purchase", "pos.3.s1");
    const refund = await bench.journal.append({ kind: "cash-refund", state: "done", amount: fen(1), detail: { reference: "pos.r", original: again } });
    const names = ["slip/sale/pos.1.q1", "slip/refund/pos.r", `bank/returns/${payment}`, `void/${settled}`];
    await bench.journal.setMarks([...names, "slip/shift/7"].map((name) => ({ name, value: "printed" })));
    await bench.sales(60, "old");
    bench.days(11);
    await bench.sales(40, "new");
    await bench.receipts();
    let kept: readonly string[] = [again, payment, settled, refund.subject];
    bench.journal.retention.keeps(async () => kept);
    const there = async () => (await Promise.all(names.map((name) => bench.journal.mark(name)))).filter((value) => value !== undefined).length;
    await bench.pass();
    expect(await there()).toBe(4);
    kept = [];
    await bench.pass();
    expect([await there(), await bench.journal.mark("slip/shift/7")]).toEqual([0, "printed"]);
  });
});

describe("what is being written while a pass looks", () => {
  it("keeps what it names, also before anybody can read it", async () => {
    const bench = await aged();
    const named = (await bench.journal.mark("sale/old-3")) ?? "";
    let asked: Promise<unknown> = Promise.resolve();
    let looks = 0;
    // The pass has looked at what stays; now somebody begins what names a record that it is about to take.
    bench.onLook = () => {
      looks += 1;
      if (looks === 1) asked = bench.journal.append(step("prepared", { detail: { original: named } }));
    };
    await bench.pass();
    await asked;
    expect(looks).toBeGreaterThan(0);
    expect((await bench.journal.entriesOf(named)).length).toBe(2);
    expect((await bench.verify()).firstBreak).toBeUndefined();
  });
});

describe("money that the bank gave back", () => {
  it("stays known as long as its payment does", async () => {
    const bench = await new Bench().open();
    const bank = async (kind: "bank-payment" | "bank-return", reference: string, more: Partial<EntryDraft> = {}) => {
      const { subject } = await bench.journal.append(step("prepared", { kind, subjectMark: `sale/${reference}`, detail: { reference }, ...more }));
      await bench.journal.append(step("done", { kind, subject }));
      return subject;
    };
    const paid = await bank("bank-payment", "pos.1.b1");
    const back = await bank("bank-return", "pos.1.r1", { marks: [{ name: `bank/returns/${paid}`, value: "pos.0.r1,pos.1.r1" }] });
    await bench.sales(60, "old");
    bench.days(11);
    await bench.sales(40, "new");
    await bench.receipts();
    // A script result of this payment is parked, say.
    bench.journal.retention.keeps(async () => [paid]);
    await bench.pass();
    expect((await bench.journal.entriesOf(back)).length).toBe(2);
  });
});
