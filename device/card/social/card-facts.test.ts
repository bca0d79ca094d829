/* What a card tells of itself before anything is proved: generation, algorithm, radio, factors; and the lists and rules it is held against. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bytes, concat, EMPTY, fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { LIMITS, ScriptedChannel } from "../testing.ts";
import { parseCardIdentifier, parseCardNumber, parseDate, parseItem, parseVersion, readItems } from "./files.ts";
import { tellAlgorithm, tellGeneration } from "./generation.ts";
import { parseAnswerToSelect, radioOf, readHistorical, socialFactors } from "./historical.ts";
import { decideInitialPin, initialPinOfVendorResult, joinInitialPinEvidence } from "./initial-pin.ts";
import { type InvalidListEntry, makeInvalidList } from "./invalid-list.ts";
import { checkPinPairing } from "./pin-pairing.ts";

const NO_ITEM: Bytes = EMPTY;
const UNWRITTEN = fromHex("00000000");

describe("the generation", () => {
  it.each([
    ["1.00", 1],
    ["2.00", 2],
    ["2.01", 2],
    ["3.0", 3],
  ] as const)("is what the version %s says, whatever the card can do", (text, generation) => {
    for (const can of [true, false]) {
      expect(tellGeneration({ versionItem: utf8(text), holderFileLocked: can }, "reject")).toEqual({
        kind: "told",
        version: text,
        generation,
        by: "version-item",
      });
    }
  });

  it.each([
    ["nothing more", {}, { generation: 1, by: "default" }],
    ["a holder's file that may be read", { holderFileLocked: false }, { generation: 1, by: "default" }],
    ["a holder's file that is shut", { holderFileLocked: true }, { generation: 3, by: "features" }],
  ])("of a card without a version follows from %s", (_name, shown, expected) => {
    for (const versionItem of [NO_ITEM, UNWRITTEN, utf8("    ")]) {
      expect(tellGeneration({ versionItem, ...shown }, "1.0")).toEqual({ kind: "told", version: "1.0", ...expected });
      expect(tellGeneration({ versionItem, ...shown }, "reject")).toEqual({ kind: "version-not-accepted" });
    }
  });

  it.each(["4.0", "x", "0"])("version %s is refused and not guessed", (text) => {
    expect(tellGeneration({ versionItem: utf8(text) }, "1.0")).toEqual({ kind: "version-not-accepted" });
  });
});

describe("the algorithm", () => {
  it.each([
    [0x01, { kind: "ok", algorithm: "3des" }],
    [0x02, { kind: "not-supported", algorithm: "ssf33" }],
    [0x03, { kind: "ok", algorithm: "sm4" }],
    [0x00, { kind: "not-supported", algorithm: "unknown" }],
    [0x04, { kind: "not-supported", algorithm: "unknown" }],
  ])("tag %i, whatever the profile says", (tag, expected) => {
    for (const algWhenTagAbsent of ["des", "ssf33", "byRegion"] as const) {
      expect(tellAlgorithm(tag, "990100", { algWhenTagAbsent, algorithmByRegion: { "99": "ssf33" } })).toEqual(expected);
    }
  });

  const table = { "44": "ssf33", "4403": "sm4", "440306": "des", "99": "sm4" } as const;
  it.each([
    ["des", "440306", "3des"],
    ["ssf33", "440306", "ssf33"],
    ["byRegion", "440306", "3des"],
    ["byRegion", "440305", "sm4"],
    ["byRegion", "440100", "ssf33"],
    ["byRegion", "990100", "sm4"],
    ["byRegion", "110000", "3des"],
  ] as const)("without a tag, %s, region %s: %s", (algWhenTagAbsent, region, algorithm) => {
    expect(tellAlgorithm(undefined, region, { algWhenTagAbsent, algorithmByRegion: table })).toMatchObject({ algorithm });
  });

  it("a region is looked up in the table's own entries", () => {
    const inherited = Object.create({ "99": "ssf33" }) as Record<string, "ssf33">;
    expect(tellAlgorithm(undefined, "990100", { algWhenTagAbsent: "byRegion", algorithmByRegion: inherited })).toEqual({ kind: "ok", algorithm: "3des" });
  });
});

const ROW = "0102030405060799010a0b0c0d";
const BY_CONTACT = fromHex(`3b6d0000${ROW}`);
const BY_RADIO = fromHex(`3b8d8001${ROW}55`);
const TYPE_B = fromHex("3b888001 50112233 44810080 55");

describe("the answer to reset by its bytes", () => {
  it.each([
    // T0 with TD1 alone, then 80 01: made up for a card in the field. Anything else in front is a contact card with protocols of its own.
    ["3b8d8001", "A"],
    ["3bfd8001", "contact"],
    ["3b0d8001", "contact"],
    ["3b8d8101", "contact"],
    ["3b", "contact"],
    ["", "contact"],
  ])("%s is %s", (beginning, radio) => {
    expect(radioOf(fromHex(`${beginning}${beginning.length < 8 ? "" : `${ROW}55`}`))).toBe(radio);
  });

  it.each(["3f6d0000", "3b6d0000"])("%s begins one", (beginning) => {
    expect(readHistorical(fromHex(`${beginning}${ROW}`), DEFAULT_CARD_PROFILE).kind).toBe("ok");
  });

  it.each(["3a6d0000", "406d0000"])("%s does not", (beginning) => {
    expect(readHistorical(fromHex(`${beginning}${ROW}`), DEFAULT_CARD_PROFILE).kind).toBe("malformed");
  });

  it("bytes that are announced and missing make it none, bytes too many do not", () => {
    expect(readHistorical(fromHex(`3b6d0000${ROW.slice(2)}`), DEFAULT_CARD_PROFILE).kind).toBe("malformed");
    expect(readHistorical(fromHex(`3b6d0000${ROW}00`), DEFAULT_CARD_PROFILE).kind).toBe("ok");
  });
});

describe("the historical bytes under a profile", () => {
  const auto = { contactlessType: "auto", contactlessHistorical: "atsLast13" } as const;

  it.each([
    ["contact", BY_CONTACT],
    ["A", BY_RADIO],
  ] as const)("of %s", (radio, atr) => {
    const answer = readHistorical(atr, auto);
    expect(answer).toMatchObject({ kind: "ok", radio, historical: { regionDigits: "9901", serial: "0a0b0c0d" } });
    expect(radioOf(atr)).toBe(radio);
  });

  it("by radio are the last 13 of a longer row, by contacts there is none", () => {
    expect(readHistorical(fromHex(`3b8f8001aabb${ROW}55`), auto)).toMatchObject({ kind: "ok", historical: { serial: "0a0b0c0d" } });
    expect(readHistorical(fromHex(`3b6f0000aabb${ROW}`), auto)).toEqual({ kind: "malformed" });
    expect(readHistorical(fromHex(`3b8c8001${ROW.slice(2)}55`), auto)).toEqual({ kind: "malformed" });
  });

  it.each([
    ["a type B card", TYPE_B, auto, "contacts-needed"],
    ["type A where B is asked for", BY_RADIO, { ...auto, contactlessType: "B" }, "radio-type-not-accepted"],
    ["type B where A is asked for", TYPE_B, { ...auto, contactlessType: "A" }, "radio-type-not-accepted"],
    ["type B where B is asked for", TYPE_B, { ...auto, contactlessType: "B" }, "contacts-needed"],
    ["type A where A is asked for", BY_RADIO, { ...auto, contactlessType: "A" }, "ok"],
    ["radio where the bytes are known over contacts only", BY_RADIO, { ...auto, contactlessHistorical: "contactOnly" }, "contacts-needed"],
    ["contacts in such a region", BY_CONTACT, { ...auto, contactlessHistorical: "contactOnly" }, "ok"],
    ["contacts, whatever the radio type", BY_CONTACT, { ...auto, contactlessType: "B" }, "ok"],
    ["a damaged answer", fromHex("3b8d8001"), auto, "malformed"],
  ] as const)("%s", (_name, atr, profile, kind) => {
    expect(readHistorical(atr, profile).kind).toBe(kind);
  });

  it.each([
    [`127880a002${ROW}`, true],
    [`0f00${ROW}`, true],
    [`1178a002${ROW.slice(2)}aa`, false],
    [`137880a002${ROW}`, false],
    [`1400aabbccddee${ROW}`, true],
    [`0e00${ROW.slice(2)}`, false],
    ["0178", false],
    [`1280${"00".repeat(16)}`, false],
    ["", false],
  ])("raw answer to select %s", (hex, understood) => {
    const parsed = parseAnswerToSelect(fromHex(hex));
    expect(parsed !== undefined).toBe(understood);
    if (understood) expect(toHex(parsed?.cardFactor ?? EMPTY)).toBe("060799010a0b0c0d");
  });

  it("nothing throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        readHistorical(bytes, auto);
        readHistorical(concat(fromHex("3b8d8001"), bytes), auto);
        parseAnswerToSelect(bytes);
        parseAnswerToSelect(concat(Uint8Array.of(bytes.length + 1), bytes));
        tellGeneration({ versionItem: bytes }, "1.0");
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("factors", () => {
  it.each([
    ["region6+7378", "3434303330367378"],
    ["region4", "3434303330307378"],
  ] as const)("of the city under %s", (template, city) => {
    expect(socialFactors(fromHex("0607990100000001"), "440306", template).map(toHex)).toEqual(["0607990100000001", city, "3434303030307368"]);
  });

  it("without a template are the default's", () => {
    expect(socialFactors(EMPTY, "440306")).toEqual(socialFactors(EMPTY, "440306", DEFAULT_CARD_PROFILE.cityFactorTemplate));
  });
});

describe("the items of the issuer's file", () => {
  it.each([
    ["990100d1560000050000000142544553", { cardIdentifier: "990100d1560000050000000142544553", regionCode: "990100" }],
    ["990100d15600000500000001425445", undefined],
    ["990100d156000005000000014254455300", undefined],
    ["f90100d1560000050000000142544553", undefined],
    ["99010fd1560000050000000142544553", undefined],
  ])("identifier %s", (hex, expected) => {
    expect(parseCardIdentifier(fromHex(hex))).toEqual(expected);
  });

  it.each([
    // 3·0+7·0+9·0+10·0+5·0+8·0+4·0+2·n: the check character of each number was computed by hand.
    ["000000009", undefined],
    ["000000000", "000000000"],
    ["00000006X", "00000006X"],
    ["00000001X", undefined],
    ["000000019", "000000019"],
    ["00000005X", undefined],
    ["0000000X1", undefined],
    ["x000000000", undefined],
    ["0000000000", undefined],
    ["00000000", undefined],
  ])("card number %s", (text, expected) => {
    expect(parseCardNumber(utf8(text))).toBe(expected);
  });

  it("a check value of ten is written X", () => {
    // 7·8 = 56 = 5·11 + 1, and 11 − 1 = 10.
    expect(parseCardNumber(utf8("08000000X"))).toBe("08000000X");
    expect(parseCardNumber(utf8("080000001"))).toBeUndefined();
  });

  it.each([
    ["0502abcd", 0x05, "abcd"],
    ["0502abcd", 0x06, undefined],
    ["0502abcd0601ff", 0x05, undefined],
    ["0503abcd", 0x05, undefined],
    ["0500", 0x05, ""],
    ["", 0x05, undefined],
  ])("record %s as item %i", (record, tag, expected) => {
    const value = parseItem(fromHex(record), tag);
    expect(value === undefined ? undefined : toHex(value)).toBe(expected);
  });

  it.each([
    ["20261121", "20261121"],
    ["00000000", ""],
    ["ffffffff", ""],
    ["20261321", ""],
    ["2026", ""],
  ])("date %s", (hex, expected) => {
    expect(parseDate(fromHex(hex))).toBe(expected);
  });

  it("a version that is no text is none", () => {
    expect(parseVersion(fromHex("00312e30"), "1.0")).toEqual({ ok: false });
  });

  const read = (answer: string) => readItems(new ScriptedChannel([["00B2052800", answer]]), { file: 0x05, tags: { issueDate: 0x05 } }, LIMITS);

  it.each([
    ["0504202611219000", { kind: "ok", values: { issueDate: fromHex("20261121") } }],
    ["6a83", { kind: "ok", values: {} }],
    ["6982", { kind: "refused", statusWord: 0x6982 }],
    ["0604202611219000", { kind: "malformed" }],
    ["9000", { kind: "malformed" }],
  ])("an item answered by %s", async (answer, expected) => {
    expect(await read(answer)).toEqual(expected);
  });
});

describe("the invalid list", () => {
  const range = (firstCardNumber: string, lastCardNumber: string): InvalidListEntry => ({ kind: "range", firstCardNumber, lastCardNumber });
  const listed = makeInvalidList([
    { kind: "card", cardIdentifier: "AB".repeat(16), cardNumber: "T00000018" },
    range("B0000010X", "B00000205"),
    range("B00000150", "B0000030X"),
    range("A00000010", "A00000010"),
    range("C00000100", "C00000200"),
    range("C00000120", "C00000130"),
  ]);
  const card = (cardNumber: string, cardIdentifier = "00".repeat(16)) => listed({ cardNumber, cardIdentifier });

  it("names a card by both its numbers", () => {
    expect(card("T00000018", "ab".repeat(16))).toBe(true);
    expect(card("T00000018")).toBe(false);
    expect(card("T00000026", "ab".repeat(16))).toBe(false);
  });

  it.each([
    ["B00000100", true],
    ["B00000099", false],
    ["B00000090", false],
    ["B00000255", true],
    ["B00000300", true],
    ["B00000310", false],
    ["A0000001X", true],
    ["A00000020", false],
    ["A00000009", false],
    ["C00000190", true],
    ["C00000200", true],
    ["C00000210", false],
    ["000000000", false],
    ["Z00000000", false],
  ])("ranges hold %s: %s", (number, expected) => {
    expect(card(number)).toBe(expected);
  });

  it("an empty list names nobody", () => {
    expect(makeInvalidList([])({ cardIdentifier: "", cardNumber: "" })).toBe(false);
  });

  it("answers as a look at every entry would", () => {
    const serial = fc.integer({ min: 0, max: 60 }).map((each) => `K${String(each).padStart(7, "0")}`);
    fc.assert(
      fc.property(fc.array(fc.tuple(serial, serial), { maxLength: 12 }), serial, (pairs, asked) => {
        const ranges = pairs.map(([left, right]) => (left < right ? range(`${left}0`, `${right}0`) : range(`${right}0`, `${left}0`)));
        const expected = pairs.some(([left, right]) => (left <= asked && asked <= right) || (right <= asked && asked <= left));
        expect(makeInvalidList(ranges)({ cardIdentifier: "", cardNumber: `${asked}X` })).toBe(expected);
      }),
    );
  });
});

describe("the initial PIN", () => {
  it.each([
    ["none", "unknown", "require-changed", "may-trade"],
    ["none", "initial", "require-changed", "may-trade"],
    ["set", "changed", "require-changed", "may-trade"],
    ["set", "changed", "refuse-initial", "may-trade"],
    ["set", "initial", "require-changed", "change-first"],
    ["set", "initial", "refuse-initial", "change-first"],
    ["set", "unknown", "require-changed", "ask-issuer"],
    ["set", "unknown", "refuse-initial", "may-trade"],
  ] as const)("PIN %s, known as %s, policy %s: %s", (pin, evidence, policy, decision) => {
    expect(decideInitialPin(pin, evidence, policy)).toBe(decision);
  });

  it.each([
    [-35, "initial"],
    [-36, "unknown"],
    [0, "unknown"],
    [-51, "unknown"],
  ])("the library's %i says %s", (result, evidence) => {
    expect(initialPinOfVendorResult(result)).toBe(evidence);
  });

  it.each([
    [["unknown"], false, "unknown"],
    [[], false, "unknown"],
    [["unknown", "changed"], false, "changed"],
    [["changed", "initial"], false, "initial"],
    [["initial"], true, "changed"],
  ] as const)("%o, changed here %s: %s", (words, changedHere, expected) => {
    expect(joinInitialPinEvidence(words, changedHere)).toBe(expected);
  });

  it("nothing was changed here unless somebody says so", () => {
    expect(joinInitialPinEvidence(["initial"])).toBe("initial");
  });
});

describe("the pairing of reader and PIN pad", () => {
  const reader = (securePinEntry: boolean) => ({ name: "R1", securePinEntry });
  const pad = (cardSlot: boolean) => ({ name: "P1", cardSlot });

  it.each([
    ["no flow asks", { cardPinNeeded: false, reader: reader(false), pad: pad(false) }, "nobody"],
    ["the reader has a keypad", { cardPinNeeded: true, reader: reader(true) }, "reader"],
    ["the reader has a keypad beside a pad", { cardPinNeeded: true, reader: reader(true), pad: pad(false) }, "reader"],
    ["the pad has a slot", { cardPinNeeded: true, reader: reader(false), pad: pad(true) }, "pad"],
  ])("works: %s", (_name, pairing, through) => {
    expect(checkPinPairing(pairing)).toEqual({ kind: "ok", through });
  });

  it("refuses a pad without a slot, and names both devices and a way out", () => {
    const answer = checkPinPairing({ cardPinNeeded: true, reader: reader(false), pad: pad(false) });
    expect(answer).toMatchObject({ kind: "refused", reason: "pin-would-pass-through-terminal" });
    if (answer.kind !== "refused") return;
    for (const part of ['"P1"', '"R1"', "card slot"]) expect(answer.message).toContain(part);
  });

  it("refuses a reader without any PIN entry", () => {
    const answer = checkPinPairing({ cardPinNeeded: true, reader: reader(false) });
    expect(answer).toMatchObject({ kind: "refused", reason: "no-pin-entry" });
    if (answer.kind !== "refused") return;
    for (const part of ['"R1"', "no PIN pad", "card slot"]) expect(answer.message).toContain(part);
  });
});
