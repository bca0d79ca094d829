/*
 * Values of the grey lock: an amount is locked on the card before delivery and taken afterwards. The texts name the inputs of MAC1, GMAC
 * and the session key; where they are silent (MAC2 and GTAC of the lock, the TACs) the purchase's own shape is taken, with the balance
 * in the place of the amount that is not known yet.
 */
import { type Bytes, concat, u8, u16be, u32be } from "../../device/base/bytes.ts";
import { loadMac2Input, loadTacInput, type PurchaseTerms, type PurseRules, purchaseSessionKey, purchaseTacInput, sessionKey } from "./purse.ts";

/** What both sides of a lock speak about: a purchase without its amount. */
export type GreyLockTerms = Omit<PurchaseTerms, "amountFen">;

/** Session key of the lock: a purchase's session key, then that key over the terminal's own random number. Spec: PBOC purse, grey lock. */
export function greySessionKey(
  rules: PurseRules,
  greyKey: Bytes,
  input: { readonly cardRandom: Bytes; readonly cardSequence: number; readonly terminalSequence: number; readonly terminalRandom: Bytes },
): Bytes {
  const first = purchaseSessionKey(rules, greyKey, input);
  return sessionKey(rules, first, concat(input.terminalRandom, Uint8Array.of(0x80, 0, 0, 0)));
}

/** MAC1 of GREY LOCK. */
export function greyLockMac1Input(terms: GreyLockTerms): Bytes {
  return concat(u8(terms.type), terms.terminalNumber, terms.date, terms.time);
}

/** MAC2 of GREY LOCK: the balance stands where a purchase has its amount. */
export function greyLockMac2Input(balanceFen: number): Bytes {
  return u32be(balanceFen);
}

/** GTAC, the TAC of GREY LOCK. */
export function greyLockTacInput(balanceFen: number, terms: GreyLockTerms, terminalSequence: number): Bytes {
  return purchaseTacInput({ ...terms, amountFen: balanceFen }, terminalSequence);
}

/** GMAC of DEBIT FOR UNLOCK, under the session key of the lock. */
export function greyDebitMacInput(amountFen: number): Bytes {
  return u32be(amountFen);
}

/** TAC of DEBIT FOR UNLOCK: as of a purchase, types 93 and 94. */
export function greyDebitTacInput(terms: PurchaseTerms, terminalSequence: number): Bytes {
  return purchaseTacInput(terms, terminalSequence);
}

/** MAC1 of INITIALIZE FOR GREY UNLOCK, under a session key made as for a load. */
export function greyUnlockMac1Input(balanceFen: number, offlineSequence: number, terms: { readonly type: number; readonly terminalNumber: Bytes }): Bytes {
  return concat(u32be(balanceFen), u16be(offlineSequence), u8(terms.type), terms.terminalNumber);
}

/** MAC2 of GREY UNLOCK, made by the host. */
export function greyUnlockMac2Input(terms: PurchaseTerms): Bytes {
  return loadMac2Input(terms);
}

/** TAC of GREY UNLOCK: as of a load, with the online sequence before its increment, types 95 and 96. */
export function greyUnlockTacInput(balanceAfterFen: number, onlineSequence: number, terms: PurchaseTerms): Bytes {
  return loadTacInput(balanceAfterFen, onlineSequence, terms);
}
