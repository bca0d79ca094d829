/*
 * What the insurer says of a period: totals of one group (3201), the detailed statement by files (9101, 3202, 9102), one settlement by its
 * id (5203). Each answer is a value; silence is one too. Spec: FSI, 3201; FSI, 3202; FSI, 5203; FSI, 9101; FSI, 9102.
 */
import type { Bytes } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import { amountOf, type FsiNode, type FsiValue, fsiInputFits, nodeOf, textOf } from "../../codec/fsi.ts";
import { type Answer, ask, type Question } from "../medical-host/ask.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import type { MedicalProfile } from "../medical-host/profile.ts";
import type { StatementSums } from "./acts.ts";
import {
  formatSigned,
  type ResultRow,
  readResult,
  readVerdict,
  type StatementRow,
  type StatementVerdict,
  type UnreadableLine,
  writeStatement,
} from "./statement-file.ts";

/** Days of a statement, yyyy-MM-dd, both inclusive. */
export interface Period {
  readonly from: string;
  readonly to: string;
}

/** Whose books are asked, and which of them. */
export interface ClearingName {
  /** clr_optins of a settlement, setl_optins of a statement. */
  readonly agency: string;
  readonly clearingType: string;
  /** recer_sys_code, where these books have a receiver of their own. */
  readonly receiver?: string;
}

/** No answer that anything follows from. */
export type NoStatement =
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "silent" }
  /** It answered, and what it answered cannot be read; a stable word. */
  | { readonly kind: "unreadable"; readonly why: string };

export type TotalsAnswer = { readonly kind: "compared"; readonly verdict: StatementVerdict; readonly message: string; readonly hostTime: string } | NoStatement;

export type StatementAnswer =
  | {
      readonly kind: "read";
      readonly rows: readonly ResultRow[];
      readonly unreadable: readonly UnreadableLine[];
      /** The host's clock as it wrote it when the statement was given out. */
      readonly hostTime: string;
    }
  | NoStatement;

export type SettlementAnswer =
  | { readonly kind: "standing" | "voided"; readonly sums: StatementSums | undefined }
  /** A refusal: "no such settlement", or anything else. */
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "silent" };

export interface Totals extends ClearingName {
  readonly insuranceType: string;
  readonly period: Period;
  readonly sums: StatementSums;
  readonly count: number;
}

/** Host words for people, at most. */
const MESSAGE_MAX = 200;

function noAnswer(answer: Exclude<Answer, { readonly kind: "done" }>): NoStatement & { readonly kind: "refused" | "silent" } {
  return answer.kind === "refused" ? { kind: "refused", message: answer.message } : { kind: "silent" };
}

function dates({ from, to }: Period) {
  return { stmt_begndate: from, stmt_enddate: to };
}

function amounts({ totalFen, fundFen, accountFen }: StatementSums) {
  return { medfee_sumamt: formatSigned(totalFen), fund_pay_sumamt: formatSigned(fundFen), acct_pay: formatSigned(accountFen) };
}

function wayOf({ receiver }: Pick<ClearingName, "receiver">): Pick<Question, "receiver"> {
  return receiver === undefined ? {} : { receiver };
}

/**
 * 3201: compares one group's totals, bookings and refunds together. Faults: those of the journal.
 * Deviation: the texts differ in what refd_setl_flag 1 means (refunds too, or refunds alone) and agree that without it both are compared, so
 * it is left out. Spec: FSI, 3201.
 */
export async function askTotals(ports: HostPorts, totals: Totals, limits: Limits): Promise<TotalsAnswer> {
  const { insuranceType, agency, clearingType, period, sums, count } = totals;
  const data = {
    insutype: insuranceType,
    clr_type: clearingType,
    setl_optins: agency,
    ...dates(period),
    ...amounts(sums),
    fixmedins_setl_cnt: String(count),
  };
  const answer = await ask(ports, { infno: "3201", input: { data }, ...wayOf(totals) }, limits);
  if (answer.kind !== "done") return noAnswer(answer);
  const info = nodeOf(answer.output, "stmtinfo") ?? {};
  const verdict = readVerdict(textOf(info, "stmt_rslt"), ports.medical.region.statementResults);
  if (verdict === undefined) return { kind: "unreadable", why: "stmt_rslt" };
  return { kind: "compared", verdict, message: textOf(info, "stmt_rslt_dscr").slice(0, MESSAGE_MAX), hostTime: answer.hostTime };
}

export interface StatementQuestion extends ClearingName {
  readonly period: Period;
  readonly rows: readonly StatementRow[];
}

/** The whole way of a statement: our file up (9101), the comparison (3202), the insurer's file down (9102). Faults: those of the journal. */
export async function askStatement(ports: HostPorts, question: StatementQuestion, limits: Limits): Promise<StatementAnswer> {
  const { institution } = ports.medical.sender;
  const { upload, rows } = fittingUpload(ports.medical, question);
  const way = wayOf(question);
  const uploaded = await ask(ports, { ...upload, ...way }, limits);
  if (uploaded.kind !== "done") return noAnswer(uploaded);
  const fileNumber = textOf(uploaded.output, "file_qury_no");
  if (fileNumber === "") return { kind: "unreadable", why: "9101 file_qury_no" };
  const compared = await ask(ports, { ...comparison(question, rows, fileNumber), ...way }, limits);
  if (compared.kind !== "done") return noAnswer(compared);
  const info = nodeOf(compared.output, "fileinfo") ?? {};
  const [number, filename] = [textOf(info, "file_qury_no"), textOf(info, "filename")];
  if (number === "") return { kind: "unreadable", why: "3202 file_qury_no" };
  const input = { fsDownloadIn: { file_qury_no: number, filename, fixmedins_code: institution } };
  const downloaded = await ask(ports, { infno: "9102", input, ...way }, limits);
  if (downloaded.kind !== "done") return noAnswer(downloaded);
  return readDownload(ports.medical, downloaded.output, compared.hostTime);
}

