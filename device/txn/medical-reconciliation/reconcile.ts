/*
 * Goal: closed days are compared once for certain and as often as anybody asks; what was found is kept where an accountant finds it.
 * Method: the view of a day is a file that survives a power cut, then a mark in the journal says that the day is done. A cut in between
 * compares the day again, which changes nothing. A day counts as closed by the terminal's clock and, where it tells the time, the host's.
 */

import { utf8 } from "../../base/bytes.ts";
import type { Limits, Storage } from "../../base/ports.ts";
import { civilTime } from "../../codec/civil-time.ts";
import { boundedJournal } from "../bounded-journal.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import type { DayState, DayView, GroupName, ReconciliationActs, ReconciliationReport, ReconciliationResult } from "./acts.ts";
import { type Books, findInBooks, type ReadableJournal, readBooks } from "./books.ts";
import { dayAfter, dayAt, daysBetween, startOf } from "./calendar.ts";
import type { MessageScope } from "./classes.ts";
import { type DayFindings, DayRun } from "./day.ts";
import { HARMLESS } from "./differences.ts";
import { AT_HAND_DAYS, ReconciliationMarks } from "./marks.ts";
import { reportCsv, reportHtml } from "./report.ts";
import { type StoredDays, storedDay, storedReport } from "./stored.ts";
import { viewName, writeView } from "./views.ts";

export interface ReconciliationPorts extends HostPorts {
  /** The same journal as a reader of all entries sees it. */
  readonly entries: ReadableJournal;
  /** The folder of views and reports. */
  readonly storage: Storage;
}

export interface ReconciliationOptions {
  readonly scope: MessageScope;
  /** Name on the report. */
  readonly institutionName: string;
  /** One question to the host. */
  readonly queryTimeoutMs: number;
  readonly journalTimeoutMs: number;
  /** After midnight a day is still open for so long: settlements under way, clocks that differ. */
  readonly graceMs: number;
  /** Groups that are asked about from the first day on, before any settlement has told of one. */
  readonly groups?: readonly GroupName[];
  /** Told of a settlement whose void at the insurer was taken over, so that its order can be looked at again. */
  readonly onImported?: (original: string) => void;
}

export class Reconciliation implements ReconciliationActs {
  readonly #ports: ReconciliationPorts;
  readonly #options: ReconciliationOptions;
  readonly #marks: ReconciliationMarks;
  readonly #stored: StoredDays;
  #running = false;

  constructor(ports: ReconciliationPorts, options: ReconciliationOptions) {
    const journal = boundedJournal(ports, { timeoutMs: options.journalTimeoutMs });
    this.#ports = { ...ports, journal };
    this.#options = options;
    this.#marks = new ReconciliationMarks(journal);
    const { storage, log } = ports;
    this.#stored = { read: (name) => storage.read(name), onUnreadable: (day) => log.warn("reconciliation-view-unreadable", { day }) };
  }

