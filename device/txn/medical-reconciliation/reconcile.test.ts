import { describe, expect, test, vi } from "vitest";
import { INSURER_FAULTS, planInsurerFault } from "../../../simulators/host/medical/insurer-faults.ts";
import { SILENT } from "../../base/log.ts";
import { runMedicalPurchase } from "../medical-purchase/run.ts";
import { basket, type CounterOptions, MEDICAL_LIMITS, type MessageFate } from "../medical-purchase/testing.ts";
import type { DayView } from "./acts.ts";
import { DAY, DAY_MS, LIMITS, LOCAL, ReconcilingCounter } from "./testing.ts";

const named = ({ state, differences }: DayView) => [state, differences.map(({ kind, act, settlementId }) => [kind, act, settlementId])];

describe("a closed day", () => {
  test("that agrees costs one message a group and says so to the fen", async () => {
    const bench = await ReconcilingCounter.open();
    await bench.sell("r1");
    await bench.sell("r2");
    await bench.closeDay();
    const before = bench.counter.sent.length;
    const view = await bench.reconcile();
    expect(bench.sentSince(before)).toEqual(["3201"]);
    expect(view).toMatchObject({ day: DAY, state: "equal", differences: [], open: [], unreadable: [] });
    const [first, second] = bench.counter.standing();
    const totalFen = Number((first?.totalFen ?? 0n) + (second?.totalFen ?? 0n));
    expect(view.groups).toEqual([
      { ...LOCAL, own: { totalFen, fundFen: expect.any(Number), accountFen: expect.any(Number) }, ownCount: 2, verdict: "equal", message: "一致" },
    ]);
    const entries = (await bench.counter.entries()).length;
    expect(await bench.reconcile()).toMatchObject({ state: "equal", groups: view.groups });
    expect((await bench.counter.entries()).length).toBe(entries);
    expect(await bench.reconciliation.last()).toMatchObject({ day: DAY, state: "equal" });
  });

  test("is not compared before it is closed, and one at a time", async () => {
    const bench = await ReconcilingCounter.open();
    await bench.sell("r1");
    expect(await bench.run()).toEqual({ kind: "refused", reason: "day-not-closed" });
    expect(await bench.run("2026-02-30")).toEqual({ kind: "refused", reason: "day-malformed" });
    await bench.closeDay();
    const both = await bench.counter.clock.resolve(Promise.all([1, 2].map(() => bench.reconciliation.run(DAY, { operator: "op1" }, LIMITS))));
    expect(both.map((result) => result.kind)).toEqual(["reconciled", "refused"]);
  });

  test("that the host's clock has not closed is not kept as done", async () => {
    const bench = await ReconcilingCounter.open();
    await bench.sell("r1");
    // The terminal's clock runs three days ahead; the host's, which is the same here, goes back before it answers.
    bench.counter.clock.jumpWall(3 * DAY_MS);
    const running = bench.reconciliation.run(DAY, { operator: "op1" }, LIMITS);
    bench.counter.clock.jumpWall(-3 * DAY_MS);
    expect(await bench.counter.clock.resolve(running)).toMatchObject({ state: "incomplete", reason: "host-clock-behind" });
    await bench.closeDay();
    expect(await bench.counter.clock.resolve(bench.reconciliation.pending(10))).toEqual([DAY]);
    expect(await bench.reconcile()).toMatchObject({ state: "equal" });
    expect(await bench.counter.clock.resolve(bench.reconciliation.pending(10))).toEqual([]);
  });
});

