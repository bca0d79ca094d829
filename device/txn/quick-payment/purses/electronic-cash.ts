/*
 * Electronic cash as the flow meets its card. A card that was torn at its last record repeats that answer for the very first command after
 * its selection only, and nobody knows yet which card it is: so the first command asks for the last record of the newest open sale. The
 * account number stands in records that may be read without a transaction. Spec: JR/T 0025, quick debit and credit, torn transactions.
 */
import { authenticateCard, quickTerminalData } from "../../../card/electronic-cash/authentication.ts";
import { BASELINE_FOR_PROOF, peekRecord, readBaseline, readRecords } from "../../../card/electronic-cash/commands.ts";
import { accountNumberOf, joinData } from "../../../card/electronic-cash/data.ts";
import { proveTransaction } from "../../../card/electronic-cash/prove-transaction.ts";
import { selectAgain, selectElectronicCash } from "../../../card/electronic-cash/select.ts";
import type { CardData, CardRecords, CashEvidence, SelectCashAnswer, SelectedCash } from "../../../card/electronic-cash/types.ts";
import type { RecordName } from "../../../codec/afl.ts";
import { civilTime } from "../../../codec/civil-time.ts";
import type { JsonObject } from "../../journal/types.ts";
import type { RecordedSale } from "../record.ts";
import type { PurseEvidence } from "../types.ts";
import { accountMembers, answeredData, type RecordedCash, recordedCash } from "./cash-record.ts";
import { type CashCardFacts, type CashParts, CashSale, isProved } from "./cash-sale.ts";
import type { CardAccess, IdentifiedCard, Identification, Proven, PurseDialogue, PurseSale, SaleTerms, Unusable } from "./dialogue.ts";

/** Records in which cards keep the account number, in the order of trying. */
const IDENTITY_PLACES: readonly RecordName[] = [
  { sfi: 1, number: 1, signed: false },
  { sfi: 2, number: 1, signed: false },
  { sfi: 1, number: 2, signed: false },
  { sfi: 2, number: 2, signed: false },
];

export function electronicCash(parts: CashParts): PurseDialogue {
  return {
    confirmation: "signature",
    recalls: true,
    identify: (access, open) => identify(access, parts, open),
  };
}

async function identify(access: CardAccess, parts: CashParts, open: readonly RecordedSale[]): Promise<Identification> {
  const { channel, limits } = access;
  const committed = open.map(recordedCash).find((sale) => sale !== undefined);
  const selected = (committed === undefined ? undefined : await recall(access, committed)) ?? (await select(access, parts));
  if (selected.kind === "no-application") return { kind: "unusable", reason: "no-purse" };
  if (selected.kind === "blocked") return { kind: "unusable", reason: "application-blocked" };
  const named = await readAccount(access, committed?.intent.identityRecord);
  if (named === undefined) return { kind: "unusable", reason: "card-unreadable" };
  const baseline = await readBaseline(channel, BASELINE_FOR_PROOF, limits());
  const facts: CashCardFacts = { selected, accountNumber: named.accountNumber, baseline };
  return { kind: "ok", card: new CashCard(access, parts, { facts, personal: named.personal }) };
}

function select({ channel, limits }: CardAccess, { applicationIds }: CashParts): Promise<SelectCashAnswer> {
  return selectElectronicCash(channel, { interface: "contactless", ...(applicationIds === undefined ? {} : { applicationIds }) }, limits());
}

/** Selects as an open sale did and asks for its last record first, so that the card keeps its copy; undefined where it is no such card. */
async function recall({ channel, limits }: CardAccess, { intent }: RecordedCash): Promise<SelectedCash | undefined> {
  const selected = await selectAgain(channel, intent, limits());
  if (selected.kind !== "ok" || intent.lastRecord === undefined) return undefined;
  await peekRecord(channel, intent.lastRecord, limits());
  return selected;
}

interface NamedAccount {
  readonly accountNumber: string;
  readonly personal: JsonObject;
}

