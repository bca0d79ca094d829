/* The chain authority, issuer, card, signature: good ones by an independent maker, and every way in which they can be bad. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  rsaCardCertificate,
  rsaDynamicSignature,
  rsaIssuerCertificate,
  rsaStaticSignature,
  smCardCertificate,
  smDynamicSignature,
  smIssuerCertificate,
  smStaticSignature,
  TEST_CERTIFICATION_AUTHORITIES,
  TEST_RSA_AUTHORITY_INDEX,
  TEST_SM_AUTHORITY_INDEX,
  testCardScalar,
} from "../../../simulators/crypto/certificates.ts";
import { type Bytes, concat, EMPTY, fromHex, toHex } from "../../base/bytes.ts";
import { SUITE } from "../testing.ts";
import {
  type AuthenticationMaterial,
  type AuthenticationPorts,
  authenticateCard,
  authenticationMethod,
  CERTIFICATES_MAX,
  CertificateCache,
  foreseeFailure,
  quickTerminalData,
} from "./authentication.ts";
import { authorityCheck, type CertificationAuthority, openAuthorities } from "./authorities.ts";
import { openCertificate, openDynamicSignature, openStaticSignature } from "./certificates.ts";
import { testPorts } from "./testing.ts";

const PAN = "6299990000000001";
const TERMS = { pan: PAN, expiry: "1240", compressed: false };
const PROFILE = fromHex("2000");
const STATIC_PROFILE = fromHex("4000");
const SIGNED = fromHex("5a0862999900000000015f2403401231");
const TERMINAL = { bytes: fromHex("a1b2c3d4") };
const CARD_DATA = fromHex("020007");

type Family = "sm" | "rsa";

function certificates(family: Family, profile: Bytes, terms = TERMS): readonly (readonly [number, Bytes])[] {
  const covered = concat(SIGNED, profile);
  if (family === "sm") {
    return [
      [0x8f, Uint8Array.of(TEST_SM_AUTHORITY_INDEX)],
      [0x90, smIssuerCertificate(SUITE, terms)],
      [0x9f46, smCardCertificate(SUITE, terms, covered)],
      [0x93, smStaticSignature(SUITE, fromHex("dac1"), covered)],
      [0x9f4b, smDynamicSignature(SUITE, testCardScalar(SUITE, PAN), { cardData: CARD_DATA, terminalData: TERMINAL.bytes })],
    ];
  }
  const issuer = rsaIssuerCertificate(terms);
  const card = rsaCardCertificate(terms, 144, covered);
  return [
    [0x8f, Uint8Array.of(TEST_RSA_AUTHORITY_INDEX)],
    [0x90, issuer.certificate],
    [0x92, issuer.remainder],
    [0x9f32, Uint8Array.of(3)],
    [0x9f46, card.certificate],
    [0x9f48, card.remainder],
    [0x9f47, Uint8Array.of(3)],
    [0x9f4a, Uint8Array.of(0x82)],
    [0x93, rsaStaticSignature(fromHex("dac1"), covered)],
    [0x9f4b, rsaDynamicSignature(144, { cardData: CARD_DATA, terminalData: TERMINAL.bytes })],
  ];
}

const MADE = new Map(
  [PROFILE, STATIC_PROFILE].flatMap((profile) =>
    (["sm", "rsa"] as const).map((family) => [`${family}${toHex(profile)}`, certificates(family, profile)] as const),
  ),
);

function material(family: Family, profile: Bytes = PROFILE): AuthenticationMaterial {
  const made = MADE.get(`${family}${toHex(profile)}`) ?? [];
  return {
    applicationId: "a000000333010106",
    interchangeProfile: profile,
    data: new Map([[0x5a, fromHex(PAN)], ...made]),
    signedBytes: SIGNED,
    terminalData: TERMINAL,
    today: "20261121",
  };
}

function changed(given: AuthenticationMaterial, tag: number, value: Bytes | undefined): AuthenticationMaterial {
  const data = new Map(given.data);
  if (value === undefined) data.delete(tag);
  else data.set(tag, value);
  return { ...given, data };
}

const FAMILIES = ["sm", "rsa"] as const;

describe.each(FAMILIES)("a card with %s certificates", (family) => {
  const good = material(family);

  it("is proved by its dynamic signature", () =>
    expect(authenticateCard(testPorts(), good)).toEqual({ kind: "verified", method: "dynamic", algorithm: family }));
  it("is proved by its issuer's static signature", () => {
    expect(authenticateCard(testPorts(), material(family, STATIC_PROFILE))).toEqual({ kind: "verified", method: "static", algorithm: family });
  });

  it.each<readonly [string, AuthenticationMaterial, string]>([
    ["no authority's index", changed(good, 0x8f, undefined), "data-missing"],
    ["no issuer certificate", changed(good, 0x90, undefined), "data-missing"],
    ["no card certificate", changed(good, 0x9f46, undefined), "data-missing"],
    ["no signature", changed(good, 0x9f4b, undefined), "data-missing"],
    ["nothing for the card to sign", { ...good, terminalData: { bytes: EMPTY } }, "signature-wrong"],
    ["another random number", { ...good, terminalData: { bytes: fromHex("a1b2c3d5") } }, "signature-wrong"],
    ["an unknown authority", changed(good, 0x8f, Uint8Array.of(0x77)), "authority-unknown"],
    ["another scheme", { ...good, applicationId: "a000000632010106" }, "authority-unknown"],
    ["an authority that has expired", { ...good, today: "20500101" }, "authority-expired"],
    ["other signed records", { ...good, signedBytes: fromHex("5a0862999900000000015f2403411231") }, "card-certificate-wrong"],
    ["another interchange profile", { ...good, interchangeProfile: fromHex("2100") }, "card-certificate-wrong"],
    ["another list of static data", changed(good, 0x9f4a, fromHex("8294")), "static-list-wrong"],
    ["another account number", changed(good, 0x5a, fromHex("6299990000000002")), "card-number-mismatch"],
    ["another issuer's account number", changed(good, 0x5a, fromHex("6299000000000001")), "issuer-mismatch"],
    ["no account number", changed(good, 0x5a, undefined), "data-missing"],
    ["certificates that have ended", { ...good, today: "20410101" }, "issuer-certificate-expired"],
  ])("is not proved with %s", (_name, given, why) => expect(authenticateCard(testPorts(), given)).toMatchObject({ kind: "failed", why }));

  it("is good on the last day of its certificates' month", () =>
    expect(authenticateCard(testPorts(), { ...good, today: "20401231" })).toMatchObject({ kind: "verified" }));

  it("is not proved by a revoked issuer", () => {
    const asked: unknown[] = [];
    const ports = testPorts({ isRevoked: (certificate) => asked.push(certificate) > 0 });
    expect(authenticateCard(ports, good)).toMatchObject({ kind: "failed", why: "issuer-certificate-revoked" });
    expect(asked).toEqual([{ rid: "a000000333", index: family === "sm" ? TEST_SM_AUTHORITY_INDEX : TEST_RSA_AUTHORITY_INDEX, serial: "000001" }]);
  });

  it("is not proved with one bit of any of it changed", () => {
    const tags = [0x90, 0x9f46, 0x9f4b, ...(family === "rsa" ? [0x92, 0x9f48] : [])];
    const ports = testPorts();
    fc.assert(
      fc.property(fc.constantFrom(...tags), fc.nat(), fc.nat(7), (tag, place, bit) => {
        const value = good.data.get(tag) ?? EMPTY;
        fc.pre(value.length > 0);
        const altered = value.map((byte, at) => (at === place % value.length ? byte ^ (1 << bit) : byte));
        // The curve parameter names no other curve that a card could have.
        expect(authenticateCard(ports, changed(good, tag, altered)).kind).toBe("failed");
      }),
      { numRuns: 60 },
    );
  });

  it("fails without a throw on any bytes", () => {
    const ports = testPorts();
    fc.assert(
      fc.property(fc.constantFrom(0x8f, 0x90, 0x92, 0x9f32, 0x9f46, 0x9f47, 0x9f48, 0x9f4b, 0x93), fc.uint8Array({ maxLength: 200 }), (tag, bytes) => {
        for (const profile of [PROFILE, STATIC_PROFILE])
          expect(["failed", "verified"]).toContain(authenticateCard(ports, changed(material(family, profile), tag, bytes)).kind);
      }),
      { numRuns: 150 },
    );
  });

  it("with a certificate cut short or made longer is not proved", () => {
    for (const tag of [0x90, 0x9f46, 0x9f4b]) {
      const value = good.data.get(tag) ?? EMPTY;
      for (const altered of [value.slice(0, -1), value.slice(1), concat(value, Uint8Array.of(0)), EMPTY]) {
        expect(authenticateCard(testPorts(), changed(good, tag, altered)).kind).toBe("failed");
      }
    }
  });

  it("foresees what will fail before everything is there, and nothing else", () => {
    const early = changed(good, 0x9f4b, undefined);
    expect(foreseeFailure(testPorts(), early)).toBeUndefined();
    expect(foreseeFailure(testPorts(), changed(early, 0x5a, undefined))).toBeUndefined();
    expect(foreseeFailure(testPorts(), changed(early, 0x9f46, undefined))).toBe("data-missing");
    expect(foreseeFailure(testPorts(), { ...early, interchangeProfile: fromHex("0000") })).toBe("not-offered");
  });
});

describe("certificates of other forms", () => {
  it("with compressed keys are good", () => {
    const terms = { ...TERMS, compressed: true };
    const data = new Map([[0x5a, fromHex(PAN)] as const, ...certificates("sm", PROFILE, terms)]);
    expect(authenticateCard(testPorts(), { ...material("sm"), data })).toMatchObject({ kind: "verified" });
  });
  it("with a month that does not exist are never good", () => {
    const data = new Map([[0x5a, fromHex(PAN)] as const, ...certificates("sm", PROFILE, { ...TERMS, expiry: "1340" })]);
    expect(authenticateCard(testPorts(), { ...material("sm"), data })).toMatchObject({ why: "issuer-certificate-expired" });
  });
  it("of a card that ends before its issuer's are told apart", () => {
    const own = new Map(certificates("sm", PROFILE, { ...TERMS, expiry: "0126" })).get(0x9f46);
    expect(authenticateCard(testPorts(), changed(material("sm"), 0x9f46, own))).toMatchObject({ why: "card-certificate-expired" });
  });
  it("of RSA cards without the list cover the records alone", () => {
    const card = rsaCardCertificate(TERMS, 144, SIGNED);
    const given = changed(changed(changed(material("rsa"), 0x9f4a, undefined), 0x9f46, card.certificate), 0x9f48, card.remainder);
    expect(authenticateCard(testPorts(), given)).toMatchObject({ kind: "verified" });
  });
});

describe("authenticationMethod", () => {
  it.each([
    ["2000", "dynamic"],
    ["6000", "dynamic"],
    ["4000", "static"],
    ["1c00", "none"],
    ["", "none"],
  ])("of %s is %s", (hex, method) => expect(authenticationMethod(fromHex(hex))).toBe(method));
});

describe("the cache", () => {
  const counting = () => {
    let count = 0;
    const suite: AuthenticationPorts["suite"] = {
      ...SUITE,
      sm2Verify: (...input) => {
        count += 1;
        return SUITE.sm2Verify(...input);
      },
    };
    return { ports: testPorts({ suite }), verified: () => count };
  };

  it("saves both certificates of a card that comes again", () => {
    const { ports, verified } = counting();
    authenticateCard(ports, material("sm"));
    expect(verified()).toBe(3);
    authenticateCard(ports, material("sm"));
    expect(verified()).toBe(4);
  });
  it("never keeps one that was not good", () => {
    const { ports, verified } = counting();
    const bad = { ...material("sm"), signedBytes: fromHex("00") };
    for (const times of [2, 3]) {
      expect(authenticateCard(ports, bad)).toMatchObject({ why: "card-certificate-wrong" });
      expect(verified()).toBe(times);
    }
  });
  it("asks for dates each time", () => {
    const { ports } = counting();
    expect(authenticateCard(ports, material("sm"))).toMatchObject({ kind: "verified" });
    expect(authenticateCard(ports, { ...material("sm"), today: "20410101" })).toMatchObject({ why: "issuer-certificate-expired" });
  });
  it("forgets the certificate that was not used for longest", () => {
    const cache = new CertificateCache();
    const key = {
      key: { kind: "sm" as const, key: SUITE.sm2PublicKey(SUITE.sm2PrivateKey(testCardScalar(SUITE, PAN)).publicKey.point) },
      digits: "629",
      expiry: "1240",
      serial: "000001",
    };
    let made = 0;
    const take = (name: number) =>
      cache.take("issuer", String(name), () => {
        made += 1;
        return key;
      });
    for (let name = 0; name < CERTIFICATES_MAX.issuer; name += 1) take(name);
    take(0);
    take(CERTIFICATES_MAX.issuer);
    expect(made).toBe(CERTIFICATES_MAX.issuer + 1);
    take(0);
    expect(made).toBe(CERTIFICATES_MAX.issuer + 1);
    take(1);
    expect(made).toBe(CERTIFICATES_MAX.issuer + 2);
  });
  it("keeps issuers and cards apart", () => {
    const cache = new CertificateCache();
    expect(cache.take("card", "name", () => undefined)).toBeUndefined();
    expect(cache.take("issuer", "name", () => undefined)).toBeUndefined();
  });
});

describe("quickTerminalData", () => {
  const random = fromHex("a1b2c3d4");
  const sent = (qualifiers: string) =>
    new Map([
      [0x9f66, fromHex(qualifiers)],
      [0x9f37, random],
      [0x9f02, fromHex("000000001250")],
      [0x5f2a, fromHex("0156")],
    ]);
  const card = new Map([[0x9f69, fromHex("01aabbccdd200000")]]);
  it.each([
    ["29000080", card, 1, "a1b2c3d4000000001250015601aabbccdd200000"],
    ["29000000", card, 0, "a1b2c3d4"],
    ["29000080", new Map(), 0, "a1b2c3d4"],
    ["29000080", new Map([[0x9f69, fromHex("00aabbccdd200000")]]), 0, "a1b2c3d4"],
  ] as const)("with %s", (qualifiers, data, version, hex) => {
    const told = quickTerminalData(sent(qualifiers), data);
    expect(told?.version).toBe(version);
    expect(toHex(told?.bytes ?? EMPTY)).toBe(hex);
  });
  it.each([0x9f37, 0x9f02, 0x5f2a])("is nothing when the card was not told %i", (tag) => {
    const told = sent("29000080");
    told.delete(tag);
    expect(quickTerminalData(told, card)).toBeUndefined();
  });
});

describe("openAuthorities", () => {
  const authorities: readonly CertificationAuthority[] = TEST_CERTIFICATION_AUTHORITIES.map((each) => ({
    ...each,
    checkHex: toHex(authorityCheck(SUITE, each)),
  }));
  const [sm, rsa] = authorities;
  if (sm?.kind !== "sm" || rsa?.kind !== "rsa") throw new Error("test authorities");
  const recheck = (each: CertificationAuthority): CertificationAuthority => ({ ...each, checkHex: toHex(authorityCheck(SUITE, each)) });

  it("takes keys that pass their check", () => {
    const set = openAuthorities(SUITE, authorities);
    expect(set.rejected).toEqual([]);
    expect(set.find({ rid: sm.rid.toUpperCase(), index: sm.index, kind: "sm" })?.expiryDate).toBe(sm.expiryDate);
    expect(set.find({ rid: rsa.rid, index: rsa.index, kind: "rsa" })?.key.kind).toBe("rsa");
    expect(set.find({ rid: rsa.rid, index: rsa.index, kind: "sm" })).toBeUndefined();
  });

  it.each<readonly [string, CertificationAuthority, string]>([
    ["a changed index", { ...sm, index: 0x01 }, "check"],
    ["a changed key", { ...rsa, exponentHex: "010001" }, "check"],
    ["a check that is no bytes", { ...sm, checkHex: "xy" }, "check"],
    ["a name of another length", { ...sm, rid: "a0000003" }, "form"],
    ["an index beyond one byte", { ...sm, index: 256 }, "form"],
    ["an index below zero", { ...sm, index: -1 }, "form"],
    ["a day that does not exist", { ...sm, expiryDate: "20490231" }, "form"],
    ["a key that is no bytes", { ...sm, pointHex: "0" }, "form"],
    ["a point that is not on the curve", recheck({ ...sm, pointHex: "11".repeat(64) }), "key"],
    ["an even modulus", recheck({ ...rsa, modulusHex: "22".repeat(128) }), "key"],
  ])("does not take %s", (_name, authority, why) => {
    expect(openAuthorities(SUITE, [authority]).rejected).toEqual([{ rid: authority.rid, index: authority.index, why }]);
  });

  it("does not take the same name twice", () => expect(openAuthorities(SUITE, [sm, sm]).rejected).toMatchObject([{ why: "double" }]));
  it("goes on with the others", () =>
    expect(openAuthorities(SUITE, [{ ...sm, index: 1 }, rsa]).find({ rid: rsa.rid, index: rsa.index, kind: "rsa" })).toBeDefined());
});

describe("parsers of signed data", () => {
  it("answer any bytes", () => {
    const set = testPorts().authorities;
    const keys = [
      set.find({ rid: "a000000333", index: TEST_SM_AUTHORITY_INDEX, kind: "sm" }),
      set.find({ rid: "a000000333", index: TEST_RSA_AUTHORITY_INDEX, kind: "rsa" }),
    ];
    const near = fc.tuple(fc.constantFrom(0x12, 0x14, 0x13, 0x15), fc.uint8Array({ maxLength: 160 })).map(([first, rest]) => Uint8Array.of(first, ...rest));
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ minLength: 144, maxLength: 144 })), fc.constantFrom(...keys), (bytes, authority) => {
        if (authority === undefined) throw new Error("test authorities");
        const reader = { suite: SUITE, signer: authority.key };
        expect(openCertificate(reader, "issuer", { certificate: bytes, covered: EMPTY })).toBeUndefined();
        expect(openCertificate(reader, "card", { certificate: bytes, covered: EMPTY })).toBeUndefined();
        expect(openStaticSignature(reader, bytes, EMPTY)).toBeUndefined();
        expect(openDynamicSignature(reader, bytes, EMPTY)).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });
});
