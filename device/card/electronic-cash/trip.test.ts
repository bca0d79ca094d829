/* Trips in industry records: any bytes have an answer, and what was written is read back with everything else as it was. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { parseTripRecord } from "../transit/records.ts";
import { tripMeaning } from "../transit/trips.ts";
import type { TripRecord } from "../transit/types.ts";
import { industryRecordWithTrip, tripOfIndustryRecord } from "./trip.ts";

const PROFILES = [{ cashTripRecord: "behindIdentifier" }, { cashTripRecord: "behindLengthAndFlag" }] as const;
const HEADS = { behindIdentifier: 2, behindLengthAndFlag: 4 } as const;
const bytes = (minLength: number) => fc.uint8Array({ minLength, maxLength: 80 });

const TRIP: TripRecord = {
  type: 0x03,
  terminalNumber: "0000990100000001",
  industry: 1,
  place: "00010002",
  placeExtension: "000000",
  amount: fen(300),
  balance: fen(9_700),
  date: "20261122",
  time: "081500",
  city: "9901",
  acquirer: "0000000000000001",
  maximumFare: fen(900),
  maximumTime: "0000",
};

describe.each(PROFILES)("a trip %o", (profile) => {
  const head = HEADS[profile.cashTripRecord];

  it("is an answer for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (record) => {
        const found = tripOfIndustryRecord(record, profile);
        if (record.length < head) expect(found).toBeUndefined();
        else if (found !== undefined && found !== "unwritten") expect(parseTripRecord(record.slice(head, head + 48))).toEqual(found);
      }),
    );
  });

  it("is written into any record that has a head, and leaves the rest of it", () => {
    fc.assert(
      fc.property(bytes(head), (record) => {
        const written = industryRecordWithTrip(record, TRIP, profile);
        expect(tripOfIndustryRecord(written, profile)).toEqual({ ...TRIP, type: 0x01 });
        expect([toHex(written.slice(0, head)), toHex(written.slice(head + 48))]).toEqual([toHex(record.slice(0, head)), toHex(record.slice(head + 48))]);
      }),
    );
  });

  it.each([
    ["nothing", 0],
    ["zeros", 48],
    ["zeros of a shorter record", 16],
  ])("that is %s is unwritten", (_name, length) => {
    expect(tripOfIndustryRecord(new Uint8Array(head + length), profile)).toBe("unwritten");
    expect(tripOfIndustryRecord(Uint8Array.from([...new Uint8Array(head), ...new Uint8Array(length).fill(0xff)]), profile)).toBe("unwritten");
  });
});

it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])("the type %i keeps its meaning and names electronic cash", (type) => {
  const [profile] = PROFILES;
  const written = tripOfIndustryRecord(industryRecordWithTrip(new Uint8Array(2), { ...TRIP, type }, profile), profile);
  const meaning = typeof written === "object" ? tripMeaning(written.type) : undefined;
  expect(meaning).toEqual({ kind: tripMeaning(type)?.kind, money: "electronic-cash" });
});

it("a type that nobody knows is written as it is", () => {
  const [profile] = PROFILES;
  expect(tripOfIndustryRecord(industryRecordWithTrip(new Uint8Array(2), { ...TRIP, type: 0x77 }, profile), profile)).toMatchObject({ type: 0x77 });
});
