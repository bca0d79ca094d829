/* How a settlement stands in the insurer's books, and its lines. Spec: FSI, 5203; FSI, 5204. */
import type { Fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { type FsiNode, nodeOf, textOf } from "../../codec/fsi.ts";
import { fenOf, listOf, type Served, serve } from "./person-services.ts";
import type { HostPorts } from "./ports.ts";

export interface SettlementName {
  readonly personNumber: string;
  readonly settlementId: string;
  readonly visitId: string;
  readonly insuranceArea: string;
}

export interface BookedSettlement {
  /** The insurer has taken it back since. */
  readonly takenBack: boolean;
  /** medins_setl_id: the msgid that booked it; "" where the host does not tell. */
  readonly msgid: string;
  readonly total: Fen | undefined;
  readonly fund: Fen | undefined;
  readonly account: Fen | undefined;
  readonly mutualAid: Fen | undefined;
  /** The query names the personal part and cash otherwise than the settlement does. Spec: FSI, 5203. */
  readonly personal: Fen | undefined;
  readonly cash: Fen | undefined;
}

function questionOf(infno: string, { personNumber, settlementId, visitId, insuranceArea }: SettlementName) {
  return { infno, input: { data: { psn_no: personNumber, setl_id: settlementId, mdtrt_id: visitId } }, insuranceArea };
}

/** 5203. Faults: those of the journal. */
export function querySettlement(ports: HostPorts, name: SettlementName, limits: Limits): Promise<Served<BookedSettlement>> {
  return serve(ports, { question: questionOf("5203", name), read: readSettlement }, limits);
}

function readSettlement(output: FsiNode): BookedSettlement {
  const info = nodeOf(output, "setlinfo") ?? {};
  return {
    takenBack: textOf(info, "refd_setl_flag") === "1",
    msgid: textOf(info, "medins_setl_id"),
    total: fenOf(info, "medfee_sumamt"),
    fund: fenOf(info, "fund_pay_sumamt"),
    account: fenOf(info, "acct_pay"),
    mutualAid: fenOf(info, "acct_mulaid_pay"),
    personal: fenOf(info, "psn_pay") ?? fenOf(info, "psn_part_amt"),
    cash: fenOf(info, "cash_payamt") ?? fenOf(info, "psn_cash_pay"),
  };
}

export interface BookedLine {
  readonly lineNumber: string;
  readonly nationalCode: string;
  readonly ownCode: string;
  readonly quantity: string;
  readonly amount: Fen | undefined;
}

/** 5204. Faults: those of the journal. */
export function queryFees(ports: HostPorts, name: SettlementName, limits: Limits): Promise<Served<readonly BookedLine[]>> {
  return serve(ports, { question: questionOf("5204", name), read: readLines }, limits);
}

function readLines(output: FsiNode): readonly BookedLine[] {
  return [...listOf(output, "feedetail"), ...listOf(output, "output")].map((row) => ({
    lineNumber: textOf(row, "feedetl_sn"),
    nationalCode: textOf(row, "med_list_codg"),
    ownCode: textOf(row, "medins_list_codg"),
    quantity: textOf(row, "cnt"),
    amount: fenOf(row, "det_item_fee_sumamt"),
  }));
}
