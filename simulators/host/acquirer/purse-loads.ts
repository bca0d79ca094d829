/*
 * Money of the account onto the card's purse. The purse says what it has and signs it; whoever has the purse's keys answers with a code over date and
 * time. Deviation: no paper at hand records the words of this message; these are the purse's own values in field 62, or in field 55 as private objects. Spec: PBOC purse, load.
 */
import { type Bytes, concat, equalBytes, fromHex, invertBytes, readUint, toHex } from "../../../device/base/bytes.ts";
import { civilTime } from "../../../device/codec/civil-time.ts";
import { buildTlv } from "../../../device/codec/tlv.ts";
import { TEST_REGION } from "../../card/make.ts";
import { loadMac1Input, loadMac2Input, loadSessionKey, PURSE_TYPES, purseMac } from "../../crypto/purse.ts";
import { testPurseCardKey } from "../../crypto/test-keys.ts";
import { bookedAnswer, bookRequest, placeRefusal } from "./booking.ts";
import { pinRefusal, usableAccount } from "./holder.ts";
import { type BankContext, type BankRequest, type BankService, chipValue, fieldOf, no } from "./request.ts";

/** Where the codes of purse and host stand in field 55. */
const PURSE_TAG = 0xdf72;
const HOST_TAG = 0xdf73;
/** Serial, terminal, balance, online sequence, key version, algorithm, random number, MAC1. */
const WORD_BYTES = 32;
/** Date and time, before the MAC. */
const MOMENT_DIGITS = 14;
/** Purses of this bank are those of test cards. */
const ISSUER = fromHex(`${TEST_REGION}0000000001`);

interface PurseWord {
  readonly serial: Bytes;
  readonly terminalNumber: Bytes;
  readonly balanceFen: number;
  readonly onlineSequence: number;
  readonly algorithm: number;
  readonly cardRandom: Bytes;
  readonly mac1: Bytes;
}

function readWord(field: string): PurseWord | undefined {
  const word = /^(?:[0-9a-f]{2})*$/i.test(field) ? fromHex(field) : new Uint8Array(0);
  if (word.length !== WORD_BYTES) return undefined;
  return {
    serial: word.slice(0, 10),
    terminalNumber: word.slice(10, 16),
    balanceFen: readUint(word, 16, 4),
    onlineSequence: readUint(word, 20, 2),
    algorithm: readUint(word, 23, 1),
    cardRandom: word.slice(24, 28),
    mac1: word.slice(28, 32),
  };
}

/** The purse's own code is checked before anything is booked; then date, time and MAC2. */
function purseAnswer({ suite, profile, clock }: BankContext, word: PurseWord, amountFen: number): string | undefined {
  const rules = { suite, profile, algorithm: word.algorithm === profile.psamAlgByteSm4 ? ("sm4" as const) : ("3des" as const) };
  const { serial, terminalNumber, balanceFen } = word;
  const key = loadSessionKey(rules, testPurseCardKey(rules, "purse-dlk", { serial, issuer: ISSUER }), word);
  const terms = { amountFen, type: PURSE_TYPES.loadPurse, terminalNumber };
  if (!equalBytes(purseMac(rules, key, loadMac1Input(balanceFen, terms)), word.mac1)) return undefined;
  const { date, time } = civilTime(clock.wallMs());
  const moment = { date: fromHex(date), time: fromHex(time) };
  return toHex(concat(moment.date, moment.time, purseMac(rules, key, loadMac2Input({ ...terms, ...moment }))));
}

/** As the fault lets it be seen: right, false, or not there. */
function hostCode(answer: string, issuer: BankRequest["issuer"]): string | undefined {
  if (issuer === "script-missing" || issuer === "silent") return undefined;
  const isFalse = issuer === "script-false" || issuer === "false";
  return isFalse ? `${answer.slice(0, MOMENT_DIGITS)}${toHex(invertBytes(fromHex(answer.slice(MOMENT_DIGITS))))}` : answer;
}

/** The money leaves the account with the answer; a card that does not take it has its load reversed. */
export const purseLoad: BankService = (context, request) => {
  const { amountFen = 0, message, chip } = request;
  if (amountFen <= 0) return no("13");
  const misplaced = placeRefusal(context, request);
  if (misplaced !== undefined) return no(misplaced);
  const account = usableAccount(context, request);
  if (typeof account === "string") return no(account);
  const inChip = chipValue(chip, PURSE_TAG);
  const word = readWord(inChip === undefined ? fieldOf(message, 62) : toHex(inChip));
  const answer = word === undefined ? undefined : purseAnswer(context, word, amountFen);
  if (answer === undefined) return no("05");
  const wrongPin = pinRefusal(context, request, true);
  if (wrongPin !== undefined) return no(wrongPin);
  const booked = bookRequest(context, request, { business: "purse-load", amountFen });
  const told = hostCode(answer, request.issuer);
  if (told === undefined) return bookedAnswer(booked);
  return bookedAnswer(booked, [inChip === undefined ? [62, told] : [55, toHex(buildTlv(HOST_TAG, fromHex(told)))]]);
};
