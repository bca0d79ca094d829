/*
 * The two files of the detailed comparison: ours with eight columns, the insurer's answer with eleven. TAB between columns, `null` for what
 * is empty, a refund as a negative row of its own. What cannot be read is named and never dropped. Spec: FSI, 3202.
 */
import { type Bytes, utf8 } from "../../base/bytes.ts";
import { fen, formatYuan, parseYuan } from "../../base/fen.ts";
import { readZip, writeZip, type ZipFile } from "../../codec/zip.ts";
import type { RegionSwitches } from "../medical-host/profile.ts";
import type { StatementSums } from "./acts.ts";

/** One row of ours. The sums of a refund are negative. */
export interface StatementRow {
  readonly settlementId: string;
  readonly visitId: string;
  readonly personNumber: string;
  readonly sums: StatementSums;
  readonly refund: boolean;
}

/** What the insurer says of one row, or of one group's totals. */
export type StatementVerdict = "equal" | "insurer-more" | "institution-more" | "differs";

/** One row of the insurer's answer. Empty columns are "". */
export interface ResultRow {
  readonly personNumber: string;
  readonly visitId: string;
  readonly settlementId: string;
  readonly msgid: string;
  readonly verdict: StatementVerdict;
  /** By its flag or by an amount below zero. */
  readonly refund: boolean;
  readonly memo: string;
  /** Undefined where the row holds no amounts. */
  readonly sums: StatementSums | undefined;
}

/** A line that is no row, without personal data. */
export interface UnreadableLine {
  /** File and number of the line. */
  readonly place: string;
  /** What is wrong with it. Stable words. */
  readonly why: string;
  /** The message that it seems to be about; "" where it does not say. */
  readonly msgid: string;
}

export type ResultParse =
  | { readonly ok: true; readonly rows: readonly ResultRow[]; readonly unreadable: readonly UnreadableLine[] }
  | { readonly ok: false; readonly reason: "not-a-zip" | "too-large" | "unsupported" | "damaged" | "no-file" };

const EMPTY = "null";
const FILE_NAME = "detail.txt";
const FILES_MAX = 10;
const BYTES_MAX = 32_000_000;
const ROWS_MAX = 200_000;
const FILE_NAME_MAX = 60;
const COLUMNS_MIN = 10;
const COLUMNS_MAX = 20;
const CELL_MAX = 4000;

/** Yuan with two decimals, below zero too. */
export function formatSigned(amountFen: number): string {
  return amountFen < 0 ? `-${formatYuan(fen(-amountFen))}` : formatYuan(fen(amountFen));
}

/** Yuan as fen, below zero too; undefined when the text is no amount. */
export function parseSigned(text: string): number | undefined {
  const trimmed = text.trim();
  const parsed = parseYuan(trimmed.startsWith("-") ? trimmed.slice(1) : trimmed);
  if (!parsed.ok) return undefined;
  const amount: number = parsed.amount;
  return trimmed.startsWith("-") && amount !== 0 ? -amount : amount;
}

/** How a region writes stmt_rslt. */
export type ResultCodes = RegionSwitches["statementResults"];

/** Dictionaries of single regions; "last-digit" reads all of them. Spec: FSI, stmt_rslt. */
const DICTIONARIES: Readonly<Record<Exclude<ResultCodes, "last-digit">, readonly string[]>> = {
  "one-digit": ["0", "1", "2", "3"],
  "six-digits": ["000000", "000101", "000102", "000103"],
  "three-digits": ["0", "101", "102", "103"],
};

/** stmt_rslt: only zeros mean equal, else the last digit tells. What a region's own dictionary lacks differs. Undefined when it is no code. */
export function readVerdict(code: string, codes: ResultCodes = "last-digit"): StatementVerdict | undefined {
  const text = code.trim();
  if (!/^\d{1,6}$/.test(text)) return undefined;
  if (codes !== "last-digit" && !DICTIONARIES[codes].includes(text)) return "differs";
  if (/^0+$/.test(text)) return "equal";
  if (text.endsWith("1")) return "insurer-more";
  return text.endsWith("2") ? "institution-more" : "differs";
}

