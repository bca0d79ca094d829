/* The e-purse's states and status words, one row each. */
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { makeTestPsam } from "../psam/make.ts";
import { makeTestCard, type TestCardOptions } from "./make.ts";
import { expectOk, finishPurchase, openPurchase, PURSE_SELECT, proveHex, send } from "./testing.ts";
import { topUp } from "./top-up.ts";

const suite = openCipherSuite();
const INITIALIZE = "805001020B01000001C2990100000001";

function selected(options: Partial<TestCardOptions> = {}) {
  const card = makeTestCard(suite, { balanceFen: 1_000, algorithm: "3des", ...options });
  card.powerUp();
  expectOk(card, PURSE_SELECT);
  return card;
}

describe("status words of the e-purse", () => {
  it.each([
    ["unknown class", "905C000204", "6e00"],
    ["unknown instruction", "8058000000", "6d00"],
    ["purchase for the passbook", "805001010B01000001C2990100000001", "6a86"],
    ["CAPP purchase", "805003020B01000001C2990100000001", "6a86"],
    ["key index that is not there", "805001020B02000001C2990100000001", "9403"],
    ["more than there is", "805001020B01000003E9990100000001", "9401"],
    ["INITIALIZE too short", "805001020A01000001C29901000000", "6700"],
    ["data and length disagree", "805001020B01000001C29901", "6700"],
    ["DEBIT without INITIALIZE", `805401000F${"00".repeat(15)}`, "6901"],
    ["CREDIT without INITIALIZE", `805200000B${"00".repeat(11)}`, "6901"],
    ["proof when nothing was bought", proveHex(1), "9406"],
    ["proof with a long sequence", "805A000603000001", "6700"],
    ["proof with P1", "805A0106020001", "6a86"],
    ["balance of the passbook", "805C000104", "6a86"],
    ["balance with too little room", "805C000202", "6c04"],
    ["file that is not there", "00B0970010", "6a82"],
    ["offset behind the end", "00B0953001", "6b00"],
    ["record of a transparent file", "00B201AC00", "6981"],
    ["log record that is not there", "00B201C417", "6a83"],
    ["log record by an odd form", "00B201C300", "6a86"],
    ["VERIFY outside the social application", "00200000021234", "6985"],
    ["bytes that are no command", "8050", "6700"],
  ])("%s", (_, command, expected) => {
    expect(send(selected(), command)).toBe(expected);
  });

  it("serves the whole balance, an amount of zero, and not a fen more", () => {
    expect(send(selected({ balanceFen: 450 }), INITIALIZE).endsWith("9000")).toBe(true);
    expect(send(selected({ balanceFen: 449 }), INITIALIZE)).toBe("9401");
    expect(send(selected({ balanceFen: 0 }), "805001020B0100000000990100000001").endsWith("9000")).toBe(true);
  });

  it("answers 9402 when its counter is used up", () => {
    expect(send(selected({ offlineSeq: 0xffff }), INITIALIZE)).toBe("9402");
    expect(send(selected({ faults: { counterExhausted: true } }), INITIALIZE)).toBe("9402");
  });

  it("wants the e-purse to be selected", () => {
    const card = makeTestCard(suite, { balanceFen: 1_000, algorithm: "3des" });
    card.powerUp();
    expect(send(card, INITIALIZE)).toBe("6985");
  });

  it("shows its issuer, serial and dates in EF15 and in the answer to SELECT", () => {
    const card = selected({ serial: 7 });
    const publicData = send(card, "00B095001E");
    expect(publicData).toBe(`9901000000000001020100009900000000000007${"2020010120401231"}55669000`);
    expect(send(card, PURSE_SELECT)).toBe(`6f2d8408a000000632010105a5219f0c1e${publicData}`);
  });

  it("shows an expired card by its dates only", () => {
    expect(send(selected({ expired: true }), "00B0951804")).toBe("202112319000");
  });

  it.each([
    ["purse", "9303"],
    ["card", "6a81"],
  ] as const)("a blocked %s refuses selection and all else", (blocked, word) => {
    const card = selected();
    card.setFaults({ blocked });
    expect(send(card, "805C000204")).toBe(word);
    expect(send(card, PURSE_SELECT)).toBe(word);
    expect(send(card, "805C000204")).toBe(word);
  });
});

