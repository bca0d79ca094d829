/* The simulated reader under virtual time: what its port promises, and every way in which a card can leave. */
import { describe, expect, it } from "vitest";
import { type Bytes, EMPTY, fromHex, toHex } from "../../device/base/bytes.ts";
import { Fault, isFault } from "../../device/base/fault.ts";
import type { Limits } from "../../device/base/ports.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { makeTestCard } from "../card/make.ts";
import { openPurchase } from "../card/testing.ts";
import { makeTestPsam } from "../psam/make.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import { makeSamReader, SimulatedReader, type TransmitVerdict } from "./in-process.ts";
import { TIMING_PROFILES, timingsOf } from "./timing-profiles.ts";

const suite = openCipherSuite();
const SELECT = fromHex("00A4040008A00000063201010500");
const GET_BALANCE = fromHex("805C000204");

function limits(timeoutMs = 1_000, signal: AbortSignal = new AbortController().signal): Limits {
  return { timeoutMs, signal };
}

function bench(verdicts: readonly TransmitVerdict[] = []) {
  const clock = new VirtualClock(1_790_000_000_000);
  const reader = new SimulatedReader({ name: "counter", interface: "contact", clock, beforeTransmit: ({ index }) => verdicts[index] ?? { kind: "ok" } });
  const card = makeTestCard(suite, { balanceFen: 1_000, algorithm: "sm4" });
  return { clock, reader, card };
}

/** What a call came to, as text: its answer, or the fault's code and whether its effect is unknown. */
async function outcome(call: Promise<Bytes>): Promise<string> {
  try {
    return toHex(await call);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return `${error.code} ${error.effectUnknown}`;
  }
}

describe("modelled times", () => {
  it("of a profile pass under the clock of the reader, the wait for its next look included", async () => {
    const clock = new VirtualClock(0);
    const timings = timingsOf(TIMING_PROFILES.common);
    let phase = 1;
    const reader = new SimulatedReader({
      name: "gate",
      interface: "contactless",
      clock,
      timing: timings.contactless,
      powerUpMs: () => timings.arrivalMs(phase),
    });
    const card = makeTestCard(suite, { balanceFen: 1_000, algorithm: "sm4", interface: "contactless" });
    reader.insert(card);
    const channel = await clock.resolve(reader.waitForCard(limits()));
    const lateMs = clock.monotonicMs();
    expect(lateMs).toBeCloseTo(timings.arrivalMs(1), 6);
    const answer = await clock.resolve(channel.transmit(SELECT, limits()));
    expect(clock.monotonicMs() - lateMs).toBeCloseTo(timings.contactless(SELECT, answer), 6);
    phase = 0;
    reader.remove();
    reader.insert(card);
    const beganMs = clock.monotonicMs();
    await clock.resolve(reader.waitForCard(limits()));
    expect(clock.monotonicMs() - beganMs).toBeCloseTo(lateMs - 30, 6);
  });

  it("of a security module are those of its line", async () => {
    const clock = new VirtualClock(0);
    const { module } = timingsOf(TIMING_PROFILES.bad);
    const reader = makeSamReader(makeTestPsam(suite), { name: "module", clock, timing: module, powerUpMs: 0 });
    const channel = await clock.resolve(reader.waitForCard(limits()));
    const answer = await clock.resolve(channel.transmit(fromHex("00b0960006"), limits()));
    expect(clock.monotonicMs()).toBeCloseTo(3 + (5 + 1 + 2 + answer.length - 2) * 1.25, 6);
  });
});

