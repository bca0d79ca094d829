/* The grey lock: bytes by hand for both lengths, answers that must not be misread, and what the evidence makes of each story. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { LIMITS, ScriptedChannel } from "../testing.ts";
import { parseGreyDebit, parseGreyLock, parseGreyUnlock, parseGreyUnlockOpening } from "./grey-answers.ts";
import { debitForUnlock, greyLock, greyUnlock, initializeGreyLock, initializeGreyUnlock } from "./grey-lock.ts";
import { type GreyIntent, proveGreyDebit, proveGreyLock, proveGreyUnlock, readGreyState } from "./prove-grey.ts";

const TERMINAL = "990100000042";
const START = { purse: "e-purse", keyIndex: 1, terminalNumber: fromHex(TERMINAL) } as const;
const WHEN = { date: fromHex("20261121"), time: fromHex("120000") };
const LOCK = { ...WHEN, terminalSequence: 9, terminalRandom: fromHex("a1a2a3a4"), mac1: fromHex("eb3bca1f") };
const OPENING = "00002710 0007 000000 01 04 0a0b0c0d".replaceAll(" ", "");
const UNLOCK_OPENING = "00002710 0008 0003 01 04 0a0b0c0d 11223344".replaceAll(" ", "");

describe("answers", () => {
  it("GREY LOCK names GTAC first", () => {
    expect(parseGreyLock(fromHex("0102030405060708"))).toEqual({ kind: "ok", lockTac: fromHex("01020304"), mac2: fromHex("05060708") });
  });

  it("INITIALIZE FOR GREY UNLOCK has both counters", () => {
    expect(parseGreyUnlockOpening(fromHex(UNLOCK_OPENING))).toEqual({
      kind: "ok",
      balance: 10_000,
      offlineSequence: 8,
      onlineSequence: 3,
      keyVersion: 1,
      algorithm: 4,
      cardRandom: fromHex("0a0b0c0d"),
      mac1: fromHex("11223344"),
    });
  });

  it("GREY UNLOCK has one code or two", () => {
    expect(parseGreyUnlock(fromHex("01020304"), 4)).toEqual({ kind: "ok", tac: fromHex("01020304") });
    expect(parseGreyUnlock(fromHex("0102030405060708"), 8)).toEqual({ kind: "ok", tac: fromHex("01020304"), mac: fromHex("05060708") });
  });

  it("no parser throws, and none takes another length than its own", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        expect(parseGreyLock(bytes) === undefined).toBe(bytes.length !== 8);
        expect(parseGreyDebit(bytes) === undefined).toBe(bytes.length !== 4);
        expect(parseGreyUnlockOpening(bytes) === undefined).toBe(bytes.length !== 18);
        expect(parseGreyUnlock(bytes, 4) === undefined).toBe(bytes.length !== 4);
        expect(parseGreyUnlock(bytes, 8) === undefined).toBe(bytes.length !== 8);
      }),
    );
  });
});

describe("commands", () => {
  it.each([
    ["e-purse", "02"],
    ["e-passbook", "01"],
  ] as const)("both INITIALIZEs name the %s", async (purse, p2) => {
    const channel = new ScriptedChannel([
      [`e07a08${p2} 07 01 ${TERMINAL} 0f`, `${OPENING}9000`],
      [`e07a09${p2} 07 01 ${TERMINAL} 12`, `${UNLOCK_OPENING}9000`],
    ]);
    expect(await initializeGreyLock(channel, { ...START, purse }, LIMITS)).toMatchObject({ kind: "ok", balance: 10_000, cardSequence: 7 });
    expect(await initializeGreyUnlock(channel, { ...START, purse }, LIMITS)).toMatchObject({ kind: "ok", onlineSequence: 3 });
  });

  it.each([
    ["sum", "e07c080013 00000009 a1a2a3a4 20261121 120000 eb3bca1f 08"],
    ["manual", "e07c08000b 20261121 120000 eb3bca1f 08"],
  ] as const)("GREY LOCK in the length %s", async (greyLockLc, command) => {
    expect(await greyLock(new ScriptedChannel([[command, "01020304050607089000"]]), { ...LOCK, greyLockLc }, LIMITS)).toMatchObject({
      kind: "ok",
      lockTac: fromHex("01020304"),
    });
  });

  it.each([
    ["e-purse", "02"],
    ["e-passbook", "01"],
  ] as const)("DEBIT FOR UNLOCK of the %s", async (purse, p2) => {
    const debit = { ...WHEN, purse, amount: fen(450), cardSequence: 7, terminalNumber: START.terminalNumber, terminalSequence: 9, gmac: fromHex("cafebabe") };
    const channel = new ScriptedChannel([[`e07e08${p2} 1b 000001c2 0007 ${TERMINAL} 00000009 20261121 120000 cafebabe 04`, "010203049000"]]);
    expect(await debitForUnlock(channel, debit, LIMITS)).toEqual({ kind: "ok", tac: fromHex("01020304") });
  });

  it.each([
    ["sum", "08", "0102030405060708", { kind: "ok", tac: fromHex("01020304"), mac: fromHex("05060708") }],
    ["manual", "04", "01020304", { kind: "ok", tac: fromHex("01020304") }],
  ] as const)("GREY UNLOCK in the length %s", async (greyLockLc, le, answer, expected) => {
    const channel = new ScriptedChannel([[`e07c09000f 000001c2 20261121 120000 cafebabe ${le}`, `${answer}9000`]]);
    expect(await greyUnlock(channel, { ...WHEN, amount: fen(450), mac2: fromHex("cafebabe"), greyLockLc }, LIMITS)).toEqual(expected);
  });

  it("refusals are values, other lengths faults, doubt is unknown", async () => {
    expect(await initializeGreyLock(new ScriptedChannel([["e07a08*", "6985"]]), START, LIMITS)).toEqual({ kind: "refused", statusWord: 0x6985 });
    expect(await initializeGreyUnlock(new ScriptedChannel([["e07a09*", "6985"]]), START, LIMITS)).toEqual({ kind: "refused", statusWord: 0x6985 });
    await expect(initializeGreyLock(new ScriptedChannel([["e07a08*", "009000"]]), START, LIMITS)).rejects.toMatchObject({ code: "card-answer-malformed" });
    await expect(initializeGreyUnlock(new ScriptedChannel([["e07a09*", "009000"]]), START, LIMITS)).rejects.toMatchObject({ code: "card-answer-malformed" });
    expect(await greyLock(new ScriptedChannel([["e07c08*", "9302"]]), { ...LOCK, greyLockLc: "sum" }, LIMITS)).toEqual({ kind: "refused", statusWord: 0x9302 });
    await expect(greyLock(new ScriptedChannel([["e07c08*", "6581"]]), { ...LOCK, greyLockLc: "sum" }, LIMITS)).rejects.toMatchObject({ effectUnknown: true });
  });

  it("what does not fit is our own mistake", async () => {
    const channel = new ScriptedChannel([]);
    await expect(initializeGreyLock(channel, { ...START, keyIndex: 256 }, LIMITS)).rejects.toThrow("fits the command");
    await expect(initializeGreyLock(channel, { ...START, terminalNumber: fromHex("00") }, LIMITS)).rejects.toThrow("fits the command");
    for (const wrong of [{ terminalRandom: fromHex("00") }, { date: fromHex("00") }, { time: fromHex("00") }, { mac1: fromHex("00") }]) {
      expect(() => greyLock(channel, { ...LOCK, ...wrong, greyLockLc: "sum" }, LIMITS)).toThrow("fits the command");
    }
    for (const wrong of [{ date: fromHex("00") }, { time: fromHex("00") }, { mac2: fromHex("00") }]) {
      expect(() => greyUnlock(channel, { ...WHEN, amount: fen(1), mac2: fromHex("cafebabe"), greyLockLc: "sum", ...wrong }, LIMITS)).toThrow(
        "fits the command",
      );
    }
    const debit = {
      ...WHEN,
      purse: "e-purse",
      amount: fen(1),
      cardSequence: 7,
      terminalNumber: START.terminalNumber,
      terminalSequence: 9,
      gmac: fromHex("cafebabe"),
    } as const;
    for (const wrong of [{ date: fromHex("00") }, { time: fromHex("00") }, { gmac: fromHex("00") }, { terminalNumber: fromHex("00") }]) {
      expect(() => debitForUnlock(channel, { ...debit, ...wrong }, LIMITS)).toThrow("fits the command");
    }
  });
});

const INTENT: GreyIntent = { purse: "e-purse", terminalNumber: TERMINAL, date: "20261121", time: "120000", sequence: 7 };
const REQUEST = { keyIndex: 1, proveSeqOrder: ["log1", "seq", "seq+1"] as const };
type Script = readonly (readonly [string, string])[];
const prove = (type: string, sequence: number) => `805a00${type}02 ${sequence.toString(16).padStart(4, "0")} 08`;
const CODES = "010203040506070890 00".replaceAll(" ", "");
const codes = (sequence: number) => ({ sequence, mac: fromHex("01020304"), tac: fromHex("05060708") });
const lockOpening = (sequence: number) => ["e07a08*", `00002710${sequence.toString(16).padStart(4, "0")}00000001040a0b0c0d9000`] as const;
const LOCKED = ["e07a08*", "6985"] as const;
const read = (number: number) => `00b2${number.toString(16).padStart(2, "0")}c417`;
const record = (sequence: number, type: string, change = "20261121120000") =>
  `${sequence.toString(16).padStart(4, "0")}000000000001c2${type}${TERMINAL}${change}9000`;

async function play<Evidence>(script: Script, work: (channel: ScriptedChannel) => Promise<Evidence>): Promise<Evidence> {
  const channel = new ScriptedChannel(script);
  const evidence = await work(channel);
  expect(channel.done).toBe(true);
  return evidence;
}

describe("state", () => {
  it.each([
    [lockOpening(7), { kind: "free", balance: 10_000, cardSequence: 7 }],
    [LOCKED, { kind: "locked" }],
    [["e07a08*", "9403"], { kind: "refused", statusWord: 0x9403 }],
  ] as const)("%j", async (step, expected) => {
    expect(await readGreyState(new ScriptedChannel([step]), START, LIMITS)).toEqual(expected);
  });
});

describe("evidence of a lock", () => {
  const evidence = (script: Script, intent: Partial<GreyIntent> = {}) =>
    play(script, (channel) => proveGreyLock(channel, { ...REQUEST, intent: { ...INTENT, ...intent } }, LIMITS));

  it("a locked purse gives every code for the module to judge", async () => {
    expect(await evidence([[prove("92", 7), CODES], [prove("92", 8), CODES], LOCKED])).toEqual({ kind: "locked", codes: [codes(7), codes(8)] });
  });

  it("a free purse whose counter stands was not locked, whatever it still proves", async () => {
    expect(await evidence([[prove("92", 7), CODES], [prove("92", 8), "9406"], lockOpening(7)])).toEqual({ kind: "not-locked" });
  });

  it("a free purse whose counter moved has seen somebody else", async () => {
    expect(await evidence([[prove("92", 7), "9406"], [prove("92", 8), CODES], lockOpening(9)])).toEqual({
      kind: "undecidable",
      why: "unlogged",
      codes: [codes(8)],
    });
  });

  it("the passbook has types of its own", async () => {
    const script = [
      [prove("91", 7), "9406"],
      [prove("91", 8), "6985"],
      ["e07a0801*", "9403"],
    ] as const;
    expect(await evidence(script, { purse: "e-passbook" })).toEqual({ kind: "undecidable", why: "state-unreadable", statusWord: 0x9403, codes: [] });
  });
});

describe("evidence of a debit", () => {
  const evidence = (script: Script, intent: Partial<GreyIntent> = {}) =>
    play(script, (channel) => proveGreyDebit(channel, { ...REQUEST, intent: { ...INTENT, amount: fen(450), ...intent } }, LIMITS));

  it("the log names it", async () => {
    expect(
      await evidence([
        [read(1), record(9, "94")],
        [prove("94", 9), CODES],
        [prove("94", 7), "9406"],
        [prove("94", 8), "9406"],
      ]),
    ).toEqual({
      kind: "done",
      logSequence: 9,
      codes: [codes(9)],
    });
  });

  it("the log may count from the lock itself", async () => {
    expect(
      await evidence([
        [read(1), record(7, "94")],
        [prove("94", 7), CODES],
        [prove("94", 8), "9406"],
      ]),
    ).toEqual({ kind: "done", logSequence: 7, codes: [codes(7)] });
  });

  it.each([
    ["of another type", record(9, "96")],
    ["from before the lock", record(6, "94")],
    ["of another time", record(9, "94", "20261121120001")],
    ["of another day", record(9, "94", "20261122120000")],
    ["of another terminal", record(9, "94").replace(TERMINAL, "990100000043")],
    ["of another amount", record(9, "94").replace("000001c2", "000001c3")],
  ])("an entry %s is another's, and a locked purse still waits", async (_name, entry) => {
    expect(await evidence([[read(1), entry], [read(2), "6a83"], [prove("94", 7), "9406"], [prove("94", 8), "9406"], LOCKED])).toEqual({ kind: "still-locked" });
  });

  it("a free purse without an entry hands its codes to the host", async () => {
    expect(await evidence([[read(1), "6a83"], [prove("94", 7), "9406"], [prove("94", 8), CODES], lockOpening(9)])).toEqual({
      kind: "undecidable",
      why: "unlogged",
      codes: [codes(8)],
    });
  });

  it("a state that is not told decides nothing", async () => {
    expect(
      await evidence(
        [
          [read(1), "6982"],
          [prove("93", 7), "9406"],
          [prove("93", 8), "9406"],
          ["e07a0801*", "9403"],
        ],
        { purse: "e-passbook" },
      ),
    ).toEqual({
      kind: "undecidable",
      why: "state-unreadable",
      statusWord: 0x9403,
      codes: [],
    });
  });
});

describe("evidence of an online unlock", () => {
  const evidence = (script: Script, intent: Partial<GreyIntent> = {}) =>
    play(script, (channel) => proveGreyUnlock(channel, { ...REQUEST, intent: { ...INTENT, sequence: 3, amount: fen(450), ...intent } }, LIMITS));
  const silent = [
    [read(1), "6a83"],
    [prove("96", 3), "9406"],
    [prove("96", 4), "9406"],
  ] as const;
  const unlockOpening = (sequence: number) => ["e07a09*", UNLOCK_OPENING.replace("0003", sequence.toString(16).padStart(4, "0")).concat("9000")] as const;

  it("the log names it", async () => {
    expect(
      await evidence([
        [read(1), record(4, "96")],
        [prove("96", 4), CODES],
        [prove("96", 3), "9406"],
      ]),
    ).toEqual({
      kind: "done",
      logSequence: 4,
      codes: [codes(4)],
    });
  });

  it("an unmoved online counter says that it is still ahead", async () => {
    expect(await evidence([...silent, unlockOpening(3)])).toEqual({ kind: "still-locked" });
  });

  it("locked again after somebody's unlock", async () => {
    expect(await evidence([...silent, unlockOpening(4)])).toEqual({ kind: "undecidable", why: "unlogged", codes: [] });
  });

  it("a purse that does not open for an unlock and is free has been unlocked by somebody", async () => {
    expect(await evidence([...silent, ["e07a09*", "6985"], lockOpening(9)])).toEqual({ kind: "undecidable", why: "unlogged", codes: [] });
  });

  it("a locked purse that does not open for an unlock tells its word", async () => {
    expect(await evidence([...silent, ["e07a09*", "9402"], LOCKED])).toEqual({ kind: "undecidable", why: "state-unreadable", statusWord: 0x9402, codes: [] });
  });
});
