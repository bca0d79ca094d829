/*
 * A transit account in the field: found, read, and admitted or not, with as few commands as a gate can afford. Spec: JT/T 978, gate flow.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, EMPTY, fromHex } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import { command, isOk } from "../../codec/apdu.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchange, malformed, selectByName } from "../dialogue.ts";
import { type OwnMoneyAnswer, readOwnMoney } from "../purse/balance.ts";
import { purseValidity } from "../purse/commands.ts";
import type { CardRefusal } from "../purse/types.ts";
import { type CompoundUpdate, transitPurseOf } from "./compound.ts";
import {
  encodeHousingRecord,
  encodeIndustryRecord,
  encodeTripRecord,
  HOUSING_RECORD_LENGTH,
  parseHousingRecord,
  parseIndustryRecord,
  parseTransitHolder,
  parseTransitPublicData,
  parseTransitRegion,
  parseTripRecord,
  publicDataOfSelect,
  TRANSIT_FILES,
  TRANSIT_HOLDER_LENGTH,
  TRANSIT_PUBLIC_LENGTH,
  TRANSIT_REGION_LENGTH,
  TRIP_RECORD_LENGTH,
} from "./records.ts";
import type { IndustryRecord, TransitHolder, TransitPublicData, TransitRegion, TransitScheme, TripRecord } from "./types.ts";

/** The housing ministry's application. Every other one of the profile's list follows T-Union. Spec: CJ/T 166, application. */
export const HOUSING_APPLICATION_ID = "a00000000386980701";
const AUTHENTICATION_CODE_LENGTH = 9;
/** Records of EF1A that are looked through for one identifier. */
export const INDUSTRY_RECORDS_MAX = 16;
const RECORD_NOT_FOUND = 0x6a83;
const ENABLED = 0x01;
const INTEROPERABLE = 0x0001;

/** A transit account that has been selected. */
export interface TransitCard {
  readonly kind: "ok";
  /** Hexadecimal. */
  readonly applicationId: string;
  readonly scheme: TransitScheme;
  readonly data: TransitPublicData;
}

export type OpenTransitAnswer =
  | TransitCard
  /** None of the applications is on the card. */
  | { readonly kind: "no-transit" }
  | { readonly kind: "blocked" }
  | CardRefusal;

/** Selects the first transit application of the profile that is on the card, and reads EF15, from the answer to SELECT where it stands there. */
export async function openTransit(channel: CardChannel, profile: Pick<CardProfile, "transitAidOrder">, limits: Limits): Promise<OpenTransitAnswer> {
  let blocked = false;
  for (const applicationId of profile.transitAidOrder) {
    const answer = await selectByName(channel, fromHex(applicationId), limits);
    blocked ||= answer.kind === "blocked";
    if (answer.kind !== "ok") continue;
    const data = publicDataOfSelect(answer.fci) ?? (await readTransitPublicData(channel, limits));
    if ("kind" in data) return data;
    return { kind: "ok", applicationId, scheme: schemeOf(applicationId), data };
  }
  return { kind: blocked ? "blocked" : "no-transit" };
}

export function schemeOf(applicationId: string): TransitScheme {
  return applicationId.toLowerCase() === HOUSING_APPLICATION_ID ? "housing" : "t-union";
}

async function readTransitPublicData(channel: CardChannel, limits: Limits): Promise<TransitPublicData | CardRefusal> {
  const answer = await readBinary(channel, { file: TRANSIT_FILES.publicData, length: TRANSIT_PUBLIC_LENGTH, parse: parseTransitPublicData }, limits);
  return answer.kind === "ok" ? answer.value : answer;
}

type FileAnswer<Value> = { readonly kind: "ok"; readonly value: Value } | CardRefusal;

async function readBinary<Value>(
  channel: CardChannel,
  which: { readonly file: number; readonly length: number; readonly parse: (data: Bytes) => Value | undefined },
  limits: Limits,
): Promise<FileAnswer<Value>> {
  const { data, sw } = await exchange(channel, { cla: 0x00, ins: 0xb0, p1: 0x80 | which.file, p2: 0x00, data: EMPTY, le: which.length }, limits);
  if (!isOk(sw)) return { kind: "refused", statusWord: sw };
  const value = which.parse(data);
  if (value === undefined) throw malformed("READ BINARY");
  return { kind: "ok", value };
}

