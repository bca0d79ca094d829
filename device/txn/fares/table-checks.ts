/*
 * What a table of the right shape may still have wrong. Each check names the row; where two rows contradict each other, the later one is named
 * and says which the earlier one is.
 */
import { baseProblems } from "./base-checks.ts";
import { DAY_KINDS, type FareProblem, type FareTable, type LineChoice, type Transfer } from "./types.ts";
import { ALWAYS, clockText, dayText, WeekSheet } from "./week.ts";

type Check = (table: FareTable) => readonly FareProblem[];

/** All that is wrong with one table; empty when nothing is. */
export function tableProblems(table: FareTable): readonly FareProblem[] {
  const problems = CHECKS.flatMap((check) => check(table));
  // Distances, zones and the week are only worth judging where the rows name what exists.
  return problems.length > 0 ? problems : [...baseProblems(table), ...timeBandProblems(table), ...concessionProblems(table), ...transferProblems(table)];
}

/** Rows that are called by a text which only one of them may have. */
function namedTwice(at: string, names: readonly string[]): readonly FareProblem[] {
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    return first === index ? [] : [{ at: `${at}/${index + 1}`, rule: `${name} stands already in ${at}/${first + 1}` }];
  });
}

function duplicates({ lines, places, timeBands, concessions, transfers, holidays, movedDays }: FareTable): readonly FareProblem[] {
  const names = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name);
  return [
    ...namedTwice(
      "lines",
      lines.map(({ line }) => line),
    ),
    ...namedTwice(
      "places",
      places.map(({ place }) => place),
    ),
    ...namedTwice("time-band", names(timeBands)),
    ...namedTwice("concession", names(concessions)),
    ...namedTwice("transfer", names(transfers)),
    ...namedTwice("holidays", holidays.map(dayText)),
    ...namedTwice(
      "movedDays",
      movedDays.map(({ date }) => dayText(date)),
    ),
    ...concessions.flatMap(({ name, cardTypes }) => namedTwice(`concession/${name}/cardTypes`, cardTypes.map(String))),
  ];
}

function dayProblems({ validFrom, validThrough, holidays, movedDays }: FareTable): readonly FareProblem[] {
  const problems: FareProblem[] = [];
  if (validThrough < validFrom) problems.push({ at: "validThrough", rule: "before validFrom" });
  const outside = (date: string) => date < validFrom || date > validThrough;
  for (const [index, date] of holidays.entries()) if (outside(date)) problems.push({ at: `holidays/${index + 1}`, rule: "outside the table's days" });
  for (const [index, { date }] of movedDays.entries()) {
    if (outside(date)) problems.push({ at: `movedDays/${index + 1}`, rule: "outside the table's days" });
    if (holidays.includes(date)) problems.push({ at: `movedDays/${index + 1}`, rule: `stands already in holidays/${holidays.indexOf(date) + 1}` });
  }
  return problems;
}

function lineProblems({ lines, places, transfers }: FareTable): readonly FareProblem[] {
  const known = new Set(lines.map(({ line }) => line));
  const industries = new Set(lines.map(({ industry }) => industry));
  const choiceProblems = (at: string, { lines: chosen = [], industries: chosenIndustries = [] }: LineChoice): readonly FareProblem[] => [
    ...chosen.filter((line) => !known.has(line)).map((line) => ({ at, rule: `line ${line} is not among the lines` })),
    ...chosenIndustries.filter((industry) => !industries.has(industry)).map((industry) => ({ at, rule: `no line is of industry ${industry}` })),
  ];
  return [
    ...places.flatMap(({ place }, index) =>
      known.has(place.slice(0, 4)) ? [] : [{ at: `places/${index + 1}`, rule: `line ${place.slice(0, 4)} is not among the lines` }],
    ),
    ...transfers.flatMap(({ name, from, to }) => [...choiceProblems(`transfer/${name}/from`, from), ...choiceProblems(`transfer/${name}/to`, to)]),
  ];
}

/** A row changes a price by a percentage or by fen, and says which. */
function oneOf(at: string, pair: { readonly percent: number | undefined; readonly other: number | undefined; readonly word: string }): readonly FareProblem[] {
  return (pair.percent === undefined) === (pair.other === undefined) ? [{ at, rule: `either percent or ${pair.word}` }] : [];
}

function choiceProblems({ timeBands, transfers }: FareTable): readonly FareProblem[] {
  return [
    ...timeBands.flatMap(({ name, percent, differenceFen }) => oneOf(`time-band/${name}`, { percent, other: differenceFen, word: "differenceFen" })),
    ...transfers.flatMap(({ name, percent, discountFen }) => oneOf(`transfer/${name}`, { percent, other: discountFen, word: "discountFen" })),
  ];
}

const PERIODS = ["day", "month"] as const;

function tierProblems({ tiers }: FareTable): readonly FareProblem[] {
  return PERIODS.flatMap((period) => {
    const rows = tiers[period]?.rows ?? [];
    return rows.flatMap(({ from }, index) => {
      const before = rows[index - 1]?.from ?? 0;
      return from > before ? [] : [{ at: `tier/${period}/${index + 1}`, rule: `begins at ${from}, the row before at ${before}: tiers rise` }];
    });
  });
}