describe("several cards", () => {
  it("another card between two commands makes the old channel worthless and debits nothing", async () => {
    const { clock, reader, card } = bench();
    reader.insert(card);
    const channel = await clock.resolve(reader.waitForCard(limits()));
    await clock.resolve(channel.transmit(SELECT, limits()));
    reader.swap(makeTestCard(suite, { balanceFen: 2_000, algorithm: "sm4", serial: 2 }));
    expect(await clock.resolve(outcome(channel.transmit(GET_BALANCE, limits())))).toBe("card-changed false");
    const other = await clock.resolve(reader.waitForCard(limits()));
    await clock.resolve(other.transmit(SELECT, limits()));
    expect(toHex(await clock.resolve(other.transmit(GET_BALANCE, limits())))).toBe("000007d09000");
  });

  it("a second card in the field ends the exchange under way, and the first one counts as new when it has left", async () => {
    const { clock, reader, card } = bench();
    reader.insert(card);
    const channel = await clock.resolve(reader.waitForCard(limits()));
    const selecting = outcome(channel.transmit(SELECT, limits()));
    reader.crowd([makeTestCard(suite, { balanceFen: 1, algorithm: "sm4", serial: 2 })]);
    expect(await clock.resolve(selecting)).toBe("card-removed true");
    reader.crowd([]);
    const again = await clock.resolve(reader.waitForCard(limits()));
    expect(again.insertion).not.toBe(channel.insertion);
  });

  it("a reader that cannot tell them apart finds a mute card", async () => {
    const clock = new VirtualClock(0);
    const reader = new SimulatedReader({ name: "gate", interface: "contactless", clock, tellsCollision: false });
    const [first, second] = [1, 2].map((serial) => makeTestCard(suite, { balanceFen: 1, algorithm: "sm4", serial }));
    if (first === undefined || second === undefined) throw new Error("two cards");
    reader.insert(first);
    reader.crowd([second]);
    const waiting = reader.waitForCard(limits()).then(() => EMPTY);
    expect(await clock.resolve(outcome(waiting))).toBe("card-mute false");
  });

  it("one slow instruction is slow alone", async () => {
    const { clock, reader, card } = bench();
    card.setFaults({ slowInstruction: { ins: 0x5c, extraMs: 700 } });
    reader.insert(card);
    const channel = await clock.resolve(reader.waitForCard(limits()));
    const spent = async (command: Bytes) => {
      const from = clock.monotonicMs();
      await clock.resolve(channel.transmit(command, limits(5_000)));
      return clock.monotonicMs() - from;
    };
    expect(await spent(SELECT)).toBeLessThan(300);
    expect(await spent(GET_BALANCE)).toBeGreaterThanOrEqual(700);
  });
});

describe("waiting", () => {
  it("takes a card that lies there and one that comes later", async () => {
    const { clock, reader, card } = bench();
    const waiting = reader.waitForCard(limits(60_000));
    await clock.runUntil(5_000);
    reader.insert(card);
    const first = await clock.resolve(waiting);
    expect(toHex(first.atr).startsWith("3b6d0000")).toBe(true);
    await first.close();
    const again = await clock.resolve(reader.waitForCard(limits()));
    expect(again.insertion).toBe(first.insertion);
  });

  it("gives a new insertion a new number", async () => {
    const { clock, reader, card } = bench();
    reader.insert(card);
    const first = await clock.resolve(reader.waitForCard(limits()));
    reader.remove();
    reader.insert(card);
    const second = await clock.resolve(reader.waitForCard(limits()));
    expect(second.insertion).not.toBe(first.insertion);
    expect(await clock.resolve(outcome(first.transmit(SELECT, limits())))).toBe("card-changed false");
  });

  it.each([
    ["no card", () => undefined, "timeout"],
    [
      "a mute card",
      ({ reader, card }: ReturnType<typeof bench>) => {
        card.setFaults({ mute: true });
        reader.insert(card);
      },
      "card-mute",
    ],
    [
      "a lost reader",
      ({ reader, card }: ReturnType<typeof bench>) => {
        reader.insert(card);
        reader.loseReader();
      },
      "reader-gone",
    ],
    [
      "two cards in the field",
      ({ reader, card }: ReturnType<typeof bench>) => {
        reader.insert(card);
        reader.crowd([makeTestCard(suite, { balanceFen: 1, algorithm: "sm4", serial: 2 })]);
      },
      "card-collision",
    ],
  ] as const)("%s gives a named fault within the limit", async (_, prepare, code) => {
    const parts = bench();
    prepare(parts);
    await expect(parts.clock.resolve(parts.reader.waitForCard(limits(500)))).rejects.toMatchObject({ code, effectUnknown: false });
    expect(parts.clock.monotonicMs()).toBeLessThanOrEqual(500);
  });

  it("ends when the caller cancels", async () => {
    const { clock, reader } = bench();
    const cancel = new AbortController();
    const waiting = reader.waitForCard(limits(60_000, cancel.signal));
    waiting.catch(() => undefined);
    await clock.runUntil(100);
    cancel.abort();
    await expect(clock.resolve(waiting)).rejects.toMatchObject({ code: "cancelled" });
  });

  it("sees the removal; a lost reader counts as empty", async () => {
    const { clock, reader, card } = bench();
    reader.insert(card);
    const waiting = reader.waitForRemoval(limits(60_000));
    await clock.runUntil(100);
    reader.remove();
    await clock.resolve(waiting);
    reader.insert(card);
    reader.loseReader();
    await clock.resolve(reader.waitForRemoval(limits(1)));
  });

  it("recovers when the reader comes back", async () => {
    const { clock, reader, card } = bench();
    reader.insert(card);
    const first = await clock.resolve(reader.waitForCard(limits()));
    reader.loseReader();
    expect(await clock.resolve(outcome(first.transmit(SELECT, limits())))).toBe("reader-gone false");
    const waiting = reader.waitForCard(limits(10_000));
    await clock.runUntil(clock.monotonicMs() + 3_000);
    reader.restoreReader();
    const second = await clock.resolve(waiting);
    expect(second.insertion).not.toBe(first.insertion);
  });
});

