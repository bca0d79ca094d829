/*
 * A trip in an industry record of electronic cash: the same 48 bytes as transit accounts have, behind what names the record. The texts do
 * not say where; a profile does. Nothing here throws on bytes of the card. Spec: JT/T 978, EF1E.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat } from "../../base/bytes.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import { encodeTripRecord, parseTripRecord, TRIP_RECORD_LENGTH } from "../transit/records.ts";
import { tripMeaning, tripType } from "../transit/trips.ts";
import type { TripRecord } from "../transit/types.ts";

type TripProfile = Pick<CardProfile, "cashTripRecord">;

const HEAD_LENGTHS: Readonly<Record<CardProfile["cashTripRecord"], number>> = { behindIdentifier: 2, behindLengthAndFlag: 4 };

/** The trip of an industry record; "unwritten" where only its filling, or nothing, stands there; undefined for another form. */
export function tripOfIndustryRecord(record: Bytes, { cashTripRecord }: TripProfile): TripRecord | "unwritten" | undefined {
  const head = HEAD_LENGTHS[cashTripRecord];
  if (record.length < head) return undefined;
  const content = record.slice(head, head + TRIP_RECORD_LENGTH);
  // A variable record may have been opened shorter than it will be.
  if (isFilling(content)) return "unwritten";
  return parseTripRecord(content);
}

function isFilling(content: Bytes): boolean {
  return content.every((byte) => byte === 0x00) || content.every((byte) => byte === 0xff);
}

/** The record with another trip in it, all else as it was. Whoever makes a trip need not know of which money it is taken: the type says so here. */
export function industryRecordWithTrip(record: Bytes, trip: TripRecord, { cashTripRecord }: TripProfile): Bytes {
  const head = HEAD_LENGTHS[cashTripRecord];
  assert(record.length >= head, "the record was read and understood");
  const meaning = tripMeaning(trip.type);
  const type = meaning === undefined ? trip.type : tripType({ kind: meaning.kind, money: "electronic-cash" });
  return concat(record.slice(0, head), encodeTripRecord({ ...trip, type }), record.slice(head + TRIP_RECORD_LENGTH));
}
