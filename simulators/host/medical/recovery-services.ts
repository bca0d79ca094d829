/* Reversal, reconciliation and query: how an unknown outcome becomes known. Spec: FSI, 2601; FSI, 3201; FSI, 3202; FSI, 5203. */
import { civilTime } from "../../../device/codec/civil-time.ts";
import { parseDecimal, sumOf } from "./decimals.ts";
import { type FsiRequest, type ReplyNode, Yuan } from "./envelope.ts";
import type { Settlement } from "./insurer-ledger.ts";
import { namedSettlement, queryFigures } from "./pharmacy-services.ts";
import { readNode, refuse, type ServiceAnswer, type ServiceContext } from "./service.ts";

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const ROWS_MAX = 200;
const DONE: ServiceAnswer = { ok: true, output: {} };

/** 2601: cancels what a message did, found by that message's msgid. Asking again changes nothing and is answered the same. */
export function reverse(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readNode(request.input["data"], "data", ["psn_no", "omsgid", "oinfno"]);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  const target = { omsgid: node["omsgid"] ?? "", personNumber: node["psn_no"] ?? "" };
  if (node["oinfno"] === "2102") return reverseSettlements(context, request, target);
  if (node["oinfno"] === "2103") return reverseVoid(context, target);
  return refuse("oinfno cannot be reversed");
}

interface Target {
  readonly omsgid: string;
  readonly personNumber: string;
}

function originalMissing(context: ServiceContext, omsgid: string): ServiceAnswer {
  context.ledger.rememberReversal(omsgid, context.clock.wallMs());
  return context.variants.unknownOriginal === "success" ? DONE : refuse("the original was not found");
}

function reverseSettlements(context: ServiceContext, request: FsiRequest, target: Target): ServiceAnswer {
  const found = context.ledger.byMsgid(target.omsgid).filter((entry) => entry.personNumber === target.personNumber);
  if (found.length === 0) return originalMissing(context, target.omsgid);
  // A msgid that was booked twice is taken back as a whole: the reversal names the message and not one of its bookings.
  for (const entry of found) {
    if (entry.status === "booked") context.ledger.takeBack(entry, { status: "reversed", msgid: request.msgid, atMs: context.clock.wallMs() });
  }
  return DONE;
}

function reverseVoid(context: ServiceContext, target: Target): ServiceAnswer {
  const entry = context.ledger.voidOf(target.omsgid);
  if (entry === undefined || entry.personNumber !== target.personNumber) return originalMissing(context, target.omsgid);
  if (!entry.undone) context.ledger.undoVoid(entry);
  return DONE;
}

interface Period {
  readonly from: string;
  readonly to: string;
}

function inPeriod(atMs: number, period: Period): boolean {
  const day = civilTime(atMs).iso.slice(0, 10);
  return day >= period.from && day <= period.to;
}

function statementRow(entry: Settlement, variants: ServiceContext["variants"], refund: boolean): ReplyNode {
  const sign = refund ? -1n : 1n;
  const fundFen = entry.fundFen + (variants.fundsIncludeAccount ? entry.accountFen : 0n);
  const accountFen = entry.accountFen + (variants.mutualAidInsideAccount ? entry.mutualAidFen : 0n);
  return {
    psn_no: entry.personNumber,
    mdtrt_id: entry.visitId,
    setl_id: entry.settlementId,
    msgid: entry.msgid,
    stmt_rslt: "0",
    refd_setl_flag: refund ? "1" : "0",
    medfee_sumamt: new Yuan(sign * entry.totalFen),
    fund_pay_sumamt: new Yuan(sign * fundFen),
    acct_pay: new Yuan(sign * accountFen),
  };
}

/**
 * 3202 in the form of a question about one message: its rows in the host's statement, refunds as negative rows of their own.
 * No row means that nothing is booked under that msgid in those days, up to this moment.
 */
