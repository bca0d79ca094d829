/* The module's states and status words, one row each. */
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { makeTestCard } from "../card/make.ts";
import { expectOk, finishPurchase, openPurchase, PSAM_SELECT, send } from "../card/testing.ts";
import { socialMac, socialSessionKey } from "../crypto/social.ts";
import { cityFactor, deriveSocialKey, provinceFactor, testRootKey } from "../crypto/test-keys.ts";
import { makeTestPsam, type TestPsamOptions } from "./make.ts";
import { PURSE_NAME, SimulatedPsam, SOCIAL_ADF_NAME, SOCIAL_NAME_DES, SOCIAL_NAME_SM4 } from "./psam.ts";
import type { PsamSnapshot } from "./state.ts";

const suite = openCipherSuite();
const FACTORS = "9900000000000001" + "9901000000000001";
const init = (version: string, algorithm: string, factors = FACTORS) => {
  const body = `A1A2A3A40001000001C20620260102030405${version}${algorithm}${factors}`;
  return `80700000${(body.length / 2).toString(16).padStart(2, "0")}${body}08`;
};

function purse(options: TestPsamOptions = {}): SimulatedPsam {
  const psam = makeTestPsam(suite, options);
  psam.powerUp();
  expectOk(psam, PSAM_SELECT);
  return psam;
}

function social(name: string, options: TestPsamOptions = {}): SimulatedPsam {
  const psam = makeTestPsam(suite, options);
  psam.powerUp();
  expectOk(psam, `00A404000F${name}00`);
  expectOk(psam, `00A4040006${SOCIAL_ADF_NAME}00`);
  return psam;
}

describe("selection and files", () => {
  it.each([
    ["by identifier", PSAM_SELECT],
    ["by name", `00A4040010${PURSE_NAME}00`],
  ])("selects the e-purse directory %s", (_, command) => {
    const psam = makeTestPsam(suite);
    psam.powerUp();
    expect(send(psam, command)).toBe(`6f128410${PURSE_NAME}9000`);
  });

  it("gives its terminal number and the sequence that comes next", () => {
    const psam = purse({ terminalNumber: "990100000042", terminalSeq: 0x1234 });
    expect(send(psam, "00B0960006")).toBe("9901000000429000");
    expect(send(psam, "00B0990004")).toBe("000012349000");
    expect(toHex(expectOk(psam, init("01", "00"))).slice(0, 8)).toBe("00001234");
    expect(send(psam, "00B0990004")).toBe("000012359000");
    expect(send(psam, "00B095000F")).toHaveLength(34);
  });

  it("knows a directory only when it has keys for it", () => {
    const psam = makeTestPsam(suite, { algorithms: ["sm4"] });
    psam.powerUp();
    expect(send(psam, `00A404000F${SOCIAL_NAME_DES}00`)).toBe("6a82");
    expect(send(psam, `00A404000F${SOCIAL_NAME_SM4}00`).slice(-4)).toBe("9000");
  });

  it("has the social application below its environment only", () => {
    const psam = makeTestPsam(suite);
    psam.powerUp();
    expect(send(psam, `00A4040006${SOCIAL_ADF_NAME}00`)).toBe("6a82");
  });
});

describe("status words of a purchase", () => {
  it.each([
    ["unknown class", "90700000", "6e00"],
    ["unknown instruction", "80710000", "6d00"],
    ["INIT of the medical purse", init("01", "00").replace("80700000", "80700100"), "6a86"],
    ["INIT too short", "8070000003010203", "6700"],
    ["INIT with half a factor", `${init("01", "00").slice(0, 8)}28${init("01", "00").slice(10, -2)}01020304`, "6700"],
    ["one factor too few", init("01", "00", FACTORS.slice(16)), "6a80"],
    ["one factor too many", init("01", "00", `${FACTORS}3939303030307368`), "6a80"],
    ["no factor", init("01", "00", ""), "6a80"],
    ["key version that is not there", init("02", "00"), "6a88"],
    ["algorithm that is not there", init("01", "02"), "6a88"],
    ["CREDIT without INIT", "807200000401020304", "6901"],
  ])("%s", (_, command, expected) => {
    expect(send(purse(), command)).toBe(expected);
  });

  it("wants the e-purse directory", () => {
    const psam = makeTestPsam(suite);
    psam.powerUp();
    expect(send(psam, init("01", "00"))).toBe("6985");
  });

  it("takes another algorithm byte for SM4 by profile", () => {
    expect(send(purse({ profile: { psamAlgByteSm4: 0x04 } }), init("01", "04")).slice(-4)).toBe("9000");
    expect(send(purse({ profile: { psamAlgByteSm4: 0x04 } }), init("01", "03"))).toBe("6a88");
  });

  it.each([
    ["9302", "9302"],
    ["63CF", "63cf"],
  ] as const)("a wrong MAC2 answers %s and ends the purchase", (psamCreditError, word) => {
    const psam = purse({ profile: { psamCreditError } });
    expectOk(psam, init("01", "00"));
    expect(send(psam, "807200000401020304")).toBe(word);
    expect(send(psam, "807200000401020304")).toBe("6901");
  });

  it.each([
    ["READ BINARY", "00B0960006"],
    ["SELECT", PSAM_SELECT],
    ["an unknown command", "80FF0000"],
  ])("%s between INIT and CREDIT ends the purchase", (_, command) => {
    const card = makeTestCard(suite, { balanceFen: 100, algorithm: "sm4" });
    const psam = makeTestPsam(suite);
    const purchase = openPurchase(card, psam, { amountFen: 1, level: 2 });
    send(psam, command);
    expect(() => finishPurchase(card, psam, purchase)).toThrow("6901");
  });

  it("loses the purchase with its power, and keeps the sequence", () => {
    const card = makeTestCard(suite, { balanceFen: 100, algorithm: "sm4" });
    const psam = makeTestPsam(suite, { terminalSeq: 5 });
    const purchase = openPurchase(card, psam, { amountFen: 1, level: 2 });
    psam.powerUp();
    expectOk(psam, PSAM_SELECT);
    expect(() => finishPurchase(card, psam, purchase)).toThrow("6901");
    expect(psam.terminalSeq).toBe(6);
    expect(SimulatedPsam.fromSnapshot(suite, JSON.parse(JSON.stringify(psam.toSnapshot())) as PsamSnapshot).terminalSeq).toBe(6);
  });

  it("checks a MAC2 that comes by the card's proof after a torn DEBIT, in the session of that purchase", () => {
    const card = makeTestCard(suite, { balanceFen: 100, algorithm: "sm4" });
    const psam = makeTestPsam(suite);
    const purchase = openPurchase(card, psam, { amountFen: 1, level: 2 });
    card.tear(fromHex(purchase.debitHex), "after");
    card.powerUp();
    expectOk(card, "00A4040008A00000063201010500");
    const proof = expectOk(card, "805A000602000108");
    expect(send(psam, `8072000004${toHex(proof.slice(0, 4))}`)).toBe("9000");
  });

  it("refuses the proof of another sale", () => {
    const card = makeTestCard(suite, { balanceFen: 100, algorithm: "sm4" });
    const psam = makeTestPsam(suite);
    const first = finishPurchase(card, psam, openPurchase(card, psam, { amountFen: 1, level: 2 }));
    openPurchase(card, psam, { amountFen: 1, level: 2 });
    expect(send(psam, `8072000004${toHex(first.mac2)}`)).toBe("9302");
  });

  it("a locked module says so", () => {
    expect(send(purse({ faults: { locked: true } }), init("01", "00"))).toBe("6983");
  });
});

