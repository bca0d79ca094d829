/*
 * The commands of electronic cash, one function each. What the card answers is a value; faults are those of the channel and of answers
 * without a form. Two commands move money and say so: the last record on the contactless path, GENERATE AC on the contact path.
 * Spec: JR/T 0025, commands.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, readUint } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import type { RecordName } from "../../codec/afl.ts";
import { command, formatStatusWord, isOk } from "../../codec/apdu.ts";
import { fillDol } from "../../codec/dol.ts";
import { findTlv, parseTlv } from "../../codec/tlv.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchange, exchangeDecisive, malformed } from "../dialogue.ts";
import { addRecord, amountOf, NO_RECORDS } from "./data.ts";
import { parseProcessingOptions } from "./options.ts";
import { type CashTermsContext, terminalData } from "./terminal-data.ts";
import type { CardRecords, CashBaseline, CashRefusal, LastRecordAnswer, ProcessingAnswer, ProcessingOptions, RecordsAnswer, SelectedCash } from "./types.ts";

const TEMPLATE_LENGTH_ONE_BYTE_MAX = 0x7f;
const RECORD_NOT_FOUND = 0x6a83;

/** Status words by which the card says that the last record was refused before anything was written. Anything else leaves the matter open. */
const COMMIT_REFUSALS: ReadonlySet<number> = new Set([
  0x6700, 0x6901, 0x6974, 0x6981, 0x6982, 0x6983, 0x6985, 0x6986, 0x6a80, 0x6a81, 0x6a82, 0x6a83, 0x6a86, 0x6b00, 0x6d00, 0x6e00,
]);

export type BaselineItem = keyof CashBaseline;

/** What a later doubt is decided from: balance and counter. */
export const BASELINE_FOR_PROOF: readonly BaselineItem[] = ["balance", "atc"];
export const BASELINE_ALL: readonly BaselineItem[] = ["balance", "atc", "balanceLimit", "saleLimit", "resetThreshold", "available", "pinTriesLeft"];

const BASELINE_TAGS: Readonly<Record<BaselineItem, number>> = {
  balance: 0x9f79,
  atc: 0x9f36,
  balanceLimit: 0x9f77,
  saleLimit: 0x9f78,
  resetThreshold: 0x9f6d,
  available: 0x9f5d,
  pinTriesLeft: 0x9f17,
};

/** Value of one data object by GET DATA; undefined when the card does not give it out. */
export async function getData(channel: CardChannel, tag: number, limits: Limits): Promise<Bytes | undefined> {
  assert(tag > 0 && tag <= 0xffff, "GET DATA names a tag of two bytes");
  const { data, sw } = await exchange(channel, { cla: 0x80, ins: 0xca, p1: tag >>> 8, p2: tag & 0xff, data: new Uint8Array(0), le: 256 }, limits);
  if (!isOk(sw)) return undefined;
  const parsed = parseTlv(data);
  return parsed.ok ? findTlv(parsed.items, tag)?.value : undefined;
}

/**
 * Reads what the card says of itself before a sale. The first command here erases the card's copy of its last answer, so whatever a
 * torn sale needs is asked before this.
 */
export async function readBaseline(channel: CardChannel, items: readonly BaselineItem[], limits: Limits): Promise<CashBaseline> {
  const values = new Map<BaselineItem, number>();
  for (const item of items) {
    const bytes = await getData(channel, BASELINE_TAGS[item], limits);
    const value = item === "atc" ? numberOf(bytes, 2) : item === "pinTriesLeft" ? numberOf(bytes, 1) : amountOf(bytes);
    if (value !== undefined) values.set(item, value);
  }
  // Each value was made by the parser of its own kind above.
  return Object.fromEntries(values) as CashBaseline;
}

function numberOf(bytes: Bytes | undefined, length: number): number | undefined {
  return bytes?.length === length ? readUint(bytes, 0, length) : undefined;
}

/**
 * Begins the transaction: GET PROCESSING OPTIONS. The card uses up one counter here and nothing else, torn or not, so every fault of
 * this step says that nothing was debited. A card that wants this directly after SELECT refuses (6985) and is selected again, once.
 */
export async function beginTransaction(
  channel: CardChannel,
  context: CashTermsContext & { readonly selected: SelectedCash; readonly selectAgain?: () => Promise<unknown> },
  limits: Limits,
): Promise<ProcessingAnswer> {
  try {
    const answer = await processingOptions(channel, context, limits);
    if (answer.kind === "ok" || answer.statusWord !== 0x6985 || context.selectAgain === undefined) return answer;
    await context.selectAgain();
    return await processingOptions(channel, context, limits);
  } catch (fault) {
    throw withoutEffect(fault, "GET PROCESSING OPTIONS");
  }
}

