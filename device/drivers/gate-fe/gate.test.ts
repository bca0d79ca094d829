import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inProcessStand } from "../../../simulators/line/testing.ts";
import { concat, toHex } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import { gateContract } from "../contract/gate-contract.ts";
import type { DeviceHealth } from "../peripherals.ts";
import { encodeFeFrame, FeFrameReader } from "./frame.ts";
import { DEFAULT_FE_PROFILE, type FeProfile, openFeGate } from "./gate.ts";
import { feBench } from "./testing.ts";

const ASKING: FeProfile = { feBaud: 19_200, feStatusQuery: { operation: 0x10, idle: 0 } };

gateContract("FE board, in process", async () => feBench(inProcessStand(), { profile: DEFAULT_FE_PROFILE }), ["refusal"]);
gateContract("FE board, in process, entry at side B", async () => feBench(inProcessStand(), { profile: DEFAULT_FE_PROFILE, entrySide: "B" }), ["refusal"]);
gateContract("FE board, in process, with a status query", async () => feBench(inProcessStand(), { profile: ASKING }), ["refusal"]);
gateContract("FE board, in process, with the board's own time", async () => feBench(inProcessStand(), { profile: DEFAULT_FE_PROFILE, knowsBoardTime: true }), [
  "refusal",
]);

const bench = (profile = DEFAULT_FE_PROFILE) => feBench(inProcessStand(), { profile });

