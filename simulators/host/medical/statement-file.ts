/*
 * Files of a detail reconciliation: a zip that holds one text of lines, members parted by TAB, an empty value written as `null`. Spec: FSI, 3202.
 * Files that come from outside are read within bounds, and anything that is not such a file is refused in words.
 */
import { strFromU8, strToU8, unzipSync, zipSync } from "fflate";
import type { Bytes } from "../../../device/base/bytes.ts";
import { parseDecimal, yuanText } from "./decimals.ts";

export interface UploadedRow {
  readonly settlementId: string;
  readonly visitId: string;
  readonly personNumber: string;
  readonly totalFen: bigint;
  readonly fundFen: bigint;
  readonly accountFen: bigint;
  readonly refund: boolean;
}

export interface ResultRow {
  readonly personNumber: string;
  readonly visitId: string;
  readonly settlementId: string;
  /** "" where the insurer has no message. */
  readonly msgid: string;
  readonly result: string;
  readonly refund: boolean;
  readonly memo: string;
  readonly totalFen: bigint;
  readonly fundFen: bigint;
  readonly accountFen: bigint;
}

const UPLOAD_COLUMNS = 8;
const ROWS_MAX = 20_000;
const TEXT_BYTES_MAX = 8_000_000;
const EMPTY = "null";

export type TextParse = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string };

/** The one text inside a zip. */
export function unzipText(content: Bytes): TextParse {
  let tooLarge = false;
  try {
    const files = unzipSync(content, {
      filter: (file) => {
        tooLarge ||= file.originalSize > TEXT_BYTES_MAX;
        return !tooLarge;
      },
    });
    const names = Object.keys(files);
    const [name = ""] = names;
    const text = files[name];
    if (tooLarge || names.length !== 1 || !name.endsWith(".txt") || text === undefined) return { ok: false, message: "the zip does not hold one text" };
    return { ok: true, text: strFromU8(text) };
  } catch {
    // Whatever the unzipper trips over is one and the same to the sender.
    return { ok: false, message: "the file is no zip" };
  }
}

/** A zip that holds `text` under `name`. */
export function zipText(name: string, text: string): Bytes {
  // A fixed time keeps equal contents equal bytes.
  return Uint8Array.from(zipSync({ [name]: strToU8(text) }, { mtime: "2020-01-01T00:00:00" }));
}

function readRow(line: string): UploadedRow | string {
  const columns = line.split("\t");
  if (columns.length !== UPLOAD_COLUMNS) return `a line has ${columns.length} columns`;
  const [settlementId = "", visitId = "", personNumber = "", total, fund, account, flag] = columns;
  const missing = [settlementId, visitId, personNumber].some((text) => text === "" || text === EMPTY);
  const [totalFen, fundFen, accountFen] = [total, fund, account].map((text) => parseDecimal(text, 2));
  if (missing || totalFen === undefined || fundFen === undefined || accountFen === undefined) return "a line is malformed";
  if (flag !== "0" && flag !== "1") return "refd_setl_flag of a line is neither 0 nor 1";
  if (flag === "1" ? totalFen > 0n : totalFen < 0n) return "medfee_sumamt of a line has the wrong sign";
  return { settlementId, visitId, personNumber, totalFen, fundFen, accountFen, refund: flag === "1" };
}

export type RowsOf = { readonly ok: true; readonly rows: readonly UploadedRow[] } | { readonly ok: false; readonly message: string };

/** The rows of an uploaded statement; an empty text has none. */
export function readUploadedRows(text: string): RowsOf {
  const lines = text.split(/\r?\n/).filter((line) => line !== "");
  if (lines.length > ROWS_MAX) return { ok: false, message: "the file is too long" };
  const rows: UploadedRow[] = [];
  for (const line of lines) {
    const row = readRow(line);
    if (typeof row === "string") return { ok: false, message: row };
    if (rows.some((known) => known.settlementId === row.settlementId && known.refund === row.refund)) return { ok: false, message: "a line is there twice" };
    rows.push(row);
  }
  return { ok: true, rows };
}

/** Eleven columns of each row of the result. */
export function writeResultRows(rows: readonly ResultRow[]): string {
  const text = (value: string) => (value === "" ? EMPTY : value);
  const line = (row: ResultRow) =>
    [
      text(row.personNumber),
      text(row.visitId),
      text(row.settlementId),
      text(row.msgid),
      row.result,
      row.refund ? "1" : "0",
      text(row.memo),
      yuanText(row.totalFen),
      yuanText(row.fundFen),
      yuanText(row.accountFen),
      EMPTY,
    ].join("\t");
  return rows.map((row) => `${line(row)}\n`).join("");
}
