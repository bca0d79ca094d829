/*
 * The commands of the medical purse, one function each. What the card answers is a value; faults are those of the channel and of answers
 * without a form. Every status word but success drops the card to idle; only GET BALANCE and GET TRANSACTION PROOF keep its state.
 * Spec: LD/T 32.5, 7; LD/T 32.7, 11.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, fromHex, u8, u16be, u32be } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { CARD_AMOUNT_MAX, type Fen, ZERO_FEN } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { type CommandApdu, command, formatStatusWord, isOk } from "../../codec/apdu.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchange, exchangeDecisive, malformed, selectByName } from "../dialogue.ts";
import {
  ACCOUNT_BALANCE_LENGTH,
  LOAD_OPENING_LENGTH,
  LOAD_PROOF_LENGTH,
  medicalRefusalReason,
  PROOF_LENGTH,
  PURCHASE_OPENING_LENGTH,
  parseAccountBalance,
  parseLoadOpening,
  parseMedicalCredit,
  parseMedicalDebit,
  parseMedicalLogEntry,
  parseMedicalProof,
  parsePurchaseOpening,
  parseStartDay,
  parseYearlyBalance,
  START_DAY_LENGTH,
  YEARLY_BALANCE_LENGTH,
} from "./answers.ts";
import type {
  MedicalAmounts,
  MedicalBalancesAnswer,
  MedicalCreditAnswer,
  MedicalDebitAnswer,
  MedicalLoadAnswer,
  MedicalLogAnswer,
  MedicalMode,
  MedicalProofAnswer,
  MedicalPurchaseAnswer,
  MedicalRefusal,
  MedicalTransaction,
  SelectMedicalAnswer,
  StartDayAnswer,
} from "./types.ts";

/** DF04, social insurance 2 (社保2, medical). Spec: LD/T 32.5, application identifiers. */
export const MEDICAL_APPLICATION_ID: Bytes = fromHex("d15600000503");

const LOG_FILE = 0x08;
const CHALLENGE_LENGTH = 8;
const MAC_LENGTH = 4;
const RECORD_NOT_FOUND = 0x6a83;
/** Status word of GET TRANSACTION PROOF when the card holds no such proof. */
const NO_PROOF = 0x9406;
/** Type bytes of the two transactions. Public code of one region feeds the character into its MACs. Spec: LD/T 32.5, 7 (type). */
const TYPE_BYTES: Readonly<Record<CardProfile["medicalTypeByte"], Readonly<Record<MedicalTransaction, number>>>> = {
  ascii: { load: 0x31, purchase: 0x32 },
  binary: { load: 0x01, purchase: 0x02 },
};

/**
 * Status words by which the card says that a debit or credit was refused before it began. Anything else, above all 65xx (memory
 * trouble), leaves open whether money has moved.
 */
const UPDATE_REFUSALS: ReadonlySet<number> = new Set([
  0x6700, 0x6901, 0x6982, 0x6983, 0x6984, 0x6985, 0x6988, 0x6a80, 0x6a81, 0x6a82, 0x6a86, 0x6a88, 0x6b00, 0x6d00, 0x6e00, 0x9302, 0x9303, 0x9401, 0x9402,
  0x9403,
]);

/** The type byte of a transaction, as MACs, GET TRANSACTION PROOF and the module take it. */
export function medicalTypeByte(transaction: MedicalTransaction, profile: Pick<CardProfile, "medicalTypeByte">): number {
  return TYPE_BYTES[profile.medicalTypeByte][transaction];
}

/** Figures as a card of this mode takes them: one that keeps the account amount alone wants zeros for the others. Spec: LD/T 32.5, 7. */
export function amountsForMode(amounts: MedicalAmounts, mode: MedicalMode): MedicalAmounts {
  return mode === "full" ? amounts : { account: amounts.account, selfPay: ZERO_FEN, pooled: ZERO_FEN };
}

/** Selects DF04. Ends the external authentication of the application before it; a verified PIN stays. */
export async function selectMedical(channel: CardChannel, limits: Limits): Promise<SelectMedicalAnswer> {
  const answer = await selectByName(channel, MEDICAL_APPLICATION_ID, limits);
  return answer.kind === "not-found" ? { kind: "no-medical-purse" } : answer;
}

/** Reads record `number` of the transaction log (DF04/08), 1 being the newest. Opens after the PIN where one is set. */
export async function readMedicalLog(
  channel: CardChannel,
  record: { readonly number: number; readonly logMode: CardProfile["medicalLogMode"] },
  limits: Limits,
): Promise<MedicalLogAnswer> {
  const { number, logMode } = record;
  assert(Number.isInteger(number) && number >= 1 && number <= 0xff, "records are counted from 1");
  const { data, sw } = await exchange(channel, { cla: 0x00, ins: 0xb2, p1: number, p2: (LOG_FILE << 3) | 0x04, data: new Uint8Array(0), le: 256 }, limits);
  if (sw === RECORD_NOT_FOUND) return { kind: "no-record" };
  if (!isOk(sw)) return refused(sw);
  const entry = parseMedicalLogEntry(data, logMode);
  if (entry === undefined) throw malformed("DF04/08");
  return entry === "unwritten" ? { kind: "no-record" } : { kind: "ok", entry };
}

