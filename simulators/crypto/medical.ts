/*
 * Key functions of the medical purse. The block-cipher rules are those of the social application (a zero vector, padding always, four
 * words folded with SM4); two points that the texts leave open are fields of the card profile. The MACs leave the command header out.
 */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, concat, u8, u16be, u32be } from "../../device/base/bytes.ts";
import type { CardProfile } from "../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { KeyAlgorithm } from "./blocks.ts";
import { socialMac, socialSessionKey, socialTac } from "./social.ts";

/** Everything that decides how values of the medical purse are computed. */
export interface MedicalRules {
  readonly suite: CipherSuite;
  readonly algorithm: KeyAlgorithm;
  readonly profile: Pick<CardProfile, "medicalTypeByte" | "medicalLoadTacBalance">;
}

/** The two transactions of the purse. */
export type MedicalTransaction = "load" | "purchase";

/** Where and when a transaction of the medical purse takes place. */
interface MedicalOccasion {
  /** Type byte as the profile codes it: {@link medicalTypeByte}. */
  readonly type: number;
  /** 6 bytes BCD. */
  readonly terminalNumber: Bytes;
  /** 4 bytes BCD. */
  readonly date: Bytes;
  /** 3 bytes BCD. */
  readonly time: Bytes;
}

/** What both sides of one medical purchase speak about; the three amounts stand beside each other, none contains another. */
export interface MedicalPurchaseTerms extends MedicalOccasion {
  readonly accountFen: number;
  readonly selfPayFen: number;
  readonly pooledFen: number;
}

/** What both sides of one load speak about. Date and time are the host's. */
export interface MedicalLoadTerms extends MedicalOccasion {
  readonly amountFen: number;
}

/** Type byte in MACs and in GET TRANSACTION PROOF: 31 and 32 as characters, 01 and 02 as numbers. */
export function medicalTypeByte(profile: Pick<CardProfile, "medicalTypeByte">, transaction: MedicalTransaction): number {
  const number = transaction === "load" ? 1 : 2;
  return profile.medicalTypeByte === "ascii" ? 0x30 + number : number;
}

/** Session key of a purchase: random 4, sequence 2, right two bytes of the terminal's sequence. Spec: LD/T 32.5, 7. */
export function medicalPurchaseSessionKey(
  rules: MedicalRules,
  dpk: Bytes,
  input: { readonly cardRandom: Bytes; readonly cardSequence: number; readonly terminalSequence: number },
): Bytes {
  assert(input.cardRandom.length === 4, "the card draws four bytes");
  const factor = concat(input.cardRandom, u16be(input.cardSequence), u16be(input.terminalSequence % 0x1_0000));
  return socialSessionKey(rules.suite, rules.algorithm, { key: dpk, factor });
}

/** Session key of a load: random 4, sequence 2, 8000. Spec: LD/T 32.5, 7. */
export function medicalLoadSessionKey(rules: MedicalRules, dlk: Bytes, input: { readonly cardRandom: Bytes; readonly loadSequence: number }): Bytes {
  assert(input.cardRandom.length === 4, "the card draws four bytes");
  return socialSessionKey(rules.suite, rules.algorithm, { key: dlk, factor: concat(input.cardRandom, u16be(input.loadSequence), Uint8Array.of(0x80, 0x00)) });
}

/** 4-byte MAC under a session key. */
export function medicalMac(rules: MedicalRules, key: Bytes, data: Bytes): Bytes {
  return socialMac(rules.suite, rules.algorithm, { key, data });
}

/** 4-byte TAC under the card's DTK, which is given whole. */
export function medicalTac(rules: MedicalRules, dtk: Bytes, data: Bytes): Bytes {
  return socialTac(rules.suite, rules.algorithm, { dtk, data });
}

/** MAC1 of a purchase, 26 bytes: proves the terminal's module to the card. */
export function medicalPurchaseMac1Input(terms: MedicalPurchaseTerms): Bytes {
  return concat(medicalPurchaseMac2Input(terms), u8(terms.type), terms.terminalNumber, terms.date, terms.time);
}

/** MAC2 of a purchase: proves the debit to the terminal's module. */
export function medicalPurchaseMac2Input(terms: Pick<MedicalPurchaseTerms, "accountFen" | "selfPayFen" | "pooledFen">): Bytes {
  return concat(u32be(terms.accountFen), u32be(terms.selfPayFen), u32be(terms.pooledFen));
}

/** TAC of a purchase, 30 bytes: proves the debit to the host. */
export function medicalPurchaseTacInput(terms: MedicalPurchaseTerms, terminalSequence: number): Bytes {
  return concat(medicalPurchaseMac2Input(terms), u8(terms.type), terms.terminalNumber, u32be(terminalSequence), terms.date, terms.time);
}

/** MAC1 of a load: the balance before the load is in it. */
export function medicalLoadMac1Input(balanceFen: number, terms: Pick<MedicalLoadTerms, "amountFen" | "type" | "terminalNumber">): Bytes {
  return concat(u32be(balanceFen), u32be(terms.amountFen), u8(terms.type), terms.terminalNumber);
}

/** MAC2 of a load, made by the host. */
export function medicalLoadMac2Input(terms: MedicalLoadTerms): Bytes {
  return concat(u32be(terms.amountFen), u8(terms.type), terms.terminalNumber, terms.date, terms.time);
}

/** TAC of a load: the balance that the profile names, and the sequence before its increment. */
export function medicalLoadTacInput(
  profile: Pick<CardProfile, "medicalLoadTacBalance">,
  state: { readonly balanceBeforeFen: number; readonly sequenceBefore: number },
  terms: MedicalLoadTerms,
): Bytes {
  const balance = profile.medicalLoadTacBalance === "after" ? state.balanceBeforeFen + terms.amountFen : state.balanceBeforeFen;
  return concat(u32be(balance), u16be(state.sequenceBefore), medicalLoadMac2Input(terms));
}

/** TAC of a purchase from its facts, as a host computes it from a record. `dtk` is the card's own: `testSocialCardKey(suite, algorithm, { name: "medical-dtk", place })`. */
export function medicalPurchaseTac(rules: MedicalRules, dtk: Bytes, facts: Omit<MedicalPurchaseTerms, "type"> & { readonly terminalSequence: number }): Bytes {
  const terms = { ...facts, type: medicalTypeByte(rules.profile, "purchase") };
  return medicalTac(rules, dtk, medicalPurchaseTacInput(terms, facts.terminalSequence));
}
