/* Requests, one row of the table each: what stands in them, what must not, and what is not offered. */
import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { buildIso } from "../../codec/iso8583/build.ts";
import { parseIso } from "../../codec/iso8583/parse.ts";
import { type Business, DOWNLOADS, MESSAGES, notOffered, rowFor } from "./messages.ts";
import { buildRequest, buildReversal, type RequestValues } from "./request.ts";
import { TEST_ACQUIRER } from "./testing.ts";

const BASE = { trace: "000017", batch: "000003" } as const;
const PAID = { ...BASE, amount: fen(1_250), account: "6222021234567890128", entry: "chip" } as const;
const ORIGINAL = { batch: "000003", trace: "000009", date: "1122" } as const;
const CHIP = fromHex("9f2701 80");

/** The least that each business needs. */
const VALUES: Readonly<Record<Exclude<Business, "reversal">, RequestValues>> = {
  "sign-in": BASE,
  "sign-off": BASE,
  sale: PAID,
  withdrawal: PAID,
  balance: { ...BASE, account: PAID.account, entry: "chip" },
  void: { ...PAID, retrievalReference: "123456789012", original: ORIGINAL },
  refund: { ...PAID, retrievalReference: "123456789012", original: ORIGINAL },
  "offline-upload": { ...PAID, chipData: CHIP, text: "CUP" },
  "cash-load": PAID,
  "purse-load": PAID,
  "script-result": { ...BASE, chipData: CHIP, original: ORIGINAL },
  settlement: { ...BASE, rows: "0".repeat(62) },
  "batch-rows": { ...BASE, rows: `01${"1".repeat(40)}` },
  "batch-proofs-equal": { ...PAID, chipData: CHIP, original: ORIGINAL },
  "batch-proofs-unequal": { ...PAID, chipData: CHIP, original: ORIGINAL },
  "batch-failed-equal": { ...PAID, chipData: CHIP, original: ORIGINAL },
  "batch-failed-unequal": { ...PAID, chipData: CHIP, original: ORIGINAL },
  "batch-end-equal": { ...BASE, rows: "0001" },
  "batch-end-unequal": { ...BASE, rows: "0001" },
  "parameters-query": BASE,
  parameters: BASE,
  "ca-keys-query": BASE,
  "ca-keys": { ...BASE, parameters: CHIP },
  "ca-keys-end": BASE,
  "aid-parameters-query": BASE,
  "aid-parameters": BASE,
  "aid-parameters-end": BASE,
  "exception-list": BASE,
};

const NAMES = Object.keys(VALUES) as (keyof typeof VALUES)[];
const named = (business: keyof typeof VALUES) => {
  const { type, fields } = buildRequest(TEST_ACQUIRER, business, VALUES[business]);
  return [type, fields.get(3), fields.get(25), fields.get(60)];
};

