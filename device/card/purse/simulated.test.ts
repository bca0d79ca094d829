/* E-passbook, grey lock and maintenance against an independently written card, whole and torn, with every open switch both ways. */
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { type CardBenchOptions, cardBench, LIMITS, SUITE } from "../testing.ts";
import { ownMoneyOf } from "./balance.ts";
import { DEFAULT_PURSE_APPLICATIONS, debitPurchase, initializePurchase, readBalance, selectPurse } from "./commands.ts";
import { debitForUnlock, greyLock, greyUnlock, initializeGreyLock, initializeGreyUnlock } from "./grey-lock.ts";
import { TYPE_OF } from "./kinds.ts";
import { creditLoad, initializeLoad } from "./load.ts";
import { readLog } from "./log.ts";
import { blockApplication, unblockApplication, unblockPin } from "./maintenance.ts";
import { proveGreyDebit, proveGreyLock, proveGreyUnlock, readGreyState } from "./prove-grey.ts";
import { proveLoad } from "./prove-load.ts";
import { proveSale } from "./prove-sale.ts";
import { TERMINAL_NUMBER, TestCodes } from "./testing.ts";
import type { PurseName } from "./types.ts";

type Bench = ReturnType<typeof cardBench>;
type Tear = "before" | "during" | "after";

const TERMINAL = fromHex(TERMINAL_NUMBER);
const DATE = "20261121";
const at = (time: string) => ({ date: fromHex(DATE), time: fromHex(time) });

function bench(profile: Partial<CardProfile> = {}, card: CardBenchOptions["card"] = {}): Bench {
  return cardBench({ profile, card: { purse: { passbook: { balanceFen: 8_000 }, greyLock: true }, ...card } });
}

async function selected(table: Bench): Promise<CardChannel> {
  const channel = await table.channel();
  expect(await table.run(selectPurse(channel, DEFAULT_PURSE_APPLICATIONS, LIMITS))).toMatchObject({ kind: "ok" });
  return channel;
}

/** Tears the next command with this instruction, and puts the card back. */
async function tear(table: Bench, how: { readonly ins: number; readonly at: Tear }, work: () => Promise<unknown>): Promise<CardChannel> {
  table.cardReader.setFate(({ command }) => (command[1] === how.ins ? { kind: "tear", at: how.at } : { kind: "ok" }));
  await expect(table.run(work())).rejects.toMatchObject({ code: "card-removed", effectUnknown: true });
  table.cardReader.setFate(() => ({ kind: "ok" }));
  table.cardReader.insert(table.card);
  return selected(table);
}

const VARIANTS: readonly (readonly [string, Partial<CardProfile>, "3des" | "sm4"])[] = [
  ["triple DES", {}, "3des"],
  ["SM4", {}, "sm4"],
  ["SM4 the other way", { macReduce: "fold4", sessionPad: "pad80", sm4Diversify: "fZeros", logSeqMode: "pre", greyLockLc: "manual" }, "sm4"],
  ["triple DES the other way", { logSeqMode: "pre", greyLockLc: "manual" }, "3des"],
];