describe("a planted one-sided entry is found and named", () => {
  test.each([
    ["a", "different"],
    ["b", "different"],
    ["c", "all"],
    ["a", "all"],
  ] as const)("at the insurer, results written as %s, %s rows: reversed by its own message and checked", async (statementResult, statementRows) => {
    const bench = await ReconcilingCounter.open({ variants: { statementResult, statementRows } });
    await bench.sell("r1");
    const planted = await bench.plantAtInsurer("r2");
    await bench.closeDay();
    const view = await bench.reconcile();
    expect(named(view)).toEqual(["settled", [["one-sided-at-insurer", "reversed", planted.settlementId]]]);
    expect(view.differences[0]).toMatchObject({ msgid: planted.msgid, reference: "r2", person: "5301****0009", insurer: { totalFen: 16_490 } });
    expect(view.differences[0]?.own).toBeUndefined();
    expect(bench.counter.ledger.settlement(planted.settlementId)?.status).toBe("reversed");
    const reversal = (await bench.counter.entries()).filter(({ kind }) => kind === "operation");
    expect(reversal.map(({ state, detail }) => [state, detail["operation"], detail["omsgid"]])).toEqual([
      ["prepared", "medical-reversal", planted.msgid],
      ["done", "medical-reversal", planted.msgid],
    ]);
    const again = await bench.reconcile();
    expect(named(again)).toEqual(["equal", []]);
    expect((await bench.counter.entries()).filter(({ kind }) => kind === "operation").length).toBe(2);
  });

  test.each(["different", "all"] as const)("here, %s rows: left to people", async (statementRows) => {
    const bench = await ReconcilingCounter.open({ variants: { statementRows } });
    await bench.sell("r1");
    const lost = await bench.sell("r2");
    bench.loseAtInsurer(lost);
    await bench.closeDay();
    const view = await bench.reconcile();
    expect(named(view)).toEqual(["differs", [["ours-only", "left-to-people", lost.settlementId]]]);
    expect(view.differences[0]).toMatchObject({ own: { totalFen: 16_490 }, reference: "r2" });
    expect(view.differences[0]?.insurer).toBeUndefined();
    expect(bench.counter.sent).not.toContain("2601");
    expect(named(await bench.reconcile())).toEqual(named(view));
  });

  test("a group of which nothing was sold that day is asked about all the same", async () => {
    const bench = await ReconcilingCounter.open();
    await bench.sell("r1");
    await bench.closeDay();
    await bench.reconcile();
    const planted = await bench.plantAtInsurer("r2");
    await bench.closeDay("2026-01-06");
    expect(named(await bench.reconcile("2026-01-06"))).toEqual(["settled", [["one-sided-at-insurer", "reversed", planted.settlementId]]]);
  });
});

describe("a void in the insurer's own client is taken over", () => {
  test.each([
    ["on the day of the sale", 0],
    ["two days later", 2],
    ["a month later", 31],
  ])("%s", async (_, days) => {
    const bench = await ReconcilingCounter.open();
    await bench.sell("r1");
    const sale = await bench.sell("r2");
    for (let passed = 0; passed < days; passed += 1) {
      const day = new Date(Date.UTC(2026, 0, 5 + passed)).toISOString().slice(0, 10);
      await bench.closeDay(day);
      expect(await bench.reconcile(day)).toMatchObject({ state: "equal" });
      await bench.pass(8 * 3_600_000);
    }
    bench.voidAtInsurer(sale);
    const day = new Date(Date.UTC(2026, 0, 5 + days)).toISOString().slice(0, 10);
    await bench.closeDay(day);
    const view = await bench.reconcile(day);
    expect(named(view)).toEqual(["settled", [["voided-at-insurer", "void-imported", sale.settlementId]]]);
    const voids = (await bench.counter.entries()).filter(({ kind }) => kind === "medical-void");
    expect(voids.map(({ state }) => state)).toEqual(["prepared", "done"]);
    const [original] = (await bench.counter.entries()).filter(({ detail }) => detail["setlId"] === sale.settlementId);
    expect(voids[1]?.detail).toMatchObject({ imported: true, original: original?.subject, setlId: sale.settlementId, order: "r2" });
    expect(await bench.counter.clock.resolve(bench.counter.journal.mark(`void/${original?.subject}`))).toBe(voids[1]?.detail["reference"]);
    expect(bench.imported).toEqual([original?.subject]);
    // Journal and insurer agree from now on.
    expect(named(await bench.reconcile(day))).toEqual(["equal", []]);
    expect((await bench.counter.entries()).filter(({ kind }) => kind === "medical-void").length).toBe(2);
  });
});