describe("FE frames", () => {
  it.each([
    [0x01, "fe8001000000ab"],
    [0x02, "fe8002000000ab"],
  ])("open side %i", (side, hex) => expect(toHex(encodeFeFrame(0x80, side))).toBe(hex));

  it("are read in any pieces, behind any garbage", () => {
    const wire = encodeFeFrame(0x81, 2);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), fc.integer({ min: 1, max: 7 }), (garbage, size) => {
        const reader = new FeFrameReader();
        const bytes = concat(garbage, wire, wire);
        const frames = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => reader.feed(bytes.slice(at * size, at * size + size))).flat();
        expect(frames.slice(-1)).toEqual([{ operation: 0x81, side: 2, value: 0 }]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("an FE board that keeps silent", () => {
  it("leaves the passage unknown, and is noted", async () => {
    const { gate, simulated, run, answerLimits } = bench();
    simulated.setFaults({ deaf: true });
    await expect(run(gate.open("entry", { passageTimeoutMs: 1_000 }, answerLimits))).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
    expect(await run(gate.health(answerLimits))).toEqual({ kind: "degraded", why: "silent" });
    simulated.setFaults({ deaf: false });
    expect(await run(gate.open("entry", { passageTimeoutMs: 1_000 }, answerLimits))).toBe("passed");
    expect(await run(gate.health(answerLimits))).toEqual({ kind: "well" });
  });

  it("is asked where it can be: not busy means that nobody passed", async () => {
    const { gate, simulated, run, plan, clock, answerLimits } = bench(ASKING);
    plan("stays");
    simulated.setFaults({ deaf: true });
    const passage = gate.open("entry", { passageTimeoutMs: 600 }, answerLimits);
    await run(clock.sleep(500));
    simulated.setFaults({ deaf: false });
    expect(await run(passage)).toBe("timeout");
  });

  it("is asked where it can be: busy leaves it unknown", async () => {
    const { gate, run, plan, answerLimits } = bench(ASKING);
    plan("stays");
    await expect(run(gate.open("entry", { passageTimeoutMs: 100 }, answerLimits))).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
  });

  it("is not waited for any longer because it tells of passages meanwhile", async () => {
    const stand = inProcessStand();
    const gate = openFeGate(stand.line, { clock: stand.clock, profile: ASKING, entrySide: "A" });
    let health: DeviceHealth | undefined;
    void gate.health(limits(500)).then((told) => {
      health = told;
    });
    for (let told = 0; told < 10; told += 1) {
      await stand.run(stand.clock.sleep(100));
      stand.end.write(encodeFeFrame(0x81, 2));
    }
    expect(health).toEqual({ kind: "broken", why: "timeout" });
    await gate.close();
  });

  it("is broken where it does not answer a question", async () => {
    const { gate, simulated, run } = bench(ASKING);
    simulated.setFaults({ deaf: true });
    expect(await run(gate.health(limits(500)))).toEqual({ kind: "broken", why: "timeout" });
  });
});

describe("behind a passage that was lost in the middle", () => {
  async function lost() {
    const under = bench();
    under.plan("stays");
    const passage = under.gate.open("entry", { passageTimeoutMs: 1_000 }, under.answerLimits);
    passage.catch(() => undefined);
    await under.run(under.clock.sleep(100));
    await under.unplug?.();
    await expect(under.run(passage)).rejects.toMatchObject({ code: "device-gone", effectUnknown: true });
    return under;
  }

  it("the board's word on it is not taken for the next one's", async () => {
    const under = await lost();
    await under.plugIn?.();
    under.plan("passes");
    expect(await under.run(under.gate.health(under.answerLimits))).toEqual({ kind: "degraded", why: "an earlier passage may be open" });
    expect(await under.run(under.gate.open("entry", { passageTimeoutMs: 1_000 }, under.answerLimits))).toBe("passed");
    expect(under.clock.monotonicMs()).toBeGreaterThan(400);
    expect(under.clock.monotonicMs()).toBeLessThan(600);
    expect(await under.run(under.gate.health(under.answerLimits))).toEqual({ kind: "well" });
  });

  it("whose word got lost too, its time is waited for, and a caller who cannot wait has opened nothing", async () => {
    const under = await lost();
    await under.run(under.clock.sleep(500));
    await under.plugIn?.();
    under.plan("passes");
    await expect(under.run(under.gate.open("entry", { passageTimeoutMs: 1_000 }, limits(100)))).rejects.toMatchObject({
      code: "timeout",
      effectUnknown: false,
    });
    expect(await under.run(under.gate.open("entry", { passageTimeoutMs: 1_000 }, under.answerLimits))).toBe("passed");
    expect(under.clock.monotonicMs()).toBeGreaterThan(1_000);
    expect(under.opened()).toEqual(["entry", "entry"]);
  });

  it("a line that is lost once more is waited for as well", async () => {
    const under = await lost();
    await under.plugIn?.();
    await under.unplug?.();
    await under.run(under.clock.sleep(10));
    await under.plugIn?.();
    under.plan("passes");
    expect(await under.run(under.gate.open("entry", { passageTimeoutMs: 1_000 }, under.answerLimits))).toBe("passed");
  });

  it("a gate that is closed waits for nothing", async () => {
    const under = await lost();
    await under.gate.close();
    await under.run(under.clock.sleep(10));
    expect(await under.run(under.gate.health(under.answerLimits))).toEqual({ kind: "away" });
  });
});

describe("an FE line", () => {
  it.each([
    [{ lateMs: 200 }, "passed"],
    [{ pieceBytes: 1 }, "passed"],
    [{ noiseHex: "fe8101ab55fe" }, "passed"],
  ])("with %j", async (faults, end) => {
    const { gate, simulated, run, answerLimits } = bench();
    simulated.setFaults(faults);
    expect(await run(gate.open("entry", { passageTimeoutMs: 1_000 }, answerLimits))).toBe(end);
  });

  it("that does not stop talking is given up", async () => {
    const { gate, plan, run, clock, passFreely, answerLimits } = bench();
    plan("stays");
    const passage = gate.open("entry", { passageTimeoutMs: 1_000 }, answerLimits);
    passage.catch(() => undefined);
    await run(clock.sleep(10));
    for (let count = 0; count < 1_000; count += 1) passFreely?.("exit");
    await expect(run(passage)).rejects.toMatchObject({ code: "device-answer-malformed", effectUnknown: true });
  });

  it("that spoils its frames lets nobody pass for paid", async () => {
    const { gate, simulated, run, answerLimits } = bench();
    simulated.setFaults({ garbled: true });
    await expect(run(gate.open("entry", { passageTimeoutMs: 1_000 }, answerLimits))).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
  });
});
