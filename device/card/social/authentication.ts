/* The card proves itself to the terminal, and the terminal to the card; the keys stay in the security module. */
import { type Bytes, concat, equalBytes } from "../../base/bytes.ts";
import type { Limits, Randomness } from "../../base/ports.ts";
import { command, isOk } from "../../codec/apdu.ts";
import type { CardChannel, Psam } from "../../drivers/ports.ts";
import { exchange } from "../dialogue.ts";
import type { CardAlgorithm } from "../keys/block-mac.ts";

/** A key of the social application as the module names it. */
export interface SocialKey {
  readonly usage: number;
  readonly keyId: number;
}

/** Internal authentication key (IRK). Spec: LD/T 32.9, annex B. */
export const INTERNAL_AUTHENTICATION_KEY: SocialKey = { usage: 0x67, keyId: 0x08 };
/**
 * Read control key of the holder's file (RKSSSE).
 * Deviation: the list of national keys leaves its number in the module open; we take the number that it has on the card. Spec: LD/T 32.9, annex B.
 */
export const HOLDER_READ_KEY: SocialKey = { usage: 0x67, keyId: 0x0a };

const VALUE_LENGTH = 8;
const HOLDER_READ_KEY_ON_CARD = 0x0a;

export interface AuthenticationContext {
  readonly psam: Psam;
  readonly algorithm: CardAlgorithm;
  /** Card, city, province. */
  readonly factors: readonly Bytes[];
}

export type AuthenticationAnswer = ProofAnswer | "not-authentic";

/** What the card says to a proof: it has no word of its own for "not authentic" but a status word. */
export type ProofAnswer = "authentic" | { readonly kind: "refused"; readonly statusWord: number };

/** Has the card prove that it knows the internal authentication key. Spec: LD/T 32.7, INTERNAL AUTHENTICATE. */
export async function authenticateCard(
  channel: CardChannel,
  context: AuthenticationContext & { readonly randomness: Randomness; readonly key: SocialKey },
  limits: Limits,
): Promise<AuthenticationAnswer> {
  const sessionFactor = context.randomness.bytes(VALUE_LENGTH);
  const raw = context.randomness.bytes(VALUE_LENGTH);
  const { data, sw } = await exchange(channel, command("00 88 00 00", { data: concat(sessionFactor, raw), le: VALUE_LENGTH }), limits);
  if (!isOk(sw)) return { kind: "refused", statusWord: sw };
  const { algorithm, factors, key } = context;
  const expected = await context.psam.authenticationData({ ...key, factors, sessionFactor, raw, algorithm }, limits);
  return equalBytes(data, expected) ? "authentic" : "not-authentic";
}

/**
 * Proves to the card that this terminal may read the holder's file: two challenges, the first of which is the raw value, the second the
 * session factor. Spec: LD/T 32.7, EXTERNAL AUTHENTICATE.
 */
export async function authenticateTerminal(
  channel: CardChannel,
  context: AuthenticationContext & { readonly key: SocialKey },
  limits: Limits,
): Promise<ProofAnswer> {
  const { algorithm, factors, key, psam } = context;
  const proof = (values: ChallengePair) => psam.authenticationData({ ...key, factors, ...values, algorithm }, limits);
  return proveTerminal(channel, { onCard: HOLDER_READ_KEY_ON_CARD, proof }, limits);
}

/** The two challenges of one proof. */
export interface ChallengePair {
  /** 8 bytes, drawn first. */
  readonly raw: Bytes;
  /** 8 bytes, drawn last. */
  readonly sessionFactor: Bytes;
}

/**
 * External authentication with any key: `onCard` is the key's number there, `proof` has whoever holds the key make the authentication data.
 * A failure costs one of the key's tries, so nobody comes here with a key of which the card has not proved that it is of the same family.
 */
export async function proveTerminal(
  channel: CardChannel,
  { onCard, proof }: { readonly onCard: number; readonly proof: (values: ChallengePair) => Promise<Bytes> },
  limits: Limits,
): Promise<ProofAnswer> {
  const raw = await drawChallenge(channel, limits);
  if ("kind" in raw) return raw;
  const sessionFactor = await drawChallenge(channel, limits);
  if ("kind" in sessionFactor) return sessionFactor;
  const data = concat(await proof({ raw, sessionFactor }), raw);
  const { sw } = await exchange(channel, { cla: 0x00, ins: 0x82, p1: 0x00, p2: onCard, data }, limits);
  return isOk(sw) ? "authentic" : { kind: "refused", statusWord: sw };
}

/** GET CHALLENGE: 8 bytes. Spec: LD/T 32.7, GET CHALLENGE. */
export async function drawChallenge(channel: CardChannel, limits: Limits): Promise<Bytes | { readonly kind: "refused"; readonly statusWord: number }> {
  const { data, sw } = await exchange(channel, command("00 84 00 00", { le: VALUE_LENGTH }), limits);
  return isOk(sw) && data.length === VALUE_LENGTH ? data : { kind: "refused", statusWord: sw };
}
