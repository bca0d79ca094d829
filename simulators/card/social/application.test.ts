/* The social application: selection, identity files, PIN and the two authentications, against the module. */
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex, u8, xorBytes } from "../../../device/base/bytes.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { makeTestPsam } from "../../psam/make.ts";
import { SOCIAL_ADF_NAME, SOCIAL_NAME_DES, SOCIAL_NAME_SM4 } from "../../psam/psam.ts";
import { cardNumberWithCheck, makeTestCard, type TestCardOptions, testSocialSecurityNumber } from "../make.ts";
import { expectOk, PURSE_SELECT, send } from "../testing.ts";

const suite = openCipherSuite();
const SELECT_SSSE = "00A404000F7378312E73682EC9E7BBE1B1A3D5CF00";

function selected(options: Partial<TestCardOptions> = {}) {
  const card = makeTestCard(suite, { balanceFen: 0, algorithm: "sm4", serial: 42, ...options });
  card.powerUp();
  expectOk(card, SELECT_SSSE);
  return card;
}

type Card = ReturnType<typeof selected>;

/** Authentication data from the module, as a terminal gets it: deliver the key, cipher the raw value, fold 16 bytes to 8. */
function fromModule(
  card: Card,
  options: { readonly algorithm: "3des" | "sm4"; readonly id: string; readonly factor: string; readonly raw: string; readonly level: 1 | 2 | 3 },
): string {
  const { algorithm, id, factor, raw, level } = options;
  const psam = makeTestPsam(suite, { socialLevel: level });
  psam.powerUp();
  const name = algorithm === "sm4" ? SOCIAL_NAME_SM4 : SOCIAL_NAME_DES;
  expectOk(psam, `00A404000F${name}00`);
  expectOk(psam, `00A4040006${SOCIAL_ADF_NAME}00`);
  expectOk(psam, "BFEC00000199");
  const factors = [toHex(card.powerUp()).slice(18, 34), "3939303130307378", "3939303030307368"].slice(0, level).join("");
  const filler = algorithm === "sm4" ? "00".repeat(8) : "";
  const data = fromHex(`${factors}${factor}${filler}`);
  expectOk(psam, toHex(concat(fromHex(`BFDE${(0x07 | (level << 5)).toString(16)}${id}`), u8(data.length), data)));
  const whole = expectOk(psam, `80FA0000${algorithm === "sm4" ? "10" : "08"}${raw}${filler}00`);
  return toHex(algorithm === "sm4" ? xorBytes(whole.slice(0, 8), whole.slice(8)) : whole);
}

describe("selection", () => {
  it.each([
    ["3des", "01"],
    ["sm4", "03"],
  ] as const)("names the algorithm %s in tag 86", (algorithm, byte) => {
    expect(send(selected({ algorithm }), SELECT_SSSE)).toBe(`6f1c840f7378312e73682ec9e7bbe1b1a3d5cfa50988011e9f0c038601${byte}9000`);
  });

  it("can leave tag 86 out", () => {
    expect(send(selected({ showsAlgorithm: false }), SELECT_SSSE)).toBe("6f16840f7378312e73682ec9e7bbe1b1a3d5cfa50388011e9000");
  });

  it.each([
    ["00A4040003112233", "6a82"],
    ["00A4010002EF05", "6a86"],
    ["00A4040203112233", "6a82"],
    ["00A4040C03112233", "6a86"],
    ["00A4020203112233", "6a86"],
    ["00A4020002EF09", "6a82"],
    ["00A402000105", "6700"],
  ])("%s answers %s", (command, expected) => {
    expect(send(selected(), command)).toBe(expected);
  });

  it.each([
    ["contact", "3b6d00000081544c538660990100000042"],
    ["contactless", "3b8d80010081544c538660990100000042fa"],
  ] as const)("answers to reset over %s", (kind, atr) => {
    const card = makeTestCard(suite, { balanceFen: 0, algorithm: "sm4", serial: 42, interface: kind });
    expect(toHex(card.powerUp())).toBe(atr);
  });

  it("a blocked social application leaves the purse alone", () => {
    const card = selected();
    card.setFaults({ blocked: "social" });
    expect(send(card, SELECT_SSSE)).toBe("9303");
    expect(send(card, "00B2012800")).toBe("9303");
    expect(send(card, PURSE_SELECT).slice(-4)).toBe("9000");
  });
});

describe("files", () => {
  it.each([
    ["tag 05 in SFI 5", "00B2052800", "0504202001019000"],
    ["first record in SFI 5", "00B2012C00", "0110990100d15600000500000042544553549000"],
    ["tag that is not there", "00B20F2800", "6a83"],
    ["no current file", "00B2010000", "6986"],
    ["file that is not there", "00B2014800", "6a82"],
    ["EF06 of a third-generation card", "00B2083000", "6982"],
    ["too little room", "00B2052803", "6c06"],
  ])("%s", (_, command, expected) => {
    expect(send(selected(), command)).toBe(expected);
  });

  it("reads the selected file from the first record to the last", () => {
    const card = selected();
    expectOk(card, "00A4020002EF05");
    expect(send(card, "00B2010540")).toHaveLength(2 * 0x40 + 4);
    expect(send(card, "00B2030000")).toBe("0304332e30009000");
  });

  it("a second-generation card gives EF06 freely and calls itself 2.0", () => {
    const card = selected({ generation: "2" });
    expect(send(card, "00B2083000").slice(0, 4)).toBe("0812");
    expect(send(card, "00B2032800")).toBe("0304322e30009000");
  });

  it("makes up numbers with right check characters", () => {
    expect(cardNumberWithCheck("T0000042")).toMatch(/^T0000042[0-9X]$/);
    // The example that the national standard for citizen numbers prints.
    expect(testSocialSecurityNumber("110105", "19491231", 2)).toBe("11010519491231002X");
  });
});