test("totals that are 61 yuan apart are drilled down to the one row", async () => {
  const bench = await ReconcilingCounter.open();
  for (const reference of ["r1", "r2", "r3"]) await bench.sell(reference);
  // Three sums on one side, one of them 61 yuan higher on the other: its settlement is known here with other figures.
  const { journal } = bench.counter.ports;
  const msgid = `P5301000000120260105120500${"1999"}`;
  const detail = { reference: "r4", msgid, infno: "2102", insuranceType: "310", insuranceArea: "530102", settleTimeoutMs: 1 };
  const first = await bench.counter.clock.resolve(
    journal.append({ kind: "medical-purchase", state: "prepared", amount: 16_100 as never, detail, personal: { psnNo: "53010000000000000009" } }),
  );
  const booked = { ...detail, setlId: "SX000001", mdtrtId: "VX000001", fundFen: 6000, accountFen: 0, clrOptins: "530102", clrType: "41" };
  await bench.counter.clock.resolve(
    journal.append({ subject: first.subject, kind: "medical-purchase", state: "done", amount: 16_100 as never, detail: booked }),
  );
  bench.bookAtInsurer({ msgid });
  await bench.closeDay();
  const view = await bench.reconcile();
  expect(named(view)).toEqual(["differs", [["amount-differs", "left-to-people", "SX000001"]]]);
  const [difference] = view.differences;
  expect((difference?.own?.totalFen ?? 0) - (difference?.insurer?.totalFen ?? 0)).toBe(6100);
  expect(bench.text(`reconciliation-${DAY}.csv`)).toContain("SX000001");
});

test("other terminals, foreign systems and unknown numbers are listed by name, and nothing of theirs is touched", async () => {
  const bench = await ReconcilingCounter.open();
  await bench.sell("r1");
  bench.bookAtInsurer({ msgid: "P53010000001202601051201002007" });
  bench.bookAtInsurer({ msgid: "X99010000001202601051201000001" });
  bench.bookAtInsurer({ msgid: "P53010000001202601051202001999" });
  // No terminal counts in letters: somebody in the insurer's own client.
  bench.bookAtInsurer({ msgid: "P5301000000120260105120300Z001" });
  await bench.closeDay();
  const view = await bench.reconcile();
  expect(named(view)).toEqual([
    "differs",
    [
      ["other-terminal", "none", "SX000001"],
      ["foreign", "left-to-people", "SX000002"],
      ["unknown-message", "left-to-people", "SX000003"],
      ["foreign", "left-to-people", "SX000004"],
    ],
  ]);
  expect(view.differences[0]?.note).toContain("serial 2007");
  expect(bench.counter.sent).not.toContain("2601");
  expect(bench.counter.standing().length).toBe(5);
});

test("with other terminals alone in the statement the day agrees", async () => {
  const bench = await ReconcilingCounter.open();
  await bench.sell("r1");
  bench.bookAtInsurer({ msgid: "P53010000001202601051201002007" });
  await bench.closeDay();
  expect(named(await bench.reconcile())).toEqual(["equal", [["other-terminal", "none", "SX000001"]]]);
});

test("a settlement that is not decided is shown as open, and never as a difference", async () => {
  const bench = await ReconcilingCounter.open();
  await bench.sell("r1");
  bench.counter.planOnce("2102", "lost-after");
  expect(await bench.counter.clock.resolve(runMedicalPurchase(bench.counter.ports, basket("r2"), MEDICAL_LIMITS))).toMatchObject({ kind: "unknown" });
  bench.counter.plan(() => "deliver");
  await bench.closeDay();
  const view = await bench.reconcile();
  expect(view).toMatchObject({ state: "equal", differences: [], open: [{ kind: "settlement", reference: "r2", amountFen: 16_490 }] });
  expect(bench.counter.sent).not.toContain("2601");
  await bench.counter.resolveAll();
  expect(await bench.reconcile()).toMatchObject({ state: "equal", differences: [], open: [] });
});

test("a row that the statement leaves out is confirmed by its id", async () => {
  const bench = await ReconcilingCounter.open();
  const sale = await bench.sell("r1");
  const planted = await bench.plantAtInsurer("r2");
  await bench.closeDay();
  bench.counter.insurer.faults.statementRowsMissing = 1;
  expect(named(await bench.reconcile())).toEqual([
    "settled",
    [
      ["one-sided-at-insurer", "reversed", planted.settlementId],
      ["held-by-insurer", "none", sale.settlementId],
    ],
  ]);
});

