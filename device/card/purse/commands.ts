/*
 * The commands of the e-purse, one function each. What the card answers is a value; faults are those of the channel and of answers
 * without a form. Spec: PBOC purse, commands.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, EMPTY, fromHex, u8, u16be, u32be } from "../../base/bytes.ts";
import { CARD_AMOUNT_MAX, type Fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { command, isOk } from "../../codec/apdu.ts";
import { type DayRange, dayRange } from "../../codec/civil-time.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchange, malformed, selectByName } from "../dialogue.ts";
import {
  BALANCE_LENGTH,
  LOG_ENTRY_LENGTH,
  OPENING_LENGTH,
  PROOF_LENGTH,
  PUBLIC_DATA_LENGTH,
  parseBalance,
  parseDebit,
  parseLogEntry,
  parseOpening,
  parseProve,
  parsePublicData,
} from "./answers.ts";
import { changeMoney } from "./decisive.ts";
import type {
  BalanceAnswer,
  DebitAnswer,
  LogAnswer,
  ProveAnswer,
  PublicDataAnswer,
  PurchaseOpeningAnswer,
  PurseApplication,
  PurseName,
  PursePublicData,
  SelectPurseAnswer,
} from "./types.ts";

/** Purse applications in the order in which they are tried: city transit (交通联合), its alternative, and the ministry of housing's. */
export const DEFAULT_PURSE_APPLICATIONS: readonly PurseApplication[] = [
  { applicationId: "a000000632010105" },
  { applicationId: "a000000632010106" },
  { applicationId: "a00000000386980701" },
];

/** P2 of the commands that are told which purse is meant. Spec: PBOC purse, commands. */
export const PURSE_P2: Readonly<Record<PurseName, number>> = { "e-passbook": 0x01, "e-purse": 0x02 };

export const KEY_INDEX_MAX = 0xff;
/** Status word of GET TRANSACTION PROVE when the card holds no such proof. */
const NO_PROOF = 0x9406;
const RECORD_NOT_FOUND = 0x6a83;

/** Selects the first of `applications` that is on the card. */
export async function selectPurse(channel: CardChannel, applications: readonly PurseApplication[], limits: Limits): Promise<SelectPurseAnswer> {
  let blocked = false;
  for (const { applicationId } of applications) {
    const answer = await selectByName(channel, fromHex(applicationId), limits);
    if (answer.kind === "ok") return { kind: "ok", applicationId };
    blocked ||= answer.kind === "blocked";
  }
  return blocked ? { kind: "blocked" } : { kind: "no-purse" };
}

/** Reads EF15, the public data. */
export async function readPublicData(channel: CardChannel, limits: Limits): Promise<PublicDataAnswer> {
  const { data, sw } = await exchange(channel, command("00 B0 95 00", { le: PUBLIC_DATA_LENGTH }), limits);
  if (!isOk(sw)) return { kind: "refused", statusWord: sw };
  const parsed = parsePublicData(data);
  if (parsed === undefined) throw malformed("EF15");
  return { kind: "ok", ...parsed };
}

/** Short identifier of EF18, the log. */
export const LOG_FILE = 0x18;

/** Reads record `number` of EF18 (or of another log of the same form), 1 being the newest. */
export async function readLogRecord(channel: CardChannel, number: number, limits: Limits, file: number = LOG_FILE): Promise<LogAnswer> {
  assert(Number.isInteger(number) && number >= 1 && number <= 0xff, "records are counted from 1");
  const { data, sw } = await exchange(channel, { cla: 0x00, ins: 0xb2, p1: number, p2: (file << 3) | 0x04, data: EMPTY, le: LOG_ENTRY_LENGTH }, limits);
  if (sw === RECORD_NOT_FOUND) return { kind: "no-record" };
  if (!isOk(sw)) return { kind: "refused", statusWord: sw };
  const entry = parseLogEntry(data);
  if (entry === undefined) throw malformed("EF18");
  return entry === "unwritten" ? { kind: "no-record" } : { kind: "ok", entry };
}

/** Balance of one purse, by default the e-purse: what may be spent, an overdraft included. Spec: PBOC purse, GET BALANCE. */
export function readBalance(channel: CardChannel, limits: Limits, purse: PurseName = "e-purse"): Promise<BalanceAnswer> {
  return readAmount(channel, { p1: 0x00, purse }, limits);
}

/** GET BALANCE in one of its forms: P1 00 the balance, 01 the overdraft, 03 both in one figure. */
export async function readAmount(
  channel: CardChannel,
  which: { readonly p1: 0x00 | 0x01 | 0x03; readonly purse: PurseName },
  limits: Limits,
): Promise<BalanceAnswer> {
  const apdu = { cla: 0x80, ins: 0x5c, p1: which.p1, p2: PURSE_P2[which.purse], data: EMPTY, le: BALANCE_LENGTH };
  const { data, sw } = await exchange(channel, apdu, limits);
  if (!isOk(sw)) return { kind: "refused", statusWord: sw };
  const balance = parseBalance(data);
  if (balance === undefined) throw malformed("GET BALANCE");
  return { kind: "ok", balance };
}

