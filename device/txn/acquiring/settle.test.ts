/*
 * Goal: whatever power and line do, a batch is compared, told and cleared once, and what differs is told to people.
 * Method: whole settlements on a real journal against an acquirer of few words; each inequality planted; a power cut at every message and at
 * every commit.
 */
import { describe, expect, it, test } from "vitest";
import { decideSettlement, SETTLEMENT_RULES } from "./settle-machine.ts";
import { BATCH_LIMITS, BatchBench } from "./testing/batch.ts";

async function bench(): Promise<BatchBench> {
  const made = new BatchBench();
  await made.run(made.switchOn());
  return made;
}

/** Ten sales, a refund and two chips: two messages of rows where they are told. */
async function fullBatch(): Promise<BatchBench> {
  const made = await bench();
  for (let at = 1; at <= 10; at += 1) await made.booked(at * 100);
  await made.booked(250, { credit: true });
  await made.booked(700, { chip: "certificate" });
  await made.booked(800, { chip: "failed" });
  return made;
}

const networks = (made: BatchBench) => made.acquirer.heard.map(({ type, network }) => `${type}/${network}`);

describe("equal totals", () => {
  it("tell only chips, and open the next batch", async () => {
    const made = await fullBatch();
    expect(await made.run(made.settle())).toEqual({
      kind: "equal",
      batch: "000001",
      terminal: { debits: 12, debitFen: 7000, credits: 1, creditFen: 250 },
      uploaded: 2,
    });
    expect(networks(made)).toEqual(["0500/201", "0320/203", "0320/204", "0320/207"]);
    expect(made.life.book.batch).toBe("000002");
    expect(await made.run(made.life.settlement.last())).toMatchObject({ kind: "equal", batch: "000001" });
    expect(await made.run(made.settle())).toEqual({ kind: "refused", reason: "batch-empty" });
  });
});

describe("unequal totals", () => {
  const PLANTED: readonly (readonly [string, (made: BatchBench) => void, Record<string, unknown>])[] = [
    ["missing at the acquirer", (made) => void made.acquirer.rows.delete("000003"), { differing: ["domestic"], acquirer: { debits: 11 } }],
    ["extra at the acquirer", (made) => void made.acquirer.rows.set("x", { stan: "x", side: "debit", foreign: false, fen: 5 }), { acquirer: { debits: 13 } }],
    [
      "another amount",
      (made) => void made.acquirer.rows.set("000002", { stan: "000002", side: "debit", foreign: false, fen: 1 }),
      { acquirer: { debits: 12 } },
    ],
    [
      "another count of the same sum",
      (made) => {
        made.acquirer.rows.delete("000001");
        made.acquirer.rows.set("000002", { stan: "000002", side: "debit", foreign: false, fen: 300 });
      },
      { acquirer: { debits: 11, debitFen: 7000 } },
    ],
    ["the credit side", (made) => void made.acquirer.rows.delete("000011"), { acquirer: { credits: 0, creditFen: 0 } }],
    [
      "the foreign half",
      (made) => void made.acquirer.rows.set("f", { stan: "f", side: "debit", foreign: true, fen: 9 }),
      { differing: ["foreign"], acquirer: { debits: 13, debitFen: 7009 } },
    ],
  ];

  it.each(PLANTED)("%s: every row is told, and people are told the difference", async (_name, plant, expected) => {
    const made = await fullBatch();
    plant(made);
    expect(await made.run(made.settle())).toMatchObject({ kind: "unequal", uploaded: 13, terminal: { debits: 12 }, ...expected });
    expect(networks(made)).toEqual(["0500/201", "0320/201", "0320/201", "0320/205", "0320/206", "0320/202"]);
    expect(new Set(made.acquirer.uploadedStans).size).toBe(13);
    expect(made.life.book.batch).toBe("000002");
  });

  it("rows that the acquirer does not take are named", async () => {
    const made = await bench();
    await made.booked(100);
    made.acquirer.rows.clear();
    made.plan("take", { code: "30" });
    expect(await made.run(made.settle())).toMatchObject({ kind: "unequal", refusedRows: [{ stan: "000001", amount: 100, responseCode: "30" }] });
  });
});

describe("an acquirer that answers error", () => {
  it("is asked again by the next call, and after three answers every row is told", async () => {
    const made = await fullBatch();
    made.acquirer.errors.push(3, 3, 3);
    expect(await made.run(made.settle())).toMatchObject({ kind: "half-done", reason: "acquirer-error" });
    expect(made.life.settlement.halfDone).toBe(true);
    await made.nextLife();
    expect(made.life.settlement.halfDone).toBe(true);
    expect(await made.run(made.settle())).toMatchObject({ kind: "half-done" });
    expect(await made.run(made.settle())).toMatchObject({ kind: "unequal", uploaded: 13 });
  });
});

