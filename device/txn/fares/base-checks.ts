/* Whether a base fare has exactly one row for each ride between two places of its table. */
import { DistanceTable } from "./distances.ts";
import type { BaseFare, DistanceBand, Distances, FareProblem, FareTable, ZoneFare } from "./types.ts";

export function baseProblems(table: FareTable): readonly FareProblem[] {
  const { base } = table;
  if (base.kind === "flat") return [];
  if (base.kind === "zones") return zoneProblems(table, base);
  const places = table.places.map(({ place }) => place);
  const problems = [
    ...bandProblems(base.bands),
    ...(base.distances.kind === "matrix" ? matrixProblems(base.distances, places) : trackProblems(table, base.distances)),
  ];
  return problems.length > 0 ? problems : unreachable(places, base.distances);
}

function bandProblems(bands: readonly DistanceBand[]): readonly FareProblem[] {
  return bands.flatMap((band, index) => {
    const rules = [beginRule(band, bands[index - 1]), endRule(band, index === bands.length - 1)];
    return rules.filter((rule) => rule !== undefined).map((rule) => ({ at: `distance/${index + 1}`, rule }));
  });
}

function beginRule({ overMetres }: DistanceBand, before: DistanceBand | undefined): string | undefined {
  if (before === undefined) return overMetres === 0 ? undefined : `begins at ${overMetres} m, and nothing holds before`;
  if (before.throughMetres === undefined || before.throughMetres === overMetres) return undefined;
  return `begins at ${overMetres} m, the row before ends at ${before.throughMetres} m`;
}

function endRule({ overMetres, throughMetres }: DistanceBand, last: boolean): string | undefined {
  if (throughMetres === undefined) return last ? undefined : "has no end, and another row follows";
  if (throughMetres <= overMetres) return `ends at ${throughMetres} m and begins at ${overMetres} m`;
  return last ? `ends at ${throughMetres} m, and nothing holds beyond` : undefined;
}

function matrixProblems({ rows, bothWays }: Extract<Distances, { kind: "matrix" }>, places: readonly string[]): readonly FareProblem[] {
  const numbers = new Map(places.map((place, number) => [place, number]));
  const seen = new Set<string>();
  const problems: FareProblem[] = [];
  for (const [index, { from, metres }] of rows.entries()) {
    const at = `distances/${index + 1}`;
    const number = numbers.get(from);
    if (number === undefined) problems.push({ at, rule: `${from} is not among the places` });
    else if (seen.has(from)) problems.push({ at, rule: `${from} has a row already` });
    else if (metres.length !== places.length) problems.push({ at, rule: `${metres.length} distances for ${places.length} places` });
    else if (metres[number] !== 0) problems.push({ at, rule: `${from} is ${metres[number]} m from itself` });
    seen.add(from);
  }
  for (const place of places) if (!seen.has(place)) problems.push({ at: "distances", rule: `no row from ${place}` });
  return problems.length > 0 || !bothWays ? problems : asymmetries(rows, numbers);
}

function asymmetries(rows: Extract<Distances, { kind: "matrix" }>["rows"], numbers: ReadonlyMap<string, number>): readonly FareProblem[] {
  const problems: FareProblem[] = [];
  for (const [index, row] of rows.entries())
    for (const earlier of rows.slice(0, index)) {
      const there = row.metres[numbers.get(earlier.from) ?? 0];
      const back = earlier.metres[numbers.get(row.from) ?? 0];
      if (there !== back) problems.push({ at: `distances/${index + 1}`, rule: `${row.from} to ${earlier.from} is ${there} m, and back ${back} m` });
    }
  return problems;
}

