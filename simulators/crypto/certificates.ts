/*
 * The certificate hierarchy of test bank applications: certification authority, issuer, card; once with SM2 and once with RSA.
 * TEST ONLY: all private keys are published here. Spec: JR/T 0025, offline data authentication.
 */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, concat, fromHex, u8 } from "../../device/base/bytes.ts";
import { digitsToBcd } from "../../device/codec/bcd.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { TEST_RSA_KEYS, TEST_SM2_SCALARS, type TestRsaKey } from "./certificates-keys.ts";
import { rsaLength, rsaRoom, signWithRecovery } from "./certificates-rsa.ts";
import { compressedPoint, signSm2, sm2PointOf, testScalar } from "./certificates-sm2.ts";

/** Which kind of certificates. */
export type CertificateKind = "sm" | "rsa";

/** A root that terminals are told to trust; `expiryDate` is YYYYMMDD. TEST ONLY. */
export type TestAuthority = {
  readonly rid: string;
  readonly index: number;
  readonly expiryDate: string;
  /** Hash of scheme, index and key: SM3 for SM2 keys, SHA-1 for RSA keys. */
  readonly checkHex: string;
} & ({ readonly kind: "sm"; readonly pointHex: string } | { readonly kind: "rsa"; readonly modulusHex: string; readonly exponentHex: string });

export const TEST_RID = "a000000333";
export const TEST_SM_AUTHORITY_INDEX = 0xf1;
export const TEST_RSA_AUTHORITY_INDEX = 0xf2;
/** Every RSA key of the tests has the exponent 3. */
export const RSA_EXPONENT: Bytes = Uint8Array.of(0x03);

/** Public keys of the test certification authority. A terminal in the field must hold none of them. */
export const TEST_CERTIFICATION_AUTHORITIES: readonly TestAuthority[] = [
  {
    kind: "sm",
    rid: TEST_RID,
    index: TEST_SM_AUTHORITY_INDEX,
    expiryDate: "20491231",
    checkHex: "364969ef28bed69992d60dad837c9cb09465df7e52d7396e7620daeb928396cf",
    pointHex: "56bfeeb62e4a2d10b5a66ec0b9d4c97e4f14e513a2175775a6f6d68a367b5a5a87f5c51360d43a4e8f123c33249e2fff730843393b7d7c6f71c97d09cfc73e07",
  },
  {
    kind: "rsa",
    rid: TEST_RID,
    index: TEST_RSA_AUTHORITY_INDEX,
    expiryDate: "20491231",
    checkHex: "7490d10e6fcac26da932f310ef6d7a25cce0f555",
    modulusHex: TEST_RSA_KEYS.authority.modulusHex,
    exponentHex: "03",
  },
];

/** Signature algorithm and public key algorithm SM2 with SM3, as the certificates name them. */
const SM_ALGORITHM = 0x04;
const CURVE_PARAMETER = 0x00;
/** SHA-1 and RSA, as the certificates name them. */
const RSA_ALGORITHM = 0x01;
const FILLER = 0xbb;

const ISSUER_SERIAL = fromHex("000001");

interface Sm2Key {
  readonly scalar: Bytes;
  readonly point: Bytes;
}

function issuerKey(): Sm2Key {
  const scalar = fromHex(TEST_SM2_SCALARS.issuer);
  return { scalar, point: sm2PointOf(scalar) };
}

/** SM2 private key of a test card, always the same for one account number. */
export function testCardScalar(suite: CipherSuite, pan: string): Bytes {
  return testScalar(suite, `card key ${pan}`);
}

/** RSA key of test cards by the length of their signatures. */
function testCardRsaKey(signatureLength: 128 | 144): TestRsaKey {
  return signatureLength === 128 ? TEST_RSA_KEYS.shortCard : TEST_RSA_KEYS.longCard;
}

/** How a certificate is to be made. */
export interface CertificateTerms {
  /** Account number, 16 to 19 digits. */
  readonly pan: string;
  /** MMYY. */
  readonly expiry: string;
  /** Public keys inside SM2 certificates: x ‖ y, or 33 bytes. */
  readonly compressed: boolean;
}

function embedded(point: Bytes, compressed: boolean): Bytes {
  const key = compressed ? compressedPoint(point) : point;
  return concat(u8(SM_ALGORITHM), u8(SM_ALGORITHM), u8(CURVE_PARAMETER), u8(key.length), key);
}

/** The leftmost eight digits of the account number stand for the issuer. */
function issuerIdentifier(pan: string): Bytes {
  return digitsToBcd(pan.slice(0, 8), 4);
}

