/* A bench for the Mach Power board: the same board and driver over any line. */
import { type MachPowerSettings, SimulatedMachPowerBoard } from "../../../simulators/gate/mach-power-board.ts";
import type { Walker } from "../../../simulators/gate/walker.ts";
import type { LineStand } from "../../../simulators/line/testing.ts";
import { type GateBench, limits } from "../contract/bench.ts";
import type { MachPowerSide } from "./frame.ts";
import { openMachPowerGate } from "./gate.ts";

const ADDRESS = 1;
const BOARD_MS = 300;

export interface MachPowerUnderTest extends GateBench {
  readonly simulated: SimulatedMachPowerBoard;
}

export function machPowerBench(
  stand: LineStand,
  options: { readonly machPowerXor: MachPowerSettings["machPowerXor"]; readonly entrySide?: MachPowerSide; readonly boardAddress?: number },
): MachPowerUnderTest {
  const { machPowerXor, entrySide = "left", boardAddress = ADDRESS } = options;
  const walker: Walker = { walk: "passes", afterMs: 100 };
  const settings: MachPowerSettings = { address: boardAddress, machPowerXor, boardPassageMs: BOARD_MS };
  const simulated = new SimulatedMachPowerBoard({ clock: stand.clock, walker, settings });
  simulated.attach(stand.end);
  const gate = openMachPowerGate(stand.line, { clock: stand.clock, address: ADDRESS, entrySide });
  return {
    gate,
    simulated,
    clock: stand.clock,
    passageTimeoutMs: 600,
    answerLimits: limits(2_000),
    tellsReversal: false,
    locksByItself: true,
    run: (work) => stand.run(work),
    plan: (walk) => {
      walker.walk = walk;
    },
    opened: () => simulated.opened.map((side) => (side === entrySide ? "entry" : "exit")),
    isOpen: () => simulated.isOpen,
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