export function statementOfMessage(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readNode(request.input["data"], "data", ["stmt_begndate", "stmt_enddate", "msgid"]);
  if (!parsed.ok) return parsed;
  const { stmt_begndate: from = "", stmt_enddate: to = "", msgid = "" } = parsed.node;
  if (!DATE.test(from) || !DATE.test(to) || from > to) return refuse("the statement dates are malformed");
  const entries = context.ledger
    .byMsgid(msgid)
    .filter((entry) => inPeriod(entry.bookedAtMs, { from, to }))
    .slice(0, ROWS_MAX);
  const rows = entries.flatMap((entry) => {
    const booking = statementRow(entry, context.variants, false);
    return entry.status === "booked" ? [booking] : [booking, statementRow(entry, context.variants, true)];
  });
  return { ok: true, output: { rows } };
}

const TOTALS_REQUIRED = [
  "insutype",
  "clr_type",
  "setl_optins",
  "stmt_begndate",
  "stmt_enddate",
  "medfee_sumamt",
  "fund_pay_sumamt",
  "acct_pay",
  "fixmedins_setl_cnt",
];

/** stmt_rslt in the one-digit encoding: 0 equal, 1 centre more, 2 institution more, 3 differs. */
function compareTotals(own: readonly bigint[], theirs: readonly bigint[]): { readonly code: string; readonly text: string } {
  const differences = own.map((amount, at) => amount - (theirs[at] ?? 0n));
  if (differences.every((difference) => difference === 0n)) return { code: "0", text: "equal" };
  if (differences.every((difference) => difference >= 0n)) return { code: "1", text: "centre more" };
  if (differences.every((difference) => difference <= 0n)) return { code: "2", text: "institution more" };
  return { code: "3", text: "differs" };
}

/** 3201: totals of one group of settlements that stand, against those of the institution. */
export function reconcileTotals(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readNode(request.input["data"], "data", TOTALS_REQUIRED);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  const { stmt_begndate: from = "", stmt_enddate: to = "" } = node;
  if (!DATE.test(from) || !DATE.test(to) || from > to) return refuse("the statement dates are malformed");
  const theirs = ["medfee_sumamt", "fund_pay_sumamt", "acct_pay"].map((name) => parseDecimal(node[name], 2));
  const theirCount = parseDecimal(node["fixmedins_setl_cnt"], 0);
  if (theirCount === undefined || theirs.some((amount) => amount === undefined)) return refuse("a total is malformed");
  const standing = context.ledger
    .settlements()
    .filter(
      (entry) =>
        entry.status === "booked" &&
        entry.insuranceType === node["insutype"] &&
        entry.clearingType === node["clr_type"] &&
        entry.clearingAgency === node["setl_optins"] &&
        inPeriod(entry.bookedAtMs, { from, to }),
    );
  const { fundsIncludeAccount, mutualAidInsideAccount } = context.variants;
  const own = [
    sumOf(standing, (entry) => entry.totalFen),
    sumOf(standing, (entry) => entry.fundFen + (fundsIncludeAccount ? entry.accountFen : 0n)),
    sumOf(standing, (entry) => entry.accountFen + (mutualAidInsideAccount ? entry.mutualAidFen : 0n)),
    BigInt(standing.length),
  ];
  const result = compareTotals(own, [...theirs.map((amount) => amount ?? 0n), theirCount]);
  return { ok: true, output: { stmtinfo: { setl_optins: node["setl_optins"] ?? "", stmt_rslt: result.code, stmt_rslt_dscr: result.text, exp_content: "" } } };
}

/** 5203: one settlement by its id. A reversed one was never there; a voided one says so. */
export function querySettlement(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const named = namedSettlement(context, request);
  if (!named.ok) return named;
  const entry = named.value;
  if (entry.status === "reversed") return refuse("there is no such settlement");
  return { ok: true, output: { setlinfo: { ...queryFigures(entry, context.variants), refd_setl_flag: entry.status === "voided" ? "1" : "0" } } };
}
