/* Access conditions, updates, PIN maintenance and blocks of the social application, in raw bytes, with both algorithms. */
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../device/base/bytes.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import type { TestKeyName } from "../../crypto/test-keys.ts";
import { SimulatedCard } from "../card.ts";
import { makeTestCard, type TestCardOptions } from "../make.ts";
import type { CardSnapshot } from "../state.ts";
import { expectOk, PURSE_SELECT, send } from "../testing.ts";
import { Issuer, SELECTS } from "./testing.ts";

const suite = openCipherSuite();
const PIN = "246813";
const VERIFY = `0020000003${PIN}`;
type Place = keyof typeof SELECTS;

function bench(options: Partial<TestCardOptions> = {}) {
  const card = makeTestCard(suite, { balanceFen: 0, algorithm: "sm4", serial: 42, pin: PIN, ...options });
  card.powerUp();
  expectOk(card, SELECTS.environment);
  return { card, issuer: new Issuer(card) };
}

const algorithms = ["3des", "sm4"] as const;

/** Files with what opens them: P1 P2 of READ RECORD, whether the PIN alone does, and the key. */
interface Read {
  readonly place: Place;
  readonly p1p2: string;
  /** What is enough. */
  readonly by: "key" | "key or PIN" | "key and PIN";
  readonly id: number;
  readonly root: TestKeyName;
}

const READS: readonly Read[] = [
  { place: "environment", p1p2: "0830", by: "key", id: 0x0a, root: "rkssse" },
  { place: "df01", p1p2: "2028", by: "key or PIN", id: 0x8a, root: "rk1-df01" },
  { place: "df01", p1p2: "20A8", by: "key or PIN", id: 0x8a, root: "rk1-df01" },
  { place: "df02", p1p2: "2048", by: "key or PIN", id: 0x8a, root: "rk1-df02" },
  { place: "df03", p1p2: "2028", by: "key or PIN", id: 0x8b, root: "rk2-df03" },
  { place: "df03", p1p2: "2030", by: "key or PIN", id: 0x8a, root: "rk1-df03" },
  { place: "df03", p1p2: "20C8", by: "key or PIN", id: 0x8a, root: "rk1-df03" },
  { place: "medical", p1p2: "8128", by: "key or PIN", id: 0x8a, root: "rk1-df04" },
  { place: "medical", p1p2: "9030", by: "key and PIN", id: 0x8a, root: "rk1-df04" },
  { place: "df07", p1p2: "2028", by: "key", id: 0x8a, root: "rk-df07" },
  { place: "df07", p1p2: "2030", by: "key", id: 0x8b, root: "rk-df07" },
  { place: "df07", p1p2: "2038", by: "key", id: 0x8c, root: "rk-df07" },
];

describe("reading", () => {
  it.each(READS)("$place $p1p2 by $by", ({ place, p1p2, by, id, root }) => {
    const { card, issuer } = bench();
    const read = () => send(card, `00B2${p1p2}00`).slice(-4);
    expectOk(card, SELECTS[place]);
    expect(read()).toBe("6982");
    expect(issuer.prove(id, root)).toBe("9000");
    expect(read()).toBe(by === "key and PIN" ? "6982" : "9000");
    expectOk(card, VERIFY);
    expect(read()).toBe("9000");
    // The proof ends with the directory, the PIN's acceptance does not.
    expectOk(card, PURSE_SELECT);
    expectOk(card, SELECTS[place]);
    expect(read()).toBe(by === "key or PIN" ? "9000" : "6982");
  });

  it("a key of one file does not open its neighbour", () => {
    const { card, issuer } = bench();
    expectOk(card, SELECTS.df03);
    expect(issuer.prove(0x8b, "rk2-df03")).toBe("9000");
    expect(send(card, "00B2203000")).toBe("6982");
  });

  it("the reserved files of DF01 are open, the photo is not", () => {
    const { card, issuer } = bench();
    expectOk(card, SELECTS.df01);
    expect(send(card, "00B0960004")).toBe("161d242b9000");
    expectOk(card, SELECTS.environment);
    expect(send(card, "00B0880004")).toBe("6982");
    expect(issuer.prove(0x0a, "rkssse")).toBe("9000");
    expectOk(card, "00A4020002EF08");
    expect(send(card, "00B00FFE02")).toBe("fa019000");
    expect(send(card, "00B0100001")).toBe("6b00");
  });

  it("cyclic files without records answer so", () => {
    const { card } = bench();
    expectOk(card, SELECTS.medical);
    expectOk(card, VERIFY);
    expect(["00B2014400", "00B201AC00"].map((command) => send(card, command))).toEqual(["6a83", "6a83"]);
  });
});

