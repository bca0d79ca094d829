import { describe, expect, it } from "vitest";
import { whole } from "../goods-rules/testing.ts";
import { type Fate, goods, returned, StockDesk, sale } from "./testing.ts";
import type { StockUploadRequest } from "./types.ts";
import { createStockUploads } from "./uploads.ts";

async function desk(): Promise<StockDesk> {
  const made = new StockDesk();
  await made.clock.resolve(made.switchOn());
  return made;
}

function enqueue(made: StockDesk, request: StockUploadRequest) {
  return made.clock.resolve(made.uploads.enqueue(request));
}

const two = { items: [goods(), goods({ ownCode: "O2", traceCodes: [whole(2)] })] };

describe("what was sold", () => {
  it("is told at once, row by row, until both levels of the answer say yes", async () => {
    const made = await desk();
    const { subject } = await enqueue(made, sale(1, two));
    await made.later(1000);
    expect(made.heard.map(({ infno, rows, insuranceArea }) => [infno, rows.length, insuranceArea])).toEqual([
      ["3505", 1, "530102"],
      ["3505", 1, "530102"],
    ]);
    expect([...made.taken.values()].map((row) => [row["fixmedins_hilist_id"], row["setl_id"]])).toEqual([
      ["O1", "S1"],
      ["O2", "S1"],
    ]);
    expect(await made.states(subject)).toEqual(["prepared", "acting", "done"]);
    await made.later(600_000);
    expect(made.heard).toHaveLength(2);
  });

  it.each(["", "result", "output", "data"])("the inner word may stand in %j", async (innerNode) => {
    const made = await desk();
    made.innerNode = innerNode;
    const { subject } = await enqueue(made, sale(1));
    await made.later(1000);
    expect(await made.states(subject)).toEqual(["prepared", "done"]);
  });

  it("in one message where the region takes a sale's rows together, as many as fit", async () => {
    const made = new StockDesk();
    made.options = { ...made.options, inBatches: true };
    await made.clock.resolve(made.switchOn());
    const items = Array.from({ length: 120 }, (_, index) => goods({ ownCode: `O${index}`, traceCodes: [whole(index)] }));
    const { subject } = await enqueue(made, sale(1, { items }));
    await made.later(5000);
    const counts = made.heard.map(({ rows }) => rows.length);
    expect(new Set(made.heard.map(({ infno }) => infno))).toEqual(new Set(["3505A"]));
    expect(counts.length).toBeGreaterThan(1);
    expect(counts.length).toBeLessThan(6);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(120);
    expect(await made.states(subject)).toEqual(["prepared", ...counts.slice(1).map(() => "acting"), "done"]);
    await enqueue(made, returned(1));
    await made.later(1000);
    expect(made.heard.at(-1)?.infno).toBe("3506");
  });

  it("is one upload however often it is asked for", async () => {
    const made = await desk();
    const asked = [made.uploads.enqueue(sale(1)), made.uploads.enqueue(sale(1))];
    const first = await made.clock.resolve(Promise.all(asked));
    await made.later(1000);
    expect(new Set([...first, await enqueue(made, sale(1))].map(({ subject }) => subject)).size).toBe(1);
    expect(made.heard).toHaveLength(1);
  });

  it("keeps what is personal apart", async () => {
    const made = await desk();
    const person = { personNumber: "53010000000000000009", certificateType: "01", certificateNumber: "530102199001010011", name: "王小明" };
    await enqueue(made, sale(1, { person }));
    await made.later(1000);
    for (const { detail, personal } of await made.everything()) {
      for (const secret of [person.personNumber, person.certificateNumber, person.name]) {
        expect(detail).not.toContain(secret);
        expect(personal).toContain(secret);
      }
    }
    expect([...made.taken.values()][0]).toMatchObject({ psn_no: person.personNumber, certno: person.certificateNumber, psn_name: person.name });
  });
});

it("what was sold tells of an illness: no entry names it where it can be read", async () => {
  const made = await desk();
  await enqueue(made, sale(1, two));
  await enqueue(made, returned(1, two));
  await made.later(5000);
  const [sold] = two.items;
  const entries = await made.everything();
  expect(entries.filter(({ detail }) => [sold?.name, sold?.nationalCode].some((word) => word !== undefined && detail.includes(word)))).toEqual([]);
  expect(entries.filter(({ personal }) => personal.includes(sold?.name ?? "?")).length).toBe(2);
  expect(made.taken.size).toBe(4);
});

