/*
 * Who may be settled here, for what, and by which policy: everything that is asked before a basket is divided, at a pharmacy and at a clinic.
 * Spec: FSI, med_type; FSI, cross-region.
 */
import { civilTime } from "../../../device/codec/civil-time.ts";
import { distanceOf } from "./areas.ts";
import { checkCredential } from "./credentials.ts";
import type { FsiRequest } from "./envelope.ts";
import type { FieldValues } from "./fields.ts";
import type { Insurance, InsuredPerson } from "./persons.ts";
import { findPolicy, type InsurancePolicy, type PolicyCase, splitPolicyOf } from "./policies.ts";
import { findInstitution, findPerson, type Institution, type Parse, refuse, type ServiceContext } from "./service.ts";
import type { SplitPolicy } from "./split.ts";

export type Place = "pharmacy" | "outpatient";

export interface Admission {
  readonly person: InsuredPerson;
  readonly insurance: Insurance;
  readonly medicalType: string;
  readonly split: SplitPolicy;
  readonly account: boolean;
  readonly mutualAid: boolean;
  readonly fund: InsurancePolicy["fund"];
}

/** What an admission is asked for: members of druginfo, or of the data of an outpatient message. */
export interface AdmissionRequest {
  readonly request: FsiRequest;
  readonly node: FieldValues;
  readonly place: Place;
  readonly disease: string;
}

const CHRONIC = ["14", "140104", "140201", "9901", "9929"];
const MATERNITY = ["51", "52"];
const WORK_INJURY = "22";
const EMERGENCY = "13";
const MATERNITY_INSURANCE = "510";
const SERVED: Readonly<Record<Place, readonly string[]>> = {
  pharmacy: ["41", ...CHRONIC, WORK_INJURY, ...MATERNITY],
  outpatient: ["11", "12", EMERGENCY, "14", "140104", "140201", "9901", "110104", WORK_INJURY, ...MATERNITY],
};
const PLACE_WORDS: Readonly<Record<Place, string>> = { pharmacy: "a pharmacy purchase", outpatient: "an outpatient visit" };

export function isRetired(insurance: Insurance): boolean {
  return insurance.personType.startsWith("12");
}

/** The insurance of that type that is in force where the message says, or undefined. */
export function insuranceInForce(person: InsuredPerson, type: string | undefined, area: string): Insurance | undefined {
  return person.insurances.find((insurance) => insurance.type === type && insurance.status === "1" && insurance.area === area);
}

/** yyyy-MM-dd. */
export function today(context: ServiceContext): string {
  return civilTime(context.clock.wallMs()).iso.slice(0, 10);
}

/** Whether the disease is filed for the person on that day. */
export function isFiled(person: InsuredPerson, disease: string, day: string): boolean {
  return person.chronicFilings.some(({ code, from, to }) => code === disease && from <= day && day <= to);
}

/** Whether this med_type needs a filing of its disease. */
export function needsFiling(medicalType: string): boolean {
  return CHRONIC.includes(medicalType);
}

/** The filing that covers treatment in an area on that day. */
export function regionalFiling(person: InsuredPerson, treatmentArea: string, day: string): InsuredPerson["regionalFilings"][number] | undefined {
  return person.regionalFilings.find(({ area, from, to }) => treatmentArea.startsWith(area) && from <= day && day <= to);
}

function receiverRefusal(context: ServiceContext, receiver: string, names: readonly string[]): string | undefined {
  const { receivers } = context.variants;
  const own = names.map((name) => receivers[name] ?? "").find((name) => name !== "");
  if (names.includes(WORK_INJURY) && own === undefined) return "the receiver of work injury is not connected";
  if (own !== undefined) return receiver === own ? undefined : "recer_sys_code is not the receiver of this insurance";
  return Object.values(receivers).includes(receiver) ? "recer_sys_code is the receiver of another insurance" : undefined;
}

