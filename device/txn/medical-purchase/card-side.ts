/* The holder's card in a medical purchase: waited for, identified, asked for its PIN, and known again when it left in between. */

import { assert } from "../../base/assert.ts";
import { toHex } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import { type CardSight, sameCard } from "../../card/applications/same-card.ts";
import { CARD_PIN_TEMPLATE, queryPinState, readSocialIdentity, SOCIAL_ENVIRONMENT_NAME } from "../../card/social/read-identity.ts";
import type { SocialIdentity } from "../../card/social/types.ts";
import { civilTime } from "../../codec/civil-time.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { awaitCard } from "../await-card.ts";
import type { CardTrouble } from "../card-trouble.ts";
import { DEFAULT_INITIAL_PIN_RULE, initialPinReason } from "../initial-pin.ts";
import { pinRefusal } from "../pin-refusal.ts";
import type { MedicalPurchaseLimits, MedicalPurchasePorts, RawCard } from "./ports.ts";
import type { Refusal } from "./types.ts";

const CARD_UNUSABLE: Refusal = { reason: "card-unusable" };

/** A card that may be used, as it was identified. */
export interface IdentifiedCard {
  readonly card: SocialIdentity;
  readonly raw: RawCard | undefined;
}

export type Identification = ({ readonly ok: true } & IdentifiedCard) | { readonly ok: false; readonly refusal: Refusal };

export class CardSide {
  readonly #ports: MedicalPurchasePorts;
  readonly #limits: MedicalPurchaseLimits;
  readonly #trouble: CardTrouble;
  #channel: CardChannel | undefined;
  #identified: IdentifiedCard | undefined;
  #sight: CardSight | undefined;

  constructor(ports: MedicalPurchasePorts, limits: MedicalPurchaseLimits, trouble: CardTrouble) {
    this.#ports = ports;
    this.#limits = limits;
    this.#trouble = trouble;
  }

  async close(): Promise<void> {
    await this.#channel?.close();
    this.#channel = undefined;
  }

  /** Waits for a powered card until `deadlineMs` of the monotonic clock. */
  async present(deadlineMs: number): Promise<boolean> {
    await this.close();
    this.#channel = await awaitCard(this.#ports, { deadlineMs, signal: this.#limits.signal, trouble: this.#trouble });
    return this.#channel !== undefined;
  }

  #open(): CardChannel {
    assert(this.#channel !== undefined, "a card was presented");
    return this.#channel;
  }

  #commandLimits(): Limits {
    return { timeoutMs: this.#limits.commandTimeoutMs, signal: this.#limits.signal };
  }

  /** The card's proof, its validity and its holder; the raw record too, where there is hardware for it. Faults: those of card and module. */
  async identify(): Promise<Identification> {
    const { psam, randomness, social, clock, log, rawRead } = this.#ports;
    const channel = this.#open();
    const options = { ...social, randomness, today: civilTime(clock.wallMs()).date };
    const card = await readSocialIdentity(channel, psam, options, this.#commandLimits());
    if (card.kind === "refused") {
      log.info("social-card-refused", { reason: card.reason });
      return { ok: false, refusal: CARD_UNUSABLE };
    }
    const raw = await rawRead?.read(channel, this.#commandLimits());
    this.#identified = { card, raw };
    this.#sight = sightOf(channel, card);
    return { ok: true, card, raw };
  }

  /** Whether the card that has come is the one that was identified; a card that may not be used is another one. Faults: those of card and module. */
  async compare(): Promise<boolean> {
    const before = this.#sight;
    assert(before !== undefined, "a card was identified before");
    const found = await this.identify();
    return found.ok && sameCard(before, sightOf(this.#open(), found.card)) !== "another-card";
  }

  /** undefined: the PIN was verified and may pay. Faults: those of the channel; the same where the card has left. */
  async verifyPin(): Promise<Refusal | undefined> {
    const { pin, reader, initialPin = DEFAULT_INITIAL_PIN_RULE } = this.#ports;
    assert(this.#identified !== undefined, "a card was identified before");
    // Nobody is asked for the PIN of a card that has gone meanwhile, as one by radio easily does.
    if (reader.interface === "contactless") await queryPinState(this.#open(), this.#commandLimits());
    const outcome = await pin.verifyOnCard(this.#open(), CARD_PIN_TEMPLATE, { timeoutMs: this.#limits.pinTimeoutMs, signal: this.#limits.signal });
    if (outcome.kind !== "verified") return pinRefusal(outcome);
    const reason = initialPinReason({ pin: "set", cardIdentifier: this.#identified.card.cardIdentifier }, initialPin);
    return reason === undefined ? undefined : { reason };
  }
}

function sightOf({ insertion }: CardChannel, { cardIdentifier, cardNumber }: SocialIdentity): CardSight {
  return { insertion, applicationId: toHex(SOCIAL_ENVIRONMENT_NAME), serial: `${cardIdentifier} ${cardNumber}` };
}
