import { describe, expect, it } from "vitest";
import { WorkRow } from "./work-row.ts";

/** A piece of work that ends when it is told to. */
function held(order: string[], name: string) {
  const gate = Promise.withResolvers<string>();
  const work = () => {
    order.push(name);
    return gate.promise;
  };
  return { gate, work };
}

const ticks = () => new Promise((resolve) => setImmediate(resolve));

describe("a row of work", () => {
  it("does one piece after another, in the order of asking", async () => {
    const order: string[] = [];
    const row = new WorkRow("test");
    const [first, second] = [held(order, "first"), held(order, "second")];
    const ends = [row.run(first.work), row.run(second.work)];
    await ticks();
    expect(order).toEqual(["first"]);
    first.gate.resolve("one");
    await ticks();
    expect(order).toEqual(["first", "second"]);
    second.gate.resolve("two");
    expect(await Promise.all(ends)).toEqual(["one", "two"]);
  });

  it("goes on behind a piece that failed, and tells that failure to its own caller alone", async () => {
    const order: string[] = [];
    const row = new WorkRow("test");
    const [first, second] = [held(order, "first"), held(order, "second")];
    const [failing, following] = [row.run(first.work), row.run(second.work)];
    first.gate.reject(new Error("broken"));
    await expect(failing).rejects.toThrow("broken");
    second.gate.resolve("two");
    expect(await following).toBe("two");
  });

  it("refuses more than may wait, without beginning it, and takes more when one has ended", async () => {
    const order: string[] = [];
    const row = new WorkRow("test", 1);
    const [first, second, third] = [held(order, "first"), held(order, "second"), held(order, "third")];
    const ends = [row.run(first.work), row.run(second.work)];
    await expect(row.run(third.work)).rejects.toMatchObject({ code: "queue-full", effectUnknown: false });
    first.gate.resolve("one");
    await ends[0];
    const later = row.run(third.work);
    second.gate.resolve("two");
    third.gate.resolve("three");
    expect(await later).toBe("three");
    expect(order).toEqual(["first", "second", "third"]);
  });

  it("is idle when everything that was asked for has ended, also badly", async () => {
    const order: string[] = [];
    const row = new WorkRow("test");
    const first = held(order, "first");
    const ended = row.run(first.work);
    let idle = false;
    const waiting = row.idle().then(() => {
      idle = true;
    });
    await ticks();
    expect(idle).toBe(false);
    first.gate.reject(new Error("broken"));
    await expect(ended).rejects.toThrow("broken");
    await waiting;
    expect(idle).toBe(true);
  });
});
