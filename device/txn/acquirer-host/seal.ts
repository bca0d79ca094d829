/*
 * From a message to the body that travels and back: TPDU and header around it, the MAC of the pad as its last field, and of a reply the verdict.
 * Spec: UnionPay terminal, frame, MAC.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, equalBytes } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import { buildIso } from "../../codec/iso8583/build.ts";
import { MAC_FIELD } from "../../codec/iso8583/fields.ts";
import { unwrapIso, wrapIso } from "../../codec/iso8583/frame.ts";
import { parseIso } from "../../codec/iso8583/parse.ts";
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import type { BankKeys } from "../acquiring/bank-keys.ts";
import type { AcquirerProfile } from "../acquiring/profile.ts";
import { MESSAGES } from "./messages.ts";
import { type Asked, checkReply, type MacState, macMatters, type ReplyVerdict } from "./replies.ts";

export const MAC_BYTES = 8;

/** Whoever makes MACs, or reads them. */
export interface Seal {
  readonly profile: AcquirerProfile;
  readonly keys: Pick<BankKeys, "mac">;
}

/** The body of a message without a MAC. */
export function plainBody(profile: AcquirerProfile, message: IsoMessage): Bytes {
  assert(!message.fields.has(MAC_FIELD), "a message that is not sealed has no MAC");
  return wrapIso(profile, buildIso(message, profile));
}

/**
 * The body of a message with its MAC, byte for byte as it is sent and sent again. Faults: those of the pad.
 * The MAC covers the type, the bitmap that already tells of it, and every field before it.
 */
export async function sealedBody({ profile, keys }: Seal, message: IsoMessage, limits: Limits): Promise<Bytes> {
  const open = buildIso({ type: message.type, fields: new Map([...message.fields, [MAC_FIELD, new Uint8Array(MAC_BYTES)]]) }, profile);
  const covered = open.subarray(0, -MAC_BYTES);
  const mac = await keys.mac(covered, profile.macMethod, limits);
  assert(mac.length === MAC_BYTES, "a MAC has eight bytes");
  return wrapIso(profile, concat(covered, mac));
}

/** The body of a business: with a MAC where its row has one. Faults: those of the pad. */
export async function bodyOf(seal: Seal, asked: Pick<Asked, "business" | "request">, limits: Limits): Promise<Bytes> {
  return MESSAGES[asked.business].mac ? sealedBody(seal, asked.request, limits) : plainBody(seal.profile, asked.request);
}

export interface JudgedReply {
  readonly verdict: ReplyVerdict;
  /** Absent where the reply is no message. */
  readonly message?: IsoMessage;
}

/** The verdict on a reply as it came. The pad is asked for a MAC only where something depends on it. Faults: those of the pad, and the reply counts as unread. */
export async function judgeReply(seal: Seal, asked: Asked, body: Bytes, limits: Limits): Promise<JudgedReply> {
  const { profile } = seal;
  const unwrapped = unwrapIso(body);
  if (!unwrapped.ok) return unread(unwrapped.reason);
  const parsed = parseIso(unwrapped.message, profile);
  if (!parsed.ok) return unread(parsed.field === undefined ? parsed.reason : `${parsed.reason}-in-${parsed.field}`);
  const { message } = parsed;
  const mac = macMatters(profile, asked.business, message) ? await macState(seal, message, unwrapped.message, limits) : "unchecked";
  return { verdict: checkReply(profile, asked, message, mac), message };
}

function unread(reason: string): JudgedReply {
  return { verdict: { kind: "unknown", cause: "06", reason: `reply-malformed-${reason}` } };
}

async function macState({ profile, keys }: Seal, message: IsoMessage, bytes: Bytes, limits: Limits): Promise<MacState> {
  const given = message.fields.get(MAC_FIELD);
  if (!(given instanceof Uint8Array)) return "absent";
  // What came is covered as it came: nothing is built anew.
  const right = await keys.mac(bytes.subarray(0, -MAC_BYTES), profile.macMethod, limits);
  return equalBytes(given, right) ? "right" : "wrong";
}
