import { describe, expect, test } from "vitest";
import type { SimulatedCard } from "../../../simulators/card/card.ts";
import { fen } from "../../base/fen.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import { type BenchCard, type MakeBench, quickPaymentSuite } from "./contract/suite.ts";
import type { QuickPaymentLimits } from "./ports.ts";
import { runQuickPayment } from "./run.ts";
import { balanceOf, type CommandFate, type CommandInfo, EVERY_PURSE, SimulatedPlace, type SimulatedPlaceOptions, TEST_LIMITS } from "./testing.ts";
import type { QuickPaymentOutcome } from "./types.ts";

const AMOUNT = 450;

const makeBench: MakeBench = async ({ logSeqMode, purse }) => {
  const place = new SimulatedPlace({ profile: { logSeqMode } });
  const ports = await place.clock.resolve(place.switchOn());
  const cards = new Map<BenchCard, SimulatedCard>();
  return {
    ports,
    limits: TEST_LIMITS,
    newCard: async ({ balanceFen }) => {
      const card = place.card({ balanceFen, medicalPurse: { accountFen: balanceFen }, electronicCash: { balanceFen, algorithms: "sm" } });
      const handle: BenchCard = { balanceFen: async () => balanceOf(card, purse), debits: async () => card.debits.length };
      cards.set(handle, card);
      return handle;
    },
    present: async (handle) => {
      const card = cards.get(handle);
      if (card !== undefined) place.reader.insert(card);
    },
    takeAway: async () => {
      place.reader.remove();
    },
    tearNextDebit: async (at) => place.tearDebit(at, purse),
    whenTorn: async () => {
      while (place.reader.card !== undefined) await place.clock.sleep(5);
      await place.clock.sleep(100);
    },
    settle: (work) => place.clock.resolve(work),
    entries: () => place.clock.resolve(place.entries()),
    close: async () => undefined,
  };
};

for (const { kind } of EVERY_PURSE) quickPaymentSuite("a simulated reader", makeBench, kind);

interface Sold {
  readonly place: SimulatedPlace;
  readonly card: SimulatedCard;
  readonly outcome: QuickPaymentOutcome;
  readonly states: readonly string[];
}

/** One sale in a fresh place with a card that stays in the reader. */
async function sellWith(options: {
  readonly place?: SimulatedPlaceOptions;
  readonly limits?: Partial<QuickPaymentLimits>;
  readonly prepare?: (place: SimulatedPlace, card: SimulatedCard) => void;
}): Promise<Sold> {
  const place = new SimulatedPlace(options.place);
  const ports = await place.clock.resolve(place.switchOn());
  const card = place.card();
  place.reader.insert(card);
  options.prepare?.(place, card);
  const outcome = await place.clock.resolve(runQuickPayment(ports, { reference: "r1", amount: fen(AMOUNT) }, { ...TEST_LIMITS, ...options.limits }));
  const states = (await place.clock.resolve(place.entries())).map(({ state }) => state);
  return { place, card, outcome, states };
}

/** The first command that fits meets this fate, all others pass. */
function once(fits: (info: CommandInfo) => boolean, fate: CommandFate): (info: CommandInfo) => CommandFate {
  let done = false;
  return (info) => {
    if (done || !fits(info)) return { kind: "ok" };
    done = true;
    return fate;
  };
}

