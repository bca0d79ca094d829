/*
 * A gate that opens while a GPIO line is high, through the system's own tool: no native binding, and no open line when we die, because the
 * level falls with the tool, which ends by itself. It knows nothing of passages. Spec: libgpiod, gpioset.
 */
import { assert } from "../../base/assert.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Limits, Processes } from "../../base/ports.ts";
import { OnePassage } from "../framing/one-passage.ts";
import type { DeviceHealth, Gate, Passage, PassageDirection } from "../peripherals.ts";
import { type GpioToolVersion, pulseArguments, readChip, readVersion } from "./tool.ts";

/** What is installed, a named switch. */
export interface GpioProfile {
  /** Syntax of the tool; "installed" asks it, "off" refuses every passage. */
  readonly gpioTool: GpioToolVersion | "installed" | "off";
}

export const DEFAULT_GPIO_PROFILE: GpioProfile = { gpioTool: "installed" };

/** Labels of the chips that lead to the pins of the header, on the boards we know. */
export const HEADER_CHIPS: readonly string[] = ["pinctrl-rp1", "pinctrl-bcm2711"];

export interface GpioGateOptions {
  readonly processes: Processes;
  readonly profile: GpioProfile;
  readonly chipLabels: readonly string[];
  /** Lines of both directions on the chip; the same one where the gate has only one input. */
  readonly lines: Readonly<Record<PassageDirection, number>>;
  /** How long the line is high for one passage, 50 to 60,000 ms. */
  readonly pulseMs: number;
  /** Whole paths, where the tools are not to be looked up by name. */
  readonly programs?: { readonly gpioset: string; readonly gpiodetect: string };
}

const PULSE_MIN_MS = 50;
const PULSE_MAX_MS = 60_000;

export class GpioGate implements Gate {
  readonly name: string;
  readonly reportsPassage = false;
  readonly #options: GpioGateOptions;
  readonly #passages = new OnePassage();
  readonly #closing = new AbortController();

  constructor(options: GpioGateOptions) {
    assert(options.pulseMs >= PULSE_MIN_MS && options.pulseMs <= PULSE_MAX_MS, "a pulse is neither too short to see nor longer than a minute");
    assert(
      Object.values(options.lines).every((line) => Number.isInteger(line) && line >= 0),
      "lines are counted from zero",
    );
    this.#options = options;
    this.name = `gate GPIO ${options.lines.entry}/${options.lines.exit}`;
  }

  /** Resolves with "timeout" when the pulse is over, "fault" when the tool refuses, for example because the line belongs to somebody else. */
  open(direction: PassageDirection, passage: { readonly passageTimeoutMs: number }, limits: Limits): Promise<Passage> {
    const { pulseMs, lines } = this.#options;
    const heldMs = Math.max(PULSE_MIN_MS, Math.min(pulseMs, passage.passageTimeoutMs));
    return this.#passages.run(async () => {
      const version = await this.#version(limits);
      const chip = await this.#chip(limits);
      const args = pulseArguments(version, { chip, line: lines[direction], pulseMs: heldMs });
      const { code } = await this.#run("gpioset", args, { timeoutMs: heldMs + limits.timeoutMs, signal: limits.signal });
      return code === 0 ? "timeout" : "fault";
    });
  }

  async health(limits: Limits): Promise<DeviceHealth> {
    try {
      await this.#version(limits);
      await this.#chip(limits);
      return { kind: "well" };
    } catch (fault) {
      if (isFault(fault, "device-gone")) return { kind: "away" };
      if (isFault(fault)) return { kind: "broken", why: fault.code };
      throw fault;
    }
  }

  /** Ends a pulse that is under way. */
  close(): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }

  /** Asked each time: a system is upgraded while its configuration stays. */
  async #version(limits: Limits): Promise<GpioToolVersion> {
    const { gpioTool } = this.#options.profile;
    if (gpioTool === "off") throw new Fault("device-refused", "GPIO is switched off", { effectUnknown: false });
    if (gpioTool !== "installed") return gpioTool;
    const { stdout } = await harmless(this.#run("gpioset", ["--version"], limits));
    const version = readVersion(stdout);
    if (version === undefined) throw new Fault("device-refused", "this version of gpioset is not known", { effectUnknown: false });
    return version;
  }

  async #chip(limits: Limits): Promise<string> {
    const { stdout } = await harmless(this.#run("gpiodetect", [], limits));
    const chip = readChip(stdout, this.#options.chipLabels);
    if (chip === undefined) throw new Fault("device-gone", "no GPIO chip has the label", { effectUnknown: false });
    return chip;
  }

  async #run(tool: "gpioset" | "gpiodetect", args: readonly string[], limits: Limits): ReturnType<Processes["run"]> {
    const signal = AbortSignal.any([limits.signal, this.#closing.signal]);
    try {
      return await this.#options.processes.run(this.#options.programs?.[tool] ?? tool, args, { timeoutMs: limits.timeoutMs, signal });
    } catch (fault) {
      if (isFault(fault, "process-failed")) throw new Fault("device-gone", fault.message, { effectUnknown: fault.effectUnknown, cause: fault });
      throw fault;
    }
  }
}

/** Questions move no gate, however they end. */
async function harmless<Value>(question: Promise<Value>): Promise<Value> {
  try {
    return await question;
  } catch (fault) {
    if (isFault(fault)) throw new Fault(fault.code, fault.message, { effectUnknown: false, cause: fault });
    throw fault;
  }
}

/** A gate on a GPIO line of this machine. */
export function openGpioGate(options: GpioGateOptions): GpioGate {
  return new GpioGate(options);
}
