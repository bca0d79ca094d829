/* A bench for gates on GPIO lines: the tools in process, or stand-in programs as real processes. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SimulatedGpioTools } from "../../../simulators/gate/gpio-tools.ts";
import type { GpioVersion } from "../../../simulators/gate/gpioset.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import type { Processes } from "../../base/ports.ts";
import { systemClock } from "../../system/clock.ts";
import { systemProcesses } from "../../system/processes.ts";
import { type GateBench, limits } from "../contract/bench.ts";
import { type GpioProfile, openGpioGate } from "./gate.ts";

const LINES = { entry: 17, exit: 27 } as const;
const LABEL = "pinctrl-rp1";
const LABELS = ["pinctrl-rp1", "pinctrl-bcm2711"];
const STAND_IN = fileURLToPath(new URL("../../../simulators/gate/testing/gpioset-child.ts", import.meta.url));

/** What every GPIO bench has in common. */
function commonBench(
  parts: { readonly processes: Processes; readonly programs?: { readonly gpioset: string; readonly gpiodetect: string } },
  profile: GpioProfile,
): Pick<GateBench, "gate" | "passageTimeoutMs" | "answerLimits" | "tellsReversal" | "plan"> {
  return {
    gate: openGpioGate({ ...parts, profile, chipLabels: LABELS, lines: LINES, pulseMs: 300 }),
    passageTimeoutMs: 1_000,
    answerLimits: limits(10_000),
    tellsReversal: false,
    // The line does not see who walks.
    plan: () => undefined,
  };
}

function directionOf(line: number): "entry" | "exit" {
  return line === LINES.entry ? "entry" : "exit";
}

export interface GpioUnderTest extends GateBench {
  readonly tools: SimulatedGpioTools;
}

export function gpioBench(profile: GpioProfile, version: GpioVersion): GpioUnderTest {
  const clock = new VirtualClock(Date.UTC(2026, 10, 21, 4));
  const tools = new SimulatedGpioTools({ clock, version, label: LABEL });
  const common = commonBench({ processes: tools }, profile);
  return {
    ...common,
    tools,
    clock,
    run: (work) => clock.resolve(work),
    opened: () => tools.levels.filter(({ level }) => level === 1).map(({ line }) => directionOf(line)),
    isOpen: () => tools.isOpen,
    refuseNext: () => tools.refuseNext(),
    unplug: async () => tools.setPresent(false),
    plugIn: async () => tools.setPresent(true),
    close: () => common.gate.close(),
  };
}

interface Level {
  readonly pid: number;
  readonly line: number;
  readonly level: number;
}

function levelsIn(folder: string): readonly Level[] {
  const path = join(folder, "levels");
  const rows = existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
  return rows.map((row) => {
    const [pid = 0, line = 0, level = 0] = row.split(" ").map(Number);
    return { pid, line, level };
  });
}

function lives(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
}

/** The process that holds a line high, or undefined. */
function holder(folder: string): number | undefined {
  const last = levelsIn(folder).at(-1);
  return last?.level === 1 && lives(last.pid) ? last.pid : undefined;
}

export interface GpioProgramsUnderTest extends GateBench {
  /** As when the package is taken away, or put back. */
  setInstalled(installed: boolean): void;
}

/** The stand-in programs of one version, as processes of their own. */
export function gpioProgramBench(profile: GpioProfile, version: GpioVersion): GpioProgramsUnderTest {
  const folder = mkdtempSync(join(tmpdir(), "ykt-gpio-"));
  const program = (name: string) => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" "${STAND_IN}" ${name} ${version} "${folder}" "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  };
  // Another chip comes first, so that the label has to be read.
  const setChips = (labels: readonly string[]) => writeFileSync(join(folder, "chips"), ["raspberrypi-exp-gpio", ...labels].join("\n"));
  setChips([LABEL]);
  const programs = { gpioset: program("gpioset"), gpiodetect: program("gpiodetect") };
  const common = commonBench({ processes: systemProcesses(), programs }, profile);
  return {
    ...common,
    setInstalled: (installed) => {
      for (const path of Object.values(programs)) renameSync(installed ? `${path}.away` : path, installed ? path : `${path}.away`);
    },
    clock: systemClock(),
    run: (work) => work,
    opened: () =>
      levelsIn(folder)
        .filter(({ level }) => level === 1)
        .map(({ line }) => directionOf(line)),
    isOpen: () => holder(folder) !== undefined,
    refuseNext: () => writeFileSync(join(folder, "busy"), ""),
    unplug: async () => {
      setChips([]);
      const pid = holder(folder);
      if (pid !== undefined) process.kill(pid, "SIGKILL");
    },
    plugIn: async () => setChips([LABEL]),
    close: async () => {
      await common.gate.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
