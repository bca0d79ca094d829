/*
 * The other side of the purse's commands in raw bytes: what a terminal with its module, a loading host and an issuer send, and what they
 * expect in return. Keys are derived from the published test roots, never taken from the card, so that a card's own keys are checked too.
 * No product code takes part.
 */
import { assert } from "../../../device/base/assert.ts";
import { type Bytes, concat, fromHex, readUint, toHex, u8, u16be, u32be } from "../../../device/base/bytes.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import {
  accountTac,
  compoundMac1Input,
  diversifyPurseByFactors,
  loadMac1Input,
  loadMac2Input,
  loadSessionKey,
  loadTacInput,
  type PurchaseTerms,
  type PurseRules,
  purchaseMac2Input,
  purchaseSessionKey,
  purchaseTacInput,
  purseMac,
} from "../../crypto/purse.ts";
import {
  greyDebitMacInput,
  greyDebitTacInput,
  greyLockMac1Input,
  greyLockMac2Input,
  greyLockTacInput,
  greySessionKey,
  greyUnlockMac1Input,
  greyUnlockMac2Input,
  greyUnlockTacInput,
} from "../../crypto/purse-grey.ts";
import { commandMac, encipherValue, reloadPinMac } from "../../crypto/purse-messages.ts";
import { purseFactors, type TestKeyName, testRootKey } from "../../crypto/test-keys.ts";
import type { CardPersonalization } from "../state.ts";
import { codedPursePin, MAINTENANCE_KEY_ID } from "./make.ts";

/** Where and when a transaction takes place. */
export interface Place {
  /** 12 digits. */
  readonly terminalNumber: string;
  readonly terminalSeq: number;
  /** YYYYMMDD and HHMMSS. */
  readonly date: string;
  readonly time: string;
}

export const TEST_PLACE: Place = { terminalNumber: "990100000001", terminalSeq: 900, date: "20261121", time: "101500" };

/** A command, and the data that a right card answers it with. */
export interface Dialogue {
  readonly commandHex: string;
  readonly expectedHex: string;
}

export type PurseForm = "purchase" | "compound";

/** The numbers of one book. Spec: PBOC purse, transaction types. */
function typesOf(p2: number) {
  const passbook = p2 === 0x01;
  return {
    load: passbook ? 1 : 2,
    purchase: passbook ? 5 : 6,
    greyLock: passbook ? 0x91 : 0x92,
    greyDebit: passbook ? 0x93 : 0x94,
    greyUnlock: passbook ? 0x95 : 0x96,
  };
}

function hex(...parts: readonly (Bytes | string)[]): string {
  return toHex(concat(...parts.map((part) => (typeof part === "string" ? fromHex(part) : part))));
}

export class PurseTerminal {
  readonly #rules: PurseRules;
  readonly #card: CardPersonalization;
  readonly place: Place;

  constructor(suite: CipherSuite, card: CardPersonalization, place: Place = TEST_PLACE) {
    this.#rules = { suite, algorithm: card.purse.algorithm, profile: card.profile };
    this.#card = card;
    this.place = place;
  }

  /** SELECT by the card's own name. */
  get selectHex(): string {
    const { aidHex } = this.#card.purse;
    return hex("00A40400", u8(aidHex.length / 2), aidHex);
  }

