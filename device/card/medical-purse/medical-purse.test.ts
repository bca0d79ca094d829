/* The medical purse against an independently written card and module: whole settlements and loads, refusals, and both sides of each answer. */
import { describe, expect, it } from "vitest";
import { approveMedicalLoad, medicalLoadKeysOf, medicalLoadTac } from "../../../simulators/card/medical-purse/top-up.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { dateToBcd, timeToBcd } from "../../codec/bcd.ts";
import { type CardBenchOptions, LIMITS, ScriptedChannel, SUITE } from "../testing.ts";
import {
  amountsForMode,
  creditLoad,
  debitPurchase,
  getBalances,
  getMedicalProof,
  getStartDay,
  initializeLoad,
  initializePurchase,
  medicalTypeByte,
  readMedicalLog,
  selectMedical,
  updateStartDay,
} from "./commands.ts";
import { AMOUNTS, begin, intentOf, medicalBench, settle } from "./testing.ts";

const TERMINAL = fromHex("990100000001");
const START = { keyIndex: 1, account: fen(1), selfPay: fen(2), pooled: fen(3), terminalNumber: TERMINAL };
const COMPLETION = { terminalSequence: 9, date: fromHex("20261121"), time: fromHex("101500"), mac1: fromHex("01020304") };
const DEBIT = "B02C01000F 00000009 20261121 101500 01020304 08";

