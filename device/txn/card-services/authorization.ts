/* An authorisation of the agency: asked for with an intent, used, and ended with what the card did. Spec: agency/v1, 4. */
import type { Limits } from "../../base/ports.ts";
import { askAgency, drawId } from "./agency-side.ts";
import type { ServiceDesk } from "./desk.ts";

export interface AuthorizationEnd {
  readonly authorization: string;
  readonly operator: string;
  readonly done: "yes" | "no" | "unknown";
}

/** Tells the agency what became of it. Never rejects: one that nobody ends is over with its time. */
export async function endAuthorization(desk: ServiceDesk, { authorization, operator, done }: AuthorizationEnd, limits: Limits): Promise<void> {
  if (authorization === "") return;
  const request = { service: "authorization-result", id: drawId(desk.ports), operator, input: { authorization, done } } as const;
  const reply = await askAgency(desk.ports, request, desk.hostLimits(limits.signal));
  if (reply.kind !== "ok") desk.ports.log.warn("authorization-not-ended", { reason: reply.reason });
}
