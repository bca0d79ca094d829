/* For tests: fare tables of every kind from a seed, valid by construction, as their files have them; and the shipped ones. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Draws } from "../medical-split/testing.ts";
import { type FareTableFile, parseFareTables } from "./table.ts";
import { DAY_KINDS, type DayKind, type FareTable } from "./types.ts";

export const TABLES_FOLDER = join(import.meta.dirname, "tables");

/** A shipped table as its file has it; a new object each time, so that a test may change it. */
export function shippedTable(name: "example-metro" | "example-bus"): FareTableFile {
  // The tests of the table say that it is one.
  return JSON.parse(readFileSync(join(TABLES_FOLDER, `${name}.json`), "utf8")) as FareTableFile;
}

/** Tables that have to be valid. */
export function checkedTables(...files: readonly FareTableFile[]): readonly FareTable[] {
  const parsed = parseFareTables(files);
  if (!parsed.ok) throw new Error(parsed.problems.map(({ at, rule }) => `${at}: ${rule}`).join("\n"));
  return parsed.tables;
}

export const BASE_KINDS = ["flat", "matrix", "lines", "zones"] as const;
export type BaseKind = (typeof BASE_KINDS)[number];

type Base = FareTableFile["base"];
type Places = FareTableFile["places"];
type WeekRow = { days: DayKind[]; hours: string[] };

const MAXIMUM_FEN = 1000;

function hex4(value: number): string {
  return value.toString(16).padStart(4, "0");
}

function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

/** Times of day that cut it into pieces. */
function cuts(draws: Draws, count: number): readonly number[] {
  const drawn = Array.from({ length: count }, () => 1 + draws.below(1439));
  return [0, ...[...new Set(drawn)].sort((one, other) => one - other), 1440];
}

/** The whole week, each minute in exactly one row. */
function drawnWeek(draws: Draws): readonly WeekRow[] {
  const groups: DayKind[][] = [[], [], []];
  for (const day of DAY_KINDS) groups[draws.below(3)]?.push(day);
  return groups
    .filter((days) => days.length > 0)
    .flatMap((days) => {
      const ends = cuts(draws, draws.below(4));
      const pieces = ends.slice(1).map((end, at) => `${clock(ends[at] ?? 0)}-${clock(end)}`);
      // A row may have hours in the morning and in the evening.
      const joined = pieces.length > 2 && draws.chance(50);
      const rows = joined
        ? [[pieces[0] ?? "", pieces[2] ?? ""], ...pieces.filter((_, at) => at !== 0 && at !== 2).map((one) => [one])]
        : pieces.map((one) => [one]);
      return rows.map((hours) => ({ days, hours }));
    });
}

function drawnLines(draws: Draws): FareTableFile["lines"] {
  return Array.from({ length: 3 + draws.below(3) }, (_, at) => ({ line: hex4(at + 1), name: `Line ${at + 1}`, industry: at === 0 ? 1 : 1 + draws.below(2) }));
}

function drawnPlaces(draws: Draws, lines: FareTableFile["lines"]): Places {
  return lines.flatMap(({ line }) =>
    Array.from({ length: 3 + draws.below(5) }, (_, at) => ({ place: line + hex4(at + 1), name: `Stop ${at + 1}`, zone: draws.one(["A", "B", "C"]) })),
  );
}

function drawnBands(draws: Draws): Extract<Base, { kind: "distance" }>["bands"] {
  const ends = [...new Set(Array.from({ length: 1 + draws.below(6) }, () => 500 * (1 + draws.below(40))))].sort((one, other) => one - other);
  return [0, ...ends].map((overMetres, at) => {
    const throughMetres = ends[at];
    return { overMetres, ...(throughMetres === undefined ? {} : { throughMetres }), fareFen: draws.below(MAXIMUM_FEN + 1) };
  });
}

function drawnMatrix(draws: Draws, places: Places): Extract<Base, { kind: "distance" }>["distances"] {
  const bothWays = draws.chance(50);
  const metres = places.map((_, from) => places.map((__, to) => (from === to ? 0 : 250 * draws.below(100))));
  if (bothWays) for (const [from, row] of metres.entries()) for (const to of row.keys()) if (to < from) row[to] = metres[to]?.[from] ?? 0;
  return { kind: "matrix", bothWays, rows: places.map(({ place }, from) => ({ from: place, metres: metres[from] ?? [] })) };
}

function drawnTracks(draws: Draws, lines: FareTableFile["lines"], places: Places): Extract<Base, { kind: "distance" }>["distances"] {
  const stopsOf = (line: string) => places.filter(({ place }) => place.startsWith(line)).map(({ place }) => place);
  const some = (stops: readonly string[]) => stops[draws.below(stops.length)] ?? "";
  const tracks = lines.map(({ line }) => {
    let metres = 0;
    const stops = stopsOf(line).map((place, at) => {
      metres += at === 0 ? 0 : 250 * (1 + draws.below(12));
      return { place, metres };
    });
    return { line, ...(draws.chance(30) ? { ringMetres: metres + 250 * (1 + draws.below(8)) } : {}), stops };
  });
  const join = (from: string, to: string) => ({ from: some(stopsOf(from)), to: some(stopsOf(to)), metres: 50 * draws.below(5) });
  // Each line hangs on the one before, and some have a second way.
  const interchanges = lines.slice(1).map(({ line }, at) => join(lines[at]?.line ?? "", line));
  return { kind: "lines", tracks, interchanges: draws.chance(50) ? [...interchanges, join(lines[0]?.line ?? "", lines.at(-1)?.line ?? "")] : interchanges };
}

