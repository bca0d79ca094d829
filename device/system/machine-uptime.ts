/* How long this machine has been up, and which of its starts this is. */
import { readFileSync } from "node:fs";
import { uptime } from "node:os";

const BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id";

/** Undefined on a machine that does not number its starts. */
export function machineUptime(file: string = BOOT_ID_FILE): { readonly bootId: string; uptimeMs(): number } | undefined {
  const bootId = bootIdOf(file);
  return bootId === undefined ? undefined : { bootId, uptimeMs: () => Math.floor(uptime() * 1000) };
}

function bootIdOf(file: string): string | undefined {
  try {
    const text = readFileSync(file, "latin1").trim();
    return /^[0-9a-f-]{8,64}$/.test(text) ? text : undefined;
  } catch {
    // A system without this file: a restart of the service then counts as a start of the machine.
    return undefined;
  }
}
