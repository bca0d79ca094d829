/* How this terminal is, for whoever looks after a fleet: what the service says of itself, and how worn its storage is. */
import type { TerminalState } from "../codec/upload.ts";
import { readWear } from "../health/doctor/gather-system.ts";
import type { DoctorMachine } from "../health/doctor/machine.ts";
import type { RuntimeStatus } from "../health/runtime-status.ts";
import { doctorMachine } from "../system/doctor-machine.ts";
import { systemProcesses } from "../system/processes.ts";

export type Wear = NonNullable<TerminalState["wear"]>;

/** Read once for each start: storage wears out in months. Undefined where the medium does not tell. */
export function storageWear(machine: DoctorMachine = doctorMachine({ processes: systemProcesses() })): Promise<Wear | undefined> {
  return readWear(machine);
}

/** Heartbeats are short: what is not as ordered, and no more of it than a person would read. */
const KEYS_MAX = 16;

function keysOf({ keys }: RuntimeStatus): Pick<TerminalState, "keys"> {
  if (keys === undefined) return {};
  return {
    keys: keys
      .filter(({ state }) => state !== "as-ordered")
      .slice(0, KEYS_MAX)
      .map(({ place, name, state }) => ({ place, name, state })),
  };
}

/** Undefined as long as the service has said nothing. */
export function fleetState(
  told: RuntimeStatus | undefined,
  { parameters, wear }: { readonly parameters: string | undefined; readonly wear: Wear | undefined },
): TerminalState | undefined {
  if (told === undefined) return undefined;
  const { version, clock, exposure, journal, devices } = told;
  return {
    version,
    ...(parameters === undefined ? {} : { parameters }),
    clock,
    // Messages hold whole numbers alone.
    exposure: { ...exposure, ...(exposure.oldestAgeMs === undefined ? {} : { oldestAgeMs: Math.floor(exposure.oldestAgeMs) }) },
    journal: { usedBytes: journal.usedBytes, limitBytes: journal.limitBytes },
    devices,
    ...keysOf(told),
    ...(wear === undefined ? {} : { wear }),
  };
}
