/* The issuer behind the acquirer: judges a card's cryptogram over the published test keys, and answers it. Spec: JR/T 0025, application cryptograms, issuer scripts. */
import { type Bytes, concat, fromHex, invertBytes, readUint, u16be, u32be } from "../../../device/base/bytes.ts";
import { bcdToDigits, numberToBcd } from "../../../device/codec/bcd.ts";
import { buildTlv } from "../../../device/codec/tlv.ts";
import {
  type BankRules,
  bankCardKey,
  bankSessionKey,
  type CryptogramVerdict,
  checkTestCryptogram,
  issuerAuthentication,
  parseIssuerData,
  scriptMac,
} from "../../crypto/bank.ts";
import type { AcquirerFault } from "./acquirer-faults.ts";
import { type BankContext, type BankRequest, chipValue, fieldOf } from "./request.ts";

/** A genuine cryptogram of a card. */
export interface ChipWord {
  readonly verdict: Exclude<CryptogramVerdict, "wrong">;
  readonly rules: BankRules;
  readonly panSequence: string;
  readonly counter: number;
  readonly cryptogram: Bytes;
  readonly amountFen: number;
  /** What electronic cash holds, where the card says it; undefined where it does not. */
  readonly balanceFen: number | undefined;
}

function digitsOf(bytes: Bytes | undefined): number | undefined {
  const parsed = bytes === undefined ? undefined : bcdToDigits(bytes);
  return parsed?.ok === true ? Number(parsed.digits) : undefined;
}

/** Sequence of the card: field 23 has it behind a zero, the chip has it as 5F34. */
function sequenceOf({ message, chip }: BankRequest): string {
  const field = fieldOf(message, 23);
  if (field !== "") return field.slice(-2);
  const value = chipValue(chip, 0x5f34);
  return value === undefined ? "00" : Buffer.from(value).toString("hex");
}

/** Balance behind the fixed part of the issuer data, where the card puts it there: length, kind 01, five bytes, four of a MAC. */
function balanceIn(issuerData: Bytes): number | undefined {
  const amounts = issuerData.slice(8);
  return amounts[1] === 0x01 && amounts.length >= 7 ? digitsOf(amounts.slice(2, 7)) : undefined;
}

/** What the chip in field 55 says; "absent" where there is none, "wrong" where no card of ours has said that. Never throws. */
export function readChip(context: BankContext, request: BankRequest): ChipWord | "absent" | "wrong" {
  const { chip, pan } = request;
  if (chip.length === 0) return "absent";
  const [cryptogram, issuerData, atc] = [0x9f26, 0x9f10, 0x9f36].map((tag) => chipValue(chip, tag));
  const unpredictableNumber = chipValue(chip, 0x9f37);
  const amountFen = digitsOf(chipValue(chip, 0x9f02));
  if (cryptogram === undefined || issuerData === undefined || atc?.length !== 2 || unpredictableNumber === undefined || amountFen === undefined) return "wrong";
  const panSequence = sequenceOf(request);
  const counter = readUint(atc, 0, 2);
  const { suite, profile } = context;
  const recorded = { pan, panSequence, amountFen, counter, unpredictableNumber, issuerData, cryptogram, further: furtherOf(request) };
  const verdict = checkTestCryptogram({ suite, profile }, recorded);
  const issuer = parseIssuerData(issuerData);
  if (verdict === "wrong" || issuer === undefined) return "wrong";
  const algorithm = issuer.algorithmByte === 0x04 ? ("sm4" as const) : ("3des" as const);
  const balanceFen = digitsOf(chipValue(chip, 0x9f79)) ?? balanceIn(issuerData);
  return { verdict, rules: { suite, profile, algorithm }, panSequence, counter, cryptogram, amountFen, balanceFen };
}

const FURTHER = [
  ["otherAmount", 0x9f03, 6],
  ["country", 0x9f1a, 2],
  ["verificationResults", 0x95, 5],
  ["currency", 0x5f2a, 2],
  ["date", 0x9a, 3],
  ["type", 0x9c, 1],
  ["interchangeProfile", 0x82, 2],
] as const;

function furtherOf({ chip }: BankRequest): Readonly<Record<string, Bytes>> {
  const given = FURTHER.flatMap(([name, tag, length]) => {
    const value = chipValue(chip, tag);
    return value?.length === length ? [[name, value] as const] : [];
  });
  return Object.fromEntries(given);
}

export interface IssuerWord {
  /** Field 39. */
  readonly code: string;
  /** What electronic cash shall hold afterwards; undefined: no script. */
  readonly newBalanceFen?: number | undefined;
}

const AUTHENTICATION_TAG = 0x91;
const SCRIPT_TAG = 0x72;
const SCRIPT_IDENTIFIER_TAG = 0x9f18;
const SCRIPT_COMMAND_TAG = 0x86;
/** PUT DATA of the balance, secured: its length counts the MAC. */
const PUT_BALANCE = fromHex("04da9f790a");

/** Field 55 of the answer; undefined where the issuer says nothing. */
export function issuerAnswer(word: ChipWord, pan: string, told: { readonly is: IssuerWord; readonly issuer: AcquirerFault["issuer"] }): string | undefined {
  const { is, issuer } = told;
  if (issuer === "silent") return undefined;
  const place = { pan, panSequence: word.panSequence };
  const session = (name: "bank-ac" | "bank-mac") => bankSessionKey(word.rules, bankCardKey(word.rules, name, place), word.counter);
  const responseCode = new TextEncoder().encode(is.code);
  const genuine = issuerAuthentication(word.rules, session("bank-ac"), { cryptogram: word.cryptogram, responseCode });
  const authentication = buildTlv(AUTHENTICATION_TAG, concat(issuer === "false" ? invertBytes(genuine) : genuine, responseCode));
  if (is.newBalanceFen === undefined || issuer === "script-missing") return Buffer.from(authentication).toString("hex").toUpperCase();
  const data = numberToBcd(is.newBalanceFen, 6);
  const mac = scriptMac(word.rules, session("bank-mac"), { counter: word.counter, cryptogram: word.cryptogram, header: PUT_BALANCE, data });
  const command = concat(PUT_BALANCE, data, issuer === "script-false" ? invertBytes(mac) : mac);
  const script = buildTlv(SCRIPT_TAG, [buildTlv(SCRIPT_IDENTIFIER_TAG, u32be(1)), buildTlv(SCRIPT_COMMAND_TAG, command)]);
  return Buffer.from(concat(authentication, script)).toString("hex").toUpperCase();
}

/** What names one payment of one chip, so that it is booked once whichever message brings it. */
export function chipDigest(word: ChipWord, pan: string, digest: (bytes: Bytes) => string): string {
  return digest(concat(new TextEncoder().encode(pan), u16be(word.counter), u32be(word.amountFen), word.cryptogram));
}
