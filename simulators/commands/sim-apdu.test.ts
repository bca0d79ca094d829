/* The line mode: commands in hexadecimal, answers in hexadecimal, faults by words; a whole purchase through two pipes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, fromHex, readUint, toHex, u8, u16be, u32be } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { makeTestCard } from "../card/make.ts";
import { makeTestPsam } from "../psam/make.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import { openSim, type Pipe, runJsonLines, runLines } from "./testing.ts";

const SELECT = "00A4040008A00000063201010500";
const BALANCE = "805C000204";
const MODULE_SELECT = "00A4000002801100";
const DATE_TIME = fromHex("20260102 030405");

/** Sends one command and gives the data of an answer that is 9000; follows 61xx. */
async function data(pipe: Pipe, command: string): Promise<Uint8Array> {
  const first = await pipe.ask(command);
  const answer = first.startsWith("61") && first.length === 4 ? await pipe.ask(`00C00000${first.slice(2)}`) : first;
  expect(answer).toMatch(/9000$/);
  return fromHex(answer.slice(0, -4));
}

/** A purchase up to MAC1, by nothing but lines. */
async function openPurchase(card: Pipe, module: Pipe, amountFen: number) {
  await data(card, SELECT);
  await data(module, MODULE_SELECT);
  const terminalNumber = await data(module, "00B0960006");
  const file = await data(card, "00B095001E");
  const opened = await data(card, toHex(concat(fromHex("805001020B01"), u32be(amountFen), terminalNumber, u8(0x0f))));
  const body = concat(opened.slice(11, 15), opened.slice(4, 6), u32be(amountFen), u8(6), DATE_TIME, opened.slice(9, 11), file.slice(12, 20), file.slice(0, 8));
  const sam = await data(module, toHex(concat(fromHex("80700000"), u8(body.length), body, u8(8))));
  return {
    cardSeq: readUint(opened, 4, 2),
    debit: toHex(concat(fromHex("805401000F"), sam.slice(0, 4), DATE_TIME, sam.slice(4, 8), u8(8))),
  };
}

const combinations = (["3des", "sm4"] as const).flatMap((algorithm) =>
  (["pre", "post"] as const).flatMap((logSeq) => (["direct", "t0"] as const).map((lengthRule) => ({ algorithm, logSeq, lengthRule }))),
);

