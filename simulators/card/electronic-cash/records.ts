/* The records of a bank application and its file locators. What is signed stands in one record of its own. Spec: JR/T 0025, records. */
import { type Bytes, concat, fromHex, toHex, u8, utf8 } from "../../../device/base/bytes.ts";
import { digitsToBcd } from "../../../device/codec/bcd.ts";
import { buildTlv } from "../../../device/codec/tlv.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import { type CertificateKind, RSA_EXPONENT, rsaCardCertificate, smCardCertificate } from "../../crypto/certificates.ts";
import type { CardFaults } from "../state.ts";
import { DYNAMIC_LIST, FIRST_LIST, listBytes, SECOND_LIST } from "./dol.ts";
import type { BankCertificates, ElectronicCashData } from "./state.ts";

/** Which application profile: the record groups that the terminal is told to read. */
export interface Locators {
  readonly path: "quick" | "full";
  readonly kind: CertificateKind;
  /** Over contacts: whether the payment is one of electronic cash. */
  readonly cash: boolean;
}

/** Short file identifiers. */
const SFI = { general: 1, signed: 2, sm: 3, rsa: 4, last: 5 } as const;

/** The record whose answer commits a quick payment. */
export const LAST_RECORD = { sfi: SFI.last, record: 1 } as const;

const EXPIRED = "1221";

/** Application interchange profile: what the card can do, the same on both interfaces because the signatures cover it. */
export function interchangeProfile(data: ElectronicCashData): Bytes {
  const ability = { dynamic: 0x7c, static: 0x5c, none: 0x1c } as const;
  return Uint8Array.of(ability[data.authentication], 0x00);
}

export function accountNumber(data: Pick<ElectronicCashData, "pan">): Bytes {
  return digitsToBcd(data.pan);
}

/** Tag 57: account number, D, expiry, service code, discretionary data, filled with F. */
export function trackTwo(data: ElectronicCashData): Bytes {
  const digits = `${data.pan}d${data.expiryDate.slice(0, 4)}20100000`;
  return fromHex(digits.length % 2 === 0 ? digits : `${digits}f`);
}

/** Inside of the signed record. */
export function signedContent(data: ElectronicCashData): Bytes {
  const { issuerActionCodes: codes } = data;
  return concat(
    buildTlv(0x5a, accountNumber(data)),
    buildTlv(0x5f34, fromHex(data.panSequence)),
    buildTlv(0x5f24, fromHex(data.expiryDate)),
    buildTlv(0x5f25, fromHex(data.effectiveDate)),
    buildTlv(0x5f28, fromHex("0156")),
    buildTlv(0x9f07, fromHex(data.usageControl)),
    buildTlv(0x9f08, fromHex("0030")),
    buildTlv(0x8e, fromHex(data.verificationListHex)),
    buildTlv(0x9f0d, fromHex(codes.default)),
    buildTlv(0x9f0e, fromHex(codes.denial)),
    buildTlv(0x9f0f, fromHex(codes.online)),
    buildTlv(0x9f4a, Uint8Array.of(0x82)),
  );
}

/** What the issuer signs: the signed record without its template, then the interchange profile. */
export function staticData(data: ElectronicCashData): Bytes {
  return concat(signedContent(data), interchangeProfile(data));
}

/** Fixed inside of {@link LAST_RECORD}; the data of one payment come behind it. */
export function lastContent(): Bytes {
  return buildTlv(0x5f20, utf8("TEST/CARDHOLDER"));
}

function spoiledEnd(bytes: Bytes): Bytes {
  return bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 0xff : byte));
}

/** The certificates as the card gives them out, with the breaches that a user switched on. */
function shownCertificates(
  suite: CipherSuite,
  data: ElectronicCashData,
  shown: { readonly kind: CertificateKind; readonly faults: CardFaults },
): BankCertificates | undefined {
  const { kind, faults } = shown;
  const good = data.certificates[kind];
  if (good === undefined) return undefined;
  let { issuerHex, cardHex, cardRemainderHex } = good;
  if (faults.expiredCertificate === true) {
    const terms = { pan: data.pan, expiry: EXPIRED, compressed: data.compressedKeys };
    const made =
      kind === "sm"
        ? { certificate: smCardCertificate(suite, terms, staticData(data)), remainder: new Uint8Array(0) }
        : rsaCardCertificate(terms, data.rsaSignatureLength, staticData(data));
    [cardHex, cardRemainderHex] = [toHex(made.certificate), toHex(made.remainder)];
  }
  if (faults.wrongIssuerCertificate === true) issuerHex = toHex(spoiledEnd(fromHex(issuerHex)));
  if (faults.wrongCardCertificate === true) cardHex = toHex(spoiledEnd(fromHex(cardHex)));
  return { ...good, issuerHex, cardHex, cardRemainderHex };
}

