/*
 * The contact path's own commands: INTERNAL AUTHENTICATE, GENERATE AC and what the issuer answers with. GENERATE AC for an approval
 * is the commit of a contact sale. Spec: JR/T 0025, debit and credit over contacts.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, EMPTY, readUint } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { command, formatStatusWord, isOk, parseCommand, sw1Of } from "../../codec/apdu.ts";
import { type DolEntry, fillDol, parseDol } from "../../codec/dol.ts";
import { type CardDecision, type IssuerApplicationData, parseIssuerApplicationData } from "../../codec/issuer-application-data.ts";
import { findTlv, parseTlv } from "../../codec/tlv.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchange, exchangeDecisive, malformed } from "../dialogue.ts";
import { withoutEffect } from "./commands.ts";
import type { CardData, CashRefusal } from "./types.ts";

const REQUEST_P1: Readonly<Record<CardDecision, number>> = { AAC: 0x00, TC: 0x40, ARQC: 0x80 };
const DECISION_OF_CID: readonly (CardDecision | undefined)[] = ["AAC", "TC", "ARQC", undefined];
/** Status words by which the card says that GENERATE AC was refused before anything was decided. */
const GENERATE_REFUSALS: ReadonlySet<number> = new Set([0x6700, 0x6982, 0x6983, 0x6984, 0x6985, 0x6a80, 0x6a81, 0x6a86, 0x6b00, 0x6d00, 0x6e00]);
/** Spec: JR/T 0025, default dynamic data object list. */
const DEFAULT_DYNAMIC_LIST: readonly DolEntry[] = [{ tag: 0x9f37, length: 4 }];
const CRYPTOGRAM_LENGTH = 8;
const SIMPLE_HEAD_LENGTH = 11;
/** Commands of one issuer script that are sent. */
export const SCRIPT_COMMANDS_MAX = 16;

/** The card's answer to GENERATE AC. */
export interface GeneratedCryptogram {
  readonly kind: "ok";
  readonly decision: CardDecision;
  readonly atc: number;
  readonly cryptogram: Bytes;
  readonly issuerData: IssuerApplicationData;
}

export type GenerateAnswer = GeneratedCryptogram | CashRefusal;

export type DynamicSignatureAnswer = { readonly kind: "ok"; readonly signature: Bytes; readonly terminalData: Bytes } | CashRefusal;

/** Has the card sign for this terminal. Moves no money. Spec: JR/T 0025, INTERNAL AUTHENTICATE. */
export async function signDynamically(
  channel: CardChannel,
  source: { readonly list: Bytes | undefined; readonly known: ReadonlyMap<number, Bytes> },
  limits: Limits,
): Promise<DynamicSignatureAnswer> {
  const parsed = source.list === undefined ? { ok: true as const, entries: DEFAULT_DYNAMIC_LIST } : parseDol(source.list);
  // A list that nobody can read gets the default one; the card then refuses, or signs what we check.
  const terminalData = concat(...fillDol(parsed.ok ? parsed.entries : DEFAULT_DYNAMIC_LIST, source.known).map(({ value }) => value));
  try {
    const { data, sw } = await exchange(channel, command("00 88 00 00", { data: terminalData, le: 256 }), limits);
    if (!isOk(sw)) return { kind: "refused", statusWord: sw };
    const items = parseTlv(data);
    const signature = items.ok ? (findTlv(items.items, 0x77, 0x9f4b) ?? findTlv(items.items, 0x80))?.value : undefined;
    if (signature === undefined) throw malformed("INTERNAL AUTHENTICATE");
    return { kind: "ok", signature, terminalData };
  } catch (fault) {
    throw withoutEffect(fault, "INTERNAL AUTHENTICATE");
  }
}

export interface GenerateRequest {
  readonly wanted: CardDecision;
  /** Values of the card's list (8C, then 8D), one after the other. */
  readonly data: Bytes;
}

/**
 * GENERATE AC. With `wanted` "TC" the card books the sale while it answers: faults then have unknown effect as the channel says, and a
 * status word that leaves the matter open is "card-answer-malformed" with unknown effect. The card may always decide for less than was wanted.
 */
export async function generateCryptogram(channel: CardChannel, request: GenerateRequest, limits: Limits): Promise<GenerateAnswer> {
  const apdu = { cla: 0x80, ins: 0xae, p1: REQUEST_P1[request.wanted], p2: 0x00, data: request.data, le: 256 };
  try {
    const answer = await exchangeDecisive(channel, apdu, limits);
    if (isOk(answer.sw)) {
      const generated = parseGenerated(answer.data);
      if (generated === undefined) throw malformed("GENERATE AC");
      return generated;
    }
    if (!answer.executed && GENERATE_REFUSALS.has(answer.sw)) return { kind: "refused", statusWord: answer.sw };
    throw new Fault("card-answer-malformed", `GENERATE AC: ${formatStatusWord(answer.sw)} leaves open what happened`, { effectUnknown: true });
  } catch (fault) {
    if (request.wanted === "TC") throw fault;
    throw withoutEffect(fault, "GENERATE AC without approval");
  }
}

