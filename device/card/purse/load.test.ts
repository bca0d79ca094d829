/* Loads: bytes by hand, answers that must not be misread, and the evidence after a tear against an independently written card. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testPurseCardKey } from "../../../simulators/crypto/test-keys.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { loadMac1Input, loadMac2Input, loadSessionKey, purseMac } from "../keys/purse.ts";
import { type CardBenchOptions, cardBench, LIMITS, ScriptedChannel, SUITE } from "../testing.ts";
import { DEFAULT_PURSE_APPLICATIONS, readPublicData, selectPurse } from "./commands.ts";
import { creditLoad, initializeLoad } from "./load.ts";
import { parseLoadOpening, parseLoadProof } from "./load-answers.ts";
import { readLog } from "./log.ts";
import { isThisLoad, type LoadIntent, proveLoad } from "./prove-load.ts";
import type { PurseLogEntry } from "./types.ts";

const TERMINAL = "990100000042";
const START = { keyIndex: 1, amount: fen(5_000), terminalNumber: fromHex(TERMINAL) };
const OPENING = "00002710 0003 01 04 0a0b0c0d 11223344";
const CREDIT = { date: fromHex("20261121"), time: fromHex("120000"), mac2: fromHex("55667788") };
const CREDIT_COMMAND = "805200000b 20261121 120000 55667788 04";

describe("answers", () => {
  it("INITIALIZE FOR LOAD", () => {
    expect(parseLoadOpening(fromHex(OPENING))).toEqual({
      kind: "ok",
      balance: 10_000,
      onlineSequence: 3,
      keyVersion: 1,
      algorithm: 4,
      cardRandom: fromHex("0a0b0c0d"),
      mac1: fromHex("11223344"),
    });
  });

  it("no parser throws, and none takes another length than its own", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
        expect(parseLoadOpening(bytes) === undefined).toBe(bytes.length !== 16);
        expect(parseLoadProof(bytes) === undefined).toBe(bytes.length !== 4);
      }),
    );
  });
});

describe("commands", () => {
  it.each([
    ["the e-purse", undefined, "8050000210"],
    ["the e-purse by name", "e-purse", "80500002"],
    ["the e-passbook", "e-passbook", "80500001"],
  ] as const)("INITIALIZE FOR LOAD of %s", async (_name, purse, header) => {
    const channel = new ScriptedChannel([[`${header.slice(0, 8)}0b 01 00001388 ${TERMINAL} 10`, `${OPENING.replaceAll(" ", "")}9000`]]);
    expect(await initializeLoad(channel, { ...START, ...(purse === undefined ? {} : { purse }) }, LIMITS)).toMatchObject({ kind: "ok", onlineSequence: 3 });
  });

  it("a refused INITIALIZE is a value, an answer of another length a fault", async () => {
    expect(await initializeLoad(new ScriptedChannel([["80500002*", "6982"]]), START, LIMITS)).toEqual({ kind: "refused", statusWord: 0x6982 });
    await expect(initializeLoad(new ScriptedChannel([["80500002*", "009000"]]), START, LIMITS)).rejects.toMatchObject({ code: "card-answer-malformed" });
  });

  it("CREDIT FOR LOAD gives the TAC", async () => {
    expect(await creditLoad(new ScriptedChannel([[CREDIT_COMMAND, "01020304 9000".replaceAll(" ", "")]]), CREDIT, LIMITS)).toEqual({
      kind: "ok",
      tac: fromHex("01020304"),
    });
  });

  it.each(["9302", "6901", "6985", "9402"])("CREDIT refused with %s loaded nothing", async (answer) => {
    expect(await creditLoad(new ScriptedChannel([[CREDIT_COMMAND, answer]]), CREDIT, LIMITS)).toMatchObject({ kind: "refused" });
  });

  it.each(["6581", "9000", "0102039000", "6f00", "6281"])("CREDIT answered with %s may have loaded", async (answer) => {
    await expect(creditLoad(new ScriptedChannel([[CREDIT_COMMAND, answer]]), CREDIT, LIMITS)).rejects.toMatchObject({ effectUnknown: true });
  });

  it("a start that does not fit is our own mistake", async () => {
    await expect(initializeLoad(new ScriptedChannel([]), { ...START, keyIndex: 256 }, LIMITS)).rejects.toThrow("fits the command");
    await expect(initializeLoad(new ScriptedChannel([]), { ...START, terminalNumber: fromHex("99") }, LIMITS)).rejects.toThrow("fits the command");
    expect(() => creditLoad(new ScriptedChannel([]), { ...CREDIT, mac2: fromHex("00") }, LIMITS)).toThrow("fits the command");
    expect(() => creditLoad(new ScriptedChannel([]), { ...CREDIT, date: fromHex("00") }, LIMITS)).toThrow("fits the command");
    expect(() => creditLoad(new ScriptedChannel([]), { ...CREDIT, time: fromHex("00") }, LIMITS)).toThrow("fits the command");
  });
});

const INTENT: LoadIntent = { purse: "e-purse", terminalNumber: TERMINAL, date: "20261121", time: "120000", amount: fen(5_000), onlineSequence: 3 };
const ENTRY: PurseLogEntry = { sequence: 4, overdraftLimit: fen(0), amount: fen(5_000), type: 2, terminalNumber: TERMINAL, date: "20261121", time: "120000" };

describe("this load's entry", () => {
  it.each([
    ["equal", {}, {}, true],
    ["the sequence from before", { sequence: 3 }, {}, true],
    ["a sequence too early", { sequence: 2 }, {}, false],
    ["a sequence too late", { sequence: 5 }, {}, false],
    ["another amount", { amount: fen(1) }, {}, false],
    ["another terminal", { terminalNumber: "990100000043" }, {}, false],
    ["another day", { date: "20261122" }, {}, false],
    ["another second", { time: "120001" }, {}, false],
    ["a load of the other purse", { type: 1 }, {}, false],
    ["a load of the passbook", { type: 1 }, { purse: "e-passbook" }, true],
  ] as const)("%s", (_name, entry, intent, expected) => {
    expect(isThisLoad({ ...ENTRY, ...entry }, { ...INTENT, ...intent })).toBe(expected);
  });
});

const read = (number: number, file = "c4") => `00b2${number.toString(16).padStart(2, "0")}${file}17`;
const record = (sequence: number, type = "02", time = "120000") =>
  `${sequence.toString(16).padStart(4, "0")}00000000001388${type}${TERMINAL}20261121${time}9000`;
const prove = (sequence: number) => `805a000202 ${sequence.toString(16).padStart(4, "0")} 08`;
const PROOF = "aaaaaaaa010203049000";
const opening = (sequence: number) => [`80500002*`, `00002710${sequence.toString(16).padStart(4, "0")}01040a0b0c0d112233449000`] as const;

describe("evidence of a load", () => {
  const evidence = (script: readonly (readonly [string, string])[], more: { readonly logFile?: number } = {}) => {
    const channel = new ScriptedChannel(script);
    const request = { intent: INTENT, keyIndex: 1, proveSeqOrder: ["log1", "seq", "seq+1"] as const, ...more };
    return proveLoad(channel, request, LIMITS).then((found) => {
      expect(channel.done).toBe(true);
      return found;
    });
  };

  it("the log names it, and the proof is its own", async () => {
    expect(
      await evidence([
        [read(1), record(4)],
        [prove(4), PROOF],
      ]),
    ).toEqual({ kind: "loaded", proof: "log", logSequence: 4, provedSequence: 4, tac: fromHex("01020304") });
  });

  it("the log names it, and no proof is left", async () => {
    expect(
      await evidence([
        [read(1), record(4)],
        [prove(4), "9406"],
        [prove(3), "9406"],
      ]),
    ).toEqual({ kind: "loaded", proof: "log-only", logSequence: 4 });
  });

  it("purchases above it say nothing, a later load takes its proof", async () => {
    expect(
      await evidence([
        [read(1), record(1, "06")],
        [read(2), record(5, "02", "130000")],
        [read(3), record(4)],
      ]),
    ).toEqual({ kind: "loaded", proof: "log-only", logSequence: 4 });
  });

  it("an unmoved counter says that nothing was loaded, whatever the card still proves", async () => {
    expect(await evidence([[read(1), record(3, "02", "110000")], [prove(3), PROOF], [prove(4), "9406"], opening(3)])).toEqual({ kind: "not-loaded" });
  });

  it("a log without loads decides nothing; a counter that moved hands all proofs to the host", async () => {
    expect(await evidence([[read(1), "6a83"], [prove(3), PROOF], [prove(4), "bbbbbbbb050607089000"], opening(4)])).toEqual({
      kind: "undecidable",
      why: "another-load",
      proofs: [
        { sequence: 3, tac: fromHex("01020304") },
        { sequence: 4, tac: fromHex("05060708") },
      ],
    });
  });

  it("an unreadable log and a refused counter leave it open", async () => {
    expect(
      await evidence([
        [read(1), "6982"],
        [prove(3), "6985"],
        [prove(4), "9406"],
        ["80500002*", "6982"],
      ]),
    ).toEqual({ kind: "undecidable", why: "counter-unreadable", statusWord: 0x6982, proofs: [] });
  });

  it("the loads may stand in a file of their own", async () => {
    expect(
      await evidence(
        [
          [read(1, "d4"), record(3)],
          [prove(3), PROOF],
        ],
        { logFile: 0x1a },
      ),
    ).toMatchObject({ kind: "loaded", proof: "log", logSequence: 3 });
  });
});

describe("the log", () => {
  it("is read to its end, every type of it", async () => {
    const channel = new ScriptedChannel([
      [read(1), record(4)],
      [read(2), record(7, "06")],
      [read(3), "6a83"],
    ]);
    expect(await readLog(channel, LIMITS)).toMatchObject({ kind: "ok", entries: [{ type: 2 }, { type: 6 }] });
  });

  it("has ten records at most", async () => {
    const channel = new ScriptedChannel(Array.from({ length: 10 }, (_, at) => [read(at + 1), record(20 - at)] as const));
    const answer = await readLog(channel, LIMITS);
    expect(answer.kind === "ok" && answer.entries.length).toBe(10);
    expect(channel.done).toBe(true);
  });

  it("may be refused", async () => {
    expect(await readLog(new ScriptedChannel([[read(1, "d4"), "6982"]]), LIMITS, 0x1a)).toEqual({ kind: "refused", statusWord: 0x6982 });
  });
});

/** The host's part: a MAC2 under the card's own load key. */
async function hostLoad(bench: ReturnType<typeof cardBench>, channel: CardChannel, time: string) {
  expect(await selectPurse(channel, DEFAULT_PURSE_APPLICATIONS, LIMITS)).toMatchObject({ kind: "ok" });
  const data = await readPublicData(channel, LIMITS);
  const answer = await initializeLoad(channel, START, LIMITS);
  if (answer.kind !== "ok" || data.kind !== "ok") throw new Error("not opened");
  const { algorithm } = bench.card.personalization.purse;
  const crypto = { suite: SUITE, algorithm, profile: bench.profile };
  const place = { issuer: fromHex(data.issuer), serial: fromHex(data.serial) };
  const loadKey = SUITE.secretKey(testPurseCardKey(crypto, "purse-dlk", place));
  const session = loadSessionKey(crypto, loadKey, answer);
  const terms = { ...START, type: 0x02, date: fromHex("20261121"), time: fromHex(time) };
  expect(toHex(purseMac(crypto, session, loadMac1Input(answer.balance, terms)))).toBe(toHex(answer.mac1));
  return { opening: answer, completion: { ...terms, mac2: purseMac(crypto, session, loadMac2Input(terms)) } };
}