describe("a refused query is no evidence that a booking is gone", () => {
  const REFUSED = INSURER_FAULTS.refusal;
  const ANSWERED = { ...INSURER_FAULTS.slow, slowMs: 0 };

  test.each([
    ["before the reversal", [["5203", REFUSED]]],
    [
      "after a reversal that was refused as well",
      [
        ["5203", ANSWERED],
        ["2601", REFUSED],
        ["5203", REFUSED],
      ],
    ],
  ] as const)("%s", async (_, faults) => {
    const bench = await ReconcilingCounter.open();
    await bench.sell("r1");
    const planted = await bench.plantAtInsurer("r2");
    await bench.closeDay();
    for (const [code, fault] of faults) planInsurerFault(bench.counter.insurer.faults, code, fault);
    expect(named(await bench.reconcile())).toEqual(["incomplete", [["one-sided-at-insurer", "reversal-open", planted.settlementId]]]);
    expect(bench.counter.standing().length).toBe(2);
    expect(named(await bench.reconcile())).toEqual(["settled", [["one-sided-at-insurer", "reversed", planted.settlementId]]]);
    expect(bench.counter.standing().length).toBe(1);
    expect((await bench.counter.entries()).filter(({ kind, state }) => kind === "operation" && state === "done").length).toBe(1);
  });
});

test("a statement that is refused is logged without the insurer's words, which may name a person", async () => {
  const bench = await ReconcilingCounter.open();
  await bench.plantAtInsurer("r1");
  await bench.sell("r2");
  await bench.closeDay();
  planInsurerFault(bench.counter.insurer.faults, "3202", INSURER_FAULTS.refusal);
  const warn = vi.spyOn(SILENT, "warn");
  expect(await bench.reconcile()).toMatchObject({ state: "incomplete", reason: "statement-refused" });
  expect(warn.mock.calls).toEqual([["statement-refused", { day: DAY }]]);
  warn.mockRestore();
});

test("one message that was delivered twice is named and not reversed, because that would take both", async () => {
  const bench = await ReconcilingCounter.open();
  planInsurerFault(bench.counter.insurer.faults, "2102", INSURER_FAULTS["delivered-twice"]);
  await bench.sell("r1");
  expect(bench.counter.standing().length).toBe(2);
  await bench.closeDay();
  const view = await bench.reconcile();
  expect([view.state, view.differences.map(({ kind }) => kind)]).toEqual(["differs", ["booked-twice"]]);
  expect(bench.counter.standing().length).toBe(2);
});

describe("with an insurer that has a receiver of its own", () => {
  const own = { "22": "GSXT" };
  const options: CounterOptions = { region: { medicalTypes: ["22"], receivers: own }, variants: { receivers: own }, person: { workInjury: true } };

  /** What a comparison has sent, and what of it went elsewhere. */
  async function reconciled(bench: ReconcilingCounter) {
    await bench.closeDay();
    const before = bench.counter.bodies.length;
    const { state, differences } = await bench.reconcile();
    const sent = bench.counter.bodies.slice(before).map((body) => JSON.parse(body) as { readonly infno: string; readonly recer_sys_code: string });
    const elsewhere = sent.filter(({ infno, recer_sys_code: receiver }) => infno !== "9001" && receiver !== "GSXT");
    return { state, differences: differences.map(({ kind, act }) => [kind, act]), sent: sent.map(({ infno }) => infno), elsewhere };
  }

  test("a void that is taken over is asked about there, and keeps the receiver", async () => {
    const bench = await ReconcilingCounter.open(options);
    bench.voidAtInsurer(await bench.sell("r1", { medicalType: "22" }));
    expect(await reconciled(bench)).toEqual({
      state: "settled",
      differences: [["voided-at-insurer", "void-imported"]],
      sent: expect.arrayContaining(["3201", "9101", "3202", "9102", "5203"]),
      elsewhere: [],
    });
    const imported = (await bench.counter.entries()).find(({ kind }) => kind === "medical-void");
    expect(imported?.detail).toMatchObject({ receiver: "GSXT" });
  });

  test("what is one-sided is reversed there", async () => {
    const bench = await ReconcilingCounter.open(options);
    await bench.sell("r1", { medicalType: "22" });
    const planted = await bench.plantAtInsurer("r2", { medicalType: "22" });
    expect(await reconciled(bench)).toEqual({
      state: "settled",
      differences: [["one-sided-at-insurer", "reversed"]],
      sent: expect.arrayContaining(["3201", "9101", "3202", "9102", "5203", "2601"]),
      elsewhere: [],
    });
    expect(bench.counter.ledger.settlement(planted.settlementId)?.status).toBe("reversed");
  });
});