/** Reads the answer to GENERATE AC in both of its forms; undefined when it has neither. Never throws. */
export function parseGenerated(answer: Bytes): GeneratedCryptogram | undefined {
  const fields = generatedFields(answer);
  if (fields === undefined) return undefined;
  const { information, atc, cryptogram } = fields;
  const issuerData = parseIssuerApplicationData(fields.issuerData);
  const decision = DECISION_OF_CID[(information[0] ?? 0) >>> 6];
  if (information.length !== 1 || atc.length !== 2 || cryptogram.length !== CRYPTOGRAM_LENGTH) return undefined;
  if (decision === undefined || issuerData === undefined) return undefined;
  return { kind: "ok", decision, atc: readUint(atc, 0, 2), cryptogram, issuerData };
}

interface GeneratedFields {
  readonly information: Bytes;
  readonly atc: Bytes;
  readonly cryptogram: Bytes;
  readonly issuerData: Bytes;
}

function generatedFields(answer: Bytes): GeneratedFields | undefined {
  const parsed = parseTlv(answer);
  const [template, ...more] = parsed.ok ? parsed.items : [];
  if (template === undefined || more.length > 0) return undefined;
  if (template.tag === 0x80 && template.value.length >= SIMPLE_HEAD_LENGTH) {
    const { value } = template;
    return {
      information: value.slice(0, 1),
      atc: value.slice(1, 3),
      cryptogram: value.slice(3, SIMPLE_HEAD_LENGTH),
      issuerData: value.slice(SIMPLE_HEAD_LENGTH),
    };
  }
  if (template.tag !== 0x77) return undefined;
  const value = (tag: number) => findTlv(template.children ?? [], tag)?.value ?? EMPTY;
  return { information: value(0x9f27), atc: value(0x9f36), cryptogram: value(0x9f26), issuerData: value(0x9f10) };
}

/** Values of one of the card's lists (8C or 8D); undefined when the card has no such list, or none that can be read. */
export function listValues(
  data: CardData,
  listTag: number,
  known: ReadonlyMap<number, Bytes>,
): { readonly bytes: Bytes; readonly sent: ReadonlyMap<number, Bytes> } | undefined {
  const list = data.get(listTag);
  const parsed = list === undefined ? undefined : parseDol(list);
  if (parsed?.ok !== true) return undefined;
  const values = fillDol(parsed.entries, known);
  return { bytes: concat(...values.map(({ value }) => value)), sent: new Map(values.map(({ tag, value }) => [tag, value])) };
}

/** What the issuer answered to an ARQC: its proof (ARPC, 8 bytes), its decision (ARC, 2 bytes) and commands for the card. */
export interface IssuerAnswer {
  readonly proof?: Bytes;
  readonly responseCode: Bytes;
  /** Templates 71 (before the final GENERATE AC) and 72 (after it), as the host sent them. */
  readonly scripts: readonly Bytes[];
}

/** EXTERNAL AUTHENTICATE with the issuer's proof: whether the card believes it. Spec: JR/T 0025, issuer authentication. */
export async function authenticateIssuer(
  channel: CardChannel,
  answer: { readonly proof: Bytes; readonly responseCode: Bytes },
  limits: Limits,
): Promise<boolean> {
  assert(answer.proof.length === 8 && answer.responseCode.length === 2, "the issuer's proof has eight bytes and its code two");
  const { sw } = await exchange(channel, command("00 82 00 00", { data: concat(answer.proof, answer.responseCode) }), limits);
  return isOk(sw);
}

/** One script as it ran: result byte 1 and identifier as they go back to the issuer. */
export interface ScriptResult {
  /** Hexadecimal, 4 bytes; zeros when the script has none. */
  readonly scriptId: string;
  readonly phase: "before-final" | "after-final";
  readonly kind: "done" | "failed" | "malformed";
  /** Commands that were executed; the failed one is the next. */
  readonly executed: number;
  readonly statusWord?: number;
}

/** Runs one issuer script: its commands (86) in order, until one is refused. Spec: JR/T 0025, issuer script processing. */
export async function runIssuerScript(channel: CardChannel, script: Bytes, limits: Limits): Promise<ScriptResult> {
  const parsed = parseTlv(script);
  const [template] = parsed.ok ? parsed.items : [];
  const phase = template?.tag === 0x71 ? "before-final" : "after-final";
  if (template === undefined || (template.tag !== 0x71 && template.tag !== 0x72)) return { scriptId: "00000000", phase, kind: "malformed", executed: 0 };
  const children = template.children ?? [];
  const id = findTlv(children, 0x9f18)?.value;
  const scriptId = id?.length === 4 ? Buffer.from(id).toString("hex") : "00000000";
  const commands = children.filter(({ tag }) => tag === 0x86).slice(0, SCRIPT_COMMANDS_MAX);
  let executed = 0;
  for (const { value } of commands) {
    const apdu = parseCommand(value);
    if (!apdu.ok) return { scriptId, phase, kind: "malformed", executed };
    const { sw } = await exchange(channel, apdu.command, limits);
    // 62xx and 63xx are warnings: the command was executed. Spec: JR/T 0025, issuer script processing.
    if (!isOk(sw) && sw1Of(sw) !== 0x62 && sw1Of(sw) !== 0x63) return { scriptId, phase, kind: "failed", executed, statusWord: sw };
    executed += 1;
  }
  return { scriptId, phase, kind: "done", executed };
}
