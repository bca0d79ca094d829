/* The module dialogue: key levels, order and loss of sessions, and how several lanes share one module. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testIndustryKey } from "../../../simulators/card/electronic-cash/make.ts";
import { PlayedModule } from "../../../simulators/conformance/played-module.ts";
import { bankMac } from "../../../simulators/crypto/bank.ts";
import { encryptBlocks } from "../../../simulators/crypto/blocks.ts";
import { medicalMac, medicalPurchaseMac1Input, medicalPurchaseMac2Input, medicalPurchaseSessionKey } from "../../../simulators/crypto/medical.ts";
import { diversifyPurseByFactors, purchaseMac1Input, purchaseSessionKey, purseMac } from "../../../simulators/crypto/purse.ts";
import { socialMac, socialSessionKey } from "../../../simulators/crypto/social.ts";
import { deriveSocialKey, medicalPurchaseKeyName, type TestKeyName, testRootKey } from "../../../simulators/crypto/test-keys.ts";
import { concat, fromHex, invertBytes, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import type { MedicalPurchaseInitialization, ModuleKeyUse, PurchaseInitialization } from "../../drivers/ports.ts";
import { secureMessagingKey, secureMessagingMac } from "../keys/purse.ts";
import { type CardBenchOptions, cardBench, LIMITS, SUITE } from "../testing.ts";
import { parsePurchaseAnswer, parseTerminalNumber, parseTerminalSequence } from "./answers.ts";
import { openPsam } from "./open.ts";

const PURCHASE: PurchaseInitialization = {
  cardRandom: fromHex("01020304"),
  cardSequence: 7,
  amount: fen(450),
  type: 0x06,
  date: fromHex("20261121"),
  time: fromHex("120000"),
  keyVersion: 1,
  algorithm: 3,
  factors: [fromHex("0000000000000001"), fromHex("9901000000000000"), fromHex("3939303030307368")],
};

async function bench(options: CardBenchOptions = {}) {
  const made = cardBench(options);
  const psam = await made.openPsam();
  const sent: string[] = [];
  made.samReader.setFate(({ command }) => {
    sent.push(toHex(command.subarray(0, 2)));
    return { kind: "ok" };
  });
  const begin = (more: Partial<PurchaseInitialization> = {}, limits = LIMITS) => psam.beginPurchase({ ...PURCHASE, ...more }, limits);
  return { ...made, psam, sent, begin };
}

describe("opening", () => {
  it("reads the terminal number and the sequence that comes next", async () => {
    const { psam, run, begin } = await bench({ psam: { terminalNumber: "990100000042", terminalSeq: 77 } });
    expect(toHex(psam.terminalNumber)).toBe("990100000042");
    expect(psam.expectedSequence()).toBe(77);
    expect((await run(begin())).terminalSequence).toBe(77);
    expect(psam.expectedSequence()).toBe(78);
  });

  it("an empty slot is a fault at the deadline", async () => {
    const made = cardBench();
    made.samReader.remove();
    await expect(made.run(openPsam(made.samReader, made, LIMITS))).rejects.toMatchObject({ code: "timeout" });
  });
});

describe("key levels", () => {
  it.each([
    [3, 1],
    [2, 2],
    [1, 3],
  ] as const)("keys that take %i factors are found in %i attempts, and from then on at once", async (purseLevel, attempts) => {
    const { run, begin, sent } = await bench({ psam: { purseLevel } });
    (await run(begin())).release();
    expect(sent.filter((header) => header === "8070")).toHaveLength(attempts);
    sent.length = 0;
    await run(begin());
    expect(sent.filter((header) => header === "8070")).toHaveLength(1);
  });

  it.each([
    ["unknown version", { keyVersion: 9 }],
    ["unknown algorithm", { algorithm: 0x77 }],
  ])("a key that is not there is named so: %s", async (_name, more) => {
    const { run, begin } = await bench();
    await expect(run(begin(more))).rejects.toMatchObject({ code: "key-missing", effectUnknown: false });
    await expect(run(begin())).resolves.toMatchObject({ mac1: expect.any(Uint8Array) });
  });

  it("locked keys are missing keys", async () => {
    const { run, begin } = await bench({ psam: { faults: { locked: true } } });
    await expect(run(begin())).rejects.toMatchObject({ code: "key-missing" });
  });
});

describe("a purchase that is held", () => {
  it("keeps the next one waiting, and lets it in when it ends, in order", async () => {
    const { run, begin, psam } = await bench();
    const first = await run(begin());
    const order: string[] = [];
    const second = begin().then((held) => {
      order.push("second");
      return held;
    });
    const third = psam
      .authenticationData(
        {
          usage: 0x67,
          keyId: 8,
          factors: [fromHex("0607990100000001"), fromHex("3939303130307378"), fromHex("3939303030307368")],
          sessionFactor: fromHex("0000000000000001"),
          raw: fromHex("0000000000000002"),
          algorithm: "sm4",
        },
        LIMITS,
      )
      .then(() => order.push("third"));
    first.release();
    (await run(second)).release();
    await run(third);
    expect(order).toEqual(["second", "third"]);
  });

  it("outlasts the patience of another lane, which may come again later", async () => {
    const { run, begin } = await bench();
    const first = await run(begin());
    await expect(run(begin({}, { ...LIMITS, timeoutMs: 100 }))).rejects.toMatchObject({ code: "timeout", effectUnknown: false });
    first.release();
    await expect(run(begin())).resolves.toBeDefined();
  });

  it("lets a lane cancel its wait", async () => {
    const { run, begin } = await bench();
    const first = await run(begin());
    const cancel = new AbortController();
    const waiting = begin({}, { timeoutMs: 5_000, signal: cancel.signal });
    waiting.catch(() => undefined);
    cancel.abort();
    await expect(run(waiting)).rejects.toMatchObject({ code: "cancelled" });
    first.release();
    await expect(run(begin())).resolves.toBeDefined();
  });

  it("takes at most sixteen waiters", async () => {
    const { run, begin } = await bench();
    const first = await run(begin());
    const waiting = Array.from({ length: 16 }, () => begin({}, { ...LIMITS, signal: new AbortController().signal }).then((held) => held.release()));
    await expect(run(begin())).rejects.toMatchObject({ code: "queue-full" });
    first.release();
    await run(Promise.all(waiting));
  });

  it("released twice frees the module once", async () => {
    const { run, begin } = await bench();
    const first = await run(begin());
    first.release();
    const second = await run(begin());
    first.release();
    await expect(run(begin({}, { ...LIMITS, timeoutMs: 50 }))).rejects.toMatchObject({ code: "timeout" });
    second.release();
  });
});

describe("the card's MAC2", () => {
  it("is refused when it is wrong, and cannot be tried again", async () => {
    const { run, begin } = await bench();
    const held = await run(begin());
    expect(await run(held.credit(fromHex("00000000"), LIMITS))).toBe("refused");
    expect(await run(held.credit(fromHex("00000000"), LIMITS))).toBe("no-session");
  });

  it("is refused in the other wording as well", async () => {
    const { run, begin } = await bench({ profile: { psamCreditError: "63CF" } });
    expect(await run((await run(begin())).credit(fromHex("00000000"), LIMITS))).toBe("refused");
  });

  it("has no session after the release", async () => {
    const { run, begin } = await bench();
    const held = await run(begin());
    held.release();
    expect(await run(held.credit(fromHex("00000000"), LIMITS))).toBe("no-session");
  });

  it("has no session after the module lost its power, and the next purchase works", async () => {
    const { run, begin, samReader, psam } = await bench();
    const held = await run(begin());
    samReader.cutPower();
    await expect(run(held.credit(fromHex("00000000"), LIMITS))).rejects.toMatchObject({ effectUnknown: false });
    expect(await run(held.credit(fromHex("00000000"), LIMITS))).toBe("no-session");
    expect((await run(begin())).terminalSequence).toBe(psam.expectedSequence() - 1);
  });
});

describe("a module that fails", () => {
  it("is opened again by the next purchase after a hang", async () => {
    const { run, begin, samReader } = await bench();
    samReader.setFate(() => ({ kind: "hang" }));
    await expect(run(begin())).rejects.toMatchObject({ code: "reader-hung" });
    samReader.setFate(() => ({ kind: "ok" }));
    await expect(run(begin())).resolves.toBeDefined();
  });

  it("that lost its power since its last use is opened again at once", async () => {
    const { run, begin, samReader } = await bench();
    (await run(begin())).release();
    samReader.cutPower();
    await expect(run(begin())).resolves.toBeDefined();
  });

  it("is opened again after its reader was away", async () => {
    const { run, begin, samReader } = await bench();
    samReader.loseReader();
    await expect(run(begin())).rejects.toMatchObject({ code: "reader-gone" });
    samReader.restoreReader();
    await expect(run(begin())).resolves.toBeDefined();
  });

  it("another module in its place is not taken for it", async () => {
    const { run, begin, samReader } = await bench();
    const other = cardBench({ psam: { terminalNumber: "990100000099" } });
    samReader.remove();
    samReader.insert(other.psam);
    await expect(run(begin())).rejects.toMatchObject({ code: "card-changed" });
  });
});

const SOCIAL_FACTORS = ["0607990100000001", "3939303130307378", "3939303030307368"].map((factor) => fromHex(factor));
const MEDICAL: MedicalPurchaseInitialization = {
  cardRandom: fromHex("a1a2a3a4"),
  cardSequence: 7,
  account: fen(1_200),
  selfPay: fen(300),
  pooled: fen(4_500),
  type: 0x32,
  date: fromHex("20261121"),
  time: fromHex("101500"),
  keyVersion: 2,
  algorithm: 0x03,
  factors: SOCIAL_FACTORS,
  socialAlgorithm: "sm4",
};
/** STK of the top directory: a key for MACs. */
const STK: ModuleKeyUse = { usage: 0x26, keyId: 0x09, factors: SOCIAL_FACTORS, sessionFactor: fromHex("1122334455667788"), algorithm: "sm4" };
/** IRK: a key for enciphering. */
const IRK: ModuleKeyUse = { ...STK, usage: 0x67, keyId: 0x08 };

