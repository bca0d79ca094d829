/* A bench for the FE board: the same board and driver over any line. */
import { SimulatedFeBoard } from "../../../simulators/gate/fe-board.ts";
import type { Walker } from "../../../simulators/gate/walker.ts";
import type { LineStand } from "../../../simulators/line/testing.ts";
import { type GateBench, limits } from "../contract/bench.ts";
import { type FeGateOptions, type FeProfile, openFeGate } from "./gate.ts";

const BOARD_MS = 400;

export interface FeUnderTest extends GateBench {
  readonly simulated: SimulatedFeBoard;
}

export function feBench(
  stand: LineStand,
  options: { readonly profile: FeProfile; readonly entrySide?: "A" | "B"; readonly knowsBoardTime?: boolean },
): FeUnderTest {
  const { profile, entrySide = "A", knowsBoardTime = false } = options;
  const walker: Walker = { walk: "passes", afterMs: 30 };
  const simulated = new SimulatedFeBoard({
    clock: stand.clock,
    walker,
    settings: { feStatusQuery: profile.feStatusQuery, boardPassageMs: BOARD_MS },
  });
  simulated.attach(stand.end);
  const gateOptions: FeGateOptions = { clock: stand.clock, profile, entrySide, ...(knowsBoardTime ? { boardPassageMs: BOARD_MS } : {}) };
  const gate = openFeGate(stand.line, gateOptions);
  return {
    gate,
    simulated,
    clock: stand.clock,
    passageTimeoutMs: 3_000,
    answerLimits: limits(5_000),
    tellsReversal: knowsBoardTime,
    locksByItself: true,
    run: (work) => stand.run(work),
    plan: (walk) => {
      walker.walk = walk;
    },
    opened: () => simulated.opened.map((side) => (side === entrySide ? "entry" : "exit")),
    isOpen: () => simulated.isOpen,
    passFreely: (direction) => simulated.passFreely((direction === "entry") === (entrySide === "A") ? "A" : "B"),
    unplug: () => stand.unplug(),
    plugIn: async () => {
      await stand.plugIn();
      simulated.attach(stand.end);
    },
    close: async () => {
      await gate.close();
      await stand.close();
    },
  };
}