describe("the module", () => {
  test("draws another sequence than reserved: the actual one is durable before the debit", async () => {
    const { place, card, outcome, states } = await sellWith({ place: { misreserve: true } });
    expect(outcome).toMatchObject({ kind: "paid", verified: true });
    expect(states).toEqual(["prepared", "acting", "done"]);
    const [prepared, acting, done] = await place.clock.resolve(place.entries());
    expect(acting?.detail["terminalSeq"]).toBe(done?.detail["terminalSeq"]);
    expect(prepared?.detail["terminalSeq"]).not.toBe(done?.detail["terminalSeq"]);
    expect(card.debits[0]?.terminalSeq).toBe(done?.detail["terminalSeq"]);
  });

  test("refuses MAC2: the card's log alone makes no payment", async () => {
    const { card, outcome, states } = await sellWith({ prepare: (_, forged) => forged.setFaults({ wrongMac2: true }) });
    expect(outcome).toMatchObject({ kind: "unverified", reason: "mac2-refused", proof: "log" });
    expect(states).toEqual(["prepared", "unknown", "done"]);
    expect(card.debits.length).toBe(1);
  });

  test("is lost while it checks MAC2: the card's log decides, inside the limited policy", async () => {
    const { outcome, states } = await sellWith({
      prepare: (place) => place.plan(once(({ to, instruction }) => to === "module" && instruction === 0x72, { kind: "hang" })),
    });
    expect(outcome).toMatchObject({ kind: "paid", verified: false, proof: "log" });
    expect(states).toEqual(["prepared", "unknown", "done"]);
  });

  test("is lost before the debit: nothing was debited", async () => {
    const { card, outcome, states } = await sellWith({
      prepare: (place) => place.plan(once(({ to, instruction }) => to === "module" && instruction === 0x70, { kind: "hang" })),
    });
    expect(outcome).toMatchObject({ kind: "refused" });
    expect(states).toEqual(["prepared", "void"]);
    expect(card.debits).toEqual([]);
  });
});

describe("the reader", () => {
  test("hangs at the debit, which the card has committed: the same card in the same reader heals it", async () => {
    const { card, outcome } = await sellWith({
      prepare: (place) => place.plan(once(({ to, instruction }) => to === "card" && instruction === 0x54, { kind: "hang", at: "after" })),
    });
    expect(outcome).toMatchObject({ kind: "paid", verified: true });
    expect(card.debits.length).toBe(1);
  });

  test("is gone for a while before the debit", async () => {
    const { card, outcome, states } = await sellWith({
      prepare: (place) => {
        place.plan(once(({ to, instruction }) => to === "card" && instruction === 0x50, { kind: "reader-lost" }));
        void place.clock.sleep(2000).then(() => place.reader.restoreReader());
      },
    });
    expect(outcome).toMatchObject({ kind: "paid", verified: true });
    expect(states).toEqual(["prepared", "void", "prepared", "done"]);
    expect(card.debits.length).toBe(1);
  });
});

describe("giving up", () => {
  test.each([0xb0, 0x50])("by the caller at command %i, before the debit", async (instruction) => {
    const stop = new AbortController();
    const { card, outcome } = await sellWith({
      limits: { signal: stop.signal },
      prepare: (place) =>
        place.plan((info) => {
          if (info.instruction === instruction) stop.abort();
          return { kind: "ok" };
        }),
    });
    expect(outcome).toEqual({ kind: "no-card" });
    expect(card.debits).toEqual([]);
  });

  test("by the caller while the debit runs changes nothing", async () => {
    const stop = new AbortController();
    const { card, outcome } = await sellWith({
      limits: { signal: stop.signal },
      prepare: (place) =>
        place.plan((info) => {
          if (info.instruction === 0x54) stop.abort();
          return { kind: "ok" };
        }),
    });
    expect(outcome).toMatchObject({ kind: "paid", verified: true });
    expect(card.debits.length).toBe(1);
  });

  test("by time, between module and debit", async () => {
    const { card, outcome, states } = await sellWith({ limits: { timeoutMs: 400 }, place: { flushMs: 395 } });
    expect(outcome).toEqual({ kind: "no-card" });
    expect(states).toEqual(["prepared", "void"]);
    expect(card.debits).toEqual([]);
  });
});

describe("the disk", () => {
  test("is full: the card is not debited", async () => {
    const { card, outcome, states } = await sellWith({ prepare: (place) => place.disk.setFull(true) });
    expect(outcome).toEqual({ kind: "refused", reason: "store-full" });
    expect([states, card.debits]).toEqual([[], []]);
  });

  test("breaks after the debit: nothing is called paid", async () => {
    let commits = 0;
    const { card, outcome } = await sellWith({
      prepare: (place) =>
        place.disk.onCommit((write) => {
          commits += write.entries === undefined ? 0 : 1;
          return commits === 2 ? { kind: "broken", written: true } : { kind: "go" };
        }),
    });
    expect(outcome).toMatchObject({ kind: "unknown", reason: "store-broken" });
    expect(card.debits.length).toBe(1);
  });

  test("does not answer the intent in time: the card is not debited", async () => {
    const { card, outcome } = await sellWith({
      limits: { journalTimeoutMs: 50, timeoutMs: 60_000 },
      place: { flushMs: 0 },
      prepare: (place) => place.disk.onCommit((write) => (write.entries === undefined ? { kind: "go" } : { kind: "delay", durationMs: 500 })),
    });
    expect(outcome).toEqual({ kind: "refused", reason: "store-broken" });
    expect(card.debits).toEqual([]);
  });
});

