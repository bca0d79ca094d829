/*
 * Goal: fares come from files that somebody has typed, and a slip in one is named by its row and the rule that it breaks.
 * Method: the shape first (a key that nobody knows is refused), then what no table may have: gaps, overlaps, unknown places (table-checks.ts),
 * and last what several tables may not have together. Money is whole fen, lengths whole metres.
 */
import * as z from "zod";
import { type Fen, fen } from "../../base/fen.ts";
import { isCivilDate } from "../../codec/civil-time.ts";
import { tableProblems } from "./table-checks.ts";
import { DAY_KINDS, type FareProblem, type FareTable } from "./types.ts";
import { dayText } from "./week.ts";

export type FareTablesParse = { readonly ok: true; readonly tables: readonly FareTable[] } | { readonly ok: false; readonly problems: readonly FareProblem[] };

/** No ride of a city costs 1000 yuan; it also keeps exact amounts within the safe integers. */
const RIDE_MAX_FEN = 100_000;
const SUM_MAX_FEN = 10_000_000;
/** Above any city's network, and far below what does not fit the distance table. */
const METRES_MAX = 1_000_000;
const PLACES_MAX = 2000;
const ROWS_MAX = 1000;
const TIME_PERCENT_MAX = 300;
const CARD_TYPE_MAX = 255;
/** The longest ride that the trip record of a card holds in any coding. */
const RIDE_MINUTES_MAX = 1440;

const whole = (from: number, to: number) =>
  z.number(`a whole number from ${from} to ${to}`).int("a whole number").min(from, `at least ${from}`).max(to, `at most ${to}`);
const amount = (most: number) => whole(0, most).transform((value): Fen => fen(value));
const rideFen = amount(RIDE_MAX_FEN);
const metres = whole(0, METRES_MAX);
const text = z.string("a text").min(1, "a text").max(80, "at most 80 characters");
const hex = (digits: number) =>
  z
    .string(`${digits} hexadecimal digits`)
    .regex(new RegExp(`^[0-9A-Fa-f]{${digits}}$`), `${digits} hexadecimal digits`)
    .transform((value) => value.toLowerCase());
const place = hex(8);
const line = hex(4);
const date = z
  .string("a day of the calendar as yyyy-MM-dd")
  .refine((value) => /^\d{4}-\d{2}-\d{2}$/.test(value) && isCivilDate(value.replaceAll("-", "")), "a day of the calendar as yyyy-MM-dd")
  .transform((value) => value.replaceAll("-", ""));
/** A row's name stands in answers and records. */
const rowName = z.string("a name").regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "a name of small letters, digits and hyphens, at most 32");
const list = <Row extends z.ZodType>(row: Row, most = ROWS_MAX) => z.array(row, "a list").max(most, `at most ${most}`);
const some = <Row extends z.ZodType>(row: Row, most = ROWS_MAX) => list(row, most).min(1, "at least one");

const HOURS_SHAPE = /^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$/;

const hours = z.string("hours as HH:MM-HH:MM").transform((value, context) => {
  const shape = HOURS_SHAPE.exec(value);
  const [from, to] = [Number(shape?.[1]) * 60 + Number(shape?.[2]), Number(shape?.[3] ?? 24) * 60 + Number(shape?.[4] ?? 0)];
  if (shape !== null && from < to) return { from, to };
  context.addIssue(shape === null ? "hours as HH:MM-HH:MM" : "hours end after they begin; what goes on after midnight is a range of its own");
  return z.NEVER;
});

const weekHours = { days: some(z.enum(DAY_KINDS, "mon to sun, or holiday"), DAY_KINDS.length), hours: some(hours, 48) };

const distances = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({
      kind: z.literal("matrix"),
      bothWays: z.boolean("true or false"),
      rows: some(z.strictObject({ from: place, metres: some(metres, PLACES_MAX) }), PLACES_MAX),
    }),
    z.strictObject({
      kind: z.literal("lines"),
      tracks: some(
        z.strictObject({ line, ringMetres: metres.optional(), stops: some(z.strictObject({ place, metres }), PLACES_MAX).min(2, "at least two stops") }),
      ),
      interchanges: list(z.strictObject({ from: place, to: place, metres })).default([]),
    }),
  ],
  "matrix or lines",
);

const base = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({ kind: z.literal("flat"), fareFen: rideFen }),
    z.strictObject({
      kind: z.literal("distance"),
      bands: some(z.strictObject({ overMetres: metres, throughMetres: metres.optional(), fareFen: rideFen }), 100),
      distances,
    }),
    z.strictObject({
      kind: z.literal("zones"),
      bothWays: z.boolean("true or false"),
      rows: some(z.strictObject({ from: text, to: text, fareFen: rideFen }), 10_000),
    }),
  ],
  "flat, distance or zones",
);

const lineChoice = z.strictObject({ lines: some(line).optional(), industries: some(whole(0, 255), 256).optional() });
const tiers = z.strictObject({
  by: z.enum(["spent-fen", "rides"], "spent-fen or rides"),
  rows: some(z.strictObject({ from: whole(1, SUM_MAX_FEN), percent: whole(0, 100) }), 100),
});