function certificateRecord(certificates: BankCertificates, record: number): Bytes | undefined {
  const rsa = certificates.issuerRemainderHex !== "";
  const exponent = (tag: number): Bytes => (rsa ? buildTlv(tag, RSA_EXPONENT) : new Uint8Array(0));
  const remainder = (tag: number, hex: string): Bytes => (hex === "" ? new Uint8Array(0) : buildTlv(tag, fromHex(hex)));
  switch (record) {
    case 1:
      return concat(
        buildTlv(0x8f, u8(certificates.authorityIndex)),
        buildTlv(0x90, fromHex(certificates.issuerHex)),
        exponent(0x9f32),
        remainder(0x92, certificates.issuerRemainderHex),
      );
    case 2:
      return concat(buildTlv(0x9f46, fromHex(certificates.cardHex)), exponent(0x9f47), remainder(0x9f48, certificates.cardRemainderHex));
    case 3:
      return buildTlv(0x93, fromHex(certificates.staticSignatureHex));
    default:
      return undefined;
  }
}

function generalRecord(data: ElectronicCashData, record: number): Bytes | undefined {
  switch (record) {
    case 1:
      return concat(buildTlv(0x57, trackTwo(data)), buildTlv(0x5f20, utf8("TEST/CARDHOLDER")), buildTlv(0x9f63, utf8(`${data.pan.slice(0, 8)}00000156`)));
    case 2:
      return concat(buildTlv(0x8c, listBytes(FIRST_LIST)), buildTlv(0x8d, listBytes(SECOND_LIST)), buildTlv(0x9f49, listBytes(DYNAMIC_LIST)));
    case 3:
      return buildTlv(0x9f74, utf8("ECC001"));
    default:
      return undefined;
  }
}

/** A record's inside as the card maker put it in; undefined where there is none. Not for {@link LAST_RECORD}, which exists inside one payment only. */
export function personalizedRecord(
  suite: CipherSuite,
  data: ElectronicCashData,
  wanted: { readonly sfi: number; readonly record: number; readonly faults: CardFaults },
): Bytes | undefined {
  const { sfi, record, faults } = wanted;
  if (sfi === SFI.general) return generalRecord(data, record);
  if (sfi === SFI.signed) return record === 1 ? signedContent(data) : undefined;
  if (sfi !== SFI.sm && sfi !== SFI.rsa) return undefined;
  const certificates = shownCertificates(suite, data, { kind: sfi === SFI.sm ? "sm" : "rsa", faults });
  return certificates === undefined ? undefined : certificateRecord(certificates, record);
}

function locator(sfi: number, range: readonly [first: number, last: number, signed: number]): Bytes {
  return Uint8Array.of(sfi << 3, ...range);
}

/** Application file locator (94). The last record of a quick payment stands at its end. */
export function fileLocator(data: ElectronicCashData, wanted: Locators): Bytes {
  const { authentication } = data;
  const parts = wanted.path === "quick" ? [locator(SFI.general, [1, 1, 0])] : [locator(SFI.general, [1, wanted.cash ? 3 : 2, 0])];
  parts.push(locator(SFI.signed, [1, 1, authentication === "none" ? 0 : 1]));
  const certificates = wanted.kind === "sm" ? SFI.sm : SFI.rsa;
  if (authentication === "dynamic") parts.push(locator(certificates, [1, 2, 0]));
  if (authentication === "static") parts.push(locator(certificates, [1, 1, 0]), locator(certificates, [3, 3, 0]));
  if (wanted.path === "quick") parts.push(locator(SFI.last, [1, 1, 0]));
  return concat(...parts);
}