function cell(text: string): string {
  // A separator inside a value would move all columns behind it.
  const clean = text.replaceAll(/[\t\r\n]/g, " ").trim();
  return clean === "" ? EMPTY : clean;
}

function line({ settlementId, visitId, personNumber, sums, refund }: StatementRow): string {
  const amounts = [sums.totalFen, sums.fundFen, sums.accountFen].map(formatSigned);
  // Deviation: the meaning of the eighth column is open in the texts we hold; it is sent empty. Spec: FSI, 3202.
  return [cell(settlementId), cell(visitId), cell(personNumber), ...amounts, refund ? "1" : "0", EMPTY].join("\t");
}

/** Our file as it is uploaded. */
export function writeStatement(rows: readonly StatementRow[]): Bytes {
  return writeZip([{ name: FILE_NAME, contents: utf8(rows.map((row) => `${line(row)}\n`).join("")) }]);
}

/** Reads the insurer's file. Never throws. */
export function readResult(file: Bytes, codes: ResultCodes = "last-digit"): ResultParse {
  const zip = readZip(file, { maxFiles: FILES_MAX, maxBytes: BYTES_MAX });
  if (!zip.ok) return zip;
  if (zip.files.length === 0) return { ok: false, reason: "no-file" };
  const lines = zip.files.flatMap(linesOf);
  if (lines.length > ROWS_MAX) return { ok: false, reason: "too-large" };
  const read = lines.map(({ place, text }) => ({ place, text, row: readRow(text, codes) }));
  const unreadable = read.flatMap(({ place, text, row }) => (typeof row === "string" ? [{ place, why: row, msgid: msgidIn(text) }] : []));
  return { ok: true, rows: read.flatMap(({ row }) => (typeof row === "string" ? [] : [row])), unreadable };
}

interface StatementLine {
  /** File and number of the line, without personal data. */
  readonly place: string;
  readonly text: string;
}

function linesOf({ name, contents }: ZipFile): readonly StatementLine[] {
  // Text in another encoding spoils memos only: every other column is plain ASCII, and no byte of it is swallowed.
  const lines = new TextDecoder().decode(contents).split(/\r\n|\n|\r/);
  const file = name.replaceAll(/[^\w.-]/g, "_").slice(0, FILE_NAME_MAX);
  return lines.map((text, index) => ({ place: `${file}:${index + 1}`, text })).filter(({ text }) => text.trim() !== "" && !isHeading(text));
}

/** Thirty letters and digits where the message stands, or "". */
function msgidIn(text: string): string {
  const column = text.split("\t")[3]?.trim() ?? "";
  return /^[0-9A-Za-z]{30}$/.test(column) ? column : "";
}

function isHeading(text: string): boolean {
  const columns = text.toLowerCase().split("\t");
  return columns[2]?.trim() === "setl_id" && columns[3]?.trim() === "msgid";
}

/** A row, or why it is none. */
function readRow(text: string, codes: ResultCodes): ResultRow | string {
  const columns = text.split("\t").map((column) => (column.trim() === EMPTY ? "" : column.trim()));
  if (columns.length < COLUMNS_MIN || columns.length > COLUMNS_MAX) return "columns";
  if (columns.some((column) => column.length > CELL_MAX)) return "length";
  const [personNumber = "", visitId = "", settlementId = "", msgid = "", code = "", flag = "", memo = ""] = columns;
  const verdict = readVerdict(code, codes);
  if (verdict === undefined) return "stmt_rslt";
  if (settlementId === "" && msgid === "") return "setl_id";
  if (!/^\d{0,6}$/.test(flag)) return "refd_setl_flag";
  const sums = readSums(columns.slice(7, 10));
  if (sums === "malformed") return "amounts";
  const refund = flag.endsWith("1") || (sums !== undefined && sums.totalFen < 0);
  return { personNumber, visitId, settlementId, msgid, verdict, refund, memo, sums };
}

function readSums(columns: readonly string[]): StatementSums | undefined | "malformed" {
  if (columns.every((column) => column === "")) return undefined;
  const [totalFen, fundFen, accountFen] = columns.map(parseSigned);
  return totalFen === undefined || fundFen === undefined || accountFen === undefined ? "malformed" : { totalFen, fundFen, accountFen };
}
