/* Tables that cannot be worked with: each gap, overlap and slip is refused with its row. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Draws } from "../medical-split/testing.ts";
import { type FareTableFile, parseFareTables } from "./table.ts";
import { BASE_KINDS, checkedTables, drawnTable, shippedTable } from "./testing.ts";

/** Keys from the root; a number is an index of a list. */
type Path = readonly (string | number)[];
type Node = { [key: string | number]: unknown };

/** A table with one place changed; undefined takes the key away. */
function changed(table: FareTableFile, path: Path, value: unknown): unknown {
  const copy = structuredClone(table) as unknown as Node;
  let at = copy;
  for (const key of path.slice(0, -1)) at = at[key] as Node;
  const last = path.at(-1) ?? "";
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

function problems(...values: readonly unknown[]): readonly string[] {
  const parsed = parseFareTables(values);
  return parsed.ok ? [] : parsed.problems.map(({ at, rule }) => `${at}: ${rule}`);
}

const METRO = shippedTable("example-metro");
const BUS = shippedTable("example-bus");
const DAYS = { id: "drawn", validFrom: "2026-03-01", validThrough: "2026-03-31" };
const STOPS = ["00010001", "00010002", "00010003"];

const MATRIX: FareTableFile = {
  ...METRO,
  lines: METRO.lines.slice(0, 1),
  places: STOPS.map((place, at) => ({ place, name: "Stop", zone: at === 2 ? "B" : "A" })),
  base: {
    kind: "distance",
    bands: [{ overMetres: 0, fareFen: 300 }],
    distances: {
      kind: "matrix",
      bothWays: true,
      rows: [
        { from: "00010001", metres: [0, 1200, 2000] },
        { from: "00010002", metres: [1200, 0, 900] },
        { from: "00010003", metres: [2000, 900, 0] },
      ],
    },
  },
};
const ZONES: FareTableFile = {
  ...MATRIX,
  base: {
    kind: "zones",
    bothWays: true,
    rows: [
      { from: "A", to: "A", fareFen: 300 },
      { from: "A", to: "B", fareFen: 400 },
      { from: "B", to: "B", fareFen: 300 },
    ],
  },
};
const BANDS = ["base", "bands"] as const;
const ROWS = ["base", "distances", "rows"] as const;
const TRACKS = ["base", "distances", "tracks"] as const;
const EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"];

describe("what is read", () => {
  test("the shipped tables, the ones of this file, and tables of every kind from a seed", () => {
    for (const table of [METRO, BUS, MATRIX, ZONES]) expect(problems(table)).toEqual([]);
    const draws = new Draws(7);
    for (let at = 0; at < 80; at += 1) expect(problems(drawnTable(draws, BASE_KINDS[at % 4] ?? "flat", DAYS))).toEqual([]);
  });

  test("days, hours, and names in one spelling", () => {
    const [table] = checkedTables({ ...BUS, city: "36AB", places: [{ place: "0301000F", name: "Bus 1" }] });
    expect(table).toMatchObject({ city: "36ab", validFrom: "20260101", places: [{ place: "0301000f" }], tiers: {}, timeBands: [] });
    expect(checkedTables(METRO)[0]?.timeBands[1]).toMatchObject({ hours: [{ from: 420, to: 1440 }] });
  });

  test("several tables, one by one or as a list", () => {
    const next = { ...METRO, id: "example-metro-2027", validFrom: "2027-01-01", validThrough: "2027-12-31", holidays: [], movedDays: [] };
    expect(checkedTables(METRO, next)).toHaveLength(2);
    expect(problems([METRO, next])).toEqual([]);
  });

  test("never throws, whatever it is given", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(problems(value)).not.toEqual([]);
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(METRO, BUS, MATRIX, ZONES), fc.constantFrom(...Object.keys(METRO)), fc.jsonValue(), (table, key, value) => {
        const parsed = parseFareTables([changed(table, [key], value)]);
        expect(parsed.ok || parsed.problems.length > 0).toBe(true);
      }),
    );
  });
});

