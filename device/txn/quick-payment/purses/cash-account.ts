/* Whose bank card it is, read from records that may be read without a transaction. */
import { type Bytes, toHex } from "../../../base/bytes.ts";
import { type HeldRecords, readRawRecord, recordKey } from "../../../card/electronic-cash/commands.ts";
import { accountNumberOf, addRecord, joinData, NO_RECORDS } from "../../../card/electronic-cash/data.ts";
import type { KnownCashCards } from "../../../card/electronic-cash/known-cards.ts";
import type { CardData } from "../../../card/electronic-cash/types.ts";
import type { RecordName } from "../../../codec/afl.ts";
import type { JsonObject } from "../../journal/types.ts";
import { accountMembers } from "./cash-record.ts";
import type { CardAccess } from "./dialogue.ts";

/** Records in which cards keep the account number, in the order of trying. */
const IDENTITY_PLACES: readonly RecordName[] = [
  { sfi: 1, number: 1, signed: false },
  { sfi: 2, number: 1, signed: false },
  { sfi: 1, number: 2, signed: false },
  { sfi: 2, number: 2, signed: false },
];

/** Of a card that shows no sequence. Spec: JR/T 0025, key derivation. */
const NO_SEQUENCE = "00";

/** Digits of an account number that name its issuer. Spec: ISO/IEC 7812-1, issuer identification number. */
const ISSUER_DIGITS = 6;

export function issuerOf(accountNumber: string): string {
  return accountNumber.slice(0, ISSUER_DIGITS);
}

export interface NamedAccount {
  readonly accountNumber: string;
  readonly personal: JsonObject;
  readonly read: HeldRecords;
  /** Digits of the number and of the card's sequence: what keys of this account are made of. */
  readonly keyDigits: string;
}

/** The places in the order of trying: first the one of the sale that is open, then the one where other cards have their number. */
function identityPlaces(asked: RecordName | undefined, known: KnownCashCards): readonly RecordName[] {
  const seen = known.identityPlace;
  const first = [...(asked === undefined ? [] : [asked]), ...(seen === undefined ? [] : [{ ...seen, signed: false }])];
  const all = [...first, ...IDENTITY_PLACES];
  return all.filter((place, at) => all.findIndex(({ sfi, number }) => sfi === place.sfi && number === place.number) === at);
}

/** Undefined for a card that shows its number nowhere. Faults: those of the channel. */
export async function readAccount({ channel, limits }: CardAccess, asked: RecordName | undefined, known: KnownCashCards): Promise<NamedAccount | undefined> {
  let data: CardData = new Map();
  const read = new Map<string, Bytes>();
  for (const place of identityPlaces(asked, known)) {
    const answer = await readRawRecord(channel, place, limits());
    const record = answer.kind === "ok" ? addRecord(NO_RECORDS, place, answer.bytes) : undefined;
    if (answer.kind === "ok" && record !== undefined) read.set(recordKey(place), answer.bytes);
    data = record === undefined ? data : (joinData(data, record.data) ?? data);
    const number = accountNumberOf(data);
    // The sequence of the account's card belongs to the key of its cryptograms; it stands beside the number in one of these records.
    if (number === undefined || !data.has(0x5f34)) continue;
    known.foundIdentityAt(place);
    return named(number, data, read);
  }
  const number = accountNumberOf(data);
  return number === undefined ? undefined : named(number, data, read);
}

function named(number: string, data: CardData, read: HeldRecords): NamedAccount {
  const account = accountOf(number, data);
  const { sequence } = account;
  const keyDigits = `${number}${sequence === undefined ? NO_SEQUENCE : toHex(sequence)}`;
  return { accountNumber: number, personal: accountMembers(account), read, keyDigits };
}

function accountOf(number: string, data: CardData) {
  return { number, sequence: data.get(0x5f34), expiry: data.get(0x5f24) };
}