describe("selection", () => {
  it("a partial name finds the first directory, and the next ones in turn", () => {
    const { card } = bench();
    const names = [0x00, 0x02, 0x02, 0x02, 0x02, 0x02].map((p2) => send(card, `00A404${p2.toString(16).padStart(2, "0")}05D15600000500`).slice(8, 20));
    expect(names).toEqual(["d15600000500", "d15600000501", "d15600000502", "d15600000503", "d15600000504", ""]);
    expect(send(card, "00A4040205D15600000500")).toBe("6a82");
  });

  it("a directory is selected by its identifier, from the root too", () => {
    const { card } = bench();
    expect(send(card, "00A4000002DF0400").slice(8, 20)).toBe("d15600000503");
    expect(send(card, "00A40000023F00")).toBe("9000");
    expect(send(card, "00A4000002DF0300").slice(8, 20)).toBe("d15600000502");
    expect(send(card, "00A4000002DF09")).toBe("6a82");
  });

  it.each([
    ["1", "6a82", "6a83", "6982"],
    ["2", "9000", "9000", "6982"],
    ["3", "9000", "6982", "6982"],
  ] as const)("generation %s has DF07, a name extension and a photo in its own way", (generation, personnel, extension, photo) => {
    const { card } = bench({ generation, algorithm: generation === "1" ? "3des" : "sm4" });
    expect(send(card, SELECTS.df07).slice(-4)).toBe(personnel);
    expectOk(card, SELECTS.environment);
    expect(send(card, "00B24E3000").slice(-4)).toBe(extension);
    expect(send(card, "00B0880001")).toBe(generation === "1" ? "6a82" : photo);
    expect(send(card, "00B2032800").slice(4, 6)).toBe(`3${generation}`);
    expectOk(card, SELECTS.medical);
    expect(send(card, "00B2903000").slice(-4)).toBe(generation === "1" ? "6a82" : "6982");
  });

  it("a first-generation card names no algorithm", () => {
    expect(send(bench({ generation: "1", algorithm: "3des" }).card, SELECTS.environment)).toBe("6f16840f7378312e73682ec9e7bbe1b1a3d5cfa50388011e9000");
  });
});

