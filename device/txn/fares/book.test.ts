/* The steps of docs/fares.md one by one, each at its edge; the oracle beside this file judges them together. */
import { describe, expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { openFareBook } from "./book.ts";
import type { RideAnswer, RidePoint, RiderState } from "./fares.ts";
import { EMPTY_RIDER, RIDER_RECORD } from "./rider-record.ts";
import type { FareTableFile } from "./table.ts";
import { checkedTables, shippedTable } from "./testing.ts";

const METRO = openFareBook(checkedTables(shippedTable("example-metro")));
const BUS = openFareBook(checkedTables(shippedTable("example-bus")));

/** "00010001 2026-03-02 06:59:00", a Monday. */
function point(text: string): RidePoint {
  const [place = "", date = "", time = ""] = text.split(" ");
  return { place, date: date.replaceAll("-", ""), time: time.replaceAll(":", "") };
}

const AT = { westGate: "00010001", museum: "00010002", airport: "00010007", newTown: "00020006" };

function travelled(spent: { readonly day?: number; readonly month?: number }, last?: RiderState["last"]): RiderState {
  const figures = { day: "20260302", daySpent: fen(spent.day ?? 0), dayRides: 1, month: "202603", monthSpent: fen(spent.month ?? 0), monthRides: 4 };
  return { ...figures, ...(last === undefined ? {} : { last }) };
}

function rowsOf(answer: RideAnswer): string {
  return answer.kind === "fare" ? `${answer.fare} ${answer.fullFare} ${answer.rows.join(" ")}` : answer.why;
}

/** A ride of the metro on Monday 2 March 2026. */
function metro(
  from: string,
  to: string,
  more: { readonly times?: readonly [string, string]; readonly cardType?: number; readonly rider?: RiderState } = {},
): string {
  const [begin, end] = more.times ?? ["10:00:00", "10:30:00"];
  const { cardType = 0, rider } = more;
  const entry = point(`${from} 2026-03-02 ${begin}`);
  return rowsOf(METRO.ride({ entry, exit: point(`${to} 2026-03-02 ${end}`), cardType, ...(rider === undefined ? {} : { rider }) }));
}

function bus(at: string, rider?: RiderState, cardType = 0): RideAnswer {
  return BUS.ride({ exit: point(at), cardType, ...(rider === undefined ? {} : { rider }) });
}

describe("the worked example of docs/fares.md", () => {
  test("a student in the early morning, on the month's first tier", () => {
    const entry = point(`${AT.westGate} 2026-03-02 06:59:00`);
    const answer = METRO.ride({
      entry,
      exit: point(`${AT.newTown} 2026-03-02 08:00:00`),
      cardType: 2,
      rider: { ...travelled({ month: 12_000 }), day: "20260301" },
    });
    expect(answer).toEqual({
      kind: "fare",
      fare: 168,
      fullFare: 420,
      overTime: false,
      rows: ["distance/4", "time-band/early", "concession/student", "tier/month/1"],
      rider: {
        day: "20260302",
        daySpent: 168,
        dayRides: 1,
        month: "202603",
        monthSpent: 12_168,
        monthRides: 5,
        last: { place: AT.newTown, date: "20260302", time: "080000", fare: 168, transfers: 0 },
      },
    });
  });
});

describe("steps at their edges", () => {
  test.each<[string, string, string]>([
    ["in and out at one place", metro(AT.westGate, AT.westGate), "300 300 distance/1 time-band/workday"],
    ["the last minute of the early hours", metro(AT.westGate, AT.museum, { times: ["06:59:59", "10:00:00"] }), "210 210 distance/1 time-band/early"],
    ["the first after them", metro(AT.westGate, AT.museum, { times: ["07:00:00", "10:00:00"] }), "300 300 distance/1 time-band/workday"],
    ["four hours to the second", metro(AT.westGate, AT.museum, { times: ["08:00:00", "12:00:00"] }), "300 300 distance/1 time-band/workday"],
    ["a second more", metro(AT.westGate, AT.museum, { times: ["08:00:00", "12:00:01"] }), "600 600 distance/1 time-band/workday over-time"],
    [
      "over-time of one who travels free",
      metro(AT.westGate, AT.museum, { times: ["08:00:00", "12:00:01"], cardType: 4 }),
      "300 600 distance/1 time-band/workday concession/disabled over-time",
    ],
    ["a senior out of hours", metro(AT.westGate, AT.museum, { times: ["08:59:59", "09:30:00"], cardType: 3 }), "300 300 distance/1 time-band/workday"],
    [
      "a senior in hours",
      metro(AT.westGate, AT.museum, { times: ["09:00:00", "09:30:00"], cardType: 3 }),
      "0 300 distance/1 time-band/workday concession/senior",
    ],
    ["one fen below a tier", metro(AT.westGate, AT.museum, { rider: travelled({ month: 9999 }) }), "300 300 distance/1 time-band/workday"],
    ["a tier", metro(AT.westGate, AT.museum, { rider: travelled({ month: 10_000 }) }), "240 300 distance/1 time-band/workday tier/month/1"],
    ["the next tier", metro(AT.westGate, AT.museum, { rider: travelled({ month: 15_000 }) }), "150 300 distance/1 time-band/workday tier/month/2"],
    [
      "tiers of a month that is over",
      metro(AT.westGate, AT.museum, { rider: { ...travelled({ month: 15_000 }), month: "202602" } }),
      "300 300 distance/1 time-band/workday",
    ],
    ["what is left of the day's cap", metro(AT.westGate, AT.museum, { rider: travelled({ day: 3701 }) }), "299 300 distance/1 time-band/workday cap/day"],
    ["a cap that is left to the fen", metro(AT.westGate, AT.museum, { rider: travelled({ day: 3700 }) }), "300 300 distance/1 time-band/workday"],
    ["nothing left of it", metro(AT.westGate, AT.museum, { rider: travelled({ day: 9000 }) }), "0 300 distance/1 time-band/workday cap/day"],
    ["a cap of yesterday", metro(AT.westGate, AT.museum, { rider: { ...travelled({ day: 9000 }), day: "20260301" } }), "300 300 distance/1 time-band/workday"],
    ["a place in capitals", metro(AT.westGate.toUpperCase(), AT.museum), "300 300 distance/1 time-band/workday"],
    ["an exit before its entry", metro(AT.westGate, AT.museum, { times: ["10:00:00", "09:59:59"] }), "runs-back"],
    ["a time that is none", metro(AT.westGate, AT.museum, { times: ["10:00:00", "10:61:00"] }), "runs-back"],
    ["a place of others", metro("00030001", AT.museum), "place-unknown"],
  ])("%s", (_, found, expected) => expect(found).toBe(expected));

  test.each<[string, string, string]>([
    ["a holiday is no weekday", "2026-10-01 06:00:00", "time-band/free-day"],
    ["a Saturday that is worked", "2026-10-10 06:00:00", "time-band/early"],
    ["a Saturday", "2026-10-17 06:00:00", "time-band/free-day"],
    ["a Sunday", "2026-10-18 06:00:00", "time-band/free-day"],
    ["a Friday", "2026-10-16 06:00:00", "time-band/early"],
  ])("%s", (_, at, band) => {
    expect(rowsOf(METRO.ride({ entry: point(`${AT.westGate} ${at}`), exit: point(`${AT.museum} ${at}`), cardType: 0 }))).toContain(band);
  });

  test("over midnight: the entry's day has the hours, the exit's day has the caps", () => {
    const entry = point(`${AT.westGate} 2026-03-01 23:50:00`);
    const answer = METRO.ride({ entry, exit: point(`${AT.museum} 2026-03-02 00:20:00`), cardType: 0, rider: { ...travelled({ day: 3900 }), day: "20260301" } });
    expect(answer).toMatchObject({ fare: 300, rows: ["distance/1", "time-band/free-day"], rider: { day: "20260302", daySpent: 300, dayRides: 1 } });
  });

  test("a surcharge is paid and does not count", () => {
    const entry = point(`${AT.westGate} 2026-03-02 08:00:00`);
    const answer = METRO.ride({ entry, exit: point(`${AT.museum} 2026-03-02 13:00:00`), cardType: 0, rider: travelled({ day: 3900 }) });
    expect(answer).toMatchObject({
      fare: 400,
      fullFare: 600,
      overTime: true,
      rows: ["distance/1", "time-band/workday", "cap/day", "over-time"],
      rider: { daySpent: 4000 },
    });
  });

  test("over-time at the maximum fare leaves out base and time band", () => {
    const table: FareTableFile = shippedTable("example-metro");
    const book = openFareBook(checkedTables({ ...table, ride: { ...table.ride, overTime: { kind: "maximum-fare" } } }));
    const entry = point(`${AT.westGate} 2026-03-02 05:00:00`);
    expect(rowsOf(book.ride({ entry, exit: point(`${AT.museum} 2026-03-02 10:00:00`), cardType: 2 }))).toBe("400 800 over-time concession/student");
  });

  test.each<[FareTableFile["rounding"], number]>([
    [{ mode: "half-up", toFen: 1 }, 93],
    [{ mode: "down", toFen: 1 }, 92],
    [{ mode: "up", toFen: 1 }, 93],
    [{ mode: "half-up", toFen: 5 }, 95],
    [{ mode: "down", toFen: 10 }, 90],
    [{ mode: "up", toFen: 10 }, 100],
    [{ mode: "half-up", toFen: 100 }, 100],
  ])("rounded once: 185 fen at 50 %% are 92.5, by %j", (rounding, fare) => {
    const table: FareTableFile = { ...shippedTable("example-bus"), base: { kind: "flat", fareFen: 185 }, rounding };
    const book = openFareBook(checkedTables(table));
    expect(book.ride({ exit: point("03010000 2026-03-02 10:00:00"), cardType: 2 })).toMatchObject({ fare });
  });
});

describe("transfers", () => {
  const last = (place: string, time: string, transfers = 0) => ({ place, date: "20260302", time: time.replaceAll(":", ""), fare: fen(200), transfers });

  test.each<[string, RiderState | undefined, string]>([
    ["from the metro", travelled({}, last("00010001", "09:00:00")), "100 200 flat transfer/metro-bus"],
    ["a second too late", travelled({}, last("00010001", "08:59:59")), "200 200 flat"],
    ["from another bus", travelled({}, last("03020000", "08:30:00")), "100 200 flat transfer/bus-bus"],
    ["for the second time in a row", travelled({}, last("03020000", "09:30:00", 1)), "100 200 flat transfer/bus-bus"],
    ["for the third", travelled({}, last("03020000", "09:30:00", 2)), "200 200 flat"],
    ["with the same line", travelled({}, last("03010000", "09:30:00")), "200 200 flat"],
    ["from a line that nobody knows", travelled({}, last("09990000", "09:30:00")), "200 200 flat"],
    ["from a ride that ends later", travelled({}, last("03020000", "10:00:01")), "200 200 flat"],
    ["from a ride at no time", travelled({}, last("03020000", "99:00:00")), "200 200 flat"],
    ["without a ride before", travelled({}), "200 200 flat"],
    ["without a record", undefined, "200 200 flat"],
  ])("%s", (_, rider, expected) => expect(rowsOf(bus("03010000 2026-03-02 10:00:00", rider))).toBe(expected));

  test("are counted, and begin anew after a ride in full", () => {
    let rider = RIDER_RECORD.parse(new Uint8Array(48));
    const steps: string[] = [];
    for (const [place, time] of [
      ["03010000", "10:00:00"],
      ["03020000", "10:20:00"],
      ["03170000", "10:40:00"],
      ["03010000", "11:00:00"],
      ["03020000", "11:20:00"],
    ] as const) {
      const answer = bus(`${place} 2026-03-02 ${time}`, rider);
      if (answer.kind !== "fare") throw new Error("a bus has a fare");
      rider = answer.rider;
      steps.push(`${answer.fare}/${rider.last?.transfers}`);
    }
    expect(steps).toEqual(["200/0", "100/1", "100/2", "200/0", "100/1"]);
    expect(rider).toMatchObject({ daySpent: 700, dayRides: 5, monthSpent: 700, monthRides: 5 });
  });
});

describe("which table", () => {
  const next: FareTableFile = {
    ...shippedTable("example-bus"),
    id: "next",
    validFrom: "2027-01-01",
    validThrough: "2027-12-31",
    base: { kind: "flat", fareFen: 150 },
  };
  const book = openFareBook(checkedTables(shippedTable("example-bus"), next));

  test.each<[string, string]>([
    ["2025-12-31 23:59:59", "no-table"],
    ["2026-12-31 23:59:59", "200 200 flat"],
    ["2027-01-01 00:00:00", "150 150 flat"],
    ["2028-01-01 00:00:00", "no-table"],
  ])("at %s", (at, expected) => expect(rowsOf(book.ride({ exit: point(`03010000 ${at}`), cardType: 0 }))).toBe(expected));

  test("a ride keeps the table of its entry", () => {
    const question = { entry: point("03010000 2026-12-31 23:50:00"), exit: point("03010000 2027-01-01 00:10:00"), cardType: 0 };
    expect(rowsOf(book.ride(question))).toBe("200 200 flat");
  });

  test("tables that were not checked together are our own mistake", () => {
    const [table] = checkedTables(shippedTable("example-bus"));
    expect(() => openFareBook(table === undefined ? [] : [table, table])).toThrow("checked together");
  });
});

describe("what an entry and an exit without one need", () => {
  test("the terms of the day", () => {
    expect(METRO.entryTerms(point(`${AT.museum} 2026-03-02 10:00:00`))).toEqual({ minimumBalance: 300, maximumFare: 800, maximumRideMinutes: 240 });
    expect(METRO.entryTerms(point("00090001 2026-03-02 10:00:00"))).toBeUndefined();
    expect(METRO.entryTerms(point(`${AT.museum} 2027-03-02 10:00:00`))).toBeUndefined();
  });

  test.each<[string, RidePoint, number, number | undefined]>([
    ["in full", point(`${AT.museum} 2026-03-02 10:00:00`), 0, 800],
    ["for a student", point(`${AT.museum} 2026-03-02 10:00:00`), 2, 400],
    ["at a place of others", point("00090001 2026-03-02 10:00:00"), 0, undefined],
    ["on a day without a table", point(`${AT.museum} 2027-03-02 10:00:00`), 0, undefined],
    ["at no time", point(`${AT.museum} 2026-03-02 25:00:00`), 0, undefined],
  ])("an exit without an entry, %s", (_, at, cardType, fare) => expect(METRO.fareWithoutEntry(at, cardType)).toBe(fare));

  test("by a fixed fare, or by people", () => {
    const table = shippedTable("example-bus");
    const staff = openFareBook(checkedTables({ ...table, ride: { ...table.ride, withoutEntry: { kind: "staff" } } }));
    const at = point("03010000 2026-03-02 10:00:00");
    expect([BUS.fareWithoutEntry(at, 0), BUS.fareWithoutEntry(at, 2), staff.fareWithoutEntry(at, 0)]).toEqual([200, 100, undefined]);
  });
});

describe("figures that a card may claim", () => {
  test("a ride without an entry has a fare only where the base is flat", () => {
    expect(METRO.ride({ exit: point(`${AT.museum} 2026-03-02 10:00:00`), cardType: 0 })).toEqual({ kind: "no-fare", why: "place-unknown" });
  });

  test("the most that a record holds stays the most, and can be written", () => {
    const most: RiderState = {
      ...EMPTY_RIDER,
      day: "20260302",
      daySpent: fen(0xffff_ffff),
      dayRides: 0xffff,
      month: "202603",
      monthSpent: fen(0xffff_ffff),
      monthRides: 0xffff,
    };
    const answer = bus("03010000 2026-03-02 10:00:00", most);
    if (answer.kind !== "fare") throw new Error("a bus has a fare");
    expect(answer.rider).toMatchObject({ daySpent: 0xffff_ffff, dayRides: 0xffff, monthSpent: 0xffff_ffff, monthRides: 0xffff });
    expect(RIDER_RECORD.parse(RIDER_RECORD.encode(answer.rider, 48))).toEqual(answer.rider);
  });
});