function sessionKeyOf(use: ModuleKeyUse, root: TestKeyName) {
  const key = deriveSocialKey(SUITE, use.algorithm, { key: testRootKey(use.algorithm, root), factors: use.factors });
  return socialSessionKey(SUITE, use.algorithm, { key, factor: use.sessionFactor });
}

describe("a medical purchase", () => {
  it.each([
    ["SM4", {}, {}],
    ["triple DES", {}, { socialAlgorithm: "3des", algorithm: 0x00 }],
    ["keys of the city", { psam: { socialLevel: 1 } }, {}],
    ["another byte for SM4 than the card's", { profile: { psamAlgByteSm4: 0x05 } }, {}],
    ["key version 3", {}, { keyVersion: 3 }],
  ] as const)("has the MAC1 that the rules say: %s", async (_name, options, more) => {
    const { run, psam } = await bench(options);
    const purchase = { ...MEDICAL, ...more };
    const held = await run(psam.beginMedicalPurchase(purchase, LIMITS));
    const { socialAlgorithm: algorithm, keyVersion, account, selfPay, pooled, type, date, time } = purchase;
    const rules = { suite: SUITE, algorithm, profile: DEFAULT_CARD_PROFILE };
    const name = medicalPurchaseKeyName(keyVersion);
    if (name === undefined) throw new Error("no such key");
    const dpk = deriveSocialKey(SUITE, algorithm, { key: testRootKey(algorithm, name), factors: SOCIAL_FACTORS });
    const session = medicalPurchaseSessionKey(rules, dpk, { ...purchase, terminalSequence: held.terminalSequence });
    const terms = { accountFen: account, selfPayFen: selfPay, pooledFen: pooled, type, terminalNumber: psam.terminalNumber, date, time };
    expect(toHex(held.mac1)).toBe(toHex(medicalMac(rules, session, medicalPurchaseMac1Input(terms))));
    expect(await run(held.credit(medicalMac(rules, session, medicalPurchaseMac2Input(terms)), LIMITS))).toBe("accepted");
  });

  it("draws from the module's sequence and holds the module like any other", async () => {
    const { run, psam, begin } = await bench();
    const expected = psam.expectedSequence();
    const held = await run(psam.beginMedicalPurchase(MEDICAL, LIMITS));
    expect([held.terminalSequence, psam.expectedSequence()]).toEqual([expected, expected + 1]);
    await expect(run(begin({}, { ...LIMITS, timeoutMs: 50 }))).rejects.toMatchObject({ code: "timeout" });
    await expect(run(psam.blockMac(STK, fromHex("00"), { ...LIMITS, timeoutMs: 50 }))).rejects.toMatchObject({ code: "timeout" });
    held.release();
    (await run(begin())).release();
  });

  it("refuses a wrong MAC2, once", async () => {
    const { run, psam } = await bench();
    const held = await run(psam.beginMedicalPurchase(MEDICAL, LIMITS));
    expect(await run(held.credit(fromHex("00000000"), LIMITS))).toBe("refused");
    expect(await run(held.credit(fromHex("00000000"), LIMITS))).toBe("no-session");
  });

  it.each([
    [3, 1],
    [2, 2],
    [1, 3],
  ] as const)("keys of level %i are found in %i attempts, and from then on at once", async (socialLevel, attempts) => {
    const { run, psam, sent } = await bench({ psam: { socialLevel } });
    for (const count of [attempts, 1]) {
      sent.length = 0;
      (await run(psam.beginMedicalPurchase(MEDICAL, LIMITS))).release();
      expect(sent.filter((header) => header === "8070")).toHaveLength(count);
    }
  });

  it.each(["3", "2", "1"] as const)("a profile that names level %s tries no other", async (psamLevels) => {
    const { run, psam, sent } = await bench({ profile: { psamLevels }, psam: { socialLevel: psamLevels === "3" ? 2 : 3 } });
    await expect(run(psam.beginMedicalPurchase(MEDICAL, LIMITS))).rejects.toMatchObject({ code: "key-missing", effectUnknown: false });
    expect(sent.filter((header) => header === "8070")).toHaveLength(1);
  });

  it("a module for transit alone has no key for it", async () => {
    const { run, psam } = await bench({ psam: { algorithms: ["3des"] } });
    await expect(run(psam.beginMedicalPurchase(MEDICAL, LIMITS))).rejects.toMatchObject({ code: "key-missing" });
  });
});