describe("updating", () => {
  it.each(algorithms.flatMap((algorithm) => ([4, 8, 16] as const).map((bytes) => [algorithm, bytes] as const)))(
    "with %s a MAC over a challenge of %i bytes opens an item to whoever has proved the update key",
    (algorithm, bytes) => {
      const { card, issuer } = bench({ algorithm });
      expectOk(card, SELECTS.medical);
      expectOk(card, VERIFY);
      expect(issuer.prove(0x84, "uk1-df04")).toBe("9000");
      const fits = algorithm === "sm4" || bytes === 8;
      expect(send(card, issuer.secured("stk-df04", "04DC8F28", "8f0132", bytes))).toBe(fits ? "9000" : "6985");
      expect(send(card, "00B28F2800")).toBe(fits ? "8f01329000" : "8f01319000");
    },
  );

  it("is refused without the key, with another file's key, in the clear, and with a wrong MAC", () => {
    const { card, issuer } = bench();
    expectOk(card, SELECTS.medical);
    expectOk(card, VERIFY);
    const secured = () => issuer.secured("stk-df04", "04DC8F28", "8f0132");
    expect(send(card, secured())).toBe("6982");
    expect(issuer.prove(0x85, "uk2-df04")).toBe("9000");
    expect(send(card, secured())).toBe("6982");
    expect(issuer.prove(0x84, "uk1-df04")).toBe("9000");
    expect(send(card, "00DC8F28038F0132")).toBe("6982");
    expect(send(card, issuer.secured("stk-df03", "04DC8F28", "8f0132"))).toBe("6988");
    expect(
      send(
        card,
        secured().replace(/.{2}$/, (last) => (last === "00" ? "01" : "00")),
      ),
    ).toBe("6988");
    const stale = secured();
    expectOk(card, "0084000008");
    expect(send(card, stale)).toBe("6988");
    expect(send(card, stale)).toBe("6985");
    expect(send(card, "00B28F2800")).toBe("8f01319000");
  });

  it.each([
    ["another tag", "04DC8F28", "8e0132", "6a80"],
    ["another length", "04DC8F28", "8f023232", "6a80"],
    ["an item that is not there", "04DC9928", "990132", "6a83"],
    ["a record number that is not there", "04DC2C2C", "8f0132", "6a83"],
    ["a form that there is not", "04DC8F2A", "8f0132", "6a86"],
    ["a file that is not there", "04DC8F48", "8f0132", "6a82"],
    ["the log, which only the card writes", "04DC0043", "00".repeat(28), "6982"],
    ["nothing", "04DC8F28", "", "6700"],
  ])("refuses %s", (_, header, data, expected) => {
    const { card, issuer } = bench();
    expectOk(card, SELECTS.medical);
    expect(issuer.prove(0x84, "uk1-df04")).toBe("9000");
    expect(send(card, issuer.secured("stk-df04", header, data))).toBe(expected);
  });

  it("puts the newest record of a cyclic file first and keeps eight", () => {
    const { card, issuer } = bench();
    expectOk(card, SELECTS.medical);
    expectOk(card, VERIFY);
    expect(issuer.prove(0x85, "uk2-df04")).toBe("9000");
    for (let count = 1; count <= 9; count += 1)
      expect(send(card, issuer.secured("stk-df04", "04DC00AB", `${count.toString(16).padStart(4, "0")}31`))).toBe("9000");
    expect([1, 8, 9].map((number) => send(card, `00B2${number.toString(16).padStart(2, "0")}AC00`))).toEqual(["0009319000", "0002319000", "6a83"]);
    expect(send(card, issuer.secured("stk-df04", "04DC00AB", "0001"))).toBe("6700");
    expect(send(card, issuer.secured("stk-df04", "04DC01AC", "000131"))).toBe("6a86");
  });

  it("writes bytes of the photo, in the clear too, and the change outlives power", () => {
    const { card, issuer } = bench();
    expect(issuer.prove(0x04, "uk-ssse")).toBe("9000");
    expect(issuer.prove(0x0a, "rkssse")).toBe("9000");
    expectOk(card, "00A4020002EF08");
    expect(send(card, "00D60FFE02A1A2")).toBe("9000");
    expect(send(card, "00D60FFF02A1A2")).toBe("6b00");
    expect(send(card, issuer.secured("stk", "04D60010", "b1b2"))).toBe("9000");
    expect(send(card, "00D6850001FF")).toBe("6981");
    const again = SimulatedCard.fromSnapshot(suite, JSON.parse(JSON.stringify(card.toSnapshot())) as CardSnapshot);
    again.powerUp();
    expectOk(again, SELECTS.environment);
    expect(new Issuer(again).prove(0x0a, "rkssse")).toBe("9000");
    expect([send(again, "00B0881002"), send(again, "00B0880F01").slice(-4)]).toEqual(["b1b29000", "9000"]);
    expectOk(again, "00A4020002EF08");
    expect(send(again, "00B00FFE02")).toBe("a1a29000");
  });
});

describe("proofs", () => {
  it.each([
    ["environment", 0x04, "uk-ssse"],
    ["environment", 0x05, "bk"],
    ["environment", 0x06, "puk"],
    ["environment", 0x0a, "rkssse"],
    ["environment", 0x83, "lk"],
    ["df01", 0x84, "uk-df01"],
    ["df01", 0x8e, "uk-df01"],
    ["df02", 0x89, "uk-df02"],
    ["df03", 0x8b, "rk2-df03"],
    ["medical", 0x85, "uk2-df04"],
    ["df07", 0x86, "uk-df07"],
    ["df07", 0x06, "puk"],
  ] as const)("in %s the key %i is taken with both algorithms", (place, id, root) => {
    for (const algorithm of algorithms) {
      const { card, issuer } = bench({ algorithm });
      expectOk(card, SELECTS[place]);
      expect(issuer.prove(id, root)).toBe("9000");
    }
  });

  it.each([
    ["environment", 0x00],
    ["environment", 0x02],
    ["environment", 0x84],
    ["df02", 0x8b],
    ["medical", 0x86],
    ["medical", 0x82],
  ] as const)("in %s there is no key %i to prove", (place, id) => {
    const { card, issuer } = bench();
    expectOk(card, SELECTS[place]);
    expect(issuer.prove(id, "stk")).toBe("6a88");
  });

  it("ten failures lock a key for good, a success gives the tries back, and control keys of blocks never lock", () => {
    const { card, issuer } = bench();
    expectOk(card, SELECTS.medical);
    const wrong = () => issuer.prove(0x8a, "stk");
    expect([wrong(), wrong(), issuer.prove(0x8a, "rk1-df04")]).toEqual(["63c9", "63c8", "9000"]);
    expect(Array.from({ length: 11 }, wrong).slice(-3)).toEqual(["63c1", "63c0", "6983"]);
    expect(issuer.prove(0x8a, "rk1-df04")).toBe("6983");
    expect(Array.from({ length: 12 }, () => issuer.prove(0x83, "stk")).every((word) => word === "63ca")).toBe(true);
    expect(issuer.prove(0x83, "lk")).toBe("9000");
    expect(issuer.prove(0x85, "uk2-df04")).toBe("9000");
  });

  it("a failure takes an earlier proof back", () => {
    const { card, issuer } = bench();
    expect(issuer.prove(0x0a, "rkssse")).toBe("9000");
    expect(issuer.prove(0x0a, "stk")).toBe("63c9");
    expect(send(card, "00B2083000")).toBe("6982");
  });
});

