/*
 * Goal: a release is kept because it works here, and for no other reason: not because a host could be reached, not because it was started.
 * Method: the service looks at itself. Well for long enough, with every device that was ready before the update, it writes its version to
 * `healthy`; while it is on trial and does not get well, it ends itself, so that the start is counted and the way back is taken.
 */
import { utf8 } from "../../device/base/bytes.ts";
import type { Log } from "../../device/base/log.ts";
import type { Clock, Storage } from "../../device/base/ports.ts";
import type { RuntimeStatus } from "../../device/health/runtime-status.ts";
import { parseTrial } from "./trial.ts";

export interface ProvingBounds {
  /** Well without a break for so long. */
  readonly wellForMs: number;
  /** On trial and not well for so long since its start: it does not live here. */
  readonly unwellAfterMs: number;
  readonly loopLateMs: number;
  readonly journalSilentMs: number;
}

/** Two minutes hold a start, a scan of the journal and every device's own opening; a shop can wait ten for the older release. */
export const PROVING_BOUNDS: ProvingBounds = { wellForMs: 120_000, unwellAfterMs: 600_000, loopLateMs: 5_000, journalSilentMs: 60_000 };

const LOOK_MS = 1_000;
export const HEALTHY_FILE = "healthy";
export const TRIAL_FILE = "trial";

export interface ProvingParts {
  /** `/var/lib/yikatong/update`. */
  readonly folder: Storage;
  readonly clock: Clock;
  readonly log: Log;
  /** The version of the manifest that stands beside this program. */
  readonly version: string;
  readonly status: () => RuntimeStatus;
  readonly bounds: ProvingBounds;
  /** Ends the service as a failure. Called once, and never while a card is there or an act is under way. */
  readonly onUnwell: (because: readonly string[]) => void;
}

/** What keeps the service from being well; empty when it is. */
export function ailments(status: RuntimeStatus, expected: readonly string[], bounds: ProvingBounds): readonly string[] {
  const found: string[] = [];
  if (status.loopLateMs > bounds.loopLateMs) found.push("loop");
  if (status.journalSilentMs > bounds.journalSilentMs) found.push("journal");
  const ready = new Set(status.devices.filter(({ state }) => state === "ready").map(({ role }) => role));
  return [...found, ...expected.filter((role) => !ready.has(role))];
}

/** One look at the service: what it comes to, and the moments that the next look needs. */
export class ReleaseProving {
  readonly #parts: ProvingParts;
  #expected: readonly string[] = [];
  #onTrial = false;
  #startedMs = 0;
  #wellSinceMs: number | undefined;
  #over = false;

  constructor(parts: ProvingParts) {
    this.#parts = parts;
  }

  /** Reads what is expected. Faults: those of the folder. */
  async begin(): Promise<void> {
    const { folder, clock, version } = this.#parts;
    const [trialBytes, healthy] = await Promise.all([folder.read(TRIAL_FILE), folder.read(HEALTHY_FILE)]);
    const trial = trialBytes === undefined ? undefined : parseTrial(new TextDecoder().decode(trialBytes));
    this.#onTrial = trial?.version === version;
    this.#expected = trial !== undefined && this.#onTrial ? trial.devices : [];
    // Said already: a memory card is not written to for nothing.
    this.#over = healthy !== undefined && new TextDecoder().decode(healthy).split("\n")[0] === version;
    this.#startedMs = clock.monotonicMs();
  }

  /** Looks once; gives the rest until the next look, or undefined when there is nothing left to prove. Faults: those of the folder. */
  async look(): Promise<number | undefined> {
    if (this.#over) return undefined;
    const { folder, clock, version, status, bounds, log } = this.#parts;
    const nowMs = clock.monotonicMs();
    const now = status();
    const because = ailments(now, this.#expected, bounds);
    if (because.length > 0) {
      this.#wellSinceMs = undefined;
      this.#giveUp(now, because, nowMs);
      return this.#over ? undefined : LOOK_MS;
    }
    this.#wellSinceMs ??= nowMs;
    if (nowMs - this.#wellSinceMs < bounds.wellForMs) return LOOK_MS;
    await folder.write(HEALTHY_FILE, utf8(`${version}\n`));
    this.#over = true;
    log.info("release-proved", { version });
    return undefined;
  }

  #giveUp(now: RuntimeStatus, because: readonly string[], nowMs: number): void {
    const { bounds, log, onUnwell, version } = this.#parts;
    const isTime = this.#onTrial && nowMs - this.#startedMs >= bounds.unwellAfterMs;
    if (!isTime || now.cardPresent || now.actsUnderWay > 0) return;
    this.#over = true;
    log.error("release-not-well", { version, because: because.join(" ") });
    onUnwell(because);
  }
}
