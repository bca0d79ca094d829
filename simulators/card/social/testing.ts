/* A terminal and an issuer in raw bytes, for tests of the social application: keys and MACs are computed here from Node's ciphers alone. */
import { createCipheriv } from "node:crypto";
import { type Bytes, concat, fromHex, invertBytes, toHex } from "../../../device/base/bytes.ts";
import { type TestKeyName, testRootKey } from "../../crypto/test-keys.ts";
import type { SimulatedCard } from "../card.ts";
import { expectOk, send } from "../testing.ts";

type Algorithm = "3des" | "sm4";

export const SELECTS = {
  environment: "00A404000F7378312E73682EC9E7BBE1B1A3D5CF00",
  df01: "00A4040006D1560000050000",
  df02: "00A4040006D1560000050100",
  df03: "00A4040006D1560000050200",
  medical: "00A4040006D1560000050300",
  df07: "00A4040006D1560000050400",
} as const;

function cipher(algorithm: Algorithm, mode: "ecb" | "cbc", key: Bytes, data: Bytes): Bytes {
  const iv = mode === "ecb" ? null : new Uint8Array(algorithm === "sm4" ? 16 : 8);
  const name = algorithm === "sm4" ? `sm4-${mode}` : mode === "ecb" ? "des-ede3" : "des-ede3-cbc";
  const long = algorithm === "sm4" ? key : key.length === 8 ? concat(key, key, key) : concat(key, key.slice(0, 8));
  const made = createCipheriv(name, long, iv).setAutoPadding(false);
  return Uint8Array.from(Buffer.concat([made.update(data), made.final()]));
}

function filled(data: Bytes, algorithm: Algorithm, first: number, always: boolean): Bytes {
  const block = algorithm === "sm4" ? 16 : 8;
  if (data.length % block === 0 && !always) return data;
  const whole = new Uint8Array((Math.floor(data.length / block) + 1) * block);
  whole.set(data);
  whole[data.length] = first;
  return whole;
}

function folded(bytes: Bytes, words: number): Bytes {
  const length = bytes.length / words;
  return Uint8Array.from({ length }, (_, at) => Array.from({ length: words }).reduce<number>((sum, _each, word) => sum ^ (bytes[word * length + at] ?? 0), 0));
}

/** Somebody who has every key of a card. */
export class Issuer {
  readonly #card: SimulatedCard;
  readonly #algorithm: Algorithm;

  constructor(card: SimulatedCard) {
    this.#card = card;
    this.#algorithm = card.personalization.social.algorithm;
  }

  /** The card's key, down from the published root by province, city and card. */
  key(root: TestKeyName): Bytes {
    const historical = fromHex(this.#card.personalization.historicalHex);
    const text = (digits: string) => Uint8Array.from(digits, (digit) => digit.charCodeAt(0));
    const factors = [concat(text("99"), fromHex("303030307368")), concat(text("990100"), fromHex("7378")), historical.slice(5, 13)];
    return factors.reduce((key, factor) => cipher(this.#algorithm, "ecb", key, concat(factor, invertBytes(factor))), testRootKey(this.#algorithm, root));
  }

  sessionKey(root: TestKeyName, challenge: Bytes): Bytes {
    const block = this.#algorithm === "sm4" ? 16 : 8;
    return cipher(this.#algorithm, "ecb", this.key(root), concat(challenge, new Uint8Array(block)).slice(0, block));
  }

  /** Draws a challenge and proves a key by it; gives the card's status word. */
  prove(id: number, root: TestKeyName): string {
    const raw = expectOk(this.#card, "0084000008");
    const session = this.sessionKey(root, expectOk(this.#card, "0084000008"));
    const whole = cipher(this.#algorithm, "ecb", session, filled(raw, this.#algorithm, 0x00, false));
    const proof = this.#algorithm === "sm4" ? folded(whole, 2) : whole;
    return send(this.#card, `008200${id.toString(16).padStart(2, "0")}10${toHex(proof)}${toHex(raw)}`);
  }

  /** A command with its MAC under a challenge of this length, ready to be sent. */
  secured(root: TestKeyName, header: string, data: string, challengeBytes: 4 | 8 | 16 = 8): string {
    return this.#message(this.sessionKey(root, this.#challenge(challengeBytes)), header, data);
  }

  /** PIN RELOAD with these digits. */
  reload(pin: string): string {
    const session = this.sessionKey("stk", this.#challenge(8));
    const coded = fromHex(pin.length % 2 === 0 ? pin : `${pin}f`);
    const plain = filled(concat(Uint8Array.of(coded.length), coded), this.#algorithm, 0x80, false);
    return this.#message(session, "84240001", toHex(cipher(this.#algorithm, "ecb", session, plain)));
  }

  #challenge(length: number): Bytes {
    return expectOk(this.#card, `00840000${length.toString(16).padStart(2, "0")}`);
  }

  #message(session: Bytes, header: string, data: string): string {
    const length = (data.length / 2 + 4).toString(16).padStart(2, "0");
    const covered = filled(fromHex(`${header}${length}${data}`), this.#algorithm, 0x80, true);
    const last = cipher(this.#algorithm, "cbc", session, covered).slice(this.#algorithm === "sm4" ? -16 : -8);
    const mac = this.#algorithm === "sm4" ? folded(last, 4) : last.slice(0, 4);
    return `${header}${length}${data}${toHex(mac)}`;
  }
}
