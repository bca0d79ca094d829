/*
 * Goal: no service begins with a card that is not genuine, not valid, reported lost, not active, or still has its initial PIN.
 * Method: the checks before any service, in the order of the specification, then what the agency and this terminal know of the card; whoever
 * serves is handed a card that has passed them, and gets the lane back whatever happens. Spec: LD/T 32.7, checks before a transaction.
 */
import type { Fault } from "../../base/fault.ts";
import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { joinInitialPinEvidence } from "../../card/social/initial-pin.ts";
import { firstWithKey, type KeyHolder, moduleKeys } from "../../card/social/key-holders.ts";
import { NATIONAL_KEYS, type SocialKeyTable } from "../../card/social/keys.ts";
import { CARD_PIN_TEMPLATE, queryPinState } from "../../card/social/pin.ts";
import { readSocialIdentity, type SocialOptions } from "../../card/social/read-identity.ts";
import type { SocialIdentity } from "../../card/social/types.ts";
import { civilTime } from "../../codec/civil-time.ts";
import type { CardChannel, SocialPsam } from "../../drivers/ports.ts";
import { awaitCard } from "../await-card.ts";
import { CardTrouble } from "../card-trouble.ts";
import { DEFAULT_INITIAL_PIN_RULE, initialPinReason } from "../initial-pin.ts";
import { textMember } from "../journal/members.ts";
import type { JsonObject } from "../journal/types.ts";
import type { ListKey } from "../lists/lists.ts";
import { withLocalList } from "../lists/local.ts";
import { pinRefusal } from "../pin-refusal.ts";
import type { CardServiceOutcome, PersonClaim } from "./acts.ts";
import { askAgency, cardMember, drawId } from "./agency-side.ts";
import type { KnownValues } from "./known-values.ts";
import { type CardServiceBounds, type CardServicePorts, DEFAULT_SERVICE_BOUNDS } from "./ports.ts";
import { type Refused, refuse, refuseCard } from "./refusals.ts";

/** A card that may be served. */
export interface ServedCard {
  readonly channel: CardChannel;
  readonly card: SocialIdentity;
}

/** What a service needs of the card besides that it is genuine and valid. */
export interface Admission {
  readonly operator: string;
  /** The social function is active and the PIN is not the initial one; a service that mends just this leaves it out. */
  readonly mayTrade: boolean;
}

export type OrRefused<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly refused: Refused };

export function listKeys({ cardIdentifier, cardNumber }: { readonly cardIdentifier?: string; readonly cardNumber: string }): readonly ListKey[] {
  const number: ListKey = { number: "card-number", value: cardNumber };
  return cardIdentifier === undefined ? [number] : [number, { number: "card-identifier", value: cardIdentifier }];
}

/** Words that end a service without any effect on the card, when the world fails before the decisive step. */
export function failed(fault: Fault): CardServiceOutcome {
  if (fault.code === "key-missing") return refuse("no-read-key");
  return fault.effectUnknown ? { kind: "unknown", reason: fault.code } : { kind: "no-card", reason: fault.code };
}

export class ServiceDesk {
  readonly ports: CardServicePorts;
  readonly bounds: CardServiceBounds;
  readonly known: KnownValues;
  readonly keyTable: SocialKeyTable;

  constructor(ports: CardServicePorts, known: KnownValues) {
    this.ports = ports;
    this.bounds = ports.bounds ?? DEFAULT_SERVICE_BOUNDS;
    this.known = known;
    this.keyTable = ports.keyTable ?? NATIONAL_KEYS;
  }

  commandLimits(signal: AbortSignal): Limits {
    return { timeoutMs: this.bounds.commandTimeoutMs, signal };
  }

  hostLimits(signal: AbortSignal): Limits {
    return { timeoutMs: this.bounds.hostTimeoutMs, signal };
  }

  pinLimits(signal: AbortSignal): Limits {
    return { timeoutMs: this.bounds.pinTimeoutMs, signal };
  }

  /** Waits for a card, checks it, and has it served. Never rejects for reader, card or module; faults of the journal pass. */
  async withCard(admission: Admission, limits: Limits, serve: (served: ServedCard) => Promise<CardServiceOutcome>): Promise<CardServiceOutcome> {
    const { psam } = this.ports;
    if (psam === undefined) return refuse("no-security-module");
    return this.withChannel(limits, async (channel) => {
      const checked = await this.#check(channel, { ...admission, psam }, limits);
      return checked.ok ? serve({ channel, card: checked.value }) : checked.refused;
    });
  }

  /** A powered card, whatever it is. */
  async withChannel(limits: Limits, serve: (channel: CardChannel) => Promise<CardServiceOutcome>): Promise<CardServiceOutcome> {
    const giveBack = this.ports.lane.take();
    if (giveBack === undefined) return refuse("lane-busy");
    const { clock, reader } = this.ports;
    const trouble = new CardTrouble(reader);
    let channel: CardChannel | undefined;
    try {
      channel = await awaitCard(this.ports, { deadlineMs: clock.monotonicMs() + limits.timeoutMs, signal: limits.signal, trouble });
      return channel === undefined ? { kind: "no-card", ...trouble.reason } : await serve(channel);
    } catch (fault) {
      if (!isFault(fault) || STORE_FAULTS.has(fault.code)) throw fault;
      this.ports.log.warn("card-service-failed", { code: fault.code });
      return failed(fault);
    } finally {
      await channel?.close();
      giveBack();
    }
  }

