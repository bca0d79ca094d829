/*
 * Goal: requests to the agency and its replies as JSON, where nothing that is malformed or foreign is believed.
 * Method: a reply counts only when it is whole and bears the id of the question; everything else decides nothing. Spec: agency/v1, 2.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, utf8 } from "../../base/bytes.ts";
import { canonicalJson, isObject, parseJson } from "../../codec/json.ts";
import type { JsonObject } from "../journal/types.ts";
import type { AgencyRequest } from "./client.ts";
import { writeMoment } from "./times.ts";

/** Most of one message. */
export const AGENCY_BYTES_MAX = 65_536;
const DEPTH_MAX = 16;
const ID = /^[0-9a-f]{32}$/;
const NAME = /^.{1,64}$/u;
const REASON = /^(?=.{1,64}$)[a-z0-9]+(?:-[a-z0-9]+)*$/;
const OFFICES: readonly string[] = ["agency", "bank", "insurer", "hospital", "official-app", "counter-terminal", "telephone-12333"];

/** Where and when a request is made. */
export interface AgencyHead {
  readonly terminal: string;
  readonly atMs: number;
}

/** What a reply says. "undecided": nothing follows from it, and the agency may have acted. */
export type AgencyAnswer =
  | { readonly kind: "ok"; readonly output: JsonObject }
  | { readonly kind: "refused"; readonly reason: string; readonly office?: string }
  | { readonly kind: "undecided"; readonly why: "malformed" | "foreign" };

/** How one region's agency writes and is read; `agency/v1` is the project's own. None of these throws on what came. */
export interface AgencyLayout {
  /** Undefined: it does not fit one message. */
  build(request: AgencyRequest, head: AgencyHead): Bytes | undefined;
  parse(body: Bytes, id: string): AgencyAnswer;
}

function build({ id, service, operator, input }: AgencyRequest, { terminal, atMs }: AgencyHead): Bytes | undefined {
  assert(ID.test(id) && NAME.test(operator) && NAME.test(terminal), "the caller's id, operator and terminal have their forms");
  const body = utf8(canonicalJson({ v: 1, id, service, at: writeMoment(atMs), terminal, operator, input }));
  return body.length > AGENCY_BYTES_MAX ? undefined : body;
}

function readObject(body: Bytes): JsonObject | undefined {
  const parsed = parseJson(body, { maxBytes: AGENCY_BYTES_MAX, maxDepth: DEPTH_MAX });
  return parsed.ok && isObject(parsed.value) ? parsed.value : undefined;
}

function parse(body: Bytes, id: string): AgencyAnswer {
  const reply = readObject(body);
  if (reply === undefined || reply["v"] !== 1) return { kind: "undecided", why: "malformed" };
  if (reply["id"] !== id) return { kind: "undecided", why: "foreign" };
  return parseResult(reply) ?? { kind: "undecided", why: "malformed" };
}

/** What a result says, also inside of an outcome; undefined where it says nothing. */
export function parseResult(reply: JsonObject): Exclude<AgencyAnswer, { readonly kind: "undecided" }> | undefined {
  const { result, reason, office, output } = reply;
  if (!isObject(output)) return undefined;
  if (result === "ok") return { kind: "ok", output };
  if (result !== "refused" || typeof reason !== "string" || !REASON.test(reason)) return undefined;
  // An office that nobody here knows sends the holder nowhere; the refusal stands all the same.
  return { kind: "refused", reason, ...(typeof office === "string" && OFFICES.includes(office) ? { office } : {}) };
}

export const AGENCY_V1: AgencyLayout = { build, parse };