/** EF17 of a T-Union account; the housing ministry's EF17 holds industry records instead. */
export function readRegion(channel: CardChannel, limits: Limits): Promise<FileAnswer<TransitRegion>> {
  return readBinary(channel, { file: TRANSIT_FILES.region, length: TRANSIT_REGION_LENGTH, parse: parseTransitRegion }, limits);
}

/** EF16, the holder: personal data, for flows that need it. */
export function readHolder(channel: CardChannel, limits: Limits): Promise<FileAnswer<TransitHolder>> {
  return readBinary(channel, { file: TRANSIT_FILES.holder, length: TRANSIT_HOLDER_LENGTH, parse: parseTransitHolder }, limits);
}

export type RecordAnswer<Record> = { readonly kind: "ok"; readonly record: Record; readonly number: number } | { readonly kind: "no-record" } | CardRefusal;

async function readNumbered<Record>(
  channel: CardChannel,
  which: { readonly file: number; readonly number: number; readonly le: number; readonly parse: (data: Bytes) => Record | "unwritten" | undefined },
  limits: Limits,
): Promise<RecordAnswer<Record> | { readonly kind: "unwritten" }> {
  const { data, sw } = await exchange(channel, { cla: 0x00, ins: 0xb2, p1: which.number, p2: (which.file << 3) | 0x04, data: EMPTY, le: which.le }, limits);
  if (sw === RECORD_NOT_FOUND) return { kind: "no-record" };
  if (!isOk(sw)) return { kind: "refused", statusWord: sw };
  const record = which.parse(data);
  if (record === undefined) throw malformed("READ RECORD");
  return record === "unwritten" ? { kind: "unwritten" } : { kind: "ok", record, number: which.number };
}

/** Record `number` of EF1E, 1 being the newest. */
export async function readTrip(channel: CardChannel, number: number, limits: Limits): Promise<RecordAnswer<TripRecord>> {
  assert(Number.isInteger(number) && number >= 1 && number <= 0xff, "records are counted from 1");
  const answer = await readNumbered(channel, { file: TRANSIT_FILES.trips, number, le: TRIP_RECORD_LENGTH, parse: parseTripRecord }, limits);
  return answer.kind === "unwritten" ? { kind: "no-record" } : answer;
}

/** Record `number` of EF1A. */
export function readIndustryRecordAt(
  channel: CardChannel,
  number: number,
  limits: Limits,
): Promise<RecordAnswer<IndustryRecord> | { readonly kind: "unwritten" }> {
  return readNumbered(channel, { file: TRANSIT_FILES.industry, number, le: 256, parse: parseIndustryRecord }, limits);
}

/** The record of EF1A with an identifier of two bytes ("2702" the bus), looked for by number. At most 16 commands. */
export async function readIndustryRecord(channel: CardChannel, id: string, limits: Limits): Promise<RecordAnswer<IndustryRecord>> {
  for (let number = 1; number <= INDUSTRY_RECORDS_MAX; number += 1) {
    const answer = await readIndustryRecordAt(channel, number, limits);
    // An unwritten record may stand before a written one; a number that is not there ends the file.
    if (answer.kind === "unwritten") continue;
    if (answer.kind !== "ok" || answer.record.id === id) return answer;
  }
  return { kind: "no-record" };
}

/** The housing ministry's industry record with an identifier of one byte ("02" rail). */
export async function readHousingRecord(channel: CardChannel, id: string, limits: Limits): Promise<RecordAnswer<IndustryRecord>> {
  const p1 = Number.parseInt(id, 16);
  assert(/^[\da-f]{2}$/.test(id) && p1 > 0, "an identifier is one byte and not zero");
  const { data, sw } = await exchange(channel, { cla: 0x00, ins: 0xb2, p1, p2: TRANSIT_FILES.region << 3, data: EMPTY, le: HOUSING_RECORD_LENGTH }, limits);
  if (sw === RECORD_NOT_FOUND) return { kind: "no-record" };
  if (!isOk(sw)) return { kind: "refused", statusWord: sw };
  const record = parseHousingRecord(data);
  if (record === undefined || (record !== "unwritten" && record.id !== id)) throw malformed("READ RECORD");
  return record === "unwritten" ? { kind: "no-record" } : { kind: "ok", record, number: p1 };
}

