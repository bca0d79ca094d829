/*
 * The card's part of a bank transaction: its chip names the account, makes a cryptogram by which the issuer is asked, and hears the issuer's
 * answer. By contacts the card waits for that answer; by radio it has said all it will say with its cryptogram. Stripes are not read, whatever
 * stands on them. Spec: JR/T 0025, online processing; JR/T 0025, quick debit and credit.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, EMPTY, fromHex, toHex, u8, u16be, utf8 } from "../../base/bytes.ts";
import { type Fen, ZERO_FEN } from "../../base/fen.ts";
import { beginTransaction, readRecords } from "../../card/electronic-cash/commands.ts";
import { accountNumberOf, joinData } from "../../card/electronic-cash/data.ts";
import { generateCryptogram, type IssuerAnswer, listValues, type ScriptResult } from "../../card/electronic-cash/generate.ts";
import { completeOnline } from "../../card/electronic-cash/online.ts";
import type { CashFacts } from "../../card/electronic-cash/record.ts";
import { restrictionsOf } from "../../card/electronic-cash/restrictions.ts";
import { selectAgain, selectElectronicCash } from "../../card/electronic-cash/select.ts";
import { terminalData } from "../../card/electronic-cash/terminal-data.ts";
import type { CardData, CashInterface, CashTerminal, CashTerms, ProcessingOptions, SelectedCash } from "../../card/electronic-cash/types.ts";
import { numberToBcd } from "../../codec/bcd.ts";
import { bitsOf } from "../../codec/bit-names.ts";
import { type DayRange, dayRange } from "../../codec/civil-time.ts";
import { buildChipData, type ChipData } from "../../codec/iso8583/chip-data.ts";
import type { CardDecision, IssuerApplicationData } from "../../codec/issuer-application-data.ts";
import { buildTlv } from "../../codec/tlv.ts";
import { type StatusInformation, TVR_BITS, TVR_LENGTH, type VerificationResult } from "../../codec/verification-results.ts";
import type { JsonObject } from "../journal/types.ts";
import type { ElectronicCashPorts } from "../quick-payment/ports.ts";
import type { CardAccess } from "../quick-payment/purses/dialogue.ts";
import { unusableAtOnce } from "../quick-payment/wrong-card.ts";
import type { SaleTime } from "../sale-time.ts";

/** Debit, credit, quasi-credit: applications of an account at a bank. Electronic cash alone is none. Spec: JR/T 0025, application identifiers. */
export const ACCOUNT_APPLICATIONS: readonly string[] = ["a000000333010101", "a000000333010102", "a000000333010103"];
const FIRST_LIST = 0x8c;
const REQUEST_CRYPTOGRAM = 0x80;
const FINAL_CRYPTOGRAM: Readonly<Record<CardDecision, number>> = { AAC: 0x00, TC: 0x40, ARQC: REQUEST_CRYPTOGRAM };

export interface ChipUnusable {
  readonly kind: "unusable";
  readonly reason: string;
}

/** What a card is asked for. */
export interface ChipTerms {
  readonly amount: Fen;
  /** 9C, two digits: 00 goods, 01 cash, 31 balance. */
  readonly transactionType: string;
  readonly saleTime: Pick<SaleTime, "date" | "time">;
  /** Days that it may be, by which the card is judged. */
  readonly days?: DayRange;
}

/** An account as its chip names it. Personal. */
export interface ChipAccount {
  readonly number: string;
  /** Three digits, field 23; absent where the card has none. */
  readonly sequence?: string;
  /** YYMM, field 14. */
  readonly expiry?: string;
  /** Digits with D between their parts, field 35. */
  readonly track2?: string;
}

/** How the holder is verified, for the card and its issuer. */
export type HolderWord = "online-pin" | "none";

/** What the card has told the bank through the terminal. */
export interface ChipWord {
  /** Field 55. */
  readonly chipData: Bytes;
  /** For the record: nothing personal. */
  readonly detail: JsonObject;
}

/** What the card made of the issuer's answer. */
export interface ChipEnd {
  /** The card approves, or was never to be asked again. */
  readonly accepted: boolean;
  readonly scripts: readonly ScriptResult[];
  /** Field 55 with the final cryptogram; absent where the card gave none. */
  readonly chipData?: Bytes;
}

