/*
 * An outpatient visit in its order: registered, described, its fees told in batches, tried out, settled, and all of it taken back in the
 * opposite order. Each step is refused where the one before it is missing, or where one after it still stands.
 * Spec: FSI, 2201; FSI, 2202; FSI, 2203; FSI, 2204; FSI, 2205; FSI, 2206; FSI, 2207; FSI, 2208.
 */
import { assert } from "../../../device/base/assert.ts";
import { admit, insuranceInForce } from "./admission.ts";
import { type BasketLine, priceLine, readLines, readPacks } from "./basket.ts";
import { checkCredential } from "./credentials.ts";
import { parseDecimal, sumOf } from "./decimals.ts";
import { type FsiRequest, type ReplyNode, Yuan } from "./envelope.ts";
import { type FieldTable, type FieldValues, readFields, readRows } from "./fields.ts";
import { voidNamed } from "./pharmacy-services.ts";
import { DONE, findInstitution, findPerson, type Parse, refuse, type ServiceAnswer, type ServiceContext } from "./service.ts";
import { bookPurchase, type Purchase, tryOut } from "./settlement.ts";
import { FSI_FIELDS } from "./tables.ts";
import type { Visit } from "./visit-book.ts";

const DISEASES_MAX = 20;
const ALL_BATCHES = "0000";

interface Asked {
  readonly visit: Visit;
  readonly node: FieldValues;
}

/** The visit that a node names, while it is open and the institution's own. */
function openVisit(context: ServiceContext, request: FsiRequest, node: FieldValues): Parse<Visit> {
  const visit = context.ledger.visits.find(node["mdtrt_id"] ?? "");
  if (visit === undefined || visit.institution !== request.institution || visit.personNumber !== node["psn_no"]) return refuse("there is no such visit");
  return visit.status === "open" ? { ok: true, value: visit } : refuse("the visit has been cancelled");
}

function askedOf(context: ServiceContext, request: FsiRequest, named: { readonly node: string; readonly table: FieldTable }): Parse<Asked> {
  const parsed = readFields(request.input[named.node], named.node, named.table);
  if (!parsed.ok) return parsed;
  const visit = openVisit(context, request, parsed.node);
  return visit.ok ? { ok: true, value: { visit: visit.value, node: parsed.node } } : visit;
}

/** Whether a settlement of the visit stands, of one batch or of any. */
function isSettled(context: ServiceContext, visit: Visit, batch = ALL_BATCHES): boolean {
  return context.ledger
    .ofVisit(visit.visitId)
    .some((entry) => entry.status === "booked" && (batch === ALL_BATCHES || entry.batch === ALL_BATCHES || entry.batch === batch));
}

/** 2201: registers. The institution's own number names one open visit at a time. */
export function registerVisit(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readFields(request.input["data"], "data", FSI_FIELDS.register);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  if (findInstitution(context, request.institution) === undefined) return refuse("fixmedins_code is not designated");
  const person = findPerson(context, node["psn_no"]);
  if (person === undefined) return refuse("psn_no is not insured here");
  const credential = checkCredential(context, person, node);
  if (!credential.ok) return credential;
  const insurance = insuranceInForce(person, node["insutype"], request.insuranceArea);
  if (insurance === undefined) return refuse("no such insurance is in force");
  const outpatientNumber = node["ipt_otp_no"] ?? "";
  if (context.ledger.visits.byNumber(request.institution, outpatientNumber) !== undefined) return refuse("ipt_otp_no is registered already");
  const visitId = `M${String(context.ledger.next("visit")).padStart(12, "0")}`;
  context.ledger.visits.open({
    visitId,
    outpatientNumber,
    institution: request.institution,
    personNumber: person.personNumber,
    insuranceType: insurance.type,
    insuranceArea: insurance.area,
    msgid: request.msgid,
    openedAtMs: context.clock.wallMs(),
    registration: JSON.stringify(node),
  });
  return { ok: true, output: { data: { mdtrt_id: visitId, psn_no: person.personNumber, ipt_otp_no: outpatientNumber, exp_content: "" } } };
}

/** 2202: cancels a visit of which nothing stands any more. */
export function cancelVisit(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const asked = askedOf(context, request, { node: "data", table: FSI_FIELDS.cancelVisit });
  if (!asked.ok) return asked;
  const { visit, node } = asked.value;
  if (visit.outpatientNumber !== node["ipt_otp_no"]) return refuse("there is no such visit");
  if (isSettled(context, visit)) return refuse("a settlement of this visit stands");
  if (context.ledger.visits.fees(visit.visitId).length > 0) return refuse("fees of this visit stand");
  context.ledger.visits.cancel(visit.visitId);
  return DONE;
}

/** 2203: what the visit was for. May be told again until it is settled. */
export function tellVisit(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const asked = askedOf(context, request, { node: "mdtrtinfo", table: FSI_FIELDS.visitInformation });
  if (!asked.ok) return asked;
  const { visit, node } = asked.value;
  const told = (node["dise_codg"] ?? "") !== "" || request.input["diseinfo"] !== undefined;
  const diseases = told ? readRows(request.input["diseinfo"], "diseinfo", { table: FSI_FIELDS.disease, max: DISEASES_MAX }) : undefined;
  if (diseases?.ok === false) return diseases;
  if (isSettled(context, visit)) return refuse("a settlement of this visit stands");
  context.ledger.visits.inform(visit.visitId, JSON.stringify(node));
  return DONE;
}

