import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Journal } from "./journal/types.ts";
import { openSaleTimes, SALE_TIME_MARK } from "./sale-time.ts";

const NOON_MS = Date.UTC(2026, 0, 5, 4);

function journalWith(value: string | undefined): Pick<Journal, "mark"> {
  return { mark: (name) => Promise.resolve(name === SALE_TIME_MARK ? value : undefined) };
}

describe("sale time", () => {
  test("is civil time, to be kept as a mark", async () => {
    const times = await openSaleTimes(journalWith(undefined));
    expect(times.next(NOON_MS + 999)).toEqual({ date: "20260105", time: "120000", mark: { name: "sale-time", value: String(NOON_MS / 1000) } });
  });
  test("no second is given out twice", async () => {
    const times = await openSaleTimes(journalWith(undefined));
    expect([times.next(NOON_MS).time, times.next(NOON_MS).time, times.next(NOON_MS + 1500).time]).toEqual(["120000", "120001", "120002"]);
  });
  test("lanes with modules of their own have times of their own, which a busy neighbour does not drive ahead", async () => {
    const [first, second] = [await openSaleTimes(journalWith(undefined), "in"), await openSaleTimes(journalWith(undefined), "out")];
    for (let sale = 0; sale < 100; sale += 1) first.next(NOON_MS);
    expect(second.next(NOON_MS)).toEqual({ date: "20260105", time: "120000", mark: { name: "sale-time/out", value: String(NOON_MS / 1000) } });
  });
  test("a restart with the clock set back goes on after the durable one", async () => {
    const times = await openSaleTimes(journalWith(String(NOON_MS / 1000)));
    expect(times.next(NOON_MS - 86_400_000)).toMatchObject({ date: "20260105", time: "120001" });
  });
  test.each(["", "-1", "1e3", "x", "253402214400"])("the mark %j is not ours", (value) =>
    expect(openSaleTimes(journalWith(value))).rejects.toThrow("written by ourselves"),
  );
  test("whatever the clock says, times strictly rise", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double({ min: -1e15, max: 1e14, noNaN: true })), async (clock) => {
        const times = await openSaleTimes(journalWith(undefined));
        const texts = clock.map((wallMs) => times.next(wallMs)).map(({ date, time }) => date + time);
        expect(texts).toEqual([...new Set(texts)].sort());
      }),
    );
  });
});
