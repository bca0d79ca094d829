/*
 * Goal: a card that was not made by its issuer, or that did not sign this very sale, is never taken for one that did.
 * Method: the chain authority, issuer, card, signature, each link checked with the key of the one above. Verified certificates are kept by
 * their bytes, so that a card of a known issuer costs one signature less and a returning card two; dates and revocations are asked each time.
 * Spec: JR/T 0025, offline data authentication.
 */
import { type Bytes, concat, EMPTY, equalBytes, toHex } from "../../base/bytes.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import type { AuthoritySet, VerifyingKey } from "./authorities.ts";
import {
  type CertificateParts,
  type CertificateSubject,
  type CertifiedKey,
  openCertificate,
  openDynamicSignature,
  openStaticSignature,
} from "./certificates.ts";
import { accountNumberOf } from "./data.ts";
import type { CardData } from "./types.ts";

/** Verified certificates that are kept: of issuers, and of cards. */
export const CERTIFICATES_MAX = { issuer: 64, card: 512 } as const;

export type AuthenticationFailure =
  /** The card offers no way that we know. */
  | "not-offered"
  | "data-missing"
  | "static-list-wrong"
  | "authority-unknown"
  | "authority-expired"
  | "issuer-certificate-wrong"
  | "issuer-certificate-expired"
  | "issuer-certificate-revoked"
  | "issuer-mismatch"
  | "card-certificate-wrong"
  | "card-certificate-expired"
  | "card-number-mismatch"
  | "signature-wrong";

export type Authentication =
  | {
      readonly kind: "verified";
      readonly method: "static" | "dynamic";
      readonly algorithm: "sm" | "rsa";
      /** Version of a quick payment's signature; absent elsewhere. */
      readonly signatureVersion?: 0 | 1;
    }
  | { readonly kind: "failed"; readonly method: "static" | "dynamic" | "none"; readonly why: AuthenticationFailure };

export interface AuthenticationPorts {
  readonly suite: CipherSuite;
  readonly authorities: AuthoritySet;
  readonly certificates: CertificateCache;
  /** The authority's list of issuer certificates that must not be used any more. */
  readonly isRevoked: (certificate: { readonly rid: string; readonly index: number; readonly serial: string }) => boolean;
}

/** Everything that the card has said, and the day. */
export interface AuthenticationMaterial {
  readonly applicationId: string;
  readonly interchangeProfile: Bytes;
  readonly data: CardData;
  readonly signedBytes: Bytes;
  /** What the card signs besides its own data: the terminal's part, and the version of a quick payment's signature. */
  readonly terminalData?: { readonly bytes: Bytes; readonly version?: 0 | 1 };
  /** YYYYMMDD. */
  readonly today: string;
}

const STATIC_OFFERED = 0x40;
const DYNAMIC_OFFERED = 0x20;
const INTERCHANGE_PROFILE_TAG = 0x82;
const SM_ISSUER_FORMAT = 0x12;

/** Verified certificates by their bytes, the least recently used forgotten first. */
export class CertificateCache {
  readonly #kept: Readonly<Record<CertificateSubject, Map<string, CertifiedKey>>> = { issuer: new Map(), card: new Map() };

  /** The certified key, verified now or before; undefined when it is not good, which is never kept. */
  take(subject: CertificateSubject, name: string, verify: () => CertifiedKey | undefined): CertifiedKey | undefined {
    const kept = this.#kept[subject];
    const known = kept.get(name);
    kept.delete(name);
    const key = known ?? verify();
    if (key === undefined) return undefined;
    if (kept.size >= CERTIFICATES_MAX[subject]) {
      const [oldest] = kept.keys();
      if (oldest !== undefined) kept.delete(oldest);
    }
    kept.set(name, key);
    return key;
  }
}

/** How the card wants to be authenticated, by its interchange profile. */
export function authenticationMethod(interchangeProfile: Bytes): "static" | "dynamic" | "none" {
  const [first = 0] = interchangeProfile;
  if ((first & DYNAMIC_OFFERED) !== 0) return "dynamic";
  return (first & STATIC_OFFERED) !== 0 ? "static" : "none";
}