describe("requests by business", () => {
  /** Written from the message table, not from the code's. */
  it.each<[keyof typeof VALUES, string, string | undefined, string | undefined, string]>([
    ["sign-in", "0800", undefined, undefined, "00000003003"],
    ["sign-off", "0820", undefined, undefined, "00000003002"],
    ["sale", "0200", "000000", "00", "22000003000"],
    ["withdrawal", "0200", "010000", "00", "22000003000"],
    ["balance", "0200", "310000", "00", "01000003000"],
    ["void", "0200", "200000", "00", "23000003000"],
    ["refund", "0220", "200000", "00", "25000003000"],
    ["offline-upload", "0200", "000000", "00", "36000003000"],
    ["cash-load", "0200", "600000", "91", "45000003000"],
    ["purse-load", "0200", undefined, "91", "40000003000"],
    ["script-result", "0620", undefined, undefined, "00000003951"],
    ["settlement", "0500", undefined, undefined, "00000003201"],
    ["batch-rows", "0320", undefined, undefined, "00000003201"],
    ["batch-end-unequal", "0320", undefined, undefined, "00000003202"],
    ["batch-proofs-equal", "0320", undefined, undefined, "00000003203"],
    ["batch-failed-equal", "0320", undefined, undefined, "00000003204"],
    ["batch-proofs-unequal", "0320", undefined, undefined, "00000003205"],
    ["batch-failed-unequal", "0320", undefined, undefined, "00000003206"],
    ["batch-end-equal", "0320", undefined, undefined, "00000003207"],
    ["parameters", "0800", undefined, undefined, "00000003360"],
    ["parameters-query", "0820", undefined, undefined, "00000003362"],
    ["ca-keys", "0800", undefined, undefined, "00000003370"],
    ["ca-keys-end", "0800", undefined, undefined, "00000003371"],
    ["ca-keys-query", "0820", undefined, undefined, "00000003372"],
    ["aid-parameters", "0800", undefined, undefined, "00000003380"],
    ["aid-parameters-end", "0800", undefined, undefined, "00000003381"],
    ["aid-parameters-query", "0820", undefined, undefined, "00000003382"],
    ["exception-list", "0800", undefined, undefined, "00000003390"],
  ])("%s: %s, field 3 %s, field 25 %s, field 60 %s", (business, ...expected) => expect(named(business)).toEqual(expected));

  it("has a row above for every business", () => expect(NAMES.length + 1).toBe(Object.keys(MESSAGES).length));

  it.each(NAMES)("%s says whose it is, and is read again as it was", (business) => {
    const request = buildRequest(TEST_ACQUIRER, business, VALUES[business]);
    expect([request.fields.get(11), request.fields.get(41), request.fields.get(42)]).toEqual(["000017", "00000001", "898530100000001"]);
    expect(parseIso(buildIso(request, TEST_ACQUIRER), TEST_ACQUIRER)).toEqual({ ok: true, message: request });
  });

  it.each(NAMES)("%s does not go out without what it must have", (business) => {
    const { rows, account, chipData, ...rest } = VALUES[business];
    const lacks = [rows, account, chipData].some((value) => value !== undefined) && business !== "ca-keys";
    const build = () => buildRequest(TEST_ACQUIRER, business, rest);
    if (lacks) expect(build).toThrow(new RegExp(`${business} has field`));
    else expect(build).not.toThrow();
  });

  it("has no place for what does not belong to it", () => {
    expect(() => buildRequest(TEST_ACQUIRER, "sale", { ...PAID, rows: "1" })).toThrow(/sale has no field 48/);
    expect(() => buildRequest(TEST_ACQUIRER, "settlement", { ...VALUES.settlement, pinBlock: new Uint8Array(8) })).toThrow(/settlement has no field/);
  });

  it("tells how the account came, and whether a PIN goes along", () => {
    const mode = (values: Partial<RequestValues>) => buildRequest(TEST_ACQUIRER, "sale", { ...PAID, ...values }).fields.get(22);
    const pinBlock = new Uint8Array(8);
    expect([mode({}), mode({ pinBlock }), mode({ entry: "chip-by-radio" }), mode({ entry: "manual" }), mode({ entry: "magnetic-stripe", pinBlock })]).toEqual([
      "052",
      "051",
      "072",
      "012",
      "021",
    ]);
  });

  it("sends a PIN block with the longest PIN and the acquirer's own control field", () => {
    const { fields } = buildRequest(TEST_ACQUIRER, "sale", { ...PAID, pinBlock: fromHex("0102030405060708") });
    expect([fields.get(26), toHex(fields.get(52) as Uint8Array), fields.get(53)]).toEqual(["12", "0102030405060708", "2600000000000000"]);
    const { securityControl: _none, ...quiet } = TEST_ACQUIRER;
    expect(buildRequest(quiet, "sale", { ...PAID, pinBlock: new Uint8Array(8) }).fields.has(53)).toBe(false);
  });

  it("sends a track only where the profile says how", () => {
    const track2 = "6222021234567890128D25122201";
    expect(buildRequest(TEST_ACQUIRER, "sale", { ...PAID, track2 }).fields.get(35)).toBe(track2);
    const { trackData: _none, ...quiet } = TEST_ACQUIRER;
    expect(buildRequest(quiet, "sale", { ...PAID, track2 }).fields.has(35)).toBe(false);
  });

  it("names its original as the profile wants it", () => {
    const original = (originalDate: boolean) => buildRequest({ ...TEST_ACQUIRER, originalDate }, "void", VALUES.void).fields.get(61);
    expect([original(true), original(false)]).toEqual(["0000030000091122", "000003000009"]);
    const { date: _none, ...undated } = ORIGINAL;
    expect(() => buildRequest(TEST_ACQUIRER, "void", { ...VALUES.void, original: undated })).toThrow(/wants the date/);
  });

  it("ends field 60 with the batch where no network code is recorded", () => {
    const { networkCode: _none, ...quiet } = TEST_ACQUIRER;
    expect(buildRequest(quiet, "sale", PAID).fields.get(60)).toBe("22000003");
    expect(buildRequest(quiet, "settlement", VALUES.settlement).fields.get(60)).toBe("00000003201");
  });

  it.each([
    ["des-24", "001"],
    ["tdes-40", "003"],
    ["tdes-track-60", "004"],
    ["triple-19-57", "003"],
  ] as const)("asks for the keys of %s with %s", (keyScheme, network) =>
    expect(buildRequest({ ...TEST_ACQUIRER, keyScheme }, "sign-in", BASE).fields.get(60)).toBe(`00000003${network}`),
  );

  it("uploads with the type that the profile has", () => {
    const offlineUpload = { ...TEST_ACQUIRER.offlineUpload, type: "0220" } as const;
    expect(buildRequest({ ...TEST_ACQUIRER, offlineUpload }, "offline-upload", VALUES["offline-upload"]).type).toBe("0220");
  });
});

