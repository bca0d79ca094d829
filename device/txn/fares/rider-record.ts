/*
 * Goal: what caps and transfers need of a card's earlier rides, in one record of the card, such that a torn or foreign record is seen.
 * Method: a version, fields of fixed length with one spelling for each state, and a check over all of them.
 *
 *   0 version 01 · 1 day 4 · 5 fen 4 · 9 rides 2 · 11 month 3 · 14 fen 4 · 18 rides 2 · 20 last ride 00/01 · 21 place 4 · 25 date 4 · 29 time 3
 *   32 fare 4 · 36 transfers 1 · 37 check 4 · 41 zeros
 */
import { crc32 } from "node:zlib";
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, equalBytes, fromHex, readUint, toHex, u8, u16be, u32be } from "../../base/bytes.ts";
import { fen, ZERO_FEN } from "../../base/fen.ts";
import { isCivilDate, isCivilTimeOfDay } from "../../codec/civil-time.ts";
import type { RiderRecordCodec, RiderState } from "./fares.ts";

const VERSION = 0x01;
const CHECK_AT = 37;
/** Shortest record that holds a state. */
export const RIDER_RECORD_LENGTH_MIN = 41;

const NO_DAY = "00000000";
const NO_MONTH = "000000";

/** Of a card that has not travelled yet. */
export const EMPTY_RIDER: RiderState = {
  day: NO_DAY,
  daySpent: ZERO_FEN,
  dayRides: 0,
  month: NO_MONTH,
  monthSpent: ZERO_FEN,
  monthRides: 0,
};

function isMonth(month: string): boolean {
  return isCivilDate(`${month}01`);
}

function content({ day, daySpent, dayRides, month, monthSpent, monthRides, last }: RiderState): Bytes {
  assert((day === NO_DAY || isCivilDate(day)) && (month === NO_MONTH || isMonth(month)), "day and month are of the calendar");
  const figures = [fromHex(day), u32be(daySpent), u16be(dayRides), fromHex(month), u32be(monthSpent), u16be(monthRides)];
  if (last === undefined) return concat(u8(VERSION), ...figures, new Uint8Array(CHECK_AT - 20));
  assert(/^[0-9a-f]{8}$/.test(last.place) && isCivilDate(last.date) && isCivilTimeOfDay(last.time), "the last ride ended at a place and at a time");
  const ended = [fromHex(last.place), fromHex(last.date), fromHex(last.time), u32be(last.fare), u8(last.transfers)];
  return concat(u8(VERSION), ...figures, u8(1), ...ended);
}

function encode(state: RiderState, length: number): Bytes {
  assert(length >= RIDER_RECORD_LENGTH_MIN, "the record has room for a state");
  const fields = content(state);
  return concat(fields, u32be(crc32(fields)), new Uint8Array(length - RIDER_RECORD_LENGTH_MIN));
}

function isUnwritten(bytes: Bytes): boolean {
  return bytes.every((byte) => byte === 0x00) || bytes.every((byte) => byte === 0xff);
}

function lastOf(bytes: Bytes): RiderState["last"] {
  return {
    place: toHex(bytes.subarray(21, 25)),
    date: toHex(bytes.subarray(25, 29)),
    time: toHex(bytes.subarray(29, 32)),
    fare: fen(readUint(bytes, 32, 4)),
    transfers: readUint(bytes, 36, 1),
  };
}

function parse(bytes: Bytes): RiderState | undefined {
  if (bytes.length < RIDER_RECORD_LENGTH_MIN) return undefined;
  if (isUnwritten(bytes)) return EMPTY_RIDER;
  if (bytes[0] !== VERSION) return undefined;
  if (readUint(bytes, CHECK_AT, 4) !== crc32(bytes.subarray(0, CHECK_AT))) return undefined;
  const last = bytes[20] === 1 ? lastOf(bytes) : undefined;
  const state: RiderState = {
    day: toHex(bytes.subarray(1, 5)),
    daySpent: fen(readUint(bytes, 5, 4)),
    dayRides: readUint(bytes, 9, 2),
    month: toHex(bytes.subarray(11, 14)),
    monthSpent: fen(readUint(bytes, 14, 4)),
    monthRides: readUint(bytes, 18, 2),
    ...(last === undefined ? {} : { last }),
  };
  return isSound(state) && equalBytes(encode(state, bytes.length), bytes) ? state : undefined;
}

/** The check speaks for the bytes, not for who wrote them. */
function isSound({ day, month, last }: RiderState): boolean {
  const figures = (day === NO_DAY || isCivilDate(day)) && (month === NO_MONTH || isMonth(month));
  return figures && (last === undefined || (isCivilDate(last.date) && isCivilTimeOfDay(last.time)));
}

/** The record as the operator's own file of the card holds it. */
export const RIDER_RECORD: RiderRecordCodec = { parse, encode };
