/*
 * The grey lock (灰锁): money is locked before goods are delivered, and what was delivered is taken afterwards, from this terminal or with
 * the host's help. The card keeps the lock and its session key over a power cut, so that the debit may come at another tap.
 * Spec: PBOC purse, grey lock.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, u8, u16be, u32be } from "../../base/bytes.ts";
import { CARD_AMOUNT_MAX, type Fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { command, isOk } from "../../codec/apdu.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchange, malformed } from "../dialogue.ts";
import { OPENING_LENGTH, parseOpening } from "./answers.ts";
import { KEY_INDEX_MAX, PURSE_P2 } from "./commands.ts";
import { changeMoney } from "./decisive.ts";
import {
  GREY_DEBIT_LENGTH,
  GREY_LOCK_LENGTH,
  GREY_UNLOCK_OPENING_LENGTH,
  type GreyDebitProof,
  type GreyLockProof,
  type GreyUnlockOpening,
  type GreyUnlockProof,
  parseGreyDebit,
  parseGreyLock,
  parseGreyUnlock,
  parseGreyUnlockOpening,
} from "./grey-answers.ts";
import type { CardRefusal, PurchaseOpeningAnswer, PurseName } from "./types.ts";

/** Which lengths the card uses. */
export type GreyLockRules = Pick<CardProfile, "greyLockLc">;

export interface GreyStart {
  readonly purse: PurseName;
  readonly keyIndex: number;
  /** 6 bytes. */
  readonly terminalNumber: Bytes;
}

function initialization(start: GreyStart, p1: 0x08 | 0x09, le: number) {
  assert(start.keyIndex <= KEY_INDEX_MAX && start.terminalNumber.length === 6, "the grey lock fits the command");
  return { cla: 0xe0, ins: 0x7a, p1, p2: PURSE_P2[start.purse], data: concat(u8(start.keyIndex), start.terminalNumber), le };
}

/** INITIALIZE FOR GREY LOCK: answers like a purchase, and changes nothing. Faults: those of the channel, "card-answer-malformed". */
export async function initializeGreyLock(channel: CardChannel, start: GreyStart, limits: Limits): Promise<PurchaseOpeningAnswer> {
  const answer = await exchange(channel, initialization(start, 0x08, OPENING_LENGTH), limits);
  if (!isOk(answer.sw)) return { kind: "refused", statusWord: answer.sw };
  const opening = parseOpening(answer.data);
  if (opening === undefined) throw malformed("INITIALIZE FOR GREY LOCK");
  return opening;
}

export interface GreyLockCompletion {
  readonly terminalSequence: number;
  /** 4 bytes, drawn by the terminal's module. */
  readonly terminalRandom: Bytes;
  /** 4 bytes BCD YYYYMMDD. */
  readonly date: Bytes;
  /** 3 bytes BCD HHMMSS. */
  readonly time: Bytes;
  /** 4 bytes. */
  readonly mac1: Bytes;
}

/**
 * Locks the purse: GREY LOCK. From now on it pays nothing until it is unlocked. With the short form, which has no room for them, the
 * terminal's sequence and random number count as zero on both sides. Faults with unknown effect: ask with proveGreyLock.
 */
export function greyLock(channel: CardChannel, completion: GreyLockCompletion & GreyLockRules, limits: Limits): Promise<GreyLockProof | CardRefusal> {
  const { terminalSequence, terminalRandom, date, time, mac1, greyLockLc } = completion;
  assert(terminalRandom.length === 4 && date.length === 4 && time.length === 3 && mac1.length === 4, "the lock fits the command");
  const whole = concat(u32be(terminalSequence), terminalRandom, date, time, mac1);
  // Deviation: the manual prints Lc 0B, which leaves room for date, time and MAC1 alone. Spec: PBOC purse, grey lock.
  const data = greyLockLc === "manual" ? whole.slice(8) : whole;
  return changeMoney(channel, { what: "GREY LOCK", apdu: command("E0 7C 08 00", { data, le: GREY_LOCK_LENGTH }), parse: parseGreyLock }, limits);
}

