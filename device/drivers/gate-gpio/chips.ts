/* The GPIO chips of this machine, as the system's own tool lists them. Spec: libgpiod, gpiodetect. */
import { isFault } from "../../base/fault.ts";
import type { Limits, Processes } from "../../base/ports.ts";
import type { FoundGpio } from "../found.ts";

const TEXT_MAX = 65_536;
const CHIP = /^(gpiochip\d{1,4}) \[([^\]]{0,100})\] \((\d{1,5}) lines\)$/;

/** None where the tool is not installed or tells nothing that can be read. Faults: "cancelled". */
export async function listGpioChips(processes: Processes, limits: Limits & { readonly program?: string }): Promise<readonly FoundGpio[]> {
  try {
    const { stdout } = await processes.run(limits.program ?? "gpiodetect", [], { timeoutMs: limits.timeoutMs, signal: limits.signal });
    const rows = new TextDecoder().decode(stdout.subarray(0, TEXT_MAX)).split("\n");
    return rows.flatMap((row) => {
      const [, chip, label, lines] = CHIP.exec(row.trim()) ?? [];
      return chip === undefined || label === undefined ? [] : [{ kind: "gpio", chip, label, lineCount: Number(lines) } as const];
    });
  } catch (fault) {
    if (isFault(fault, "process-failed", "timeout")) return [];
    throw fault;
  }
}
