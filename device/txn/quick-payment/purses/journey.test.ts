/* What a journey costs in commands, and what the cache may be believed about. */
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../../base/bytes.ts";
import { LIMITS, ScriptedChannel } from "../../../card/testing.ts";
import type { TransitCard } from "../../../card/transit/card.ts";
import { StaticTransitCache } from "../../../card/transit/static-cache.ts";
import { DEFAULT_CARD_PROFILE } from "../../../codec/card-profile.ts";
import { readJourney, riderUpdate } from "./journey.ts";

const CARD: TransitCard = {
  kind: "ok",
  applicationId: "a000000632010105",
  scheme: "t-union",
  data: {
    issuer: "9901000000000001",
    applicationType: 2,
    enabled: 1,
    serial: "00000000000000000123",
    startDate: "20250101",
    endDate: "20351231",
    issuerControl: "5566",
  },
};
const REGION = ["00b097003c", `00000156990099010001 05 ${"00".repeat(49)}9000`.replaceAll(" ", "")] as const;
const NO_TRIP = ["00b201f430", "6a83"] as const;
const rider = (number: number, id: string, filling: string) => [`00b20${number}d400`, `${id}${filling.repeat(4)}9000`] as const;
type Script = readonly (readonly [string, string])[];

async function journey(cache: StaticTransitCache, script: Script, riderRecord?: string) {
  const channel = new ScriptedChannel(script);
  const question = { card: CARD, profile: DEFAULT_CARD_PROFILE, transit: { city: "9901", cache }, tariff: riderRecord === undefined ? {} : { riderRecord } };
  const read = await readJourney({ channel, limits: () => LIMITS }, question);
  expect(channel.done).toBe(true);
  return read;
}

describe("the operator's own record", () => {
  test("is looked for once, then read where it was", async () => {
    const cache = new StaticTransitCache(1);
    const looking = [REGION, NO_TRIP, rider(1, "2801", "11"), rider(2, "2702", "22")];
    expect(await journey(cache, looking, "2702")).toMatchObject({ kind: "ok", view: { riderRecord: fromHex("22222222"), cardType: 5 }, rider: { number: 2 } });
    expect(await journey(cache, [NO_TRIP, rider(2, "2702", "33")], "2702")).toMatchObject({ view: { riderRecord: fromHex("33333333") } });
  });

  test("that has moved is looked for again", async () => {
    const cache = new StaticTransitCache(1);
    await journey(cache, [REGION, NO_TRIP, rider(1, "2702", "11")], "2702");
    const moved = [NO_TRIP, rider(1, "2801", "11"), rider(1, "2801", "11"), rider(2, "2702", "22")];
    expect(await journey(cache, moved, "2702")).toMatchObject({ rider: { number: 2, content: "22222222" } });
    expect(await journey(cache, [NO_TRIP, rider(2, "2702", "22")], "2702")).toMatchObject({ rider: { number: 2 } });
  });

  test("of another operator is found in its own place", async () => {
    const cache = new StaticTransitCache(1);
    await journey(cache, [REGION, NO_TRIP, rider(1, "2702", "11")], "2702");
    expect(await journey(cache, [NO_TRIP, rider(1, "2702", "11"), rider(2, "2801", "22")], "2801")).toMatchObject({ rider: { id: "2801", number: 2 } });
  });

  test("that the card does not show costs its holder nothing but the discount", async () => {
    for (const answer of ["6a82", "6982", "6a83"]) {
      const read = await journey(new StaticTransitCache(1), [REGION, NO_TRIP, ["00b201d400", answer]], "2702");
      expect(read).toMatchObject({ kind: "ok", rider: undefined, view: { riderRecord: undefined } });
    }
  });

  test("keeps its length and its place", () => {
    const known = { id: "2702", number: 3, content: "00112233" };
    const { data, ...place } = riderUpdate(known, fromHex("aabbccdd"));
    expect([toHex(data), place]).toEqual(["2702aabbccdd", { file: 0x1a, by: "number", record: 3 }]);
    expect(() => riderUpdate(known, fromHex("aabbcc"))).toThrow("keeps its length");
  });
});

describe("a card that says no", () => {
  test("its region", async () => {
    expect(await journey(new StaticTransitCache(1), [["00b097003c", "6982"]])).toEqual({ kind: "unusable", reason: "card-refused", statusWord: 0x6982 });
  });

  test("its newest journey", async () => {
    const refused = [REGION, ["00b201f430", "6982"]] as const;
    expect(await journey(new StaticTransitCache(1), refused)).toEqual({ kind: "unusable", reason: "trip-unreadable", statusWord: 0x6982 });
    const short = [REGION, ["00b201f430", "01029000"]] as const;
    expect(await journey(new StaticTransitCache(1), short)).toEqual({ kind: "unusable", reason: "trip-unreadable" });
  });

  test("what was read of it is kept all the same", async () => {
    const cache = new StaticTransitCache(1);
    await journey(cache, [REGION, ["00b201f430", "6982"]]);
    expect(await journey(cache, [NO_TRIP])).toMatchObject({ kind: "ok", view: { cardType: 5, trip: undefined } });
  });
});
