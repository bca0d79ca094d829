/*
 * The envelope of the medical-insurance interface: JSON in UTF-8, one request, one reply. Replies come from many regional hosts, so the
 * reader takes what they are known to send: amounts as decimal text or as numbers, the output as an object or as text that holds JSON.
 * Numbers keep their digits: a number is read as the text that stood in the message, and money never passes through floating point.
 * Spec: FSI, request envelope. Spec: FSI, response envelope.
 */
import { assert } from "../base/assert.ts";
import { type Bytes, utf8 } from "../base/bytes.ts";
import { parseYuan, type YuanParse } from "../base/fen.ts";
import { type JsonValue, parseJson } from "./json.ts";

/** What the envelope says about the sender: one institution, one terminal. Set for each site. */
export interface FsiSender {
  /** fixmedins_code, 12 characters. */
  readonly institution: string;
  readonly institutionName: string;
  /** mdtrtarea_admvs, 6 digits: area of treatment. */
  readonly treatmentArea: string;
  /** recer_sys_code, set by the region. */
  readonly receiverSystem: string;
  /** infver, "V1.0" or "1.0.0". */
  readonly interfaceVersion: string;
  /** opter_type: 1 counter operator, 2 self-service terminal, 3 mobile terminal. */
  readonly operatorType: "1" | "2" | "3";
  readonly operator: string;
  readonly operatorName: string;
  /** dev_no, at most 100 characters. */
  readonly deviceNumber: string;
  /** sign_no of the sign-in, where the region asks for one. */
  readonly signInNumber?: string;
  /** Members that a region adds to the envelope. */
  readonly extra?: Readonly<Record<string, string>>;
}

/** One call of the medical-insurance interface, before it is put into the sender's envelope. */
export interface FsiRequest {
  /** Transaction code, for example "2102". */
  readonly infno: string;
  /** 30 characters. */
  readonly msgid: string;
  /** inf_time, "yyyy-MM-dd HH:mm:ss". */
  readonly sentAt: string;
  /** insuplc_admdvs, 6 digits: asked for as soon as the input names a person. */
  readonly insuranceArea?: string;
  readonly input: { readonly [node: string]: JsonValue };
}

/** Longest input that the interface takes, in characters. Spec: FSI, request envelope. */
export const FSI_INPUT_MAX = 40_000;

/** Whether `input` may be sent at all; a basket can be too long for one message. */
export function fsiInputFits(input: FsiRequest["input"]): boolean {
  return JSON.stringify(input).length <= FSI_INPUT_MAX;
}

/** The request as it is sent. */
export function buildFsiRequest(sender: FsiSender, request: FsiRequest): Bytes {
  assert(request.msgid.length === 30, "a msgid has 30 characters");
  assert(fsiInputFits(request.input), "the caller checked the length of the input");
  return utf8(
    JSON.stringify({
      ...sender.extra,
      infno: request.infno,
      msgid: request.msgid,
      mdtrtarea_admvs: sender.treatmentArea,
      insuplc_admdvs: request.insuranceArea ?? "",
      recer_sys_code: sender.receiverSystem,
      dev_no: sender.deviceNumber,
      dev_safe_info: "",
      cainfo: "",
      signtype: "",
      infver: sender.interfaceVersion,
      opter_type: sender.operatorType,
      opter: sender.operator,
      opter_name: sender.operatorName,
      inf_time: request.sentAt,
      fixmedins_code: sender.institution,
      fixmedins_name: sender.institutionName,
      sign_no: sender.signInNumber ?? "",
      input: request.input,
    }),
  );
}

/** JSON whose numbers are the text that stood in the message. */
export type FsiValue = null | boolean | string | readonly FsiValue[] | FsiNode;
/** An object of a reply. Members are read with {@link textOf}, {@link nodeOf}, {@link rowsOf} and {@link amountOf}, which never throw. */
export type FsiNode = { readonly [key: string]: FsiValue };

/** What follows from a reply for money: booked, not booked, or nothing. The third must never be taken for the second. */
export type FsiReply =
  /** infcode 0: done by the host. */
  | {
      readonly kind: "done";
      readonly output: FsiNode;
      /** inf_refmsgid, the host's own number of the exchange; "" where it gave none. */
      readonly hostReference: string;
      /** respond_time as the host wrote it: yyyyMMddHHmmssSSS. */
      readonly hostTime: string;
    }
  /** Any other code that reads as an answer, except -1: the host has booked nothing. */
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  /** Nothing follows from this reply: the host may have booked. */
  | { readonly kind: "undecided"; readonly why: "not-json" | "no-code" | "system-error" | "output-malformed" };

const REPLY_BYTES_MAX = 1_048_576;
const REPLY_DEPTH_MAX = 24;
const MESSAGE_LENGTH_MAX = 200;
const CODE_SHAPE = /^-?\d{1,6}$/;

