/*
 * What was sold, as rows of the insurer's messages. They are made once and kept in the record, so that whatever is told again is told in
 * the same words under the same numbers. Spec: FSI, 3505; FSI, 3506.
 */
import { toHex, utf8 } from "../../base/bytes.ts";
import { civilTime } from "../../codec/civil-time.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import { goodsTraceRows } from "../goods-rules/trace-rows.ts";
import type { JsonObject } from "../journal/types.ts";
import type { OrderItem, TraceCode } from "../medical-desk/basket.ts";
import { distanceOf } from "../medical-host/distance.ts";
import type { MedicalProfile } from "../medical-host/profile.ts";
import type { StockUploadRequest } from "./types.ts";

/** Codes of one row: at their longest they leave room for the rest of the message. Spec: FSI, request envelope. */
const CODES_OF_ROW_MAX = 150;
/** Hexadecimal digits of an own number before its row; 24 characters together, of 30. */
const OWN_NUMBER_DIGITS = 20;
const ROW_DIGITS = 4;
/** What the interface wants named although there is none: over the counter nobody prescribes. */
const NONE = "无";

export interface RowMakers {
  readonly suite: Pick<CipherSuite, "sm3">;
  readonly medical: MedicalProfile;
  readonly terminalId: string;
}

export interface StockRows {
  /** Without personal data; the fixmedins_bchno of each is its own. */
  readonly rows: readonly JsonObject[];
  /** Joined to every row when it is told. */
  readonly personal: JsonObject;
}

/** A part of a line that one row can tell: whole packs, or what came out of opened ones. */
interface Portion {
  readonly count: string;
  readonly opened: boolean;
  readonly codes: readonly string[];
}

export function stockRows(request: StockUploadRequest, makers: RowMakers): StockRows {
  const number = ownNumber(request, makers);
  const portions = request.items.flatMap((item) => portionsOf(item).map((portion) => ({ item, portion })));
  const common = commonMembers(request, makers.medical, number);
  const rows = portions.map(({ item, portion }, index) => ({
    ...common,
    ...goodsMembers(item, request),
    fixmedins_bchno: `${number}${String(index + 1).padStart(ROW_DIGITS, "0")}`,
    trdn_flag: portion.opened ? "1" : "0",
    sel_retn_cnt: portion.count,
    ...(portion.codes.length === 0 ? {} : { drugtracinfo: goodsTraceRows(portion.codes) }),
  }));
  return { rows, personal: personalMembers(request) };
}

/** The same for the same upload, and for no other of the institution, whose terminals may all have an order of this name. */
function ownNumber({ reference }: StockUploadRequest, { suite, terminalId }: RowMakers): string {
  return toHex(suite.sm3(utf8(`${terminalId}/${reference}`))).slice(0, OWN_NUMBER_DIGITS);
}

/** Whole packs and opened ones are told apart, and a line of very many packs in parts. */
function portionsOf(item: OrderItem): readonly Portion[] {
  const codes = item.traceCodes ?? [];
  const [whole, opened] = [codesOf(codes, false), codesOf(codes, true)];
  if (whole.length === 0) return [{ count: item.quantity, opened: opened.length > 0, codes: opened.slice(0, CODES_OF_ROW_MAX) }];
  const rest = restOf(item.quantity, whole.length);
  const portions = chunks(whole).map((part) => ({ count: String(part.length), opened: false, codes: part }));
  return rest === undefined ? portions : [...portions, { count: rest, opened: opened.length > 0, codes: opened.slice(0, CODES_OF_ROW_MAX) }];
}

function codesOf(codes: readonly TraceCode[], opened: boolean): readonly string[] {
  return [...new Set(codes.filter(({ splitPack }) => splitPack === opened).map(({ code }) => code))];
}

function chunks(codes: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(codes.length / CODES_OF_ROW_MAX) }, (_, at) => codes.slice(at * CODES_OF_ROW_MAX, (at + 1) * CODES_OF_ROW_MAX));
}