describe("commands", () => {
  it("take modelled time and a slow card takes longer", async () => {
    const { clock, reader, card } = bench();
    reader.insert(card);
    const channel = await clock.resolve(reader.waitForCard(limits()));
    const start = clock.monotonicMs();
    await clock.resolve(channel.transmit(SELECT, limits()));
    const usualMs = clock.monotonicMs() - start;
    card.setFaults({ extraMsPerCommand: 200 });
    await clock.resolve(channel.transmit(SELECT, limits()));
    expect(usualMs).toBeGreaterThan(10);
    expect(clock.monotonicMs() - start - usualMs).toBeCloseTo(usualMs + 200, 5);
  });

  it.each([
    ["tear before", { kind: "tear", at: "before" }, "card-removed true"],
    ["tear during", { kind: "tear", at: "during" }, "card-removed true"],
    ["tear after", { kind: "tear", at: "after" }, "card-removed true"],
    ["hang", { kind: "hang" }, "reader-hung true"],
    ["reader lost", { kind: "reader-lost" }, "reader-gone true"],
  ] as const)("%s: the fault says that the effect is unknown", async (_, verdict, expected) => {
    const { clock, reader, card } = bench([verdict]);
    reader.insert(card);
    const channel = await clock.resolve(reader.waitForCard(limits()));
    expect(await clock.resolve(outcome(channel.transmit(SELECT, limits())))).toBe(expected);
    expect(card.powered).toBe(false);
  });

  it.each([
    ["before", 0],
    ["during", 0],
    ["after", 1],
  ] as const)("a DEBIT torn %s its commit leaves %i debits, and the card can be tapped again", async (at, debits) => {
    const { clock, reader, card } = bench();
    const psam = makeTestPsam(suite);
    const { debitHex } = openPurchase(card, psam, { amountFen: 10, level: 2 });
    const initialize = fromHex("805001020B010000000A9901000000010F");
    reader.insert(card);
    const channel = await clock.resolve(reader.waitForCard(limits()));
    await clock.resolve(channel.transmit(SELECT, limits()));
    await clock.resolve(channel.transmit(initialize, limits()));
    // A second opening gives another random number, so this MAC1 is wrong; only the module's own dialogue makes a right one.
    expect(toHex(await clock.resolve(channel.transmit(fromHex(debitHex), limits())))).toBe("9302");
    const right = openPurchase(card, psam, { amountFen: 10, level: 2 });
    card.tear(fromHex(right.debitHex), at);
    reader.remove();
    reader.insert(card);
    const again = await clock.resolve(reader.waitForCard(limits()));
    await clock.resolve(again.transmit(SELECT, limits()));
    expect(toHex(await clock.resolve(again.transmit(GET_BALANCE, limits())))).toBe(debits === 1 ? "000003de9000" : "000003e89000");
    expect(card.debits).toHaveLength(debits);
  });

  it("a removal at any instant is card-removed, before or after the card acted", async () => {
    const seen = new Set<string>();
    for (const afterMs of [1, 5, 10, 13, 16, 18]) {
      const { clock, reader, card } = bench();
      reader.insert(card);
      const channel = await clock.resolve(reader.waitForCard(limits()));
      await clock.resolve(channel.transmit(SELECT, limits()));
      let acted = false;
      const transmit = card.transmit.bind(card);
      card.transmit = (command) => {
        acted = true;
        return transmit(command);
      };
      const call = outcome(channel.transmit(SELECT, limits()));
      await clock.runUntil(clock.monotonicMs() + afterMs);
      reader.remove();
      expect(await clock.resolve(call)).toBe("card-removed true");
      seen.add(String(acted));
    }
    expect([...seen].sort()).toEqual(["false", "true"]);
  });

  it("after the deadline the card does not act behind the caller's back", async () => {
    const { clock, reader, card } = bench();
    card.setFaults({ extraMsPerCommand: 5_000 });
    reader.insert(card);
    const channel = await clock.resolve(reader.waitForCard(limits()));
    let acted = false;
    card.transmit = () => {
      acted = true;
      return fromHex("9000");
    };
    expect(await clock.resolve(outcome(channel.transmit(SELECT, limits(100))))).toBe("reader-hung true");
    await clock.runUntil(clock.monotonicMs() + 20_000);
    expect(acted).toBe(false);
    expect(await clock.resolve(outcome(channel.transmit(SELECT, limits(100))))).toBe("closed false");
  });

  it("a card that stops answering is mute, one that tears itself is removed", async () => {
    for (const [faults, expected] of [
      [{ mute: true }, "card-mute true"],
      [{ commandsUntilTear: 1 }, "card-removed true"],
    ] as const) {
      const { clock, reader, card } = bench();
      reader.insert(card);
      const channel = await clock.resolve(reader.waitForCard(limits()));
      await clock.resolve(channel.transmit(SELECT, limits()));
      card.setFaults(faults);
      expect(await clock.resolve(outcome(channel.transmit(GET_BALANCE, limits())))).toBe(expected);
    }
  });

  it("a second command while one runs is our own mistake", async () => {
    const { clock, reader, card } = bench();
    reader.insert(card);
    const channel = await clock.resolve(reader.waitForCard(limits()));
    const first = channel.transmit(SELECT, limits());
    await expect(channel.transmit(SELECT, limits())).rejects.toThrow("one command at a time");
    await clock.resolve(first);
  });

  it("a closed channel sends nothing and powers the card down", async () => {
    const { clock, reader, card } = bench();
    reader.insert(card);
    const channel = await clock.resolve(reader.waitForCard(limits()));
    await channel.close();
    expect(card.powered).toBe(false);
    await expect(clock.resolve(channel.transmit(SELECT, limits()))).rejects.toSatisfy((error) => isFault(error, "closed") && !error.effectUnknown);
  });

  it("a power cut ends what runs and the module's session with it", async () => {
    const clock = new VirtualClock(0);
    const psam = makeTestPsam(suite);
    const reader = makeSamReader(psam, { name: "module", clock });
    const channel = await clock.resolve(reader.waitForCard(limits()));
    expect(reader.interface).toBe("sam");
    expect(psam.powered).toBe(true);
    const call = outcome(channel.transmit(fromHex("00A4000002801100"), limits()));
    reader.cutPower();
    expect(await clock.resolve(call)).toBe("reader-gone true");
    expect(psam.powered).toBe(false);
    expect((await clock.resolve(reader.waitForCard(limits()))).insertion).not.toBe(channel.insertion);
  });
});