async function readAccount({ channel, limits }: CardAccess, known: RecordName | undefined): Promise<NamedAccount | undefined> {
  let data: CardData = new Map();
  for (const place of known === undefined ? IDENTITY_PLACES : [known, ...IDENTITY_PLACES]) {
    const record = await peekRecord(channel, place, limits());
    data = record === undefined ? data : (joinData(data, record.data) ?? data);
    const number = accountNumberOf(data);
    // The sequence of the account's card belongs to the key of its cryptograms; it stands beside the number in one of these records.
    if (number !== undefined && data.has(0x5f34)) return { accountNumber: number, personal: accountMembers(accountOf(number, data)) };
  }
  const number = accountNumberOf(data);
  return number === undefined ? undefined : { accountNumber: number, personal: accountMembers(accountOf(number, data)) };
}

function accountOf(number: string, data: CardData) {
  return { number, sequence: data.get(0x5f34), expiry: data.get(0x5f24) };
}

class CashCard implements IdentifiedCard {
  readonly name: string;
  readonly personal: JsonObject;
  readonly #access: CardAccess;
  readonly #parts: CashParts;
  readonly #facts: CashCardFacts;

  constructor(access: CardAccess, parts: CashParts, found: { readonly facts: CashCardFacts; readonly personal: JsonObject }) {
    this.name = found.facts.accountNumber;
    this.personal = found.personal;
    this.#access = access;
    this.#parts = parts;
    this.#facts = found.facts;
  }

  /** Days, use and certificates are asked once the card has shown its records, before it commits. */
  async admit(): Promise<{ readonly kind: "admitted" } | Unusable> {
    return { kind: "admitted" };
  }

  begin(terms: SaleTerms): PurseSale {
    return new CashSale(this.#access, this.#parts, { card: this.#facts, terms });
  }

  async prove(sale: RecordedSale): Promise<Proven> {
    const recorded = recordedCash(sale);
    // The committing record is read only after the entry that names it has become durable.
    if (recorded === undefined) return { evidence: { kind: "not-debited" }, detail: {} };
    const evidence = await proveTransaction(this.#access.channel, recorded.intent, this.#access.limits());
    return { evidence: await this.#judged(recorded, evidence), detail: {} };
  }

  lacksKey(): boolean {
    return false;
  }

  async learnKey(): Promise<JsonObject> {
    return {};
  }

  async #judged(recorded: RecordedCash, evidence: CashEvidence): Promise<PurseEvidence> {
    switch (evidence.kind) {
      case "not-debited":
        return { kind: "not-debited" };
      case "another-card":
        return { kind: "undecidable", why: "log-unreadable" };
      case "undecidable":
        return { kind: "undecidable", why: evidence.why === "log-overrun" ? "log-overrun" : "log-unreadable" };
      case "debited":
        if (evidence.proof === "replay" && evidence.replay !== undefined) return this.#verified(recorded, evidence.replay);
        if (evidence.proof === "proof") return { kind: "debited", proof: "log" };
        return { kind: "debited", proof: evidence.proof === "log" ? "log-only" : "balance" };
    }
  }

  /** The repeated answer says this card was debited; its signature, over this sale's own number, says that it is no copy of a card. */
  async #verified(recorded: RecordedCash, replay: CardRecords): Promise<PurseEvidence> {
    const { channel, limits } = this.#access;
    const read = await readRecords(channel, recorded.records.slice(0, -1), limits());
    const records = read.kind === "ok" ? joinData(joinData(answeredData(recorded), read.data) ?? new Map(), replay.data) : undefined;
    if (read.kind !== "ok" || records === undefined) return { kind: "debited", proof: "balance" };
    const terminalData = quickTerminalData(recorded.sent, records);
    const authentication = authenticateCard(this.#parts, {
      applicationId: recorded.intent.applicationId,
      interchangeProfile: recorded.interchangeProfile,
      data: records,
      signedBytes: read.signedBytes,
      today: civilTime(this.#parts.clock.wallMs()).date,
      ...(terminalData === undefined ? {} : { terminalData }),
    });
    if (isProved(authentication)) return { kind: "debited", proof: "signature" };
    return authentication.kind === "failed" && authentication.why === "signature-wrong"
      ? { kind: "debited", proof: "balance", refused: true }
      : { kind: "debited", proof: "balance" };
  }
}
