/*
 * The commands of the e-purse, one function each. What the card answers is a value; faults are those of the channel and of answers
 * without a form. Spec: PBOC purse, commands.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, fromHex, u8, u16be, u32be } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { CARD_AMOUNT_MAX, type Fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { command, formatStatusWord, isOk } from "../../codec/apdu.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchange, exchangeDecisive, malformed, selectByName } from "../dialogue.ts";
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
import type {
  BalanceAnswer,
  DebitAnswer,
  LogAnswer,
  ProveAnswer,
  PublicDataAnswer,
  PurchaseOpeningAnswer,
  PurseApplication,
  PursePublicData,
  SelectPurseAnswer,
} from "./types.ts";

/** Purse applications in the order in which they are tried: city transit (交通联合), its alternative, and the ministry of housing's. */
export const DEFAULT_PURSE_APPLICATIONS: readonly PurseApplication[] = [
  { applicationId: "a000000632010105" },
  { applicationId: "a000000632010106" },
  { applicationId: "a00000000386980701" },
];

const KEY_INDEX_MAX = 0xff;
/** Status word of GET TRANSACTION PROVE when the card holds no such proof. */
const NO_PROOF = 0x9406;
const RECORD_NOT_FOUND = 0x6a83;

/**
 * Status words by which the card says that a debit was refused before it began. Anything else, above all 65xx (memory trouble),
 * leaves open whether money has moved.
 */
const DEBIT_REFUSALS: ReadonlySet<number> = new Set([
  0x6700, 0x6901, 0x6982, 0x6983, 0x6984, 0x6985, 0x6988, 0x6a80, 0x6a81, 0x6a82, 0x6a86, 0x6a88, 0x6b00, 0x6d00, 0x6e00, 0x9302, 0x9303, 0x9401, 0x9402,
  0x9403,
]);

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

/** Reads record `number` of EF18, 1 being the newest. */
export async function readLogRecord(channel: CardChannel, number: number, limits: Limits): Promise<LogAnswer> {
  assert(Number.isInteger(number) && number >= 1 && number <= 0xff, "records are counted from 1");
  const { data, sw } = await exchange(
    channel,
    { cla: 0x00, ins: 0xb2, p1: number, p2: (0x18 << 3) | 0x04, data: new Uint8Array(0), le: LOG_ENTRY_LENGTH },
    limits,
  );
  if (sw === RECORD_NOT_FOUND) return { kind: "no-record" };
  if (!isOk(sw)) return { kind: "refused", statusWord: sw };
  const entry = parseLogEntry(data);
  if (entry === undefined) throw malformed("EF18");
  return entry === "unwritten" ? { kind: "no-record" } : { kind: "ok", entry };
}

export async function readBalance(channel: CardChannel, limits: Limits): Promise<BalanceAnswer> {
  const { data, sw } = await exchange(channel, command("80 5C 00 02", { le: BALANCE_LENGTH }), limits);
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
}

/** Opens a purchase on the card: INITIALIZE FOR PURCHASE. Nothing is debited yet. */
export async function initializePurchase(channel: CardChannel, start: PurchaseStart, limits: Limits): Promise<PurchaseOpeningAnswer> {
  assert(start.amount <= CARD_AMOUNT_MAX && start.keyIndex <= KEY_INDEX_MAX && start.terminalNumber.length === 6, "the purchase fits the command");
  const data = concat(u8(start.keyIndex), u32be(start.amount), start.terminalNumber);
  const answer = await exchange(channel, command("80 50 01 02", { data, le: OPENING_LENGTH }), limits);
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
export async function debitPurchase(channel: CardChannel, completion: PurchaseCompletion, limits: Limits): Promise<DebitAnswer> {
  const { terminalSequence, date, time, mac1 } = completion;
  assert(date.length === 4 && time.length === 3 && mac1.length === 4, "the debit fits the command");
  const data = concat(u32be(terminalSequence), date, time, mac1);
  const answer = await exchangeDecisive(channel, command("80 54 01 00", { data, le: PROOF_LENGTH }), limits);
  if (isOk(answer.sw)) {
    const proof = parseDebit(answer.data);
    if (proof === undefined) throw malformed("DEBIT FOR PURCHASE");
    return proof;
  }
  if (!answer.executed && DEBIT_REFUSALS.has(answer.sw)) return { kind: "refused", statusWord: answer.sw };
  throw new Fault("card-answer-malformed", `DEBIT FOR PURCHASE: ${formatStatusWord(answer.sw)} leaves open what happened`, { effectUnknown: true });
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

/** Whether the purse may be used on a day, YYYYMMDD. Dates compare as text; an unwritten date (all 0 or all F) does not limit. */
export function purseValidity(purse: Pick<PursePublicData, "startDate" | "endDate">, today: string): "valid" | "not-yet-valid" | "expired" {
  const written = (date: string) => /^\d{8}$/.test(date) && date !== "00000000";
  if (written(purse.startDate) && today < purse.startDate) return "not-yet-valid";
  return written(purse.endDate) && today > purse.endDate ? "expired" : "valid";
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
