/*
 * What the device needs from hardware. Adapters implement these and know nothing of cards, flows or sync;
 * each port has one exported contract suite in contract/, which runs over simulators, real stacks and metal.
 * An ability that only some hardware has is an interface of its own, never a flag.
 */
import type { Bytes } from "../base/bytes.ts";
import type { Fen } from "../base/fen.ts";
import type { Limits } from "../base/ports.ts";

/** How a reader speaks to its card: by contacts, by radio, or to a security module in a slot of its own. */
export type CardInterface = "contact" | "contactless" | "sam";

/**
 * A place where one card can be. Faults about the device between us and the card are called "reader-…",
 * faults about the card itself "card-…".
 */
export interface CardReader {
  /** For people; never used to decide anything. */
  readonly name: string;
  readonly interface: CardInterface;
  /**
   * Resolves with a powered card. A card that lies there already counts. Faults: "timeout" (no card came), "card-mute",
   * "card-collision" (more than one card in the field, from a reader that can tell; others say "card-mute"), "reader-gone",
   * "reader-service-gone", "reader-hung". After any reader fault the next call tries again from the beginning: the reader heals by itself.
   */
  waitForCard(limits: Limits): Promise<CardChannel>;
  /** Resolves when no card is there. A reader that is gone counts as empty. */
  waitForRemoval(limits: Limits): Promise<void>;
  close(): Promise<void>;
}

/** The dialogue with one insertion of one card; worthless as soon as that card has left. */
export interface CardChannel {
  /** Answer to reset (contact) or the ATR that PC/SC builds from the ATS (contactless). */
  readonly atr: Bytes;
  /** Differs for every insertion that this reader has seen; the same number means the card never left. */
  readonly insertion: number;
  /**
   * Sends one command APDU and resolves with the response APDU, at least two bytes, exactly as the card gave it
   * (61xx and 6Cxx are not followed here). One command at a time; a second call while one runs is our own mistake.
   * Faults: "card-removed", "card-mute", "timeout", "reader-gone", "reader-hung" (all with unknown effect once the command was on its way),
   * "card-changed" and "closed" (no effect: nothing was sent).
   */
  transmit(command: Bytes, limits: Limits): Promise<Bytes>;
  /** Powers the card down and lets it go. Never rejects. */
  close(): Promise<void>;
}

/** Values of one purchase as the security module needs them. Spec: LD/T 32.9 (PSAM), PBOC purse. */
export interface PurchaseInitialization {
  /** 4 random bytes of the card. */
  readonly cardRandom: Bytes;
  /** The card's offline transaction sequence, 2 bytes. */
  readonly cardSequence: number;
  readonly amount: Fen;
  /** Transaction type byte, 06 for an e-purse purchase. */
  readonly type: number;
  /** 4 bytes BCD YYYYMMDD. */
  readonly date: Bytes;
  /** 3 bytes BCD HHMMSS. */
  readonly time: Bytes;
  readonly keyVersion: number;
  readonly algorithm: number;
  /** 8-byte diversification factors, the card's first. */
  readonly factors: readonly Bytes[];
  /**
   * The 9-byte authentication code of the housing ministry's card, which the module takes into MAC1 of a compound purchase of such a card;
   * how the module is given it is the adapter's business. Absent: MAC1 without it. Spec: CJ/T 166, compound purchase.
   */
  readonly authenticationCode?: Bytes;
}

/** Values of one medical purchase as the security module needs them. Amounts add up on the receipt only; each is a figure of its own. Spec: LD/T 32.9, INIT SAM FOR PURCHASE. */
export interface MedicalPurchaseInitialization {
  /** 4 random bytes of the card. */
  readonly cardRandom: Bytes;
  /** The card's offline sequence, 2 bytes. */
  readonly cardSequence: number;
  /** Taken from the personal account on the card. */
  readonly account: Fen;
  readonly selfPay: Fen;
  readonly pooled: Fen;
  /** Type byte as the profile codes it. */
  readonly type: number;
  /** 4 bytes BCD YYYYMMDD. */
  readonly date: Bytes;
  /** 3 bytes BCD HHMMSS. */
  readonly time: Bytes;
  readonly keyVersion: number;
  readonly algorithm: number;
  /** 8-byte factors: card, city, province. */
  readonly factors: readonly Bytes[];
  /** Which keys the card's social application uses: the module has one directory for each. */
  readonly socialAlgorithm: "3des" | "sm4";
}