/** One insertion or tap of one bank card. */
export interface ChipCard {
  readonly kind: "ok";
  readonly account: ChipAccount;
  readonly interface: CashInterface;
  /** For the sealed part of the record. */
  readonly personal: JsonObject;
  /** The cryptogram by which the issuer is asked; by radio the card has made it already. Faults: those of the channel. */
  sign(access: CardAccess, holder: HolderWord): Promise<({ readonly kind: "signed" } & ChipWord) | ChipUnusable>;
  /** Takes the issuer's answer to a card that waits for it. Faults: those of the channel. */
  complete(access: CardAccess, issuer: IssuerAnswer, approved: boolean): Promise<ChipEnd>;
}

interface Parts {
  readonly cash: Pick<ElectronicCashPorts, "terminal" | "profile" | "randomness">;
  readonly interface: CashInterface;
}

/** Names the account of the card that lies there, and notes how far it has come. Moves nothing. Faults: those of the channel. */
export async function readBankCard(access: CardAccess, parts: Parts, terms: ChipTerms): Promise<ChipCard | ChipUnusable> {
  const atOnce = unusableAtOnce(access.channel);
  if (atOnce !== undefined) return atOnce;
  const { channel, limits } = access;
  const selected = await selectElectronicCash(channel, { interface: parts.interface, applicationIds: ACCOUNT_APPLICATIONS }, limits());
  // Its stripe, where it has one, is not asked instead.
  if (selected.kind === "no-application") return { kind: "unusable", reason: "chip-only" };
  if (selected.kind === "blocked") return { kind: "unusable", reason: "application-blocked" };
  const begun = new Begun(parts, selected, terms);
  const options = await begun.begin(access);
  if (options.kind === "refused") return { kind: "unusable", reason: "card-refused" };
  return begun.read(access, options);
}

/** The terminal as bank cards see it: it asks the issuer always, so that its own limits for deciding alone do not count. */
function onlineTerminal(terminal: CashTerminal): CashTerminal {
  return { ...terminal, online: true, limits: { cashFen: ZERO_FEN } };
}

class Begun {
  readonly #parts: Parts;
  readonly #selected: SelectedCash;
  readonly #terminal: CashTerminal;
  readonly #terms: CashTerms;
  readonly #days: DayRange;

