/* The bank application command by command: selection, records, decisions, commits. No product code takes part. */
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex } from "../../../device/base/bytes.ts";
import { parseTlv } from "../../../device/codec/tlv.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { checkTestCryptogram } from "../../crypto/bank.ts";
import type { SimulatedCard } from "../card.ts";
import { makeTestCard, type TestCardOptions } from "../make.ts";
import { expectOk, send } from "../testing.ts";
import type { ElectronicCashOptions } from "./make.ts";
import {
  firstCryptogramHex,
  GET_BALANCE,
  GET_COUNTER,
  objectOf,
  processContactHex,
  processQuickHex,
  READ_LAST,
  SELECT_CASH,
  SELECT_CONTACT_DIRECTORY,
  SELECT_CONTACTLESS_DIRECTORY,
  secondCryptogramHex,
  TestIssuer,
  UNPREDICTABLE,
  WITH_HOST,
} from "./testing.ts";

const suite = openCipherSuite();

function made(cash: Partial<ElectronicCashOptions> = {}, options: Partial<TestCardOptions> = {}): SimulatedCard {
  const card = makeTestCard(suite, {
    balanceFen: 0,
    algorithm: "sm4",
    interface: "contactless",
    ...options,
    electronicCash: { balanceFen: 10_000, ...cash },
  });
  card.powerUp();
  return card;
}

function bank(card: SimulatedCard) {
  const memory = card.toSnapshot().memory.electronicCash;
  if (memory === undefined) throw new Error("the card has a bank application");
  return memory;
}

function reselect(card: SimulatedCard): void {
  card.powerUp();
  expectOk(card, SELECT_CASH);
}

const APPROVED = { amountFen: 400 };

describe("selection", () => {
  it("over radio finds the application in 2PAY.SYS.DDF01", () => {
    const information = send(made(), SELECT_CONTACTLESS_DIRECTORY);
    expect(toHex(objectOf(information, 0x6f, 0xa5, 0xbf0c, 0x61, 0x4f))).toBe("a000000333010101");
    expect(send(made(), SELECT_CONTACT_DIRECTORY)).toBe("6a82");
  });

  it("over contacts finds it in the records of 1PAY.SYS.DDF01", () => {
    const card = made({}, { interface: "contact" });
    expect(toHex(objectOf(send(card, SELECT_CONTACT_DIRECTORY), 0x6f, 0xa5, 0x88))).toBe("01");
    const names = ["00B2010C00", "00B2020C00"].map((read) => toHex(objectOf(send(card, read), 0x70, 0x61, 0x4f)));
    expect(names).toEqual(["a000000333010101", "a000000333010106"]);
    expect(send(card, "00B2030C00")).toBe("6a83");
    expect(send(card, "00B2011400")).toBe("6a82");
    expect(send(card, SELECT_CONTACTLESS_DIRECTORY)).toBe("6a82");
  });

  it("takes the beginning of a name and goes on to the next", () => {
    const card = made({ applications: ["01", "02", "03", "06"] });
    const found = ["00A40400", "00A40402", "00A40402", "00A40402"].map((header) => toHex(objectOf(send(card, `${header}05A00000033300`), 0x6f, 0x84)));
    expect(found.map((name) => name.slice(-2))).toEqual(["01", "02", "03", "06"]);
    expect(send(card, "00A4040205A00000033300")).toBe("6a82");
  });

  it("tells the lists of both interfaces", () => {
    const wanted = (card: SimulatedCard) => toHex(objectOf(send(card, SELECT_CASH), 0x6f, 0xa5, 0x9f38));
    expect(wanted(made({ algorithms: "rsa" }))).toBe("9f66049f02069f03069f1a0295055f2a029a039c019f3704");
    expect(wanted(made({ wantsTime: true, extension: {} }))).toBe("9f66049f02069f03069f1a0295055f2a029a039c019f37049f2103df6001df6901");
    expect(wanted(made({}, { interface: "contact" }))).toBe("9f7a019f02065f2a02df6901");
  });

  it("of a blocked application gives its information with 6283", () => {
    const card = made({ applicationBlocked: true });
    expect(send(card, SELECT_CASH).slice(-4)).toBe("6283");
    expect(send(card, processQuickHex(APPROVED))).toBe("6985");
  });
});

