/*
 * Goal: say what time it is, by how much that may be wrong, and never more than is known: a terminal may have no battery clock, no network for
 * a month, and a wall clock that anybody can set.
 * Method: only the settlement host's signed word gives time. Between two words the time lies in a window that running time carries on and drift
 * widens; the wall clock takes no part in it. The window outlives a restart of the service where the machine says how long it has been up, and
 * a power cut where the place has a battery clock; else its earlier end alone is kept, and the clock is untrusted until the host is heard.
 * Whoever decides by the time asks for both ends: what must not be too early is judged by the earliest, what must not be too late by the latest.
 */
import { assert } from "../../base/assert.ts";
import { isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Clock } from "../../base/ports.ts";
import { civilTime, type DayRange } from "../../codec/civil-time.ts";
import type { ClockQuality, ClockReading, Journal, Timekeeper } from "../journal/types.ts";

export interface ClockTrustPorts {
  readonly clock: Clock;
  readonly journal: Pick<Journal, "mark" | "setMarks"> & { readonly floorMs: number | undefined };
  readonly log: Log;
  /** Absent: a restart of the service counts as a power cut. */
  readonly machine?: MachineUptime;
}

/** Running time of the machine, which a restart of this service does not end. */
export interface MachineUptime {
  /** Another one after every start of the machine: [0-9a-f-]{1,64}. */
  readonly bootId: string;
  uptimeMs(): number;
}

export interface ClockTrustOptions {
  /** By how much running time may be wrong, in millionths. */
  readonly driftPpm: number;
  /** How long a message of the host is under way at most. */
  readonly transitMs: number;
  /** Up to this error a time is trusted. */
  readonly trustedErrorMs: number;
  /** Up to this error a time is held; beyond it nobody should rely on it. */
  readonly heldErrorMs: number;
  /** The place has a clock with a battery that nobody sets: it measures the time without power. */
  readonly batteryClock: boolean;
}

/** A crystal of a small computer over its range of temperature; at it, a month without a word costs 260 s. */
export const DEFAULT_CLOCK_TRUST: ClockTrustOptions = {
  driftPpm: 100,
  transitMs: 2000,
  trustedErrorMs: 5000,
  heldErrorMs: 600_000,
  batteryClock: false,
};

export interface TimeBounds {
  readonly earliestMs: number;
  readonly latestMs: number;
}

export interface ClockTrust extends Timekeeper {
  /** The machine's clock with a wall clock that follows what is known, and never runs back below the journal. */
  readonly clock: Clock;
  quality(): ClockQuality;
  /** Between which moments it is now; undefined where the clock is untrusted. */
  bounds(): TimeBounds | undefined;
  /** The host has proved that it is not earlier than this, also while the clock is untrusted; undefined: never heard. */
  provedMs(): number | undefined;
  /** Which day it may be: an end is judged by the latest, a beginning by the earliest. Undefined where the clock is untrusted. */
  trustedDay(): DayRange | undefined;
  /**
   * Days to judge a card by, also while the clock is untrusted: then a beginning is judged by the last day that the host has proved, so that no
   * clock makes a card valid too early, and an end by the day that records bear. Where the host was never heard, both are that day.
   */
  saleDays(): DayRange;
  /** Host time by the newest of its messages, also after a restart; undefined: never heard. */
  lastHeardMs(): number | undefined;
  /** `hostMs` is the host's time by a message whose signature was verified. Counts at once; never rejects for the journal. */
  heard(hostMs: number): Promise<void>;
  /** Keeps the window durable until `signal` aborts, so that a restart loses little. Never rejects for the journal. */
  keep(signal: AbortSignal): Promise<void>;
}

const MARK = "clock/trust";
/** The window is written this often while the host is heard, and while it is not. */
const KEEP_MS = 300_000;
/** A wall clock that nobody vouches for is followed this far beyond what is durable; what shows more is broken. */
const UNTRUSTED_AHEAD_MAX_MS = 366 * 86_400_000;
/** Later than this no date has four digits: whoever says so is broken. */
const HOST_MS_MAX = 253_402_214_399_000;
/** The machine tells its running time in hundredths of a second. */
const UPTIME_STEP_MS = 20;

/** Where the time lay at one moment of running time. */
interface Window {
  readonly earliestMs: number;
  /** Undefined: nobody knows how long the power was away. */
  readonly latestMs: number | undefined;
  readonly atMs: number;
}

interface Kept {
  readonly earliestMs: number;
  readonly latestMs: number | undefined;
  readonly heardMs: number;
  readonly wallMs: number;
  readonly bootId: string;
  readonly uptimeMs: number;
}

const ABSENT = "-";

