/* Bytes of the purse: each answer read once by hand, any bytes without a throw, and the debit that must not be misread. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { fen } from "../../base/fen.ts";
import { LIMITS, ScriptedChannel } from "../testing.ts";
import { parseBalance, parseDebit, parseLogEntry, parseOpening, parseProve, parsePublicData } from "./answers.ts";
import { debitPurchase, initializePurchase, proveTransaction, purseFactors, purseValidity, readLogRecord, selectPurse } from "./commands.ts";
import { isThisSale, proveSale, readNewestSale } from "./prove-sale.ts";
import type { PurchaseIntent, PurseLogEntry } from "./types.ts";

const DEBIT = { terminalSequence: 9, date: fromHex("20261121"), time: fromHex("120000"), mac1: fromHex("eb3bca1f") };
const DEBIT_COMMAND = "805401000f 00000009 20261121 120000 eb3bca1f 08";

describe("answers", () => {
  it("EF15", () => {
    expect(parsePublicData(fromHex("9901000000000001 02 01 00000000000000000123 20250101 20351231 0000"))).toEqual({
      issuer: "9901000000000001",
      applicationType: 2,
      applicationVersion: 1,
      serial: "00000000000000000123",
      startDate: "20250101",
      endDate: "20351231",
    });
  });

  it("EF18", () => {
    expect(parseLogEntry(fromHex("0007 000000 000001c2 06 990100000042 20261121 120000"))).toEqual({
      sequence: 7,
      overdraftLimit: 0,
      amount: 450,
      type: 6,
      terminalNumber: "990100000042",
      date: "20261121",
      time: "120000",
    });
  });

  it("INITIALIZE FOR PURCHASE", () => {
    expect(parseOpening(fromHex("00002710 0007 000000 01 03 01020304"))).toMatchObject({ balance: 10_000, cardSequence: 7, keyVersion: 1, algorithm: 3 });
  });

  it("DEBIT and PROVE name their codes in opposite orders", () => {
    const answer = fromHex("0102030405060708");
    const debit = parseDebit(answer);
    const prove = parseProve(answer);
    expect(toHex(debit?.tac ?? answer)).toBe(toHex(prove?.mac2 ?? answer.slice(1)));
    expect(toHex(debit?.mac2 ?? answer)).toBe("05060708");
  });

  it("no parser throws, and none takes another length than its own", () => {
    const parsers = [
      [parsePublicData, 30],
      [parseLogEntry, 23],
      [parseBalance, 4],
      [parseOpening, 15],
      [parseDebit, 8],
      [parseProve, 8],
    ] as const;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        for (const [parse, length] of parsers) expect(parse(bytes) === undefined).toBe(bytes.length !== length);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("a debit", () => {
  it.each([0x6700, 0x6901, 0x6985, 0x9302, 0x9303, 0x9401, 0x9402, 0x9403])("refused with %i took nothing", async (statusWord) => {
    const channel = new ScriptedChannel([[DEBIT_COMMAND, statusWord.toString(16)]]);
    expect(await debitPurchase(channel, DEBIT, LIMITS)).toEqual({ kind: "refused", statusWord });
  });

  it.each([
    ["trouble with the memory", [[DEBIT_COMMAND, "6581"]]],
    ["no precise reason", [[DEBIT_COMMAND, "6f00"]]],
    ["a warning", [[DEBIT_COMMAND, "6281"]]],
    ["success without its codes", [[DEBIT_COMMAND, "9000"]]],
    ["success with half its codes", [[DEBIT_COMMAND, "010203049000"]]],
    [
      "an answer that cannot be fetched",
      [
        [DEBIT_COMMAND, "6108"],
        ["00c0000008", "6d00"],
      ],
    ],
    ["no status word", [[DEBIT_COMMAND, "01"]]],
  ] as const)("answered with %s may have taken money", async (_name, script) => {
    await expect(debitPurchase(new ScriptedChannel(script), DEBIT, LIMITS)).rejects.toMatchObject({ code: "card-answer-malformed", effectUnknown: true });
  });

  it.each([
    { after: "nothing", script: [], said: false, effectUnknown: false },
    { after: "nothing", script: [], said: true, effectUnknown: true },
    { after: "61xx", script: [[DEBIT_COMMAND, "6108"]], said: false, effectUnknown: true },
    { after: "61xx", script: [[DEBIT_COMMAND, "6108"]], said: true, effectUnknown: true },
    { after: "6Cxx", script: [[DEBIT_COMMAND, "6c08"]], said: false, effectUnknown: true },
  ] as const)("torn after $after, when the channel says $said: unknown effect is $effectUnknown", async ({ script, said, effectUnknown }) => {
    const channel = new ScriptedChannel(script);
    const leaving = {
      atr: channel.atr,
      insertion: 1,
      close: () => channel.close(),
      transmit: (command: Uint8Array) =>
        channel.done ? Promise.reject(new Fault("card-removed", "the card has left", { effectUnknown: said })) : channel.transmit(command),
    };
    await expect(debitPurchase(leaving, DEBIT, LIMITS)).rejects.toMatchObject({ code: "card-removed", effectUnknown });
  });

  it("whose answer is fetched in two steps is one debit", async () => {
    const channel = new ScriptedChannel([
      [DEBIT_COMMAND, "6108"],
      ["00c0000008", "01020304050607089000"],
    ]);
    expect(await debitPurchase(channel, DEBIT, LIMITS)).toMatchObject({ kind: "ok" });
    expect(channel.done).toBe(true);
  });
});

describe("other commands", () => {
  it("the first application that is there is taken", async () => {
    const channel = new ScriptedChannel([
      ["00a4040005 a000000001 00", "6a82"],
      ["00a4040005 a000000002 00", "6f009000"],
    ]);
    expect(await selectPurse(channel, [{ applicationId: "a000000001" }, { applicationId: "a000000002" }], LIMITS)).toEqual({
      kind: "ok",
      applicationId: "a000000002",
    });
  });

  it.each([
    ["6a82", "no-purse"],
    ["9303", "blocked"],
    ["6a81", "blocked"],
  ])("no application: %s", async (answer, kind) => {
    expect(await selectPurse(new ScriptedChannel([["00a4*", answer]]), [{ applicationId: "a000000001" }], LIMITS)).toEqual({ kind });
  });

  it("INITIALIZE carries key, amount and terminal", async () => {
    const channel = new ScriptedChannel([["805001020b 01 000001c2 990100000042 0f", "9401"]]);
    expect(await initializePurchase(channel, { keyIndex: 1, amount: fen(450), terminalNumber: fromHex("990100000042") }, LIMITS)).toEqual({
      kind: "refused",
      statusWord: 0x9401,
    });
  });

  it.each([
    ["9406", { kind: "no-proof" }],
    ["6985", { kind: "refused", statusWord: 0x6985 }],
  ] as const)("PROVE: %s", async (answer, expected) => {
    expect(await proveTransaction(new ScriptedChannel([["805a000602 0007 08", answer]]), { type: 6, sequence: 7 }, LIMITS)).toEqual(expected);
  });

  it.each([
    ["00", "no-record"],
    ["ff", "no-record"],
  ] as const)("a record full of %s was never written", async (filling, kind) => {
    expect(await readLogRecord(new ScriptedChannel([["00b201c417", `${filling.repeat(23)}9000`]]), 1, LIMITS)).toEqual({ kind });
  });

  it.each([
    ["20261121", "valid"],
    ["20241231", "not-yet-valid"],
    ["20360101", "expired"],
    ["20250101", "valid"],
    ["20351231", "valid"],
  ])("validity on %s", (today, expected) => {
    expect(purseValidity({ startDate: "20250101", endDate: "20351231" }, today)).toBe(expected);
  });

  it.each([
    ["20241231", "20250101", "not-yet-valid"],
    ["20250101", "20250102", "valid"],
    ["20351231", "20360101", "expired"],
    ["20351230", "20351231", "valid"],
    ["19700101", "99991231", "not-yet-valid"],
  ])("between %s and %s: %s", (earliest, latest, expected) => {
    expect(purseValidity({ startDate: "20250101", endDate: "20351231" }, { earliest, latest })).toBe(expected);
  });

  it("unwritten dates do not limit", () => {
    expect(purseValidity({ startDate: "00000000", endDate: "ffffffff" }, "20261121")).toBe("valid");
  });

  it("factors: right 8 of the serial, issuer, province", () => {
    expect(purseFactors({ issuer: "4403000000000001", serial: "11112222333344445555" }).map(toHex)).toEqual([
      "2222333344445555",
      "4403000000000001",
      "3434303030307368",
    ]);
  });
});

const INTENT: PurchaseIntent = { terminalNumber: "990100000042", date: "20261121", time: "120000", type: 6, amount: fen(450) };
const ENTRY: PurseLogEntry = {
  sequence: 7,
  overdraftLimit: fen(0),
  amount: fen(450),
  type: 6,
  terminalNumber: "990100000042",
  date: "20261121",
  time: "120000",
};
const record = (sequence: number, more = "06990100000042", time = "120000") =>
  `${sequence.toString(16).padStart(4, "0")}000000000001c2${more}20261121${time}9000`;
const read = (number: number) => `00b2${number.toString(16).padStart(2, "0")}c417`;

describe("this sale's entry", () => {
  it.each([
    ["equal", {}, {}, true],
    ["another amount", { amount: fen(451) }, {}, false],
    ["another terminal", { terminalNumber: "990100000043" }, {}, false],
    ["another day", { date: "20261122" }, {}, false],
    ["another second", { time: "120001" }, {}, false],
    ["another type", { type: 9 }, {}, false],
    ["the sequence from before", {}, { cardSequence: 7 }, true],
    ["the sequence from after", {}, { cardSequence: 6 }, true],
    ["a sequence too early", {}, { cardSequence: 8 }, false],
    ["a sequence too late", {}, { cardSequence: 5 }, false],
    ["an entry that was there before", {}, { logSequenceBefore: 7 }, false],
    ["an entry after the newest before", {}, { logSequenceBefore: 6 }, true],
  ] as const)("%s", (_name, entry, intent, expected) => {
    expect(isThisSale({ ...ENTRY, ...entry }, { ...INTENT, ...intent })).toBe(expected);
  });
});

describe("proof of a sale", () => {
  const proveSeqOrder = ["log1", "seq", "seq+1"] as const;
  const evidence = (script: readonly (readonly [string, string])[], intent: Partial<PurchaseIntent> = {}) =>
    proveSale(new ScriptedChannel(script), { intent: { ...INTENT, ...intent }, proveSeqOrder }, LIMITS);

  it("tries every sequence once, in the profile's order", async () => {
    const script = [
      [read(1), record(8)],
      ["805a000602 0008 08", "9406"],
      ["805a000602 0007 08", "01020304050607089000"],
    ] as const;
    expect(await evidence(script, { cardSequence: 7 })).toMatchObject({ kind: "debited", proof: "log", logSequence: 8, provedSequence: 7 });
  });

  it("without a proof the log stands alone", async () => {
    const script = [
      [read(1), record(8)],
      ["805a000602 0008 08", "9406"],
      ["805a000602 0007 08", "6985"],
    ] as const;
    expect(await evidence(script)).toEqual({ kind: "debited", proof: "log-only", logSequence: 8 });
  });

  it("a load above the sale takes nothing from it", async () => {
    const script = [
      [read(1), record(3, "02990100000001")],
      [read(2), record(8)],
      ["805a000602 0008 08", "01020304050607089000"],
    ] as const;
    expect(await evidence(script, { cardSequence: 7 })).toMatchObject({ kind: "debited", proof: "log" });
  });

  it("a load with a small number does not count as an older purchase", async () => {
    const script = [
      [read(1), record(3, "02990100000001")],
      [read(2), "6a83"],
    ] as const;
    expect(await evidence(script, { cardSequence: 7 })).toEqual({ kind: "not-debited" });
  });

  it.each([
    ["a compound purchase counts with the e-purse", 6, "09", undefined, true],
    ["a compound purchase of the passbook does not count with the e-purse", 6, "09", "e-passbook", false],
    ["a compound purchase of the e-purse does not count with the passbook", 5, "09", undefined, false],
    ["a compound purchase of the passbook counts with it", 5, "09", "e-passbook", true],
    ["an e-purse purchase does not count with the passbook", 5, "06", undefined, false],
    ["a passbook purchase does not count with the e-purse", 6, "05", undefined, false],
    ["a passbook purchase counts with the passbook", 5, "05", undefined, true],
    ["a withdrawal of cash counts with neither", 5, "04", undefined, false],
  ] as const)("%s", async (_name, type, older, compoundPurse, counts) => {
    // An older entry that counts ends the search; past one that does not, the log is read on.
    const script = [
      [read(1), record(6, `${older}990100000042`, "110000")],
      [read(2), "6982"],
    ] as const;
    const channel = new ScriptedChannel(script);
    const request = { intent: { ...INTENT, type, cardSequence: 7 }, proveSeqOrder, ...(compoundPurse === undefined ? {} : { compoundPurse }) };
    expect((await proveSale(channel, request, LIMITS)).kind).toBe(counts ? "not-debited" : "undecidable");
  });

  it.each([0, 1])("without any number of this sale an entry numbered %i ends nothing", async (sequence) => {
    const script = [
      [read(1), record(sequence, undefined, "130000")],
      [read(2), record(8)],
    ] as const;
    expect(await evidence(script)).toEqual({ kind: "debited", proof: "log-only", logSequence: 8 });
  });

  it("an older purchase on top of the log ends the search at once", async () => {
    expect(await evidence([[read(1), record(6, undefined, "110000")]], { cardSequence: 7 })).toEqual({ kind: "not-debited" });
  });

  it("another sale that took the sequence ends it as well", async () => {
    expect(await evidence([[read(1), record(7, undefined, "130000")]], { cardSequence: 7 })).toEqual({ kind: "not-debited" });
  });

  it.each([["6982"], ["6a82"], ["6d00"]])("a log that is refused with %s decides nothing", async (answer) => {
    expect(await evidence([[read(1), answer]])).toEqual({ kind: "undecidable", why: "log-unreadable", statusWord: Number.parseInt(answer, 16) });
  });

  it("ten later purchases leave it open, and the log is read no further", async () => {
    const script = Array.from({ length: 10 }, (_, at) => [read(at + 1), record(30 - at, undefined, "130000")] as const);
    expect(await evidence(script)).toEqual({ kind: "undecidable", why: "log-overrun" });
  });

  it("the tenth entry is still looked at", async () => {
    const later = Array.from({ length: 9 }, (_, at) => [read(at + 1), record(30 - at, undefined, "130000")] as const);
    expect(await evidence([...later, [read(10), record(8)]])).toEqual({ kind: "debited", proof: "log-only", logSequence: 8 });
  });

  it("a log that becomes unreadable half-way decides nothing", async () => {
    expect(
      await evidence([
        [read(1), record(9, undefined, "130000")],
        [read(2), "6581"],
      ]),
    ).toMatchObject({ kind: "undecidable" });
  });
});

describe("the newest purchase before a sale", () => {
  it.each([
    ["of the e-purse, past loads and the passbook's", { purse: "e-purse" }, ["02", "05", "06"], 10],
    ["of the e-purse, a compound one counts", { purse: "e-purse" }, ["02", "09", "06"], 11],
    ["of the e-purse, a compound one of the passbook does not", { purse: "e-purse", compoundPurse: "e-passbook" }, ["02", "09", "06"], 10],
    ["of the passbook", { purse: "e-passbook" }, ["06", "09", "05"], 10],
    ["of the passbook, a compound one of it counts", { purse: "e-passbook", compoundPurse: "e-passbook" }, ["06", "09", "05"], 11],
  ] as const)("%s", async (_name, counters, types, expected) => {
    const script = types.slice(0, 13 - expected).map((type, at) => [read(at + 1), record(12 - at, `${type}990100000042`)] as const);
    const channel = new ScriptedChannel(script);
    expect(await readNewestSale(channel, counters, LIMITS)).toEqual({ kind: "ok", sequence: expected });
    expect(channel.done).toBe(true);
  });

  it("may be none, in a short log and in a full one", async () => {
    expect(await readNewestSale(new ScriptedChannel([[read(1), "6a83"]]), { purse: "e-purse" }, LIMITS)).toEqual({ kind: "ok", sequence: undefined });
    const loads = Array.from({ length: 10 }, (_, at) => [read(at + 1), record(20 - at, "02990100000042")] as const);
    expect(await readNewestSale(new ScriptedChannel(loads), { purse: "e-purse" }, LIMITS)).toEqual({ kind: "ok", sequence: undefined });
  });

  it("may not be told", async () => {
    expect(await readNewestSale(new ScriptedChannel([[read(1), "6982"]]), { purse: "e-purse" }, LIMITS)).toEqual({ kind: "refused", statusWord: 0x6982 });
  });
});
