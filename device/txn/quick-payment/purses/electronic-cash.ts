/*
 * Electronic cash as the flow meets its card. A card that was torn at its last record repeats that answer for the very first command after
 * its selection only, and nobody knows yet which card it is: so the first command asks for the last record of the newest open sale. The
 * account number stands in records that may be read without a transaction. Spec: JR/T 0025, quick debit and credit, torn transactions.
 */
import { assert } from "../../../base/assert.ts";
import { type Authentication, authenticateCard, quickTerminalData } from "../../../card/electronic-cash/authentication.ts";
import { BASELINE_FOR_PROOF, peekRecord, readBaseline, readRecords } from "../../../card/electronic-cash/commands.ts";
import { joinData } from "../../../card/electronic-cash/data.ts";
import { startFieldTime } from "../../../card/electronic-cash/field-time.ts";
import { KnownCashCards } from "../../../card/electronic-cash/known-cards.ts";
import { evidenceAtOnce, type Observed, proveFurther, proveTransaction } from "../../../card/electronic-cash/prove-transaction.ts";
import { selectAgain, selectElectronicCash } from "../../../card/electronic-cash/select.ts";
import type { CardData, CardRecords, CashEvidence, SelectCashAnswer, SelectedCash } from "../../../card/electronic-cash/types.ts";
import type { RecordName } from "../../../codec/afl.ts";
import { civilTime, type DayRange } from "../../../codec/civil-time.ts";
import type { JsonObject } from "../../journal/types.ts";
import type { PurseChoice } from "../../sale-request.ts";
import { OpenSales } from "../open-sales.ts";
import type { RecordedSale } from "../record.ts";
import type { TransitView } from "../tariff.ts";
import type { PurseEvidence } from "../types.ts";
import { issuerOf, readAccount } from "./cash-account.ts";
import { cashView, readIndustry, type ShownRecord } from "./cash-industry.ts";
import { isProved } from "./cash-judgement.ts";
import { answeredData, type RecordedCash, recordedCash } from "./cash-record.ts";
import { type CashCardFacts, type CashParts, CashSale } from "./cash-sale.ts";
import type { CardAccess, Identification, IdentifiedCard, Proven, PurseDialogue, PurseSale, SaleTerms, Unusable } from "./dialogue.ts";

/** Answers that cards have repeated during this sale, by the subject that they were asked for: a card repeats them once, and may be torn again. */
type Repeated = Map<string, CardRecords>;

/** What a card's counter is read for: only a sale of before is decided by it. */
const BALANCE_ALONE = ["balance"] as const;

export function electronicCash(parts: CashParts): PurseDialogue {
  const repeated: Repeated = new Map();
  const known = parts.knownCards ?? new KnownCashCards();
  const open = parts.openSales ?? new OpenSales("electronic-cash");
  return {
    confirmation: "signature",
    recall: (journal) => open.newest(journal),
    identify: (access, open) => identify(access, { parts, repeated, known }, open),
  };
}

async function identify(
  access: CardAccess,
  { parts, repeated, known }: { readonly parts: CashParts; readonly repeated: Repeated; readonly known: KnownCashCards },
  open: readonly RecordedSale[],
): Promise<Identification> {
  const { channel, limits } = access;
  const fieldTime = startFieldTime(parts.clock, parts.profile.qpbocBudgetMs);
  const [asked] = open.flatMap((sale) => {
    const cash = recordedCash(sale);
    return cash === undefined ? [] : [{ subject: sale.subject, cash }];
  });
  const recalled = asked === undefined ? undefined : await recall(access, asked.cash);
  if (asked !== undefined && recalled?.answer !== undefined) repeated.set(asked.subject, recalled.answer);
  const selected = recalled?.selected ?? (await select(access, parts));
  if (selected.kind === "no-application") return { kind: "unusable", reason: "no-purse" };
  if (selected.kind === "blocked") return { kind: "unusable", reason: "application-blocked" };
  const named = await readAccount(access, asked?.cash.intent.identityRecord, known);
  if (named === undefined) return { kind: "unusable", reason: "card-unreadable" };
  const baseline = await readBaseline(channel, recalled === undefined ? BALANCE_ALONE : BASELINE_FOR_PROOF, limits());
  const facts: CashCardFacts = { selected, accountNumber: named.accountNumber, keyDigits: named.keyDigits, baseline, fieldTime, read: named.read, known };
  return { kind: "ok", card: new CashCard(access, parts, { facts, recalled, repeated, personal: named.personal }) };
}

function select({ channel, limits }: CardAccess, { applicationIds }: CashParts): Promise<SelectCashAnswer> {
  return selectElectronicCash(channel, { interface: "contactless", ...(applicationIds === undefined ? {} : { applicationIds }) }, limits());
}

/** What a card answered to the first command after its selection, when that asked for the last record of an open sale. */
interface Recalled {
  readonly selected: SelectedCash;
  readonly place: RecordName;
  /** Undefined where the card has nothing to repeat. */
  readonly answer: CardRecords | undefined;
}

/** Selects as an open sale did and asks for its last record first, because the card gives its copy then only; undefined where it is no such card. */
async function recall({ channel, limits }: CardAccess, { intent }: RecordedCash): Promise<Recalled | undefined> {
  const selected = await selectAgain(channel, intent, limits());
  const place = intent.lastRecord;
  if (selected.kind !== "ok" || place === undefined) return undefined;
  return { selected, place, answer: await peekRecord(channel, place, limits()) };
}

interface FoundCard {
  readonly facts: CashCardFacts;
  readonly recalled: Recalled | undefined;
  readonly repeated: Repeated;
  readonly personal: JsonObject;
}

