/** One measured figure. A figure is reported, never asserted: a budget that is missed is visible, not a failed test. */
export interface BenchRow {
  /** Stable name, listed in tools/bench/rows.ts; never renamed. */
  readonly name: string;
  /** The measured value; null when it could not be measured here (the note says why). */
  readonly value: number | null;
  /** Unit of value and baseline: "ms", "us", "1/s", "B", "MB", "x". */
  readonly unit: string;
  /** The value of what we compare with, in the same unit; null where there is none. */
  readonly baseline: number | null;
  /** Our figure as a multiple of the baseline, as the budget reads it; null where there is no baseline. */
  readonly ratio: number | null;
  /** The budget in words ("ratio >= 40", "p99 <= 2 ms"); null for a figure without a budget. */
  readonly budget: string | null;
  /** Whether the budget is met; null without a budget or without a figure. */
  readonly met: boolean | null;
  /** What a reader must know: sample size, machine, or why a figure is missing. */
  readonly note?: string;
}

/** What a benchmark gets from the runner. */
export interface BenchContext {
  /** An empty folder of its own on a real disk; the runner removes it. */
  readonly folder: string;
  /** Multiplies sample sizes: 1 for the usual run, more for a report. */
  readonly scale: number;
  /** Progress for people; goes to standard error. */
  readonly say: (line: string) => void;
}

/** A group of rows that are measured together. */
export interface Bench {
  readonly name: string;
  readonly run: (context: BenchContext) => Promise<readonly BenchRow[]>;
}

/** The value below which `share` (0..1) of the samples lie. The samples need no order. */
export function percentile(samples: readonly number[], share: number): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = [...samples].sort((left, right) => left - right);
  const at = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  return sorted[at] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** Rounds for output: four significant digits are more than a measurement is worth. */
export function rounded(value: number): number {
  return Number.parseFloat(value.toPrecision(4));
}
