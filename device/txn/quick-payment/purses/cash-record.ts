/* What a record says of a sale with electronic cash, and the sale read back from it. Spec: pos/v1, 3. */
import { type Bytes, concat, fromHex, parseHex, toHex } from "../../../base/bytes.ts";
import { fen } from "../../../base/fen.ts";
import type { CashIntent, CashTerminal, ProcessingOptions, SelectedCash } from "../../../card/electronic-cash/types.ts";
import { encodeAfl, parseAfl, type RecordName } from "../../../codec/afl.ts";
import { numberToBcd } from "../../../codec/bcd.ts";
import { countMember, textMember } from "../../journal/members.ts";
import type { JsonObject } from "../../journal/types.ts";
import type { CashIndustry } from "../../sale-request.ts";
import type { SaleTime } from "../../sale-time.ts";
import type { RecordedSale } from "../record.ts";

/** Data objects that the card's signature and cryptogram depend on, kept by their tags. */
const TAG = { signature: 0x9f4b, random: 0x9f37, qualifiers: 0x9f66, amount: 0x9f02, currency: 0x5f2a, results: 0x95 } as const;

/** What is known when the intent is written. */
export interface CashBeginning {
  /** 12 hexadecimal digits. */
  readonly terminalNumber: string;
  readonly terminal: CashTerminal;
  readonly saleTime: Pick<SaleTime, "date" | "time">;
  /** 8 hexadecimal digits. */
  readonly unpredictableNumber: string;
  readonly applicationId: string;
  readonly transactionType: string;
  readonly balanceBefore: number | undefined;
  readonly counterBefore: number | undefined;
}

function optional(name: string, value: string | number | undefined): JsonObject {
  return value === undefined ? {} : { [name]: value };
}

/** What is written with a sale that has an industry record. */
export interface IndustryMembers {
  readonly use: CashIndustry["use"];
  readonly place: CashIndustry["place"];
  /** The whole new record, identifier first. */
  readonly content: Bytes;
  /** What a pre-authorisation sets aside. */
  readonly heldFen: number | undefined;
  /** How the price came about. */
  readonly fare: JsonObject;
}

/** So that the trip can be told from the record alone. Spec: pos/v1, 3. */
export function industryMembers({ use, place, content, heldFen, fare }: IndustryMembers): JsonObject {
  return {
    industryUse: use,
    industryFile: place.sfi,
    industryBy: "identifier",
    industryRecord: Number.parseInt(place.recordId, 16),
    industryData: toHex(content),
    ...optional("heldFen", heldFen),
    fare,
  };
}

export function beginningMembers(begun: CashBeginning): JsonObject {
  return {
    terminalNumber: begun.terminalNumber,
    date: begun.saleTime.date,
    time: begun.saleTime.time,
    type: begun.transactionType,
    countryCode: begun.terminal.countryCode.padStart(4, "0"),
    currencyCode: begun.terminal.currencyCode.padStart(4, "0"),
    unpredictableNumber: begun.unpredictableNumber,
    applicationId: begun.applicationId,
    ...optional("balanceBeforeFen", begun.balanceBefore),
    ...optional("atcBefore", begun.counterBefore),
  };
}

/** What GET PROCESSING OPTIONS adds: the cryptogram with its input, and where the sale is committed and can be proved. */
export function optionMembers(
  options: ProcessingOptions,
  more: { readonly selected: SelectedCash; readonly identityRecord: RecordName | undefined },
): JsonObject {
  const hexOf = (name: string, bytes: Bytes | undefined) => optional(name, bytes === undefined ? undefined : toHex(bytes));
  const { log } = more.selected;
  return {
    ...optional("atc", options.atc),
    interchangeProfile: toHex(options.interchangeProfile),
    ...hexOf("tc", options.cryptogram),
    ...hexOf("issuerData", options.issuerData?.raw),
    ...hexOf("verificationResults", options.sent.get(TAG.results)),
    ...hexOf("terminalQualifiers", options.sent.get(TAG.qualifiers)),
    ...hexOf("signature", options.data.get(TAG.signature)),
    recordList: toHex(listOf(options.records)),
    ...(more.identityRecord === undefined ? {} : { identityRecord: toHex(listOf([more.identityRecord])) }),
    ...(log === undefined ? {} : { cardLog: toHex(Uint8Array.of(log.sfi, log.records)) }),
  };
}