function capProblems({ caps: { dayFen, monthFen } }: FareTable): readonly FareProblem[] {
  if (dayFen === undefined || monthFen === undefined || dayFen <= monthFen) return [];
  return [{ at: "cap/month", rule: `${monthFen} fen is less than the ${dayFen} fen of cap/day` }];
}

/** The row and the fare of everything that is one. */
function faresOf({ base, ride: { withoutEntry } }: FareTable): readonly (readonly [at: string, fare: number])[] {
  const fixed = withoutEntry.kind === "fixed" ? [["ride/withoutEntry", withoutEntry.fareFen] as const] : [];
  if (base.kind === "flat") return [["flat", base.fareFen], ...fixed];
  const rows = base.kind === "distance" ? base.bands : base.rows;
  return [...rows.map(({ fareFen }, index) => [`${base.kind}/${index + 1}`, fareFen] as const), ...fixed];
}

function fareProblems(table: FareTable): readonly FareProblem[] {
  const { maximumFareFen } = table.ride;
  const above = faresOf(table).filter(([, fare]) => fare > maximumFareFen);
  const problems = above.map(([at, fare]) => ({ at, rule: `${fare} fen is above the maximum fare of ${maximumFareFen} fen` }));
  // Rounding up would lift a fare above the maximum otherwise.
  if (maximumFareFen % table.rounding.toFen === 0) return problems;
  return [
    ...problems,
    { at: "ride/maximumFareFen", rule: `${maximumFareFen} fen is no multiple of the ${table.rounding.toFen} fen that fares are rounded to` },
  ];
}

const CHECKS: readonly Check[] = [duplicates, dayProblems, lineProblems, choiceProblems, tierProblems, capProblems, fareProblems];

/** Each minute of each kind of day has exactly one row, or there are no rows at all. */
function timeBandProblems({ timeBands }: FareTable): readonly FareProblem[] {
  if (timeBands.length === 0) return [];
  const sheet = new WeekSheet();
  const overlaps = timeBands.flatMap((band, row) => {
    const clash = sheet.enter(row, band);
    if (clash === undefined) return [];
    return [
      {
        at: `time-band/${band.name}`,
        rule: `on ${clash.day} at ${clockText(clash.minute)} time-band/${timeBands[clash.with]?.name} holds already`,
      },
    ];
  });
  const gaps = DAY_KINDS.flatMap((day) =>
    sheet.gaps(day).map(({ from, to }) => {
      const before = from === 0 ? undefined : sheet.rowAt(day, from - 1);
      const at = before === undefined ? "time-band" : `time-band/${timeBands[before]?.name}`;
      return { at, rule: `on ${day} no row holds from ${clockText(from)} to ${clockText(to)}` };
    }),
  );
  return [...overlaps, ...gaps];
}

/** At no minute has one card type two concessions. */
function concessionProblems({ concessions }: FareTable): readonly FareProblem[] {
  const sheets = new Map<number, WeekSheet>();
  return concessions.flatMap(({ name, cardTypes, when }, row) =>
    cardTypes.flatMap((cardType) => {
      const sheet = sheets.get(cardType) ?? new WeekSheet();
      sheets.set(cardType, sheet);
      const clash = sheet.enter(row, when ?? ALWAYS);
      if (clash === undefined) return [];
      const earlier = concessions[clash.with]?.name;
      return [{ at: `concession/${name}`, rule: `card type ${cardType} has concession/${earlier} on ${clash.day} at ${clockText(clash.minute)} already` }];
    }),
  );
}

/** The lines of a choice; undefined is any line, those of others included. */
export function linesOf({ lines, industries }: LineChoice, table: FareTable): ReadonlySet<string> | undefined {
  if (lines === undefined && industries === undefined) return undefined;
  const ofIndustries = table.lines.filter(({ industry }) => industries?.includes(industry) === true).map(({ line }) => line);
  return new Set([...(lines ?? []), ...ofIndustries]);
}

function meet(one: ReadonlySet<string> | undefined, other: ReadonlySet<string> | undefined): ReadonlySet<string> | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return new Set([...one].filter((line) => other.has(line)));
}

/** Whether some change of lines is one that both rows hold for. */
function overlap(one: Transfer, other: Transfer, table: FareTable): boolean {
  const from = meet(linesOf(one.from, table), linesOf(other.from, table));
  const to = meet(linesOf(one.to, table), linesOf(other.to, table));
  if (from?.size === 0 || to?.size === 0) return false;
  const single = from?.size === 1 && to?.size === 1 && [...from].every((line) => to.has(line));
  // Where the only change left is that of a line to itself, both rows have to hold for such.
  return !single || (one.sameLine && other.sameLine);
}

function transferProblems(table: FareTable): readonly FareProblem[] {
  const { transfers } = table;
  return transfers.flatMap((row, index) => {
    const earlier = transfers.slice(0, index).find((other) => overlap(other, row, table));
    return earlier === undefined ? [] : [{ at: `transfer/${row.name}`, rule: `holds for changes of lines for which transfer/${earlier.name} holds already` }];
  });
}