function trackProblems(table: FareTable, { tracks, interchanges }: Extract<Distances, { kind: "lines" }>): readonly FareProblem[] {
  const places = new Set(table.places.map(({ place }) => place));
  const lines = new Set(table.lines.map(({ line }) => line));
  const seen = new Set<string>();
  const problems: FareProblem[] = [];
  for (const [index, track] of tracks.entries()) {
    const at = `distances/tracks/${index + 1}`;
    if (!lines.has(track.line)) problems.push({ at, rule: `line ${track.line} is not among the lines` });
    if (seen.has(track.line)) problems.push({ at, rule: `line ${track.line} has a track already` });
    seen.add(track.line);
    problems.push(...stopProblems(at, track, places));
  }
  for (const [index, { from, to }] of interchanges.entries())
    for (const place of [from, to])
      if (!places.has(place)) problems.push({ at: `distances/interchanges/${index + 1}`, rule: `${place} is not among the places` });
  return problems;
}

type Track = Extract<Distances, { kind: "lines" }>["tracks"][number];

function stopProblems(at: string, { stops, ringMetres }: Track, places: ReadonlySet<string>): readonly FareProblem[] {
  const names = stops.map(({ place }) => place);
  const problems = stops.flatMap(({ place, metres }, index) => {
    const rules = [
      places.has(place) ? undefined : `${place} is not among the places`,
      names.indexOf(place) === index ? undefined : `${place} is a stop of this line already`,
      riseRule(metres, stops[index - 1]?.metres),
    ];
    return rules.filter((rule) => rule !== undefined).map((rule) => ({ at: `${at}/stops/${index + 1}`, rule }));
  });
  const end = stops.at(-1)?.metres ?? 0;
  return ringMetres === undefined || ringMetres > end
    ? problems
    : [...problems, { at: `${at}/ringMetres`, rule: `${ringMetres} m, and the last stop is at ${end} m` }];
}

function riseRule(metres: number, before: number | undefined): string | undefined {
  if (before === undefined) return metres === 0 ? undefined : "the first stop is at 0 m";
  return metres > before ? undefined : `at ${metres} m, the stop before at ${before} m`;
}

/** Each place is named once, with the first to which no way leads. */
function unreachable(places: readonly string[], distances: Distances): readonly FareProblem[] {
  const table = new DistanceTable(places, distances);
  return places.flatMap((place, from) => {
    const to = places.findIndex((_, other) => table.metres(from, other) === undefined);
    return to < 0 ? [] : [{ at: `places/${from + 1}`, rule: `no way leads from ${place} to ${places[to]}` }];
  });
}

type ZoneBase = Extract<BaseFare, { kind: "zones" }>;

function zoneProblems({ places }: FareTable, base: ZoneBase): readonly FareProblem[] {
  const without = places.flatMap(({ place, zone }, index) => (zone === undefined ? [{ at: `places/${index + 1}`, rule: `${place} has no zone` }] : []));
  const zones = new Set(places.map(({ zone }) => zone).filter((zone) => zone !== undefined));
  const rows = new Map<string, number>();
  const problems: FareProblem[] = [];
  for (const [index, row] of base.rows.entries()) {
    const at = `zones/${index + 1}`;
    const pairs = zonePairs(row, base.bothWays);
    for (const zone of new Set([row.from, row.to])) if (!zones.has(zone)) problems.push({ at, rule: `no place is in zone ${zone}` });
    const earlier = pairs.map((pair) => rows.get(pair)).find((other) => other !== undefined);
    if (earlier !== undefined) problems.push({ at, rule: `${row.from} to ${row.to} stands already in zones/${earlier + 1}` });
    for (const pair of pairs) if (!rows.has(pair)) rows.set(pair, index);
  }
  const missing = [...zones].flatMap((from) =>
    [...zones].filter((to) => !rows.has(zonePair(from, to))).map((to) => ({ at: "zones", rule: `no row from ${from} to ${to}` })),
  );
  return [...without, ...problems, ...missing];
}

/** One key for two names, whatever letters they have. */
export function zonePair(from: string, to: string): string {
  return JSON.stringify([from, to]);
}

/** The ways that a row is for. */
export function zonePairs({ from, to }: ZoneFare, bothWays: boolean): readonly string[] {
  return bothWays && from !== to ? [zonePair(from, to), zonePair(to, from)] : [zonePair(from, to)];
}
