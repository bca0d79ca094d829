/* Reconciliation: totals of a group, and the statement row by row. Spec: FSI, 3201; FSI, 3202. */
import { civilTime } from "../../../device/codec/civil-time.ts";
import { parseDecimal, sumOf } from "./decimals.ts";
import type { FsiRequest } from "./envelope.ts";
import { type FieldValues, readFields } from "./fields.ts";
import { fileNode, keepFile, readableFile } from "./file-services.ts";
import type { Settlement } from "./insurer-ledger.ts";
import { type Parse, refuse, type ServiceAnswer, type ServiceContext } from "./service.ts";
import { type ResultRow, readUploadedRows, type UploadedRow, unzipText, writeResultRows, zipText } from "./statement-file.ts";
import { FSI_FIELDS } from "./tables.ts";

interface Period {
  readonly from: string;
  readonly to: string;
}

/** One row of the insurer's statement: a booking, or a refund as a negative row of its own. */
interface StatementRow {
  readonly entry: Settlement;
  readonly refund: boolean;
  readonly totalFen: bigint;
  readonly fundFen: bigint;
  readonly accountFen: bigint;
}

type Verdict = "equal" | "centre-more" | "institution-more" | "differs";

const RESULTS: Readonly<Record<"a" | "b" | "c", Readonly<Record<Verdict, string>>>> = {
  a: { equal: "0", "centre-more": "1", "institution-more": "2", differs: "3" },
  b: { equal: "000000", "centre-more": "000101", "institution-more": "000102", differs: "000103" },
  c: { equal: "0", "centre-more": "101", "institution-more": "102", differs: "103" },
};

const WORDS: Readonly<Record<Verdict, string>> = { equal: "一致", "centre-more": "中心多", "institution-more": "机构多", differs: "数据不一致" };

function inPeriod(atMs: number | undefined, period: Period): boolean {
  if (atMs === undefined) return false;
  const day = civilTime(atMs).iso.slice(0, 10);
  return day >= period.from && day <= period.to;
}

function rowOf(entry: Settlement, variants: ServiceContext["variants"], refund: boolean): StatementRow {
  const sign = refund ? -1n : 1n;
  return {
    entry,
    refund,
    totalFen: sign * entry.totalFen,
    fundFen: sign * (entry.fundFen + (variants.fundsIncludeAccount ? entry.accountFen : 0n)),
    accountFen: sign * (entry.accountFen + (variants.mutualAidInsideAccount ? entry.mutualAidFen : 0n)),
  };
}

/**
 * Rows of a period: a booking stands on its day, its refund on the day of the void. What was reversed was never there,
 * or, in some regions, stands there as if it had been voided.
 * refd_setl_flag "0" asks for bookings alone; otherwise refunds are among the rows.
 */
function rowsOf(context: ServiceContext, entries: readonly Settlement[], asked: { readonly period: Period; readonly flag: string }): readonly StatementRow[] {
  return entries.flatMap((entry) => {
    if (entry.status === "reversed" && !context.variants.statementShowsReversed) return [];
    const booking = inPeriod(entry.bookedAtMs, asked.period) ? [rowOf(entry, context.variants, false)] : [];
    const refunded = asked.flag !== "0" && entry.status !== "booked" && inPeriod(entry.closedAtMs, asked.period);
    return refunded ? [...booking, rowOf(entry, context.variants, true)] : booking;
  });
}

function periodOf(node: FieldValues): Parse<Period> {
  const { stmt_begndate: from = "", stmt_enddate: to = "" } = node;
  return from > to ? refuse("the statement dates are malformed") : { ok: true, value: { from, to } };
}

/** Deviation: whether refunds count as rows or take away is written nowhere; a total may say either. Spec: FSI, 3201. */
function countLike(rows: readonly StatementRow[], theirs: bigint): bigint {
  const net = sumOf(rows, ({ refund }) => (refund ? -1n : 1n));
  return theirs === BigInt(rows.length) ? theirs : net;
}

function compareTotals(own: readonly bigint[], theirs: readonly bigint[]): Verdict {
  const signs = own.map((amount, at) => {
    const other = theirs[at] ?? 0n;
    if (amount === other) return 0;
    return amount > other ? 1 : -1;
  });
  if (signs.every((sign) => sign === 0)) return "equal";
  if (signs.every((sign) => sign >= 0)) return "centre-more";
  return signs.every((sign) => sign <= 0) ? "institution-more" : "differs";
}

