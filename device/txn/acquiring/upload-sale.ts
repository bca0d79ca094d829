/*
 * A sale with electronic cash as the acquirer is told of it: the certificate with everything that its issuer needs to check it, and the word that
 * it was approved offline. Spec: UnionPay terminal, offline upload; JR/T 0025, data of an offline transaction for clearing.
 */
import { type Bytes, concat, parseHex, u16be, utf8 } from "../../base/bytes.ts";
import { numberToBcd } from "../../codec/bcd.ts";
import { buildChipData } from "../../codec/iso8583/chip-data.ts";
import { countMember, textMember } from "../journal/members.ts";
import type { JournalEntry, JsonObject } from "../journal/types.ts";
import { mergedDetail, mergedPersonal } from "../recovery/recover.ts";
import type { DescribeUpload } from "./upload-types.ts";

/** Approved offline by the card. Spec: JR/T 0025, authorization response code. */
const APPROVED_OFFLINE = "Y1";
const SCHEME = "CUP";
const CERTIFICATE = 0x40;

/** Whether this record of a quick payment is cleared by the acquirer, so that it owes an upload. */
export function owesUpload({ kind, state, amount, detail }: Pick<JournalEntry, "kind" | "state" | "amount" | "detail">): boolean {
  return kind === "quick-payment" && state === "done" && amount > 0 && detail["purse"] === "electronic-cash" && detail["clearing"] === "acquirer";
}

/** Values of the terminal that its sales do not repeat. */
export interface OfflineTerminal {
  /** 9F33, six hexadecimal digits; 9F35, two digits. */
  readonly capabilities: string;
  readonly terminalType: string;
}

export function describeSale(terminal: OfflineTerminal): DescribeUpload {
  return (entries) => {
    const last = entries.at(-1);
    const detail = mergedDetail(entries);
    const personal = mergedPersonal(entries);
    const [account, date, time] = [textMember(personal, "pan"), textMember(detail, "date"), textMember(detail, "time")];
    const objects = last === undefined ? undefined : chipObjects(terminal, last, detail);
    if (last === undefined || objects === undefined || !/^[1-9]\d{0,18}$/.test(account)) return undefined;
    const [expiry, sequence] = [textMember(personal, "panExpiry"), textMember(personal, "panSequence")];
    const values = {
      amount: last.amount,
      account,
      entry: "electronic-cash-by-radio" as const,
      chipData: buildChipData(objects),
      localTime: time,
      localDate: date.slice(4),
      text: SCHEME,
      ...(expiry === "" ? {} : { expiry: expiry.slice(0, 4) }),
      ...(sequence === "" ? {} : { cardSequence: sequence }),
    };
    return { values, personal: { pan: account } };
  };
}

type Objects = readonly (readonly [tag: number, value: Bytes])[];

/** Undefined where the record has no certificate, or not all that belongs to it. */
function chipObjects(terminal: OfflineTerminal, { amount }: JournalEntry, detail: JsonObject): Objects | undefined {
  const hex = (name: string, length: number) => {
    const bytes = parseHex(textMember(detail, name));
    return bytes?.length === length ? bytes : undefined;
  };
  const [tc, random, results] = [hex("tc", 8), hex("unpredictableNumber", 4), hex("verificationResults", 5)];
  const [profile, country, currency] = [hex("interchangeProfile", 2), hex("countryCode", 2), hex("currencyCode", 2)];
  const [issuerData, application] = [parseHex(textMember(detail, "issuerData")), parseHex(textMember(detail, "applicationId"))];
  const [atc, date, type] = [countMember(detail, "atc"), hex("date", 4), hex("type", 1)];
  const [capabilities, terminalType] = [parseHex(terminal.capabilities), parseHex(terminal.terminalType)];
  if (tc === undefined || random === undefined || profile === undefined || country === undefined || currency === undefined) return undefined;
  if (issuerData === undefined || application === undefined || atc === undefined || date === undefined || type === undefined) return undefined;
  return [
    [0x9f26, tc],
    [0x9f27, Uint8Array.of(CERTIFICATE)],
    [0x9f10, issuerData],
    [0x9f37, random],
    [0x9f36, u16be(atc)],
    [0x95, results ?? new Uint8Array(5)],
    [0x9a, date.slice(1)],
    [0x9c, type],
    [0x9f02, numberToBcd(amount, 6)],
    [0x5f2a, currency],
    [0x82, profile],
    [0x9f1a, country],
    [0x9f03, numberToBcd(0, 6)],
    ...(capabilities === undefined ? [] : [[0x9f33, capabilities] as const]),
    ...(terminalType === undefined ? [] : [[0x9f35, terminalType] as const]),
    [0x84, concat(application)],
    [0x8a, utf8(APPROVED_OFFLINE)],
  ];
}
