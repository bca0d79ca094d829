/* What is kept of a sale: the intent before its commit, and everything that a host needs to check the cryptogram after it. */
import { type Bytes, toHex } from "../../base/bytes.ts";
import { ZERO_FEN } from "../../base/fen.ts";
import { bitsOf } from "../../codec/bit-names.ts";
import type { CardDecision, IssuerApplicationData } from "../../codec/issuer-application-data.ts";
import { type StatusInformation, TSI_BITS, TSI_LENGTH, TVR_BITS, TVR_LENGTH, type VerificationResult } from "../../codec/verification-results.ts";
import { accountNumberOf } from "./data.ts";
import type { CardData, CardRecords, CashBaseline, CashIntent, CashTerminal, CashTerms, CryptogramRecord, ProcessingOptions, SelectedCash } from "./types.ts";

/** What one sale has found out so far. */
export interface CashFacts {
  readonly terminal: CashTerminal;
  readonly terms: CashTerms;
  readonly selected: SelectedCash;
  readonly baseline: CashBaseline;
  readonly options: ProcessingOptions;
  /** Options and records together. */
  readonly records: CardRecords;
  readonly results: readonly VerificationResult[];
  readonly status: readonly StatusInformation[];
}

/** A cryptogram of either path, and the values that its list was filled with. */
export interface CardCryptogram {
  readonly decision: CardDecision;
  readonly atc: number;
  readonly cryptogram?: Bytes | undefined;
  readonly issuerData: IssuerApplicationData;
  readonly sent: ReadonlyMap<number, Bytes>;
}

/** What can still be decided after a lost commit; `atc` is the counter of this sale. */
export function intentOf(facts: CashFacts, atc: number): CashIntent {
  const { selected, terms, options, records, baseline } = facts;
  const accountNumber = accountNumberOf(records.data);
  const last = options.path === "quick" ? options.records.at(-1) : undefined;
  return {
    applicationId: selected.applicationId,
    interface: selected.interface,
    atc,
    amount: terms.amount,
    movesBalance: movesBalance(terms, baseline),
    ...(terms.industry === "pre-authorization" ? { unlogged: true as const } : {}),
    date: terms.date,
    time: terms.time,
    unpredictableNumber: toHex(terms.unpredictableNumber),
    ...(accountNumber === undefined ? {} : { accountNumber }),
    ...(last === undefined ? {} : { lastRecord: last }),
    ...(records.identityRecord === undefined ? {} : { identityRecord: records.identityRecord }),
    ...(baseline.balance === undefined ? {} : { balanceBefore: baseline.balance }),
    ...(options.cryptogram === undefined ? {} : { cryptogram: toHex(options.cryptogram) }),
    ...(selected.log === undefined ? {} : { log: selected.log }),
  };
}

/** A pre-authorisation only sets aside, and a fare above the balance takes the rest from the deposit. */
function movesBalance({ industry, amount }: CashTerms, { balance }: CashBaseline): boolean {
  if (industry === undefined) return true;
  return industry === "segment-fare" && balance !== undefined && amount <= balance;
}

/** Spec: JR/T 0025, data of an offline transaction for clearing. The account number must be known. */
export function cryptogramRecord(facts: CashFacts, made: CardCryptogram, accountNumber: string): CryptogramRecord {
  const { selected, terminal, terms, options } = facts;
  const { data } = facts.records;
  const { issuerData } = made;
  return {
    applicationId: selected.applicationId,
    interface: selected.interface,
    accountNumber,
    ...hexOf(data, 0x5f34, "accountSequence"),
    ...hexOf(data, 0x5f24, "expiry"),
    amount: terms.amount,
    otherAmount: ZERO_FEN,
    countryCode: terminal.countryCode.padStart(4, "0"),
    currencyCode: terminal.currencyCode.padStart(4, "0"),
    date: terms.date.slice(2),
    transactionType: terms.transactionType,
    unpredictableNumber: toHex(terms.unpredictableNumber),
    atc: made.atc,
    interchangeProfile: toHex(options.interchangeProfile),
    verificationSent: toHex(made.sent.get(0x95) ?? new Uint8Array(TVR_LENGTH)),
    verificationResults: toHex(bitsOf(TVR_LENGTH, TVR_BITS, facts.results)),
    statusInformation: toHex(bitsOf(TSI_LENGTH, TSI_BITS, facts.status)),
    issuerData: toHex(issuerData.raw),
    cardResults: toHex(issuerData.cardResults),
    keyIndex: issuerData.keyIndex,
    cryptogramVersion: issuerData.cryptogramVersion,
    ...(made.cryptogram === undefined ? {} : { cryptogram: toHex(made.cryptogram) }),
    decision: made.decision,
    ...hexOf(data, 0x9f74, "issuerAuthorizationCode"),
    ...hexOf(data, 0x9f63, "productId"),
    ...hexOf(data, 0x9f69, "cardAuthentication"),
    ...(terms.industry === undefined ? {} : { industry: terms.industry }),
  };
}

function hexOf<Name extends string>(data: CardData, tag: number, name: Name): { readonly [Each in Name]?: string } {
  const value = data.get(tag);
  // The computed name is the one of the type.
  return (value === undefined ? {} : { [name]: toHex(value) }) as { readonly [Each in Name]?: string };
}