describe("a row that came under old keys", () => {
  it("is sent again by the next call, and not told to people as refused", async () => {
    const made = await bench();
    await made.booked(100);
    made.acquirer.rows.clear();
    made.plan("take", { code: "A0" }, { code: "A0" }, { code: "A0" });
    expect(await made.run(made.settle())).toMatchObject({ kind: "half-done" });
    const settled = await made.run(made.settle());
    expect(settled).toMatchObject({ kind: "unequal", uploaded: 1 });
    expect(settled).not.toHaveProperty("refusedRows");
  });
});

describe("a refusal with totals", () => {
  it("does not make the books equal: its MAC was not checked", async () => {
    const made = await fullBatch();
    made.plan({ code: "96" }, { code: "96" }, { code: "96" });
    expect(await made.run(made.settle())).toMatchObject({ kind: "half-done" });
    expect(await made.run(made.settle())).toMatchObject({ kind: "equal" });
  });
});

describe("a line that is down", () => {
  it("leaves the settlement half done, and each answered message is sent once", async () => {
    const made = await fullBatch();
    made.acquirer.rows.delete("000003");
    // The comparison, the first rows, then silence for three tries.
    made.plan("take", "take", "lost-after", "lost-after", "lost-before");
    expect(await made.run(made.settle())).toMatchObject({ kind: "half-done", reason: "timeout", batch: "000001", uploaded: 8 });
    expect(made.life.book.batch).toBe("000001");
    expect(await made.run(made.settle())).toMatchObject({ kind: "unequal", uploaded: 13 });
    expect(networks(made).filter((name) => name === "0500/201")).toHaveLength(1);
    expect(made.acquirer.ends).toBe(1);
  });

  it("an end that is refused is no end", async () => {
    const made = await bench();
    await made.booked(100);
    made.plan("take", { code: "95" }, { code: "95" }, { code: "95" });
    expect(await made.run(made.settle())).toMatchObject({ kind: "half-done", reason: "acquirer-refused-95" });
    expect(made.life.book.batch).toBe("000001");
  });

  it("a batch that cannot be compared is half done until it can", async () => {
    const made = await bench();
    await made.booked(100);
    made.plan("not-sent", "not-sent", "not-sent");
    expect(await made.run(made.settle())).toMatchObject({ kind: "half-done", reason: "link-down" });
    expect(await made.run(made.settle())).toMatchObject({ kind: "equal" });
  });
});

describe("a settlement that the acquirer never ends", () => {
  async function stuck(): Promise<BatchBench> {
    const made = await bench();
    await made.booked(100);
    made.acquirer.rows.clear();
    made.plan("take", { code: "30" }, { code: "95" }, { code: "95" }, { code: "95" });
    expect(await made.run(made.settle())).toMatchObject({ kind: "half-done", reason: "acquirer-refused-95" });
    return made;
  }
  const word = { operator: "chief", batch: "000001", note: "settled by telephone" } as const;
  const says = (made: BatchBench, batch: string = word.batch) => made.run(made.life.settlement.dealtWith({ ...word, batch }, BATCH_LIMITS));
  const closed = { kind: "dealt-with", batch: "000001", terminal: { debits: 1, debitFen: 100 }, refusedRows: [{ stan: "000001" }] };

  it("is closed by a person's word, with what is known, and the next batch is open", async () => {
    const made = await stuck();
    const before = networks(made).length;
    expect(await says(made, "000002")).toEqual({ kind: "refused", reason: "settlement-not-half-done" });
    expect(await says(made)).toMatchObject(closed);
    expect([made.life.settlement.halfDone, made.life.book.batch, networks(made).length]).toEqual([false, "000002", before]);
    expect(await says(made)).toMatchObject(closed);
    expect(await made.run(made.life.settlement.last())).toMatchObject(closed);
    const { journal } = made.life;
    const subject = (await made.run(journal.mark("bank/settlement/last"))) ?? "";
    const done = (await made.run(journal.entriesOf(subject))).at(-1);
    expect([done?.state, done?.detail]).toMatchObject(["done", { dealtWith: { operator: "chief", note: "settled by telephone" } }]);
    made.plan();
    await made.booked(300);
    expect(await made.run(made.settle())).toMatchObject({ kind: "equal", batch: "000002", terminal: { debits: 1, debitFen: 300 } });
  });

  it("is nobody's to close before it is half done, nor after it has ended", async () => {
    const made = await bench();
    await made.booked(100);
    const refused = { kind: "refused", reason: "settlement-not-half-done" };
    expect(await says(made)).toEqual(refused);
    expect(await made.run(made.settle())).toMatchObject({ kind: "equal" });
    expect(await says(made)).toEqual(refused);
    expect(made.life.book.batch).toBe("000002");
  });

  test.each(["before", "during", "after"] as const)("and power that goes %s each commit of the word", async (when) => {
    for (let at = 1; at < 9; at += 1) {
      const made = await stuck();
      let seen = 0;
      made.disk.onCommit(() => {
        seen += 1;
        return seen === at ? { kind: "cut", when } : { kind: "go" };
      });
      await made.untilCut(made.life.settlement.dealtWith(word, BATCH_LIMITS));
      if (made.on) {
        expect(at).toBeGreaterThan(2);
        return;
      }
      await made.nextLife();
      // Lost with the power it is said again; durable, the start has carried it out.
      expect(await says(made)).toMatchObject(closed);
      expect([made.life.settlement.halfDone, made.life.book.batch]).toEqual([false, "000002"]);
    }
    throw new Error("a word has fewer commits");
  });
});

