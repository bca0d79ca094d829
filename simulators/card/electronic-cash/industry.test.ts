/* Segment fares, pre-authorisations and the industry records that go with them. */
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex, u16be } from "../../../device/base/bytes.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import type { SimulatedCard } from "../card.ts";
import { makeTestCard } from "../make.ts";
import { expectOk, send } from "../testing.ts";
import type { ElectronicCashOptions, ExtensionOptions } from "./make.ts";
import { objectOf, processQuickHex, READ_LAST, SELECT_CASH, TestIssuer } from "./testing.ts";

const suite = openCipherSuite();
const issuer = new TestIssuer(suite);
const SFI = 21;
const READ_RECORD = "80B400A802270100";
const RECORD = concat(fromHex("2701"), new Uint8Array(16));
const CHANGED = concat(fromHex("2701"), new Uint8Array(16).fill(0x11));

function made(extension: ExtensionOptions = {}, cash: Partial<ElectronicCashOptions> = {}, profile = {}): SimulatedCard {
  const card = makeTestCard(suite, {
    balanceFen: 0,
    algorithm: "sm4",
    interface: "contactless",
    profile,
    electronicCash: { balanceFen: 1_000, extension, ...cash },
  });
  card.powerUp();
  return card;
}

function bank(card: SimulatedCard) {
  const memory = card.toSnapshot().memory.electronicCash;
  if (memory === undefined) throw new Error("the card has a bank application");
  return memory;
}

/** A whole payment with the industry record; the words of each command. */
function pay(card: SimulatedCard, asked: { readonly amountFen: number; readonly industry: string }, record = CHANGED): readonly string[] {
  const commands = [SELECT_CASH, READ_RECORD, processQuickHex(asked), issuer.cacheHex({ sfi: SFI, counter: bank(card).atc + 1 }, record), READ_LAST];
  return commands.map((command) => send(card, command).slice(-4));
}

const PAID = ["9000", "9000", "9000", "9000", "9000"];

describe("a segment fare", () => {
  it("commits record and money with the last record", () => {
    const card = made();
    expect(pay(card, { amountFen: 300, industry: "01" })).toEqual(PAID);
    expect([bank(card).balanceFen, card.debits.length]).toEqual([700, 1]);
    card.powerUp();
    expectOk(card, SELECT_CASH);
    expect(send(card, READ_RECORD)).toBe(`${toHex(CHANGED)}9000`);
  });

  it("is nothing as long as its last record is not read", () => {
    const card = made();
    for (const command of [SELECT_CASH, READ_RECORD, processQuickHex({ amountFen: 300, industry: "01" })]) expectOk(card, command);
    expectOk(card, issuer.cacheHex({ sfi: SFI, counter: 1 }, CHANGED));
    card.powerUp();
    expectOk(card, SELECT_CASH);
    expect(send(card, READ_RECORD)).toBe(`${toHex(RECORD)}9000`);
    expect(bank(card).balanceFen).toBe(1_000);
  });

  it("needs a record that was read, and one that was written", () => {
    const card = made();
    expectOk(card, SELECT_CASH);
    expect(send(card, processQuickHex({ amountFen: 300, industry: "01" }))).toBe("6985");
    card.powerUp();
    for (const command of [SELECT_CASH, READ_RECORD, processQuickHex({ amountFen: 300, industry: "01" })]) expectOk(card, command);
    expect(send(card, READ_LAST)).toBe("6974");
    expect([bank(card).balanceFen, bank(card).atc]).toEqual([1_000, 2]);
  });

  it("may take from the deposit what the balance has not", () => {
    const card = made({ depositLimitFen: 500 });
    expect(pay(card, { amountFen: 1_300, industry: "01" })).toEqual(PAID);
    expect(bank(card)).toMatchObject({ balanceFen: 0, depositUsedFen: 300 });
    expectOk(card, SELECT_CASH);
    expect(toHex(objectOf(send(card, "80CADF6300"), 0xdf63))).toBe("000000000300");
    card.powerUp();
    expect(pay(card, { amountFen: 201, industry: "01" })[4]).toBe("6985");
  });

  it.each([
    ["01", "04"],
    ["04", "01"],
  ] as const)("is asked for with DF60 %s, not %s", (df60Segment, other) => {
    const card = made({}, {}, { df60Segment });
    expect(pay(card, { amountFen: 300, industry: df60Segment })).toEqual(PAID);
    expect(pay(card, { amountFen: 300, industry: other })[2]).toBe("6a80");
  });
});

