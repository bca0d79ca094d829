/* Questions of a terminal and answers of its host, as bytes; pure. An answer names the question that it answers. Spec: claim/v1, 4. */
import { type Bytes, parseHex, toHex, utf8 } from "../../device/base/bytes.ts";
import { canonicalJson, isObject, type JsonValue, parseJson } from "../../device/codec/json.ts";
import type { CipherSuite, Sm2PrivateKey, Sm2PublicKey } from "../../device/crypto/face.ts";
import { NAME_SHAPE } from "./claim-file.ts";
import type { Event, JsonObject } from "./types.ts";

export interface Topics {
  readonly up: string;
  readonly down: string;
}

/** Topics of a machine that is nobody yet. */
export function bootTopics(claim: string): Topics {
  return { up: `pos/v1/boot/${claim}/up`, down: `pos/v1/boot/${claim}/dn` };
}

/** Topics of a terminal that proves its certificate, or goes. */
export function claimTopics(tid: string): Topics {
  return { up: `pos/v1/${tid}/up/claim`, down: `pos/v1/${tid}/dn/claim` };
}

/** Topics of a terminal whose keys change. */
export function keyTopics(tid: string): Topics {
  return { up: `pos/v1/${tid}/up/key`, down: `pos/v1/${tid}/dn/key` };
}

export interface Question extends Topics {
  readonly payload: Bytes;
  /** SM3 of what is asked, the same each time the same is asked. */
  readonly of: string;
}

export interface Asker {
  readonly suite: CipherSuite;
  readonly signing: Sm2PrivateKey;
}

/** Signs what is asked. */
export function makeQuestion({ suite, signing }: Asker, topics: Topics, members: JsonObject): Question {
  const signed = utf8(canonicalJson(members));
  const payload = utf8(canonicalJson({ ...members, sig: toHex(suite.sm2Sign(signing, signed)) }));
  return { ...topics, payload, of: toHex(suite.sm3(signed)) };
}

export type AnswerCheck =
  | { readonly ok: true; readonly answer: JsonObject }
  | { readonly ok: false; readonly reason: "malformed" | "other-question" | "signature-wrong" };

const ANSWER_BYTES_MAX = 49_152;
const ANSWER_DEPTH_MAX = 8;

/** Whether this is the authority's answer to that question. Never throws. */
export function checkAnswer({ suite, authority }: { readonly suite: CipherSuite; readonly authority: Sm2PublicKey }, of: string, payload: Bytes): AnswerCheck {
  const parsed = parseJson(payload, { maxBytes: ANSWER_BYTES_MAX, maxDepth: ANSWER_DEPTH_MAX });
  if (!parsed.ok || !isObject(parsed.value)) return { ok: false, reason: "malformed" };
  const { sig, ...answer } = parsed.value;
  const signature = typeof sig === "string" ? parseHex(sig) : undefined;
  if (signature?.length !== 64 || answer["v"] !== 1 || typeof answer["of"] !== "string") return { ok: false, reason: "malformed" };
  if (answer["of"] !== of) return { ok: false, reason: "other-question" };
  if (!suite.sm2Verify(authority, utf8(canonicalJson(answer)), signature)) return { ok: false, reason: "signature-wrong" };
  return { ok: true, answer };
}

/** Whether a host asks this claim of a terminal, unasked, to look at once what is to change of its keys. Never throws. Spec: claim/v1, 7. */
export function isKeyNotice(parts: { readonly suite: CipherSuite; readonly authority: Sm2PublicKey; readonly session: string }, payload: Bytes): boolean {
  const checked = checkAnswer(parts, "", payload);
  return checked.ok && checked.answer["step"] === "look" && checked.answer["session"] === parts.session;
}

/** A word of an answer that people or logs may see: short and plain, whatever came. */
export function wordOf(value: JsonValue | undefined): string {
  return typeof value === "string" && /^[a-z0-9-]{1,40}$/.test(value) ? value : "refused";
}

const RETRY_MS_MAX = 3_600_000;
const PEM_LENGTH_MAX = 16_384;

function pem(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" && value.length <= PEM_LENGTH_MAX && value.startsWith("-----BEGIN CERTIFICATE-----\n") ? value : undefined;
}

/** What a signed answer means for the claim; undefined where it says nothing that can be acted on. Never throws. */
export function eventOf(step: "certificate" | "register" | "proof" | "done", answer: JsonObject): Event | undefined {
  const { outcome, reason, retryMs } = answer;
  if (outcome === "refused") return { is: "refused", reason: wordOf(reason) };
  if (outcome === "wait") return typeof retryMs === "number" && retryMs >= 0 ? { is: "waiting", retryMs: Math.min(retryMs, RETRY_MS_MAX) } : undefined;
  if (outcome !== "granted") return undefined;
  if (step === "register") return { is: "registered", answer };
  if (step !== "certificate") return { is: "accepted" };
  const { tid } = answer;
  const [certificate, authority] = [pem(answer["certificate"]), pem(answer["ca"])];
  if (typeof tid !== "string" || !NAME_SHAPE.test(tid) || certificate === undefined || authority === undefined) return undefined;
  return { is: "certificate-granted", tid, certificate, authority };
}