async function processingOptions(
  channel: CardChannel,
  context: CashTermsContext & { readonly selected: SelectedCash },
  limits: Limits,
): Promise<ProcessingAnswer> {
  const values = fillDol(context.selected.dataWanted, terminalData(context));
  const body = concat(...values.map(({ value }) => value));
  const head = body.length > TEMPLATE_LENGTH_ONE_BYTE_MAX ? [0x83, 0x81, body.length] : [0x83, body.length];
  const { data, sw } = await exchange(channel, command("80 A8 00 00", { data: concat(Uint8Array.from(head), body), le: 256 }), limits);
  if (!isOk(sw)) return { kind: "refused", statusWord: sw };
  const options = parseProcessingOptions(data, new Map(values.map(({ tag, value }) => [tag, value])));
  if (options === undefined) throw malformed("GET PROCESSING OPTIONS");
  return options;
}

/** A fault of a step that cannot move money, said so. */
export function withoutEffect(fault: unknown, what: string): unknown {
  if (!isFault(fault) || !fault.effectUnknown) return fault;
  return new Fault(fault.code, `${what} moves no money: ${fault.message}`, { effectUnknown: false, cause: fault });
}

/** Reads all records but the last. Nothing is debited by them, and every fault says so. */
export function readRecordsBeforeLast(channel: CardChannel, options: ProcessingOptions, limits: Limits): Promise<RecordsAnswer> {
  return readRecords(channel, options.records.slice(0, -1), limits);
}

/** Reads all records, as the contact path does, where none of them moves money. */
export function readRecords(channel: CardChannel, names: readonly RecordName[], limits: Limits): Promise<RecordsAnswer> {
  return readRecordsBeside(channel, { names, held: new Map() }, limits);
}

/** Bytes of records by {@link recordKey}. */
export type HeldRecords = ReadonlyMap<string, Bytes>;

export function recordKey({ sfi, number }: Pick<RecordName, "sfi" | "number">): string {
  return `${sfi}-${number}`;
}

/** Reads the records that are not held yet; `note` is told those that the card was asked for. */
export async function readRecordsBeside(
  channel: CardChannel,
  wanted: { readonly names: readonly RecordName[]; readonly held: HeldRecords; readonly note?: (name: RecordName, bytes: Bytes) => void },
  limits: Limits,
): Promise<RecordsAnswer> {
  let records: CardRecords = NO_RECORDS;
  try {
    for (const name of wanted.names) {
      const held = wanted.held.get(recordKey(name));
      const { data, sw } = held === undefined ? await exchange(channel, readRecordCommand(name), limits) : { data: held, sw: 0x9000 };
      if (!isOk(sw)) return { kind: "refused", statusWord: sw, record: name };
      const more = addRecord(records, name, data);
      if (more === undefined) throw malformed(`record ${name.number} of file ${name.sfi}`);
      if (held === undefined) wanted.note?.(name, data);
      records = more;
    }
  } catch (fault) {
    throw withoutEffect(fault, "READ RECORD");
  }
  return { kind: "ok", ...records };
}

function readRecordCommand({ sfi, number }: Pick<RecordName, "sfi" | "number">) {
  return { cla: 0x00, ins: 0xb2, p1: number, p2: (sfi << 3) | 0x04, data: new Uint8Array(0), le: 256 };
}

/**
 * Reads the last record: the one command of a contactless sale that cannot be taken back. The card books balance, log and industry
 * records while it answers. "refused" means that nothing was debited. Faults have unknown effect as the channel says; a status word
 * that leaves the matter open, or an answer without a form, is "card-answer-malformed" with unknown effect.
 * Spec: JR/T 0025, quick debit and credit, last record.
 */
export async function readLastRecord(
  channel: CardChannel,
  last: { readonly record: RecordName; readonly before: CardRecords },
  limits: Limits,
): Promise<LastRecordAnswer> {
  const answer = await exchangeDecisive(channel, readRecordCommand(last.record), limits);
  if (!isOk(answer.sw)) {
    if (!answer.executed && COMMIT_REFUSALS.has(answer.sw)) return { kind: "refused", statusWord: answer.sw };
    throw new Fault("card-answer-malformed", `last record: ${formatStatusWord(answer.sw)} leaves open what happened`, { effectUnknown: true });
  }
  const records = addRecord(last.before, last.record, answer.data);
  if (records === undefined) throw malformed("last record");
  return { kind: "ok", ...records };
}

/** Reads one record for evidence: undefined when the card refuses it or it has no form. Moves nothing. */
export async function peekRecord(channel: CardChannel, record: RecordName, limits: Limits): Promise<CardRecords | undefined> {
  const { data, sw } = await exchange(channel, readRecordCommand(record), limits);
  return isOk(sw) ? addRecord(NO_RECORDS, record, data) : undefined;
}

/** The bytes of one record as they are, for logs that have no template; "no-record" behind the last one. */
export async function readRawRecord(
  channel: CardChannel,
  place: Pick<RecordName, "sfi" | "number">,
  limits: Limits,
): Promise<{ readonly kind: "ok"; readonly bytes: Bytes } | { readonly kind: "no-record" } | CashRefusal> {
  const { data, sw } = await exchange(channel, readRecordCommand(place), limits);
  if (sw === RECORD_NOT_FOUND) return { kind: "no-record" };
  return isOk(sw) ? { kind: "ok", bytes: data } : { kind: "refused", statusWord: sw };
}
