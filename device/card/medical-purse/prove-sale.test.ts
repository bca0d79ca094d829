/* What the card proves of a settlement whose answer was lost, in both ways of counting, with and without its log. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { LIMITS, ScriptedChannel } from "../testing.ts";
import { debitPurchase, readMedicalLog } from "./commands.ts";
import { isThisTransaction, proveMedicalSale } from "./prove-sale.ts";
import { AMOUNTS, begin, intentOf, type MedicalBench, medicalBench, settle, type TestSale } from "./testing.ts";
import type { MedicalIntent, MedicalLogEntry } from "./types.ts";

const SALE: TestSale = { time: "120500" };
const BEFORE: TestSale = { time: "120000" };

/** Plays a debit that is torn, and gives back what is known of the sale then. */
async function torn(bench: MedicalBench, at: "before" | "during" | "after", more: { readonly pin?: string; readonly sale?: TestSale } = {}) {
  const channel = await bench.selected();
  if (more.pin !== undefined) await bench.enterPin(channel, more.pin);
  const { purchase, opening, completion } = await bench.run(begin(bench, channel, more.sale ?? SALE));
  bench.cardReader.setFate(({ command }) => (command[1] === 0x2c ? { kind: "tear", at } : { kind: "ok" }));
  await expect(bench.run(debitPurchase(channel, completion, LIMITS))).rejects.toMatchObject({ code: "card-removed", effectUnknown: true });
  bench.cardReader.setFate(() => ({ kind: "ok" }));
  bench.cardReader.insert(bench.card);
  return { purchase, opening };
}

async function prove(bench: MedicalBench, intent: MedicalIntent, pin?: string) {
  const channel = await bench.selected();
  if (pin !== undefined) await bench.enterPin(channel, pin);
  return bench.run(proveMedicalSale(channel, { intent, profile: bench.profile }, LIMITS));
}

