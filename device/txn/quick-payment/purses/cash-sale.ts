/*
 * One contactless sale with electronic cash. The card decides at GET PROCESSING OPTIONS, and commits while it answers the last record: so
 * everything that can be checked is checked before that record is read, and everything that the proof needs is durable by then.
 * Spec: JR/T 0025, quick debit and credit.
 */
import { assert } from "../../../base/assert.ts";
import { type Bytes, toHex } from "../../../base/bytes.ts";
import { Fault } from "../../../base/fault.ts";
import { type Fen, ZERO_FEN } from "../../../base/fen.ts";
import type { Limits } from "../../../base/ports.ts";
import {
  type AuthenticationPorts,
  authenticateCard,
  authenticationMethod,
  foreseeFailure,
  quickTerminalData,
} from "../../../card/electronic-cash/authentication.ts";
import { beginTransaction, getData, type HeldRecords, readLastRecord, readRecordsBeside, recordKey } from "../../../card/electronic-cash/commands.ts";
import { accountNumberOf, addRecord, amountOf, joinData, NO_RECORDS } from "../../../card/electronic-cash/data.ts";
import type { FieldTime } from "../../../card/electronic-cash/field-time.ts";
import type { KnownCashCards } from "../../../card/electronic-cash/known-cards.ts";
import { selectAgain } from "../../../card/electronic-cash/select.ts";
import type { CardData, CardRecords, CashBaseline, CashTerms, ProcessingAnswer, ProcessingOptions, SelectedCash } from "../../../card/electronic-cash/types.ts";
import type { RecordName } from "../../../codec/afl.ts";
import { type DayRange, dayRange } from "../../../codec/civil-time.ts";
import type { JsonObject } from "../../journal/types.ts";
import type { ElectronicCashPorts } from "../ports.ts";
import type { Reason } from "../types.ts";
import { balanceWritten, IndustrySale, type ShownRecord } from "./cash-industry.ts";
import { authenticationReason, isProved, restrictedBy } from "./cash-judgement.ts";
import { beginningMembers, optionMembers } from "./cash-record.ts";
import type { CardAccess, ModuleAnswer, OpeningAnswer, PurseSale, Refusal, SaleTerms } from "./dialogue.ts";

/** A purchase. Spec: JR/T 0025, transaction type. */
const PURCHASE = "00";
/** Deposit that a fare may take from, and what was taken of it. Spec: JR/T 0025, extension for small payments. */
const DEPOSIT = { limit: 0xdf62, used: 0xdf63 } as const;

export interface CashParts extends ElectronicCashPorts {
  /** 6 bytes. */
  readonly terminalNumber: Bytes;
}

/** The card as it was identified. */
export interface CashCardFacts {
  readonly selected: SelectedCash;
  readonly accountNumber: string;
  /** What keys of this account are made of. */
  readonly keyDigits: string;
  readonly baseline: CashBaseline;
  /** Records that were read for its name. */
  readonly read: HeldRecords;
  readonly known: KnownCashCards;
  /** Began when the card was first spoken to; what was settled with it before this sale counts too. */
  readonly fieldTime: FieldTime;
}

export class CashSale implements PurseSale {
  readonly #access: CardAccess;
  readonly #parts: CashParts;
  readonly #card: CashCardFacts;
  readonly #saleTime: SaleTerms["saleTime"];
  readonly #terms: CashTerms;
  /** Days that it may be; the card is told the sale's own. */
  readonly #days: DayRange;
  readonly #minimumBalance: Fen;
  readonly #industry: IndustrySale | undefined;
  /** How the price of a purchase came about, where a tariff said it. */
  readonly #fare: JsonObject | undefined;
  /** Records of this card that need not be asked for, and those that have been. */
  readonly #held: HeldRecords;
  readonly #read: Map<string, Bytes>;
  #reselected = false;
  #options: ProcessingOptions | undefined;
  /** The record with the account number among those of the card's list, where it was read for the card's name already. */
  #identityRecord: RecordName | undefined;
  #before: CardRecords | undefined;
  #all: CardRecords | undefined;