describe("PIN", () => {
  it.each([
    ["even", "123456", "0020000003123456"],
    ["odd", "12345", "002000000312345F"],
  ])("takes an %s number of digits", (_, pin, command) => {
    expect(send(selected({ pin }), command)).toBe("9000");
  });

  it("counts wrong tries, locks, and never unlocks by power", () => {
    const card = selected({ pin: "123456" });
    expect(
      ["0020000003000000", "00200000", "0020000003000000", "0020000003000000", "0020000003123456", "0020000000"].map((command) => send(card, command)),
    ).toEqual(["63c2", "63c2", "63c1", "63c0", "6983", "6983"]);
    card.powerUp();
    expectOk(card, SELECT_SSSE);
    expect(send(card, "0020000003123456")).toBe("6983");
  });

  it("asks without moving the counter, and a right PIN restores it", () => {
    const card = selected({ pin: "123456" });
    expect(["0020000000", "0020000003000000", "0020000000", "0020000003123456", "0020000000"].map((command) => send(card, command))).toEqual([
      "63c3",
      "63c2",
      "63c2",
      "9000",
      "63c3",
    ]);
  });

  it("says when no PIN is set", () => {
    const card = selected();
    expect(send(card, "00200000")).toBe("9000");
    expect(send(card, "0020000003123456")).toBe("6985");
  });

  it("opens DF04 until power goes", () => {
    const card = selected({ pin: "123456" });
    const selectMedical = "00A4040006D1560000050300";
    expectOk(card, selectMedical);
    expect(send(card, "00B2842800")).toBe("6982");
    expectOk(card, "0020000003123456");
    expect(send(card, "00B2842800")).toBe("84039901009000");
    card.powerUp();
    expectOk(card, selectMedical);
    expect(send(card, "00B2842800")).toBe("6982");
  });
});

describe("authentication", () => {
  const levels = (["3des", "sm4"] as const).flatMap((algorithm) => ([1, 2, 3] as const).map((level) => ({ algorithm, level })));

  it.each(levels)("the card proves IRK to a module with $algorithm keys of level $level", ({ algorithm, level }) => {
    const card = selected({ algorithm });
    const expected = fromModule(card, { algorithm, id: "08", factor: "1122334455667788", raw: "A1A2A3A4A5A6A7A8", level });
    card.powerUp();
    expectOk(card, SELECT_SSSE);
    expect(toHex(expectOk(card, "00880000101122334455667788A1A2A3A4A5A6A7A808"))).toBe(expected);
  });

  it.each(levels)("a module with $algorithm keys of level $level opens EF06 by RKSSSE, until another application is selected", ({ algorithm, level }) => {
    const card = selected({ algorithm });
    // The module is asked by a twin of the card, because the challenge must still be the card's last one.
    const raw = toHex(expectOk(card, "0084000008"));
    const factor = toHex(expectOk(card, "0084000008"));
    const twin = makeTestCard(suite, { balanceFen: 0, algorithm, serial: 42 });
    const auth = fromModule(twin, { algorithm, id: "0a", factor, raw, level });
    expect(send(card, `0082000A10${auth}${raw}`)).toBe("9000");
    expect(send(card, "00B2083000").slice(-4)).toBe("9000");
    expectOk(card, PURSE_SELECT);
    expectOk(card, SELECT_SSSE);
    expect(send(card, "00B2083000")).toBe("6982");
  });

  it("wants a fresh challenge of 8 bytes, the right key and the right length", () => {
    const card = selected();
    const data = "00".repeat(16);
    expect(send(card, `0082000A10${data}`)).toBe("6985");
    expectOk(card, "0084000004");
    expect(send(card, `0082000A10${data}`)).toBe("6985");
    expect(send(card, `0082000B10${data}`)).toBe("6a88");
    expect(send(card, `0082000A0F${data.slice(2)}`)).toBe("6700");
    expect(send(card, "0084000005")).toBe("6700");
    expect(send(card, `0088000111${data}02`)).toBe("6a88");
  });

  it("counts failed external authentications down to locked", () => {
    const card = selected();
    const words = Array.from({ length: 11 }, () => {
      expectOk(card, "0084000008");
      return send(card, `0082000A10${"00".repeat(16)}`);
    });
    expect(words).toEqual(["63c9", "63c8", "63c7", "63c6", "63c5", "63c4", "63c3", "63c2", "63c1", "63c0", "6983"]);
  });
});