export interface PurchaseStart {
  readonly keyIndex: number;
  readonly amount: Fen;
  /** 6 bytes. */
  readonly terminalNumber: Bytes;
  /** Left out: the e-purse. */
  readonly purse?: PurseName;
}

/** Opens a purchase on the card: INITIALIZE FOR PURCHASE. Nothing is debited yet. */
export function initializePurchase(channel: CardChannel, start: PurchaseStart, limits: Limits): Promise<PurchaseOpeningAnswer> {
  return openPurchase(channel, { ...start, p1: 0x01 }, limits);
}

/** The two forms of INITIALIZE with an answer of the same shape: P1 01 opens a purchase, 03 a compound one. Spec: PBOC purse, commands. */
export async function openPurchase(channel: CardChannel, start: PurchaseStart & { readonly p1: 0x01 | 0x03 }, limits: Limits): Promise<PurchaseOpeningAnswer> {
  assert(start.amount <= CARD_AMOUNT_MAX && start.keyIndex <= KEY_INDEX_MAX && start.terminalNumber.length === 6, "the purchase fits the command");
  const data = concat(u8(start.keyIndex), u32be(start.amount), start.terminalNumber);
  const answer = await exchange(channel, { cla: 0x80, ins: 0x50, p1: start.p1, p2: PURSE_P2[start.purse ?? "e-purse"], data, le: OPENING_LENGTH }, limits);
  if (!isOk(answer.sw)) return { kind: "refused", statusWord: answer.sw };
  const opening = parseOpening(answer.data);
  if (opening === undefined) throw malformed("INITIALIZE FOR PURCHASE");
  return opening;
}

export interface PurchaseCompletion {
  readonly terminalSequence: number;
  /** 4 bytes BCD YYYYMMDD. */
  readonly date: Bytes;
  /** 3 bytes BCD HHMMSS. */
  readonly time: Bytes;
  /** 4 bytes. */
  readonly mac1: Bytes;
}

/**
 * Takes the money: DEBIT FOR PURCHASE, the one command that cannot be taken back. "refused" means that nothing was debited.
 * Faults have unknown effect as the channel says; a status word that leaves the matter open is "card-answer-malformed" with unknown effect.
 */
export function debitPurchase(channel: CardChannel, completion: PurchaseCompletion, limits: Limits): Promise<DebitAnswer> {
  const { terminalSequence, date, time, mac1 } = completion;
  assert(date.length === 4 && time.length === 3 && mac1.length === 4, "the debit fits the command");
  const data = concat(u32be(terminalSequence), date, time, mac1);
  return changeMoney(channel, { what: "DEBIT FOR PURCHASE", apdu: command("80 54 01 00", { data, le: PROOF_LENGTH }), parse: parseDebit }, limits);
}

/** Asks for the proof of the transaction with `sequence`: GET TRANSACTION PROVE. Changes nothing on the card. */
export async function proveTransaction(
  channel: CardChannel,
  which: { readonly type: number; readonly sequence: number },
  limits: Limits,
): Promise<ProveAnswer> {
  const { data, sw } = await exchange(channel, { cla: 0x80, ins: 0x5a, p1: 0x00, p2: which.type, data: u16be(which.sequence), le: PROOF_LENGTH }, limits);
  if (sw === NO_PROOF) return { kind: "no-proof" };
  if (!isOk(sw)) return { kind: "refused", statusWord: sw };
  const proof = parseProve(data);
  if (proof === undefined) throw malformed("GET TRANSACTION PROVE");
  return proof;
}

/** Whether the purse may be used on a day, YYYYMMDD, or on all days that it may be. Dates compare as text; an unwritten date (all 0 or all F) does not limit. */
export function purseValidity(purse: Pick<PursePublicData, "startDate" | "endDate">, today: string | DayRange): "valid" | "not-yet-valid" | "expired" {
  const { earliest, latest } = dayRange(today);
  const written = (date: string) => /^\d{8}$/.test(date) && date !== "00000000";
  if (written(purse.startDate) && earliest < purse.startDate) return "not-yet-valid";
  return written(purse.endDate) && latest > purse.endDate ? "expired" : "valid";
}

/** ASCII that fills the province's factor behind its two digits. Spec: LD/T 32.9, annex B. */
const PROVINCE_FACTOR_TAIL = "303030307368";

/**
 * Diversification factors of the purse's key, the card's first: the right 8 bytes of the serial number, the issuer, the province.
 * A module takes as many of them as its keys have levels above the card.
 */
export function purseFactors(purse: Pick<PursePublicData, "issuer" | "serial">): readonly Bytes[] {
  const issuer = fromHex(purse.issuer);
  const provinceDigits = new TextEncoder().encode(purse.issuer.slice(0, 2));
  return [fromHex(purse.serial).slice(-8), issuer, concat(provinceDigits, fromHex(PROVINCE_FACTOR_TAIL))];
}