/** What is left of a quantity after whole packs; undefined when nothing is. */
function restOf(quantity: string, packs: number): string | undefined {
  const [units = "", fraction = ""] = quantity.split(".");
  const left = BigInt(units) - BigInt(packs);
  if (left < 0n || (left === 0n && !/[1-9]/.test(fraction))) return undefined;
  return fraction === "" ? String(left) : `${left}.${fraction}`;
}

function commonMembers({ act, order, settlement, soldAtMs, operator, invoiceNumber }: StockUploadRequest, medical: MedicalProfile, number: string): JsonObject {
  const shared = {
    sel_retn_time: civilTime(soldAtMs).iso,
    sel_retn_opter_name: operator,
    mdtrt_setl_type: settlement === undefined ? "2" : "1",
    ...(settlement === undefined ? {} : { setl_id: settlement.settlementId }),
  };
  if (act === "return") return shared;
  return {
    ...shared,
    hi_feesetl_type: settlement === undefined ? "0" : settlementType(settlement.insuranceArea, medical),
    // A sale that the insurer has not settled has no visit of the insurer's; it is named by our own number.
    mdtrt_sn: settlement === undefined || settlement.visitId === "" ? number : settlement.visitId,
    rtal_docno: invoiceNumber === "" ? order.slice(order.indexOf(".") + 1) : invoiceNumber,
  };
}

/** hi_feesetl_type: 1 insured here, 2 elsewhere. */
function settlementType(insuranceArea: string, { region, sender }: MedicalProfile): "1" | "2" {
  const here = insuranceArea === "" || distanceOf(sender.treatmentArea, insuranceArea, region.municipalities) === "local";
  return here ? "1" : "2";
}

function goodsMembers(item: OrderItem, { act }: StockUploadRequest): JsonObject {
  const { goods = {} } = item;
  return {
    med_list_codg: item.nationalCode,
    fixmedins_hilist_id: item.ownCode,
    fixmedins_hilist_name: item.name,
    manu_lotnum: goods.makerLot ?? NONE,
    ...(goods.madeOn === undefined ? {} : { manu_date: goods.madeOn }),
    ...(goods.expiresOn === undefined ? {} : { expy_end: goods.expiresOn }),
    rx_flag: item.prescriptionDrug === true ? "1" : "0",
    finl_trns_pric: item.unitPrice,
    ...(act === "return" || goods.documentNumber === undefined ? {} : { rtal_docno: goods.documentNumber }),
  };
}

function personalMembers({ act, person, prescription, settlement }: StockUploadRequest): JsonObject {
  // The interface wants the area of insurance of whom it knows by number; without a settlement nobody has told it.
  const { personNumber } = (settlement?.insuranceArea ?? "") === "" ? { personNumber: undefined } : person;
  const holder = {
    psn_cert_type: person.certificateType,
    ...(personNumber === undefined ? {} : { psn_no: personNumber }),
    ...(person.certificateNumber === undefined ? {} : { certno: person.certificateNumber }),
    ...(person.name === undefined ? {} : { psn_name: person.name }),
  };
  if (act === "return") return holder;
  return {
    ...holder,
    prsc_dr_name: prescription?.doctorName ?? NONE,
    phar_name: prescription?.pharmacistName ?? NONE,
    phar_prac_cert_no: prescription?.pharmacistLicence ?? NONE,
    ...(prescription === undefined ? {} : { rxno: prescription.number, rx_circ_flag: prescription.circulated ? "1" : "0" }),
  };
}

/** The first fact that the interface asks for and nobody has given, in words for people; undefined when all is there. */
export function missingFact(rows: readonly JsonObject[]): string | undefined {
  const incomplete = rows.find((row) => row["manu_date"] === undefined);
  if (incomplete === undefined) return undefined;
  const name = incomplete["fixmedins_hilist_name"];
  return `${typeof name === "string" ? name : ""}：缺少生产日期`;
}