describe("the opened purchase", () => {
  const between = [
    ["GET BALANCE", "805C000204", true],
    ["a refused GET BALANCE", "805C000104", true],
    ["GET TRANSACTION PROVE", proveHex(9), true],
    ["READ BINARY", "00B095001E", false],
    ["SELECT", PURSE_SELECT, false],
    ["an unknown instruction", "80FF000000", false],
    ["bytes that are no command", "80", false],
  ] as const;

  it.each(between)("%s between INITIALIZE and DEBIT: stays open = %s", (_, command, staysOpen) => {
    const card = makeTestCard(suite, { balanceFen: 1_000, algorithm: "sm4" });
    const psam = makeTestPsam(suite);
    const purchase = openPurchase(card, psam, { amountFen: 10, level: 2 });
    send(card, command);
    expect(send(card, purchase.debitHex).slice(-4)).toBe(staysOpen ? "9000" : "6901");
    expect(card.balanceFen).toBe(staysOpen ? 990 : 1_000);
  });

  it("takes a DEBIT once", () => {
    const card = makeTestCard(suite, { balanceFen: 1_000, algorithm: "sm4" });
    const psam = makeTestPsam(suite);
    const purchase = openPurchase(card, psam, { amountFen: 10, level: 2 });
    finishPurchase(card, psam, purchase);
    expect(send(card, purchase.debitHex)).toBe("6901");
    expect(card.debits).toHaveLength(1);
  });

  it("a wrong MAC1 answers 9302, moves nothing and ends the purchase", () => {
    const card = makeTestCard(suite, { balanceFen: 1_000, algorithm: "sm4" });
    const psam = makeTestPsam(suite, { faults: { wrongMac1: true } });
    const purchase = openPurchase(card, psam, { amountFen: 10, level: 2 });
    expect(send(card, purchase.debitHex)).toBe("9302");
    expect(send(card, purchase.debitHex)).toBe("6901");
    expect([card.balanceFen, card.offlineSeq, card.debits.length]).toEqual([1_000, 0, 0]);
  });

  it("a card with a wrong MAC2 has debited all the same, and the module refuses it", () => {
    const card = makeTestCard(suite, { balanceFen: 1_000, algorithm: "sm4", faults: { wrongMac2: true } });
    const psam = makeTestPsam(suite);
    const purchase = openPurchase(card, psam, { amountFen: 10, level: 2 });
    expect(() => finishPurchase(card, psam, purchase)).toThrow("9302");
    expect(card.balanceFen).toBe(990);
  });

  it("a card with a wrong TAC gives the same wrong TAC as proof", () => {
    const [right, wrong] = [{}, { wrongTac: true }].map((faults) => {
      const card = makeTestCard(suite, { balanceFen: 1_000, algorithm: "sm4", faults });
      const psam = makeTestPsam(suite);
      const { tac } = finishPurchase(card, psam, openPurchase(card, psam, { amountFen: 10, level: 2 }));
      expect(send(card, proveHex(1)).slice(8, 16)).toBe(toHex(tac));
      return toHex(tac);
    });
    expect(wrong).not.toBe(right);
  });
});

describe("log and load", () => {
  it("keeps the last ten records, newest first", () => {
    const card = makeTestCard(suite, { balanceFen: 1_000, algorithm: "3des" });
    const psam = makeTestPsam(suite);
    for (let amountFen = 1; amountFen <= 12; amountFen += 1) finishPurchase(card, psam, openPurchase(card, psam, { amountFen, level: 2 }));
    expect(send(card, "00B201C417").slice(0, 18)).toBe("000c0000000000000c");
    expect(send(card, "00B20AC417").slice(0, 18)).toBe("000300000000000003");
    expect(send(card, "00B20BC417")).toBe("6a83");
  });

  it.each([
    ["3des", "direct"],
    ["sm4", "direct"],
    ["sm4", "t0"],
  ] as const)("a load by the counter adds money and leaves the purchase proof (%s, %s)", (algorithm, lengthRule) => {
    const card = makeTestCard(suite, { balanceFen: 1_000, algorithm, lengthRule });
    const psam = makeTestPsam(suite);
    const { tac } = finishPurchase(card, psam, openPurchase(card, psam, { amountFen: 10, level: 2 }));
    topUp(suite, card, { amountFen: 5_000 });
    expect(card.balanceFen).toBe(5_990);
    expect(card.loads).toHaveLength(1);
    card.powerUp();
    expectOk(card, PURSE_SELECT);
    expect(send(card, proveHex(1)).slice(8, 16)).toBe(toHex(tac));
    expect(send(card, "00B201C417").slice(10, 20)).toBe("0000138802");
  });

  it("a load with a wrong MAC2 adds nothing", () => {
    const card = selected();
    expectOk(card, "805000020B0100001388990100999999");
    expect(send(card, `805200000B20260101080000${"00".repeat(4)}`)).toBe("9302");
    expect(card.balanceFen).toBe(1_000);
  });
});

describe("length rules of a T=0 contact card", () => {
  it("gives 61xx and 6Cxx and serves GET RESPONSE once", () => {
    const card = makeTestCard(suite, { balanceFen: 1_000, algorithm: "3des", lengthRule: "t0" });
    card.powerUp();
    expect(toHex(card.transmit(fromHex("00C0000010")))).toBe("6985");
    expect(toHex(card.transmit(fromHex(PURSE_SELECT)))).toBe("612f");
    expect(toHex(card.transmit(fromHex("00C0000010")))).toBe("6c2f");
    expect(toHex(card.transmit(fromHex("00C000002F"))).slice(-4)).toBe("9000");
    expect(toHex(card.transmit(fromHex("00C000002F")))).toBe("6985");
    expect(toHex(card.transmit(fromHex("00B0950000")))).toBe("6c1e");
    expect(toHex(card.transmit(fromHex("805C000200")))).toBe("6c04");
  });
});