describe.each(["pre", "post"] as const)("the card counting in mode %s", (logSeqMode) => {
  const profile = { logSeqMode };

  it.each(["before", "during"] as const)("a tear %s the commit is not debited, although the card proves the sale before", async (at) => {
    const bench = await medicalBench({ profile });
    await settle(bench, BEFORE);
    const { opening } = await torn(bench, at);
    for (const more of [{}, { cardSequence: opening.cardSequence }]) expect(await prove(bench, intentOf(bench, SALE, more))).toEqual({ kind: "not-debited" });
    expect(bench.card.debits).toHaveLength(1);
  });

  it("a tear after the commit is debited, and the module accepts the proof", async () => {
    const bench = await medicalBench({ profile });
    await settle(bench, BEFORE);
    const { purchase, opening } = await torn(bench, "after");
    const evidence = await prove(bench, intentOf(bench, SALE, { cardSequence: opening.cardSequence }));
    expect(evidence).toMatchObject({ kind: "debited", proof: "log", logSequence: opening.cardSequence + (logSeqMode === "pre" ? 0 : 1) });
    if (evidence.kind !== "debited" || evidence.proof !== "log") return;
    expect(toHex(evidence.tac)).toBe(bench.card.debits.at(-1)?.tac);
    expect(await bench.run(purchase.credit(evidence.mac2, LIMITS))).toBe("accepted");
  });

  it("a sale on a card with the account amount alone is found by that amount", async () => {
    const bench = await medicalBench({ profile: { ...profile, medicalLogMode: "accountOnly20" } });
    const sale = { time: "120500", amounts: { account: fen(900), selfPay: fen(0), pooled: fen(0) } };
    await settle(bench, sale);
    const told = intentOf(bench, { ...sale, amounts: { ...sale.amounts, pooled: fen(5) } });
    expect(await prove(bench, told)).toMatchObject({ kind: "debited", proof: "log" });
  });

  it("another sale after it takes its proof and leaves the log", async () => {
    const bench = await medicalBench({ profile });
    const { opening, purchase } = await torn(bench, "after");
    purchase.release();
    await settle(bench, { time: "121000" });
    expect(await prove(bench, intentOf(bench, SALE, { cardSequence: opening.cardSequence }))).toMatchObject({ kind: "debited", proof: "log-only" });
  });

  it("a proof that another terminal's INITIALIZE has dropped leaves the log", async () => {
    const bench = await medicalBench({ profile, card: { faults: { proofDroppedByNextInit: true } } });
    const { opening, purchase } = await torn(bench, "after");
    purchase.release();
    const channel = await bench.selected();
    (await bench.run(begin(bench, channel, { time: "130000" }))).purchase.release();
    expect(await prove(bench, intentOf(bench, SALE, { cardSequence: opening.cardSequence }))).toMatchObject({ kind: "debited", proof: "log-only" });
  });

  it("behind the PIN the proofs are candidates, and the module tells which counts", async () => {
    const pin = "123456";
    const bench = await medicalBench({ profile, card: { pin } });
    await settle(bench, BEFORE, pin);
    const { purchase, opening } = await torn(bench, "after", { pin });
    const intent = intentOf(bench, SALE, { cardSequence: opening.cardSequence });
    const evidence = await prove(bench, intent);
    expect(evidence).toMatchObject({ kind: "undecidable", why: "pin-needed", statusWord: 0x6982 });
    if (evidence.kind !== "undecidable") return;
    expect(evidence.candidates.map(({ tac }) => toHex(tac))).toEqual([bench.card.debits.at(-1)?.tac]);
    expect(await bench.run(purchase.credit(evidence.candidates[0]?.mac2 ?? new Uint8Array(4), LIMITS))).toBe("accepted");
    expect(await prove(bench, intent, pin)).toMatchObject({ kind: "debited", proof: "log" });
  });

  it("behind the PIN a sale that did not happen has no word that says so", async () => {
    const pin = "123456";
    const bench = await medicalBench({ profile, card: { pin } });
    const { opening } = await torn(bench, "before", { pin });
    const intent = intentOf(bench, SALE, { cardSequence: opening.cardSequence });
    expect(await prove(bench, intent)).toEqual({ kind: "undecidable", why: "pin-needed", statusWord: 0x6982, candidates: [] });
    expect(await prove(bench, intent, pin)).toEqual({ kind: "not-debited" });
  });

  it("thirty later sales leave the matter open; a known sequence or the log before decides it", async () => {
    const bench = await medicalBench({ profile });
    for (let count = 0; count < 31; count += 1)
      await settle(bench, { time: `1${String(count + 1_000).slice(0, 3)}${String(count).padStart(2, "0")}`, amounts: { ...AMOUNTS, account: fen(1) } });
    const newest = await bench.run(readMedicalLog(await bench.selected(), { number: 1, logMode: "fromRecord" }, LIMITS));
    const { opening } = await torn(bench, "before");
    expect(await prove(bench, intentOf(bench, SALE))).toEqual({ kind: "undecidable", why: "log-overrun", candidates: [] });
    expect(await prove(bench, intentOf(bench, SALE, { cardSequence: opening.cardSequence }))).toEqual({ kind: "not-debited" });
    const logSequenceBefore = newest.kind === "ok" ? newest.entry.sequence : -1;
    expect(await prove(bench, intentOf(bench, SALE, { logSequenceBefore }))).toEqual({ kind: "not-debited" });
  });
});

const INTENT: MedicalIntent = { transaction: "purchase", terminalNumber: "990100000001", date: "20261121", time: "120500", amounts: AMOUNTS };
const ENTRY: MedicalLogEntry = {
  sequence: 7,
  transaction: "purchase",
  typeByte: 0x32,
  terminalNumber: "990100000001",
  date: "20261121",
  time: "120500",
  ...AMOUNTS,
  mode: "full",
};