describe("records", () => {
  it.each(["contact", "contactless"] as const)("over the %s interface are each a template 70 of well-formed objects", (through) => {
    for (const algorithms of ["sm", "rsa"] as const) {
      const card = made({ algorithms, rsaSignatureLength: 144, pin: "1234" }, { interface: through });
      expectOk(card, SELECT_CASH);
      const process = through === "contact" ? processContactHex : processQuickHex;
      const answer = send(card, process({ ...APPROVED, ...(algorithms === "rsa" ? { chinese: "absent" } : {}) }));
      const locator = objectOf(answer, 0x77, 0x94);
      for (let at = 0; at < locator.length; at += 4) {
        const [file = 0, first = 0, last = 0] = locator.slice(at, at + 3);
        for (let record = first; record <= last; record += 1) {
          const bytes = expectOk(card, `00B2${toHex(Uint8Array.of(record, file | 4))}00`);
          const parsed = parseTlv(bytes);
          expect(parsed.ok && parsed.items.map(({ tag }) => tag)).toEqual([0x70]);
        }
      }
    }
  });
});

describe("a quick payment", () => {
  it("uses up the counter at the first answer and moves the money at the last record", () => {
    const card = made();
    expectOk(card, SELECT_CASH);
    const answer = send(card, processQuickHex(APPROVED));
    expect(toHex(objectOf(answer, 0x77, 0x9f36))).toBe("0001");
    expect([bank(card).balanceFen, bank(card).atc, card.debits.length]).toEqual([10_000, 1, 0]);
    expectOk(card, READ_LAST);
    const certificate = toHex(objectOf(answer, 0x77, 0x9f26));
    expect(bank(card)).toMatchObject({ balanceFen: 9_600, atc: 1, lastCertificate: { counter: 1, hex: certificate } });
    expect(card.debits).toEqual([
      {
        purse: "electronic-cash",
        unpredictableNumber: UNPREDICTABLE,
        amountFen: 400,
        terminalNumber: "000000000000",
        terminalSeq: 0,
        date: "20261121",
        time: "000000",
        cardSeqBefore: 1,
        tac: certificate.slice(0, 8),
      },
    ]);
    expect(send(card, "00B2015C00").slice(0, 24)).toBe("261121000000000000000400");
  });

  it.each([
    ["both", "01", "01"],
    ["both", "00", "17"],
    ["sm", "01", "17"],
    ["rsa", "absent", "01"],
  ] as const)("of a card with %s algorithms (DF69 %s, version %s) has a certificate that the host takes", (algorithms, chinese, cryptogramVersion) => {
    const card = made({ algorithms, cryptogramVersion });
    expectOk(card, SELECT_CASH);
    const answer = send(card, processQuickHex({ ...APPROVED, chinese }));
    const recorded = {
      pan: "6299990000000001",
      panSequence: "01",
      amountFen: 400,
      counter: 1,
      unpredictableNumber: fromHex(UNPREDICTABLE),
      issuerData: objectOf(answer, 0x77, 0x9f10),
      cryptogram: objectOf(answer, 0x77, 0x9f26),
      further: { date: fromHex("261121") },
    };
    const host = { suite, profile: card.personalization.profile };
    expect(checkTestCryptogram(host, recorded)).toBe("approved");
    expect(checkTestCryptogram(host, { ...recorded, amountFen: 401 })).toBe("wrong");
    expect(recorded.issuerData[7]).toBe(algorithms === "rsa" || chinese === "00" ? 0x01 : 0x04);
  });

  it.each([
    ["the issuer's question", { ...APPROVED, qualifiers: "36800080" }, "online"],
    ["a decline", { amountFen: 10_001 }, "declined"],
  ] as const)("that ends in %s moves nothing and says so to the host", (_, asked, verdict) => {
    const card = made();
    expectOk(card, SELECT_CASH);
    const answer = send(card, processQuickHex(asked));
    expect(send(card, READ_LAST)).toBe("6985");
    expect([bank(card).balanceFen, bank(card).atc]).toEqual([10_000, 1]);
    const recorded = {
      pan: "6299990000000001",
      panSequence: "01",
      amountFen: asked.amountFen,
      counter: 1,
      unpredictableNumber: fromHex(UNPREDICTABLE),
      issuerData: objectOf(answer, 0x77, 0x9f10),
      cryptogram: objectOf(answer, 0x77, 0x9f26),
      further: { date: fromHex("261121") },
    };
    expect(checkTestCryptogram({ suite, profile: card.personalization.profile }, recorded)).toBe(verdict);
  });

  it("repeats its last answer only as the first command after SELECT", () => {
    const card = made();
    expectOk(card, SELECT_CASH);
    expectOk(card, processQuickHex(APPROVED));
    const last = send(card, READ_LAST);
    reselect(card);
    expect(send(card, READ_LAST)).toBe(last);
    reselect(card);
    expect(send(card, READ_LAST)).toBe(last);
    reselect(card);
    expectOk(card, GET_BALANCE);
    expect(send(card, READ_LAST)).toBe("6985");
    reselect(card);
    expect(send(card, READ_LAST)).toBe("6985");
    expect(card.debits).toHaveLength(1);
  });

  it("is committed once, however often its last record is read", () => {
    const card = made();
    expectOk(card, SELECT_CASH);
    expectOk(card, processQuickHex(APPROVED));
    const last = send(card, READ_LAST);
    expect(send(card, READ_LAST)).toBe(last);
    expect([bank(card).balanceFen, card.debits.length]).toEqual([9_600, 1]);
  });

  it("signs over the random number, and with version 01 over amount, currency and 9F69", () => {
    const card = made();
    expectOk(card, SELECT_CASH);
    const answer = send(card, processQuickHex(APPROVED));
    const signature = objectOf(answer, 0x77, 0x9f4b);
    const authentication = objectOf(send(card, READ_LAST), 0x70, 0x9f69);
    const key = suite.sm2PublicKey(objectOf(send(card, "00B2021C00"), 0x70, 0x9f46).slice(20, 84));
    const data = concat(signature.slice(0, 5), fromHex(UNPREDICTABLE), fromHex("000000000400"), fromHex("0156"), authentication);
    expect(suite.sm2Verify(key, data, signature.slice(5))).toBe(true);
    reselect(card);
    const plain = objectOf(send(card, processQuickHex({ ...APPROVED, qualifiers: "3a000000" })), 0x77, 0x9f4b);
    expect(suite.sm2Verify(key, concat(plain.slice(0, 5), fromHex(UNPREDICTABLE)), plain.slice(5))).toBe(true);
  });

  it.each([
    [128, true],
    [144, false],
  ] as const)("carries an RSA signature of %i bytes in its first answer: %s", (rsaSignatureLength, first) => {
    const card = made({ algorithms: "rsa", rsaSignatureLength });
    expectOk(card, SELECT_CASH);
    const answer = fromHex(send(card, processQuickHex({ ...APPROVED, chinese: "absent" })));
    const last = fromHex(send(card, READ_LAST));
    const has = (bytes: Uint8Array) => toHex(bytes).includes("9f4b81");
    expect([has(answer), has(last)]).toEqual([first, !first]);
  });

  it("ends with the counter used up", () => {
    const card = made({ atc: 0xfffe });
    expectOk(card, SELECT_CASH);
    expectOk(card, processQuickHex(APPROVED));
    card.powerUp();
    expect(send(card, SELECT_CASH).slice(-4)).toBe("6283");
    expect(send(card, processQuickHex(APPROVED))).toBe("6985");
  });
});