describe("the PIN", () => {
  it("is changed by whoever knows it, and stops being the initial one", () => {
    const { card } = bench();
    expect(card.pinIsInitial).toBe(true);
    expect(send(card, `805E010007${PIN}FF135790`)).toBe("9000");
    expect([card.pinIsInitial, card.pinDigits]).toEqual([false, "135790"]);
    expect([send(card, VERIFY), send(card, "0020000003135790"), send(card, "0020000000")]).toEqual(["63c2", "9000", "63c3"]);
  });

  it.each([
    ["a wrong old one", "805E010007111111FF135790", "63c2"],
    ["no separator", `805E010006${PIN}135790`, "6a80"],
    ["a new one that is no digits", `805E010007${PIN}FF13579A`, "6a80"],
    ["a new one of one byte", `805E010005${PIN}FF13`, "6a80"],
    ["other parameters", `805E000007${PIN}FF135790`, "6a86"],
    ["too few bytes", "805E010002FF13", "6700"],
  ])("is not changed with %s", (_, command, expected) => {
    const { card } = bench();
    expect(send(card, command)).toBe(expected);
    expect(card.pinDigits).toBe(PIN);
  });

  it("takes odd numbers of digits, old and new", () => {
    const { card } = bench({ pin: "12345" });
    expect(send(card, "805E01000812345FFF1234567F")).toBe("9000");
    expect(card.pinDigits).toBe("1234567");
  });

  it("cannot be changed where none is set, nor when it is locked", () => {
    const free = makeTestCard(suite, { balanceFen: 0, algorithm: "sm4" });
    free.powerUp();
    expectOk(free, SELECTS.environment);
    expect(send(free, `805E010007${PIN}FF135790`)).toBe("6985");
    const { card } = bench();
    for (let tries = 0; tries < 3; tries += 1) send(card, "0020000003111111");
    expect(send(card, `805E010007${PIN}FF135790`)).toBe("6983");
  });

  it.each(algorithms)("is unlocked with %s by a MAC under the unblocking key, and stays the same", (algorithm) => {
    const { card, issuer } = bench({ algorithm });
    for (let tries = 0; tries < 3; tries += 1) send(card, "0020000003111111");
    expect(send(card, VERIFY)).toBe("6983");
    expect(send(card, issuer.secured("stk", "84240000", ""))).toBe("6988");
    expect(send(card, issuer.secured("puk", "84240000", ""))).toBe("9000");
    expect(send(card, VERIFY)).toBe("9000");
  });

  it("ten wrong MACs lock the unblocking key", () => {
    const { card, issuer } = bench();
    const words = Array.from({ length: 11 }, () => send(card, issuer.secured("stk", "84240000", "")));
    expect(words.slice(-2)).toEqual(["6988", "6983"]);
    expect(issuer.prove(0x06, "puk")).toBe("6983");
    expect(send(card, issuer.secured("puk", "84240000", ""))).toBe("6983");
  });

  it.each(algorithms.flatMap((algorithm) => (["135790", "1357913", "1234567890123"] as const).map((pin) => [algorithm, pin] as const)))(
    "is set anew with %s to %s after the unblocking key was proved",
    (algorithm, pin) => {
      const { card, issuer } = bench({ algorithm });
      for (let tries = 0; tries < 3; tries += 1) send(card, "0020000003111111");
      expect(send(card, issuer.reload(pin))).toBe("6982");
      expect(issuer.prove(0x06, "puk")).toBe("9000");
      expect(send(card, issuer.reload(pin))).toBe("9000");
      expect(card.pinDigits).toBe(pin);
      expect(send(card, "0020000000")).toBe("63c3");
    },
  );

  it("is not set anew by a block of another length, a wrong MAC or what is no PIN", () => {
    const { card, issuer } = bench();
    expect(issuer.prove(0x06, "puk")).toBe("9000");
    expect(send(card, "842400010C112233445566778811223344")).toBe("6700");
    expect(send(card, issuer.secured("stk-df04", "84240001", "00".repeat(16)))).toBe("6988");
    expect(send(card, issuer.secured("stk", "84240001", "00".repeat(16)))).toBe("6a80");
    expect(send(card, issuer.secured("stk", "84240002", ""))).toBe("6a86");
    expect(card.pinDigits).toBe(PIN);
  });

  it("a try is spent before the comparison, so that power that fails gives none away", () => {
    const { card } = bench();
    card.tear(fromHex(VERIFY), "during");
    card.powerUp();
    expectOk(card, SELECTS.environment);
    expect(send(card, "0020000000")).toBe("63c2");
    card.tear(fromHex(VERIFY), "before");
    card.powerUp();
    expectOk(card, SELECTS.environment);
    expect([send(card, "0020000000"), send(card, VERIFY), send(card, "0020000000")]).toEqual(["63c2", "9000", "63c3"]);
  });
});