/** A key of the social application's side of the module, and the session it is used for. */
export interface ModuleKeyUse {
  readonly usage: number;
  readonly keyId: number;
  /** 8-byte factors: card, city, province. */
  readonly factors: readonly Bytes[];
  /** 4, 8 or 16 bytes: what the session key is made of. */
  readonly sessionFactor: Bytes;
  readonly algorithm: "3des" | "sm4";
}

/** A purchase that the module has opened. It holds the module until `credit` or `release`. */
export interface PsamPurchase {
  /** Terminal transaction sequence drawn by the module, 4 bytes as a number. */
  readonly terminalSequence: number;
  /** 4 bytes. */
  readonly mac1: Bytes;
  /**
   * Has the module check the card's MAC2 (4 bytes). May be asked once; afterwards the session is over.
   * "no-session" when the module has lost the purchase (for example after a power cut).
   */
  credit(mac2: Bytes, limits: Limits): Promise<"accepted" | "refused" | "no-session">;
  /** Gives the purchase up and lets the next one in. Safe to call at any time, any number of times. */
  release(): void;
}

/** The terminal's security module: holds the purchase keys and never gives them out. */
export interface Psam {
  /** Terminal number, 6 bytes BCD. */
  readonly terminalNumber: Bytes;
  /** The sequence the module will most likely draw next; only the answer to a purchase is binding. */
  expectedSequence(): number;
  /** Opens a purchase; waits for an earlier one to be released, inside `limits`. Faults: those of a CardChannel, "key-missing". */
  beginPurchase(purchase: PurchaseInitialization, limits: Limits): Promise<PsamPurchase>;
  /**
   * Authentication data (8 bytes) under one of the module's keys, for internal and external authentication of the
   * social application. Faults: those of a CardChannel, "key-missing". Spec: LD/T 32.4, authentication data.
   */
  authenticationData(
    request: {
      readonly usage: number;
      readonly keyId: number;
      readonly factors: readonly Bytes[];
      readonly sessionFactor: Bytes;
      readonly raw: Bytes;
      readonly algorithm: "3des" | "sm4";
    },
    limits: Limits,
  ): Promise<Bytes>;
  close(): Promise<void>;
}

/** A security module that also keeps the keys of the medical purse and of secure messaging. A module for transit alone has none of them. */
export interface SocialPsam extends Psam {
  /** Opens a medical purchase; like {@link Psam.beginPurchase}, and holds the module in the same way. */
  beginMedicalPurchase(purchase: MedicalPurchaseInitialization, limits: Limits): Promise<PsamPurchase>;
  /** 4-byte MAC over `data` (any length up to 240 bytes) under a session key of the module. Spec: LD/T 32.9, CIPHER DATA. */
  blockMac(use: ModuleKeyUse, data: Bytes, limits: Limits): Promise<Bytes>;
  /** `data` (whole blocks) enciphered under a session key of the module. Spec: LD/T 32.9, CIPHER DATA. */
  encipher(use: ModuleKeyUse, data: Bytes, limits: Limits): Promise<Bytes>;
}

/** A command of secure messaging that the transit module signs. */
export interface ModuleCommandMac {
  /** 8-byte factors, the card's first. */
  readonly factors: readonly Bytes[];
  /** 4 bytes drawn by the card just before. */
  readonly challenge: Bytes;
  /** CLA INS P1 P2 Lc, Lc counting the MAC, and the data before it. */
  readonly command: Bytes;
  readonly algorithm: "3des" | "sm4";
}

/** A security module with the maintenance key of transit cards, so that it can have a listed card blocked. */
export interface TransitPsam extends Psam {
  /** 4-byte MAC of a command such as APPLICATION BLOCK. Faults: those of a CardChannel, "key-missing". Spec: JT/T 978, PSAM. */
  commandMac(request: ModuleCommandMac, limits: Limits): Promise<Bytes>;
}

/** A MAC under one of the module's own keys for records on cards. */
export interface ModuleRecordMac {
  readonly keyId: number;
  /** 8-byte factors that make the card's key of it; none: the key is the same on all cards. */
  readonly factors: readonly Bytes[];
  /** 8 bytes; a longer block has zeros in front. */
  readonly vector: Bytes;
  /** The command's header and data before the MAC. */
  readonly data: Bytes;
  readonly algorithm: "3des" | "sm4";
}

