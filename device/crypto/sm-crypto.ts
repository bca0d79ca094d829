/*
 * Second provider, over the JavaScript package sm-crypto: it takes over where the first fails its self-test, and is the oracle that the
 * first is compared with. The package answers wrong input with silence (unknown modes mean ECB, odd lengths are cut, bad digits are zero,
 * one scalar makes it search for ever), so nothing reaches it unchecked, and nonces come from node:crypto instead of its own generator.
 */
import { randomBytes } from "node:crypto";
import smCrypto from "sm-crypto";
import { assert } from "../base/assert.ts";
import { type Bytes, fromHex, toHex } from "../base/bytes.ts";
import { tripleDes } from "./block-cipher.ts";
import { checkBlocks, joined, SM4_BLOCK } from "./checks.ts";
import { type CipherSuite, type SecretKey, SM2_DEFAULT_IDENTITY, type Sm2PublicKey } from "./face.ts";
import { makeSecretKey, makeSm2PrivateKey, makeSm2PublicKey, openSecretKey, scalarOf } from "./keys.ts";
import { checkScalar, identityInput, isNonce, isSignatureShape, readPoint, SCALAR_LENGTH } from "./sm2-format.ts";

const { sm2, sm3, sm4 } = smCrypto;

/** A candidate misses the range about once in 2^32 draws. */
const NONCE_DRAWS_MAX = 16;

function keyBytes(key: SecretKey): readonly number[] {
  return [...openSecretKey(key).export()];
}

function runSm4(direction: "encrypt" | "decrypt", key: SecretKey, data: { readonly blocks: Bytes; readonly iv?: Bytes }): Bytes {
  checkBlocks(SM4_BLOCK, data.blocks, data.iv);
  const mode = data.iv === undefined ? {} : { mode: "cbc" as const, iv: [...data.iv] };
  return Uint8Array.from(sm4[direction]([...data.blocks], keyBytes(key), { padding: "none", output: "array", ...mode }));
}

function drawNonce(): Bytes {
  for (let draw = 0; draw < NONCE_DRAWS_MAX; draw += 1) {
    const candidate = new Uint8Array(randomBytes(SCALAR_LENGTH));
    if (isNonce(candidate)) return candidate;
  }
  assert(false, "random bytes of the system are random");
}

type BigIntegerClass = ReturnType<typeof sm2.getPoint>["k"]["constructor"];

/** The nonce and x of its point, in the package's own number class. The package makes the pair of k from the digits of k - 1. */
function drawNoncePoint(Integer: BigIntegerClass): ReturnType<typeof sm2.getPoint> {
  const digits = (BigInt(`0x${toHex(drawNonce())}`) - 1n).toString(16);
  const pair = sm2.generateKeyPairHex(digits, 16);
  return { k: new Integer(pair.privateKey, 16), x1: new Integer(pair.publicKey.slice(2, 66), 16) };
}

function publicHex(key: Sm2PublicKey): string {
  return `04${toHex(key.point)}`;
}

function signer(): CipherSuite["sm2Sign"] {
  // The package gives its number class out only through a point, which takes a multiplication: done at the first signature, once.
  let integerClass: BigIntegerClass | undefined;
  return (key, message, identity = SM2_DEFAULT_IDENTITY) => {
    // Called for its checks: the package takes any identity.
    identityInput(identity, key.publicKey.point);
    integerClass ??= sm2.getPoint().k.constructor;
    const options = { pointPool: [drawNoncePoint(integerClass)], hash: true as const, publicKey: publicHex(key.publicKey), userId: identity };
    return fromHex(sm2.doSignature([...message], toHex(scalarOf(key)), options));
  };
}

function sm2Verify(key: Sm2PublicKey, message: Bytes, signature: Bytes, identity = SM2_DEFAULT_IDENTITY): boolean {
  if (!isSignatureShape(signature)) return false;
  identityInput(identity, key.point);
  return sm2.doVerifySignature([...message], toHex(signature), publicHex(key), { hash: true, userId: identity });
}

export function smCryptoSuite(): CipherSuite {
  return {
    provider: "sm-crypto",
    secretKey: makeSecretKey,
    sm4DerivedKey: (key, block) => makeSecretKey(runSm4("encrypt", key, { blocks: block })),
    sm3: (...parts) => fromHex(sm3([...joined(parts)])),
    hmacSm3: (key, ...parts) => fromHex(sm3([...joined(parts)], { mode: "hmac", key: keyBytes(key) })),
    sm4Encrypt: (key, blocks) => runSm4("encrypt", key, { blocks }),
    sm4Decrypt: (key, blocks) => runSm4("decrypt", key, { blocks }),
    sm4CbcEncrypt: (key, iv, blocks) => runSm4("encrypt", key, { iv, blocks }),
    sm4CbcDecrypt: (key, iv, blocks) => runSm4("decrypt", key, { iv, blocks }),
    ...tripleDes,
    sm2PrivateKey: (scalar) => {
      checkScalar(scalar);
      return makeSm2PrivateKey(scalar, makeSm2PublicKey(fromHex(sm2.getPublicKeyFromPrivateKey(toHex(scalar)).slice(2))));
    },
    sm2PublicKey: (point) => makeSm2PublicKey(readPoint(point)),
    sm2Sign: signer(),
    sm2Verify,
  };
}
