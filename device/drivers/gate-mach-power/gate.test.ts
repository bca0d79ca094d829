import { describe, expect, it } from "vitest";
import { inProcessStand } from "../../../simulators/line/testing.ts";
import { AssertionFailure } from "../../base/assert.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import { gateContract } from "../contract/gate-contract.ts";
import { encodeOpening } from "./frame.ts";
import { machPowerBench } from "./testing.ts";

for (const machPowerXor of ["correct", "correctOrPrinted"] as const)
  for (const entrySide of ["left", "right"] as const)
    gateContract(
      `Mach Power board, in process, ${machPowerXor}, entry is ${entrySide}`,
      async () => machPowerBench(inProcessStand(), { machPowerXor, entrySide }),
      ["refusal", "passages"],
    );

describe("Mach Power frames", () => {
  it.each([
    [1, "left", "eb014000aa"],
    [1, "right", "eb014100ab"],
    [255, "right", "ebff410055"],
  ] as const)("to board %i, open %s", (address, side, wire) => expect(toHex(encodeOpening({ address, side }))).toBe(wire));

  it.each([-1, 256, 1.5])("have an address of one byte, not %d", (address) => {
    expect(() => encodeOpening({ address, side: "left" })).toThrow(AssertionFailure);
  });
});

describe("a Mach Power gate", () => {
  it("cannot tell a board that does not listen: it says that nobody was seen, and is well", async () => {
    const { gate, run, opened } = machPowerBench(inProcessStand(), { machPowerXor: "correct", boardAddress: 2 });
    expect(await run(gate.open("entry", { passageTimeoutMs: 600 }, limits(1_000)))).toBe("timeout");
    expect(opened()).toEqual([]);
    expect(await run(gate.health(limits(1_000)))).toEqual({ kind: "well" });
  });

  it("takes the time of its passage, whatever comes on the line", async () => {
    const stand = inProcessStand();
    const { gate, run, clock } = machPowerBench(stand, { machPowerXor: "correct" });
    const beganMs = clock.monotonicMs();
    const passage = gate.open("entry", { passageTimeoutMs: 600 }, limits(1_000));
    await run(clock.sleep(10));
    stand.end.write(fromHex("eb014000aa060606"));
    expect(await run(passage)).toBe("timeout");
    expect(clock.monotonicMs() - beganMs).toBe(601);
  });
});

describe("the simulated Mach Power board", () => {
  const DROP_ARM = ["eb014200a8", "eb014200ab"] as const;
  const RAISE_ARM = ["eb014300a9", "eb014300ab"] as const;

  async function told(machPowerXor: "correct" | "correctOrPrinted", ...frames: readonly string[]) {
    const stand = inProcessStand();
    const { simulated } = machPowerBench(stand, { machPowerXor });
    for (const frame of frames) await stand.run(stand.line.write(fromHex(frame), limits(100)));
    return simulated;
  }

  it.each([
    ["correct", DROP_ARM[0], true],
    ["correct", DROP_ARM[1], false],
    ["correctOrPrinted", DROP_ARM[0], true],
    ["correctOrPrinted", DROP_ARM[1], true],
  ] as const)("that takes %s drops its arm for %s: %s", async (machPowerXor, frame, isOpen) => {
    expect((await told(machPowerXor, frame)).isOpen).toBe(isOpen);
  });

  it.each([
    ["correct", RAISE_ARM[0], false],
    ["correct", RAISE_ARM[1], true],
    ["correctOrPrinted", RAISE_ARM[1], false],
  ] as const)("that takes %s raises it again for %s, and is open: %s", async (machPowerXor, frame, isOpen) => {
    expect((await told(machPowerXor, DROP_ARM[0], frame)).isOpen).toBe(isOpen);
  });

  it.each([
    ["another address", ["eb024000a9"]],
    ["a wrong check byte", ["eb014000ab"]],
    ["a value that is not zero", ["eb014001ab"]],
    ["a command that nobody knows", ["eb014400ae"]],
    ["half a frame", ["eb0140"]],
    ["an opening that was forbidden", ["eb014a00a0", "eb014000aa"]],
  ])("does nothing for %s", async (_what, frames) => {
    expect(await told("correctOrPrinted", ...frames)).toMatchObject({ opened: [], isOpen: false });
  });

  it("opens again when that is allowed, in pieces and behind noise", async () => {
    expect((await told("correct", "eb014a00a0", "eb014b00a1", "0102eb", "eb0140", "00aa")).opened).toEqual(["left"]);
  });
});
