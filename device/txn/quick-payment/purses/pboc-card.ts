/*
 * The PBOC purse application as the flow meets it: e-purse and compound purchases have one card number and one log, so that either can
 * prove a sale of the other. Each store has its own counter, and the profile says which store compound purchases are paid from.
 * Spec: PBOC purse, commands.
 */
import { type Bytes, fromHex, toHex } from "../../../base/bytes.ts";
import { ZERO_FEN } from "../../../base/fen.ts";
import { initializePurchase, purseValidity, readPublicData, selectPurse } from "../../../card/purse/commands.ts";
import { proveSale, purseOfSale, readNewestSale } from "../../../card/purse/prove-sale.ts";
import { PURCHASE_TYPE_COMPOSITE, type PurchaseIntent, type PurseName, type PursePublicData } from "../../../card/purse/types.ts";
import { initializeCompound } from "../../../card/transit/compound.ts";
import type { Psam } from "../../../drivers/ports.ts";
import { countMember, textMember } from "../../journal/members.ts";
import type { JsonObject } from "../../journal/types.ts";
import type { PurseProfile } from "../ports.ts";
import type { RecordedSale } from "../record.ts";
import type { CardAccess, IdentifiedCard, Proven, PurseSale, SaleTerms, Unusable } from "./dialogue.ts";

export interface PbocPurseParts {
  readonly psam: Psam;
  /** Applications in the order of trying, key index, and how proofs are asked for. */
  readonly profile: PurseProfile;
  /** The store of the application that this purse debits. */
  readonly purse: PurseName;
  /** The store that compound purchases of this profile debit, whatever this purse is. */
  readonly compoundPurse: PurseName;
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
  const log = await readNewestSale(channel, { purse: parts.purse, compoundPurse: parts.compoundPurse }, bounds);
  if (log.kind === "refused") return { kind: "unusable", reason: "card-refused", statusWord: log.statusWord };
  return { kind: "ok", facts: { applicationId: selected.applicationId, data, logSequence: log.sequence } };
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
  readonly begin: (access: CardAccess, facts: PbocCardFacts, terms: SaleTerms) => PurseSale;
}

export class PbocCard implements IdentifiedCard {
  readonly name: string;
  readonly personal: JsonObject;
  readonly #access: CardAccess;
  readonly #parts: PbocPurseParts;
  readonly #facts: PbocCardFacts;
  readonly #steps: PbocSaleSteps;

  constructor(access: CardAccess, parts: PbocPurseParts, found: { readonly facts: PbocCardFacts; readonly steps: PbocSaleSteps }) {
    const { serial, issuer } = found.facts.data;
    this.name = serial;
    this.personal = { cardSerial: serial, issuer };
    this.#access = access;
    this.#parts = parts;
    this.#facts = found.facts;
    this.#steps = found.steps;
  }

  /** A purse past its last day still settles what it paid before, and pays nothing new. Spec: PBOC purse, EF15. */
  async admit(today: string): Promise<{ readonly kind: "admitted" } | Unusable> {
    const validity = purseValidity(this.#facts.data, today);
    if (validity !== "valid") return { kind: "unusable", reason: validity };
    return (await this.#steps.prepare?.(this.#access, this.#facts)) ?? { kind: "admitted" };
  }

  begin(terms: SaleTerms): PurseSale {
    return this.#steps.begin(this.#access, this.#facts, terms);
  }

  async prove(sale: RecordedSale): Promise<Proven> {
    const { profile, compoundPurse } = this.#parts;
    // The sale may be of the other kind than this tap, and from the other store: its own type says from which.
    const intent = intentOf(sale, compoundPurse);
    const { channel, limits } = this.#access;
    const evidence = await proveSale(channel, { intent, proveSeqOrder: profile.proveSeqOrder, compoundPurse }, limits());
    switch (evidence.kind) {
      case "not-debited":
        return { evidence: { kind: "not-debited" }, detail: {} };
      case "undecidable":
        return { evidence: { kind: "undecidable", why: evidence.why }, detail: {} };
      case "debited":
        if (evidence.proof === "log-only") return { evidence: { kind: "debited", proof: "log-only" }, detail: {} };
        return { evidence: { kind: "debited", proof: "log" }, detail: proofMembers(evidence), code: evidence.mac2 };
    }
  }

  lacksKey(detail: JsonObject): boolean {
    return detail["algorithm"] === undefined;
  }

  /**
   * The key that the TAC was made with is told by INITIALIZE only. A sale whose answer was lost with the power has to ask again;
   * the amount is zero, so that an empty purse answers too, and the store is the one that this sale was paid from.
   */
  async learnKey(sale: RecordedSale): Promise<JsonObject> {
    const { profile, compoundPurse } = this.#parts;
    const { terminalNumber, type } = intentOf(sale, compoundPurse);
    const purse = purseOfSale({ type, purse: compoundPurse });
    const start = { keyIndex: profile.keyIndex, amount: ZERO_FEN, terminalNumber: fromHex(terminalNumber), purse };
    const { channel, limits } = this.#access;
    const initialize = type === PURCHASE_TYPE_COMPOSITE ? initializeCompound : initializePurchase;
    const opening = await initialize(channel, start, limits());
    return opening.kind === "ok" ? { keyVersion: opening.keyVersion, algorithm: opening.algorithm } : {};
  }
}

function proofMembers({ tac, mac2 }: { readonly tac: Bytes; readonly mac2: Bytes }): JsonObject {
  return { tac: toHex(tac), mac2: toHex(mac2) };
}