  constructor(
    access: CardAccess,
    parts: CashParts,
    sale: { readonly card: CashCardFacts; readonly terms: SaleTerms; readonly shown: ShownRecord | undefined; readonly days: DayRange | undefined },
  ) {
    const { amount, saleTime, charge } = sale.terms;
    const { read, known, accountNumber, keyDigits, baseline } = sale.card;
    const unread = parts.profile.cashRecords === "unread";
    this.#held = unread ? new Map([...known.recordsOf(accountNumber), ...read]) : new Map();
    this.#read = new Map(this.#held);
    this.#minimumBalance = charge?.minimumBalance ?? ZERO_FEN;
    this.#industry = industryOf(access, parts, { ...sale, account: keyDigits, balance: balanceWritten(baseline.balance) });
    this.#fare = this.#industry === undefined ? charge?.detail : undefined;
    this.#access = access;
    this.#parts = parts;
    this.#card = sale.card;
    this.#saleTime = saleTime;
    this.#days = sale.days ?? dayRange(saleTime.date);
    this.#terms = {
      ...saleTime,
      // What is held is told to the card, and moves nothing.
      amount: charge?.amount ?? amount,
      transactionType: PURCHASE,
      unpredictableNumber: parts.randomness.bytes(4),
      sequence: Number(saleTime.time),
      ...(this.#industry === undefined ? {} : { industry: this.#industry.use }),
    };
  }

  get balanceBefore(): Fen | undefined {
    return this.#card.baseline.balance;
  }

