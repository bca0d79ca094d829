/* Public keys of the certification authorities that a terminal trusts: given in as data, each with an expiry and a check over itself. */
import { type Bytes, concat, equalBytes, fromHex, parseHex, u8 } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import { isCivilDate } from "../../codec/civil-time.ts";
import type { CipherSuite, Sm2PublicKey } from "../../crypto/face.ts";
import { type RsaPublicKey, rsaPublicKey, sha1 } from "../../crypto/rsa.ts";

/** One key as it stands in the terminal's configuration. All values are hexadecimal but the date. */
export type CertificationAuthority = {
  /** Registered identifier of the payment scheme, 10 digits. */
  readonly rid: string;
  /** Tag 8F, 0 to 255. */
  readonly index: number;
  /** YYYYMMDD, the last day of its use. */
  readonly expiryDate: string;
  /** {@link authorityCheck} of this key, 40 digits (SHA-1) with RSA and 64 (SM3) with SM2. */
  readonly checkHex: string;
} & ({ readonly kind: "sm"; readonly pointHex: string } | { readonly kind: "rsa"; readonly modulusHex: string; readonly exponentHex: string });

/** A key that may verify: SM2, or raw RSA. */
export type VerifyingKey = { readonly kind: "sm"; readonly key: Sm2PublicKey } | { readonly kind: "rsa"; readonly key: RsaPublicKey };

/** Why a configured key is not used. */
export type AuthorityRejection = "form" | "check" | "key" | "double";

export interface AuthoritySet {
  /** The key, or undefined when it is not there; whether it has expired is asked with the day of the sale. */
  find(which: {
    readonly rid: string;
    readonly index: number;
    readonly kind: "sm" | "rsa";
  }): { readonly key: VerifyingKey; readonly expiryDate: string } | undefined;
  /** Keys that were not taken, for people; the terminal goes on with the others. */
  readonly rejected: readonly { readonly rid: string; readonly index: number; readonly why: AuthorityRejection }[];
}

type Unchecked = CertificationAuthority extends infer Each ? (Each extends { readonly checkHex: string } ? Omit<Each, "checkHex"> : never) : never;

/** Check over a key: SHA-1 of scheme, index, modulus and exponent; with SM2, SM3 of scheme, index and point. Spec: JR/T 0025, public keys of authorities. */
export function authorityCheck(suite: Pick<CipherSuite, "sm3">, authority: Unchecked): Bytes {
  const head = concat(fromHex(authority.rid), u8(authority.index));
  return authority.kind === "sm" ? suite.sm3(head, fromHex(authority.pointHex)) : sha1(head, fromHex(authority.modulusHex), fromHex(authority.exponentHex));
}

/** Imports the keys that pass their own check. Never throws: a wrong key costs only the cards that need it. */
export function openAuthorities(suite: CipherSuite, authorities: readonly CertificationAuthority[]): AuthoritySet {
  const keys = new Map<string, { readonly key: VerifyingKey; readonly expiryDate: string }>();
  const rejected: { readonly rid: string; readonly index: number; readonly why: AuthorityRejection }[] = [];
  for (const authority of authorities) {
    const name = nameOf(authority);
    const key = keys.has(name) ? "double" : importAuthority(suite, authority);
    if (typeof key === "string") rejected.push({ rid: authority.rid, index: authority.index, why: key });
    else keys.set(name, { key, expiryDate: authority.expiryDate });
  }
  return { find: (which) => keys.get(nameOf(which)), rejected };
}

function nameOf({ rid, index, kind }: { readonly rid: string; readonly index: number; readonly kind: string }): string {
  return `${kind}:${rid.toLowerCase()}:${index}`;
}

function importAuthority(suite: CipherSuite, authority: CertificationAuthority): VerifyingKey | AuthorityRejection {
  const texts = authority.kind === "sm" ? [authority.pointHex] : [authority.modulusHex, authority.exponentHex];
  const wellFormed = /^[0-9a-f]{10}$/i.test(authority.rid) && authority.index >= 0 && authority.index <= 0xff && isCivilDate(authority.expiryDate);
  if (!wellFormed || texts.some((text) => parseHex(text) === undefined)) return "form";
  const check = parseHex(authority.checkHex);
  if (check === undefined || !equalBytes(check, authorityCheck(suite, authority))) return "check";
  if (authority.kind === "sm") return smKey(suite, fromHex(authority.pointHex)) ?? "key";
  const key = rsaPublicKey(fromHex(authority.modulusHex), fromHex(authority.exponentHex));
  return key === undefined ? "key" : { kind: "rsa", key };
}

/** An SM2 key of bytes from outside, or undefined when they are no point of the curve. */
export function smKey(suite: CipherSuite, point: Bytes): VerifyingKey | undefined {
  try {
    return { kind: "sm", key: suite.sm2PublicKey(point) };
  } catch (error) {
    if (isFault(error, "crypto-input")) return undefined;
    throw error;
  }
}
