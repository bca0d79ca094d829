/* What a person may be settled for: treatment check, chronic filings, filings for treatment elsewhere. Spec: FSI, 2001; FSI, 5301; FSI, 2501. */
import { type AdmissionRequest, elsewhereOf, insuranceInForce, isRetired, medicalTypeRefusal } from "./admission.ts";
import type { FsiRequest, ReplyNode } from "./envelope.ts";
import { readFields } from "./fields.ts";
import type { InsuredPerson } from "./persons.ts";
import { findPolicy } from "./policies.ts";
import { findInstitution, findPerson, refuse, type ServiceAnswer, type ServiceContext } from "./service.ts";
import { FSI_FIELDS } from "./tables.ts";

const OPEN_END = "2099-12-31";
const CONTRACTED_CHECK = "contracted-clinic";

/** Why this person is not treated here on the fund's account, or undefined. */
function refusalOf(context: ServiceContext, asked: AdmissionRequest, person: InsuredPerson): string | undefined {
  const { request, node } = asked;
  const institution = findInstitution(context, request.institution);
  if (institution === undefined) return "fixmedins_code is not designated";
  if (insuranceInForce(person, node["insutype"], request.insuranceArea) === undefined) return "no such insurance is in force";
  const elsewhere = elsewhereOf(context, asked, { person, institution });
  return medicalTypeRefusal(context, asked, person) ?? (elsewhere.ok ? undefined : elsewhere.message);
}

function fundRow(context: ServiceContext, asked: AdmissionRequest, person: InsuredPerson): ReplyNode {
  const { request, node } = asked;
  const refusal = refusalOf(context, asked, person);
  const insurance = insuranceInForce(person, node["insutype"], request.insuranceArea);
  const wanted = {
    area: request.insuranceArea,
    insuranceType: node["insutype"] ?? "",
    medicalType: node["med_type"] ?? "",
    level: 1 as const,
    retired: insurance !== undefined && isRetired(insurance),
    elsewhere: "home" as const,
  };
  return {
    psn_no: person.personNumber,
    trt_chk_type: "medical-type",
    fund_pay_type: findPolicy(context.policies, wanted)?.fund.type ?? "",
    trt_enjymnt_flag: refusal === undefined ? "1" : "0",
    begndate: "2020-01-01",
    enddate: OPEN_END,
    trt_chk_rslt: refusal ?? "",
  };
}

/** 2001: one row for each fund, with its word and the reason of a "no". */
export function checkEligibility(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readFields(request.input["data"], "data", FSI_FIELDS.eligibility);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  if (node["fixmedins_code"] !== request.institution) return refuse("data.fixmedins_code is another's");
  const person = findPerson(context, node["psn_no"]);
  if (person === undefined) return refuse("psn_no is not insured here");
  const place = request.institution.startsWith("P") ? "pharmacy" : "outpatient";
  const row = fundRow(context, { request, node, place, disease: node["dise_codg"] ?? "" }, person);
  if (!person.contractedWith.includes(request.institution)) return { ok: true, output: { trtinfo: [row] } };
  return { ok: true, output: { trtinfo: [row, { ...row, trt_chk_type: CONTRACTED_CHECK }] } };
}

/** 5301: diseases that are filed for a person, whether they are in force or not. */
export function queryChronicFilings(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readFields(request.input["data"], "data", FSI_FIELDS.chronicQuery);
  if (!parsed.ok) return parsed;
  const person = findPerson(context, parsed.node["psn_no"]);
  if (person === undefined) return refuse("psn_no is not insured here");
  const feedetail = person.chronicFilings.map(({ code, name, from, to }) => ({ opsp_dise_code: code, opsp_dise_name: name, begndate: from, enddate: to }));
  return { ok: true, output: { feedetail } };
}

/** 2501 as a question: for which areas of treatment a person is filed. */
export function queryRegionalFilings(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readFields(request.input["data"], "data", FSI_FIELDS.filingQuery);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  const person = findPerson(context, node["psn_no"]);
  if (person === undefined) return refuse("psn_no is not insured here");
  if (!person.insurances.some(({ type }) => type === node["insutype"])) return refuse("insutype is not this person's");
  const refmedin = person.regionalFilings
    .filter(({ area }) => (node["mdtrtarea_admdvs"] ?? "").startsWith(area))
    .map(({ area, kind, from, to }) => ({ refl_type: kind, mdtrtarea_admdvs: area.padEnd(6, "0"), begndate: from, enddate: to }));
  return { ok: true, output: { refmedin } };
}