describe("limits at their edges", () => {
  const risk = TEST_LIMITS.risk;
  test.each([
    [{ ...risk, amountPerSaleFen: fen(AMOUNT - 1) }, "amount-limit"],
    [{ ...risk, amountPerSaleFen: fen(AMOUNT) }, undefined],
    [{ ...risk, amountPerSaleFen: fen(AMOUNT + 1) }, undefined],
    [{ ...risk, unreceiptedCount: 0 }, "unreceipted-count-limit"],
    [{ ...risk, unreceiptedCount: 1 }, undefined],
    [{ ...risk, unreceiptedSumFen: fen(AMOUNT - 1) }, "unreceipted-sum-limit"],
    [{ ...risk, unreceiptedSumFen: fen(AMOUNT) }, undefined],
    [{ ...risk, unreceiptedSumFen: fen(AMOUNT + 1) }, undefined],
  ])("%o: %s", async (limits, reason) => {
    const { card, outcome } = await sellWith({ limits: { risk: limits } });
    expect(outcome.kind === "refused" ? outcome.reason : undefined).toBe(reason);
    expect(card.debits.length).toBe(reason === undefined ? 1 : 0);
  });
});

describe("two at once", () => {
  test("one lane settles one sale at a time", async () => {
    const place = new SimulatedPlace();
    const ports = await place.clock.resolve(place.switchOn());
    place.reader.insert(place.card());
    const [first, second] = await place.clock.resolve(
      Promise.all(["r1", "r2"].map((reference) => runQuickPayment(ports, { reference, amount: fen(AMOUNT) }, TEST_LIMITS))),
    );
    expect([first?.kind, second]).toEqual(["paid", { kind: "refused", reason: "lane-busy" }]);
  });

  test("one reference is sold at one lane at a time", async () => {
    const place = new SimulatedPlace();
    const ports = await place.clock.resolve(place.switchOn());
    const held = ports.sales.take("r1");
    expect(await place.clock.resolve(runQuickPayment(ports, { reference: "r1", amount: fen(AMOUNT) }, TEST_LIMITS))).toEqual({
      kind: "refused",
      reason: "in-progress",
    });
    held?.();
    expect(await place.clock.resolve(runQuickPayment(ports, { reference: "r1", amount: fen(AMOUNT) }, TEST_LIMITS))).toEqual({ kind: "no-card" });
  });
});

test("a sale of an earlier life, decided by its card, carries the whole input of the TAC and the key it was made with", async () => {
  const place = new SimulatedPlace();
  const ports = await place.clock.resolve(place.switchOn());
  const card = place.card();
  place.reader.insert(card);
  place.plan(once(({ to, instruction }) => to === "card" && instruction === 0x54, { kind: "power-cut", when: "after" }));
  void runQuickPayment(ports, { reference: "r1", amount: fen(AMOUNT) }, TEST_LIMITS);
  await place.clock.runUntil(5000);
  expect(place.on).toBe(false);
  place.cutPower();
  const next = await place.clock.resolve(place.switchOn());
  expect(await place.clock.resolve(recoverAtStart(next))).toEqual({ changed: 1, open: 1 });
  place.plan(() => ({ kind: "ok" }));
  expect(await place.clock.resolve(runQuickPayment(next, { reference: "r1", amount: fen(AMOUNT) }, TEST_LIMITS))).toMatchObject({
    kind: "paid",
    verified: false,
    proof: "log",
  });
  const entries = await place.clock.resolve(place.entries());
  expect(entries.map(({ state }) => state)).toEqual(["prepared", "unknown", "done"]);
  expect(entries[2]?.detail).toMatchObject({
    algorithm: 0,
    keyVersion: 1,
    tac: card.debits[0]?.tac,
    terminalSeq: card.debits[0]?.terminalSeq,
    unverified: true,
    type: "06",
  });
  expect(entries[2]?.resolves).toBe(2);
});