const tableFile = z.strictObject(
  {
    id: text,
    city: hex(4),
    validFrom: date,
    validThrough: date,
    notes: list(z.string("a text").max(500, "at most 500 characters"), 50).default([]),
    lines: some(z.strictObject({ line, name: text, industry: whole(0, 255) })),
    places: some(z.strictObject({ place, name: text, zone: text.optional() }), PLACES_MAX),
    base,
    timeOf: z.enum(["entry", "exit"], "entry or exit"),
    holidays: list(date).default([]),
    movedDays: list(z.strictObject({ date, as: z.enum(DAY_KINDS, "mon to sun, or holiday") })).default([]),
    timeBands: list(
      z.strictObject({
        name: rowName,
        ...weekHours,
        percent: whole(0, TIME_PERCENT_MAX).optional(),
        differenceFen: whole(-RIDE_MAX_FEN, RIDE_MAX_FEN).optional(),
      }),
      100,
    ).default([]),
    concessions: list(
      z.strictObject({
        name: rowName,
        cardTypes: some(whole(0, CARD_TYPE_MAX), CARD_TYPE_MAX + 1),
        percent: whole(0, 100),
        when: z.strictObject(weekHours).optional(),
      }),
      100,
    ).default([]),
    transfers: list(
      z.strictObject({
        name: rowName,
        from: lineChoice,
        to: lineChoice,
        sameLine: z.boolean("true or false").default(false),
        withinMinutes: whole(1, RIDE_MINUTES_MAX),
        inARow: whole(1, 20),
        percent: whole(0, 100).optional(),
        discountFen: rideFen.optional(),
      }),
      100,
    ).default([]),
    tiers: z.strictObject({ day: tiers.optional(), month: tiers.optional() }).default({}),
    caps: z.strictObject({ dayFen: amount(SUM_MAX_FEN).optional(), monthFen: amount(SUM_MAX_FEN).optional() }).default({}),
    ride: z.strictObject({
      maximumFareFen: rideFen,
      maximumMinutes: whole(1, RIDE_MINUTES_MAX),
      overTime: z.discriminatedUnion(
        "kind",
        [z.strictObject({ kind: z.literal("maximum-fare") }), z.strictObject({ kind: z.literal("surcharge"), fareFen: rideFen })],
        "maximum-fare or surcharge",
      ),
      minimumBalanceFen: rideFen,
      withoutEntry: z.discriminatedUnion(
        "kind",
        [
          z.strictObject({ kind: z.literal("staff") }),
          z.strictObject({ kind: z.literal("maximum-fare") }),
          z.strictObject({ kind: z.literal("fixed"), fareFen: rideFen }),
        ],
        "staff, maximum-fare or fixed",
      ),
    }),
    rounding: z.strictObject({ mode: z.enum(["half-up", "down", "up"], "half-up, down or up"), toFen: whole(1, 100) }),
  },
  "a fare table",
);

/** A table as its file has it. */
export type FareTableFile = z.input<typeof tableFile>;

/** What rows of a list are called in answers and problems. */
const ROW_WORDS: readonly (readonly [path: string, word: string])[] = [
  ["base/bands/", "distance/"],
  ["base/rows/", "zones/"],
  ["base/distances/", "distances/"],
  ["timeBands/", "time-band/"],
  ["concessions/", "concession/"],
  ["transfers/", "transfer/"],
  ["tiers/", "tier/"],
];

function placeOf(path: readonly PropertyKey[]): string {
  const joined = path.map((key) => (typeof key === "number" ? key + 1 : String(key))).join("/");
  const [prefix, word] = ROW_WORDS.find(([from]) => joined.startsWith(from)) ?? ["", ""];
  return word + joined.slice(prefix.length);
}

function shapeProblems(issue: z.core.$ZodIssue): readonly FareProblem[] {
  if (issue.code !== "unrecognized_keys") {
    const missing = issue.code === "invalid_type" && issue.message.startsWith("Invalid input");
    return [{ at: placeOf(issue.path) || "table", rule: missing ? "is missing, or is of another kind" : issue.message }];
  }
  return issue.keys.map((key) => ({ at: placeOf([...issue.path, key]), rule: "a key that nobody knows" }));
}

function parseOne(value: unknown): FareTablesParse {
  const parsed = tableFile.safeParse(value);
  if (!parsed.success) return { ok: false, problems: parsed.error.issues.flatMap(shapeProblems) };
  const problems = tableProblems(parsed.data);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, tables: [parsed.data] };
}

/**
 * Reads tables from what JSON files hold, one value for each table; a value may be a list of tables. Never throws. Where there is more than one
 * table, a problem begins with the table that has it, counted from 1.
 */
export function parseFareTables(values: readonly unknown[]): FareTablesParse {
  const each = values.flat();
  const tables: FareTable[] = [];
  const problems: FareProblem[] = each.length === 0 ? [{ at: "table", rule: "at least one" }] : [];
  for (const [index, value] of each.entries()) {
    const parsed = parseOne(value);
    const prefix = each.length === 1 ? "" : `table ${index + 1}: `;
    if (parsed.ok) tables.push(...parsed.tables);
    else problems.push(...parsed.problems.map(({ at, rule }) => ({ at: prefix + at, rule })));
  }
  problems.push(...problemsTogether(tables));
  return problems.length > 0 ? { ok: false, problems } : { ok: true, tables };
}

/** What tables that one gate works with may not have together: a day with two of them, an id twice, another city. */
export function problemsTogether(tables: readonly FareTable[]): readonly FareProblem[] {
  const [first] = tables;
  return tables.flatMap((table, index) => {
    const problems: FareProblem[] = [];
    if (first !== undefined && table.city !== first.city) problems.push({ at: `${table.id}/city`, rule: `${table.city}, and ${first.city} in ${first.id}` });
    for (const earlier of tables.slice(0, index)) {
      if (earlier.id === table.id) problems.push({ at: `${table.id}/id`, rule: "named twice" });
      const day = table.validFrom > earlier.validFrom ? table.validFrom : earlier.validFrom;
      if (day <= table.validThrough && day <= earlier.validThrough)
        problems.push({ at: `${table.id}/validFrom`, rule: `in force on ${dayText(day)}, and so is ${earlier.id}` });
    }
    return problems;
  });
}