describe("what an acquirer does not offer", () => {
  const { withdrawalCode: _w, loadCode: _l, purseLoad: _p, ...rest } = TEST_ACQUIRER;
  const least = { ...rest, downloads: [] };

  it.each<[Business, string]>([
    ["withdrawal", "withdrawal-not-confirmed"],
    ["cash-load", "cash-load-not-offered"],
    ["purse-load", "purse-load-not-offered"],
    ["parameters", "download-not-offered"],
    ["ca-keys-end", "download-not-offered"],
    ["exception-list", "download-not-offered"],
  ])("%s: %s", (business, reason) => {
    expect([notOffered(least, business), notOffered(TEST_ACQUIRER, business)]).toEqual([reason, undefined]);
    expect(rowFor(least, business)).toBeUndefined();
    expect(() => buildRequest(least, business as "withdrawal", PAID)).toThrow(/is offered/);
  });

  it("takes nothing from the others", () => {
    for (const business of ["sign-in", "sale", "void", "settlement", "batch-rows", "reversal"] as const) expect(notOffered(least, business)).toBeUndefined();
  });

  it("has each download's messages in the table", () => {
    const steps = Object.values(DOWNLOADS).flatMap(({ query, body, end }) => [query, body, end].filter((each) => each !== undefined));
    const named = Object.keys(MESSAGES).filter((name) => /^(?:parameters|ca-keys|aid-parameters|exception-list)/.test(name));
    expect(new Set(steps)).toEqual(new Set(named));
    expect(steps).toHaveLength(named.length);
  });
});

describe("a reversal", () => {
  const pinBlock = new Uint8Array(8);
  const sale = buildRequest(TEST_ACQUIRER, "sale", { ...PAID, pinBlock, track2: "6222021234567890128D2512", chipData: CHIP, cardSequence: "1" });

  it("keeps what its original had, and never a PIN, a track or a chip's cryptogram", () => {
    const { type, fields } = buildReversal(TEST_ACQUIRER, sale, { reason: "98", date: "1122" });
    expect(type).toBe("0400");
    for (const field of [2, 3, 4, 11, 22, 23, 25, 41, 42, 49, 60]) expect([field, fields.get(field)]).toEqual([field, sale.fields.get(field)]);
    expect([fields.get(39), fields.get(61)]).toEqual(["98", "0000030000171122"]);
    for (const field of [26, 35, 36, 37, 52, 53, 55, 64]) expect([field, fields.has(field)]).toEqual([field, false]);
  });

  it("of a void names the void, without the retrieval reference", () => {
    const back = buildRequest(TEST_ACQUIRER, "void", VALUES.void);
    const { fields } = buildReversal(TEST_ACQUIRER, back, { reason: "A0", date: "1122" });
    expect([fields.get(39), fields.get(61), fields.has(37), fields.get(60)]).toEqual(["A0", "0000030000171122", false, "23000003000"]);
  });

  it("tells what the chip said of it, where somebody knows", () => {
    const { fields } = buildReversal(TEST_ACQUIRER, sale, { reason: "06", date: "1122", chipData: utf8("x") });
    expect(fields.get(55)).toEqual(utf8("x"));
  });

  it("has the date where the profile wants it", () => expect(() => buildReversal(TEST_ACQUIRER, sale, { reason: "98" })).toThrow(/wants the date/));
});