describe("blocks", () => {
  it.each(algorithms)("a directory is blocked for good with %s, its neighbours are not", (algorithm) => {
    const { card, issuer } = bench({ algorithm });
    expectOk(card, SELECTS.medical);
    expect(send(card, issuer.secured("stk-df04", "841E0001", ""))).toBe("6982");
    expect(issuer.prove(0x83, "lk")).toBe("9000");
    expect(send(card, issuer.secured("stk", "841E0001", ""))).toBe("6988");
    expect(send(card, issuer.secured("stk-df04", "841E0001", ""))).toBe("9000");
    expect(send(card, "0084000008")).toBe("9303");
    card.powerUp();
    expect([send(card, SELECTS.medical), send(card, "00B2812800"), send(card, SELECTS.df03).slice(-4)]).toEqual(["9303", "9303", "9000"]);
  });

  it("from the top directory the whole application is blocked, the purse is not", () => {
    const { card, issuer } = bench();
    expect(issuer.prove(0x83, "lk")).toBe("9000");
    expect(send(card, issuer.secured("stk", "841E0001", ""))).toBe("9000");
    expect([SELECTS.environment, SELECTS.df02, PURSE_SELECT].map((command) => send(card, command).slice(-4))).toEqual(["9303", "9303", "9000"]);
  });

  it.each(algorithms)("a blocked card answers nothing else any more (%s)", (algorithm) => {
    const { card, issuer } = bench({ algorithm });
    expect(issuer.prove(0x05, "bk")).toBe("9000");
    expect(send(card, issuer.secured("stk", "84160000", ""))).toBe("9000");
    card.powerUp();
    expect([SELECTS.environment, PURSE_SELECT, "0084000008"].map((command) => send(card, command))).toEqual(["6a81", "6a81", "6a81"]);
  });

  it.each([
    ["84160001", "6a86"],
    ["841E0000", "6a86"],
    ["841E0101", "6a86"],
  ])("%s is no block", (header, expected) => {
    const { card, issuer } = bench();
    expect(send(card, issuer.secured("stk", header, ""))).toBe(expected);
  });
});

describe("radio", () => {
  it.each([
    [{}, /^3b8d80010081544c538660990100000042/],
    [{ contactlessHistorical: "contactOnly" }, /^3b8380 ?01c00184/],
    [{ contactlessType: "B" }, /^3b888001.{16}..$/],
  ] as const)("with %j the answer to reset is %s", (profile, expected) => {
    expect(toHex(bench({ interface: "contactless", profile }).card.powerUp())).toMatch(expected);
  });

  it("a card that is spoken to through its other interface answers by that one", () => {
    const { card } = bench();
    card.presentThrough("contactless");
    expect(toHex(card.powerUp()).slice(0, 4)).toBe("3b8d");
    card.presentThrough("contact");
    expect(toHex(card.powerUp()).slice(0, 4)).toBe("3b6d");
  });

  it.each([
    ["contactless", false, "6985"],
    ["contactless", true, "63c3"],
    ["contact", false, "63c3"],
  ] as const)("where a flag switches radio on, a card over %s with the flag %s answers %s", (through, contactlessActive, expected) => {
    const { card } = bench({ interface: through, contactlessActive, profile: { contactlessActivation: "fileFlag" } });
    expect(send(card, "00B2022800")).toBe(`0202313${contactlessActive ? 1 : 0}9000`);
    expect(send(card, "0020000000")).toBe(expected);
  });

  it("a card with the certificate application has its file, others and older ones do not", () => {
    const read = (options: Partial<TestCardOptions>) => send(bench(options).card, "00B08C0001").slice(-4);
    expect([read({ profile: { acse: "on" } }), read({}), read({ profile: { acse: "on" }, generation: "2" })]).toEqual(["9000", "6a82", "6a82"]);
  });
});
