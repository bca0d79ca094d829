/*
 * Provider over node:crypto (OpenSSL), the one on the hot path.
 *
 * SM2 works there on one route only. Keys are imported from DER: a pair that Node itself generates signs ECDSA on the SM2 curve.
 * Signatures come from createSign and createVerify over Z ‖ message: the one-shot functions use an empty identity.
 * Both are undocumented, which is why the self-test runs before this provider is used.
 */
import { createECDH, createHash, createHmac, createPrivateKey, createPublicKey, createSign, createVerify, type KeyObject } from "node:crypto";
import { assert } from "../base/assert.ts";
import { type Bytes, concat, fromHex } from "../base/bytes.ts";
import { decryptBlocks, encryptBlocks, tripleDes } from "./block-cipher.ts";
import { type CipherSuite, SM2_DEFAULT_IDENTITY, type Sm2PrivateKey, type Sm2PublicKey } from "./face.ts";
import { identityDigestOf, importedPrivateKey, importedPublicKey, makeSecretKey, makeSm2PrivateKey, makeSm2PublicKey, openSecretKey } from "./keys.ts";
import { checkScalar, identityInput, isSignatureShape, readPoint, signatureFromDer, signatureToDer } from "./sm2-format.ts";

/** SubjectPublicKeyInfo up to the 04 of the point: id-ecPublicKey with the SM2 curve 1.2.156.10197.1.301. */
const PUBLIC_KEY_HEAD = fromHex("3059301306072a8648ce3d020106082a811ccf5501822d03420004");
/** PKCS#8 up to the scalar, and between scalar and point. */
const PRIVATE_KEY_HEAD = fromHex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420");
const PRIVATE_KEY_MIDDLE = fromHex("a14403420004");

function sm3(...parts: readonly Bytes[]): Bytes {
  const hash = createHash("sm3");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

function importPublic(point: Bytes): KeyObject {
  return createPublicKey({ key: Buffer.from(concat(PUBLIC_KEY_HEAD, point)), format: "der", type: "spki" });
}

function importPrivate(scalar: Bytes, point: Bytes): KeyObject {
  const der = Buffer.from(concat(PRIVATE_KEY_HEAD, scalar, PRIVATE_KEY_MIDDLE, point));
  try {
    return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  } finally {
    der.fill(0);
    scalar.fill(0);
  }
}

function pointOf(scalar: Bytes): Bytes {
  const ecdh = createECDH("SM2");
  ecdh.setPrivateKey(scalar);
  return new Uint8Array(ecdh.getPublicKey()).subarray(1);
}

function identityDigest(key: Sm2PublicKey, identity: string): Bytes {
  return identityDigestOf(key, identity, (point) => sm3(identityInput(identity, point)));
}

function sm2Sign(key: Sm2PrivateKey, message: Bytes, identity = SM2_DEFAULT_IDENTITY): Bytes {
  const digest = identityDigest(key.publicKey, identity);
  const privateKey = importedPrivateKey(key, (scalar) => importPrivate(scalar, key.publicKey.point));
  const der = createSign("sm3").update(digest).update(message).sign(privateKey);
  const signature = signatureFromDer(der);
  assert(signature !== undefined, "OpenSSL writes strict DER");
  return signature;
}

function sm2Verify(key: Sm2PublicKey, message: Bytes, signature: Bytes, identity = SM2_DEFAULT_IDENTITY): boolean {
  if (!isSignatureShape(signature)) return false;
  const digest = identityDigest(key, identity);
  return createVerify("sm3").update(digest).update(message).verify(importedPublicKey(key, importPublic), signatureToDer(signature));
}

export function opensslSuite(): CipherSuite {
  return {
    provider: "openssl",
    secretKey: makeSecretKey,
    sm4DerivedKey: (key, block) => makeSecretKey(encryptBlocks({ cipher: "sm4-ecb", key, blocks: block })),
    sm3,
    hmacSm3: (key, ...parts) => {
      const hmac = createHmac("sm3", openSecretKey(key));
      for (const part of parts) hmac.update(part);
      return new Uint8Array(hmac.digest());
    },
    sm4Encrypt: (key, blocks) => encryptBlocks({ cipher: "sm4-ecb", key, blocks }),
    sm4Decrypt: (key, blocks) => decryptBlocks({ cipher: "sm4-ecb", key, blocks }),
    sm4CbcEncrypt: (key, iv, blocks) => encryptBlocks({ cipher: "sm4-cbc", key, iv, blocks }),
    sm4CbcDecrypt: (key, iv, blocks) => decryptBlocks({ cipher: "sm4-cbc", key, iv, blocks }),
    ...tripleDes,
    sm2PrivateKey: (scalar) => {
      checkScalar(scalar);
      return makeSm2PrivateKey(scalar, makeSm2PublicKey(pointOf(scalar)));
    },
    sm2PublicKey: (point) => makeSm2PublicKey(readPoint(point)),
    sm2Sign,
    sm2Verify,
  };
}
