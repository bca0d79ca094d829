/*
 * Goal: a third-generation card proves with a key of its own, SM2, that it is the card that its certificate names.
 * Method: the certificates are read, followed from an authority that the terminal was given down to the card, and the card signs a challenge
 * together with its own identifier and a random number of its own.
 * Deviation: of the certificate application the texts at hand give names alone (ACSE, CHECK_CERT). Every byte here is a layout of this project's own,
 * switched on by `acse: "assumed"` of the card profile, and unconfirmed. Spec: LD/T 6001; GM/T 0009, 10.
 */
import { type Bytes, concat, EMPTY, fromHex, toHex, u8 } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import type { Limits, Randomness } from "../../base/ports.ts";
import { type CommandApdu, command, isOk } from "../../codec/apdu.ts";
import { isCivilDate } from "../../codec/civil-time.ts";
import type { CipherSuite, Sm2PublicKey } from "../../crypto/face.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchange } from "../dialogue.ts";

/** Why a card that has certificates is not believed. */
export type CardSignatureProblem =
  | "certificate-malformed"
  | "authority-unknown"
  | "certificate-wrong"
  | "certificate-not-valid-today"
  | "certificate-of-another-card"
  | "signature-not-made"
  | "signature-wrong";

export type CardSignatureAnswer =
  | { readonly kind: "authentic" }
  /** The card has no certificate file. */
  | { readonly kind: "not-offered" }
  | { readonly kind: "not-authentic"; readonly why: CardSignatureProblem };

/** A key of whoever signs the first certificate, found by its number in the file. */
export interface CardAuthority {
  readonly key: Sm2PublicKey;
  /** YYYYMMDD, the last day of its use. */
  readonly expiryDate: string;
}

export interface CardSignatureContext {
  readonly suite: Pick<CipherSuite, "sm2PublicKey" | "sm2Verify">;
  readonly randomness: Randomness;
  readonly authority: (index: number) => CardAuthority | undefined;
  /** 32 hexadecimal digits, as the card showed it and its internal authentication proved it. */
  readonly cardIdentifier: string;
  /** YYYYMMDD. */
  readonly today: string;
}

const CERTIFICATE_FILE = Uint8Array.of(0xef, 0x0c);
const FILE_NOT_FOUND = 0x6a82;
/** Number of the authority, number of certificates. */
const FILE_HEAD = 2;
const CHAIN_MAX = 3;
const PART_LENGTH = 0x80;
const CHALLENGE_LENGTH = 16;
const CARD_RANDOM_LENGTH = 8;
const SIGNATURE_LENGTH = 64;
const SIGN_COMMAND = "00 88 00 20";
/** What stands in front of everything that a card signs here, so that no other signature of its key can be one of these. */
const PROOF_FORM = 0x03;

/** What a certificate is for: the next certificate, or a card. */
const CERTIFICATE_KINDS = { authority: 0x01, card: 0x02 } as const;
const SUBJECT_AT = 1;
const FROM_AT = 17;
const TO_AT = 21;
const KEY_AT = 29;
const BODY_LENGTH = KEY_AT + 64;
const CERTIFICATE_LENGTH = BODY_LENGTH + SIGNATURE_LENGTH;

/** One certificate as it stands on the card; nothing of it is proved. */
export interface CardCertificate {
  readonly kind: keyof typeof CERTIFICATE_KINDS;
  /** 32 hexadecimal digits: the card's identifier, or the authority's name. */
  readonly subject: string;
  readonly validFrom: string;
  readonly validTo: string;
  readonly point: Bytes;
  readonly body: Bytes;
  readonly signature: Bytes;
}

export interface CertificateFile {
  readonly authority: number;
  readonly certificates: readonly CardCertificate[];
}

/** Never throws; undefined where the bytes are no such file. What stands behind the last certificate is filling. */
export function parseCertificateFile(content: Bytes): CertificateFile | undefined {
  const [authority = 0, count = 0] = content;
  if (count < 1 || count > CHAIN_MAX || content.length < FILE_HEAD + count * CERTIFICATE_LENGTH) return undefined;
  const certificates: CardCertificate[] = [];
  for (let at = FILE_HEAD; certificates.length < count; at += CERTIFICATE_LENGTH) {
    const certificate = parseCertificate(content.slice(at, at + CERTIFICATE_LENGTH), certificates.length === count - 1);
    if (certificate === undefined) return undefined;
    certificates.push(certificate);
  }
  return { authority, certificates };
}

