/*
 * The PBOC purse application as the flow meets it: e-purse and compound purchases have one card number and one log, so that either can
 * prove a sale of the other. Each store has its own counter, and the profile says which store compound purchases are paid from.
 * Spec: PBOC purse, commands.
 */
import { fromHex } from "../../../base/bytes.ts";
import { ZERO_FEN } from "../../../base/fen.ts";
import { initializePurchase, purseFactors, purseValidity, readPublicData, selectPurse } from "../../../card/purse/commands.ts";
import { blockApplication, moduleSigner, type SignedAnswer } from "../../../card/purse/maintenance.ts";
import { proveSale, purseOfSale, readNewestSale } from "../../../card/purse/prove-sale.ts";
import { PURCHASE_TYPE_COMPOSITE, type PurchaseIntent, type PurseName, type PursePublicData } from "../../../card/purse/types.ts";
import { schemeOf } from "../../../card/transit/card.ts";
import { initializeCompound, transitPurseOf } from "../../../card/transit/compound.ts";
import { tripFileOf } from "../../../card/transit/trip-file.ts";
import type { CardProfile } from "../../../codec/card-profile.ts";
import type { DayRange } from "../../../codec/civil-time.ts";
import type { Psam } from "../../../drivers/ports.ts";
import { countMember, textMember } from "../../journal/members.ts";
import type { JsonObject } from "../../journal/types.ts";
import type { CardBlocking, PurseProfile } from "../ports.ts";
import type { RecordedSale } from "../record.ts";
import type { Tariff, TransitView } from "../tariff.ts";
import type { CardAccess, IdentifiedCard, Proven, PurseSale, SaleTerms, Unusable } from "./dialogue.ts";
import { provenBy, proveTrip } from "./trip-record.ts";

export interface PbocPurseParts {
  readonly psam: Psam;
  /** Applications in the order of trying, key index, and how proofs are asked for. */
  readonly profile: PurseProfile;
  /** The store of the application that this purse debits. */
  readonly purse: PurseName;
  /** Says which store compound purchases debit, whatever this purse is, and how journeys stand on the card. */
  readonly cardProfile: CardProfile;
}

/** The card's public data with the mark by which "not debited" is told later. */
export interface PbocCardFacts {
  /** Name of the application that was selected, hexadecimal. */
  readonly applicationId: string;
  readonly data: PursePublicData;
  /** Sequence of the newest purchase from this store in the log; undefined when the log holds none. */
  readonly logSequence: number | undefined;
}

export type PbocIdentification = { readonly kind: "ok"; readonly facts: PbocCardFacts } | Unusable;

/** Selects the purse and reads who it is, and how far its log has come. */
export async function identifyPboc({ channel, limits }: CardAccess, parts: PbocPurseParts): Promise<PbocIdentification> {
  const bounds = limits();
  const selected = await selectPurse(channel, parts.profile.applications, bounds);
  if (selected.kind !== "ok") return { kind: "unusable", reason: selected.kind === "no-purse" ? "no-purse" : "application-blocked" };
  const data = await readPublicData(channel, bounds);
  if (data.kind !== "ok") return { kind: "unusable", reason: "card-refused", statusWord: data.statusWord };
  return withBaseline({ channel, limits }, parts, { applicationId: selected.applicationId, data });
}

/** Adds how far the log has come. */
export async function withBaseline(
  { channel, limits }: CardAccess,
  { purse, cardProfile }: PbocPurseParts,
  named: Omit<PbocCardFacts, "logSequence">,
): Promise<PbocIdentification> {
  const log = await readNewestSale(channel, { purse, compoundPurse: transitPurseOf(cardProfile) }, limits());
  if (log.kind === "refused") return { kind: "unusable", reason: "card-refused", statusWord: log.statusWord };
  return { kind: "ok", facts: { ...named, logSequence: log.sequence } };
}

/** A sale as the card's log would name it. */
function intentOf({ detail, amount }: RecordedSale, compoundPurse: PurseName): PurchaseIntent {
  const cardSequence = countMember(detail, "cardSeq");
  const logSequenceBefore = countMember(detail, "logSeqBefore");
  return {
    terminalNumber: textMember(detail, "terminalNumber"),
    date: textMember(detail, "date"),
    time: textMember(detail, "time"),
    type: Number.parseInt(textMember(detail, "type"), 16),
    amount,
    purse: compoundPurse,
    ...(cardSequence === undefined ? {} : { cardSequence }),
    ...(logSequenceBefore === undefined ? {} : { logSequenceBefore }),
  };
}