  /** Checks a card that has come. Faults: those of card and module. */
  identify(channel: CardChannel, psam: SocialPsam, limits: Limits, isListed = true): ReturnType<typeof readSocialIdentity> {
    const { cardProfile, social, randomness, clock, lists, localList } = this.ports;
    const joined = withLocalList(lists, localList);
    const options: SocialOptions = {
      ...social,
      profile: cardProfile,
      randomness,
      today: civilTime(clock.wallMs()).date,
      ...(isListed ? { isListed: (card) => joined.find(listKeys(card)) !== undefined } : {}),
    };
    return readSocialIdentity(channel, psam, options, this.commandLimits(limits.signal));
  }

  async #check(
    channel: CardChannel,
    { psam, operator, mayTrade }: Admission & { readonly psam: SocialPsam },
    limits: Limits,
  ): Promise<OrRefused<SocialIdentity>> {
    const card = await this.identify(channel, psam, limits);
    if (card.kind === "refused") {
      this.ports.log.info("social-card-refused", { reason: card.reason });
      return { ok: false, refused: refuseCard(card.reason) };
    }
    const refused = await this.#standing(card, { operator, mayTrade }, limits);
    return refused === undefined ? { ok: true, value: card } : { ok: false, refused };
  }

  /** The agency's word about the card, or its last one: lost, cancelled, not active; then what is known of the PIN. */
  async #standing(card: SocialIdentity, { operator, mayTrade }: Admission, limits: Limits): Promise<Refused | undefined> {
    const status = await this.status(card, operator, limits);
    const refused = refusalOfStatus(textMember(status?.output, "status"), mayTrade);
    if (refused !== undefined || !mayTrade) return refused;
    const { policy, evidence } = this.ports.initialPin ?? DEFAULT_INITIAL_PIN_RULE;
    const known = this.known.pinEvidence(card.cardIdentifier);
    const words = joinInitialPinEvidence([evidence?.(card.cardIdentifier) ?? "unknown", known], known === "changed");
    const reason = initialPinReason({ pin: "set", cardIdentifier: card.cardIdentifier }, { policy, evidence: () => words });
    return reason === undefined ? undefined : refuse(reason);
  }

  /** The agency's word about the card where it is reached, else its last one with its time; undefined where nobody has said anything. */
  async status(
    card: SocialIdentity,
    operator: string,
    limits: Limits,
  ): Promise<{ readonly output: JsonObject; readonly asOfMs: number; readonly now: boolean } | undefined> {
    const { agency, clock } = this.ports;
    const before = this.known.value(card.cardIdentifier, "status");
    if (agency === undefined) return before === undefined ? undefined : { ...before, now: false };
    const request = { service: "card-status", id: drawId(this.ports), operator, input: { card: cardMember(card) } } as const;
    const reply = await askAgency(this.ports, request, this.hostLimits(limits.signal));
    if (reply.kind !== "ok") return before === undefined ? undefined : { ...before, now: false };
    const asOfMs = clock.wallMs();
    await this.known.keep(card.cardIdentifier, { name: "status", output: reply.output, asOfMs });
    return { output: reply.output, asOfMs, now: true };
  }

  /** Has the holder's PIN verified. Undefined: verified, or the card has none and `needsOne` is false. Faults: those of the channel. */
  async verifyPin({ channel }: ServedCard, limits: Limits, needsOne = false): Promise<Refused | undefined> {
    const { pin } = this.ports;
    const state = await queryPinState(channel, this.commandLimits(limits.signal));
    if (state.kind === "none") return needsOne ? refuse("no-pin-set") : undefined;
    if (state.kind === "locked") return refuse("pin-locked");
    if (state.kind === "refused") return refuse("pin-refused");
    if (pin === undefined) return refuse("no-pin-entry");
    const outcome = await pin.verifyOnCard(channel, CARD_PIN_TEMPLATE, this.pinLimits(limits.signal));
    if (outcome.kind === "verified") return undefined;
    const { reason, ...more } = pinRefusal(outcome);
    return refuse(reason, more);
  }

  /** The module's keys of this card, and then those of `more`. */
  keys(card: SocialIdentity, more: readonly KeyHolder[] = []): KeyHolder {
    const { psam } = this.ports;
    return firstWithKey([...(psam === undefined ? [] : [moduleKeys(psam, card, this.keyTable)]), ...more]);
  }

  /** Whether the document that was shown is the holder's. */
  holderIs({ holder }: SocialIdentity, person: PersonClaim): boolean {
    const same = (left: string, right: string) => left.trim().toUpperCase() === right.trim().toUpperCase();
    return same(holder.socialSecurityNumber, person.identityNumber) && same(holder.name, person.name);
  }

  /** Acts that an operator does for the agency: allowed, and with the holder's document. Undefined: they may. */
  authorise(card: SocialIdentity, { operator, person }: { readonly operator: string; readonly person?: PersonClaim }): Refused | undefined {
    if (this.ports.isAuthorised?.(operator) !== true) return refuse("operator-not-authorised");
    if (person === undefined || person.documentShown === "none") return refuse("identity-not-shown");
    return this.holderIs(card, person) ? undefined : refuse("person-not-holder");
  }
}

/** Faults of the journal and of the disk: they are the terminal's own and never an answer to a holder. */
export const STORE_FAULTS: ReadonlySet<string> = new Set(["store-full", "store-broken", "store-corrupt"]);

function refusalOfStatus(status: string, mayTrade: boolean): Refused | undefined {
  switch (status) {
    case "inactive":
      return mayTrade ? refuse("not-activated") : undefined;
    case "temporary-loss":
    case "formal-loss":
      return refuse("card-reported-lost");
    case "reissuing":
    case "cancelled":
      return refuse("card-cancelled");
    default:
      return undefined;
  }
}