/** Reads a reply. Never throws. */
export function parseFsiReply(body: Bytes): FsiReply {
  const envelope = parseKeepingDigits(body);
  if (!isNode(envelope)) return { kind: "undecided", why: "not-json" };
  const code = textOf(envelope, "infcode").trim();
  if (!CODE_SHAPE.test(code) || code === "-0") return { kind: "undecided", why: "no-code" };
  const value = Number(code);
  if (value === -1) return { kind: "undecided", why: "system-error" };
  if (value !== 0) return { kind: "refused", code, message: cleanMessage(textOf(envelope, "err_msg")) };
  const output = readOutput(envelope["output"]);
  if (output === undefined) return { kind: "undecided", why: "output-malformed" };
  return { kind: "done", output, hostReference: textOf(envelope, "inf_refmsgid"), hostTime: textOf(envelope, "respond_time") };
}

/** Some gateways write the output as text that holds JSON; where there is nothing to say they leave it out or empty. */
function readOutput(output: FsiValue | undefined): FsiNode | undefined {
  if (output === undefined || output === null || output === "") return {};
  const value = typeof output === "string" ? parseKeepingDigits(utf8(output)) : output;
  if (value === null) return {};
  // A list that stands by itself is read under the name of the place where it stood. Spec: FSI, 5204.
  if (Array.isArray(value)) return value.every(isNode) ? { output: value } : undefined;
  return isNode(value) ? value : undefined;
}

/** Host messages may carry the host's own stack and line ends: the first line is for people, at most 200 characters of it. */
function cleanMessage(message: string): string {
  const [line = ""] = message.trim().split(/[\r\n]|\s+at [\w$.]+\(/, 1);
  return line.replaceAll(/\p{C}/gu, "").slice(0, MESSAGE_LENGTH_MAX);
}

/** Whether a value of a reply is an object; lists and null are none. */
export function isNode(value: FsiValue | undefined): value is FsiNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member as text; "" when it is missing or is no text and no number. */
export function textOf(node: FsiNode, key: string): string {
  const value = Object.hasOwn(node, key) ? node[key] : undefined;
  return typeof value === "string" ? value : "";
}

/** A member as an object, undefined when it is none. */
export function nodeOf(node: FsiNode, key: string): FsiNode | undefined {
  const value = Object.hasOwn(node, key) ? node[key] : undefined;
  return isNode(value) ? value : undefined;
}

/** A member as a list of objects, at most `limit`; undefined when it is no list, or longer, or holds something else. */
export function rowsOf(node: FsiNode, key: string, limit: number): readonly FsiNode[] | undefined {
  const value = Object.hasOwn(node, key) ? node[key] : undefined;
  if (!Array.isArray(value) || value.length > limit || !value.every(isNode)) return undefined;
  return value;
}

const DECIMAL_SHAPE = /^(-?)(\d{1,20})(?:\.(\d{1,20}))?(?:[eE]([+-]?\d{1,2}))?$/;

/** Text of a decimal number without its exponent, so that 1.5e3 reads as 1500. */
function plainDecimal(text: string): string {
  const shape = DECIMAL_SHAPE.exec(text.trim());
  if (shape === null || shape[4] === undefined) return text;
  const [, sign = "", whole = "", fraction = "", exponentText] = shape;
  const exponent = Number(exponentText);
  const digits = `${"0".repeat(Math.max(0, -exponent))}${whole}${fraction}${"0".repeat(Math.max(0, exponent))}`;
  const point = whole.length + Math.max(0, -exponent) + exponent;
  const left = digits.slice(0, point).replace(/^0+(?=\d)/, "") || "0";
  const right = digits.slice(point).replace(/0+$/, "");
  return `${sign}${left}${right === "" ? "" : `.${right}`}`;
}

/** An amount in yuan as fen, without floating point. Spec: FSI, amounts N(16,2). */
export function amountOf(node: FsiNode, key: string): YuanParse {
  return parseYuan(plainDecimal(textOf(node, key)));
}

/**
 * A reviver that keeps a number as the text that stood in the message. The runtime passes that text in a third argument, which the type
 * library does not know yet; optional here, so that the function still has the type that the library expects.
 */
function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === "number" ? (context?.source ?? "") : value;
}

/** JSON with every number replaced by its own text; undefined when it is no JSON, or larger or deeper than any reply may be. */
function parseKeepingDigits(body: Bytes): FsiValue | undefined {
  const checked = parseJson(body, { maxBytes: REPLY_BYTES_MAX, maxDepth: REPLY_DEPTH_MAX, numbers: "finite" });
  // Long digit strings without quotes are kept as text here, so a number that a double cannot hold is no reason to reject.
  if (!checked.ok && checked.reason !== "number") return undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    return JSON.parse(text, keepDigits) as FsiValue;
  } catch {
    // JSON.parse rejects what is no JSON or too deep for it: no reply that can be read.
    return undefined;
  }
}