/** How one kind of purchase goes on with an identified card. */
export interface PbocSaleSteps {
  /** What the card is asked once nothing of before is open; undefined: it may pay. Faults: those of the channel. */
  readonly prepare?: (access: CardAccess, facts: PbocCardFacts) => Promise<Unusable | undefined>;
  /** Where this kind can be priced by a tariff. Faults: those of the channel. */
  readonly journey?: (access: CardAccess, tariff: Pick<Tariff, "riderRecord">) => Promise<TransitView | Unusable>;
  readonly begin: (access: CardAccess, facts: PbocCardFacts, terms: SaleTerms) => PurseSale;
}

export class PbocCard implements IdentifiedCard {
  readonly name: string;
  readonly issuer: string;
  readonly personal: JsonObject;
  readonly journey?: NonNullable<IdentifiedCard["journey"]>;
  readonly #access: CardAccess;
  readonly #parts: PbocPurseParts;
  readonly #facts: PbocCardFacts;
  readonly #steps: PbocSaleSteps;

  constructor(access: CardAccess, parts: PbocPurseParts, found: { readonly facts: PbocCardFacts; readonly steps: PbocSaleSteps }) {
    const { serial, issuer } = found.facts.data;
    const { journey } = found.steps;
    this.name = serial;
    this.issuer = issuer;
    if (journey !== undefined) this.journey = (tariff) => journey(access, tariff);
    this.personal = { cardSerial: serial, issuer };
    this.#access = access;
    this.#parts = parts;
    this.#facts = found.facts;
    this.#steps = found.steps;
  }

  /** A purse past its last day still settles what it paid before, and pays nothing new. Spec: PBOC purse, EF15. */
  async admit(days: DayRange): Promise<{ readonly kind: "admitted" } | Unusable> {
    const validity = purseValidity(this.#facts.data, days);
    if (validity !== "valid") return { kind: "unusable", reason: validity };
    return (await this.#steps.prepare?.(this.#access, this.#facts)) ?? { kind: "admitted" };
  }

  begin(terms: SaleTerms): PurseSale {
    return this.#steps.begin(this.#access, this.#facts, terms);
  }

  /** Asks the issuer's application to refuse everything from now on. Faults: those of the channel, with what is known of the effect. */
  block(blocking: CardBlocking): Promise<SignedAnswer> {
    const { channel, limits } = this.#access;
    const { duration, psam } = blocking;
    const signer = moduleSigner(psam, { factors: purseFactors(this.#facts.data), algorithm: this.#parts.cardProfile.transitAlg });
    return blockApplication(channel, { duration, signer }, limits());
  }

  async prove(sale: RecordedSale): Promise<Proven> {
    const { profile, cardProfile } = this.#parts;
    const compoundPurse = transitPurseOf(cardProfile);
    // The sale may be of the other kind than this tap, and from the other store: its own type says from which.
    const intent = intentOf(sale, compoundPurse);
    const request = { intent, proveSeqOrder: profile.proveSeqOrder, compoundPurse };
    const { channel, limits } = this.#access;
    if (intent.type !== PURCHASE_TYPE_COMPOSITE) return provenBy(await proveSale(channel, request, limits()));
    return proveTrip(this.#access, { sale, request, trips: tripFileOf(schemeOf(this.#facts.applicationId), cardProfile) });
  }

  lacksKey(detail: JsonObject): boolean {
    return detail["algorithm"] === undefined;
  }

  /**
   * The key that the TAC was made with is told by INITIALIZE only. A sale whose answer was lost with the power has to ask again;
   * the amount is zero, so that an empty purse answers too, and the store is the one that this sale was paid from.
   */
  async learnKey(sale: RecordedSale): Promise<JsonObject> {
    const { profile, cardProfile } = this.#parts;
    const compoundPurse = transitPurseOf(cardProfile);
    const { terminalNumber, type } = intentOf(sale, compoundPurse);
    const purse = purseOfSale({ type, purse: compoundPurse });
    const start = { keyIndex: profile.keyIndex, amount: ZERO_FEN, terminalNumber: fromHex(terminalNumber), purse };
    const { channel, limits } = this.#access;
    const initialize = type === PURCHASE_TYPE_COMPOSITE ? initializeCompound : initializePurchase;
    const opening = await initialize(channel, start, limits());
    return opening.kind === "ok" ? { keyVersion: opening.keyVersion, algorithm: opening.algorithm } : {};
  }
}