/** A security module that keeps a key of industry records of electronic cash. */
export interface RecordPsam extends Psam {
  /** 4-byte MAC of UPDATE CAPP DATA CACHE. Faults: those of a CardChannel, "key-missing". Spec: JR/T 0025, extension for small payments. */
  recordMac(request: ModuleRecordMac, limits: Limits): Promise<Bytes>;
}

/** Applications of a security module. */
export type ModuleApplication = "purse" | "social-sm4" | "social-3des";

/** A key of a module that enciphers or makes MACs, by what it is and where it lies. Spec: LD/T 32.9, annex B. */
export interface ModuleKeyPlace {
  readonly algorithm: "3des" | "sm4";
  /** Low five bits of its usage: 6 makes MACs, 7 enciphers, 8 does both. */
  readonly type: number;
  readonly keyId: number;
}

/** What a module tells of one of its keys. */
export interface ToldKey {
  /** Factors that it takes. */
  readonly level: 1 | 2 | 3;
  /** What a session of it makes of zeros, where a profile says that this can be asked. */
  readonly sample?: Bytes;
}

/** A security module that tells of itself what no sale needs, and no sale is begun for. */
export interface TellingPsam extends Psam {
  has(application: ModuleApplication, limits: Limits): Promise<boolean>;
  /** Undefined: the module has no such key, or it is locked. Faults: those of a CardChannel, "reader-refused". */
  tellKey(place: ModuleKeyPlace, limits: Limits): Promise<ToldKey | undefined>;
}

/** How the card's own PIN is presented to it: the command header and the coding of the digits. The digits themselves are not here. */
export interface PinTemplate {
  /** CLA INS P1 P2. */
  readonly header: Bytes;
  /** "bcd-f": two digits a byte, an odd last nibble filled with F. Spec: LD/T 32.7, VERIFY. */
  readonly coding: "bcd-f";
  readonly minDigits: number;
  readonly maxDigits: number;
}

/** What came of asking the holder for the card's PIN. "refused" is a status word that says nothing about the PIN. */
export type PinOutcome =
  | { readonly kind: "verified" }
  | { readonly kind: "wrong"; readonly triesLeft: number }
  | { readonly kind: "locked" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "timed-out" }
  | { readonly kind: "refused"; readonly statusWord: number };

/**
 * Verifies the card's own PIN without the PIN ever entering this process: the reader, or a pad with its own card slot,
 * takes the digits and presents them to the card. Any hardware that cannot do this has no adapter for this port.
 */
export interface PinVerifier {
  verifyOnCard(channel: CardChannel, template: PinTemplate, limits: Limits): Promise<PinOutcome>;
}

/** How a new PIN is presented to the card: old digits, a separator byte, new digits, all inside the reader. Spec: LD/T 32.7, CHANGE PIN. */
export interface PinChangeTemplate extends PinTemplate {
  /** Stands between the old and the new digits; empty where the card wants none. */
  readonly separator: Bytes;
}

/**
 * What came of a change: as for a verification, and the two entries of the new PIN may differ. "initial-pin-again": the hardware knows the PIN that
 * cards are issued with and does not set it again.
 */
export type PinChangeOutcome = PinOutcome | { readonly kind: "entries-differ" | "initial-pin-again" };

/** Hardware that can also change the card's own PIN without the digits entering this process. */
export interface PinChanger {
  changeOnCard(channel: CardChannel, template: PinChangeTemplate, limits: Limits): Promise<PinChangeOutcome>;
}

/**
 * The PIN as an encrypted block (8 or 16 bytes, by the pad's key), with the check value that says which key that was, or why there is none.
 */
export type PinBlockOutcome =
  | { readonly kind: "entered"; readonly block: Bytes; readonly keyCheckValue: Bytes }
  | { readonly kind: "cancelled" }
  | { readonly kind: "timed-out" };

/** Takes a PIN for somebody else to verify (the bank, a host): only an encrypted block comes out. No method takes or returns a PIN. */
export interface PinPad {
  /**
   * Asks the holder for a PIN. `accountTail` is the 12 account digits of the block format, without check digit.
   * Faults: "pad-gone", "pad-refused", "key-missing", "timeout".
   */
  requestPinBlock(request: { readonly accountTail: Bytes; readonly minDigits: number; readonly maxDigits: number }, limits: Limits): Promise<PinBlockOutcome>;
  close(): Promise<void>;
}
