/*
 * The host's figures of one settlement. They are the insurer's ledger: a rule that they break is noted, never a reason to refuse or
 * reverse what the host has booked. Spec: FSI, setlinfo. Spec: FSI, identities of a settlement.
 */
import { type Fen, ZERO_FEN } from "../../base/fen.ts";
import { amountOf, type FsiNode, nodeOf, textOf } from "../../codec/fsi.ts";
import type { ProvisionalFigures } from "../medical-desk/desk.ts";
import { brokenSums, type SumAmount, type SumFlag } from "../medical-split/sum-rules.ts";

/** Names of broken or unreadable things in a booked reply. Stable words: they stand in records. */
export type SettlementFlag = SumFlag | "total-differs" | "message-id-differs" | "amounts-missing";

/** clr_optins, clr_way, clr_type: the daily reconciliation is grouped by them. Spec: FSI, 3201. */
export interface Clearing {
  readonly agency: string;
  readonly way: string;
  readonly type: string;
}

export interface Settlement {
  readonly settlementId: string;
  readonly visitId: string;
  readonly total: Fen;
  readonly fund: Fen;
  readonly account: Fen;
  readonly mutualAid: Fen;
  readonly cash: Fen;
  readonly flags: readonly SettlementFlag[];
  readonly clearing: Clearing;
  /** setl_time, where the host tells it: the day that it is reconciled on. */
  readonly settledAt?: string;
}

export type SettlementParse =
  | { readonly ok: true; readonly settlement: Settlement }
  | { readonly ok: false; readonly reason: "no-setlinfo" | "no-settlement-id" | "figures-missing" };

/** Figures without which nobody could say what was settled. */
const NEEDED = ["medfee_sumamt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay"] as const;
/** Figures that the rules compare. */
const COMPARED = [
  "fulamt_ownpay_amt",
  "overlmt_selfpay",
  "preselfpay_amt",
  "inscp_scp_amt",
  "psn_part_amt",
  "hifp_pay",
  "act_pay_dedc",
  "acct_mulaid_pay",
] as const;

/** A figure in fen; undefined when the host left it out or it cannot be read. */
function figure(node: FsiNode, name: SumAmount): Fen | undefined {
  const parsed = amountOf(node, name);
  return parsed.ok ? parsed.amount : undefined;
}

function flagsOf(node: FsiNode, expected: { readonly total: Fen; readonly msgid: string }): SettlementFlag[] {
  const sender = textOf(node, "medins_setl_id");
  const checks: readonly (readonly [SettlementFlag, boolean])[] = [
    ["total-differs", figure(node, "medfee_sumamt") !== expected.total],
    ["message-id-differs", sender !== "" && sender !== expected.msgid],
    ["amounts-missing", COMPARED.some((name) => figure(node, name) === undefined)],
  ];
  return [...brokenSums((name) => figure(node, name)), ...checks.filter(([, broken]) => broken).map(([flag]) => flag)];
}

function clearingOf(node: FsiNode): Clearing {
  return { agency: textOf(node, "clr_optins"), way: textOf(node, "clr_way"), type: textOf(node, "clr_type") };
}

/** Who would clear a settlement, as its trial says; empty where it does not. Never throws. */
export function readClearing(output: FsiNode): Clearing {
  return clearingOf(nodeOf(output, "setlinfo") ?? {});
}

/** Reads the settlement of a booked reply. Not ok only where it does not say what was settled, so that the outcome is unknown. Never throws. */
export function readSettlement(output: FsiNode, expected: { readonly total: Fen; readonly msgid: string }): SettlementParse {
  const node = nodeOf(output, "setlinfo");
  if (node === undefined) return { ok: false, reason: "no-setlinfo" };
  const settlementId = textOf(node, "setl_id");
  if (settlementId === "") return { ok: false, reason: "no-settlement-id" };
  const [sum, fund, account, cash] = NEEDED.map((name) => figure(node, name));
  if (sum === undefined || fund === undefined || account === undefined || cash === undefined) return { ok: false, reason: "figures-missing" };
  const mutualAid = figure(node, "acct_mulaid_pay") ?? ZERO_FEN;
  const clearing = clearingOf(node);
  const settledAt = textOf(node, "setl_time");
  return {
    ok: true,
    settlement: {
      settlementId,
      visitId: textOf(node, "mdtrt_id"),
      total: sum,
      fund,
      account,
      mutualAid,
      cash,
      flags: flagsOf(node, expected),
      clearing,
      ...(settledAt === "" ? {} : { settledAt }),
    },
  };
}

/** The split as the insurer would book it now; undefined where its answer does not say who would pay what. */
export function readProvisional(output: FsiNode): ProvisionalFigures | undefined {
  const node = nodeOf(output, "setlinfo");
  if (node === undefined) return undefined;
  const [sum, fund, account, cash] = NEEDED.map((name) => figure(node, name));
  if (sum === undefined || fund === undefined || account === undefined || cash === undefined) return undefined;
  return { final: true, total: sum, fund, account, mutualAid: figure(node, "acct_mulaid_pay") ?? ZERO_FEN, cash };
}
