/*
 * One contactless sale with electronic cash. The card decides at GET PROCESSING OPTIONS, and commits while it answers the last record: so
 * everything that can be checked is checked before that record is read, and everything that the proof needs is durable by then.
 * Spec: JR/T 0025, quick debit and credit.
 */
import { assert } from "../../../base/assert.ts";
import { type Bytes, toHex } from "../../../base/bytes.ts";
import { Fault } from "../../../base/fault.ts";
import type { Fen } from "../../../base/fen.ts";
import type { Limits } from "../../../base/ports.ts";
import {
  type Authentication,
  type AuthenticationFailure,
  type AuthenticationPorts,
  authenticateCard,
  authenticationMethod,
  foreseeFailure,
  quickTerminalData,
} from "../../../card/electronic-cash/authentication.ts";
import { beginTransaction, readLastRecord, readRecordsBeforeLast } from "../../../card/electronic-cash/commands.ts";
import { accountNumberOf, joinData } from "../../../card/electronic-cash/data.ts";
import type { FieldTime } from "../../../card/electronic-cash/field-time.ts";
import { restrictionsOf, sharesCurrency } from "../../../card/electronic-cash/restrictions.ts";
import { selectAgain } from "../../../card/electronic-cash/select.ts";
import type { CardData, CardRecords, CashBaseline, CashReason, CashTerms, ProcessingOptions, SelectedCash } from "../../../card/electronic-cash/types.ts";
import type { JsonObject } from "../../journal/types.ts";
import type { ElectronicCashPorts } from "../ports.ts";
import type { Reason } from "../types.ts";
import { beginningMembers, optionMembers } from "./cash-record.ts";
import type { CardAccess, ModuleAnswer, OpeningAnswer, PurseSale, Refusal, SaleTerms } from "./dialogue.ts";

/** A purchase. Spec: JR/T 0025, transaction type. */
const PURCHASE = "00";

export interface CashParts extends ElectronicCashPorts {
  /** 6 bytes. */
  readonly terminalNumber: Bytes;
}

/** The card as it was identified. */
export interface CashCardFacts {
  readonly selected: SelectedCash;
  readonly accountNumber: string;
  readonly baseline: CashBaseline;
  /** Began when the card was first spoken to; what was settled with it before this sale counts too. */
  readonly fieldTime: FieldTime;
}

export class CashSale implements PurseSale {
  readonly #access: CardAccess;
  readonly #parts: CashParts;
  readonly #card: CashCardFacts;
  readonly #saleTime: SaleTerms["saleTime"];
  readonly #terms: CashTerms;
  #options: ProcessingOptions | undefined;
  #before: CardRecords | undefined;
  #all: CardRecords | undefined;

