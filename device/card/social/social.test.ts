/* The social application against an independently written card and module: who is accepted, who is refused and why. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SimulatedCard } from "../../../simulators/card/card.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { type Bytes, concat, EMPTY, fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { encodeGbText } from "../../codec/text.ts";
import { selectByName } from "../dialogue.ts";
import { type CardBenchOptions, cardBench, LIMITS, ScriptedChannel, SUITE } from "../testing.ts";
import { parseAlgorithm, parseCardIdentifier, parseCardNumber, parseDate, parseItem, parseText, parseVersion } from "./files.ts";
import { parseHistoricalBytes, socialFactors } from "./historical.ts";
import { CARD_PIN_TEMPLATE, queryPinState, readSocialIdentity, SOCIAL_ENVIRONMENT_NAME, type SocialOptions } from "./read-identity.ts";

async function read(options: CardBenchOptions = {}, more: Partial<SocialOptions> = {}) {
  const bench = cardBench(options);
  const psam = await bench.openPsam();
  const channel = await bench.channel();
  return bench.run(
    readSocialIdentity(channel, psam, { profile: bench.profile, randomness: new SeededRandomness("social"), today: "20261121", ...more }, LIMITS),
  );
}

function gbk(text: string): Bytes {
  const built = encodeGbText(text);
  if (!built.ok) throw new Error(built.reason);
  return built.bytes;
}

describe("reading the identity", () => {
  const accepted: readonly (readonly [string, CardBenchOptions, { readonly generation: number; readonly algorithm: string }])[] = [
    ["third generation, SM4", {}, { generation: 3, algorithm: "sm4" }],
    ["third generation, triple DES", { card: { algorithm: "3des" } }, { generation: 3, algorithm: "3des" }],
    ["second generation", { card: { generation: "2" } }, { generation: 2, algorithm: "sm4" }],
    ["contact interface", { card: { interface: "contact" } }, { generation: 3, algorithm: "sm4" }],
    ["a card that names no algorithm", { card: { algorithm: "3des", showsAlgorithm: false } }, { generation: 3, algorithm: "3des" }],
    ["a module with the province's keys", { psam: { socialLevel: 2 } }, { generation: 3, algorithm: "sm4" }],
    ["a module with the city's keys", { psam: { socialLevel: 1 } }, { generation: 3, algorithm: "sm4" }],
    ["by radio", { card: { interface: "contactless" } }, { generation: 3, algorithm: "sm4" }],
    ["by radio, activated", { card: { interface: "contactless" }, profile: { contactlessActivation: "fileFlag" } }, { generation: 3, algorithm: "sm4" }],
    [
      "by contacts, not activated for radio",
      { card: { interface: "contact", contactlessActive: false }, profile: { contactlessActivation: "fileFlag" } },
      { generation: 3, algorithm: "sm4" },
    ],
    ["first generation", { card: { generation: "1", algorithm: "3des" } }, { generation: 1, algorithm: "3des" }],
    [
      "an algorithm that its region tells",
      { card: { showsAlgorithm: false }, profile: { algWhenTagAbsent: "byRegion", algorithmByRegion: { "9901": "sm4" } } },
      { generation: 3, algorithm: "sm4" },
    ],
    ["keys of the whole city", { profile: { cityFactorTemplate: "region4" }, psam: { socialLevel: 1 } }, { generation: 3, algorithm: "sm4" }],
    [
      "a second-generation card where certificates are wanted of the third",
      { card: { generation: "2" }, profile: { acse: "on" } },
      { generation: 2, algorithm: "sm4" },
    ],
  ];
  it.each(accepted)("accepts %s", async (_name, options, expected) => {
    const identity = await read({ ...options, card: { serial: 7, holder: { nameGbk: gbk("测试甲"), birthDate: "19800131", sex: "2" }, ...options.card } });
    expect(identity).toMatchObject({ kind: "ok", ...expected, regionCode: "990100", holder: { name: "测试甲", birthDate: "19800131", sex: "2" } });
    if (identity.kind !== "ok") return;
    expect(identity.cardIdentifier).toHaveLength(32);
    expect(identity.cardNumber).toHaveLength(9);
    expect(identity.holder.socialSecurityNumber).toHaveLength(18);
  });

  /** The card with another version item. */
  function withVersion(card: SimulatedCard, valueHex: string): SimulatedCard {
    const snapshot = card.toSnapshot();
    const { social } = snapshot.personalization;
    const changed = (record: { readonly tag: number; readonly valueHex: string }) => (record.tag === 0x03 ? { ...record, valueHex } : record);
    const environment = social.environment.map((file) => ({ ...file, records: file.records.map(changed) }));
    return SimulatedCard.fromSnapshot(SUITE, { ...snapshot, personalization: { ...snapshot.personalization, social: { ...social, environment } } });
  }

  async function readVersion(versionHex: string, options: CardBenchOptions = {}) {
    const bench = cardBench(options);
    bench.cardReader.remove();
    bench.cardReader.insert(withVersion(bench.card, versionHex));
    const psam = await bench.openPsam();
    const channel = await bench.channel();
    const identityOptions = { profile: bench.profile, randomness: new SeededRandomness("version"), today: "20261121" };
    return bench.run(readSocialIdentity(channel, psam, identityOptions, LIMITS));
  }

  it.each([
    ["no version, a shut holder's file", "00000000", {}, { kind: "ok", generation: 3, version: "1.0" }],
    ["no version, a free holder's file", "00000000", { card: { generation: "2" } }, { kind: "ok", generation: 1, version: "1.0" }],
    ["no version, by radio", "00000000", { card: { interface: "contactless" } }, { kind: "ok", generation: 3, version: "1.0" }],
    ["version 2.0, a shut holder's file", "322e3000", {}, { kind: "ok", generation: 2, version: "2.0" }],
    ["no version where that is refused", "00000000", { profile: { emptyVersion: "reject" } }, { kind: "refused", reason: "version-not-accepted" }],
    [
      "no version, a shut holder's file, where certificates are wanted",
      "00000000",
      { profile: { acse: "on" } },
      { kind: "refused", reason: "certificate-application-not-supported" },
    ],
    [
      "a version that nobody knows, where certificates are wanted",
      "392e3900",
      { profile: { acse: "on" } },
      { kind: "refused", reason: "version-not-accepted" },
    ],
  ] as const)("%s", async (_name, versionHex, options, expected) => {
    expect(await readVersion(versionHex, options)).toMatchObject(expected);
  });

  it("two cards never share an identity", async () => {
    const identities = [await read({ card: { serial: 1 } }), await read({ card: { serial: 2 } })];
    const identifiers = identities.map((identity) => (identity.kind === "ok" ? identity.cardIdentifier : ""));
    expect(new Set(identifiers).size).toBe(2);
  });

  const refused: readonly (readonly [string, CardBenchOptions, Partial<SocialOptions>, string])[] = [
    ["an expired card", { card: { expired: true } }, {}, "expired"],
    ["a card before its issue", {}, { today: "19900101" }, "not-yet-valid"],
    ["a listed card", {}, { isListed: () => true }, "on-invalid-list"],
    ["a listed card before an expired one", { card: { expired: true } }, { isListed: () => true }, "on-invalid-list"],
    ["a foreign organisation", {}, { acceptsOrganisation: () => false }, "organisation-not-accepted"],
    ["a foreign category", {}, { acceptsCategory: () => false }, "category-not-accepted"],
    ["an algorithm nobody can compute", { card: { showsAlgorithm: false }, profile: { algWhenTagAbsent: "ssf33" } }, {}, "algorithm-not-supported"],
    [
      "a card whose region is known for SSF33",
      { card: { showsAlgorithm: false }, profile: { algWhenTagAbsent: "byRegion", algorithmByRegion: { "99": "ssf33" } } },
      {},
      "algorithm-not-supported",
    ],
    [
      "a card that is not activated for radio",
      { card: { interface: "contactless", contactlessActive: false }, profile: { contactlessActivation: "fileFlag" } },
      {},
      "contactless-not-activated",
    ],
    [
      "radio where its bytes are known over contacts only",
      { card: { interface: "contactless" }, profile: { contactlessHistorical: "contactOnly" } },
      {},
      "contacts-needed",
    ],
    ["a card of type B, which shows no historical bytes", { card: { interface: "contactless" }, profile: { contactlessType: "B" } }, {}, "contacts-needed"],
    ["a third-generation card where certificates are wanted", { profile: { acse: "on" } }, {}, "certificate-application-not-supported"],
    ["an expired card before the certificates", { card: { expired: true }, profile: { acse: "on" } }, {}, "expired"],
    ["a card whose algorithm is taken for another", { card: { showsAlgorithm: false } }, {}, "not-genuine"],
  ];
  it.each(refused)("refuses %s", async (_name, options, more, reason) => {
    expect(await read(options, more)).toMatchObject({ kind: "refused", reason });
  });

  it("a module without the algorithm's keys is a fault, not a refusal of the card", async () => {
    await expect(read({ psam: { algorithms: ["3des"] } })).rejects.toMatchObject({ code: "key-missing" });
  });

  it("a module of another region makes no genuine card, whatever it holds", async () => {
    const result = await read({ psam: { regionCode: "110000", socialLevel: 1 } });
    expect(result).toMatchObject({ kind: "refused", reason: "not-genuine" });
  });
});

