/*
 * Goal: while no host is reached, a holder is told what was true when it was last asked, with that time, and never anything as true now.
 * Method: a small book of the last answers, card by card, in one sealed file; a card stands in it under a keyed hash. It also remembers what was
 * learned of a card's PIN and activation. The card that was seen longest ago goes first.
 */

import { type Bytes, toHex, utf8 } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Storage } from "../../base/ports.ts";
import { WorkRow } from "../../base/work-row.ts";
import type { InitialPinEvidence } from "../../card/social/initial-pin.ts";
import { canonicalJson, isObject, parseJson } from "../../codec/json.ts";
import type { CipherSuite, SecretKey } from "../../crypto/face.ts";
import { countMember, textMember } from "../journal/members.ts";
import type { JsonObject } from "../journal/types.ts";
import { type ExactSealing, openExact, sealExact } from "../lists/sealing.ts";

const CARDS_MAX = 512;
/** An answer larger than this is not kept. */
const VALUE_BYTES_MAX = 8_192;
const FILE_NAME = "known-values";
const HASH_BYTES = 16;
const KEY_BYTES = 16;

export interface KnownValue {
  readonly output: JsonObject;
  readonly asOfMs: number;
}

interface KnownCard {
  readonly seenMs: number;
  readonly pin: InitialPinEvidence;
  readonly values: Readonly<Record<string, KnownValue>>;
}

export interface KnownValuesParts {
  readonly storage: Storage;
  readonly suite: CipherSuite;
  readonly storageKey: SecretKey;
  readonly log: Log;
}

const UNSEEN: KnownCard = { seenMs: 0, pin: "unknown", values: {} };

export class KnownValues {
  readonly #parts: KnownValuesParts;
  readonly #sealing: ExactSealing;
  readonly #key: SecretKey;
  /** The card that was seen longest ago first. */
  readonly #cards = new Map<string, KnownCard>();
  readonly #row = new WorkRow("what is known of cards");

  constructor(parts: KnownValuesParts) {
    const { suite, storageKey } = parts;
    const derived = (purpose: string) => suite.secretKey(suite.hmacSm3(storageKey, utf8(`yikatong known values ${purpose}`)).slice(0, KEY_BYTES));
    this.#parts = parts;
    this.#key = derived("cards");
    this.#sealing = { suite, encryption: derived("encrypt"), authentication: derived("authenticate") };
  }

  /** What the disk holds; a file that cannot be read counts as empty, which is said. */
  async load(): Promise<void> {
    const { storage, log } = this.#parts;
    try {
      const sealed = await storage.read(FILE_NAME);
      if (sealed === undefined) return;
      const text = openExact(this.#sealing, sealed);
      const cards = text === undefined ? undefined : parseCards(text);
      if (cards === undefined) log.warn("known-values-damaged", { bytes: sealed.length });
      for (const [hash, card] of cards ?? []) this.#cards.set(hash, card);
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      log.warn("known-values-not-read", { code: fault.code });
    }
  }

  value(cardIdentifier: string, name: string): KnownValue | undefined {
    const { values } = this.#card(cardIdentifier);
    return Object.hasOwn(values, name) ? values[name] : undefined;
  }

  /** What is known of the PIN of a card, for whoever has to decide whether it may trade. */
  pinEvidence(cardIdentifier: string): InitialPinEvidence {
    return this.#card(cardIdentifier).pin;
  }

  /** Keeps an answer. Never rejects for the disk: what is not kept is asked again. */
  keep(cardIdentifier: string, { name, output, asOfMs }: KnownValue & { readonly name: string }): Promise<void> {
    if (utf8(canonicalJson(output)).length > VALUE_BYTES_MAX) return Promise.resolve();
    const card = this.#card(cardIdentifier);
    return this.#put(cardIdentifier, { ...card, seenMs: asOfMs, values: { ...card.values, [name]: { output, asOfMs } } });
  }

  /** Never rejects for the disk. */
  keepPin(cardIdentifier: string, { pin, atMs }: { readonly pin: InitialPinEvidence; readonly atMs: number }): Promise<void> {
    return this.#put(cardIdentifier, { ...this.#card(cardIdentifier), pin, seenMs: atMs });
  }

  #card(cardIdentifier: string): KnownCard {
    return this.#cards.get(this.#hash(cardIdentifier)) ?? UNSEEN;
  }

  #hash(cardIdentifier: string): string {
    return toHex(this.#parts.suite.hmacSm3(this.#key, utf8(cardIdentifier.toLowerCase())).slice(0, HASH_BYTES));
  }

  #put(cardIdentifier: string, card: KnownCard): Promise<void> {
    const hash = this.#hash(cardIdentifier);
    this.#cards.delete(hash);
    this.#cards.set(hash, card);
    for (const oldest of this.#cards.keys()) {
      if (this.#cards.size <= CARDS_MAX) break;
      this.#cards.delete(oldest);
    }
    return this.#row.run(() => this.#write()).catch((fault: unknown) => this.#notKept(fault));
  }

  #notKept(fault: unknown): void {
    if (!isFault(fault)) throw fault;
    this.#parts.log.warn("known-values-not-kept", { code: fault.code });
  }

  async #write(): Promise<void> {
    const cards = Array.from(this.#cards, ([hash, card]) => ({ hash, ...card }));
    await this.#parts.storage.write(FILE_NAME, sealExact(this.#sealing, utf8(canonicalJson({ v: 1, cards }))));
  }
}

const EVIDENCES: readonly InitialPinEvidence[] = ["changed", "initial", "unknown"];
const FILE_LIMITS = { maxBytes: 16_777_216, maxDepth: 32 };

/** Undefined where the text is not what this file writes. */
function parseCards(text: Bytes): readonly (readonly [string, KnownCard])[] | undefined {
  const parsed = parseJson(text, FILE_LIMITS);
  const cards = parsed.ok ? objectOf(parsed.value)?.["cards"] : undefined;
  if (!Array.isArray(cards)) return undefined;
  return (cards as readonly unknown[]).flatMap((each) => {
    const card = objectOf(each);
    const values = objectOf(card?.["values"]);
    if (card === undefined || values === undefined) return [];
    const known = Object.entries(values).flatMap(([name, value]) => knownEntry(name, objectOf(value)));
    const pin = EVIDENCES.find((evidence) => evidence === card["pin"]) ?? "unknown";
    return [[textMember(card, "hash"), { seenMs: countMember(card, "seenMs") ?? 0, pin, values: Object.fromEntries(known) }] as const];
  });
}

function knownEntry(name: string, value: JsonObject | undefined): readonly (readonly [string, KnownValue])[] {
  const output = objectOf(value?.["output"]);
  const asOfMs = value === undefined ? undefined : countMember(value, "asOfMs");
  return output === undefined || asOfMs === undefined ? [] : [[name, { output, asOfMs }]];
}

function objectOf(value: unknown): JsonObject | undefined {
  // Parsed JSON holds nothing but JSON values.
  return isObject(value) ? (value as JsonObject) : undefined;
}
