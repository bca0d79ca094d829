/*
 * Certificates of test social security cards: a root, an authority below it, the card; and what the card signs. All private keys are made of published
 * words: TEST ONLY. The layout is this project's own and unconfirmed. Spec: LD/T 6001; GM/T 0009, 10.
 */
import { type Bytes, concat, fromHex, toHex, u8, utf8 } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { signSm2, sm2PointOf, testScalar } from "./certificates-sm2.ts";

/** Number of the test root in the certificate files of test cards. */
export const TEST_SOCIAL_ROOT_INDEX = 0xf5;
/** Registered identifier in front of the names of the social applications. */
const SOCIAL_RID = "d156000005";
const ROOT_END = "20491231";
const ROOT_WORDS = "social root";
const FOREIGN_ROOT_WORDS = "another social root";
const AUTHORITY_WORDS = "social authority";

interface KeyPair {
  readonly scalar: Bytes;
  readonly point: Bytes;
}

function keyPair(suite: CipherSuite, words: string): KeyPair {
  const scalar = testScalar(suite, words);
  return { scalar, point: sm2PointOf(scalar) };
}

/** What a terminal of the tests is told to trust. A terminal in the field must not hold it. */
export function testSocialAuthority(suite: CipherSuite) {
  const { point } = keyPair(suite, ROOT_WORDS);
  const check = suite.sm3(fromHex(SOCIAL_RID), u8(TEST_SOCIAL_ROOT_INDEX), point);
  return { index: TEST_SOCIAL_ROOT_INDEX, expiryDate: ROOT_END, pointHex: toHex(point), checkHex: toHex(check) };
}

/** What is wrong with a card's certificates or its signature, as a user switches it on. */
export type SocialCertificateFault = "wrong-signature" | "no-signature" | "expired" | "foreign" | "other-card" | "forged" | "damaged" | "no-file";

export const SOCIAL_CERTIFICATE_FAULTS: readonly SocialCertificateFault[] = [
  "wrong-signature",
  "no-signature",
  "expired",
  "foreign",
  "other-card",
  "forged",
  "damaged",
  "no-file",
];

const VALID = { from: "20200101", to: "20401231" };
const ENDED = { from: "20200101", to: "20211231" };

function certificate(
  suite: CipherSuite,
  signer: KeyPair,
  terms: { readonly kind: 1 | 2; readonly subjectHex: string; readonly valid: typeof VALID; readonly point: Bytes },
): Bytes {
  const body = concat(u8(terms.kind), fromHex(terms.subjectHex), fromHex(terms.valid.from), fromHex(terms.valid.to), fromHex("00000001"), terms.point);
  return concat(body, signSm2(suite, signer, body));
}

/** The key pair of a test card: the same for the same identifier. */
function cardKey(suite: CipherSuite, identifierHex: string): KeyPair {
  return keyPair(suite, `social card ${identifierHex}`);
}

/** The certificate file of a card, good or with one fault. */
export function socialCertificateFile(suite: CipherSuite, identifierHex: string, fault?: SocialCertificateFault): Bytes {
  const root = keyPair(suite, fault === "foreign" ? FOREIGN_ROOT_WORDS : ROOT_WORDS);
  const authority = keyPair(suite, AUTHORITY_WORDS);
  const name = toHex(utf8("TEST AUTHORITY 1"));
  const owner = fault === "other-card" ? `${identifierHex.slice(0, -8)}4f544852` : identifierHex;
  const between = certificate(suite, root, { kind: 1, subjectHex: name, valid: VALID, point: authority.point });
  const terms = { kind: 2, subjectHex: owner, valid: fault === "expired" ? ENDED : VALID, point: cardKey(suite, owner).point } as const;
  // A forger has no key of an authority, and signs with the card's own.
  const own = certificate(suite, fault === "forged" ? cardKey(suite, owner) : authority, terms);
  const whole = concat(Uint8Array.of(TEST_SOCIAL_ROOT_INDEX, 2), between, own);
  return fault === "damaged" ? whole.slice(0, -1) : whole;
}

/** What the card answers to a challenge: its random number, and its signature over both and its identifier. */
export function socialCardSignature(
  suite: CipherSuite,
  identifierHex: string,
  values: { readonly challenge: Bytes; readonly random: Bytes; readonly fault?: SocialCertificateFault | undefined },
): Bytes {
  const { challenge, random, fault } = values;
  const signer = cardKey(suite, fault === "other-card" ? `${identifierHex.slice(0, -8)}4f544852` : identifierHex);
  const signed = concat(u8(0x03), fromHex(identifierHex), challenge, random);
  const signature = signSm2(suite, signer, signed);
  if (fault === "wrong-signature") signature[63] = (signature[63] ?? 0) ^ 1;
  return concat(random, signature);
}
