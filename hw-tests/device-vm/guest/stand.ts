/* What every case needs: the product's processes, the slow clock, and a log that people read on the machine's console. */
import type { Log } from "../../../device/base/log.ts";
import type { Limits, Processes } from "../../../device/base/ports.ts";
import type { LineState } from "../../../device/drivers/framing/lines.ts";
import { systemProcesses } from "../../../device/system/processes.ts";
import { BACK_MS, DEVICE_CLOCK } from "./pace.ts";

const say = (event: string, fields?: unknown) => process.stderr.write(`${event} ${JSON.stringify(fields ?? {})}\n`);
const LOG: Log = { info: () => undefined, warn: say, error: say };

/** How often the product has started a process of a binding: a device that comes back is no reason to start one anew. */
export class CountedProcesses implements Processes {
  readonly #real = systemProcesses();
  forks = 0;

  readonly fork: Processes["fork"] = (module, options) => {
    this.forks += 1;
    return this.#real.fork(module, options);
  };

  readonly run: Processes["run"] = (program, args, options) => this.#real.run(program, args, options);
}

export function parts(processes: Processes): { readonly processes: Processes; readonly clock: typeof DEVICE_CLOCK; readonly log: Log } {
  return { processes, clock: DEVICE_CLOCK, log: LOG };
}

/** Limits on the device's clock. */
export function within(timeoutMs: number): Limits {
  return { timeoutMs, signal: new AbortController().signal };
}

/** Resolves when the line has noticed that its device is gone. */
export async function untilAway(line: { readonly state: LineState; onState(listener: () => void): () => void }): Promise<void> {
  let stop: () => void = () => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (line.state !== "open") resolve();
      };
      stop = line.onState(look);
      look();
      DEVICE_CLOCK.sleep(BACK_MS).then(() => reject(new Error("the loss was not noticed")), reject);
    });
  } finally {
    stop();
  }
}

export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: expected ${right}, got ${left}`);
}