function parseMark(text: string | undefined): Kept | undefined {
  const shape = /^(-?\d{1,16}) (-|-?\d{1,16}) (-?\d{1,16}) (-?\d{1,16}) (-|[0-9a-f-]{1,64}) (\d{1,16})$/.exec(text ?? "");
  if (shape === null) return undefined;
  const [, earliest, latest, heard, wall, bootId = ABSENT, uptime] = shape;
  return {
    earliestMs: Number(earliest),
    latestMs: latest === ABSENT ? undefined : Number(latest),
    heardMs: Number(heard),
    wallMs: Number(wall),
    bootId,
    uptimeMs: Number(uptime),
  };
}

function markText({ earliestMs, latestMs, heardMs, wallMs, bootId, uptimeMs }: Kept): string {
  return [earliestMs, latestMs ?? ABSENT, heardMs, wallMs, bootId, uptimeMs].join(" ");
}

/** Opens the clock of one life of the terminal. Faults: those of the journal. */
export async function openClockTrust(ports: ClockTrustPorts, options: ClockTrustOptions = DEFAULT_CLOCK_TRUST): Promise<ClockTrust> {
  assert(options.driftPpm > 0 && options.driftPpm < 1_000_000, "a clock drifts, and less than it runs");
  assert(options.transitMs <= options.trustedErrorMs && options.trustedErrorMs <= options.heldErrorMs, "the configuration orders the bounds");
  return new WindowedClock(ports, options, parseMark(await ports.journal.mark(MARK)));
}

/** How much true time has passed since the window was written; undefined: nobody has measured it. */
function passedSince(kept: Kept, { clock, machine }: ClockTrustPorts, { batteryClock }: ClockTrustOptions): number | undefined {
  const up = machine?.bootId === kept.bootId ? machine.uptimeMs() - kept.uptimeMs : -1;
  if (up >= 0) return up;
  const wall = clock.wallMs() - kept.wallMs;
  return batteryClock && wall >= 0 ? wall : undefined;
}

