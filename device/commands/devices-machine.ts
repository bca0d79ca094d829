/* What the device commands share: the machine they look at, the configuration they read, and how they end when somebody ends them. */
import { resolve } from "node:path";
import { isFault } from "../base/fault.ts";
import type { ConfigParts } from "../config/load.ts";
import { loadConfig } from "../config/load.ts";
import type { TerminalConfig } from "../config/schema.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { openLog } from "../health/log.ts";
import { systemClock } from "../system/clock.ts";
import type { OptionValues } from "../system/command-line.ts";
import { systemProcesses } from "../system/processes.ts";
import { openFolderStorage } from "../system/storage.ts";
import type { Machine } from "./devices-look.ts";
import { complain } from "./output.ts";

/** Where the device rules of the system make links by role. */
const ROLE_LINKS = "/dev/yikatong";
const EXIT_CANCELLED = 130;

/** Runs a command on this machine; whoever ends the program ends its waits, and every process that it started. */
export async function onMachine(values: OptionValues, work: (machine: Machine) => Promise<number>): Promise<number> {
  const over = new AbortController();
  const end = () => over.abort();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end);
  const ports = values["ports"];
  const machine: Machine = {
    processes: systemProcesses(),
    clock: systemClock(),
    // What lines and services tell of their troubles is said by the command itself.
    log: openLog({ destination: process.stderr, clock: systemClock(), terminalId: "-", level: "error" }),
    places: { sys: "/sys", dev: "/dev", proc: "/proc", links: [...(typeof ports === "string" ? [resolve(ports)] : []), ROLE_LINKS] },
    self: process.pid,
    signal: over.signal,
  };
  try {
    return await work(machine);
  } catch (fault) {
    if (isFault(fault, "cancelled") && over.signal.aborted) return EXIT_CANCELLED;
    throw fault;
  } finally {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.removeListener(signal, end);
  }
}

export async function configParts(folder: string, { log }: Pick<Machine, "log">): Promise<ConfigParts> {
  return { storage: await openFolderStorage(folder), suite: openCipherSuite(), log };
}

/** The configuration in a folder; undefined after saying that there is none. */
export async function configIn(folder: string, machine: Pick<Machine, "log">): Promise<TerminalConfig | undefined> {
  const loaded = await loadConfig(await configParts(folder, machine));
  if (loaded.kind === "ready") return loaded.config;
  complain(`there is no configuration in ${folder}; write one with: yikatong config set --config <folder> <file>`);
  return undefined;
}
