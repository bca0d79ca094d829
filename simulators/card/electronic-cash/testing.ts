/* A terminal and an issuer in raw bytes, for tests and conformance cases of the bank application: no product code takes part. */
import { assert } from "../../../device/base/assert.ts";
import { type Bytes, concat, fromHex, toHex, u8, u16be } from "../../../device/base/bytes.ts";
import { numberToBcd } from "../../../device/codec/bcd.ts";
import { DEFAULT_CARD_PROFILE } from "../../../device/codec/card-profile.ts";
import { findTlv, parseTlv } from "../../../device/codec/tlv.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import { type BankRules, bankCardKey, bankMac, bankSessionKey, issuerAuthentication, scriptMac } from "../../crypto/bank.ts";
import { encryptBlocks, type KeyAlgorithm, padAlways } from "../../crypto/blocks.ts";
import type { TestKeyName } from "../../crypto/test-keys.ts";
import { pinBlock } from "./full.ts";
import { testIndustryKey } from "./make.ts";

export const SELECT_CASH = "00A4040008A00000033301010100";
export const SELECT_CONTACTLESS_DIRECTORY = "00A404000E325041592E5359532E444446303100";
export const SELECT_CONTACT_DIRECTORY = "00A404000E315041592E5359532E444446303100";
/** READ RECORD of the record that commits a quick payment. */
export const READ_LAST = "00B2012C00";
export const GET_BALANCE = "80CA9F7900";
export const GET_COUNTER = "80CA9F3600";

/** Qualifiers of terminals: quick path over radio and contacts; signature; with online PIN, or without any host. */
export const WITH_HOST = "36000080";
export const OFFLINE_ONLY = "3A000080";

/** What a terminal says of one payment; the rest is a purchase of today in this country. */
export interface AskedPayment {
  readonly amountFen: number;
  /** 9F66; default: {@link OFFLINE_ONLY}. */
  readonly qualifiers?: string;
  readonly currency?: string;
  readonly unpredictable?: string;
  /** DF69; undefined: the card does not ask for it. Default "01". */
  readonly chinese?: "00" | "01" | "absent";
  /** DF60, for cards that ask for it. */
  readonly industry?: string;
  /** 9F21, for cards that ask for it. */
  readonly time?: string;
  /** 9F7A over contacts. */
  readonly cash?: "00" | "01";
}

export const UNPREDICTABLE = "01020304";
export const DATE = "261121";
const RESULTS = "0000000000";

function amountHex(amountFen: number): string {
  return toHex(numberToBcd(amountFen, 6));
}

function command(header: string, dataHex: string): string {
  return `${header}${(dataHex.length / 2).toString(16).padStart(2, "0")}${dataHex}00`;
}

function chineseByte(asked: AskedPayment): string {
  return asked.chinese === "absent" ? "" : (asked.chinese ?? "01");
}

/** Amount, other amount, country, verification results, currency, date, type and random number, as every list has them. */
function terms(asked: AskedPayment): string {
  const { amountFen, currency = "0156", unpredictable = UNPREDICTABLE } = asked;
  return `${amountHex(amountFen)}0000000000000156${RESULTS}${currency}${DATE}00${unpredictable}`;
}

/** GET PROCESSING OPTIONS over radio. */
export function processQuickHex(asked: AskedPayment): string {
  const data = `${asked.qualifiers ?? OFFLINE_ONLY}${terms(asked)}${asked.time ?? ""}${asked.industry ?? ""}${chineseByte(asked)}`;
  return command("80A80000", `83${(data.length / 2).toString(16)}${data}`);
}

/** GET PROCESSING OPTIONS over contacts. */
export function processContactHex(asked: AskedPayment): string {
  const data = `${asked.cash ?? "01"}${amountHex(asked.amountFen)}${asked.currency ?? "0156"}${chineseByte(asked)}`;
  return command("80A80000", `83${(data.length / 2).toString(16).padStart(2, "0")}${data}`);
}

/** First GENERATE AC: "40" asks for an approval, "80" for the issuer, "00" for a refusal. */
export function firstCryptogramHex(wanted: "40" | "80" | "00", asked: AskedPayment): string {
  return command(`80AE${wanted}00`, `${terms(asked)}${asked.time ?? "102030"}${"20".repeat(20)}`);
}

export function secondCryptogramHex(wanted: "40" | "80" | "00", asked: AskedPayment & { readonly responseCode: string }): string {
  return command(`80AE${wanted}00`, `${asked.responseCode}${terms(asked)}${asked.time ?? "102030"}`);
}

