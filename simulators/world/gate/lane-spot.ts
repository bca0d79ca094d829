/* One lane of a gate, beyond the power of its terminal. */
import type { LaneSettings } from "../../../device/txn/gate/lane.ts";
import type { Walker } from "../../gate/walker.ts";
import type { SimulatedPsam } from "../../psam/psam.ts";
import type { Spot } from "../spot.ts";

export interface LaneSpot {
  readonly settings: LaneSettings;
  readonly spot: Spot;
  readonly psam: SimulatedPsam;
  /** The module's number, 12 digits. */
  readonly terminalNumber: string;
  /** Whoever stands in front of the gate. */
  readonly walker: Walker;
}