describe("a log entry is this sale's", () => {
  it("when every fact is equal", () => {
    expect(isThisTransaction(ENTRY, INTENT)).toBe(true);
  });

  it.each([
    { transaction: "load" },
    { transaction: "other" },
    { terminalNumber: "990100000002" },
    { date: "20261122" },
    { time: "120501" },
    { account: fen(1_201) },
    { selfPay: fen(301) },
    { pooled: fen(4_501) },
  ] as const)("not with %o", (change) => {
    expect(isThisTransaction({ ...ENTRY, ...change }, INTENT)).toBe(false);
  });

  it("without the figures that its record does not hold", () => {
    const short = { ...ENTRY, mode: "account-only", selfPay: fen(0), pooled: fen(0) } as const;
    expect(isThisTransaction(short, INTENT)).toBe(true);
    expect(isThisTransaction({ ...short, account: fen(1) }, INTENT)).toBe(false);
  });

  it.each([
    [{ cardSequence: 7 }, true],
    [{ cardSequence: 6 }, true],
    [{ cardSequence: 8 }, false],
    [{ cardSequence: 5 }, false],
    [{ logSequenceBefore: 6 }, true],
    [{ logSequenceBefore: 7 }, false],
    [{ logSequenceBefore: 8 }, false],
  ])("as its sequence allows: %o", (known, expected) => {
    expect(isThisTransaction(ENTRY, { ...INTENT, ...known })).toBe(expected);
  });
});

const RECORD = "0007 32 990100000001 20261121 120500 000004b0 0000012c 00001194 9000";
const LOAD = "0009 31 990100000001 20261121 120500 000004b0 00000000 00000000 9000";
const READ_1 = "00B2014400";

describe("the tries of GET TRANSACTION PROOF", () => {
  const profileOf = (proveSeqOrder: readonly ("log1" | "seq" | "seq+1")[]) => ({ ...DEFAULT_CARD_PROFILE, proveSeqOrder });
  const proofOf = (sequence: string) => `B02E003202${sequence}08`;

  it.each([
    ["each once", ["log1", "seq", "seq+1"], { cardSequence: 6 }, ["0007", "0006"]],
    ["in the profile's order", ["seq+1", "seq", "log1"], { cardSequence: 7 }, ["0008", "0007"]],
    ["around the log where the card's own was not seen", ["log1", "seq", "seq+1"], {}, ["0007", "0006"]],
    ["only what the profile names", ["seq"], { cardSequence: 6 }, ["0006"]],
  ] as const)("%s", async (_name, order, known, tried) => {
    const channel = new ScriptedChannel([[READ_1, RECORD], ...tried.map((sequence) => [proofOf(sequence), "9406"] as const)]);
    const evidence = await proveMedicalSale(channel, { intent: { ...INTENT, ...known }, profile: profileOf(order) }, LIMITS);
    expect(evidence).toEqual({ kind: "debited", proof: "log-only", logSequence: 7 });
    expect(channel.done).toBe(true);
  });

  it("end with the first proof", async () => {
    const channel = new ScriptedChannel([
      [READ_1, RECORD],
      [proofOf("0007"), "6a86"],
      [proofOf("0006"), "01020304050607089000"],
    ]);
    const evidence = await proveMedicalSale(channel, { intent: INTENT, profile: DEFAULT_CARD_PROFILE }, LIMITS);
    expect(evidence).toMatchObject({ kind: "debited", proof: "log", logSequence: 7, provedSequence: 6 });
  });

  it("name numbers that a card can have", async () => {
    const steps = [
      [READ_1, RECORD.replace("0007", "0000")],
      [proofOf("0000"), "9406"],
    ] as const;
    const channel = new ScriptedChannel(steps);
    await proveMedicalSale(channel, { intent: INTENT, profile: DEFAULT_CARD_PROFILE }, LIMITS);
    expect(channel.done).toBe(true);
    const last = new ScriptedChannel([
      [READ_1, RECORD.replace("0007", "ffff")],
      [proofOf("ffff"), "9406"],
    ]);
    await proveMedicalSale(last, { intent: { ...INTENT, cardSequence: 0xffff }, profile: DEFAULT_CARD_PROFILE }, LIMITS);
    expect(last.done).toBe(true);
  });

  const later = (number: number) => RECORD.replace("0007", (0x100 - number).toString(16).padStart(4, "0")).replace("120500", "130000");
  const readOf = (number: number) => `00B2${number.toString(16).padStart(2, "0")}4400`;

  it("the last record of the log still counts, and the one behind it is not asked for", async () => {
    const steps = Array.from({ length: 29 }, (_, at) => [readOf(at + 1), later(at + 1)] as const);
    const found = new ScriptedChannel([...steps, [readOf(30), RECORD]]);
    expect(await proveMedicalSale(found, { intent: INTENT, profile: DEFAULT_CARD_PROFILE }, LIMITS)).toMatchObject({ kind: "debited", proof: "log-only" });
    const other = new ScriptedChannel([...steps, [readOf(30), later(30)]]);
    expect(await proveMedicalSale(other, { intent: INTENT, profile: DEFAULT_CARD_PROFILE }, LIMITS)).toMatchObject({ why: "log-overrun" });
    expect([found.done, other.done]).toEqual([true, true]);
  });

  it.each([
    [{ cardSequence: 7 }, { kind: "not-debited" }],
    [{ logSequenceBefore: 7 }, { kind: "not-debited" }],
  ])("another sale that has this one's sequence has taken its place: %o", async (known, expected) => {
    const channel = new ScriptedChannel([[READ_1, RECORD.replace("120500", "120501")]]);
    expect(await proveMedicalSale(channel, { intent: { ...INTENT, ...known }, profile: DEFAULT_CARD_PROFILE }, LIMITS)).toEqual(expected);
  });

  it("pass over loads, which count with another counter", async () => {
    const channel = new ScriptedChannel([
      [READ_1, LOAD],
      ["00B2024400", RECORD],
      [proofOf("0007"), "01020304050607089000"],
    ]);
    const evidence = await proveMedicalSale(channel, { intent: INTENT, profile: DEFAULT_CARD_PROFILE }, LIMITS);
    expect(evidence).toMatchObject({ kind: "debited", proof: "log" });
  });

  it("with a log that cannot be read for another reason than the PIN decide nothing", async () => {
    const channel = new ScriptedChannel([
      [READ_1, "6a82"],
      [proofOf("0006"), "01020304050607089000"],
      [proofOf("0007"), "9406"],
    ]);
    const evidence = await proveMedicalSale(channel, { intent: { ...INTENT, cardSequence: 6 }, profile: DEFAULT_CARD_PROFILE }, LIMITS);
    expect(evidence).toMatchObject({ kind: "undecidable", why: "log-unreadable", statusWord: 0x6a82, candidates: [{ provedSequence: 6 }] });
    const blind = new ScriptedChannel([[READ_1, "6a82"]]);
    expect(await proveMedicalSale(blind, { intent: INTENT, profile: DEFAULT_CARD_PROFILE }, LIMITS)).toMatchObject({ candidates: [] });
  });
});

