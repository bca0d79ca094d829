/*
 * Key-loading orders beside what this machine has. The running service asks its modules as it opens them, and says in its status what it saw; whoever asks
 * by a command is told that, and asks the module himself only where no service has it.
 */
import { readFile } from "node:fs/promises";
import type { Identity } from "../../provisioning/claim/identity.ts";
import type { KeyRow } from "../../provisioning/claim/key-orders.ts";
import { KeyWatch } from "../../provisioning/claim/key-watch.ts";
import { Fault, isFault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Clock } from "../base/ports.ts";
import { openPsam } from "../card/psam/open.ts";
import type { TerminalConfig } from "../config/schema.ts";
import { testKeyGuard } from "../config/test-key-guard.ts";
import type { CipherSuite } from "../crypto/face.ts";
import { commonNamesIn } from "../crypto/tls-identity.ts";
import { openPcsc } from "../drivers/registry.ts";
import { PLACES } from "../health/doctor/machine.ts";
import { parseRuntimeStatus } from "../health/runtime-status.ts";
import { machineUptime } from "../system/machine-uptime.ts";
import { systemProcesses } from "../system/processes.ts";

interface WatchParts {
  readonly identity: Identity | undefined;
  readonly config: TerminalConfig;
  readonly suite: CipherSuite;
  readonly log: Log;
  /** Undefined: nobody knows what time it is. */
  readonly nowMs: () => number | undefined;
}

/** Nothing is watched at a terminal without orders that is no production terminal. */
export function openKeyWatch({ identity, config, suite, log, nowMs }: WatchParts): KeyWatch | undefined {
  const orders = identity?.keyLoads ?? [];
  const guard = config.profile === "production" ? testKeyGuard(suite) : undefined;
  if (orders.length === 0 && guard === undefined) return undefined;
  return new KeyWatch({ orders, guard, nowMs, padMasterCheck: config.acquirer?.masterKeyCheckHex, log });
}

/** A production terminal does not speak under the authority of the simulators. Faults: "config-invalid". */
export async function refuseTestAuthority({ profile, link }: Pick<TerminalConfig, "profile" | "link">, suite: CipherSuite): Promise<void> {
  if (profile !== "production" || link.tls === undefined) return;
  const pem = await readFile(link.tls.caFile, "utf8").catch(() => "");
  const { isTestAuthority } = testKeyGuard(suite);
  if (commonNamesIn(pem).some(isTestAuthority))
    throw new Fault("config-invalid", "link.tls.caFile is a published test authority: a production terminal refuses it", { effectUnknown: false });
}

/** A status that is younger is the service's own word of now. */
const STATUS_AGE_MAX_MS = 10_000;
const OPEN_MS = 5_000;

/** What the running service says of its keys; undefined where none runs. */
async function serviceSays(): Promise<readonly KeyRow[] | undefined> {
  const bytes = await readFile(`${PLACES.run}/status.json`).catch(() => undefined);
  const status = bytes === undefined ? undefined : parseRuntimeStatus(new Uint8Array(bytes));
  const uptimeMs = machineUptime()?.uptimeMs();
  if (status === undefined || uptimeMs === undefined || uptimeMs - status.uptimeMs > STATUS_AGE_MAX_MS) return undefined;
  return status.keys ?? [];
}

/** How the keys are, for whoever asks by a command. */
export async function keyRowsNow(parts: WatchParts & { readonly clock: Clock; readonly signal: AbortSignal }): Promise<readonly KeyRow[]> {
  const said = await serviceSays();
  if (said !== undefined) return said;
  const watch = openKeyWatch(parts);
  if (watch === undefined) return [];
  if (watch.asksModules) await askModule(watch, parts);
  return watch.rows();
}

/** The module at the desk; those of lanes are asked by the service alone. */
async function askModule(watch: KeyWatch, { config, clock, log, signal }: WatchParts & { readonly clock: Clock; readonly signal: AbortSignal }): Promise<void> {
  const pcsc = openPcsc({ processes: systemProcesses(), clock, log });
  const limits = { timeoutMs: OPEN_MS, signal };
  try {
    const reader = pcsc.reader(config.readers.sam);
    const module = await watch.opened(reader, () => openPsam(reader, { clock, profile: config.cardProfile }, limits), limits);
    await module.close();
  } catch (error) {
    if (!isFault(error)) throw error;
    log.warn("module-not-asked", { code: error.code });
  } finally {
    await pcsc.close();
  }
}
