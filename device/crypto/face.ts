/* The one face of cryptography. Keys are handles: nothing outside this folder sees key bytes after the handle was made. */
import type { Bytes } from "../base/bytes.ts";

declare const secretKeyBrand: unique symbol;
declare const sm2PrivateKeyBrand: unique symbol;
declare const sm2PublicKeyBrand: unique symbol;

/** A 16-byte symmetric key (SM4, or 3DES with two halves). Prints as stars. */
export interface SecretKey {
  readonly [secretKeyBrand]: true;
}

export interface Sm2PrivateKey {
  readonly [sm2PrivateKeyBrand]: true;
  readonly publicKey: Sm2PublicKey;
}

export interface Sm2PublicKey {
  readonly [sm2PublicKeyBrand]: true;
  /** Uncompressed point without the leading 04: x ‖ y, 64 bytes. */
  readonly point: Bytes;
}

/** User identity of SM2 signatures where nothing else is agreed. Spec: GM/T 0009, 10. */
export const SM2_DEFAULT_IDENTITY = "1234567812345678";

export interface CipherSuite {
  readonly provider: "openssl" | "sm-crypto";
  /** Makes a handle of 16 key bytes and wipes nothing: the caller fills its own copy with zeros. */
  secretKey(key: Bytes): SecretKey;
  /** A key derived as a whole number of blocks stays a handle: E_K(data) used as the next key. */
  sm4DerivedKey(key: SecretKey, block: Bytes): SecretKey;
  sm3(...parts: readonly Bytes[]): Bytes;
  hmacSm3(key: SecretKey, ...parts: readonly Bytes[]): Bytes;
  /** ECB over whole 16-byte blocks. */
  sm4Encrypt(key: SecretKey, blocks: Bytes): Bytes;
  sm4Decrypt(key: SecretKey, blocks: Bytes): Bytes;
  /** CBC over whole 16-byte blocks; no padding is added or removed. */
  sm4CbcEncrypt(key: SecretKey, iv: Bytes, blocks: Bytes): Bytes;
  sm4CbcDecrypt(key: SecretKey, iv: Bytes, blocks: Bytes): Bytes;
  /** Two-key triple DES, ECB over whole 8-byte blocks. */
  tdesEncrypt(key: SecretKey, blocks: Bytes): Bytes;
  tdesDecrypt(key: SecretKey, blocks: Bytes): Bytes;
  /** Two-key triple DES, CBC over whole 8-byte blocks. A key with two equal halves makes it single DES. */
  tdesCbcEncrypt(key: SecretKey, iv: Bytes, blocks: Bytes): Bytes;
  sm2PrivateKey(scalar: Bytes): Sm2PrivateKey;
  /** Point x ‖ y (64 bytes, 65 with the leading 04, or 33 compressed). Faults: "crypto-input" when it is not on the curve. */
  sm2PublicKey(point: Bytes): Sm2PublicKey;
  /** Signature r ‖ s (64 bytes) over SM3(Z ‖ message). */
  sm2Sign(key: Sm2PrivateKey, message: Bytes, identity?: string): Bytes;
  /** Never throws on any signature bytes. */
  sm2Verify(key: Sm2PublicKey, message: Bytes, signature: Bytes, identity?: string): boolean;
}