describe("power cuts", () => {
  test.each(["cut-before", "cut-after"] as const)("%s every message: what was answered and noted is not sent again", async (cut) => {
    for (let at = 0; at < 6; at += 1) {
      const made = await fullBatch();
      made.acquirer.rows.delete("000003");
      made.plan(...Array.from({ length: at }, () => "take" as const), cut);
      expect(await made.untilCut(made.settle())).toBeUndefined();
      await made.nextLife();
      expect(made.life.settlement.halfDone).toBe(true);
      made.plan();
      expect(await made.run(made.settle())).toMatchObject({ kind: "unequal", uploaded: 13, batch: "000001" });
      // Six messages in all; the one whose answer was lost with the power comes twice.
      expect(networks(made).length).toBe(6 + (cut === "cut-after" ? 1 : 0));
      expect([made.life.book.batch, new Set(made.acquirer.uploadedStans).size]).toEqual(["000002", 13]);
    }
  });

  test.each(["before", "during", "after"] as const)("%s every commit", async (when) => {
    for (let at = 1; at < 40; at += 1) {
      const made = await fullBatch();
      made.acquirer.rows.delete("000003");
      let seen = 0;
      made.disk.onCommit(() => {
        seen += 1;
        return seen === at ? { kind: "cut", when } : { kind: "go" };
      });
      const answer = await made.untilCut(made.settle());
      if (made.on) {
        expect(answer).toMatchObject({ kind: "unequal" });
        expect(at).toBeGreaterThan(10);
        return;
      }
      await made.nextLife();
      const after = await made.run(made.settle());
      const settled = after.kind === "refused" ? await made.run(made.life.settlement.last()) : after;
      expect(settled).toMatchObject({ kind: "unequal", uploaded: 13, batch: "000001" });
      expect([made.life.book.batch, made.acquirer.ends]).toEqual(["000002", expect.any(Number)]);
      expect(made.acquirer.ends).toBeLessThanOrEqual(2);
    }
    throw new Error("a settlement has fewer commits");
  });

  it("a rule that clears the batch before the end was answered is seen", async () => {
    const made = await fullBatch();
    made.acquirer.rows.delete("000003");
    made.rules = {
      ...SETTLEMENT_RULES,
      "noting-comparison": {
        ...SETTLEMENT_RULES["noting-comparison"],
        planned: () => ({ state: { at: "opening-next-batch" }, commands: [{ do: "open-next-batch" }] }),
      },
    };
    await made.nextLife();
    await made.run(made.settle());
    expect([made.acquirer.ends, made.life.book.batch]).toEqual([0, "000002"]);
  });
});

describe("the table", () => {
  it("a settlement that has rested ignores everything", () => {
    const rested = { at: "rested", outcome: "settled" } as const;
    expect(decideSettlement(SETTLEMENT_RULES, rested, { is: "uploaded" })).toEqual({ state: rested, commands: [] });
  });

  it("what cannot happen is our own mistake", () => {
    expect(() => decideSettlement(SETTLEMENT_RULES, { at: "beginning" }, { is: "uploaded" })).toThrow("uploaded cannot happen while beginning");
  });

  it("a journal that fails rests at once, wherever it is", () => {
    const at = { at: "uploading", answered: 1, plan: 3, silences: 0 } as const;
    expect(decideSettlement(SETTLEMENT_RULES, at, { is: "journal-failed", code: "store-full" }).state).toEqual({
      at: "rested",
      outcome: "half-done",
      reason: "store-full",
    });
  });
});