  async run(day: string, { operator }: { readonly operator: string }, limits: Limits): Promise<ReconciliationResult> {
    if (startOf(day) === undefined) return { kind: "refused", reason: "day-malformed" };
    if (!this.isClosed(day)) return { kind: "refused", reason: "day-not-closed" };
    if (this.#running) return { kind: "refused", reason: "in-progress" };
    this.#running = true;
    try {
      return await this.#compare(day, operator, limits);
    } finally {
      this.#running = false;
    }
  }

  /** By this terminal's clock. */
  isClosed(day: string): boolean {
    const startMs = startOf(dayAfter(day, 1));
    return startMs !== undefined && this.#ports.clock.wallMs() >= startMs + this.#options.graceMs;
  }

  /** Closed days that were not compared to their end, oldest first; never more than `limit` back. Faults: those of the journal. */
  async pending(limit: number): Promise<readonly string[]> {
    const today = dayAt(this.#ports.clock.wallMs());
    const last = this.isClosed(dayAfter(today, -1)) ? dayAfter(today, -1) : dayAfter(today, -2);
    const oldest = dayAfter(last, 1 - limit);
    const [first] = await this.#ports.entries.entries(1, 1);
    const begun = first === undefined ? undefined : dayAt(first.wallMs);
    if (begun === undefined) return [];
    const days = daysBetween(begun > oldest && begun <= last ? begun : oldest, last, limit) ?? [];
    const pending: string[] = [];
    const hasGroups = (this.#options.groups ?? []).length + (await this.#marks.groups()).length > 0;
    for (const day of days) if (!(await this.#marks.isDone(day, hasGroups))) pending.push(day);
    return pending;
  }

  async #compare(day: string, operator: string, limits: Limits): Promise<ReconciliationResult> {
    const { clock, journal, entries } = this.#ports;
    const { scope, queryTimeoutMs, onImported } = this.#options;
    const deadlineMs = clock.monotonicMs() + limits.timeoutMs;
    const next = (): Limits | undefined => {
      const leftMs = deadlineMs - clock.monotonicMs();
      return leftMs <= 0 || limits.signal.aborted ? undefined : { timeoutMs: Math.min(queryTimeoutMs, leftMs), signal: limits.signal };
    };
    const fromSeq = await this.#marks.startFor(day);
    const throughSeq = entries.lastSeq;
    const books = await readBooks(entries, { fromSeq, throughSeq, signal: limits.signal });
    const groups = [...(this.#options.groups ?? []), ...(await this.#marks.groups())];
    const findOlder = (wanted: Parameters<typeof findInBooks>[1]) =>
      findInBooks(
        { entries: (from, count) => entries.entries(from, count), lastSeq: entries.lastSeq, entriesOf: (subject) => journal.entriesOf(subject) },
        wanted,
        {
          fromSeq: 1,
          throughSeq: fromSeq - 1,
          signal: limits.signal,
        },
      );
    const run = new DayRun({ ...this.#ports, findOlder }, { scope, queryTimeoutMs, groups, operator }, { day, books, budget: { next } });
    const findings = await run.run();
    for (const original of findings.imported) onImported?.(original);
    return this.#keep(viewOf(day, findings, { operator, wallMs: clock.wallMs() }), findings, books);
  }

  async #keep(view: DayView, findings: DayFindings, books: Books): Promise<ReconciliationResult> {
    const { log } = this.#ports;
    if (view.groups.length + view.differences.length + view.open.length === 0 && findings.reason === undefined) {
      // Nothing was ever settled, so nothing was asked: the day is looked at again when there is a group to ask about.
      await this.#marks.noteEmpty(view.day);
      return { kind: "reconciled", ...view };
    }
    // A host whose day is not over may still book on it: what it said is shown and not kept as the end.
    const isOpenThere = findings.hostTime !== "" && hostDay(findings.hostTime) <= view.day;
    const kept: DayView = isOpenThere ? { ...view, state: "incomplete", reason: "host-clock-behind" } : view;
    await this.#write(kept);
    log.info("day-reconciled", { day: kept.day, state: kept.state, differences: kept.differences.length, open: kept.open.length });
    await this.#marks.keep({
      day: kept.day,
      isDone: kept.state !== "incomplete",
      groups: kept.groups,
      startSeq: startSeq(books, dayAfter(kept.day, -AT_HAND_DAYS)),
    });
    return { kind: "reconciled", ...kept };
  }

  async #write(view: DayView): Promise<void> {
    const { storage } = this.#ports;
    const name = viewName(view.day);
    const head = { institutionName: this.#options.institutionName, institution: this.#options.scope.institution, from: view.day, to: view.day };
    await storage.write(`${name}.html`, utf8(reportHtml({ ...head, days: [view], missing: [] })));
    await storage.write(`${name}.csv`, utf8(reportCsv([view])));
    // The view comes last: where it is, the report of the same comparison is.
    await storage.write(`${name}.json`, writeView(view));
  }

  async report(from: string, to: string): Promise<ReconciliationReport | undefined> {
    const { institutionName, scope } = this.#options;
    const report = await storedReport(this.#stored, { institution: scope.institution, institutionName, from, to });
    if (report === undefined || from === to) return report;
    await this.#ports.storage.write(`reconciliation-${from}-${to}.html`, utf8(report.html));
    await this.#ports.storage.write(`reconciliation-${from}-${to}.csv`, utf8(report.csv));
    return report;
  }

  async last(): Promise<DayView | undefined> {
    const day = await this.#marks.last();
    return day === undefined ? undefined : storedDay(this.#stored, day);
  }
}

function hostDay(hostTime: string): string {
  return `${hostTime.slice(0, 4)}-${hostTime.slice(4, 6)}-${hostTime.slice(6, 8)}`;
}

/** The first entry of anything that is of `day` or later, or not decided. */
function startSeq({ bookings, voids }: Books, day: string): number | undefined {
  const kept = [...bookings, ...voids].filter(({ state, time }) => state === "open" || time.slice(0, 10) >= day);
  const seqs = kept.map(({ firstSeq }) => firstSeq);
  return seqs.length === 0 ? undefined : Math.min(...seqs);
}

function viewOf(day: string, findings: DayFindings, about: { readonly operator: string; readonly wallMs: number }): DayView {
  const { groups, differences, open, unreadable, reason } = findings;
  const at = civilTime(about.wallMs).iso;
  return { day, state: stateOf(findings), groups, differences, open, unreadable, operator: about.operator, at, ...(reason === undefined ? {} : { reason }) };
}

function stateOf({ differences, reason }: DayFindings): DayState {
  if (reason !== undefined) return "incomplete";
  const lasting = differences.filter(({ kind }) => !HARMLESS.includes(kind));
  if (lasting.length === 0) return "equal";
  return lasting.every(({ act }) => act === "reversed" || act === "void-imported") ? "settled" : "differs";
}