describe("lost on the way", () => {
  const FATES: readonly MessageFate[] = ["lost-before", "lost-after", "not-sent"];
  const CODES = ["9001", "3201", "9101", "3202", "9102", "5203", "2601"];
  test.each(CODES.flatMap((code) => FATES.map((fate) => [code, fate] as const)))("%s %s: settled in the end, each act once", async (code, fate) => {
    const bench = await ReconcilingCounter.open();
    const [sale, planted] = [await bench.sell("r1"), await bench.plantAtInsurer("r2")];
    bench.voidAtInsurer(sale);
    await bench.closeDay();
    bench.counter.ports.signIns.forget();
    bench.counter.planOnce(code, fate);
    const first = await bench.reconcile();
    expect(["incomplete", "settled"]).toContain(first.state);
    if (first.state === "incomplete") expect(await bench.counter.clock.resolve(bench.reconciliation.pending(5))).toEqual([DAY]);
    bench.counter.plan(() => "deliver");
    const second = await bench.reconcile();
    expect(["equal", "settled"]).toContain(second.state);
    expect(named(await bench.reconcile())).toEqual(["equal", []]);
    expect(bench.counter.standing()).toEqual([]);
    expect(bench.counter.ledger.settlement(planted.settlementId)?.status).toBe("reversed");
    const entries = await bench.counter.entries();
    expect(entries.filter(({ kind, state }) => kind === "medical-void" && state === "done").length).toBe(1);
    expect(entries.filter(({ kind, state }) => kind === "operation" && state === "done").length).toBe(1);
  });
});

describe("power cuts", () => {
  async function prepared(): Promise<ReconcilingCounter> {
    const bench = await ReconcilingCounter.open();
    const sale = await bench.sell("r1");
    await bench.plantAtInsurer("r2");
    await bench.sell("r3");
    bench.voidAtInsurer(sale);
    await bench.closeDay();
    return bench;
  }

  async function endsWell(bench: ReconcilingCounter): Promise<void> {
    await bench.nextLife();
    await bench.counter.resolveAll();
    await bench.reconcile();
    await bench.counter.resolveAll();
    const view = await bench.reconcile();
    expect(named(view)).toEqual(["equal", []]);
    expect(bench.counter.standing().length).toBe(1);
    const entries = await bench.counter.entries();
    expect(entries.filter(({ kind, state }) => kind === "medical-void" && state === "done").length).toBe(1);
    expect(entries.filter(({ kind, state }) => kind === "operation" && state === "done").length).toBe(1);
    expect(await bench.counter.clock.resolve(bench.counter.journal.openSubjects({ limit: 10 }))).toEqual([]);
  }

  test.each(["before", "during", "after"] as const)("%s every commit of the journal", async (when) => {
    const counted = await prepared();
    let commits = 0;
    counted.counter.disk.onCommit(() => {
      commits += 1;
      return { kind: "go" };
    });
    await counted.reconcile();
    expect(commits).toBeGreaterThan(10);
    for (let at = 1; at <= commits; at += 1) {
      const bench = await prepared();
      let seen = 0;
      bench.counter.disk.onCommit(() => {
        seen += 1;
        return seen === at ? { kind: "cut", when } : { kind: "go" };
      });
      await bench.reconcileUntilCut();
      await endsWell(bench);
    }
  });

  test.each(["before", "during", "after"] as const)("%s every file of the folder", async (when) => {
    for (let at = 1; at <= 3; at += 1) {
      const bench = await prepared();
      let seen = 0;
      bench.folder.onChange(() => {
        seen += 1;
        return seen === at ? { kind: "cut", when } : { kind: "go" };
      });
      expect(await bench.reconcileUntilCut()).toBeUndefined();
      await endsWell(bench);
    }
  });
});