function keptLine(context: ServiceContext, text: string): BasketLine {
  const line = priceLine(context, JSON.parse(text) as FieldValues, "feedetail");
  assert(line.ok, "a fee was priced when it was told");
  return line.value;
}

function feeFigures(line: BasketLine): ReplyNode {
  return { feedetl_sn: line.detailNumber, det_item_fee_sumamt: new Yuan(line.amountFen), chrgitm_lv: line.level, med_list_codg: line.item.code };
}

/** 2204: fees of one batch or several, all of them or none. */
export function tellFees(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const lines = readLines(context, request.input["feedetail"], { name: "feedetail", table: FSI_FIELDS.feedetail });
  if (!lines.ok) return lines;
  const { visits } = context.ledger;
  for (const { node } of lines.value) {
    const visit = openVisit(context, request, node);
    if (!visit.ok) return visit;
    if (visit.value.information === undefined) return refuse("the visit has not been described");
    const batch = node["chrg_bchno"] ?? "";
    if (batch === ALL_BATCHES) return refuse("chrg_bchno 0000 is no batch");
    if (isSettled(context, visit.value, batch)) return refuse("chrg_bchno is settled already");
    if (visits.fees(visit.value.visitId).some(({ detailNumber }) => detailNumber === node["feedetl_sn"])) return refuse("feedetl_sn has been told already");
  }
  context.ledger.atomically(() => {
    for (const { node, detailNumber } of lines.value)
      visits.addFee({ visitId: node["mdtrt_id"] ?? "", detailNumber, batch: node["chrg_bchno"] ?? "", line: JSON.stringify(node) });
  });
  return { ok: true, output: { result: lines.value.map(feeFigures) } };
}

/** 2205: takes fees back, of one batch or ("0000") of all; nothing settled can be taken back. */
export function cancelFees(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const asked = askedOf(context, request, { node: "data", table: FSI_FIELDS.cancelFees });
  if (!asked.ok) return asked;
  const { visit, node } = asked.value;
  const batch = node["chrg_bchno"] ?? "";
  if (isSettled(context, visit, batch)) return refuse("a settlement of these fees stands");
  const fees = context.ledger.visits.fees(visit.visitId).filter((fee) => batch === ALL_BATCHES || fee.batch === batch);
  if (fees.length === 0) return refuse("there are no such fees");
  context.ledger.atomically(() => {
    for (const { detailNumber } of fees) context.ledger.visits.removeFee(visit.visitId, detailNumber);
  });
  return DONE;
}

function toldDisease(visit: Visit): Parse<FieldValues> {
  return visit.information === undefined ? refuse("the visit has not been described") : { ok: true, value: JSON.parse(visit.information) as FieldValues };
}

/** The fees of the asked batch, as a purchase that may be settled. */
function readVisit(context: ServiceContext, request: FsiRequest): Parse<Purchase> {
  const asked = askedOf(context, request, { node: "data", table: FSI_FIELDS.outpatient });
  if (!asked.ok) return asked;
  const { visit, node } = asked.value;
  const told = toldDisease(visit);
  if (!told.ok) return told;
  if (told.value["med_type"] !== node["med_type"]) return refuse("med_type is not that of the visit");
  if (visit.insuranceType !== node["insutype"]) return refuse("insutype is not that of the visit");
  const admission = admit(context, { request, node, place: "outpatient", disease: told.value["dise_codg"] ?? "" });
  if (!admission.ok) return admission;
  const batch = node["chrg_bchno"] ?? "";
  const fees = context.ledger.visits.fees(visit.visitId).filter((fee) => batch === ALL_BATCHES || fee.batch === batch);
  if (fees.length === 0) return refuse("no fees of this batch were told");
  if (isSettled(context, visit, batch)) return refuse("chrg_bchno is settled already");
  const lines = fees.map(({ line }) => keptLine(context, line));
  if (parseDecimal(node["medfee_sumamt"], 2) !== sumOf(lines, ({ amountFen }) => amountFen)) return refuse("medfee_sumamt is not the sum of the fees");
  const packs = request.infno === "2206" ? undefined : readPacks(context, request.input["drug_trac_info"], lines);
  if (packs?.ok === false) return packs;
  return { ok: true, value: { ...admission.value, place: "outpatient", node, lines, packs: packs?.value ?? [], visitId: visit.visitId, batch } };
}

/** 2206: what a settlement would say now. */
export function preSettleVisit(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const purchase = readVisit(context, request);
  return purchase.ok ? tryOut(context, request, purchase.value) : purchase;
}

/** 2207: books. */
export function settleVisit(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const purchase = readVisit(context, request);
  return purchase.ok ? bookPurchase(context, request, purchase.value) : purchase;
}

/** 2208: takes the settlement back; its fees stand until 2205. */
export function voidVisit(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  return voidNamed(context, request, "2207");
}
