import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../../base/fault.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import type { OrderItem, TraceCode } from "../medical-desk/basket.ts";
import { item, opened, whole } from "./testing.ts";
import { TraceBook, type TraceMark } from "./trace-book.ts";

const SUITE = opensslSuite();
const SOLD = { kind: "refused", reason: "trace-code-sold", line: 1 };
const RESERVED = { kind: "reserved" };

/** The journal's marks, which outlive every book. */
class Marks {
  readonly kept = new Map<string, string>();
  fails = false;

  mark(name: string): Promise<string | undefined> {
    return this.fails ? Promise.reject(new Fault("store-broken", "planted", { effectUnknown: false })) : Promise.resolve(this.kept.get(name));
  }

  commit(marks: readonly TraceMark[]): void {
    for (const { name, value } of marks) this.kept.set(name, value);
  }
}

function counter() {
  const marks = new Marks();
  const start = () => new TraceBook({ journal: marks, suite: SUITE });
  return { marks, start, book: start() };
}

function basket(...codes: readonly TraceCode[]): readonly OrderItem[] {
  return codes.map((code) => item({ traceCodes: [code] }));
}

async function sell({ book, marks }: { book: TraceBook; marks: Marks }, reference: string, items: readonly OrderItem[]) {
  const result = await book.reserve(items, reference);
  if (result.kind === "reserved") {
    marks.commit(book.marks(reference));
    book.release(reference);
  }
  return result;
}

async function free({ book, marks }: { book: TraceBook; marks: Marks }, reference: string, items: readonly OrderItem[]) {
  const freed = await book.freeingMarks(items, reference);
  marks.commit(freed);
  book.release(reference);
  return freed.length;
}

describe("packs sold by this terminal", () => {
  it("a whole pack is sold once, also after a restart", async () => {
    const till = counter();
    expect(await sell(till, "c.1", basket(whole(1)))).toEqual(RESERVED);
    expect(await sell(till, "c.2", basket(whole(2), whole(1)))).toEqual({ ...SOLD, line: 2 });
    expect(await sell({ ...till, book: till.start() }, "c.3", basket(whole(1)))).toEqual(SOLD);
    expect(await sell(till, "c.4", basket(whole(2)))).toEqual(RESERVED);
  });

  it.each([
    ["opened again", opened(1), opened(1), RESERVED],
    ["whole after it was opened", opened(1), whole(1), SOLD],
    ["opened after it was sold whole", whole(1), opened(1), SOLD],
  ])("a pack %s", async (_name, first, second, expected) => {
    const till = counter();
    await sell(till, "c.1", basket(first));
    expect(await sell(till, "c.2", basket(second))).toEqual(expected);
  });

  it("the same order is no other sale, after its end and after a restart", async () => {
    const till = counter();
    for (const book of [till.book, till.start(), till.start()]) expect(await sell({ ...till, book }, "c.1", basket(whole(1), opened(2)))).toEqual(RESERVED);
  });

  it("a pack that came back may be sold again", async () => {
    const till = counter();
    await sell(till, "c.1", basket(whole(1), opened(2)));
    expect(await free(till, "c.1", basket(whole(1), opened(2)))).toBe(2);
    expect(await sell(till, "c.2", basket(whole(1), whole(2)))).toEqual(RESERVED);
    // The earlier order no longer has anything to give back.
    expect(await free(till, "c.1", basket(whole(1), opened(2)))).toBe(0);
    expect(await sell(till, "c.3", basket(whole(1)))).toEqual(SOLD);
  });

  it("a pack that two orders have opened stays open when one gives its part back", async () => {
    const till = counter();
    await sell(till, "c.1", basket(opened(1)));
    await sell(till, "c.2", basket(opened(1)));
    expect(await free(till, "c.1", basket(opened(1)))).toBe(0);
    expect(await free(till, "c.2", basket(opened(1)))).toBe(0);
    expect(await sell(till, "c.3", basket(whole(1)))).toEqual(SOLD);
    expect(await sell(till, "c.4", basket(opened(1)))).toEqual(RESERVED);
  });

  it("a mark tells nobody which code it is of", async () => {
    const { marks, book } = counter();
    await sell({ marks, book }, "c.1", basket(whole(1)));
    expect([...marks.kept]).toEqual([[expect.stringMatching(/^trace\/[0-9a-f]{32}$/), "whole:c.1"]]);
  });
});

