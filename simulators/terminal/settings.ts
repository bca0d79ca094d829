/* What a terminal process finds in its folder. */
import type { OutboxTimes } from "../../device/sync/outbox/run.ts";
import type { PlantedBug } from "../world/planted-bugs.ts";

export const SETTINGS_FILE = "terminal.json";

/** Slots of the desk's reader. */
export const USER_SLOT = 0;
export const SAM_SLOT = 1;

export interface TerminalSettings {
  /** A terminal configuration as device/config/schema.ts has it, unchecked. */
  readonly config: unknown;
  /** Unix socket of the desk. */
  readonly deskSocket: string;
  /** For negative controls: a bug in the terminal's rules, by its name in simulators/world. */
  readonly plant?: PlantedBug;
  /** Where sync's times differ from the protocol's own. */
  readonly sync: { readonly heartbeatMs?: number; readonly times?: OutboxTimes };
}
