/*
 * Where a card keeps the newest journey of its holder, and how it is read, written and known again: T-Union in the cyclic EF1E, the housing
 * ministry in the rail record of its EF17, whose content the profile lays out. Spec: JT/T 978, EF1E. Spec: CJ/T 166, EF17.
 */
import { type Bytes, concat, fromHex, toHex } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { malformed } from "../dialogue.ts";
import type { CardRefusal } from "../purse/types.ts";
import { housingUpdate, readHousingRecord, readTrip, tripUpdate } from "./card.ts";
import type { CompoundUpdate } from "./compound.ts";
import type { RecordWitness } from "./prove-compound.ts";
import {
  encodeTripRecord,
  HOUSING_RAIL_RECORD_ID,
  HOUSING_RECORD_LENGTH,
  parseHousingRecord,
  parseTripRecord,
  TRANSIT_FILES,
  TRIP_RECORD_LENGTH,
} from "./records.ts";
import type { IndustryRecord, TransitScheme, TripRecord } from "./types.ts";

/** Where the acquirer of a trip record begins, and how many of its 8 bytes the short form leaves out. */
const ACQUIRER_AT = 34;
const ACQUIRER_CUT = 2;
const HOUSING_CONTENT_LENGTH = HOUSING_RECORD_LENGTH - 2;
const NO_TIME = new Uint8Array(2);

type HousingTripLayout = CardProfile["housingTripLayout"];

/** What names one sale in a trip record. */
export interface TripName {
  /** 12 hexadecimal digits: the module's terminal number. */
  readonly terminalNumber: string;
  /** YYYYMMDD. */
  readonly date: string;
  /** HHMMSS. */
  readonly time: string;
}

export type NewestTrip = { readonly kind: "ok"; readonly trip: TripRecord } | { readonly kind: "no-record" } | CardRefusal;

export interface TripFile {
  /** Faults: those of the channel; "card-answer-malformed" for a record of another form. */
  newest(channel: CardChannel, limits: Limits): Promise<NewestTrip>;
  update(trip: TripRecord): CompoundUpdate;
  /** The record of one sale, whatever else it says. */
  witness(sale: TripName): RecordWitness;
}

export function tripFileOf(scheme: TransitScheme, { housingTripLayout }: Pick<CardProfile, "housingTripLayout">): TripFile {
  return scheme === "housing" ? housingTrips(housingTripLayout) : UNION_TRIPS;
}

/** Whether a trip record is the one of this sale. Terminal numbers have 6 bytes and stand on the right of 8. */
export function isTripOf(trip: TripRecord, sale: TripName): boolean {
  return trip.terminalNumber === sale.terminalNumber.padStart(16, "0") && trip.date === sale.date && trip.time === sale.time;
}

function names(parsed: TripRecord | "unwritten" | undefined, sale: TripName): boolean {
  return parsed !== undefined && parsed !== "unwritten" && isTripOf(parsed, sale);
}

const UNION_TRIPS: TripFile = {
  newest: async (channel, limits) => {
    const answer = await readTrip(channel, 1, limits);
    return answer.kind === "ok" ? { kind: "ok", trip: answer.record } : answer;
  },
  update: tripUpdate,
  witness: (sale) => ({
    file: TRANSIT_FILES.trips,
    by: "identifier",
    record: 0x00,
    length: TRIP_RECORD_LENGTH,
    isThis: (data) => names(parseTripRecord(data), sale),
  }),
};

function housingTrips(layout: HousingTripLayout): TripFile {
  return {
    newest: async (channel, limits) => {
      const answer = await readHousingRecord(channel, HOUSING_RAIL_RECORD_ID, limits);
      if (answer.kind !== "ok") return answer;
      const trip = parseHousingTrip(answer.record, layout);
      if (trip === undefined) throw malformed("READ RECORD");
      return trip === "unwritten" ? { kind: "no-record" } : { kind: "ok", trip };
    },
    update: (trip) => housingUpdate(encodeHousingTrip(trip, layout)),
    witness: (sale) => ({
      file: TRANSIT_FILES.region,
      by: "identifier",
      record: Number.parseInt(HOUSING_RAIL_RECORD_ID, 16),
      length: HOUSING_RECORD_LENGTH,
      isThis: (data) => {
        const record = parseHousingRecord(data);
        return record !== undefined && record !== "unwritten" && names(parseHousingTrip(record, layout), sale);
      },
    }),
  };
}

/** A journey in the rail record. What the layout has no room for comes back as zeros. Spec: CJ/T 166, EF17. */
export function parseHousingTrip({ content }: IndustryRecord, layout: HousingTripLayout): TripRecord | "unwritten" | undefined {
  const bytes = fromHex(content);
  if (bytes.length !== HOUSING_CONTENT_LENGTH) return undefined;
  if (bytes.every((byte) => byte === 0xff)) return "unwritten";
  return parseTripRecord(layout === "withoutMaximumTime" ? concat(bytes, NO_TIME) : widened(bytes));
}

export function encodeHousingTrip(trip: TripRecord, layout: HousingTripLayout): IndustryRecord {
  const bytes = encodeTripRecord(trip);
  const content = layout === "withoutMaximumTime" ? bytes.subarray(0, HOUSING_CONTENT_LENGTH) : narrowed(bytes);
  return { id: HOUSING_RAIL_RECORD_ID, content: toHex(content) };
}

function widened(bytes: Bytes): Bytes {
  return concat(bytes.subarray(0, ACQUIRER_AT), new Uint8Array(ACQUIRER_CUT), bytes.subarray(ACQUIRER_AT));
}

function narrowed(bytes: Bytes): Bytes {
  return concat(bytes.subarray(0, ACQUIRER_AT), bytes.subarray(ACQUIRER_AT + ACQUIRER_CUT));
}