describe("social keys", () => {
  const factors = `6099010000000001${toHex(cityFactor("990100"))}${toHex(provinceFactor("990100"))}`;
  const deliver = (name: string, key = "6708") =>
    `BFDE${key}${name === SOCIAL_NAME_SM4 ? "28" : "20"}${factors}1122334455667788${name === SOCIAL_NAME_SM4 ? "00".repeat(8) : ""}`;

  it.each([
    ["delivery before the environment", [deliver(SOCIAL_NAME_SM4)], "6985"],
    ["cipher without a key", [`80FA000010${"00".repeat(16)}`], "6901"],
    ["an environment that is not BCD", ["BFEC0000019A"], "6a80"],
    ["an environment of two bytes", ["BFEC0000029901"], "6700"],
    ["a key that is not there", ["BFEC00000199", `BFDE6709${deliver(SOCIAL_NAME_SM4).slice(8)}`], "6a88"],
    ["two factors for a root key", ["BFEC00000199", `BFDE670820${factors.slice(0, 32)}${"00".repeat(16)}`], "6a80"],
    ["half a factor", ["BFEC00000199", `BFDE670814${"00".repeat(20)}`], "6700"],
    ["ciphering half a block", ["BFEC00000199", deliver(SOCIAL_NAME_SM4), `80FA000008${"00".repeat(8)}`], "6700"],
    ["nine blocks", ["BFEC00000199", deliver(SOCIAL_NAME_SM4), `80FA000090${"00".repeat(0x90)}`], "6700"],
    ["an unknown use", ["BFEC00000199", deliver(SOCIAL_NAME_SM4), `80FA040010${"00".repeat(16)}`], "6a86"],
    ["a MAC that goes on before it began", ["BFEC00000199", deliver(SOCIAL_NAME_SM4, "6609"), `80FA010010${"00".repeat(16)}`], "6901"],
    ["a key used a second time", ["BFEC00000199", deliver(SOCIAL_NAME_SM4), `80FA000010${"00".repeat(16)}`, `80FA000010${"00".repeat(16)}`], "6901"],
  ])("%s", (_, commands, expected) => {
    const psam = social(SOCIAL_NAME_SM4);
    expect(commands.map((command) => send(psam, command)).at(-1)).toBe(expected);
  });

  it.each([
    ["3des", SOCIAL_NAME_DES, 8],
    ["sm4", SOCIAL_NAME_SM4, 16],
  ] as const)("makes the same MAC in one part and in three (%s)", (algorithm, name, block) => {
    const data = Uint8Array.from({ length: block * 3 - 2 }, (_, at) => at);
    const padded = `${toHex(data)}8000`;
    const zeros = "00".repeat(block);
    const length = (hex: string) => (hex.length / 2).toString(16).padStart(2, "0");
    const part = (use: string, hex: string) => `80FA${use}00${length(hex)}${hex}`;
    const blocks = [0, 1, 2].map((at) => padded.slice(at * block * 2, (at + 1) * block * 2));
    const run = (commands: readonly string[]) => {
      const psam = social(name);
      return ["BFEC00000199", deliver(name, "6609"), ...commands].map((command) => send(psam, command)).at(-1);
    };
    const factorList = [0, 1, 2].map((at) => fromHex(factors.slice(at * 16, at * 16 + 16)));
    const cardKey = deriveSocialKey(suite, algorithm, { key: testRootKey(algorithm, "stk"), factors: factorList });
    const key = socialSessionKey(suite, algorithm, { key: cardKey, factor: fromHex("1122334455667788") });
    const expected = `${toHex(socialMac(suite, algorithm, { key, data }))}9000`;
    expect(run([part("05", zeros + padded)])).toBe(expected);
    expect(run([part("07", zeros + blocks[0]), part("03", blocks[1] ?? ""), part("01", blocks[2] ?? "")])).toBe(expected);
  });
});
