import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inProcessStand } from "../../../simulators/line/testing.ts";
import { AssertionFailure } from "../../base/assert.ts";
import { concat, fromHex, toHex } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import { gateContract } from "../contract/gate-contract.ts";
import { DigiconFrameReader, encodeDigiconFrame } from "./frame.ts";
import { DEFAULT_DIGICON_PROFILE, type DigiconProfile } from "./gate.ts";
import { digiconBench } from "./testing.ts";

const MIRRORED: DigiconProfile = { digiconDirection: "left-to-right" };

for (const profile of [DEFAULT_DIGICON_PROFILE, MIRRORED])
  for (const entryDirection of ["right-to-left", "left-to-right"] as const)
    gateContract(`Digicon board, in process, 48 is ${profile.digiconDirection}, entry is ${entryDirection}`, async () =>
      digiconBench(inProcessStand(), { profile, entryDirection }),
    );

const bench = () => digiconBench(inProcessStand(), { profile: DEFAULT_DIGICON_PROFILE });

describe("Digicon frames", () => {
  it.each([
    ["48", "0202004848"],
    ["4c48", "0203004c4805"],
    ["06", "0202000606"],
  ])("%s", (command, wire) => {
    expect(toHex(encodeDigiconFrame(fromHex(command)))).toBe(wire);
    expect(new DigiconFrameReader().feed(fromHex(wire)).map(toHex)).toEqual([command]);
  });

  it.each(["", "0102030405"])("carry one to four bytes, not: '%s'", (hex) => {
    expect(() => encodeDigiconFrame(fromHex(hex))).toThrow(AssertionFailure);
  });

  it("are read in any pieces, one of two behind any garbage", () => {
    const wire = encodeDigiconFrame(fromHex("1a"));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), fc.integer({ min: 1, max: 7 }), (garbage, size) => {
        const reader = new DigiconFrameReader();
        const bytes = concat(garbage, wire, wire);
        const frames = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => reader.feed(bytes.slice(at * size, at * size + size))).flat();
        expect(frames.slice(-1).map(toHex)).toEqual(["1a"]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a Digicon board", () => {
  it("whose answer gets lost, but not its event, has let somebody pass", async () => {
    const { gate, simulated, run, clock, answerLimits } = bench();
    await run(clock.sleep(50));
    simulated.setFaults({ deaf: true });
    const passage = gate.open("entry", { passageTimeoutMs: 500 }, answerLimits);
    await run(clock.sleep(10));
    simulated.setFaults({ deaf: false });
    expect(await run(passage)).toBe("passed");
  });

  it("that does not answer leaves the passage unknown, and is shut when it answers again", async () => {
    const { gate, simulated, run, plan, clock, isOpen } = bench();
    await run(clock.sleep(50));
    plan("stays");
    simulated.setFaults({ deaf: true });
    await expect(run(gate.open("entry", { passageTimeoutMs: 500 }, limits(300)))).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
    expect(await run(gate.health(limits(300)))).toEqual({ kind: "broken", why: "does not shut" });
    simulated.setFaults({ deaf: false });
    expect(await run(gate.health(limits(2_000)))).toEqual({ kind: "well" });
    expect(isOpen()).toBe(false);
  });

  it("is told to control once a process starts with it, because the one before may have died with it open", async () => {
    const { simulated, run, clock, opened } = bench();
    await run(clock.sleep(100));
    expect(simulated.commands).toBe(1);
    expect(opened()).toEqual([]);
  });

  it("whose end of a passage is not confirmed leaves it unknown", async () => {
    const { gate, simulated, run, plan, clock } = bench();
    plan("stays");
    const passage = gate.open("entry", { passageTimeoutMs: 500 }, limits(300));
    await run(clock.sleep(200));
    simulated.setFaults({ deaf: true });
    await expect(run(passage)).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
  });

  it.each([[{ lateMs: 100 }], [{ pieceBytes: 1 }], [{ noiseHex: "020500" }]])("on a line with %j", async (faults) => {
    const { gate, simulated, run, answerLimits } = bench();
    simulated.setFaults(faults);
    expect(await run(gate.open("entry", { passageTimeoutMs: 500 }, answerLimits))).toBe("passed");
  });

  describe("whose caller has left", () => {
    /** The words of the terminal get lost from now on, while the line stays open. */
    async function left() {
      const stand = inProcessStand();
      const under = digiconBench(stand, { profile: DEFAULT_DIGICON_PROFILE });
      under.plan("stays");
      const leaving = new AbortController();
      const passage = under.gate.open("entry", { passageTimeoutMs: 500 }, { timeoutMs: 2_000, signal: leaving.signal });
      passage.catch(() => undefined);
      await under.run(under.clock.sleep(50));
      stand.end.onBytes(() => undefined);
      leaving.abort();
      await expect(under.run(passage)).rejects.toMatchObject({ code: "cancelled", effectUnknown: true });
      return { ...under, hearAgain: () => under.simulated.attach(stand.end) };
    }

    it("is told again to shut when that word gets lost on an open line", async () => {
      const { run, clock, isOpen, hearAgain } = await left();
      await run(clock.sleep(500));
      hearAgain();
      expect(isOpen()).toBe(true);
      await run(clock.sleep(1_000));
      expect(isOpen()).toBe(false);
    });

    it("is told no more than three times", async () => {
      const { simulated, run, clock, hearAgain } = await left();
      simulated.setFaults({ deaf: true });
      hearAgain();
      const before = simulated.commands;
      await run(clock.sleep(20_000));
      expect(simulated.commands - before).toBe(3);
    });

    it("is told again while it is being closed", async () => {
      const { gate, run, clock, isOpen, hearAgain } = await left();
      const closed = gate.close();
      await run(clock.sleep(200));
      hearAgain();
      await run(closed);
      expect(isOpen()).toBe(false);
    });

    it("is not waited for much longer than a second", async () => {
      const { gate, run, clock } = await left();
      const beganMs = clock.monotonicMs();
      await run(gate.close());
      expect(clock.monotonicMs() - beganMs).toBeLessThan(1_100);
    });
  });

  it("that does not stop talking is given up, and shut", async () => {
    const { gate, plan, run, clock, passFreely, isOpen, answerLimits } = bench();
    plan("stays");
    const passage = gate.open("entry", { passageTimeoutMs: 500 }, answerLimits);
    passage.catch(() => undefined);
    await run(clock.sleep(50));
    for (let count = 0; count < 1_000; count += 1) passFreely?.("exit");
    await expect(run(passage)).rejects.toMatchObject({ code: "device-answer-malformed", effectUnknown: true });
    await run(clock.sleep(50));
    expect(isOpen()).toBe(false);
  });

  it("on a line that spoils its frames lets nobody pass for paid", async () => {
    const { gate, simulated, run } = bench();
    simulated.setFaults({ garbled: true });
    await expect(run(gate.open("entry", { passageTimeoutMs: 500 }, limits(2_000)))).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
  });
});
