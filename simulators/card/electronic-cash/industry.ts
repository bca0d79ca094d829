/* The extension of the quick path: segment fares and offline pre-authorisation over industry records. Spec: JR/T 0025, extended applications of qPBOC. */
import { type Bytes, concat, equalBytes, fromHex, readUint, toHex, u8, u16be } from "../../../device/base/bytes.ts";
import { type BankRules, bankMac } from "../../crypto/bank.ts";
import { type Command, ok, SW } from "../iso.ts";
import { rulesOf } from "./cryptogram.ts";
import { type Sent, TAG } from "./dol.ts";
import { BANK_SW, type Bank, type IndustryPurpose, type PendingPayment, refused, type Session, type Step } from "./session.ts";
import type { BankKeys, IndustryFile, IndustryRecord } from "./state.ts";

const RESERVATIONS_MAX = 3;
const SUPPORTS_SEGMENT = 0x01;
const SUPPORTS_RESERVATION = 0x02;
const SUPPORTS_ANSWER_MAC = 0x80;
const MAC = 4;
const KEY = 16;
const IDENTIFIER = 2;

/** What DF60 asks of this card; undefined for something that it does not have. */
export function purposeOf(bank: Bank, sent: Sent): IndustryPurpose | undefined {
  const asked = sent.get(TAG.industryIndicator)?.[0] ?? 0x00;
  const support = bank.data.extension?.support ?? 0x00;
  const { df60Segment } = bank.core.personalization.profile;
  if (asked === 0x00) return "none";
  if (asked === Number.parseInt(df60Segment, 16)) return (support & (SUPPORTS_SEGMENT | SUPPORTS_RESERVATION)) === 0 ? undefined : "segment";
  if ((support & SUPPORTS_RESERVATION) === 0) return undefined;
  if (asked === 0x02) return "reserve";
  return asked === 0x03 ? "complete" : undefined;
}

/** The card's checks before any decision about money; undefined: none of them speaks against the payment. */
export function industryRefusal(bank: Bank, session: Session, purpose: IndustryPurpose): number | undefined {
  if (purpose === "none") return undefined;
  const { industryRead } = session;
  if (industryRead === undefined) return SW.conditionsNotSatisfied;
  const { industry } = bank.memory;
  const reserved = industry[industryRead.at]?.reservedFen !== undefined;
  if (purpose === "reserve" && reserved) return BANK_SW.reservedAlready;
  if (purpose === "reserve" && industry.filter((record) => record.reservedFen !== undefined).length >= RESERVATIONS_MAX) return BANK_SW.tooManyReservations;
  return purpose === "complete" && !reserved ? BANK_SW.nothingReserved : undefined;
}

/** Industry records as a payment leaves them. */
export function industryAfter(bank: Bank, session: Session, pending: PendingPayment): readonly IndustryRecord[] {
  const records = pending.cached ?? bank.memory.industry;
  const target = session.industryRead?.at;
  if (pending.purpose !== "reserve" && pending.purpose !== "complete") return records;
  return records.map((record, at) => {
    if (at !== target) return record;
    const { reservedFen: _, ...free } = record;
    return pending.purpose === "reserve" ? { ...free, reservedFen: pending.amountFen } : free;
  });
}

/** Industry records have one algorithm, whatever a payment uses: the Chinese one where the card has it. */
function industryRules(bank: Bank): { readonly rules: BankRules; readonly keys: BankKeys } {
  return rulesOf(bank, bank.data.algorithms === "rsa" ? "rsa" : "sm");
}

function headerOf(command: Command): Bytes {
  return concat(u8(command.cla), u8(command.ins), u8(command.p1), u8(command.p2), u8(command.data.length));
}

function fileOf(bank: Bank, p2: number): IndustryFile | undefined {
  return bank.data.extension?.files.find(({ sfi }) => sfi === p2 >>> 3);
}

/** Why a record does not fit its file; undefined: it does. */
function misfit(file: IndustryFile, record: Bytes): number | undefined {
  if (record.length > file.maxLength) return BANK_SW.tooLong;
  const least = file.kind === "cyclic" ? file.maxLength : IDENTIFIER + 1;
  return record.length < least ? SW.wrongData : undefined;
}

/** READ CAPP DATA: the first record with an identifier, or the next one. */
export function readIndustryRecord(bank: Bank, session: Session, command: Command): Step {
  const { p1, p2, data } = command;
  const form = p2 & 0x07;
  if (p1 !== 0x00 || form > 0x01) return refused(SW.wrongP1P2);
  const file = fileOf(bank, p2);
  if (file === undefined) return refused(SW.fileNotFound);
  const withMac = data.length === IDENTIFIER + 8;
  if (data.length !== IDENTIFIER && !(withMac && ((bank.data.extension?.support ?? 0) & SUPPORTS_ANSWER_MAC) !== 0)) return refused(SW.wrongLength);
  const id = toHex(data.slice(0, IDENTIFIER));
  const before = session.industryRead;
  const goesOn = form === 0x01 && before?.sfi === file.sfi && before.id === id;
  if (form === 0x01 && !goesOn) return refused(SW.recordNotFound);
  const from = goesOn ? before.at + 1 : 0;
  const at = bank.memory.industry.findIndex((record, place) => place >= from && record.sfi === file.sfi && record.id === id);
  const record = bank.memory.industry[at];
  if (record === undefined) return refused(SW.recordNotFound);
  const content = fromHex(record.contentHex);
  const mac = withMac ? bankMac(industryRules(bank).rules, fromHex(record.keyHex), { data: concat(data.slice(IDENTIFIER), content) }) : new Uint8Array(0);
  return { answer: ok(concat(content, mac)), session: { ...session, industryRead: { sfi: file.sfi, id, at } } };
}

