/* The dialogue with the module, command by command: what is selected and asked for, what is not, and what a purchase leaves behind. */
import { describe, expect, it } from "vitest";
import { PlayedModule } from "../../../simulators/conformance/played-module.ts";
import { authenticationData } from "../../../simulators/crypto/social.ts";
import { deriveSocialKey, testRootKey } from "../../../simulators/crypto/test-keys.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import type { MedicalPurchaseInitialization, ModuleKeyUse, PurchaseInitialization } from "../../drivers/ports.ts";
import { type CardBenchOptions, cardBench, LIMITS, SUITE } from "../testing.ts";
import { parseTerminalNumber } from "./answers.ts";
import { openPsam } from "./open.ts";

const FACTORS = ["0607990100000001", "3939303130307378", "3939303030307368"].map((factor) => fromHex(factor));
const WHEN = { date: fromHex("20261121"), time: fromHex("101500") };
const PURCHASE: PurchaseInitialization = {
  ...WHEN,
  cardRandom: fromHex("01020304"),
  cardSequence: 7,
  amount: fen(450),
  type: 0x06,
  keyVersion: 1,
  algorithm: 3,
  factors: FACTORS,
};
const MEDICAL: MedicalPurchaseInitialization = {
  ...WHEN,
  cardRandom: fromHex("a1a2a3a4"),
  cardSequence: 7,
  account: fen(1),
  selfPay: fen(2),
  pooled: fen(3),
  type: 0x32,
  keyVersion: 1,
  algorithm: 3,
  factors: FACTORS,
  socialAlgorithm: "sm4",
};
const STK: ModuleKeyUse = { usage: 0x26, keyId: 0x09, factors: FACTORS, sessionFactor: fromHex("1122334455667788"), algorithm: "sm4" };
const PROOF = { usage: 0x67, keyId: 0x08, factors: FACTORS, sessionFactor: fromHex("1122334455667788"), raw: fromHex("99aabbccddeeff00") } as const;
const NUMBER = "00b096";
const SEQUENCE = "00b099";
const PURSE = ["00a4040010", "00a4000002"];
const SM4 = "00a404000f737833";
const DES = "00a404000f737831";
const OPENED = "00000007aabbccdd9000";

type Answers = Readonly<Record<string, string>>;

/** A module that answers by the beginnings of commands, the longest first; everything else is success without data. */
function played(answers: Answers = {}) {
  const made = cardBench();
  const known: Answers = { [NUMBER]: "9901000000019000", [SEQUENCE]: "0000004d9000", "8070": OPENED, ...answers };
  const beginnings = Object.keys(known).sort((left, right) => right.length - left.length);
  const module = new PlayedModule((command) => known[beginnings.find((beginning) => command.startsWith(beginning)) ?? ""] ?? "9000");
  made.samReader.remove();
  made.samReader.insert(module);
  const count = (beginning: string) => module.commands.filter((command) => command.startsWith(beginning)).length;
  return { ...made, module, count, selections: () => count("00a4") };
}

async function opened(answers: Answers = {}) {
  const made = played(answers);
  return { ...made, psam: await made.openPsam() };
}

const NO_PURSE: Answers = { [PURSE[0] ?? ""]: "6a82", [PURSE[1] ?? ""]: "6a82" };

