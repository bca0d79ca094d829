/*
 * Goal: what the insurer's statement shows of one message or one settlement, and never more than it shows.
 * Method: the days are chosen by the msgid's own time and by the host's clock, because the terminal's may have been set; "nothing" is
 * believed only of a statement that was given out within its own days, from every agency that may hold the booking. Spec: FSI, 3202.
 */
import type { Limits } from "../../base/ports.ts";
import { civilTime, parseCivilTime } from "../../codec/civil-time.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import { askStatement, type ClearingName, type Period, type StatementAnswer } from "../medical-reconciliation/statement.ts";
import type { ResultRow, StatementRow } from "../medical-reconciliation/statement-file.ts";
import type { RecordsSay } from "./resolver-machine.ts";
import type { UnknownRecord } from "./resolver-records.ts";

export interface StatementOptions {
  /** One question to the host. */
  readonly queryTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Agencies that may hold a settlement of which nobody has said; left out: those of its insurance and of this place. */
  readonly clearings?: readonly ClearingName[];
  /** Our own rows of a period, for the file that goes up; left out: none, so that the host lists all of its own. */
  readonly ownRows?: (period: Period, clearing: ClearingName) => Promise<readonly StatementRow[]>;
}

/** The host's clock as last heard; lost at a restart without harm. */
export interface HostClock {
  heard: { readonly hostMs: number; readonly monotonicMs: number } | undefined;
}

export type StatementLook = { readonly kind: "read"; readonly say: RecordsSay } | { readonly kind: "refused" } | { readonly kind: "silent" };

const DAY_MS = 86_400_000;
/** Around every moment that counts: clocks differ, and so do the days that hosts book on. */
const MARGIN_DAYS = 2;
/** A statement over more days than this would be too long; one of two clocks is then broken, and the host's counts. */
const SPAN_DAYS_MAX = 100;
/** How far before the host's present a message may have been booked when the terminal's clock says nothing. */
const BROKEN_CLOCK_DAYS = 45;
const OUTPATIENT_CLEARING = "11";
const PHARMACY_CLEARING = "41";
const OWN_CLEARING: readonly string[] = ["22", "51", "52"];

/** Looks for what a msgid has booked. */
export function lookForMessage(
  ports: HostPorts,
  record: UnknownRecord,
  options: StatementOptions & { readonly hostClock: HostClock },
  limits: Limits,
): Promise<StatementLook> {
  return look(ports, record, { ...options, limits, isOurs: (row) => row.msgid === record.msgid, msgid: record.msgid });
}

/** Looks for a settlement by its id, with its refund. */
export function lookForSettlement(
  ports: HostPorts,
  record: UnknownRecord,
  options: StatementOptions & { readonly hostClock: HostClock },
  limits: Limits,
): Promise<StatementLook> {
  return look(ports, record, { ...options, limits, isOurs: (row) => row.settlementId === record.settlementId, msgid: undefined });
}

interface Search extends StatementOptions {
  readonly hostClock: HostClock;
  readonly limits: Limits;
  readonly isOurs: (row: ResultRow) => boolean;
  /** The message that a line that cannot be read may be about; undefined: any such line may be ours. */
  readonly msgid: string | undefined;
}

async function look(ports: HostPorts, record: UnknownRecord, search: Search): Promise<StatementLook> {
  const period = periodOf(ports, record, search.hostClock);
  let found: RecordsSay = "nothing";
  for (const clearing of clearingsOf(ports, record, search.clearings)) {
    const rows = (await search.ownRows?.(period, clearing)) ?? [];
    const answer = await askStatement(ports, { ...clearing, period, rows }, search.limits);
    const say = sayOf(ports, answer, { search, period });
    if (say === "silent" || say === "refused") return { kind: say };
    if (say === "booked") return { kind: "read", say };
    if (say === "booked-and-reversed") found = say;
  }
  return { kind: "read", say: found };
}

