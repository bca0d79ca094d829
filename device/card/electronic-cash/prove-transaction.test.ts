/* What a returned card can tell about a torn sale, against an independently written card: torn at every command, and with every proof taken away. */
import { describe, expect, it } from "vitest";
import type { TearPoint } from "../../../simulators/card/state.ts";
import { fen } from "../../base/fen.ts";
import { LIMITS } from "../testing.ts";
import { evidenceAtOnce, proveTransaction } from "./prove-transaction.ts";
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

describe("evidenceAtOnce", () => {
  it.each<readonly [string, Partial<CashIntent>, Parameters<typeof evidenceAtOnce>[0]["observed"], object | undefined]>([
    ["lower by the amount", {}, { atc: 7, balance: fen(1_500) }, { kind: "debited", proof: "balance" }],
    ["lower by the amount, and repeated", {}, { atc: 7, balance: fen(1_500), replay: REPLAY }, { kind: "debited", proof: "replay" }],
    ["the same", {}, { atc: 7, balance: fen(2_000) }, { kind: "not-debited" }],
    ["the same, though something was repeated", {}, { atc: 7, balance: fen(2_000), replay: REPLAY }, { kind: "not-debited" }],
    ["lower by another amount", {}, { atc: 7, balance: fen(1_499) }, { kind: "undecidable", why: "balance-contradicts" }],
    ["higher", {}, { atc: 7, balance: fen(2_500) }, { kind: "undecidable", why: "balance-contradicts" }],
    ["repeated, balance unknown", {}, { atc: 7, replay: REPLAY }, { kind: "debited", proof: "replay" }],
    ["a later counter", {}, { atc: 8, balance: fen(1_500), replay: REPLAY }, undefined],
    ["an unknown counter", {}, { balance: fen(1_500) }, undefined],
    ["an earlier counter", {}, { atc: 6, balance: fen(1_500) }, { kind: "undecidable", why: "counter-behind" }],
    ["nothing at all", {}, {}, { kind: "undecidable", why: "nothing-readable" }],
    ["no amount", { amount: fen(0) }, { atc: 7, balance: fen(2_000) }, undefined],
    ["no amount, repeated", { amount: fen(0) }, { atc: 7, balance: fen(2_000), replay: REPLAY }, { kind: "debited", proof: "replay" }],
    ["a pre-authorisation", { movesBalance: false }, { atc: 7, balance: fen(2_000) }, undefined],
    ["a record that was merely read", { movesBalance: false }, { atc: 7, replay: { ...REPLAY, data: new Map() } }, undefined],
    ["more than the balance", { amount: fen(2_001) }, { atc: 7, balance: fen(0) }, { kind: "undecidable", why: "balance-contradicts" }],
  ])("of a card that is %s", (_name, change, observed, expected) => {
    const told = evidenceAtOnce({ intent: { ...INTENT, ...change }, observed });
    if (expected === undefined) expect(told).toBeUndefined();
    else expect(told).toMatchObject(expected);
  });
});