it("the insurer's words about a refusal may name a person: they are kept apart, and told to nobody else", async () => {
  const made = await desk();
  const words = "追溯码已销售";
  made.plan("decline", "decline");
  const { subject } = await enqueue(made, sale(1));
  await made.later(1000);
  await made.clock.resolve(made.uploads.retry(subject, { operator: "op2" }));
  await made.later(1000);
  expect((await made.clock.resolve(made.uploads.parked(10))).map(({ message }) => message)).toEqual([words]);
  await made.clock.resolve(made.uploads.dismiss(subject, { operator: "op2" }));
  expect(await made.states(subject)).toEqual(["prepared", "unknown", "resolving", "unknown", "refused"]);
  const entries = await made.everything();
  expect(entries.filter(({ detail }) => detail.includes(words))).toEqual([]);
  expect(entries.filter(({ personal }) => personal.includes(words)).length).toBe(3);
  expect(JSON.stringify(made.heard)).not.toContain(words);
});

describe("where nothing comes back", () => {
  it.each<Fate>(["lost-before", "lost-after", "system-error", "not-sent", "mute"])("after %s the same row is told again until it is taken", async (fate) => {
    const made = await desk();
    made.plan(fate, fate, fate);
    const { subject } = await enqueue(made, sale(1));
    await made.later(60_000);
    expect(made.sentAtMs).toHaveLength(4);
    expect(made.taken.size).toBe(1);
    expect(await made.states(subject)).toEqual(["prepared", "done"]);
  });

  it("the pauses grow up to their bound", async () => {
    const made = await desk();
    made.from("not-sent");
    await enqueue(made, sale(1));
    await made.later(600_000);
    const pauses = made.sentAtMs.slice(1).map((ms, index) => Math.round((ms - (made.sentAtMs[index] ?? 0)) / 1000));
    expect(pauses.slice(0, 9)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it("an insurer that is away is not asked for each of many uploads", async () => {
    const made = await desk();
    made.from("not-sent");
    for (let number = 1; number <= 20; number += 1) await enqueue(made, sale(number));
    const before = made.sentAtMs.length;
    await made.later(900);
    expect(made.sentAtMs.length - before).toBeLessThanOrEqual(3);
    made.from("take");
    await made.later(120_000);
    expect(made.taken.size).toBe(20);
  });

  it("one that is never answered does not hold up the others", async () => {
    const made = await desk();
    made.plan("lost-before");
    await enqueue(made, sale(1));
    await enqueue(made, sale(2));
    await made.later(5500);
    expect([...made.taken.values()].map((row) => row["setl_id"])).toContain("S2");
  });
});

describe("where the insurer refuses", () => {
  it.each<[Fate, string]>([
    ["refuse", "目录编码不存在"],
    ["decline", "追溯码已销售"],
  ])("after %s it waits for a person, with the insurer's words: %s", async (fate, message) => {
    const made = await desk();
    made.plan("take", fate, fate);
    const { subject } = await enqueue(made, sale(1, two));
    await made.later(600_000);
    expect(await made.clock.resolve(made.uploads.parked(10))).toEqual([
      { subject, reference: "c1.A1.u1", order: "c1.A1", act: "sale", rowsTaken: 1, rows: 2, message, parkedAtMs: expect.any(Number) },
    ]);
    expect(made.heard).toHaveLength(fate === "refuse" ? 3 : 2);
    made.plan();
    expect(await made.clock.resolve(made.uploads.retry(subject, { operator: "op2" }))).toBe("waiting");
    await made.later(5000);
    expect(await made.states(subject)).toEqual(["prepared", "acting", "unknown", "resolving", "done"]);
    expect(made.taken.size).toBe(2);
    expect(await made.clock.resolve(made.uploads.parked(10))).toEqual([]);
  });

  it("an upload that was tried again in vain is listed again", async () => {
    const made = await desk();
    made.plan("decline", "take", "decline");
    const { subject } = await enqueue(made, sale(1, { items: [...two.items, goods({ ownCode: "O3", traceCodes: [whole(3)] })] }));
    await made.later(1000);
    await made.clock.resolve(made.uploads.retry(subject, { operator: "op2" }));
    await made.later(1000);
    expect(await made.states(subject)).toEqual(["prepared", "unknown", "resolving", "resolving", "unknown"]);
    expect((await made.clock.resolve(made.uploads.parked(1)))[0]).toMatchObject({ rowsTaken: 1, rows: 3 });
  });

  it("a person may end it, once", async () => {
    const made = await desk();
    made.plan("refuse");
    const { subject } = await enqueue(made, sale(1));
    await made.later(1000);
    const acts = [
      made.uploads.dismiss(subject, { operator: "op2" }),
      made.uploads.dismiss(subject, { operator: "op3" }),
      made.uploads.retry(subject, { operator: "op4" }),
    ];
    expect(await made.clock.resolve(Promise.all<string>(acts))).toEqual(["dismissed", "not-parked", "not-parked"]);
    expect(await made.states(subject)).toEqual(["prepared", "unknown", "refused"]);
    expect(await made.clock.resolve(made.uploads.parked(10))).toEqual([]);
    expect(await made.clock.resolve(made.uploads.retry("no-such-subject", { operator: "op2" }))).toBe("not-parked");
  });

  it("a sign-in of yesterday is renewed once, and the goods are told with the new one", async () => {
    const made = await desk();
    await enqueue(made, sale(1));
    await made.later(1000);
    made.plan("refuse", "take", "refuse");
    const { subject } = await enqueue(made, sale(2, two));
    await made.later(1000);
    expect(made.signIns).toBe(2);
    expect(await made.states(subject)).toEqual(["prepared", "acting", "unknown"]);
  });

  it("goods that break the interface's own table are never sent, and say which member", async () => {
    const made = await desk();
    await enqueue(made, sale(1, { items: [goods({ name: "名".repeat(201) })] }));
    await made.later(1000);
    expect(made.heard).toEqual([]);
    const [parked] = await made.clock.resolve(made.uploads.parked(10));
    expect(parked?.message).toMatch(/^request-malformed: selinfo\.fixmedins_hilist_name/);
  });

  it("goods without a day of making are not told with an invented one", async () => {
    const made = await desk();
    await enqueue(made, sale(1, { items: [goods({ goods: {} })] }));
    await made.later(1000);
    expect(made.heard).toEqual([]);
    expect((await made.clock.resolve(made.uploads.parked(10))).map(({ message }) => message)).toEqual(["阿莫西林胶囊：缺少生产日期"]);
  });

  it("lists no more than asked for, oldest first", async () => {
    const made = await desk();
    made.from("refuse");
    for (const number of [1, 2, 3]) await enqueue(made, sale(number));
    await made.later(5000);
    expect((await made.clock.resolve(made.uploads.parked(2))).map(({ order }) => order)).toEqual(["c1.A1", "c1.A2"]);
  });
});

describe("what was taken back", () => {
  it("is told after its sale, whatever became of the answers", async () => {
    const made = await desk();
    made.plan("lost-before", "lost-before");
    await enqueue(made, sale(1));
    await enqueue(made, returned(1));
    await made.later(120_000);
    expect(made.heard.map(({ infno }) => infno)).toEqual(["3505", "3506"]);
    expect(made.taken.size).toBe(2);
  });

  it("gives back what was told of a sale whose rest the insurer no longer takes", async () => {
    const made = await desk();
    made.plan("take", "refuse", "refuse");
    const sold = await enqueue(made, sale(1, two));
    const back = await enqueue(made, returned(1));
    await made.later(120_000);
    expect(made.heard.map(({ infno }) => infno)).toEqual(["3505", "3505", "3505", "3506"]);
    expect((await made.states(sold.subject)).at(-1)).toBe("void");
    expect((await made.states(back.subject)).at(-1)).toBe("done");
    expect(await made.clock.resolve(made.uploads.parked(10))).toEqual([]);
  });

  it("is not told where the sale was not, because the insurer no longer takes it", async () => {
    const made = await desk();
    made.plan("lost-before", "decline");
    const sold = await enqueue(made, sale(1));
    const back = await enqueue(made, returned(1));
    await made.later(120_000);
    expect(made.heard.map(({ infno }) => infno)).toEqual(["3505"]);
    expect(await made.states(sold.subject)).toEqual(["prepared", "void"]);
    expect(await made.states(back.subject)).toEqual(["prepared", "void"]);
    expect(await made.clock.resolve(made.uploads.parked(10))).toEqual([]);
  });

  it("takes its sale off the list of what waits for a person", async () => {
    const made = await desk();
    made.plan("decline");
    const sold = await enqueue(made, sale(1));
    await made.later(1000);
    expect(await made.clock.resolve(made.uploads.parked(10))).toHaveLength(1);
    const back = await enqueue(made, returned(1));
    await made.later(1000);
    expect(await made.states(sold.subject)).toEqual(["prepared", "unknown", "void"]);
    expect(await made.states(back.subject)).toEqual(["prepared", "void"]);
    expect(made.heard).toHaveLength(1);
  });

  it("is not told where a person has ended its sale untold", async () => {
    const made = await desk();
    made.plan("decline");
    const sold = await enqueue(made, sale(1));
    await made.later(1000);
    await made.clock.resolve(made.uploads.dismiss(sold.subject, { operator: "op2" }));
    const back = await enqueue(made, returned(1));
    await made.later(120_000);
    expect(await made.states(back.subject)).toEqual(["prepared", "void"]);
  });

  it("is told where this journal knows of no sale", async () => {
    const made = await desk();
    await enqueue(made, returned(1));
    await made.later(1000);
    expect(made.heard.map(({ infno }) => infno)).toEqual(["3506"]);
  });
});

it("a power cut at any write and at any message tells every row, each under one number", async () => {
  const cuts = await countWrites();
  expect(cuts).toBeGreaterThan(6);
  const plans: ((made: StockDesk) => void)[] = [];
  for (let at = 0; at < cuts; at += 1) {
    for (const when of ["before", "during", "after"] as const) plans.push((made) => cutAtWrite(made, at, when));
  }
  for (let at = 0; at < 4; at += 1) {
    for (const fate of ["power-cut-before", "power-cut-after"] as const)
      plans.push((made) => made.plan(...Array.from({ length: at }, (): Fate => "take"), fate));
  }
  let wentDark = 0;
  for (const plan of plans) {
    const made = await desk();
    plan(made);
    await day(made);
    if (!made.on) {
      wentDark += 1;
      made.cutPower();
      await made.clock.resolve(made.switchOn());
      // Whoever asked for the upload asks again after a start, because it cannot know.
      await day(made);
    }
    expect(made.taken.size).toBe(3);
  }
  // The last two plans name a fourth message, which a whole day does not have.
  expect(wentDark).toBe(plans.length - 2);
});

it("a background that is stopped ends in the middle of a message, and the next start goes on", async () => {
  const made = await desk();
  made.from("lost-before");
  await enqueue(made, sale(1));
  await made.later(1000);
  await made.clock.resolve(made.background.stop());
  const before = made.sentAtMs.length;
  await made.later(600_000);
  expect(made.sentAtMs.length).toBe(before);
  made.cutPower();
  made.from("take");
  await made.clock.resolve(made.switchOn());
  await made.later(1000);
  expect(made.taken.size).toBe(1);
});

it("the queue wakes whoever tells, each time there is something to tell", async () => {
  const made = await desk();
  let woken = 0;
  await made.clock.resolve(made.background.stop());
  const uploads = createStockUploads({ ...made.queueOptions(), wake: () => (woken += 1) });
  await made.clock.resolve(uploads.enqueue(sale(1)));
  await made.clock.resolve(uploads.enqueue(sale(1)));
  expect(woken).toBe(1);
});

function cutAtWrite(made: StockDesk, at: number, when: "before" | "during" | "after"): void {
  let writes = 0;
  made.disk.onCommit(() => {
    writes += 1;
    return writes === at + 1 ? { kind: "cut", when } : { kind: "go" };
  });
}

/** A sale of two lines and its return of one, asked for until the power goes. */
async function day(made: StockDesk): Promise<void> {
  void made.uploads.enqueue(sale(1, two));
  void made.uploads.enqueue(returned(1));
  await made.clock.runUntil(made.clock.monotonicMs() + 120_000, () => !made.on);
}

async function countWrites(): Promise<number> {
  const made = await desk();
  let writes = 0;
  made.disk.onCommit(() => {
    writes += 1;
    return { kind: "go" };
  });
  await day(made);
  return writes;
}
