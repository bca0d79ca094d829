/* One request to the agency for one operation, however often it is tried. Spec: agency/v1, 3. */
import type { Limits } from "../../base/ports.ts";
import type { AgencyReply, AgencyService } from "../agency/client.ts";
import { textMember } from "../journal/members.ts";
import type { JsonObject } from "../journal/types.ts";
import { askAgency, drawId } from "./agency-side.ts";
import type { ServiceDesk } from "./desk.ts";
import type { Operation } from "./operations.ts";

/**
 * Asks under the operation's durable id. A request that may have reached the agency before is asked about first, and sent again only under
 * the agency's promise that it never acts on the old id. Spec: agency/v1, 3.
 */
export async function askOnce(
  desk: ServiceDesk,
  operation: Operation,
  { service, input }: { readonly service: AgencyService; readonly input: JsonObject },
  limits: Limits,
): Promise<AgencyReply> {
  const host = desk.hostLimits(limits.signal);
  const operator = textMember(operation.detail, "operator");
  const { agency } = desk.ports;
  if (operation.detail["asked"] === true && agency !== undefined) {
    const outcome = await agency.outcomeOf({ id: textMember(operation.detail, "agencyId"), operator }, host);
    if (outcome.kind === "ok" || outcome.kind === "refused") return outcome;
    if (outcome.kind === "open") return { kind: "unknown", reason: outcome.reason };
    // The agency will never act on that id, so that another may be drawn.
    await operation.note({ asked: false, agencyId: drawId(desk.ports) });
  }
  const id = textMember(operation.detail, "agencyId");
  // Durable before the request leaves: a power cut in between must not send it twice under two ids.
  await operation.note({ asked: true });
  const reply = await askAgency(desk.ports, { service, id, operator, input }, host);
  if (reply.kind === "not-sent") await operation.note({ asked: false, agencyId: drawId(desk.ports) });
  return reply;
}
