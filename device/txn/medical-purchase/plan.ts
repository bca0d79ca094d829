/*
 * What has to happen in a purchase before it may be booked, or why it may not: worked out from the request, the holder's insurance and the
 * region's switches, without asking anybody. Spec: FSI, cross-region; FSI, regional differences.
 */
import { distanceOf, receiverOf } from "../medical-host/distance.ts";
import type { Insured } from "../medical-host/person-services.ts";
import type { CredentialKind, Distance, MedicalProfile, RegionSwitches } from "../medical-host/profile.ts";
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

/** Where the messages of a purchase go, and what stands before its booking. */
export interface Route {
  readonly plan: Plan;
  readonly distance: Distance;
  readonly receiverSystem: string | undefined;
}

export type RouteAnswer = { readonly ok: true; readonly route: Route } | { readonly ok: false; readonly refusal: Refusal };

export function routeOf(request: MedicalPurchaseRequest, person: Insured, profile: MedicalProfile): RouteAnswer {
  const { region, sender } = profile;
  const distance = distanceOf(sender.treatmentArea, person.insuranceArea, region.municipalities);
  const refused = refusedAt(request, distance, region);
  if (refused !== undefined) return { ok: false, refusal: refused };
  const medicalType = medicalTypeOf(request);
  const receiver = receiverOf(profile, { medicalType, insuranceType: person.insuranceType });
  // An injury at work is paid by an insurer of its own, which the usual receiver does not reach.
  if (receiver.kind === "none" || (receiver.kind === "usual" && medicalType === WORK_INJURY))
    return { ok: false, refusal: { reason: "receiver-not-connected" } };
  const receiverSystem = receiver.kind === "own" ? receiver.system : undefined;
  return { ok: true, route: { distance, receiverSystem, plan: planOf(request, distance, region) } };
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
    // No other province verifies the PIN of its cards here, and nobody that of a card that is not there. Spec: FSI, patient password.
    asksPin: credentialKindOf(request) === "card" && request.asRead === undefined && region.password === "card-pin" && distance !== "cross-province",
  };
}