describe("opening", () => {
  it("a module with a purse is asked for nothing else", async () => {
    const { psam, count } = await opened();
    expect([psam.expectedSequence(), count(SM4), count(DES)]).toEqual([77, 0, 0]);
  });

  it.each([
    ["SM4 keys", NO_PURSE, [1, 0]],
    ["triple DES keys", { ...NO_PURSE, [SM4]: "6a82" }, [1, 1]],
  ] as const)("a module without a purse shows its number beside its %s", async (_name, answers, selected) => {
    const { psam, count } = await opened(answers);
    expect([psam.expectedSequence(), count(SM4), count(DES)]).toEqual([77, ...selected]);
  });

  it("a module with no application is none, and is let go", async () => {
    const made = played({ ...NO_PURSE, [SM4]: "6a82", [DES]: "6a82" });
    await expect(made.openPsam()).rejects.toMatchObject({ code: "key-missing", effectUnknown: false });
    expect([made.count(SEQUENCE), made.module.powered]).toEqual([0, false]);
  });

  it("a module that names no terminal is none", async () => {
    await expect(opened({ [NUMBER]: "6a82" })).rejects.toMatchObject({ code: "key-missing", effectUnknown: false });
  });

  it("a module without a sequence of its own begins at zero", async () => {
    expect((await opened({ [SEQUENCE]: "6a82" })).psam.expectedSequence()).toBe(0);
  });

  it("lies in a reader of its own kind", async () => {
    const made = cardBench();
    await expect(made.run(openPsam(made.cardReader, { clock: made.clock, profile: DEFAULT_CARD_PROFILE }, LIMITS))).rejects.toThrow("its own kind");
  });

  it("ends with the power of the module", async () => {
    const { run, psam, module } = await opened();
    expect(module.powered).toBe(true);
    await run(psam.close());
    expect(module.powered).toBe(false);
  });
});

describe("a purchase that was held", () => {
  it("and credited lets the next one in by itself, and needs no selection", async () => {
    const { run, psam, selections } = await opened();
    const before = selections();
    const held = await run(psam.beginPurchase(PURCHASE, LIMITS));
    expect(await run(held.credit(fromHex("00000000"), LIMITS))).toBe("accepted");
    held.release();
    (await run(psam.beginPurchase(PURCHASE, LIMITS))).release();
    expect(selections()).toBe(before);
  });

  it("and given up makes the next one begin from the selection", async () => {
    const { run, psam, selections } = await opened();
    const before = selections();
    (await run(psam.beginPurchase(PURCHASE, LIMITS))).release();
    await run(psam.beginPurchase(PURCHASE, LIMITS));
    expect(selections()).toBe(before + 1);
  });

  it("is credited once", async () => {
    const { run, psam, count } = await opened();
    const held = await run(psam.beginPurchase(PURCHASE, LIMITS));
    await run(held.credit(fromHex("00000000"), LIMITS));
    expect(await run(held.credit(fromHex("00000000"), LIMITS))).toBe("no-session");
    expect(count("8072")).toBe(1);
  });

  it("has no session when the module was closed, asks nothing, and lets the next one in", async () => {
    const { run, psam, count } = await opened();
    const held = await run(psam.beginPurchase(PURCHASE, LIMITS));
    await run(psam.close());
    expect(await run(held.credit(fromHex("00000000"), LIMITS))).toBe("no-session");
    expect(count("8072")).toBe(0);
    (await run(psam.beginPurchase(PURCHASE, LIMITS))).release();
  });

  it.each([
    ["9302", "refused"],
    ["63c2", "refused"],
    ["63cf", "refused"],
    ["6901", "no-session"],
    ["6985", "no-session"],
    ["9000", "accepted"],
  ] as const)("credit answered by %s is %s, and lets the next one in", async (answer, outcome) => {
    const { run, psam } = await opened({ "8072": answer });
    const held = await run(psam.beginPurchase(PURCHASE, LIMITS));
    expect(await run(held.credit(fromHex("00000000"), LIMITS))).toBe(outcome);
    (await run(psam.beginPurchase(PURCHASE, LIMITS))).release();
  });

  it.each(["", "000000", "0000000000"])("a MAC2 of another length is our own mistake: %s", async (mac2) => {
    const { run, psam } = await opened();
    const held = await run(psam.beginPurchase(PURCHASE, LIMITS));
    await expect(run(held.credit(fromHex(mac2), LIMITS))).rejects.toThrow("4 bytes");
  });
});

