/*
 * The compound purchase of a transit account: a debit, or an entry of amount zero, together with records of the trade. Its caller says what
 * is written, or a tariff does, from what the card says of the journey and, once INITIALIZE has told it, of the balance.
 * Spec: PBOC purse, compound purchase. Spec: JT/T 978, gate flow.
 */
import { assert } from "../../../base/assert.ts";
import type { Bytes } from "../../../base/bytes.ts";
import { toHex } from "../../../base/bytes.ts";
import { ownMoneyOf } from "../../../card/purse/balance.ts";
import type { PurchaseStart } from "../../../card/purse/commands.ts";
import { PURCHASE_TYPE_COMPOSITE, type PurchaseOpening } from "../../../card/purse/types.ts";
import { needsAuthenticationCode, openTransit, readAuthenticationCode, type TransitCard } from "../../../card/transit/card.ts";
import { type CompoundUpdate, initializeCompound, transitPurseOf } from "../../../card/transit/compound.ts";
import { isTripOf, tripFileOf } from "../../../card/transit/trip-file.ts";
import type { CardProfile } from "../../../codec/card-profile.ts";
import type { Psam } from "../../../drivers/ports.ts";
import type { JsonObject } from "../../journal/types.ts";
import type { PurseProfile, TransitPorts } from "../ports.ts";
import type { Charge, Tariff, TransitView } from "../tariff.ts";
import type { CardAccess, Declined, PurseDialogue, PurseSale, SaleTerms, Unusable } from "./dialogue.ts";
import { type RiderRecord, readJourney, riderUpdate } from "./journey.ts";
import { PbocCard, type PbocCardFacts, type PbocIdentification, type PbocPurseParts, withBaseline } from "./pboc-card.ts";
import { PbocSale } from "./pboc-sale.ts";
import { updateMembers } from "./trip-record.ts";

/** EF15: an account that its issuer has put into use. Spec: JT/T 978, EF15. */
const ENABLED = 0x01;

export interface CompoundParts {
  readonly psam: Psam;
  readonly profile: PurseProfile;
  readonly cardProfile: CardProfile;
  readonly transit: TransitPorts | undefined;
}

export function compound({ psam, profile, cardProfile, transit }: CompoundParts): PurseDialogue {
  const parts: PbocPurseParts = { psam, profile, cardProfile, purse: transitPurseOf(cardProfile) };
  return {
    confirmation: "psam",
    identify: async (access) => {
      const opened = await openTransit(access.channel, cardProfile, access.limits());
      if (opened.kind === "refused") return { kind: "unusable", reason: "card-refused", statusWord: opened.statusWord };
      if (opened.kind !== "ok") return { kind: "unusable", reason: opened.kind === "blocked" ? "application-blocked" : "no-purse" };
      const found = await identified(access, parts, opened);
      if (found.kind !== "ok") return found;
      const tap = new CompoundTap(parts, opened, transit);
      const steps = { prepare: tap.prepare.bind(tap), journey: tap.journey.bind(tap), begin: tap.begin.bind(tap) };
      return { kind: "ok", card: new PbocCard(access, parts, { facts: found.facts, steps }) };
    },
  };
}

/** EF15 of a transit account is the purse's, with the byte of the version saying whether it is in use. */
function identified(access: CardAccess, parts: PbocPurseParts, { applicationId, data }: TransitCard): Promise<PbocIdentification> {
  return withBaseline(access, parts, { applicationId, data: { ...data, applicationVersion: data.enabled } });
}

/** What one presentation of a card has told for its compound purchases. */
class CompoundTap {
  readonly #parts: PbocPurseParts;
  readonly #card: TransitCard;
  readonly #transit: TransitPorts | undefined;
  #authenticationCode: Bytes | undefined;
  /** The operator's own record as it was read, where the tariff has asked for it. */
  #rider: RiderRecord | undefined;

  constructor(parts: PbocPurseParts, card: TransitCard, transit: TransitPorts | undefined) {
    this.#parts = parts;
    this.#card = card;
    this.#transit = transit;
  }

  /** Some cards want a code of theirs in MAC1, which must be read before the purchase is opened. Spec: CJ/T 166, compound purchase. */
  async prepare({ channel, limits }: CardAccess, { data }: PbocCardFacts): Promise<Unusable | undefined> {
    if (data.applicationVersion !== ENABLED) return { kind: "unusable", reason: "not-enabled" };
    if (!needsAuthenticationCode(this.#parts.cardProfile, this.#card.scheme)) return undefined;
    const answer = await readAuthenticationCode(channel, limits());
    if (answer.kind === "refused") return { kind: "unusable", reason: "card-refused", statusWord: answer.statusWord };
    this.#authenticationCode = answer.code;
    return undefined;
  }

  async journey(access: CardAccess, tariff: Pick<Tariff, "riderRecord">): Promise<TransitView | Unusable> {
    this.#rider = undefined;
    if (this.#transit === undefined) return { kind: "unusable", reason: "purse-not-offered" };
    const read = await readJourney(access, { card: this.#card, profile: this.#parts.cardProfile, transit: this.#transit, tariff });
    if (read.kind === "unusable") return read;
    this.#rider = read.rider;
    return read.view;
  }

  begin(access: CardAccess, facts: PbocCardFacts, terms: SaleTerms): PurseSale {
    const { psam, profile, purse } = this.#parts;
    const start: PurchaseStart = { keyIndex: profile.keyIndex, amount: terms.amount, terminalNumber: psam.terminalNumber, purse };
    const kind = {
      psam,
      type: PURCHASE_TYPE_COMPOSITE,
      open: () => initializeCompound(access.channel, start, access.limits()),
      authenticationCode: this.#authenticationCode,
      ...this.#written(terms),
    };
    return new PbocSale(access, kind, { facts, terms });
  }

  /** The records that the debit writes, and what the journal says of them: those of a tariff are known once INITIALIZE has told the balance. */
  #written({ purse, charge, saleTime }: SaleTerms): { updates(opening: PurchaseOpening): readonly CompoundUpdate[] | Declined; more(): JsonObject } {
    assert(purse.kind === "compound", "the sale is for this purse");
    if ("record" in purse) return { updates: () => [purse.record], more: () => updateMembers([purse.record]) };
    assert(charge !== undefined, "the tariff has said what is taken and written");
    let written: readonly CompoundUpdate[] = [];
    return {
      updates: (opening) => {
        const updates = this.#chargeUpdates(charge, saleTime, opening);
        if (!("kind" in updates)) written = updates;
        return updates;
      },
      more: () => ({ tariff: charge.detail, ...updateMembers(written) }),
    };
  }

  #chargeUpdates(charge: Charge, { date, time }: SaleTerms["saleTime"], opening: PurchaseOpening): readonly CompoundUpdate[] | Declined {
    const { balance } = ownMoneyOf(opening);
    if (charge.minimumBalance !== undefined && balance < charge.minimumBalance) return { kind: "declined", reason: "balance-too-low" };
    const { psam, cardProfile } = this.#parts;
    const at = { date, time, terminalNumber: toHex(psam.terminalNumber) };
    const { trip, riderRecord } = charge.writes({ ...at, balance });
    // After a power cut the card's record is known for this sale's by nothing else.
    assert(isTripOf(trip, at), "the record of a journey names terminal, date and time of its sale");
    const written = tripFileOf(this.#card.scheme, cardProfile).update(trip);
    if (riderRecord === undefined) return [written];
    assert(this.#rider !== undefined, "an operator's record is written where one was read");
    return [written, riderUpdate(this.#rider, riderRecord)];
  }
}
