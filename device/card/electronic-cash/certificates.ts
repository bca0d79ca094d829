/*
 * Certificates and signatures of bank cards, in the two families that exist: SM2 with the signature behind the data, and RSA with the data
 * recovered from the signature. Bytes come from outside; nothing here throws on them. Spec: JR/T 0025, offline data authentication.
 */
import { type Bytes, concat, EMPTY, equalBytes, toHex } from "../../base/bytes.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import { type RsaPublicKey, rsaPublicKey, sha1 } from "../../crypto/rsa.ts";
import { smKey, type VerifyingKey } from "./authorities.ts";

/** Whose key a certificate carries. */
export type CertificateSubject = "issuer" | "card";

/** A certificate as it stands in the card's data objects; remainder and exponent exist with RSA only. */
export interface CertificateParts {
  readonly certificate: Bytes;
  readonly remainder?: Bytes | undefined;
  readonly exponent?: Bytes | undefined;
}

/** What a good certificate says. */
export interface CertifiedKey {
  readonly key: VerifyingKey;
  /** Leading digits of the account number (issuer), or all of them (card). */
  readonly digits: string;
  /** MMYY: good to the end of that month. */
  readonly expiry: string;
  /** 6 hexadecimal digits. */
  readonly serial: string;
}

/** Formats of what is signed: the same numbers, with 10 added in the SM2 family. */
const FORMATS = { issuer: 0x02, card: 0x04, static: 0x03, dynamic: 0x05 } as const;
const SM_FORMAT = 0x10;
/** Quick payments of some RSA cards number their dynamic signature so. */
const QUICK_DYNAMIC_FORMAT = 0x95;
const SUBJECT_LENGTH = { issuer: 4, card: 10 } as const;
const SM_ALGORITHM = 0x04;
const RSA_ALGORITHM = 0x01;
const SIGNATURE_LENGTH = 64;
const HASH_LENGTH = 20;

interface Reader {
  readonly suite: CipherSuite;
  readonly signer: VerifyingKey;
}

/** Verifies a certificate; `covered` is what the signature covers besides it. Undefined when it is not good. */
export function openCertificate(
  { suite, signer }: Reader,
  subject: CertificateSubject,
  parts: CertificateParts & { readonly covered: Bytes },
): CertifiedKey | undefined {
  return signer.kind === "sm" ? openSmCertificate({ suite, signer }, subject, parts) : openRsaCertificate(signer.key, subject, parts);
}

function openSmCertificate(
  { suite, signer }: Reader,
  subject: CertificateSubject,
  parts: CertificateParts & { readonly covered: Bytes },
): CertifiedKey | undefined {
  const { certificate } = parts;
  const at = 1 + SUBJECT_LENGTH[subject];
  const keyAt = at + 9;
  const keyLength = certificate[keyAt - 1] ?? 0;
  const [signatureAlgorithm, keyAlgorithm] = certificate.subarray(at + 5, at + 7);
  const whole = certificate.length === keyAt + keyLength + SIGNATURE_LENGTH;
  if (!whole || certificate[0] !== SM_FORMAT + FORMATS[subject] || signatureAlgorithm !== SM_ALGORITHM || keyAlgorithm !== SM_ALGORITHM) return undefined;
  const digits = digitsOf(certificate.subarray(1, at));
  const body = certificate.subarray(0, keyAt + keyLength);
  if (digits === undefined || signer.kind !== "sm" || !suite.sm2Verify(signer.key, concat(body, parts.covered), certificate.subarray(-SIGNATURE_LENGTH)))
    return undefined;
  const key = smKey(suite, certificate.slice(keyAt, keyAt + keyLength));
  return key === undefined ? undefined : { key, digits, expiry: toHex(certificate.subarray(at, at + 2)), serial: toHex(certificate.subarray(at + 2, at + 5)) };
}