/** Reads the account and both yearly totals: three GET BALANCE. The year is that of the self-paid total. */
export async function getBalances(channel: CardChannel, limits: Limits): Promise<MedicalBalancesAnswer> {
  const account = await ask(channel, command("B0 26 00 01", { le: ACCOUNT_BALANCE_LENGTH }), { parse: parseAccountBalance, what: "GET BALANCE", limits });
  if (account.kind === "refused") return account;
  const yearly = { parse: parseYearlyBalance, what: "GET BALANCE", limits };
  const selfPay = await ask(channel, command("B0 26 00 02", { le: YEARLY_BALANCE_LENGTH }), yearly);
  if (selfPay.kind === "refused") return selfPay;
  const pooled = await ask(channel, command("B0 26 00 03", { le: YEARLY_BALANCE_LENGTH }), yearly);
  if (pooled.kind === "refused") return pooled;
  const balances = { account: account.value, selfPayTotal: selfPay.value.total, pooledTotal: pooled.value.total, payYear: selfPay.value.payYear };
  return { kind: "ok", balances };
}

export interface MedicalPurchaseStart extends MedicalAmounts {
  readonly keyIndex: number;
  /** 6 bytes. */
  readonly terminalNumber: Bytes;
}

/** Opens a settlement on the card: INITIALIZE FOR PURCHASE. The card compares the account amount alone with what it holds. */
export async function initializePurchase(channel: CardChannel, start: MedicalPurchaseStart, limits: Limits): Promise<MedicalPurchaseAnswer> {
  const { account, selfPay, pooled, terminalNumber } = start;
  assert([account, selfPay, pooled].every(fitsCard) && terminalNumber.length === 6, "the purchase fits the command");
  const data = concat(u8(start.keyIndex), u32be(account), u32be(selfPay), u32be(pooled), terminalNumber);
  const apdu = command("B0 28 01 01", { data, le: PURCHASE_OPENING_LENGTH });
  const answer = await ask(channel, apdu, { parse: parsePurchaseOpening, what: "INITIALIZE FOR PURCHASE", limits });
  return answer.kind === "refused" ? answer : answer.value;
}