describe("a settlement", () => {
  const cases: readonly (readonly [string, CardBenchOptions])[] = [
    ["SM4", {}],
    ["triple DES", { card: { algorithm: "3des" } }],
    ["type byte as a number", { profile: { medicalTypeByte: "binary" } }],
    ["another byte for SM4 in the module", { profile: { psamAlgByteSm4: 0x05 } }],
    ["a module with keys of the city", { psam: { socialLevel: 1 } }],
    ["a module with keys of the province", { psam: { socialLevel: 2 } }],
    [
      "a card with factors of the whole city",
      { profile: { cityFactorTemplate: "region4" }, card: { regionCode: "990102" }, psam: { regionCode: "990102", socialLevel: 1 } },
    ],
    ["T=0 lengths", { card: { lengthRule: "t0" }, psam: { lengthRule: "t0" } }],
  ];
  it.each(cases)("moves the account amount once and satisfies the module: %s", async (_name, options) => {
    const bench = await medicalBench(options);
    const { answer, credit, opening } = await settle(bench, { time: "120000" });
    expect(opening).toMatchObject({ balances: { account: 50_000, selfPayTotal: 0, pooledTotal: 0, payYear: "0000" }, keyVersion: 1 });
    expect(answer.kind).toBe("ok");
    expect(credit).toBe("accepted");
    expect(bench.card.debits).toMatchObject([{ purse: "medical-purse", amountFen: 1_200, selfPayFen: 300, pooledFen: 4_500, terminalSeq: 1 }]);
    if (answer.kind === "ok") expect(toHex(answer.tac)).toBe(bench.card.debits[0]?.tac);
  });

  it("leaves balances and log as the card's own books have them", async () => {
    const bench = await medicalBench();
    await settle(bench, { time: "120000" });
    const channel = await bench.selected();
    expect(await bench.run(getBalances(channel, LIMITS))).toEqual({
      kind: "ok",
      balances: { account: 48_800, selfPayTotal: 300, pooledTotal: 4_500, payYear: "2026" },
    });
    expect(await bench.run(readMedicalLog(channel, { number: 1, logMode: "fromRecord" }, LIMITS))).toMatchObject({
      kind: "ok",
      entry: { transaction: "purchase", typeByte: 0x32, account: 1_200, selfPay: 300, pooled: 4_500, date: "20261121", time: "120000", mode: "full" },
    });
    expect(await bench.run(readMedicalLog(channel, { number: 2, logMode: "fromRecord" }, LIMITS))).toEqual({ kind: "no-record" });
    expect(await bench.run(getStartDay(channel, LIMITS))).toEqual({ kind: "ok", startDay: "0101" });
  });

  it("a card that keeps the account amount alone wants zeros for the others", async () => {
    const bench = await medicalBench({ profile: { medicalLogMode: "accountOnly20" } });
    const channel = await bench.selected();
    const start = { ...START, ...AMOUNTS };
    expect(await bench.run(initializePurchase(channel, start, LIMITS))).toMatchObject({ kind: "refused", statusWord: 0x6985 });
    const { credit } = await settle(bench, { time: "120000", amounts: amountsForMode(AMOUNTS, "account-only") });
    expect(credit).toBe("accepted");
    expect(await bench.run(readMedicalLog(await bench.selected(), { number: 1, logMode: "accountOnly20" }, LIMITS))).toMatchObject({
      entry: { mode: "account-only", account: 1_200, selfPay: 0, pooled: 0 },
    });
  });

  it("figures stay what they are in full mode", () => {
    expect(amountsForMode(AMOUNTS, "full")).toEqual(AMOUNTS);
  });

  it.each([
    ["more than the account holds", { account: fen(50_001) }, "funds", 0x9401],
    ["a key index that is not there", { keyIndex: 9 }, "key-index", 0x9403],
  ])("is refused: %s", async (_name, more, reason, statusWord) => {
    const bench = await medicalBench();
    const channel = await bench.selected();
    expect(await bench.run(initializePurchase(channel, { ...START, ...more }, LIMITS))).toEqual({ kind: "refused", statusWord, reason });
  });

  it("is refused when the counter is used up", async () => {
    const bench = await medicalBench({ card: { faults: { counterExhausted: true } } });
    expect(await bench.run(initializePurchase(await bench.selected(), START, LIMITS))).toMatchObject({ kind: "refused", reason: "counter-full" });
  });

  it("is refused before the holder's PIN", async () => {
    const bench = await medicalBench({ card: { pin: "123456" } });
    const channel = await bench.selected();
    expect(await bench.run(initializePurchase(channel, START, LIMITS))).toMatchObject({ kind: "refused", reason: "pin-needed" });
    expect(await bench.run(getBalances(channel, LIMITS))).toMatchObject({ kind: "refused", reason: "pin-needed" });
    await bench.enterPin(channel, "123456");
    expect(await bench.run(initializePurchase(channel, START, LIMITS))).toMatchObject({ kind: "ok" });
  });

  it("out of order drops the card to idle, and a wrong MAC takes nothing", async () => {
    const bench = await medicalBench();
    const channel = await bench.selected();
    expect(await bench.run(debitPurchase(channel, COMPLETION, LIMITS))).toMatchObject({ kind: "refused", reason: "out-of-order" });
    await bench.run(initializePurchase(channel, START, LIMITS));
    expect(await bench.run(debitPurchase(channel, COMPLETION, LIMITS))).toMatchObject({ kind: "refused", reason: "mac-wrong" });
    expect(await bench.run(debitPurchase(channel, COMPLETION, LIMITS))).toMatchObject({ kind: "refused", reason: "out-of-order" });
    expect(bench.card.debits).toEqual([]);
  });

  it("keeps the opened purchase over balance and proof", async () => {
    const bench = await medicalBench();
    await settle(bench, { time: "115900" });
    const channel = await bench.selected();
    const { completion, purchase } = await bench.run(begin(bench, channel, { time: "120000" }));
    await bench.run(getBalances(channel, LIMITS));
    expect(await bench.run(getMedicalProof(channel, { typeByte: 0x32, sequence: 1 }, LIMITS))).toMatchObject({ kind: "ok" });
    const answer = await bench.run(debitPurchase(channel, completion, LIMITS));
    expect(answer.kind).toBe("ok");
    purchase.release();
  });

  it("a MAC2 that the card got wrong is refused by the module, although the card has paid", async () => {
    const bench = await medicalBench({ card: { faults: { wrongMac2: true } } });
    const { credit, answer } = await settle(bench, { time: "120000" });
    expect([answer.kind, credit]).toEqual(["ok", "refused"]);
    expect(bench.card.debits).toHaveLength(1);
  });
});

