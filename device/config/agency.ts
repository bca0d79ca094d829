/* What a terminal is told about the region's agency: what it offers and how it speaks. Each switch has the default of the code. Spec: agency/v1, 7. */
import * as z from "zod";
import { AGENCY_SERVICES, type AgencyProfile, DEFAULT_AGENCY_PROFILE } from "../txn/agency/profile.ts";
import type { DeepReadonly } from "./deep-readonly.ts";

export const agencyConfig = z.strictObject({
  layout: z.literal("agency/v1").default("agency/v1"),
  services: z
    .array(z.enum(AGENCY_SERVICES))
    .min(1)
    .default([...DEFAULT_AGENCY_PROFILE.services]),
  outcomeQuery: z.enum(["promised", "told"]).default(DEFAULT_AGENCY_PROFILE.outcomeQuery),
  contributionKinds: z
    .array(z.enum(["contribution", "examination"]))
    .min(1)
    .default([...DEFAULT_AGENCY_PROFILE.contributionKinds]),
});

export function agencyProfileOf(config: DeepReadonly<z.infer<typeof agencyConfig>>): AgencyProfile {
  return config;
}