describe.each(["pre", "post"] as const)("a simulated card that logs in mode %s", (logSeqMode) => {
  const cases: readonly (readonly [string, CardBenchOptions])[] = [
    ["SM4", {}],
    ["triple DES", { card: { algorithm: "3des" } }],
    ["SM4 with folded codes and padded input", { profile: { macReduce: "fold4", sessionPad: "pad80", sm4Diversify: "fZeros" } }],
  ];

  it.each(cases)("a torn credit is told apart by where it was torn: %s", async (_name, options) => {
    for (const at of ["before", "during", "after"] as const) {
      const bench = cardBench({ ...options, profile: { ...options.profile, logSeqMode } });
      const channel = await bench.channel();
      const earlier = await bench.run(hostLoad(bench, channel, "110000"));
      expect(await bench.run(creditLoad(channel, earlier.completion, LIMITS))).toMatchObject({ kind: "ok" });
      const { opening: before, completion } = await bench.run(hostLoad(bench, channel, "120000"));
      bench.cardReader.setFate(({ command }) => (command[1] === 0x52 ? { kind: "tear", at } : { kind: "ok" }));
      await expect(bench.run(creditLoad(channel, completion, LIMITS))).rejects.toMatchObject({ code: "card-removed", effectUnknown: true });
      bench.cardReader.setFate(() => ({ kind: "ok" }));
      bench.cardReader.insert(bench.card);
      const again = await bench.channel();
      await bench.run(selectPurse(again, DEFAULT_PURSE_APPLICATIONS, LIMITS));
      const intent = { ...INTENT, onlineSequence: before.onlineSequence };
      const found = await bench.run(proveLoad(again, { intent, keyIndex: 1, proveSeqOrder: bench.profile.proveSeqOrder }, LIMITS));
      expect(found.kind).toBe(at === "after" ? "loaded" : "not-loaded");
      expect(bench.card.balanceFen).toBe(at === "after" ? 20_000 : 15_000);
    }
  });
});