describe("a load", () => {
  it.each([
    ["SM4", {}],
    ["triple DES", { card: { algorithm: "3des" } }],
    ["the balance before it in the TAC", { profile: { medicalLoadTacBalance: "before" } }],
    ["type byte as a number", { profile: { medicalTypeByte: "binary" } }],
  ] as const)("is opened by the card, approved by the host and proved by the TAC: %s", async (_name, options) => {
    const bench = await medicalBench(options);
    const channel = await bench.selected();
    const amount = fen(700);
    const opening = await bench.run(initializeLoad(channel, { keyIndex: 1, amount, terminalNumber: TERMINAL }, LIMITS));
    if (opening.kind !== "ok") throw new Error("not opened");
    expect(opening).toMatchObject({ account: 50_000, cardSequence: 0, keyVersion: 1 });
    const rules = { suite: SUITE, algorithm: bench.card.personalization.social.algorithm, profile: bench.profile };
    const keys = medicalLoadKeysOf(bench.card);
    const at = { date: dateToBcd("20261121"), time: timeToBcd("101500") };
    const facts = { balanceFen: opening.account, loadSequence: opening.cardSequence, amountFen: amount, terminalNumber: TERMINAL };
    const approval = approveMedicalLoad(rules, keys, { ...facts, cardRandom: opening.cardRandom, mac1: opening.mac1, at });
    if (approval === undefined) throw new Error("not approved");
    const answer = await bench.run(creditLoad(channel, approval, LIMITS));
    expect(answer).toEqual({ kind: "ok", tac: medicalLoadTac(rules, keys, { ...facts, at }) });
    expect(await bench.run(getBalances(channel, LIMITS))).toMatchObject({ balances: { account: 50_700 } });
    expect(await bench.run(creditLoad(channel, approval, LIMITS))).toMatchObject({ kind: "refused", reason: "out-of-order" });
  });

  it("with a wrong MAC2 loads nothing", async () => {
    const bench = await medicalBench();
    const channel = await bench.selected();
    await bench.run(initializeLoad(channel, { keyIndex: 1, amount: fen(700), terminalNumber: TERMINAL }, LIMITS));
    const approval = { date: dateToBcd("20261121"), time: timeToBcd("101500"), mac2: fromHex("00000000") };
    expect(await bench.run(creditLoad(channel, approval, LIMITS))).toMatchObject({ kind: "refused", reason: "mac-wrong" });
  });

  it("of another key index is refused", async () => {
    const bench = await medicalBench();
    const start = { keyIndex: 7, amount: fen(700), terminalNumber: TERMINAL };
    expect(await bench.run(initializeLoad(await bench.selected(), start, LIMITS))).toMatchObject({ kind: "refused", reason: "key-index" });
  });
});

describe("the first day of the benefit year", () => {
  it.each(["sm4", "3des"] as const)("is set under the host's key: %s", async (algorithm) => {
    const bench = await medicalBench({ card: { algorithm } });
    const channel = await bench.selected();
    const sign = bench.hostMac("dskHex");
    expect(await bench.run(updateStartDay(channel, { startDay: "0401", sign }, LIMITS))).toEqual({ kind: "ok", startDay: "0401" });
    expect(await bench.run(getStartDay(channel, LIMITS))).toEqual({ kind: "ok", startDay: "0401" });
    const wrong = async () => fromHex("00000000");
    expect(await bench.run(updateStartDay(channel, { startDay: "0701", sign: wrong }, LIMITS))).toMatchObject({ kind: "refused", reason: "mac-wrong" });
    expect(await bench.run(getStartDay(channel, LIMITS))).toEqual({ kind: "ok", startDay: "0401" });
  });

  it("sends day and MAC, and nothing when the card gives no challenge", async () => {
    const sign = async (request: { readonly challenge: Uint8Array; readonly input: Uint8Array }) => {
      expect([toHex(request.challenge), toHex(request.input)]).toEqual(["1122334455667788", "0401"]);
      return fromHex("aabbccdd");
    };
    const channel = new ScriptedChannel([
      ["0084000008", "11223344556677889000"],
      ["B0560100060401aabbccdd", "9000"],
    ]);
    expect(await updateStartDay(channel, { startDay: "0401", sign }, LIMITS)).toEqual({ kind: "ok", startDay: "0401" });
    expect(channel.done).toBe(true);
    expect(await updateStartDay(new ScriptedChannel([["0084000008", "6d00"]]), { startDay: "0401", sign }, LIMITS)).toMatchObject({ kind: "refused" });
    const short = updateStartDay(new ScriptedChannel([["0084000008", "1122334455669000"]]), { startDay: "0401", sign }, LIMITS);
    await expect(short).rejects.toMatchObject({ code: "card-answer-malformed" });
    for (const startDay of ["401", "04010", "x0401", "0401x"]) await expect(updateStartDay(channel, { startDay, sign }, LIMITS)).rejects.toThrow("mmdd");
    const three = async () => fromHex("000000");
    const challenged = new ScriptedChannel([["0084000008", "11223344556677889000"]]);
    await expect(updateStartDay(challenged, { startDay: "0401", sign: three }, LIMITS)).rejects.toThrow("four bytes");
    const troubled = new ScriptedChannel([
      ["0084000008", "11223344556677889000"],
      ["B0560100060401aabbccdd", "6581"],
    ]);
    await expect(updateStartDay(troubled, { startDay: "0401", sign }, LIMITS)).rejects.toThrow("UPDATE START DAY");
  });
});

describe("selection", () => {
  it.each([
    ["9000", { kind: "ok" }],
    ["6a82", { kind: "no-medical-purse" }],
    ["6a81", { kind: "blocked" }],
    ["9303", { kind: "blocked" }],
    ["6985", { kind: "refused", statusWord: 0x6985 }],
  ])("%s", async (answer, expected) => {
    expect(await selectMedical(new ScriptedChannel([["00A4040006D1560000050300", answer]]), LIMITS)).toMatchObject(expected);
  });
});