/** The whole check. Never throws on bytes of the card. */
export function authenticateCard(ports: AuthenticationPorts, material: AuthenticationMaterial): Authentication {
  const method = authenticationMethod(material.interchangeProfile);
  const chain = openChain(ports, material, method);
  if (typeof chain === "string") return { kind: "failed", method, why: chain };
  const why = method === "static" ? checkStatic(ports, material, chain) : checkDynamic(ports, material, chain);
  if (why !== undefined || method === "none") return { kind: "failed", method, why: why ?? "not-offered" };
  const version = material.terminalData?.version;
  return {
    kind: "verified",
    method,
    algorithm: chain.issuer.key.kind,
    ...(method === "dynamic" && version !== undefined ? { signatureVersion: version } : {}),
  };
}

/**
 * As much as can be told before the card commits, when not everything has been read: the reason why the whole check will fail, or
 * undefined. It also fills the cache, so that less is left to do afterwards.
 */
export function foreseeFailure(ports: AuthenticationPorts, material: AuthenticationMaterial): AuthenticationFailure | undefined {
  const chain = openChain(ports, material, authenticationMethod(material.interchangeProfile));
  return typeof chain === "string" ? chain : undefined;
}

interface Chain {
  readonly issuer: CertifiedKey;
  /** The card's own key; undefined with static signatures, which need none. */
  readonly card: CertifiedKey | undefined;
}

function openChain(ports: AuthenticationPorts, material: AuthenticationMaterial, method: "static" | "dynamic" | "none"): Chain | AuthenticationFailure {
  if (method === "none") return "not-offered";
  const list = material.data.get(0x9f4a);
  if (list !== undefined && !equalBytes(list, Uint8Array.of(INTERCHANGE_PROFILE_TAG))) return "static-list-wrong";
  const issuer = openIssuer(ports, material);
  if (typeof issuer === "string") return issuer;
  if (method === "static") return { issuer: issuer.key, card: undefined };
  const card = openCard(ports, material, issuer);
  return typeof card === "string" ? card : { issuer: issuer.key, card };
}

interface NamedIssuer {
  readonly key: CertifiedKey;
  readonly name: string;
}

function openIssuer(
  { suite, authorities, certificates, isRevoked }: AuthenticationPorts,
  material: AuthenticationMaterial,
): NamedIssuer | AuthenticationFailure {
  const { data, today } = material;
  const [index] = data.get(0x8f) ?? [];
  const certificate = data.get(0x90);
  if (index === undefined || certificate === undefined) return "data-missing";
  const rid = material.applicationId.slice(0, 10);
  // An SM2 certificate is readable, an RSA one is not: an authority of the wrong family would refuse it anyway.
  const preferred = certificate[0] === SM_ISSUER_FORMAT ? "sm" : "rsa";
  const authority = authorities.find({ rid, index, kind: preferred }) ?? authorities.find({ rid, index, kind: preferred === "sm" ? "rsa" : "sm" });
  if (authority === undefined) return "authority-unknown";
  if (authority.expiryDate < today) return "authority-expired";
  const parts: CertificateParts = { certificate, remainder: data.get(0x92), exponent: data.get(0x9f32) };
  const name = `${authority.key.kind}:${rid}:${index}:${nameOf(suite, parts, EMPTY)}`;
  const key = certificates.take("issuer", name, () => openCertificate({ suite, signer: authority.key }, "issuer", { ...parts, covered: EMPTY }));
  if (key === undefined) return "issuer-certificate-wrong";
  if (!isValidUntil(key.expiry, today)) return "issuer-certificate-expired";
  if (isRevoked({ rid, index, serial: key.serial })) return "issuer-certificate-revoked";
  const accountNumber = accountNumberOf(data);
  return accountNumber !== undefined && !accountNumber.startsWith(key.digits) ? "issuer-mismatch" : { key, name };
}

