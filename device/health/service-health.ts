/*
 * Goal: a service that looks after itself: it says every second how it is, counts as alive only while it could serve, and begins nothing new while
 * somebody holds it.
 * Method: this file joins the signs. The status and the hold are files in a folder that the machine forgets when its power goes; the service manager
 * is told by a program of the system.
 */
import { utf8 } from "../base/bytes.ts";
import { isFault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Clock, Limits, Storage } from "../base/ports.ts";
import type { Devices } from "../drivers/adapter.ts";
import type { ActDoor } from "../txn/act-door.ts";
import type { GateService } from "../txn/gate/lane.ts";
import type { TerminalJournal } from "../txn/journal/journal.ts";
import type { ClockQuality, RecordKind } from "../txn/journal/types.ts";
import { Rounds } from "../txn/rounds.ts";
import { DeviceLooks, type ReaderLook } from "./device-looks.ts";
import { JournalProof } from "./journal-proof.ts";
import { LoopLateness } from "./loop-lateness.ts";
import type { KeyStatus, RuntimeStatus } from "./runtime-status.ts";
import type { ServiceManager } from "./service-manager.ts";
import { ailmentsOf, type VitalBounds } from "./vital-signs.ts";

/** A terminal as its health sees it. */
export interface HealthSubject {
  readonly journal: TerminalJournal;
  readonly devices: Devices;
  readonly gates: Pick<GateService, "lanes"> | undefined;
  status(): {
    readonly clockQuality: ClockQuality;
    readonly linkUp: boolean;
    readonly hostPresent: boolean;
    readonly permission?: { readonly exposure: { readonly oldestAgeMs?: number } };
  };
}

export interface ServiceHealthParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly terminal: HealthSubject;
  readonly door: ActDoor;
  /** Where status and hold stand; absent: nobody is told, and nobody holds. */
  readonly folder: Storage | undefined;
  /** Absent: nobody manages this process. */
  readonly manager: ServiceManager | undefined;
  readonly readers: readonly ReaderLook[];
  /** The longest silence of the processes that speak to the readers' service. */
  readonly readersSilentMs: () => number | undefined;
  /** When the loop that speaks to the host turned last, on the monotonic clock. */
  readonly uplinkTurnMs: () => number;
  /** What became of key-loading orders; absent: nobody looks. */
  readonly keys?: () => readonly KeyStatus[];
  readonly version: string;
  readonly pid: number;
  /** Of this machine since its start. */
  readonly uptimeMs: () => number;
}

export interface ServiceHealth {
  /** What was told last; undefined before the first time, and where nobody is told. */
  readonly told: RuntimeStatus | undefined;
  /** Tells the manager that the service is ready, and begins to tell everybody how it is. */
  start(): Promise<void>;
  /** Ends the telling; the status is taken away, because nobody stands behind it any more. */
  stop(): Promise<void>;
}

export const STATUS_FILE = "status.json";
export const HOLD_FILE = "hold";

const STATUS_MS = 1_000;
const REST_AFTER_FAULT_MS = 5_000;
const TELL_MS = 5_000;
/** Signs of life in the time after which the manager gives the service up. */
const SIGNS_IN_TIME = 3;
/** Whoever holds and dies must not keep a shop shut. */
export const HOLD_MAX_MS = 30 * 60_000;
/** More devices than the status has room for. */
const DEVICES_MAX = 64;
const KEYS_MAX = 80;
const LOOP_LATE_MAX_MS = 5_000;
const READERS_SILENT_MAX_MS = 30_000;
/** Six turns of the loop, of which each may last as long as a heartbeat. */
const UPLINK_SILENT_MAX_MS = 120_000;

/** Kinds of which the settlement host's receipt ends a risk. */
const AT_RISK: readonly RecordKind[] = ["quick-payment", "medical-purchase", "offline-medical", "delayed-charge"];

export function openServiceHealth(parts: ServiceHealthParts): ServiceHealth {
  return new Health(parts);
}

class Health implements ServiceHealth {
  readonly #parts: ServiceHealthParts;
  readonly #lateness: LoopLateness;
  readonly #lateForStatus: () => number;
  readonly #lateForManager: () => number;
  readonly #proof: JournalProof;
  readonly #devices: DeviceLooks;
  readonly #telling: Rounds;
  readonly #living: Rounds | undefined;
  readonly #bounds: VitalBounds;
  readonly #stopped = new AbortController();
  #readyAtMs = 0;
  #heldSinceMs: number | undefined;
  #told: RuntimeStatus | undefined;

