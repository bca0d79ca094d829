/* Processes whose modules see a private /sys: what they enumerate is what the bench has put there. The rest of the machine sees nothing. */
import type { Processes } from "../../device/base/ports.ts";
import { systemProcesses } from "../../device/system/processes.ts";

/** `script` builds the private /sys at each start of a module, in a mount namespace of the module's own. */
export function processesWithSys(script: () => string): Processes {
  return systemProcesses(() => ["unshare", "-m", "sh", "-c", `export SYSTEMD_DEVICE_VERIFY_SYSFS=0\n${script()}\ncd / && exec "$@"`, "sh"]);
}
