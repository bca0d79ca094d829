/*
 * Files of the transit account as meaning, in both directions. Every parser takes any bytes, never throws, and gives undefined for what
 * has not its form; what a parser has understood encodes to the same bytes. Spec: JT/T 978, files.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, EMPTY, fromHex, readUint, toHex, u8, u16be, u32be } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { decodeGbText } from "../../codec/text.ts";
import { findTlv, parseTlv } from "../../codec/tlv.ts";
import type { IndustryRecord, TransitHolder, TransitPublicData, TransitRegion, TripRecord } from "./types.ts";

export const TRANSIT_PUBLIC_LENGTH = 30;
export const TRANSIT_HOLDER_LENGTH = 55;
export const TRANSIT_REGION_LENGTH = 60;
export const TRIP_RECORD_LENGTH = 48;
/** Longest record that a short command can write back. */
const RECORD_LENGTH_MAX = 0xff;
/** The rail record in the housing ministry's EF17. */
export const HOUSING_RECORD_LENGTH = 48;
export const BUS_RECORD_ID = "2702";
export const HOUSING_RAIL_RECORD_ID = "02";

/** Short identifiers of the files. */
export const TRANSIT_FILES = { publicData: 0x15, holder: 0x16, region: 0x17, log: 0x18, industry: 0x1a, trips: 0x1e } as const;

function isUnwritten(data: Bytes): boolean {
  return data.every((byte) => byte === 0x00) || data.every((byte) => byte === 0xff);
}

/** Hexadecimal text of exactly `length` bytes. */
function field(hex: string, length: number): Bytes {
  const bytes = fromHex(hex);
  assert(bytes.length === length, "each field has its own length");
  return bytes;
}

export function parseTransitPublicData(data: Bytes): TransitPublicData | undefined {
  if (data.length !== TRANSIT_PUBLIC_LENGTH) return undefined;
  return {
    issuer: toHex(data.subarray(0, 8)),
    applicationType: readUint(data, 8, 1),
    enabled: readUint(data, 9, 1),
    serial: toHex(data.subarray(10, 20)),
    startDate: toHex(data.subarray(20, 24)),
    endDate: toHex(data.subarray(24, 28)),
    issuerControl: toHex(data.subarray(28, 30)),
  };
}

export function encodeTransitPublicData(data: TransitPublicData): Bytes {
  return concat(
    field(data.issuer, 8),
    u8(data.applicationType),
    u8(data.enabled),
    field(data.serial, 10),
    field(data.startDate, 4),
    field(data.endDate, 4),
    field(data.issuerControl, 2),
  );
}

/** EF15 as the answer to SELECT carries it (6F/A5/9F0C), which saves a command at the gate; undefined where it does not. */
export function publicDataOfSelect(fci: Bytes): TransitPublicData | undefined {
  const parsed = parseTlv(fci);
  return parsed.ok ? parseTransitPublicData(findTlv(parsed.items, 0x6f, 0xa5, 0x9f0c)?.value ?? EMPTY) : undefined;
}

/** The order of the holder's fields is that of the purse's holder file (from memory). */
export function parseTransitHolder(data: Bytes): TransitHolder | undefined {
  if (data.length !== TRANSIT_HOLDER_LENGTH) return undefined;
  return {
    cardType: readUint(data, 0, 1),
    staff: readUint(data, 1, 1),
    name: textOf(data.subarray(2, 22)),
    documentNumber: textOf(data.subarray(22, 54)),
    documentType: readUint(data, 54, 1),
  };
}

function textOf(data: Bytes): string {
  const parsed = decodeGbText(data);
  return parsed.ok ? parsed.text : "";
}

export function parseTransitRegion(data: Bytes): TransitRegion | undefined {
  if (data.length !== TRANSIT_REGION_LENGTH) return undefined;
  return {
    country: toHex(data.subarray(0, 4)),
    province: toHex(data.subarray(4, 6)),
    city: toHex(data.subarray(6, 8)),
    interoperability: readUint(data, 8, 2),
    cardType: readUint(data, 10, 1),
    reserve: toHex(data.subarray(11, 60)),
  };
}

export function encodeTransitRegion(region: TransitRegion): Bytes {
  return concat(
    field(region.country, 4),
    field(region.province, 2),
    field(region.city, 2),
    u16be(region.interoperability),
    u8(region.cardType),
    field(region.reserve, 49),
  );
}

/** A record of EF1E, or "unwritten" for one that holds only its filling. */
export function parseTripRecord(data: Bytes): TripRecord | "unwritten" | undefined {
  if (data.length !== TRIP_RECORD_LENGTH) return undefined;
  if (isUnwritten(data)) return "unwritten";
  return {
    type: readUint(data, 0, 1),
    terminalNumber: toHex(data.subarray(1, 9)),
    industry: readUint(data, 9, 1),
    place: toHex(data.subarray(10, 14)),
    placeExtension: toHex(data.subarray(14, 17)),
    amount: fen(readUint(data, 17, 4)),
    balance: fen(readUint(data, 21, 4)),
    date: toHex(data.subarray(25, 29)),
    time: toHex(data.subarray(29, 32)),
    city: toHex(data.subarray(32, 34)),
    acquirer: toHex(data.subarray(34, 42)),
    maximumFare: fen(readUint(data, 42, 4)),
    maximumTime: toHex(data.subarray(46, 48)),
  };
}

export function encodeTripRecord(trip: TripRecord): Bytes {
  return concat(
    u8(trip.type),
    field(trip.terminalNumber, 8),
    u8(trip.industry),
    field(trip.place, 4),
    field(trip.placeExtension, 3),
    u32be(trip.amount),
    u32be(trip.balance),
    field(trip.date, 4),
    field(trip.time, 3),
    field(trip.city, 2),
    field(trip.acquirer, 8),
    u32be(trip.maximumFare),
    field(trip.maximumTime, 2),
  );
}

/** A record of EF1A; identifiers have two bytes there. */
export function parseIndustryRecord(data: Bytes): IndustryRecord | "unwritten" | undefined {
  if (data.length < 3 || data.length > RECORD_LENGTH_MAX) return undefined;
  if (isUnwritten(data)) return "unwritten";
  return { id: toHex(data.subarray(0, 2)), content: toHex(data.subarray(2)) };
}

/**
 * A record of the housing ministry's EF17: identifier 1, then the length of what follows. The length must fit, because a record of another
 * form would be written back damaged. Spec: CJ/T 166, EF17.
 */
export function parseHousingRecord(data: Bytes): IndustryRecord | "unwritten" | undefined {
  if (data.length < 3 || data.length > RECORD_LENGTH_MAX) return undefined;
  // The identifier may be there before anything else is.
  if (isUnwritten(data.subarray(1))) return "unwritten";
  return data[1] === data.length - 2 ? { id: toHex(data.subarray(0, 1)), content: toHex(data.subarray(2)) } : undefined;
}

export function encodeIndustryRecord(record: IndustryRecord): Bytes {
  return concat(field(record.id, 2), fromHex(record.content));
}

export function encodeHousingRecord(record: IndustryRecord): Bytes {
  const content = fromHex(record.content);
  return concat(field(record.id, 1), u8(content.length), content);
}