  constructor(parts: ServiceHealthParts) {
    const { clock, log, terminal, readers, manager } = parts;
    this.#parts = parts;
    this.#lateness = new LoopLateness(clock);
    this.#lateForStatus = this.#lateness.meter();
    this.#lateForManager = this.#lateness.meter();
    this.#proof = new JournalProof({ clock, log, journal: terminal.journal });
    const { devices, gates } = terminal;
    this.#devices = new DeviceLooks({ clock, log, readers, devices, gates, busy: () => this.#actsUnderWay() > 0 });
    this.#bounds = {
      loopLateMs: LOOP_LATE_MAX_MS,
      journalSilentMs: this.#proof.silentMaxMs,
      readersSilentMs: READERS_SILENT_MAX_MS,
      uplinkSilentMs: UPLINK_SILENT_MAX_MS,
    };
    const rounds = { clock, log, restAfterFaultMs: REST_AFTER_FAULT_MS };
    this.#telling = new Rounds({ ...rounds, failedAs: "status-not-written", round: () => this.#tell() });
    const pauseMs = manager?.watchdogMs === undefined ? undefined : manager.watchdogMs / SIGNS_IN_TIME;
    this.#living =
      manager === undefined || pauseMs === undefined
        ? undefined
        : new Rounds({ ...rounds, failedAs: "manager-not-told", round: () => this.#live(manager, pauseMs) });
  }

  get told(): RuntimeStatus | undefined {
    return this.#told;
  }

  async start(): Promise<void> {
    this.#readyAtMs = this.#parts.uptimeMs();
    this.#lateness.start();
    this.#proof.start();
    this.#devices.start();
    this.#telling.start();
    await this.#parts.manager?.ready(this.#limits());
    this.#living?.start();
  }

  async stop(): Promise<void> {
    await this.#parts.manager?.stopping(this.#limits());
    this.#stopped.abort();
    await Promise.all([this.#living?.stop(), this.#telling.stop(), this.#devices.stop(), this.#proof.stop(), this.#lateness.stop()]);
    try {
      await this.#parts.folder?.remove(STATUS_FILE);
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#parts.log.warn("status-not-removed", { code: error.code });
    }
  }

  #limits(): Limits {
    return { timeoutMs: TELL_MS, signal: this.#stopped.signal };
  }

  async #live(manager: ServiceManager, pauseMs: number): Promise<number> {
    const { clock, log, readersSilentMs, uplinkTurnMs } = this.#parts;
    const signs = {
      loopLateMs: this.#lateForManager(),
      journalSilentMs: this.#proof.silentMs,
      readersSilentMs: readersSilentMs(),
      uplinkSilentMs: clock.monotonicMs() - uplinkTurnMs(),
    };
    const ailments = ailmentsOf(signs, this.#bounds);
    if (ailments.length > 0) log.error("not-alive", { because: ailments.join(" ") });
    else await manager.alive(this.#limits());
    return pauseMs;
  }

  /** The door is shut or opened before the status says so: whoever reads "held" finds nothing begun behind it. */
  async #tell(): Promise<number> {
    const { folder, door } = this.#parts;
    if (folder === undefined) return STATUS_MS;
    this.#hold((await folder.read(HOLD_FILE)) !== undefined);
    door.hold(this.#isHeld());
    this.#told = this.#status();
    await folder.write(STATUS_FILE, utf8(`${JSON.stringify(this.#told)}\n`));
    return STATUS_MS;
  }

  #hold(wanted: boolean): void {
    const { clock, log } = this.#parts;
    if (wanted === (this.#heldSinceMs !== undefined)) return;
    this.#heldSinceMs = wanted ? clock.monotonicMs() : undefined;
    log.info(wanted ? "held" : "no-longer-held");
  }

  #isHeld(): boolean {
    const { clock, log, door } = this.#parts;
    if (this.#heldSinceMs === undefined) return false;
    const isOver = clock.monotonicMs() - this.#heldSinceMs >= HOLD_MAX_MS;
    if (isOver && door.held) log.error("hold-given-up", { afterMs: HOLD_MAX_MS });
    return !isOver;
  }

  #actsUnderWay(): number {
    const { door, terminal } = this.#parts;
    const inLanes = (terminal.gates?.lanes ?? []).filter(({ state }) => state === "passage" || state === "awaiting-return");
    return door.underWay + inLanes.length;
  }

  #status(): RuntimeStatus {
    const { terminal, door, version, pid, uptimeMs, keys } = this.#parts;
    const { journal } = terminal;
    const { clockQuality, linkUp, hostPresent } = terminal.status();
    const { usedBytes, limitBytes } = this.#proof.facts;
    return {
      v: 1,
      version,
      pid,
      terminalId: journal.terminalId,
      uptimeMs: uptimeMs(),
      readyAtMs: this.#readyAtMs,
      loopLateMs: Math.round(this.#lateForStatus()),
      journalSilentMs: Math.round(this.#proof.silentMs),
      journal: { usedBytes, limitBytes, lastSeq: journal.lastSeq, receiptedThrough: journal.receiptedThrough },
      cardPresent: this.#devices.cardPresent,
      actsUnderWay: this.#actsUnderWay(),
      held: door.held,
      exposure: this.#exposure(),
      clock: clockQuality,
      link: { up: linkUp, hostPresent },
      devices: this.#devices.states.slice(0, DEVICES_MAX),
      ...(keys === undefined ? {} : { keys: keys().slice(0, KEYS_MAX) }),
    };
  }

  #exposure(): RuntimeStatus["exposure"] {
    const { journal, status } = { journal: this.#parts.terminal.journal, status: this.#parts.terminal.status() };
    const atRisk = AT_RISK.map((kind) => journal.unreceipted(kind));
    const oldestAgeMs = status.permission?.exposure.oldestAgeMs ?? 0;
    return {
      count: atRisk.reduce((sum, { count }) => sum + count, 0),
      sumFen: atRisk.reduce((sum, { sumFen }) => sum + sumFen, 0),
      ...(oldestAgeMs > 0 ? { oldestAgeMs: Math.floor(oldestAgeMs) } : {}),
      unknown: this.#proof.facts.unknown,
    };
  }
}