describe.each(VARIANTS)("the e-passbook, %s", (_name, profile, algorithm) => {
  async function purchase(table: Bench, channel: CardChannel, time: string) {
    const opening = await table.run(initializePurchase(channel, { keyIndex: 1, amount: fen(450), terminalNumber: TERMINAL, purse: "e-passbook" }, LIMITS));
    if (opening.kind !== "ok") throw new Error("not opened");
    const terms = { amount: fen(450), type: 0x05, terminalNumber: TERMINAL, ...at(time), terminalSequence: 9 };
    const codes = new TestCodes(table.card, table.profile).purchase(opening, terms);
    return { opening, codes, completion: { ...terms, mac1: codes.mac1 } };
  }

  it("pays beside the e-purse", async () => {
    const table = bench(profile, { algorithm });
    const channel = await selected(table);
    const { completion, codes } = await purchase(table, channel, "120000");
    const answer = await table.run(debitPurchase(channel, completion, LIMITS));
    expect(answer.kind === "ok" && toHex(answer.mac2)).toBe(toHex(codes.mac2));
    expect(await table.run(readBalance(channel, LIMITS, "e-passbook"))).toEqual({ kind: "ok", balance: 7_550 });
    expect(await table.run(readBalance(channel, LIMITS))).toEqual({ kind: "ok", balance: 10_000 });
    expect(await table.run(readLog(channel, LIMITS))).toMatchObject({ kind: "ok", entries: [{ type: 5, amount: 450 }] });
  });

  it("shows its overdraft", async () => {
    const table = bench(profile, { algorithm, purse: { passbook: { balanceFen: 100, overdraftLimitFen: 500 } } });
    const { opening } = await purchase(table, await selected(table), "120000");
    expect(ownMoneyOf(opening)).toEqual({ balance: 100, overdrawn: 0 });
    expect(opening.balance).toBe(600);
  });

  it.each(["before", "during", "after"] as const)("a debit torn %s the commit is told by the log", async (when) => {
    const table = bench(profile, { algorithm });
    const channel = await selected(table);
    const earlier = await purchase(table, channel, "110000");
    await table.run(debitPurchase(channel, earlier.completion, LIMITS));
    const { opening, completion, codes } = await purchase(table, channel, "120000");
    const again = await tear(table, { ins: 0x54, at: when }, () => debitPurchase(channel, completion, LIMITS));
    const intent = { terminalNumber: TERMINAL_NUMBER, date: DATE, time: "120000", type: 0x05, amount: fen(450), cardSequence: opening.cardSequence };
    const evidence = await table.run(proveSale(again, { intent, proveSeqOrder: table.profile.proveSeqOrder }, LIMITS));
    expect(evidence).toMatchObject(when === "after" ? { kind: "debited", proof: "log", mac2: codes.mac2 } : { kind: "not-debited" });
  });

  it.each(["before", "during", "after"] as const)("a load torn %s the commit is told by log and counter", async (when) => {
    const table = bench(profile, { algorithm });
    const channel = await selected(table);
    const start = { keyIndex: 1, amount: fen(500), terminalNumber: TERMINAL, purse: "e-passbook" } as const;
    const opening = await table.run(initializeLoad(channel, start, LIMITS));
    if (opening.kind !== "ok") throw new Error("not opened");
    const terms = { amount: fen(500), type: TYPE_OF["e-passbook"].load, terminalNumber: TERMINAL, ...at("120000") };
    const mac2 = new TestCodes(table.card, table.profile).loadMac2(opening, terms);
    const again = await tear(table, { ins: 0x52, at: when }, () => creditLoad(channel, { ...terms, mac2 }, LIMITS));
    const intent = {
      purse: "e-passbook",
      terminalNumber: TERMINAL_NUMBER,
      date: DATE,
      time: "120000",
      amount: fen(500),
      onlineSequence: opening.onlineSequence,
    } as const;
    const evidence = await table.run(proveLoad(again, { intent, keyIndex: 1, proveSeqOrder: table.profile.proveSeqOrder }, LIMITS));
    expect(evidence.kind).toBe(when === "after" ? "loaded" : "not-loaded");
  });
});

