/*
 * The card's part: it names itself, then signs for this ride while it sends it online, so that nothing moves on it. A card that would rather
 * approve by itself is left alone, because its last record would debit it. Spec: JR/T 0025, quick debit and credit, fDDA.
 */
import { type Bytes, toHex } from "../../base/bytes.ts";
import type { Fen } from "../../base/fen.ts";
import { authenticateCard, quickTerminalData } from "../../card/electronic-cash/authentication.ts";
import { beginTransaction, readRecordsBeside } from "../../card/electronic-cash/commands.ts";
import { accountNumberOf, joinData } from "../../card/electronic-cash/data.ts";
import type { KnownCashCards } from "../../card/electronic-cash/known-cards.ts";
import { selectAgain, selectElectronicCash } from "../../card/electronic-cash/select.ts";
import type { CardData, CashTerminal, ProcessingOptions, SelectedCash } from "../../card/electronic-cash/types.ts";
import type { DayRange } from "../../codec/civil-time.ts";
import type { JsonObject } from "../journal/types.ts";
import type { ElectronicCashPorts } from "../quick-payment/ports.ts";
import { issuerOf, readAccount } from "../quick-payment/purses/cash-account.ts";
import { authenticationReason, isProved, restrictedBy } from "../quick-payment/purses/cash-judgement.ts";
import { beginningMembers, optionMembers } from "../quick-payment/purses/cash-record.ts";
import type { CardAccess, Unusable } from "../quick-payment/purses/dialogue.ts";
import type { SaleTime } from "../sale-time.ts";

/** A purchase. Spec: JR/T 0025, transaction type. */
const PURCHASE = "00";
const TRACK_2 = 0x57;

export interface TapParts {
  readonly cash: ElectronicCashPorts;
  readonly applicationIds: readonly string[];
  readonly known: KnownCashCards;
  /** 12 hexadecimal digits. */
  readonly terminalNumber: string;
}

export interface BankCard {
  readonly kind: "ok";
  readonly selected: SelectedCash;
  readonly accountNumber: string;
  /** Hexadecimal digits, as lists name issuers. */
  readonly issuer: string;
  /** For the sealed part of the record. */
  readonly personal: JsonObject;
}

/** Faults: those of the channel. */
export async function identifyBankCard(access: CardAccess, { applicationIds, known }: TapParts): Promise<BankCard | Unusable> {
  const { channel, limits } = access;
  const selected = await selectElectronicCash(channel, { interface: "contactless", applicationIds }, limits());
  if (selected.kind === "no-application") return { kind: "unusable", reason: "no-purse" };
  if (selected.kind === "blocked") return { kind: "unusable", reason: "application-blocked" };
  const named = await readAccount(access, undefined, known);
  if (named === undefined) return { kind: "unusable", reason: "card-unreadable" };
  const { accountNumber, personal } = named;
  return { kind: "ok", selected, accountNumber, issuer: issuerOf(accountNumber), personal };
}

export interface RideTerms {
  readonly amount: Fen;
  readonly saleTime: Pick<SaleTime, "date" | "time">;
  /** Days that it may be, by which the card is judged; the card is told the sale's own. */
  readonly days: DayRange;
}

/** What the acquirer needs to charge the card later. */
export interface SignedRide {
  readonly kind: "signed";
  readonly detail: JsonObject;
  readonly personal: JsonObject;
}

/** Has the card sign, and verifies it. Moves nothing on the card. Faults: those of the channel. */
export async function signRide(
  access: CardAccess,
  parts: TapParts,
  ride: { readonly card: BankCard; readonly terms: RideTerms },
): Promise<SignedRide | Unusable> {
  const asked = new Asked(access, parts, ride);
  const options = await asked.decision();
  if (options.kind === "refused") return { kind: "unusable", reason: "card-refused", statusWord: options.statusWord };
  if (options.path === "full") return { kind: "unusable", reason: "switch-interface" };
  if (options.decision === "AAC") return { kind: "unusable", reason: "card-declined" };
  // Approved offline, the next records would debit it; without records there is nothing that proves it.
  if (options.decision !== "ARQC" || options.records.length === 0) return { kind: "unusable", reason: "authentication-impossible" };
  return asked.proof(options);
}