describe("a payment over contacts", () => {
  const contact = { interface: "contact" } as const;

  it("of electronic cash is committed by its first cryptogram", () => {
    const card = made({}, contact);
    expectOk(card, SELECT_CASH);
    const options = send(card, processContactHex(APPROVED));
    expect(toHex(objectOf(options, 0x77, 0x94))).toBe("080103001001010118010200");
    expect(toHex(objectOf(send(card, "00B2030C00"), 0x70, 0x9f74))).toBe("454343303031");
    const answer = send(card, firstCryptogramHex("40", APPROVED));
    expect(toHex(objectOf(answer, 0x77, 0x9f27))).toBe("40");
    expect([bank(card).balanceFen, card.debits[0]?.time]).toEqual([9_600, "102030"]);
    expect(send(card, firstCryptogramHex("40", APPROVED))).toBe("6985");
  });

  it("is answered in template 80 by cards that know no other", () => {
    const card = made({ answerFormat: "80" }, contact);
    expectOk(card, SELECT_CASH);
    expect(send(card, processContactHex(APPROVED))).toMatch(/^800e7c00(?:..){12}9000$/);
    expect(send(card, firstCryptogramHex("40", APPROVED))).toMatch(/^801e400001(?:..){27}9000$/);
  });

  it("that asks the issuer is approved with the issuer's word, and loads by script", () => {
    const card = made({ newCard: true }, contact);
    const issuer = new TestIssuer(suite);
    expectOk(card, SELECT_CASH);
    expectOk(card, processContactHex({ amountFen: 0, cash: "00" }));
    const answer = send(card, firstCryptogramHex("80", APPROVED));
    const transaction = { counter: 1, cryptogram: objectOf(answer, 0x77, 0x9f26) };
    const put = issuer.scriptHex(transaction, "04DA9F79", fromHex("000000020000"));
    expect(send(card, put)).toBe("6985");
    expect(send(card, issuer.authenticateHex(transaction))).toBe("9000");
    expect(send(card, put)).toBe("9000");
    const last = send(card, secondCryptogramHex("40", { ...APPROVED, responseCode: "3030" }));
    expect(toHex(objectOf(last, 0x77, 0x9f27))).toBe("40");
    expect(bank(card)).toMatchObject({ balanceFen: 20_000, newCard: false, lastOnlineAtc: 1, onlineNotCompleted: false });
    expect(card.loads).toMatchObject([{ purse: "electronic-cash", amountFen: 10_000, onlineSeqBefore: 1 }]);
    expect(send(card, "00B2016400").slice(0, 28)).toBe("9f79000000010000000000020000");
  });

  it("with a wrong word of the issuer is declined", () => {
    const card = made({}, contact);
    expectOk(card, SELECT_CASH);
    expectOk(card, processContactHex({ amountFen: 0, cash: "00" }));
    expectOk(card, firstCryptogramHex("80", APPROVED));
    expect(send(card, "008200000A00000000000000003030")).toBe("6300");
    expect(send(card, "008200000A00000000000000003030")).toBe("6985");
    const last = send(card, secondCryptogramHex("40", { ...APPROVED, responseCode: "3030" }));
    expect(toHex(objectOf(last, 0x77, 0x9f27))).toBe("00");
    expect(bank(card)).toMatchObject({ issuerAuthenticationFailed: true, onlineNotCompleted: true });
  });

  it("verifies a PIN, counts the wrong ones and is unblocked and changed by script", () => {
    const card = made({ pin: "123456" }, contact);
    const issuer = new TestIssuer(suite);
    expectOk(card, SELECT_CASH);
    expectOk(card, processContactHex({ amountFen: 0, cash: "00" }));
    expect(send(card, "002000800726123456ffffff")).toBe("6700");
    expect(send(card, "0020008008" + "26123456ffffffff")).toBe("9000");
    for (const word of ["63c2", "63c1", "63c0", "6983"]) expect(send(card, "0020008008" + "26123457ffffffff")).toBe(word);
    const transaction = { counter: 1, cryptogram: objectOf(send(card, firstCryptogramHex("80", APPROVED)), 0x77, 0x9f26) };
    expect(send(card, issuer.scriptHex(transaction, "84240000"))).toBe("9000");
    expect(bank(card).pinTriesLeft).toBe(3);
    expect(send(card, issuer.changePinHex(transaction, "654321"))).toBe("9000");
    expect(send(card, "0020008008" + "26654321ffffffff")).toBe("9000");
  });

  it("blocks and unblocks application and card by script", () => {
    const card = made({}, contact);
    const issuer = new TestIssuer(suite);
    const begin = () => {
      card.powerUp();
      const word = send(card, SELECT_CASH).slice(-4);
      expectOk(card, processContactHex({ amountFen: 0, cash: "00" }));
      const answer = send(card, firstCryptogramHex("80", APPROVED));
      return { word, kind: toHex(objectOf(answer, 0x77, 0x9f27)), transaction: { counter: bank(card).atc, cryptogram: objectOf(answer, 0x77, 0x9f26) } };
    };
    expect(send(card, issuer.scriptHex(begin().transaction, "841E0000"))).toBe("9000");
    const blocked = begin();
    expect([blocked.word, blocked.kind]).toEqual(["6283", "00"]);
    expect(send(card, issuer.scriptHex(blocked.transaction, "84180000"))).toBe("9000");
    const free = begin();
    expect([free.word, free.kind]).toEqual(["9000", "80"]);
    expect(send(card, issuer.scriptHex({ ...free.transaction, counter: 1 }, "84160000"))).toBe("6988");
    expect(send(card, issuer.scriptHex(free.transaction, "84160000"))).toBe("9000");
    expect(send(card, GET_COUNTER)).toBe("6a81");
    card.powerUp();
    expect(send(card, SELECT_CASH)).toBe("6a81");
  });
});

