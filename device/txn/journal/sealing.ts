/*
 * Personal fields at rest: encrypted, then authenticated together with their place in the journal, so that a sealed part
 * cannot be moved to another entry. The three keys are drawn from the storage key and never leave their handles.
 */
import { type Bytes, concat, equalBytes, toHex, u8, utf8 } from "../../base/bytes.ts";
import type { Randomness } from "../../base/ports.ts";
import type { CipherSuite, SecretKey } from "../../crypto/face.ts";

const BLOCK_BYTES = 16;
const MAC_BYTES = 32;
const KEY_BYTES = 16;
const VERSION = 1;

/** The journal, as far as sealing cares. */
export interface SealPlace {
  readonly journalId: string;
  readonly seq: number;
}

export class Sealing {
  readonly #suite: CipherSuite;
  readonly #randomness: Randomness;
  readonly #encryption: SecretKey;
  readonly #authentication: SecretKey;
  readonly #cards: SecretKey;
  /** Public: tells whether a storage key is the one that this journal was begun with. */
  readonly keyCheck: string;

  constructor(suite: CipherSuite, storageKey: SecretKey, randomness: Randomness) {
    this.#suite = suite;
    this.#randomness = randomness;
    this.#encryption = derived(suite, storageKey, "encrypt");
    this.#authentication = derived(suite, storageKey, "authenticate");
    this.#cards = derived(suite, storageKey, "cards");
    this.keyCheck = toHex(suite.hmacSm3(derived(suite, storageKey, "check"), utf8("check")).slice(0, 4));
  }

  /** version 1 ‖ IV 16 ‖ ciphertext ‖ HMAC-SM3 32. */
  seal(place: SealPlace, plaintext: Bytes): Bytes {
    const iv = this.#randomness.bytes(BLOCK_BYTES);
    const pad = BLOCK_BYTES - (plaintext.length % BLOCK_BYTES);
    const padded = concat(plaintext, new Uint8Array(pad).fill(pad));
    const head = concat(u8(VERSION), iv, this.#suite.sm4CbcEncrypt(this.#encryption, iv, padded));
    padded.fill(0);
    return concat(head, this.#mac(place, head));
  }

  /** The plaintext, or undefined when the bytes are not what this journal sealed at this place. */
  open(place: SealPlace, sealed: Bytes): Bytes | undefined {
    const cipherBytes = sealed.length - 1 - BLOCK_BYTES - MAC_BYTES;
    if (sealed[0] !== VERSION || cipherBytes < BLOCK_BYTES || cipherBytes % BLOCK_BYTES !== 0) return undefined;
    const head = sealed.slice(0, -MAC_BYTES);
    if (!equalBytes(this.#mac(place, head), sealed.slice(-MAC_BYTES))) return undefined;
    const padded = this.#suite.sm4CbcDecrypt(this.#encryption, head.slice(1, 1 + BLOCK_BYTES), head.slice(1 + BLOCK_BYTES));
    return padded.slice(0, padded.length - (padded.at(-1) ?? 0));
  }

  /** Keyed hash of a card number: finds a card's open sales without storing the number. */
  cardKey(card: string): string {
    return toHex(this.#suite.hmacSm3(this.#cards, utf8(card)).slice(0, 16));
  }

  #mac(place: SealPlace, head: Bytes): Bytes {
    return this.#suite.hmacSm3(this.#authentication, utf8(`${place.journalId}/${place.seq}\n`), head);
  }
}

function derived(suite: CipherSuite, storageKey: SecretKey, purpose: string): SecretKey {
  const bytes = suite.hmacSm3(storageKey, utf8(`yikatong storage ${purpose}`)).slice(0, KEY_BYTES);
  const key = suite.secretKey(bytes);
  bytes.fill(0);
  return key;
}
