/*
 * The GPIO tools as programs in a folder of their own, for a terminal that runs in another process: what they do is written into the folder,
 * and what befalls them is read from it.
 */
import { appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { GpioVersion } from "../gate/gpioset.ts";

export interface GpioFaults {
  /** Each tool takes so much longer. */
  readonly lateMs: number;
  /** The list of chips is spoiled. */
  readonly garbled: boolean;
}

export const NO_GPIO_FAULTS: GpioFaults = { lateMs: 0, garbled: false };

/** The chip that leads to the pins; another one comes first, so that the label has to be read. */
export const GPIO_LABEL = "pinctrl-rp1";
const OTHER_LABEL = "raspberrypi-exp-gpio";
const TOOLS = ["gpioset", "gpiodetect"] as const;
const FILES: ReadonlySet<string> = new Set([...TOOLS, "chips", "levels", "busy", "late", "garbled", "hang"]);
const STAND_IN = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../gate/testing/gpioset-child.ts" : "../gate/testing/gpioset-child.js", import.meta.url),
);
const LEVELS_MAX = 1_000;

export interface Level {
  readonly pid: number;
  readonly line: number;
  readonly level: number;
}

function lives(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

/** What lies in a folder that is none of these programs; undefined where it may be used. */
export function gpioFolderObstacle(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  if (!statSync(folder).isDirectory()) return `${folder} is no folder`;
  const other = readdirSync(folder).find((name) => !FILES.has(name));
  return other === undefined ? undefined : `${join(folder, other)} is none of the GPIO stand-ins`;
}

export class SimulatedGpioPrograms {
  readonly programs: Readonly<Record<(typeof TOOLS)[number], string>>;
  readonly #folder: string;

  constructor(folder: string, version: GpioVersion) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    for (const name of FILES) rmSync(join(folder, name), { force: true });
    for (const tool of TOOLS) {
      writeFileSync(join(folder, tool), `#!/bin/sh\nexec "${process.execPath}" "${STAND_IN}" ${tool} ${version} "${folder}" "$@"\n`);
      chmodSync(join(folder, tool), 0o755);
    }
    this.programs = { gpioset: join(folder, "gpioset"), gpiodetect: join(folder, "gpiodetect") };
    appendFileSync(join(folder, "levels"), "");
    this.setPresent(false);
  }

  /** The newest changes of the lines. */
  get levels(): readonly Level[] {
    const rows = readFileSync(join(this.#folder, "levels"), "utf8").split("\n").filter(Boolean).slice(-LEVELS_MAX);
    return rows.map((row) => {
      const [pid = 0, line = 0, level = 0] = row.split(" ").map(Number);
      return { pid, line, level };
    });
  }

  /** The process that holds a line high, or undefined. */
  get holder(): number | undefined {
    const last = this.levels.at(-1);
    return last?.level === 1 && lives(last.pid) ? last.pid : undefined;
  }

  /** The chip goes away, and with it whoever holds a line of it; or it comes back. */
  setPresent(present: boolean): void {
    writeFileSync(join(this.#folder, "chips"), [OTHER_LABEL, ...(present ? [GPIO_LABEL] : [])].join("\n"));
    const { holder } = this;
    if (!present && holder !== undefined) process.kill(holder, "SIGKILL");
  }

  setFaults({ lateMs, garbled }: Partial<GpioFaults>): void {
    if (lateMs !== undefined) this.#set("late", lateMs > 0, String(lateMs));
    if (garbled !== undefined) this.#set("garbled", garbled);
  }

  /** The line belongs to somebody else at the next call. */
  refuseNext(): void {
    this.#set("busy", true);
  }

  /** The programs are gone, and whatever they wrote. */
  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** No tool ends any more, until it is let go. */
  setHanging(hanging: boolean): void {
    this.#set("hang", hanging);
  }

  #set(name: string, on: boolean, text = ""): void {
    if (on) writeFileSync(join(this.#folder, name), text);
    else rmSync(join(this.#folder, name), { force: true });
  }
}
