/* Application for the money of a month, and its cancelling. Spec: FSI, 3203; FSI, 3204. */
import type { FsiRequest } from "./envelope.ts";
import { readFields } from "./fields.ts";
import { DONE, refuse, type ServiceAnswer, type ServiceContext } from "./service.ts";
import { FSI_FIELDS } from "./tables.ts";

/** 3203. */
export function applyForClearing(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readFields(request.input["data"], "data", FSI_FIELDS.clearing);
  if (!parsed.ok) return parsed;
  const { begndate = "", enddate = "" } = parsed.node;
  if (begndate > enddate) return refuse("the dates are malformed");
  const id = `C${String(context.ledger.next("clearing")).padStart(12, "0")}`;
  context.ledger.applyForClearing({ id, institution: request.institution, atMs: context.clock.wallMs(), fields: JSON.stringify(parsed.node) });
  return { ok: true, output: { result: { clr_appy_evt_id: id } } };
}

/** 3204. */
export function cancelClearing(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readFields(request.input["data"], "data", FSI_FIELDS.cancelClearing);
  if (!parsed.ok) return parsed;
  return context.ledger.cancelClearing(parsed.node["clr_appy_evt_id"] ?? "", request.institution) ? DONE : refuse("there is no such application");
}
