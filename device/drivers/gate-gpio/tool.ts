/*
 * The command lines of the GPIO tools, version 1 and version 2, and what they print. A level holds as long as the program lives, so the
 * program is its own pulse: whatever ends it, the gate shuts. Spec: libgpiod, gpioset.
 */
import type { Bytes } from "../../base/bytes.ts";

export type GpioToolVersion = "v1" | "v2";

export interface GpioPulse {
  /** Name of the chip, for example "gpiochip0". */
  readonly chip: string;
  /** Number of the line on its chip. */
  readonly line: number;
  readonly pulseMs: number;
}

/** Arguments for one pulse at level 1. */
export function pulseArguments(version: GpioToolVersion, { chip, line, pulseMs }: GpioPulse): readonly string[] {
  if (version === "v1") {
    const seconds = Math.floor(pulseMs / 1_000);
    // A part of a second is told apart from whole ones: not every C library takes a million microseconds.
    return ["--mode=time", ...(seconds > 0 ? [`--sec=${seconds}`] : []), `--usec=${(pulseMs % 1_000) * 1_000}`, chip, `${line}=1`];
  }
  return ["-c", chip, "-t", `${pulseMs}ms,0`, `${line}=1`];
}

const TEXT_MAX = 65_536;

function textOf(bytes: Bytes): string {
  return new TextDecoder().decode(bytes.subarray(0, TEXT_MAX));
}

/** The version that the tool prints of itself, or undefined where nobody knows its words. */
export function readVersion(printed: Bytes): GpioToolVersion | undefined {
  const major = /\(libgpiod\) v([0-9]+)\./.exec(textOf(printed))?.[1];
  if (major === "1") return "v1";
  return major === "2" ? "v2" : undefined;
}

/** The chip with one of these labels in the list that the tool prints, or undefined. Chips change their numbers, labels stay. */
export function readChip(printed: Bytes, labels: readonly string[]): string | undefined {
  for (const row of textOf(printed).split("\n")) {
    const [, chip, label = ""] = /^(gpiochip[0-9]+) \[([^\]]*)\] \([0-9]+ lines\)$/.exec(row.trim()) ?? [];
    if (chip !== undefined && labels.includes(label)) return chip;
  }
  return undefined;
}
