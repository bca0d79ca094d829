/* Reversal and query: how an unknown outcome becomes known. Spec: FSI, 2601; FSI, 5203; FSI, 5204; FSI, 5206. */
import { civilTime } from "../../../device/codec/civil-time.ts";
import { type FsiRequest, type ReplyNode, type ReplyValue, Yuan } from "./envelope.ts";
import { type FieldValues, readFields } from "./fields.ts";
import type { Settlement } from "./insurer-ledger.ts";
import { namedSettlement } from "./pharmacy-services.ts";
import { DONE, findPerson, refuse, type ServiceAnswer, type ServiceContext } from "./service.ts";
import { queryFigures } from "./settlement.ts";
import { FSI_FIELDS } from "./tables.ts";

interface Target {
  readonly omsgid: string;
  readonly oinfno: string;
  readonly personNumber: string;
}

/** 2601: cancels what a message did, found by that message's msgid. Asking again changes nothing and is answered the same. */
export function reverse(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readFields(request.input["data"], "data", FSI_FIELDS.reversal);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  const { omsgid = "", oinfno = "", psn_no: personNumber = "" } = node;
  const target = { omsgid, oinfno, personNumber };
  if (oinfno === "2102" || oinfno === "2207") return reverseSettlements(context, request, target);
  if (oinfno === "2103" || oinfno === "2208") return reverseVoid(context, target);
  return refuse("oinfno cannot be reversed");
}

function originalMissing(context: ServiceContext, omsgid: string): ServiceAnswer {
  context.ledger.rememberReversal(omsgid, context.clock.wallMs());
  return context.variants.unknownOriginal === "success" ? DONE : refuse("the original was not found");
}

function reverseSettlements(context: ServiceContext, request: FsiRequest, target: Target): ServiceAnswer {
  const found = context.ledger.byMsgid(target.omsgid).filter((entry) => entry.personNumber === target.personNumber && entry.infno === target.oinfno);
  if (found.length === 0) return originalMissing(context, target.omsgid);
  // A msgid that was booked twice is taken back as a whole: the reversal names the message and not one of its bookings.
  for (const entry of found) {
    if (entry.status === "booked") context.ledger.takeBack(entry, { status: "reversed", msgid: request.msgid, atMs: context.clock.wallMs() });
  }
  return DONE;
}

function reverseVoid(context: ServiceContext, target: Target): ServiceAnswer {
  const entry = context.ledger.voidOf(target.omsgid);
  if (entry === undefined || entry.personNumber !== target.personNumber || entry.infno !== target.oinfno) return originalMissing(context, target.omsgid);
  if (entry.undone) return DONE;
  if (!context.ledger.canUndo(entry)) return refuse("the account no longer holds what the settlement took");
  context.ledger.undoVoid(entry);
  return DONE;
}

/** 5203: one settlement by its id. A reversed one was never there; a voided one says so. */
export function querySettlement(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const named = namedSettlement(context, request);
  if (!named.ok) return named;
  const entry = named.value;
  if (entry.status === "reversed") return refuse("there is no such settlement");
  return { ok: true, output: { setlinfo: { ...queryFigures(entry, context.variants), refd_setl_flag: entry.status === "voided" ? "1" : "0" } } };
}

const LINE_AMOUNTS: Readonly<Record<string, string>> = {
  own: "fulamt_ownpay_amt",
  over: "overlmt_amt",
  first: "preselfpay_amt",
  scope: "inscp_scp_amt",
};

/** A kept line with its amounts as amounts. */
function feeRow(entry: Settlement, kept: Readonly<Record<string, string>>): ReplyNode {
  const members = Object.entries(kept).map(([name, value]): readonly [string, ReplyValue] => {
    const amount = LINE_AMOUNTS[name];
    return amount === undefined ? [name, value] : [amount, new Yuan(BigInt(value))];
  });
  const told: ReplyNode = Object.fromEntries<ReplyValue>(members);
  return { mdtrt_id: entry.visitId, setl_id: entry.settlementId, ...told };
}

/** 5204: the fee lines of one settlement, or, where none is named, those of a visit as they were told. */
export function queryFees(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readFields(request.input["data"], "data", FSI_FIELDS.feesOf);
  if (!parsed.ok) return parsed;
  if ((parsed.node["setl_id"] ?? "") === "") return queryToldFees(context, request, parsed.node);
  const named = namedSettlement(context, request);
  if (!named.ok) return named;
  const entry = named.value;
  if (entry.status === "reversed") return refuse("there is no such settlement");
  const kept = JSON.parse(entry.lines) as readonly Readonly<Record<string, string>>[];
  return { ok: true, output: { feedetail: kept.map((line) => feeRow(entry, line)) } };
}

function queryToldFees(context: ServiceContext, request: FsiRequest, node: FieldValues): ServiceAnswer {
  const { visits } = context.ledger;
  const visit = visits.find(node["mdtrt_id"] ?? "");
  if (visit === undefined || visit.institution !== request.institution || visit.personNumber !== node["psn_no"]) return refuse("there is no such visit");
  return { ok: true, output: { feedetail: visits.fees(visit.visitId).map(({ line }) => JSON.parse(line) as ReplyNode) } };
}

/** What each kind of cumulation adds up, by cum_type_code. */
const CUMULATIONS: readonly (readonly [code: string, amount: (entry: Settlement) => bigint])[] = [
  ["medfee_sumamt", (entry) => entry.totalFen],
  ["hifp_pay", (entry) => entry.fundFen],
  ["act_pay_dedc", (entry) => entry.deductibleFen],
  ["acct_pay", (entry) => entry.accountFen],
];

/** 5206: what a person's settlements of one year (yyyy) or one month (yyyyMM) add up to, by insurance. */
export function queryCumulative(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readFields(request.input["data"], "data", FSI_FIELDS.cumulative);
  if (!parsed.ok) return parsed;
  const { psn_no: personNumber = "", cum_ym: period = "" } = parsed.node;
  if (!/^\d{4}(?:0[1-9]|1[0-2])?$/.test(period)) return refuse("data.cum_ym is malformed");
  if (findPerson(context, personNumber) === undefined) return refuse("psn_no is not insured here");
  const booked = context.ledger.bookedOf(personNumber).filter((entry) => civilTime(entry.bookedAtMs).date.startsWith(period));
  const types = [...new Set(booked.map(({ insuranceType }) => insuranceType))].sort();
  const cuminfo = types.flatMap((insutype) => {
    const entries = booked.filter(({ insuranceType }) => insuranceType === insutype);
    return CUMULATIONS.map(([code, amount]) => ({
      insutype,
      year: period.slice(0, 4),
      cum_ym: period,
      cum_type_code: code,
      cum: new Yuan(entries.reduce((sum, entry) => sum + amount(entry), 0n)),
    }));
  });
  return { ok: true, output: { cuminfo } };
}
