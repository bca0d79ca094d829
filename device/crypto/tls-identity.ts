/*
 * Goal: the line to the broker is the terminal's own: its key is made here and never leaves, and no certificate is used that belongs to another key.
 * Method: EC P-256, which brokers and their libraries know, and a PKCS#10 request written by hand: a request is eight objects, and no program
 * has to be found, started and given a key for it. Spec: RFC 2986, 4. Spec: RFC 5480, 2.1.1.
 */
import { createHash, createPrivateKey, createPublicKey, createSign, generateKeyPairSync, X509Certificate } from "node:crypto";
import { type Bytes, concat, fromHex, toHex, u8, u16be, utf8 } from "../base/bytes.ts";

const SEQUENCE = 0x30;
const SET = 0x31;
const BIT_STRING = 0x03;
const UTF8_STRING = 0x0c;
const ATTRIBUTES = 0xa0;
const VERSION_0 = fromHex("020100");
/** 2.5.4.3 */
const COMMON_NAME = fromHex("0603550403");
/** 1.2.840.10045.4.3.2 */
const ECDSA_SHA256 = fromHex("06082a8648ce3d040302");

function lengthOf(size: number): Bytes {
  if (size < 0x80) return u8(size);
  return size <= 0xff ? concat(u8(0x81), u8(size)) : concat(u8(0x82), u16be(size));
}

function der(tag: number, ...contents: readonly Bytes[]): Bytes {
  const body = concat(...contents);
  return concat(u8(tag), lengthOf(body.length), body);
}

/** A new private key, PKCS#8 in PEM. */
export function makeTlsKey(): string {
  return generateKeyPairSync("ec", {
    namedCurve: "prime256v1",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  }).privateKey;
}

/** A PKCS#10 request for `commonName`, signed with the key: that is the proof of possession. */
export function certificateRequest(keyPem: string, commonName: string): Bytes {
  const key = createPrivateKey(keyPem);
  const publicKey = new Uint8Array(createPublicKey(keyPem).export({ type: "spki", format: "der" }));
  const subject = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, utf8(commonName)))));
  const info = der(SEQUENCE, VERSION_0, subject, publicKey, der(ATTRIBUTES));
  const signature = new Uint8Array(createSign("sha256").update(info).sign(key));
  return der(SEQUENCE, info, der(SEQUENCE, ECDSA_SHA256), der(BIT_STRING, u8(0), signature));
}

/** What a terminal wants to know of a certificate before it relies on it. */
export interface CertificateFacts {
  readonly commonName: string | undefined;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SHA-256 of its DER, 64 hexadecimal digits: its name in messages. */
  readonly fingerprint: string;
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    // Whatever the library dislikes about text from outside is one answer: no certificate.
    return undefined;
  }
}

/** The first certificate in a PEM text; undefined when there is none that can be read. Never throws. */
export function certificateFacts(pem: string): CertificateFacts | undefined {
  const certificate = readCertificate(pem);
  if (certificate === undefined) return undefined;
  return {
    commonName: /(?:^|\n)CN=([^\n]*)/.exec(certificate.subject)?.[1],
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    fingerprint: toHex(new Uint8Array(createHash("sha256").update(certificate.raw).digest())),
  };
}

const PEM_CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/** Common names of all certificates in a PEM text, for a list of authorities is trusted as a whole. Never throws. */
export function commonNamesIn(pem: string): readonly string[] {
  return (pem.match(PEM_CERTIFICATE) ?? []).flatMap((each) => certificateFacts(each)?.commonName ?? []);
}

/** Whether a certificate was made for this key by that authority. Never throws. */
export function isCertificateOf(pem: string, { keyPem, authorityPem }: { readonly keyPem: string; readonly authorityPem: string }): boolean {
  const certificate = readCertificate(pem);
  const authority = readCertificate(authorityPem);
  if (certificate === undefined || authority === undefined) return false;
  return certificate.checkPrivateKey(createPrivateKey(keyPem)) && certificate.verify(authority.publicKey);
}