/**
 * A message has room for a part of a very long day only. Rows that find no room are simply not uploaded: the insurer then lists them as its
 * own, and they are compared here all the same.
 */
function fittingUpload(medical: MedicalProfile, { period, rows }: StatementQuestion): { readonly upload: Question; readonly rows: readonly StatementRow[] } {
  let count = rows.length;
  for (;;) {
    const fitting = rows.slice(0, count);
    const upload = uploadOf(medical, period, fitting);
    // An empty file always fits, so the loop ends.
    if (count === 0 || fsiInputFits(upload.input)) return { upload, rows: fitting };
    count = Math.floor(count / 2);
  }
}

function uploadOf({ sender, region }: MedicalProfile, period: Period, rows: readonly StatementRow[]): Question {
  const file = writeStatement(rows);
  // Deviation: the texts say "bytes" and not how JSON holds them; Base64 text is our reading, a list the region's other choice. Spec: FSI, 9101.
  const content = region.fileBytes === "list" ? [...file] : Buffer.from(file).toString("base64");
  const filename = `3202-${period.from}-${period.to}.zip`;
  return { infno: "9101", input: { fsUploadIn: { in: content, filename, fixmedins_code: sender.institution } } };
}

/** Sums and count speak of the rows of the file. */
function comparison({ agency, clearingType, period }: StatementQuestion, rows: readonly StatementRow[], fileNumber: string): Question {
  const sums = sumUp(rows.map((row) => row.sums));
  const data = {
    setl_optins: agency,
    file_qury_no: fileNumber,
    ...dates(period),
    clr_type: clearingType,
    ...amounts(sums),
    fixmedins_setl_cnt: String(rows.length),
  };
  return { infno: "3202", input: { data } };
}

function readDownload({ region }: MedicalProfile, output: FsiNode, hostTime: string): StatementAnswer {
  const bytes = fileBytes(nodeOf(output, "fsDownloadOut")?.["out"]);
  if (bytes === undefined) return { kind: "unreadable", why: "9102 out" };
  const result = readResult(bytes, region.statementResults);
  if (!result.ok) return { kind: "unreadable", why: `9102 ${result.reason}` };
  return { kind: "read", rows: result.rows, unreadable: result.unreadable, hostTime };
}

/** The bytes of a file, in either form. */
function fileBytes(value: FsiValue | undefined): Bytes | undefined {
  if (typeof value === "string") return /^[A-Za-z0-9+/]+={0,2}$/.test(value) ? new Uint8Array(Buffer.from(value, "base64")) : undefined;
  if (!Array.isArray(value)) return undefined;
  const numbers = value.map((each: unknown) => (typeof each === "string" && /^\d{1,3}$/.test(each) ? Number(each) : -1));
  return numbers.every((each) => each >= 0 && each <= 255) ? Uint8Array.from(numbers) : undefined;
}

export interface SettlementName {
  readonly personNumber: string;
  readonly settlementId: string;
  readonly visitId: string;
  /** "" where nobody knows it any more. */
  readonly insuranceArea: string;
  readonly receiver?: string | undefined;
}

/** 5203: how one settlement stands in the insurer's books. Faults: those of the journal. */
export async function askSettlement(ports: HostPorts, name: SettlementName, limits: Limits): Promise<SettlementAnswer> {
  const { personNumber, settlementId, visitId, insuranceArea, receiver } = name;
  const input = { data: { psn_no: personNumber, setl_id: settlementId, mdtrt_id: visitId } };
  const answer = await ask(
    ports,
    { infno: "5203", input, ...(insuranceArea === "" ? {} : { insuranceArea }), ...(receiver === undefined ? {} : { receiver }) },
    limits,
  );
  if (answer.kind !== "done") return noAnswer(answer);
  const info = nodeOf(answer.output, "setlinfo") ?? {};
  // An answer about something else is no answer.
  if (textOf(info, "setl_id") !== settlementId) return { kind: "silent" };
  return { kind: textOf(info, "refd_setl_flag").endsWith("1") ? "voided" : "standing", sums: querySums(info) };
}

function querySums(info: FsiNode): StatementSums | undefined {
  const [total, fund, account] = ["medfee_sumamt", "fund_pay_sumamt", "acct_pay"].map((name) => amountOf(info, name));
  if (total?.ok !== true || fund?.ok !== true || account?.ok !== true) return undefined;
  return { totalFen: total.amount, fundFen: fund.amount, accountFen: account.amount };
}

/** Sums of many rows. */
export function sumUp(rows: readonly StatementSums[]): StatementSums {
  let [totalFen, fundFen, accountFen] = [0, 0, 0];
  for (const row of rows) {
    totalFen += row.totalFen;
    fundFen += row.fundFen;
    accountFen += row.accountFen;
  }
  return { totalFen, fundFen, accountFen };
}

export function sameSums(left: StatementSums, right: StatementSums): boolean {
  return left.totalFen === right.totalFen && left.fundFen === right.fundFen && left.accountFen === right.accountFen;
}
