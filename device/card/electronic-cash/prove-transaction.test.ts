/* What a returned card can tell about a torn sale, against an independently written card: torn at every command, and with every proof taken away. */
import { describe, expect, it } from "vitest";
import type { TearPoint } from "../../../simulators/card/state.ts";
import { fromHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { LIMITS, ScriptedChannel } from "../testing.ts";
import { CASH_LOG_RECORDS_MAX, evidenceAtOnce, getTransactionProof, proveTransaction } from "./prove-transaction.ts";
import { completeFromReplay, type PreparedCashTap } from "./tap.ts";
import { type CashBenchOptions, cashBench } from "./testing.ts";
import type { CashEvidence, CashIntent } from "./types.ts";

type Bench = ReturnType<typeof cashBench>;

async function ready(bench: Bench): Promise<{ readonly prepared: PreparedCashTap; readonly commit: () => Promise<object> }> {
  const channel = await bench.channel();
  const prepared = await bench.prepare(channel);
  if (prepared.kind !== "ready") throw new Error(`not ready: ${JSON.stringify(prepared)}`);
  return { prepared, commit: () => bench.commit(channel, prepared) };
}

async function tornSale(options: CashBenchOptions, at: TearPoint): Promise<{ readonly bench: Bench; readonly prepared: PreparedCashTap }> {
  const bench = cashBench(options);
  const { prepared, commit } = await ready(bench);
  bench.tearNext(at);
  expect(await commit()).toMatchObject({ kind: "card-lost", effectUnknown: true });
  return { bench, prepared };
}

async function evidence(bench: Bench, intent: CashIntent): Promise<CashEvidence> {
  const channel = await bench.returned();
  return bench.run(proveTransaction(channel, intent, LIMITS));
}

function without<Key extends keyof CashIntent>(intent: CashIntent, ...keys: readonly Key[]): CashIntent {
  return Object.fromEntries(Object.entries(intent).filter(([key]) => !keys.includes(key as Key))) as unknown as CashIntent;
}

describe("a sale torn at its commit", () => {
  it.each([
    ["before", "not-debited", 10_000],
    ["during", "not-debited", 10_000],
    ["after", "debited", 8_750],
  ] as const)("%s it took hold is %s", async (at, kind, balance) => {
    const { bench, prepared } = await tornSale({}, at);
    expect(await evidence(bench, prepared.intent)).toMatchObject({ kind, balance });
    expect(bench.cashMemory()?.balanceFen).toBe(balance);
  });

  it("and repeated by the card is proved like one that was not torn", async () => {
    const { bench, prepared } = await tornSale({}, "after");
    const told = await evidence(bench, prepared.intent);
    if (told.kind !== "debited" || told.replay === undefined) throw new Error(`no replay: ${told.kind}`);
    expect(told.proof).toBe("replay");
    expect(completeFromReplay({ ports: bench.ports, prepared }, told.replay)).toMatchObject({
      kind: "approved",
      balanceAfter: 8_750,
      authentication: { signatureVersion: 1 },
    });
  });

  it("is not proved by the repetition of another sale's signature", async () => {
    const { bench, prepared } = await tornSale({}, "after");
    const told = await evidence(bench, prepared.intent);
    if (told.kind !== "debited" || told.replay === undefined) throw new Error("no replay");
    const altered = new Map(told.replay.data).set(0x9f69, Uint8Array.from([0x01, 9, 9, 9, 9, 0x20, 0x00, 0x00]));
    expect(completeFromReplay({ ports: bench.ports, prepared }, { ...told.replay, data: altered })).toMatchObject({
      kind: "debited-unproven",
      why: "signature-wrong",
    });
  });

  it("can be asked about twice", async () => {
    const { bench, prepared } = await tornSale({}, "after");
    await evidence(bench, prepared.intent);
    expect(await evidence(bench, prepared.intent)).toMatchObject({ kind: "debited" });
  });

  it.each([
    ["the balance, when the answer was not kept", { lastAnswerLost: true }, [] as const, "balance"],
    ["the log, when the balance before is not known", { lastAnswerLost: true }, ["balanceBefore"] as const, "log"],
  ] as const)("is proved by %s", async (_name, faults, unknown, proof) => {
    const bench = cashBench();
    bench.card.setFaults(faults);
    const { prepared, commit } = await ready(bench);
    bench.tearNext("after");
    await commit();
    expect(await evidence(bench, without(prepared.intent, ...unknown))).toMatchObject({ kind: "debited", proof });
  });

  it.each(["before", "after"] as const)("%s it took hold is decided by the log after a later sale", async (at) => {
    const { bench, prepared } = await tornSale({}, at);
    expect(await bench.tap({ terms: { amount: fen(1_250), time: "120100" } })).toMatchObject({ kind: "approved" });
    expect(await evidence(bench, prepared.intent)).toMatchObject(at === "after" ? { kind: "debited", proof: "log" } : { kind: "not-debited" });
  });

  it("is undecidable once as many later sales as the log holds have pushed it out", async () => {
    const { bench, prepared } = await tornSale({ cash: { balanceFen: 20_000 } }, "after");
    for (let number = 0; number < 10; number += 1) await bench.tap({ terms: { amount: fen(100) } });
    expect(await evidence(bench, prepared.intent)).toEqual({ kind: "undecidable", why: "log-overrun" });
  });

  it("says nothing about another card", async () => {
    const { prepared } = await tornSale({}, "after");
    const other = cashBench({ cash: { pan: "6299990000000099" } });
    expect(await evidence(other, prepared.intent)).toEqual({ kind: "another-card" });
  });

  it("cannot be decided from a card without the application", async () => {
    const { prepared } = await tornSale({}, "after");
    const other = cashBench({ cash: { applications: ["02"] } });
    expect(await evidence(other, prepared.intent)).toEqual({ kind: "undecidable", why: "application-missing" });
  });

  it("cannot be decided when the card's number was never known", async () => {
    const { bench, prepared } = await tornSale({}, "after");
    expect(await evidence(bench, without(prepared.intent, "accountNumber"))).toEqual({ kind: "undecidable", why: "identity-unreadable" });
  });
});

describe("a tap torn at any command", () => {
  it.each(Array.from({ length: 10 }, (_, at) => at))("(%i) takes nothing before its last one, whatever had reached the card", async (torn) => {
    for (const at of ["before", "during", "after"] as const) {
      const bench = cashBench();
      bench.card.setFaults({ commandsUntilTear: torn, tearAt: at });
      const outcome = await bench.tap();
      expect(outcome).toMatchObject({ kind: "card-lost", effectUnknown: torn === 9 });
      expect(bench.cashMemory()?.balanceFen).toBe(torn === 9 && at === "after" ? 8_750 : 10_000);
    }
  });
});

const INTENT: CashIntent = {
  applicationId: "a000000333010106",
  interface: "contactless",
  accountNumber: "6299990000000001",
  atc: 7,
  amount: fen(500),
  movesBalance: true,
  date: "20261121",
  time: "120000",
  unpredictableNumber: "00000000",
  balanceBefore: fen(2_000),
};
const REPLAY = { data: new Map([[0x9f69, new Uint8Array(8)]]), signedBytes: new Uint8Array(0) };
const READ = { ...REPLAY, data: new Map() };

describe("evidenceAtOnce", () => {
  it.each<readonly [string, Partial<CashIntent>, Parameters<typeof evidenceAtOnce>[0]["observed"], object | undefined]>([
    ["lower by the amount", {}, { atc: 7, balance: fen(1_500) }, { kind: "debited", proof: "balance", balance: 1_500 }],
    ["lower by all it had", { amount: fen(2_000) }, { atc: 7, balance: fen(0) }, { kind: "debited", proof: "balance", balance: 0 }],
    [
      "lower by the amount, and repeated",
      {},
      { atc: 7, balance: fen(1_500), replay: REPLAY },
      { kind: "debited", proof: "replay", balance: 1_500, replay: REPLAY },
    ],
    [
      "lower by the amount, with a record that was merely read",
      {},
      { atc: 7, balance: fen(1_500), replay: READ },
      { kind: "debited", proof: "balance", balance: 1_500 },
    ],
    ["the same", {}, { atc: 7, balance: fen(2_000) }, { kind: "not-debited", balance: 2_000 }],
    ["the same, though something was repeated", {}, { atc: 7, balance: fen(2_000), replay: REPLAY }, { kind: "not-debited", balance: 2_000 }],
    ["lower by another amount", {}, { atc: 7, balance: fen(1_499) }, { kind: "undecidable", why: "balance-contradicts" }],
    ["higher", {}, { atc: 7, balance: fen(2_500) }, { kind: "undecidable", why: "balance-contradicts" }],
    ["repeated, balance unknown", {}, { atc: 7, replay: REPLAY }, { kind: "debited", proof: "replay", replay: REPLAY }],
    ["a later counter", {}, { atc: 8, balance: fen(1_500), replay: REPLAY }, undefined],
    ["an unknown counter", {}, { balance: fen(1_500) }, undefined],
    ["an unknown counter, repeated", {}, { replay: REPLAY }, undefined],
    ["the sale's counter and nothing else", {}, { atc: 7 }, undefined],
    ["an earlier counter", {}, { atc: 6, balance: fen(1_500) }, { kind: "undecidable", why: "counter-behind" }],
    ["nothing at all", {}, {}, { kind: "undecidable", why: "nothing-readable" }],
    ["no amount", { amount: fen(0) }, { atc: 7, balance: fen(2_000) }, undefined],
    [
      "no amount, repeated",
      { amount: fen(0) },
      { atc: 7, balance: fen(2_000), replay: REPLAY },
      { kind: "debited", proof: "replay", balance: 2_000, replay: REPLAY },
    ],
    ["a pre-authorisation", { movesBalance: false }, { atc: 7, balance: fen(2_000) }, undefined],
    ["a record that was merely read", { movesBalance: false }, { atc: 7, replay: READ }, undefined],
    ["more than the balance", { amount: fen(2_001) }, { atc: 7, balance: fen(0) }, { kind: "undecidable", why: "balance-contradicts" }],
  ])("of a card that is %s", (_name, change, observed, expected) => {
    expect(evidenceAtOnce({ intent: { ...INTENT, ...change }, observed })).toStrictEqual(expected);
  });
});

type Script = readonly (readonly [command: string, answer: string])[];
const OK = "9000";
const PROOF = "805a000002 0007 08";
const CRYPTOGRAM = "c1c2c3c4c5c6c7c8";

describe("GET TRANS PROVE", () => {
  it.each([
    ["gives the cryptogram", `${CRYPTOGRAM}9000`, { kind: "ok", cryptogram: fromHex(CRYPTOGRAM) }],
    ["has none for this counter", "9406", { kind: "no-proof" }],
    ["is not known to the card", "6d00", { kind: "unsupported", statusWord: 0x6d00 }],
    ["gives too little", `${CRYPTOGRAM.slice(2)}9000`, { kind: "unsupported", statusWord: 0x9000 }],
    ["gives a cryptogram with a warning", `${CRYPTOGRAM}6281`, { kind: "unsupported", statusWord: 0x6281 }],
  ])("%s", async (_name, answer, expected) => {
    expect(await getTransactionProof(new ScriptedChannel([[PROOF, answer]]), 7, LIMITS)).toEqual(expected);
  });
});

const SELECTED = ["00a4040008 a000000333010106 00", `6f0a8408a000000333010106${OK}`] as const;
const NUMBER = "5a086299990000000001";
const OTHER_NUMBER = "5a086299990000000099";
const REPEATED = "9f69080102030405060708";
const record = (...objects: readonly string[]) => {
  const inside = objects.join("");
  return `70${(inside.length / 2).toString(16).padStart(2, "0")}${inside}${OK}`;
};
const identity = (answer = record(NUMBER)) => ["00b2011400", answer] as const;
const last = (answer: string) => ["00b2031400", answer] as const;
const balance = (amount: number | undefined) => ["80ca9f7900", amount === undefined ? "6a88" : `9f7906${String(amount).padStart(12, "0")}${OK}`] as const;
const counter = (atc: number | undefined) => ["80ca9f3600", atc === undefined ? "6a88" : `9f3602${atc.toString(16).padStart(4, "0")}${OK}`] as const;

/** A sale of the contact path, whose commit no record repeats. */
const TOLD: CashIntent = { ...INTENT, cryptogram: CRYPTOGRAM, identityRecord: { sfi: 2, number: 1, signed: true }, log: { sfi: 11, records: 2 } };
const QUICK: CashIntent = { ...without(TOLD, "identityRecord"), lastRecord: { sfi: 2, number: 3, signed: false } };

/** Exactly these commands in this order: what is asked too early erases what the card would still repeat. */
async function played(script: Script, intent: CashIntent): Promise<CashEvidence> {
  const channel = new ScriptedChannel(script);
  const told = await proveTransaction(channel, intent, LIMITS);
  expect(channel.done).toBe(true);
  return told;
}

describe("whose card it is", () => {
  const quick = (answer: string): Script => [SELECTED, last(answer), balance(1_500), counter(7)];

  it.each<readonly [string, Script, CashIntent, object]>([
    ["the repeated record names it", quick(record(NUMBER, REPEATED)), QUICK, { kind: "debited", proof: "replay" }],
    ["the repeated record names another", quick(record(OTHER_NUMBER, REPEATED)), QUICK, { kind: "another-card" }],
    [
      "the repeated record is believed before any other",
      quick(record(OTHER_NUMBER, REPEATED)),
      { ...QUICK, identityRecord: { sfi: 2, number: 1, signed: true } },
      { kind: "another-card" },
    ],
    [
      "a record of its own names it",
      [...quick(record(REPEATED)), identity()],
      { ...QUICK, identityRecord: { sfi: 2, number: 1, signed: true } },
      { kind: "debited", proof: "replay" },
    ],
    ["no record is known that names it", quick(record(REPEATED)), QUICK, { kind: "undecidable", why: "identity-unreadable" }],
    ["that record is refused", [SELECTED, balance(1_500), counter(7), identity("6985")], TOLD, { kind: "undecidable", why: "identity-unreadable" }],
    ["that record has no number", [SELECTED, balance(1_500), counter(7), identity(record())], TOLD, { kind: "undecidable", why: "identity-unreadable" }],
    ["that record names another", [SELECTED, balance(1_500), counter(7), identity(record(OTHER_NUMBER))], TOLD, { kind: "another-card" }],
  ])("%s", async (_name, script, intent, expected) => {
    expect(await played(script, intent)).toMatchObject(expected);
  });

  it("without a last record nothing is asked before balance and counter", async () => {
    expect(await played([SELECTED, balance(1_500), counter(7), identity()], TOLD)).toStrictEqual({ kind: "debited", proof: "balance", balance: 1_500 });
  });
});

describe("the proof of a card whose balance tells nothing", () => {
  const FORMAT = ["80ca9f4f00", "6a88"] as const;
  const PRE_AUTHORIZED: CashIntent = { ...without(TOLD, "cryptogram"), movesBalance: false, unlogged: true };

  it.each<readonly [string, number | undefined, Script, CashIntent, object]>([
    ["is this sale's", 7, [[PROOF, `${CRYPTOGRAM}9000`]], TOLD, { kind: "debited", proof: "proof" }],
    ["is this sale's, though others followed", 9, [[PROOF, `${CRYPTOGRAM}9000`]], TOLD, { kind: "debited", proof: "proof" }],
    ["is another one's", 7, [[PROOF, `0000000000000000${OK}`], FORMAT], TOLD, { kind: "undecidable", why: "nothing-readable" }],
    ["is missing for the newest counter", 7, [[PROOF, "9406"]], TOLD, { kind: "not-debited" }],
    ["is missing for an earlier counter", 8, [[PROOF, "9406"], FORMAT], TOLD, { kind: "undecidable", why: "nothing-readable" }],
    ["is refused for the newest counter", 7, [[PROOF, "6d00"], FORMAT], TOLD, { kind: "undecidable", why: "nothing-readable" }],
    ["is zeros for a pre-authorisation", 7, [[PROOF, `0000000000000000${OK}`]], PRE_AUTHORIZED, { kind: "debited", proof: "proof" }],
    ["is a cryptogram for a pre-authorisation", 7, [[PROOF, `${CRYPTOGRAM}9000`]], PRE_AUTHORIZED, { kind: "undecidable", why: "nothing-readable" }],
  ])("%s", async (_name, atc, more, intent, expected) => {
    expect(await played([SELECTED, balance(undefined), counter(atc), identity(), ...more], intent)).toStrictEqual(expected);
  });
});

describe("the log of a card whose counter has moved on", () => {
  /** Date, time, amount, counter. */
  const FORMAT = ["80ca9f4f00", `9f4f0b9a039f21039f02069f3602${OK}`] as const;
  const entry = (number: number, bytes: string) => [`00b2${number.toString(16).padStart(2, "0")}5c00`, `${bytes}${OK}`] as const;
  const sale = (number: number, atc: number, amount = 500) =>
    entry(number, `261121120000${String(amount).padStart(12, "0")}${atc.toString(16).padStart(4, "0")}`);
  const NOT_DEBITED = { kind: "not-debited", balance: 1_200 };
  const OPEN = { kind: "undecidable", why: "nothing-readable" };
  const search = (more: Script, intent: CashIntent = TOLD) => played([SELECTED, balance(1_200), counter(9), identity(), [PROOF, "6d00"], ...more], intent);

  it.each<readonly [string, Script, object]>([
    ["names the sale", [FORMAT, sale(1, 7)], { kind: "debited", proof: "log", balance: 1_200 }],
    ["names it below a later one", [FORMAT, sale(1, 8), sale(2, 7)], { kind: "debited", proof: "log", balance: 1_200 }],
    ["names its counter with another amount", [FORMAT, sale(1, 7, 501)], { kind: "undecidable", why: "balance-contradicts" }],
    ["names an earlier one first", [FORMAT, sale(1, 6)], NOT_DEBITED],
    ["ends before it", [FORMAT, sale(1, 8), ["00b2025c00", "6a83"]], NOT_DEBITED],
    ["was never written below a later one", [FORMAT, sale(1, 8), entry(2, "00".repeat(14))], NOT_DEBITED],
    ["holds later ones only", [FORMAT, sale(1, 9), sale(2, 8)], { kind: "undecidable", why: "log-overrun" }],
    ["is refused", [FORMAT, ["00b2015c00", "6985"]], OPEN],
    ["has an entry of another length", [FORMAT, entry(1, "261121")], OPEN],
    ["has a format that is refused", [["80ca9f4f00", "6a88"]], OPEN],
    ["has a format that is cut off", [["80ca9f4f00", `9f4f029f36${OK}`]], OPEN],
    ["has a format without a counter", [["80ca9f4f00", `9f4f039f0206${OK}`]], OPEN],
    ["has a counter of another length", [["80ca9f4f00", `9f4f069f02069f3603${OK}`], entry(1, "000000000500000007")], OPEN],
    ["has a format without an amount", [["80ca9f4f00", `9f4f059a039f3602${OK}`], entry(1, "2611210007")], { kind: "debited", proof: "log", balance: 1_200 }],
  ])("%s", async (_name, script, expected) => {
    expect(await search(script)).toStrictEqual(expected);
  });

  it.each<readonly [string, CashIntent]>([
    ["of a card without one", without(TOLD, "log")],
    ["of a sale that no log holds", { ...TOLD, unlogged: true }],
  ])("is not asked for, and nothing will ever tell: %s", async (_name, intent) => {
    expect(await search([], intent)).toStrictEqual({ kind: "undecidable", why: "log-overrun" });
  });

  it("is read no further than its bound", async () => {
    const later = Array.from({ length: CASH_LOG_RECORDS_MAX }, (_, at) => sale(at + 1, 8));
    expect(await search([FORMAT, ...later], { ...TOLD, log: { sfi: 11, records: CASH_LOG_RECORDS_MAX + 1 } })).toStrictEqual({
      kind: "undecidable",
      why: "log-overrun",
    });
  });
});

describe("without a log", () => {
  it.each<readonly [string, number | undefined, number | undefined, object]>([
    // A later sale of the same amount, after one that was never debited, leaves exactly this balance.
    ["a balance lower by the amount behind a later counter proves nothing, now or ever", 8, 1_500, { kind: "undecidable", why: "log-overrun" }],
    ["a balance lower by the amount counts where no counter is told", undefined, 1_500, { kind: "debited", proof: "balance", balance: 1_500 }],
    ["an unmoved balance does not count where no counter is told", undefined, 2_000, { kind: "undecidable", why: "nothing-readable" }],
    ["a balance lower by more does not count where no counter is told", undefined, 1_499, { kind: "undecidable", why: "nothing-readable" }],
  ])("%s", async (_name, atc, amount, expected) => {
    const script = [SELECTED, balance(amount), counter(atc), identity(), [PROOF, "6d00"]] as const;
    expect(await played(script, without(TOLD, "log"))).toStrictEqual(expected);
  });
});
