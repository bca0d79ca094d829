/*
 * What a transit account says of its holder's journey, with as few commands as it takes: the newest trip at every tap, the operator's own
 * record where the tariff wants it, and what never changes on the card only at its first tap. Spec: JT/T 978, gate flow.
 */
import { assert } from "../../../base/assert.ts";
import { type Bytes, fromHex, toHex } from "../../../base/bytes.ts";
import { isFault } from "../../../base/fault.ts";
import { industryUpdate, readIndustryRecord, readIndustryRecordAt, readRegion, type TransitCard, travelsIn } from "../../../card/transit/card.ts";
import type { CompoundUpdate } from "../../../card/transit/compound.ts";
import type { StaticTransit } from "../../../card/transit/static-cache.ts";
import { tripFileOf } from "../../../card/transit/trip-file.ts";
import type { TripRecord } from "../../../card/transit/types.ts";
import type { CardProfile } from "../../../codec/card-profile.ts";
import type { TransitPorts } from "../ports.ts";
import type { Tariff, TransitView } from "../tariff.ts";
import type { CardAccess, Unusable } from "./dialogue.ts";

/** The operator's own record as it was read. */
export interface RiderRecord {
  readonly id: string;
  /** Its place in EF1A. */
  readonly number: number;
  /** Everything after the identifier, in hexadecimal. */
  readonly content: string;
}

export interface JourneyQuestion {
  readonly card: TransitCard;
  readonly profile: CardProfile;
  readonly transit: TransitPorts;
  readonly tariff: Pick<Tariff, "riderRecord">;
}

export type Journey = { readonly kind: "ok"; readonly view: TransitView; readonly rider: RiderRecord | undefined } | Unusable;

/** The new content of the operator's record, written where it was read. */
export function riderUpdate({ id, number, content }: RiderRecord, next: Bytes): CompoundUpdate {
  assert(next.length * 2 === content.length, "an operator's record keeps its length");
  return industryUpdate({ id, content: toHex(next) }, number);
}

/** Faults: those of the channel. */
export async function readJourney(access: CardAccess, question: JourneyQuestion): Promise<Journey> {
  const { card, transit, tariff } = question;
  const { data } = card;
  const known = transit.cache.recall(card) ?? (await readStatic(access, card));
  if ("kind" in known) return known;
  transit.cache.remember(known);
  const { region } = known;
  if (region !== undefined && !travelsIn(region, transit.city)) return { kind: "unusable", reason: "not-interoperable" };
  const newest = await newestTrip(access, question);
  if (newest.kind === "unusable") return newest;
  const rider = tariff.riderRecord === undefined || card.scheme === "housing" ? undefined : await readRider(access, tariff.riderRecord, known);
  if (rider !== undefined) transit.cache.remember({ ...known, riderRecord: { id: rider.id, number: rider.number } });
  const view: TransitView = {
    scheme: card.scheme,
    cardName: data.serial,
    issuer: data.issuer,
    cardType: region?.cardType ?? 0,
    trip: newest.trip,
    riderRecord: rider === undefined ? undefined : fromHex(rider.content),
  };
  return { kind: "ok", rider, view };
}

/** The housing ministry's card has no file that says where it comes from. Spec: CJ/T 166, files. */
async function readStatic({ channel, limits }: CardAccess, { applicationId, data, scheme }: TransitCard): Promise<StaticTransit | Unusable> {
  if (scheme === "housing") return { applicationId, data };
  const answer = await readRegion(channel, limits());
  if (answer.kind === "refused") return { kind: "unusable", reason: "card-refused", statusWord: answer.statusWord };
  return { applicationId, data, region: answer.value };
}

type NewestTrip = { readonly kind: "ok"; readonly trip: TripRecord | undefined } | Unusable;

/** A record that has not the form of one would stay so at every further tap: its holder is told, and not asked for the card again. */
async function newestTrip({ channel, limits }: CardAccess, { card, profile }: JourneyQuestion): Promise<NewestTrip> {
  try {
    const answer = await tripFileOf(card.scheme, profile).newest(channel, limits());
    if (answer.kind === "refused") return { kind: "unusable", reason: "trip-unreadable", statusWord: answer.statusWord };
    return { kind: "ok", trip: answer.kind === "ok" ? answer.trip : undefined };
  } catch (fault) {
    if (isFault(fault) && fault.code === "card-answer-malformed") return { kind: "unusable", reason: "trip-unreadable" };
    throw fault;
  }
}

/** Where the card does not show such a record, it has none for this operator: that costs its holder a discount and nothing else. */
async function readRider({ channel, limits }: CardAccess, id: string, known: StaticTransit): Promise<RiderRecord | undefined> {
  const place = known.riderRecord?.id === id ? known.riderRecord.number : undefined;
  if (place !== undefined) {
    const answer = await readIndustryRecordAt(channel, place, limits());
    if (answer.kind === "ok" && answer.record.id === id) return { id, number: place, content: answer.record.content };
  }
  const answer = await readIndustryRecord(channel, id, limits());
  return answer.kind === "ok" ? { id, number: answer.number, content: answer.record.content } : undefined;
}
