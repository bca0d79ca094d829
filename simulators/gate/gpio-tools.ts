/* The GPIO tools inside one process, under any clock: they take what the real ones take, and record the levels of the lines over time. */
import { type Bytes, EMPTY, utf8 } from "../../device/base/bytes.ts";
import { Fault } from "../../device/base/fault.ts";
import type { ChildProcess, Clock, Limits, Processes } from "../../device/base/ports.ts";
import { FireLoop } from "./fire-loop.ts";
import { type GpiosetCall, type GpioVersion, parseGpioset, printedChips, printedVersion } from "./gpioset.ts";

interface Ended {
  readonly code: number;
  readonly stdout: Bytes;
  readonly stderr: Bytes;
}

export interface LevelChange {
  readonly atMs: number;
  readonly line: number;
  readonly level: 0 | 1;
}

export class SimulatedGpioTools implements Processes {
  readonly levels: LevelChange[] = [];
  /** Through which the lock behind the line gets its current. */
  readonly fireLoop = new FireLoop();
  readonly #clock: Clock;
  readonly #version: GpioVersion;
  readonly #label: string;
  #present = true;
  #refuseNext = false;
  #killRunning: () => void = () => undefined;

  constructor(parts: { readonly clock: Clock; readonly version: GpioVersion; readonly label: string }) {
    this.#clock = parts.clock;
    this.#version = parts.version;
    this.#label = parts.label;
  }

  get isOpen(): boolean {
    return this.fireLoop.isOpen || this.levels.at(-1)?.level === 1;
  }

  /** The chip goes away, and with it whoever holds a line of it; or it comes back. */
  setPresent(present: boolean): void {
    this.#present = present;
    if (!present) this.#killRunning();
  }

  /** The line belongs to somebody else at the next call. */
  refuseNext(): void {
    this.#refuseNext = true;
  }

  fork(): ChildProcess {
    throw new Error("no module is started here");
  }

  async run(program: string, args: readonly string[], limits: Limits): Promise<Ended> {
    if (limits.signal.aborted) throw new Fault("cancelled", `${program}: cancelled`, { effectUnknown: false });
    if (program === "gpiodetect") {
      // Another chip comes first, so that the label has to be read.
      return ended(0, printedChips(this.#present ? ["raspberrypi-exp-gpio", this.#label] : ["raspberrypi-exp-gpio"]));
    }
    if (program !== "gpioset") throw new Fault("process-failed", `no program ${program}`, { effectUnknown: false });
    const call = parseGpioset(this.#version, args);
    if (call.is === "version") return ended(0, printedVersion(this.#version));
    if (call.is === "refused" || call.chip !== "gpiochip1" || this.#refuseNext) {
      this.#refuseNext = false;
      return ended(1, "");
    }
    return this.#hold(call, limits);
  }

  async #hold({ line, holdMs }: Extract<GpiosetCall, { readonly is: "pulse" }>, limits: Limits): Promise<Ended> {
    const killed = new AbortController();
    this.#killRunning = () => killed.abort();
    this.#set(line, 1);
    try {
      await this.#clock.sleep(holdMs, AbortSignal.any([killed.signal, limits.signal]));
      return ended(0, "");
    } catch {
      if (killed.signal.aborted) throw new Fault("process-failed", "gpioset: killed", { effectUnknown: true });
      throw new Fault("cancelled", "gpioset: cancelled", { effectUnknown: true });
    } finally {
      this.#set(line, 0);
    }
  }

  #set(line: number, level: 0 | 1): void {
    this.levels.push({ atMs: this.#clock.monotonicMs(), line, level });
  }
}

function ended(code: number, printed: string): Ended {
  return { code, stdout: utf8(printed), stderr: EMPTY };
}
