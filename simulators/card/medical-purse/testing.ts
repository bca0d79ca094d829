/* A terminal's module for the medical purse in bytes, for tests of the card: no product code takes part. */
import { assert } from "../../../device/base/assert.ts";
import { type Bytes, concat, fromHex, readUint, toHex, u16be, u32be } from "../../../device/base/bytes.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import {
  type MedicalRules,
  medicalMac,
  medicalPurchaseMac1Input,
  medicalPurchaseMac2Input,
  medicalPurchaseSessionKey,
  medicalPurchaseTac,
  medicalTypeByte,
} from "../../crypto/medical.ts";
import type { SimulatedCard } from "../card.ts";
import { expectOk, send } from "../testing.ts";

export const MEDICAL_SELECT = "00A4040006D1560000050300";
export const MEDICAL_TERMINAL = "990100000001";

export interface MedicalSale {
  readonly accountFen: number;
  readonly selfPayFen?: number;
  readonly pooledFen?: number;
  /** YYYYMMDD and HHMMSS. */
  readonly date?: string;
  readonly time?: string;
  readonly keyIndex?: number;
  readonly terminalSeq?: number;
}

export interface OpenedMedicalSale {
  /** The card's answer to INITIALIZE FOR PURCHASE. */
  readonly opening: Bytes;
  readonly cardSeq: number;
  /** The whole DEBIT FOR PURCHASE command. */
  readonly debitHex: string;
  /** What the card must answer: TAC, then MAC2. */
  readonly tac: Bytes;
  readonly mac2: Bytes;
}

export function rulesOf(suite: CipherSuite, card: SimulatedCard): MedicalRules {
  return { suite, algorithm: card.personalization.social.algorithm, profile: card.personalization.profile };
}

/** INITIALIZE FOR PURCHASE of these amounts. */
export function initializeHex(sale: MedicalSale): string {
  const amounts = concat(u32be(sale.accountFen), u32be(sale.selfPayFen ?? 0), u32be(sale.pooledFen ?? 0));
  return toHex(concat(fromHex("B028010113"), Uint8Array.of(sale.keyIndex ?? 1), amounts, fromHex(MEDICAL_TERMINAL), fromHex("16")));
}

/** Opens a purchase on a powered card whose DF04 is selected, and makes MAC1 as a module would. */
export function openMedicalSale(suite: CipherSuite, card: SimulatedCard, sale: MedicalSale): OpenedMedicalSale {
  const { medicalPurse } = card.personalization;
  assert(medicalPurse !== undefined, "the card has a medical purse");
  const opening = expectOk(card, initializeHex(sale));
  const rules = rulesOf(suite, card);
  const terminalSequence = sale.terminalSeq ?? 1;
  const terms = {
    accountFen: sale.accountFen,
    selfPayFen: sale.selfPayFen ?? 0,
    pooledFen: sale.pooledFen ?? 0,
    terminalNumber: fromHex(MEDICAL_TERMINAL),
    date: fromHex(sale.date ?? "20261121"),
    time: fromHex(sale.time ?? "101500"),
    type: medicalTypeByte(rules.profile, "purchase"),
  };
  const dpk = medicalPurse.purchaseKeys.find(({ index }) => index === (sale.keyIndex ?? 1))?.keyHex ?? "";
  const cardSeq = readUint(opening, 14, 2);
  const key = medicalPurchaseSessionKey(rules, fromHex(dpk), { cardRandom: opening.slice(18, 22), cardSequence: cardSeq, terminalSequence });
  const mac1 = medicalMac(rules, key, medicalPurchaseMac1Input(terms));
  const debit = concat(fromHex("B02C01000F"), u32be(terminalSequence), terms.date, terms.time, mac1, fromHex("08"));
  return {
    opening,
    cardSeq,
    debitHex: toHex(debit),
    tac: medicalPurchaseTac(rules, fromHex(medicalPurse.dtkHex), { ...terms, terminalSequence }),
    mac2: medicalMac(rules, key, medicalPurchaseMac2Input(terms)),
  };
}

/** A whole purchase; gives the status word in hexadecimal. */
export function sellMedical(suite: CipherSuite, card: SimulatedCard, sale: MedicalSale): string {
  return send(card, openMedicalSale(suite, card, sale).debitHex).slice(-4);
}

/** GET TRANSACTION PROOF. */
export function medicalProofHex(typeHex: string, seq: number): string {
  return `B02E00${typeHex}02${toHex(u16be(seq))}08`;
}
