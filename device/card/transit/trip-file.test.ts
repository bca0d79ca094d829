/* Where a journey stands on either card: the rail record in both layouts, and which record is one sale's. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { LIMITS, ScriptedChannel } from "../testing.ts";
import { encodeTripRecord } from "./records.ts";
import { encodeHousingTrip, isTripOf, parseHousingTrip, tripFileOf } from "./trip-file.ts";
import { entryRecord } from "./trips.ts";
import type { TripRecord } from "./types.ts";

const LAYOUTS = ["withoutMaximumTime", "shortAcquirer"] as const;
const SALE = { terminalNumber: "990100000042", date: "20261121", time: "142937" };
const TRIP: TripRecord = entryRecord(
  { ...SALE, industry: 0x01, place: "00001102", placeExtension: "000015", city: "9901", acquirer: "9901215840123456" },
  { balance: fen(0x224a), maximumFare: fen(1000), maximumTime: "0180" },
);
const BEGINNING = "03 0000990100000042 01 00001102 000015 00000000 0000224a 20261121 142937 9901".replaceAll(" ", "");

describe("the rail record", () => {
  it.each([
    ["withoutMaximumTime", `${BEGINNING}9901215840123456000003e8`, { ...TRIP, maximumTime: "0000" }],
    ["shortAcquirer", `${BEGINNING}215840123456000003e80180`, { ...TRIP, acquirer: "0000215840123456" }],
  ] as const)("%s: 46 bytes, and what has no room comes back as zeros", (layout, content, kept) => {
    expect(encodeHousingTrip(TRIP, layout)).toEqual({ id: "02", content });
    expect(parseHousingTrip({ id: "02", content }, layout)).toEqual(kept);
  });

  it.each(LAYOUTS)("%s: unwritten content is no journey, and another length is none of this form", (layout) => {
    for (const filling of ["00", "ff"]) expect(parseHousingTrip({ id: "02", content: filling.repeat(46) }, layout)).toBe("unwritten");
    for (const length of [45, 47]) expect(parseHousingTrip({ id: "02", content: "5a".repeat(length) }, layout)).toBeUndefined();
  });

  it.each(LAYOUTS)("%s: any content is read without a throw, and encodes to the same bytes", (layout) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 50 }), (bytes) => {
        const content = toHex(bytes);
        const parsed = parseHousingTrip({ id: "02", content }, layout);
        if (parsed === undefined) expect(bytes.length).not.toBe(46);
        else if (parsed !== "unwritten") expect(encodeHousingTrip(parsed, layout).content).toBe(content);
      }),
    );
  });
});

describe("a journey is one sale's", () => {
  it("by terminal, date and time together", () => {
    expect(isTripOf(TRIP, SALE)).toBe(true);
    for (const other of [{ terminalNumber: "990100000043" }, { date: "20261122" }, { time: "142938" }])
      expect(isTripOf(TRIP, { ...SALE, ...other })).toBe(false);
  });

  it.each([
    ["t-union", toHex(encodeTripRecord(TRIP)), { file: 0x1e, by: "identifier", record: 0, length: 48 }],
    ["housing", `022e${encodeHousingTrip(TRIP, "withoutMaximumTime").content}`, { file: 0x17, by: "identifier", record: 2, length: 48 }],
  ] as const)("%s: the record where it is written", (scheme, hex, place) => {
    const trips = tripFileOf(scheme, { housingTripLayout: "withoutMaximumTime" });
    const witness = trips.witness(SALE);
    expect(witness).toMatchObject(place);
    expect(witness.isThis(fromHex(hex))).toBe(true);
    expect(trips.witness({ ...SALE, time: "142938" }).isThis(fromHex(hex))).toBe(false);
    for (const other of ["", "00".repeat(48), "ff".repeat(48), "5a".repeat(48), hex.slice(2)]) expect(witness.isThis(fromHex(other))).toBe(false);
    const { data, ...update } = trips.update(TRIP);
    expect([toHex(data), update]).toEqual([hex, { file: place.file, by: place.by, record: place.record }]);
  });
});

describe("the newest journey", () => {
  const newest = async (scheme: "t-union" | "housing", answer: string) => {
    const command = scheme === "t-union" ? "00b201f430" : "00b202b830";
    const channel = new ScriptedChannel([[command, answer]]);
    return tripFileOf(scheme, { housingTripLayout: "withoutMaximumTime" }).newest(channel, LIMITS);
  };

  it("is read with one command", async () => {
    expect(await newest("t-union", `${toHex(encodeTripRecord(TRIP))}9000`)).toEqual({ kind: "ok", trip: TRIP });
    expect(await newest("housing", `022e${encodeHousingTrip(TRIP, "withoutMaximumTime").content}9000`)).toMatchObject({
      kind: "ok",
      trip: { place: TRIP.place },
    });
  });

  it.each(["t-union", "housing"] as const)("%s: none, refused, or not of this form", async (scheme) => {
    expect(await newest(scheme, "6a83")).toEqual({ kind: "no-record" });
    expect(await newest(scheme, `02${"00".repeat(47)}9000`)).toMatchObject(scheme === "housing" ? { kind: "no-record" } : { kind: "ok" });
    expect(await newest(scheme, "6982")).toEqual({ kind: "refused", statusWord: 0x6982 });
    await expect(newest(scheme, "0211229000")).rejects.toMatchObject({ code: "card-answer-malformed" });
  });

  it("a rail record that is written but holds no journey is none", async () => {
    expect(await newest("housing", `022e${"ff".repeat(46)}9000`)).toEqual({ kind: "no-record" });
  });
});