function openRsaCertificate(
  signer: RsaPublicKey,
  subject: CertificateSubject,
  parts: CertificateParts & { readonly covered: Bytes },
): CertifiedKey | undefined {
  const exponent = parts.exponent ?? EMPTY;
  const remainder = parts.remainder ?? EMPTY;
  const data = recovered(signer, parts.certificate, concat(remainder, exponent, parts.covered));
  if (data === undefined || data[0] !== FORMATS[subject]) return undefined;
  const at = 1 + SUBJECT_LENGTH[subject];
  const [hashAlgorithm, keyAlgorithm, keyLength = 0, exponentLength] = data.subarray(at + 5, at + 9);
  const digits = digitsOf(data.subarray(1, at));
  if (digits === undefined || hashAlgorithm !== RSA_ALGORITHM || keyAlgorithm !== RSA_ALGORITHM || exponentLength !== exponent.length) return undefined;
  const room = data.subarray(at + 9);
  const inside = Math.min(room.length, keyLength);
  // What the certificate has no room for stands in the remainder, and there alone.
  if (remainder.length !== keyLength - inside) return undefined;
  const key = rsaPublicKey(concat(room.subarray(0, inside), remainder), exponent);
  return key === undefined
    ? undefined
    : { key: { kind: "rsa", key }, digits, expiry: toHex(data.subarray(at, at + 2)), serial: toHex(data.subarray(at + 2, at + 5)) };
}

/** The data inside an RSA signature, between header 6A and hash, when hash and trailer fit. */
function recovered(signer: RsaPublicKey, signature: Bytes, rest: Bytes): Bytes | undefined {
  const block = signer.recover(signature);
  if (block === undefined || block[0] !== 0x6a || block.at(-1) !== 0xbc) return undefined;
  const data = block.subarray(1, -1 - HASH_LENGTH);
  return equalBytes(sha1(data, rest), block.subarray(-1 - HASH_LENGTH, -1)) ? data : undefined;
}

function digitsOf(bytes: Bytes): string | undefined {
  return /^(\d{3,19})f*$/.exec(toHex(bytes))?.[1];
}

/** Tag 93: what the issuer signed once for all sales. Gives the data authentication code, 2 bytes, or undefined when it is not good. */
export function openStaticSignature({ suite, signer }: Reader, signature: Bytes, covered: Bytes): Bytes | undefined {
  if (signer.kind === "sm") {
    const head = signature.subarray(0, 3);
    const good = signature.length === 3 + SIGNATURE_LENGTH && head[0] === SM_FORMAT + FORMATS.static;
    return good && suite.sm2Verify(signer.key, concat(head, covered), signature.subarray(3)) ? signature.slice(1, 3) : undefined;
  }
  const data = recovered(signer.key, signature, covered);
  return data !== undefined && data[0] === FORMATS.static && data[1] === RSA_ALGORITHM ? data.slice(2, 4) : undefined;
}

/** Tag 9F4B: what the card signed for this terminal and this sale. Gives the card's own dynamic data, or undefined when it is not good. */
export function openDynamicSignature({ suite, signer }: Reader, signature: Bytes, terminalData: Bytes): Bytes | undefined {
  if (signer.kind === "sm") {
    const bodyLength = 2 + (signature[1] ?? 0);
    const good = signature.length === bodyLength + SIGNATURE_LENGTH && signature[0] === SM_FORMAT + FORMATS.dynamic;
    const body = signature.subarray(0, bodyLength);
    return good && suite.sm2Verify(signer.key, concat(body, terminalData), signature.subarray(bodyLength)) ? signature.slice(2, bodyLength) : undefined;
  }
  const data = recovered(signer.key, signature, terminalData);
  const [format, algorithm, length = 0] = data ?? [];
  const known = format === FORMATS.dynamic || format === QUICK_DYNAMIC_FORMAT;
  return data !== undefined && known && algorithm === RSA_ALGORITHM && length <= data.length - 3 ? data.slice(3, 3 + length) : undefined;
}
