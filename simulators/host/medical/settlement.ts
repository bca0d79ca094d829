/* What a pharmacy and a clinic share: dividing a basket by the holder's policy, the reply's figures, and the booking. Spec: FSI, setlinfo. */
import { civilTime } from "../../../device/codec/civil-time.ts";
import type { Admission, Place } from "./admission.ts";
import type { BasketLine, TracedPack } from "./basket.ts";
import { sumOf } from "./decimals.ts";
import { type FsiRequest, type ReplyNode, renderNode, Yuan } from "./envelope.ts";
import type { FieldValues } from "./fields.ts";
import { lineFigures, settlementFigures } from "./figures.ts";
import type { Settlement } from "./insurer-ledger.ts";
import { refuse, type ServiceAnswer, type ServiceContext } from "./service.ts";
import { type Split, splitFees } from "./split.ts";

/** A basket that may be settled. */
export interface Purchase extends Admission {
  readonly place: Place;
  readonly node: FieldValues;
  readonly lines: readonly BasketLine[];
  readonly packs: readonly TracedPack[];
  /** mdtrt_id where the visit is known already. */
  readonly visitId?: string;
  /** chrg_bchno of an outpatient visit. */
  readonly batch?: string;
}

interface Identity {
  readonly settlementId: string;
  readonly visitId: string;
  readonly msgid: string;
}

const CLEARING_WAY = "1";
const BASIC_POOLS = ["310100", "390100"];

/** clr_type: a pharmacy is cleared as 41, whatever it sold; a clinic by the kind of its visits. */
function clearingTypeOf(purchase: Purchase): string {
  const { place, medicalType } = purchase;
  if (medicalType === "22" || medicalType === "51" || medicalType === "52") return medicalType;
  return place === "pharmacy" ? "41" : "11";
}

function divide(context: ServiceContext, purchase: Purchase): Split {
  const { person, insurance, node, lines, split: policy } = purchase;
  const balances = context.ledger.balances(person.personNumber);
  const year = civilTime(context.clock.wallMs()).iso.slice(0, 4);
  const booked = context.ledger
    .bookedOf(person.personNumber)
    .filter((entry) => entry.insuranceType === insurance.type && civilTime(entry.bookedAtMs).iso.startsWith(year));
  const sameVisit = booked.filter(({ visitId }) => visitId === purchase.visitId);
  const usesAccount = node["acct_used_flag"] === "1";
  return splitFees({
    lines: lines.map((line) => line.fee),
    policy,
    deductibleUsedFen: sumOf(policy.deductibleBasis === "year" ? booked : sameVisit, (entry) => entry.deductibleFen),
    poolUsedFen: sumOf(booked, (entry) => entry.fundFen),
    accountFen: usesAccount && purchase.account ? balances.accountFen : 0n,
    mutualAidFen: usesAccount && purchase.mutualAid ? balances.mutualAidFen : 0n,
  });
}

function personNode({ person, insurance }: Purchase): ReplyNode {
  return {
    psn_no: person.personNumber,
    psn_name: person.name,
    psn_cert_type: "01",
    certno: person.certificateNumber,
    gend: person.gender,
    naty: "01",
    brdy: person.birthday,
    age: person.age,
    insutype: insurance.type,
    psn_type: insurance.personType,
    cvlserv_flag: "0",
  };
}

function output(context: ServiceContext, purchase: Purchase, made: { readonly split: Split; readonly identity: Identity; readonly nowMs: number }): ReplyNode {
  const { person, insurance, node, fund } = purchase;
  const { split, identity } = made;
  const balanceAfterFen = context.ledger.balances(person.personNumber).accountFen - split.accountFen;
  const { brokenSum } = context.faults;
  const figures = settlementFigures(split, {
    variants: context.variants,
    brokenSum,
    balanceAfterFen,
    ratioE4: purchase.split.ratioE4,
    basicPool: BASIC_POOLS.includes(fund.type),
  });
  const fundRow = {
    fund_pay_type: fund.type,
    inscp_scp_amt: new Yuan(split.scopeFen),
    crt_payb_lmt_amt: new Yuan(0n),
    fund_payamt: new Yuan(split.fundFen),
    fund_pay_type_name: fund.name,
    setl_proc_info: "",
  };
  return {
    setlinfo: {
      mdtrt_id: identity.visitId,
      setl_id: identity.settlementId,
      ...personNode(purchase),
      setl_time: civilTime(made.nowMs).iso,
      mdtrt_cert_type: node["mdtrt_cert_type"] ?? "",
      med_type: purchase.medicalType,
      ...figures,
      medins_setl_id: identity.msgid,
      clr_optins: insurance.area,
      clr_way: CLEARING_WAY,
      clr_type: clearingTypeOf(purchase),
    },
    setldetail: split.fundFen === 0n ? [] : [fundRow],
    detlcutinfo: lineFigures(split, purchase.lines),
  };
}

