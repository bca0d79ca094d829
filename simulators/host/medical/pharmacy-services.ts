/*
 * Pharmacy purchase: trial calculation, settlement, void. Spec: FSI, 2101; FSI, 2102; FSI, 2103.
 * The trial and the settlement read and divide the basket with the same code; only the settlement books.
 */
import { civilTime } from "../../../device/codec/civil-time.ts";
import { parseDecimal, sumOf } from "./decimals.ts";
import { type FsiRequest, type ReplyNode, renderNode, Yuan } from "./envelope.ts";
import { lineFigures, settlementFigures } from "./figures.ts";
import type { Settlement } from "./insurer-ledger.ts";
import type { Insurance, InsuredPerson } from "./persons.ts";
import { findPerson, insuranceInForce, ownsCredential, readNode, refuse, type ServiceAnswer, type ServiceContext } from "./service.ts";
import { type CatalogueClass, type FeeLine, lineAmountFen, type Split, splitFees } from "./split.ts";

const DRUGINFO_REQUIRED = ["psn_no", "mdtrt_cert_type", "mdtrt_cert_no", "begntime", "medfee_sumamt", "insutype", "acct_used_flag", "med_type"];
const DRUGDETAIL_REQUIRED = ["feedetl_sn", "fee_ocur_time", "med_list_codg", "medins_list_codg", "det_item_fee_sumamt", "cnt", "pric"];
const LINES_MAX = 200;
const LEVELS: Readonly<Record<CatalogueClass, string>> = { A: "01", B: "02", C: "03" };

interface Basket {
  readonly person: InsuredPerson;
  readonly insurance: Insurance;
  readonly node: Readonly<Record<string, string>>;
  readonly lines: readonly BasketLine[];
  readonly totalFen: bigint;
}

interface BasketLine {
  readonly detailNumber: string;
  readonly level: string;
  readonly fee: FeeLine;
}

type Parse<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly message: string };

function readLine(context: ServiceContext, row: unknown): Parse<BasketLine> {
  const parsed = readNode(row, "drugdetail", DRUGDETAIL_REQUIRED);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  const item = context.catalogue.find((candidate) => candidate.code === node["med_list_codg"]);
  if (item === undefined) return refuse("med_list_codg is not in the catalogue");
  const countE4 = parseDecimal(node["cnt"], 4);
  const priceE6 = parseDecimal(node["pric"], 6);
  const amountFen = parseDecimal(node["det_item_fee_sumamt"], 2);
  if (countE4 === undefined || countE4 <= 0n || priceE6 === undefined || priceE6 < 0n) return refuse("cnt or pric is malformed");
  if (amountFen !== lineAmountFen(countE4, priceE6)) return refuse("det_item_fee_sumamt is not cnt times pric");
  const limit = item.priceLimitE6 === undefined ? {} : { priceLimitE6: item.priceLimitE6 };
  const fee = { countE4, priceE6, class: item.class, selfPayE4: item.selfPayE4, ...limit };
  return { ok: true, value: { detailNumber: node["feedetl_sn"] ?? "", level: LEVELS[item.class], fee } };
}

function readLines(context: ServiceContext, rows: unknown): Parse<readonly BasketLine[]> {
  if (!Array.isArray(rows) || rows.length === 0 || rows.length > LINES_MAX) return refuse("drugdetail is missing or too long");
  const lines: BasketLine[] = [];
  for (const row of rows as readonly unknown[]) {
    const line = readLine(context, row);
    if (!line.ok) return line;
    if (lines.some((known) => known.detailNumber === line.value.detailNumber)) return refuse("feedetl_sn is there twice");
    lines.push(line.value);
  }
  return { ok: true, value: lines };
}

function readBasket(context: ServiceContext, request: FsiRequest): Parse<Basket> {
  const parsed = readNode(request.input["druginfo"], "druginfo", DRUGINFO_REQUIRED);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  const person = findPerson(context, node["psn_no"]);
  if (person === undefined) return refuse("psn_no is not insured here");
  if (!ownsCredential(person, node["mdtrt_cert_type"], node["mdtrt_cert_no"])) return refuse("the credential is not this person's");
  const insurance = insuranceInForce(person, node["insutype"], request.insuranceArea);
  if (insurance === undefined) return refuse("no such insurance is in force");
  if (node["med_type"] !== "41") return refuse("med_type is not a pharmacy purchase");
  if (node["acct_used_flag"] !== "0" && node["acct_used_flag"] !== "1") return refuse("acct_used_flag is neither 0 nor 1");
  const lines = readLines(context, request.input["drugdetail"]);
  if (!lines.ok) return lines;
  const totalFen = sumOf(lines.value, ({ fee }) => lineAmountFen(fee.countE4, fee.priceE6));
  if (parseDecimal(node["medfee_sumamt"], 2) !== totalFen) return refuse("medfee_sumamt is not the sum of the lines");
  return { ok: true, value: { person, insurance, node, lines: lines.value, totalFen } };
}

function divide(context: ServiceContext, basket: Basket): Split {
  const { person, node, lines } = basket;
  const balances = context.ledger.balances(person.personNumber);
  const booked = context.ledger.bookedOf(person.personNumber);
  const usesAccount = node["acct_used_flag"] === "1";
  return splitFees({
    lines: lines.map((line) => line.fee),
    policy: context.policy,
    deductibleUsedFen: context.policy.deductibleBasis === "year" ? sumOf(booked, (entry) => entry.deductibleFen) : 0n,
    poolUsedFen: sumOf(booked, (entry) => entry.fundFen),
    accountFen: usesAccount ? balances.accountFen : 0n,
    mutualAidFen: usesAccount ? balances.mutualAidFen : 0n,
  });
}