/** 3201: this institution's totals of one group against the insurer's. */
export function reconcileTotals(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readFields(request.input["data"], "data", FSI_FIELDS.totals);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  const period = periodOf(node);
  if (!period.ok) return period;
  const { clr_type: clearingType = "", setl_optins: agency = "", refd_setl_flag: flag = "" } = node;
  const entries = context.ledger
    .ofClearing({ institution: request.institution, clearingType, agency })
    .filter((entry) => entry.insuranceType === node["insutype"]);
  const rows = rowsOf(context, entries, { period: period.value, flag });
  const theirCount = BigInt(node["fixmedins_setl_cnt"] ?? "0");
  const own = [sumOf(rows, (row) => row.totalFen), sumOf(rows, (row) => row.fundFen), sumOf(rows, (row) => row.accountFen), countLike(rows, theirCount)];
  const theirs = ["medfee_sumamt", "fund_pay_sumamt", "acct_pay"].map((name) => parseDecimal(node[name], 2) ?? 0n);
  const verdict = compareTotals(own, [...theirs, theirCount]);
  const result = RESULTS[context.variants.statementResult][verdict];
  return { ok: true, output: { stmtinfo: { setl_optins: agency, stmt_rslt: result, stmt_rslt_dscr: WORDS[verdict], exp_content: "" } } };
}

/** The uploaded rows, when the message's own sums are theirs. */
function uploadedRows(context: ServiceContext, request: FsiRequest, node: FieldValues): Parse<readonly UploadedRow[]> {
  const file = readableFile(context, request.institution, node["file_qury_no"] ?? "");
  if (file === undefined) return refuse("file_qury_no names no file of this institution");
  const unzipped = unzipText(file.content);
  if (!unzipped.ok) return refuse(unzipped.message);
  const parsed = readUploadedRows(unzipped.text);
  if (!parsed.ok) return refuse(parsed.message);
  const { rows } = parsed;
  const sums = { medfee_sumamt: "totalFen", fund_pay_sumamt: "fundFen", acct_pay: "accountFen" } as const;
  for (const [name, member] of Object.entries(sums)) {
    if (parseDecimal(node[name], 2) !== sumOf(rows, (row) => row[member])) return refuse(`${name} is not the sum of the file`);
  }
  // Deviation: whether refunds count or take away is written nowhere, so both counts of a file are taken. Spec: FSI, 3202.
  const refunds = rows.filter(({ refund }) => refund).length;
  const counts = [rows.length, rows.length - 2 * refunds].map(String);
  return counts.includes(String(Number(node["fixmedins_setl_cnt"]))) ? { ok: true, value: rows } : refuse("fixmedins_setl_cnt is not the count of the file");
}

function verdictOf(own: StatementRow, theirs: UploadedRow | undefined): Verdict {
  if (theirs === undefined) return "centre-more";
  const equal =
    own.totalFen === theirs.totalFen &&
    own.fundFen === theirs.fundFen &&
    own.accountFen === theirs.accountFen &&
    own.entry.visitId === theirs.visitId &&
    own.entry.personNumber === theirs.personNumber;
  return equal ? "equal" : "differs";
}

/** Every row of either side with its verdict: the insurer's in its own order, then what only the institution has. */
function compareRows(
  own: readonly StatementRow[],
  theirs: readonly UploadedRow[],
  results: Readonly<Record<Verdict, string>>,
): readonly (ResultRow & { readonly verdict: Verdict })[] {
  const known = new Map(theirs.map((row) => [`${row.settlementId} ${row.refund}`, row]));
  const compared = own.map((row) => {
    const { entry, refund, totalFen, fundFen, accountFen } = row;
    const key = `${entry.settlementId} ${refund}`;
    const verdict = verdictOf(row, known.get(key));
    known.delete(key);
    const { personNumber, visitId, settlementId, msgid } = entry;
    return { personNumber, visitId, settlementId, msgid, verdict, result: results[verdict], refund, memo: WORDS[verdict], totalFen, fundFen, accountFen };
  });
  const rest = [...known.values()].map((row) => ({
    ...row,
    msgid: "",
    verdict: "institution-more" as const,
    result: results["institution-more"],
    memo: WORDS["institution-more"],
  }));
  return [...compared, ...rest];
}

/** Rows that the switch lets be seen: the first ones may be left out of the statement. */
function withoutMissing(context: ServiceContext, rows: readonly StatementRow[]): readonly StatementRow[] {
  const missing = Math.min(context.faults.statementRowsMissing, rows.length);
  context.faults.statementRowsMissing -= missing;
  return rows.slice(missing);
}

/** 3202: compares the uploaded statement with the books and keeps the result as a file. */
export function reconcileRows(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readFields(request.input["data"], "data", FSI_FIELDS.statement);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  const period = periodOf(node);
  if (!period.ok) return period;
  const uploaded = uploadedRows(context, request, node);
  if (!uploaded.ok) return uploaded;
  const { clr_type: clearingType = "", setl_optins: agency = "", refd_setl_flag: flag = "" } = node;
  const entries = context.ledger.ofClearing({ institution: request.institution, clearingType, agency });
  const own = withoutMissing(context, rowsOf(context, entries, { period: period.value, flag }));
  const compared = compareRows(own, uploaded.value, RESULTS[context.variants.statementResult]);
  const shown = context.variants.statementRows === "all" ? compared : compared.filter(({ verdict }) => verdict !== "equal");
  const name = `${request.institution}_${clearingType}_${context.ledger.next("statement")}`;
  const content = zipText(`${name}.txt`, writeResultRows(shown));
  return { ok: true, output: { fileinfo: fileNode(keepFile(context, { institution: request.institution, filename: `${name}.zip`, content })) } };
}