function listOf(records: readonly RecordName[]): Bytes {
  return encodeAfl(records.map(({ sfi, number, signed }) => ({ sfi, first: number, last: number, signed: signed ? 1 : 0 })));
}

function recordsOf(text: string): readonly RecordName[] {
  const parsed = parseAfl(parseHex(text) ?? new Uint8Array(0));
  return parsed.ok ? parsed.records : [];
}

/** A sale that has reached its commit, or may have. */
export interface RecordedCash {
  readonly intent: CashIntent;
  /** All records of the sale, the committing one last. */
  readonly records: readonly RecordName[];
  readonly interchangeProfile: Bytes;
  /** 9F4B, where the first answer had it already. */
  readonly signature: Bytes | undefined;
  /** What the card was told and signed, by tag. */
  readonly sent: ReadonlyMap<number, Bytes>;
}

/** The sale as its record tells it; undefined where it never came as far as a commit, so that nothing can have been debited. */
export function recordedCash(sale: RecordedSale): RecordedCash | undefined {
  const { detail } = sale;
  const atc = countMember(detail, "atc");
  const records = recordsOf(textMember(detail, "recordList"));
  const lastRecord = records.at(-1);
  if (atc === undefined || lastRecord === undefined) return undefined;
  const [identityRecord] = recordsOf(textMember(detail, "identityRecord"));
  const balanceBefore = countMember(detail, "balanceBeforeFen");
  const cryptogram = textMember(detail, "tc");
  const [logFile = 0, logRecords = 0] = parseHex(textMember(detail, "cardLog")) ?? [];
  const signature = textMember(detail, "signature");
  const unpredictableNumber = textMember(detail, "unpredictableNumber");
  // A hold moves nothing, and the card was told how much it sets aside.
  const amount = fen(countMember(detail, "heldFen") ?? sale.amount);
  const use = textMember(detail, "industryUse");
  return {
    intent: {
      applicationId: textMember(detail, "applicationId"),
      interface: "contactless",
      accountNumber: sale.card.name,
      atc,
      amount,
      // What a fare takes may come from the deposit, and what was held had left the available amount before: the balance tells nothing certain.
      movesBalance: use === "",
      ...(use === "pre-authorization" ? { unlogged: true as const } : {}),
      date: textMember(detail, "date"),
      time: textMember(detail, "time"),
      unpredictableNumber,
      lastRecord,
      ...(identityRecord === undefined ? {} : { identityRecord }),
      ...(balanceBefore === undefined ? {} : { balanceBefore: fen(balanceBefore) }),
      ...(cryptogram === "" ? {} : { cryptogram }),
      ...(logFile === 0 ? {} : { log: { sfi: logFile, records: logRecords } }),
    },
    records,
    interchangeProfile: fromHex(textMember(detail, "interchangeProfile")),
    signature: signature === "" ? undefined : fromHex(signature),
    sent: new Map([
      [TAG.random, fromHex(unpredictableNumber)],
      [TAG.qualifiers, fromHex(textMember(detail, "terminalQualifiers"))],
      [TAG.amount, numberToBcd(amount, 6)],
      [TAG.currency, fromHex(textMember(detail, "currencyCode"))],
    ]),
  };
}

/** What the record says of the account: sealed. */
export function accountMembers(account: { readonly number: string; readonly sequence: Bytes | undefined; readonly expiry: Bytes | undefined }): JsonObject {
  const { number, sequence, expiry } = account;
  return {
    pan: number,
    ...optional("panSequence", sequence === undefined ? undefined : toHex(sequence)),
    ...optional("panExpiry", expiry === undefined ? undefined : toHex(expiry)),
  };
}

/** Data of the first answer as it was, with a signature that it already had. */
export function answeredData({ signature, interchangeProfile }: RecordedCash): ReadonlyMap<number, Bytes> {
  const data = new Map<number, Bytes>([[0x82, interchangeProfile]]);
  if (signature !== undefined) data.set(TAG.signature, concat(signature));
  return data;
}
