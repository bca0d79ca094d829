/*
 * Goal: the settlement host's permission to sell offline, as it was granted last, through every restart.
 * Method: a taker of the stream "lease". The newest grant is durable before it counts; it ends when its time has come, and nothing but a newer
 * one makes it longer. A limit that is not understood is not a limit that could be kept, so such a grant is refused. Spec: pos/v1, 8.
 */

import { canonicalJson, isObject } from "../../codec/json.ts";
import type { DocumentAnswer, DocumentTaker, HostDocument } from "../hosts.ts";
import type { Journal } from "../journal/types.ts";
import { LIMIT_NAMES, type OfflineLimits } from "./offline-limits.ts";

export interface LeaseGrant {
  readonly sequence: number;
  /** The host's own name of it, for people. */
  readonly id: string;
  /** Host time from which on it is over. */
  readonly expiresMs: number;
  /** They narrow the configured ones; what is left out does not. */
  readonly limits: Partial<OfflineLimits>;
}

export interface LeaseGrants extends DocumentTaker {
  /** Undefined: the host has never granted one. */
  current(): LeaseGrant | undefined;
}

const STREAM = "lease";
const MARK = "lease/grant";
const BODY_BYTES_MAX = 4096;
const MEMBERS: readonly string[] = ["id", "expiresMs", "limits"];

type BodyParse = { readonly ok: true; readonly grant: Omit<LeaseGrant, "sequence"> } | { readonly ok: false; readonly reason: string };

function wrong(reason: string): BodyParse {
  return { ok: false, reason };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Reads what a grant says. Never throws. */
export function parseGrant(text: string): BodyParse {
  const value = parsed(text);
  if (!isObject(value) || Object.keys(value).some((name) => !MEMBERS.includes(name))) return wrong("grant-malformed");
  const { id, expiresMs, limits = {} } = value;
  if (typeof id !== "string" || !/^[\w.-]{1,64}$/.test(id) || !isCount(expiresMs) || !isObject(limits)) return wrong("grant-malformed");
  const names: readonly string[] = LIMIT_NAMES;
  if (Object.keys(limits).some((name) => !names.includes(name))) return wrong("limit-unknown");
  if (!Object.values(limits).every(isCount)) return wrong("limit-malformed");
  // Each name and each value has just been looked at.
  return { ok: true, grant: { id, expiresMs, limits: limits as Partial<OfflineLimits> } };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // JSON.parse has one way to fail; the caller says that the grant is malformed.
    return undefined;
  }
}

/** The mark is a sequence, a blank, and the grant's own text. */
function parseMark(mark: string | undefined): LeaseGrant | undefined {
  const shape = /^(\d{1,15}) (.+)$/s.exec(mark ?? "");
  const body = parseGrant(shape?.[2] ?? "");
  return shape !== null && body.ok ? { sequence: Number(shape[1]), ...body.grant } : undefined;
}

/** Faults: those of the journal. */
export async function openLeaseGrants(journal: Pick<Journal, "mark" | "setMarks">): Promise<LeaseGrants> {
  let current = parseMark(await journal.mark(MARK));
  return {
    stream: STREAM,
    have: () => current?.sequence ?? 0,
    current: () => current,
    take: async ({ sequence, base, body }: HostDocument): Promise<DocumentAnswer> => {
      if (base !== 0) return { kind: "refused", reason: "grant-continues-nothing" };
      if (sequence <= (current?.sequence ?? 0)) return { kind: "refused", reason: "grant-older" };
      if (body.length > BODY_BYTES_MAX) return { kind: "refused", reason: "grant-too-large" };
      const read = parseGrant(new TextDecoder().decode(body));
      if (!read.ok) return { kind: "refused", reason: read.reason };
      await journal.setMarks([{ name: MARK, value: `${sequence} ${canonicalJson({ ...read.grant })}` }]);
      current = { sequence, ...read.grant };
      return { kind: "taken" };
    },
  };
}