describe("two sales alike in everything, in one second", () => {
  it("are told apart by what the log held before the second", async () => {
    const bench = await medicalBench();
    await settle(bench, SALE);
    const newest = await bench.run(readMedicalLog(await bench.selected(), { number: 1, logMode: "fromRecord" }, LIMITS));
    await torn(bench, "before");
    const logSequenceBefore = newest.kind === "ok" ? newest.entry.sequence : -1;
    expect(await prove(bench, intentOf(bench, SALE, { logSequenceBefore }))).toEqual({ kind: "not-debited" });
  });
});

describe("in any run of tears", () => {
  it("the evidence always agrees with the card's own books", async () => {
    const fate = fc.constantFrom("whole", "before", "during", "after");
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { minLength: 1, maxLength: 6 }), fc.constantFrom("pre", "post"), async (fates, logSeqMode) => {
        const bench = await medicalBench({ profile: { logSeqMode } });
        for (const [at, each] of fates.entries()) {
          const sale = { time: `1205${String(at + 10)}` };
          if (each === "whole") {
            await settle(bench, sale);
            continue;
          }
          const before = bench.card.debits.length;
          const { purchase, opening } = await torn(bench, each, { sale });
          purchase.release();
          const evidence = await prove(bench, intentOf(bench, sale, { cardSequence: opening.cardSequence }));
          expect(evidence.kind).toBe(bench.card.debits.length > before ? "debited" : "not-debited");
        }
      }),
      { numRuns: 20 },
    );
  });
});
