/*
 * A certificate authority for terminals: reads their requests, issues and revokes. Its certificates are read by real brokers.
 * Spec: RFC 5280, 4 and 5 (certificates, revocation lists). Spec: RFC 2986, 4 (requests).
 */
import { createHash, createPrivateKey, createPublicKey, createSign, createVerify, generateKeyPairSync } from "node:crypto";
import { isIP } from "node:net";
import { type Bytes, concat, fromHex, toHex, u8, utf8 } from "../../../device/base/bytes.ts";
import type { Randomness } from "../../../device/base/ports.ts";
import { bitString, type DerObject, der, integer, nameOf, octets, oid, pemOf, readDer, sequence, time } from "./der.ts";

const ECDSA_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const AUTHORITY_NAME = "yikatong simulated authority";
const CRITICAL = fromHex("0101ff");
const YEAR_MS = 365 * 86_400_000;
const SERIAL_BYTES = 12;

export interface AuthorityKeys {
  readonly keyPem: string;
  readonly certificatePem: string;
}

export interface IssuedCertificate {
  readonly pem: string;
  /** Number of the certificate, hexadecimal. */
  readonly number: string;
  /** SHA-256 of its DER. */
  readonly fingerprint: string;
  readonly notAfterMs: number;
}

export interface CertificateOrder {
  readonly commonName: string;
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Bytes;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Names of a server; absent: a client's certificate. */
  readonly hosts?: readonly string[];
}

function extension(identifier: Bytes, value: Bytes, critical = false): Bytes {
  return sequence(identifier, ...(critical ? [CRITICAL] : []), octets(value));
}

/** 2.5.29.n */
const extensionId = (number: number) => oid(0x55, 0x1d, number);

function extensionsOf({ hosts }: Pick<CertificateOrder, "hosts">): Bytes {
  const purpose = oid(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, hosts === undefined ? 0x02 : 0x01);
  const names = (hosts ?? []).map((host) => (isIP(host) === 4 ? der(0x87, Uint8Array.from(host.split(".").map(Number))) : der(0x82, utf8(host))));
  return sequence(
    extension(extensionId(0x13), sequence(), true),
    extension(extensionId(0x0f), der(0x03, u8(7), u8(0x80)), true),
    extension(extensionId(0x25), sequence(purpose)),
    ...(names.length === 0 ? [] : [extension(extensionId(0x11), sequence(...names))]),
  );
}

const AUTHORITY_EXTENSIONS = sequence(
  extension(extensionId(0x13), sequence(CRITICAL), true),
  // keyCertSign and cRLSign.
  extension(extensionId(0x0f), der(0x03, u8(1), u8(0x06)), true),
);

function signed(keyPem: string, content: Bytes): Bytes {
  const signature = new Uint8Array(createSign("sha256").update(content).sign(createPrivateKey(keyPem)));
  return sequence(content, ECDSA_SHA256, bitString(signature));
}

function certificate(keyPem: string, order: CertificateOrder & { readonly number: Bytes; readonly extensions: Bytes }): Bytes {
  const { number, commonName, publicKey, notBeforeMs, notAfterMs, extensions } = order;
  const content = sequence(
    der(0xa0, integer(u8(2))),
    integer(number),
    ECDSA_SHA256,
    nameOf(AUTHORITY_NAME),
    sequence(time(notBeforeMs), time(notAfterMs)),
    nameOf(commonName),
    publicKey,
    der(0xa3, extensions),
  );
  return signed(keyPem, content);
}

/** Keys of a new authority, with the certificate that it signs itself. */
export function makeAuthority(randomness: Randomness, nowMs: number): AuthorityKeys {
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "prime256v1",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "der" },
  });
  const order = { commonName: AUTHORITY_NAME, publicKey: new Uint8Array(publicKey), notBeforeMs: nowMs - YEAR_MS, notAfterMs: nowMs + 20 * YEAR_MS };
  const bytes = certificate(privateKey, { ...order, number: concat(u8(1), randomness.bytes(SERIAL_BYTES)), extensions: AUTHORITY_EXTENSIONS });
  return { keyPem: privateKey, certificatePem: pemOf("CERTIFICATE", bytes) };
}

/** A key pair with a certificate, for brokers, hosts and claims: what a terminal never gets made for it. */
export function makeCertified(
  keys: AuthorityKeys,
  randomness: Randomness,
  order: Omit<CertificateOrder, "publicKey">,
): IssuedCertificate & { readonly keyPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "prime256v1",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "der" },
  });
  return { ...issueCertificate(keys, randomness, { ...order, publicKey: new Uint8Array(publicKey) }), keyPem: privateKey };
}

export function issueCertificate(keys: AuthorityKeys, randomness: Randomness, order: CertificateOrder): IssuedCertificate {
  const number = concat(u8(1), randomness.bytes(SERIAL_BYTES));
  const bytes = certificate(keys.keyPem, { ...order, number, extensions: extensionsOf(order) });
  const fingerprint = createHash("sha256").update(bytes).digest("hex");
  return { pem: pemOf("CERTIFICATE", bytes), number: toHex(number), fingerprint, notAfterMs: order.notAfterMs };
}

/** What a request asks a certificate for. */
export interface CertificateRequest {
  readonly publicKey: Bytes;
  /** SHA-256 of the public key: two requests with one key are one machine, or a copy of it. */
  readonly keyHash: string;
}

const P256_HEAD = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

/** Reads a request whose signature holds; undefined for any other bytes. Never throws. */
export function readRequest(request: Bytes): CertificateRequest | undefined {
  const [outer, ...more] = readDer(request) ?? [];
  if (outer?.tag !== 0x30 || more.length > 0) return undefined;
  const [info, algorithm, signature] = readDer(outer.content) ?? [];
  if (info === undefined || algorithm === undefined || signature?.tag !== 0x03 || signature.content[0] !== 0) return undefined;
  if (toHex(algorithm.whole) !== toHex(ECDSA_SHA256)) return undefined;
  const publicKey = publicKeyIn(info);
  if (publicKey === undefined || !holds(publicKey, info.whole, signature.content.subarray(1))) return undefined;
  return { publicKey, keyHash: createHash("sha256").update(publicKey).digest("hex") };
}

function publicKeyIn(info: DerObject): Bytes | undefined {
  const [, , key] = readDer(info.content) ?? [];
  return key !== undefined && toHex(key.whole).startsWith(P256_HEAD) ? Uint8Array.from(key.whole) : undefined;
}

function holds(publicKey: Bytes, content: Bytes, signature: Bytes): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" });
    return createVerify("sha256").update(content).verify(key, signature);
  } catch {
    // A point off the curve, or no signature at all: either way nobody has proved anything.
    return false;
  }
}

/** The list of revoked certificates as brokers read it. */
export function revocationList(keys: AuthorityKeys, numbers: readonly string[], nowMs: number): string {
  const rows = numbers.map((number) => sequence(integer(fromHex(number)), time(nowMs)));
  const content = sequence(
    integer(u8(1)),
    ECDSA_SHA256,
    nameOf(AUTHORITY_NAME),
    time(nowMs - 60_000),
    time(nowMs + YEAR_MS),
    ...(rows.length === 0 ? [] : [sequence(...rows)]),
  );
  return pemOf("X509 CRL", signed(keys.keyPem, content));
}