function parseCertificate(bytes: Bytes, isLast: boolean): CardCertificate | undefined {
  const kind = isLast ? "card" : "authority";
  const validFrom = toHex(bytes.subarray(FROM_AT, TO_AT));
  const validTo = toHex(bytes.subarray(TO_AT, TO_AT + 4));
  if (bytes[0] !== CERTIFICATE_KINDS[kind] || !isCivilDate(validFrom) || !isCivilDate(validTo)) return undefined;
  const subject = toHex(bytes.subarray(SUBJECT_AT, FROM_AT));
  const body = bytes.subarray(0, BODY_LENGTH);
  return { kind, subject, validFrom, validTo, point: bytes.subarray(KEY_AT, BODY_LENGTH), body, signature: bytes.subarray(BODY_LENGTH) };
}

/** The key of the card that the chain ends with, or why it is not believed. */
export function cardKeyOf(
  file: CertificateFile,
  { suite, authority, cardIdentifier, today }: Omit<CardSignatureContext, "randomness">,
): Sm2PublicKey | CardSignatureProblem {
  const root = authority(file.authority);
  if (root === undefined) return "authority-unknown";
  if (today > root.expiryDate) return "certificate-not-valid-today";
  let key = root.key;
  for (const { kind, subject, validFrom, validTo, point, body, signature } of file.certificates) {
    if (!suite.sm2Verify(key, body, signature)) return "certificate-wrong";
    if (today < validFrom || today > validTo) return "certificate-not-valid-today";
    if (kind === "card" && subject !== cardIdentifier.toLowerCase()) return "certificate-of-another-card";
    const next = publicKey(suite, point);
    if (next === undefined) return "certificate-malformed";
    key = next;
  }
  return key;
}

/** Undefined where the bytes are no point of the curve. */
function publicKey(suite: CardSignatureContext["suite"], point: Bytes): Sm2PublicKey | undefined {
  try {
    return suite.sm2PublicKey(point);
  } catch (error) {
    if (isFault(error, "crypto-input")) return undefined;
    throw error;
  }
}

/**
 * Has the card sign, while its social application is selected. A card that has certificates and does not sign is not authentic: whoever has copied
 * the file could answer no more. Faults: those of the channel. `limits` bound each command.
 */
export async function proveBySignature(channel: CardChannel, context: CardSignatureContext, limits: Limits): Promise<CardSignatureAnswer> {
  const content = await readCertificates(channel, limits);
  if (content === "none") return { kind: "not-offered" };
  const file = parseCertificateFile(content);
  if (file === undefined) return notAuthentic("certificate-malformed");
  const key = cardKeyOf(file, context);
  if (typeof key === "string") return notAuthentic(key);
  const challenge = context.randomness.bytes(CHALLENGE_LENGTH);
  const apdu = command(SIGN_COMMAND, { data: challenge, le: CARD_RANDOM_LENGTH + SIGNATURE_LENGTH });
  const { data, sw } = await exchange(channel, apdu, limits);
  if (!isOk(sw) || data.length !== CARD_RANDOM_LENGTH + SIGNATURE_LENGTH) return notAuthentic("signature-not-made");
  const signed = concat(u8(PROOF_FORM), fromHex(context.cardIdentifier), challenge, data.subarray(0, CARD_RANDOM_LENGTH));
  const right = context.suite.sm2Verify(key, signed, data.subarray(CARD_RANDOM_LENGTH));
  return right ? { kind: "authentic" } : notAuthentic("signature-wrong");
}

function notAuthentic(why: CardSignatureProblem): CardSignatureAnswer {
  return { kind: "not-authentic", why };
}

/** The whole file, as far as its own head says; "none" where the card has no such file. A refusal in the middle leaves it cut, and so malformed. */
async function readCertificates(channel: CardChannel, limits: Limits): Promise<Bytes | "none"> {
  const selected = await exchange(channel, command("00 A4 02 00", { data: CERTIFICATE_FILE, le: 256 }), limits);
  if (selected.sw === FILE_NOT_FOUND) return "none";
  if (!isOk(selected.sw)) return EMPTY;
  const head = await exchange(channel, readAt(0, FILE_HEAD), limits);
  const [, count = 0] = head.data;
  if (!isOk(head.sw) || count < 1 || count > CHAIN_MAX) return EMPTY;
  let content = head.data;
  for (const whole = FILE_HEAD + count * CERTIFICATE_LENGTH; content.length < whole; ) {
    const { data, sw } = await exchange(channel, readAt(content.length, Math.min(PART_LENGTH, whole - content.length)), limits);
    // Each part brings at least a byte, so that the parts are bounded by the length of the whole.
    if (!isOk(sw) || data.length === 0) break;
    content = concat(content, data);
  }
  return content;
}

function readAt(offset: number, length: number): CommandApdu {
  return { cla: 0x00, ins: 0xb0, p1: offset >>> 8, p2: offset & 0xff, data: EMPTY, le: length };
}
