/*
 * What stands inside the private fields 48, 60 and 61: settlement totals with their results, rows of a batch, what a message is about, and which
 * message it takes back. Readers never throw; builders assert. Spec: UnionPay terminal, settlement, batch upload, field 60, field 61.
 */
import { assert } from "../../base/assert.ts";
import { type Fen, fen } from "../../base/fen.ts";

const digitsOf = (value: number, length: number): string => {
  const digits = String(value).padStart(length, "0");
  assert(Number.isSafeInteger(value) && value >= 0 && digits.length === length, `a number of at most ${length} digits`);
  return digits;
};

// ---- field 60

export interface MessageCode {
  /** 60.1, two digits. */
  readonly code: string;
  /** 60.2, six digits. */
  readonly batch: string;
  /** 60.3, three digits; absent: the field ends with the batch. */
  readonly network?: string;
  /** What an acquirer wants behind it. */
  readonly rest?: string;
}

export function buildField60({ code, batch, network = "", rest = "" }: MessageCode): string {
  assert(/^\d{2}$/.test(code) && /^\d{6}$/.test(batch), "a code of two digits and a batch of six");
  assert(/^(?:\d{3})?$/.test(network) && /^\d*$/.test(rest), "a network code of three digits");
  assert(rest === "" || network !== "", "nothing stands behind a network code that is not there");
  return `${code}${batch}${network}${rest}`;
}

export function parseField60(digits: string): MessageCode | undefined {
  const shape = /^(\d{2})(\d{6})(?:(\d{3})(\d*))?$/.exec(digits);
  if (shape === null) return undefined;
  const [, code = "", batch = "", network, rest = ""] = shape;
  return { code, batch, ...(network === undefined ? {} : { network }), ...(rest === "" ? {} : { rest }) };
}

// ---- field 61

export interface OriginalMessage {
  /** Six digits each. */
  readonly batch: string;
  readonly trace: string;
  /** MMDD, where the acquirer wants it. */
  readonly date?: string;
}

export function buildField61({ batch, trace, date = "" }: OriginalMessage): string {
  assert(/^\d{6}$/.test(batch) && /^\d{6}$/.test(trace) && /^(?:\d{4})?$/.test(date), "a batch and a trace number of six digits, a date of four");
  return `${batch}${trace}${date}`;
}

export function parseField61(digits: string): OriginalMessage | undefined {
  const shape = /^(\d{6})(\d{6})(\d{4})?$/.exec(digits);
  if (shape === null) return undefined;
  const [, batch = "", trace = "", date] = shape;
  return { batch, trace, ...(date === undefined ? {} : { date }) };
}

// ---- field 48 of a settlement

/** Debits are what cards paid, credits what they were given back. */
export interface BatchTotals {
  readonly debitFen: Fen;
  readonly debits: number;
  readonly creditFen: Fen;
  readonly credits: number;
}

export type TotalsResult = "equal" | "unequal" | "error";

export interface SettlementTotals {
  readonly domestic: BatchTotals;
  readonly foreign: BatchTotals;
}

export const NO_TOTALS: BatchTotals = { debitFen: fen(0), debits: 0, creditFen: fen(0), credits: 0 };

const RESULTS: Readonly<Record<string, TotalsResult>> = { "1": "equal", "2": "unequal", "3": "error" };

const totalsDigits = ({ debitFen, debits, creditFen, credits }: BatchTotals): string =>
  `${digitsOf(debitFen, 12)}${digitsOf(debits, 3)}${digitsOf(creditFen, 12)}${digitsOf(credits, 3)}`;

/** 62 digits; the places of the results are 0 in a request. */
export function buildTotals({ domestic, foreign }: SettlementTotals): string {
  return `${totalsDigits(domestic)}0${totalsDigits(foreign)}0`;
}

/** Totals as they were sent back, and what the acquirer says of them; undefined for what has not that form. */
export function parseTotals(
  digits: string,
): { readonly totals: SettlementTotals; readonly domestic: TotalsResult; readonly foreign: TotalsResult } | undefined {
  const shape = /^(\d{30})(\d)(\d{30})(\d)$/.exec(digits);
  const [domestic, foreign] = [RESULTS[shape?.[2] ?? ""], RESULTS[shape?.[4] ?? ""]];
  if (shape === null || domestic === undefined || foreign === undefined) return undefined;
  return { totals: { domestic: readTotals(shape[1] ?? ""), foreign: readTotals(shape[3] ?? "") }, domestic, foreign };
}

function readTotals(digits: string): BatchTotals {
  const number = (from: number, to: number) => Number(digits.slice(from, to));
  return { debitFen: fen(number(0, 12)), debits: number(12, 15), creditFen: fen(number(15, 27)), credits: number(27, 30) };
}

// ---- field 48 of a batch upload

export interface BatchRow {
  /** Kind of card or payment, two digits. */
  readonly kind: string;
  /** Six digits. */
  readonly trace: string;
  /** Digits of the account. No account begins with a zero, so that the zeros which fill its twenty digits on the left are told from it. */
  readonly account: string;
  readonly amount: Fen;
}

export const BATCH_ROWS_MAX = 8;

/** One message's rows, 1 to 8 of them. */
export function buildBatchRows(rows: readonly BatchRow[]): string {
  assert(rows.length >= 1 && rows.length <= BATCH_ROWS_MAX, "one to eight rows a message");
  return `${digitsOf(rows.length, 2)}${rows.map(rowDigits).join("")}`;
}

function rowDigits({ kind, trace, account, amount }: BatchRow): string {
  assert(/^\d{2}$/.test(kind) && /^\d{6}$/.test(trace) && /^[1-9]\d{0,19}$/.test(account), "a row of two, six and up to twenty digits");
  return `${kind}${trace}${account.padStart(20, "0")}${digitsOf(amount, 12)}`;
}

export function parseBatchRows(digits: string): readonly BatchRow[] | undefined {
  const count = Number(/^(\d{2})(?:\d{40}){1,8}$/.exec(digits)?.[1]);
  if (digits.length !== 2 + count * 40) return undefined;
  const rows = Array.from({ length: count }, (_, at) => digits.slice(2 + at * 40, 42 + at * 40)).map(
    (row): BatchRow => ({ kind: row.slice(0, 2), trace: row.slice(2, 8), account: row.slice(8, 28).replace(/^0+/, ""), amount: fen(Number(row.slice(28))) }),
  );
  return rows.every(({ account }) => account !== "") ? rows : undefined;
}

/** Field 48 of the message that ends a batch upload: how many rows there were. */
export function buildBatchEnd(rows: number): string {
  return digitsOf(rows, 4);
}