describe("commands as bytes", () => {
  it("INITIALIZE FOR PURCHASE", async () => {
    const channel = new ScriptedChannel([["B0280101 13 01 00000001 00000002 00000003 990100000001 16", `${"00".repeat(22)}9000`]]);
    expect(await initializePurchase(channel, START, LIMITS)).toMatchObject({ kind: "ok" });
  });

  it("INITIALIZE FOR LOAD", async () => {
    const channel = new ScriptedChannel([["B0280001 0B 01 00000001 990100000001 10", `${"00".repeat(16)}9000`]]);
    expect(await initializeLoad(channel, { keyIndex: 1, amount: fen(1), terminalNumber: TERMINAL }, LIMITS)).toMatchObject({ kind: "ok" });
  });

  it("GET BALANCE three times, and the first refusal is the answer", async () => {
    const steps = [
      ["B026000104", "000000019000"],
      ["B026000206", "0000000220269000"],
      ["B026000306", "0000000320259000"],
    ] as const;
    expect(await getBalances(new ScriptedChannel(steps), LIMITS)).toEqual({
      kind: "ok",
      balances: { account: 1, selfPayTotal: 2, pooledTotal: 3, payYear: "2026" },
    });
    for (const at of [0, 1, 2]) {
      const refused = steps.slice(0, at + 1).map(([command, answer], index) => [command, index === at ? "6982" : answer] as const);
      expect(await getBalances(new ScriptedChannel(refused), LIMITS)).toEqual({ kind: "refused", statusWord: 0x6982, reason: "pin-needed" });
    }
  });

  it("GET TRANSACTION PROOF and its refusals", async () => {
    const ask = (answer: string) => getMedicalProof(new ScriptedChannel([["B02E0032 02 0007 08", answer]]), { typeByte: 0x32, sequence: 7 }, LIMITS);
    expect(await ask("01020304050607089000")).toEqual({ kind: "ok", mac2: fromHex("01020304"), tac: fromHex("05060708") });
    expect(await ask("9406")).toEqual({ kind: "no-proof" });
    expect(await ask("6a86")).toEqual({ kind: "refused", statusWord: 0x6a86, reason: "other" });
  });

  it("READ RECORD of the log by number", async () => {
    const ask = (answer: string) => readMedicalLog(new ScriptedChannel([["00B2054400", answer]]), { number: 5, logMode: "fromRecord" }, LIMITS);
    expect(await ask("6a83")).toEqual({ kind: "no-record" });
    expect(await ask(`${"00".repeat(28)}9000`)).toEqual({ kind: "no-record" });
    expect(await ask("6982")).toEqual({ kind: "refused", statusWord: 0x6982, reason: "pin-needed" });
    await expect(ask("019000")).rejects.toMatchObject({ code: "card-answer-malformed" });
  });

  it.each([0, 256, 1.5])("records are counted from 1: %d", async (number) => {
    await expect(readMedicalLog(new ScriptedChannel([]), { number, logMode: "fromRecord" }, LIMITS)).rejects.toThrow("counted");
  });

  it("success without the form of an answer is a fault", async () => {
    const fault = (what: string) => ({ code: "card-answer-malformed", effectUnknown: true, message: expect.stringContaining(what) });
    const garbled = () => new ScriptedChannel([["B0*", "01020304050607080900000000000000000000000000000000009000"]]);
    await expect(initializePurchase(garbled(), START, LIMITS)).rejects.toMatchObject(fault("INITIALIZE FOR PURCHASE"));
    await expect(initializeLoad(garbled(), { keyIndex: 1, amount: fen(1), terminalNumber: TERMINAL }, LIMITS)).rejects.toMatchObject(
      fault("INITIALIZE FOR LOAD"),
    );
    await expect(debitPurchase(garbled(), COMPLETION, LIMITS)).rejects.toMatchObject(fault("DEBIT FOR PURCHASE"));
    await expect(creditLoad(garbled(), { ...COMPLETION, mac2: fromHex("01020304") }, LIMITS)).rejects.toMatchObject(fault("CREDIT FOR LOAD"));
    await expect(getBalances(garbled(), LIMITS)).rejects.toMatchObject(fault("GET BALANCE"));
    await expect(getMedicalProof(garbled(), { typeByte: 0x32, sequence: 7 }, LIMITS)).rejects.toMatchObject(fault("GET TRANSACTION PROOF"));
    await expect(getStartDay(garbled(), LIMITS)).rejects.toMatchObject(fault("GET START DAY"));
    const yearly = new ScriptedChannel([
      ["B026000104", "000000019000"],
      ["B026000206", "009000"],
    ]);
    await expect(getBalances(yearly, LIMITS)).rejects.toMatchObject(fault("GET BALANCE"));
  });

  it.each(["6700", "6901", "6982", "6985", "6a81", "6a86", "6e00", "9302", "9303", "9401", "9402", "9403"])(
    "DEBIT answered by %s has not paid",
    async (answer) => {
      expect(await debitPurchase(new ScriptedChannel([[DEBIT, answer]]), COMPLETION, LIMITS)).toMatchObject({
        kind: "refused",
        statusWord: Number.parseInt(answer, 16),
      });
    },
  );

  it.each(["6581", "6500", "6400", "9406", "6f00", "63c1"])("DEBIT answered by %s leaves open whether it has", async (answer) => {
    const debit = debitPurchase(new ScriptedChannel([[DEBIT, answer]]), COMPLETION, LIMITS);
    await expect(debit).rejects.toMatchObject({ code: "card-answer-malformed", effectUnknown: true });
  });

  it("a refusal after 61xx is none: the card has executed the command", async () => {
    const channel = new ScriptedChannel([
      [DEBIT, "6108"],
      ["00C0000008", "6985"],
    ]);
    await expect(debitPurchase(channel, COMPLETION, LIMITS)).rejects.toMatchObject({ effectUnknown: true });
  });

  it.each([
    ["ascii", "load", 0x31],
    ["ascii", "purchase", 0x32],
    ["binary", "load", 0x01],
    ["binary", "purchase", 0x02],
  ] as const)("the type byte as %s of a %s", (coding, transaction, byte) => {
    expect(medicalTypeByte(transaction, { medicalTypeByte: coding })).toBe(byte);
  });

  it("GET START DAY that is refused", async () => {
    const channel = new ScriptedChannel([["B056000002", "6d00"]]);
    expect(await getStartDay(channel, LIMITS)).toEqual({ kind: "refused", statusWord: 0x6d00, reason: "other" });
  });

  it("the largest amount and the last record fit", async () => {
    const most = fen(0xffff_ffff);
    const opening = new ScriptedChannel([["B0280101 13 01 ffffffff ffffffff ffffffff 990100000001 16", "9401"]]);
    expect(await initializePurchase(opening, { ...START, account: most, selfPay: most, pooled: most }, LIMITS)).toMatchObject({ reason: "funds" });
    expect(await readMedicalLog(new ScriptedChannel([["00B2ff4400", "6a83"]]), { number: 0xff, logMode: "fromRecord" }, LIMITS)).toEqual({ kind: "no-record" });
  });

  it.each([{ date: fromHex("2026") }, { time: fromHex("1015") }])("a day or time that does not fit the command: %o", async (wrong) => {
    const channel = new ScriptedChannel([]);
    await expect(debitPurchase(channel, { ...COMPLETION, ...wrong }, LIMITS)).rejects.toThrow("fits the command");
    await expect(creditLoad(channel, { ...COMPLETION, mac2: fromHex("01020304"), ...wrong }, LIMITS)).rejects.toThrow("fits the command");
  });

  it("our own mistakes do not reach the card", async () => {
    const wrongTerminal = { keyIndex: 1, amount: fen(1), terminalNumber: fromHex("00") };
    await expect(initializeLoad(new ScriptedChannel([]), wrongTerminal, LIMITS)).rejects.toThrow("fits the command");
    const channel = new ScriptedChannel([]);
    await expect(initializePurchase(channel, { ...START, pooled: fen(0x1_0000_0000) }, LIMITS)).rejects.toThrow("fits the command");
    await expect(initializePurchase(channel, { ...START, terminalNumber: fromHex("00") }, LIMITS)).rejects.toThrow("fits the command");
    await expect(initializeLoad(channel, { keyIndex: 1, amount: fen(0x1_0000_0000), terminalNumber: TERMINAL }, LIMITS)).rejects.toThrow("fits the command");
    await expect(debitPurchase(channel, { ...COMPLETION, mac1: fromHex("00") }, LIMITS)).rejects.toThrow("fits the command");
    await expect(creditLoad(channel, { ...COMPLETION, mac2: fromHex("00") }, LIMITS)).rejects.toThrow("fits the command");
  });

  it("an intent names the sale as the card will", async () => {
    const bench = await medicalBench();
    expect(intentOf(bench, { time: "120000" })).toMatchObject({ transaction: "purchase", terminalNumber: "990100000001", amounts: AMOUNTS });
  });
});