export interface GreyDebit {
  readonly purse: PurseName;
  /** What was delivered, at most what the purse holds. */
  readonly amount: Fen;
  /** The card's offline sequence of the lock, from INITIALIZE FOR GREY LOCK. */
  readonly cardSequence: number;
  /** 6 bytes. */
  readonly terminalNumber: Bytes;
  readonly terminalSequence: number;
  /** 4 bytes BCD YYYYMMDD. */
  readonly date: Bytes;
  /** 3 bytes BCD HHMMSS. */
  readonly time: Bytes;
  /** 4 bytes, under the lock's session key. */
  readonly gmac: Bytes;
}

/** Takes the amount and unlocks: DEBIT FOR UNLOCK (解扣). Faults with unknown effect: ask with proveGreyDebit. */
export function debitForUnlock(channel: CardChannel, debit: GreyDebit, limits: Limits): Promise<GreyDebitProof | CardRefusal> {
  const { purse, amount, cardSequence, terminalNumber, terminalSequence, date, time, gmac } = debit;
  assert(amount <= CARD_AMOUNT_MAX && terminalNumber.length === 6, "the debit fits the command");
  assert(date.length === 4 && time.length === 3 && gmac.length === 4, "the debit fits the command");
  const data = concat(u32be(amount), u16be(cardSequence), terminalNumber, u32be(terminalSequence), date, time, gmac);
  const apdu = { cla: 0xe0, ins: 0x7e, p1: 0x08, p2: PURSE_P2[purse], data, le: GREY_DEBIT_LENGTH };
  return changeMoney(channel, { what: "DEBIT FOR UNLOCK", apdu, parse: parseGreyDebit }, limits);
}

/** INITIALIZE FOR GREY UNLOCK: MAC1 goes to the host. Changes nothing. Faults: those of the channel, "card-answer-malformed". */
export async function initializeGreyUnlock(channel: CardChannel, start: GreyStart, limits: Limits): Promise<GreyUnlockOpening | CardRefusal> {
  const answer = await exchange(channel, initialization(start, 0x09, GREY_UNLOCK_OPENING_LENGTH), limits);
  if (!isOk(answer.sw)) return { kind: "refused", statusWord: answer.sw };
  const opening = parseGreyUnlockOpening(answer.data);
  if (opening === undefined) throw malformed("INITIALIZE FOR GREY UNLOCK");
  return opening;
}

export interface GreyUnlockCompletion {
  /** What the host found to be owed for the locked transaction; zero when nothing was delivered. */
  readonly amount: Fen;
  /** 4 bytes BCD YYYYMMDD, as the host put it into MAC2. */
  readonly date: Bytes;
  /** 3 bytes BCD HHMMSS, as the host put it into MAC2. */
  readonly time: Bytes;
  /** 4 bytes, from the host. */
  readonly mac2: Bytes;
}

/** Takes what the host says and unlocks: GREY UNLOCK. Faults with unknown effect: ask with proveGreyUnlock. */
export function greyUnlock(channel: CardChannel, completion: GreyUnlockCompletion & GreyLockRules, limits: Limits): Promise<GreyUnlockProof | CardRefusal> {
  const { amount, date, time, mac2, greyLockLc } = completion;
  assert(amount <= CARD_AMOUNT_MAX && date.length === 4 && time.length === 3 && mac2.length === 4, "the unlock fits the command");
  const length = greyLockLc === "manual" ? 4 : 8;
  const apdu = command("E0 7C 09 00", { data: concat(u32be(amount), date, time, mac2), le: length });
  return changeMoney(channel, { what: "GREY UNLOCK", apdu, parse: (answer) => parseGreyUnlock(answer, length) }, limits);
}
