/* The rider's record: what is written is read, what is torn or foreign is not. */

import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex, u32be } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { civilTime } from "../../codec/civil-time.ts";
import type { RiderState } from "./fares.ts";
import { EMPTY_RIDER, RIDER_RECORD, RIDER_RECORD_LENGTH_MIN } from "./rider-record.ts";

const STATE: RiderState = {
  day: "20260302",
  daySpent: fen(168),
  dayRides: 1,
  month: "202603",
  monthSpent: fen(12_168),
  monthRides: 31,
  last: { place: "00020006", date: "20260302", time: "080000", fare: fen(168), transfers: 2 },
};
const BYTES = `01${"20260302"}000000a80001${"202603"}00002f88001f01${"00020006"}20260302080000000000a802`;
const END_OF_9999 = 253_402_271_999_000;

const moment = fc.integer({ min: 0, max: END_OF_9999 }).map((ms) => civilTime(ms));
const amount = fc.integer({ min: 0, max: 0xffff_ffff }).map(fen);
const count = fc.integer({ min: 0, max: 0xffff });
const last = fc
  .tuple(moment, amount, fc.integer({ min: 0, max: 0xff }), fc.integer({ min: 0, max: 0xffff_ffff }))
  .map(([{ date, time }, fare, transfers, place]) => ({ place: place.toString(16).padStart(8, "0"), date, time, fare, transfers }));
const day = fc.oneof(
  fc.constant("00000000"),
  moment.map(({ date }) => date),
);
const month = fc.oneof(
  fc.constant("000000"),
  moment.map(({ date }) => date.slice(0, 6)),
);
const state: fc.Arbitrary<RiderState> = fc
  .record({ day, daySpent: amount, dayRides: count, month, monthSpent: amount, monthRides: count, last: fc.option(last, { nil: undefined }) })
  .map(({ last: ended, ...figures }) => (ended === undefined ? figures : { ...figures, last: ended }));
const length = fc.integer({ min: RIDER_RECORD_LENGTH_MIN, max: 48 });

function checked(hex: string): Uint8Array {
  const fields = fromHex(hex);
  return concat(fields, u32be(crc32(fields)));
}

describe("the rider's record", () => {
  it("byte by byte, zeros at the end", () => {
    expect(toHex(RIDER_RECORD.encode(STATE, 46))).toBe(`${toHex(checked(BYTES))}${"00".repeat(5)}`);
    expect(RIDER_RECORD.parse(checked(BYTES))).toEqual(STATE);
  });

  it("every state comes back, at every length", () => {
    fc.assert(
      fc.property(state, length, (written, size) => {
        const bytes = RIDER_RECORD.encode(written, size);
        expect(bytes).toHaveLength(size);
        expect(RIDER_RECORD.parse(bytes)).toEqual(written);
      }),
    );
  });

  it("any bytes get an answer, and what is understood is written in the same bytes", () => {
    const forged = fc.tuple(fc.uint8Array({ minLength: 36, maxLength: 36 }), fc.constantFrom(0, 1)).map(([rest, hasLast]) => {
      const fields = concat(fromHex("01"), rest);
      fields[20] = hasLast;
      return concat(fields, u32be(crc32(fields)));
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), forged), (bytes) => {
        const read = RIDER_RECORD.parse(bytes);
        if (read !== undefined && bytes.some((byte) => byte !== 0 && byte !== 0xff)) expect(RIDER_RECORD.encode(read, bytes.length)).toEqual(bytes);
      }),
    );
  });

  it("a record that was half written is seen: the beginning of one, the end of another", () => {
    fc.assert(
      fc.property(state, state, fc.integer({ min: 1, max: RIDER_RECORD_LENGTH_MIN - 1 }), (before, after, cut) => {
        const [old, young] = [RIDER_RECORD.encode(before, 48), RIDER_RECORD.encode(after, 48)];
        const torn = concat(young.subarray(0, cut), old.subarray(cut));
        if (toHex(torn) !== toHex(old) && toHex(torn) !== toHex(young)) expect(RIDER_RECORD.parse(torn)).toBeUndefined();
      }),
    );
  });

  it("every changed bit is seen", () => {
    const whole = RIDER_RECORD.encode(STATE, 48);
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const changed = Uint8Array.from(whole, (byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(RIDER_RECORD.parse(changed)).toBeUndefined();
    }
  });

  it.each([
    ["of zeros", "00".repeat(48)],
    ["of ones", "ff".repeat(48)],
  ])("unwritten, %s, is a card that has not travelled", (_, hex) => expect(RIDER_RECORD.parse(fromHex(hex))).toEqual(EMPTY_RIDER));

  it.each([
    ["too short for a state, though unwritten", fromHex("00".repeat(40))],
    ["of no bytes", new Uint8Array(0)],
    ["of another version", checked(`02${BYTES.slice(2)}`)],
    ["with a day that does not exist", checked(BYTES.replace("20260302", "20260230"))],
    ["with a month that does not exist", checked(BYTES.replace("202603000", "202613000"))],
    ["whose last ride ended on no day", checked(BYTES.replace("2026030208", "2026023008"))],
    ["whose last ride ended at no time", checked(BYTES.replace("080000", "240000"))],
    ["with fields of a last ride that is said not to be", checked(BYTES.replace("001f01", "001f00"))],
    ["with another word for whether there is one", checked(BYTES.replace("001f01", "001f02"))],
  ])("%s: none of ours", (_, bytes) => expect(RIDER_RECORD.parse(bytes)).toBeUndefined());

  it.each<[string, RiderState, number]>([
    ["a record without room", STATE, 40],
    ["a day of another form", { ...STATE, day: "2026-03-02" }, 48],
    ["a place of another form", { ...STATE, last: { place: "2", date: "20260302", time: "080000", fare: fen(1), transfers: 0 } }, 48],
    ["more rides than two bytes hold", { ...STATE, dayRides: 0x1_0000 }, 48],
  ])("%s is our own mistake", (_, wrong, size) => expect(() => RIDER_RECORD.encode(wrong, size)).toThrow());
});