/** What a settlement would say now. Nothing is booked. */
export function tryOut(context: ServiceContext, request: FsiRequest, purchase: Purchase): ServiceAnswer {
  const identity = { settlementId: "", visitId: purchase.visitId ?? "", msgid: request.msgid };
  return { ok: true, output: output(context, purchase, { split: divide(context, purchase), identity, nowMs: context.clock.wallMs() }) };
}

/** Lines as 5204 shows them later. */
function keptLines(purchase: Purchase, split: Split): string {
  const rows = purchase.lines.map(({ node, level, item }, at) => ({
    ...node,
    med_chrgitm_type: item.listType === "201" ? "14" : "09",
    chrgitm_lv: level,
    own: String(split.lines[at]?.ownFen ?? 0n),
    over: String(split.lines[at]?.overLimitFen ?? 0n),
    first: String(split.lines[at]?.firstSelfPayFen ?? 0n),
    scope: String(split.lines[at]?.scopeFen ?? 0n),
  }));
  return JSON.stringify(rows);
}

/** Books. The host does not know an earlier message by its msgid unless the region's variant says so. */
export function bookPurchase(context: ServiceContext, request: FsiRequest, purchase: Purchase): ServiceAnswer {
  const { ledger, variants, clock } = context;
  if (variants.refuseDuplicateMsgid && ledger.byMsgid(request.msgid).length > 0) return refuse("msgid has been used");
  if (variants.reversalRemembersUnknown && ledger.reversalSeen(request.msgid)) return refuse("msgid has been reversed");
  const { person, insurance, node } = purchase;
  const split = divide(context, purchase);
  const nowMs = clock.wallMs();
  const number = String(ledger.next("settlement")).padStart(12, "0");
  const identity = { settlementId: `S${number}`, visitId: purchase.visitId ?? `V${number}`, msgid: request.msgid };
  const made = output(context, purchase, { split, identity, nowMs });
  const credential = node["mdtrt_cert_type"] === "01" ? (node["mdtrt_cert_no"] ?? "") : "";
  ledger.atomically(() => {
    ledger.book({
      ...identity,
      infno: purchase.place === "pharmacy" ? "2102" : "2207",
      institution: request.institution,
      personNumber: person.personNumber,
      insuranceType: insurance.type,
      insuranceArea: insurance.area,
      medicalType: purchase.medicalType,
      clearingType: clearingTypeOf(purchase),
      clearingAgency: insurance.area,
      totalFen: split.totalFen,
      fundFen: split.fundFen,
      accountFen: split.accountFen,
      mutualAidFen: split.mutualAidFen,
      cashFen: split.cashFen,
      deductibleFen: split.deductibleFen,
      bookedAtMs: nowMs,
      batch: purchase.batch ?? "",
      lines: keptLines(purchase, split),
      credential,
      figures: renderNode(made, variants),
    });
    for (const { code, part, detailNumber } of purchase.packs)
      ledger.stock.sell({ code, sale: `${identity.settlementId}|${detailNumber}`, settlementId: identity.settlementId, part, toldBy: "settlement" });
    if (credential !== "") ledger.eCodes.settled(credential);
  });
  return { ok: true, output: made };
}

/** Figures under the names that void and query use instead of those of the settlement. */
export function queryFigures(entry: Settlement, variants: ServiceContext["variants"]): ReplyNode {
  return {
    mdtrt_id: entry.visitId,
    setl_id: entry.settlementId,
    psn_no: entry.personNumber,
    insutype: entry.insuranceType,
    med_type: entry.medicalType,
    setl_time: civilTime(entry.bookedAtMs).iso,
    medfee_sumamt: new Yuan(entry.totalFen),
    fund_pay_sumamt: new Yuan(entry.fundFen + (variants.fundsIncludeAccount ? entry.accountFen : 0n)),
    psn_pay: new Yuan(entry.totalFen - entry.fundFen),
    acct_pay: new Yuan(entry.accountFen + (variants.mutualAidInsideAccount ? entry.mutualAidFen : 0n)),
    acct_mulaid_pay: new Yuan(entry.mutualAidFen),
    cash_payamt: new Yuan(entry.cashFen),
    clr_optins: entry.clearingAgency,
    clr_way: CLEARING_WAY,
    clr_type: entry.clearingType,
    medins_setl_id: entry.msgid,
  };
}
