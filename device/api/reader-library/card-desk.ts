/* The card in front of a call: taken with the lane, named, compared with the one that the caller means, and given back whatever happens. */
import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import type { NamedSocialCard } from "../../card/social/read-identity.ts";
import { nameSocialCard } from "../../card/social/read-identity.ts";
import type { CardChannel, CardReader, SocialPsam } from "../../drivers/ports.ts";
import type { LibraryAnswer } from "./functions.ts";
import { answerOf, OWN_RESULT, RESULT, resultOfFault, resultOfRefusedCard } from "./numbers.ts";
import { DEFAULT_LIBRARY_BOUNDS, type ReaderLibraryBounds, type ReaderLibraryPorts } from "./ports.ts";
import { type LibraryProvider, PROVIDERS } from "./providers.ts";
import { parseCardInfo } from "./strings.ts";

/** Contacts alone · radio alone · either, contacts first · either, radio first. A counter has one reader, so that the order changes nothing here. Spec: LD/T 33. */
const READERS_OF_TYPE: Readonly<Record<number, readonly CardReader["interface"][]>> = {
  1: ["contact"],
  2: ["contactless"],
  3: ["contact", "contactless"],
  4: ["contactless", "contact"],
};

export interface CardAtDesk {
  readonly channel: CardChannel;
  /** Bounds of one command. */
  readonly limits: Limits;
}

export interface NamedAtDesk extends CardAtDesk {
  readonly named: NamedSocialCard;
}

/** What a step found, or the answer with which the call ends. */
export type OrAnswer<Value extends object> = Value | LibraryAnswer;

export function isAnswer(value: object): value is LibraryAnswer {
  return "result" in value;
}

export class CardDesk {
  readonly ports: ReaderLibraryPorts;
  readonly provider: LibraryProvider;
  readonly bounds: ReaderLibraryBounds;

  constructor(ports: ReaderLibraryPorts) {
    this.ports = ports;
    this.provider = PROVIDERS[ports.provider];
    this.bounds = ports.bounds ?? DEFAULT_LIBRARY_BOUNDS;
  }

  /** Waits for a card, does the work with it, and lets it go. Faults: those of the reader. */
  async withCard(iType: number, signal: AbortSignal, work: (card: CardAtDesk) => Promise<LibraryAnswer>): Promise<LibraryAnswer> {
    const wrong = this.wrongType(iType);
    if (wrong !== undefined) return wrong;
    const giveBack = this.ports.lane.take();
    if (giveBack === undefined) return answerOf(OWN_RESULT.busy);
    let channel: CardChannel | undefined;
    try {
      channel = await this.#cardInTime(signal);
      if (channel === undefined) return answerOf(RESULT.noCard);
      return await work({ channel, limits: { timeoutMs: this.bounds.commandTimeoutMs, signal } });
    } finally {
      await channel?.close();
      giveBack();
    }
  }

  /** Undefined: no card came, or nobody waits for one any more. */
  async #cardInTime(signal: AbortSignal): Promise<CardChannel | undefined> {
    try {
      return await this.ports.reader.waitForCard({ timeoutMs: this.bounds.cardTimeoutMs, signal });
    } catch (error) {
      if (!isFault(error, "timeout", "cancelled")) throw error;
      return undefined;
    }
  }

  /** A number of the interface that is none of the four is a wrong parameter; one that this counter has not cannot hold the right card. */
  wrongType(iType: number): LibraryAnswer | undefined {
    const wanted = READERS_OF_TYPE[iType];
    if (wanted === undefined) return answerOf(RESULT.parameterWrong);
    return wanted.includes(this.ports.reader.interface) ? undefined : answerOf(RESULT.cardTypeWrong);
  }

  /** The social application selected, and which card this is. */
  async name(card: CardAtDesk): Promise<OrAnswer<NamedAtDesk>> {
    const named = await nameSocialCard(card.channel, { profile: this.ports.cardProfile }, card.limits);
    return named.kind === "refused" ? answerOf(resultOfRefusedCard(named)) : { ...card, named };
  }

  /** As {@link name}, and it is the one that the caller means. */
  async nameThis(card: CardAtDesk, cardInfo: string): Promise<OrAnswer<NamedAtDesk>> {
    const wanted = parseCardInfo(cardInfo);
    if (wanted === undefined) return answerOf(RESULT.identifierMalformed);
    const found = await this.name(card);
    if (isAnswer(found)) return found;
    const { cardIdentifier, cardNumber } = found.named;
    const same = cardIdentifier === wanted.cardIdentifier && cardNumber === wanted.cardNumber;
    return same ? found : answerOf(RESULT.anotherCard);
  }

  /** Whatever keeps the module from being opened, for the caller it is not there: undefined. */
  async module(limits: Limits): Promise<SocialPsam | undefined> {
    try {
      return await this.ports.module(limits);
    } catch (error) {
      if (!isFault(error)) throw error;
      this.ports.log.warn("module-not-opened", { code: error.code });
      return undefined;
    }
  }

  hexadecimal(digits: string): string {
    return this.provider.hexadecimal === "upper" ? digits.toUpperCase() : digits.toLowerCase();
  }
}

/** Ends a fault as its number; one of a call that changes the card, and may have done so, as not decided. Our own mistakes go on. */
export async function faultsAsNumbers(changesCard: boolean, work: () => Promise<LibraryAnswer>): Promise<LibraryAnswer> {
  try {
    return await work();
  } catch (error) {
    if (!isFault(error)) throw error;
    return answerOf(changesCard && error.effectUnknown ? OWN_RESULT.notDecided : resultOfFault(error.code));
  }
}
