/*
 * What the insurer is asked about the holder before the split, and when its answer speaks against the purchase. Spec: FSI, 2001; FSI, 5301;
 * FSI, 2501.
 */
import { type FsiNode, type FsiRequest, rowsOf, textOf } from "../../codec/fsi.ts";
import type { InsuredPerson } from "./messages.ts";
import { medicalTypeOf } from "./plan.ts";
import type { MedicalPurchaseRequest } from "./ports.ts";
import type { Check, Refusal } from "./types.ts";

/** More rows than a person has filings. */
const ROWS_MAX = 500;

export interface CheckContext {
  readonly request: MedicalPurchaseRequest;
  readonly person: InsuredPerson;
  readonly institution: string;
  readonly treatmentArea: string;
  /** "yyyy-MM-dd HH:mm:ss" */
  readonly now: string;
}

export function checkQuestion(check: Check, { request, person, institution, treatmentArea, now }: CheckContext): Pick<FsiRequest, "infno" | "input"> {
  const { personNumber: psn_no, insuranceType: insutype } = person;
  switch (check) {
    case "eligibility": {
      const disease = { dise_codg: request.disease?.code ?? "", dise_name: request.disease?.name ?? "" };
      return { infno: "2001", input: { data: { psn_no, insutype, fixmedins_code: institution, med_type: medicalTypeOf(request), begntime: now, ...disease } } };
    }
    case "chronic":
      return { infno: "5301", input: { data: { psn_no } } };
    case "filing":
      return { infno: "2501", input: { data: { psn_no, insutype, mdtrtarea_admdvs: treatmentArea, begndate: dayOf(now) } } };
  }
}

function dayOf(moment: string): string {
  return moment.slice(0, 10);
}

/** Why the purchase does not go on after this answer; undefined when it does. */
export function checkRefusal(check: Check, output: FsiNode, context: CheckContext): Refusal | undefined {
  const day = dayOf(context.now);
  switch (check) {
    case "eligibility":
      return some(output, "trtinfo", (row) => textOf(row, "trt_enjymnt_flag") === "1") ? undefined : { reason: "not-eligible" };
    case "chronic": {
      const disease = context.request.disease?.code ?? "";
      return some(output, "feedetail", (row) => textOf(row, "opsp_dise_code") === disease && isOn(row, day)) ? undefined : { reason: "chronic-filing-missing" };
    }
    case "filing": {
      const covers = (row: FsiNode) => context.treatmentArea.startsWith(areaPrefix(textOf(row, "mdtrtarea_admdvs")));
      const valid = (row: FsiNode) => textOf(row, "refl_used_flag") !== "1" && isOn(row, day) && covers(row);
      return some(output, "refmedin", valid) ? undefined : { reason: "filing-missing" };
    }
  }
}

function some(output: FsiNode, name: string, fits: (row: FsiNode) => boolean): boolean {
  return (rowsOf(output, name, ROWS_MAX) ?? []).some(fits);
}

/** A side that is left open has no end. */
function isOn(row: FsiNode, day: string): boolean {
  const [from, to] = [dayOf(textOf(row, "begndate")), dayOf(textOf(row, "enddate"))];
  return from <= day && (to === "" || day <= to);
}

/** The area that a number of six digits stands for: a province or a city ends with zeros. An area of nothing covers nobody. */
function areaPrefix(area: string): string {
  return area.replace(/(?:00)+$/, "") || "none";
}
