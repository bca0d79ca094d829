/* What a region's agency offers, and how it speaks: `agency` of the configuration. No public layout of these calls exists. Spec: agency/v1, 7. */
import type { AgencyService } from "./client.ts";

export interface AgencyProfile {
  /** Name of the layout of requests and replies: this project's own, or that of a region's adapter. */
  readonly layout: string;
  /** What the region's host offers; anything else is refused here and never sent. */
  readonly services: readonly AgencyService[];
  /** "promised": an id that the agency says it does not know is never acted on later. "told": it says so and promises nothing. */
  readonly outcomeQuery: "promised" | "told";
  readonly contributionKinds: readonly ("contribution" | "examination")[];
}

/** Everything that the page names. */
export const AGENCY_SERVICES: readonly AgencyService[] = [
  "card-status",
  "person-details",
  "person-update",
  "records",
  "benefits",
  "contribution-bills",
  "contribution-confirm",
  "activate",
  "pin-authorization",
  "block-authorization",
  "key-use",
  "authorization-result",
  "loss-report",
  "loss-withdraw",
  "statement",
  "outcome",
];

export const DEFAULT_AGENCY_PROFILE: AgencyProfile = {
  layout: "agency/v1",
  services: AGENCY_SERVICES,
  outcomeQuery: "promised",
  contributionKinds: ["contribution", "examination"],
};

/** Services after which something is different at the agency: without an answer their outcome is asked for. */
const CHANGING: ReadonlySet<AgencyService> = new Set<AgencyService>([
  "contribution-confirm",
  "activate",
  "loss-report",
  "loss-withdraw",
  "person-update",
  "pin-authorization",
  "block-authorization",
  "authorization-result",
]);

export function changesSomething(service: AgencyService): boolean {
  return CHANGING.has(service);
}
