/* A bench for relay boards: the same board and driver over any line. */
import { SimulatedRelayBoard } from "../../../simulators/gate/relay-board.ts";
import type { LineStand } from "../../../simulators/line/testing.ts";
import { type GateBench, limits } from "../contract/bench.ts";
import { openRelayGate, type RelayProfile } from "./gate.ts";

const COILS = { entry: 0, exit: 3 } as const;
const UNIT = 1;

export interface RelayUnderTest extends GateBench {
  readonly simulated: SimulatedRelayBoard;
}

/** `board`: what the board knows, where that is not what the driver takes it for. */
export function relayBench(stand: LineStand, options: { readonly profile: RelayProfile; readonly board?: RelayProfile }): RelayUnderTest {
  const { profile, board = profile } = options;
  const simulated = new SimulatedRelayBoard({ clock: stand.clock, settings: { unit: UNIT, ...board } });
  simulated.attach(stand.end);
  const gate = openRelayGate(stand.line, { clock: stand.clock, profile, unit: UNIT, coils: COILS, pulseMs: 300 });
  return {
    gate,
    simulated,
    clock: stand.clock,
    passageTimeoutMs: 1_000,
    answerLimits: limits(2_000),
    tellsReversal: false,
    run: (work) => stand.run(work),
    // The relay does not see who walks.
    plan: () => undefined,
    opened: () => simulated.switchedOn.map((coil) => (coil === COILS.entry ? "entry" : "exit")),
    isOpen: () => simulated.isOpen,
    refuseNext: () => simulated.refuseNext(),
    unplug: () => stand.unplug(),
    plugIn: async () => {
      simulated.attach(stand.end);
      await stand.plugIn();
    },
    close: async () => {
      await stand.run(gate.close());
      await stand.close();
    },
  };
}
