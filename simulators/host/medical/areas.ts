/* How far a place of treatment is from a place of insurance. Spec: FSI, cross-region. */

export type Distance = "local" | "same-province" | "cross-province";

export function distanceOf(treatmentArea: string, insuranceArea: string, municipalities: readonly string[]): Distance {
  const province = treatmentArea.slice(0, 2);
  if (province !== insuranceArea.slice(0, 2)) return "cross-province";
  // Deviation: districts of a municipality differ in their first four digits and are one city all the same. Spec: FSI, cross-region.
  if (municipalities.includes(province) || treatmentArea.slice(0, 4) === insuranceArea.slice(0, 4)) return "local";
  return "same-province";
}