  constructor(access: CardAccess, parts: CashParts, sale: { readonly card: CashCardFacts; readonly terms: SaleTerms }) {
    const { amount, saleTime } = sale.terms;
    this.#access = access;
    this.#parts = parts;
    this.#card = sale.card;
    this.#saleTime = saleTime;
    this.#terms = {
      ...saleTime,
      amount,
      transactionType: PURCHASE,
      unpredictableNumber: parts.randomness.bytes(4),
      sequence: Number(saleTime.time),
    };
  }

  get balanceBefore(): Fen | undefined {
    return this.#card.baseline.balance;
  }

  detail(): JsonObject {
    const { selected, baseline } = this.#card;
    const options = this.#options;
    const identityRecord = this.#before?.identityRecord;
    return {
      ...beginningMembers({
        terminalNumber: toHex(this.#parts.terminalNumber),
        terminal: this.#parts.terminal,
        saleTime: this.#saleTime,
        unpredictableNumber: toHex(this.#terms.unpredictableNumber),
        applicationId: selected.applicationId,
        transactionType: PURCHASE,
        balanceBefore: baseline.balance,
        counterBefore: baseline.atc,
      }),
      ...(options === undefined ? {} : optionMembers(options, { selected, identityRecord })),
    };
  }

  /** The card's decision, and all records but the committing one. */
  async openOnCard(): Promise<OpeningAnswer> {
    const { channel, limits } = this.#access;
    const { selected } = this.#card;
    const { terminal, profile } = this.#parts;
    const limit = limitReached(this.#terms.amount, terminal);
    if (limit !== undefined) return { kind: "declined", reason: limit };
    const context = { selected, terminal, profile, terms: this.#terms, selectAgain: () => selectAgain(channel, selected, limits()) };
    const options = await beginTransaction(channel, context, limits());
    if (options.kind === "refused") return options;
    const declined = declinedBy(options);
    if (declined !== undefined) return { kind: "declined", reason: declined };
    const before = await readRecordsBeforeLast(channel, options, limits());
    if (before.kind === "refused") return { kind: "refused", statusWord: before.statusWord };
    this.#options = options;
    this.#before = before;
    const number = accountNumberOf(this.#known(before));
    // A card that was exchanged between the two selections must not pay for the one that was identified.
    return number === undefined || number === this.#card.accountNumber ? { kind: "ok" } : { kind: "declined", reason: "card-changed" };
  }

  /** Nothing irreversible has happened yet: a card that could not be proved afterwards is refused now. */
  async openInModule(): Promise<ModuleAnswer> {
    const { terminal, isListed } = this.#parts;
    assert(this.#before !== undefined, "the card has shown its records");
    const data = this.#known(this.#before);
    if (isListed?.({ accountNumber: this.#card.accountNumber }) === true) return { kind: "failed", reason: "card-listed" };
    const restriction = restrictionsOf(data, terminal, this.#terms.date).find(({ reason }) => reason !== undefined)?.reason;
    if (restriction !== undefined) return { kind: "failed", reason: restrictionReason(restriction) };
    if (!sharesCurrency(data, terminal)) return { kind: "failed", reason: "card-declined" };
    assert(this.#options !== undefined, "the card has decided");
    const { interchangeProfile, records } = this.#options;
    // A signature over fixed data could be copied: it would not confirm the debit, so there must be none.
    if (authenticationMethod(interchangeProfile) === "static") return { kind: "failed", reason: "authentication-impossible" };
    // What a signed last record adds to the signed data cannot be known yet.
    const failure = records.at(-1)?.signed === true ? undefined : foreseeFailure(this.#authentication(), this.#material(this.#before));
    return failure === undefined ? { kind: "ok", asReserved: false } : { kind: "failed", reason: authenticationReason(failure) };
  }

  /** Once the time in the field is over, the last record would be torn more often than not: the card is asked for again instead. */
  async debit(limits: Limits): Promise<{ readonly kind: "ok" } | Refusal> {
    if (this.#card.fieldTime.isOver()) throw new Fault("timeout", "the time of this card in the field is over", { effectUnknown: false });
    const record = this.#options?.records.at(-1);
    assert(record !== undefined && this.#before !== undefined, "the card has approved, so that there is a last record");
    const answer = await readLastRecord(this.#access.channel, { record, before: this.#before }, limits);
    if (answer.kind === "refused") return { kind: "refused", statusWord: answer.statusWord };
    this.#all = answer;
    return { kind: "ok" };
  }

  async confirm(): Promise<"accepted" | "refused" | "no-session"> {
    if (this.#all === undefined) return "no-session";
    return isProved(authenticateCard(this.#authentication(), this.#material(this.#all))) ? "accepted" : "refused";
  }

  release(): void {
    // No security module takes part.
  }

  #authentication(): AuthenticationPorts {
    return this.#parts;
  }

  /** Everything that the card has said so far; what contradicts itself is worth nothing. */
  #known(records: CardRecords): CardData {
    assert(this.#options !== undefined, "the card has decided");
    return joinData(this.#options.data, records.data) ?? new Map();
  }

  #material(records: CardRecords) {
    assert(this.#options !== undefined, "the card has decided");
    const { interchangeProfile, sent } = this.#options;
    const data = this.#known(records);
    const terminalData = quickTerminalData(sent, data);
    return {
      applicationId: this.#card.selected.applicationId,
      interchangeProfile,
      data,
      signedBytes: records.signedBytes,
      today: this.#terms.date,
      ...(terminalData === undefined ? {} : { terminalData }),
    };
  }
}

/** Only an approval on the quick path goes on, and only one that owes nothing: no PIN can be sent and no signature taken here. Spec: JR/T 0025, card decisions. */
function declinedBy({ path, decision, cardQualifiers }: ProcessingOptions): Reason | undefined {
  if (path === "full") return "switch-interface";
  if (decision !== "TC") return decision === "ARQC" ? "online-required" : "card-declined";
  return cardQualifiers?.onlinePin === true || cardQualifiers?.signature === true ? "holder-verification-required" : undefined;
}

/** From the contactless limit on, not only above it; an offline terminal has its floor too. Spec: JR/T 0025, contactless transaction limit. */
function limitReached(amount: Fen, { limits, online }: CashParts["terminal"]): Reason | undefined {
  const { contactlessSaleFen, contactlessFloorFen } = limits;
  if (contactlessSaleFen !== undefined && amount >= contactlessSaleFen) return "amount-limit";
  return !online && contactlessFloorFen !== undefined && amount > contactlessFloorFen ? "amount-limit" : undefined;
}

/** Only a signature that covers this very sale is a proof; one over fixed data could be copied. */
export function isProved(authentication: Authentication): boolean {
  return authentication.kind === "verified" && authentication.method === "dynamic";
}

function restrictionReason(reason: CashReason): Reason {
  return reason === "expired" || reason === "not-yet-valid" ? reason : "usage-not-allowed";
}

/** "key-missing": a terminal with more keys could have taken this card. */
function authenticationReason(failure: AuthenticationFailure): Reason {
  if (failure === "authority-unknown" || failure === "authority-expired") return "key-missing";
  return failure === "not-offered" ? "authentication-impossible" : "authentication-failed";
}