describe("orders under way", () => {
  it("of two with the same pack one passes", async () => {
    const { book } = counter();
    expect(await Promise.all([book.reserve(basket(whole(1)), "c.1"), book.reserve(basket(whole(1)), "c.2")])).toEqual([RESERVED, SOLD]);
    book.release("c.1");
    expect(await book.reserve(basket(whole(1)), "c.2")).toEqual(RESERVED);
  });

  it("two with the same opened pack both pass, and neither gives it back alone", async () => {
    const till = counter();
    const { book, marks } = till;
    await Promise.all([book.reserve(basket(opened(1)), "c.1"), book.reserve(basket(opened(1)), "c.2")]);
    marks.commit(book.marks("c.1"));
    marks.commit(book.marks("c.2"));
    for (const reference of ["c.1", "c.2"]) book.release(reference);
    for (const reference of ["c.1", "c.2"]) expect(await free(till, reference, basket(opened(1)))).toBe(0);
    expect(await sell(till, "c.3", basket(whole(1)))).toEqual(SOLD);
  });

  it("the same order asked twice waits for the same answer", async () => {
    const till = counter();
    await sell(till, "c.0", basket(whole(1)));
    const asked = [till.book.reserve(basket(whole(1)), "c.1"), till.book.reserve(basket(whole(1)), "c.1")];
    expect(await Promise.all(asked)).toEqual([SOLD, SOLD]);
  });

  it("what is being given back is not sold meanwhile", async () => {
    const till = counter();
    const { book, marks } = till;
    await sell(till, "c.1", basket(whole(1)));
    const freed = await book.freeingMarks(basket(whole(1)), "c.1");
    expect(await book.reserve(basket(whole(1)), "c.2")).toEqual(SOLD);
    expect(await book.reserve(basket(opened(1)), "c.3")).toEqual(SOLD);
    expect(await book.reserve(basket(whole(1)), "c.1")).toEqual(SOLD);
    marks.commit(freed);
    book.release("c.1");
    expect(await book.reserve(basket(whole(1)), "c.2")).toEqual(RESERVED);
  });

  it("a part given back while another order opens the same pack frees nothing", async () => {
    const till = counter();
    await sell(till, "c.1", basket(opened(1)));
    await till.book.reserve(basket(opened(1)), "c.2");
    expect(await free(till, "c.1", basket(opened(1)))).toBe(0);
  });

  it("a journal that fails keeps nothing reserved", async () => {
    const { marks, book } = counter();
    marks.fails = true;
    await expect(book.reserve(basket(whole(1)), "c.1")).rejects.toThrow("planted");
    marks.fails = false;
    expect(await book.reserve(basket(whole(1)), "c.2")).toEqual(RESERVED);
  });

  it("goods without codes reserve nothing, also where the order is ending", async () => {
    const { book } = counter();
    expect(await book.reserve(basket(), "c.1")).toEqual(RESERVED);
    expect(book.marks("c.1")).toEqual([]);
    await book.freeingMarks(basket(), "c.1");
    expect(await book.reserve(basket(), "c.1")).toEqual(RESERVED);
  });
});

it("whatever counters do at once, a whole pack stands in one sale alone", async () => {
  const act = fc.record({
    order: fc.integer({ min: 0, max: 5 }),
    code: fc.integer({ min: 0, max: 2 }),
    opens: fc.boolean(),
    does: fc.constantFrom("reserve", "commit", "free", "restart"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
      const till = counter();
      let { book } = till;
      const asked = new Map<string, TraceCode>();
      const standing = new Map<string, TraceCode>();
      for (const { order, code, opens, does } of acts) {
        const reference = `c.${order}`;
        const known = asked.get(reference);
        if (does === "restart") {
          book = till.start();
          asked.clear();
        } else if (does === "reserve" && known === undefined && !standing.has(reference)) {
          const wanted = opens ? opened(code) : whole(code);
          if ((await book.reserve(basket(wanted), reference)).kind === "reserved") asked.set(reference, wanted);
        } else if (does === "commit" && known !== undefined) {
          till.marks.commit(book.marks(reference));
          book.release(reference);
          asked.delete(reference);
          standing.set(reference, known);
        } else if (does === "free" && standing.has(reference)) {
          await free({ book, marks: till.marks }, reference, basket(standing.get(reference) ?? whole(code)));
          standing.delete(reference);
        }
        const sold = [...standing.values()];
        for (const pack of sold.filter(({ splitPack }) => !splitPack)) expect(sold.filter((other) => other.code === pack.code)).toHaveLength(1);
      }
    }),
    { numRuns: 500 },
  );
});