describe("MACs and enciphered data", () => {
  const lengths = [0, 1, 7, 8, 15, 16, 47, 48, 55, 56, 63, 64, 95, 96, 111, 112, 127, 128, 200, 239, 240];

  it.each(["sm4", "3des"] as const)("a MAC of any length is the same as computed in one piece: %s", async (algorithm) => {
    const { run, psam } = await bench();
    const use = { ...STK, algorithm };
    for (const length of lengths) {
      const data = Uint8Array.from({ length }, (_, at) => (at * 37 + length) & 0xff);
      expect(toHex(await run(psam.blockMac(use, data, LIMITS)))).toBe(toHex(socialMac(SUITE, algorithm, { key: sessionKeyOf(use, "stk"), data })));
    }
  });

  it.each(["sm4", "3des"] as const)("data of any number of blocks is enciphered block by block: %s", async (algorithm) => {
    const { run, psam } = await bench();
    const use = { ...IRK, algorithm };
    const block = algorithm === "sm4" ? 16 : 8;
    for (const blocks of [1, 2, 7, 8, 9, 15]) {
      const data = Uint8Array.from({ length: blocks * block }, (_, at) => (at * 11) & 0xff);
      expect(toHex(await run(psam.encipher(use, data, LIMITS)))).toBe(toHex(encryptBlocks(SUITE, algorithm, sessionKeyOf(use, "irk"), data)));
    }
  });

  it("a session factor of 4, 8 or 16 bytes is filled up to the block", async () => {
    const { run, psam } = await bench();
    for (const sessionFactor of ["11223344", "1122334455667788", "112233445566778899aabbccddeeff00"].map((hex) => fromHex(hex))) {
      const use = { ...STK, sessionFactor };
      const expected = socialMac(SUITE, "sm4", { key: sessionKeyOf(use, "stk"), data: fromHex("0102") });
      expect(toHex(await run(psam.blockMac(use, fromHex("0102"), LIMITS)))).toBe(toHex(expected));
    }
  });

  it("go to the module in parts within its limits, and the vector is a block of the first", async () => {
    const { run, psam, samReader } = await bench();
    const parts: string[] = [];
    samReader.setFate(({ command }) => {
      if (command[1] === 0xfa) parts.push(`${toHex(command.subarray(2, 3))}:${command[4]}`);
      return { kind: "ok" };
    });
    await run(psam.blockMac(STK, new Uint8Array(95), LIMITS));
    await run(psam.blockMac(STK, new Uint8Array(112), LIMITS));
    await run(psam.blockMac(STK, new Uint8Array(240), LIMITS));
    await run(psam.blockMac({ ...STK, algorithm: "3des" }, new Uint8Array(48), LIMITS));
    await run(psam.blockMac({ ...STK, algorithm: "3des" }, new Uint8Array(130), LIMITS));
    await run(psam.encipher(IRK, new Uint8Array(128), LIMITS));
    await run(psam.encipher(IRK, new Uint8Array(144), LIMITS));
    expect(parts).toEqual(
      ["05:112", "07:128", "01:16", "07:128", "03:128", "01:16", "05:64", "07:64", "03:64", "01:16", "00:128", "02:128", "00:16"].slice(0, parts.length),
    );
    expect(parts).toHaveLength(13);
  });

  it.each([
    ["MAC of 241 bytes", "mac", 241],
    ["half a block", "encipher", 15],
    ["nothing to encipher", "encipher", 0],
    ["more than one session carries", "encipher", 256],
  ] as const)("our own mistake: %s", async (_name, how, length) => {
    const { run, psam } = await bench();
    const data = new Uint8Array(length);
    await expect(run(how === "mac" ? psam.blockMac(STK, data, LIMITS) : psam.encipher(IRK, data, LIMITS))).rejects.toThrow(/fits|whole/);
  });

  it.each(["80fa07", "80fa03", "80fa01", "bfde"])("a module that fails at %s is a fault, and the next MAC is whole", async (header) => {
    const { run, psam, samReader } = await bench();
    samReader.setFate(({ command }) => (toHex(command).startsWith(header) ? { kind: "hang" } : { kind: "ok" }));
    await expect(run(psam.blockMac(STK, new Uint8Array(240), LIMITS))).rejects.toMatchObject({ code: "reader-hung" });
    samReader.setFate(() => ({ kind: "ok" }));
    const expected = socialMac(SUITE, "sm4", { key: sessionKeyOf(STK, "stk"), data: new Uint8Array(240) });
    expect(toHex(await run(psam.blockMac(STK, new Uint8Array(240), LIMITS)))).toBe(toHex(expected));
  });

  it("a key that may not do it is refused by the module, and the next session works", async () => {
    const { run, psam } = await bench();
    await expect(run(psam.encipher(STK, new Uint8Array(16), LIMITS))).rejects.toMatchObject({ code: "reader-refused", effectUnknown: false });
    await expect(run(psam.blockMac(IRK, new Uint8Array(16), LIMITS))).rejects.toMatchObject({ code: "reader-refused" });
    await expect(run(psam.blockMac(STK, new Uint8Array(16), LIMITS))).resolves.toHaveLength(4);
  });

  it("a key that is not there is named so", async () => {
    const { run, psam } = await bench();
    await expect(run(psam.blockMac({ ...STK, keyId: 0x77 }, new Uint8Array(16), LIMITS))).rejects.toMatchObject({ code: "key-missing" });
  });

  it("the same key at another level is found by its own number of factors", async () => {
    for (const level of [1, 2, 3] as const) {
      const { run, psam } = await bench({ psam: { levels: { stk: level } } });
      const expected = socialMac(SUITE, "sm4", { key: sessionKeyOf(STK, "stk"), data: fromHex("0102") });
      expect(toHex(await run(psam.blockMac(STK, fromHex("0102"), LIMITS)))).toBe(toHex(expected));
    }
  });
});