function drawnZones(draws: Draws, places: Places): Base {
  const zones = [...new Set(places.map(({ zone }) => zone ?? ""))];
  const bothWays = draws.chance(50);
  const rows = zones.flatMap((from, one) =>
    zones.filter((_, other) => !bothWays || one <= other).map((to) => ({ from, to, fareFen: draws.below(MAXIMUM_FEN + 1) })),
  );
  return { kind: "zones", bothWays, rows };
}

function drawnBase(draws: Draws, kind: BaseKind, { lines, places }: Pick<FareTableFile, "lines" | "places">): Base {
  if (kind === "flat") return { kind, fareFen: draws.below(MAXIMUM_FEN + 1) };
  if (kind === "zones") return drawnZones(draws, places);
  const distances = kind === "matrix" ? drawnMatrix(draws, places) : drawnTracks(draws, lines, places);
  return { kind: "distance", bands: drawnBands(draws), distances };
}

function drawnConcessions(draws: Draws): FareTableFile["concessions"] {
  const always = { name: "always", cardTypes: [1, 2], percent: draws.one([0, 33, 50, 75]) };
  const ofHours = drawnWeek(draws)
    .filter(() => draws.chance(60))
    .map((when, at) => ({ name: `hours-${at}`, cardTypes: [3], percent: draws.below(101), when }));
  return draws.chance(85) ? [always, ...ofHours] : [];
}

function drawnTransfers(draws: Draws): FareTableFile["transfers"] {
  const change = () => (draws.chance(50) ? { percent: draws.below(101) } : { discountFen: draws.below(300) });
  const rest = () => ({ sameLine: draws.chance(30), withinMinutes: 10 + draws.below(110), inARow: 1 + draws.below(3), ...change() });
  const kind = draws.below(4);
  if (kind === 0) return [];
  if (kind === 1) return [{ name: "any", from: {}, to: {}, ...rest() }];
  if (kind === 2) return [{ name: "line", from: { lines: ["0001", "0002"] }, to: { lines: ["0002"], industries: [1] }, ...rest() }];
  // Only line 1 is sure to be there: the others may all be of its industry.
  return [
    { name: "from-one", from: { lines: ["0001"] }, to: {}, ...rest() },
    { name: "to-one", from: { lines: ["0002", "0003"] }, to: { industries: [1] }, ...rest() },
  ];
}

type DrawnTiers = NonNullable<NonNullable<FareTableFile["tiers"]>["day"]>;

function drawnTiers(draws: Draws, most: number): DrawnTiers {
  const by = draws.one(["spent-fen", "rides"] as const);
  const froms = [...new Set(Array.from({ length: 1 + draws.below(3) }, () => 1 + draws.below(by === "rides" ? 8 : most)))].sort((one, other) => one - other);
  return { by, rows: froms.map((from) => ({ from, percent: draws.one([50, 80, draws.below(101)]) })) };
}

/** One table; its days and its name are the caller's. */
export function drawnTable(draws: Draws, kind: BaseKind, days: Pick<FareTableFile, "id" | "validFrom" | "validThrough">): FareTableFile {
  const lines = drawnLines(draws);
  const places = drawnPlaces(draws, lines);
  const day = (month: string, at: number) => `${days.validFrom.slice(0, 4)}-${month}-${String(at).padStart(2, "0")}`;
  const month = days.validFrom.slice(5, 7);
  const bands = draws.chance(85) ? drawnWeek(draws) : [];
  const change = () => (draws.chance(60) ? { percent: draws.below(200) } : { differenceFen: draws.below(400) - 200 });
  return {
    ...days,
    city: "3610",
    lines,
    places,
    base: drawnBase(draws, kind, { lines, places }),
    timeOf: draws.one(["entry", "exit"]),
    holidays: [day(month, 1 + draws.below(9)), day(month, 10 + draws.below(9))],
    movedDays: [{ date: day(month, 20 + draws.below(8)), as: draws.one(DAY_KINDS) }],
    timeBands: bands.map((row, at) => ({ name: `band-${at}`, ...row, ...change() })),
    concessions: drawnConcessions(draws),
    transfers: drawnTransfers(draws),
    tiers: { ...(draws.chance(50) ? { day: drawnTiers(draws, 2000) } : {}), ...(draws.chance(60) ? { month: drawnTiers(draws, 20_000) } : {}) },
    caps: { ...(draws.chance(50) ? { dayFen: 1000 + draws.below(1500) } : {}), ...(draws.chance(50) ? { monthFen: 3000 + draws.below(30_000) } : {}) },
    ride: {
      maximumFareFen: MAXIMUM_FEN,
      maximumMinutes: 60 + draws.below(120),
      overTime: draws.one<FareTableFile["ride"]["overTime"]>([{ kind: "maximum-fare" }, { kind: "surcharge", fareFen: draws.below(500) }]),
      minimumBalanceFen: draws.below(500),
      withoutEntry: draws.one<FareTableFile["ride"]["withoutEntry"]>([
        { kind: "staff" },
        { kind: "maximum-fare" },
        { kind: "fixed", fareFen: draws.below(900) },
      ]),
    },
    rounding: { mode: draws.one(["half-up", "down", "up"]), toFen: draws.one([1, 1, 5, 10, 100]) },
  };
}
