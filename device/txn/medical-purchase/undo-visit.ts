/* The visit behind a settlement that was taken back, cancelled by what the settlement's record says of it. Spec: FSI, 2205; FSI, 2202. */
import type { Limits } from "../../base/ports.ts";
import { textMember } from "../journal/members.ts";
import { signIn } from "../medical-host/ask.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import { type UndoResult, undoVisit } from "./outpatient.ts";
import { VISIT_SETTLEMENT_CODE } from "./record.ts";
import { readUnknown } from "./resolver-records.ts";

/**
 * `subject` names the settlement, which no longer stands. Safe to repeat: a visit that is gone is refused, as is one that the record does not
 * name. Faults: those of the journal.
 */
export async function undoVisitOf(ports: HostPorts, subject: string, limits: Limits): Promise<UndoResult["kind"]> {
  const record = readUnknown(await ports.journal.entriesOf(subject));
  // A pharmacy's settlement names a visit too, which nobody has registered.
  if (record === undefined || record.infno !== VISIT_SETTLEMENT_CODE) return "refused";
  if ((await signIn(ports, limits)) !== undefined) return "silent";
  const { personNumber, insuranceArea, visitId, outpatientNumber: number, detail } = record;
  const receiver = textMember(detail, "receiver");
  const visit = { number, visitId, personNumber, insuranceArea, ...(receiver === "" ? {} : { receiver }) };
  return (await undoVisit(ports, visit, limits)).kind;
}