describe("a module that answers in no form", () => {
  const played = async (answers: (command: string) => string) => {
    const made = cardBench();
    made.samReader.remove();
    made.samReader.insert(new PlayedModule((command) => (command.startsWith("00b096") ? "9901000000019000" : answers(command))));
    return { ...made, psam: await made.openPsam() };
  };

  it.each([
    ["a MAC of three bytes", "80fa05", "0102039000"],
    ["a MAC of a block", "80fa05", `${"00".repeat(16)}9000`],
    ["no MAC", "80fa05", "9000"],
  ])("%s is a fault", async (_name, header, answer) => {
    const { run, psam } = await played((command) => (command.startsWith(header) ? answer : "9000"));
    await expect(run(psam.blockMac(STK, fromHex("01"), LIMITS))).rejects.toMatchObject({ code: "card-answer-malformed" });
  });

  it("data in the middle of a chain is a fault", async () => {
    const { run, psam } = await played((command) => (command.startsWith("80fa07") ? "019000" : "9000"));
    await expect(run(psam.blockMac(STK, new Uint8Array(200), LIMITS))).rejects.toMatchObject({ code: "card-answer-malformed" });
  });

  it("a purchase whose answer has not eight bytes is a fault", async () => {
    const { run, psam } = await played((command) => (command.startsWith("8070") ? "00000001aabbcc9000" : "9000"));
    await expect(run(psam.beginMedicalPurchase(MEDICAL, LIMITS))).rejects.toMatchObject({ code: "card-answer-malformed" });
    await expect(run(psam.beginPurchase(PURCHASE, LIMITS))).rejects.toMatchObject({ code: "card-answer-malformed" });
  });
});

