import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { Fault } from "../base/fault.ts";
import { type Fen, fen } from "../base/fen.ts";
import type { CustomerDisplay, DisplayedAmount, Signal, SignalLamp } from "../drivers/peripherals.ts";
import type { CardChannel, CardReader } from "../drivers/ports.ts";
import { type FeedbackParts, HolderFeedback } from "./holder-feedback.ts";

const LIMITS = { timeoutMs: 1_000, signal: new AbortController().signal };

/** Devices that note what they are told, take their time over it, and fail when they are told to. */
function stand(options: { readonly tellMs?: number; readonly display?: boolean; readonly lamp?: boolean } = {}) {
  const clock = new VirtualClock(0);
  const heard: string[] = [];
  const warned: string[] = [];
  const world = { broken: false };
  const tell = async (what: string, signal: AbortSignal) => {
    await clock.sleep(options.tellMs ?? 1, signal);
    if (world.broken) throw new Fault("device-gone", "pulled out", { effectUnknown: false });
    heard.push(what);
  };
  const device = { name: "simulated", health: () => Promise.resolve({ kind: "well" } as const), close: () => Promise.resolve() };
  const lamp: SignalLamp = { ...device, signal: (signal: Signal, limits) => tell(signal, limits.signal) };
  const display: CustomerDisplay = {
    ...device,
    show: (what: DisplayedAmount, amount: Fen, limits) => tell(`${what} ${amount}`, limits.signal),
    clear: (limits) => tell("clear", limits.signal),
  };
  const log = { info: () => undefined, error: () => undefined, warn: (event: string) => void warned.push(event) };
  const parts: FeedbackParts = { log, ...(options.lamp === false ? {} : { lamp }), ...(options.display === true ? { display } : {}) };
  return { clock, heard, warned, world, feedback: new HolderFeedback(parts) };
}

/** A reader in which a card is found each time. */
function reader(): CardReader {
  const channel = { atr: new Uint8Array(0), insertion: 1, transmit: () => Promise.reject(new Error("nobody asks")), close: () => Promise.resolve() };
  return {
    name: "counter",
    interface: "contactless",
    waitForCard: () => Promise.resolve(channel satisfies CardChannel),
    waitForRemoval: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

describe("what the holder sees and hears", () => {
  it("shows the amount, asks for the card, says that it was accepted and clears the display", async () => {
    const { clock, feedback, heard } = stand({ display: true });
    feedback.begin(fen(450));
    await feedback.over(reader()).waitForCard(LIMITS);
    await clock.resolve(feedback.rest());
    feedback.end("paid");
    await clock.resolve(feedback.rest());
    expect(heard).toEqual(["total 450", "idle", "accepted", "clear"]);
  });

  it("in a sale that takes long, says that something is going on", async () => {
    const { clock, feedback, heard } = stand();
    const over = feedback.over(reader(), { long: true });
    for (let round = 0; round < 2; round += 1) {
      await over.waitForCard(LIMITS);
      await clock.resolve(feedback.rest());
    }
    expect(heard).toEqual(["idle", "working", "present-again", "working"]);
  });

  it.each([
    ["paid", "accepted"],
    ["refused", "refused"],
    ["no-card", "idle"],
  ] as const)("a sale that ended as %s: %s", async (how, signal) => {
    const { clock, feedback, heard } = stand();
    feedback.end(how);
    await clock.resolve(feedback.rest());
    expect(heard).toEqual([signal]);
  });

  it("asks for the same card again only after one was there, and once for each wait", async () => {
    const { clock, feedback, heard } = stand();
    const over = feedback.over(reader());
    for (let round = 0; round < 3; round += 1) {
      await over.waitForCard(LIMITS);
      await clock.resolve(feedback.rest());
    }
    expect(heard).toEqual(["idle", "present-again", "present-again"]);
  });

  it("asks once while the reader is tried again and again", async () => {
    const { clock, feedback, heard } = stand();
    const gone = () => Promise.reject(new Fault("reader-gone", "unplugged", { effectUnknown: false }));
    const over = feedback.over({ ...reader(), waitForCard: gone });
    for (let round = 0; round < 3; round += 1) await expect(over.waitForCard(LIMITS)).rejects.toMatchObject({ code: "reader-gone" });
    await clock.resolve(feedback.rest());
    expect(heard).toEqual(["idle"]);
  });

  it("leaves the reader as it is where there is no lamp", () => {
    const { feedback } = stand({ lamp: false });
    const own = reader();
    expect(feedback.over(own)).toBe(own);
  });
});

describe("no sale waits for it", () => {
  it("what was not told before a card came is not told between its commands", async () => {
    const { clock, feedback, heard } = stand({ tellMs: 100 });
    feedback.end("refused");
    await feedback.over(reader()).waitForCard(LIMITS);
    await clock.resolve(feedback.rest());
    expect(heard).toEqual(["refused"]);
  });

  it("of what waits only the newest is told", async () => {
    const { clock, feedback, heard } = stand({ tellMs: 100 });
    for (const signal of ["idle", "working", "present-again", "accepted"] as const) feedback.signal(signal);
    await clock.resolve(feedback.rest());
    expect(heard).toEqual(["idle", "accepted"]);
  });

  it("a device that is away is logged once, and told again when it is back", async () => {
    const { clock, feedback, heard, warned, world } = stand();
    world.broken = true;
    for (let round = 0; round < 3; round += 1) {
      feedback.end("paid");
      await clock.resolve(feedback.rest());
    }
    expect(warned).toEqual(["feedback-not-given"]);
    world.broken = false;
    feedback.end("paid");
    await clock.resolve(feedback.rest());
    expect(heard).toEqual(["accepted"]);
  });

  it("ends at once when the terminal stops", async () => {
    const { clock, feedback, heard } = stand({ tellMs: 3_600_000 });
    feedback.end("paid");
    await clock.resolve(feedback.close());
    expect(heard).toEqual([]);
    expect(clock.monotonicMs()).toBeLessThan(1_000);
  });
});