/** A data object of an answer, by its path of tags. The answer may carry its status word. */
export function objectOf(answerHex: string, ...path: readonly number[]): Bytes {
  const bytes = fromHex(answerHex);
  const parsed = parseTlv(answerHex.endsWith("9000") ? bytes.slice(0, -2) : bytes);
  assert(parsed.ok, "the answer is a row of data objects");
  const found = findTlv(parsed.items, ...path);
  assert(found !== undefined, `the answer has ${path.map((tag) => tag.toString(16)).join("/")}`);
  return found.value;
}

/** The issuer of one test card in one transaction: what a bank's host would do with its own keys. */
export class TestIssuer {
  readonly #rules: BankRules;
  readonly #place = { pan: "", panSequence: "01" };

  constructor(suite: CipherSuite, options: { readonly algorithm?: KeyAlgorithm; readonly serial?: number } = {}) {
    this.#rules = { suite, algorithm: options.algorithm ?? "sm4", profile: DEFAULT_CARD_PROFILE };
    this.#place = { pan: `629999${String(options.serial ?? 1).padStart(10, "0")}`, panSequence: "01" };
  }

  #sessionKey(name: TestKeyName, counter: number): Bytes {
    return bankSessionKey(this.#rules, bankCardKey(this.#rules, name, this.#place), counter);
  }

  /** EXTERNAL AUTHENTICATE for a cryptogram. */
  authenticateHex(transaction: { readonly counter: number; readonly cryptogram: Bytes }, responseCode = "3030"): string {
    const code = fromHex(responseCode);
    const answer = issuerAuthentication(this.#rules, this.#sessionKey("bank-ac", transaction.counter), {
      cryptogram: transaction.cryptogram,
      responseCode: code,
    });
    return `008200000A${toHex(answer)}${responseCode}`;
  }

  /** Any script command; `header` is CLA INS P1 P2. */
  scriptHex(transaction: { readonly counter: number; readonly cryptogram: Bytes }, header: string, data: Bytes = new Uint8Array(0)): string {
    const full = concat(fromHex(header), u8(data.length + 4));
    const mac = scriptMac(this.#rules, this.#sessionKey("bank-mac", transaction.counter), { ...transaction, header: full, data });
    return toHex(concat(full, data, mac));
  }

  /** PIN CHANGE with a new PIN. */
  changePinHex(transaction: { readonly counter: number; readonly cryptogram: Bytes }, pin: string): string {
    const plain = padAlways(concat(u8(0x08), fromHex(pinBlock(pin))), 16);
    const key = this.#sessionKey("bank-encrypt", transaction.counter);
    return this.scriptHex(transaction, "84240002", encryptBlocks(this.#rules.suite, this.#rules.algorithm, key, plain));
  }

  /** UPDATE CAPP DATA CACHE: a record with its identifier in front, for the transaction with this counter. */
  cacheHex(place: { readonly sfi: number; readonly counter: number; readonly keyHex?: string }, record: Bytes): string {
    const id = toHex(record.slice(0, 2));
    const key = place.keyHex === undefined ? testIndustryKey(this.#rules.suite, this.#rules.algorithm, id) : fromHex(place.keyHex);
    const header = concat(fromHex("84DE00"), u8(place.sfi << 3), u8(record.length + 4));
    return toHex(concat(header, record, bankMac(this.#rules, key, { iv: u16be(place.counter), data: concat(header, record) })));
  }

  /** APPEND RECORD: opens a record with a key of its own. */
  appendHex(place: { readonly sfi: number; readonly counter: number }, record: Bytes, keyHex: string): string {
    const industryKey = bankCardKey(this.#rules, "bank-industry", this.#place);
    const body = concat(encryptBlocks(this.#rules.suite, this.#rules.algorithm, industryKey, fromHex(keyHex)), record);
    const header = concat(fromHex("04E200"), u8(place.sfi << 3), u8(body.length + 4));
    return toHex(concat(header, body, bankMac(this.#rules, industryKey, { iv: u16be(place.counter), data: concat(header, body) })));
  }

  /** MAC that READ CAPP DATA puts behind a record. */
  answerMac(record: Bytes, random: Bytes): Bytes {
    const key = testIndustryKey(this.#rules.suite, this.#rules.algorithm, toHex(record.slice(0, 2)));
    return bankMac(this.#rules, key, { data: concat(random, record) });
  }
}
