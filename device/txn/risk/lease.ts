/*
 * Goal: the settlement host's word that this terminal may sell without the insurer lasts a set time since the host was last heard, and no
 * clock that is set, stands still or jumps makes it last longer.
 * Method: three measures of age, of which the greatest counts: running time since the host was heard, reserved in the journal before it is
 * used, so that a power cut costs time and never gives any; the wall clock against the host's own time; the wall clock against itself. A wall
 * clock that has run back since the last reservation ends the lease until the host is heard again. What nobody can measure, the time that a
 * terminal without a clock battery was off, is time in which it sold nothing.
 */
import { assert } from "../../base/assert.ts";
import { isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Clock } from "../../base/ports.ts";
import type { Journal } from "../journal/types.ts";

export interface LeasePorts {
  readonly clock: Clock;
  readonly journal: Pick<Journal, "mark" | "setMarks">;
  readonly log: Log;
}

export interface LeaseOptions {
  /** How long the permission lasts since the host was last heard; 0: never. */
  readonly leaseMs: number;
  /** Running time that is made durable ahead; a power cut costs at most this much. */
  readonly reserveMs: number;
}

export interface OfflineLease {
  /** Undefined: the permission holds. */
  refusal(): "lease-expired" | undefined;
  /** What is left of it; 0 when it does not hold. */
  remainingMs(): number;
  /** The settlement host was heard: `hostMs` is its time by a message whose signature was verified. Never rejects for the journal. */
  heard(hostMs: number): Promise<void>;
  /** Keeps the running time durable until `signal` aborts. Without it the permission lapses with the time reserved. Never rejects for the journal. */
  keep(signal: AbortSignal): Promise<void>;
}

const MARK = "lease/offline";
/** A message is on its way for a while; one that is older than this was kept back or is played again, and its age counts. */
const TRANSIT_MS = 60_000;
/** Clocks are set by fractions of a second all the time; that is no running back. */
const WALL_TOLERANCE_MS = 2000;

interface Kept {
  /** The host's time when it was last heard. */
  readonly hostMs: number;
  /** Our wall clock at that moment. */
  readonly heardWallMs: number;
  /** Running time since then that may be used up. */
  readonly reservedMs: number;
  /** The latest reading of our wall clock. */
  readonly wallMs: number;
}

/** Reads the mark; undefined where it is none of ours. */
function parseMark(text: string | undefined): Kept | undefined {
  const shape = /^(-?\d{1,16}) (-?\d{1,16}) (\d{1,16}) (-?\d{1,16})$/.exec(text ?? "");
  if (shape === null) return undefined;
  return { hostMs: Number(shape[1]), heardWallMs: Number(shape[2]), reservedMs: Number(shape[3]), wallMs: Number(shape[4]) };
}

function markText({ hostMs, heardWallMs, reservedMs, wallMs }: Kept): string {
  return [hostMs, heardWallMs, reservedMs, wallMs].join(" ");
}

/** Opens the lease of one life of the terminal. Faults: those of the journal. */
export async function openOfflineLease(ports: LeasePorts, options: LeaseOptions): Promise<OfflineLease> {
  assert(options.leaseMs >= 0 && options.reserveMs > 0, "the configuration bounds a lease");
  const kept = parseMark(await ports.journal.mark(MARK));
  const lapsed = kept !== undefined && Math.floor(ports.clock.wallMs()) < kept.wallMs - WALL_TOLERANCE_MS;
  if (lapsed) ports.log.warn("offline-lease-clock-ran-back");
  return new DurableLease(ports, options, { kept, lapsed });
}

