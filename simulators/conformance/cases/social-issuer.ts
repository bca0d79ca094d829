/*
 * Whoever has every key of a test card: the terminal's own functions over the published roots. The card derives and compares on its side,
 * so a case passes only when both read the specification alike.
 */
import { type Bytes, concat, fromHex } from "../../../device/base/bytes.ts";
import { Fault } from "../../../device/base/fault.ts";
import type { Limits } from "../../../device/base/ports.ts";
import { authenticationData, diversifySocial, encipherField, type SocialCrypto, socialMac, socialSessionKey } from "../../../device/card/keys/social.ts";
import { CardFiles, type FileContext } from "../../../device/card/social/card-files.ts";
import { socialFactors } from "../../../device/card/social/historical.ts";
import type { KeyHolder } from "../../../device/card/social/key-holders.ts";
import { NATIONAL_KEYS, type SocialKeyName } from "../../../device/card/social/keys.ts";
import type { PinReloadService } from "../../../device/card/social/pin.ts";
import { macInput } from "../../../device/card/social/secure-command.ts";
import type { SecretKey } from "../../../device/crypto/face.ts";
import { type TestKeyName, testRootKey } from "../../crypto/test-keys.ts";
import { ScriptedHolder } from "../../pinpad/holder.ts";
import { SimulatedPinVerifier } from "../../pinpad/pin-verifier.ts";
import { type CardBench, LIMITS } from "../card-bench.ts";
import type { ConformanceContext } from "../context.ts";

const REGION = "990100";
/** A holder needs longer than a card. */
export const ENTRY_LIMITS: Limits = { timeoutMs: 40_000, signal: new AbortController().signal };

const OTHER_NAMES: Readonly<Record<string, TestKeyName>> = {
  "stk-ssse": "stk",
  "rk-ssse": "rkssse",
  dlk: "medical-dlk",
  dsk: "medical-dsk",
};

/** The published root of a key: one stands for all update keys of a directory, and for the read keys of DF07. */
function rootOf(name: SocialKeyName): TestKeyName {
  const other = OTHER_NAMES[name];
  if (other !== undefined) return other;
  const shared = /^(?:uk\d+-df0[1237]|rk\d+-df07)$/.test(name) ? name.replace(/\d+-/, "-") : name;
  // The names that are left are those of the table of roots.
  return shared as TestKeyName;
}

/** Every key of the card in the bench. */
export class Issuer implements KeyHolder, PinReloadService {
  readonly #crypto: SocialCrypto;
  readonly #factors: readonly Bytes[];
  readonly #pin: string;

  /** `pin` is what a reload sets. */
  constructor(bench: CardBench, pin = "") {
    const { personalization } = bench.card;
    this.#crypto = { suite: bench.context.suite, algorithm: personalization.social.algorithm };
    this.#factors = socialFactors(fromHex(personalization.historicalHex).slice(5, 13), REGION, bench.profile.cityFactorTemplate);
    this.#pin = pin;
  }

  authenticationData(request: Parameters<KeyHolder["authenticationData"]>[0]): Promise<Bytes> {
    return Promise.resolve(authenticationData(this.#crypto, this.#session(request.key, request.sessionFactor), request.raw));
  }

  commandMac(request: Parameters<KeyHolder["commandMac"]>[0]): Promise<Bytes> {
    return Promise.resolve(socialMac(this.#crypto, this.#session(request.key, request.challenge), request.input));
  }

  /** The whole PIN RELOAD: enciphered digits, and the MAC over them. */
  reloadCommand({ challenge }: Parameters<PinReloadService["reloadCommand"]>[0]): Promise<Bytes> {
    const session = this.#session("stk-ssse", challenge);
    const coded = fromHex(this.#pin.length % 2 === 0 ? this.#pin : `${this.#pin}f`);
    const data = encipherField(this.#crypto, session, coded);
    const covered = macInput({ cla: 0x84, ins: 0x24, p1: 0x00, p2: 0x01, data });
    return Promise.resolve(concat(covered, socialMac(this.#crypto, session, covered)));
  }

  #session(name: SocialKeyName, input: Bytes): SecretKey {
    const root = this.#crypto.suite.secretKey(testRootKey(this.#crypto.algorithm, rootOf(name)));
    const key = this.#factors.reduceRight((parent, factor) => diversifySocial(this.#crypto, parent, factor), root);
    return socialSessionKey(this.#crypto, key, input);
  }
}

/** Somebody without any key. */
export const NO_KEYS: KeyHolder = {
  authenticationData: () => Promise.reject(new Fault("key-missing", "nobody here has the key", { effectUnknown: false })),
  commandMac: () => Promise.reject(new Fault("key-missing", "nobody here has the key", { effectUnknown: false })),
};

/** A keypad whose holder enters these digits, over and over. */
export function keypad({ clock }: ConformanceContext, digits: string): SimulatedPinVerifier {
  return new SimulatedPinVerifier({ clock, holder: new ScriptedHolder([{ kind: "enters", digits }]) });
}

/** The terminal's view of the card's files; `pin` is what the holder enters when asked, undefined when nobody may ask. */
export async function filesOf(bench: CardBench, keys: KeyHolder, pin?: string): Promise<CardFiles> {
  const access: FileContext["pin"] = pin === undefined ? { kind: "not-allowed" } : { kind: "ask", verifier: keypad(bench.context, pin), limits: ENTRY_LIMITS };
  const generation = Number(bench.card.personalization.social.generation ?? "3");
  return new CardFiles(await bench.channel(), {
    generation: generation === 1 || generation === 2 ? generation : 3,
    keys,
    keyTable: NATIONAL_KEYS,
    pin: access,
    limits: LIMITS,
  });
}