class WindowedClock implements ClockTrust {
  readonly clock: Clock;
  readonly #ports: ClockTrustPorts;
  readonly #options: ClockTrustOptions;
  /** Undefined: the host was never heard. */
  #window: Window | undefined;
  #heardMs: number | undefined;
  /** The time that running time is added to while nothing better is known. */
  readonly #startMs: number | undefined;
  readonly #openedAtMs: number;
  #writtenAtMs: number | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(ports: ClockTrustPorts, options: ClockTrustOptions, kept: Kept | undefined) {
    const { clock, journal } = ports;
    this.#ports = ports;
    this.#options = options;
    this.#openedAtMs = clock.monotonicMs();
    this.#heardMs = kept?.heardMs;
    this.#window = kept === undefined ? undefined : this.#carriedOver(kept);
    this.#startMs = latest(journal.floorMs, this.#window?.earliestMs);
    this.clock = {
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => this.reading(journal.floorMs ?? Number.MIN_SAFE_INTEGER).wallMs,
      sleep: (durationMs, signal) => clock.sleep(durationMs, signal),
    };
  }

  #carriedOver(kept: Kept): Window {
    const passedMs = passedSince(kept, this.#ports, this.#options);
    const atMs = this.#openedAtMs;
    if (passedMs === undefined || kept.latestMs === undefined) return { earliestMs: kept.earliestMs, latestMs: undefined, atMs };
    const driftMs = this.#driftMs(passedMs) + UPTIME_STEP_MS;
    return {
      earliestMs: Math.max(kept.earliestMs, Math.floor(kept.earliestMs + passedMs - driftMs)),
      latestMs: Math.ceil(kept.latestMs + passedMs + driftMs),
      atMs,
    };
  }

  #driftMs(runningMs: number): number {
    return (runningMs * this.#options.driftPpm) / 1_000_000;
  }

  /** The window as of now. */
  #now(): Window | undefined {
    const window = this.#window;
    if (window === undefined) return undefined;
    const atMs = this.#ports.clock.monotonicMs();
    const runningMs = atMs - window.atMs;
    const driftMs = this.#driftMs(runningMs);
    const { earliestMs, latestMs } = window;
    return {
      earliestMs: Math.floor(earliestMs + runningMs - driftMs),
      latestMs: latestMs === undefined ? undefined : Math.ceil(latestMs + runningMs + driftMs),
      atMs,
    };
  }

  /** The time as running time alone carries it on: never ahead of the host's by more than drift. */
  #carriedMs(): number | undefined {
    const window = this.#window;
    return window === undefined ? undefined : Math.floor(window.earliestMs + this.#ports.clock.monotonicMs() - window.atMs);
  }

  #qualityOf(errorMs: number): ClockQuality {
    const { trustedErrorMs, heldErrorMs } = this.#options;
    if (errorMs <= trustedErrorMs) return "trusted";
    return errorMs <= heldErrorMs ? "held" : "untrusted";
  }

  reading(notBeforeMs: number): ClockReading {
    const now = this.#now();
    const carriedMs = this.#carriedMs();
    if (now?.latestMs === undefined || carriedMs === undefined) return { wallMs: this.#unvouched(notBeforeMs), clock: { quality: "untrusted" } };
    const wallMs = Math.max(notBeforeMs, carriedMs);
    const errorMs = Math.max(wallMs - now.earliestMs, now.latestMs - wallMs);
    return { wallMs, clock: { quality: this.#qualityOf(errorMs), errorMs } };
  }

  /** What the wall clock shows where that may be, else what running time makes of the newest time that is durable. */
  #unvouched(notBeforeMs: number): number {
    const { clock } = this.#ports;
    const wallMs = Math.floor(clock.wallMs());
    if (this.#startMs === undefined) return Math.max(notBeforeMs, wallMs);
    const floorMs = Math.max(notBeforeMs, Math.floor(this.#startMs + clock.monotonicMs() - this.#openedAtMs));
    return wallMs > floorMs + UNTRUSTED_AHEAD_MAX_MS ? floorMs : Math.max(floorMs, wallMs);
  }

  quality(): ClockQuality {
    return this.reading(Number.MIN_SAFE_INTEGER).clock.quality;
  }

  bounds(): TimeBounds | undefined {
    const now = this.#now();
    if (now?.latestMs === undefined || this.quality() === "untrusted") return undefined;
    return { earliestMs: now.earliestMs, latestMs: now.latestMs };
  }

  provedMs(): number | undefined {
    return this.#now()?.earliestMs;
  }

  trustedDay(): DayRange | undefined {
    const bounds = this.bounds();
    return bounds === undefined ? undefined : { earliest: civilTime(bounds.earliestMs).date, latest: civilTime(bounds.latestMs).date };
  }

  saleDays(): DayRange {
    const { date } = civilTime(this.clock.wallMs());
    const proved = this.provedMs();
    return this.trustedDay() ?? { earliest: proved === undefined ? date : civilTime(proved).date, latest: date };
  }

  lastHeardMs(): number | undefined {
    return this.#heardMs;
  }

  heard(hostMs: number): Promise<void> {
    if (!Number.isSafeInteger(hostMs) || hostMs < 0 || hostMs > HOST_MS_MAX || !this.#narrowed(hostMs)) return Promise.resolve();
    this.#heardMs = Math.max(this.#heardMs ?? hostMs, hostMs);
    return this.#writtenAtMs === undefined || this.#ports.clock.monotonicMs() - this.#writtenAtMs >= KEEP_MS ? this.#write() : Promise.resolve();
  }

  /** Takes the host's word into the window; false where it is one of before, held back or played again. */
  #narrowed(hostMs: number): boolean {
    const now = this.#now();
    const { transitMs } = this.#options;
    const atMs = this.#ports.clock.monotonicMs();
    const fresh: Window = { earliestMs: hostMs, latestMs: hostMs + transitMs, atMs };
    if (now === undefined) {
      this.#window = fresh;
      return true;
    }
    if (hostMs < now.earliestMs) {
      // Slower than the message before it, and as good a sign that the host is there; far behind, it says nothing of now.
      const old = hostMs + transitMs < now.earliestMs;
      if (old) this.#ports.log.warn("host-time-behind");
      return !old && now.latestMs !== undefined;
    }
    if (now.latestMs === undefined || hostMs > now.latestMs) {
      if (now.latestMs !== undefined) this.#ports.log.warn("host-time-ahead");
      this.#window = fresh;
    } else this.#window = { ...fresh, latestMs: Math.min(now.latestMs, hostMs + transitMs) };
    return true;
  }

  async keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#ports.clock.sleep(KEEP_MS, signal);
      } catch (fault) {
        if (!isFault(fault, "cancelled")) throw fault;
        return;
      }
      await this.#write();
    }
  }

  /** One after the other, each with what is known when its turn comes. */
  #write(): Promise<void> {
    this.#writtenAtMs = this.#ports.clock.monotonicMs();
    const turn = this.#writing.then(() => this.#writeNow());
    this.#writing = turn.catch(() => undefined);
    return turn;
  }

  async #writeNow(): Promise<void> {
    const { clock, journal, log, machine } = this.#ports;
    const now = this.#now();
    if (now === undefined || this.#heardMs === undefined) return;
    const { earliestMs, latestMs } = now;
    const machineNow = { bootId: machine?.bootId ?? ABSENT, uptimeMs: Math.ceil(machine?.uptimeMs() ?? 0) };
    const kept: Kept = { earliestMs, latestMs, heardMs: this.#heardMs, wallMs: Math.floor(clock.wallMs()), ...machineNow };
    try {
      await journal.setMarks([{ name: MARK, value: markText(kept) }]);
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      log.warn("clock-not-kept", { code: fault.code });
    }
  }
}

function latest(left: number | undefined, right: number | undefined): number | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return Math.max(left, right);
}