describe.each(VARIANTS.flatMap(([name, ...rest]) => (["e-purse", "e-passbook"] as const).map((purse) => [name, purse, ...rest] as const)))(
  "the grey lock, %s, %s",
  (_name, purse, profile, algorithm) => {
    const request = (table: Bench) => ({ keyIndex: 1, proveSeqOrder: table.profile.proveSeqOrder });
    const intent = (time: string, sequence: number) => ({ purse: purse as PurseName, terminalNumber: TERMINAL_NUMBER, date: DATE, time, sequence });

    async function openLock(table: Bench, channel: CardChannel) {
      const opening = await table.run(initializeGreyLock(channel, { purse, keyIndex: 1, terminalNumber: TERMINAL }, LIMITS));
      if (opening.kind !== "ok") throw new Error("not opened");
      const short = table.profile.greyLockLc === "manual";
      const terms = { type: TYPE_OF[purse].greyLock, terminalNumber: TERMINAL, ...at("120000") };
      const terminal = { terminalSequence: short ? 0 : 9, terminalRandom: short ? new Uint8Array(4) : fromHex("a1a2a3a4") };
      const codes = new TestCodes(table.card, table.profile).greyLock(opening, { ...terms, ...terminal });
      return { opening, codes, completion: { ...terms, ...terminal, mac1: codes.mac1, greyLockLc: table.profile.greyLockLc } };
    }

    async function locked(table: Bench) {
      const channel = await selected(table);
      const lock = await openLock(table, channel);
      expect(await table.run(greyLock(channel, lock.completion, LIMITS))).toMatchObject({ kind: "ok" });
      const gmac = lock.codes.gmac(fen(450));
      const debit = { ...at("121000"), purse, amount: fen(450), cardSequence: lock.opening.cardSequence, terminalNumber: TERMINAL, terminalSequence: 9, gmac };
      return { channel, lock, debit };
    }

    it("locks, refuses to pay, and pays what was delivered", async () => {
      const table = bench(profile, { algorithm });
      const { channel, debit } = await locked(table);
      expect(await table.run(initializePurchase(channel, { keyIndex: 1, amount: fen(1), terminalNumber: TERMINAL }, LIMITS))).toMatchObject({
        kind: "refused",
      });
      expect(await table.run(readGreyState(channel, { purse, keyIndex: 1, terminalNumber: TERMINAL }, LIMITS))).toEqual({ kind: "locked" });
      expect(await table.run(debitForUnlock(channel, debit, LIMITS))).toMatchObject({ kind: "ok" });
      expect(await table.run(readBalance(channel, LIMITS, purse))).toEqual({ kind: "ok", balance: purse === "e-purse" ? 9_550 : 7_550 });
      expect(await table.run(readGreyState(channel, { purse, keyIndex: 1, terminalNumber: TERMINAL }, LIMITS))).toMatchObject({ kind: "free" });
    });

    it.each(["before", "during", "after"] as const)("a lock torn %s the commit", async (when) => {
      const table = bench(profile, { algorithm });
      const channel = await selected(table);
      const { opening, completion } = await openLock(table, channel);
      const again = await tear(table, { ins: 0x7c, at: when }, () => greyLock(channel, completion, LIMITS));
      const evidence = await table.run(proveGreyLock(again, { ...request(table), intent: intent("120000", opening.cardSequence) }, LIMITS));
      expect(evidence.kind).toBe(when === "after" ? "locked" : "not-locked");
      if (evidence.kind === "locked") expect(evidence.codes.length).toBe(1);
    });

    it.each(["before", "during", "after"] as const)("a debit torn %s the commit, which a repeat does not double", async (when) => {
      const table = bench(profile, { algorithm });
      const { channel, lock, debit } = await locked(table);
      const again = await tear(table, { ins: 0x7e, at: when }, () => debitForUnlock(channel, debit, LIMITS));
      const step = { ...intent("121000", lock.opening.cardSequence), amount: fen(450) };
      const evidence = await table.run(proveGreyDebit(again, { ...request(table), intent: step }, LIMITS));
      expect(evidence.kind).toBe(when === "after" ? "done" : "still-locked");
      const repeated = await table.run(debitForUnlock(again, debit, LIMITS));
      expect(repeated.kind).toBe(when === "after" ? "refused" : "ok");
      expect(await table.run(readBalance(again, LIMITS, purse))).toEqual({ kind: "ok", balance: purse === "e-purse" ? 9_550 : 7_550 });
    });

    it.each(["before", "during", "after"] as const)("an online unlock torn %s the commit", async (when) => {
      const table = bench(profile, { algorithm });
      const { channel } = await locked(table);
      const opening = await table.run(initializeGreyUnlock(channel, { purse, keyIndex: 1, terminalNumber: TERMINAL }, LIMITS));
      if (opening.kind !== "ok") throw new Error("not opened");
      const terms = { amount: fen(450), type: TYPE_OF[purse].greyUnlock, terminalNumber: TERMINAL, ...at("130000") };
      const mac2 = new TestCodes(table.card, table.profile).unlockMac2(opening, terms);
      const again = await tear(table, { ins: 0x7c, at: when }, () => greyUnlock(channel, { ...terms, mac2, greyLockLc: table.profile.greyLockLc }, LIMITS));
      const step = { ...intent("130000", opening.onlineSequence), amount: fen(450) };
      const evidence = await table.run(proveGreyUnlock(again, { ...request(table), intent: step }, LIMITS));
      expect(evidence.kind).toBe(when === "after" ? "done" : "still-locked");
    });
  },
);

