import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inProcessStand } from "../../../simulators/line/testing.ts";
import { concat, fromHex, toHex } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import { gateContract } from "../contract/gate-contract.ts";
import { encodeModbusRequest, ModbusAnswerReader, READ_COILS, WRITE_COIL } from "./frame.ts";
import { DEFAULT_RELAY_PROFILE, type RelayProfile } from "./gate.ts";
import { relayBench } from "./testing.ts";

const SOFTWARE: RelayProfile = { relayFlash: "softwarePulse" };

for (const profile of [DEFAULT_RELAY_PROFILE, SOFTWARE])
  gateContract(`relay board, in process, ${profile.relayFlash}`, async () => relayBench(inProcessStand(), { profile }), ["passages"]);

describe("Modbus frames", () => {
  it.each([
    ["on", WRITE_COIL, 0, 0xff00, "01050000ff008c3a"],
    ["off", WRITE_COIL, 0, 0, "010500000000cdca"],
    ["read coils", READ_COILS, 0, 8, "0101000000083dcc"],
    ["read inputs", 0x02, 0, 8, "01020000000879cc"],
    ["pulse", WRITE_COIL, 0x0200, 7, "0105020000078db0"],
  ])("%s", (_name, operation, address, value, hex) => {
    expect(toHex(encodeModbusRequest(1, operation, [address, value]))).toBe(hex);
  });

  it("answers are read in any pieces, one of two behind any garbage", () => {
    const wire = encodeModbusRequest(1, WRITE_COIL, [0, 0xff00]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), fc.integer({ min: 1, max: 7 }), (garbage, size) => {
        const reader = new ModbusAnswerReader(1);
        const bytes = concat(garbage, wire, wire);
        const answers = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => reader.feed(bytes.slice(at * size, at * size + size))).flat();
        expect(answers.slice(-1)).toEqual([{ operation: WRITE_COIL, exception: undefined, data: fromHex("0000ff00") }]);
      }),
      { numRuns: 2_000 },
    );
  });

  it("of another unit are none of ours", () => {
    expect(new ModbusAnswerReader(2).feed(encodeModbusRequest(1, WRITE_COIL, [0, 0]))).toEqual([]);
  });
});

describe("a relay board", () => {
  const bench = (profile = DEFAULT_RELAY_PROFILE, board = profile) => relayBench(inProcessStand(), { profile, board });

  it("times the pulse itself, so that a lost line does not hold the gate open", async () => {
    const { gate, run, clock, unplug, isOpen, answerLimits } = bench();
    const passage = gate.open("entry", { passageTimeoutMs: 1_000 }, answerLimits);
    passage.catch(() => undefined);
    await run(clock.sleep(100));
    expect(isOpen()).toBe(true);
    await unplug?.();
    await run(clock.sleep(300));
    expect(isOpen()).toBe(false);
  });

  it("that does not know timed pulses says so", async () => {
    const { gate, run, isOpen, answerLimits } = bench(DEFAULT_RELAY_PROFILE, SOFTWARE);
    expect(await run(gate.open("entry", { passageTimeoutMs: 1_000 }, answerLimits))).toBe("fault");
    expect(isOpen()).toBe(false);
  });

  it("whose pulse does not end is switched off, and that is a fault", async () => {
    const { gate, simulated, run, clock, isOpen, answerLimits } = bench();
    simulated.setFaults({ pulseSticks: true });
    expect(await run(gate.open("entry", { passageTimeoutMs: 1_000 }, answerLimits))).toBe("fault");
    await run(clock.sleep(50));
    expect(isOpen()).toBe(false);
  });

  it("opens no longer than the passage may take", async () => {
    const { gate, run, clock, answerLimits } = bench();
    const beganMs = clock.monotonicMs();
    expect(await run(gate.open("entry", { passageTimeoutMs: 100 }, answerLimits))).toBe("timeout");
    expect(clock.monotonicMs() - beganMs).toBeLessThan(300);
  });

  it("left on by a process that died is switched off by the next one, where software makes the pulse", async () => {
    const under = bench(SOFTWARE);
    under.simulated.leaveOn(3);
    await under.run(under.clock.sleep(50));
    expect(under.isOpen()).toBe(false);
  });

  it("is told again to switch off when its answer gets lost", async () => {
    const { gate, simulated, run, clock, isOpen } = bench(SOFTWARE);
    await run(clock.sleep(50));
    const passage = gate.open("entry", { passageTimeoutMs: 1_000 }, limits(200));
    await run(clock.sleep(100));
    simulated.setFaults({ deaf: true });
    await run(clock.sleep(300));
    simulated.setFaults({ deaf: false });
    expect(await run(passage)).toBe("timeout");
    expect(isOpen()).toBe(false);
  });

  it("that misses the word is told again while the gate is being closed, and not waited for much longer than a second", async () => {
    for (const hearsAgain of [true, false]) {
      const stand = inProcessStand();
      const { gate, simulated, run, clock, isOpen, answerLimits } = relayBench(stand, { profile: SOFTWARE });
      await run(clock.sleep(50));
      const passage = gate.open("entry", { passageTimeoutMs: 1_000 }, answerLimits);
      passage.catch(() => undefined);
      await run(clock.sleep(50));
      stand.end.onBytes(() => undefined);
      const beganMs = clock.monotonicMs();
      const closed = gate.close();
      await run(clock.sleep(200));
      if (hearsAgain) simulated.attach(stand.end);
      await run(closed);
      expect(isOpen()).toBe(!hearsAgain);
      expect(clock.monotonicMs() - beganMs).toBeLessThan(1_100);
    }
  });

  it("whose answers get lost is switched off at each of its coils", async () => {
    const under = bench(SOFTWARE);
    under.simulated.setFaults({ deaf: true });
    for (const coil of [0, 3]) under.simulated.leaveOn(coil);
    await under.run(under.clock.sleep(4_000));
    expect(under.isOpen()).toBe(false);
  });

  it("that falls silent is told as unknown, and as degraded while it may be on", async () => {
    const { gate, simulated, run, clock } = bench(SOFTWARE);
    await run(clock.sleep(50));
    const passage = gate.open("entry", { passageTimeoutMs: 1_000 }, limits(200));
    passage.catch(() => undefined);
    await run(clock.sleep(100));
    simulated.setFaults({ deaf: true });
    await expect(run(passage)).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
    expect(await run(gate.health(limits(9_000)))).toEqual({ kind: "broken", why: "timeout" });
    simulated.setFaults({ deaf: false });
    expect(await run(gate.health(limits(2_000)))).toEqual({ kind: "degraded", why: "a relay may be on" });
  });

  it.each([[{ lateMs: 100 }], [{ pieceBytes: 1 }], [{ noiseHex: "010104" }]])("on a line with %j", async (faults) => {
    const { gate, simulated, run, answerLimits } = bench();
    simulated.setFaults(faults);
    expect(await run(gate.open("entry", { passageTimeoutMs: 1_000 }, answerLimits))).toBe("timeout");
  });

  it("on a line that spoils its frames is not known to have opened", async () => {
    const { gate, simulated, run, answerLimits } = bench();
    simulated.setFaults({ garbled: true });
    await expect(run(gate.open("entry", { passageTimeoutMs: 1_000 }, answerLimits))).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
  });
});
