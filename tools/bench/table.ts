import { type BenchRow, rounded } from "./bench.ts";

const HEAD = ["name", "value", "unit", "baseline", "ratio", "budget", "met", "note"];

function figure(value: number | null): string {
  return value === null ? "-" : String(rounded(value));
}

function verdict(row: BenchRow): string {
  if (row.met === null) return "-";
  return row.met ? "yes" : "NO";
}

function cellsOf(row: BenchRow): readonly string[] {
  return [row.name, figure(row.value), row.unit, figure(row.baseline), figure(row.ratio), row.budget ?? "-", verdict(row), row.note ?? ""];
}

/** The rows as a table for people, one line each, ending with a line break. */
export function tableOf(rows: readonly BenchRow[]): string {
  const lines = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
