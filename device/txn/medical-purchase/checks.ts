/* What the insurer is asked about the holder before the split, and when its answer speaks against the purchase. */
import type { Limits } from "../../base/ports.ts";
import type { NoAnswer } from "../medical-host/ask.ts";
import { checkEligibility, chronicFilings, filingsElsewhere, hasChronicFiling, hasFiling, type Insured, type Served } from "../medical-host/person-services.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import { medicalTypeOf } from "./plan.ts";
import type { MedicalPurchaseRequest } from "./ports.ts";
import type { Check, Refusal } from "./types.ts";

export interface CheckContext {
  readonly request: MedicalPurchaseRequest;
  readonly person: Insured;
  /** recer_sys_code where it is not the region's usual one. */
  readonly receiver: string | undefined;
  /** "yyyy-MM-dd HH:mm:ss" */
  readonly now: string;
}

/** "passed", a refusal of our own, or no answer. */
export type CheckResult = { readonly kind: "passed" } | { readonly kind: "stopped"; readonly refusal: Refusal } | NoAnswer;

/** Asks one thing about the holder. Faults: those of the journal. */
export async function askCheck(ports: HostPorts, check: Check, context: CheckContext, limits: Limits): Promise<CheckResult> {
  const { request, person, now: at } = context;
  const day = at.slice(0, 10);
  const diseaseCode = request.disease?.code;
  switch (check) {
    case "eligibility":
      return judged(await eligibility(ports, context, limits), ({ eligible, why }) => (eligible ? undefined : notEligible(why)));
    case "chronic": {
      const filed = { diseaseCode: diseaseCode ?? "", day };
      return judged(await chronicFilings(ports, person, limits), (rows) => (hasChronicFiling(rows, filed) ? undefined : { reason: "chronic-filing-missing" }));
    }
    case "filing": {
      const place = { treatmentArea: ports.medical.sender.treatmentArea, day };
      return judged(await filingsElsewhere(ports, { ...person, at }, limits), (rows) => (hasFiling(rows, place) ? undefined : { reason: "filing-missing" }));
    }
  }
}

function eligibility(ports: HostPorts, { request, person, receiver, now: at }: CheckContext, limits: Limits) {
  const disease = request.disease === undefined ? {} : { diseaseCode: request.disease.code };
  const way = receiver === undefined ? {} : { receiver };
  return checkEligibility(ports, { ...person, ...disease, ...way, medicalType: medicalTypeOf(request), at }, limits);
}

/** With the host's own words, where it has any. */
function notEligible(why: string): Refusal {
  return { reason: "not-eligible", ...(why === "" ? {} : { message: why }) };
}

function judged<Value>(served: Served<Value>, refusalOf: (value: Value) => Refusal | undefined): CheckResult {
  if (served.kind !== "done") return served;
  const refusal = refusalOf(served.value);
  return refusal === undefined ? { kind: "passed" } : { kind: "stopped", refusal };
}