/** UPDATE CAPP DATA CACHE: kept until the last record commits it with the payment. */
export function cacheIndustryRecord(bank: Bank, session: Session, command: Command): Step {
  const { pending, industryRead } = session;
  if (pending === undefined || pending.purpose === "none" || !session.cacheOpen) return refused(SW.conditionsNotSatisfied);
  if (command.p1 !== 0x00 || (command.p2 & 0x07) !== 0) return refused(SW.wrongP1P2);
  const file = fileOf(bank, command.p2);
  if (file === undefined) return refused(SW.fileNotFound);
  if (command.data.length <= MAC) return refused(SW.wrongLength);
  const record = command.data.slice(0, -MAC);
  const wrong = misfit(file, record);
  if (wrong !== undefined) return refused(wrong);
  const id = toHex(record.slice(0, IDENTIFIER));
  const records = pending.cached ?? bank.memory.industry;
  // Of several records with one identifier the one that was read is meant.
  const read = industryRead?.sfi === file.sfi && industryRead.id === id ? industryRead.at : -1;
  const at = read >= 0 ? read : records.findIndex((each) => each.sfi === file.sfi && each.id === id);
  const target = records[at];
  if (target === undefined) return refused(SW.recordNotFound);
  const { rules } = industryRules(bank);
  const mac = bankMac(rules, fromHex(target.keyHex), { iv: u16be(pending.counter), data: concat(headerOf(command), record) });
  if (!equalBytes(mac, command.data.slice(-MAC))) return refused(BANK_SW.wrongMac);
  const cached = file.kind === "cyclic" ? pushed(records, file, { ...target, contentHex: toHex(record) }) : replaced(records, at, toHex(record));
  return { answer: ok(), session: { ...session, pending: { ...pending, cached }, cacheOpen: true } };
}

function replaced(records: readonly IndustryRecord[], at: number, contentHex: string): readonly IndustryRecord[] {
  return records.map((each, place) => (place === at ? { ...each, contentHex } : each));
}

/** A cyclic file moves its records by one place; the newest stands first, and the oldest goes when the file is full. */
function pushed(records: readonly IndustryRecord[], file: IndustryFile, newest: IndustryRecord): readonly IndustryRecord[] {
  const own = records.filter(({ sfi, id }) => sfi === file.sfi && id === newest.id);
  const held = records.filter(({ sfi }) => sfi === file.sfi).length;
  const contents = [newest.contentHex, ...own.map(({ contentHex }) => contentHex)];
  const moved = records.map((each) => (own.includes(each) ? { ...each, contentHex: contents.shift() ?? each.contentHex } : each));
  const [left] = contents;
  return left === undefined || held >= file.records ? moved : [...moved, { sfi: newest.sfi, id: newest.id, keyHex: newest.keyHex, contentHex: left }];
}

/** GET TRANS PROVE: the certificate of the last payment, for a terminal that did not hear it; zeros for a pre-authorisation. */
export function proveTransaction(bank: Bank, command: Command): Step {
  if (command.p1 !== 0x00 || command.p2 !== 0x00) return refused(SW.wrongP1P2);
  if (command.data.length !== 2) return refused(SW.wrongLength);
  const { lastCertificate } = bank.memory;
  if (lastCertificate?.counter !== readUint(command.data, 0, 2)) return refused(SW.noProof);
  return { answer: ok(fromHex(lastCertificate.hex)) };
}

/** APPEND RECORD: the record's own key, enciphered, then the record. */
export function appendIndustryRecord(bank: Bank, command: Command): Step {
  if (command.p1 !== 0x00 || (command.p2 & 0x07) !== 0) return refused(SW.wrongP1P2);
  const file = fileOf(bank, command.p2);
  if (file === undefined) return refused(SW.fileNotFound);
  if (command.data.length <= KEY + MAC) return refused(SW.wrongLength);
  const body = command.data.slice(0, -MAC);
  const { rules, keys } = industryRules(bank);
  const industryKey = fromHex(keys.industryHex);
  const mac = bankMac(rules, industryKey, { iv: u16be(bank.memory.atc), data: concat(headerOf(command), body) });
  if (!equalBytes(mac, command.data.slice(-MAC))) return refused(BANK_SW.wrongMac);
  const record = body.slice(KEY);
  const wrong = misfit(file, record);
  if (wrong !== undefined) return refused(wrong);
  const id = toHex(record.slice(0, IDENTIFIER));
  const { industry } = bank.memory;
  if (industry.filter(({ sfi }) => sfi === file.sfi).length >= file.records) return refused(BANK_SW.tooLong);
  const handle = rules.suite.secretKey(industryKey);
  const key = rules.algorithm === "sm4" ? rules.suite.sm4Decrypt(handle, body.slice(0, KEY)) : rules.suite.tdesDecrypt(handle, body.slice(0, KEY));
  const added: IndustryRecord = { sfi: file.sfi, id, contentHex: toHex(record), keyHex: toHex(key) };
  return { answer: ok(), commit: { bank: { industry: [...industry, added] } } };
}