/** Tag 90 of an SM2 card: the issuer's key, signed by the authority. */
export function smIssuerCertificate(suite: CipherSuite, terms: CertificateTerms): Bytes {
  const body = concat(u8(0x12), issuerIdentifier(terms.pan), fromHex(terms.expiry), ISSUER_SERIAL, embedded(issuerKey().point, terms.compressed));
  const scalar = fromHex(TEST_SM2_SCALARS.authority);
  return concat(body, signSm2(suite, { scalar, point: sm2PointOf(scalar) }, body));
}

/** Tag 9F46 of an SM2 card: its key, signed by the issuer together with the static data (records, then AIP). */
export function smCardCertificate(suite: CipherSuite, terms: CertificateTerms, staticData: Bytes): Bytes {
  const point = sm2PointOf(testCardScalar(suite, terms.pan));
  const body = concat(u8(0x14), digitsToBcd(terms.pan, 10), fromHex(terms.expiry), fromHex("000002"), embedded(point, terms.compressed));
  return concat(body, signSm2(suite, issuerKey(), concat(body, staticData)));
}

/** Tag 93 of an SM2 card: the static data, signed by the issuer. */
export function smStaticSignature(suite: CipherSuite, authenticationCode: Bytes, staticData: Bytes): Bytes {
  assert(authenticationCode.length === 2, "the data authentication code has two bytes");
  const body = concat(u8(0x13), authenticationCode);
  return concat(body, signSm2(suite, issuerKey(), concat(body, staticData)));
}

/** What a card signs for one terminal: its dynamic data, and what the terminal sent. */
export interface DynamicInput {
  readonly cardData: Bytes;
  readonly terminalData: Bytes;
}

/** Tag 9F4B of an SM2 card. */
export function smDynamicSignature(suite: CipherSuite, scalar: Bytes, input: DynamicInput): Bytes {
  const body = concat(u8(0x15), u8(input.cardData.length), input.cardData);
  return concat(body, signSm2(suite, { scalar, point: sm2PointOf(scalar) }, concat(body, input.terminalData)));
}

/** The parts of an RSA certificate as they stand in the card. */
export interface RsaCertificate {
  /** Tag 90 or 9F46. */
  readonly certificate: Bytes;
  /** Tag 92 or 9F48; empty when the whole key fits the certificate. */
  readonly remainder: Bytes;
}

function filled(data: Bytes, length: number): Bytes {
  const whole = new Uint8Array(length).fill(FILLER);
  whole.set(data);
  return whole;
}

function rsaCertificate(parts: {
  readonly signer: TestRsaKey;
  readonly head: Bytes;
  readonly subject: TestRsaKey;
  readonly staticData: Bytes;
}): RsaCertificate {
  const modulus = fromHex(parts.subject.modulusHex);
  const described = concat(parts.head, u8(RSA_ALGORITHM), u8(RSA_ALGORITHM), u8(modulus.length), u8(RSA_EXPONENT.length));
  const room = rsaRoom(parts.signer) - described.length;
  const remainder = modulus.slice(room);
  const data = concat(described, filled(modulus.slice(0, room), room));
  return { certificate: signWithRecovery(parts.signer, data, concat(remainder, RSA_EXPONENT, parts.staticData)), remainder };
}

/** Tags 90 and 92 of an RSA card. */
export function rsaIssuerCertificate(terms: CertificateTerms): RsaCertificate {
  const head = concat(u8(0x02), issuerIdentifier(terms.pan), fromHex(terms.expiry), ISSUER_SERIAL);
  return rsaCertificate({ signer: TEST_RSA_KEYS.authority, head, subject: TEST_RSA_KEYS.issuer, staticData: new Uint8Array(0) });
}

/** Tags 9F46 and 9F48 of an RSA card. */
export function rsaCardCertificate(terms: CertificateTerms, signatureLength: 128 | 144, staticData: Bytes): RsaCertificate {
  const head = concat(u8(0x04), digitsToBcd(terms.pan, 10), fromHex(terms.expiry), fromHex("000002"));
  return rsaCertificate({ signer: TEST_RSA_KEYS.issuer, head, subject: testCardRsaKey(signatureLength), staticData });
}

/** Tag 93 of an RSA card. */
export function rsaStaticSignature(authenticationCode: Bytes, staticData: Bytes): Bytes {
  const data = filled(concat(Uint8Array.of(0x03, RSA_ALGORITHM), authenticationCode), rsaRoom(TEST_RSA_KEYS.issuer));
  return signWithRecovery(TEST_RSA_KEYS.issuer, data, staticData);
}

/** Tag 9F4B of an RSA card. */
export function rsaDynamicSignature(signatureLength: 128 | 144, input: DynamicInput): Bytes {
  const key = testCardRsaKey(signatureLength);
  assert(input.cardData.length + 3 <= rsaLength(key) - 22, "the card's dynamic data fit the signature");
  const data = filled(concat(Uint8Array.of(0x05, RSA_ALGORITHM), u8(input.cardData.length), input.cardData), rsaRoom(key));
  return signWithRecovery(key, data, input.terminalData);
}
