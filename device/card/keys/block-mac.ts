/* Block chaining and padding that both families of card cryptograms share. */
import { type Bytes, concat } from "../../base/bytes.ts";
import type { CipherSuite, SecretKey } from "../../crypto/face.ts";

/** Symmetric algorithm of a card: triple DES with 8-byte blocks, or SM4 with 16-byte blocks. */
export type CardAlgorithm = "3des" | "sm4";

export const BLOCK_LENGTH: Readonly<Record<CardAlgorithm, number>> = { "3des": 8, sm4: 16 };

/** Pads with 80 00 …, always: data that already fills its blocks gets a whole further one. */
export function padAlways(data: Bytes, blockLength: number): Bytes {
  const padded = new Uint8Array((Math.floor(data.length / blockLength) + 1) * blockLength);
  padded.set(data);
  padded[data.length] = 0x80;
  return padded;
}

/** Pads with 80 00 … only where the data does not fill its blocks. */
export function padWhenNeeded(data: Bytes, blockLength: number): Bytes {
  return data.length % blockLength === 0 ? data : padAlways(data, blockLength);
}

/** Fills up with zeros to a length. */
export function zeroFill(data: Bytes, length: number): Bytes {
  return data.length >= length ? data : concat(data, new Uint8Array(length - data.length));
}

/** XOR of the two halves. */
export function foldHalves(bytes: Bytes): Bytes {
  const half = bytes.length / 2;
  return bytes.slice(0, half).map((byte, at) => byte ^ (bytes[half + at] ?? 0));
}

/** A single-DES key as the suite takes it: both halves equal. Node's OpenSSL has no single DES of its own. */
export function singleDesKey(suite: CipherSuite, eightBytes: Bytes): SecretKey {
  return suite.secretKey(concat(eightBytes, eightBytes));
}

/** Last block of CBC with zero IV over padded data. A single-DES key makes the 8-byte form single DES. */
export function cbcMacBlock(suite: CipherSuite, algorithm: CardAlgorithm, key: SecretKey): (data: Bytes) => Bytes {
  const length = BLOCK_LENGTH[algorithm];
  const iv = new Uint8Array(length);
  return (data) => {
    const padded = padAlways(data, length);
    const chained = algorithm === "sm4" ? suite.sm4CbcEncrypt(key, iv, padded) : suite.tdesCbcEncrypt(key, iv, padded);
    return chained.slice(-length);
  };
}