/** The card's word that it was debited, with the answer that it has just repeated, or had repeated before it was torn again. */
type Debited = Extract<CashEvidence, { readonly kind: "debited" }> & { readonly before: CardRecords | undefined };

class CashCard implements IdentifiedCard {
  readonly name: string;
  readonly personal: JsonObject;
  readonly issuer: string;
  readonly #access: CardAccess;
  readonly #parts: CashParts;
  readonly #facts: CashCardFacts;
  readonly #recalled: Recalled | undefined;
  readonly #repeated: Repeated;
  #shown: ShownRecord | undefined;
  #days: DayRange | undefined;

  constructor(access: CardAccess, parts: CashParts, found: FoundCard) {
    this.name = found.facts.accountNumber;
    this.issuer = issuerOf(this.name);
    this.personal = found.personal;
    this.#access = access;
    this.#parts = parts;
    this.#facts = found.facts;
    this.#recalled = found.recalled;
    this.#repeated = found.repeated;
  }

  /** Days, use and certificates are asked once the card has shown its records, before it commits. */
  async admit(days: DayRange): Promise<{ readonly kind: "admitted" } | Unusable> {
    this.#days = days;
    return { kind: "admitted" };
  }

  /** The industry record of the sale's place; a purchase that a tariff prices has none, so that the card tells of no journey. */
  async journey(_tariff: unknown, purse: PurseChoice): Promise<TransitView | Unusable> {
    assert(purse.kind === "electronic-cash", "another purse has another card");
    if (purse.industry === undefined) return cashView({ accountNumber: this.name, issuer: this.issuer }, undefined);
    const answer = await readIndustry(this.#access, this.#parts, purse.industry);
    if (answer.kind === "unusable") return answer;
    this.#shown = answer.shown;
    return cashView({ accountNumber: this.name, issuer: this.issuer }, answer.trip);
  }

  begin(terms: SaleTerms): PurseSale {
    return new CashSale(this.#access, this.#parts, { card: this.#facts, terms, shown: this.#shown, days: this.#days });
  }

  async prove(sale: RecordedSale): Promise<Proven> {
    const recorded = recordedCash(sale);
    // The committing record is read only after the entry that names it has become durable.
    if (recorded === undefined) return { evidence: { kind: "not-debited" }, detail: {} };
    const { channel, limits } = this.#access;
    const { intent } = recorded;
    const observed = this.#atHand(recorded);
    const evidence =
      observed === undefined
        ? await proveTransaction(channel, intent, limits())
        : (evidenceAtOnce({ intent, observed }) ?? (await proveFurther(channel, { intent, observed }, limits())));
    return { evidence: await this.#judged(sale.subject, recorded, evidence), detail: {} };
  }

  lacksKey(): boolean {
    return false;
  }

  async learnKey(): Promise<JsonObject> {
    return {};
  }

  /** What the card has said already when it was identified; undefined where it was asked for another sale. */
  #atHand({ intent }: RecordedCash): Observed | undefined {
    const recalled = this.#recalled;
    const { lastRecord } = intent;
    if (recalled === undefined || recalled.selected.applicationId !== intent.applicationId) return undefined;
    if (recalled.place.sfi !== lastRecord?.sfi || recalled.place.number !== lastRecord.number) return undefined;
    const { balance, atc } = this.#facts.baseline;
    return {
      ...(atc === undefined ? {} : { atc }),
      ...(balance === undefined ? {} : { balance }),
      ...(recalled.answer === undefined ? {} : { replay: recalled.answer }),
    };
  }

  async #judged(subject: string, recorded: RecordedCash, evidence: CashEvidence): Promise<PurseEvidence> {
    switch (evidence.kind) {
      case "not-debited":
        return { kind: "not-debited" };
      case "another-card":
        return { kind: "undecidable", why: "log-unreadable" };
      case "undecidable":
        return { kind: "undecidable", why: evidence.why === "log-overrun" ? "log-overrun" : "log-unreadable" };
      case "debited":
        return this.#verified(recorded, { ...evidence, before: this.#repeated.get(subject) });
    }
  }

  /**
   * The card says that it was debited. Its signature over this sale's own number says that it is no copy of a card; a card that signs the
   * last record too has to repeat that record for it, one of the older version has signed all there is already.
   */
  async #verified(recorded: RecordedCash, { proof, replay, before }: Debited): Promise<PurseEvidence> {
    if (proof === "proof") return { kind: "debited", proof: "log" };
    if (proof === "log") return { kind: "debited", proof: "log-only" };
    const authentication = await this.#authenticate(recorded, (replay ?? before)?.data ?? new Map());
    if (authentication !== undefined && isProved(authentication)) return { kind: "debited", proof: "signature" };
    const forged = proof === "replay" && authentication?.kind === "failed" && authentication.why === "signature-wrong";
    return forged ? { kind: "debited", proof: "balance", refused: true } : { kind: "debited", proof: "balance" };
  }

  /** Undefined where the card shows its certificates no more. */
  async #authenticate(recorded: RecordedCash, repeated: CardData): Promise<Authentication | undefined> {
    const { channel, limits } = this.#access;
    const read = await readRecords(channel, recorded.records.slice(0, -1), limits());
    const records = read.kind === "ok" ? joinData(joinData(answeredData(recorded), read.data) ?? new Map(), repeated) : undefined;
    if (read.kind !== "ok" || records === undefined) return undefined;
    const terminalData = quickTerminalData(recorded.sent, records);
    return authenticateCard(this.#parts, {
      applicationId: recorded.intent.applicationId,
      interchangeProfile: recorded.interchangeProfile,
      data: records,
      signedBytes: read.signedBytes,
      today: civilTime(this.#parts.clock.wallMs()).date,
      ...(terminalData === undefined ? {} : { terminalData }),
    });
  }
}
