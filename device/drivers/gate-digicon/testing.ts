/* A bench for the Digicon type of board: the same board and driver over any line. */
import { SimulatedDigiconBoard } from "../../../simulators/gate/digicon-board.ts";
import type { Walker } from "../../../simulators/gate/walker.ts";
import type { LineStand } from "../../../simulators/line/testing.ts";
import { type GateBench, limits } from "../contract/bench.ts";
import { type DigiconDirection, type DigiconProfile, openDigiconGate } from "./gate.ts";

export interface DigiconUnderTest extends GateBench {
  readonly simulated: SimulatedDigiconBoard;
}

export function digiconBench(stand: LineStand, options: { readonly profile: DigiconProfile; readonly entryDirection?: DigiconDirection }): DigiconUnderTest {
  const { profile, entryDirection = "right-to-left" } = options;
  const other: DigiconDirection = entryDirection === "right-to-left" ? "left-to-right" : "right-to-left";
  const walker: Walker = { walk: "passes", afterMs: 30 };
  const simulated = new SimulatedDigiconBoard({ clock: stand.clock, walker, settings: profile });
  simulated.attach(stand.end);
  const gate = openDigiconGate(stand.line, { clock: stand.clock, profile, entryDirection });
  return {
    gate,
    simulated,
    clock: stand.clock,
    passageTimeoutMs: 500,
    answerLimits: limits(2_000),
    tellsReversal: false,
    run: (work) => stand.run(work),
    plan: (walk) => {
      walker.walk = walk;
    },
    opened: () => simulated.opened.map((way) => (way === entryDirection ? "entry" : "exit")),
    isOpen: () => simulated.isOpen,
    refuseNext: () => simulated.refuseNext(),
    passFreely: (direction) => simulated.passFreely(direction === "entry" ? entryDirection : other),
    unplug: () => stand.unplug(),
    plugIn: async () => {
      // The board has been on all the time: whoever speaks first is heard.
      simulated.attach(stand.end);
      await stand.plugIn();
    },
    close: async () => {
      await stand.run(gate.close());
      await stand.close();
    },
  };
}