describe("profile switches", () => {
  it.each([
    ["04", "84"],
    ["84", "04"],
  ] as const)("PUT DATA is of class %s and not %s", (putDataCla, other) => {
    const card = made({}, { interface: "contact", profile: { putDataCla } });
    const issuer = new TestIssuer(suite);
    expectOk(card, SELECT_CASH);
    expectOk(card, processContactHex({ amountFen: 0, cash: "00" }));
    const transaction = { counter: 1, cryptogram: objectOf(send(card, firstCryptogramHex("80", APPROVED)), 0x77, 0x9f26) };
    expect(send(card, issuer.scriptHex(transaction, `${other}DA9F78`, fromHex("000000000100")))).toBe("6d00");
    expect(send(card, issuer.scriptHex(transaction, `${putDataCla}DA9F78`, fromHex("000000000100")))).toBe("9000");
    expect(bank(card).singleLimitFen).toBe(100);
  });

  it.each([
    ["fromCard", "04"],
    ["01", "01"],
    ["04", "04"],
  ] as const)("the algorithm byte is %s: %s", (acAlgByte, byte) => {
    const card = made({}, { profile: { acAlgByte } });
    expectOk(card, SELECT_CASH);
    expect(toHex(objectOf(send(card, processQuickHex({ ...APPROVED, qualifiers: WITH_HOST })), 0x77, 0x9f10).slice(7, 8))).toBe(byte);
  });
});
