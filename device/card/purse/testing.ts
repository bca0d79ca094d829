/* The parts of module and host for the tests of the purse: codes under the keys of one simulated card, made with the kernel's own key functions. */
import type { SimulatedCard } from "../../../simulators/card/card.ts";
import { assert } from "../../base/assert.ts";
import { type Bytes, fromHex } from "../../base/bytes.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import {
  compoundMac1Input,
  greyDebitMacInput,
  greyLockMac1Input,
  greyLockSessionKey,
  loadMac2Input,
  loadSessionKey,
  type PurchaseTerms,
  type PurseCrypto,
  purchaseMac1Input,
  purchaseMac2Input,
  purchaseSessionKey,
  purseMac,
  secureMessagingKey,
  secureMessagingMac,
} from "../keys/purse.ts";
import { SUITE } from "../testing.ts";
import type { GreyUnlockOpening } from "./grey-answers.ts";
import type { LoadOpening } from "./load-answers.ts";
import type { CommandSigner } from "./maintenance.ts";
import { PURCHASE_TYPE_COMPOSITE, type PurchaseOpening } from "./types.ts";

export const TERMINAL_NUMBER = "990100000042";

export class TestCodes {
  readonly crypto: PurseCrypto;
  readonly #card: SimulatedCard;

  constructor(card: SimulatedCard, profile: CardProfile) {
    this.#card = card;
    this.crypto = { suite: SUITE, algorithm: card.personalization.purse.algorithm, profile };
  }

  /** MAC1 of a purchase of any type, and the MAC2 that the card must give. */
  purchase(
    opening: PurchaseOpening,
    terms: PurchaseTerms & { readonly terminalSequence: number; readonly authenticationCode?: Bytes },
  ): { readonly mac1: Bytes; readonly mac2: Bytes } {
    const { crypto } = this;
    const key = purchaseSessionKey(crypto, SUITE.secretKey(fromHex(this.#card.personalization.purse.dpkHex)), { ...opening, ...terms });
    const input = terms.type === PURCHASE_TYPE_COMPOSITE ? compoundMac1Input(terms, terms.authenticationCode) : purchaseMac1Input(terms);
    return { mac1: purseMac(crypto, key, input), mac2: purseMac(crypto, key, purchaseMac2Input(terms.amount)) };
  }

  /** MAC1 of a grey lock, and the GMAC of its debit. */
  greyLock(
    opening: PurchaseOpening,
    terms: Omit<PurchaseTerms, "amount"> & { readonly terminalSequence: number; readonly terminalRandom: Bytes },
  ): { readonly mac1: Bytes; readonly gmac: (amount: PurchaseTerms["amount"]) => Bytes } {
    const { crypto } = this;
    const { greyLock } = this.#card.personalization.purse;
    assert(greyLock !== undefined, "the card has a grey lock");
    const key = greyLockSessionKey(crypto, SUITE.secretKey(fromHex(greyLock.lockHex)), { ...opening, ...terms });
    return { mac1: purseMac(crypto, key, greyLockMac1Input(terms)), gmac: (amount) => purseMac(crypto, key, greyDebitMacInput(amount)) };
  }

  /** The host's MAC2 of a load. */
  loadMac2(opening: LoadOpening, terms: PurchaseTerms): Bytes {
    return this.#hostMac2(this.#card.personalization.purse.dlkHex, opening, terms);
  }

  /** The host's MAC2 of an online unlock. */
  unlockMac2(opening: GreyUnlockOpening, terms: PurchaseTerms): Bytes {
    const { greyLock } = this.#card.personalization.purse;
    assert(greyLock !== undefined, "the card has a grey lock");
    return this.#hostMac2(greyLock.unlockHex, opening, terms);
  }

  /** The host as a signer, with one of the card's maintenance keys. */
  signer(name: "applicationHex" | "unlockHex"): CommandSigner {
    const { maintenance } = this.#card.personalization.purse;
    assert(maintenance !== undefined, "the card has maintenance keys");
    const key = secureMessagingKey(this.crypto, fromHex(maintenance[name]));
    return { sign: async ({ challenge, command }) => secureMessagingMac(this.crypto, key, { challenge, data: command }) };
  }

  #hostMac2(keyHex: string, opening: { readonly cardRandom: Bytes; readonly onlineSequence: number }, terms: PurchaseTerms): Bytes {
    const session = loadSessionKey(this.crypto, SUITE.secretKey(fromHex(keyHex)), opening);
    return purseMac(this.crypto, session, loadMac2Input(terms));
  }
}