describe("a purchase through pipes", () => {
  it.each(combinations)("$algorithm, log $logSeq, $lengthRule: card and module agree, the money moves once", async ({ algorithm, logSeq, lengthRule }) => {
    const values = { apdu: true, algorithm, "log-seq": logSeq, "length-rule": lengthRule };
    const card = openSim({ ...values, balance: "5000", "offline-seq": "40" });
    const module = openSim({ ...values, module: true });
    expect(await card.pipe.take()).toMatch(/^# ATR 3b6d0000/);
    expect(await module.pipe.take()).toMatch(/^# ATR 3b6d00005053414d/);
    const { cardSeq, debit } = await openPurchase(card.pipe, module.pipe, 450);
    const answer = await data(card.pipe, debit);
    await data(module.pipe, `8072000004${toHex(answer.slice(4, 8))}`);
    expect(cardSeq).toBe(40);
    expect(toHex(await data(card.pipe, BALANCE))).toBe(toHex(u32be(4_550)));
    const proof = await data(card.pipe, `805A000602${toHex(u16be(logSeq === "pre" ? 40 : 41))}08`);
    expect(toHex(proof)).toBe(toHex(concat(answer.slice(4, 8), answer.slice(0, 4))));
    expect(await card.pipe.ask("show")).toBe("# balance 45.50 yuan (began with 50.00, 1 debits of 4.50, 0 loads of 0.00)");
    card.pipe.end();
    module.pipe.end();
    expect(await Promise.all([card.ended, module.ended])).toEqual([0, 0]);
  });

  it.each([
    ["before", 5_000],
    ["during", 5_000],
    ["after", 4_550],
  ] as const)("a debit torn %s leaves %i fen, and the card says so when it comes back", async (at, balanceFen) => {
    const card = openSim({ apdu: true, balance: "5000", out: true });
    const module = openSim({ apdu: true, module: true });
    await module.pipe.take();
    await card.pipe.ask("insert");
    await card.pipe.take();
    const { debit } = await openPurchase(card.pipe, module.pipe, 450);
    expect(await card.pipe.ask(`tear ${at} 8054`)).toMatch(/^# the next command that begins with 8054/);
    expect(await card.pipe.ask(debit)).toMatch(/^! the card is not there/);
    expect(await card.pipe.ask(SELECT)).toMatch(/^! the card is not there/);
    await card.pipe.ask("insert");
    await card.pipe.take();
    await data(card.pipe, SELECT);
    expect(toHex(await data(card.pipe, BALANCE))).toBe(toHex(u32be(balanceFen)));
    card.pipe.end();
    module.pipe.end();
    await Promise.all([card.ended, module.ended]);
  });

  it("a card with the fault wrong-mac2 is found out by the module", async () => {
    const card = openSim({ apdu: true, fault: "wrong-mac2" });
    const module = openSim({ apdu: true, module: true });
    await card.pipe.take();
    await module.pipe.take();
    const { debit } = await openPurchase(card.pipe, module.pipe, 450);
    const answer = await data(card.pipe, debit);
    expect(await module.pipe.ask(`8072000004${toHex(answer.slice(4, 8))}`)).toBe("9302");
    card.pipe.end();
    module.pipe.end();
    await Promise.all([card.ended, module.ended]);
  });
});

describe("lines of the APDU mode", () => {
  it.each([
    ["small and capital letters and blanks", ["00 a4 04 00 08 A0000006320101 05 00"], /9000$/],
    ["half a byte", ["805C0002040"], /^! not whole bytes/],
    ["an unknown word", ["dance"], /^# refused: there is no line "dance"/],
    ["too many words", ["insert now"], /^# refused: written: insert/],
    ["a line without end", ["a".repeat(2000)], /^! a line has at most 1024 characters/],
    ["a blank line and a remark", ["", "# remark", "805C000204"], /^6985$/],
    ["an impossible length", ["80"], /^6700$/],
    ["the other place", ["module show"], /^# refused: there is no module/],
    ["a daemon that is not there", ["pcscd kill"], /^# refused: there is no pcscd/],
    ["a keypad that is not there", ["keypad enters"], /^# refused: the reader has no keypad/],
    ["a second insertion", ["insert"], /^# refused: the card is in the reader already/],
    ["expired at run time", ["fault expired"], /^# refused: a card is made expired/],
    ["a tear without its point", ["tear"], /^# refused: written: tear before\|during\|after/],
    ["a tear of something else", ["tear after xx"], /^# refused: written: tear/],
    ["a hang of something else", ["hang 805"], /^# refused: written: hang/],
    ["a load of nothing", ["load 0"], /^# refused: written: load/],
    ["a load of a card in the reader", ["load 100"], /^# refused: take the card out first/],
  ])("%s", async (_, lines, expected) => {
    const { printed, code } = await runLines({ apdu: true }, lines);
    expect(printed[1]).toMatch(expected);
    expect(code).toBe(0);
  });

  it("JSON: one object for each line, the summary last", async () => {
    const { replies, end } = await runJsonLines({}, [SELECT, BALANCE, "fault blocked=purse", BALANCE, "nonsense", "remove", "insert", "reset"]);
    expect(replies).toHaveLength(8);
    expect(replies[1]).toEqual({ answer: "000027109000" });
    expect(replies.slice(2, 6)).toEqual([{ ok: true }, { answer: "9303" }, { ok: false, reason: expect.stringContaining("nonsense") }, { ok: true }]);
    expect(replies[6]).toEqual({ ok: true, atr: expect.stringMatching(/^3b6d/) });
    expect(replies[7]).toEqual({ atr: expect.stringMatching(/^3b6d/) });
    expect(end).toMatchObject({ event: "end", balanceFen: 10_000, debits: [], inserted: { card: true } });
  });

  it("a hanging command ends when the card is taken out, and other commands wait no longer than that", async () => {
    const { replies } = await runJsonLines({}, ["hang", BALANCE, BALANCE, "reset", "remove", "insert", BALANCE]);
    expect(replies.slice(1)).toEqual([
      { answer: null, reason: expect.stringContaining("under way") },
      { ok: false, reason: expect.stringContaining("under way") },
      { answer: null, reason: expect.stringContaining("not there") },
      { ok: true },
      { ok: true, atr: expect.any(String) },
      { answer: "6985" },
    ]);
  });

  it("a hanging command ends with release, the card stays", async () => {
    const { replies, end } = await runJsonLines({}, ["hang 805c", SELECT, BALANCE, "release"]);
    expect(replies[1]).toEqual({ answer: expect.stringMatching(/9000$/) });
    expect(replies[2]).toEqual({ answer: null, reason: "no answer in time" });
    expect(end).toMatchObject({ inserted: { card: true } });
  });

  it("the end of the lines ends a hang", async () => {
    const { replies } = await runJsonLines({}, ["hang", BALANCE]);
    expect(replies.at(-1)).toEqual({ answer: null, reason: "no answer in time" });
  });

  it("release forgets what was planned", async () => {
    const { replies } = await runJsonLines({}, ["tear after", "release", BALANCE]);
    expect(replies.at(-1)).toEqual({ answer: "6985" });
  });

  it("an unplugged reader carries nothing and comes back with its card", async () => {
    const { replies } = await runJsonLines({}, ["unplug", BALANCE, "unplug", "replug", BALANCE, "replug"]);
    expect(replies).toEqual([
      { ok: true },
      { answer: null, reason: "the reader is unplugged" },
      { ok: false, reason: expect.any(String) },
      { ok: true, atr: expect.stringMatching(/^3b/) },
      { answer: "6985" },
      { ok: false, reason: expect.any(String) },
    ]);
  });

  it("a mute card gives no answer to reset until the fault is cleared", async () => {
    const { replies } = await runJsonLines({ fault: "mute" }, [BALANCE, "reset", "fault none", "reset", BALANCE]);
    expect(replies).toEqual([
      { answer: null, reason: expect.stringContaining("no power") },
      { atr: null, reason: "no answer to reset" },
      { ok: true },
      { atr: expect.stringMatching(/^3b/) },
      { answer: "6985" },
    ]);
  });

  it("a slow card is waited for", async () => {
    const clock = new VirtualClock(0);
    const { pipe, ended } = openSim({ apdu: true, fault: "slow=7000" }, clock);
    pipe.write(BALANCE, BALANCE);
    pipe.end();
    await clock.resolve(ended);
    expect(pipe.printed.slice(1)).toEqual(["6985", "6985"]);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(14_000);
  });

  it.each([
    ["floor", "contactless", 4.3],
    ["good", "contactless", 14],
    ["bad", "contact", 30],
  ])("takes its time in a place that is called %s (%s)", async (timing, radio, atLeastMs) => {
    const clock = new VirtualClock(0);
    const { pipe, ended } = openSim({ apdu: true, timing, interface: radio }, clock);
    pipe.write(SELECT);
    pipe.end();
    await clock.resolve(ended);
    expect(pipe.printed[1]).toMatch(/9000$/);
    expect(clock.monotonicMs()).toBeGreaterThan(atLeastMs);
    expect(clock.monotonicMs()).toBeLessThan(200);
  });

  it.each([
    ["blocked=card", SELECT, /6a81$/],
    ["blocked=purse", SELECT, /9303$/],
    ["torn=0:before", SELECT, /^!/],
  ])("starts with --fault %s", async (fault, line, expected) => {
    const { printed } = await runLines({ apdu: true, fault }, [line]);
    expect(printed[1]).toMatch(expected);
  });

  it("counter-exhausted refuses the purchase, expired shows in EF15", async () => {
    const { replies } = await runJsonLines({ fault: "counter-exhausted,expired" }, [SELECT, "805001020B01000000019901000000010F", "00B095001E"]);
    expect(replies[1]).toEqual({ answer: "9402" });
    expect(String(replies[2]?.["answer"])).toContain("20211231");
  });

  it("load puts money on a card that lies beside the reader, and only there", async () => {
    const { replies, end } = await runJsonLines({ balance: "100", out: true }, ["load 250", "insert", "load 1", "remove", "fault wrong-tac", "load 1"]);
    expect(replies[0]).toEqual({ ok: true, balanceFen: 350 });
    expect(replies[2]).toMatchObject({ ok: false });
    expect(replies[5]).toMatchObject({ ok: false });
    expect(end).toMatchObject({ balanceFen: 350, loads: [expect.objectContaining({ amountFen: 250 })] });
  });

  it("module faults: a locked module refuses, a torn one leaves", async () => {
    const { replies } = await runJsonLines({ module: true, "module-fault": "locked" }, [MODULE_SELECT, `8070000024${"00".repeat(18)}0100${"00".repeat(16)}08`]);
    expect(replies[1]).toEqual({ answer: "6983" });
    const torn = await runJsonLines({ module: true }, ["fault torn=0:before", MODULE_SELECT]);
    expect(torn.end).toMatchObject({ inserted: { module: false } });
  });

  it("no PIN and no key is ever printed", async () => {
    const pin = "830274";
    const lines = ["help", "show", "fault", "fault mute", "fault none", "tear after", SELECT, "insert", "show", "load 5", "keypad wrong", "dance"];
    const suite = openCipherSuite();
    const { social, purse } = makeTestCard(suite, { balanceFen: 1, algorithm: "sm4", pin }).personalization;
    const secrets = [pin, social.irkHex, social.rkssseHex, purse.dpkHex, purse.dtkHex, purse.dlkHex];
    secrets.push(
      ...makeTestPsam(suite)
        .toSnapshot()
        .personalization.keys.map(({ keyHex }) => keyHex),
    );
    for (const values of [{ json: false }, { json: true }, { module: true }]) {
      const { printed, complained } = await runLines({ apdu: true, pin, ...values }, lines);
      const all = [...printed, ...complained].join("\n").toLowerCase();
      expect(secrets.filter((secret) => all.includes(secret.toLowerCase()))).toEqual([]);
    }
  });

  it("any lines at all are answered or refused, and the money stays", async () => {
    const word = fc.constantFrom(
      "insert",
      "remove",
      "tear before",
      "hang",
      "release",
      "unplug",
      "replug",
      "fault mute",
      "fault none",
      "reset",
      SELECT,
      BALANCE,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            word,
            fc.string({ maxLength: 30 }).filter((line) => line.trim() !== "quit"),
          ),
        ),
        async (lines) => {
          const { end } = await runJsonLines({}, lines);
          expect(end).toMatchObject({ event: "end", balanceFen: 10_000 });
        },
      ),
      { numRuns: 60 },
    );
  });
});
