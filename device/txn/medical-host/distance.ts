/*
 * How far from home somebody is insured, and which of the insurer's systems takes what is asked for him. Spec: FSI, cross-region.
 * Deviation: by the texts' own rule of the first four digits the districts of a municipality would be places of one province; they are one
 * city. Spec: FSI, cross-region.
 */
import type { Distance, MedicalProfile } from "./profile.ts";

/** From the areas of treatment and of insurance, six digits each. */
export function distanceOf(treatmentArea: string, insuranceArea: string, municipalities: readonly string[]): Distance {
  const province = treatmentArea.slice(0, 2);
  if (insuranceArea.slice(0, 2) !== province) return "cross-province";
  const city = municipalities.includes(province) ? 2 : 4;
  return insuranceArea.slice(0, city) === treatmentArea.slice(0, city) ? "local" : "same-province";
}

/** "usual": the sender's own recer_sys_code. "none": not connected here, so that nothing is settled. */
export type Receiver = { readonly kind: "usual" } | { readonly kind: "own"; readonly system: string } | { readonly kind: "none" };

/** A kind of treatment has the first word, because work injury and maternity have insurers of their own beside the insurance type. */
export function receiverOf({ region }: Pick<MedicalProfile, "region">, about: { readonly insuranceType: string; readonly medicalType: string }): Receiver {
  const named = [about.medicalType, about.insuranceType].find((key) => Object.hasOwn(region.receivers, key));
  if (named === undefined) return { kind: "usual" };
  const system = region.receivers[named] ?? "";
  return system === "" ? { kind: "none" } : { kind: "own", system };
}
