/* A bench for the display: the same display and driver over any line. */
import { LED8_SETTINGS, SimulatedLed8 } from "../../../simulators/display/led8.ts";
import type { LineStand } from "../../../simulators/line/testing.ts";
import type { DisplayBench } from "../contract/bench.ts";
import { DEFAULT_LAMPS, type DisplayLamps, openLed8Display } from "./display.ts";

export interface DisplayUnderTest extends DisplayBench {
  readonly simulated: SimulatedLed8;
}

/** Display and driver that agree on the lamps. */
export function displayBench(stand: LineStand, lamps: DisplayLamps = DEFAULT_LAMPS): DisplayUnderTest {
  const simulated = new SimulatedLed8({ lamps: { ...LED8_SETTINGS.lamps, ...lamps } });
  simulated.attach(stand.end);
  const display = openLed8Display(stand.line, { lamps });
  return {
    display,
    simulated,
    clock: stand.clock,
    run: (work) => stand.run(work),
    shown: () => simulated.shown,
    mistakes: () => simulated.mistakes,
    unplug: () => stand.unplug(),
    plugIn: async () => {
      await stand.plugIn();
      simulated.attach(stand.end);
    },
    close: async () => {
      await display.close();
      await stand.close();
    },
  };
}
