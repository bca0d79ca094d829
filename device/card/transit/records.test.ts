/* Files of the transit account: each read once by hand, both directions for any contents, any bytes without a throw. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import {
  encodeHousingRecord,
  encodeIndustryRecord,
  encodeTransitPublicData,
  encodeTransitRegion,
  encodeTripRecord,
  parseHousingRecord,
  parseIndustryRecord,
  parseTransitHolder,
  parseTransitPublicData,
  parseTransitRegion,
  parseTripRecord,
  publicDataOfSelect,
} from "./records.ts";
import { entryRecord, fareRecord, INDUSTRY, openEntry, type TripPlace, tripMeaning, tripType } from "./trips.ts";

const EF15 = "9901000000000001 02 01 00000000000000000123 20250101 20351231 5566".replaceAll(" ", "");
const EF17 = `00000156 9900 9901 0001 01 ${"5a".repeat(49)}`.replaceAll(" ", "");
const EF1E = "03 0000990100000042 01 00001102 000015 000001c2 0000224a 20261121 142937 9901 9901215840ffffff 000003e8 0180".replaceAll(" ", "");
const TRIP = {
  type: 0x03,
  terminalNumber: "0000990100000042",
  industry: 0x01,
  place: "00001102",
  placeExtension: "000015",
  amount: fen(450),
  balance: fen(8_778),
  date: "20261121",
  time: "142937",
  city: "9901",
  acquirer: "9901215840ffffff",
  maximumFare: fen(1_000),
  maximumTime: "0180",
};

describe("by hand", () => {
  it("EF15", () => {
    const data = {
      issuer: "9901000000000001",
      applicationType: 2,
      enabled: 1,
      serial: "00000000000000000123",
      startDate: "20250101",
      endDate: "20351231",
      issuerControl: "5566",
    };
    expect(parseTransitPublicData(fromHex(EF15))).toEqual(data);
    expect(toHex(encodeTransitPublicData(data))).toBe(EF15);
  });

  it("EF15 in the answer to SELECT", () => {
    const fci = fromHex(`6f2d 8408a000000632010105 a521 9f0c1e ${EF15}`);
    expect(publicDataOfSelect(fci)).toEqual(parseTransitPublicData(fromHex(EF15)));
  });

  it.each([
    ["none", ""],
    ["no TLV", "6f05840100"],
    ["no issuer data", "6f038401a0"],
    ["issuer data of another length", "6f0aa508 9f0c05 0102030405"],
  ])("an answer to SELECT with %s has no EF15", (_name, fci) => {
    expect(publicDataOfSelect(fromHex(fci))).toBeUndefined();
  });

  it("EF16", () => {
    const name = concat(fromHex("b2e2cad4bcd7"), new Uint8Array(14));
    const number = concat(new TextEncoder().encode("990100199001010017"), new Uint8Array(14));
    expect(parseTransitHolder(concat(fromHex("0100"), name, number, fromHex("05")))).toEqual({
      cardType: 1,
      staff: 0,
      name: "测试甲",
      documentNumber: "990100199001010017",
      documentType: 5,
    });
  });

  it.each([
    ["unwritten with zeros", "00".repeat(55)],
    ["unwritten with ones", "ff".repeat(55)],
    ["with zeros inside its text", `${"0041".repeat(27)}00`],
  ])("EF16 %s names nobody", (_name, hex) => {
    expect(parseTransitHolder(fromHex(hex))).toMatchObject({ name: "", documentNumber: "" });
  });

  it("EF17", () => {
    const region = { country: "00000156", province: "9900", city: "9901", interoperability: 1, cardType: 1, reserve: "5a".repeat(49) };
    expect(parseTransitRegion(fromHex(EF17))).toEqual(region);
    expect(toHex(encodeTransitRegion(region))).toBe(EF17);
  });

  it("EF1E", () => {
    expect(parseTripRecord(fromHex(EF1E))).toEqual(TRIP);
    expect(toHex(encodeTripRecord(TRIP))).toBe(EF1E);
  });

  it("EF1A and the housing ministry's EF17", () => {
    expect(parseIndustryRecord(fromHex("2702 010203"))).toEqual({ id: "2702", content: "010203" });
    expect(toHex(encodeIndustryRecord({ id: "2702", content: "010203" }))).toBe("2702010203");
    expect(parseHousingRecord(fromHex("02 03 010203"))).toEqual({ id: "02", content: "010203" });
    expect(parseHousingRecord(fromHex("0201ab"))).toEqual({ id: "02", content: "ab" });
    expect(toHex(encodeHousingRecord({ id: "02", content: "010203" }))).toBe("0203010203");
  });

  it.each(["020201", "0203", "02000001", "0204010203"])("a housing record whose length does not fit is none: %s", (hex) => {
    expect(parseHousingRecord(fromHex(hex))).toBeUndefined();
  });

  it.each(["0200000000", "02ffffffff", "0000000000", "ffffffffff"])("a housing record without contents is unwritten: %s", (hex) => {
    expect(parseHousingRecord(fromHex(hex))).toBe("unwritten");
  });

  it.each(["00", "ff"])("records full of %s are unwritten", (filling) => {
    expect(parseTripRecord(fromHex(filling.repeat(48)))).toBe("unwritten");
    expect(parseIndustryRecord(fromHex(filling.repeat(128)))).toBe("unwritten");
  });

  it("a field of another length is our own mistake", () => {
    expect(() => encodeTripRecord({ ...TRIP, city: "99" })).toThrow("own length");
    expect(() => encodeTripRecord({ ...TRIP, amount: fen(0x1_0000_0000) })).toThrow("fits four bytes");
    expect(() => encodeTripRecord({ ...TRIP, balance: fen(0x1_0000_0000) })).toThrow("fits four bytes");
    expect(() => encodeTripRecord({ ...TRIP, maximumFare: fen(0x1_0000_0000) })).toThrow("fits four bytes");
    expect(() => encodeIndustryRecord({ id: "27", content: "" })).toThrow("own length");
    expect(() => encodeHousingRecord({ id: "2702", content: "" })).toThrow("own length");
  });
});

describe("any bytes", () => {
  const some = fc.oneof(fc.uint8Array({ maxLength: 140 }), ...[30, 48, 55, 60, 128].map((length) => fc.uint8Array({ minLength: length, maxLength: length })));

  it("are understood by their length alone, and encode to themselves", () => {
    fc.assert(
      fc.property(some, (bytes) => {
        const data = parseTransitPublicData(bytes);
        const region = parseTransitRegion(bytes);
        const trip = parseTripRecord(bytes);
        expect(data === undefined).toBe(bytes.length !== 30);
        expect(parseTransitHolder(bytes) === undefined).toBe(bytes.length !== 55);
        expect(region === undefined).toBe(bytes.length !== 60);
        expect(trip === undefined).toBe(bytes.length !== 48);
        if (data !== undefined) expect(encodeTransitPublicData(data)).toEqual(bytes);
        if (region !== undefined) expect(encodeTransitRegion(region)).toEqual(bytes);
        if (trip !== undefined && trip !== "unwritten") expect(encodeTripRecord(trip)).toEqual(bytes);
      }),
      { numRuns: 1_000 },
    );
  });

  it("as industry records encode to themselves", () => {
    fc.assert(
      fc.property(some, (bytes) => {
        const record = parseIndustryRecord(bytes);
        expect(record === undefined).toBe(bytes.length <= 2);
        if (record !== undefined && record !== "unwritten") expect(encodeIndustryRecord(record)).toEqual(bytes);
        const housing = parseHousingRecord(bytes);
        if (housing !== undefined && housing !== "unwritten") expect(encodeHousingRecord(housing)).toEqual(bytes);
        publicDataOfSelect(bytes);
      }),
      { numRuns: 1_000 },
    );
  });

  it("as long as a record may be", () => {
    expect(parseIndustryRecord(new Uint8Array(255).fill(7))).toBeDefined();
    expect(parseIndustryRecord(new Uint8Array(256).fill(7))).toBeUndefined();
    expect(parseHousingRecord(new Uint8Array(255).fill(253))).toBeDefined();
    expect(parseHousingRecord(new Uint8Array(256).fill(254))).toBeUndefined();
    expect(parseHousingRecord(fromHex("0200"))).toBeUndefined();
  });
});

describe("types of trips", () => {
  it.each([
    [0x01, "entry", "electronic-cash"],
    [0x02, "exit", "electronic-cash"],
    [0x03, "entry", "purse"],
    [0x04, "exit", "purse"],
    [0x05, "single", "electronic-cash"],
    [0x06, "single", "purse"],
    [0x07, "fare-adjustment", "electronic-cash"],
    [0x08, "fare-adjustment", "purse"],
    [0x09, "recharge", "electronic-cash"],
    [0x0a, "recharge", "purse"],
  ] as const)("%i is %s by %s, and back", (type, kind, money) => {
    expect(tripMeaning(type)).toEqual({ kind, money });
    expect(tripType({ kind, money })).toBe(type);
  });

  it.each([0x00, 0x0b, 0xff, -1, 1.5])("%d has no meaning", (type) => {
    expect(tripMeaning(type)).toBeUndefined();
  });
});

describe("records that a gate writes", () => {
  const place: TripPlace = {
    terminalNumber: "990100000042",
    industry: INDUSTRY.metro,
    place: "00001102",
    date: "20261121",
    time: "142937",
    city: "9901",
    acquirer: "9901215840ffffff",
  };

  it("an entry takes nothing and keeps its bounds", () => {
    const record = entryRecord({ ...place, placeExtension: "000015" }, { balance: fen(8_778), maximumFare: fen(1_000), maximumTime: "0180" });
    expect(record).toEqual({ ...TRIP, amount: 0 });
    expect(openEntry(record)).toBe(record);
  });

  it("an exit has the fare and ends the ride", () => {
    const record = fareRecord(place, { kind: "exit", amount: fen(450), balance: fen(8_328) });
    expect(record).toEqual({ ...TRIP, type: 0x04, placeExtension: "000000", balance: 8_328, maximumFare: 0, maximumTime: "0000" });
    expect(openEntry(record)).toBeUndefined();
    expect(openEntry(undefined)).toBeUndefined();
    expect(openEntry({ ...record, type: 0xff })).toBeUndefined();
  });

  it("industries as the file has them", () => {
    expect(INDUSTRY).toEqual({ metro: 1, bus: 2 });
  });
});