describe.each(["3des", "sm4"] as const)("maintenance with %s", (algorithm) => {
  it("blocks for a time and lifts the block again", async () => {
    const table = bench({}, { algorithm });
    const channel = await selected(table);
    const signer = new TestCodes(table.card, table.profile).signer("applicationHex");
    expect(await table.run(blockApplication(channel, { duration: "temporary", signer }, LIMITS))).toEqual({ kind: "ok" });
    expect(await table.run(selectPurse(channel, DEFAULT_PURSE_APPLICATIONS, LIMITS))).toEqual({ kind: "blocked" });
    const [first] = DEFAULT_PURSE_APPLICATIONS;
    await table.run(selectPurse(channel, first === undefined ? [] : [first], LIMITS));
    expect(await table.run(unblockApplication(channel, { signer }, LIMITS))).toEqual({ kind: "ok" });
    expect(await table.run(selectPurse(channel, DEFAULT_PURSE_APPLICATIONS, LIMITS))).toMatchObject({ kind: "ok" });
  });

  it("blocks for good, also when the answer was lost", async () => {
    const table = bench({}, { algorithm });
    const channel = await selected(table);
    const signer = new TestCodes(table.card, table.profile).signer("applicationHex");
    table.cardReader.setFate(({ command }) => (command[1] === 0x1e ? { kind: "tear", at: "after" } : { kind: "ok" }));
    await expect(table.run(blockApplication(channel, { duration: "permanent", signer }, LIMITS))).rejects.toMatchObject({ effectUnknown: true });
    table.cardReader.insert(table.card);
    expect(await table.run(selectPurse(await table.channel(), DEFAULT_PURSE_APPLICATIONS, LIMITS))).toEqual({ kind: "blocked" });
  });

  it("a wrong MAC changes nothing", async () => {
    const table = bench({}, { algorithm });
    const channel = await selected(table);
    const wrong = { sign: async () => fromHex("00000000") };
    expect(await table.run(blockApplication(channel, { duration: "permanent", signer: wrong }, LIMITS))).toMatchObject({ kind: "wrong-mac" });
    expect(await table.run(selectPurse(channel, DEFAULT_PURSE_APPLICATIONS, LIMITS))).toMatchObject({ kind: "ok" });
  });

  it("a PIN that the host has enciphered is taken", async () => {
    const table = bench({}, { algorithm, purse: { pin: "123456" } });
    const channel = await selected(table);
    const codes = new TestCodes(table.card, table.profile);
    const { maintenance } = table.card.personalization.purse;
    if (maintenance === undefined) throw new Error("no keys");
    const key = SUITE.secretKey(fromHex(maintenance.unlockHex));
    const plain = fromHex(algorithm === "sm4" ? "03123456800000000000000000000000" : "0312345680000000");
    const sealedPin = algorithm === "sm4" ? SUITE.sm4Encrypt(key, plain) : SUITE.tdesEncrypt(key, plain);
    const options = { keyId: maintenance.keyId, sealedPin, signer: codes.signer("unlockHex") };
    expect(await table.run(unblockPin(channel, options, LIMITS))).toEqual({ kind: "ok" });
    expect(await table.run(unblockPin(channel, { ...options, sealedPin: concat(sealedPin.slice(0, -1), fromHex("00")) }, LIMITS))).not.toEqual({ kind: "ok" });
  });
});