  constructor(parts: Parts, selected: SelectedCash, { amount, transactionType, saleTime, days }: ChipTerms) {
    this.#parts = parts;
    this.#selected = selected;
    this.#terminal = onlineTerminal(parts.cash.terminal);
    this.#days = days ?? dayRange(saleTime.date);
    this.#terms = {
      amount,
      transactionType,
      date: saleTime.date,
      time: saleTime.time,
      unpredictableNumber: parts.cash.randomness.bytes(4),
      sequence: Number(saleTime.time),
      asksIssuer: true,
    };
  }

  begin({ channel, limits }: CardAccess) {
    const context = { selected: this.#selected, terminal: this.#terminal, terms: this.#terms, profile: this.#parts.cash.profile };
    return beginTransaction(channel, { ...context, selectAgain: () => selectAgain(channel, this.#selected, limits()) }, limits());
  }

  async read({ channel, limits }: CardAccess, options: ProcessingOptions): Promise<ChipCard | ChipUnusable> {
    const contact = this.#parts.interface === "contact";
    if (contact !== (options.path === "full")) return { kind: "unusable", reason: "switch-interface" };
    // Approved alone, the next record would debit electronic cash; declined, the issuer is not to be asked.
    if (!contact && options.decision !== "ARQC") return { kind: "unusable", reason: "card-declined" };
    const records = await readRecords(channel, options.records, limits());
    if (records.kind === "refused") return { kind: "unusable", reason: "card-refused" };
    const data = joinData(options.data, records.data);
    const account = data === undefined ? undefined : accountOf(data);
    if (data === undefined || account === undefined) return { kind: "unusable", reason: "card-unreadable" };
    const restriction = restrictionsOf(data, this.#terminal, this.#days);
    const ending = restriction.find(({ reason }) => reason !== undefined)?.reason;
    if (ending !== undefined) return { kind: "unusable", reason: ending };
    const facts: CashFacts = {
      terminal: this.#terminal,
      terms: this.#terms,
      selected: this.#selected,
      baseline: {},
      options,
      records: { data, signedBytes: records.signedBytes },
      // Cards are not authenticated offline where their issuer is asked: it checks the cryptogram.
      results: ["authentication-not-performed", ...restriction.map(({ result }) => result)],
      status: [],
    };
    return contact ? new ContactCard(this.#parts, facts, account) : new TappedCard(facts, account);
  }
}

function accountOf(data: CardData): ChipAccount | undefined {
  const number = accountNumberOf(data);
  if (number === undefined) return undefined;
  const [sequence, expiry, track2] = [data.get(0x5f34), data.get(0x5f24), data.get(0x57)];
  const digits = track2 === undefined ? undefined : toHex(track2).replace(/f$/, "").toUpperCase();
  const until = expiry === undefined ? digits?.split("D")[1]?.slice(0, 4) : toHex(expiry).slice(0, 4);
  return {
    number,
    ...(sequence?.length === 1 ? { sequence: toHex(sequence).padStart(3, "0") } : {}),
    ...(until === undefined ? {} : { expiry: until }),
    ...(digits === undefined ? {} : { track2: digits }),
  };
}

/** Track 2 is not kept: nothing that happens later needs it. */
function personalOf({ number, sequence, expiry }: ChipAccount): JsonObject {
  return { pan: number, ...(sequence === undefined ? {} : { panSequence: sequence.slice(1) }), ...(expiry === undefined ? {} : { panExpiry: expiry }) };
}

/** What is known of a cryptogram beside the transaction's own values. */
interface Cryptogram {
  readonly decision: CardDecision;
  readonly atc: number;
  readonly cryptogram: Bytes;
  readonly issuerData: IssuerApplicationData;
  readonly results: readonly VerificationResult[];
  readonly holder: HolderWord;
}

/** 9F34: online PIN with an outcome that only the issuer knows; nothing, successfully. Spec: JR/T 0025, cardholder verification. */
const HOLDER_RESULTS: Readonly<Record<HolderWord, string>> = { "online-pin": "420300", none: "1f0302" };

/** Field 55 of a request. Spec: UnionPay terminal, field 55; JR/T 0025, online authorization. */
function chipDataOf({ terminal, terms, options, selected }: CashFacts, made: Cryptogram): Bytes {
  const country = (code: string) => fromHex(code.padStart(4, "0"));
  return buildChipData([
    [0x9f26, made.cryptogram],
    [0x9f27, u8(FINAL_CRYPTOGRAM[made.decision])],
    [0x9f10, made.issuerData.raw],
    [0x9f37, terms.unpredictableNumber],
    [0x9f36, u16be(made.atc)],
    [0x95, bitsOf(TVR_LENGTH, TVR_BITS, made.results)],
    [0x9a, fromHex(terms.date.slice(2))],
    [0x9c, fromHex(terms.transactionType)],
    [0x9f02, numberToBcd(terms.amount, 6)],
    [0x5f2a, country(terminal.currencyCode)],
    [0x82, options.interchangeProfile],
    [0x9f1a, country(terminal.countryCode)],
    [0x9f03, numberToBcd(ZERO_FEN, 6)],
    [0x9f33, fromHex(terminal.capabilities)],
    [0x9f34, fromHex(HOLDER_RESULTS[made.holder])],
    [0x9f35, fromHex(terminal.terminalType)],
    [0x9f1e, utf8(terminal.terminalId)],
    [0x84, fromHex(selected.applicationId)],
    [0x9f09, fromHex(terminal.applicationVersion)],
    [0x9f41, numberToBcd(terms.sequence, 4)],
  ]);
}

function detailOf({ terms, selected }: CashFacts, atc: number): JsonObject {
  return {
    applicationId: selected.applicationId,
    interface: selected.interface,
    atc,
    unpredictableNumber: toHex(terms.unpredictableNumber),
    transactionType: terms.transactionType,
  };
}

/** By radio: the card's word is complete, and it may leave. */
class TappedCard implements ChipCard {
  readonly kind = "ok";
  readonly interface = "contactless";
  readonly account: ChipAccount;
  readonly personal: JsonObject;
  readonly #facts: CashFacts;

  constructor(facts: CashFacts, account: ChipAccount) {
    this.#facts = facts;
    this.account = account;
    this.personal = personalOf(account);
  }

  async sign(_access: CardAccess, holder: HolderWord): Promise<({ readonly kind: "signed" } & ChipWord) | ChipUnusable> {
    const { atc, cryptogram, issuerData } = this.#facts.options;
    if (atc === undefined || cryptogram === undefined || issuerData === undefined) return { kind: "unusable", reason: "card-unreadable" };
    // What the card was told when it made its cryptogram: nothing had been found yet.
    const chipData = chipDataOf(this.#facts, { decision: "ARQC", atc, cryptogram, issuerData, results: [], holder });
    return { kind: "signed", chipData, detail: detailOf(this.#facts, atc) };
  }

  async complete(): Promise<ChipEnd> {
    return { accepted: true, scripts: [] };
  }
}

/** By contacts: the card makes its cryptogram when the holder was asked for the PIN, and waits for the issuer's answer. */
class ContactCard implements ChipCard {
  readonly kind = "ok";
  readonly interface = "contact";
  readonly account: ChipAccount;
  readonly personal: JsonObject;
  readonly #parts: Parts;
  #facts: CashFacts;
  #holder: HolderWord = "none";
  #asked = false;

  constructor(parts: Parts, facts: CashFacts, account: ChipAccount) {
    this.#parts = parts;
    this.#facts = facts;
    this.account = account;
    this.personal = personalOf(account);
  }

  async sign({ channel, limits }: CardAccess, holder: HolderWord): Promise<({ readonly kind: "signed" } & ChipWord) | ChipUnusable> {
    const { facts, known } = this.#told(holder);
    const list = listValues(facts.records.data, FIRST_LIST, known);
    if (list === undefined) return { kind: "unusable", reason: "card-unreadable" };
    const answer = await generateCryptogram(channel, { wanted: "ARQC", data: list.bytes }, limits());
    if (answer.kind === "refused") return { kind: "unusable", reason: "card-refused" };
    if (answer.decision !== "ARQC") return { kind: "unusable", reason: "card-declined" };
    this.#asked = true;
    const chipData = chipDataOf(facts, { ...answer, results: facts.results, holder });
    return { kind: "signed", chipData, detail: detailOf(facts, answer.atc) };
  }

  /** Findings as they stand when the card is asked, and what its list may want to know of them. */
  #told(holder: HolderWord): { readonly facts: CashFacts; readonly known: ReadonlyMap<number, Bytes> } {
    const pin: readonly VerificationResult[] = holder === "online-pin" ? ["online-pin-entered"] : [];
    const status: readonly StatusInformation[] = ["holder-verification-performed", "card-risk-management-performed"];
    this.#holder = holder;
    this.#facts = { ...this.#facts, results: [...this.#facts.results, ...pin], status };
    const { terminal, terms, results } = this.#facts;
    const told = { terminal, terms, profile: this.#parts.cash.profile, verificationResults: bitsOf(TVR_LENGTH, TVR_BITS, results) };
    return { facts: this.#facts, known: new Map([...terminalData(told), [0x9f34, fromHex(HOLDER_RESULTS[holder])]]) };
  }

  async complete({ channel, limits }: CardAccess, issuer: IssuerAnswer, approved: boolean): Promise<ChipEnd> {
    assert(this.#asked, "the card was asked before it is answered");
    const done = await completeOnline(channel, { facts: this.#facts, issuer, approved, profile: this.#parts.cash.profile }, limits());
    const { answer, scripts, results } = done;
    if (answer.kind === "refused") return { accepted: false, scripts };
    const chipData = chipDataOf(this.#facts, { ...answer, results, holder: this.#holder });
    return { accepted: answer.decision === "TC", scripts, chipData };
  }
}

const ISSUER_AUTHENTICATION = 0x91;
const PROOF_BYTES = 8;

/** The issuer's answer as field 55 of a reply has it; the response code of the reply stands for an issuer that names none. */
export function issuerAnswerOf(data: ChipData | undefined, responseCode: string): IssuerAnswer {
  const authentication = data?.objects.get(ISSUER_AUTHENTICATION) ?? EMPTY;
  const isWhole = authentication.length === PROOF_BYTES + 2;
  const scripts = (data?.scripts ?? []).map(({ when, identifier, commands }) =>
    buildTlv(when === "before" ? 0x71 : 0x72, [
      ...(identifier === undefined ? [] : [buildTlv(0x9f18, identifier)]),
      ...commands.map((each) => buildTlv(0x86, each)),
    ]),
  );
  return {
    ...(isWhole ? { proof: authentication.slice(0, PROOF_BYTES) } : {}),
    responseCode: isWhole ? authentication.slice(PROOF_BYTES) : (data?.objects.get(0x8a) ?? utf8(responseCode)),
    scripts,
  };
}