function openCard({ suite, certificates }: AuthenticationPorts, material: AuthenticationMaterial, issuer: NamedIssuer): CertifiedKey | AuthenticationFailure {
  const { data, today } = material;
  const certificate = data.get(0x9f46);
  if (certificate === undefined) return "data-missing";
  const parts: CertificateParts = { certificate, remainder: data.get(0x9f48), exponent: data.get(0x9f47) };
  const covered = staticDataOf(material, issuer.key.key.kind);
  const key = certificates.take("card", `${issuer.name}:${nameOf(suite, parts, covered)}`, () =>
    openCertificate({ suite, signer: issuer.key.key }, "card", { ...parts, covered }),
  );
  if (key === undefined) return "card-certificate-wrong";
  if (!isValidUntil(key.expiry, today)) return "card-certificate-expired";
  const accountNumber = accountNumberOf(data);
  return accountNumber !== undefined && accountNumber !== key.digits ? "card-number-mismatch" : key;
}

function nameOf(suite: CipherSuite, { certificate, remainder = EMPTY, exponent = EMPTY }: CertificateParts, covered: Bytes): string {
  // Lengths in front: other parts that join to the same bytes must not share a name.
  const lengths = Uint8Array.from([certificate.length, remainder.length, exponent.length].flatMap((length) => [length >>> 8, length & 0xff]));
  return toHex(suite.sm3(lengths, certificate, remainder, exponent, covered));
}

/**
 * Records that certificates cover, then the interchange profile: always with SM2, and where the card lists it (9F4A) with RSA.
 * Spec: JR/T 0025, static data to be authenticated.
 */
function staticDataOf({ data, signedBytes, interchangeProfile }: AuthenticationMaterial, family: "sm" | "rsa"): Bytes {
  return family === "sm" || data.has(0x9f4a) ? concat(signedBytes, interchangeProfile) : signedBytes;
}

function checkStatic({ suite }: AuthenticationPorts, material: AuthenticationMaterial, chain: Chain): AuthenticationFailure | undefined {
  const signature = material.data.get(0x93);
  if (signature === undefined || accountNumberOf(material.data) === undefined) return "data-missing";
  const code = openStaticSignature({ suite, signer: chain.issuer.key }, signature, staticDataOf(material, chain.issuer.key.kind));
  return code === undefined ? "signature-wrong" : undefined;
}

function checkDynamic({ suite }: AuthenticationPorts, material: AuthenticationMaterial, chain: Chain): AuthenticationFailure | undefined {
  const signature = material.data.get(0x9f4b);
  const signer: VerifyingKey | undefined = chain.card?.key;
  if (signature === undefined || material.terminalData === undefined || signer === undefined) return "data-missing";
  if (accountNumberOf(material.data) === undefined) return "data-missing";
  return openDynamicSignature({ suite, signer }, signature, material.terminalData.bytes) === undefined ? "signature-wrong" : undefined;
}

/** Certificates are good to the end of the month MMYY. */
function isValidUntil(expiry: string, today: string): boolean {
  if (!/^(?:0[1-9]|1[0-2])\d{2}$/.test(expiry)) return false;
  const century = Number(expiry.slice(2)) < 50 ? "20" : "19";
  return today.slice(0, 6) <= `${century}${expiry.slice(2)}${expiry.slice(0, 2)}`;
}

/**
 * The terminal's part of a quick payment's signature: its random number, and in version 01 amount, currency and the card's 9F69 too.
 * Undefined when the card was not sent what it has to sign. Spec: JR/T 0025, quick debit and credit, fDDA.
 */
export function quickTerminalData(sent: ReadonlyMap<number, Bytes>, data: CardData): { readonly bytes: Bytes; readonly version: 0 | 1 } | undefined {
  const random = sent.get(0x9f37);
  if (random === undefined) return undefined;
  const card = data.get(0x9f69);
  // Byte 4, bit 8 of the qualifiers: the card was told that version 01 is understood.
  const version = ((sent.get(0x9f66)?.[3] ?? 0) & 0x80) !== 0 && card?.[0] === 0x01 ? 1 : 0;
  if (version === 0 || card === undefined) return { bytes: random, version: 0 };
  const amount = sent.get(0x9f02);
  const currency = sent.get(0x5f2a);
  return amount === undefined || currency === undefined ? undefined : { bytes: concat(random, amount, currency, card), version };
}
