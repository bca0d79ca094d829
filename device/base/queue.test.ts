import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BoundedQueue } from "./queue.ts";

describe("BoundedQueue", () => {
  it("gives back in order, and says when it is full or empty", () => {
    const queue = new BoundedQueue<string>(2);
    expect(queue.shift()).toBeUndefined();
    expect([queue.push("a"), queue.push("b"), queue.push("c")]).toEqual([true, true, false]);
    expect(queue.size).toBe(2);
    expect([queue.shift(), queue.shift(), queue.shift()]).toEqual(["a", "b", undefined]);
    expect(queue.push("d")).toBe(true);
    expect(queue.drain()).toEqual(["d"]);
    expect(queue.size).toBe(0);
    expect(queue.drain()).toEqual([]);
  });

  it("holds undefined as an item like any other", () => {
    const queue = new BoundedQueue<undefined>(1);
    queue.push(undefined);
    expect(queue.size).toBe(1);
    queue.shift();
    expect(queue.size).toBe(0);
  });

  it.each([0, -1, 1.5])("a capacity of %d is asserted", (capacity) => {
    expect(() => new BoundedQueue(capacity)).toThrowError();
  });

  it("drains what is left after some were taken", () => {
    const queue = new BoundedQueue<number>(3);
    for (const item of [1, 2, 3]) queue.push(item);
    queue.shift();
    expect(queue.drain()).toEqual([2, 3]);
    expect(queue.push(4)).toBe(true);
    expect(queue.shift()).toBe(4);
  });

  it("stays in order over thousands of items", () => {
    const queue = new BoundedQueue<number>(5000);
    let [next, expected] = [0, 0];
    for (let round = 0; round < 20; round += 1) {
      while (queue.push(next)) next += 1;
      for (let take = 0; take < 3000; take += 1, expected += 1) expect(queue.shift()).toBe(expected);
    }
    expect(queue.drain()).toEqual(Array.from({ length: next - expected }, (_, at) => expected + at));
  });

  it("does what an array does", () => {
    const action = fc.constantFrom("push", "push", "push", "shift", "shift", "drain");
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(action, { maxLength: 40 }), (capacity, actions) => {
        const [queue, model] = [new BoundedQueue<number>(capacity), [] as number[]];
        const act = {
          push: (at: number) => {
            expect(queue.push(at)).toBe(model.length < capacity);
            if (model.length < capacity) model.push(at);
          },
          shift: () => expect(queue.shift()).toBe(model.shift()),
          drain: () => expect(queue.drain()).toEqual(model.splice(0)),
        };
        actions.forEach((name, at) => {
          act[name](at);
          expect(queue.size).toBe(model.length);
        });
      }),
    );
  });
});
