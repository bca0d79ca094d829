/*
 * Goal: what a reply is worth. An approval is believed with its MAC and its echo fields and never without; what fails either is no answer at all,
 * and the request stays unknown.
 * Method: a pure verdict on a request, its reply, and what became of the reply's MAC. Spec: UnionPay terminal, reply checks.
 */
import { type Fen, fen } from "../../base/fen.ts";
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import type { AcquirerProfile } from "../acquiring/profile.ts";
import { type Business, MESSAGES } from "./messages.ts";
import type { ReversalCause } from "./request.ts";
import { RESPONSE_CODES } from "./response-codes.ts";

/** "unchecked": nothing depends on it. */
export type MacState = "right" | "wrong" | "absent" | "unchecked";

export type ReplyVerdict =
  /** Booked, for `amount` where the message has one. */
  | { readonly kind: "approved"; readonly responseCode: string; readonly amount?: Fen }
  /** Booked for less than was asked for; whether that may stand is the profile's matter. */
  | { readonly kind: "partial"; readonly responseCode: string; readonly amount: Fen }
  /** Certain: nothing is booked. `signIn`: the keys are worth nothing any more. */
  | { readonly kind: "declined"; readonly responseCode: string; readonly reason: string; readonly signIn: boolean }
  /**
   * As if nothing had come. `cause`: field 39 of the reversal that may follow. `signIn`: perhaps the keys are not the host's any more; a sign-in
   * harms nobody, and without one the two might never understand each other again.
   */
  | { readonly kind: "unknown"; readonly cause: ReversalCause; readonly reason: string; readonly responseCode?: string; readonly signIn?: true };

/** What the reply answers. */
export interface Asked {
  readonly business: Business;
  readonly request: IsoMessage;
  /** The same bytes had been sent before: only then the host's word that it has them already is a success, and only for an offline upload. */
  readonly sentBefore?: boolean;
}

/** Fields that a reply must give back as they were. Spec: UnionPay terminal, reply checks. */
const ECHOED = [3, 11, 41, 42] as const;
const AMOUNT = 4;

/** Whether anything depends on this reply's MAC: whoever makes MACs need not make one for nothing. */
export function macMatters(profile: AcquirerProfile, business: Business, reply: IsoMessage): boolean {
  if (!MESSAGES[business].mac) return false;
  if (profile.macAppliesTo === "all") return true;
  const code = reply.fields.get(39);
  if (typeof code !== "string") return false;
  const kind = RESPONSE_CODES.get(code)?.kind;
  // A code that nobody knows is no decline by itself; the host's word that it has an upload already takes the place of an approval.
  return kind === undefined || kind === "approved" || kind === "partial" || isTakenCode(profile, business, code);
}

/** The verdict. `mac` is asked for where {@link macMatters} says so. */
export function checkReply(profile: AcquirerProfile, asked: Asked, reply: IsoMessage, mac: MacState): ReplyVerdict {
  const wrong = echoProblem(asked.request, reply);
  if (wrong !== undefined) return { kind: "unknown", cause: "06", reason: wrong };
  const code = reply.fields.get(39);
  if (typeof code !== "string") return { kind: "unknown", cause: "06", reason: "reply-without-code" };
  if (macMatters(profile, asked.business, reply) && mac !== "right") return unproved(code, mac);
  return byCode(profile, asked, reply, code);
}

function unproved(code: string, mac: MacState): ReplyVerdict {
  const wrong = mac === "wrong";
  const signIn = wrong || RESPONSE_CODES.get(code)?.kind === "sign-in";
  const verdict = { kind: "unknown", cause: wrong ? "A0" : "06", reason: wrong ? "reply-mac-wrong" : "reply-mac-absent", responseCode: code } as const;
  return signIn ? { ...verdict, signIn } : verdict;
}

/** A code that nobody knows is a decline where its MAC was checked, or needs none; above it was. */
function byCode(profile: AcquirerProfile, asked: Asked, reply: IsoMessage, code: string): ReplyVerdict {
  const meaning = RESPONSE_CODES.get(code);
  if (meaning?.kind === "partial") return partial(asked, reply, code);
  const taken = meaning?.kind === "approved" || isUploadTaken(profile, asked, code);
  if (!sameAmount(asked.request, reply, taken ? "there" : "perhaps"))
    return { kind: "unknown", cause: "06", reason: "reply-amount-differs", responseCode: code };
  if (taken) return approval(asked, code);
  switch (meaning?.kind) {
    case "uncertain":
      return { kind: "unknown", cause: "06", reason: meaning.reason, responseCode: code };
    case "declined":
    case "sign-in":
      return { kind: "declined", responseCode: code, reason: meaning.reason, signIn: meaning.kind === "sign-in" };
    case undefined:
      return { kind: "declined", responseCode: code, reason: "code-unknown", signIn: false };
  }
}

function isTakenCode(profile: AcquirerProfile, business: Business, code: string): boolean {
  return business === "offline-upload" && profile.offlineUpload.accepted.includes(code);
}

/** 94 says that the host has it already: true of what was sent before, byte for byte, and of nothing else. Spec: UnionPay terminal, offline upload. */
function isUploadTaken(profile: AcquirerProfile, { business, sentBefore = false }: Asked, code: string): boolean {
  return isTakenCode(profile, business, code) && (code !== "94" || sentBefore);
}

function echoProblem(request: IsoMessage, reply: IsoMessage): string | undefined {
  if (Number(reply.type) !== Number(request.type) + 10) return "reply-type-differs";
  const differs = ECHOED.find((field) => request.fields.has(field) && reply.fields.get(field) !== request.fields.get(field));
  return differs === undefined ? undefined : `reply-field-${differs}-differs`;
}

/** A host that says no may leave the amount out. */
function sameAmount(request: IsoMessage, reply: IsoMessage, must: "there" | "perhaps"): boolean {
  if (!request.fields.has(AMOUNT) || (must === "perhaps" && !reply.fields.has(AMOUNT))) return true;
  return reply.fields.get(AMOUNT) === request.fields.get(AMOUNT);
}

function amountOf(message: IsoMessage): Fen | undefined {
  const digits = message.fields.get(AMOUNT);
  return typeof digits === "string" ? fen(Number(digits)) : undefined;
}

function approval({ request }: Asked, responseCode: string): ReplyVerdict {
  const amount = amountOf(request);
  return amount === undefined ? { kind: "approved", responseCode } : { kind: "approved", responseCode, amount };
}

/** Less than was asked for, and more than nothing: anything else is no answer to this request. */
function partial({ request }: Asked, reply: IsoMessage, responseCode: string): ReplyVerdict {
  const [wanted, given] = [amountOf(request), amountOf(reply)];
  if (wanted === undefined || given === undefined || given <= 0 || given >= wanted)
    return { kind: "unknown", cause: "06", reason: "reply-amount-differs", responseCode };
  return { kind: "partial", responseCode, amount: given };
}
