/* The card in front of a call: taken with the lane, named, compared with the one that the caller means, and given back whatever happens. */
import { type Fault, isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { authenticateCard, INTERNAL_AUTHENTICATION_KEY } from "../../card/social/authentication.ts";
import { checkValidity, type NamedSocialCard, nameSocialCard, type SocialOptions } from "../../card/social/read-identity.ts";
import type { CardChannel, CardReader, SocialPsam } from "../../drivers/ports.ts";
import type { LibraryAnswer } from "./functions.ts";
import { answerOf, OWN_RESULT, RESULT, resultOfFault, resultOfRefusedCard, statusResult } from "./numbers.ts";
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
  readonly #moduleFaults = new WeakSet<Fault>();

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

  /** By what cards are judged here. */
  get socialOptions(): SocialOptions {
    const { social, cardProfile: profile, randomness, today } = this.ports;
    return { ...social, profile, randomness, today: today() };
  }

  /** The social application selected, and which card this is: one that a list names, or that is out of its time, is served by no function. */
  async name(card: CardAtDesk): Promise<OrAnswer<NamedAtDesk>> {
    const named = await nameSocialCard(card.channel, { profile: this.ports.cardProfile }, card.limits);
    if (named.kind === "refused") return answerOf(resultOfRefusedCard(named));
    const valid = checkValidity(named, this.socialOptions);
    return valid.kind === "refused" ? answerOf(resultOfRefusedCard(valid)) : { ...card, named };
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

  /** Has the card prove itself to the module. Undefined: it did. Faults: those of card and module. */
  async proves({ channel, named, limits }: NamedAtDesk, psam: SocialPsam): Promise<LibraryAnswer | undefined> {
    const { algorithm, factors } = named;
    try {
      const context = { psam, algorithm, factors, randomness: this.ports.randomness, key: INTERNAL_AUTHENTICATION_KEY };
      const genuine = await authenticateCard(channel, context, limits);
      if (genuine === "authentic") return undefined;
      return answerOf(genuine === "not-authentic" ? RESULT.notGenuine : statusResult(genuine.statusWord));
    } catch (error) {
      if (!isFault(error, "key-missing")) throw error;
      return answerOf(RESULT.moduleWithoutAlgorithm);
    }
  }

  /** Whatever keeps the module from being opened, for the caller it is not there: undefined. What goes wrong with it later is told from the card's faults. */
  async module(limits: Limits): Promise<SocialPsam | undefined> {
    try {
      return notingFaults(await this.ports.module(limits), this.#moduleFaults);
    } catch (error) {
      if (!isFault(error)) throw error;
      this.ports.log.warn("module-not-opened", { code: error.code });
      return undefined;
    }
  }

  /** Ends a fault as its number, or as not decided where something may have been changed. Our own mistakes go on. */
  async faultsAsNumbers(changes: "nothing" | "perhaps" | "surely", work: () => Promise<LibraryAnswer>): Promise<LibraryAnswer> {
    try {
      return await work();
    } catch (error) {
      if (!isFault(error)) throw error;
      if (changes === "surely" || (changes === "perhaps" && error.effectUnknown)) return answerOf(OWN_RESULT.notDecided);
      return answerOf(this.#moduleFaults.has(error) ? RESULT.noModule : resultOfFault(error.code));
    }
  }

  hexadecimal(digits: string): string {
    return this.provider.hexadecimal === "upper" ? digits.toUpperCase() : digits.toLowerCase();
  }
}

/** Words of the module itself; every other fault of it means that it is not there any more. */
const MODULE_WORDS: ReadonlySet<string> = new Set(["key-missing", "reader-refused"]);

/** The same module; its faults are remembered, to tell them from the card's. */
function notingFaults(module: SocialPsam, faults: WeakSet<Fault>): SocialPsam {
  const noting = async <Value>(work: Promise<Value>): Promise<Value> => {
    try {
      return await work;
    } catch (error) {
      if (isFault(error) && !MODULE_WORDS.has(error.code)) faults.add(error);
      throw error;
    }
  };
  return {
    get terminalNumber() {
      return module.terminalNumber;
    },
    expectedSequence: () => module.expectedSequence(),
    beginPurchase: (purchase, limits) => noting(module.beginPurchase(purchase, limits)),
    beginMedicalPurchase: (purchase, limits) => noting(module.beginMedicalPurchase(purchase, limits)),
    authenticationData: (request, limits) => noting(module.authenticationData(request, limits)),
    blockMac: (use, data, limits) => noting(module.blockMac(use, data, limits)),
    encipher: (use, data, limits) => noting(module.encipher(use, data, limits)),
    close: async () => undefined,
  };
}
