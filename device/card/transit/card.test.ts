/* The dialogue with a transit account, byte by byte, and who may travel. */
import { describe, expect, it } from "vitest";
import { fromHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { LIMITS, ScriptedChannel } from "../testing.ts";
import {
  admitTransit,
  housingUpdate,
  INDUSTRY_RECORDS_MAX,
  industryUpdate,
  needsAuthenticationCode,
  openTransit,
  readAuthenticationCode,
  readHolder,
  readHousingRecord,
  readIndustryRecord,
  readRegion,
  readTransitBalance,
  readTrip,
  schemeOf,
  tripUpdate,
} from "./card.ts";
import { initializeCompound, transitPurseOf, updateCompoundCache } from "./compound.ts";
import { BUS_RECORD_ID, parseTripRecord } from "./records.ts";
import { type StaticTransit, StaticTransitCache } from "./static-cache.ts";
import type { TransitPublicData } from "./types.ts";

const EF15 = "9901000000000001020100000000000000000123202501012035123155 66".replaceAll(" ", "");
const FCI = `6f2d8408a000000632010105a5219f0c1e${EF15}9000`;
const UNION = "00a4040008a00000063201010500";
const UNION_2 = "00a4040008a00000063201010600";
const HOUSING = "00a4040009a0000000038698070100";
const DATA: TransitPublicData = {
  issuer: "9901000000000001",
  applicationType: 2,
  enabled: 1,
  serial: "00000000000000000123",
  startDate: "20250101",
  endDate: "20351231",
  issuerControl: "5566",
};
type Script = readonly (readonly [string, string])[];

async function play<Answer>(script: Script, work: (channel: ScriptedChannel) => Promise<Answer>): Promise<Answer> {
  const channel = new ScriptedChannel(script);
  const answer = await work(channel);
  expect(channel.done).toBe(true);
  return answer;
}

describe("opening", () => {
  const open = (script: Script) => play(script, (channel) => openTransit(channel, DEFAULT_CARD_PROFILE, LIMITS));

  it("one command, when the answer to SELECT has EF15", async () => {
    expect(await open([[UNION, FCI]])).toEqual({ kind: "ok", applicationId: "a000000632010105", scheme: "t-union", data: DATA });
  });

  it("the names in the profile's order, and EF15 read where it was not given", async () => {
    expect(
      await open([
        [UNION, "6a82"],
        [UNION_2, "6a82"],
        [HOUSING, "9000"],
        ["00b095001e", `${EF15}9000`],
      ]),
    ).toEqual({
      kind: "ok",
      applicationId: "a00000000386980701",
      scheme: "housing",
      data: DATA,
    });
  });

  it.each([
    [
      [
        [UNION, "6a82"],
        [UNION_2, "6a82"],
        [HOUSING, "6a82"],
      ],
      { kind: "no-transit" },
    ],
    [
      [
        [UNION, "9303"],
        [UNION_2, "6a82"],
        [HOUSING, "6a82"],
      ],
      { kind: "blocked" },
    ],
    [
      [
        [UNION, "9000"],
        ["00b095001e", "6982"],
      ],
      { kind: "refused", statusWord: 0x6982 },
    ],
  ] as const)("%j", async (script, expected) => {
    expect(await open(script)).toEqual(expected);
  });

  it("another application decides where one is blocked", async () => {
    expect(
      await open([
        [UNION, "9303"],
        [UNION_2, FCI],
      ]),
    ).toMatchObject({ kind: "ok", applicationId: "a000000632010106" });
  });

  it("EF15 of another length is no card of ours", async () => {
    await expect(
      openTransit(
        new ScriptedChannel([
          [UNION, "9000"],
          ["00b095001e", "00009000"],
        ]),
        DEFAULT_CARD_PROFILE,
        LIMITS,
      ),
    ).rejects.toMatchObject({
      code: "card-answer-malformed",
    });
  });

  it("the scheme does not depend on how the name is written", () => {
    expect([schemeOf("A00000000386980701"), schemeOf("a000000632010106")]).toEqual(["housing", "t-union"]);
  });
});

describe("files", () => {
  it("EF17 and EF16", async () => {
    expect(await readRegion(new ScriptedChannel([["00b097003c", `${"11".repeat(60)}9000`]]), LIMITS)).toMatchObject({ kind: "ok", value: { city: "1111" } });
    expect(await readHolder(new ScriptedChannel([["00b0960037", "6982"]]), LIMITS)).toEqual({ kind: "refused", statusWord: 0x6982 });
  });

  it.each([
    [`03${"11".repeat(47)}9000`, { kind: "ok", number: 2, record: { type: 3 } }],
    [`${"00".repeat(48)}9000`, { kind: "no-record" }],
    ["6a83", { kind: "no-record" }],
    ["6982", { kind: "refused", statusWord: 0x6982 }],
  ] as const)("EF1E: %s", async (answer, expected) => {
    expect(await readTrip(new ScriptedChannel([["00b202f430", answer]]), 2, LIMITS)).toMatchObject(expected);
  });

  it("a trip of another length is no record, and records count from 1", async () => {
    await expect(readTrip(new ScriptedChannel([["00b201f430", "03119000"]]), 1, LIMITS)).rejects.toMatchObject({ code: "card-answer-malformed" });
    for (const number of [0, 256, 1.5]) await expect(readTrip(new ScriptedChannel([]), number, LIMITS)).rejects.toThrow("counted from 1");
  });

  it("EF1A is looked through for the identifier", async () => {
    const script = [
      ["00b201d400", "2701ab9000"],
      ["00b202d400", "0000009000"],
      ["00b203d400", "2702cd9000"],
    ] as const;
    expect(await play(script, (channel) => readIndustryRecord(channel, BUS_RECORD_ID, LIMITS))).toEqual({
      kind: "ok",
      number: 3,
      record: { id: "2702", content: "cd" },
    });
  });

  it.each([
    ["6a83", { kind: "no-record" }],
    ["6982", { kind: "refused", statusWord: 0x6982 }],
  ] as const)("EF1A ends with %s", async (answer, expected) => {
    expect(
      await play(
        [
          ["00b201d400", "2701ab9000"],
          ["00b202d400", answer],
        ],
        (channel) => readIndustryRecord(channel, BUS_RECORD_ID, LIMITS),
      ),
    ).toEqual(expected);
  });

  it("EF1A without end has a bound", async () => {
    const script = Array.from({ length: INDUSTRY_RECORDS_MAX }, (_, at) => [`00b2${(at + 1).toString(16).padStart(2, "0")}d400`, "2701ab9000"] as const);
    expect(await play(script, (channel) => readIndustryRecord(channel, BUS_RECORD_ID, LIMITS))).toEqual({ kind: "no-record" });
  });

  it.each([
    [`022e${"11".repeat(46)}9000`, { kind: "ok", number: 2, record: { id: "02", content: "11".repeat(46) } }],
    [`02${"00".repeat(47)}9000`, { kind: "no-record" }],
    ["6a83", { kind: "no-record" }],
    ["6982", { kind: "refused", statusWord: 0x6982 }],
  ] as const)("the housing ministry's EF17: %s", async (answer, expected) => {
    expect(await readHousingRecord(new ScriptedChannel([["00b202b830", answer]]), "02", LIMITS)).toEqual(expected);
  });

  it("a record with another identifier than asked for is not taken", async () => {
    const other = ["00b202b830", `092e${"11".repeat(46)}9000`] as const;
    await expect(readHousingRecord(new ScriptedChannel([other]), "02", LIMITS)).rejects.toMatchObject({ code: "card-answer-malformed" });
    for (const id of ["2702", "00", "x2"]) await expect(readHousingRecord(new ScriptedChannel([]), id, LIMITS)).rejects.toThrow("one byte");
  });

  it("the balance by the profile's rule and purse", async () => {
    const script = [["805c030104", "000003e89000"]] as const;
    expect(await play(script, (channel) => readTransitBalance(channel, { transitBalance: "5C0302", transitPurse: "ED" }, LIMITS))).toMatchObject({
      balance: 1_000,
    });
  });
});

const TRIP = parseTripRecord(fromHex(`03${"11".repeat(47)}`));

describe("compound purchase", () => {
  it.each([
    ["EP", "02"],
    ["ED", "01"],
  ] as const)("INITIALIZE of the purse %s", async (transitPurse, p2) => {
    const start = { keyIndex: 1, amount: fen(0), terminalNumber: fromHex("990100000042"), purse: transitPurseOf({ transitPurse }) };
    const script = [[`805003${p2}0b 01 00000000 990100000042 0f`, "000027100007000000010401020304 9000".replaceAll(" ", "")]] as const;
    expect(await play(script, (channel) => initializeCompound(channel, start, LIMITS))).toMatchObject({ kind: "ok", cardSequence: 7 });
  });

  it("records go into the cache in the place that is theirs", async () => {
    if (TRIP === undefined || TRIP === "unwritten") throw new Error("no trip");
    const updates = [tripUpdate(TRIP), industryUpdate({ id: "2702", content: "ab" }, 3), housingUpdate({ id: "02", content: "ab" })];
    const script = [
      [`80dc00f030 03${"11".repeat(47)}`, "9000"],
      ["80dc03d403 2702ab", "9000"],
      ["80dc02b803 0201ab", "6985"],
    ] as const;
    const answers = await play(script, async (channel) => [
      await updateCompoundCache(channel, updates[0] ?? tripUpdate(TRIP), LIMITS),
      await updateCompoundCache(channel, updates[1] ?? tripUpdate(TRIP), LIMITS),
      await updateCompoundCache(channel, updates[2] ?? tripUpdate(TRIP), LIMITS),
    ]);
    expect(answers).toEqual([{ kind: "ok" }, { kind: "ok" }, { kind: "refused", statusWord: 0x6985 }]);
  });

  it.each([
    { file: 0, record: 0, data: "01" },
    { file: 0x1f, record: 0, data: "01" },
    { file: 0x1e, record: 256, data: "01" },
    { file: 0x1e, record: -1, data: "01" },
    { file: 0x1e, record: 0, data: "" },
    { file: 0x1e, record: 0, data: "01".repeat(256) },
  ])("an update that does not fit is our own mistake: %j", async ({ file, record, data }) => {
    await expect(updateCompoundCache(new ScriptedChannel([]), { file, by: "number", record, data: fromHex(data) }, LIMITS)).rejects.toThrow("fit");
  });

  it("the shortest record and the first file fit", async () => {
    const update = { file: 1, by: "number", record: 1, data: fromHex("07") } as const;
    expect(await updateCompoundCache(new ScriptedChannel([["80dc010c0107", "9000"]]), update, LIMITS)).toEqual({ kind: "ok" });
  });

  it("the longest record and the last file fit", async () => {
    const data = "01".repeat(255);
    expect(
      await updateCompoundCache(new ScriptedChannel([[`80dcfff4ff${data}`, "9000"]]), { file: 0x1e, by: "number", record: 0xff, data: fromHex(data) }, LIMITS),
    ).toEqual({
      kind: "ok",
    });
  });

  it.each([
    ["byApplication", "housing", true],
    ["byApplication", "t-union", false],
    ["mohurd9", "t-union", true],
    ["mohurd9", "housing", true],
    ["none", "housing", false],
    ["none", "t-union", false],
  ] as const)("authentication code with the switch %s on a %s card: %s", (cappAuthSuffix, scheme, expected) => {
    expect(needsAuthenticationCode({ cappAuthSuffix }, scheme)).toBe(expected);
  });

  it("the authentication code has nine bytes", async () => {
    const code = "112233445566778899";
    expect(await readAuthenticationCode(new ScriptedChannel([["80ca000009", `${code}9000`]]), LIMITS)).toEqual({ kind: "ok", code: fromHex(code) });
    expect(await readAuthenticationCode(new ScriptedChannel([["80ca000009", "6d00"]]), LIMITS)).toEqual({ kind: "refused", statusWord: 0x6d00 });
    await expect(readAuthenticationCode(new ScriptedChannel([["80ca000009", "11229000"]]), LIMITS)).rejects.toMatchObject({ code: "card-answer-malformed" });
  });
});

describe("admission", () => {
  const region = { country: "00000156", province: "9900", city: "9901", interoperability: 1, cardType: 1, reserve: "" };
  const here = { today: "20261121", city: "9901" };
  it.each([
    ["valid", {}, region, "admitted"],
    ["not in use yet", { enabled: 0 }, region, "not-enabled"],
    ["too early", { startDate: "20270101" }, region, "not-yet-valid"],
    ["too late", { endDate: "20260101" }, region, "expired"],
    ["from another city that is open", {}, { ...region, city: "9902" }, "admitted"],
    ["from another city that is closed", {}, { ...region, city: "9902", interoperability: 0 }, "not-interoperable"],
    ["from here and closed", {}, { ...region, interoperability: 0 }, "admitted"],
    ["without a region", {}, undefined, "admitted"],
  ] as const)("%s", (_name, change, where, expected) => {
    const admission = admitTransit({ data: { ...DATA, ...change }, ...(where === undefined ? {} : { region: where }) }, here);
    expect(admission).toEqual(expected === "admitted" ? { kind: "admitted" } : { kind: "refused", reason: expected });
  });
});

describe("what never changes", () => {
  const card = (serial: string, data: Partial<TransitPublicData> = {}): StaticTransit => ({
    applicationId: "a000000632010105",
    data: { ...DATA, serial, ...data },
  });
  function holding(capacity: number, ...cards: readonly StaticTransit[]): StaticTransitCache {
    const cache = new StaticTransitCache(capacity);
    for (const each of cards) cache.remember(each);
    return cache;
  }

  it("is recalled as long as EF15 is the same", () => {
    const cache = holding(3, card("01"), card("02"));
    expect(cache.recall(card("01"))).toEqual(card("01"));
    expect(cache.recall(card("03"))).toBeUndefined();
  });

  it.each([
    { applicationType: 1 },
    { enabled: 0 },
    { startDate: "20260101" },
    { endDate: "20360101" },
    { issuerControl: "0000" },
    { issuer: "9902000000000001" },
  ])("is not recalled after a change of %j", (change) => {
    expect(holding(1, card("01")).recall(card("01", change))).toBeUndefined();
  });

  it("belongs to one application", () => {
    expect(holding(1, card("01")).recall({ ...card("01"), applicationId: "a000000632010106" })).toBeUndefined();
  });

  it("is replaced, not doubled, and the oldest drops out", () => {
    const cache = holding(3, card("01"), card("02"), card("03"), card("01", { enabled: 0 }));
    expect([cache.size, cache.recall(card("01")), cache.recall(card("01", { enabled: 0 }))]).toEqual([3, undefined, card("01", { enabled: 0 })]);
    cache.remember(card("04"));
    expect(["01", "02", "03", "04"].map((serial) => cache.recall(card(serial, serial === "01" ? { enabled: 0 } : {})) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
    for (const capacity of [0, 1.5]) expect(() => new StaticTransitCache(capacity)).toThrow("at least one");
  });
});