/** Keys that are to be found in a module or pad: their name, and the first bytes of a check value. */
export interface KeyLoad {
  readonly place: "psam" | "pin-pad";
  readonly name: string;
  /** Undefined: its presence is all that can be asked for. */
  readonly check: string | undefined;
  /** Terminal number of the module that it is for, 12 digits. */
  readonly module?: string;
  /** Factors that the key takes. */
  readonly level?: 1 | 2 | 3;
  /** Identifier of the key in the module, where it is not the usual one. */
  readonly index?: number;
  /** Time by which it is to be carried out. */
  readonly notAfterMs?: number;
}

/** What the host gives to a registered terminal. */
export interface Activation {
  readonly merchant: string;
  readonly site: string;
  /** What becomes of records that are on this machine already. */
  readonly state: "keep" | "reset";
  readonly hostPublicKey: string;
  readonly dataKey: { readonly kid: string; readonly wrapped: Bytes; readonly check: string };
  /** The configuration, sealed under the data key. */
  readonly profile: { readonly iv: Bytes; readonly body: Bytes };
  readonly keyLoads: readonly KeyLoad[];
}

const KEY_LOADS_MAX = 64;

/** A text of this shape, or left out. */
function isShaped(value: JsonValue | undefined, shape: RegExp): value is string | undefined {
  return value === undefined || (typeof value === "string" && shape.test(value));
}

function keyLoadOf(row: JsonValue): KeyLoad | undefined {
  if (!isObject(row)) return undefined;
  const { place, name, check, module, level, index, notAfterMs } = row;
  if ((place !== "psam" && place !== "pin-pad") || name === undefined || !isShaped(name, /^[a-z0-9-]{1,40}$/)) return undefined;
  if (!isShaped(check, /^(?:[0-9a-f]{2}){3,16}$/) || !isShaped(module, /^[0-9]{12}$/)) return undefined;
  if (level !== undefined && level !== 1 && level !== 2 && level !== 3) return undefined;
  if (!isWhole(index, 0xff) || !isWhole(notAfterMs, Number.MAX_SAFE_INTEGER)) return undefined;
  return { place, name, check, ...given({ module, level, index, notAfterMs }) };
}

type Narrower = Pick<KeyLoad, "module" | "level" | "index" | "notAfterMs">;

function given(members: { readonly [Name in keyof Narrower]: Narrower[Name] | undefined }): Narrower {
  // Nothing but what was left out is missing now, which is what the type says.
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Narrower;
}

/** A whole number from 0, or left out. */
function isWhole(value: JsonValue | undefined, max: number): value is number | undefined {
  return value === undefined || (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= max);
}

/** Orders are read whole or not at all. Never throws. */
export function keyLoadsOf(value: JsonValue | undefined): readonly KeyLoad[] | undefined {
  if (!Array.isArray(value) || value.length > KEY_LOADS_MAX) return undefined;
  const loads = (value as readonly JsonValue[]).map(keyLoadOf);
  return loads.every((load) => load !== undefined) ? loads : undefined;
}

function hexField(value: JsonValue | undefined, bytes: number | undefined): Bytes | undefined {
  const read = typeof value === "string" ? parseHex(value) : undefined;
  return read !== undefined && (bytes === undefined || read.length === bytes) ? read : undefined;
}

function base64(value: JsonValue | undefined): Bytes | undefined {
  return typeof value === "string" && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)
    ? new Uint8Array(Buffer.from(value, "base64"))
    : undefined;
}

function shortText(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" && value.length >= 1 && value.length <= 64 ? value : undefined;
}

/** Reads an activation; undefined when a member is missing or malformed. Never throws. */
export function activationOf(answer: JsonObject): Activation | undefined {
  const { dataKey, profile, state } = answer;
  if (!isObject(dataKey) || !isObject(profile) || (state !== "keep" && state !== "reset")) return undefined;
  const [merchant, site] = [shortText(answer["merchant"]), shortText(answer["site"])];
  const host = hexField(answer["hostPublicKey"], 64);
  const wrapped = hexField(dataKey["wrapped"], undefined);
  const check = hexField(dataKey["check"], 3);
  const { kid } = dataKey;
  const [iv, body] = [hexField(profile["iv"], 16), base64(profile["body"])];
  const keyLoads = keyLoadsOf(answer["keyLoads"]);
  if (merchant === undefined || site === undefined || host === undefined || wrapped === undefined || check === undefined) return undefined;
  if (typeof kid !== "string" || !/^[A-Za-z0-9_.-]{1,32}$/.test(kid) || iv === undefined || body === undefined || keyLoads === undefined) return undefined;
  return { merchant, site, state, hostPublicKey: toHex(host), dataKey: { kid, wrapped, check: toHex(check) }, profile: { iv, body }, keyLoads };
}