export interface MedicalPurchaseCompletion {
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
export async function debitPurchase(channel: CardChannel, completion: MedicalPurchaseCompletion, limits: Limits): Promise<MedicalDebitAnswer> {
  const { terminalSequence, date, time, mac1 } = completion;
  assert(date.length === 4 && time.length === 3 && mac1.length === 4, "the debit fits the command");
  const apdu = command("B0 2C 01 00", { data: concat(u32be(terminalSequence), date, time, mac1), le: PROOF_LENGTH });
  return sendUpdate(channel, apdu, { parse: parseMedicalDebit, what: "DEBIT FOR PURCHASE", limits });
}

export interface MedicalLoadStart {
  readonly keyIndex: number;
  readonly amount: Fen;
  /** 6 bytes. */
  readonly terminalNumber: Bytes;
}

/** Opens a load on the card: INITIALIZE FOR LOAD. Its MAC1 is for the host, which answers with a MAC2. */
export async function initializeLoad(channel: CardChannel, start: MedicalLoadStart, limits: Limits): Promise<MedicalLoadAnswer> {
  assert(fitsCard(start.amount) && start.terminalNumber.length === 6, "the load fits the command");
  const data = concat(u8(start.keyIndex), u32be(start.amount), start.terminalNumber);
  const apdu = command("B0 28 00 01", { data, le: LOAD_OPENING_LENGTH });
  const answer = await ask(channel, apdu, { parse: parseLoadOpening, what: "INITIALIZE FOR LOAD", limits });
  return answer.kind === "refused" ? answer : answer.value;
}

export interface MedicalLoadCompletion {
  /** 4 bytes BCD YYYYMMDD: the host's day, as in its MAC2. */
  readonly date: Bytes;
  /** 3 bytes BCD HHMMSS: the host's time. */
  readonly time: Bytes;
  /** 4 bytes. */
  readonly mac2: Bytes;
}

/** Puts the money on the card: CREDIT FOR LOAD. Outcomes and faults as those of {@link debitPurchase}. */
export async function creditLoad(channel: CardChannel, completion: MedicalLoadCompletion, limits: Limits): Promise<MedicalCreditAnswer> {
  const { date, time, mac2 } = completion;
  assert(date.length === 4 && time.length === 3 && mac2.length === 4, "the credit fits the command");
  const apdu = command("B0 2A 00 00", { data: concat(date, time, mac2), le: LOAD_PROOF_LENGTH });
  return sendUpdate(channel, apdu, { parse: parseMedicalCredit, what: "CREDIT FOR LOAD", limits });
}

/** Asks for the proof of the transaction with `sequence`: GET TRANSACTION PROOF. Changes nothing on the card and needs no PIN. */
export async function getMedicalProof(
  channel: CardChannel,
  which: { readonly typeByte: number; readonly sequence: number },
  limits: Limits,
): Promise<MedicalProofAnswer> {
  const apdu = { cla: 0xb0, ins: 0x2e, p1: 0x00, p2: which.typeByte, data: u16be(which.sequence), le: PROOF_LENGTH };
  const answer = await ask(channel, apdu, { parse: parseMedicalProof, what: "GET TRANSACTION PROOF", limits });
  if (answer.kind === "ok") return answer.value;
  return answer.statusWord === NO_PROOF ? { kind: "no-proof" } : answer;
}

/** Reads the first day of the benefit year: GET START DAY. */
export async function getStartDay(channel: CardChannel, limits: Limits): Promise<StartDayAnswer> {
  const answer = await ask(channel, command("B0 56 00 00", { le: START_DAY_LENGTH }), { parse: parseStartDay, what: "GET START DAY", limits });
  return answer.kind === "refused" ? answer : { kind: "ok", startDay: answer.value };
}

/**
 * Sets the first day of the benefit year: UPDATE START DAY under DSK, which only a host has. A MAC of the purse runs over the data alone,
 * and its session key is made of a challenge drawn just before. Faults: those of the channel and of the signer.
 * Deviation: the text names the key and not the form of the command; we take day ‖ MAC, as the purse's other commands have it. Spec: LD/T 32.5, 7.
 */
export async function updateStartDay(channel: CardChannel, update: StartDayUpdate, limits: Limits): Promise<StartDayAnswer> {
  const { startDay, sign } = update;
  assert(/^\d{4}$/.test(startDay), "a start day is mmdd");
  const { data: challenge, sw } = await exchange(channel, command("00 84 00 00", { le: CHALLENGE_LENGTH }), limits);
  if (!isOk(sw)) return refused(sw);
  if (challenge.length !== CHALLENGE_LENGTH) throw malformed("GET CHALLENGE");
  const day = fromHex(startDay);
  const mac = await sign({ challenge, input: day });
  assert(mac.length === MAC_LENGTH, "a signer gives four bytes");
  const apdu = command("B0 56 01 00", { data: concat(day, mac) });
  return sendUpdate(channel, apdu, { parse: () => ({ kind: "ok", startDay }), what: "UPDATE START DAY", limits });
}

export interface StartDayUpdate {
  /** mmdd. */
  readonly startDay: string;
  /** Gives the 4-byte MAC under DSK: the `commandMac` of a host. */
  readonly sign: (request: { readonly challenge: Bytes; readonly input: Bytes }) => Promise<Bytes>;
}

interface Reading<Value> {
  readonly parse: (data: Bytes) => Value | undefined;
  readonly what: string;
  readonly limits: Limits;
}

async function ask<Value>(
  channel: CardChannel,
  apdu: CommandApdu,
  { parse, what, limits }: Reading<Value>,
): Promise<{ readonly kind: "ok"; readonly value: Value } | MedicalRefusal> {
  const { data, sw } = await exchange(channel, apdu, limits);
  if (!isOk(sw)) return refused(sw);
  const value = parse(data);
  if (value === undefined) throw malformed(what);
  return { kind: "ok", value };
}

/** Sends a command that moves money, and tells a refusal from an answer that leaves open what happened. */
async function sendUpdate<Value>(channel: CardChannel, apdu: CommandApdu, { parse, what, limits }: Reading<Value>): Promise<Value | MedicalRefusal> {
  const answer = await exchangeDecisive(channel, apdu, limits);
  if (isOk(answer.sw)) {
    const value = parse(answer.data);
    if (value === undefined) throw malformed(what);
    return value;
  }
  if (!answer.executed && UPDATE_REFUSALS.has(answer.sw)) return refused(answer.sw);
  throw new Fault("card-answer-malformed", `${what}: ${formatStatusWord(answer.sw)} leaves open what happened`, { effectUnknown: true });
}

function refused(statusWord: number): MedicalRefusal {
  return { kind: "refused", statusWord, reason: medicalRefusalReason(statusWord) };
}

function fitsCard(amount: Fen): boolean {
  return amount <= CARD_AMOUNT_MAX;
}