describe("the cache", () => {
  const opened = (extension: ExtensionOptions = {}): SimulatedCard => {
    const card = made(extension);
    for (const command of [SELECT_CASH, READ_RECORD, processQuickHex({ amountFen: 300, industry: "01" })]) expectOk(card, command);
    return card;
  };
  const cached = (record: Uint8Array, counter = 1): string => issuer.cacheHex({ sfi: SFI, counter }, record);

  it.each([
    ["a wrong counter in its MAC", cached(CHANGED, 2), "6988"],
    ["a record that is too long", cached(concat(fromHex("2701"), new Uint8Array(63))), "6a84"],
    ["a record that is too short", cached(fromHex("2701")), "6a80"],
    ["an unknown record", cached(fromHex("270211")), "6a83"],
    ["an unknown file", issuer.cacheHex({ sfi: 22, counter: 1 }, CHANGED), "6a82"],
  ])("refuses %s", (_, command, word) => {
    expect(send(opened(), command)).toBe(word);
  });

  it("is open only behind the processing options or another of its kind", () => {
    const card = opened();
    expectOk(card, cached(CHANGED));
    expectOk(card, cached(CHANGED));
    expectOk(card, "00B2010C00");
    expect(send(card, cached(CHANGED))).toBe("6985");
    expect(send(card, READ_LAST).slice(-4)).toBe("9000");
  });

  it("pushes a record into a cyclic file and keeps the older ones", () => {
    const files = [{ sfi: SFI, kind: "cyclic", maxLength: 4, records: 2 }] as const;
    const card = made({ files, records: [{ sfi: SFI, id: "2701", contentHex: "0001" }] });
    for (const content of ["0002", "0003"]) expect(pay(card, { amountFen: 1, industry: "01" }, fromHex(`2701${content}`))).toEqual(PAID);
    card.powerUp();
    expectOk(card, SELECT_CASH);
    expect([send(card, READ_RECORD), send(card, "80B400A902270100"), send(card, "80B400A902270100")]).toEqual(["270100039000", "270100029000", "6a83"]);
  });
});

describe("an offline pre-authorisation", () => {
  it("sets money aside, has no certificate and is completed once", () => {
    const card = made();
    for (const command of [SELECT_CASH, READ_RECORD]) expectOk(card, command);
    const answer = send(card, processQuickHex({ amountFen: 800, industry: "02" }));
    expect(answer).not.toContain("9f2608");
    expectOk(card, issuer.cacheHex({ sfi: SFI, counter: 1 }, CHANGED));
    expectOk(card, READ_LAST);
    expect([bank(card).balanceFen, card.debits.length]).toEqual([1_000, 0]);
    expect(send(card, "805A000002000108")).toBe("00000000000000009000");
    expectOk(card, SELECT_CASH);
    expect(toHex(objectOf(send(card, "80CA9F5D00"), 0x9f5d))).toBe("000000000200");
    expect(pay(card, { amountFen: 100, industry: "02" })[2]).toBe("6972");
    expect(pay(card, { amountFen: 700, industry: "03" })).toEqual(PAID);
    expect([bank(card).balanceFen, card.debits.length]).toEqual([300, 1]);
    expect(pay(card, { amountFen: 100, industry: "03" })[2]).toBe("6973");
  });

  it("is possible for three records and no more", () => {
    const records = ["2701", "2702", "2703", "2704"].map((id) => ({ sfi: SFI, id, contentHex: "00" }));
    const card = made({ records });
    const words = records.map(({ id }) => {
      card.powerUp();
      const read = `80B400A802${id}00`;
      const commands = [SELECT_CASH, read, processQuickHex({ amountFen: 10, industry: "02" })];
      const cache = issuer.cacheHex({ sfi: SFI, counter: bank(card).atc + 1 }, fromHex(`${id}01`));
      return [...commands, cache, READ_LAST].map((command) => send(card, command).slice(-4));
    });
    expect(words.slice(0, 3)).toEqual([PAID, PAID, PAID]);
    expect(words[3]?.[2]).toBe("6971");
  });

  it("is unknown to cards that have segment fares alone", () => {
    expect(pay(made({ support: "segment" }), { amountFen: 100, industry: "02" })[2]).toBe("6a80");
  });
});

describe("records", () => {
  it("are opened with a key of their own", () => {
    const card = made({ records: [] });
    expectOk(card, SELECT_CASH);
    const keyHex = "00112233445566778899aabbccddeeff";
    const record = fromHex("2705000000");
    const append = issuer.appendHex({ sfi: SFI, counter: 0 }, record, keyHex);
    expect(send(card, `${append.slice(0, -2)}00`)).toBe("6988");
    expect(send(card, append)).toBe("9000");
    for (const command of ["80B400A802270500", processQuickHex({ amountFen: 5, industry: "01" })]) expectOk(card, command);
    expect(send(card, issuer.cacheHex({ sfi: SFI, counter: 1 }, fromHex("2705010203")))).toBe("6988");
    expectOk(card, issuer.cacheHex({ sfi: SFI, counter: 1, keyHex }, fromHex("2705010203")));
    expectOk(card, READ_LAST);
    expect(bank(card).industry).toMatchObject([{ id: "2705", contentHex: "2705010203" }]);
  });

  it("are read with a MAC where the card has that", () => {
    const random = fromHex("0102030405060708");
    const card = made({ answerMac: true });
    expectOk(card, SELECT_CASH);
    expect(send(card, `80B400A80A2701${toHex(random)}00`)).toBe(`${toHex(RECORD)}${toHex(issuer.answerMac(RECORD, random))}9000`);
    const plain = made();
    expectOk(plain, SELECT_CASH);
    expect(send(plain, `80B400A80A2701${toHex(random)}00`)).toBe("6700");
  });

  it("give the certificate of the last payment out again", () => {
    const card = made();
    expect(pay(card, { amountFen: 300, industry: "01" })).toEqual(PAID);
    card.powerUp();
    expectOk(card, SELECT_CASH);
    expect(send(card, `805A000002${toHex(u16be(1))}08`)).toBe(`${bank(card).lastCertificate?.hex}9000`);
    expect(send(card, `805A000002${toHex(u16be(2))}08`)).toBe("9406");
  });
});