describe("the state of the PIN", () => {
  it.each([
    ["none is set", {}, { kind: "none" }],
    ["one is set", { card: { pin: "123456" } }, { kind: "set", triesLeft: 3 }],
  ] as const)("%s", async (_name, options, state) => {
    const bench = cardBench(options);
    const channel = await bench.channel();
    await bench.run(selectByName(channel, SOCIAL_ENVIRONMENT_NAME, LIMITS));
    expect(await bench.run(queryPinState(channel, LIMITS))).toEqual(state);
    expect(await bench.run(queryPinState(channel, LIMITS))).toEqual(state);
  });

  it.each([
    ["63c0", { kind: "locked" }],
    ["6983", { kind: "locked" }],
    ["6d00", { kind: "refused", statusWord: 0x6d00 }],
  ] as const)("%s", async (answer, state) => {
    expect(await queryPinState(new ScriptedChannel([["00 20 00 00 00", answer]]), LIMITS)).toEqual(state);
  });

  it("the template is the command without its digits", () => {
    expect(toHex(CARD_PIN_TEMPLATE.header)).toBe("00200000");
  });
});

describe("answer to reset", () => {
  const historical = "0102030405060799010a0b0c0d";
  it.each([
    ["contact", `3b6d0000${historical}`],
    ["contactless as PC/SC builds it", `3b8d8001${historical}55`],
    ["with further interface bytes", `3bfd9400008131fe15${historical}00`],
  ])("gives the historical bytes: %s", (_name, atr) => {
    const parsed = parseHistoricalBytes(fromHex(atr));
    expect(parsed).toMatchObject({ regionDigits: "9901", serial: "0a0b0c0d" });
    expect(toHex(parsed?.cardFactor ?? EMPTY)).toBe("060799010a0b0c0d");
  });

  it.each(["", "3b", "3b6d0000", "3b6c00000102030405060708090a0b0c", "2b6d00000102030405060708090a0b0c0d", "3bffffff"])("gives nothing for %s", (atr) => {
    expect(parseHistoricalBytes(fromHex(atr))).toBeUndefined();
  });

  it("leads to the factors card, city, province", () => {
    expect(socialFactors(fromHex("0607990100000001"), "440300").map(toHex)).toEqual(["0607990100000001", "3434303330307378", "3434303030307368"]);
  });
});

