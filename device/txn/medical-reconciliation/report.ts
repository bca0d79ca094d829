/*
 * The report of one day or of a range, for an accountant: a whole page without anything from elsewhere, and a table for a spreadsheet. Every
 * text that came from outside is escaped; a cell never begins like a formula. Spec: RFC 4180, 2.
 */
import type { DayView, DifferenceView, GroupView, OpenView, StatementSums } from "./acts.ts";
import { sumUp } from "./statement.ts";
import { formatSigned } from "./statement-file.ts";
import { ACT_WORDS, CLASS_WORDS, LOCALITY_WORDS, STATE_WORDS, VERDICT_WORDS, type Words } from "./words.ts";

export interface ReportData {
  readonly institutionName: string;
  readonly institution: string;
  readonly from: string;
  readonly to: string;
  readonly days: readonly DayView[];
  readonly missing: readonly string[];
}

const STYLE = [
  "body{font:14px/1.5 'Noto Sans CJK SC','Microsoft YaHei',sans-serif;margin:2em;color:#111}",
  "table{border-collapse:collapse;margin:.5em 0 1.5em}",
  "th,td{border:1px solid #999;padding:.2em .6em;text-align:left;vertical-align:top}",
  "td.n{text-align:right;font-variant-numeric:tabular-nums}",
  "tr.differs td{background:#fee}small{color:#555}",
].join("");

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => ESCAPES[letter] ?? "").replaceAll(/\p{Cc}/gu, " ");
}

function both([chinese, english]: Words): string {
  return `${escaped(chinese)}<br><small>${escaped(english)}</small>`;
}

function cell(html: string): string {
  return `<td>${html}</td>`;
}

function money(sums: StatementSums | undefined): string {
  const parts = sums === undefined ? ["", "", ""] : [sums.totalFen, sums.fundFen, sums.accountFen].map(formatSigned);
  return parts.map((part) => `<td class="n">${part}</td>`).join("");
}