describe("the code of a compound purchase", () => {
  const code = fromHex("313233343536373839");

  it("stands behind the factors, and MAC1 runs over it", async () => {
    const { run, begin, psam } = await bench({ profile: { cappAuthSuffix: "mohurd9" } });
    const held = await run(begin({ type: 0x09, authenticationCode: code }));
    const rules = { suite: SUITE, algorithm: "sm4", profile: DEFAULT_CARD_PROFILE } as const;
    const dpk = diversifyPurseByFactors(rules, testRootKey("sm4", "purse-dpk"), [...PURCHASE.factors.slice(0, 2), fromHex("3939303030307368")]);
    const session = purchaseSessionKey(rules, dpk, { ...PURCHASE, terminalSequence: held.terminalSequence });
    const terms = { amountFen: PURCHASE.amount, type: 0x09, terminalNumber: psam.terminalNumber, date: PURCHASE.date, time: PURCHASE.time };
    expect(toHex(held.mac1)).toBe(toHex(purseMac(rules, session, concat(purchaseMac1Input(terms), code))));
  });

  it("of another length is our own mistake", async () => {
    const { run, begin } = await bench();
    await expect(run(begin({ authenticationCode: fromHex("00") }))).rejects.toThrow("9 bytes");
  });
});

describe("the MAC that blocks a transit card", () => {
  const command = fromHex("841e000104");
  const challenge = fromHex("a1a2a3a4");
  const factors = PURCHASE.factors.slice(0, 2);

  it.each(["3des", "sm4"] as const)("is the one that the card computes: %s", async (algorithm) => {
    const { run, psam } = await bench();
    const crypto = { suite: SUITE, algorithm, profile: DEFAULT_CARD_PROFILE };
    const root = testRootKey(algorithm, "purse-application");
    const province = fromHex("3939303030307368");
    const rules = { suite: SUITE, algorithm, profile: DEFAULT_CARD_PROFILE };
    const key = secureMessagingKey(crypto, diversifyPurseByFactors(rules, root, [...factors, province]));
    const expected = secureMessagingMac(crypto, key, { challenge, data: command });
    expect(toHex(await run(psam.commandMac({ factors, challenge, command, algorithm }, LIMITS)))).toBe(toHex(expected));
  });

  it("needs the key and a challenge of four bytes", async () => {
    const { run, psam } = await bench({ psam: { algorithms: ["3des"] } });
    await expect(run(psam.commandMac({ factors, challenge, command, algorithm: "sm4" }, LIMITS))).rejects.toMatchObject({ code: "key-missing" });
    expect(() => psam.commandMac({ factors, challenge: fromHex("00"), command, algorithm: "3des" }, LIMITS)).toThrow("4 bytes");
  });
});

