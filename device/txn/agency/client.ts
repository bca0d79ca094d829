/*
 * The agency of human resources and social security as flows see it. Every request has an id that is born with its intent and never changes:
 * the agency answers a repeated id with the same words and acts once. Spec: agency/v1.
 */
import type { Limits } from "../../base/ports.ts";
import type { JsonObject } from "../journal/types.ts";

/** Names of services on the wire; docs/agency.md says what each takes and gives. */
export type AgencyService =
  | "card-status"
  | "person-details"
  | "person-update"
  | "records"
  | "benefits"
  | "contribution-bills"
  | "contribution-confirm"
  | "activate"
  | "pin-authorization"
  | "block-authorization"
  | "key-use"
  | "authorization-result"
  | "loss-report"
  | "loss-withdraw"
  | "statement"
  | "outcome";

export type AgencyReply =
  | { readonly kind: "ok"; readonly output: JsonObject }
  /** The agency says no, in kebab-case; nothing was changed there. */
  | { readonly kind: "refused"; readonly reason: string; readonly office?: string }
  /** Certain: the agency never got it and never will. */
  | { readonly kind: "not-sent"; readonly reason: string }
  /** It may have acted, or may still act: ask "outcome" with the id. */
  | { readonly kind: "unknown"; readonly reason: string };

export interface AgencyRequest {
  readonly service: AgencyService;
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly operator: string;
  readonly input: JsonObject;
}

export interface AgencyClient {
  /** Never rejects. */
  ask(request: AgencyRequest, limits: Limits): Promise<AgencyReply>;
}