class Asked {
  readonly #access: CardAccess;
  readonly #parts: TapParts;
  readonly #card: BankCard;
  readonly #terms: RideTerms;
  readonly #terminal: CashTerminal;
  readonly #unpredictableNumber: Bytes;

  constructor(access: CardAccess, parts: TapParts, { card, terms }: { readonly card: BankCard; readonly terms: RideTerms }) {
    this.#access = access;
    this.#parts = parts;
    this.#card = card;
    this.#terms = terms;
    // The issuer is asked, only later: the card must not be told that it decides alone.
    this.#terminal = { ...parts.cash.terminal, online: true };
    this.#unpredictableNumber = parts.cash.randomness.bytes(4);
  }

  decision() {
    const { channel, limits } = this.#access;
    const { selected } = this.#card;
    const { saleTime, amount } = this.#terms;
    const terms = {
      ...saleTime,
      amount,
      transactionType: PURCHASE,
      unpredictableNumber: this.#unpredictableNumber,
      sequence: Number(saleTime.time),
      asksIssuer: true,
    } as const;
    const again = () => selectAgain(channel, selected, limits());
    return beginTransaction(channel, { selected, terminal: this.#terminal, profile: this.#parts.cash.profile, terms, selectAgain: again }, limits());
  }

  /** The records, the last one too, in which nothing waits to be committed, and the signature over them. */
  async proof(options: ProcessingOptions): Promise<SignedRide | Unusable> {
    const { channel, limits } = this.#access;
    const { cash } = this.#parts;
    const { saleTime, days } = this.#terms;
    const read = await readRecordsBeside(channel, { names: options.records, held: new Map() }, limits());
    if (read.kind === "refused") return { kind: "unusable", reason: "card-refused", statusWord: read.statusWord };
    const data = joinData(options.data, read.data);
    // What contradicts itself is worth nothing, and another account is another card.
    if (data === undefined || accountNumberOf(data) !== this.#card.accountNumber) return { kind: "unusable", reason: "card-changed" };
    const restriction = restrictedBy(data, this.#terminal, days);
    if (restriction !== undefined) return { kind: "unusable", reason: restriction };
    const terminalData = quickTerminalData(options.sent, data);
    const { applicationId } = this.#card.selected;
    const { interchangeProfile } = options;
    const material = {
      applicationId,
      interchangeProfile,
      data,
      signedBytes: read.signedBytes,
      today: saleTime.date,
      ...(terminalData === undefined ? {} : { terminalData }),
    };
    const authentication = authenticateCard(cash, material);
    if (authentication.kind === "failed") return { kind: "unusable", reason: authenticationReason(authentication.why) };
    if (!isProved(authentication)) return { kind: "unusable", reason: "authentication-impossible" };
    return { kind: "signed", detail: this.#detail(options, authentication.algorithm), personal: { ...this.#card.personal, ...trackOf(data) } };
  }

  #detail(options: ProcessingOptions, algorithm: "sm" | "rsa"): JsonObject {
    const { selected } = this.#card;
    const { tc, ...members } = optionMembers(options, { selected, identityRecord: undefined });
    return {
      ...beginningMembers({
        terminalNumber: this.#parts.terminalNumber,
        terminal: this.#terminal,
        saleTime: this.#terms.saleTime,
        unpredictableNumber: toHex(this.#unpredictableNumber),
        applicationId: selected.applicationId,
        transactionType: PURCHASE,
        balanceBefore: undefined,
        counterBefore: undefined,
      }),
      ...members,
      // The same data object as a certificate of a payment, but one by which the issuer is asked.
      ...(tc === undefined ? {} : { arqc: tc }),
      authentication: algorithm,
    };
  }
}

/** Track 2 as the card has it: an acquirer asks the issuer with it. Sealed. */
function trackOf(data: CardData): JsonObject {
  const track = data.get(TRACK_2);
  return track === undefined ? {} : { track2: toHex(track) };
}