describe("key levels", () => {
  const bench = async (options: CardBenchOptions) => {
    const made = cardBench(options);
    const psam = await made.openPsam();
    const attempts: string[] = [];
    made.samReader.setFate(({ command }) => {
      if (["8070", "bfde", "801a"].includes(toHex(command.subarray(0, 2)))) attempts.push(toHex(command.subarray(0, 2)));
      return { kind: "ok" };
    });
    const counted = async (work: Promise<unknown>) => {
      attempts.length = 0;
      await made.run(work);
      return attempts.length;
    };
    return { ...made, psam, counted };
  };
  const begin = async (work: Promise<{ release(): void }>) => (await work).release();

  it("are found for each key by itself", async () => {
    const { psam, counted } = await bench({ psam: { purseLevel: 1, socialLevel: 1 } });
    const uses = [
      () => begin(psam.beginPurchase(PURCHASE, LIMITS)),
      () => begin(psam.beginPurchase({ ...PURCHASE, algorithm: 0 }, LIMITS)),
      () => begin(psam.beginMedicalPurchase(MEDICAL, LIMITS)),
      () => begin(psam.beginMedicalPurchase({ ...MEDICAL, keyVersion: 2 }, LIMITS)),
      () => psam.blockMac(STK, fromHex("00"), LIMITS),
      () => psam.authenticationData({ ...PROOF, algorithm: "sm4" }, LIMITS),
      () => psam.authenticationData({ ...PROOF, algorithm: "3des" }, LIMITS),
      () => psam.commandMac({ factors: FACTORS, challenge: fromHex("01020304"), command: fromHex("841e000104"), algorithm: "3des" }, LIMITS),
      () => psam.commandMac({ factors: FACTORS, challenge: fromHex("01020304"), command: fromHex("841e000104"), algorithm: "sm4" }, LIMITS),
    ];
    for (const use of uses) expect(await counted(use())).toBe(3);
    for (const use of uses) expect(await counted(use())).toBe(1);
  });

  it("beyond the factors that a card has are not tried", async () => {
    const { psam, counted } = await bench({});
    expect(await counted(begin(psam.beginPurchase({ ...PURCHASE, factors: FACTORS.slice(0, 2) }, LIMITS)))).toBe(1);
  });

  it("that worked before are not tried twice when they work no more", async () => {
    let works = true;
    const made = played();
    const module = new PlayedModule((command) => {
      if (command.startsWith(NUMBER)) return "9901000000019000";
      return command.startsWith("8070") ? (works ? OPENED : "6a80") : "9000";
    });
    made.samReader.remove();
    made.samReader.insert(module);
    const psam = await made.openPsam();
    (await made.run(psam.beginPurchase(PURCHASE, LIMITS))).release();
    works = false;
    await expect(made.run(psam.beginPurchase(PURCHASE, LIMITS))).rejects.toMatchObject({ code: "key-missing" });
    expect(module.commands.filter((command) => command.startsWith("8070"))).toHaveLength(1 + 3);
  });

  it.each([
    ["6985", "reader-refused", 1],
    ["6983", "key-missing", 1],
    ["6a88", "key-missing", 3],
    ["9403", "key-missing", 3],
  ] as const)("answer %s: %s after %i attempts, and the next use selects again", async (answer, code, attempts) => {
    const { run, psam, count, selections } = await opened({ "8070": answer });
    await expect(run(psam.beginPurchase(PURCHASE, LIMITS))).rejects.toMatchObject({ code, effectUnknown: false });
    expect(count("8070")).toBe(attempts);
    const before = selections();
    await expect(run(psam.beginPurchase(PURCHASE, LIMITS))).rejects.toMatchObject({ code });
    expect(selections()).toBe(before + 1);
  });

  it("a key without any level left is missing", async () => {
    const { run, psam, count } = await opened();
    await expect(run(psam.beginPurchase({ ...PURCHASE, factors: [] }, LIMITS))).rejects.toMatchObject({ code: "key-missing" });
    expect(count("8070")).toBe(0);
  });

  it("what has no application is named by it", async () => {
    const withoutPurse = await opened(NO_PURSE);
    await expect(withoutPurse.run(withoutPurse.psam.beginPurchase(PURCHASE, LIMITS))).rejects.toThrow("no key for purse application");
    const withoutKeys = await opened({ [SM4]: "6a82" });
    await expect(withoutKeys.run(withoutKeys.psam.blockMac(STK, fromHex("00"), LIMITS))).rejects.toThrow("no key for social application");
  });

  it("a refusal names the command", async () => {
    const { run, psam } = await opened({ "80fa": "6985" });
    await expect(run(psam.blockMac(STK, fromHex("00"), LIMITS))).rejects.toThrow("CIPHER DATA: status 6985");
  });
});