describe("data items", () => {
  it.each([
    ["the standard's kind of number", "A12345678", undefined],
    ["too short", "12345678", undefined],
  ])("card number: %s", (_name, text, expected) => {
    expect(parseCardNumber(utf8(text))).toBe(expected);
  });

  it("card number: exactly one of the eleven check characters fits", () => {
    const fitting = [..."0123456789X"].filter((check) => parseCardNumber(utf8(`B2345678${check}`)) !== undefined);
    // 11·3 + 2·7 + 3·9 + 4·10 + 5·5 + 6·8 + 7·4 + 8·2 = 231 = 21·11, and 11 is written 0.
    expect(fitting).toEqual(["0"]);
  });

  it.each([
    ["3.00", { ok: true, version: "3.00", generation: 3 }],
    ["2.01", { ok: true, version: "2.01", generation: 2 }],
    ["1.0", { ok: true, version: "1.0", generation: 1 }],
    ["", { ok: true, version: "1.0", generation: 1 }],
    ["4.0", { ok: false }],
  ])("version %s", (text, expected) => {
    expect(parseVersion(utf8(text), "1.0")).toEqual(expected);
  });

  it("an empty version is refused where the profile says so", () => {
    expect(parseVersion(fromHex("00000000"), "reject")).toEqual({ ok: false });
  });

  it("the algorithm stands in tag 86 of the issuer's data", () => {
    const fci = (inner: string) => fromHex(`6f1c840f7378312e73682ec9e7bbe1b1a3d5cfa50988011e${inner}`);
    expect(parseAlgorithm(fci("9f0c03860103"))).toBe(3);
    expect(parseAlgorithm(fci("9f0c03870103"))).toBeUndefined();
  });

  it("no parser throws on any bytes", () => {
    const anyBytes = fc.uint8Array({ maxLength: 64 });
    fc.assert(
      fc.property(anyBytes, fc.integer({ min: 0, max: 255 }), (bytes, tag) => {
        parseItem(bytes, tag);
        parseAlgorithm(bytes);
        parseAlgorithm(concat(fromHex("6f"), Uint8Array.of(bytes.length), bytes));
        parseCardIdentifier(bytes);
        parseCardNumber(bytes);
        parseVersion(bytes, "1.0");
        parseDate(bytes);
        parseText(bytes);
        parseHistoricalBytes(bytes);
        parseHistoricalBytes(concat(fromHex("3b"), bytes));
      }),
      { numRuns: 2_000 },
    );
  });
});
