/*
 * What has to happen in a purchase before it may be booked, or why it may not: worked out from the request, the holder's insurance and the
 * region's switches, without asking anybody. Spec: FSI, cross-region; FSI, regional differences.
 */
import type { CredentialKind, Distance, MedicalProfile, RegionSwitches } from "../medical-host/profile.ts";
import type { InsuredPerson } from "./messages.ts";
import type { MedicalPurchaseRequest } from "./ports.ts";
import type { Check, Plan, Refusal } from "./types.ts";

const PHARMACY_PURCHASE = "41";
const OUTPATIENT_VISIT = "11";
const WORK_INJURY = "22";
const MATERNITY_TYPES: readonly string[] = ["51", "52"];
const MATERNITY_INSURANCE = "510";
const FARTHER: readonly Distance[] = ["local", "same-province", "cross-province"];

export function credentialKindOf({ credential }: Pick<MedicalPurchaseRequest, "credential">): CredentialKind {
  return credential?.kind ?? "card";
}

export function visitOf({ visit = "pharmacy" }: Pick<MedicalPurchaseRequest, "visit">): Plan["visit"] {
  return visit;
}

/** med_type of the request. */
export function medicalTypeOf(request: Pick<MedicalPurchaseRequest, "medicalType" | "visit">): string {
  return request.medicalType ?? (visitOf(request) === "outpatient" ? OUTPATIENT_VISIT : PHARMACY_PURCHASE);
}

/** The insurance that pays by its nature, where the counter names none. */
export function insuranceTypeOf(request: Pick<MedicalPurchaseRequest, "insuranceType" | "medicalType" | "visit">): string | undefined {
  return request.insuranceType ?? (MATERNITY_TYPES.includes(medicalTypeOf(request)) ? MATERNITY_INSURANCE : undefined);
}

/** How far from here somebody is insured. The districts of a municipality are one city. */
export function distanceOf(treatmentArea: string, insuranceArea: string, municipalities: readonly string[]): Distance {
  const province = treatmentArea.slice(0, 2);
  if (province !== insuranceArea.slice(0, 2)) return "cross-province";
  return municipalities.includes(province) || treatmentArea.slice(0, 4) === insuranceArea.slice(0, 4) ? "local" : "same-province";
}

/** What this place does not do for anybody. */
export function refusedHere(request: MedicalPurchaseRequest, region: RegionSwitches): Refusal | undefined {
  if (!region.credentials.includes(credentialKindOf(request))) return { reason: "credential-not-offered" };
  const medicalType = medicalTypeOf(request);
  if (!region.medicalTypes.includes(medicalType)) return { reason: "medical-type-not-offered" };
  if (visitOf(request) === "outpatient" && request.clinic === undefined) return { reason: "clinic-missing" };
  if (region.chronicTypes.includes(medicalType) && diseaseOf(request) === "") return { reason: "disease-missing" };
  return undefined;
}

function diseaseOf({ disease }: MedicalPurchaseRequest): string {
  return disease?.code ?? "";
}

/** recer_sys_code of what this insurance or this kind of treatment is settled with; undefined: the region's usual one. */
type Receiver = { readonly connected: true; readonly system: string | undefined } | { readonly connected: false };

/** An injury at work is paid by another insurer, so that it has a receiver of its own or none. */
function receiverOf(medicalType: string, insuranceType: string, receivers: RegionSwitches["receivers"]): Receiver {
  const system = receivers[medicalType] ?? receivers[insuranceType];
  const missing = system === "" || (system === undefined && medicalType === WORK_INJURY);
  return missing ? { connected: false } : { connected: true, system };
}

/** Where the messages of a purchase go, and what stands before its booking. */
export interface Route {
  readonly plan: Plan;
  readonly distance: Distance;
  readonly receiverSystem: string | undefined;
}

export type RouteAnswer = { readonly ok: true; readonly route: Route } | { readonly ok: false; readonly refusal: Refusal };

export function routeOf(request: MedicalPurchaseRequest, person: InsuredPerson, { region, sender }: MedicalProfile): RouteAnswer {
  const distance = distanceOf(sender.treatmentArea, person.insuranceArea, region.municipalities);
  const refused = refusedAt(request, distance, region);
  if (refused !== undefined) return { ok: false, refusal: refused };
  const receiver = receiverOf(medicalTypeOf(request), person.insuranceType, region.receivers);
  if (!receiver.connected) return { ok: false, refusal: { reason: "receiver-not-connected" } };
  return { ok: true, route: { distance, receiverSystem: receiver.system, plan: planOf(request, distance, region) } };
}

function refusedAt(request: MedicalPurchaseRequest, distance: Distance, region: RegionSwitches): Refusal | undefined {
  if (FARTHER.indexOf(distance) > FARTHER.indexOf(region.farthest)) return { reason: "too-far" };
  const disease = diseaseOf(request);
  const excluded = distance !== "local" && region.diseasesExcludedElsewhere.some((prefix) => disease !== "" && disease.startsWith(prefix));
  return excluded ? { reason: "disease-excluded" } : undefined;
}

function planOf(request: MedicalPurchaseRequest, distance: Distance, region: RegionSwitches): Plan {
  const wanted: readonly (readonly [Check, boolean])[] = [
    ["eligibility", region.checksEligibility],
    ["chronic", region.chronicTypes.includes(medicalTypeOf(request))],
    ["filing", region.filingRequired && distance !== "local"],
  ];
  return {
    visit: visitOf(request),
    checks: wanted.filter(([, asked]) => asked).map(([check]) => check),
    confirms: request.confirms === true,
    // No other province verifies the PIN of its cards here. Spec: FSI, patient password.
    asksPin: credentialKindOf(request) === "card" && region.password === "card-pin" && distance !== "cross-province",
  };
}