describe("rows that contradict each other, or leave something out", () => {
  test.each<[string, FareTableFile, Path, unknown, readonly string[]]>([
    ["a gap of lengths", METRO, [...BANDS, 2, "overMetres"], 13_000, ["distance/3: begins at 13000 m, the row before ends at 12000 m"]],
    ["an overlap of lengths", METRO, [...BANDS, 2, "overMetres"], 10_000, ["distance/3: begins at 10000 m, the row before ends at 12000 m"]],
    ["nothing for the first metres", METRO, [...BANDS, 0, "overMetres"], 100, ["distance/1: begins at 100 m, and nothing holds before"]],
    ["nothing for the last", METRO, [...BANDS, 5, "throughMetres"], 60_000, ["distance/6: ends at 60000 m, and nothing holds beyond"]],
    ["a row without an end before others", METRO, [...BANDS, 1, "throughMetres"], undefined, ["distance/2: has no end, and another row follows"]],
    [
      "a row that ends before it begins",
      METRO,
      [...BANDS, 1, "throughMetres"],
      5000,
      ["distance/2: ends at 5000 m and begins at 6000 m", "distance/3: begins at 12000 m, the row before ends at 5000 m"],
    ],
    ["a fare above the maximum", METRO, [...BANDS, 5, "fareFen"], 900, ["distance/6: 900 fen is above the maximum fare of 800 fen"]],
    ["a way back of another length", MATRIX, [...ROWS, 1, "metres"], [1300, 0, 900], ["distances/2: 00010002 to 00010001 is 1300 m, and back 1200 m"]],
    ["a place away from itself", MATRIX, [...ROWS, 1, "metres"], [1200, 5, 900], ["distances/2: 00010002 is 5 m from itself"]],
    ["a row too short", MATRIX, [...ROWS, 2, "metres"], [2000, 900], ["distances/3: 2 distances for 3 places"]],
    [
      "a row twice, and so another missing",
      MATRIX,
      [...ROWS, 2, "from"],
      "00010001",
      ["distances/3: 00010001 has a row already", "distances: no row from 00010003"],
    ],
    ["a row from nowhere", MATRIX, [...ROWS, 2, "from"], "00010009", ["distances/3: 00010009 is not among the places", "distances: no row from 00010003"]],
    ["a stop of no place", METRO, [...TRACKS, 0, "stops", 2, "place"], "00010009", ["distances/tracks/1/stops/3: 00010009 is not among the places"]],
    ["a stop twice", METRO, [...TRACKS, 0, "stops", 2, "place"], "00010001", ["distances/tracks/1/stops/3: 00010001 is a stop of this line already"]],
    ["stops that run back", METRO, [...TRACKS, 0, "stops", 2, "metres"], 1500, ["distances/tracks/1/stops/3: at 1500 m, the stop before at 1500 m"]],
    ["a line that begins in the middle", METRO, [...TRACKS, 0, "stops", 0, "metres"], 7, ["distances/tracks/1/stops/1: the first stop is at 0 m"]],
    ["a ring shorter than its line", METRO, [...TRACKS, 0, "ringMetres"], 34_500, ["distances/tracks/1/ringMetres: 34500 m, and the last stop is at 34500 m"]],
    ["a track of no line", METRO, [...TRACKS, 0, "line"], "0009", ["distances/tracks/1: line 0009 is not among the lines"]],
    ["a track twice", METRO, [...TRACKS, 1, "line"], "0001", ["distances/tracks/2: line 0001 has a track already"]],
    [
      "a change from nowhere",
      METRO,
      ["base", "distances", "interchanges", 0, "from"],
      "00090001",
      ["distances/interchanges/1: 00090001 is not among the places"],
    ],
    [
      "a zone without a price",
      ZONES,
      ["base", "rows", 2],
      { from: "A", to: "A", fareFen: 1 },
      ["zones/3: A to A stands already in zones/1", "zones: no row from B to B"],
    ],
    ["a way back that is there already", ZONES, ["base", "rows", 3], { from: "B", to: "A", fareFen: 1 }, ["zones/4: B to A stands already in zones/2"]],
    ["one way only", ZONES, ["base", "bothWays"], false, ["zones: no row from B to A"]],
    ["a zone of no place", ZONES, ["base", "rows", 3], { from: "C", to: "C", fareFen: 1 }, ["zones/4: no place is in zone C"]],
    ["a place without a zone", ZONES, ["places", 0, "zone"], undefined, ["places/1: 00010001 has no zone"]],
    ...["mon", "tue", "wed", "thu", "fri"].map((day): [string, FareTableFile, Path, unknown, readonly string[]] => [
      `an hour without a row on ${day}`,
      {
        ...METRO,
        timeBands: [
          { name: "early", days: [day as "mon"], hours: ["00:00-07:00"], percent: 70 },
          { name: "late", days: [day as "mon"], hours: ["08:00-24:00"], percent: 100 },
          { name: "others", days: EVERY_DAY.filter((one) => one !== day) as "mon"[], hours: ["00:00-24:00"], percent: 100 },
        ],
      },
      ["notes"],
      [],
      [`time-band/early: on ${day} no row holds from 07:00 to 08:00`],
    ]),
    ["a minute of two rows", METRO, ["timeBands", 1, "hours", 0], "06:59-24:00", ["time-band/workday: on mon at 06:59 time-band/early holds already"]],
    [
      "a row against itself",
      METRO,
      ["timeBands", 0, "hours"],
      ["00:00-05:00", "04:00-07:00"],
      ["time-band/early: on mon at 04:00 time-band/early holds already"],
    ],
    ["holidays without a row", METRO, ["timeBands", 2, "days"], ["sat", "sun"], ["time-band: on holiday no row holds from 00:00 to 24:00"]],
    ["a percentage and fen", METRO, ["timeBands", 0, "differenceFen"], -100, ["time-band/early: either percent or differenceFen"]],
    ["neither of both", METRO, ["timeBands", 0, "percent"], undefined, ["time-band/early: either percent or differenceFen"]],
    [
      "two concessions at one time",
      METRO,
      ["concessions", 3, "cardTypes"],
      [4, 3],
      ["concession/disabled: card type 3 has concession/senior on mon at 09:00 already"],
    ],
    [
      "two transfers for one change",
      BUS,
      ["transfers", 1, "from"],
      {},
      ["transfer/bus-bus: holds for changes of lines for which transfer/metro-bus holds already"],
    ],
    ["a transfer from no line", BUS, ["transfers", 1, "from"], { lines: ["0999"] }, ["transfer/bus-bus/from: line 0999 is not among the lines"]],
    ["a transfer to no industry", BUS, ["transfers", 1, "to"], { industries: [9] }, ["transfer/bus-bus/to: no line is of industry 9"]],
    ["a transfer without a discount", BUS, ["transfers", 0, "discountFen"], undefined, ["transfer/metro-bus: either percent or discountFen"]],
    [
      "tiers of the month that run back",
      METRO,
      ["tiers", "month", "rows", 0, "from"],
      15_000,
      ["tier/month/2: begins at 15000, the row before at 15000: tiers rise"],
    ],
    [
      "tiers of the day that run back",
      METRO,
      ["tiers", "day"],
      {
        by: "rides",
        rows: [
          { from: 3, percent: 80 },
          { from: 2, percent: 50 },
        ],
      },
      ["tier/day/2: begins at 2, the row before at 3: tiers rise"],
    ],
    ["a month that is capped below a day", METRO, ["caps", "monthFen"], 3999, ["cap/month: 3999 fen is less than the 4000 fen of cap/day"]],
    [
      "a maximum that rounding would lift",
      METRO,
      ["rounding", "toFen"],
      3,
      ["ride/maximumFareFen: 800 fen is no multiple of the 3 fen that fares are rounded to"],
    ],
    [
      "an exit that costs more than the maximum",
      BUS,
      ["ride", "withoutEntry", "fareFen"],
      201,
      ["ride/withoutEntry: 201 fen is above the maximum fare of 200 fen"],
    ],
    ["a line twice", BUS, ["lines", 1, "line"], "0001", ["lines/2: 0001 stands already in lines/1"]],
    ["a place twice", BUS, ["places", 1, "place"], "03010000", ["places/2: 03010000 stands already in places/1"]],
    ["a place of no line", BUS, ["places", 1, "place"], "03990000", ["places/2: line 0399 is not among the lines"]],
    ["a name twice", BUS, ["transfers", 1, "name"], "metro-bus", ["transfer/2: metro-bus stands already in transfer/1"]],
    ["a card type twice", BUS, ["concessions", 0, "cardTypes"], [2, 2], ["concession/student/cardTypes/2: 2 stands already in concession/student/cardTypes/1"]],
    ["a holiday twice", METRO, ["holidays", 1], "2026-01-01", ["holidays/2: 2026-01-01 stands already in holidays/1"]],
    ["a holiday of another year", METRO, ["holidays", 1], "2027-01-01", ["holidays/2: outside the table's days"]],
    ["a moved day that is a holiday", METRO, ["movedDays", 0, "date"], "2026-10-01", ["movedDays/1: stands already in holidays/9"]],
    ["a moved day of another year", METRO, ["movedDays", 0, "date"], "2025-10-01", ["movedDays/1: outside the table's days"]],
    ["days that run back", BUS, ["validThrough"], "2025-12-31", ["validThrough: before validFrom"]],
  ])("%s", (_, table, path, value, expected) => expect(problems(changed(table, path, value))).toEqual(expected));

  test("places to which no way leads", () => {
    const apart = changed(METRO, ["base", "distances", "interchanges"], []);
    expect(problems(apart)).toContain("places/1: no way leads from 00010001 to 00020001");
    expect(problems(apart)).toHaveLength(13);
  });

  test("each gap and each overlap of drawn weeks", () => {
    const draws = new Draws(11);
    let planted = 0;
    for (let at = 0; at < 60; at += 1) {
      const table = drawnTable(draws, "flat", DAYS);
      const [band] = table.timeBands ?? [];
      if (band === undefined) continue;
      planted += 1;
      const without = changed(table, ["timeBands"], table.timeBands?.slice(1));
      const twice = changed(table, ["timeBands"], [...(table.timeBands ?? []), { ...band, name: "again" }]);
      if (table.timeBands?.length !== 1) expect(problems(without).some((one) => /^time-band(\/band-\d+)?: on \w+ no row holds/.test(one))).toBe(true);
      expect(problems(twice)).toHaveLength(1);
      expect(problems(twice)[0]).toMatch(/^time-band\/again: on \w+ at \d\d:\d\d time-band\/band-0 holds already$/);
    }
    expect(planted).toBeGreaterThan(40);
  });
});

