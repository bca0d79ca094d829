/* What the holder at one place is told of an act, and that a part of an act tells nothing of its own. */
import { describe, expect, it } from "vitest";
import { Fault } from "./base/fault.ts";
import { fen } from "./base/fen.ts";
import { SILENT } from "./base/log.ts";
import { DEFAULT_CARD_PROFILE } from "./codec/card-profile.ts";
import { openCipherSuite } from "./crypto/suite.ts";
import type { Signal, SignalLamp } from "./drivers/peripherals.ts";
import { SaleLane, type SharedSales } from "./sale-lane.ts";
import { openSeenCards } from "./txn/delayed-charge/seen-cards.ts";
import { DEFAULT_INITIAL_PIN_RULE } from "./txn/initial-pin.ts";
import { SimulatedPlace, TEST_LIMITS } from "./txn/quick-payment/testing.ts";
import { createTapTimelines } from "./txn/tap-timeline/timelines.ts";

async function lane(more: Pick<SharedSales, "moduleOpening"> = {}) {
  const place = new SimulatedPlace();
  const ports = await place.clock.resolve(place.switchOn());
  const { clock, journal } = place;
  const suite = openCipherSuite();
  const signals: Signal[] = [];
  const lamp: SignalLamp = {
    name: "lamp",
    health: async () => ({ kind: "well" }),
    signal: async (signal) => void signals.push(signal),
    close: async () => undefined,
  };
  const desk = new SaleLane(
    {
      ...{ clock, journal, log: SILENT, inFlight: ports.sales, saleTimes: ports.saleTimes, purse: ports.purse, cardProfile: DEFAULT_CARD_PROFILE },
      randomness: { bytes: (length) => new Uint8Array(length) },
      initialPin: DEFAULT_INITIAL_PIN_RULE,
      bounds: TEST_LIMITS,
      pinTimeoutMs: 1_000,
      offlineMedicalCard: "off",
      chargedCards: openSeenCards({ journal, suite, key: suite.secretKey(new Uint8Array(16)) }),
      saleDays: () => ({ earliest: "20260105", latest: "20260105" }),
      taps: createTapTimelines({ clock }),
      ...more,
    },
    { reader: place.reader, samReader: place.reader, lamp },
  );
  return { desk, signals, place };
}

const AMOUNT = fen(100);
const ended = (kind: string) => async () => ({ kind });

describe("a place where cards pay", () => {
  it.each([
    ["approved", "accepted"],
    ["refunded", "refused"],
    ["no-card", "idle"],
  ])("shows the end of an act: %s", async (kind, signal) => {
    const { desk, signals } = await lane();
    await desk.served(AMOUNT, ended(kind));
    expect(signals).toEqual([signal]);
  });

  it("shows one end of an act with parts, and none before it", async () => {
    const { desk, signals } = await lane();
    const atConfirmation: (readonly Signal[])[] = [];
    await desk.served(AMOUNT, async () => {
      await desk.quietly(() => desk.served(AMOUNT, ended("approved")));
      atConfirmation.push([...signals]);
      await desk.quietly(() => desk.served(AMOUNT, ended("approved")));
      return { kind: "refunded" };
    });
    expect([atConfirmation, signals]).toEqual([[[]], ["refused"]]);
  });

  it("keeps quiet of nobody else's act", async () => {
    const { desk, signals } = await lane();
    const part = desk.quietly(() => desk.served(AMOUNT, async () => ({ kind: "approved" })));
    await desk.served(AMOUNT, ended("declined"));
    await part;
    expect(signals).toEqual(["refused"]);
  });

  it("is heard again behind a part that throws", async () => {
    const { desk, signals } = await lane();
    const broken = () => {
      throw new Error("broken");
    };
    expect(() => desk.quietly(broken)).toThrow("broken");
    await desk.served(undefined, ended("done"));
    expect(signals).toEqual(["accepted"]);
  });
});

describe("a module that was not ordered", () => {
  const limits = { timeoutMs: 1_000, signal: new AbortController().signal };
  const refusing = async () => Promise.reject(new Fault("module-refused", "not ordered", { effectUnknown: false }));

  it("sells nothing: no work is begun with it, whoever asks for it", async () => {
    const { desk, place } = await lane({ moduleOpening: refusing });
    let begun = 0;
    const work = async () => {
      begun += 1;
      return { kind: "paid" };
    };
    expect(await desk.sale({ amount: AMOUNT }, limits, work)).toEqual({ kind: "refused", reason: "module-refused" });
    expect(begun).toBe(0);
    const records = place.journal.lastSeq;
    expect(await desk.quickPayment({ amount: AMOUNT, reference: "r-1", operator: "op-1" }, limits)).toEqual({ kind: "refused", reason: "module-refused" });
    expect(place.journal.lastSeq).toBe(records);
    await expect(desk.module(limits)).rejects.toMatchObject({ code: "module-refused" });
  });

  it("is opened once for all who wait for it, and anew when that failed", async () => {
    let openings = 0;
    let release: (() => void) | undefined;
    const { desk } = await lane({
      moduleOpening: async () => {
        openings += 1;
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return refusing();
      },
    });
    const waiting = [desk.module(limits), desk.module(limits), desk.module(limits)].map((asked) => asked.catch((fault: unknown) => fault));
    for (let at = 1; at <= waiting.length; at += 1) {
      for (let turn = 0; turn < 20 && openings < at; turn += 1) await Promise.resolve();
      expect(openings).toBe(at);
      release?.();
      await waiting[at - 1];
    }
  });
});