/** The buffer command for a new trip record: EF1E is cyclic and takes it by identifier 00. Spec: JT/T 978, gate flow. */
export function tripUpdate(trip: TripRecord): CompoundUpdate {
  return { file: TRANSIT_FILES.trips, by: "identifier", record: 0x00, data: encodeTripRecord(trip) };
}

/** The buffer command for an industry record of EF1A that was read from `number`. */
export function industryUpdate(record: IndustryRecord, number: number): CompoundUpdate {
  return { file: TRANSIT_FILES.industry, by: "number", record: number, data: encodeIndustryRecord(record) };
}

/** The buffer command for the housing ministry's industry record. Spec: CJ/T 166, EF17. */
export function housingUpdate(record: IndustryRecord): CompoundUpdate {
  return { file: TRANSIT_FILES.region, by: "identifier", record: Number.parseInt(record.id, 16), data: encodeHousingRecord(record) };
}

/** The holder's own money, by the profile's rule. */
export function readTransitBalance(
  channel: CardChannel,
  profile: Pick<CardProfile, "transitBalance" | "transitPurse">,
  limits: Limits,
): Promise<OwnMoneyAnswer> {
  return readOwnMoney(channel, { rule: profile.transitBalance, purse: transitPurseOf(profile) }, limits);
}

/** Whether MAC1 of a compound purchase of this scheme includes the card's authentication code. */
export function needsAuthenticationCode(profile: Pick<CardProfile, "cappAuthSuffix">, scheme: TransitScheme): boolean {
  return profile.cappAuthSuffix === "mohurd9" || (profile.cappAuthSuffix === "byApplication" && scheme === "housing");
}

export type AuthenticationCodeAnswer = { readonly kind: "ok"; readonly code: Bytes } | CardRefusal;

/** The 9-byte code that the module takes into MAC1 (80 CA 00 00 09); read before INITIALIZE. Spec: CJ/T 166, compound purchase. */
export async function readAuthenticationCode(channel: CardChannel, limits: Limits): Promise<AuthenticationCodeAnswer> {
  const { data, sw } = await exchange(channel, command("80 CA 00 00", { le: AUTHENTICATION_CODE_LENGTH }), limits);
  if (!isOk(sw)) return { kind: "refused", statusWord: sw };
  if (data.length !== AUTHENTICATION_CODE_LENGTH) throw malformed("GET DATA");
  return { kind: "ok", code: data.slice() };
}

export type TransitAdmission =
  | { readonly kind: "admitted" }
  | { readonly kind: "refused"; readonly reason: "not-enabled" | "not-yet-valid" | "expired" | "not-interoperable" };

/**
 * Whether an account may travel here: enabled, within its dates, and of this city or open to others. Without a region (the housing
 * ministry's card has none) only the first two are asked. Spec: JT/T 978, EF15 and EF17.
 */
export function admitTransit(
  card: { readonly data: TransitPublicData; readonly region?: TransitRegion },
  here: { readonly today: string; readonly city: string },
): TransitAdmission {
  const { data, region } = card;
  if (data.enabled !== ENABLED) return { kind: "refused", reason: "not-enabled" };
  const validity = purseValidity(data, here.today);
  if (validity !== "valid") return { kind: "refused", reason: validity };
  return region === undefined || travelsIn(region, here.city) ? { kind: "admitted" } : { kind: "refused", reason: "not-interoperable" };
}

/** Whether an account of this region may travel in a city: its own, or any where it is open to others. Spec: JT/T 978, EF17. */
export function travelsIn(region: TransitRegion, city: string): boolean {
  return region.city === city || region.interoperability === INTEROPERABLE;
}
