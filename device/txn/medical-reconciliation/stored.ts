/* Days that were compared, read back from the files that a comparison leaves: by the terminal, and by whoever looks while it stands still. */
import type { Bytes } from "../../base/bytes.ts";
import type { DayView, ReconciliationReport } from "./acts.ts";
import { daysBetween } from "./calendar.ts";
import { reportCsv, reportHtml } from "./report.ts";
import { readView, viewName } from "./views.ts";

export interface StoredDays {
  /** The file of that name; undefined where there is none. */
  readonly read: (name: string) => Promise<Bytes | undefined>;
  /** A day's file is there and is none of ours. */
  readonly onUnreadable: (day: string) => void;
}

export interface ReportHead {
  readonly institution: string;
  readonly institutionName: string;
}

const RANGE_MAX = 366;

/** One day as it was kept; undefined where it was never compared, or cannot be read. Faults: those of `read`. */
export async function storedDay({ read, onUnreadable }: StoredDays, day: string): Promise<DayView | undefined> {
  const contents = await read(`${viewName(day)}.json`);
  const view = contents === undefined ? undefined : readView(contents);
  if (contents !== undefined && view === undefined) onUnreadable(day);
  return view?.day === day ? view : undefined;
}

/** The report over from..to; undefined where the range is malformed. Faults: those of `read`. */
export async function storedReport(
  stored: StoredDays,
  { institution, institutionName, from, to }: ReportHead & { readonly from: string; readonly to: string },
): Promise<ReconciliationReport | undefined> {
  const range = daysBetween(from, to, RANGE_MAX);
  if (range === undefined) return undefined;
  const days: DayView[] = [];
  const missing: string[] = [];
  for (const day of range) {
    const view = await storedDay(stored, day);
    if (view === undefined) missing.push(day);
    else days.push(view);
  }
  const html = reportHtml({ institutionName, institution, from, to, days, missing });
  return { from, to, days, missing, html, csv: reportCsv(days) };
}
