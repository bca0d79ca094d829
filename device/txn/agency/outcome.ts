/* What became of a request that had no answer. Spec: agency/v1, 3. */
import { isObject } from "../../codec/json.ts";
import type { JsonObject } from "../journal/types.ts";
import type { AgencyReply } from "./client.ts";
import { parseResult } from "./layout.ts";

/** What `outcome` tells. */
export type ToldOutcome =
  | Extract<AgencyReply, { readonly kind: "ok" | "refused" }>
  /** It is at it. */
  | { readonly kind: "pending" }
  /** The agency does not know this id, and has promised never to act on it. */
  | { readonly kind: "unknown-id" }
  | { readonly kind: "malformed" };

/** Reads the output of an outcome query. Never throws. */
export function parseOutcome(output: JsonObject): ToldOutcome {
  const { state, reply } = output;
  if (state === "pending" || state === "unknown-id") return { kind: state };
  const told = state === "done" && isObject(reply) ? parseResult(reply) : undefined;
  return told ?? { kind: "malformed" };
}