describe("the MAC of an industry record", () => {
  const [vector, data, account] = [fromHex("0000000000000007"), fromHex("84dea8001027010203040506"), fromHex("0123456789012301")];
  const ids = { "3des": 4, sm4: 5 } as const;

  it.each(["3des", "sm4"] as const)("is the one that the card computes, with a key for all cards and with one for each account: %s", async (algorithm) => {
    const keyId = ids[algorithm];
    const shared = testIndustryKey(SUITE, algorithm, "2701");
    const rules = { suite: SUITE, algorithm, profile: DEFAULT_CARD_PROFILE };
    const own = encryptBlocks(SUITE, algorithm, shared, concat(account, invertBytes(account)));
    for (const [cashRecordKey, factors, key] of [
      ["shared", [], shared],
      ["account", [account], own],
    ] as const) {
      const { run, psam } = await bench({ psam: { profile: { cashRecordKey } } });
      const made = await run(psam.recordMac({ keyId, factors, vector, data, algorithm }, LIMITS));
      expect(toHex(made)).toBe(toHex(bankMac(rules, key, { iv: vector, data })));
      const others = cashRecordKey === "shared" ? [account] : [];
      await expect(run(psam.recordMac({ keyId, factors: others, vector, data, algorithm }, LIMITS))).rejects.toMatchObject({ code: "key-missing" });
      expect(await run(psam.recordMac({ keyId, factors, vector, data, algorithm }, LIMITS))).toEqual(made);
    }
  });

  it("needs the key", async () => {
    const { run, psam } = await bench({ psam: { industryRecord: "none" } });
    await expect(run(psam.recordMac({ keyId: 5, factors: [], vector, data, algorithm: "sm4" }, LIMITS))).rejects.toMatchObject({ code: "key-missing" });
  });

  it("leaves an opened purchase its module", async () => {
    const { run, psam, begin } = await bench();
    const held = await run(begin());
    const mac = psam.recordMac({ keyId: 5, factors: [], vector, data, algorithm: "sm4" }, LIMITS);
    held.release();
    expect((await run(mac)).length).toBe(4);
  });
});

describe("answers", () => {
  it("are parsed without throwing, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        parseTerminalNumber(bytes);
        parseTerminalSequence(bytes);
        parsePurchaseAnswer(bytes);
      }),
      { numRuns: 1_000 },
    );
  });

  it("a terminal number is twelve decimal digits", () => {
    expect(parseTerminalNumber(fromHex("99010000004f"))).toBeUndefined();
    expect(parseTerminalNumber(fromHex("9901000000"))).toBeUndefined();
  });
});