  detail(): JsonObject {
    const { selected, baseline } = this.#card;
    const options = this.#options;
    const identityRecord = this.#identityRecord ?? this.#before?.identityRecord;
    const { clearing } = this.#parts;
    return {
      ...(clearing === undefined ? {} : { clearing }),
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
      ...this.#industry?.members(),
      ...(this.#fare === undefined ? {} : { fare: this.#fare }),
      ...(options === undefined ? {} : optionMembers(options, { selected, identityRecord })),
    };
  }

  /** The card's decision, the industry record into its cache, and all records but the committing one. */
  async openOnCard(decided: () => void): Promise<OpeningAnswer> {
    const ruledOut = limitReached(this.#terms.amount, this.#parts.terminal) ?? this.#belowMinimum();
    if (ruledOut !== undefined) return { kind: "declined", reason: ruledOut };
    const options = await this.#decision();
    if (options.kind === "refused") return options;
    const declined = this.#industry?.exchanged === true ? "card-changed" : declinedBy(options);
    if (declined !== undefined) return { kind: "declined", reason: declined === "card-declined" ? await this.#whyDeclined(options) : declined };
    // Directly after the decision: the card takes it at no other time.
    const notCached = await this.#industry?.cache(options);
    if (notCached !== undefined) return notCached;
    // All that the proof needs is known: it becomes durable while the records are read.
    this.#options = options;
    this.#identityRecord = options.records.slice(0, -1).find((name) => this.#showsAccount(name));
    decided();
    return this.#readBeforeLast(options);
  }

  #showsAccount(name: RecordName): boolean {
    const bytes = this.#reselected ? undefined : this.#card.read.get(recordKey(name));
    return bytes !== undefined && addRecord(NO_RECORDS, name, bytes)?.identityRecord !== undefined;
  }

  #belowMinimum(): Reason | undefined {
    return balanceWritten(this.#card.baseline.balance) < this.#minimumBalance ? "balance-too-low" : undefined;
  }

  #decision(): Promise<ProcessingAnswer> {
    const { channel, limits } = this.#access;
    const { selected } = this.#card;
    const { terminal, profile } = this.#parts;
    const again = async (): Promise<void> => {
      this.#reselected = true;
      await selectAgain(channel, selected, limits());
      await this.#industry?.readAgain();
    };
    return beginTransaction(channel, { selected, terminal, profile, terms: this.#terms, selectAgain: again }, limits());
  }

  /** A card that declines is asked whether it had enough: that is the one reason which its holder can do something about. */
  async #whyDeclined({ available }: ProcessingOptions): Promise<Reason> {
    const balance = available ?? this.#card.baseline.balance;
    if (balance === undefined) return "card-declined";
    return this.#terms.amount > balance + (await this.#deposit()) ? "insufficient-funds" : "card-declined";
  }

  async #deposit(): Promise<number> {
    if (this.#industry === undefined) return 0;
    const { channel, limits } = this.#access;
    const limit = amountOf(await getData(channel, DEPOSIT.limit, limits())) ?? ZERO_FEN;
    return limit - (amountOf(await getData(channel, DEPOSIT.used, limits())) ?? ZERO_FEN);
  }

  async #readBeforeLast(options: ProcessingOptions): Promise<OpeningAnswer> {
    const { channel, limits } = this.#access;
    // What was read before another selection may be another card's.
    const held: HeldRecords = this.#reselected ? new Map() : this.#held;
    const note = (name: RecordName, bytes: Bytes) => this.#read.set(recordKey(name), bytes);
    const before = await readRecordsBeside(channel, { names: options.records.slice(0, -1), held, note }, limits());
    if (before.kind === "refused") return { kind: "refused", statusWord: before.statusWord };
    this.#before = before;
    const number = accountNumberOf(this.#known(before));
    // A card that was exchanged between the two selections must not pay for the one that was identified.
    return number === undefined || number === this.#card.accountNumber ? { kind: "ok" } : { kind: "declined", reason: "card-changed" };
  }

  /** Nothing irreversible has happened yet: a card that could not be proved afterwards is refused now. */
  async openInModule(): Promise<ModuleAnswer> {
    const { terminal } = this.#parts;
    assert(this.#before !== undefined, "the card has shown its records");
    const data = this.#known(this.#before);
    const restriction = restrictedBy(data, terminal, this.#days);
    if (restriction !== undefined) return { kind: "failed", reason: restriction };
    assert(this.#options !== undefined, "the card has decided");
    const { interchangeProfile, records } = this.#options;
    // A signature over fixed data could be copied: it would not confirm the debit, so there must be none.
    if (authenticationMethod(interchangeProfile) === "static") return { kind: "failed", reason: "authentication-impossible" };
    // What a signed last record adds to the signed data cannot be known yet.
    const failure = records.at(-1)?.signed === true ? undefined : foreseeFailure(this.#authentication(), this.#material(this.#before));
    // A card whose number was first seen in its list has told something that its proof needs.
    const asReserved = this.#identityRecord !== undefined || this.#before.identityRecord === undefined;
    if (failure === undefined) return { kind: "ok", asReserved };
    this.#card.known.forget(this.#card.accountNumber);
    return { kind: "failed", reason: authenticationReason(failure) };
  }

  /** Once the time in the field is over, the last record would be torn more often than not: the card is asked for again instead. */
  async debit(limits: Limits): Promise<{ readonly kind: "ok" } | Refusal> {
    if (this.#card.fieldTime.isOver()) throw new Fault("timeout", "the time of this card in the field is over", { effectUnknown: false });
    const record = this.#options?.records.at(-1);
    assert(record !== undefined && this.#before !== undefined, "the card has approved, so that there is a last record");
    const answer = await readLastRecord(this.#access.channel, { record, before: this.#before }, limits);
    if (answer.kind === "refused") {
      // A card that insists on being read whole is read whole at its next tap.
      this.#card.known.forget(this.#card.accountNumber);
      return { kind: "refused", statusWord: answer.statusWord };
    }
    this.#all = answer;
    return { kind: "ok" };
  }

  async confirm(): Promise<"accepted" | "refused" | "no-session"> {
    if (this.#all === undefined) return "no-session";
    const proved = isProved(authenticateCard(this.#authentication(), this.#material(this.#all)));
    const { known, accountNumber } = this.#card;
    if (!proved) known.forget(accountNumber);
    else if (this.#parts.profile.cashRecords === "unread") known.keep(accountNumber, this.#listed());
    return proved ? "accepted" : "refused";
  }

  release(): void {
    // No security module takes part.
  }

  /** The records of the card's list that every sale begins with; what else was read for its name is not kept. */
  #listed(): HeldRecords {
    const listed = (this.#options?.records.slice(0, -1) ?? []).map(recordKey);
    return new Map([...this.#read].filter(([key]) => listed.includes(key)));
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

/** The record that goes with a sale, where the sale has one. */
function industryOf(
  access: CardAccess,
  { profile, terminalNumber }: CashParts,
  { terms, shown, balance, account }: { readonly terms: SaleTerms; readonly shown: ShownRecord | undefined; readonly balance: Fen; readonly account: string },
): IndustrySale | undefined {
  const { charge, saleTime } = terms;
  if (terms.purse.kind !== "electronic-cash" || terms.purse.industry === undefined) return undefined;
  assert(charge !== undefined && shown !== undefined, "the tariff was asked with the record that the card showed");
  const at = { date: saleTime.date, time: saleTime.time, terminalNumber: toHex(terminalNumber), balance };
  return new IndustrySale(access, profile, { ...shown, charge, at, account });
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