interface Identity {
  readonly settlementId: string;
  readonly visitId: string;
  readonly msgid: string;
}

function settlementOutput(
  context: ServiceContext,
  basket: Basket,
  made: { readonly split: Split; readonly identity: Identity; readonly nowMs: number },
): ReplyNode {
  const { person, insurance, node } = basket;
  const { split, identity } = made;
  const balanceAfterFen = context.ledger.balances(person.personNumber).accountFen - split.accountFen;
  const figures = settlementFigures(split, { variants: context.variants, brokenSum: context.brokenSum(), balanceAfterFen });
  return {
    setlinfo: {
      mdtrt_id: identity.visitId,
      setl_id: identity.settlementId,
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
      setl_time: civilTime(made.nowMs).iso,
      mdtrt_cert_type: node["mdtrt_cert_type"] ?? "",
      med_type: "41",
      ...figures,
      medins_setl_id: identity.msgid,
      clr_optins: insurance.area,
      clr_way: "1",
      clr_type: "41",
    },
    setldetail:
      split.fundFen === 0n
        ? []
        : [
            {
              fund_pay_type: "310100",
              inscp_scp_amt: new Yuan(split.scopeFen),
              crt_payb_lmt_amt: new Yuan(0n),
              fund_payamt: new Yuan(split.fundFen),
              fund_pay_type_name: "城镇职工基本医疗保险统筹基金",
              setl_proc_info: "",
            },
          ],
    detlcutinfo: lineFigures(split, basket.lines),
  };
}

/** 2101: what a settlement would say now. Nothing is booked. */
export function preSettle(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const basket = readBasket(context, request);
  if (!basket.ok) return basket;
  const split = divide(context, basket.value);
  const identity = { settlementId: "", visitId: "", msgid: request.msgid };
  return { ok: true, output: settlementOutput(context, basket.value, { split, identity, nowMs: context.clock.wallMs() }) };
}

/** 2102: books. The host does not know an earlier message by its msgid unless the region's variant says so. */
export function settle(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const { ledger, variants, clock } = context;
  const basket = readBasket(context, request);
  if (!basket.ok) return basket;
  if (variants.refuseDuplicateMsgid && ledger.byMsgid(request.msgid).length > 0) return refuse("msgid has been used");
  if (variants.reversalRemembersUnknown && ledger.reversalSeen(request.msgid)) return refuse("msgid has been reversed");
  const { person, insurance } = basket.value;
  const split = divide(context, basket.value);
  const nowMs = clock.wallMs();
  const number = String(ledger.next("settlement")).padStart(12, "0");
  const identity = { settlementId: `S${number}`, visitId: `V${number}`, msgid: request.msgid };
  const output = settlementOutput(context, basket.value, { split, identity, nowMs });
  ledger.book({
    ...identity,
    personNumber: person.personNumber,
    insuranceType: insurance.type,
    clearingType: "41",
    clearingAgency: insurance.area,
    totalFen: split.totalFen,
    fundFen: split.fundFen,
    accountFen: split.accountFen,
    mutualAidFen: split.mutualAidFen,
    cashFen: split.cashFen,
    deductibleFen: split.deductibleFen,
    bookedAtMs: nowMs,
    figures: renderNode(output, variants),
  });
  return { ok: true, output };
}

/** Figures under the names that void and query use instead of those of the settlement. */
export function queryFigures(entry: Settlement, variants: ServiceContext["variants"]): ReplyNode {
  return {
    mdtrt_id: entry.visitId,
    setl_id: entry.settlementId,
    psn_no: entry.personNumber,
    insutype: entry.insuranceType,
    clr_optins: entry.clearingAgency,
    clr_type: entry.clearingType,
    setl_time: civilTime(entry.bookedAtMs).iso,
    medins_setl_id: entry.msgid,
    medfee_sumamt: new Yuan(entry.totalFen),
    fund_pay_sumamt: new Yuan(entry.fundFen + (variants.fundsIncludeAccount ? entry.accountFen : 0n)),
    psn_pay: new Yuan(entry.totalFen - entry.fundFen),
    acct_pay: new Yuan(entry.accountFen + (variants.mutualAidInsideAccount ? entry.mutualAidFen : 0n)),
    acct_mulaid_pay: new Yuan(entry.mutualAidFen),
    cash_payamt: new Yuan(entry.cashFen),
  };
}

/** The settlement that a void or a query names, when person and visit agree. */
export function namedSettlement(context: ServiceContext, request: FsiRequest): Parse<Settlement> {
  const parsed = readNode(request.input["data"], "data", ["psn_no", "setl_id", "mdtrt_id"]);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  const entry = context.ledger.settlement(node["setl_id"] ?? "");
  if (entry === undefined || entry.personNumber !== node["psn_no"] || entry.visitId !== node["mdtrt_id"]) return refuse("there is no such settlement");
  return { ok: true, value: entry };
}

/** 2103: takes a settlement back by its id, once. */
export function voidSettlement(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const named = namedSettlement(context, request);
  if (!named.ok) return named;
  const entry = named.value;
  if (entry.status !== "booked") return refuse("the settlement has been taken back already");
  if (context.ledger.voidOf(request.msgid) !== undefined) return refuse("msgid has been used");
  context.ledger.takeBack(entry, { status: "voided", msgid: request.msgid, atMs: context.clock.wallMs() });
  return { ok: true, output: { setlinfo: queryFigures(entry, context.variants) } };
}
