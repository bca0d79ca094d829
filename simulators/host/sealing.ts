/* Seals, opens, hashes and signs as the protocol's second section says; written from that page for the host's side. */
import { type Bytes, fromHex, parseHex, toHex, utf8 } from "../../device/base/bytes.ts";
import type { Randomness } from "../../device/base/ports.ts";
import type { CipherSuite, SecretKey, Sm2PrivateKey, Sm2PublicKey } from "../../device/crypto/face.ts";
import { canonicalText, type Json } from "./canonical.ts";

export const ALGORITHMS = "SM4-CBC/SM2-SM3";
const BLOCK = 16;

export interface Sealed {
  readonly alg: string;
  readonly kid: string;
  readonly iv: string;
  readonly body: string;
}

/** Keys of one host: its own signing key and the data keys by name. */
export interface HostKeys {
  readonly signing: Sm2PrivateKey;
  readonly dataKeys: ReadonlyMap<string, SecretKey>;
  /** While a host's key is followed by another, each terminal is signed to with the one that it trusts; left out: there is one. */
  signingFor?(tid: string): Sm2PrivateKey | undefined;
}

function pad(plain: Bytes): Bytes {
  const fill = BLOCK - (plain.length % BLOCK);
  const padded = new Uint8Array(plain.length + fill).fill(fill);
  padded.set(plain);
  return padded;
}

function unpad(padded: Bytes): Bytes | undefined {
  const fill = padded.at(-1) ?? 0;
  if (fill < 1 || fill > BLOCK || fill > padded.length) return undefined;
  const wellFormed = padded.subarray(padded.length - fill).every((byte) => byte === fill);
  return wellFormed ? padded.subarray(0, padded.length - fill) : undefined;
}

/** Standard base64 with padding, or undefined. Buffer's own decoder would skip what it does not know. */
export function parseBase64(text: string): Bytes | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined;
  return new Uint8Array(Buffer.from(text, "base64"));
}

export function toBase64(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

export class Sealer {
  readonly #suite: CipherSuite;
  readonly #keys: HostKeys;
  readonly #randomness: Randomness;

  constructor(options: { readonly suite: CipherSuite; readonly keys: HostKeys; readonly randomness: Randomness }) {
    this.#suite = options.suite;
    this.#keys = options.keys;
    this.#randomness = options.randomness;
  }

  /** SM3 as 64 hexadecimal digits. */
  hash(...parts: readonly Bytes[]): string {
    return toHex(this.#suite.sm3(...parts));
  }

  seal(plain: Bytes, kid: string): Sealed | undefined {
    const key = this.#keys.dataKeys.get(kid);
    if (key === undefined) return undefined;
    const iv = this.#randomness.bytes(BLOCK);
    return { alg: ALGORITHMS, kid, iv: toHex(iv), body: toBase64(this.#suite.sm4CbcEncrypt(key, iv, pad(plain))) };
  }

  /** The plaintext, or undefined when the key is not ours or the sealed body is damaged. Never throws. */
  open(sealed: Sealed): Bytes | undefined {
    const key = this.#keys.dataKeys.get(sealed.kid);
    const iv = parseHex(sealed.iv);
    const body = parseBase64(sealed.body);
    if (sealed.alg !== ALGORITHMS || key === undefined || iv?.length !== BLOCK || body === undefined) return undefined;
    if (body.length === 0 || body.length % BLOCK !== 0) return undefined;
    return unpad(this.#suite.sm4CbcDecrypt(key, iv, body));
  }

  /** Signature over the canonical JSON of `members`, for the terminal that they name unless it is said. */
  sign(members: { readonly [key: string]: Json | undefined }, to: Json | undefined = members["tid"]): string {
    const own = typeof to === "string" ? this.#keys.signingFor?.(to) : undefined;
    return toHex(this.#suite.sm2Sign(own ?? this.#keys.signing, utf8(canonicalText(members))));
  }

  /** Whether `signature` (hexadecimal) is the key's over `message`. */
  verify(key: Sm2PublicKey, message: Bytes, signature: string): boolean {
    const bytes = parseHex(signature);
    return bytes?.length === 64 && this.#suite.sm2Verify(key, message, bytes);
  }
}

/** A signature of the right shape that cannot hold; for the fault switch. */
export function spoilSignature(signature: string): string {
  const bytes = fromHex(signature);
  bytes[0] = (bytes[0] ?? 0) ^ 0x01;
  return toHex(bytes);
}