/** Rules of the kind of treatment. */
export function medicalTypeRefusal(context: ServiceContext, asked: AdmissionRequest, person: InsuredPerson): string | undefined {
  const { node, place, disease, request } = asked;
  const { med_type: medicalType = "", insutype: insuranceType = "" } = node;
  if (!SERVED[place].includes(medicalType)) return `med_type is not ${PLACE_WORDS[place]}`;
  if (MATERNITY.includes(medicalType) !== (insuranceType === MATERNITY_INSURANCE)) return "insutype 510 and med_type 51 or 52 belong together";
  if (medicalType === WORK_INJURY && !person.workInjury) return "no work injury is recognised";
  if (needsFiling(medicalType) && disease === "") return "dise_codg is missing";
  if (needsFiling(medicalType) && !isFiled(person, disease, today(context))) return "dise_codg is not filed for this person";
  return receiverRefusal(context, request.receiver, [medicalType, insuranceType]);
}

/** How the holder stands to this place, or why nothing is settled here for one from there. */
export function elsewhereOf(
  context: ServiceContext,
  asked: AdmissionRequest,
  holder: { readonly person: InsuredPerson; readonly institution: Institution },
): Parse<PolicyCase["elsewhere"]> {
  const { request, node, disease } = asked;
  const { variants } = context;
  if (distanceOf(request.treatmentArea, request.insuranceArea, variants.municipalities) === "local") return { ok: true, value: "home" };
  if (!holder.institution.opened) return refuse("the institution is not opened for holders from elsewhere");
  if (disease !== "" && variants.diseasesExcludedElsewhere.some((prefix) => disease.startsWith(prefix))) return refuse("dise_codg is excluded away from home");
  const filing = regionalFiling(holder.person, request.treatmentArea, today(context));
  if (filing !== undefined) return { ok: true, value: filing.kind === "referral" ? "referral" : "filed" };
  if (node["med_type"] === EMERGENCY) return { ok: true, value: "emergency" };
  return variants.unfiledElsewhere === "refused" ? refuse("no filing for treatment away from home") : { ok: true, value: "unfiled" };
}

interface Holder {
  readonly person: InsuredPerson;
  readonly insurance: Insurance;
  readonly institution: Institution;
}

function holderOf(context: ServiceContext, { request, node }: AdmissionRequest): Parse<Holder> {
  const institution = findInstitution(context, request.institution);
  if (institution === undefined) return refuse("fixmedins_code is not designated");
  const person = findPerson(context, node["psn_no"]);
  if (person === undefined) return refuse("psn_no is not insured here");
  const credential = checkCredential(context, person, node);
  if (!credential.ok) return credential;
  const insurance = insuranceInForce(person, node["insutype"], request.insuranceArea);
  return insurance === undefined ? refuse("no such insurance is in force") : { ok: true, value: { person, insurance, institution } };
}

function withPolicy(context: ServiceContext, { person, insurance, institution }: Holder, how: Pick<PolicyCase, "medicalType" | "elsewhere">): Parse<Admission> {
  const { medicalType } = how;
  const wanted = { ...how, area: insurance.area, insuranceType: insurance.type, level: institution.level, retired: isRetired(insurance) };
  const policy = findPolicy(context.policies, wanted);
  if (policy === undefined) return refuse("no policy for this insurance");
  const { account, mutualAid, fund } = policy;
  return { ok: true, value: { person, insurance, medicalType, split: context.policy ?? splitPolicyOf(policy, wanted), account, mutualAid, fund } };
}

/** Admits a holder to a settlement, or says by name what stands against it. */
export function admit(context: ServiceContext, asked: AdmissionRequest): Parse<Admission> {
  const holder = holderOf(context, asked);
  if (!holder.ok) return holder;
  const { node } = asked;
  const refusal = medicalTypeRefusal(context, asked, holder.value.person);
  if (refusal !== undefined) return refuse(refusal);
  if (node["acct_used_flag"] !== "0" && node["acct_used_flag"] !== "1") return refuse("acct_used_flag is neither 0 nor 1");
  const elsewhere = elsewhereOf(context, asked, holder.value);
  if (!elsewhere.ok) return elsewhere;
  return withPolicy(context, holder.value, { medicalType: node["med_type"] ?? "", elsewhere: elsewhere.value });
}
