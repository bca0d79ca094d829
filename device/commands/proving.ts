/* The service proves the release that it is: joined with the folder of updates, as long as there is something to prove. */
import { join } from "node:path";
import { PROVING_BOUNDS, ReleaseProving } from "../../provisioning/release/proving.ts";
import type { Log } from "../base/log.ts";
import type { Clock } from "../base/ports.ts";
import type { RuntimeStatus } from "../health/runtime-status.ts";
import { releaseVersion } from "../system/release.ts";
import { openFolderStorage } from "../system/storage.ts";
import { Rounds } from "../txn/rounds.ts";

/** A service that has not yet said anything is looked at again. */
const FIRST_WORD_MS = 1_000;
const REST_AFTER_FAULT_MS = 10_000;
/** Nothing is left to prove: the round only waits to be stopped. */
const OVER_MS = 24 * 3_600_000;

/** The folder of updates below what the manager has made for what stays; undefined where nobody manages this process. */
export function updateFolder(): string | undefined {
  const state = process.env["STATE_DIRECTORY"]?.split(":")[0];
  return state === undefined || state === "" ? undefined : join(state, "update");
}

export interface ProvingOptions {
  readonly folder: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly told: () => RuntimeStatus | undefined;
  /** Ends the service as a failure. */
  readonly onUnwell: () => void;
}

/** Begins to prove; `stop` resolves when the look under way has ended. Faults: those of the folder. */
export async function startProving({ folder, clock, log, told, onUnwell }: ProvingOptions): Promise<{ stop(): Promise<void> }> {
  if (folder === undefined) return { stop: () => Promise.resolve() };
  let last: RuntimeStatus | undefined;
  const status = (): RuntimeStatus => {
    if (last === undefined) throw new Error("nothing is looked at before the first word");
    return last;
  };
  const storage = await openFolderStorage(folder);
  const proving = new ReleaseProving({ folder: storage, clock, log, version: releaseVersion(), status, bounds: PROVING_BOUNDS, onUnwell });
  await proving.begin();
  const round = async () => {
    last = told();
    return last === undefined ? FIRST_WORD_MS : ((await proving.look()) ?? OVER_MS);
  };
  const rounds = new Rounds({ clock, log, failedAs: "release-not-proved", restAfterFaultMs: REST_AFTER_FAULT_MS, round });
  rounds.start();
  return { stop: () => rounds.stop() };
}