function table(headings: readonly Words[], rows: readonly string[]): string {
  if (rows.length === 0) return "";
  return `<table><thead><tr>${headings.map((words) => `<th>${both(words)}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

const GROUP_HEADINGS: readonly Words[] = [
  ["险种", "Insurance"],
  ["清算类别", "Clearing"],
  ["参保地", "Locality"],
  ["经办机构", "Agency"],
  ["笔数", "Count"],
  ["费用总额", "Total"],
  ["基金支付", "Fund"],
  ["个人账户", "Account"],
  ["结果", "Result"],
];

function groupRow({ insuranceType, clearingType, locality, agency, own, ownCount, verdict, message }: GroupView): string {
  const result = `${both(VERDICT_WORDS[verdict])}${message === undefined ? "" : `<br>${escaped(message)}`}`;
  const names = [insuranceType, clearingType].map((name) => cell(escaped(name))).join("");
  const count = `<td class="n">${ownCount}</td>`;
  return `<tr${verdict === "equal" ? "" : ' class="differs"'}>${names}${cell(both(LOCALITY_WORDS[locality]))}${cell(escaped(agency))}${count}${money(own)}${cell(result)}</tr>`;
}

function totalsRow(groups: readonly GroupView[]): string {
  const count = groups.reduce((sum, { ownCount }) => sum + ownCount, 0);
  return `<tr><th colspan="4">${both(["合计", "Sum"])}</th><td class="n">${count}</td>${money(sumUp(groups.map(({ own }) => own)))}<td></td></tr>`;
}

const DIFFERENCE_HEADINGS: readonly Words[] = [
  ["差异", "Difference"],
  ["处理", "What was done"],
  ["报文号", "msgid"],
  ["结算ID", "setl_id"],
  ["单号", "Reference"],
  ["时间", "Time"],
  ["人员", "Person"],
  ["本机总额", "Total here"],
  ["本机基金", "Fund here"],
  ["本机账户", "Account here"],
  ["医保总额", "Total at the insurer"],
  ["医保基金", "Fund at the insurer"],
  ["医保账户", "Account at the insurer"],
  ["说明", "Note"],
];

function differenceRow({ kind, act, msgid, settlementId, reference = "", time, person, own, insurer, note = "" }: DifferenceView): string {
  const names = [msgid, settlementId, reference, time, person].map((text) => cell(escaped(text))).join("");
  return `<tr>${cell(both(CLASS_WORDS[kind]))}${cell(both(ACT_WORDS[act]))}${names}${money(own)}${money(insurer)}${cell(escaped(note))}</tr>`;
}

const OPEN_HEADINGS: readonly Words[] = [
  ["类型", "Kind"],
  ["单号", "Reference"],
  ["报文号", "msgid"],
  ["时间", "Time"],
  ["金额", "Amount"],
];
const OPEN_KINDS: Readonly<Record<OpenView["kind"], Words>> = { settlement: ["结算", "Settlement"], void: ["撤销", "Void"] };

function openRow({ kind, reference, msgid, time, amountFen }: OpenView): string {
  const names = [reference, msgid, time].map((text) => cell(escaped(text))).join("");
  return `<tr>${cell(both(OPEN_KINDS[kind]))}${names}<td class="n">${formatSigned(amountFen)}</td></tr>`;
}

function section(heading: Words, body: string): string {
  return body === "" ? "" : `<h3>${both(heading)}</h3>${body}`;
}

function dayHtml({ day, state, groups, differences, open, unreadable, operator, at, reason }: DayView): string {
  const why = reason === undefined ? "" : ` (${escaped(reason)})`;
  const ownDifferences = differences.filter(({ kind }) => kind !== "other-terminal");
  const others = differences.filter(({ kind }) => kind === "other-terminal");
  return [
    `<h2>${escaped(day)}: ${both(STATE_WORDS[state])}${why}</h2>`,
    `<p><small>${escaped(at)} ${escaped(operator)}</small></p>`,
    groups.length === 0 ? "" : section(["分组合计", "Totals by group"], table(GROUP_HEADINGS, [...groups.map(groupRow), totalsRow(groups)])),
    section(["差异明细", "Differences"], table(DIFFERENCE_HEADINGS, ownDifferences.map(differenceRow))),
    section(["本机构其他终端", "Other terminals of this institution"], table(DIFFERENCE_HEADINGS, others.map(differenceRow))),
    section(["结果待定（不计为差异）", "Not decided yet (no difference)"], table(OPEN_HEADINGS, open.map(openRow))),
    section(
      ["无法识别的对账行", "Lines that could not be read"],
      unreadable.length === 0 ? "" : `<ul>${unreadable.map((line) => `<li>${escaped(line)}</li>`).join("")}</ul>`,
    ),
  ].join("");
}

/** A whole page. */
export function reportHtml({ institutionName, institution, from, to, days, missing }: ReportData): string {
  const range = from === to ? from : `${from} – ${to}`;
  const summary = table(
    [
      ["日期", "Day"],
      ["状态", "State"],
      ["笔数", "Count"],
      ["费用总额", "Total"],
      ["基金支付", "Fund"],
      ["个人账户", "Account"],
      ["差异", "Differences"],
      ["待定", "Open"],
    ],
    days.map(summaryRow),
  );
  return [
    `<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>医保对账 ${escaped(range)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${both(["医保对账报告", "Reconciliation with the medical insurer"])}</h1>`,
    `<p>${escaped(institutionName)} ${escaped(institution)}<br>${escaped(range)}</p>`,
    days.length > 1 ? section(["汇总", "Summary"], `${summary}`) : "",
    missing.length === 0 ? "" : section(["尚未对账的日期", "Days not compared yet"], `<p>${missing.map(escaped).join(", ")}</p>`),
    ...days.map(dayHtml),
    "</body></html>\n",
  ].join("");
}

function summaryRow({ day, state, groups, differences, open }: DayView): string {
  const count = groups.reduce((sum, { ownCount }) => sum + ownCount, 0);
  const numbers = [differences.length, open.length].map((number) => `<td class="n">${number}</td>`).join("");
  const sums = money(sumUp(groups.map(({ own }) => own)));
  return `<tr${state === "equal" ? "" : ' class="differs"'}>${cell(escaped(day))}${cell(both(STATE_WORDS[state]))}<td class="n">${count}</td>${sums}${numbers}</tr>`;
}

const CSV_HEADINGS = [
  "日期 day",
  "行 row",
  "状态 state",
  "险种 insutype",
  "清算类别 clr_type",
  "参保地 locality",
  "经办机构 clr_optins",
  "笔数 count",
  "报文号 msgid",
  "结算ID setl_id",
  "单号 reference",
  "时间 time",
  "人员 person",
  "本机总额 total",
  "本机基金 fund",
  "本机账户 account",
  "医保总额 insurer total",
  "医保基金 insurer fund",
  "医保账户 insurer account",
  "说明 meaning",
  "处理 done",
  "备注 note",
];

/** A cell of a spreadsheet: text that begins like a formula is kept as text; an amount below zero is an amount. */
function csvCell(text: string): string {
  const isAmount = /^-?\d{1,15}(?:\.\d{1,2})?$/.test(text);
  // A longer run of digits is a name that a spreadsheet would round, and what begins with = + - @ TAB CR would be run by it.
  const guarded = !isAmount && /^\s*[=+\-@\t\r]|^\d+$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

function sumsCells(sums: StatementSums | undefined): readonly string[] {
  return sums === undefined ? ["", "", ""] : [sums.totalFen, sums.fundFen, sums.accountFen].map(formatSigned);
}

/** Columns that this row leaves empty. */
function blanks(count: number): readonly string[] {
  return Array.from({ length: count }, () => "");
}

function spoken(words: Words): string {
  return words.join(" / ");
}

function csvRows({ day, state, groups, differences, open, unreadable }: DayView): readonly (readonly string[])[] {
  const group = (each: GroupView) => [
    ...[day, "group", each.verdict, each.insuranceType, each.clearingType, each.locality, each.agency, String(each.ownCount)],
    ...[...blanks(5), ...sumsCells(each.own), ...blanks(3), spoken(VERDICT_WORDS[each.verdict]), "", each.message ?? ""],
  ];
  const difference = (each: DifferenceView) => [
    ...[day, "difference", each.kind, ...blanks(5), each.msgid, each.settlementId, each.reference ?? "", each.time, each.person],
    ...[...sumsCells(each.own), ...sumsCells(each.insurer), spoken(CLASS_WORDS[each.kind]), spoken(ACT_WORDS[each.act]), each.note ?? ""],
  ];
  const undecided = (each: OpenView) => [
    ...[day, "open", each.kind, ...blanks(5), each.msgid, "", each.reference, each.time, "", formatSigned(each.amountFen)],
    ...[...blanks(5), spoken(OPEN_KINDS[each.kind]), "", ""],
  ];
  const line = (text: string) => [day, "unreadable", "", ...blanks(CSV_HEADINGS.length - 4), text];
  return [
    [day, "day", state, ...blanks(CSV_HEADINGS.length - 6), spoken(STATE_WORDS[state]), "", ""],
    ...groups.map(group),
    ...differences.map(difference),
    ...open.map(undecided),
    ...unreadable.map(line),
  ];
}

/** A table with a byte order mark, so that spreadsheets read its Chinese. Long numbers of the interface are text. */
export function reportCsv(days: readonly DayView[]): string {
  const rows = [CSV_HEADINGS, ...days.flatMap(csvRows)];
  return `\uFEFF${rows.map((row) => `${row.map(csvCell).join(",")}\r\n`).join("")}`;
}