  /** INITIALIZE for a load, a purchase or a compound purchase. */
  initializeHex(form: "load" | PurseForm, transaction: { readonly p2: number; readonly amountFen: number }): string {
    const p1 = { load: 0x00, purchase: 0x01, compound: 0x03 }[form];
    const le = form === "load" ? "10" : "0F";
    return hex("8050", u8(p1), u8(transaction.p2), "0B", u8(this.#card.purse.keyIndex), u32be(transaction.amountFen), this.place.terminalNumber, le);
  }

  /** DEBIT after the answer to INITIALIZE. `authenticationCode` ends MAC1's input where it is given. */
  debit(
    opened: Bytes,
    transaction: { readonly form: PurseForm; readonly p2: number; readonly amountFen: number; readonly authenticationCode?: Bytes | undefined },
  ): Dialogue {
    const { terminalSeq, date, time } = this.place;
    const type = transaction.form === "compound" ? 0x09 : typesOf(transaction.p2).purchase;
    const terms = this.#terms(type, transaction.amountFen);
    const key = purchaseSessionKey(this.#rules, this.key("purse-dpk"), {
      cardRandom: opened.slice(11, 15),
      cardSequence: readUint(opened, 4, 2),
      terminalSequence: terminalSeq,
    });
    const mac1 = purseMac(this.#rules, key, compoundMac1Input(terms, transaction.authenticationCode));
    const tac = this.#tac(purchaseTacInput(terms, terminalSeq));
    const mac2 = purseMac(this.#rules, key, purchaseMac2Input(terms.amountFen));
    return { commandHex: hex("805401000F", u32be(terminalSeq), date, time, mac1, "08"), expectedHex: hex(tac, mac2) };
  }

  /** CREDIT after the answer to INITIALIZE FOR LOAD, whose MAC1 must be right. */
  credit(opened: Bytes, transaction: { readonly p2: number; readonly amountFen: number }): Dialogue {
    const { date, time } = this.place;
    const terms = this.#terms(typesOf(transaction.p2).load, transaction.amountFen);
    const [balance, onlineSequence] = [readUint(opened, 0, 4), readUint(opened, 4, 2)];
    const key = loadSessionKey(this.#rules, this.key("purse-dlk"), { cardRandom: opened.slice(8, 12), onlineSequence });
    assert(hex(opened.slice(12, 16)) === hex(purseMac(this.#rules, key, loadMac1Input(balance, terms))), "MAC1 of the load is right");
    const mac2 = purseMac(this.#rules, key, loadMac2Input(terms));
    return {
      commandHex: hex("805200000B", date, time, mac2, "04"),
      expectedHex: hex(this.#tac(loadTacInput(balance + terms.amountFen, onlineSequence, terms))),
    };
  }

  /** INITIALIZE FOR GREY LOCK or FOR GREY UNLOCK. */
  initializeGreyHex(form: "lock" | "unlock", p2: number): string {
    const [p1, le] = form === "lock" ? ["08", "0F"] : ["09", "12"];
    return hex("E07A", p1, u8(p2), "07", u8(this.#card.purse.keyIndex), this.place.terminalNumber, le);
  }

  /** GREY LOCK after the answer to its INITIALIZE, and the GMAC that takes an amount later. */
  greyLock(opened: Bytes, p2: number, terminalRandomHex = "A1B2C3D4"): Dialogue & { readonly gmac: (amountFen: number) => Bytes } {
    const manual = this.#rules.profile.greyLockLc === "manual";
    const { date, time } = this.place;
    const terminalSequence = manual ? 0 : this.place.terminalSeq;
    const terminalRandom = manual ? new Uint8Array(4) : fromHex(terminalRandomHex);
    const terms = this.#terms(typesOf(p2).greyLock, 0);
    const balance = readUint(opened, 0, 4);
    const moment = { cardRandom: opened.slice(11, 15), cardSequence: readUint(opened, 4, 2), terminalSequence, terminalRandom };
    const key = greySessionKey(this.#rules, this.key("purse-grey"), moment);
    const mac1 = purseMac(this.#rules, key, greyLockMac1Input(terms));
    const data = manual ? hex(date, time, mac1) : hex(u32be(terminalSequence), terminalRandom, date, time, mac1);
    const tac = this.#tac(greyLockTacInput(balance, terms, terminalSequence));
    return {
      commandHex: hex("E07C0800", u8(data.length / 2), data, "08"),
      expectedHex: hex(tac, purseMac(this.#rules, key, greyLockMac2Input(balance))),
      gmac: (amountFen) => purseMac(this.#rules, key, greyDebitMacInput(amountFen)),
    };
  }

  /** DEBIT FOR UNLOCK; `cardSeq` is the sequence after the lock. */
  greyDebit(gmac: Bytes, transaction: { readonly p2: number; readonly amountFen: number; readonly cardSeq: number; readonly terminalSeq: number }): Dialogue {
    const { amountFen, cardSeq, terminalSeq, p2 } = transaction;
    const { terminalNumber, date, time } = this.place;
    const terms = this.#terms(typesOf(p2).greyDebit, amountFen);
    return {
      commandHex: hex("E07E08", u8(p2), "1B", u32be(amountFen), u16be(cardSeq), terminalNumber, u32be(terminalSeq), date, time, gmac, "04"),
      expectedHex: hex(this.#tac(greyDebitTacInput(terms, terminalSeq))),
    };
  }

  /** GREY UNLOCK of the host after the answer to its INITIALIZE, whose MAC1 must be right. */
  greyUnlock(opened: Bytes, transaction: { readonly p2: number; readonly amountFen: number }): Dialogue {
    const { date, time } = this.place;
    const { amountFen, p2 } = transaction;
    const terms = this.#terms(typesOf(p2).greyUnlock, amountFen);
    const [balance, offlineSequence, onlineSequence] = [readUint(opened, 0, 4), readUint(opened, 4, 2), readUint(opened, 6, 2)];
    const key = loadSessionKey(this.#rules, this.key("purse-grey-unlock"), { cardRandom: opened.slice(10, 14), onlineSequence });
    const mac1 = purseMac(this.#rules, key, greyUnlockMac1Input(balance, offlineSequence, terms));
    assert(hex(opened.slice(14, 18)) === hex(mac1), "MAC1 of the unlock is right");
    const mac2 = purseMac(this.#rules, key, greyUnlockMac2Input(terms));
    const tac = this.#tac(greyUnlockTacInput(Math.max(balance - amountFen, 0), onlineSequence, terms));
    const manual = this.#rules.profile.greyLockLc === "manual";
    const proof = manual ? new Uint8Array(0) : purseMac(this.#rules, key, greyDebitMacInput(amountFen));
    return { commandHex: hex("E07C09000F", u32be(amountFen), date, time, mac2, manual ? "04" : "08"), expectedHex: hex(tac, proof) };
  }

  /** GET TRANSACTION PROVE. */
  proveHex(type: number, seq: number): string {
    return hex("805A00", u8(type), "02", u16be(seq), "08");
  }

  /** A command with the MAC that belongs to the card's challenge. */
  securedHex(name: TestKeyName, challenge: Bytes, command: { readonly head: string; readonly data?: string }): string {
    const data = fromHex(command.data ?? "");
    const header = concat(fromHex(command.head), u8(data.length + 4));
    return hex(header, data, commandMac(this.#rules, this.key(name), { challenge, header, data }));
  }

  /** RELOAD PIN with the new PIN and its MAC. */
  reloadPinHex(digits: string, keyId = MAINTENANCE_KEY_ID): string {
    const pin = fromHex(codedPursePin(digits));
    return hex("805E00", u8(keyId), u8(pin.length + 4), pin, reloadPinMac(this.#rules, this.key("purse-reload"), pin));
  }

  /** PIN UNBLOCK with the holder's PIN under the unlock key. */
  unblockPinHex(digits: string, challenge: Bytes, keyId = MAINTENANCE_KEY_ID): string {
    const data = toHex(encipherValue(this.#rules, this.key("purse-unlock"), fromHex(codedPursePin(digits))));
    return this.securedHex("purse-unlock", challenge, { head: hex("8424", u8(keyId), "00"), data });
  }

  /** A key of this card, derived from the test roots. */
  key(name: TestKeyName): Bytes {
    const { issuerHex, serialHex } = this.#card.purse;
    const factors = purseFactors({ issuer: fromHex(issuerHex), serial: fromHex(serialHex) });
    return diversifyPurseByFactors(this.#rules, testRootKey(this.#rules.algorithm, name), factors);
  }

  #terms(type: number, amountFen: number): PurchaseTerms {
    const { terminalNumber, date, time } = this.place;
    return { amountFen, type, terminalNumber: fromHex(terminalNumber), date: fromHex(date), time: fromHex(time) };
  }

  #tac(data: Bytes): Bytes {
    const account = this.#card.purse.transit === undefined ? "purse" : "transit";
    return accountTac(this.#rules, account, { dtk: this.key("purse-dtk"), data });
  }
}
