/*
 * The terminal as a service of this machine: told to stop, it ends what is under way within a bound; how it is stands in a file, and its manager hears
 * that it lives.
 */
import type { Log } from "../base/log.ts";
import type { Clock, Processes } from "../base/ports.ts";
import type { TerminalConfig } from "../config/schema.ts";
import type { Pcsc } from "../drivers/pcsc/open.ts";
import type { ReaderLook } from "../health/device-looks.ts";
import type { KeyStatus } from "../health/runtime-status.ts";
import { openServiceHealth, type ServiceHealth } from "../health/service-health.ts";
import { serviceManager } from "../health/service-manager.ts";
import { machineUptime } from "../system/machine-uptime.ts";
import { releaseVersion } from "../system/release.ts";
import { openFolderStorage } from "../system/storage.ts";
import type { Terminal } from "../terminal.ts";
import type { ActDoor } from "../txn/act-door.ts";

export interface ServiceParts {
  readonly terminal: Terminal;
  readonly door: ActDoor;
  readonly config: Pick<TerminalConfig, "readers" | "gate">;
  readonly pcsc: Pcsc;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly log: Log;
  readonly uplinkTurnMs: () => number;
  /** What became of key-loading orders; absent: nobody looks. */
  readonly keys?: () => readonly KeyStatus[];
  /** Folder of status and hold; undefined: neither is looked at. */
  readonly folder: string | undefined;
}

/** Faults: "store-broken" where the folder cannot be made. */
export async function openService(parts: ServiceParts): Promise<ServiceHealth> {
  const { folder, config, pcsc, clock } = parts;
  const machine = machineUptime();
  return openServiceHealth({
    ...parts,
    folder: folder === undefined ? undefined : await openFolderStorage(folder),
    manager: serviceManager(process.env, parts),
    readers: readerLooks(config, pcsc),
    readersSilentMs: () => pcsc.silentMs,
    version: releaseVersion(),
    pid: process.pid,
    uptimeMs: () => machine?.uptimeMs() ?? Math.floor(clock.monotonicMs()),
  });
}

/** The folder that the manager has made for what is forgotten with the power. */
export function runtimeFolder(): string | undefined {
  return process.env["RUNTIME_DIRECTORY"]?.split(":")[0];
}

/** The readers of the configuration as the machine knows them without asking. */
export function readerLooks({ readers, gate }: ServiceParts["config"], pcsc: Pick<Pcsc, "look">): readonly ReaderLook[] {
  type Rule = Parameters<Pcsc["look"]>[0];
  const at = (role: string, rule: Rule): ReaderLook => ({ role, look: () => pcsc.look(rule) });
  // A module lies in its slot for ever: it is no card that somebody has just put there, and without it the slot is of no use.
  const module = (role: string, rule: Rule): ReaderLook => ({
    role,
    look: () => {
      const { state, card } = pcsc.look(rule);
      return { state: state === "ready" && !card ? "absent" : state, card: false };
    },
  });
  const lanes = gate?.lanes ?? [];
  return [
    at("user", readers.user),
    module("sam", readers.sam),
    ...lanes.flatMap(({ name, readers: { user, sam } }) => [at(`user:${name}`, user), module(`sam:${name}`, sam)]),
  ];
}