class DurableLease implements OfflineLease {
  readonly #ports: LeasePorts;
  readonly #options: LeaseOptions;
  /** What is durable. Undefined: the host was never heard. */
  #kept: Kept | undefined;
  /** A clock ran back while nobody watched. */
  #lapsed: boolean;
  /** Running time since the host was heard, as of `#anchorMs`. */
  #usedMs: number;
  #anchorMs: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(ports: LeasePorts, options: LeaseOptions, { kept, lapsed }: { readonly kept: Kept | undefined; readonly lapsed: boolean }) {
    this.#ports = ports;
    this.#options = options;
    this.#kept = kept;
    this.#lapsed = lapsed;
    // All that the life before had reserved counts as used.
    this.#usedMs = kept?.reservedMs ?? 0;
    this.#anchorMs = ports.clock.monotonicMs();
  }

  refusal(): "lease-expired" | undefined {
    return this.remainingMs() > 0 ? undefined : "lease-expired";
  }

  remainingMs(): number {
    const kept = this.#kept;
    if (kept === undefined || this.#lapsed) return 0;
    const wallMs = this.#ports.clock.wallMs();
    const runningMs = this.#runningMs();
    // Beyond what is durable nothing holds: a power cut could forget it.
    if (runningMs > kept.reservedMs) return 0;
    const ageMs = Math.max(runningMs, wallMs - kept.hostMs, wallMs - kept.heardWallMs);
    return Math.max(0, Math.floor(this.#options.leaseMs - ageMs));
  }

  #runningMs(): number {
    return this.#usedMs + this.#ports.clock.monotonicMs() - this.#anchorMs;
  }

  heard(hostMs: number): Promise<void> {
    return this.#inTurn(async () => {
      const kept = this.#kept;
      if (!Number.isSafeInteger(hostMs) || (kept !== undefined && hostMs <= kept.hostMs)) return;
      const { clock } = this.#ports;
      const { reserveMs } = this.#options;
      const anchorMs = clock.monotonicMs();
      // Messages come often; the time of one in each reservation is enough.
      if (anchorMs - this.#anchorMs < reserveMs / 2 && this.remainingMs() > 0) return;
      const usedMs = this.#messageAgeMs(hostMs);
      const wallMs = Math.floor(clock.wallMs());
      const renewed: Kept = { hostMs, heardWallMs: wallMs, reservedMs: Math.ceil(usedMs) + reserveMs, wallMs };
      if (!(await this.#write(renewed))) return;
      this.#anchorMs = anchorMs;
      this.#usedMs = usedMs;
      this.#kept = renewed;
      this.#lapsed = false;
    });
  }

  /** How far the message lies behind the time that the host must have by now, as our running time tells it. */
  #messageAgeMs(hostMs: number): number {
    const ageMs = this.#kept === undefined ? 0 : this.#kept.hostMs + this.#runningMs() - hostMs;
    return ageMs > TRANSIT_MS ? ageMs : 0;
  }

  async keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#reserve();
      try {
        await this.#ports.clock.sleep(this.#options.reserveMs / 4, signal);
      } catch (fault) {
        if (!isFault(fault, "cancelled")) throw fault;
      }
    }
  }

  /** Makes durable what will be used up next. */
  #reserve(): Promise<void> {
    return this.#inTurn(async () => {
      const kept = this.#kept;
      if (kept === undefined || this.#lapsed) return;
      const { reserveMs, leaseMs } = this.#options;
      const runningMs = Math.ceil(this.#runningMs());
      if (runningMs + reserveMs / 2 <= kept.reservedMs || runningMs > leaseMs) return;
      const wallMs = Math.max(kept.wallMs, Math.floor(this.#ports.clock.wallMs()));
      const further: Kept = { ...kept, reservedMs: runningMs + reserveMs, wallMs };
      if (await this.#write(further)) this.#kept = further;
    });
  }

  /** Whether it is durable now. */
  async #write(kept: Kept): Promise<boolean> {
    try {
      await this.#ports.journal.setMarks([{ name: MARK, value: markText(kept) }]);
      return true;
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      this.#ports.log.warn("offline-lease-not-kept", { code: fault.code });
      return false;
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#writing.then(work);
    this.#writing = turn.catch(() => undefined);
    return turn;
  }
}