function sayOf(ports: HostPorts, answer: StatementAnswer, about: { readonly search: Search; readonly period: Period }): RecordsSay | "silent" | "refused" {
  const { search, period } = about;
  if (answer.kind === "silent") return "silent";
  if (answer.kind !== "read") {
    ports.log.warn("statement-not-given", { why: answer.kind === "refused" ? "refused" : answer.why });
    return "refused";
  }
  const say = recordsOf(answer.rows.filter(search.isOurs));
  if (say === "booked") return say;
  const hostMs = parseCivilTime(answer.hostTime.slice(0, 14));
  if (hostMs !== undefined) search.hostClock.heard = { hostMs, monotonicMs: ports.clock.monotonicMs() };
  // A host whose own clock stands outside the days that were asked about would have shown nothing in any case.
  if (hostMs !== undefined && !within(dayOf(hostMs), period)) return "refused";
  if (answer.unreadable.some(({ msgid }) => msgid === "" || search.msgid === undefined || msgid === search.msgid)) {
    ports.log.warn("statement-not-readable", { lines: answer.unreadable.length });
    return "refused";
  }
  return say;
}

/** Bookings and refunds of the rows that are ours. */
function recordsOf(rows: readonly ResultRow[]): RecordsSay {
  const known = rows.filter(({ verdict }) => verdict !== "institution-more");
  // A row that its flag calls refunded and whose amounts are not below zero is the booking of a pair.
  const reversed = known.filter(({ refund, sums }) => refund && (sums === undefined || sums.totalFen <= 0)).length;
  const flagged = known.some(({ refund }) => refund);
  const booked = known.filter(({ refund }) => !refund).length;
  if (booked === 0 && !flagged) return "nothing";
  return booked > reversed ? "booked" : "booked-and-reversed";
}

function dayOf(wallMs: number): string {
  return civilTime(wallMs).iso.slice(0, 10);
}

function within(day: string, { from, to }: Period): boolean {
  return day >= from && day <= to;
}

function periodOf({ clock }: HostPorts, { msgid, sent }: UnknownRecord, hostClock: HostClock): Period {
  const nowMs = clock.wallMs();
  const sentMs = parseCivilTime(msgid.slice(12, 26)) ?? sent.wallMs;
  const { heard } = hostClock;
  const hostMs = heard === undefined ? nowMs : heard.hostMs + clock.monotonicMs() - heard.monotonicMs;
  const moments = [sentMs, sent.wallMs, hostMs, sentMs + (hostMs - nowMs)];
  const [fromMs, toMs] = [Math.min(...moments), Math.max(...moments)];
  if (toMs - fromMs <= SPAN_DAYS_MAX * DAY_MS) return days(fromMs, toMs);
  return heard === undefined ? days(sentMs, sentMs) : days(hostMs - BROKEN_CLOCK_DAYS * DAY_MS, hostMs);
}

function days(fromMs: number, toMs: number): Period {
  return { from: dayOf(fromMs - MARGIN_DAYS * DAY_MS), to: dayOf(toMs + MARGIN_DAYS * DAY_MS) };
}

/** Whose books may hold it: those that the host itself has named, or every one that is possible. */
function clearingsOf({ medical }: HostPorts, record: UnknownRecord, configured: readonly ClearingName[] | undefined): readonly ClearingName[] {
  const { clearing, insuranceArea, receiver } = record;
  const way = receiver === undefined ? {} : { receiver };
  if (clearing.agency !== "" && clearing.clearingType !== "") return [{ ...clearing, ...way }];
  if (configured !== undefined && configured.length > 0) return configured.map((books) => ({ ...way, ...books }));
  const clearingType = clearingTypeOf(record);
  const agencies = new Set([insuranceArea, medical.sender.treatmentArea].filter((agency) => /^\d{6}$/.test(agency)));
  return [...agencies].map((agency) => ({ agency, clearingType, ...way }));
}

/** Deviation: which kind of clearing a sale falls under is written nowhere; work injury and maternity have their own. Spec: FSI, clr_type. */
function clearingTypeOf({ infno, medicalType }: UnknownRecord): string {
  if (OWN_CLEARING.includes(medicalType)) return medicalType;
  return infno === "2207" || infno === "2208" ? OUTPATIENT_CLEARING : PHARMACY_CLEARING;
}