describe("the environment", () => {
  it("is the province of the third factor", async () => {
    const { run, psam, module } = await opened({ "80fa": "aabbccdd9000" });
    await run(psam.blockMac(STK, fromHex("00"), LIMITS));
    expect(module.commands.filter((command) => command.startsWith("bfec"))).toEqual(["bfec00000199"]);
  });

  it.each([
    ["without a province", FACTORS.slice(0, 2)],
    ["of no digits", [...FACTORS.slice(0, 2), fromHex("7a7a303030307368")]],
  ])("%s is not named", async (_name, factors) => {
    const { run, psam, count } = await opened({ "80fa": "aabbccdd9000" });
    await run(psam.blockMac({ ...STK, factors }, fromHex("00"), LIMITS));
    expect(count("bfec")).toBe(0);
  });
});

describe("authentication data", () => {
  it.each(["sm4", "3des"] as const)("is what the rules say: %s", async (algorithm) => {
    const made = cardBench();
    const psam = await made.openPsam();
    const key = deriveSocialKey(SUITE, algorithm, { key: testRootKey(algorithm, "irk"), factors: FACTORS });
    const expected = authenticationData(SUITE, algorithm, { key, ...PROOF });
    expect(toHex(await made.run(psam.authenticationData({ ...PROOF, algorithm }, LIMITS)))).toBe(toHex(expected));
  });
});

describe("our own mistakes", () => {
  it.each([{ sessionFactor: fromHex("00") }, { sessionFactor: fromHex("112233445566778899") }, { raw: fromHex("00") }, { raw: fromHex("112233445566778899") }])(
    "authentication data of other lengths: %o",
    async (wrong) => {
      const { psam } = await opened();
      expect(() => psam.authenticationData({ ...PROOF, algorithm: "sm4", ...wrong }, LIMITS)).toThrow("8 bytes each");
    },
  );

  it.each([
    ["sm4", ""],
    ["sm4", "00".repeat(17)],
    ["3des", "00".repeat(9)],
  ] as const)("a session factor that fits no block of %s: %s", async (algorithm, hex) => {
    const { run, psam } = await opened();
    await expect(run(psam.blockMac({ ...STK, algorithm, sessionFactor: fromHex(hex) }, fromHex("00"), LIMITS))).rejects.toThrow("fits one block");
  });

  it.each([{ cardRandom: fromHex("00") }, { date: fromHex("00") }, { time: fromHex("00") }])("a purchase that does not fit: %o", async (wrong) => {
    const { run, psam, count } = await opened();
    await expect(run(psam.beginPurchase({ ...PURCHASE, ...wrong }, LIMITS))).rejects.toThrow("fits the command");
    await expect(run(psam.beginMedicalPurchase({ ...MEDICAL, ...wrong }, LIMITS))).rejects.toThrow("fits the command");
    expect(count("8070")).toBe(0);
  });
});

describe("terminal numbers", () => {
  it.each(["9901000000", "99010000000000", "99010000000f"])("%s is none", (hex) => {
    expect(parseTerminalNumber(fromHex(hex))).toBeUndefined();
  });

  it("are kept as they were", () => {
    const bytes = fromHex("990100000042");
    const number = parseTerminalNumber(bytes);
    bytes.fill(0);
    expect(number && toHex(number)).toBe("990100000042");
  });
});
