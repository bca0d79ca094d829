/*
 * The agency's key machine over the published test keys: proofs, MACs and the whole command that sets a new PIN. A real agency has a security
 * module for it. Spec: LD/T 32.4, 8 and 9; LD/T 32.7, PIN RELOAD.
 */
import { type Bytes, concat, fromHex, toHex, u8, xorBytes } from "../../../device/base/bytes.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import { blockBytes, encryptBlocks, type KeyAlgorithm, padAlways } from "../../crypto/blocks.ts";
import { authenticationData, socialMac, socialSessionKey } from "../../crypto/social.ts";
import { deriveSocialKey, TEST_PIN_KEY_HEX, type TestKeyName, testRootKey } from "../../crypto/test-keys.ts";

/** Which card's keys: how they are made, and of what. */
export interface CardKeys {
  readonly algorithm: KeyAlgorithm;
  /** Card, city, province: 8 bytes each. */
  readonly factors: readonly Bytes[];
}

const RELOAD_HEADER = "84240001";
const MAC_BYTES = 4;
const PIN_DIGITS = /^\d{4,12}$/;

/** The published root of a key by the name that the page gives it; undefined for a name that no card has. */
export function rootOf(key: string): TestKeyName | undefined {
  if (key === "puk" || key === "lk" || key === "uk-ssse") return key;
  if (key === "stk-ssse" || key === "stk-df07") return "stk";
  const messages = (["stk-df01", "stk-df02", "stk-df03", "stk-df04"] as const).find((name) => name === key);
  if (messages !== undefined) return messages;
  if (key === "uk1-df04") return "uk1-df04";
  if (key === "uk2-df04") return "uk2-df04";
  const directory = /^uk(?:[1-9]|1[01])-(df0[1237])$/.exec(key)?.[1];
  return (["uk-df01", "uk-df02", "uk-df03", "uk-df07"] as const).find((name) => name === `uk-${directory}`);
}

export class KeyMachine {
  readonly #suite: CipherSuite;
  readonly #card: CardKeys;

  constructor(suite: CipherSuite, card: CardKeys) {
    this.#suite = suite;
    this.#card = card;
  }

  #key(root: TestKeyName): Bytes {
    const { algorithm, factors } = this.#card;
    return deriveSocialKey(this.#suite, algorithm, { key: testRootKey(algorithm, root), factors });
  }

  #sessionKey(root: TestKeyName, sessionFactor: Bytes): Bytes {
    return socialSessionKey(this.#suite, this.#card.algorithm, { key: this.#key(root), factor: sessionFactor });
  }

  proof(root: TestKeyName, sessionFactor: Bytes, raw: Bytes): Bytes {
    return authenticationData(this.#suite, this.#card.algorithm, { key: this.#key(root), sessionFactor, raw });
  }

  mac(root: TestKeyName, sessionFactor: Bytes, data: Bytes): Bytes {
    return socialMac(this.#suite, this.#card.algorithm, { key: this.#sessionKey(root, sessionFactor), data });
  }

  /** The whole command: one block with length and digits, enciphered, and the MAC behind it. */
  reloadCommand(root: TestKeyName, sessionFactor: Bytes, digits: string): Bytes {
    const { algorithm } = this.#card;
    const block = blockBytes(algorithm);
    const pin = fromHex(digits.length % 2 === 0 ? digits : `${digits}f`);
    const plain = concat(u8(pin.length), pin);
    const sessionKey = this.#sessionKey(root, sessionFactor);
    const enciphered = encryptBlocks(this.#suite, algorithm, sessionKey, plain.length === block ? plain : padAlways(plain, block));
    const header = concat(fromHex(RELOAD_HEADER), u8(enciphered.length + MAC_BYTES));
    const mac = socialMac(this.#suite, algorithm, { key: sessionKey, data: concat(header, enciphered) });
    return concat(header, enciphered, mac);
  }
}

/** Twelve digits of the card identifier, in six bytes. Spec: agency/v1, key-use. */
export function accountTail(cardIdentifier: string): Bytes {
  return fromHex(cardIdentifier.replaceAll(/\D/g, "").slice(-12).padStart(12, "0"));
}

/** The digits in a pad's block under the published test key; undefined where there are none. */
export function openPadBlock(suite: CipherSuite, block: Bytes, cardIdentifier: string): string | undefined {
  if (block.length !== 8 && block.length !== 16) return undefined;
  const key = suite.secretKey(fromHex(TEST_PIN_KEY_HEX));
  const clear = block.length === 16 ? suite.sm4Decrypt(key, block) : suite.tdesDecrypt(key, block);
  const field = toHex(xorBytes(clear, concat(new Uint8Array(block.length - 6), accountTail(cardIdentifier))));
  const digits = field.slice(2, 2 + Number.parseInt(field.slice(0, 2), 16));
  return field.startsWith("0") && PIN_DIGITS.test(digits) && /^f*$/.test(field.slice(2 + digits.length)) ? digits : undefined;
}