describe("rows of another shape", () => {
  test.each<[string, Path, unknown, string]>([
    ["a key that nobody knows", [...BANDS, 1, "farefen"], 1, "distance/2/farefen: a key that nobody knows"],
    ["money that is no whole fen", [...BANDS, 1, "fareFen"], 3.5, "distance/2/fareFen: a whole number"],
    [
      "hours that run back",
      ["timeBands", 1, "hours", 0],
      "08:00-07:00",
      "time-band/2/hours/1: hours end after they begin; what goes on after midnight is a range of its own",
    ],
    ["hours of another form", ["timeBands", 1, "hours", 0], "7-9", "time-band/2/hours/1: hours as HH:MM-HH:MM"],
    ["a day that does not exist", ["holidays", 2], "2026-02-30", "holidays/3: a day of the calendar as yyyy-MM-dd"],
    ["a place that is none", ["places", 0, "place"], "1", "places/1/place: 8 hexadecimal digits"],
    ["a name that is none", ["concessions", 0, "name"], "Student Card", "concession/1/name: a name of small letters, digits and hyphens, at most 32"],
    ["a tier at nothing", ["tiers", "month", "rows", 0, "from"], 0, "tier/month/rows/1/from: at least 1"],
    ["a discount above the price", ["concessions", 0, "percent"], 101, "concession/1/percent: at most 100"],
    ["a part that is missing", ["ride"], undefined, "ride: is missing, or is of another kind"],
    ["a base of another kind", ["base", "kind"], "free", "base/kind: flat, distance or zones"],
  ])("%s", (_, path, value, expected) => expect(problems(changed(METRO, path, value))).toContain(expected));

  test("no table at all", () =>
    expect([problems(5), problems([BUS, null]), problems([])]).toEqual([["table: a fare table"], ["table 2: table: a fare table"], ["table: at least one"]]));
});

describe("tables together", () => {
  test("a day with two of them, an id twice, another city", () => {
    const next = { ...BUS, id: "next", validFrom: "2026-12-15", validThrough: "2027-12-31" };
    expect(problems(BUS, next)).toEqual(["next/validFrom: in force on 2026-12-15, and so is example-bus-2026"]);
    expect(problems(next, BUS)).toEqual(["example-bus-2026/validFrom: in force on 2026-12-15, and so is next"]);
    expect(problems(BUS, { ...next, id: BUS.id, validFrom: "2027-01-01" })).toEqual(["example-bus-2026/id: named twice"]);
    expect(problems(BUS, { ...next, city: "3611", validFrom: "2027-01-01" })).toEqual(["next/city: 3611, and 3610 in example-bus-2026"]);
  });

  test("a problem says which table has it", () => expect(problems(BUS, changed(METRO, ["timeOf"], "never"))).toEqual(["table 2: timeOf: entry or exit"]));
});
